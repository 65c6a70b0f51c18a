"""L2 only and few columns: quasi-Newton steps on all of them, one alpha after the other.

No coefficient is zero at the optimum, so that a step is the solution of one positive
definite system. Each alpha starts from a linear extrapolation in log(alpha). A Hessian is
kept for as long as that is cheaper than a new one, and corrected by what the steps have
changed (Broyden, Fletcher, Goldfarb and Shanno; in two loops: Nocedal 1980,
doi:10.1090/S0025-5718-1980-0572855-7).
"""

import math
from time import monotonic

import numpy as np

from .. import _costs as costs
from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED
from .._problem._predictors import CURVATURE, LOSS, RESIDUAL, SLOPE
from ._hessian_columns import HessianColumns
from ._line_search import SHORTEST, change_of_loss, falls_enough, rounding_of
from ._newton import IDLE, MAX_STEPS, NewtonSteps
from ._progress import Progress
from ._quadratic_model import DenseModel
from ._steps import StepMethod
from ._warm_start import WarmStarts

# Estimated costs in nanoseconds: a choice by the clock would not be reproducible.
NS_STEP, NS_HESSIAN = 8e4, 3e4  # of any size
NS_SAMPLE, NS_PRODUCT = 5.0, 1.0  # a sample and an entry of X, of a step
NS_GRAM, NS_FACTOR = 0.06, 0.1  # a multiply-add of a Hessian, and of its factor
RENEWED = 2  # steps to be expected of a new Hessian
MOST_CHANGES = 8  # that correct a Hessian
FAILED = -1  # a status: the model has no optimum, or no step leads down
MOST_IDLE = 10  # steps in a row without progress
WEAKEST = 1e-30  # the smallest L2 penalty, in the units of the design, that is used
SAMPLING = 0.5  # error of a Hessian from other samples, in multiples of sqrt(p / n)


class QuasiNewtonSteps(StepMethod):
    """Quasi-Newton steps for a few coefficients with an L2 penalty only.

    Parameters
    ----------
    state : PathState
    saved_path : SavedPath, optional
        Solutions for paths on similar samples: written, or followed if it has been.
    """

    continuation_ratio, continuation_gap = 0.4, 0.1

    def __init__(self, state, saved_path=None):
        super().__init__(state)
        self.direct = True  # as long as that goes well
        self.own = HessianColumns(self.problem)
        self.found = []  # the last two: log(alpha), point, that of the saved_path
        self.model, self.models = None, {}  # of a batch, by alpha, for the saved_path
        self.borrowed = False  # whether the model is the saved_path's
        self.changes = []  # since the model was made: steps, changes, their products
        design = self.problem.design
        self.step_cost = (
            NS_STEP + NS_SAMPLE * design.n_samples + NS_PRODUCT * design.nnz
        )
        size = np.count_nonzero(design.sqnorm > 0)
        self.hessian_cost = (
            NS_HESSIAN + NS_GRAM * self.own.cost(size) + NS_FACTOR * size**3
        )
        if self.hessian_cost < self.step_cost:
            saved_path = None  # which saves Hessians, and takes more steps
        self.warm = WarmStarts(state, saved_path)
        # verifies, and takes over where the model cannot be factored
        self.newton = NewtonSteps(state)

    @staticmethod
    def suits(problem):
        """Whether a problem is one for this solver."""
        column_penalty, used = problem.column_penalty, problem.design.sqnorm > 0
        return (
            problem.loss.convex
            and column_penalty.lower is None and not column_penalty.l1.any()
            and problem.yy > 0  # else the null model is the solution
            and np.count_nonzero(used) <= costs.ACTIVE_SET_COLUMNS
            and bool((column_penalty.l2[used] > 0).all())
        )

    def screening(self):
        return None  # no column is ever inactive

    @property
    def proved(self):
        return self.newton.proved

    def begin_path(self, alphas):
        self.warm.begin_path(alphas)

    def end_path(self):
        self.warm.end_path()

    def note(self, alphas, which, found):
        self.warm.note(alphas, which, found, lambda k, alpha: self.models.get(float(alpha)))

    def takes_all_columns(self, alphas):
        return True

    def verify(self, W, alphas):
        return self.newton.verify(W, alphas)

    def evaluate(self, W):
        return self.newton.evaluate(W)

    def go_on_from(self, found, k, alphas=()):
        self.newton.go_on_from(found, k, alphas)

    def solve(self, W, first, alphas, tol):
        held = alphas[-1] * self.working.l2.min(initial=math.inf) > WEAKEST
        if not (self.direct and len(self.working) and held):
            return self.newton.solve(W, first, alphas, tol)
        size, n_alphas = len(self.working), len(alphas)
        points = np.zeros((n_alphas, size + 1))  # coefficients, and intercept
        if W is not None:
            points[:, :-1] = W[:, :n_alphas].T
            points[:, -1] = self.newton.point.shift / self.problem.eta_unit
        else:
            self.state.engine = ["newton"] * n_alphas
            self.models = {}
        self.own.extend(self.working.columns)
        statuses = [CONVERGED] * n_alphas
        with self.work.phase("solve"):
            for k in range(first, n_alphas):
                alpha, saved = float(alphas[k]), self._saved_point(alphas[k])
                starts = [points[k]]
                if W is None:
                    starts = self._starts(math.log(alpha), saved)
                goals = float(tol[k]), float(self.state.kkt_tol[k])
                points[k], statuses[k] = self._solve_one(starts, alpha, *goals)
                self.found = [*self.found[-1:], (math.log(alpha), points[k], saved)]
                if self.warm.saved_path is not None:
                    self.models[alpha] = self.model
        point, unit = self.newton.point, self.problem.eta_unit
        point.at, point.shift = point.room(n_alphas), unit * points[:, -1]
        W = np.ascontiguousarray(points[:, :-1].T)
        if FAILED in statuses:  # too badly conditioned for it
            self.direct, self.model = False, None
            self.newton.point.evaluate(W)
            return self.newton.solve(W, first, alphas, tol)
        return W, statuses

    def _solve_one(self, starts, alpha, tol, kkt_tol):
        """The solution at one alpha from the best of some points, by Newton steps that
        are halved until the objective falls enough (Armijo's rule); and a status."""
        values = [self._evaluate_at(start, alpha) for start in starts]
        best = values.index(min(values))
        if best < len(starts) - 1:
            self._evaluate_at(starts[best], alpha)
        point, before, fall, step = starts[best].copy(), math.inf, None, None
        self.changes, l2, stuck = [], alpha * self.working.l2, False
        progress = kept = None  # as long as each step halves the gap
        for _ in range(MAX_STEPS):
            last, fall = fall, self._fall(point, l2)
            gap, goal = self._gap(fall, l2), tol
            if gap <= tol:
                kkt = self._violation(fall) if kkt_tol < math.inf else 0.0
                if kkt <= kkt_tol:
                    if self.warm.writes:
                        self._renew()  # others have the use of it
                    return point, CONVERGED
                goal = gap * (kkt_tol / kkt) ** 2  # which falls like its square
            if stuck or gap > 0.5 * before:
                progress = progress or Progress(tol, kkt_tol, 1)
                figures = np.array([gap]), np.array([self._violation(fall)])
                if progress.note(*figures, self._objective(point, l2)):
                    kept = point.copy()
                if stuck or progress.idle >= MOST_IDLE:  # by rounding
                    return kept, STALLED
            if monotonic() > self.settings.deadline:
                return point, OUT_OF_TIME
            if step is not None:
                self._learn(step, last - fall)
            if self.model is None or self._renewal_pays(gap, before, goal):
                self._renew()
            before, step = gap, self._step(fall, alpha)
            if step is None:
                return point, FAILED
            length = self._go_along(point, step, fall, l2)
            if not length:
                return point, FAILED
            stuck = np.abs(step).sum() <= IDLE * np.abs(point).sum()
            step *= length
            point += step
        return point, EPOCH_LIMIT

    # --- Where to start.

    def _saved_point(self, alpha):
        """The iterate of the saved path, whose model is taken over; zeros without one."""
        if not self.warm.follows:
            return np.zeros(len(self.working) + 1)
        self.model, self.borrowed = self.warm.models([alpha])[0] or self.model, True
        constant = self.warm.saved_path.nearest(alpha).constant
        constant = constant / self.problem.target_unit / self.problem.eta_unit
        return np.append(self.warm.coefficients([alpha])[:, 0], constant)

    def _starts(self, at, saved):
        """Points for log(alpha) = `at`: the saved iterate there plus the difference from
        it at the last alpha, then also with the change of that difference."""
        if not self.found:
            if self.warm.follows:
                return [saved]
            constant = self.newton.point.last_shift / self.problem.eta_unit
            return [np.append(self.state.W[:, 0], constant)]
        last, point, its_saved = self.found[-1]
        off = point - its_saved
        starts = [saved + off]
        if len(self.found) > 1 and self.found[0][0] > last > at:
            before, point, its_saved = self.found[0]
            change = off - (point - its_saved)
            starts.append(saved + off + (last - at) / (before - last) * change)
        return starts

    # --- Steps.

    def _evaluate_at(self, point, alpha):
        """Go to a point; returns its objective."""
        at, w, unit = self.newton.point.room(1), point[:-1], self.problem.eta_unit
        self.own.multiply(unit * w, at.eta)
        at.eta += self.problem.null_eta
        at.eta += unit * point[-1]
        at.evaluate(at.every)
        self.at = at
        value = float(at.sums[LOSS, 0] + 0.5 * alpha * (self.working.l2 @ (w * w)))
        return math.inf if math.isnan(value) else value

    def _fall(self, point, l2):
        """Minus the gradient of the objective."""
        fall = np.empty(len(point))
        fall[:-1] = self.own.correlate(self.at.residual)
        fall[:-1] -= l2 * point[:-1]
        fall[-1] = self.at.sums[RESIDUAL, 0] if self.problem.fit_intercept else 0.0
        return fall

    def _gap(self, fall, l2):
        """A bound on the gap; of the intercept to second order."""
        gap = float(fall[:-1] @ (fall[:-1] / l2))
        if self.model is not None:
            gap += float(fall[-1] * fall[-1]) / self.model.weight_sum
        return 0.5 * gap

    def _violation(self, fall):
        """Largest entry of the gradient, in the user's units."""
        problem, columns = self.problem, self.working.columns
        constant = abs(fall[-1]) * problem.unit / problem.design.n_samples
        entries = np.abs(fall[:-1]) * problem.column_penalty.unit[columns]
        return max(float(entries.max()), constant)

    def _objective(self, point, l2):
        w = point[:-1]
        return self.at.sums[LOSS, 0] + 0.5 * float(l2 @ (w * w))

    def _renewal_pays(self, gap, before, tol):
        """Whether what is left to do with the old Hessian takes longer than a new one."""
        design, size = self.problem.design, len(self.working)
        if not 0.0 < gap < math.inf:
            return True
        rate = gap / before if before > 0.0 else math.inf
        if before == math.inf:  # its change is all that is known
            drift = abs(self.at.sums[CURVATURE, 0] / self.model.weight_sum - 1.0)
            if self.borrowed:
                drift += SAMPLING * math.sqrt(size / design.n_samples)
            rate = drift * drift
        if rate >= 1.0:
            return True
        left = min(math.log(gap) - math.log(tol), 80.0) if tol > 0.0 else 80.0
        steps = math.ceil(left / -math.log(max(rate, 1e-16)))
        return self.hessian_cost < (steps - RENEWED) * self.step_cost

    def _renew(self):
        places = np.arange(len(self.working))
        self.model = DenseModel(places, *self.own.hessian(places, self.at.curvature))
        self.borrowed = False
        self.work.hessians += 1
        self.work.gram += len(places)

        self.changes = []

    def _learn(self, step, change):
        """Note by how much the last step has changed the gradient."""
        curvature = float(step @ change)
        if curvature > 0.0:
            self.changes = [*self.changes[1 - MOST_CHANGES:], (step, change, curvature)]

    def _step(self, fall, alpha):
        """Step to the optimum of the model, as corrected; None if that has none."""
        shares = []
        for step, change, curvature in reversed(self.changes):
            shares.append(step @ fall / curvature)
            fall = fall - shares[-1] * change
        found = self._solve_model(fall, alpha)
        if found is not None:
            for step, change, curvature in self.changes:
                found += (shares.pop() - change @ found / curvature) * step
            found = found if np.isfinite(found).all() else None
        return found

    def _solve_model(self, fall, alpha):
        """Step at whose end the gradient of the model has changed by `fall`, or None."""
        model, step = self.model, np.zeros(len(fall))
        d = model.solve_smooth(
            fall[:-1] - fall[-1] * model.shift, alpha, self.working.l2
        )
        if d is None:
            return None
        step[:-1] = d
        if self.problem.fit_intercept:
            step[-1] = fall[-1] / model.weight_sum - model.shift @ d
        return step

    def _go_along(self, point, step, fall, l2):
        """Move `at` along a step as far as the objective falls enough; how far, 0 if it
        does nowhere."""
        at, unit = self.at, self.problem.eta_unit
        w, d = point[:-1], step[:-1]
        self.own.multiply(unit * d, at.step)
        loss, penalty = at.sums[LOSS, 0], 0.5 * float(l2 @ (w * w))
        rise, curvature = float((l2 * w) @ d), float(l2 @ (d * d))
        slope = -float(fall @ step)
        rounding = rounding_of(loss + penalty, len(at.eta))
        length = 1.0
        while length >= SHORTEST and slope < 0.0:
            at.trial_step(at.step, unit * step[-1:], np.array([length]), at.every)
            end = -at.sums[SLOPE, 0] / unit
            change = change_of_loss(loss, at.sums[LOSS, 0], length, slope - rise, end)
            change = change + length * (rise + 0.5 * length * curvature)
            if falls_enough(change, length, slope, rounding):
                at.accept()
                return length
            length *= 0.5
        return 0.0
