"""Regression with any loss: what such estimators share, and the general one."""

from typing import ClassVar

import numpy as np

from .._path import _fit as _path
from .._path._checked import Data, checked_problem
from .._validation import (
    check_alpha,
    check_bool,
    check_l1_ratio,
    check_offset,
    check_sample_weight,
    check_target,
)
from ..losses import Logistic, get_loss
from ._base import SHARED_CHECKS, LinearRegressor, NamedPenalty

OPTION_CHECKS = {
    name: SHARED_CHECKS[name]
    for name in (
        "fit_intercept", "max_iter", "tol", "standardize", "n_threads", "time_limit",
    )
}


def null_deviance(loss, y, sample_weight, offset):
    """Return the mean loss of the model that has an intercept only (and the offset)."""
    data = Data(_path.check.check_design(np.zeros((len(y), 1))), y, sample_weight, offset)
    nothing = {"l1_ratio": 0.0, "penalty_factor": None, "lower": None, "upper": None}
    try:
        problem = checked_problem(
            data, loss, fit_intercept=True, standardize=False, **nothing
        )
    except ValueError:  # an infinite intercept fits exactly: no counts, say
        return 0.0
    return problem.objective_unit(problem.null_objective)


class GeneralizedLinearModel(LinearRegressor):
    """Prediction and score of a regression with any loss."""

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,)
            Target, in the range of the loss.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples. Multiplying all of them by a number changes
            nothing. A float means no weights.
        offset : array-like of shape (n_samples,), default=None
            Known part of the linear predictor, added to it and not fitted: of counts,
            say, the logarithm of the exposure.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid. The estimator is left as it was.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the fit ends before the tolerance is reached.
        """
        return self._fit_alpha(X, y, sample_weight, offset)

    def _extra_attributes(self, options):
        return {"loss_": options["loss"]}

    def predict(self, X, offset=None):
        """Predict the mean of the target.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        offset : array-like of shape (n_samples,), default=None
            Known part of the linear predictor. A model fitted with an offset needs the
            offsets of the new samples here, or 0 to predict without.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            The inverse link of ``X @ coef_ + intercept_ (+ offset)``.
        """
        eta = self._predictor(X, offset)
        return self._fitted_loss().predict(eta)

    def _fitted_loss(self):
        """The loss of the fit, or that of the parameters where `coef_` was set by hand."""
        return getattr(self, "loss_", None) or self._get_loss()

    def score(self, X, y, sample_weight=None, offset=None):
        """Return D squared, the share of the deviance that is explained.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            True values.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.
        offset : array-like of shape (n_samples,), default=None
            See :meth:`predict`.

        Returns
        -------
        score : float
            ``1 - deviance / null deviance``, where the null deviance is that of a model
            that has an intercept (fitted to the given samples) and the offset only. At
            most 1; of a target that needs no more than that, 1 or 0.
        """
        eta = self._predictor(X, offset)
        n_samples = len(eta)
        loss = self._fitted_loss()
        y = loss.check_target(check_target(y, n_samples))
        weight = check_sample_weight(sample_weight, n_samples)
        deviance = np.average(loss.value(y, eta.astype(float)), weights=weight)
        null = null_deviance(loss, y, weight, check_offset(offset, n_samples))
        if null > 0.0:
            return float(1.0 - deviance / null)
        return float(deviance == 0.0)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            self._get_loss().check_target(np.array([-1.0]))
        except ValueError:
            tags.target_tags.positive_only = True
        except TypeError:
            pass  # a loss or power that fit will refuse
        return tags


class GeneralizedLinearRegressor(NamedPenalty, GeneralizedLinearModel):
    r"""Regression with any loss, an L1 and an L2 penalty, and a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i)
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    with the loss :math:`\ell`, the sample weights :math:`s` and their sum :math:`S`,
    the offset :math:`o`, the penalty factors :math:`v` and :math:`\rho` = `l1_ratio`.
    It is :func:`riata.fit_path` for one alpha, as an estimator.

    Parameters
    ----------
    loss : str or riata.losses.Loss, default="squared"
        "squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber", or an
        object of :mod:`riata.losses`, which may be of a class of your own. "logistic"
        takes shares of successes between 0 and 1 here;
        :class:`riata.GeneralizedLinearClassifier` takes labels.
    alpha : float, default=0.1
        Strength of the penalty, >= 0.
    l1_ratio : float, default=1.0
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    max_iter : int, default=1000
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means the default.
    tol : float, default=1e-6
        The fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads. None lets riata decide.
    time_limit : float, default=None
        Seconds after which the fit stops with what it has (and a warning).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
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
    GeneralizedLinearRegressorCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    GeneralizedLinearClassifier : For targets that are classes.
    riata.fit_path : The coefficients for a whole sequence of alphas.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GeneralizedLinearRegressor
    >>> X = np.arange(10.0)[:, None]
    >>> y = 2 * X[:, 0] + 1
    >>> y[4] = 400.0  # an outlier
    >>> model = GeneralizedLinearRegressor("huber", alpha=0.01).fit(X, y)
    >>> model.predict([[4.0]]).round(1)
    array([9.2])
    """

    __module__ = "riata"

    _takes_chunks = True
    _gap_rule = "tol"
    _parameter_checks: ClassVar = {
        "alpha": check_alpha,
        "l1_ratio": check_l1_ratio,
        "warm_start": check_bool,
        **OPTION_CHECKS,
    }

    def __init__(
        self,
        loss="squared",
        *,
        alpha=0.1,
        l1_ratio=1.0,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        warm_start=False,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.loss = loss
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit

    def _gap_tolerance(self):
        return self.tol

    def _get_loss(self):
        loss = get_loss(self.loss)
        if loss.classifies and not isinstance(loss, Logistic):
            raise ValueError(
                f"loss={loss.name!r} is for classes; use GeneralizedLinearClassifier."
            )
        return loss
