// Shared by screenshots, tests and benchmarks of the page: the system's Chromium, and measurements of the
// built page.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { root } from './set-up/places.mjs';

/** Undefined if Chromium is not installed. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);

export const chromiumMissing = 'There is no Chromium. Install it, for example with apt-get install chromium.';

export function launchChromium() {
  if (!chromiumPath) throw new Error(chromiumMissing);
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * Records faults of a page: errors, violations of its policy (they appear as console errors), and requests to
 * other places than `url`.
 */
export function noteFaults(page, url, faults) {
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url()))
      faults.push(`asks ${request.url()}`);
  });
}

/** Gzipped size of the built page in bytes: scripts and style of the first view, and all scripts. */
export function pageSizes() {
  const built = join(root, 'dist', 'web');
  const html = readFileSync(join(built, 'index.html'), 'utf8');
  const sizes = readdirSync(join(built, 'assets'))
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => ({
      isScript: name.endsWith('.js'),
      isFirst: html.includes(name),
      bytes: gzipSync(readFileSync(join(built, 'assets', name))).length,
    }));
  const sum = (isWanted) => sizes.filter(isWanted).reduce((total, { bytes }) => total + bytes, 0);
  return {
    html,
    firstScripts: sum(({ isScript, isFirst }) => isScript && isFirst),
    firstStyles: sum(({ isScript, isFirst }) => !isScript && isFirst),
    allScripts: sum(({ isScript }) => isScript),
  };
}
