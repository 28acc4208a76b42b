import { setTimeout as sleep } from 'node:timers/promises';

/** Tells all who wait that something has changed. */
export class News {
  private coming = Promise.withResolvers<void>();

  next(): Promise<void> {
    return this.coming.promise;
  }

  tell(): void {
    this.coming.resolve();
    this.coming = Promise.withResolvers();
  }
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** What has to be done outside, again and again; a failure is tried again for ever, ever more seldom. */
export class Errand {
  /** Why it fails at present. */
  failing: string | undefined;

  /**
   * @param step does one thing; tells whether there is more to do at once.
   * @param firstPauseMs after the first failure; each one more doubles it, up to a minute.
   */
  constructor(
    readonly name: string,
    private readonly step: (signal: AbortSignal) => Promise<boolean>,
    private readonly warned: (message: string, error: unknown) => void,
    private readonly firstPauseMs = FIRST_PAUSE_MS,
  ) {}

  /** Until the signal is aborted. */
  async run(news: News, signal: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    for (let failures = 0; !signal.aborted;) {
      const changed = news.next();
      try {
        const more = await this.step(signal);
        this.failing = undefined;
        failures = 0;
        if (!more) await Promise.race([changed, over]);
      } catch (error) {
        if (signal.aborted) return;
        const { message } = error as Error;
        if (this.failing !== message) this.warned(`${this.name} failed and is tried again`, error);
        this.failing = message;
        const pauseMs = Math.min(this.firstPauseMs * 2 ** failures, LONGEST_PAUSE_MS);
        failures += 1;
        await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(
          () => undefined,
        );
      }
    }
  }
}
