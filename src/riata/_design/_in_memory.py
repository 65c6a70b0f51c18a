"""Designs in memory: the verbs composed of the kernels of `Design`, and what they cost."""

import numpy as np

from .. import _costs as costs
from .._core.design import Design
from .._core.gram import sparse_gram
from ._products import BLOCK, cancellation_of_means, gram_by_panels


def rows_of(X, rows):
    """Some rows of a dense X, given by their numbers, copied in Fortran order."""
    first, last = int(rows[0]), int(rows[-1]) + 1
    if last - first == len(rows) and (np.diff(rows) == 1).all():
        return np.array(X[first:last], order="F")
    return np.take(X.T, rows, axis=1).T


class InMemoryDesign(Design):
    """A centred, scaled, weighted view of a dense or CSC matrix; see `riata._design`."""

    in_memory = columns_apart = has_rows = True
    visits = False

    @classmethod
    def of_arrays(cls, X, mean, scale, weights, center, n_threads):
        """`DesignArrays` whose means and scales are known."""
        return cls.placed(
            X.kind, X.data, X.indices, X.indptr, (X.n_samples, X.n_features), weights,
            center, mean, scale, n_threads,
        )

    # --- Verbs.

    def correlate(self, blocks, out, columns, sums=None):
        if len(blocks) == 1:
            self.gradient(blocks[0], out, columns, None if sums is None else sums[0])
            return
        first = 0
        for k, block in enumerate(blocks):
            part = np.empty((len(columns), block.shape[1]))
            self.gradient(block, part, columns, None if sums is None else sums[k])
            out[:, first:first + block.shape[1]] = part
            first += block.shape[1]

    def gram(self, columns, new_from=0, single=False):
        if self.sparse:
            return sparse_gram(self, columns, new_from), False
        if single is False and not new_from and self._product_is_exact(columns):
            return self._product(columns), False
        return gram_by_panels(self, columns, new_from, single, costs.GRAM_PANEL_BYTES)

    def _product_is_exact(self, columns):
        """Whether the Gram matrix of all columns can be formed from the array as it is,
        without copies, and centred afterwards without loss of accuracy."""
        X = self.buffers[0]
        n, p = X.shape
        if (
            len(columns) < p or 8 * n * p <= costs.CENTRED_AFTER_BYTES
            or self.weights is not None or X.dtype != float
        ):
            return False
        shift = self.mean * self.scale  # against norms near one
        return not (shift * shift * n > 1.0).any()

    def _product(self, columns):
        X, shift = self.buffers[0], self.mean * self.scale
        gram = X.T @ X
        gram *= self.scale
        gram *= self.scale[:, None]
        gram -= np.outer(self.n_samples * shift, shift)
        ordered = np.array_equal(columns, np.arange(len(gram)))
        return gram if ordered else gram[np.ix_(columns, columns)]

    def rows(self, numbers):
        panel = rows_of(self.buffers[0], numbers).T.astype(float, copy=False)
        panel -= self.mean[:, None]
        panel *= self.scale[:, None]
        return panel

    def expect(self, likelihood):
        pass

    def keep(self, columns):
        pass

    # --- Costs.

    def gram_capacity(self, size):
        return self.n_features

    def batch_width(self):
        room = max(costs.CORRELATIONS_BYTES, 8 * self.nnz)
        return BLOCK if room >= 8 * BLOCK * self.n_features else 1

    @property
    def dense_bytes(self):
        return 0 if self.sparse else self.buffers[0].nbytes

    @property
    def contiguous_columns(self):
        return not self.sparse and self.buffers[0].flags.f_contiguous

    @property
    def cancellation_factor(self):
        return cancellation_of_means(self) if self.sparse else 2.0

    @property
    def precision(self):
        return float(np.finfo(self.buffers[0].dtype).eps)
