/**
 * What TensorFlow is told through the environment, unless whoever starts the process has said otherwise. It reads the environment of the
 * process, which a thread's own copy never reaches: a process that loads it in a thread must be started with these.
 */
export const tensorFlowEnvironment: Readonly<Record<string, string>> = {
  // oneDNN's kernels are left off on AVX2 by default; they make matrix products there about a third faster.
  TF_ENABLE_ONEDNN_OPTS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Else TensorFlow takes the whole of a GPU's memory, which the serving side may need too.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // With several GPUs the addon makes its tensors on the last one, and TensorFlow computes on the first.
  CUDA_VISIBLE_DEVICES: '0',
};
