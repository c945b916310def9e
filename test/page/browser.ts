import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Of the system; undefined where there is none. */
export const browserPath = PLACES.find((path) => existsSync(path));

if (!browserPath) {
  const message =
    'The tests of the page are skipped: there is no Chromium. Install it, for example with apt-get install chromium.';
  if (process.env.WELLFORMED_REQUIRE_BROWSER === '1') throw new Error(message);
  console.warn(message);
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath!,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page that keeps what must not happen: errors, violations of its policy, requests to other places. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
) {
  const page: Page = await browser.newPage(options);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url()))
      faults.push(`asks ${request.url()}`);
  });
  return { page, faults };
}
