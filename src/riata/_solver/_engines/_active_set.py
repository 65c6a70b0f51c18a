"""The parametric active-set method on the Gram matrix of a quadratic model."""

import numpy as np

from ..._core.descent import descend
from .._state import EPS

MAX_EPOCHS = 200_000  # of coordinate descent, where the active set is too degenerate


def follow_active_set(
    model, view, gram, start, c, alphas, tol, *, certify, work, deadline, alpha=None,
    max_epochs=MAX_EPOCHS,
):
    """Solutions of a quadratic model, from change to change of the active set.

    Parameters
    ----------
    model : QuadraticModel
        Whose `active_set` is kept between two calls.
    view : View
        Its columns.
    gram : ndarray (size, size)
    start, c : ndarray (size, n_alphas)
        Coefficients to start from and the correlations there.
    alphas, tol : ndarray (n_alphas,)
        And the gaps to reach.
    certify : callable
        As of `ColumnPenalty.certify`.
    work : Diagnostics
    deadline : float
    alpha : float, optional
        For which all starts, the same, are optimal: then one leads to the next.
    max_epochs : int, optional
        Of coordinate descent, which ends what is too degenerate.

    Returns
    -------
    W : ndarray (size, n_alphas)
    """
    xty = np.ascontiguousarray((c + gram @ start).T)
    w, c = np.array(start.T, order="C"), np.array(c.T, order="C")  # copies
    engine, penalty, first = model.active_set, view[3:], 0
    events = engine.n_events
    if alpha is not None:
        W = np.empty(start.shape)
        first = engine.solve_path(
            gram, xty[0], w[0].copy(), c[0].copy(), alpha, alphas, 0, *penalty, W
        )
        w[:first] = W.T[:first]
        c[:first] = xty[:first] - w[:first] @ gram
    above = alphas if alpha is None else np.full_like(alphas, alpha)
    engine.solve_batch(
        gram, xty[first:], w[first:], c[first:], above[first:], alphas[first:], *penalty
    )
    found = (
        np.ascontiguousarray(c.T), view.columns, np.ascontiguousarray(w.T), alphas,
        np.ones(len(alphas)),
    )
    gap, _, _ = certify(*found, False)
    for k in np.flatnonzero(gap > tol):  # too degenerate for the engine
        # the gap of least squares falls like the square of this one, which is linear
        # in what violates the optimality conditions
        square, _, _ = certify(*found)
        enough = square[k] * (tol[k] / gap[k]) ** 2
        enough = enough if enough > EPS else EPS  # also for NaN: both are infinite
        yy = 1.0 + max(float(w[k] @ (xty[k] + c[k])), 0.0)
        _, epochs, _, _ = descend(
            view.quadratic, w[k], c[k], float(c[k].sum()), xty[k], view.sqnorm,
            alphas[k] * view.l1, alphas[k] * view.l2, view.lower, view.upper, yy, enough,
            max_epochs, deadline, True,
        )
        work.epochs += epochs
    work.events += engine.n_events - events
    return w.T
