import '../../composition/require-node.js';
import { runProcess } from '../../composition/process-setup.js';
import { scrapeDisk } from '../../composition/disk.js';
import { openSystem } from '../../composition/system.js';
import { listenForOperators } from './operators.js';
import { startWorker, storeProbes } from './worker.js';

void runProcess('hostledger-worker', async (config, logger) => {
  if (!config.eventStoreUrl || !config.databaseUrl) {
    throw new Error('A worker of its own needs EVENTSTORE_URL and DATABASE_URL');
  }
  const system = await openSystem(config, logger);
  scrapeDisk(system.metrics, config);
  const worker = startWorker(system);
  const server = await listenForOperators(system, [...storeProbes(system), ...worker.readiness]);
  return {
    stop: async () => {
      await server.close();
      await worker.stop();
      await system.close();
    },
  };
});
