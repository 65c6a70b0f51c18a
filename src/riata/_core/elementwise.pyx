"""Losses of many samples in one visit, for those whose NumPy form takes many."""

import numpy as np

from .design cimport interrupted, kernel_table

ctypedef void (*Loop)(
    Py_ssize_t, int, const double*, const double*, const double*, double*, double*
) noexcept nogil


def logistic(const double[::1] y, const double[:, ::1] eta, weights=None):
    """Sums of the logistic loss, and its residuals.

    Parameters
    ----------
    y : (n_samples,)
        Between 0 and 1.
    eta : (n_samples, lanes)
        Predictors.
    weights : (n_samples,), optional

    Returns
    -------
    total : ndarray of float64 (lanes,)
        ``sum_i s_i (log(1 + exp(eta_i)) - y_i eta_i)``
    residual : ndarray of float64 (n_samples, lanes)
        ``y - 1 / (1 + exp(-eta))``
    """
    return _visit(kernel_table().vector.logistic, y, eta, weights)


def poisson(const double[::1] y, const double[:, ::1] eta, weights=None):
    """As `logistic`, of half the unit deviance of Poisson's distribution.

    Returns
    -------
    total : ndarray of float64 (lanes,)
        ``sum_i s_i (y_i log(y_i / mean_i) - y_i + mean_i)`` with ``mean = exp(eta)``
    residual : ndarray of float64 (n_samples, lanes)
        ``y - mean``
    """
    return _visit(kernel_table().vector.poisson, y, eta, weights)


cdef _visit(Loop loop, const double[::1] y, const double[:, ::1] eta, weights):
    cdef Py_ssize_t n = eta.shape[0]
    cdef int lanes = eta.shape[1]
    cdef const double[::1] s
    cdef const double* first = NULL
    cdef double[:, ::1] residual = np.empty((n, lanes))
    cdef double[::1] total = np.zeros(lanes)
    if y.shape[0] != n or lanes > 512:
        raise ValueError("shapes do not fit")
    if weights is not None:
        s = weights
        if s.shape[0] != n:
            raise ValueError("shapes do not fit")
        first = &s[0] if n else NULL
    if n and lanes:
        with nogil:
            loop(n, lanes, &y[0], first, &eta[0, 0], &residual[0, 0], &total[0])
            interrupted()
    return np.asarray(total), np.asarray(residual)
