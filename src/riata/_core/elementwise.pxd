from .columns cimport LossLoop

cdef LossLoop loss_loop(str name) except NULL
