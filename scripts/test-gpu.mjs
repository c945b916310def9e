// npm run test:gpu [-- ARGUMENT …]: runs npm test on TensorFlow for GPUs, which `npm run set-up:gpu`
// prepares. Without a GPU it computes on the CPU. The goldens are exact to 1e-5, and some tests compare bit
// by bit. So a GPU must neither round to TF32 nor add in random order.
process.env.WELLFORMED_ENGINE = 'tensorflow-gpu';
process.env.NVIDIA_TF32_OVERRIDE ??= '0';
process.env.TF_DETERMINISTIC_OPS ??= '1';
await import('./test.mjs');
