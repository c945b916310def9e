/** A tensor with its name, canonical or as in a file, in row-major order: `data.length` is the product of `shape`. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Somewhere that tensors can be read from one at a time, so that a whole model need not be in memory twice. */
export interface WeightSource {
  /** Name → shape, of everything there is. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** @throws InvalidModelError if there is no tensor of that name or it is not of a float type. */
  read(name: string): NamedTensor;
  close(): void;
}
