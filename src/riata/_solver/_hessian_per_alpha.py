"""One Hessian per alpha, where alphas are far apart.

One Hessian is accurate enough for all alphas of a batch if they are close. Otherwise each
alpha has a quadratic model of its own, on its own columns; the alphas then share only the
passes over the samples.
"""

import numpy as np

from .. import _costs as costs
from .._core.descent import STALLED
from ._engines._active_set import follow_active_set
from ._hessian_columns import HessianColumns
from ._hessians import SharedHessian
from ._quadratic_model import DenseModel
from ._warm_start import FAR_APART

SHARP = 0.02  # a step that leaves a larger share of the gap calls for a cheap new Hessian
STEADY = 0.1  # the same for an expensive Hessian, as a share of the decrease of a step
EPOCHS = 100  # of descent for one model, where its active set is too degenerate
INEXACT = 0.01  # share of the gap to which descent solves such a model


class HessianPerAlpha:
    """A Hessian policy: one model for each alpha where these are far apart, a shared one
    elsewhere.

    Parameters
    ----------
    point : Point
    """

    def __init__(self, point):
        self.point, self.problem, self.working = point, point.problem, point.working
        self.work, self.shared = point.work, SharedHessian(point)
        self.separate = False  # whether each alpha of the batch has a model of its own
        self.models = self.warm_models = None
        self.only_shared = False
        self.own = HessianColumns(self.problem)

    # What is asked of either: of the shared policy, unless each alpha has its model.

    @property
    def model(self):
        return self.shared.model

    @property
    def by_gradients(self):
        return self.shared.by_gradients

    @property
    def last_step(self):
        return self.shared.last_step

    @last_step.setter
    def last_step(self, value):
        self.shared.last_step = value

    def moved(self, moved, live):
        return moved

    def weights(self):
        return None if self.separate else self.shared.weights()

    def model_of(self, k, alpha):
        return self.models[k] if self.models and self._whole() else None

    def begin_batch(self, alphas, models):
        self.models, self.warm_models = None, models

    def begin(self, W, alphas):
        self.shared.begin(W, alphas)
        self.separate = not self.only_shared and self._pays(alphas)
        self.only_shared = False
        if not self.separate:
            return
        self.own.extend(self.working.columns)
        if self.models is None:
            self.models = [None] * len(alphas)
            if self.warm_models:
                self.models = self.warm_models(alphas)
        # where a Hessian is expensive, all alphas begin with the same
        cost = self.own.cost(len(self.working))
        self.dear = self._whole() and cost > costs.CHEAP_HESSIAN_FLOPS
        self.decrement = np.full(len(alphas), np.inf)

    def falls_back(self, statuses):
        self.only_shared = self.separate and STALLED in statuses
        return self.only_shared  # by rounding, or a degenerate model

    def prepare(self, W, C, gap, before, alphas, live, taken):
        if self.separate and not self._affordable(2 * np.count_nonzero(W, axis=0).max()):
            self.separate, self.last_step = False, None
        if not self.separate:
            return self.shared.prepare(W, C, gap, before, alphas, live, taken)
        new = live & np.array([model is None for model in self.models])
        if self.dear and new.any():  # which begin at one point
            self._renew([np.flatnonzero(new)], W, C, alphas)
        if not self.dear:
            new |= live & (gap > SHARP * before)
            self._renew(np.flatnonzero(new)[:, None], W, C, alphas)
        return live

    def step(self, W, C, loss, gap, alphas, live, tol, alpha):
        if not self.separate:
            return self.shared.step(W, C, loss, gap, alphas, live, tol, alpha)
        D, every = np.zeros_like(W), np.flatnonzero(live)
        self._step_each(every, W, C, D, gap, alphas, tol)
        if self.dear:
            # the decrease that the models predict, in which weak penalties count too
            penalty = self.point.penalty
            gain = np.einsum("ij,ij->j", C[:, :len(alphas)], D)
            gain += penalty(W, alphas) - penalty(W + D, alphas)
            slow = np.flatnonzero(live & (gain > STEADY * self.decrement))
            self.decrement = gain
            if len(slow):
                self._renew(slow[:, None], W, C, alphas)
                self._step_each(slow, W, C, D, gap, alphas, tol)
        return D

    def intercept_gap(self):
        if not self.separate:
            return self.shared.intercept_gap()
        if not self.problem.fit_intercept:
            return 0.0
        totals = [np.inf if model is None else model.weight_sum for model in self.models]
        return 0.5 * self.point.intercept_gradient**2 / totals

    def intercepts(self, step, D):
        if not (self.separate and self.problem.fit_intercept):
            return self.shared.intercepts(step, D)
        shift, unit = np.zeros(D.shape[1]), self.problem.eta_unit
        gradient = self.point.intercept_gradient
        for k, model in enumerate(self.models):
            if model is not None:
                mean = model.shift @ D[model.places, k]
                shift[k] = unit * (gradient[k] / model.weight_sum - mean)
        return shift

    # --- Which alphas have a model of their own, and on which columns.

    def _pays(self, alphas):
        """Whether to give each alpha a model."""
        problem, size, state = self.problem, len(self.working), self.point.state
        if self.point.smooth or not problem.loss.convex:
            return False
        near = len(alphas) > 1 and alphas[-1] > FAR_APART * alphas[0]
        if near and alphas[-1] > FAR_APART * state.alpha:
            return False
        return self._affordable(2 * np.count_nonzero(state.W)) and (
            problem.design.sparse or self.own.fits(size)
        )

    def _affordable(self, size):
        """Whether models of so many columns, or those that have all, are worth it."""
        dearest = costs.OWN_HESSIAN_FLOPS // 10
        if self._whole():
            size, dearest = len(self.working), costs.OWN_HESSIAN_FLOPS
        size = max(size, costs.WHOLE_MODEL_COLUMNS)
        return size <= costs.ACTIVE_SET_COLUMNS and self.own.cost(size) <= dearest

    def _whole(self):
        """Whether models have all columns of the working set."""
        return len(self.working) <= costs.WHOLE_MODEL_COLUMNS

    def _renew(self, parts, W, C, alphas):
        """Give each part of the alphas a new model, with the mean of their curvatures."""
        at = self.point.at
        for part in parts:
            at.evaluate(at.every[part])
            places = np.arange(len(self.working))
            if not self._whole():
                k = part[0]
                places = self._wanted(W[:, k], C[:, k], alphas[k])
            model = DenseModel(places, *self.own.hessian(places, at.curvature))
            for k in part:
                self.models[k] = model
            self.work.hessians += 1
            self.work.gram += len(places)

    def _wanted(self, w, c, alpha):
        """Places of the columns that are active, or violate KKT most."""
        limit = alpha * self.working.l1
        keep = (w != 0) | (limit == 0)
        with np.errstate(divide="ignore"):
            violation = np.where(keep, 0.0, np.abs(c) / limit)
        new = np.flatnonzero(violation >= 1.0)
        most = max(costs.MODEL_STEP_COLUMNS, np.count_nonzero(keep))
        if len(new) > most:
            new = new[np.argpartition(-violation[new], most)[:most]]
        keep[new] = True
        return np.flatnonzero(keep)

    def _step_each(self, every, W, C, D, gap, alphas, tol):
        """Set some columns of D to the steps to the optima of their models."""
        gradient, options = self.point.intercept_gradient, self.shared.engine_options()
        for k in every.tolist():
            model = self.models[k]
            start, c = W[model.places, k], C[model.places, k]
            if self.problem.fit_intercept:
                c = c - model.shift * gradient[k]
            view, gram = model.view(self.working, self.work)
            solved = follow_active_set(
                model, view, gram, start[:, None], c[:, None], alphas[k:k + 1],
                np.array([max(0.1 * tol[k], INEXACT * gap[k])]), max_epochs=EPOCHS,
                **options,
            )
            D[model.places, k] = solved[:, 0] - start
