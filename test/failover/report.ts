import type { Findings } from './checks.js';
import type { Ledger } from './ledger.js';

/** When a fault began and was mended, in milliseconds since the epoch. */
export interface Befell {
  readonly name: string;
  readonly at: number;
  readonly mendedAt: number;
}

export interface Recovery {
  readonly name: string;
  /** From the fault to the first acknowledgement of what was sent after it; undefined: none at all. */
  readonly firstMs: number | undefined;
  /** To the first answer of a read model that had come to what was acknowledged after the fault. */
  readonly readMs: number | undefined;
  /** Until so many were acknowledged a second as nine tenths of those before it. */
  readonly fullMs: number | undefined;
  /** The longest time without any acknowledgement until the next fault. */
  readonly silenceMs: number;
}

export interface Report {
  readonly seconds: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly refusals: ReadonlyMap<string, number>;
  readonly setbacks: ReadonlyMap<string, number>;
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Share of the seconds in which something was acknowledged. */
  readonly availability: number;
  readonly recoveries: readonly Recovery[];
  readonly wrong: readonly string[];
  readonly stale: readonly string[];
  readonly checked: Readonly<Record<string, number>>;
}

const WINDOW_MS = 2_000;
const BASELINE_MS = 6_000;
const STEP_MS = 250;
const MOST_TOLD = 60;

const percentile = (values: readonly number[], share: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;

const count = (labels: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
};

export const reportOf = (
  ledger: Ledger,
  span: { readonly from: number; readonly until: number },
  befell: readonly Befell[],
  { wrong, stale }: Findings,
  checked: Readonly<Record<string, number>>,
): Report => {
  const entries = ledger.entries.filter(({ kind }) => kind !== 'setup');
  const accepted = entries.filter(({ outcome }) => outcome === 'accepted');
  const acknowledged = accepted.map(({ settledAt }) => settledAt).sort((a, b) => a - b);
  const latencies = entries.map((one) => one.settledAt - one.sentAt).sort((a, b) => a - b);
  const seconds = (span.until - span.from) / 1_000;
  const lively = new Set(
    acknowledged.filter((at) => at <= span.until).map((at) => Math.floor((at - span.from) / 1_000)),
  );
  return {
    seconds,
    outcomes: count(entries.map(({ kind, outcome }) => `${kind} ${outcome}`)),
    refusals: count(entries.flatMap(({ code }) => (code === undefined ? [] : [code]))),
    setbacks: ledger.setbacks,
    latency: {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: latencies.at(-1) ?? NaN,
    },
    availability: lively.size / Math.ceil(seconds),
    recoveries: befell.map((fault, index) => {
      const until = befell[index + 1]?.at ?? span.until;
      const later = accepted.filter((one) => one.lastSentAt >= fault.at && one.settledAt <= until);
      const first = Math.min(...later.map(({ settledAt }) => settledAt));
      return {
        name: fault.name,
        firstMs: Number.isFinite(first) ? first - fault.at : undefined,
        readMs: firstRead(ledger, fault.at, until),
        fullMs: fullAgain(acknowledged, fault.at, until),
        silenceMs: longestSilence(acknowledged, fault.at, until),
      };
    }),
    wrong,
    stale,
    checked: { ...checked, reads: ledger.reads.length, repeats: ledger.repeats },
  };
};

const firstRead = ({ reads }: Ledger, at: number, until: number): number | undefined => {
  const first = Math.min(
    ...reads
      .filter(({ sentAt, answeredAt }) => sentAt >= at && answeredAt <= until)
      .map(({ answeredAt }) => answeredAt),
  );
  return Number.isFinite(first) ? first - at : undefined;
};

const between = (times: readonly number[], from: number, until: number): number =>
  times.filter((at) => at >= from && at < until).length;

/** The rate before the fault, and the first window after the deepest point that comes near it. */
const fullAgain = (times: readonly number[], at: number, until: number): number | undefined => {
  const before = between(times, at - BASELINE_MS, at) / BASELINE_MS;
  const wanted = before * WINDOW_MS * 0.9;
  let low = Infinity;
  let lowAt = at;
  for (let from = at; from + WINDOW_MS <= until; from += STEP_MS) {
    const rate = between(times, from, from + WINDOW_MS);
    if (rate < low) [low, lowAt] = [rate, from];
  }
  if (low >= wanted) return 0;
  for (let from = lowAt; from + WINDOW_MS <= until; from += STEP_MS) {
    if (between(times, from, from + WINDOW_MS) >= wanted) return from + WINDOW_MS - at;
  }
  return undefined;
};

const longestSilence = (times: readonly number[], at: number, until: number): number => {
  const marks = [at, ...times.filter((time) => time > at && time < until), until];
  return Math.max(...marks.slice(1).map((mark, index) => mark - marks[index]!));
};

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, times]) => `${label.trim()} ${times}`)
    .join(', ') || 'none';

const inSeconds = (ms: number | undefined): string =>
  ms === undefined ? 'not before the next' : `${(ms / 1_000).toFixed(1)} s`;

export const written = (report: Report): string => {
  const { latency, recoveries, wrong, checked } = report;
  const total = [...report.outcomes.values()].reduce((sum, times) => sum + times, 0);
  return [
    `${total} commands in ${report.seconds.toFixed(0)} s: ${list(report.outcomes)}.`,
    `Refused: ${list(report.refusals)}.`,
    `Sent again after: ${list(report.setbacks)}.`,
    `From the first try to the answer: p50 ${latency.p50} ms, p99 ${latency.p99} ms, longest ${latency.max} ms.`,
    `Seconds with an acknowledgement: ${(report.availability * 100).toFixed(1)} %.`,
    '',
    '| fault | first acknowledgement | first read of it | 90 % of the rate | longest silence |',
    '| --- | --- | --- | --- | --- |',
    ...recoveries.map(
      ({ name, firstMs, readMs, fullMs, silenceMs }) =>
        `| ${name} | ${inSeconds(firstMs)} | ${inSeconds(readMs)} | ${inSeconds(fullMs)} | ${inSeconds(silenceMs)} |`,
    ),
    '',
    `Checked: ${Object.entries(checked)
      .map(([what, number]) => `${number} ${what}`)
      .join(', ')}.`,
    `Refused by a leader that was none any more, while two claimed to lead: ${report.stale.length}.`,
    ...report.stale.slice(0, MOST_TOLD),
    wrong.length === 0 ? 'Nothing was wrong.' : `WRONG (${wrong.length}):`,
    ...wrong.slice(0, MOST_TOLD),
  ].join('\n');
};
