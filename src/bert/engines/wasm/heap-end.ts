import { backend } from '@tensorflow/tfjs-core';

/** Makes the end of WebAssembly memory an error. The backend (4.22) would write to address 0 what it got no memory for, and train on nonsense. */
export function guardHeapEnd(): void {
  const { wasm } = backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  // The first call puts the function that it finds in its own place, so it must have been before.
  wasm._free(wasm._malloc(8));
  const malloc = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = malloc(bytes);
    if (address === 0) throw new Error('The WebAssembly engine is out of memory: it ends at 4 GiB.');
    return address;
  };
}
