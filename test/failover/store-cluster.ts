import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from '../support/processes.js';
import type { Order, Told } from './fronts-process.js';

const PROGRAM = 'test/failover/fronts-process.js';

/** Three fronts over one log, in a process of their own: the event store of the run. */
export class StoreCluster {
  private orders = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(directory: string): Promise<StoreCluster> {
    const child = fork(built(PROGRAM), [directory], { execArgv: [] });
    const { connectionString } = await answerTo(child, 0);
    return new StoreCluster(child, connectionString);
  }

  /** Resolves with who leads afterwards. */
  async tell(order: Order): Promise<number | undefined> {
    this.orders += 1;
    const answer = answerTo(this.child, this.orders);
    this.child.send({ id: this.orders, order });
    return (await answer).leader;
  }

  /** Waits until somebody leads. */
  async leader(): Promise<number> {
    for (;;) {
      const leader = await this.tell({ act: 'tell' });
      if (leader !== undefined) return leader;
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }
}

const answerTo = (child: ChildProcess, id: number): Promise<Told> =>
  new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('The process of the fronts ended'));
    const hear = (told: Told): void => {
      if (told.id !== id) return;
      child.off('message', hear).off('exit', ended);
      resolve(told);
    };
    child.on('message', hear).once('exit', ended);
  });
