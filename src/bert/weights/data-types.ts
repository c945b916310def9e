/** Bytes of one value of each type that a safetensors file may hold. */
export const bytesPerValue = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type DataType = keyof typeof bytesPerValue;

export function isDataType(value: unknown): value is DataType {
  return typeof value === 'string' && Object.hasOwn(bytesPerValue, value);
}

/**
 * Converts little-endian values to 32-bit floats. `bytes` must start its buffer, and the result may share it.
 * @returns null if the type is not a float type of at least 16 bits.
 */
export function toFloat32(dtype: DataType, bytes: Uint8Array): Float32Array | null {
  // TF.js and ONNX Runtime only run on little-endian machines, so no bytes are swapped.
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
    case 'BF16':
      return expand(bytes, (half) => half << 16);
    case 'F16':
      return expand(bytes, halfToFloatBits);
    default:
      return null;
  }
}

function expand(bytes: Uint8Array, floatBits: (half: number) => number): Float32Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const floats = new Float32Array(halves.length);
  const bits = new Int32Array(floats.buffer);
  for (let index = 0; index < halves.length; index++) bits[index] = floatBits(halves[index]!);
  return floats;
}

/** IEEE 754 binary16 → binary32. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: shift until the leading one reaches the implied position.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
