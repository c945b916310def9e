import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setUp } from '../set-up/index.mjs';
import { root } from '../set-up/places.mjs';

/**
 * Starts a service like `npm start`, reachable from this machine only and on a free port.
 *
 * @param {string} data its data folder
 * @param {(error: Error) => void} onEnd is called if the service ends before it is stopped
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 * @throws {Error} with its output, if it does not start
 */
export async function startOwnService(data, onEnd) {
  // Set up here, so that the progress is visible. The service then has nothing to set up.
  await setUp();
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], {
    // Use another process group, so that Ctrl+C only reaches the demo. The demo cancels its run before it
    // stops the service.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      WELLFORMED_DATA: data,
      WELLFORMED_HOST: '127.0.0.1',
      WELLFORMED_PORT: '0',
      WELLFORMED_LOG_LEVEL: 'info',
      // With this variable the service ends when its parent ends, even if the parent is killed.
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
