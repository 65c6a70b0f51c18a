"""Few samples: Newton steps at one alpha after the other, compiled, for all columns if they
are few, and for a working set as long as it is small.
"""

import numpy as np

from .. import _costs as costs
from .._core.descent import CONVERGED, OUT_OF_TIME
from .._core.joint_newton_loop import JointNewtonLoop
from .._core.newton_loop import NewtonLoop
from .._problem._datafit import CURVATURE_FLOOR, FLAT
from ._coupled_hessian import CoupledHessian
from ._hessian_per_alpha import HessianPerAlpha
from ._newton import NewtonSteps
from ._solutions import Verified
from ._steps import StepMethod


class SequentialNewtonSteps(StepMethod):
    """Newton steps by `NewtonLoop`, and by `NewtonSteps` where a working set is too large
    for it or it ends early.

    Parameters
    ----------
    state : PathState
    """

    continuation_ratio, continuation_gap = 0.4, 0.1

    def __init__(self, state):
        super().__init__(state)
        self.loop, self.loop_size = None, 0
        self.is_small = all_columns(self.problem) <= costs.LOOP_COLUMNS
        self.direct = True  # as long as the loop reaches its tolerances
        self.counted = 0, 0  # Hessians and events of the loop
        self.verified = None  # coefficients (working, n_vectors) that the loop verified
        self.found, self.first = [], 0  # by `NewtonSteps`, for each of its parts
        # takes over where the loop ends early
        policy = CoupledHessian if self.problem.n_outputs > 1 else HessianPerAlpha
        self.newton = NewtonSteps(state, policy=policy)

    @staticmethod
    def suits(problem, saved_path=None):
        """Whether a problem is small enough for it, or may be on a working set. (That does
        not follow a path on similar samples, and without an L1 part no set is small.)"""
        size, design = costs.LOOP_COLUMNS, problem.design
        by_sets = problem.n_outputs == 1 and saved_path is None and problem.l1_ratio > 0
        if not by_sets or all_columns(problem) < size:
            size = all_columns(problem)
        return (
            problem.loss.convex and problem.yy > 0 and design.in_memory
            and problem.column_penalty.piecewise_linear
            and not getattr(problem.penalty, "rows", False)
            and 0 < size <= costs.LOOP_COLUMNS
            and design.n_samples * size <= costs.LOOP_ENTRIES
        )

    def screening(self):
        return None if self.is_small else self.newton.screening()

    @property
    def proved(self):
        return self.newton.proved

    def takes_all_columns(self, alphas):
        return self.is_small

    def take_all_columns(self, alpha_max, alphas):
        self.state.add_all()
        return costs.CERTIFIED_ALPHAS

    def null_correlations(self):
        return self.newton.null_correlations()

    def reported(self, found, alphas):
        return self.newton.reported(found, alphas)

    def verify(self, W, alphas):
        complete = self._runs and self.working.complete
        if complete and not self.newton.rests_on_assumptions(alphas):
            found = self._verified(W, alphas)
            if found is not None:
                return found
        self.verified = None
        parts = self._parts(0, len(alphas))
        if len(self.found) != len(parts):
            self.found = [None] * len(parts)
        for k, (part, which) in enumerate(parts):
            # (those before `first` are solved)
            if self.found[k] is None or len(parts) == 1 or k >= self.first:
                self.found[k] = self.newton.verify(W[:, which], alphas[part])
        return joined(self.found)

    def evaluate(self, W):
        self.verified = None
        return self.newton.evaluate(W)

    def go_on_from(self, found, k, alphas=()):
        if self.verified is None:
            self.newton.go_on_from(found, k, alphas)
            return
        self.newton.point.last_shift = found.constants[k] / self.problem.target_unit

    def solve(self, W, first, alphas, tol):
        n_alphas, outputs = len(alphas), self.problem.n_outputs
        self.first = first
        if W is None:
            self.found = []
            self.state.engine = ["null"] * n_alphas
        if not self._runs:
            if W is None and outputs == 1 and self.verified is None:
                return self.newton.solve(W, first, alphas, tol)
            return self._fall_back(W, first, alphas, tol, W is not None)
        given, size, point = W is not None, len(self.working), self.newton.point
        if given:
            V, shifts = by_output(W[:, :n_alphas * outputs], outputs), self.shifts
        else:
            V = np.zeros((size * outputs, n_alphas))
            self.shifts = shifts = np.zeros((outputs, n_alphas))
            V[:, first], shifts[:, first] = self.state.W.T.ravel(), point.last_shift
        self.state.engine[first:] = ["newton"] * (n_alphas - first)
        with self.work.phase("solve"):
            last, status = self._loop().solve(
                V, shifts, given, first, self.state.alpha, alphas,
                np.asarray(tol, dtype=float), self.state.kkt_tol, self.settings.deadline,
            )
        self._count()
        if last < n_alphas and not given:
            V[:, last:], shifts[:, last:] = V[:, [last]], shifts[:, [last]]
        W = V.reshape(outputs, size, n_alphas).transpose(1, 2, 0).reshape(size, -1)
        if outputs == 1:
            point.at, point.shift = point.room(n_alphas), shifts[0].copy()
        if last == n_alphas or status == OUT_OF_TIME:
            return W, [CONVERGED] * last + [status] * (n_alphas - last)
        self.direct = False
        return self._fall_back(W, last, alphas, tol, given)

    @property
    def _runs(self):
        """Whether the loop solves this problem."""
        size = len(self.working) * self.problem.n_outputs
        return self.direct and 0 < size <= costs.LOOP_COLUMNS

    def _verified(self, W, alphas):
        """`Verified` coefficients by the loop, or None."""
        problem, outputs, n_alphas = self.problem, self.problem.n_outputs, len(alphas)
        B = np.ascontiguousarray(W[:, :n_alphas * outputs])
        figures, C = np.empty((4, n_alphas)), np.empty((len(B) * outputs, n_alphas))
        last = self._loop().verify(by_output(B, outputs), self.shifts, alphas, figures, C)
        if last < n_alphas:
            return None
        gap, kkt, loss, penalty = figures
        columns, loss = self.working.columns, 2.0 * loss
        self.state.count_pass(len(columns), n_alphas * outputs if outputs > 1 else 1)
        C = C.reshape(outputs, -1, n_alphas).transpose(1, 2, 0).reshape(len(B), -1)
        if outputs > 1:
            C = problem.penalty.strongest(C, columns)
        gap = np.minimum(gap, 0.5 * loss + penalty)
        constants = self.shifts.T * problem.target_unit
        self.verified = B
        return Verified(gap, kkt, loss, penalty, loss, B, constants, columns, C, None)

    def _fall_back(self, W, first, alphas, tol, given):
        """Solve by `NewtonSteps`; several outputs at one alpha after the other, where W is
        not given from the solution of the last."""
        state, outputs = self.state, self.problem.n_outputs
        tol, kkt_tol = np.asarray(tol, dtype=float), state.kkt_tol
        if W is None:
            W = np.tile(state.W, len(alphas))
        W, statuses, engine = W.copy(), [CONVERGED] * first, list(state.engine)
        for part, which in self._parts(first, len(alphas)):
            begin, state.kkt_tol = max(first - part.start, 0), kkt_tol[part]
            if not given and part.start > first:
                W[:, which] = W[:, which.start - outputs:which.start]
            state.engine = engine[part]
            self.newton.hessian.begin_batch(alphas[part], None)
            self.newton.point.evaluate(W[:, which])
            W[:, which], more = self.newton.solve(
                W[:, which], begin, alphas[part], tol[part]
            )
            engine[part] = state.engine
            statuses += more[begin:]
        state.kkt_tol, state.engine = kkt_tol, engine
        return W, statuses

    def _parts(self, first, n_alphas):
        """Slices of the alphas that `NewtonSteps` takes at once, and of their vectors."""
        outputs = self.problem.n_outputs
        if outputs == 1:
            return [(slice(0, n_alphas), slice(0, n_alphas))]
        return [
            (slice(k, k + 1), slice(k * outputs, (k + 1) * outputs))
            for k in range(first, n_alphas)
        ]

    def _loop(self):
        """The loop for the columns of the working set."""
        if self.loop is None or self.loop_size != len(self.working):
            self.counted, self.loop_size = (0, 0), len(self.working)
            problem, columns = self.problem, self.working.columns
            Z = np.empty((problem.design.n_samples, len(columns)), order="F")
            problem.design.pack(columns, 0, len(Z), Z)
            if problem.weights is not None:  # zero where they are
                root = np.sqrt(problem.weights)[:, None]
                Z = np.divide(Z, root, out=np.zeros_like(Z), where=root > 0)
            working = self.working
            penalty = [np.tile(part, problem.n_outputs) for part in (
                working.l1, working.l2, working.lower, working.upper,
                problem.column_penalty.unit[columns],
            )]
            units = problem.unit / problem.design.n_samples, problem.column_penalty.rounding
            kind = NewtonLoop if problem.n_outputs == 1 else JointNewtonLoop
            self.loop = kind(
                problem.datafit, Z, problem.null_eta.T.ravel(), problem.fit_intercept,
                penalty, units, (CURVATURE_FLOOR, FLAT), problem.n_outputs,
            )
        return self.loop

    def _count(self):
        """Count what the loop has done."""
        now = self.loop.n_hessians, self.loop.active_set.n_events
        hessians, events = now[0] - self.counted[0], now[1] - self.counted[1]
        self.counted = now
        self.work.hessians += hessians
        self.work.gram += hessians * len(self.working)
        self.work.events += events


def by_output(W, outputs):
    """Coefficients (size, n_alphas * n_outputs) as (n_outputs * size, n_alphas)."""
    size = len(W)
    V = W.reshape(size, -1, outputs).transpose(2, 0, 1)
    return np.array(V.reshape(outputs * size, -1), order="C")


def joined(parts):
    """`Verified` coefficients of several batches, as of one."""
    if len(parts) == 1:
        return parts[0]
    gap, kkt, loss, penalty, square, W, constants, columns, C, _ = zip(*parts, strict=True)
    return Verified(
        *map(np.concatenate, (gap, kkt, loss, penalty, square)), np.hstack(W),
        np.concatenate(constants), columns[0], np.hstack(C), None,
    )


def all_columns(problem):
    """How many coefficients of columns that are not zero a problem has."""
    return np.count_nonzero(problem.design.sqnorm > 0) * problem.n_outputs
