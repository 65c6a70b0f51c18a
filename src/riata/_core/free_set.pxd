cdef enum:
    at_zero = 0
    is_free = 1
    at_upper = 2
    at_lower = 3
    tied = 4        # at zero, and dependent on the free columns: left out for a while
    to_start = 5    # to become free


cdef inline signed char kind_of(double w, double lower, double upper) noexcept nogil:
    if w == 0.0:
        return at_zero
    if w >= upper:
        return at_upper
    return at_lower if w <= lower else is_free


cdef class FreeSet:
    cdef Py_ssize_t n_free, limit
    cdef double[:, ::1] L            # row-major: L L' = G_FF + diag(l2_F)
    cdef Py_ssize_t[::1] free        # order of the factor's rows
    cdef Py_ssize_t[::1] used        # columns with a coefficient
    cdef signed char[::1] kind
    cdef double[::1] sign, e, v, u, l1, rotation
    cdef double[::1] factored_l2     # l2 that is in the factor
    cdef double[::1] l1_now          # penalty weights of the point at hand
    cdef double[::1] l2              # l2 that the factor is to have
    cdef double[:, ::1] cg           # residual, direction, its product, solution
    cdef bint exchanged

    cdef _reserve(self, Py_ssize_t size)
    cdef _reserve_factor(self, Py_ssize_t rows)
    cdef bint _match(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1
    cdef bint _admit_waiting(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1
    cdef bint _exchange(
        self, Py_ssize_t j, double[::1] w, const double[::1] l1,
        const double[::1] lower, const double[::1] upper,
    ) noexcept nogil
    cdef void _forget(self, Py_ssize_t size) noexcept
    cdef bint _factorise(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) except? -1
    cdef bint _factorise_at_once(
        self, const double* G, Py_ssize_t ld, const double[::1] l2
    ) except? -1
    cdef bint _append(
        self, const double* G, Py_ssize_t ld, Py_ssize_t j, double l2
    ) noexcept nogil
    cdef void _delete(self, Py_ssize_t k) noexcept nogil
    cdef void _solve(self, double* x) noexcept nogil
    cdef void _solve_exactly(
        self, const double[::1] l2, double tol=*
    ) noexcept nogil
    cdef void _apply(
        self, const double* G, Py_ssize_t ld, const double* v, Py_ssize_t size
    ) noexcept nogil
    cdef void _correlate(
        self, const double* G, Py_ssize_t ld, const double[::1] xty,
        const double[::1] w, double[::1] c, Py_ssize_t size,
    ) noexcept nogil
    cdef void _keep_factor(self, const double[::1] l2, Py_ssize_t size) noexcept nogil
