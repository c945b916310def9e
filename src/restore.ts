import path from 'node:path';
import { BackupError } from './backups/backup-manifest.js';
import { restoreBackup } from './backups/restore.js';
import { readSettings, SettingsError } from './config/read-settings.js';
import { DatabaseFileError } from './database/database-file.js';
import { DataFolderError } from './storage/data-folder.js';

/** `npm run restore -- FOLDER` replaces the content of the data folder by a backup. The service must not run. */
async function main([source, ...more]: string[]): Promise<void> {
  const { settings } = readSettings(process.env);
  if (!source || source.startsWith('-') || more.length > 0) {
    console.log(
      `Usage: npm run restore -- FOLDER\n\nPuts the backup in FOLDER, or a database file alone, into ${settings.dataFolder} ` +
        '(WELLFORMED_DATA), and what was there before into "replaced" there. Stop the service first.',
    );
    process.exitCode = source === '--help' ? 0 : 1;
    return;
  }
  const { files, bytes, replaced } = await restoreBackup(path.resolve(source), settings);
  console.log(`Restored ${files} files (${(bytes / 1e6).toFixed(1)} MB) into ${settings.dataFolder}.`);
  if (replaced) console.log(`What was there before is in ${replaced}: delete it when nobody misses it.`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = [SettingsError, BackupError, DatabaseFileError, DataFolderError];
  const known = expected.some((type) => error instanceof type);
  console.error(known ? (error as Error).message : error);
  process.exitCode = 1;
});
