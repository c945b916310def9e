import type { InferenceSession } from 'onnxruntime-node';

/**
 * Session options for a model that serves.
 * @param folder of the weights that the graph refers to.
 */
export function sessionOptions(folder: string, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The memory pattern would be stored for every shape of batch, and the number of shapes is unlimited.
    enableMemPattern: false,
    // How long idle threads spin before they sleep (ONNX Runtime's
    // `onnxruntime_session_options_config_keys.h`). By default they keep a core busy for 35 ms after every
    // batch, which the event loop or a training needs. Without spinning, a batch of MiniLM takes a fifth
    // longer on idle cores. This value avoids both.
    extra: {
      session: {
        intra_op: { spin_duration_us: '50' },
        model_external_initializers_file_folder_path: folder,
      },
    },
    // Warnings would bypass the log and go to the console. Errors are thrown anyway.
    logSeverityLevel: 4,
  };
}
