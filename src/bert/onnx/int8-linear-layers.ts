import { contribDomain, type ExternalData, type GraphBuilder, type Value } from './graph.js';
import { float32LinearLayers, type LinearLayer, type LinearLayers } from './linear-layers.js';

/** Where the integer weight of a layer is stored. */
export interface StoredInt8Weight {
  /** int8 [in, out] */
  values: ExternalData;
  /** float32 [out] */
  scales: ExternalData;
}

/**
 * Linear layers as integer products. Weights are rounded in advance, with a scale per output. Inputs are
 * rounded to bytes when they are computed, with a scale per row (token). Sums are exact, in 32 bits. Source:
 * Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
 * inference" (2018); scales per token as in Yao et al., "ZeroQuant" (2022).
 *
 * ONNX's `DynamicQuantizeLinear` has one scale for the whole batch. There, one outlier reduces the precision
 * of all rows (0.03 to 0.06 of MCC on CoLA), and a sentence's score depends on the others in its batch (by up
 * to 0.3). A scale per row costs 5 to 15 % of the time.
 *
 * The head is computed for one token per sentence and stays in float32.
 */
export function int8LinearLayers(weightOf: (layer: LinearLayer) => StoredInt8Weight): LinearLayers {
  return (graph, parameter) => {
    const float32 = float32LinearLayers(graph, parameter);
    const quantise = rowQuantiser(graph);
    return (layer, rows, as) => {
      const { name, inputs, outputs } = layer;
      if (name.startsWith('head.')) return float32(layer, rows, as);
      const { values, scales } = weightOf(layer);
      const { bytes, zero, scale } = quantise(rows, layer.leastInput);
      const products = graph.node(
        `${as}.products`,
        'MatMulIntegerToFloat',
        [
          bytes,
          graph.external(`${name}.weight.int8`, [inputs, outputs], values, 'int8'),
          graph.float(1),
          graph.external(`${name}.weight.scale`, [outputs], scales),
          zero,
        ],
        {},
        contribDomain,
      );
      const scaled = graph.node(`${as}.scaled`, 'Mul', [products, scale]);
      // Not `Add`: ONNX Runtime would fuse it with the following GELU to `BiasGelu`, which is slower than
      // both (measured with 1.30).
      return graph.node(as, 'Sum', [scaled, parameter(`${name}.bias`, [outputs])]);
    };
  };
}

/** A value x of a row is approximately (byte - zero) · scale. */
interface QuantisedRows {
  /** uint8 [rows, size] */
  bytes: Value;
  /** uint8 */
  zero: Value;
  /** float32 [rows, 1] */
  scale: Value;
}

/**
 * Rounds rows to bytes. The largest value of each row uses the whole range. Rows that several layers read are
 * rounded once.
 */
function rowQuantiser(graph: GraphBuilder): (rows: Value, least?: number) => QuantisedRows {
  const done = new Map<Value, QuantisedRows>();
  return (rows, least = -Infinity) => {
    const known = done.get(rows);
    if (known) return known;
    // Values of both signs get half of the range each. Values that are rarely negative (those of GELU) get
    // more of it for the positive part.
    const zero = Number.isFinite(least) ? 32 : 128;
    const most = graph.node(
      `${rows}.most`,
      'ReduceMax',
      [Number.isFinite(least) ? rows : graph.node(`${rows}.abs`, 'Abs', [rows]), graph.integers(-1)],
      { keepdims: { int: 1 } },
    );
    // A row of zeros must not cause a division by 0, and the least value must fit as well.
    const smallestScale = Number.isFinite(least) ? -least / zero : 1e-30;
    const widest = graph.node(`${rows}.scale_of_most`, 'Mul', [most, graph.float(1 / (255 - zero))]);
    const scale = graph.node(`${rows}.scale`, 'Clip', [widest, graph.float(smallestScale)]);
    const perRow = graph.node(`${rows}.scales`, 'Reshape', [scale, graph.integers(-1)]);
    const zeros = graph.node(`${rows}.zeros`, 'Expand', [
      graph.byte(zero),
      graph.node(`${rows}.scales_shape`, 'Shape', [perRow]),
    ]);
    const bytes = graph.node(`${rows}.bytes`, 'QuantizeLinear', [rows, perRow, zeros], { axis: { int: 0 } });
    const quantised = { bytes, zero: graph.byte(zero), scale };
    done.set(rows, quantised);
    return quantised;
  };
}
