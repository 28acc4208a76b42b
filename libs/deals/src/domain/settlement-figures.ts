import { amountOf, amountText } from '@hostledger/quantities';
import { DIRECTIONS, LEG_KINDS, type Direction, type LegKind } from './settlement-events.js';
import {
  hasEnded,
  performedOf,
  remainingOf,
  stateOf,
  type KnownSettlement,
  type Leg,
  type LegState,
} from './settlement-state.js';

// Every figure that is told of a settlement, from its legs; in its currency, as decimal text.

/** Of legs with an amount: performed + waived + remaining = face. */
export interface Figures {
  /** By the document. */
  readonly face: string;
  /** By their valuations, and by the document where there is none. */
  readonly valued: string;
  readonly performed: string;
  readonly waived: string;
  readonly remaining: string;
}

export interface LegFigures extends Partial<Figures> {
  readonly state: LegState;
}

export interface KindFigures extends Figures {
  readonly kind: LegKind;
  readonly direction: Direction;
  readonly legs: number;
}

/** What one side gives for what the other gives, told in two ways that are both true. */
export interface Price {
  readonly cash: string;
  readonly cashAndClaims: string;
}

export const figuresOf = (leg: Leg): LegFigures => {
  const { faceAmount, valuation } = leg;
  const state = stateOf(leg);
  const valued = valuation?.amount ?? faceAmount;
  const worth = valued === undefined ? {} : { valued: amountText(amountOf(valued)) };
  if (faceAmount === undefined) return { state, ...worth };
  const face = amountOf(faceAmount);
  const performed = performedOf(leg);
  return {
    state,
    ...worth,
    face: amountText(face),
    performed: amountText(performed),
    waived: amountText(leg.waiver ? face - performed : 0n),
    remaining: remainingOf(leg)!,
  };
};

const NAMES = ['face', 'valued', 'performed', 'waived', 'remaining'] as const;

const sumOf = (figures: readonly Partial<Figures>[]): Figures =>
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      amountText(figures.reduce((sum, { [name]: amount = '0' }) => sum + amountOf(amount), 0n)),
    ]),
  ) as unknown as Figures;

/** By kind and direction, those that the settlement has. */
export const totalsOf = ({ legs }: KnownSettlement): readonly KindFigures[] =>
  DIRECTIONS.flatMap((direction) =>
    LEG_KINDS.flatMap((kind) => {
      const own = legs.filter((leg) => leg.kind === kind && leg.direction === direction);
      if (own.length === 0) return [];
      return [{ kind, direction, legs: own.length, ...sumOf(own.map(figuresOf)) }];
    }),
  );

export const priceOf = ({ legs }: KnownSettlement, direction: Direction): Price => {
  const faceOf = (...kinds: readonly LegKind[]): string =>
    sumOf(
      legs.filter((leg) => leg.direction === direction && kinds.includes(leg.kind)).map(figuresOf),
    ).face;
  return { cash: faceOf('cash'), cashAndClaims: faceOf('cash', 'claimRelease') };
};

export const openLegsOf = ({ legs }: KnownSettlement): number =>
  legs.filter((leg) => !hasEnded(leg)).length;
