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

from ._ridge_direct import Dual, Primal, Split, uneven
from ._ridge_krylov import bidiagonalise, conjugate_gradients
from ._ridge_problem import Problem

METHODS = ("auto", "cholesky", "eigh", "svd", "krylov")
FEW_ALPHAS = 15  # up to here one Cholesky factorisation per alpha is cheaper
REFINED = 1e-13  # relative gap above which one correction is worth its passes
CORRECTIONS = 3
CHUNK = 1 << 23  # numbers in the arrays of one chunk of solutions
SIDE_BYTES = 1 << 32  # the most for the square matrices of a direct route
SMALL_SIDE = 2048  # direct whatever the cost model says
EXACT_SIDE = 4096  # largest Gram matrix made where a kernel would be smaller


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
        solver = _Solver(
            X, y, method, np.size(alphas), fit_intercept=fit_intercept,
            standardize=standardize, sample_weight=sample_weight, offset=offset,
            penalty_factor=penalty_factor,
        )
        return solver.solve(alphas, tol, max_iter)


# ---------------------------------------------------------------------------
# Choosing
# ---------------------------------------------------------------------------


def _route(X, y, n_alphas, method):
    """Return "gram", "kernel" or "krylov", by cost in seconds on one core."""
    n, p = X.shape
    small, direct = min(n, p), "gram" if p <= n else "kernel"
    if method == "krylov":
        return method
    if method != "auto" or small <= SMALL_SIDE:
        return direct
    if 24.0 * small**2 > SIDE_BYTES:
        return "krylov"
    n_targets = y.shape[1] if y.ndim == 2 else 1
    sparse = hasattr(X, "tocsc")
    stored = X.nnz if sparse else n * p
    product = float(n) * p * small / 4e10
    if sparse:
        # Entries of a sparse product, on the average.
        product = min(product, 2e-9 * stored * (stored / max(n, p)))
    factor = small**3 * (n_alphas / 6e10 if n_alphas <= FEW_ALPHAS else 2e-10)
    one_pass = stored * (1e-9 if sparse else 2.5e-10)
    # Krylov has to be far ahead: how many iterations it needs is not known.
    iterations = 400 * n_targets * 2 * (one_pass + 4e-9 * (n + p))
    return "krylov" if 2.0 * iterations < product + factor else direct


class _Solver:
    """A problem and the factorisations of it made so far."""

    def __init__(self, X, y, method, n_alphas, **options):
        self.method = method
        self.route = _route(X, y, n_alphas, method)
        moments = self.route
        if method in ("svd", "krylov"):
            moments = None
        self.problem = Problem(X, y, second_moments=moments, **options)
        e = self.problem.e
        if self.route == "kernel" and method != "svd" and uneven(e):
            # Scaling the columns of a Gram matrix costs no accuracy.
            if np.count_nonzero(e) <= EXACT_SIDE:
                self.route = "gram"
        self.split = Split(self.problem, self.problem.free)
        self._factors = {}

    # -- grids ----------------------------------------------------------------

    def solve(self, alphas, tol=1e-10, max_iter=10_000):
        """Solve for alphas as in `solve_ridge`."""
        problem = self.problem
        n_targets, p = problem.targets.shape[1], problem.n_features
        grid = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
        if grid.ndim == 1:
            grid = np.repeat(grid[:, None], n_targets, axis=1)
        if grid.ndim != 2 or grid.shape[1] != n_targets:
            raise ValueError(
                f"alphas has shape {np.shape(alphas)}; expected (n_alphas,) or "
                f"(n_alphas, n_targets) with n_targets = {n_targets}"
            )
        roots = problem.scale_alphas(grid).ravel()
        targets = np.tile(np.arange(n_targets), len(grid))
        size = len(roots)
        coef, intercept = np.empty((size, p)), np.empty(size)
        certificate = np.empty((3, size))
        n_iter, names = np.empty(size, dtype=np.int64), set()
        spectral = len(np.unique(roots)) > FEW_ALPHAS
        for part in self._chunks(size, n_targets):
            V, certificate[:, part], n_iter[part], used = self._solve(
                roots[part], targets[part], tol, max_iter, spectral
            )
            coef[part], intercept[part] = problem.coef(V, targets[part])
            names |= used
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
            raise ValueError(
                "the coefficients overflow double precision; rescale X or y"
            )
        gap, kkt = certificate[0], certificate[1]
        unit = problem.target_exponent[targets]
        null = problem.null[targets]
        relative = np.divide(gap, null, out=np.zeros(size), where=null > 0)
        shape = grid.shape[:1] if problem.squeeze else grid.shape
        return RidgeResult(
            coef.reshape(*shape, p),
            intercept.reshape(shape),
            np.ldexp(gap, 2 * unit).reshape(shape),
            relative.reshape(shape),
            np.ldexp(kkt, unit).reshape(shape),
            np.ldexp(problem.null, 2 * problem.target_exponent)[
                0 if problem.squeeze else slice(None)
            ],
            n_iter.reshape(shape),
            "+".join(sorted(names)),
        )

    def _chunks(self, size, n_targets):
        """Slices of the flattened (alpha, target) pairs that fit in memory."""
        problem = self.problem
        step = max(16, CHUNK // max(1, problem.n_samples + problem.n_features))
        if self.route == "krylov":
            step = size  # one run serves all alphas
        for low in range(0, size, max(1, step)):
            yield slice(low, min(low + step, size))

    # -- one chunk ------------------------------------------------------------

    def _solve(self, roots, targets, tol, max_iter, spectral):
        """Coefficients, (gap, kkt, -), n_iter and the names of the methods used."""
        problem, split = self.problem, self.split
        if not np.any(split.e):
            V = np.zeros((problem.n_features, len(roots)), order="F")
            inner = split.Q.T @ problem.targets
            V = split.complete(V, inner[:, targets])
            name = {"projection" if len(split.index) else "none"}
            certificate = _certify(problem, split, V, roots, targets)[0]
            return V, certificate, np.ones(len(roots), dtype=np.int64), name
        if self.route == "krylov":
            return self._krylov(roots, targets, tol, max_iter)
        V = np.empty((problem.n_features, len(roots)), order="F")
        certificate = np.empty((3, len(roots)))
        n_iter = np.empty(len(roots), dtype=np.int64)
        names = set()
        for factor, at in self._plan(roots, spectral):
            V[:, at] = factor.solve(roots[at], targets[at])
            V[:, at], certificate[:, at], n_iter[at] = _refine(
                problem, split, factor, V[:, at], roots[at], targets[at], tol
            )
            names.add(factor.name)
        return V, certificate, n_iter, names

    def _plan(self, roots, spectral):
        """Yield a factorisation, and which alphas it is for."""
        precise = np.ones(len(roots), dtype=bool)
        if self.method != "svd":
            spectral = self.method == "eigh" or (spectral and self.method == "auto")
            if spectral and not (self.route == "gram" and uneven(self.split.e)):
                factor = self._factor("eigh")
                precise = factor.poor(roots)
            else:
                factor = self._factor("cholesky")
                precise = factor.poor(roots)
            if not precise.all():
                yield factor, np.flatnonzero(~precise)
        if precise.any():
            yield self._factor("svd"), np.flatnonzero(precise)

    def _factor(self, name):
        if name not in self._factors:
            kind = Primal if self.route == "gram" else Dual
            factor = kind(self.problem, self.split, name == "eigh", name == "svd")
            factor.name = f"{factor.side}-{name}"
            self._factors[name] = factor
        return self._factors[name]

    def _krylov(self, roots, targets, tol, max_iter):
        """One bidiagonalisation per target; conjugate gradients if it falls short."""
        problem, split = self.problem, self.split
        V = np.zeros((problem.n_features, len(roots)), order="F")
        n_iter = np.zeros(len(roots), dtype=np.int64)
        inner = split.Q.T @ problem.targets
        for target in np.unique(targets):
            at = np.flatnonzero(targets == target)
            V[:, at], n_iter[at] = bidiagonalise(
                problem, split, problem.targets[:, target], roots[at], 0.1 * tol,
                max_iter,
            )
        V = split.complete(V, inner[:, targets])
        certificate = _certify(problem, split, V, roots, targets)[0]
        bad = certificate[0] > tol * problem.null[targets]
        bad &= (roots > 0) & (n_iter < max_iter)
        if bad.any():
            at = np.flatnonzero(bad)
            better, more = conjugate_gradients(
                problem, split, V[:, at], roots[at], targets[at], tol,
                max_iter - int(n_iter[at].max()),
            )
            better = split.complete(better, inner[:, targets[at]])
            new = _certify(problem, split, better, roots[at], targets[at])[0]
            gain = new[0] < certificate[0, at]
            V[:, at[gain]] = better[:, gain]
            certificate[:, at[gain]] = new[:, gain]
            n_iter[at] += more
        return V, certificate, n_iter, {"krylov"}


# ---------------------------------------------------------------------------
# Certificates
# ---------------------------------------------------------------------------


def _refine(problem, split, factor, V, roots, targets, tol):
    """Certify, and correct with the same factorisation where it pays."""
    certificate, H = _certify(problem, split, V, roots, targets, factor)
    n_iter = np.ones(len(roots), dtype=np.int64)
    null = problem.null[targets]
    for step in range(CORRECTIONS):
        bound = (min(tol, REFINED) if step == 0 else tol) * null
        at = np.flatnonzero(certificate[0] > bound)
        if not len(at):
            break
        better = V[:, at] + factor.correct(H[:, at], roots[at])
        new, G = _certify(problem, split, better, roots[at], targets[at], factor)
        gain = new[0] < certificate[0, at]
        V[:, at[gain]], H[:, at[gain]] = better[:, gain], G[:, gain]
        certificate[:, at[gain]] = new[:, gain]
        n_iter[at] += 1
    return V, certificate, n_iter


def _certify(problem, split, V, roots, targets, factor=None):
    """Duality gap and largest gradient of coefficients, in the problem's units.

    Returns
    -------
    certificate : ndarray of shape (3, k)
        Gaps, gradients in the units of X and c, and objectives.
    gradient : ndarray of shape (n_features, k)
        ``B'(c - B V) - a V``.
    """
    C = problem.targets[:, targets]
    R = C - problem.dot(V)
    H = problem.tdot(R)
    inner = split.Q.T @ R
    theta = H - split.cross @ inner
    on = split.e > 0
    gap = np.zeros(len(roots))
    ridge = np.zeros(len(roots))
    for root in np.unique(roots):
        at = np.flatnonzero(roots == root)
        a = problem.penalty(root)[:, None]
        pull = a * V[:, at]
        ridge[at] = 0.5 * np.einsum("jk,jk->k", pull, V[:, at])
        theta[:, at] -= pull
        H[:, at] -= pull
        if root > 0:
            inverse = np.where(on, 0.5 / np.where(on, a[:, 0], 1.0), 0.0)
            gap[at] = inverse @ (theta[:, at] ** 2)
        elif factor is None:
            gap[at] = np.inf if on.any() else 0.0
        else:
            step = factor.correct(np.where(on[:, None], theta[:, at], 0.0), roots[at])
            gap[at] = 0.5 * np.einsum("jk,jk->k", step * on[:, None], theta[:, at])
    gap += 0.5 * np.einsum("qk,qk->k", inner, inner)
    primal = 0.5 * np.einsum("ik,ik->k", R, R) + ridge
    slope = np.ldexp(np.abs(H), problem.exponent[:, None]).max(axis=0, initial=0.0)
    return np.stack([np.minimum(gap, primal), slope, primal]), H
