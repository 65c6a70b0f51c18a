"""Direct solutions where an L2 penalty alone holds all coefficients."""

from functools import cache

import numpy as np

from .._state import EPS


@cache
def positive_definite():
    """LAPACK's Cholesky factors, and solutions with them."""
    from scipy.linalg import lapack

    return lapack.dpotrf, lapack.dpotrs


def solve_definite(matrix, rest):
    """Solution of a system whose matrix is positive definite but for rounding: what makes
    it indefinite is made up for on its diagonal."""
    factored, solve_factored = positive_definite()
    factor, failed = factored(matrix, lower=1, clean=0)
    root, ridge = 1.0, EPS * len(rest)
    if failed:
        root = np.sqrt(np.maximum(matrix.diagonal(), 0.0))
        root = np.where(np.isfinite(root) & (root > 0.0), root, 1.0)
        matrix = matrix / root / root[:, None]
    while failed and ridge < 1.0:
        shifted = np.array(matrix, order="F")
        shifted.flat[:: len(rest) + 1] += ridge
        factor, failed = factored(shifted, lower=1, clean=0)
        ridge *= 100.0
    found = solve_factored(factor, rest / root, lower=1)[0] / root
    return found if not failed and np.isfinite(found).all() else np.zeros(len(rest))


def solve_ridge_models(view, gram, start, c, alphas):
    """Solutions (size, n_alphas) of a quadratic model, whose correlations at `start` are
    c, for each alpha."""
    solved = start.copy()
    for k, alpha in enumerate(alphas.tolist()):
        l2 = alpha * view.l2
        matrix = gram.copy()
        matrix.flat[:: len(l2) + 1] += l2
        solved[:, k] += solve_definite(matrix, c[:, k] - l2 * start[:, k])
    return solved
