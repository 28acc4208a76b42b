import { tableFold, unreachable, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { DiscrepancyRaised, DiscrepancyResolved } from '../../domain/delivery.js';
import type { IdentifierObserved } from '../../domain/miner-life.js';
import type { ModelCorrected } from '../../domain/miner-model.js';
import {
  facilityOf,
  minerEvents,
  type ArrivalCondition,
  type MinerEvent,
  type Place,
} from '../../domain/miner.js';
import { placeColumns } from '../views.js';

const STATE = {
  slot: 'installed',
  storage: 'stored',
  transit: 'inTransit',
  vendor: 'atVendor',
} as const;
export const MINER_STATES = [...Object.values(STATE), 'retired'] as const;
export type MinerState = (typeof MINER_STATES)[number];

/**
 * A miner as it is now. One row is written for every line of a delivery, so it repeats nothing
 * that its delivery says but its condition: when, by whom and where it was received.
 */
export interface MinerRow {
  readonly serial: string;
  readonly customer_id: string;
  readonly contract_id: string;
  readonly model: string;
  readonly state: MinerState;
  /** Of a machine on the road the one it goes to, at a vendor the one it went from. */
  readonly facility: string | null;
  readonly rack: string | null;
  readonly slot: number | null;
  /** Of a machine on the road the facility it left, and the plan that sent it. */
  readonly left_facility: string | null;
  readonly relocation_id: string | null;
  /** Of a machine at a vendor. */
  readonly vendor: string | null;
  /** When it came to its place, business time. */
  readonly since: string;
  readonly hashrate_ghs: number;
  readonly power_watts: number;
  readonly energized: boolean;
  readonly profile: string | null;
  /** Of the allocation it takes up. */
  readonly allocation_id: string | null;
  /** Of the repair that is open. */
  readonly repair_id: string | null;
  readonly condition: ArrivalCondition;
  readonly control_board_serial: string | null;
  readonly mac: string | null;
  readonly delivery_id: string;
  readonly delivery_line: number;
  readonly revision: number;
}

const ofMiner = ({ data }: { data: { serial: string } }) => [{ serial: data.serial }];
const ofEvery = Object.fromEntries(
  Object.keys(minerEvents).map((type) => [type, ofMiner]),
) as Record<MinerEvent['type'], typeof ofMiner>;

/** What the dock finds of a machine is told by its delivery. */
type FoundEvent = DiscrepancyRaised | DiscrepancyResolved;

const ofDamaged = ({ data: { kind, serial } }: { data: FoundEvent['data'] }) =>
  kind === 'damaged' && serial !== undefined ? [{ serial }] : [];

/** Damaged from when it was found so, unless that was not so after all. */
const conditionBy = (event: Recorded<FoundEvent>): ArrivalCondition =>
  event.type === 'DiscrepancyResolved' && event.data.resolution === 'corrected' ? 'ok' : 'damaged';

const isFound = (event: Recorded<MinerEvent | FoundEvent>): event is Recorded<FoundEvent> =>
  event.type === 'DiscrepancyRaised' || event.type === 'DiscrepancyResolved';

export const miners = tableFold<MinerRow, MinerEvent | FoundEvent>({
  table: {
    name: 'miners',
    columns: {
      serial: 'text',
      customer_id: 'text',
      contract_id: 'text',
      model: 'text',
      state: 'text',
      facility: 'text',
      rack: 'text',
      slot: 'integer',
      left_facility: 'text',
      relocation_id: 'text',
      vendor: 'text',
      since: 'timestamptz',
      hashrate_ghs: 'integer',
      power_watts: 'integer',
      energized: 'boolean',
      profile: 'text',
      allocation_id: 'text',
      repair_id: 'text',
      condition: 'text',
      control_board_serial: 'text',
      mac: 'text',
      delivery_id: 'text',
      delivery_line: 'integer',
      revision: 'integer',
    },
    key: ['serial'],
    nullable: [
      'facility',
      'rack',
      'slot',
      'left_facility',
      'relocation_id',
      'vendor',
      'profile',
      'allocation_id',
      'repair_id',
      'control_board_serial',
      'mac',
    ],
    // One per filter, each in the order of the pages.
    indexes: [
      ['customer_id', 'serial'],
      ['contract_id', 'serial'],
      ['facility', 'serial'],
      ['facility', 'rack', 'serial'],
      ['facility', 'model', 'serial'],
      ['model', 'serial'],
      ['state', 'serial'],
      ['mac', 'serial'],
      ['energized', 'serial'],
      ['allocation_id', 'serial'],
      ['delivery_id', 'serial'],
      ['repair_id', 'serial'],
    ],
  },
  keys: { ...ofEvery, DiscrepancyRaised: ofDamaged, DiscrepancyResolved: ofDamaged },
  evolve: (row, event) => {
    if (isFound(event)) return row && { ...row, condition: conditionBy(event) };
    const revision = Number(event.revision);
    if (event.type !== 'MinerReceived') return row && { ...row, ...changeBy(event, row), revision };
    const { data } = event;
    return {
      serial: data.serial,
      customer_id: data.customerId,
      contract_id: data.contractId,
      model: data.model,
      state: 'stored',
      facility: data.place.facility,
      ...placeColumns(data.place),
      since: event.metadata.occurredAt,
      hashrate_ghs: data.ratedHashrateGhs,
      power_watts: data.nameplateWatts,
      energized: false,
      profile: null,
      allocation_id: null,
      repair_id: null,
      condition: data.condition,
      control_board_serial: data.controlBoardSerial ?? null,
      mac: data.mac ?? null,
      delivery_id: data.deliveryId,
      delivery_line: data.line,
      revision,
    };
  },
});

type LaterEvent = Recorded<Exclude<MinerEvent, { type: 'MinerReceived' }>>;

const changeBy = (event: LaterEvent, row: MinerRow): Partial<MinerRow> => {
  switch (event.type) {
    case 'MinerInstalled':
    case 'MinerRelocated':
    case 'MinerUninstalled':
    case 'MinerDeparted':
    case 'MinerArrived':
    case 'MinerSentToVendor':
    case 'MinerReturnedFromVendor':
      return { ...placed(event.data.to), since: event.metadata.occurredAt };
    case 'MinerRetired':
      return { ...gone, state: 'retired', since: event.metadata.occurredAt };
    case 'MinerEnergized':
      return { energized: true };
    case 'MinerDeenergized':
      return { energized: false };
    case 'PowerProfileChanged': {
      const { profile, hashrateGhs, powerWatts } = event.data;
      return { profile, hashrate_ghs: hashrateGhs, power_watts: powerWatts };
    }
    case 'ModelCorrected':
      return correctedBy(event.data);
    case 'MinerAssigned':
      return { contract_id: event.data.contractId, allocation_id: event.data.allocationId };
    case 'MinerUnassigned':
      return { allocation_id: null };
    case 'RepairOpened':
      return { repair_id: event.data.repairId };
    case 'RepairClosed':
      return { repair_id: null };
    case 'TitleTransferred':
      return { customer_id: event.data.toCustomerId };
    case 'IdentifierObserved':
      return observed(event.data, row);
    case 'ComponentSwapped':
      return event.data.component === 'controlBoard'
        ? { control_board_serial: event.data.fittedSerial }
        : {};
    case 'RelocationAbandoned':
    case 'BenchSwapEnded':
      return {};
    default:
      return unreachable(event);
  }
};

/** At its nameplate it runs under no profile; under one it keeps it. */
const correctedBy = (data: ModelCorrected['data']): Partial<MinerRow> => {
  const { model, hashrateGhs, powerWatts, nameplateWatts, received } = data;
  const isAtNameplate = powerWatts === nameplateWatts && hashrateGhs === received.hashrateGhs;
  const ratings = { hashrate_ghs: hashrateGhs, power_watts: powerWatts };
  return { model, ...ratings, ...(isAtNameplate && { profile: null }) };
};

const gone = {
  facility: null,
  rack: null,
  slot: null,
  left_facility: null,
  relocation_id: null,
  vendor: null,
} as const;

const placed = (place: Place): Partial<MinerRow> => ({
  state: STATE[place.kind],
  facility: facilityOf(place),
  ...placeColumns(place),
});

const observed = ({ kind, value }: IdentifierObserved['data'], row: MinerRow) => ({
  mac: kind === 'mac' ? value : row.mac,
  control_board_serial: kind === 'controlBoard' ? value : row.control_board_serial,
});

export const minersProjection: Projection = { name: 'miners', version: 5, tables: [miners] };
