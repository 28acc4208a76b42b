import { Module } from '@nestjs/common';
import { reportsSlices } from './reports.js';
import { history } from './history.js';

/** What each capability brings, a line each. */
const slices: readonly {
  readonly controllers: readonly (new (...args: never[]) => object)[];
  readonly providers?: readonly (new (...args: never[]) => object)[];
}[] = [history, ...reportsSlices];

@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers = [] }) => [...providers]),
})
export class AuditApiModule {}
