"""What a second thread is worth, and that results do not depend on it.

``python benchmarks/compare/threads.py`` solves each case with one thread and with two, in
turns in one process, and prints the least wall seconds of both, their ratio, and whether
the results are the same to the last bit where BLAS has one thread. In the timed runs BLAS
has as many threads as riata (by `threadpoolctl`); for cross-validation it has one, and
riata two jobs.
"""

import argparse
import time
from fnmatch import fnmatch

import numpy as np
from cells import autoregressive, sparse_normal
from levels import machine
from threadpoolctl import threadpool_limits

import riata
from riata._core.design import Design, cache_lines

ENTRIES = 10**8


def dense(n, p):
    """Return normal columns of about the given shape, and a sparse signal."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((p, n)).T
    return X, X[:, :20].sum(axis=1) + rng.standard_normal(n)


def product(n, p, n_vectors, operation):
    """A pass over a matrix: correlations with residuals, or an update of residuals."""
    X, y = dense(n, p)
    columns, R = np.arange(p), cache_lines(n, n_vectors)
    R[:] = y[:, None]
    out, B = np.empty((p, n_vectors)), np.full((p, n_vectors), 1e-3)
    designs = {
        k: Design("dense_f", X, None, None, X.shape, None, True, y, k) for k in (1, 2)
    }

    def correlations(k):
        designs[k].gradient(R, out, None, R.sum(axis=0))
        return out.copy()

    def residuals(k):
        Q = R.copy()
        designs[k].subtract_product(columns, B, Q)
        return Q

    return {"gradient": correlations, "residual": residuals}[operation]


def path(X, y, **options):
    """A path, by `fit_path`."""
    return lambda k: riata.fit_path(X, y, n_threads=k, **options).coef.toarray()


def folds(X, y, **options):
    """A cross-validation with ten folds, in as many jobs."""
    return lambda k: riata.cv_path(
        X, y, cv=10, n_jobs=k, n_threads=1, **options
    ).mean_score()


def cases():
    """Return functions that make a function of the number of threads, by name."""
    n, p = 100_000, ENTRIES // 100_000
    wide = {"alpha_min_ratio": 0.01}
    return {
        "correlations, one vector": lambda: product(n, p, 1, "gradient"),
        "correlations, eight vectors": lambda: product(n, p, 8, "gradient"),
        "residuals, eight vectors": lambda: product(n, p, 8, "residual"),
        "tall path (Gram)": lambda: path(*dense(n, p), alpha_min_ratio=0.1),
        "wide path": lambda: path(*autoregressive(500, 200_000, 0.5, 20), **wide),
        "sparse path": lambda: path(
            *sparse_normal(100_000, 200_000, 1e-3, 100), alpha_min_ratio=0.1
        ),
        "logistic path, tall": lambda: path(
            *logistic(dense(n // 2, p)), loss="logistic", alpha_min_ratio=0.1
        ),
        "cross-validation, wide": lambda: folds(*autoregressive(200, 100_000, 0.5, 20)),
        "cross-validation, tall": lambda: folds(*autoregressive(50_000, 500, 0.5, 20)),
        "cross-validation, logistic": lambda: folds(
            *logistic(autoregressive(5000, 2000, 0.5, 20)), loss="logistic",
            alpha_min_ratio=0.05,
        ),
    }


def logistic(data):
    """The same columns, and whether the target is positive."""
    X, y = data
    return X, (y > 0).astype(float)


def measure(call, repeat, blas):
    """Return the least seconds with one thread and with two, and whether they agree."""
    seconds = {1: [], 2: []}
    for _ in range(repeat):
        for k in (1, 2):
            with threadpool_limits(k if blas else 1, "blas"):
                start = time.perf_counter()
                call(k)
                seconds[k].append(time.perf_counter() - start)
    with threadpool_limits(1, "blas"):
        same = np.array_equal(call(1), call(2))
    return min(seconds[1]), min(seconds[2]), same


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cases", default="*", help="a pattern")
    options = parser.parse_args()
    print(machine())
    print(f"{'case':30}{'1 thread':>10}{'2 threads':>11}{'ratio':>7}  same bits")
    for name, make in cases().items():
        if not fnmatch(name, options.cases):
            continue
        one, two, same = measure(make(), options.repeat, not name.startswith("cross"))
        print(f"{name:30}{one:10.3f}{two:11.3f}{one / two:7.2f}  {same}", flush=True)


if __name__ == "__main__":
    main()
