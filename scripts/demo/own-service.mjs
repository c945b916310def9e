import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setUp } from '../set-up/index.mjs';
import { root } from '../set-up/places.mjs';

/**
 * Starts a service as `npm start` does, for this machine alone and on a free port.
 *
 * @param {string} data its data folder
 * @param {(error: Error) => void} onEnd is told if it ends before it is stopped
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 * @throws {Error} with what it said, where it does not start
 */
export async function startOwnService(data, onEnd) {
  // Here, where its progress is seen; the service then finds nothing to do.
  await setUp();
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], {
    // Of another process group: Ctrl+C is for the demo, which cancels its run before it ends the service.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      WELLFORMED_DATA: data,
      WELLFORMED_HOST: '127.0.0.1',
      WELLFORMED_PORT: '0',
      WELLFORMED_LOG_LEVEL: 'info',
      // What npm starts ends with its parent, even where that is killed.
      npm_lifecycle_event: 'start',
    },
  });
  const exited = once(child, 'exit');
  let stopping = false;
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
  };
  let log = '';
  const url = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      log = (log + chunk).slice(-20_000);
      const [, address] = /Listening on (http:\/\/[^\s,"]+)/.exec(log) ?? [];
      if (address) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', (code, signal) => {
      const said = log.trim().split('\n').slice(-15).join('\n');
      const error = new Error(`The service has ended (${signal ?? `exit code ${code}`}). It said:\n${said}`);
      reject(error);
      if (!stopping) onEnd(error);
    });
  });
  return { url, stop };
}
