import { BlockList } from 'node:net';

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In';
    readonly values: readonly string[];
  }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Ports {
  readonly ports?: readonly { readonly port: number }[];
}

/** What is read of a NetworkPolicy; all of them are of one namespace. */
export interface NetworkPolicy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly ('Ingress' | 'Egress')[];
  readonly ingress?: readonly (Ports & { readonly from?: readonly Peer[] })[];
  readonly egress?: readonly (Ports & { readonly to?: readonly Peer[] })[];
}

/** A pod of the policies' namespace, any pod of another one, or an address outside of the cluster. */
export type End =
  { readonly labels: Labels } | { readonly namespace: string } | { readonly address: string };

/** Whether the policies let one open a connection to a port of the other. */
export const mayReach = (
  policies: readonly NetworkPolicy[],
  from: End,
  to: End,
  port: number,
): boolean => {
  const of = (end: End, type: 'Ingress' | 'Egress') =>
    'labels' in end
      ? policies.filter(
          ({ podSelector, policyTypes }) =>
            policyTypes.includes(type) && selects(podSelector, end.labels),
        )
      : [];
  const lets = (rule: Ports, peers: readonly Peer[] | undefined, end: End): boolean =>
    (rule.ports?.some((one) => one.port === port) ?? true) &&
    (peers?.some((peer) => isPeer(peer, end)) ?? true);
  // Whom no policy selects, nothing is forbidden.
  const outOf = of(from, 'Egress');
  const into = of(to, 'Ingress');
  return (
    (outOf.length === 0 ||
      outOf.some(({ egress = [] }) => egress.some((rule) => lets(rule, rule.to, to)))) &&
    (into.length === 0 ||
      into.some(({ ingress = [] }) => ingress.some((rule) => lets(rule, rule.from, from))))
  );
};

const isPeer = ({ podSelector, namespaceSelector, ipBlock }: Peer, end: End): boolean => {
  if ('address' in end) {
    return (
      ipBlock !== undefined &&
      isIn(end.address, ipBlock.cidr) &&
      !ipBlock.except?.some((cidr) => isIn(end.address, cidr))
    );
  }
  if ('namespace' in end) {
    const labels = { 'kubernetes.io/metadata.name': end.namespace };
    return namespaceSelector !== undefined && !podSelector && selects(namespaceSelector, labels);
  }
  return podSelector !== undefined && !namespaceSelector && selects(podSelector, end.labels);
};

const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));

const isIn = (address: string, cidr: string): boolean => {
  const [network, prefix] = cidr.split('/') as [string, string];
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(address);
};
