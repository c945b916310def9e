import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { exportOnnx } from '../onnx/export.js';
import { GraphBuilder } from '../onnx/graph.js';
import { InferenceThread } from './inference-thread.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inference-thread-'));
  cpSync(join(goldens, 'tiny-bert'), folder, { recursive: true });
  await exportOnnx(folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = () => InferenceThread.start({ modelPath: join(folder, 'model.onnx'), threads: 1 });

describe('InferenceThread', () => {
  it('pads a batch and keeps its order', async () => {
    const thread = await start();
    try {
      const sentences = [
        [2, 10, 3],
        [2, 11, 12, 13, 3],
        [2, 14, 3],
      ];
      const { logits: together, seconds } = await thread.run(sentences);
      expect(seconds).toBeGreaterThan(0);
      for (const [row, sentence] of sentences.entries()) {
        const { logits: alone } = await thread.run([sentence]);
        expect(Math.abs(together[2 * row]! - alone[0]!)).toBeLessThan(1e-6);
        expect(Math.abs(together[2 * row + 1]! - alone[1]!)).toBeLessThan(1e-6);
      }
    } finally {
      await thread.close();
    }
  });

  it('gives a graph that was exported before rows could be shared a sentence a row', async () => {
    const sentences = [
      [2, 10, 11, 12, 3],
      [2, 3],
      [2, 13, 3],
    ];
    // What `exportOnnx` wrote at commit 4d4aade, for the same weights.
    const modelPath = join(folder, 'earlier.onnx');
    cpSync(join(goldens, 'tiny-bert-row-per-sentence.onnx'), modelPath);
    const [thread, earlier] = [await start(), await InferenceThread.start({ modelPath, threads: 1 })];
    try {
      const { logits } = await thread.run(sentences);
      const { logits: ofEarlier } = await earlier.run(sentences);
      logits.forEach((logit, i) => expect(Math.abs(logit - ofEarlier[i]!)).toBeLessThan(1e-6));
    } finally {
      await Promise.all([thread.close(), earlier.close()]);
    }
  });

  it('tells of a batch that cannot be computed, and goes on', async () => {
    const thread = await start();
    try {
      const { logits } = await thread.run([[2, 10, 3]]);
      await expect(thread.run([[2, 99_999, 3]])).rejects.toThrow('could not compute a batch');
      expect(await thread.run([[2, 10, 3]])).toMatchObject({ logits });
    } finally {
      await thread.close();
    }
  });

  it('refuses a graph that is loaded but cannot compute', async () => {
    const graph = new GraphBuilder();
    const ids = graph.input('input_ids', 'int64', ['batch', 'sequence']);
    graph.input('attention_mask', 'int64', ['batch', 'sequence']);
    const logits = graph.node('logits', 'Reshape', [ids, graph.integers(-1, 97)]);
    graph.output(logits, 'int64', ['rows', 97]);
    const modelPath = join(folder, 'misshapen.onnx');
    writeFileSync(modelPath, graph.finish('misshapen', 20));
    await expect(InferenceThread.start({ modelPath, threads: 1 })).rejects.toThrow(InvalidModelError);
  });

  it('rejects what waits, and all that comes, when the thread is gone', async () => {
    const thread = await start();
    const waiting = Promise.allSettled(
      Array.from({ length: 50 }, () => thread.run([Array<number>(64).fill(9)])),
    );
    await (thread as unknown as { worker: Worker }).worker.terminate();
    const last = (await waiting).at(-1)!;
    expect(last).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining('thread ended') },
    });
    await expect(thread.run([[2, 3]])).rejects.toThrow('Load the model again');
    await thread.close();
  });
});
