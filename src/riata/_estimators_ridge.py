"""Ridge and RidgeCV.

Their `alpha` is scikit-learn's: it multiplies the penalty beside the *sum* of squared
errors. Divided by the sum of the weights it is riata's.
"""

from functools import partial
from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer
from sklearn.model_selection import check_cv

from ._cross_validation_base import RoutedCV
from ._cross_validation_folds import as_folds, reject_params_without_routing
from ._cross_validation_scores import rows_of_params, score_model
from ._estimators_base import (
    SHARED_CHECKS,
    Deadline,
    Fit,
    LinearRegressor,
    Samples,
    fitted_attributes,
    or_none,
    solve_path,
    warn_not_converged,
    weights_as_given,
)
from ._path import SQUARED
from ._problem import Options
from ._result import Solved
from ._ridge import ridge_loo, solve_ridge
from ._solver import Status
from ._validation import (
    check_alpha,
    check_alphas,
    check_bool,
    check_choice,
    check_operand,
    check_penalty_factor,
    is_chunks,
    validate_estimator_input,
)

SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")
# Parameters that RidgeCV hands on to Ridge.
RIDGE_OPTIONS = (
    "fit_intercept",
    "standardize",
    "penalty_factor",
    "lower",
    "upper",
    "tol",
    "max_iter",
    "n_threads",
    "time_limit",
)
DIRECT_TOL = 1e-10  # relative gap asked of a direct solution: little more than rounding


def check_target_alphas(value, name):
    """Raise unless `value` is a number >= 0 or a 1-D list of them."""
    if np.ndim(value) == 0:
        check_alpha(value.item() if isinstance(value, np.ndarray) else value, name)
    else:
        check_alphas(value, name)


class Ridge(MultiOutputMixin, LinearRegressor):
    r"""Linear regression with an L2 penalty, solved with a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \sum_i s_i (y_i - o_i - b - x_i^\top w)^2 + \alpha \sum_j v_j w_j^2,
        \qquad l_j \le w_j \le u_j,

    with the sample weights :math:`s`, the offset :math:`o` and the penalty factors
    :math:`v`. With the defaults it is the problem of
    :class:`sklearn.linear_model.Ridge`, whose parameters, attributes and methods this
    class has; those after `random_state` are riata's own. Mind that `alpha` stands
    beside a sum here, and beside a mean in all other estimators and functions of riata:
    ``Ridge(alpha)`` corresponds to ``alpha / sum(s)`` there.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, >= 0; an array gives each target its own. 0 is least
        squares; where that has many solutions, the one of smallest norm.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    max_iter : int, default=None
        Largest number of iterations, where a fit needs any: for data that are large
        both ways, and with bounds. None lets riata decide.
    tol : float, default=1e-4
        Tolerance of fits with bounds: they stop when the duality gap is at most
        ``tol / 100`` times the objective of the model that has an intercept only.
        Without bounds the solution is exact but for rounding, or iterates to a relative
        gap of 1e-10 or ``tol / 100``, whichever is smaller.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, \
            default="auto"
        Accepted and without effect: riata chooses by the shape of X, and changes to
        orthogonal transformations where X is ill-conditioned. See `solver_`.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: all solvers are deterministic.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads of fits with bounds; None lets riata decide. Other fits leave
        their threads to the BLAS library.
    time_limit : float, default=None
        Seconds after which a fit with bounds stops with what it has (and a warning).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the objective above divided by ``2 sum(s)``.
    relative_gap_ : float or ndarray of shape (n_targets,)
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : ndarray of shape (n_targets,)
        Number of iterations; of a direct solution, the number of solves.
    status_ : Status or list of Status
        How the solver ended, per target: "optimal", or why not.
    solver_ : str
        What was used, such as "gram-cholesky", "kernel-svd", "krylov" or, with bounds,
        "path".
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    RidgeCV : Chooses `alpha` by cross-validation.
    ElasticNet : With an L1 penalty in addition.

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for
    nonorthogonal problems", Technometrics 12, 55-67, 1970.

    Examples
    --------
    >>> from riata import Ridge
    >>> model = Ridge(alpha=2.0).fit([[0], [1], [2]], [0, 1, 2])
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([0.5]), 0.5)
    """

    _takes_chunks = True
    _parameter_checks: ClassVar = {
        "alpha": check_target_alphas,
        "solver": partial(check_choice, choices=SOLVERS),
        **SHARED_CHECKS,
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-4,
        solver="auto",
        positive=False,
        random_state=None,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples. As the sum of squares is not divided by their
            sum, weights twice as large count like an `alpha` half as large.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets), \
                default=None
            Known part of the prediction, added to it and not fitted.

        Returns
        -------
        self : Ridge
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
        self._check_params()
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        total = weights_as_given(sample_weight, data.X.shape[0]).sum()
        alphas = self._alpha_of_targets(data.y) / total
        (fits,), solver = self._solve(data, alphas[None, :])
        warn_not_converged(self, fits, "targets", stacklevel=2)
        self._set_fitted(**self._attributes(fits, data), solver_=solver, **features)
        return self

    def _alpha_of_targets(self, y):
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        alpha = np.asarray(self.alpha, dtype=np.float64).ravel()
        if alpha.size not in (1, n_targets):
            raise ValueError(
                f"alpha has {alpha.size} values, but y has {n_targets} targets; give "
                "one value, or one for each target."
            )
        return np.broadcast_to(alpha, (n_targets,))

    def _attributes(self, fits, data):
        attributes = fitted_attributes(fits, data.y, data.X.dtype, self.fit_intercept)
        attributes["n_iter_"] = np.atleast_1d(attributes["n_iter_"])
        return attributes

    def _is_bounded(self):
        return self.positive or self.lower is not None or self.upper is not None

    def _solve(self, data, alphas):
        """Fit all targets for several alphas.

        Parameters
        ----------
        data : Samples
        alphas : ndarray of shape (n_alphas, n_targets)
            On the scale of the mean loss.

        Returns
        -------
        fits : list of n_alphas lists of n_targets Fit
        solver : str
        """
        if self._is_bounded() or is_chunks(data.X):
            return self._solve_bounded(data, alphas), "path"
        result = solve_ridge(
            data.X,
            data.y,
            alphas if data.y.ndim == 2 else alphas[:, 0],
            fit_intercept=bool(self.fit_intercept),
            standardize=bool(self.standardize),
            sample_weight=data.sample_weight,
            offset=data.offset,
            penalty_factor=check_penalty_factor(self.penalty_factor, data.X.shape[1]),
            tol=min(self.tol / 100, DIRECT_TOL),
            max_iter=10_000 if self.max_iter is None else self.max_iter,
        )
        return fits_of_result(self, result, alphas), result.method

    def _solve_bounded(self, data, alphas):
        options = self._path_options()
        deadline = Deadline(self.time_limit)
        fits = [[None] * alphas.shape[1] for _ in alphas]
        for k, target in enumerate(data.targets()):
            order = np.argsort(-alphas[:, k], kind="stable")
            path = solve_path(
                target,
                alphas[order, k],
                l1_ratio=0.0,
                seconds=deadline.left(alphas.shape[1] - k),
                **options,
            )
            for at, i in enumerate(order):
                fits[i][k] = Fit.from_path(path, min(at, len(path.alphas) - 1))
        return fits


def fits_of_result(estimator, result, alphas):
    """Return the content of a RidgeResult as a list (alphas) of lists (targets).

    `alphas`, of that shape, are on the scale of the mean loss.
    """
    shape, tol = alphas.shape, estimator.tol / 100
    factor = check_penalty_factor(estimator.penalty_factor, result.coef.shape[-1])
    options = Options(
        bool(estimator.fit_intercept), bool(estimator.standardize), factor, None, None
    )
    coef = result.coef.reshape(*shape, -1)
    fields = (
        result.intercept, result.dual_gap, result.relative_gap, result.n_iter, result.kkt
    )
    intercept, dual_gap, relative_gap, n_iter, kkt = (f.reshape(shape) for f in fields)
    return [
        [
            Fit(
                coef[i, k],
                intercept[i, k],
                float(dual_gap[i, k]),
                float(relative_gap[i, k]),
                int(n_iter[i, k]),
                status_of_gap(relative_gap[i, k], tol),
                Solved(
                    float(alphas[i, k]), 0.0, SQUARED, options, float(kkt[i, k]),
                    result.spread,
                ),
            )
            for k in range(shape[1])
        ]
        for i in range(shape[0])
    ]


def status_of_gap(relative_gap, tol):
    """Return how a direct or Krylov solution ended."""
    if relative_gap <= tol:
        return Status.optimal
    if relative_gap <= 10 * tol:
        return Status.optimal_inaccurate
    return Status.insufficient_progress


class Identity(RegressorMixin, BaseEstimator):
    """Lets a scorer see predictions that have been made already."""

    def predict(self, X):
        return X


class RidgeCV(RoutedCV, MultiOutputMixin, LinearRegressor):
    """Ridge regression whose `alpha` is chosen by cross-validation.

    By default by leave-one-out cross-validation, which has a closed form: all alphas
    and targets share one factorization. Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.RidgeCV`; the parameters after `alpha_per_target` are
    riata's own. See :class:`riata.Ridge` for the problem that is solved.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Strengths of the penalty to choose from: > 0, and >= 0 with `cv`.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    scoring : str or callable, default=None
        A scorer of scikit-learn, or a function ``scorer(estimator, X, y)``. None is the
        negative mean squared error without `cv`, and R squared with it.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for leave-one-out, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    gcv_mode : {"auto", "svd", "eigen"}, default=None
        Accepted and without effect: riata chooses by the shape of X.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`. Only for leave-one-out.
    alpha_per_target : bool, default=False
        Whether each target gets its own alpha. Only for leave-one-out.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation: with `cv` that of the training rows, in leave-one-out that of all.
        Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``. Only with `cv`.
    tol : float, default=1e-4
        Tolerance of fits with bounds, as in :class:`riata.Ridge`.
    max_iter : int, default=None
        Largest number of iterations of a fit, as in :class:`riata.Ridge`.
    n_threads : int, default=None
        Number of threads of fits with bounds; None lets riata decide.
    time_limit : float, default=None
        Seconds for all fits with bounds, shared evenly among the folds. A fold that
        runs out of it scores what it has (with a warning).

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The alpha with the best score, or those of the targets.
    best_score_ : float or ndarray of shape (n_targets,)
        Its score, or those of the targets.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, as given.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or \
            (n_samples, n_targets, n_alphas)
        With ``store_cv_results=True``: the squared leave-one-out errors times the
        sample weights or, with `scoring`, the leave-one-out predictions.
    fold_scores_ : ndarray of shape (n_alphas, n_folds)
        With `cv`: the score on the test rows of each fold.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients for `alpha_`, in the dtype of X (float32 or float64).
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the mean loss.
    relative_gap_ : float or ndarray of shape (n_targets,)
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : ndarray of shape (n_targets,)
        Number of iterations or solves of the final fit.
    status_ : Status or list of Status
        How the final fit ended, per target.
    solver_ : str
        What was used for it, as of :class:`riata.Ridge`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    Ridge : Ridge regression for a given alpha.
    LassoCV : The same with an L1 penalty.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import RidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((30, 5))
    >>> y = X[:, 0] + rng.standard_normal(30)
    >>> model = RidgeCV(alphas=[0.1, 1.0, 10.0, 100.0]).fit(X, y)
    >>> model.alpha_
    1.0
    """

    _parameter_checks: ClassVar = {
        "alphas": check_target_alphas,
        "gcv_mode": or_none(partial(check_choice, choices=("auto", "svd", "eigen"))),
        "store_cv_results": check_bool,
        "alpha_per_target": check_bool,
        **{
            name: SHARED_CHECKS[name] for name in RIDGE_OPTIONS if name in SHARED_CHECKS
        },
    }

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        tol=1e-4,
        max_iter=None,
        n_threads=None,
        time_limit=None,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.tol = tol
        self.max_iter = max_iter
        self.n_threads = n_threads
        self.time_limit = time_limit

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose the strength of the penalty by cross-validation, then fit with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples, for fitting and (if the scorer takes weights)
            for the scores.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets), \
                default=None
            Known part of the prediction, added to it and not fitted.
        **params : dict
            Arguments for the splitter and the scorer. Only with scikit-learn's metadata
            routing enabled.

        Returns
        -------
        self : RidgeCV
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid. The estimator is left as it was.
        """
        reject_params_without_routing(self, params)
        self._check_params()
        alphas = self._checked_alphas()
        scorer = self._get_scorer()
        routed = self._route(scorer, sample_weight, params)
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        fit = self._fit_leave_one_out if self.cv is None else self._fit_folds
        fitted = fit(data, alphas, sample_weight, scorer, routed)
        self._set_fitted(alphas_=alphas, **fitted, **features)
        return self

    def _checked_alphas(self):
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))
        if self.cv is None:
            if not (alphas > 0).all():
                at = int(np.argmax(alphas <= 0))
                raise ValueError(
                    f"alphas[{at}] is {alphas[at]}; leave-one-out needs alphas above "
                    "0. Raise it, or give the number of folds as cv."
                )
            for name in ("lower", "upper"):
                if getattr(self, name) is not None:
                    raise ValueError(
                        f"{name} needs cv: leave-one-out has no closed form for "
                        "bounded coefficients. Give the number of folds as cv."
                    )
            return alphas
        for name in ("store_cv_results", "alpha_per_target"):
            if getattr(self, name):
                raise ValueError(
                    f"{name}=True is for leave-one-out, and not possible with "
                    f"cv={self.cv!r}; leave one of them out."
                )
        return alphas

    # -- scoring ------------------------------------------------------------------

    def _get_scorer(self):
        """Return the scorer; None for squared errors in leave-one-out."""
        if self.scoring is not None:
            return check_scoring(self, scoring=self.scoring)
        if get_config()["enable_metadata_routing"]:
            # The weights given to fit are for the scores, too.
            return get_scorer("r2").set_score_request(sample_weight=True)
        return get_scorer("r2")

    # -- folds ----------------------------------------------------------------------

    def _fit_folds(self, data, alphas, sample_weight, scorer, routed):
        """Return the fitted attributes, chosen by the mean score over the folds."""
        split_params, score_params = routed
        check_operand(data.X)  # here, where rows still have their own numbers
        weight = weights_as_given(sample_weight, data.X.shape[0])
        folds = as_folds(check_cv(self.cv), data.X, data.y, split_params)
        deadline = Deadline(self.time_limit)
        scores = np.empty((len(alphas), len(folds)))
        fits = []
        for k, (train, test) in enumerate(folds):
            seconds = deadline.left(len(folds) - k + 1)
            models, fits_of_fold = self._fit_alphas(
                data.rows(train), alphas, weight[train].sum(), seconds
            )
            fits += fits_of_fold
            params = rows_of_params(score_params, test, len(weight))
            held_out = data.rows(test)
            for i, model in enumerate(models):
                scores[i, k] = score_model(model, held_out, scorer, params)
        mean = scores.mean(axis=1)
        best = int(np.argmax(np.where(np.isnan(mean), -np.inf, mean)))
        (model,), fits_of_all = self._fit_alphas(
            data, alphas[[best]], weight.sum(), deadline.left()
        )
        warn_not_converged(self, fits + fits_of_all, "fits", stacklevel=3)
        fitted = {name: v for name, v in vars(model).items() if name.endswith("_")}
        del fitted["n_features_in_"]
        return {
            **fitted,
            "alpha_": float(alphas[best]),
            "best_score_": float(mean[best]),
            "fold_scores_": scores,
        }

    def _fit_alphas(self, data, alphas, total, seconds):
        """Return fitted Ridges, one for each alpha (of one factorization), and fits."""
        if not total > 0:
            raise ValueError("sample_weight is zero on all training rows of a fold.")
        n_targets = 1 if data.y.ndim == 1 else data.y.shape[1]
        options = {name: getattr(self, name) for name in RIDGE_OPTIONS}
        options["time_limit"] = seconds
        models = [Ridge(alpha=float(alpha), **options) for alpha in alphas]
        grid = np.repeat(alphas[:, None] / total, n_targets, axis=1)
        results, solver = models[0]._solve(data, grid)
        for model, fits in zip(models, results, strict=True):
            model._set_fitted(
                **model._attributes(fits, data),
                solver_=solver,
                n_features_in_=data.X.shape[1],
            )
        return models, [fit for fits in results for fit in fits]

    # -- leave-one-out ----------------------------------------------------------------

    def _fit_leave_one_out(self, data, alphas, sample_weight, scorer, routed):
        """Return the fitted attributes, chosen by the leave-one-out errors."""
        weight = weights_as_given(sample_weight, data.X.shape[0])
        if len(weight) < 2:
            raise ValueError("leave-one-out needs at least 2 samples, got n_samples=1.")
        total = weight.sum()
        loo = ridge_loo(
            data.X,
            data.y,
            alphas / total,
            fit_intercept=bool(self.fit_intercept),
            standardize=bool(self.standardize),
            sample_weight=data.sample_weight,
            offset=data.offset,
            penalty_factor=check_penalty_factor(self.penalty_factor, data.X.shape[1]),
        )
        n_targets = 1 if data.y.ndim == 1 else data.y.shape[1]
        errors = loo.errors.reshape(len(alphas), len(weight), n_targets)
        y = data.y.reshape(len(weight), n_targets)
        if self.scoring is None:
            results = weight[:, None] * errors**2
            scores = -results.mean(axis=1)
        else:
            results = y - errors
            scores = self._score_predictions(scorer, results, data.y, routed[1])
        chosen, score = self._best_of(scores)
        grid = np.broadcast_to(alphas[chosen] / total, (1, n_targets))
        result = loo.solve(grid if data.y.ndim == 2 else grid[:, 0])
        (fits,) = fits_of_result(self, result, grid)
        fitted = Ridge(fit_intercept=self.fit_intercept)._attributes(fits, data)
        if self.store_cv_results:
            results = np.moveaxis(results, 0, -1).astype(data.X.dtype, copy=False)
            fitted["cv_results_"] = results if data.y.ndim == 2 else results[:, 0]
        return {
            **fitted,
            "alpha_": alphas[chosen] if np.ndim(chosen) else float(alphas[chosen]),
            "best_score_": score,
            "solver_": result.method,
        }

    def _score_predictions(self, scorer, predictions, y, params):
        """Return the scores of all alphas, and of each target or of all together."""
        if self.alpha_per_target and y.ndim == 2:
            columns = range(y.shape[1])
            pairs = [[(p[:, k], y[:, k]) for k in columns] for p in predictions]
        else:
            pairs = [[(p.reshape(y.shape), y)] for p in predictions]
        scores = [
            [scorer(Identity(), predicted, true, **params) for predicted, true in row]
            for row in pairs
        ]
        return np.array(scores)

    def _best_of(self, scores):
        """Return which alpha is best, and its score: for all targets, or for each."""
        if not self.alpha_per_target or scores.shape[1] == 1:
            scores = scores.mean(axis=1)
        chosen = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=0)
        if scores.ndim == 1:
            return chosen, float(scores[chosen])
        return chosen, scores[chosen, np.arange(len(chosen))]
