"""Columns of a working set, prepared for Hessians on some of them."""

import numpy as np

from .. import _costs as costs
from .._core.gram import gram_of_rows, rows_of
from .._design._products import add_product, gradient


class HessianColumns:
    """The columns of a working set, for Hessians on some of them.

    Dense ones are copied once, centred, if they are not too large, and are zero where
    samples have no weight; sparse ones are sorted by rows.

    Parameters
    ----------
    problem : GeneralProblem
    """

    def __init__(self, problem):
        self.problem = problem
        self.columns = np.empty(0, dtype=np.intp)
        self.rows = None  # of all columns, where they are sparse
        self.packed = None
        if not problem.design.sparse:
            self.packed = np.empty((problem.design.n_samples, 0), order="F")
        self.root_inverse = None
        if problem.weights is not None:
            root, none = np.sqrt(problem.weights), np.zeros(len(problem.weights))
            self.root_inverse = np.divide(1.0, root, out=none, where=root > 0)

    def extend(self, columns):
        """Take in the columns that are new at the end of `columns`."""
        old, self.columns = len(self.columns), columns
        if old == len(columns):
            return
        self.rows = None
        if self.packed is not None:
            whole = slice(0, self.problem.design.n_samples)
            if self.fits(len(columns)):
                packed = np.empty((whole.stop, len(columns)), order="F")
                packed[:, :old] = self.packed
                self._pack(columns[old:], whole, packed[:, old:])
                self.packed = packed
            else:
                self.packed = None

    def fits(self, size):
        """Whether so many columns are not too many to be copied."""
        return 8 * self.problem.design.n_samples * size <= costs.HESSIAN_BYTES

    def cost(self, size):
        """Multiply-adds of the Hessian of so many columns."""
        design = self.problem.design
        if not design.sparse:
            return design.n_samples * size**2
        per_row = design.nnz / design.n_samples * size / design.n_features
        return costs.SPARSE_HESSIAN_FACTOR * design.n_samples * per_row**2

    def hessian(self, places, curvature):
        """Hessian of some columns, with the intercept that belongs to them.

        Returns
        -------
        gram : ndarray (size, size), contiguous columns
        shift : ndarray (size,)
            Means of the columns in the weights of the model.
        weight_sum : float
            Sum of those weights.
        """
        problem = self.problem
        heavy = problem.datafit.floored(curvature)
        if problem.weights is not None:
            heavy = heavy * problem.weights
        if problem.design.sparse:
            return self._sparse_hessian(places, heavy)
        size, weight_sum, root = len(places), float(heavy.sum()), np.sqrt(heavy)
        gram, sums = np.zeros((size, size)), np.zeros(size)
        for rows, Z in self._panels(places):
            Z = Z * root[rows, None]
            gram += Z.T @ Z
            sums += root[rows] @ Z
        shift = np.zeros(size)
        if self.problem.fit_intercept:
            shift = sums / weight_sum
            gram -= np.outer(sums, shift)
        return gram.T, shift, weight_sum

    def _panels(self, places):
        """Rows, a slice of them after the other, and what some columns have there."""
        columns, packed = self.columns[places], self.packed
        if packed is not None and len(places) < len(self.columns):
            packed = packed[:, places]
        n = self.problem.design.n_samples
        for first in range(0, n, costs.HESSIAN_PANEL_ROWS):
            rows = slice(first, min(first + costs.HESSIAN_PANEL_ROWS, n))
            if packed is not None:
                yield rows, packed[rows]
            else:
                panel = np.empty((rows.stop - first, len(columns)), order="F")
                yield rows, self._pack(columns, rows, panel)

    def _pack(self, columns, rows, out):
        self.problem.design.pack(columns, rows.start, rows.stop, out)
        if self.root_inverse is not None:
            out *= self.root_inverse[rows, None]
        return out

    def correlate(self, r):
        """``X~' r`` of all columns, for r (n_samples, 1)."""
        if self.packed is not None:
            return r[:, 0] @ self.packed
        return gradient(self.problem.design, r, self.columns)[:, 0]

    def multiply(self, w, out):
        """Set out (n_samples, 1) to ``X~ w``."""
        if self.packed is not None:
            np.matmul(self.packed, w, out=out[:, 0])
            return
        out[:] = 0.0
        add_product(self.problem.design, self.columns, w[:, None], out)
        if self.root_inverse is not None:
            out[self.root_inverse == 0.0] = 0.0  # where the loss might overflow

    def _sparse_hessian(self, places, weights):
        problem, design = self.problem, self.problem.design
        columns, whole = self.columns[places], len(places) == len(self.columns)
        rows = self.rows
        if not whole or rows is None:
            rows = rows_of(design, columns, False)
            self.rows = rows if whole else self.rows
        *rows, mean = rows
        gram, sums = gram_of_rows(*rows, weights, len(columns))
        weight_sum, shift = float(weights.sum()), np.zeros(len(columns))
        if problem.fit_intercept:
            gram -= np.outer(sums, sums / weight_sum)
            shift = sums / weight_sum - mean
        return gram.T, shift, weight_sum
