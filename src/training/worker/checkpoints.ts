import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, stat, statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  openCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type CheckpointContent,
} from '../../bert/fine-tuning/checkpoint.js';
import type { Judgements } from '../../bert/evaluation/evaluation.js';
import { gigabytes } from '../../bert/fine-tuning/memory.js';
import type { ManifestFile } from '../../storage/blob-store.js';
import { roomForTraining } from '../memory/training-room.js';
import type { CheckpointWork } from './checkpoint-writer.js';
import type { CheckpointMessage, CheckpointPlan, TrainingJob } from './messages.js';

/** The files of a checkpoint: the state of the training, the weights of the best evaluation so far, and what goes with both. */
const STATE_FILE = 'state.safetensors';
const WEIGHTS_FILE = 'model.safetensors';
const DETAILS_FILE = 'details.json';

/** Left free beside a checkpoint, in bytes: the database and the log need room too. */
const SPARE_BYTES = 64 * 2 ** 20;

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

/** The best evaluation so far. */
export interface Best {
  judgements: Judgements;
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
  /** The sum of the weights of the best evaluation, computed once. */
  private weightsSum: ManifestFile | null = null;
  /** A checkpoint is due now, whenever the last one was. */
  isWanted = false;

  constructor(
    private readonly job: Pick<TrainingJob, 'attempt' | 'folder' | 'memoryLimit'> & { checkpoints: CheckpointPlan },
    private readonly engine: string,
    private readonly tell: (message: CheckpointMessage) => void,
    start: { step: number; best: Best | null },
  ) {
    this.folder = job.checkpoints.folder;
    this.step = this.lastStep = start.step;
    this.best = start.best;
  }

  private best: Best | null;

  stepped(step: number): void {
    this.step = step;
  }

  /** The weights in the folder of the model are now those of this evaluation. */
  found(best: Best): void {
    this.best = best;
    this.weightsSum = null;
  }

  /** The service has taken the last checkpoint over. */
  goOnIn(folder: string): void {
    this.folder = folder;
    this.onFolder?.();
  }

  get isDue(): boolean {
    if (this.isWanted) return true;
    if (this.folder === null) return false;
    const { steps, seconds } = this.job.checkpoints;
    return steps === null
      ? performance.now() - this.lastAt >= 1000 * seconds
      : this.step - this.lastStep >= steps;
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
    await this.assertSpace(folder, bytes);
    await this.linkWeights(folder);
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
    const folder = this.folder!;
    this.folder = null;
    return folder;
  }

  private async assertSpace(folder: string, bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free >= bytes + SPARE_BYTES) return;
    throw new PauseError(
      `The disk has ${gigabytes(free)} left, and a checkpoint takes ${gigabytes(bytes)}. Free some space in the data folder (delete ` +
        'models or datasets that nobody needs), then resume the run.',
    );
  }

  /** Whether there is room for a copy in memory; without it, the training waits for the disk. */
  private mayCopy(bytes: number): boolean {
    const held = process.memoryUsage.rss();
    return roomForTraining(this.job.memoryLimit, held).now - held > bytes;
  }

  /** A new best evaluation writes another file: what the link leads to does not change. */
  private async linkWeights(folder: string): Promise<void> {
    if (this.best) await link(path.join(this.job.folder, WEIGHTS_FILE), path.join(folder, WEIGHTS_FILE));
  }

  private details(): CheckpointWork['details'] {
    const details: Details = { ...writer(this.engine), judgements: this.best && encoded(this.best.judgements) };
    return { name: DETAILS_FILE, text: JSON.stringify(details) };
  }
}

/** A checkpoint as an attempt finds it. */
export interface FoundCheckpoint {
  checkpoint: Checkpoint;
  best: Best | null;
  /** Why the run will not end with the same bits as one that was never interrupted; null where it will. */
  difference: string | null;
}

/**
 * Opens a checkpoint, and puts the weights of its best evaluation into the folder of the model.
 * @param engine its description
 */
export async function resumeFrom(folder: string, modelFolder: string, engine: string): Promise<FoundCheckpoint> {
  const { judgements, ...wrote } = JSON.parse(await readFile(path.join(folder, DETAILS_FILE), 'utf8')) as Details;
  if (judgements) await link(path.join(folder, WEIGHTS_FILE), path.join(modelFolder, WEIGHTS_FILE));
  const now = writer(engine);
  const shown = ({ engine, processor, precision }: Writer) => `${engine} in ${precision} on ${processor}`;
  return {
    checkpoint: openCheckpoint(path.join(folder, STATE_FILE)),
    best: judgements && { judgements: decoded(judgements) },
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
  const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return { labels: base64(labels), logOdds: base64(logOdds) };
}

function decoded({ labels, logOdds }: NonNullable<Details['judgements']>): Judgements {
  return {
    labels: Uint8Array.from(Buffer.from(labels, 'base64')),
    logOdds: new Float32Array(Uint8Array.from(Buffer.from(logOdds, 'base64')).buffer),
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}
