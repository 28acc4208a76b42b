import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import type { BulkKind } from '@hostledger/operations';
import './http/problems.js';
import { assignmentKind } from './process/assign.js';
import { benchSwapsProcess } from './process/bench-swap.js';
import { lifeKinds } from './process/bulk-life.js';
import { moveKind } from './process/bulk-moves.js';
import { countLeaversProcess } from './process/count-leavers.js';
import { inspectionKind } from './process/delivery-inspection.js';
import { deliveryKind } from './process/delivery.js';
import { deliveryResolutionsProcess, resolutionKind } from './process/discrepancy-resolution.js';
import { finishMovesProcess } from './process/finish-moves.js';
import { powerProfilesProcess } from './process/power-profile.js';
import { awaitedMachinesProcess } from './process/relocation-gone.js';
import type { EventReader } from './process/relocation-plan.js';
import { relocationsProcess } from './process/relocation-process.js';
import { arrivalKind, departureKind } from './process/relocation-transit.js';
import { deliveryAmendmentsProcess, deliveryReportsProcess } from './process/report-delivery.js';
import { deliveriesProjection } from './read/deliveries/projection.js';
import { deliveriesQuery } from './read/deliveries/query.js';
import { deploymentsProjection } from './read/deployments/projection.js';
import { deploymentsQuery } from './read/deployments/query.js';
import { identifiersProjection } from './read/identifiers/projection.js';
import { componentsQuery } from './read/identifiers/query.js';
import { minersProjection } from './read/miners/projection.js';
import { minersQuery } from './read/miners/query.js';
import { fleetMixDaysProjection } from './read/mix/days.js';
import { fleetMixProjection } from './read/mix/projection.js';
import { fleetRackDaysProjection } from './read/mix/racks.js';
import { fleetMixQuery } from './read/mix/query.js';
import { movesProjection } from './read/moves/projection.js';
import { movesQuery } from './read/moves/query.js';
import { relocationsProjection } from './read/relocations/projection.js';
import { relocationsQuery } from './read/relocations/query.js';
import { deliverMiners } from './write/deliver-miners.js';
import { inspectDeliveries } from './write/delivery-inspection.js';
import { resolveDiscrepanciesOfDeliveries } from './write/discrepancy-resolution.js';
import { bulk } from './write/bulk.js';
import { manyMiners } from './write/many-miners.js';
import { minerLife } from './write/miner-life.js';
import { moveManyMiners } from './write/move-many-miners.js';
import { moveMiner } from './write/move-miner.js';
import { reconcileDeliveries } from './write/reconcile-delivery.js';
import { decideRelocations } from './write/relocation-decision.js';
import { planRelocations } from './write/relocation-plan.js';
import { reportTransits } from './write/relocation-transit.js';

const slices = [
  deliverMiners,
  inspectDeliveries,
  resolveDiscrepanciesOfDeliveries,
  reconcileDeliveries,
  bulk,
  moveMiner,
  moveManyMiners,
  minerLife,
  manyMiners,
  planRelocations,
  decideRelocations,
  reportTransits,
  deliveriesQuery,
  minersQuery,
  componentsQuery,
  movesQuery,
  relocationsQuery,
  fleetMixQuery,
  deploymentsQuery,
];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class FleetApiModule {}

export const fleetProjections: readonly Projection[] = [
  minersProjection,
  identifiersProjection,
  movesProjection,
  deliveriesProjection,
  relocationsProjection,
  fleetMixProjection,
  fleetMixDaysProjection,
  fleetRackDaysProjection,
  deploymentsProjection,
];

export const fleetProcesses = (
  store: AggregateStore,
  reader: EventReader,
): readonly DurableProcess<never>[] => [
  finishMovesProcess(store),
  countLeaversProcess(store),
  powerProfilesProcess(store),
  benchSwapsProcess(store),
  deliveryReportsProcess(store),
  deliveryAmendmentsProcess(store),
  deliveryResolutionsProcess(store),
  relocationsProcess(store, reader),
  awaitedMachinesProcess(store, reader),
];

/** What the uploads of this room are made of, for the process that performs operations. */
export const fleetBulkKinds = (store: AggregateStore, reader: EventReader): readonly BulkKind[] => [
  deliveryKind(store),
  inspectionKind(store),
  resolutionKind(store),
  moveKind(store, 'installation'),
  moveKind(store, 'relocation'),
  assignmentKind(store, reader),
  ...lifeKinds(store),
  departureKind(store, reader),
  arrivalKind(store, reader),
];
