import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { socketEndpoint, startEmbeddedNode } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../../apps/composition/system.js';
import { Generator } from './generator.js';

interface Flags {
  readonly machines: number;
  readonly into: string;
}

const generate = async ({ machines, into }: Flags): Promise<void> => {
  const url = process.env['EVENTSTORE_URL'];
  const directory = eventsDirectory(resolve(into));
  if (!url && existsSync(directory) && readdirSync(directory).length > 0) {
    throw new Error(`${directory} holds a log already; a generated history goes into a new one`);
  }
  const node = url ? undefined : await startEmbeddedNode({ directory });
  const connection = url ?? { endpoint: socketEndpoint(directory) };
  const eventStore = new EventStore({ connection, callTimeoutMs: 60_000 });
  try {
    if (url && (await eventStore.head()) > 0n) throw new Error('The event store is not empty');
    await new Generator(eventStore, machines).run((line) => console.log(line));
  } finally {
    await eventStore.close();
    await node?.stop();
  }
};

const count = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1_000) return value;
  throw new InvalidArgumentError('A whole number of at least 1,000.');
};

new Command('generate')
  .description('Write the history of a large fleet into a new, empty log')
  .option('--machines <count>', 'machines deployed since 2017', count, 600_000)
  .option('--into <directory>', 'data directory of the embedded default', 'data-generated')
  .action(generate)
  .parseAsync()
  .catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
