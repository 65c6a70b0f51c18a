"""One path with a penalty on groups by another package, in an environment of its own.

    python groups_peer.py FOLDER SOLVER TOLERANCE

Prints the processor seconds and writes the coefficients, (n_alphas, n_features) or
(n_alphas, n_features, n_targets), to FOLDER. The data are as `groups.py` writes them.
"""

import sys
import time
from pathlib import Path

import numpy as np


def adelie(X, y, alphas, size, loss, tol):
    """adelie's grpnet: groups of neighbours, or several targets."""
    import adelie as ad

    options = {}
    if loss == "targets":
        glm, alphas = ad.glm.multigaussian(y=np.asfortranarray(y)), alphas / y.shape[1]
        options["penalty"] = np.ones(X.shape[1])
    else:
        glm = {"squared": ad.glm.gaussian, "logistic": ad.glm.binomial}[loss](y=y)
        options["groups"] = np.arange(0, X.shape[1], size)
    state = ad.grpnet(
        X, glm, lmda_path=alphas, intercept=False, tol=tol, irls_tol=tol, adev_tol=1.0,
        early_exit=False, progress_bar=False, **options,
    )
    coefs = state.betas.toarray()
    if loss == "targets":
        coefs = coefs.reshape(len(coefs), X.shape[1], -1)
    return coefs


def celer(X, y, alphas, size, loss, tol):
    """celer's path for groups."""
    from celer import celer_path

    weights = np.full(X.shape[1] // size, np.sqrt(size))
    return celer_path(
        X, y, "grouplasso", alphas=alphas, groups=size, weights=weights, tol=tol,
    )[1].T


def sklearn(X, y, alphas, size, loss, tol):
    """scikit-learn's multi-task lasso, from alpha to alpha."""
    from sklearn.linear_model import MultiTaskLasso

    model = MultiTaskLasso(
        fit_intercept=False, warm_start=True, tol=tol, max_iter=1_000_000
    )
    fits = (model.set_params(alpha=alpha).fit(X, y) for alpha in alphas)
    return np.array([fit.coef_.T.copy() for fit in fits])  # (it is updated in place)


def main():
    """Solve a small problem for the imports, then the one in the folder."""
    folder, solver, tol = Path(sys.argv[1]), globals()[sys.argv[2]], float(sys.argv[3])
    data = np.load(folder / "data.npz")
    X = np.asfortranarray(data["X"])
    size, loss = int(data["size"]), str(data["loss"])
    few = X[:, :2 * size].copy(order="F")
    solver(few, data["y"], data["alphas"][:2], size, loss, 1e-3)
    start = time.process_time()
    coefs = solver(X, data["y"], data["alphas"], size, loss, tol)
    print(time.process_time() - start)
    np.save(folder / "coefs.npy", coefs)


if __name__ == "__main__":
    main()
