import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, stat } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  openCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type CheckpointContent,
} from '../../bert/fine-tuning/checkpoint.js';
import { CheckpointMismatchError } from '../../bert/errors.js';
import type { Judgements } from '../../bert/evaluation/evaluation.js';
import { gigabytes } from '../../bert/fine-tuning/memory.js';
import { arrayFromBase64, arrayToBase64 } from '../../common/base64-arrays.js';
import type { ManifestFile } from '../../storage/blob-store.js';
import { availableDisk } from '../disk-needed.js';
import { roomForTraining } from '../memory/training-room.js';
import type { CheckpointWork } from './checkpoint-writer.js';
import type { CheckpointMessage, CheckpointPlan, TrainingJob } from './messages.js';

/** The files of a checkpoint: the state of the training, the weights of the best evaluation so far, and what goes with both. */
const STATE_FILE = 'state.safetensors';
const WEIGHTS_FILE = 'model.safetensors';
const DETAILS_FILE = 'details.json';

/** Left free beside a checkpoint, in bytes: the database and the log need room too. */
const SPARE_BYTES = 64 * 2 ** 20;

/** In seconds: the end of an epoch that comes sooner after a checkpoint has none. */
const SHORTEST_INTERVAL = 10;

const writerThread = new URL('./checkpoint-writer.js', import.meta.url);

/** What wrote a checkpoint: on another one the same training gives numbers that differ in their last bits. */
interface Writer {
  engine: string;
  processor: string;
  precision: 'float32';
}

interface Details extends Writer {
  /** Base64 of the bytes of each array; null before the first evaluation. */
  judgements: { labels: string; logOdds: string } | null;
}

/** The training stops where it is, and may be resumed: the message says why. */
export class PauseError extends Error {
  override readonly name = 'PauseError';
}

/** @throws PauseError where there is too little space for something */
export async function assertDiskSpace(folder: string, bytes: number, what: string): Promise<void> {
  const free = await availableDisk(folder);
  if (free >= bytes + SPARE_BYTES) return;
  throw new PauseError(
    `The disk has ${gigabytes(free)} left, and ${what} takes ${gigabytes(bytes)}. Free some space in the data folder (delete models or ` +
      'data sets that nobody needs), then resume the run.',
  );
}

/** Stores the state of a training while it goes on: one checkpoint at a time. */
export class CheckpointKeeper {
  private folder: string | null;
  private onFolder: (() => void) | undefined;
  private writing: Promise<void> = Promise.resolve();
  private failure: Error | undefined;
  private lastStep: number;
  private lastAt = performance.now();
  private step: number;
  /** What the best evaluation so far judged; null before the first. Its weights lie in the folder of the model. */
  private best: Judgements | null;
  /** The sum of these weights, computed once. */
  private weightsSum: ManifestFile | null = null;
  constructor(
    private readonly job: Pick<TrainingJob, 'attempt' | 'folder' | 'memoryLimit'> & {
      checkpoints: CheckpointPlan;
    },
    /** Its description. */
    private readonly engine: string,
    private readonly tell: (message: CheckpointMessage) => void,
    start: { step: number; best: Judgements | null },
  ) {
    this.folder = job.checkpoints.folder;
    this.step = this.lastStep = start.step;
    this.best = start.best;
  }

  stepped(step: number): void {
    this.step = step;
  }

  /** There is a better evaluation, and its weights are written. */
  found(best: Judgements): void {
    this.best = best;
    this.weightsSum = null;
  }

  /** The service has taken the last checkpoint over; null: it wants no other. */
  goOnIn(folder: string | null): void {
    this.folder = folder;
    this.onFolder?.();
  }

  get isDue(): boolean {
    if (this.folder === null) return false;
    const { steps, seconds } = this.job.checkpoints;
    return steps === null ? this.secondsSinceLast >= seconds : this.step - this.lastStep >= steps;
  }

  /** Whether the end of an epoch is worth a checkpoint: to train a few seconds again takes no longer than to store them. */
  get isWorthwhile(): boolean {
    return this.job.checkpoints.steps !== null || this.secondsSinceLast >= SHORTEST_INTERVAL;
  }

  private get secondsSinceLast(): number {
    return (performance.now() - this.lastAt) / 1000;
  }

  /**
   * Takes a snapshot, and writes it while the training goes on. Waits for the checkpoint before it, if that is still being written.
   * @throws PauseError where there is no room on the disk
   */
  async take(content: CheckpointContent): Promise<void> {
    const asked = performance.now();
    await this.settled();
    const folder = await this.nextFolder();
    const bytes = [...content.shapes.values()].reduce((sum, shape) => sum + 4 * product(shape), 0);
    await assertDiskSpace(folder, bytes, 'a checkpoint');
    // A new best evaluation writes another file: what the link leads to does not change.
    if (this.best) await share(WEIGHTS_FILE, this.job.folder, folder);
    const details = this.details();
    const files = [STATE_FILE, DETAILS_FILE, ...(this.best && !this.weightsSum ? [WEIGHTS_FILE] : [])];
    const write = this.mayCopy(bytes) ? writeInBackground : writeAtOnce;
    const written = write({ folder, files, details }, content);
    const { step, epoch } = content.progress;
    this.lastStep = this.step = step;
    this.lastAt = performance.now();
    const pausedMilliseconds = this.lastAt - asked;
    const { best, weightsSum } = this;
    this.writing = written.then(
      (sums) => {
        // A better evaluation may have come in the meantime.
        if (this.best === best) this.weightsSum ??= sums.find(({ name }) => name === WEIGHTS_FILE) ?? null;
        const all = weightsSum ? [...sums, weightsSum] : sums;
        const size = all.reduce((sum, file) => sum + file.size, 0);
        this.tell({
          type: 'checkpoint',
          data: { attempt: this.job.attempt, step, epoch, bytes: size },
          files: all,
          pausedMilliseconds,
          milliseconds: performance.now() - asked,
        });
      },
      (error: Error) => {
        this.failure = error;
      },
    );
  }

  /** Settles when nothing is being written. @throws what went wrong there */
  async settled(): Promise<void> {
    await this.writing;
    if (this.failure) throw this.failure;
  }

  private async nextFolder(): Promise<string> {
    if (this.folder === null) await new Promise<void>((resolve) => (this.onFolder = resolve));
    this.onFolder = undefined;
    const { folder } = this;
    if (folder === null) throw new Error('The training stops without a checkpoint.');
    this.folder = null;
    return folder;
  }

  /** Whether there is room for a copy in memory; without it, the training waits for the disk. */
  private mayCopy(bytes: number): boolean {
    const held = process.memoryUsage.rss();
    return roomForTraining(this.job.memoryLimit, held).now - held > bytes;
  }

  private details(): CheckpointWork['details'] {
    const details: Details = { ...writer(this.engine), judgements: this.best && encoded(this.best) };
    return { name: DETAILS_FILE, text: JSON.stringify(details) };
  }
}

/** A checkpoint as an attempt finds it. */
export interface FoundCheckpoint {
  checkpoint: Checkpoint;
  /** What its best evaluation judged; null where there was none. */
  best: Judgements | null;
  /** Why the run will not end with the same bits as one that was never interrupted; null where it will. */
  difference: string | null;
}

/**
 * Opens a checkpoint, and puts the weights of its best evaluation into the folder of the model.
 * @param engine its description
 * @throws where it is not what this version of the service writes
 */
export async function resumeFrom(
  folder: string,
  modelFolder: string,
  engine: string,
): Promise<FoundCheckpoint> {
  const { judgements, ...wrote } = JSON.parse(
    await readFile(path.join(folder, DETAILS_FILE), 'utf8'),
  ) as Details;
  const checkpoint = openCheckpoint(path.join(folder, STATE_FILE));
  try {
    // Their weights are what the state calls the best: without them there would be no model in the end.
    if (!wrote.engine || Boolean(judgements) !== Boolean(checkpoint.progress.best)) {
      throw new CheckpointMismatchError(`${DETAILS_FILE} does not belong to ${STATE_FILE}`);
    }
    if (judgements) await share(WEIGHTS_FILE, folder, modelFolder);
  } catch (error) {
    checkpoint.tensors.close();
    throw error;
  }
  const now = writer(engine);
  const shown = ({ engine, processor, precision }: Writer) => `${engine} in ${precision} on ${processor}`;
  return {
    checkpoint,
    best: judgements && decoded(judgements),
    difference:
      shown(now) === shown(wrote)
        ? null
        : `The checkpoint was written by ${shown(wrote)}, and this attempt trains with ${shown(now)}: numbers may differ in their last digits.`,
  };
}

/** Gives the weights of the model a file of their own: deleting a checkpoint would otherwise change the times of the shared one. */
export async function separateWeights(modelFolder: string): Promise<void> {
  const file = path.join(modelFolder, WEIGHTS_FILE);
  if ((await stat(file)).nlink === 1) return;
  const copy = `${file}.new`;
  await copyFile(file, copy, constants.COPYFILE_FICLONE);
  await rename(copy, file);
}

/** Has a file in a second folder too, without another copy where the file system allows that. */
async function share(name: string, from: string, to: string): Promise<void> {
  const [file, other] = [path.join(from, name), path.join(to, name)];
  await link(file, other).catch(() => copyFile(file, other));
}

/** Writes a snapshot of the state in another thread. @returns the sums of the files, the state first */
function writeInBackground(work: Omit<CheckpointWork, 'state'>, { progress, tensors }: CheckpointContent) {
  const copies = [...tensors()];
  return inWriter(
    { ...work, state: { progress, tensors: copies } },
    copies.map(({ data }) => data.buffer as ArrayBuffer),
  );
}

/** Writes the state at once, one tensor at a time. */
function writeAtOnce(work: Omit<CheckpointWork, 'state'>, content: CheckpointContent) {
  writeCheckpoint(path.join(work.folder, STATE_FILE), content);
  return inWriter({ ...work, state: null }, []);
}

function inWriter(work: CheckpointWork, transferList: ArrayBuffer[]): Promise<ManifestFile[]> {
  const thread = new Worker(writerThread, { workerData: work, transferList, name: 'checkpoint' });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) =>
      reject(new Error(`The thread that writes a checkpoint exited with code ${code}.`)),
    );
  });
}

function writer(engine: string): Writer {
  return { engine, processor: cpus()[0]?.model ?? 'an unknown processor', precision: 'float32' };
}

function encoded({ labels, logOdds }: Judgements): NonNullable<Details['judgements']> {
  return { labels: arrayToBase64(labels), logOdds: arrayToBase64(logOdds) };
}

function decoded(stored: NonNullable<Details['judgements']>): Judgements {
  const labels = arrayFromBase64(Uint8Array, stored.labels);
  const logOdds = arrayFromBase64(Float32Array, stored.logOdds);
  if (!labels || !logOdds) throw new Error(`${DETAILS_FILE} has judgements that are no numbers.`);
  return { labels, logOdds };
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}
