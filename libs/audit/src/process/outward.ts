import {
  deriveId,
  systemActor,
  type AggregateStore,
  type CommandContext,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import { streamOfDay, type NotaryChain } from '../domain/chain.js';
import { checkpointsAggregate, dayOf, type CheckpointEvent } from '../domain/checkpoints.js';
import type { TileSource } from '../transparency/tiles.js';
import type { PublishPlace } from './publishing.js';
import type { PublishedTable, PublishedUpTo } from '../read/tree-table.js';
import type { Witness } from './witness.js';

/** What the notary does in its own name. */
export const notaryContext = (
  at: string,
  ...what: readonly (string | number)[]
): CommandContext => {
  const commandId = deriveId('notary', ...what);
  return {
    commandId,
    actor: systemActor('notary'),
    correlationId: commandId,
    causationId: commandId,
    at,
  };
};

/**
 * Puts recorded checkpoints outside, in their order and each of them. The log is what is still to be
 * done: the streams of the days are followed from one to the next.
 */
export class Publishing {
  private upTo: PublishedUpTo | undefined;

  constructor(
    private readonly place: PublishPlace,
    private readonly table: PublishedTable,
    private readonly streams: Pick<StreamAccess, 'readStream'>,
  ) {}

  /** Checkpoints that are not outside yet. */
  waiting({ checkpoints }: NotaryChain): number {
    return Math.max(0, checkpoints - (this.upTo?.checkpoints ?? 0));
  }

  /** Publishes what the notary has held against the tree, up to the end of a day; more may be left. */
  async step(chain: NotaryChain, signal: AbortSignal): Promise<boolean> {
    if (chain.firstDay === null) return false;
    let upTo = await this.table.load(this.place.name);
    // A log that was restored to before that has others in their place.
    if (upTo === undefined || upTo.checkpoints > chain.checkpoints) {
      upTo = { day: chain.firstDay, revision: -1, checkpoints: 0 };
    }
    this.upTo = upTo;
    if (upTo.checkpoints >= chain.checkpoints) return false;
    const { day } = upTo;
    const events = await this.streams.readStream(streamOfDay(day), BigInt(upTo.revision + 1));
    for (const { type, data, revision } of events) {
      if (type !== 'CheckpointSigned') continue;
      const { treeSize, note, ...rest } = data as (CheckpointEvent & { type: typeof type })['data'];
      await this.place.publish({ size: treeSize, note }, signal);
      const next = dayOf(rest);
      upTo = {
        day: next,
        revision: next === day ? Number(revision) : -1,
        checkpoints: upTo.checkpoints + 1,
      };
      await this.table.save(this.place.name, upTo);
      this.upTo = upTo;
      if (next !== day || upTo.checkpoints >= chain.checkpoints) break;
    }
    return upTo.checkpoints < chain.checkpoints;
  }
}

/** Has one witness sign the latest checkpoint, and records it. Those in between it need not see. */
export class Witnessing {
  private cosigned = 0;

  constructor(
    private readonly witness: Witness,
    private readonly store: AggregateStore,
    private readonly tiles: TileSource,
    private readonly clock: () => Date,
  ) {}

  /** Events that the witness has not seen, of those that the last checkpoint covers. */
  waiting(chain: NotaryChain): number {
    return Math.max(0, (chain.last?.treeSize ?? 0) - this.seen(chain));
  }

  async step(chain: NotaryChain, signal: AbortSignal): Promise<boolean> {
    const { last } = chain;
    const seen = this.seen(chain);
    if (last === null || seen >= last.treeSize) return false;
    const { treeSize, rootHash, note, day } = last;
    const witness = this.witness.key.text;
    const checkpoint = { size: treeSize, note };
    const cosignature = await this.witness.cosign(checkpoint, seen, this.tiles, signal);
    const at = this.clock().toISOString();
    const data = { treeSize, rootHash, witness, cosignature };
    await this.store.handle(
      checkpointsAggregate,
      day,
      { type: 'WitnessCheckpoint', data, at },
      notaryContext(at, 'witness', cosignature),
    );
    this.cosigned = treeSize;
    return true;
  }

  private seen({ witnessed }: NotaryChain): number {
    return Math.max(this.cosigned, witnessed[this.witness.key.text] ?? 0);
  }
}
