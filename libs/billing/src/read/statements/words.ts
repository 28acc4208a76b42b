import type { LineUnit } from '../../domain/line.js';
import { isShare } from '../../domain/rating/charge.js';
import type { PaperLine, StatementKind } from '../../domain/statement.js';

// How papers say in words and figures what a statement holds.

export const TITLES: Readonly<Record<StatementKind, string>> = {
  statement: 'Statement',
  restatement: 'Restatement',
  creditNote: 'Credit note',
  lateFeeNote: 'Late fee note',
};

const UNITS: Readonly<Record<LineUnit, string>> = {
  kWh: 'kWh',
  unitMonth: 'unit-months',
  kWMonth: 'kW-months',
  BTC: 'BTC',
  money: '',
  moneyMonth: 'months',
  unit: 'units',
  move: 'moves',
  unitDay: 'unit-days',
  case: 'cases',
  month: 'months',
};

export const COMPONENTS: Readonly<Record<PaperLine['component'], string>> = {
  nameplateKwh: 'Hosting, by nameplate energy',
  meteredKwh: 'Hosting, by metered energy',
  passThrough: 'Service fee on power passed through',
  powerCost: 'Power passed through',
  flatPerUnit: 'Hosting, by machine',
  flatPerKw: 'Hosting, by kW',
  criticalItLoad: 'Critical IT load',
  proceedsShare: 'Share of proceeds',
  profitShare: 'Share of profit',
  minimum: 'Minimum commitment',
  setUp: 'Set-up fee',
  relocation: 'Relocation fee',
  storage: 'Storage fee',
  repair: 'Repair fee',
  uptimeCredit: 'Uptime credit',
  curtailmentCredit: 'Curtailment credit',
  credit: 'Credit',
  lateFee: 'Late fee',
  nothing: 'Nothing charged',
};

export const unitText = ({ unit, currency }: Pick<PaperLine, 'unit' | 'currency'>): string =>
  unit === 'money' ? currency : `${unit === 'moneyMonth' ? `${currency}-` : ''}${UNITS[unit]}`;

export const rateText = (line: Pick<PaperLine, 'unit' | 'rate'>): string =>
  isShare(line.unit) ? `${grouped(line.rate)} %` : grouped(line.rate);

/** `1234567.80` as `1,234,567.80`. */
export const grouped = (decimal: string): string => {
  const [whole = '', fraction] = decimal.split('.');
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? thousands : `${thousands}.${fraction}`;
};

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** @param month YYYY-MM */
export const monthText = (month: string): string =>
  `${MONTHS[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`;

const ROUNDING: Readonly<Record<PaperLine['rounding']['mode'], string>> = {
  halfUp: 'to the nearest, ties away from zero',
  halfEven: 'to the nearest, ties to even',
  down: 'towards zero',
  up: 'away from zero',
};

/**
 * How amounts were rounded: all ways that the lines name, each once; where a currency has several, each
 * but the most common with the lines that it is for.
 */
export const roundingNotes = (lines: readonly PaperLine[]): readonly string[] =>
  [...Map.groupBy(lines, ({ currency }) => currency)].flatMap(([currency, those]) => {
    const ways = [
      ...Map.groupBy(
        those,
        ({ rounding: { mode, scale } }) => `${ROUNDING[mode]}, to ${scale} decimal places`,
      ),
    ].toSorted(([, one], [, other]) => other.length - one.length);
    const told = (of: string, way: string): string =>
      `Amounts in ${currency}${of} are quantity × rate, computed exactly and rounded once, ${way}.`;
    const [[usual], ...others] = ways as [(typeof ways)[number], ...typeof ways];
    const but = others.length > 0 ? ', but for the lines named below' : '';
    return [
      told('', `${usual}${but}`),
      ...others.map(([way, some]) => told(` ${linesTold(some)}`, way)),
    ];
  });

const linesTold = (lines: readonly PaperLine[]): string =>
  `of ${lines.length === 1 ? 'line' : 'lines'} ${lines.map(({ number }) => number).join(', ')}`;
