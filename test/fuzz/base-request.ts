import type { ApiDocument, Operation, Parameter, Schema } from './document.js';
import type { GoodValues } from './good-values.js';
import type { KnownValues } from './known-values.js';
import type { Chance } from './random.js';

/** A request before it is written: what it would be if nobody meant harm. */
export interface Draft {
  readonly operation: Operation;
  /** Of the path, by name; not escaped. */
  readonly path: Record<string, string>;
  /** Of the query, in order; not escaped. */
  readonly query: [string, string][];
  readonly headers: [string, string][];
  body?: unknown;
}

const OPTIONAL_QUERY = 0.25;

/** Parameters whose names say less than what they are. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  code: ['facilities.facility', 'facility'],
  name: ['projections.name'],
  event: ['eventId', 'position'],
  type: ['schemas.type', 'type'],
  option: ['option'],
  month: ['month'],
};

/** Values of parameters that no answer has a field of. */
const SUPPOSED: Readonly<Record<string, readonly string[]>> = {
  line: ['1', '2'],
  leg: ['1', '2'],
  version: ['1'],
  option: ['1'],
  run: ['1'],
  month: ['2023-10', '2023-11'],
  table: ['miners', 'contracts', 'racks', 'statements', 'facilities', 'moves', 'customers'],
};

const FORGED_PARTS: readonly unknown[] = [
  ...['', 'abc', '-1', '1.5', '1e3', '0x1', '9'.repeat(18), '9'.repeat(19), '9'.repeat(25), 'NaN'],
  ...['\0', '\ud800', '2024-02-30', '0000-00-00T00:00:00Z', 'infinity', null, 1, {}, '9999-12-31'],
];

/** Drafts of good requests: of what the document says, and of what exists. */
export class BaseRequests {
  constructor(
    private readonly document: ApiDocument,
    private readonly values: GoodValues,
    private readonly known: KnownValues,
    private readonly token: string,
  ) {}

  of(operation: Operation, chance: Chance): Draft {
    const { parameters, body, line } = operation;
    const path = Object.fromEntries(
      [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
        const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
        return [name!, this.#parameter(parameter ?? { name: name!, in: 'path' }, chance)];
      }),
    );
    const query = parameters
      .filter((one) => one.in === 'query' && (one.required || chance.happens(OPTIONAL_QUERY)))
      .map((one): [string, string] => [one.name, this.#parameter(one, chance)]);
    const headers: [string, string][] = [['authorization', `Bearer ${this.token}`]];
    if (operation.method === 'POST') {
      headers.push(['idempotency-key', `fuzz-${Math.floor(chance.next() * 2 ** 52)}`]);
    }
    if (body) headers.push(['content-type', 'application/json']);
    const value = body && this.#body(body, line, chance);
    return { operation, path, query, headers, ...(body && { body: value }) };
  }

  /** A cursor of a list of this name, with something else for one of its values. */
  forgedCursor({ path }: Operation, chance: Chance): string | undefined {
    const cursor = this.known.one(chance, `${path.split('/').at(-1)}.nextCursor`, 'nextCursor');
    if (cursor === undefined) return undefined;
    let parts: unknown;
    try {
      parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    } catch {
      return cursor.slice(0, -1);
    }
    if (!Array.isArray(parts) || parts.length < 2) return cursor.slice(0, -1);
    const at = 1 + chance.below(parts.length - 1);
    const forged = parts.map((part: unknown, index) =>
      index === at ? chance.one(FORGED_PARTS) : part,
    );
    return Buffer.from(JSON.stringify(forged)).toString('base64url');
  }

  /** The schema of a field inside of a body, as far as there is one. */
  schemaAt(operation: Operation, path: readonly (string | number)[]): Schema {
    let schema = this.document.resolved(operation.body ?? {});
    for (const step of path) {
      const inner = typeof step === 'number' ? schema.items : schema.properties?.[step];
      if (!inner) return {};
      schema = this.document.resolved(inner);
    }
    return schema;
  }

  #body(body: Schema, line: Schema | undefined, chance: Chance): unknown {
    if (!line) return this.values.value(body, '', chance);
    const count = 1 + chance.below(3);
    const lines = Array.from({ length: count }, () => this.values.value(line, '', chance));
    return { lines };
  }

  #parameter({ name, schema = {}, example }: Parameter, chance: Chance): string {
    const supposed = SUPPOSED[name];
    const known = this.known.one(chance, ...(ALIASES[name] ?? []), name);
    if (known !== undefined && chance.happens(0.9)) return known;
    if (supposed) return chance.one(supposed);
    if (typeof example === 'string' || typeof example === 'number') return `${example}`;
    return String(this.values.value(schema, name, chance));
  }
}
