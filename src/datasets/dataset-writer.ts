import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { StagedFolder } from '../storage/blob-store.js';
import type { Dataset } from './dataset.js';
import { formatRow, hashedRow, ROWS_FILE } from './rows-file.js';
import type { FileFormat } from './reading/file-format.js';
import { RowParser } from './reading/row-parser.js';
import { DatasetSurvey } from './statistics/dataset-survey.js';

/** The result of reading a file. */
export interface DatasetContent extends Pick<
  Dataset,
  'contentHash' | 'rows' | 'acceptable' | 'unacceptable' | 'statistics' | 'warnings' | 'bytes'
> {
  /** SHA-256 (hex) of the stored rows, by file name. */
  sums: Record<string, string>;
}

/**
 * Reads an uploaded file and writes its rows to a staged folder at the same time. Memory use is constant,
 * apart from the index of sentences (see `SentenceIndex`). The event loop is free between the chunks.
 * @throws InvalidInputError if the file is invalid
 */
export async function writeDataset(
  stream: AsyncIterable<Uint8Array>,
  format: FileFormat,
  folder: StagedFolder,
): Promise<DatasetContent> {
  const file = await open(path.join(folder.path, ROWS_FILE), 'wx');
  try {
    return await writeRows(stream, format, file);
  } finally {
    await file.close();
  }
}

async function writeRows(
  stream: AsyncIterable<Uint8Array>,
  fileFormat: FileFormat,
  file: FileHandle,
): Promise<DatasetContent> {
  const contentHash = createHash('sha256');
  const fileHash = createHash('sha256');
  const survey = new DatasetSurvey(fileFormat);
  let bytes = 0;
  let stored = '';
  let content = '';
  const parser = new RowParser(fileFormat, (row) => {
    survey.add(row);
    stored += formatRow(row);
    content += hashedRow(row);
  });
  const flush = async () => {
    if (stored === '') return;
    const block = Buffer.from(stored);
    contentHash.update(content);
    fileHash.update(block);
    stored = content = '';
    await file.writeFile(block);
  };

  for await (const chunk of stream) {
    bytes += chunk.length;
    parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    await flush();
    // Without this, all chunks that have already arrived would be read in one turn of the event loop.
    await setImmediate();
  }
  const { layout, rows } = parser.end();
  await flush();
  const [unacceptable, acceptable] = survey.rowsByLabel;
  return {
    contentHash: contentHash.digest('hex'),
    rows,
    acceptable,
    unacceptable,
    statistics: survey.statistics(layout),
    warnings: survey.warnings(),
    bytes,
    sums: { [ROWS_FILE]: fileHash.digest('hex') },
  };
}
