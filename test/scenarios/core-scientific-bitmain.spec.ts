import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { loadScenario } from '../../apps/cli/src/play/scenario.js';

const directory = resolve('scenarios/core-scientific-bitmain');
const linesOf = async (file: string): Promise<string[][]> => {
  const text = await readFile(join(directory, file), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
};

describe('the files of the scenario core-scientific-bitmain', () => {
  it('are what generate.mjs writes', async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'generated-'));
    try {
      await promisify(execFile)(process.execPath, [join(directory, 'generate.mjs'), fresh]);
      const csv = (name: string) => name.endsWith('.csv');
      const written = (await readdir(fresh)).sort();
      expect(written).toEqual((await readdir(directory)).filter(csv).sort());
      for (const name of written) {
        const same = (await readFile(join(fresh, name))).equals(
          await readFile(join(directory, name)),
        );
        expect([name, same]).toEqual([name, true]);
      }
    } finally {
      await rm(fresh, { recursive: true });
    }
  });

  it('name 27,000 machines, each installed in a slot of its own', async () => {
    const [manifest, installed] = [
      await linesOf('manifest.csv'),
      await linesOf('installations.csv'),
    ];
    expect(new Set(manifest.map(([serial]) => serial)).size).toBe(27_000);
    expect(installed.map(([serial]) => serial)).toEqual(manifest.map(([serial]) => serial));
    expect(new Set(installed.map(([, ...place]) => place.join())).size).toBe(27_000);
  });

  it('move machines into slots in which nobody stands', async () => {
    const files = ['exchange', 'denton', 'cottonwood'].map((name) => `relocations-${name}.csv`);
    const moves = (await Promise.all(files.map(linesOf))).flat();
    const taken = new Set((await linesOf('installations.csv')).map(([, ...at]) => at.join()));
    expect(moves).toHaveLength(732);
    expect(new Set(moves.map(([serial]) => serial)).size).toBe(732);
    expect(new Set(moves.map(([, ...at]) => at.join())).size).toBe(732);
    expect(moves.filter(([, ...at]) => taken.has(at.join()))).toEqual([]);
  });

  it('carry the digests of the documents', async () => {
    const { steps } = await loadScenario('core-scientific-bitmain');
    const digestOf = (step: string) =>
      steps.find(({ name }) => name === step)?.body?.documentDigest;
    const sha256 = async (name: string) =>
      createHash('sha256')
        .update(await readFile(join(directory, 'documents', name)))
        .digest('hex');
    expect(digestOf('terms')).toBe(await sha256('terms-1.txt'));
    expect(digestOf('execution')).toBe(await sha256('hosting-agreement.txt'));
  });
});
