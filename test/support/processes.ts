import { readdirSync, readFileSync } from 'node:fs';

/** Numbers of the processes that a process has started and that still run. Linux only. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))?.parent === pid)
    .map(Number)
    .filter(isRunning);
}

/** A process that has ended but whose end nobody has asked about (a zombie) does not. */
export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [, state, parent] = /^\d+ \(.*\) (\w) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
