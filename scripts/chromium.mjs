// The system's Chromium, as screenshots, tests and benchmarks of the page start it.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Undefined where there is none. */
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
