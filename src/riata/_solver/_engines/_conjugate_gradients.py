"""Conjugate gradients for several right-hand sides side by side."""

import math

import numpy as np

FORCING = 0.1  # share of the residual to which systems are solved
MOST_STEPS = 100


def conjugate_gradients(multiply, rest, inverse, *, together, work, share=FORCING):
    """Solve ``multiply(D) = rest`` to a share of the residual.

    Parameters
    ----------
    multiply : callable
        The product of the matrix with a block of vectors.
    rest : ndarray (size, n_vectors)
    inverse : callable
        The preconditioner: the product of an approximate inverse with a block. Coefficients
        for which it is zero stay zero.
    together : callable
        Adds up values of vectors that belong to one system.
    work : Diagnostics

    Returns
    -------
    D : ndarray (size, n_vectors)
    solved : bool
    """
    D = np.zeros_like(rest)
    Z = inverse(rest)
    P, square = Z, together(np.einsum("ij,ij->j", rest, Z))
    enough = share**2 * square
    for _ in range(MOST_STEPS):
        H = multiply(P)
        work.newton += 1
        curvature = together(np.einsum("ij,ij->j", P, H))
        step = np.divide(square, curvature, out=np.zeros_like(square), where=curvature > 0)
        D += step * P
        rest = rest - step * H
        Z = inverse(rest)
        last, square = square, together(np.einsum("ij,ij->j", rest, Z))
        if (square <= enough).all():
            return D, True
        P = Z + np.divide(square, last, out=np.zeros_like(last), where=last > 0) * P
    return D, False


def in_single_precision(A):
    """A matrix in single precision, in a unit of its own, and this unit."""
    unit = 2.0 ** math.frexp(float(np.abs(A).max(initial=0.0)))[1]
    return (A / unit).astype(np.float32), unit


def roughly_twice(A, P, unit):
    """``A' A P`` for a matrix in single precision and its unit: accurate enough for a
    system that is solved roughly."""
    size = float(np.abs(P).max(initial=0.0)) or 1.0
    return (size * unit**2) * (A.T @ (A @ (P / size).astype(np.float32)))
