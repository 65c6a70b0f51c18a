"""Cross-validation side by side: riata, scikit-learn and R's glmnet, with their defaults.

    python benchmarks/compare/cross_validation.py                    # everything there is
    python benchmarks/compare/cross_validation.py --cells 'lasso/*' --table RESULTS-cv.md

All have the same folds and strengths. Times are processor seconds on one thread, the
least of some runs. Beside a time stands the error of its curve: the largest difference of
a mean score from that of riata at a tolerance a million times smaller, relative to the
spread of the curve. R's glmnet takes part where ``Rscript`` finds it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from fnmatch import fnmatch
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import KFold, StratifiedKFold

import riata

sys.path.insert(0, str(Path(__file__).parent))
from cells import all_cells

LASSO = ("tall", "california_poly4", "diabetes", "leukemia", "riboflavin", "ar1_wide",
         "sparse_wide-to0.1", "sparse_mid")
LOGISTIC = ("breast_cancer", "leukemia", "a9a")
RIDGE = ("diabetes", "california_poly4", "tall", "leukemia", "a9a")
GLMNET = """
suppressMessages(library(glmnet)); suppressMessages(library(Matrix))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name, what, n) readBin(file.path(folder, name), what, n)
size <- read("size", "integer", 3)
X <- if (size[3] < 0) matrix(read("x", "double", size[1] * size[2]), size[1]) else
  sparseMatrix(i = read("i", "integer", size[3]), p = read("p", "integer", size[2] + 1),
               x = read("x", "double", size[3]), dims = size[1:2], index1 = FALSE)
y <- read("y", "double", size[1]); lambda <- read("lambda", "double", 1e6)
fold <- read("fold", "integer", size[1]); family <- readLines(file.path(folder, "family"))
before <- proc.time()
cv <- cv.glmnet(X, y, family = family, lambda = lambda, foldid = fold,
                standardize = FALSE)
cat((proc.time() - before)[1:2], cv$cvm)
"""


def least_time(call, repeat=3, budget=20.0):
    """Least processor seconds of some calls, and the last answer."""
    seconds, spent = [], 0.0
    while len(seconds) < repeat and spent < budget:
        begun = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = call()
        seconds.append(time.process_time() - begun)
        spent += seconds[-1]
    return min(seconds), answer


def error(curve, reference):
    """Largest difference of two curves, relative to the spread of the second."""
    curve, reference = np.asarray(curve), np.asarray(reference)
    size = min(len(curve), len(reference))
    return float(np.abs(curve - reference)[:size].max() / np.ptp(reference))


def glmnet(X, y, alphas, folds, family):
    """Seconds and mean errors of cv.glmnet, or None where it is not installed."""
    if shutil.which("Rscript") is None:
        return None
    fold = np.empty(len(y), dtype=np.int32)
    for k, (_, test) in enumerate(folds):
        fold[test] = k + 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        n_stored = X.nnz if sp.issparse(X) else -1
        np.array([*X.shape, n_stored], dtype=np.int32).tofile(path / "size")
        if sp.issparse(X):
            X.indices.astype(np.int32).tofile(path / "i")
            X.indptr.astype(np.int32).tofile(path / "p")
            X.data.astype(float).tofile(path / "x")
        else:
            np.asarray(X, dtype=float).ravel(order="F").tofile(path / "x")
        np.asarray(y, dtype=float).tofile(path / "y")
        np.asarray(alphas).tofile(path / "lambda")
        fold.tofile(path / "fold")
        (path / "family").write_text(family + "\n")
        (path / "run.R").write_text(GLMNET)
        try:
            done = subprocess.run(
                ["Rscript", str(path / "run.R"), folder], capture_output=True, text=True,
                timeout=600,
            )
        except subprocess.TimeoutExpired:
            return None
    if done.returncode:
        return None
    user, system, *curve = map(float, done.stdout.split())
    return user + system, np.array(curve)


def race_lasso(name):
    """LassoCV, 5 folds and 100 strengths."""
    cell = all_cells()[name]
    problem = cell.load()
    X, y = problem.X, problem.y
    alphas = cell.alphas(problem)
    folds = list(KFold(5).split(y))
    options = {"alphas": alphas, "cv": folds}
    exact = riata.LassoCV(**options, tol=1e-10).fit(X, y).mse_path_.mean(axis=1)
    seconds, model = least_time(lambda: riata.LassoCV(**options).fit(X, y))
    yield "riata", seconds, error(model.mse_path_.mean(axis=1), exact)
    seconds, model = least_time(lambda: linear_model.LassoCV(**options).fit(X, y), 2)
    yield "scikit-learn", seconds, error(model.mse_path_.mean(axis=1), exact)
    found = glmnet(X, y, alphas, folds, "gaussian")
    if found:
        yield "glmnet", found[0], error(found[1], exact)


def race_logistic(name):
    """LogisticRegressionCV, 5 folds and 10 Cs, L1 and L2."""
    data, penalty = name.rsplit("-", 1)
    if data == "breast_cancer":
        X, y = load_breast_cancer(return_X_y=True)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    else:
        problem = all_cells()[f"{data}-logistic-to0.01"].load()
        X, y = problem.X, problem.y
    folds = list(StratifiedKFold(5).split(y, y))
    options = {
        "l1_ratios": [float(penalty == "l1")], "cv": folds, "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    }

    def curve(model):
        return model.scores_.mean(axis=0)[0]

    exact = curve(riata.LogisticRegressionCV(**options, tol=1e-5).fit(X, y))
    seconds, model = least_time(lambda: riata.LogisticRegressionCV(**options).fit(X, y))
    yield "riata", seconds, error(curve(model), exact)
    solvers = ("liblinear", "saga") if penalty == "l1" else ("lbfgs", "newton-cholesky")
    for solver in solvers:
        if solver == "newton-cholesky" and X.shape[1] > 1000:
            continue
        model = linear_model.LogisticRegressionCV(**options, solver=solver)
        seconds, model = least_time(lambda model=model: model.fit(X, y), 1)
        yield f"scikit-learn, {solver}", seconds, error(curve(model), exact)


def race_ridge(name):
    """RidgeCV, 13 strengths: leave-one-out, and 5 folds."""
    data, kind = name.rsplit("-", 1)
    problem = all_cells()[data].load()
    X, y = problem.X, problem.y
    options = {"alphas": np.logspace(-3, 3, 13), "cv": 5 if kind == "folds" else None}
    seconds, ours = least_time(lambda: riata.RidgeCV(**options).fit(X, y))
    yield "riata", seconds, 0.0
    try:
        seconds, model = least_time(lambda: linear_model.RidgeCV(**options).fit(X, y), 2)
    except MemoryError:
        return
    yield "scikit-learn", seconds, abs(model.best_score_ / ours.best_score_ - 1)


RACES = {
    **{f"lasso/{name}": (race_lasso, name) for name in LASSO},
    **{
        f"logistic/{name}-{penalty}": (race_logistic, f"{name}-{penalty}")
        for name in LOGISTIC for penalty in ("l1", "l2")
    },
    **{
        f"ridge/{name}-{kind}": (race_ridge, f"{name}-{kind}")
        for name in RIDGE for kind in ("loo", "folds")
    },
}


def main():
    """Race, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", default="*", help="patterns, with commas between")
    parser.add_argument("--table", help="a file to write the table to")
    options = parser.parse_args()
    patterns = options.cells.split(",")
    lines = [
        "| cell | solver | CPU s | error of the curve | time / riata's |",
        "| --- | --- | --: | --: | --: |",
    ]
    print("\n".join(lines))
    for cell, (race, name) in RACES.items():
        if not any(fnmatch(cell, pattern) for pattern in patterns):
            continue
        try:
            base = None
            for solver, seconds, off in race(name):
                base = base or seconds
                lines.append(
                    f"| {cell} | {solver} | {seconds:.4g} | {off:.0e} | "
                    f"{seconds / base:.2f} |"
                )
                print(lines[-1], flush=True)
        except KeyError:
            print(f"| {cell} | its data are not there | | | |", flush=True)
    if options.table:
        Path(options.table).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
