import type { ModelTotal } from './delivery-totals.js';

/** What can be wrong with a line, or with a machine at the dock. */
export type DiscrepancyKind =
  | 'duplicateSerial'
  | 'duplicateInManifest'
  | 'unknownModel'
  | 'malformed'
  | 'missing'
  | 'damaged'
  | 'wrongModel'
  | 'unexpected';

export interface Discrepancy {
  /** Line of the manifest; 0 for a machine that no line names. */
  readonly line: number;
  readonly kind: DiscrepancyKind;
  /** Absent where the line has no legible one. */
  readonly serial?: string;
  readonly detail: string;
  /** The machine as received, or as the line announces it; one unit. */
  readonly machine?: ModelTotal;
  /** What the machine is, where the manifest says another model; one unit. */
  readonly found?: ModelTotal;
  /** Found so, of a machine that no line names. */
  readonly damaged?: true;
}

export type Resolution = 'arrivedLate' | 'accepted' | 'returned' | 'credited' | 'corrected';

/** How a discrepancy is settled, by whom and why. */
export interface ResolutionBy {
  readonly discrepancyId: string;
  readonly resolution: Resolution;
  /** Subject who settled it. */
  readonly resolvedBy: string;
  readonly reason: string;
}

export interface KnownDiscrepancy extends Discrepancy {
  readonly discrepancyId: string;
  readonly status: 'open' | 'resolving' | 'resolved';
  readonly resolution?: Resolution;
  /** Of the machine that came in. */
  readonly settledSerial?: string;
  /** Why the machine of the last try was not taken in. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** While a machine is being taken in. */
  readonly begun?: ResolutionBy & { readonly serial: string; readonly model: string };
}

/** The same trouble with the same line is one discrepancy, however often it is told. */
export const discrepancyIdOf = ({
  line,
  kind,
  serial,
}: Pick<Discrepancy, 'line' | 'kind' | 'serial'>): string =>
  `${line === 0 ? (serial ?? 'unknown') : line}-${kind}`;

/** Lines of these were not received. */
export const UNRECEIVED = [
  'missing',
  'duplicateSerial',
  'duplicateInManifest',
  'unknownModel',
  'malformed',
] as const satisfies readonly DiscrepancyKind[];

/** Of a machine that was received: while one of these is open, the machine is not accepted. */
export const DISPUTES = ['damaged', 'wrongModel'] as const satisfies readonly DiscrepancyKind[];

export const isDispute = ({ kind }: Pick<Discrepancy, 'kind'>): boolean =>
  kind === 'damaged' || kind === 'wrongModel';

const ofRefused: readonly Resolution[] = ['corrected', 'returned', 'credited'];
const ofDisputed: readonly Resolution[] = ['accepted', 'returned', 'credited', 'corrected'];

/** How each kind can be settled. */
export const RESOLUTIONS: Readonly<Record<DiscrepancyKind, readonly Resolution[]>> = {
  missing: ['arrivedLate', 'corrected', 'credited'],
  duplicateSerial: ofRefused,
  duplicateInManifest: ofRefused,
  unknownModel: ofRefused,
  malformed: ofRefused,
  damaged: ofDisputed,
  wrongModel: ofDisputed,
  unexpected: ['accepted', 'returned', 'corrected'],
};

/** Whether the machine is taken into the fleet by this; it then needs a serial and a model. */
export const takesIn = (kind: DiscrepancyKind, resolution: Resolution): boolean =>
  kind === 'unexpected'
    ? resolution === 'accepted'
    : !isDispute({ kind }) && (resolution === 'arrivedLate' || resolution === 'corrected');

/** Whether a machine that was taken in leaves the fleet by this; it retires from storage. */
export const handsBack = (kind: DiscrepancyKind, resolution: Resolution): boolean =>
  isDispute({ kind }) && resolution === 'returned';

/** Whether the machine counts by this as the model that it was found to be. */
export const recounts = (kind: DiscrepancyKind, resolution: Resolution): boolean =>
  kind === 'wrongModel' && (resolution === 'accepted' || resolution === 'credited');

/** Whether a line that was not received has its machine now. */
export const hasArrived = ({ kind, status, resolution }: KnownDiscrepancy): boolean =>
  kind !== 'unexpected' &&
  status === 'resolved' &&
  resolution !== undefined &&
  takesIn(kind, resolution);
