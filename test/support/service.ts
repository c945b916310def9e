import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { readSettings } from '../../src/config/read-settings.js';

/** The whole service on a port and a data folder of its own. */
export interface Service {
  app: NestFastifyApplication;
  folder: string;
  /** A request to it. A string body is sent as it is, anything else as JSON. */
  request(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The same, with the JSON of the answer, whose status must be the one given. */
  json<T>(status: number, method: string, url: string, body?: unknown): Promise<T>;
  /** Stops it; its folder stays, for another start. */
  stop(): Promise<void>;
}

export interface Problem {
  status: number;
  detail: string;
  errors?: { pointer?: string; parameter?: string; message: string }[];
}

const folders: string[] = [];

/** @param environment settings besides the data folder and the port */
export async function startService(
  folder: string = newFolder(),
  environment: Record<string, string> = {},
): Promise<Service> {
  const { settings } = readSettings({ WELLFORMED_PORT: '0', ...environment, WELLFORMED_DATA: folder });
  const app = await createApp(settings, { quiet: true });
  await app.listen(0, '127.0.0.1');
  const root = await app.getUrl();

  const request: Service['request'] = (method, url, body, headers = {}) => {
    const isText = typeof body === 'string';
    if (body !== undefined && !isText && !(body instanceof FormData) && !(body instanceof Uint8Array)) {
      return fetch(root + url, {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
    }
    return fetch(root + url, { method, body: body as FormData | string | undefined, headers });
  };
  return {
    app,
    folder,
    request,
    stop: () => app.close(),
    json: async <T>(status: number, method: string, url: string, body?: unknown) => {
      const response = await request(method, url, body);
      const text = await response.text();
      if (response.status !== status) {
        throw new Error(`${method} ${url} gave ${response.status}, not ${status}: ${text}`);
      }
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
  };
}

/** The names in a folder of its data; none before something is stored there, which makes the folder. */
export function namesIn(service: Service, ...folder: string[]): string[] {
  const place = path.join(service.folder, ...folder);
  return existsSync(place) ? readdirSync(place).sort() : [];
}

/** A value of the metrics page; undefined where it is not there. @param name with its labels */
export async function metricOf(service: Service, name: string): Promise<number | undefined> {
  const page = await (await service.request('GET', '/metrics')).text();
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ')[1]);
}

/** Asks again and again; the time limit of the test ends it. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Call it when all services are stopped. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-test-'));
  folders.push(folder);
  return folder;
}
