import { AccessApiModule, accessProjections } from '@hostledger/access';
import {
  ContractsApiModule,
  contractsParties,
  contractsProcesses,
  contractsProjections,
} from '@hostledger/contracts';
import type { DurableProcess, Projection } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { partiesProjection, PartyRules } from '@hostledger/feed';
import {
  FleetApiModule,
  fleetBulkKinds,
  FleetCensus,
  FleetCensusModule,
  fleetParties,
  fleetProcesses,
  fleetProjections,
} from '@hostledger/fleet';
import {
  OperationsApiModule,
  operationsProcess,
  operationsProjection,
} from '@hostledger/operations';
import { SitesApiModule, sitesParties, sitesProcesses, sitesProjections } from '@hostledger/sites';
import type { System } from './system.js';

/** The table of contents of the product: every room, once. */
export const apiModules = [
  AccessApiModule,
  ContractsApiModule,
  SitesApiModule,
  FleetApiModule,
  FleetCensusModule,
  OperationsApiModule,
] as const;

/** Whom events concern, told by the rooms that write them. */
export const partyRules = new PartyRules([contractsParties, sitesParties, fleetParties]);
export const feedParties: Projection = partiesProjection(partyRules);

export const readModelProjections: readonly Projection[] = [
  ...accessProjections,
  ...contractsProjections,
  ...sitesProjections,
  ...fleetProjections,
  operationsProjection,
  feedParties,
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
