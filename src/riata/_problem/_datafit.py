"""Datafits: a loss on given samples, with targets and weights.

A datafit is evaluated at blocks of linear predictors (n_samples, n_vectors), one vector
for each alpha and output. Values are in the units of the design: losses divided by the
square of `unit`, residuals by `unit`.
"""

import math

import numpy as np

from .._core.elementwise import visit
from ._predictors import CURVATURE, LOSS, RESIDUAL, Predictors, visit_by_rows

CURVATURE_FLOOR = 1e-12  # of a sample, against the largest: losses with tails like exp
FLAT = 1e-6  # floor where the curvature is exactly zero (e.g. Huber tails)


class Datafit:
    """A loss of one predictor for each sample.

    Parameters
    ----------
    loss : riata.losses.Loss
    target : ndarray of float64 (n_samples,)
    weights : ndarray of float64 (n_samples,) or None
        With a mean of one.
    unit : float, optional
        What one unit of the design's predictors is in the loss's.

    Attributes
    ----------
    targets : ndarray (n_samples, 1)
    separated : bool
        Whether the intercept alone makes the loss vanish up to rounding.
    """

    n_outputs = 1
    separated = False

    def __init__(self, loss, target, weights, unit=1.0):
        self.loss, self.target, self.weights, self.unit = loss, target, weights, unit
        self.targets = target[:, None]
        self.least = loss.least(target, weights)  # of a compiled loop

    def rows(self, rows):
        """The datafit of some samples (a slice)."""
        weights = None if self.weights is None else self.weights[rows]
        return type(self)(self.loss, self.target[rows], weights, self.unit)

    def weigh(self, R):
        """Weights times R (n_samples, n_vectors); R itself if all weights are one."""
        return R if self.weights is None else self.weights[:, None] * R

    def total(self, values):
        """Weighted sum of values (n_samples,), those without weight left out; inf for
        NaN."""
        if self.weights is not None:
            values = self.weights * np.where(self.weights > 0, values, 0.0)
        total = float(values.sum())
        return math.inf if math.isnan(total) else total

    def evaluate(self, eta, step, shift, length, which, model, moved, weighted, curvature):
        """Losses, residuals and curvatures along a step: see `visit` of
        `riata._core.elementwise`, whose sums it returns."""
        arguments = eta, step, shift, length, which, model, moved, weighted, curvature
        if self.loss.kernel:
            sums = visit(
                self.loss.kernel, self.target, self.weights, 1.0 / self.unit, *arguments,
                self.loss.kernel_parameter,
            )
            sums[LOSS] -= self.least
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                sums = visit_by_rows(self, *arguments)
        sums[LOSS] /= self.unit**2
        return sums

    def at(self, Eta):
        """Sums (3, width) of losses, residuals and curvatures at predictors (n_samples,
        width), weighted residuals, and the mean curvature (n_samples,)."""
        n, width = Eta.shape
        weighted, curvature, none = np.empty_like(Eta), np.empty(n), np.zeros(width)
        sums = self.evaluate(
            Eta, None, none, none, np.arange(width, dtype=np.intc), None, Eta, weighted,
            curvature,
        )
        return sums[[LOSS, RESIDUAL, CURVATURE]], weighted, curvature

    def floored(self, curvature):
        """Curvatures (n_samples,) as the weights of a quadratic model, without those of
        the samples: positive but for samples of weight zero."""
        if self.weights is not None:
            curvature = np.where(self.weights > 0, curvature, 0.0)
        largest = float(curvature.max(initial=0.0)) or 1.0
        floor = np.maximum(curvature, CURVATURE_FLOOR * largest)
        floor[curvature == 0.0] = FLAT * largest
        return floor

    def evaluate_rows(self, rows, Eta):
        """Sums of the losses of some rows, residuals and curvatures at predictors."""
        weights = None if self.weights is None else self.weights[rows]
        total, residual = self.loss.sums(self.targets[rows], Eta, weights)
        return total, residual, self.loss.curvature(self.targets[rows], Eta)

    def residual_unit(self, rows):
        """By what the residuals of some rows are multiplied for the design."""
        if self.weights is None:
            return 1.0 / self.unit
        return self.weights[rows, None] / self.unit

    def predictors(self, width):
        """`Predictors` for so many vectors."""
        return Predictors(self, width)

    def losses(self, Eta):
        """Sums of the losses at predictors, one a vector, in the loss's own units; inf if
        that overflows."""
        at = self.predictors(Eta.shape[1])
        at.eta[:] = Eta
        at.evaluate(at.every)
        return at.sums[LOSS] * self.unit**2

    def residuals(self, Eta):
        """Residuals at predictors."""
        return self.loss.residual(self.targets, Eta) / self.unit

    def fenchel_young(self, Eta, theta):
        """Distance of a dual point theta (n_samples, n_outputs) from the one that belongs
        to predictors: ``f(eta) + f*(-theta) + theta eta``; inf if unknown."""
        dual = self.loss.dual(self.targets, theta)
        if dual is None:
            return math.inf
        distance = self.loss.value(self.targets, Eta) - dual + theta * Eta
        return self.total(np.maximum(distance, 0.0)[:, 0])

    def profile_intercept(self, Eta):
        """Give each vector of predictors its optimal intercept; returns the predictors, and
        what was added."""
        count = Eta.shape[1]
        at = self.predictors(count)
        at.eta[:] = Eta
        moved = at.profile_intercept(count, 0.0)
        return at.eta, moved

    # --- The model without features.

    @staticmethod
    def check_labels(loss, y, fit_intercept):
        """Raise if y (of all weights) has a single class; returns how many classes there
        are, where that matters."""
        if loss.classifies and fit_intercept:
            loss.check_mean(float(y.mean()))

    def fit_null(self, offset, fit_intercept):
        """The predictors (n_samples, n_outputs) of the model without features, and its
        intercept."""
        constant = 0.0
        if fit_intercept:
            mean = float(np.average(self.target, weights=self.weights))
            # All weight may be on one class: the intercept then leaves no loss.
            self.separated = self.loss.classifies and mean in (0.0, 1.0)
            if self.separated:
                counted = offset if self.weights is None else offset[self.weights > 0]
                rest = float(counted.min() if mean else counted.max())
            else:
                self.loss.check_mean(mean)
                rest = float(np.average(offset, weights=self.weights))
            constant = self.loss.start(mean) - rest
        eta = (offset + constant)[:, None]
        if fit_intercept and not self.separated:
            eta, moved = self.profile_intercept(eta)
            constant += moved[0]
        self.loss.check_predictor(eta)
        return eta, constant

    def representative(self, W, working, alphas):
        """Coefficients to report for those of a working set."""
        return W
