"""Linear predictors of several alphas, and the loss at them.

A block of many samples is larger than any cache, and allocating fresh memory costs about
ten passes over it: so buffers are reused, and one pass computes all that is asked of a
loss.
"""

import math

import numpy as np

from .._core.design import cache_lines

EPS = float(np.finfo(float).eps)
ROWS = 2048  # of a block that NumPy takes at once
MOST_NEWTON = 20  # steps for an intercept, after which every other one is longer
LOSS, EXCESS, SIZES, SLOPE, CURVATURE, BEND = range(6)  # see `visit` of `elementwise`


class Predictors:
    """Predictors of some lanes, that move.

    Parameters
    ----------
    datafit : Datafit
    width : int
        Lanes of the blocks.

    Attributes
    ----------
    eta, pull, step : ndarray (n_samples, width)
        The predictors, the weighted residuals in the units of the design, and room for a
        step.
    curvature : ndarray (n_samples,)
        Mean of the lanes that were visited last.
    sums : ndarray (6, width)
        Of each lane, as of its last visit.
    """

    def __init__(self, datafit, width):
        self.datafit, self.width = datafit, width
        n = len(datafit.targets)
        self.eta, self._other, self.pull = (cache_lines(n, width) for _ in range(3))
        self._step = None
        self.curvature, self.sums = np.zeros(n), np.zeros((6, width))
        self.every = np.arange(width, dtype=np.intc)

    @property
    def step(self):
        if self._step is None:
            self._step = cache_lines(len(self.eta), self.width)
        return self._step

    def try_out(self, step, shift, length, lanes, model=None):
        """See what the loss makes of ``eta + length * (step + shift)`` in some lanes.

        Parameters
        ----------
        step : ndarray (n_samples, width) or None
        shift, length : ndarray (count,)
            Of the first lanes; others stay where they are.
        lanes : ndarray of int
        model : ndarray (n_samples,) or None
            Weights of the squares of the step.
        """
        added, lengths = np.zeros((2, self.width))
        added[:len(shift)], lengths[:len(length)] = shift, length
        sums = self.datafit.evaluate(
            self.eta, step, added, lengths, lanes, model, self._other, self.pull,
            self.curvature,
        )
        self.sums[:, lanes] = sums[:, lanes]

    def take(self):
        """Go where it was tried."""
        self.eta, self._other = self._other, self.eta

    def look(self, lanes):
        """See what the loss makes of some lanes as they are."""
        none = np.zeros(self.width)
        self.try_out(None, none, none, lanes)

    def settle(self, lanes, start):
        """Give the first lanes their optimal intercepts, by Newton's method kept inside
        of brackets; returns what was added.

        Parameters
        ----------
        lanes : int
        start : float or ndarray (lanes,)
            Intercepts to begin with.
        """
        datafit, live = self.datafit, self.every[:lanes]
        moved = np.zeros(lanes) + start
        low, high = np.full(lanes, -np.inf), np.full(lanes, np.inf)
        limit = 4.0 * max(1.0, float(np.abs(datafit.target).max()))
        rounding = EPS * (4.0 + 0.1 * math.sqrt(len(self.eta)))
        for taken in range(100):
            self.try_out(None, moved, np.ones(lanes), live)
            _, pull, sizes, _, curvature, _ = self.sums[:, :lanes]
            unsettled = (np.abs(pull) > rounding * sizes) | np.isinf(pull)
            if datafit.separated or not unsettled.any():
                break
            low, high = np.where(pull > 0, moved, low), np.where(pull < 0, moved, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = datafit.unit * pull / curvature
            step = np.nan_to_num(np.where(np.isnan(step), np.sign(pull), step))
            step = np.clip(step, -limit, limit)
            far = None
            if taken > MOST_NEWTON and taken % 2 == 1:
                # (where a loss grows like exp, Newton's steps have length one: from far
                # away they are made longer until there is a bracket, which then is halved)
                far = np.abs(step) > 0.5
                longer = np.fmin(2.0 ** (taken - MOST_NEWTON), limit / np.abs(step[far]))
                step[far] *= longer
            new = moved + step
            beyond = (new <= low) | (new >= high)
            with np.errstate(invalid="ignore"):
                bracketed = np.isfinite(low + high)
                middle = np.where(bracketed, 0.5 * (low + high), new)
            if far is not None:
                beyond |= bracketed & far
            new = np.where(beyond, middle, new)
            change = np.abs(new - moved)[unsettled].max()
            if taken > 3 and change <= 1e-16 * np.abs(self._other).max():
                break
            moved = np.where(unsettled, new, moved)
        self.take()
        return moved


def visit_by_rows(datafit, eta, step, shift, length, lanes, model, moved, pull, curvature):
    """`visit` of `riata._core.elementwise` for a loss that is written in NumPy."""
    sums, width = np.zeros((6, eta.shape[1])), eta.shape[1]
    which = slice(None) if len(lanes) == width else lanes
    for first in range(0, len(eta), ROWS):
        rows = slice(first, first + ROWS)
        way = np.broadcast_to(shift, eta[rows].shape) if step is None else (
            step[rows] + shift
        )
        np.add(eta[rows], length * way, out=moved[rows])
        total, residual, bend = datafit.evaluate_rows(rows, moved[rows][:, which])
        residual *= datafit.pull_unit(rows)
        way = way[:, which]
        pull[rows, which] = residual
        curvature[rows] = bend.mean(axis=1)
        sums[LOSS, which] += total
        sums[EXCESS, which] += np.einsum("ij->j", residual)
        sums[SIZES, which] += np.einsum("ij->j", np.abs(residual))
        sums[SLOPE, which] += np.einsum("ij,ij->j", residual, way)
        weights = datafit.weights
        sums[CURVATURE, which] += (
            np.einsum("ij->j", bend) if weights is None else weights[rows] @ bend
        )
        if model is not None:
            sums[BEND, which] += np.einsum("i,ij->j", model[rows], way**2)
    return sums
