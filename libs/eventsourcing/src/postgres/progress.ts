import { ReadModelBehind } from './errors.js';

/**
 * - `starting`: asking for ownership for the first time.
 * - `standby`: another process keeps every generation that this one knows.
 * - `catchingUp` / `live`: applying; live once the end of the log was reached.
 * - `retrying`: the database or the log failed, `lastError` says how; tried again with back-off.
 * - `refused`: the log is not the one the tables were filled from; nothing is applied.
 */
export type RunnerPhase =
  'stopped' | 'starting' | 'standby' | 'catchingUp' | 'live' | 'retrying' | 'refused';

/** How far a runner is. */
export interface Progress {
  readonly phase: RunnerPhase;
  /** All tables in use that move are true up to here, those that stopped left out. */
  readonly position: bigint;
  /** Calls back after every change of position or phase; the result ends that. */
  onProgress(listener: () => void): () => void;
}

/** Resolves once the position is reached; rejects with {@link ReadModelBehind} after the time. */
export const positionReached = async (
  progress: Progress,
  position: bigint,
  timeoutMs: number,
): Promise<void> => {
  if (progress.position >= position) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      unsubscribe();
    };
    const timer = setTimeout(() => {
      settle();
      reject(new ReadModelBehind(position, progress.position));
    }, timeoutMs);
    const unsubscribe = progress.onProgress(() => {
      if (progress.position < position) return;
      settle();
      resolve();
    });
  });
};

/** What a runner in another thread says of itself. */
export class RemoteProgress implements Progress {
  private told: Pick<Progress, 'phase' | 'position'> = { phase: 'starting', position: 0n };
  private readonly listeners = new Set<() => void>();

  get phase(): RunnerPhase {
    return this.told.phase;
  }

  get position(): bigint {
    return this.told.position;
  }

  tell({ phase, position }: Pick<Progress, 'phase' | 'position'>): void {
    this.told = { phase, position };
    for (const listener of this.listeners) listener();
  }

  onProgress(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
