import { spawnSync } from 'node:child_process';

/**
 * Whether a program is there and does something. Where it is not, tests that need it are to be skipped (`describe.skipIf`), and how to
 * get it is told once.
 *
 * @param args of a call that must succeed, for example `['--version']`
 * @param advice how to get it, as a sentence
 */
export function hasProgram(program: string, args: string[], advice: string): boolean {
  const { error, status } = spawnSync(program, args, { stdio: 'ignore', timeout: 60_000 });
  const works = error === undefined && status === 0;
  if (!works) console.warn(`Tests are skipped, for want of \`${program} ${args.join(' ')}\`. ${advice}`);
  return works;
}

/** JavaScript without types, hence the name in a variable. */
const maker = new URL('../../../scripts/manifests/python-tools.mjs', import.meta.url).href;

export interface PythonTools {
  /** The path of a program of the environment, `python` among them. */
  program(name: string): string;
}

/**
 * Programs of the Python package index, in an environment under `.engine/` that is made once.
 *
 * @param name of the environment
 * @param requirements with versions, as pip takes them
 * @returns undefined where they cannot be had, which is told: the tests are to be skipped
 */
export async function pythonTools(name: string, requirements: string[]): Promise<PythonTools | undefined> {
  const { pythonTools: make } = (await import(maker)) as {
    pythonTools(requirements: string[], name: string): Promise<PythonTools | undefined>;
  };
  const tools = await make(requirements, name);
  if (!tools) {
    console.warn(
      `Tests are skipped, for want of ${requirements.join(', ')}. Install Python 3 with venv and pip, and let pip reach a package index.`,
    );
  }
  return tools;
}
