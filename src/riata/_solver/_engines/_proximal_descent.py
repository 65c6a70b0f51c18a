"""Coordinate descent and Newton steps with any separable penalty, on a Gram matrix."""

from time import monotonic

import numpy as np

SMALL = 1e-20  # share of the largest gain of a step below which a coordinate stays
FLOOR = 1e-28  # the same of the objective, which is rounding
NUDGE = 1e-6  # relative step of finite differences
ROUNDING = 1e-15  # share of the penalty that a step may add


def proximal_descent(
    penalty, columns, gram, scale, W, C, alphas, tol, max_epochs, deadline, work
):
    """Solve a quadratic model at each alpha.

    An epoch updates, one after the other, the coordinates that are not optimal given all
    others, and then takes a Newton step on those that are not zero. Each needs the prox
    operator of the penalty only, from which its derivatives follow: with
    ``w = prox(u, h)`` the first is ``u - h w``, and the second ``1 / (dw / du) - h``.

    Parameters
    ----------
    penalty : GenericPenalty
    columns : ndarray of intp (size,)
    gram : ndarray (size, size)
    scale : ndarray (n_alphas,)
        Factor of the Gram matrix at each alpha.
    W, C : ndarray (size, n_alphas)
        Coefficients to start from, and the correlations there.
    alphas, tol : ndarray (n_alphas,)
        Penalty strengths `alpha`, and what the solution of a model may leave to be gained.
    max_epochs : int
    deadline : float
    work : Diagnostics

    Returns
    -------
    W : ndarray (size, n_alphas)
    """
    W, usable = W.copy(), np.flatnonzero(gram.diagonal() > 0)
    columns, gram = columns[usable], gram[np.ix_(usable, usable)]
    for k, alpha in enumerate(alphas.tolist()):
        w, c, matrix = W[usable, k], C[usable, k], scale[k] * gram
        h, first = matrix.diagonal().copy(), 0.0
        # (a gap is proportional to the root of what is left to be gained)
        stop = 0.0 if penalty.has_gap else 1e-2 * tol[k] / max(len(w), 1)
        for _ in range(max_epochs):
            u = c + h * w
            new = penalty.prox(u, h, alpha, columns)
            size = h * (new - w) ** 2  # twice what each step gains at the most
            first = max(first, size.max(initial=0.0))
            floor = FLOOR * max((h * w * w).max(initial=0.0), 1.0)
            stale = np.flatnonzero(size > max(SMALL * first, floor, stop))
            if not len(stale) or monotonic() > deadline:
                break
            derivative = u - h * new
            for j in stale.tolist():
                one = slice(j, j + 1)
                u = c[one] + h[one] * w[one]
                new = penalty.prox(u, h[one], alpha, columns[one])
                step = float(new[0] - w[j])
                if step:
                    w[j] = new[0]
                    c -= step * matrix[j]
                derivative[j] = u[0] - h[j] * w[j]
            work.epochs += 1
            w, c = _newton_step(penalty, columns, matrix, w, c, derivative, alpha)
        W[usable, k] = w
    return W


def _newton_step(penalty, columns, matrix, w, c, derivative, alpha):
    """Coefficients and correlations after a Newton step on the coefficients that are not
    zero, given the derivatives of the penalty there; those before it if the model is not
    lower then."""
    h, strength = matrix.diagonal(), np.array([alpha])
    u = derivative + h * w  # of which w is the prox
    nudge = NUDGE * (np.abs(u) + h * np.abs(w))
    slope = penalty.prox(u + nudge, h, alpha, columns) - w
    move = np.flatnonzero((w != 0.0) & (slope > 0.0))
    second = nudge[move] / slope[move] - h[move]
    now = penalty.value(w[:, None], strength, columns)
    # where the model is not convex, with the tangent in place of a concave penalty
    for curvature in (second, np.maximum(second, 0.0)):
        hessian = matrix[np.ix_(move, move)]
        hessian.flat[:: len(move) + 1] += curvature
        try:
            step = np.linalg.solve(hessian, c[move] - derivative[move])
        except np.linalg.LinAlgError:
            continue
        for point in _points(w[move], step):
            new = w.copy()
            new[move] = point
            d = new - w
            product = matrix @ d
            change = 0.5 * (d @ product) - c @ d
            change += penalty.value(new[:, None], strength, columns) - now
            if change <= ROUNDING * np.abs(now):
                return new, c - product
    return w, c


def _points(w, step):
    """Where a step leads: with zeros in place of what changes its sign, or as far as the
    first coefficient reaches zero."""
    end = w + step
    crosses = end * w < 0.0
    yield np.where(crosses, 0.0, end)
    if crosses.any():
        length = np.divide(-w, step, out=np.ones(len(w)), where=crosses)
        shortest = length.min()
        yield np.where(length > shortest, w + shortest * step, 0.0)
