"""From the correlations of all columns: the duality gap, KKT and what to work on next.

All functions take blocks of correlations ``C = X~' R`` (n_features, lanes), one lane an
alpha; ``l1[j] * alpha`` and ``l2[j] * alpha`` are the strengths of column j.
"""

import numpy as np

from libc.math cimport INFINITY, fabs

from .penalty cimport (
    Penalty, bound, conjugate_term, far, gap_term, kappa_limit, violation,
)


cdef enum:
    MOST_LANES = 128  # that one call certifies


cdef struct Terms:
    double kappa      # how far the residual must shrink to be dual feasible
    double ridge      # sum of l2 w^2 of the columns with l1 > 0
    double augmented  # sum of gap terms
    double conjugate  # sum of conjugate terms
    double kkt        # largest violation, in the units of `unit`
    double value      # penalty of the coefficients


def extrapolate(
    const double[:, ::1] C, const Py_ssize_t[::1] cols, Py_ssize_t before,
    Py_ssize_t lane, double step, double[::1] c, double[::1] slope,
):
    """The correlations of one lane, and their slope since an earlier one.

    Parameters
    ----------
    C : (n_cols, lanes)
    cols : (n_cols,)
    before, lane : int
        The two lanes; `before` -1 means what is in `c`.
    step : float
        From the strength of `before` to that of `lane`; 0 leaves the slope alone.
    c, slope : (n_features,), updated at `cols`
    """
    cdef Py_ssize_t i, j
    cdef double earlier
    if C.shape[0] != cols.shape[0] or not before < lane < C.shape[1]:
        raise ValueError("shapes do not fit")
    with nogil:
        for i in range(cols.shape[0]):
            j = cols[i]
            earlier = c[j] if before < 0 else C[i, before]
            c[j] = C[i, lane]
            if step != 0.0:
                slope[j] = (c[j] - earlier) / step


cdef class Strengths:
    """Strengths and bounds of all columns, in the units of the design.

    Parameters
    ----------
    l1, l2 : (n_features,)
        Strengths at ``alpha = 1``.
    lower, upper : (n_features,) or None
        None where no coefficient is bounded.
    unit : (n_features,)
        Factor from a correlation of the design to a gradient in the user's units.
    """

    cdef readonly object l1, l2, lower, upper, unit
    cdef const double[::1] _l1, _l2, _lower, _upper, _unit

    def __init__(self, l1, l2, lower, upper, unit):
        self.l1 = self._l1 = l1
        self.l2 = self._l2 = l2
        self.lower = self._lower = lower
        self.upper = self._upper = upper
        self.unit = self._unit = unit

    def certify(
        self, const double[:, ::1] C, const Py_ssize_t[::1] cols,
        const double[:, ::1] w, const double[::1] alphas, const double[::1] loss,
    ):
        """Duality gap and KKT violation of each lane.

        Parameters
        ----------
        C : (n_cols, >= lanes)
            Correlations of the columns `cols`. All others are zero and certainly
            satisfy their KKT condition.
        cols : (n_cols,)
            The working set first.
        w : (size, >= lanes)
            Coefficients of the working set.
        alphas : (lanes,)
        loss : (lanes,)
            ``||r||^2``.

        Returns
        -------
        gap, kkt, penalty : ndarray of float64 (lanes,)
        """
        cdef Py_ssize_t lanes = alphas.shape[0], size = w.shape[0], i, j, k
        cdef double[::1] gap = np.empty(lanes), kkt = np.empty(lanes)
        cdef double[::1] value = np.empty(lanes)
        cdef Terms[MOST_LANES] terms
        cdef double[MOST_LANES] beyond
        cdef Terms* t
        cdef Penalty pen
        cdef double c
        cdef bint outside
        if lanes > MOST_LANES or C.shape[1] < lanes or w.shape[1] < lanes:
            raise ValueError("more alphas than lanes")
        if C.shape[0] != cols.shape[0] or size > cols.shape[0]:
            raise ValueError("shapes do not fit")
        with nogil:
            for k in range(lanes):
                terms[k] = Terms(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                beyond[k] = 0.0
            for i in range(size):
                for k in range(lanes):
                    beyond[k] = max(beyond[k], fabs(w[i, k]))
            for k in range(lanes):
                beyond[k] = far(beyond[k])
            for i in range(size, cols.shape[0]):
                j = cols[i]
                outside = False
                for k in range(lanes):
                    outside |= fabs(C[i, k]) > alphas[k] * self._l1[j]
                if not outside:
                    continue
                for k in range(lanes):
                    c = C[i, k]
                    if fabs(c) <= alphas[k] * self._l1[j]:
                        continue
                    pen = self._at(j, alphas[k], beyond[k])
                    if bound(c, pen) == 0.0:
                        continue
                    t = &terms[k]
                    t.kkt = max(t.kkt, (fabs(c) - pen.l1) * self._unit[j])
                    t.kappa = min(t.kappa, kappa_limit(c, 0.0, pen))
                    # at kappa = 1, which bounds the term from above
                    t.augmented += gap_term(c, 0.0, pen, 1.0)
                    t.conjugate += conjugate_term(c, 0.0, pen)
            for i in range(size):
                j = cols[i]
                for k in range(lanes):
                    t = &terms[k]
                    pen = self._at(j, alphas[k], beyond[k])
                    t.kappa = min(t.kappa, kappa_limit(C[i, k], w[i, k], pen))
                    t.kkt = max(
                        t.kkt, violation(C[i, k], w[i, k], pen) * self._unit[j]
                    )
                    t.conjugate += conjugate_term(C[i, k], w[i, k], pen)
                    t.value += pen.l1 * fabs(w[i, k]) if w[i, k] != 0.0 else 0.0
                    t.value += 0.5 * pen.l2 * w[i, k] * w[i, k]
                    if pen.l1 > 0.0:
                        t.ridge += pen.l2 * w[i, k] * w[i, k]
            for i in range(size):
                for k in range(lanes):
                    pen = self._at(cols[i], alphas[k], beyond[k])
                    terms[k].augmented += gap_term(
                        C[i, k], w[i, k], pen, terms[k].kappa
                    )
            for k in range(lanes):
                t = &terms[k]
                gap[k] = t.augmented + 0.5 * (1.0 - t.kappa) * (1.0 - t.kappa) * (
                    loss[k] + t.ridge
                )
                # the dual point 0 says that no objective is negative
                gap[k] = min(min(gap[k], t.conjugate), 0.5 * loss[k] + t.value)
                gap[k] = max(gap[k], 0.0)  # up to rounding
                kkt[k], value[k] = t.kkt, t.value
        return np.asarray(gap), np.asarray(kkt), np.asarray(value)

    def excess(
        self, const double[:, ::1] C, const Py_ssize_t[::1] cols, Py_ssize_t first,
        const double[::1] alphas, double margin,
    ):
        """Columns that violate KKT (nearly) at zero in a lane from `first` on.

        Parameters
        ----------
        C : (n_cols, >= lanes)
        cols : (n_cols,)
            Columns outside the working set.
        margin : float
            What ``|c_j| / l1_j`` must exceed.

        Returns
        -------
        columns : ndarray of intp
        priority : ndarray of float64
            Largest ``|c_j| / l1_j`` over the lanes.
        """
        cdef Py_ssize_t lanes = alphas.shape[0], i, j, k, count = 0
        cdef double ratio, top
        cdef Py_ssize_t[::1] columns = np.empty(cols.shape[0], dtype=np.intp)
        cdef double[::1] priority = np.empty(cols.shape[0])
        if C.shape[0] != cols.shape[0] or C.shape[1] < lanes:
            raise ValueError("shapes do not fit")
        with nogil:
            for i in range(cols.shape[0]):
                j = cols[i]
                top = 0.0
                for k in range(first, lanes):
                    if not self._pulls(j, C[i, k]):
                        continue
                    ratio = alphas[k] * self._l1[j]
                    if ratio == 0.0:
                        top = INFINITY if C[i, k] != 0.0 else top
                    else:
                        top = max(top, fabs(C[i, k]) / ratio)
                if top > margin:
                    columns[count], priority[count] = j, top
                    count += 1
        return np.asarray(columns)[:count].copy(), np.asarray(priority)[:count].copy()

    def predict(
        self, const double[::1] c, const double[::1] slope, double alpha, double target,
        double gamma, const unsigned char[::1] in_working,
    ):
        """Columns outside the working set that may be active at alpha = `target`.

        With c at `alpha` and its slope in alpha, column j is taken if
        ``|c_j + (target - alpha) slope_j| + gamma (alpha - target) l1_j`` reaches
        ``target * l1_j`` (Larsson & Wallin 2022, arXiv:2104.13026).

        Returns
        -------
        columns : ndarray of intp
        priority : ndarray of float64
        """
        cdef Py_ssize_t p = c.shape[0], j, count = 0
        cdef int fill
        cdef double ahead, threshold = target - gamma * (alpha - target)
        cdef Py_ssize_t[::1] columns = np.empty(0, dtype=np.intp)
        cdef double[::1] priority = np.empty(0)
        for fill in range(2):
            if fill:
                columns = np.empty(count, dtype=np.intp)
                priority = np.empty(count)
                count = 0
            with nogil:
                for j in range(p):
                    ahead = c[j] + (target - alpha) * slope[j]
                    if fabs(ahead) < threshold * self._l1[j] or in_working[j]:
                        continue
                    if not self._pulls(j, ahead) or ahead == 0.0:
                        continue
                    if fill:
                        columns[count] = j
                        priority[count] = (
                            fabs(ahead) / self._l1[j] if self._l1[j] > 0.0
                            else INFINITY
                        )
                    count += 1
        return np.asarray(columns), np.asarray(priority)

    def alpha_max(self, const double[::1] c):
        """Smallest alpha at which no column is pulled away from zero."""
        cdef Py_ssize_t j
        cdef double top = 0.0
        with nogil:
            for j in range(c.shape[0]):
                if self._l1[j] > 0.0 and self._pulls(j, c[j]):
                    top = max(top, fabs(c[j]) / self._l1[j])
        return top

    cdef inline Penalty _at(
        self, Py_ssize_t j, double alpha, double beyond
    ) noexcept nogil:
        cdef Penalty pen = Penalty(
            alpha * self._l1[j], alpha * self._l2[j], -INFINITY, INFINITY, beyond
        )
        if self._lower is not None:
            pen.lower, pen.upper = self._lower[j], self._upper[j]
        return pen

    cdef inline bint _pulls(self, Py_ssize_t j, double c) noexcept nogil:
        """Whether column j may move in the direction of c at all."""
        if c > 0:
            return self._upper is None or self._upper[j] > 0.0
        return self._lower is None or self._lower[j] < 0.0
