"""AdaptiveLasso: penalty factors from an initial estimate, for one alpha."""

from typing import ClassVar

from .._path._checked import Data, checked_penalty
from .._path._samples import settings_of
from .._selection._adaptive import adaptive_factor, check_initial, check_power
from .._selection._relaxed import refuse_several
from .._validation import check_alpha, check_design, check_sample_weight
from ..losses import Logistic, get_loss
from ._base import GapTolerance
from ._glm import GeneralizedLinearModel
from ._parameters import or_none


class Adaptive:
    """Parameters of the initial estimate that the penalty factors come from.

    Parameters
    ----------
    initial : {"ridge", "lasso", "ols"} or array-like of shape (n_features,)
        The initial estimate, or its coefficients. What is zero in it is excluded.
    power : float
        Of the initial coefficients.
    initial_alpha : float
        Strength of the initial ridge or lasso; None chooses it by cross-validation.
    standardize : bool
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, and take the initial ones in these units.
    penalty_factor : float or array-like of shape (n_features,)
        Factors >= 0 beside those of the initial estimate.

    Attributes
    ----------
    initial_coef_ : ndarray of shape (n_features,)
        Coefficients of the initial estimate.
    penalty_factor_ : ndarray of shape (n_features,)
        The factors that follow from them.
    """

    _checks: ClassVar = {
        "initial": check_initial,
        "power": check_power,
        "initial_alpha": or_none(check_alpha),
    }

    def _initial(self):
        """Return the arguments of `adaptive_path` that describe the initial estimate."""
        return {name: getattr(self, name) for name in Adaptive._checks}


def regression_loss(loss, what):
    """Return the loss object of an estimator that predicts means."""
    loss = get_loss(loss)
    refuse_several(loss, what)
    if loss.classifies and not isinstance(loss, Logistic):
        raise ValueError(
            f"loss={loss.name!r} has no means to predict; use loss='logistic'."
        )
    return loss


class AdaptiveLasso(Adaptive, GapTolerance, GeneralizedLinearModel):
    r"""Lasso whose penalty factors come from an initial estimate, for any loss.

    Minimizes :math:`\frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i) + \alpha \sum_j |w_j| /
    |\hat w_j|^\gamma` with initial coefficients :math:`\hat w` and `power`
    :math:`\gamma`; see :func:`riata.adaptive_path`.

    Parameters
    ----------
    alpha : float
        Strength of the penalty, >= 0. Its scale depends on the initial coefficients.

    Attributes
    ----------
    initial_coef_, penalty_factor_, coef_, intercept_, sparse_coef_, loss_, dual_gap_
    relative_gap_, n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    AdaptiveLassoCV : Chooses `alpha` by cross-validation.
    riata.adaptive_path : The whole path.

    References
    ----------
    Zou (2006), doi:10.1198/016214506000000735.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import AdaptiveLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 8))
    >>> y = 3 * X[:, 0] + X[:, 1] + rng.standard_normal(100)
    >>> model = AdaptiveLasso(alpha=0.1, initial="ols").fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0, 1])
    """

    __module__ = "riata"

    l1_ratio, warm_start, time_limit = 1.0, False, None  # not parameters

    def __init__(
        self, alpha=0.1, *, loss="squared", initial="ridge", power=1.0,
        initial_alpha=None, fit_intercept=True, max_iter=1000, tol=1e-6,
        standardize=False, penalty_factor=None, lower=None, upper=None, n_threads=None,
    ):
        self._keep_parameters(locals())

    def _get_loss(self):
        return regression_loss(self.loss, "AdaptiveLasso")

    def _fit_options(self, data):
        options, attributes = super()._fit_options(data)
        rest = dict(options)
        bounds = [rest.pop(name) for name in ("penalty_factor", "lower", "upper")]
        settings = settings_of(rest)
        X = check_design(data.X)
        weight = check_sample_weight(data.sample_weight, X.n_samples)
        coef, factor = adaptive_factor(
            Data(X, options["loss"].check_target(data.y), weight, data.offset),
            checked_penalty(None, 1.0, *bounds, X.n_features),
            settings, **self._initial(), **rest,
        )
        found = {"initial_coef_": coef, "penalty_factor_": factor}
        return {**options, "penalty_factor": factor}, {**attributes, **found}
