import {
  AggregateStore,
  deriveId,
  type Aggregate,
  type CommandContext,
  type DomainCommand,
  type DomainEvent,
} from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { fleetBulkKinds } from '@hostledger/fleet';
import { operationsProcess, startOperation } from '@hostledger/operations';
import { WriteBehind } from './write-behind.js';

const ACTOR = { subject: 'generated', role: 'admin' } as const;
export const DIGEST = 'd'.repeat(64);

/**
 * Acts in the past, for whoever is alone with the log: the product's own deciders and bulk operations
 * make the events, each with the business time it would have had; only the appends are gathered.
 */
export class HistoryWriter {
  protected readonly log: WriteBehind;
  protected readonly store: AggregateStore;

  /** @param seed tells the commands of one history from those of another. */
  constructor(
    eventStore: EventStore,
    private readonly seed: string | number,
  ) {
    this.log = new WriteBehind(eventStore);
    this.store = new AggregateStore(this.log, { cachedStreams: 200_000 });
  }

  protected async operate(
    kind: string,
    values: readonly object[],
    context: CommandContext,
  ): Promise<void> {
    const lines = values.map((value, index) => ({ line: index + 1, value }));
    const upload = { kind, params: {}, lines, digest: DIGEST, rejected: [] };
    const { operationId } = await startOperation(this.store, upload, context);
    await this.perform(operationId, kind, context);
  }

  /** What the worker would do with the operation. */
  protected async perform(
    operationId: string,
    kind: string,
    context: CommandContext,
  ): Promise<void> {
    const process = operationsProcess(this.store, this.log, fleetBulkKinds(this.store, this.log));
    const { at } = context;
    const item = {
      item_id: operationId,
      due_at: at,
      cause_id: context.commandId,
      correlation_id: context.correlationId,
      kind,
    };
    await process.perform(item, { at, signal: new AbortController().signal });
  }

  protected async act<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    id: string,
    command: C,
  ): Promise<void> {
    const { category } = aggregate;
    const context = this.context(command.at, category, id, command.type, command.at);
    await this.store.handle(aggregate, id, command, context, { assumeNew: true });
  }

  protected context(at: string, ...what: (string | number)[]): CommandContext {
    const commandId = deriveId('generated', this.seed, ...what);
    return { commandId, actor: ACTOR, correlationId: commandId, causationId: commandId, at };
  }
}
