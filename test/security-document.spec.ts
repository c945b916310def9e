import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const file = path.resolve('docs/security.md');
const document = readFileSync(file, 'utf8');

describe('docs/security.md', () => {
  const [, table] = document.split('| threat');
  const rows = table!.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));

  it('names for every threat a test that there is', () => {
    const threats = rows
      .slice(rows[0]!.includes('what is done') ? 1 : 0)
      .filter((row) => row.split('|').length === 5);
    expect(threats.length).toBeGreaterThan(30);
    for (const row of threats) {
      const [, link, title] = /\]\((\.\.\/[^)]+\.spec\.ts)\): "(.+)" +\|$/.exec(row) ?? [];
      expect(link, row).toBeDefined();
      const spec = path.resolve(path.dirname(file), link!);
      expect(existsSync(spec), row).toBe(true);
      expect(readFileSync(spec, 'utf8'), row).toContain(title);
    }
  });
});
