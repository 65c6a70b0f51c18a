"""Whole calls of small fits, riata beside scikit-learn: what an estimator costs.

``python benchmarks/compare/small.py`` fits both in turns in one process, with default
parameters, and prints the least and the median time of a call in microseconds, the ratio
of the two, and the relative duality gap of each. Set OPENBLAS_NUM_THREADS=1.
"""

import argparse
import time

import numpy as np
import scipy.sparse as sp
from gap import Problem
from levels import machine
from sklearn import linear_model

import riata

SIZES = (50, 10), (100, 20), (100, 100), (442, 10)
ESTIMATORS = {"Lasso": 1.0, "ElasticNet": 0.5}  # and their l1_ratio


def data(n, p):
    """Return standard normal columns, five of which matter, and a target."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((n, p)))
    return X, X[:, :5] @ [3.0, -2.0, 1.5, 1.0, 0.5] + rng.standard_normal(n)


def race(models, X, y, repeat):
    """Return the microseconds of each call: an array (repeat, models)."""
    clock = time.perf_counter_ns
    times = np.empty((repeat, len(models)))
    for row in times:
        for k, model in enumerate(models):
            start = clock()
            model.fit(X, y)
            row[k] = (clock() - start) / 1000
    return times


def relative_gap(model, X, y, l1_ratio):
    """Return the referee's gap of a fitted model."""
    problem = Problem(X, y, l1_ratio)
    coef = sp.csc_array(model.coef_[:, None])
    P, D = problem.evaluate([model.alpha], coef, [model.intercept_])
    return float(P[0] - D[0]) / problem.null_objective


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=500)
    repeat = parser.parse_args().repeat
    print(machine())
    print(f"{'':22}{'riata':>16}{'scikit-learn':>16}{'ratio':>14}{'gaps':>18}")
    print(f"{'':22}{2 * 'least  median':>32}{'least  median':>14}")
    for name, l1_ratio in ESTIMATORS.items():
        for n, p in SIZES:
            X, y = data(n, p)
            models = [getattr(module, name)() for module in (riata, linear_model)]
            race(models, X, y, 20)
            times = race(models, X, y, repeat)
            (least, other), (median, its) = times.min(axis=0), np.median(times, axis=0)
            gaps = [relative_gap(model, X, y, l1_ratio) for model in models]
            print(
                f"{name:12}{n:>5} x {p:<4}{least:7.0f}{median:8.0f} {other:7.0f}{its:8.0f}"
                f"{other / least:8.2f}{its / median:7.2f}  {gaps[0]:8.0e}{gaps[1]:8.0e}"
            )


if __name__ == "__main__":
    main()
