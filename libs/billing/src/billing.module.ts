import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import {
  accountAggregates,
  accountProcesses,
  accountProjections,
  accountSlices,
} from './account.js';
import { meterAggregates, meterProjections, meterSlices } from './meters.js';
import { paperSlices } from './papers.js';
import {
  periodAggregates,
  periodProcesses,
  periodProjections,
  periodSlices,
  type PeriodTools,
} from './periods.js';
import { usageProjections, usageSlices } from './usage.js';

const slices = [...usageSlices, ...meterSlices, ...periodSlices, ...paperSlices, ...accountSlices];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class BillingApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const billingAggregates = [
  ...meterAggregates,
  ...periodAggregates,
  ...accountAggregates,
] as const;

export const billingProjections: readonly Projection[] = [
  ...usageProjections,
  ...meterProjections,
  ...periodProjections,
  ...accountProjections,
];

export const billingProcesses = (
  store: AggregateStore,
  tools: PeriodTools,
): readonly DurableProcess<never>[] => [
  ...periodProcesses(store, tools),
  ...accountProcesses(store),
];
