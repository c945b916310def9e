import { readFileSync, writeFileSync } from 'node:fs';
import { configurationDocument } from './config/settings-table.js';

// Writes docs/configuration.md from the settings; with --check, fails where the file is not what would be written.

const file = new URL('../docs/configuration.md', import.meta.url);
const text = configurationDocument();
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (text !== readFileSync(file, 'utf8')) {
  console.error(
    'docs/configuration.md is not what the settings say. Run "npm run configuration" and commit the file.',
  );
  process.exitCode = 1;
}
