"""Hessian policies of Newton's method: which quadratic model serves which alpha.

`SharedHessian`: one for all alphas of a batch, and for the next batch too, as long as the
gaps fall fast.
"""

import numpy as np

from .. import _costs as costs
from .._core.descent import Quadratic, descend
from .._design._products import BLOCK, gradient
from .._problem._predictors import CURVATURE
from ._engines._active_set import MAX_EPOCHS, follow_active_set
from ._engines._batched_descent import descend_batch
from ._engines._block_descent import BlockModel, descend_blocks
from ._engines._conjugate_gradients import conjugate_gradients
from ._engines._direct import solve_ridge_models
from ._engines._proximal_descent import proximal_descent
from ._quadratic_model import ReweightedModel

CONTRACTION = 0.3  # a step that leaves a larger share of the gap calls for a new Hessian
TOGETHER = 25  # steps after which only one alpha moves at a time
BLOCK_FORCING = 0.01  # the same for models with penalties on groups
FORCING = 0.1  # share of the gap to which larger models are solved
MAX_ROUNDS = 1000  # of descent for one model
MOST_DAMPING = 4.0**8  # factor of the curvature, with a penalty that is not convex


class SharedHessian:
    """One Hessian for all alphas of a batch, at the mean of their curvatures.

    The curvature at an alpha is that of the model times a number of its own, `ratio`;
    instead, everything else is divided by it.

    Parameters
    ----------
    point : Point

    Attributes
    ----------
    model : QuadraticModel or None
    ratio : ndarray (n_vectors,)
    by_gradients : bool
        Whether the model is solved by conjugate gradients on all columns, none of which is
        ever copied.
    last_step : tuple or None
        Of the last step: the model, and per vector its length, the step of the intercept,
        the squares of the predictors' steps in the weights of the model, and the change of
        the slope.
    """

    def __init__(self, point):
        self.point, self.problem, self.working = point, point.problem, point.working
        self.work, self.settings = point.work, point.settings
        self.model = self.last_step = None
        self.ratio = np.ones(1)
        size = self.problem.design.n_features
        self._blocks = self._blocks_of = None  # the model group by group
        self.by_gradients = point.smooth and size > costs.ACTIVE_SET_COLUMNS

    # --- What the step method asks.

    def begin_batch(self, alphas, models):
        """Called before the first step of a batch, with what makes the models of other
        paths for these alphas, or None."""

    def begin(self, W, alphas):
        """Called before the first step on a working set."""
        self.last_step, self.damping = None, np.ones(len(alphas))

    def prepare(self, W, C, gap, before, alphas, live, taken):
        """Form a new model if the old one is too inaccurate; returns the vectors that are
        to move."""
        now = live
        if taken >= TOGETHER:  # one Hessian does not fit all
            now = np.arange(len(live)) == np.argmax(live)
        slow = now & (gap > CONTRACTION * before)
        renew = self.model is None or slow.any() or self.by_gradients
        if renew:
            self._renew(now)
        # (curvatures of a loss that is not convex are not its second derivatives)
        if self.last_step is None or (renew and self.problem.loss.convex):
            self._compare()
        else:
            self._compare_along()
        return now

    def step(self, W, C, loss, gap, alphas, live, tol, alpha):
        """Step (working, n_vectors) to the optimum of the model for the vectors that are
        live, from W with correlations C; inexact where an exact one is expensive. `alpha`
        is the one for which all vectors are optimal at W, or None."""
        D, live = np.zeros_like(W), np.flatnonzero(live)
        if self.by_gradients:
            D[:, live] = self._solve_smooth(W[:, live], C[:, live], alphas[live], live)
        else:
            if self.model.grows:
                self._take_in(W, C, alphas, live)
            at = self.model.places
            D[np.ix_(at, live)] = self._solve(W, C, loss, gap, alphas, live, tol, alpha)
        return D

    def intercepts(self, step, D):
        """Steps of the intercepts that go with steps D of the coefficients, and `step`
        (n_samples, n_vectors) of the predictors."""
        if not self.problem.fit_intercept:
            return np.zeros(D.shape[1])
        model, unit = self.model, self.problem.eta_unit
        if self.by_gradients:
            mean = model.weights @ step / model.weight_sum
        else:
            mean = unit * (model.shift @ D[model.places])
        return self.point.intercept_gradient * unit / model.weight_sum / self.ratio - mean

    def intercept_gap(self):
        """Decrease of the objective by optimal intercepts, to second order."""
        if not self.problem.fit_intercept or self.model is None:
            return 0.0
        return 0.5 * self.point.intercept_gradient**2 / self.model.weight_sum

    def weights(self):
        """Weights of the samples in the model, or None if it has none."""
        return self.model.weights

    def moved(self, moved, live):
        """Called after a step, with the vectors that have moved; returns those that may go
        on."""
        if self.problem.column_penalty.convex:
            return moved
        # With a penalty that is not convex, the step to the optimum of a model need not be
        # a descent direction; with enough curvature it is.
        damping = np.where(moved, np.maximum(0.25 * self.damping, 1.0), self.damping)
        self.damping = np.where(live & ~moved, 4.0 * damping, damping)
        return moved | (live & (self.damping <= MOST_DAMPING))

    def falls_back(self, statuses):
        """Whether to begin again, after another choice."""
        return False

    def model_of(self, k, alpha):
        """The `DenseModel` of the working set that led to a solution, or None."""
        return None

    # --- Renewal.

    def _renew(self, live):
        """A new model, with the mean curvature of the vectors that are not yet solved."""
        at = self.point.at
        if np.count_nonzero(live) == 1 and len(live) > 1:  # ... for which that was taken
            at.evaluate(at.every[:len(live)][live])
        if self.problem.loss.convex:  # free the memory of the old one first
            self.model = self.last_step = None
        self.model = ReweightedModel(self.problem, at.curvature, rough=True)
        self.work.hessians += 1

    def _compare(self):
        """Set the ratio of each vector's curvature to the model's, in the whole."""
        count = self.point.n_vectors
        self.ratio = usable_ratio(
            self.point.at.sums[CURVATURE, :count], self.model.weight_sum
        )

    def _compare_along(self):
        """The same along the last step, by what it has changed."""
        model, length, shift, curvature, change = self.last_step
        if model is not self.model:
            step = self.point.at.step[:, :len(shift)] + shift
            curvature = self.model.weights @ step**2
        self.ratio = usable_ratio(change * self.problem.eta_unit, length * curvature)

    def _take_in(self, W, C, alphas, live):
        """Add to the model what is active or violates the optimality conditions."""
        working = self.working
        wanted = W[:, live].any(axis=1) | (working.l1 == 0)
        column_penalty = self.problem.column_penalty
        if column_penalty.piecewise_linear:
            limit = np.multiply.outer(working.l1, alphas[live])
            wanted |= (np.abs(C[:, live]) >= limit).any(axis=1)
        else:
            norm = column_penalty.dual_norm(C[:, live], working.columns)
            wanted |= (norm >= alphas[live]).any(axis=1)
            wanted = column_penalty.together(wanted, working.columns)
        wanted[self.model.places] = False
        new = np.flatnonzero(wanted)
        self.model.add(new, working.columns[new])

    # --- The optimum of the model.

    def _solve(self, W, C, loss, gap, alphas, live, tol, alpha):
        model, at, scale = self.model, self.model.places, self.ratio[live]
        view, gram = model.view(self.working, self.work)
        start, c = W[at][:, live], C[at][:, live]
        if self.problem.fit_intercept:
            # with columns centred as the model's are
            c -= np.multiply.outer(model.shift, self.point.intercept_gradient[live])
        if self.problem.column_penalty.by_blocks:
            return self._descend_blocks(start, c, loss, gap, alphas, live, tol) - start
        if not self.problem.column_penalty.piecewise_linear:
            scale = scale * self.damping[live]
            gram = model.gram()[0] if gram is None else gram
            return proximal_descent(
                self.problem.column_penalty, model.columns, gram, scale, start, c,
                alphas[live], tol[live], MAX_ROUNDS, self.settings.deadline, self.work,
            ) - start
        c /= scale
        part, tol = alphas[live] / scale, tol[live] / scale
        if gram is not None and (len(at) <= costs.ACTIVE_SET_COLUMNS or self.point.smooth):
            if self.point.smooth and view.l2.min() > 0 and part.min() > 0:
                return solve_ridge_models(view, gram, start, c, part) - start
            return follow_active_set(
                model, view, gram, start, c, part, 0.1 * tol,
                alpha=None if alpha is None else alpha / scale[0], **self.engine_options()
            ) - start
        target = np.maximum(FORCING * gap[live] / scale, 0.1 * tol)
        r = None if gram is not None else self.point.at.residual[:, live] / scale
        loss = loss[live] / scale
        if gram is None and not model.design.sparse:
            return self._descend_packed(view, start, c, r, loss, part, target) - start
        return self._descend(view, gram, start, c, r, loss, part, target) - start

    def _descend_blocks(self, start, c, loss, gap, alphas, live, tol):
        """Solutions with a penalty on groups, one by one."""
        model, scale = self.model, self.ratio[live]
        by_gram = len(model.columns) <= len(model.weights)
        if self._blocks is None or len(self._blocks.columns) != len(model.columns) or (
            self._blocks_of is not model
        ):
            self._blocks_of = model
            self._blocks = BlockModel(
                self.problem.column_penalty, model.columns,
                model.gram()[0] if by_gram else None, None if by_gram else model.packed(),
            )
        root, solved = np.sqrt(model.weights), start.copy()
        for k, at in enumerate(live):
            r = self.point.at.residual[:, at] / scale[k]
            target = max(BLOCK_FORCING * gap[at], 0.1 * tol[at]) / scale[k]
            solved[:, k], _ = descend_blocks(
                self._blocks, start[:, k], c[:, k] / scale[k],
                np.divide(r, root, out=np.zeros_like(root), where=root > 0),
                loss[at] / scale[k], alphas[at] / scale[k], target,
                self.settings.deadline, self.work,
            )
        return solved

    def engine_options(self):
        """What all engines take."""
        return {
            "certify": self.problem.column_penalty.certify, "work": self.work,
            "deadline": self.settings.deadline,
        }

    def _solve_smooth(self, W, C, alphas, live):
        """Step to the optimum of the model where no coefficient is pulled to zero or
        bounded: conjugate gradients on all of them."""
        size = self.ratio[live] * self.model.weights.mean()
        D, solved = smooth_step(
            self.point, W, C, alphas, size, lambda V: self._change_of_residuals(V, live)
        )
        if not solved:
            # badly conditioned: see the columns by their Gram matrix from now on
            self.by_gradients = 8 * len(self.working) ** 2 > costs.GRAM_BYTES
        return D

    def _change_of_residuals(self, V, live):
        """Minus the change of the weighted residuals, in the model, by steps V (n_samples,
        n_vectors) of the predictors with the intercepts that belong to them."""
        if self.problem.fit_intercept:
            self.model.center(V)
        return self.ratio[live] * self.model.weights[:, None] * V

    def _descend(self, view, gram, start, c, r, loss, alphas, tol):
        """Solutions by batched descent, on the Gram matrix or on sparse columns."""
        if gram is None:
            state = self._residuals_at_zero(view.columns, start, r)
            xty = gradient(self.model.design, state, view.columns)[:, :start.shape[1]]
        else:
            state = xty = c + gram @ start
        yy = loss + np.einsum("ij,ij->j", start, xty + c)
        solved = np.empty_like(start)
        for first in range(0, len(alphas), BLOCK):
            part = slice(first, first + BLOCK)
            solved[:, part], _, effort = descend_batch(
                self.problem, view, state[:, part], xty[:, part], yy[part],
                start[:, part], 0, alphas[part], tol[part], MAX_ROUNDS,
                self.settings.deadline, squared=False,
            )
            self.work.epochs += effort.rounds
            self.work.newton += effort.newton
        return solved

    def _residuals_at_zero(self, columns, start, r):
        """Weighted residuals of the model at w = 0, given those at `start`."""
        state = self.point.product(columns, start) / self.problem.eta_unit
        if self.problem.fit_intercept:
            self.model.center(state)
        return state * self.model.weights[:, None] + r

    def _descend_packed(self, view, start, c, r, loss, alphas, tol):
        """Solutions by descent along copied columns, one by one."""
        packed, root = self.model.packed(), np.sqrt(self.model.weights)
        quadratic, solved = Quadratic.from_packed(packed), np.array(start.T, order="C")
        for k, w in enumerate(solved):
            xty = c[:, k] + packed.T @ (packed @ w)
            state = np.divide(r[:, k], root, out=np.zeros_like(root), where=root > 0)
            _, epochs, _, _ = descend(
                quadratic, w, state, 0.0, xty, view.sqnorm, alphas[k] * view.l1,
                alphas[k] * view.l2, view.lower, view.upper,
                float(loss[k] + w @ (xty + c[:, k])), tol[k], MAX_EPOCHS,
                self.settings.deadline, True,
            )
            self.work.epochs += epochs
        return solved.T


def usable_ratio(curvature, model):
    """Ratio of two curvatures, 1 where it is not of a usable size."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = curvature / model
    return np.where((ratio > 0.02) & (ratio < 50.0), ratio, 1.0)


def smooth_step(point, W, C, alphas, curvature, change):
    """Newton step (working, n_vectors) of all coefficients where no coefficient is pulled
    to zero or bounded, and whether it is one; see `hessian_free_step`."""
    working, l2 = point.working, np.multiply.outer(point.working.l2, alphas)
    return hessian_free_step(
        point, working.columns, working.sqnorm, C - l2 * W, lambda P: l2 * P, l2, curvature,
        change,
    )


def hessian_free_step(
    point, columns, sqnorm, rest, hold, diagonal, curvature, change, free=1.0
):
    """Solve ``H D + hold(D) = rest`` for some columns by conjugate gradients, H being the
    Hessian of a model.

    Parameters
    ----------
    point : Point
    columns, sqnorm : ndarray (size,)
    rest : ndarray (size, n_vectors)
    hold : callable
        The Hessian of the penalty times a block of vectors.
    diagonal : ndarray (size, n_vectors)
        Its diagonal.
    curvature : ndarray (n_vectors,)
        Mean curvature of a sample.
    change : callable
        By how much steps (n_samples, n_vectors) of the predictors lower the weighted
        residuals.
    free : ndarray (size, n_vectors) or float
        0 for coefficients that stay.

    Returns
    -------
    D : ndarray (size, n_vectors)
    solved : bool
    """
    inverse = np.multiply.outer(sqnorm, curvature) + diagonal
    # (without any curvature the length of a step is undetermined)
    inverse = np.divide(free, inverse, out=np.zeros_like(rest), where=inverse > 0)
    design, unit = point.problem.design, point.problem.eta_unit

    def multiply(P):
        Q = change(point.product(columns, P) / unit)
        return gradient(design, Q, columns)[:, :P.shape[1]] + hold(P)

    return conjugate_gradients(
        multiply, rest, lambda P: inverse * P, together=point.together, work=point.work
    )
