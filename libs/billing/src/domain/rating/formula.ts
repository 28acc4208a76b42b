import { DomainError } from '@hostledger/eventsourcing';
import type { Line } from '../line.js';

/**
 * Versions of how a month is computed from its inputs. A close pins one, and the month is computed by that
 * one for ever, by explanations, adjustments and restatements as well: what changes it is a fact, and never
 * this program. What changes a line that an earlier program came to is a new version.
 *
 * 1. A part of what a programme paid is own ÷ measured, at most all of it, rounded half up.
 * 2. Where all machines avoided more than was measured it is own ÷ all of theirs; rounded down.
 */
export const FORMULAS = [1, 2] as const;
export type Formula = (typeof FORMULAS)[number];

/** By which months are closed now. */
export const NEWEST: Formula = 2;

/** @throws DomainError `period/formula-unknown` of a version that a later program has closed by. */
export const knownFormula = (formula: number): Formula => {
  const known = FORMULAS.find((each) => each === formula);
  if (known !== undefined) return known;
  throw new DomainError(
    'conflict',
    'period/formula-unknown',
    `The month was closed by version ${formula} of the formula; this program has ${FORMULAS.join(' and ')}`,
    { formula, known: [...FORMULAS] },
  );
};

/** What lines tell of it: how parts of receipts are rounded. Undefined where there are none. */
export const toldBy = (
  lines: readonly (Pick<Line, 'unit' | 'rounding'> & { readonly component: string })[],
): Formula | undefined => {
  const shared = lines.find(({ component, unit }) => {
    return component === 'curtailmentCredit' && unit === 'money';
  });
  if (!shared) return undefined;
  return shared.rounding.mode === 'down' ? 2 : 1;
};
