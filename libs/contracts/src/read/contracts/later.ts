import type { Amount } from '../../domain/contract-state.js';

// Amounts that take effect on a day to come. They are counted in the sums of a row when they are
// recorded, and kept beside them until they are in effect, so that a reader takes them off again.

export interface LaterChange extends Amount {
  readonly on: string;
}

/**
 * Adds a change, and leaves out all that are in effect everywhere on earth when it is recorded: no
 * zone is a day and more behind UTC.
 */
export const withChange = (
  later: readonly LaterChange[],
  change: LaterChange,
  recordedAt: string,
): readonly LaterChange[] => {
  const day = recordedAt.slice(0, 10);
  return [...later, change].filter(({ on }) => on >= day);
};

/** What is in effect on a day. @param sum counts all changes. */
export const onDay = (
  sum: { readonly units: bigint; readonly watts: bigint },
  later: readonly LaterChange[],
  day: string,
): Amount =>
  later
    .filter(({ on }) => on > day)
    .reduce<Amount>(
      (amount, change) => ({
        units: amount.units - change.units,
        powerWatts: amount.powerWatts - change.powerWatts,
      }),
      { units: Number(sum.units), powerWatts: Number(sum.watts) },
    );
