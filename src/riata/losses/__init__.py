"""Losses: one class in one file each, with what the solver and the certificate need.

A loss is a function of a sample's target and linear predictor; it knows neither features
nor penalties. `Loss` says how to write another.
"""

from ._base import Loss
from ._gamma import Gamma
from ._huber import Huber
from ._logistic import Logistic
from ._multinomial import Multinomial
from ._negative_binomial import NegativeBinomial
from ._poisson import Poisson
from ._squared import Squared
from ._squared_hinge import SquaredHinge
from ._tweedie import Tweedie

__all__ = [
    "Gamma", "Huber", "Logistic", "Loss", "Multinomial", "NegativeBinomial", "Poisson",
    "Squared", "SquaredHinge", "Tweedie", "get_loss",
]  # fmt: skip

_BY_NAME = {
    loss.name: loss
    for loss in (
        Squared, Logistic, Multinomial, Poisson, Gamma, Tweedie, NegativeBinomial, Huber,
        SquaredHinge,
    )
}


def get_loss(loss):
    """The loss object of a name, or the object itself.

    Parameters
    ----------
    loss : str or Loss
        A name means the loss with its default parameters.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor a loss.

    Examples
    --------
    >>> get_loss("huber")
    Huber(delta=1.35)
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        if loss in _BY_NAME:
            return _BY_NAME[loss]()
        names = ", ".join(map(repr, _BY_NAME))
        raise ValueError(f"loss={loss!r} is unknown; choose one of {names}.")
    raise TypeError(
        f"loss must be a name or an object of a class derived from riata.losses.Loss, "
        f"got {loss!r}."
    )
