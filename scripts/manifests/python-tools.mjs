import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../set-up/command.mjs';
import { engineFolder } from '../set-up/places.mjs';
import { hasStamp, removeStamp, writeStamp } from '../set-up/stamp.mjs';
import { works } from '../set-up/toolchain.mjs';

/**
 * Installs programs from the Python package index into a virtual environment under `.engine/`, once for these
 * versions.
 * @param {string[]} requirements in pip's syntax
 * @param {string} name of the environment. Each list of requirements needs its own.
 * @returns {Promise<{ program(name: string): string } | undefined>} undefined if they are not available
 */
export async function pythonTools(requirements, name = 'checks') {
  const folder = join(engineFolder, name);
  const stamp = join(folder, 'stamp.json');
  const tools = { program: (name) => join(folder, 'bin', name) };
  if (hasStamp(stamp, { requirements }) && existsSync(tools.program('python'))) return tools;
  if (process.platform === 'win32' || !(await works('python3', ['-c', 'import venv, ensurepip'])))
    return undefined;
  removeStamp(stamp);
  rmSync(folder, { recursive: true, force: true });
  try {
    await run('python3', ['-m', 'venv', folder], { label: 'python3 -m venv' });
    const options = ['--quiet', '--only-binary=:all:', '--disable-pip-version-check'];
    await run(tools.program('pip'), ['install', ...options, ...requirements], {
      label: `pip install ${requirements.join(' ')}`,
      limitSeconds: 600,
    });
  } catch (error) {
    console.log(`      ${error.message}`);
    return undefined;
  }
  writeStamp(stamp, { requirements });
  return tools;
}
