import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from './support/cluster.js';
import { alertRules, dashboardQueries, recordRules } from './support/monitoring.js';
import { readQuery } from './support/promql.js';
import { Receiver } from './support/receiver.js';
import { Traffic } from './support/traffic.js';

// Dashboards and alerts against what the built API and worker export after some work: a metric that was
// renamed would else be noticed on the day that its alert should have come.

/** Prometheus' own, and those of what it scrapes. */
const NOT_OURS = /^(up|hostledger:.*)$/;
const LABELS_OF_PROMETHEUS = ['job', 'instance'];

/** Exported, and on no dashboard on purpose. */
const LEFT_OUT =
  /^(nodejs_(?!eventloop_lag_(p99|mean)|gc_|heap_size_used)|process_(?!cpu_seconds_total|resident|start))/;

interface Exported {
  /** Of samples that were seen. */
  readonly labels: ReadonlySet<string>;
  readonly samples: number;
}

describe('The metrics of a running system', () => {
  const receiver = new Receiver();
  let cluster: Cluster;
  let families: ReadonlySet<string>;
  let exported: ReadonlyMap<string, Exported>;

  beforeAll(async () => {
    await receiver.listen();
    cluster = await Cluster.start({
      NOTARY_INTERVAL_SECONDS: '1',
      WEBHOOK_KEY: randomBytes(32).toString('base64'),
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    });
    await cluster.startWorker();
    await cluster.startApi();
    const traffic = new Traffic(cluster);
    await traffic.prepare();
    await cluster.act('/v1/webhooks', { url: receiver.url, filter: {} });
    await traffic.round();
    await fetch(`${cluster.origin}/v1/customers`);
    const scrape = async (origin: string): Promise<string> => {
      const headers = { authorization: `Bearer ${cluster.accessToken}` };
      return (await fetch(`${origin}/metrics`, { headers })).text();
    };
    // A second one, so that what is counted once a second has been.
    await sleep(2_500);
    const text = (await Promise.all([cluster.origin, ...cluster.workerOrigins].map(scrape))).join(
      '\n',
    );
    families = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
    exported = exportedIn(text);
  }, 300_000);
  afterAll(async () => {
    await cluster.stop();
    await receiver.close();
  }, 120_000);

  const asked = [...alertRules, ...recordRules, ...dashboardQueries].flatMap(
    ({ expr }) => readQuery(expr).metrics,
  );

  it('have all that alerts and dashboards ask for', () => {
    const missing = asked
      .map(({ name }) => name)
      .filter((name) => !NOT_OURS.test(name) && !isIn(families, name));
    expect([...new Set(missing)]).toEqual([]);
  });

  it('have the labels that these are narrowed by', () => {
    const missing = asked.flatMap(({ name, labels }) => {
      const known = exported.get(name);
      if (!known) return [];
      return labels
        .filter((label) => !LABELS_OF_PROMETHEUS.includes(label) && !known.labels.has(label))
        .map((label) => `${name}{${label}}`);
    });
    expect([...new Set(missing)]).toEqual([]);
  });

  it('are all on a dashboard, but for those that are left out', () => {
    const shown = new Set(
      dashboardQueries.flatMap(({ expr }) => readQuery(expr).metrics.map(({ name }) => name)),
    );
    const hidden = [...families].filter(
      (family) =>
        !LEFT_OUT.test(family) &&
        ![...shown].some((name) => familyOf(name) === family || name === family),
    );
    expect(hidden).toEqual([]);
  });

  it.each([
    'hostledger_http_request_seconds_count',
    'hostledger_http_denied_total',
    'hostledger_command_seconds_bucket',
    'hostledger_append_seconds_bucket',
    'hostledger_projection_lag_seconds',
    'hostledger_projection_stopped',
    'hostledger_projection_parked_events',
    'hostledger_runner_overdue_seconds',
    'hostledger_runner_failing_items',
    'hostledger_runner_refused',
    'hostledger_ready',
    'hostledger_heap_limit_bytes',
    'hostledger_machines',
    'hostledger_notary_signed_seconds',
    'hostledger_webhook_dead_letters',
  ])('have samples of %s once something was done', (name) => {
    expect(exported.get(name)?.samples).toBeGreaterThan(0);
  });
});

const exportedIn = (text: string): ReadonlyMap<string, Exported> => {
  const found = new Map<string, { labels: Set<string>; samples: number }>();
  for (const [, name, labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name!) ?? { labels: new Set<string>(), samples: 0 };
    known.samples += 1;
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.labels.add(label!);
    found.set(name!, known);
  }
  return found;
};

const familyOf = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
const isIn = (families: ReadonlySet<string>, name: string): boolean =>
  families.has(name) || families.has(familyOf(name));
