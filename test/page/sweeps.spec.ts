import { rmSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import {
  browserPath,
  expectAccessible,
  expectNoSidewaysScrolling,
  openPage,
  startBrowser,
} from './browser.js';

/* A sweep on the page, from its form to its best model. */

describe.skipIf(!browserPath)('a sweep on the page', () => {
  let data: string;
  let service: RunningService;
  let browser: Browser;
  beforeAll(async () => {
    data = (await seededFolder()).path;
    service = await startServiceProcess({ data });
    await service.client.uploadPractice(200, 3);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  it('is asked for, watched, paused, and shows what it found', { timeout: 180_000 }, async () => {
    const { page, faults } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/sweeps`);
    await page.getByRole('link', { name: 'Start a sweep' }).first().click();
    await page.getByLabel('Base model').fill('tiny-bert');
    // The form begins with the article's grid.
    expect(await page.getByLabel('learningRate', { exact: true }).inputValue()).toBe('5e-5, 3e-5, 2e-5');
    await page.getByRole('button', { name: 'Check and estimate' }).click();
    await page.getByText('18 of 18 combinations').waitFor({ timeout: 60_000 });

    // A mistake is told in the service's words.
    await page.getByLabel('learningRate', { exact: true }).fill('1e-5 to 1e-4 log');
    await page.getByRole('button', { name: 'Start a sweep' }).click();
    await page.locator('.problem', { hasText: 'a grid needs lists' }).waitFor();

    await page.getByLabel('learningRate', { exact: true }).fill('1e-2, 1e-4');
    await page.getByLabel('epochs', { exact: true }).fill('1');
    await page.getByLabel('batchSize', { exact: true }).fill('4, 8');
    await page.getByLabel('name', { exact: true }).fill('small search');
    await page.getByLabel('promote').selectOption('never');
    await expectAccessible(page, 'new sweep');
    await page.getByRole('button', { name: 'Start a sweep' }).click();
    await page.waitForURL(/#\/sweeps\/swp_/);
    await page.getByRole('heading', { name: 'small search' }).waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('.status.paused').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('4 of 4 runs have ended').waitFor({ timeout: 120_000 });
    await page.locator('.status.succeeded').waitFor();

    const id = page.url().split('/').at(-1)!;
    const { combinations } = await service.client.api.sweeps.results({ path: { id } });
    const [best] = combinations;
    const shown = page.locator('tr.best');
    await expect.poll(() => shown.innerText()).toContain(best!.mcc!.toFixed(3).replace('-', '−'));
    const cells = page.locator('.heat tbody td');
    expect(await cells.count()).toBe(4);
    const row = String(best!.hyperparameters.learningRate === 1e-2 ? '0.01' : '1e-4');
    const hottest = page
      .locator('.heat tbody tr', { has: page.getByRole('rowheader', { name: row }) })
      .locator('.heat-4');
    expect(await hottest.first().innerText()).toContain(best!.mcc!.toFixed(3).replace('-', '−'));
    await page.getByRole('heading', { name: /^batchSize/ }).waitFor();
    await expectAccessible(page, 'sweep');
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNoSidewaysScrolling(page, 'sweep');
    await page.setViewportSize({ width: 1280, height: 720 });

    await page.getByRole('link', { name: 'Show the best model' }).click();
    await page.getByRole('heading', { name: 'small search' }).waitFor();
    await page.goto(`${service.url}/#/sweeps`);
    await page.getByRole('link', { name: 'small search' }).waitFor();
    await expectAccessible(page, 'sweeps');
    // The browser notes the mistake that was made above.
    expect(faults.filter((fault) => !fault.includes('422'))).toEqual([]);
    await page.close();
  });

  it('halves, and shows how far each trial has come', { timeout: 180_000 }, async () => {
    const { page, faults } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/sweeps/new`);
    await page.getByLabel('method', { exact: true }).selectOption('successive-halving');
    expect(await page.getByLabel('epochs', { exact: true }).inputValue()).toBe('4');
    await page.getByLabel('method', { exact: true }).selectOption('grid');
    expect(await page.getByLabel('epochs', { exact: true }).inputValue()).toBe('2, 3, 4');
    await page.getByLabel('method', { exact: true }).selectOption('successive-halving');
    await page.getByLabel('Base model').fill('tiny-bert');
    await page.getByLabel('learningRate', { exact: true }).fill('1e-2, 1e-3, 1e-4');
    await page.getByLabel('batchSize', { exact: true }).fill('8');
    await page.getByLabel('promote').selectOption('never');
    await page.getByRole('button', { name: 'Start a sweep' }).click();
    await page.waitForURL(/#\/sweeps\/swp_/);
    await page.getByText('after epochs 1, 2; one of 2 goes on').waitFor();
    await page.getByText('3 of 3 runs have ended').waitFor({ timeout: 120_000 });
    const rungs = await page.locator('tbody tr', { has: page.locator('a[href*="run_"]') }).allInnerTexts();
    expect(rungs[0]).toContain('trained to its end');
    expect(rungs.filter((text) => /ended at rung [12], [12] epochs?/.test(text))).toHaveLength(2);
    await expectAccessible(page, 'halving');
    expect(faults).toEqual([]);
    await page.close();
  });
});
