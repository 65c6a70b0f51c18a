"""RelaxedLassoCV and AdaptiveLassoCV: what is done after a path is cross-validated, too.

Each fold repeats on its training rows everything that the data decide: the supports that
are refitted, the initial estimate that weighs the penalty. Otherwise the test rows have
had a say in what they are to judge.
"""

from itertools import chain
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.model_selection import check_cv

from ._cross_validation_base import (
    NO_ALPHA,
    RoutedCV,
    check_eps,
    outcomes,
)
from ._cross_validation_folds import as_folds, reject_params_without_routing
from ._cross_validation_scores import minus_deviance, predictors
from ._estimators_adaptive import (
    ADAPTIVE_CHECKS,
    CHECKS,
    Adaptive,
    core_arguments,
    regression_loss,
)
from ._estimators_base import (
    Fit,
    Samples,
    check_n_jobs,
    check_verbose,
    fitted_attributes,
    solve_path,
    warn_not_converged,
)
from ._estimators_glm import GeneralizedLinearModel
from ._path import alpha_max
from ._relaxed import GAMMAS, check_gammas, relax
from ._validation import (
    check_alpha,
    check_alphas,
    check_choice,
    validate_estimator_input,
)


def check_select(value, name):
    """Raise unless `value` is a rule."""
    check_choice(value, name, ("min", "1se"))


class SelectionCV(RoutedCV, GeneralizedLinearModel):
    """Folds, scores and choice; a subclass says what is fitted and what is a candidate.

    Scores have the shape (n_candidates, n_alphas, n_folds).
    """

    _gap_rule = "tol"
    _parameter_checks: ClassVar = {
        "eps": check_eps,
        "alphas": check_alphas,
        "select": check_select,
        "verbose": check_verbose,
        "n_jobs": check_n_jobs,
        **CHECKS,
    }

    def _gap_tolerance(self):
        return self.tol

    def _get_loss(self):
        return regression_loss(self.loss, type(self).__name__)

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose by cross-validation, then fit to all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,)
            Target, in the range of the loss.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples, for fitting and for the score on the test rows
            of a fold. Folds count equally. A float means no weights.
        offset : array-like of shape (n_samples,), default=None
            Known part of the linear predictor, added to it and not fitted.
        **params : dict
            Arguments for the ``split`` method of `cv`, such as ``groups``. Only with
            scikit-learn's metadata routing enabled.

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
            If a fit ends before the tolerance is reached.
        """
        reject_params_without_routing(self, params)
        self._check_params()
        if isinstance(sample_weight, Real):
            sample_weight = None
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        options, data = self._path_options(), Samples(*data)
        data = data._replace(y=options["loss"].check_target(data.y))
        split_params, _ = self._route(None, sample_weight, params)
        folds = as_folds(check_cv(self.cv), data.X, data.y, split_params)
        prepared, attributes = self._prepare(data, options)
        grid = self._grid(data, prepared)
        scores, ends = zip(*self._fit_folds(data, folds, grid, options), strict=True)
        scores = np.stack(scores, axis=-1)
        candidate, at = chosen(scores, self.select)
        path = solve_path(data, grid, l1_ratio=1.0, **prepared)
        ends = [*chain(*ends), *outcomes(path)]
        warn_not_converged(self, ends, "fits (folds and alphas)", stacklevel=2)
        self._set_fitted(
            alpha_=grid[at],
            alphas_=grid,
            path_=path,
            loss_=options["loss"],
            **attributes,
            **self._attributes(data, path, prepared, candidate, at, scores),
            **features,
        )
        return self

    def _prepare(self, data, options):
        """Return the options of the path on some data, and attributes that go with it."""
        return options, {}

    def _grid(self, data, options):
        left_out = ("tol", "max_iter", "n_threads")
        options = {k: v for k, v in options.items() if k not in left_out}
        top = alpha_max(  # which checks all of X, also where the alphas are given
            data.X, data.y, sample_weight=data.sample_weight, offset=data.offset,
            **options,
        )
        if not isinstance(self.alphas, Integral):
            return check_alphas(self.alphas)
        if top == 0:
            return np.full(self.alphas, NO_ALPHA)
        return np.geomspace(top, top * self.eps, num=self.alphas)

    def _fit_folds(self, data, folds, grid, options):
        if min(effective_n_jobs(self.n_jobs), len(folds)) > 1:
            if options["n_threads"] is None:
                options = {**options, "n_threads": 1}
        # Threads: the solver releases the GIL.
        return Parallel(n_jobs=self.n_jobs, verbose=self.verbose, prefer="threads")(
            delayed(self._fit_fold)(data.rows(train), data.rows(test), grid, options)
            for train, test in folds
        )

    def _fit_fold(self, train, test, grid, options):
        """Return the scores (n_candidates, n_alphas) of one fold, and how fits ended."""
        if test.sample_weight is not None and not test.sample_weight.any():
            raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
        prepared, _ = self._prepare(train, options)
        path = solve_path(train, grid, l1_ratio=1.0, **prepared)
        scores = np.array([
            minus_deviance(options["loss"], path, eta, test, None)
            for eta in self._predictors(train, path, prepared, test)
        ])
        return scores, outcomes(path)

    def _predictors(self, train, path, options, test):
        """Return predictors (n_samples, n_alphas), less offsets, of each candidate."""
        return [predictors(path, test.X)]


def chosen(scores, rule):
    """Return the candidate and the alpha of a rule.

    "1se" is the largest alpha that any candidate has within one standard error of the
    best score, and there the candidate with the best score.
    """
    mean = scores.mean(axis=2)
    mean = np.where(np.isnan(mean), -np.inf, mean)
    best = np.unravel_index(np.argmax(mean), mean.shape)
    if rule == "1se" and scores.shape[2] > 1:
        error = scores[best].std(ddof=1) / np.sqrt(scores.shape[2])
        at = int(np.argmax((mean >= mean[best] - error).any(axis=0)))
        return int(np.argmax(mean[:, at])), at
    return int(best[0]), int(best[1])


class RelaxedLassoCV(SelectionCV):
    r"""Relaxed lasso whose `alpha` and `gamma` are chosen together by cross-validation.

    The coefficients are :math:`\gamma \hat w + (1 - \gamma) \bar w` with the lasso
    solution :math:`\hat w` for `alpha` and the refit :math:`\bar w` of the features it
    selects; see :func:`riata.relaxed_path`.

    Parameters
    ----------
    gammas : array-like of float in [0, 1], default=(0, 0.25, 0.5, 0.75, 1)
        Shares of the lasso's own coefficients to choose from. 1 is the lasso.
    loss : str or riata.losses.Loss, default="squared"
        "squared", "logistic" (for 0 and 1, or shares), "poisson", "gamma", "tweedie",
        "negative_binomial", "huber", or an object of :mod:`riata.losses`.
    refit_alpha : float, default=0.0
        Strength of an L2 penalty on the refits. With 0 and dependent features they have
        the least norm; a logistic refit of separated classes needs it.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order).
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    select : {"min", "1se"}, default="min"
        The pair with the best mean score; or, of the largest alpha with a score within
        one standard error of it, the best gamma.
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
        deviation, in each fold that of its training rows.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, of the refits as well, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    gamma_ : float
        The chosen gamma.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    gammas_ : ndarray of shape (n_gammas,)
        The gammas, as given.
    score_path_ : ndarray of shape (n_gammas, n_alphas, n_folds)
        Minus the mean deviance (of the squared loss, the mean squared error) on the
        test rows of each fold.
    path_ : PathResult
        The lasso path on all of the data.
    relaxed_path_ : RelaxedPath
        The same with the refits.
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_, relative_gap_ : float
        Duality gap of the lasso for `alpha_`, absolute and divided by the objective of
        the intercept-only model.
    refit_relative_gap_ : float
        The latter of the refit.
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
    riata.relaxed_path : Path and refits without cross-validation.
    LassoCV : The lasso alone.

    References
    ----------
    Meinshausen (2007), doi:10.1016/j.csda.2006.12.019; Hastie, Tibshirani & Tibshirani
    (2020), doi:10.1214/19-STS733.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import RelaxedLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((80, 30))
    >>> y = 3 * X[:, 2] - 2 * X[:, 7] + rng.standard_normal(80)
    >>> model = RelaxedLassoCV().fit(X, y)
    >>> model.score_path_.shape
    (5, 100, 5)
    >>> bool(model.gamma_ < 1) and np.flatnonzero(model.coef_)
    array([2, 7])
    """

    _parameter_checks: ClassVar = {
        "gammas": check_gammas,
        "refit_alpha": check_alpha,
        **SelectionCV._parameter_checks,
    }

    def __init__(
        self,
        gammas=GAMMAS,
        *,
        loss="squared",
        refit_alpha=0.0,
        eps=1e-3,
        alphas=100,
        cv=None,
        select="min",
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        verbose=0,
        n_jobs=None,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
    ):
        self.gammas = gammas
        self.loss = loss
        self.refit_alpha = refit_alpha
        self.eps = eps
        self.alphas = alphas
        self.cv = cv
        self.select = select
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads

    def _relax(self, data, path, options):
        core, penalty, settings, rest = core_arguments(data, options)
        return relax(
            path, core, penalty, settings, check_gammas(self.gammas), self.refit_alpha,
            standardize=rest["standardize"], n_threads=rest["n_threads"],
        )

    def _predictors(self, train, path, options, test):
        refits = self._relax(train, path, options).refits
        lasso, refit = predictors(path, test.X), predictors(refits, test.X)
        for gamma in check_gammas(self.gammas).tolist():
            yield gamma * lasso + (1.0 - gamma) * refit

    def _attributes(self, data, path, options, candidate, at, scores):
        relaxed = self._relax(data, path, options)
        gamma = float(relaxed.gammas[candidate])
        coef, intercept = relaxed.coef_at(path.alphas[at], gamma)
        fit = Fit.from_path(path, at)._replace(coef=coef, intercept=intercept)
        return {
            "gamma_": gamma,
            "gammas_": relaxed.gammas,
            "relaxed_path_": relaxed,
            "score_path_": scores,
            "refit_relative_gap_": float(relaxed.refits.relative_gap[at]),
            **fitted_attributes([fit], data.y, data.X.dtype, self.fit_intercept),
        }


class AdaptiveLassoCV(Adaptive, SelectionCV):
    """Adaptive lasso whose `alpha` is chosen by cross-validation.

    Each fold finds an initial estimate of its own on its training rows, as the fit on
    all data does. Factors from all of the data would have seen the test rows: they
    penalize little what happens to fit them, and the scores would favour small alphas
    and promise too much. See :func:`riata.adaptive_path`.

    Parameters
    ----------
    initial : {"ridge", "lasso", "ols"} or array-like of shape (n_features,), \
            default="ridge"
        The initial estimate; what is zero in it is excluded. Coefficients that are given
        are those of all folds: they should not come from these data.
    power : float, default=1.0
        Of the initial coefficients.
    initial_alpha : float, default=None
        Strength of the initial ridge or lasso; None chooses it, within each fold, by
        cross-validation of its training rows.
    loss : str or riata.losses.Loss, default="squared"
        "squared", "logistic" (for 0 and 1, or shares), "poisson", "gamma", "tweedie",
        "negative_binomial", "huber", or an object of :mod:`riata.losses`.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order).
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    select : {"min", "1se"}, default="min"
        The alpha with the best mean score, or the largest within one standard error of
        it.
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
        deviation, and take the initial ones in these units.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factors >= 0 beside those of the initial estimate.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    score_path_ : ndarray of shape (n_alphas, n_folds)
        Minus the mean deviance (of the squared loss, the mean squared error) on the
        test rows of each fold.
    path_ : PathResult
        The path on all of the data that `coef_` is taken from.
    initial_coef_ : ndarray of shape (n_features,)
        Coefficients of the initial estimate on all of the data.
    penalty_factor_ : ndarray of shape (n_features,)
        The factors that follow from them.
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
    AdaptiveLasso : For a given alpha.
    riata.adaptive_path : The path alone.

    References
    ----------
    Zou (2006), doi:10.1198/016214506000000735.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import AdaptiveLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((80, 30))
    >>> y = 3 * X[:, 2] - 2 * X[:, 7] + rng.standard_normal(80)
    >>> model = AdaptiveLassoCV(power=2.0, select="1se").fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([2, 7])
    """

    _parameter_checks: ClassVar = {**ADAPTIVE_CHECKS, **SelectionCV._parameter_checks}

    def __init__(
        self,
        initial="ridge",
        *,
        power=1.0,
        initial_alpha=None,
        loss="squared",
        eps=1e-3,
        alphas=100,
        cv=None,
        select="min",
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        verbose=0,
        n_jobs=None,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
    ):
        self.initial = initial
        self.power = power
        self.initial_alpha = initial_alpha
        self.loss = loss
        self.eps = eps
        self.alphas = alphas
        self.cv = cv
        self.select = select
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads

    def _prepare(self, data, options):
        coef, options = self._factor(data, options)
        factor = options["penalty_factor"]
        return options, {"initial_coef_": coef, "penalty_factor_": factor}

    def _attributes(self, data, path, options, candidate, at, scores):
        fit = Fit.from_path(path, at)
        return {
            "score_path_": scores[0],
            **fitted_attributes([fit], data.y, data.X.dtype, self.fit_intercept),
        }
