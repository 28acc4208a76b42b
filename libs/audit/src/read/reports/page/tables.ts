import { numberText } from './charts.js';
import { markup, type Content, type Markup } from './markup.js';

/** Rows of a table on the page; all that is known is in the JSON. */
const MOST_ROWS = 200;

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => Content;
  readonly isNumber?: true;
}

/** A table, or that there is nothing. `count` is of all there are, of which the rows may be a part. */
export const table = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  count = rows.length,
): Markup => {
  if (rows.length === 0) return markup`<p class="none">None.</p>`;
  const shown = rows.slice(0, MOST_ROWS);
  const classOf = ({ isNumber }: Column<Row>): Content =>
    isNumber ? markup` class="number"` : undefined;
  return markup`<table><thead><tr>${columns.map(
    (column) => markup`<th${classOf(column)}>${column.title}</th>`,
  )}</tr></thead><tbody>
${shown.map(
  (row) =>
    markup`<tr>${columns.map((column) => markup`<td${classOf(column)}>${column.of(row)}</td>`)}</tr>
`,
)}</tbody></table>${
    count > shown.length
      ? markup`<p class="more">The first ${shown.length} of ${numberText(count)}; more are in the JSON.</p>`
      : undefined
  }`;
};

/** An instant as people read it, to the second. */
export const instantText = (instant: string | null): string =>
  instant === null ? 'unknown' : `${instant.slice(0, 10)} ${instant.slice(11, 19)}`;

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/** The two greatest units of a time, e.g. `2 d 3 h`. */
export const durationText = (seconds: number): string => {
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [length, unit] of UNITS) {
    const count = Math.floor(left / length);
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
    left -= count * length;
  }
  return parts.length > 0 ? parts.join(' ') : `${left} s`;
};
