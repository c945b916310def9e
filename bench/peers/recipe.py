"""The recipe of both programs in this folder: BERT on pairs of token ids and label, trained with the service's defaults.

A row is {"tokenIds": [...], "label": 0|1}, its ids with [CLS] and [SEP] and without padding.
"""
import math
import random

import torch
import transformers

BUCKET = 50  # batches that are sorted by length together, as in the service
WARMUP, WEIGHT_DECAY, LARGEST_NORM = 0.1, 0.01, 1.0
OPTIMIZERS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}


def open_model(folder, dropout=0.1, attention="sdpa"):
    """With dropout on, in float32. What the folder lacks (the classifier) is drawn from PyTorch's generator."""
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=2, local_files_only=True)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
    return transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, config=config, attn_implementation=attention, dtype=torch.float32, local_files_only=True
    ).train()


class Steps:
    """Forward, backward, clipping, AdamW and the schedule, one batch at a time."""

    def __init__(self, model, total_steps, learning_rate, optimizer="fused", forward=None):
        still = ("bias", "LayerNorm.weight")
        named = list(model.named_parameters())
        groups = [
            {"params": [p for n, p in named if not n.endswith(still)], "weight_decay": WEIGHT_DECAY},
            {"params": [p for n, p in named if n.endswith(still)], "weight_decay": 0.0},
        ]
        self.parameters = [p for _, p in named]
        self.forward = model if forward is None else forward
        self.optimizer = torch.optim.AdamW(groups, lr=learning_rate, eps=1e-8, **OPTIMIZERS[optimizer])
        self.schedule = transformers.get_linear_schedule_with_warmup(
            self.optimizer, math.ceil(WARMUP * total_steps), total_steps
        )

    def step(self, ids, mask, labels):
        """The batch's mean loss."""
        loss = self.forward(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, LARGEST_NORM, foreach=True)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()


def epoch_batches(rows, size, bucketed):
    """Returns the batches of an epoch in random order. If `bucketed`, the rows of a batch have similar lengths."""
    order = random.sample(range(len(rows)), len(rows))
    batches = []
    for start in range(0, len(order), size * BUCKET):
        bucket = order[start : start + size * BUCKET]
        if bucketed:
            bucket.sort(key=lambda i: len(rows[i]["tokenIds"]))
        batches += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    return [[rows[i] for i in batch] for batch in random.sample(batches, len(batches))]


def tensors(batch, pad_to=0, multiple=1, device="cpu", pad_id=0):
    """Returns ids, mask and labels. Rows are padded to `pad_to` tokens, or to the longest row. Without padding there is no mask, which saves work."""
    lengths = [len(row["tokenIds"]) for row in batch]
    length = math.ceil((pad_to or max(lengths)) / multiple) * multiple
    ids = torch.tensor([row["tokenIds"] + [pad_id] * (length - len(row["tokenIds"])) for row in batch])
    labels = torch.tensor([row["label"] for row in batch])
    if min(lengths) == length:
        return ids.to(device), None, labels.to(device)
    mask = (torch.arange(length)[None, :] < torch.tensor(lengths)[:, None]).long()
    return ids.to(device), mask.to(device), labels.to(device)
