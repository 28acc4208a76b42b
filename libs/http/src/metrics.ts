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

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a read-model group or a process reports of itself at the moment of a scrape. */
export interface ScrapedRunner {
  readonly name: string;
  /** 1 when it applies events and is well. */
  readonly up: boolean;
  readonly position: number;
  readonly lagSeconds?: number;
  readonly backlog?: number;
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
    if (of === 'process') collectDefaultMetrics({ register: this.registry });
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
    gauge('lag_seconds', 'Age of the newest event not yet applied', ({ lagSeconds }) => lagSeconds);
    gauge('backlog', 'Open items of a process', ({ backlog }) => backlog);
  }

  private histogram<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
