import { existsSync, readFileSync } from 'node:fs';

const ROW = /^\|(?<threat>[^|]+)\|[^|]+\|\s*`(?<path>[^`]+\.spec\.ts)`:\s*(?<title>[^|]+?)\s*\|$/gm;
const named = [...readFileSync('docs/security.md', 'utf8').matchAll(ROW)].map(({ groups }) => ({
  threat: groups!['threat']!.trim(),
  path: groups!['path']!,
  title: groups!['title']!,
}));

describe('docs/security.md', () => {
  it('names a test for each threat', () => {
    const rows = readFileSync('docs/security.md', 'utf8').match(/^\| (?!threat|risk|-)/gm)!;
    expect(named).toHaveLength(rows.length);
  });

  it.each(named)('names one that there is against: $threat', ({ path, title }) => {
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain(title);
  });
});
