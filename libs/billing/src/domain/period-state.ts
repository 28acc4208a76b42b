import { unreachable } from '@hostledger/eventsourcing';
import type {
  AdjustmentAgreed,
  AdjustmentPosted,
  PeriodClosed,
  PeriodCloseBegan,
  PeriodCloseRefused,
  PeriodEvent,
  RestatedLine,
  RestatementApproved,
  RestatementProposed,
  StatementIssued,
} from './period-events.js';
import { knownFormula, NEWEST, toldBy, type Formula } from './rating/formula.js';
import { adjustedBy, standingOf, type AdjustmentLine, type Stands } from './standing.js';
import type { StatementLine } from './statement.js';

export type RestatementStatus = 'proposed' | 'approved' | 'rejected';

export interface Restatement {
  readonly proposed: RestatementProposed['data'];
  readonly lines: readonly RestatedLine[];
  /** Events that the lines came in. */
  readonly chunks: number;
  readonly status: RestatementStatus;
  /** Once it is approved: the day that its statement is dated with. */
  readonly issuedOn?: string;
  /** How often what stands had changed when it was proposed. */
  readonly changes: number;
}

export interface Agreement {
  readonly agreed: AdjustmentAgreed['data'];
  /** The close that took it up. */
  readonly closeId?: string;
}

export interface Posting {
  readonly closeId: string;
  /** Events that the lines came in. */
  readonly chunks: number;
  readonly lines: readonly AdjustmentLine[];
  /** Agreements that are taken up. */
  readonly agreed: readonly string[];
}

/** A month of a contract, as far as decisions read it. */
export interface BillingPeriod {
  readonly status: 'open' | 'closing' | 'closed';
  /** The last attempt to close it. */
  readonly begun?: PeriodCloseBegan['data'];
  readonly refused?: PeriodCloseRefused['data'];
  readonly closed?: PeriodClosed['data'];
  /** Of the statement that it was closed with. */
  readonly lines: readonly StatementLine[];
  /** Events that the lines came in. */
  readonly chunks: number;
  readonly stands: Stands;
  /** The position that what stands is true at, in digits; that of the close, of an adjustment or a restatement. */
  readonly standsAt: string;
  /** How often what stands has changed. */
  readonly changes: number;
  /** By their ids. */
  readonly issued: ReadonlyMap<string, StatementIssued['data']>;
  /** What a later close adjusts, of which not all is recorded yet; none of it stands until then. */
  readonly posting?: Posting;
  /** What later closes adjusted, by their ids. */
  readonly posted: ReadonlyMap<string, readonly AdjustmentLine[]>;
  readonly agreements: ReadonlyMap<string, Agreement>;
  readonly restatements: ReadonlyMap<string, Restatement>;
}

export const untouched: BillingPeriod = {
  status: 'open',
  lines: [],
  chunks: 0,
  stands: new Map(),
  standsAt: '0',
  changes: 0,
  issued: new Map(),
  posted: new Map(),
  agreements: new Map(),
  restatements: new Map(),
};

/** A month of which the statement is out: the next one can be closed. */
export const isIssued = ({ closed, issued }: BillingPeriod): boolean =>
  closed !== undefined && issued.has(closed.statementId);

/** Whether some of what a close adjusts is recorded. */
export const hasPostedFor = ({ posted: done, posting }: BillingPeriod, closeId: string): boolean =>
  done.has(closeId) || posting?.closeId === closeId;

/** Whether all its lines are recorded. */
export const isComplete = ({ proposed, lines }: Restatement): boolean =>
  lines.length === proposed.lineCount;

/** Agreements that no close has taken up, of those that are pinned, or of all. */
export const openAgreements = (
  { agreements }: BillingPeriod,
  pinned?: readonly string[],
): AdjustmentAgreed['data'][] =>
  [...agreements.values()]
    .filter(({ closeId }) => closeId === undefined)
    .map(({ agreed }) => agreed)
    .filter(({ adjustmentId }) => pinned === undefined || pinned.includes(adjustmentId));

/**
 * By which formula a month is computed: that with which its close began, the newest where none did. Before it
 * was recorded months had been closed by the first and by the second one; parts of receipts are told
 * otherwise by each, and without any both come to the same.
 * @throws DomainError `period/formula-unknown`.
 */
export const formulaOf = ({ status, begun, lines, posted: done }: BillingPeriod): Formula => {
  if (!begun || status === 'open') return NEWEST;
  if (begun.formula !== undefined) return knownFormula(begun.formula);
  const own = lines.filter(({ adjusts }) => !adjusts);
  return toldBy([...own, ...[...done.values()].flat()]) ?? SINCE_TOLD;
};

/** The one by which months were closed when it began to be recorded. */
const SINCE_TOLD: Formula = 2;

export const evolve = (period: BillingPeriod, event: PeriodEvent): BillingPeriod => {
  switch (event.type) {
    case 'PeriodCloseBegan': {
      const { refused: _, ...rest } = period;
      return { ...rest, status: 'closing', begun: event.data };
    }
    case 'PeriodCloseRefused':
      return { ...period, status: 'open', refused: event.data };
    case 'PeriodLinesRecorded':
      return {
        ...period,
        lines: [...period.lines, ...event.data.lines],
        chunks: event.data.chunk,
      };
    case 'PeriodClosed':
      return {
        ...period,
        status: 'closed',
        closed: event.data,
        stands: standingOf(period.lines),
        standsAt: event.data.position,
      };
    case 'StatementIssued':
      return { ...period, issued: withEntry(period.issued, event.data.statementId, event.data) };
    case 'AdjustmentPosted':
      return posted(period, event.data);
    case 'AdjustmentAgreed': {
      const { adjustmentId } = event.data;
      const agreements = withEntry(period.agreements, adjustmentId, { agreed: event.data });
      return { ...period, agreements };
    }
    case 'RestatementProposed': {
      const { restatementId } = event.data;
      const proposal: Restatement = {
        proposed: event.data,
        lines: [],
        chunks: 0,
        status: 'proposed',
        changes: period.changes,
      };
      return { ...period, restatements: withEntry(period.restatements, restatementId, proposal) };
    }
    case 'RestatementLinesRecorded':
      return withRestatement(period, event.data, (restatement) => ({
        ...restatement,
        lines: [...restatement.lines, ...event.data.lines],
        chunks: event.data.chunk,
      }));
    case 'RestatementRejected':
      return withRestatement(period, event.data, (one) => ({ ...one, status: 'rejected' }));
    case 'RestatementApproved':
      return approved(period, event.data);
    default:
      return unreachable(event);
  }
};

const withEntry = <V>(map: ReadonlyMap<string, V>, key: string, value: V): Map<string, V> =>
  new Map(map).set(key, value);

/** All of it at once, with the last of the events: what is cut in parts is one change. */
const posted = (period: BillingPeriod, data: AdjustmentPosted['data']): BillingPeriod => {
  const { closeId } = data.into;
  const { posting, ...rest } = period;
  const before = posting?.closeId === closeId ? posting : undefined;
  const lines = [...(before?.lines ?? []), ...data.lines];
  const agreed = [...(before?.agreed ?? []), ...data.agreed];
  if (data.chunk < data.chunks) {
    return { ...rest, posting: { closeId, chunks: data.chunk, lines, agreed } };
  }
  const late = lines.filter(({ adjusts }) => adjusts.cause === 'lateFact');
  const agreements = new Map(period.agreements);
  for (const id of agreed) {
    const agreement = agreements.get(id);
    if (agreement) agreements.set(id, { ...agreement, closeId });
  }
  return {
    ...rest,
    agreements,
    posted: withEntry(period.posted, closeId, lines),
    stands: adjustedBy(period.stands, late),
    standsAt: later(period.standsAt, data.inputsDigest === undefined ? '0' : data.position),
    changes: late.length > 0 ? period.changes + 1 : period.changes,
  };
};

const approved = (period: BillingPeriod, data: RestatementApproved['data']): BillingPeriod => {
  const restatement = period.restatements.get(data.restatementId);
  if (!restatement) return period;
  return {
    ...withRestatement(period, data, (one) => ({
      ...one,
      status: 'approved',
      issuedOn: data.issuedOn,
    })),
    stands: adjustedBy(period.stands, restatement.lines.map(unnumbered)),
    standsAt: later(period.standsAt, restatement.proposed.position),
    changes: period.changes + 1,
  };
};

const unnumbered = ({ number: _, ...line }: RestatedLine): AdjustmentLine => line;

const withRestatement = (
  period: BillingPeriod,
  { restatementId }: { readonly restatementId: string },
  change: (restatement: Restatement) => Restatement,
): BillingPeriod => {
  const before = period.restatements.get(restatementId);
  if (!before) return period;
  return { ...period, restatements: withEntry(period.restatements, restatementId, change(before)) };
};

/** Of two positions in digits. */
export const later = (one: string, other: string): string =>
  BigInt(one) >= BigInt(other) ? one : other;
