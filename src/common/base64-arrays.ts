/** The bytes of many numbers of a size as Base64: little-endian, as every processor that Node runs on has them. */
export function arrayToBase64({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** @returns null where the text is no Base64 of whole numbers */
export function arrayFromBase64<A extends Uint8Array | Float32Array>(
  Numbers: { new (buffer: ArrayBuffer): A; readonly BYTES_PER_ELEMENT: number },
  text: string,
): A | null {
  const bytes = Buffer.from(text, 'base64');
  const isWhole = bytes.length % Numbers.BYTES_PER_ELEMENT === 0;
  // What is no Base64 was left out.
  if (!isWhole || bytes.toString('base64') !== text) return null;
  // A copy: numbers may only begin where a multiple of their size is.
  return new Numbers(new Uint8Array(bytes).buffer);
}
