import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { connectionOf, withConnection, type ConnectionFlags } from '../connection.js';
import { ApiClient, Refused } from '../play/api-client.js';
import {
  custodyLines,
  eventLine,
  EVENTS_HEAD,
  streamLines,
  treeLines,
  type ToldCustody,
  type ToldEvent,
  type ToldStream,
  type ToldTree,
} from './history-tables.js';

type Format = 'table' | 'ndjson' | 'csv';

interface EventsFlags extends ConnectionFlags {
  readonly format: Format;
  readonly first?: number;
  readonly data: boolean;
  readonly [filter: string]: unknown;
}

/** Options of the command, and what the route calls them. */
const FILTERS = {
  stream: ['--stream <stream>', 'of this stream'],
  category: ['--category <category...>', 'of streams of these categories'],
  type: ['--type <type...>', 'of these types'],
  subject: ['--subject <subject>', 'by whom'],
  role: ['--role <role>', 'under which role'],
  correlationId: ['--correlation-id <id>', 'of this request and all that followed from it'],
  causationId: ['--causation-id <id>', 'that followed from this event, command or request'],
  commandId: ['--command-id <id>', 'of this command'],
  contractId: ['--contract-id <id>', 'that concerned the contract'],
  customerId: ['--customer-id <id>', 'that concerned the customer'],
  serial: ['--serial <serial>', 'of the machine'],
  recordedFrom: ['--recorded-from <time>', 'written down at or after a day or instant (UTC)'],
  recordedUntil: ['--recorded-until <time>', 'written down before it'],
  occurredFrom: ['--occurred-from <time>', 'that happened at or after it'],
  occurredUntil: ['--occurred-until <time>', 'that happened before it'],
  afterPosition: ['--after-position <position>', 'after this position in the log'],
  untilPosition: ['--until-position <position>', 'at or before this position'],
} as const;

/** Adds `audit events`, `audit stream`, `audit tree` and `audit custody`. */
export const historyCommands = (audit: Command): void => {
  custodyCommand(audit);
  const events = withConnection(
    audit.command('events').description('Everything that happened, in the order of the log'),
  );
  for (const [flags, description] of Object.values(FILTERS)) events.option(flags, description);
  events
    .addOption(
      new Option('--order <order>', 'as written down, or the latest first')
        .choices(['asc', 'desc'])
        .default('asc'),
    )
    .addOption(new Option('--format <format>').choices(['table', 'ndjson', 'csv']).default('table'))
    .option('--first <n>', 'these and no more', count)
    .option('--no-data', 'leave data and metadata out')
    .action(async (flags: EventsFlags) => listEvents(flags));
  withConnection(
    audit
      .command('stream')
      .description('Everything of one stream, also what is hidden, and what is gone')
      .argument('<stream>'),
  ).action(async (stream: string, flags: ConnectionFlags) => {
    const client = await clientOf(flags);
    const path = `/v1/audit/streams/${encodeURIComponent(stream)}`;
    for (let query = '?limit=1000'; ;) {
      const { body } = await client.read(`${path}${query}`);
      const told = body as unknown as ToldStream;
      for (const line of streamLines(told, !query.includes('cursor'))) await print(line);
      if (told.nextCursor === undefined) return;
      query = `?limit=1000&cursor=${told.nextCursor}`;
    }
  });
  withConnection(
    audit
      .command('tree')
      .description('What a request led to: commands, their events, and what followed from each')
      .argument('<correlation>'),
  )
    .option('--cause <id>', 'only what this event or command led to')
    .option('--depth <n>', 'levels of commands', count)
    .option('--limit <n>', 'commands of one cause', count)
    .action(
      async (
        correlation: string,
        { cause, depth, limit, ...flags }: ConnectionFlags & Partial<Record<string, unknown>>,
      ) => {
        const query = queryOf({ cause, depth, limit });
        const path = `/v1/audit/correlations/${encodeURIComponent(correlation)}?${query}`;
        const { body } = await (await clientOf(flags)).read(path);
        for (const line of treeLines(body as unknown as ToldTree)) await print(line);
      },
    );
};

/** The chain of custody of a machine. */
const custodyCommand = (audit: Command): void => {
  withConnection(
    audit
      .command('custody')
      .description('Hand-overs, titles and scans of a machine, from dock to disposal')
      .argument('<serial>'),
  ).action(async (serial: string, flags: ConnectionFlags) => {
    const path = `/v1/audit/miners/${encodeURIComponent(serial)}/custody`;
    const { body } = await (await clientOf(flags)).read(path);
    for (const line of custodyLines(body as unknown as ToldCustody)) await print(line);
  });
};

const count = (text: string): number => {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number from 1 on.');
};

const clientOf = async (flags: ConnectionFlags): Promise<ApiClient> => {
  const { url, token, patienceMs } = connectionOf(flags);
  return new ApiClient({ url, token: await token(), patienceMs });
};

/** As commander hands it over. */
type Flag = string | number | boolean | readonly string[];

const queryOf = (values: Readonly<Record<string, unknown>>): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    for (const one of [value as Flag].flat()) query.append(name, String(one));
  }
  return query.toString();
};

const listEvents = async (flags: EventsFlags): Promise<void> => {
  const { format, first = Infinity, order, data } = flags;
  const isTable = format === 'table';
  const filters = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, flags[name]]));
  const query = queryOf({
    ...{ ...filters, order, format: isTable ? 'ndjson' : format },
    data: data && !isTable,
  });
  const lines = await opened(`/v1/audit/events?${query}`, flags);
  if (isTable) await print(EVENTS_HEAD);
  // A header is no event; a record of CSV may go over several lines, which only --first would count.
  let left = format === 'csv' ? first + 1 : first;
  for await (const line of lines) {
    await print(isTable ? eventLine(JSON.parse(line) as ToldEvent) : line);
    left -= 1;
    if (left <= 0) return;
  }
};

/** The lines as they come: a history has no size that could be waited for. */
const opened = async (path: string, flags: ConnectionFlags): Promise<AsyncIterable<string>> => {
  const { url, token } = connectionOf(flags);
  const headers = { authorization: `Bearer ${await token()}` };
  const answer = await fetch(`${url}${path}`, { headers });
  if (!answer.ok || !answer.body) {
    const problem = (await answer.json()) as Readonly<Record<string, unknown>>;
    throw new Refused(answer.status, problem, 'GET /v1/audit/events');
  }
  return createInterface({ input: Readable.fromWeb(answer.body), crlfDelay: Infinity });
};

/** At the pace of who reads. */
const print = async (line: string): Promise<void> => {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
};
