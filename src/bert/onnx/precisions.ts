/** The graphs that a model folder may have, all over one `model.safetensors`: the exact one, and one with integers as weights. */
export const precisions = ['fp32', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** The ONNX file of each. */
export const graphFiles: Readonly<Record<Precision, string>> = {
  fp32: 'model.onnx',
  int8: 'model.int8.onnx',
};

/** The integers that `model.int8.onnx` points to. */
export const int8WeightsFile = 'model.int8.onnx.data';
