#!/usr/bin/env python3
"""Writes tensorflow-checkpoint/: the weights of tiny-bert/ as TensorFlow itself saves them, under the names of Google's
BERT, with heads and types that a reader must pass over, in two data files, as large models may have.

Run after make-goldens.py: pip install tensorflow-cpu safetensors && python test/goldens/make-tensorflow-checkpoint.py
"""
import re
import shutil
from pathlib import Path

import numpy
import tensorflow as tf
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
TARGET = HERE / "tensorflow-checkpoint"


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    tensors = {"global_step": numpy.int64(7), "module/cls/predictions/output_bias": numpy.zeros(127, numpy.float32)}
    tensors["half"] = numpy.array([0.5, -2], numpy.float16)
    for name, value in load_file(HERE / "tiny-bert" / "model.safetensors").items():
        if name.startswith("bert."):
            linear = value.ndim == 2 and "embeddings" not in name
            tensors[f"module/{tensorflow_name(name)}"] = value.T if linear else value
    names = sorted(tensors)
    parts = []
    for index, shard in enumerate([names[:10], names[10:]]):
        parts.append(str(TARGET / f"part-{index}"))
        values = [tf.constant(numpy.ascontiguousarray(tensors[name])) for name in shard]
        tf.raw_ops.SaveV2(prefix=parts[-1], tensor_names=shard, shape_and_slices=[""] * len(shard), tensors=values)
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(TARGET / "variables"), delete_old_dirs=False
    )


def tensorflow_name(name):
    name = re.sub(r"\.layer\.(\d+)\.", r".layer_\1.", name)
    name = re.sub(r"_embeddings\.weight$", "_embeddings", name)
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    return re.sub(r"\.weight$", ".kernel", name).replace(".", "/")


if __name__ == "__main__":
    main()
