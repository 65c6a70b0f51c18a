"""Small targets for every loss, for tests that hold for all of them."""

import numpy as np

from riata import losses

LOSSES = {
    "squared": "squared", "logistic": "logistic", "poisson": "poisson",
    "gamma": "gamma", "tweedie": "tweedie", "negative_binomial": "negative_binomial",
    "huber": "huber", "squared_hinge": "squared_hinge", "multinomial": "multinomial",
    "grouped": losses.Multinomial(grouped=True),
}


def target_of(name, eta, rng, constant=0.0):
    """A target for the loss of that name: classes, counts, positive or any numbers (about
    `constant`) that depend on linear predictors."""
    if name in ("logistic", "squared_hinge"):
        return (eta > rng.standard_normal(len(eta))).astype(float)
    if name in ("multinomial", "grouped"):
        return rng.integers(0, 3, len(eta))
    if name in ("poisson", "negative_binomial"):
        return rng.poisson(np.exp(eta)).astype(float)
    if name in ("gamma", "tweedie"):
        return np.exp(eta + 0.3 * rng.standard_normal(len(eta)))
    return constant + eta + rng.standard_normal(len(eta))
