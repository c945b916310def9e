import { Logger } from '@nestjs/common';
import { createApp } from './app.js';
import { buildInfo } from './common/build-info.js';
import { DamagedError } from './common/errors.js';
import { captureOutput } from './logging/log-output.js';
import { isDamagedDatabase } from './common/disk-errors.js';
import { readSettings, SettingsError } from './config/read-settings.js';
import type { Settings } from './config/settings.js';
import { DatabaseFileError } from './database/database-file.js';
import { endOnSignals } from './http/shutdown.js';
import { DataFolderError } from './storage/data-folder.js';

async function main(): Promise<void> {
  // Do this before anything is written: a log that cannot be written must not end the service.
  captureOutput((message) => new Logger('Log').warn(message));
  // ONNX Runtime sends telemetry to its makers unless this is set before it loads. Setting it in a thread is
  // too late.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const { settings, warnings } = readSettings(process.env);
  const app = await createApp(settings);
  const logger = new Logger('Wellformed');
  logger.log(
    `Version ${buildInfo.version} (commit ${buildInfo.commit ?? 'unknown'}) on Node.js ${process.version}`,
  );
  for (const warning of warnings) logger.warn(warning);
  endOnSignals(app);
  await app.listen(settings.port, settings.host).catch((error: NodeJS.ErrnoException) => {
    throw listenError(error, settings);
  });
  const url = await app.getUrl();
  logger.log(`Listening on ${url}, data in ${settings.dataFolder}`);
  logger.log(`Try it out: ${url}/docs`);
}

/** An error that the operator can fix. It is printed without a stack. */
class StartError extends Error {}

function listenError(error: NodeJS.ErrnoException, { host, port }: Settings): Error {
  const advice: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is in use. Stop what uses it, or set WELLFORMED_PORT to a free one.`,
    EACCES: `Port ${port} may not be opened by this user. Set WELLFORMED_PORT to one above 1023.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. Set WELLFORMED_HOST to one, or to 0.0.0.0 for all.`,
    ENOTFOUND: `There is no host ${host}. Set WELLFORMED_HOST to an address of this machine.`,
  };
  const message = advice[error.code ?? ''];
  return message ? new StartError(message) : error;
}

main().catch((error: unknown) => {
  const known = [SettingsError, DataFolderError, DatabaseFileError, DamagedError, StartError].some(
    (type) => error instanceof type,
  );
  if (isDamagedDatabase(error)) {
    console.error(
      `The database is damaged (${(error as Error).message}). Restore a backup (npm run restore -- FOLDER): see docs/operations.md.`,
    );
  } else {
    console.error(known ? (error as Error).message : error);
  }
  process.exit(1);
});
