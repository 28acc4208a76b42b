import { Module, type DynamicModule } from '@nestjs/common';
import { Duties } from './domain/duties.js';
import { reportsQuery } from './read/reports/query.js';

export const reportsSlices = [reportsQuery];

/** The duties of all rooms, for the reports of this one. */
@Module({})
export class DutiesModule {
  static with(duties: Duties): DynamicModule {
    const provider = { provide: Duties, useValue: duties };
    return { module: DutiesModule, global: true, providers: [provider], exports: [Duties] };
  }
}
