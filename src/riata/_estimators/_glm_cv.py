"""GeneralizedLinearRegressorCV and GeneralizedLinearClassifierCV: any loss, any scorer."""

from typing import ClassVar

from ._classifier import GeneralizedLinearClassifier, check_class_weight
from ._cv_base import ClassPathCV, PathCV, check_l1_ratios
from ._glm import OPTION_CHECKS, GeneralizedLinearRegressor

CV_CHECKS = {"l1_ratio": check_l1_ratios, **PathCV._parameter_checks, **OPTION_CHECKS}


class GeneralizedLinearRegressorCV(PathCV, GeneralizedLinearRegressor):
    """Regression with any loss, with `alpha` and `l1_ratio` chosen by cross-validation.

    See :class:`riata.GeneralizedLinearRegressor` for the problem that is solved.

    Parameters
    ----------
    loss : str or riata.losses.Loss, default="squared"
        As of :class:`riata.GeneralizedLinearRegressor`.
    l1_ratio : float or array-like of float, default=1.0
        Share of the L1 penalty, in [0, 1], or several of them to choose from. 1 is the
        lasso, 0 ridge regression; its automatic alphas are those of ``l1_ratio=1e-3``.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data, for each `l1_ratio`.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    scoring : str or callable, default=None
        None is minus the mean deviance (twice the mean loss, weighted as in the fit).
        Otherwise a scorer of scikit-learn, or a function ``scorer(estimator, X, y)``;
        it is given the weights of the samples if it takes them.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-6
        A fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.
    verbose : bool or int, default=0
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    select : str or callable, default="min"
        Rule of the choice: "min" (the best mean score), "1se" (the simplest model within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples), or a callable; see
        :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `score_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha that was chosen: by default, of the best mean score.
    l1_ratio_ : float
        The l1_ratio that was chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        The alphas, decreasing; of each l1_ratio if there are several and the alphas
        were chosen automatically.
    score_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Score on the test rows of each fold, greater is better, without axes of length
        1.
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
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
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
    GeneralizedLinearRegressor : For a given alpha.
    LassoCV, ElasticNetCV : The squared loss, with scikit-learn's parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GeneralizedLinearRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 10))
    >>> y = rng.poisson(np.exp(X[:, 2]))
    >>> model = GeneralizedLinearRegressorCV("poisson", alphas=20).fit(X, y)
    >>> model.score_path_.shape
    (20, 5)
    >>> int(np.argmax(model.coef_))
    2
    """

    __module__ = "riata"

    _parameter_checks: ClassVar = CV_CHECKS

    def __init__(
        self, loss="squared", *, l1_ratio=1.0, eps=1e-3, alphas=100, cv=None,
        scoring=None, fit_intercept=True, max_iter=1000, tol=1e-6, verbose=0,
        n_jobs=None, standardize=False, penalty_factor=None, lower=None, upper=None,
        select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class GeneralizedLinearClassifierCV(ClassPathCV, GeneralizedLinearClassifier):
    """Classification with any loss, with `alpha` and `l1_ratio` chosen by cross-validation.

    See :class:`riata.GeneralizedLinearClassifier` for the problem that is solved.

    Parameters
    ----------
    loss : str or riata.losses.Loss, default="logistic"
        As of :class:`riata.GeneralizedLinearClassifier`.
    l1_ratio : float or array-like of float, default=1.0
        Share of the L1 penalty, in [0, 1], or several of them to choose from. 1 is the
        lasso, 0 ridge regression; its automatic alphas are those of ``l1_ratio=1e-3``.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data, for each `l1_ratio`.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.StratifiedKFold`), a splitter, or an
        iterable of pairs of train and test indices.
    scoring : str or callable, default=None
        None is minus the mean deviance (twice the mean loss, weighted as in the fit).
        Otherwise a scorer of scikit-learn, or a function ``scorer(estimator, X, y)``;
        it is given the weights of the samples if it takes them.
    class_weight : dict or "balanced", default=None
        Factors on the weights of the samples of each class, of a class that is not
        named 1. "balanced" gives all classes the same sum of weights and leaves the
        sum of all as it is.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-6
        A fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.
    verbose : bool or int, default=0
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    select : str or callable, default="min"
        Rule of the choice: "min" (the best mean score), "1se" (the simplest model within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples), or a callable; see
        :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `score_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha that was chosen: by default, of the best mean score.
    l1_ratio_ : float
        The l1_ratio that was chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        The alphas, decreasing; of each l1_ratio if there are several and the alphas
        were chosen automatically.
    score_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Score on the test rows of each fold, greater is better, without axes of length
        1.
    cv_result_ : CVResult
        All paths, scores and folds, and every choice that can be made of them.
    path_ : PathResult
        The path for `l1_ratio_` on all of the data that `coef_` is taken from.
    coef_path_ : list of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold: ``coef_path_[fold]`` for a single
        l1_ratio, ``coef_path_[l1_ratio][fold]`` for several. Of more than two classes
        lists of such arrays, one of each class.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds) or \
            (n_l1_ratio, n_alphas, n_folds, n_classes)
        Intercepts of all alphas of each fold, without axes of length 1.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in the dtype of X (float32 or float64): of two classes one row,
        for ``classes_[1]``. Sparse after :meth:`sparsify`.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of the shape of `coef_`
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : ndarray of shape (1,)
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    GeneralizedLinearClassifier : For a given alpha.
    LogisticRegressionCV : With scikit-learn's parameters and meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GeneralizedLinearClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 10))
    >>> y = np.where(X[:, 2] + 0.1 * rng.standard_normal(100) > 0, "yes", "no")
    >>> model = GeneralizedLinearClassifierCV(alphas=20, scoring="accuracy").fit(X, y)
    >>> model.score_path_.shape
    (20, 5)
    >>> int(np.argmax(model.coef_[0]))
    2
    """

    __module__ = "riata"

    _parameter_checks: ClassVar = {"class_weight": check_class_weight, **CV_CHECKS}

    def __init__(
        self, loss="logistic", *, l1_ratio=1.0, eps=1e-3, alphas=100, cv=None,
        scoring=None, class_weight=None, fit_intercept=True, max_iter=1000, tol=1e-6,
        verbose=0, n_jobs=None, standardize=False, penalty_factor=None, lower=None,
        upper=None, select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
