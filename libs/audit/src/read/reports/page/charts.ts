import { markup, type Markup } from './markup.js';
import { everyNth, scaleTo } from './scale.js';

// Plots as inline SVG: no script, no outside resource, legible in print and without colour.

/** By Okabe and Ito, told apart by whoever sees colours otherwise. */
export const COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#777777',
];
const MOST_SERIES = COLOURS.length;

const WIDTH = 760;
const HEIGHT = 240;
const LEFT = 58;
const BOTTOM = 34;
const TOP = 10;
const PLOT_WIDTH = WIDTH - LEFT - 10;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
const LABELS = 12;
const GAP = 0.15;

export interface Series {
  readonly name: string;
  /** One for each label. */
  readonly values: readonly number[];
}

export interface BarChart {
  /** Read out where it cannot be seen. */
  readonly title: string;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
}

/** The greatest series, and all others as one. */
export const greatestOf = (series: readonly Series[], most = MOST_SERIES): Series[] => {
  const sum = ({ values }: Series): number => values.reduce((total, value) => total + value, 0);
  const sorted = [...series].sort((a, b) => sum(b) - sum(a) || (a.name < b.name ? -1 : 1));
  if (sorted.length <= most) return sorted;
  const rest = sorted.slice(most - 1);
  const values = rest[0]!.values.map((_, index) =>
    rest.reduce((total, one) => total + one.values[index]!, 0),
  );
  return [...sorted.slice(0, most - 1), { name: `${rest.length} others`, values }];
};

/** Bars of what was counted for each label, one part upon the other for each series. */
export const barChart = ({ title, labels, series }: BarChart): Markup => {
  const totals = labels.map((_, index) =>
    series.reduce((total, { values }) => total + values[index]!, 0),
  );
  const scale = scaleTo(Math.max(0, ...totals));
  const y = (value: number): number => TOP + PLOT_HEIGHT * (1 - scale.at(value));
  const band = PLOT_WIDTH / Math.max(1, labels.length);
  const x = (index: number): number => LEFT + band * index;
  const nth = everyNth(labels.length, LABELS);
  const bars = labels.flatMap((label, index) => {
    let below = 0;
    return series.flatMap(({ name, values }, which) => {
      const value = values[index]!;
      if (value === 0) return [];
      const from = below;
      below += value;
      return markup`<rect x="${round(x(index) + (band * GAP) / 2)}" y="${round(y(below))}" width="${round(band * (1 - GAP))}" height="${round(y(from) - y(below))}" fill="${COLOURS[which % MOST_SERIES]}"><title>${label}, ${name}: ${value}</title></rect>`;
    });
  });
  return markup`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" xmlns="http://www.w3.org/2000/svg">
${scale.ticks.map(
  (tick) =>
    markup`<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${round(y(tick))}" y2="${round(y(tick))}" class="grid"/><text x="${LEFT - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${numberText(tick)}</text>`,
)}
${bars}
${labels.map((label, index) =>
  index % nth === 0
    ? markup`<text x="${round(x(index) + band / 2)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${label}</text>`
    : '',
)}
</svg><figcaption>${title}. ${series.map(({ name }, which) => legend(name, which))}</figcaption></figure>`;
};

const legend = (name: string, which: number): Markup =>
  markup`<span class="key"><svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><rect width="10" height="10" fill="${COLOURS[which % MOST_SERIES]}"/></svg> ${name}</span> `;

const CELL = 28;
const NAMES = 170;
const MOST_NAMES = 20;

/** Who asked whom: a square for each pair, the number of decisions in it, pairs with oneself marked. */
export const pairsChart = (
  title: string,
  pairs: readonly { readonly from: string; readonly to: string; readonly count: number }[],
): Markup => {
  const froms = namesOf(pairs.map(({ from }) => from));
  const tos = namesOf(pairs.map(({ to }) => to));
  const width = Math.max(NAMES + tos.length * CELL + 90, 400);
  const height = NAMES / 2 + froms.length * CELL + 10;
  const counts = new Map<string, number>();
  for (const { from, to, count } of pairs) {
    const key = JSON.stringify([from, to]);
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  const cells = froms.flatMap((from, row) =>
    tos.flatMap((to, column) => {
      const count = counts.get(JSON.stringify([from, to])) ?? 0;
      if (count === 0) return [];
      const isSelf = from.toLowerCase() === to.toLowerCase();
      const x = NAMES + column * CELL;
      const y = NAMES / 2 + row * CELL;
      return markup`<rect x="${x + 1}" y="${y + 1}" width="${CELL - 2}" height="${CELL - 2}" class="${isSelf ? 'self' : 'pair'}"><title>${from}, decided by ${to}: ${count}</title></rect><text x="${x + CELL / 2}" y="${y + CELL / 2 + 4}" text-anchor="middle">${count}</text>`;
    }),
  );
  return markup`<figure><svg viewBox="0 0 ${width} ${height}" style="max-width:${width}px" role="img" aria-label="${title}" xmlns="http://www.w3.org/2000/svg">
${froms.map((from, row) => markup`<text x="${NAMES - 6}" y="${NAMES / 2 + row * CELL + CELL / 2 + 4}" text-anchor="end">${shortened(from)}</text>`)}
${tos.map((to, column) => markup`<text transform="translate(${NAMES + column * CELL + CELL / 2 + 3} ${NAMES / 2 - 6}) rotate(-35)">${shortened(to)}</text>`)}
${cells}
</svg><figcaption>${title}. Rows asked, columns decided; a dark frame is somebody who did both.</figcaption></figure>`;
};

const namesOf = (all: readonly string[]): string[] => [...new Set(all)].sort().slice(0, MOST_NAMES);

const SHORT = 24;
const shortened = (name: string): string =>
  name.length <= SHORT ? name : `${name.slice(0, SHORT - 1)}…`;

const round = (value: number): number => Math.round(value * 100) / 100;

/** Thousands are parted by a comma. */
export const numberText = (value: number): string => value.toLocaleString('en-US');
