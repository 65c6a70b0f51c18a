"""The referee's losses, in plain NumPy: as simple as their formulas.

Every loss has its minimum over the predictor ``eta`` at zero: half the unit deviance,
or the usual log loss. ``eta`` has the shape (n_samples, n_alphas, n_classes), with one
"class" for all but the multinomial loss, and a target is of the shape that ``target``
gives it. What the gap needs of a loss f is

- ``value``: f(eta), summed over classes or as a last axis of length one,
- ``residual``: r = -f'(eta), and ``curvature``: f''(eta), the intercept's Newton step,
- ``dual``: -f*(-t), that is the minimum over eta of f(eta) + t eta. It is finite for
  t = kappa r with any kappa in [0, 1].
"""

import numpy as np
from scipy.special import entr, logsumexp, softmax, xlogy

HUBER_DELTA = 1.35
TWEEDIE_POWER = 1.5  # has a conjugate in closed form


class Loss:
    """What most losses share."""

    longest_step = 1.0  # of the intercept in one Newton step

    def target(self, y):
        """Return y in the shape (n_samples, 1, n_classes)."""
        return y[:, None, None]

    def hessian(self, s, y, eta):
        """Return the intercepts' (n_alphas, n_classes, n_classes) Hessian."""
        return np.sum(s * self.curvature(y, eta), axis=0)[..., None]

    def multiple(self, s, y, r, ridge):
        """Return the kappa to be tried where constraints allow it."""
        return 1.0


class Squared(Loss):
    """Half the squared error."""

    longest_step = np.inf

    def value(self, y, eta):
        return 0.5 * (y - eta) ** 2

    def residual(self, y, eta):
        return y - eta

    def curvature(self, y, eta):
        return np.ones_like(eta)

    def dual(self, y, t):
        return y * t - 0.5 * t**2

    def multiple(self, s, y, r, ridge):
        """The best one; ridge is the sum of l2 w^2 that the dual subtracts with r."""
        with np.errstate(divide="ignore", invalid="ignore"):
            best = _total(s * r * y) / (_total(s * r**2) + ridge)
        return np.nan_to_num(best)


class Huber(Loss):
    """Squared within HUBER_DELTA of the target, linear beyond."""

    def value(self, y, eta):
        far = np.maximum(np.abs(y - eta) - HUBER_DELTA, 0.0)
        return 0.5 * ((y - eta) ** 2 - far**2)

    def residual(self, y, eta):
        return np.clip(y - eta, -HUBER_DELTA, HUBER_DELTA)

    def curvature(self, y, eta):
        return (np.abs(y - eta) <= HUBER_DELTA).astype(float)

    def dual(self, y, t):
        return y * t - 0.5 * t**2


class Logistic(Loss):
    """Log loss, y in {0, 1}."""

    def value(self, y, eta):
        return np.logaddexp(0.0, eta) - y * eta

    def residual(self, y, eta):
        return y - 0.5 * (1.0 + np.tanh(0.5 * eta))

    def curvature(self, y, eta):
        return 0.25 * (1.0 - np.tanh(0.5 * eta) ** 2)

    def dual(self, y, t):
        p = np.clip(y - t, 0.0, 1.0)
        return entr(p) + entr(1.0 - p)


class Multinomial(Loss):
    """Log loss, y in {0, 1, ...}: one predictor for each class."""

    def target(self, y):
        return (y[:, None, None] == np.arange(y.max() + 1)).astype(float)

    def value(self, y, eta):
        return logsumexp(eta, axis=2, keepdims=True) - _total_of_classes(y * eta)

    def residual(self, y, eta):
        return y - softmax(eta, axis=2)

    def hessian(self, s, y, eta):
        p = softmax(eta, axis=2)
        diagonal = np.sum(s * p, axis=0)[..., None] * np.eye(eta.shape[2])
        return diagonal - np.einsum("iak,ial->akl", s * p, p)

    def dual(self, y, t):
        return entr(np.clip(y - t, 0.0, 1.0))


class Poisson(Loss):
    """Half the Poisson deviance, log link."""

    def value(self, y, eta):
        return np.exp(eta) - y * eta + xlogy(y, y) - y

    def residual(self, y, eta):
        return y - np.exp(eta)

    def curvature(self, y, eta):
        return np.exp(eta)

    def dual(self, y, t):
        mu = np.maximum(y - t, 0.0)
        return xlogy(y, y) - xlogy(mu, mu) - t


class Gamma(Loss):
    """Half the Gamma deviance, log link."""

    def value(self, y, eta):
        return eta - np.log(y) + y * np.exp(-eta) - 1.0

    def residual(self, y, eta):
        return y * np.exp(-eta) - 1.0

    def curvature(self, y, eta):
        return y * np.exp(-eta)

    def dual(self, y, t):
        ratio = np.maximum(1.0 + t, 0.0)  # y / mu
        return xlogy(ratio, y) - xlogy(ratio, ratio) + t - np.log(y)


class Tweedie(Loss):
    """Half the Tweedie deviance of power 3/2, log link; below, v is sqrt(mu)."""

    def value(self, y, eta):
        v = np.exp(0.5 * eta)
        return 2.0 * y / v + 2.0 * v - 4.0 * np.sqrt(y)

    def residual(self, y, eta):
        v = np.exp(0.5 * eta)
        return y / v - v

    def curvature(self, y, eta):
        v = np.exp(0.5 * eta)
        return 0.5 * (y / v + v)

    def dual(self, y, t):
        # v^2 + t v = y where f(eta) + t eta is least, and y / v = v + t
        root = np.sqrt(t**2 + 4.0 * y)
        with np.errstate(divide="ignore", invalid="ignore"):
            v = np.where(t > 0, 2.0 * y / (root + t), 0.5 * (root - t))
            return 4.0 * v + 2.0 * t - 4.0 * np.sqrt(y) + 2.0 * xlogy(t, v)


LOSSES = {
    "squared": Squared(),
    "huber": Huber(),
    "logistic": Logistic(),
    "multinomial": Multinomial(),
    "poisson": Poisson(),
    "gamma": Gamma(),
    "tweedie": Tweedie(),
}


def _total(a):
    """Sum over samples and classes."""
    return np.sum(a, axis=(0, 2))


def _total_of_classes(a):
    return np.sum(a, axis=2, keepdims=True)
