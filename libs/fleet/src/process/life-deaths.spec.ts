import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import { rackAggregate, rackId } from '@hostledger/sites';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import { minerAggregate } from '../domain/miner.js';
import { assignmentKind, type AssignmentLine } from './assign.js';
import { benchSwap, benchSwapsProcess, openSwaps, type OpenSwap } from './bench-swap.js';
import { openLeavers } from './count-leavers.js';
import { contractId, setUpContract } from './delivery.fixture.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  itemsIn,
  openMovesIn,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';
import {
  changePowerProfiles,
  openGrants,
  powerProfilesProcess,
  type OpenGrant,
} from './power-profile.js';
import { uninstallMiners } from './uninstall.js';

// Flows of a machine's life that span streams, and processes that die in the middle of them.

const deaths = (appends: number) =>
  Array.from({ length: appends }, (_, index) => index + 1).flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  );

const serials = [1, 2, 3].map(serialOf);

const installed = async (): Promise<InMemoryStreams> => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  await setUpFloor(store, { A1: 8 }, 3);
  const moves = serials.map((serial, index) => ({
    serial,
    to: slot('A1', index + 1),
    context: contextOf(`in ${serial}`),
  }));
  await moveMiners(store, 'installation', moves, { context: contextOf('in'), now: at });
  return streams;
};

describe('changing a power profile', () => {
  const change = (streams: InMemoryStreams, powerWatts: number, name: string) => {
    const [serial] = serials;
    const target = { serial: serial!, profile: name, hashrateGhs: powerWatts * 40, powerWatts };
    const order = { ...target, context: contextOf(name) };
    return changePowerProfiles(new AggregateStore(streams), [order]);
  };
  const tell = async (streams: InMemoryStreams) => {
    for (const item of itemsIn<OpenGrant>(openGrants, streams.log)) {
      const act = { at, signal: new AbortController().signal };
      await powerProfilesProcess(new AggregateStore(streams)).perform(item, act);
    }
  };
  /** What the rack counts for the machine, and what the machine says. */
  const watts = async (streams: InMemoryStreams) => {
    const store = new AggregateStore(streams);
    const { state: rack } = await store.load(rackAggregate, rackId('DENTON', 'A1'));
    const { state: miner } = await store.load(minerAggregate, serials[0]!);
    return [
      rack.status === 'commissioned' && rack.slots[0]?.powerWatts,
      miner.status === 'installed' && miner.powerWatts,
    ];
  };

  it.each(deaths(2))('survives a death at append %i, %s it', async (append, point) => {
    const streams = await installed();
    streams.failFrom(append, point);
    await expect(change(streams, 2_400, 'eco')).rejects.toThrow();
    streams.heal();
    const granted = append > 1 || point === 'after' ? 2_400 : 3_247;
    await tell(streams);
    expect(await watts(streams)).toEqual([granted, granted]);
    expect(itemsIn(openGrants, streams.log)).toEqual([]);
    expect(await change(streams, 2_400, 'eco')).toMatchObject([{ status: 'done' }]);
    expect(await watts(streams)).toEqual([2_400, 2_400]);
  });

  it('ends at the last grant, whoever is told first', async () => {
    const streams = await installed();
    const goOn = streams.stallNext(`miner-${serials[0]!}`);
    const first = change(streams, 2_400, 'eco');
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    await change(streams, 3_000, 'warm');
    goOn();
    await first;
    await tell(streams);
    expect(await watts(streams)).toEqual([3_000, 3_000]);
    expect(itemsIn(openGrants, streams.log)).toEqual([]);
  });
});

describe('taking machines out of their slots', () => {
  const orders = serials.map((serial) => ({ serial, context: contextOf(`out ${serial}`) }));
  const takeOut = (streams: InMemoryStreams) =>
    uninstallMiners(new AggregateStore(streams), orders, contextOf('out'));

  it.each(deaths(4))('survives a death at append %i, %s it', async (append, point) => {
    const streams = await installed();
    streams.failFrom(append, point);
    await expect(takeOut(streams)).rejects.toThrow();
    streams.heal();

    await finishDueMoves(new AggregateStore(streams), streams.log);
    expect(disagreementsIn(streams.log)).toEqual([]);

    const again = await takeOut(streams);
    expect(again.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    expect(openMovesIn(streams.log)).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
    expect(violationsIn(streams.log)).toEqual([]);
    expect(streams.log.filter(({ type }) => type === 'SlotVacated')).toHaveLength(3);
  });
});

describe('a bench swap', () => {
  const [failed, , spare] = [serialOf(1), serialOf(2), serialOf(3)];
  const seat = {
    ...{ serial: failed, contractId: 'contract-1', customerId: 'customer-1', orderId: 'order-1' },
    ...{ allocationId: 'allocation-1', assignmentId: 'assignment-1', powerWatts: 3_247 },
  };
  const swap = (streams: InMemoryStreams) =>
    benchSwap(new AggregateStore(streams), {
      serial: failed,
      spareSerial: spare,
      context: contextOf('swap'),
    });
  const goOn = async (streams: InMemoryStreams) => {
    for (const item of itemsIn<OpenSwap>(openSwaps, streams.log)) {
      const act = { at, signal: new AbortController().signal };
      await benchSwapsProcess(new AggregateStore(streams)).perform(item, act);
    }
  };
  /** The machine that failed stands in a slot and is assigned; the spare is in storage. */
  const ready = async (): Promise<InMemoryStreams> => {
    const streams = await installed();
    const store = new AggregateStore(streams);
    const out = [{ serial: spare, context: contextOf('spare out') }];
    await uninstallMiners(store, out, contextOf('spare out'));
    const command = { type: 'AssignMiner', data: seat, at } as const;
    await store.handle(minerAggregate, failed, command, contextOf('assign'));
    return streams;
  };
  const stand = async (streams: InMemoryStreams) => {
    const miners = [failed, spare].map((serial) =>
      new AggregateStore(streams).load(minerAggregate, serial),
    );
    return (await Promise.all(miners)).map(({ state }) =>
      state.status === 'unknown' ? [] : [state.place.kind, state.assignment?.assignmentId],
    );
  };
  const swapped = [
    ['storage', undefined],
    ['slot', 'assignment-1'],
  ];

  it('gives slot and allocation to the spare, at once', async () => {
    const streams = await ready();
    expect(await swap(streams)).toMatchObject({ status: 'done' });
    expect(await stand(streams)).toEqual(swapped);
    expect(itemsIn(openSwaps, streams.log)).toEqual([]);
    expect(itemsIn(openLeavers, streams.log)).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
    const before = streams.log.length;
    expect(await swap(streams)).toMatchObject({ status: 'done', replayed: true });
    expect(streams.log).toHaveLength(before);
  });

  it.each(deaths(7))('survives a death at append %i, %s it', async (append, point) => {
    const streams = await ready();
    streams.failFrom(append, point);
    await expect(swap(streams)).rejects.toThrow();
    streams.heal();
    const begun = append > 1 || point === 'after';
    await goOn(streams);
    if (begun) expect(await stand(streams)).toEqual(swapped);
    expect(await swap(streams)).toMatchObject({ status: 'done' });
    expect(await stand(streams)).toEqual(swapped);
    expect(itemsIn(openSwaps, streams.log)).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
    expect(violationsIn(streams.log)).toEqual([]);
  });

  it('is refused when the spare does not fit', async () => {
    const streams = await ready();
    const other = { serial: failed, spareSerial: serialOf(2), context: contextOf('other') };
    await expect(benchSwap(new AggregateStore(streams), other)).rejects.toMatchObject({
      code: 'miner/spare-unfit',
    });
    expect(await stand(streams)).toEqual([
      ['slot', 'assignment-1'],
      ['storage', undefined],
    ]);
  });

  it('frees the allocation when the spare is gone before it is installed', async () => {
    const streams = await ready();
    streams.failFrom(1, 'after');
    await expect(swap(streams)).rejects.toThrow();
    streams.heal();
    const retire = { type: 'RetireMiner', data: { serial: spare, cause: 'lost' }, at } as const;
    await new AggregateStore(streams).handle(minerAggregate, spare, retire, contextOf('lost'));
    await goOn(streams);
    expect(itemsIn(openSwaps, streams.log)).toEqual([]);
    expect(itemsIn(openLeavers, streams.log)).toMatchObject([
      { item_id: 'assignment-1', contract_id: 'contract-1', leavers: [{ powerWatts: 3_247 }] },
    ]);
    expect(disagreementsIn(streams.log)).toEqual([]);
    expect(await swap(streams)).toMatchObject({
      status: 'refused',
      refusal: { code: 'miner/retired' },
    });
  });
});

describe('assigning machines', () => {
  const orderId = deriveId('order');
  const allocationId = deriveId('allocation');
  const lines = serials.map((serial, index) => ({
    line: index + 2,
    value: { serial, contractId, allocationId } satisfies AssignmentLine,
  }));

  const perform = (streams: InMemoryStreams) =>
    assignmentKind(new AggregateStore(streams), streams).perform({
      operationId: 'operation-1',
      chunk: 0,
      params: {},
      lines,
      refusedAtUpload: [],
      context: contextOf('chunk 0'),
      now: at,
      signal: new AbortController().signal,
    });

  const ready = async (): Promise<InMemoryStreams> => {
    const streams = new InMemoryStreams();
    const store = new AggregateStore(streams);
    await setUpContract(store);
    await setUpFloor(store, {}, 3, contractId);
    const amount = { units: 3, powerWatts: 10_000 };
    const commands: ContractCommand[] = [
      { type: 'AdoptTerms', data: terms, at },
      {
        type: 'PlaceOrder',
        data: { orderId, reference: 'SO-1', ...amount, startsOn: '2023-10-01' },
        at,
      },
      {
        type: 'AllocateCustomer',
        data: { orderId, allocationId, facility: 'DENTON', ...amount, effectiveOn: '2023-10-01' },
        at,
      },
    ];
    for (const command of commands) {
      await store.handle(contractAggregate, contractId, command, contextOf(`set ${command.type}`));
    }
    return streams;
  };

  /** What the contract counts, and what the machines say. */
  const told = async (streams: InMemoryStreams) => {
    const store = new AggregateStore(streams);
    const { state } = await store.load(contractAggregate, contractId);
    const counted =
      state.status === 'executed' ? state.allocations.get(allocationId)!.assigned : undefined;
    const miners = await Promise.all(serials.map((serial) => store.load(minerAggregate, serial)));
    const seats = miners.flatMap(({ state: miner }) =>
      miner.status === 'unknown' ? [] : (miner.assignment ?? []),
    );
    const powerWatts = seats.reduce((sum, seat) => sum + seat.powerWatts, 0);
    return { counted, assigned: { units: seats.length, powerWatts } };
  };

  it.each(deaths(4))('survives a death at append %i, %s it', async (append, point) => {
    const streams = await ready();
    streams.failFrom(append, point);
    await expect(perform(streams)).rejects.toThrow();
    streams.heal();
    expect(await perform(streams)).toEqual([]);
    const { counted, assigned } = await told(streams);
    expect(assigned).toEqual({ units: 3, powerWatts: 3 * 3_247 });
    expect(counted).toEqual(assigned);
  });

  it.each(deaths(3))(
    'gives back what a machine refused meanwhile, with a death at append %i, %s it',
    async (append, point) => {
      const streams = await ready();
      streams.failFrom(1, 'after');
      await expect(perform(streams)).rejects.toThrow();
      streams.heal();
      const retire = { serial: serialOf(3), cause: 'lost' } as const;
      await new AggregateStore(streams).handle(
        minerAggregate,
        retire.serial,
        { type: 'RetireMiner', data: retire, at },
        contextOf('retire'),
      );
      streams.failFrom(append, point);
      await expect(perform(streams)).rejects.toThrow();
      streams.heal();

      expect(await perform(streams)).toMatchObject([{ line: 4 }]);
      expect(await perform(streams)).toMatchObject([{ line: 4 }]);
      const { counted, assigned } = await told(streams);
      expect(assigned).toEqual({ units: 2, powerWatts: 2 * 3_247 });
      expect(counted).toEqual(assigned);
    },
  );
});

const terms = {
  effectiveOn: '2023-09-25',
  documentDigest: 'd'.repeat(64),
  clauses: [],
  rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
} as const;
