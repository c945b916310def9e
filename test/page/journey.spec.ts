import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { browserPath, openPage, startBrowser } from './browser.js';

/* From an empty service to a model in production, on the page alone. A tiny model goes by the name of the small base model. */

const PORT = String(20_000 + (process.pid % 20_000));

describe.skipIf(!browserPath)('the journey of a new user', () => {
  let data: string;
  let service: RunningService;
  let browser: Browser;
  const start = () =>
    startServiceProcess({
      data,
      settings: {
        WELLFORMED_PORT: PORT,
        WELLFORMED_BASE_MODELS: path.join(data, 'base-models'),
      },
    });
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());
  // Each journey begins in an empty service.
  beforeEach(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'wellformed-journey-'));
    cpSync('test/goldens/tiny-bert', path.join(data, 'base-models', 'all-MiniLM-L6-v2'), { recursive: true });
    service = await start();
  });
  afterEach(async () => {
    await service?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const pointsOfCurve = (page: Page) => page.locator('.chart').first().locator('tbody tr').count();

  it(
    'leads from one button to a model that judges, and from two runs to a choice',
    { timeout: 180_000 },
    async () => {
      const { page, faults } = await openPage(browser, service.url);
      await page.goto(service.url);

      // One button, with nothing there. A tiny model learns nothing in many epochs either.
      await page.route('**/train', (route) => {
        const asked = route.request().postDataJSON() as object;
        return route.continue({ postData: JSON.stringify({ ...asked, epochs: 2 }) });
      });
      await page.getByRole('button', { name: 'Train on the sample data' }).click();
      await page.waitForURL(/#\/runs\/run_/);
      await page.unrouteAll();
      await page.locator('.chart').first().getByRole('button', { name: 'Show as a table' }).click();
      await expect.poll(() => pointsOfCurve(page), { timeout: 60_000 }).toBeGreaterThan(3);
      const early = await pointsOfCurve(page);
      await expect.poll(() => pointsOfCurve(page), { timeout: 60_000 }).toBeGreaterThan(early);

      // In the middle, the reader loads the page again: the curve is there from its beginning.
      await page.reload();
      await page.locator('.chart').first().getByRole('button', { name: 'Show as a table' }).click();
      await expect.poll(() => pointsOfCurve(page)).toBeGreaterThanOrEqual(early);
      await page.getByRole('link', { name: 'Try it' }).click({ timeout: 60_000 });

      // The model judges three sentences, and says what each word does.
      const judgements = page.locator('.judgement');
      await expect.poll(() => judgements.count(), { timeout: 20_000 }).toBe(3);
      await judgements.first().click();
      await expect.poll(() => page.locator('.explanation .word').count()).toBeGreaterThan(3);

      // It was promoted, for nothing served before.
      await page.goto(`${service.url}/#/aliases`);
      await page.getByRole('cell', { name: 'all-MiniLM-L6-v2 on sample/train' }).first().waitFor();

      // A second run, with another learning rate.
      await page.goto(`${service.url}/#/train`);
      await page.getByLabel('Base model').fill('all-MiniLM-L6-v2');
      await page.getByLabel('name', { exact: true }).fill('second');
      await page.getByLabel('epochs').fill('1');
      await page.getByLabel('learningRate', { exact: true }).fill('0.001');
      await page.getByLabel('promote').selectOption('never');
      await page.getByRole('button', { name: 'Check and estimate' }).click();
      await page.getByText(/^about \d+ s, judging by an earlier run$/).waitFor();
      await page.getByRole('button', { name: 'Start training' }).click();
      await page.getByRole('link', { name: 'Show the model' }).waitFor({ timeout: 60_000 });

      // Both beside each other: what differs is marked.
      await page.goto(`${service.url}/#/runs`);
      const boxes = page.getByRole('checkbox');
      await expect.poll(() => boxes.count()).toBe(2);
      for (const box of await boxes.all()) await box.check();
      await page.getByRole('link', { name: 'Compare 2 runs' }).click();
      await page.getByRole('row', { name: /^learningRate (0.001 1e-4|1e-4 0.001)/ }).waitFor();

      // The second is put into production by hand.
      await page.goto(`${service.url}/#/models`);
      await page.getByRole('link', { name: 'second' }).click();
      await page.getByRole('button', { name: 'Put it into production' }).click();
      await page.getByRole('button', { name: 'Move the alias' }).click();
      await page.locator('h1 .tag', { hasText: 'production' }).waitFor();

      // It judges a file.
      await page.goto(`${service.url}/#/score`);
      const lines = Array.from({ length: 1200 }, (_, index) => `The cat sat on mat ${index}.`);
      await page.locator('input[type=file]').setInputFiles({
        name: 'lines.txt',
        mimeType: 'text/plain',
        buffer: Buffer.from(lines.join('\n')),
      });
      await page.getByRole('button', { name: 'Judge 1200 sentences' }).click();
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download the judgements (TSV)' }).click({ timeout: 50_000 });
      const text = readFileSync((await (await saved).path())!, 'utf8')
        .trimEnd()
        .split('\n');
      expect(text).toHaveLength(1201);
      expect(text[0]).toBe('line\tacceptable\tscore\tcalibratedScore\terror\tsentence');
      expect(text[1200]).toMatch(/^1200\t[01]\t0\.\d+\t.*The cat sat on mat 1199\.$/);
      expect(faults).toEqual([]);

      // A data set that a run uses stays, and the service says which run it is.
      await page.goto(`${service.url}/#/data`);
      await page.getByRole('link', { name: 'sample/train' }).click();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.locator('.problem', { hasText: 'is used by run_' }).waitFor();
      await page.close();
    },
  );

  it('goes on by itself when the service was killed and is back', async () => {
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/data`);
    await page.locator('input[type=file]').setInputFiles({
      name: 'long.tsv',
      mimeType: 'text/tab-separated-values',
      buffer: Buffer.from(practiceRows(4000, 5)),
    });
    await page.getByRole('link', { name: 'Train on this data' }).click();
    await page.getByLabel('Base model').fill('all-MiniLM-L6-v2');
    await page.getByLabel('epochs').fill('20');
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.waitForURL(/#\/runs\/run_/);
    await page.locator('.status', { hasText: 'training' }).waitFor({ timeout: 30_000 });
    await service.kill();
    await page.locator('.banner').waitFor({ timeout: 20_000 });
    service = await start();
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 20_000 });
    // So does the run, and the page shows that it was restarted.
    await page.locator('.facts', { hasText: '1 of 3' }).waitFor({ timeout: 20_000 });
    await page.locator('.status', { hasText: 'training' }).waitFor({ timeout: 30_000 });
    await page.close();
  });
});
