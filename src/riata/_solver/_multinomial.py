"""Several classes: one alpha at a time, the classes being the lanes.

The predictors of the classes meet in the loss, whose curvature ``diag(p) - p p'`` of a
sample joins them. The quadratic model keeps it: coefficients are numbered through all
classes, and the same active-set engine solves for them by their Gram matrix. Of more
coefficients than that is good for, steps in which the classes do not meet (the diagonal
blocks of the Hessian) find the active ones, and conjugate gradients on those make up for
what the blocks leave out.
"""

import numpy as np

from .._core.active_set import ActiveSet
from .._core.descent import CONVERGED, Quadratic
from .._design._products import LANES, gradient
from .._problem._multinomial import inverse_of_intercepts
from .._problem._predictors import Predictors
from ._batched_descent import View
from ._newton import MAX_STEPS, Model, NewtonSteps
from ._separation import is_separated
from ._solutions import Verified

MOST_PAIRS = 1500  # coefficients up to which one Gram matrix serves all classes
MOST_FAILED = 4  # steps in a row that lead nowhere


def certify(strengths, C, cols, B, alpha, loss):
    """Gap, KKT violation and penalty of one model whose lanes are the classes.

    Parameters
    ----------
    strengths : Strengths
    C : ndarray (n_cols, >= n_classes)
    cols : ndarray (n_cols,)
        The working set first.
    B : ndarray (size, n_classes)
    alpha : float
    loss : float
        Twice the loss.

    Returns
    -------
    gap, kkt, penalty : float
    """
    count = B.shape[1]
    gap, kkt, penalty = strengths.certify(
        C, cols, B, np.full(count, alpha), np.full(count, loss), False, True
    )
    return float(gap[0]), float(kkt.max()), float(penalty.sum())


class PairModel:
    """The quadratic model with all of the Hessian, for some pairs of a column and a class.

    Parameters
    ----------
    problem : MultinomialProblem
    P : ndarray (n_samples, n_classes)
        Probabilities that it is made at.
    """

    def __init__(self, problem, P):
        self.problem, self.P = problem, P
        self.weighted = problem.weigh(P)
        # (columns come times this root)
        weights = np.ones(len(P)) if problem.weights is None else problem.weights
        self.root = np.sqrt(weights)
        self.places = self.classes = np.empty(0, dtype=np.intp)  # in the working set
        self.matrix = np.empty((0, 0), order="F")
        self.active_set = ActiveSet()
        self.intercept_inverse = inverse_of_intercepts(P, self.weighted)
        self.slopes = np.empty((0, P.shape[1]))  # products with the intercepts

    def bend(self, V):
        """Hessian of the loss times a change V (n_samples, n_classes) of predictors."""
        return self.weighted * (V - np.einsum("ij,ij->i", self.P, V)[:, None])

    def intercepts(self, V):
        """Intercepts that belong to a change V of predictors: they keep the sums of the
        residuals as they are."""
        return -self.intercept_inverse @ self.bend(V).sum(axis=0)

    def add(self, places, classes, packed):
        """Take in more pairs; `packed` returns columns of the working set."""
        old, size = len(self.places), len(self.places) + len(places)
        self.places = np.concatenate([self.places, places])
        self.classes = np.concatenate([self.classes, classes])
        used, at = np.unique(self.places, return_inverse=True)
        X = packed(used)
        matrix = np.empty((size, size), order="F")
        matrix[:old, :old] = self.matrix
        slopes = np.empty((size, self.P.shape[1]))
        slopes[:old] = self.slopes
        for k in range(self.P.shape[1]):
            new = old + np.flatnonzero(classes == k)
            if not len(new):
                continue
            part = self.P[:, [k]] * X[:, at[new]]
            for m in range(self.P.shape[1]):
                bent = ((m == k) - self.P[:, [m]]) * part
                slopes[new, m] = self.root @ bent
                others = np.flatnonzero(self.classes == m)
                if m < k:  # the new ones of this class come by symmetry
                    others = others[others < old]
                if len(others):
                    matrix[np.ix_(others, new)] = X[:, at[others]].T @ bent
        matrix[old:, :old] = matrix[:old, old:].T
        block = matrix[old:, old:]
        np.copyto(block, block.T, where=np.less.outer(classes, classes))
        self.matrix, self.slopes = matrix, slopes

    def gram(self):
        """Gram matrix of the pairs, with the intercepts eliminated."""
        if not self.problem.fit_intercept:
            return self.matrix
        part = self.slopes @ self.intercept_inverse
        return np.asfortranarray(self.matrix - part @ self.slopes.T)

    def without_intercepts(self, excess):
        """What the sums of the residuals (n_classes,) add to the pairs' correlations."""
        return -self.slopes @ (self.intercept_inverse @ excess)


class MultinomialSteps(NewtonSteps):
    """`NewtonSteps` for `MultinomialProblem`: batches of one alpha, whose lanes are the
    classes. What the driver sees of a column is the pull of the class that it pulls most.

    Parameters
    ----------
    state : PathState
    """

    certify = staticmethod(certify)
    patience = MAX_STEPS  # classes always move together

    def __init__(self, state):
        self.turn = True
        super().__init__(state)

    def null_correlations(self):
        problem = self.problem
        pull = problem.weigh(problem.residuals(problem.null_eta))
        columns = np.arange(problem.design.n_features)
        return self._strongest(gradient(problem.design, pull, columns), columns)

    def _strongest(self, C, columns):
        """Of the correlations of some columns with the residuals of all classes, the
        strongest that may move a coefficient, for each column."""
        C, strengths = C[:, :self.problem.n_outputs], self.problem.strengths
        up, down = C.max(axis=1), -C.min(axis=1)
        if strengths.lower is None:
            return np.maximum(up, down)
        up = np.where(strengths.upper[columns] > 0, up, 0.0)
        down = np.where(strengths.lower[columns] < 0, down, 0.0)
        return np.where(up >= down, up, -down)

    def solve(self, W, first, alphas, tol):
        count = self.problem.n_outputs
        if W is None:
            W = self.state.W.copy()
            self._stand_at(self.eta)
        else:
            W = W[:, :count].copy()
        if not len(self.working):
            self.state.engine = ["null"]
            return W, [CONVERGED]
        self.state.engine, self.failed = ["newton"], 0
        with self.work.phase("solve"):
            statuses = self._newton(
                W, 0, np.full(count, alphas[0]), np.full(count, tol[0]), None
            )
        return W, [max(statuses)]

    def _remodel(self, live):
        self.P = self.problem.loss.predict(self.at.eta)
        self.model = PairModel(self.problem, self.P)
        self.blocks = None
        self.work.hessians += 1

    def _compare(self):
        self.ratio = np.ones(self.problem.n_outputs)

    def _compare_along(self):
        _, length, shift, _, change = self.last_step
        step, count = self.at.step + shift, len(length)
        model = length[0] * np.vdot(step, self.model.bend(step))
        change = change.sum() * self.problem.eta_unit
        self._set_ratio(np.full(count, change), np.full(count, model))

    def _model_step(self, W, C, loss, gap, alphas, live, tol, alpha):
        working, model = self.working, self.model
        C = C[:, :len(alphas)]
        if self.by_gradients:
            return self._solve_smooth(W, C, alphas, live)
        wanted = (W != 0) | (np.abs(C) >= np.multiply.outer(working.l1, alphas))
        wanted[working.l1 == 0] = True
        if wanted.sum() > MOST_PAIRS:
            return self._step_by_blocks(W, C, loss, gap, alphas, tol)
        wanted[model.places, model.classes] = False
        with self.work.phase("gram"):
            if wanted.any():
                model.add(*np.nonzero(wanted), self._packed)
            gram = model.gram()
        at = model.places
        view = View(
            Quadratic.from_gram(gram), working.columns[at], np.diag(gram).copy(),
            working.l1[at], working.l2[at], working.lower[at], working.upper[at],
        )
        start, c = W[at, model.classes][:, None], C[at, model.classes][:, None]
        if self.problem.fit_intercept:
            c = c + model.without_intercepts(self.excess)[:, None]
        scale = self.ratio[0]
        solved = self._follow(
            view, gram, start, c / scale, alphas[:1] / scale, 0.1 * tol[:1] / scale, None
        )
        D = np.zeros_like(W)
        D[at, model.classes] = (solved - start)[:, 0]
        return D

    def _search(self, W, C, D, alphas, live, penalty):
        moved = super()._search(W, C, D, alphas, live, penalty)
        moved = np.full(len(moved), moved.any())  # the classes are one problem
        self.failed = 0 if moved.any() else self.failed + 1
        if 0 < self.failed < MOST_FAILED:  # another kind of step, or a new Hessian
            self.model = None
            return live
        return moved

    def _packed(self, places):
        """Columns of the working set times the root of the weights."""
        design = self.problem.design
        packed = np.empty((design.n_samples, len(places)), order="F")
        design.pack(self.working.columns[places], 0, design.n_samples, packed)
        return packed

    def _step_by_blocks(self, W, C, loss, gap, alphas, tol):
        """A step for many coefficients: in turn to the optimum of a model in which the
        classes do not meet, and with all of the Hessian on the active coefficients."""
        self.turn = not self.turn
        if self.turn:
            return self._step_of_active(W, C, alphas)
        whole, count = self.model, W.shape[1]
        self.model = self._block_model()
        ratio, self.ratio = self.ratio, self.block_ratio
        D = np.zeros_like(W)
        for first in range(0, count, LANES):
            live = (np.arange(count) >= first) & (np.arange(count) < first + LANES)
            D += super()._model_step(W, C, loss, gap, alphas, live, tol, None)
        self.model, self.ratio = whole, ratio
        return D

    def _block_model(self):
        """The model in which the classes do not meet."""
        if self.blocks is None:
            curvature = self.P * (1.0 - self.P)
            self.blocks = Model(self.problem, curvature.mean(axis=1), rough=True)
            share = self.problem.weigh(curvature).sum(axis=0) / self.blocks.weight_sum
            self.block_ratio = np.maximum(share, 1e-3)
        return self.blocks

    def _step_of_active(self, W, C, alphas):
        """Newton step of the active coefficients; those that would change their sign
        become zero."""
        working, D = self.working, np.zeros_like(W)
        rows = np.flatnonzero(W.any(axis=1) | (working.l1 == 0))
        w, l1 = W[rows], np.multiply.outer(working.l1[rows], alphas)
        l2 = np.multiply.outer(working.l2[rows], alphas)
        lower, upper = working.lower[rows, None], working.upper[rows, None]
        free = ((w != 0) | (l1 == 0)) & (w > lower) & (w < upper)
        rest = np.where(free, C[rows] - l1 * np.sign(w) - l2 * w, 0.0)
        step, _ = self._conjugate_gradients(
            working.columns[rows], rest, lambda P: free * l2 * P, l2,
            working.sqnorm[rows], slice(None), free.astype(float),
        )
        new = np.clip(w + step, lower, upper)
        D[rows] = np.where((new * w < 0) & (l1 > 0), 0.0, new) - w
        return D

    def _stand_at(self, Eta):
        """Look at the loss at some predictors."""
        self.at = self._room(Eta.shape[1])
        self.at.eta[:] = Eta
        self.at.look(self.at.every)
        self.shift = np.zeros(Eta.shape[1])

    def _room(self, lanes):
        if lanes not in self._rooms:
            self._rooms[lanes] = Predictors(self.problem, lanes)
        return self._rooms[lanes]

    def _add_product(self, columns, B, out):
        out += self._product(columns, B)  # (there may be more classes than lanes)

    def _weights(self):
        return None  # the model has no such

    def _settle(self):
        self._stand_at(self.problem.settle(self.at.eta)[0])

    def _intercepts(self, step, D):
        if not self.problem.fit_intercept:
            return np.zeros(D.shape[1])
        pull = self.problem.eta_unit * self.excess / self.ratio
        return self.model.intercepts(step) + self.model.intercept_inverse @ pull

    def _bend(self, V, lanes):
        if self.problem.fit_intercept:
            V = V + self.model.intercepts(V)
        return self.ratio * self.model.bend(V)

    def _stiffness(self):
        share = self.model.weighted * (1.0 - self.P)
        return self.ratio * np.maximum(share.mean(axis=0), 1e-3 * share.mean())

    def _is_separated(self, W, alphas):
        V = self._of_all_columns(W)
        return is_separated(self.problem, alphas[0], V, self.shift)

    def _measure(self, W, C, loss, alphas):
        count = len(alphas)
        gap, kkt, penalty = self.problem.strengths.certify(
            C, self.working.columns, W, alphas, count * loss, False, True
        )
        kkt = max(kkt.max(), np.max(self._intercept_kkt()))
        return gap + self._intercept_gap(), np.full(count, kkt), penalty

    def _intercept_gap(self):
        if self.model is None or not self.problem.fit_intercept:
            return 0.0
        return 0.5 * float(self.excess @ self.model.intercept_inverse @ self.excess)

    def _together(self, values):
        return np.full(len(values), values.sum())

    def verify(self, W, alphas):
        problem, working, count = self.problem, self.working, self.problem.n_outputs
        B = np.ascontiguousarray(W[:, :count])
        active = np.flatnonzero(B.any(axis=1))
        Eta = self._product(working.columns[active], B[active]) + problem.null_eta
        constants = np.zeros(count)
        if problem.fit_intercept:
            if self.at is not None:
                moved = (self.at.eta - Eta).mean(axis=0)
                # (which is nowhere near if these are other coefficients)
                if problem.losses(Eta + moved)[0] <= problem.losses(Eta)[0]:
                    constants = moved
            Eta, moved = problem.settle(Eta + constants)
            constants = constants + moved
        self._stand_at(Eta)
        cols = self.state.uncertain_columns(None, None, alphas)
        C = gradient(problem.design, self.at.pull, cols)
        self.state.count_pass(len(cols), count)
        loss = 2.0 * self.loss.sum()
        gap, kkt, penalty = self.certify(problem.strengths, C, cols, B, alphas[0], loss)
        figures = (np.array([part]) for part in (gap, kkt, loss, penalty, 0.0))
        return Verified(
            *figures, B, constants[None, :], cols, self._strongest(C, cols)[:, None], None
        )

    def go_on_from(self, found, k, alphas=()):
        self.eta = self.at.eta.copy()

    def reported(self, found, alphas):
        """The coefficients of sum zero. What is added to those of a feature in all classes
        changes no probability: where nothing else decides on it their sum is zero, which
        makes their norm the least."""
        working, solved = self.working, found.W
        size = len(solved)
        alone = np.isinf(working.lower[:size]) & np.isinf(working.upper[:size])
        if alphas[0] > 0:
            alone &= (working.l1[:size] == 0) & (working.l2[:size] == 0)
        if not alone.any():
            return solved
        mean = np.where(alone, solved.mean(axis=1), 0.0)
        return solved - mean[:, None]
