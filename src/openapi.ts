import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from './app.js';
import { readSettings } from './config/read-settings.js';
import { createDocument } from './documentation.js';

// Writes openapi/openapi.json from the code. With --check, it fails if the file is out of date.

const file = new URL('../openapi/openapi.json', import.meta.url);
const data = mkdtempSync(path.join(tmpdir(), 'wellformed-openapi-'));
try {
  const { settings } = readSettings({ WELLFORMED_DATA: data });
  const app = await createApp(settings, { quiet: true });
  await app.init();
  const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
  await app.close();
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (text !== readFileSync(file, 'utf8')) {
    console.error(
      'openapi/openapi.json is not what the code says. Run "npm run openapi" and commit the file.',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(data, { recursive: true });
}
