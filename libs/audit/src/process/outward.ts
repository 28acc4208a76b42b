import {
  deriveId,
  systemActor,
  type AggregateStore,
  type CommandContext,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import { streamOfDay, type NotaryChain } from '../domain/chain.js';
import { checkpointsAggregate, dayOf, type CheckpointSigned } from '../domain/checkpoints.js';
import { isBelieved } from '../transparency/notary-events.js';
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

  /** Why somebody has to look: another checkpoint is outside. It stays there, and so does this. */
  get conflict(): string | undefined {
    const where = this.upTo?.conflict ?? undefined;
    return where === undefined ? undefined : `${where} holds another checkpoint of this size`;
  }

  /** Publishes what the notary has held against the tree, up to the end of a day; more may be left. */
  async step(chain: NotaryChain, signal: AbortSignal): Promise<boolean> {
    if (chain.firstDay === null) return false;
    let upTo = await this.table.load(this.place.name);
    // A log that was restored to before that has others in their place.
    if (upTo === undefined || upTo.checkpoints > chain.checkpoints) {
      upTo = { day: chain.firstDay, revision: -1, checkpoints: 0, conflict: null };
    }
    this.upTo = upTo;
    if (upTo.checkpoints >= chain.checkpoints) return false;
    const { day } = upTo;
    const events = await this.streams.readStream(streamOfDay(day), BigInt(upTo.revision + 1));
    const { checkpoints: before } = upTo;
    for (const event of events) {
      // The same that the chain counts.
      if (event.type !== 'CheckpointSigned' || !isBelieved(event, chain)) continue;
      const { treeSize: size, note, ...rest } = event.data as CheckpointSigned['data'];
      const isLast = upTo.checkpoints + 1 >= chain.checkpoints;
      const other = await this.place.publish({ size, note, isLast }, signal);
      const next = dayOf(rest);
      upTo = {
        ...(next > day ? { day: next, revision: -1 } : { day, revision: Number(event.revision) }),
        checkpoints: upTo.checkpoints + 1,
        conflict: other ?? upTo.conflict,
      };
      await this.table.save(this.place.name, upTo);
      this.upTo = upTo;
      if (upTo.day !== day || upTo.checkpoints >= chain.checkpoints) break;
    }
    return upTo.checkpoints > before && upTo.checkpoints < chain.checkpoints;
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
