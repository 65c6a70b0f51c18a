"""The columns that an inner solve may move, and those that it solves exactly."""

from functools import cached_property

import numpy as np

from ._core.descent import Quadratic
from ._core.gram import sparse_gram
from ._lanes import View

GRAM_BYTES = 512 * 2**20  # the largest Gram matrix of a working set
SPARSE_GRAM = 2000  # columns up to which sparse ones are better seen by their Gram
LARGE_GRAM = 10**9  # multiply-adds from which single precision pays
PANEL_BYTES = 16 * 2**20  # rows of packed columns that a dense Gram is summed from


class WorkingSet:
    """The columns that the inner solver may move, and what is known of them."""

    def __init__(self, problem, settings):
        self.problem = problem
        self.engine = settings.engine
        # a Gram matrix in single precision costs half as much, and its error is
        # corrected by the exact correlations that verification brings
        self.may_be_rough = settings.tol >= 1e-9
        self.rough = False
        self.columns = np.empty(0, dtype=np.intp)
        self.mask = np.zeros(problem.design.n_features, dtype=np.uint8)
        self._gram = np.empty((0, 0), order="F")
        self._gram_size = 0
        self._packed = None
        self.complete = False  # all columns from the start, by their Gram matrix
        self.crawls = False  # so was descent in lanes on the Gram matrix
        self.hard = False  # coordinate descent along columns of X was seen to crawl
        self.add(self.columns)

    def __len__(self):
        return len(self.columns)

    def add(self, columns):
        """Append columns; they must not be in the set."""
        self.columns = np.concatenate([self.columns, columns])
        self.mask[columns] = 1
        design, strengths = self.problem.design, self.problem.strengths
        at = self.columns
        self.xty, self.sqnorm = design.xty[at], design.sqnorm[at]
        self.l1, self.l2 = strengths.l1[at], strengths.l2[at]
        bounds = strengths.lower is not None
        self.lower = strengths.lower[at] if bounds else np.full(len(at), -np.inf)
        self.upper = strengths.upper[at] if bounds else np.full(len(at), np.inf)

    @property
    def use_gram(self):
        """Whether the Gram matrix is the cheaper way to see these columns."""
        if self.engine != "auto":
            return self.engine == "gram"
        size, design = len(self), self.problem.design
        if 8 * size * size > GRAM_BYTES:
            return False
        if self.hard or self.complete:
            return True
        if design.sparse:
            return size <= min(max(15 * design.column_nnz(self.columns), 500), SPARSE_GRAM)
        return size <= max(4 * design.n_samples, 2500)

    @property
    def many_epochs(self):
        """Epochs along columns of X after which a Gram matrix is worth its cost."""
        return 300 * max(len(self) // SPARSE_GRAM, 1) ** 2

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

    @cached_property
    def magnified(self):
        """How much larger the sums behind the Gram matrix are than its entries: means of
        sparse columns are taken off afterwards."""
        design = self.problem.design
        if not design.sparse:
            return 2.0
        shift = design.mean * design.scale
        return 1.0 + design.n_samples * float((shift * shift).max(initial=0.0))

    def view(self):
        """The set for descent in lanes, and the order of its columns there."""
        if self.use_gram:
            order = np.arange(len(self))
            quadratic = Quadratic.from_gram(self.gram)
        else:
            order = np.argsort(self.columns)  # as they stand in memory
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
        return self._gram[:self._gram_size, :self._gram_size]

    def extend_gram(self):
        """Form the Gram matrix of all columns of the set; how many were missing."""
        old, size = self._gram_size, len(self)
        if size == old:
            return 0
        if size > self._gram.shape[0]:
            capacity = max(size, min(2 * old, len(self.mask)))
            gram = np.empty((capacity, capacity), order="F")
            gram[:old, :old] = self._gram[:old, :old]
            self._gram = gram
        block = self._gram_block(old)
        self._gram[:size, old:size] = block
        self._gram[old:size, :old] = block[:old].T
        self._gram_size = size
        return size - old

    def _gram_block(self, old):
        """X~[:, working]' W X~[:, working[old:]]"""
        design, size = self.problem.design, len(self)
        if design.sparse:
            return sparse_gram(design, self.columns, old)
        if size - old == design.n_features and not self.may_be_rough:
            whole = self.problem.whole_gram(self.columns)
            if whole is not None:
                return whole
        # (columns that depend on each other would no longer be seen to)
        self.rough = self.rough or (
            self.may_be_rough and design.n_samples >= 4 * size
            and design.n_samples * size * (size - old) > LARGE_GRAM
        )
        dtype = np.float32 if self.rough else np.float64
        block = None
        step = max(PANEL_BYTES // (8 * size), 256)
        for first in range(0, design.n_samples, step):
            last = min(first + step, design.n_samples)
            panel = np.empty((last - first, size), order="F")
            design.pack(self.columns, first, last, panel)
            panel = panel.astype(dtype, copy=False)
            product = panel.T @ panel[:, old:]
            if block is None:  # mostly the only one
                block = product.astype(float, copy=False)
            else:
                block += product
        return block

    def model_error(self, C, W):
        """What the correlations C of the first columns are above ``xty - gram @ W``:
        rounding, unless the Gram matrix is rough."""
        known = len(C)
        return C - (self.xty[:known, None] - self.gram[:known] @ W)


class FreeColumns:
    """Unpenalised, unbounded columns: solved exactly, as the intercept is.

    The dual point must be orthogonal to them, so that the residual is projected.
    """

    def __init__(self, problem, columns):
        design = problem.design
        self.columns = columns
        packed = np.empty((design.n_samples, len(self.columns)), order="F")
        design.pack(self.columns, 0, design.n_samples, packed)
        basis, values, rotation = np.linalg.svd(packed, full_matrices=False)
        keep = values > values[0] * max(packed.shape) * np.finfo(float).eps
        self.independent = bool(values[-1] > 1e-8 * values[0])
        self.basis = basis[:, keep]
        self.solve = rotation[keep].T / values[keep]
        self.root = None if problem.weights is None else np.sqrt(problem.weights)[:, None]

    def project(self, R):
        """Subtract from R (n, lanes) its part in the span; the part's coefficients."""
        weighted = R if self.root is None else self.root * R
        shares = self.basis.T @ weighted
        parts = self.basis @ shares
        if self.root is not None:
            parts = np.divide(
                parts, self.root, out=np.zeros_like(parts), where=self.root > 0
            )
        R -= parts
        return self.solve @ shares
