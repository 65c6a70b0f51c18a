from .free_set cimport FreeSet


cdef class ActiveSet(FreeSet):
    cdef const unsigned char[::1] formed
    cdef object form
    cdef readonly Py_ssize_t n_events

    cpdef int solve(
        self, const double[:, :] gram, const double[::1] xty, double[::1] w,
        double[::1] c, const double[::1] l1_from, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
    ) except -1
    cdef bint _exchange_blocks(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
    ) except -1
    cdef bint _exchange_marked(
        self, const double* G, Py_ssize_t ld, double[::1] w, const double[::1] lower,
        const double[::1] upper, Py_ssize_t size,
    ) except -1
    cdef bint _tied_violate(
        self, double[::1] c, const double[::1] l1_from, const double[::1] l1,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size, double ahead,
    ) noexcept nogil
    cdef Py_ssize_t _wrong(
        self, double[::1] w, double[::1] c, const double[::1] l1_from,
        const double[::1] l1, const double[::1] l2, const double[::1] lower,
        const double[::1] upper, Py_ssize_t size, double ahead, double share,
    ) noexcept nogil
    cdef void _advance(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
        double ahead, double share,
    ) noexcept nogil
    cdef void _shift(
        self, double[::1] w, double[::1] c, const double[::1] l1,
        const double[::1] l2, const double[::1] lower, const double[::1] upper,
        Py_ssize_t size,
    ) noexcept nogil
    cdef bint _follow(
        self, const double* G, Py_ssize_t ld, double[::1] w, double[::1] c,
        const double[::1] l1_from, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size,
    ) except? -1
    cdef Py_ssize_t _untie(
        self, const double* G, Py_ssize_t ld, Py_ssize_t k, Py_ssize_t size
    ) noexcept nogil
    cdef void _leave(
        self, Py_ssize_t k, double[::1] w, bint kink, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil
    cdef _refresh(
        self, const double* G, Py_ssize_t ld, const double[::1] xty, double[::1] w,
        double[::1] c, const double[::1] l1, const double[::1] l2,
        const double[::1] lower, const double[::1] upper, Py_ssize_t size, bint refine,
    )
    cdef int _side(
        self, Py_ssize_t j, double w, double z, double l1, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil
    cdef double _landing(
        self, Py_ssize_t k, double w, double l1, double share, const double[::1] lower,
        const double[::1] upper,
    ) noexcept nogil
