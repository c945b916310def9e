/** The graphs that a model folder may have, all over one `model.safetensors`: the exact one, and one with integers as weights. */
export type Variant = 'fp32' | 'int8';

/** The ONNX file of each. */
export const graphFiles: Readonly<Record<Variant, string>> = { fp32: 'model.onnx', int8: 'model.int8.onnx' };

/** The integers that `model.int8.onnx` points to. */
export const int8WeightsFile = 'model.int8.onnx.data';
