/* global addEventListener, document, PerformanceObserver, queueMicrotask, requestAnimationFrame -- in the page */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chromiumMissing,
  chromiumPath,
  launchChromium,
  noteFaults,
  pageSizes,
} from '../../scripts/chromium.mjs';
import { root } from '../../scripts/set-up/places.mjs';
import { killProgramsAtExit } from '../harness/programs.mjs';
import { machine, markdownTable } from '../harness/report.mjs';
import { Service } from '../harness/service.mjs';
import { median, quantile } from '../harness/statistics.mjs';
import { liveRun } from './live-run.mjs';

const BASE_MODEL = 'all-MiniLM-L6-v2';
const PAINTS = 7;
/** Lighthouse's slow 4G in bytes per second. Processors are slowed down four times. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const SLOW_PROCESSOR = 4;
/** Observers do not see shorter interactions. */
const SHORTEST_MS = 16;
const REDRAWS = 50;
const HOUR_IN_SECONDS = 60;

/** @returns {Promise<boolean>} whether every limit was met */
export async function measurePage() {
  if (!chromiumPath) throw new Error(chromiumMissing);
  const data = mkdtempSync(join(tmpdir(), 'wellformed-bench-page-'));
  killProgramsAtExit();
  const service = await Service.start({ WELLFORMED_DATA: data });
  const browser = await launchChromium();
  try {
    console.log(`Training ${BASE_MODEL} for an epoch, so that there is a model that judges …`);
    const run = await trainedRun(service);
    const faults = [];
    const rows = [...sizes()];
    for (const measure of [firstPaint, interaction, redraw, heap]) {
      rows.push(...(await measure({ browser, url: service.url, run, faults })));
    }
    rows.push({
      what: 'foreign requests, policy violations, console errors',
      value: faults.length,
      unit: '',
      reach: 0,
    });
    const { cpu, cores, system } = machine();
    console.log(`\n${cores} cores of ${cpu}, ${system}\n\n${table(rows)}`);
    for (const fault of faults) console.log(fault);
    return rows.every(({ value, reach }) => value <= reach);
  } finally {
    await browser.close();
    await service.end();
    rmSync(data, { recursive: true, force: true });
  }
}

function table(rows) {
  const cells = rows.map(({ what, value, unit, reach }) => {
    const shown = (number) => `${Number.isInteger(number) ? number : number.toFixed(1)} ${unit}`.trim();
    return [what, shown(value), `≤ ${shown(reach)}`, value <= reach ? 'met' : 'missed'];
  });
  return markdownTable(['what', 'measured', 'reach', ''], cells);
}

async function trainedRun(service) {
  const [training, validation] = await Promise.all(
    ['sample/train', 'sample/validation'].map((source) => service.request('POST', '/datasets', { source })),
  );
  const request = {
    datasetId: training.id,
    validationDatasetId: validation.id,
    baseModel: BASE_MODEL,
    epochs: 1,
  };
  return service.run(await service.train(request));
}

function sizes() {
  const { firstScripts, firstStyles, allScripts } = pageSizes();
  return [
    { what: 'JavaScript of the first view, gzipped', value: firstScripts / 1000, unit: 'kB', reach: 45 },
    { what: 'CSS of the first view, gzipped', value: firstStyles / 1000, unit: 'kB', reach: 10 },
    { what: 'all JavaScript, gzipped', value: allScripts / 1000, unit: 'kB', reach: 110 },
  ];
}

/** Opens a page that records faults. */
async function openPage({ browser, url, faults }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  noteFaults(page, url, faults);
  await page.exposeFunction('noteViolation', (directive) => faults.push(`violates ${directive}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.noteViolation(event.effectiveDirective),
    ),
  );
  return page;
}

async function firstPaint(bench) {
  const paint = async (isSlow) => {
    const page = await openPage(bench);
    if (isSlow) {
      const session = await page.context().newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions', SLOW);
      await session.send('Emulation.setCPUThrottlingRate', { rate: SLOW_PROCESSOR });
    }
    await page.goto(bench.url);
    await page.waitForSelector('h1');
    const milliseconds = await page.evaluate(async () => {
      for (;;) {
        const [entry] = performance.getEntriesByName('first-contentful-paint');
        if (entry) return entry.startTime;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await page.context().close();
    return milliseconds;
  };
  const times = { fast: [], slow: [] };
  for (let i = 0; i < PAINTS; i++) {
    times.fast.push(await paint(false));
    times.slow.push(await paint(true));
  }
  return [
    { what: 'first paint on loopback', value: median(times.fast), unit: 'ms', reach: 300 },
    {
      what: 'first paint, slow 4G and a processor 4 times slower',
      value: median(times.slow),
      unit: 'ms',
      reach: 1500,
    },
  ];
}

/** Returns the 75th percentile of the time from a key to the next frame. */
async function interaction(bench) {
  const page = await openPage(bench);
  await page.addInitScript((durationThreshold) => {
    globalThis.interactions = new Map();
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries()) {
        const known = globalThis.interactions.get(interactionId) ?? 0;
        if (interactionId) globalThis.interactions.set(interactionId, Math.max(known, duration));
      }
    }).observe({ type: 'event', durationThreshold, buffered: true });
  }, SHORTEST_MS);
  await page.goto(`${bench.url}/#/try`);
  const text =
    'The cat sat on the mat.\nThe cat sat on mat the.\nShe gave the dog a bone.\nWhat did you say that he saw?\n';
  await page.getByLabel('Sentences, one on each line').pressSequentially(text, { delay: 90 });
  await page.waitForTimeout(1000);
  const durations = await page.evaluate(() => [...globalThis.interactions.values()]);
  if (durations.length > text.length) throw new Error('More interactions than keys were counted.');
  const judgements = await page.locator('.judgement').count();
  if (judgements !== 4) throw new Error(`${judgements} sentences of 4 were judged.`);
  await page.context().close();
  // Keys that the observer did not see took less than its threshold.
  const all = [...durations, ...new Array(text.length - durations.length).fill(SHORTEST_MS)];
  return [
    {
      what: 'interaction to next paint while typing, 75 %',
      value: quantile(all, 0.75),
      unit: 'ms',
      reach: 100,
    },
  ];
}

/** Measures the page's own drawing with its own colours. */
async function redraw(bench) {
  const page = await openPage(bench);
  await page.goto(`${bench.url}/#/runs/${bench.run.id}`);
  await page.locator('.chart canvas').first().waitFor();
  const asset = readdirSync(join(root, 'dist', 'web', 'assets')).find((name) => /^plot-.*\.js$/.test(name));
  const times = await page.evaluate(
    async ([file, redraws]) => {
      const { drawPlot } = await import(file);
      const place = document.querySelector('.chart [role=img]');
      const xs = Array.from({ length: 1000 }, (_, i) => i);
      const curves = [0, 1, 2, 3].map((colour) => ({ name: `${colour}`, colour, points: [] }));
      const data = (turn) => [
        xs,
        ...curves.map((_, curve) => xs.map((x) => Math.sin((x + turn) / (20 + curve)))),
      ];
      const plot = drawPlot(place, curves, data(0));
      const times = [];
      for (let turn = 1; turn <= redraws; turn++) {
        const next = data(turn);
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const started = performance.now();
        plot.setData(next);
        // uPlot draws in a microtask.
        await new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
        plot.ctx.getImageData(0, 0, 1, 1);
        times.push(performance.now() - started);
      }
      return times;
    },
    [`/assets/${asset}`, REDRAWS],
  );
  await page.context().close();
  return [
    { what: 'redraw of 4 curves of 1,000 points, median', value: median(times), unit: 'ms', reach: 16 },
  ];
}

/** Measures how much a page grows in an hour of a run. */
async function heap(bench) {
  const live = await liveRun(bench.url, bench.run, HOUR_IN_SECONDS);
  const page = await openPage({ ...bench, url: live.url });
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send('HeapProfiler.enable');
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  await page.goto(`${live.url}/#/runs/${bench.run.id}`);
  await page.locator('.chart canvas').first().waitFor();
  await page.waitForTimeout(2000);
  const before = await used();
  live.begin();
  await live.whenTold;
  await page.waitForTimeout(1000);
  const after = await used();
  await page.context().close();
  live.close();
  return [
    {
      what: 'growth of the heap in an hour of a live run',
      value: Math.max(0, after - before),
      unit: 'MB',
      reach: 20,
    },
  ];
}
