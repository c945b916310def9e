import {
  elementTypes,
  encodeOnnx,
  type ElementType,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-format.js';

/** Location of a tensor's values: `length` bytes from `offset` in a file beside the ONNX file. */
export interface ExternalData {
  file: string;
  offset: number;
  length: number;
}

/** A value of the graph, by name: an input, a constant or the output of a node. */
export type Value = string;

export type Attribute = { int: number } | { float: number } | { string: string };

/** ONNX Runtime's own operators (`ContribOperators.md`). All others are from the ONNX standard. */
export const contribDomain = 'com.microsoft';

/** Collects the nodes, constants and inputs of a graph in the order of computation. */
export class GraphBuilder {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];

  /** @param dims numbers, or the names of dimensions that may differ between runs. */
  input(name: string, type: ElementType, dims: (number | string)[]): Value {
    this.inputs.push(value(name, type, dims));
    return name;
  }

  output(name: Value, type: ElementType, dims: (number | string)[]): void {
    this.outputs.push(value(name, type, dims));
  }

  /**
   * A node with one output, which has the node's name. An empty string stands for an omitted optional input.
   */
  node(
    name: string,
    operator: string,
    inputs: Value[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value {
    this.nodes.push({
      name,
      opType: operator,
      domain,
      input: inputs,
      output: [name],
      attribute: Object.entries(attributes).map(([key, attribute]) => ({
        name: key,
        ...attributeFields(attribute),
      })),
    });
    return name;
  }

  /** A one-dimensional int64 constant. Equal ones are stored once. */
  integers(...values: number[]): Value {
    const rawData = BigInt64Array.from(values, BigInt);
    return this.constant(`integers_${values.join('_')}`, 'int64', [values.length], rawData);
  }

  /** An int64 scalar. */
  integer(single: number): Value {
    return this.constant(`integer_${single}`, 'int64', [], BigInt64Array.of(BigInt(single)));
  }

  /** A float32 scalar. */
  float(single: number): Value {
    return this.constant(`float_${single}`, 'float32', [], Float32Array.of(single));
  }

  /** A uint8 scalar. */
  byte(single: number): Value {
    return this.constant(`byte_${single}`, 'uint8', [], Uint8Array.of(single));
  }

  /** A tensor whose values are in another file. */
  external(
    name: string,
    shape: readonly number[],
    { file, offset, length }: ExternalData,
    type: ElementType = 'float32',
  ): Value {
    this.constants.set(name, {
      name,
      dims: [...shape],
      dataType: elementTypes[type],
      dataLocation: 'EXTERNAL',
      externalData: [
        { key: 'location', value: file },
        { key: 'offset', value: String(offset) },
        { key: 'length', value: String(length) },
      ],
    });
    return name;
  }

  /**
   * The bytes of the ONNX file.
   * @param operatorSet version of the standard operators.
   */
  finish(graphName: string, operatorSet: number): Uint8Array {
    return encodeOnnx({
      irVersion: 9,
      producerName: 'wellformed',
      opsetImport: [
        { domain: '', version: operatorSet },
        { domain: contribDomain, version: 1 },
      ],
      graph: {
        name: graphName,
        node: this.nodes,
        initializer: [...this.constants.values()],
        input: this.inputs,
        output: this.outputs,
      },
    });
  }

  private constant(
    name: string,
    type: ElementType,
    dims: number[],
    { buffer }: BigInt64Array | Float32Array | Uint8Array,
  ): Value {
    this.constants.set(name, { name, dims, dataType: elementTypes[type], rawData: new Uint8Array(buffer) });
    return name;
  }
}

function attributeFields(attribute: Attribute): Omit<OnnxNode['attribute'][number], 'name'> {
  if ('int' in attribute) return { type: 'INT', i: attribute.int };
  if ('float' in attribute) return { type: 'FLOAT', f: attribute.float };
  return { type: 'STRING', s: new TextEncoder().encode(attribute.string) };
}

function value(name: string, type: ElementType, dims: (number | string)[]): OnnxValue {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}
