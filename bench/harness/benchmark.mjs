import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineFolder, root } from '../../scripts/set-up/places.mjs';
import { peerPython } from './peer.mjs';
import { killProgramsAtExit } from './programs.mjs';
import { commit, machine, resultRow } from './report.mjs';

/** The folder for models, rows and the Python of the benchmarks. */
export const folder = join(engineFolder, 'bench');

/**
 * A comparison with PyTorch. It runs works one after another, prints a table of the results, and writes it to
 * the file of `--out`.
 */
export class Benchmark {
  rows = [];
  remarks = [];
  versions = { node: process.versions.node };
  machine = machine();
  failed = false;
  python;

  /**
   * The function that measures each kind of work.
   * @type {Record<string, (work: object) => Promise<void>>}
   */
  measures;
  /**
   * Python modules that the peer needs besides PyTorch and transformers.
   * @type {string[]}
   */
  peerModules = [];
  /** @type {(rows: object[]) => string} */
  table;

  /**
   * @param {object} options
   * @param {{kind: string, name: string}[]} works
   */
  constructor(options, works) {
    if (works.length === 0) throw new Error('No work has these words in its name.');
    this.options = options;
    this.works = works;
    mkdirSync(folder, { recursive: true });
  }

  /** Preparation that takes time and is not measured. */
  async prepare() {}

  /** @returns {Promise<boolean>} whether all works were measured completely */
  async run() {
    killProgramsAtExit();
    const started = Date.now();
    this.python = await peerPython(this.options.python, join(folder, 'python'), this.peerModules);
    const measuring = Date.now();
    await this.prepare();
    for (const work of this.works) await this.#attempt(work);
    console.log(`\n${this.table(this.rows)}\n`);
    for (const remark of this.remarks) console.log(remark);
    console.log(
      `Measured in ${secondsSince(measuring)}, with everything before it in ${secondsSince(started)}.`,
    );
    if (this.options.out) {
      const { versions, rows, remarks } = this;
      const report = { machine: this.machine, versions, commit: commit(root), rows, remarks };
      writeFileSync(this.options.out, `${JSON.stringify(report, null, 2)}\n`);
      console.log(`Written to ${this.options.out}.`);
    }
    return !this.failed;
  }

  /** Runs one work. If it fails, for example for lack of memory, the others still run. */
  async #attempt(work) {
    console.log(`${work.name} …`);
    try {
      await this.measures[work.kind](work);
    } catch (error) {
      this.failed = true;
      this.remarks.push(`FAILED: ${work.name}: ${error.stack}`);
    }
  }

  /** @param {Parameters<typeof resultRow>[0]} result */
  add(result) {
    const row = resultRow(result);
    this.rows.push(row);
    const { work, ours, peer, against, unit, reach, met } = row;
    const other = peer === null ? '' : `, ${against} ${peer} ${unit}`;
    const verdict = met === null ? '' : ` (reach ${reach}: ${met ? 'yes' : 'NO'})`;
    console.log(`  ${work}: ours ${ours} ${unit}${other}: ${row.result}${verdict}`);
  }

  tell(remark) {
    this.remarks.push(remark);
    console.log(remark);
  }

  leaveOut(name, reason) {
    this.remarks.push(`Left out: ${name}: ${reason}.`);
  }
}

function secondsSince(time) {
  return `${Math.round((Date.now() - time) / 1000)} s`;
}
