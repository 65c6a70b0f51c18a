"""The path solver: batches of alphas on working sets, verified by passes over X.

Several alphas are solved ahead on the working set; one pass over X, which costs about
the same for eight residuals as for one, then verifies all of them. How the problem on the
working set is solved, and how its solutions are verified, is the business of a *step
method*: `ExactSteps` for the squared loss, `NewtonSteps` for all others.

Everything here is in the units of the design: columns of norm in [1, 2), y of norm in
(1/2, 1]. All conversions are powers of two, so that changing the units of X or y
changes nothing but the units of the answer.
"""

import math
from time import monotonic

import numpy as np

from .._core.descent import CONVERGED, OUT_OF_TIME, STALLED
from ._progress import Progress, sharper
from ._solutions import ROUNDING, Solutions, Status, Target, Verified, engines_of
from ._state import PathState

FIRST_BATCH = 4  # alphas of the first batch, at most
NEAR = 0.8  # least ratio to the last alpha of those in the first batch
MOST_IDLE = 3  # rounds in a row without progress
MOST_DECADES = 1e-4  # smallest ratio of alphas that continuation spans


class PathSolver:
    """Solves a decreasing sequence of alphas, warm-started.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    method : callable
        Makes the step method of a `PathState`.
    start : (columns, W) or None
        Coefficients (n_columns, n_outputs) to start from.

    Attributes
    ----------
    alpha_max : float
        The least alpha at which all penalised coefficients are zero.
    c : ndarray (n_features,)
        Correlations with the residual of the last solution, at first the null model.
    late : bool
        Whether the time limit came between two alphas.
    """

    def __init__(self, problem, settings, method, start=None):
        self.problem, self.settings = problem, settings
        self.state = PathState(problem, settings)
        self.state.given_start = start is not None
        self.steps = method(self.state)
        self.state.screening = self.steps.screening()
        self.work, self.target = self.state.work, self.state.target
        self.late = False
        self._start(start)

    @property
    def c(self):
        return self.state.c

    # --- Where to start.

    def _start(self, start):
        """Solve the null model, for alpha_max; then go to the given coefficients."""
        state, column_penalty = self.state, self.problem.column_penalty
        state.c, self.null = self.steps.null_correlations(), np.zeros((0, state.n_outputs))
        if len(self.problem.unpenalised):
            self.null = self._restart(self.steps.null_coefficients()).W
            self.null = self.null[:, :state.n_outputs].copy()
        state.alpha = self.alpha_max = column_penalty.alpha_max(state.c)
        if start is None:
            return
        columns, W = start
        state.add_new(columns)
        place = state.places(columns)
        null, c = state.W.copy(), state.c
        bounds = state.working.lower[place, None], state.working.upper[place, None]
        state.W[place] = np.clip(W, *bounds)
        if self._restart(state.W).loss[0] <= 2.0 * self.problem.yy:
            state.alpha = column_penalty.alpha_max(state.c)
        else:  # worse than to begin with nothing
            self._restart(null)
            state.c, state.given_start = c, False

    def _restart(self, W):
        """Take coefficients W (working, n_outputs) as the last solution."""
        found = self.steps.evaluate(W)
        self.state.c = self.state.correlations(found, 0)
        self.state.go_on_from(found, 0)
        self.steps.go_on_from(found, 0)
        return found

    # --- Batches.

    def solve(self, alphas):
        """Yield `Solutions` until all alphas are solved; `alphas` decrease."""
        self.steps.begin_path(alphas)
        yield from self._solve(alphas)
        self.steps.end_path()

    def _solve(self, alphas):
        alphas = alphas[(yield from self._null_solutions(alphas)):]
        if not len(alphas):
            return
        if self.settings.engine == "auto" and self.steps.takes_all_columns(alphas):
            targets = [Target(float(alpha), True) for alpha in alphas]
            batch = most = self.steps.take_all_columns(self.alpha_max, alphas)
        else:
            targets, most = self._with_continuation(alphas), self.steps.batch_width
            near = sum(each.alpha >= NEAR * self.state.alpha for each in targets[:most])
            batch = min(max(near, 1), FIRST_BATCH)
        begun = False
        while targets:
            if monotonic() > self.settings.deadline:
                if begun:
                    self.late = True
                    return
                targets = [each for each in targets if each.asked]
            ahead, targets = self._next_batch(targets, min(batch, most))
            rounds = yield from self._solve_batch(ahead, not targets)
            begun = begun or any(each.asked for each in ahead)
            batch = min(2 * batch, most) if rounds < 3 else max(batch // 2, 1)

    def _null_solutions(self, alphas):
        """Yield the null model at the alphas that are at least `alpha_max`, where it is
        the solution, one at a time; returns for how many, fewer where it is not accurate
        enough."""
        problem, state, zero = self.problem, self.state, np.zeros(1)
        if (
            not len(alphas) or alphas[0] < self.alpha_max
            or not problem.column_penalty.l1.any()  # no coefficient is zero
        ):
            return 0
        rounding = np.array([min(problem.rounding, 0.5 * problem.yy)])
        if not rounding[0] <= self.target:
            return 0
        found = Verified(
            rounding, zero, np.array([problem.yy]), zero, zero, state.W[:0],
            np.zeros((1, state.n_outputs)), None, None, None,
        )
        count = np.count_nonzero(alphas >= self.alpha_max)
        for k in range(count):
            if len(self.null):
                W = np.zeros((len(state.working), state.n_outputs))
                W[:len(self.null)] = self.null
                found = self.steps.verify(W, alphas[k:k + 1])
                if not self._reached(found)[0]:
                    return k
            state.engine = ["null"]
            yield self.solutions(alphas[k:k + 1], slice(0, 1), found, 1, Status.optimal)
        return count

    def _with_continuation(self, alphas):
        """The alphas asked for and, where the next is far, others on the way to it."""
        targets, above, ratio = [], self.state.alpha, self.steps.continuation_ratio
        for alpha in alphas:
            floor = max(float(alpha), MOST_DECADES * self.state.alpha)
            if 0.0 < floor < ratio**1.5 * above:
                count = math.ceil(math.log(floor / above) / math.log(ratio))
                targets += [
                    Target(above * (floor / above) ** (k / count), False)
                    for k in range(1, count)
                ]
            targets.append(Target(float(alpha), True))
            above = alpha
        return targets

    def _next_batch(self, targets, size):
        """The alphas to solve next, with the columns that they need, and the rest."""
        if not targets[0].asked and not self.state.working.use_gram:
            size = 1  # one leads to the next
        ahead, rest = targets[:size], targets[size:]
        self.state.look_ahead(ahead[-1].alpha)
        if self.steps.solves_together():  # where no alpha helps the next
            ahead = [each for each in ahead if each.asked] or ahead[-1:]
        return ahead, rest

    def _solve_batch(self, ahead, last):
        """Yield the solutions at the alphas that were asked for; returns how many rounds
        it took. After the last batch nothing is made ready to go on from."""
        state, count, first, rounds = self.state, len(ahead), 0, 0
        alphas = np.array([each.alpha for each in ahead])
        on_the_way = [k for k, each in enumerate(ahead) if not each.asked]
        targets = np.full(count, self.target)
        kkt_tol = np.full(count, self.settings.kkt_tol, dtype=float)
        if on_the_way:
            targets[on_the_way] = self.steps.continuation_gap * self.problem.null_objective
            kkt_tol[on_the_way] = math.inf
        inner = 0.3 * targets
        W, progress, stalled, state.kkt_tol = None, None, [], kkt_tol
        while first < count:
            rounds += 1
            self.work.rounds += 1
            W, statuses = self.steps.solve(W, first, alphas, inner)
            self.steps.drop_rounding(W, alphas)
            found = None  # (whose memory is used again)
            with self.work.phase("verify"):
                found = self.steps.verify(W, alphas)
            W, done = found.W, first
            reached = found.gap <= targets
            if self.settings.kkt_tol < math.inf:
                reached &= found.kkt <= kkt_tol
            while first < count and reached[first]:
                first += 1
            if first > done:
                which = slice(done, first)
                if on_the_way:
                    which = [k for k in range(done, first) if k not in on_the_way]
                if which:  # (a slice is true)
                    yield self.solutions(alphas, which, found, rounds, Status.optimal)
            if first == count and last:
                break
            self._advance(alphas, done, first, found)
            if first == count:
                break
            added = state.add_violators(found, first, alphas)
            progress = progress or Progress(targets, kkt_tol, count)
            progress.note(found.gap, found.kkt)
            if added:
                progress.idle[:] = 0
            near = self._near(found, targets, kkt_tol)
            stuck = (progress.idle >= MOST_IDLE) | (inner < 1e-8 * targets)
            stuck[stalled] = True
            while first < count:
                status = Status.optimal if reached[first] else self._give_up(
                    statuses[first], added, near[first], stuck[first], rounds
                )
                if status is None:
                    break
                self._advance(alphas, first, first + 1, found)
                if first not in on_the_way:
                    yield self.solutions(alphas, [first], found, rounds, status)
                first += 1
                if added:
                    break
            if added:
                W = np.vstack([W, np.zeros((added, W.shape[1]))])
                inner[stalled], stalled, state.kkt_tol = 0.3 * targets[stalled], [], kkt_tol
            else:
                inner = 0.1 * sharper(inner, kkt_tol, found.gap, found.kkt)
                # until there are new columns, more steps are of no use to these
                stalled += [k for k, status in enumerate(statuses) if status == STALLED]
                state.kkt_tol = kkt_tol.copy()
                inner[stalled] = state.kkt_tol[stalled] = math.inf
        return rounds

    def _advance(self, alphas, first, last, found):
        """Go on from the alpha before `last`; those from `first` on were accepted
        together."""
        if first == last:
            return
        k = last - 1
        self.state.extrapolate(found, k - 1 if last - first > 1 else -1, k, alphas)
        self.state.go_on_from(found, k)
        self.steps.go_on_from(found, k, alphas[first:last])
        self.state.learn(found, k)

    # --- How an alpha ends.

    def _reached(self, found):
        """Whether both tolerances were met, of each alpha."""
        return (found.gap <= self.target) & (found.kkt <= self.settings.kkt_tol)

    def _near(self, found, targets, kkt_tol):
        """Whether what was missed was missed by little."""
        near = (found.gap <= 10.0 * targets) & (found.kkt <= 10.0 * kkt_tol)
        return near | (found.gap <= ROUNDING * self.problem.null_objective)

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

    # --- Coefficients that were found elsewhere.

    def verify(self, columns, W, alphas, engine):
        """`Verified` coefficients W (n_columns, n_vectors) of some columns."""
        state = self.state
        state.add_new(columns)
        block = np.zeros((len(state.working), W.shape[1]))
        block[state.places(columns)] = W
        state.engine = list(engine)
        return self.steps.verify(block, alphas)

    def certify_given(self, alphas, columns, W, gaps=None):
        """Yield the solutions given by coefficients W (n_columns, n_alphas), with bounds
        on their gaps if any are known."""
        for first in range(0, len(alphas), self.steps.batch_width):
            late = monotonic() > self.settings.deadline
            if late and first > 0:
                self.late = True
                return
            ahead = np.asarray(alphas[first:first + self.steps.batch_width], dtype=float)
            which = slice(first, first + len(ahead))
            found = self.verify(columns, W[:, which], ahead, ["ridge"] * len(ahead))
            if gaps is not None:
                found = found._replace(gap=np.minimum(found.gap, gaps[which]))
            self.found = found
            reached = self._reached(found)
            near = self._near(found, self.target, self.settings.kkt_tol)
            for k in range(len(ahead)):
                status = Status.optimal
                if not reached[k]:
                    status = (
                        Status.optimal_inaccurate if near[k]
                        else Status.insufficient_progress
                    )
                    if late:
                        status = Status.time_limit
                yield self.solutions(ahead, [k], found, 1, status)

    def solutions(self, alphas, which, found, rounds, status):
        """The solutions at some alphas (a slice or a list) of a verification."""
        state, size, n_outputs = self.state, len(found.W), self.state.n_outputs
        self.steps.note(alphas, which, found)
        W, constant = self.steps.reported(found, alphas), found.constants[which].copy()
        if n_outputs == 1:
            w, constant = W[:, which].T, constant[:, 0]
            at, entries = w.nonzero()
            columns = state.working.columns[entries]
        else:
            w = W.reshape(size, len(alphas), n_outputs)[:, which].transpose(1, 0, 2)
            w = w.reshape(len(w), size * n_outputs)
            at, entries = w.nonzero()
            places, outputs = np.divmod(entries, n_outputs)
            columns = state.working.columns[places] * n_outputs + outputs
        return Solutions(
            alphas[which], columns, w[at, entries], np.bincount(at, minlength=len(w)),
            found.gap[which], found.kkt[which], found.loss[which], found.penalty[which],
            constant, rounds, status, engines_of(state.engine, which),
        )
