import { amountOf, amountText } from '@hostledger/quantities';
import type { KnownSupply } from './supply-state.js';

/** A leg whose worth nobody had said by a day: it has a face, and no amount of money. */
export interface UnvaluedLeg {
  readonly agreementId: string;
  readonly reference: string;
  readonly leg: number;
  readonly description: string;
  /** What the parties reckoned it at, in units of the currency; to be added to nothing. */
  readonly face: string;
  readonly currency: string;
  /** Who is to say what it is worth, and by when. */
  readonly authority: string;
  readonly dueOn: string;
  /** The day had passed by then. */
  readonly overdue: boolean;
}

/**
 * Legs of an agreement that were pending valuation at the end of a day, by what is recorded now: one
 * that was valued later was pending then.
 * @param on YYYY-MM-DD, of the agreement's zone.
 */
export const unvaluedLegs = (
  { agreementId, reference, currency, legs }: KnownSupply,
  on: string,
): readonly UnvaluedLeg[] =>
  legs.flatMap(({ leg, description, face, valuation, valued, addedOn }) => {
    if (!valuation || addedOn > on || (valued && valued.valuedOn <= on)) return [];
    const { authority, dueOn } = valuation;
    return {
      ...{ agreementId, reference, leg, description, currency, authority, dueOn },
      face: amountText(amountOf(face)),
      overdue: on > dueOn,
    };
  });
