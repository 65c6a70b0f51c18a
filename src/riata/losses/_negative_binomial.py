"""Negative binomial loss."""

import math

import numpy as np

from ._base import xlogy
from ._poisson import Counts


class NegativeBinomial(Counts):
    """Negative binomial loss with a log link, for counts that vary more than Poisson's.

    The variance is ``mean + dispersion * mean^2`` (NB2, with the size ``1 /
    dispersion``). `y` >= 0.

    Parameters
    ----------
    dispersion : float, default=1.0
        Positive; towards 0 the loss becomes Poisson's.

    Examples
    --------
    >>> import numpy as np
    >>> loss = NegativeBinomial(0.5)
    >>> loss.value(np.array([2.0]), np.array([np.log(2.0)])).round(12) + 0.0
    array([0.])
    """

    __module__ = "riata.losses"

    name = "negative_binomial"
    fixed_dispersion = True

    def __init__(self, dispersion=1.0):
        if not (isinstance(dispersion, (int, float)) and 0 < dispersion < math.inf):
            raise ValueError(f"dispersion must be a positive number, got {dispersion!r}.")
        self.dispersion = float(dispersion)

    def _share(self, eta, sign=1.0):
        """``a mean / (1 + a mean)``, a the dispersion; of ``-eta`` and -1, the rest."""
        odds = eta + sign * math.log(self.dispersion)
        small = np.exp(-np.abs(odds))
        return np.where(odds >= 0, 1.0, small) / (1.0 + small)

    def value(self, y, eta):
        """Half the unit deviance."""
        a = self.dispersion
        known = np.where(y > 0, y, 1.0)
        excess = eta - np.log(known)  # of log mean over log y
        share = a * known / (1.0 + a * known)
        # log((1 + a mean) / (1 + a y)), without cancellation between large numbers
        near = np.log1p(share * np.expm1(np.clip(excess, -0.5, 0.5)))
        wide = np.logaddexp(-np.log1p(a * known), np.log(share) + excess)
        ratio = np.where(np.abs(excess) < 0.5, near, wide)
        at_zero = np.logaddexp(0.0, eta + math.log(a)) / a
        value = (y + 1.0 / a) * ratio - y * excess
        # both terms are nearly equal where a y is large; with the rest of the share
        rest = np.minimum(1.0 / (1.0 + a * known), 0.5)
        near = np.log1p(rest * np.expm1(-np.clip(excess, -0.5, 0.5)))
        wide = np.logaddexp(np.log1p(-rest), np.log(rest) - excess)
        large = rest * excess + np.where(np.abs(excess) < 0.5, near, wide)
        value = np.where(share > 0.5, (y + 1.0 / a) * large, value)
        return np.maximum(np.where(y > 0, value, at_zero), 0.0)

    def residual(self, y, eta):
        """``(y - mean) / (1 + a mean)``"""
        share, known = self._share(eta), np.where(y > 0, y, 1.0)
        excess = eta - np.log(known)  # of log mean over log y
        # y is too large to be added to anything
        below = -known * np.expm1(np.minimum(excess, 0.0)) * self._share(-eta, -1.0)
        above = np.expm1(-np.maximum(excess, 0.0)) * share / self.dispersion
        at_zero = -share / self.dispersion
        return np.where(y > 0, np.where(excess < 0, below, above), at_zero)

    def curvature(self, y, eta):
        """``(1 + a y) mean / (1 + a mean)^2``"""
        rest = self._share(-eta, -1.0)  # 1 - share would cancel for large means
        return (y + 1.0 / self.dispersion) * self._share(eta) * rest

    def dual(self, y, theta):
        """``(y + 1/a)`` times the entropy of ``u = (y - t) / (y + 1/a)``, less the same
        at t = 0, and ``-t log a``."""
        a = self.dispersion
        number = y + 1.0 / a
        u = (y - theta) / number
        inside = (u >= 0.0) & (u <= 1.0)
        u = np.clip(u, 0.0, 1.0)
        least = number * np.log1p(a * y) - xlogy(y, a * y)
        value = number * (-xlogy(u, u) - xlogy(1.0 - u, 1.0 - u))
        value = value - theta * math.log(a) - least
        return np.where(inside, value, -np.inf)
