import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { PriceInForce, ReadingFact, Source } from '../inputs.js';
import type { Shortcoming } from '../line.js';
import { decimal } from './charge.js';
import { partOf } from './meters.js';
import { byFacility, type TermsSlice } from './slice.js';
import { byPosition } from './sources.js';

/** What readings say was mined at a site, and what that was worth. */
export interface Proceeds {
  readonly facility: string;
  readonly bitcoin: Exact;
  readonly worth: Exact;
  readonly estimated: boolean;
  readonly bitcoinSteps: readonly string[];
  readonly worthSteps: readonly string[];
  readonly sources: readonly Source[];
  readonly priceSources: readonly Source[];
  /** Ends of readings for which no price is known. */
  readonly unpriced: readonly Shortcoming[];
}

const SATOSHI_PER_BITCOIN = 100_000_000n;

interface Mined {
  readonly facility: string;
  readonly reading: ReadingFact;
  readonly bitcoin: Exact;
  readonly price: PriceInForce | undefined;
}

/** By facility; a reading that ends when the terms have changed counts in each by time. */
export const proceedsOf = (slice: TermsSlice): Proceeds[] => {
  const mined = slice.inputs.readings
    .filter(({ kind }) => kind === 'proceeds')
    .toSorted((one, other) => (one.until < other.until ? -1 : 1))
    .flatMap((reading): Mined[] => {
      const [satoshi] = partOf(reading, slice.window) ?? [];
      if (!satoshi) return [];
      const bitcoin = satoshi.div(exact(SATOSHI_PER_BITCOIN));
      const { facility } = reading;
      return [{ facility, reading, bitcoin, price: priceAtEnd(slice, reading) }];
    });
  return byFacility(mined).map(([facility, readings]) => {
    const prices = byPrice(readings);
    const bitcoin = total(readings);
    const told = `${readings.length} readings, together ${decimal8(bitcoin)} BTC`;
    return {
      facility,
      bitcoin,
      worth: prices.reduce((sum, [{ price }, part]) => sum.add(part.mul(exact(price))), EXACT_ZERO),
      estimated: readings.some(({ reading }) => reading.quality === 'estimated'),
      bitcoinSteps: [told],
      worthSteps: [told, ...prices.map(([price, part]) => worthStep(price, part))],
      sources: readings.map(({ reading }) => reading.source),
      priceSources: prices.map(([{ source }]) => source),
      unpriced: readings.flatMap(({ reading, price }) =>
        price ? [] : [priceMissing(slice, reading)],
      ),
    };
  });
};

/** The one in force up to the end of the reading: a price that begins then is not yet. */
const priceAtEnd = ({ inputs, card }: TermsSlice, { until }: ReadingFact) =>
  inputs.prices
    .filter(
      (price) => price.currency === card.currency && price.from < until && until <= price.until,
    )
    .toSorted((one, other) => byPosition(one.source, other.source))
    .at(-1);

const total = (mined: readonly Mined[]): Exact =>
  mined.reduce((sum, { bitcoin }) => sum.add(bitcoin), EXACT_ZERO);

const byPrice = (mined: readonly Mined[]): [PriceInForce, Exact][] =>
  [...Map.groupBy(mined, ({ price }) => price)].flatMap(([price, part]) =>
    price ? [[price, total(part)]] : [],
  );

const worthStep = (price: PriceInForce, part: Exact): string => {
  const worth = decimal(part.mul(exact(price.price)));
  return `${decimal8(part)} BTC × ${price.price} = ${worth} ${price.currency}`;
};

const priceMissing = ({ card }: TermsSlice, { until, facility, meterId }: ReadingFact) =>
  ({
    code: 'price-missing',
    detail: `No price of a bitcoin in ${card.currency} is known at ${until}`,
    ...{ facility, meterId },
  }) satisfies Shortcoming;

/** To the satoshi, for reading. */
export const decimal8 = (bitcoin: Exact): string => decimal(bitcoin, 8);
