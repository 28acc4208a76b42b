import { AccessApiModule, accessProjections } from '@hostledger/access';
import {
  ContractsApiModule,
  contractsProcesses,
  contractsProjections,
} from '@hostledger/contracts';
import type { DurableProcess, Projection } from '@hostledger/eventsourcing';
import {
  FleetApiModule,
  fleetBulkKinds,
  fleetProcesses,
  fleetProjections,
} from '@hostledger/fleet';
import {
  OperationsApiModule,
  operationsProcess,
  operationsProjection,
} from '@hostledger/operations';
import { SitesApiModule, sitesProcesses, sitesProjections } from '@hostledger/sites';
import type { System } from './system.js';

/** The table of contents of the product: every room, once. */
export const apiModules = [
  AccessApiModule,
  ContractsApiModule,
  SitesApiModule,
  FleetApiModule,
  OperationsApiModule,
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
}: System): readonly DurableProcess<never>[] => [
  ...contractsProcesses(aggregateStore),
  ...sitesProcesses(aggregateStore),
  ...fleetProcesses(aggregateStore, eventStore),
  operationsProcess(aggregateStore, eventStore, fleetBulkKinds(aggregateStore, eventStore)),
];
