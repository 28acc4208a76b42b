import { gzipSync } from 'node:zlib';
import type { Draft } from './base-request.js';
import { HOSTILE_TEXTS, HOSTILE_TIMES, written } from './hostile-values.js';
import type { Chance } from './random.js';
import type { HostileRequest } from './request.js';

/** Text of a body that is not quite JSON, or not what it says it is. */
export const jsonText = (draft: Draft, chance: Chance): HostileRequest => {
  const text = written(draft.body ?? {});
  const typed = (type: string): Draft => ({
    ...draft,
    headers: withHeader(draft.headers, 'content-type', type),
  });
  const plain = toRequest(draft, '');
  const [what, make] = chance.one<readonly [string, () => HostileRequest]>([
    ['trailing garbage', () => ({ ...plain, body: Buffer.from(`${text}}`) })],
    ['two documents', () => ({ ...plain, body: Buffer.from(`${text}\n${text}`) })],
    [
      'truncated',
      () => ({ ...plain, body: Buffer.from(text.slice(0, chance.below(text.length))) }),
    ],
    ['a BOM', () => ({ ...plain, body: Buffer.from(`\ufeff${text}`) })],
    ['UTF-16', () => ({ ...plain, body: Buffer.from(text, 'utf16le') })],
    [
      'not UTF-8',
      () => ({ ...plain, body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) }),
    ],
    ['an over-long UTF-8 NUL', () => ({ ...plain, body: Buffer.from([0x22, 0xc0, 0x80, 0x22]) })],
    ['a comment', () => ({ ...plain, body: Buffer.from(`/* */${text}`) })],
    ['single quotes', () => ({ ...plain, body: Buffer.from(text.replaceAll('"', "'")) })],
    ['no body', () => toRequest({ ...draft, body: undefined }, '')],
    ['an empty body', () => ({ ...plain, body: Buffer.alloc(0) })],
    ['blank', () => ({ ...plain, body: Buffer.from(' \n ') })],
    [
      'a megabyte of blanks',
      () => ({ ...plain, body: Buffer.from(`${text}${' '.repeat(1_000_000)}`) }),
    ],
    [
      'more than the limit',
      () => ({ ...plain, body: Buffer.from(`{"a":"${'x'.repeat(1_100_000)}"}`) }),
    ],
    ['a million braces', () => ({ ...plain, body: Buffer.from('{"a":'.repeat(200_000)) })],
    [
      'gzip',
      () => ({
        ...toRequest({ ...draft, headers: [...draft.headers, ['content-encoding', 'gzip']] }, ''),
        body: gzipSync(text),
      }),
    ],
    ['as text', () => toRequest(typed('text/plain'), '')],
    ['as a form', () => toRequest(typed('application/x-www-form-urlencoded'), '')],
    ['as parts', () => toRequest(typed('multipart/form-data; boundary=x'), '')],
    ['in Latin-1', () => toRequest(typed('application/json; charset=iso-8859-1'), '')],
    ['as CSV', () => toRequest(typed('text/csv'), '')],
    ['as JSON of another kind', () => toRequest(typed('application/merge-patch+json'), '')],
    [
      'of no type',
      () =>
        toRequest(
          { ...draft, headers: draft.headers.filter(([name]) => name !== 'content-type') },
          '',
        ),
    ],
    [
      'of a type that is none',
      () =>
        toRequest(
          typed(
            chance.one([
              '',
              ';',
              'json',
              '*/*',
              'application/json;;;',
              'a/b/c',
              '__proto__',
              'application/json, text/csv',
            ]),
          ),
          '',
        ),
    ],
    ['chunked', () => chunked(plain, chance)],
  ]);
  return { ...make(), what: `body ${what}` };
};

const chunked = (request: HostileRequest, chance: Chance): HostileRequest => {
  const body = request.body ?? Buffer.alloc(0);
  const size = chance.one([body.length.toString(16), '0', 'fffffffff', '-1', 'zz', ' ']);
  const text = Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
  return {
    ...request,
    headers: [...request.headers, ['transfer-encoding', 'chunked']],
    body: text,
  };
};

const HOSTILE_SEGMENTS = [
  ...[
    '%2e%2e',
    '%2e%2e%2f',
    '..%2f..',
    '%00',
    '%ff',
    '%c0%80',
    '%',
    '%zz',
    '%E2%82',
    '%u0041',
    '%2F',
    '%5c',
  ],
  ...[
    'a%0d%0aSet-Cookie:x',
    ';',
    ':',
    '*',
    '@',
    '!',
    "'",
    '%22',
    '%3Cscript%3E',
    '%20',
    '+',
    '~',
    '$all',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    '-1',
    '0',
    '1e3',
    '0x1',
    '1.0',
    '01',
  ],
  ...[
    '9'.repeat(30),
    '99999999999',
    '2147483648',
    '9223372036854775808',
    'a'.repeat(190),
    'a'.repeat(201),
  ],
  ...[
    'a'.repeat(3_000),
    '%F0%9F%98%80'.repeat(20),
    '%ED%A0%80',
    '\xff',
    '\xc3\xa4',
    '2023-13',
    '0000-01',
  ],
];

export const pathText = (draft: Draft, chance: Chance): HostileRequest => {
  const names = Object.keys(draft.path);
  const name = chance.one(names);
  const segment = chance.happens(0.6)
    ? chance.one(HOSTILE_SEGMENTS)
    : escaped(chance.one([...HOSTILE_TEXTS, ...HOSTILE_TIMES]));
  const target = targetOf(draft, { [name]: segment });
  const others = [
    `${target}/`,
    `${target}//`,
    `/${target}`,
    `${target}/../../x`,
    `${target}.json`,
    `${target}#a`,
  ];
  const used = chance.happens(0.9) ? target : chance.one(others);
  return { ...toRequest(draft, `${name} in the path`), target: used };
};

export const queryText = (draft: Draft, chance: Chance): HostileRequest => {
  const declared = draft.operation.parameters.filter((one) => one.in === 'query');
  const one = declared.length > 0 ? chance.one(declared) : { name: 'limit', schema: {} };
  const { name } = one;
  const value = escaped(chance.one([...HOSTILE_TEXTS, ...HOSTILE_TIMES]));
  const cursor = (of: unknown): string => Buffer.from(JSON.stringify(of)).toString('base64url');
  const added = chance.one([
    ...[`${name}=${value}`, `${name}=${value}`, `${name}=${value}`, `${name}=${value}`],
    ...[
      `${name}=1&${name}=2`,
      `${name}[]=1`,
      `${name}[a]=1`,
      `${name}[__proto__][a]=1`,
      `${name}`,
      `${name}=`,
    ],
    ...[
      '__proto__[polluted]=1',
      '__proto__=1',
      'constructor.prototype.polluted=1',
      'unknown=1',
      '=',
      '&&&',
      '%00=1',
    ],
    ...[
      '%ff=%ff',
      `${name}=%ff`,
      `${name}=%ED%A0%80`,
      `${name}=%`,
      `${name}=a;b=c`,
      'limit=1e2',
      'limit=0',
      'limit=-1',
    ],
    ...['limit=501', 'limit=99999999999999999999', 'limit=1.5', 'limit=%201', 'limit=0x10'],
    ...[
      `cursor=${cursor(['asc x', '1'])}`,
      `cursor=${cursor(null)}`,
      `cursor=${cursor({})}`,
      'cursor=%20',
      'cursor=a'.padEnd(4_000, 'a'),
    ],
    ...[`x=${'y'.repeat(9_000)}`, Array.from({ length: 500 }, (_, n) => `p${n}=1`).join('&')],
  ]);
  const kept = chance.happens(0.7)
    ? draft
    : { ...draft, query: draft.query.filter(([key]) => key !== name) };
  const target = targetOf(kept);
  const joined = `${target}${target.includes('?') ? '&' : '?'}${added}`;
  return { ...toRequest(draft, `query ${added.slice(0, 60)}`), target: joined };
};

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'idempotency-key': [
    '',
    ' ',
    'a b',
    'é',
    'a'.repeat(255),
    'a'.repeat(256),
    '=1+1',
    '__proto__',
    '\x01',
    'a,b',
  ],
  'if-match': [
    '*',
    '""',
    '"-1"',
    '"1"',
    '"99999999999999999999"',
    '12',
    'W/"1"',
    '"1", "2"',
    '"0"',
    '"a"',
    '"9223372036854775807"',
    '"9999999999999999999"',
  ],
  'x-reason': [
    '',
    '\xff\xfe',
    'a'.repeat(500),
    'a'.repeat(501),
    '=1+1',
    '\xf0\x9f\x98\x80'.repeat(100),
    '\xed\xa0\x80',
    '\t',
  ],
  'x-correlation-id': ['', 'a b', '=1+1', 'a'.repeat(129), '\xff', '__proto__', '../x'],
  'min-log-position': [
    '',
    '-1',
    '1e5',
    'a',
    '99999999999999999999',
    '18446744073709551616',
    '0x1',
    ' ',
    '1,2',
    '00',
    '1.0',
  ],
  accept: [
    '',
    '*',
    'text/html',
    'application/xml;q=0.1',
    '*/*;q=0',
    'application/json;q=2',
    ';;;',
    'text/csv',
    'application/pdf',
    'application/x-ndjson',
    'a'.repeat(5_000),
    'text/event-stream',
  ],
  'accept-encoding': ['gzip', 'br;q=1', '*;q=0', 'identity;q=0'],
  authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a b',
    'bearer x',
    `Bearer ${'a'.repeat(4_000)}`,
    'Bearer \xff',
    'Bearer __proto__',
    'Bearer hl_3f2a4c1e-5b6d-4e7f-8a9b-0c1d2e3f4a5b',
  ],
  'last-event-id': ['', '-1', 'a', '99999999999999999999', '9223372036854775808', '\xff'],
  'x-forwarded-for': ['127.0.0.1', '__proto__', 'a'.repeat(1_000)],
  host: ['', 'evil.example', '127.0.0.1:99999', '\xff'],
  expect: ['100-continue', 'x'],
  range: ['bytes=0-1', 'bytes=-1', 'lines=1'],
  'if-none-match': ['*', '"0"'],
  'content-length': ['0', '1', '-1', 'abc', '99999999999', '1, 1'],
  'transfer-encoding': ['chunked', 'gzip, chunked', 'identity', 'x'],
  upgrade: ['websocket', 'h2c'],
  connection: ['close', 'upgrade', 'keep-alive, x', 'x'],
  'x-http-method-override': ['DELETE'],
  cookie: ['a=b', '__proto__=1', '='.repeat(3_000)],
  'x-long': ['a'.repeat(9_000), 'a'.repeat(20_000)],
};

const METHODS = [
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'HEAD',
  'TRACE',
  'PROPFIND',
  'GET',
  'POST',
  'QUERY',
];

export const header = (draft: Draft, chance: Chance): HostileRequest => {
  if (chance.happens(0.08)) {
    const method = chance.one(METHODS);
    return { ...toRequest(draft, `method ${method}`), method };
  }
  const name = chance.one(Object.keys(HEADERS));
  const value = chance.one(HEADERS[name]!);
  const others = chance.happens(0.1)
    ? draft.headers
    : draft.headers.filter(([one]) => one !== name);
  return toRequest(
    { ...draft, headers: [...others, [name, value]] },
    `${name}: ${value.slice(0, 40)}`,
  );
};

export const withHeader = (
  headers: readonly [string, string][],
  name: string,
  value: string,
): [string, string][] => [...headers.filter(([one]) => one !== name), [name, value]];

const escaped = (text: string): string => encodeURIComponent(text.toWellFormed());

const targetOf = (
  { operation, path, query }: Draft,
  raw: Readonly<Record<string, string>> = {},
): string => {
  const filled = operation.path.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => raw[name] ?? escaped(path[name] ?? ''),
  );
  const pairs = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled;
};

export const toRequest = (draft: Draft, what: string): HostileRequest => ({
  method: draft.operation.method,
  target: targetOf(draft),
  headers: draft.headers,
  ...(draft.body !== undefined && { body: Buffer.from(written(draft.body)) }),
  what: `${draft.operation.id} ${what}`,
});
