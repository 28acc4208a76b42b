import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { MinerReturnedFromVendor, MinerSentToVendor } from '../../domain/miner-repair.js';
import type { TransitEvent } from '../../domain/miner-transit.js';
import { facilityOf, type MinerInstalled, type MinerRelocated } from '../../domain/miner.js';

export const KIND = {
  MinerInstalled: 'installation',
  MinerRelocated: 'relocation',
  MinerUninstalled: 'uninstallation',
  MinerDeparted: 'departure',
  MinerArrived: 'arrival',
  MinerSentToVendor: 'sentToVendor',
  MinerReturnedFromVendor: 'returnedFromVendor',
} as const;

/** A move that was made: what, when, from where to where, why and by whom. */
export interface MoveRow {
  /** Of the event in the log, which orders the moves. */
  readonly position: bigint;
  readonly serial: string;
  readonly kind: (typeof KIND)[keyof typeof KIND];
  readonly customer_id: string;
  readonly model: string;
  /** Of an arrival, the facility it had left. */
  readonly from_facility: string;
  /** Null for a move out of storage, and for an arrival. */
  readonly from_rack: string | null;
  readonly from_slot: number | null;
  /** Of a departure, the facility it goes to. */
  readonly to_facility: string;
  /** Null for a machine that is on the road from here on, or goes to storage. */
  readonly to_rack: string | null;
  readonly to_slot: number | null;
  /** Of a departure and an arrival: the facility it went to, wherever it came, and the plan. */
  readonly bound_for: string | null;
  readonly relocation_id: string | null;
  /** To or from whom it was sent. */
  readonly vendor: string | null;
  readonly moved_at: string;
  readonly reason: string | null;
  readonly moved_by: string;
  readonly correlation_id: string;
  /** Of the miner's stream. */
  readonly revision: number;
}

const atPosition = ({ position }: { position: bigint }) => [{ position }];

type MoveEvent =
  MinerInstalled | MinerRelocated | TransitEvent | MinerSentToVendor | MinerReturnedFromVendor;

export const moves = tableFold<MoveRow, MoveEvent>({
  table: {
    name: 'miner_moves',
    columns: {
      position: 'bigint',
      serial: 'text',
      kind: 'text',
      customer_id: 'text',
      model: 'text',
      from_facility: 'text',
      from_rack: 'text',
      from_slot: 'integer',
      to_facility: 'text',
      to_rack: 'text',
      to_slot: 'integer',
      bound_for: 'text',
      relocation_id: 'text',
      vendor: 'text',
      moved_at: 'timestamptz',
      reason: 'text',
      moved_by: 'text',
      correlation_id: 'text',
      revision: 'integer',
    },
    key: ['position'],
    nullable: [
      'from_rack',
      'from_slot',
      'to_rack',
      'to_slot',
      'bound_for',
      'relocation_id',
      'vendor',
      'reason',
    ],
    indexes: [
      ['serial', 'position'],
      ['from_facility', 'position'],
      ['to_facility', 'position'],
      ['customer_id', 'position'],
      ['kind', 'position'],
      ['moved_at', 'position'],
    ],
    insertOnly: true,
  },
  keys: {
    MinerInstalled: atPosition,
    MinerRelocated: atPosition,
    MinerDeparted: atPosition,
    MinerArrived: atPosition,
    MinerUninstalled: atPosition,
    MinerSentToVendor: atPosition,
    MinerReturnedFromVendor: atPosition,
  },
  evolve: (_, { type, data, metadata, position, revision }) => ({
    position,
    serial: data.serial,
    kind: KIND[type],
    customer_id: data.customerId,
    model: data.model,
    from_facility: data.from.kind === 'transit' ? data.from.from : facilityOf(data.from),
    from_rack: data.from.kind === 'slot' ? data.from.rack : null,
    from_slot: data.from.kind === 'slot' ? data.from.slot : null,
    to_facility: facilityOf(data.to),
    to_rack: data.to.kind === 'slot' ? data.to.rack : null,
    to_slot: data.to.kind === 'slot' ? data.to.slot : null,
    ...awayBy(data),
    moved_at: metadata.occurredAt,
    reason: metadata.reason ?? null,
    moved_by: metadata.actor.subject,
    correlation_id: metadata.$correlationId,
    revision: Number(revision),
  }),
});

const awayBy = ({ from, to }: MoveEvent['data']) => {
  const [road] = [from, to].filter((place) => place.kind === 'transit');
  const [away] = [from, to].filter((place) => place.kind === 'vendor');
  return {
    bound_for: road?.to ?? null,
    relocation_id: road?.relocationId ?? null,
    vendor: away?.vendor ?? null,
  };
};

export const movesProjection: Projection = { name: 'miner_moves', version: 4, tables: [moves] };
