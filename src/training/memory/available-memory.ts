import { freemem, totalmem } from 'node:os';
import path from 'node:path';
import { controlGroups, readText, type ControlGroup } from '../../bert/serving/control-groups.js';

/** In bytes. */
export interface Memory {
  /** What this process and those beside it may use in all. */
  total: number;
  /** What can still be taken of it before the system ends a process. */
  left: number;
}

/**
 * The memory of this machine, or of the tightest control group around this process: containers and services are limited so. What the
 * system can give back at once (copies of files that nobody has mapped) counts as left. Swap space does not.
 * @param root the file system, for tests.
 */
export function availableMemory(root = '/'): Memory {
  const limits = controlGroups('memory', root).map(limitOf);
  const known = [memoryOfMachine(root), ...limits.filter((limit) => limit !== undefined)];
  return {
    total: Math.min(...known.map(({ total }) => total)),
    left: Math.max(0, Math.min(...known.map(({ left }) => left))),
  };
}

function memoryOfMachine(root: string): Memory {
  const facts = readText(path.join(root, 'proc/meminfo')) ?? '';
  const kibibytes = (name: string) => new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(facts)?.[1];
  const [total, left] = [kibibytes('MemTotal'), kibibytes('MemAvailable')];
  if (total === undefined || left === undefined) return { total: totalmem(), left: freemem() };
  return { total: 1024 * Number(total), left: 1024 * Number(left) };
}

const FILES = {
  1: { limits: ['memory.limit_in_bytes'], used: 'memory.usage_in_bytes', prefix: 'total_' },
  2: { limits: ['memory.max', 'memory.high'], used: 'memory.current', prefix: '' },
};

/** Undefined where the group has no limit: then it is "max", in version 1 a number beyond all memory. */
function limitOf({ version, folder }: ControlGroup): Memory | undefined {
  const read = (name: string) => readText(path.join(folder, name));
  const { limits, used, prefix } = FILES[version];
  const total = Math.min(
    ...limits.map((name) => Number(read(name) ?? NaN)).filter((limit) => limit < 2 ** 60),
  );
  const use = Number(read(used) ?? NaN);
  if (!Number.isFinite(total) || !Number.isFinite(use)) return undefined;
  const statistics = read('memory.stat') ?? '';
  const bytes = (name: string) =>
    Number(new RegExp(`^${prefix}${name} (\\d+)$`, 'm').exec(statistics)?.[1] ?? 0);
  // What is mapped (the weights of the models that serve) is wanted, though it could be read again. Version 1 calls it `mapped_file`.
  const mapped = bytes(version === 1 ? 'mapped_file' : 'file_mapped');
  const cached = bytes('inactive_file') + bytes('active_file') + bytes('slab_reclaimable');
  return { total, left: total - use + Math.max(0, cached - mapped) };
}
