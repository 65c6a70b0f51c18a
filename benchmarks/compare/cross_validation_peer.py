"""One cross-validation by scikit-learn or celer, in an environment of its own.

    python cross_validation_peer.py FOLDER SOLVER TOLERANCE

Prints the processor seconds and the curve of mean scores. FOLDER holds X, y, the folds
and the alphas, as `cross_validation.py` writes them.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

ITERATIONS = 100_000
ONCE = 5.0  # seconds from which a run is not repeated


def read(folder):
    """Return X, y, the folds (pairs of index arrays) and the alphas."""
    sparse = folder / "X.npz"
    X = sp.load_npz(sparse) if sparse.exists() else np.load(folder / "X.npy")
    of = np.load(folder / "folds.npy")
    folds = [(np.flatnonzero(of != k), np.flatnonzero(of == k)) for k in np.unique(of)]
    return X, np.load(folder / "y.npy"), folds, np.load(folder / "alphas.npy")


def lasso(X, y, folds, alphas, tol):
    """Mean squared errors of scikit-learn's LassoCV."""
    from sklearn.linear_model import LassoCV

    model = LassoCV(alphas=alphas, cv=folds, tol=tol, max_iter=ITERATIONS).fit(X, y)
    return model.mse_path_.mean(axis=1)


def celer(X, y, folds, alphas, tol):
    """The same of celer's paths; its own LassoCV does not run with scikit-learn 1.9."""
    from celer import celer_path

    curves = []
    for train, test in folds:
        part, target = X[train], y[train]
        mean, level = np.asarray(part.mean(axis=0)).ravel(), target.mean()
        if sp.issparse(part):
            part = sp.csc_matrix(part)
            shift = {"X_offset": mean, "X_scale": np.ones(len(mean))}
        else:
            part, shift = np.asfortranarray(part - mean), {}
        target = target - level
        coefs = celer_path(part, target, "lasso", alphas=alphas, tol=tol, **shift)[1]
        found = X[test] @ coefs - mean @ coefs + level
        curves.append(((y[test, None] - found) ** 2).mean(axis=0))
    celer_path(X, y - y.mean(), "lasso", alphas=alphas, tol=tol)  # the path of all samples
    return np.mean(curves, axis=0)


def logistic(X, y, folds, Cs, tol, solver, l1_ratio, scoring):
    """Mean scores of scikit-learn's LogisticRegressionCV."""
    from sklearn.linear_model import LogisticRegressionCV

    model = LogisticRegressionCV(
        Cs=Cs, cv=folds, l1_ratios=[float(l1_ratio)], solver=solver, tol=tol,
        scoring=scoring, use_legacy_attributes=False, max_iter=ITERATIONS,
    ).fit(X, y)
    return model.scores_.mean(axis=0)[0]


def main():
    """Fit, and print."""
    warnings.simplefilter("ignore")
    folder, solver, tol = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    data = read(folder)
    name, *options = solver.split(":")
    race = {"lasso": lasso, "celer": celer}.get(name)
    if race is None:
        race, options = logistic, [name, *options]
    for _ in range(2):  # the first time, modules are imported
        begun = time.process_time()
        curve = race(*data, tol, *options)
        seconds = time.process_time() - begun
        if seconds > ONCE:
            break
    print(seconds, *curve)


if __name__ == "__main__":
    main()
