"""The squared loss: the problem on the working set is solved itself, not a model of it.

The engines, from the Gram matrix of the working set or from its columns: the parametric
active-set method, coordinate descent for one alpha, and for several alphas together.
"""

import math

import numpy as np

from .. import _costs as costs
from .._core.active_set import ActiveSet
from .._core.certificate import losses
from .._core.descent import CONVERGED, EPOCH_LIMIT, descend
from .._core.design import cache_lines
from .._design._products import BLOCK
from .._problem._moments import Inexact
from ._engines._batched_descent import SLOW_CONVERGENCE, descend_batch
from ._solutions import Verified
from ._state import EPS
from ._steps import StepMethod
from ._working_set import FreeColumns

MAX_EPOCHS = 200_000  # of coordinate descent, for one alpha on one working set


class ExactSteps(StepMethod):
    """Solves penalised least squares on the working set.

    Parameters
    ----------
    state : PathState
    """

    def __init__(self, state):
        super().__init__(state)
        free = self.problem.free
        self.free = FreeColumns(self.problem, free) if len(free) else None
        self.active_set = ActiveSet()
        self.exact_gram = False  # whether all correlations follow from a Gram matrix
        self.error = np.zeros(0)  # of a rough Gram matrix, at the last solution
        self.w_slope = None  # derivative of the coefficients in alpha
        self.found = None  # the last verification
        self._buffer = np.empty(0)

    # --- All columns from the start, by their Gram matrix.

    def takes_all_columns(self, alphas):
        """Whether to start with all columns: few of them, or many fewer than rows."""
        design = self.problem.design
        n, p = design.n_samples, design.n_features
        if n * p * p <= costs.ALL_PAIRS_FLOPS or not design.has_rows:
            return True
        # a sparse Gram matrix costs the square of what is in a row
        cheap = not design.sparse or design.nnz <= costs.SPARSE_ROW_ENTRIES * n
        far = len(alphas) >= 10 or (len(alphas) and alphas[-1] < 0.02 * self.state.alpha)
        return far and p <= 4000 and n >= 5 * p and cheap

    def take_all_columns(self, alpha_max, alphas):
        """Begin with all columns; returns how many alphas to solve together."""
        working, design = self.working, self.problem.design
        alone = len(working) == 0
        self.state.add_all()
        size = len(working)
        self.exact_gram = not design.has_rows or self._exact_gram_pays(alphas)
        if not self.exact_gram:
            return self.batch_width
        working.may_be_rough, self.state.screening = False, None
        if (
            alone and size >= 4 * BLOCK and design.contiguous_columns
            and not self.solves_together()
            and design.n_samples * size**2 > costs.LAZY_GRAM_FLOPS
        ):
            lazy = working.extend_gram_lazily(alpha_max, alphas[-1])
            self.active_set.form_when_free(lazy.formed, lazy.form)
        if size < costs.ALL_ALPHAS_COLUMNS:
            return costs.CERTIFIED_ALPHAS
        return self.batch_width

    def _exact_gram_pays(self, alphas):
        """Whether forming the Gram matrix in double precision costs less than the passes
        that it saves. Columns that are (nearly) unpenalised amplify its rounding errors."""
        design, size = self.problem.design, len(self.working)
        few = (
            design.sparse or size <= 20 * len(alphas)
            or design.n_samples * size**2 <= costs.ALL_PAIRS_FLOPS
        )
        weakest = self.working.l1.min(initial=1.0)
        return few and len(alphas) > 0 and weakest * alphas[-1] > 1e-6

    # --- The problem on the working set.

    def solves_together(self):
        """Whether all alphas of a batch are solved at once."""
        working = self.working
        if self.batch_width > BLOCK:
            return False
        if not working.use_gram:
            return self.problem.design.sparse
        # no more coefficients are active than there are rows
        most = min(len(working), self.problem.design.n_samples)
        return most >= costs.ALL_ALPHAS_COLUMNS and not working.batch_is_slow

    def solve(self, W, first, alphas, tol):
        """Coefficients (working, n_alphas) at the alphas from `first` on, to gaps of at
        most `tol`, from W or from the last solution; and the status of each."""
        working, state = self.working, self.state
        if W is None:
            state.engine = ["null"] * len(alphas)
        if not len(working):
            return np.zeros((0, len(alphas))), [CONVERGED] * len(alphas)
        if working.use_gram and (working.lazy is None or W is not None):
            with self.work.phase("gram"):
                working.extend_gram()
        with self.work.phase("solve"):
            found, statuses = None, [SLOW_CONVERGENCE]
            if self.solves_together():
                found, statuses = self._solve_together(W, first, alphas, tol)
                working.batch_is_slow |= SLOW_CONVERGENCE in statuses
            if SLOW_CONVERGENCE in statuses:
                found, statuses = self._solve_one_by_one(W, first, alphas, tol)
        self.work.gram = working.n_formed
        if EPOCH_LIMIT in statuses and not working.hard:
            working.hard = True
            return self.solve(found, first, alphas, tol)
        return found, statuses

    def _solve_one_by_one(self, W, first, alphas, tol):
        """By the active-set method or coordinate descent, each from the one before."""
        working, problem, state = self.working, self.problem, self.state
        quadratic, start = working.quadratic()
        use_gram, engine = working.use_gram, state.engine
        # the first attempt does not compute the gap
        quick = W is None and not state.given_start
        if W is None:
            W = np.empty((len(working), len(alphas)))
            W[:] = state.W
            w, alpha = state.W[:, 0].copy(), state.alpha
            errors = self._model_errors(None, len(alphas))
        else:
            w, alpha = W[:, first].copy(), alphas[first]
            errors = self._model_errors(W, len(alphas))
        r = start.copy()
        # (a Gram matrix has no use for the sum)
        qsum = 0.0 if use_gram else float(r.sum())
        qsum += quadratic.subtract(w, r)
        xty = working.xty
        statuses = [CONVERGED] * len(alphas)
        events = self.active_set.n_events
        done = first
        if use_gram and errors is None and quick:
            done = self.active_set.solve_path(
                working.gram, xty, w, r, alpha, alphas, first, working.l1,
                working.l2, working.lower, working.upper, W,
            )
            engine[first:done] = ["active set"] * (done - first)
            alpha = alphas[max(done, 1) - 1] if done > first else alpha
        if use_gram and done < len(alphas):
            working.extend_gram()
        for k in range(done, len(alphas)):
            if errors is not None:
                r += working.xty + errors[:, k] - xty
                xty = working.xty + errors[:, k]
            l1, l2 = alphas[k] * working.l1, alphas[k] * working.l2
            if use_gram:
                self.active_set.solve(
                    working.gram, xty, w, r, alpha * working.l1, l1, l2,
                    working.lower, working.upper,
                )
            statuses[k], epochs, _, qsum = descend(
                quadratic, w, r, qsum, xty, working.sqnorm, l1, l2,
                working.lower, working.upper, problem.yy, tol[k],
                MAX_EPOCHS if use_gram or working.hard else working.many_epochs,
                self.settings.deadline, use_gram,
            )
            self.work.epochs += epochs
            engine[k] = "descent" if epochs else "active set"
            if statuses[k] == EPOCH_LIMIT and not working.hard:
                break
            alpha = alphas[k]
            W[:, k] = w
        self.work.events += self.active_set.n_events - events
        return W, statuses

    def _solve_together(self, W, first, alphas, tol):
        """By batched coordinate descent."""
        working, problem = self.working, self.problem
        view, order = working.view()
        start = self._ahead(alphas) if W is None else W
        xty = working.xty[:, None]
        if working.use_gram:
            errors = self._model_errors(W, len(alphas))
            xty = r = xty if errors is None else xty + errors
        else:
            r = problem.weigh(problem.y[:, None])
        solved, statuses, effort = descend_batch(
            problem, view, r, xty[order], problem.yy, start[order], first, alphas, tol,
            MAX_EPOCHS if working.hard else working.many_epochs,
            self.settings.deadline, self._active_set_pays if working.use_gram else None,
        )
        self.work.epochs += effort.rounds
        self.work.newton += effort.newton
        engine = "newton" if effort.newton else "descent"
        self.state.engine[first:] = [engine] * (len(alphas) - first)
        W = start.copy()
        W[order] = solved
        return W, statuses

    def _ahead(self, alphas):
        """Coefficients (working, n_alphas) to start from: those of the last alpha,
        extrapolated along the path, which is straight between two changes of the active
        set."""
        w = self.state.W
        start = np.repeat(w, len(alphas), axis=1)
        if self.w_slope is not None:
            known = len(self.w_slope)
            start[:known] += np.outer(self.w_slope, alphas - self.state.alpha)
            start[start * w <= 0] = 0.0
            np.clip(
                start, self.working.lower[:, None], self.working.upper[:, None], out=start
            )
        return start

    def _active_set_pays(self, w, effort, left):
        """Whether the active-set method costs less than the rest of batched descent; both
        in multiply-adds, those of descent being of eight."""
        size, n_active, last = len(w), np.count_nonzero(w), self.state.W[:, 0]
        events = 1.3 * np.count_nonzero((w != 0) ^ (last != 0)) + BLOCK
        one_event = 2 * n_active**2 + n_active * size
        one_round = (4 + effort.newton / effort.rounds) * n_active * size
        return left * one_round * costs.ALL_ALPHAS_FACTOR > events * one_event

    def _model_errors(self, W, count):
        """By how much a rough Gram matrix errs on X' r at each alpha: as measured for the
        coefficients W, or at the last solution."""
        working = self.working
        if not (working.rough and working.use_gram):
            return None
        measured = self.error[:, None]
        if W is not None:
            known = len(self.found.W)
            measured = working.model_error(self.found.C[:known, :count], W[:, :count])
        errors = np.zeros((len(working), count))
        errors[:len(measured)] = measured
        return errors

    # --- Verification.

    def verify(self, W, alphas):
        """`Verified` coefficients W (working, >= n_alphas), the unpenalised ones solved
        exactly, from X itself or the Gram matrix of all columns."""
        self.found = None
        if self.exact_gram and len(self.working.gram) == len(self.working):
            self.found = self._verify_by_gram(W, alphas)
        if self.found is None:
            if not self.problem.design.has_rows:
                raise Inexact
            self.found = self._verify_by_passes(W, alphas)
        return self.found

    def _verify_by_passes(self, W, alphas):
        """By as many passes over X as it takes."""
        count, width = len(alphas), self.batch_width
        if count <= width:
            return self._verify_by_pass(W, alphas)
        parts = []
        for first in range(0, count, width):
            part = slice(first, min(first + width, count))
            found = self._verify_by_pass(W[:, part], alphas[part])
            size = part.stop - first  # (the room for C is used again)
            parts.append((*found[:5], found.W[:, :size], found.C[:, :size].copy()))
        *per_alpha, W, C = zip(*parts, strict=True)
        return Verified(
            *map(np.concatenate, per_alpha), np.hstack(W), np.zeros((count, 1)),
            found.columns, np.hstack(C), None,
        )

    def _verify_by_pass(self, W, alphas):
        """By the residuals, and one pass over X with all of them."""
        problem, design, count = self.problem, self.problem.design, len(alphas)
        width = 1 if count == 1 else -(-count // BLOCK) * BLOCK
        B = np.zeros((len(self.working), width))
        B[:, :count] = W[:, :count]
        active = np.flatnonzero(B.any(axis=1))
        residuals, weighted, sums, square = [], [], [], np.empty(width)
        for first in range(0, width, BLOCK):
            block = slice(first, first + BLOCK)
            R = cache_lines(design.n_samples, min(width, BLOCK))
            R[:] = problem.y[:, None]
            part = np.ascontiguousarray(B[active, block])
            design.subtract_product(self.working.columns[active], part, R)
            if self.free is not None:
                rows = slice(len(self.free.columns))
                B[rows, block] = self.free.least_norm(
                    B[rows, block] + self.free.project(R)
                )
            total, square[block] = design.subtract_means(R)
            residuals.append(R)
            weighted.append(problem.weigh(R))
            sums.append(total)
        loss, Q, R = square[:count], None, None
        if self.state.screening is not None:
            Q, R = beside(weighted)[:, :count], beside(residuals)
        cols = self.state.uncertain_columns(Q, loss, alphas)
        if len(cols) * width > len(self._buffer):
            self._buffer = np.empty(len(cols) * width)
        C = self._buffer[:len(cols) * width].reshape(len(cols), width)
        design.correlate(weighted, C, cols, sums)
        self.state.count_pass(len(cols))
        if self.free is not None and self.free.independent:
            C[:len(self.free.columns)] = 0.0  # but for rounding
        gap, kkt, penalty = problem.column_penalty.certify(C, cols, B, alphas, loss)
        return Verified(
            gap, kkt, loss, penalty, loss, B, np.zeros((count, 1)), cols, C, R
        )

    def _verify_by_gram(self, W, alphas):
        """From the Gram matrix of all columns; None if its rounding might matter."""
        working, count = self.working, len(alphas)
        W = np.ascontiguousarray(W[:, :count])
        C = working.xty[:, None] - working.gram_product(W)
        # |x_i' x_j| < 4, each with an error of some eps sqrt(n)
        design = self.problem.design
        noise = 4.0 * EPS * math.sqrt(design.n_samples) * design.cancellation_factor
        loss, rounding = losses(self.problem.yy, working.xty, C, W, noise)
        if rounding.max() > 0.03 * self.state.target:
            return None
        gap, kkt, penalty = self.problem.column_penalty.certify(
            C, working.columns, W, alphas, loss
        )
        return Verified(
            gap + rounding, kkt, loss, penalty, loss, W, np.zeros((count, 1)),
            working.columns, C, None,
        )

    def go_on_from(self, found, k, alphas=()):
        self.w_slope = None
        if len(alphas) > 1 and alphas[-1] < alphas[-2]:
            change = found.W[:, k] - found.W[:, k - 1]
            self.w_slope = change / (alphas[-1] - alphas[-2])
        if self.working.rough and self.working.use_gram:
            self.error = self.working.model_error(
                found.C[:len(found.W), [k]], found.W[:, [k]]
            )[:, 0]


def beside(blocks):
    """Blocks of vectors side by side."""
    return blocks[0] if len(blocks) == 1 else np.hstack(blocks)
