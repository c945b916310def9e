// npm run set-up [-- STEP …] [--require-native]: does the steps named, or all; tries again for native TensorFlow where an
// earlier set-up found none. With --require-native it fails if there is none still.
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const requireNative = process.argv.includes('--require-native');
  const only = process.argv.slice(2).filter((argument) => argument !== '--require-native');
  await setUp({ only, requireNative, retryEngine: true });
});
