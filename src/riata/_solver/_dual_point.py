"""Dual points of losses other than the squared, orthogonal to unpenalised columns.

The gap that follows from the tangent of the loss assumes a bound on the optimal
coefficients of columns that are neither penalised nor bounded. A dual point that is
orthogonal to these columns, and to the intercept, needs no such assumption, but the
conjugate of the loss (`Loss.dual`).

A very small L2 penalty of these columns is taken into account: their correlations with the
dual point are then those that it has at the optimum instead of zero.
"""

import math

import numpy as np

from .. import _costs as costs

EPS = float(np.finfo(float).eps)
NEGLIGIBLE = 1e-10  # penalty that is lost in rounding, as in `penalty.pxd`
REACH = 1e6  # bounds of coefficients that are ignored if they are larger, as there
MOST_STEPS = 50  # of Newton's method for the unpenalised columns
FLAT = 1e-6  # curvature, relative to the largest, in place of zero
ROUGH = 64.0  # times EPS: what rounding leaves of a product that should be zero


def columns_not_held(problem, alpha):
    """Columns whose coefficients are neither bounded nor penalised, but for rounding."""
    column_penalty = problem.column_penalty
    held = alpha * np.maximum(column_penalty.l1, column_penalty.l2) >= NEGLIGIBLE
    held |= problem.design.sqnorm == 0
    if column_penalty.lower is not None:
        held |= (-column_penalty.lower < REACH) | (column_penalty.upper < REACH)
    return np.flatnonzero(~held)


def gap_of_dual_point(
    problem, alpha, Eta, free, cols, W, correlate, bound, size_of=np.abs
):
    """Gap by the residual as dual point, made orthogonal to the columns `free` and the
    intercept, and shrunk until it is feasible; infinite where none is found.

    Parameters
    ----------
    problem : GeneralProblem
    alpha : float
    Eta : ndarray (n_samples, n_outputs)
        Predictors of the solution.
    free, cols : ndarray of intp
        The former as from `columns_not_held`, and among the latter.
    W : ndarray (size, n_outputs)
        Coefficients of the first of those columns.
    correlate : callable
        Correlations (n_cols, >= n_outputs) of the columns `cols` with a dual point.
    bound : callable
        What Fenchel's inequality leaves of the penalty, given such correlations.
    size_of : callable, optional
        Size of the correlations of a column, or of each of them.
    """
    order = np.argsort(cols)
    places = order[np.searchsorted(cols, free, sorter=order)]
    coef = np.zeros((len(free), Eta.shape[1]))
    known = places < len(W)
    coef[known] = problem.eta_unit * W[places[known]]
    column_penalty = problem.column_penalty
    theta, c_free, rounding = orthogonal(
        problem, free, Eta, coef, alpha * column_penalty.l2[free]
    )
    if theta is None:
        return math.inf
    C = correlate(theta)
    C[places] = 0.0
    C[places, :Eta.shape[1]] = c_free / problem.eta_unit  # but for rounding
    size = size_of(C[:, :Eta.shape[1]])
    limit = np.zeros_like(size)
    limit.T[:] = alpha * column_penalty.l1[cols]
    held = (limit > 0) & (size > 0)
    held[places] = False
    limit[:len(W)].T[:] += alpha * column_penalty.l2[cols[:len(W)]] * size_of(W).T
    shrunk = (limit[held] / size[held]).min(initial=1.0)
    for less in (0.0, 1e-12, 1e-9, 1e-6, 1e-3):  # into the domain of the conjugate
        share = shrunk * (1.0 - less)
        distance = problem.datafit.fenchel_young(Eta, share * theta)
        if distance < math.inf:
            return bound(share * C) + (distance + rounding) / problem.eta_unit**2
    return math.inf


def orthogonal(problem, free, Eta, coef, l2):
    """A dual point (n_samples, n_outputs) near the residual at predictors Eta, orthogonal
    to the intercept and the columns `free`, or None if there is none; its correlations
    with these (n_free, n_outputs), not zero only where the L2 penalty `l2` (n_free,) is
    not; and a bound on what the rounding of these correlations changes in the gap.

    It is the residual that a Newton step for these columns leaves to first order. Where the
    step is long it is taken, and another one computed. `coef` (n_free, n_outputs) are the
    coefficients of the columns at Eta, in units of the predictors.
    """
    n, weights = problem.design.n_samples, problem.weights
    root = np.ones(n) if weights is None else np.sqrt(weights)
    theta, count = problem.loss.residual(problem.targets, Eta), Eta.shape[1]
    size = (len(free) + 1) * count
    if n * count * size * min(n, size) > costs.DUAL_BASIS_FLOPS and len(free):
        return None, None, 0.0
    packed = np.empty((n, len(free)), order="F")
    problem.design.pack(free, 0, n, packed)
    if problem.fit_intercept:
        packed, coef = np.column_stack([packed, root]), np.vstack([coef, np.zeros(count)])
        l2 = np.append(l2, 0.0)
    if not packed.shape[1]:
        return theta, coef, 0.0
    l2 = l2[:, None]
    value = problem.datafit.losses(Eta).sum() + 0.5 * (l2 * coef**2).sum()
    found, c_free, rounding = None, None, 0.0
    for _ in range(MOST_STEPS):
        theta, step, change, decrement = _projected(problem, packed, root, Eta, coef, l2)
        residual = problem.loss.residual(problem.targets, Eta)
        own = l2 * (coef + change)
        rest = np.abs(packed.T @ (root[:, None] * theta) - own)
        noise = np.abs(packed.T) @ (root[:, None] * (np.abs(theta) + np.abs(residual)))
        noise += np.abs(own)
        if (rest <= ROUGH * EPS * noise).all():
            found, c_free = theta, own[:len(free)]
            rounding = float(((rest + EPS * noise) * np.abs(coef + change)).sum())
        if not EPS * value < decrement < math.inf:
            break
        length, new = 1.0, math.inf
        while length > 1e-10 and not new < value:
            new = problem.datafit.losses(Eta + length * step).sum()
            new += 0.5 * (l2 * (coef + length * change) ** 2).sum()
            length *= 0.5
        if not new < value:
            break
        Eta, value = Eta + 2.0 * length * step, new
        coef = coef + 2.0 * length * change
    return found, c_free, rounding


def _projected(problem, packed, root, Eta, coef, l2):
    """The residual minus its projection on the span of columns (times the roots of the
    weights) in the metric of the curvature; the Newton step for these columns, of the
    predictors and of the coefficients, and its squared length in that metric (Newton's
    decrement). The step includes the penalty `l2` (n_columns, 1) of `coef`."""
    residual, factor, scaled = _half_hessian(problem, Eta)
    size = residual.size
    A = np.einsum("ij,ica->iajc", packed, factor).reshape(size, -1)
    if not np.isfinite(A).all():  # predictors at the ends of the range
        return residual, np.zeros_like(residual), 0.0, math.inf
    goal = (root[:, None] * scaled).ravel()
    if l2.any():  # rows that hold the coefficients
        hold = np.repeat(np.sqrt(l2), coef.shape[1])
        A = np.vstack([A, np.diag(hold)])
        goal = np.append(goal, -hold * coef.ravel())
    left, values, right = np.linalg.svd(A, full_matrices=False)
    keep = values > values[0] * max(A.shape) * EPS
    left, values, right = left[:, keep], values[keep], right[keep]
    share = left.T @ goal
    own = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)[:, None]
    part = (left[:size] @ share).reshape(residual.shape)
    theta = residual - own * np.einsum("ica,ia->ic", factor, part)
    coefs = (right.T @ (share / values)).reshape(packed.shape[1], -1)
    return theta, own * (packed @ coefs), coefs, float(share @ share)


def _half_hessian(problem, Eta):
    """Residuals r (n, n_outputs), a factor B of each Hessian ``B B'``, and u with ``B u``
    the residual."""
    residual = problem.loss.residual(problem.targets, Eta)
    if problem.loss.many_outputs:
        p = problem.targets - residual
        root = np.sqrt(np.maximum(p, 0.0))
        factor = root[:, None, :] * (np.eye(p.shape[1]) - p[:, :, None])
        scaled = np.divide(residual, root, out=np.zeros_like(residual), where=root > 0)
        return residual, factor, scaled
    curvature = problem.loss.curvature(problem.targets, Eta)
    # (of the losses that are linear somewhere)
    flat = (curvature == 0.0) & (residual != 0.0)
    curvature = np.where(flat, FLAT * (curvature.max(initial=0.0) or 1.0), curvature)
    root = np.sqrt(curvature)
    scaled = np.divide(residual, root, out=np.zeros_like(residual), where=root > 0)
    return residual, root[:, :, None], scaled
