import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Projection } from '@hostledger/eventsourcing';
import type { FoldedAggregate } from './domain/as-of.js';
import { tablesOf, type TableOf } from './recompute/row.js';

/** What the system folds events into: the composition tells, which knows every room. */
export class AuditCatalogue {
  /** By their categories. */
  readonly aggregates: ReadonlyMap<string, FoldedAggregate>;
  /** Of all read models, by their names. */
  readonly tables: ReadonlyMap<string, TableOf>;

  constructor(aggregates: readonly FoldedAggregate[], projections: readonly Projection[]) {
    this.aggregates = new Map(aggregates.map((each) => [each.category, each]));
    this.tables = tablesOf(projections);
  }
}

/** Makes the catalogue of the composition injectable. */
@Global()
@Module({})
export class AuditCatalogueModule {
  static with(catalogue: AuditCatalogue): DynamicModule {
    const providers = [{ provide: AuditCatalogue, useValue: catalogue }];
    return { module: AuditCatalogueModule, providers, exports: providers };
  }
}
