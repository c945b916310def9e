import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import {
  browserPath,
  expectAccessible,
  expectNoSidewaysScrolling,
  openPage,
  startBrowser,
  untilShown,
} from './browser.js';

/* Each view in each state that a reader can meet. The service is real; only what a network or a busy service would answer is put in its way. */

const LISTS = ['data', 'runs', 'models', 'aliases', 'system', 'train', 'sweeps', 'sweeps/new'];
const SINGLE = [
  'data/ds_00000000000000000000000000',
  'runs/run_00000000000000000000000000',
  'models/mdl_00000000000000000000000000',
  'sweeps/swp_00000000000000000000000000',
];

describe.skipIf(!browserPath)('the states of the views', () => {
  let data: string;
  let service: RunningService;
  let browser: Browser;
  beforeAll(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'wellformed-states-'));
    service = await startServiceProcess({ data });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** Answers what the page asks of the API in the service's place. */
  const answering = (page: Page, answer: (route: Route) => Promise<void>) =>
    page.route(
      (url) =>
        /^\/(datasets|train|sweeps|models|aliases|base-models|health|predict|whoami)\b/.test(url.pathname),
      answer,
    );
  const problem = (status: number, detail: string, headers: Record<string, string> = {}) => ({
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify({ type: 'about:blank', title: 'Problem', status, detail, instance: '/' }),
  });

  it('with nothing there, each says what to do next', async () => {
    const { page, faults } = await openPage(browser, service.url);
    for (const view of [...LISTS, 'try']) {
      await page.goto(`${service.url}/#/${view}`);
      const main = page.locator('main');
      await main.locator('h1').waitFor();
      if (view !== 'system') await main.getByRole('link').or(main.getByRole('button')).first().waitFor();
      await expectAccessible(page, view);
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  it.each(LISTS)('%s: loading, then an error in the service’s words, then another try', async (view) => {
    const { page } = await openPage(browser, service.url);
    const state: { answer?: ReturnType<typeof problem> } = {};
    const waiting: Route[] = [];
    await answering(page, async (route) => {
      if (state.answer) await route.fulfill(state.answer);
      else waiting.push(route);
    });
    await page.goto(`${service.url}/#/${view}`);
    await page.locator('.skeleton').first().waitFor();
    await expectAccessible(page, view);

    state.answer = problem(500, 'The database is being restored.');
    for (const route of waiting) await route.fulfill(state.answer).catch(() => undefined);
    await page.locator('.problem', { hasText: 'The database is being restored.' }).first().waitFor();
    await expectAccessible(page, view);

    await page.unrouteAll({ behavior: 'ignoreErrors' });
    const retries = page.getByRole('button', { name: 'Try again' });
    const again = async () => {
      if ((await retries.count()) > 0)
        await retries
          .first()
          .click({ timeout: 500 })
          .catch(() => undefined);
      return page.locator('.problem').count();
    };
    await expect.poll(again, { timeout: 20_000 }).toBe(0);
    await page.close();
  });

  it('counts down where the service asks for patience, and then goes on', async () => {
    const { page } = await openPage(browser, service.url);
    let asked = 0;
    await answering(page, (route) =>
      asked++ < 1
        ? route.fulfill(problem(429, 'Too many requests.', { 'retry-after': '2' }))
        : route.continue(),
    );
    await page.goto(`${service.url}/#/models`);
    await page.getByText('Trying again in').waitFor();
    await page.locator('.empty').waitFor();
    await page.close();
  });

  it.each(SINGLE)('%s, which is not there, is told', async (view) => {
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/${view}`);
    await page.locator('.problem').first().waitFor();
    await expectAccessible(page, view);
    await page.close();
  });

  it('says of an address that is none that there is no such page', async () => {
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/nowhere`);
    await page.getByRole('heading', { name: 'There is no such page.' }).waitFor();
    await page.close();
  });

  it('shows very long words, text from right to left and markup as they are, without scrolling sideways', async () => {
    const strange = [
      'w'.repeat(600),
      'هذه جملة عربية.',
      '<img src=x onerror=alert(1)> is no tag.',
      '𝔘nusual 👩‍👩‍👧 text.',
    ];
    const rows = strange.map((sentence, index) => `${index % 2}\t${sentence}`).join('\n');
    const response = await fetch(`${service.url}/datasets`, {
      method: 'POST',
      body: formOf(`${rows}\n`, { name: 'ا'.repeat(200) }),
    });
    const { id } = (await response.json()) as { id: string };
    const { page, faults } = await openPage(browser, service.url, { viewport: { width: 320, height: 640 } });
    for (const view of ['data', `data/${id}`, 'train']) {
      await page.goto(`${service.url}/#/${view}`);
      await untilShown(page);
      await expectNoSidewaysScrolling(page, view);
    }
    await page.goto(`${service.url}/#/data/${id}`);
    for (const sentence of strange) await page.getByText(sentence).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it('shows a large data set a page at a time', async () => {
    const rows = practiceRows(10_000, 7);
    const response = await fetch(`${service.url}/datasets`, { method: 'POST', body: formOf(rows, {}) });
    const { id } = (await response.json()) as { id: string };
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/data/${id}`);
    const shown = page.locator('table.list tbody tr');
    await expect.poll(() => shown.count()).toBe(50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => shown.count()).toBe(100);
    await page.getByText('10,000').first().waitFor();
    await page.close();
  });

  it('fits at twice the size of letters', async () => {
    const { page } = await openPage(browser, service.url, { viewport: { width: 640, height: 800 } });
    for (const view of [...LISTS, 'try', 'score']) {
      await page.goto(`${service.url}/#/${view}`);
      await page.locator('h1').waitFor();
      await page.evaluate(`document.documentElement.style.fontSize = '200%'`);
      await untilShown(page);
      await expectNoSidewaysScrolling(page, view);
    }
    await page.close();
  });
});
