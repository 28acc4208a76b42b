import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AggregateStore } from '../aggregate-store.js';
import { EventStore } from '../eventstoredb/index.js';
import { ReadModels } from '../postgres/index.js';

/** What the write and read slices of every room are given. */
export interface EventSourcingParts {
  readonly aggregateStore: AggregateStore;
  readonly eventStore: EventStore;
  readonly readModels: ReadModels;
}

/** Makes the parts of an opened system injectable by their classes, everywhere. */
@Global()
@Module({})
export class EventSourcingModule {
  static with(parts: EventSourcingParts): DynamicModule {
    const providers = [
      { provide: AggregateStore, useValue: parts.aggregateStore },
      { provide: EventStore, useValue: parts.eventStore },
      { provide: ReadModels, useValue: parts.readModels },
    ];
    return { module: EventSourcingModule, providers, exports: providers };
  }
}
