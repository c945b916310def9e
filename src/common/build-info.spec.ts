import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildInfo, readBuildInfo } from './build-info.js';

describe('what runs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-build-'));
    writeFileSync(path.join(folder, 'package.json'), '{"version": "1.2.3"}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();

  it('is read from the file of an image', () => {
    writeFileSync(path.join(folder, 'commit'), `${'a1'.repeat(20)}\n`);
    expect(readBuildInfo(folder)).toEqual({ version: '1.2.3', commit: 'a1'.repeat(20) });
  });

  it.each(['', 'unknown\n', 'not a commit'])('has no commit where the file holds %j', (text) => {
    writeFileSync(path.join(folder, 'commit'), text);
    expect(readBuildInfo(folder).commit).toBeNull();
  });

  it('is asked of git in a checkout', () => {
    git('init', '--quiet');
    expect(readBuildInfo(folder).commit, 'before the first commit').toBeNull();
    git('commit', '--quiet', '--allow-empty', '--message', 'first');
    expect(readBuildInfo(folder).commit).toBe(git('rev-parse', 'HEAD'));
  });

  it('is not that of a repository around it', () => {
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'first');
    const inner = path.join(folder, 'inner');
    mkdirSync(inner);
    writeFileSync(path.join(inner, 'package.json'), '{"version": "1.2.3"}');
    expect(readBuildInfo(inner).commit).toBeNull();
  });

  it('is known of the service itself', () => {
    expect(buildInfo.version).toMatch(/^\d+\.\d+\.\d+/);
  });
});
