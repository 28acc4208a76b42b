import type { ApiDocument, Schema } from './document.js';
import type { KnownValues } from './known-values.js';
import type { Chance } from './random.js';

/** Texts of the trade; for a pattern the first that fits is taken. */
const SAMPLES = [
  ...['A1', 'R1', 'EAST', 'USD', 'US', '1', '100', '1.00', '0.05', '2024-05-01', '2023-11', '4.1'],
  ...['2024-05-01T00:00:00.000Z', '2024-05-01T00:00:00Z', 'b'.repeat(64), '12:30', 'now', 'abc'],
  ...['3f2a4c1e-5b6d-4e7f-8a9b-0c1d2e3f4a5b', 'aa:bb:cc:dd:ee:ff', '10.1.2.3', 'example text'],
];
const OPTIONAL_GIVEN = 0.5;
const KNOWN_PREFERRED = 0.75;
const MAX_DEPTH = 6;
/** Nothing that is called must be outside of this machine. */
const LOOPBACK_URL = 'http://127.0.0.1:9/hook';

/** Makes values that a schema allows, of what exists where a field has the name of something known. */
export class GoodValues {
  constructor(
    private readonly document: ApiDocument,
    private readonly known: KnownValues,
  ) {}

  value(schema: Schema, name: string, chance: Chance, depth = 0): unknown {
    const resolved = this.document.resolved(schema);
    const { anyOf, oneOf, properties, items, minItems = 0 } = resolved;
    const alternatives = anyOf ?? oneOf;
    if (alternatives) return this.value(chance.one(alternatives), name, chance, depth);
    if (resolved.const !== undefined) return resolved.const;
    if (resolved.enum) return chance.one(resolved.enum);
    switch (typeOf(resolved)) {
      case 'object':
        if (!properties || depth > MAX_DEPTH) return {};
        return this.#object(resolved, chance, depth);
      case 'array': {
        const count = Math.max(minItems, chance.below(3));
        return Array.from({ length: Math.min(count, 50) }, () =>
          this.value(items ?? {}, singular(name), chance, depth + 1),
        );
      }
      case 'integer':
      case 'number':
        return this.#number(resolved, name, chance);
      case 'boolean':
        return chance.happens(0.5);
      default:
        return this.text(resolved, name, chance);
    }
  }

  /** For a path or a query, in which everything is text. */
  text(schema: Schema, name: string, chance: Chance): string {
    const resolved = this.document.resolved(schema);
    if (resolved.enum) return String(chance.one(resolved.enum));
    if (name === 'url') return LOOPBACK_URL;
    if (chance.happens(KNOWN_PREFERRED)) {
      const known = this.known.one(chance, name);
      if (known !== undefined && fits(known, resolved)) return known;
    }
    const { example, format } = resolved;
    if (typeof example === 'string' || typeof example === 'number') return `${example}`;
    if (format === 'date') return '2024-05-01';
    if (format === 'date-time') return '2024-05-01T00:00:00.000Z';
    if (format === 'uuid') return '3f2a4c1e-5b6d-4e7f-8a9b-0c1d2e3f4a5b';
    return SAMPLES.find((sample) => fits(sample, resolved)) ?? 'x'.repeat(resolved.minLength ?? 1);
  }

  #object({ properties = {}, required = [] }: Schema, chance: Chance, depth: number): unknown {
    const given = Object.entries(properties).filter(
      ([name]) => required.includes(name) || chance.happens(OPTIONAL_GIVEN),
    );
    return Object.fromEntries(
      given.map(([name, schema]) => [name, this.value(schema, name, chance, depth + 1)]),
    );
  }

  #number({ minimum = 0, maximum = 1_000, example }: Schema, name: string, chance: Chance): number {
    const known = Number(this.known.one(chance, name));
    if (Number.isFinite(known) && known >= minimum && chance.happens(0.5)) return known;
    if (typeof example === 'number' && chance.happens(0.5)) return example;
    return Math.min(maximum, minimum + chance.below(20));
  }
}

const singular = (name: string): string => name.replace(/s$/, '');

export const typeOf = ({ type, properties }: Schema): string =>
  (typeof type === 'string' ? type : type?.[0]) ?? (properties ? 'object' : 'string');

const fits = (text: string, { pattern, minLength = 0, maxLength = 10_000 }: Schema): boolean =>
  text.length >= minLength &&
  text.length <= maxLength &&
  (pattern === undefined || new RegExp(pattern, 'u').test(text));
