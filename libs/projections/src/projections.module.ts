import { Module } from '@nestjs/common';
import './http/problems.js';
import { projectionsQuery } from './read/query.js';
import { acceptLog } from './write/accept-log.js';
import { failures } from './write/failures.js';
import { rebuild } from './write/rebuild.js';
import { runs } from './write/runs.js';

export const slices = [rebuild, runs, failures, acceptLog, projectionsQuery];

@Module({ controllers: slices.flatMap(({ controllers }) => [...controllers]) })
export class ProjectionsApiModule {}
