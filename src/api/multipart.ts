import type { FastifyRequest } from 'fastify';
import type { MultipartFile } from '@fastify/multipart';
import {
  DomainError,
  InvalidInputError,
  MalformedRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
} from '../common/errors.js';
import { parseJson } from '../common/json.js';
import type { FormField } from './form-values.js';
import { isLongerThan, shortened } from '../common/text.js';
import { decodeUtf8 } from '../common/utf8.js';

/** `@RouteConfig(takesForm)` lets a route accept multipart forms. Every other route answers them with 415. */
export const takesForm = { takesForm: true };

export interface UploadedFile {
  /** The bytes as they arrive. Throws PayloadTooLargeError if there are too many. */
  stream: AsyncIterable<Uint8Array>;
  /** The name as the client sent it. Do not use it as a path. */
  fileName: string;
  /** The type as the client sent it. Many clients send one that says nothing, such as application/octet-stream. */
  contentType: string;
  /** Values of the fields that say how to read this file. */
  told: Readonly<Record<string, string>>;
}

export interface FormReader<T> {
  /** Names of the file fields. Each may occur once. */
  files: readonly string[];
  /** Names of the fields that say how to read a file. They must come before the files, and are not in `fields`. */
  tells?: readonly string[];
  /** Largest file in bytes. */
  maxFileBytes: number;
  /** Called as each file arrives, before later parts are known. Must read the stream to its end, or throw. */
  read(file: UploadedFile, name: string): Promise<T>;
  /** Undoes `read`. It is called if the form turns out to be invalid. */
  discard(made: T): Promise<void>;
}

export interface Form<T> {
  /** The fields in their order. `formValues` converts them to an object. */
  fields: FormField[];
  files: Record<string, T>;
  /** Values of the fields that say how to read the files. */
  told: Record<string, string>;
}

/** The maximum number of files in a form. */
export const MOST_FILES = 2;

/** The maximum length of a field that is not a file, in bytes. */
const MAX_FIELD_BYTES = 64 * 1024;

/** The maximum length of a field name in messages, in characters. All names of fields are shorter. */
const MOST_OF_NAME = 100;

/**
 * Reads a multipart form part by part, in any order. The parser returns the raw bytes of every part, so that
 * this function can reject text that is not UTF-8. The parser itself would decode it leniently.
 * @throws InvalidInputError if files or fields are invalid, PayloadTooLargeError. Everything that `read` made
 * is then discarded.
 */
export async function readForm<T>(request: FastifyRequest, reader: FormReader<T>): Promise<Form<T>> {
  if (!request.isMultipart()) {
    throw new UnsupportedMediaTypeError('Send a multipart form. With curl: -F file=@sentences.tsv');
  }
  refuseEarly(request, reader.files.length, reader.maxFileBytes);
  const form: Form<T> = { fields: [], files: {}, told: {} };
  try {
    for await (const part of partsOf(request, reader.maxFileBytes)) await addPart(form, part, reader);
    return form;
  } catch (error) {
    await Promise.all(Object.values(form.files).map((made) => reader.discard(made)));
    throw malformed(error) ?? error;
  }
}

/**
 * Reads a form only to compute its `formDigest`. It accepts any content.
 * @throws PayloadTooLargeError, MalformedRequestError
 */
export async function digestForm(request: FastifyRequest, maxFileBytes: number): Promise<void> {
  refuseEarly(request, MOST_FILES, maxFileBytes);
  let bytes = 0;
  try {
    for await (const part of partsOf(request, maxFileBytes)) {
      for await (const chunk of bytesOf(part, maxFileBytes)) {
        bytes += chunk.length;
        if (bytes > roomFor(MOST_FILES, maxFileBytes)) throw tooLarge(maxFileBytes);
      }
    }
  } catch (error) {
    throw malformed(error) ?? error;
  }
}

/** A part of a form and its bytes as they arrive. */
interface Part {
  header: MultipartFile;
  bytes: AsyncIterable<Uint8Array>;
}

/** Yields the parts as they arrive. The form digest of the request records the bytes that are read. */
async function* partsOf(request: FastifyRequest, maxFileBytes: number): AsyncGenerator<Part> {
  const parts = readable(request).parts({ limits: { fileSize: maxFileBytes }, isPartAFile: () => true });
  for await (const part of parts) {
    const header = part as MultipartFile;
    const { fieldname: name, filename: fileName, mimetype: contentType } = header;
    const bytes = header.file as AsyncIterable<Uint8Array>;
    yield { header, bytes: request.formDigest?.part({ name, fileName, contentType }, bytes) ?? bytes };
  }
}

/** The plugin reads the request itself. If the body is compressed, it gets the decompressed stream instead. */
function readable(request: FastifyRequest): FastifyRequest {
  if (!request.unpacked) return request;
  return Object.create(request, { raw: { value: request.unpacked } }) as FastifyRequest;
}

/** Refuses a form that is too long by its Content-Length, before it is received. */
function refuseEarly({ headers }: FastifyRequest, files: number, maxFileBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > roomFor(files, maxFileBytes)) throw tooLarge(maxFileBytes);
}

/** The maximum size in bytes of a form with this many files. */
function roomFor(files: number, maxFileBytes: number): number {
  return files * maxFileBytes + 2 ** 20;
}

async function addPart<T>(form: Form<T>, part: Part, reader: FormReader<T>): Promise<void> {
  const name = nameOf(part.header);
  const { filename, mimetype } = part.header;
  const isFile = filename !== undefined || mimetype === 'application/octet-stream';
  if (reader.files.includes(name)) {
    if (!isFile) throw invalid(name, `${name} must be a file. With curl: -F ${name}=@PATH (mind the @)`);
    if (Object.hasOwn(form.files, name))
      throw invalid(name, `${name} stands in the form twice: send one file`);
    const stream = bytesOf(part, reader.maxFileBytes);
    form.files[name] = await reader.read(
      { stream, fileName: filename ?? '', contentType: mimetype, told: form.told },
      name,
    );
  } else if (reader.tells?.includes(name)) {
    await addTold(form, part);
  } else if (mimetype === 'application/json') {
    // A file name does not matter here: browsers give one to every part that has a type.
    form.fields.push({ name, json: jsonOf(name, await textOf(part)) });
  } else if (!isFile) {
    form.fields.push({ name, text: await textOf(part) });
  } else {
    throw invalid(name, `${name} is no known file. Known: ${reader.files.join(', ')}`);
  }
}

/** Fields that say how to read the files must come first because the files are read as they arrive. */
async function addTold<T>({ files, told }: Form<T>, part: Part): Promise<void> {
  const name = part.header.fieldname;
  if (Object.keys(files).length > 0) {
    throw invalid(
      name,
      `${name} must come before the files, which are read as they arrive: with curl, -F ${name}=… before -F file=@…`,
    );
  }
  if (Object.hasOwn(told, name)) throw invalid(name, `${name} stands in the form twice: send it once`);
  told[name] = await textOf(part);
}

/** Returns the name of a part after it has checked the headers. */
function nameOf({ fieldname: name, filename = '', encoding }: MultipartFile): string {
  if (!name) throw new MalformedRequestError('A part of the form has no name. With curl: -F NAME=VALUE');
  if (isLongerThan(name, MOST_OF_NAME)) {
    const told = shortened(name, MOST_OF_NAME);
    throw invalid(told, `${told} is not a known field`);
  }
  if (!/^(7bit|8bit|binary)$/.test(encoding)) {
    throw invalid(
      name,
      `${name} is encoded as ${encoding}: send its bytes as they are, without Content-Transfer-Encoding`,
    );
  }
  if (filename.includes('\uFFFD')) {
    // U+FFFD is what the parser makes of bytes that are not UTF-8.
    const told = JSON.stringify(shortened(filename, MOST_OF_NAME));
    throw invalid(name, `the name of the file, ${told}, is not UTF-8: rename the file`);
  }
  return name;
}

async function textOf({ header, bytes }: Part): Promise<string> {
  const name = header.fieldname;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_FIELD_BYTES) break;
  }
  if (size > MAX_FIELD_BYTES || header.file.truncated) {
    throw invalid(name, `${name} is too long: it may have ${MAX_FIELD_BYTES} bytes at most`);
  }
  return decodeUtf8(Buffer.concat(chunks), `The field ${name}`, { path: [name] });
}

function jsonOf(name: string, text: string): unknown {
  try {
    return parseJson(text, `${name}, which is declared as application/json,`);
  } catch (error) {
    throw error instanceof DomainError ? invalid(name, error.message) : error;
  }
}

async function* bytesOf({ header, bytes }: Part, limit: number): AsyncGenerator<Uint8Array> {
  yield* bytes;
  if (header.file.truncated) throw tooLarge(limit);
}

function tooLarge(limit: number): PayloadTooLargeError {
  return new PayloadTooLargeError(
    `A file may have ${limit} bytes at most. Split it, or raise WELLFORMED_MAX_UPLOAD_BYTES.`,
  );
}

function invalid(name: string, message: string): InvalidInputError {
  return new InvalidInputError(`The form is not valid: ${message}`, [{ path: [name], message }]);
}

/** Maps a parser error. The error for a body that is not a multipart form has neither a class nor a code. */
function malformed(error: unknown): MalformedRequestError | undefined {
  const text = error instanceof Error ? error.message : '';
  if (
    !/multipart|boundary|terminated early|malformed part header/i.test(text) ||
    error instanceof DomainError
  )
    return undefined;
  if ((error as { code?: string }).code !== undefined) return undefined;
  return new MalformedRequestError(
    `The body is not a well-formed multipart form (${text}). Send the complete form again.`,
  );
}
