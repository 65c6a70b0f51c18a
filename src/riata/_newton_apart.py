"""Newton's method where strengths are far apart: a model for each of them.

One Hessian fits the lanes of a batch as long as their strengths are close. Where they are
not, each lane has a quadratic model of its own, on columns of its own: the batch then
shares no more than the visits of the samples. Where a Hessian is dear, lanes that ask for
a new one at the same time have it together.
"""

import numpy as np
from scipy.linalg import lapack

from ._core.active_set import ActiveSet
from ._core.descent import Quadratic
from ._core.gram import gram_of_rows, rows_of
from ._lanes import View
from ._newton import CONTRACTION, MOST_BY_EVENTS, TOGETHER, NewtonSolver, floored

APART = 0.3  # ratio of two alphas that one Hessian hardly fits
WHOLE = 150  # columns up to which a model has all of the working set
MORE = 16  # columns that a smaller model is given at once
SHARP = 0.02  # as CONTRACTION, where a new Hessian costs no more than a step
CHEAP = 10**7  # multiply-adds of such a Hessian
DEAREST = 10**9  # multiply-adds of a Hessian that is not worth its while here
PACKED_BYTES = 128 * 2**20  # of the copied columns
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
            Z = Z - (shift if root is None else np.outer(root, shift))
        Z = Z * np.sqrt(curvature)[:, None]
        return (Z.T @ Z).T, shift, total

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
        self._factors = {}  # by alpha, where L2 holds all coefficients

    def solve_smooth(self, rest, alpha, l2):
        """``(gram + alpha l2)^-1 rest``; None if that can not be factored."""
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
    """

    def __init__(self, problem, settings, start=None):
        self.models = None  # of the lanes, while they have their own
        self.own = Columns(problem)
        super().__init__(problem, settings, start)

    def _apart(self, alphas):
        """Whether to give each lane a model."""
        problem, size = self.problem, len(self.working)
        design = problem.design
        if self.by_gradients or not problem.loss.convex:
            return False
        near = len(alphas) > 1 and alphas[-1] > APART * alphas[0]
        if near and (self.smooth or alphas[-1] > APART * self.alpha):
            return False
        whole = self.smooth or size <= WHOLE
        most = size if whole else max(WHOLE, 2 * np.count_nonzero(self.w))
        return (
            most <= MOST_BY_EVENTS and self.own.cost(most) <= DEAREST
            and (design.sparse or 8 * design.n_samples * size <= PACKED_BYTES)
        )

    def _newton(self, W, first, alphas, tol, alpha):
        if not self._apart(alphas):
            return super()._newton(W, first, alphas, tol, alpha)
        self.own.extend(self.working.columns)
        self.models, self.total = [None] * len(alphas), np.full(len(alphas), np.inf)
        statuses = super()._newton(W, first, alphas, tol, alpha)
        self.models = None
        return statuses

    def _prepare(self, W, C, gap, before, alphas, live, taken):
        if self.models is None:
            return super()._prepare(W, C, gap, before, alphas, live, taken)
        size = len(self.working)
        whole = self.smooth or size <= WHOLE
        cheap = not whole or self.own.cost(size) <= CHEAP
        slow = live & (gap > (SHARP if cheap else CONTRACTION) * before)
        slow |= live & [model is None for model in self.models]
        slow = np.flatnonzero(slow)
        if not cheap and len(slow) and taken < TOGETHER:
            self._renew(slow, np.arange(size))
        else:
            for k in slow:
                places = np.arange(size)
                if not whole:
                    places = self._wanted(W[:, k], C[:, k], alphas[k])
                self._renew(slow[slow == k], places)
        return live

    def _renew(self, lanes, places):
        """Give some lanes a model, with the mean of their curvatures."""
        self.at.look(self.at.every[lanes])
        model = LaneModel(places, *self.own.hessian(places, self.at.curvature))
        for k in lanes:
            self.models[k], self.total[k] = model, model.total
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
        if self.models is None:
            return super()._model_step(W, C, loss, gap, alphas, live, tol, alpha)
        D = np.zeros_like(W)
        for k in np.flatnonzero(live).tolist():
            model = self.models[k]
            start, c = W[model.places, k], C[model.places, k]
            if self.problem.fit_intercept:
                c = c - model.shift * self.excess[k]
            D[model.places, k] = self._step(model, start, c, float(alphas[k]), tol[k])
        return D

    def _step(self, model, start, c, alpha, tol):
        """Step to the optimum of the model."""
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
            alphas, np.array([0.1 * tol]),
        )
        return solved[0] - start

    def _intercept_gap(self):
        if self.models is None:
            return super()._intercept_gap()
        return 0.5 * self.excess**2 / self.total if self.problem.fit_intercept else 0.0

    def _weights(self):
        return None if self.models is not None else super()._weights()

    def _intercepts(self, step, D):
        if self.models is None or not self.problem.fit_intercept:
            return super()._intercepts(step, D)
        shift, unit = np.zeros(D.shape[1]), self.problem.eta_unit
        for k, model in enumerate(self.models):
            if model is not None:
                mean = model.shift @ D[model.places, k]
                shift[k] = unit * (self.excess[k] / model.total - mean)
        return shift
