import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadScenario } from '../../apps/cli/src/play/scenario.js';
import { mustBeGenerated } from './generated-files.js';

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
  it('are what generate.mjs writes', () => mustBeGenerated(directory));

  it('name 27,000 machines in two manifests, each installed in a slot of its own', async () => {
    const [first, second, older, installed] = await Promise.all(
      ['manifest-2023', 'manifest-2024', 'manifest-older', 'installations'].map((name) =>
        linesOf(`${name}.csv`),
      ),
    );
    const serials = [...first!, ...second!].map(([serial]) => serial);
    expect([first!.length, second!.length, older!.length]).toEqual([22_700, 4_300, 252]);
    expect(new Set(serials).size).toBe(27_000);
    expect(installed!.map(([serial]) => serial)).toEqual(serials);
    expect(new Set(installed!.map(([, ...place]) => place.join())).size).toBe(27_000);
    const powered = (await linesOf('energizations.csv')).map(([serial]) => serial);
    expect(powered).toEqual([...serials, ...older!.map(([serial]) => serial)]);
  });

  it('move machines into slots in which nobody stands', async () => {
    const files = ['cedarvale', 'denton', 'cottonwood'].map((name) => `relocations-${name}.csv`);
    const moves = (await Promise.all(files.map(linesOf))).flat();
    const taken = new Set((await linesOf('installations.csv')).map(([, ...at]) => at.join()));
    expect(moves).toHaveLength(504);
    expect(new Set(moves.map(([serial]) => serial)).size).toBe(504);
    expect(new Set(moves.map(([, ...at]) => at.join())).size).toBe(504);
    expect(moves.filter(([, ...at]) => taken.has(at.join()))).toEqual([]);
  });

  it('carry the digests of the documents', async () => {
    await loadScenario('core-scientific-bitmain');
    const text = await readFile(join(directory, 'scenario.yaml'), 'utf8');
    const named = [...text.matchAll(/documentDigest: (\S+)(?: # documents\/(\S+))?/g)];
    expect(named).toHaveLength((await readdir(join(directory, 'documents'))).length);
    for (const [, digest, name = 'a document'] of named) {
      const document = await readFile(join(directory, 'documents', name));
      const sha256 = createHash('sha256').update(document).digest('hex');
      expect([name, digest]).toEqual([name, sha256]);
    }
  });
});
