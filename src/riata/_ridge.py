"""Ridge regression by direct and Krylov methods, with a certificate per solution.

``solve_ridge(X, y, alphas, ...) -> RidgeResult`` fits any number of targets at any
number of alphas. ``ridge_loo(X, y, alphas, ...) -> RidgeLOO`` gives closed-form
leave-one-out errors and generalised cross-validation for all of them, and keeps the
factorisation: ``RidgeLOO.solve(alphas)`` then fits at the alphas chosen.

The problem, for each target, is

    minimise over w, b:  1/(2 S) sum_i s_i (y_i - offset_i - b - x_i.w)^2
                         + alpha / 2 sum_j u_j w_j^2,      S = sum_i s_i,

so that scikit-learn's ``Ridge(alpha)`` is ``alpha / S`` here. At ``alpha = 0`` this is
least squares and, where that has many solutions, the limit of the solutions at small
alphas, which has the least norm.

Routes (`method="auto"` picks by a cost model; all end in the same certificate):

- at most as many features as samples: the Gram matrix of the features, X being read in
  blocks of rows; otherwise the kernel matrix of the samples, in blocks of columns;
- ``"cholesky"`` factorises that matrix once per alpha (for up to 15 alphas), ``"eigh"``
  once for all;
- ``"svd"`` reduces X itself by orthogonal transformations. It takes over by itself
  where the Gram or the kernel matrix has a condition above 1e12;
- ``"krylov"``: Golub-Kahan bidiagonalisation, one run for all alphas of a target, for X
  too large in both directions;

Memory beyond X, y and the coefficients: a few square matrices of side
``min(n_samples, n_features)``, or the Krylov basis (at most 1 GB). X is not modified,
and copied only in part: blocks of 2 MB (twice a triangle's size for "svd"); the columns
with ``penalty_factor = 0``; the stored values of a sparse X that is not float64, and
its other orientation where rows are asked of columns.
"""

from typing import NamedTuple

import numpy as np

from ._ridge_solver import METHODS, Solver


class RidgeResult(NamedTuple):
    """Solutions and their certificates.

    For a 1-D `y` the axis of the targets is missing everywhere.

    Attributes
    ----------
    coef : ndarray of shape (n_alphas, n_targets, n_features)
    intercept : ndarray of shape (n_alphas, n_targets)
    dual_gap : ndarray of shape (n_alphas, n_targets)
        Bound on how far the objective is above its minimum, in its units.
    relative_gap : ndarray of shape (n_alphas, n_targets)
        `dual_gap` divided by the null objective.
    kkt : ndarray of shape (n_alphas, n_targets)
        Largest absolute entry of the gradient with respect to the coefficients.
    null_objective : ndarray of shape (n_targets,)
        Objective of the best constant (without an intercept: of 0).
    n_iter : ndarray of int, shape (n_alphas, n_targets)
        Solves, corrections included; for "krylov" the number of iterations.
    method : str
        What was used, such as "gram-cholesky", "kernel-eigh" or "krylov".
    """

    coef: np.ndarray
    intercept: np.ndarray
    dual_gap: np.ndarray
    relative_gap: np.ndarray
    kkt: np.ndarray
    null_objective: np.ndarray
    n_iter: np.ndarray
    method: str


def solve_ridge(
    X, y, alphas, *, fit_intercept=True, standardize=False, sample_weight=None,
    offset=None, penalty_factor=None, tol=1e-10, max_iter=10_000, method="auto",
):
    """Fit ridge regression at several alphas, for several targets.

    Parameters
    ----------
    X : ndarray or SciPy sparse matrix of shape (n_samples, n_features)
        Of any real dtype and layout. Computations are in double precision.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    alphas : float or array of shape (n_alphas,) or (n_alphas, n_targets)
        Strengths >= 0 on the scale of the mean loss, in any order: a grid shared by all
        targets or, if 2-D, a column per target.
    fit_intercept : bool
    standardize : bool
        Penalise ``w_j sd_j`` with the weighted standard deviation of the column
        (ddof 0) in place of ``w_j``. Coefficients are for X as given; those of constant
        columns are 0.
    sample_weight : ndarray of shape (n_samples,), optional
        Non-negative, not all zero.
    offset : ndarray of shape (n_samples,) or (n_samples, n_targets), optional
        Added to the linear predictor, with a coefficient of 1.
    penalty_factor : ndarray of shape (n_features,), optional
        Factors `u_j` >= 0; 0 for features not penalised, inf for features left out.
    tol : float
        Largest relative duality gap to accept without further effort. A direct solve is
        normally far below; see `RidgeResult.relative_gap` for what was reached.
    max_iter : int
        Limit on the iterations of the Krylov route.
    method : {"auto", "cholesky", "eigh", "svd", "krylov"}

    Returns
    -------
    RidgeResult

    Raises
    ------
    ValueError
        X is not finite; shapes do not fit; all weights are zero; or the coefficients
        are beyond the range of double precision.

    Notes
    -----
    With the residual `r` as the dual point, and ``theta = (I - Q Q') r`` if there are
    columns without penalty (whose span has the basis `Q`), the gap is

        ||Q'r||^2 / 2 + sum_j (B_j'theta - alpha u_j w_j)^2 / (2 alpha u_j),

    a sum of squares and hence exact to rounding. `r` and `B'theta` are computed from X
    and the final coefficients. At alpha = 0 all columns are without penalty; ``Q'r`` is
    then taken from the factorisation.

    Examples
    --------
    >>> import numpy as np
    >>> from riata._ridge import solve_ridge
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> fit = solve_ridge(X, np.array([0.0, 1.0, 2.0]), [0.0, 2 / 3])
    >>> print(fit.coef[:, 0].round(6), fit.intercept.round(6))
    [1.  0.5] [0.  0.5]
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    with np.errstate(all="ignore"):
        solver = Solver(
            X, y, method, np.size(alphas), fit_intercept=fit_intercept,
            standardize=standardize, sample_weight=sample_weight, offset=offset,
            penalty_factor=penalty_factor,
        )
        return RidgeResult(**solver.solve(alphas, tol, max_iter))
