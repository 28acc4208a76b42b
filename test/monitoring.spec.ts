import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { readCompose } from './support/compose.js';
import { readQuery } from './support/promql.js';
import { alertRules, dashboardQueries, dashboardsIn, recordRules } from './support/monitoring.js';

// What can be said of dashboards, alerts and runbooks without a running system;
// `monitoring.e2e.spec.ts` holds them against one.

const root = join(__dirname, '..');
const runbooks = readFileSync(join(root, 'docs/runbooks.md'), 'utf8');

/** As GitHub makes them of headings. */
const anchors = [...runbooks.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
  heading!
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-'),
);

describe('Alerts', () => {
  it.each(alertRules.map((rule) => [rule.alert, rule] as const))('%s', (_, rule) => {
    expect(readQuery(rule.expr).faults).toEqual([]);
    expect(rule.for).toMatch(/^\d+[mhd]$/);
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/^\S.*\S$/);
    const [file, anchor] = rule.annotations.runbook.split('#');
    expect(file).toBe('docs/runbooks.md');
    expect(anchors).toContain(anchor);
  });

  it('have names of their own, and are found in the runbook that they name', () => {
    const names = alertRules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !runbooks.includes(`\`${name}\``))).toEqual([]);
  });

  it('that runbooks speak of are there', () => {
    const known = new Set(alertRules.map(({ alert }) => alert));
    const told = [...runbooks.matchAll(/^Alerts?: (.+)$/gm)].flatMap(([, line]) =>
      [...line!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(told.length).toBeGreaterThan(20);
    expect(told.filter((name) => !known.has(name))).toEqual([]);
  });

  it('ask for what is recorded under the name it has', () => {
    const recorded = new Set(recordRules.map(({ record }) => record));
    const asked = alertRules
      .flatMap(({ expr }) => readQuery(expr).metrics)
      .filter(({ name }) => name.includes(':'));
    expect(asked.filter(({ name }) => !recorded.has(name))).toEqual([]);
    for (const { expr } of recordRules) expect(readQuery(expr).faults).toEqual([]);
  });
});

describe('Dashboards', () => {
  it.each(dashboardQueries.map(({ dashboard, panel, expr }) => [`${dashboard}: ${panel}`, expr]))(
    '%s asks in PromQL: %s',
    (_, expr) => {
      expect(readQuery(expr).faults).toEqual([]);
    },
  );

  it('are as they are generated', () => {
    const generator = join(root, 'deploy/grafana/generate.mjs');
    const printed = execFileSync(process.execPath, [generator, '--print'], { encoding: 'utf8' });
    expect(dashboardsIn()).toEqual(JSON.parse(printed));
  });

  it('are of panels that do not lie upon each other', () => {
    for (const { panels } of Object.values(dashboardsIn())) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
    }
  });
});

describe('The example of a configuration', () => {
  const folder = join(root, 'deploy/prometheus');
  const text = readFileSync(join(folder, 'prometheus.yaml'), 'utf8');
  const config = parse(text) as { rule_files: string[]; scrape_configs: Job[] };
  const ports = { api: 3000, worker: 3001 };

  it('loads the rules beside it', () => {
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(config.rule_files));
  });

  it('asks each of the processes behind a name of compose by itself', () => {
    const { services } = readCompose('docker/cluster/compose.yaml', { HOSTLEDGER_SITE: 'x' });
    const found = config.scrape_configs.map(({ job_name: job, ...rest }) => [job, rest]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        Object.entries(ports).map(([name, port]) => [
          `hostledger-${name}`,
          {
            authorization: { credentials_file: '/etc/prometheus/hostledger-token' },
            dns_sd_configs: [{ names: [name], type: 'A', port }],
          },
        ]),
      ),
    );
    for (const name of Object.keys(ports)) expect(services[name]!.networks).toContain('edge');
  });

  it('has pods of Kubernetes found by the labels that they have', () => {
    const commented = text.slice(text.indexOf('#  - job_name')).replaceAll(/^#/gm, '');
    const [job] = parse(commented) as [Job];
    const [byLabel, byPort, named] = job.relabel_configs!;
    const whole = (regex: string) => new RegExp(`^(?:${regex})$`);
    for (const name of Object.keys(ports)) {
      const [{ metadata, spec }] = parseAllDocuments(
        readFileSync(join(root, `deploy/kubernetes/${name}.yaml`), 'utf8'),
      ).map((document) => document.toJS() as Workload) as [Workload];
      const { labels } = spec.template.metadata;
      expect(labels['app.kubernetes.io/name']).toMatch(whole(byLabel!.regex!));
      const [{ ports: open }] = spec.template.spec.containers;
      expect(open.map((one) => one.name)).toEqual([expect.stringMatching(whole(byPort!.regex!))]);
      expect(job.kubernetes_sd_configs).toEqual([
        { role: 'pod', namespaces: { names: [metadata.namespace] } },
      ]);
    }
    const label = '__meta_kubernetes_pod_label_app_kubernetes_io_name';
    expect([byLabel, named].map((one) => one!.source_labels)).toEqual([[label], [label]]);
    expect(named!.target_label).toBe('job');
  });
});

interface Job {
  readonly job_name: string;
  readonly kubernetes_sd_configs?: unknown;
  readonly relabel_configs?: readonly {
    readonly source_labels: readonly string[];
    readonly regex?: string;
    readonly target_label?: string;
  }[];
}
interface Workload {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly [{ readonly ports: readonly { readonly name: string }[] }];
      };
    };
  };
}
