// npm run dev: compiles and restarts the service after each change, and reloads the page in place. Ctrl+C
// stops both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const { nodeModules, root } = await import('./set-up/places.mjs');
  await setUp();
  const start = (program, ...args) =>
    spawn(process.execPath, [join(nodeModules, program), ...args], { cwd: root, stdio: 'inherit' });
  const both = [
    start('@nestjs/cli/bin/nest.js', 'start', '--watch', '--preserveWatchOutput'),
    start('vite/bin/vite.js', '--config', 'web/vite.config.ts', '--clearScreen', 'false'),
  ];
  // A terminal sends Ctrl+C to all three processes, so each stops by itself.
  process.on('SIGINT', () => undefined);
  const [code] = await Promise.race(both.map((child) => once(child, 'exit')));
  for (const child of both) child.kill('SIGTERM');
  return code ?? 0;
});
