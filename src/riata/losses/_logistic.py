"""Logistic loss."""

import numpy as np

from ._base import CERTAIN, Loss, refuse, xlogy


class Logistic(Loss):
    """Logistic loss, ``log(1 + exp(eta)) - y eta`` (less its least value).

    `y` holds 0 and 1, or -1 and 1; or shares of successes between 0 and 1, with the
    numbers of trials as sample weights.

    Examples
    --------
    >>> import numpy as np
    >>> Logistic().value(np.array([0.0, 1.0]), np.array([0.0, 0.0])).round(4)
    array([0.6931, 0.6931])
    """

    __module__ = "riata.losses"

    name = "logistic"
    fixed_dispersion = True
    classifies = True
    kernel = "logistic"

    def check_target(self, y):
        """Labels as 0 and 1."""
        if (y == -1).any() and np.isin(y, (-1.0, 1.0)).all():
            return 0.5 * (y + 1.0)
        refuse(y, ~((y >= 0) & (y <= 1)), self.name,
               "takes labels 0 and 1, or -1 and 1 (or shares between 0 and 1). "
               "LogisticRegression takes any labels.")
        return y

    def check_mean(self, mean):
        """Two classes are needed."""
        if not 0.0 < mean < 1.0:
            raise ValueError(
                f"y holds one class only ({mean:g}): "
                f"loss={self.name!r} with an intercept needs both. Pass "
                "fit_intercept=False, or samples of the other class."
            )

    def value(self, y, eta):
        """Log loss, without cancellation on either side."""
        size = np.abs(eta)
        wrong_way = y * np.maximum(-eta, 0.0) + (1.0 - y) * np.maximum(eta, 0.0)
        least = -xlogy(y, y) - xlogy(1.0 - y, 1.0 - y)
        return np.log1p(np.exp(-size)) + wrong_way - least

    def residual(self, y, eta):
        """``y - p`` with p the probability, without cancellation where that is near a
        class."""
        small = np.exp(-np.abs(eta))
        other = 1.0 - y
        return np.where(eta >= 0, y * small - other, y - other * small) / (1.0 + small)

    def curvature(self, y, eta):
        """``p (1 - p)``, which is never zero."""
        small = np.exp(-np.minimum(np.abs(eta), 700.0))
        return small / (1.0 + small) ** 2

    def least(self, y, weights):
        """The entropy of shares."""
        if not ((y > 0.0) & (y < 1.0)).any():
            return 0.0
        least = -xlogy(y, y) - xlogy(1.0 - y, 1.0 - y)
        return float(least.sum() if weights is None else weights @ least)

    def dual(self, y, theta):
        """Entropy of ``y - t`` less that of y."""
        p = y - theta
        inside = (p >= 0.0) & (p <= 1.0)
        p = np.clip(p, 0.0, 1.0)
        value = xlogy(y, y) + xlogy(1.0 - y, 1.0 - y)
        value = value - xlogy(p, p) - xlogy(1.0 - p, 1.0 - p)
        return np.where(inside, value, -np.inf)

    def recession(self, y):
        """Towards the label."""
        return (y == 1.0) * 1.0 - (y == 0.0)

    def start(self, mean):
        """Log-odds; of a single class, those at which the other class has a probability
        below rounding."""
        if mean in (0.0, 1.0):
            return CERTAIN if mean else -CERTAIN
        return float(np.log(mean / (1.0 - mean)))

    def predict(self, eta):
        """Probability of a success."""
        small = np.exp(-np.abs(eta))
        return np.where(eta >= 0, 1.0, small) / (1.0 + small)
