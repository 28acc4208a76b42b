import * as fc from 'fast-check';
import { barChart, greatestOf, pairsChart } from './charts.js';
import { markup } from './markup.js';
import { everyNth, scaleTo } from './scale.js';
import { durationText, table } from './tables.js';

describe('Markup', () => {
  it('holds text as text, whatever it says', () => {
    const hostile = `</td><script>alert("1")</script>' onload='x' &amp; `;
    expect(markup`<td title="${hostile}">${hostile}</td>`.text).toBe(
      '<td title="&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x&#39; &amp;amp; ">' +
        '&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x&#39; &amp;amp; </td>',
    );
  });

  it('never lets a text open or close anything, nor hide or turn around what is beside it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inside = markup`<p>${text}</p>`.text.slice('<p>'.length, -'</p>'.length);
        expect(inside).not.toMatch(/[<>"']/);
        expect(inside).not.toMatch(/[\u0000\u001b\u202e\u2066\u200b]/);
        expect(inside.isWellFormed()).toBe(true);
      }),
    );
    expect(markup`${'ab\u202Ecd'}`.text).toBe('ab\\u{202e}cd');
  });

  it('joins lists of markup, and leaves out what is not there', () => {
    expect(
      markup`<ul>${['a', 'b'].map((one) => markup`<li>${one}</li>`)}${undefined}${0}</ul>`.text,
    ).toBe('<ul><li>a</li><li>b</li>0</ul>');
  });
});

describe('A scale', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [50, [0, 10, 20, 30, 40, 50]],
    [51, [0, 20, 40, 60]],
    [1_234, [0, 500, 1_000, 1_500]],
  ])('to %d has the ticks %j', (greatest, ticks) => {
    expect(scaleTo(greatest).ticks).toEqual(ticks);
  });

  it('begins at 0, has few ticks in even steps, and holds every value', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 12 }),
        fc.double({ min: 0, max: 1 }),
        (max, part) => {
          const scale = scaleTo(max);
          const { ticks } = scale;
          expect(ticks.length).toBeLessThanOrEqual(6);
          expect([ticks[0], scale.at(0), scale.at(ticks.at(-1)!)]).toEqual([0, 0, 1]);
          expect(new Set(ticks.slice(1).map((tick, index) => tick - ticks[index]!)).size).toBe(1);
          expect(scale.at(max * (Number.isNaN(part) ? 1 : part))).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('shows no more labels than fit', () => {
    expect([everyNth(5, 12), everyNth(12, 12), everyNth(13, 12), everyNth(366, 12)]).toEqual([
      ...[1, 1, 2, 31],
    ]);
  });
});

const heights = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"/g)].map(
    ([, , height]) => Number(height),
  );

describe('A bar chart', () => {
  it('puts parts upon each other, as high as they are many', () => {
    const { text } = barChart({
      title: 'Events',
      labels: ['06-01', '06-02'],
      series: [
        { name: 'miner', values: [2, 0] },
        { name: 'rack', values: [1, 4] },
      ],
    });
    // The plot is 196 high, its scale ends at 4; 0 has no bar.
    expect(heights(text)).toEqual([98, 49, 196]);
    expect(text).toContain('<title>06-01, miner: 2</title>');
    expect(text).toContain('y="108" width="294.1" height="98"');
    expect(text).toContain('y="59" width="294.1" height="49"');
  });

  it('of nothing is an empty one', () => {
    const { text } = barChart({ title: 'x', labels: ['a'], series: [] });
    expect(heights(text)).toEqual([]);
    expect(text).not.toContain('NaN');
  });

  it('escapes what series and labels are called', () => {
    const { text } = barChart({
      title: '<b>',
      labels: ['<i>'],
      series: [{ name: '"', values: [1] }],
    });
    expect(text).not.toMatch(/<b>|<i>|"""/);
  });

  it('joins what is least of many series', () => {
    const many = Array.from({ length: 12 }, (_, index) => ({
      name: `s${index}`,
      values: [index, 1],
    }));
    const shown = greatestOf(many, 3);
    expect(shown).toEqual([
      { name: 's11', values: [11, 1] },
      { name: 's10', values: [10, 1] },
      { name: '10 others', values: [45, 10] },
    ]);
    expect(greatestOf(many.slice(0, 3), 3).map(({ name }) => name)).toEqual(['s2', 's1', 's0']);
  });
});

describe('The chart of pairs', () => {
  it('counts who asked whom, and marks who did both', () => {
    const pair = (from: string, to: string) => ({ from, to, count: 1 });
    const { text } = pairsChart('Pairs', [
      pair('ann', 'bob'),
      pair('ann', 'bob'),
      pair('cyd', 'Cyd'),
    ]);
    expect(text).toContain('<title>ann, decided by bob: 2</title>');
    expect(text.match(/class="self"/g)).toHaveLength(1);
  });
});

describe('A table', () => {
  it('tells how many rows there are, where it does not show them all', () => {
    const rows = Array.from({ length: 300 }, (_, index) => index);
    const { text } = table([{ title: 'N', of: (row) => row, isNumber: true }], rows, 5_000);
    expect(text.match(/<tr>/g)).toHaveLength(201);
    expect(text).toContain('The first 200 of 5,000');
    expect(table([{ title: 'N', of: (row: number) => row }], []).text).toContain('None.');
  });

  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [3_600, '1 h'],
    [90_061, '1 d 1 h'],
    [86_460, '1 d 1 min'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});
