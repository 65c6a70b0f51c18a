"""The elastic-net penalty of one coefficient, inlined into the kernels.

    pen(w) = l1 |w| + l2/2 w^2    for lower <= w <= upper, infinite elsewhere

with ``l1, l2 >= 0`` and ``lower <= 0 <= upper``; either strength may be zero and either
bound infinite.  `c` is the correlation of the column with the residual (minus the
gradient of the loss), `z = c - l2 w`.
"""

from libc.math cimport INFINITY, fabs


cdef struct Penalty:
    double l1, l2, lower, upper
    double far  # how far a coefficient that nothing holds may be from zero

# Strengths below this (columns and y having norms near one) are lost in the rounding of
# c: such a column, and one that is not penalised at all, is counted with a (generous)
# bound on its coefficient, `far`, instead of a constraint on c.
cdef inline bint negligible(double strength) noexcept nogil:
    return strength < 1e-10


cdef inline double far(double largest) noexcept nogil:
    """That bound, from the largest coefficient of the solution at hand."""
    return 1e3 * (largest + 1.0)


cdef inline double clip(double x, double lower, double upper) noexcept nogil:
    return lower if x < lower else (upper if x > upper else x)


cdef inline double prox(double u, double curvature, Penalty pen) noexcept nogil:
    """argmin_w  curvature/2 w^2 - u w + pen(w)"""
    cdef double shrunk = fabs(u) - pen.l1
    if shrunk <= 0.0:
        return 0.0
    shrunk /= curvature + pen.l2
    return clip(shrunk if u > 0 else -shrunk, pen.lower, pen.upper)


cdef inline double bound(double z, Penalty pen) noexcept nogil:
    """How far a coefficient may go in the direction of z."""
    return pen.upper if z > 0 else -pen.lower


cdef inline double violation(double c, double w, Penalty pen) noexcept nogil:
    """Distance of c to the subdifferential of pen at w: 0 where KKT holds."""
    cdef double z = c - pen.l2 * w, slack
    if w == 0.0:
        slack = fabs(z) - pen.l1
        return slack if slack > 0.0 and bound(z, pen) > 0.0 else 0.0
    slack = z - pen.l1 if w > 0 else -z - pen.l1  # > 0: |w| should grow
    if fabs(w) >= bound(w, pen) and slack > 0.0:
        return 0.0
    return fabs(slack)


cdef inline double reach(double z, Penalty pen) noexcept nogil:
    """The bound that a dual point takes into account: dropping one that is too large to
    be of use keeps it valid."""
    cdef double limit = bound(z, pen)
    return limit if limit < 1e6 else INFINITY


# --- The duality gap as a sum of non-negative terms, one a column (Fenchel-Young), so
# --- that it is accurate however small it is.  With theta = kappa * r,
#
#     gap = (1 - kappa)^2 / 2 * (||r||^2 + sum l2 w^2) + sum_j gap_term(c_j, w_j, kappa)
#
# where the ridge part of a column with an l1 is counted with the loss (an augmented
# lasso), and kappa <= kappa_limit of every column keeps theta feasible. An l1 that is
# lost in rounding is left to the conjugate of the ridge part.

cdef inline double kappa_limit(double c, double w, Penalty pen) noexcept nogil:
    """Largest kappa in [0, 1] for which the column's constraint holds."""
    cdef double z = c - pen.l2 * w
    if fabs(z) <= pen.l1 or negligible(pen.l1) or reach(z, pen) < INFINITY:
        return 1.0
    return pen.l1 / fabs(z)


cdef inline double conjugate_term(double c, double w, Penalty pen) noexcept nogil:
    """pen(w) + pen*(c) - c w >= 0, infinite where the conjugate is."""
    cdef double excess = fabs(c) - pen.l1, best
    cdef double value = pen.l1 * fabs(w) + 0.5 * pen.l2 * w * w - c * w
    if excess <= 0.0:
        return value
    best = reach(c, pen)
    if best == INFINITY and negligible(pen.l1) and negligible(pen.l2):
        best = pen.far
    if pen.l2 > 0.0:
        best = min(best, excess / pen.l2)
    elif best == INFINITY:
        # beyond the constraint by rounding only?
        return value if excess <= 4e-16 * pen.l1 else INFINITY
    return value + excess * best - 0.5 * pen.l2 * best * best


cdef inline double gap_term(double c, double w, Penalty pen, double kappa) noexcept nogil:
    cdef double z, excess, limit
    if negligible(pen.l1) and pen.l2 > 0.0:
        return conjugate_term(kappa * c, w, pen)
    z = kappa * (c - pen.l2 * w)
    excess = fabs(z) - pen.l1
    limit = reach(z, pen)
    if limit == INFINITY:
        limit = pen.far if negligible(pen.l1) else 0.0
    if excess <= 0.0:
        excess = limit = 0.0
    return pen.l1 * fabs(w) - z * w + excess * limit
