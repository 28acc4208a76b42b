import { LogReplaced, type LogIdentity } from '@hostledger/eventsourcing/postgres';
import type { Decisions, RecordedEvent } from '@hostledger/eventsourcing';
import { evolveChain, type NotaryChain } from '../domain/chain.js';
import type { CheckpointSigned } from '../domain/checkpoints.js';
import { isBelieved } from '../transparency/notary-events.js';
import { leafHash, leafLine } from '../transparency/leaf.js';
import { EMPTY_ROOT } from '../transparency/merkle.js';
import {
  GrowingTiles,
  rootOf,
  TILE_WIDTH,
  TileMissing,
  type TileSource,
} from '../transparency/tiles.js';
import {
  NOTHING_YET,
  type LeafPositions,
  type TreeState,
  type TreeTable,
} from '../read/tree-table.js';

/** What was signed is not what the log says now. Nothing is signed after that. */
export class HistoryChanged extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'HistoryChanged';
  }
}

export interface LogTreeParts {
  readonly table: TreeTable;
  readonly log: LogIdentity;
  /** What operators have decided: whether another log was accepted in place of this one. */
  readonly decisions: () => Promise<Decisions>;
  readonly warned: (message: string) => void;
}

/**
 * The tree over all events of the log, as far as it has grown: in the database, and its right edge here.
 * Each checkpoint that comes along in the log is held against it.
 */
export class LogTree {
  private readonly source: TileSource;

  private constructor(
    private readonly parts: LogTreeParts,
    private state: TreeState,
    private readonly growing: GrowingTiles,
    /** Of the leaves of the last tile. */
    private positions: bigint[],
  ) {
    this.source = growing.over((keys) => parts.table.tiles(keys));
  }

  /**
   * Goes on from where the tree is; one that is damaged is built again.
   * @throws LogReplaced when the log is not the one that the tree is of, and nobody has accepted it.
   */
  static async open(parts: LogTreeParts): Promise<LogTree> {
    const { table } = parts;
    const state = await heldAgainstLog(await table.load(), parts);
    try {
      return await LogTree.at(state, parts);
    } catch (error) {
      if (!(error instanceof TileMissing || error instanceof HistoryChanged)) throw error;
      // By itself the table proves nothing: the log will tell.
      parts.warned(`The tree is built again from the log: ${error.message}`);
      await table.empty();
      return LogTree.at(NOTHING_YET, parts);
    }
  }

  private static async at(state: TreeState, parts: LogTreeParts): Promise<LogTree> {
    const { tiles, positions } = await parts.table.edge(state.size);
    const growing = new GrowingTiles(state.size, tiles);
    if (positions.length !== state.size % TILE_WIDTH) throw new TileMissing({ level: 0, index: 0 });
    const tree = new LogTree(parts, state, growing, [...positions]);
    const { last } = state.chain;
    if (last) await tree.hold(last);
    return tree;
  }

  get size(): number {
    return this.state.size;
  }

  /** Of the last event in it. */
  get position(): bigint {
    return this.state.position;
  }

  get chain(): NotaryChain {
    return this.state.chain;
  }

  root(): Promise<Buffer> {
    return this.size === 0 ? Promise.resolve(EMPTY_ROOT) : rootOf(this.size, this.source);
  }

  /**
   * Takes in what comes next in the log.
   * @throws HistoryChanged when a checkpoint among these events, signed by the key in force, is not that
   *   of this tree; TreeMoved.
   *   After any error the tree has to be opened again.
   */
  async take(events: readonly RecordedEvent[]): Promise<void> {
    const last = events.at(-1);
    if (!last) return;
    const grown = new Map<number, bigint[]>();
    const checkpoints: CheckpointSigned['data'][] = [];
    let { size, chain } = this.state;
    for (const event of events) {
      this.growing.append(leafHash(leafLine(event)));
      const index = Math.floor(size / TILE_WIDTH);
      size += 1;
      if (this.positions.length === TILE_WIDTH) this.positions = [];
      this.positions.push(event.position);
      grown.set(index, this.positions);
      const isOwn = isBelieved(event, chain);
      if (isOwn && event.type === 'CheckpointSigned') {
        checkpoints.push(event.data as CheckpointSigned['data']);
      }
      chain = evolveChain(chain, event, size, isOwn);
    }
    for (const checkpoint of checkpoints) await this.hold(checkpoint);
    const after = { ...this.state, size, position: last.position, eventId: last.id, chain };
    const positions = Array.from(grown, ([index, list]): LeafPositions => ({
      index,
      positions: list,
    }));
    await this.parts.table.save(this.state, after, { tiles: this.growing.changed(), positions });
    this.growing.taken();
    this.state = after;
  }

  /** @throws LogReplaced; see {@link open}. */
  async check(): Promise<void> {
    await heldAgainstLog(this.state, this.parts);
  }

  /** @throws HistoryChanged */
  private async hold({
    treeSize,
    rootHash,
  }: Pick<CheckpointSigned['data'], 'treeSize' | 'rootHash'>): Promise<void> {
    const fits = treeSize > 0 && treeSize <= this.growing.size;
    const root = fits ? await rootOf(treeSize, this.source) : undefined;
    if (root !== undefined && root.toString('base64') === rootHash) return;
    throw new HistoryChanged(
      `The checkpoint of ${treeSize} events has the root ${rootHash}, but the log now has ` +
        (root ? root.toString('base64') : `${this.growing.size} events before it`),
    );
  }
}

/**
 * The tree as it is, if it is of this log; an empty one where another log was accepted after it was refused.
 * Acts are counted in the log itself, which a restore takes back: only those of this log compare.
 */
const heldAgainstLog = async (state: TreeState, parts: LogTreeParts): Promise<TreeState> => {
  const { log, table } = parts;
  const fault = await faultOf(state, log);
  const { refusedAfter } = state;
  if (fault === undefined) {
    if (refusedAfter !== null) await table.noteRefusal(null);
    return { ...state, refusedAfter: null };
  }
  const { acts, logAcceptedBy } = await parts.decisions();
  // Fewer acts than were noted: it was replaced once more.
  if (refusedAfter === null || acts < refusedAfter) {
    await table.noteRefusal(acts);
    throw new LogReplaced(fault);
  }
  if (logAcceptedBy <= refusedAfter) throw new LogReplaced(fault);
  parts.warned(`The tree is built again from the log that was accepted: ${fault}`);
  await table.empty();
  return NOTHING_YET;
};

const faultOf = async (
  { position, eventId }: TreeState,
  log: LogIdentity,
): Promise<string | undefined> => {
  if (eventId === null) return undefined;
  const end = await log.head();
  if (position > end)
    return `The log ends at position ${end}, but events up to ${position} are in the tree`;
  return (await log.idAt(position)) === eventId
    ? undefined
    : `The log does not have the event ${eventId} at position ${position}, which is in the tree`;
};
