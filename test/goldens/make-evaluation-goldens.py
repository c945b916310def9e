#!/usr/bin/env python3
"""Writes evaluation.json with PyTorch and scikit-learn (see README.md): loss, accuracy, MCC and confusion matrices of labels
and logits, and bootstrap intervals of MCC. Deterministic: the same versions of the packages write the same bytes.
"""
from pathlib import Path

import numpy
import sklearn
import torch
from golden_files import write_json
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, matthews_corrcoef


def main():
    versions = {"torch": torch.__version__.split("+")[0], "scikit-learn": sklearn.__version__}
    write_json(
        Path(__file__).resolve().parent / "evaluation.json",
        {"writtenWith": versions, "cases": evaluation_cases(), "bootstrap": bootstrap_intervals()},
    )


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


if __name__ == "__main__":
    main()
