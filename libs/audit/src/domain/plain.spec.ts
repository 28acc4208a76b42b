import { firstDifference } from './difference.js';
import { plain } from './plain.js';

describe('The plain form of a state', () => {
  it('has maps by their keys, sets as lists in order, and whole numbers beyond a double as text', () => {
    const state = { b: new Map([['2024', { n: 1n }]]), a: new Set(['y', 'x']), gone: undefined };
    expect(plain(state)).toEqual({ a: ['x', 'y'], b: { '2024': { n: '1' } } });
  });

  it('is the same text, in whichever order fields and entries came to be', () => {
    const one = new Map([
      ['b', 1],
      ['a', 2],
    ]);
    const other = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    expect(JSON.stringify(plain({ y: one, x: null }))).toBe(
      JSON.stringify(plain({ x: null, y: other })),
    );
  });

  it('is refused of what JSON cannot tell', () => {
    expect(() => plain({ at: new Date(0) })).toThrow(TypeError);
    expect(() => plain({ rate: NaN })).toThrow(TypeError);
    expect(() => plain(() => 1)).toThrow(TypeError);
  });
});

describe('The first difference of two values', () => {
  it('is named by a pointer, with what either side has there', () => {
    const here = { lines: [{ amount: '1.00' }, { amount: '2.00' }], 'a/b': 1 };
    const there = { lines: [{ amount: '1.00' }, { amount: '2.01' }], 'a/b': 1 };
    const path = '/lines/1/amount';
    expect(firstDifference(here, there)).toEqual({ path, here: '2.00', there: '2.01' });
    expect(firstDifference(here, { ...here, 'a/b': 2 })).toMatchObject({ path: '/a~1b' });
  });

  it('is what one side lacks, and null is something else than nothing', () => {
    expect(firstDifference({ a: 1 }, {})).toEqual({ path: '/a', here: 1 });
    expect(firstDifference([], ['x'])).toEqual({ path: '/0', there: 'x' });
    expect(firstDifference({ a: null }, {})).toEqual({ path: '/a', here: null });
  });

  it('is none between equal values, and the whole between a list and an object', () => {
    expect(firstDifference({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBeUndefined();
    expect(firstDifference([], {})).toEqual({ path: '', here: [], there: {} });
  });
});
