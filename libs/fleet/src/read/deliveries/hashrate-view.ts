import type { DeliveryRow } from './projection.js';

/** In GH/s. What is owed is accepted, or waived, or still outstanding. */
export class DeliveredHashrate {
  /** Owed with the delivery; absent for deliveries from before it was written down. */
  contracted?: number;
  received: number;
  /** On lines of the manifest. */
  accepted: number;
  /** Of machines that no line named. */
  extra: number;
  /** Credited instead of delivered. */
  waived: number;
  /** contracted - accepted - extra - waived; below zero where more came than is owed. */
  outstanding?: number;
}

type HashrateColumns = Pick<
  DeliveryRow,
  | 'contracted_hashrate_ghs'
  | 'received_hashrate_ghs'
  | 'accepted_hashrate_ghs'
  | 'extra_hashrate_ghs'
  | 'waived_hashrate_ghs'
>;

export const hashrateView = (row: HashrateColumns): DeliveredHashrate => {
  const contracted = row.contracted_hashrate_ghs;
  const settled = row.accepted_hashrate_ghs + row.extra_hashrate_ghs + row.waived_hashrate_ghs;
  return {
    ...(contracted === null ? {} : { contracted: Number(contracted) }),
    received: Number(row.received_hashrate_ghs),
    accepted: Number(row.accepted_hashrate_ghs),
    extra: Number(row.extra_hashrate_ghs),
    waived: Number(row.waived_hashrate_ghs),
    ...(contracted === null ? {} : { outstanding: Number(contracted - settled) }),
  };
};
