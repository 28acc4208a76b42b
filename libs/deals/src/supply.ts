import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { supplyAggregate } from './domain/supply-agreement.js';
import './http/supply-problems.js';
import { supplyAcceptancesProcess } from './process/supply-acceptance.js';
import { valuationDeadlinesProcess } from './process/valuation-deadline.js';
import { supplyAgreementsProjection } from './read/supply-agreements/projection.js';
import { supplyAgreementsQuery } from './read/supply-agreements/query.js';
import { agreeSupply } from './write/agree-supply.js';
import { changeSupply } from './write/change-supply.js';
import { paySupply } from './write/pay-supply.js';
import { supplyHashrate } from './write/supply-hashrate.js';
import { supplyLinks } from './write/supply-links.js';
import { valueSupply } from './write/value-supply.js';

// Purchases of hashrate: all that the room shows of them.

export const supplySlices = [
  agreeSupply,
  changeSupply,
  paySupply,
  valueSupply,
  supplyHashrate,
  supplyLinks,
  supplyAgreementsQuery,
];

export const supplyAggregates = [supplyAggregate] as const;

export const supplyProjections: readonly Projection[] = [supplyAgreementsProjection];

export const supplyProcesses = (store: AggregateStore): readonly DurableProcess<never>[] => [
  valuationDeadlinesProcess(store),
  supplyAcceptancesProcess(store),
];
