import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';

describe('a stamp', () => {
  let folder;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wellformed-stamp-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('vouches for the inputs it was written with, and for no others', () => {
    const path = join(folder, 'deep', 'step.json');
    expect(hasStamp(path, { version: 1 })).toBe(false);
    writeStamp(path, { version: 1 });
    expect(hasStamp(path, { version: 1 })).toBe(true);
    expect(hasStamp(path, { version: 2 })).toBe(false);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['step.json']);
    removeStamp(path);
    expect(hasStamp(path, { version: 1 })).toBe(false);
  });

  it('counts as absent when it is broken', () => {
    const path = join(folder, 'step.json');
    writeFileSync(path, '{"version":');
    expect(hasStamp(path, { version: 1 })).toBe(false);
  });
});
