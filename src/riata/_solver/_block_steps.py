"""The squared loss with a penalty on groups: block descent on the working set."""

from time import monotonic

import numpy as np

from .._core.descent import CONVERGED, OUT_OF_TIME, STALLED
from ._engines._block_descent import BlockModel, descend_blocks
from ._exact_steps import ExactSteps
from ._steps import ahead


class BlockSteps(ExactSteps):
    """Solves penalised least squares with norms of groups on the working set.

    Parameters
    ----------
    state : PathState
    """

    def __init__(self, state):
        super().__init__(state)
        self.working.may_be_rough = False
        self.model = self.packed = None
        self.before = None  # the coefficients of the alpha before the last, and that alpha

    def takes_all_columns(self, alphas):
        return False

    def solves_together(self):
        return False

    def solve(self, W, first, alphas, tol):
        working, state, given = self.working, self.state, W is not None
        if not given:
            state.engine = ["null"] * len(alphas)
        if not len(working):
            return np.zeros((0, len(alphas))), [CONVERGED] * len(alphas)
        with self.work.phase("gram"):
            model = self._model()
        W = W[:, :len(alphas)].copy() if given else np.repeat(state.W, len(alphas), axis=1)
        statuses = [CONVERGED] * len(alphas)
        state.engine[first:] = ["descent"] * (len(alphas) - first)
        with self.work.phase("solve"):
            earlier = None if given else self.before
            last = state.W[:, 0], state.alpha
            for k in range(first, len(alphas)):
                w = W[:, k] if given else ahead(last, earlier, alphas[k], len(working))
                w, solved = descend_blocks(
                    model, w, *self._at(w), alphas[k], tol[k], self.settings.deadline,
                    self.work,
                )
                W[:, k], earlier, last = w, last, (w, alphas[k])
                if not solved:
                    late = monotonic() > self.settings.deadline
                    statuses[k] = OUT_OF_TIME if late else STALLED
        return W, statuses

    def _model(self):
        """The columns of the working set, group by group: by their Gram matrix where that
        is the smaller one."""
        working, design = self.working, self.problem.design
        if self.model is None or len(self.model.columns) != len(working):
            gram = self.packed = None
            if len(working) <= design.n_samples:
                working.extend_gram()
                gram, self.work.gram = working.gram, working.n_formed
            else:
                self.packed = np.empty((design.n_samples, len(working)), order="F")
                design.pack(working.columns, 0, design.n_samples, self.packed)
            self.model = BlockModel(
                self.problem.column_penalty, working.columns, gram, self.packed
            )
        return self.model

    def _at(self, w):
        """Correlations, residuals times the roots of the weights (or None) and twice the
        loss at coefficients of the working set."""
        working, problem, active = self.working, self.problem, w.nonzero()[0]
        if self.packed is None:
            c = working.xty - working.gram[:, active] @ w[active]
            return c, None, problem.yy - float(w @ (working.xty + c))
        root = 1.0 if problem.weights is None else np.sqrt(problem.weights)
        r = root * problem.y - self.packed[:, active] @ w[active]
        return None, r, float(r @ r)

    def go_on_from(self, found, k, alphas=()):
        super().go_on_from(found, k, alphas)
        self.before = None
        if len(alphas) > 1:
            self.before = found.W[:, k - 1].copy(), float(alphas[-2])
