"""Few samples and columns: Newton steps at one alpha after the other, compiled."""

import numpy as np

from .. import _costs as costs
from .._core.descent import CONVERGED, OUT_OF_TIME
from .._core.newton_loop import JointNewtonLoop, NewtonLoop
from .._problem._datafit import CURVATURE_FLOOR, FLAT
from ._coupled_hessian import CoupledHessian
from ._hessian_per_alpha import HessianPerAlpha
from ._newton import NewtonSteps
from ._steps import StepMethod


class SequentialNewtonSteps(StepMethod):
    """Newton steps for all columns of a small problem, by `NewtonLoop`.

    Parameters
    ----------
    state : PathState
    """

    continuation_ratio, continuation_gap = 0.4, 0.1

    def __init__(self, state):
        super().__init__(state)
        self.loop = self.penalty = None
        self.direct = True  # as long as the loop reaches its tolerances
        self.counted = 0, 0  # Hessians and events of the loop
        # verifies, and takes over where the loop ends early
        policy = CoupledHessian if self.problem.n_outputs > 1 else HessianPerAlpha
        self.newton = NewtonSteps(state, policy=policy)

    @staticmethod
    def suits(problem):
        """Whether a problem is small enough for it."""
        design = problem.design
        size = np.count_nonzero(design.sqnorm > 0) * problem.n_outputs
        return (
            problem.loss.convex and problem.yy > 0
            and problem.column_penalty.piecewise_linear
            and not getattr(problem.penalty, "rows", False)
            and size <= costs.LOOP_COLUMNS
            and design.n_samples * size <= costs.LOOP_ENTRIES
        )

    def screening(self):
        return None

    @property
    def proved(self):
        return self.newton.proved

    def takes_all_columns(self, alphas):
        return True

    def take_all_columns(self, alpha_max, alphas):
        self.state.add_all()
        # (several outputs are certified for one alpha at a time)
        return costs.CERTIFIED_ALPHAS if self.problem.n_outputs == 1 else 1

    def null_correlations(self):
        return self.newton.null_correlations()

    def reported(self, found, alphas):
        return self.newton.reported(found, alphas)

    def verify(self, W, alphas):
        return self.newton.verify(W, alphas)

    def evaluate(self, W):
        return self.newton.evaluate(W)

    def go_on_from(self, found, k, alphas=()):
        self.newton.go_on_from(found, k, alphas)

    def solve(self, W, first, alphas, tol):
        working, problem, n_alphas = self.working, self.problem, len(alphas)
        if not (self.direct and working.complete and len(working)):
            return self.newton.solve(W, first, alphas, tol)
        point, given, outputs = self.newton.point, W is not None, problem.n_outputs
        size = len(working)
        shifts = np.zeros((outputs, n_alphas))
        if given:
            V = by_output(W[:, :n_alphas * outputs], outputs)
            shifts[:] = point.shift.reshape(n_alphas, outputs).T
        else:
            self.state.engine = ["null"] * n_alphas
            V = np.zeros((size * outputs, n_alphas))
            V[:, first], shifts[:, first] = self.state.W.T.ravel(), point.last_shift
        self.state.engine[first:] = ["newton"] * (n_alphas - first)
        with self.work.phase("solve"):
            loop = self._loop()  # (makes the penalty as well)
            last, status = loop.solve(
                V, shifts, given, first, self.state.alpha, alphas,
                np.asarray(tol, dtype=float), self.state.kkt_tol,
                *self.penalty,
                problem.unit / problem.design.n_samples, problem.column_penalty.rounding,
                self.settings.deadline,
            )
        self._count()
        if last < n_alphas and not given:
            V[:, last:], shifts[:, last:] = V[:, [last]], shifts[:, [last]]
        W = V.reshape(outputs, size, n_alphas).transpose(1, 2, 0).reshape(size, -1)
        point.at, point.shift = point.room(n_alphas * outputs), shifts.T.ravel()
        if last == n_alphas or status == OUT_OF_TIME:
            return W, [CONVERGED] * last + [status] * (n_alphas - last)
        self.direct = False
        self.newton.hessian.begin_batch(alphas, None)
        point.evaluate(W)
        return self.newton.solve(W, last, alphas, tol)

    def _loop(self):
        """The loop for the columns of the working set."""
        if self.loop is None:
            problem, columns = self.problem, self.working.columns
            Z = np.empty((problem.design.n_samples, len(columns)), order="F")
            problem.design.pack(columns, 0, len(Z), Z)
            if problem.weights is not None:  # zero where they are
                root = np.sqrt(problem.weights)[:, None]
                Z = np.divide(Z, root, out=np.zeros_like(Z), where=root > 0)
            working = self.working
            self.penalty = [np.tile(part, problem.n_outputs) for part in (
                working.l1, working.l2, working.lower, working.upper,
                problem.column_penalty.unit[columns],
            )]
            kind = NewtonLoop if problem.n_outputs == 1 else JointNewtonLoop
            self.loop = kind(
                problem.datafit, Z, problem.null_eta.T.ravel(), problem.fit_intercept,
                (CURVATURE_FLOOR, FLAT), problem.n_outputs,
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
