import type { AnyTableFold, ColumnType } from '../projection.js';
import { settled } from './table-store.js';

const table = (type: ColumnType): AnyTableFold['table'] => ({
  name: 'samples',
  columns: { id: 'integer', value: type },
  key: ['id'],
});

it.each<[ColumnType, unknown, unknown]>([
  ['numeric', 15, '15'],
  ['numeric', '0.1', '0.1'],
  ['bigint', 15, 15n],
  ['timestamptz', '2024-04-20T02:00:00+02:00', '2024-04-20T00:00:00.000Z'],
])('of a row, %s takes %p as %p', (type, value, settledAs) => {
  expect(settled(table(type), { id: 1 }, { id: 1, value })).toEqual({ id: 1, value: settledAs });
});

it.each<[ColumnType, unknown]>([
  // What has a fraction, or is too large to be told from its neighbour, has been through a float.
  ['numeric', 0.1],
  ['numeric', 2 ** 53],
  ['numeric', Number.NaN],
  ['integer', 1.5],
  ['integer', 2 ** 31],
  ['bigint', 2 ** 53],
  ['text', 1],
  ['boolean', 'true'],
  ['date', '2024-02-30'],
  ['timestamptz', 'yesterday'],
  ['jsonb', null],
])('%s does not take %p', (type, value) => {
  const row = { id: 1, value };
  expect(() => settled(table(type), { id: 1 }, row)).toThrow(`samples.value is ${type}, not`);
});
