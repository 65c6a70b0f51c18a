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

Routes (``method="auto"`` picks by a cost model; all end in the same certificate):

- at most as many features as samples: the Gram matrix of the features, X being read in
  blocks of rows; otherwise the kernel matrix of the samples, in blocks of columns;
- ``"cholesky"`` factorises that matrix once per alpha (for up to 15 alphas), ``"eigh"``
  once for all;
- ``"svd"`` reduces X itself by orthogonal transformations. It takes over by itself
  where the Gram matrix has a condition above 1e12, or the kernel one above 1e10;
- ``"krylov"``: Golub-Kahan bidiagonalisation, one run for all alphas of a target, for X
  too large in both directions. Where a direct route is possible but slow, "auto" tries
  this first and, unless it soon comes to a relative gap of 1e-15, goes the direct way.

Memory beyond X, y and the coefficients: a few square matrices of side
``min(n_samples, n_features)``, or the Krylov basis (at most 1 GB). X is not modified,
and copied only in part: blocks of 2 MB (for "svd", of twice the size of its triangle);
the columns with ``penalty_factor = 0``; of a sparse X the stored values, squared or
converted to float64, and its other orientation where rows are asked of columns.
"""

import math

import numpy as np

from ._leave_one_out import RidgeLOO, leave_one_out_solver
from ._routes import METHODS, RidgeResult, Solver

__all__ = ["RidgeLOO", "RidgeResult", "ridge_loo", "solve_ridge"]


def solve_ridge(
    X, y, alphas, *, fit_intercept=True, standardize=False, sample_weight=None,
    offset=None, penalty_factor=None, tol=1e-10, max_iter=10_000, method="auto",
    deadline=math.inf,
):
    """Fit ridge regression at several alphas, for several targets.

    Parameters
    ----------
    X : ndarray or SciPy sparse matrix of shape (n_samples, n_features)
        Of any real dtype and layout. Computations are in double precision.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    alphas : float or array of shape (n_alphas,) or (n_alphas, n_targets)
        ColumnPenalty >= 0 on the scale of the mean loss, in any order: a grid shared by all
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
    deadline : float
        When to stop, on the clock of ``time.monotonic``. Where a direct solve may take
        longer, "auto" iterates; what is reached then has its gap, too.

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
    and the final coefficients. At alpha = 0 all columns are without penalty; the norm
    of ``Q'r`` is then taken from ``B'r`` and the factorisation.

    From 64 targets at the same alpha on, their gaps are certified together: the sum of
    their relative gaps is estimated from 8 random combinations of them and, multiplied
    by 60 (which is too little with a probability below 1e-6), reported for each, with
    the bound on `kkt` that follows from it. Where that is not below 1e-13, each is
    certified on its own.

    Examples
    --------
    >>> import numpy as np
    >>> from riata._ridge._solve import solve_ridge
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> fit = solve_ridge(X, np.array([1.0, 2.0, 4.0]), [0.0, 2 / 3])
    >>> print(fit.coef[:, 0].round(6), fit.intercept.round(6))
    [1.5  0.75] [0.833333 1.583333]
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    with np.errstate(all="ignore"):
        solver = Solver(
            X, y, method, np.size(alphas), fit_intercept=fit_intercept,
            standardize=standardize, sample_weight=sample_weight, offset=offset,
            penalty_factor=penalty_factor, deadline=deadline,
        )
        return solver.solve(alphas, tol, max_iter)


def ridge_loo(
    X, y, alphas, *, fit_intercept=True, standardize=False, sample_weight=None,
    offset=None, penalty_factor=None, method="auto",
):
    """Leave-one-out errors and GCV of ridge regression, in closed form.

    Parameters
    ----------
    X, y, alphas, fit_intercept, standardize, sample_weight, offset, penalty_factor
        As in `solve_ridge`.
    method : {"auto", "eigh", "svd"}
        "svd" decomposes X itself, also where its Gram or kernel matrix would do.

    Returns
    -------
    RidgeLOO
        With `errors` of shape (n_alphas, n_samples, n_targets), `gcv`, `dof`, and
        ``solve(alphas)`` to fit at the alphas chosen.

    Raises
    ------
    ValueError
        X is not finite; shapes do not fit; fewer than two samples have a positive
        weight; or X is sparse and too large in both directions.

    Notes
    -----
    What is left out is a row of X whatever its weight, and what stays the same is the
    total penalty, ``alpha * S``: a fit without row i finds the same coefficients with
    ``alpha * S / (S - s_i)``. The standard deviations of `standardize` are those of all
    rows. The error of a row of weight 0 is its ordinary residual.

    Rounding errors are magnified by ``1 / (1 - H_ii)`` with the leverage `H_ii` of the
    row. Where they would show, up to 100 rows are left out in earnest.

    Examples
    --------
    >>> import numpy as np
    >>> from riata._ridge._solve import ridge_loo
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> loo = ridge_loo(X, np.array([0.0, 1.0, 3.0]), [0.0, 1.0])
    >>> print(loo.errors.round(3))
    [[ 1.    -0.5    1.   ]
     [-1.571 -0.5    2.286]]
    """
    if method not in ("auto", "eigh", "svd"):
        raise ValueError(f"method must be 'auto', 'eigh' or 'svd', got {method!r}")
    with np.errstate(all="ignore"):
        solver = leave_one_out_solver(
            X, y, "eigh" if method == "auto" else method, fit_intercept=fit_intercept,
            standardize=standardize, sample_weight=sample_weight, offset=offset,
            penalty_factor=penalty_factor,
        )
        return RidgeLOO(solver, alphas)
