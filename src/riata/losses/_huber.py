"""Huber loss."""

import math

import numpy as np

from ._base import Loss


class Huber(Loss):
    """Squared loss for small errors, absolute for large ones.

    Outliers do not rule such a fit.

    ``1/2 e^2`` for ``|e| <= delta``, ``delta |e| - delta^2 / 2`` beyond, ``e = y - eta``.

    Parameters
    ----------
    delta : float, default=1.35
        Positive, in units of y.

    Examples
    --------
    >>> import numpy as np
    >>> Huber(1.0).value(np.array([1.0, 10.0]), np.array([0.0, 0.0]))
    array([0.5, 9.5])
    """

    __module__ = "riata.losses"

    name = "huber"
    translates = True
    kernel = "huber"

    def __init__(self, delta=1.35):
        if not (isinstance(delta, (int, float)) and 0 < delta < math.inf):
            raise ValueError(f"delta must be a positive number, got {delta!r}.")
        self.delta = float(delta)

    @property
    def kernel_parameter(self):
        return self.delta

    def value(self, y, eta):
        """Squared, then linear."""
        size = np.abs(y - eta)
        inner = np.minimum(size, self.delta)
        return inner * (size - 0.5 * inner)

    def residual(self, y, eta):
        """The error, cut off at delta."""
        return np.clip(y - eta, -self.delta, self.delta)

    def curvature(self, y, eta):
        """1 for a small error, 0 for a large one."""
        return (np.abs(y - eta) <= self.delta).astype(float)

    def dual(self, y, theta):
        """``y t - t^2 / 2`` for ``|t| <= delta``"""
        inside = np.abs(theta) <= self.delta * (1.0 + 1e-15)
        return np.where(inside, y * theta - 0.5 * theta**2, -np.inf)

    def in_units(self, unit):
        """Another delta."""
        return Huber(self.delta / unit)
