"""ChunkedDesign: the verbs of a design, computed block by block.

Columns of the working set are cached in memory as long as they fit, so that X is read only
for the correlations of all the others.
"""

from operator import itemgetter

import numpy as np

from .. import _costs as costs
from .._core.design import Design
from .._core.gram import sparse_gram
from ..chunks._blocks import arrays_of
from ..chunks._chunks import SHARE_OF_BLOCKS, SHARE_OF_KEPT
from ._in_memory import InMemoryDesign
from ._products import BLOCK, cancellation_of_means, gram_by_panels
from ._sums import (
    few_in_a_row,
    gram_of_design,
    rows_of,
    sampled_rows,
    sparse_products,
    sums_of,
)
from ._visit import add_visits, visit_of

EPS = float(np.finfo(float).eps)
FAR = 100.0  # largest ratio of mean to deviation for centring after the product


# --- Computations on one block. `placed` is (mean, scale, weights, center, n_threads).

def gradient_of(X, placed, cols, blocks):
    """Products of columns with blocks of residuals, each (n_rows, 1 or BLOCK)."""
    out = np.empty((len(cols), sum(Q.shape[1] for Q in blocks)))
    InMemoryDesign.of_arrays(X, *placed).correlate(blocks, out, cols)
    return out


def rows_times(X, Q, out):
    """``X' Q`` of dense rows, not centred, added to `out` if there is one."""
    from scipy.linalg.blas import dgemm

    data = np.asarray(X.data, dtype=float)
    if out is None:
        return data.T @ Q
    return dgemm(1.0, data.T, Q, beta=1.0, c=out, overwrite_c=1)


def _merge_in_place(one, other):
    """The sum of two arrays; if they are the same array, it is the sum already."""
    return one if one is other else one + other


def product_of(X, placed, cols, B):
    """Minus ``X~[:, cols] @ B``."""
    out = np.zeros((X.n_samples, B.shape[1]))
    InMemoryDesign.of_arrays(X, *placed).subtract_product(cols, B, out)
    return out


def packed_of(X, placed, cols, first, last):
    """Rows of ``sqrt(weights) X~[:, cols]``."""
    out = np.empty((last - first, len(cols)), order="F")
    InMemoryDesign.of_arrays(X, *placed).pack(cols, first, last, out)
    return out


def gram_of(X, placed, cols, old):
    """``X~[:, cols]' W X~[:, cols[old:]]`` over the rows of a block."""
    design, weights, center = InMemoryDesign.of_arrays(X, *placed), placed[2], placed[3]
    if center and few_in_a_row(design):
        weights = np.ones(X.n_samples) if weights is None else weights
        return sparse_products(design, cols, weights, old)[1]
    return gram_of_design(design, cols, old)


def whole_columns_of(X, weights, center, target, n_threads):
    """Means, scales, norms, products with the target and deviations of whole columns."""
    design = Design(
        X.kind, X.data, X.indices, X.indptr, (X.n_samples, X.n_features), weights, center,
        target, n_threads,
    )
    return design.mean, design.scale, design.sqnorm, design.xty, design.deviations()


def measured_of(X, placed, cols):
    """Means and norms of whole columns, with other weights."""
    mean, *rest = placed
    design = InMemoryDesign.of_arrays(X, mean.copy(), *rest)
    design.measure(cols)
    return design.mean[cols], design.sqnorm[cols]


def sums_and_sample_of(X, y, weights, n_threads, rows):
    """The `Sums` of all rows of a block, and some of the rows."""
    (sums,) = sums_of(X, y, weights, None, 1, False, n_threads)
    return sums, [rows_of(X, rows)] if len(rows) else []


def _merge_both(one, other):
    return one[0].merge(other[0]), one[1] + other[1]


def joined(parts):
    """`DesignArrays` of rows of several blocks."""
    n = sum(part.n_samples for part in parts)
    if parts[0].kind == "csc":
        from scipy.sparse import vstack

        whole = vstack([part.as_matrix() for part in parts], format="csc")
        whole.sort_indices()
        return arrays_of(
            "csc", whole.data, whole.indices, whole.indptr.astype(np.int64), n
        )
    whole = np.empty((n, parts[0].n_features), dtype=parts[0].data.dtype, order="F")
    np.concatenate([part.data for part in parts], out=whole)
    return arrays_of("dense_f", whole)


def _add(one, other):
    one += other
    return one


class CachedColumns:
    """Columns that are cached in memory.

    Parameters
    ----------
    X : Chunks
    """

    def __init__(self, X):
        self.X = X
        self.columns = np.empty(0, dtype=np.intp)
        self.place = np.full(X.n_features, -1, dtype=np.intp)
        self.limit = int(SHARE_OF_KEPT * X.memory_limit)
        self.bytes = 0
        self.likelihood = None  # that a column will be needed
        self.lent = 0  # bytes of the limit that a Gram matrix uses
        self._parts = None  # of sparse columns
        self._room = None

    def missing(self, cols):
        """Those of some columns that are not cached."""
        return cols[self.place[cols] < 0]

    def has(self, cols):
        """Whether all of some columns are cached, after reading those that fit."""
        new = np.unique(self.missing(cols))
        if len(new):
            room = self._room_left()
            if len(new) > room:
                return False
            if not self.X.axis:  # one read can fetch others as well
                # ... up to half of what is left of three quarters of the room
                spare = (3 * room - len(self.columns)) // 8 - len(new)
                new = self._with_likely(new, spare)
            self._fetch(new)
        return True

    def _with_likely(self, new, count):
        """Some columns, and the likeliest of those that are not cached."""
        if self.likelihood is None or count <= 0:
            return new
        likelihood = self.likelihood.copy()
        likelihood[self.columns] = likelihood[new] = 0.0
        count = min(count, np.count_nonzero(likelihood))
        if not count:
            return new
        best = np.argpartition(-likelihood, count - 1)[:count]
        return np.sort(np.concatenate([new, best]))

    def used(self):
        """Bytes of the cached columns."""
        if self.X.is_sparse:
            return 2 * self.bytes
        return len(self.columns) * self.X.dtype.itemsize * self.X.n_samples

    def need(self, count):
        """Bytes for a number of columns."""
        X = self.X
        if not X.is_sparse:
            return count * X.n_samples * X.dtype.itemsize
        # (while new columns are joined to the cached ones, both exist twice)
        return 2 * count * max(X.n_stored / X.n_features, 1.0) * (X.dtype.itemsize + 8)

    def _room_left(self):
        """How many more columns fit."""
        X, limit = self.X, self.limit - self.lent
        if not X.is_sparse:
            return min(int(limit // self.need(1)), X.n_features) - len(self.columns)
        return int((limit - self.bytes) / self.need(1))

    def _fetch(self, new):
        X, local = self.X, {}
        if X.axis:
            for k in range(X.n_chunks):
                first, last = X.span(k)
                mine = new[(new >= first) & (new < last)]
                if len(mine):
                    local[k] = mine - first
        else:
            local = dict.fromkeys(range(X.n_chunks), new)
        parts = X.columns(local)  # in any order
        if X.is_sparse:
            self._join([part for _, part in sorted(parts, key=itemgetter(0))], new)
        else:
            self._place(parts, new)
        self.place[new] = len(self.columns) + np.arange(len(new))
        self.columns = np.concatenate([self.columns, new])

    def _place(self, parts, new):
        X, old = self.X, len(self.columns)
        if self._room is None:  # memory counts when it is first written to
            capacity = self.limit // (X.dtype.itemsize * X.n_samples)
            shape = X.n_samples, min(capacity, X.n_features)
            self._room = np.empty(shape, dtype=X.dtype, order="F")
        for k, part in parts:
            first, last = X.span(k)
            if X.axis:  # `new` is in order, and so are the blocks
                at = old + int(np.searchsorted(new, first))
                self._room[:, at:at + part.shape[1]] = part
            else:
                self._room[first:last, old:old + len(new)] = part

    def _join(self, parts, new):
        X = self.X
        if not X.axis:
            from scipy.sparse import csc_array, vstack

            rows = [X.span(k)[1] - X.span(k)[0] for k in range(X.n_chunks)]
            stacked = vstack([
                csc_array((*part[:2], part[2]), shape=(n, len(new)))
                for part, n in zip(parts, rows, strict=True)
            ], format="csc")
            stacked.sort_indices()
            parts = [(stacked.data, stacked.indices, stacked.indptr.astype(np.int64))]
        if self._parts is not None:
            parts = [self._parts, *parts]
        data, rows, offsets = zip(*parts, strict=True)
        starts = np.cumsum([0, *(each[-1] for each in offsets)])
        indptr = np.concatenate([[0], *(
            each[1:] + start for each, start in zip(offsets, starts, strict=False)
        )]).astype(np.int64)
        self._parts = np.concatenate(data), np.concatenate(rows), indptr
        self.bytes = sum(part.nbytes for part in self._parts)

    def arrays(self):
        """`DesignArrays` of the kept columns."""
        if self.X.is_sparse:
            return arrays_of("csc", *self._parts, n_samples=self.X.n_samples)
        return arrays_of("dense_f", self._room[:, :len(self.columns)])


class ChunkedDesign:
    """A centred, scaled, weighted view of chunks; see `riata._design`.

    Parameters
    ----------
    X : Chunks
    weights, center, target, n_threads
        As of `riata._core.design.Design`.
    keep_sample : bool
        Whether some rows are kept, in `sample`, when all are read.
    """

    in_memory = sparse = contiguous_columns = False
    has_rows = True
    dense_bytes, precision = 0, EPS

    def __init__(self, X, weights, center, target, n_threads=1, keep_sample=False):
        self.X, self.weights, self.center = X, weights, center
        self.n_samples, self.n_features = X.shape
        self.n_threads, self.nnz = n_threads, X.n_stored
        self.total = float(X.n_samples if weights is None else weights.sum())
        self.cached, self.panel_bytes = CachedColumns(X), X.memory_limit // SHARE_OF_BLOCKS
        self._seen_cached = self.sample = None
        self.sampled = sampled_rows(X, weights) if keep_sample else np.empty(0, np.intp)
        (self._set_up_columns if X.axis else self._set_up_rows)(target)

    @property
    def columns_apart(self):
        return self.X.axis == 1

    @property
    def visits(self):
        return not self.X.axis

    @property
    def cancellation_factor(self):
        return cancellation_of_means(self) if self.X.is_sparse else 2.0

    def _set_up_columns(self, target):
        parts = self.X.map(
            whole_columns_of,
            lambda k: (self.weights, self.center, target, self.n_threads),
        )
        found = zip(*(part for _, part in parts), strict=True)
        self.mean, self.scale, self.sqnorm, self.xty, self._deviations = map(
            np.concatenate, found
        )

    def _set_up_rows(self, target):
        weights = self.weights

        def arguments(k):
            rows = slice(*self.X.span(k))
            its = None if weights is None else weights[rows]
            first, last = np.searchsorted(self.sampled, (rows.start, rows.stop))
            return (
                target[rows], its, self.n_threads, self.sampled[first:last] - rows.start
            )

        sums, parts = self.X.reduce(sums_and_sample_of, _merge_both, arguments)
        self.sample = joined(parts) if len(self.sampled) else None
        self.mean, self.sqnorm = sums.mean.copy(), sums.square.copy()
        self.xty = sums.xty.copy()
        if not self.center:
            self.sqnorm += self.total * self.mean**2
            self.xty += self.total * sums.y * self.mean
            self.mean[:] = 0.0
        noise = 64 * EPS * self.mean
        used = (self.sqnorm > 0) & (self.sqnorm > self.total * noise**2)
        _, exponent = np.frexp(np.sqrt(np.where(used, self.sqnorm, 1.0)))
        self.scale = np.where(used, np.ldexp(1.0, np.minimum(1 - exponent, 1000)), 0.0)
        self.sqnorm *= self.scale**2
        self.xty *= self.scale
        constant = sums.square <= self.total * (64 * EPS * sums.mean) ** 2
        square = np.where(constant, 0.0, sums.square)
        self._deviations = np.sqrt(square / self.total) * self.scale

    def deviations(self):
        """Weighted standard deviation of each column times its scale."""
        return self._deviations

    def batch_width(self):
        """With how many residuals to read X at once."""
        size = max(self.n_samples, self.n_features)
        room = int(costs.BATCH_SHARE * self.X.memory_limit) // (8 * size)
        return max(min(room // BLOCK * BLOCK, costs.READ_ALPHAS), BLOCK)

    def expect(self, likelihood):
        """Note how likely each column is to be needed next: `likelihood()`."""
        self.cached.likelihood = likelihood()

    def keep(self, columns):
        """Keep some columns in memory from now on, if there is room."""
        self.cached.has(columns)

    def column_nnz(self, cols):
        """Mean number of entries of some columns."""
        return float(self.nnz / self.n_features)

    def reweighted(self, weights):
        """The same columns with other weights; see `Design.reweighted`."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.weights, other.total = weights, float(weights.sum())
        other.mean, other.sqnorm = np.zeros((2, self.n_features))
        other._seen_cached = None
        return other

    def measure(self, cols):
        """Set `mean` and `sqnorm` of some columns."""
        if self.cached.has(cols):
            at = self.cached.place[cols]
            design = self._cached_design()
            design.measure(at)
            self.mean[cols], self.sqnorm[cols] = design.mean[at], design.sqnorm[at]
        elif self.X.axis:
            groups = self._groups(cols)
            for k, part in self.X.map(
                measured_of, lambda k: (self._placed(k), groups[k][1]), list(groups)
            ):
                at = cols[groups[k][0]]
                self.mean[at], self.sqnorm[at] = part
        else:
            zeros = np.zeros(self.n_samples)
            other = ChunkedDesign(self.X, self.weights, self.center, zeros, self.n_threads)
            self.mean[cols] = other.mean[cols]
            with np.errstate(divide="ignore", invalid="ignore"):
                unit = np.where(other.scale > 0, self.scale / other.scale, 0.0)[cols]
            self.sqnorm[cols] = other.sqnorm[cols] * unit**2

    # --- Views of blocks and of cached columns.

    def _cached_design(self):
        """`Design` of the kept columns."""
        cached = self.cached
        if self._seen_cached is None or self._seen_cached.n_features != len(cached.columns):
            X, cols = cached.arrays(), cached.columns
            self._seen_cached = InMemoryDesign.of_arrays(
                X, self.mean[cols], self.scale[cols], self.weights, self.center,
                self.n_threads,
            )
        return self._seen_cached

    def _placed(self, k):
        """The second argument of the computations on a block."""
        if self.X.axis:
            cols = slice(*self.X.span(k))
            return (
                self.mean[cols], self.scale[cols], self.weights, self.center,
                self.n_threads,
            )
        weights = None if self.weights is None else self.weights[slice(*self.X.span(k))]
        return self.mean, self.scale, weights, self.center, self.n_threads

    def _groups(self, cols):
        """Of the blocks of columns that hold some of `cols`: which, and their numbers
        there."""
        groups = {}
        for k in range(self.X.n_chunks):
            first, last = self.X.span(k)
            at = np.flatnonzero((cols >= first) & (cols < last))
            if len(at):
                groups[k] = at, cols[at] - first
        return groups

    # --- Verbs.

    def subtract_means(self, R):
        """Subtract the weighted means of residuals; see `Design.subtract_means`."""
        weights = np.ones(len(R)) if self.weights is None else self.weights
        if self.center:
            R -= weights @ R / self.total
        return weights @ R, np.einsum("i,ij,ij->j", weights, R, R)

    def correlate(self, blocks, out, cols, sums=None):
        """Products of columns with several blocks of residuals, in one read."""
        if len(cols) and not len(self.cached.missing(cols)):
            out[:] = self._correlate_cached(blocks, cols)
            return
        here = self.cached.place[cols] >= 0
        if not self.X.axis and self._multiplies_rows(cols):
            total = self._gradients_of_rows(np.hstack(blocks))
            for k in range(out.shape[1]):  # (p, n_vectors) is large: no copies of it
                out[:, k] = total[cols, k]
            return
        if not self.X.axis:
            out[:] = self.X.reduce(gradient_of, _add, lambda k: (
                self._placed(k), cols, [Q[slice(*self.X.span(k))] for Q in blocks]
            ))
            return
        if here.any():
            out[here] = self._correlate_cached(blocks, cols[here])
        elsewhere = np.flatnonzero(~here)
        groups = self._groups(cols[elsewhere])
        for k, part in self.X.map(
            gradient_of, lambda k: (self._placed(k), groups[k][1], blocks), list(groups)
        ):
            out[elsewhere[groups[k][0]]] = part

    def _multiplies_rows(self, cols):
        """Whether to multiply whole rows and subtract the means afterwards: if most columns
        are needed, and no mean is much larger than the deviations."""
        if self.X.is_sparse or len(cols) < costs.WHOLE_ROWS_SHARE * self.n_features:
            return False
        far = float(np.abs(self.mean * self.scale).max(initial=0.0))
        return far * self.n_samples**0.5 <= FAR

    def _gradients_of_rows(self, Q):
        """Correlations of all columns, by products of whole rows."""
        room = None
        if self.X.local:
            room = np.zeros((self.n_features, Q.shape[1]), order="F")
        out = self.X.reduce(rows_times, _merge_in_place, lambda k: (
            Q[slice(*self.X.span(k))], room
        ))
        for k, total in enumerate(Q.sum(axis=0)):
            out[:, k] -= total * self.mean
            out[:, k] *= self.scale
        return out

    def _correlate_cached(self, blocks, cols):
        out = np.empty((len(cols), sum(Q.shape[1] for Q in blocks)))
        blocks = [np.ascontiguousarray(Q) for Q in blocks]
        self._cached_design().correlate(blocks, out, self.cached.place[cols])
        return out

    def beside(self, of_rows):
        """A function of the number of a block: what `of_rows` returns for its rows (a
        slice), left beside the block where that is elsewhere."""
        return self.X.beside(lambda k: of_rows(slice(*self.X.span(k))))

    def visit(self, rows, columns, B, shift, groups):
        """`Visit` of all rows in one read; see `visit_of`, and `beside` for `rows`."""
        placed = self.mean, self.scale, None, True, self.n_threads
        return self.X.reduce(
            visit_of, add_visits, lambda k: (placed, rows(k), columns, B, shift, groups)
        )

    def subtract_product(self, cols, B, R):
        """``R -= X~[:, cols] @ B``; see `Design.subtract_product`."""
        if not len(cols):
            return
        if self.cached.has(cols):
            self._cached_design().subtract_product(self.cached.place[cols], B, R)
        elif self.X.axis:
            groups = self._groups(cols)
            for _, part in self.X.map(product_of, lambda k: (
                self._placed(k), groups[k][1], B[groups[k][0]]
            ), list(groups)):
                R += part
        else:
            for k, part in self.X.map(product_of, lambda k: (self._placed(k), cols, B)):
                R[slice(*self.X.span(k))] += part

    def pack(self, cols, first, last, out):
        """``out[:, k] = sqrt(weights) x~_{cols[k]}`` for some rows; see `Design.pack`."""
        if not len(cols) or last <= first:
            return
        if self.cached.has(cols):
            self._cached_design().pack(self.cached.place[cols], first, last, out)
        elif self.X.axis:
            groups = self._groups(cols)
            for k, part in self.X.map(packed_of, lambda k: (
                self._placed(k), groups[k][1], first, last
            ), list(groups)):
                out[:, groups[k][0]] = part
        else:
            spans = {k: self._overlap(k, first, last) for k in range(self.X.n_chunks)}
            spans = {k: span for k, span in spans.items() if span[0] < span[1]}
            for k, part in self.X.map(
                packed_of, lambda k: (self._placed(k), cols, *spans[k]), list(spans)
            ):
                begin = self.X.span(k)[0] + spans[k][0] - first
                out[begin:begin + len(part)] = part

    def _overlap(self, k, first, last):
        """Which rows of a block are among some rows of X."""
        begin, end = self.X.span(k)
        return max(first, begin) - begin, min(last, end) - begin

    def gram(self, cols, new_from=0, single=False):
        """Products of columns: of those in memory if they fit, else in one read."""
        if self.cached.has(cols):
            design, at = self._cached_design(), self.cached.place[cols]
            if self.X.is_sparse:
                return sparse_gram(design, at, new_from), False
            return gram_by_panels(design, at, new_from, single, self.panel_bytes)
        if not self.X.axis:
            return self.X.reduce(
                gram_of, _add, lambda k: (self._placed(k), cols, new_from)
            ), False
        need = self.cached.need(len(cols)) / SHARE_OF_KEPT
        raise MemoryError(
            f"memory_limit={self.X.memory_limit} is too small for the {len(cols)} columns "
            f"of {self.n_samples} rows that the solver works on: make it {need:.3g} bytes, "
            "end the path earlier (alpha_min_ratio, max_active), or store blocks of rows."
        )

    def gram_capacity(self, size):
        """For how many columns, at least `size`, there is room in a Gram matrix."""
        limit, cached = self.X.memory_limit, self.cached
        own = max(costs.GRAM_SHARE * limit, costs.GRAM_LEAST_BYTES)
        share = max(own, costs.GRAM_SHARE * limit + cached.limit - cached.used())
        capacity = int((share / 8) ** 0.5)
        if size > capacity:
            need = (8 * size**2 + cached.used()) / (costs.GRAM_SHARE + SHARE_OF_KEPT)
            raise MemoryError(
                f"memory_limit={limit} is too small for the products of the {size} "
                f"columns that the solver works on: make it {need:.3g} bytes, or end the "
                "path earlier (alpha_min_ratio, max_active)."
            )
        cached.lent = max(8 * size**2 - own, 0)
        return min(capacity, self.n_features)

    def gram_columns(self, cols, places, gram):
        """``gram[:, places] = X~[:, cols]' W X~[:, cols[places]]``."""
        if self.cached.has(cols) and not self.X.is_sparse:
            self._cached_design().gram_columns(self.cached.place[cols], places, gram)
            return
        order = np.concatenate([np.delete(np.arange(len(cols)), places), places])
        gram[np.ix_(order, places)], _ = self.gram(cols[order], len(cols) - len(places))
