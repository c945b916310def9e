import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

let server;
afterEach(() => server?.close());

/** Starts a server that answers every request with this status, and returns its port. */
async function serve(status) {
  server = createServer((request, response) => {
    response.writeHead(request.url === '/health/ready' ? status : 404).end('{"status":"…"}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

function check(port, host = '0.0.0.0') {
  const program = fileURLToPath(new URL('./health-check.mjs', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '', WELLFORMED_PORT: String(port), WELLFORMED_HOST: host };
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

it('ends with 0 where the service is ready', async () => {
  expect(await check(await serve(200))).toEqual({ code: 0, said: '' });
});

it('ends with 1 and says why where it is not', async () => {
  const { code, said } = await check(await serve(503), '127.0.0.1');
  expect(code).toBe(1);
  expect(said).toContain('it answers 503');
});

it('ends with 1 where nothing listens', async () => {
  const port = await serve(200);
  server.close();
  expect(await check(port)).toMatchObject({ code: 1, said: expect.stringContaining('ECONNREFUSED') });
});
