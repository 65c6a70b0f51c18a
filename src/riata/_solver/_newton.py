"""Newton's method with a penalty, for losses other than the squared.

Between two passes over X the batch is solved on the working set by steps to the optimum of
a quadratic model, which is penalised weighted least squares, so that the engines of the
squared loss solve it (prox-Newton: Lee, Sun & Saunders 2014, doi:10.1137/130921428;
newGLMNET: Yuan, Ho & Lin 2012). The gradient is exact, for all alphas at once; the
curvature may be old. Which Hessian serves which alpha is decided by a *Hessian policy*.
"""

import math
from time import monotonic

import numpy as np

from .._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED
from .._design._products import LANES, add_product, gradient, product
from .._problem._predictors import BEND, CURVATURE, EXCESS, LOSS, SIZES, SLOPE
from ._dual_point import NEGLIGIBLE, columns_not_held, gap_of_dual_point
from ._hessians import SharedHessian
from ._line_search import SHORTEST, change_of_loss, falls_enough, rounding_of
from ._progress import Progress, sharper
from ._separation import is_separated
from ._solutions import Verified
from ._steps import SMALL_GRAM, StepMethod
from ._warm_start import WarmStarts

MAX_STEPS = 1000  # Newton steps of one batch on one working set
HOPELESS = {20, 40, 80, 160, 320, 640}  # of them after which separation is looked for
MOST_IDLE = 25  # of them in a row that improve on nothing
FEW_IDLE = 6  # the same where changes of the objective may be rounding
FARTHEST = 1e100  # step of a coefficient
IDLE = 1e-13  # share of the coefficients: a step that may be rounding
SETTLED = 1e-8  # share of the residuals' sizes that their sum may be


class NewtonSteps(StepMethod):
    """Solves penalised problems with any loss by Newton steps on the working set.

    An alpha has as many vectors (of coefficients, predictors, residuals) as the problem
    has outputs; the vectors of a batch lie side by side.

    Parameters
    ----------
    state : PathState
    policy : callable, optional
        Makes the Hessian policy of these steps.
    guide : Guide, optional
        Solutions for paths on similar samples: written, or followed if it has been.

    Attributes
    ----------
    at : Predictors
        The predictors that belong to the coefficients at hand, and the loss there.
    shift : ndarray (n_vectors,)
        Their intercepts, less those of the null model.
    proved : ndarray of bool (n_alphas,)
        Whether the gaps that were verified last rest on no assumption.
    """

    continuation_ratio, continuation_gap = 0.4, 0.1  # a Newton step goes far

    def __init__(self, state, policy=SharedHessian, guide=None):
        super().__init__(state)
        problem, strengths = self.problem, self.problem.strengths
        # no coefficient is pulled to zero or held by a bound: all are active
        self.smooth = strengths.lower is None and not strengths.l1.any()
        used = problem.design.sqnorm > 0
        self.proved = np.zeros(1, dtype=bool)
        self.weakest = np.maximum(strengths.l1, strengths.l2)[used].min(initial=math.inf)
        self.warm = WarmStarts(state, guide)
        self.hessian = policy(self)
        self._rooms = {}  # predictors by their number of vectors
        self.at, self.shift = None, np.zeros(problem.n_outputs)
        self.last_eta = problem.null_eta  # of the last solution
        self.last_shift = np.zeros(problem.n_outputs)

    def null_correlations(self):
        problem = self.problem
        if problem.n_outputs == 1:
            return super().null_correlations()
        columns = np.arange(problem.design.n_features)
        pull = problem.weigh(problem.datafit.residuals(problem.null_eta))
        return problem.penalty.pull(gradient(problem.design, pull, columns), columns)

    def begin_path(self, alphas):
        self.warm.begin_path(alphas)
        if self.warm.follows:
            self.continuation_ratio = 0.0

    def end_path(self):
        self.warm.end_path()

    def note(self, alphas, which, found):
        self.warm.note(alphas, which, found, self.hessian.model_of)

    def reported(self, found, alphas):
        return self.problem.datafit.representative(found.W, self.working, alphas)

    def takes_all_columns(self, alphas):
        design = self.problem.design
        return self.smooth or design.n_samples * design.n_features**2 <= SMALL_GRAM

    # --- The predictors.

    @property
    def n_vectors(self):
        return len(self.shift)

    @property
    def loss(self):
        """Losses, in the units of the design; of several outputs, equal parts of it."""
        return self.at.sums[LOSS, :self.n_vectors]

    @property
    def intercept_gradient(self):
        """Sums of the weighted residuals."""
        return self.at.sums[EXCESS, :self.n_vectors]

    def together(self, values):
        """Values of the vectors, added up over the outputs of each alpha."""
        outputs = self.problem.n_outputs
        if outputs == 1:
            return values
        return np.repeat(values.reshape(-1, outputs).sum(axis=1), outputs)

    def room(self, count):
        """`Predictors` for so many vectors."""
        width = count
        if count > 1 and self.problem.n_outputs == 1:
            width = -(-count // LANES) * LANES
        if width not in self._rooms:
            self._rooms[width] = self.problem.datafit.predictors(width)
        return self._rooms[width]

    def product(self, columns, B):
        """``eta_unit X~[:, columns] @ B``, without copies of the columns."""
        out = product(self.problem.design, columns, self.problem.eta_unit * B)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0  # where the loss might overflow
        return out

    def _add_product(self, columns, B, out):
        if out.shape[1] != 1 and out.shape[1] % LANES:
            out += self.product(columns, B)
            return
        add_product(self.problem.design, columns, self.problem.eta_unit * B, out)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0

    def _broadcast(self, n_alphas):
        """Set the predictors of all alphas to those of the last solution."""
        outputs, count = self.problem.n_outputs, n_alphas * self.problem.n_outputs
        self.at = at = self.room(count)
        self.shift = np.tile(self.last_shift, n_alphas)
        if outputs > 1:
            at.eta[:, :count] = np.tile(self.last_eta, n_alphas)
            at.look(at.every[:count])
            return
        at.eta[:] = self.last_eta
        at.look(at.every[:1])
        at.sums[:] = at.sums[:, :1]
        if count > 1:
            at.pull[:] = at.pull[:, :1]

    def evaluate(self, W):
        """Set the predictors to those of coefficients W (working, n_vectors), with optimal
        intercepts."""
        count = W.shape[1]
        if self.at is None or self.n_vectors != count:
            self.at, self.shift = self.room(count), np.zeros(count)
        at, active = self.at, W.any(axis=1).nonzero()[0]
        at.eta[:] = 0.0
        self._add_product(self.working.columns[active], W[active], at.eta)
        at.eta += self.problem.null_eta
        if self.problem.fit_intercept:
            # from the intercepts that were found on the way
            self.shift = at.settle(count, self.shift)
        else:
            at.look(at.every[:count])

    # --- One batch on the working set.

    def solve(self, W, first, alphas, tol):
        count, outputs = len(alphas), self.problem.n_outputs
        if W is None:
            self.state.engine = ["null"] * count
            W, alpha = self._begin(alphas)
        else:
            W, alpha = W[:, :count * outputs].copy(), None
        if not len(self.working):
            return W, [CONVERGED] * count
        self.state.engine[first:] = ["newton"] * (count - first)
        each = [np.repeat(part, outputs) for part in (alphas, tol, self.state.kkt_tol)]
        with self.work.phase("solve"):
            statuses = self._newton(W, first * outputs, *each, alpha)
            if self.hessian.falls_back(statuses):
                statuses = self._newton(W, first * outputs, *each, None)
        if outputs > 1:
            statuses = [max(statuses[k:k + outputs]) for k in range(0, len(W.T), outputs)]
        return W, statuses

    def _begin(self, alphas):
        """Coefficients (working, n_vectors) to begin a batch with, and the alpha for
        which all of them are optimal, or None."""
        self.hessian.begin_batch(alphas)
        if self.warm.follows:
            W = self.warm.coefficients(alphas)
            self.evaluate(W)
            return W, None
        self._broadcast(len(alphas))
        return np.tile(self.state.W, len(alphas)), self.state.alpha

    def _newton(self, W, first, alphas, tol, kkt_tol, alpha):
        """Change W (working, n_vectors) and the predictors to the solutions on the working
        set; returns a status for each vector.

        `alpha` is the one for which all vectors are optimal now, or None.
        """
        count, hessian = len(alphas), self.hessian
        statuses = np.full(count, CONVERGED)
        live = np.arange(count) >= first
        hessian.begin(W, alphas)
        before = np.full(count, np.inf)
        progress, now, best = None, live, W  # as long as each step halves the gap
        for taken in range(MAX_STEPS):
            C, loss = self._correlate(), 2.0 * self.loss
            gap, kkt, penalty = self._measure(W, C, loss, alphas)
            live &= (gap > tol) | (kkt > kkt_tol)
            if not live.any():
                break
            if progress is None and (live & (gap > 0.5 * before)).any():
                progress = Progress(tol, kkt_tol, count, self.problem.noise)
                best = W.copy()
            if progress is not None:
                better = progress.note(gap, kkt, self.together(self.loss + penalty), now)
                best[:, better] = W[:, better]
                idle = progress.idle >= (FEW_IDLE if progress.noisy else MOST_IDLE)
                statuses[live & idle] = STALLED
                statuses[live & ~idle & progress.slow] = EPOCH_LIMIT
                live &= ~(idle | progress.slow)
            if not live.any() or monotonic() > self.settings.deadline:
                break
            if taken in HOPELESS and self._is_separated(W, alphas):
                statuses[live] = STALLED
                return statuses.tolist()
            now = hessian.prepare(W, C, gap, before, alphas, live, taken)
            goal = sharper(tol, kkt_tol, gap, kkt)
            D = bounded(hessian.step(W, C, loss, gap, alphas, now, goal, alpha))
            alpha = None
            sizes = np.abs(D).sum(axis=0), np.abs(W).sum(axis=0)
            step, whole = map(self.together, sizes)
            idle = (step <= IDLE * whole) & (gap > 0.5 * before)
            before = gap
            moved = self._search(W, C, D, alphas, now, penalty)
            stuck = now & (idle | ~hessian.moved(moved, live))
            statuses[stuck] = STALLED
            live &= ~stuck
        late = monotonic() > self.settings.deadline
        statuses[live] = OUT_OF_TIME if late else EPOCH_LIMIT
        if progress is not None:
            worse = progress.behind & (statuses != CONVERGED)
            W[:, worse] = best[:, worse]
        return statuses.tolist()

    def _is_separated(self, W, alphas):
        """Whether the coefficients of some alpha are on their way to infinity."""
        V = np.zeros((self.problem.design.n_features, W.shape[1]))
        V[self.working.columns] = W
        shift, outputs = self.shift * self.problem.target_unit, self.problem.n_outputs
        parts = (slice(k, k + outputs) for k in range(0, W.shape[1], outputs))
        return any(
            is_separated(self.problem, alphas[part.start], V[:, part], shift[part])
            for part in parts
        )

    def _correlate(self):
        """Correlations of the working set with all residuals."""
        problem, columns = self.problem, self.working.columns
        if problem.chunked:
            problem.design.keep(columns)
        self.state.count_pass(len(columns))
        return gradient(problem.design, self.at.pull, columns)

    def _measure(self, W, C, loss, alphas):
        """Gap and KKT violation on the working set, and penalty, of each vector; of several
        outputs, those of the alpha and an equal part of the penalty."""
        gap, kkt, penalty = self.certify(C, self.working.columns, W, alphas, loss)
        if self.settings.kkt_tol < math.inf:
            kkt = np.fmax(kkt, self._intercept_kkt())
        return gap + self.hessian.intercept_gap(), kkt, penalty

    def certify(self, C, columns, W, alphas, loss):
        """Gap, KKT violation and penalty of coefficients W (working, n_vectors), as of
        `Strengths.certify`; of several outputs, gap and violation of the alpha and an equal
        part of the penalty for each vector."""
        if self.problem.n_outputs == 1:
            return self.problem.strengths.certify(C, columns, W, alphas, loss, False)
        return self.problem.penalty.certify(C, columns, W, alphas, self.together(loss))

    def _intercept_kkt(self):
        """Derivative of the mean loss by the intercepts, in the user's units."""
        if not self.problem.fit_intercept:
            return 0.0
        problem, outputs = self.problem, self.problem.n_outputs
        size = np.abs(self.intercept_gradient) * (problem.unit / problem.design.n_samples)
        if outputs > 1:
            size = np.repeat(size.reshape(-1, outputs).max(axis=1), outputs)
        return size

    def _search(self, W, C, D, alphas, live, penalty):
        """Go along D, and to the intercept that belongs to it, as far as the objective
        falls enough; changes W and the predictors. Returns the vectors that moved."""
        at, unit, count = self.at, self.problem.eta_unit, len(alphas)
        moving = D.any(axis=1).nonzero()[0]
        at.step[:] = 0.0
        self._add_product(self.working.columns[moving], D[moving], at.step)
        shift = self.hessian.intercepts(at.step[:, :count], D)
        loss = self.loss.copy()
        # of the loss, per length, in the predictors' units
        begin = unit * np.einsum("ij,ij->j", C[:, :count], D)
        begin = begin + self.intercept_gradient * shift
        slope = self.together(self.penalty(W + D, alphas) - penalty - begin / unit)
        slope = np.minimum(slope, 0.0)  # (of a step that is all rounding, it may rise)
        rounding = rounding_of(self.together(loss + penalty), len(at.eta))
        length, again = live.astype(float), live
        while True:
            at.try_out(at.step, shift, length, at.every[:count][again],
                       self.hessian.weights())
            end = at.sums[SLOPE, :count].copy()
            change = change_of_loss(loss, self.loss, length, -begin / unit, -end / unit)
            change += self.penalty(W + length * D, alphas) - penalty
            change = self.together(change)
            short = live & ~falls_enough(change, length, slope, rounding)
            again = short & (length >= SHORTEST)
            if not again.any():
                break
            length[again] *= 0.5
        bend = at.sums[BEND, :count].copy()
        self.hessian.last_step = self.hessian.model, length, shift, bend, begin - end
        if short.any():  # stay where they were
            length[short] = 0.0
            at.try_out(at.step, shift, length, at.every[:count][short])
        at.take()
        W += length * D
        self.shift = self.shift + length * shift
        if self.hessian.by_gradients and self.problem.fit_intercept:
            self.shift = self.shift + at.settle(count, 0.0)
        moved = self.together((D.any(axis=0) | (shift != 0)).astype(float)) > 0
        return (length > 0) & moved

    def penalty(self, W, alphas):
        """Penalties of the vectors; of several outputs, parts of that of the alpha."""
        working = self.working
        if self.problem.n_outputs > 1:
            return self.problem.penalty.value(W, alphas, working.columns)
        return alphas * (working.l1 @ np.abs(W) + 0.5 * (working.l2 @ W**2))

    # --- Verification by a pass over X.

    def verify(self, W, alphas):
        problem, state, outputs = self.problem, self.state, self.problem.n_outputs
        count = len(alphas) * outputs
        B = np.ascontiguousarray(W[:, :count])
        self.evaluate(B)
        at = self.at
        loss, Q = 2.0 * self.loss, at.pull
        R, square = None, loss
        if state.screening is not None:
            R = at.pull if problem.weights is None else problem.datafit.residuals(at.eta)
            square = np.einsum("ij,ij->j", R[:, :count], Q[:, :count])
        cols = state.uncertain_columns(Q[:, :count], square, alphas)
        C = gradient(problem.design, Q, cols)
        state.count_pass(len(cols), count if outputs > 1 else 1)
        each = np.repeat(alphas, outputs)
        gap, kkt, penalty = self.certify(C, cols, B, each, loss)
        if outputs > 1:
            gap, kkt = gap[::outputs], kkt[::outputs]
            loss, penalty = (
                part.reshape(-1, outputs).sum(axis=1) for part in (loss, penalty)
            )
            C, square = problem.penalty.pull(C, cols)[:, None], loss
        gap = gap + self._unsettled(loss)
        self._assume_nothing(gap, cols, B, alphas, loss)
        gap = np.minimum(gap, 0.5 * loss + penalty)
        constants = self.shift.reshape(-1, outputs) * problem.target_unit
        return Verified(gap, kkt, loss, penalty, square, B, constants, cols, C, R)

    def go_on_from(self, found, k, alphas=()):
        vectors = slice(k * self.problem.n_outputs, (k + 1) * self.problem.n_outputs)
        self.last_eta = self.at.eta[:, vectors].copy()
        self.last_shift = self.shift[vectors]

    def _unsettled(self, loss):
        """What intercepts that are not optimal leave to be gained, to second order."""
        if not self.problem.fit_intercept or self.problem.n_outputs > 1:
            return 0.0
        vectors = slice(len(loss))
        pull, sizes = self.at.sums[EXCESS, vectors], self.at.sums[SIZES, vectors]
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 0.5 * pull * pull / self.at.sums[CURVATURE, vectors]
        return np.where(np.abs(pull) > SETTLED * sizes, left, 0.0)

    def _assume_nothing(self, gap, cols, B, alphas, loss):
        """Set the gaps at alphas where some columns are neither penalised nor bounded to
        those of a dual point that is orthogonal to them, where there is one."""
        problem, self.proved = self.problem, np.zeros(len(alphas), dtype=bool)
        if problem.n_outputs > 1 or not (
            len(problem.free) or alphas[-1] * self.weakest < NEGLIGIBLE
        ):
            return

        def correlate(theta):
            pull = problem.weigh(theta) / problem.eta_unit
            return gradient(problem.design, pull, cols)

        for k in range(len(alphas)):
            free = columns_not_held(problem, alphas[k])
            if not len(free):
                continue
            one = slice(k, k + 1)
            dual = gap_of_dual_point(
                problem, alphas[k], self.at.eta[:, one], free, cols, B[:, one],
                correlate,
                lambda C, one=one: problem.strengths.certify(
                    C, cols, B[:, one].copy(), alphas[one], loss[one], False
                )[0][0],
            )
            self.proved[k] = dual < math.inf
            gap[k] = dual if self.proved[k] else gap[k]


def bounded(D):
    """Steps (working, n_vectors) without what is not finite, or as good as infinite."""
    if np.abs(D).max(initial=0.0) <= FARTHEST:
        return D
    return np.clip(np.where(np.isfinite(D), D, 0.0), -FARTHEST, FARTHEST)
