/** Buckets of an {@link IdMap}: a change copies these and one bucket, not every entry. */
const BUCKETS = 2048;

/**
 * A map that is never changed, only replaced. A manifest of nonsense has a discrepancy for each of
 * its 100,000 lines; copying all of them for each event would take minutes.
 */
export interface IdMap<T> {
  readonly buckets: readonly (ReadonlyMap<string, T> | undefined)[];
}

export const emptyIdMap: IdMap<never> = { buckets: [] };

export const getById = <T>({ buckets }: IdMap<T>, id: string): T | undefined =>
  buckets[bucketOf(id)]?.get(id);

export const setById = <T>({ buckets }: IdMap<T>, id: string, value: T): IdMap<T> => {
  const bucket = bucketOf(id);
  const changed = [...buckets];
  changed[bucket] = new Map(buckets[bucket]).set(id, value);
  return { buckets: changed };
};

export const valuesOf = <T>({ buckets }: IdMap<T>): T[] =>
  buckets.flatMap((bucket) => (bucket ? [...bucket.values()] : []));

const bucketOf = (id: string): number => {
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) >>> 0;
  return hash % BUCKETS;
};
