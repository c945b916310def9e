// node test/goldens/make-first-release.mjs: writes first-release/, a data folder as the first release left it and what that release
// answered, by building and running the last commit that had the first migration alone. Ids and times differ with every run.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const commit = 'bda28de';
const root = fileURLToPath(new URL('../..', import.meta.url));
const target = fileURLToPath(new URL('./first-release', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'wellformed-first-release-'));
try {
  const program = build(join(folder, 'program'));
  const data = join(folder, 'data');
  const answers = await use(program, data);
  rmSync(target, { recursive: true, force: true });
  for (const name of ['wellformed.sqlite', 'datasets', 'models']) {
    cpSync(join(data, name), join(target, 'data-folder', name), { recursive: true });
  }
  if (existsSync(join(data, 'wellformed.sqlite-wal'))) throw new Error('The service did not close its database.');
  writeFileSync(join(target, 'answers.json'), `${JSON.stringify(answers, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function build(program) {
  mkdirSync(program);
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', program], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(program, 'node_modules'));
  execFileSync(process.execPath, [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'], { cwd: program });
  return join(program, 'dist', 'main.js');
}

/** Uploads, trains, judges and moves aliases; ends the service in the middle of a training. @returns its answers by their path */
async function use(program, data) {
  const baseModels = join(folder, 'base-models');
  cpSync(fileURLToPath(new URL('./tiny-bert', import.meta.url)), join(baseModels, 'tiny-bert'), { recursive: true });
  const settings = { WELLFORMED_DATA: data, WELLFORMED_BASE_MODELS: baseModels, WELLFORMED_ENGINE: 'wasm', WELLFORMED_PORT: '0' };
  const service = spawn(process.execPath, [program], { env: { ...process.env, ...settings } });
  const ended = new Promise((resolve) => service.once('exit', resolve));
  service.stderr.pipe(process.stderr);
  const url = await new Promise((resolve, reject) => {
    let logs = '';
    service.stdout.on('data', (chunk) => {
      logs += chunk;
      const [, found] = /Listening on (http:\/\/[^\s,]+)/.exec(logs) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`The service ended:\n${logs}`)));
  });
  const ask = async (method, path, body) => {
    const form = body instanceof FormData;
    const headers = body && !form ? { 'content-type': 'application/json' } : {};
    const response = await fetch(url + path, { method, headers, body: form ? body : body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  };
  const ends = async (path) => {
    for (;;) {
      const { status } = await ask('GET', path);
      if (status === 'succeeded') return;
      if (!['queued', 'running'].includes(status)) throw new Error(`${path} is ${status}.`);
      await sleep(100);
    }
  };

  try {
    const dataset = await ask('POST', '/datasets', formOf(sentences(80), { name: 'Word order' }));
    const training = { datasetId: dataset.id, baseModel: 'tiny-bert', learningRate: 1e-3, batchSize: 16 };
    const runs = [];
    for (const name of ['First', 'Second']) {
      const run = await ask('POST', '/train', { ...training, name, epochs: name === 'First' ? 1 : 2 });
      await ends(`/train/${run.id}`);
      runs.push(run);
    }
    const [{ modelId: first }, { modelId: second }] = await Promise.all(runs.map(({ id }) => ask('GET', `/train/${id}`)));
    const evaluation = await ask('POST', `/models/${first}/evaluations`, { datasetId: dataset.id });
    await ends(`/models/${first}/evaluations/${evaluation.id}`);
    await ask('PUT', '/aliases/earlier', { modelId: first });

    // One run is cut off by the end of the service, and one waits for it.
    const cutOff = await ask('POST', '/train', { ...training, batchSize: 1, epochs: 20 });
    while ((await ask('GET', `/train/${cutOff.id}`)).step < 5) await sleep(20);

    const answers = {};
    for (const path of [
      ...['/datasets', `/datasets/${dataset.id}`, `/datasets/${dataset.id}/rows?limit=5`],
      ...runs.flatMap(({ id }) => [`/train/${id}`, `/train/${id}/metrics`]),
      ...[`/models/${first}`, `/models/${second}`, `/models/${first}/evaluations/${evaluation.id}`],
      ...['/aliases', '/aliases/production', '/aliases/earlier'],
    ]) {
      answers[path] = await ask('GET', path);
    }
    const asked = sentences(3).split('\n').map((line) => line.slice(2)).filter(Boolean);
    const predictions = [];
    for (const model of [first, second]) predictions.push(await ask('POST', '/predict', { sentences: asked, model }));
    return { cutOff: cutOff.id, sentences: asked, predictions, answers };
  } finally {
    service.kill('SIGTERM');
    await ended;
  }
}

function formOf(text, fields) {
  const form = new FormData();
  form.set('file', new Blob([text]), 'word-order.tsv');
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

/** Sentences whose first two words are in order, or not; as TSV. */
function sentences(count) {
  const nouns = ['cat', 'dog', 'man', 'bird', 'boy'];
  const verbs = ['sat', 'ran', 'slept', 'was here', 'saw it'];
  const lines = Array.from({ length: count }, (_, i) => {
    const [noun, verb] = [nouns[i % 5], verbs[Math.floor(i / 5) % 5]];
    const more = ['', ' too', ' again', ' there'][Math.floor(i / 25) % 4];
    return i % 2 ? `0\t${noun[0].toUpperCase()}${noun.slice(1)} the ${verb}${more}.` : `1\tThe ${noun} ${verb}${more}.`;
  });
  return `${lines.join('\n')}\n`;
}
