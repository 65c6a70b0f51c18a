"""The loop of Newton's method at one alpha after the other, for its subclasses."""

from .active_set cimport ActiveSet
from .columns cimport Columns, LossLoop, LossVisit


cdef class NewtonLoop:
    cdef readonly Py_ssize_t n_hessians, n_steps
    cdef readonly ActiveSet active_set
    cdef Py_ssize_t n, size, outputs, count  # count: coefficients of all outputs
    cdef bint fit_intercept, has_model, fresh
    cdef object evaluate
    cdef const double[::1, :] Z
    cdef const double[::1] y, s, null
    cdef double unit, least, curvature_floor, flat, weight_sum, optimal_at
    cdef double loss, slope, total_curvature  # at the point; the slope at a trial
    cdef double[::1] eta, trial, step, r, curvature, sums, w, c, d, target, xty, c_model
    cdef double[::1] l1, l1_from, l2, ones, zeros, heavy, Q, out, values
    cdef const double[::1] pen_l1, pen_l2, lower, upper, gradient_unit
    cdef double intercept_unit, rounding
    cdef double[::1] g, shift, shift_step, profiled  # of the intercepts
    cdef Py_ssize_t[::1] chosen
    cdef double[::1, :] G
    cdef double[:, ::1] S        # (count, outputs): products of columns with intercepts
    cdef double[:, ::1] inverse  # of the Hessian of the intercepts
    cdef double[2] move          # step of the intercept, and length
    cdef int[1] which
    cdef Columns columns
    cdef LossVisit V
    cdef LossLoop loop

    cdef _prepare(self, datafit)
    cdef _go_to(self, double[:, ::1] W, double[:, ::1] shifts, Py_ssize_t k)
    cdef void _accept(self, double length) noexcept
    cdef void _add_predictors(self, const double* x, double* out) noexcept nogil
    cdef void _add_products(
        self, const double* A, Py_ssize_t n, Py_ssize_t size, double unit, const double* x,
        double* out
    ) noexcept nogil
    cdef _evaluate(self, bint along, double length)
    cdef _call_back(self, bint along, double length)
    cdef int _solve_one(
        self, double alpha, double tol, double kkt_tol, double deadline
    ) except -1
    cdef void _correlate(self) noexcept nogil
    cdef void _certify(self, double alpha, double* found) noexcept nogil
    cdef bint _balanced(self) noexcept nogil
    cdef bint _balance(self) except -1
    cdef void _curvature_of_intercepts(self) noexcept nogil
    cdef double _intercept_gap(self) noexcept nogil
    cdef void _add_gram(self, Py_ssize_t row, Py_ssize_t column, bint same) noexcept nogil
    cdef _renew(self)
    cdef double _ratio(self) noexcept nogil
    cdef void _profile(self, const double* g) noexcept nogil
    cdef bint _step(self, double alpha, double value) except -1
    cdef double _penalty(self, double alpha, double length) noexcept nogil
