import { randomUUID } from 'node:crypto';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { deriveId, systemActor, type AggregateStore } from '@hostledger/eventsourcing';
import type { Denial } from '@hostledger/http';
import { accessDenialsAggregate, type DeniedRequests } from '../domain/access-denials.js';

/** What a crash loses is at most what was denied since the last flush. */
const FLUSH_EVERY_MS = 60_000;
/** Sums told apart in one flush, and in a day: beyond them who, what and where are not told. */
const MAX_SUMS_A_FLUSH = 100;
const MAX_SUMS_A_DAY = 5_000;
const STOP_WITHIN_MS = 5_000;
const DAY_CHARACTERS = 10;

export interface DenialLogOptions {
  readonly now?: () => string;
  readonly flushEveryMs?: number;
  readonly maxSumsADay?: number;
}

/** Sums on their way into the log; sent again under the same id until it is known that they are. */
interface Batch {
  readonly commandId: string;
  readonly day: string;
  readonly at: string;
  readonly denials: readonly DeniedRequests[];
}

/**
 * Makes denials durable without holding a request up: they are summed by who, what and why, and the
 * sums go into the log once a minute. However many requests are denied, a process appends no more
 * than {@link MAX_SUMS_A_DAY} sums a day and three a minute beyond them.
 */
export class DenialLog implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('access');
  private readonly now: () => string;
  private readonly maxSumsADay: number;
  private readonly instance = randomUUID();
  private sums = new Map<string, DeniedRequests>();
  /** Of the sums those that are told apart. */
  private apart = 0;
  private told = { day: '', sums: 0 };
  private batches = 0;
  private unsent: Batch | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: AggregateStore,
    private readonly options: DenialLogOptions = {},
  ) {
    this.now = options.now ?? (() => new Date().toISOString());
    this.maxSumsADay = options.maxSumsADay ?? MAX_SUMS_A_DAY;
  }

  onApplicationBootstrap(): void {
    const everyMs = this.options.flushEveryMs ?? FLUSH_EVERY_MS;
    this.timer = setInterval(() => void this.flush(), everyMs);
    this.timer.unref();
  }

  /** After the last request was answered: what is not in the log by then is lost, and logged. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    const impatience = Promise.withResolvers<void>();
    const timer = setTimeout(impatience.resolve, STOP_WITHIN_MS);
    // Twice, where a batch was under way when the last denials came.
    await Promise.race([this.flush().then(() => this.flush()), impatience.promise]);
    clearTimeout(timer);
    const lost = [...(this.unsent?.denials ?? []), ...this.sums.values()];
    if (lost.length > 0) this.logger.error({ lost }, 'Denials were not recorded');
  }

  note(denial: Denial): void {
    const at = this.now();
    const { status, code } = denial;
    const named = namedIn(denial);
    const isKnown = this.sums.has(JSON.stringify([named, status, code]));
    const who = isKnown || named === OTHERS || this.mayTellApart(at) ? named : OTHERS;
    const key = JSON.stringify([who, status, code]);
    const before = this.sums.get(key);
    if (!before && who !== OTHERS) this.apart += 1;
    this.sums.set(
      key,
      before
        ? { ...before, count: before.count + 1, lastAt: at }
        : { ...who, status, code, count: 1, firstAt: at, lastAt: at },
    );
  }

  /** Sends what there is; never fails. What cannot be sent is kept, and is sent first next time. */
  flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.send());
    return this.flushing;
  }

  private mayTellApart(at: string): boolean {
    const day = at.slice(0, DAY_CHARACTERS);
    if (this.told.day !== day) this.told = { day, sums: 0 };
    return this.apart < MAX_SUMS_A_FLUSH && this.told.sums + this.apart < this.maxSumsADay;
  }

  private async send(): Promise<void> {
    try {
      if (this.unsent) await this.append(this.unsent);
      this.unsent = this.nextBatch();
      if (this.unsent) await this.append(this.unsent);
      this.unsent = undefined;
    } catch (err) {
      this.logger.warn({ err }, 'Denials are recorded later');
    }
  }

  private nextBatch(): Batch | undefined {
    if (this.sums.size === 0) return undefined;
    const at = this.now();
    const denials = [...this.sums.values()];
    this.told = { ...this.told, sums: this.told.sums + this.apart };
    this.sums = new Map();
    this.apart = 0;
    this.batches += 1;
    const commandId = deriveId('accessDenials', this.instance, this.batches);
    return { commandId, day: at.slice(0, DAY_CHARACTERS), at, denials };
  }

  private async append({ commandId, day, at, denials }: Batch): Promise<void> {
    const context = {
      ...{ commandId, at, actor: systemActor('access') },
      ...{ correlationId: commandId, causationId: commandId },
    };
    const command = { type: 'RecordDenials', data: { denials }, at } as const;
    await this.store.handle(accessDenialsAggregate, day, command, context);
    if (this.unsent?.commandId === commandId) this.unsent = undefined;
  }
}

const OTHERS = { who: 'others' } as const;

/** Of rate limits only sums are kept: who runs into one is busy, and told by the metrics. */
const namedIn = ({ status, subject, roles = [], method, route }: Denial) => {
  if (status === 429) return OTHERS;
  return subject === undefined
    ? ({ who: 'anonymous', method, route } as const)
    : ({ who: 'subject', subject, roles, method, route } as const);
};
