"""Passes over the samples: the scale of a target, and losses, in one pass where NumPy
needs many."""

import numpy as np

from libc.math cimport exp, fabs, fmax, frexp, ldexp, log, sqrt

from .columns cimport LossLoop, LossVisit
from .design cimport interrupted, kernel_table

LOSSES = "logistic", "poisson", "gamma", "huber", "squared_hinge"  # as in columns.h

cdef Py_ssize_t ROWS = 4096  # whose sums are added up apart: long ones lose digits

cdef enum:
    SUMS = 6
    MOST_VECTORS = 512


cdef LossLoop loss_loop(str name) except NULL:
    """The compiled loop of a loss."""
    return kernel_table().vector.loss[LOSSES.index(name)]


def visit(
    str name, const double[::1] y, const double[::1] weights, double unit,
    const double[:, ::1] eta, const double[:, ::1] step, const double[::1] shift,
    const double[::1] length, const int[::1] which, const double[::1] model,
    double[:, ::1] moved, double[:, ::1] weighted, double[::1] curvature,
    double parameter=0.0,
):
    """Move predictors, and evaluate the loss there for some of the vectors.

    Parameters
    ----------
    name : str
        One of LOSSES: ``log(1 + exp(eta)) - y eta`` with y between 0 and 1; half the unit
        deviance of Poisson's or of the gamma distribution; Huber's loss; or half the
        squared hinge.
    y, weights : (n_samples,)
        Weights None: all one.
    unit : float
        By which residuals are multiplied.
    eta, step : (n_samples, width)
        step None: zero.
    shift, length : (width,)
    which : (count,)
        Those to evaluate, at least one.
    model : (n_samples,) or None
    moved : (n_samples, width), written
        ``eta + length * (step + shift)``, for all vectors; it may be `eta`.
    weighted : (n_samples, width), written for those that are evaluated
        ``unit * weights * residual``
    curvature : (n_samples,), written
        Mean curvature of those.
    parameter : float
        Delta of Huber's loss.

    Returns
    -------
    sums : ndarray of float64 (6, width)
        Of the weighted losses; of `weighted`; of its sizes; of
        ``weighted * (step + shift)``; of
        the weighted curvatures; of ``model * (step + shift)**2``.
    """
    cdef Py_ssize_t n = eta.shape[0], first, k
    cdef int width = eta.shape[1]
    cdef double[:, ::1] part = np.zeros((SUMS, width)), sums = np.zeros((SUMS, width))
    cdef double* total = &sums[0, 0]
    cdef double* added = &part[0, 0]
    cdef LossVisit V
    if (
        y.shape[0] != n or moved.shape[0] != n or weighted.shape[0] != n
        or moved.shape[1] != width or weighted.shape[1] != width or curvature.shape[0] != n
        or shift.shape[0] != width or length.shape[0] != width
        or (step is not None and (step.shape[0] != n or step.shape[1] != width))
        or (weights is not None and weights.shape[0] != n)
        or (model is not None and model.shape[0] != n)
        or not 0 < which.shape[0] <= width <= MOST_VECTORS
    ):
        raise ValueError("shapes do not fit")
    for k in range(which.shape[0]):
        if not 0 <= which[k] < width:
            raise IndexError(f"vector {which[k]} of {width}")
    if n == 0:
        return np.asarray(sums)
    V.width, V.count, V.which, V.unit = width, which.shape[0], &which[0], unit
    V.y, V.eta = &y[0], &eta[0, 0]
    V.s = NULL if weights is None else &weights[0]
    V.model = NULL if model is None else &model[0]
    V.step = NULL if step is None else &step[0, 0]
    V.shift, V.length = &shift[0], &length[0]
    V.moved, V.r, V.mean, V.sums = &moved[0, 0], &weighted[0, 0], &curvature[0], added
    V.parameter = parameter
    cdef LossLoop loop = loss_loop(name)
    with nogil:
        first = 0
        while first < n:
            for k in range(SUMS * width):
                added[k] = 0.0
            loop(&V, first, min(first + ROWS, n))
            for k in range(SUMS * width):
                total[k] += added[k]
            if first % (64 * ROWS) == 0:
                interrupted()
            first += ROWS
    return np.asarray(sums)


def standard_target(const double[::1] y, const double[::1] weights, bint center):
    """The target as the solver sees it: in a unit in which its norm is in (1/2, 1].

    Parameters
    ----------
    y : (n_samples,)
        Finite.
    weights : (n_samples,) or None
        With mean one.
    center : bool
        Whether the weighted mean is taken off.

    Returns
    -------
    target : ndarray of float64 (n_samples,)
        ``(y - mean) / unit``; what has no weight counts as zero before.
    mean : float
    unit : float
        A power of two, so that it costs no rounding.
    square : float
        ``||target||^2``, weighted.
    """
    cdef Py_ssize_t n = y.shape[0], i
    cdef double peak = 0.0, mean = 0.0, rest = 0.0, square = 0.0, norm = 1.0, top = 0.0
    cdef int exponent
    cdef double[::1] r = np.empty(n)
    for i in range(n):
        r[i] = y[i] if weights is None or weights[i] > 0.0 else 0.0
        peak = max(peak, fabs(r[i]))
    frexp(peak, &exponent)
    if exponent > 1023:
        raise OverflowError(f"y has values of {peak:g}, too large to be added; rescale it")
    peak = ldexp(1.0, exponent)
    for i in range(n):
        r[i] /= peak
    if center:
        for i in range(n):
            mean += r[i] if weights is None else weights[i] * r[i]
        mean /= n
        for i in range(n):  # what is left by rounding
            rest += (r[i] - mean) * (1.0 if weights is None else weights[i])
        mean += rest / n
    for i in range(n):
        r[i] -= mean
        top = max(top, fabs(r[i]))
        square += r[i] * r[i] * (1.0 if weights is None else weights[i])
    if center and top <= 1e-15:
        r[:] = 0.0
        square = 0.0
    if square > 0.0:
        frexp(sqrt(square), &exponent)
        norm = ldexp(1.0, exponent)
    for i in range(n):
        r[i] /= norm
    return np.asarray(r), mean * peak, peak * norm, square / (norm * norm)


def visit_joint(
    const double[:, ::1] targets, const double[::1] weights, double unit,
    const double[:, ::1] eta, const double[:, ::1] step, const double[::1] shift,
    const double[::1] length, double[:, ::1] moved, double[:, ::1] weighted,
    double[::1] curvature,
):
    """`visit` for the multinomial loss: the vectors are the classes of one model, all of
    which are evaluated; each is given an equal part of the loss.

    Parameters
    ----------
    targets : (n_samples, n_classes)
        One for the class of a sample, zero for the others.
    """
    cdef Py_ssize_t n = eta.shape[0], count = eta.shape[1], i, k
    cdef double[:, ::1] sums = np.zeros((SUMS, count))
    cdef double[::1] p = np.empty(count), change = np.empty(count)
    cdef double top, total, own, weight, value = 0.0, r, mean
    if (
        targets.shape[0] != n or targets.shape[1] != count or moved.shape[0] != n
        or weighted.shape[0] != n or moved.shape[1] != count or weighted.shape[1] != count
        or curvature.shape[0] != n or shift.shape[0] != count or length.shape[0] != count
        or (step is not None and (step.shape[0] != n or step.shape[1] != count))
        or (weights is not None and weights.shape[0] != n)
    ):
        raise ValueError("shapes do not fit")
    with nogil:
        for i in range(n):
            top, total, own, mean = eta[i, 0], 0.0, 0.0, 0.0
            for k in range(count):
                change[k] = (0.0 if step is None else step[i, k]) + shift[k]
                moved[i, k] = eta[i, k] + length[k] * change[k]
            top = moved[i, 0]
            for k in range(1, count):
                top = fmax(top, moved[i, k])
            for k in range(count):
                p[k] = exp(moved[i, k] - top)
                total += p[k]
                own += targets[i, k] * (moved[i, k] - top)
            weight = 1.0 if weights is None else weights[i]
            if weight > 0.0:
                value += weight * (log(total) - own)
            for k in range(count):
                p[k] /= total
                r = weight * unit * (targets[i, k] - p[k])
                weighted[i, k] = r
                sums[1, k] += r
                sums[2, k] += fabs(r)
                sums[3, k] += r * change[k]
                sums[4, k] += weight * p[k] * (1.0 - p[k])
                mean += p[k] * (1.0 - p[k])
            curvature[i] = mean / count
            if i % (64 * ROWS) == 0:
                interrupted()
        for k in range(count):
            sums[0, k] = value / count
    return np.asarray(sums)


def joint_sums(
    const double[:, ::1] targets, const double[::1] weights, const double[:, ::1] eta,
    const double[::1] shift,
):
    """The multinomial loss at ``eta + shift``, and its derivatives by the shift.

    Parameters
    ----------
    targets : (n_samples, n_classes)
        As of `visit_joint`.
    weights : (n_samples,) or None
    eta : (n_samples, n_classes)
    shift : (n_classes,)

    Returns
    -------
    value : float
    residual : ndarray of float64 (n_classes,)
        Minus the gradient.
    hessian : ndarray of float64 (n_classes, n_classes)
        Its rows sum to zero, without cancellation.
    """
    cdef Py_ssize_t n = eta.shape[0], count = eta.shape[1], i, k, m
    cdef double[::1] residual = np.zeros(count), p = np.empty(count)
    cdef double[:, ::1] hessian = np.zeros((count, count))
    cdef double top, total, own, weight, value = 0.0, h
    if (
        targets.shape[0] != n or targets.shape[1] != count or shift.shape[0] != count
        or (weights is not None and weights.shape[0] != n)
    ):
        raise ValueError("shapes do not fit")
    with nogil:
        for i in range(n):
            weight = 1.0 if weights is None else weights[i]
            if not weight > 0.0:
                continue
            top, total, own = eta[i, 0] + shift[0], 0.0, 0.0
            for k in range(1, count):
                top = fmax(top, eta[i, k] + shift[k])
            for k in range(count):
                p[k] = exp(eta[i, k] + shift[k] - top)
                total += p[k]
                own += targets[i, k] * (eta[i, k] + shift[k] - top)
            value += weight * (log(total) - own)
            for k in range(count):
                p[k] /= total
                residual[k] += weight * (targets[i, k] - p[k])
                for m in range(k):
                    h = weight * p[k] * p[m]
                    hessian[k, m] -= h
                    hessian[k, k] += h
                    hessian[m, m] += h
        for k in range(count):
            for m in range(k):
                hessian[m, k] = hessian[k, m]
    return value, np.asarray(residual), np.asarray(hessian)
