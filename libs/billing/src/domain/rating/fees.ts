import type { Fee, FeeKind } from '@hostledger/contracts';
import { exact, type Exact } from '@hostledger/quantities';
import type { Source, Window } from '../inputs.js';
import type { LineUnit, Rated } from '../line.js';
import type { MachineFact } from '../machine-facts.js';
import { segmentsOf, told } from '../machine-usage.js';
import { decimal, lineOf } from './charge.js';
import { byFacility, NOWHERE, type TermsSlice } from './slice.js';
import { BEGINNING, machineSources, sourcesOf } from './sources.js';
import { lengthOf, MS_PER_DAY } from './windows.js';

/** Something that a fee is charged for, at a site. */
interface Occasion {
  readonly facility?: string;
  /** Pieces, or milliseconds of storage. */
  readonly count: bigint;
  readonly sources: readonly Source[];
}

interface Told {
  readonly unit: LineUnit;
  readonly what: string;
  readonly occasions: (slice: TermsSlice) => Occasion[];
  readonly quantity: (count: bigint) => Exact;
  readonly step: (count: bigint, quantity: Exact) => string;
}

/** Fees of the rate card, each for each facility. */
export const feesOf = (slice: TermsSlice): Rated[] =>
  (slice.card.fees ?? []).flatMap((fee, index, all) => {
    const nth = all.slice(0, index).filter(({ kind }) => kind === fee.kind).length + 1;
    return feeLines(slice, fee, nth);
  });

const feeLines = (slice: TermsSlice, fee: Fee, nth: number): Rated[] => {
  const { unit, what, occasions, quantity, step } = kinds[fee.kind];
  return byFacility(occasions(slice)).map(([facility, here]) => {
    const count = here.reduce((sum, occasion) => sum + occasion.count, 0n);
    return lineOf(slice, {
      component: fee.kind,
      facility,
      ...(nth > 1 && { apart: `fee${nth}` }),
      description: facility === NOWHERE ? what : `${what}, ${facility}`,
      clauseRef: fee.clauseRef,
      quantity: quantity(count),
      unit,
      rate: fee.amount,
      steps: [step(count, quantity(count))],
      sources: here.flatMap(({ sources }) => sources),
    });
  });
};

const setUps = ({ inputs, window }: TermsSlice): Occasion[] =>
  eachMachine({ inputs }, (facts) => {
    const life = segmentsOf(facts, { from: BEGINNING, until: window.until });
    const first = life.find(
      ({ contractId, energized }) => contractId === inputs.contractId && energized,
    );
    if (!first || first.from < window.from) return [];
    return [
      occasion(
        first.facility,
        machineSources(inputs, [first], { from: BEGINNING, until: first.until }),
      ),
    ];
  });

const moves = (slice: TermsSlice): Occasion[] => happened(slice, ({ moved }) => moved === true);

const repairs = (slice: TermsSlice): Occasion[] =>
  happened(slice, ({ kind }) => kind === 'repairClosed');

const stored = (slice: TermsSlice): Occasion[] =>
  slice.segments
    .filter(({ placeKind }) => placeKind === 'storage')
    .map((segment) => ({
      ...(segment.facility !== undefined && { facility: segment.facility }),
      count: lengthOf(segment),
      sources: machineSources(slice.inputs, [segment], slice.window),
    }));

const pieces = {
  quantity: (count: bigint): Exact => exact(count),
  step: (count: bigint): string => `${count} counted`,
};

const kinds: Record<FeeKind, Told> = {
  setUp: { ...pieces, unit: 'unit', what: 'Set-up', occasions: setUps },
  relocation: { ...pieces, unit: 'move', what: 'Relocation', occasions: moves },
  storage: {
    unit: 'unitDay',
    what: 'Storage',
    occasions: stored,
    quantity: (ms) => exact(ms).div(exact(MS_PER_DAY)),
    step: (ms, days) =>
      `${decimal(exact(ms).div(exact(1000n)))} machine-seconds ÷ 86400 = ${decimal(days)} unit-days`,
  },
  repair: { ...pieces, unit: 'case', what: 'Repair', occasions: repairs },
};

const eachMachine = <T>(
  { inputs }: Pick<TermsSlice, 'inputs'>,
  look: (facts: readonly MachineFact[]) => T[],
): T[] => [...inputs.machines.values()].flatMap(look);

const occasion = (facility: string | undefined, sources: readonly Source[]): Occasion => ({
  ...(facility !== undefined && { facility }),
  count: 1n,
  sources,
});

const isIn = (at: string, { from, until }: Window): boolean => from <= at && at < until;

/** Facts within the slice of machines that are then under the contract, at the site after them. */
const happened = (
  { inputs, window }: TermsSlice,
  isMeant: (fact: MachineFact) => boolean,
): Occasion[] =>
  eachMachine({ inputs }, (facts) => {
    const life = told(facts);
    if (!life.some((fact) => isMeant(fact) && isIn(fact.at, window))) return [];
    const found: Occasion[] = [];
    let contract: MachineFact | undefined;
    let place: MachineFact | undefined;
    for (const fact of life) {
      if (fact.contractId !== undefined) contract = fact;
      if (fact.placeKind !== undefined) place = fact;
      if (!isMeant(fact) || !isIn(fact.at, window)) continue;
      if (contract?.contractId !== inputs.contractId) continue;
      const telling = [contract, ...(place ? [place] : [])];
      found.push(
        occasion(place?.facility, [...telling.map(({ source }) => source), ...sourcesOf(fact)]),
      );
    }
    return found;
  });
