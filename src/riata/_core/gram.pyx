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
    start, column, entry, _ = rows_of(design, ids[old:], True)
    data, rows, indptr = design.buffers
    full = np.diff(indptr)[ids] == design.n_samples
    # full columns are centred themselves, as everywhere; others by their sums
    shift = np.where(full, design.mean[ids], 0.0)
    outer = np.where(full, 0.0, design.mean[ids] * design.scale[ids])
    out = np.zeros((len(ids), len(ids) - old))
    _add_products(
        data, rows, indptr, cols, shift, design.scale[ids], start, column, entry, out
    )
    out -= np.outer(outer, design.columns.weight_sum * outer[old:])
    return out


def rows_of(Design design, ids, bint weighted):
    """Columns `ids` by rows, scaled, full ones centred, times the weights if asked for.

    Returns
    -------
    start, column, entry : ndarray
        Those of row i are ``entry[start[i]:start[i + 1]]``.
    mean : ndarray (n_ids,)
        Of the columns that are not centred, as scaled; 0 for the others.
    """
    cdef Py_ssize_t a, k, size = len(ids)
    cdef int64_t i
    taken, row_numbers, offsets = design.take(ids)
    values = taken.astype(np.float64)
    counts = np.diff(offsets)
    full = counts == design.n_samples
    if full.any():
        values -= np.repeat(np.where(full, design.mean[ids], 0.0), counts)
    values *= np.repeat(design.scale[ids], counts)
    if weighted and design.weights is not None:
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
    mean = np.where(full, 0.0, design.mean[ids] * design.scale[ids])
    return begin, np.asarray(column), np.asarray(entry), mean


def gram_of_rows(
    const int64_t[::1] start, const int32_t[::1] column, const double[::1] entry,
    const double[::1] weights, Py_ssize_t size,
):
    """``X' W X`` and ``X' W 1`` of a few columns by rows, as from `rows_of`.

    Returns
    -------
    gram : ndarray of float64 (size, size)
    sums : ndarray of float64 (size,)
    """
    cdef Py_ssize_t n = weights.shape[0], i, q, t
    cdef double value
    out, sums = np.zeros((size, size)), np.zeros(size)
    cdef double[:, ::1] gram = out
    cdef double[::1] total = sums
    cdef double* row
    if start.shape[0] != n + 1 or start[n] > min(column.shape[0], entry.shape[0]):
        raise ValueError("shapes do not fit")
    if column.shape[0] and not 0 <= np.min(column) <= np.max(column) < size:
        raise IndexError("column out of range")
    with nogil:
        for i in range(n):
            for q in range(start[i], start[i + 1]):
                value = weights[i] * entry[q]
                row = &gram[column[q], 0]
                total[column[q]] += value
                for t in range(start[i], q + 1):
                    row[column[t]] += value * entry[t]
            if i % 65536 == 65535:
                interrupted()
    out += np.tril(out, -1).T
    return out, sums


def _add_products(
    const real_t[::1] data, const index_t[::1] rows, const int64_t[::1] indptr,
    const Py_ssize_t[::1] cols, const double[::1] shift, const double[::1] scale,
    const int64_t[::1] start, const int32_t[::1] column, const double[::1] entry,
    double[:, ::1] out,
):
    """out[b, column] += scale_b (x_b - shift_b)' entries"""
    cdef Py_ssize_t b, k, q, work = 0
    cdef int64_t i
    cdef double value
    with nogil:
        for b in range(cols.shape[0]):
            for k in range(indptr[cols[b]], indptr[cols[b] + 1]):
                i = rows[k]
                value = scale[b] * (data[k] - shift[b])
                for q in range(start[i], start[i + 1]):
                    out[b, column[q]] += value * entry[q]
                work += 1 + start[i + 1] - start[i]
            if work > WORK_BETWEEN_CHECKS:
                interrupted()
                work = 0
