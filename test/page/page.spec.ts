import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { browserPath, openPage, startBrowser } from './browser.js';

/* The built page, in a real browser, over the built service. */

const built = fileURLToPath(new URL('../../dist/web', import.meta.url));

describe('the files of the page', () => {
  it('are small', () => {
    const assets = readdirSync(path.join(built, 'assets'));
    const size = (names: string[]) =>
      names.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(built, 'assets', name))).length, 0);
    const html = readFileSync(path.join(built, 'index.html'), 'utf8');
    const first = assets.filter((name) => html.includes(name));
    const scripts = assets.filter((name) => name.endsWith('.js'));
    expect(size(first.filter((name) => name.endsWith('.js')))).toBeLessThan(45_000);
    expect(size(first.filter((name) => name.endsWith('.css')))).toBeLessThan(10_000);
    expect(size(scripts)).toBeLessThan(110_000);
    // Nothing stands in the page that its policy would not allow.
    expect(html).not.toMatch(/<style|<script>|onload=|style="/);
  });
});

describe.skipIf(!browserPath)('the page', () => {
  let data: string;
  let service: RunningService;
  let browser: Browser;
  let views: Record<string, string>;

  beforeAll(async () => {
    data = (await seededFolder()).path;
    service = await startServiceProcess({ data });
    browser = await startBrowser();
    const first = async (list: string) =>
      ((await (await fetch(service.url + list)).json()) as { items: { id: string }[] }).items[0]!.id;
    const form = formOf(practiceRows(400, 1), { baseModel: 'tiny-bert', epochs: '2', promote: 'never' });
    await fetch(`${service.url}/train`, { method: 'POST', body: form });
    const [dataset, run, model] = await Promise.all(['/datasets', '/train', '/models'].map(first));
    views = {
      Try: 'try',
      'Score a file': 'score',
      Data: 'data',
      Dataset: `data/${dataset}`,
      Train: 'train',
      Runs: 'runs',
      Run: `runs/${run}`,
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

  /** Waits until nothing is being fetched for the view. */
  async function show(page: Page, hash: string): Promise<void> {
    await page.goto(`${service.url}/#/${hash}`);
    await page.waitForSelector('h1');
    await expect.poll(() => page.locator('.skeleton').count(), { timeout: 20_000 }).toBe(0);
    await page.waitForTimeout(300);
  }

  it.each(['light', 'dark'] as const)(
    'has no fault in any view, for eyes and for machines: %s',
    async (colorScheme) => {
      const { page, faults } = await openPage(browser, service.url, { colorScheme });
      for (const [name, hash] of Object.entries(views)) {
        await show(page, hash);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() =>
          (globalThis as unknown as { axe: { run(): Promise<import('axe-core').AxeResults> } }).axe.run(),
        );
        expect([
          name,
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        ]).toEqual([name, []]);
      }
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  it('fits on a telephone: nothing has to be scrolled sideways', async () => {
    const { page } = await openPage(browser, service.url, { viewport: { width: 320, height: 640 } });
    for (const [name, hash] of Object.entries(views)) {
      await show(page, hash);
      const wide = await page.evaluate(
        `document.documentElement.scrollWidth - document.documentElement.clientWidth`,
      );
      expect([name, wide]).toEqual([name, 0]);
    }
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
    const answer = (await (await judged).json()) as { predictions: { acceptable: boolean }[] };
    for (const [index, { acceptable }] of answer.predictions.entries()) {
      expect(await verdicts.nth(index).locator('.verdict').getAttribute('class')).toContain(
        acceptable ? 'good' : 'bad',
      );
    }
    await verdicts.first().click();
    await expect.poll(() => page.locator('.explanation .word').count()).toBeGreaterThan(5);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('takes data, trains on it, shows the run to its end, and promotes its model', async () => {
    const { page, faults } = await openPage(browser, service.url);
    await show(page, 'data');
    await page.locator('input[type=file]').setInputFiles({
      name: 'page.tsv',
      mimeType: 'text/tab-separated-values',
      buffer: Buffer.from(practiceRows(200, 3)),
    });
    await page.getByRole('link', { name: 'Train on this data' }).click();
    await page.getByLabel('Base model').fill('tiny-bert');
    await page.getByLabel('epochs').fill('2');
    await page.getByLabel('promote').selectOption('never');
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.getByRole('link', { name: 'Show the model' }).click({ timeout: 50_000 });
    await page.getByRole('button', { name: 'Make it production' }).click();
    await page.getByRole('button', { name: 'Move the alias' }).click();
    await page.locator('h1 .tag', { hasText: 'production' }).waitFor();
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

  it('scores a file, and gives the judgements to save', async () => {
    const { page, faults } = await openPage(browser, service.url);
    await show(page, 'score');
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
    await page.close();
  });

  it('says that the service is away, and goes on when it is back', async () => {
    const { page } = await openPage(browser, service.url);
    await show(page, 'runs');
    await page.route('**/*', (route) => route.abort());
    await page.locator('.banner').waitFor({ timeout: 20_000 });
    await page.unroute('**/*');
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 20_000 });
    await page.close();
  });
});
