"""Least squares with several targets and a penalty on rows of coefficients."""

from time import monotonic

import numpy as np

from .._core.descent import CONVERGED, OUT_OF_TIME, STALLED
from .._core.row_descent import descend_rows
from .._design._products import BLOCK, gradient, product
from ._engines._conjugate_gradients import (
    conjugate_gradients,
    in_single_precision,
    roughly_twice,
)
from ._solutions import Verified
from ._steps import StepMethod
from ._working_set import FreeColumns

FIRST_SWEEPS, SWEEPS = 2, 1  # before the first Newton step, and between two
MOST_ROUNDS = 500
ENOUGH = 1e-3  # share of the first sweep's change to end descent at
CG_SHARE = 0.05  # of the residual that conjugate gradients leave


class RowSteps(StepMethod):
    """Solves penalised least squares with several targets on the working set.

    Sweeps of block coordinate descent find the rows that are active; Newton's method on
    these, whose norms are smooth, ends.

    Parameters
    ----------
    state : PathState
    """

    def __init__(self, state):
        super().__init__(state)
        self.working.may_be_rough = False
        self.batch_width = max(BLOCK // self.problem.n_outputs, 1)
        free = self.problem.free
        self.free = FreeColumns(self.problem, free) if len(free) else None
        self.targets = None  # correlations of the working set with them
        # columns of the working set times the roots of the weights, and in single precision
        self.packed = self.single = None

    def screening(self):
        return None

    def takes_all_columns(self, alphas):
        return False

    def null_correlations(self):
        problem = self.problem
        columns = np.arange(problem.design.n_features)
        C = gradient(problem.design, problem.weigh(problem.targets), columns)
        C = np.ascontiguousarray(C[:, :problem.n_outputs])
        return problem.penalty.strongest(C, columns)[:, 0].copy()

    # --- The problem on the working set.

    def solve(self, W, first, alphas, tol):
        working, state, given = self.working, self.state, W is not None
        count, outputs = len(alphas), self.problem.n_outputs
        if not given:
            state.engine = ["null"] * count
        if not len(working):
            return np.zeros((0, count * outputs)), [CONVERGED] * count
        with self.work.phase("gram"):
            working.extend_gram()
            self.work.gram = working.n_formed
        W = W[:, :count * outputs].copy() if given else np.tile(state.W, count)
        state.engine[first:] = ["descent"] * (count - first)
        statuses, last = [CONVERGED] * count, W[:, first * outputs:(first + 1) * outputs]
        with self.work.phase("solve"):
            for k in range(first, count):
                block = slice(k * outputs, (k + 1) * outputs)
                start = W[:, block] if given else last
                last, solved = self._solve_one(start, alphas[k:k + 1], tol[k])
                W[:, block] = last
                if not solved:
                    late = monotonic() > self.settings.deadline
                    statuses[k] = OUT_OF_TIME if late else STALLED
        return W, statuses

    def _solve_one(self, W, alphas, tol):
        """Coefficients (working, n_outputs) at one alpha, and whether they reach a gap."""
        working, problem = self.working, self.problem
        l1, l2 = alphas[0] * working.l1, alphas[0] * working.l2
        W, gram = np.array(W, order="F"), working.gram
        C = self._correlations(W)
        for taken in range(MOST_ROUNDS):
            sweeps = FIRST_SWEEPS if taken == 0 else SWEEPS
            transposed = np.ascontiguousarray(W.T), np.ascontiguousarray(C.T)
            self.work.epochs += descend_rows(gram, *transposed, l1, l2, ENOUGH, sweeps)
            W, C = (part.T for part in transposed)
            loss = problem.yy - float(np.vdot(W, self._xty() + C))
            if taken > 0 or not W.any():  # (a Newton step comes first)
                gap = problem.penalty.certify(
                    C, working.columns, W, alphas, np.array([loss]), True
                )[0][0]
                if gap <= tol:
                    return W, True
            if monotonic() > self.settings.deadline:
                break
            W, C = self._newton_step(W, C, l1, l2)
        return W, False

    def _xty(self):
        """Correlations of the working set with the targets."""
        if self.targets is None or len(self.targets) != len(self.working):
            problem, columns = self.problem, self.working.columns
            Q = problem.weigh(problem.targets)
            self.targets = gradient(problem.design, Q, columns)[:, :problem.n_outputs]
        return self.targets

    def _correlations(self, W):
        active = W.any(axis=1).nonzero()[0]
        return self._xty() - self.working.gram[:, active] @ W[active]

    def _newton_step(self, W, C, l1, l2):
        """Coefficients and correlations after a Newton step on the active rows, as far as
        the objective falls."""
        F = W.any(axis=1).nonzero()[0]
        if not len(F):
            return W, C
        w, gram = W[F], self.working.gram
        norm = np.sqrt(np.einsum("ij,ij->i", w, w))[:, None]
        unit, tau, ridge = w / norm, l1[F, None] / norm, l2[F, None]
        rest = C[F] - (tau + ridge) * w
        curve = self._gram_of(F)
        across = gram.diagonal()[F, None] + ridge
        beside = tau / (across * (across + tau))

        def multiply(P):
            along = np.einsum("ij,ij->i", unit, P)[:, None]
            return curve(P) + (tau + ridge) * P - tau * along * unit

        def inverse(P):
            along = np.einsum("ij,ij->i", unit, P)[:, None]
            return P / (across + tau) + beside * along * unit

        step, _ = conjugate_gradients(
            multiply, rest, inverse, work=self.work, share=CG_SHARE,
            together=lambda values: np.full_like(values, values.sum()),
        )
        return self._move(W, C, F, step, l1, l2)

    def _move(self, W, C, F, step, l1, l2):
        w, length = W[F], 1.0
        before = row_penalty(w, l1[F], l2[F])
        while length > 1e-3:
            new = w + length * step
            turned = (np.einsum("ij,ij->i", new, w) <= 0.0) & (l1[F] > 0)
            if length == 1.0:
                new[turned] = 0.0
            d = new - w
            product = self._product(F, d)
            change = 0.5 * np.vdot(d, product[F]) - np.vdot(C[F], d)
            if change + row_penalty(new, l1[F], l2[F]) - before <= 0.0:
                W = W.copy()
                W[F] = new
                return W, C - product
            length *= 0.5
        return W, C

    # --- Products with the Gram matrix, by the columns where these are shorter.

    def _packed(self):
        if self.packed is None or self.packed.shape[1] != len(self.working):
            design = self.problem.design
            self.packed = np.empty((design.n_samples, len(self.working)), order="F")
            design.pack(self.working.columns, 0, design.n_samples, self.packed)
            self.single = in_single_precision(self.packed)
        return self.packed

    def _gram_of(self, F):
        """What multiplies by the Gram matrix of some columns, roughly if they are many."""
        Z = self._packed()
        if len(F) > len(Z):
            part = self.single[0][:, F]
            return lambda P: roughly_twice(part, P, self.single[1])
        return self.working.gram[np.ix_(F, F)].__matmul__

    def _product(self, F, d):
        """``gram[:, F] @ d``"""
        Z = self._packed()
        if len(F) > len(Z):
            return Z.T @ (Z[:, F] @ d)
        return self.working.gram[:, F] @ d

    # --- Verification.

    def verify(self, W, alphas):
        problem, design, working = self.problem, self.problem.design, self.working
        outputs, count = problem.n_outputs, len(alphas)
        B = np.array(W[:, :count * outputs])
        R = np.tile(problem.targets, count)
        active = B.any(axis=1).nonzero()[0]
        R -= product(design, working.columns[active], B[active])
        problem.center_block(R)
        if self.free is not None:
            rows = slice(len(self.free.columns))
            B[rows] = self.free.least_norm(B[rows] + self.free.project(R))
            problem.center_block(R)
        Q = problem.weigh(R)
        square = np.einsum("ij,ij->j", R, Q).reshape(count, outputs).sum(axis=1)
        cols = self.state.uncertain_columns(None, None, alphas)
        C = gradient(design, Q, cols)[:, :count * outputs]
        self.state.count_pass(len(cols), count * outputs)
        if self.free is not None and self.free.independent:
            C[:len(self.free.columns)] = 0.0  # but for rounding
        found = np.empty((3, count))
        for k in range(count):
            block = slice(k * outputs, (k + 1) * outputs)
            part = problem.penalty.certify(
                C[:, block], cols, B[:, block], alphas[k:k + 1], square[k:k + 1], True
            )
            found[:, k] = part[0][0], part[1][0], part[2].sum()
        return Verified(
            *found[:2], square, found[2], square, B, np.zeros((count, outputs)), cols,
            problem.penalty.strongest(C, cols), None,
        )


def row_penalty(W, l1, l2):
    """``sum_j l1_j ||W_j|| + l2_j / 2 ||W_j||^2``"""
    squares = np.einsum("ij,ij->i", W, W)
    return float(l1 @ np.sqrt(squares) + 0.5 * (l2 @ squares))
