import '../../composition/require-node.js';
import { runProcess } from '../../composition/process-setup.js';
import { openSystem } from '../../composition/system.js';
import { storeProbes } from '../../worker/src/worker.js';
import { createApi } from './api.js';

void runProcess('hostledger-api', async (config, logger) => {
  if (!config.eventStoreUrl || !config.databaseUrl) {
    throw new Error('An API process of its own needs EVENTSTORE_URL and DATABASE_URL');
  }
  const system = await openSystem(config, logger);
  const app = await createApi(system, storeProbes(system));
  await app.listen(config.port, config.host);
  return {
    stop: async () => {
      await app.close();
      await system.close();
    },
  };
});
