"""Newton's method at one alpha after the other, for few samples and columns.

    minimise over w, b   loss(eta) / unit^2 + alpha sum_j (l1_j |w_j| + l2_j / 2 w_j^2),
                         eta = null + b + unit Z w,   lower_j <= w_j <= upper_j

Of a loss with several outputs (`JointNewtonLoop`), coefficients and predictors are those of
one output after the other.

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
from .columns cimport BLOCK, Columns
from .design cimport interrupted, kernel_table
from .elementwise cimport loss_loop
from .penalty cimport (
    Penalty, conjugate_term, far, gap_term, kappa_limit, violation,
)

from .descent import CONVERGED as _converged
from .descent import EPOCH_LIMIT as _epoch_limit
from .descent import OUT_OF_TIME as _out_of_time
from .descent import STALLED as _stalled

cdef int CONVERGED = _converged, EPOCH_LIMIT = _epoch_limit
cdef int OUT_OF_TIME = _out_of_time, STALLED = _stalled

ctypedef const double* Vector

cdef enum:
    LOSS = 0            # rows of the sums of `visit`
    RESIDUAL = 1
    ABS_RESIDUAL = 2
    SLOPE = 3
    CURVATURE = 4
    SUMS = 6
    MOST_STEPS = 100    # at one alpha
    MOST_IDLE = 5       # of them that are of little use
    MOST_BALANCING = 20  # Newton steps for the intercepts alone

cdef double EPS = np.finfo(float).eps
cdef double ROUNDED = 1e-13  # relative increase of the loss that may be rounding
cdef double ARMIJO = 1e-4, SHORTEST = 1e-10, NOISE = 1e-8  # as of `_line_search`
# A step is of use if it halves the gap, or lowers the objective by this share of it.
cdef double FALLS = 0.01
# A kept Hessian is renewed if a step leaves a larger share of the gap.
cdef double CONTRACTION = 0.1


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
    penalty : tuple of ndarray (size * outputs,)
        Penalty weights `l1` and `l2` at ``alpha = 1``, bounds `lower` and `upper`, and one
        unit of a correlation in the user's units.
    units : (float, float)
        One unit of the sum of the residuals in the user's units, and what rounding adds
        to each gap.
    floors : (float, float)
        Of curvatures, relative to the largest: of small ones, and of zeros.
    outputs : int
    """

    def __init__(
        self, datafit, const double[::1, :] Z, const double[::1] null, bint fit_intercept,
        penalty, units, floors, Py_ssize_t outputs=1,
    ):
        cdef Py_ssize_t n = Z.shape[0], size = Z.shape[1], count = size * outputs
        target, weights = datafit.target, datafit.weights
        if (
            n == 0 or size == 0 or null.shape[0] != n * outputs or len(target) != n
            or any(len(part) != count for part in penalty)
        ):
            raise ValueError("shapes do not fit")
        self.n, self.size, self.fit_intercept = n, size, fit_intercept
        self.outputs, self.count = outputs, count
        self.Z, self.null, self.y, self.s = Z, null, target, weights
        self.pen_l1, self.pen_l2, self.lower, self.upper, self.gradient_unit = penalty
        self.intercept_unit, self.rounding = units
        self.unit, self.least = datafit.unit, datafit.least
        self.curvature_floor, self.flat = floors
        self.active_set = ActiveSet()
        self.n_hessians = self.n_steps = 0
        self.has_model = False
        vectors = [np.zeros(n * outputs) for _ in range(5)]
        self.eta, self.trial, self.step, self.r, self.curvature = vectors
        columns = [np.zeros(count) for _ in range(10)]
        (self.w, self.c, self.d, self.target, self.xty, self.c_model, self.l1, self.l1_from,
         self.l2, self.values) = columns
        self.g, self.shift, self.shift_step, self.profiled = np.zeros((4, outputs))
        self.S, self.inverse = np.zeros((count, outputs)), np.zeros((outputs, outputs))
        self.chosen, self.heavy = np.zeros(count, dtype=np.intp), np.zeros(n)
        self.ones, self.zeros, self.sums = np.ones(size), np.zeros(size), np.zeros(SUMS)
        self.G = np.zeros((count, count), order="F")
        self.Q, self.out = np.zeros(n * BLOCK), np.zeros(size * BLOCK)
        self.columns = Columns(
            n, size, &Z[0, 0], n, NULL, NULL, NULL, &self.zeros[0], &self.ones[0], n, 0,
            &kernel_table().dense_columns[1],
        )
        self.evaluate = None
        self.loop = NULL
        self._prepare(datafit)

    cdef _prepare(self, datafit):
        """What evaluates the loss."""
        self.which[0] = 0
        self.V.width = self.V.count = 1
        self.V.which, self.V.unit = self.which, 1.0 / self.unit
        self.V.y, self.V.model = &self.y[0], NULL
        self.V.s = NULL if self.s is None else &self.s[0]
        self.V.shift, self.V.length = &self.move[0], &self.move[1]
        self.V.r, self.V.mean, self.V.sums = &self.r[0], &self.curvature[0], &self.sums[0]
        self.V.parameter = datafit.loss.kernel_parameter
        if datafit.loss.kernel:
            self.loop = loss_loop(datafit.loss.kernel)
        else:
            self.evaluate = datafit.evaluate

    def solve(
        self, double[:, ::1] W, double[:, ::1] shifts, bint given, Py_ssize_t first,
        double alpha, const double[::1] alphas, const double[::1] tol,
        const double[::1] kkt_tol, double deadline,
    ):
        """Solve at the alphas from `first` on.

        Parameters
        ----------
        W : (count, n_alphas), updated
            Starts at each alpha if `given`; otherwise its column `first` is the start at
            that alpha, and the solutions are the starts of the next ones.
        shifts : (outputs, n_alphas), updated
            Likewise the intercepts.
        alpha : float
            For which the first start is optimal, if any; any number will do.
        alphas, tol, kkt_tol : (n_alphas,)
            And the gap and the KKT violation to reach.
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
            W.shape[0] != self.count or W.shape[1] != n_alphas
            or shifts.shape[0] != self.outputs or shifts.shape[1] != n_alphas
            or tol.shape[0] != n_alphas or kkt_tol.shape[0] != n_alphas
        ):
            raise ValueError("shapes do not fit")
        self.optimal_at = alpha
        for k in range(first, n_alphas):
            if k == first or given:
                self._go_to(W, shifts, k)
            interrupted()
            status = self._solve_one(alphas[k], tol[k], kkt_tol[k], deadline)
            for j in range(self.count):
                W[j, k] = self.w[j]
            for j in range(self.outputs):
                shifts[j, k] = self.shift[j]
            if status != CONVERGED:
                return k, status
            self.optimal_at = alphas[k]
        return n_alphas, CONVERGED

    def verify(
        self, double[:, ::1] W, double[:, ::1] shifts, const double[::1] alphas,
        double[:, ::1] figures, double[:, ::1] C,
    ):
        """Certify coefficients: from Z itself, with optimal intercepts.

        Parameters
        ----------
        W : (count, n_alphas)
        shifts : (outputs, n_alphas), updated
            Intercepts to start from, and the optimal ones.
        alphas : (n_alphas,)
        figures : (4, n_alphas), output
            Gap, KKT violation, loss and penalty.
        C : (count, n_alphas), output
            Correlations of the columns with the residuals.

        Returns
        -------
        last : int
            How far it came: the first alpha whose intercepts it could not find.
        """
        cdef Py_ssize_t n_alphas = alphas.shape[0], j, k
        cdef double[3] found
        if (
            W.shape[0] != self.count or C.shape[0] != self.count
            or shifts.shape[0] != self.outputs or figures.shape[0] != 4
            or any(len(part.T) != n_alphas for part in map(
                np.asarray, (W, C, shifts, figures)))
        ):
            raise ValueError("shapes do not fit")
        self.has_model = False
        for k in range(n_alphas):
            self._go_to(W, shifts, k)
            if self.fit_intercept and not self._balance():
                return k
            with nogil:
                self._correlate()
                self._certify(alphas[k], found)
                figures[0, k], figures[1, k], figures[3, k] = found[0], found[1], found[2]
                figures[2, k] = self.loss
                for j in range(self.count):
                    C[j, k] = self.c[j]
                for j in range(self.outputs):
                    shifts[j, k] = self.shift[j]
        return n_alphas

    cdef bint _balance(self) except -1:
        """Go to the optimal intercepts by Newton steps, if these reduce the loss; returns
        whether they are found."""
        cdef Py_ssize_t taken, j, k
        cdef double loss, step, size
        for taken in range(MOST_BALANCING):
            if self._balanced():
                return True
            if taken == 0:
                memset(&self.step[0], 0, self.n * self.outputs * sizeof(double))
                for j in range(self.count):
                    self.target[j] = self.w[j]
            loss, step, size = self.loss, 0.0, 1.0
            self._curvature_of_intercepts()
            self._profile(&self.g[0])
            for k in range(self.outputs):
                self.shift_step[k] = self.unit * self.profiled[k]
                step = fmax(step, fabs(self.shift_step[k]))
                size = fmax(size, fabs(self.shift[k]))
            if step <= EPS * size:
                return True
            self._evaluate(True, 1.0)
            if not self.loss <= loss * (1.0 + ROUNDED):
                return False
            self._accept(1.0)
        return False

    cdef bint _balanced(self) noexcept nogil:
        """Whether the residuals sum to zero but for rounding."""
        cdef double rounding = EPS * (4.0 + 0.1 * sqrt(self.n))
        return fabs(self.g[0]) <= rounding * self.sums[ABS_RESIDUAL]

    cdef void _curvature_of_intercepts(self) noexcept nogil:
        """Set `inverse` to that of the Hessian of the intercepts."""
        self.inverse[0, 0] = 1.0 / fmax(self.total_curvature, 1e-300)

    cdef _go_to(self, double[:, ::1] W, double[:, ::1] shifts, Py_ssize_t k):
        """Set the point to column k of W."""
        cdef Py_ssize_t i, j
        for j in range(self.count):
            self.w[j] = W[j, k]
        for j in range(self.outputs):
            self.shift[j], self.shift_step[j] = shifts[j, k], 0.0
            for i in range(j * self.n, (j + 1) * self.n):
                self.eta[i] = self.null[i] + shifts[j, k]
        self._add_predictors(&self.w[0], &self.eta[0])
        self._evaluate(False, 0.0)
        self._accept(0.0)
        self.fresh = False

    cdef void _accept(self, double length) noexcept:
        """Take the last trial as the point."""
        cdef Py_ssize_t j
        self.eta, self.trial = self.trial, self.eta
        for j in range(self.outputs):
            self.shift[j] += length * self.shift_step[j]
        for j in range(self.count if length > 0.0 else 0):
            self.w[j] = self.target[j] if length == 1.0 else (
                self.w[j] + length * self.d[j]
            )
        self.fresh = False

    cdef void _add_predictors(self, const double* x, double* out) noexcept nogil:
        """``out += unit * Z @ x``, for each output."""
        cdef Py_ssize_t k
        for k in range(self.outputs):
            self._add_products(
                &self.Z[0, 0], self.n, self.size, self.unit, x + k * self.size,
                out + k * self.n
            )

    cdef void _add_products(
        self, const double* A, Py_ssize_t n, Py_ssize_t size, double unit, const double* x,
        double* out
    ) noexcept nogil:
        """``out += unit * A @ x`` for A (n, size) and an x with many zeros."""
        cdef Py_ssize_t j, count = 0
        for j in range(size):
            if x[j] != 0.0:
                self.chosen[count], self.values[count] = j, unit * x[j]
                count += 1
        kernel_table().vector.combine(
            n, count, A, n, &self.chosen[0], &self.values[0], out
        )

    cdef _evaluate(self, bint along, double length):
        """The loss at ``eta + length * (step + shift_step)``: its value, residuals and
        their sums, curvatures, and the slope along the step."""
        self.n_steps += 1
        self.move[0], self.move[1] = self.shift_step[0], length
        if self.loop == NULL:
            self._call_back(along, length)
        else:
            with nogil:
                memset(&self.sums[0], 0, SUMS * sizeof(double))
                self.V.eta, self.V.moved = &self.eta[0], &self.trial[0]
                self.V.step = &self.step[0] if along else NULL
                self.loop(&self.V, 0, self.n)
                self.sums[LOSS] = (self.sums[LOSS] - self.least) / (self.unit * self.unit)
        self.loss, self.g[0] = self.sums[LOSS], self.sums[RESIDUAL]
        self.slope, self.total_curvature = self.sums[SLOPE], self.sums[CURVATURE]

    cdef _call_back(self, bint along, double length):
        """The same for a loss that is written in NumPy."""
        cdef const double[:, ::1] sums
        cdef int k
        step = np.asarray(self.step)[:, None] if along else None
        sums = self.evaluate(
            np.asarray(self.eta)[:, None], step, np.array([self.shift_step[0]]),
            np.array([length]), np.zeros(1, dtype=np.intc), None,
            np.asarray(self.trial)[:, None], np.asarray(self.r)[:, None],
            np.asarray(self.curvature),
        )
        for k in range(SUMS):
            self.sums[k] = sums[k, 0]

    cdef int _solve_one(
        self, double alpha, double tol, double kkt_tol, double deadline
    ) except -1:
        cdef Py_ssize_t steps, k
        cdef double before = INFINITY, last = INFINITY, gap, kkt, value
        cdef double[3] found
        cdef int idle = 0
        cdef bint balanced = False
        for steps in range(MOST_STEPS):
            with nogil:
                self._correlate()
                self._certify(alpha, found)
            gap, kkt, value = found[0], found[1], found[2]
            if self.fit_intercept:
                gap += self._intercept_gap()
                for k in range(self.outputs):
                    kkt = fmax(kkt, fabs(self.g[k]) * self.intercept_unit)
            if gap <= tol and kkt <= kkt_tol:
                if balanced or not self.fit_intercept or self.outputs > 1 or (
                    self._balanced() or not self._balance()
                ):
                    return CONVERGED
                # (with the optimal intercept, as it will be certified)
                balanced = True
                self.inverse[0, 0] = 1.0 / self.weight_sum if self.has_model else 0.0
                continue
            if gap != gap:
                return STALLED
            # (far from the optimum the objective falls before the gap does)
            if not gap <= 0.5 * before and not last - self.loss - value >= FALLS * gap:
                idle += steps > 0
                if idle > MOST_IDLE:
                    return STALLED
            if monotonic() > deadline:
                return OUT_OF_TIME
            if not self.has_model or (not self.fresh and not gap <= CONTRACTION * before):
                self.n_hessians += 1
                self.fresh = self.has_model = True
                self.active_set._forget(self.active_set.kind.shape[0])
                self._renew()
            before, last = gap, self.loss + value
            if not self._step(alpha, value):
                return STALLED
        return EPOCH_LIMIT

    cdef void _correlate(self) noexcept nogil:
        """``c = Z' r``, for each output."""
        cdef Py_ssize_t k
        for k in range(self.outputs):
            self.columns.verbs.gradient(
                &self.columns, 0, self.size, NULL, &self.r[k * self.n], 0.0,
                &self.c[k * self.size]
            )

    cdef void _certify(self, double alpha, double* found) noexcept nogil:
        """Gap, KKT violation and penalty: see `ColumnPenalty.certify`."""
        cdef Py_ssize_t j
        cdef double largest = 0.0, kappa = 1.0, kkt = 0.0, value = 0.0, gap = 0.0
        cdef double conjugate = 0.0, objective, w, c
        cdef Penalty pen
        for j in range(self.count):
            largest = fmax(largest, fabs(self.w[j]))
        pen.far = far(largest)
        for j in range(self.count):
            w, c = self.w[j], self.c[j]
            pen.l1, pen.l2 = alpha * self.pen_l1[j], alpha * self.pen_l2[j]
            pen.lower, pen.upper = self.lower[j], self.upper[j]
            kappa = min(kappa, kappa_limit(c, w, pen))
            kkt = fmax(kkt, violation(c, w, pen) * self.gradient_unit[j])
            conjugate += conjugate_term(c, w, pen)
            gap += gap_term(c, w, pen, 1.0)
            value += pen.l1 * fabs(w) + 0.5 * pen.l2 * w * w
        objective = self.loss + value
        if kappa < 1.0:
            gap += (1.0 / kappa - 1.0) * objective
        gap = conjugate if not gap <= conjugate else gap
        gap = objective if not gap <= objective else gap
        found[0], found[1], found[2] = fmax(gap, 0.0) + self.rounding, kkt, value

    cdef double _intercept_gap(self) noexcept nogil:
        """Decrease of the objective by optimal intercepts, to second order."""
        return 0.5 * self.g[0] * self.g[0] / fmax(self.total_curvature, 1e-300)

    cdef void _add_gram(self, Py_ssize_t row, Py_ssize_t column, bint same) noexcept nogil:
        """Set the block of G at (row, column) to ``Z' diag(heavy) Z``, less the means in
        `S` if there are any: all of it, which is symmetric, or only (`same`) a diagonal
        block."""
        cdef Py_ssize_t i, j, t, first = 0, width
        cdef double* Q = &self.Q[0]
        cdef double* out = &self.out[0]
        cdef double[BLOCK] m
        cdef Vector[BLOCK] z
        while first < self.size:
            width = min(self.size - first, <Py_ssize_t> BLOCK)
            for t in range(BLOCK):  # (the last block may repeat a column)
                j = min(first + t, self.size - 1)
                z[t] = &self.Z[0, j]
                m[t] = self.S[j, 0] / self.weight_sum if same else 0.0
            for i in range(self.n):
                for t in range(BLOCK):
                    Q[i * BLOCK + t] = self.heavy[i] * (z[t][i] - m[t])
            self.columns.verbs.gradient_block(
                &self.columns, first, self.size - first, NULL, Q, &self.zeros[0], out
            )
            for j in range(first, self.size):
                for t in range(width):
                    self.G[row + j, column + first + t] = out[(j - first) * BLOCK + t]
                    self.G[row + first + t, column + j] = out[(j - first) * BLOCK + t]
            first += BLOCK

    cdef _renew(self):
        """The Hessian at the point, the intercept eliminated."""
        cdef Py_ssize_t i
        cdef double largest = 0.0, total = 0.0, weight, h
        with nogil:
            for i in range(self.n):
                if self.V.s == NULL or self.s[i] > 0.0:
                    largest = fmax(largest, self.curvature[i])
            largest = largest if largest > 0.0 else 1.0
            for i in range(self.n):
                h = self.curvature[i]
                h = fmax(h, (self.curvature_floor if h != 0.0 else self.flat) * largest)
                weight = 1.0 if self.V.s == NULL else self.s[i]
                self.heavy[i] = h * weight
                total += h * weight
            self.weight_sum, self.inverse[0, 0] = total, 1.0 / total
            memset(&self.S[0, 0], 0, self.size * sizeof(double))
            if self.fit_intercept:
                self.columns.verbs.gradient(
                    &self.columns, 0, self.size, NULL, &self.heavy[0], 0.0, &self.S[0, 0]
                )
            self._add_gram(0, 0, self.fit_intercept)

    cdef double _ratio(self) noexcept nogil:
        """Curvature of the loss at the point, relative to that of the model."""
        cdef double ratio = self.total_curvature / self.weight_sum
        return 1.0 if self.fresh or not 0.02 < ratio < 50.0 else ratio

    cdef void _profile(self, const double* g) noexcept nogil:
        """Optimal steps of the intercepts in the model, from their gradients."""
        cdef Py_ssize_t k, m
        for k in range(self.outputs):
            self.profiled[k] = 0.0
            for m in range(self.outputs):
                self.profiled[k] += self.inverse[k, m] * g[m]

    cdef bint _step(self, double alpha, double value) except -1:
        """A step to the optimum of the model; false if there is none that decreases the
        objective."""
        cdef Py_ssize_t j, k
        cdef double ratio = self._ratio(), loss = self.loss, end
        cdef double begin = 0.0, length = 1.0, slope, noise, change
        with nogil:
            self._profile(&self.g[0])
            memset(&self.xty[0], 0, self.count * sizeof(double))
            self._add_products(
                &self.G[0, 0], self.count, self.count, 1.0, &self.w[0], &self.xty[0]
            )
            for j in range(self.count):
                self.c_model[j] = self.c[j]
                for k in range(self.outputs if self.fit_intercept else 0):
                    self.c_model[j] -= self.S[j, k] * self.profiled[k]
                self.c_model[j] /= ratio
                self.xty[j] += self.c_model[j]
                self.target[j] = self.w[j]
                self.l1[j] = alpha / ratio * self.pen_l1[j]
                self.l2[j] = alpha / ratio * self.pen_l2[j]
                self.l1_from[j] = self.optimal_at / ratio * self.pen_l1[j]
        self.active_set.solve(
            self.G, self.xty, self.target, self.c_model, self.l1_from, self.l1, self.l2,
            self.lower, self.upper,
        )
        self.optimal_at = alpha
        with nogil:
            memset(&self.step[0], 0, self.n * self.outputs * sizeof(double))
            for k in range(self.outputs):
                self.shift_step[k] = self.g[k] / ratio
            for j in range(self.count):
                self.d[j] = self.target[j] - self.w[j]
                begin -= self.c[j] * self.d[j]
                for k in range(self.outputs):
                    self.shift_step[k] -= self.S[j, k] * self.d[j]
            self._add_predictors(&self.d[0], &self.step[0])
            self._profile(&self.shift_step[0])
            for k in range(self.outputs):
                self.shift_step[k] = self.unit * self.profiled[k] * self.fit_intercept
                begin -= self.g[k] * self.profiled[k] * self.fit_intercept
        slope = min(begin + self._penalty(alpha, 1.0) - value, 0.0)
        noise = EPS * (100.0 + 10.0 * sqrt(self.n)) * (loss + value)
        while length >= SHORTEST:
            self._evaluate(True, length)
            end = -self.slope / self.unit
            change = self.loss - loss
            if fabs(change) <= NOISE * loss:
                change = 0.5 * length * (begin + end)
            change += self._penalty(alpha, length) - value
            if change <= ARMIJO * length * slope + noise:
                self._accept(length)
                return True
            length *= 0.5
        self._evaluate(False, 0.0)
        return False

    cdef double _penalty(self, double alpha, double length) noexcept nogil:
        """The penalty after a share of the step."""
        cdef Py_ssize_t j
        cdef double w, value = 0.0
        for j in range(self.count):
            w = self.w[j] + length * self.d[j]
            value += self.pen_l1[j] * fabs(w) + 0.5 * self.pen_l2[j] * w * w
        return alpha * value
