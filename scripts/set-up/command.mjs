import { spawn } from 'node:child_process';
import { lockDescriptor } from './lock.mjs';

/**
 * Runs a command quietly, with a line of progress while it lasts; its output is shown only if it fails. It runs in a process group
 * of its own, so that a time limit, or the end of the set-up, ends all of it.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {string} [options.label] what the progress line calls it
 * @param {number} [options.limitSeconds] longest time in all
 * @param {() => number} [options.bytes] how much it has written so far, for the progress line and `stallSeconds`
 * @param {number} [options.stallSeconds] longest time without `bytes` growing
 * @returns {Promise<string>} its standard output
 * @throws {Error} if it exits with anything but 0 or ran past a limit; the message ends with the last lines it printed
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

/** Runs a command in the foreground, with our own input and output; signals pass through. Resolves to its exit code. */
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

/** While a set-up works, a signal ends it and all that it started. Returns a function that undoes this. */
export function endChildrenOnSignals() {
  const stop = (signal) => {
    for (const child of running) killGroup(child);
    process.exit(128 + signalNumbers[signal]);
  };
  for (const signal of endings) process.on(signal, stop);
  return () => endings.forEach((signal) => process.off(signal, stop));
}

/** A line that says how long something has been going on and how much it has brought; rewritten in place on a terminal. */
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
    // It has ended already.
  }
}
