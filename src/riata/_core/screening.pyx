"""Screening: which columns certainly satisfy their KKT condition, without being touched.

Every column remembers the correlation with one earlier residual, its reference. A new
residual is split by weighted least squares into a part in the span of that reference and
of the null residual, whose correlation with the column is known, and a rest ``e``, whose
correlation Cauchy-Schwarz bounds. The rest is small as long as few coefficients have
changed, so that most columns need no look at X at all. Nothing about it is heuristic:
a column is either proven inactive or touched. (The idea of a reference residual is
StingyCD's, Johnson & Guestrin 2017; of a bound that serves several alphas, Larsson 2021,
arXiv:2105.05648.)
"""

import numpy as np

from libc.math cimport sqrt

from .columns cimport BLOCK, UNKNOWN, References
from .design cimport interrupted, kernel_table


cdef class Screening:
    """What is known of the correlations of all columns.

    Parameters
    ----------
    design : Design, or an object with its verbs
        Its sizes, weights, `xty` and `sqnorm` are asked for, never its columns.
    l1 : (n_features,)
        Penalty weights at ``alpha = 1``.
    null : (n_samples,)
        The null residual, whose correlations are ``design.xty``.
    """

    cdef readonly object design
    cdef readonly Py_ssize_t n_slots, n_used
    cdef object residuals, products, inner
    cdef double[::1] c0, cq, reach
    cdef const double[::1] l1, sqnorm
    cdef unsigned char[::1] slot
    cdef double[:, ::1] A, B, E

    def __init__(self, design, const double[::1] l1, null, Py_ssize_t n_slots):
        self.design = design
        self.l1 = l1
        self.n_slots, self.n_used = n_slots, 1
        self.residuals = np.zeros((n_slots, design.n_samples))
        self.residuals[0] = null
        self.inner = np.zeros((n_slots, 2))  # with the null residual, with itself
        self.inner[0] = np.vdot(null, self._weigh(null))
        self.c0 = design.xty
        self.sqnorm = design.sqnorm
        self.cq = np.zeros(design.n_features)
        self.slot = np.zeros(design.n_features, dtype=np.uint8)
        reach = design.sqnorm.copy()
        if self.inner[0, 0] > 0.0:
            reach -= design.xty**2 / self.inner[0, 0]
        self.reach = np.sqrt(np.maximum(reach, 0.0) + 1e-14 * design.sqnorm)
        shape = n_slots, BLOCK
        self.A, self.B, self.E = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def _weigh(self, r):
        weights = self.design.weights
        return r if weights is None else weights * r

    cdef References _known(self):
        return References(
            &self.c0[0], &self.cq[0], &self.reach[0], &self.slot[0], &self.A[0, 0],
            &self.B[0, 0], &self.E[0, 0],
        )

    def project(self, Q, loss):
        """Split new residuals along the references.

        Parameters
        ----------
        Q : (n_samples, n_alphas)
            Weights times residuals.
        loss : (n_alphas,)
            ``||r||^2``.
        """
        cdef Py_ssize_t n_alphas = Q.shape[1], used = self.n_used, k, q
        # <r_q, r_k>
        cdef const double[:, :] products = self.residuals[:used] @ Q
        cdef const double[:, ::1] inner = self.inner
        cdef const double[::1] losses = loss
        cdef double null = inner[0, 0], cross, rest, along, share, left
        cdef double noise = (self.design.n_samples + 100) * 1.2e-16
        self.A[:] = 0.0
        self.B[:] = 0.0
        self.E[:] = 0.0
        for q in range(used):
            cross = inner[q, 0]
            # the reference less its part along the null residual
            rest = inner[q, 1] - cross * cross / null if null > 0.0 else 0.0
            for k in range(n_alphas):
                share = along = 0.0
                if rest > 1e-8 * inner[q, 1]:
                    share = (products[q, k] - cross / null * products[0, k]) / rest
                if null > 0.0:
                    along = (products[0, k] - cross * share) / null
                left = losses[k] - along * products[0, k] - share * products[q, k]
                left = max(left, 0.0) + 1e-15 * losses[k]
                self.A[q, k], self.B[q, k] = along, share
                self.E[q, k] = sqrt(left) + noise * sqrt(losses[k])

    def uncertain(self, const double[::1] alphas, const unsigned char[::1] skip):
        """Columns (``skip[j] = 0``) that may violate KKT at one of the alphas.

        Returns
        -------
        ndarray of intp
        """
        cdef Py_ssize_t p = self.design.n_features, count
        cdef Py_ssize_t[::1] cols = np.empty(p, dtype=np.intp)
        cdef double[::1] padded = np.ones(BLOCK)
        cdef References known = self._known()
        if alphas.shape[0] > BLOCK or skip.shape[0] != p:
            raise ValueError("shapes do not fit")
        padded[:alphas.shape[0]] = alphas
        with nogil:
            count = kernel_table().vector.uncertain(
                &known, p, &self.l1[0], &padded[0], &skip[0], &cols[0]
            )
            interrupted()
        return np.asarray(cols)[:count].copy()

    def estimate(self, int k):
        """Correlations of all columns, estimated from their references.

        Returns
        -------
        ndarray of float64 (n_features,)
        """
        cdef double[::1] out = np.empty(self.design.n_features)
        cdef References known = self._known()
        if not 0 <= k < BLOCK:
            raise ValueError("no such alpha")
        with nogil:
            kernel_table().vector.estimate(&known, out.shape[0], k, &out[0])
        return np.asarray(out)

    def learn(self, const Py_ssize_t[::1] cols, const double[::1] c, r, double loss):
        """Make residual r (n_samples,) the reference of the columns touched with it.

        Parameters
        ----------
        cols : (n_cols,)
        c : (n_cols,)
            Their correlations with r.
        """
        cdef Py_ssize_t k, j, q = self.n_used
        cdef double i00, i01, i11, null, cross, det, a, b, rest
        if q < self.n_slots:
            self.n_used += 1
        else:
            # forget the reference that the fewest columns use
            uses = np.bincount(self.slot, minlength=UNKNOWN + 1)[1:self.n_slots]
            q = 1 + int(np.argmin(uses))
            slot = np.asarray(self.slot)
            slot[slot == q] = UNKNOWN
        self.residuals[q] = r
        null = self.inner[0, 0]
        cross = np.vdot(self.residuals[0], self._weigh(r))
        self.inner[q] = cross, loss
        det = null * loss - cross * cross
        if det > 1e-8 * null * loss:
            i00, i01, i11 = loss / det, -cross / det, null / det
        else:
            i00, i01, i11 = (1.0 / null if null > 0 else 0.0), 0.0, 0.0
        with nogil:
            for k in range(cols.shape[0]):
                j = cols[k]
                a, b = self.c0[j], c[k]
                rest = self.sqnorm[j] - i00 * a * a - 2.0 * i01 * a * b - i11 * b * b
                self.cq[j] = b
                self.slot[j] = <unsigned char>q
                self.reach[j] = sqrt(max(rest, 0.0) + 1e-14 * self.sqnorm[j])
