import type { InferenceSession } from 'onnxruntime-node';

/**
 * How a session is made that serves a model.
 * @param folder where the weights lie that the graph points to.
 */
export function sessionOptions(folder: string, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // It remembers how memory is used for every shape of batch that ever came, and how many tokens there are it cannot foresee.
    enableMemPattern: false,
    // Threads that have nothing to do look out for work so long before they sleep (ONNX Runtime's
    // `onnxruntime_session_options_config_keys.h`). By default they keep a core busy for 35 ms after every batch, which others need:
    // the event loop, a training. Without it, a batch of MiniLM takes a fifth longer on idle cores; this costs neither.
    extra: {
      session: {
        intra_op: { spin_duration_us: '50' },
        model_external_initializers_file_folder_path: folder,
      },
    },
    // Warnings would go to the console past the log; errors are thrown.
    logSeverityLevel: 4,
  };
}
