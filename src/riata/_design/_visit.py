"""One visit of the rows of chunks: losses and gradients at the points of several alphas,
and the sums that quadratic models there consist of."""

from typing import NamedTuple

import numpy as np

from .. import _costs as costs
from ._in_memory import InMemoryDesign
from ._products import gradient, product
from ._sums import sparse_products


class Group(NamedTuple):
    """Alphas that share a quadratic model, and the columns of the model."""

    which: slice
    columns: np.ndarray | None  # None: no model is formed


class Quadratics(NamedTuple):
    """Sums for a quadratic model of the loss, weighted by the mean curvature of a group of
    alphas."""

    weight: float
    column_sums: np.ndarray  # (size,)
    gram: np.ndarray  # (size, size)

    def plus(self, other):
        """Those of both sets of rows together; the matrix of the first is changed."""
        gram = self.gram
        gram += other.gram
        return Quadratics(
            self.weight + other.weight, self.column_sums + other.column_sums, gram
        )


class Visit(NamedTuple):
    """What one visit has found at some points, in the units of the design."""

    C: np.ndarray  # (n_features, n_alphas) gradients
    sums: np.ndarray  # (3, n_alphas): losses, residuals, curvatures
    models: list  # `Quadratics` of each group, or None


def add_visits(one, other):
    """The visits of two sets of rows, added."""
    models = [
        None if mine is None else mine.plus(its)
        for mine, its in zip(one.models, other.models, strict=True)
    ]
    return Visit(one.C + other.C, one.sums + other.sums, models)


def visit_of(X, placed, rows, columns, B, shift, groups):
    """`Visit` of the rows of a block.

    Parameters
    ----------
    X : DesignArrays
    placed : tuple
        Means, scales, no weights, whether columns are centred, and threads.
    rows : tuple
        `Datafit` and null predictors (n_rows, 1) of the rows.
    columns, B : ndarray (size,), (size, n_alphas)
        The coefficients that are not zero in all alphas.
    shift : ndarray (n_alphas,)
        Intercepts, in units of the predictors.
    groups : list of Group
        All alphas, in their order.
    """
    datafit, null = rows
    n, found = X.n_samples, None
    width = 8 * (X.n_features + 3 * len(shift))
    step = n if X.kind == "csc" else max(costs.VISIT_PANEL_BYTES // width, 256)
    for first in range(0, n, step):
        part = slice(first, min(first + step, n))
        panel = X if step >= n else X._replace(
            data=X.data[part], n_samples=part.stop - first
        )
        panel = (SparseRows if X.kind == "csc" else DenseRows)(panel, placed)
        seen = _visit(panel, datafit.rows(part), null[part], columns, B, shift, groups)
        found = seen if found is None else add_visits(found, seen)
    return found


class DenseRows:
    """Rows of a dense design, copied, centred and scaled."""

    def __init__(self, X, placed):
        design = InMemoryDesign.of_arrays(X, *placed)
        self.packed = np.empty((X.n_samples, X.n_features), order="F")
        # (`placed` has no weights)
        design.pack(np.arange(X.n_features), 0, X.n_samples, self.packed)

    def product(self, columns, B):
        """Predictors (n_rows, n_alphas)."""
        return np.take(self.packed.T, columns, axis=0).T @ B

    def gradient(self, R):
        """Correlations of all columns with weighted residuals (n_rows, n_alphas)."""
        return self.packed.T @ R

    def products(self, which, weights):
        """Products of some columns with weights, and of pairs of them."""
        return products_of(np.take(self.packed.T, which, axis=0).T, weights)


class SparseRows:
    """Rows of a sparse design."""

    def __init__(self, X, placed):
        self.design, self.n = InMemoryDesign.of_arrays(X, *placed), X.n_samples

    def product(self, columns, B):
        """As of `DenseRows`."""
        return product(self.design, columns, B)

    def gradient(self, R):
        """As of `DenseRows`."""
        every = np.arange(self.design.n_features)
        return gradient(self.design, R, every)[:, :R.shape[1]]

    def products(self, which, weights):
        """As of `DenseRows`; by the few entries of each row where there are few."""
        design = self.design
        if not len(which) or design.column_nnz(which) > costs.VISIT_DENSITY_SHARE * self.n:
            packed = np.empty((self.n, len(which)), order="F")
            if len(which):
                design.pack(which, 0, self.n, packed)
            return products_of(packed, weights)
        return sparse_products(design, which, weights)


def products_of(packed, weights):
    """Those of columns (n_rows, size), which are changed."""
    root = np.sqrt(weights)
    packed *= root[:, None]
    return root @ packed, packed.T @ packed


def _visit(panel, datafit, null, columns, B, shift, groups):
    n_alphas, n, weights = len(shift), len(null), datafit.weights
    datafit.least = 0.0  # (that of all rows is subtracted in the end)
    eta = np.zeros((n, n_alphas))
    if len(columns):
        eta = datafit.unit * panel.product(columns, B)
    eta += shift
    eta += null
    if weights is not None:
        eta[weights == 0] = null[weights == 0]  # where the loss might overflow
    sums, R, models = np.zeros((3, n_alphas)), np.empty((n, n_alphas)), []
    for group in groups:
        one = np.ascontiguousarray(eta[:, group.which])
        sums[:, group.which], R[:, group.which], curvature = datafit.at(one)
        model = None
        if group.columns is not None:
            curvature = datafit.floored(curvature)
            heavy = curvature if weights is None else curvature * weights
            products = panel.products(group.columns, heavy)
            model = Quadratics(float(heavy.sum()), *products)
        models.append(model)
    return Visit(panel.gradient(R), sums, models)
