import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
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

it('The example of a configuration loads the rules beside it', () => {
  const folder = join(root, 'deploy/prometheus');
  const { rule_files: files } = parse(readFileSync(join(folder, 'prometheus.yaml'), 'utf8')) as {
    rule_files: string[];
  };
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(files));
});
