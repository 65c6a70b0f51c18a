from .columns cimport Columns


cdef class Quadratic:
    cdef Columns columns
    cdef object buffers
    cdef readonly Py_ssize_t size, length
