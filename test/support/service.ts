import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { readSettings } from '../../src/config/read-settings.js';
import { ServiceClient } from './service-client.js';

/** The whole service on a port and a data folder of its own. */
export interface Service {
  app: NestFastifyApplication;
  folder: string;
  client: ServiceClient;
  /** Stops it; its folder stays, for another start. */
  stop(): Promise<void>;
}

const folders: string[] = [];

/**
 * @param environment settings besides the data folder and the port
 * @param modules besides those of the service
 */
export async function startService(
  folder: string = newFolder(),
  environment: Record<string, string> = {},
  modules: Type[] = [],
): Promise<Service> {
  const { settings } = readSettings({ WELLFORMED_PORT: '0', ...environment, WELLFORMED_DATA: folder });
  const app = await createApp(settings, { quiet: true, modules });
  await app.listen(0, '127.0.0.1');
  const client = new ServiceClient(await app.getUrl());
  return { app, folder, client, stop: () => app.close() };
}

/** The names in a folder of its data; none before something is stored there, which makes the folder. */
export function namesIn(service: Service, ...folder: string[]): string[] {
  const place = path.join(service.folder, ...folder);
  return existsSync(place) ? readdirSync(place).sort() : [];
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
