#!/usr/bin/env python3
"""Writes, for each architecture, a tiny model with random weights (tiny-…/) and what PyTorch and transformers say about it
(see README.md): token ids, logits, loss, gradients, and twenty AdamW steps. Tests compare the library's numbers with these.

Deterministic: the same versions of the packages write the same bytes. Run make-tokenizer-goldens.py first, which makes the
vocabulary of tiny-roberta/. Names of architectures as arguments: only these.
"""
import json
import math
import random
import shutil
import string
import sys
from pathlib import Path
from unittest import mock

import torch
import transformers
from golden_files import write_json
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from transformers import BertTokenizerFast

HERE = Path(__file__).resolve().parent

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

# What differs from one architecture to the next; the rest is as transformers has it. Some seeds give single gradients so near
# zero that AdamW makes rounding noise of them: with these the float32 result is that of float64, which train() asserts.
ARCHITECTURES = {
    "bert": {
        "seed": 2,
        "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64, "num_hidden_layers": 2, "type_vocab_size": 2,
    },
    "electra": {
        "seed": 1,
        "embedding_size": 12, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24, "num_hidden_layers": 2,
    },
    "distilbert": {"seed": 1, "dim": 16, "n_heads": 2, "hidden_dim": 24, "n_layers": 2},
    "roberta": {
        "seed": 1,
        "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24, "num_hidden_layers": 2, "type_vocab_size": 1,
        "layer_norm_eps": 1e-5, "max_position_embeddings": 66,
    },
}  # fmt: skip

STEPS, BATCH_SIZE = 20, 4
PEAK_LEARNING_RATE, WARMUP_RATIO, WEIGHT_DECAY, MAX_GRADIENT_NORM = 1e-3, 0.2, 0.01, 1.0


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name in sys.argv[1:] or ARCHITECTURES:
        make_goldens(name, **ARCHITECTURES[name])


def make_goldens(name, seed, **sizes):
    folder, model_folder = HERE / name, HERE / f"tiny-{name}"
    folder.mkdir(exist_ok=True)
    model_folder.mkdir(exist_ok=True)
    tokenizer = make_tokenizer(name, model_folder)
    model = make_model(name, model_folder, tokenizer, seed, sizes)
    rows = [
        {"sentence": sentence, "label": label, "tokenIds": tokenizer(sentence)["input_ids"]} for sentence, label in SENTENCES
    ]
    for row in rows:
        row["tokens"] = tokenizer.convert_ids_to_tokens(row["tokenIds"])
    write_json(
        folder / "goldens.json",
        {
            "writtenWith": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
            "sentences": rows,
            "dropoutPlaces": dropout_places(model, rows),
            "forward": forward_and_gradients(model, rows, folder),
            "training": train(name, model, rows, folder),
        },
    )
    for file in [*folder.glob("*.safetensors"), *model_folder.glob("*.safetensors")]:
        file.chmod(0o644)


def make_tokenizer(name, folder):
    if name == "bert":
        return make_bert_tokenizer(folder)
    if name != "roberta":  # which has one of its own
        bert = HERE / "tiny-bert"
        shutil.copyfile(bert / "vocab.txt", folder / "vocab.txt")
        settings = json.loads((bert / "tokenizer_config.json").read_text())
        settings["tokenizer_class"] = {"electra": "ElectraTokenizer", "distilbert": "DistilBertTokenizer"}[name]
        write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "config.json", {"model_type": name})
    return AutoTokenizer.from_pretrained(folder)


def make_bert_tokenizer(folder):
    characters = string.ascii_lowercase + string.digits[:3]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,?!'", *characters, *("##" + c for c in characters)]
    vocabulary += [w for w in WORDS if len(w) > 1] + PIECES
    assert len(set(vocabulary)) == len(vocabulary)
    (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in vocabulary), encoding="utf-8")

    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True, model_max_length=64)
    assert tokenizer.vocab_size == len(vocabulary) and tokenizer.convert_tokens_to_ids("[SEP]") == 3
    tokenizer.save_pretrained(folder)
    # transformers 5 no longer writes this file, which version 4 and older readers look for.
    special = {name: getattr(tokenizer, name) for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
    write_json(folder / "special_tokens_map.json", special)
    return tokenizer


def make_model(name, folder, tokenizer, seed, sizes):
    config = AutoConfig.for_model(
        name,
        vocab_size=len(tokenizer),
        **{"max_position_embeddings": 64, **sizes},
        num_labels=2,
        initializer_range=0.25,
        id2label={0: "unacceptable", 1: "acceptable"},
        label2id={"unacceptable": 0, "acceptable": 1},
    )
    config._attn_implementation = "eager"
    model = AutoModelForSequenceClassification.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    norms = {f"{path}.weight" for path, module in model.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            noise = torch.empty_like(parameter).normal_(0, config.initializer_range, generator=generator)
            parameter.copy_(1 + noise if path in norms else noise)
    model.save_pretrained(folder)
    return model


def padded(rows, padding):
    longest = max(len(row["tokenIds"]) for row in rows)
    ids = [row["tokenIds"] + [padding] * (longest - len(row["tokenIds"])) for row in rows]
    mask = [[1] * len(row["tokenIds"]) + [0] * (longest - len(row["tokenIds"])) for row in rows]
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor([row["label"] for row in rows]),
    }


def dropout_places(model, rows):
    """How often a forward pass of the training drops out."""
    dropout = torch.nn.functional.dropout
    with mock.patch("torch.nn.functional.dropout", side_effect=dropout) as calls:
        model.train()
        model(**padded(rows, model.config.pad_token_id))
    return calls.call_count


def forward_and_gradients(model, rows, folder):
    model.eval()  # dropout off; gradients are still computed
    model.zero_grad()
    batch = padded(rows, model.config.pad_token_id)
    output = model(**batch)
    output.loss.backward()
    gradients = {name: p.grad.clone().contiguous() for name, p in model.named_parameters()}
    save_file(gradients, folder / "gradients.safetensors")
    return {
        "inputIds": batch["input_ids"].tolist(),
        "attentionMask": batch["attention_mask"].tolist(),
        "labels": batch["labels"].tolist(),
        "logits": output.logits.tolist(),
        "probabilities": output.logits.softmax(-1).tolist(),
        "loss": output.loss.item(),
        "gradientNorm": math.sqrt(sum(g.double().square().sum().item() for g in gradients.values())),
    }


def train(name, model, rows, folder):
    """Twenty steps in float32; the same in float64 tells how much of the result is rounding noise."""
    initial = {name: p.detach().clone() for name, p in model.named_parameters()}
    steps = adamw_steps(model, rows)
    weights = {name: p.detach().clone().contiguous() for name, p in model.named_parameters()}
    save_file(weights, folder / "trained.safetensors")

    exact = model.double()  # from here on the model itself is float64: nothing may use it after this
    with torch.no_grad():
        for path, parameter in exact.named_parameters():
            parameter.copy_(initial[path])
    exact_steps = adamw_steps(exact, rows)
    # The attention keys' bias has a true gradient of zero (softmax ignores a shift), so AdamW amplifies its rounding noise.
    meaningless = [path for path in weights if path.endswith(("attention.self.key.bias", "attention.k_lin.bias"))]
    worst = max(
        (weights[path].double() - p.detach()).abs().max().item()
        for path, p in exact.named_parameters()
        if path not in meaningless
    )
    worst_loss = max(abs(a["loss"] - b["loss"]) for a, b in zip(steps, exact_steps))
    moved = max((weights[path] - initial[path]).abs().max().item() for path in weights)
    clipped = sum(step["gradientNorm"] > MAX_GRADIENT_NORM for step in steps)
    print(f"{name}: float32 against float64: weights within {worst:.1e} (moved by up to {moved:.1e}), losses within "
          f"{worst_loss:.1e}; {clipped} of {STEPS} steps clipped; loss {steps[0]['loss']:.3f} to {steps[-1]['loss']:.3f}")
    assert worst < 2e-6 and worst_loss < 1e-6, "too much rounding noise: take another seed"
    return {
        "peakLearningRate": PEAK_LEARNING_RATE,
        "totalSteps": STEPS,
        "warmupRatio": WARMUP_RATIO,
        "warmupSteps": warmup_steps(),
        "weightDecay": WEIGHT_DECAY,
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "maxGradientNorm": MAX_GRADIENT_NORM,
        "weightsWithoutMeaning": meaningless,
        "steps": steps,
    }


def adamw_steps(model, rows):
    model.eval()
    norms = {parameter for module in model.modules() if isinstance(module, torch.nn.LayerNorm) for parameter in module.parameters()}
    decayed, undecayed = [], []
    for path, parameter in model.named_parameters():
        (undecayed if path.endswith(".bias") or parameter in norms else decayed).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": undecayed, "weight_decay": 0.0}],
        lr=PEAK_LEARNING_RATE,
        betas=(0.9, 0.999),
        eps=1e-8,
    )
    schedule = get_linear_schedule_with_warmup(optimizer, warmup_steps(), STEPS)
    draw = random.Random(7)
    steps = []
    for _ in range(STEPS):
        batch = draw.sample(range(len(rows)), BATCH_SIZE)
        optimizer.zero_grad()
        loss = model(**padded([rows[i] for i in batch], model.config.pad_token_id)).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        learning_rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"rows": batch, "loss": loss.item(), "learningRate": learning_rate, "gradientNorm": norm.item()})
    return steps


def warmup_steps():
    return math.ceil(WARMUP_RATIO * STEPS)  # as transformers' Trainer rounds


if __name__ == "__main__":
    main()
