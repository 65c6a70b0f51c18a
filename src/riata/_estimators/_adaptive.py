"""AdaptiveLasso: penalty factors from an initial estimate, for one alpha."""

from typing import ClassVar

import numpy as np

from .._path._checked import Data, checked_penalty
from .._path._samples import Samples, settings_of, solve_path
from .._selection._adaptive import adaptive_factor, check_initial, check_power
from .._selection._relaxed import refuse_several
from .._validation import (
    check_alpha,
    check_design,
    check_sample_weight,
    validate_estimator_input,
)
from ..losses import Logistic, get_loss
from ._base import Fit, fitted_attributes, or_none, warn_not_converged
from ._glm import OPTION_CHECKS, GeneralizedLinearModel

CHECKS = {
    name: check for name, check in OPTION_CHECKS.items() if name != "time_limit"
}
ADAPTIVE_CHECKS = {
    "initial": check_initial,
    "power": check_power,
    "initial_alpha": or_none(check_alpha),
}


def regression_loss(loss, what):
    """Return the loss object of an estimator that predicts means."""
    loss = get_loss(loss)
    refuse_several(loss, what)
    if loss.classifies and not isinstance(loss, Logistic):
        raise ValueError(
            f"loss={loss.name!r} has no means to predict; use loss='logistic'."
        )
    return loss


def core_arguments(data, options, deadline=np.inf):
    """Return samples and options of an estimator as the functional core wants them.

    Parameters
    ----------
    data : Samples
    options : dict
        As from ``LinearModel._path_options``.
    deadline : float
        On the clock of ``time.monotonic``.

    Returns
    -------
    data : Data
    penalty : dict
    settings : Settings
    options : dict
        What is left: ``loss``, ``fit_intercept``, ``standardize``, ``n_threads``.
    """
    options = dict(options)
    bounds = options.pop("penalty_factor"), options.pop("lower"), options.pop("upper")
    settings = settings_of(options, deadline)
    X = check_design(data.X)
    weight = check_sample_weight(data.sample_weight, X.n_samples)
    penalty = checked_penalty(None, 1.0, *bounds, X.n_features)
    return Data(X, data.y, weight, data.offset), penalty, settings, options


def adaptive_options(data, options, initial, initial_alpha, power, deadline=np.inf):
    """Return the initial coefficients, and the options with factors from them.

    Parameters
    ----------
    data : Samples
    options : dict
        As from ``LinearModel._path_options``.
    initial, initial_alpha, power
        As of `adaptive_path`.
    deadline : float
        Of the initial estimate, on the clock of ``time.monotonic``.

    Returns
    -------
    coef : ndarray of shape (n_features,)
    options : dict
    """
    core, penalty, settings, rest = core_arguments(data, options, deadline)
    coef, factor = adaptive_factor(
        core, penalty, settings, initial, initial_alpha, power, **rest
    )
    return coef, {**options, "penalty_factor": factor}


class AdaptiveLasso(GeneralizedLinearModel):
    r"""Lasso whose penalty factors come from an initial estimate, for any loss.

    Minimizes :math:`\frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i) + \alpha \sum_j |w_j| /
    |\hat w_j|^\gamma` with initial coefficients :math:`\hat w` and `power`
    :math:`\gamma`; see :func:`riata.adaptive_path`.

    Parameters
    ----------
    alpha : float, default=0.1
        Strength of the penalty, >= 0. Its scale depends on the initial coefficients.
    loss : str or riata.losses.Loss, default="squared"
        "squared", "logistic" (for 0 and 1, or shares), "poisson", "gamma", "tweedie",
        "negative_binomial", "huber", or an object of :mod:`riata.losses`.
    initial : {"ridge", "lasso", "ols"} or array-like of shape (n_features,), \
            default="ridge"
        The initial estimate, or its coefficients. What is zero in it is excluded.
    power : float, default=1.0
        Of the initial coefficients.
    initial_alpha : float, default=None
        Strength of the initial ridge or lasso; None chooses it by cross-validation.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    max_iter : int, default=1000
        Largest number of outer iterations. None means the default.
    tol : float, default=1e-6
        A fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, and take the initial ones in these units.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factors >= 0 beside those of the initial estimate.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads. None lets riata decide.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    initial_coef_ : ndarray of shape (n_features,)
        Coefficients of the initial estimate.
    penalty_factor_ : ndarray of shape (n_features,)
        The factors that follow from them.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations.
    status_ : Status
        How the solver ended: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

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

    _gap_rule = "tol"
    _parameter_checks: ClassVar = {"alpha": check_alpha, **ADAPTIVE_CHECKS, **CHECKS}

    def __init__(
        self,
        alpha=0.1,
        *,
        loss="squared",
        initial="ridge",
        power=1.0,
        initial_alpha=None,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
    ):
        self.alpha = alpha
        self.loss = loss
        self.initial = initial
        self.power = power
        self.initial_alpha = initial_alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads

    def _gap_tolerance(self):
        return self.tol

    def _get_loss(self):
        return regression_loss(self.loss, "AdaptiveLasso")

    def _fit_alpha(self, X, y, sample_weight, offset):
        self._check_params()
        if isinstance(sample_weight, float | int):
            sample_weight = None
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        options = self._path_options()
        data = Samples(*data)
        data = data._replace(y=options["loss"].check_target(data.y))
        initial, options = adaptive_options(
            data, options, self.initial, self.initial_alpha, self.power
        )
        path = solve_path(data, np.array([float(self.alpha)]), l1_ratio=1.0, **options)
        fits = [Fit.from_path(path, 0)]
        warn_not_converged(self, fits, "targets", stacklevel=3)
        self._set_fitted(
            initial_coef_=initial,
            penalty_factor_=options["penalty_factor"],
            **fitted_attributes(fits, data.y, data.X.dtype, self.fit_intercept),
            **self._extra_attributes(options),
            **features,
        )
        return self


