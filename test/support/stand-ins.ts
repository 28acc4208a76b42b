import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNetworkPostgres, type TestPostgres } from '@hostledger/testing';
import { Client } from 'pg';
import type { Compose } from './compose.js';
import { BuiltProgram, freePort, isReady } from './processes.js';

const NODE = 'libs/embedded-node/src/main.js';
const CLI = 'apps/cli/src/main.js';
const MOUNTED = '/run/hostledger';
/** Names that are this machine; those of the nodes and of PostgreSQL are mapped to them. */
const NODE_HOSTS = ['127.0.0.1', 'localhost'];
const DATABASE_HOST = 'localhost';

const POSTGRES_FILES = { rules: 'pg_hba.conf', init: ['postgres-init.sh'] };
const inDocker = (file: string): string =>
  readFileSync(join(__dirname, '../../docker/cluster', file), 'utf8');

const PATIENCE_MS = 240_000;

type Environment = Readonly<Record<string, string>>;

/**
 * The cluster of a compose file, played by what this machine has: the built programs with the very
 * environment and commands of the file, the embedded node in the place of the three, over TLS and
 * with users, and a PostgreSQL with the file's settings. Folders of volumes are folders here.
 */
export class StandIns {
  readonly home = mkdtempSync(join(tmpdir(), 'hostledger-stand-ins-'));
  private readonly programs: BuiltProgram[] = [];
  private postgres: TestPostgres | undefined;
  private nodePort = 0;
  private databasePort = 0;

  constructor(private readonly compose: Compose) {}

  /** The step that makes certificates and passwords. */
  async setUp(): Promise<string> {
    this.nodePort = await freePort();
    this.databasePort = await freePort();
    return this.identities('identities');
  }

  /** Those of another set-up, which nobody here trusts. */
  identities(folder: string): Promise<string> {
    const own = [
      ...NODE_HOSTS.map((host) => `--node=${host}:${this.nodePort}`),
      `--database=${DATABASE_HOST}:${this.databasePort}`,
      `--directory=${join(this.home, folder)}`,
    ];
    const kept = this.compose.services['setup']!.command!.filter(
      (word) => !/^--(node|database|directory|mounted-at|\w+-uid)=/.test(word),
    );
    return this.cli(['cluster', 'identities', ...kept, ...own], {});
  }

  identity(part: string, folder = 'identities'): string {
    return join(this.home, folder, part);
  }

  /** @param files of docker/cluster: who may connect to PostgreSQL how, and what is done at its first start. */
  async startStores({
    rules: rulesFile,
    init,
  }: {
    readonly rules: string;
    readonly init: readonly string[];
  } = POSTGRES_FILES): Promise<void> {
    const folder = this.identity(NODE_HOSTS[0]!);
    const node = BuiltProgram.start(NODE, {
      DATA_DIR: join(this.home, 'data'),
      EMBEDDED_NODE_PORT: String(this.nodePort),
      EMBEDDED_NODE_CERTIFICATE_FILE: join(folder, 'node.crt'),
      EMBEDDED_NODE_KEY_FILE: join(folder, 'node.key'),
      EMBEDDED_NODE_ADMIN_PASSWORD_FILE: join(folder, 'admin-password'),
    });
    this.programs.push(node);
    const { command = [] } = this.compose.services['postgres']!;
    const settings = command
      .filter((_, index) => command[index - 1] === '-c')
      .map((setting) => setting.split('=') as [string, string])
      .filter(([, value]) => !value.startsWith('/'));
    const identity = this.identity(DATABASE_HOST);
    const read = (name: string): string => readFileSync(join(identity, name), 'utf8');
    // Whoever runs this is no `postgres` to the operating system.
    const rules = inDocker(rulesFile);
    this.postgres = await startNetworkPostgres({
      port: this.databasePort,
      certificate: read('server.crt'),
      key: read('server.key'),
      rules: rules.replace(/^(local\s.*)peer$/m, '$1trust'),
      settings: Object.fromEntries(settings),
    });
    const statements = init.flatMap((script) =>
      /<<'SQL'\n([\s\S]*)\nSQL\n/.exec(inDocker(script))![1]!.split(';\n'),
    );
    const client = new Client({ connectionString: this.postgres.url });
    await client.connect();
    for (const statement of statements) {
      await client.query(statement.replace(":'password'", `'${read('password')}'`));
    }
    await client.end();
  }

  /** The step that makes users and rights. */
  users(): Promise<string> {
    const { command = [] } = this.compose.services['users']!;
    const args = command.map((word) => word.replace(MOUNTED, this.identity('users')));
    return this.cli(['cluster', 'users', ...args], this.environment('users'));
  }

  /** The environment of a service, with its identity where this machine has it. */
  environment(name: string, identity = this.identity(name)): Environment {
    const entries = Object.entries(this.compose.services[name]!.environment ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [key, value.replace(MOUNTED, identity)]),
    );
  }

  /** Starts one of the service's replicas; says where it is, and does not wait until it is ready. */
  async start(name: 'api' | 'worker', env = this.environment(name)): Promise<Running> {
    const port = await freePort();
    const program = BuiltProgram.start(`apps/${name}/src/main.js`, {
      ...env,
      HOST: '127.0.0.1',
      [name === 'api' ? 'PORT' : 'WORKER_PORT']: String(port),
      DATA_DIR: join(this.home, `${name}-${port}`),
    });
    this.programs.push(program);
    return new Running(program, `http://127.0.0.1:${port}`);
  }

  cli(args: readonly string[], env = this.environment('api')): Promise<string> {
    return BuiltProgram.run(CLI, args, env);
  }

  async stop(): Promise<void> {
    for (const program of this.programs.reverse()) await program.stop();
    await this.postgres?.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** One of a service's processes. */
export class Running {
  constructor(
    readonly program: BuiltProgram,
    readonly origin: string,
  ) {}

  ready(): Promise<void> {
    return this.patiently(() => isReady(this.origin));
  }

  /** Longer than a process takes on a machine that is busy with other specs. */
  async patiently(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.program.until(condition);
      } catch (error) {
        const isOver = performance.now() > deadline || !/not ready in time/.test(String(error));
        if (isOver) throw error;
      }
    }
  }

  /** Resolves once it says of one of the things it needs that this is wrong. */
  async fault(part: string, detail: RegExp): Promise<void> {
    await this.patiently(async () => {
      const answer = await fetch(`${this.origin}/health/ready`).catch(() => undefined);
      if (answer?.status !== 503) return false;
      const { parts } = (await answer.json()) as {
        parts: readonly { name: string; status: string; detail?: string }[];
      };
      const found = parts.find(({ name, status }) => name === part && status === 'failing');
      return detail.test(found?.detail ?? '');
    });
  }
}
