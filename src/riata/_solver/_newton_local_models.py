"""Newton's method where strengths are far apart: a model for each of them.

One Hessian fits the lanes of a batch as long as their strengths are close. Where they are
not, each lane has a quadratic model of its own, on columns of its own: the batch then
shares no more than the visits of the samples.
"""

import numpy as np

from .._core.descent import STALLED, Quadratic
from ._batched_descent import View
from ._local_model import Columns, LaneModel
from ._newton import MOST_BY_EVENTS
from ._newton_warm import APART, GuidedSteps

WHOLE = 150  # columns up to which a model has all of the working set
MORE = 16  # columns that a smaller model is given at once
SHARP = 0.02  # as CONTRACTION of NewtonSolver, where it is not
STEADY = 0.1  # what a step may leave of the gain to be had, where a Hessian is dear
CHEAP = 10**7  # multiply-adds of one that is not
EPOCHS = 100  # of descent for one model, where its active set is too degenerate
INEXACT = 0.01  # share of the gap to which descent solves a model, if need be
DEAREST = 10**9  # multiply-adds of a Hessian that is not worth its while here


class ApartSteps(GuidedSteps):
    """`NewtonSteps`, with a model for each alpha where these are far apart.

    Parameters
    ----------
    state : PathState
    guide : Guide, optional
        Written, or followed if it has been.
    """

    def __init__(self, state, guide=None):
        self.apart = False  # whether each lane of the batch has a model of its own
        self.models = None  # those
        self.guided = None  # what the guide knows of the lanes of a batch
        self.own = Columns(state.problem)
        super().__init__(state, guide)

    # --- A guide.

    def begin_path(self, alphas):
        super().begin_path(alphas)
        if self.follows:
            self.continuation_ratio = 0.0

    def _begin(self, alphas):
        self.models = self.guided = None
        if not self.follows:
            return super()._begin(alphas)
        self.guided = [self.guide.nearest(alpha) for alpha in alphas]
        W = self._take_up(self.guided)
        self._stand_on(W)
        return W, None

    def _model_of(self, lane, alpha):
        return self.models[lane] if self.models and self._whole() else None

    # --- A model for each lane.

    def _apart(self, alphas):
        """Whether to give each lane a model."""
        problem, size = self.problem, len(self.working)
        if self.smooth or not problem.loss.convex:
            return False
        near = len(alphas) > 1 and alphas[-1] > APART * alphas[0]
        if near and alphas[-1] > APART * self.state.alpha:
            return False
        return self._affordable(2 * np.count_nonzero(self.state.W)) and (
            problem.design.sparse or self.own.fits(size)
        )

    def _affordable(self, size):
        """Whether models of so many columns, or those that have all, are worth it."""
        dearest = DEAREST // 10
        if self._whole():
            size, dearest = len(self.working), DEAREST
        size = max(size, WHOLE)
        return size <= MOST_BY_EVENTS and self.own.cost(size) <= dearest

    def _whole(self):
        """Whether models have all columns of the working set."""
        return len(self.working) <= WHOLE

    def _newton(self, W, first, alphas, tol, alpha):
        self.apart = self._apart(alphas)
        if self.apart:
            self.own.extend(self.working.columns)
            if self.models is None:
                self.models = [None] * len(alphas)
                if self.guided:
                    self.models = [self._taken_up(place) for place in self.guided]
            # where a Hessian is dear, all lanes begin with one
            self.dear = self._whole() and self.own.cost(len(self.working)) > CHEAP
            self.decrement = np.full(len(alphas), np.inf)
        statuses = super()._newton(W, first, alphas, tol, alpha)
        if self.apart and STALLED in statuses:  # by rounding, or a degenerate model
            self.apart = False
            statuses = super()._newton(W, first, alphas, tol, None)
        return statuses

    def _prepare(self, W, C, gap, before, alphas, live, taken):
        if self.apart and not self._affordable(2 * np.count_nonzero(W, axis=0).max()):
            self.apart, self.last_step = False, None
        if not self.apart:
            return super()._prepare(W, C, gap, before, alphas, live, taken)
        new = live & np.array([model is None for model in self.models])
        if self.dear and new.any():  # which begin at one point
            self._renew([np.flatnonzero(new)], W, C, alphas)
        if not self.dear:
            new |= live & (gap > SHARP * before)
            self._renew(np.flatnonzero(new)[:, None], W, C, alphas)
        return live

    def _renew(self, parts, W, C, alphas):
        """Give each part of the lanes a new model, with the mean of their curvatures."""
        for part in parts:
            self.at.look(self.at.every[part])
            places = np.arange(len(self.working))
            if not self._whole():
                k = part[0]
                places = self._wanted(W[:, k], C[:, k], alphas[k])
            model = LaneModel(places, *self.own.hessian(places, self.at.curvature))
            for k in part:
                self.models[k] = model
            self.work.hessians += 1
            self.work.gram += len(places)

    def _wanted(self, w, c, alpha):
        """Places of the columns that are active, or violate KKT most."""
        limit = alpha * self.working.l1
        keep = (w != 0) | (limit == 0)
        with np.errstate(divide="ignore"):
            excess = np.where(keep, 0.0, np.abs(c) / limit)
        new = np.flatnonzero(excess >= 1.0)
        most = max(MORE, np.count_nonzero(keep))
        if len(new) > most:
            new = new[np.argpartition(-excess[new], most)[:most]]
        keep[new] = True
        return np.flatnonzero(keep)

    def _model_step(self, W, C, loss, gap, alphas, live, tol, alpha):
        if not self.apart:
            return super()._model_step(W, C, loss, gap, alphas, live, tol, alpha)
        D, lanes = np.zeros_like(W), np.flatnonzero(live)
        self._step_each(lanes, W, C, D, gap, alphas, tol)
        if self.dear:
            # what the steps seem to gain, which tells of weak penalties too
            gain = np.einsum("ij,ij->j", C[:, :len(alphas)], D)
            gain += self._penalty(W, alphas) - self._penalty(W + D, alphas)
            slow = np.flatnonzero(live & (gain > STEADY * self.decrement))
            self.decrement = gain
            if len(slow):
                self._renew(slow[:, None], W, C, alphas)
                self._step_each(slow, W, C, D, gap, alphas, tol)
        return D

    def _step_each(self, lanes, W, C, D, gap, alphas, tol):
        """Set some lanes of D to the steps to the optima of their models."""
        for k in lanes.tolist():
            model = self.models[k]
            start, c = W[model.places, k], C[model.places, k]
            if self.problem.fit_intercept:
                c = c - model.shift * self.excess[k]
            enough = max(0.1 * tol[k], INEXACT * gap[k])
            D[model.places, k] = self._step(model, start, c, float(alphas[k]), enough)

    def _step(self, model, start, c, alpha, tol):
        """Step to the optimum of the model, or to a gap of `tol` where the active set is
        too degenerate."""
        working, at = self.working, model.places
        l1, l2 = working.l1[at], working.l2[at]
        view = View(
            Quadratic.from_gram(model.gram), working.columns[at],
            model.gram.diagonal().copy(), l1, l2, working.lower[at], working.upper[at],
        )
        xty = c + model.gram @ start
        solved, alphas = start[None].copy(), np.array([alpha])
        self._by_events(
            model.active_set, view, model.gram, xty[None], solved, c[None].copy(), alphas,
            alphas, np.array([tol]), max_epochs=EPOCHS,
        )
        return solved[0] - start

    def _intercept_gap(self):
        if not self.apart:
            return super()._intercept_gap()
        if not self.problem.fit_intercept:
            return 0.0
        totals = [np.inf if model is None else model.weight_sum for model in self.models]
        return 0.5 * self.excess**2 / totals

    def _weights(self):
        return None if self.apart else super()._weights()

    def _intercepts(self, step, D):
        if not (self.apart and self.problem.fit_intercept):
            return super()._intercepts(step, D)
        shift, unit = np.zeros(D.shape[1]), self.problem.eta_unit
        for k, model in enumerate(self.models):
            if model is not None:
                mean = model.shift @ D[model.places, k]
                shift[k] = unit * (self.excess[k] / model.weight_sum - mean)
        return shift
