import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { issueToken } from '@hostledger/access';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { AggregateStore } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../../../composition/system.js';
import { replayCommands } from './command.js';
import { diffCommand } from './diff-command.js';

const AT = '2024-06-01T00:00:00.000Z';
/** Each command opens an embedded database anew. */
jest.setTimeout(120_000);

describe('replay and diff on the embedded default', () => {
  const environment = { ...process.env };
  let directory: string;
  let node: RunningNode;
  let log: EventStore;

  /** What the command prints, what it complains of, and its exit code. */
  const run = async (...words: readonly string[]) => {
    const told = { out: '', err: '', code: 0 };
    const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      told.out += String(text);
      return true;
    });
    const err = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      told.err += String(text);
      return true;
    });
    const program = new Command();
    replayCommands(program);
    diffCommand(program);
    const before = process.exitCode;
    process.exitCode = undefined;
    try {
      await program.parseAsync(words, { from: 'user' });
      told.code = Number(process.exitCode ?? 0);
    } finally {
      process.exitCode = before;
      out.mockRestore();
      err.mockRestore();
    }
    return told;
  };

  const issue = async (commandId: string): Promise<void> => {
    await issueToken(
      new AggregateStore(log),
      { subject: commandId, roles: ['auditor'], expiresAt: null, note: '' },
      {
        commandId,
        actor: { subject: 'spec', role: 'admin' },
        correlationId: commandId,
        causationId: commandId,
        at: AT,
      },
    );
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hostledger-replay-'));
    process.env = { ...environment, DATA_DIR: directory, EVENTSTORE_URL: '', DATABASE_URL: '' };
    node = await startNodeInProcess({ directory: eventsDirectory(directory) });
    log = new EventStore({ connection: { endpoint: node.endpoint } });
    await issue('11111111-1111-4111-8111-111111111111');
  });
  afterAll(async () => {
    await log.close();
    await node.stop();
    await rm(directory, { recursive: true, force: true });
    process.env = environment;
  });

  it('make, list, compare and drop schemas beside the running system', async () => {
    expect((await run('replay', 'list')).out).toBe('There are no replays\n');
    const made = await run('replay', '--to', 'end', '--into', 'one', '--only', 'access');
    expect(made.out).toContain('one holds 1 read model as of position');
    await issue('22222222-2222-4222-8222-222222222222');
    await run('replay', '--to', 'end', '--into', 'two', '--only', 'access', 'miners');

    const different = await run('diff', 'one', 'two');
    expect(different.code).toBe(1);
    expect(different.out).toMatch(/access_tokens +1 +0 +0 +1\n/);
    expect(different.out).toContain('Not compared, only in B: miners');
    expect((await run('diff', 'one', 'one')).code).toBe(0);
    const { out } = await run('diff', 'one', 'two', '--json');
    expect(JSON.parse(out)).toMatchObject({ same: false, tables: [{ onlyInB: 1 }] });

    expect((await run('replay', 'list')).out).toMatch(/^one: to end[^]*^two: to end/m);
    await run('replay', 'drop', 'one');
    await expect(run('replay', 'drop', 'one')).rejects.toThrow(/no schema one/);
  });

  it('say what is wrong, and a diff ends with another code than for what differs', async () => {
    expect(await run('diff', 'two', 'none')).toMatchObject({ code: 2, out: '' });
    expect(await run('diff', 'two', 'live')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no live tables') as string,
    });
    const beyond = run('replay', '--to', '999999999', '--into', 'three');
    await expect(beyond).rejects.toThrow(/log ends at position/);
    const unknown = run('replay', '--to', 'end', '--into', 'three', '--only', 'rigs');
    await expect(unknown).rejects.toThrow(/no read model rigs/);
    expect((await run('replay', 'list')).out).not.toContain('three');
  });
});
