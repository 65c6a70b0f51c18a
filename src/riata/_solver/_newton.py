"""Losses other than the squared: Newton's method with a penalty, in lanes.

The driver is that of the squared loss (`PathSolver`): working sets,
batches of alphas, one pass over X to verify them. Between two passes the batch is solved
on the working set by steps to the optimum of a quadratic model, which is penalised
weighted least squares again, so that the same engines solve it (prox-Newton: Lee, Sun &
Saunders 2014, doi:10.1137/130921428; newGLMNET: Yuan, Ho & Lin 2012).

The gradient is exact, in all lanes at once; the curvature may be old. One Hessian serves
all alphas of a batch, and the next batch too, as long as the gaps fall fast.
"""

import math
from functools import cache
from time import monotonic

import numpy as np

from .._core.active_set import ActiveSet
from .._core.descent import (
    CONVERGED,
    EPOCH_LIMIT,
    OUT_OF_TIME,
    STALLED,
    Quadratic,
    descend,
)
from .._design._products import LANES, add_product, gradient, product
from .._problem._predictors import BEND, CURVATURE, EXCESS, LOSS, SIZES, SLOPE, Predictors
from ._batched_descent import View, descend_lanes
from ._dual_point import NEGLIGIBLE, columns_not_held, gap_of_dual_point
from ._exact_steps import MAX_EPOCHS
from ._progress import Progress, sharper
from ._separation import is_separated
from ._solutions import Verified
from ._state import EPS
from ._steps import SMALL_GRAM, StepMethod
from ._working_set import GRAM_BYTES, SPARSE_GRAM, Gram

CONTRACTION = 0.3  # a step that leaves more of the gap asks for a new Hessian
MAX_STEPS = 1000  # Newton steps of one batch on one working set
HOPELESS = {20, 40, 80, 160, 320, 640}  # of them after which separation is looked for
MOST_IDLE = 25  # of them in a row that improve on nothing
FEW_IDLE = 6  # the same where changes of the objective may be rounding
TOGETHER = 25  # of them in which all alphas move
MOST_BY_EVENTS = 500  # columns of a model up to which its solutions are followed exactly
FORCING = 0.1  # share of the gap to which larger models are solved
MOST_GRADIENTS = 100  # steps of conjugate gradients for one model
MAX_ROUNDS = 1000  # of descent for one model
ARMIJO = 1e-4
FARTHEST = 1e100  # step of a coefficient
SHORTEST = 1e-10  # step length
IDLE = 1e-13  # share of the coefficients: a step that may be rounding
SETTLED = 1e-8  # share of the residuals' sizes that their sum may be
NOISE = 1e-8  # share of a loss, of which a change may be rounding
CURVATURE_FLOOR = 1e-12  # of a sample, against the largest: losses with tails like exp
FLAT = 1e-6  # the same where the curvature is none: it may begin a step away


@cache
def positive_definite():
    """LAPACK's Cholesky factors, and solutions with them."""
    from scipy.linalg import lapack

    return lapack.dpotrf, lapack.dpotrs


def solve_definite(matrix, rest):
    """Solution of a system whose matrix is positive definite but for rounding: what makes
    it indefinite is made up for on its diagonal."""
    factored, solve_factored = positive_definite()
    factor, failed = factored(matrix, lower=1, clean=0)
    root, ridge = 1.0, EPS * len(rest)
    if failed:
        root = np.sqrt(np.maximum(matrix.diagonal(), 0.0))
        root = np.where(np.isfinite(root) & (root > 0.0), root, 1.0)
        matrix = matrix / root / root[:, None]
    while failed and ridge < 1.0:
        shifted = np.array(matrix, order="F")
        shifted.flat[:: len(rest) + 1] += ridge
        factor, failed = factored(shifted, lower=1, clean=0)
        ridge *= 100.0
    found = solve_factored(factor, rest / root, lower=1)[0] / root
    return found if not failed and np.isfinite(found).all() else np.zeros(len(rest))


def bounded(D):
    """Steps (working, lanes) without what is not finite, or as good as infinite."""
    if np.abs(D).max(initial=0.0) <= FARTHEST:
        return D
    return np.clip(np.where(np.isfinite(D), D, 0.0), -FARTHEST, FARTHEST)


def floored(curvature, weights):
    """Curvatures as the weights of a model (less those of the samples): not zero but for
    samples that do not count."""
    if weights is not None:  # samples of weight 0 do not count
        curvature = np.where(weights > 0, curvature, 0.0)
    largest = float(curvature.max(initial=0.0)) or 1.0
    floor = np.maximum(curvature, CURVATURE_FLOOR * largest)
    floor[curvature == 0.0] = FLAT * largest
    return floor


class Model:
    """The quadratic model of the loss: least squares on the same columns, with the
    curvatures at some predictor as weights.

    Parameters
    ----------
    problem : GeneralProblem
    curvature : ndarray (n_samples,)
    rough : bool
        Whether single precision will do for its Gram matrix.
    """

    def __init__(self, problem, curvature, rough):
        weights = floored(curvature, problem.weights)
        if problem.weights is not None:
            weights = weights * problem.weights
        self.weights, self.weight_sum = weights, float(weights.sum())
        self.design = problem.design.reweighted(weights)
        self.problem = problem
        self.places = np.empty(0, dtype=np.intp)  # in the working set
        self.shift = np.empty(0)  # of the means, against those of the design
        self.columns = np.empty(0, dtype=np.intp)
        self._gram, self._rough = Gram(self.design), rough
        self.active_set = ActiveSet()

    def add(self, places, columns):
        """Take in more columns of the working set."""
        if len(places):
            self.design.measure(columns)
            self.places = np.concatenate([self.places, places])
            self.columns = np.concatenate([self.columns, columns])
            mean, scale = self.problem.design.mean, self.design.scale
            shift = scale[columns] * (self.design.mean[columns] - mean[columns])
            self.shift = np.concatenate([self.shift, shift])

    def by_gram(self):
        """Whether the Gram matrix is the cheaper way to see the columns."""
        design, size = self.design, len(self.columns)
        if 8 * size * size > GRAM_BYTES:
            return False
        most = min(max(15 * design.column_nnz(self.columns), 500), SPARSE_GRAM)
        return not design.sparse or size <= most

    def gram(self):
        """Gram matrix of its columns, and how many of them are new in it."""
        added = self._gram.extend(self.columns, self._rough)
        return self._gram.matrix, added

    def packed(self):
        """Its columns, copied, times the roots of the weights."""
        packed = np.empty((len(self.weights), len(self.columns)), order="F")
        self.design.pack(self.columns, 0, len(packed), packed)
        return packed

    def center(self, V):
        """Take off each column of V (n, lanes) its mean in the weights of the model."""
        V -= self.weights @ V / self.weight_sum


class NewtonSteps(StepMethod):
    """Solves penalised problems with any loss by Newton steps on the working set.

    Parameters
    ----------
    state : PathState
    """

    continuation_ratio, continuation_gap = 0.4, 0.1  # a Newton step goes far
    patience = TOGETHER  # steps after which alphas move one by one

    def __init__(self, state):
        super().__init__(state)
        problem, strengths = self.problem, self.problem.strengths
        # no coefficient is pulled to zero or held by a bound: all are active
        self.smooth = strengths.lower is None and not strengths.l1.any()
        used = problem.design.sqnorm > 0
        self.proved = np.zeros(1, dtype=bool)  # whether gaps rest on no assumption
        self.weakest = np.maximum(strengths.l1, strengths.l2)[used].min(initial=math.inf)
        self.by_gradients = self.smooth and problem.design.n_features > MOST_BY_EVENTS
        self.eta = problem.null_eta  # at the last solution
        self.model = None
        self._rooms = {}  # by lanes
        self.at = None  # the predictors that belong to W
        self.shift = np.zeros(1)  # intercepts of its lanes, against the null model's
        self.last_shift = 0.0  # of the last solution

    def takes_all_columns(self, alphas):
        design = self.problem.design
        return self.smooth or design.n_samples * design.n_features**2 <= SMALL_GRAM

    # --- One batch on the working set.

    def solve(self, W, first, alphas, tol):
        working, lanes = self.working, len(alphas)
        if W is None:
            self.state.engine = ["null"] * lanes
            W, alpha = self._begin(alphas)
        else:
            W, alpha = W[:, :lanes].copy(), None
        if not len(working):
            return W, [CONVERGED] * lanes
        self.state.engine[first:] = ["newton"] * (lanes - first)
        with self.work.phase("solve"):
            statuses = self._newton(W, first, alphas, np.asarray(tol), alpha)
        return W, statuses

    def _begin(self, alphas):
        """Coefficients (working, lanes) to begin a batch with, where `at` is then, and
        the strength for which all of them are optimal, or None."""
        self._gather(len(alphas))
        return np.repeat(self.state.W, len(alphas), axis=1), self.state.alpha

    def _room(self, lanes):
        """Predictors for so many lanes, wherever they stand."""
        width = 1 if lanes == 1 else -(-lanes // LANES) * LANES
        if width not in self._rooms:
            self._rooms[width] = Predictors(self.problem, width)
        return self._rooms[width]

    def _gather(self, lanes):
        """Let all lanes stand at the last solution."""
        self.at = at = self._room(lanes)
        at.eta[:] = self.eta
        at.look(at.every[:1])
        at.sums[:] = at.sums[:, :1]
        if lanes > 1:
            at.pull[:] = at.pull[:, :1]
        self.shift = np.full(lanes, self.last_shift)

    @property
    def loss(self):
        """Losses of the lanes, in the units of the design."""
        return self.at.sums[LOSS, :len(self.shift)]

    @property
    def excess(self):
        """Sums of the weighted residuals."""
        return self.at.sums[EXCESS, :len(self.shift)]

    def _newton(self, W, first, alphas, tol, alpha):
        """Change W (working, lanes) and `at` to the solutions on the working set.

        `alpha` is the strength for which all lanes are optimal now, or None.
        """
        lanes = len(alphas)
        statuses = [CONVERGED] * lanes
        live = np.arange(lanes) >= first
        before, self.last_step = np.full(lanes, np.inf), None
        progress, now, best = None, live, W  # as long as each step halves the gap
        for taken in range(MAX_STEPS):
            C, loss = self._correlate(), 2.0 * self.loss
            gap, kkt, penalty = self._measure(W, C, loss, alphas)
            live &= (gap > tol) | (kkt > self.state.kkt_tol)
            if not live.any():
                break
            if progress is None and (live & (gap > 0.5 * before)).any():
                progress = Progress(tol, self.state.kkt_tol, lanes, self.problem.noise)
                best = W.copy()
            if progress is not None:
                objective = self._together(self.loss + penalty)
                better = progress.note(gap, kkt, objective, now)
                best[:, better] = W[:, better]
                most_idle = FEW_IDLE if progress.noisy else MOST_IDLE
                idle = live & (progress.idle >= most_idle)
                for k in np.flatnonzero(idle):
                    statuses[k] = STALLED
                slow = live & ~idle & progress.slow
                for k in np.flatnonzero(slow):
                    statuses[k] = EPOCH_LIMIT
                live &= ~(idle | slow)
            if not live.any() or monotonic() > self.settings.deadline:
                break
            if taken in HOPELESS and self._is_separated(W, alphas):
                for k in np.flatnonzero(live):
                    statuses[k] = STALLED
                return statuses
            now = self._prepare(W, C, gap, before, alphas, live, taken)
            goal = sharper(tol, self.state.kkt_tol, gap, kkt)
            D = bounded(self._model_step(W, C, loss, gap, alphas, now, goal, alpha))
            alpha = None
            sizes = np.abs(D).sum(axis=0), np.abs(W).sum(axis=0)
            step, whole = map(self._together, sizes)
            idle = (step <= IDLE * whole) & (gap > 0.5 * before)
            before = gap
            stuck = now & (idle | ~self._search(W, C, D, alphas, now, penalty))
            for k in np.flatnonzero(stuck):
                statuses[k] = STALLED
            live &= ~stuck
        late = monotonic() > self.settings.deadline
        for k in np.flatnonzero(live):
            statuses[k] = OUT_OF_TIME if late else EPOCH_LIMIT
        if progress is not None:
            worse = progress.behind & (np.array(statuses) != CONVERGED)
            W[:, worse] = best[:, worse]
        return statuses

    def _is_separated(self, W, alphas):
        """Whether the coefficients of some lane are on their way to infinity."""
        V, shift = self._of_all_columns(W), self.shift * self.problem.target_unit
        return any(
            is_separated(self.problem, alpha, V[:, [k]], shift[k])
            for k, alpha in enumerate(alphas)
        )

    def _of_all_columns(self, W):
        V = np.zeros((self.problem.design.n_features, W.shape[1]))
        V[self.working.columns] = W
        return V

    def _prepare(self, W, C, gap, before, alphas, live, taken):
        """See to it that the model fits; returns the lanes that are to move."""
        now = live
        if taken >= self.patience:  # one Hessian does not fit all
            now = np.arange(len(live)) == np.argmax(live)
        slow = now & (gap > CONTRACTION * before)
        renew = self.model is None or slow.any() or self.by_gradients
        if renew:
            self._remodel(now)
        # (curvatures of a loss that is not convex are not its second derivatives)
        if self.last_step is None or (renew and self.problem.loss.convex):
            self._compare()
        else:
            self._compare_along()
        return now

    def _correlate(self):
        """Correlations of the working set, in all lanes."""
        problem, columns = self.problem, self.working.columns
        if problem.chunked:
            problem.design.keep(columns)
        self.state.count_pass(len(columns))
        return gradient(problem.design, self.at.pull, columns)

    def _measure(self, W, C, loss, alphas):
        """Gap and KKT violation on the working set, and penalty, in all lanes."""
        gap, kkt, penalty = self.problem.strengths.certify(
            C, self.working.columns, W, alphas, loss, False
        )
        if self.settings.kkt_tol < math.inf:
            kkt = np.fmax(kkt, self._intercept_kkt())
        return gap + self._intercept_gap(), kkt, penalty

    def _intercept_kkt(self):
        """Derivative of the mean loss by the intercepts, in the user's units."""
        if not self.problem.fit_intercept:
            return 0.0
        return np.abs(self.excess) * (self.problem.unit / self.problem.design.n_samples)

    def _intercept_gap(self):
        """What the intercepts leave to be gained, to second order."""
        if not self.problem.fit_intercept or self.model is None:
            return 0.0
        return 0.5 * self.excess**2 / self.model.weight_sum

    def _remodel(self, live):
        """A new model, with the mean curvature of the lanes that are not yet solved."""
        if np.count_nonzero(live) == 1 and len(live) > 1:  # ... for which that was taken
            self.at.look(self.at.every[:len(live)][live])
        if self.problem.loss.convex:  # the old one is of no use: free its memory
            self.model = self.last_step = None
        self.model = Model(self.problem, self.at.curvature, rough=True)
        self.work.hessians += 1

    def _compare(self):
        """Set the ratio of each lane's curvature to the model's, in the whole."""
        self._set_ratio(
            self.at.sums[CURVATURE, :len(self.shift)], self.model.weight_sum
        )

    def _compare_along(self):
        """The same along the last step, by what it has changed."""
        model, length, shift, bend, change = self.last_step
        if model is not self.model:
            bend = self.model.weights @ (self.at.step[:, :len(shift)] + shift) ** 2
        self._set_ratio(change * self.problem.eta_unit, length * bend)

    def _set_ratio(self, curvature, model):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = curvature / model
        usable = (ratio > 0.02) & (ratio < 50.0)
        self.ratio = np.where(usable, ratio, 1.0)

    def _model_step(self, W, C, loss, gap, alphas, live, tol, alpha):
        """Step (working, lanes) to the optimum of the model in each live lane, from the
        point W with correlations C: exact, or as good as is of use where that costs much.

        The curvature of a lane is that of the model times a number of its own; instead,
        everything else is divided by it.
        """
        lanes = np.flatnonzero(live)
        if self.by_gradients:
            D = np.zeros_like(W)
            D[:, lanes] = self._solve_smooth(
                W[:, lanes], C[:, lanes], alphas[lanes], lanes
            )
            return D
        self._take_in(W, C, alphas, live)
        model, at = self.model, self.model.places
        view, gram = self._view(at)
        scale = self.ratio[lanes]
        start, c = W[at][:, lanes], C[at][:, lanes]
        if self.problem.fit_intercept:
            # with columns centred as the model's are
            c -= np.multiply.outer(model.shift, self.excess[lanes])
        c /= scale
        part, tol = alphas[lanes] / scale, tol[lanes] / scale
        if gram is not None and (len(at) <= MOST_BY_EVENTS or self.smooth):
            if alpha is not None:
                alpha = alpha / scale[0]
            solved = self._follow(view, gram, start, c, part, 0.1 * tol, alpha)
        else:
            target = np.maximum(FORCING * gap[lanes] / scale, 0.1 * tol)
            solved = self._descend_model(
                view, gram, start, c, (lanes, scale), loss[lanes] / scale, part, target
            )
        D = np.zeros_like(W)
        D[np.ix_(at, lanes)] = solved - start
        return D

    def _view(self, at):
        """The model's columns as the engines see them, and their Gram matrix, or None
        where the columns themselves are cheaper."""
        model, working = self.model, self.working
        gram = None
        if model.by_gram():
            with self.work.phase("gram"):
                gram, added = model.gram()
                self.work.gram += added
            quadratic = Quadratic.from_gram(gram)
        elif model.design.sparse:
            quadratic = Quadratic.from_sparse(model.design, model.columns)
        else:
            quadratic = None  # copied when they are used
        return View(
            quadratic, model.columns, model.design.sqnorm[model.columns],
            working.l1[at], working.l2[at], working.lower[at], working.upper[at],
        ), gram

    def _solve_smooth(self, W, C, alphas, lanes):
        """Step to the optimum of the model where nothing holds a coefficient: conjugate
        gradients on all of them, side by side."""
        working, l2 = self.working, np.multiply.outer(self.working.l2, alphas)
        D, solved = self._conjugate_gradients(
            working.columns, C - l2 * W, lambda P: l2 * P, l2, working.sqnorm, lanes
        )
        if not solved:
            # badly conditioned: see the columns by their Gram matrix from now on
            self.by_gradients = 8 * len(working) ** 2 > GRAM_BYTES
        return D

    def _conjugate_gradients(
        self, columns, rest, hold, diagonal, sqnorm, lanes, free=1.0
    ):
        """Solve ``H D + hold(D) = rest`` for some lanes, H being the Hessian of the model,
        to a share FORCING; coefficients with ``free = 0`` stay. Also whether it did."""
        design = self.problem.design
        inverse = np.multiply.outer(sqnorm, self._stiffness()[lanes]) + diagonal
        # (without any curvature there is no way to tell how far to go)
        inverse = np.divide(free, inverse, out=np.zeros_like(rest), where=inverse > 0)
        D = np.zeros_like(rest)
        Z = inverse * rest
        P, square = Z, self._together(np.einsum("ij,ij->j", rest, Z))
        enough = FORCING**2 * square
        for _ in range(MOST_GRADIENTS):
            V = self._product(columns, P) / self.problem.eta_unit
            H = gradient(design, self._bend(V, lanes), columns)[:, :P.shape[1]] + hold(P)
            self.work.newton += 1
            bend = self._together(np.einsum("ij,ij->j", P, H))
            step = np.divide(square, bend, out=np.zeros_like(bend), where=bend > 0)
            D += step * P
            rest = rest - step * H
            Z = inverse * rest
            last, square = square, self._together(np.einsum("ij,ij->j", rest, Z))
            if (square <= enough).all():
                return D, True
            P = Z + np.divide(square, last, out=np.zeros_like(last), where=last > 0) * P
        return D, False

    def _follow(self, view, gram, start, c, alphas, tol, alpha):
        """Solutions of the model by the active-set engine, from event to event."""
        if self.smooth and view.l2.min() > 0 and alphas.min() > 0:
            return self._solve_directly(view, gram, start, c, alphas)
        xty = np.ascontiguousarray((c + gram @ start).T)
        w, c = np.array(start.T, order="C"), np.array(c.T, order="C")  # copies
        engine, strengths = self.model.active_set, view[3:]
        events, first = engine.n_events, 0
        if alpha is not None:  # all lanes stand at one point: one leads to the next
            W = np.empty(start.shape)
            first = engine.solve_path(
                gram, xty[0], w[0].copy(), c[0].copy(), alpha, alphas, 0, *strengths, W
            )
            w[:first] = W.T[:first]
            c[:first] = xty[:first] - w[:first] @ gram
        self.work.events += engine.n_events - events
        above = alphas if alpha is None else np.full_like(alphas, alpha)
        self._by_events(engine, view, gram, xty, w, c, above, alphas, tol, first)
        return w.T

    def _by_events(self, engine, view, gram, xty, w, c, above, alphas, tol, first=0,
                   max_epochs=MAX_EPOCHS):
        """Change w (lanes, size) to the solutions of the model in the lanes from `first`
        on, from points that are (nearly) optimal for the strengths `above`."""
        events = engine.n_events
        engine.solve_lanes(
            gram, xty[first:], w[first:], c[first:], above[first:], alphas[first:],
            *view[3:],
        )
        found = (
            np.ascontiguousarray(c.T), view.columns, np.ascontiguousarray(w.T), alphas,
            np.ones(len(alphas)),
        )
        gap, _, _ = self.problem.strengths.certify(*found, False)
        for k in np.flatnonzero(gap > tol):  # too degenerate for the engine
            # the gap of least squares falls like the square of this one, which is linear
            # in what violates KKT
            square, _, _ = self.problem.strengths.certify(*found)
            enough = square[k] * (tol[k] / gap[k]) ** 2
            enough = enough if enough > EPS else EPS  # also for NaN: both are infinite
            l1, l2 = alphas[k] * view.l1, alphas[k] * view.l2
            yy = 1.0 + max(float(w[k] @ (xty[k] + c[k])), 0.0)
            _, epochs, _, _ = descend(
                view.quadratic, w[k], c[k], float(c[k].sum()), xty[k], view.sqnorm, l1,
                l2, view.lower, view.upper, yy, enough, max_epochs,
                self.settings.deadline, True,
            )
            self.work.epochs += epochs
        self.work.events += engine.n_events - events

    def _solve_directly(self, view, gram, start, c, alphas):
        """Solutions of the model where an L2 penalty alone holds all coefficients."""
        solved = start.copy()
        for k, alpha in enumerate(alphas.tolist()):
            l2 = alpha * view.l2
            matrix = gram.copy()
            matrix.flat[:: len(l2) + 1] += l2
            rest = c[:, k] - l2 * start[:, k]
            solved[:, k] += solve_definite(matrix, rest)
        return solved

    def _pull(self, lanes, scale):
        """Weighted residuals in the units of the model."""
        return self.at.pull[:, lanes] / scale

    def _state_without(self, columns, start, scaled):
        """Weighted residuals of the model at w = 0, given those at `start`."""
        state = self._product(columns, start) / self.problem.eta_unit
        if self.problem.fit_intercept:
            self.model.center(state)
        return state * self.model.weights[:, None] + self._pull(*scaled)

    def _descend_model(self, view, gram, start, c, scaled, loss, alphas, tol):
        """Solutions of the model by descent and conjugate gradients, side by side;
        `scaled` are the lanes and by what their curvatures exceed the model's."""
        if gram is None and not self.model.design.sparse:
            return self._descend_dense(view, start, c, scaled, loss, alphas, tol)
        if gram is None:
            state = self._state_without(view.columns, start, scaled)
            xty = gradient(self.model.design, state, view.columns)[:, :start.shape[1]]
        else:
            state = xty = c + gram @ start
        yy = loss + np.einsum("ij,ij->j", start, xty + c)
        solved = np.empty_like(start)
        for first in range(0, len(alphas), LANES):
            part = slice(first, first + LANES)
            solved[:, part], _, effort = descend_lanes(
                self.problem, view, state[:, part], xty[:, part], yy[part],
                start[:, part], 0, alphas[part], tol[part], MAX_ROUNDS,
                self.settings.deadline, squared=False,
            )
            self.work.epochs += effort.rounds
            self.work.newton += effort.newton
        return solved

    def _descend_dense(self, view, start, c, scaled, loss, alphas, tol):
        """Solutions of the model by descent along copied columns, one by one."""
        packed, pull = self.model.packed(), self._pull(*scaled)
        quadratic = Quadratic.from_packed(packed)
        solved, root = np.array(start.T, order="C"), np.sqrt(self.model.weights)
        for k, w in enumerate(solved):
            xty = c[:, k] + packed.T @ (packed @ w)
            state = np.divide(pull[:, k], root, out=np.zeros_like(root), where=root > 0)
            _, epochs, _, _ = descend(
                quadratic, w, state, 0.0, xty, view.sqnorm, alphas[k] * view.l1,
                alphas[k] * view.l2, view.lower, view.upper,
                float(loss[k] + w @ (xty + c[:, k])), tol[k], MAX_EPOCHS,
                self.settings.deadline, True,
            )
            self.work.epochs += epochs
        return solved.T

    def _take_in(self, W, C, alphas, live):
        """Add to the model what is active or violates KKT in a lane."""
        working, lanes = self.working, W.shape[1]
        wanted = W[:, live].any(axis=1) | (working.l1 == 0)
        limit = np.multiply.outer(working.l1, alphas[live])
        wanted |= (np.abs(C[:, :lanes][:, live]) >= limit).any(axis=1)
        wanted[self.model.places] = False
        new = np.flatnonzero(wanted)
        self.model.add(new, working.columns[new])

    def _search(self, W, C, D, alphas, live, penalty):
        """Go along D, and to the intercept that belongs to it, as far as the objective
        falls enough (Armijo's rule); changes W, and `at` with what belongs to it. Returns
        the lanes that moved."""
        at, unit, lanes = self.at, self.problem.eta_unit, len(alphas)
        moving = D.any(axis=1).nonzero()[0]
        at.step[:] = 0.0
        self._add_product(self.working.columns[moving], D[moving], at.step)
        shift = self._intercepts(at.step[:, :lanes], D)
        loss = self.loss.copy()
        # of the loss, per length, in the predictors' units
        begin = unit * np.einsum("ij,ij->j", C[:, :lanes], D) + self.excess * shift
        slope = self._together(self._penalty(W + D, alphas) - penalty - begin / unit)
        slope = np.minimum(slope, 0.0)  # (of a step that is all rounding, it may rise)
        noise = EPS * (100.0 + 10.0 * math.sqrt(len(at.eta)))
        noise = noise * self._together(loss + penalty)
        length, again = live.astype(float), live
        while True:
            at.try_out(at.step, shift, length, at.every[:lanes][again], self._weights())
            end = at.sums[SLOPE, :lanes].copy()
            with np.errstate(invalid="ignore"):  # (both may be infinite)
                gain = self.loss - loss
            # the trapezoidal rule does not cancel
            rule = -0.5 * length * (begin + end) / unit
            gain = np.where(np.abs(gain) <= NOISE * loss, rule, gain)
            gain += self._penalty(W + length * D, alphas) - penalty
            gain = self._together(gain)
            short = live & ~(gain <= ARMIJO * length * slope + noise)
            again = short & (length >= SHORTEST)
            if not again.any():
                break
            length[again] *= 0.5
        bend = at.sums[BEND, :lanes].copy()
        self.last_step = self.model, length, shift, bend, begin - end
        if short.any():  # stay where they were
            length[short] = 0.0
            at.try_out(at.step, shift, length, at.every[:lanes][short])
        at.take()
        W += length * D
        self.shift += length * shift
        if self.by_gradients and self.problem.fit_intercept:
            self._settle()
        return (length > 0) & (D.any(axis=0) | (shift != 0))

    def _weights(self):
        """Of the samples, in the model."""
        return self.model.weights

    def _settle(self):
        """Go to the best intercepts."""
        self.shift = self.shift + self.at.settle(len(self.shift), 0.0)

    def _intercepts(self, step, D):
        """Steps of the intercepts that go with steps of the coefficients, and with those
        of the predictors (n_samples, lanes)."""
        if not self.problem.fit_intercept:
            return np.zeros(D.shape[1])
        model, unit = self.model, self.problem.eta_unit
        if self.by_gradients:
            mean = model.weights @ step / model.weight_sum
        else:
            mean = unit * (model.shift @ D[model.places])
        return self.excess * unit / model.weight_sum / self.ratio - mean

    def _bend(self, V, lanes):
        """Change of the weighted residuals, in the model, by steps V (n_samples, lanes)
        of the predictors with the intercepts that belong to them."""
        if self.problem.fit_intercept:
            self.model.center(V)
        return self.ratio[lanes] * self.model.weights[:, None] * V

    def _stiffness(self):
        """Mean curvature of a sample, in each lane."""
        return self.ratio * self.model.weights.mean()

    def _together(self, values):
        """Values of the lanes as far as they are judged together: each by itself."""
        return values

    def _penalty(self, W, alphas):
        working = self.working
        return alphas * (working.l1 @ np.abs(W) + 0.5 * (working.l2 @ W**2))

    def _product(self, columns, B):
        """unit X~[:, columns] @ B, without copies of the columns."""
        out = product(self.problem.design, columns, self.problem.eta_unit * B)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0  # where the loss might overflow
        return out

    def _add_product(self, columns, B, out):
        """Add that to `out` (n_samples, width)."""
        add_product(self.problem.design, columns, self.problem.eta_unit * B, out)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0

    # --- Verification by a pass over X.

    def verify(self, W, alphas):
        problem, lanes, state = self.problem, len(alphas), self.state
        B = np.ascontiguousarray(W[:, :lanes])
        self._stand_on(B)
        at = self.at
        loss, Q = 2.0 * self.loss, at.pull
        R, square = None, loss
        if state.screening is not None:
            R = at.pull if problem.weights is None else problem.residuals(at.eta)
            square = np.einsum("ij,ij->j", R[:, :lanes], Q[:, :lanes])
        cols = state.uncertain_columns(Q[:, :lanes], square, alphas)
        C = gradient(problem.design, Q, cols)
        state.count_pass(len(cols))
        gap, kkt, penalty = problem.strengths.certify(C, cols, B, alphas, loss, False)
        gap = gap + self._unsettled(loss)
        self._assume_nothing(gap, cols, B, alphas, loss)
        gap = np.minimum(gap, 0.5 * loss + penalty)
        constants = self.shift[:, None] * problem.target_unit
        return Verified(gap, kkt, loss, penalty, square, B, constants, cols, C, R)

    def _unsettled(self, loss):
        """What intercepts that are not optimal leave to be gained, to second order."""
        if not self.problem.fit_intercept:
            return 0.0
        lanes = slice(len(loss))
        pull, sizes = self.at.sums[EXCESS, lanes], self.at.sums[SIZES, lanes]
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 0.5 * pull * pull / self.at.sums[CURVATURE, lanes]
        return np.where(np.abs(pull) > SETTLED * sizes, left, 0.0)

    def _assume_nothing(self, gap, cols, B, alphas, loss):
        """Set the gaps of lanes in which nothing holds some columns to those by a dual
        point that is orthogonal to them, where there is one."""
        problem, self.proved = self.problem, np.zeros(len(alphas), dtype=bool)
        if not (len(problem.free) or alphas[-1] * self.weakest < NEGLIGIBLE):
            return

        def correlate(theta):
            pull = problem.weigh(theta) / problem.eta_unit
            return gradient(problem.design, pull, cols)

        for k in range(len(alphas)):
            free = columns_not_held(problem, alphas[k])
            if not len(free):
                continue
            one = slice(k, k + 1)
            dual = gap_of_dual_point(
                problem, alphas[k], self.at.eta[:, one], free, cols, B[:, one],
                correlate,
                lambda C, one=one: problem.strengths.certify(
                    C, cols, B[:, one].copy(), alphas[one], loss[one], False
                )[0][0],
            )
            self.proved[k] = dual < math.inf
            gap[k] = dual if self.proved[k] else gap[k]

    def _stand_on(self, W):
        """Let the lanes stand at coefficients W (working, lanes), with the best
        intercepts."""
        lanes = W.shape[1]
        if self.at is None or len(self.shift) != lanes:
            self.at, self.shift = self._room(lanes), np.zeros(lanes)
        at, active = self.at, W.any(axis=1).nonzero()[0]
        at.eta[:] = 0.0
        self._add_product(self.working.columns[active], W[active], at.eta)
        at.eta += self.problem.null_eta
        if self.problem.fit_intercept:
            # from the intercepts that were found on the way
            self.shift = at.settle(lanes, self.shift)
        else:
            at.look(at.every[:lanes])

    def go_on_from(self, found, k, alphas=()):
        self.eta = self.at.eta[:, k:k + 1].copy()
        self.last_shift = self.shift[k]
