import type { ContractEvent, RateCard } from '@hostledger/contracts';
import type { PriceFixed } from '@hostledger/economics';
import {
  deriveId,
  DomainError,
  type DomainCommand,
  type DomainEvent,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import type { FacilityEvent } from '@hostledger/sites';
import { recorded } from '@hostledger/testing';
import type { Billing } from './accrual.js';
import { sumOf } from './amounts.js';
import { circumstancesOf, contractUpTo, inputsFrom } from './billing-inputs.js';
import { billingPeriodAggregate, type PeriodCommand } from './billing-period.js';
import type { BillingInputs, MeterFact, ReadingFact, Source, Window } from './inputs.js';
import type { Line } from './line.js';
import type { MachineFact } from './machine-facts.js';
import { told } from './machine-usage.js';
import { monthAfter, windowOf, within } from './months.js';
import { isIssued, untouched, type BillingPeriod } from './period-state.js';
import { computePeriod, digestOf } from './rating/index.js';
import type { StatementLine } from './statement.js';

// A log that can be cut at any position, and the books that are kept by it, in memory.

export const CONTRACT = 'contract';
export const CUSTOMER = 'customer';
export const SITES = ['DENTON', 'PECOS'] as const;
export const METERS = SITES.flatMap((facility) =>
  (['energy', 'proceeds'] as const).map((kind) => ({
    meterId: `${facility}-${kind}`,
    facility,
    kind,
  })),
);
export const ZONE = 'America/Chicago';
export const FIRST_MONTH = '2024-01';
export const MONTHS = [0, 1, 2, 3].map((months) => monthAfter(FIRST_MONTH, months));
const DIGEST = 'd'.repeat(64);

const MOVING = [1, 2, 3].map((n) => [`M${n}`, 'DENTON'] as const);
/** Without a machine at a site nothing could be estimated there, and no month be closed. */
const STAYING = SITES.map((facility) => [`${facility}-1`, facility] as const);

type Reading = Omit<ReadingFact, 'source'>;

export class Books {
  private readonly contract: RecordedEvent<ContractEvent>[] = [];
  private readonly facilities = new Map<string, RecordedEvent<FacilityEvent>[]>();
  private readonly prices: RecordedEvent<PriceFixed>[] = [];
  private readonly facts: MachineFact[] = [];
  private readonly readings: ReadingFact[] = [];
  private readonly periods = new Map<string, BillingPeriod>();
  /** Of all months, in the order they were recorded in. */
  readonly periodEvents: RecordedEvent[] = [];
  private position = 0n;

  /** The last day on which something was issued or agreed on. */
  private today = '';

  /** All lines of all statements, in the order they were closed or approved in. */
  readonly statements: (Billing & { readonly lines: readonly StatementLine[] })[] = [];
  /** On which day what was agreed on, by the ids. */
  readonly agreedOn = new Map<string, string>();

  // What is recorded

  private record<E extends DomainEvent>(
    stream: string,
    event: E,
    revision: number,
  ): RecordedEvent<E> {
    this.position += 10n;
    const [one] = recorded(stream, [event], revision);
    const id = deriveId(stream, revision);
    return { ...one, id, position: this.position } as RecordedEvent<E>;
  }

  contractEvent(event: ContractEvent): void {
    this.contract.push(this.record('hostingContract-1', event, this.contract.length));
  }

  facilityEvent(facility: string, event: FacilityEvent): void {
    const events = this.facilities.get(facility) ?? [];
    events.push(this.record(`facility-${facility}`, event, events.length));
    this.facilities.set(facility, events);
  }

  price(price: string, fixedAt: string): void {
    const data = { currency: 'USD', price, fixedAt, source: 'index' };
    const event: PriceFixed = { type: 'PriceFixed', data };
    this.prices.push(this.record('market-price.USD', event, this.prices.length));
  }

  private source(stream: string): Source {
    this.position += 10n;
    const position = this.position.toString();
    return { eventId: deriveId(stream, position), stream, revision: Number(position), position };
  }

  fact(fact: Omit<MachineFact, 'source'>): void {
    this.facts.push({ ...fact, source: this.source(`miner-${fact.serial}`) });
  }

  /** What is told again of a meter and an interval holds in place of what was told before. */
  reading(reading: Reading): void {
    this.readings.push({ ...reading, source: this.source(`meterMonth-${reading.meterId}`) });
  }

  /** Of the terms that were adopted. */
  versions(): number {
    return this.contract.filter(({ type }) => (type as string) === 'TermsAdopted').length;
  }

  // What is true at a position

  get now(): string {
    return this.position.toString();
  }

  inputs(month: string, position = this.now): BillingInputs {
    const by = BigInt(position);
    const contract = contractUpTo(this.contract, position, CONTRACT);
    const period = windowOf(ZONE, month);
    const known = <T extends { source: Source }>(facts: readonly T[]): T[] =>
      facts.filter(({ source }) => BigInt(source.position) <= by);
    const lives = [...Map.groupBy(known(this.facts), ({ serial }) => serial)].map(
      ([serial, facts]) => [serial, told(facts).filter(({ at }) => at < period.until)] as const,
    );
    const readings = new Map(
      known(this.readings).map((one) => [`${one.meterId} ${one.from}`, one] as const),
    );
    const meters = METERS.map((meter, index): MeterFact => ({
      ...meter,
      window: period,
      source: { eventId: meter.meterId, stream: 'meter', revision: 0, position: String(index + 1) },
    }));
    return inputsFrom(
      {
        contract,
        facilities: this.facilities,
        prices: this.prices,
        machines: new Map(lives),
        meters,
        readings: [...readings.values()].filter((one) => within(one, period)),
        receipts: [],
      },
      month,
      position,
    );
  }

  compute(month: string, position = this.now): { lines: Line[]; complete: boolean } {
    const { rated, shortcomings } = computePeriod(this.inputs(month, position));
    return { lines: rated.map(({ line }) => line), complete: shortcomings.length === 0 };
  }

  /** As the process asks before it computes a closed month anew. */
  mayHaveChanged(month: string, since: string, position: string): boolean {
    const period = windowOf(ZONE, month);
    const isNew = ({ source }: { source: Source }) =>
      BigInt(source.position) > BigInt(since) && BigInt(source.position) <= BigInt(position);
    if (this.facts.some((fact) => isNew(fact) && fact.at < period.until)) return true;
    if (this.readings.some((reading) => isNew(reading) && reading.from < period.until)) return true;
    const [before, now] = [since, position].map((at) => {
      const contract = contractUpTo(this.contract, at, CONTRACT);
      const { facilities, prices } = this;
      return JSON.stringify(circumstancesOf({ contract, facilities, prices }, month, at));
    });
    return before !== now;
  }

  // What is done

  /** The day of an act: the one after the last, or this one if it is later. */
  private day(on = ''): string {
    const next = this.today && daysAfter(`${this.today}T00:00:00.000Z`, 1).slice(0, 10);
    this.today = next > on ? next : on;
    return this.today;
  }

  period(month: string): BillingPeriod {
    return this.periods.get(month) ?? untouched;
  }

  closedMonths(): string[] {
    return [...this.periods].filter(([, one]) => one.status === 'closed').map(([month]) => month);
  }

  private do<C extends PeriodCommand['type']>(
    month: string,
    type: C,
    data: Extract<PeriodCommand, { type: C }>['data'],
  ): void {
    const before = this.period(month);
    const command = {
      type,
      data,
      at: '2030-01-01T00:00:00.000Z',
    } as DomainCommand as PeriodCommand;
    const events = billingPeriodAggregate.decide(command, before);
    this.periods.set(month, events.reduce(billingPeriodAggregate.evolve, before));
    const stream = `billingPeriod-${month}`;
    const revision = this.periodEvents.filter((event) => event.stream === stream).length;
    this.periodEvents.push(...recorded(stream, events, revision));
  }

  /** Where the rules may refuse it; whether they did not. */
  private tried(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (error instanceof DomainError) return false;
      throw error;
    }
  }

  /** Closes the next month, as the process does; not where something is missing. */
  close(): void {
    const closed = this.closedMonths();
    const month = monthAfter(FIRST_MONTH, closed.length);
    const position = this.now;
    const own = this.compute(month, position);
    const earlier = closed.map((one) => ({ month: one, ...this.compute(one, position) }));
    if (![own, ...earlier].every(({ complete }) => complete)) return;
    const [closeId, statementId] = [`close ${month}`, `statement ${month}`];
    const issuedOn = this.day(`${monthAfter(month)}-05`);
    const of = { contractId: CONTRACT, month };
    const named = { customerId: CUSTOMER, timeZone: ZONE, currency: 'USD', position };
    this.do(month, 'BeginClose', {
      ...{ ...of, ...named, closeId, statementId, issuedOn, firstMonth: FIRST_MONTH },
      ...{ begunBy: 'bea', ...boundsOf(month) },
      previousIssued: month === FIRST_MONTH || isIssued(this.period(monthAfter(month, -1))),
    });
    const into = { month, closeId, statementId };
    const adjustments = earlier.flatMap(({ month: one, lines }) => {
      const again = this.mayHaveChanged(one, this.period(one).standsAt, position);
      this.do(one, 'PostAdjustments', {
        ...{ contractId: CONTRACT, month: one, into, position },
        ...(again && { recomputed: { inputsDigest: DIGEST, lines } }),
      });
      return this.period(one).posted.get(closeId) ?? [];
    });
    const lines = [...own.lines, ...adjustments].map((line, index) => ({
      number: index + 1,
      ...line,
    }));
    const inputsDigest = digestOf(this.inputs(month, position));
    this.do(month, 'ClosePeriod', { ...of, ...named, closeId, terms: [], inputsDigest, lines });
    this.do(month, 'IssueStatement', { statementId, number: `2024-${closed.length + 1}` });
    this.statements.push({ kind: 'statement', statementId, month, issuedOn, position, lines });
  }

  /** Proposes a closed month as it is known now; not where nothing is different, or missing. */
  propose(month: string): void {
    const { lines, complete } = this.compute(month);
    const restatementId = `restatement ${this.position}`;
    if (!complete) return;
    const data = {
      ...{ contractId: CONTRACT, month, restatementId },
      ...{ statementId: restatementId, customerId: CUSTOMER, position: this.now },
      ...{ inputsDigest: DIGEST, reason: 'Known better', proposedBy: 'bea', lines },
    };
    this.tried(() => this.do(month, 'ProposeRestatement', data));
    this.position += 10n;
  }

  /** Decides on what is proposed for a month: it stands, or is rejected where it is outdated. */
  approve(month: string): void {
    const { restatements } = this.period(month);
    const open = [...restatements.values()].find(({ status }) => status === 'proposed');
    if (!open) return;
    const { restatementId } = open.proposed;
    const of = { contractId: CONTRACT, month, restatementId };
    const issuedOn = this.day();
    const data = { ...of, approvedBy: 'ada', issuedOn };
    if (!this.tried(() => this.do(month, 'ApproveRestatement', data))) {
      this.do(month, 'RejectRestatement', { ...of, rejectedBy: 'ada', reason: 'Outdated' });
      return;
    }
    this.do(month, 'IssueStatement', { statementId: restatementId, number: '2024-9' });
    const { lines, proposed } = open;
    const billing = { statementId: restatementId, month, issuedOn, position: proposed.position };
    this.statements.push({ kind: 'restatement', ...billing, lines });
  }

  agree(month: string, line: number, amount: string): void {
    const adjustmentId = `agreement ${this.position}-${line}`;
    this.position += 10n;
    const about = { contractId: CONTRACT, month, adjustmentId, line, amount, claims: [] };
    const data = { ...about, reason: 'Goodwill', agreedBy: 'bea' };
    const agreedOn = this.day();
    if (this.tried(() => this.do(month, 'AgreeAdjustment', data))) {
      this.agreedOn.set(adjustmentId, agreedOn);
    }
  }

  /** Σ(original + adjustments + restatements) of a month by key, over all statements ever made. */
  charged(month: string): Map<string, string> {
    const sums = new Map<string, string>();
    for (const { month: of, lines } of this.statements) {
      for (const { key, currency, amount, adjusts } of lines) {
        if ((adjusts?.month ?? of) !== month || adjusts?.cause === 'agreed') continue;
        const subject = `${currency} ${key}`;
        sums.set(subject, sumOf(sums.get(subject) ?? '0', amount));
      }
    }
    return new Map([...sums].filter(([, amount]) => /[1-9]/.test(amount)));
  }

  /** The same from scratch. */
  computed(month: string, position: string): Map<string, string> {
    const { lines } = this.compute(month, position);
    return new Map(
      lines
        .filter(({ amount }) => /[1-9]/.test(amount))
        .map(({ key, currency, amount }) => [`${currency} ${key}`, amount]),
    );
  }
}

const boundsOf = (month: string) => {
  const { from, until } = windowOf(ZONE, month);
  return { startsAt: from, endsAt: until };
};

/** The readings of a meter divide each month in three. */
export const thirdsOf = (month: string): Window[] => {
  const { from, until } = windowOf(ZONE, month);
  const cuts = [from, daysAfter(from, 10), daysAfter(from, 20), until];
  return [0, 1, 2].map((third) => ({ from: cuts[third]!, until: cuts[third + 1]! }));
};

const daysAfter = (instant: string, days: number): string =>
  new Date(Date.parse(instant) + days * 86_400_000).toISOString();

/** A contract in force since January with two sites, their power rates and a price. */
export const openedBooks = (rateCard: RateCard): Books => {
  const books = new Books();
  const of = { contractId: CONTRACT };
  books.contractEvent({
    type: 'ContractDrafted',
    data: {
      ...{ ...of, customerId: CUSTOMER, reference: 'HA-1', title: 'Hosting' },
      ...{ timeZone: ZONE, currency: 'USD' },
    },
  });
  books.contractEvent(adopted(1, '2024-01-01', rateCard));
  const signed = { executedOn: '2024-01-05', documentDigest: DIGEST, signatories: [] };
  books.contractEvent({ type: 'ContractExecuted', data: { ...of, ...signed } });
  for (const facility of SITES) {
    const site = { facility, name: facility, timeZone: ZONE, powerEnvelopeWatts: 1_000_000 };
    books.facilityEvent(facility, { type: 'FacilityOpened', data: site });
    const rate = { facility, ratePerKwh: '0.04', currency: 'USD', effectiveOn: '2023-01-01' };
    books.facilityEvent(facility, { type: 'PowerRateFixed', data: rate });
  }
  books.price('42000', '2023-12-31T00:00:00.000Z');
  for (const [serial, facility] of [...MOVING, ...STAYING]) {
    const at = '2023-12-20T00:00:00.000Z';
    const under = { contractId: CONTRACT, customerId: CUSTOMER, facility };
    const figures = { powerWatts: 3_247, hashrateGhs: 151_000 };
    books.fact({ serial, kind: 'received', at, placeKind: 'storage', ...under, ...figures });
    books.fact({ serial, kind: 'placed', at, placeKind: 'slot', facility });
    books.fact({ serial, kind: 'assigned', at });
  }
  // What no card can do without.
  for (const meter of METERS.filter(({ kind }) => kind === 'proceeds')) {
    for (const month of MONTHS) {
      for (const window of thirdsOf(month)) {
        books.reading({ ...meter, ...window, amount: '1000000', quality: 'measured' });
      }
    }
  }
  return books;
};

export const adopted = (
  version: number,
  effectiveOn: string,
  rateCard: RateCard,
): ContractEvent => ({
  type: 'TermsAdopted',
  data: {
    ...{ contractId: CONTRACT, version, effectiveOn, documentDigest: DIGEST, rateCard },
    clauses: [{ ref: '4.2', title: 'Fees', text: 'What is charged.' }],
  },
});

export const corrected = (
  version: number,
  effectiveOn: string,
  rateCard: RateCard,
): ContractEvent => ({
  type: 'TermsCorrected',
  data: {
    ...{ contractId: CONTRACT, version, effectiveOn, documentDigest: DIGEST, rateCard },
    clauses: [{ ref: '4.2', title: 'Fees', text: 'What is charged.' }],
    cause: 'Recorded wrongly',
  },
});
