"""Ridge without any factorisation, for X too large for one in both directions.

`bidiagonalise` is the process of Golub and Kahan, as in LSQR (Paige and Saunders,
"LSQR: an algorithm for sparse linear equations and sparse least squares", ACM TOMS 8,
1982). The subspace does not depend on alpha, so that one run serves all alphas: each
costs a handful of numbers per step. `conjugate_gradients` improves on given
coefficients, with a diagonal preconditioner, one column per pair of alpha and target.
"""

import math
from time import monotonic

import numpy as np

EPS = np.finfo(np.float64).eps
BASIS_BYTES = 1 << 30  # memory for the basis of the coefficients
CHECK = 10  # iterations between two estimates of how fast a trial converges
STALLED = 50  # iterations without a smaller gradient after which to give up


class Krylov:
    """Solutions for all targets and alphas, a Krylov space for each target.

    Parameters
    ----------
    problem : Problem
    split : Split
    max_iter : int
    trial, deadline
        As in `bidiagonalise`.
    """

    def __init__(self, problem, split, max_iter, trial, deadline=math.inf):
        self.problem, self.split = problem, split
        self.max_iter, self.trial, self.deadline = max_iter, trial, deadline

    def solve(self, roots, targets, tol):
        """Coefficients of shape (n_features, k) and numbers of iterations (k,)."""
        problem, split = self.problem, self.split
        V = np.zeros((problem.n_features, len(roots)), order="F")
        n_iter = np.zeros(len(roots), dtype=np.int64)
        for target in np.unique(targets):
            at = np.flatnonzero(targets == target)
            c = problem.targets[:, target]
            V[:, at], n_iter[at] = bidiagonalise(
                problem, split, c, roots[at], tol, self.max_iter, self.trial,
                self.deadline,
            )
        inner = split.Q.T @ problem.targets
        return split.complete(V, inner[:, targets]), n_iter

    def explained(self, H, R):
        """Squared norm of what the penalised columns explain of R, by iteration; where
        time runs out, all of it, which is a bound."""
        zero = np.zeros(1)
        out = np.zeros(R.shape[1])
        for k, r in enumerate(R.T):
            step, _ = bidiagonalise(
                self.problem, self.split, r, zero, 0.0, self.max_iter,
                deadline=self.deadline,
            )
            late = monotonic() > self.deadline
            out[k] = r @ r if late else H[:, k] @ step[:, 0]
        return np.maximum(out, 0.0)


class _Basis:
    """Rows of a growing array."""

    def __init__(self, size):
        self._rows = np.empty((32, size))
        self.size = 0

    def append(self, row):
        if self.size == len(self._rows):
            more = np.empty((2 * self.size, self._rows.shape[1]))
            more[: self.size] = self._rows
            self._rows = more
        self._rows[self.size] = row
        self.size += 1

    def combine(self, Y):
        """Sum the rows with the columns of Y as coefficients, of shape (p, k)."""
        return self._rows[: len(Y)].T @ Y


def bidiagonalise(
    problem, split, c, roots, tol, max_iter, trial=False, deadline=math.inf
):
    """Minimise ``||c - C z||^2 + alpha ||z||^2`` for all alphas in one Krylov space.

    Parameters
    ----------
    problem : Problem
    split : Split
    c : ndarray of shape (n_samples,)
        Of which the part in the span of `split` is ignored.
    roots : ndarray of shape (n_alphas,)
        Square roots of the alphas.
    tol : float
        Largest duality gap, in units of ``||c||^2 / 2``.
    max_iter : int
    trial : bool
        Whether to stop early if `max_iter` does not look like enough.
    deadline : float
        When to stop, on the clock of ``time.monotonic``.

    Returns
    -------
    V : ndarray of shape (n_features, n_alphas)
        ``v = e z``, without the columns of `split`.
    n_iter : int
    """
    e = split.e
    apply = _Operator(problem, split)
    u = split.project(c)
    beta = np.linalg.norm(u)
    start = beta
    limit = min(max_iter, max(8, BASIS_BYTES // (8 * len(e))))
    v = np.zeros(len(e))
    alpha = 0.0
    if beta > 0:
        u = u / beta
        v = apply.adjoint(u)
        alpha = np.linalg.norm(v)
    if not alpha > 0:
        return np.zeros((len(e), len(roots))), 0
    v /= alpha
    basis, fit = _Basis(len(e)), _Rotations(roots, alpha, beta)
    target = tol * start**2 * roots**2
    least = (EPS * start) ** 2
    hopeless, last = False, np.inf
    while basis.size < limit and not hopeless:
        basis.append(v)
        u *= -alpha
        u += apply.forward(v)
        beta = np.linalg.norm(u)
        if beta > 0:
            u /= beta
            v *= -beta
            v += apply.adjoint(u)
            alpha = np.linalg.norm(v)
        else:
            alpha = 0.0
        gradient = fit.step(alpha, beta)
        if trial and basis.size % CHECK == 0:
            worst = np.max(gradient**2 / target)
            # At the pace of the last steps.
            steps = CHECK * np.log(worst) / np.log(max(last / worst, 1.0 + EPS))
            hopeless = basis.size > CHECK and steps > 2 * (limit - basis.size)
            last = worst
        floor = least * (fit.norm_square + roots**2)
        if np.all(gradient**2 <= np.maximum(target, floor)) or not alpha > 0:
            break
        if monotonic() > deadline:
            break
        v /= alpha
    return e[:, None] * basis.combine(fit.solution()), basis.size


class _Operator:
    """Products with ``C = (I - QQ') B e`` for vectors."""

    def __init__(self, problem, split):
        self.split = split
        self.columns = columns = problem.columns
        self.scale = problem.d * split.e
        self.root = columns.root
        if columns.lazy and columns.level is not None:
            # The common factor goes into the scale, the means into one vector.
            self.scale, self.root = self.scale * columns.level, None
        self.shift = columns.mean * self.scale if columns.centre else None

    def forward(self, z):
        """C z."""
        if not self.columns.lazy:
            u = self.columns.dot((self.scale * z)[:, None])[:, 0]
            return self.split.project(u)
        u = self.columns.product(self.scale * z)
        if self.shift is not None:
            u -= self.shift @ z
        if self.root is not None:
            u *= self.root
        return self.split.project(u)

    def adjoint(self, u):
        """C'u, a new array."""
        u = self.split.project(u)
        if not self.columns.lazy:
            return self.scale * self.columns.tdot(u[:, None])[:, 0]
        if self.root is not None:
            u = u * self.root
        z = self.columns.transposed_product(u)
        z *= self.scale
        if self.shift is not None:
            z -= u.sum() * self.shift
        return z


class _Rotations:
    """QR of the bidiagonal matrix on top of sqrt(alpha) I, for all alphas at once."""

    def __init__(self, roots, alpha, beta):
        self.roots = roots
        self.alpha = alpha
        self.rho_bar = np.full(len(roots), alpha)
        self.phi_bar = np.full(len(roots), beta)
        self.rho, self.theta, self.phi = [], [], []
        self.norm_square = alpha * alpha

    def step(self, alpha, beta):
        """Append ``beta_{k+1}, alpha_{k+1}``; norms of the gradients of the fits."""
        damped = np.hypot(self.rho_bar, self.roots)
        phi_bar = self.phi_bar * (self.rho_bar / damped)
        rho = np.hypot(damped, beta)
        cosine, sine = damped / rho, beta / rho
        self.rho.append(rho)
        self.theta.append(sine * alpha)
        self.phi.append(cosine * phi_bar)
        self.rho_bar = -cosine * alpha
        self.phi_bar = sine * phi_bar
        self.norm_square += alpha * alpha + beta * beta
        return np.abs(alpha * sine * self.phi[-1])

    def solution(self):
        """Coordinates in the basis, of shape (n_steps, n_alphas)."""
        y = np.empty((len(self.rho), len(self.roots)))
        last = np.zeros(len(self.roots))
        for k in range(len(y) - 1, -1, -1):
            last = (self.phi[k] - self.theta[k] * last) / self.rho[k]
            y[k] = last
        return y


def conjugate_gradients(
    problem, split, V, roots, targets, tol, max_iter, deadline=math.inf
):
    """Improve coefficients by preconditioned conjugate gradients, column by column.

    Parameters
    ----------
    problem : Problem
    split : Split
    V : ndarray of shape (n_features, k)
        Where to start. Not modified.
    roots : ndarray of shape (k,)
        Square roots of the alphas.
    targets : ndarray of int, shape (k,)
    tol : float
        Largest duality gap relative to the null objective.
    max_iter : int
    deadline : float
        When to stop, on the clock of ``time.monotonic``.

    Returns
    -------
    V : ndarray of shape (n_features, k)
    n_iter : int
    """
    on = split.e > 0
    a = np.stack([problem.penalty(root) * on for root in roots], axis=1)
    weight = np.where(on[:, None], 1.0 / (1.0 + a), 0.0)
    bound = tol * 2.0 * problem.null[targets]
    inverse = np.divide(1.0, a, out=np.zeros_like(a), where=a > 0)
    V = np.where(on[:, None], V, 0.0)
    R = split.project(problem.targets[:, targets] - problem.dot(V))
    best, best_gap, since = V.copy(), np.full(len(roots), np.inf), 0
    direction, old = np.zeros_like(V), np.ones(len(roots))
    for n_iter in range(max_iter + 1):
        gradient = on[:, None] * problem.tdot(R) - a * V
        gap = np.einsum("jk,jk->k", gradient * inverse, gradient)
        gap[roots == 0] = np.einsum("jk,jk->k", gradient, gradient)[roots == 0]
        better = gap < best_gap
        best[:, better], since = V[:, better], 0 if better.any() else since + 1
        best_gap = np.minimum(gap, best_gap)
        if np.all(best_gap <= bound) or since > STALLED or n_iter == max_iter:
            break
        if monotonic() > deadline:
            break
        descent = weight * gradient
        new = np.einsum("jk,jk->k", gradient, descent)
        direction = descent + (new / old if n_iter else 0.0) * direction
        image = split.project(problem.dot(direction))
        curvature = np.einsum("ik,ik->k", image, image)
        curvature += np.einsum("jk,jk->k", a * direction, direction)
        length = np.divide(new, curvature, out=np.zeros_like(new), where=curvature > 0)
        V = V + length * direction
        R = R - length * image
        old = np.where(new > 0, new, 1.0)
    inner = split.Q.T @ problem.targets
    return split.complete(best, inner[:, targets]), n_iter
