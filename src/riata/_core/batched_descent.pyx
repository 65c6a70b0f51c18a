"""Several alphas at once: coordinate descent and Newton steps.

A gather of one residual brings a whole cache line; a block of BLOCK residuals, one an
alpha, uses all of it, so that a sweep for all alphas costs less than two sweeps for one.
With a Gram matrix the same is true of its columns. Sweeps find the active sets; where
they converge slowly, a few iterations of conjugate gradients on the free coefficients of
each alpha (a truncated semismooth Newton step; see Li, Sun & Toh 2018,
doi:10.1137/16M1097572) make up for it. The step is projected on the orthant that it
starts in, and halved until the objective falls, in the manner of Moré & Toraldo (1991,
doi:10.1137/0801008).
"""

import numpy as np

cimport cython
from libc.math cimport fabs
from libc.string cimport memset

from .columns cimport BLOCK, Columns, BatchProblem
from .descent cimport Quadratic
from .design cimport interrupted, kernel_table

from .design import cache_lines

# Multiply-adds (of an alpha) between two looks for Ctrl-C.
cdef Py_ssize_t WORK_BETWEEN_CHECKS = 1 << 22

# Conjugate gradients end when the squared residual has fallen to this share.
cdef double ENOUGH = 1e-2

cdef unsigned long long MULTIPLIER = 0x9E3779B97F4A7C15

cdef enum:
    MOST_EFFORT = 4  # in conjugate gradients, while no free set changes
    SWEEPS = 4  # over the coefficients in use, for one over all
    TRIALS = 6  # lengths of a Newton step


@cython.overflowcheck(False)  # which is meant
cdef inline unsigned long long mixed(
    unsigned long long mark, Py_ssize_t place
) noexcept nogil:
    """A hash of a set of places, to which one is added."""
    mark += (<unsigned long long>place + 1) * MULTIPLIER
    return mark ^ (mark >> 29)


cdef class BatchedDescent:
    """Penalised least-squares problems that differ in alpha, side by side.

    Parameters
    ----------
    quadratic : Quadratic
        Sparse columns, or a Gram matrix.
    sqnorm, l1, l2, lower, upper : (size,)
        Of each column: squared norm, penalty weights at ``alpha = 1``, and bounds.
    alphas : (n_alphas,)
        One, or BLOCK.

    Attributes
    ----------
    w : (size, n_alphas)
        Coefficients.
    C : (size, n_alphas)
        Correlations, as of the last call of `correlate`.
    live : (n_alphas,)
        1, or 0 for one that is left alone.
    """

    cdef readonly object w, C, live
    cdef readonly Quadratic quadratic
    cdef const Columns* X
    cdef BatchProblem P
    cdef Py_ssize_t size, patience
    cdef int n_alphas, effort
    cdef unsigned long long mark  # of the free sets at the last Newton step
    cdef const double[::1] sqnorm, l1, l2, lower, upper, alphas
    cdef double[:, ::1] _w, _C, Q, V, D, R, S, H, F
    cdef double[::1] _live, qsum, vsum, largest
    cdef Py_ssize_t[::1] every, chosen

    def __init__(
        self, Quadratic quadratic, const double[::1] sqnorm, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        const double[::1] alphas,
    ):
        cdef Py_ssize_t size = quadratic.size, per_column = quadratic.length
        cdef int n_alphas = alphas.shape[0]
        if (
            sqnorm.shape[0] != size or l1.shape[0] != size or l2.shape[0] != size
            or lower.shape[0] != size or upper.shape[0] != size or size == 0
            or (n_alphas != 1 and n_alphas != BLOCK)
            or quadratic.columns.verbs.axpy_block == NULL
        ):
            raise ValueError("shapes do not fit")
        self.quadratic, self.size, self.n_alphas = quadratic, size, n_alphas
        self.X = &quadratic.columns
        self.sqnorm, self.l1, self.l2 = sqnorm, l1, l2
        self.lower, self.upper, self.alphas = lower, upper, alphas
        self.w, self.C = np.zeros((size, n_alphas)), np.empty((size, n_alphas))
        self.live = np.ones(n_alphas)
        self._w, self._C, self._live = self.w, self.C, self.live
        self.Q = cache_lines(quadratic.length, n_alphas)
        self.qsum, self.vsum = np.zeros(n_alphas), np.zeros(n_alphas)
        self.largest = np.zeros(n_alphas)
        self.V, self.D = cache_lines(quadratic.length, n_alphas), np.empty((0, n_alphas))
        self.every = np.arange(size, dtype=np.intp)
        self.chosen = np.empty(size, dtype=np.intp)
        if self.X.indptr != NULL:
            per_column = self.X.indptr[size] // size
        self.patience = WORK_BETWEEN_CHECKS // (per_column + 1) + 1
        self.effort, self.mark = 1, 0
        self.P = BatchProblem(
            n_alphas, &sqnorm[0], &l1[0], &l2[0], &lower[0], &upper[0], &alphas[0],
            &self._live[0], &self._w[0, 0], &self.Q[0, 0], &self.qsum[0],
            &self.largest[0],
        )

    def start(self, const double[:, :] w, const double[:, :] Q):
        """Begin at some coefficients.

        Parameters
        ----------
        w : (size, n_alphas)
        Q : (length, n_alphas)
            State of ``w = 0``: weighted residuals, or X'y for a Gram matrix.
        """
        if w.shape[0] != self.size or Q.shape[0] != self.quadratic.length or (
            w.shape[1] != self.n_alphas or Q.shape[1] != self.n_alphas
        ):
            raise ValueError("shapes do not fit")
        state = np.asarray(self.Q)
        self.w[:] = np.asarray(w)
        state[:] = np.asarray(Q)
        used = self.w.any(axis=1).nonzero()[0]
        np.asarray(self.chosen)[:len(used)] = used
        if len(used):
            part = self.w[used]
            self._expand(len(used), part)
            state -= np.asarray(self.V)
        np.asarray(self.qsum)[:] = 0.0
        if self.X.verbs != &kernel_table().gram:
            np.asarray(self.qsum)[:] = state.sum(axis=0)

    def sweep(self):
        """Descend along all coordinates, then some times along those in use.

        Returns
        -------
        largest : ndarray of float64 (n_alphas,)
            Largest ``sqnorm * step**2`` of a step.
        """
        cdef Py_ssize_t count = 0, k
        cdef int a, _i
        cdef bint used
        with nogil:
            memset(&self.largest[0], 0, self.n_alphas * sizeof(double))
            self._sweep(&self.every[0], self.size)
            for k in range(self.size):
                used = False
                for a in range(self.n_alphas):
                    used |= self._w[k, a] != 0.0 and self._live[a] > 0.0
                self.chosen[count] = k
                count += used
            for _i in range(SWEEPS):
                self._sweep(&self.chosen[0], count)
        return np.asarray(self.largest).copy()

    cdef int _sweep(self, const Py_ssize_t* order, Py_ssize_t count) except -1 nogil:
        cdef Py_ssize_t first = 0
        while first < count:
            kernel_table().vector.sweep(
                self.X, &self.P, min(self.patience, count - first), order + first
            )
            interrupted()
            first += self.patience
        return 0

    def correlate(self):
        """Set `C` to the correlations of the columns with the residuals."""
        self._correlate(&self.every[0], self.size, self.Q, self.qsum, self._C)

    cdef int _correlate(
        self, const Py_ssize_t* cols, Py_ssize_t count, const double[:, ::1] Q,
        const double[::1] qsum, double[:, ::1] out,
    ) except -1 nogil:
        """out = X~[:, cols]' Q"""
        cdef Py_ssize_t first = 0
        cdef Py_ssize_t k
        while first < count:
            if self.n_alphas == 1:
                for k in range(first, min(first + self.patience, count)):
                    out[k, 0] = self.X.verbs.dot(self.X, cols[k], &Q[0, 0], qsum[0])
            else:
                self.X.verbs.gradient_block(
                    self.X, 0, min(self.patience, count - first), cols + first,
                    &Q[0, 0], &qsum[0], &out[first, 0],
                )
            interrupted()
            first += self.patience
        return 0

    cdef int _expand(
        self, Py_ssize_t count, const double[:, ::1] D
    ) except -1 nogil:
        """V = weights * X~[:, chosen] @ D, up to a constant that vsum accounts for."""
        cdef Py_ssize_t i
        memset(&self.V[0, 0], 0, self.V.shape[0] * self.n_alphas * sizeof(double))
        memset(&self.vsum[0], 0, self.n_alphas * sizeof(double))
        for i in range(count):
            if self.n_alphas == 1:
                self.X.verbs.axpy(
                    self.X, self.chosen[i], D[i, 0], &self.V[0, 0], &self.vsum[0]
                )
            else:
                self.X.verbs.axpy_block(
                    self.X, self.chosen[i], &D[i, 0], &self.V[0, 0], &self.vsum[0]
                )
            if i % self.patience == self.patience - 1:
                interrupted()
        return 0

    def newton(self, int iterations):
        """Conjugate gradients on the free coefficients, then a step that descends.

        `C` must be current, and is not afterwards.

        Parameters
        ----------
        iterations : int
            Most of conjugate gradients; up to MOST_EFFORT times as many, to a smaller
            residual, where the free coefficients are those of the last call.

        Returns
        -------
        n_iter : int
            Of conjugate gradients.
        """
        cdef Py_ssize_t count = 0, k
        cdef int a, done
        cdef bint used
        cdef unsigned long long mark = 0
        for k in range(self.size):
            used = False
            for a in range(self.n_alphas):
                if self._is_free(k, a):
                    used = True
                    mark = mixed(mark, k * self.n_alphas + a)
            self.chosen[count] = k
            count += used
        if count == 0:
            return 0
        # the same coefficients are free as before: worth to be solved for well
        self.effort = min(2 * self.effort, MOST_EFFORT) if mark == self.mark else 1
        self.mark = mark
        if self.D.shape[0] < count:
            shape = min(count + count // 4, self.size), self.n_alphas
            self.D, self.R, self.S = np.empty(shape), np.empty(shape), np.empty(shape)
            self.H, self.F = np.empty(shape), np.empty(shape)
        with nogil:
            done = self._conjugate_gradients(
                count, iterations * self.effort, ENOUGH**self.effort
            )
            self._step(count)
        return done

    cdef inline bint _is_free(self, Py_ssize_t k, int a) noexcept nogil:
        cdef double w = self._w[k, a]
        return w != 0.0 and self._live[a] > 0.0 and self.lower[k] < w < self.upper[k]

    cdef inline double _curvature(self, Py_ssize_t k, int a) noexcept nogil:
        return self.sqnorm[k] + self.alphas[a] * self.l2[k]

    cdef int _conjugate_gradients(
        self, Py_ssize_t count, int iterations, double sufficient
    ) except -1 nogil:
        """D = (X_F' W X_F + l2)^-1 (C_F - l1 sign(w) - l2 w), roughly, in each alpha.

        F[:, a] is 1 for the free coefficients of alpha a and 0 for the others; the
        preconditioner is the diagonal.
        """
        cdef double[:, ::1] D = self.D, R = self.R, P = self.S, H = self.H, F = self.F
        cdef double[BLOCK] rho, start, curvature, share
        cdef Py_ssize_t i, k
        cdef int a, it = 0
        cdef double w, l1
        cdef bint enough = False
        for a in range(self.n_alphas):
            rho[a] = 0.0
        for i in range(count):
            k = self.chosen[i]
            for a in range(self.n_alphas):
                w, l1 = self._w[k, a], self.alphas[a] * self.l1[k]
                F[i, a] = 1.0 if self._is_free(k, a) else 0.0
                R[i, a] = F[i, a] * (
                    self._C[k, a] - (l1 if w > 0 else -l1)
                    - self.alphas[a] * self.l2[k] * w
                )
                D[i, a] = 0.0
                P[i, a] = R[i, a] / self._curvature(k, a)
                rho[a] += P[i, a] * R[i, a]
        for a in range(self.n_alphas):
            start[a] = rho[a]
        while it < iterations and not enough:
            it += 1
            self._expand(count, P)
            self._correlate(&self.chosen[0], count, self.V, self.vsum, H)
            for a in range(self.n_alphas):
                curvature[a] = 0.0
            for i in range(count):
                k = self.chosen[i]
                for a in range(self.n_alphas):
                    # H = (X' W X + l2) P
                    H[i, a] = F[i, a] * (
                        H[i, a] + self.alphas[a] * self.l2[k] * P[i, a]
                    )
                    curvature[a] += P[i, a] * H[i, a]
            for a in range(self.n_alphas):
                share[a] = rho[a] / curvature[a] if curvature[a] > 0.0 else 0.0
                curvature[a] = 0.0
            for i in range(count):
                k = self.chosen[i]
                for a in range(self.n_alphas):
                    D[i, a] += share[a] * P[i, a]
                    R[i, a] -= share[a] * H[i, a]
                    H[i, a] = R[i, a] / self._curvature(k, a)
                    curvature[a] += R[i, a] * H[i, a]
            enough = True
            for a in range(self.n_alphas):
                share[a] = curvature[a] / rho[a] if rho[a] > 0.0 else 0.0
                rho[a] = curvature[a]
                enough &= rho[a] <= sufficient * start[a]
            for i in range(count):
                for a in range(self.n_alphas):
                    P[i, a] = share[a] * P[i, a] + H[i, a]
        return it

    cdef int _step(self, Py_ssize_t count) except -1 nogil:
        """Move along D, projected, where the objective falls."""
        cdef double[:, ::1] D = self.D, S = self.S
        cdef double[BLOCK] length, gain, square
        cdef Py_ssize_t i, k
        cdef int a, _trial
        cdef double w, new
        cdef bint left = True
        for a in range(self.n_alphas):
            length[a] = self._live[a]
        for _trial in range(TRIALS):
            if not left:
                break
            for a in range(self.n_alphas):
                gain[a] = 0.0
            for i in range(count):
                k = self.chosen[i]
                for a in range(self.n_alphas):
                    w = self._w[k, a]
                    new = w + length[a] * D[i, a]
                    new = 0.0 if new * w < 0.0 else new
                    new = max(min(new, self.upper[k]), self.lower[k])
                    S[i, a] = new - w
                    # the fall of the objective, but for the square of the step
                    gain[a] += S[i, a] * self._C[k, a] - self.alphas[a] * (
                        self.l1[k] * (fabs(new) - fabs(w))
                        + 0.5 * self.l2[k] * S[i, a] * (new + w)
                    )
            self._expand(count, S)
            # the square of the step: S' X' W X S
            self._correlate(&self.chosen[0], count, self.V, self.vsum, self.H)
            for a in range(self.n_alphas):
                square[a] = 0.0
            for i in range(count):
                for a in range(self.n_alphas):
                    square[a] += S[i, a] * self.H[i, a]
            left = False
            for a in range(self.n_alphas):
                gain[a] = 1.0 if gain[a] > 0.5 * square[a] else 0.0  # taken
                length[a] *= 0.5 * (1.0 - gain[a])
                left |= length[a] > 0.0
            self._take(count, gain)
        return 0

    cdef void _take(self, Py_ssize_t count, const double* taken) noexcept nogil:
        """Add the steps at some alphas to the coefficients and residuals."""
        cdef Py_ssize_t i
        cdef int a
        for i in range(count):
            for a in range(self.n_alphas):
                if taken[a] > 0.0:
                    self._w[self.chosen[i], a] += self.S[i, a]
        for i in range(self.Q.shape[0]):
            for a in range(self.n_alphas):
                self.Q[i, a] -= taken[a] * self.V[i, a]
        for a in range(self.n_alphas):
            self.qsum[a] -= taken[a] * self.vsum[a]
