import type { Place } from '../domain/miner.js';

/**
 * Where a miner is: in a slot of a rack, in the facility's storage, on the road to it, or away from
 * it at a vendor.
 */
export class PlaceView {
  kind: 'slot' | 'storage' | 'transit' | 'vendor';
  /**
   * On the road the one it goes to, at a vendor the one it was sent from.
   * @example DENTON
   */
  facility: string;
  /** @example A-01 */
  rack?: string;
  /** @example 12 */
  slot?: number;
  /**
   * On the road, the facility it left.
   * @example DALTON
   */
  from?: string;
  /** On the road, the plan under which it was sent. */
  relocationId?: string;
  /**
   * At a vendor, who that is.
   * @example Bitmain Care
   */
  vendor?: string;
}

/** A place as the columns of a table have it. */
export interface PlaceColumns {
  readonly rack: string | null;
  readonly slot: number | null;
  /** On the road, the facility it left. */
  readonly left_facility: string | null;
  readonly relocation_id: string | null;
  readonly vendor: string | null;
}

const nowhere: PlaceColumns = {
  rack: null,
  slot: null,
  left_facility: null,
  relocation_id: null,
  vendor: null,
};

export const placeColumns = (place: Place): PlaceColumns => {
  switch (place.kind) {
    case 'slot':
      return { ...nowhere, rack: place.rack, slot: place.slot };
    case 'transit':
      return { ...nowhere, left_facility: place.from, relocation_id: place.relocationId ?? null };
    case 'vendor':
      return { ...nowhere, vendor: place.vendor };
    case 'storage':
      return nowhere;
  }
};

export const placeView = (facility: string, place: PlaceColumns): PlaceView => {
  const { rack, slot, left_facility: from, relocation_id: relocationId, vendor } = place;
  if (rack !== null && slot !== null) return { kind: 'slot', facility, rack, slot };
  if (vendor !== null) return { kind: 'vendor', facility, vendor };
  if (from !== null) return { kind: 'transit', facility, from, ...known({ relocationId }) };
  return { kind: 'storage', facility };
};

export const storageView = (facility: string): PlaceView => ({ kind: 'storage', facility });

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
