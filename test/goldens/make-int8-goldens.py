#!/usr/bin/env python3
"""Writes int8.json (see README.md): weights as onnxruntime.quantization rounds them, and the logits that transformers' models give
when every linear layer of their encoders computes with rounded weights and inputs, in PyTorch. Run make-goldens.py first.
"""
import json
from pathlib import Path

import numpy
import onnxruntime
import torch
import transformers
from golden_files import write_json
from onnx import TensorProto
from onnxruntime.quantization.quant_utils import quantize_data
from transformers import AutoModelForSequenceClassification

HERE = Path(__file__).resolve().parent


def main():
    torch.set_num_threads(1)
    write_json(
        HERE / "int8.json",
        {
            "writtenWith": {
                "torch": torch.__version__.split("+")[0],
                "transformers": transformers.__version__,
                "onnxruntime": onnxruntime.__version__,
            },
            "weights": [weight_case(*case) for case in weights()],
            "logits": {name: logits(name) for name in ["bert", "electra", "distilbert", "roberta"]},
        },
    )


def weights():
    random = numpy.random.default_rng(7)
    outlier = random.normal(0, 0.02, (4, 24))
    outlier[1, 5] = -3
    yield "as they are in models", random.normal(0, 0.04, (6, 16))
    yield "one far from the others", outlier
    yield "a row of zeros", random.normal(0, 0.04, (3, 8)) * [[1], [0], [1]]
    # The scale of 64 is 1: these lie midway between two integers.
    yield "halves", numpy.array([[64, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 63.5], [-64, 7.5, 8.5, -7.5, -8.5, 0, -0.25, 0.75]])
    yield "large and small rows", random.normal(0, 1, (6, 8)) * [[1e30], [1e-30], [1e38], [1e-37], [1e-38], [1e-44]]


def weight_case(name, weight):
    weight = numpy.clip(weight, -3e38, 3e38).astype(numpy.float32)
    values, scales = round_weight(weight)
    return {"name": name, "weight": weight.tolist(), "values": values.tolist(), "scales": scales.tolist()}


def round_weight(weight):
    """[out, in] → integers [out, in] and scales [out]"""
    rows = [quantize_data(row, TensorProto.INT8, symmetric=True, reduce_range=True) for row in weight]
    assert all(zero == 0 for zero, _, _ in rows)
    return numpy.stack([values for _, _, values in rows]), numpy.array([scale for _, scale, _ in rows], numpy.float32)


@torch.no_grad()
def logits(name):
    model = AutoModelForSequenceClassification.from_pretrained(HERE / f"tiny-{name}", attn_implementation="eager").eval()
    for path, module in model.named_modules():
        # The head stays as it is: BERT's pooler, and what follows the encoder in all.
        if isinstance(module, torch.nn.Linear) and not path.startswith(("classifier", "pre_classifier")) and "pooler" not in path:
            behind_gelu = path.endswith((".output.dense", "ffn.lin2")) and "attention" not in path
            module.forward = rounded_linear(module, behind_gelu)
    forward = json.loads((HERE / name / "goldens.json").read_text())["forward"]
    inputs = {"input_ids": torch.tensor(forward["inputIds"]), "attention_mask": torch.tensor(forward["attentionMask"])}
    return model(**inputs).logits.tolist()


def rounded_linear(linear, behind_gelu):
    values, scales = round_weight(linear.weight.numpy())
    values, scales = torch.tensor(values, dtype=torch.float64), torch.tensor(scales)
    # What GELU gives is above -0.17, so that less of a byte's range is needed below 0.
    zero, smallest = (32, numpy.float32(0.17 / 32)) if behind_gelu else (128, numpy.float32(1e-30))

    def forward(x):
        most = x.amax(-1, keepdim=True) if behind_gelu else x.abs().amax(-1, keepdim=True)
        scale = (most * numpy.float32(1 / (255 - zero))).clamp(min=float(smallest))
        rounded = (x / scale).round().add(zero).clamp(0, 255).sub(zero)
        products = (rounded.double() @ values.T).float()
        return products * scales * scale + linear.bias

    return forward


if __name__ == "__main__":
    main()
