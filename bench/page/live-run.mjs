import { createServer, request } from 'node:http';

/** The steps of an hour: a service sends at most two per second. */
const STEPS = 7200;
const EVALUATIONS = 20;

/**
 * Starts a proxy that shows an ended run as one that runs for an hour, in `seconds`.
 * @returns {Promise<{ url: string, whenTold: Promise<void>, begin(): void, close(): void }>} `begin` starts the hour
 */
export async function liveRun(serviceUrl, run, seconds) {
  let begin;
  let toldAll;
  const begun = new Promise((resolve) => (begin = resolve));
  const whenTold = new Promise((resolve) => (toldAll = resolve));
  const server = createServer(async (asked, answer) => {
    if (asked.url === `/train/${run.id}/events`) {
      answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      return tell(answer, run, seconds, begun).then(toldAll, toldAll);
    }
    if (asked.url === `/train/${run.id}`) {
      const live = {
        ...run,
        status: 'running',
        phase: 'training',
        finishedAt: null,
        modelId: null,
        progress: 0.1,
      };
      answer.writeHead(200, { 'content-type': 'application/json' });
      return answer.end(JSON.stringify(live));
    }
    const { hostname, port } = new URL(serviceUrl);
    const passed = request(
      {
        hostname,
        port,
        path: asked.url,
        method: asked.method,
        headers: { ...asked.headers, host: `${hostname}:${port}` },
      },
      (response) => {
        answer.writeHead(response.statusCode, response.headers);
        response.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, whenTold, begin, close };
}

async function tell(answer, run, seconds, begun) {
  let id = 0;
  const send = (event, data) =>
    answer.write(`id: ${++id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  send('status', { status: 'running' });
  const step = (number) => ({
    step: number,
    totalSteps: 10 * STEPS,
    epoch: 1,
    loss: 0.7 - number / (2 * STEPS) + 0.1 * Math.sin(number),
    learningRate: 3e-5 * (1 - number / (10 * STEPS)),
    gradientNorm: 1,
    examplesPerSecond: 64,
    progress: number / (10 * STEPS),
    secondsLeft: STEPS - number / 2,
    estimatedFinish: new Date(Date.now() + 1000 * (STEPS - number / 2)).toISOString(),
  });
  for (let number = 1; number <= 100; number++) send('step', step(number));
  await begun;
  const [evaluation] = run.evaluations;
  const pause = (1000 * seconds) / STEPS;
  const started = performance.now();
  for (let number = 101; number <= STEPS && !answer.destroyed; number++) {
    send('step', step(number));
    if (number % (STEPS / EVALUATIONS) === 0)
      send('evaluation', { ...evaluation, step: number, epoch: number / STEPS });
    const ahead = number * pause - (performance.now() - started);
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
  }
}
