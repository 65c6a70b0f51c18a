"""LassoCV and ElasticNetCV, along the paths of :mod:`riata._estimators._cv_base`.

The alphas come from all of the data, so that a column of scores belongs to one alpha.
The refit is again a path on all of the data; it is kept.
"""

from typing import ClassVar

import numpy as np

from .._cross_validation._scores import DEVIANCE
from .._path._enet_path import enet_path, lasso_path
from ._base import LinearRegressor, warn_of_no_penalty
from ._cv_base import OneRatio, PathCV
from ._parameters import check_positive


class SquaredPathCV(PathCV, LinearRegressor):
    """What LassoCV and ElasticNetCV share: the mean squared error as score.

    Parameters
    ----------
    tol : float
        Tolerance, in scikit-learn's spelling. A fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only,
        which is at least as strict as scikit-learn's result.
    scoring : str or callable
        What the choice goes by: None is the mean squared error. Otherwise a scorer of
        scikit-learn, or a function ``scorer(estimator, X, y)``; it is given the weights
        of the samples if it takes them.

    Attributes
    ----------
    alpha_ : float
        The alpha that was chosen: by default, of the smallest mean squared error.
    """

    _checks: ClassVar = {"eps": check_positive}  # above 1 as well, as in scikit-learn

    def _chosen(self, choice, known, dtype):
        if choice.alpha == 0:
            warn_of_no_penalty(stacklevel=5)
        return super()._chosen(choice, known, dtype)

    def _score_attributes(self, result):
        return {"mse_path_": -np.squeeze(result.scores[DEVIANCE])}


class LassoCV(OneRatio, SquaredPathCV):
    """Lasso whose `alpha` is chosen by cross-validation along a path.

    Has the parameters, attributes and methods of :class:`sklearn.linear_model.LassoCV`;
    the parameters after `selection` are riata's own. See :class:`riata.Lasso` for the
    problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    cv_result_, path_, coef_path_, intercept_path_, coef_, intercept_, sparse_coef_
    dual_gap_, relative_gap_, n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    Lasso : The lasso for a given alpha.
    ElasticNetCV : Chooses the mix of penalties, too.
    riata.fit_path : The path alone.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = 3 * X[:, 2] + 0.1 * rng.standard_normal(60)
    >>> model = LassoCV(alphas=20).fit(X, y)
    >>> model.mse_path_.shape
    (20, 5)
    >>> int(np.argmax(model.coef_))
    2
    """

    __module__ = "riata"

    path = staticmethod(lasso_path)

    def __init__(
        self, *, eps=1e-3, alphas=100, fit_intercept=True, precompute="auto",
        max_iter=1000, tol=1e-4, copy_X=True, cv=None, verbose=False, n_jobs=None,
        positive=False, random_state=None, selection="cyclic", standardize=False,
        penalty_factor=None, lower=None, upper=None, scoring=None, select="min",
        n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class ElasticNetCV(SquaredPathCV):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation.

    Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.ElasticNetCV`; the parameters after `selection` are
    riata's own. See :class:`riata.ElasticNet` for the problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    cv_result_, path_, coef_path_, intercept_path_, coef_, intercept_, sparse_coef_
    dual_gap_, relative_gap_, n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    ElasticNet : The elastic net for a given alpha and l1_ratio.
    LassoCV : The L1 penalty alone.
    riata.fit_path : The path alone.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import ElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = 3 * X[:, 2] + 0.1 * rng.standard_normal(60)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=20).fit(X, y)
    >>> model.mse_path_.shape
    (2, 20, 5)
    >>> model.l1_ratio_
    1.0
    """

    __module__ = "riata"

    path = staticmethod(enet_path)

    def __init__(
        self, *, l1_ratio=0.5, eps=1e-3, alphas=100, fit_intercept=True,
        precompute="auto", max_iter=1000, tol=1e-4, cv=None, copy_X=True, verbose=0,
        n_jobs=None, positive=False, random_state=None, selection="cyclic",
        standardize=False, penalty_factor=None, lower=None, upper=None, scoring=None,
        select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
