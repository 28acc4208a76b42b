import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { marketAggregate } from './domain/market.js';
import { proposalAggregate } from './domain/proposal.js';
import './http/problems.js';
import './http/proposal-problems.js';
import { proposalsProcess, type ProposalTools } from './process/proposals.js';
import { marketProjection } from './read/market/projection.js';
import { marketQuery } from './read/market/query.js';
import { fleetProfitability } from './read/profitability/fleet-query.js';
import { minerProfitability } from './read/profitability/miner-query.js';
import { proposalsProjection } from './read/proposals/projection.js';
import { proposalsQuery } from './read/proposals/query.js';
import { marketFacts } from './write/market-facts.js';
import { requestProposals } from './write/proposal-request.js';

const slices = [
  marketFacts,
  marketQuery,
  fleetProfitability,
  minerProfitability,
  requestProposals,
  proposalsQuery,
];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class EconomicsApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const economicsAggregates = [marketAggregate, proposalAggregate] as const;

export const economicsProjections: readonly Projection[] = [marketProjection, proposalsProjection];

export const economicsProcesses = (
  store: AggregateStore,
  tools: ProposalTools,
): readonly DurableProcess<never>[] => [proposalsProcess(store, tools)];
