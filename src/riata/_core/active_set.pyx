"""Parametric active-set method for the elastic net on a Gram matrix, with bounds.

    minimise over w   1/2 w' G w - q' w + sum_j l1_j |w_j| + 1/2 l2_j w_j^2,
                      lower_j <= w_j <= upper_j

From the solution at other penalty weights (or from any point) the parameters move in a
straight line to the asked ones and the solution is followed exactly, from one change of
the active set to the next: the homotopy of Osborne, Presnell & Turlach (2000) and of
LARS (Efron et al. 2004, doi:10.1214/009053604000000067) in the form of a parametric
quadratic program (Ferreau et al. 2014, doi:10.1007/s12532-014-0071-1). A start that is
not optimal is made so by a shift `e` of the linear term, which the same line takes back
to zero. Between two events everything is linear:

    v_F = (G_FF + L2)^-1 (e_F - dl1_F s_F)        direction of the free coefficients
    c  <- c - d G v,   w_F <- w_F + d v_F          for a step of length d

With many free coefficients, those between two alphas change in blocks, and the factor of
one alpha is the preconditioner of some others.

It ends at machine precision; a degenerate problem or one with very many events ends it
early, at a valid point from which coordinate descent takes over.
"""

import numpy as np

from libc.math cimport fabs

from .columns cimport VectorKernels
from .design cimport interrupted, kernel_table
from .free_set cimport (
    FreeSet, at_lower, at_upper, at_zero, is_free, kind_of, tied, to_start,
)

SOLVED, GAVE_UP = range(2)

# From so many free columns on they are exchanged in blocks, in so many steps at most,
# until a few that keep changing are left to be followed one by one.
cdef Py_ssize_t LARGE_FACTOR = 80
cdef int NEWTON_STEPS = 12
cdef Py_ssize_t FEW = 10


cdef class ActiveSet(FreeSet):
    """The parametric active-set method.

    The free coefficients and their factor are kept from one alpha to the next; the working
    set may grow in between.
    """

    def __init__(self, Py_ssize_t limit=4000):
        self.n_events = 0
        self.formed = np.empty(0, dtype=np.uint8)

    def form_when_free(self, const unsigned char[::1] formed, form):
        """Let columns of the Gram matrix be formed just before they become free.

        Parameters
        ----------
        formed : (size,)
            Zero for a column that is not yet there. Those of the non-zero coefficients
            of a start are.
        form : callable
            Given a column, the correlations c and the penalty weights l1: forms the column,
            and others if it likes.
        """
        self.formed, self.form = formed, form

    cpdef int solve(
        self, const double[:, :] gram, const double[::1] xty, double[::1] w,
        double[::1] c, const double[::1] l1_from, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
    ) except -1:
        """Move from the point `w` to the solution.

        Parameters
        ----------
        gram : (size, size), contiguous columns
        xty : (size,)
        w, c : (size,), updated
            Coefficients, and ``c = xty - gram @ w``.
        l1_from : (size,)
            Penalty weights for which `w` is (nearly) optimal; any will do.
        l1, l2, lower, upper : (size,)
            Penalty weights and bounds of the problem.

        Returns
        -------
        status : int
            SOLVED or GAVE_UP; the point is valid in both cases.
        """
        cdef Py_ssize_t size = gram.shape[1], ld
        cdef const double* G
        cdef bint done
        cdef const double[::1] start = l1_from
        if (
            gram.shape[0] != size or xty.shape[0] != size or w.shape[0] != size
            or c.shape[0] != size or l1_from.shape[0] != size or l1.shape[0] != size
            or l2.shape[0] != size or lower.shape[0] != size or upper.shape[0] != size
            or (size > 1 and gram.strides[0] != sizeof(double))
        ):
            raise ValueError("shapes do not fit")
        if size == 0:
            return SOLVED
        G, ld = &gram[0, 0], gram.strides[1] // sizeof(double)
        self._reserve(size)
        self.exchanged = False
        if self.n_free >= LARGE_FACTOR and np.all(self.formed):
            done = self._exchange_blocks(
                G, ld, w, c, l1_from, l1, l2, lower, upper, size
            )
            if done:
                self._refresh(G, ld, xty, w, c, l1, l2, lower, upper, size, True)
                return SOLVED
            start = self.l1_now
            self._correlate(G, ld, xty, w, c, size)
        self.l2[:size] = l2
        self.exchanged = False
        if not self._match(G, ld, w, l1, l2, lower, upper, size):
            return GAVE_UP
        if self.exchanged:
            self._correlate(G, ld, xty, w, c, size)
        done = self._follow(G, ld, w, c, start, l1, l2, lower, upper, size)
        self._refresh(G, ld, xty, w, c, l1, l2, lower, upper, size, done)
        return SOLVED if done else GAVE_UP

    cdef bint _exchange_blocks(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
    ) except -1:
        """Follow the line of parameters in long steps, after each of which all
        coefficients that are wrong change sides at once, until none is: a semismooth
        Newton method (Hintermüller, Ito & Kunisch 2002, doi:10.1137/S1052623401383558)
        in the place of many events. A step is cut where too many would be wrong.

        Returns false where that does not end soon; the point is then one on the line, of
        penalty weights `l1_now`.
        """
        cdef Py_ssize_t k, j, wrong, begun = 0, least = 0, most = self.n_free // 8 + 8
        cdef double tau = 0.0, ahead = 0.0, share
        cdef int steps = 0
        cdef bint fine
        self._keep_factor(l2, size)
        for j in range(size):
            self.l1_now[j] = l1_from[j]
        if not self._match(G, ld, w, l1, self.l2, lower, upper, size):
            return False
        self._shift(w, c, l1_from, l2, lower, upper, size)
        good_w, good_c = np.array(w), np.array(c)
        while tau < 1.0 or steps > 0:
            interrupted()
            if self.exchanged:  # w as well, so that c is not right
                return False
            if steps == 0:
                ahead = 1.0
            for k in range(self.n_free):
                j = self.free[k]
                self.v[k] = (
                    c[j] - l2[j] * w[j] - (1.0 - ahead) * self.e[j]
                    - self.sign[j] * (l1_from[j] + ahead * (l1[j] - l1_from[j]))
                )
            self._solve_exactly(l2, 1e-12)
            self._apply(G, ld, &self.v[0], size)
            share = 2.0
            wrong = size
            while wrong > most and share > 1e-2 and (steps == 0 or share > 1.0):
                share *= 0.5
                ahead = tau + share * (1.0 - tau) if steps == 0 else ahead
                wrong = self._wrong(
                    w, c, l1_from, l1, l2, lower, upper, size, ahead, share
                )
            steps += 1
            self.n_events += wrong
            if steps == 1:
                begun = least = wrong
            least = min(least, wrong)
            fine = wrong <= most and wrong <= max(2 * least, FEW)
            if fine:
                self._advance(
                    G, ld, w, c, l1_from, l1, l2, lower, upper, size, ahead, share
                )
                fine = self._exchange_marked(G, ld, w, lower, upper, size)
            if wrong == 0:
                fine = not self._tied_violate(c, l1_from, l1, lower, upper, size, ahead)
            if fine and (wrong == 0 or steps == NEWTON_STEPS and wrong <= FEW):
                tau, steps = ahead, 0
                for j in range(size):
                    self.l1_now[j] = l1_from[j] + tau * (l1[j] - l1_from[j])
                if wrong > 0:
                    return False
                good_w, good_c = np.array(w), np.array(c)
            elif not fine or steps == NEWTON_STEPS:
                # back, and on in shorter steps
                np.asarray(w)[:], np.asarray(c)[:] = good_w, good_c
                most, steps = min(most, begun) // 4, 0
                if most < 4 or not self._match(
                    G, ld, w, l1, self.l2, lower, upper, size
                ):
                    return False
        return True

    cdef bint _exchange_marked(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] lower,
        const double[::1] upper, Py_ssize_t size,
    ) except -1:
        """Out with the free columns that have stopped, in with those that are marked to
        start; false if that can not be done."""
        cdef Py_ssize_t k, j
        cdef bint left = False
        for k in range(self.n_free - 1, -1, -1):
            j = self.free[k]
            if kind_of(w[j], lower[j], upper[j]) != is_free:
                self._delete(k)
                self.kind[j] = kind_of(w[j], lower[j], upper[j])
                left = True
        for j in range(size):
            if self.kind[j] == tied and left:
                self.kind[j] = at_zero
            if self.kind[j] != to_start:
                continue
            if self.n_free >= self.limit:
                return False
            self._reserve_factor(self.n_free + 1)
            if not self._append(G, ld, j, self.l2[j]):
                if w[j] != 0.0:
                    return False
                self.kind[j] = tied
        return True

    cdef bint _tied_violate(
        self, double[::1] c, const double[::1] l1_from, const double[::1] l1,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size, double ahead,
    ) noexcept nogil:
        """Whether a column that was left out as dependent violates its condition."""
        cdef Py_ssize_t j
        cdef double z, now
        for j in range(size):
            if self.kind[j] == tied:
                z = c[j] - (1.0 - ahead) * self.e[j]
                now = l1_from[j] + ahead * (l1[j] - l1_from[j])
                if self._side(j, 0.0, z, now * (1.0 + 1e-9), lower, upper):
                    return True
        return False

    cdef int _side(
        self, Py_ssize_t j, double w, double z, double l1, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil:
        """Whether column j, which is not free, violates its KKT condition: 1 or -1, the
        direction in which it would move, or 0."""
        cdef double slack = l1 * (1.0 + 1e-12)
        if w == 0.0:
            if z > slack and upper[j] > 0.0:
                return 1
            return -1 if z < -slack and lower[j] < 0.0 else 0
        if w > 0.0:
            return -1 if z < l1 * (1.0 - 1e-12) else 0
        return 1 if z > -l1 * (1.0 - 1e-12) else 0

    cdef double _landing(
        self, Py_ssize_t k, double w, double l1, double share, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil:
        """Value of the k-th free coefficient after a share of the step."""
        cdef Py_ssize_t j = self.free[k]
        cdef double new = w + share * self.v[k]
        if l1 > 0.0 and new * self.sign[j] < 0.0:
            return 0.0
        return min(max(new, lower[j]), upper[j])

    cdef Py_ssize_t _wrong(
        self, double[::1] w, double[::1] c, const double[::1] l1_from,
        const double[::1] l1, const double[::1] l2, const double[::1] lower,
        const double[::1] upper, Py_ssize_t size, double ahead, double share,
    ) noexcept nogil:
        """How many coefficients are on the wrong side after a share of the step."""
        cdef Py_ssize_t k, j, count = 0
        cdef double z, now
        for k in range(self.n_free):
            j = self.free[k]
            now = l1_from[j] + ahead * (l1[j] - l1_from[j])
            count += self._landing(k, w[j], now, share, lower, upper) != (
                w[j] + share * self.v[k]
            )
        for j in range(size):
            if self.kind[j] != is_free and self.kind[j] != tied:
                now = l1_from[j] + ahead * (l1[j] - l1_from[j])
                z = c[j] - share * self.u[j] - l2[j] * w[j] - (1.0 - ahead) * self.e[j]
                count += self._side(j, w[j], z, now, lower, upper) != 0
        return count

    cdef void _advance(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
        double ahead, double share,
    ) noexcept nogil:
        """Take a share of the step; what is on the wrong side then changes it."""
        cdef const VectorKernels* vector = &kernel_table().vector
        cdef Py_ssize_t k, j, count = 0
        cdef double z, now
        cdef int side
        for j in range(size):
            c[j] -= share * self.u[j]
            if self.kind[j] == is_free or self.kind[j] == tied:
                continue
            now = l1_from[j] + ahead * (l1[j] - l1_from[j])
            z = c[j] - l2[j] * w[j] - (1.0 - ahead) * self.e[j]
            side = self._side(j, w[j], z, now, lower, upper)
            if side:
                self.sign[j] = side if w[j] == 0.0 else (1.0 if w[j] > 0.0 else -1.0)
                self.kind[j] = to_start
        for k in range(self.n_free):
            j = self.free[k]
            now = l1_from[j] + ahead * (l1[j] - l1_from[j])
            z = self._landing(k, w[j], now, share, lower, upper)
            now = w[j] + share * self.v[k]
            w[j] = z
            if z != now:  # stopped on the way
                self.used[count], self.u[count] = j, now - z
                count += 1
        vector.combine(size, count, G, ld, &self.used[0], &self.u[0], &c[0])

    def solve_path(
        self, const double[:, :] gram, const double[::1] xty, double[::1] w,
        double[::1] c, double alpha, const double[::1] alphas, Py_ssize_t first,
        const double[::1] l1, const double[::1] l2, const double[::1] lower,
        const double[::1] upper, double[:, ::1] W,
    ):
        """`solve` at ``alphas[first:]``, one after the other.

        Parameters
        ----------
        alpha : float
            Alpha for which `w` is (nearly) optimal.
        alphas : (n_alphas,)
        l1, l2 : (size,)
            Penalty weights at ``alpha = 1``.
        W : (size, n_alphas), updated
            Its columns become the solutions.

        Returns
        -------
        last : int
            How far it came: the number of alphas, or the first that was given up; w and
            c are a valid point for it.
        """
        cdef Py_ssize_t k, j, size = w.shape[0]
        cdef double[::1] above = np.empty(size), now = np.empty(size)
        cdef double[::1] ridge = np.empty(size)
        if W.shape[0] != size or W.shape[1] < alphas.shape[0] or (
            l1.shape[0] != size or l2.shape[0] != size
        ):
            raise ValueError("shapes do not fit")
        for k in range(first, alphas.shape[0]):
            for j in range(size):
                above[j], now[j] = alpha * l1[j], alphas[k] * l1[j]
                ridge[j] = alphas[k] * l2[j]
            if self.solve(gram, xty, w, c, above, now, ridge, lower, upper) != SOLVED:
                return k
            alpha = alphas[k]
            for j in range(size):
                W[j, k] = w[j]
        return alphas.shape[0]

    def solve_batch(
        self, const double[:, :] gram, const double[:, ::1] xty, double[:, ::1] w,
        double[:, ::1] c, const double[::1] alphas_from, const double[::1] alphas,
        const double[::1] l1, const double[::1] l2, const double[::1] lower,
        const double[::1] upper,
    ):
        """`solve` several problems that differ in strength and linear term.

        Parameters
        ----------
        xty, w, c : (n_alphas, size), the last two updated
        alphas_from, alphas : (n_alphas,)
            Alphas for which the rows of `w` are (nearly) optimal, and those asked for.
        l1, l2 : (size,)
            Penalty weights at ``alpha = 1``.

        Returns
        -------
        solved : ndarray of bool (n_alphas,)
        """
        cdef Py_ssize_t n_alphas = w.shape[0], size = w.shape[1], k, j
        cdef double[::1] above = np.empty(size), now = np.empty(size)
        cdef double[::1] ridge = np.empty(size)
        if (
            xty.shape[0] != n_alphas or c.shape[0] != n_alphas
            or alphas.shape[0] != n_alphas
            or alphas_from.shape[0] != n_alphas or l1.shape[0] != size
            or l2.shape[0] != size
        ):
            raise ValueError("shapes do not fit")
        solved = np.zeros(n_alphas, dtype=bool)
        for k in range(n_alphas):
            for j in range(size):
                above[j], now[j] = alphas_from[k] * l1[j], alphas[k] * l1[j]
                ridge[j] = alphas[k] * l2[j]
            solved[k] = SOLVED == self.solve(
                gram, xty[k], w[k], c[k], above, now, ridge, lower, upper
            )
        return solved

    cdef void _shift(
        self, double[::1] w, double[::1] c, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) noexcept nogil:
        """e: how far the point is from optimal at penalty weights l1."""
        cdef Py_ssize_t j
        cdef double z
        for j in range(size):
            z = c[j] - l2[j] * w[j]
            if self.kind[j] == is_free:
                self.e[j] = z - l1[j] * self.sign[j]
            elif self.kind[j] == at_upper:
                self.e[j] = min(z - l1[j], 0.0)
            elif self.kind[j] == at_lower:
                self.e[j] = max(z + l1[j], 0.0)
            elif z > l1[j] and upper[j] > 0.0:
                self.e[j] = z - l1[j]
            elif z < -l1[j] and lower[j] < 0.0:
                self.e[j] = z + l1[j]
            else:
                self.e[j] = 0.0

    cdef bint _follow(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
    ) except? -1:
        """Events from tau = 0 to tau = 1; false if the budget ran out."""
        cdef Py_ssize_t j, k, hit, blocked = -1, budget, events = 0, n_tied = 0
        cdef double tau = 0.0, step, length, z, dz, dl1, left, rate
        cdef int side
        cdef bint complete = False, changed = True
        for j in range(size):
            if self.kind[j] == tied:
                self.kind[j] = at_zero
            self.l1[j] = l1_from[j]
        budget = 4 * (self.n_free + 50)
        with nogil:
            self._shift(w, c, l1_from, l2, lower, upper, size)
            while events < budget:
                events += 1
                if events % 64 == 0:
                    interrupted()
                if changed:
                    for k in range(self.n_free):
                        j = self.free[k]
                        self.v[k] = self.e[j] - (l1[j] - l1_from[j]) * self.sign[j]
                    self._solve(&self.v[0])
                    self._apply(G, ld, &self.v[0], size)
                changed = True
                step, hit, side = 1.0 - tau, -1, 0
                # free coefficients that reach zero or a bound
                for k in range(self.n_free):
                    j = self.free[k]
                    rate = self.v[k]
                    if rate == 0.0:
                        continue
                    left = (upper[j] if rate > 0 else lower[j]) - w[j]
                    if max(l1[j], l1_from[j]) > 0.0 and rate * self.sign[j] < 0:
                        left = -w[j]
                    length = left / rate
                    if length < step:
                        step, hit, side = max(length, 0.0), k, -1
                # others that may leave where they are
                for j in range(size):
                    if self.kind[j] == is_free or self.kind[j] == tied:
                        continue
                    z = c[j] - l2[j] * w[j] - (1.0 - tau) * self.e[j]
                    dz = self.e[j] - self.u[j]
                    dl1 = l1[j] - l1_from[j]
                    if self.kind[j] == at_zero:
                        if dz - dl1 > 0.0 and upper[j] > 0.0:
                            length = (self.l1[j] - z) / (dz - dl1)
                            if length < step and (j != blocked or length > 1e-10):
                                step, hit, side = max(length, 0.0), j, 1
                        if -dz - dl1 > 0.0 and lower[j] < 0.0:
                            length = (self.l1[j] + z) / (-dz - dl1)
                            if length < step and (j != blocked or length > 1e-10):
                                step, hit, side = max(length, 0.0), j, 2
                    elif self.kind[j] == at_upper:
                        if dl1 - dz > 0.0:
                            length = (z - self.l1[j]) / (dl1 - dz)
                            if length < step and (j != blocked or length > 1e-10):
                                step, hit, side = max(length, 0.0), j, 1
                    elif dl1 + dz > 0.0:
                        length = (-z - self.l1[j]) / (dl1 + dz)
                        if length < step and (j != blocked or length > 1e-10):
                            step, hit, side = max(length, 0.0), j, 2
                tau += step
                for k in range(self.n_free):
                    w[self.free[k]] += step * self.v[k]
                for j in range(size):
                    c[j] -= step * self.u[j]
                    self.l1[j] += step * (l1[j] - l1_from[j])
                if hit < 0:
                    complete = True
                    break
                if side < 0:
                    blocked = self.free[hit]
                    if n_tied:
                        n_tied -= self._untie(G, ld, hit, size)
                    self._leave(hit, w, max(l1[blocked], l1_from[blocked]) > 0.0,
                                lower, upper)
                else:
                    blocked = -1
                    if self.n_free >= self.L.shape[0]:
                        if self.n_free >= self.limit:
                            break
                        with gil:
                            self._reserve_factor(self.n_free + 1)
                    if hit < self.formed.shape[0] and not self.formed[hit]:
                        with gil:
                            self.form(hit, c, self.l1)
                    self.sign[hit] = 1.0 if side == 1 else -1.0
                    if not self._append(G, ld, hit, l2[hit]):
                        if self.kind[hit] != at_zero:
                            break  # dependent and at a bound
                        self.kind[hit] = tied
                        n_tied += 1
                        changed = False
        self.n_events += events
        return complete

    cdef Py_ssize_t _untie(
        self, const double* G, Py_ssize_t ld, Py_ssize_t k, Py_ssize_t size
    ) noexcept nogil:
        """Before the k-th free column leaves: tied columns that depend on it are tied no
        more. Column j is X_F a with ``a_k = G[j, F] @ inverse(G_FF)[:, k]``.

        Returns how many they are.
        """
        cdef Py_ssize_t j, count = 0
        for j in range(self.n_free):
            self.rotation[j] = 0.0
        self.rotation[k] = 1.0
        self._solve(&self.rotation[0])
        self._apply(G, ld, &self.rotation[0], size)
        for j in range(size):
            if self.kind[j] == tied and fabs(self.u[j]) > 1e-7:
                self.kind[j] = at_zero
                count += 1
        return count

    cdef void _leave(
        self, Py_ssize_t k, double[::1] w, bint kink, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil:
        """The k-th free coefficient has reached zero or a bound."""
        cdef Py_ssize_t j = self.free[k]
        cdef bint up = self.v[k] > 0
        self._delete(k)
        if kink and up == (self.sign[j] < 0):
            w[j] = 0.0
        else:
            w[j] = upper[j] if up else lower[j]
        if w[j] == 0.0:
            self.kind[j] = at_zero
        else:
            self.kind[j] = at_upper if up else at_lower

    cdef _refresh(
        self, const double* G, Py_ssize_t ld, const double[::1] xty, double[::1] w,
        double[::1] c, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size, bint refine,
    ):
        """c from w afresh, and one step of refinement of the free coefficients."""
        cdef Py_ssize_t j, k
        cdef double new
        with nogil:
            self._correlate(G, ld, xty, w, c, size)
            for k in range(self.n_free):
                j = self.free[k]
                self.v[k] = c[j] - l2[j] * w[j] - l1[j] * self.sign[j]
                self.v[k] = self.v[k] if refine else 0.0
            self._solve_exactly(l2)
            for k in range(self.n_free):
                j = self.free[k]
                new = w[j] + self.v[k]
                if new < lower[j] or new > upper[j] or (
                    l1[j] > 0.0 and new * self.sign[j] < 0.0
                ):
                    self.v[k] = 0.0
                else:
                    w[j] = new
            self._apply(G, ld, &self.v[0], size)
            for j in range(size):
                c[j] -= self.u[j]
