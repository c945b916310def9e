import { rmSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newApiKey } from '../support/api-keys.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { browserPath, openPage, startBrowser } from './browser.js';

/* The page of a service that asks for keys. */

describe.skipIf(!browserPath)('the page, with a key', () => {
  const keys = {
    teacher: newApiKey('teacher', 'predict'),
    linguist: newApiKey('linguist', 'train'),
    operator: newApiKey('operator', 'admin'),
  };
  let data: string;
  let service: RunningService;
  let browser: Browser;
  beforeAll(async () => {
    data = (await seededFolder()).path;
    const list = Object.values(keys).map(({ entry }) => entry);
    service = await startServiceProcess({ data, settings: { WELLFORMED_API_KEYS: list.join(',') } });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  async function openWith(key: string, view: string, { remember = false } = {}) {
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/${view}`);
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('API key').fill(key);
    if (remember) await dialog.getByLabel('Keep it until this tab is closed').check();
    await dialog.getByRole('button', { name: 'Use this key' }).click();
    return page;
  }

  it('asks for a key, and says when it is a wrong one', async () => {
    const page = await openWith('wf_wrong', 'models');
    await page.getByRole('dialog').getByText('The service does not know this key.').waitFor();
    await page.getByRole('dialog').getByLabel('API key').fill(keys.operator.key);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.getByRole('table').waitFor();
    await page.close();
  });

  it('names the key, its scopes and its limits', async () => {
    const page = await openWith(keys.operator.key, 'system');
    await page.getByText('“operator”, with the scopes').waitFor();
    await page.close();
  });

  it('judges with a key for predictions, and names the scope that other things need', async () => {
    const page = await openWith(keys.teacher.key, 'try');
    await page.getByLabel('Sentences, one on each line').fill('The cat sat on the mat.');
    await page.locator('.judgement').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Train', exact: true }).click();
    await page.locator('.problem', { hasText: 'needs the scope train' }).first().waitFor();
    await page.close();
  });

  it('trains with a key for training', async () => {
    const page = await openWith(keys.linguist.key, 'train');
    await page.getByRole('button', { name: 'Train on the sample data' }).waitFor();
    await page.close();
  });

  it('forgets the key with the page, unless it is to be kept until the tab is closed', async () => {
    const forgetful = await openWith(keys.operator.key, 'models');
    await forgetful.getByRole('table').waitFor();
    await forgetful.reload();
    await forgetful.getByRole('dialog').waitFor();
    await forgetful.close();

    const keeping = await openWith(keys.operator.key, 'models', { remember: true });
    await keeping.getByRole('table').waitFor();
    await keeping.reload();
    await keeping.getByRole('table').waitFor();
    expect(await keeping.getByRole('dialog').count()).toBe(0);
    expect(keeping.url()).not.toContain('wf_');
    await keeping.close();
  });
});
