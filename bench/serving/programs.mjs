import { fileURLToPath } from 'node:url';
import { PEER_ENVIRONMENT } from '../harness/peer.mjs';
import { json, MeasuredProgram } from '../harness/programs.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** PyTorch behind FastAPI: peers/torch_serving.py. */
export class Peer extends MeasuredProgram {
  url;
  about;

  static async start(python, { model, threads, args = [] }) {
    const options = ['--model', model, '--threads', String(threads), ...args];
    const peer = new Peer(
      'PyTorch',
      [python, here('../peers/torch_serving.py'), ...options],
      PEER_ENVIRONMENT,
    );
    peer.about = await peer.startUntil(json);
    peer.url = peer.about.url;
    peer.ignoreLines();
    return peer;
  }
}

/** ONNX Runtime alone: onnxruntime.mjs. */
export class BareRuntime extends MeasuredProgram {
  static async start({ model, threads, tokensPerBatch }) {
    const options = { model, threads, 'tokens-per-batch': tokensPerBatch };
    const bare = new BareRuntime('ONNX Runtime', nodeProgram('onnxruntime.mjs', options));
    await bare.startUntil(json);
    return bare;
  }

  /** @param {number[][]} sentences token ids, computed one after another */
  single(sentences) {
    return this.ask({ single: sentences });
  }

  /** @param {number[][]} sentences token ids, computed in the best batches */
  ideal(sentences) {
    return this.ask({ ideal: sentences });
  }
}

/** The smallest possible server: node-http.mjs. */
export class LeastServer extends MeasuredProgram {
  url;

  static async start({ model, precision, threads }) {
    const server = new LeastServer('node:http', nodeProgram('node-http.mjs', { model, precision, threads }));
    server.url = (await server.startUntil(json)).url;
    server.ignoreLines();
    return server;
  }
}

function nodeProgram(file, options) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [process.execPath, here(file), ...args];
}
