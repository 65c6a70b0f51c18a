"""The loop of Newton's method for a loss of several outputs: the multinomial one."""

import numpy as np

from libc.math cimport INFINITY, exp, fabs, fmax, log, sqrt
from libc.string cimport memset

from .newton_loop cimport NewtonLoop

cdef double EPS = np.finfo(float).eps
cdef double SMALLEST = 1e-300  # curvature of an intercept that counts


cdef class JointNewtonLoop(NewtonLoop):
    """The loop for the multinomial loss, whose outputs are the classes. The parameters are
    those of `NewtonLoop`, for a `JointDatafit`."""

    cdef double total           # of the sample weights
    cdef double[::1] p          # probabilities, one class after the other
    cdef const double[::1, :] labels
    cdef double[:, ::1] scaled, factor  # of the intercepts' Hessian, all classes but one
    cdef double[::1] root
    cdef Py_ssize_t[::1] kept

    cdef _prepare(self, datafit):
        self.p = np.zeros(self.n * self.outputs)
        self.labels = np.asfortranarray(datafit.targets)
        self.scaled, self.factor = np.zeros((2, self.outputs, self.outputs))
        self.root, self.kept = np.zeros(self.outputs), np.zeros(self.outputs, np.intp)
        self.total = self.n if self.s is None else np.sum(self.s)

    cdef _evaluate(self, bint along, double length):
        cdef Py_ssize_t n = self.n, i, k
        cdef double top, total, own, weight, r, value = 0.0, slope = 0.0
        self.n_steps += 1
        with nogil:
            for k in range(self.outputs):
                self.g[k] = 0.0
            for i in range(n):
                top = -INFINITY
                for k in range(self.outputs):
                    own = self.eta[k * n + i]
                    if along:
                        own += length * (self.step[k * n + i] + self.shift_step[k])
                    self.trial[k * n + i] = own
                    top = fmax(top, own)
                total = own = 0.0
                for k in range(self.outputs):
                    self.p[k * n + i] = exp(self.trial[k * n + i] - top)
                    total += self.p[k * n + i]
                    own += self.labels[i, k] * (self.trial[k * n + i] - top)
                weight = 1.0 if self.s is None else self.s[i]
                if weight > 0.0:
                    value += weight * (log(total) - own)
                for k in range(self.outputs):
                    self.p[k * n + i] /= total
                    r = weight * (self.labels[i, k] - self.p[k * n + i]) / self.unit
                    self.r[k * n + i] = r
                    self.g[k] += r
                    if along:
                        slope += r * (self.step[k * n + i] + self.shift_step[k])
            self.loss, self.slope = value / (self.unit * self.unit), slope

    cdef double _ratio(self) noexcept nogil:
        return 1.0

    cdef double _intercept_gap(self) noexcept nogil:
        cdef Py_ssize_t k
        cdef double gap = 0.0
        if self.has_model:
            self._profile(&self.g[0])
            for k in range(self.outputs):
                gap += 0.5 * self.g[k] * self.profiled[k]
        return gap

    cdef _renew(self):
        """The Hessian over columns and classes, the intercepts eliminated."""
        cdef Py_ssize_t n = self.n, size = self.size, i, j, k, m, a, b
        cdef double weight, h
        with nogil:
            for k in range(self.outputs):
                for m in range(k + 1):
                    for i in range(n):
                        weight = 1.0 if self.s is None else self.s[i]
                        h = (1.0 if k == m else 0.0) - self.p[m * n + i]
                        self.heavy[i] = weight * self.p[k * n + i] * h
                    self.columns.verbs.gradient(
                        &self.columns, 0, size, NULL, &self.heavy[0], 0.0, &self.values[0]
                    )
                    for j in range(size):
                        self.S[k * size + j, m] = self.S[m * size + j, k] = self.values[j]
                    self._add_gram(k * size, m * size, False)
                    for a in range(size if k != m else 0):
                        for b in range(size):
                            self.G[m * size + b, k * size + a] = (
                                self.G[k * size + a, m * size + b]
                            )
            if self.fit_intercept:
                self._curvature_of_intercepts()
                self._eliminate()

    cdef bint _balanced(self) noexcept nogil:
        cdef Py_ssize_t k
        cdef double largest = 0.0
        for k in range(self.outputs):
            largest = fmax(largest, fabs(self.g[k]))
        return largest * self.unit <= 1e-15 * self.total

    cdef void _curvature_of_intercepts(self) noexcept nogil:
        """Set `inverse` to the pseudo-inverse of the Hessian of the intercepts, whose rows
        and columns sum to zero: see `inverse_of` in `riata._problem._joint_datafit`."""
        cdef Py_ssize_t n = self.n, i, k, m
        cdef double h
        cdef double[:, ::1] H = self.inverse
        memset(&H[0, 0], 0, self.outputs * self.outputs * sizeof(double))
        for k in range(self.outputs):
            for m in range(k):
                h = 0.0
                for i in range(n):
                    h += self.p[k * n + i] * self.p[m * n + i] * (
                        1.0 if self.s is None else self.s[i]
                    )
                H[k, m] = H[m, k] = -h
                H[k, k] = H[k, k] + h
                H[m, m] = H[m, m] + h
        self._invert(self._factorize())

    cdef Py_ssize_t _factorize(self) noexcept nogil:
        """Cholesky factor of the part of `inverse` without the class of the largest
        diagonal, scaled to a diagonal of one; returns its size."""
        cdef Py_ssize_t k, m, t, count = 0, top = 0
        cdef double value
        cdef double[:, ::1] H = self.inverse, L = self.factor
        for k in range(self.outputs):
            top = k if H[k, k] > H[top, top] else top
        for k in range(self.outputs):
            if k != top and H[k, k] > SMALLEST:
                self.kept[count], self.root[count] = k, sqrt(H[k, k])
                count += 1
        for k in range(count):
            for m in range(k + 1):
                value = H[self.kept[k], self.kept[m]] / self.root[k] / self.root[m]
                for t in range(m):
                    value -= L[k, t] * L[m, t]
                if k == m:  # (a pivot may be rounding)
                    L[k, k] = sqrt(fmax(value, count * EPS))
                else:
                    L[k, m] = value / L[m, m]
        return count

    cdef void _invert(self, Py_ssize_t count) noexcept nogil:
        """Set `inverse` from the factor, with rows and columns of mean zero."""
        cdef Py_ssize_t j, k, t, outputs = self.outputs
        cdef double value
        cdef double[:, ::1] H = self.inverse, L = self.factor, X = self.scaled
        memset(&H[0, 0], 0, outputs * outputs * sizeof(double))
        for j in range(count):  # X[j] = L^-1 e_j, then H = X X'
            for k in range(count):
                value = 1.0 if k == j else 0.0
                for t in range(k):
                    value -= L[k, t] * X[j, t]
                X[j, k] = value / L[k, k]
        for j in range(count):
            for k in range(count):
                value = 0.0
                for t in range(count):
                    value += X[j, t] * X[k, t]
                H[self.kept[j], self.kept[k]] = value / self.root[j] / self.root[k]
        for k in range(2):  # of rows, then of columns
            for j in range(outputs):
                value = 0.0
                for t in range(outputs):
                    value += (H[j, t] if k == 0 else H[t, j]) / outputs
                for t in range(outputs):
                    if k == 0:
                        H[j, t] = H[j, t] - value
                    else:
                        H[t, j] = H[t, j] - value

    cdef void _eliminate(self) noexcept nogil:
        """Subtract ``S inverse S'`` from the Hessian."""
        cdef Py_ssize_t a, b, k, m
        for a in range(self.count):
            for k in range(self.outputs):
                self.profiled[k] = 0.0
                for m in range(self.outputs):
                    self.profiled[k] += self.inverse[k, m] * self.S[a, m]
            for b in range(self.count):
                for k in range(self.outputs):
                    self.G[b, a] -= self.S[b, k] * self.profiled[k]
