import path from 'node:path';
import { createBackup } from './backups/backup.js';
import { BackupError } from './backups/backup-manifest.js';
import { readSettings, SettingsError } from './config/read-settings.js';
import { DatabaseFileError } from './database/database-file.js';

/**
 * `npm run backup -- FOLDER` copies everything that the service stores to a new folder. The service may run
 * meanwhile.
 */
async function main([folder, ...more]: string[]): Promise<void> {
  const { settings } = readSettings(process.env);
  if (!folder || folder.startsWith('-') || more.length > 0) {
    console.log(
      `Usage: npm run backup -- FOLDER\n\nCopies the database, data sets and models of ${settings.dataFolder} (WELLFORMED_DATA) ` +
        'into FOLDER, which must not be there yet. The service may run meanwhile.',
    );
    process.exitCode = folder === '--help' ? 0 : 1;
    return;
  }
  const target = path.resolve(folder);
  const start = Date.now();
  const { files } = await createBackup(settings.dataFolder, target);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(
    `Backed up ${files.length} files (${(bytes / 1e6).toFixed(1)} MB) to ${target} in ${seconds} s.`,
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = [SettingsError, BackupError, DatabaseFileError].some((type) => error instanceof type);
  console.error(known ? (error as Error).message : error);
  process.exitCode = 1;
});
