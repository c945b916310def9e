import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { exportOnnx } from '../onnx/export.js';
import { exportInt8Onnx } from '../onnx/int8-export.js';
import { precisions, type Precision } from '../onnx/precisions.js';
import { ServedModel, type ServingOptions } from './served-model.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const goldens = JSON.parse(readFileSync(join(goldensFolder, 'bert/goldens.json'), 'utf8')) as {
  sentences: { sentence: string; tokenIds: number[] }[];
  forward: { logits: [number, number][]; probabilities: [number, number][] };
};
const sentences = goldens.sentences.map(({ sentence }) => sentence);

let folder: string;
const open: ServedModel[] = [];

async function load(precision?: Precision, options: ServingOptions = {}): Promise<ServedModel> {
  const model = await ServedModel.load(folder, { threads: 1, precision, ...options });
  open.push(model);
  return model;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'served-model-'));
  cpSync(join(goldensFolder, 'tiny-bert'), folder, { recursive: true });
  await exportOnnx(folder);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe('ServedModel', () => {
  it("judges sentences as PyTorch does, in the caller's order", async () => {
    const { judgements } = await (await load()).score(sentences);
    judgements.forEach(({ acceptable, score, logits, truncated, tokens }, i) => {
      const expected = goldens.forward.logits[i]!;
      expect(Math.abs(logits[0] - expected[0])).toBeLessThan(1e-5);
      expect(Math.abs(logits[1] - expected[1])).toBeLessThan(1e-5);
      expect(Math.abs(score - goldens.forward.probabilities[i]![1])).toBeLessThan(1e-5);
      expect(acceptable).toBe(expected[1] > expected[0]);
      expect(truncated).toBe(false);
      expect(tokens).toBe(goldens.sentences[i]!.tokenIds.length);
    });
    expect(judgements).toHaveLength(sentences.length);
    expect(new Set(judgements.map(({ acceptable }) => acceptable)).size).toBe(2);
  });

  it('computes in integers where it is told to', async () => {
    await exportInt8Onnx(folder);
    const model = await load('int8');
    expect(model.precision).toBe('int8');
    const { judgements } = await model.score(sentences);
    const distances = judgements.map(({ score }, i) =>
      Math.abs(score - goldens.forward.probabilities[i]![1]),
    );
    expect(Math.max(...distances)).toBeLessThan(0.05);
    expect(Math.max(...distances)).toBeGreaterThan(1e-4);
  });

  it.each(precisions)(
    'goes on judging as before when its files are overwritten or cut off in place (%s)',
    async (precision) => {
      await exportInt8Onnx(folder);
      const before = await (await load(precision)).score(sentences);
      const [overwritten, cutOff] = [await load(precision), await load(precision)];
      const files = readdirSync(folder).map((name) => join(folder, name));
      // Writes to the loaded files themselves. Without `r+` they would be replaced by new ones.
      for (const file of files) writeFileSync(file, Buffer.alloc(statSync(file).size, 0xff), { flag: 'r+' });
      expect((await overwritten.score(sentences)).judgements).toEqual(before.judgements);
      for (const file of files) truncateSync(file, 0);
      expect((await cutOff.score(sentences)).judgements).toEqual(before.judgements);
    },
  );

  it('gives a sentence the same score alone, among many, and in several batches', async () => {
    const model = await load();
    const many = Array.from({ length: 400 }, (_, i) => sentences[(i * 7) % sentences.length]!);
    const { judgements: together } = await model.score(many);
    for (const [i, sentence] of sentences.entries()) {
      const alone = (await model.score([sentence])).judgements[0];
      const others = together.filter((_, k) => many[k] === sentence);
      expect(others.length, `sentence ${i}`).toBeGreaterThan(0);
      for (const { score } of others) expect(Math.abs(score - alone!.score)).toBeLessThan(1e-6);
    }
  });

  it('judges the first tokens of a sentence that is too long, and says so', async () => {
    const model = await load();
    const long = 'the cat sat on the mat and '.repeat(50);
    const { judgements } = await model.score([long, long.split(' ').slice(0, 62).join(' ')]);
    const [judgement, first] = judgements;
    expect(judgement).toMatchObject({ truncated: true, tokens: 64 });
    expect(first).toMatchObject({ truncated: false, tokens: 64 });
    expect(judgement!.score).toBeCloseTo(first!.score, 6);
  });

  it('has nothing to say to nothing', async () => {
    expect((await (await load()).score([])).judgements).toEqual([]);
  });

  it('keeps the event loop free', async () => {
    const model = await load();
    const requests = Array.from({ length: 80 }, (_, k) =>
      Array.from({ length: 256 }, (_, i) => `${sentences[i % sentences.length]} ${k} ${i}`),
    );
    // Others get turns while the sentences are read, and not only when all are.
    let turns = 0;
    let turn = setImmediate(function next() {
      turns++;
      turn = setImmediate(next);
    });
    await Promise.all(requests.map((request) => model.score(request)));
    clearImmediate(turn);
    expect(turns).toBeGreaterThan(10);
  });

  it('serves several at once, and one after another was closed', async () => {
    const [one, other] = await Promise.all([load(), load()]);
    const both = await Promise.all([one.score(sentences), other.score(sentences)]);
    expect(both[0].judgements).toEqual(both[1].judgements);
    await one.close();
    await one.close();
    await expect(one.score(sentences)).rejects.toThrow('has been closed');
    expect((await other.score(sentences)).judgements).toEqual(both[0].judgements);
  });

  it('remembers the judgements that were asked for last', async () => {
    const model = await load(undefined, { rememberedSentences: 2 });
    const isComputed = async (sentence: string) => (await model.score([sentence])).timing.batches > 0;
    const [one, two, three] = ['One cat sat.', 'Two cats sat.', 'Three cats sat.'] as const;
    const asked = [one, two, one, three, one, three, two];
    const computed: boolean[] = [];
    for (const sentence of asked) computed.push(await isComputed(sentence));
    expect(computed).toEqual([true, true, false, true, false, false, true]);
  });

  it('finishes what is being computed before it closes', async () => {
    const model = await load();
    const scoring = model.score(sentences);
    await new Promise((resolve) => setImmediate(resolve));
    await model.close();
    expect((await scoring).judgements).toHaveLength(sentences.length);
  });
});

describe('ServedModel refuses', () => {
  const refusal = async (precision?: Precision) => {
    const error = await load(precision).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidModelError);
    return (error as Error).message;
  };

  it('a folder that is not there', async () => {
    rmSync(folder, { recursive: true });
    expect(await refusal()).toContain('config.json is missing');
  });

  it('a folder without model.onnx', async () => {
    rmSync(join(folder, 'model.onnx'));
    expect(await refusal()).toContain('no model.onnx');
  });

  it('a folder without int8, if that is to compute', async () => {
    expect(await refusal('int8')).toContain('no model.int8.onnx, the graph for int8');
  });

  it('a damaged config.json', async () => {
    writeFileSync(join(folder, 'config.json'), '{');
    expect(await refusal()).toContain('not valid JSON');
  });

  it('a damaged model.onnx', async () => {
    writeFileSync(join(folder, 'model.onnx'), 'nothing like a graph');
    expect(await refusal()).toContain('ONNX Runtime cannot load');
  });

  it('weights that were cut off', async () => {
    truncateSync(join(folder, 'model.safetensors'), 20_000);
    expect(await refusal()).toContain('ONNX Runtime cannot load');
  });

  it('missing weights', async () => {
    rmSync(join(folder, 'model.safetensors'));
    expect(await refusal()).toContain('ONNX Runtime cannot load');
  });

  it('a tokenizer of another model', async () => {
    const vocabulary = readFileSync(join(folder, 'vocab.txt'), 'utf8');
    writeFileSync(join(folder, 'vocab.txt'), `${vocabulary}aardvark\n`);
    rmSync(join(folder, 'tokenizer.json'));
    expect(await refusal()).toContain('tokenizer knows 128 pieces, but the model only 127');
  });
});
