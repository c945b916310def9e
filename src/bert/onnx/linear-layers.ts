import type { GraphBuilder, Value } from './graph.js';

/** A linear layer of the network: rows · weightᵀ + bias. */
export interface LinearLayer {
  /** Canonical name of its weight and bias, without `.weight` and `.bias`. */
  name: string;
  inputs: number;
  outputs: number;
  /** The minimum of the inputs, if known. */
  leastInput?: number;
}

/**
 * Adds the computation of a layer to a graph.
 * @param rows [rows, inputs]
 * @param as name of the result, [rows, outputs].
 */
export type LinearOperator = (layer: LinearLayer, rows: Value, as: Value) => Value;

/**
 * How to compute the linear layers of a graph.
 * @param parameter returns the float32 value of a canonical name and shape.
 */
export type LinearLayers = (
  graph: GraphBuilder,
  parameter: (name: string, shape: readonly number[]) => Value,
) => LinearOperator;

/** In float32, with weights as Hugging Face stores them: [out, in]. */
export const float32LinearLayers: LinearLayers =
  (graph, parameter) =>
  ({ name, inputs, outputs }, rows, as) => {
    const weight = parameter(`${name}.weight`, [outputs, inputs]);
    const bias = parameter(`${name}.bias`, [outputs]);
    return graph.node(as, 'Gemm', [rows, weight, bias], { transB: { int: 1 } });
  };
