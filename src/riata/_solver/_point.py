"""Iterates of Newton's method: the predictors of a batch of alphas, and the loss there."""

import numpy as np

from .._design._products import BLOCK, add_product, product
from .._problem._predictors import LOSS, RESIDUAL


class Point:
    """Where a batch of alphas is.

    An alpha has as many vectors (of coefficients, predictors, residuals) as the problem
    has outputs; the vectors of a batch lie side by side.

    Parameters
    ----------
    state : PathState

    Attributes
    ----------
    at : Predictors
        The predictors that belong to the coefficients at hand, and the loss there.
    shift : ndarray (n_vectors,)
        Their intercepts, less those of the null model.
    smooth : bool
        Whether no coefficient is pulled to zero or bounded, so that all are active.
    """

    def __init__(self, state):
        self.state, self.problem, self.settings = state, state.problem, state.settings
        self.working, self.work = state.working, state.work
        problem, column_penalty = self.problem, self.problem.column_penalty
        self.smooth = column_penalty.lower is None and not column_penalty.l1.any()
        self._rooms = {}  # predictors by their number of vectors
        self.at, self.shift = None, np.zeros(problem.n_outputs)
        self.last_eta = problem.null_eta  # of the last solution
        self.last_shift = np.zeros(problem.n_outputs)

    def go_on_from(self, k):
        """Take the k-th alpha as the last solution."""
        vectors = slice(k * self.problem.n_outputs, (k + 1) * self.problem.n_outputs)
        self.last_eta = self.at.eta[:, vectors].copy()
        self.last_shift = self.shift[vectors]

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
        return self.at.sums[RESIDUAL, :self.n_vectors]

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
            width = -(-count // BLOCK) * BLOCK
        if width not in self._rooms:
            self._rooms[width] = self.problem.datafit.predictors(width)
        return self._rooms[width]

    def product(self, columns, B):
        """``eta_unit X~[:, columns] @ B``, without copies of the columns."""
        out = product(self.problem.design, columns, self.problem.eta_unit * B)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0  # where the loss might overflow
        return out

    def add_product(self, columns, B, out):
        if out.shape[1] != 1 and out.shape[1] % BLOCK:
            out += self.product(columns, B)
            return
        add_product(self.problem.design, columns, self.problem.eta_unit * B, out)
        if self.problem.weights is not None:
            out[self.problem.weights == 0] = 0.0

    def broadcast(self, n_alphas):
        """Start every alpha from the last solution."""
        outputs, count = self.problem.n_outputs, n_alphas * self.problem.n_outputs
        self.at = at = self.room(count)
        self.shift = np.tile(self.last_shift, n_alphas)
        if outputs > 1:
            at.eta[:, :count] = np.tile(self.last_eta, n_alphas)
            at.evaluate(at.every[:count])
            return
        at.eta[:] = self.last_eta
        at.evaluate(at.every[:1])
        at.sums[:] = at.sums[:, :1]
        if count > 1:
            at.residual[:] = at.residual[:, :1]

    def evaluate(self, W):
        """Set the predictors to those of coefficients W (working, n_vectors), with optimal
        intercepts."""
        count = W.shape[1]
        if self.at is None or self.n_vectors != count:
            self.at, self.shift = self.room(count), np.zeros(count)
        at, active = self.at, W.any(axis=1).nonzero()[0]
        at.eta[:] = 0.0
        self.add_product(self.working.columns[active], W[active], at.eta)
        at.eta += self.problem.null_eta
        if self.problem.fit_intercept:
            # from the intercepts that were found on the way
            self.shift = at.profile_intercept(count, self.shift)
        else:
            at.evaluate(at.every[:count])

    def penalty(self, W, alphas):
        """Penalties of the vectors; of several outputs, parts of that of the alpha."""
        return self.problem.penalty.value(W, alphas, self.working.columns)
