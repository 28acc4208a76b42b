import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  formFault,
  noReadings,
  readingName,
  sortOut,
  type Reading,
  type ReadingFacts,
  type Readings,
} from './meter-readings.js';
import { registerAfter, registerFault } from './meter-registers.js';

/** Of one event, which stays far below 48 KiB so. */
const MAX_READINGS_AN_EVENT = 200;
/** Of one correction. */
export const MAX_REPLACEMENTS = 200;

// Events

/** Whose month it is that an event is about. */
export interface OfMeterMonth {
  /** The code of the meter. */
  readonly meterId: string;
  readonly contractId: string;
  /** Code of the site. */
  readonly facility: string;
  /** Readings are in Wh of energy, or satoshi of proceeds. */
  readonly kind: 'energy' | 'proceeds';
  /** YYYY-MM, of the zone of the meter. */
  readonly month: string;
}

/** What a meter told, as it is recorded. */
export interface RecordedReading {
  /** When the interval begins. */
  readonly from: string;
  /** When it ends; it is not of the interval any more. */
  readonly until: string;
  /** Whole Wh or satoshi of the interval, in digits. */
  readonly amount: string;
  /** What the meter counts up to, as it stood at `until`, in digits. */
  readonly register?: string;
  /** Of the upload, as its sender counts. */
  readonly line?: number;
}

/** A reading that takes the place of others. */
export interface ReplacingReading extends RecordedReading {
  /** How it was estimated; absent where it was measured. */
  readonly estimatedBy?: string;
}

/** Where readings came from. */
export interface UploadedIn {
  /** SHA-256 (hex) of the file as it was sent. */
  readonly digest: string;
  /** That took the file in. */
  readonly operationId: string;
}

export type UsageAccepted = DomainEvent<
  'UsageAccepted',
  OfMeterMonth &
    UploadedIn & {
      /** Measured, in the order of time, each beginning where the one before it ended. */
      readings: readonly RecordedReading[];
    }
>;
export type UsageEstimated = DomainEvent<
  'UsageEstimated',
  OfMeterMonth &
    UploadedIn & {
      /** How. */
      method: string;
      /** In the order of time, each beginning where the one before it ended. */
      readings: readonly RecordedReading[];
    }
>;
export type UsageCorrected = DomainEvent<
  'UsageCorrected',
  OfMeterMonth & {
    /** All that was known of this interval is replaced; it begins and ends with known readings. */
    from: string;
    /** Where the last of them ends. */
    until: string;
    /** In its place, in the order of time and without a gap; `estimatedBy` where one is estimated. */
    readings: readonly ReplacingReading[];
    cause: string;
  }
>;
export type MeterMonthEvent = UsageAccepted | UsageEstimated | UsageCorrected;

export const meterMonthEvents: EventCatalogue<MeterMonthEvent> = {
  UsageAccepted: 'Totals that a meter measured over intervals were accepted.',
  UsageEstimated: 'Totals of intervals that no meter told were estimated, as the terms allow.',
  UsageCorrected:
    'What was known of an interval was replaced: a true-up, or what was told wrongly.',
};

/** Of the stream. */
export const meterMonthId = (meterId: string, month: string): string => `${meterId}.${month}`;

// State

/** Readings of an event as they hold. */
export const readingsOf = (event: MeterMonthEvent): readonly Reading[] => {
  if (event.type !== 'UsageEstimated') return event.data.readings;
  const { method: estimatedBy, readings } = event.data;
  return readings.map((reading) => ({ ...reading, estimatedBy }));
};

const evolve = ({ known, told }: Readings, event: MeterMonthEvent): Readings => {
  const added = readingsOf(event);
  const allTold = new Set(told);
  for (const reading of added) allTold.add(readingName(reading));
  if (event.type !== 'UsageCorrected') return { known: [...known, ...added], told: allTold };
  const { from, until } = event.data;
  const before = known.filter((reading) => reading.until <= from);
  const after = known.filter((reading) => reading.from >= until);
  return { known: [...before, ...added, ...after], told: allTold };
};

// Commands and decisions

export type NewReading = Reading & { readonly line?: number };

interface Correction {
  readonly from: string;
  readonly until: string;
  readonly readings: readonly Reading[];
  readonly cause: string;
}

export type MeterMonthCommand =
  | DomainCommand<
      'AcceptReadings',
      UploadedIn & { readonly facts: ReadingFacts; readonly readings: readonly NewReading[] }
    >
  | DomainCommand<'CorrectUsage', Correction & { readonly facts: ReadingFacts }>;

const decide = (command: MeterMonthCommand, month: Readings): readonly MeterMonthEvent[] => {
  switch (command.type) {
    case 'AcceptReadings': {
      const { facts, readings, digest, operationId } = command.data;
      const { taken, refused } = sortOut(month, readings, facts, command.at);
      if (refused.length > 0) throw refused[0]!.fault;
      return accepted(taken, { ...ofMeterMonth(facts), digest, operationId });
    }
    case 'CorrectUsage':
      return correct(command.data, month, command.at);
    default:
      return unreachable(command);
  }
};

const ofMeterMonth = ({ meter, month }: ReadingFacts): OfMeterMonth => {
  const { meterId, contractId, facility, kind } = meter;
  return { meterId, contractId, facility, kind, month };
};

/** Readings in a row that are measured, or estimated in one way, share an event. */
const accepted = (
  taken: readonly NewReading[],
  about: OfMeterMonth & UploadedIn,
): MeterMonthEvent[] => {
  const events: MeterMonthEvent[] = [];
  let run: NewReading[] = [];
  const close = (): void => {
    if (run.length === 0) return;
    const method = run[0]!.estimatedBy;
    const readings = run.map(({ estimatedBy: _, ...reading }) => reading);
    events.push(
      method === undefined
        ? { type: 'UsageAccepted', data: { ...about, readings } }
        : { type: 'UsageEstimated', data: { ...about, method, readings } },
    );
    run = [];
  };
  for (const reading of taken) {
    const goesOn = run[0]?.estimatedBy === reading.estimatedBy;
    if (!goesOn || run.length === MAX_READINGS_AN_EVENT) close();
    run.push(reading);
  }
  close();
  return events;
};

const correct = (
  { facts, from, until, readings, cause }: Correction & { readonly facts: ReadingFacts },
  { known }: Readings,
  now: string,
): readonly MeterMonthEvent[] => {
  const replaced = known.filter((reading) => reading.from < until && reading.until > from);
  if (replaced[0]?.from !== from || replaced.at(-1)!.until !== until) {
    throw nothingToCorrect(from, until, replaced);
  }
  const ordered = readings.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  mustFill({ from, until }, ordered);
  for (const reading of ordered) {
    const fault = formFault(reading, facts, now, pointerTo(reading, readings));
    if (fault) throw fault;
  }
  if (isSame(replaced, ordered)) return [];
  const before = known.filter((reading) => reading.until <= from);
  const after = known.filter((reading) => reading.from >= until);
  mustCount([...before, ...ordered, ...after], facts, readings);
  const data = { ...ofMeterMonth(facts), from, until, readings: ordered, cause };
  return [{ type: 'UsageCorrected', data }];
};

/** Among those sent; to all of them where it is one that they would have to fit to. */
const pointerTo = (reading: Reading, sent: readonly Reading[]): string =>
  sent.includes(reading) ? `/readings/${sent.indexOf(reading)}` : '/readings';

const nothingToCorrect = (
  from: string,
  until: string,
  touched: readonly Reading[],
): DomainError => {
  const intervals = touched
    .slice(0, 20)
    .map((reading) => ({ from: reading.from, until: reading.until }));
  return new DomainError(
    'conflict',
    'meter/nothing-to-correct',
    `No known readings begin at ${from} and end at ${until}`,
    { from, until, known: intervals },
    '/from',
  );
};

/** What takes the place of an interval says something of every part of it, once. */
const mustFill = (
  { from, until }: { readonly from: string; readonly until: string },
  ordered: readonly Reading[],
): void => {
  let end = from;
  for (const reading of ordered) {
    if (reading.from !== end) break;
    end = reading.until;
  }
  if (end === until && ordered.at(-1)?.until === until) return;
  throw new DomainError(
    'invalid',
    'meter/correction-incomplete',
    `The readings do not fill ${from} to ${until} without a gap or an overlap; they do up to ${end}`,
    { from, until, filledUntil: end },
    '/readings',
  );
};

const isSame = (some: readonly Reading[], others: readonly Reading[]): boolean =>
  some.length === others.length &&
  some.every((reading, index) => readingName(reading) === readingName(others[index]!));

/**
 * The registers of a month make sense one after another. A reading that tells none is not held against
 * later months: where one was misread between two months, both are corrected, one after the other.
 */
const mustCount = (
  readings: readonly Reading[],
  { before: previous, after }: ReadingFacts,
  sent: readonly Reading[],
): void => {
  let before = previous;
  for (const reading of readings) {
    const around = {
      ...(before && { before }),
      ...(after && reading.register !== undefined && { after }),
    };
    const fault = registerFault(reading, around, pointerTo(reading, sent));
    if (fault) throw fault;
    before = registerAfter(before, reading);
  }
};

/**
 * What a meter told of one month of its contract's zone: intervals from the start of the month, or of
 * the meter, on, without gaps and overlaps.
 */
export const meterMonthAggregate: Aggregate<Readings, MeterMonthCommand, MeterMonthEvent> = {
  category: 'meterMonth',
  initialState: noReadings,
  events: meterMonthEvents,
  decide,
  evolve,
};
