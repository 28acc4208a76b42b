import { plainToInstance } from 'class-transformer';
import { Length, validateSync } from 'class-validator';
import { IsDayOrInstant, IsPositionOrInstant } from './as-of.js';
import { AreNested, IsDay, IsInstant, IsNested } from './forms.js';

class Form {
  @IsDay()
  on = '2024-02-29';

  @IsInstant()
  at = '2024-02-29T23:59:59.999Z';

  @IsDayOrInstant()
  asOf = '2024-02-29';

  @IsPositionOrInstant()
  knownAt = '2024-02-29T23:59Z';
}

const refused = (said: Partial<Form>): string[] =>
  validateSync(Object.assign(new Form(), said)).map(({ property }) => property);

describe('a day or an instant in a form', () => {
  it('is one of the calendar', () => {
    expect(refused({})).toEqual([]);
    expect(refused({ on: '2023-02-29', at: '2023-02-29T00:00:00.000Z' })).toEqual(['on', 'at']);
    expect(refused({ at: '2024-02-28T24:00:00.000Z' })).toEqual(['at']);
    expect(refused({ at: '2024-02-28T23:59:60.000Z' })).toEqual(['at']);
    expect(refused({ asOf: '2023-02-29', knownAt: '2024-02-29T25:00Z' })).toEqual([
      'asOf',
      'knownAt',
    ]);
  });

  it('is of no year 0, which a column of a table cannot hold', () => {
    expect(refused({ on: '0000-01-01', at: '0000-12-31T23:59:59.999Z' })).toEqual(['on', 'at']);
    expect(refused({ asOf: '0000-01-01', knownAt: '0000-01-01T00:00Z' })).toEqual([
      'asOf',
      'knownAt',
    ]);
  });

  it.each(['0001', '0999', '9999'])('is of no year that some zone writes otherwise: %s', (year) => {
    const [on, at] = [`${year}-12-31`, `${year}-12-31T23:59:59.999Z`];
    expect(refused({ on, at, asOf: on, knownAt: at })).toEqual(['on', 'at', 'asOf', 'knownAt']);
  });
});

class Clause {
  @Length(1, 10)
  ref: string;
}

class Document {
  @IsNested(() => Clause)
  first: Clause;

  @AreNested(() => Clause)
  others: Clause[];
}

describe('an object in a form', () => {
  const faults = (first: unknown, others: unknown): string[] =>
    validateSync(plainToInstance(Document, { first, others })).map(({ property }) => property);

  it('is one of its class, and no list', () => {
    expect(faults({ ref: '4.1' }, [{ ref: '4.2' }])).toEqual([]);
    for (const none of [[], [{ ref: '4.1' }], 'text', null, undefined, { ref: '' }]) {
      expect(faults(none, [])).toEqual(['first']);
    }
  });

  it('is so in a list, each of them', () => {
    const first = { ref: '4.1' };
    for (const none of [[[]], ['text'], [null], [first, []], [{ ref: '' }], 'text']) {
      expect(faults(first, none)).toEqual(['others']);
    }
  });
});
