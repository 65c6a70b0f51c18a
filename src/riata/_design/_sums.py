"""Sums over rows, block by block, from which the moments of any set of blocks follow.

Each block is centred at its own means, and two blocks are merged with a correction for the
difference of their means (Chan, Golub & LeVeque 1983,
doi:10.1080/00031305.1983.10483115), so that nothing cancels however large the means are.
"""

from typing import Any, NamedTuple

import numpy as np

from .. import _costs as costs
from .._core.design import Design
from .._core.gram import sparse_gram
from ._products import gradient, gram_by_panels


class Sums(NamedTuple):
    """Weighted sums over some samples, about their means."""

    rows: int  # samples of positive weight
    weight: float
    mean: np.ndarray
    y: float  # mean of the target
    square: np.ndarray  # sum s (x - mean)^2
    xty: np.ndarray  # sum s (x - mean) (y - its mean)
    yy: float
    gram: Any = None  # sum s (x - mean) (x - mean)', or None

    def merge(self, other):
        """Those of both parts together."""
        if not other.weight:
            return self
        if not self.weight:
            return other
        weight = self.weight + other.weight
        share = other.weight / weight
        both = self.weight * share
        x, y = other.mean - self.mean, other.y - self.y
        gram = None
        if self.gram is not None:
            gram = self.gram + other.gram
            gram += np.outer(both * x, x)
        return Sums(
            self.rows + other.rows, weight, self.mean + share * x, self.y + share * y,
            self.square + other.square + both * x * x, self.xty + other.xty + both * y * x,
            self.yy + other.yy + both * y * y, gram,
        )


def merge_sums(one, other):
    """Merge two lists of `Sums`, part by part."""
    return [a.merge(b) for a, b in zip(one, other, strict=True)]


def sums_of(X, y, weights, codes, n_codes, with_gram, n_threads=1):
    """The `Sums` of each set of rows of a block.

    Parameters
    ----------
    X : DesignArrays
    y : ndarray (n_rows,)
    weights : ndarray (n_rows,) or None
    codes : ndarray of int (n_rows,) or None
        To which set each row belongs.
    n_codes : int
    with_gram : bool

    Returns
    -------
    list of Sums
    """
    if codes is None:
        return [_sums(X, y, weights, with_gram, n_threads)]
    found = []
    for code in range(n_codes):
        rows = np.flatnonzero(codes == code)
        if len(rows) in (0, len(y)):
            part, its_y, its_weights = X, y, weights
            if not len(rows):
                its_weights = np.zeros(len(y))
        else:
            part, its_y = rows_of(X, rows), y[rows]
            its_weights = None if weights is None else weights[rows]
        found.append(_sums(part, its_y, its_weights, with_gram, n_threads))
    return found


def sums_by_sets(X, y, weights, codes=None, n_codes=1, n_threads=1):
    """`Sums` of each set of rows of `Chunks` of rows, with all products, in one read."""

    def arguments(k):
        rows = slice(*X.span(k))
        return (
            y[rows], None if weights is None else weights[rows],
            None if codes is None else codes[rows], n_codes, True, n_threads,
        )

    return X.reduce(sums_of, merge_sums, arguments)


def rows_of(X, rows):
    """`DesignArrays` of some rows of a block."""
    if X.kind == "csc":
        taken = X.as_matrix()[rows].tocsc()
        taken.sort_indices()
        return X._replace(
            n_samples=len(rows), data=taken.data, indices=taken.indices,
            indptr=taken.indptr.astype(np.int64),
        )
    return X._replace(n_samples=len(rows), data=_regular(X.data[rows]), kind="dense_c")


def _regular(part):
    return np.ascontiguousarray(part)


def _sums(X, y, weights, with_gram, n_threads):
    p, total = X.n_features, float(len(y))
    rows = len(y)
    if weights is not None:
        total, rows = float(weights.sum()), int(np.count_nonzero(weights))
    nothing = total == 0.0
    if nothing:  # the pass only checks for values that are not finite
        weights, total = None, float(len(y))
    center = float(y.mean() if weights is None else weights @ y / total)
    target = np.ascontiguousarray(y - center, dtype=float)
    design = Design(
        X.kind, X.data, X.indices, X.indptr, (X.n_samples, p), weights, True, target,
        n_threads,
    )
    if nothing:
        zeros = np.zeros(p)
        gram = np.zeros((p, p)) if with_gram else None
        return Sums(0, 0.0, zeros, 0.0, zeros, zeros, 0.0, gram)
    inverse = np.divide(1.0, design.scale, out=np.zeros(p), where=design.scale > 0)
    gram = None
    if with_gram:
        gram = gram_of_design(design, np.arange(p), 0)
        gram *= inverse
        gram *= inverse[:, None]
    weighted = target if weights is None else weights * target
    return Sums(
        rows, total, design.mean, center, design.sqnorm * inverse**2,
        design.xty * inverse, float(weighted @ target), gram,
    )


def few_in_a_row(design):
    """Whether products are best formed from the entries of each row."""
    return design.sparse and design.nnz <= costs.SPARSE_ROW_ENTRIES * design.n_samples


def gram_of_design(design, columns, old):
    """``X~[:, columns]' W X~[:, columns[old:]]``, by panels of rows; the means have to be
    those of the rows of the design."""
    if few_in_a_row(design):
        return sparse_gram(design, columns, old)
    # (each panel of sparse columns costs a visit of all their entries)
    room = 8 * len(columns) * design.n_samples if design.sparse else costs.SUMS_PANEL_BYTES
    return gram_by_panels(design, columns, old, False, room)[0]


def sparse_products(design, columns, weights, old=0):
    """Weighted sums of columns of a sparse block, and of products of columns with those
    from the `old`-th on.

    The means are those of all of X, so that the sums over the rows of the block are not
    zero, as `sparse_gram` assumes.
    """
    column_sums = gradient(design, weights[:, None], columns)[:, 0]
    # only columns without zeros are centred entry by entry
    full = np.diff(design.take(columns)[2]) == design.n_samples
    raw = design.reweighted(weights)
    raw.mean[columns[full]] = design.mean[columns[full]]
    mean = np.where(full, 0.0, design.mean[columns]) * design.scale[columns]
    gram, half = sparse_gram(raw, columns, old), column_sums + 0.5 * weights.sum() * mean
    gram -= np.outer(half, mean[old:])
    gram -= np.outer(mean, half[old:])
    return column_sums, gram


def sampled_rows(X, weights):
    """Numbers of rows with positive weight, sampled uniformly and reproducibly; none if X
    has too many columns, or is not stored in blocks of rows.

    Parameters
    ----------
    X : Chunks
    weights : ndarray (n_samples,) or None
    """
    none = np.empty(0, dtype=np.intp)
    n, p = X.shape
    if X.axis or n < costs.SAMPLE_ROWS_PER_COLUMN * p:
        return none
    row = X.dtype.itemsize * p
    if X.is_sparse:
        row = (X.dtype.itemsize + 8) * X.n_stored / n
    enough = max(int(costs.SAMPLE_SHARE * n), costs.SAMPLE_ROWS_PER_COLUMN * p)
    room = max(costs.SAMPLE_SHARE * X.memory_limit, costs.SAMPLE_LEAST_BYTES)
    count = min(int(room / max(row, 1)), enough)
    rows = np.arange(n) if weights is None else np.flatnonzero(weights)
    if count < costs.SAMPLE_ROWS_PER_COLUMN * p:
        return none
    if count >= len(rows):
        return rows
    chosen = np.random.default_rng(0).choice(len(rows), count, replace=False)
    return rows[np.sort(chosen)]
