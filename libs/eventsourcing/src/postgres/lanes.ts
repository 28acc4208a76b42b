import type { Generation } from './generation.js';
import type { Lane } from './lane.js';

/** Beside a live lane: the embedded database has one session, for which readers wait too. */
const BATCH_EVENTS_BESIDE = 3_000;

/** Makes and starts a lane, of so many events in one transaction at most. */
export type OpenLane = (generations: readonly Generation[], mostEvents: number) => Lane;

/**
 * The lanes of a runner. The main one keeps what has reached the end of the log; what is being
 * filled, or lags behind, has one of its own until it is live too, and then moves into the main one.
 *
 * One lane at a time fills. What is to be filled meanwhile waits and then shares the next one: of all
 * projections that are rebuilt in a row, the log is read twice and not once for each.
 */
export class Lanes {
  private first: Lane | undefined;
  private beside: Lane[] = [];

  constructor(private readonly openLane: OpenLane) {}

  get main(): Lane | undefined {
    return this.first;
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  has(generation: Generation): boolean {
    return this.all.some((lane) => lane.generations.includes(generation));
  }

  /** Gives these, which have none, a lane; joins those that have become live to the main one. */
  async arrange(idle: readonly Generation[]): Promise<void> {
    if (this.first?.generations.length === 0) {
      await this.first.stop();
      this.first = undefined;
    }
    let others = idle;
    if (this.isEmpty && idle.length > 0) {
      const begins = foremost(idle);
      this.first = this.open(begins);
      others = idle.filter((generation) => !begins.includes(generation));
    }
    const ready = this.beside.filter(({ live }) => live);
    if (ready.length > 0) {
      const joining = [this.first, ...ready].filter((lane) => lane !== undefined);
      await Promise.all(joining.map((lane) => lane.stop()));
      this.beside = this.beside.filter((lane) => !ready.includes(lane));
      this.first = this.open(joining.flatMap((lane) => lane.generations));
    }
    this.beside = this.beside.filter((lane) => lane.generations.length > 0);
    this.openBeside(others.filter((generation) => generation.filled));
    if (!this.all.some(isFilling)) this.openBeside(others.filter(({ filled }) => !filled));
  }

  /** Stops the lane of a generation and lets the others of it go on. */
  async takeOut(generation: Generation): Promise<void> {
    const lane = this.all.find(({ generations }) => generations.includes(generation));
    if (!lane) return;
    await lane.stop();
    const others = lane.generations.filter((other) => other !== generation);
    if (lane === this.first) {
      this.first = this.open(others);
      return;
    }
    this.beside = this.beside.filter((other) => other !== lane);
    this.openBeside(others);
  }

  /** Resolves after the batches at hand. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((lane) => lane.stop()));
    this.first = undefined;
    this.beside = [];
  }

  private get all(): readonly Lane[] {
    return this.first ? [this.first, ...this.beside] : this.beside;
  }

  private open(generations: readonly Generation[]): Lane | undefined {
    return generations.length > 0 ? this.openLane(generations, Infinity) : undefined;
  }

  private openBeside(generations: readonly Generation[]): void {
    if (generations.length === 0) return;
    this.beside.push(this.openLane(generations, BATCH_EVENTS_BESIDE));
  }
}

const isFilling = ({ generations }: Lane): boolean => generations.some(({ filled }) => !filled);

/**
 * With which the main lane begins: those that are at the end of the log, which one transaction has
 * brought to one position; all of them where none was filled yet.
 */
const foremost = (generations: readonly Generation[]): readonly Generation[] => {
  const filled = generations.filter((generation) => generation.filled);
  if (filled.length === 0) return generations;
  const furthest = filled.reduce(
    (most, { checkpoint }) => (checkpoint > most ? checkpoint : most),
    0n,
  );
  return filled.filter(({ checkpoint }) => checkpoint === furthest);
};
