"""Gram matrices of sparse columns, row by row: ``X' W X`` is a sum over the rows of the
products of their few non-zeros (Gustavson 1978, doi:10.1145/355791.355796), a small part
of what the products of all pairs of columns would cost.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t

from .design cimport Design, interrupted

# Multiply-adds between two looks for Ctrl-C.
cdef Py_ssize_t WORK_BETWEEN_CHECKS = 1 << 24

ctypedef fused real_t:
    float
    double

ctypedef fused index_t:
    int32_t
    int64_t


def sparse_gram(Design design, const Py_ssize_t[::1] cols, Py_ssize_t old):
    """Gram matrix of columns `cols` against those from the `old`-th on.

    Returns
    -------
    ndarray of float64 (n_cols, n_cols - old)
        ``X~[:, cols]' W X~[:, cols[old:]]``
    """
    ids = np.asarray(cols)
    start, column, entry = _rows_of(design, ids[old:])
    data, rows, indptr = design.buffers
    full = np.diff(indptr)[ids] == design.n_samples
    # full columns are centred themselves, as everywhere; others by their sums
    shift = np.where(full, design.mean[ids], 0.0)
    outer = np.where(full, 0.0, design.mean[ids])
    out = np.zeros((len(ids), len(ids) - old))
    _add_products(data, rows, indptr, cols, shift, start, column, entry, out)
    out -= np.outer(outer, design.columns.weight_sum * outer[old:])
    out *= design.scale[ids, None]
    out *= design.scale[ids[old:]]
    return out


def _rows_of(Design design, ids):
    """Columns `ids` by rows, times the weights: those of row i are entries start[i] to
    start[i + 1]."""
    cdef Py_ssize_t a, k, size = len(ids)
    cdef int64_t i
    taken, row_numbers, offsets = design.take(ids)
    values = taken.astype(np.float64)
    counts = np.diff(offsets)
    full = counts == design.n_samples
    if full.any():
        values -= np.repeat(np.where(full, design.mean[ids], 0.0), counts)
    if design.weights is not None:
        values *= design.weights[row_numbers]
    cdef const double[::1] x = values
    cdef const int64_t[::1] row = row_numbers.astype(np.int64, copy=False)
    cdef const int64_t[::1] indptr = offsets
    begin = np.zeros(design.n_samples + 1, dtype=np.int64)
    np.cumsum(np.bincount(row_numbers, minlength=design.n_samples), out=begin[1:])
    cdef int64_t[::1] at = begin[:-1].copy()
    cdef int32_t[::1] column = np.empty(len(values), dtype=np.int32)
    cdef double[::1] entry = np.empty(len(values))
    with nogil:
        for a in range(size):
            for k in range(indptr[a], indptr[a + 1]):
                i = row[k]
                column[at[i]], entry[at[i]] = <int32_t>a, x[k]
                at[i] += 1
    return begin, column, entry


def _add_products(
    const real_t[::1] data, const index_t[::1] rows, const int64_t[::1] indptr,
    const Py_ssize_t[::1] cols, const double[::1] shift, const int64_t[::1] start,
    const int32_t[::1] column, const double[::1] entry, double[:, ::1] out,
):
    """out[b, column] += (x_b - shift_b)' entries"""
    cdef Py_ssize_t b, k, q, work = 0
    cdef int64_t i
    cdef double value
    with nogil:
        for b in range(cols.shape[0]):
            for k in range(indptr[cols[b]], indptr[cols[b] + 1]):
                i = rows[k]
                value = data[k] - shift[b]
                for q in range(start[i], start[i + 1]):
                    out[b, column[q]] += value * entry[q]
                work += 1 + start[i + 1] - start[i]
            if work > WORK_BETWEEN_CHECKS:
                interrupted()
                work = 0
