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
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

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


def others():
    """Yield name, size, X, y, a maker of the model given a module, and its audit: the
    relative duality gap, by `riata.check_solution`, of the problem that both minimise."""
    X, y = data(100, 20)
    rng = np.random.default_rng(0)
    classes = {
        "logistic": (X, (y > 0).astype(float)), "iris": load_iris(return_X_y=True),
        "wine": load_wine(return_X_y=True), "digits": load_digits(return_X_y=True),
        "cancer": load_breast_cancer(return_X_y=True),
    }

    def audit(X, y, loss, alpha):
        def gap(model):
            w, b = np.squeeze(model.coef_), np.squeeze(model.intercept_)
            b = float(b) if b.ndim == 0 else b
            return riata.check_solution(
                X, y, w, b, alpha=alpha, l1_ratio=0.0, loss=loss
            ).relative_gap

        return gap

    for name, (X, y) in classes.items():
        X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
        loss = "logistic" if y.max() == 1 else "multinomial"
        yield (
            f"LogisticRegression {name}", X.shape, X, y,
            lambda module: module.LogisticRegression(),
            audit(X, y.astype(float), loss, 1.0 / len(y)),
        )
    X, y = data(100, 20)
    yield (
        "Ridge", X.shape, X, y, lambda module: module.Ridge(),
        audit(X, y, "squared", 1.0 / len(y)),
    )
    counts = rng.poisson(np.exp(0.3 * X[:, 0])).astype(float)
    yield (
        "PoissonRegressor", X.shape, X, counts, lambda module: module.PoissonRegressor(),
        audit(X, counts, "poisson", 1.0),
    )
    X = rng.standard_normal((50, 25))
    y = X[:, 0] + rng.standard_t(2, 50)
    yield (
        "HuberRegressor", X.shape, X, y, lambda module: module.HuberRegressor(),
        lambda model: np.nan,  # its scale is part of the problem
    )
    X, y = load_iris(return_X_y=True)
    yield (
        "LogisticRegressionCV", X.shape, X, y,
        lambda module: module.LogisticRegressionCV(
            Cs=4, l1_ratios=(0.0, 0.5, 1.0), solver="saga", cv=5, tol=1e-2, max_iter=10**4,
            use_legacy_attributes=False, scoring="neg_log_loss",
        ) if module is linear_model else module.LogisticRegressionCV(
            Cs=4, l1_ratios=(0.0, 0.5, 1.0), cv=5, scoring="neg_log_loss",
        ),
        lambda model: np.nan,
    )


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
    for name, shape, X, y, make, gap in others():
        models = [make(module) for module in (riata, linear_model)]
        race(models, X, y, 1)
        slow = max(race(models, X, y, 1)[0]) / 1e6
        times = race(models, X, y, max(min(repeat, int(3.0 / slow)), 3))
        (least, other), (median, its) = times.min(axis=0), np.median(times, axis=0)
        size = f"{shape[0]:>5} x {shape[1]:<4}"
        print(
            f"{name:30}{size}{least:8.0f}{median:8.0f} {other:8.0f}{its:8.0f}"
            f"{other / least:8.2f}{its / median:7.2f}  "
            f"{gap(models[0]):8.0e}{gap(models[1]):8.0e}"
        )


if __name__ == "__main__":
    main()
