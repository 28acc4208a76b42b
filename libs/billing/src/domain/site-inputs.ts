import type { PriceFixed } from '@hostledger/economics';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { FacilityEvent } from '@hostledger/sites';
import { FOREVER, sourceOf } from './contract-inputs.js';
import type { CurtailmentFact, PowerRateInForce, PriceInForce, Window } from './inputs.js';
import { startOfDay, within } from './months.js';

// What sites and the market say about a month.

/**
 * What energy costs a site within a window, cut where it changes. What was fixed later for the same
 * day holds.
 * @param events of the facility's stream, from the first on.
 */
export const powerRatesIn = (
  events: readonly RecordedEvent<FacilityEvent>[],
  bounds: Window,
): PowerRateInForce[] => {
  let timeZone = 'UTC';
  const byDay = new Map<string, Omit<PowerRateInForce, keyof Window>>();
  for (const recorded of events) {
    const event = recorded as unknown as FacilityEvent;
    if (event.type === 'FacilityOpened') ({ timeZone } = event.data);
    if (event.type !== 'PowerRateFixed') continue;
    const { facility, ratePerKwh, currency, effectiveOn } = event.data;
    byDay.set(effectiveOn, { facility, ratePerKwh, currency, source: sourceOf(recorded) });
  }
  const days = [...byDay.keys()].sort();
  return days.flatMap((day, index) => {
    const next = days[index + 1];
    const until = next === undefined ? FOREVER : startOfDay(timeZone, next);
    const cut = within({ from: startOfDay(timeZone, day), until }, bounds);
    return cut ? [{ ...byDay.get(day)!, ...cut }] : [];
  });
};

/**
 * Curtailments of a site that touch a window, and those that are asked for by their ids. Of the energy
 * that one avoided what was told last holds.
 * @param events of the facility's stream, from the first on.
 */
export const curtailmentsIn = (
  events: readonly RecordedEvent<FacilityEvent>[],
  { from, until }: Window,
  named: ReadonlySet<string> = new Set(),
): CurtailmentFact[] => {
  const facts = new Map<string, CurtailmentFact>();
  for (const recorded of events) {
    const event = recorded as unknown as FacilityEvent;
    if (event.type === 'CurtailmentDeclared') {
      const { curtailmentId, facility, cause, startsAt } = event.data;
      const fact = { curtailmentId, facility, cause, startsAt, sources: [sourceOf(recorded)] };
      facts.set(curtailmentId, fact);
    }
    if (event.type === 'CurtailmentCancelled') facts.delete(event.data.curtailmentId);
    if (event.type !== 'CurtailmentEnded' && event.type !== 'CurtailmentMeasured') continue;
    const { curtailmentId, energyAvoidedWh } = event.data;
    const fact = facts.get(curtailmentId);
    if (!fact) continue;
    facts.set(curtailmentId, {
      ...fact,
      ...(event.type === 'CurtailmentEnded' && { endedAt: event.data.endedAt }),
      ...(energyAvoidedWh !== undefined && { energyAvoidedWh }),
      sources: [...fact.sources, sourceOf(recorded)],
    });
  }
  return [...facts.values()].filter(
    ({ curtailmentId, startsAt, endedAt }) =>
      named.has(curtailmentId) || (startsAt < until && (endedAt === undefined || endedAt > from)),
  );
};

/**
 * What a bitcoin was worth, from each price that was fixed until the next. What was said later of the
 * same instant holds.
 * @param events of all streams with prices of the currency that may matter.
 */
export const pricesIn = (
  events: readonly RecordedEvent<PriceFixed>[],
  { from, until }: Window,
): PriceInForce[] => {
  const byInstant = new Map<string, Omit<PriceInForce, 'until'>>();
  const inOrder = events.toSorted((one, other) => (one.position < other.position ? -1 : 1));
  for (const recorded of inOrder) {
    const { currency, price, fixedAt } = recorded.data;
    byInstant.set(fixedAt, { currency, price, from: fixedAt, source: sourceOf(recorded) });
  }
  const prices = [...byInstant.values()].sort((one, other) => (one.from < other.from ? -1 : 1));
  return prices
    .map((price, index) => ({ ...price, until: prices[index + 1]?.from ?? FOREVER }))
    .filter((price) => price.until > from && price.from <= until);
};
