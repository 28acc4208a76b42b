import { Module } from '@nestjs/common';
import { operationsQuery } from './read/query.js';

@Module({ controllers: [...operationsQuery.controllers] })
export class OperationsApiModule {}
