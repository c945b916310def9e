/*
 * Skeleton of a kernel: copy it to src/bert/kernels/NAME.ts, and write `./` for `../../../src/bert/kernels/` in the imports. Keep
 * the part that you need: `fused` gives an operation a gradient, `Kernel` gives it a faster way on an engine. CONTRIBUTING.md,
 * "To add a kernel", has the steps that follow.
 */
import { mul, relu, square, type Tensor2D } from '@tensorflow/tfjs-core';
import { fused } from '../../../src/bert/kernels/fused.js';
import { run, type Kernel } from '../../../src/bert/kernels/kernel.js';
import { dataTypeAttribute, runOp } from '../../../src/bert/kernels/tensorflow-op.js';
import { heapTensor, heapView } from '../../../src/bert/kernels/wasm-heap.js';

// What the network calls. The doc comment gives the formula, its source and the shapes.

/**
 * max(0, x)², the activation of Primer (So et al., 2021).
 * @param x any shape, for BERT [rows, intermediate]
 */
export function squaredRelu(x: Tensor2D): Tensor2D {
  return fused({
    // The tensors that have a gradient. The functions may use other tensors too.
    inputs: [x],
    // Save what the gradient needs, and nothing else: saved tensors stay in memory until the backward pass.
    forward: () => ({ output: run(squaredReluKernel, { x }), saved: [x] }),
    // One gradient for each input, each with the shape of that input. `dy` is the gradient of the output.
    gradient: (dy, saved) => {
      const x = saved[0]!;
      return [mul(dy, mul(relu(x), 2))];
    },
  });
}

// Without a faster way, leave the kernel out: `forward` then computes `square(relu(x))` itself.

/** List it in `kernels/index.ts`, which registers it for each engine. */
export const squaredReluKernel: Kernel = {
  name: 'SquaredRelu',
  // The definition, in TF.js operations. The test compares the other ways with it.
  portable: ({ x }) => square(relu(x!)),
  // TensorFlow's own operations, by their names in its registry. Use them where TF.js has no operation as good.
  tensorflow: ({ x }) => {
    const type = dataTypeAttribute('T', 'float32');
    return runOp('Square', [type], [runOp('Relu', [type], [x!])]);
  },
  // One pass over the memory instead of two. Take the views after the last allocation, which may move the memory.
  wasm: ({ x }) => {
    const result = heapTensor(x!.shape);
    const from = heapView(x!);
    const to = heapView(result);
    for (let i = 0; i < from.length; i++) to[i] = from[i]! > 0 ? from[i]! ** 2 : 0;
    return result;
  },
};
