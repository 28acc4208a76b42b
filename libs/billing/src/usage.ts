import type { Projection } from '@hostledger/eventsourcing';
import './http/usage-problems.js';
import { machineFactsProjection } from './read/machine-facts/projection.js';
import { usageQuery } from './read/usage/query.js';

// What machines used: all that the room shows of it.

export const usageSlices = [usageQuery];

export const usageProjections: readonly Projection[] = [machineFactsProjection];
