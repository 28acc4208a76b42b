import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { Rated } from '../line.js';
import { lineOf, type Charge } from './charge.js';
import type { TermsSlice } from './slice.js';

/** What one facility adds to the quantity that tiers are measured by. */
export type Part = Omit<Charge, 'rate' | 'apart'> & { readonly facility: string };

interface Band {
  readonly name?: string;
  readonly above: Exact;
  readonly until?: Exact;
  readonly rate: string;
}

/**
 * Lines of the parts at the rate of the basis, or at that of the tiers. Tiers are marginal and go by
 * the quantity of the contract at all facilities while the version was in force. Facilities fill
 * them in the order of their codes, so that each has the same lines in every computation and the
 * parts of a tier add up exactly.
 * @param parts in the order of their facilities.
 */
export const tiered = (slice: TermsSlice, rate: string, parts: readonly Part[]): Rated[] => {
  const bands = bandsOf(slice, rate);
  const lines: Rated[] = [];
  let filled = EXACT_ZERO;
  parts.forEach((part, index) => {
    const begin = filled;
    // Where tiers begin at a facility depends on what those before it took.
    const sources =
      bands.length === 1
        ? part.sources
        : parts.slice(0, index + 1).flatMap((one) => [...one.sources]);
    filled = filled.add(part.quantity);
    for (const band of bands) {
      const quantity = within(band, begin, filled);
      // A part of nothing still tells what it came to, in the tier that it would have begun.
      const isEmpty = part.quantity.n === 0n && holds(band, begin);
      if (quantity.n === 0n && !isEmpty) continue;
      const apart = band.name === undefined ? {} : { apart: band.name };
      const steps = band.name === undefined ? part.steps : [...part.steps, bandStep(band, begin)];
      lines.push(lineOf(slice, { ...part, quantity, rate: band.rate, ...apart, steps, sources }));
    }
  });
  return lines;
};

const bandsOf = ({ card }: TermsSlice, rate: string): Band[] => {
  const tiers = (card.tiers ?? []).toSorted((a, b) => exact(a.above).compare(exact(b.above)));
  if (tiers.length === 0) return [{ above: EXACT_ZERO, rate }];
  const first = { above: '0', rate };
  return [first, ...tiers].map((tier, index) => {
    const next = tiers[index];
    return {
      name: `above${tier.above}`,
      above: exact(tier.above),
      ...(next && { until: exact(next.above) }),
      rate: tier.rate,
    };
  });
};

const holds = ({ above, until }: Band, quantity: Exact): boolean =>
  quantity.compare(above) >= 0 && (!until || quantity.compare(until) < 0);

const within = ({ above, until }: Band, begin: Exact, end: Exact): Exact => {
  const from = begin.compare(above) > 0 ? begin : above;
  const to = until && end.compare(until) > 0 ? until : end;
  return to.compare(from) > 0 ? to.sub(from) : EXACT_ZERO;
};

const bandStep = ({ above, until }: Band, begin: Exact): string =>
  `of this what is above ${above.toString()}${until ? ` up to ${until.toString()}` : ''} in the month, facilities before it took ${begin.toString()}`;
