"""Rows of coefficients over several outputs, zero or not as a whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._base import Penalty


@dataclass(frozen=True, eq=False)
class RowGroup(Penalty):
    """The group penalty on the coefficients of a feature for all outputs.

    ``sum_j v_j (l1_ratio ||W_j|| + (1 - l1_ratio) / 2 ||W_j||^2)``, where W_j holds the
    coefficients of feature j for all outputs (the targets of the squared loss, or the
    classes of a multinomial model): a feature is selected for all of them or for none.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default=1.0
        Share of the norms.
    penalty_factor : float or array-like of shape (n_features,), optional
        ``v``: 0 leaves a feature unpenalised, inf excludes it.

    References
    ----------
    Yuan & Lin (2006), doi:10.1111/j.1467-9868.2005.00532.x.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import RowGroup
    >>> X = np.repeat(np.eye(3), 5, axis=0)
    >>> y = np.repeat([0, 1, 2], 5)
    >>> path = fit_path(X, y, loss="multinomial", penalty=RowGroup(), alphas=[0.01])
    >>> path.coefs[:, :, 0].any(axis=0)  # classes x features
    array([ True,  True,  True])
    """

    __module__ = "riata.penalties"

    l1_ratio: float = 1.0
    penalty_factor: Any = None

    def options(self):
        """Rows, for which there are compiled kernels."""
        return {"l1_ratio": self.l1_ratio, "rows": self}

    def value(self, w, alpha):
        """Of each row: the last axis of w holds the outputs."""
        size = np.linalg.norm(w, axis=-1)
        return alpha * (self.l1_ratio * size + 0.5 * (1.0 - self.l1_ratio) * size**2)

    def prox(self, u, curvature, alpha):
        """The same rows, shrunk."""
        size = np.linalg.norm(u, axis=-1)
        left = np.maximum(size - alpha * self.l1_ratio, 0.0)
        share = np.divide(left, size, out=np.zeros_like(left), where=size > 0.0)
        return u * (share / (curvature + alpha * (1.0 - self.l1_ratio)))[..., None]

    def dual_norm(self, c):
        """Infinite for a row that only an L2 penalty holds."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.linalg.norm(c, axis=-1) / self.l1_ratio, posinf=np.inf)

    def violation(self, c, w, alpha):
        """Of each row."""
        alpha = np.asarray(alpha, dtype=float)
        l1, l2 = alpha * self.l1_ratio, alpha * (1.0 - self.l1_ratio)
        z, size = c - l2[..., None] * w, np.linalg.norm(w, axis=-1)
        slope = np.divide(l1, size, out=np.zeros(size.shape), where=size > 0.0)
        at_zero = np.maximum(np.linalg.norm(z, axis=-1) - l1, 0.0)
        elsewhere = np.linalg.norm(z - slope[..., None] * w, axis=-1)
        return np.where(size == 0.0, at_zero, elsewhere)

    def gap_terms(self, c, w, alpha, kappa):
        """Of each row."""
        alpha = np.asarray(alpha, dtype=float)
        l1, l2 = alpha * self.l1_ratio, alpha * (1.0 - self.l1_ratio)
        excess = np.maximum(kappa * np.linalg.norm(c, axis=-1) - l1, 0.0)
        l2 = np.broadcast_to(l2, excess.shape)  # (without it the excess is rounding)
        square = 0.5 * excess**2
        conjugate = np.divide(square, l2, out=np.zeros(square.shape), where=l2 > 0.0)
        return self.value(w, alpha) + conjugate - kappa * (c * w).sum(axis=-1)
