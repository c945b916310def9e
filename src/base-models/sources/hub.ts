import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile, HubApiError, listFiles, modelInfo, type ListFileEntry } from '@huggingface/hub';
import type { HubLocation } from '../catalogue.js';
import { expectSha256, modelFiles, SourceError, type FetchOptions } from '../source.js';
import {
  boundedFetch,
  fetchWithTimeout,
  patientFetch,
  pause,
  untilStalled,
  type Fetch,
} from './hub-fetch.js';

export interface HubOptions {
  hubUrl: string;
  /** The maximum size of all files of a model, in bytes. */
  maxBytes: number;
  /** Timeout for an answer of the hub. It is short, so that a site without the hub goes on to the next source. */
  answerTimeoutMs?: number;
  /** Timeout for a download that stalls. */
  stallTimeoutMs?: number;
  /** Pause before the second try. It doubles for each further try. */
  pauseMs?: number;
}

/**
 * Downloads a model's files to `folder`.
 * @returns the commit of the files
 * @throws SourceError if the hub cannot be reached, or has no usable model of the allowed size under that id
 */
export async function fetchFromHub(
  location: HubLocation,
  folder: string,
  options: HubOptions & FetchOptions,
): Promise<{ revision: string }> {
  const { hubUrl, maxBytes, signal, onProgress } = options;
  const pauseMs = options.pauseMs ?? 1000;
  const impatient = fetchWithTimeout(signal, options.answerTimeoutMs ?? 10_000);
  const fetch = patientFetch(impatient, pauseMs, signal);
  const stallTimeoutMs = options.stallTimeoutMs ?? 30_000;
  const listing = boundedFetch(fetch, stallTimeoutMs);
  const repo = { type: 'model', name: location.id } as const;
  try {
    const revision = location.revision ?? (await currentRevision(location.id, hubUrl, listing));
    const files = await listModelFiles(repo, { revision, hubUrl, fetch: listing });
    const missing = Object.keys(location.sha256).filter((name) => !files.some(({ path }) => path === name));
    if (missing.length > 0) {
      throw new SourceError(
        `${location.id} has no ${missing.join(', ')} any more. It was exchanged at its source`,
      );
    }
    const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
    if (totalBytes > maxBytes) {
      throw new SourceError(
        `${location.id} has ${totalBytes} bytes, more than the ${maxBytes} that WELLFORMED_BASE_MODEL_MAX_BYTES allows`,
      );
    }
    for (const file of files) {
      const report = (bytes: number) =>
        onProgress({ source: 'hub', file: file.path, bytes, totalBytes: file.size });
      const blob = async () => {
        const found = await downloadFile({ repo, path: file.path, revision, hubUrl, fetch, xet: false });
        if (!found) throw new SourceError(`${location.id} lists ${file.path}, but does not provide it`);
        return found;
      };
      const path = join(folder, file.path);
      await download(blob, path, file.size, {
        signal,
        report,
        stallTimeoutMs,
        pauseMs,
      });
      // The listing has the SHA-256 of large files. If the catalogue has a hash, that one counts.
      const sum = location.sha256[file.path] ?? file.lfs?.oid;
      if (sum) await expectSha256(path, sum, file.path, signal);
    }
    return { revision };
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, location.id);
  }
}

/** The maximum number of tries for a download that breaks off. Each continues where the last one ended. */
const maxTries = 5;

/** A try that brought this many bytes does not count. So a large file may break off more often. */
const progressBytes = 16 * 2 ** 20;

/** The maximum size of any file except the weights. */
const maxTextBytes = 64 * 2 ** 20;

const maxListedFiles = 10_000;

async function currentRevision(name: string, hubUrl: string, fetch: Fetch): Promise<string> {
  const { sha } = await modelInfo({ name, hubUrl, fetch, additionalFields: ['sha'] });
  // The commit becomes part of URLs, so check it.
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) {
    throw new SourceError(`the hub gives no commit for ${name}`);
  }
  return sha;
}

async function listModelFiles(
  repo: { type: 'model'; name: string },
  where: { revision: string; hubUrl: string; fetch: Fetch },
): Promise<ListFileEntry[]> {
  const files = new Map<string, ListFileEntry>();
  let listed = 0;
  for await (const file of listFiles({ repo, ...where })) {
    if (++listed > maxListedFiles)
      throw new SourceError(`${repo.name} has more than ${maxListedFiles} files`);
    if (file.type === 'file' && (modelFiles as readonly string[]).includes(file.path))
      files.set(file.path, file);
  }
  if (!files.has('config.json')) throw new SourceError(`${repo.name} has no config.json`);
  if (!files.has('model.safetensors')) {
    throw new SourceError(
      `${repo.name} has no model.safetensors in one file. Choose a model that has, or convert it with ` +
        'transformers (from_pretrained, then save_pretrained) into a folder under the base-model folder',
    );
  }
  for (const { path, size } of files.values()) {
    const most = path === 'model.safetensors' ? Number.MAX_SAFE_INTEGER : maxTextBytes;
    if (!Number.isSafeInteger(size) || size < 0 || size > most) {
      throw new SourceError(`${path} of ${repo.name} has the impossible size ${size}`);
    }
  }
  return [...files.values()].sort((a, b) => a.size - b.size);
}

async function download(
  open_: () => Promise<Blob>,
  path: string,
  size: number,
  {
    signal,
    report,
    stallTimeoutMs,
    pauseMs,
  }: { signal: AbortSignal; report(bytes: number): void; stallTimeoutMs: number; pauseMs: number },
): Promise<void> {
  const file = await open(path, 'wx');
  let bytes = 0;
  report(0);
  try {
    for (let attempt = 1; bytes < size; attempt++) {
      const before = bytes;
      try {
        const blob = await open_();
        if (blob.size !== size)
          throw new SourceError(`the hub gives ${blob.size} bytes where it listed ${size}`);
        for await (const chunk of untilStalled(blob.slice(bytes, size).stream(), stallTimeoutMs)) {
          signal.throwIfAborted();
          if (bytes + chunk.length > size)
            throw new SourceError(`the hub gives more than the ${size} bytes it listed`);
          await file.write(chunk, 0, chunk.length, bytes);
          bytes += chunk.length;
          report(bytes);
        }
        if (bytes < size) throw new Error(`the connection broke off after ${bytes} of ${size} bytes`);
      } catch (error) {
        signal.throwIfAborted();
        // Asking again does not change a refusal.
        if (error instanceof SourceError || error instanceof HubApiError) throw error;
        if (bytes - before >= progressBytes) attempt = 1;
        if (attempt === maxTries) throw error;
        await pause(pauseMs * 2 ** (attempt - 1), signal);
      }
    }
  } finally {
    await file.close();
  }
}

function explain(error: unknown, id: string): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof HubApiError) {
    if ([401, 403, 404].includes(error.statusCode)) {
      return new SourceError(
        `the hub has no public model ${id} (status ${error.statusCode}). Check its name`,
      );
    }
    return new SourceError(`the hub answered with status ${error.statusCode}`);
  }
  // The hub's library fails its streams with plain texts, and fetch puts the reason (ECONNREFUSED …) into
  // `cause`.
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const reason = cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message;
  return new SourceError(`the hub cannot be reached (${reason})`);
}
