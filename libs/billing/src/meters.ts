import { contractAggregate } from '@hostledger/contracts';
import { streamName, type AggregateStore, type Projection } from '@hostledger/eventsourcing';
import { partiesOfRoom } from '@hostledger/feed';
import type { BulkKind } from '@hostledger/operations';
import { meterAggregate, type MeterEvent } from './domain/meter.js';
import { meterMonthAggregate, type MeterMonthEvent } from './domain/meter-month.js';
import { programmeReceiptsAggregate } from './domain/programme-receipts.js';
import './http/meter-problems.js';
import type { ContractReader } from './process/meter-facts.js';
import { readingsKind } from './process/meter-readings.js';
import { metersProjection } from './read/meters/projection.js';
import { metersQuery } from './read/meters/query.js';
import { meterReadings } from './write/meter-readings.js';
import { meters } from './write/meters.js';
import { programmeReceipts } from './write/programme-receipts.js';

// The part of billing that takes in what meters and programmes tell.

export const meterSlices = [meters, meterReadings, programmeReceipts, metersQuery];

export const meterAggregates = [
  meterAggregate,
  meterMonthAggregate,
  programmeReceiptsAggregate,
] as const;

export const meterProjections: readonly Projection[] = [metersProjection];

export const meterBulkKinds = (
  store: AggregateStore,
  reader: ContractReader,
): readonly BulkKind[] => [readingsKind(store, reader)];

const ofContract = {
  of: ({ data }: { readonly data: { readonly contractId: string } }) => [
    streamName(contractAggregate, data.contractId),
  ],
};

/**
 * A meter and what it read are of its contract, and of whoever is its customer when they are told.
 * What a programme paid is the site's; whose part of it is whose is told by statements.
 */
export const meterParties = partiesOfRoom<MeterEvent | MeterMonthEvent>({
  kept: [],
  rules: {
    MeterRegistered: ofContract,
    MeterRetired: ofContract,
    UsageAccepted: ofContract,
    UsageEstimated: ofContract,
    UsageCorrected: ofContract,
  },
});
