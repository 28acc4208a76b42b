import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadScenario } from '../../apps/cli/src/play/scenario.js';
import { mustBeGenerated } from './generated-files.js';

const directory = resolve('scenarios/pass-through');

describe('the files of the scenario pass-through', () => {
  it('are what generate.mjs writes', () => mustBeGenerated(directory));

  it('read each hour of their month once, without a gap, and the register goes on', async () => {
    let [end, register] = ['2022-03-01T06:00:00.000Z', 0n];
    const whOf = (kwh: string) => BigInt(kwh.replace('.', ''));
    for (const [name, hours] of [
      ['readings-2022-03.csv', 743],
      ['readings-2022-04.csv', 720],
    ] as const) {
      const text = await readFile(join(directory, name), 'utf8');
      const lines = text.trim().split('\n').slice(1);
      expect([name, lines.length]).toEqual([name, hours]);
      for (const line of lines) {
        const [from, until, energy, told] = line.split(',');
        expect(from).toBe(end);
        expect(Date.parse(until!) - Date.parse(from!)).toBe(3_600_000);
        end = until!;
        if (told === undefined) continue;
        if (register > 0n) expect(whOf(told) - register).toBe(whOf(energy!));
        register = whOf(told);
      }
    }
    expect(end).toBe('2022-05-01T05:00:00.000Z');
    expect(register).toBeGreaterThan(0n);
  });

  it('carry the digests of the documents', async () => {
    await loadScenario('pass-through');
    const text = await readFile(join(directory, 'scenario.yaml'), 'utf8');
    const digests = [...text.matchAll(/documentDigest: (\S+)/g)].map(([, digest]) => digest);
    const documents = await Promise.all(
      (await readdir(join(directory, 'documents'))).map((name) =>
        readFile(join(directory, 'documents', name)),
      ),
    );
    const sha256 = documents.map((one) => createHash('sha256').update(one).digest('hex'));
    expect(new Set(digests)).toEqual(new Set(sha256));
  });
});
