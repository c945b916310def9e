import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/set-up/command.mjs';
import { hasStamp, removeStamp, writeStamp } from '../../scripts/set-up/stamp.mjs';

const requirements = fileURLToPath(new URL('../peers/requirements.txt', import.meta.url));

/**
 * glibc's malloc returns large blocks to the system at once. The next step requests them again, and the
 * system clears them page by page. With these thresholds malloc keeps them.
 */
export const KEEPS_MEMORY = 'glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184';

/**
 * Of the settings that were tried (docs/performance.md), these made PyTorch fastest. Without glibc they have
 * no effect.
 */
export const PEER_ENVIRONMENT = { GLIBC_TUNABLES: KEEPS_MEMORY };

/**
 * Returns a Python with the modules that bench/peers needs: the given one, else one in a virtual environment
 * in `folder`, made with pip.
 * @param {string | undefined} given
 * @param {string} folder
 * @param {string[]} [modules] that a work needs besides PyTorch and transformers
 * @returns {Promise<string>} the interpreter
 */
export async function peerPython(given, folder, modules = []) {
  if (given) {
    const needed = ['torch', 'transformers', 'safetensors', ...modules].join(', ');
    await run(given, ['-c', `import ${needed}`], { label: given }).catch((error) => {
      throw new Error(
        `${error.message}\nGive --python an interpreter that has what ${requirements} lists, or none: then a virtual environment is made.`,
      );
    });
    return given;
  }
  const python = join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  const stamp = join(folder, '.wellformed.json');
  const content = { requirements: createHash('sha256').update(readFileSync(requirements)).digest('hex') };
  if (existsSync(python) && hasStamp(stamp, content)) return python;

  removeStamp(stamp);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.log(`Installing PyTorch for the comparison into ${folder} (several GB, once).`);
  await makeEnvironment(folder);
  await run(
    python,
    ['-m', 'pip', 'install', '--progress-bar=off', '--disable-pip-version-check', '-r', requirements],
    {
      label: 'pip install',
    },
  ).catch((error) => {
    throw new Error(
      `${error.message}\nPyTorch could not be installed. Point pip to an index that has it, or give --python an interpreter with it.`,
    );
  });
  writeStamp(stamp, content);
  return python;
}

async function makeEnvironment(folder) {
  const reasons = [];
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'venv', folder], { label: `${python} -m venv` });
      return;
    } catch (error) {
      reasons.push(error.message);
    }
  }
  throw new Error(
    `${reasons.join('\n')}\nThe comparison needs Python 3.10 or later with its venv module (on Debian: apt install python3-venv). ` +
      'Install it, or give --python an interpreter that has PyTorch and transformers.',
  );
}
