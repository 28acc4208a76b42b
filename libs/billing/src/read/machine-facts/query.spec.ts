import type { DomainEvent, RecordedEvent } from '@hostledger/eventsourcing';
import { readModelsOf, recorded } from '@hostledger/testing';
import { contractId, machine, otherContractId } from '../usage/usage.fixture.js';
import { machineFactsProjection } from './projection.js';
import {
  factsOfContract,
  lateFactsExist,
  machinesWithin,
  readFactsOfContract,
  type Known,
  type MachineFactsTables,
} from './query.js';

const [ONE, TWO, THREE] = ['MINERA1', 'MINERA2', 'MINERB1'] as const;

/** As recorded one after another, from 100 on by hundreds; each event happened at its own instant. */
const logOf = (...acts: readonly [string, string, DomainEvent][]): RecordedEvent[] => {
  const revisions = new Map<string, number>();
  return acts.map(([serial, occurredAt, event], index) => {
    const stream = `miner-${serial}`;
    const revision = revisions.get(stream) ?? 0;
    revisions.set(stream, revision + 1);
    const [told] = recorded(stream, [event], revision) as [RecordedEvent];
    const position = BigInt(index + 1) * 100n;
    return { ...told, position, metadata: { ...told.metadata, occurredAt } };
  });
};

const june = (day: number, time = '00:00'): string =>
  `2024-06-${String(day).padStart(2, '0')}T${time}:00.000Z`;
const [one, two, three] = [machine(ONE), machine(TWO), machine(THREE, undefined, otherContractId)];
const assigned: DomainEvent = {
  type: 'MinerAssigned',
  data: {
    ...{ serial: TWO, customerId: 'c', contractId: otherContractId, orderId: 'o' },
    ...{ allocationId: 'a', assignmentId: 's', powerWatts: 3_247 },
  },
};
const log = logOf(
  [ONE, june(1), one.received()],
  [ONE, june(2), one.installed()],
  [TWO, june(2), two.received()],
  [THREE, june(3), three.received()],
  [ONE, june(4, '10:03'), one.energized()],
  // Recorded by another clock, which is three minutes behind.
  [ONE, june(4, '10:00'), one.off('fault')],
  [TWO, june(20), assigned],
  // Recorded on the 20th, too.
  [ONE, june(12), one.energized()],
  [ONE, june(21), one.curtailed('curtailment-1')],
  [TWO, june(22), two.curtailed('curtailment-2')],
);
let filled: Awaited<ReturnType<typeof readModelsOf>>;

beforeAll(async () => {
  filled = await readModelsOf([machineFactsProjection], log);
}, 120_000);
afterAll(() => filled.close());

const read = async <T>(query: (db: Db) => Promise<T>): Promise<T> =>
  (await filled.readModels.read<MachineFactsTables, T>({}, query)).value;
type Db = Parameters<typeof factsOfContract>[0];

const lives = async (id: string, known: Known) => {
  const facts = await read((db) => factsOfContract(db, id, known));
  return [...facts].map(([serial, of]) => [serial, of.map(({ kind, at }) => [kind, at])]);
};
const END = 10_000n;

describe('The facts of the machines of a contract', () => {
  it('are those of every machine that was ever under it, in the order of the log', async () => {
    expect(await lives(contractId, { until: june(21), position: END })).toEqual([
      [
        ONE,
        [
          ['received', june(1)],
          ['placed', june(2)],
          ['energized', june(4, '10:03')],
          // None counts from before what was recorded earlier.
          ['deenergized', june(4, '10:03')],
          ['energized', june(12)],
        ],
      ],
      [
        TWO,
        [
          ['received', june(2)],
          ['assigned', june(20)],
        ],
      ],
    ]);
  });

  it('tell of each event all that the row does', async () => {
    const facts = await read((db) =>
      factsOfContract(db, contractId, { until: june(30), position: END }),
    );
    expect(facts.get(ONE)!.slice(0, 4)).toEqual([
      {
        ...{ serial: ONE, kind: 'received', at: june(1) },
        source: { eventId: log[0]!.id, stream: `miner-${ONE}`, revision: 0, position: '100' },
        ...{ contractId, customerId: (log[0]!.data as { customerId: string }).customerId },
        ...{ placeKind: 'storage', facility: 'DENTON', powerWatts: 3_247, hashrateGhs: 151_000 },
      },
      expect.objectContaining({ kind: 'placed', placeKind: 'slot', facility: 'DENTON' }),
      {
        ...{ serial: ONE, kind: 'energized', at: june(4, '10:03') },
        source: { eventId: log[4]!.id, stream: `miner-${ONE}`, revision: 2, position: '500' },
      },
      expect.objectContaining({ cause: 'fault' }),
    ]);
  });

  it('are those that happened before an instant', async () => {
    // Not the fault: it counts from 10:03, as what was recorded before it.
    expect(await lives(contractId, { until: june(4, '10:02'), position: END })).toEqual([
      [
        ONE,
        [
          ['received', june(1)],
          ['placed', june(2)],
        ],
      ],
      [TWO, [['received', june(2)]]],
    ]);
    expect(await lives(otherContractId, { until: june(20), position: END })).toEqual([
      [THREE, [['received', june(3)]]],
    ]);
  });

  it('are the same in one read and in several', async () => {
    const known = { until: june(30), position: END };
    const inOne = await read((db) => factsOfContract(db, contractId, known));
    expect(await readFactsOfContract(read, contractId, known)).toEqual(inOne);
  });

  it('are those that had been recorded by a position', async () => {
    expect(await lives(contractId, { until: june(30), position: 200n })).toEqual([
      [
        ONE,
        [
          ['received', june(1)],
          ['placed', june(2)],
        ],
      ],
    ]);
  });
});

describe('Machines', () => {
  it('are found by contract, customer and facility, page by page', async () => {
    const known = { until: june(30), position: END };
    const found = (scope: Parameters<typeof machinesWithin>[1], after?: string) =>
      read((db) => machinesWithin(db, scope, { ...known, limit: 2, ...(after && { after }) }));
    expect(await found({ facility: 'DENTON' })).toEqual([ONE, TWO]);
    expect(await found({ facility: 'DENTON' }, TWO)).toEqual([THREE]);
    expect(await found({ contractId: otherContractId })).toEqual([TWO, THREE]);
    expect(await found({ customerId: 'c' })).toEqual([TWO]);
    expect(await found({ curtailmentIds: ['curtailment-1'] })).toEqual([ONE]);
    expect(await found({ curtailmentIds: ['curtailment-1', 'curtailment-2'] })).toEqual([ONE, TWO]);
    expect(await found({ curtailmentIds: ['curtailment-3'] })).toEqual([]);
  });
});

describe('Late facts', () => {
  const late = (of: string, until: string, after: bigint, position = END) =>
    read((db) => lateFactsExist(db, { contractId: of }, { until, after, position }));

  it('are those that happened before an instant and were recorded after a position', async () => {
    expect(await late(contractId, june(15), 700n)).toBe(true);
    expect(await late(contractId, june(15), 700n, 799n)).toBe(false);
    expect(await late(contractId, june(12), 700n)).toBe(false);
    expect(await late(contractId, june(15), 800n)).toBe(false);
  });

  it('are those of machines that were under the contract by then', async () => {
    expect(await late(otherContractId, june(15), 400n)).toBe(false);
    expect(await late(otherContractId, june(15), 300n)).toBe(true);
  });

  it('are those of machines that were off for a curtailment, whatever they tell of', async () => {
    const scope = { curtailmentIds: ['curtailment-2', 'curtailment-3'] };
    const of = (until: string, after: bigint) =>
      read((db) => lateFactsExist(db, scope, { until, after, position: END }));
    expect(await of(june(23), 900n)).toBe(true);
    expect(await of(june(21), 500n)).toBe(false);
    expect(await of(june(23), 1_000n)).toBe(false);
  });

  it('are also those that bring a machine under it', async () => {
    expect(await late(otherContractId, june(21), 600n)).toBe(true);
  });
});
