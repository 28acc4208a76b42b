import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { partiesOfRoom } from '@hostledger/feed';
import { billingPeriodAggregate } from './domain/billing-period.js';
import type { PeriodEvent } from './domain/period-events.js';
import { statementSeriesAggregate } from './domain/statement-series.js';
import './http/period-problems.js';
import { periodClosesProcess } from './process/period-closes.js';
import { factReads } from './read/inputs/fact-reads.js';
import { periodsProjection } from './read/periods/projection.js';
import { periodsQuery } from './read/periods/query.js';
import { statementsQuery } from './read/statements/query.js';
import { closePeriodSlice } from './write/close-period.js';
import { revisePeriod } from './write/revise-period.js';

// Months of contracts, their statements, and what comes after: all that the room shows of them.

export const periodSlices = [closePeriodSlice, revisePeriod, periodsQuery, statementsQuery];

export const periodAggregates = [billingPeriodAggregate, statementSeriesAggregate] as const;

export const periodProjections: readonly Projection[] = [periodsProjection];

export interface PeriodTools {
  readonly readModels: Pick<ReadModels, 'read'>;
  readonly eventStore: Pick<EventStore, 'readStream' | 'head'>;
}

export const periodProcesses = (
  store: AggregateStore,
  { readModels, eventStore: log }: PeriodTools,
): readonly DurableProcess<never>[] => [
  periodClosesProcess(store, { readModels, log, facts: factReads }),
];

/**
 * A month is of whoever has the contract at its end, from the beginning of its close on; what adjusts
 * it later is of the same customer.
 */
export const periodParties = partiesOfRoom<PeriodEvent>({
  kept: [billingPeriodAggregate.category],
  rules: {
    PeriodCloseBegan: {
      sets: ({ stream, data }) => [
        { stream, contract: data.contractId, customer: data.customerId },
      ],
    },
  },
});
