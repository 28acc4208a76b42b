import { hashOf } from '@hostledger/eventsourcing';
import type { BillingInputs, Source } from '../inputs.js';
import { byPosition } from './sources.js';

type Sourced = { readonly source: Source } | { readonly sources: readonly Source[] };

const sourcesOf = (item: Sourced): readonly Source[] =>
  'source' in item ? [item.source] : item.sources;

/** By the first event that tells of it, then by its window where it was cut. */
const inOrder = <T extends Sourced>(items: readonly T[]): T[] => {
  const from = (item: T): string => ('from' in item ? String(item.from) : '');
  return items.toSorted((one, other) => {
    const [first, second] = [sourcesOf(one)[0], sourcesOf(other)[0]];
    if (first && second && first.position !== second.position) return byPosition(first, second);
    return from(one) < from(other) ? -1 : 1;
  });
};

/** By their serials and the log positions of their facts: an event at a position never changes. */
const livesOf = (machines: BillingInputs['machines']): string[] =>
  [...machines]
    .map(([serial, facts]) => {
      const sources = facts.map(({ source }) => source).sort(byPosition);
      return `${serial} ${sources.map(({ position }) => position).join(' ')}`;
    })
    .sort();

/**
 * SHA-256 (hex) over the canonical form of the inputs: what is told of the contract, its terms and
 * figures whole; of each machine its serial and the log positions of its facts. The order in which
 * machines and figures were read makes no difference, nor does the formula: that is no input.
 */
export const digestOf = ({ formula: _, ...inputs }: BillingInputs): string =>
  hashOf({
    ...inputs,
    machines: livesOf(inputs.machines),
    ...(inputs.curtailed && { curtailed: livesOf(inputs.curtailed) }),
    terms: inOrder(inputs.terms),
    allocations: inOrder(inputs.allocations),
    powerRates: inOrder(inputs.powerRates),
    curtailments: inOrder(inputs.curtailments),
    receipts: inOrder(inputs.receipts),
    meters: inOrder(inputs.meters),
    readings: inOrder(inputs.readings),
    prices: inOrder(inputs.prices),
  });
