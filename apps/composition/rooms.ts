import {
  AccessApiModule,
  accessDenialsAggregate,
  accessDuties,
  accessProjections,
  accessTokenAggregate,
} from '@hostledger/access';
import {
  actsProjection,
  AuditApiModule,
  Duties,
  DutiesModule,
  historyProjections,
} from '@hostledger/audit';
import {
  accountParties,
  BillingApiModule,
  billingAggregates,
  billingDuties,
  billingProcesses,
  billingProjections,
  meterBulkKinds,
  meterParties,
  periodParties,
} from '@hostledger/billing';
import {
  ContractsApiModule,
  contractsAggregates,
  contractsDuties,
  contractsParties,
  contractsProcesses,
  contractsProjections,
} from '@hostledger/contracts';
import {
  DealsApiModule,
  dealsAggregates,
  dealsDuties,
  dealsProcesses,
  dealsProjections,
  settlementParties,
} from '@hostledger/deals';
import {
  economicsAggregates,
  EconomicsApiModule,
  economicsDuties,
  economicsProcesses,
  economicsProjections,
} from '@hostledger/economics';
import {
  mergeUpcasters,
  type DurableProcess,
  type Projection,
  type Upcasters,
} from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { partiesProjection, PartyRules } from '@hostledger/feed';
import {
  deliveryAggregate,
  FleetApiModule,
  fleetBulkKinds,
  FleetCensus,
  FleetCensusModule,
  fleetDuties,
  fleetParties,
  fleetProcesses,
  fleetProjections,
  FleetWhereabouts,
  minerAggregate,
  relocationAggregate,
} from '@hostledger/fleet';
import {
  operationAggregate,
  OperationsApiModule,
  operationsProcess,
  operationsProjection,
} from '@hostledger/operations';
import {
  ProjectionsApiModule,
  projectionsAggregate,
  projectionsDuties,
} from '@hostledger/projections';
import {
  SitesApiModule,
  sitesAggregates,
  sitesDuties,
  sitesParties,
  sitesProcesses,
  sitesProjections,
} from '@hostledger/sites';
import { webhookAggregate, webhooksDuties, webhooksProjection } from '@hostledger/webhooks';
import type { System } from './system.js';

/** Who does what with whom, told by the rooms whose acts they are. */
export const duties = new Duties([
  accessDuties,
  contractsDuties,
  sitesDuties,
  fleetDuties,
  dealsDuties,
  economicsDuties,
  billingDuties,
  projectionsDuties,
  webhooksDuties,
]);

/** The table of contents of the product: every room, once. */
export const apiModules = [
  AccessApiModule,
  ContractsApiModule,
  SitesApiModule,
  FleetApiModule,
  FleetCensusModule,
  DealsApiModule,
  EconomicsApiModule,
  BillingApiModule,
  OperationsApiModule,
  ProjectionsApiModule,
  DutiesModule.with(duties),
  AuditApiModule,
] as const;

/** Whom events concern, told by the rooms that write them. */
export const partyRules = new PartyRules([
  contractsParties,
  sitesParties,
  fleetParties,
  settlementParties,
  meterParties,
  periodParties,
  accountParties,
]);
export const feedParties: Projection = partiesProjection(partyRules);

/** Whose events are in the log. */
const aggregates: readonly { readonly upcasters?: Upcasters }[] = [
  accessTokenAggregate,
  accessDenialsAggregate,
  ...contractsAggregates,
  ...sitesAggregates,
  deliveryAggregate,
  minerAggregate,
  relocationAggregate,
  ...dealsAggregates,
  ...economicsAggregates,
  ...billingAggregates,
  operationAggregate,
  projectionsAggregate,
  webhookAggregate,
];

/** Lifts every stored event to its newest shape. */
export const upcasters = mergeUpcasters(...aggregates.map(({ upcasters: own }) => own));

/** The groups, under whose names operators decide. */
export const READ_MODELS = 'read_models';
export const PROCESSES = 'processes';

export const readModelProjections: readonly Projection[] = [
  ...accessProjections,
  ...contractsProjections,
  ...sitesProjections,
  ...fleetProjections,
  ...dealsProjections,
  ...economicsProjections,
  ...billingProjections,
  operationsProjection,
  feedParties,
  webhooksProjection,
  ...historyProjections(partyRules),
  actsProjection(duties),
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
    ...dealsProcesses(aggregateStore, new FleetWhereabouts(readModels)),
    ...economicsProcesses(aggregateStore, { readModels }),
    ...billingProcesses(aggregateStore, { readModels, eventStore }),
    operationsProcess(aggregateStore, eventStore, [
      ...fleetBulkKinds(aggregateStore, eventStore),
      ...meterBulkKinds(aggregateStore, eventStore),
    ]),
  ];
};
