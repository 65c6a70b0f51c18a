from .columns cimport Columns, Verbs


cdef class Quadratic:
    cdef Columns columns
    cdef object buffers
    cdef const Py_ssize_t[::1] ids
    cdef readonly Py_ssize_t size, length
