// node scripts/screenshots.mjs FOLDER [URL]: takes pictures of each view of a running service's page, in
// light and dark, at desktop and phone width.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumMissing, chromiumPath, launchChromium } from './chromium.mjs';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

const [folder, url = 'http://127.0.0.1:3000'] = process.argv.slice(2);
if (!folder || !chromiumPath) {
  console.error(folder ? chromiumMissing : 'Usage: node scripts/screenshots.mjs FOLDER [URL]');
  process.exit(1);
}
mkdirSync(folder, { recursive: true });

const idsOf = async (path) => (await (await fetch(new URL(path, url))).json()).items.map(({ id }) => id);
const [[dataset], runs, [model], [sweep]] = await Promise.all(
  ['/datasets', '/train', '/models', '/sweeps'].map(idsOf),
);
const [run] = runs;
const sentences = new URLSearchParams({
  s: 'The cat sat on the mat.\nThe cat sat on mat the.\nShe gave the the dog a bone.',
});
const views = {
  try: `try?${sentences}`,
  score: 'score',
  data: 'data',
  ...(dataset && { dataset: `data/${dataset}` }),
  train: 'train',
  runs: 'runs',
  ...(run && { run: `runs/${run}` }),
  ...(runs.length >= 2 && { compare: `runs/compare?ids=${runs.slice(0, 3).join()}` }),
  sweeps: 'sweeps',
  'new-sweep': 'sweeps/new',
  ...(sweep && { sweep: `sweeps/${sweep}` }),
  models: 'models',
  ...(model && { model: `models/${model}` }),
  aliases: 'aliases',
  system: 'system',
};

const browser = await launchChromium();
for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const page = await browser.newPage({ colorScheme, viewport });
    page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
    page.on('pageerror', (error) => console.error(error));
    for (const [name, hash] of Object.entries(views)) {
      await page.goto(`${url}/#/${hash}`);
      await page.waitForSelector('h1');
      await page.waitForTimeout(1200);
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
    }
    await page.close();
  }
}
await browser.close();
