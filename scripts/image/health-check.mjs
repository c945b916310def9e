// node health-check.mjs: the HEALTHCHECK of an image. Exits with 0 if the service in the same container is
// ready.
const host = process.env.WELLFORMED_HOST?.trim() || '127.0.0.1';
const port = process.env.WELLFORMED_PORT?.trim() || '3000';
const here = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);

try {
  const answer = await fetch(`http://${here}:${port}/health/ready`, { signal: AbortSignal.timeout(4000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`it answers ${answer.status}: ${text.slice(0, 1000)}`);
} catch (error) {
  const reason = error.cause?.message ?? error.message;
  console.error(`The service is not ready: ${reason}`);
  process.exitCode = 1;
}
