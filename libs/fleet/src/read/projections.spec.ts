import fc from 'fast-check';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, rowsOf } from '@hostledger/testing';
import type { DeliveryEvent } from '../domain/delivery.js';
import {
  minerAggregate,
  type MinerCommand,
  type MinerEvent,
  type SlotPlace,
  type StoragePlace,
} from '../domain/miner.js';
import { discrepancies, type DiscrepancyRow } from './deliveries/discrepancies.js';
import { deliveries, type DeliveryRow } from './deliveries/projection.js';
import { miners, type MinerRow } from './miners/projection.js';
import type { VendorPlace } from '../domain/miner-repair.js';
import type { TransitPlace } from '../domain/miner-transit.js';
import { decideOrRefuse, lifeCommands } from '../domain/miner-life.fixture.js';
import { deployments, type DeploymentRow } from './deployments/projection.js';
import { fleetMixDays, type MixDayRow } from './mix/days.js';
import { AMOUNTS, fleetMix, type MixRow } from './mix/projection.js';
import { fleetRackDays, type RackDayRow } from './mix/racks.js';
import { moves, type MoveRow } from './moves/projection.js';
import { placeView } from './views.js';

const stored = (facility: string): StoragePlace => ({ kind: 'storage', facility });
const inSlot = (facility: string, rack: string, slot: number): SlotPlace => ({
  kind: 'slot',
  facility,
  rack,
  slot,
});

const received = (serial: string, facility = 'DENTON', more: object = {}): MinerEvent => ({
  type: 'MinerReceived',
  data: {
    serial,
    model: 'S19JXP-151',
    ratedHashrateGhs: 151_000,
    nameplateWatts: 3_247,
    contractId: 'contract-1',
    customerId: 'customer-1',
    deliveryId: 'delivery-1',
    line: 2,
    place: stored(facility),
    condition: 'ok',
    ...more,
  },
});
const moved = (
  serial: string,
  from: SlotPlace | StoragePlace,
  to: SlotPlace,
  reservationId = 'r1',
): MinerEvent => {
  const move = {
    serial,
    model: 'S19JXP-151',
    customerId: 'customer-1',
    ratedHashrateGhs: 151_000,
    powerWatts: 3_247,
    to,
    reservationId,
  };
  return from.kind === 'storage'
    ? { type: 'MinerInstalled', data: { ...move, from } }
    : { type: 'MinerRelocated', data: { ...move, from, fromReservationId: 'r0' } };
};
const a1 = inSlot('DENTON', 'A1', 1);
const b7 = inSlot('DALTON', 'B1', 7);
const life = recorded('miner-M1', [
  received('M1', 'DENTON', { mac: '02:00:00:00:00:01' }),
  moved('M1', stored('DENTON'), a1),
  { type: 'RelocationAbandoned', data: { serial: 'M1', reservationId: 'r2', cause: 'overdue' } },
  moved('M1', a1, b7, 'r3'),
]);

describe('the miners', () => {
  it('stand in storage when they were received', () => {
    expect(rowsOf<MinerRow>(miners, life.slice(0, 1))).toEqual([
      {
        serial: 'M1',
        customer_id: 'customer-1',
        contract_id: 'contract-1',
        model: 'S19JXP-151',
        state: 'stored',
        facility: 'DENTON',
        rack: null,
        slot: null,
        left_facility: null,
        relocation_id: null,
        vendor: null,
        since: life[0]!.metadata.occurredAt,
        hashrate_ghs: 151_000,
        power_watts: 3_247,
        energized: false,
        profile: null,
        allocation_id: null,
        repair_id: null,
        condition: 'ok',
        control_board_serial: null,
        mac: '02:00:00:00:00:01',
        delivery_id: 'delivery-1',
        delivery_line: 2,
        revision: 0,
      },
    ]);
  });

  it('stand where they were moved last, since then', () => {
    expect(rowsOf<MinerRow>(miners, life)).toEqual([
      expect.objectContaining({
        state: 'installed',
        facility: 'DALTON',
        rack: 'B1',
        slot: 7,
        since: life[3]!.metadata.occurredAt,
        revision: 3,
      }),
    ]);
  });

  it('on the road have left a facility under a plan, at a vendor are with somebody', () => {
    const rowOf = (to: TransitPlace | VendorPlace) => {
      const leg = { serial: 'M1', model: 'S19JXP-151', customerId: 'customer-1' };
      const about = { ...leg, ratedHashrateGhs: 151_000, powerWatts: 3_247 };
      const from = stored('DENTON');
      const event: MinerEvent =
        to.kind === 'transit'
          ? { type: 'MinerDeparted', data: { ...about, from, to, reservationId: 'r1' } }
          : { type: 'MinerSentToVendor', data: { ...about, from, to, repairId: 'repair-1' } };
      return rowsOf<MinerRow>(miners, recorded('miner-M1', [received('M1'), event]))[0]!;
    };
    const road = { kind: 'transit', from: 'DENTON', to: 'PECOS', relocationId: 'plan-1' } as const;
    const onTheRoad = rowOf(road);
    expect(onTheRoad).toMatchObject({ state: 'inTransit', facility: 'PECOS' });
    expect(placeView('PECOS', onTheRoad)).toEqual({
      ...{ kind: 'transit', facility: 'PECOS', from: 'DENTON', relocationId: 'plan-1' },
    });
    const atVendor = rowOf({ kind: 'vendor', vendor: 'Bitmain Care', facility: 'DENTON' });
    expect(atVendor).toMatchObject({ state: 'atVendor', facility: 'DENTON', left_facility: null });
    expect(placeView('DENTON', atVendor)).toEqual({
      ...{ kind: 'vendor', facility: 'DENTON', vendor: 'Bitmain Care' },
    });
  });

  it('carry the revision of a move that was given up', () => {
    expect(rowsOf<MinerRow>(miners, life.slice(0, 3))).toEqual([
      expect.objectContaining({ rack: 'A1', since: life[1]!.metadata.occurredAt, revision: 2 }),
    ]);
  });
});

it('the moves tell what went where, when, why and by whom, in the order of the log', () => {
  const [installation, relocation] = [life[1]!, life[3]!];
  const withReason = { ...relocation, metadata: { ...relocation.metadata, reason: 'halving' } };
  const rows = rowsOf<MoveRow>(moves, [life[0]!, installation, life[2]!, withReason]);
  expect(rows.sort((a, b) => Number(a.position - b.position))).toEqual([
    expect.objectContaining({
      position: installation.position,
      kind: 'installation',
      from_facility: 'DENTON',
      from_rack: null,
      to_rack: 'A1',
      to_slot: 1,
      reason: null,
      moved_by: 'ada',
    }),
    expect.objectContaining({
      position: relocation.position,
      kind: 'relocation',
      from_rack: 'A1',
      from_slot: 1,
      to_facility: 'DALTON',
      to_rack: 'B1',
      reason: 'halving',
      moved_at: relocation.metadata.occurredAt,
      revision: 3,
    }),
  ]);
});

describe('the condition of a miner', () => {
  const found = (kind: 'damaged' | 'wrongModel'): DeliveryEvent => ({
    type: 'DiscrepancyRaised',
    data: { deliveryId: 'delivery-1', line: 2, kind, serial: 'M1', detail: 'As found' },
  });
  const settled = (resolution: 'accepted' | 'corrected'): DeliveryEvent => {
    const by = { discrepancyId: '2-damaged', resolution, resolvedBy: 'ada', reason: 'Agreed' };
    const data = { deliveryId: 'delivery-1', line: 2, kind: 'damaged', serial: 'M1', ...by };
    return { type: 'DiscrepancyResolved', data } as DeliveryEvent;
  };
  const after = (...events: DeliveryEvent[]) =>
    rowsOf<MinerRow>(miners, [...life.slice(0, 1), ...recorded('delivery-delivery-1', events)]).map(
      ({ condition, revision }) => ({ condition, revision }),
    );

  it('is what an inspection finds, until it turns out not to be so', () => {
    expect(after(found('wrongModel'))).toEqual([{ condition: 'ok', revision: 0 }]);
    expect(after(found('damaged'))).toEqual([{ condition: 'damaged', revision: 0 }]);
    expect(after(found('damaged'), settled('accepted'))).toMatchObject([{ condition: 'damaged' }]);
    expect(after(found('damaged'), settled('corrected'))).toMatchObject([{ condition: 'ok' }]);
  });
});

describe('the fleet mix', () => {
  it('counts machines and what they are rated at, per facility and state', () => {
    const log = [...life, ...recorded('miner-M2', [received('M2')])];
    const one = { units: 1, hashrate_ghs: 151_000n, power_watts: 3_247n };
    expect(rowsOf<MixRow>(fleetMix, log)).toEqual([
      expect.objectContaining({ facility: 'DALTON', state: 'installed', ...one }),
      expect.objectContaining({ facility: 'DENTON', state: 'stored', ...one }),
    ]);
  });

  it('is the sum of the miners, whatever happened', () => {
    const lives = fc.tuple(
      ...['M1', 'M2', 'M3'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
    );
    fc.assert(
      fc.property(lives, (all) => {
        const log = all.flatMap((commands, n) => lifeOf(`M${n + 1}`, commands));
        const sums = new Map<string, object>();
        for (const row of rowsOf<MinerRow>(miners, log)) {
          if (row.state === 'retired') continue;
          const key = `${row.model} ${row.facility} ${row.state} ${row.customer_id}`;
          const drawn = row.energized ? 1n : 0n;
          const [hashrate, watts] = [BigInt(row.hashrate_ghs), BigInt(row.power_watts)];
          sums.set(key, added(sums.get(key), [1n, hashrate, watts, drawn, drawn * hashrate]));
        }
        const mix = rowsOf<MixRow>(fleetMix, log).map((row): [string, object] => [
          `${row.model} ${row.facility} ${row.state} ${row.customer_id}`,
          [
            BigInt(row.units),
            row.hashrate_ghs,
            row.power_watts,
            BigInt(row.energized_units),
            row.energized_hashrate_ghs,
          ],
        ]);
        expect(new Map(mix)).toEqual(sums);
      }),
    );
  });

  it('as a day ended is what the days until then changed of it', () => {
    const first = Date.parse('2024-02-27T12:00:00.000Z');
    const lives = fc.tuple(
      ...['M1', 'M2'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
    );
    fc.assert(
      fc.property(lives, fc.nat(59), (all, days) => {
        // One event a day; the lives are one after the other.
        const log = all
          .flatMap((commands, n) => lifeOf(`M${n + 1}`, commands))
          .map((event, n) => {
            const occurredAt = new Date(first + n * 86_400_000).toISOString();
            return { ...event, metadata: { ...event.metadata, occurredAt } };
          });
        const on = new Date(first + days * 86_400_000).toISOString().slice(0, 10);
        const mix = rowsOf<MixRow>(fleetMix, log.slice(0, days + 1)).map(amountsOf);
        const sums = new Map<string, bigint[]>();
        for (const row of rowsOf<MixDayRow>(fleetMixDays, log)) {
          if (row.day > on) continue;
          const [key, amounts] = amountsOf(row);
          const before = sums.get(key) ?? [];
          const after = amounts.map((amount, n) => amount + (before[n] ?? 0n));
          if (after[0] === 0n) sums.delete(key);
          else sums.set(key, after);
        }
        expect(sums).toEqual(new Map(mix));
        expect(racksBy(log, on)).toEqual(racksOf(log.slice(0, days + 1)));
      }),
    );
  });
});

type Sums = Map<string, readonly bigint[]>;

const addTo = (sums: Sums, key: string, more: readonly bigint[]): void => {
  const before = sums.get(key);
  sums.set(
    key,
    more.map((amount, n) => amount + (before?.[n] ?? 0n)),
  );
};

/** What racks held as a day ended, by what the days until then changed of them. */
const racksBy = (log: readonly RecordedEvent[], on: string): Sums => {
  const sums: Sums = new Map();
  for (const row of rowsOf<RackDayRow>(fleetRackDays, log)) {
    if (row.day > on) continue;
    const key = `${row.facility} ${row.rack} ${row.model} ${row.customer_id}`;
    addTo(
      sums,
      key,
      AMOUNTS.map((amount) => BigInt(row[amount])),
    );
  }
  return new Map([...sums].filter(([, amounts]) => amounts.some((amount) => amount !== 0n)));
};

/** The same by the machines that stand in them. */
const racksOf = (log: readonly RecordedEvent[]): Sums => {
  const sums: Sums = new Map();
  for (const row of rowsOf<MinerRow>(miners, log)) {
    if (row.state !== 'installed') continue;
    const one = [1n, BigInt(row.hashrate_ghs), BigInt(row.power_watts)];
    const drawn = row.energized ? one : [0n, 0n, 0n];
    addTo(sums, `${row.facility} ${row.rack} ${row.model} ${row.customer_id}`, [...one, ...drawn]);
  }
  return sums;
};

const amountsOf = (row: MixRow): [string, bigint[]] => [
  `${row.model} ${row.facility} ${row.state} ${row.customer_id}`,
  AMOUNTS.map((amount) => BigInt(row[amount])),
];

const added = (before: object | undefined, more: readonly bigint[]): object =>
  more.map((value, index) => value + ((before as bigint[] | undefined)?.[index] ?? 0n));

const lifeOf = (serial: string, commands: readonly MinerCommand[]): RecordedEvent[] => {
  const events: MinerEvent[] = [received(serial)];
  let miner = minerAggregate.evolve(minerAggregate.initialState, events[0]!);
  for (const command of commands) {
    for (const event of decideOrRefuse(command, miner)) {
      miner = minerAggregate.evolve(miner, event);
      events.push(event);
    }
  }
  return recorded(`miner-${serial}`, events);
};

describe('the deployments', () => {
  it('count each machine once as received, deployed and retired, in its month', () => {
    const month = (log: RecordedEvent[], at: string) =>
      log.map((event) => ({ ...event, metadata: { ...event.metadata, occurredAt: at } }));
    const away: MinerEvent = {
      type: 'MinerUninstalled',
      data: {
        ...{ serial: 'M1', model: 'S19JXP-151', customerId: 'customer-1' },
        ...{ ratedHashrateGhs: 151_000, powerWatts: 3_247, removalId: 'removal-1' },
        from: a1,
        fromReservationId: 'r1',
        to: stored('DENTON'),
      },
    };
    const [arrival, first, out, again] = recorded('miner-M1', [
      received('M1'),
      firstOf(moved('M1', stored('DENTON'), a1)),
      away,
      moved('M1', stored('DENTON'), a1, 'r2'),
    ]);
    const gone: MinerEvent = {
      type: 'MinerRetired',
      data: {
        ...{ serial: 'M2', model: 'S19JXP-151', customerId: 'customer-1', cause: 'sold' },
        ...{ ratedHashrateGhs: 151_000, powerWatts: 3_247, from: stored('DENTON') },
      },
    };
    const log = [
      ...month([arrival!], '2023-09-30T23:59:59.999Z'),
      ...month([first!, out!], '2023-10-01T00:00:00.000Z'),
      ...month(
        [again!, ...recorded('miner-M2', [received('M2'), gone])],
        '2024-01-05T00:00:00.000Z',
      ),
    ];
    expect(rowsOf<DeploymentRow>(deployments, log)).toMatchObject([
      { month: '2023-09', received_units: 1, deployed_units: 0, retired_units: 0 },
      { month: '2023-10', received_units: 0, deployed_units: 1, deployed_hashrate_ghs: 151_000n },
      { month: '2024-01', received_units: 1, deployed_units: 0, retired_units: 1 },
    ]);
  });
});

it('the deployments are the miners by model, whatever they were taken for at first', () => {
  const lives = fc.tuple(
    ...['M1', 'M2', 'M3'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
  );
  fc.assert(
    fc.property(lives, (all) => {
      const log = all.flatMap((commands, n) => lifeOf(`M${n + 1}`, commands));
      const ofModel = (model: string) =>
        rowsOf<DeploymentRow>(deployments, log)
          .filter((row) => row.model === model)
          .map((row) => [row.received_units, row.deployed_units, row.retired_units])
          .reduce((a, b) => a.map((value, index) => value + b[index]!), [0, 0, 0]);
      const rows = rowsOf<MinerRow>(miners, log);
      for (const model of ['S19JXP-151', 'S21-200']) {
        const own = rows.filter((row) => row.model === model).map(({ serial }) => serial);
        const installed = log.filter(({ type }) => type === 'MinerInstalled');
        const deployed = own.filter((serial) =>
          installed.some(({ data }) => (data as { serial: string }).serial === serial),
        );
        const retired = rows.filter((row) => row.model === model && row.state === 'retired');
        expect(ofModel(model)).toEqual([own.length, deployed.length, retired.length]);
      }
      for (const row of rowsOf<DeploymentRow>(deployments, log)) {
        if (row.received_units === 0) expect(row.received_hashrate_ghs).toBe(0n);
        if (row.deployed_units === 0) expect(row.deployed_hashrate_ghs).toBe(0n);
      }
    }),
  );
});

const firstOf = (event: MinerEvent): MinerEvent =>
  event.type === 'MinerInstalled' ? { ...event, data: { ...event.data, first: true } } : event;

describe('the deliveries', () => {
  const s19 = (units: number) => ({
    model: 'S19JXP-151',
    units,
    hashrateGhs: units * 151_000,
    nameplateWatts: units * 3_247,
  });
  const deliveryId = 'delivery-1';
  const lines = (
    chunk: number,
    count: number,
    missing: number,
    refused: number,
  ): DeliveryEvent => ({
    type: 'LinesReceived',
    data: { deliveryId, chunk, received: count, missing, refused, byModel: [s19(count)] },
  });
  const log = recorded('delivery-delivery-1', [
    {
      type: 'ManifestRegistered',
      data: {
        deliveryId,
        operationId: 'operation-1',
        contractId: 'contract-1',
        customerId: 'customer-1',
        facility: 'DENTON',
        reference: 'BATCH-1',
        lineCount: 8,
        refusedAtUpload: 1,
        digest: 'd',
      },
    },
    lines(0, 3, 1, 0),
    {
      type: 'DiscrepancyRaised',
      data: { deliveryId, line: 4, kind: 'missing', serial: 'M4', detail: 'Not there' },
    },
    lines(1, 3, 0, 1),
    { type: 'DiscrepancyRaised', data: { deliveryId, line: 9, kind: 'malformed', detail: 'No' } },
    {
      type: 'DeliveryReconciled',
      data: {
        deliveryId,
        contractId: 'contract-1',
        customerId: 'customer-1',
        facility: 'DENTON',
        reference: 'BATCH-1',
        lines: 8,
        received: 6,
        missing: 1,
        refused: 1,
        hashrateGhs: 6 * 151_000,
        byModel: [s19(6)],
        reconciledAt: '2024-06-02T00:00:00.000Z',
      },
    },
  ] satisfies DeliveryEvent[]);

  it('add up as their chunks are counted', () => {
    expect(rowsOf<DeliveryRow>(deliveries, log.slice(0, 5))).toEqual([
      expect.objectContaining({
        status: 'receiving',
        line_count: 8,
        received: 6,
        missing: 1,
        refused: 1,
        discrepancies: 2,
        by_model: [s19(6)],
        registered_by: 'ada',
        reconciled_at: null,
        revision: 4,
      }),
    ]);
  });

  it('are closed when they are reconciled', () => {
    expect(rowsOf<DeliveryRow>(deliveries, log)).toEqual([
      expect.objectContaining({
        status: 'reconciled',
        reconciled_at: '2024-06-02T00:00:00.000Z',
        revision: 5,
      }),
    ]);
  });

  it('list every discrepancy, with a serial number where there was one', () => {
    expect(rowsOf<DiscrepancyRow>(discrepancies, log)).toEqual([
      expect.objectContaining({
        discrepancy_id: '4-missing',
        line: 4,
        serial: 'M4',
        status: 'open',
      }),
      expect.objectContaining({ discrepancy_id: '9-malformed', serial: null, detail: 'No' }),
    ]);
  });
});
