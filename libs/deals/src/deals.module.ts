import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { supplyAggregates, supplyProcesses, supplyProjections, supplySlices } from './supply.js';

const slices = [...supplySlices];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class DealsApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const dealsAggregates = [...supplyAggregates] as const;

export const dealsProjections: readonly Projection[] = [...supplyProjections];

export const dealsProcesses = (store: AggregateStore): readonly DurableProcess<never>[] => [
  ...supplyProcesses(store),
];
