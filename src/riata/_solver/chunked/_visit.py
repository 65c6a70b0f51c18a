"""What one read of many rows tells of points where a loss is to be looked at: losses,
gradients, and quadratic models."""

from typing import NamedTuple

import numpy as np

from ..._design._chunked import seen_as
from ..._design._products import gradient, product
from ..._design._sums import sparse_products
from ..._problem._datafit import Datafit
from ..._problem._predictors import CURVATURE, LOSS, RESIDUAL
from .._quadratic_model import floored

PANEL_BYTES = 2**20  # of rows that are looked at at once
SPARSE = 0.2  # density up to which products are formed entry by entry


class Group(NamedTuple):
    """Alphas that are evaluated together, and the columns of their quadratic model."""

    which: slice
    columns: np.ndarray | None  # None: no model is wanted


class Quadratics(NamedTuple):
    """Sums for a quadratic model of the loss, the mean curvature of some alphas being the
    weights."""

    weight: float
    pulls: np.ndarray  # (size,) sums of the columns with these weights
    gram: np.ndarray  # (size, size)

    def plus(self, other):
        """Those of both sets of rows together; the matrix of the first is changed."""
        gram = self.gram
        gram += other.gram
        return Quadratics(self.weight + other.weight, self.pulls + other.pulls, gram)


class Visit(NamedTuple):
    """What one read has found of some points, in the units of the design."""

    C: np.ndarray  # (n_features, n_alphas) gradients
    sums: np.ndarray  # (3, n_alphas): losses, residuals, curvatures
    models: list  # `Quadratics` of each group, or None


def add_visits(one, other):
    """What two sets of rows have to tell."""
    models = [
        None if mine is None else mine.plus(its)
        for mine, its in zip(one.models, other.models, strict=True)
    ]
    return Visit(one.C + other.C, one.sums + other.sums, models)


def visit_of(X, placed, rows, unit, columns, B, shift, groups):
    """`Visit` of the rows of a block.

    Parameters
    ----------
    X, placed
        See `riata._design._chunked`.
    rows : tuple
        Loss, targets, weights (or None) and null predictors of the rows.
    unit : float
        Of the predictors.
    columns, B : ndarray (size,), (size, n_alphas)
        The coefficients that are not zero in all alphas.
    shift : ndarray (n_alphas,)
        Intercepts, in units of the predictors.
    groups : list of Group
        all alphas, in their order.
    """
    loss, target, weights, null = rows
    n, found = X.n_samples, None
    width = 8 * (X.n_features + 3 * len(shift))
    step = n if X.kind == "csc" else max(PANEL_BYTES // width, 256)
    for first in range(0, n, step):
        part = slice(first, min(first + step, n))
        panel = X if step >= n else X._replace(
            data=X.data[part], n_samples=part.stop - first
        )
        its = None if weights is None else weights[part]
        panel = (SparseRows if X.kind == "csc" else DenseRows)(panel, placed)
        seen = _visit(panel, (loss, target[part], its, null[part]), unit, columns, B,
                      shift, groups)
        found = seen if found is None else add_visits(found, seen)
    return found


class DenseRows:
    """Rows of the design, copied: centred and scaled."""

    def __init__(self, X, placed):
        design = seen_as(X, placed)
        self.packed = np.empty((X.n_samples, X.n_features), order="F")
        # (`placed` has no weights)
        design.pack(np.arange(X.n_features), 0, X.n_samples, self.packed)

    def product(self, columns, B):
        """Predictors (n_rows, n_alphas)."""
        return np.take(self.packed.T, columns, axis=0).T @ B

    def gradient(self, pull):
        """Correlations of all columns with residuals (n_rows, n_alphas)."""
        return self.packed.T @ pull

    def products(self, which, weights):
        """Products of some columns with weights, and of pairs of them."""
        return products_of(np.take(self.packed.T, which, axis=0).T, weights)


class SparseRows:
    """Rows of a sparse design."""

    def __init__(self, X, placed):
        self.design, self.n = seen_as(X, placed), X.n_samples

    def product(self, columns, B):
        """As of `DenseRows`."""
        return product(self.design, columns, B)

    def gradient(self, pull):
        """As of `DenseRows`."""
        every = np.arange(self.design.n_features)
        return gradient(self.design, pull, every)[:, :pull.shape[1]]

    def products(self, which, weights):
        """As of `DenseRows`; by the few entries of each row where there are few."""
        design = self.design
        if not len(which) or design.column_nnz(which) > SPARSE * self.n:
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


def _visit(panel, rows, unit, columns, B, shift, groups):
    loss, target, weights, null = rows
    n_alphas, n = len(shift), len(target)
    datafit = Datafit(loss, target, weights, unit)
    datafit.least = 0.0  # (taken off in the end)
    eta = unit * panel.product(columns, B) if len(columns) else np.zeros((n, n_alphas))
    eta += shift
    eta += null
    if weights is not None:
        eta[weights == 0] = null[weights == 0]  # where the loss might overflow
    sums, pull, models = np.zeros((3, n_alphas)), np.empty((n, n_alphas)), []
    for group in groups:
        one = np.ascontiguousarray(eta[:, group.which])
        width = one.shape[1]
        pulled, curvature, none = np.empty_like(one), np.empty(n), np.zeros(width)
        found = datafit.evaluate(
            one, None, none, none, np.arange(width, dtype=np.intc), None, one, pulled,
            curvature,
        )
        sums[:, group.which] = found[[LOSS, RESIDUAL, CURVATURE]]
        pull[:, group.which] = pulled
        models.append(None if group.columns is None else quadratics(
            panel, group.columns, curvature, weights
        ))
    return Visit(panel.gradient(pull), sums, models)


def quadratics(panel, columns, curvature, weights):
    """`Quadratics` of some columns."""
    curvature = floored(curvature, weights)
    weights = curvature if weights is None else curvature * weights
    return Quadratics(float(weights.sum()), *panel.products(columns, weights))
