"""Cross-validation side by side: riata, scikit-learn, celer and R's glmnet.

    python benchmarks/compare/cross_validation.py                    # everything there is
    python benchmarks/compare/cross_validation.py --cells 'lasso/*' --table RESULTS-cv.md

All have the same folds and alphas. Times are processor seconds on one thread, the
least of some runs for riata. The error is that of the curve of mean scores: the largest
difference from that of riata at a tolerance a million times smaller, relative to the
spread of the curve (glmnet's mean is weighted by the sizes of the folds). riata runs with
its defaults; a peer with its own, and then with smaller and smaller tolerances until its
error is at most ACCURACY (marked with a star), or its time is over the limit. celer runs
where ``python peers.py`` has made its environment, R's glmnet where ``Rscript`` finds it.
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
from levels import machine

LASSO = ("tall", "california_poly4", "diabetes", "leukemia", "riboflavin", "ar1_wide",
         "sparse_wide-to0.1", "sparse_mid")
LOGISTIC = ("breast_cancer", "leukemia", "a9a")
RIDGE = ("diabetes", "california_poly4", "tall", "leukemia", "a9a")
ACCURACY = 1e-4
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
THRESHOLDS = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)  # of glmnet
HERE = Path(__file__).resolve().parent
GLMNET = """
suppressMessages(library(glmnet)); suppressMessages(library(Matrix))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name, what, n) readBin(file.path(folder, name), what, n)
size <- read("size", "integer", 3)
X <- if (size[3] < 0) matrix(read("x", "double", size[1] * size[2]), size[1]) else
  sparseMatrix(i = read("i", "integer", size[3]), p = read("p", "integer", size[2] + 1),
               x = read("x", "double", size[3]), dims = size[1:2], index1 = FALSE)
thresh <- as.double(commandArgs(trailingOnly = TRUE)[2])
y <- read("y", "double", size[1]); lambda <- read("lambda", "double", 1e6)
fold <- read("fold", "integer", size[1]); family <- readLines(file.path(folder, "family"))
before <- proc.time()
cv <- cv.glmnet(X, y, family = family, lambda = lambda, foldid = fold,
                standardize = FALSE, thresh = thresh, maxit = 1e8)
cat(sum((proc.time() - before)[1:2]), cv$cvm)
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
    off = float(np.abs(curve - reference)[:size].max())
    return off / (float(np.ptp(reference)) or 1.0)  # some are flat


def write(folder, X, y, alphas, folds, family):
    """Write a cross-validation for peers: for Python, and as raw numbers for R."""
    of = np.empty(len(y), dtype=np.int32)
    for k, (_, test) in enumerate(folds):
        of[test] = k + 1
    arrays = {"y": y, "alphas": alphas, "folds": of}
    if sp.issparse(X):
        sp.save_npz(folder / "X.npz", X)
        X.indices.astype(np.int32).tofile(folder / "i")
        X.indptr.astype(np.int32).tofile(folder / "p")
        X.data.astype(float).tofile(folder / "x")
    else:
        arrays["X"] = X
        np.asarray(X, dtype=float).ravel(order="F").tofile(folder / "x")
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    n_stored = X.nnz if sp.issparse(X) else -1
    np.array([*X.shape, n_stored], dtype=np.int32).tofile(folder / "size")
    np.asarray(y, dtype=float).tofile(folder / "y")
    np.asarray(alphas).tofile(folder / "lambda")
    of.tofile(folder / "fold")
    (folder / "family").write_text(family + "\n")
    (folder / "run.R").write_text(GLMNET)


def run(command, limit):
    """Seconds and curve that a command prints; None where it fails or takes too long."""
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True,
            timeout=limit, check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    seconds, *curve = map(float, done.stdout.split())
    return seconds, np.array(curve)


def commands(folder, solvers):
    """Of each solver that is there: its name, tolerances, and the command for one."""
    script = HERE / "cross_validation_peer.py"
    for name in solvers:
        python = HERE / ".envs" / "python" / "bin" / "python"
        if name == "glmnet":
            if shutil.which("Rscript"):
                yield name, THRESHOLDS, ["Rscript", folder / "run.R", folder]
        elif name != "celer" or python.exists():
            yield name, TOLERANCES, [
                python if name == "celer" else sys.executable, script, folder,
                name,
            ]


def race_peers(X, y, alphas, folds, family, solvers, exact, limit):
    """Peers with ever smaller tolerances, until the curve is good."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), X, y, alphas, folds, family)
        for name, tolerances, command in commands(Path(folder), solvers):
            label = {"lasso": "scikit-learn"}.get(name, name.split(":")[0])
            for tol in tolerances:
                found = run([*command, tol], limit)
                if found is None:
                    yield f"{label}, tol {tol:g}", limit, None
                    break
                sizes = [len(test) for _, test in folds] if name == "glmnet" else None
                off = error(found[1], np.average(exact, axis=1, weights=sizes))
                first = tol == tolerances[0]
                last = tol == tolerances[-1]
                if first or last or off <= ACCURACY:
                    yield f"{label}, tol {tol:g}", found[0], off
                if off <= ACCURACY:
                    break


def race_lasso(name, limit):
    """LassoCV, 5 folds and 100 alphas."""
    cell = all_cells()[name]
    problem = cell.load()
    X, y = problem.X, problem.y
    alphas = cell.alphas(problem)
    folds = list(KFold(5).split(y))
    options = {"alphas": alphas, "cv": folds}
    exact = riata.LassoCV(**options, tol=1e-10).fit(X, y).mse_path_
    seconds, model = least_time(lambda: riata.LassoCV(**options).fit(X, y))
    yield "riata", seconds, error(model.mse_path_.mean(axis=1), exact.mean(axis=1))
    yield from race_peers(
        X, y, alphas, folds, "gaussian", ("lasso", "celer", "glmnet"), exact, limit
    )


def race_logistic(name, limit):
    """LogisticRegressionCV, 5 folds and 10 Cs, L1 and L2, by accuracy or log loss."""
    data, penalty, metric = name.rsplit("-", 2)
    if data == "breast_cancer":
        X, y = load_breast_cancer(return_X_y=True)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    else:
        problem = all_cells()[f"{data}-logistic-to0.01"].load()
        X, y = problem.X, problem.y
    folds = list(StratifiedKFold(5).split(y, y))
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss"}[metric]
    # (beyond a C of 100 these data are separable, and log losses have no bound)
    Cs, l1_ratio = np.logspace(-4, 4 if metric == "accuracy" else 2, 10), penalty == "l1"
    options = {
        "l1_ratios": [float(l1_ratio)], "cv": folds, "scoring": scoring, "Cs": Cs,
        "use_legacy_attributes": False,
    }

    exact = riata.LogisticRegressionCV(**options, tol=1e-5).fit(X, y).scores_[:, 0].T
    seconds, model = least_time(lambda: riata.LogisticRegressionCV(**options).fit(X, y))
    yield "riata", seconds, error(model.scores_[:, 0].mean(axis=0), exact.mean(axis=1))
    solvers = ["liblinear", "saga"] if penalty == "l1" else ["lbfgs", "newton-cholesky"]
    if X.shape[1] > 1000:
        solvers = [solver for solver in solvers if solver != "newton-cholesky"]
    names = [f"{solver}:{float(l1_ratio)}:{scoring}" for solver in solvers]
    yield from race_peers(X, y, Cs, folds, "binomial", names, exact, limit)


def race_ridge(name, limit):
    """RidgeCV, 13 strengths: leave-one-out, and 5 folds."""
    data, kind = name.rsplit("-", 1)
    problem = all_cells()[data].load()
    X, y = problem.X, problem.y
    del limit  # what scikit-learn takes here is known
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
        f"logistic/{name}-{penalty}-{metric}": (
            race_logistic, f"{name}-{penalty}-{metric}"
        )
        for name in LOGISTIC for penalty in ("l1", "l2") for metric in ("accuracy", "loss")
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
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of a peer")
    parser.add_argument("--table", help="a file to write the table to")
    options = parser.parse_args()
    patterns = options.cells.split(",")
    lines = [
        machine(),
        "",
        "| cell | solver | CPU s | error of the curve | time / riata's |",
        "| --- | --- | --: | --: | --: |",
    ]
    print("\n".join(lines))
    for cell, (race, name) in RACES.items():
        if not any(fnmatch(cell, pattern) for pattern in patterns):
            continue
        try:
            base = None
            for solver, seconds, off in race(name, options.limit):
                base = base or seconds
                more = "" if off is not None else "> "
                star = " *" if off is not None and off <= ACCURACY else ""
                lines.append(
                    f"| {cell} | {solver} | {more}{seconds:.4g} | "
                    f"{'' if off is None else f'{off:.0e}'}{star} | "
                    f"{more}{seconds / base:.2f} |"
                )
                print(lines[-1], flush=True)
        except KeyError:
            print(f"| {cell} | its data are not there | | | |", flush=True)
    if options.table:
        Path(options.table).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
