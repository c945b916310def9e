import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graph.js';
import { decodeOnnx } from './onnx-format.js';

describe('GraphBuilder', () => {
  it('makes a graph that ONNX Runtime computes', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', ['rows', 3]);
    const flat = graph.node('flat', 'Reshape', [x, graph.integers(-1)]);
    const scaled = graph.node('scaled', 'LeakyRelu', [flat], { alpha: { float: 0.5 } });
    const first = graph.node('first', 'Gather', [scaled, graph.integer(0)], { axis: { int: 0 } });
    graph.output(scaled, 'float32', ['values']);
    graph.output(first, 'float32', []);

    const session = await InferenceSession.create(graph.finish('test', 17));
    try {
      expect(session.inputMetadata).toMatchObject([{ name: 'x', type: 'float32', shape: ['rows', 3] }]);
      const feeds = { x: new Tensor('float32', Float32Array.of(-2, 1, 2, 3, -4, 5), [2, 3]) };
      const { scaled: values, first: single } = await session.run(feeds);
      expect([...(values!.data as Float32Array)]).toEqual([-1, 1, 2, 3, -2, 5]);
      expect(single!.dims).toEqual([]);
      expect(single!.data[0]).toBe(-1);
    } finally {
      await session.release();
    }
  });

  it('stores equal constants once', () => {
    const graph = new GraphBuilder();
    expect(graph.integers(-1, 32)).toBe(graph.integers(-1, 32));
    graph.integers(-1);
    graph.integer(-1);
    expect(decodeOnnx(graph.finish('test', 17)).graph.initializer.map(({ dims }) => dims)).toEqual([
      [2],
      [1],
      [],
    ]);
  });
});
