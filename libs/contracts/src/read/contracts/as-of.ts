import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
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

const INSTANT = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z`;
const DAY_OR_INSTANT = new RegExp(String.raw`^(\d{4}-\d{2}-\d{2}|${INSTANT})$`);
const POSITION_OR_INSTANT = new RegExp(String.raw`^(\d{1,19}|${INSTANT})$`);

const IsMoment = (form: RegExp, message: string): PropertyDecorator =>
  applyDecorators(ApiProperty({ type: String }), Matches(form, { message }));

export class AsOfQuery {
  /**
   * A day of the contract's time zone, or an instant in UTC: what was true then. Today if only
   * `knownAt` is given.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsMoment(DAY_OR_INSTANT, '$property is a day, YYYY-MM-DD, or an instant in UTC')
  asOf?: string;

  /**
   * A log position, or an instant in UTC: only what had been recorded by then counts.
   * @example 2024-01-15T00:00:00Z
   */
  @MayBeAbsent()
  @IsMoment(POSITION_OR_INSTANT, '$property is a log position or an instant in UTC')
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
  { terms, since, ...contract }: ContractOnDay,
  day: string,
  last: RecordedEvent,
): ContractAsOfView => ({
  ...contract,
  asOf: day,
  knownAt: recordedView({ ...last, eventId: last.id }),
  ...(since === undefined ? {} : { since }),
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
