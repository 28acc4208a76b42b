import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const deploy = join(__dirname, '../../deploy');

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface RecordRule {
  readonly record: string;
  readonly expr: string;
}

const { groups } = parse(readFileSync(join(deploy, 'prometheus/alerts.yaml'), 'utf8')) as {
  groups: readonly { readonly rules: readonly (AlertRule | RecordRule)[] }[];
};
const rules = groups.flatMap((group) => group.rules);

export const alertRules = rules.filter((rule): rule is AlertRule => 'alert' in rule);
export const recordRules = rules.filter((rule): rule is RecordRule => 'record' in rule);

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** By the names of their files. */
export const dashboardsIn = (): Readonly<Record<string, Dashboard>> => {
  const folder = join(deploy, 'grafana');
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return Object.fromEntries(
    files.map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard]),
  );
};

export const dashboardQueries = Object.values(dashboardsIn()).flatMap(
  ({ title: dashboard, panels }) =>
    panels.flatMap(({ title: panel, targets }) =>
      targets.map(({ expr }) => ({ dashboard, panel, expr })),
    ),
);
