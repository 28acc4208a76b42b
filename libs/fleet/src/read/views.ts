/** Where a miner is: in a slot of a rack, in the facility's storage, or on the road to it. */
export class PlaceView {
  kind: 'slot' | 'storage' | 'transit';
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
  onTheRoad = false,
): PlaceView =>
  rack === null || slot === null
    ? { kind: onTheRoad ? 'transit' : 'storage', facility }
    : { kind: 'slot', facility, rack, slot };

/** Machines of one model, added up. */
export class ModelTotalView {
  /** @example S19JXP-151 */
  model: string;
  units: number;
  /** Rated, in GH/s. */
  hashrateGhs: number;
  nameplateWatts: number;
}
