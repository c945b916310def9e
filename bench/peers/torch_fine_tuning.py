#!/usr/bin/env python3
"""Fine-tunes BERT on CoLA with PyTorch and transformers by the service's recipe, to compare the curves.

  torch_fine_tuning.py MODEL_DIR TRAIN.tsv DEV.tsv --out FILE [--epochs 3] [--lr 3e-5] [--batch 32] [--seed 1] [--threads N] [--device cpu]

MODEL_DIR is a Hugging Face folder with its tokenizer; the TSV files are CoLA's (source, label, mark, sentence; no header). AdamW, weight
decay 0.01, warm-up 10 %, linear decay, clipping at 1, dropout 0.1, batches of near-equal length: as `POST /train` does without further
settings. Prints a line per epoch and writes FILE (JSON) anew after each: {settings, versions, labels: of DEV, epochs: [{epoch,
trainingLoss, trainingSeconds, mcc, logits: [[unacceptable, acceptable] of each row of DEV]}]}. bench/curves.mjs compares it with a run of
the service. Needs requirements.txt of this folder.
"""
import argparse
import json
import math
import os
import platform
import random
import time

MAX_LENGTH = 64
EVALUATION_BATCH = 64


def main():
    options = parse()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import torch
    import transformers
    import recipe

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model, local_files_only=True)
    training, dev = (read(path, tokenizer) for path in (options.train, options.dev))
    labels = [row["label"] for row in dev]
    model = recipe.open_model(options.model).to(options.device)
    total = options.epochs * math.ceil(len(training) / options.batch)
    steps = recipe.Steps(model, total, options.lr)

    report = {
        "settings": {name: getattr(options, name) for name in ("epochs", "lr", "batch", "seed", "threads", "device")},
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "labels": labels,
        "epochs": [],
    }
    done = 0
    for epoch in range(1, options.epochs + 1):
        model.train()
        loss_sum, started = 0.0, time.perf_counter()
        for batch in recipe.epoch_batches(training, options.batch, bucketed=True):
            loss_sum += steps.step(*recipe.tensors(batch, device=options.device)) * len(batch)
            done += 1
            if done % 50 == 0:
                print(f"step {done} of {total}, {time.perf_counter() - started:.0f} s", flush=True)
        seconds = time.perf_counter() - started
        logits = judge(model, dev, recipe, torch, options.device)
        result = {
            "epoch": epoch,
            "trainingLoss": loss_sum / len(training),
            "trainingSeconds": seconds,
            "mcc": matthews(labels, [int(b > a) for a, b in logits]),
        }
        print(json.dumps(result), flush=True)
        report["epochs"].append({**result, "logits": logits})
        with open(f"{options.out}.new", "w", encoding="utf-8") as file:
            json.dump(report, file)
        os.replace(f"{options.out}.new", options.out)


def read(path, tokenizer):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    encoded = tokenizer([row[3] for row in rows], truncation=True, max_length=MAX_LENGTH)["input_ids"]
    return [{"tokenIds": ids, "label": int(row[1])} for ids, row in zip(encoded, rows)]


def judge(model, rows, recipe, torch, device):
    """Returns the logits of each row, in the order of the rows."""
    model.eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]["tokenIds"]))
    logits = [None] * len(rows)
    with torch.inference_mode():
        for start in range(0, len(order), EVALUATION_BATCH):
            part = order[start : start + EVALUATION_BATCH]
            ids, mask, _ = recipe.tensors([rows[i] for i in part], device=device)
            for i, pair in zip(part, model(input_ids=ids, attention_mask=mask).logits.tolist()):
                logits[i] = pair
    return logits


def matthews(labels, judged):
    """Returns the Matthews correlation; 0 if it is undefined."""
    pairs = list(zip(labels, judged))
    tp, tn, fp, fn = (pairs.count(pair) for pair in ((1, 1), (0, 0), (0, 1), (1, 0)))
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(product) if product else 0.0


def parse():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL_DIR")
    parser.add_argument("train", metavar="TRAIN.tsv")
    parser.add_argument("dev", metavar="DEV.tsv")
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=3e-5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=cores)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
