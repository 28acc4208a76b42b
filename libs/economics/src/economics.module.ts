import { Module } from '@nestjs/common';
import type { Projection } from '@hostledger/eventsourcing';
import { marketAggregate } from './domain/market.js';
import './http/problems.js';
import { marketProjection } from './read/market/projection.js';
import { marketQuery } from './read/market/query.js';
import { fleetProfitability } from './read/profitability/fleet-query.js';
import { minerProfitability } from './read/profitability/miner-query.js';
import { marketFacts } from './write/market-facts.js';

const slices = [marketFacts, marketQuery, fleetProfitability, minerProfitability];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class EconomicsApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const economicsAggregates = [marketAggregate] as const;

export const economicsProjections: readonly Projection[] = [marketProjection];
