import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import type { FleetWhereabouts } from '@hostledger/fleet';
import {
  settlementAggregates,
  settlementProcesses,
  settlementProjections,
  settlementSlices,
} from './settlements.js';
import { supplyAggregates, supplyProcesses, supplyProjections, supplySlices } from './supply.js';

const slices = [...supplySlices, ...settlementSlices];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class DealsApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const dealsAggregates = [...supplyAggregates, ...settlementAggregates] as const;

export const dealsProjections: readonly Projection[] = [
  ...supplyProjections,
  ...settlementProjections,
];

export const dealsProcesses = (
  store: AggregateStore,
  whereabouts: Pick<FleetWhereabouts, 'at' | 'of'>,
): readonly DurableProcess<never>[] => [
  ...supplyProcesses(store),
  ...settlementProcesses(store, whereabouts),
];
