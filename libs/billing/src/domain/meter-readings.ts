import { DomainError } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import type { Window } from './inputs.js';
import type { KnownMeter } from './meter.js';
import { monthOf } from './meter-months.js';
import { registerAfter, registerFault, type RegisterAt } from './meter-registers.js';

// Which readings of a meter are accepted. All of a month together are one stretch without gap.

/** What a meter told of an interval, in whole Wh or satoshi. */
export interface Reading extends Window {
  /** Of the interval, in digits. */
  readonly amount: string;
  /** What the meter itself counts up to, as it stood at `until`, in digits. */
  readonly register?: string;
  /** How it was estimated; absent where it was measured. */
  readonly estimatedBy?: string;
}

/** What is known from elsewhere when readings of a month are judged. */
export interface ReadingFacts {
  readonly meter: KnownMeter;
  /** YYYY-MM, of the zone of the meter. */
  readonly month: string;
  readonly window: Window;
  /** Versions of the contract's terms by their days: whether what no meter told may be estimated. */
  readonly estimation: readonly { readonly effectiveOn: string; readonly agreed: boolean }[];
  /** As the register stands by what earlier months tell, if one of them tells it. */
  readonly before?: RegisterAt;
  /** As it stood by what later months tell. */
  readonly after?: RegisterAt;
}

/** What is known of a month. */
export interface Readings {
  /** That hold, in their order. */
  readonly known: readonly Reading[];
  /** Every reading there ever was, by {@link readingName}. */
  readonly told: ReadonlySet<string>;
}

/** The month that a reading is judged in; one out of bounds is refused there as well as anywhere. */
export const monthOfReading = ({ timeZone, startsAt }: KnownMeter, from: string, now: string) => {
  const begun = from < startsAt ? startsAt : from;
  return monthOf(timeZone, begun < now ? begun : now);
};

export const noReadings: Readings = { known: [], told: new Set() };

/** Two readings of one name say the same. */
export const readingName = ({ from, until, amount, register, estimatedBy }: Reading): string =>
  JSON.stringify([from, until, amount, register ?? null, estimatedBy ?? null]);

export interface SortedOut<R extends Reading> {
  /** In the order of time. */
  readonly taken: readonly R[];
  readonly refused: readonly { readonly reading: R; readonly fault: DomainError }[];
}

/**
 * Which of some readings are to be accepted, whatever their order, and which not and why. One that
 * was told before is neither, also where it was corrected since.
 */
export const sortOut = <R extends Reading>(
  { known, told }: Readings,
  readings: readonly R[],
  facts: ReadingFacts,
  now: string,
): SortedOut<R> => {
  const taken: R[] = [];
  const refused: { reading: R; fault: DomainError }[] = [];
  const stretch = new Stretch(known, told, facts);
  const inOrder = readings.toSorted((a, b) =>
    a.from === b.from ? compare(a.until, b.until) : compare(a.from, b.from),
  );
  for (const reading of inOrder) {
    if (stretch.hasTold(reading)) continue;
    const fault = formFault(reading, facts, now) ?? stretch.fault(reading);
    if (fault) {
      refused.push({ reading, fault });
    } else {
      stretch.add(reading);
      taken.push(reading);
    }
  }
  return { taken, refused };
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** When the readings of a month begin. */
const startOfMonth = ({ window, meter }: ReadingFacts): string =>
  meter.startsAt > window.from ? meter.startsAt : window.from;

/** What is known of a month and grows at its end. */
class Stretch {
  private readonly byFrom: Map<string, Reading>;
  private readonly told: Set<string>;
  private readonly start: string;
  private end: string;
  private register: RegisterAt | undefined;

  constructor(
    known: readonly Reading[],
    told: ReadonlySet<string>,
    private readonly facts: ReadingFacts,
  ) {
    this.byFrom = new Map(known.map((reading) => [reading.from, reading]));
    this.told = new Set(told);
    this.start = startOfMonth(facts);
    this.end = known.at(-1)?.until ?? this.start;
    this.register = known.reduce(registerAfter, facts.before);
  }

  hasTold(reading: Reading): boolean {
    return this.told.has(readingName(reading));
  }

  fault(reading: Reading): DomainError | undefined {
    const { from, until } = reading;
    const same = this.byFrom.get(from);
    if (same?.until === until) return toldOtherwise(same);
    if (from < this.end) return overlap(reading, this.end);
    if (from > this.end) return gap(this.end, from);
    const { after } = this.facts;
    const before = this.register;
    return registerFault(reading, { ...(before && { before }), ...(after && { after }) });
  }

  add(reading: Reading): void {
    this.byFrom.set(reading.from, reading);
    this.told.add(readingName(reading));
    this.end = reading.until;
    this.register = registerAfter(this.register, reading);
  }
}

/** What is wrong with a reading by itself. @param at where it is in what was sent, as a pointer. */
export const formFault = (
  reading: Reading,
  facts: ReadingFacts,
  now: string,
  at = '',
): DomainError | undefined => {
  const { from, until } = reading;
  const { meter, window } = facts;
  if (until <= from) {
    return new DomainError(
      'invalid',
      'meter/backwards',
      `A reading from ${from} cannot end at ${until}`,
      { from, until },
      `${at}/until`,
    );
  }
  if (from < meter.startsAt || (meter.endsAt !== undefined && until > meter.endsAt)) {
    const { startsAt, endsAt } = meter;
    return new DomainError(
      'conflict',
      'meter/outside-life',
      `Meter ${meter.meterId} measures from ${startsAt} ${endsAt === undefined ? 'on' : `to ${endsAt}`}`,
      { from, until, startsAt, ...(endsAt !== undefined && { endsAt }) },
      from < startsAt ? `${at}/from` : `${at}/until`,
    );
  }
  if (until > now) {
    return new DomainError(
      'conflict',
      'meter/not-come',
      `It is ${now}, and ${until} is still to come`,
      { now, instant: until },
      `${at}/until`,
    );
  }
  if (from < window.from || until > window.until) {
    return new DomainError(
      'invalid',
      'meter/across-months',
      `A month in ${meter.timeZone} ends at ${window.until}; split the reading there`,
      { from, until, month: monthOf(meter.timeZone, from), endsAt: window.until },
      `${at}/until`,
    );
  }
  return estimateFault(reading, facts, at);
};

const estimateFault = (
  { from, estimatedBy }: Reading,
  { meter, estimation }: ReadingFacts,
  at: string,
): DomainError | undefined => {
  if (estimatedBy === undefined) return undefined;
  const day = dayIn(meter.timeZone, from);
  if (estimation.findLast(({ effectiveOn }) => effectiveOn <= day)?.agreed) return undefined;
  return new DomainError(
    'conflict',
    'meter/estimate-not-agreed',
    `The terms in force on ${day} do not say that what no meter told may be estimated`,
    { day, contractId: meter.contractId },
    `${at}/estimatedBy`,
  );
};

const toldOtherwise = ({ amount, register, estimatedBy }: Reading): DomainError =>
  new DomainError(
    'conflict',
    'meter/told-otherwise',
    `Of that interval ${amount} is ${estimatedBy === undefined ? 'recorded' : 'estimated'}, which only a correction replaces`,
    {
      amount,
      ...(register !== undefined && { register }),
      ...(estimatedBy !== undefined && { estimatedBy }),
    },
  );

const overlap = ({ from, until }: Reading, end: string): DomainError =>
  new DomainError(
    'conflict',
    'meter/overlap',
    `Readings are known up to ${end}, and none of them is of that very interval`,
    { from, until, knownUntil: end },
    '/from',
  );

const gap = (end: string, from: string): DomainError =>
  new DomainError(
    'conflict',
    'meter/gap',
    `Of ${end} to ${from} nothing is known; tell that first, or estimate it where the terms say so`,
    { knownUntil: end, from },
    '/from',
  );
