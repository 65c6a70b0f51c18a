"""Squared hinge loss."""

import numpy as np

from ._base import Loss
from ._logistic import Logistic


class SquaredHinge(Loss):
    """Half the squared hinge, ``1/2 max(0, 1 - y eta)^2`` with y = -1 or 1.

    `y` holds 0 and 1, or -1 and 1. A linear support-vector machine.

    Examples
    --------
    >>> import numpy as np
    >>> SquaredHinge().value(np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    array([0.5, 0. ])
    """

    __module__ = "riata.losses"

    name = "squared_hinge"
    classifies = True
    kernel = "squared_hinge"

    def check_target(self, y):
        """Labels as 0 and 1."""
        values = set(np.unique(y).tolist())
        if not (values <= {0.0, 1.0} or values <= {-1.0, 1.0}):
            at = int(np.flatnonzero(~np.isin(y, (0.0, 1.0)))[0])
            raise ValueError(
                f"y[{at}] is {y[at]}, but loss={self.name!r} takes labels 0 and 1, or "
                "-1 and 1. GeneralizedLinearClassifier takes any labels."
            )
        return (y > 0).astype(float)

    check_mean = Logistic.check_mean

    def value(self, y, eta):
        """Half the squared hinge."""
        return 0.5 * np.maximum(1.0 - (2.0 * y - 1.0) * eta, 0.0) ** 2

    def residual(self, y, eta):
        """``y max(0, 1 - y eta)``"""
        sign = 2.0 * y - 1.0
        return sign * np.maximum(1.0 - sign * eta, 0.0)

    def curvature(self, y, eta):
        """1 where the hinge is open."""
        return ((2.0 * y - 1.0) * eta < 1.0).astype(float)

    def dual(self, y, theta):
        """``y t - t^2 / 2`` for ``y t >= 0``"""
        sign = 2.0 * y - 1.0
        value = sign * theta - 0.5 * theta**2
        return np.where(sign * theta >= 0.0, value, -np.inf)

    def start(self, mean):
        """Where both classes pull equally."""
        return 2.0 * mean - 1.0

    def predict(self, eta):
        """Whether the predictor is positive: there are no probabilities."""
        return np.where(eta > 0, 1.0, 0.0)
