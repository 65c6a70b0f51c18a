"""Newton's method with a penalty, for losses other than the squared.

Between two passes over X the batch is solved on the working set by steps to the optimum of
a quadratic model, which is penalised weighted least squares, so that the engines of the
squared loss solve it (prox-Newton: Lee, Sun & Saunders 2014, doi:10.1137/130921428;
newGLMNET: Yuan, Ho & Lin 2012). The gradient is exact, for all alphas at once; the
curvature may be old. Which Hessian serves which alpha is decided by a *Hessian policy*.
"""

import math
from time import monotonic

import numpy as np

from .. import _costs as costs
from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED
from .._design._products import gradient
from .._problem._predictors import ABS_RESIDUAL, CURVATURE, RESIDUAL, SLOPE, STEP_CURVATURE
from ._dual_point import NEGLIGIBLE, columns_not_held, gap_of_dual_point
from ._hessians import SharedHessian
from ._line_search import SHORTEST, change_of_loss, falls_enough, rounding_of
from ._point import Point
from ._progress import Progress, sharper
from ._separation import is_separated
from ._solutions import Verified
from ._steps import StepMethod, ahead
from ._warm_start import WarmStarts

MAX_STEPS = 1000  # Newton steps of one batch on one working set
SEPARATION_STEPS = {20, 40, 80, 160, 320, 640}  # after which data may be separated
MOST_IDLE = 25  # steps in a row without progress
FEW_IDLE = 6  # the same where changes of the objective may be rounding
FARTHEST = 1e100  # step of a coefficient
IDLE = 1e-13  # share of the coefficients: a step that may be rounding
SHORTEST_NOT_CONVEX = 0.1  # step length, with a penalty that is not convex
BALANCED = 1e-8  # sum of residuals, relative to their sizes, of an optimal intercept


class NewtonSteps(StepMethod):
    """Solves penalised problems with any loss by Newton steps on the working set.

    Parameters
    ----------
    state : PathState
    policy : callable, optional
        Makes the Hessian policy of these steps.
    saved_path : SavedPath, optional
        Solutions for paths on similar samples: written, or followed if it has been.

    Attributes
    ----------
    point : Point
    proved : ndarray of bool (n_alphas,)
        Whether the gaps that were verified last rest on no assumption.
    """

    continuation_ratio, continuation_gap = 0.4, 0.1  # a Newton step goes far

    def __init__(self, state, policy=SharedHessian, saved_path=None):
        super().__init__(state)
        problem, column_penalty = self.problem, self.problem.column_penalty
        self.point = Point(state)
        used = problem.design.sqnorm > 0
        self.proved = np.zeros(1, dtype=bool)
        largest = np.maximum(column_penalty.l1, column_penalty.l2)
        self.weakest = largest[used].min(initial=math.inf)
        self.warm = WarmStarts(state, saved_path)
        self.hessian = policy(self.point)
        # with a penalty on groups: the last solutions, each with its alpha
        self.earlier = self.last = None

    def null_correlations(self):
        problem = self.problem
        if problem.n_outputs == 1:
            return super().null_correlations()
        columns = np.arange(problem.design.n_features)
        R = problem.weigh(problem.datafit.residuals(problem.null_eta))
        C = gradient(problem.design, R, columns)[:, :problem.n_outputs]
        return problem.penalty.strongest(C, columns)[:, 0].copy()

    def begin_path(self, alphas):
        self.warm.begin_path(alphas)
        if self.warm.follows:
            self.continuation_ratio = 0.0

    def end_path(self):
        self.warm.end_path()

    def note(self, alphas, which, found):
        self.warm.note(alphas, which, found, self.hessian.model_of)

    def reported(self, found, alphas):
        return self.problem.datafit.representative(found.W, self.working, alphas)

    def takes_all_columns(self, alphas):
        design = self.problem.design
        most = costs.NEWTON_FLOPS if len(alphas) > 2 else costs.ALL_PAIRS_FLOPS
        return self.point.smooth or design.n_samples * design.n_features**2 <= most

    # --- One batch on the working set.

    def solve(self, W, first, alphas, tol):
        count, outputs = len(alphas), self.problem.n_outputs
        if W is None:
            self.state.engine = ["null"] * count
            W, alpha = self._begin(alphas)
        else:
            W, alpha = W[:, :count * outputs].copy(), None
        if not len(self.working):
            return W, [CONVERGED] * count
        self.state.engine[first:] = ["newton"] * (count - first)
        each = [np.repeat(part, outputs) for part in (alphas, tol, self.state.kkt_tol)]
        with self.work.phase("solve"):
            statuses = self._newton(W, first * outputs, *each, alpha)
            if self.hessian.falls_back(statuses):
                statuses = self._newton(W, first * outputs, *each, None)
        if outputs > 1:
            statuses = [max(statuses[k:k + outputs]) for k in range(0, len(W.T), outputs)]
        return W, statuses

    def _begin(self, alphas):
        """Coefficients (working, n_vectors) to begin a batch with, and the alpha for
        which all of them are optimal, or None."""
        models = None
        if self.warm.follows:
            models = self.warm.models
        self.hessian.begin_batch(alphas, models)
        if self.warm.follows:
            W = self.warm.coefficients(alphas)
            self.point.evaluate(W)
            return W, None
        if self.earlier is not None:
            W = ahead(self.last, self.earlier, alphas[0], len(self.working))[:, None]
            if (W != self.state.W).any():
                self.point.evaluate(W)
                return W, None
        self.point.broadcast(len(alphas))
        return np.tile(self.state.W, len(alphas)), self.state.alpha

    def _newton(self, W, first, alphas, tol, kkt_tol, alpha):
        """Change W (working, n_vectors) and the predictors to the solutions on the working
        set; returns a status for each vector.

        `alpha` is the one for which all vectors are optimal now, or None.
        """
        count, hessian = len(alphas), self.hessian
        statuses = np.full(count, CONVERGED)
        live = np.arange(count) >= first
        hessian.begin(W, alphas)
        before = np.full(count, np.inf)
        progress, now, best = None, live, W  # as long as each step halves the gap
        for taken in range(MAX_STEPS):
            C, loss = self._correlate(), 2.0 * self.point.loss
            gap, kkt, penalty = self._measure(W, C, loss, alphas)
            live &= (gap > tol) | (kkt > kkt_tol)
            if not live.any():
                break
            if progress is None and (live & (gap > 0.5 * before)).any():
                progress = Progress(tol, kkt_tol, count, self.problem.noise)
                best = W.copy()
            if progress is not None:
                objective = self.point.together(self.point.loss + penalty)
                better = progress.note(gap, kkt, objective, now)
                best[:, better] = W[:, better]
                idle = progress.idle >= (FEW_IDLE if progress.noisy else MOST_IDLE)
                statuses[live & idle] = STALLED
                statuses[live & ~idle & progress.slow] = EPOCH_LIMIT
                live &= ~(idle | progress.slow)
            if not live.any() or monotonic() > self.settings.deadline:
                break
            if taken in SEPARATION_STEPS and self._is_separated(W, alphas):
                statuses[live] = STALLED
                return statuses.tolist()
            now = hessian.prepare(W, C, gap, before, alphas, live, taken)
            goal = sharper(tol, kkt_tol, gap, kkt)
            D = bounded(hessian.step(W, C, loss, gap, alphas, now, goal, alpha))
            alpha = None
            sizes = np.abs(D).sum(axis=0), np.abs(W).sum(axis=0)
            step, whole = map(self.point.together, sizes)
            idle = (step <= IDLE * whole) & (gap > 0.5 * before)
            before = gap
            moved = self._search(W, C, D, alphas, now, penalty)
            stuck = now & (idle | ~hessian.moved(moved, now))
            statuses[stuck] = STALLED
            live &= ~stuck
        late = monotonic() > self.settings.deadline
        statuses[live] = OUT_OF_TIME if late else EPOCH_LIMIT
        if progress is not None:
            worse = progress.behind & (statuses != CONVERGED)
            W[:, worse] = best[:, worse]
        return statuses.tolist()

    def _is_separated(self, W, alphas):
        """Whether the coefficients of some alpha diverge."""
        V = np.zeros((self.problem.design.n_features, W.shape[1]))
        V[self.working.columns] = W
        shift, outputs = self.point.shift * self.problem.target_unit, self.problem.n_outputs
        parts = (slice(k, k + outputs) for k in range(0, W.shape[1], outputs))
        return any(
            is_separated(self.problem, alphas[part.start], V[:, part], shift[part])
            for part in parts
        )

    def _correlate(self):
        """Correlations of the working set with all residuals."""
        problem, columns = self.problem, self.working.columns
        problem.design.keep(columns)
        self.state.count_pass(len(columns))
        return gradient(problem.design, self.point.at.residual, columns)

    def _measure(self, W, C, loss, alphas):
        """Gap and KKT violation on the working set, and penalty, of each vector; of several
        outputs, those of the alpha and an equal part of the penalty."""
        gap, kkt, penalty = self.certify(C, self.working.columns, W, alphas, loss)
        if self.settings.kkt_tol < math.inf:
            kkt = np.fmax(kkt, self._intercept_kkt())
        return gap + self.hessian.intercept_gap(), kkt, penalty

    def certify(self, C, columns, W, alphas, loss):
        """Gap, KKT violation and penalty of coefficients W (working, n_vectors), as of
        `ColumnPenalty.certify`; of several outputs, gap and violation of the alpha and an
        equal part of the penalty for each vector."""
        return self.problem.penalty.certify(
            C, columns, W, alphas, self.point.together(loss)
        )

    def _intercept_kkt(self):
        """Derivative of the mean loss by the intercepts, in the user's units."""
        if not self.problem.fit_intercept:
            return 0.0
        problem, outputs = self.problem, self.problem.n_outputs
        unit = problem.unit / problem.design.n_samples
        size = np.abs(self.point.intercept_gradient) * unit
        if outputs > 1:
            size = np.repeat(size.reshape(-1, outputs).max(axis=1), outputs)
        return size

    def _search(self, W, C, D, alphas, live, penalty):
        """Line search along D and the intercept's step (Armijo's rule); changes W and the
        predictors. Returns the vectors that moved."""
        point, unit, count = self.point, self.problem.eta_unit, len(alphas)
        at = point.at
        moving = D.any(axis=1).nonzero()[0]
        at.step[:] = 0.0
        self.point.add_product(self.working.columns[moving], D[moving], at.step)
        shift = self.hessian.intercepts(at.step[:, :count], D)
        loss = self.point.loss.copy()
        # of the loss, per length, in the predictors' units
        begin = unit * np.einsum("ij,ij->j", C[:, :count], D)
        begin = begin + self.point.intercept_gradient * shift
        slope = point.together(point.penalty(W + D, alphas) - penalty - begin / unit)
        slope = np.minimum(slope, 0.0)  # (of a step that is all rounding, it may rise)
        rounding = rounding_of(self.point.together(loss + penalty), len(at.eta))
        length, again = live.astype(float), live
        # (for other penalties the policy raises the curvature, which shortens steps too)
        shortest = SHORTEST if self.problem.column_penalty.convex else SHORTEST_NOT_CONVEX
        while True:
            at.trial_step(at.step, shift, length, at.every[:count][again],
                       self.hessian.weights())
            end = at.sums[SLOPE, :count].copy()
            change = change_of_loss(loss, point.loss, length, -begin / unit, -end / unit)
            change += point.penalty(W + length * D, alphas) - penalty
            change = point.together(change)
            short = live & ~falls_enough(change, length, slope, rounding)
            again = short & (length >= shortest)
            if not again.any():
                break
            length[again] *= 0.5
        curvature = at.sums[STEP_CURVATURE, :count].copy()
        self.hessian.last_step = self.hessian.model, length, shift, curvature, begin - end
        if short.any():  # no step
            length[short] = 0.0
            at.trial_step(at.step, shift, length, at.every[:count][short])
        at.accept()
        W += length * D
        self.point.shift = self.point.shift + length * shift
        if self.hessian.by_gradients and self.problem.fit_intercept:
            self.point.shift = self.point.shift + at.profile_intercept(count, 0.0)
        moved = self.point.together((D.any(axis=0) | (shift != 0)).astype(float)) > 0
        return (length > 0) & moved

    # --- Verification by a pass over X.

    def verify(self, W, alphas):
        found = self._verify(W, alphas)
        gap = self._assume_nothing(found, alphas)
        return found._replace(gap=np.minimum(gap, 0.5 * found.loss + found.penalty))

    def evaluate(self, W):
        return self._verify(W, np.zeros(1))

    def _verify(self, W, alphas):
        """`Verified` coefficients, with gaps that may rest on assumptions."""
        problem, state, outputs = self.problem, self.state, self.problem.n_outputs
        count = len(alphas) * outputs
        B = np.ascontiguousarray(W[:, :count])
        self.point.evaluate(B)
        at = self.point.at
        loss, Q = 2.0 * self.point.loss, at.residual
        R, square = None, loss
        if state.screening is not None:
            R = at.residual
            if problem.weights is not None:
                R = problem.datafit.residuals(at.eta)
            square = np.einsum("ij,ij->j", R[:, :count], Q[:, :count])
        cols = state.uncertain_columns(Q[:, :count], square, alphas)
        C = gradient(problem.design, Q, cols)
        state.count_pass(len(cols), count if outputs > 1 else 1)
        each = np.repeat(alphas, outputs)
        gap, kkt, penalty = self.certify(C, cols, B, each, loss)
        if outputs > 1:
            gap, kkt = gap[::outputs], kkt[::outputs]
            loss, penalty = (
                part.reshape(-1, outputs).sum(axis=1) for part in (loss, penalty)
            )
            C, square = problem.penalty.strongest(C[:, :count], cols), loss
        gap = gap + self._intercept_gap(loss)
        constants = self.point.shift.reshape(-1, outputs) * problem.target_unit
        return Verified(gap, kkt, loss, penalty, square, B, constants, cols, C, R)

    def go_on_from(self, found, k, alphas=()):
        self.point.go_on_from(k)
        if self.problem.column_penalty.by_blocks:
            self.earlier, self.last = self.last, (found.W[:, k].copy(), self.state.alpha)

    def _intercept_gap(self, loss):
        """Decrease of the objective by optimal intercepts, to second order."""
        if not self.problem.fit_intercept or self.problem.n_outputs > 1:
            return 0.0
        sums = self.point.at.sums[:, :len(loss)]
        total, sizes = sums[RESIDUAL], sums[ABS_RESIDUAL]
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 0.5 * total * total / sums[CURVATURE]
        return np.where(np.abs(total) > BALANCED * sizes, left, 0.0)

    def rests_on_assumptions(self, alphas):
        """Whether there is a dual point whose gap assumes less than that of `certify`."""
        problem = self.problem
        return (
            problem.n_outputs == 1 and problem.column_penalty.piecewise_linear
            and (len(problem.free) > 0 or alphas[-1] * self.weakest < NEGLIGIBLE)
        )

    def _assume_nothing(self, found, alphas):
        """Gaps: at alphas where some columns are neither penalised nor bounded, those of a
        dual point that is orthogonal to them, where there is one."""
        problem, self.proved = self.problem, np.zeros(len(alphas), dtype=bool)
        if not self.rests_on_assumptions(alphas):
            return found.gap
        gap, cols, B, loss = found.gap.copy(), found.columns, found.W, found.loss

        def correlate(theta):
            R = problem.weigh(theta) / problem.eta_unit
            return gradient(problem.design, R, cols)

        for k in range(len(alphas)):
            free = columns_not_held(problem, alphas[k])
            if not len(free):
                continue
            one = slice(k, k + 1)
            dual = gap_of_dual_point(
                problem, alphas[k], self.point.at.eta[:, one], free, cols, B[:, one],
                correlate,
                lambda C, one=one: problem.column_penalty.certify(
                    C, cols, B[:, one].copy(), alphas[one], loss[one], False
                )[0][0],
            )
            self.proved[k] = dual < math.inf
            gap[k] = dual if self.proved[k] else gap[k]
        return gap


def bounded(D):
    """Steps (working, n_vectors) without what is not finite, or as good as infinite."""
    if np.abs(D).max(initial=0.0) <= FARTHEST:
        return D
    return np.clip(np.where(np.isfinite(D), D, 0.0), -FARTHEST, FARTHEST)
