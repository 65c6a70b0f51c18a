"""Relaxed paths of riata and of R's glmnet (relax=TRUE): the same coefficients?

Needs ``Rscript`` with glmnet. For each loss, both fit the lasso at the same strengths and
refit its supports; what is compared is gamma=0, where the supports agree.

    python benchmarks/compare/relaxed.py
"""

import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

import riata

FAMILIES = {"squared": "gaussian", "logistic": "binomial", "poisson": "poisson"}
SCRIPT = """
suppressPackageStartupMessages(library(glmnet))
given <- commandArgs(TRUE)
the_family <- given[2]  # glmnet refits by evaluating the names in its call again
read <- function(name) as.matrix(read.csv(file.path(given[1], name), header = FALSE))
X <- read("X.csv"); y <- read("y.csv")[, 1]; alphas <- read("alphas.csv")[, 1]
seconds <- system.time(
  fit <- glmnet(X, y, family = the_family, lambda = alphas, standardize = FALSE,
                thresh = 1e-14, maxit = 1e7, relax = TRUE))[["elapsed"]]
relaxed <- as.matrix(coef(fit$relaxed))
lasso <- as.matrix(coef(fit))
write.table(relaxed, file.path(given[1], "relaxed.csv"), sep = ",", row.names = FALSE,
            col.names = FALSE)
write.table(lasso, file.path(given[1], "lasso.csv"), sep = ",", row.names = FALSE,
            col.names = FALSE)
cat(seconds)
"""


def glmnet(X, y, alphas, family):
    """Lasso and relaxed coefficients (intercept first), and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "relaxed.R").write_text(SCRIPT)
        for name, value in (("X", X), ("y", y), ("alphas", alphas)):
            np.savetxt(folder / f"{name}.csv", value, delimiter=",", fmt="%.17g")
        run = subprocess.run(
            ["Rscript", str(folder / "relaxed.R"), str(folder), family],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        found = [
            np.loadtxt(folder / f"{name}.csv", delimiter=",", ndmin=2)
            for name in ("lasso", "relaxed")
        ]
    return *found, float(run.stdout)


def main():
    """Print a line for each loss."""
    rng = np.random.default_rng(0)
    n_samples, n_features = 300, 50
    X = rng.standard_normal((n_samples, n_features))
    eta = X[:, :4] @ [1.0, -1.0, 0.5, 0.5]
    targets = {
        "squared": eta + rng.standard_normal(n_samples),
        "logistic": (rng.random(n_samples) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": rng.poisson(np.exp(0.5 * eta)).astype(float),
    }
    print("loss       supports equal  largest difference  seconds (glmnet)  (riata)")
    for loss, y in targets.items():
        top = riata.alpha_max(X, y, loss=loss)
        alphas = np.geomspace(0.9 * top, 0.05 * top, 30)
        lasso, relaxed, seconds = glmnet(X, y, alphas, FAMILIES[loss])
        start = perf_counter()
        ours = riata.relaxed_path(X, y, loss=loss, alphas=alphas, tol=1e-12)
        own_seconds = perf_counter() - start
        same = ((lasso[1:] != 0) == (ours.path.coefs != 0)).all(axis=0)
        found = np.vstack([ours.refits.intercept, ours.refits.coef.toarray()])
        error = np.abs(found - relaxed)[:, same].max()
        print(
            f"{loss:9s}  {same.sum():5d} of {len(alphas)}     {error:18.1e}  "
            f"{seconds:16.3f}  {own_seconds:7.3f}"
        )


if __name__ == "__main__":
    main()
