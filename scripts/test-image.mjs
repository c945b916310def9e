// npm run test:image [-- cpu|gpu]: does the steps of the Dockerfile with the same scripts but without Docker,
// and starts the service from the result. If this runs as root, the service runs as another user who may
// write only to the data folder. It trains a tiny model and sends it a request.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

const [variant = 'cpu'] = process.argv.slice(2);
/** The commit that the service must report. */
const commit = 'c0ffee'.padEnd(40, '0');

await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const { root } = await import('./set-up/places.mjs');
  const { sizeOf } = await import('./set-up/folder-size.mjs');
  await setUp();
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-image-'));
  const app = join(folder, 'app');
  const data = join(folder, 'data');
  try {
    // npm empties the folder into which it installs, so this comes first. In the Dockerfile each script has
    // its own folder.
    const scripts = [
      ['modules.mjs', variant, app],
      ['engine.mjs', variant, app],
      ['application.mjs', app, commit],
    ];
    for (const [script, ...args] of scripts) await mustRun([join(root, 'scripts', 'image', script), ...args]);
    console.log(`The layers hold ${(sizeOf(app) / 1e6).toFixed(0)} MB.`);
    mkdirSync(join(data, 'base-models'), { recursive: true });
    cpSync(join(root, 'test', 'goldens', 'tiny-bert'), join(data, 'base-models', 'tiny-bert'), {
      recursive: true,
    });
    const user = giveAway(folder, app, data);
    await tryOut(app, data, user);
  } finally {
    if (process.getuid?.() !== 0) setMode(app, 0o700);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function mustRun(args) {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${args.join(' ')} failed.`);
}

/** Gives only the data folder to the user who runs the service. */
function giveAway(folder, app, data) {
  if (process.getuid?.() !== 0) {
    setMode(app, 0o500);
    return {};
  }
  const nobody = 65534;
  chmodSync(folder, 0o755);
  for (const name of ['.', ...readdirSync(data, { recursive: true })])
    chownSync(join(data, name), nobody, nobody);
  return { uid: nobody, gid: nobody };
}

/** Sets the mode of all folders. In a folder that cannot be written, files can be neither added nor removed. */
function setMode(app, mode) {
  for (const entry of readdirSync(app, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath ?? entry.path, entry.name), mode);
  }
  chmodSync(app, mode);
}

async function tryOut(app, data, user) {
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    NODE_OPTIONS: '--enable-source-maps',
    WELLFORMED_DATA: data,
    WELLFORMED_PORT: String(await freePort()),
    WELLFORMED_ENGINE: `tensorflow-${variant}`,
  };
  const service = spawn(process.execPath, ['dist/main.js'], { cwd: app, env, stdio: 'inherit', ...user });
  const ended = new Promise((resolve) => service.once('exit', (code, signal) => resolve(signal ?? code)));
  try {
    await Promise.race([
      until(() => healthCheck(app, env), 60),
      ended.then((end) => Promise.reject(new Error(`The service ended with ${end} instead of serving.`))),
    ]);
    const address = `http://127.0.0.1:${env.WELLFORMED_PORT}`;
    const { build } = await (await fetch(`${address}/health/ready`)).json();
    if (build.commit !== commit) throw new Error(`It calls its commit ${build.commit}, not ${commit}.`);
    await addSample(address);
    const run = await train(address, 1);
    await until(async () => (await statusOf(address, run)) === 'succeeded', 120);
    const answer = await fetch(`${address}/predict`, { method: 'POST', body: 'She put the book.' });
    if (answer.status !== 200) throw new Error(`POST /predict answers ${answer.status}.`);
    console.log(`It trained and judged: ${await answer.text()}`);
    const second = await train(address, 3);
    await until(async () => (await statusOf(address, second)) === 'running', 30);
  } finally {
    service.kill('SIGTERM');
  }
  const end = await Promise.race([ended, wait(60_000, 'no end', { ref: false })]);
  if (end !== 0 && end !== 'SIGTERM') throw new Error(`After SIGTERM the service ended with ${end}.`);
  console.log(`It ended at SIGTERM (${end}).`);
}

async function healthCheck(app, env) {
  const child = spawn(process.execPath, ['health-check.mjs'], { cwd: app, env, stdio: 'ignore' });
  return (await new Promise((resolve) => child.once('close', resolve))) === 0;
}

/** The sample's files must be in the image. */
async function addSample(address) {
  const headers = { 'content-type': 'application/json' };
  for (const source of ['sample/train', 'sample/validation']) {
    const body = JSON.stringify({ source });
    const answer = await fetch(`${address}/datasets`, { method: 'POST', headers, body });
    if (answer.status !== 201)
      throw new Error(`POST /datasets with ${source} answers ${answer.status}: ${await answer.text()}`);
  }
}

async function train(address, epochs) {
  const rows = Array.from(
    { length: 60 },
    (_, row) => `${row % 2}\tShe put ${row} books${row % 2 ? ' there' : ''}.\n`,
  );
  const form = new FormData();
  form.set('file', new Blob(rows), 'rows.tsv');
  form.set('baseModel', 'tiny-bert');
  form.set('epochs', String(epochs));
  const answer = await fetch(`${address}/train`, { method: 'POST', body: form });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`POST /train answers ${answer.status}: ${text}`);
  return JSON.parse(text).id;
}

async function statusOf(address, run) {
  const { status, error } = await (await fetch(`${address}/train/${run}`)).json();
  if (status === 'failed') throw new Error(`The training failed: ${JSON.stringify(error)}`);
  return status;
}

async function until(holds, seconds) {
  for (const end = Date.now() + seconds * 1000; !(await holds()); await wait(250)) {
    if (Date.now() > end) throw new Error(`It took more than ${seconds} s.`);
  }
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    }),
  );
}
