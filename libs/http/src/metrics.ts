import { getHeapStatistics } from 'node:v8';
import type { CommandOutcome, KernelObserver } from '@hostledger/eventsourcing';
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

const APPEND_OUTCOMES = ['ok', 'wrongExpectedRevision', 'unavailable', 'refused'] as const;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a read-model group or a process reports of itself at the moment of a scrape. */
export interface ScrapedRunner {
  readonly name: string;
  /** 1 when it applies events and is well. */
  readonly up: boolean;
  readonly position: number;
  readonly backlog?: number;
  /** The log is another one than the tables were filled from; of groups. */
  readonly refused?: boolean;
  /** How long the due item that has waited longest is overdue; of processes. */
  readonly overdueSeconds?: number;
  /** Items that failed and are tried again; of processes. */
  readonly failingItems?: number;
}

/** What a worker reports of one projection that it keeps at the moment of a scrape. */
export interface ScrapedProjection {
  readonly name: string;
  /** It applies events and has not stopped at one. */
  readonly up: boolean;
  /** It has stopped at an event and waits for an operator. */
  readonly stopped: boolean;
  /** Events that operators have it leave out. */
  readonly parkedEvents: number;
  readonly position: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

/** The metrics of a thread in a form that goes to another. */
export type ThreadMetrics = MetricObjectWithValues<MetricValue<string>>[];

/** Every metric of a process, in Prometheus' terms; also the kernel's observer. */
export class Metrics implements KernelObserver {
  readonly registry = new Registry();
  private readonly sources: (() => Promise<ThreadMetrics>)[] = [];
  private readonly requests = this.histogram(
    'hostledger_http_request_seconds',
    'HTTP requests by route, method and status',
    ['route', 'method', 'status'],
  );
  private readonly denials = this.counter('hostledger_http_denied_total', 'Denied requests', [
    'code',
  ]);
  private readonly commands = this.histogram(
    'hostledger_command_seconds',
    'Commands by category of stream, name and outcome',
    ['category', 'command', 'outcome'],
  );
  private readonly lookups = this.counter(
    'hostledger_state_lookups_total',
    'Look-ups of folded states by whether the cache had them',
    ['hit'],
  );
  private readonly appends = this.histogram('hostledger_append_seconds', 'Appends by outcome', [
    'outcome',
  ]);
  private readonly retries = this.counter(
    'hostledger_append_retries_total',
    'Calls to the event store sent again because their outcome was unknown',
    ['reason'],
  );
  private readonly reopenings = this.counter(
    'hostledger_subscription_reopenings_total',
    'Subscriptions reopened from their position',
    ['name', 'reason'],
  );

  private readonly applied = this.counter(
    'hostledger_runner_events_total',
    'Events applied to read models and to-do lists',
    ['runner'],
  );
  private readonly batches = this.histogram(
    'hostledger_runner_batch_seconds',
    'Time from taking a batch of events to its commit',
    ['runner'],
  );
  private readonly feedReaders = new Gauge({
    name: 'hostledger_feed_readers',
    help: 'Open streams of the event feed',
    registers: [this.registry],
  });
  private readonly feedEvents = this.counter(
    'hostledger_feed_events_total',
    'Events sent to readers of the event feed, by media type',
    ['format'],
  );
  private readonly feedFaults = this.counter(
    'hostledger_feed_faults_total',
    'Readers that fell behind the shared tail, and waits for stores that did not answer',
    ['kind'],
  );

  /** @param of a further thread leaves what concerns the whole process to the first. */
  constructor(of: 'process' | 'thread' = 'process') {
    // What begins with its first failure has not increased, by Prometheus' reckoning, and alerts nobody.
    for (const outcome of APPEND_OUTCOMES) this.appends.zero({ outcome });
    if (of === 'thread') return;
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'hostledger_heap_limit_bytes',
      help: 'Size that the heap of the main thread may grow to',
      registers: [this.registry],
    }).set(getHeapStatistics().heap_size_limit);
  }

  /** Adds what another thread of this process counts; a failure to ask it is a failed scrape. */
  include(source: () => Promise<ThreadMetrics>): void {
    this.sources.push(source);
  }

  /** Prometheus' text format, everything of this process. */
  async scrape(): Promise<string> {
    if (this.sources.length === 0) return this.registry.metrics();
    const parts = [this.registry.getMetricsAsJSON(), ...this.sources.map((source) => source())];
    return AggregatorRegistry.aggregate(await Promise.all(parts)).metrics();
  }

  commandHandled(
    category: string,
    command: string,
    outcome: CommandOutcome,
    seconds: number,
  ): void {
    this.commands.observe({ category, command, outcome }, seconds);
  }

  stateLookup(hit: boolean): void {
    this.lookups.inc({ hit: String(hit) });
  }

  appended(outcome: string, seconds: number): void {
    this.appends.observe({ outcome }, seconds);
  }

  appendRetried(reason: string): void {
    this.retries.inc({ reason });
  }

  subscriptionReopened(name: string, reason: string): void {
    this.reopenings.inc({ name, reason });
  }

  batchApplied(runner: string, events: number, seconds: number): void {
    this.applied.inc({ runner }, events);
    this.batches.observe({ runner }, seconds);
  }

  requestServed(route: string, method: string, status: number, seconds: number): void {
    this.requests.observe({ route, method, status }, seconds);
  }

  feedReadersNow(readers: number): void {
    this.feedReaders.set(readers);
  }

  feedSent(format: string, events: number): void {
    this.feedEvents.inc({ format }, events);
  }

  feedFault(kind: 'fellBehind' | 'heldUp'): void {
    this.feedFaults.inc({ kind });
  }

  denied(code: string): void {
    this.denials.inc({ code });
  }

  /** Adds gauges read from the runners of this process whenever it is scraped. */
  scrapeRunners(runners: () => readonly ScrapedRunner[]): void {
    const gauge = (
      name: string,
      help: string,
      value: (runner: ScrapedRunner) => number | undefined,
    ) =>
      new Gauge({
        name: `hostledger_runner_${name}`,
        help,
        labelNames: ['runner'],
        registers: [this.registry],
        collect() {
          for (const runner of runners()) {
            const now = value(runner);
            if (now !== undefined) this.set({ runner: runner.name }, now);
          }
        },
      });
    gauge('up', 'Whether the runner applies events', ({ up }) => Number(up));
    gauge('position', 'Log position applied', ({ position }) => position);
    gauge('backlog', 'Open items of a process', ({ backlog }) => backlog);
    gauge('refused', 'Whether the log is not the one its tables were filled from', ({ refused }) =>
      refused === undefined ? undefined : Number(refused),
    );
    gauge(
      'overdue_seconds',
      'Since when the item of a process is due that has waited longest',
      ({ overdueSeconds }) => overdueSeconds,
    );
    gauge(
      'failing_items',
      'Items of a process that failed and are tried again, 20 at most',
      ({ failingItems }) => failingItems,
    );
  }

  /** Adds a gauge of each part that readiness tells of; one that does not answer in time is not ready. */
  scrapeReadiness(parts: () => Promise<readonly { name: string; isReady: boolean }[]>): void {
    new Gauge({
      name: 'hostledger_ready',
      help: 'Whether a part of this process works, as /health/ready says',
      labelNames: ['part'],
      registers: [this.registry],
      async collect() {
        for (const { name, isReady } of await parts()) this.set({ part: name }, Number(isReady));
      },
    });
  }

  /** Adds gauges of the file system that data is kept in; a failure to ask leaves them out. */
  scrapeDisk(
    space: () => Promise<{ readonly freeBytes: number; readonly sizeBytes: number }>,
  ): void {
    const gauge = (
      name: string,
      help: string,
      value: (of: Awaited<ReturnType<typeof space>>) => number,
    ) =>
      new Gauge({
        name: `hostledger_data_${name}_bytes`,
        help,
        registers: [this.registry],
        async collect() {
          this.reset();
          const now = await space().catch(() => undefined);
          if (now) this.set(value(now));
        },
      });
    gauge('free', 'Room left where DATA_DIR is', ({ freeBytes }) => freeBytes);
    gauge('size', 'Size of the file system that DATA_DIR is on', ({ sizeBytes }) => sizeBytes);
  }

  /**
   * Adds gauges of the projections that this process keeps. They are asked for once a scrape, which
   * goes on without them where database or log do not answer.
   */
  scrapeProjections(projections: () => Promise<readonly ScrapedProjection[]>): void {
    let asked: Promise<readonly ScrapedProjection[]> | undefined;
    const once = (): Promise<readonly ScrapedProjection[]> => {
      asked ??= projections()
        .catch(() => [])
        .finally(() => (asked = undefined));
      return asked;
    };
    const gauge = (name: string, help: string, value: (of: ScrapedProjection) => number) =>
      new Gauge({
        name: `hostledger_projection_${name}`,
        help,
        labelNames: ['projection'],
        registers: [this.registry],
        async collect() {
          const scraped = await once();
          this.reset();
          for (const projection of scraped) {
            this.set({ projection: projection.name }, value(projection));
          }
        },
      });
    gauge('up', 'Whether the projection applies events', ({ up }) => Number(up));
    gauge('stopped', 'Whether it has stopped at an event', ({ stopped }) => Number(stopped));
    gauge('parked_events', 'Events that it leaves out', ({ parkedEvents }) => parkedEvents);
    gauge('position', 'Log position its tables are true at', ({ position }) => position);
    gauge('lag_events', 'Events not yet applied, exact up to 1000', ({ lagEvents }) => lagEvents);
    gauge('lag_seconds', 'Age of the oldest event not yet applied', ({ lagSeconds }) => lagSeconds);
  }

  private histogram<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
