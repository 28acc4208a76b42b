import type { RecordedEvent } from '@hostledger/eventsourcing';
import { embeddedDatabase, InMemoryStreams, type TestDatabase } from '@hostledger/testing';
import type { LogSource } from './source.js';
import { StatementRecomputation } from './statement.js';
import type { Recomputed } from './verdict.js';

// A late fee was charged on an account of which the log tells nothing else.

const ACCOUNT = 'billingAccount-contract';
const SERIES = 'statementSeries-2024';
const of = { contractId: 'contract', customerId: 'customer', statementId: 's1' };
const fee = {
  ...{ ...of, lateFeeId: 'f4d33ea3', currency: 'USD', amount: '15.00' },
  ...{ fromOn: '2024-03-02', throughOn: '2024-03-31', chargedOn: '2024-04-01' },
};

let streams: InMemoryStreams;
let database: TestDatabase;

/** A number is given on 2 April 2024. */
const numbered = (number: string, statementId: string) =>
  streams.happened(SERIES, '2024-04-02T12:00:00.000Z', {
    ...{ type: 'StatementNumberAssigned', data: { year: '2024', number, statementId } },
  });

beforeAll(async () => {
  database = await embeddedDatabase();
  streams = new InMemoryStreams();
  await streams.happened(ACCOUNT, '2024-04-01T12:00:00.000Z', {
    ...{ type: 'LateFeeCharged', data: fee },
  });
  await numbered('2024-000001', 'nobody');
  await numbered('2024-000002', fee.lateFeeId);
});
afterAll(() => database.close());

const recomputed = async (numbers?: readonly string[]): Promise<Recomputed[]> => {
  const events = async function* (): AsyncGenerator<RecordedEvent> {
    yield* await Promise.resolve(streams.log);
  };
  const source: LogSource = { name: 'copy', events, close: () => Promise.resolve() };
  const found: Recomputed[] = [];
  const recomputation = StatementRecomputation.on(database.database);
  for await (const each of recomputation.recompute(source, numbers)) found.push(each);
  return found;
};

it('A number that the log tells no cause of differs, and keeps nobody from comparing the others', async () => {
  const [causeless, other] = await recomputed();
  expect(causeless).toMatchObject({
    ...{ subject: 'statement 2024-000001', source: 'copy', position: '300', counted: 1 },
    verdict: {
      ...{ equal: false, event: { type: 'StatementNumberAssigned', position: '200' } },
      note: 'The log does not tell what 2024-000001 was given to',
    },
  });
  expect(other).toMatchObject({
    ...{ subject: 'statement 2024-000002', value: { kind: 'lateFeeNote' } },
    verdict: { equal: false, event: { type: 'LateFeeCharged', position: '100' } },
  });
});

it('Whoever asks for it by its number is told that there is nothing to be compared', async () => {
  await expect(recomputed(['2024-000001'])).rejects.toThrow(/or it tells of no cause/);
});
