"""Penalised least squares with norms of groups: sweeps of block coordinate descent find the
active groups, Newton's method on these, whose norms are smooth, ends.
"""

import math
from time import monotonic

import numpy as np

from ..._core.block_descent import BlockDescent
from ._conjugate_gradients import (
    conjugate_gradients,
    in_single_precision,
    roughly_twice,
)
from ._direct import positive_definite

FIRST_SWEEPS = 2  # before the first Newton step
MOST_ROUNDS = 500  # of a sweep over all groups and a Newton step
CG_SHARE = 0.05  # of the residual that conjugate gradients leave
JITTER = 1e-13  # relative to the largest diagonal: where columns are dependent


class BlockModel:
    """Columns of a working set, group by group, in the units of the penalty.

    Parameters
    ----------
    penalty : BlockPenalty
    columns : ndarray of intp (size,)
        Whole groups, in any order.
    gram : ndarray (size, size) or None
        Their Gram matrix.
    packed : ndarray (n_samples, size) or None
        In its place, columns times the roots of the weights.

    Attributes
    ----------
    order : ndarray of intp (size,)
        The columns in the order of the model.
    matrix : ndarray
        Columns or Gram matrix, so scaled that the model's objective is the penalty's.
    """

    def __init__(self, penalty, columns, gram=None, packed=None):
        self.penalty, self.by_gram = penalty, gram is not None
        group = penalty.group[columns]
        self.order = np.argsort(group, kind="stable")
        self.columns, self.group = columns[self.order], group[self.order]
        labels, first, sizes = np.unique(self.group, return_index=True, return_counts=True)
        self.first = np.append(first, len(columns)).astype(np.intp)
        self.sizes = sizes
        self.scale = penalty.scale[self.columns]
        root = 1.0 / (self.scale * math.sqrt(penalty.objective))
        if self.by_gram:
            matrix = gram[np.ix_(self.order, self.order)] * root * root[:, None]
        else:
            matrix = packed[:, self.order] * root
        self.matrix = np.asfortranarray(matrix)
        self.la, self.lg, self.l2 = (
            penalty.la[self.columns], penalty.lg[labels], penalty.ridge[labels]
        )
        blocks = [self._block(g) for g in range(len(labels))]
        largest = np.array([np.linalg.eigvalsh(block)[-1] for block in blocks])
        self.descent = BlockDescent(
            self.matrix, self.by_gram, self.first,
            np.concatenate([block.ravel() for block in blocks]), np.maximum(largest, 0.0),
            self.la, self.lg, self.l2,
        )
        self._single = None
        self.at = np.repeat(np.arange(len(labels)), sizes)  # group of each column here

    def _block(self, g):
        part = slice(self.first[g], self.first[g + 1])
        if self.by_gram:
            return self.matrix[part, part]
        return self.matrix[:, part].T @ self.matrix[:, part]

    # --- Changes of unit and order.

    def coefficients(self, w):
        """Coefficients of the design in the units of the penalty."""
        return np.ascontiguousarray(self.scale * w[self.order])

    def in_design(self, v):
        """And back."""
        w = np.empty_like(v)
        w[self.order] = v / self.scale
        return w

    def state(self, c, r):
        """The state from correlations c or (weighted by roots) residuals r."""
        unit = self.penalty.objective
        if self.by_gram:
            return np.ascontiguousarray(c[self.order] / (unit * self.scale))
        return np.ascontiguousarray(r / math.sqrt(unit))

    def correlations(self, state):
        """Of all columns, in the units of the penalty."""
        return state if self.by_gram else self.matrix.T @ state

    # --- Products with some columns.

    def gram_of(self, F):
        """Gram matrix of some columns."""
        if self.by_gram:
            return self.matrix[np.ix_(F, F)]
        part = self.matrix[:, F]
        return part.T @ part

    def roughly(self, F):
        """Some columns in single precision, and their unit."""
        if self._single is None:
            self._single, self._unit = in_single_precision(self.matrix)
            self.square = np.einsum("ij,ij->j", self.matrix, self.matrix)
        return self._single[:, F], self._unit

    def gap(self, v, c, alpha, loss):
        """Duality gap of coefficients with correlations c, of a design with these columns
        only, and twice the loss."""
        C = self.penalty.objective * self.scale * c
        return self.penalty.certify(
            C[:, None], self.columns, (v / self.scale)[:, None], np.array([alpha]),
            np.array([loss]),
        )[0][0]

    def norm(self, v):
        """Euclidean norm of v in each group."""
        return np.sqrt(np.bincount(self.at, v * v, len(self.lg)))


def descend_blocks(model, w, c, r, loss, alpha, tol, deadline, work):
    """Coefficients that solve the problem of a model to a gap.

    Parameters
    ----------
    model : BlockModel
    w : ndarray (size,)
        Coefficients to start from, in the units and the order of the design.
    c : ndarray (size,)
        Correlations there.
    r : ndarray (n_samples,) or None
        Residuals times the roots of the weights, for a model by columns.
    loss : float
        Twice the loss there.
    alpha, tol : float
    deadline : float
    work : Diagnostics

    Returns
    -------
    w : ndarray (size,)
    solved : bool
    """
    v, state = model.coefficients(w), model.state(c, r)
    start, c_start, idle = v.copy(), model.correlations(state).copy(), 0
    for taken in range(MOST_ROUNDS):
        for k in range(FIRST_SWEEPS if taken == 0 else 1 + 3 * idle):
            model.descent.sweep(v, state, alpha, k > 0)
            work.epochs += 1
        c = model.correlations(state)
        if taken > 0 or not v.any():  # (a Newton step comes first)
            now = loss - model.penalty.objective * float((v - start) @ (c_start + c))
            if model.gap(v, c, alpha, now) <= tol:
                return model.in_design(v), True
        if monotonic() > deadline:
            break
        step = _newton_step(model, v, c, alpha, work)
        moved = step is not None and _move(model, v, state, c, step, alpha)
        idle = 0 if moved else min(idle + 1, 10)
    return model.in_design(v), False


def _newton_step(model, v, c, alpha, work):
    """Newton step of the coefficients that are not zero, or None."""
    F = np.flatnonzero(v)
    if not len(F):
        return None
    at, x = model.at[F], v[F]
    norm = model.norm(v)
    groups, place = np.unique(at, return_inverse=True)
    tau = alpha * model.lg[groups] / norm[groups]
    unit, l2 = x / norm[at], alpha * model.l2[at]
    gradient = c[F] - alpha * model.la[F] * np.sign(x) - alpha * model.lg[at] * unit
    gradient -= l2 * x
    tau = tau[place]
    work.newton += 1

    step = np.zeros_like(v)
    if not model.by_gram and len(F) > model.matrix.shape[0]:
        step[F] = _rough_step(model, F, gradient, place, unit, tau, l2, work)
        return step
    matrix = np.asfortranarray(model.gram_of(F))
    same = place[:, None] == place
    matrix -= np.where(same, tau * unit * unit[:, None], 0.0)
    diagonal = np.einsum("ii->i", matrix)
    diagonal += tau + l2
    diagonal += JITTER * diagonal.max()
    factored, solved = positive_definite()
    factor, failed = factored(matrix, lower=1, clean=0, overwrite_a=1)
    if failed:
        return None
    step[F] = solved(factor, gradient, lower=1)[0]
    return step


def _rough_step(model, F, gradient, place, unit, tau, l2, work):
    """The same for more coefficients than rows, by conjugate gradients. Of the
    preconditioner, the diagonal of the Gram matrix is one number for each group."""
    Z, size = model.roughly(F)
    diagonal = np.bincount(place, model.square[F]) / np.bincount(place)
    across = diagonal[place] + l2
    beside = tau / (across * (across + tau))

    def along(P):
        return unit * np.bincount(place, unit * P[:, 0])[place]

    def multiply(P):
        held = (tau + l2) * P[:, 0] - tau * along(P)
        return roughly_twice(Z, P, size) + held[:, None]

    def inverse(P):
        return (P[:, 0] / (across + tau) + beside * along(P))[:, None]

    step, _ = conjugate_gradients(
        multiply, gradient[:, None], inverse, together=lambda values: values, work=work,
        share=CG_SHARE,
    )
    return step[:, 0]


def _move(model, v, state, c, step, alpha):
    """Go along a step, as far as the objective falls; changes v and the state. Returns
    whether it did."""
    before = _penalty(model, v, alpha)
    length = 1.0
    while length > 1e-3:
        new = v + length * step
        if length == 1.0:  # none passes zero, and no group turns round
            new[(new * v < 0.0) & (model.la > 0.0)] = 0.0
            turned = np.bincount(model.at, new * v, len(model.lg)) <= 0.0
            new[turned[model.at] & (alpha * model.lg[model.at] > 0.0)] = 0.0
        d = new - v
        F = np.flatnonzero(d)
        product = model.matrix[:, F] @ d[F]
        curvature = float(d @ product) if model.by_gram else float(product @ product)
        change = 0.5 * curvature - float(c @ d) + _penalty(model, new, alpha) - before
        if change <= 0.0:
            v[:] = new
            state -= product
            return True
        length *= 0.5
    return False


def _penalty(model, v, alpha):
    norm = model.norm(v)
    return alpha * float(
        model.lg @ norm + 0.5 * (model.l2 @ (norm * norm)) + model.la @ np.abs(v)
    )
