"""The working set and its Gram matrix; unpenalised columns, which are solved exactly."""

import math

import numpy as np

from .. import _costs as costs
from .._core.descent import Quadratic
from .._design._products import BLOCK
from ._engines._batched_descent import View

EPS = float(np.finfo(float).eps)


class WorkingSet:
    """The columns that the inner solver may move, with their penalties and Gram matrix."""

    def __init__(self, problem, settings):
        self.problem = problem
        self.engine = settings.engine
        # a Gram matrix in single precision costs half as much, and its error is
        # corrected by the exact correlations that verification brings
        self.may_be_rough = settings.tol >= 1e-9
        self.columns = np.empty(0, dtype=np.intp)
        self.xty = self.sqnorm = self.l1 = self.l2 = np.empty(0)
        self.lower = self.upper = np.empty(0)
        self.mask = np.zeros(problem.design.n_features, dtype=np.uint8)
        self._gram = Gram(problem.design)
        self.lazy = None  # what forms columns of the Gram matrix when they are needed
        self.n_formed = 0  # its columns
        self._packed = None
        self.complete = False  # all columns from the start, by their Gram matrix
        self.batch_is_slow = False  # so was batched descent on the Gram matrix
        self.hard = False  # coordinate descent along columns of X converged slowly

    def __len__(self):
        return len(self.columns)

    def add(self, columns):
        """Append columns; they must not be in the set."""
        self.columns = np.concatenate([self.columns, columns])
        self.mask[columns] = 1
        design, column_penalty = self.problem.design, self.problem.column_penalty
        at = self.columns
        self.xty, self.sqnorm = design.xty[at], design.sqnorm[at]
        self.l1, self.l2 = column_penalty.l1[at], column_penalty.l2[at]
        if column_penalty.lower is None:
            self.upper = np.full(len(at), np.inf)
            self.lower = -self.upper
        else:
            self.lower, self.upper = column_penalty.lower[at], column_penalty.upper[at]

    @property
    def use_gram(self):
        """Whether descent is cheaper along the Gram matrix than along the columns."""
        if self.engine != "auto":
            return self.engine == "gram"
        size, design = len(self), self.problem.design
        if 8 * size * size > costs.GRAM_BYTES:
            return False
        if self.hard or self.complete:
            return True
        if design.sparse:
            return size <= most_in_gram(design, self.columns)
        return size <= max(4 * design.n_samples, costs.DENSE_GRAM_COLUMNS)

    @property
    def many_epochs(self):
        """Epochs along columns of X after which forming the Gram matrix pays."""
        return 300 * max(len(self) // costs.SPARSE_GRAM_COLUMNS, 1) ** 2

    def quadratic(self):
        """The columns to descend along, and the state vector at ``w = 0``."""
        problem, design = self.problem, self.problem.design
        if self.use_gram:
            return Quadratic.from_gram(self.gram), self.xty
        weights = problem.weights
        if self._packed is None or self._packed.shape[1] != len(self):
            self._packed = np.empty((design.n_samples, len(self)), order="F")
            design.pack(self.columns, 0, design.n_samples, self._packed)
        start = problem.y if weights is None else np.sqrt(weights) * problem.y
        return Quadratic.from_packed(self._packed), start

    def view(self):
        """The set for batched descent, and the order of its columns there."""
        if self.use_gram:
            order = np.arange(len(self))
            quadratic = Quadratic.from_gram(self.gram)
        else:
            order = np.argsort(self.columns)  # their order in memory
            quadratic = Quadratic.from_sparse(
                self.problem.design, self.columns[order]
            )
        return View(
            quadratic, self.columns[order], self.sqnorm[order], self.l1[order],
            self.l2[order], self.lower[order], self.upper[order],
        ), order

    @property
    def gram(self):
        """Gram matrix of the columns, as far as `extend_gram` has formed it."""
        return self._gram.matrix

    @property
    def rough(self):
        """Whether some products are in single precision."""
        return self._gram.rough

    def extend_gram(self):
        """Form the Gram matrix of all columns of the set."""
        if self.lazy is not None:
            self.lazy.form_all()
        self.n_formed += self._gram.extend(self.columns, self.may_be_rough)

    def extend_gram_lazily(self, alpha_max, last):
        """Let the columns of the Gram matrix be formed as they are needed, on a path from
        `alpha_max` to the alpha `last`; returns what forms them."""
        self._gram.matrix = np.zeros((len(self), len(self)), order="F")
        self.lazy = LazyGram(self, alpha_max, last)
        return self.lazy

    def gram_product(self, W):
        """The Gram matrix times W (size, n_vectors), whose other rows than those of columns
        that are formed are zero."""
        if self.lazy is None:
            return self.gram @ W
        formed = self.lazy.formed.nonzero()[0]
        return self.gram.T[formed].T @ W[formed]

    def model_error(self, C, W):
        """Difference of the correlations C of the first columns from ``xty - gram @ W``:
        rounding errors, or those of a Gram matrix in single precision."""
        known = len(C)
        return C - (self.xty[:known, None] - self.gram[:known] @ W)


def most_in_gram(design, columns):
    """How many of some sparse columns descent along their Gram matrix is cheaper for."""
    by_entries = costs.SPARSE_GRAM_PER_ENTRY * design.column_nnz(columns)
    return min(max(by_entries, 500), costs.SPARSE_GRAM_COLUMNS)


class Gram:
    """A Gram matrix ``X~[:, columns]' W X~[:, columns]`` that grows with the columns.

    Parameters
    ----------
    design : Design

    Attributes
    ----------
    matrix : ndarray (n_columns, n_columns), contiguous columns
    rough : bool
        Whether some of it is in single precision.
    """

    def __init__(self, design):
        self.design = design
        self._room = self.matrix = np.empty((0, 0), order="F")
        self.rough = False

    def extend(self, columns, may_be_rough):
        """Add the columns that are new at the end of `columns`; how many they were."""
        old, size = len(self.matrix), len(columns)
        if size == old:
            return 0
        capacity = max(size, min(2 * old, self.design.gram_capacity(size)))
        if old == 0:
            block = self._block(columns, 0, may_be_rough)
            self._room = self.matrix = block.T  # symmetric, with contiguous columns
            return size
        if size > len(self._room):  # first, so that the old matrix is freed
            room = np.empty((capacity, capacity), order="F")
            room[:old, :old] = self.matrix
            self._room, self.matrix = room, room[:old, :old]
        block = self._block(columns, old, may_be_rough)
        self._room[:size, old:size] = block
        self._room[old:size, :old] = block[:old].T
        self.matrix = self._room[:size, :size]
        return size - old

    def _block(self, columns, old, may_be_rough):
        single = self.rough or (None if may_be_rough else False)
        block, single = self.design.gram(columns, old, single)
        self.rough = self.rough or single
        return block


class LazyGram:
    """A Gram matrix whose columns are formed when they are needed, each together with those
    that are likely to be next, until forming all at once is cheaper.

    Parameters
    ----------
    working : WorkingSet
    alpha_max, last : float
        Where the path begins and ends.
    """

    def __init__(self, working, alpha_max, last):
        self.working, self.alpha_max = working, alpha_max
        self.way = math.log(alpha_max / last) if alpha_max > last else 1.0
        self.formed = np.zeros(len(working), dtype=np.uint8)

    def form(self, j, c, l1):
        """Form column j and some more, from correlations c and penalty weights l1."""
        working = self.working
        # columns become active at a roughly constant rate in log(alpha)
        done = math.log(self.alpha_max / l1[j] * working.l1[j]) / self.way
        most = costs.LAZY_GRAM_SHARE * len(working) * done
        if working.n_formed and working.n_formed + 1 > most:
            self.form_all()
            return
        places = next_columns(c, l1, self.formed, j, BLOCK)
        working.problem.design.gram_columns(working.columns, places, working.gram)
        working.n_formed += len(places)
        self.formed[places] = 1

    def form_all(self):
        """Form all columns."""
        working = self.working
        whole = Gram(working.problem.design)
        whole.extend(working.columns, working.may_be_rough)
        working.gram[:] = whole.matrix  # in place: the engine uses this array
        working.n_formed, working.lazy = len(working), None
        self.formed[:] = 1


def next_columns(c, l1, formed, j, count):
    """Column j and those not yet formed that come closest to becoming active: positions, at
    most `count`."""
    size = len(formed)  # (the engine's arrays have room for more)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(formed, -1.0, np.abs(c[:size]) / l1[:size])
    ratio[j] = np.inf
    places = np.argsort(-ratio, kind="stable")[:count]
    return places[ratio[places] >= 0.0]


class FreeColumns:
    """Unpenalised, unbounded columns: solved exactly, as the intercept is.

    The dual point must be orthogonal to them, so that the residual is projected.

    Parameters
    ----------
    problem : Problem
    columns : ndarray of intp
    alpha : float
        At 0 the penalised columns may be among them.

    Attributes
    ----------
    basis : ndarray (n_samples, rank)
        Orthonormal, of the span of the columns times the roots of the weights. Singular
        values below ``max(n_samples, n_columns) * eps`` of the largest, or below what
        rounding of X to its type may have made of zero, count as zero.
    solve : ndarray (n_columns, rank)
        Coefficients of the columns from shares of the basis.
    independent : bool
    """

    def __init__(self, problem, columns, alpha=1.0):
        design = problem.design
        self.columns = columns
        packed = np.empty((design.n_samples, len(self.columns)), order="F")
        design.pack(self.columns, 0, design.n_samples, packed)
        basis, values, rotation = np.linalg.svd(packed, full_matrices=False)
        shift = design.mean[columns] * design.scale[columns]
        stored = design.sqnorm[columns] + design.n_samples * shift**2
        noise = design.precision * math.sqrt(stored.sum())
        keep = values > max(values[0] * max(packed.shape) * EPS, noise)
        self.independent = bool(values[-1] > 1e-8 * values[0])
        self.basis = basis[:, keep]
        self.values, self.rotation = values[keep], rotation[keep]
        self.solve = self.rotation.T / self.values
        self.root = None if problem.weights is None else np.sqrt(problem.weights)[:, None]
        self.size = sizes_of_coefficients(problem, columns, alpha)

    def project(self, R):
        """Subtract from R (n, n_vectors) its part in the span; the part's coefficients."""
        weighted = R if self.root is None else self.root * R
        shares = self.basis.T @ weighted
        parts = self.basis @ shares
        if self.root is not None:
            parts = np.divide(
                parts, self.root, out=np.zeros_like(parts), where=self.root > 0
            )
        R -= parts
        return self.solve @ shares

    def least_norm(self, W):
        """The coefficients (n_columns, n_vectors) with the same predictors as W that have
        the least L2 norm in the units in which they are (or would be) penalised."""
        if len(self.values) == len(self.columns):
            return W
        shares, held = self.rotation @ W, self.size > 0
        A, out = self.rotation, np.zeros_like(W)
        if not held.all():
            # the penalised coefficients explain only what the others leave
            free = A[:, ~held]
            span, values, _ = np.linalg.svd(free, full_matrices=False)
            span = span[:, values > 1e-10]
            rest = A[:, held] - span @ (span.T @ A[:, held])
            other, values, _ = np.linalg.svd(rest, full_matrices=False)
            other = other[:, values > 1e-10].T
            out[held] = least_norm(other @ A[:, held], other @ shares, self.size[held])
            left = span.T @ (shares - A[:, held] @ out[held])
            out[~held] = least_norm(span.T @ free, left, -self.size[~held])
        else:
            out = least_norm(A, shares, self.size)
        return out


def least_norm(A, B, size):
    """Solutions W of ``A @ W = B`` with the least norms of ``size * W``, for A
    (rank, n_columns) of full row rank.

    Rows and columns are taken in the order of their sizes, so that columns of very
    different units do not spoil each other (Cox & Higham 1998,
    doi:10.1007/s002110050388).
    """
    from scipy.linalg import qr, solve_triangular

    size = np.where(size > 0.0, size, 1.0)  # (where nothing else distinguishes them)
    order = np.argsort(size)
    inverse = 1.0 / size[order, None]
    Q, R, pivots = qr((inverse * A[:, order].T), mode="economic", pivoting=True)
    shares = solve_triangular(R, B[pivots], trans=1)
    W = np.empty((A.shape[1], B.shape[1]))
    W[order] = inverse * (Q @ shares)
    return W


def sizes_of_coefficients(problem, columns, alpha):
    """What one unit of each coefficient counts in its norm: in units of the column as
    given, or of its standard deviation if columns are standardised; at ``alpha = 0``
    times the root of the penalty factor, so that the solution of least norm is the limit
    of ridge regression. Negative where a factor or a deviation of 0 leaves no part in that
    norm."""
    size, constant = problem.sd[columns], problem.sd[columns] == 0.0
    size = np.where(constant, problem.design.scale[columns], size)
    if alpha == 0.0 and problem.factor is not None:
        factor = problem.factor[columns]
        size = np.where(factor > 0.0, np.sqrt(factor), -1.0) * size
    return np.where(constant, -np.abs(size), size)
