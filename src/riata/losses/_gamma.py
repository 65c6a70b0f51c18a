"""Gamma loss."""

import numpy as np

from ._base import refuse
from ._poisson import LogLink


class Gamma(LogLink):
    """Gamma loss with a log link, ``y exp(-eta) + eta`` (less its least value); y > 0.

    Examples
    --------
    >>> import numpy as np
    >>> Gamma().value(np.array([1.0, 2.0]), np.array([0.0, np.log(2.0)]))
    array([0., 0.])
    """

    __module__ = "riata.losses"

    name = "gamma"
    kernel = "gamma"

    def check_target(self, y):
        """Positive."""
        refuse(y, ~(y > 0), self.name, "takes y > 0.")
        return y

    def value(self, y, eta):
        """Half the unit deviance: ``q - 1 - log q`` with ``q = y / mean``."""
        excess = np.log(y) - eta
        with np.errstate(over="ignore"):
            return np.expm1(excess) - excess

    def residual(self, y, eta):
        """``y / mean - 1``"""
        with np.errstate(over="ignore"):
            return np.expm1(np.log(y) - eta)

    def curvature(self, y, eta):
        """``y / mean``"""
        with np.errstate(over="ignore"):
            return np.exp(np.log(y) - eta)

    def dual(self, y, theta):
        """``u - u log u + u log y`` with ``u = 1 + t``, less its value at t = 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            value = theta - (1.0 + theta) * np.log1p(theta) + theta * np.log(y)
        value = np.where(theta == -1.0, -1.0 - np.log(y), value)
        return np.where(theta >= -1.0, value, -np.inf)
