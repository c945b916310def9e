#!/usr/bin/env python3
"""Writes the golden files of this folder with PyTorch, transformers and scikit-learn (see README.md).

A tiny BERT with random weights, and what the reference implementations say about it: token ids, logits, loss,
gradients, five AdamW steps, and evaluation figures. Tests compare the library's numbers with these.

Deterministic: the same versions of the packages write the same bytes.
"""
import json
import math
import string
from pathlib import Path

import numpy
import sklearn
import torch
import transformers
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, matthews_corrcoef
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, get_linear_schedule_with_warmup

HERE = Path(__file__).resolve().parent
MODEL = HERE / "tiny-bert"

SENTENCES = [  # (sentence, label): invented; lengths differ on purpose
    ("The cat sat on the mat.", 1),
    ("The cat sat on mat the.", 0),
    ("Birds sing.", 1),
    ("Who did the old man say that the girl saw in the garden yesterday?", 1),
    ("Her has gone the house to.", 0),
    ("She gave the boy a book, and he read it slowly in the old house.", 1),
    ("Which dog the girl did feed?", 0),
    ("Nobody likes rain!", 1),
    ("The zebra's unhappiness was quickly forgotten.", 1),
    ("Him.", 0),
    ("We the garden in yesterday walked and that man of the sang not never it to she.", 0),
    ("I saw the man that fed the dog that chased the cat.", 1),
]
WORDS = (
    "the cat sat on mat birds bird sing who did old man say that girl saw in garden yesterday her has gone house to she gave"
    " boy a book and he read it slow which dog feed nobody like rain quick forgot him we walk of sang not never i fed chase"
    " was happiness"
).split()
PIECES = "##ed ##ly ##ing ##ten ##happiness ##er ##est".split()
BATCHES = [[0, 5, 9, 2], [1, 3, 7, 10], [4, 6, 8, 11], [2, 10, 5, 1], [9, 0, 11, 3]]  # rows of SENTENCES in each step
PEAK_LEARNING_RATE, WARMUP_RATIO, WEIGHT_DECAY, MAX_GRADIENT_NORM = 1e-3, 0.1, 0.01, 1.0


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tokenizer, model = make_model_folder()
    rows = [
        {"sentence": sentence, "label": label, "tokenIds": tokenizer(sentence)["input_ids"]} for sentence, label in SENTENCES
    ]
    for row in rows:
        row["tokens"] = tokenizer.convert_ids_to_tokens(row["tokenIds"])
    write_json(
        "goldens.json",
        {
            "writtenWith": versions(),
            "sentences": rows,
            "forward": forward_and_gradients(model, rows),
            "training": train(model, rows),
        },
    )
    write_json(
        "evaluation.json", {"writtenWith": versions(), "cases": evaluation_cases(), "bootstrap": bootstrap_intervals()}
    )
    for file in HERE.rglob("*.safetensors"):
        file.chmod(0o644)


def make_model_folder():
    MODEL.mkdir(exist_ok=True)
    characters = string.ascii_lowercase + string.digits[:3]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,?!'", *characters, *("##" + c for c in characters)]
    vocabulary += [w for w in WORDS if len(w) > 1] + PIECES
    assert len(set(vocabulary)) == len(vocabulary)
    (MODEL / "vocab.txt").write_text("".join(piece + "\n" for piece in vocabulary), encoding="utf-8")

    tokenizer = BertTokenizerFast(vocab=str(MODEL / "vocab.txt"), do_lower_case=True, model_max_length=64)
    assert tokenizer.vocab_size == len(vocabulary) and tokenizer.convert_tokens_to_ids("[SEP]") == 3
    tokenizer.save_pretrained(MODEL)
    # transformers 5 no longer writes this file, which version 4 and older readers look for.
    special = {name: getattr(tokenizer, name) for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
    write_json("tiny-bert/special_tokens_map.json", special)

    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        type_vocab_size=2,
        num_labels=2,
        initializer_range=0.25,
        id2label={0: "unacceptable", 1: "acceptable"},
        label2id={"unacceptable": 0, "acceptable": 1},
    )
    config._attn_implementation = "eager"
    model = BertForSequenceClassification(config)
    # Some seeds give single gradients so near zero that AdamW makes rounding noise of them: with this one the float32
    # result is that of float64 to 3e-7 (printed at the end of train()).
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.empty_like(parameter).normal_(0, config.initializer_range, generator=generator)
            parameter.copy_(1 + noise if name.endswith("LayerNorm.weight") else noise)
    model.save_pretrained(MODEL)
    return tokenizer, model


def padded(rows):
    longest = max(len(row["tokenIds"]) for row in rows)
    ids = [row["tokenIds"] + [0] * (longest - len(row["tokenIds"])) for row in rows]
    mask = [[1] * len(row["tokenIds"]) + [0] * (longest - len(row["tokenIds"])) for row in rows]
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor([row["label"] for row in rows]),
    }


def forward_and_gradients(model, rows):
    model.eval()  # dropout off; gradients are still computed
    model.zero_grad()
    batch = padded(rows)
    output = model(**batch)
    output.loss.backward()
    gradients = {name: p.grad.clone().contiguous() for name, p in model.named_parameters()}
    save_file(gradients, HERE / "gradients.safetensors")
    return {
        "inputIds": batch["input_ids"].tolist(),
        "attentionMask": batch["attention_mask"].tolist(),
        "labels": batch["labels"].tolist(),
        "logits": output.logits.tolist(),
        "probabilities": output.logits.softmax(-1).tolist(),
        "loss": output.loss.item(),
        "gradientNorm": math.sqrt(sum(g.double().square().sum().item() for g in gradients.values())),
    }


def train(model, rows):
    """Five steps in float32; the same in float64 tells how much of the result is rounding noise."""
    initial = {name: p.detach().clone() for name, p in model.named_parameters()}
    steps = adamw_steps(model, rows)
    weights = {name: p.detach().clone().contiguous() for name, p in model.named_parameters()}
    save_file(weights, HERE / "trained.safetensors")

    exact = model.double()  # from here on the model itself is float64: nothing may use it after this
    with torch.no_grad():
        for name, parameter in exact.named_parameters():
            parameter.copy_(initial[name])
    exact_steps = adamw_steps(exact, rows)
    # The attention keys' bias has a true gradient of zero (softmax ignores a shift), so AdamW amplifies its rounding noise.
    worst = max(
        (weights[name].double() - p.detach()).abs().max().item()
        for name, p in exact.named_parameters()
        if not name.endswith("attention.self.key.bias")
    )
    moved = max((weights[name] - initial[name]).abs().max().item() for name in weights)
    print(f"float32 against float64: weights within {worst:.1e} (moved by up to {moved:.1e}), losses within "
          f"{max(abs(a['loss'] - b['loss']) for a, b in zip(steps, exact_steps)):.1e}")
    return {
        "peakLearningRate": PEAK_LEARNING_RATE,
        "totalSteps": len(BATCHES),
        "warmupRatio": WARMUP_RATIO,
        "warmupSteps": warmup_steps(),
        "weightDecay": WEIGHT_DECAY,
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "maxGradientNorm": MAX_GRADIENT_NORM,
        "weightsWithoutMeaning": [name for name in weights if name.endswith("attention.self.key.bias")],
        "steps": steps,
    }


def adamw_steps(model, rows):
    model.eval()
    decayed = [p for name, p in model.named_parameters() if not is_without_decay(name)]
    undecayed = [p for name, p in model.named_parameters() if is_without_decay(name)]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": undecayed, "weight_decay": 0.0}],
        lr=PEAK_LEARNING_RATE,
        betas=(0.9, 0.999),
        eps=1e-8,
    )
    schedule = get_linear_schedule_with_warmup(optimizer, warmup_steps(), len(BATCHES))
    steps = []
    for batch in BATCHES:
        optimizer.zero_grad()
        loss = model(**padded([rows[i] for i in batch])).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        learning_rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"rows": batch, "loss": loss.item(), "learningRate": learning_rate, "gradientNorm": norm.item()})
    return steps


def is_without_decay(name):
    return name.endswith(".bias") or "LayerNorm" in name


def warmup_steps():
    return math.ceil(WARMUP_RATIO * len(BATCHES))  # as transformers' Trainer rounds


def evaluation_cases():
    random = numpy.random.default_rng(11)
    labels = (random.random(60) < 0.7).astype(int)
    logits = random.normal(0, 1.5, (60, 2)).astype(numpy.float32)
    logits[numpy.arange(60), labels] += 1.0
    ones, zeros = numpy.ones(6, int), numpy.zeros(6, int)
    favour_one, favour_zero = numpy.tile(numpy.float32([-1, 2]), (6, 1)), numpy.tile(numpy.float32([3, -4]), (6, 1))
    mixed = numpy.array([0, 1, 0, 1, 1, 0])
    huge = numpy.float32([[900, -900], [-900, 900], [-500, 500], [200, 300], [0, 0], [1e-3, 0]])
    cases = [
        ("mixed", labels, logits),
        ("all predicted acceptable", mixed, favour_one),
        ("all predicted unacceptable", mixed, favour_zero),
        ("one class, all right", ones, favour_one),
        ("one class, all wrong", zeros, favour_one),
        ("all right", mixed, numpy.where(mixed[:, None] == 1, favour_one, favour_zero)),
        ("all wrong", mixed, numpy.where(mixed[:, None] == 0, favour_one, favour_zero)),
        ("large logits and a tie", mixed, huge),
    ]
    return [evaluation_case(*case) for case in cases]


def evaluation_case(name, labels, logits):
    predictions = logits.argmax(axis=1)
    # Not sklearn's log_loss of probabilities, which clips them: cross-entropy as it is trained on.
    loss = torch.nn.functional.cross_entropy(torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)).item()
    if name == "mixed":
        probabilities = torch.tensor(logits, dtype=torch.float64).softmax(-1).numpy()
        assert abs(loss - log_loss(labels, probabilities)) < 1e-9
    (tn, fp), (fn, tp) = confusion_matrix(labels, predictions, labels=[0, 1]).tolist()
    return {
        "name": name,
        "labels": labels.tolist(),
        "logits": logits.tolist(),
        "evaluation": {
            "rows": len(labels),
            "loss": loss,
            "accuracy": float(accuracy_score(labels, predictions)),
            "mcc": float(matthews_corrcoef(labels, predictions)),
            "confusionMatrix": {"truePositives": tp, "falsePositives": fp, "trueNegatives": tn, "falseNegatives": fn},
        },
    }


def bootstrap_intervals():
    """Percentile 95 % intervals of MCC: the counts of 100,000 sets whose rows are drawn with replacement."""
    random = numpy.random.default_rng(12)
    intervals = []
    for tp, fp, tn, fn in [(330, 65, 97, 35), (25, 6, 9, 5), (5800, 700, 1800, 251)]:
        counts = numpy.array([tp, fp, tn, fn])
        tp_, fp_, tn_, fn_ = random.multinomial(counts.sum(), counts / counts.sum(), 100_000).astype(float).T
        norm = numpy.sqrt((tp_ + fp_) * (tp_ + fn_) * (tn_ + fp_) * (tn_ + fn_))
        mcc = numpy.divide(tp_ * tn_ - fp_ * fn_, norm, out=numpy.zeros_like(norm), where=norm > 0)
        lower, upper = numpy.percentile(mcc, [2.5, 97.5])
        intervals.append(
            {
                "confusionMatrix": {"truePositives": tp, "falsePositives": fp, "trueNegatives": tn, "falseNegatives": fn},
                "lower": float(lower),
                "upper": float(upper),
            }
        )
    return intervals


def versions():
    return {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "scikit-learn": sklearn.__version__,
    }


def write_json(name, value):
    (HERE / name).write_text(pretty(value, "") + "\n", encoding="utf-8")


def pretty(value, indent):
    """Like json.dumps with indent=2, but a list of scalars stays on one line."""
    deeper = indent + "  "
    if isinstance(value, dict):
        inner = [f"{deeper}{json.dumps(key)}: {pretty(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        return "[\n" + ",\n".join(deeper + pretty(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
