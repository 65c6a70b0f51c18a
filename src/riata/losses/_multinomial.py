"""Multinomial loss."""

import warnings

import numpy as np

from ._base import Loss, refuse, xlogy


class Multinomial(Loss):
    """Multinomial logistic loss, ``log sum_k exp(eta_k) - eta_y``: several classes.

    There is one linear predictor for each class, and no class of reference: the model
    has one set of coefficients more than it needs, between which the penalty decides.
    `y` holds 0, 1, ..., n_classes - 1. The methods take the classes as indicators, `y`
    and `eta` of shape (n_samples, n_classes).

    Parameters
    ----------
    grouped : bool, default=False
        Deprecated: the penalty is no part of the loss. Pass
        ``penalty=riata.penalties.RowGroup()`` to select features for all classes or for
        none.

    Examples
    --------
    >>> import numpy as np
    >>> Multinomial().value(np.eye(3), np.zeros((3, 3))).round(4)
    array([1.0986, 1.0986, 1.0986])
    """

    __module__ = "riata.losses"

    name = "multinomial"
    fixed_dispersion = True
    classifies = True
    many_outputs = True

    def __init__(self, grouped=False):
        if not isinstance(grouped, (bool, np.bool_)):
            raise TypeError(f"grouped must be True or False, got {grouped!r}.")
        self.grouped = bool(grouped)
        if self.grouped:
            warnings.warn(
                "Multinomial(grouped=True) is deprecated; use loss='multinomial' with "
                "penalty=riata.penalties.RowGroup(l1_ratio=..., penalty_factor=...).",
                FutureWarning,
                stacklevel=2,
            )

    def check_target(self, y):
        """Class numbers."""
        refuse(y, ~((y >= 0) & (y == np.floor(y))), self.name,
               "takes the numbers of classes, 0, 1, ... LogisticRegression takes any "
               "labels.")
        present = np.unique(y)
        if len(present) != present[-1] + 1 or len(present) < 2:
            gaps = np.flatnonzero(present != np.arange(len(present)))
            missing = gaps[0] if len(gaps) else len(present)
            raise ValueError(
                f"y holds no sample of class {missing}: loss={self.name!r} takes "
                "classes numbered 0, 1, ... without gaps, two at least."
            )
        return y

    def value(self, y, eta):
        """Loss of each sample, summed over the classes."""
        top = eta.max(axis=1, keepdims=True)
        total = np.log(np.exp(eta - top).sum(axis=1)) + top[:, 0]
        return total - (y * eta).sum(axis=1)

    def residual(self, y, eta):
        """``y - p`` for each class."""
        return y - self.predict(eta)

    def curvature(self, y, eta):
        """``p (1 - p)`` for each class: the diagonal."""
        p = self.predict(eta)
        return p * (1.0 - p)

    def dual(self, y, theta):
        """Entropy of ``y - t``, if that is a distribution."""
        u = y - theta
        inside = (u >= 0.0).all(axis=1) & (np.abs(u.sum(axis=1) - 1.0) <= 1e-12)
        u = np.maximum(u, 0.0)
        return np.where(inside, -xlogy(u, u).sum(axis=1), -np.inf)

    def predict(self, eta):
        """Probability of each class."""
        odds = np.exp(eta - eta.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
