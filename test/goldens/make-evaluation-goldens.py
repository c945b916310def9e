#!/usr/bin/env python3
"""Writes evaluation.json with PyTorch and scikit-learn (see README.md): loss, accuracy, MCC and confusion matrices of labels
and logits, bootstrap intervals of MCC, temperatures and thresholds. Deterministic: the same versions of the packages write
the same bytes.
"""
from pathlib import Path

import numpy
import sklearn
import torch
from golden_files import write_json
from sklearn.calibration import _TemperatureScaling
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, matthews_corrcoef


def main():
    versions = {"torch": torch.__version__.split("+")[0], "scikit-learn": sklearn.__version__}
    write_json(
        Path(__file__).resolve().parent / "evaluation.json",
        {
            "writtenWith": versions,
            "cases": evaluation_cases(),
            "bootstrap": bootstrap_intervals(),
            "calibration": [calibration_case(*case) for case in scored_cases()],
            "thresholds": [threshold_case(*case) for case in scored_cases()],
        },
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


def scored_cases():
    """Labels and logits whose probabilities are too sure, not sure enough, and shifted towards "acceptable"."""
    random = numpy.random.default_rng(13)
    for name, sharpness, shift in [("too sure", 3.0, 0.0), ("not sure enough", 0.4, 0.0), ("shifted", 1.0, 1.2)]:
        true_margin = random.normal(0.8, 2.0, 90)
        labels = (random.random(90) < 1 / (1 + numpy.exp(-true_margin))).astype(int)
        offset = random.normal(0, 1, 90)
        margin = sharpness * true_margin + shift
        # Two decimals, so that some scores are equal.
        logits = numpy.round(numpy.stack([offset - margin / 2, offset + margin / 2], axis=1), 2)
        yield name, labels, logits


folds = 5


def calibration_case(name, labels, logits):
    temperature = fit_temperature(labels, logits)
    fold = numpy.arange(len(labels)) % folds
    each = numpy.empty(len(labels))
    for held_out in range(folds):
        each[fold == held_out] = fit_temperature(labels[fold != held_out], logits[fold != held_out])
    return {
        "name": name,
        "labels": labels.tolist(),
        "logits": logits.tolist(),
        "temperature": temperature,
        "before": calibration_quality(labels, logits),
        "fitted": calibration_quality(labels, logits / temperature),
        "foldTemperatures": each[:folds].tolist(),
        "crossFitted": calibration_quality(labels, logits / each[:, None]),
    }


def fit_temperature(labels, logits):
    return float(1 / _TemperatureScaling().fit(logits, labels).beta_)


def calibration_quality(labels, logits):
    """The expected calibration error is that of Guo et al.'s github.com/gpleiss/temperature_scaling."""
    probabilities = torch.tensor(logits, dtype=torch.float64).softmax(-1).numpy()
    confidence, prediction = probabilities.max(axis=1), probabilities.argmax(axis=1)
    error = 0.0
    edges = numpy.linspace(0, 1, 16)
    for lower, upper in zip(edges[:-1], edges[1:]):
        inside = (confidence > lower) & (confidence <= upper)
        if inside.any():
            accuracy = (prediction[inside] == labels[inside]).mean()
            error += abs(confidence[inside].mean() - accuracy) * inside.mean()
    return {"loss": float(log_loss(labels, probabilities)), "expectedCalibrationError": float(error)}


def threshold_case(name, labels, logits):
    scores = 1 / (1 + numpy.exp(logits[:, 0] - logits[:, 1]))
    fold = numpy.arange(len(labels)) % folds
    each = numpy.empty(len(labels))
    for held_out in range(folds):
        each[fold == held_out] = best_threshold(labels[fold != held_out], scores[fold != held_out])
    threshold = best_threshold(labels, scores)
    return {
        "name": name,
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "threshold": threshold,
        "mcc": float(matthews_corrcoef(labels, scores > threshold)),
        "default": float(matthews_corrcoef(labels, scores > 0.5)),
        "foldThresholds": each[:folds].tolist(),
        "crossFitted": float(matthews_corrcoef(labels, scores > each)),
    }


def best_threshold(labels, scores):
    """Tries every one: midway between neighbouring scores, and one half. Of equally good ones the nearest to one half."""
    distinct = numpy.unique(scores)
    candidates = [0.5, *((distinct[:-1] + distinct[1:]) / 2)]
    quality = [round(matthews_corrcoef(labels, scores > candidate), 9) for candidate in candidates]
    best = [candidate for candidate, mcc in zip(candidates, quality) if mcc == max(quality)]
    return float(min(best, key=lambda candidate: abs(candidate - 0.5)))


if __name__ == "__main__":
    main()
