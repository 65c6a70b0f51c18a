"""Tweedie losses."""

import numpy as np

from ._base import refuse
from ._gamma import Gamma
from ._poisson import Counts, Poisson
from ._squared import Squared


class Tweedie(Counts):
    """Tweedie loss: the variance is the mean to a power.

    Half the unit deviance. ``power`` 0 is the squared loss (with the identity as link),
    1 the Poisson and 2 the gamma loss; between 1 and 2 y may be zero, as sums of a few
    positive amounts are; 3 is the inverse Gaussian. No distribution belongs to powers
    between 0 and 1, but the loss is least at the mean there, too. Fits have a duality
    gap for powers from 1 to 2 with a log link, and for the squared loss. In general the
    others are not convex, and their fits have a KKT violation only.

    Parameters
    ----------
    power : float, default=1.5
    link : {"auto", "identity", "log"}, default="auto"
        "auto" is the identity for powers up to 0, and else the logarithm. Except for
        power 0 the mean has to be positive, also where it is the linear predictor
        itself: with the identity, a fit may end at the edge of what is possible.

    Raises
    ------
    ValueError, TypeError
        For a power that is no finite number, or another link.

    Examples
    --------
    >>> import numpy as np
    >>> Tweedie(1.5).value(np.array([1.0, 4.0]), np.array([0.0, np.log(4.0)]))
    array([0., 0.])
    >>> Tweedie(1)
    Poisson()
    >>> Tweedie(1, link="identity").value(np.array([2.0]), np.array([2.0, -1.0]))
    array([ 0., inf])
    """

    __module__ = "riata.losses"

    name = "tweedie"
    link = "auto"

    def __new__(cls, power=1.5, link="auto"):
        """The class that is meant."""
        try:
            power = float(power)
        except (TypeError, ValueError):
            raise TypeError(f"power must be a number, got {power!r}.") from None
        if not np.isfinite(power):
            raise ValueError(f"power={power} is none of Tweedie's: choose a finite one.")
        if link not in ("auto", "identity", "log"):
            raise ValueError(f"link={link!r} must be 'auto', 'identity' or 'log'.")
        if link in ("auto", _usual_link(power)) and power in SPECIAL:
            return SPECIAL[power]()
        return super().__new__(cls)

    def __init__(self, power=1.5, link="auto"):
        self.power = float(power)
        if link not in ("auto", _usual_link(self.power)):
            self.link = link

    def __getnewargs__(self):
        return (self.power, self.link)

    @property
    def identity(self):
        """Whether the linear predictor is the mean itself."""
        return (_usual_link(self.power) if self.link == "auto" else self.link) == "identity"

    @property
    def convex(self):
        """From power 1 to 2, with a log link."""
        return 1 <= self.power <= 2 and not self.identity

    def check_target(self, y):
        """Any for powers up to 0, not negative up to 2, positive from power 2 on."""
        of_power = f"of power {self.power:g} takes"
        if self.power >= 2:
            refuse(y, ~(y > 0), self.name, f"{of_power} y > 0.")
        elif self.power > 0:
            refuse(y, ~(y >= 0), self.name, f"{of_power} y >= 0.")
        return y

    def check_mean(self, mean):
        """Must be positive."""
        if self.power > 0:
            super().check_mean(mean)
        elif not mean > 0.0:
            raise ValueError(
                f"y has the mean {mean:g}, but the means of loss={self!r} are positive: no "
                "intercept fits. Pass fit_intercept=False, or another loss."
            )

    def check_predictor(self, eta):
        """With the identity, must be positive."""
        if self.identity and not (eta > 0).all():
            raise ValueError(
                f"the linear predictor of the model without features is {eta.min():g}, "
                f"but the means of loss={self!r} are positive. Pass fit_intercept=True, "
                "a positive offset, or link='log'."
            )

    def start(self, mean):
        """The mean, or its logarithm."""
        return float(mean) if self.identity else super().start(mean)

    def predict(self, eta):
        """The mean."""
        return eta if self.identity else super().predict(eta)

    def _log_mean(self, eta):
        """Logarithm of the mean; where that cannot be, of one next to nothing."""
        return np.log(np.maximum(eta, FLOOR)) if self.identity else eta

    def value(self, y, eta):
        """Half the unit deviance."""
        value = _deviance(self.power, y, self._log_mean(eta))
        return np.where(eta > 0, value, np.inf) if self.identity else value

    def residual(self, y, eta):
        """``(y - mean) / mean^(power - 1)``, by the mean with the identity."""
        log_mean = self._log_mean(eta)
        power = self.power + 1.0 if self.identity else self.power
        with np.errstate(over="ignore", invalid="ignore"):
            if self.power >= 1 and not self.identity and self.power <= 2:
                a, b = self._powers(y, log_mean)
                return a - b
            # without cancellation where y and the mean are close
            size = np.exp((2.0 - power) * log_mean)
            near = np.expm1(np.log(np.where(y > 0, y, 1.0)) - log_mean)
            found = np.where(y > 0, size * near, y * np.exp((1 - power) * log_mean) - size)
        # back to where the loss is finite
        return np.where(eta > 0, found, 1.0 / FLOOR) if self.identity else found

    def _powers(self, y, log_mean):
        """``y mean^(1 - power)`` and ``mean^(2 - power)``"""
        with np.errstate(over="ignore", invalid="ignore"):
            a = np.where(y != 0, y * np.exp((1.0 - self.power) * log_mean), 0.0)
            return a, np.exp((2.0 - self.power) * log_mean)

    def curvature(self, y, eta):
        """Second derivative; where that may be negative, at least its mean."""
        p, log_mean = self.power, self._log_mean(eta)
        a, b = self._powers(y, log_mean)
        with np.errstate(over="ignore", invalid="ignore"):
            if not self.identity:
                second = (p - 1.0) * a + (2.0 - p) * b
                return second if self.convex else np.fmax(second, b)
            square = np.exp(2.0 * log_mean)
            return np.fmax((p * a + (1.0 - p) * b) / square, b / square)

    def dual(self, y, theta):
        """Least value of ``value(eta) + theta eta``, where the slope of the loss is
        ``-theta``: bisection, then Newton steps."""
        if not self.convex:
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


SPECIAL = {0.0: Squared, 1.0: Poisson, 2.0: Gamma}  # with the usual link
FLOOR = 1e-30  # of means, where their logarithm is taken


def _usual_link(power):
    return "identity" if power <= 0 else "log"


def _deviance(power, y, log_mean):
    """Half the unit deviance at a mean; up to power 0, without a term in negative y."""
    with np.errstate(over="ignore", invalid="ignore"):
        if power == 0:
            return 0.5 * (y - np.exp(log_mean)) ** 2
        if power == 1:
            return Poisson().value(y, log_mean)
        if power == 2:
            return Gamma().value(y, log_mean)
        positive = y > 0
        known = np.where(positive, y, 1.0)
        excess = log_mean - np.log(known)
        # without cancellation between large numbers
        value = np.expm1((2.0 - power) * excess) / (2.0 - power)
        value = value - np.expm1((1.0 - power) * excess) / (1.0 - power)
        value = known ** (2.0 - power) * np.where(np.isnan(value), np.inf, value)
        other = np.exp((2.0 - power) * log_mean) / (2.0 - power)
        if power < 1:
            other = other - np.minimum(y, 0.0) * np.exp((1.0 - power) * log_mean) / (
                1.0 - power
            )
    return np.maximum(np.where(positive, value, other), 0.0)
