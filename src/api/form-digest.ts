import { createHash } from 'node:crypto';

declare module 'fastify' {
  interface FastifyRequest {
    /** Takes down what a form holds as it is read, where somebody wants to compare it with another. */
    formDigest?: FormDigest;
  }
}

/** What tells a part of a form apart from others. */
export interface PartFacts {
  name: string;
  fileName: string | undefined;
  contentType: string;
}

/** What a form holds: of each part its name, what is said of it, and the sha256 of its bytes. The bytes are not kept. */
export class FormDigest {
  private readonly read: (PartFacts & { sha256: string })[] = [];

  /** Hands on the bytes of a part. Once they have all been read, the part counts. */
  async *part(facts: PartFacts, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
    this.read.push({ ...facts, sha256: hash.digest('hex') });
  }

  /** Sorted by name; those of one name in the order in which they came, since they may be a list. */
  get parts(): readonly object[] {
    return this.read.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}
