import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { facilityAggregate } from './domain/facility.js';
import { rackAggregate } from './domain/rack.js';
import './http/problems.js';
import { disposalsProcess, type FacilityCensus } from './process/disposal.js';
import { rackCommissioningProcess } from './process/rack-commissioning.js';
import { facilitiesProjection } from './read/facilities/projection.js';
import { facilitiesQuery } from './read/facilities/query.js';
import { racksProjection } from './read/racks/projection.js';
import { racksQuery } from './read/racks/query.js';
import { commissionManyRacks } from './write/commission-racks.js';
import { derateFacility } from './write/derate-facility.js';
import { facilityActs } from './write/facility-acts.js';
import { openFacility } from './write/open-facility.js';
import { changeRackPower } from './write/rack-power.js';

const slices = [
  openFacility,
  facilityActs,
  derateFacility,
  commissionManyRacks,
  changeRackPower,
  facilitiesQuery,
  racksQuery,
];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class SitesApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const sitesAggregates = [facilityAggregate, rackAggregate] as const;

export const sitesProjections: readonly Projection[] = [facilitiesProjection, racksProjection];

export const sitesProcesses = (
  store: AggregateStore,
  census: FacilityCensus,
): readonly DurableProcess<never>[] => [
  rackCommissioningProcess(store),
  disposalsProcess(store, census),
];
