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
# Rows of the sums that `visit` of `riata._core.elementwise` returns.
LOSS, RESIDUAL, ABS_RESIDUAL, SLOPE, CURVATURE, STEP_CURVATURE = range(6)


class Predictors:
    """Linear predictors of several vectors, and the loss there.

    Parameters
    ----------
    datafit : Datafit
    width : int
        Number of vectors.

    Attributes
    ----------
    eta, residual, step : ndarray (n_samples, width)
        The predictors, the weighted residuals in the units of the design, and a buffer for
        a step.
    curvature : ndarray (n_samples,)
        Mean over the vectors that were evaluated last.
    sums : ndarray (6, width)
        Sums over the samples, of each vector when it was last evaluated; see `visit` of
        `riata._core.elementwise`.
    """

    def __init__(self, datafit, width):
        self.datafit, self.width = datafit, width
        n = len(datafit.targets)
        self.eta, self._trial, self.residual = (cache_lines(n, width) for _ in range(3))
        self._step = None
        self.curvature, self.sums = np.zeros(n), np.zeros((6, width))
        self.every = np.arange(width, dtype=np.intc)

    @property
    def step(self):
        if self._step is None:
            self._step = cache_lines(len(self.eta), self.width)
        return self._step

    def trial_step(self, step, shift, length, which, model=None):
        """Evaluate the loss at ``eta + length * (step + shift)`` for some vectors.

        Parameters
        ----------
        step : ndarray (n_samples, width) or None
        shift, length : ndarray (count,)
            Of the first vectors; the others do not move.
        which : ndarray of int
        model : ndarray (n_samples,) or None
            Weights of the squares of the step.
        """
        added, lengths = np.zeros((2, self.width))
        added[:len(shift)], lengths[:len(length)] = shift, length
        sums = self.datafit.evaluate(
            self.eta, step, added, lengths, which, model, self._trial, self.residual,
            self.curvature,
        )
        self.sums[:, which] = sums[:, which]

    def accept(self):
        """Accept the last trial step."""
        self.eta, self._trial = self._trial, self.eta

    def evaluate(self, which):
        """Evaluate the loss at the predictors of some vectors."""
        none = np.zeros(self.width)
        self.trial_step(None, none, none, which)

    def profile_intercept(self, count, start):
        """Give the first vectors their optimal intercepts, by Newton's method safeguarded
        by brackets; returns what was added.

        Parameters
        ----------
        count : int
        start : float or ndarray (count,)
            Intercepts to begin with.
        """
        datafit, live = self.datafit, self.every[:count]
        moved = np.zeros(count) + start
        low, high = np.full(count, -np.inf), np.full(count, np.inf)
        limit = 4.0 * max(1.0, float(np.abs(datafit.target).max()))
        rounding = EPS * (4.0 + 0.1 * math.sqrt(len(self.eta)))
        for taken in range(100):
            self.trial_step(None, moved, np.ones(count), live)
            _, slope, sizes, _, curvature, _ = self.sums[:, :count]
            unsolved = (np.abs(slope) > rounding * sizes) | np.isinf(slope)
            if datafit.separated or not unsolved.any():
                break
            low, high = np.where(slope > 0, moved, low), np.where(slope < 0, moved, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = datafit.unit * slope / curvature
            step = np.nan_to_num(np.where(np.isnan(step), np.sign(slope), step))
            step = np.clip(step, -limit, limit)
            far = None
            if taken > MOST_NEWTON and taken % 2 == 1:
                # Where a loss grows like exp, Newton's steps have length one: far away
                # they are made longer until there is a bracket, which is then halved.
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
            change = np.abs(new - moved)[unsolved].max()
            if taken > 3 and change <= 1e-16 * np.abs(self._trial).max():
                break
            moved = np.where(unsolved, new, moved)
        self.accept()
        return moved


def visit_by_rows(
    datafit, eta, step, shift, length, which, model, moved, weighted, curvature
):
    """`visit` of `riata._core.elementwise` for a loss that is written in NumPy."""
    sums, width = np.zeros((6, eta.shape[1])), eta.shape[1]
    which = slice(None) if len(which) == width else which
    for first in range(0, len(eta), ROWS):
        rows = slice(first, first + ROWS)
        change = np.broadcast_to(shift, eta[rows].shape) if step is None else (
            step[rows] + shift
        )
        np.add(eta[rows], length * change, out=moved[rows])
        total, residual, second = datafit.evaluate_rows(rows, moved[rows][:, which])
        residual *= datafit.residual_unit(rows)
        change = change[:, which]
        weighted[rows, which] = residual
        curvature[rows] = second.mean(axis=1)
        sums[LOSS, which] += total
        sums[RESIDUAL, which] += np.einsum("ij->j", residual)
        sums[ABS_RESIDUAL, which] += np.einsum("ij->j", np.abs(residual))
        sums[SLOPE, which] += np.einsum("ij,ij->j", residual, change)
        weights = datafit.weights
        sums[CURVATURE, which] += (
            np.einsum("ij->j", second) if weights is None else weights[rows] @ second
        )
        if model is not None:
            sums[STEP_CURVATURE, which] += np.einsum("i,ij->j", model[rows], change**2)
    return sums
