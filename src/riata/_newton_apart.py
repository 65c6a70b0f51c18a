"""Newton's method where strengths are far apart: a model for each of them.

One Hessian fits the lanes of a batch as long as their strengths are close. Where they are
not, each lane has a quadratic model of its own, on columns of its own: the batch then
shares no more than the visits of the samples.
"""

import numpy as np

from ._core.active_set import ActiveSet
from ._core.descent import STALLED, Quadratic
from ._core.gram import gram_of_rows, rows_of
from ._guide import Place
from ._lanes import View
from ._newton import MOST_BY_EVENTS, NewtonSolver, floored
from ._solver import Step

APART = 0.3  # ratio of two alphas that one Hessian hardly fits
NEAR = 0.7  # ratio from which the alpha before leads to the next as well as any guide
TALL = 8  # samples per feature from which a guide helps up to there
WHOLE = 150  # columns up to which a model has all of the working set
MORE = 16  # columns that a smaller model is given at once
SHARP = 0.02  # as CONTRACTION of NewtonSolver, where it is not
STEADY = 0.1  # what a step may leave of the gain to be had, where a Hessian is dear
CHEAP = 10**7  # multiply-adds of one that is not
EPOCHS = 100  # of descent for one model, where its active set is too degenerate
INEXACT = 0.01  # share of the gap to which descent solves a model, if need be
DEAREST = 10**9  # multiply-adds of a Hessian that is not worth its while here
PACKED_BYTES = 32 * 2**20  # of the copied columns
ROWS = 2048  # of them that are weighted at once
SCATTERED = 8  # multiply-adds of a dense Hessian in the time of one of a sparse one


class Columns:
    """The columns of a working set, for Hessians on some of them.

    Dense ones are copied once, centred and times the roots of the sample weights; sparse
    ones are sorted by rows.

    Parameters
    ----------
    problem : GeneralProblem
    """

    def __init__(self, problem):
        self.problem = problem
        self.columns = np.empty(0, dtype=np.intp)
        self.rows = None  # of all columns, where they are sparse
        weights, design = problem.weights, problem.design
        self.root = None if weights is None else np.sqrt(weights)
        self.packed = np.empty((design.n_samples, 0), order="F")

    def extend(self, columns):
        """Take in the columns that are new at the end of `columns`."""
        old, self.columns = len(self.columns), columns
        design = self.problem.design
        if old == len(columns):
            return
        self.rows = None
        if not design.sparse:
            packed = np.empty((design.n_samples, len(columns)), order="F")
            packed[:, :old] = self.packed
            design.pack(columns[old:], 0, len(packed), packed[:, old:])
            self.packed = packed

    def cost(self, size):
        """Multiply-adds of the Hessian of so many columns."""
        design = self.problem.design
        if not design.sparse:
            return design.n_samples * size**2
        per_row = design.nnz / design.n_samples * size / design.n_features
        return SCATTERED * design.n_samples * per_row**2

    def hessian(self, places, curvature):
        """Hessian of some columns, with the intercept that belongs to them.

        Returns
        -------
        gram : ndarray (size, size), contiguous columns
        shift : ndarray (size,)
            Means of the columns in the weights of the model.
        total : float
            Sum of those weights.
        """
        curvature = floored(curvature, self.problem.weights)
        whole = len(places) == len(self.columns)
        if self.problem.design.sparse:
            return self._sparse_hessian(places, whole, curvature)
        Z, root = self.packed if whole else self.packed[:, places], self.root
        heavy = curvature if root is None else curvature * root
        total = float(heavy.sum() if root is None else heavy @ root)
        shift = np.zeros(len(places))
        if self.problem.fit_intercept:
            shift = heavy @ Z / total
        bend, gram = np.sqrt(curvature), np.zeros((len(places), len(places)))
        for first in range(0, len(Z), ROWS):
            rows = slice(first, first + ROWS)
            part = Z[rows] - (shift if root is None else np.outer(root[rows], shift))
            part *= bend[rows, None]
            gram += part.T @ part
        return gram.T, shift, total

    def _sparse_hessian(self, places, whole, curvature):
        problem, design = self.problem, self.problem.design
        columns = self.columns[places]
        rows = self.rows
        if not whole or rows is None:
            rows = rows_of(design, columns, False)
            self.rows = rows if whole else self.rows
        weights = curvature if problem.weights is None else curvature * problem.weights
        *rows, mean = rows
        gram, sums = gram_of_rows(*rows, weights, len(columns))
        total, scale = float(weights.sum()), design.scale[columns]
        shift = np.zeros(len(columns))
        if problem.fit_intercept:
            gram -= np.outer(sums, sums / total)
            shift = scale * (sums / total - mean)
        gram *= scale
        gram *= scale[:, None]
        return gram.T, shift, total


class LaneModel:
    """A quadratic model of the loss, for a lane or a few.

    Parameters
    ----------
    places : ndarray of int
        Its columns in the working set.
    gram, shift, total
        As from `Columns.hessian`.
    """

    def __init__(self, places, gram, shift, total):
        self.places, self.gram, self.shift, self.total = places, gram, shift, total
        self.active_set = ActiveSet()
        self._noted = None
        self._factors = {}  # by alpha, where L2 holds all coefficients

    @staticmethod
    def of(place, solver):
        """The model of a place, for the working set of a solver; None if it has none."""
        if place.model is None:
            return None
        columns, gram, mean, total = place.model
        at = np.full(solver.problem.design.n_features, -1)
        at[columns] = np.arange(len(columns))
        columns, design = solver.working.columns, solver.problem.design
        at = at[columns]
        if (at < 0).any():
            return None
        scale = design.scale[columns]
        gram = gram[np.ix_(at, at)] * scale * scale[:, None]
        shift = scale * (mean[at] - design.mean[columns])
        if not solver.problem.fit_intercept:
            shift[:] = 0.0
        return LaneModel(np.arange(len(columns)), gram.T, shift, total)

    def noted(self, solver):
        """What `Place` keeps of it: columns, Hessian, means, total weight."""
        if self._noted is None:
            design, columns = solver.problem.design, solver.working.columns[self.places]
            scale = design.scale[columns]
            self._noted = (
                columns, self.gram / scale / scale[:, None],
                self.shift / scale + design.mean[columns], self.total,
            )
        return self._noted

    def solve_smooth(self, rest, alpha, l2):
        """``(gram + alpha l2)^-1 rest``; None if that can not be factored."""
        from scipy.linalg import lapack

        if alpha not in self._factors:
            matrix = self.gram.copy()
            matrix.flat[:: len(l2) + 1] += alpha * l2
            self._factors[alpha], failed = lapack.dpotrf(
                matrix.T, lower=1, clean=0, overwrite_a=1
            )
            if failed:
                return None
        return lapack.dpotrs(self._factors[alpha], rest, lower=1)[0]


class ApartSolver(NewtonSolver):
    """`NewtonSolver`, with a model for each lane where strengths are far apart.

    Parameters
    ----------
    problem : GeneralProblem
    settings : Settings
    start : (columns, w) or None
    guide : Guide, optional
        Written, or followed if it has been.
    """

    def __init__(self, problem, settings, start=None, guide=None):
        self.apart = False  # whether each lane of the batch has a model of its own
        self.models = None  # those
        self.guided = None  # what the guide knows of the lanes of a batch
        self.own = Columns(problem)
        self.guide = guide
        self.follows = guide is not None and guide.written
        super().__init__(problem, settings, start)

    def solve(self, alphas):
        if self.guide is not None and not self._wants_guide(alphas):
            self.guide, self.follows = None, False
        yield from super().solve(alphas)
        if self.guide is not None:
            self.guide.written = True

    # --- A guide.

    def _wants_guide(self, alphas):
        """Whether alphas are so far apart that one is better reached from elsewhere than
        from the one before."""
        alphas = np.asarray(alphas)[np.asarray(alphas) > 0]
        if len(alphas) < 2:
            return True
        ratio = (alphas[-1] / alphas[0]) ** (1.0 / (len(alphas) - 1))
        design = self.problem.design
        return ratio < (NEAR if design.n_samples > TALL * design.n_features else APART)

    def _with_rungs(self, alphas):
        if self.follows:
            return [Step(float(alpha), True) for alpha in alphas]
        return super()._with_rungs(alphas)

    def _begin(self, alphas):
        self.models = self.guided = None
        if not self.follows:
            return super()._begin(alphas)
        self.guided = [self.guide.nearest(alpha) for alpha in alphas]
        unit, usable = self.problem.coef_unit, self.problem.design.sqnorm > 0
        columns = np.unique(np.concatenate([place.columns for place in self.guided]))
        self._add(columns[usable[columns] & (self.working.mask[columns] == 0)])
        W = np.zeros((len(self.working), len(alphas)))
        for k, place in enumerate(self.guided):
            own = usable[place.columns]
            at = self._places(place.columns[own])
            w = place.coef[own] / unit[place.columns[own]]
            W[at, k] = np.clip(w, self.working.lower[at], self.working.upper[at])
        self._stand_on(W)
        return W, None

    def _solutions(self, alphas, which, verdict, rounds, status):
        if self.guide is not None and not self.follows:
            for k in np.arange(len(alphas))[which]:
                at = np.flatnonzero(self.solved[:, k])
                columns = self.working.columns[at]
                coef = self.solved[at, k] * self.problem.coef_unit[columns]
                model = self.models[k] if self.models and self._whole() else None
                if model is not None:
                    model = model.noted(self)
                self.guide.note(alphas[k], Place(columns, coef, model))
        return super()._solutions(alphas, which, verdict, rounds, status)

    # --- A model for each lane.

    def _apart(self, alphas):
        """Whether to give each lane a model."""
        problem, size = self.problem, len(self.working)
        design = problem.design
        if self.by_gradients or not problem.loss.convex:
            return False
        near = len(alphas) > 1 and alphas[-1] > APART * alphas[0]
        if near and (self.smooth or alphas[-1] > APART * self.alpha):
            return False
        return self._affordable(2 * np.count_nonzero(self.w)) and (
            design.sparse or 8 * design.n_samples * size <= PACKED_BYTES
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
        return self.smooth or len(self.working) <= WHOLE

    def _newton(self, W, first, alphas, tol, alpha):
        self.apart = self._apart(alphas)
        if self.apart:
            self.own.extend(self.working.columns)
            if self.models is None:
                self.models = [None] * len(alphas)
                if self.guided:
                    self.models = [LaneModel.of(place, self) for place in self.guided]
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
        if self.smooth and alpha > 0 and l2.min() > 0:
            step = model.solve_smooth(c - alpha * l2 * start, alpha, l2)
            if step is not None:
                return step
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
        totals = [np.inf if model is None else model.total for model in self.models]
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
                shift[k] = unit * (self.excess[k] / model.total - mean)
        return shift
