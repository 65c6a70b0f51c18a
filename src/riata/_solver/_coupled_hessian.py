"""The Hessian of several outputs, which the loss of a sample ties together.

The Hessian ``diag(p) - p p'`` of a sample couples the outputs. The quadratic model includes
the coupling: coefficients are numbered over all outputs, and the active-set engine solves
for them by their Gram matrix. With more coefficients than that can handle, steps with the
diagonal blocks of the Hessian only (independent outputs) find the active coefficients, and
Newton steps for these by conjugate gradients take the coupling into account.
"""

import numpy as np

from .. import _costs as costs
from .._core.active_set import ActiveSet
from .._core.descent import Quadratic
from .._core.row_descent import descend_rows
from .._design._products import BLOCK
from .._problem._joint_datafit import inverse_of_intercepts
from ._engines._active_set import follow_active_set
from ._engines._batched_descent import View
from ._engines._direct import solve_ridge_models
from ._hessians import (
    CONTRACTION,
    SharedHessian,
    hessian_free_step,
    smooth_step,
    usable_ratio,
)
from ._quadratic_model import ReweightedModel

MOST_FAILED = 4  # steps in a row without a decrease
ENOUGH = 1e-3  # descent along rows ends at this share of the first sweep's change
MAX_SWEEPS = 200


class CoupledModel:
    """A quadratic model with the Hessian over columns and outputs, for some of their pairs.

    Parameters
    ----------
    problem : Problem
    P : ndarray (n_samples, n_outputs)
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

    def curve(self, V):
        """Hessian of the loss times a change V (n_samples, n_outputs) of predictors."""
        return self.weighted * (V - np.einsum("ij,ij->i", self.P, V)[:, None])

    def intercepts(self, V):
        """Intercepts that belong to a change V of predictors: they keep the sums of the
        residuals as they are."""
        return -self.intercept_inverse @ self.curve(V).sum(axis=0)

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

    def without_intercepts(self, sums):
        """What sums of the residuals (n_outputs,) add to the correlations of the pairs."""
        return -self.slopes @ (self.intercept_inverse @ sums)


class CoupledHessian:
    """A Hessian policy for several outputs at one alpha.

    Parameters
    ----------
    point : Point

    Attributes
    ----------
    model : CoupledModel or None
    blocks : SharedHessian
        Whose model is the one in which the outputs are independent.
    """

    def __init__(self, point):
        self.point, self.problem, self.working = point, point.problem, point.working
        self.work, self.turn, self.failed = point.work, True, 0
        self.model = self.last_step = None
        self.blocks = SharedHessian(point)
        size = self.problem.design.n_features * self.problem.n_outputs
        self.by_gradients = point.smooth and size > costs.COUPLED_SMOOTH_COEFS
        self.blocks.by_gradients = False
        self.ratio = np.ones(self.problem.n_outputs)
        self.rows = self.problem.penalty.rows

    # --- What the step method asks: see `SharedHessian`.

    def begin_batch(self, alphas, models):
        pass

    def begin(self, W, alphas):
        self.last_step, self.failed = None, 0

    def falls_back(self, statuses):
        return False

    def weights(self):
        return None

    def model_of(self, k, alpha):
        return None

    def moved(self, moved, live):
        self.failed = 0 if moved.any() else self.failed + 1
        if 0 < self.failed < MOST_FAILED:  # another kind of step, or a new Hessian
            self.model = None
            return live
        return moved

    def prepare(self, W, C, gap, before, alphas, live, taken):
        renew = self.model is None or (live & (gap > CONTRACTION * before)).any()
        if renew or self.by_gradients:
            # (probabilities, of the only such loss)
            P = self.problem.loss.predict(self.point.at.eta)
            self.model, self.blocks.model = CoupledModel(self.problem, P), None
            self.work.hessians += 1
            self.ratio = np.ones(self.problem.n_outputs)
        elif self.last_step is not None:
            _, length, shift, _, change = self.last_step
            step = self.point.at.step + shift
            model = length[0] * np.vdot(step, self.model.curve(step))
            ratio = usable_ratio(change.sum() * self.problem.eta_unit, model)
            self.ratio = np.full(len(length), ratio)
        return live

    def step(self, W, C, loss, gap, alphas, live, tol, alpha):
        working, C = self.working, C[:, :len(alphas)]
        if self.by_gradients:
            return self._smooth_step(W, C, alphas)
        if self.rows:
            self.turn = not self.turn
            return self._step_of_active(W, C, alphas) if self.turn else (
                self._step_of_rows(W, C, alphas[0])
            )
        wanted = (W != 0) | (np.abs(C) >= np.multiply.outer(working.l1, alphas))
        wanted[working.l1 == 0] = True
        if wanted.sum() > costs.COUPLED_COEFS:
            self.turn = not self.turn
            return self._step_of_active(W, C, alphas) if self.turn else (
                self._step_by_blocks(W, C, loss, gap, alphas, tol)
            )
        return self._step_of_pairs(W, C, wanted, alphas, tol)

    def intercepts(self, step, D):
        if not self.problem.fit_intercept:
            return np.zeros(D.shape[1])
        residual = self.problem.eta_unit * self.point.intercept_gradient / self.ratio
        return self.model.intercepts(step) + self.model.intercept_inverse @ residual

    def intercept_gap(self):
        if self.model is None or not self.problem.fit_intercept:
            return 0.0
        sums = self.point.intercept_gradient
        return 0.5 * float(sums @ self.model.intercept_inverse @ sums)

    # --- Steps.

    def _step_of_pairs(self, W, C, wanted, alphas, tol):
        """To the optimum of the model, for pairs of a column and an output."""
        working, model, point = self.working, self.model, self.point
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
            c = c + model.without_intercepts(point.intercept_gradient)[:, None]
        scale, part = self.ratio[0], alphas[:1] / self.ratio[0]
        if point.smooth and view.l2.min() > 0 and part.min() > 0:
            solved = solve_ridge_models(view, gram, start, c / scale, part)
        else:
            solved = follow_active_set(
                model, view, gram, start, c / scale, part, 0.1 * tol[:1] / scale,
                **self.blocks.engine_options(),
            )
        D = np.zeros_like(W)
        D[at, model.classes] = (solved - start)[:, 0]
        return D

    def _packed(self, places):
        """Columns of the working set times the root of the weights."""
        design = self.problem.design
        packed = np.empty((design.n_samples, len(places)), order="F")
        design.pack(self.working.columns[places], 0, design.n_samples, packed)
        return packed

    def _step_by_blocks(self, W, C, loss, gap, alphas, tol):
        """To the optimum of the model in which the outputs are independent."""
        self._make_blocks()
        D, count = np.zeros_like(W), W.shape[1]
        for first in range(0, count, BLOCK):
            live = (np.arange(count) >= first) & (np.arange(count) < first + BLOCK)
            D += self.blocks.step(W, C, loss, gap, alphas, live, tol, None)
        return D

    def _make_blocks(self):
        """Give `blocks` its model."""
        blocks = self.blocks
        if blocks.model is None:
            curvature = self.model.P * (1.0 - self.model.P)
            blocks.model = ReweightedModel(
                self.problem, curvature.mean(axis=1), rough=True
            )
            share = self.problem.weigh(curvature).sum(axis=0) / blocks.model.weight_sum
            blocks.ratio = np.maximum(share, 1e-3)

    def _step_of_rows(self, W, C, alpha):
        """The same for coefficients that are penalised by rows."""
        self._make_blocks()
        working, model, norms = self.working, self.blocks.model, self.problem.penalty.norms
        wanted = W.any(axis=1) | (norms(C) >= alpha * working.l1)
        wanted[model.places] = False
        new = np.flatnonzero(wanted)
        model.add(new, working.columns[new])
        with self.work.phase("gram"):
            gram, added = model.gram()
            self.work.gram += added
        at, scale = model.places, float(self.blocks.ratio.max())
        c = C[at]
        if self.problem.fit_intercept:
            c = c - np.multiply.outer(model.shift, self.point.intercept_gradient)
        start = np.ascontiguousarray(W[at].T)
        solved = start.copy()
        self.work.epochs += descend_rows(
            gram, solved, np.ascontiguousarray(c.T) / scale,
            alpha / scale * working.l1[at], alpha / scale * working.l2[at], ENOUGH,
            MAX_SWEEPS,
        )
        D = np.zeros_like(W)
        D[at] = (solved - start).T
        return D

    def _step_of_active(self, W, C, alphas):
        """Newton step of the active coefficients; those that would change their sign (or
        rows that would turn round) become zero."""
        working, D = self.working, np.zeros_like(W)
        places = np.flatnonzero(W.any(axis=1) | (working.l1 == 0))
        w, penalty = W[places], self.problem.penalty
        columns = working.columns[places]
        slope, hold, diagonal, free = penalty.second_order(w, alphas, columns)
        rest = np.where(free, C[places] - slope, 0.0)
        step, _ = hessian_free_step(
            self.point, columns, working.sqnorm[places], rest, hold, diagonal,
            self._mean_curvature(), self._change_of_residuals, free.astype(float),
        )
        D[places] = penalty.without_sign_changes(w, w + step, columns) - w
        return D

    def _smooth_step(self, W, C, alphas):
        D, solved = smooth_step(
            self.point, W, C, alphas, self._mean_curvature(), self._change_of_residuals
        )
        if not solved:
            self.by_gradients = 8 * len(self.working) ** 2 > costs.GRAM_BYTES
        return D

    def _change_of_residuals(self, V):
        if self.problem.fit_intercept:
            V = V + self.model.intercepts(V)
        return self.ratio * self.model.curve(V)

    def _mean_curvature(self):
        share = self.model.weighted * (1.0 - self.model.P)
        return self.ratio * np.maximum(share.mean(axis=0), 1e-3 * share.mean())
