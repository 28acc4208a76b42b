/**
 * Where a miner is: in a slot of a rack, in the facility's storage, on the road to it, or away from
 * it at a vendor.
 */
export class PlaceView {
  kind: 'slot' | 'storage' | 'transit' | 'vendor';
  /** @example DENTON */
  facility: string;
  /** @example A-01 */
  rack?: string;
  /** @example 12 */
  slot?: number;
}

export const placeView = (
  facility: string,
  rack: string | null,
  slot: number | null,
  otherwise: PlaceView['kind'] = 'storage',
): PlaceView =>
  rack === null || slot === null
    ? { kind: otherwise, facility }
    : { kind: 'slot', facility, rack, slot };

/** Kinds of place that are neither slot nor storage, by what a miner is there. */
export const AWAY: Partial<Record<string, PlaceView['kind']>> = {
  inTransit: 'transit',
  atVendor: 'vendor',
};

/** Machines of one model, added up. */
export class ModelTotalView {
  /** @example S19JXP-151 */
  model: string;
  units: number;
  /** Rated, in GH/s. */
  hashrateGhs: number;
  nameplateWatts: number;
}

/** Leaves out what is not known. */
export const known = <T extends object>(facts: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)) as never;
