import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { type AsOfQuery, knownBy, recordedView, type RecordedView } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { contractOnDay, type ContractOnDay } from '../../domain/as-of.js';
import {
  termsKindOf,
  type ContractDrafted,
  type ContractEvent,
} from '../../domain/contract-events.js';
import { contractAggregate } from '../../domain/hosting-contract.js';
import { contractUnknown } from '../../domain/standing.js';
import type { Stage } from '../../domain/lifecycle.js';
import { rateCardView } from './rate-card-view.js';
import {
  type AmountView,
  type DeliveredView,
  relocationClauseView,
  TermsSaidView,
} from './views.js';

export class TermsInForceView extends TermsSaidView {
  /** The event that says so. */
  recorded: RecordedView;
}

export class ConsentOnDayView {
  consentId: string;
  facilities: string[];
  consentedOn: string;
  fromOn: string;
  untilOn?: string;
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
  /** Consents of the customer to moving machines elsewhere that held on the day. */
  relocationConsents: ConsentOnDayView[];
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

const viewOf = (
  { terms, relocationConsents, ...contract }: ContractOnDay,
  day: string,
  last: RecordedEvent,
): ContractAsOfView => ({
  ...contract,
  asOf: day,
  knownAt: recordedView(last),
  ...(terms && { terms: termsInForce(terms) }),
  relocationConsents: relocationConsents.map(({ withdrawn: _, facilities, ...consent }) => ({
    ...consent,
    facilities: [...facilities],
  })),
});

const termsInForce = ({
  contractId: _,
  clauses,
  rateCard,
  relocation,
  recorded,
  ...said
}: NonNullable<ContractOnDay['terms']>): TermsInForceView => ({
  ...said,
  kind: termsKindOf(said),
  clauses: [...clauses],
  rateCard: rateCardView(rateCard),
  ...(relocation && { relocation: relocationClauseView(relocation) }),
  recorded: recordedView({ ...recorded, id: recorded.eventId }),
});
