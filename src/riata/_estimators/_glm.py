"""Regression with any loss: what such estimators share, and the general one."""

import numpy as np

from .._path import _fit as _path
from .._path._checked import Data, checked_problem
from .._validation import check_offset, check_sample_weight, check_target
from ..losses import Logistic, get_loss
from ._base import GapTolerance, LinearRegressor, PenaltyParameter


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
        offset : array-like of shape (n_samples,)
            Known part of the linear predictor, added to it and not fitted: of counts,
            say, the logarithm of the exposure.
        """
        return self._fit_alpha(X, y, sample_weight, offset)

    def _extra_attributes(self, options):
        return {"loss_": options["loss"]}

    def predict(self, X, offset=None):
        """Predict the mean of the target.

        Parameters
        ----------
        offset : array-like of shape (n_samples,)
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
        y : array-like of shape (n_samples,)
            True values.
        sample_weight : array-like of shape (n_samples,)
            Sample weights.

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


class GeneralizedLinearRegressor(PenaltyParameter, GapTolerance, GeneralizedLinearModel):
    r"""Regression with any loss, an L1 and an L2 penalty, and a certificate.

    {objective}

    with the loss :math:`\ell`, the sample weights :math:`s` and their sum :math:`S`,
    the offset :math:`o`, the penalty factors :math:`v` and :math:`\rho` = `l1_ratio`.
    It is :func:`riata.fit_path` for one alpha, as an estimator.

    Parameters
    ----------
    loss : str or riata.losses.Loss
        "squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber", or an
        object of :mod:`riata.losses`, which may be of a class of your own. "logistic"
        takes shares of successes between 0 and 1 here;
        :class:`riata.GeneralizedLinearClassifier` takes labels.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    def __init__(
        self, loss="squared", *, alpha=0.1, l1_ratio=1.0, penalty=None,
        fit_intercept=True, max_iter=1000, tol=1e-6, warm_start=False,
        standardize=False, penalty_factor=None, lower=None, upper=None, n_threads=None,
        time_limit=None,
    ):
        self._keep_parameters(locals())

    def _get_loss(self):
        loss = get_loss(self.loss)
        if loss.classifies and not isinstance(loss, Logistic):
            raise ValueError(
                f"loss={loss.name!r} is for classes; use GeneralizedLinearClassifier."
            )
        return loss
