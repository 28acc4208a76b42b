import {
  deriveId,
  type AggregateStore,
  type AnyTableFold,
  type CommandContext,
  type ProcessAct,
  type Recorded,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { facilityAggregate, rackAggregate, rackId, type RackEvent } from '@hostledger/sites';
import {
  minerAggregate,
  type Miner,
  type MinerEvent,
  type Place,
  type SlotPlace,
} from '../domain/miner.js';
import { finishMovesProcess, openMoves, type OpenMove } from './finish-moves.js';

// A floor of a few racks for specs of moves, and what must hold of every history of it.

export const NAMEPLATE_WATTS = 3_247;
export const at = '2023-10-02T08:00:00.000Z';
export const FAR_FUTURE = '2033-01-01T00:00:00.000Z';

export const contextOf = (name: string, more: Partial<CommandContext> = {}): CommandContext => ({
  commandId: deriveId(name),
  requestHash: `hash of ${name}`,
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at,
  ...more,
});

export const slot = (rack: string, number: number): SlotPlace => ({
  kind: 'slot',
  facility: 'DENTON',
  rack,
  slot: number,
});

export const serialOf = (number: number): string => `MINER${String(number).padStart(4, '0')}`;

export const openFacility = async (store: AggregateStore, facility: string): Promise<void> => {
  const data = { facility, name: facility, timeZone: 'America/Chicago', powerEnvelopeWatts: 1 };
  const command = { type: 'OpenFacility', data, at } as const;
  await store.handle(facilityAggregate, facility, command, contextOf(`open ${facility}`));
};

/** Racks by name with the number of miners their power limit carries; 8 slots each. */
export const setUpFloor = async (
  store: AggregateStore,
  racks: Readonly<Record<string, number>>,
  miners: number,
  contractId = 'contract-1',
): Promise<void> => {
  for (const [rack, carries] of Object.entries(racks)) {
    const powerLimitWatts = carries * NAMEPLATE_WATTS;
    const data = { facility: 'DENTON', rack, slotCount: 8, powerLimitWatts };
    const command = { type: 'CommissionRack', data, at } as const;
    await store.handle(rackAggregate, rackId('DENTON', rack), command, contextOf(rack));
  }
  for (let line = 1; line <= miners; line += 1) {
    const data = {
      serial: serialOf(line),
      model: 'S19JXP-151',
      contractId,
      customerId: 'customer-1',
      deliveryId: 'delivery-1',
      line,
      facility: 'DENTON',
      condition: 'ok',
    } as const;
    const command = { type: 'ReceiveMiner', data, at } as const;
    await store.handle(minerAggregate, data.serial, command, contextOf(data.serial));
  }
};

/** A to-do list as the log makes it. */
export const itemsIn = <Item>({ keys, evolve }: AnyTableFold, log: readonly RecordedEvent[]) => {
  const rows = new Map<string, Record<string, unknown>>();
  for (const event of log) {
    for (const key of keys[event.type]?.(event) ?? []) {
      const id = key.item_id as string;
      const row = evolve(rows.get(id), event, key);
      if (row) rows.set(id, row);
      else rows.delete(id);
    }
  }
  return [...rows.values()] as Item[];
};

export const openMovesIn = (log: readonly RecordedEvent[]): OpenMove[] =>
  itemsIn<OpenMove>(openMoves, log);

/** Performs everything that is due, as the owner of the process would. */
export const finishDueMoves = async (
  store: AggregateStore,
  log: readonly RecordedEvent[],
  now = FAR_FUTURE,
): Promise<void> => {
  const act: ProcessAct = { at: now, signal: new AbortController().signal };
  for (const item of openMovesIn(log).filter(({ due_at }) => due_at <= now)) {
    await finishMovesProcess(store).perform(item, act);
  }
};

type FloorEvent = Recorded<MinerEvent | RackEvent>;

/**
 * Reads a history and names what it breaks: one miner per slot, one place per miner, watts within
 * the limit, no move without a live reservation of its slot for the watts that the miner takes, every
 * reservation ended once.
 */
export const violationsIn = (log: readonly RecordedEvent[]): string[] => {
  const violations: string[] = [];
  const racks = new Map<string, { limit: number; watts: number }>();
  const slots = new Map<string, { serial: string; reservationId: string }>();
  const reserved = new Map<string, { serial: string; place: string; watts: number }>();
  /** What each miner takes. */
  const takes = new Map<string, number>();
  const over = new Set<string>();
  const places = new Map<string, Place>();
  const fail = (event: RecordedEvent, rule: string): void => {
    violations.push(`${event.position} ${event.type} ${JSON.stringify(event.data)}: ${rule}`);
  };
  const end = (event: RecordedEvent, reservationId: string): void => {
    if (over.has(reservationId)) fail(event, 'the reservation ended twice');
    over.add(reservationId);
  };
  for (const event of log as FloorEvent[]) {
    switch (event.type) {
      case 'RackCommissioned':
        racks.set(event.data.rack, { limit: event.data.powerLimitWatts, watts: 0 });
        break;
      case 'SlotReserved': {
        const { rack, serial, reservationId, powerWatts } = event.data;
        const place = placeText(event.data);
        const power = racks.get(rack)!;
        power.watts += powerWatts;
        if (power.watts > power.limit) fail(event, 'the rack is over its limit');
        if (slots.has(place)) fail(event, 'the slot is taken');
        slots.set(place, { serial, reservationId });
        if (reserved.has(reservationId)) fail(event, 'the reservation exists');
        reserved.set(reservationId, { serial, place, watts: powerWatts });
        break;
      }
      case 'SlotOccupied':
        end(event, event.data.reservationId);
        break;
      case 'RackDerated':
      case 'RackRestored':
        racks.get(event.data.rack)!.limit = event.data.powerLimitWatts;
        break;
      case 'SlotPowerChanged': {
        const { rack, powerWatts, fromWatts } = event.data;
        const power = racks.get(rack)!;
        power.watts += powerWatts - fromWatts;
        if (powerWatts > fromWatts && power.watts > power.limit) fail(event, 'over its limit');
        break;
      }
      case 'ReservationReleased':
      case 'ReservationExpired':
      case 'SlotVacated':
        if (event.type !== 'SlotVacated') end(event, event.data.reservationId);
        racks.get(event.data.rack)!.watts -= event.data.powerWatts;
        if (slots.get(placeText(event.data))?.reservationId !== event.data.reservationId) {
          fail(event, 'the slot is not held by it');
        }
        slots.delete(placeText(event.data));
        break;
      case 'MinerReceived':
        if (places.has(event.data.serial)) fail(event, 'the serial lives already');
        places.set(event.data.serial, event.data.place);
        takes.set(event.data.serial, event.data.nameplateWatts);
        break;
      case 'PowerProfileChanged':
      case 'ModelCorrected':
        takes.set(event.data.serial, event.data.powerWatts);
        break;
      case 'MinerInstalled':
      case 'MinerRelocated': {
        const { serial, from, to, reservationId } = event.data;
        const hold = reserved.get(reservationId);
        if (hold?.serial !== serial || hold.place !== placeText(to)) fail(event, 'not reserved');
        if (hold?.watts !== takes.get(serial)) fail(event, 'other watts are reserved');
        if (over.has(reservationId)) fail(event, 'the reservation was over');
        if (JSON.stringify(places.get(serial)) !== JSON.stringify(from)) fail(event, 'not there');
        places.set(serial, to);
        break;
      }
      case 'MinerDeparted': {
        const { serial, from, to, reservationId } = event.data;
        const hold = reserved.get(reservationId);
        if (hold?.serial !== serial) fail(event, 'no slot is held for it');
        if (hold?.watts !== takes.get(serial)) fail(event, 'other watts are held for it');
        if (over.has(reservationId)) fail(event, 'the reservation was over');
        if (JSON.stringify(places.get(serial)) !== JSON.stringify(from)) fail(event, 'not there');
        places.set(serial, to);
        break;
      }
      case 'MinerUninstalled':
      case 'MinerSentToVendor':
      case 'MinerReturnedFromVendor':
      case 'MinerArrived': {
        const { serial, from, to } = event.data;
        if (JSON.stringify(places.get(serial)) !== JSON.stringify(from)) fail(event, 'not there');
        places.set(serial, to);
        break;
      }
      case 'MinerRetired': {
        const { serial, from } = event.data;
        if (JSON.stringify(places.get(serial)) !== JSON.stringify(from)) fail(event, 'not there');
        places.delete(serial);
        break;
      }
      default:
        break;
    }
  }
  return violations;
};

/** Nothing is open, and racks and miners tell the same. */
export const disagreementsIn = (log: readonly RecordedEvent[]): string[] => {
  const open = openMovesIn(log).map(({ item_id }) => `reservation ${item_id} is open`);
  const standing = new Map<string, string>();
  const holding = new Map<string, string>();
  for (const event of log as FloorEvent[]) {
    if (event.type === 'MinerInstalled' || event.type === 'MinerRelocated') {
      standing.set(event.data.serial, placeText(event.data.to));
    }
    if (event.type === 'MinerDeparted' || event.type === 'MinerUninstalled') {
      standing.delete(event.data.serial);
    }
    if (event.type === 'SlotOccupied') holding.set(placeText(event.data), event.data.serial);
    if (event.type === 'SlotVacated') holding.delete(placeText(event.data));
  }
  const atRacks = [...holding].map(([place, serial]) => `${serial} ${place}`).sort();
  const atMiners = [...standing].map(([serial, place]) => `${serial} ${place}`).sort();
  return [
    ...open,
    ...atRacks.filter((text) => !atMiners.includes(text)).map((text) => `only the rack: ${text}`),
    ...atMiners.filter((text) => !atRacks.includes(text)).map((text) => `only the miner: ${text}`),
  ];
};

const placeText = ({ rack, slot: number }: { rack: string; slot: number }): string =>
  `${rack}/${number}`;

export const placeOf = async (
  store: AggregateStore,
  serial: string,
): Promise<Place | undefined> => {
  const { state }: { state: Miner } = await store.load(minerAggregate, serial, { fresh: true });
  return state.status === 'unknown' ? undefined : state.place;
};
