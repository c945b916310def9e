import { rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageSizes } from '../../scripts/chromium.mjs';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import type { RunComparisonDto } from '../../src/training/dto/run-comparison.dto.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import {
  browserPath,
  expectAccessible,
  expectNoSidewaysScrolling,
  openPage,
  startBrowser,
  untilShown,
} from './browser.js';

/* The built page, in a real browser, over the built service. */

describe('the files of the page', () => {
  it('are small', () => {
    const { html, firstScripts, firstStyles, allScripts } = pageSizes();
    expect(firstScripts).toBeLessThan(45_000);
    expect(firstStyles).toBeLessThan(10_000);
    expect(allScripts).toBeLessThan(110_000);
    // Nothing stands in the page that its policy would not allow.
    expect(html).not.toMatch(/<style|<script>|onload=|style="/);
  });
});

describe.skipIf(!browserPath)('the page', () => {
  let data: string;
  let service: RunningService;
  let browser: Browser;
  let views: Record<string, string>;
  /** Ids of both runs, as an address has them. */
  let compared: string;

  beforeAll(async () => {
    data = (await seededFolder()).path;
    service = await startServiceProcess({ data });
    browser = await startBrowser();
    const idsOf = async (list: string) =>
      (await service.client.json<{ items: { id: string }[] }>(200, 'GET', list)).items.map(({ id }) => id);
    for (const [name, learningRate] of Object.entries({ slow: '1e-5', fast: '2e-3' })) {
      const told = { name, learningRate, baseModel: 'tiny-bert', promote: 'never' };
      const asked = { ...told, epochs: '4', batchSize: '16', validationFraction: '0.3' };
      const form = formOf(practiceRows(400, 1), asked);
      await fetch(`${service.url}/train`, { method: 'POST', body: form });
    }
    const [datasets, runs, models] = await Promise.all(['/datasets', '/train', '/models'].map(idsOf));
    const [dataset, run, model] = [datasets![0], runs![0], models![0]];
    compared = runs!.reverse().join();
    views = {
      Try: 'try',
      'Score a file': 'score',
      Data: 'data',
      Dataset: `data/${dataset}`,
      Train: 'train',
      Runs: 'runs',
      Run: `runs/${run}`,
      Compare: `runs/compare?ids=${compared}`,
      Models: 'models',
      Model: `models/${model}`,
      Aliases: 'aliases',
      System: 'system',
    };
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  async function show(page: Page, hash: string): Promise<void> {
    await page.goto(`${service.url}/#/${hash}`);
    await untilShown(page);
  }

  it('has no fault in any view, for eyes and for machines, and fits on a telephone', async () => {
    const { page, faults } = await openPage(browser, service.url);
    for (const [name, hash] of Object.entries(views)) {
      await show(page, hash);
      await expectAccessible(page, name);
      await page.setViewportSize({ width: 320, height: 640 });
      await expectNoSidewaysScrolling(page, name);
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  it('judges sentences as they are typed, and explains them', async () => {
    const { page, faults } = await openPage(browser, service.url);
    await show(page, 'try');
    const judged = page.waitForResponse((response) => response.url().endsWith('/predict'));
    await page
      .getByLabel('Sentences, one on each line')
      .fill('The cat sat on the mat.\nMat the on sat cat the.');
    expect((await judged).status()).toBe(200);
    const verdicts = page.locator('.judgement');
    await expect.poll(() => verdicts.count()).toBe(2);
    const answer = (await (await judged).json()) as { predictions: { acceptable: boolean; score: number }[] };
    for (const [index, { acceptable, score }] of answer.predictions.entries()) {
      const width = async (part: string) => (await verdicts.nth(index).locator(part).boundingBox())!.width;
      expect((await width('.bar span')) / (await width('.bar'))).toBeCloseTo(score, 1);
      expect(await verdicts.nth(index).locator('.verdict').getAttribute('class')).toContain(
        acceptable ? 'good' : 'bad',
      );
    }
    await verdicts.first().click();
    await expect.poll(() => page.locator('.explanation .word').count()).toBeGreaterThan(5);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('compares runs while they train, and says which is better once they have', async () => {
    const { page, faults } = await openPage(browser, service.url);
    await show(page, 'runs');
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.getByRole('link', { name: 'Compare 2 runs' }).click();
    await page.getByRole('row', { name: /^learningRate/ }).waitFor();

    const comparing = `/train/compare?ids=${compared}`;
    const difference = async () =>
      (await service.client.json<RunComparisonDto>(200, 'GET', comparing)).pairs[0]!.difference;
    await expect.poll(async () => (await difference())?.firstMcc, { timeout: 60_000 }).toBeDefined();
    for (const id of compared.split(',')) await service.client.untilEnded(id);
    const { mccDifference, onlyFirstRight, onlySecondRight } = (await difference())!;
    expect(mccDifference).toBeGreaterThan(0.1);
    await show(page, `runs/compare?ids=${compared}`);
    // The page asks again by itself while a run is under way.
    const pair = page.getByRole('row', { name: /^fast against slow/ });
    await expect.poll(() => pair.innerText()).toContain(`+${mccDifference.toFixed(3)} (`);
    const told = await pair.innerText();
    expect(told).toContain('fast is better');
    expect(told).toContain(`fast: ${onlySecondRight}, slow: ${onlyFirstRight}`);
    await page.getByRole('row', { name: 'learningRate 1e-5 0.002' }).waitFor();
    await expectAccessible(page, 'Compare');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('shows the log of a run, and what comes to it', async () => {
    const { page, faults } = await openPage(browser, service.url);
    await show(page, views.Run!);
    const log = page.getByRole('region', { name: 'Log' });
    expect(await log.count()).toBe(0);
    await page.getByText('Log', { exact: true }).click();
    await expect.poll(() => log.innerText()).toMatch(/^\S.*Status: queued\.\n/);
    // The page asks again by itself while the run is under way.
    await expect
      .poll(() => log.innerText(), { timeout: 60_000 })
      .toMatch(/Status: succeeded\. Model: mdl_\w+\.\s*$/);
    expect(await log.innerText()).toMatch(/Engine: .*WebAssembly/);
    // Each line stands there once.
    expect((await log.innerText()).match(/Status: running\./g)).toHaveLength(1);
    await expectAccessible(page, 'Run with its log');
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNoSidewaysScrolling(page, 'Run with its log');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('tells what is wrong with a file, by line', async () => {
    const { page } = await openPage(browser, service.url);
    await show(page, 'data');
    await page.locator('input[type=file]').setInputFiles({
      name: 'wrong.tsv',
      mimeType: 'text/tab-separated-values',
      buffer: Buffer.from('1\tWe go.\n7\tWe went.\n'),
    });
    const problem = page.locator('.problem');
    await problem.waitFor();
    expect(await problem.textContent()).toContain('Line 2, column 1');
    await page.close();
  });

  it('says that the service is away, and goes on when it is back', async () => {
    const { page } = await openPage(browser, service.url);
    await show(page, 'runs');
    await page.context().setOffline(true);
    await page.locator('.banner').waitFor({ timeout: 20_000 });
    await page.context().setOffline(false);
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 20_000 });
    await page.close();
  });

  it('can be used without a mouse', async () => {
    const { page } = await openPage(browser, service.url);
    await page.goto(service.url);
    await page.getByLabel('Sentences, one on each line').waitFor();
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(`document.activeElement.textContent`)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(`document.activeElement.id`)).toBe('main');
    // A letter opens a view, and the focus is on its heading.
    await page.keyboard.press('m');
    await expect.poll(() => page.evaluate(`document.activeElement.textContent`)).toBe('Models');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.close();
  });
});
