import { readFileSync, writeFileSync } from 'node:fs';
import { configurationDocument } from './config/settings-table.js';
import { hyperparametersDocument } from './training/hyperparameters-document.js';

// Writes the reference pages from the code. With --check, it fails if a file is out of date.

const pages = {
  'docs/configuration.md': configurationDocument(),
  'docs/hyperparameters.md': hyperparametersDocument(),
};
for (const [page, text] of Object.entries(pages)) {
  const file = new URL(`../${page}`, import.meta.url);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (text !== readFileSync(file, 'utf8')) {
    console.error(`${page} is not what the code declares. Run "npm run reference" and commit the file.`);
    process.exitCode = 1;
  }
}
