"""Losses other than the squared: Newton's method with a penalty, in lanes.

The driver is the one of the squared loss (`riata._solver.PathSolver`): working sets,
batches of alphas, one pass over X to verify them. Between two passes the batch is solved
on the working set by steps to the optimum of a quadratic model, which is penalised
weighted least squares again, so that the same engines solve it (prox-Newton: Lee, Sun &
Saunders 2014, doi:10.1137/130921428; newGLMNET: Yuan, Ho & Lin 2012).

The gradient is exact, in all lanes at once; the curvature may be old. One Hessian serves
all alphas of a batch, and the next batch too, as long as the gaps fall fast.
"""

from time import monotonic

import numpy as np

from ._core.active_set import ActiveSet
from ._core.descent import (
    CONVERGED,
    EPOCH_LIMIT,
    OUT_OF_TIME,
    STALLED,
    Quadratic,
    descend,
)
from ._lanes import LANES
from ._solver import MAX_EPOCHS, SMALL_GRAM, PathSolver, Verdict
from ._working_set import Gram

CONTRACTION = 0.3  # a step that leaves more of the gap asks for a new Hessian
MAX_STEPS = 200  # Newton steps of one batch on one working set
ARMIJO = 1e-4
SHORTEST = 1e-10  # step length
CURVATURE_FLOOR = 1e-6  # of a sample, against the largest


class Model:
    """The quadratic model of the loss: least squares on the same columns, with the
    curvatures at some predictor as weights.

    Parameters
    ----------
    problem : GeneralProblem
    curvature : ndarray (n_samples,)
    rough : bool
        Whether single precision will do for its Gram matrix.
    """

    def __init__(self, problem, curvature, rough):
        floor = CURVATURE_FLOOR * float(curvature.max(initial=0.0))
        weights = np.maximum(curvature, floor if floor > 0 else 1.0)
        if problem.weights is not None:
            weights = weights * problem.weights
        self.weights = weights
        self.design = problem.design.reweighted(weights)
        self.places = np.empty(0, dtype=np.intp)  # in the working set
        self.columns = np.empty(0, dtype=np.intp)
        self._gram, self._rough = Gram(self.design), rough
        self.active_set = ActiveSet()

    def add(self, places, columns):
        """Take in more columns of the working set."""
        if len(places):
            self.design.measure(columns)
            self.places = np.concatenate([self.places, places])
            self.columns = np.concatenate([self.columns, columns])

    def gram(self):
        """Gram matrix of its columns, and how many of them are new in it."""
        added = self._gram.extend(self.columns, self._rough)
        return self._gram.matrix, added

    def center(self, V):
        """Take off each column of V (n, lanes) its mean in the weights of the model."""
        V -= self.weights @ V / self.weights.sum()


class NewtonSolver(PathSolver):
    """Solves a decreasing sequence of alphas for a loss that is not squared.

    Parameters
    ----------
    problem : GeneralProblem
    settings : Settings
    start : (columns, w) or None
    """

    def __init__(self, problem, settings, start=None):
        self.eta = problem.null_eta  # at the last solution
        self.model = None
        self.Eta = None  # of each lane, as of W
        super().__init__(problem, settings, start)

    def _free_columns(self):
        return None  # columns without a penalty are no special case here

    def _full_gram_pays(self, alphas):
        design = self.problem.design
        return design.n_samples * design.n_features**2 <= SMALL_GRAM

    def _exact_gram_pays(self, alphas):
        return False

    def _at_once(self):
        return False

    # --- One batch on the working set.

    def _descend(self, W, first, alphas, tol):
        working, lanes = self.working, len(alphas)
        if W is None:
            self.engine = ["null"] * lanes
            W = np.repeat(self.w[:, None], lanes, axis=1)
            self.Eta = np.repeat(self.eta[:, None], lanes, axis=1)
            alpha = self.alpha
        else:
            W, alpha = W[:, :lanes].copy(), None
        if not len(working):
            return W, [CONVERGED] * lanes
        self.engine[first:] = ["newton"] * (lanes - first)
        with self.work.phase("solve"):
            statuses = self._newton(W, first, alphas, np.asarray(tol), alpha)
        return W, statuses

    def _newton(self, W, first, alphas, tol, alpha):
        """Change W (working, lanes) and `Eta` to the solutions on the working set.

        `alpha` is the strength for which all lanes are optimal now, or None.
        """
        lanes = len(alphas)
        statuses = [CONVERGED] * lanes
        live = np.arange(lanes) >= first
        before, fresh = np.full(lanes, np.inf), False
        for _ in range(MAX_STEPS):
            C, loss = self._correlate()
            gap, _, penalty = self.problem.strengths.certify(
                C, self.working.columns, W, alphas, loss, False
            )
            live &= gap > tol
            if not live.any():
                return statuses
            if monotonic() > self.settings.deadline:
                break
            slow = live & (gap > CONTRACTION * before)
            if self.model is None or slow.any():
                self._remodel(live)
            before = gap
            W_new = self._model_step(W, C, alphas, live, tol, alpha)
            alpha = None
            stuck = self._search(W, W_new - W, C, alphas, live, 0.5 * loss + penalty)
            for k in np.flatnonzero(stuck):
                statuses[k] = STALLED
            live &= ~stuck
        late = monotonic() > self.settings.deadline
        for k in np.flatnonzero(live):
            statuses[k] = OUT_OF_TIME if late else EPOCH_LIMIT
        return statuses

    def _correlate(self):
        """Correlations of the working set and twice the loss, in all lanes."""
        problem, lanes = self.problem, self.Eta.shape[1]
        columns = self.working.columns
        width = 1 if lanes == 1 else LANES
        Q = np.zeros((len(self.Eta), width))
        Q[:, :lanes] = problem.weigh(problem.residuals(self.Eta))
        C = np.empty((len(columns), width))
        problem.design.gradient(Q, C, columns)
        self.work.columns_touched += len(columns)
        self.work.passes += len(columns) / problem.design.n_features
        return C, 2.0 * problem.losses(self.Eta) / problem.eta_unit**2

    def _remodel(self, live):
        """A new model, with the mean curvature of the lanes that are not yet solved."""
        loss, target = self.problem.loss, self.problem.target
        with np.errstate(over="ignore"):
            curvature = loss.curvature(target[:, None], self.Eta[:, live]).mean(axis=1)
        self.model = Model(self.problem, curvature, rough=False)
        self.work.hessians += 1

    def _model_step(self, W, C, alphas, live, tol, alpha):
        """Optimum of the model in each lane, from the point W with correlations C."""
        model, working = self.model, self.working
        self._take_in(W, C, alphas, live)
        at = model.places
        with self.work.phase("gram"):
            gram, added = model.gram()
            self.work.gram += added
        l1, l2, lower, upper = (
            part[at] for part in (working.l1, working.l2, working.lower, working.upper)
        )
        W_new = W.copy()
        start = np.ascontiguousarray(W[at])
        xty = C[at, :W.shape[1]] + gram @ start
        events = model.active_set.n_events
        quadratic, sqnorm = Quadratic.from_gram(gram), np.diag(gram).copy()
        for k in np.flatnonzero(live):
            w, c = start[:, k].copy(), C[at, k].copy()
            now = alphas[k] * l1
            if alpha is not None and k > 0 and live[k - 1]:
                # all lanes stand at one point: go on from the solution of the last
                w, c, above = last
            else:
                above = now if alpha is None else alpha * l1
            q = np.ascontiguousarray(xty[:, k])
            model.active_set.solve(gram, q, w, c, above, now, alphas[k] * l2, lower, upper)
            yy = 1.0 + max(float(w @ (q + c)), 0.0)
            _, epochs, _, _ = descend(
                quadratic, w, c, float(c.sum()), q, sqnorm, now, alphas[k] * l2, lower,
                upper, yy, 0.1 * tol[k], MAX_EPOCHS, self.settings.deadline, True,
            )
            self.work.epochs += epochs
            last = w, c, now
            W_new[at, k] = w
        self.work.events += model.active_set.n_events - events
        return W_new

    def _take_in(self, W, C, alphas, live):
        """Add to the model what is active or violates KKT in a lane."""
        working, lanes = self.working, W.shape[1]
        wanted = W[:, live].any(axis=1) | (working.l1 == 0)
        limit = np.multiply.outer(working.l1, alphas[live])
        wanted |= (np.abs(C[:, :lanes][:, live]) >= limit).any(axis=1)
        wanted[self.model.places] = False
        new = np.flatnonzero(wanted)
        self.model.add(new, working.columns[new])

    def _search(self, W, D, C, alphas, live, objective):
        """Go along D as far as the objective falls enough (Armijo's rule); changes W
        and `Eta`. Returns the lanes in which no step was good."""
        problem, working, lanes = self.problem, self.working, W.shape[1]
        moving = np.flatnonzero(D.any(axis=1))
        step = self._product(working.columns[moving], D[moving])
        if problem.fit_intercept:
            self.model.center(step)
        penalty = self._penalty(W, alphas)
        slope = self._penalty(W + D, alphas) - penalty
        slope -= np.einsum("ij,ij->j", C[:, :lanes], D)
        length = live.astype(float)
        loss = objective - penalty
        while True:
            Eta = self.Eta + length * step
            new = problem.losses(Eta) / problem.eta_unit**2 - loss
            new += self._penalty(W + length * D, alphas) - penalty
            enough = ARMIJO * length * slope + 4e-16 * objective
            short = live & ~(new <= enough)
            if not short.any() or (length[short] < SHORTEST).any():
                break
            length[short] *= 0.5
        length[short] = 0.0
        W += length * D
        self.Eta = self.Eta + length * step
        if problem.fit_intercept:
            self.Eta, _ = problem.settle(self.Eta)
        still = live & ((length == 0.0) | ~D.any(axis=0))
        return still

    def _penalty(self, W, alphas):
        working = self.working
        return alphas * (working.l1 @ np.abs(W) + 0.5 * (working.l2 @ W**2))

    def _product(self, columns, B):
        """unit X~[:, columns] @ B, without copies of the columns."""
        lanes = B.shape[1]
        width = 1 if lanes == 1 else LANES
        block = np.zeros((len(columns), width))
        block[:, :lanes] = -self.problem.eta_unit * B
        out = np.zeros((self.problem.design.n_samples, width))
        self.problem.design.subtract_product(columns, block, out)
        return out[:, :lanes]

    # --- Verification by a pass over X.

    def _verify(self, W, alphas):
        problem, working, lanes = self.problem, self.working, len(alphas)
        width = 1 if lanes == 1 else LANES
        B = np.zeros((len(working), width))
        B[:, :lanes] = W[:, :lanes]
        active = np.flatnonzero(B.any(axis=1))
        Eta = self._product(working.columns[active], B[active, :lanes])
        Eta += problem.null_eta[:, None]
        if problem.fit_intercept:
            if self.Eta is not None and self.Eta.shape == Eta.shape:
                # start from the intercepts that were found on the way
                guess = (self.Eta - Eta).mean(axis=0)
                Eta, moved = problem.settle(Eta + guess)
                moved += guess
            else:
                Eta, moved = problem.settle(Eta)
            self.constants[:lanes] = moved * problem.target_unit
        self.Eta = Eta
        R = problem.residuals(Eta)
        Q = np.zeros((len(R), width))
        Q[:, :lanes] = problem.weigh(R)
        square = np.einsum("ij,ij->j", R, Q[:, :lanes])
        loss = 2.0 * problem.losses(Eta) / problem.eta_unit**2
        cols = self._columns_to_look_at(Q[:, :lanes], square, alphas)
        C = np.empty((len(cols), width))
        problem.design.gradient(Q, C, cols)
        self.work.passes += len(cols) / problem.design.n_features
        self.work.columns_touched += len(cols)
        self.cols, self.C, self.R, self.solved = cols, C, R, B
        gap, kkt, penalty = problem.strengths.certify(C, cols, B, alphas, loss, False)
        return Verdict(gap, kkt, loss, penalty, square)

    def _restart(self, W):
        loss = super()._restart(W)
        self.eta = self.Eta[:, 0].copy()
        return loss

    def _advance(self, alphas, first, last, verdict):
        super()._advance(alphas, first, last, verdict)
        if first < last:
            self.eta = self.Eta[:, last - 1].copy()
