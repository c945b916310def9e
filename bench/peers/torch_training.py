#!/usr/bin/env python3
"""Fine-tunes BERT with PyTorch, a few steps at a time, so that another program can be timed in turn with it.

  torch_training.py --model DIR --data FILE [--batches given|bucketed|padded] [--batch-size 32] [--pad-to 64] [--threads N] [...]

DIR is a Hugging Face folder with config.json and model.safetensors. FILE holds JSON: {"training": [{"tokenIds": [...], "label": 0|1}]}.
Each line of standard input is a command, and each answer a line of standard output:

  {"steps": 5}   trains 5 steps -> {"seconds": [of each step], "examples": [...], "tokens": [computed, padding counted], "loss": of the last,
                 "cpuSeconds": of this process so far, "peakBytes": its largest resident set so far}

The program ends with its input. Its first line of output has the settings and versions.

It is the loop that a good engineer would write: scaled-dot-product attention, fused AdamW, foreach clipping, gradients set to none,
dropout 0.1, float32. docs/performance.md lists the other settings that were tried, and their results. The options allow trying them again.
Needs requirements.txt of this folder.
"""
import argparse
import json
import math
import os
import platform
import random
import resource
import sys
import time


def main():
    options = parse()
    # Set these before PyTorch is imported, because it reads them once.
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import torch
    import transformers

    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high" if options.precision == "tf32" else "highest")
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    training = Training(options)
    answer(
        {
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
            "threads": torch.get_num_threads(),
            **usage(),
        }
    )
    for line in sys.stdin:
        answer({**training.run(json.loads(line)["steps"]), **usage()})


class Training:
    def __init__(self, options):
        import torch
        import recipe

        self.recipe, self.options = recipe, options
        with open(options.data, encoding="utf-8") as file:
            self.rows = json.load(file)["training"]
        model = recipe.open_model(options.model, options.dropout, options.attention).to(options.device)
        forward = torch.compile(model, dynamic=options.compile == "dynamic") if options.compile != "no" else None
        total = options.epochs * math.ceil(len(self.rows) / options.batch_size)
        self.steps = recipe.Steps(model, total, options.learning_rate, options.optimizer, forward)
        self.batches = self.endless_batches()
        # A GPU continues to compute after a call has returned.
        self.wait = torch.cuda.synchronize if options.device.startswith("cuda") else lambda: None

    def run(self, steps):
        seconds, examples, tokens, loss = [], [], [], None
        pad_to = self.options.pad_to if self.options.batches == "padded" else 0
        for _ in range(steps):
            batch = next(self.batches)
            started = time.perf_counter()
            ids, mask, labels = self.recipe.tensors(batch, pad_to, self.options.multiple, self.options.device)
            loss = self.steps.step(ids, mask, labels)
            self.wait()
            seconds.append(time.perf_counter() - started)
            examples.append(len(batch))
            tokens.append(ids.numel())
        return {"seconds": seconds, "examples": examples, "tokens": tokens, "loss": loss}

    def endless_batches(self):
        rows, size = self.rows, self.options.batch_size
        while True:
            if self.options.batches == "given":
                yield from (rows[i : i + size] for i in range(0, len(rows), size))
            else:
                yield from self.recipe.epoch_batches(rows, size, self.options.batches == "bucketed")


def usage():
    own = resource.getrusage(resource.RUSAGE_SELF)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return {"cpuSeconds": own.ru_utime + own.ru_stime, "peakBytes": own.ru_maxrss * unit}


def answer(message):
    print(json.dumps(message), flush=True)


def parse():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--batches", choices=["given", "bucketed", "padded"], default="given")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--pad-to", type=int, default=64, help="length of every row where batches are padded")
    parser.add_argument("--threads", type=int, default=cores)
    parser.add_argument("--epochs", type=int, default=3, help="decides on the learning rates alone")
    parser.add_argument("--learning-rate", type=float, default=3e-5)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["float32", "tf32"], default="float32", help="of matrix products on a GPU")
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--optimizer", choices=["fused", "foreach", "loop"], default="fused")
    parser.add_argument("--compile", choices=["no", "static", "dynamic"], default="no")
    parser.add_argument("--multiple", type=int, default=1, help="lengths are padded to a multiple of this")
    return parser.parse_args()


if __name__ == "__main__":
    main()
