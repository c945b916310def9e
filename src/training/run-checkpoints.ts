import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { ConflictError, DamagedError, NotFoundError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { BlobStore, type BlobKey, type StagedFolder } from '../storage/blob-store.js';
import { MANIFEST } from '../storage/sealed-folder.js';
import type { Run, RunCheckpoint } from './run.js';
import type { RunRecorder } from './run-recorder.js';
import { RunsRepository } from './runs.repository.js';
import type { CheckpointMessage, EarlierAttempt } from './worker/messages.js';

/**
 * The checkpoints of runs: folders of the store, one for each run that may still be resumed or continued. A folder counts once the run's
 * row names it; the one before goes then.
 */
@Injectable()
export class RunCheckpoints {
  private readonly logger = new Logger(RunCheckpoints.name);

  constructor(
    private readonly runs: RunsRepository,
    private readonly blobs: BlobStore,
    private readonly settings: Settings,
  ) {}

  /** What a run that was taken up before goes on from; null for one that begins. */
  async earlierAttempt({ id, attempt, checkpoint }: Run): Promise<EarlierAttempt | null> {
    if (checkpoint === null) return attempt > 1 ? { folder: null, bytes: 0, note: null } : null;
    try {
      const { bytes } = checkpoint;
      return { folder: await this.blobs.open(keyOf(id, checkpoint)), bytes, note: null };
    } catch (error) {
      // Nothing else is left of what was trained: to train it again is better than to fail.
      this.logger.error(`Run ${id} begins anew: ${(error as Error).message}`, { runId: id });
      return {
        folder: null,
        bytes: 0,
        note: `The checkpoint of step ${checkpoint.step} was damaged: the run begins anew.`,
      };
    }
  }

  /** Takes over what a worker has written. @returns whether it is now the run's */
  async publish(
    staged: StagedFolder,
    recorder: RunRecorder,
    { data, files }: CheckpointMessage,
  ): Promise<boolean> {
    const { id, checkpoint: before } = recorder.run;
    const key = keyOf(id, data);
    await staged.publish(key, Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])));
    const isStored = await recorder.record({ type: 'checkpoint', data });
    const gone = isStored ? before && keyOf(id, before) : key;
    if (gone) await this.blobs.delete(gone);
    return isStored;
  }

  /**
   * Makes a copy for a run that continues another one.
   * @returns what is the copy's
   * @throws ConflictError where the checkpoint is damaged, or has just been deleted
   */
  async copy(from: Run, to: Pick<Run, 'id'>): Promise<RunCheckpoint | null> {
    if (!from.checkpoint) return null;
    const staged = await this.blobs.stage();
    try {
      const folder = await this.blobs.open(keyOf(from.id, from.checkpoint));
      for (const name of await readdir(folder)) {
        if (name !== MANIFEST)
          await copyFile(join(folder, name), join(staged.path, name), constants.COPYFILE_FICLONE);
      }
      const checkpoint = { ...from.checkpoint, attempt: 0 };
      await staged.publish(keyOf(to.id, checkpoint));
      return checkpoint;
    } catch (error) {
      if (!isGone(error)) throw error;
      throw new ConflictError(
        `The checkpoint of run ${from.id} is damaged or was just deleted. Start a new run: POST /train.`,
      );
    } finally {
      await staged.discard();
    }
  }

  /** Deletes a copy whose run was not stored. */
  async deleteCopy({ id, checkpoint }: Pick<Run, 'id' | 'checkpoint'>): Promise<void> {
    if (checkpoint) await this.blobs.delete(keyOf(id, checkpoint));
  }

  /** Deletes the checkpoint of a run: nobody needs it any more. */
  async discard({ id }: Pick<Run, 'id'>): Promise<void> {
    await this.runs.forgetCheckpoint(id);
    await this.tidy(id);
  }

  /** Deletes what a run has left that has just ended or stopped. The next start does what goes wrong here. */
  async leave(id: string): Promise<void> {
    try {
      await this.discardCancelled();
      await this.tidy(id);
    } catch (error) {
      this.logger.warn(`Checkpoints of run ${id} could not be deleted: ${(error as Error).message}`, {
        runId: id,
      });
    }
  }

  /** At the start: deletes what a crash has left, and sets aside what belongs to runs that the database does not know. */
  async recover(): Promise<void> {
    await this.discardCancelled();
    const known = await this.runs.checkpoints();
    const latest = new Set<BlobKey>();
    for (const [id, checkpoint] of known) if (checkpoint) latest.add(keyOf(id, checkpoint));
    for (const key of await this.blobs.keys('checkpoints')) {
      if (!latest.has(key) && known.has(runOf(key))) await this.blobs.delete(key);
    }
    await this.blobs.setAsideUnknown('checkpoints', latest);
  }

  /** Only the last cancelled runs keep their checkpoints. */
  private async discardCancelled(): Promise<void> {
    const cancelled = await this.runs.cancelledWithCheckpoint();
    for (const run of cancelled.slice(this.settings.cancelledCheckpoints)) await this.discard(run);
  }

  /** Deletes the folders of a run that are not its latest checkpoint. */
  private async tidy(id: string): Promise<void> {
    const checkpoint = await this.runs.checkpointOf(id);
    const latest = checkpoint && keyOf(id, checkpoint);
    for (const key of await this.blobs.keys('checkpoints')) {
      if (runOf(key) === id && key !== latest) await this.blobs.delete(key);
    }
  }
}

/** Whether a checkpoint cannot be read any more. */
function isGone(error: unknown): boolean {
  return (
    error instanceof DamagedError ||
    error instanceof NotFoundError ||
    (error as NodeJS.ErrnoException).code === 'ENOENT'
  );
}

function keyOf(runId: string, { attempt, step }: Pick<RunCheckpoint, 'attempt' | 'step'>): BlobKey {
  return `checkpoints/${runId}-${attempt}-${step}`;
}

function runOf(key: BlobKey): string {
  return key.slice('checkpoints/'.length).replace(/-\d+-\d+$/, '');
}
