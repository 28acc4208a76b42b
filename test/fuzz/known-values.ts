import type { Chance } from './random.js';

const MAX_KEPT = 40;

/** Values that a running system answered with, by the name of their field: ids that exist. */
export class KnownValues {
  readonly #byName = new Map<string, Set<string>>();

  /** Takes all fields of an answer; those of a list also under its name: `projections.name`. */
  learn(body: unknown, list: string): void {
    if (typeof body !== 'object' || body === null) return;
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'string' || typeof value === 'number') {
        this.add(name, String(value));
        this.add(`${list}.${name}`, String(value));
      } else this.learn(value, list);
    }
  }

  add(name: string, value: string): void {
    const values = this.#byName.get(name) ?? new Set<string>();
    if (values.size < MAX_KEPT && value.length < 500) values.add(value);
    this.#byName.set(name, values);
  }

  /** What must not be hit: the token that all requests are sent with. */
  forget(name: string, value: string): void {
    for (const [key, values] of this.#byName) {
      if (key === name || key.endsWith(`.${name}`)) values.delete(value);
    }
  }

  one(chance: Chance, ...names: readonly string[]): string | undefined {
    for (const name of names) {
      const values = this.#byName.get(name);
      if (values && values.size > 0) return chance.one([...values]);
    }
    return undefined;
  }
}
