import { cpus } from 'node:os';

/** Some runs of the same thing, with how their figures are written. */
export interface Series {
  readonly values: readonly number[];
  readonly unit: string;
}

/** A line of the table. */
export interface Finding {
  readonly what: string;
  readonly measured: Series;
  readonly against?: { readonly what: string; readonly series: Series };
  /** Measured over yardstick, or the reverse where less is better; absent for absolute figures. */
  readonly ratio?: number;
  readonly target: string;
}

export const median = (values: readonly number[]): number => {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

/** Cores, model and Node: a figure without its machine says nothing. */
export const machineLine = (): string => {
  const cores = cpus();
  return `${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, ${process.platform} ${process.arch}`;
};

const figure = (value: number): string => {
  if (Number.isNaN(value)) return '-';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
};

/** Median and, of several runs, the range. */
const write = ({ values, unit }: Series): string => {
  const spread =
    values.length > 1 ? ` [${figure(Math.min(...values))}-${figure(Math.max(...values))}]` : '';
  return `${figure(median(values))} ${unit}${spread}`;
};

/** The findings as a Markdown table. */
export const table = (findings: readonly Finding[]): string => {
  const rows = [
    ['what', 'measured', 'against', 'ratio', 'target'],
    ...findings.map(({ what, measured, against, ratio, target }) => [
      what,
      write(measured),
      against ? `${against.what}: ${write(against.series)}` : '',
      ratio === undefined ? '' : figure(ratio),
      target,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head, ...body] = rows;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head!), rule, ...body.map(line)].join('\n');
};
