"""Poisson loss."""

import numpy as np

from ._base import Loss, refuse, xlogy


class LogLink(Loss):
    """What losses of a positive mean ``exp(eta)`` share."""

    def start(self, mean):
        """Logarithm of the mean."""
        return float(np.log(mean))

    def predict(self, eta):
        """``exp(eta)``"""
        with np.errstate(over="ignore"):
            return np.exp(eta)


class Counts(LogLink):
    """What losses of counts share: y may be 0, but not all of it."""

    def check_target(self, y):
        """Not negative; not necessarily whole numbers."""
        refuse(y, ~(y >= 0), self.name, "takes y >= 0.")
        return y

    def check_mean(self, mean):
        """Something must have been counted."""
        if not mean > 0.0:
            raise ValueError(
                f"y is zero wherever its weight is not: with loss={self.name!r} the "
                "intercept would be minus infinity. Pass fit_intercept=False, or more "
                "samples."
            )

    def recession(self, y):
        """Towards a mean of 0 where nothing was counted."""
        return np.where(y > 0, 0.0, -1.0)


class Poisson(Counts):
    """Poisson loss with a log link, ``exp(eta) - y eta`` (less its least value).

    `y` >= 0. Exposures are an offset, their logarithm; or y is counts by exposure and
    the exposures are sample weights, which comes to the same.

    Examples
    --------
    >>> import numpy as np
    >>> Poisson().value(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    array([1., 0.])
    """

    __module__ = "riata.losses"

    name = "poisson"
    fixed_dispersion = True
    kernel = "poisson"

    def value(self, y, eta):
        """Half the unit deviance."""
        # without cancellation between large numbers
        excess = eta - np.log(np.where(y > 0, y, 1.0))
        with np.errstate(over="ignore"):
            value = np.where(y > 0, y, 1.0) * (np.expm1(excess) - excess)
        return np.where(y > 0, value, self.predict(eta))

    def residual(self, y, eta):
        """``y - mean``"""
        return y - self.predict(eta)

    def curvature(self, y, eta):
        """The mean."""
        return self.predict(eta) + 0.0 * y

    def dual(self, y, theta):
        """``u - u log u`` with ``u = y - t``, less its value at t = 0."""
        u = y - theta
        value = np.maximum(u, 0.0) - xlogy(u, u) - (y - xlogy(y, y))
        return np.where(u >= 0.0, value, -np.inf)
