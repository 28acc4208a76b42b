import { placesOfCurrency } from '../../domain/account-money.js';
import { nothing } from '../../domain/amounts.js';
import { windowOf } from '../../domain/months.js';
import type { PaperLine, Statement, Total } from '../../domain/statement.js';
import type { Parties } from './parties.js';
import { monthText } from './words.js';

// A statement may charge nothing. It has a number all the same, and papers and files say so.

type Of = Pick<Statement, 'month' | 'statementId'>;

/** The lines; where there are none, one of number 0 that says so. */
export const toldLines = (
  lines: readonly PaperLine[],
  { month, statementId }: Of,
  { contract: { currency, time_zone } }: Parties,
): readonly PaperLine[] => {
  if (lines.length > 0) return lines;
  const scale = placesOfCurrency(currency);
  return [
    {
      ...{ number: 0, key: `nothing/${statementId}`, component: 'nothing' },
      description: `Nothing is charged for ${monthText(month)}`,
      window: windowOf(time_zone, month),
      ...{ quantity: '0', unit: 'money', rate: '0', exactAmount: '0/1' },
      ...{ rounding: { mode: 'halfUp', scale }, amount: nothing(scale), currency },
    },
  ];
};

/** The totals; where there are none, zero in the currency of the contract. */
export const toldTotals = (
  totals: readonly Total[],
  { contract: { currency } }: Parties,
): readonly Total[] =>
  totals.length > 0 ? totals : [{ currency, amount: nothing(placesOfCurrency(currency)) }];
