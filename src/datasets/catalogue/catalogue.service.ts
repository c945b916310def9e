import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InvalidInputError, PayloadTooLargeError, UnavailableError } from '../../common/errors.js';
import { nearest } from '../../common/nearest.js';
import { quoted } from '../../common/text.js';
import { Settings } from '../../config/settings.js';
import type { Dataset } from '../dataset.js';
import { DatasetsService } from '../datasets.service.js';
import type { CatalogueEntry } from './catalogue.js';
import { readSource, SourceError } from './source.js';

export const CATALOGUE = Symbol('the catalogue of data sets');

/** Adds data sets of the catalogue by name. */
@Injectable()
export class CatalogueService implements OnModuleDestroy {
  private readonly end = new AbortController();

  constructor(
    @Inject(CATALOGUE) readonly entries: readonly CatalogueEntry[],
    private readonly datasets: DatasetsService,
    private readonly settings: Settings,
  ) {}

  /** Stops downloads, so that they do not delay the shutdown. */
  onModuleDestroy(): void {
    this.end.abort(
      new UnavailableError('The service is shutting down. Nothing was stored. Send the request again.'),
    );
  }

  /**
   * Prepares and publishes the data set with this name, as if its file had been uploaded. The caller must
   * store it afterwards.
   * @param signal stops the download, for example when the client has left
   * @throws InvalidInputError if the catalogue has no such name, UnavailableError if the source does not
   * provide the file
   */
  async publish(source: string, name: string | undefined, signal: AbortSignal): Promise<Dataset> {
    const entry = this.entries.find((candidate) => candidate.name === source) ?? this.refuse(source);
    const file = await this.read(entry, AbortSignal.any([signal, this.end.signal]));
    const { maxUploadBytes } = this.settings;
    if (file.length > maxUploadBytes) {
      throw new PayloadTooLargeError(
        `The file of ${entry.name} has ${file.length} bytes, more than the ${maxUploadBytes} that WELLFORMED_MAX_UPLOAD_BYTES allows.`,
      );
    }
    const prepared = await this.datasets.prepare(piecesOf(file), { fileName: fileNameOf(entry) });
    try {
      if (prepared.content.contentHash !== entry.contentHash) {
        throw new Error(`This is a bug: the file of ${entry.name} has other rows than the catalogue says`);
      }
      signal.throwIfAborted();
      return await prepared.publish(name ?? entry.name);
    } finally {
      await prepared.discard();
    }
  }

  private async read(entry: CatalogueEntry, signal: AbortSignal): Promise<Buffer> {
    const { colaUrl } = this.settings;
    try {
      return await readSource(entry.source, { colaUrl, signal });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new UnavailableError(
        `${entry.name} could not be fetched from ${colaUrl}: ${error.message}. Nothing was stored. Let the service reach that address ` +
          '(behind a proxy: HTTPS_PROXY, with NODE_USE_ENV_PROXY=1 on Node 22.21 or newer), name a mirror in WELLFORMED_COLA_URL, or ' +
          `download the archive from ${entry.homepage} by hand, unpack it and upload the file: ` +
          `curl -F file=@${memberOf(entry)} -F name=${entry.name} localhost:3000/datasets`,
      );
    }
  }

  private refuse(source: string): never {
    const names = this.entries.map(({ name }) => name);
    const parts = names.filter((name) => name.startsWith(`${source}/`));
    const meant = parts.length > 0 ? parts.join(' or ') : nearest(source, names);
    const message =
      `The catalogue has no data set ${quoted(source, 100)}. ` +
      (meant ? `Did you mean ${meant}?` : `It has ${names.join(', ')}.`);
    throw new InvalidInputError(message, [{ path: ['source'], message }]);
  }
}

function memberOf({ source }: CatalogueEntry): string {
  return source.kind === 'zip' ? source.member : source.file;
}

function fileNameOf(entry: CatalogueEntry): string {
  return memberOf(entry).split('/').at(-1)!;
}

/** Yields the file in pieces, as a connection would. Other requests are served in between. */
async function* piecesOf(file: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += PIECE) yield file.subarray(at, at + PIECE);
}

const PIECE = 1 << 16;
