import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startEmbeddedNode, type Security } from './index.js';

const DEFAULT_PORT = 2113;

/** The node on its own, for any EventStoreDB client: `npm run embedded-node`. */
const main = async (): Promise<void> => {
  const port = Number(process.env['EMBEDDED_NODE_PORT'] ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error('EMBEDDED_NODE_PORT must be a port number');
  }
  const directory = resolve(process.env['DATA_DIR'] ?? 'data', 'events');
  const security = securityOf(process.env);
  const node = await startEmbeddedNode({
    directory,
    listen: { port },
    ...(security && { security }),
    onCrash: (error) => {
      console.error(error.message);
      process.exit(1);
    },
  });
  console.log(`Embedded node: esdb://${node.endpoint}?tls=${String(security !== undefined)}`);
  console.log(`Log: ${join(directory, 'log.sqlite')}`);
  const stop = (): void => {
    void node.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
};

/** TLS and users, where all three files are named. */
const securityOf = (env: NodeJS.ProcessEnv): Security | undefined => {
  const names = ['CERTIFICATE', 'KEY', 'ADMIN_PASSWORD'].map(
    (name) => `EMBEDDED_NODE_${name}_FILE`,
  );
  const files = names.flatMap((name) => env[name] || []);
  if (files.length === 0) return undefined;
  if (files.length < names.length) throw new Error(`${names.join(', ')}: all of them or none`);
  const [certificate, key, adminPassword] = files.map((file) => readFileSync(file, 'utf8').trim());
  return { certificate: certificate!, key: key!, adminPassword: adminPassword! };
};

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exit(1);
});
