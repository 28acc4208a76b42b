import fc from 'fast-check';
import { KeySketch } from './key-sketch.js';
import { RowCache } from './row-cache.js';
import { TableStore } from './table-store.js';

const tableOf = (name: string, insertOnly = false): TableStore =>
  new TableStore('spec_v1', { name, columns: { id: 'text' }, key: ['id'], insertOnly });

describe('A cache of rows', () => {
  const miners = tableOf('miners');
  const racks = tableOf('racks');

  it('gives back what a row is now, each table for itself', () => {
    const cache = new RowCache();
    cache.set(miners, 'a', { id: 'a', state: 'delivered' });
    cache.set(miners, 'a', { id: 'a', state: 'installed' });
    cache.set(racks, 'a', { id: 'a' });
    cache.set(racks, 'a', undefined);
    expect(cache.get(miners, 'a')).toEqual({ id: 'a', state: 'installed' });
    expect(cache.get(racks, 'a')).toBeUndefined();
  });

  it('forgets the rows that were written longest ago, and only those', () => {
    const cache = new RowCache();
    for (let n = 0; n < 100_000; n += 1) cache.set(miners, `${n}`, { id: `${n}` });
    expect(cache.get(miners, '0')).toBeUndefined();
    expect(cache.get(miners, '99999')).toEqual({ id: '99999' });
    expect(cache.get(miners, '85000')).toEqual({ id: '85000' });
  });

  it('does not bring a removed row back from its older half', () => {
    const cache = new RowCache();
    cache.set(miners, 'a', { id: 'a' });
    for (let n = 0; n < 15_000; n += 1) cache.set(racks, `${n}`, { id: `${n}` });
    expect(cache.get(miners, 'a')).toBeDefined();
    cache.set(miners, 'a', undefined);
    expect(cache.get(miners, 'a')).toBeUndefined();
  });

  it('knows of a table that was empty which rows were never written', () => {
    const cache = new RowCache([miners]);
    for (let n = 0; n < 100_000; n += 1) cache.set(miners, `${n}`, { id: `${n}` });
    expect(cache.mayExist(miners, '0')).toBe(true);
    const others = Array.from({ length: 1_000 }, (_, n) => `other ${n}`);
    expect(others.filter((id) => cache.mayExist(miners, id)).length).toBeLessThan(100);
    expect(cache.mayExist(racks, 'never written')).toBe(true);
  });

  it('knows nothing once a transaction has failed', () => {
    const cache = new RowCache([miners]);
    cache.set(miners, 'a', { id: 'a' });
    cache.clear();
    expect(cache.get(miners, 'a')).toBeUndefined();
    expect(cache.mayExist(miners, 'never written')).toBe(true);
  });

  it('never takes a key that it was given for absent', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 200 }), (keys) => {
        const sketch = new KeySketch();
        for (const key of keys) sketch.add(key);
        return keys.every((key) => sketch.mayHold(key));
      }),
    );
  });
});
