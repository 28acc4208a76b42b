import { tableFold, type DomainEvent, type RecordedEvent } from '@hostledger/eventsourcing';
import { rowsOf } from './fold-spec.js';

type Counted = DomainEvent<'Counted', { key: string; watts: unknown }>;
interface CounterRow {
  key: string;
  watts: bigint;
  note: string | null;
}

const counted = (key: string, watts: unknown = 1n): RecordedEvent<Counted> =>
  ({ type: 'Counted', data: { key, watts } }) as RecordedEvent<Counted>;

const fold = (evolve: (row: CounterRow | undefined, watts: bigint, key: string) => unknown) =>
  tableFold<CounterRow, Counted>({
    table: {
      name: 'counters',
      columns: { key: 'text', watts: 'bigint', note: 'text' },
      key: ['key'],
      nullable: ['note'],
    },
    keys: { Counted: ({ data: { key } }) => [{ key }] },
    evolve: (row, { data }, key) => evolve(row, data.watts as bigint, key.key!) as CounterRow,
  });

const adding = fold((row, watts, key) => ({ key, note: null, watts: (row?.watts ?? 0n) + watts }));

describe('the rows of a fold', () => {
  it('are what the events leave, by key', () => {
    expect(rowsOf(adding, [counted('b'), counted('a'), counted('b')])).toEqual([
      { key: 'a', watts: 1n, note: null },
      { key: 'b', watts: 2n, note: null },
    ]);
    expect(
      rowsOf(
        fold(() => undefined),
        [counted('a')],
      ),
    ).toEqual([]);
  });

  it.each<[string, (row: CounterRow | undefined, watts: bigint, key: string) => unknown]>([
    ['lack a column', (_, watts, key) => ({ key, watts })],
    ['have a column too many', (_, watts, key) => ({ key, watts, note: null, more: 1 })],
    [
      'have a value of another type',
      (_, watts, key) => ({ key, watts: Number(watts), note: null }),
    ],
    ['are null where they may not be', (_, _watts, key) => ({ key, watts: null, note: null })],
    ['have another key', (_, watts) => ({ key: 'other', watts, note: null })],
    [
      'are changed in place',
      (row, watts, key) => (row ? Object.assign(row, { watts }) : { key, watts, note: null }),
    ],
  ])('are refused when they %s', (_, evolve) => {
    expect(() => rowsOf(fold(evolve), [counted('a'), counted('a')])).toThrow();
  });
});
