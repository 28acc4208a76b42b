import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerSentEvent } from '@hostledger/http';
import type { OperationRow, OperationStatus } from './projection.js';

const POLL_MS = 250;
const SIGN_OF_LIFE_MS = 15_000;

/** An operation and the log position it is true at. */
export interface Snapshot {
  readonly position: bigint;
  readonly row: OperationRow;
}

/** What a listener is told, and at once of what it is now. */
export class OperationProgress {
  operationId: string;
  status: OperationStatus;
  /** Lines accepted at upload. */
  total: number;
  done: number;
  rejected: number;
  cancelled: number;
  /** Lines a second, since this listener began to listen. */
  perSecond?: number;
  /** Until it is completed, at that rate. */
  secondsLeft?: number;
}

/** Tells listeners how operations come along. All who listen to one share its reads. */
export class ProgressWatch {
  private readonly reads = new Map<string, Promise<Snapshot | undefined>>();
  private closed = false;

  constructor(private readonly read: (operationId: string) => Promise<Snapshot | undefined>) {}

  /** Ends all that is told at present. */
  close(): void {
    this.closed = true;
  }

  /**
   * `progress` for every change, `completed` or `cancelled` at the end; nothing (`undefined`) as a sign
   * of life.
   */
  async *follow(first: Snapshot): AsyncGenerator<ServerSentEvent | undefined> {
    const began = { at: performance.now(), lines: handled(first.row) };
    let told = '';
    let toldAt = performance.now();
    for (let now: Snapshot | undefined = first; now && !this.closed;) {
      const { status } = now.row;
      const ended = status === 'completed' || status === 'cancelled';
      const state = `${status} ${now.row.done} ${now.row.rejected}`;
      if (ended || state !== told) {
        const event = ended ? status : 'progress';
        yield { event, id: now.position.toString(), data: progressOf(now.row, began) };
        if (ended) return;
        told = state;
        toldAt = performance.now();
      } else if (performance.now() - toldAt > SIGN_OF_LIFE_MS) {
        yield undefined;
        toldAt = performance.now();
      }
      now = await this.next(first.row.operation_id);
    }
  }

  /** The state a moment later. */
  private next(operationId: string): Promise<Snapshot | undefined> {
    let reading = this.reads.get(operationId);
    if (!reading) {
      reading = sleep(POLL_MS)
        .then(() => this.read(operationId))
        .finally(() => this.reads.delete(operationId));
      this.reads.set(operationId, reading);
    }
    return reading;
  }
}

const handled = ({ done, rejected }: OperationRow): number => done + rejected;

const progressOf = (
  row: OperationRow,
  began: { readonly at: number; readonly lines: number },
): OperationProgress => {
  const lines = handled(row) - began.lines;
  const perSecond = lines / ((performance.now() - began.at) / 1_000);
  const left = row.line_count - handled(row);
  return {
    operationId: row.operation_id,
    status: row.status,
    total: row.line_count,
    done: row.done,
    rejected: row.rejected,
    cancelled: row.cancelled,
    ...(lines > 0 && {
      perSecond: Math.round(perSecond),
      secondsLeft: row.status === 'running' ? Math.ceil(left / perSecond) : 0,
    }),
  };
};
