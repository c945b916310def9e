import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServiceClient } from './service-client.js';

export interface RunningService {
  /** Address without a trailing slash. */
  url: string;
  client: ServiceClient;
  /** The data folder. */
  data: string;
  pid: number;
  /** Resolves when the process has ended, with its exit code or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
  /** Output so far. */
  logs(): string;
  /**
   * Stops the process as an operator would (SIGTERM), and waits for it. Removes the data folder unless it was
   * given.
   */
  stop(): Promise<void>;
  /** Kills the process as a power cut would (SIGKILL). The data folder stays. */
  kill(): Promise<void>;
}

export interface ServiceOptions {
  /** Additional environment variables, for example `WELLFORMED_ENGINE`. */
  settings?: Record<string, string>;
  /** A data folder to use and keep. Default: a new one. */
  data?: string;
  /** A program with arguments that runs the service in an environment of its own: `['nsenter', …]`. */
  under?: readonly string[];
  /** Told the number of the process at once: to kill it before it listens. */
  onProcess?: (pid: number) => void;
}

/**
 * Starts the built service in a separate process on a free port.
 * @throws with its output, if it does not start
 */
export async function startServiceProcess({
  settings = {},
  data,
  under = [],
  onProcess,
}: ServiceOptions = {}): Promise<RunningService> {
  const folder = data ?? mkdtempSync(path.join(tmpdir(), 'wellformed-test-'));
  const child = spawnServiceProcess({ WELLFORMED_DATA: folder, WELLFORMED_PORT: '0', ...settings }, under);
  const exited = once(child, 'exit');
  onProcess?.(child.pid!);
  let logs = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      logs += chunk.toString();
      const [, found] = /Listening on (http:\/\/[^\s,"]+)/.exec(logs) ?? [];
      if (found) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then(([code]) => reject(new Error(`The service ended with ${code}:\n${logs}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
  };
  return {
    url,
    client: new ServiceClient(url),
    data: folder,
    pid: child.pid!,
    exited: exited.then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
    logs: () => logs,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGTERM');
      if (data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs the built service until it ends by itself, for starts that must fail. */
export async function runServiceProcess(
  settings: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawnServiceProcess(settings);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

function spawnServiceProcess(settings: Record<string, string>, under: readonly string[] = []) {
  // TEST_DIST names another build.
  const main = path.resolve(process.env.TEST_DIST ?? 'dist', 'main.js');
  if (!existsSync(main)) throw new Error(`${main} is missing: build first, with "npx nest build".`);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WELLFORMED_'));
  const [program, ...args] = [...under, process.execPath, main];
  return spawn(program!, args, {
    // Use the engine that starts faster. Tests of an engine name it.
    env: { ...Object.fromEntries(inherited), WELLFORMED_ENGINE: 'wasm', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
