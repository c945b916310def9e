import { randomInt } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunEvent } from '../../packages/client/src/index.js';
import { shuffle, statelessPhilox } from '../../src/bert/random.js';
import { nativeEngine } from '../support/engines.js';
import { childrenOf } from '../support/processes.js';
import { ServiceClient, type Training } from '../support/service-client.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { shared } from '../support/shared.js';
import { tinyBert } from '../support/trainer.js';
import { freePort } from './support/free-port.js';
import { expectSoundDatabase, namesIn, orphansIn } from './support/sound-folder.js';

/*
 * A training is killed again and again, at random times and at bad ones. It ends with the same bits as one that nobody disturbed, who
 * follows it learns of each event once, and nothing is left of what was half done.
 */

const KILLS = 30;
/** The longest time between a kill and the next, in milliseconds: a service has started by then, and trained for a while. */
const LONGEST_WAIT = 12_000;

type Victim = 'service' | 'training process';

const seed = Number(process.env.WELLFORMED_KILL_SEED ?? randomInt(2 ** 31));

/** Where it can be seen which processes a process has started. */
const isLinux = process.platform === 'linux';
if (!isLinux)
  console.warn(
    'The kills of trainings are skipped: they find the training process in /proc, which only Linux has.',
  );

describe.skipIf(!isLinux)('a training that is killed', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'wellformed-kill-training-'));
  let port: number;
  let pid: number;
  let service: RunningService;
  /** Rejects where the service was killed before it listened. */
  let starting: Promise<RunningService>;
  let client: ServiceClient;

  const start = () => {
    starting = startServiceProcess({
      data,
      // At the same address each time: who follows a run finds it again.
      settings: { WELLFORMED_ENGINE: nativeEngine ?? 'wasm', WELLFORMED_PORT: String(port) },
      onProcess: (number) => (pid = number),
    });
    starting.catch(() => undefined);
  };
  const started = async () => (service = await starting);
  const kill = async (victim: Victim) => {
    if (victim === 'training process') return process.kill(await trainingProcess(), 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await starting.then(
      (running) => running.exited,
      () => undefined,
    );
    start();
  };
  /** Waits until there is one. */
  const trainingProcess = async () => {
    await started();
    for (;;) {
      const [child] = childrenOf(service.pid);
      if (child !== undefined) return child;
      await sleep(2);
    }
  };

  beforeAll(async () => {
    cpSync(tinyBert, path.join(data, 'base-models', 'tiny-bert'), { recursive: true });
    port = await freePort();
    client = new ServiceClient(`http://127.0.0.1:${port}`);
    start();
    await started();
  });
  afterAll(async () => {
    await (await starting).stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** 0 while nobody answers. */
  const stepOf = (id: string) =>
    client.run(id).then(
      ({ step }) => step,
      () => 0,
    );

  /** What a run leaves: the sum of its weights, and what it says of itself, without ids and times. */
  const traceOf = async (id: string) => {
    const run = await client.run(id);
    expect(run).toMatchObject({ status: 'succeeded', error: null });
    const { files } = await client.model(run.modelId!);
    const weights = files.find(({ name }) => name === 'model.safetensors')!.sha256;
    const { epochs, evaluations, mcc, step, totalSteps, stoppedEarly } = run;
    return { weights, epochs: epochs.map(untimed), evaluations, mcc, step, totalSteps, stoppedEarly };
  };
  const undisturbed = async (training: Training) => {
    const { id } = await client.start(training);
    const follower = new Follower(client, id);
    await follower.end;
    expect((await client.run(id)).attempt).toBe(1);
    return { trace: await traceOf(id), results: resultsIn(follower.events) };
  };

  /** After a run has ended, however often it was killed. */
  const expectSameAs = async (reference: Awaited<ReturnType<typeof undisturbed>>, follower: Follower) => {
    const { id, events } = follower;
    await started();
    expect(events.map((event) => event.id)).toEqual(events.map((_, i) => i + 1));
    expect(events).toEqual(await client.events(id));
    expect(await traceOf(id)).toEqual(reference.trace);
    expect(resultsIn(events)).toEqual(reference.results);

    const ids = expectSoundDatabase(data);
    const { items: models } = await client.json<{ items: { id: string; runId: string }[] }>(
      200,
      'GET',
      '/models?limit=100',
    );
    expect(models.filter(({ runId }) => runId === id)).toHaveLength(1);
    const known = models.map((model) => model.id).sort();
    expect(ids('models').sort()).toEqual(known);
    expect(namesIn(data, 'models')).toEqual(known);
    // What was being written is deleted a moment after the run has ended.
    await expect.poll(() => [namesIn(data, 'staging'), namesIn(data, 'checkpoints')]).toEqual([[], []]);
    expect(service.logs()).not.toMatch(/This is a bug|"level":"(error|fatal)"/);
  };

  describe(`${KILLS} times over one run (WELLFORMED_KILL_SEED=${seed})`, () => {
    it('ends as if nothing had happened', { timeout: 1_200_000 }, async () => {
      const random = statelessPhilox(seed, 0);
      const dataset = await client.uploadPractice(960, 1);
      const training: Training = { ...everything(dataset), epochs: 8, evaluationSteps: 50 };
      const began = performance.now();
      const reference = await undisturbed(training);
      console.log(
        `The seed is ${seed}. Undisturbed: ${reference.trace.totalSteps} steps in ${secondsSince(began)} s`,
      );

      const { id } = await client.start({ ...training, checkpointSteps: 20, maxRestarts: 100 });
      const follower = new Follower(client, id);
      const victims = shuffle(
        Array.from({ length: KILLS }, (_, i): Victim => (i % 2 === 0 ? 'service' : 'training process')),
        random,
      );
      const moments: string[] = [];
      for (const [number, victim] of victims.entries()) {
        if (victim === 'training process') await trainingProcess();
        const end = performance.now() + random.nextFloat() * LONGEST_WAIT;
        // The run must outlast all kills: where it comes too far, the next comes early.
        const furthest = ((number + 1) / (KILLS + 1)) * reference.trace.totalSteps!;
        while (performance.now() < end && (await stepOf(id)) < furthest) await sleep(20);
        expect(follower.hasEnded).toBe(false);
        moments.push(`${victim} at ${follower.place}`);
        await kill(victim);
      }
      await follower.end;
      console.log(`Killed in ${secondsSince(began)} s: ${moments.join(', ')}`);
      await expectSameAs(reference, follower);
      const { attempt, restarts } = await client.run(id);
      console.log(`${attempt} attempts, ${restarts} restarts, ${follower.events.length} events`);
      // A service that is killed while the run waits has not crashed at work.
      expect(restarts).toBeGreaterThanOrEqual(KILLS / 2);
      expect(restarts).toBeLessThanOrEqual(KILLS);
      expect(attempt).toBe(restarts + 1);
      expect(orphansIn(data)).toEqual([]);
    });
  });

  describe('at a bad moment', { timeout: 300_000 }, () => {
    const short = shared(async () => {
      await started();
      const training: Training = {
        ...everything(await client.uploadPractice(96, 1)),
        epochs: 7,
        evaluationSteps: 9,
      };
      return { training, reference: await undisturbed(training) };
    });
    const isPhase = (phase: string) => (event: RunEvent) =>
      event.type === 'phase' && event.data.phase === phase;
    const moments: Record<string, (event: RunEvent) => boolean> = {
      'when it prepares': ({ type, data }) => type === 'status' && data.status === 'preparing',
      'when its training begins': isPhase('training'),
      'after a checkpoint': ({ type }) => type === 'checkpoint',
      'after an evaluation that is the best so far': ({ type, data }) => type === 'evaluation' && data.best,
      'when its model is exported': isPhase('exporting'),
    };

    it.each(Object.entries(moments))('%s ends as if nothing had happened', async (_, isMoment) => {
      const { training, reference } = await short();
      const { id } = await client.start({ ...training, checkpointSteps: 10 });
      const follower = new Follower(client, id);
      // The service comes last: who follows it is back some seconds after it.
      for (const victim of ['training process', 'service'] as const) {
        await follower.next(isMoment);
        await kill(victim);
      }
      await follower.end;
      await expectSameAs(reference, follower);
      expect(await client.run(id)).toMatchObject({ attempt: 3, restarts: 2 });
      expect(orphansIn(data)).toEqual([]);
    });

    it.each(['checkpoints', 'models'])(
      'when a folder has come to %s ends as if nothing had happened',
      async (kind) => {
        const { training, reference } = await short();
        const { id } = await client.start({ ...training, checkpointSteps: 10 });
        const follower = new Follower(client, id);
        const before = namesIn(data, kind);
        mkdirSync(path.join(data, kind), { recursive: true });
        // Published, and perhaps not yet in the database: nothing but this is as near.
        while (readdirSync(path.join(data, kind)).length === before.length) await sleep(1);
        await kill('service');
        await follower.end;
        await expectSameAs(reference, follower);
        const orphans = orphansIn(data);
        rmSync(path.join(data, 'orphans'), { recursive: true, force: true });
        // A model that the database did not know yet is set aside, and made again.
        expect(orphans.length).toBeLessThanOrEqual(kind === 'models' ? 1 : 0);
      },
    );
  });
});

/** Everything on that has a state of its own or draws random numbers. */
function everything({ id }: DatasetDto): Training {
  return {
    datasetId: id,
    batchSize: 2,
    learningRate: 1e-3,
    dropout: 0.1,
    weightDecay: 0.01,
    gradientAccumulationSteps: 2,
    earlyStoppingPatience: 100,
    weightAveraging: 3,
    layerwiseLearningRateDecay: 0.9,
    rDrop: 1,
    promote: 'never',
  };
}

/** Who follows a run with the client that we publish, through whatever becomes of the service. */
class Follower {
  readonly events: RunEvent[] = [];
  /** Settles when the run has ended. */
  readonly end: Promise<void>;
  hasEnded = false;
  /** The farthest that the run has come. */
  step = 0;
  private seen = 0;
  private heard: () => void = () => undefined;

  constructor(
    client: ServiceClient,
    readonly id: string,
  ) {
    this.end = this.follow(client);
    this.end.catch(() => undefined);
  }

  /** Waits for an event that comes after those that were waited for. */
  async next(isMeant: (event: RunEvent) => boolean): Promise<void> {
    for (;;) {
      while (this.seen < this.events.length) if (isMeant(this.events[this.seen++]!)) return;
      if (this.hasEnded) throw new Error('The run has ended, and no such event came.');
      await new Promise<void>((resolve) => (this.heard = resolve));
    }
  }

  /** Where the run was last seen, for people to read. */
  get place(): string {
    const phase = this.events.findLast(({ type }) => type === 'phase' || type === 'status');
    const { status, phase: busy } = (phase?.data ?? {}) as { status?: string; phase?: string };
    return `${busy ?? status ?? 'nothing yet'}, step ${this.step}`;
  }

  private async follow(client: ServiceClient): Promise<void> {
    try {
      for await (const event of client.followRun(this.id)) {
        this.events.push(event);
        if (event.type === 'step') this.step = Math.max(this.step, event.data.step);
        this.heard();
      }
    } finally {
      this.hasEnded = true;
      this.heard();
    }
  }
}

/** The evaluations and epochs that events tell of, without those that a resume took back, and without times. */
function resultsIn(events: readonly RunEvent[]) {
  let evaluations: RunEvent['data'][] = [];
  let epochs: { epoch: number }[] = [];
  for (const { type, data } of events) {
    if (type === 'evaluation') evaluations.push(data);
    if (type === 'epoch') epochs.push(untimed(data));
    if (type === 'resumed') {
      evaluations = evaluations.filter((one) => 'averaged' in one && !one.averaged && one.step <= data.step);
      epochs = epochs.filter(({ epoch }) => epoch < data.epoch);
    }
  }
  return { evaluations, epochs };
}

function untimed<T extends { trainingSeconds: number }>({ trainingSeconds: _seconds, ...epoch }: T) {
  return epoch;
}

function secondsSince(milliseconds: number): string {
  return ((performance.now() - milliseconds) / 1000).toFixed(0);
}
