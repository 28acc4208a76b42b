import type { Json } from '@hostledger/eventsourcing';

/** Where two values differ; a side that has nothing there is absent. */
export interface Difference {
  /** JSON pointer (RFC 6901); empty for the whole. */
  readonly path: string;
  readonly here?: Json;
  readonly there?: Json;
}

/**
 * The first place where two plain values differ, in the order of names and of lists; undefined where
 * they are the same. Values of different kinds, a list and an object for instance, differ as wholes.
 */
export const firstDifference = (
  here: Json | undefined,
  there: Json | undefined,
  path = '',
): Difference | undefined => {
  if (here === there) return undefined;
  if (isList(here) && isList(there)) {
    for (let index = 0; index < Math.max(here.length, there.length); index += 1) {
      const found = firstDifference(here[index], there[index], `${path}/${index}`);
      if (found) return found;
    }
    return undefined;
  }
  if (isObject(here) && isObject(there)) {
    for (const key of [...new Set([...Object.keys(here), ...Object.keys(there)])].sort()) {
      const [one, other] = [own(here, key), own(there, key)];
      const found = firstDifference(one, other, `${path}/${escaped(key)}`);
      if (found) return found;
    }
    return undefined;
  }
  return {
    path,
    ...(here !== undefined && { here }),
    ...(there !== undefined && { there }),
  };
};

type JsonObject = { readonly [key: string]: Json | undefined };

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (value: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined;

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
