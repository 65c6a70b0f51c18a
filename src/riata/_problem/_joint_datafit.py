"""Datafits of several outputs that share their loss: the classes of a multinomial model."""

import math

import numpy as np

from .._core.elementwise import joint_sums, visit_joint
from ._datafit import Datafit
from ._predictors import LOSS, Predictors

EPS = float(np.finfo(float).eps)
SMALLEST = 1e-300  # curvature of an intercept that counts


class JointDatafit(Datafit):
    """A loss of several predictors for each sample; losses are given in equal parts for
    each output.

    With an intercept, a class without weight has its optimum in the limit: coefficients
    of zero, an intercept of minus infinity. Only the other classes are solved for.

    Attributes
    ----------
    n_labels : int
        How many classes there are.
    classes : ndarray of int (n_outputs,)
        Those that are solved for.
    label_offset : ndarray (n_samples, 1 or n_labels)
        Offsets as given.
    """

    @staticmethod
    def check_labels(loss, y, fit_intercept):
        return int(y.max()) + 1

    def fit_null(self, offset, fit_intercept):
        self.classes = np.arange(self.n_labels)
        self.label_offset = offset = offset[:, None] if offset.ndim == 1 else offset
        if fit_intercept:
            sums = np.bincount(self.target.astype(np.intp), self.weights, self.n_labels)
            self.classes = np.flatnonzero(sums > 0)
            if offset.shape[1] > 1:
                offset = offset[:, self.classes]
        self.n_outputs = len(self.classes)
        self.separated = self.n_outputs == 1
        self.targets = (self.target[:, None] == self.classes).astype(float)
        eta, center = np.broadcast_to(offset, self.targets.shape), np.zeros(self.n_outputs)
        if fit_intercept and not self.separated:
            share = np.average(self.targets, axis=0, weights=self.weights)
            start = np.log(share) - np.average(offset, axis=0, weights=self.weights)
            eta, moved = self.profile_intercept(eta + start)
            center = start + moved
            center = center - center.mean()
        return np.ascontiguousarray(eta), center

    def predictors(self, width):
        return JointPredictors(self, width)

    def representative(self, W, working, alphas):
        """Of all coefficients (working, n_outputs) with the same probabilities as W, those
        of least norm. What is added to those of a feature in all classes changes no
        probability: where nothing else decides on it their sum is zero."""
        size = len(W)
        alone = np.isinf(working.lower[:size]) & np.isinf(working.upper[:size])
        penalised = (working.l1[:size] != 0) | (working.l2[:size] != 0)
        alone = alone[:, None] & ~(penalised[:, None] & (alphas > 0))
        if not alone.any():
            return W
        of_alpha = W.reshape(size, len(alphas), -1)
        moved = np.where(alone, of_alpha.mean(axis=2), 0.0)
        return (of_alpha - moved[:, :, None]).reshape(W.shape)

    def losses(self, Eta):
        """The loss, in equal parts for each class."""
        total, _, _ = self._sums(Eta, np.zeros(self.n_outputs))
        return np.full(self.n_outputs, total / self.n_outputs)

    def _sums(self, Eta, shift):
        value, *rest = joint_sums(
            self.targets, self.weights, np.ascontiguousarray(Eta), shift
        )
        return math.inf if math.isnan(value) else value, *rest

    def evaluate(self, eta, step, shift, length, which, model, moved, weighted, curvature):
        sums = visit_joint(
            self.targets, self.weights, 1.0 / self.unit, eta, step, shift, length, moved,
            weighted, curvature,
        )
        sums[LOSS] /= self.unit**2
        return sums

    def fenchel_young(self, Eta, theta):
        """As of `Datafit`."""
        distance = self.loss.value(self.targets, Eta) + (theta * Eta).sum(axis=1)
        distance -= self.loss.dual(self.targets, theta)
        return self.total(np.maximum(distance, 0.0))

    def profile_intercept(self, Eta):
        """Give Eta (n_samples, n_outputs) its optimal intercepts, by Newton's method;
        returns the predictors, and what was added (of sum zero)."""
        moved = np.zeros(self.n_outputs)
        value, residual, hessian = self._sums(Eta, moved)
        total = len(Eta) if self.weights is None else self.weights.sum()
        farthest = 50.0 + float(np.ptp(Eta)) if np.isfinite(Eta).all() else 0.0
        for _ in range(100 if farthest else 0):
            if np.abs(residual).max() <= 1e-15 * total:
                break
            step = inverse_of(hessian) @ residual
            # (where all probabilities are 0 or 1 the Hessian is nearly zero)
            step *= min(1.0, farthest / max(np.abs(step).max(), farthest))
            for _ in range(60):
                new = self._sums(Eta, moved + step)
                if new[0] <= value * (1.0 + 1e-14):
                    break
                step *= 0.5
            if not new[0] <= value * (1.0 + 1e-14):
                break
            moved, (value, residual, hessian) = moved + step, new
            if np.abs(step).max() <= 1e-15 * (1.0 + np.abs(moved).max()):
                break
        return Eta + moved, moved


class JointPredictors(Predictors):
    """`Predictors` of outputs that share their loss."""

    def profile_intercept(self, count, start):
        datafit = self.datafit
        moved = np.zeros(count) + start
        # (intercepts of other coefficients may be far off)
        if moved.any() and not (
            datafit.losses(self.eta + moved)[0] <= datafit.losses(self.eta)[0]
        ):
            moved = np.zeros(count)
        self.eta[:], more = datafit.profile_intercept(self.eta + moved)
        self.evaluate(self.every)
        return moved + more


def inverse_of_intercepts(P, weighted):
    """Pseudo-inverse of the Hessian of the intercepts: of sum zero in rows and columns.

    Parameters
    ----------
    P : ndarray (n_samples, n_outputs)
        Probabilities.
    weighted : ndarray (n_samples, n_outputs)
        The same times the sample weights.
    """
    hessian = -(P.T @ weighted)
    np.fill_diagonal(hessian, 0.0)
    np.fill_diagonal(hessian, -hessian.sum(axis=1))  # without cancellation
    return inverse_of(hessian)


def inverse_of(hessian):
    """Pseudo-inverse of a matrix (n_outputs, n_outputs) whose rows and columns sum to zero
    and whose diagonal is positive."""
    count = len(hessian)
    # classes of any size count alike, against the largest, whose intercept is 0
    diagonal = hessian.diagonal()
    kept = np.flatnonzero(diagonal > SMALLEST)
    kept = kept[kept != diagonal.argmax()]
    root = np.sqrt(diagonal[kept])
    values, vectors = np.linalg.eigh(hessian[np.ix_(kept, kept)] / root / root[:, None])
    vectors = vectors / root[:, None]
    inverse = np.zeros((count, count))
    floor = count * EPS
    inverse[np.ix_(kept, kept)] = (vectors / np.maximum(values, floor)) @ vectors.T
    inverse -= inverse.mean(axis=0)
    return inverse - inverse.mean(axis=1)[:, None]
