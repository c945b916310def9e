import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { readSettings } from '../../src/config/read-settings.js';
import { ServiceClient } from './service-client.js';

/** The whole service, with its own port and data folder. */
export interface Service {
  app: NestFastifyApplication;
  folder: string;
  client: ServiceClient;
  /** Stops the service. Its folder stays for another start. */
  stop(): Promise<void>;
}

const folders: string[] = [];

/**
 * @param environment settings in addition to data folder and port
 * @param modules in addition to those of the service
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

/**
 * Returns the names in a folder of the service's data. Empty if nothing has been stored there yet, because
 * storing creates the folder.
 */
export function namesIn(service: Service, ...folder: string[]): string[] {
  const place = path.join(service.folder, ...folder);
  return existsSync(place) ? readdirSync(place).sort() : [];
}

/** Polls until the condition holds. The time limit of the test ends it. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Removes the folders. Call it after all services have stopped. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-test-'));
  folders.push(folder);
  return folder;
}
