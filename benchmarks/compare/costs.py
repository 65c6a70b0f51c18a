"""What each size in `riata._costs` is worth: times with a quarter of it and with four times
of it, as ratios of the time with the size as it is.

For every name there is a problem to which the size matters. The three fits take turns, and
the least of several times counts. The largest relative gap of all of them is printed beside
the times: a size may change how a solution is computed, but not how good it is. Ratios near
one on both sides mean that the exact size hardly matters; "inf" that the problem does not
fit into its memory limit then.

    python benchmarks/compare/costs.py [--repeats 5] [NAME ...]
"""

import argparse
from functools import cache
from time import perf_counter

import numpy as np
from levels import machine
from scipy import sparse

import riata
from riata import _costs


@cache
def dense(n, p, noise=1.0, correlation=0.5):
    rng = np.random.default_rng(0)
    X = np.sqrt(1 - correlation) * rng.standard_normal((n, p))
    X += np.sqrt(correlation) * rng.standard_normal((n, 1))
    X = np.asfortranarray(X)
    eta = X[:, :min(p, 20)] @ rng.standard_normal(min(p, 20))
    return X, eta + noise * eta.std() * rng.standard_normal(n)


@cache
def scattered(n, p, density):
    rng = np.random.default_rng(0)
    X = sparse.random_array(
        (n, p), density=density, format="csc", rng=rng, data_sampler=rng.standard_normal
    )
    eta = X[:, :20] @ rng.standard_normal(20)
    return X, eta + eta.std() * rng.standard_normal(n)


def path(data, loss="squared", classes=2, **options):
    X, y = data
    if loss != "squared":
        y = np.searchsorted(np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1]), y)
    if loss == "poisson":
        y = y.astype(float)
    found = riata.fit_path(X, y, loss=loss, **{"alphas": 50, **options})
    return float(np.max(found.relative_gap))


def chunks(data, axis=0, limit=2**26, **options):
    X, y = data
    X = np.ascontiguousarray(X) if isinstance(X, np.ndarray) else X.tocsr()
    X = riata.open_chunks(X, axis=axis, memory_limit=limit)
    return path((X, y), **{"alpha_min_ratio": 0.1, **options})


def folds(data):
    found = riata.cv_path(*data, cv=5)
    return float(np.max(found.paths[0].relative_gap))


def unpenalised(data, count, **options):
    factor = np.ones(data[0].shape[1])
    factor[:count] = 0.0
    return path(data, penalty_factor=factor, **options)


TALL, WIDE = (20_000, 300), (400, 4000)
PROBLEMS = {
    "THREADS_ENTRIES": lambda: path(dense(20_000, 500), alphas=20),
    "GRAM_PANEL_BYTES": lambda: path(dense(*TALL)),
    "CENTRED_AFTER_BYTES": lambda: path(dense(2000, 100)),
    "SINGLE_GRAM_FLOPS": lambda: path(dense(5000, 2000), tol=1e-6),
    "SPARSE_ROW_ENTRIES": lambda: path(scattered(20_000, 800, 0.05)),
    "CORRELATIONS_BYTES": lambda: path(scattered(1000, 200_000, 0.001)),
    "SUMS_PANEL_BYTES": lambda: chunks(dense(*TALL)),
    "MOMENTS_PANEL_BYTES": lambda: folds(dense(*TALL)),
    "VISIT_PANEL_BYTES": lambda: chunks(dense(*TALL), loss="logistic"),
    "VISIT_DENSITY_SHARE": lambda: chunks(scattered(20_000, 100, 0.2), loss="logistic"),
    "WHOLE_ROWS_SHARE": lambda: chunks(dense(4000, 2000)),
    "READ_ALPHAS": lambda: chunks(dense(4000, 2000), axis=1),
    "BATCH_SHARE": lambda: chunks(dense(4000, 2000), axis=1),
    "GRAM_SHARE": lambda: chunks(dense(2000, 4000), limit=2**27),
    "GRAM_LEAST_BYTES": lambda: chunks(dense(500, 2000), limit=2**24),
    "SAMPLE_SHARE": lambda: chunks(dense(*TALL), loss="logistic"),
    "SAMPLE_LEAST_BYTES": lambda: chunks(dense(*TALL), loss="logistic", limit=2**23),
    "SAMPLE_ROWS_PER_COLUMN": lambda: chunks(dense(*TALL), loss="logistic"),
    "SUMMED_GRAMS_SHARE": lambda: chunks(dense(*TALL), limit=2**22),
    "MODELS_SHARE": lambda: chunks(dense(*TALL), loss="logistic"),
    "MODELS_LEAST_BYTES": lambda: chunks(dense(*TALL), loss="logistic", limit=2**23),
    "GRAM_BYTES": lambda: path(dense(3000, 6000), alpha_min_ratio=0.01),
    "ALL_PAIRS_COLUMNS": lambda: path(dense(12_000, 2000)),
    "ALL_PAIRS_FLOPS": lambda: path(dense(200, 100)),
    "DENSE_GRAM_COLUMNS": lambda: path(dense(500, 8000), l1_ratio=0.1),
    "SPARSE_GRAM_COLUMNS": lambda: path(scattered(20_000, 4000, 0.02), alphas=30),
    "SPARSE_GRAM_PER_ENTRY": lambda: path(scattered(5000, 20_000, 0.01), alphas=30),
    "LAZY_GRAM_FLOPS": lambda: path(dense(1000, 200)),
    "LAZY_GRAM_SHARE": lambda: path(dense(10_000, 1000)),
    "ALL_ALPHAS_COLUMNS": lambda: path(dense(8000, 800), alphas=100),
    "ALL_ALPHAS_FACTOR": lambda: path(dense(8000, 800), alphas=100),
    "CERTIFIED_ALPHAS": lambda: path(dense(5000, 200), alphas=200),
    "SCREENING_BYTES": lambda: path(dense(500, 20_000)),
    "SCREENING_ENTRIES": lambda: path(dense(200, 2000)),
    "HESSIAN_BYTES": lambda: path(dense(10_000, 200), loss="logistic"),
    "HESSIAN_PANEL_ROWS": lambda: path(dense(10_000, 200), loss="logistic"),
    "SPARSE_HESSIAN_FACTOR": lambda: path(scattered(10_000, 400, 0.05), loss="logistic"),
    "NEWTON_FLOPS": lambda: path(dense(500, 300), loss="logistic"),
    "LOOP_COLUMNS": lambda: path(dense(300, 120), loss="logistic"),
    "LOOP_ENTRIES": lambda: path(dense(3000, 60), loss="logistic"),
    "WHOLE_MODEL_COLUMNS": lambda: path(dense(1000, 300), loss="logistic"),
    "MODEL_STEP_COLUMNS": lambda: path(dense(500, 3000), loss="logistic"),
    "CHEAP_HESSIAN_FLOPS": lambda: path(dense(5000, 60), loss="poisson"),
    "OWN_HESSIAN_FLOPS": lambda: path(dense(*TALL), loss="logistic"),
    "ACTIVE_SET_COLUMNS": lambda: path(dense(3000, 800), loss="logistic", alphas=20),
    "COUPLED_SMOOTH_COEFS": lambda: path(
        dense(1000, 100), "multinomial", 4, l1_ratio=0.0, alphas=[1e-3]
    ),
    "COUPLED_COEFS": lambda: path(dense(1000, 400), "multinomial", 4, alphas=20),
    "BASIS_ENTRIES": lambda: unpenalised(dense(5000, 200), 50, loss="logistic"),
    "BASIS_FLOPS": lambda: unpenalised(dense(5000, 200), 50, loss="logistic"),
    "DUAL_BASIS_FLOPS": lambda: unpenalised(dense(5000, 200), 50, loss="logistic"),
    "KERNEL_SAMPLES": lambda: path(dense(1000, 3000), loss="logistic", l1_ratio=0.0),
    "KERNEL_FLOPS": lambda: path(dense(1000, 3000), loss="logistic", l1_ratio=0.0),
    "KERNEL_PANEL_BYTES": lambda: path(dense(1000, 3000), loss="logistic", l1_ratio=0.0),
    "SEPARATION_ENTRIES": lambda: path(dense(2000, 40), loss="logistic", alphas=[0.0]),
    "LINEAR_PROGRAM_ENTRIES": lambda: path(dense(200, 150), loss="logistic", alphas=[0.0]),
    "FOLD_MOMENTS_BYTES": lambda: folds(dense(*TALL)),
    "FOLD_MOMENTS_SHARE": lambda: folds(dense(*TALL)),
}


def measure(name, repeats):
    """Ratios of the times with a quarter and four times of a size; the largest gap."""
    fit, size = PROBLEMS[name], getattr(_costs, name)
    sizes = [size, type(size)(size / 4) or 1, 4 * size]
    if name.endswith("_SHARE"):
        sizes[2] = min(sizes[2], 1.0)
    times, gap = np.full((3, repeats), np.inf), 0.0
    fit()
    for k in range(repeats):
        for which, value in enumerate(sizes):
            setattr(_costs, name, value)
            begin = perf_counter()
            try:
                gap = max(gap, fit())
            except MemoryError:  # a limit, which the problem needs
                continue
            times[which, k] = perf_counter() - begin
    setattr(_costs, name, size)
    least = times.min(axis=1)
    return least[0], least[1:] / least[0], gap


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), "", sep="\n")
    print("| size | value | seconds | a quarter | four times | largest gap |")
    print("| --- | --: | --: | --: | --: | --: |")
    for name in options.names:
        seconds, (less, more), gap = measure(name, options.repeats)
        value = f"{getattr(_costs, name):g}"
        print(
            f"| {name} | {value} | {seconds:.3f} | {less:.2f} | {more:.2f} | {gap:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
