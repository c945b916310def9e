import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { post, PrivateAddressError, publicAmong, type PostOptions } from './post.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** @returns its port */
async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const loopback = { address: '127.0.0.1', family: 4 };
const send = (url: string, options: Partial<PostOptions> = {}) =>
  post(new URL(url), { 'content-type': 'application/json' }, '{}', { allowPrivate: true, ...options });

describe('a message', () => {
  it('goes to an address that the name had, with the name as Host', async () => {
    const hosts: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      hosts.push(request.headers.host);
      response.writeHead(202, { 'retry-after': '7' }).end('thanks');
    });
    const answer = await send(`http://hooks.example:${port}/`, { resolve: async () => [loopback] });
    expect(answer).toEqual({ status: 202, body: 'thanks', retryAfter: '7' });
    expect(hosts).toEqual([`hooks.example:${port}`]);
  });

  describe('where only public addresses are allowed', () => {
    it.each([
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://[::1]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:7f00:1]/',
      'http://localhost/',
      'http://169.254.169.254/latest/meta-data/',
      'http://0.0.0.0/',
    ])('does not go to %s', async (address) => {
      let requests = 0;
      const port = await serve((_request, response) => response.writeHead(++requests && 200).end());
      const url = new URL(address);
      url.port = String(port);
      const sending = send(url.href, { allowPrivate: false });
      await expect(sending).rejects.toThrow(PrivateAddressError);
      await expect(sending).rejects.toThrow('Set WELLFORMED_WEBHOOK_ALLOW_PRIVATE=true');
      expect(requests).toBe(0);
    });

    it('does not go to a name that is a private address, and says which', async () => {
      const resolve = async () => [
        { address: '10.1.2.3', family: 4 },
        { address: 'fd00::1', family: 6 },
      ];
      await expect(send('https://hooks.example/', { allowPrivate: false, resolve })).rejects.toThrow(
        'hooks.example is 10.1.2.3, which is not a public address',
      );
    });

    it('goes to the public ones among several addresses, and to no other', () => {
      const [mapped, open] = [
        { address: '::ffff:127.0.0.1', family: 6 },
        { address: '1.1.1.1', family: 4 },
      ];
      expect(publicAmong([loopback, open, mapped], new URL('https://hooks.example/'))).toEqual([open]);
    });
  });

  it('goes to the addresses that were checked, however the name changes after that', async () => {
    const port = await serve((_request, response) => response.end('checked'));
    const answers = [[loopback], [{ address: '127.0.0.2', family: 4 }]];
    let lookups = 0;
    const resolve = async () => answers[lookups++]!;
    expect(await send(`http://rebinding.example:${port}/`, { resolve })).toMatchObject({ body: 'checked' });
    expect(lookups).toBe(1);
  });

  it('does not follow a redirect', async () => {
    const paths: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await send(`http://127.0.0.1:${port}/hook`)).toMatchObject({ status: 307 });
    expect(paths).toEqual(['/hook']);
  });

  it('is answered by a status, whatever its body: only the beginning is read', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(700)), 1);
      response.once('close', () => clearInterval(more));
    });
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, body: 'x'.repeat(1024) });
  });

  it('is answered by a status, even if the body never ends', async () => {
    const port = await serve((_request, response) => response.writeHead(203).write('half'));
    const answer = await send(`http://127.0.0.1:${port}/`, { patience: 300 });
    expect(answer).toMatchObject({ status: 203, body: 'half' });
  });

  it.each<[string, RequestListener, string]>([
    ['does not answer', () => undefined, '127.0.0.1 did not answer within 0.3 s.'],
    [
      'hangs up',
      (request) => request.socket.destroy(),
      '127.0.0.1 could not be reached: it closed the connection without an answer.',
    ],
  ])('that a receiver %s fails with the reason', async (_what, listener, reason) => {
    const port = await serve(listener);
    await expect(send(`http://127.0.0.1:${port}/`, { patience: 300 })).rejects.toThrow(reason);
  });

  it('fails where nobody listens, or there is no such host', async () => {
    await expect(send('http://127.0.0.1:9/')).rejects.toThrow('it refused the connection');
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    await expect(send('http://nowhere.example/', { resolve })).rejects.toThrow(
      'nowhere.example could not be reached: there is no such host.',
    );
  });

  it('fails where the name is not found in time', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    await expect(send('http://slow.example/', { resolve, patience: 50 })).rejects.toThrow(
      'slow.example did not answer within 0.05 s.',
    );
  });

  it('speaks TLS with the name, and takes no certificate of somebody else', async () => {
    const port = await serve((_request, response) => response.end());
    const resolve = async () => [loopback];
    await expect(send(`https://hooks.example:${port}/`, { resolve })).rejects.toThrow(
      'hooks.example could not be reached',
    );
  });
});
