"""The free coefficients of a penalised quadratic problem, and the Cholesky factor of their
Gram matrix, updated as coefficients join them and leave them.

Coefficients at zero or at a bound are not free. A column that depends on the free ones is
exchanged for one of them (`_exchange`), or left out.
"""

import numpy as np

from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memset

from .columns cimport VectorKernels
from .design cimport kernel_table

cdef enum:
    PANEL = 8       # rows of the factor taken at once

# Up to so many rows our own loop factors faster than a call of (threaded) LAPACK.
cdef Py_ssize_t SMALL_FACTOR = 150
# The factor of one alpha serves the next ones, as long as its l2 is within this factor of
# theirs.
cdef double STALE = 2.0
cdef int CG_STEPS = 30  # to correct for a factor with another l2; six do as a rule

# A column is dependent when the free ones explain all but this share of its norm.
cdef double DEPENDENT = 1e-10


cdef inline double least_pivot(double square, double l2) noexcept nogil:
    """A column of this squared norm is dependent if no more than this is left of it;
    with an l2 that is more than rounding none is."""
    if l2 > 1e-13 * square:
        return min(DEPENDENT * square, 0.5 * l2)
    return DEPENDENT * square


cdef class FreeSet:
    """The free coefficients, in the order of the rows of the factor."""

    def __cinit__(self, Py_ssize_t limit=4000):
        self.limit = limit
        self.n_free = 0
        self.kind = np.zeros(0, dtype=np.int8)
        self.L = np.empty((0, 0))

    cdef _reserve(self, Py_ssize_t size):
        cdef Py_ssize_t old = self.kind.shape[0]
        cdef double[:, ::1] vectors
        if old >= size:
            return
        vectors = np.zeros((6, size + 1))  # v needs one more
        kind, free = np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.intp)
        if old:
            kind[:old], free[:old] = self.kind, self.free
            vectors[0, :old], vectors[1, :old] = self.sign[:old], self.factored_l2[:old]
        self.kind, self.free = kind, free
        self.sign, self.factored_l2 = vectors[0], vectors[1]
        self.e, self.v, self.u, self.l1 = vectors[2], vectors[3], vectors[4], vectors[5]
        self.rotation = np.zeros(2 * size)
        self.l1_now, self.l2, self.cg = np.zeros(size), np.zeros(size), np.zeros((4, size))
        self.used = np.zeros(size, dtype=np.intp)

    cdef _reserve_factor(self, Py_ssize_t rows):
        cdef Py_ssize_t have = self.L.shape[0], want
        if rows <= have:
            return
        want = min(max(rows, have + have // 2, 32), self.limit + 1)
        want = max(rows, min(want, self.kind.shape[0]))  # no more are free than there are
        L = np.zeros((want, want))
        L[:have, :have] = self.L
        self.L = L

    cdef bint _match(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1:
        """Make the free set and its factor those of w; false if they are too large."""
        cdef Py_ssize_t k, j, count = 0, stale = 0
        cdef signed char kind
        for j in range(size):
            kind = kind_of(w[j], lower[j], upper[j])
            if kind == is_free:
                count += 1
                self.sign[j] = 1.0 if w[j] > 0 else -1.0
                if self.kind[j] != is_free or self.factored_l2[j] != l2[j]:
                    stale += 1
            if kind != is_free or self.kind[j] != is_free:
                if self.kind[j] == is_free:
                    stale += 1
                    self.kind[j] = -1        # to be deleted
                else:
                    self.kind[j] = kind if kind != is_free else -2  # to be appended
        if count > self.limit:
            self._forget(size)
            return False
        self._reserve_factor(count + 1)
        if stale > 8 and stale > count // 8:
            return self._factorise(G, ld, w, l1, l2, lower, upper, size)
        k = 0
        while k < self.n_free:
            j = self.free[k]
            if self.kind[j] == -1 or self.factored_l2[j] != l2[j]:
                self._delete(k)
                if self.kind[j] != -1:
                    self.kind[j] = -2
                else:
                    self.kind[j] = kind_of(w[j], lower[j], upper[j])
            else:
                k += 1
        return self._admit_waiting(G, ld, w, l1, l2, lower, upper, size)

    cdef bint _admit_waiting(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1:
        """Append the columns that wait for it; false if that can not be done."""
        cdef Py_ssize_t j, _try
        for j in range(size):
            if self.kind[j] != -2:
                continue
            for _try in range(self.n_free + 2):
                if self._append(G, ld, j, l2[j]):
                    break
                if not self._exchange(j, w, l1, lower, upper):
                    self._forget(size)
                    return False
                if self.kind[j] != -2:
                    break
        return True

    cdef bint _exchange(
        self, Py_ssize_t j, double[::1] w, const double[::1] l1,
        const double[::1] lower, const double[::1] upper,
    ) noexcept nogil:
        """Column j is X_F a: move along (1, -a), which leaves X w as it is and does not
        raise the penalty, until a coefficient is zero or at a bound; that one leaves.

        To be called after `_append` has refused j, whose row of the factor it uses.
        """
        cdef const VectorKernels* vector = &kernel_table().vector
        cdef Py_ssize_t n = self.n_free, i, k, hit = -1
        cdef double slope, rate, end, step = INFINITY, length, target = 0.0, all_l1
        for i in range(n):
            self.v[i] = self.L[n, i]
        slope = l1[j] if w[j] > 0 else -l1[j]
        all_l1 = l1[j]
        for i in range(n - 1, -1, -1):
            self.v[i] /= self.L[i, i]
            vector.axpy(i, -self.v[i], &self.L[i, 0], &self.v[0])
            k = self.free[i]
            slope -= self.v[i] * (l1[k] if w[k] > 0 else -l1[k])
            all_l1 += fabs(self.v[i]) * l1[k]
        self.v[n] = -1.0
        if fabs(slope) <= 1e-9 * all_l1:  # it does not change the penalty: shrink w_j
            slope = w[j]
        for i in range(n + 1):
            k = self.free[i] if i < n else j
            rate = self.v[i] if slope > 0.0 else -self.v[i]
            if rate == 0.0:
                continue
            end = 0.0 if rate * w[k] < 0.0 else (upper[k] if rate > 0 else lower[k])
            length = (end - w[k]) / rate
            if length < step:
                step, hit, target = length, i, end
        if hit < 0:
            return False
        for i in range(n + 1):
            k = self.free[i] if i < n else j
            w[k] += step * (self.v[i] if slope > 0.0 else -self.v[i])
        k = self.free[hit] if hit < n else j
        w[k] = target
        self.exchanged = True
        if hit < n:
            self._delete(hit)
        self.kind[k] = kind_of(target, lower[k], upper[k])
        return True

    cdef void _forget(self, Py_ssize_t size) noexcept:
        cdef Py_ssize_t j
        self.n_free = 0
        for j in range(size):
            self.kind[j] = at_zero

    cdef bint _factorise(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1:
        """Factor from scratch (LAPACK when it is large)."""
        cdef Py_ssize_t j, k
        self.n_free = 0
        for j in range(size):
            self.kind[j] = kind_of(w[j], lower[j], upper[j])
            if self.kind[j] == is_free:
                self.free[self.n_free] = j
                self.factored_l2[j] = l2[j]
                self.n_free += 1
        if self.n_free > SMALL_FACTOR and self._factorise_at_once(G, ld, l2):
            return True
        for k in range(self.n_free):
            self.kind[self.free[k]] = -2
        self.n_free = 0
        return self._admit_waiting(G, ld, w, l1, l2, lower, upper, size)

    cdef bint _factorise_at_once(
        self, const double* G, Py_ssize_t ld, const double[::1] l2
    ) except? -1:
        """Factor the free columns by LAPACK; false if they are dependent."""
        cdef Py_ssize_t j, k, i
        cdef double[:, ::1] block, factor
        block = np.empty((self.n_free, self.n_free))
        for i in range(self.n_free):
            for k in range(self.n_free):
                block[i, k] = G[self.free[i] * ld + self.free[k]]
            block[i, i] += l2[self.free[i]]
        try:
            factor = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            return False
        for i in range(self.n_free):
            j = self.free[i]
            if factor[i, i] * factor[i, i] <= least_pivot(G[j * ld + j], l2[j]):
                return False
        for i in range(self.n_free):
            for k in range(i + 1):
                self.L[i, k] = factor[i, k]
        return True

    cdef bint _append(
        self, const double* G, Py_ssize_t ld, Py_ssize_t j, double l2
    ) noexcept nogil:
        """New last row of the factor for column j; false if j is dependent."""
        cdef const VectorKernels* vector = &kernel_table().vector
        cdef Py_ssize_t n = self.n_free, i
        cdef double* row = &self.L[n, 0]
        cdef double rest = G[j * ld + j] + l2
        for i in range(n):
            # row[i] = (G[F_i, j] - L[i, :i] @ row[:i]) / L[i, i]
            row[i] = (
                G[j * ld + self.free[i]] - vector.dot(i, &self.L[i, 0], row)
            ) / self.L[i, i]
        rest -= vector.dot(n, row, row)
        if not rest > least_pivot(G[j * ld + j], l2):
            return False
        row[n] = sqrt(rest)
        self.free[n] = j
        self.kind[j] = is_free
        self.factored_l2[j] = l2
        self.n_free = n + 1
        return True

    cdef void _delete(self, Py_ssize_t k) noexcept nogil:
        """Remove row k of the factor: rotate the rows below back to a triangle."""
        cdef Py_ssize_t n = self.n_free, i, t
        cdef double a, b, norm, cosine, sine
        cdef double* row
        for i in range(k + 1, n):
            row = &self.L[i, 0]
            for t in range(k, i - 1):
                cosine, sine = self.rotation[2 * t], self.rotation[2 * t + 1]
                a, b = row[t], row[t + 1]
                row[t] = cosine * a + sine * b
                row[t + 1] = cosine * b - sine * a
            a, b = row[i - 1], row[i]
            norm = sqrt(a * a + b * b)
            self.rotation[2 * (i - 1)] = a / norm
            self.rotation[2 * (i - 1) + 1] = b / norm
            row[i - 1] = norm
            # row i becomes row i - 1
            for t in range(i):
                self.L[i - 1, t] = row[t]
            self.free[i - 1] = self.free[i]
        self.n_free = n - 1

    cdef void _solve(self, double* x) noexcept nogil:
        """x <- (L L')^-1 x"""
        cdef const VectorKernels* vector = &kernel_table().vector
        cdef Py_ssize_t n = self.n_free, i, first, last
        cdef double[PANEL] minus
        for i in range(n):
            x[i] = (x[i] - vector.dot(i, &self.L[i, 0], x)) / self.L[i, i]
        # backwards in panels of rows, whose part to the left is taken off at once
        last = n
        while last > 0:
            first = max(last - PANEL, 0)
            for i in range(last - 1, first - 1, -1):
                x[i] /= self.L[i, i]
                vector.axpy(i - first, -x[i], &self.L[i, first], x + first)
                minus[i - first] = -x[i]
            vector.combine(
                first, last - first, &self.L[first, 0], self.L.shape[1], NULL, minus, x
            )
            last = first

    cdef void _solve_exactly(
        self, const double[::1] l2, double tol=1e-20
    ) noexcept nogil:
        """v <- (G_FF + l2)^-1 v, by conjugate gradients: with its own l2, the factor is
        the inverse, otherwise it is near to it."""
        cdef double* r = &self.cg[0, 0]
        cdef double* p = &self.cg[1, 0]
        cdef double* Mp = &self.cg[2, 0]
        cdef double* x = &self.cg[3, 0]
        cdef double* z = &self.v[0]
        cdef Py_ssize_t n = self.n_free, k
        cdef double rho, start = 0.0, curvature, step, share = 0.0, last = 0.0
        cdef bint exact = True
        cdef int it
        for k in range(n):
            exact &= self.factored_l2[self.free[k]] == l2[self.free[k]]
            r[k] = z[k]
            x[k] = p[k] = Mp[k] = 0.0
        self._solve(z)
        if exact:
            return
        for it in range(CG_STEPS):
            rho = curvature = 0.0
            for k in range(n):
                rho += r[k] * z[k]
            start = rho if it == 0 else start
            if not rho > tol * start:
                break
            share = rho / last if it > 0 else 0.0
            last = rho
            for k in range(n):
                p[k] = z[k] + share * p[k]
                Mp[k] = r[k] + share * Mp[k]  # (G_FF + factored_l2) p
                z[k] = Mp[k] - (
                    self.factored_l2[self.free[k]] - l2[self.free[k]]
                ) * p[k]
                curvature += p[k] * z[k]
            step = rho / curvature
            for k in range(n):
                x[k] += step * p[k]
                r[k] -= step * z[k]
                z[k] = r[k]
            self._solve(z)
        for k in range(n):
            z[k] = x[k]

    cdef void _apply(
        self, const double* G, Py_ssize_t ld, const double* v, Py_ssize_t size
    ) noexcept nogil:
        """u = G[:, F] @ v"""
        cdef const VectorKernels* vector = &kernel_table().vector
        memset(&self.u[0], 0, size * sizeof(double))
        vector.combine(size, self.n_free, G, ld, &self.free[0], v, &self.u[0])

    cdef void _correlate(
        self, const double* G, Py_ssize_t ld, const double[::1] xty,
        const double[::1] w, double[::1] c, Py_ssize_t size,
    ) noexcept nogil:
        """c = xty - G @ w"""
        cdef const VectorKernels* vector = &kernel_table().vector
        cdef Py_ssize_t j, count = 0
        for j in range(size):
            c[j] = xty[j]
            if w[j] != 0.0:
                self.used[count], self.u[count] = j, -w[j]
                count += 1
        vector.combine(size, count, G, ld, &self.used[0], &self.u[0], &c[0])

    cdef void _keep_factor(self, const double[::1] l2, Py_ssize_t size) noexcept nogil:
        """Set `self.l2` to what is, or will be, in the factor: l2 itself, or a multiple
        of it that is in there already and near enough."""
        cdef Py_ssize_t j
        cdef double ratio = 1.0
        if self.n_free and l2[self.free[0]] > 0.0:
            j = self.free[0]
            ratio = self.factored_l2[j] / l2[j]
        if not 1.0 / STALE < ratio < STALE:
            ratio = 1.0
        for j in range(size):
            self.l2[j] = l2[j] if ratio == 1.0 else ratio * l2[j]
            if ratio != 1.0 and self.kind[j] == is_free:
                self.l2[j] = self.factored_l2[j]
