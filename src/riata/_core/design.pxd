from .columns cimport Columns, KernelTable

cdef const KernelTable* kernel_table() noexcept nogil
cdef int interrupted() except -1 nogil


cdef class Design:
    cdef Columns columns
    cdef int center
    cdef readonly Py_ssize_t n_samples, n_features
    cdef readonly str kind
    cdef readonly object buffers, weights, mean, scale, sqnorm, xty
    cdef public int n_threads
    cdef Py_ssize_t row_bytes  # from one row of a dense matrix to the next

    cdef _attach(self, data, indices, indptr)
    cdef _set_up(self, const double[::1] target)
    cdef _moments(
        self, Py_ssize_t first, Py_ssize_t last, int center, const double[::1] sy,
        double[::1] mean, double[::1] sqnorm, double[::1] top, double[::1] xty,
    )
    cdef Py_ssize_t _work(self) noexcept nogil
    cdef Py_ssize_t _columns_per_check(self, int width) noexcept nogil
    cdef int _threads(self, int width) noexcept nogil
    cdef void _subtract_product_of_rows(
        self, Py_ssize_t first, Py_ssize_t last, Py_ssize_t count,
        const Py_ssize_t* cols, const double* B, double* R, int width,
    ) noexcept nogil
    cdef _check_columns(self, const Py_ssize_t[::1] cols)
