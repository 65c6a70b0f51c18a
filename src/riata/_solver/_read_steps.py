"""Losses other than the squared, on chunks with many more rows than columns: Newton's
method for all alphas together, one read of X a step.

One read gives everything that a step needs at the iterates of all alphas: losses,
gradients and, where the old ones no longer fit, Hessians, each at the mean curvature of
neighbouring alphas. The first iterates are the solutions on a sample of the rows. No array
with one entry for each row is stored between two reads.
"""

from time import monotonic

import numpy as np

from .. import _costs as costs
from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED
from .._design._products import BLOCK
from .._design._visit import Group, Visit
from ._hessians import SharedHessian, usable_ratio
from ._line_search import SHORTEST, falls_enough, rounding_of
from ._point import Point
from ._progress import Progress, sharper
from ._quadratic_model import DenseModel
from ._sample_path import SamplePath
from ._solutions import Verified
from ._steps import StepMethod

MOST_STEPS = 200  # reads for one batch
MOST_IDLE = 20  # reads in a row without progress
MOST_MODELS = 13  # formed in one read: one for each eight of 100 alphas
SLOW = 0.02  # a step that leaves a larger share of the gap calls for a new model
AHEAD = 0.3  # columns are in a model if their correlations exceed this multiple of alpha


def models_pay(design):
    """Whether there are many rows, and room for a quadratic model of all columns."""
    n, p = design.n_samples, design.n_features
    fits = p <= costs.ALL_PAIRS_COLUMNS and 8 * p * p <= bytes_of_models(design)
    return fits and n >= 5 * p


def bytes_of_models(design):
    """For all quadratic models that are formed in one read."""
    return max(costs.MODELS_SHARE * design.X.memory_limit, costs.MODELS_LEAST_BYTES)


class ReadSteps(StepMethod):
    """Newton steps on chunks of many rows, one read of X each.

    Intercepts take Newton steps too; the decrease of the objective that is still possible
    by moving them is added to the gap, to second order.

    Parameters
    ----------
    state : PathState
        The design of its problem has visits.
    """

    continuation_ratio = 0.0  # no intermediate alphas

    @staticmethod
    def suits(problem):
        """Whether one read of X is best spent on a step for all alphas."""
        design = problem.design
        return (
            design.visits and problem.loss.convex
            and (models_pay(design) or not design.X.local)
        )

    def __init__(self, state):
        super().__init__(state)
        problem = self.problem
        self.point = Point(state)  # their `at` is the `Visit` of the last read
        self.hessian = SharedHessian(self.point)  # solves its models
        self.hessian.by_gradients = False
        self.W_seen, self.models = None, []  # where that was, and with which models
        self.last, self.last_shift = None, 0.0  # that of the last solution
        self.sample = SamplePath.of(problem, state.settings)
        self.rows = problem.design.beside(
            lambda rows: (problem.datafit.rows(rows), problem.null_eta[rows])
        )
        self.tall = models_pay(problem.design)
        # all at once, where there is a point to begin with for each
        together = self.tall or self.sample is not None
        self.batch_width = costs.CERTIFIED_ALPHAS if together else costs.READ_ALPHAS
        state.add_all()  # in one order from the beginning

    def screening(self):
        return None

    def takes_all_columns(self, alphas):
        return True

    def null_coefficients(self):
        # at an alpha at which nothing but what is unpenalised moves
        W = np.zeros((len(self.working), 1))
        return self.solve(W, 0, self._top(), [1e-3 * self.state.target])[0]

    def _top(self):
        """An alpha at which no penalised coefficient can move."""
        top = self.problem.column_penalty.alpha_max(self.problem.design.xty)
        return np.full(1, 1e6 * max(top, 1e-300))

    # --- One read.

    def _read(self, W, shift, groups):
        """Read X: the `Visit` of W (size, n_alphas) with the intercepts `shift`."""
        problem, design = self.problem, self.problem.design
        active = np.flatnonzero(W.any(axis=1))
        visit = design.visit(
            self.rows, self.working.columns[active], W[active], shift, groups
        )
        if problem.loss.kernel:
            visit.sums[0] -= problem.datafit.least / problem.eta_unit**2
        self.work.passes += 1
        self.work.columns_touched += design.n_features
        self.work.hessians += sum(group.columns is not None for group in groups)
        return visit

    def _groups(self, W, C, alphas, renew):
        """Groups of alphas, of which those with one to renew get a model; C (n_features,
        n_alphas) are correlations near by."""
        n_alphas = W.shape[1]
        size = min(2 * np.count_nonzero(W.any(axis=1)) + 100, len(self.working))
        room = bytes_of_models(self.problem.design) / (8 * size**2)
        width = -(-n_alphas // min(max(int(room), 1), MOST_MODELS))
        if not self.tall:
            width = max(width, BLOCK)
        groups = []
        for first in range(0, n_alphas, width):
            part = slice(first, min(first + width, n_alphas))
            columns = None
            if renew[part].any():
                places = self._places_of_model(W[:, part], C[:, part], alphas[part])
                columns = self.working.columns[places]
            groups.append(Group(part, columns))
        return groups

    def _places_of_model(self, W, C, alphas):
        """Columns with coefficients, and those that may soon have one."""
        working, l1 = self.working, self.working.l1
        wanted = W.any(axis=1) | (l1 == 0)
        size = np.abs(C[working.columns]).max(axis=1)
        hopeful = np.flatnonzero(~wanted & (size >= AHEAD * float(alphas[-1]) * l1))
        most = (2 if self.tall else 1) * np.count_nonzero(wanted) + 100
        if len(hopeful) > most:
            best = np.argsort(-size[hopeful] / l1[hopeful], kind="stable")[:most]
            hopeful = hopeful[np.sort(best)]
        wanted[hopeful] = True
        return np.flatnonzero(wanted)

    def _models_of(self, visit, groups, which):
        """Give the alphas the models formed in a visit."""
        for group, sums in zip(groups, visit.models, strict=True):
            if sums is None:
                continue
            mean = np.zeros(len(sums.column_sums))
            if self.problem.fit_intercept:
                mean = sums.column_sums / sums.weight
            gram = sums.gram - np.outer(mean * sums.weight, mean)
            model = DenseModel(
                self.state.places(group.columns), np.asfortranarray(gram), mean, sums.weight
            )
            for k in which[group.which]:
                self.models[k] = model

    def _evaluate_at(self, W, shift, alphas):
        """Read X at W (size, n_alphas), with models for all alphas."""
        n_alphas = W.shape[1]
        c = self.state.c
        if alphas[0] == 0.0:  # no alpha of a path
            alphas = self._top()
        seen = self.point.at
        C = c[:, None] if seen is None or seen.C.shape[1] != n_alphas else seen.C
        C = np.broadcast_to(C, (len(c), n_alphas))
        groups = self._groups(W, C, alphas, np.ones(n_alphas, dtype=bool))
        self.point.at = self._read(W, shift, groups)
        self.W_seen, self.point.shift = W.copy(), shift.copy()
        self.models = [None] * n_alphas
        self._models_of(self.point.at, groups, np.arange(n_alphas))

    # --- One batch.

    def _measure(self, W, C, alphas):
        """Gap, KKT violation and penalty."""
        problem = self.problem
        gap, kkt, penalty = problem.column_penalty.certify(
            C, self.working.columns, W, alphas, 2.0 * self.point.loss, False
        )
        if self.settings.kkt_tol < np.inf and problem.fit_intercept:
            size = np.abs(self.point.intercept_gradient)
            kkt = np.fmax(kkt, size * (problem.unit / problem.design.n_samples))
        return gap + self._intercept_gap(), kkt, penalty

    def _intercept_gap(self):
        if not self.problem.fit_intercept:
            return 0.0
        _, residual, curvature = self.point.at.sums
        return 0.5 * np.divide(
            residual**2, curvature, out=np.zeros_like(residual), where=curvature > 0
        )

    def solve(self, W, first, alphas, tol):
        n_alphas = len(alphas)
        if W is None:
            self.state.engine = ["null"] * n_alphas
            W = self._begin_batch(alphas)
        else:
            W = W[:, :n_alphas].copy()
            if not np.array_equal(self.W_seen, W):
                self._evaluate_at(W, self._shift_of(n_alphas), alphas)
        if not len(self.working):
            return W, [CONVERGED] * n_alphas
        self.state.engine[first:] = ["newton"] * (n_alphas - first)
        return self._newton_by_reads(W, first, alphas, np.asarray(tol))

    def _begin_batch(self, alphas):
        """First iterates (size, n_alphas): for each alpha the best of the last solution and
        those on the sample."""
        n_alphas = len(alphas)
        if self.sample is None:
            W = np.repeat(self.state.W, n_alphas, axis=1)
            one = W[:, :1]
            self._evaluate_at(one, np.full(1, self.last_shift), alphas[-1:])
            self._select(np.zeros(n_alphas, dtype=np.intp))
            return W
        place = np.full(len(self.working.mask), -1, dtype=np.intp)
        place[self.working.columns] = np.arange(len(self.working))
        with self.work.phase("solve"):
            W, shift = self.sample.coefficients(alphas, place)
        W = np.clip(W, self.working.lower[:, None], self.working.upper[:, None])
        with self.work.phase("verify"):
            self._evaluate_at(W, shift, alphas)
        if self.last is not None:
            self._append(*self.last)
        unit = self.point.penalty(self.W_seen, np.ones(self.W_seen.shape[1]))
        value = self.point.loss[:, None] + unit[:, None] * alphas
        self._select(np.where(np.isfinite(value), value, np.inf).argmin(axis=0))
        return self.W_seen.copy()

    def _shift_of(self, count):
        """Intercepts to begin with at so many alphas."""
        shift = self.point.shift
        return shift if len(shift) == count else np.zeros(count)

    def _append(self, w, shift, C, sums):
        """Add an alpha at a point that has been evaluated."""
        at = self.point.at
        self.point.at = Visit(
            np.column_stack([at.C, C]), np.column_stack([at.sums, sums]), []
        )
        self.W_seen = np.column_stack([self.W_seen, w])
        self.point.shift = np.append(self.point.shift, shift)
        self.models = [*self.models, None]

    def _select(self, which):
        """Set the iterates of the alphas to those of others; one without a model takes that
        of its neighbour."""
        self.point.at = Visit(self.point.at.C[:, which], self.point.at.sums[:, which], [])
        self.W_seen, self.point.shift = self.W_seen[:, which], self.point.shift[which]
        own = self.models
        self.models = [
            own[k] or own[min(at, len(own) - 2)] for at, k in enumerate(which.tolist())
        ]

    def _newton_by_reads(self, W, first, alphas, tol):
        """Change W to the solutions, one read a step. The step of an alpha whose objective
        does not decrease enough is halved while the others go on."""
        n_alphas, unit = len(alphas), self.problem.eta_unit
        statuses = [CONVERGED] * n_alphas
        live, fresh = np.arange(n_alphas) >= first, np.ones(n_alphas, dtype=bool)
        D, length, before = np.zeros_like(W), np.ones(n_alphas), np.full(n_alphas, np.inf)
        shift, slope = np.zeros((2, n_alphas))
        n_samples = self.problem.design.n_samples
        progress = Progress(tol, self.state.kkt_tol, n_alphas)
        for _ in range(MOST_STEPS):
            C = np.ascontiguousarray(self.point.at.C[self.working.columns])
            gap, kkt, penalty = self._measure(W, C, alphas)
            live &= ~((gap <= tol) & (kkt <= self.state.kkt_tol))
            if not live.any() or monotonic() > self.settings.deadline:
                break
            new = live & fresh
            if new.any():
                slow = gap > SLOW * before
                progress.note(gap, kkt, self.point.loss + penalty, new)
                goals = sharper(tol, self.state.kkt_tol, gap, kkt)
                before = np.where(new, gap, before)
                with self.work.phase("solve"):
                    D[:, new], shift[new] = self._steps(W, C, gap, alphas, new, goals)
                begin = unit * np.einsum("ij,ij->j", C, D)
                begin = begin + self.point.intercept_gradient * shift
                change = self.point.penalty(W + D, alphas) - penalty - begin / unit
                slope, length = np.where(new, change, slope), np.where(new, 1.0, length)
            at = np.flatnonzero(live)
            goal = W[:, at] + length[at] * D[:, at]
            goal_shift = self.point.shift[at] + length[at] * shift[at]
            with self.work.phase("verify"):
                groups = self._groups(goal, self.point.at.C[:, at], alphas[at], slow[at])
                visit = self._read(goal, goal_shift, groups)
            gain = visit.sums[0] - self.point.loss[at]
            gain += self.point.penalty(goal, alphas[at]) - penalty[at]
            rounding = rounding_of(np.abs(self.point.loss[at]) + penalty[at], n_samples)
            good = falls_enough(gain, length[at], slope[at], rounding)
            moved = D[:, at].any(axis=0) | (shift[at] != 0)
            self._accept(W, at, good & moved, goal, goal_shift, visit)
            self._models_of(visit, groups, at)
            fresh[at] = good
            length[at[~good]] *= 0.5
            stuck = (good & ~moved) | (length[at] < SHORTEST)
            stuck |= progress.idle[at] >= MOST_IDLE
            for k in at[stuck]:  # by rounding
                statuses[k] = STALLED
                live[k] = False
        late = monotonic() > self.settings.deadline
        for k in np.flatnonzero(live):
            statuses[k] = OUT_OF_TIME if late else EPOCH_LIMIT
        self.W_seen = W.copy()
        return W, statuses

    def _accept(self, W, at, good, goal, goal_shift, visit):
        """Accept the steps of some of the alphas `at`."""
        to = at[good]
        W[:, to], self.point.shift[to] = goal[:, good], goal_shift[good]
        self.point.at.C[:, to] = visit.C[:, good]
        self.point.at.sums[:, to] = visit.sums[:, good]

    def _steps(self, W, C, gap, alphas, new, tol):
        """Steps (size, count) of some alphas, and of their intercepts, to the optima of
        their models."""
        D, shift = np.zeros_like(W), np.zeros(len(alphas))
        for model in dict.fromkeys(map(id, self.models)):
            mine = new & np.array([id(each) == model for each in self.models])
            if not mine.any():
                continue
            hessian = self.hessian
            hessian.model = self.models[int(np.argmax(mine))]
            hessian.ratio = usable_ratio(self.point.at.sums[2], hessian.model.weight_sum)
            D += hessian.step(W, C, 2.0 * self.point.loss, gap, alphas, mine, tol, None)
            shift[mine] = hessian.intercepts(None, D)[mine]
        return D[:, new], shift[new]

    def drop_rounding(self, W, alphas):
        super().drop_rounding(W, alphas)
        self.W_seen = W.copy()  # what was read is the same but for rounding

    # --- What was read is what is verified.

    def verify(self, W, alphas):
        n_alphas = len(alphas)
        W = np.ascontiguousarray(W[:, :n_alphas])
        if self.W_seen is None or not np.array_equal(self.W_seen, W):
            self._evaluate_at(W, self._shift_of(n_alphas), alphas)
        columns = self.working.columns
        C, loss = np.ascontiguousarray(self.point.at.C[columns]), 2.0 * self.point.loss
        gap, kkt, penalty = self.problem.column_penalty.certify(
            C, columns, W, alphas, loss, False
        )
        constants = self.point.shift[:, None] * self.problem.target_unit
        return Verified(
            gap + self._intercept_gap(), kkt, loss, penalty, loss, W, constants, columns,
            C, None,
        )

    def go_on_from(self, found, k, alphas=()):
        self.last = (
            self.W_seen[:, k].copy(), self.point.shift[k], self.point.at.C[:, k].copy(),
            self.point.at.sums[:, k].copy(),
        )
        self.last_shift = self.point.shift[k]
