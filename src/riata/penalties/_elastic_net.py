"""The elastic-net penalty, with penalty factors and bounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._base import Penalty


@dataclass(frozen=True, eq=False)
class ElasticNet(Penalty):
    """The elastic-net penalty, with factors and bounds.

    ``sum_j v_j (l1_ratio |w_j| + (1 - l1_ratio) / 2 w_j^2)`` for
    ``lower_j <= w_j <= upper_j``. It covers the lasso (``l1_ratio=1``), ridge
    (``l1_ratio=0``), the adaptive and the non-negative lasso.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default=1.0
        Share of the L1 part.
    penalty_factor : float or array-like of shape (n_features,), optional
        ``v``: 0 leaves a coefficient unpenalised, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients, with ``lower <= 0 <= upper``.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import ElasticNet
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    >>> path = fit_path(X, [0.0, 1.0, 2.0], penalty=ElasticNet(0.5, lower=0.0))
    >>> bool((path.coef.toarray() >= 0).all())
    True
    """

    __module__ = "riata.penalties"

    l1_ratio: float = 1.0
    penalty_factor: Any = None
    lower: Any = None
    upper: Any = None

    def options(self):
        """Its parts, for which there are compiled kernels."""
        return {"l1_ratio": self.l1_ratio, "lower": self.lower, "upper": self.upper}

    # The compiled solvers have the same in C; this is their slow twin. Bounds and factors,
    # which differ between coefficients, are theirs.

    def value(self, w, alpha):
        """``alpha (l1_ratio |w| + (1 - l1_ratio) / 2 w^2)``."""
        w = np.asarray(w)
        return alpha * (self.l1_ratio * np.abs(w) + 0.5 * (1.0 - self.l1_ratio) * w**2)

    def prox(self, u, curvature, alpha):
        """Soft thresholding, then shrinkage."""
        left = np.maximum(np.abs(u) - alpha * self.l1_ratio, 0.0)
        return np.sign(u) * left / (curvature + alpha * (1.0 - self.l1_ratio))

    def dual_norm(self, c):
        """Infinite where only an L2 penalty holds a coefficient."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.abs(c) / self.l1_ratio, posinf=np.inf)

    def violation(self, c, w, alpha):
        """Distance of ``c - l2 w`` to the interval, or the point, of the L1 part."""
        l1, l2 = alpha * self.l1_ratio, alpha * (1.0 - self.l1_ratio)
        z = c - l2 * w
        at_zero = np.maximum(np.abs(z) - l1, 0.0)
        return np.where(w == 0.0, at_zero, np.abs(z - l1 * np.sign(w)))

    def gap_terms(self, c, w, alpha, kappa):
        """With the conjugate ``(|c| - l1)_+^2 / (2 l2)``."""
        l1, l2 = alpha * self.l1_ratio, alpha * (1.0 - self.l1_ratio)
        excess = np.maximum(np.abs(kappa * c) - l1, 0.0)
        l2 = np.broadcast_to(l2, excess.shape)  # (without it the excess is rounding)
        square = 0.5 * excess**2
        conjugate = np.divide(square, l2, out=np.zeros(square.shape), where=l2 > 0.0)
        return self.value(w, alpha) + conjugate - kappa * c * w
