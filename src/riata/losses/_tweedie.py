"""Tweedie losses."""

import numpy as np

from ._base import refuse
from ._gamma import Gamma
from ._poisson import Counts, Poisson
from ._squared import Squared


class Tweedie(Counts):
    """Tweedie loss with a log link: the variance is the mean to a power.

    Half the unit deviance. ``power`` 0 is the squared loss (with the identity as link),
    1 the Poisson and 2 the gamma loss; between 1 and 2 y may be zero, as sums of a few
    positive amounts are; 3 is the inverse Gaussian. Above 2 the loss is not convex:
    such fits have a KKT violation but no duality gap.

    Parameters
    ----------
    power : float, default=1.5
        0, or at least 1.

    Raises
    ------
    ValueError
        For another power, of which no distribution exists or the mean has no log link.

    Examples
    --------
    >>> import numpy as np
    >>> Tweedie(1.5).value(np.array([1.0, 4.0]), np.array([0.0, np.log(4.0)]))
    array([0., 0.])
    >>> Tweedie(1)
    Poisson()
    """

    name = "tweedie"

    def __new__(cls, power=1.5):
        """The class that is meant."""
        special = {0: Squared, 1: Poisson, 2: Gamma}
        try:
            power = float(power)
        except (TypeError, ValueError):
            raise TypeError(f"power must be a number, got {power!r}.") from None
        if not (power == 0 or 1 <= power < np.inf):
            raise ValueError(f"power={power} is none of Tweedie's: choose 0 or >= 1.")
        return special[power]() if power in special else super().__new__(cls)

    def __init__(self, power=1.5):
        self.power = float(power)

    def __getnewargs__(self):
        return (self.power,)

    @property
    def convex(self):
        """Up to power 2."""
        return self.power <= 2

    def check_target(self, y):
        """Not negative; positive from power 2 on."""
        if self.power < 2:
            return super().check_target(y)
        refuse(y, ~(y > 0), self.name, f"of power {self.power:g} takes y > 0.")
        return y

    def _powers(self, y, eta):
        """``y mean^(1 - power)`` and ``mean^(2 - power)``"""
        with np.errstate(over="ignore", invalid="ignore"):
            a = np.where(y > 0, y * np.exp((1.0 - self.power) * eta), 0.0)
            return a, np.exp((2.0 - self.power) * eta)

    def value(self, y, eta):
        """Half the unit deviance."""
        p, positive = self.power, y > 0
        known = np.where(positive, y, 1.0)
        excess = eta - np.log(known)
        # without cancellation between large numbers
        with np.errstate(over="ignore", invalid="ignore"):
            value = np.expm1((2.0 - p) * excess) / (2.0 - p)
            value = value - np.expm1((1.0 - p) * excess) / (1.0 - p)
            value = known ** (2.0 - p) * np.where(np.isnan(value), np.inf, value)
            at_zero = np.exp((2.0 - p) * eta) / (2.0 - p)
        return np.maximum(np.where(positive, value, at_zero), 0.0)

    def residual(self, y, eta):
        """``(y - mean) / mean^(power - 1)``"""
        a, b = self._powers(y, eta)
        if self.power > 2:
            with np.errstate(over="ignore", invalid="ignore"):
                return b * np.expm1(np.log(y) - eta)
        return a - b

    def curvature(self, y, eta):
        """Second derivative; where that may be negative, at least its mean."""
        a, b = self._powers(y, eta)
        with np.errstate(invalid="ignore"):
            second = (self.power - 1.0) * a + (2.0 - self.power) * b
        return second if self.power <= 2 else np.fmax(second, b)

    def dual(self, y, theta):
        """Least value of ``value(eta) + theta eta``, where the slope of the loss is
        ``-theta``: bisection, then Newton steps."""
        if self.power > 2:
            return None
        y, theta = np.broadcast_arrays(y, theta)
        low, high = np.full(y.shape, -700.0), np.full(y.shape, 700.0)
        for _ in range(50):
            middle = 0.5 * (low + high)
            rising = theta >= self.residual(y, middle)
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        eta = 0.5 * (low + high)
        for _ in range(4):
            step = (self.residual(y, eta) - theta) / self.curvature(y, eta)
            eta = np.clip(eta + step, low - 1e-9, high + 1e-9)
        value = self.value(y, eta) + theta * eta
        outside = (y == 0) & (theta > 0)
        return np.where(outside, -np.inf, np.where((y == 0) & (theta == 0), 0.0, value))
