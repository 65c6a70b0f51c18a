"""Coordinate descent for penalised least squares on a working set.

One loop serves every storage: a `Quadratic` is a set of columns with the two verbs
`dot` and `axpy`.  For columns of X the state vector is the weighted residual
("naive" or residual descent); for a Gram matrix G it is the vector of correlations
``c = X' r`` itself, whose verbs are a look-up and ``c += a G[:, j]`` ("covariance"
descent; Friedman, Hastie & Tibshirani 2010, doi:10.18637/jss.v033.i01).
"""

from time import monotonic

import numpy as np

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int64_t

from .columns cimport Columns, Verbs
from .design cimport Design, interrupted, kernel_table
from .penalty cimport (
    Penalty, conjugate_term, far, gap_term, kappa_limit, negligible, prox,
)

CONVERGED, EPOCH_LIMIT, STALLED, OUT_OF_TIME = range(4)

cdef enum:
    converged = 0
    epoch_limit = 1
    stalled = 2
    out_of_time = 3

# Work (multiply-adds) between two checks of the clock and for Ctrl-C.
cdef Py_ssize_t WORK_BETWEEN_CHECKS = 1 << 24

# Epochs in which the gap must at least halve.
cdef Py_ssize_t PATIENCE = 3000


cdef int late(double deadline) except -1 nogil:
    """Whether the deadline has passed; lets a pending Ctrl-C through."""
    interrupted()
    if deadline == INFINITY:
        return False
    with gil:
        return monotonic() > deadline


cdef class Quadratic:
    """``1/2 ||y - X w||^2`` on a working set, as columns to descend along."""

    @staticmethod
    def from_sparse(Design design, const Py_ssize_t[::1] ids):
        """Columns `ids` of a sparse design, copied so that they are in memory in the
        order of the sweeps."""
        cdef Quadratic self = Quadratic.__new__(Quadratic)
        cdef const int64_t[::1] indptr
        cdef const double[::1] mean, scale
        cdef size_t data, rows
        where = np.asarray(ids)
        taken = design.take(where)
        self.columns = design.columns
        self.size = self.columns.p = ids.shape[0]
        self.length = design.n_samples
        data, rows = taken[0].ctypes.data, taken[1].ctypes.data
        indptr, mean, scale = taken[2], design.mean[where], design.scale[where]
        self.columns.data, self.columns.indices = <const void*>data, <const void*>rows
        self.columns.indptr = &indptr[0]
        if self.size:
            self.columns.mean, self.columns.scale = &mean[0], &scale[0]
        self.buffers = taken, mean, scale, design
        return self

    @staticmethod
    def from_gram(const double[:, :] gram):
        """A symmetric matrix ``X' X``, by columns; the state vector is ``X' r``."""
        cdef Quadratic self = Quadratic.__new__(Quadratic)
        if gram.shape[0] != gram.shape[1] or (
            gram.shape[0] > 1 and gram.strides[0] != sizeof(double)
        ):
            raise ValueError("gram must be square with contiguous columns")
        self.size = self.length = self.columns.n = self.columns.p = gram.shape[1]
        self.columns.data = &gram[0, 0] if self.size else NULL
        self.columns.ld = gram.strides[1] // sizeof(double)
        self.columns.verbs = &kernel_table().gram
        self.buffers = gram
        return self

    @staticmethod
    def from_packed(const double[::1, :] packed):
        """Columns ``sqrt(s) x~`` copied by `Design.pack`; the state is ``sqrt(s) r``."""
        cdef Quadratic self = Quadratic.__new__(Quadratic)
        cdef const double[::1] zeros = np.zeros(packed.shape[1])
        cdef const double[::1] ones = np.ones(packed.shape[1])
        self.size, self.length = packed.shape[1], packed.shape[0]
        self.columns.n, self.columns.p = self.length, self.size
        self.columns.data = &packed[0, 0] if self.size else NULL
        self.columns.ld = packed.strides[1] // sizeof(double)
        self.columns.verbs = &kernel_table().dense_columns[1]
        self.columns.mean, self.columns.scale = &zeros[0], &ones[0]
        self.columns.weight_sum = self.length
        self.buffers = (packed, zeros, ones)
        return self

    def subtract(self, const double[::1] w, double[::1] q):
        """State after ``r -= X~ w``, given the state `q` before; returns qsum's change.

        Parameters
        ----------
        w : (size,)
        q : (length,), updated
        """
        cdef Py_ssize_t k
        cdef double qsum = 0.0
        if w.shape[0] != self.size or q.shape[0] != self.length:
            raise ValueError("lengths do not fit")
        with nogil:
            for k in range(self.size):
                if w[k] != 0.0:
                    self.columns.verbs.axpy(
                        &self.columns, k, -w[k], &q[0], &qsum
                    )
        return qsum


cdef struct Problem:
    # views of the arrays that `descend` was given, of length `size`
    const Columns* X
    Py_ssize_t size
    double* w
    double* q
    double qsum
    const double* xty
    const double* sqnorm
    const double* l1
    const double* l2
    const double* lower
    const double* upper
    double yy
    Py_ssize_t per_column  # multiply-adds of one verb


cdef inline Penalty penalty(
    const Problem* P, Py_ssize_t k, double beyond=0.0
) noexcept nogil:
    cdef Penalty pen
    pen.far = beyond
    pen.l1, pen.l2 = P.l1[k], P.l2[k]
    pen.lower, pen.upper = P.lower[k], P.upper[k]
    return pen


cdef double epoch(
    Problem* P, const Py_ssize_t* order, Py_ssize_t count
) except -1.0 nogil:
    """One sweep over the coordinates in `order`; returns max_k sqnorm_k * step_k^2."""
    cdef const Verbs* verbs = P.X.verbs
    cdef Py_ssize_t i, k
    cdef Py_ssize_t patience = WORK_BETWEEN_CHECKS // (P.per_column + 1) + 1
    cdef double old, new, step, largest = 0.0, change
    for i in range(count):
        k = order[i]
        if i % patience == patience - 1:
            interrupted()
        if P.sqnorm[k] == 0.0:
            continue
        old = P.w[k]
        # u = x~_k' r + ||x~_k||^2 w_k
        new = prox(
            verbs.dot(P.X, k, P.q, P.qsum) + P.sqnorm[k] * old,
            P.sqnorm[k], penalty(P, k),
        )
        step = new - old
        if step != 0.0:
            # r -= step * x~_k
            verbs.axpy(P.X, k, -step, P.q, &P.qsum)
            P.w[k] = new
            change = P.sqnorm[k] * step * step
            if change > largest:
                largest = change
    return largest


cdef double working_gap(const Problem* P, double* c) noexcept nogil:
    """Duality gap of the problem restricted to the working set; c = X~' r on it."""
    cdef Py_ssize_t k
    cdef double kappa = 1.0, loss, ridge = 0.0, augmented = 0.0, conjugate = 0.0
    cdef double beyond = 0.0
    cdef Penalty pen
    for k in range(P.size):
        beyond = max(beyond, fabs(P.w[k]))
    beyond = far(beyond)
    loss = P.yy  # ||r||^2 = y'y - w' (X'y + c)
    for k in range(P.size):
        c[k] = P.X.verbs.dot(P.X, k, P.q, P.qsum)
        pen = penalty(P, k, beyond)
        kappa = min(kappa, kappa_limit(c[k], P.w[k], pen))
        loss -= P.w[k] * (P.xty[k] + c[k])
        if not negligible(pen.l1):
            ridge += pen.l2 * P.w[k] * P.w[k]
    for k in range(P.size):
        pen = penalty(P, k, beyond)
        augmented += gap_term(c[k], P.w[k], pen, kappa)
        if conjugate < INFINITY:
            conjugate += conjugate_term(c[k], P.w[k], pen)
    augmented += 0.5 * (1.0 - kappa) * (1.0 - kappa) * (max(loss, 0.0) + ridge)
    return min(augmented, conjugate)


def descend(
    Quadratic quadratic, double[::1] w, double[::1] q, double qsum,
    const double[::1] xty, const double[::1] sqnorm, const double[::1] l1,
    const double[::1] l2, const double[::1] lower, const double[::1] upper,
    double yy, double tol, Py_ssize_t max_epochs, double deadline=INFINITY,
    bint look_first=False,
):
    """Descend until the gap on the working set is at most `tol`.

    Parameters
    ----------
    quadratic : Quadratic
    w : (size,), updated
        Coefficients.
    q : (length,), updated
        State vector: weighted residual, or correlations for a Gram matrix.
    qsum : float
        Sum of the weighted residual.
    xty, sqnorm, l1, l2, lower, upper : (size,)
        Of each column: product with y, squared norm, penalty weights and bounds.
    yy : float
        Squared norm of y.
    tol : float
        Target duality gap, absolute.
    deadline : float
        Time (`time.monotonic`) at which to give up.
    look_first : bool
        Whether the start may be good enough: costs as much as an epoch for columns of
        X, and next to nothing for a Gram matrix.

    Returns
    -------
    status : int
    n_epochs : int
    gap : float
    qsum : float
    """
    cdef Problem P
    cdef Py_ssize_t size = quadratic.size, count, k, n_epochs = 0, work = 0
    cdef Py_ssize_t inner, per_column
    cdef Py_ssize_t[::1] order = np.arange(size, dtype=np.intp)
    cdef Py_ssize_t[::1] active = np.empty(size, dtype=np.intp)
    cdef double[::1] c = np.empty(size)
    cdef double largest, change, gap = INFINITY, top, last_gap = INFINITY
    cdef Py_ssize_t next_look = PATIENCE
    cdef int status = epoch_limit
    if (
        w.shape[0] != size or xty.shape[0] != size or sqnorm.shape[0] != size
        or l1.shape[0] != size or l2.shape[0] != size or lower.shape[0] != size
        or upper.shape[0] != size or q.shape[0] != quadratic.length
    ):
        raise ValueError("lengths do not fit")
    if size == 0:
        return converged, 0, 0.0, qsum
    per_column = quadratic.length
    if quadratic.columns.indptr != NULL:
        per_column = quadratic.columns.indptr[quadratic.columns.p]
        per_column = per_column // quadratic.columns.p + 1
    P = Problem(
        &quadratic.columns, size, &w[0], &q[0], qsum, &xty[0],
        &sqnorm[0], &l1[0], &l2[0], &lower[0], &upper[0], yy, per_column,
    )
    if look_first:
        with nogil:
            gap = working_gap(&P, &c[0])
        if gap <= tol:
            return converged, 0, gap, qsum
    with nogil:
        while True:
            largest = change = epoch(&P, &order[0], size)
            n_epochs += 1
            work += size * per_column
            count = 0
            top = 0.0
            for k in range(size):
                if w[k] != 0.0:
                    active[count] = k
                    count += 1
                    top = max(top, sqnorm[k] * w[k] * w[k])
            # the non-zero coordinates, until they move ten times less
            for inner in range(50):
                if change <= 0.01 * largest and inner or count == 0 or change == 0.0:
                    break
                change = epoch(&P, &active[0], count)
                n_epochs += 1
                work += count * per_column
                if work > WORK_BETWEEN_CHECKS:
                    work = 0
                    if late(deadline):
                        break
            gap = working_gap(&P, &c[0])
            if gap <= tol:
                status = converged
                break
            if n_epochs >= next_look:
                # hopeless: not even half the gap gone in so many epochs
                if gap > 0.5 * last_gap:
                    break
                next_look, last_gap = n_epochs + PATIENCE, gap
            # steps that change the fit by no more than rounding
            if largest <= 1e-31 * max(top, yy) or largest == 0.0:
                status = stalled
                break
            if late(deadline):
                status = out_of_time
                break
            if n_epochs >= max_epochs:
                break
    return status, n_epochs, gap, P.qsum
