import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalJson } from '../transparency/leaf.js';
import { makeSignerKey } from '../transparency/signed-note.js';
import { KEYS_ENTRY, PROOFS_ENTRY } from './format.js';
import { Ledger } from './ledger.fixture.js';
import { Forgery } from './tampering.fixture.js';
import type { Verdict } from './verdict.js';
import { verifyBundle } from './verify.js';

const RUNS = 25;

describe('whatever is done to a bundle', () => {
  let home: string;
  let ledger: Ledger;
  let path: string;
  let lines: readonly string[];
  /** Of the last checkpoint: what is after it nobody has signed. */
  let covered: number;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hostledger-fuzz-'));
    ledger = await Ledger.open();
    await ledger.adopt();
    await ledger.customer('Bitmain', 3);
    await ledger.sign();
    await ledger.customer('Celsius', 4);
    await ledger.customer('Gryphon', 2);
    await ledger.rotate();
    await ledger.customer('Prairie', 1);
    await ledger.sign();
    path = await ledger.export(join(home, 'whole.tar'));
    ({ lines } = new Forgery(path));
    covered = lines.length - 1;
  });

  afterAll(async () => {
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  const verify = (bytes: Buffer): Promise<Verdict> => {
    const file = join(home, 'forged.tar');
    writeFileSync(file, bytes);
    return verifyBundle(file, { keys: [ledger.key.verifier] });
  };

  it('is whole before', async () => {
    expect(await verify(readFileSync(path))).toMatchObject({ verdict: 'whole', findings: [] });
  });

  /** Found at exactly the place by the leaves, and at or before it where these are repaired too. */
  const mustBeFound = async (forge: (forgery: Forgery) => void): Promise<void> => {
    const exact = new Forgery(path);
    forge(exact);
    const changed = exact.lines;
    const touched = changed.findIndex((line, n) => line !== lines[n]);
    const first = touched < 0 ? changed.length : touched;
    const { verdict, findings } = await verify(exact.repairStreams().repairManifest().bytes());
    expect(verdict).toBe('not-whole');
    expect(findings[0]!.index).toBe(first);
    expect(findings[0]!.code).not.toBe('manifest-mismatch');
    const hidden = new Forgery(path);
    forge(hidden);
    hidden.repairLeaves().repairStreams().repairManifest();
    const without = await verify(hidden.bytes());
    expect(without.verdict).toBe('not-whole');
    const bad = without.findings[0]!;
    if (bad.index !== null) expect(bad.index).toBeLessThanOrEqual(first);
    else expect(bad.code).toBe('malformed');
  };

  const index = fc.nat(1_000);
  const forgeries = {
    'a byte': fc
      .tuple(index, fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([n, at, byte]) => (forgery: Forgery): void => {
        const line = Buffer.from(forgery.lines[n % covered]!);
        line[at % line.length]! ^= byte;
        forgery.replace(n % covered, line);
      }),
    'a line that is dropped': index.map((n) => (forgery: Forgery): void => {
      forgery.lines = forgery.lines.toSpliced(n % covered, 1);
    }),
    'a line that is doubled': fc.tuple(index, index).map(([n, to]) => (forgery: Forgery): void => {
      forgery.lines = forgery.lines.toSpliced(to % covered, 0, lines[n % covered]!);
    }),
    'a line that is made up': fc
      .tuple(index, fc.object({ maxDepth: 1 }), fc.boolean())
      .map(([n, data, replaces]) => (forgery: Forgery): void => {
        const like = JSON.parse(lines[n % covered]!) as object;
        const honest = JSON.parse(JSON.stringify(data)) as object;
        const line = canonicalJson({ ...like, data: { ...honest, madeUp: true } });
        forgery.lines = forgery.lines.toSpliced(n % covered, replaces ? 1 : 0, line);
      }),
    'two lines that change places': fc
      .tuple(index, index)
      .filter(([a, b]) => a % covered !== b % covered)
      .map(([a, b]) => (forgery: Forgery): void => {
        const changed = forgery.lines;
        [changed[a % covered], changed[b % covered]] = [
          changed[b % covered]!,
          changed[a % covered]!,
        ];
        forgery.lines = changed;
      }),
  };

  it.each(Object.entries(forgeries))('%s is found, and where', async (_, forgery) => {
    await fc.assert(fc.asyncProperty(forgery, mustBeFound), { numRuns: RUNS * 3 });
  });

  it('any other bytes of the file are never taken for a whole history', async () => {
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(whole.length - 1)),
        async (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[at] = byte;
          const forged = cut === null ? bytes : bytes.subarray(0, cut);
          fc.pre(!forged.equals(whole));
          expect((await verify(forged)).verdict).toBe('not-whole');
        },
      ),
      { numRuns: RUNS * 4 },
    );
  });

  it('forged notes, keys and proofs do not make another history whole', async () => {
    const names = [...new Forgery(path).of('checkpoints'), KEYS_ENTRY, PROOFS_ENTRY];
    const thief = makeSignerKey('thief.example').verifier.text;
    const forged = fc.oneof(
      fc.constantFrom('null', '[]', '{}', '""', '-1', '1e400', '[[[[', thief),
      fc.stringMatching(/^[0-9A-Za-z+/=—\\"{}[\]:, ]{0,20}$/),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.nat(60),
        forged,
        fc.boolean(),
        async (name, at, length, text, alsoEvents) => {
          const forgery = new Forgery(path);
          if (alsoEvents) forgery.lines = forgery.lines.toSpliced(at % covered, 1);
          const before = forgery.textOf(name);
          const from = at % before.length;
          forgery.setText(name, before.slice(0, from) + text + before.slice(from + length));
          const repaired = forgery.repairLeaves().repairStreams().repairManifest();
          const { verdict, covered: told } = await verify(repaired.bytes());
          // What proves nothing may be missing; what is said to be covered is covered.
          if (verdict === 'whole') {
            expect(alsoEvents).toBe(false);
            expect(told!.events).toBeLessThanOrEqual(covered);
          }
        },
      ),
      { numRuns: RUNS * 4 },
    );
  });
});
