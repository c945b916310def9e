import { spawn } from 'node:child_process';
import { lockDescriptor } from './lock.mjs';

/**
 * Runs a command with a line of progress. Its output is only shown if it fails. The command has its own
 * process group, so that a time limit or the end of the set-up stops all of its processes.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {string} [options.label] name in the progress line
 * @param {number} [options.limitSeconds] time limit
 * @param {() => number} [options.bytes] returns the number of bytes written so far, for the progress line and `stallSeconds`
 * @param {number} [options.stallSeconds] longest time without `bytes` growing
 * @returns {Promise<string>} its standard output
 * @throws {Error} if the exit code is not 0, or a limit is exceeded. The message ends with its last lines of output.
 */
export function run(command, args, options = {}) {
  const { cwd, env, label = command, limitSeconds = Infinity, bytes, stallSeconds = Infinity } = options;
  return new Promise((resolve, reject) => {
    const descriptor = lockDescriptor();
    const child = spawn(command, args, {
      cwd,
      env,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
    });
    running.add(child);
    const output = { out: '', tail: '' };
    child.stdout.on('data', (chunk) => {
      output.out += chunk;
      output.tail = (output.tail + chunk).slice(-8000);
    });
    child.stderr.on('data', (chunk) => (output.tail = (output.tail + chunk).slice(-8000)));

    const progress = startProgress(label, bytes);
    let reason;
    const watch = setInterval(() => {
      const { seconds, secondsWithoutGrowth } = progress.tick();
      if (seconds > limitSeconds) reason = `took longer than ${limitSeconds} s`;
      else if (secondsWithoutGrowth > stallSeconds) reason = `made no progress for ${stallSeconds} s`;
      if (reason) killGroup(child);
    }, 1000);

    const end = (error) => {
      clearInterval(watch);
      progress.end();
      running.delete(child);
      if (error) reject(error);
      else resolve(output.out);
    };
    child.once('error', (error) => end(new Error(`${label} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0 && !reason) return end();
      reason ??= code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
      const tail = output.tail.trim();
      end(new Error(`${label} ${reason}${tail ? `; it said:\n${indent(tail)}` : ''}`));
    });
  });
}

/** Runs a command in the foreground with our own input and output. Signals reach it. Resolves to its exit code. */
export function runInForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const passOn = (signal) => child.kill(signal);
    for (const signal of endings) process.on(signal, passOn);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const ending of endings) process.off(ending, passOn);
      resolve(code ?? 128 + signalNumbers[signal]);
    });
  });
}

/** Makes signals stop the set-up and its child processes. Returns a function that undoes this. */
export function endChildrenOnSignals() {
  const stop = (signal) => {
    for (const child of running) killGroup(child);
    process.exit(128 + signalNumbers[signal]);
  };
  for (const signal of endings) process.on(signal, stop);
  return () => endings.forEach((signal) => process.off(signal, stop));
}

/** Shows a line with the elapsed time and the amount of data. On a terminal the line is updated in place. */
export function startProgress(label, bytes = () => 0) {
  const started = Date.now();
  let lastSize = 0;
  let lastGrowth = started;
  let lastLine = started;
  const terminal = process.stdout.isTTY;
  return {
    tick() {
      const now = Date.now();
      const size = bytes();
      if (size > lastSize) lastGrowth = now;
      lastSize = size;
      if (terminal || now - lastLine >= 10_000) {
        lastLine = now;
        const text = `      ${label}: ${Math.round((now - started) / 1000)} s${size ? `, ${megabytes(size)}` : ''}`;
        process.stdout.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
      }
      return { seconds: (now - started) / 1000, secondsWithoutGrowth: (now - lastGrowth) / 1000 };
    },
    end() {
      if (terminal) process.stdout.write('\r\x1b[K');
    },
  };
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

export function indent(text) {
  return text.replace(/^/gm, '      | ');
}

const running = new Set();
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGABRT: 6, SIGTERM: 15 };

function killGroup(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}
