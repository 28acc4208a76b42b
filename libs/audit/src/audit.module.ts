import { Module } from '@nestjs/common';
import { bundleSlices } from './bundle.js';
import { notarySlices } from './notary.js';

/** What each capability brings, a line each. */
const slices: readonly {
  readonly controllers: readonly (new (...args: never[]) => object)[];
  readonly providers?: readonly (new (...args: never[]) => object)[];
}[] = [...notarySlices, ...bundleSlices];

@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers = [] }) => [...providers]),
})
export class AuditApiModule {}
