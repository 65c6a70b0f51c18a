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

from .._core.active_set import ActiveSet
from .._core.certificate import extrapolate, losses
from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED, descend
from .._core.design import cache_lines
from .._core.screening import Screening
from .._design._products import LANES
from ._batched_descent import CRAWLING, descend_lanes
from ._diagnostics import Diagnostics
from ._progress import Progress, sharper
from ._working_set import FreeColumns, WorkingSet

EPS = float(np.finfo(float).eps)
MAX_EPOCHS = 200_000  # of coordinate descent, for one alpha on one working set
SMALL_MATRIX = 2 * 10**5  # entries up to which a pass is not worth shortening
SCREENING_BYTES = 8 * 2**20  # of residuals kept as references
FEW_IN_A_ROW = 40  # entries of a sparse row, for which its products are cheap
FIRST_BATCH = 4  # alphas solved ahead before it is known how well that goes
NEAR = 0.8  # ratio of two alphas for that
MOST_LANES = 128  # alphas certified at once from a Gram matrix
LAZY_GRAM = 10**7  # multiply-adds from which it may pay to form it by and by
LARGE_GRAM = 500  # columns from which lanes are tried on a Gram matrix
COST_OF_LANES = 32.0  # a multiply-add in all lanes, against one of the active set's
SMALL_GRAM = 10**6  # multiply-adds of a Gram matrix that are not worth saving
MOST_IDLE = 3  # rounds in a row that improve on nothing
ROUNDING = 1e-12  # relative gap that is as good as none


class ConvergenceWarning(UserWarning):
    """A fit ended before it reached its tolerance: the message names what was missed."""

    __module__ = "riata"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came in the middle of a path or a cross-validation.

    A `KeyboardInterrupt` like any other, that knows what was finished.

    Parameters
    ----------
    result : PathResult or CVResult
        The alphas, or the folds, that were finished before; also an attribute.

    Examples
    --------
    >>> from riata import Interrupted
    >>> try:
    ...     raise Interrupted("what was finished")
    ... except KeyboardInterrupt as stop:
    ...     print(stop.result)
    what was finished
    """

    __module__ = "riata"

    def __init__(self, result):
        super().__init__("interrupted; .result has what was finished")
        self.result = result


class Status(str, Enum):
    """How the fit at one alpha ended.

    Only ``optimal`` says that all tolerances were reached. A fit that rounding errors
    keep from its tolerance ends as ``optimal_inaccurate`` if it came within ten times
    the tolerance or to a relative gap of 1e-12, and as ``insufficient_progress``
    otherwise: no step improves on it in double precision.

    Examples
    --------
    >>> Status.optimal == "optimal"
    True
    """

    __module__ = "riata"

    optimal = "optimal"
    #: within ten times the tolerance, or a relative gap of 1e-12
    optimal_inaccurate = "optimal_inaccurate"
    iteration_limit = "iteration_limit"
    time_limit = "time_limit"
    interrupted = "interrupted"
    insufficient_progress = "insufficient_progress"
    #: columns without a penalty separate the samples: there is no finite solution
    unbounded_or_separable = "unbounded_or_separable"

    def __str__(self):
        return self.value


# How fits end that more time would not help.
BY_ROUNDING = {Status.optimal_inaccurate, Status.insufficient_progress}


class Settings(NamedTuple):
    """How to solve; nothing of the data."""

    tol: float = 1e-6
    max_iter: int = 1000
    deadline: float = math.inf
    engine: str = "auto"  # "gram" or "residual" for experts and tests
    lanes: int = LANES
    screening: bool = True
    kkt_tol: float = math.inf  # largest KKT violation, in the user's units


class Step(NamedTuple):
    """An alpha to solve; a rung (not wanted) is only on the way to the next."""

    alpha: float
    wanted: bool


class Solutions(NamedTuple):
    """The answers at some alphas, in the units of the design; arrays of length (lanes,)
    but for `columns` and `w`, which hold the non-zero coefficients of all of them."""

    alphas: np.ndarray
    columns: np.ndarray
    w: np.ndarray
    n_active: np.ndarray
    gap: np.ndarray
    kkt: np.ndarray  # in the user's units
    loss: np.ndarray  # ||r||^2
    penalty: np.ndarray
    constant: np.ndarray  # intercept of the centred columns, less that of the null model
    n_iter: int
    status: Status
    engine: list


class Verdict(NamedTuple):
    """What a verification found of each lane; arrays of length (lanes,)."""

    gap: np.ndarray
    kkt: np.ndarray
    loss: np.ndarray
    penalty: np.ndarray
    square: np.ndarray  # ||r||^2


class PathSolver:
    """Solves a decreasing sequence of alphas, warm-started.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    start : (columns, w) or None
        Coefficients to start from.
    """

    rung = 0.65  # ratio of two alphas on the way to one that is far from the last
    rung_gap = 1e-3  # relative gap that will do there

    def __init__(self, problem, settings, start=None):
        self.problem, self.settings = problem, settings
        self.target = settings.tol * (problem.null_objective or EPS)
        self.kkt_tol = np.full(1, math.inf)  # of each lane
        self.working = WorkingSet(problem, settings)
        self.free = self._free_columns()
        self.active_set = ActiveSet()
        self.exact_gram = False  # all correlations can be had from a Gram matrix
        self.error = np.zeros(0)  # of a rough Gram matrix, at the last solution
        self.w, self.w_slope = np.empty(0), None
        self.work = Diagnostics()
        self.work.passes, self.work.columns_touched = 1.0, problem.design.n_features
        self.engine = []  # of each lane
        self.constants = self._no_constants()  # likewise
        p = problem.design.n_features
        # correlations are kept for all columns and lanes: not more than X itself takes
        afford = max(2**26, 8 * problem.design.nnz) >= 8 * LANES * p
        self.lanes = LANES if settings.lanes > 1 and afford else 1
        self._buffer = np.empty(0)
        self.screening = self._screening()
        self.n_useless = 0  # passes in a row that screening hardly shortened
        self.from_afar = start is not None
        self.late = False  # whether time ran out between two alphas
        self._start(start)

    def _no_constants(self):
        return np.zeros(MOST_LANES)

    def _free_columns(self):
        problem = self.problem
        return FreeColumns(problem, problem.free) if len(problem.free) else None

    def _screening(self):
        """Screening, where looking at a column costs more than a bound on it."""
        problem, design = self.problem, self.problem.design
        per_column = design.nnz / design.n_features
        if (
            not self.settings.screening or design.nnz < SMALL_MATRIX
            or per_column < (40 if design.sparse else 32)
        ):
            return None
        n_slots = min(max(SCREENING_BYTES // (8 * design.n_samples), 2), 16)
        return Screening(design, problem.strengths.l1, problem.y, n_slots)

    def _start(self, start):
        """The null model, which gives alpha_max; then the given coefficients."""
        self.c, self.slope, self.alpha = self._null_correlations(), None, 1.0
        columns, self.null = self.problem.unpenalised, np.zeros((0, 1))
        if len(columns):
            self._add(columns)
            W, _ = self._descend(None, 0, np.ones(1), [1e-3 * self.target])
            self._restart(W)
            self.null = self.solved.copy()
        self.alpha = self.alpha_max = self.problem.strengths.alpha_max(self.c)
        if start is None:
            return
        columns, w = start
        self._add(np.setdiff1d(columns, self.working.columns))
        place = self._places(columns)
        null, c = self.w.copy(), self.c
        lower, upper = self.working.lower[place], self.working.upper[place]
        self.w[place] = np.clip(w, lower, upper)
        loss = self._restart(self.w[:, None])
        if not loss <= 2.0 * self.problem.yy:  # worse than to begin with nothing
            self._restart(null[:, None])
            self.c, self.from_afar = c, False
        else:
            self.alpha = self.problem.strengths.alpha_max(self.c)

    def _null_correlations(self):
        """Correlations of all columns with the residual of the null model."""
        return self.problem.design.xty

    def _restart(self, W):
        """Take the only column of W as the point to go on from; returns its loss."""
        verdict = self._verify(W, np.zeros(1))
        self.c = self._all_correlations(0)
        self.w = self.solved[:, 0].copy()
        return verdict.loss[0]

    def _places(self, columns):
        """Positions of columns in the working set."""
        place = np.empty(len(self.working.mask), dtype=np.intp)
        place[self.working.columns] = np.arange(len(self.working))
        return place[columns]

    def _add(self, columns):
        self.working.add(columns)
        self.w = np.concatenate([self.w, np.zeros(len(columns))])

    def solve(self, alphas):
        """Yield `Solutions` until all alphas are solved; `alphas` decrease."""
        alphas = alphas[(yield from self._null_solutions(alphas)):]
        if not len(alphas):
            return
        if self.settings.engine == "auto" and self._full_gram_pays(alphas):
            self._take_all_columns(alphas)
            steps = [Step(float(alpha), True) for alpha in alphas]
            small = self.exact_gram and len(self.working) < LARGE_GRAM
            batch = most = MOST_LANES if small else self.lanes
        else:
            steps, most = self._with_rungs(alphas), self.lanes
            near = sum(step.alpha >= NEAR * self.alpha for step in steps[:most])
            batch = min(max(near, 1), FIRST_BATCH)
        begun = False
        while steps:
            if monotonic() > self.settings.deadline:
                if begun:
                    self.late = True
                    return
                steps = [step for step in steps if step.wanted]
            ahead, steps = self._next_batch(steps, min(batch, most))
            rungs = [k for k, step in enumerate(ahead) if not step.wanted]
            targets = np.full(len(ahead), self.target)
            if rungs:
                targets[rungs] = self.rung_gap * self.problem.null_objective
            asked = np.array([step.alpha for step in ahead])
            rounds = yield from self._solve_batch(asked, targets, rungs, not steps)
            begun = begun or len(rungs) < len(ahead)
            batch = min(2 * batch, most) if rounds < 3 else max(batch // 2, 1)

    def _null_solutions(self, alphas):
        """Yield the null model at the alphas that are at least `alpha_max`, where it is
        the solution, one at a time; returns for how many, fewer where it is not accurate
        enough."""
        if not len(alphas) or alphas[0] < self.alpha_max or not self._selects():
            return 0
        zero, rounding = np.zeros(1), np.array([self.problem.rounding])
        rounding = np.minimum(rounding, 0.5 * self.problem.yy)
        if not rounding[0] <= self.target:
            return 0
        verdict = Verdict(rounding, zero, np.array([self.problem.yy]), zero, zero)
        count = np.count_nonzero(alphas >= self.alpha_max)
        for k in range(count):
            if len(self.null):
                W = np.zeros((len(self.working), self.null.shape[1]))
                W[:len(self.null)] = self.null
                verdict = self._verify(W, alphas[k:k + 1])
                if not self._reached(verdict)[0]:
                    return k
            else:
                self.solved, self.constants = self.null, self._no_constants()
            self.engine = ["null"]
            yield self._solutions(
                alphas[k:k + 1], slice(0, 1), verdict, 1, Status.optimal
            )
        return count

    def _selects(self):
        """Whether an L1 penalty holds any coefficient at zero."""
        return bool(self.problem.strengths.l1.any())

    def _take_all_columns(self, alphas):
        columns = (self.problem.design.sqnorm > 0).nonzero()[0]
        if len(self.working):
            columns = columns[self.working.mask[columns] == 0]
        self._add(columns)
        self.working.complete = True
        self.exact_gram = self._exact_gram_pays(alphas)
        if self.exact_gram:
            self.working.may_be_rough, self.screening = False, None
            design, size = self.problem.design, len(columns)
            if (
                size == len(self.working) >= 4 * LANES and self.problem.by_columns
                and not self._at_once() and design.n_samples * size**2 > LAZY_GRAM
            ):
                lazy = self.working.extend_gram_lazily(self.alpha_max, alphas[-1])
                self.active_set.form_when_free(lazy.formed, lazy.form)

    def _next_batch(self, steps, size):
        """The steps to solve next, with the columns that they need, and the rest."""
        if not steps[0].wanted and not self.working.use_gram:
            size = 1  # one leads to the next
        ahead, rest = steps[:size], steps[size:]
        self._look_ahead(ahead[-1].alpha)
        if self._at_once():  # where no rung helps the next
            ahead = [step for step in ahead if step.wanted] or ahead[-1:]
        return ahead, rest

    def _with_rungs(self, alphas):
        """The asked alphas and, where the next is far, rungs of a ladder down to it."""
        steps, above = [], self.alpha
        for alpha in alphas:
            floor = max(float(alpha), 1e-4 * self.alpha)
            if 0.0 < floor < self.rung**1.5 * above:
                count = math.ceil(math.log(floor / above) / math.log(self.rung))
                steps += [
                    Step(above * (floor / above) ** (k / count), False)
                    for k in range(1, count)
                ]
            steps.append(Step(float(alpha), True))
            above = alpha
        return steps

    def adopt(self, alphas, columns, W, gaps=None):
        """Solutions for coefficients found elsewhere: W (columns, alphas), with bounds on
        their gaps if any are known."""
        self._add(columns[self.working.mask[columns] == 0])
        place = self._places(columns)
        for first in range(0, len(alphas), self.lanes):
            late = monotonic() > self.settings.deadline
            if late and first > 0:
                self.late = True
                return
            ahead = np.asarray(alphas[first:first + self.lanes], dtype=float)
            block = np.zeros((len(self.working), len(ahead)))
            self.engine = ["ridge"] * len(ahead)
            block[place] = W[:, first:first + len(ahead)]
            verdict = self._verify(block, ahead)
            if gaps is not None:
                known = gaps[first:first + len(ahead)]
                verdict = verdict._replace(gap=np.minimum(verdict.gap, known))
            reached = self._reached(verdict)
            near = self._near(verdict, self.target, self.settings.kkt_tol)
            for k in range(len(ahead)):
                status = Status.optimal
                if not reached[k]:
                    status = (
                        Status.optimal_inaccurate if near[k]
                        else Status.insufficient_progress
                    )
                    if late:
                        status = Status.time_limit
                yield self._solutions(ahead, [k], verdict, 1, status)

    def _full_gram_pays(self, alphas):
        """Whether to start with all columns: few of them, or many fewer than rows."""
        design = self.problem.design
        n, p = design.n_samples, design.n_features
        if n * p * p <= SMALL_GRAM:
            return True
        # a sparse Gram matrix costs the square of what is in a row
        cheap = not design.sparse or design.nnz <= FEW_IN_A_ROW * n
        far = len(alphas) >= 10 or (len(alphas) and alphas[-1] < 0.02 * self.alpha)
        return far and p <= 4000 and n >= 5 * p and cheap

    def _exact_gram_pays(self, alphas):
        """Whether all products in double precision cost less than the passes that they
        save. Columns (nearly) without a penalty magnify their rounding."""
        design, size = self.problem.design, len(self.working)
        few = (
            design.sparse or size <= 20 * len(alphas)
            or design.n_samples * size**2 <= SMALL_GRAM
        )
        weakest = self.working.l1.min(initial=1.0)
        return few and len(alphas) > 0 and weakest * alphas[-1] > 1e-6

    def _solve_batch(self, alphas, targets, rungs, last):
        """Yield the solutions at the alphas but the rungs, each to its target gap;
        returns how many rounds it took. After the last batch nothing is made ready to go
        on from."""
        lanes, first, rounds = len(alphas), 0, 0
        inner = 0.3 * targets
        kkt_tol = np.full(lanes, self.settings.kkt_tol, dtype=float)
        if rungs:
            kkt_tol[rungs] = math.inf
        W, progress, stalled, self.kkt_tol = None, None, [], kkt_tol
        while first < lanes:
            rounds += 1
            self.work.rounds += 1
            W, statuses = self._descend(W, first, alphas, inner)
            self._drop_rounding(W, alphas)
            with self.work.phase("verify"):
                verdict = self._verify(W, alphas)
            W, done = self.solved, first
            reached = verdict.gap <= targets
            if self.settings.kkt_tol < math.inf:
                reached &= verdict.kkt <= kkt_tol
            while first < lanes and reached[first]:
                first += 1
            if first > done:
                which = slice(done, first)
                if rungs:
                    which = [k for k in range(done, first) if k not in rungs]
                yield self._solutions(alphas, which, verdict, rounds, Status.optimal)
            if first == lanes and last:
                break
            self._advance(alphas, done, first, verdict)
            if first == lanes:
                break
            added = self._add_violators(first, alphas)
            progress = progress or Progress(targets, kkt_tol, lanes)
            progress.note(verdict.gap, verdict.kkt)
            if added:
                progress.idle[:] = 0
            near = self._near(verdict, targets, kkt_tol)
            stuck = (progress.idle >= MOST_IDLE) | (inner < 1e-8 * targets)
            stuck[stalled] = True
            while first < lanes:
                status = Status.optimal if reached[first] else self._give_up(
                    statuses[first], added, near[first], stuck[first], rounds
                )
                if status is None:
                    break
                self._advance(alphas, first, first + 1, verdict)
                if first not in rungs:
                    yield self._solutions(alphas, [first], verdict, rounds, status)
                first += 1
                if added:
                    break
            if added:
                W = np.vstack([W, np.zeros((added, W.shape[1]))])
                inner[stalled], stalled, self.kkt_tol = 0.3 * targets[stalled], [], kkt_tol
            else:
                inner = 0.1 * sharper(inner, kkt_tol, verdict.gap, verdict.kkt)
                # until there are new columns, more steps are of no use to these
                stalled += [k for k, status in enumerate(statuses) if status == STALLED]
                self.kkt_tol = kkt_tol.copy()
                inner[stalled] = self.kkt_tol[stalled] = math.inf
        return rounds

    def _drop_rounding(self, W, alphas):
        """Set coefficients to zero that differ from it by no more than rounding."""
        # |x_j' r| < 2, with an error of some eps sqrt(n)
        noise = 4.0 * EPS * math.sqrt(self.problem.design.n_samples)
        self.problem.strengths.drop_rounding(self.working.columns, W, alphas, noise)

    def _reached(self, verdict):
        """Whether both tolerances were met, of each alpha."""
        return (verdict.gap <= self.target) & (verdict.kkt <= self.settings.kkt_tol)

    def _near(self, verdict, targets, kkt_tol):
        """Whether what was missed was missed by little."""
        near = (verdict.gap <= 10.0 * targets) & (verdict.kkt <= 10.0 * kkt_tol)
        return near | (verdict.gap <= ROUNDING * self.problem.null_objective)

    def _give_up(self, inner_status, added, near, stuck, rounds):
        """The status to end an alpha with, or None to go on."""
        settings = self.settings
        if inner_status == OUT_OF_TIME or monotonic() > settings.deadline:
            return Status.time_limit
        if not added and (inner_status == STALLED or stuck):
            return Status.optimal_inaccurate if near else Status.insufficient_progress
        if rounds >= settings.max_iter or (not added and inner_status != CONVERGED):
            return Status.optimal_inaccurate if near else Status.iteration_limit
        return None

    def _look_ahead(self, last):
        """Add the columns that may be active by the last alpha of the batch."""
        if len(self.working) == len(self.working.mask):
            return
        slope, gamma = self.slope, 0.05 if self.working.use_gram else 1.0
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
        working = self.working
        if W is None:
            self.engine = ["null"] * len(alphas)
        if not len(working):
            return np.zeros((0, len(alphas))), [CONVERGED] * len(alphas)
        if working.use_gram and (working.lazy is None or W is not None):
            with self.work.phase("gram"):
                working.extend_gram()
        with self.work.phase("solve"):
            if self._at_once():
                solution = self._descend_at_once(W, first, alphas, tol)
                if CRAWLING not in solution[1]:
                    W, statuses = solution
                else:
                    working.crawls = True
                    W, statuses = self._descend_one_by_one(W, first, alphas, tol)
            else:
                W, statuses = self._descend_one_by_one(W, first, alphas, tol)
        self.work.gram = working.n_formed
        if EPOCH_LIMIT in statuses and not working.hard:
            working.hard = True
            return self._descend(W, first, alphas, tol)
        return W, statuses

    def _at_once(self):
        """Whether to solve all lanes side by side."""
        working = self.working
        if not working.use_gram:
            return self.problem.design.sparse
        # no more coefficients are active than there are rows
        most = min(len(working), self.problem.design.n_samples)
        return most >= LARGE_GRAM and not working.crawls

    def _descend_one_by_one(self, W, first, alphas, tol):
        working, problem = self.working, self.problem
        quadratic, start = working.quadratic()
        use_gram = working.use_gram
        # the first try goes without a look at the gap
        quick = W is None and not self.from_afar
        if W is None:
            W = np.empty((len(self.w), len(alphas)))
            W[:] = self.w[:, None]
            w, alpha = self.w.copy(), self.alpha
            errors = self._model_errors(None, len(alphas))
        else:
            w, alpha = W[:, first].copy(), alphas[first]
            errors = self._model_errors(W, len(alphas))
        state = start.copy()
        # (a Gram matrix has no use for the sum)
        qsum = 0.0 if use_gram else float(state.sum())
        qsum += quadratic.subtract(w, state)
        xty = working.xty
        statuses = [CONVERGED] * len(alphas)
        events = self.active_set.n_events
        done = first
        if use_gram and errors is None and quick:
            done = self.active_set.solve_path(
                working.gram, xty, w, state, alpha, alphas, first, working.l1,
                working.l2, working.lower, working.upper, W,
            )
            self.engine[first:done] = ["active set"] * (done - first)
            alpha = alphas[max(done, 1) - 1] if done > first else alpha
        if use_gram and done < len(alphas):
            working.extend_gram()
        for k in range(done, len(alphas)):
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
                MAX_EPOCHS if use_gram or working.hard else working.many_epochs,
                self.settings.deadline, use_gram,
            )
            self.work.epochs += epochs
            self.engine[k] = "descent" if epochs else "active set"
            if statuses[k] == EPOCH_LIMIT and not working.hard:
                break
            alpha = alphas[k]
            W[:, k] = w
        self.work.events += self.active_set.n_events - events
        return W, statuses

    def _descend_at_once(self, W, first, alphas, tol):
        working, problem = self.working, self.problem
        view, order = working.view()
        start = W
        if W is None:
            start = self._ahead(alphas)
        xty = working.xty[:, None]
        if working.use_gram:
            errors = self._model_errors(W, len(alphas))
            xty = state = xty if errors is None else xty + errors
        else:
            state = problem.weigh(problem.y[:, None])
        solved, statuses, effort = descend_lanes(
            problem, view, state, xty[order], problem.yy, start[order], first, alphas, tol,
            MAX_EPOCHS if working.hard else working.many_epochs,
            self.settings.deadline, self._events_pay if working.use_gram else None,
        )
        self.work.epochs += effort.rounds
        self.work.newton += effort.newton
        engine = "newton" if effort.newton else "descent"
        self.engine[first:] = [engine] * (len(alphas) - first)
        W = start.copy()
        W[order] = solved
        return W, statuses

    def _ahead(self, alphas):
        """Coefficients (working, lanes) to start from: those of the last alpha, moved on
        along the path, which is straight between two events."""
        w = self.w[:, None]
        start = np.repeat(w, len(alphas), axis=1)
        if self.w_slope is not None:
            known = len(self.w_slope)
            start[:known] += np.outer(self.w_slope, alphas - self.alpha)
            start[start * w <= 0] = 0.0
            np.clip(
                start, self.working.lower[:, None], self.working.upper[:, None], out=start
            )
        return start

    def _events_pay(self, w, effort, left):
        """Whether to follow the path from event to event costs less than to go on with
        descent in lanes; both in multiply-adds, those of lanes being of eight."""
        size, n_active = len(w), np.count_nonzero(w)
        events = 1.3 * np.count_nonzero((w != 0) ^ (self.w != 0)) + LANES
        one_event = 2 * n_active**2 + n_active * size
        one_round = (4 + effort.newton / effort.rounds) * n_active * size
        return left * one_round * COST_OF_LANES > events * one_event

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
        if self.exact_gram and len(self.working.gram) == len(self.working):
            verdict = self._verify_by_gram(W, alphas)
            if verdict is not None:
                return verdict
        if len(alphas) <= self.lanes:
            return self._verify_by_pass(W, alphas)
        parts = []
        for first in range(0, len(alphas), self.lanes):
            lanes = slice(first, min(first + self.lanes, len(alphas)))
            verdict = self._verify_by_pass(W[:, lanes], alphas[lanes])
            count = len(verdict.gap)
            parts.append((verdict, self.C[:, :count].copy(), self.solved[:, :count]))
        verdicts, C, solved = zip(*parts, strict=True)
        self.C, self.solved, self.R = np.hstack(C), np.hstack(solved), None
        return Verdict(*map(np.concatenate, zip(*verdicts, strict=True)))

    def _verify_by_pass(self, W, alphas):
        """`_verify`, by the residuals and one pass over X with all of them."""
        problem, design = self.problem, self.problem.design
        lanes = len(alphas)
        width = 1 if lanes == 1 else LANES
        B = np.zeros((len(self.working), width))
        B[:, :lanes] = W[:, :lanes]
        self.R = None  # free the last block before the next is made
        R = cache_lines(design.n_samples, width)
        R[:] = problem.y[:, None]
        active = np.flatnonzero(B.any(axis=1))
        design.subtract_product(self.working.columns[active], B[active], R)
        if self.free is not None:
            free = slice(len(self.free.columns))
            B[free] = self.free.least_norm(B[free] + self.free.project(R))
        sums, loss = design.settle(R)
        Q, loss = problem.weigh(R), loss[:lanes]
        cols = self._columns_to_look_at(Q[:, :lanes], loss, alphas)
        if len(cols) * width > len(self._buffer):
            self._buffer = np.empty(len(cols) * width)
        C = self._buffer[:len(cols) * width].reshape(len(cols), width)
        design.gradient(Q, C, cols, sums)
        self.work.passes += len(cols) / design.n_features
        self.work.columns_touched += len(cols)
        if self.free is not None and self.free.independent:
            C[:len(self.free.columns)] = 0.0  # but for rounding
        self.cols, self.C, self.R, self.solved = cols, C, R, B
        gap, kkt, penalty = problem.strengths.certify(C, cols, B, alphas, loss)
        return Verdict(gap, kkt, loss, penalty, loss)

    def _verify_by_gram(self, W, alphas):
        """As `_verify`, from the Gram matrix of all columns; None if its rounding might
        matter."""
        working, lanes = self.working, len(alphas)
        W = np.ascontiguousarray(W[:, :lanes])
        C = working.xty[:, None] - working.gram_product(W)
        # |x_i' x_j| < 4, each with an error of some eps sqrt(n)
        noise = 4.0 * EPS * math.sqrt(self.problem.design.n_samples)
        loss, rounding = losses(
            self.problem.yy, working.xty, C, W, noise * self.problem.magnified
        )
        if rounding.max() > 0.03 * self.target:
            return None
        self.cols, self.C, self.R, self.solved = working.columns, C, None, W
        gap, kkt, penalty = self.problem.strengths.certify(C, self.cols, W, alphas, loss)
        return Verdict(gap + rounding, kkt, loss, penalty, loss)

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
            c = np.zeros(len(self.working.mask))  # columns of zeros are not looked at
        else:
            c = self.screening.estimate(lane)
        c[self.cols] = self.C[:, lane]
        return c

    def _extrapolate(self, before, lane, alphas):
        """Set `c` to the correlations at a lane's alpha, and `slope` to their change
        since the lane `before` (-1: since the last alpha)."""
        alpha = float(alphas[lane])
        step = alpha - (self.alpha if before < 0 else float(alphas[before]))
        if self.slope is None:
            self.slope, self.c = np.zeros_like(self.c), self.c.copy()
        if self.screening is not None:  # estimates, where they were not looked at
            earlier = self.c if before < 0 else self.screening.estimate(before)
            c = self.screening.estimate(lane)
            if step:
                self.slope = (c - earlier) / step
            c[self.cols] = self.c[self.cols]
            self.c = c
        extrapolate(self.C, self.cols, before, lane, step, self.c, self.slope)
        self.alpha = alpha

    def _advance(self, alphas, first, last, verdict):
        """Go on from lane last - 1; lanes from `first` on were accepted together."""
        if first == last:
            return
        lane = last - 1
        self._extrapolate(lane - 1 if last - first > 1 else -1, lane, alphas)
        self.w_slope = None
        if last - first > 1 and alphas[lane] < alphas[lane - 1]:
            change = self.solved[:, lane] - self.solved[:, lane - 1]
            self.w_slope = change / (alphas[lane] - alphas[lane - 1])
        known = len(self.solved)  # the working set may have grown since
        self.w = np.zeros(len(self.working))
        self.w[:known] = self.solved[:, lane]
        if self.working.rough and self.working.use_gram:
            self.error = self.working.model_error(
                self.C[:known, [lane]], self.w[:, None]
            )[:, 0]
        if self.screening is not None and self.R is not None:
            self.screening.learn(self.cols, self.C[:, lane].copy(), self.R[:, lane],
                                 float(verdict.square[lane]))
            if self.n_useless > 2:
                self.screening = None

    def _solutions(self, alphas, which, verdict, rounds, status):
        """The solutions of some lanes (a slice or a list) of a verification."""
        w, alphas = self.solved[:, which].T, alphas[which]
        lanes, places = w.nonzero()
        gap, kkt, loss, penalty, _ = (part[which] for part in verdict)
        engine = self.engine[which] if isinstance(which, slice) else [
            self.engine[k] for k in which
        ]
        return Solutions(
            alphas, self.working.columns[places], w[lanes, places],
            np.bincount(lanes, minlength=len(alphas)), gap, kkt, loss, penalty,
            self.constants[which].copy(), rounds, status, engine,
        )
