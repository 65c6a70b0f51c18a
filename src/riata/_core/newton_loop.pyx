"""Newton's method at one alpha after the other, for few samples and columns.

    minimise over w, b   loss(eta) / unit^2 + alpha sum_j (l1_j |w_j| + l2_j / 2 w_j^2),
                         eta = null + b + unit Z w,   lower_j <= w_j <= upper_j

Each step goes to the optimum of a quadratic model of the loss, which the parametric
active-set method finds from the optimum of the last one; its Hessian is kept, from one
alpha to the next, for as long as steps with it reduce the gap enough. A step is halved
until the objective decreases (Armijo's rule).

Where matrices are small, everything but the arithmetic is in the calls between kernels:
here, these are calls of C.
"""

import numpy as np

from time import monotonic

from libc.math cimport INFINITY, fabs, fmax, sqrt
from libc.string cimport memset

from .active_set cimport ActiveSet
from .columns cimport BLOCK, Columns, LossVisit
from .design cimport interrupted, kernel_table
from .penalty cimport (
    Penalty, conjugate_term, far, gap_term, kappa_limit, violation,
)

# As of `riata._core.descent`.
from .descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED

cdef int _CONVERGED = CONVERGED, _EPOCH_LIMIT = EPOCH_LIMIT
cdef int _OUT_OF_TIME = OUT_OF_TIME, _STALLED = STALLED

ctypedef const double* Vector
ctypedef void (*Loop)(const LossVisit*, Py_ssize_t, Py_ssize_t) noexcept nogil

cdef enum:
    LOSS = 0            # rows of the sums of `visit`
    RESIDUAL = 1
    SLOPE = 3
    CURVATURE = 4
    SUMS = 6
    MOST_STEPS = 100    # at one alpha
    MOST_IDLE = 5       # of them that do not halve the gap

cdef double EPS = np.finfo(float).eps
cdef double ARMIJO = 1e-4, SHORTEST = 1e-10, NOISE = 1e-8  # as of `_line_search`
# A kept Hessian is renewed if a step leaves a larger share of the gap.
cdef double CONTRACTION = 0.05


cdef class NewtonLoop:
    """The loop for one set of columns.

    Parameters
    ----------
    datafit : riata._problem._datafit.Datafit
        Of one output; its loss is evaluated by a compiled kernel if it has one.
    Z : ndarray (n_samples, size), contiguous columns
        Centred and scaled; zero for samples of weight zero.
    null : ndarray (n_samples,)
        Predictors of the model without features.
    fit_intercept : bool
    floors : (float, float)
        Of curvatures, relative to the largest: of small ones, and of zeros.

    Attributes
    ----------
    n_hessians, n_steps, n_events : int
    """

    cdef readonly Py_ssize_t n_hessians, n_steps
    cdef readonly ActiveSet active_set
    cdef Py_ssize_t n, size
    cdef bint fit_intercept, has_model, fresh
    cdef object evaluate
    cdef const double[::1, :] Z
    cdef const double[::1] y, s, null
    cdef double unit, least, curvature_floor, flat, weight_sum, shift, ratio, loss, optimal_at
    cdef double[::1] eta, trial, step, r, curvature, sums, w, c, d, target, xty, c_model
    cdef double[::1] l1, l1_from, l2, mean, ones, zeros, heavy, Q, out, values
    cdef Py_ssize_t[::1] chosen
    cdef double[::1, :] G
    cdef double[2] move          # step of the intercept, and length
    cdef int[1] which
    cdef Columns columns
    cdef LossVisit V
    cdef Loop loop

    def __init__(
        self, datafit, const double[::1, :] Z, const double[::1] null, bint fit_intercept,
        floors,
    ):
        cdef Py_ssize_t n = Z.shape[0], size = Z.shape[1], k
        target, weights = datafit.target, datafit.weights
        if n == 0 or size == 0 or null.shape[0] != n or len(target) != n:
            raise ValueError("shapes do not fit")
        self.n, self.size, self.fit_intercept = n, size, fit_intercept
        self.Z, self.null, self.y, self.s = Z, null, target, weights
        self.unit, self.least = datafit.unit, datafit.least
        self.curvature_floor, self.flat = floors
        self.active_set = ActiveSet()
        self.n_hessians = self.n_steps = 0
        self.has_model = False
        vectors = [np.zeros(n) for _ in range(6)]
        self.eta, self.trial, self.step, self.r, self.curvature, self.heavy = vectors
        columns = [np.zeros(size) for _ in range(12)]
        (self.w, self.c, self.d, self.target, self.xty, self.c_model, self.l1, self.l1_from,
         self.l2, self.mean, self.zeros, self.values) = columns
        self.chosen = np.zeros(size, dtype=np.intp)
        self.ones, self.sums = np.ones(size), np.zeros(SUMS)
        self.G = np.zeros((size, size), order="F")
        self.Q, self.out = np.zeros(n * BLOCK), np.zeros(max(size, 1) * BLOCK)
        self.columns = Columns(
            n, size, &Z[0, 0], n, NULL, NULL, NULL, &self.zeros[0], &self.ones[0], n, 0,
            &kernel_table().dense_columns[1],
        )
        self.which[0] = 0
        self.V.width = self.V.count = 1
        self.V.which, self.V.unit = self.which, 1.0 / self.unit
        self.V.y, self.V.model = &self.y[0], NULL
        self.V.s = NULL if weights is None else &self.s[0]
        self.V.shift, self.V.length = &self.move[0], &self.move[1]
        self.V.r, self.V.mean, self.V.sums = &self.r[0], &self.curvature[0], &self.sums[0]
        self.evaluate = None
        self.loop = NULL
        if datafit.loss.kernel == "logistic":
            self.loop = kernel_table().vector.logistic
        elif datafit.loss.kernel == "poisson":
            self.loop = kernel_table().vector.poisson
        else:
            self.evaluate = datafit.evaluate

    def solve(
        self, double[:, ::1] W, double[::1] shifts, bint given, Py_ssize_t first,
        double alpha, const double[::1] alphas, const double[::1] tol,
        const double[::1] kkt_tol, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, const double[::1] gradient_unit,
        double intercept_unit, double rounding, double deadline,
    ):
        """Solve at the alphas from `first` on.

        Parameters
        ----------
        W : (size, n_alphas), updated
            Starts at each alpha if `given`; otherwise its column `first` is the start at
            that alpha, and the solutions are the starts of the next ones.
        shifts : (n_alphas,), updated
            Likewise the intercepts.
        alpha : float
            For which the first start is optimal, if any; any number will do.
        alphas, tol, kkt_tol : (n_alphas,)
            And the gap and the KKT violation to reach.
        l1, l2, lower, upper : (size,)
            Penalty weights at ``alpha = 1``, and bounds.
        gradient_unit : (size,)
            One unit of a correlation in the user's units; `intercept_unit` for the sum of
            the residuals.
        rounding : float
            What is added to each gap.
        deadline : float

        Returns
        -------
        last : int
            How far it came: the number of alphas, or the first that was not solved, for
            which W has the last point. Starts of others are left as they were.
        status : int
            CONVERGED, or how that alpha ended, as of `riata._core.descent.descend`.
        """
        cdef Py_ssize_t n_alphas = alphas.shape[0], k, j
        cdef int status
        if (
            W.shape[0] != self.size or W.shape[1] != n_alphas
            or shifts.shape[0] != n_alphas or tol.shape[0] != n_alphas
            or kkt_tol.shape[0] != n_alphas or l1.shape[0] != self.size
            or l2.shape[0] != self.size or lower.shape[0] != self.size
            or upper.shape[0] != self.size or gradient_unit.shape[0] != self.size
        ):
            raise ValueError("shapes do not fit")
        self.optimal_at = alpha
        for k in range(first, n_alphas):
            if k == first or given:
                self._go_to(W, shifts[k], k)
            interrupted()
            status = self._solve_one(
                alphas[k], tol[k], kkt_tol[k], l1, l2, lower, upper, gradient_unit,
                intercept_unit, rounding, deadline,
            )
            for j in range(self.size):
                W[j, k] = self.w[j]
            shifts[k] = self.shift
            if status != _CONVERGED:
                return k, status
            self.optimal_at = alphas[k]
        return n_alphas, _CONVERGED

    cdef _go_to(self, double[:, ::1] W, double shift, Py_ssize_t k):
        """Set the point to column k of W."""
        cdef Py_ssize_t i, j
        self.shift = shift
        for j in range(self.size):
            self.w[j] = W[j, k]
        for i in range(self.n):
            self.eta[i] = self.null[i] + shift
        self._add_products(&self.Z[0, 0], self.n, self.unit, &self.w[0], &self.eta[0])
        self._evaluate(False, 0.0, 0.0)
        self.eta, self.trial = self.trial, self.eta
        self.fresh = False

    cdef void _add_products(
        self, const double* A, Py_ssize_t n, double unit, const double* x, double* out
    ) noexcept nogil:
        """``out += unit * A @ x`` for A (n, size) and an x with many zeros."""
        cdef Py_ssize_t j, count = 0
        for j in range(self.size):
            if x[j] != 0.0:
                self.chosen[count], self.values[count] = j, unit * x[j]
                count += 1
        kernel_table().vector.combine(
            n, count, A, n, &self.chosen[0], &self.values[0], out
        )

    cdef _evaluate(self, bint along, double shift, double length):
        """The loss at ``eta + length * (step + shift)``: sums, residuals and curvature."""
        self.move[0], self.move[1] = shift, length
        self.n_steps += 1
        if self.loop == NULL:
            self._call_back(along, shift, length)
            return
        with nogil:
            memset(&self.sums[0], 0, SUMS * sizeof(double))
            self.V.eta, self.V.moved = &self.eta[0], &self.trial[0]
            self.V.step = &self.step[0] if along else NULL
            self.loop(&self.V, 0, self.n)
            self.sums[LOSS] = (self.sums[LOSS] - self.least) / (self.unit * self.unit)

    cdef _call_back(self, bint along, double shift, double length):
        """The same for a loss that is written in NumPy."""
        cdef const double[:, ::1] sums
        cdef int k
        step = np.asarray(self.step)[:, None] if along else None
        sums = self.evaluate(
            np.asarray(self.eta)[:, None], step, np.array([shift]), np.array([length]),
            np.zeros(1, dtype=np.intc), None, np.asarray(self.trial)[:, None],
            np.asarray(self.r)[:, None], np.asarray(self.curvature),
        )
        for k in range(SUMS):
            self.sums[k] = sums[k, 0]

    cdef int _solve_one(
        self, double alpha, double tol, double kkt_tol, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        const double[::1] gradient_unit, double intercept_unit, double rounding,
        double deadline,
    ) except -1:
        cdef Py_ssize_t steps
        cdef double before = INFINITY, gap, kkt, value
        cdef double[3] found
        cdef int idle = 0
        for steps in range(MOST_STEPS):
            with nogil:
                self.columns.verbs.gradient(
                    &self.columns, 0, self.size, NULL, &self.r[0], 0.0, &self.c[0]
                )
                self._certify(alpha, l1, l2, lower, upper, gradient_unit, found)
            gap, kkt, value = found[0] + rounding, found[1], found[2]
            if self.fit_intercept:
                gap += 0.5 * self.sums[RESIDUAL] ** 2 / fmax(self.sums[CURVATURE], 1e-300)
                kkt = fmax(kkt, fabs(self.sums[RESIDUAL]) * intercept_unit)
            if gap <= tol and kkt <= kkt_tol:
                return _CONVERGED
            if gap != gap:
                return _STALLED
            if not gap <= 0.5 * before:
                idle += steps > 0
                if idle > MOST_IDLE:
                    return _STALLED
            if monotonic() > deadline:
                return _OUT_OF_TIME
            if not self.has_model or (not self.fresh and not gap <= CONTRACTION * before):
                self._renew()
            before = gap
            if not self._step(alpha, l1, l2, lower, upper, value):
                return _STALLED
        return _EPOCH_LIMIT

    cdef void _certify(
        self, double alpha, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, const double[::1] gradient_unit,
        double* found,
    ) noexcept nogil:
        """Gap, KKT violation and penalty: see `ColumnPenalty.certify`."""
        cdef Py_ssize_t j
        cdef double largest = 0.0, kappa = 1.0, kkt = 0.0, value = 0.0, gap = 0.0
        cdef double conjugate = 0.0, objective, w, c
        cdef Penalty pen
        for j in range(self.size):
            largest = fmax(largest, fabs(self.w[j]))
        pen.far = far(largest)
        for j in range(self.size):
            w, c = self.w[j], self.c[j]
            pen.l1, pen.l2 = alpha * l1[j], alpha * l2[j]
            pen.lower, pen.upper = lower[j], upper[j]
            kappa = min(kappa, kappa_limit(c, w, pen))
            kkt = fmax(kkt, violation(c, w, pen) * gradient_unit[j])
            conjugate += conjugate_term(c, w, pen)
            gap += gap_term(c, w, pen, 1.0)
            value += pen.l1 * fabs(w) + 0.5 * pen.l2 * w * w
        objective = self.sums[LOSS] + value
        if kappa < 1.0:
            gap += (1.0 / kappa - 1.0) * objective
        gap = conjugate if not gap <= conjugate else gap
        gap = objective if not gap <= objective else gap
        found[0], found[1], found[2] = fmax(gap, 0.0), kkt, value

    cdef _renew(self):
        """The Hessian at the point, the intercept eliminated."""
        cdef Py_ssize_t i, j, t, first, width
        cdef double largest = 0.0, weight, h
        cdef double[BLOCK] m
        cdef Vector[BLOCK] z
        cdef double* Q = &self.Q[0]
        cdef double* out = &self.out[0]
        self.n_hessians += 1
        self.fresh = self.has_model = True
        self.active_set._forget(self.active_set.kind.shape[0])
        with nogil:
            for i in range(self.n):
                if self.V.s == NULL or self.s[i] > 0.0:
                    largest = fmax(largest, self.curvature[i])
            largest = largest if largest > 0.0 else 1.0
            self.weight_sum = 0.0
            for i in range(self.n):
                h = self.curvature[i]
                h = fmax(h, (self.curvature_floor if h != 0.0 else self.flat) * largest)
                weight = 1.0 if self.V.s == NULL else self.s[i]
                self.heavy[i] = h * weight
                self.weight_sum += h * weight
            memset(&self.mean[0], 0, self.size * sizeof(double))
            if self.fit_intercept:
                self.columns.verbs.gradient(
                    &self.columns, 0, self.size, NULL, &self.heavy[0], 0.0, &self.mean[0]
                )
                for j in range(self.size):
                    self.mean[j] /= self.weight_sum
            first = 0
            while first < self.size:
                width = min(self.size - first, <Py_ssize_t> BLOCK)
                for t in range(BLOCK):  # (the last block may repeat a column)
                    z[t] = &self.Z[0, min(first + t, self.size - 1)]
                    m[t] = self.mean[min(first + t, self.size - 1)]
                for i in range(self.n):
                    for t in range(BLOCK):
                        Q[i * BLOCK + t] = self.heavy[i] * (z[t][i] - m[t])
                self.columns.verbs.gradient_block(
                    &self.columns, first, self.size - first, NULL, Q, &self.zeros[0], out
                )
                for j in range(first, self.size):
                    for t in range(width):
                        self.G[j, first + t] = out[(j - first) * BLOCK + t]
                        self.G[first + t, j] = out[(j - first) * BLOCK + t]
                first += BLOCK

    cdef bint _step(
        self, double alpha, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, double value,
    ) except -1:
        """A step to the optimum of the model; false if there is none that decreases the
        objective."""
        cdef Py_ssize_t j
        cdef double g0 = self.sums[RESIDUAL] if self.fit_intercept else 0.0
        cdef double ratio = self.sums[CURVATURE] / self.weight_sum
        cdef double begin = 0.0, shift = 0.0, length = 1.0, slope, noise, change
        cdef double loss = self.sums[LOSS], end
        if self.fresh or not 0.02 < ratio < 50.0:
            ratio = 1.0
        with nogil:
            memset(&self.xty[0], 0, self.size * sizeof(double))
            self._add_products(&self.G[0, 0], self.size, 1.0, &self.w[0], &self.xty[0])
            for j in range(self.size):
                self.c_model[j] = (self.c[j] - self.mean[j] * g0) / ratio
                self.xty[j] += self.c_model[j]
                self.target[j] = self.w[j]
                self.l1[j], self.l2[j] = alpha / ratio * l1[j], alpha / ratio * l2[j]
                self.l1_from[j] = self.optimal_at / ratio * l1[j]
        self.active_set.solve(
            self.G, self.xty, self.target, self.c_model, self.l1_from, self.l1, self.l2,
            lower, upper,
        )
        self.optimal_at = alpha
        with nogil:
            memset(&self.step[0], 0, self.n * sizeof(double))
            for j in range(self.size):
                self.d[j] = self.target[j] - self.w[j]
                begin += self.c[j] * self.d[j]
                shift -= self.mean[j] * self.d[j]
            self._add_products(&self.Z[0, 0], self.n, self.unit, &self.d[0], &self.step[0])
        shift = self.unit * (shift + g0 / (self.weight_sum * ratio))
        if not self.fit_intercept:
            shift = 0.0
        begin = -begin - g0 * shift / self.unit  # slope of the loss
        slope = min(begin + self._penalty(alpha, 1.0, l1, l2) - value, 0.0)
        noise = EPS * (100.0 + 10.0 * sqrt(self.n)) * (loss + value)
        while length >= SHORTEST:
            self._evaluate(True, shift, length)
            end = -self.sums[SLOPE] / self.unit
            change = self.sums[LOSS] - loss
            if fabs(change) <= NOISE * loss:
                change = 0.5 * length * (begin + end)
            change += self._penalty(alpha, length, l1, l2) - value
            if change <= ARMIJO * length * slope + noise:
                self.eta, self.trial = self.trial, self.eta
                self.shift += length * shift
                for j in range(self.size):
                    self.w[j] = self.target[j] if length == 1.0 else (
                        self.w[j] + length * self.d[j]
                    )
                self.fresh = False
                return True
            length *= 0.5
        self._evaluate(False, 0.0, 0.0)
        return False

    cdef double _penalty(
        self, double alpha, double length, const double[::1] l1, const double[::1] l2
    ) noexcept nogil:
        """The penalty after a share of the step."""
        cdef Py_ssize_t j
        cdef double w, value = 0.0
        for j in range(self.size):
            w = self.w[j] + length * self.d[j]
            value += l1[j] * fabs(w) + 0.5 * l2[j] * w * w
        return alpha * value
