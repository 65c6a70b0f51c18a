"""Block coordinate descent on a Gram matrix for coefficients that are penalised by rows.

    minimise over W   1/2 tr(W' G W) - tr(Q' W) + sum_j l1_j ||W_j|| + l2_j / 2 ||W_j||^2

One row of W is one column of X with its coefficients for all outputs. With C = Q - G W,
the best row is ``u (1 - l1 / ||u||)_+ / (G_jj + l2)`` with ``u = C_j + G_jj W_j`` (Yuan &
Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x).
"""

import numpy as np

from libc.math cimport sqrt

from .columns cimport VectorKernels
from .design cimport interrupted, kernel_table

# Multiply-adds between two looks for Ctrl-C.
cdef Py_ssize_t WORK_BETWEEN_CHECKS = 1 << 24


def descend_rows(
    const double[:, :] gram, double[:, ::1] W, double[:, ::1] C, const double[::1] l1,
    const double[::1] l2, double enough, Py_ssize_t max_epochs,
):
    """Sweep until a whole sweep changes little.

    Parameters
    ----------
    gram : (size, size), contiguous columns
    W, C : (n_outputs, size), updated
        Transposed: an output is contiguous.
    l1, l2 : (size,)
    enough : float
        Share of the first sweep's change ``max_j G_jj ||dW_j||^2`` to end at.
    max_epochs : int

    Returns
    -------
    epochs : int
    """
    cdef Py_ssize_t size = W.shape[1], count = W.shape[0], j, k, epoch = 0, work = 0
    cdef double norm, scale, diagonal, change, largest, first = -1.0
    cdef double[::1] u = np.empty(count)
    cdef const VectorKernels* vector = &kernel_table().vector
    if gram.shape[0] != size or gram.shape[1] != size or C.shape[1] != size or (
        C.shape[0] != count or l1.shape[0] != size or l2.shape[0] != size
        or (size > 1 and gram.strides[0] != sizeof(double))
    ):
        raise ValueError("shapes do not fit")
    with nogil:
        while epoch < max_epochs:
            epoch += 1
            largest = 0.0
            for j in range(size):
                diagonal = gram[j, j]
                norm = 0.0
                for k in range(count):
                    u[k] = C[k, j] + diagonal * W[k, j]
                    norm += u[k] * u[k]
                norm = sqrt(norm)
                scale = (1.0 - l1[j] / norm) / (diagonal + l2[j]) if norm > l1[j] else 0.0
                change = 0.0
                for k in range(count):
                    u[k] = scale * u[k] - W[k, j]
                    change += u[k] * u[k]
                if change == 0.0:
                    continue
                for k in range(count):
                    W[k, j] += u[k]
                    vector.axpy(size, -u[k], &gram[0, j], &C[k, 0])
                largest = max(largest, gram[j, j] * change)
                work += size * count
                if work > WORK_BETWEEN_CHECKS:
                    interrupted()
                    work = 0
            if first < 0.0:
                first = largest
            if largest <= enough * first:
                break
    return epoch
