"""Quadratic models of the loss, on some columns of a working set."""

import numpy as np

from .. import _costs as costs
from .._core.active_set import ActiveSet
from .._core.descent import Quadratic
from ._engines._batched_descent import View
from ._engines._direct import positive_definite
from ._working_set import Gram, most_in_gram


def view_of(working, places, quadratic, sqnorm):
    """Some columns of a working set as engines take them."""
    return View(
        quadratic, working.columns[places], sqnorm, working.l1[places],
        working.l2[places], working.lower[places], working.upper[places],
    )


class ReweightedModel:
    """A quadratic model in the form of least squares on the columns of X, with curvatures
    as weights; columns are added as they are needed.

    Parameters
    ----------
    problem : GeneralProblem
    curvature : ndarray (n_samples,)
    rough : bool
        Whether its Gram matrix may be in single precision.
    """

    grows = True

    def __init__(self, problem, curvature, rough):
        weights = problem.datafit.floored(curvature)
        if problem.weights is not None:
            weights = weights * problem.weights
        self.weights, self.weight_sum = weights, float(weights.sum())
        self.design = problem.design.reweighted(weights)
        self.problem = problem
        self.places = np.empty(0, dtype=np.intp)  # in the working set
        self.shift = np.empty(0)  # of the means, against those of the design
        self.columns = np.empty(0, dtype=np.intp)
        self._gram, self._rough = Gram(self.design), rough
        self.active_set = ActiveSet()

    def add(self, places, columns):
        """Take in more columns of the working set."""
        if len(places):
            self.design.measure(columns)
            self.places = np.concatenate([self.places, places])
            self.columns = np.concatenate([self.columns, columns])
            mean, scale = self.problem.design.mean, self.design.scale
            shift = scale[columns] * (self.design.mean[columns] - mean[columns])
            self.shift = np.concatenate([self.shift, shift])

    def view(self, working, work):
        """Its columns as engines take them, and their Gram matrix, or None where the
        columns themselves are cheaper."""
        gram = None
        if self._by_gram():
            with work.phase("gram"):
                gram, added = self.gram()
                work.gram += added
            quadratic = Quadratic.from_gram(gram)
        elif self.design.sparse:
            quadratic = Quadratic.from_sparse(self.design, self.columns)
        else:
            quadratic = None  # copied when they are used
        sqnorm = self.design.sqnorm[self.columns]
        return view_of(working, self.places, quadratic, sqnorm), gram

    def _by_gram(self):
        """Whether the Gram matrix is the cheaper way to see the columns."""
        if not self.design.sparse:
            return 8 * len(self.columns) ** 2 <= costs.GRAM_BYTES
        return len(self.columns) <= most_in_gram(self.design, self.columns)

    def gram(self):
        """Gram matrix of its columns, and how many of them are new in it."""
        added = self._gram.extend(self.columns, self._rough)
        return self._gram.matrix, added

    def packed(self):
        """Its columns, copied, times the roots of the weights."""
        packed = np.empty((len(self.weights), len(self.columns)), order="F")
        self.design.pack(self.columns, 0, len(packed), packed)
        return packed

    def center(self, V):
        """Take off each column of V (n, n_vectors) its mean in the weights of the model."""
        V -= self.weights @ V / self.weight_sum


class DenseModel:
    """A quadratic model given by the Hessian of some columns.

    Parameters
    ----------
    places : ndarray of int
        Its columns in the working set.
    gram, shift, weight_sum
        As from `HessianColumns.hessian`.
    """

    grows = False

    def __init__(self, places, gram, shift, weight_sum):
        self.places, self.gram = places, gram
        self.shift, self.weight_sum = shift, weight_sum
        self.active_set = ActiveSet()
        self._noted = None
        self._factor = None, None  # the last: alpha, factor

    @staticmethod
    def of(noted, state):
        """The model that was `noted`, for the working set of another path; None if it does
        not have all of its columns."""
        if noted is None:
            return None
        columns, gram, mean, weight_sum = noted
        at = np.full(state.problem.design.n_features, -1)
        at[columns] = np.arange(len(columns))
        columns, design = state.working.columns, state.problem.design
        at = at[columns]
        if (at < 0).any():
            return None
        scale = design.scale[columns]
        gram = gram[np.ix_(at, at)] * scale * scale[:, None]
        shift = scale * (mean[at] - design.mean[columns])
        if not state.problem.fit_intercept:
            shift[:] = 0.0
        return DenseModel(np.arange(len(columns)), gram.T, shift, weight_sum)

    def noted(self, state):
        """What a `SavedIterate` stores: columns, Hessian, means, total weight."""
        if self._noted is None:
            design, columns = state.problem.design, state.working.columns[self.places]
            scale = design.scale[columns]
            with np.errstate(over="ignore"):
                gram = self.gram / scale / scale[:, None]
            mean = self.shift / scale + design.mean[columns]
            self._noted = columns, gram, mean, self.weight_sum
        return self._noted if np.isfinite(self._noted[1]).all() else None

    def view(self, working, work):
        """Its columns as engines take them, and their Hessian."""
        quadratic = Quadratic.from_gram(self.gram)
        sqnorm = self.gram.diagonal().copy()
        return view_of(working, self.places, quadratic, sqnorm), self.gram

    def solve_smooth(self, rest, alpha, l2):
        """``(gram + alpha l2)^-1 rest``; None if that cannot be factored."""
        factored, solved = positive_definite()
        known, factor = self._factor
        if known != alpha:
            matrix = self.gram.copy(order="F")
            matrix.flat[:: len(l2) + 1] += alpha * l2
            factor, failed = factored(matrix, lower=1, clean=0, overwrite_a=1)
            if failed:
                return None
            self._factor = alpha, factor
        return solved(factor, rest, lower=1)[0]
