import '../../composition/require-node.js';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { ensureFirstToken } from '@hostledger/access';
import { ensureWebhookKey } from '@hostledger/webhooks';
import { createApi } from '../../api/src/api.js';
import { runProcess } from '../../composition/process-setup.js';
import { diskProbe, scrapeDisk } from '../../composition/disk.js';
import { openSystem, type System } from '../../composition/system.js';
import { storeProbes } from '../../worker/src/worker.js';
import { startWorkerThread } from './worker.js';

/** Whoever names no key gets one of this installation, made once. */
const withWebhookKey = (system: System): System => {
  const { config } = system;
  const webhookKey = config.webhookKey ?? ensureWebhookKey(config.dataDir);
  return { ...system, config: { ...config, webhookKey } };
};

/** Everything in one process: what `npm start` runs. */
void runProcess('hostledger', async (config, logger) => {
  const database = config.databaseUrl ? undefined : new MessageChannel();
  const stores = { database: database?.port1 };
  const system = withWebhookKey(await openSystem(config, logger, stores));
  // What it does not finish, the worker of the next start does: the process ends with its thread.
  const worker = await startWorkerThread(system, database?.port2, (err) => {
    logger.fatal({ err }, 'The worker stopped');
    process.exit(1);
  });
  scrapeDisk(system.metrics, config);
  const probes = [diskProbe(config), ...storeProbes(system), ...worker.readiness];
  const app = await createApi(system, probes, worker.readModels);
  const now = new Date().toISOString();
  const firstToken = await ensureFirstToken(system.aggregateStore, config.dataDir, now);
  await app.listen(config.port, config.host);
  const base = `http://${config.host}:${config.port}`;
  console.log(`\nHostledger is running on ${base}\nSwagger UI: ${base}/docs`);
  const file = join(config.dataDir, 'access-token');
  // At a terminal somebody reads it; everywhere else the output is a log, which keeps no token.
  const shown = process.stdout.isTTY ? `: ${firstToken}` : '';
  console.log(firstToken ? `First access token (kept in ${file})${shown}\n` : '');
  return {
    stop: async () => {
      await app.close();
      await worker.stop();
      await system.close();
    },
  };
});
