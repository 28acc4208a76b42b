import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import {
  AggregateStore,
  mapLimited,
  StoreUnavailable,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { rackAggregate, rackId, type Rack } from '@hostledger/sites';
import { minerAggregate } from '../domain/miner.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  FAR_FUTURE,
  finishDueMoves,
  NAMEPLATE_WATTS,
  serialOf,
  slot,
  violationsIn,
} from './moves.fixture.js';
import { approve, carryOutDue, propose, relocationOf } from './relocation.fixture.js';

// The real kernel on the embedded node. A failure prints the seed and the smallest sequence.

/** Longer than any of these takes on a busy machine. */
const WITHIN_MS = 120_000;
const RACK_SLOTS = 500;

let directory: string;
let node: RunningNode;
let events: EventStore;
const streams = new Set<string>();

beforeEach(async () => {
  streams.clear();
  directory = mkdtempSync(join(tmpdir(), 'hl-relocations-'));
  node = await startNodeInProcess({ directory });
  events = new EventStore({ connection: { endpoint: node.endpoint }, callTimeoutMs: 30_000 });
});

afterEach(async () => {
  await events.close();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** One process: its own cache of states, and perhaps its death at one of its appends. */
const process = (lastAppend = Infinity): AggregateStore => {
  let appends = 0;
  const access: StreamAccess = {
    append: async (stream, expected, proposed) => {
      appends += 1;
      if (appends > lastAppend) throw new StoreUnavailable('The process died here');
      streams.add(stream);
      return events.append(stream, expected, proposed);
    },
    readStream: (stream, from) => events.readStream(stream, from),
  };
  return new AggregateStore(access);
};

/** Everything appended so far, in the order of the log. */
const theLog = async (): Promise<RecordedEvent[]> => {
  const read = await mapLimited([...streams], 32, (stream) => events.readStream(stream, 0n));
  return read.flat().sort((a, b) => Number(a.position - b.position));
};

const commission = async (store: AggregateStore, rack: string, carries: number): Promise<void> => {
  const powerLimitWatts = carries * NAMEPLATE_WATTS;
  const data = { facility: 'DENTON', rack, slotCount: RACK_SLOTS, powerLimitWatts };
  const command = { type: 'CommissionRack', data, at } as const;
  await store.handle(rackAggregate, rackId('DENTON', rack), command, contextOf(rack));
};

const install = async (store: AggregateStore, numbers: readonly number[], rack: string) => {
  await mapLimited(numbers, 64, async (line) => {
    const data = {
      serial: serialOf(line),
      model: 'S19JXP-151',
      contractId: 'contract-1',
      customerId: 'customer-1',
      deliveryId: 'delivery-1',
      line,
      facility: 'DENTON',
      condition: 'ok',
    } as const;
    const command = { type: 'ReceiveMiner', data, at } as const;
    await store.handle(minerAggregate, data.serial, command, contextOf(data.serial));
  });
  const orders = numbers.map((number, index) => ({
    serial: serialOf(number),
    to: slot(rack, index + 1),
    context: contextOf(`install ${number}`),
  }));
  const run = { context: contextOf(`install into ${rack}`), now: at };
  const outcomes = await moveMiners(store, 'installation', orders, run);
  expect(outcomes.filter(({ status }) => status === 'refused')).toEqual([]);
};

/** The node stamps events with the clock, by which the to-do list goes. */
const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const rackState = async (rack: string): Promise<Extract<Rack, { status: 'commissioned' }>> => {
  const { state } = await process().load(rackAggregate, rackId('DENTON', rack), { fresh: true });
  if (state.status === 'unknown') throw new Error(`No rack ${rack}`);
  return state;
};

const holds = ({
  slots,
}: {
  readonly slots: readonly ({ readonly status: string } | undefined)[];
}) => {
  const count = (status: string) => slots.filter((hold) => hold?.status === status).length;
  return { occupied: count('occupied'), reserved: count('reserved') };
};

describe('1,000 concurrent relocations into one nearly full rack', () => {
  const STANDING = 13;
  const FREE = 7;

  const fill = async (): Promise<void> => {
    const store = process();
    await commission(store, 'FULL', STANDING + FREE);
    await commission(store, 'A', RACK_SLOTS);
    await commission(store, 'B', RACK_SLOTS);
    await install(store, range(1, STANDING), 'FULL');
    await install(store, range(1_001, 1_500), 'A');
    await install(store, range(1_501, 2_000), 'B');
  };
  /** Every one of them wants one of ten free slots; power is there for seven. */
  const targetOf = (index: number) => slot('FULL', STANDING + 1 + (index % 10));

  const planOf = async (store: AggregateStore, first: number): Promise<string> => {
    const moves = range(0, 9).map((index) => {
      const { facility, rack, slot: n } = targetOf(index);
      return { serial: serialOf(first + index), facility, rack, slot: n };
    });
    const id = await propose(store, moves, `plan ${first}`);
    await approve(store, id, later(0));
    return id;
  };

  it(
    'alone and by plans: never over its limit, and no reservation is left after its time',
    async () => {
      await fill();
      const plans = await mapLimited(range(0, 49), 8, (n) => planOf(process(), 1_501 + n * 10));
      const approved = await theLog();
      // Of each kind of process one dies on the way; what it had reserved has to come back.
      const movers = [process(), process(), process(5), process(2)];
      const alone = range(1_001, 1_500).map(async (number) => {
        const context = contextOf(`relocate ${number}`);
        const order = { serial: serialOf(number), to: targetOf(number), context };
        const mover = movers[number % movers.length]!;
        return moveMiners(mover, 'relocation', [order], { context, now: at });
      });
      const owners = [process(), process(9)];
      const planned = owners.map((owner) => carryOutDue(owner, events, approved, later(1)));
      await Promise.allSettled([...alone, ...planned]);
      expect(violationsIn(await theLog())).toEqual([]);

      await finishDueMoves(process(), await theLog(), FAR_FUTURE);
      await carryOutDue(process(), events, await theLog(), later(2));
      await finishDueMoves(process(), await theLog(), FAR_FUTURE);
      const log = await theLog();
      expect(violationsIn(log)).toEqual([]);
      expect(disagreementsIn(log)).toEqual([]);
      expect(holds(await rackState('FULL')).reserved).toBe(0);
      const states = await mapLimited(plans, 16, (id) => relocationOf(process(), id));
      expect(states.map(({ status }) => status)).toEqual(plans.map(() => 'completed'));

      // What came back too late for all of them can be had by those who ask now.
      const last = process();
      for (const number of range(1_001, 1_100)) {
        const context = contextOf(`once more ${number}`);
        const order = { serial: serialOf(number), to: targetOf(number), context };
        await moveMiners(last, 'relocation', [order], { context, now: at });
      }
      const full = await rackState('FULL');
      expect(holds(full)).toEqual({ occupied: STANDING + FREE, reserved: 0 });
      expect(full.powerWattsInUse).toBe(full.powerLimitWatts);
    },
    WITHIN_MS,
  );
});
