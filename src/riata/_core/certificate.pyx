"""From the correlations of all columns: the duality gap, KKT and what to work on next.

All functions take blocks of correlations ``C = X~' R`` (n_features, n_alphas), one vector
an alpha; ``l1[j] * alpha`` and ``l2[j] * alpha`` are the penalty weights of column j.
"""

import numpy as np

from libc.math cimport INFINITY, fabs

from .penalty cimport (
    Penalty, bound, conjugate_term, far, gap_term, kappa_limit, negligible,
    violation,
)


cdef enum:
    N_TERMS = 6

# Of a coefficient, in the user's units; likewise a penalty at alpha = 1.
MOST_UNIT = 2.0**1010
cdef double _MOST_UNIT = MOST_UNIT


cdef struct Terms:  # all of them doubles
    double kappa      # how far the residual must shrink to be dual feasible
    double ridge      # sum of l2 w^2 of the columns with an l1
    double augmented  # sum of gap terms
    double conjugate  # sum of conjugate terms
    double kkt        # largest violation, in the units of `unit`
    double value      # penalty of the coefficients


def losses(
    double yy, const double[::1] xty, const double[:, ::1] C, const double[:, ::1] w,
    double noise=0.0,
):
    """Losses ``||r||^2 = y'y - w' (X'y + c)`` of vectors of coefficients of which all
    correlations are known.

    Parameters
    ----------
    yy : float
        ``||y||^2``.
    xty : (size,)
    C : (size, >= n_alphas)
        ``X'r``.
    w : (size, n_alphas)
    noise : float
        Relative error of an entry of the Gram matrix behind C.

    Returns
    -------
    loss : ndarray of float64 (n_alphas,)
    rounding : ndarray of float64 (n_alphas,)
        ``noise (sum_j |w_j|)^2``.
    """
    cdef Py_ssize_t n_alphas = w.shape[1], j, k
    cdef double[::1] loss = np.empty(n_alphas), rounding = np.zeros(n_alphas)
    if C.shape[0] != w.shape[0] or C.shape[1] < n_alphas or xty.shape[0] != w.shape[0]:
        raise ValueError("shapes do not fit")
    with nogil:
        for k in range(n_alphas):
            loss[k] = yy
        for j in range(w.shape[0]):
            for k in range(n_alphas):
                loss[k] -= w[j, k] * (xty[j] + C[j, k])
                rounding[k] += fabs(w[j, k])
        for k in range(n_alphas):
            loss[k] = max(loss[k], 0.0)  # up to rounding
            rounding[k] *= noise * rounding[k]
    return np.asarray(loss), np.asarray(rounding)


def in_design_units(
    const double[::1] factor, const double[::1] sd, const double[::1] scale,
    const double[::1] sqnorm, double n_samples, double l1_ratio, double unit,
):
    """Penalty weights at ``alpha = 1`` and units of all columns, for columns seen as
    ``scale * x`` and a y seen as ``y / unit``.

    Parameters
    ----------
    factor : (n_features,) or None
        Penalty factors; all one if None.
    sd, scale, sqnorm : (n_features,)
        The deviations by which coefficients are penalised, times the scale; and their
        squared norms.

    Returns
    -------
    l1, l2 : ndarray of float64 (n_features,)
    coef_unit : ndarray of float64 (n_features,)
        What one unit of a coefficient is in the user's; 0 for a column that is left out.
    gradient_unit : ndarray of float64 (n_features,)
        The same of a correlation, as the gradient of the mean loss.
    free : ndarray of intp
        Columns that matter and that no penalty holds.
    extreme : bool
        Whether some of these numbers, of a column that matters, are at the ends of the
        range of double precision.
    """
    cdef Py_ssize_t p = scale.shape[0], j
    cdef bint extreme = False
    cdef list free = []
    cdef double[::1] l1 = np.empty(p), l2 = np.empty(p)
    cdef double[::1] coef_unit = np.empty(p), gradient_unit = np.empty(p)
    cdef double strength
    for j in range(p):
        strength = sd[j] if factor is None else factor[j] * sd[j]
        l1[j] = n_samples * l1_ratio * (strength / unit) if l1_ratio > 0.0 else 0.0
        l2[j] = 0.0
        if l1_ratio < 1.0:
            l2[j] = n_samples * (1.0 - l1_ratio) * (strength * sd[j])
        coef_unit[j] = scale[j] * unit
        gradient_unit[j] = unit / (n_samples * scale[j]) if scale[j] > 0.0 else 0.0
        if l1[j] == 0.0 and l2[j] == 0.0 and sqnorm[j] > 0.0:
            free.append(j)
        if sqnorm[j] != 0.0 and not (
            0.5 <= sqnorm[j] < INFINITY and gradient_unit[j] < INFINITY
            and 1.0 / _MOST_UNIT <= coef_unit[j] <= _MOST_UNIT
            and l1[j] <= _MOST_UNIT and l2[j] <= _MOST_UNIT
        ):
            extreme = True
    return (
        np.asarray(l1), np.asarray(l2), np.asarray(coef_unit),
        np.asarray(gradient_unit), np.array(free, dtype=np.intp), extreme,
    )


def in_user_units(
    const Py_ssize_t[::1] columns, const double[::1] w, const Py_ssize_t[::1] n_active,
    const double[::1] coef_unit, const double[::1] mean, const double[::1] gap,
    const double[::1] loss, const double[::1] penalty, double n_samples, double unit,
    double null_objective,
):
    """Solutions in the units of X and y as given; what is too large becomes infinite.

    Parameters
    ----------
    columns, w : (n_active.sum(),)
        Non-zero coefficients, one alpha after the other.
    n_active, gap, loss, penalty : (n_alphas,)
        Of each alpha; the loss is ``||r||^2``.
    coef_unit, mean : (n_features,)
    null_objective : float
        In the units of the design.

    Returns
    -------
    coef : ndarray of float64, as `w`
    shift : ndarray of float64 (n_alphas,)
        Products of the means with the coefficients.
    dual_gap, relative_gap, objective, deviance_ratio : ndarray of float64 (n_alphas,)
    """
    cdef Py_ssize_t size = n_active.shape[0], total = columns.shape[0], k, i = 0, last = 0
    cdef double[::1] coef = np.empty(total)
    found = np.zeros((5, size))
    cdef double[:, ::1] out = found
    if w.shape[0] != total or gap.shape[0] != size or loss.shape[0] != size or (
        penalty.shape[0] != size
    ):
        raise ValueError("lengths do not fit")
    for k in range(size):
        last += n_active[k]
        if last > total:
            raise ValueError("lengths do not fit")
        while i < last:
            coef[i] = w[i] * coef_unit[columns[i]]
            out[0, k] += mean[columns[i]] * coef[i]
            i += 1
        out[1, k] = gap[k] / n_samples * unit * unit
        out[2, k] = gap[k]
        out[3, k] = (0.5 * loss[k] + penalty[k]) / n_samples * unit * unit
        if null_objective > 0.0:
            out[2, k] /= null_objective
            out[4, k] = 1.0 - 0.5 * loss[k] / null_objective
    return np.asarray(coef), *found


def extrapolate(
    const double[:, ::1] C, const Py_ssize_t[::1] cols, Py_ssize_t before,
    Py_ssize_t k, double step, double[::1] c, double[::1] slope,
):
    """The correlations at one alpha, and their slope since an earlier one.

    Parameters
    ----------
    C : (n_cols, n_alphas)
    cols : (n_cols,)
    before, k : int
        The two alphas; `before` -1 means what is in `c`.
    step : float
        From the alpha of `before` to that of `k`; 0 leaves the slope alone.
    c, slope : (n_features,), updated at `cols`
    """
    cdef Py_ssize_t i, j
    cdef double earlier
    if C.shape[0] != cols.shape[0] or not before < k < C.shape[1]:
        raise ValueError("shapes do not fit")
    with nogil:
        for i in range(cols.shape[0]):
            j = cols[i]
            earlier = c[j] if before < 0 else C[i, before]
            c[j] = C[i, k]
            if step != 0.0:
                slope[j] = (c[j] - earlier) / step


cdef class ColumnPenalty:
    """Penalty weights and bounds of all columns, in the units of the design.

    Parameters
    ----------
    l1, l2 : (n_features,)
        Penalty weights at ``alpha = 1``.
    lower, upper : (n_features,) or None
        None where no coefficient is bounded.
    unit : (n_features,)
        Factor from a correlation of the design to a gradient in the user's units.

    Attributes
    ----------
    rounding : float
        What is added to each gap, because rounded predictors may cost as much.
    """

    convex = piecewise_linear = has_gap = True
    by_blocks = False
    cdef public double rounding
    cdef readonly object l1, l2, lower, upper, unit
    cdef const double[::1] _l1, _l2, _lower, _upper, _unit

    def __init__(self, l1, l2, lower, upper, unit):
        self.l1 = self._l1 = l1
        self.l2 = self._l2 = l2
        self.lower = self._lower = lower
        self.upper = self._upper = upper
        self.unit = self._unit = unit
        self.rounding = 0.0

    def whole(self, columns, mask):
        """Columns to add to a working set, with those that must not be apart from them."""
        return columns

    def certify(
        self, const double[:, ::1] C, const Py_ssize_t[::1] cols,
        const double[:, ::1] w, const double[::1] alphas, const double[::1] loss,
        bint squared=True, bint joint=False,
    ):
        """Duality gap and KKT violation of each alpha.

        Shrinking the residual by kappa makes it dual feasible. For the squared loss the
        value of that dual point is known. For any other convex loss that is never
        negative the residual itself gives a bound: the objective P* of the optimum w*
        is at least that of its tangent,

            P - P* <= sum_j l1_j |w_j| - z_j w_j + sum_j (|z_j| - l1_j)_+ |w*_j|

        and the last sum is at most ``(1 / kappa - 1) sum_j l1_j |w*_j|``, where the sum
        is at most P* <= P: no conjugate of the loss is needed.

        Parameters
        ----------
        C : (n_cols, >= n_alphas)
            Correlations of the columns `cols`. All others are zero and certainly
            satisfy their KKT condition.
        cols : (n_cols,)
            The working set first.
        w : (size, >= n_alphas)
            Coefficients of the working set.
        alphas : (n_alphas,)
        loss : (n_alphas,)
            Twice the loss; ``||r||^2`` if it is squared.
        squared : bool
        joint : bool
            The vectors are the outputs of one model, whose loss is given for each; its
            gap is returned for all of them.

        Returns
        -------
        gap, kkt, penalty : ndarray of float64 (n_alphas,)
        """
        cdef Py_ssize_t n_alphas = alphas.shape[0], size = w.shape[0], i, j, k
        found = np.empty((3, n_alphas))
        cdef double[:, ::1] out = found
        cdef double[:, ::1] memory = np.empty((max(n_alphas, 1), N_TERMS))
        cdef double[::1] beyond = np.empty(n_alphas)
        cdef Terms* terms = <Terms*> &memory[0, 0]
        cdef Terms* t
        cdef Penalty pen
        cdef double c, gap, objective, total = 0.0
        cdef bint outside
        if C.shape[1] < n_alphas or w.shape[1] < n_alphas:
            raise ValueError("more alphas than vectors")
        if C.shape[0] != cols.shape[0] or size > cols.shape[0]:
            raise ValueError("shapes do not fit")
        with nogil:
            for k in range(n_alphas):
                terms[k] = Terms(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                beyond[k] = 0.0
            for i in range(size):
                for k in range(n_alphas):
                    beyond[k] = max(beyond[k], fabs(w[i, k]))
            for k in range(n_alphas):
                beyond[k] = far(beyond[k])
            for i in range(size, cols.shape[0]):
                j = cols[i]
                outside = False
                for k in range(n_alphas):
                    outside |= fabs(C[i, k]) > alphas[k] * self._l1[j]
                if not outside:
                    continue
                for k in range(n_alphas):
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
                for k in range(n_alphas):
                    t = &terms[k]
                    pen = self._at(j, alphas[k], beyond[k])
                    t.kappa = min(t.kappa, kappa_limit(C[i, k], w[i, k], pen))
                    t.kkt = max(
                        t.kkt, violation(C[i, k], w[i, k], pen) * self._unit[j]
                    )
                    t.conjugate += conjugate_term(C[i, k], w[i, k], pen)
                    t.value += pen.l1 * fabs(w[i, k]) if w[i, k] != 0.0 else 0.0
                    t.value += 0.5 * pen.l2 * w[i, k] * w[i, k]
                    if not negligible(pen.l1):
                        t.ridge += pen.l2 * w[i, k] * w[i, k]
            for i in range(size):
                for k in range(n_alphas):
                    pen = self._at(cols[i], alphas[k], beyond[k])
                    terms[k].augmented += gap_term(
                        C[i, k], w[i, k], pen, terms[k].kappa if squared else 1.0
                    )
            if joint:
                for k in range(1, n_alphas):
                    t = &terms[k]
                    terms[0].augmented += t.augmented
                    terms[0].conjugate += t.conjugate
                    terms[0].kappa = min(terms[0].kappa, t.kappa)
                    total += t.value
            for k in range(n_alphas):
                t = &terms[0 if joint else k]
                objective = 0.5 * loss[k] + t.value + total
                gap = t.augmented
                if squared:
                    gap += 0.5 * (1.0 - t.kappa) * (1.0 - t.kappa) * (loss[k] + t.ridge)
                elif t.kappa < 1.0:
                    gap += (1.0 / t.kappa - 1.0) * objective
                # the dual point 0 says that no objective is negative
                gap = t.conjugate if not gap <= t.conjugate else gap
                gap += self.rounding
                gap = objective if not gap <= objective else gap  # NaN counts as large
                out[0, k] = max(gap, 0.0)  # up to rounding
                out[1, k], out[2, k] = terms[k].kkt, terms[k].value
        return found[0], found[1], found[2]

    def value(self, W, alphas, cols):
        """Penalty of the coefficients W (n_cols, n_vectors) of some columns."""
        return alphas * (self.l1[cols] @ np.abs(W) + 0.5 * (self.l2[cols] @ W**2))

    def drop_rounding(
        self, const Py_ssize_t[::1] cols, double[:, :] w, const double[::1] alphas,
        double noise,
    ):
        """Set to zero the coefficients under an L1 penalty whose correlations exceed
        it by no more than rounding.

        At a solution ``|c_j| = alpha l1_j`` with the coefficient, and about
        ``alpha l1_j + (1 + alpha l2_j) |w_j|`` without it, as columns have norms near
        one.

        Parameters
        ----------
        cols : (size,)
        w : (size, >= n_alphas), updated
        alphas : (n_alphas,)
        noise : float
            Rounding error of a correlation.
        """
        cdef Py_ssize_t n_alphas = alphas.shape[0], i, j, k
        if w.shape[0] != cols.shape[0] or w.shape[1] < n_alphas:
            raise ValueError("shapes do not fit")
        with nogil:
            for i in range(w.shape[0]):
                j = cols[i]
                for k in range(n_alphas):
                    if fabs(w[i, k]) > noise or alphas[k] * self._l1[j] == 0.0:
                        continue
                    if (1.0 + alphas[k] * self._l2[j]) * fabs(w[i, k]) <= noise:
                        w[i, k] = 0.0

    def violators(
        self, const double[:, ::1] C, const Py_ssize_t[::1] cols, Py_ssize_t first,
        const double[::1] alphas, double margin,
    ):
        """Columns that violate KKT (nearly) at zero at an alpha from `first` on.

        Parameters
        ----------
        C : (n_cols, >= n_alphas)
        cols : (n_cols,)
            Columns outside the working set.
        margin : float
            What ``|c_j| / l1_j`` must exceed.

        Returns
        -------
        columns : ndarray of intp
        priority : ndarray of float64
            Largest ``|c_j| / l1_j`` over the alphas.
        """
        cdef Py_ssize_t n_alphas = alphas.shape[0], i, j, k, count = 0
        cdef double ratio, top
        cdef Py_ssize_t[::1] columns = np.empty(cols.shape[0], dtype=np.intp)
        cdef double[::1] priority = np.empty(cols.shape[0])
        if C.shape[0] != cols.shape[0] or C.shape[1] < n_alphas:
            raise ValueError("shapes do not fit")
        with nogil:
            for i in range(cols.shape[0]):
                j = cols[i]
                top = 0.0
                for k in range(first, n_alphas):
                    if not self._moves(j, C[i, k]):
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
                    if not self._moves(j, ahead) or ahead == 0.0:
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
                if self._l1[j] > 0.0 and self._moves(j, c[j]):
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

    cdef inline bint _moves(self, Py_ssize_t j, double c) noexcept nogil:
        """Whether column j may move in the direction of c at all."""
        if c > 0:
            return self._upper is None or self._upper[j] > 0.0
        return self._lower is None or self._lower[j] < 0.0
