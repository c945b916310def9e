import { createHash } from 'node:crypto';

declare module 'fastify' {
  interface FastifyRequest {
    /** Records the content of a form while it is read, to compare it with another form. */
    formDigest?: FormDigest;
  }
}

/** What identifies a part of a form. */
export interface PartFacts {
  name: string;
  fileName: string | undefined;
  contentType: string;
}

/** The content of a form: the name, the metadata and the SHA-256 of each part. The bytes are not kept. */
export class FormDigest {
  private readonly read: (PartFacts & { sha256: string })[] = [];

  /** Passes the bytes of a part on. The part counts once all of them have been read. */
  async *part(facts: PartFacts, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
    this.read.push({ ...facts, sha256: hash.digest('hex') });
  }

  /** The parts sorted by name. Parts with the same name keep their order because they may be a list. */
  get parts(): readonly object[] {
    return this.read.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}
