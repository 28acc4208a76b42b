import { LogReplaced, type LogIdentity } from '@hostledger/eventsourcing/postgres';
import type { Decisions, RecordedEvent } from '@hostledger/eventsourcing';
import { evolveChain, isStreamOfNotary, type NotaryChain } from '../domain/chain.js';
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
  ANY_PUBLISHED,
  NOTHING_YET,
  type Doubt,
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

  /** Of all, or of the first events. */
  root(size = this.size): Promise<Buffer> {
    return size === 0 ? Promise.resolve(EMPTY_ROOT) : rootOf(size, this.source);
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
    let foreign: RecordedEvent | undefined;
    for (const event of events) {
      this.growing.append(leafHash(leafLine(event)));
      const index = Math.floor(size / TILE_WIDTH);
      size += 1;
      if (this.positions.length === TILE_WIDTH) this.positions = [];
      this.positions.push(event.position);
      grown.set(index, this.positions);
      const isOwn = isBelieved(event, chain);
      if (!isOwn && isStreamOfNotary(event.stream)) foreign = event;
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
    if (foreign) {
      const { stream, type, position } = foreign;
      this.parts.warned(
        `Somebody else has put an event into ${stream}: ${type}, at position ${position}; ` +
          'it is a leaf like any other, and nothing that the notary says',
      );
    }
  }

  /** What is doubted of the log, and accepted of what is published. */
  get standing(): Pick<TreeState, 'doubt' | 'accepted'> {
    return this.state;
  }

  /** Whether there are records behind the last event of the tree. */
  async isBehind(): Promise<boolean> {
    return (await this.parts.log.head()) > this.position;
  }

  /**
   * A published checkpoint is of this log, or was accepted nevertheless.
   * @param note none where nothing is published.
   * @param why it is not of this log; undefined where it is.
   * @throws LogReplaced
   */
  async holdPublished(note: string | null, why: string | undefined): Promise<void> {
    const { doubt, accepted } = this.state;
    if (why !== undefined && accepted !== note) {
      if (accepted !== ANY_PUBLISHED) {
        await mustBeAccepted(doubt, { of: 'published', why }, this.parts);
        this.parts.warned(`Signed again from the log that was accepted: ${why}`);
      }
      await this.note(note);
    } else if (why === undefined && (doubt?.of === 'published' || accepted !== null)) {
      await this.note(null);
    }
  }

  private async note(accepted: string | null): Promise<void> {
    await this.parts.table.noteAccepted(accepted);
    this.state = { ...this.state, doubt: null, accepted };
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
 */
const heldAgainstLog = async (state: TreeState, parts: LogTreeParts): Promise<TreeState> => {
  const { log, table } = parts;
  const fault = await faultOf(state, log);
  const { doubt } = state;
  if (fault === undefined) {
    if (doubt?.of !== 'log') return state;
    await table.noteDoubt(null);
    return { ...state, doubt: null };
  }
  await mustBeAccepted(doubt, { of: 'log', why: fault }, parts);
  parts.warned(`The tree is built again from the log that was accepted: ${fault}`);
  await table.empty();
  // With the log its loss of what is published from the part that is gone was accepted.
  await table.noteAccepted(ANY_PUBLISHED);
  return { ...NOTHING_YET, accepted: ANY_PUBLISHED };
};

/**
 * Resolves where an administrator has accepted the log since this was seen first.
 * Acts are counted in the log itself, which a restore takes back: only those of this log compare.
 * @throws LogReplaced
 */
export const mustBeAccepted = async (
  known: Doubt | null,
  { of, why }: Pick<Doubt, 'of' | 'why'>,
  { table, decisions }: Pick<LogTreeParts, 'table' | 'decisions'>,
): Promise<void> => {
  const { acts, logAcceptedBy } = await decisions();
  // Fewer acts than were noted: it was replaced once more.
  if (known?.of !== of || acts < known.acts) {
    await table.noteDoubt({ of, why, acts });
    throw new LogReplaced(why);
  }
  if (logAcceptedBy <= known.acts) throw new LogReplaced(why);
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
