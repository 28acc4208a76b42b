import { Module } from '@nestjs/common';
import { history } from './history.js';
import { reportsSlices } from './reports.js';
import { bundleSlices } from './bundle.js';
import { notarySlices } from './notary.js';
import { asOfSlices } from './as-of.js';

/** What each capability brings, a line each. */
const slices: readonly {
  readonly controllers: readonly (new (...args: never[]) => object)[];
  readonly providers?: readonly (new (...args: never[]) => object)[];
}[] = [history, ...asOfSlices, ...notarySlices, ...bundleSlices, ...reportsSlices];

@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers = [] }) => [...providers]),
})
export class AuditApiModule {}
