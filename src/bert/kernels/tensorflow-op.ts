import { backend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

/** The members of `NodeJSKernelBackend` in `@tensorflow/tfjs-node` that we use. */
interface TensorFlowBackend {
  binding: Record<`TF_${string}`, number>;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
}

export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

const TYPE_NAMES = { float32: 'TF_FLOAT', int32: 'TF_INT32', string: 'TF_STRING' } as const;

/** Runs a TensorFlow op with one output, by its name in TensorFlow's op registry. Native backend only. */
export function runOp(name: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor {
  return nativeBackend().executeSingleOutput(name, attributes, inputs);
}

/** Runs a TensorFlow op for its effect. */
export function runStatefulOp(name: string, attributes: OpAttribute[], inputs: TensorInfo[]): void {
  nativeBackend().executeMultipleOutputs(name, attributes, inputs, 0);
}

export function dataTypeAttribute(name: string, value: keyof typeof TYPE_NAMES): OpAttribute {
  const { binding } = nativeBackend();
  return { name, type: binding.TF_ATTR_TYPE!, value: binding[TYPE_NAMES[value]] };
}

export function boolAttribute(name: string, value: boolean): OpAttribute {
  return { name, type: nativeBackend().binding.TF_ATTR_BOOL!, value };
}

export function shapeAttribute(name: string, value: readonly number[]): OpAttribute {
  return { name, type: nativeBackend().binding.TF_ATTR_SHAPE!, value };
}

export function stringAttribute(name: string, value: string): OpAttribute {
  return { name, type: nativeBackend().binding.TF_ATTR_STRING!, value };
}

function nativeBackend(): TensorFlowBackend {
  return backend() as unknown as TensorFlowBackend;
}
