import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { loadConfig, loadTracing, SETTINGS, TRACING_SETTINGS } from '@hostledger/config';
import { parse, parseAllDocuments } from 'yaml';
import { readCompose } from './support/compose.js';
import { typeFaults } from './support/manifest-types.js';
import { mayReach, type End, type NetworkPolicy } from './support/network-policies.js';

const folder = join(__dirname, '../deploy/kubernetes');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: object;
    readonly containers: readonly [Container];
    readonly terminationGracePeriodSeconds?: number;
    readonly volumes: readonly {
      readonly name: string;
      readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    }[];
  };
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: Pod;
    readonly selector?: unknown;
    readonly replicas?: number;
    readonly minReplicas?: number;
    readonly ttlSecondsAfterFinished?: number;
  };
}

const kustomization = parse(read('kustomization.yaml')) as {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
};
const manifests = kustomization.resources.flatMap((file) =>
  parseAllDocuments(read(file), { merge: true }).map((document) => document.toJS() as Manifest),
);
const found = (kind: string, name: string): Manifest =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name)!;
const workloads = manifests.filter(({ spec }) => spec?.template);
const container = ({ spec }: Manifest): Container => spec!.template!.spec.containers[0];
const api = found('Deployment', 'hostledger-api');
const worker = found('Deployment', 'hostledger-worker');
const users = found('Job', 'hostledger-users');
const nodes = found('StatefulSet', 'eventstore');

describe('The manifests for Kubernetes', () => {
  it('are what the schema of its API says, field by field', () => {
    expect(typeFaults(manifests)).toEqual([]);
  });

  it.each([
    ['replicaz', 2, /replicaz/],
    ['minReadySeconds', '5', /'string' is not assignable to type 'number'/],
  ])('are told off for %s: %j', (field, value, fault) => {
    const wrong = { ...api, spec: { ...api.spec, [field]: value } };
    expect(typeFaults([wrong])).toEqual([expect.stringMatching(fault)]);
  });

  it('are all of one namespace, and all listed', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    expect(files.sort()).toEqual([...kustomization.resources, 'kustomization.yaml'].sort());
    for (const { kind, metadata } of manifests) {
      if (kind !== 'Namespace') expect(metadata.namespace).toBe('hostledger');
    }
  });

  it('hold no secret: every one is named, and made by the script', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const named = workloads.flatMap(({ spec }) => spec!.template!.spec.volumes);
    const secrets = named.flatMap(({ secret }) => (secret ? [secret] : []));
    expect(secrets.map(({ secretName }) => secretName).sort()).toEqual([
      ...['hostledger-api', 'hostledger-users', 'hostledger-worker'],
    ]);
    // 0440: YAML 1.1 and 1.2 read octal numbers differently.
    for (const { defaultMode } of secrets) expect(defaultMode).toBe(0o440);
    const script = read('secrets.sh');
    expect(script).toContain('for part in api worker users auditor');
    for (const node of [0, 1, 2]) expect(script).toContain(`eventstore-${node}.eventstore:2113`);
  });

  it('run what is as locked down as the restricted standard asks for', () => {
    expect(workloads).toHaveLength(4);
    for (const workload of workloads) {
      const { spec } = workload.spec!.template!;
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container(workload).securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(container(workload).resources.limits.memory).toMatch(/^\d+[MG]i$/);
    }
    for (const own of [api, worker, users]) {
      expect(container(own).securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    }
  });

  it('pin their images', () => {
    expect(container(nodes).image).toMatch(/:\d+\.\d+\.\d+$/);
    const images = kustomization.images.map(({ name }) => name);
    for (const own of [api, worker, users]) expect(images).toContain(container(own).image);
    for (const { newTag } of kustomization.images) expect(newTag).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('set variables that the configuration knows, and as the compose file does', () => {
    const settings = found('ConfigMap', 'hostledger').data!;
    const compose = readCompose('docker/cluster/compose.yaml', { HOSTLEDGER_SITE: 'localhost' });
    for (const [name, workload] of Object.entries({ api, worker })) {
      const own = (container(workload).env ?? []).map((one) => [one.name, one.value]);
      const env: Record<string, string> = {
        ...settings,
        ...(Object.fromEntries(own) as Record<string, string>),
      };
      expect(container(workload).envFrom).toEqual([{ configMapRef: { name: 'hostledger' } }]);
      const known = [...SETTINGS, ...TRACING_SETTINGS];
      expect(Object.keys(env).filter((key) => !known.includes(key))).toEqual([]);
      expect(env).toHaveProperty('OTEL_EXPORTER_OTLP_ENDPOINT');
      expect(loadTracing(env)).toBeUndefined();
      const files = Object.entries(compose.services[name]!.environment!).filter(([key]) =>
        key.endsWith('_FILE'),
      );
      expect(env).toMatchObject(Object.fromEntries(files));
      // All but files, which are not here.
      const rest = Object.entries(env).filter(([key]) => !key.endsWith('_FILE'));
      const { host, trustedProxies } = loadConfig(Object.fromEntries(rest));
      expect(host).toBe('0.0.0.0');
      // The ingress says whose request it is.
      expect(trustedProxies).not.toEqual([]);
    }
  });

  it('have the nodes be what the compose file has them be', () => {
    const compose = readCompose('docker/cluster/compose.yaml', { HOSTLEDGER_SITE: 'localhost' });
    const wanted = Object.keys(compose.services['eventstore-1']!.environment!);
    const inScript = ['KURRENTDB_GOSSIP_SEED'];
    const set = [...container(nodes).env!.map(({ name }) => name), ...inScript];
    expect(set.filter((name) => name !== 'POD_NAME').sort()).toEqual(wanted.sort());
    const script = container(nodes).command!.join('\n');
    for (const name of inScript) expect(script).toContain(`export ${name}=`);
  });

  it('ask for health at ports that are listened on, liveness never of the stores', () => {
    for (const workload of [api, worker, nodes]) {
      const { ports, livenessProbe, readinessProbe } = container(workload);
      for (const probe of [livenessProbe!, readinessProbe!]) {
        expect(ports!.map(({ name }) => name)).toContain(probe.httpGet.port);
      }
      expect(livenessProbe!.httpGet.path).toBe('/health/live');
    }
    for (const [workload, name, port] of [
      [api, 'PORT', 3000],
      [worker, 'WORKER_PORT', 3001],
    ] as const) {
      expect(container(workload).ports).toEqual([{ name: 'http', containerPort: port }]);
      expect(container(workload).env).toContainEqual({ name, value: String(port) });
      expect(container(workload).readinessProbe!.httpGet.path).toBe('/health/ready');
    }
  });

  it('let what stops answer first', () => {
    const setup = readFileSync(
      join(dirname(folder), '../apps/composition/process-setup.ts'),
      'utf8',
    );
    const limitMs = /SHUTDOWN_LIMIT_MS = ([\d_]+)/.exec(setup)![1]!.replaceAll('_', '');
    for (const { spec } of [api, worker]) {
      const { terminationGracePeriodSeconds } = spec!.template!.spec;
      expect(terminationGracePeriodSeconds! * 1000).toBeGreaterThan(Number(limitMs) + 10_000);
    }
  });

  it('leave no Job behind that would refuse the next image', () => {
    for (const { kind, spec } of workloads) {
      if (kind === 'Job') expect(spec!.ttlSecondsAfterFinished).toBeLessThanOrEqual(600);
    }
    expect(users.kind).toBe('Job');
  });

  it('keep enough of each while machines are emptied', () => {
    for (const name of ['eventstore', 'hostledger-api', 'hostledger-worker']) {
      expect(found('PodDisruptionBudget', name).spec).toMatchObject({ maxUnavailable: 1 });
    }
    expect(nodes.spec!.replicas).toBe(3);
    expect(worker.spec!.replicas).toBeGreaterThanOrEqual(2);
    expect(
      found('HorizontalPodAutoscaler', 'hostledger-api').spec!.minReplicas,
    ).toBeGreaterThanOrEqual(2);
  });

  const policies = manifests
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ spec }) => spec as unknown as NetworkPolicy);
  const pod = ({ spec }: Manifest): End => ({ labels: spec!.template!.metadata.labels });
  const world: End = { address: '203.0.113.7' };
  const within = (namespace: string): End => ({ namespace });
  const stranger: End = { labels: { 'app.kubernetes.io/name': 'stranger' } };
  const own = { api, worker };

  it.each<[string, End, End, number]>([
    ...Object.entries(own).flatMap(([name, one]): [string, End, End, number][] => [
      [`${name}: the event store`, pod(one), pod(nodes), 2113],
      [`${name}: PostgreSQL, wherever it is`, pod(one), world, 5432],
      [`${name}: PostgreSQL of another namespace`, pod(one), within('databases'), 5432],
      [`${name}: keys of an OIDC issuer`, pod(one), world, 443],
      [`${name}: a collector of traces`, pod(one), within('monitoring'), 4318],
    ]),
    ...[api, worker, users, nodes].map((one): [string, End, End, number] => [
      `${one.metadata.name}: names`,
      pod(one),
      within('kube-system'),
      53,
    ]),
    ['worker: receivers of webhooks', pod(worker), world, 443],
    ['users: the event store', pod(users), pod(nodes), 2113],
    ['nodes: each other as clients do', pod(nodes), pod(nodes), 2113],
    ['nodes: what they replicate', pod(nodes), pod(nodes), 1112],
    ['the ingress: the API', within('ingress-nginx'), pod(api), 3000],
    ['Prometheus: the API', within('monitoring'), pod(api), 3000],
    ['Prometheus: the worker', within('monitoring'), pod(worker), 3001],
  ])('reach by the network what they have to: %s', (_, from, to, port) => {
    expect(mayReach(policies, from, to, port)).toBe(true);
  });

  it.each<[string, End, End, number]>([
    ['the API another address of the cluster', pod(api), { address: '10.0.0.7' }, 443],
    ['the worker who a machine is', pod(worker), { address: '169.254.169.254' }, 443],
    ['the API the worker', pod(api), pod(worker), 3001],
    ['the API replication', pod(api), pod(nodes), 1112],
    ['the API a collector of anybody', pod(api), within('default'), 4318],
    ['the step PostgreSQL', pod(users), world, 5432],
    ['the step the world', pod(users), world, 443],
    ['a node the world', pod(nodes), world, 443],
    ['others the API', within('default'), pod(api), 3000],
    ['the ingress the worker', within('ingress-nginx'), pod(worker), 3001],
    ['others the event store', within('default'), pod(nodes), 2113],
    ['others of the namespace the event store', stranger, pod(nodes), 2113],
    ['others of the namespace the world', stranger, world, 443],
    ['others what else is in the namespace', within('default'), stranger, 80],
  ])('reach nothing else: %s', (_, from, to, port) => {
    expect(mayReach(policies, from, to, port)).toBe(false);
  });
});

describe('secrets.sh', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-secrets-'));
  const identities = join(home, 'identities');
  const log = join(home, 'log');

  /** Runs it with what it calls replaced; says how it ended and what was called. */
  const run = (inCluster: Readonly<Record<string, string>> = {}) => {
    rmSync(log, { force: true });
    const { status, stderr } = spawnSync(
      'sh',
      [join(folder, 'secrets.sh'), identities, 'db:5432'],
      {
        encoding: 'utf8',
        env: {
          PATH: [join(home, 'bin'), process.env['PATH']].join(delimiter),
          LOG: log,
          CURRENT: inCluster['notary-key'] ?? '',
          NEXT: inCluster['notary-key.next'] ?? '',
        },
      },
    );
    return { status, stderr, called: readFileSync(log, 'utf8') };
  };
  const program = (name: string, text: string): void =>
    writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${text}`, { mode: 0o755 });
  const put = (file: string, text: string): void => writeFileSync(join(identities, file), text);

  beforeAll(() => {
    for (const part of ['bin', 'identities/authority', 'identities/worker']) {
      mkdirSync(join(home, part), { recursive: true });
    }
    program('node', 'echo "node $*" >> "$LOG"\n');
    program(
      'kubectl',
      `case "$*" in
         "get "*notary-key.next*) printf %s "$NEXT" ;;
         "get "*notary-key*) printf %s "$CURRENT" ;;
         *) echo "kubectl $*" >> "$LOG" ;;
       esac
      `,
    );
    put('authority/notary-key', 'PRIVATE+KEY+a+01');
    put('worker/notary-key', 'PRIVATE+KEY+a+01\n');
  });

  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('makes the key of the notary for the name that the worker is given', () => {
    const { NOTARY_ORIGIN: origin } = found('ConfigMap', 'hostledger').data!;
    expect(origin).toMatch(/^\S+$/);
    expect(run().called).toContain(` --notary-origin ${origin}\n`);
  });

  it('puts a key into the cluster, and the next one beside it', () => {
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(run({ 'notary-key': 'PRIVATE+KEY+a+01' }).status).toBe(0);
    put('worker/notary-key.next', 'PRIVATE+KEY+a+02\n');
    expect(run({ 'notary-key': 'PRIVATE+KEY+a+01' }).status).toBe(0);
    expect(
      run({ 'notary-key': 'PRIVATE+KEY+a+01', 'notary-key.next': 'PRIVATE+KEY+a+02' }),
    ).toEqual(
      expect.objectContaining({
        status: 0,
        called: expect.stringContaining('secret generic hostledger-worker') as string,
      }),
    );
  });

  it.each(['notary-key', 'notary-key.next'])(
    'takes no %s away that the folder does not have',
    (name) => {
      const { status, stderr, called } = run({ [name]: 'PRIVATE+KEY+a+03' });
      expect(status).toBe(1);
      expect(stderr).toMatch(`${name} of Secret hostledger-worker is not in `);
      expect(stderr).not.toContain('PRIVATE');
      expect(called).not.toContain('kubectl');
    },
  );
});
