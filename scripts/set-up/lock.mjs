import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './places.mjs';
import { sha256 } from './stamp.mjs';

/**
 * Takes the lock of a checkout, so that only one set-up runs at a time. A second one waits. The lock is a
 * listening socket, so it ends with its holders, however they end. Children inherit it (`lockDescriptor`): if
 * a killed set-up leaves a child running, such as `npm ci`, the lock stays until the child ends.
 *
 * @returns a function that releases the lock
 */
export async function takeLock(name = `wellformed-${sha256(root).slice(0, 16)}`) {
  const address = addressOf(name);
  for (let waiting = false; ; waiting = true) {
    server = await listen(address);
    if (server) break;
    if (!waiting)
      console.log(
        'Another set-up, or what an interrupted one left running, works in this checkout: waiting for it to end.',
      );
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (process.platform !== 'linux' && process.platform !== 'win32') await sweepDeadSocket(address);
  }
  server.unref();
  return () => {
    server.close();
    server = undefined;
  };
}

/** The file descriptor of the held lock, for children to inherit; undefined if the platform has none. */
export function lockDescriptor() {
  const descriptor = server?._handle?.fd;
  return descriptor > 0 ? descriptor : undefined;
}

let server;

function addressOf(name) {
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

function listen(address) {
  return new Promise((resolve, reject) => {
    const candidate = createServer((visitor) => visitor.destroy());
    candidate.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    candidate.listen(address, () => resolve(candidate));
  });
}

/** Removes a dead socket. On systems other than Linux and Windows the socket is a file that outlives its holder. */
function sweepDeadSocket(address) {
  return new Promise((resolve) => {
    const visitor = connect(address);
    visitor.once('connect', () => resolve(visitor.destroy()));
    visitor.once('error', (error) => {
      if (error.code === 'ECONNREFUSED') rmSync(address, { force: true });
      resolve();
    });
  });
}
