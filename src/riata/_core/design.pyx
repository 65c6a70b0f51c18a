"""Design: the arrays behind a design matrix, and its passes.

Storage, element type, index type, centring, scaling and weights are settled here, once,
by the choice of a verb table; nothing above asks again.
"""

import os

import numpy as np

from cpython.buffer cimport PyBUF_STRIDES, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from cython.parallel cimport prange
from libc.math cimport frexp, isfinite, ldexp, sqrt
from libc.stdint cimport int64_t

from .columns cimport (
    BLOCK, Columns, KernelTable, riata_kernel_level, riata_kernel_table,
)

# Multiply-adds between two looks for Ctrl-C, and the least that is worth threads.
cdef Py_ssize_t WORK_BETWEEN_CHECKS = 1 << 26
cdef Py_ssize_t WORK_FOR_THREADS = 1 << 26
cdef enum:
    PANEL = 64  # columns that one thread takes at a time
    ROWS = 8192  # likewise rows: a multiple of what kernels take at a time
    BLOCKS_PER_THREAD = 4  # between checks for an interrupt
    MOST_BITS = 1000  # of a scale: smaller columns keep a norm below one

# GNU OpenMP hangs in a forked child whose parent has used it: one thread there.
cdef bint forked = False

cdef double EPS = np.finfo(float).eps

cdef const KernelTable* _table = NULL


cdef const KernelTable* kernel_table() noexcept nogil:
    return _table


cdef int interrupted() except -1 nogil:
    """Let a pending Ctrl-C become a KeyboardInterrupt."""
    with gil:
        return PyErr_CheckSignals()


cdef const void* address(array) except? NULL:
    """Where the first element of an array is."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_STRIDES)
    cdef const void* start = view.buf
    PyBuffer_Release(&view)
    return start


def kernel_levels():
    """Names of the instruction-set levels that this processor runs, plainest first."""
    cdef int i = 0
    levels = []
    while riata_kernel_level(i) != NULL:
        levels.append(riata_kernel_level(i).decode())
        i += 1
    return levels


def use_kernel_level(level=None):
    """Choose the kernels of one instruction-set level for designs made from now on."""
    global _table
    cdef const KernelTable* table
    if level is None:
        table = riata_kernel_table(NULL)
    else:
        name = level.encode()
        table = riata_kernel_table(name)
    if table == NULL:
        raise ValueError(
            f"RIATA_KERNELS={level!r} is not available here; "
            f"choose one of {kernel_levels()}"
        )
    _table = table


use_kernel_level(os.environ.get("RIATA_KERNELS") or None)


def _after_fork():
    global forked
    forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def cache_lines(Py_ssize_t rows, int width):
    """Zeros of shape (rows, width) of which a row of BLOCK is one line of the cache."""
    cdef Py_ssize_t first
    room = np.zeros(rows * width + BLOCK)
    first = -<Py_ssize_t>room.ctypes.data % (BLOCK * sizeof(double)) // sizeof(double)
    return room[first:first + rows * width].reshape(rows, width)


cdef class Design:
    """A centred, scaled, weighted view of a dense or CSC matrix.

    Parameters
    ----------
    kind : {"dense_f", "dense_c", "csc"}
    data : ndarray of float32 or float64
        The matrix (2-D), or the values of a CSC matrix (1-D).
    indices, indptr : ndarray or None
        CSC structure: int32 or int64 row numbers, sorted and unique within a column,
        and int64 offsets. They are trusted: validation happens before.
    shape : (n_samples, n_features)
    weights : ndarray of float64 (n_samples,) or None
        Sample weights with mean one; None means all one.
    center : bool
        Whether columns are seen centred at their weighted means.
    target : ndarray of float64 (n_samples,)
        Centred if `center`; `xty` holds its products with all columns.

    Attributes
    ----------
    mean, scale, sqnorm, xty : ndarray of float64 (n_features,)
        Column j is seen as ``scale[j] * (x_j - mean[j])``; the scale is a power of two
        (so that it costs no rounding) that brings the norm into [1, 2), or 0 for a
        column that is constant (with `center`) or zero and can not matter. It is at
        most 2^1000, so that the norm of a tiny column stays below one.
    """

    def __init__(
        self, str kind, data, indices, indptr, shape, weights, bint center,
        const double[::1] target, int n_threads=1,
    ):
        cdef const double[::1] weights_view
        cdef double[::1] mean, scale
        self.kind = kind
        self.n_samples, self.n_features = shape
        self.center = center
        self.n_threads = n_threads
        self.weights = weights
        self.buffers = (data, indices, indptr)
        self._attach(data, indices, indptr)
        self.columns.n, self.columns.p = self.n_samples, self.n_features
        self.columns.weight_sum = self.n_samples
        self.columns.weights = NULL
        if weights is not None:
            weights_view = weights
            self.columns.weights = &weights_view[0]
            self.columns.weight_sum = weights.sum()
            self.columns.anchor = int(np.argmax(weights > 0))
        self.mean = np.zeros(self.n_features)
        self.scale = np.ones(self.n_features)
        mean, scale = self.mean, self.scale
        self.columns.mean, self.columns.scale = &mean[0], &scale[0]
        self._set_up(target)

    cdef _attach(self, data, indices, indptr):
        cdef const KernelTable* table = kernel_table()
        cdef int is_double = data.dtype.itemsize == 8
        cdef const int64_t[::1] indptr_view
        self.columns.data = address(data)
        if self.kind == "csc":
            indptr_view = indptr
            self.columns.indptr = &indptr_view[0]
            self.columns.indices = address(indices)
            self.columns.verbs = &table.csc[is_double][indices.dtype.itemsize == 8]
        elif self.kind == "dense_f":
            self.columns.ld = data.strides[1] // data.itemsize
            self.row_bytes = data.itemsize
            self.columns.verbs = &table.dense_columns[is_double]
        else:
            self.columns.ld = data.strides[0] // data.itemsize
            self.row_bytes = data.strides[0]
            self.columns.verbs = &table.dense_rows[is_double]

    cdef _set_up(self, const double[::1] target):
        """Means, scales, norms, null gradient and finiteness in one visit of X."""
        cdef double[::1] mean = self.mean, scale = self.scale
        cdef double[::1] sqnorm = np.empty(self.n_features)
        cdef double[::1] peak = np.empty(self.n_features)
        cdef double[::1] xty = np.empty(self.n_features)
        cdef const double[::1] weighted = target
        cdef Py_ssize_t j
        cdef double total, noise, unit
        cdef int exponent, limit
        if self.weights is not None:
            weighted = np.asarray(target) * self.weights
        self.sqnorm, self.xty = np.asarray(sqnorm), np.asarray(xty)
        self._moments(0, self.n_features, self.center, weighted, mean, sqnorm, peak, xty)
        for j in range(self.n_features):
            if not isfinite(peak[j]):
                self._raise_nonfinite(j)
            # Squares that over- or underflowed: once more, in units of the peak.
            if (peak[j] > 1e140 or 0.0 < peak[j] < 1e-140) and scale[j] > 0.0:
                frexp(peak[j], &exponent)
                scale[j] = ldexp(1.0, -min(max(exponent, -MOST_BITS), MOST_BITS))
                self._moments(
                    j, j + 1, self.center, weighted, mean, sqnorm, peak, xty
                )
        total = 0.0
        if self.kind == "csc" and self.center:
            total = np.sum(weighted)
        for j in range(self.n_features):
            if total != 0.0:
                xty[j] -= scale[j] * mean[j] * total
            noise = 64 * EPS * scale[j] * mean[j]
            unit = 0.0
            if sqnorm[j] > 0.0 and sqnorm[j] > self.columns.weight_sum * noise * noise:
                frexp(sqrt(sqnorm[j]), &exponent)
                frexp(scale[j], &limit)
                unit = ldexp(1.0, min(1 - exponent, MOST_BITS + 1 - limit))
            sqnorm[j] *= unit * unit
            xty[j] *= unit
            scale[j] *= unit

    def reweighted(self, weights):
        """The same columns, centred and seen with other weights: those of the quadratic
        model of a loss. Its means and norms are those of columns that `measure` has
        looked at.

        Parameters
        ----------
        weights : ndarray of float64 (n_samples,)
            Not negative, with a positive sum.

        Returns
        -------
        Design
        """
        cdef type kind = type(self)
        cdef Design other = kind.__new__(kind)
        cdef const double[::1] weights_view = weights
        cdef double[::1] mean = np.zeros(self.n_features)
        if weights_view.shape[0] != self.n_samples:
            raise ValueError("one weight a sample")
        other.kind, other.center, other.buffers = self.kind, self.center, self.buffers
        other.n_samples, other.n_features = self.n_samples, self.n_features
        other.n_threads, other.columns = self.n_threads, self.columns
        other.row_bytes = self.row_bytes
        other.weights, other.mean, other.scale = weights, np.asarray(mean), self.scale
        other.sqnorm, other.xty = np.zeros(self.n_features), self.xty
        other.columns.weights, other.columns.mean = &weights_view[0], &mean[0]
        other.columns.weight_sum = weights.sum()
        other.columns.anchor = int(np.argmax(weights > 0))
        return other

    @classmethod
    def placed(
        cls, str kind, data, indices, indptr, shape, weights, bint center, mean, scale,
        int n_threads=1,
    ):
        """Arrays seen with means and scales that are known: those of a part of a matrix,
        of some of its rows or columns. They are not checked, and must be finite.

        Parameters
        ----------
        kind, data, indices, indptr, shape, weights, center, n_threads
            As of `Design`; the weights need not have a mean of one.
        mean, scale : ndarray of float64 (n_features,)

        Returns
        -------
        Design
            Its `sqnorm` and `xty` are zero.
        """
        cdef Design self = cls.__new__(cls)
        cdef const double[::1] weights_view
        cdef const double[::1] mean_view = mean, scale_view = scale
        self.kind, self.center, self.n_threads = kind, center, n_threads
        self.n_samples, self.n_features = shape
        if mean_view.shape[0] != self.n_features or (
            scale_view.shape[0] != self.n_features or not self.n_features
        ):
            raise ValueError("one mean and one scale a column")
        self.weights, self.buffers = weights, (data, indices, indptr)
        self._attach(data, indices, indptr)
        self.columns.n, self.columns.p = self.n_samples, self.n_features
        self.columns.weight_sum = self.n_samples
        self.columns.weights = NULL
        if weights is not None:
            weights_view = weights
            if weights_view.shape[0] != self.n_samples:
                raise ValueError("one weight a sample")
            self.columns.weights = &weights_view[0]
            self.columns.weight_sum = weights.sum()
            self.columns.anchor = int(np.argmax(weights > 0))
        self.mean, self.scale = mean, scale
        self.columns.mean, self.columns.scale = &mean_view[0], &scale_view[0]
        self.sqnorm, self.xty = np.zeros(self.n_features), np.zeros(self.n_features)
        return self

    def measure(self, const Py_ssize_t[::1] cols):
        """Set `mean` and `sqnorm` of some columns."""
        cdef Py_ssize_t k
        cdef double[::1] zeros = np.zeros(self.n_samples)
        cdef double[::1] peak = np.empty(self.n_features), xty = np.empty(self.n_features)
        cdef double[::1] mean = self.mean, sqnorm = self.sqnorm
        cdef const Columns* X = &self.columns
        self._check_columns(cols)
        if not cols.shape[0]:
            return
        with nogil:
            for k in range(cols.shape[0]):
                X.verbs.moments(
                    X, cols[k], cols[k] + 1, self.center, &zeros[0], &mean[0],
                    &sqnorm[0], &peak[0], &xty[0],
                )
            interrupted()

    def deviations(self):
        """Weighted standard deviation of each column times its scale.

        Returns
        -------
        ndarray of float64 (n_features,)
        """
        square = self.sqnorm
        if not self.center:
            square, other = np.empty(self.n_features), np.empty(self.n_features)
            weighted, peak = np.zeros(self.n_samples), np.empty(self.n_features)
            self._moments(0, self.n_features, True, weighted, other, square, peak,
                          np.empty(self.n_features))
            # as in the set-up: a deviation that is rounding only is none
            noise = 64 * np.finfo(float).eps * self.scale * other
            constant = square <= self.columns.weight_sum * noise**2
            square[constant | (self.scale == 0)] = 0.0
        return np.sqrt(square / self.columns.weight_sum)

    cdef _moments(
        self, Py_ssize_t first, Py_ssize_t last, int center, const double[::1] sy,
        double[::1] mean, double[::1] sqnorm, double[::1] top, double[::1] xty,
    ):
        cdef Py_ssize_t step = self._columns_per_check(1), start, stop, b, blocks
        cdef const Columns* X = &self.columns
        cdef int threads = self._threads(1)
        if threads > 1:
            step = max(step, PANEL * BLOCKS_PER_THREAD * threads)
        with nogil:
            start = first
            while start < last:
                stop = min(start + step, last)
                blocks = (stop - start + PANEL - 1) // PANEL
                for b in prange(blocks, schedule="dynamic", num_threads=threads):
                    X.verbs.moments(
                        X, start + b * PANEL, min(start + (b + 1) * PANEL, stop),
                        center, &sy[0], &mean[0], &sqnorm[0], &top[0], &xty[0],
                    )
                interrupted()
                start = stop

    def _raise_nonfinite(self, Py_ssize_t j):
        data, indices, indptr = self.buffers
        if self.kind == "csc":
            values = data[indptr[j]:indptr[j + 1]]
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            row = int(indices[indptr[j] + at])
        else:
            values = data[:, j]
            at = row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise NonFinite(row, j, float(values[at]))

    cdef Py_ssize_t _work(self) noexcept nogil:
        """Multiply-adds of one pass with one residual."""
        if self.columns.indptr != NULL:
            return self.columns.indptr[self.columns.p]
        return self.columns.n * self.columns.p

    cdef Py_ssize_t _columns_per_check(self, int width) noexcept nogil:
        cdef Py_ssize_t per_column = self._work() * width // max(self.columns.p, 1) + 1
        return max(WORK_BETWEEN_CHECKS // per_column // PANEL, 1) * PANEL

    cdef int _threads(self, int width) noexcept nogil:
        if forked or self._work() * width < WORK_FOR_THREADS:
            return 1
        return self.n_threads

    @property
    def nnz(self):
        """Stored entries: multiply-adds of a pass with one residual."""
        return self._work()

    @property
    def sparse(self):
        return self.columns.indptr != NULL

    def column_nnz(self, cols):
        """Mean number of stored entries of some columns."""
        if self.columns.indptr == NULL:
            return float(self.n_samples)
        indptr = self.buffers[2]
        return float((indptr[cols + 1] - indptr[cols]).mean()) if len(cols) else 0.0

    def subtract_means(self, double[:, ::1] R):
        """Take the weighted means off residuals, if the design is centred.

        Parameters
        ----------
        R : (n_samples, 1 or 8), updated

        Returns
        -------
        sums, squares : ndarray of float64 (1 or 8,)
            Of what is left, weighted.
        """
        cdef const Columns* X = &self.columns
        cdef int width = R.shape[1]
        cdef double[::1] sums = np.empty(width), squares = np.empty(width)
        if R.shape[0] != X.n or (width != 1 and width != BLOCK):
            raise ValueError("shape of R does not fit")
        if width == BLOCK:
            with nogil:
                kernel_table().vector.subtract_means(
                    X.n, X.weights, self.center, &R[0, 0], &sums[0], &squares[0]
                )
            return np.asarray(sums), np.asarray(squares)
        r = np.asarray(R)[:, 0]
        weights = 1.0 if self.weights is None else self.weights
        if self.center:
            r -= (weights * r).sum() / X.weight_sum
        weighted = weights * r
        return weighted.sum(keepdims=True), np.array([weighted @ r])

    def gradient(
        self, const double[:, ::1] Q, double[:, ::1] out,
        const Py_ssize_t[::1] cols=None, const double[::1] qsum=None,
    ):
        """out[k, :] = x~_{cols[k]}' R for a block of weighted residuals.

        Parameters
        ----------
        Q : (n_samples, 1 or 8), weights times residual
        out : (n_cols, as many), written
        cols : (n_cols,), optional
            All columns by default.
        qsum : (1 or 8,), optional
            Sums of the columns of Q, where they are known.
        """
        cdef Py_ssize_t count = self.columns.p, step, start, last, b, blocks, at
        cdef int width = Q.shape[1], threads
        cdef const Columns* X = &self.columns
        cdef const Py_ssize_t* chosen = NULL
        if qsum is None:
            qsum = np.einsum("ij->j", np.asarray(Q))
        if cols is not None:
            self._check_columns(cols)
            count = cols.shape[0]
            chosen = &cols[0] if count else NULL
        if Q.shape[0] != X.n or out.shape[0] != count or out.shape[1] != width or (
            width != 1 and width != BLOCK
        ) or qsum.shape[0] != width:
            raise ValueError("shapes of Q and out do not fit")
        step = self._columns_per_check(width)
        threads = self._threads(width * count // max(X.p, 1))
        if threads > 1:
            step = max(step, PANEL * BLOCKS_PER_THREAD * threads)
        with nogil:
            start = 0
            while start < count:
                last = min(start + step, count)
                blocks = (last - start + PANEL - 1) // PANEL
                for b in prange(blocks, schedule="dynamic", num_threads=threads):
                    at = start + b * PANEL
                    if width == 1:
                        X.verbs.gradient(
                            X, at, min(last - at, PANEL),
                            chosen + at if chosen != NULL else NULL, &Q[0, 0], qsum[0],
                            &out[at, 0],
                        )
                    else:
                        X.verbs.gradient_block(
                            X, at, min(last - at, PANEL),
                            chosen + at if chosen != NULL else NULL, &Q[0, 0],
                            &qsum[0], &out[at, 0],
                        )
                interrupted()
                start = last

    def subtract_product(
        self, const Py_ssize_t[::1] cols, const double[:, ::1] B, double[:, ::1] R
    ):
        """R -= X~[:, cols] @ B

        Parameters
        ----------
        cols : (n_cols,)
        B : (n_cols, 1 or 8)
        R : (n_samples, as many), updated
        """
        cdef const Columns* X = &self.columns
        if B.shape[0] != cols.shape[0] or B.shape[1] != R.shape[1] or (
            R.shape[0] != X.n or R.shape[1] not in (1, BLOCK)
        ):
            raise ValueError("shapes of B and R do not fit")
        self._check_columns(cols)
        if not cols.shape[0]:
            return
        cdef Py_ssize_t rows = X.n, blocks, b, count = cols.shape[0]
        cdef int width = R.shape[1], threads = 1
        if X.indptr == NULL:  # of sparse columns the rows are apart
            threads = self._threads(width * count // max(X.p, 1))
        if threads > 1:
            rows = ROWS
        blocks = (X.n + rows - 1) // rows
        with nogil:
            for b in prange(blocks, schedule="dynamic", num_threads=threads):
                self._subtract_product_of_rows(
                    b * rows, min((b + 1) * rows, X.n), count, &cols[0], &B[0, 0],
                    &R[b * rows, 0], width,
                )
            interrupted()

    cdef void _subtract_product_of_rows(
        self, Py_ssize_t first, Py_ssize_t last, Py_ssize_t count,
        const Py_ssize_t* cols, const double* B, double* R, int width,
    ) noexcept nogil:
        """`subtract_product` for the rows from `first` to `last`, which R begins with."""
        cdef Columns X = self.columns
        if first > 0:
            X.data = <const char*> X.data + first * self.row_bytes
        X.n = last - first
        if width == BLOCK:
            X.verbs.residual_block(&X, count, cols, B, R)
        else:
            X.verbs.residual(&X, count, cols, B, R)

    def pack(
        self, const Py_ssize_t[::1] cols, Py_ssize_t first, Py_ssize_t last,
        double[::1, :] out,
    ):
        """out[:, k] = sqrt(weights) * x~_{cols[k]}, rows first to last."""
        cdef const Columns* X = &self.columns
        if out.shape[1] != cols.shape[0] or out.shape[0] != last - first \
                or first < 0 or last > X.n:
            raise ValueError("shape of out does not fit")
        self._check_columns(cols)
        if cols.shape[0] and last > first:
            with nogil:
                X.verbs.pack(
                    X, cols.shape[0], &cols[0], first, last, &out[0, 0],
                    out.strides[1] // sizeof(double),
                )

    def gram_columns(
        self, const Py_ssize_t[::1] cols, const Py_ssize_t[::1] places,
        double[::1, :] gram,
    ):
        """gram[:, places[k]] = X~[:, cols]' W x~_{cols[places[k]]}

        Parameters
        ----------
        cols : (size,)
        places : (at most 8,)
            Positions in `cols`.
        gram : (size, size), updated
        """
        cdef Py_ssize_t count = places.shape[0], n = self.n_samples, i, k
        if count > BLOCK or gram.shape[0] != cols.shape[0] or (
            gram.shape[1] != cols.shape[0]
        ):
            raise ValueError("shapes do not fit")
        cdef Py_ssize_t[::1] chosen = np.empty(count, dtype=np.intp)
        cdef double[::1, :] packed = np.empty((n, count), order="F")
        cdef double[:, ::1] Q = np.zeros((n, BLOCK))
        cdef double[:, ::1] products = np.empty((cols.shape[0], BLOCK))
        for k in range(count):
            if not 0 <= places[k] < cols.shape[0]:
                raise IndexError(f"place {places[k]} of {cols.shape[0]}")
            chosen[k] = cols[places[k]]
        self.pack(chosen, 0, n, packed)
        for k in range(count):
            for i in range(n):
                Q[i, k] = packed[i, k]
                if self.columns.weights != NULL:
                    Q[i, k] *= sqrt(self.columns.weights[i])
        self.gradient(Q, products, cols)
        for k in range(count):
            for i in range(cols.shape[0]):
                gram[i, places[k]] = products[i, k]

    def take(self, cols):
        """Some columns of a sparse matrix, copied: values, row numbers, offsets."""
        data, rows, indptr = self.buffers
        if self.columns.indptr == NULL:
            raise ValueError("only sparse columns can be taken")
        self._check_columns(cols)
        starts = indptr[cols]
        counts = indptr[cols + 1] - starts
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(starts - offsets[:len(starts)], counts)
        places += np.arange(len(places))
        return data[places], rows[places], offsets

    cdef _check_columns(self, const Py_ssize_t[::1] cols):
        cdef Py_ssize_t k
        for k in range(cols.shape[0]):
            if cols[k] < 0 or cols[k] >= self.columns.p:
                raise IndexError(f"column {cols[k]} of {self.columns.p}")


class NonFinite(ValueError):
    """X holds a NaN or an infinity: ``args`` are its row, column and value."""
