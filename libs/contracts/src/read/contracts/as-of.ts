import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { contractOnDay, type ContractOnDay } from '../../domain/as-of.js';
import {
  termsKindOf,
  type ContractDrafted,
  type ContractEvent,
} from '../../domain/contract-events.js';
import { dayIn } from '../../domain/days.js';
import { contractAggregate } from '../../domain/hosting-contract.js';
import { contractUnknown } from '../../domain/standing.js';
import type { Stage } from '../../domain/lifecycle.js';
import { MayBeAbsent } from '../../http/forms.js';
import { AmountView, DeliveredView, TermsSaidView } from './views.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z$/;
const POSITION = /^\d{1,19}$/;

/** A date that the calendar does not have, or 25 o'clock, does not come out as it went in. */
const isOfCalendar = (text: string): boolean => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 16));
};
const isDay = (text: string): boolean => DAY.test(text) && isOfCalendar(text);
const isInstant = (text: string): boolean => INSTANT.test(text) && isOfCalendar(text);
const isPosition = (text: string): boolean => POSITION.test(text);

const IsMoment = (name: string, isOne: (text: string) => boolean, message: string) =>
  applyDecorators(
    ApiProperty({ type: String }),
    ValidateBy({
      name,
      validator: {
        validate: (value) => typeof value === 'string' && isOne(value),
        defaultMessage: () => message,
      },
    }),
  );

export class AsOfQuery {
  /**
   * A day of the contract's time zone, or an instant in UTC: what was true then. Today if only
   * `knownAt` is given.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsMoment(
    'dayOrInstant',
    (text) => isDay(text) || isInstant(text),
    '$property is a day of the calendar, YYYY-MM-DD, or an instant in UTC',
  )
  asOf?: string;

  /**
   * A log position, or an instant in UTC: only what had been recorded by then counts.
   * @example 2024-01-15T00:00:00Z
   */
  @MayBeAbsent()
  @IsMoment(
    'positionOrInstant',
    (text) => isPosition(text) || isInstant(text),
    '$property is a log position or an instant in UTC',
  )
  knownAt?: string;
}

export class RecordedView {
  eventId: string;
  /** Of the contract's stream. */
  revision: number;
  position: string;
  recordedAt: string;
}

export class TermsInForceView extends TermsSaidView {
  /** The event that says so. */
  recorded: RecordedView;
}

/** A contract on a day, by what had been recorded. */
export class ContractAsOfView {
  contractId: string;
  /** @example 2023-12-31 */
  asOf: string;
  /** Of the last event that counted. */
  knownAt: RecordedView;
  customerId: string;
  reference: string;
  title: string;
  stage: 'drafted' | Stage;
  since?: string;
  /** By a notice given by then: the day the contract can end on. */
  endsOn?: string;
  /** When a court had allowed it to be kept. */
  assumedOn?: string;
  /** Absent before the first version takes effect. */
  terms?: TermsInForceView;
  ordered: AmountView;
  allocated: AmountView;
  delivered: DeliveredView;
  /**
   * In all deposits together, in the currency of the contract.
   * @example "7800000.00"
   */
  depositHeld: string;
}

/**
 * Folds the contract's own stream, which is short, up to what was known.
 * @param now used where no day is given.
 * @throws DomainError `contract/unknown`, also when nothing was known by then.
 */
export const readAsOf = async (
  log: EventStore,
  contractId: string,
  { asOf, knownAt }: AsOfQuery,
  now: string,
): Promise<{ readonly position: bigint; readonly view: ContractAsOfView }> => {
  const events = await log.readStream(streamName(contractAggregate, contractId), 0n);
  const known = events.filter(knownBy(knownAt)) as RecordedEvent<ContractEvent>[];
  const last = known.at(-1);
  if (!last) throw contractUnknown();
  const { timeZone } = known[0]!.data as ContractDrafted['data'];
  const moment = asOf ?? now;
  const day = moment.includes('T') ? dayIn(timeZone, moment) : moment;
  const contract = contractOnDay(known, day);
  if (!contract) throw contractUnknown();
  return { position: last.position, view: viewOf(contract, day, last) };
};

const knownBy = (knownAt: string | undefined): ((event: RecordedEvent) => boolean) => {
  if (knownAt === undefined) return () => true;
  if (/^\d+$/.test(knownAt)) return ({ position }) => position <= BigInt(knownAt);
  const instant = Date.parse(knownAt);
  return ({ recordedAt }) => Date.parse(recordedAt) <= instant;
};

const viewOf = (
  { terms, ...contract }: ContractOnDay,
  day: string,
  last: RecordedEvent,
): ContractAsOfView => ({
  ...contract,
  asOf: day,
  knownAt: recordedView({ ...last, eventId: last.id }),
  ...(terms && { terms: termsInForce(terms) }),
});

const termsInForce = ({
  contractId: _,
  clauses,
  recorded,
  ...said
}: NonNullable<ContractOnDay['terms']>): TermsInForceView => ({
  ...said,
  kind: termsKindOf(said),
  clauses: [...clauses],
  recorded: recordedView(recorded),
});

const recordedView = ({
  eventId,
  revision,
  position,
  recordedAt,
}: Pick<RecordedEvent, 'revision' | 'position' | 'recordedAt'> & {
  readonly eventId: string;
}): RecordedView => ({
  eventId,
  revision: Number(revision),
  position: position.toString(),
  recordedAt,
});
