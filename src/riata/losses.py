"""Losses: one class each, with what the solver and the certificate need of it.

All values are weighted means over samples; `eta` is the linear predictor.
"""

import numpy as np

__all__ = ["Squared"]


class Squared:
    """Half the squared error, ``1/2 (y - eta)^2``.

    Examples
    --------
    >>> import numpy as np
    >>> Squared().value(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    1.0
    """

    name = "squared"

    def value(self, y, eta, sample_weight=None):
        """Weighted mean loss."""
        return 0.5 * float(np.average((y - eta) ** 2, weights=sample_weight))

    def residual(self, y, eta):
        """Minus the derivative with respect to eta, per sample."""
        return y - eta

    def dual(self, y, theta, sample_weight=None):
        """Minus the conjugate at ``-theta``, weighted mean: ``y t - t^2 / 2``."""
        return float(np.average(y * theta - 0.5 * theta**2, weights=sample_weight))

    def intercept_start(self, y, sample_weight=None):
        """Intercept of the model without features."""
        return float(np.average(y, weights=sample_weight))


def get_loss(loss):
    """The loss object of a name or of an object.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if isinstance(loss, Squared):
        return loss
    if loss == "squared":
        return Squared()
    raise ValueError(f"loss={loss!r} is unknown; choose 'squared'.")
