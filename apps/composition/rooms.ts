import { AccessApiModule, accessProjections } from '@hostledger/access';
import {
  ContractsApiModule,
  contractsProcesses,
  contractsProjections,
} from '@hostledger/contracts';
import type { DurableProcess, Projection } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  FleetApiModule,
  fleetBulkKinds,
  FleetCensus,
  FleetCensusModule,
  fleetProcesses,
  fleetProjections,
} from '@hostledger/fleet';
import {
  OperationsApiModule,
  operationsProcess,
  operationsProjection,
} from '@hostledger/operations';
import { ProjectionsApiModule } from '@hostledger/projections';
import { SitesApiModule, sitesProcesses, sitesProjections } from '@hostledger/sites';
import type { System } from './system.js';

/** The table of contents of the product: every room, once. */
export const apiModules = [
  AccessApiModule,
  ContractsApiModule,
  SitesApiModule,
  FleetApiModule,
  FleetCensusModule,
  OperationsApiModule,
  ProjectionsApiModule,
] as const;

export const readModelProjections: readonly Projection[] = [
  ...accessProjections,
  ...contractsProjections,
  ...sitesProjections,
  ...fleetProjections,
  operationsProjection,
];

export const durableProcesses = ({
  aggregateStore,
  eventStore,
  database,
}: System): readonly DurableProcess<never>[] => {
  const readModels = new ReadModels(database, { projections: readModelProjections });
  return [
    ...contractsProcesses(aggregateStore),
    ...sitesProcesses(aggregateStore, new FleetCensus(readModels)),
    ...fleetProcesses(aggregateStore, eventStore),
    operationsProcess(aggregateStore, eventStore, fleetBulkKinds(aggregateStore, eventStore)),
  ];
};
