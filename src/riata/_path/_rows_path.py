"""The squared loss of several targets that share their features (the multi-task lasso).

Columns are scaled to norm one, so that features in any units are alike to the solver.
"""

import math
import warnings
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._core.row_descent import descend_rows
from .._solver._solutions import ConvergenceWarning
from ._fit import fit_path
from ._solve import LEAST_L1_RATIO

SHARP = 1e-3  # share of the first sweep's change at which a descent ends
SWEEPS = 100  # of a descent, at the most
MOST_UNKNOWNS = 1500  # of a Newton step
MOST_ADDED = 100  # rows that join the working set at once, or as many as it has


class Rows(NamedTuple):
    """Data of a multi-task problem: weights are in Y, R and `weight` alike."""

    X: object  # ndarray or csc_array
    Y: np.ndarray
    weight: np.ndarray  # (n_samples, 1), of sum one
    norm: np.ndarray  # of the columns of X, weighted

    def correlate(self, R):
        """Products of the scaled columns with residuals, (n_features, n_targets)."""
        return (self.X.T @ (self.weight * R)) / self.norm[:, None]

    def residual(self, rows, B):
        """``Y - X B``, of scaled coefficients of some rows."""
        return self.Y - self.X[:, rows] @ (B / self.norm[rows, None])

    def square(self, R):
        """Weighted squared norm."""
        return float(np.einsum("ij,ij->", self.weight * R, R))

    def gram(self, rows, others):
        """Products of scaled columns."""
        root = np.sqrt(self.weight)
        left, right = (_times(self.X[:, at], root) for at in (rows, others))
        product = left.T @ right
        product = product.toarray() if hasattr(product, "toarray") else product
        return product / np.multiply.outer(self.norm[rows], self.norm[others])


def _times(X, root):
    return X.multiply(root).tocsc() if hasattr(X, "tocsc") else X * root


def rows_path(X, y, alphas, eps, *, l1_ratio, sample_weight, start, tol, max_iter):
    """Fit the path of several targets that share their features.

    Minimises ``1/2 sum_i s_i ||y_i - x_i W||^2 / sum(s)`` plus ``alpha`` times
    ``l1_ratio sum_j ||W_j|| + (1 - l1_ratio)/2 ||W||^2`` by block coordinate descent on
    a working set of rows (Yuan & Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x), and by
    Newton steps on the rows that are not zero where that is slow.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples, n_targets)
    alphas : int or ndarray of shape (n_alphas,)
        In decreasing order.
    eps : float
        Smallest alpha divided by the largest, of a number of alphas.
    l1_ratio : float
    sample_weight : array-like of shape (n_samples,), optional
    start : array-like of shape (n_targets, n_features), optional
    tol : float
        Largest duality gap, relative to the objective of the model without features.
    max_iter : int
        Largest number of descents for one alpha.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
    coefs : ndarray of shape (n_targets, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
    n_iters : list of int
    """
    tol, max_iter = check.check_tol(tol), check.check_max_iter(max_iter)
    design = check.check_design(X)
    dtype = design.data.dtype
    X = design.as_float64().as_matrix()
    check.check_operand(X)
    Y = check.check_target(y, design.n_samples, multi_output=True)
    weight = check.check_sample_weight(sample_weight, design.n_samples)
    share = np.ones(len(Y)) if weight is None else weight
    share = (share / share.sum())[:, None]
    squares = X.multiply(X) if hasattr(X, "tocsc") else X * X
    norm = np.sqrt(np.ravel(squares.T @ share))
    if not np.isfinite(norm).all():
        j = int(np.argmin(np.isfinite(norm)))
        raise ValueError(f"X[:, {j}] is too large to be squared; divide it by 1e100, say.")
    rows = Rows(X, Y, share, np.where(norm > 0, norm, 1.0))
    if isinstance(alphas, int):
        top = norms(rows.correlate(Y) * norm[:, None]).max()
        top = top / max(l1_ratio, LEAST_L1_RATIO) or np.finfo(float).tiny / min(eps, 1.0)
        alphas = np.sort(np.geomspace(top, top * eps, alphas))[::-1]
    coefs = np.zeros((Y.shape[1], X.shape[1], len(alphas)))
    gaps, n_iters = np.zeros(len(alphas)), np.zeros(len(alphas), dtype=int)
    shared = alphas * l1_ratio > 0
    if shared.any():
        solver = RowsSolver(rows, l1_ratio, tol, max_iter)
        if start is not None:
            solver.start(check.check_class_coef(start, X.shape[1], Y.shape[1], "coef_init"))
        for k in np.flatnonzero(shared):
            coefs[..., k], gaps[k], n_iters[k] = solver.solve(float(alphas[k]))
        solver.warn(alphas, gaps)
    if not shared.all():  # no penalty that the targets share
        for t in range(Y.shape[1]):
            path = fit_path(
                X, Y[:, t], alphas=alphas[~shared], l1_ratio=l1_ratio, tol=tol,
                max_iter=max_iter, sample_weight=weight, fit_intercept=False,
            )
            coefs[t][:, ~shared] = path.coefs
            gaps[~shared] += path.dual_gap
            n_iters[~shared] = np.maximum(n_iters[~shared], path.n_iter)
    return alphas, coefs.astype(dtype, copy=False), gaps, n_iters.tolist()


def norms(A):
    """Euclidean norm of each row."""
    return np.sqrt(np.einsum("ij,ij->i", A, A))


class RowsSolver:
    """Solves for one alpha after the other, each from where the last one was."""

    def __init__(self, rows, l1_ratio, tol, max_iter):
        self.rows, self.l1_ratio = rows, l1_ratio
        self.null = 0.5 * rows.square(rows.Y)
        self.tol, self.max_iter = tol * self.null, max_iter
        self.working = np.empty(0, dtype=np.intp)
        self.gram = np.empty((0, 0), order="F")
        self.B = np.zeros((0, rows.Y.shape[1]))
        self.poor = []

    def start(self, coef):
        """Begin from coefficients (n_targets, n_features)."""
        used = np.flatnonzero((coef != 0).any(axis=0))
        self._add(used)
        self.B = (coef[:, used] * self.rows.norm[used]).T

    def solve(self, alpha):
        """Return coefficients (n_targets, n_features), their gap, and the descents."""
        rows = self.rows
        l1 = alpha * self.l1_ratio / rows.norm
        l2 = alpha * (1.0 - self.l1_ratio) / rows.norm**2
        best = math.inf
        for n_iter in range(self.max_iter + 1):
            R = rows.residual(self.working, self.B)
            C = rows.correlate(R)
            gap, Z = self._gap(R, C, l1, l2)
            if gap <= self.tol or n_iter == self.max_iter:
                break
            added = self._add_violators(norms(Z) / l1)
            if not added and gap > 0.9 * best and self.still:
                break  # rounding
            best = min(best, gap)
            before = self.B.copy()
            self._descend(C, l1[self.working], l2[self.working])
            change = norms(self.B - before).max(initial=0.0)
            self.still = change <= 1e-15 * norms(self.B).max(initial=0.0)
        if gap > self.tol:
            self.poor.append(alpha)
        coef = np.zeros((rows.Y.shape[1], len(rows.norm)))
        coef[:, self.working] = (self.B / rows.norm[self.working, None]).T
        return coef, gap, n_iter

    def _gap(self, R, C, l1, l2):
        """Duality gap, and the gradients of the rows without their L2 part."""
        at, B = self.working, self.B
        square = np.einsum("ij,ij->i", B, B)
        Z = C.copy()
        Z[at] -= l2[at, None] * B
        held = self.rows.square(R) + float(l2[at] @ square)
        objective = 0.5 * held + float(l1[at] @ np.sqrt(square))
        along = float(np.einsum("ij,ij->", self.rows.weight * R, self.rows.Y))
        reach = float((norms(Z) / l1).max(initial=0.0))
        kappa = min(along / held if held > 0 else 1.0, 1.0 / reach if reach else 1.0)
        gap = objective - kappa * along + 0.5 * kappa**2 * held
        return min(max(gap, 0.0), max(objective, 0.0)), Z

    def _add_violators(self, ratio):
        """Add the rows outside with the largest ratios of gradient to penalty, above 1;
        returns whether there were any."""
        ratio[self.working] = 0.0
        new = np.flatnonzero(ratio > 1.0)
        most = max(MOST_ADDED, len(self.working))
        if len(new) > most:
            new = new[np.argsort(-ratio[new])[:most]]
        self._add(new)
        return len(new) > 0

    def _add(self, new):
        old, self.working = self.working, np.concatenate([self.working, new])
        size = len(self.working)
        gram = np.empty((size, size), order="F")
        gram[: len(old), : len(old)] = self.gram
        gram[:, len(old):] = self.rows.gram(self.working, new)
        gram[len(old):, : len(old)] = gram[: len(old), len(old):].T
        self.gram = gram
        self.B = np.vstack([self.B, np.zeros((len(new), self.B.shape[1]))])

    def _descend(self, C, l1, l2):
        W = np.ascontiguousarray(self.B.T)
        C = np.ascontiguousarray(C[self.working].T)
        epochs = descend_rows(self.gram, W, C, l1, l2, SHARP, SWEEPS)
        self.B = np.ascontiguousarray(W.T)
        rows = np.flatnonzero(self.B.any(axis=1))
        if epochs == SWEEPS and 0 < rows.size * self.B.shape[1] <= MOST_UNKNOWNS:
            self._newton_step(rows, C.T[rows], l1[rows], l2[rows])

    def _newton_step(self, rows, C, l1, l2):
        """Go to the minimum of the objective's second-order model at the rows that are
        not zero, unless the objective rises; a row that would turn round becomes zero."""
        w, gram = self.B[rows], self.gram[np.ix_(rows, rows)]
        (size, count), length = w.shape, norms(w)
        unit = w / length[:, None]
        slope = C - l1[:, None] * unit - l2[:, None] * w
        hessian = np.zeros((size, count, size, count))
        every = np.arange(size)
        for t in range(count):
            hessian[:, t, :, t] = gram
        across = np.eye(count) - unit[:, :, None] * unit[:, None, :]
        own = l2[:, None, None] * np.eye(count) + (l1 / length)[:, None, None] * across
        hessian[every, :, every, :] += own
        unknowns = size * count
        try:
            step = np.linalg.solve(hessian.reshape(unknowns, unknowns), slope.ravel())
        except np.linalg.LinAlgError:
            return
        new = w + step.reshape(size, count)
        new[np.einsum("ij,ij->i", new, w) < 0] = 0.0
        D = new - w
        change = 0.5 * np.vdot(D, gram @ D) - np.vdot(C, D) + float(
            l1 @ (norms(new) - length)
            + 0.5 * (l2 @ (np.einsum("ij,ij->i", new, new) - length**2))
        )
        if change < 0.0:  # (and not NaN)
            self.B[rows] = new

    def warn(self, alphas, gaps):
        """Warn of solutions that are not as good as was asked for."""
        if not self.poor:
            return
        worst = float(gaps.max()) / self.null
        warnings.warn(
            f"{len(self.poor)} of {len(alphas)} alphas did not reach "
            f"tol={self.tol / self.null:g}; the largest relative duality gap is "
            f"{worst:.2e}. Raise max_iter, or accept a larger tol.",
            ConvergenceWarning,
            stacklevel=4,
        )
