"""L2 alone and few columns: Newton's method on all of them, one alpha after the other.

Nothing holds a coefficient at zero, so that a step is the solution of one positive
definite system. Each alpha starts from where those before it point to: coefficients are
nearly straight in log(alpha), and the more so the better the classes can be told apart.
A Hessian is kept for as long as that is cheaper than a new one.
"""

import math
from time import monotonic

import numpy as np

from ._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED
from ._lane_model import Columns, LaneModel
from ._newton import ARMIJO, MAX_STEPS, MOST_BY_EVENTS, NOISE, SHORTEST
from ._newton_guided import GuidedSolver
from ._predictors import CURVATURE, EXCESS, LOSS, SLOPE
from ._solver import EPS

# Nanoseconds, for a choice that a clock would not make the same twice.
NS_STEP, NS_HESSIAN = 8e4, 3e4  # of any size
NS_SAMPLE, NS_PRODUCT = 10.0, 2.0  # a sample and an entry of X, of a step
NS_GRAM, NS_FACTOR = 0.15, 0.1  # a multiply-add of a Hessian, and of its factor
RENEWED = 2  # steps to be expected of a new Hessian
SAMPLING = 0.5  # by how much that of other samples errs, in roots of p / n


class SmoothSolver(GuidedSolver):
    """`NewtonSolver` where L2 alone holds all of a few coefficients.

    Parameters
    ----------
    problem : GeneralProblem
    settings : Settings
    start : (columns, w) or None
    guide : Guide, optional
        Written, or followed if it has been.
    """

    def __init__(self, problem, settings, start=None, guide=None):
        self.direct = True  # as long as that goes well
        self.own = Columns(problem)
        self.found = []  # the last two: log(alpha), point, that of the guide
        self.models = {}  # of a batch, by alpha, for the guide
        self.borrowed = False  # whether the model is the guide's
        design = problem.design
        self.step_cost = (
            NS_STEP + NS_SAMPLE * design.n_samples + NS_PRODUCT * design.nnz
        )
        size = np.count_nonzero(design.sqnorm > 0)
        self.hessian_cost = (
            NS_HESSIAN + NS_GRAM * self.own.cost(size) + NS_FACTOR * size**3
        )
        if self.hessian_cost < self.step_cost:
            guide = None  # which saves Hessians, and takes more steps
        super().__init__(problem, settings, start, guide)

    @staticmethod
    def suits(problem):
        """Whether a problem is one for this solver."""
        strengths, used = problem.strengths, problem.design.sqnorm > 0
        return (
            problem.loss.convex and strengths.lower is None and not strengths.l1.any()
            and np.count_nonzero(used) <= MOST_BY_EVENTS
            and bool((strengths.l2[used] > 0).all())
        )

    def _descend(self, W, first, alphas, tol):
        if not (self.direct and len(self.working) and alphas[-1] > 0):
            return super()._descend(W, first, alphas, tol)
        size, lanes = len(self.working), len(alphas)
        points = np.zeros((lanes, size + 1))  # coefficients and intercept
        if W is not None:
            points[:, :-1], points[:, -1] = W[:, :lanes].T, self.shift
        else:
            self.engine = ["newton"] * lanes
            self.models = {}
        self.own.extend(self.working.columns)
        statuses = [CONVERGED] * lanes
        with self.work.phase("solve"):
            for k in range(first, lanes):
                alpha, guide = float(alphas[k]), self._guided(alphas[k])
                starts = [points[k]]
                if W is None:
                    starts = self._starts(math.log(alpha), guide)
                points[k], statuses[k] = self._solve_one(starts, alpha, float(tol[k]))
                self.found = [*self.found[-1:], (math.log(alpha), points[k], guide)]
                self.models[alpha] = self.model
        self.at, self.shift = self._room(lanes), points[:, -1].copy()
        W = np.ascontiguousarray(points[:, :-1].T)
        if STALLED in statuses:  # too badly conditioned for it
            self.direct, self.model = False, None
            return super()._descend(W, first, alphas, tol)
        return W, statuses

    def _solve_one(self, starts, alpha, tol):
        """The solution at one alpha from the best of some points, by Newton steps that
        are halved until the objective falls enough (Armijo's rule); and a status."""
        values = [self._stand_at(start, alpha) for start in starts]
        best = values.index(min(values))
        if best < len(starts) - 1:
            self._stand_at(starts[best], alpha)
        point, before = starts[best].copy(), math.inf
        w, l2 = point[:-1], alpha * self.working.l2
        for _ in range(MAX_STEPS):
            rest = self.own.correlate(self.at.pull) - l2 * w
            gap = 0.5 * float(rest @ (rest / l2)) + self._gap_of_intercept()
            if gap <= tol:
                return point, CONVERGED
            if monotonic() > self.settings.deadline:
                return point, OUT_OF_TIME
            if self.model is None or self._renewal_pays(gap, before, tol):
                self._renew()
            before, step = gap, self._step(rest, alpha)
            if step is None or not self._go_along(point, step, rest, l2):
                return point, STALLED
        return point, EPOCH_LIMIT
    # --- Where to start.

    def _guided(self, alpha):
        """The point of the guide, whose model is taken up; zeros without one."""
        if not self.follows:
            return np.zeros(len(self.working) + 1)
        place = self.guide.nearest(alpha)
        self.model = self._taken_up(place) or self.model
        self.borrowed = True
        constant = place.constant / self.problem.target_unit
        return np.append(self._take_up([place])[:, 0], constant)

    def _starts(self, at, guide):
        """Points for log(alpha) = `at`: by how much the last has left the guide is added
        to it, then also by how much that has changed."""
        if not self.found:
            return [guide if self.follows else np.append(self.w, self.last_shift)]
        last, point, its_guide = self.found[-1]
        off = point - its_guide
        starts = [guide + off]
        if len(self.found) > 1 and self.found[0][0] > last > at:
            before, point, its_guide = self.found[0]
            change = off - (point - its_guide)
            starts.append(guide + off + (last - at) / (before - last) * change)
        return starts

    # --- Steps.

    def _stand_at(self, point, alpha):
        """Go to a point; returns its objective."""
        at, w = self._room(1), point[:-1]
        self.own.multiply(self.problem.eta_unit * w, at.eta)
        at.eta += self.problem.null_eta
        at.eta += point[-1]
        at.look(at.every)
        self.at, self.shift = at, np.zeros(1)
        value = float(at.sums[LOSS, 0] + 0.5 * alpha * (self.working.l2 @ (w * w)))
        return math.inf if math.isnan(value) else value

    def _gap_of_intercept(self):
        """What the intercept leaves to be gained, to second order."""
        if not self.problem.fit_intercept or self.model is None:
            return 0.0
        return 0.5 * float(self.at.sums[EXCESS, 0]) ** 2 / self.model.weight_sum

    def _renewal_pays(self, gap, before, tol):
        """Whether what is left to do with the old Hessian takes longer than a new one."""
        design, size, rate = self.problem.design, len(self.working), gap / before
        if before == math.inf:  # its change is all that is known
            drift = abs(self.at.sums[CURVATURE, 0] / self.model.weight_sum - 1.0)
            if self.borrowed:
                drift += SAMPLING * math.sqrt(size / design.n_samples)
            rate = drift * drift
        if rate >= 1.0:
            return True
        steps = math.ceil(math.log(gap / tol) / -math.log(max(rate, 1e-16)))
        return self.hessian_cost < (steps - RENEWED) * self.step_cost

    def _renew(self):
        places = np.arange(len(self.working))
        self.model = LaneModel(places, *self.own.hessian(places, self.at.curvature))
        self.borrowed = False
        self.work.hessians += 1
        self.work.gram += len(places)

    def _step(self, rest, alpha):
        """Step of the coefficients and the intercept; None if there is none."""
        model, l2 = self.model, self.working.l2
        step = np.zeros(len(rest) + 1)
        if not self.problem.fit_intercept:
            d = model.solve_smooth(rest, alpha, l2)
        else:
            excess = float(self.at.sums[EXCESS, 0])
            d = model.solve_smooth(rest - excess * model.shift, alpha, l2)
            if d is not None:
                step[-1] = excess / model.weight_sum - model.shift @ d
                step[-1] *= self.problem.eta_unit
        if d is None:
            return None
        step[:-1] = d
        return step

    def _go_along(self, point, step, rest, l2):
        """Move the point along a step, and `at` with it; whether it could."""
        at, unit = self.at, self.problem.eta_unit
        w, d, shift = point[:-1], step[:-1], step[-1:]
        self.own.multiply(unit * d, at.step)
        loss, penalty = at.sums[LOSS, 0], 0.5 * float(l2 @ (w * w))
        pull, bend = float((l2 * w) @ d), float(l2 @ (d * d))
        begin = unit * (float(rest @ d) + pull) + at.sums[EXCESS, 0] * step[-1]
        slope = pull - begin / unit
        noise = EPS * (100.0 + 10.0 * math.sqrt(len(at.eta))) * (loss + penalty)
        length = 1.0
        while length >= SHORTEST:
            at.try_out(at.step, shift, np.array([length]), at.every)
            gain = at.sums[LOSS, 0] - loss
            if abs(gain) <= NOISE * loss:  # the trapezoidal rule does not cancel
                gain = -0.5 * length * (begin + at.sums[SLOPE, 0]) / unit
            gain += length * (pull + 0.5 * length * bend)
            if gain <= ARMIJO * length * slope + noise:
                at.take()
                point += length * step
                return bool(step.any())
            length *= 0.5
        return False

    def _model_of(self, lane, alpha):
        return self.models.get(float(alpha))
