import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunDto } from '../../packages/client/src/index.js';
import type { RunningService } from '../support/service-process.js';
import { startTrainer, tinyBaseModels } from '../support/trainer.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import {
  browserPath,
  expectAccessible,
  expectNoSidewaysScrolling,
  openPage,
  startBrowser,
} from './browser.js';

/* The life of a run on the page: what a reader asks of it, and what others do. */

const baseModels = tinyBaseModels();

describe.skipIf(!browserPath)('a run on the page', { timeout: 120_000 }, () => {
  let service: RunningService;
  let receiver: WebhookReceiver;
  let browser: Browser;
  let dataset: DatasetDto;
  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    service = await startTrainer(baseModels, {
      settings: {
        WELLFORMED_WEBHOOK_URL: receiver.url,
        WELLFORMED_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
        WELLFORMED_WEBHOOK_ALLOW_PRIVATE: 'true',
      },
    });
    browser = await startBrowser();
    dataset = await service.client.uploadPractice(400, 1);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await receiver?.stop();
  });

  const start = (epochs: number, rest = {}) =>
    service.client.start({ datasetId: dataset.id, epochs, batchSize: 2, promote: 'never', ...rest });
  const show = (page: Page, { id }: { id: string }) => page.goto(`${service.url}/#/runs/${id}`);
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const untilStatus = (page: Page, text: string) =>
    page.locator('.status', { hasText: text }).waitFor({ timeout: 60_000 });
  const fact = (page: Page, name: string) =>
    page.locator('.facts div', { has: page.locator('dt', { hasText: name }) }).locator('dd');

  it('is paused, resumed by the reader and by somebody else, and ends', async () => {
    const run = await start(6);
    const { page, faults } = await openPage(browser, service.url);
    await show(page, run);
    await untilStatus(page, 'training');
    await button(page, 'Pause').click();
    await untilStatus(page, 'paused');
    await page.getByText('Somebody paused it.', { exact: true }).waitFor();
    const { checkpoint } = await service.client.run(run.id);
    await expect
      .poll(() => fact(page, 'Latest checkpoint').innerText())
      .toMatch(`step ${checkpoint!.step} (`);
    expect(await button(page, 'Pause').count()).toBe(0);
    expect(await fact(page, 'Attempt').count()).toBe(0);
    await expectAccessible(page, 'a paused run');
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNoSidewaysScrolling(page, 'a paused run');

    await button(page, 'Resume').click();
    await untilStatus(page, 'training');
    await expect.poll(() => fact(page, 'Attempt').innerText()).toBe(`2, from step ${checkpoint!.step}`);
    await button(page, 'Pause').click();
    await untilStatus(page, 'paused');
    // The page still listens: it hears of what others ask.
    await service.client.json<RunDto>(202, 'POST', `/train/${run.id}/resume`);
    await page.getByRole('link', { name: 'Show the model' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('.status').innerText()).toBe('succeeded');
    expect(await fact(page, 'Attempt').innerText()).toMatch(/^3, from step \d+$/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('is listed with its state and the reason', async () => {
    const run = await start(20, { name: 'listed', pauseAfterEpoch: 1, priority: 7 });
    await service.client.until(run.id, ({ status }) => status === 'paused');
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/runs`);
    const row = page.getByRole('row', { name: /listed/ });
    await expect.poll(() => row.innerText()).toMatch(/paused\s+5\s%/);
    expect(await row.innerText()).toContain('The run was asked to pause after epoch 1.');
    await show(page, run);
    await expect.poll(() => fact(page, 'Priority').innerText()).toBe('7');
    // It has done so already.
    expect(await fact(page, 'Pauses after').count()).toBe(0);
    await service.client.cancel(run.id);

    const next = await start(20, { pauseAfterEpoch: 5 });
    await show(page, next);
    await expect.poll(() => fact(page, 'Pauses after').innerText()).toBe('epoch 5');
    await service.client.cancel(next.id);
    await page.close();
  });

  it('is trained on from where it was cancelled, and what the service refuses is told', async () => {
    const run = await start(3, { pauseAfterEpoch: 1 });
    await service.client.until(run.id, ({ status }) => status === 'paused');
    const { page } = await openPage(browser, service.url);
    await show(page, run);
    await button(page, 'Cancel the run').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await untilStatus(page, 'cancelled');

    const trainOn = async (epochs: string) => {
      await button(page, 'Train on').click();
      await page.getByLabel('Epochs to train beyond those that are done').fill(epochs);
      await expectAccessible(page, 'the question for how long');
      await page.getByRole('dialog').getByRole('button', { name: 'Start training' }).click();
    };
    await trainOn('100');
    await page.locator('.problem', { hasText: 'from 1 to 20' }).waitFor();
    await trainOn('1');
    await page.waitForURL((url) => /#\/runs\/run_/.test(url.hash) && !url.hash.includes(run.id));
    await fact(page, 'Continues').getByRole('link', { name: run.id }).waitFor();
    await page.getByRole('link', { name: 'Show the model' }).waitFor({ timeout: 60_000 });
    const next = await service.client.run(page.url().split('/').at(-1)!);
    expect(next).toMatchObject({ continues: run.id, status: 'succeeded', hyperparameters: { epochs: 2 } });
    await page.close();
  });

  it('is told of by webhooks, which System shows and tests', async () => {
    const run = await start(1);
    await service.client.cancel(run.id);
    await expect.poll(() => receiver.received.some(({ body }) => body.includes(run.id))).toBe(true);
    const { page } = await openPage(browser, service.url);
    await page.goto(`${service.url}/#/system`);
    await page.getByText(`the service sends a message to ${receiver.url}.`).waitFor();
    await expect
      .poll(() =>
        page
          .getByRole('row', { name: /run.cancelled/ })
          .first()
          .innerText(),
      )
      .toMatch(/delivered\s+status 204$/);
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByRole('row', { name: /webhook.test/ }).waitFor();
    expect(receiver.received.at(-1)!.body).toContain('webhook.test');
    await page.close();
  });
});
