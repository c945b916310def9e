import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromiumMissing, chromiumPath, launchChromium, noteFaults } from '../../scripts/chromium.mjs';

/** Of the system; undefined where there is none. */
export const browserPath = chromiumPath;

if (!browserPath) {
  const message = `The tests of the page are skipped: ${chromiumMissing}`;
  if (process.env.WELLFORMED_REQUIRE_BROWSER === '1') throw new Error(message);
  console.warn(message);
}

export const startBrowser: () => Promise<Browser> = launchChromium;

/** A page that keeps what must not happen: errors, violations of its policy, requests to other places. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
) {
  const page: Page = await browser.newPage(options);
  const faults: string[] = [];
  noteFaults(page, url, faults);
  return { page, faults };
}

/** Waits until all that a view is made of has come and is drawn. */
export async function untilShown(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  const drawn = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))`;
  await page.evaluate(drawn);
  await page.locator('main[aria-busy=false], main:not([aria-busy])').waitFor({ timeout: 20_000 });
  await page.evaluate(drawn);
}

/** What axe-core finds in a page, in light and in dark. */
export async function expectAccessible(page: Page, view: string): Promise<void> {
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<import('axe-core').AxeResults> } }).axe.run(),
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    expect([view, colorScheme, found]).toEqual([view, colorScheme, []]);
  }
}

/** A view is never wider than the window. */
export async function expectNoSidewaysScrolling(page: Page, view: string): Promise<void> {
  // Charts take their new width in the frame after the window has it.
  const wide = () =>
    page.evaluate<number>(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
  await expect.poll(wide, { message: view, timeout: 5000 }).toBe(0);
}
