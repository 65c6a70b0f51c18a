"""LassoCV and ElasticNetCV, along the paths of :mod:`riata._estimators._cv_base`.

The alphas come from all of the data, so that a column of scores belongs to one alpha.
The refit is again a path on all of the data; it is kept.
"""

from typing import ClassVar

import numpy as np

from .._cross_validation._scores import DEVIANCE
from .._path._enet_path import enet_path, lasso_path
from .._validation import check_gram
from ._base import COORDINATE_CHECKS, LinearRegressor, check_positive, warn_of_no_penalty
from ._cv_base import PathCV, check_l1_ratios


class SquaredPathCV(PathCV, LinearRegressor):
    """What LassoCV and ElasticNetCV share: the mean squared error as score."""

    _parameter_checks: ClassVar = {
        **PathCV._parameter_checks,
        **COORDINATE_CHECKS,
        "eps": check_positive,  # above 1 as well, as in scikit-learn
    }

    def _checked_input(self, X, y, sample_weight, offset):
        data, *others = super()._checked_input(X, y, sample_weight, offset)
        check_gram(
            self.precompute, data.X, data.sample_weight,
            fit_intercept=bool(self.fit_intercept), stacklevel=4,
        )
        return data, *others

    def _chosen(self, choice, known, dtype):
        if choice.alpha == 0:
            warn_of_no_penalty(stacklevel=5)
        return super()._chosen(choice, known, dtype)

    def _score_attributes(self, result):
        return {"mse_path_": -np.squeeze(result.scores[DEVIANCE])}


class LassoCV(SquaredPathCV):
    """Lasso whose `alpha` is chosen by cross-validation along a path.

    Has the parameters, attributes and methods of :class:`sklearn.linear_model.LassoCV`;
    the parameters after `selection` are riata's own. See :class:`riata.Lasso` for the
    problem that is solved.

    Parameters
    ----------
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default="auto"
        Without effect on the result: the solver decides by itself which Gram matrices
        it needs, and computes them. One that is passed is compared with X.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. A fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only,
        which is at least as strict as scikit-learn's result.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    verbose : bool or int, default=False
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    scoring : str or callable, default=None
        What the choice goes by: None is the mean squared error. Otherwise a scorer of
        scikit-learn, or a function ``scorer(estimator, X, y)``; it is given the weights
        of the samples if it takes them.
    select : str or callable, default="min"
        Rule of the choice: "min" (the best mean score), "1se" (the simplest model within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples), or a callable; see
        :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `mse_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha that was chosen: by default, of the smallest mean squared error.
    l1_ratio_ : float
        Always 1.0.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    cv_result_ : CVResult
        All paths, scores and folds, and every choice that can be made of them.
    path_ : PathResult
        The path on all of the data that `coef_` is taken from.
    coef_path_ : list of n_folds csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold.
    intercept_path_ : ndarray of shape (n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    coef_ : ndarray of shape (n_features,)
        Coefficients for `alpha_`, in the dtype of X.
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

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

    l1_ratio = 1.0  # not a parameter

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

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        Share of the L1 penalty, in [0, 1], or several of them to choose from. 1 is the
        lasso, 0 ridge regression; its automatic alphas are those of ``l1_ratio=1e-3``.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data, for each `l1_ratio`.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default="auto"
        Without effect on the result: the solver decides by itself which Gram matrices
        it needs, and computes them. One that is passed is compared with X.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. A fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only,
        which is at least as strict as scikit-learn's result.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    verbose : bool or int, default=0
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    scoring : str or callable, default=None
        What the choice goes by: None is the mean squared error. Otherwise a scorer of
        scikit-learn, or a function ``scorer(estimator, X, y)``; it is given the weights
        of the samples if it takes them.
    select : str or callable, default="min"
        Rule of the choice: "min" (the best mean score), "1se" (the simplest model within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples), or a callable; see
        :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `mse_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha that was chosen: by default, of the smallest mean squared error.
    l1_ratio_ : float
        The l1_ratio that was chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        The alphas, decreasing; of each l1_ratio if there are several and the alphas
        were chosen automatically.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    cv_result_ : CVResult
        All paths, scores and folds, and every choice that can be made of them.
    path_ : PathResult
        The path for `l1_ratio_` on all of the data that `coef_` is taken from.
    coef_path_ : list of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold: ``coef_path_[fold]`` for a single
        l1_ratio, ``coef_path_[l1_ratio][fold]`` for several.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    coef_ : ndarray of shape (n_features,)
        Coefficients for `alpha_` and `l1_ratio_`, in the dtype of X.
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

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

    _parameter_checks: ClassVar = {
        "l1_ratio": check_l1_ratios,
        **SquaredPathCV._parameter_checks,
    }

    path = staticmethod(enet_path)

    def __init__(
        self, *, l1_ratio=0.5, eps=1e-3, alphas=100, fit_intercept=True,
        precompute="auto", max_iter=1000, tol=1e-4, cv=None, copy_X=True, verbose=0,
        n_jobs=None, positive=False, random_state=None, selection="cyclic",
        standardize=False, penalty_factor=None, lower=None, upper=None, scoring=None,
        select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
