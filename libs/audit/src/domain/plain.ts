import type { Json } from '@hostledger/eventsourcing';

/**
 * A state, a row or an event as plain JSON, the same text for the same content: fields in the order of
 * their names, and without those that are undefined. A map is an object by its keys, a set a list in
 * order, a bigint decimal text.
 * @throws TypeError for what is none of these, a function or a date for instance.
 */
export const plain = (value: unknown): Json => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'bigint':
      return value.toString();
    case 'undefined':
      return null;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(plain);
      if (value instanceof Map) {
        return fields([...value].map(([key, item]) => [String(key), item]));
      }
      if (value instanceof Set) return [...value].map(plain).sort(byText);
      if (isPlainObject(value)) return fields(Object.entries(value));
      break;
    default:
  }
  throw new TypeError(`There is no plain form of ${String(value)}`);
};

const fields = (entries: readonly (readonly [string, unknown])[]): Json =>
  Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [key, plain(value)]),
  );

const byText = (one: Json, other: Json): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

const isPlainObject = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Made by other threads and contexts, objects have a prototype of their own.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};
