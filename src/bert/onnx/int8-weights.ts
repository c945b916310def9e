import { InvalidModelError } from '../errors.js';

export interface Int8Weight {
  /** [in, out]: the layout that integer products take, turned from Hugging Face's. */
  values: Int8Array;
  /** [out]; a weight is its value times the scale of its output. */
  scales: Float32Array;
}

/**
 * The largest value. Not 127: processors without VNNI or AMX (AVX2, the first AVX-512) add two products of a byte and an int8 in 16
 * bits that saturate, and 2 · 255 · 64 is the most that fits. So sums are exact wherever they are computed. Seven bits cost a
 * quarter more error than eight. Unsigned weights, the other way out, take 17 % longer on AVX2 and 70 % with VNNI.
 */
const largest = 64;

/** Of float32; less than that is as good as 0, and may be taken for it. */
const smallestNormal = 2 ** -126;

/**
 * Rounds a linear layer's weight to integers, each output with a scale of its own: symmetric, to nearest, halves to even. An output
 * whose weights are all 0 gets the scale 1. As `onnxruntime.quantization` does with `reduce_range`.
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

/** Of a number far below 2⁵¹: doubles as large as the one that is added have no digits behind the point. */
function roundHalfToEven(x: number): number {
  return x + 0x18_0000_0000_0000 - 0x18_0000_0000_0000;
}
