import type { Projection } from '@hostledger/eventsourcing';
import { checkpointsAggregate } from './domain/checkpoints.js';
import { notaryKeysAggregate } from './domain/notary-keys.js';
import './http/notary-problems.js';
import { checkpointsQuery } from './read/checkpoints/query.js';
import { proofsQuery } from './read/proofs/query.js';
import { checkpointsProjection } from './read/checkpoints/projection.js';

// What makes the history evident: all that the room shows of its notary.

/** Whose events the notary writes, for the event catalogue. */
export const notaryAggregates = [notaryKeysAggregate, checkpointsAggregate] as const;

export const notaryProjections: readonly Projection[] = [checkpointsProjection];

export const notarySlices = [checkpointsQuery, proofsQuery];
