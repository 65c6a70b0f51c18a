"""GeneralizedLinearRegressorCV and GeneralizedLinearClassifierCV: any loss, any scorer."""

from ._classifier import GeneralizedLinearClassifier
from ._cv_base import ClassPathCV, PathCV
from ._glm import GeneralizedLinearRegressor


class GeneralizedLinearRegressorCV(PathCV, GeneralizedLinearRegressor):
    """Regression with any loss, with `alpha` and `l1_ratio` chosen by cross-validation.

    See :class:`riata.GeneralizedLinearRegressor` for the problem that is solved.

    Parameters
    ----------
    loss : str or riata.losses.Loss
        As of :class:`riata.GeneralizedLinearRegressor`.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, score_path_, cv_result_, path_, coef_path_
    intercept_path_, coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_
    n_iter_, status_, n_features_in_, feature_names_in_

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

    def __init__(
        self, loss="squared", *, l1_ratio=1.0, penalty=None, eps=1e-3, alphas=100, cv=None,
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
    loss : str or riata.losses.Loss
        As of :class:`riata.GeneralizedLinearClassifier`.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, score_path_, cv_result_, path_, coef_path_
    intercept_path_, classes_, coef_, intercept_, sparse_coef_, loss_, dual_gap_
    relative_gap_, n_iter_, status_, n_features_in_, feature_names_in_

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

    def __init__(
        self, loss="logistic", *, l1_ratio=1.0, penalty=None, eps=1e-3, alphas=100, cv=None,
        scoring=None, class_weight=None, fit_intercept=True, max_iter=1000, tol=1e-6,
        verbose=0, n_jobs=None, standardize=False, penalty_factor=None, lower=None,
        upper=None, select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
