import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The CSV files of a scenario are those that its `generate.mjs` writes, byte for byte, no more and no
 * fewer.
 */
export const mustBeGenerated = async (directory: string): Promise<void> => {
  const fresh = await mkdtemp(join(tmpdir(), 'generated-'));
  try {
    await promisify(execFile)(process.execPath, [join(directory, 'generate.mjs'), fresh]);
    const isCsv = (name: string) => name.endsWith('.csv');
    const written = (await readdir(fresh)).sort();
    expect(written).not.toEqual([]);
    expect(written).toEqual((await readdir(directory)).filter(isCsv).sort());
    for (const name of written) {
      const [one, other] = await Promise.all(
        [fresh, directory].map((where) => readFile(join(where, name))),
      );
      expect([name, one!.equals(other!)]).toEqual([name, true]);
    }
  } finally {
    await rm(fresh, { recursive: true });
  }
};
