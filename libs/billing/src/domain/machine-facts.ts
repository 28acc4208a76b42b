import type { Source } from './inputs.js';

/** Where a machine is; without a facility it is on the road, at a vendor or gone. */
export type PlaceKind = 'slot' | 'storage' | 'transit' | 'vendor' | 'gone';

/** What happened to a machine, as far as it is used, charged or credited. */
export const MACHINE_FACTS = [
  'received',
  'placed',
  'energized',
  'deenergized',
  'profileChanged',
  'modelCorrected',
  'assigned',
  'unassigned',
  'titleTransferred',
  'repairOpened',
  'repairClosed',
  'retired',
] as const;
export type MachineFactKind = (typeof MACHINE_FACTS)[number];

/**
 * Absent fields stay as they were before. The facts of a machine are of one stream and happened in
 * the order in which it has them.
 */
export interface MachineFact {
  readonly serial: string;
  readonly kind: MachineFactKind;
  /**
   * When it happened, ISO 8601 UTC with milliseconds. One that is dated before a fact recorded
   * earlier, by clocks that differ or an act that waited, counts from the instant of that fact on.
   */
  readonly at: string;
  readonly source: Source;
  readonly contractId?: string;
  readonly customerId?: string;
  readonly placeKind?: PlaceKind;
  readonly facility?: string;
  /** It was moved from one slot to another, or came to another site. */
  readonly moved?: boolean;
  readonly powerWatts?: number;
  readonly hashrateGhs?: number;
  /** Why it ceased to draw power. */
  readonly cause?: string;
  readonly curtailmentId?: string;
}
