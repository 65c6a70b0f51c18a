"""The solver: batches of alphas on working sets, verified by passes over X.

Several alphas are solved ahead on the working set; one pass over X, which costs about
the same for eight residuals as for one, then verifies all of them. X is seen through
two requests only: the correlations of all columns with a block of residuals, and the
Gram matrix of a few columns (or those columns themselves).

Everything here is in the units of the design: columns of norm in [1, 2), y of norm in
(1/2, 1]. All conversions are powers of two, so that changing the units of X or y
changes nothing but the units of the answer.
"""

import math
from enum import Enum
from time import monotonic
from typing import NamedTuple

import numpy as np

from ._core.active_set import ActiveSet
from ._core.certificate import Strengths
from ._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED, Quadratic, descend
from ._core.design import Design
from ._core.screening import Screening

LANES = 8
MAX_EPOCHS = 200_000  # of coordinate descent, for one alpha on one working set
MANY_EPOCHS = 300  # after so many along columns of X, a Gram matrix is worth its cost
GRAM_BYTES = 512 * 2**20  # the largest Gram matrix of a working set
RUNG = 0.65  # ratio of two alphas on the way to one that is far from the last
RUNG_GAP = 1e-3  # relative gap that will do there
SMALL_MATRIX = 10**5  # entries up to which a pass is not worth shortening
SCREENING_BYTES = 8 * 2**20  # of residuals kept as references
SMALL_GRAM = 10**6  # multiply-adds of a Gram matrix that are not worth saving
LARGE_GRAM = 10**9  # multiply-adds from which single precision pays
PANEL_BYTES = 16 * 2**20  # rows of packed columns that a dense Gram is summed from


class ConvergenceWarning(UserWarning):
    """A fit ended before its duality gap reached the tolerance."""


class Status(str, Enum):
    """How the fit at one alpha ended.

    Examples
    --------
    >>> Status.optimal == "optimal"
    True
    """

    optimal = "optimal"
    optimal_inaccurate = "optimal_inaccurate"  #: gap within ten times the tolerance
    iteration_limit = "iteration_limit"
    time_limit = "time_limit"
    interrupted = "interrupted"
    insufficient_progress = "insufficient_progress"
    unbounded_or_separable = "unbounded_or_separable"

    def __str__(self):
        return self.value


class Settings(NamedTuple):
    """How to solve; nothing of the data."""

    tol: float = 1e-6
    max_iter: int = 1000
    deadline: float = math.inf
    engine: str = "auto"  # "gram" or "residual" for experts and tests
    lanes: int = LANES
    screening: bool = True


class Step(NamedTuple):
    """An alpha to solve; a rung (not wanted) is only on the way to the next."""

    alpha: float
    wanted: bool


class Solution(NamedTuple):
    """The answer at one alpha, in the units of the design."""

    alpha: float
    columns: np.ndarray
    w: np.ndarray
    loss: float  # ||r||^2
    penalty: float
    gap: float
    kkt: float  # in the user's units
    n_iter: int
    status: Status


class Verdict(NamedTuple):
    """What a verification found of each lane; arrays of length (lanes,)."""

    gap: np.ndarray
    kkt: np.ndarray
    loss: np.ndarray
    penalty: np.ndarray


class Problem:
    """Penalised weighted least squares in the units of the design.

    Parameters
    ----------
    X : DesignArrays
        Validated arrays.
    y : ndarray of float64 (n_samples,)
        Target less the offset.
    sample_weight : ndarray of float64 (n_samples,) or None
    l1_ratio, penalty_factor, lower, upper
        The penalty; arrays of length n_features or None.
    fit_intercept, standardize : bool
    n_threads : int

    Attributes
    ----------
    unit : float
        What one unit of the design's y is in the user's.
    coef_unit : ndarray (n_features,)
        What one unit of a coefficient of the design is in the user's.
    """

    def __init__(
        self, X, y, *, l1_ratio, fit_intercept=True, standardize=False,
        sample_weight=None, penalty_factor=None, lower=None, upper=None, n_threads=1,
    ):
        n = X.n_samples
        self.fit_intercept = fit_intercept
        self.weights = None
        if sample_weight is not None:
            scaled = sample_weight / sample_weight.max()
            self.weights = scaled * (n / scaled.sum())
            y = np.where(scaled > 0, y, 0.0)
        # powers of two: no rounding on the way in or out
        peak = 2.0 ** math.frexp(float(np.abs(y).max()))[1]
        y = y / peak
        self.center = float(np.average(y, weights=self.weights)) if fit_intercept else 0.0
        y = y - self.center
        if fit_intercept and np.abs(y).max() <= 1e-15:
            y = np.zeros_like(y)
        square = float(y @ (y if self.weights is None else y * self.weights))
        norm = 2.0 ** math.frexp(math.sqrt(square))[1] if square > 0 else 1.0
        self.y = y / norm
        self.yy = square / norm**2
        self.unit = peak * norm
        self.center *= peak
        self.design = Design(
            X.kind, X.data, X.indices, X.indptr, (n, X.n_features), self.weights,
            fit_intercept, self.y, n_threads,
        )
        self._set_penalty(l1_ratio, penalty_factor, lower, upper, standardize)

    def _set_penalty(self, l1_ratio, factor, lower, upper, standardize):
        self.l1_ratio = l1_ratio
        design, n = self.design, self.design.n_samples
        scale = design.scale
        factor = np.ones(len(scale)) if factor is None else factor
        excluded = ~(factor < np.inf)
        sd = scale  # of a column as penalised, times its scale
        if standardize:
            sd = design.deviations()
            excluded |= sd == 0  # a constant, which no penalty holds
        if excluded.any():
            factor = np.where(excluded, 0.0, factor)
            scale[excluded] = design.sqnorm[excluded] = design.xty[excluded] = 0.0
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            self.factor_sd = factor * sd
            l1 = (n * l1_ratio / self.unit) * self.factor_sd
            l2 = (n * (1.0 - l1_ratio)) * (self.factor_sd * sd)
            self.coef_unit = scale * self.unit
            unit = np.where(scale > 0, self.unit / (n * scale), 0.0)
            usable = self.coef_unit > 0
            if lower is not None:
                lower = np.where(usable, lower / self.coef_unit, 0.0)
            if upper is not None:
                upper = np.where(usable, upper / self.coef_unit, 0.0)
        if lower is not None or upper is not None:
            p = len(scale)
            lower = np.full(p, -np.inf) if lower is None else lower
            upper = np.full(p, np.inf) if upper is None else upper
        self.strengths = Strengths(l1, l2, lower, upper, unit)
        free = (l1 == 0) & (l2 == 0) & (design.sqnorm > 0)
        if lower is not None:
            bounded = free & (np.isfinite(lower) | np.isfinite(upper))
            free &= ~bounded
        self.free = np.flatnonzero(free)  # without penalty and bounds
        self.unpenalised = self.free
        if lower is not None:
            self.unpenalised = np.concatenate([self.free, np.flatnonzero(bounded)])

    def center_block(self, R):
        """Take the weighted mean off each column of R (n, lanes) if there is an
        intercept; returns the means."""
        if not self.fit_intercept:
            return np.zeros(R.shape[1])
        mean = self.weigh(R).mean(axis=0)
        R -= mean
        return mean

    def weigh(self, R):
        """Weights times R (n, lanes); R itself if all weights are one."""
        return R if self.weights is None else self.weights[:, None] * R

    def least_l1_alpha(self, c, l1_ratio):
        """alpha_max of the same penalty with another (small) l1_ratio."""
        design, strengths, n = self.design, self.strengths, self.design.n_samples
        pull = np.abs(c)
        if strengths.lower is not None:
            stuck = np.where(c > 0, strengths.upper, strengths.lower) == 0
            pull[stuck] = 0.0
        unit_l1 = n * l1_ratio / self.unit * self.factor_sd
        used = (unit_l1 > 0) & (design.sqnorm > 0)
        return float((pull[used] / unit_l1[used]).max(initial=0.0))

    @property
    def null_objective(self):
        """Objective of the model without features, in the design's units."""
        return 0.5 * self.yy

    def objective_unit(self, value):
        """A loss or a gap in the user's units (inf where that overflows)."""
        return float(value) / self.design.n_samples * self.unit * self.unit


class WorkingSet:
    """The columns that the inner solver may move, and what is known of them."""

    def __init__(self, problem, settings):
        self.problem = problem
        self.engine = settings.engine
        # a Gram matrix in single precision costs half as much, and its error is
        # corrected by the exact correlations that verification brings
        self.may_be_rough = settings.tol >= 1e-9
        self.rough = False
        self.columns = np.empty(0, dtype=np.intp)
        self.mask = np.zeros(problem.design.n_features, dtype=np.uint8)
        self._gram = np.empty((0, 0), order="F")
        self._gram_size = 0
        self._packed = None
        self.hard = False  # coordinate descent along columns of X was seen to crawl
        self.add(self.columns)

    def __len__(self):
        return len(self.columns)

    def add(self, columns):
        """Append columns; they must not be in the set."""
        self.columns = np.concatenate([self.columns, columns])
        self.mask[columns] = 1
        design, strengths = self.problem.design, self.problem.strengths
        at = self.columns
        self.xty, self.sqnorm = design.xty[at], design.sqnorm[at]
        self.l1, self.l2 = strengths.l1[at], strengths.l2[at]
        bounds = strengths.lower is not None
        self.lower = strengths.lower[at] if bounds else np.full(len(at), -np.inf)
        self.upper = strengths.upper[at] if bounds else np.full(len(at), np.inf)

    @property
    def use_gram(self):
        """Whether the Gram matrix is the cheaper way to see these columns."""
        if self.engine != "auto":
            return self.engine == "gram"
        size, design = len(self), self.problem.design
        if 8 * size * size > GRAM_BYTES:
            return False
        if self.hard:
            return True
        if design.sparse:
            return size <= max(15 * design.column_nnz(self.columns), 500)
        return size <= max(2 * design.n_samples, 2500)

    def quadratic(self):
        """The columns to descend along, and the state vector at ``w = 0``."""
        problem, design = self.problem, self.problem.design
        if self.use_gram:
            self._extend_gram()
            return Quadratic.from_gram(self.gram), self.xty
        weights = problem.weights
        if design.sparse:
            start = problem.y if weights is None else weights * problem.y
            return Quadratic.from_design(design, self.columns), start
        if self._packed is None or self._packed.shape[1] != len(self):
            self._packed = np.empty((design.n_samples, len(self)), order="F")
            design.pack(self.columns, 0, design.n_samples, self._packed)
        start = problem.y if weights is None else np.sqrt(weights) * problem.y
        return Quadratic.from_packed(self._packed), start

    @property
    def gram(self):
        """Gram matrix of the columns, as far as `quadratic` has extended it."""
        return self._gram[:self._gram_size, :self._gram_size]

    def _extend_gram(self):
        old, size = self._gram_size, len(self)
        if size == old:
            return
        if size > self._gram.shape[0]:
            capacity = max(size, min(2 * old, len(self.mask)))
            gram = np.empty((capacity, capacity), order="F")
            gram[:old, :old] = self._gram[:old, :old]
            self._gram = gram
        block = self._gram_block(old)
        self._gram[:size, old:size] = block
        self._gram[old:size, :old] = block[:old].T
        self._gram_size = size

    def _gram_block(self, old):
        """X~[:, working]' W X~[:, working[old:]]"""
        design, size = self.problem.design, len(self)
        if design.sparse:
            block = np.empty((size, size - old))
            design.gram(self.columns, self.columns[old:], block)
            block[old:] = np.tril(block[old:]) + np.tril(block[old:], -1).T
            return block
        self.rough = self.rough or (
            self.may_be_rough and design.n_samples * size * (size - old) > LARGE_GRAM
        )
        dtype = np.float32 if self.rough else np.float64
        block = np.zeros((size, size - old))
        step = max(PANEL_BYTES // (8 * size), 256)
        for first in range(0, design.n_samples, step):
            last = min(first + step, design.n_samples)
            panel = np.empty((last - first, size), order="F")
            design.pack(self.columns, first, last, panel)
            panel = panel.astype(dtype, copy=False)
            block += panel.T @ panel[:, old:]
        return block

    def model_error(self, C, W):
        """What the correlations C of the first columns are above ``xty - gram @ W``:
        rounding, unless the Gram matrix is rough."""
        known = len(C)
        return C - (self.xty[:known, None] - self.gram[:known] @ W)


class FreeColumns:
    """Unpenalised, unbounded columns: solved exactly, as the intercept is.

    The dual point must be orthogonal to them, so that the residual is projected.
    """

    def __init__(self, problem, columns):
        design = problem.design
        self.columns = columns
        packed = np.empty((design.n_samples, len(self.columns)), order="F")
        design.pack(self.columns, 0, design.n_samples, packed)
        basis, values, rotation = np.linalg.svd(packed, full_matrices=False)
        keep = values > values[0] * max(packed.shape) * np.finfo(float).eps
        self.independent = bool(values[-1] > 1e-8 * values[0])
        self.basis = basis[:, keep]
        self.solve = rotation[keep].T / values[keep]
        self.root = None if problem.weights is None else np.sqrt(problem.weights)[:, None]

    def project(self, R):
        """Subtract from R (n, lanes) its part in the span; the part's coefficients."""
        weighted = R if self.root is None else self.root * R
        shares = self.basis.T @ weighted
        parts = self.basis @ shares
        if self.root is not None:
            parts = np.divide(
                parts, self.root, out=np.zeros_like(parts), where=self.root > 0
            )
        R -= parts
        return self.solve @ shares


class PathSolver:
    """Solves a decreasing sequence of alphas, warm-started.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    start : (columns, w) or None
        Coefficients to start from.
    """

    def __init__(self, problem, settings, start=None):
        self.problem, self.settings = problem, settings
        self.target = settings.tol * problem.null_objective
        self.working = WorkingSet(problem, settings)
        self.free = FreeColumns(problem, problem.free) if len(problem.free) else None
        self.active_set = ActiveSet()
        self.n_epochs = 0
        self.error = np.zeros(0)  # of a rough Gram matrix, at the last solution
        self.w = np.empty(0)
        self.passes = 1.0  # the set-up pass
        p = problem.design.n_features
        # correlations are kept for all columns and lanes: not more than X itself takes
        afford = max(2**26, 8 * problem.design.nnz) >= 8 * LANES * p
        self.lanes = LANES if settings.lanes > 1 and afford else 1
        self._buffer = np.empty(0)
        self.screening = self._screening()
        self.n_useless = 0  # passes in a row that screening hardly shortened
        self._start(start)

    def _screening(self):
        """Screening, where looking at a column costs more than a bound on it."""
        problem, design = self.problem, self.problem.design
        per_column = design.nnz / design.n_features
        if (
            not self.settings.screening or design.nnz < SMALL_MATRIX
            or per_column < (15 if design.sparse else 64)
        ):
            return None
        n_slots = min(max(SCREENING_BYTES // (8 * design.n_samples), 2), 16)
        return Screening(design, problem.strengths.l1, problem.y, n_slots)

    def _start(self, start):
        """The null model, which gives alpha_max; then the given coefficients."""
        self.c, self.slope, self.alpha = self.problem.design.xty, None, 1.0
        columns = self.problem.unpenalised
        if len(columns):
            self._add(columns)
            W, _ = self._descend(None, 0, np.ones(1), [1e-3 * self.target])
            self._restart(W)
        self.alpha = self.alpha_max = self.problem.strengths.alpha_max(self.c)
        if start is None:
            return
        columns, w = start
        self._add(np.setdiff1d(columns, self.working.columns))
        place = self._places(columns)
        lower, upper = self.working.lower[place], self.working.upper[place]
        self.w[place] = np.clip(w, lower, upper)
        self._restart(self.w[:, None])
        self.alpha = self.problem.strengths.alpha_max(self.c)

    def _restart(self, W):
        """Take the only column of W as the point to go on from."""
        self._verify(W, np.zeros(1))
        self.c = self._all_correlations(0)
        self.w = self.solved[:, 0].copy()

    def _places(self, columns):
        """Positions of columns in the working set."""
        place = np.empty(len(self.working.mask), dtype=np.intp)
        place[self.working.columns] = np.arange(len(self.working))
        return place[columns]

    def _add(self, columns):
        self.working.add(columns)
        self.w = np.concatenate([self.w, np.zeros(len(columns))])

    def solve(self, alphas):
        """Yield a `Solution` for each alpha; `alphas` decrease."""
        done, batch = 0, 1
        steps = None
        if self.settings.engine == "auto" and self._full_gram_pays(len(alphas)):
            self._add(np.flatnonzero((self.working.mask == 0)
                                     & (self.problem.design.sqnorm > 0)))
            steps = [Step(float(alpha), True) for alpha in alphas]
            batch = self.lanes
        steps = steps or self._with_rungs(alphas)
        while done < len(steps):
            if monotonic() > self.settings.deadline:
                steps[done:] = [step for step in steps[done:] if step.wanted]
            ahead = steps[done:done + min(batch, self.lanes)]
            targets = np.array([
                self.target if step.wanted else RUNG_GAP * self.problem.null_objective
                for step in ahead
            ])
            rounds = 0
            solutions = self._solve_batch(np.array([s.alpha for s in ahead]), targets)
            for step, solution in zip(ahead, solutions, strict=True):
                rounds = max(rounds, solution.n_iter)
                if step.wanted:
                    yield solution
            done += len(ahead)
            batch = min(2 * batch, self.lanes) if rounds < 3 else max(batch // 2, 1)

    def _with_rungs(self, alphas):
        """The asked alphas and, where the next is far, rungs of a ladder down to it."""
        steps, above = [], self.alpha
        for alpha in alphas:
            floor = max(float(alpha), 1e-4 * self.alpha)
            if 0.0 < floor < RUNG**1.5 * above:
                count = math.ceil(math.log(floor / above) / math.log(RUNG))
                steps += [
                    Step(above * (floor / above) ** (k / count), False)
                    for k in range(1, count)
                ]
            steps.append(Step(float(alpha), True))
            above = alpha
        return steps

    def adopt(self, alphas, columns, W):
        """Solutions for coefficients found elsewhere: W (columns, alphas)."""
        self._add(columns[self.working.mask[columns] == 0])
        place = self._places(columns)
        for first in range(0, len(alphas), self.lanes):
            ahead = np.asarray(alphas[first:first + self.lanes], dtype=float)
            block = np.zeros((len(self.working), len(ahead)))
            block[place] = W[:, first:first + len(ahead)]
            verdict = self._verify(block, ahead)
            for k in range(len(ahead)):
                status = Status.optimal
                if verdict.gap[k] > self.target:
                    near = verdict.gap[k] <= 10 * self.target
                    status = (
                        Status.optimal_inaccurate if near
                        else Status.insufficient_progress
                    )
                yield self._solution(ahead, k, verdict, 1, status)

    def _full_gram_pays(self, n_alphas):
        """Whether to start with all columns: few of them, or many fewer than rows."""
        n, p = self.problem.design.n_samples, self.problem.design.n_features
        if n * p * p <= SMALL_GRAM:
            return True
        if self.problem.design.sparse or n_alphas < 10:
            return False
        return p <= 4000 and n >= 5 * p

    def _solve_batch(self, alphas, targets):
        """Yield the solution at each alpha, to its target gap."""
        self._look_ahead(alphas)
        lanes, first, rounds = len(alphas), 0, 0
        inner = 0.3 * targets
        W = None
        while first < lanes:
            rounds += 1
            W, statuses = self._descend(W, first, alphas, inner)
            verdict = self._verify(W, alphas)
            W, done = self.solved, first
            while first < lanes and verdict.gap[first] <= targets[first]:
                first += 1
            self._advance(alphas, done, first, verdict)
            for k in range(done, first):
                yield self._solution(alphas, k, verdict, rounds, Status.optimal)
            if first == lanes:
                return
            added = self._add_violators(first, alphas)
            status = self._give_up(
                statuses[first], added, inner[first], verdict.gap[first],
                targets[first], rounds,
            )
            if status is not None:
                self._advance(alphas, first, first + 1, verdict)
                yield self._solution(alphas, first, verdict, rounds, status)
                first += 1
            if added:
                W = np.vstack([W, np.zeros((added, W.shape[1]))])
            else:
                inner *= 0.1

    def _give_up(self, inner_status, added, inner, gap, target, rounds):
        """The status to end an alpha with, or None to go on."""
        settings = self.settings
        if inner_status == OUT_OF_TIME or monotonic() > settings.deadline:
            return Status.time_limit
        near = gap <= 10 * target
        if not added and (inner_status == STALLED or inner < 1e-8 * target):
            return Status.optimal_inaccurate if near else Status.insufficient_progress
        if rounds >= settings.max_iter or (not added and inner_status != CONVERGED):
            return Status.optimal_inaccurate if near else Status.iteration_limit
        return None

    def _look_ahead(self, alphas):
        """Add the columns that may be active by the last alpha of the batch."""
        if len(self.working) == len(self.working.mask):
            return
        last = float(alphas[-1])
        slope, gamma = self.slope, 0.05 if self.working.use_gram else 0.3
        if slope is None:  # strong rule: |c| >= (2 last - alpha) l1
            slope, gamma = np.zeros_like(self.c), 1.0
        columns, priority = self.problem.strengths.predict(
            self.c, slope, self.alpha, last, gamma, self.working.mask
        )
        self._add_best(columns, priority, 2 * np.count_nonzero(self.w) + 100)

    def _add_best(self, columns, priority, limit):
        if len(columns) > limit:
            best = np.argpartition(-priority, limit)[:limit]
            columns = columns[np.sort(best)]
        if len(columns):
            self._add(columns)
        return len(columns)

    def _add_violators(self, first, alphas):
        size = len(self.working)
        columns, priority = self.problem.strengths.excess(
            self.C[size:], self.cols[size:], first, alphas, 1.0 - 1e-3
        )
        if not len(columns) or not (priority > 1.0).any():
            return 0
        return self._add_best(columns, priority, max(len(self.working), 100))

    def _descend(self, W, first, alphas, tol):
        """Coefficients (working, lanes) at the alphas from `first` on."""
        working, problem = self.working, self.problem
        quadratic, start = working.quadratic()
        use_gram = working.use_gram
        if W is None:
            W = np.zeros((len(working), len(alphas)))
            w, alpha = self.w, self.alpha
            errors = self._model_errors(None, len(alphas))
        else:
            w, alpha = W[:, first].copy(), alphas[first]
            errors = self._model_errors(W, len(alphas))
        state = start.copy()
        qsum = float(state.sum()) + quadratic.subtract(w, state)
        xty = working.xty
        statuses = [CONVERGED] * len(alphas)
        for k in range(first, len(alphas)):
            if errors is not None:
                state += working.xty + errors[:, k] - xty
                xty = working.xty + errors[:, k]
            l1, l2 = alphas[k] * working.l1, alphas[k] * working.l2
            if use_gram:
                self.active_set.solve(
                    working.gram, xty, w, state, alpha * working.l1, l1, l2,
                    working.lower, working.upper,
                )
            statuses[k], epochs, _, qsum = descend(
                quadratic, w, state, qsum, xty, working.sqnorm, l1, l2,
                working.lower, working.upper, problem.yy, tol[k],
                MAX_EPOCHS if use_gram or working.hard else MANY_EPOCHS,
                self.settings.deadline, use_gram,
            )
            self.n_epochs += epochs
            if statuses[k] == EPOCH_LIMIT and not working.hard:
                working.hard = True
                return self._descend(W, first, alphas, tol)
            alpha = alphas[k]
            W[:, k] = w
        return W, statuses

    def _model_errors(self, W, lanes):
        """By how much a rough Gram matrix errs on X' r, in each lane: as measured for
        the coefficients W, or at the last accepted ones."""
        working = self.working
        if not (working.rough and working.use_gram):
            return None
        measured = self.error[:, None]
        if W is not None:
            known = len(self.solved)
            measured = working.model_error(self.C[:known, :lanes], W[:, :lanes])
        errors = np.zeros((len(working), lanes))
        errors[:len(measured)] = measured
        return errors

    def _verify(self, W, alphas):
        """A `Verdict` on the coefficients of each lane, from X itself.

        Sets `solved` to the coefficients with their unpenalised part solved exactly,
        `R` to their residuals and `C` to the correlations of the columns `cols`.
        """
        problem, design = self.problem, self.problem.design
        lanes = len(alphas)
        width = 1 if lanes == 1 or self.lanes == 1 else LANES
        B = np.zeros((len(self.working), width))
        B[:, :lanes] = W[:, :lanes]
        self.R = None  # free the last block before the next is made
        R = np.empty((design.n_samples, width))
        R[:] = problem.y[:, None]
        active = np.flatnonzero(B.any(axis=1))
        design.subtract_product(self.working.columns[active], B[active], R)
        if self.free is not None:
            B[:len(self.free.columns)] += self.free.project(R)
        problem.center_block(R)
        Q = problem.weigh(R)
        loss = np.einsum("ij,ij->j", R, Q)[:lanes]
        cols = self._columns_to_look_at(Q[:, :lanes], loss, alphas)
        if len(cols) * width > len(self._buffer):
            self._buffer = np.empty(len(cols) * width)
        C = self._buffer[:len(cols) * width].reshape(len(cols), width)
        design.gradient(Q, C, cols)
        self.passes += len(cols) / design.n_features
        if self.free is not None and self.free.independent:
            C[:len(self.free.columns)] = 0.0  # but for rounding
        self.cols, self.C, self.R, self.solved = cols, C, R, B
        gap, kkt, penalty = problem.strengths.certify(C, cols, B, alphas, loss)
        return Verdict(gap, kkt, loss, penalty)

    def _columns_to_look_at(self, Q, loss, alphas):
        """The working set, and all columns that screening can not prove inactive."""
        working = self.working
        if len(working) == len(working.mask):
            return working.columns
        if self.screening is None:
            outside = np.flatnonzero(working.mask == 0)
        else:
            self.screening.project(Q, loss)
            outside = self.screening.uncertain(alphas, working.mask)
            others = len(working.mask) - len(working)
            useless = len(outside) > 0.7 * others and alphas[-1] > 0
            self.n_useless = self.n_useless + 1 if useless else 0
        return np.concatenate([working.columns, outside])

    def _all_correlations(self, lane):
        """Correlations of all columns with the residual of one lane: exact where they
        were looked at, otherwise estimated."""
        if self.screening is None:
            c = np.empty(len(self.working.mask))
        else:
            c = self.screening.estimate(lane)
        c[self.cols] = self.C[:, lane]
        return c

    def _advance(self, alphas, first, last, verdict):
        """Go on from lane last - 1; lanes from `first` on were accepted together."""
        if first == last:
            return
        lane = last - 1
        c, alpha = self._all_correlations(lane), float(alphas[lane])
        before, above = self.c, self.alpha
        if last - first > 1:
            before, above = self._all_correlations(lane - 1), float(alphas[lane - 1])
        if alpha < above:
            self.slope = (c - before) / (alpha - above)
        self.c, self.alpha = c, alpha
        known = len(self.solved)  # the working set may have grown since
        self.w = np.zeros(len(self.working))
        self.w[:known] = self.solved[:, lane]
        if self.working.rough and self.working.use_gram:
            self.error = self.working.model_error(
                self.C[:known, [lane]], self.w[:, None]
            )[:, 0]
        if self.screening is not None:
            self.screening.learn(self.cols, self.C[:, lane].copy(), self.R[:, lane],
                                 float(verdict.loss[lane]))
            if self.n_useless > 2:
                self.screening = None

    def _solution(self, alphas, k, verdict, rounds, status):
        w = self.solved[:, k]
        active = w.nonzero()[0]
        return Solution(
            alphas[k], self.working.columns[active], w[active], verdict.loss[k],
            verdict.penalty[k], verdict.gap[k], verdict.kkt[k], rounds, status,
        )
