"""Squared loss."""

from ._base import Loss


class Squared(Loss):
    """Half the squared error, ``1/2 (y - eta)^2``.

    Examples
    --------
    >>> import numpy as np
    >>> Squared().value(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    array([0., 2.])
    """

    __module__ = "riata.losses"

    name = "squared"
    translates = True

    def value(self, y, eta):
        """Half the squared error."""
        return 0.5 * (y - eta) ** 2

    def residual(self, y, eta):
        """``y - eta``"""
        return y - eta

    def curvature(self, y, eta):
        """One."""
        return 1.0 + 0.0 * eta

    def dual(self, y, theta):
        """``y t - t^2 / 2``"""
        return y * theta - 0.5 * theta**2

    def in_units(self, unit):
        """The same."""
        return self
