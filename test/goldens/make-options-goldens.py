#!/usr/bin/env python3
"""Writes options.json: what PyTorch, transformers and scikit-learn say of the options of a fine-tuning (see README.md).

Deterministic: the same versions of the packages write the same bytes.
"""
import json
import math
from pathlib import Path

import numpy
import sklearn
import torch
import torch.nn.functional as F
import transformers
from golden_files import write_json
from sklearn.utils.class_weight import compute_class_weight
from transformers import BertForSequenceClassification

HERE = Path(__file__).resolve().parent
MODEL = HERE / "tiny-bert"
WEIGHT_DECAY, MAX_GRADIENT_NORM = 0.1, 1.0  # a decay strong enough to be seen in a few steps
BATCHES = [[0, 5, 9, 2, 7, 1], [1, 3, 7, 10, 4, 6], [4, 6, 8, 11, 0], [2, 10, 5, 1, 3, 9], [9, 0, 11, 3, 8, 2]]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    rows = json.loads((HERE / "bert" / "goldens.json").read_text())["sentences"]
    goldens = {
        "writtenWith": {
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "crossEntropy": cross_entropies(),
        "rDrop": r_drops(),
        "balancedWeights": balanced_weights(),
        "schedules": schedules(),
        "adamW": adamw_with_groups(),
        "training": train(rows),
    }
    write_json(HERE / "options.json", goldens)


def cross_entropies():
    logits, labels = random_logits(6, 2, seed=1), torch.tensor([1, 0, 1, 1, 0, 1])
    settings = [(0.0, None), (0.1, None), (0.0, [2.5, 0.75]), (0.3, [2.5, 0.75])]
    return {
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "cases": [cross_entropy(logits, labels, smoothing, weights) for smoothing, weights in settings],
    }


def cross_entropy(logits, labels, smoothing, weights):
    logits = logits.clone().requires_grad_()
    loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing, weight=weights and torch.tensor(weights))(logits, labels)
    loss.backward()
    return {"labelSmoothing": smoothing, "classWeights": weights, "loss": loss.item(), "gradient": logits.grad.tolist()}


def r_drops():
    """Half of `reg_sentence_prediction` in dropreg/R-Drop, whose loss is divided by the number of examples."""
    labels = torch.tensor([1, 0, 0, 1])
    p, q = random_logits(4, 2, seed=2).requires_grad_(), random_logits(4, 2, seed=3).requires_grad_()
    cases = []
    for alpha in (0.5, 4.0):
        p.grad = q.grad = None
        kl = lambda a, b: F.kl_div(F.log_softmax(a, -1), F.softmax(b, -1), reduction="none").sum()
        cross_entropies = F.cross_entropy(p, labels, reduction="sum") + F.cross_entropy(q, labels, reduction="sum")
        loss = 0.5 * (cross_entropies + alpha * (kl(p, q) + kl(q, p)) / 2) / len(labels)
        loss.backward()
        cases.append({"alpha": alpha, "loss": loss.item(), "gradient": torch.cat([p.grad, q.grad]).tolist()})
    return {"logits": torch.cat([p, q]).tolist(), "labels": labels.tolist(), "cases": cases}


def balanced_weights():
    labels = numpy.array([1] * 7 + [0] * 3)
    return {"labels": labels.tolist(), "weights": compute_class_weight("balanced", classes=numpy.array([0, 1]), y=labels).tolist()}


def schedules():
    made = {
        "linear": transformers.get_linear_schedule_with_warmup,
        "cosine": transformers.get_cosine_schedule_with_warmup,
        "constant": lambda optimizer, warmup, total: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
    }
    cases = []
    for name, make in made.items():
        for total, ratio in ((10, 0.2), (7, 0.0), (15, 0.1)):
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-5)
            schedule = make(optimizer, math.ceil(total * ratio), total)
            rates = []
            for _ in range(total):
                rates.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                schedule.step()
            cases.append({"name": name, "peak": 2e-5, "totalSteps": total, "warmupRatio": ratio, "learningRates": rates})
    return cases


def adamw_with_groups():
    """Three steps of torch.optim.AdamW in which every parameter is a group with a learning rate of its own."""
    generator = torch.Generator().manual_seed(4)
    scales = {"embeddings.word_embeddings.weight": 0.125, "encoder.layer.0.output.dense.weight": 0.25, "head.output.bias": 1.0}
    parameters = {name: torch.nn.Parameter(torch.randn(3, generator=generator)) for name in scales}
    initial = {name: p.tolist() for name, p in parameters.items()}
    optimizer = torch.optim.AdamW(
        [
            {"params": [p], "lr": 0.05 * scales[name], "weight_decay": 0.0 if name.endswith("bias") else WEIGHT_DECAY}
            for name, p in parameters.items()
        ]
    )
    gradients = []
    for _ in range(3):
        for p in parameters.values():
            p.grad = torch.randn(3, generator=generator)
        gradients.append({name: p.grad.tolist() for name, p in parameters.items()})
        optimizer.step()
    return {
        "learningRate": 0.05,
        "weightDecay": WEIGHT_DECAY,
        "scales": scales,
        "initial": initial,
        "gradients": gradients,
        "trained": {name: p.tolist() for name, p in parameters.items()},
    }


def train(rows):
    """The tiny BERT under all options that change the numbers of a step without dropout, each batch computed at once."""
    options = {
        "learningRate": 1e-3,
        "schedule": "cosine",
        "warmupRatio": 0.2,
        "layerwiseLearningRateDecay": 0.8,
        "labelSmoothing": 0.1,
        "classWeights": [1.75, 0.7],
    }
    model = BertForSequenceClassification.from_pretrained(MODEL, attn_implementation="eager").eval()  # dropout off
    layers = model.config.num_hidden_layers
    groups = []
    for name, parameter in model.named_parameters():
        without_decay = name.endswith(".bias") or "LayerNorm" in name
        scale = options["layerwiseLearningRateDecay"] ** (layers + 1 - depth(name, layers))
        groups.append(
            {
                "params": [parameter],
                "lr": options["learningRate"] * scale,
                "weight_decay": 0.0 if without_decay else WEIGHT_DECAY,
            }
        )
    optimizer = torch.optim.AdamW(groups)
    warmup = math.ceil(options["warmupRatio"] * len(BATCHES))
    schedule = transformers.get_cosine_schedule_with_warmup(optimizer, warmup, len(BATCHES))
    criterion = torch.nn.CrossEntropyLoss(
        label_smoothing=options["labelSmoothing"], weight=torch.tensor(options["classWeights"])
    )
    steps = []
    for batch in BATCHES:
        optimizer.zero_grad()
        inputs, labels = padded([rows[i] for i in batch])
        loss = criterion(model(**inputs).logits, labels)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        steps.append({"rows": batch, "loss": loss.item(), "gradientNorm": norm.item()})
    inputs, _ = padded(rows)
    with torch.no_grad():
        logits = model(**inputs).logits
    return {"weightDecay": WEIGHT_DECAY, "maxGradientNorm": MAX_GRADIENT_NORM, **options, "steps": steps, "logitsAfter": logits.tolist()}


def depth(name, layers):
    """As BEiT's get_num_layer_for_vit: 0 for the embeddings, layers + 1 for the head."""
    if ".embeddings." in name:
        return 0
    if ".encoder.layer." in name:
        return int(name.split(".encoder.layer.")[1].split(".")[0]) + 1
    return layers + 1


def padded(rows):
    longest = max(len(row["tokenIds"]) for row in rows)
    inputs = {
        "input_ids": torch.tensor([row["tokenIds"] + [0] * (longest - len(row["tokenIds"])) for row in rows]),
        "attention_mask": torch.tensor(
            [[1] * len(row["tokenIds"]) + [0] * (longest - len(row["tokenIds"])) for row in rows]
        ),
    }
    return inputs, torch.tensor([row["label"] for row in rows])


def random_logits(rows, classes, seed):
    return torch.randn(rows, classes, generator=torch.Generator().manual_seed(seed)) * 2


if __name__ == "__main__":
    main()
