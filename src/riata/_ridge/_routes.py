"""Which route a ridge problem takes, and the way from there to certified solutions."""

import math
from time import monotonic
from typing import NamedTuple

import numpy as np

from .._problem._problem import ColumnScales
from ._certificate import certify, refine, widen
from ._direct import WORST, Dual, Primal, Split, uneven
from ._krylov import Krylov, conjugate_gradients
from ._problem import Problem, distinct

METHODS = ("auto", "cholesky", "eigh", "svd", "krylov")
FEW_ALPHAS = 15  # up to here one Cholesky factorisation per alpha is cheaper
CHUNK = 1 << 24  # numbers in the arrays of one chunk of solutions
SIDE_BYTES = 1 << 32  # the most for the square matrices of a direct route
EXACT_SIDE = 4096  # largest Gram matrix made where a kernel would be smaller
PROMOTED = 1e-8  # penalty, for columns of norm one, that may be ignored at first
QUICK = 0.02  # seconds; a direct solution as fast as this is not worth avoiding ...
QUICK_DENSE = 1.0  # ... and this where X is dense: it needs more iterations
PATIENCE = 40  # fewest iterations that make a trial of the Krylov route worthwhile
SHARE_OF_TIME = 0.25  # of what is left, that a direct route may take
SVD_WORK = 10.0  # of singular values, in units of another direct route
ACCURATE = 1e-15  # relative gap that is as good as a direct route's


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
    column_scales : ColumnScales
        Of the columns.
    """

    coef: np.ndarray
    intercept: np.ndarray
    dual_gap: np.ndarray
    relative_gap: np.ndarray
    kkt: np.ndarray
    null_objective: np.ndarray
    n_iter: np.ndarray
    method: str
    column_scales: ColumnScales


def plan(X, y, n_alphas, method, seconds_left=math.inf):
    """Choose a route by its cost on one core.

    A direct route cannot be stopped, so that it has to fit into a share of the time left.

    Returns
    -------
    route : {"gram", "kernel"} or None
        The direct route, unless its matrices would be too large.
    patience : int or None
        How many Krylov iterations to try first (None: as many as it takes).
    """
    n, p = X.shape
    small, direct = min(n, p), "gram" if p <= n else "kernel"
    if method == "krylov" or small == 0:
        return None, None
    if method != "auto":
        return direct, 0
    if 24.0 * small**2 > SIDE_BYTES:
        return None, None
    sparse = hasattr(X, "tocsc")
    stored = X.nnz if sparse else n * p
    seconds = direct_seconds(X, n_alphas)
    if seconds > SHARE_OF_TIME * seconds_left:
        return None, None
    n_targets = max(1, y.shape[1]) if y.ndim == 2 else 1
    iteration = 2 * stored * (1e-9 if sparse else 3e-10) + 1e-8 * (n + p)
    patience = int(0.5 * seconds / (iteration * n_targets))
    if seconds < (QUICK if sparse else QUICK_DENSE) or patience < PATIENCE:
        patience = 0
    return direct, patience


def direct_seconds(X, n_alphas):
    """What a direct route takes on one core, roughly: the products of all columns (or
    rows), and the factors of their matrix."""
    n, p = X.shape
    small = min(n, p)
    seconds = float(n) * p * small / 4e10
    if hasattr(X, "tocsc"):
        # Pairs of entries of the same row (or column) in a sparse product.
        seconds = min(seconds, 2e-8 * X.nnz * X.nnz / max(n, p))
    few = n_alphas <= FEW_ALPHAS
    return seconds + float(small) ** 3 * (2e-11 * n_alphas if few else 2e-10)


class Solver:
    """A problem, and the factorisations of it made so far.

    Parameters
    ----------
    X, y
        As in `solve_ridge`.
    method : str
        One of `METHODS`.
    n_alphas : int
        How many different alphas to expect.
    prefer_kernel : bool
        Take the kernel route though there are more samples than features.
    deadline : float
        On the clock of ``time.monotonic``.
    **options
        Of `Problem`.
    """

    def __init__(
        self, X, y, method, n_alphas, *, prefer_kernel=False, deadline=math.inf,
        **options,
    ):
        self.method, self.deadline = method, deadline
        left = deadline - monotonic() if deadline < math.inf else math.inf
        self.route, self.patience = plan(X, y, n_alphas, method, left)
        if prefer_kernel:
            self.route = "kernel"
        direct = self.patience == 0 and method != "svd"
        self.X = X
        self.problem = Problem(
            X, y, second_moments=self.route if direct else None, **options
        )
        e = self.problem.e
        if self.route == "kernel" and uneven(e):
            # Unlike the kernel, the Gram matrix is as good for columns of any scale.
            if np.count_nonzero(e) <= EXACT_SIDE:
                self.route = "gram"
        self.split = Split(self.problem, self.problem.free)
        self._factors = {}

    # -- grids ----------------------------------------------------------------

    def solve(self, alphas, tol, max_iter):
        """Fit at alphas as in `solve_ridge`; returns a `RidgeResult`."""
        problem = self.problem
        n_targets, p = problem.targets.shape[1], problem.n_features
        grid = self.grid(alphas)
        roots = problem.scale_alphas(grid).ravel()
        targets = np.tile(np.arange(n_targets), len(grid))
        size = len(roots)
        coef, intercept = np.empty((0, p)), np.empty(size)
        certificate = np.empty((2, size))
        n_iter, names = np.empty(size, dtype=np.int64), set()
        many = len(distinct(roots)) > FEW_ALPHAS
        for part in self.chunks(size):
            V, certificate[:, part], n_iter[part] = self._solve(
                roots[part], targets[part], tol, max_iter, many, names
            )
            found, intercept[part] = problem.coef(V, targets[part])
            if len(found) == size:
                coef = found
            else:
                coef = coef if len(coef) else np.empty((size, p))
                coef[part] = found
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
            raise ValueError(
                "the coefficients are beyond the range of double precision; rescale X "
                "or y"
            )
        unit = problem.target_exponent[targets]
        null = problem.null[targets]
        gap, kkt = certificate
        fields = {
            "intercept": intercept,
            "dual_gap": np.ldexp(gap, 2 * unit),
            "relative_gap": np.divide(gap, null, out=np.zeros(size), where=null > 0),
            "kkt": np.ldexp(kkt, unit),
            "n_iter": n_iter,
        }
        shape = grid.shape[:1] if problem.squeeze else grid.shape
        null = np.ldexp(problem.null, 2 * problem.target_exponent)
        return RidgeResult(
            coef=coef.reshape(*shape, p),
            null_objective=null[0] if problem.squeeze else null,
            method="+".join(sorted(names)) or "none",
            column_scales=problem.column_scales,
            **{name: field.reshape(shape) for name, field in fields.items()},
        )

    def grid(self, alphas):
        """Alphas of shape (n_alphas, n_targets)."""
        n_targets = self.problem.targets.shape[1]
        grid = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
        if grid.ndim == 1:
            return np.repeat(grid[:, None], n_targets, axis=1)
        if grid.ndim != 2 or grid.shape[1] != n_targets:
            raise ValueError(
                f"alphas has shape {np.shape(alphas)}; expected (n_alphas,), or "
                f"(n_alphas, n_targets) with n_targets = {n_targets}"
            )
        return grid

    def chunks(self, size):
        """Slices of the flattened (alpha, target) pairs that fit in memory."""
        problem = self.problem
        step = max(16, CHUNK // max(1, problem.n_samples + problem.n_features))
        if self.patience != 0:
            step = max(1, size)  # one Krylov space for all alphas
        for low in range(0, size, step):
            yield slice(low, min(low + step, size))

    # -- one chunk ------------------------------------------------------------

    def _solve(self, roots, targets, tol, max_iter, many, names):
        """Coefficients, (gap, kkt) and n_iter; adds to the names of methods used."""
        problem, split = self.problem, self.split
        if not np.any(split.e):
            V = np.zeros((problem.n_features, len(roots)), order="F")
            V = split.complete(V, (split.Q.T @ problem.targets)[:, targets])
            names.add("projection" if len(split.index) else "none")
            certificate = certify(problem, split, V, roots, targets, None)[0]
            return V, certificate, np.ones(len(roots), dtype=np.int64)
        if self.patience != 0:
            solution = self._krylov(roots, targets, tol, max_iter, self.patience)
            if solution is not None:
                names.add("krylov")
                return solution
        V = np.empty((problem.n_features, len(roots)), order="F")
        certificate = np.empty((2, len(roots)))
        n_iter = np.empty(len(roots), dtype=np.int64)
        for factor, at in self.factors(roots, many):
            if factor is None:
                names.add("krylov")
                V[:, at], certificate[:, at], n_iter[at] = self._krylov(
                    roots[at], targets[at], tol, max_iter, None
                )
                continue
            names.add(factor.name)
            W = factor.solve(roots[at], targets[at])
            W, certificate[:, at], n_iter[at] = refine(
                problem, split, factor, W, roots[at], targets[at], tol
            )
            if len(at) == len(roots):
                return W, certificate, n_iter
            V[:, at] = W
        return V, certificate, n_iter

    def factors(self, roots, many, worst=None):
        """Yield factorisations, and the numbers of the alphas that each serves.

        A reciprocal condition below `worst` calls for the singular values of X, or, where
        there is no time for them, for no factorisation: None.
        """
        worst = WORST[self.route] if worst is None else worst
        # (columns may depend on each other but for their rounding)
        worst = max(worst, 10.0 * self.problem.noise(self.split.e) ** 2)
        spectral = self.method == "eigh" or (many and self.method == "auto")
        if self.route == "gram" and uneven(self.split.e):
            spectral = False
        for split, at in self.splits(roots):
            if self.method != "svd":
                factor = self.factor("eigh" if spectral else "cholesky", split)
                poor = factor.condition(roots[at]) < worst
                if not poor.all():
                    yield factor, at[~poor]
                at = at[poor]
            if len(at):
                in_time = self._in_time(SVD_WORK * direct_seconds(self.X, 1))
                yield self.factor("svd", split) if in_time else None, at

    def factor(self, name, split):
        """Make a factorisation, or return the one made before."""
        key = name, split.index.tobytes()
        if key not in self._factors:
            kind = Primal if self.route == "gram" else Dual
            factor = kind(self.problem, split, name == "eigh", name == "svd")
            factor.name = f"{factor.side}-{name}"
            self._factors[key] = factor
        return self._factors[key]

    def splits(self, roots):
        """Yield which columns to project out, and the numbers of the alphas for that.

        The kernel adds up columns of all scales, so that the large ones drown the small
        ones. A column that is hardly penalised for its size is better projected out;
        the corrections then restore what there is of its penalty.
        """
        problem, index = self.problem, self.split.index
        groups = {}
        for k, root in enumerate(roots):
            large = np.zeros(0, dtype=np.intp)
            if self.route == "kernel" and uneven(self.split.e):
                a = problem.penalty(root)
                large = np.flatnonzero((self.split.e > 0) & (a < PROMOTED))
            if len(large) > problem.n_samples // 2 or root == 0:
                large = large[:0]
            groups.setdefault(large.tobytes(), (large, []))[1].append(k)
        for large, numbers in groups.values():
            split = self.split
            if len(large):
                wider = Split(problem, np.union1d(index, large))
                if wider.smallest**2 > np.sqrt(PROMOTED):
                    split = wider
            yield split, np.array(numbers)

    def _in_time(self, seconds):
        """Whether what cannot be stopped may begin."""
        if self.deadline == math.inf:
            return True
        return seconds <= SHARE_OF_TIME * (self.deadline - monotonic())

    def _krylov(self, roots, targets, tol, max_iter, patience):
        """Bidiagonalise for each target; None if a trial of it was not enough."""
        problem, split = self.problem, self.split
        tol = max(tol, ACCURATE)  # below, rounding decides
        trial = patience is not None
        aim = min(0.1 * tol, ACCURATE) if trial else 0.1 * tol
        limit = min(patience, max_iter) if trial else max_iter
        krylov = Krylov(problem, split, limit, trial, self.deadline)
        V, n_iter = krylov.solve(roots, targets, aim)
        certificate, _ = certify(problem, split, V, roots, targets, krylov)
        bound = tol * problem.null[targets]
        widen(problem, split, V, roots, targets, certificate, bound, krylov)
        bad = certificate[0] > bound
        if trial and bad.any():
            return None
        left = max_iter - int(n_iter.max(initial=0))
        at = np.flatnonzero(bad & (roots > 0))
        if len(at) and left > 0 and monotonic() <= self.deadline:
            W, more = conjugate_gradients(
                problem, split, V[:, at], roots[at], targets[at], tol, left,
                self.deadline,
            )
            n_iter[at] += more
            new, _ = certify(problem, split, W, roots[at], targets[at], krylov)
            widen(problem, split, W, roots[at], targets[at], new, bound[at], krylov)
            gain = new[0] < certificate[0, at]
            V[:, at[gain]], certificate[:, at[gain]] = W[:, gain], new[:, gain]
        return V, certificate, n_iter
