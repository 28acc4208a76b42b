import { parser } from '@prometheus-io/lezer-promql';

/** What a query asks for. */
export interface AskedMetric {
  readonly name: string;
  /** Labels it is narrowed by. */
  readonly labels: readonly string[];
}

export interface ReadQuery {
  readonly metrics: readonly AskedMetric[];
  /** Where it is no PromQL. */
  readonly faults: readonly string[];
}

/** Reads PromQL by Prometheus' own grammar; Grafana's variables for ranges are taken for five minutes. */
export const readQuery = (query: string): ReadQuery => {
  const text = query.replaceAll(/\$__\w+/g, '5m');
  const metrics: { name: string; labels: string[] }[] = [];
  const faults: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) faults.push(`${text.slice(0, from)} HERE ${text.slice(from)}`);
      if (type.name === 'VectorSelector') metrics.push({ name: '', labels: [] });
      const last = metrics.at(-1);
      if (type.name === 'Identifier' && last?.name === '') last.name = text.slice(from, to);
      if (type.name === 'LabelName' && isMatcher(text.slice(to))) {
        last?.labels.push(text.slice(from, to));
      }
    },
  });
  return { metrics, faults };
};

const isMatcher = (rest: string): boolean => /^\s*(=|!=|=~|!~)/.test(rest);
