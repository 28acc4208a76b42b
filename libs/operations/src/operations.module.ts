import { Module } from '@nestjs/common';
import './http/problems.js';
import { operationsQuery } from './read/query.js';
import { cancelOperation } from './write/cancel-operation.js';

const slices = [operationsQuery, cancelOperation];

@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class OperationsApiModule {}
