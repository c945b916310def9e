import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

/**
 * better-sqlite3 as this Node can have it. Version 13 speaks Node-API 10 (Node 22.14) and brings its binary along. Version 12 is the
 * last for Node 20, and no choice for Node 24: compiled against the headers of 24.19 or later it ends the process when V8
 * collects a statement (nodejs/node#65446). `scripts/set-up/sqlite.mjs` prepares the same one.
 */
export const Database = createRequire(import.meta.url)(
  Number(process.versions.napi) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3',
) as typeof BetterSqlite3;
