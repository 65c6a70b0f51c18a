"""Losses other than the squared, on many more rows than columns: Newton's method with one
read of X a step.

One read brings all that a step needs to know of the points where the alphas of a batch
stand: losses, gradients, and the Gram matrix with the mean of their curvatures as weights.
Nothing that is as long as X has rows is kept between two reads.
"""

from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from .._core.active_set import ActiveSet
from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED, Quadratic
from .._core.gram import sparse_gram
from .._lanes import LANES, View
from .._newton import (
    ARMIJO,
    SHORTEST,
    NewtonSolver,
    floored,
    gradient,
    product,
)
from .._predictors import CURVATURE, EXCESS, LOSS
from .._problem import GeneralProblem
from .._solver import EPS, Verdict
from ._design import _seen
from ._moments import sums_pay

TOGETHER = 16  # alphas that one read serves
MOST_STEPS = 200  # reads for one batch
PANEL = 2**14  # rows that are looked at at once
SPARSE = 0.2  # density up to which products are formed entry by entry


def newton_solver_of(problem, settings, start=None):
    """The solver of a problem on chunks: with one read a step where that is the better
    way, elsewhere the one for data in memory."""
    X = problem.design.X
    by_reads = not X.axis and (X.remote or sums_pay(X)) and problem.loss.convex
    return (RowNewtonSolver if by_reads else NewtonSolver)(problem, settings, start)


class Visit(NamedTuple):
    """What one read has found of some points, in the units of the design."""

    C: np.ndarray  # (n_features, lanes) gradients
    sums: np.ndarray  # (3, lanes): losses, residuals, curvatures
    weight: float  # sum of the weights of the model
    pulls: np.ndarray  # (size,) sums of the model's columns with these
    gram: np.ndarray  # (size, size)

    def plus(self, other):
        """Both together."""
        return Visit(*(a + b for a, b in zip(self, other, strict=True)))


def add_visits(one, other):
    """What two sets of rows have to tell."""
    return one.plus(other)


def visit_of(X, placed, rows, unit, columns, B, shift, live, model):
    """`Visit` of the rows of a block.

    Parameters
    ----------
    X, placed
        See `riata.chunks._design`.
    rows : tuple
        Loss, targets, weights (or None) and null predictors of the rows.
    unit : float
        Of the predictors.
    columns, B : ndarray (size,), (size, lanes)
        The coefficients that are not zero in all lanes.
    shift : ndarray (lanes,)
        Intercepts, in units of the predictors.
    live : ndarray of int
        Lanes that the model is for.
    model : ndarray
        Its columns.
    """
    loss, target, weights, null = rows
    design, found = _seen(X, placed), None
    for first in range(0, X.n_samples, PANEL if X.kind != "csc" else X.n_samples):
        last = min(first + PANEL, X.n_samples) if X.kind != "csc" else X.n_samples
        part = slice(first, last)
        its = None if weights is None else weights[part]
        seen = design
        if last - first < X.n_samples:
            seen = _seen(X._replace(data=X.data[part], n_samples=last - first), placed)
        found_here = _visit(
            seen, (loss, target[part], its, null[part]), unit, columns, B, shift, live,
            model,
        )
        found = found_here if found is None else found.plus(found_here)
    return found


def _visit(design, rows, unit, columns, B, shift, live, model):
    loss, target, weights, null = rows
    lanes, n = len(shift), len(target)
    problem = _rows_of_problem(loss, target, weights, unit)
    eta = unit * product(design, columns, B) if len(columns) else np.zeros((n, lanes))
    eta += shift
    eta += null
    if weights is not None:
        eta[weights == 0] = null[weights == 0]  # where the loss might overflow
    sums, pull = np.zeros((3, lanes)), np.empty((n, lanes))
    curvature, room = np.zeros(n), np.empty(n)
    for k in range(lanes):
        one = np.ascontiguousarray(eta[:, k:k + 1])
        moved, its_pull = np.empty_like(one), np.empty_like(one)
        none = np.zeros(1)
        found = problem.visit(
            one, None, none, none, np.zeros(1, dtype=np.intc), None, moved, its_pull,
            room,
        )
        sums[:, k] = found[[LOSS, EXCESS, CURVATURE], 0]
        pull[:, k] = its_pull[:, 0]
        if k in live:
            curvature += room / len(live)
    C = gradient(design, pull, np.arange(design.n_features))[:, :lanes]
    curvature = floored(curvature, weights)
    weights = curvature if weights is None else curvature * weights
    return Visit(C, sums, float(weights.sum()), *_curved(design, weights, model))


def _curved(design, weights, cols):
    """``X~[:, cols]' w`` and ``X~[:, cols]' W X~[:, cols]``."""
    n = design.n_samples
    if design.sparse and len(cols) and design.column_nnz(cols) <= SPARSE * n:
        return _curved_rows(design, weights, cols)
    packed, root = np.empty((n, len(cols)), order="F"), np.sqrt(weights)
    if len(cols):
        design.pack(cols, 0, n, packed)  # the design has no weights
    packed *= root[:, None]
    return root @ packed, packed.T @ packed


def _curved_rows(design, weights, cols):
    """The same by the few entries of each row."""
    pulls = gradient(design, weights[:, None], cols)[:, 0]
    # its means are not those in these weights: they are taken off here, but for columns
    # without zeros
    full = np.diff(design.take(cols)[2]) == design.n_samples
    raw = design.reweighted(weights)
    raw.mean[cols[full]] = design.mean[cols[full]]
    gram = sparse_gram(raw, cols, 0)
    mean = np.where(full, 0.0, design.mean[cols]) * design.scale[cols]
    half = np.outer(pulls + 0.5 * weights.sum() * mean, mean)
    return pulls, gram - half - half.T


def _rows_of_problem(loss, target, weights, unit):
    """A `GeneralProblem` of some rows, as far as its losses go."""
    problem = object.__new__(GeneralProblem)
    problem.loss, problem.target, problem.weights = loss, target, weights
    problem.targets, problem.eta_unit, problem._least = target[:, None], unit, 0.0
    return problem


class Model(NamedTuple):
    """The quadratic model of the loss at the points of a visit."""

    places: np.ndarray  # in the working set, which is all columns
    gram: np.ndarray  # of columns centred in its weights
    shift: np.ndarray  # their means
    weight_sum: float
    active_set: Any


class RowNewtonSolver(NewtonSolver):
    """Solves a decreasing sequence of alphas on chunks of many rows.

    An intercept is the best one up to rounding of its own Newton steps; what it leaves
    to be gained, to second order, is part of the gap.

    Parameters
    ----------
    problem : GeneralProblem
        Its design is a `ChunkedDesign` of blocks of rows.
    settings : Settings
    start : (columns, w) or None
    """

    rung, rung_gap = 0.0, 0.1  # no alphas on the way

    def __init__(self, problem, settings, start=None):
        self.seen = self.standing = None
        X = problem.design.X

        def rows(k):
            its = slice(*X.span(k))
            weights = None if problem.weights is None else problem.weights[its]
            return problem.loss, problem.target[its], weights, problem.null_eta[its]

        self.rows = X.beside(rows)
        self.ratio_of_alphas = 0.5
        super().__init__(problem, settings, start)
        self.by_gradients, self.lanes = False, TOGETHER

    def _screening(self):
        return None

    def _full_gram_pays(self, alphas):
        return True

    def _take_all_columns(self, alphas):
        self._add_all()

    def _add_all(self):
        columns = (self.problem.design.sqnorm > 0).nonzero()[0]
        self._add(columns[self.working.mask[columns] == 0])
        self.working.complete = True

    def _start(self, start):
        self._add_all()  # in one order from the beginning
        self.c, self.slope, self.alpha = self._null_correlations(), None, 1.0
        free = self.working.l1 == 0
        if free.any() or start is not None:
            W = np.zeros((len(self.working), 1))
            if start is not None:
                columns, w = start
                place = self._places(columns)
                W[place, 0] = np.clip(
                    w, self.working.lower[place], self.working.upper[place]
                )
            # an alpha at which nothing but what is free or given moves
            top = np.full(1, 1e6 * max(self._alpha_max(), 1e-300))
            if free.any() and start is None:
                W, _ = self._descend(W, 0, top, [1e-3 * self.target])
            else:
                self._look(W, np.zeros(1), top, np.zeros(1, dtype=np.intp))
            self._stand(0)
            self.w = W[:, 0].copy()
            self.c = self._all(self.seen.C[:, 0])
        self.alpha = self.alpha_max = self.problem.strengths.alpha_max(self.c)

    def _alpha_max(self):
        return self.problem.strengths.alpha_max(self.problem.design.xty)

    def _all(self, c):
        """Correlations of all columns from those of the working set."""
        return c.copy()

    # --- One read.

    def _look(self, W, shift, alphas, live):
        """Read X: what it tells of W (size, lanes) with the intercepts `shift`."""
        problem, design = self.problem, self.problem.design
        X, columns = design.X, self.working.columns
        active = np.flatnonzero(W.any(axis=1))
        places = self._places_of_model(W, alphas)
        wanted = columns[places]

        placed = design.mean, design.scale, None, True, design.n_threads
        point = problem.eta_unit, columns[active], W[active], shift, live, wanted

        def arguments(k):
            return placed, self.rows(k), *point

        seen = X.reduce(visit_of, add_visits, arguments)
        if problem.loss.kernel:
            seen.sums[0] -= problem._least / problem.eta_unit**2
        self.work.passes += 1
        self.work.columns_touched += design.n_features
        self.work.hessians += 1
        self.seen, self.W_seen, self.shift = seen, W.copy(), shift.copy()
        gram, mean = seen.gram.copy(), np.zeros(len(places))
        if problem.fit_intercept:
            mean = seen.pulls / seen.weight
            gram -= np.outer(seen.pulls, mean)
        self.model = Model(
            places, np.asfortranarray(gram), mean, seen.weight, ActiveSet()
        )

    def _places_of_model(self, W, alphas):
        """Columns that move, and those that may by the end of the next batch."""
        working, l1 = self.working, self.working.l1
        wanted = W.any(axis=1) | (l1 == 0)
        last = float(alphas[-1])
        pull = np.abs(self.c[working.columns])
        if self.seen is not None:
            pull = np.abs(self.seen.C[working.columns]).max(axis=1)
        next_last = min(last * self.ratio_of_alphas, last)
        least = max(2 * next_last - last, 0.3 * last)  # the strong rule
        hopeful = np.flatnonzero(~wanted & (pull >= least * l1))
        most = 2 * np.count_nonzero(wanted) + 100
        if len(hopeful) > most:
            best = np.argsort(-pull[hopeful] / l1[hopeful], kind="stable")[:most]
            hopeful = hopeful[np.sort(best)]
        wanted[hopeful] = True
        return np.flatnonzero(wanted)

    # --- One batch.

    def _gather(self, lanes):
        """Let all lanes stand at the last solution; None where nothing was read yet."""
        self.shift = np.full(lanes, self.last_shift)
        if self.standing is not None:
            C, sums = self.standing
            self.seen = self.seen._replace(
                C=np.repeat(C[:, None], lanes, axis=1),
                sums=np.repeat(sums[:, None], lanes, axis=1),
            )

    @property
    def loss(self):
        return self.seen.sums[0]

    @property
    def excess(self):
        return self.seen.sums[1]

    def _descend(self, W, first, alphas, tol):
        lanes = len(alphas)
        fresh = W is None
        if fresh:
            self.engine = ["null"] * lanes
            W = np.repeat(self.w[:, None], lanes, axis=1)
            if lanes > 1:
                self.ratio_of_alphas = float(alphas[-1] / alphas[0])
            self._gather(lanes)
        else:
            W = W[:, :lanes].copy()
        if self.seen is None or self.seen.C.shape[1] != lanes or self.standing is None:
            if len(self.shift) != lanes:
                self.shift = np.zeros(lanes)
            self._look(W, self.shift, alphas, np.arange(lanes))
        if not len(self.working):
            return W, [CONVERGED] * lanes
        self.engine[first:] = ["newton"] * (lanes - first)
        return self._newton_by_reads(W, first, alphas, np.asarray(tol))

    def _newton_by_reads(self, W, first, alphas, tol):
        """Change W to the solutions; one read a step."""
        lanes, columns = len(alphas), self.working.columns
        statuses = [CONVERGED] * lanes
        live = np.arange(lanes) >= first
        for _ in range(MOST_STEPS):
            C, loss = np.ascontiguousarray(self.seen.C[columns]), 2.0 * self.loss
            gap, penalty = self._measure(W, C, loss, alphas)
            live &= ~(gap <= tol)
            if not live.any():
                break
            if monotonic() > self.settings.deadline:
                break
            with self.work.phase("solve"):
                self._compare()
                D = self._model_step(W, C, loss, gap, alphas, live, tol, None)
            shift = np.where(live, self._intercepts(None, D), 0.0)
            unit = self.problem.eta_unit
            begin = unit * np.einsum("ij,ij->j", C, D) + self.excess * shift
            slope = self._penalty(W + D, alphas) - penalty - begin / unit
            moved = self._step(W, D, shift, alphas, live, slope, penalty)
            for k in np.flatnonzero(live & ~moved):
                statuses[k] = STALLED
            live &= moved
        late = monotonic() > self.settings.deadline
        for k in np.flatnonzero(live):
            statuses[k] = OUT_OF_TIME if late else EPOCH_LIMIT
        return W, statuses

    def _step(self, W, D, shift, alphas, live, slope, penalty):
        """Go along D as far as the objective falls enough; changes W. Returns the lanes
        that moved."""
        before, at = self.seen, self.shift.copy()
        loss = before.sums[0].copy()
        noise = EPS * (100.0 + 10.0 * np.sqrt(self.problem.design.n_samples))
        noise = noise * (np.abs(loss) + penalty)
        length = live.astype(float)
        while True:
            goal = W + length * D
            with self.work.phase("verify"):
                self._look(goal, at + length * shift, alphas, np.flatnonzero(live))
            gain = self.loss - loss + self._penalty(goal, alphas) - penalty
            short = live & (length > 0) & ~(gain <= ARMIJO * length * slope + noise)
            if not short.any():
                break
            length[short] *= 0.5
            length[length < SHORTEST] = 0.0
        W[:] = goal
        return (length > 0) & (D.any(axis=0) | (shift != 0))

    def _compare(self):
        self._set_ratio(self.seen.sums[2], self.model.weight_sum)

    def _take_in(self, W, C, alphas, live):
        """The model is what the last read has brought."""

    def _view(self, at):
        working, model = self.working, self.model
        columns = working.columns[at]
        return View(
            Quadratic.from_gram(model.gram), columns, model.gram.diagonal().copy(),
            working.l1[at], working.l2[at], working.lower[at], working.upper[at],
        ), model.gram

    def _descend_model(self, view, gram, start, c, lanes, loss, alphas, tol):
        groups = [slice(k, k + LANES) for k in range(0, len(lanes), LANES)]
        return np.hstack([
            super(RowNewtonSolver, self)._descend_model(
                view, gram, start[:, part], c[:, part], lanes[part], loss[part],
                alphas[part], tol[part],
            ) for part in groups
        ])

    # --- What was read is what is verified.

    def _verify(self, W, alphas):
        lanes = len(alphas)
        W = np.ascontiguousarray(W[:, :lanes])
        same = self.seen is not None and self.seen.C.shape[1] == lanes and (
            np.array_equal(getattr(self, "W_seen", None), W)
        )
        if not same:
            shift = self.shift if len(self.shift) == lanes else np.zeros(lanes)
            self._look(W, shift, alphas, np.arange(lanes))
        columns = self.working.columns
        C, loss = np.ascontiguousarray(self.seen.C[columns]), 2.0 * self.loss
        self.constants[:lanes] = self.shift * self.problem.target_unit
        self.cols, self.C, self.R, self.solved = columns, C, None, W
        gap, kkt, penalty = self.problem.strengths.certify(
            C, columns, W, alphas, loss, False
        )
        return Verdict(gap + self._intercept_gap(), kkt, loss, penalty, loss)

    def _stand(self, lane):
        self.standing = self.seen.C[:, lane].copy(), self.seen.sums[:, lane].copy()
        self.last_shift = self.shift[lane]
