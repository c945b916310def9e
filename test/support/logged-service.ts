import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { vi } from 'vitest';
import { createApp } from '../../src/app.js';
import { readSettings } from '../../src/config/read-settings.js';
import { startService } from './service.js';
import { ServiceClient } from './service-client.js';

/** The whole service with its log. */
export interface LoggedService {
  app: NestFastifyApplication;
  root: string;
  client: ServiceClient;
  /** Everything that was written to the standard streams since the start began. */
  log(): string;
  /** Stops the service and restores the streams. */
  end(): Promise<void>;
}

export async function startLogged(environment: Record<string, string>): Promise<LoggedService> {
  const { folder, stop } = await startService();
  await stop();
  const { settings } = readSettings({
    WELLFORMED_PORT: '0',
    WELLFORMED_ENGINE: 'wasm',
    ...environment,
    WELLFORMED_DATA: folder,
  });
  let log = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      log += String(chunk);
      return true;
    });
  }
  const app = await createApp(settings);
  await app.listen(0, '127.0.0.1');
  const root = await app.getUrl();
  return {
    app,
    root,
    client: new ServiceClient(root),
    log: () => log,
    end: async () => {
      await app.close();
      vi.restoreAllMocks();
    },
  };
}
