"""Block coordinate descent with norms of groups of coefficients, and these norms.

    minimise over v   1/2 ||r0 - M v||^2
                      + sum_g (lg_g ||v_g|| + sum_j la_j |v_j| + l2_g / 2 ||v_g||^2)

The columns of a group lie side by side. `M` is a matrix of columns, and the state vector
the residual; or it is the Gram matrix of the columns, and the state their correlations.
"""

import numpy as np

from libc.math cimport fabs, fmax, sqrt
from libc.string cimport memset

from .columns cimport Columns
from .design cimport interrupted, kernel_table

cdef enum:
    MOST_STEPS = 5  # majorised steps on one group at a time

cdef double ENOUGH = 1e-3  # share of the first of them that ends these


def group_norms(
    const double[:, ::1] C, const Py_ssize_t[::1] cols, const double[::1] unit,
    const Py_ssize_t[::1] group, const double[::1] la, const double[::1] alphas,
    double[:, ::1] out,
):
    """Squared norms of the soft-thresholded correlations of each group.

    Parameters
    ----------
    C : (n_cols, >= n_alphas)
        Correlations of the columns `cols`.
    cols : (n_cols,)
    unit : (n_features,)
        Factor of the correlations of each column.
    group : (n_features,)
    la : (n_features,)
        Thresholds at ``alpha = 1``.
    alphas : (n_alphas,)
    out : (n_groups, n_alphas), updated
        What is added to.
    """
    cdef Py_ssize_t n_alphas = alphas.shape[0], i, j, k
    cdef double c
    if C.shape[0] != cols.shape[0] or C.shape[1] < n_alphas or out.shape[1] != n_alphas:
        raise ValueError("shapes do not fit")
    with nogil:
        for i in range(cols.shape[0]):
            j = cols[i]
            for k in range(n_alphas):
                c = fabs(C[i, k]) * unit[j] - alphas[k] * la[j]
                if c > 0.0:
                    out[group[j], k] += c * c


cdef class BlockDescent:
    """Block coordinate descent on one set of columns.

    Parameters
    ----------
    M : ndarray (n_rows, size), contiguous columns
        Columns, or their Gram matrix.
    by_gram : bool
    first : ndarray of intp (n_groups + 1,)
        Where each group begins.
    blocks : ndarray (sum of squares of the groups' sizes,)
        The Gram matrix of each group, one after the other.
    largest : ndarray (n_groups,)
        Their largest eigenvalues.
    la : ndarray (size,)
    lg, l2 : ndarray (n_groups,)
        Penalty weights at ``alpha = 1``.
    """

    cdef const double[::1, :] M
    cdef bint by_gram
    cdef const Py_ssize_t[::1] first
    cdef Py_ssize_t[::1] begin, chosen
    cdef const double[::1] blocks, largest, la, lg, l2
    cdef double[::1] u, new, change, zeros, ones
    cdef Columns columns

    def __init__(
        self, const double[::1, :] M, bint by_gram, const Py_ssize_t[::1] first,
        const double[::1] blocks, const double[::1] largest, const double[::1] la,
        const double[::1] lg, const double[::1] l2,
    ):
        cdef Py_ssize_t size = M.shape[1], n_groups = largest.shape[0]
        sizes = np.diff(first)
        if (
            first.shape[0] != n_groups + 1 or first[n_groups] != size
            or blocks.shape[0] != (sizes**2).sum() or la.shape[0] != size
            or lg.shape[0] != n_groups or l2.shape[0] != n_groups
            or (by_gram and M.shape[0] != size) or not size
        ):
            raise ValueError("shapes do not fit")
        self.M, self.by_gram, self.first = M, by_gram, first
        self.blocks, self.largest = blocks, largest
        self.la, self.lg, self.l2 = la, lg, l2
        self.begin = np.concatenate([[0], np.cumsum(sizes**2)]).astype(np.intp)
        most = int(sizes.max(initial=1))
        self.u, self.new, self.change = np.empty((3, most))
        self.chosen = np.zeros(most, dtype=np.intp)
        self.zeros, self.ones = np.zeros(size), np.ones(size)
        self.columns = Columns(
            M.shape[0], size, &M[0, 0], M.shape[0], NULL, NULL, NULL, &self.zeros[0],
            &self.ones[0], M.shape[0], 0, &kernel_table().dense_columns[1],
        )

    def sweep(
        self, double[::1] v, double[::1] state, double alpha, bint only_active,
    ):
        """One visit to every group, or to those that are not zero.

        Parameters
        ----------
        v : (size,), updated
        state : (n_rows,), updated
            That of `v`.
        alpha : float
        only_active : bool

        Returns
        -------
        float
            Sum of the squares of the changes, times the curvatures.
        """
        cdef Py_ssize_t g, k, first, last
        cdef double moved = 0.0
        cdef bint active
        if v.shape[0] != self.M.shape[1] or state.shape[0] != self.M.shape[0]:
            raise ValueError("shapes do not fit")
        interrupted()
        with nogil:
            for g in range(self.largest.shape[0]):
                first, last = self.first[g], self.first[g + 1]
                active = False
                for k in range(first, last):
                    active = active or v[k] != 0.0
                if active or not only_active:
                    moved += self._visit(g, active, v, state, alpha)
        return moved

    cdef double _visit(
        self, Py_ssize_t g, bint active, double[::1] v, double[::1] state, double alpha
    ) noexcept nogil:
        """Go to the optimum of one group, by majorised steps."""
        cdef Py_ssize_t first = self.first[g], size = self.first[g + 1] - first, k, m
        cdef Py_ssize_t taken, count = 0
        cdef double L = self.largest[g], lg = alpha * self.lg[g], norm, shrunk, step
        cdef double l2 = alpha * self.l2[g], total = 0.0, earlier = 0.0, all_of_it = 0.0
        cdef double* u = &self.u[0]
        cdef double* new = &self.new[0]
        cdef double* change = &self.change[0]
        if not L + l2 > 0.0:
            return 0.0
        if self.by_gram:
            for k in range(size):
                u[k] = state[first + k]
        else:
            self.columns.verbs.gradient(
                &self.columns, first, size, NULL, &state[0], 0.0, u
            )
        memset(change, 0, size * sizeof(double))
        for taken in range(MOST_STEPS):
            norm = 0.0
            for k in range(size):
                step = u[k] + L * (v[first + k] + change[k])
                new[k] = fmax(fabs(step) - alpha * self.la[first + k], 0.0)
                new[k] = -new[k] if step < 0.0 else new[k]
                norm += new[k] * new[k]
            norm = sqrt(norm)
            if norm <= lg:
                if not active and taken == 0:
                    return 0.0
                shrunk = 0.0
            else:
                shrunk = (1.0 - lg / norm) / (L + l2)
            total = 0.0
            for k in range(size):
                step = new[k] * shrunk - (v[first + k] + change[k])
                change[k] += step
                new[k] = step
                total += step * step
            if total == 0.0:
                break
            for k in range(size):
                for m in range(size):
                    u[k] -= self.blocks[self.begin[g] + k * size + m] * new[m]
            if size == 1 or total <= ENOUGH * ENOUGH * earlier or shrunk == 0.0:
                break
            earlier = fmax(earlier, total)
        for k in range(size):
            if change[k] != 0.0:
                step = v[first + k] + change[k]
                all_of_it += change[k] * change[k]
                # (a coefficient that goes to zero is zero)
                v[first + k] = 0.0 if fabs(step) <= 1e-15 * fabs(change[k]) else step
                self.chosen[count], change[count] = first + k, -change[k]
                count += 1
        if count:
            kernel_table().vector.combine(
                self.M.shape[0], count, &self.M[0, 0], self.M.shape[0], &self.chosen[0],
                change, &state[0],
            )
        return L * all_of_it
