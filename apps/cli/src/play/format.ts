// How figures and tables are printed. Units are converted here and nowhere else.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const thousandths = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
});

export const count = (n: number): string => whole.format(n);
export const megawatts = (watts: number): string => thousandths.format(watts / 1e6);
export const terahash = (ghs: number): string => whole.format(ghs / 1e3);
export const exahash = (ghs: number): string => thousandths.format(ghs / 1e9);
export const percent = (part: number, all: number): string =>
  all === 0 ? '-' : `${((100 * part) / all).toFixed(1)} %`;

/** An amount as the API tells it, with its thousands set apart. */
export const money = (amount: string): string => {
  const [integer = '', fraction] = amount.split('.');
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};

export const elapsed = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

export type Row = readonly string[];

const FIGURE = /^(\d[\d,.]*( %)?)?$/;

/** Columns of figures are set to the right. */
export const table = (header: Row, rows: readonly Row[], indent = '  '): string[] => {
  const all = [header, ...rows];
  const columns = header.map((_, index) => ({
    width: Math.max(...all.map((row) => (row[index] ?? '').length)),
    figures: rows.every((row) => FIGURE.test(row[index] ?? '')),
  }));
  return all.map((row) =>
    columns
      .map(({ width, figures }, index) => {
        const text = row[index] ?? '';
        return figures ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd()
      .replace(/^/, indent),
  );
};
