/** The parts of `@tensorflow/tfjs-node`'s addon through which numbers pass. An id names a tensor of TensorFlow. */
export interface TensorBinding {
  createTensor(shape: readonly number[], dtype: number, values: unknown): number;
  deleteTensor(id: number): void;
}

/** Scalars, shapes, axes, permutations and seeds have no more numbers than this. */
const MOST_NUMBERS = 8;

/** Of tensors that nobody uses at the moment. A step of BERT-base has about a hundred that come again. */
const MOST_KEPT = 4096;

interface SmallTensor {
  id: number;
  content: string;
  users: number;
}

/**
 * Hands each small tensor over to TensorFlow once and then names it again. TF.js makes a new one for every number in an expression and for
 * every shape: 930 in a step of BERT-base, which on a GPU are as many copies to the card (measured: 40 ms of a step of 178 ms).
 * TensorFlow's eager operations never write into an input, so that one tensor serves all.
 * @returns the same addon, seen through this
 */
export function reuseSmallTensors<T extends TensorBinding>(binding: T, mostKept = MOST_KEPT): T {
  /** In the order of their last use. */
  const byContent = new Map<string, SmallTensor>();
  const byId = new Map<number, SmallTensor>();

  const createTensor = (shape: readonly number[], dtype: number, values: unknown): number => {
    if (!isSmall(values)) return binding.createTensor(shape, dtype, values);
    const content = `${dtype}/${shape.join()}/${contentOf(values)}`;
    let tensor = byContent.get(content);
    if (tensor) byContent.delete(content);
    else {
      tensor = { id: binding.createTensor(shape, dtype, values), content, users: 0 };
      byId.set(tensor.id, tensor);
    }
    byContent.set(content, tensor);
    tensor.users++;
    if (byContent.size > mostKept) dropUnused();
    return tensor.id;
  };

  const deleteTensor = (id: number): void => {
    const tensor = byId.get(id);
    if (tensor) tensor.users--;
    else binding.deleteTensor(id);
  };

  const dropUnused = (): void => {
    for (const tensor of byContent.values()) {
      if (byContent.size <= mostKept) return;
      if (tensor.users > 0) continue;
      byContent.delete(tensor.content);
      byId.delete(tensor.id);
      binding.deleteTensor(tensor.id);
    }
  };

  // The addon's own properties cannot be written.
  return Object.create(binding, {
    createTensor: { value: createTensor },
    deleteTensor: { value: deleteTensor },
  }) as T;
}

type Numbers = Float32Array | Int32Array;

function isSmall(values: unknown): values is Numbers {
  return (values instanceof Float32Array || values instanceof Int32Array) && values.length <= MOST_NUMBERS;
}

/** -0 and each NaN are told apart from other numbers by their bits. */
function contentOf(values: Numbers): string {
  return new Int32Array(values.buffer, values.byteOffset, values.length).join();
}
