#!/usr/bin/env python3
"""Writes comparison.json with numpy, SciPy and statsmodels (see README.md): McNemar's exact test, and bootstrap intervals of the
difference of two MCCs over the same rows. Deterministic: the same versions of the packages write the same bytes.
"""
from pathlib import Path

import numpy
import scipy
import statsmodels
from golden_files import write_json
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar


def main():
    versions = {"numpy": numpy.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__}
    write_json(
        Path(__file__).resolve().parent / "comparison.json",
        {
            "writtenWith": versions,
            "mcNemar": [mcnemar_case(*case) for case in mcnemar_cases()],
            "bootstrap": bootstrap_intervals(),
        },
    )


def mcnemar_cases():
    """Rows on which only the first judgement is right, and only the second: few, even, one-sided, many."""
    few = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 6), (5, 0), (2, 3), (7, 7), (8, 7), (12, 25), (30, 11), (3, 40)]
    many = [(210, 260), (0, 500), (1000, 1000), (1001, 1000), (4900, 5200), (60_000, 60_500), (249_000, 251_000)]
    return few + many


def mcnemar_case(first, second):
    p_value = float(binomtest(first, first + second, 0.5).pvalue) if first + second else 1.0
    if first + second:
        other = mcnemar([[0, first], [second, 0]], exact=True).pvalue
        assert abs(p_value - other) <= 1e-9 * p_value, (first, second, p_value, other)
    return {"onlyFirstRight": first, "onlySecondRight": second, "pValue": p_value}


def bootstrap_intervals():
    """Percentile 95 % intervals of second MCC minus first: 100,000 sets whose rows are drawn with replacement, both judgements with
    each. `counts` are rows at index 4 label + 2 first + second (1: acceptable).
    """
    random = numpy.random.default_rng(21)
    intervals = []
    for counts in [[70, 22, 31, 39, 20, 28, 15, 302], [3, 2, 4, 6, 3, 1, 2, 24], [1500, 180, 220, 600, 150, 260, 190, 5700]]:
        first, second = numpy.arange(8) // 2 % 2, numpy.arange(8) % 2
        drawn = random.multinomial(sum(counts), numpy.array(counts) / sum(counts), 100_000).astype(float)
        lower, upper = numpy.percentile(mcc(drawn, second) - mcc(drawn, first), [2.5, 97.5])
        intervals.append(
            {
                "counts": counts,
                "first": float(mcc(numpy.array([counts], float), first)[0]),
                "second": float(mcc(numpy.array([counts], float), second)[0]),
                "lower": float(lower),
                "upper": float(upper),
            }
        )
    return intervals


def mcc(counts, judged):
    labels = numpy.arange(8) // 4
    tp, fp, tn, fn = (counts[:, (labels == of) & (judged == said)].sum(axis=1) for of, said in [(1, 1), (0, 1), (0, 0), (1, 0)])
    norm = numpy.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return numpy.divide(tp * tn - fp * fn, norm, out=numpy.zeros_like(norm), where=norm > 0)


if __name__ == "__main__":
    main()
