import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { type AsOfQuery, knownBy, recordedView } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import {
  businessDay,
  type SettlementEvent,
  type SettlementProposed,
} from '../../domain/settlement-events.js';
import { settlementUnknown } from '../../domain/settlement-rules.js';
import { evolveSettlement, type Settlement } from '../../domain/settlement-state.js';
import { settlementAggregate } from '../../domain/settlement.js';
import { settlementWithLegs, type SettlementAsOfView } from './views.js';

/**
 * Folds the settlement's own stream, which is short, up to what was known, and leaves out what
 * happened after the day.
 * @param now used where no day is given.
 * @throws DomainError `settlement/unknown`, also when nothing was known by then or true on the day.
 */
export const readAsOf = async (
  log: EventStore,
  settlementId: string,
  { asOf, knownAt }: AsOfQuery,
  now: string,
): Promise<{ readonly position: bigint; readonly view: SettlementAsOfView }> => {
  const events = await log.readStream(streamName(settlementAggregate, settlementId), 0n);
  const known = events.filter(knownBy(knownAt)) as RecordedEvent<SettlementEvent>[];
  const last = known.at(-1);
  if (!last) throw settlementUnknown();
  const { timeZone } = known[0]!.data as SettlementProposed['data'];
  const moment = asOf ?? now;
  const day = moment.includes('T') ? dayIn(timeZone, moment) : moment;
  const settlement = onDay(known as unknown as readonly SettlementEvent[], day);
  if (settlement.status === 'unknown') throw settlementUnknown();
  const view = { ...settlementWithLegs(settlement), asOf: day, knownAt: recordedView(last) };
  return { position: last.position, view };
};

/** A leg goes where the proposal went before it: into nothing where that was later. */
const onDay = (events: readonly SettlementEvent[], day: string): Settlement =>
  events
    .filter((event) => (businessDay(event) ?? day) <= day)
    .reduce<Settlement>(evolveSettlement, { status: 'unknown' });
