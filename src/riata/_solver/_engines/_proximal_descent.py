"""Coordinate descent with any separable penalty, on a Gram matrix."""

from time import monotonic

import numpy as np

DEPTH = 5  # changes that are extrapolated
SMALL = 1e-14  # change of the model, against that of the first sweep, that ends descent


def proximal_descent(
    penalty, columns, gram, scale, W, C, alphas, tol, max_epochs, deadline, work
):
    """Solve a quadratic model at each alpha.

    Parameters
    ----------
    penalty : GenericPenalty
    columns : ndarray of intp (size,)
    gram : ndarray (size, size)
    scale : ndarray (n_alphas,)
        By what it is multiplied at each alpha.
    W, C : ndarray (size, n_alphas)
        Coefficients to start from, and the correlations there.
    alphas, tol : ndarray (n_alphas,)
        And what violations may amount to, as of `GenericPenalty.certify`.
    max_epochs : int
    deadline : float
    work : Diagnostics

    Returns
    -------
    W : ndarray (size, n_alphas)
    """
    W, usable = W.copy(), np.flatnonzero(gram.diagonal() > 0)
    for k, alpha in enumerate(alphas.tolist()):
        square, matrix = scale[k] * gram.diagonal(), scale[k] * gram
        w, c, first, history = W[:, k].copy(), C[:, k].copy(), 0.0, []
        places = usable
        for epoch in range(max_epochs):
            largest = 0.0
            for j in places.tolist():
                u, at = c[j] + square[j] * w[j], columns[j:j + 1]
                new = float(penalty.prox(np.array([u]), square[j:j + 1], alpha, at)[0])
                step = new - w[j]
                if step:
                    w[j] = new
                    c -= step * matrix[:, j]
                    largest = max(largest, square[j] * step * step)
            work.epochs += 1
            first, whole = max(first, largest), len(places) == len(usable)
            if largest <= max(SMALL * first, 1e-2 * tol[k] / max(len(w), 1)):
                if whole or monotonic() > deadline:
                    break
                places = usable
                continue
            # between two sweeps of all coordinates, ten of those that are not zero
            places = usable[w[usable] != 0]
            if epoch % 11 == 10 or not len(places):
                places, history = usable, []
            history.append(w.copy())
            if len(history) > DEPTH:
                w, c = _extrapolated(penalty, columns, matrix, history, c, alpha)
                history = []
        W[:, k] = w
    return W


def _extrapolated(penalty, columns, matrix, history, c, alpha):
    """The last iterate or, if the model is lower there, Anderson's extrapolation of the
    last ones (Bertrand & Massias 2021, arXiv:2011.10065); and its correlations."""
    w, points = history[-1], np.array(history)
    change = np.diff(points, axis=0)
    products = change @ change.T
    products.flat[:: len(products) + 1] += 1e-14 * np.trace(products) + 1e-300
    share = np.linalg.solve(products, np.ones(len(products)))
    if not abs(share.sum()) > 0.0:
        return w, c
    d = np.where(w != 0.0, (share / share.sum()) @ points[1:] - w, 0.0)
    product = matrix @ d
    values = penalty.value(np.column_stack([w + d, w]), np.full(2, alpha), columns)
    if 0.5 * (d @ product) - c @ d + values[0] - values[1] < 0.0:
        return w + d, c - product
    return w, c
