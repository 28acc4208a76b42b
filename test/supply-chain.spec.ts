import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { built } from './support/processes.js';

// `npm run supply-chain` against a registry that answers as npm's documentation has it:
// POST /-/npm/v1/security/advisories/bulk, by the names of the packages.

type Advisories = Readonly<Record<string, readonly object[]>>;

let advisories = 0;
/** Each a new one: npm keeps what it was told of one. */
const advisory = (severity: string, versions = '*') => ({
  ...{ id: (advisories += 1), url: 'https://github.com/advisories/GHSA-0000-0000-0000', severity },
  ...{ title: 'A weakness', vulnerable_versions: versions, cwe: ['CWE-400'] },
  cvss: { score: 7.5, vectorString: null },
});

describe('what is known of the packages', () => {
  const cache = mkdtempSync(join(tmpdir(), 'hostledger-npm-'));
  let registry: Server;
  /** What the registry knows; nothing where it has no such endpoint. */
  let known: Advisories | undefined;
  let refusal = 405;
  let asked: Readonly<Record<string, readonly string[]>>;

  beforeAll(async () => {
    registry = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        if (request.url !== '/-/npm/v1/security/advisories/bulk' || !known) {
          response.writeHead(refusal).end();
          return;
        }
        const sent = Buffer.concat(pieces);
        const isZipped = request.headers['content-encoding'] === 'gzip';
        asked = JSON.parse(String(isZipped ? gunzipSync(sent) : sent)) as typeof asked;
        response.setHeader('content-type', 'application/json').end(JSON.stringify(known));
      });
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    registry.close();
    rmSync(cache, { recursive: true, force: true });
  });

  const look = (env: Readonly<Record<string, string>> = {}) => {
    const { port } = registry.address() as AddressInfo;
    const npm = {
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: cache,
      npm_config_fetch_retries: '0',
    };
    const options = { env: { ...process.env, ...npm, ...env } };
    return new Promise<{ failed: boolean; told: string }>((resolve) => {
      const program = [built('test/supply-chain.js')];
      execFile(process.execPath, program, options, (error, stdout, stderr) =>
        resolve({ failed: error !== null, told: stdout + stderr }),
      );
    });
  };

  it('is asked of the registry, of every package that runs, by its version', async () => {
    known = {};
    const { failed, told } = await look();
    expect({ failed, told }).toEqual({
      failed: false,
      told: expect.stringMatching(/^dist\/sbom.cdx.json: \d+ packages, 0 faults .*\n$/) as string,
    });
    expect(asked['kysely']).toEqual([expect.stringMatching(/^\d/)]);
    expect(Object.keys(asked).length).toBeGreaterThan(100);
  });

  it.each(['high', 'critical'])('ends it with 1 where it is %s', async (severity) => {
    known = { kysely: [advisory(severity)] };
    const { failed, told } = await look();
    expect({ failed, told }).toMatchObject({
      failed: true,
      told: expect.stringContaining(`kysely: ${severity}, see npm audit`) as string,
    });
  });

  it('is no fault where it is of another version, or of little weight', async () => {
    known = { kysely: [advisory('critical', '<0.0.1')], pino: [advisory('moderate')] };
    expect(await look()).toMatchObject({ failed: false });
  });

  it.each([503, 401])('is a fault where the registry answers %i instead', async (status) => {
    [known, refusal] = [undefined, status];
    const { failed, told } = await look();
    expect({ failed, told }).toMatchObject({
      failed: true,
      told: expect.stringContaining('weaknesses could not be asked for') as string,
    });
  });

  it('is said not to be known by a registry that does not tell, which is a fault where it has to', async () => {
    [known, refusal] = [undefined, 405];
    const silent = 'Weaknesses were not looked for: this registry has no audit endpoint';
    const may = await look();
    expect(may).toMatchObject({ failed: false, told: expect.stringContaining(silent) as string });
    const has = await look({ AUDIT_REQUIRED: 'true' });
    expect(has).toMatchObject({ failed: true, told: expect.stringContaining(silent) as string });
  });
});
