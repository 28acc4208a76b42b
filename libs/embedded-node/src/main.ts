import { join, resolve } from 'node:path';
import { startEmbeddedNode } from './index.js';

const DEFAULT_PORT = 2113;

/** The node on its own, for any EventStoreDB client: `npm run embedded-node`. */
const main = async (): Promise<void> => {
  const port = Number(process.env['EMBEDDED_NODE_PORT'] ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error('EMBEDDED_NODE_PORT must be a port number');
  }
  const directory = resolve(process.env['DATA_DIR'] ?? 'data', 'events');
  const node = await startEmbeddedNode({
    directory,
    listen: { port },
    onCrash: (error) => {
      console.error(error.message);
      process.exit(1);
    },
  });
  console.log(`Embedded node: esdb://${node.endpoint}?tls=false`);
  console.log(`Log: ${join(directory, 'log.sqlite')}`);
  const stop = (): void => {
    void node.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
};

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exit(1);
});
