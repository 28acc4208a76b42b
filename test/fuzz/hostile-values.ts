import { typeOf } from './good-values.js';
import type { Schema } from './document.js';
import type { Chance } from './random.js';

/** JSON that `JSON.stringify` would not write. */
export class Raw {
  constructor(readonly text: string) {}
}

/** A value as JSON, what is {@link Raw} as it is. */
export const written = (value: unknown): string => {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${written(item)}`,
  );
  return `{${members.join(',')}}`;
};

const nested = (depth: number): Raw => new Raw('['.repeat(depth) + ']'.repeat(depth));
const nestedObjects = (depth: number): Raw =>
  new Raw('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));

export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\t\r\n',
  '\u00a0\u2003',
  'null',
  'undefined',
  'NaN',
  'true',
  '0',
  '-0',
  '-1',
  '+1',
  '1e5',
  '0x10',
  '١٢٣',
  '１２３',
  '1,000.00',
  '01',
  '.5',
  '5.',
  '0.00',
  '-0.01',
  '0.000000000000000000000000001',
  '9'.repeat(30),
  `${'9'.repeat(30)}.99`,
  '9'.repeat(400),
  '99999999999999999999.99',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '2147483648',
  '1e400',
  'Infinity',
  '\u202etxet\u202c',
  'e\u0301\u0301\u0301\u0301',
  '\ufeffa',
  '\u200b',
  '👩‍👩‍👧‍👦',
  '𝕬𝖇𝖈',
  '\u{10ffff}',
  'ﷺ'.repeat(20),
  'İstanbul',
  'ß',
  '\u0001\u001f\u007f',
  '\u0085\u2028\u2029',
  '=1+1',
  "=cmd|'/C calc'!A0",
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1+1',
  '"a","b"',
  "'; drop table miners; --",
  '%',
  '_',
  '\\',
  '%25%00',
  '../../etc/passwd',
  '..',
  '.',
  '${jndi:ldap://127.0.0.1/a}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '$all',
  '$ce-miner',
  '$$miner-1',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '3F2A4C1E-5B6D-4E7F-8A9B-0C1D2E3F4A5B',
  'a'.repeat(255),
  'a'.repeat(256),
  'a'.repeat(5_000),
  'ä'.repeat(2_000),
  '😀'.repeat(200),
];

export const HOSTILE_TIMES: readonly string[] = [
  '2024-02-30',
  '2023-02-29',
  '0000-01-01',
  '0001-01-01',
  '9999-12-31',
  '10000-01-01',
  '+010000-01-01',
  '-000001-01-01',
  '1582-10-10',
  '2024-13-01',
  '2024-00-10',
  '2024-1-1',
  '2024-02-29T24:00:00Z',
  '2024-02-29T24:00:00.000Z',
  '2016-12-31T23:59:60Z',
  '2024-05-01T00:00:00+12:00',
  '2024-05-01T00:00:00-12:00',
  '2024-05-01T00:00:00+99:99',
  '2024-05-01T00:00:00',
  '2024-05-01 00:00:00Z',
  '2024-05-01T00:00:00.123456789Z',
  '2024-05-01T00:00:00.0000000001Z',
  '0000-01-01T00:00:00.000Z',
  '0001-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '2024-W10-1',
  '2024-123',
  '0000-00',
  '0000-01',
  '0001-01',
  '2024-00',
  '2024-13',
  '9999-12',
];

const NUMBERS: readonly unknown[] = [
  ...[0, -1, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e21, 5e-324],
  ...['-0', '1e400', '-1e400', '9007199254740993', '9'.repeat(30), '1e-400', '0.1e1', '1E+2'].map(
    (text) => new Raw(text),
  ),
];

const OTHERS: readonly unknown[] = [
  ...[null, true, false, [], {}, [[]], [null], [{}], { length: 1 }, { toString: 1 }, { then: 1 }],
  ...[
    new Raw('{"__proto__":{"polluted":true}}'),
    new Raw('{"constructor":{"prototype":{"polluted":true}}}'),
  ],
  ...[{ prototype: { polluted: true } }, { $ne: null }, { valueOf: 'x' }, { toJSON: 'x' }],
  ...[nested(31), nested(33), nested(10_000), nestedObjects(10_000)],
  ...[new Raw(`[${'0,'.repeat(50_000)}0]`), new Raw(`[${'{},'.repeat(5_000)}{}]`)],
];

/** Escapes that no text of JavaScript's own would make. */
const ESCAPED = [
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"a\\u0000b"',
  '"\\u00"',
  '"\\x41"',
  '"\\u202e"',
];

/** Something that a field should not have, most of it near to what it has. */
export const hostileValue = (schema: Schema, chance: Chance): unknown => {
  const kind = chance.next();
  if (kind < 0.2) return chance.one(OTHERS);
  if (kind < 0.3) return chance.one(NUMBERS);
  if (kind < 0.4) return chance.one(HOSTILE_TEXTS);
  if (kind < 0.45) return new Raw(chance.one(ESCAPED));
  return atBoundary(schema, chance);
};

const atBoundary = (schema: Schema, chance: Chance): unknown => {
  const { minLength = 0, maxLength, minimum, maximum, minItems, maxItems, example } = schema;
  switch (typeOf(schema)) {
    case 'integer':
    case 'number': {
      const edges = [minimum, maximum].filter((edge) => edge !== undefined);
      const near = edges.flatMap((edge) => [edge - 1, edge, edge + 1, edge + 0.5]);
      return chance.one([...near, ...NUMBERS]);
    }
    case 'array': {
      const counts = [0, (minItems ?? 1) - 1, maxItems ?? 10, (maxItems ?? 100) + 1];
      const one = chance.one<unknown>([null, '', 'a', 1, {}, []]);
      return Array.from({ length: Math.max(0, chance.one(counts)) }, () => one);
    }
    case 'object':
    case 'boolean':
      return chance.one([...OTHERS, 'true', 1, 0, '']);
    default: {
      if (schema.format?.startsWith('date') || /^\d{4}-/.test(String(example))) {
        return chance.one(HOSTILE_TIMES);
      }
      const lengths = [minLength - 1, minLength, maxLength ?? 100, (maxLength ?? 1_000) + 1];
      const length = Math.max(0, chance.one(lengths));
      const letter = chance.one(['a', 'A', '1', 'é', '😀', 'e\u0301', '\u0001', ' ', '=']);
      const long = letter.repeat(Math.min(length, 20_000));
      return chance.one([long, chance.one(HOSTILE_TEXTS), chance.one(HOSTILE_TIMES)]);
    }
  }
};
