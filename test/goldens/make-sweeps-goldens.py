#!/usr/bin/env python3
"""Writes sweeps.json with numpy and SciPy (see README.md): quantiles of Student's t distribution, intervals of means, and shares of
variance between groups. Deterministic: the same versions of the packages write the same bytes.
"""
from pathlib import Path

import numpy
import scipy
from golden_files import write_json
from scipy import stats


def main():
    write_json(
        Path(__file__).resolve().parent / "sweeps.json",
        {
            "writtenWith": {"numpy": numpy.__version__, "scipy": scipy.__version__},
            "studentT": [
                {"degrees": degrees, "t": float(stats.t.ppf(0.975, degrees))}
                for degrees in [*range(1, 31), 47, 48, 99, 100, 499, 500]
            ],
            "means": means(),
            "shares": shares(),
        },
    )


def means():
    random = numpy.random.default_rng(17)
    samples = [random.normal(0.58, 0.02, size) for size in [2, 3, 5, 20, 54]] + [numpy.array([0.5, 0.5, 0.5])]
    return [mean(sample) for sample in samples]


def mean(sample):
    error = stats.sem(sample)
    # Without any spread, SciPy has no interval: it is the mean itself.
    lower, upper = stats.t.interval(0.95, len(sample) - 1, loc=sample.mean(), scale=error) if error > 0 else [sample.mean()] * 2
    return {
        "values": sample.tolist(),
        "mean": float(sample.mean()),
        "standardDeviation": float(sample.std(ddof=1)),
        "lower": float(lower),
        "upper": float(upper),
    }


def shares():
    """η² from the F of a one-way analysis of variance: F · between / (F · between + within), by degrees of freedom."""
    random = numpy.random.default_rng(18)
    cases = []
    for sizes, shift in [([6, 6, 6], 0.05), ([9, 9], 0.0), ([2, 5, 3, 1], 0.02)]:
        groups = [random.normal(0.5 + shift * index, 0.03, size) for index, size in enumerate(sizes)]
        between, within = len(sizes) - 1, sum(sizes) - len(sizes)
        f = float(stats.f_oneway(*groups).statistic)
        cases.append({"groups": [group.tolist() for group in groups], "share": f * between / (f * between + within)})
    return cases


if __name__ == "__main__":
    main()
