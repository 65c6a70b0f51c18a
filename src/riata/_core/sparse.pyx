"""Structure checks and re-ordering of compressed sparse matrices.

The functions take the three arrays of a CSC or CSR matrix. The *major* axis is the
compressed one (columns for CSC, rows for CSR), the *minor* axis the other; a *slice* is
the run of entries ``indptr[k]:indptr[k + 1]`` of one major position.

`check_structure`, `compress`, `transpose` and `canonicalize` may be given anything:
they neither read nor write outside their arrays, even when another thread changes
these meanwhile. Only `merge_duplicates` writes to what it is given.

Statuses: `OK` (0), `UNSORTED` (a legal matrix with a slice that is not strictly
increasing), negative for what is not a matrix.
"""

from libc.math cimport fabsf
from libc.stdint cimport int32_t, int64_t

import numpy as np

cdef enum Status:
    C_OK = 0
    C_UNSORTED = 1
    C_BAD_START = -1
    C_DECREASING = -2
    C_TOO_LONG = -3
    C_NEGATIVE = -4
    C_TOO_LARGE = -5
    C_CHANGED = -6

OK = C_OK
UNSORTED = C_UNSORTED
BAD_START = C_BAD_START
DECREASING = C_DECREASING
TOO_LONG = C_TOO_LONG
NEGATIVE = C_NEGATIVE
TOO_LARGE = C_TOO_LARGE
CHANGED = C_CHANGED

ctypedef fused pointer_t:
    int32_t
    int64_t

ctypedef fused index_t:
    int32_t
    int64_t

ctypedef fused real_t:
    float
    double


# ---------------------------------------------------------------------------
# Structure
# ---------------------------------------------------------------------------


def check_structure(
    const pointer_t[::1] indptr, const index_t[::1] indices, Py_ssize_t n_minor
):
    """Check the structure of a compressed sparse matrix in one pass.

    Parameters
    ----------
    indptr : ndarray of shape (n_major + 1,), int32 or int64
    indices : ndarray of shape (n_stored,), int32 or int64
    n_minor : int
        Every index must be in ``[0, n_minor)``.

    Returns
    -------
    status : int
        `OK` when every slice is strictly increasing (sorted, no duplicates),
        `UNSORTED` when the matrix is legal but some slice is not, otherwise the first
        fault: `BAD_START` (no entry, or ``indptr[0] != 0``), `DECREASING` (in
        `indptr`), `TOO_LONG` (``indptr[position] > n_stored``), `NEGATIVE`,
        `TOO_LARGE`.
    position : int
        Where: a position in `indptr` for the first three faults, in `indices` for
        the others and for `UNSORTED`.
    """
    cdef Py_ssize_t n_major = indptr.shape[0] - 1, n_stored = indices.shape[0]
    cdef Py_ssize_t i, k, start, stop = 0, position = 0
    cdef int status = C_OK, disorder
    if n_major < 0 or indptr[0] != 0:
        return C_BAD_START, 0
    with nogil:
        for i in range(n_major):
            start = stop
            stop = indptr[i + 1]
            if stop < start or stop > n_stored:
                status = C_DECREASING if stop < start else C_TOO_LONG
                position = i + 1
                break
            if start == stop:
                continue
            # A strictly increasing slice is in range when its two ends are. No branch
            # in this loop, so that the compiler can vectorise it.
            disorder = 0
            for k in range(start + 1, stop):
                disorder |= indices[k] <= indices[k - 1]
            if not disorder and indices[start] >= 0 and indices[stop - 1] < n_minor:
                continue
            for k in range(start, stop):
                if indices[k] < 0 or indices[k] >= n_minor:
                    status = C_NEGATIVE if indices[k] < 0 else C_TOO_LARGE
                    position = k
                    break
                if status == C_OK and k > start and indices[k] <= indices[k - 1]:
                    status, position = C_UNSORTED, k
            if status < 0:
                break
    return status, position


# ---------------------------------------------------------------------------
# Order
# ---------------------------------------------------------------------------


cdef void counts_to_starts(int64_t[::1] indptr) noexcept nogil:
    """Turn the sizes of the slices, indptr[:-1], into their starts."""
    cdef Py_ssize_t i
    cdef int64_t total = 0, size
    for i in range(indptr.shape[0]):
        size = indptr[i]
        indptr[i] = total
        total += size


cdef int ends_to_starts(int64_t[::1] indptr) noexcept nogil:
    """Undo what filling the slices did: each start has moved to its slice's end.

    Returns `CHANGED` if the ends are not in order, as when what was filled in is not
    what had been counted.
    """
    cdef Py_ssize_t i
    cdef int status = C_OK
    for i in range(indptr.shape[0] - 1, 0, -1):
        if indptr[i] < indptr[i - 1]:
            status = C_CHANGED
        indptr[i] = indptr[i - 1]
    indptr[0] = 0
    return status


def compress(
    const index_t[::1] major,
    const index_t[::1] minor,
    const real_t[::1] data,
    Py_ssize_t n_major,
):
    """Gather coordinates (COO) into slices, by counting.

    Parameters
    ----------
    major, minor : ndarray of shape (n_stored,), both int32 or both int64
        Minor positions are copied without checks.
    data : ndarray of shape (n_stored,), float32 or float64
    n_major : int
        Every entry of `major` must be in ``[0, n_major)``.

    Returns
    -------
    status : int
        `OK`, `NEGATIVE` or `TOO_LARGE` (an entry of `major`), or `CHANGED` (lengths
        differ, or another thread wrote to the arrays). The arrays are meaningless
        unless it is `OK`.
    position : int
        Of the entry that decides a fault.
    indptr : ndarray of shape (n_major + 1,), int64
    indices : ndarray of shape (n_stored,), dtype of `minor`
        Within a slice in order of storage: neither sorted nor unique.
    data : ndarray of shape (n_stored,), dtype of `data`
    """
    cdef Py_ssize_t n_stored = major.shape[0], position = 0
    cdef Py_ssize_t i, k, target
    cdef int status = C_OK
    if minor.shape[0] != n_stored or data.shape[0] != n_stored:
        n_stored, status = 0, C_CHANGED
    out_indptr = np.zeros(n_major + 1, dtype=np.int64)
    # Zeros, lest a place that stays unfilled hold an index that is out of range.
    out_indices = np.zeros(
        n_stored, dtype=np.int32 if index_t is int32_t else np.int64
    )
    out_data = np.zeros(n_stored, dtype=np.float32 if real_t is float else np.float64)
    cdef int64_t[::1] free = out_indptr
    cdef index_t[::1] new_indices = out_indices
    cdef real_t[::1] new_data = out_data
    with nogil:
        for k in range(n_stored):
            i = major[k]
            if i < 0 or i >= n_major:
                status = C_NEGATIVE if i < 0 else C_TOO_LARGE
                position = k
                break
            free[i] += 1
        if status == C_OK:
            counts_to_starts(free)
            for k in range(n_stored):
                i = major[k]
                if i < 0 or i >= n_major or free[i] >= n_stored:
                    status, position = C_CHANGED, k
                    break
                target = free[i]
                free[i] = target + 1
                new_indices[target] = minor[k]
                new_data[target] = data[k]
            if status == C_OK:
                status = ends_to_starts(free)
    return status, position, out_indptr, out_indices, out_data


def transpose(
    const pointer_t[::1] indptr,
    const index_t[::1] indices,
    const real_t[::1] data,
    Py_ssize_t n_minor,
):
    """Exchange the axes: CSR to CSC or back, into new arrays.

    The result is sorted within every slice; duplicates stay, side by side and in their
    order of storage. Takes O(n_stored + n_major + n_minor) time.

    Parameters
    ----------
    indptr : ndarray of shape (n_major + 1,), int32 or int64
    indices : ndarray of shape (n_stored,), int32 or int64
        ``n_major - 1`` must fit in its dtype, since the result keeps it.
    data : ndarray of shape (n_stored,), float32 or float64
    n_minor : int

    Returns
    -------
    status : int
        `OK` or, when the structure is not valid, `CHANGED`: the arrays are then
        meaningless. `check_structure` finds what is wrong.
    indptr : ndarray of shape (n_minor + 1,), int64
    indices : ndarray of shape (n_stored,), dtype of `indices`
    data : ndarray of shape (n_stored,), dtype of `data`
    """
    cdef Py_ssize_t n_major = indptr.shape[0] - 1
    cdef Py_ssize_t n_stored = indptr[n_major] if n_major >= 0 else -1
    cdef Py_ssize_t i, j, k, start, stop = 0, target
    cdef int status = C_OK
    if (
        n_stored < 0
        or n_stored > indices.shape[0]
        or n_stored > data.shape[0]
        or (n_major > 0 and <index_t>(n_major - 1) != n_major - 1)
    ):
        n_stored, n_major, status = 0, 0, C_CHANGED
    out_indptr = np.zeros(n_minor + 1, dtype=np.int64)
    # Zeros, lest a place that stays unfilled hold an index that is out of range.
    out_indices = np.zeros(
        n_stored, dtype=np.int32 if index_t is int32_t else np.int64
    )
    out_data = np.zeros(n_stored, dtype=np.float32 if real_t is float else np.float64)
    cdef int64_t[::1] free = out_indptr
    cdef index_t[::1] new_indices = out_indices
    cdef real_t[::1] new_data = out_data
    with nogil:
        for k in range(n_stored):
            j = indices[k]
            if j < 0 or j >= n_minor:
                status = C_CHANGED
                break
            free[j] += 1
        if status != C_OK:
            n_major = 0
        counts_to_starts(free)
        # Checked again, as the arrays may have changed since they were counted;
        # beside scattered writes the comparisons cost nothing.
        for i in range(n_major):
            start = stop
            stop = indptr[i + 1]
            if stop < start or stop > n_stored:
                status = C_CHANGED
                break
            for k in range(start, stop):
                j = indices[k]
                if j < 0 or j >= n_minor or free[j] >= n_stored:
                    status = C_CHANGED
                    break
                target = free[j]
                free[j] = target + 1
                new_indices[target] = <index_t>i
                new_data[target] = data[k]
            if status != C_OK:
                break
        if status == C_OK:
            status = ends_to_starts(free)
    return status, out_indptr, out_indices, out_data


def merge_duplicates(int64_t[::1] indptr, index_t[::1] indices, real_t[::1] data):
    """Sum equal neighbours within every slice, **in place**.

    Parameters
    ----------
    indptr : ndarray of shape (n_major + 1,), int64
    indices : ndarray of shape (n_stored,), int32 or int64
        Sorted within every slice, as `transpose` leaves it.
    data : ndarray of shape (n_stored,), float32 or float64

    Returns
    -------
    n_stored : int
        How many leading entries of `indices` and `data` hold the result. Entries that
        sum to zero stay, as explicit zeros.
    """
    cdef Py_ssize_t i, k, start, stop = 0, last = -1
    with nogil:
        for i in range(indptr.shape[0] - 1):
            start = stop
            stop = indptr[i + 1]
            for k in range(start, stop):
                if k > start and indices[k] == indices[last]:
                    data[last] += data[k]
                else:
                    last += 1
                    indices[last] = indices[k]
                    data[last] = data[k]
            indptr[i + 1] = last + 1
    return last + 1


def canonicalize(
    const pointer_t[::1] indptr,
    const index_t[::1] indices,
    const real_t[::1] data,
    Py_ssize_t n_minor,
):
    """Copy a matrix with every slice sorted and its duplicates summed.

    Two counting sorts, so linear in the number of entries whatever their order.
    Explicit zeros stay.

    Parameters
    ----------
    indptr, indices, data, n_minor
        As for `transpose`.

    Returns
    -------
    status, indptr, indices, data
        As for `transpose`, with the axes of the input.
    """
    cdef Py_ssize_t n_major = indptr.shape[0] - 1
    turned = transpose(
        np.asarray(indptr), np.asarray(indices), np.asarray(data), n_minor
    )
    if turned[0] != C_OK:
        return turned
    status, out_indptr, out_indices, out_data = transpose(*turned[1:], n_major)
    n_stored = merge_duplicates(out_indptr, out_indices, out_data)
    return status, out_indptr, out_indices[:n_stored], out_data[:n_stored]


# ---------------------------------------------------------------------------
# Range of single precision
# ---------------------------------------------------------------------------


cdef bint has_large(const float *x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t k
    cdef int large = 0
    for k in range(n):
        large |= fabsf(x[k]) > <float>1e18
    return large


cdef bint is_small(const float *x, Py_ssize_t n, Py_ssize_t stride) noexcept nogil:
    """Is there a non-zero, but none of ordinary size? (As a rule the first one is.)"""
    cdef Py_ssize_t k
    cdef bint found = False
    for k in range(n):
        if fabsf(x[k * stride]) >= <float>1e-18:
            return False
        found = found or x[k * stride] != 0
    return found


def is_extreme_csc(const int64_t[::1] indptr, const float[::1] data):
    """Are there magnitudes that single precision cannot square and sum?

    Parameters
    ----------
    indptr : ndarray of shape (n_features + 1,), int64
        Verified by `check_structure`.
    data : ndarray of shape (n_stored,), float32

    Returns
    -------
    bool
        True when an entry exceeds 1e18 in size (infinity counts), or a column that is
        not all zero has no entry of at least 1e-18.
    """
    cdef Py_ssize_t j
    cdef bint extreme = False
    if data.shape[0] == 0:
        return False
    cdef const float *x = &data[0]
    with nogil:
        extreme = has_large(x, data.shape[0])
        for j in range(indptr.shape[0] - 1):
            if extreme:
                break
            extreme = is_small(x + indptr[j], indptr[j + 1] - indptr[j], 1)
    return extreme


def is_extreme_dense(const float[:, :] X):
    """Are there magnitudes that single precision cannot square and sum?

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32
        With unit stride along one axis, any stride along the other.

    Returns
    -------
    bool
        As for `is_extreme_csc`.
    """
    cdef Py_ssize_t i, j
    cdef Py_ssize_t n_samples = X.shape[0], n_features = X.shape[1]
    cdef Py_ssize_t stride = X.strides[0] // <Py_ssize_t>sizeof(float)
    cdef bint extreme = False
    if n_samples == 0 or n_features == 0:
        return False
    with nogil:
        if n_samples == 1 or stride == 1:
            for j in range(n_features):
                extreme = has_large(&X[0, j], n_samples)
                if extreme:
                    break
        else:
            for i in range(n_samples):
                extreme = has_large(&X[i, 0], n_features)
                if extreme:
                    break
        for j in range(n_features):
            if extreme:
                break
            extreme = is_small(&X[0, j], n_samples, stride)
    return extreme
