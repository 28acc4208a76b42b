import {
  DomainError,
  type Decider,
  type DomainCommand,
  type DomainEvent,
} from '@hostledger/eventsourcing';
import { specOf } from './decider-spec.js';

type Counted = DomainEvent<'Counted', { by: number; note?: unknown }>;
type Count = DomainCommand<'Count', { by: number[]; note?: unknown }>;

interface Total {
  sum: number;
}

const at = '2024-06-01T00:00:00Z';
const counted = (by: number, note?: unknown): Counted => ({
  type: 'Counted',
  data: note === undefined ? { by } : { by, note },
});
const count = (by: number[], note?: unknown): Count => ({ type: 'Count', data: { by, note }, at });

const counter: Decider<Total, Count, Counted> = {
  initialState: { sum: 0 },
  evolve: (total: Total, { data }: Counted): Total => ({ sum: total.sum + data.by }),
  decide: ({ data }: Count, total: Total): Counted[] => {
    if (data.by.some((by) => by < 0)) {
      throw new DomainError('invalid', 'counter/negative', 'Not below zero', {}, '/by');
    }
    if (data.by.includes(13)) throw new Error('a fault, not a rule');
    return data.by.filter(() => total.sum < 100).map((by) => counted(by, data.note));
  },
};
const { given } = specOf(counter);

describe('given / when / then', () => {
  it('accepts exactly the expected events in their order', () => {
    given(counted(1))
      .when(count([2, 3]))
      .then(counted(2), counted(3));
    given(counted(100))
      .when(count([2]))
      .thenNothing();
  });

  it('refuses another order, a part, a surplus and a partial match', () => {
    const when = given().when(count([2, 3], 'why'));
    expect(() => when.then(counted(3, 'why'), counted(2, 'why'))).toThrow();
    expect(() => when.then(counted(2, 'why'))).toThrow();
    expect(() => when.then(counted(2, 'why'), counted(3, 'why'), counted(4))).toThrow();
    expect(() => when.then(counted(2), counted(3))).toThrow();
    expect(() => when.thenNothing()).toThrow();
  });

  it('refuses events that JSON would change, on either side', () => {
    for (const note of [new Date(0), new Map(), [undefined], Number.NaN, -0]) {
      expect(() =>
        given()
          .when(count([1], note))
          .then(counted(1, note)),
      ).toThrow('survive JSON');
    }
    expect(() =>
      given(counted(1, new Date(0)))
        .when(count([1]))
        .then(counted(1)),
    ).toThrow();
  });

  it('accepts a refusal by its code and pointer, and nothing else', () => {
    const when = given().when(count([-1]));
    when.thenRejects('counter/negative');
    when.thenRejects('counter/negative', '/by');
    expect(() => when.thenRejects('counter/other')).toThrow();
    expect(() => when.thenRejects('counter/negative', '/note')).toThrow();
    expect(() => when.then()).toThrow(DomainError);
  });

  it('takes neither acceptance nor a fault for a refusal', () => {
    expect(() =>
      given()
        .when(count([1]))
        .thenRejects('counter/negative'),
    ).toThrow('got Counted');
    expect(() =>
      given()
        .when(count([13]))
        .thenRejects('counter/negative'),
    ).toThrow('a fault');
  });

  it('fails a decider that changes its input', () => {
    const meddling = specOf({
      ...counter,
      decide: (command: Count): Counted[] => {
        command.data.by.push(1);
        return [];
      },
    });
    expect(() =>
      meddling
        .given()
        .when(count([1]))
        .thenNothing(),
    ).toThrow(TypeError);
  });
});
