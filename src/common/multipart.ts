import type { FastifyRequest } from 'fastify';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import {
  DomainError,
  InvalidInputError,
  MalformedRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  type InputProblem,
} from './errors.js';

/** `@RouteConfig(takesForm)` on a route lets it take multipart forms; every other route answers 415 to them. */
export const takesForm = { takesForm: true };

export interface UploadedFile {
  /** The bytes as they arrive. Ends with PayloadTooLargeError where there are too many. */
  stream: AsyncIterable<Uint8Array>;
  /** As the client sent it: not to be trusted as a path. */
  fileName: string;
  /** As the client says; many say nothing of use, such as application/octet-stream. */
  contentType: string;
  /** The fields that say how to read it. */
  told: Readonly<Record<string, string>>;
}

export interface FormReader<T> {
  /** Names of the files that the form may have, each at most once. */
  files: readonly string[];
  /** Names of fields that say how to read the files, which come before these, and are no fields of the form otherwise. */
  tells?: readonly string[];
  /** Largest file in bytes. */
  maxFileBytes: number;
  /** Called as each file arrives, before later parts are known. Must read the stream to its end, or throw. */
  read(file: UploadedFile, name: string): Promise<T>;
  /** Takes back what `read` made, where the form as a whole turns out to be wrong. */
  discard(made: T): Promise<void>;
}

export interface Form<T> {
  fields: Record<string, string>;
  files: Record<string, T>;
  /** What was said of the files. */
  told: Record<string, string>;
}

/**
 * Reads a multipart form part by part, in whatever order they come.
 * @throws InvalidInputError for files or fields that are not what they should be, PayloadTooLargeError; then all that
 * `read` made is discarded
 */
export async function readForm<T>(request: FastifyRequest, reader: FormReader<T>): Promise<Form<T>> {
  if (!request.isMultipart()) {
    throw new UnsupportedMediaTypeError('Send a multipart form. With curl: -F file=@sentences.tsv');
  }
  refuseEarly(request, reader);
  const form: Form<T> = { fields: {}, files: {}, told: {} };
  try {
    for await (const part of request.parts({
      limits: { fileSize: reader.maxFileBytes, files: reader.files.length + 1 },
    })) {
      if (part.type === 'field') addField(form, part, reader);
      else await addFile(form, part, reader);
    }
    return form;
  } catch (error) {
    await Promise.all(Object.values(form.files).map((made) => reader.discard(made)));
    throw malformed(error) ?? error;
  }
}

/** A form that says itself that it is too long is not received at all. */
function refuseEarly<T>({ headers }: FastifyRequest, { files, maxFileBytes }: FormReader<T>): void {
  const room = files.length * maxFileBytes + 2 ** 20;
  if (Number(headers['content-length'] ?? 0) > room) throw tooLarge(maxFileBytes);
}

function addField<T>(
  form: Form<T>,
  part: Extract<Multipart, { type: 'field' }>,
  { files, tells = [] }: FormReader<T>,
): void {
  const name = part.fieldname;
  if (files.includes(name)) {
    throw invalid({
      pointer: `#/${name}`,
      message: `${name} must be a file. With curl: -F ${name}=@PATH (mind the @)`,
    });
  }
  if (part.fieldnameTruncated || part.valueTruncated) {
    throw invalid({ pointer: `#/${name}`, message: `${name} is too long` });
  }
  const fields = tells.includes(name) ? form.told : form.fields;
  if (tells.includes(name) && Object.keys(form.files).length > 0) {
    const message = `${name} must come before the files, which are read as they arrive: with curl, -F ${name}=… before -F file=@…`;
    throw invalid({ pointer: `#/${name}`, message });
  }
  if (Object.hasOwn(fields, name)) {
    throw invalid({ pointer: `#/${name}`, message: `${name} stands in the form twice: send it once` });
  }
  fields[name] = typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
}

async function addFile<T>(form: Form<T>, part: MultipartFile, reader: FormReader<T>): Promise<void> {
  const name = part.fieldname;
  const problem = !reader.files.includes(name)
    ? `${name} is no known file. Known: ${reader.files.join(', ')}`
    : Object.hasOwn(form.files, name)
      ? `${name} stands in the form twice: send one file`
      : undefined;
  if (problem) throw invalid({ pointer: `#/${name}`, message: problem });
  form.files[name] = await reader.read(
    {
      stream: bytesOf(part, reader.maxFileBytes),
      fileName: part.filename,
      contentType: part.mimetype,
      told: form.told,
    },
    name,
  );
}

async function* bytesOf(part: MultipartFile, limit: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of part.file) yield chunk as Uint8Array;
  if (part.file.truncated) throw tooLarge(limit);
}

function tooLarge(limit: number): PayloadTooLargeError {
  return new PayloadTooLargeError(
    `A file may have ${limit} bytes at most. Split it, or raise WELLFORMED_MAX_UPLOAD_BYTES.`,
  );
}

function invalid(problem: InputProblem): InvalidInputError {
  return new InvalidInputError(`The form is not valid: ${problem.message}`, [problem]);
}

/** What the parser throws for a body that is no multipart form has neither a class nor a code. */
function malformed(error: unknown): MalformedRequestError | undefined {
  const text = error instanceof Error ? error.message : '';
  if (
    !/multipart|boundary|terminated early|malformed part header/i.test(text) ||
    error instanceof DomainError
  )
    return undefined;
  if ((error as { code?: string }).code !== undefined) return undefined;
  return new MalformedRequestError(
    `The body is no well-formed multipart form (${text}). Send it again, whole.`,
  );
}
