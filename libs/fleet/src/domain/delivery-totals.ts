// What a delivery comes to, in numbers.

/** Machines of one model, added up. */
export interface ModelTotal {
  readonly model: string;
  readonly units: number;
  readonly hashrateGhs: number;
  readonly nameplateWatts: number;
}

/** What a part of a manifest came to: received + missing + refused are its lines. */
export interface LineCounts {
  readonly received: number;
  /** On the manifest, not at the dock. */
  readonly missing: number;
  /** Not taken into the fleet: malformed, of an unknown model, a serial that exists, or sent back. */
  readonly refused: number;
}

/** What became of the lines of a delivery, as different numbers. */
export interface DeliveryTotals extends LineCounts {
  /** Received and found good, by inspection or because nobody complained until it was reconciled. */
  readonly accepted: number;
  /** Of those refused: received at first and sent back. */
  readonly returned: number;
  /** Machines taken into the fleet that no line named; beside the lines. */
  readonly extra: number;
  /** What was received on lines of the manifest. */
  readonly byModel: readonly ModelTotal[];
  readonly acceptedByModel: readonly ModelTotal[];
  readonly extraByModel: readonly ModelTotal[];
  /** Hashrate that the supplier credited instead of delivering it. */
  readonly waivedHashrateGhs: number;
}

/** Joins totals per model, ordered by model, so that equal deliveries read equal. */
export const addTotals = (...parts: readonly (readonly ModelTotal[])[]): ModelTotal[] => {
  const totals = new Map<string, ModelTotal>();
  for (const { model, units, hashrateGhs, nameplateWatts } of parts.flat()) {
    const before = totals.get(model);
    totals.set(model, {
      model,
      units: units + (before?.units ?? 0),
      hashrateGhs: hashrateGhs + (before?.hashrateGhs ?? 0),
      nameplateWatts: nameplateWatts + (before?.nameplateWatts ?? 0),
    });
  }
  return [...totals.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
};

/** Takes machines off totals; a model of which none is left is not named any more. */
export const subtractTotals = (
  totals: readonly ModelTotal[],
  ...parts: readonly (readonly ModelTotal[])[]
): ModelTotal[] => {
  const negative = parts.flat().map(({ model, units, hashrateGhs, nameplateWatts }) => ({
    model,
    units: -units,
    hashrateGhs: -hashrateGhs,
    nameplateWatts: -nameplateWatts,
  }));
  return addTotals(totals, negative).filter(({ units }) => units !== 0);
};

export const unitsOf = (totals: readonly ModelTotal[]): number =>
  totals.reduce((sum, { units }) => sum + units, 0);

export const hashrateOf = (totals: readonly ModelTotal[]): number =>
  totals.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0);

export const linesOf = ({ received, missing, refused }: LineCounts): number =>
  received + missing + refused;
