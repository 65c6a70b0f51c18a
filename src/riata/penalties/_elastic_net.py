"""The elastic-net penalty, with penalty factors and bounds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class ElasticNet:
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
