import { InvalidModelError } from '../errors.js';

export interface Int8Weight {
  /** [in, out], as integer products need it: the transpose of Hugging Face's layout. */
  values: Int8Array;
  /** [out]; a weight is its value times the scale of its output. */
  scales: Float32Array;
}

/**
 * The largest value. It is not 127: processors without VNNI or AMX (AVX2, the first AVX-512) add two products
 * of a byte and an int8 in 16 bits that saturate, and 2 · 255 · 64 is the most that fits. So sums are exact
 * on every processor. Seven bits have a quarter more error than eight. Unsigned weights would also avoid
 * saturation, but take 17 % longer on AVX2 and 70 % with VNNI.
 */
const largest = 64;

/** Of float32. Smaller numbers may be treated as 0. */
const smallestNormal = 2 ** -126;

/**
 * Rounds the weight of a linear layer to integers: symmetric, to nearest, halves to even, with a scale per
 * output. An output with only zero weights gets the scale 1. Same as `onnxruntime.quantization` with
 * `reduce_range`.
 * @param weight [out, in]
 * @throws InvalidModelError if a weight is not finite.
 */
export function quantiseWeight(name: string, weight: Float32Array, outputs: number): Int8Weight {
  const inputs = weight.length / outputs;
  const values = new Int8Array(weight.length);
  const scales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const row = weight.subarray(output * inputs, (output + 1) * inputs);
    let most = 0;
    for (const value of row) most = Math.max(most, Math.abs(value));
    if (!Number.isFinite(most)) {
      throw new InvalidModelError(
        `${name} has a weight that is not a finite number. The training went astray: train again, with a lower learning rate.`,
      );
    }
    const fitting = Math.fround(most / largest);
    const scale = fitting < smallestNormal ? 1 : fitting;
    scales[output] = scale;
    for (let input = 0; input < inputs; input++) {
      const rounded = roundHalfToEven(Math.fround(row[input]! / scale));
      values[input * outputs + output] = Math.max(-largest, Math.min(largest, rounded));
    }
  }
  return { values, scales };
}

/** For numbers far below 2⁵¹: a double as large as the added number has no fractional digits. */
function roundHalfToEven(x: number): number {
  return x + 0x18_0000_0000_0000 - 0x18_0000_0000_0000;
}
