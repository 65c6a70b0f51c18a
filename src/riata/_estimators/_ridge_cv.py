"""RidgeCV: leave-one-out in closed form, or folds.

`alpha` is that of `Ridge`, beside a sum; in `cv_result_` it is riata's, beside a mean.
"""

import warnings
from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import get_scorer

from .._cross_validation._folds import (
    as_folds,
    reject_params_without_routing,
    splitter_of,
)
from .._cross_validation._result import CVResult
from .._cross_validation._scores import (
    DEVIANCE,
    minus_deviance,
    r_squared,
    rows_of_params,
    score_model,
    scorer_of,
)
from .._path._fit import SQUARED
from .._path._result import CRITERIA
from .._path._result_ridge import RidgePathResult
from .._path._samples import Deadline, Samples, n_rows, weights_as_given
from .._ridge._routes import direct_seconds
from .._ridge._solve import ridge_loo
from .._validation import (
    check_bool,
    check_choice,
    check_operand,
    check_penalty_factor,
    validate_estimator_input,
)
from ._base import (
    SHARED_CHECKS,
    Fit,
    LinearRegressor,
    fitted_attributes,
    or_none,
    warn_not_converged,
)
from ._cv_base import (
    Reselection,
    RoutedCV,
    check_folds,
    check_select,
    name_of,
)
from ._ridge import Ridge, check_target_alphas, fits_of_result

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


class Identity(RegressorMixin, BaseEstimator):
    """Lets a scorer see predictions that have been made already."""

    def predict(self, X):
        return X


class OneOut(Sequence):
    """The folds of leave-one-out, of which none is stored."""

    def __init__(self, n_samples):
        self.n_samples = n_samples

    def __len__(self):
        return self.n_samples

    def __getitem__(self, k):
        if not -self.n_samples <= k < self.n_samples:
            raise IndexError(k)
        test = np.array([k % self.n_samples])
        return np.delete(np.arange(self.n_samples), test), test


class LeaveOneOutResult(CVResult):
    """A `CVResult` of leave-one-out in closed form: each fold is one sample.

    The models of the folds were never made, so that `fold_paths` is None and there is no
    `selection_frequency`.

    Attributes
    ----------
    errors : ndarray of shape (n_alphas, n_samples)
        y minus its prediction by the model that has not seen it.
    """

    def __init__(self, path, y, errors, weight, scored):
        self.l1_ratios, self.alphas, self.paths = np.zeros(1), [path.alphas], [path]
        self.errors, self._y, self._weight = errors, y, weight / weight.mean()
        self._scored = scored  # by metric, of each alpha, all predictions together
        self.metrics = (*scored, DEVIANCE)
        self.fold_paths, self.folds, self.end = None, OneOut(len(y)), "complete"

    @property
    def scores(self):
        """Scores of each metric, greater is better: of a scorer (1, n_alphas, 1), since
        it is given the predictions of all samples together; of the deviance
        (1, n_alphas, n_samples)."""
        of_samples = -self._weight * self.errors**2
        scored = {name: score[None, :, None] for name, score in self._scored.items()}
        return {**scored, DEVIANCE: of_samples[None]}

    def standard_error(self, metric=None):
        """Standard error of `mean_score`: the standard deviation between the samples over
        the square root of their number. NaN for what a scorer says of all of them."""
        if (metric or self.metrics[0]) in self._scored:
            return np.full((1, len(self.paths[0])), np.nan)
        return super().standard_error(metric)

    def out_of_fold(self, X=None, rule="min", *, metric=None, offset=None):
        """Predict each sample by the model that has not seen it.

        Parameters
        ----------
        X, offset
            Accepted and without effect: the predictions are known.
        rule, metric
            As in `select`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        _, at = self._place(rule, metric)
        return self._y - self.errors[at]

    def selection_frequency(self, rule="min", metric=None):
        """Not known: leave-one-out in closed form makes no models of folds.

        Parameters
        ----------
        rule, metric
            As in `select`.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "leave-one-out in closed form makes no coefficients of folds, whose "
            "frequency this would be; give the number of folds as cv."
        )

    def _frequency(self, which, at):
        return None


class RidgeCV(Reselection, RoutedCV, MultiOutputMixin, LinearRegressor):
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
    select : str or callable, default="min"
        Rule of the choice: "min" (the best mean score, of equals the first of `alphas`),
        "1se" (the largest alpha within one standard error of it; of leave-one-out the
        error between samples), "aic", "aicc", "bic", "ebic", "gcv" (a criterion of the
        fits to all samples, with their effective degrees of freedom), or a callable; see
        :meth:`riata.CVResult.select`. Of several targets "min" and "1se" only. "1se"
        needs scores of single samples: leave-one-out with a scorer has none. Criteria
        are not for bounds.
    tol : float, default=1e-4
        Tolerance of fits with bounds, as in :class:`riata.Ridge`.
    max_iter : int, default=None
        Largest number of iterations of a fit, as in :class:`riata.Ridge`.
    n_threads : int, default=None
        Number of threads of fits with bounds; None lets riata decide.
    time_limit : float, default=None
        Seconds for all fits, shared evenly among the folds. A fold that runs out of it
        scores what it has (with a warning). Leave-one-out cannot be stopped: if it may
        take longer, that is an error.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The alpha that was chosen (by default, of the best score), or those of the
        targets.
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
    cv_result_ : CVResult
        Models, scores and folds, and every choice that can be made of them, for a 1-D
        `y`. Its alphas are beside the mean of the squared errors: those of `alphas_`
        divided by the sum of the weights, in decreasing order. Of leave-one-out each
        sample is a fold, whose coefficients are not known; and as the models of all
        alphas take longer than their errors, it is there only with
        ``store_cv_results=True`` or another `select` than "min".
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

    __module__ = "riata"

    _parameter_checks: ClassVar = {
        "alphas": check_target_alphas,
        "gcv_mode": or_none(partial(check_choice, choices=("auto", "svd", "eigen"))),
        "cv": check_folds,
        "store_cv_results": check_bool,
        "alpha_per_target": check_bool,
        "select": check_select,
        **{
            name: SHARED_CHECKS[name] for name in RIDGE_OPTIONS if name in SHARED_CHECKS
        },
    }

    def __init__(
        self, alphas=(0.1, 1.0, 10.0), *, fit_intercept=True, scoring=None, cv=None,
        gcv_mode=None, store_cv_results=False, alpha_per_target=False,
        standardize=False, penalty_factor=None, lower=None, upper=None, select="min",
        tol=1e-4, max_iter=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

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

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If a fit ends before the tolerance is reached.
        UserWarning
            If scores are NaN or infinite.
        """
        reject_params_without_routing(self, params)
        self._check_params()
        alphas = self._checked_alphas()
        if isinstance(sample_weight, Real):  # one for each sample, for the scorer, too
            sample_weight = np.full(n_rows(X), float(sample_weight))
        scorer = self._get_scorer()
        routed = self._route(scorer, sample_weight, params)
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        self._check_rule(data.y)
        weight = weights_as_given(sample_weight, data.X.shape[0])
        fit = self._fit_leave_one_out if self.cv is None else self._fit_folds
        fitted = fit(data, alphas, weight, scorer, routed)
        if "cv_result_" in fitted:
            names = features.get("feature_names_in_")
            fitted["cv_result_"]._describe_data(names, data.offset is not None)
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

    def _wants_criterion(self):
        return isinstance(self.select, str) and self.select in CRITERIA

    def _check_rule(self, y):
        """Raise unless `select` has a meaning for this fit."""
        if y.ndim == 2 and (callable(self.select) or self._wants_criterion()):
            raise ValueError(
                f"select={self.select!r} chooses for a single target, but y has the shape "
                f"{y.shape}; take 'min' or '1se', or fit each target on its own."
            )
        if self._wants_criterion() and not (self.lower is None and self.upper is None):
            raise ValueError(
                f"select={self.select!r} needs the effective degrees of freedom, which "
                "are not known of bounded coefficients; take 'min' or '1se'."
            )
        if self.cv is None and self.scoring is not None and self.select == "1se":
            raise ValueError(
                "select='1se' needs a standard error, but scoring gives leave-one-out a "
                "single score of all samples; leave scoring out, or give the number of "
                "folds as cv."
            )

    # -- scoring ------------------------------------------------------------------

    def _get_scorer(self):
        """Return the scorer; None for squared errors in leave-one-out."""
        if self.scoring is not None:
            return scorer_of(self, self.scoring)
        if get_config()["enable_metadata_routing"]:
            # The weights given to fit are for the scores, too.
            return get_scorer("r2").set_score_request(sample_weight=True)
        return get_scorer("r2")

    def _metric(self):
        return "r2" if self.scoring is None else name_of(self.scoring)

    # -- choice -------------------------------------------------------------------

    def _chosen(self, choice, dtype):
        return {
            **self._score_of(choice.at, self.alphas_, self._mean_score_),
            **self._attributes_of(Fit.from_path(choice.path, choice.at), dtype),
        }

    @staticmethod
    def _score_of(at, alphas, mean):
        """Alpha and score of a place in the decreasing alphas."""
        at = decreasing(alphas)[at]
        if np.ndim(at):
            return {"alpha_": alphas[at], "best_score_": mean[at, np.arange(len(at))]}
        return {"alpha_": float(alphas[at]), "best_score_": float(mean[at])}

    def _attributes_of(self, fit, dtype):
        attributes = fitted_attributes([fit], np.empty(0), dtype, self.fit_intercept)
        return {**attributes, "n_iter_": np.atleast_1d(attributes["n_iter_"])}

    def _of_result(self, result, alphas, mean, dtype):
        """Return the attributes for a `CVResult` of a single target."""
        choice = result.select(first_if_min(self.select, mean, alphas))
        return {
            "cv_result_": result,
            "_mean_score_": mean,
            **self._score_of(choice.at, alphas, mean),
            **self._attributes_of(Fit.from_path(choice.path, choice.at), dtype),
        }

    # -- folds ----------------------------------------------------------------------

    def _fit_folds(self, data, alphas, weight, scorer, routed):
        """Return the fitted attributes, chosen by the scores of the folds."""
        split_params, score_params = routed
        check_operand(data.X)  # here, where rows still have their own numbers
        folds = as_folds(splitter_of(self.cv), data.X, data.y, split_params)
        deadline, order = Deadline(self.time_limit), decreasing(alphas)
        grid, single = alphas[order], data.y.ndim == 1
        metric = self._metric()
        scores = {
            name: np.empty((len(grid), len(folds)))
            for name in ((metric, DEVIANCE) if single else (metric,))
        }
        fits, paths = [], []
        for k, (train, test) in enumerate(folds):
            seconds, held_out = deadline.left(len(folds) - k + 1), data.rows(test)
            if held_out.sample_weight is not None and not held_out.sample_weight.any():
                raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
            rows, total = data.rows(train), weight[train].sum()
            models, fits_of_fold = self._fit_alphas(rows, grid, total, seconds)
            fits += fits_of_fold
            if single:
                paths.append(self._path(fits_of_fold, grid / total, rows))
                paths[k]._spread = None  # as large as X is wide, and known on all samples
                eta = held_out.X @ paths[k].coefs + paths[k].intercept
                deviance = minus_deviance(SQUARED, paths[k], eta, held_out, test)
                scores[DEVIANCE][:, k] = deviance
            params = rows_of_params(score_params, test, len(weight))
            for i, model in enumerate(models):
                if self.scoring is None and len(test) > 1:
                    predicted = model._predictor(held_out.X, held_out.offset)
                    scores[metric][i, k] = r_squared(held_out.y, predicted, **params)
                else:
                    scores[metric][i, k] = score_model(model, held_out, scorer, params)
        mean = scores[metric].mean(axis=1)[np.argsort(order)]
        warn_of_undefined(mean, stacklevel=3)
        kept = {"fold_scores_": scores[metric][np.argsort(order)]}
        if single:
            result, fits_of_all, kept["solver_"] = self._result_of_folds(
                data, grid / weight.sum(), scores, folds, paths, deadline.left()
            )
            kept |= self._of_result(result, alphas, mean, data.X.dtype)
        else:
            at = self._place_of(scores[metric], order)
            (model,), fits_of_all = self._fit_alphas(
                data, grid[[at]], weight.sum(), deadline.left()
            )
            kept |= {name: v for name, v in vars(model).items() if name.endswith("_")}
            del kept["n_features_in_"]
            kept |= self._score_of(at, alphas, mean)
        warn_not_converged(self, fits + fits_of_all, "fits", stacklevel=3)
        return kept

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

    def _path(self, fits, alphas, data, **known):
        weight = data.sample_weight
        n = len(data.y) if weight is None else np.count_nonzero(weight)
        path = RidgePathResult.of(fits, alphas, n, self.tol / 100, **known)
        path.has_offset = data.offset is not None
        return path

    def _result_of_folds(self, data, alphas, scores, folds, paths, seconds):
        """The `CVResult` of a single target, its fits to all samples, and the solver."""
        if self._wants_criterion():
            loo = self._loo(data, alphas)
            path, fits, solver = self._path_of_loo(loo, data)
        else:
            models, fits = self._fit_alphas(data, alphas, 1.0, seconds)
            path, solver = self._path(fits, alphas, data), models[0].solver_
            path.measure(data)
        result = CVResult(
            l1_ratios=np.zeros(1), alphas=[alphas], paths=[path],
            scores={name: score[None] for name, score in scores.items()},
            fold_paths=[paths], folds=folds, end="complete",
        )
        return result, fits, solver

    def _place_of(self, scores, order):
        """Return the place that `select` chooses, of scores (n_alphas, n_folds) of the
        decreasing alphas; `order` brings the alphas as given into that order."""
        if self.select != "min":
            return place_of(scores, self.select)
        back = np.argsort(order)
        return int(back[first_best(scores.mean(axis=1)[back])])

    # -- leave-one-out ----------------------------------------------------------------

    def _loo(self, data, alphas):
        seconds = direct_seconds(data.X, np.inf)
        if self.time_limit is not None and seconds > self.time_limit:
            raise ValueError(
                f"time_limit is {self.time_limit}, but the closed form of leave-one-out "
                f"needs a decomposition of X, which takes about {seconds:.2g} s and cannot "
                "be stopped. Raise time_limit, or give the number of folds as cv."
            )
        return ridge_loo(
            data.X,
            data.y,
            alphas,
            fit_intercept=bool(self.fit_intercept),
            standardize=bool(self.standardize),
            sample_weight=data.sample_weight,
            offset=data.offset,
            penalty_factor=check_penalty_factor(self.penalty_factor, data.X.shape[1]),
        )

    def _path_of_loo(self, loo, data):
        """The path of all alphas of a `RidgeLOO`, its fits, and the solver."""
        result = loo.solve(loo.alphas)
        fits = [fit for (fit,) in fits_of_result(self, result, loo.alphas[:, None])]
        path = self._path(fits, loo.alphas, data, dof=loo.dof)
        return path.measure(data), fits, result.method

    def _fit_leave_one_out(self, data, alphas, weight, scorer, routed):
        """Return the fitted attributes, chosen by the leave-one-out errors."""
        if self.gcv_mode == "svd" and not isinstance(data.X, np.ndarray):
            warnings.warn(
                "The 'svd' mode is not supported for sparse X, and raises an error in "
                "scikit-learn 1.11; here gcv_mode has no effect. Leave it out.",
                FutureWarning,
                stacklevel=3,
            )
        if len(weight) < 2:
            raise ValueError("leave-one-out needs at least 2 samples, got n_samples=1.")
        total, order = weight.sum(), decreasing(alphas)
        loo = self._loo(data, alphas[order] / total)
        n_targets = 1 if data.y.ndim == 1 else data.y.shape[1]
        errors = loo.errors.reshape(len(alphas), len(weight), n_targets)
        if self.scoring is None:
            results = weight[:, None] * errors**2
            scores = -results.mean(axis=1)
        else:
            results = data.y.reshape(len(weight), n_targets) - errors
            scores = self._score_predictions(scorer, results, data.y, routed[1])
        each = self.alpha_per_target and scores.shape[1] > 1
        mean = (scores if each else scores.mean(axis=1))[np.argsort(order)]
        warn_of_undefined(mean, stacklevel=3)
        fitted = {}
        if self.store_cv_results:
            stored = np.moveaxis(results[np.argsort(order)], 0, -1)
            stored = stored.astype(data.X.dtype, copy=False)
            fitted["cv_results_"] = stored if data.y.ndim == 2 else stored[:, 0]
        if data.y.ndim == 1 and (self.store_cv_results or self.select != "min"):
            path, fits, fitted["solver_"] = self._path_of_loo(loo, data)
            warn_not_converged(self, fits, "alphas", stacklevel=3)
            scored = {} if self.scoring is None else {self._metric(): scores[:, 0]}
            result = LeaveOneOutResult(path, data.y, loo.errors, weight, scored)
            return {**fitted, **self._of_result(result, alphas, mean, data.X.dtype)}
        of_samples = scores[:, None] if self.scoring is not None else -results
        if each:
            columns = np.moveaxis(of_samples, -1, 0)
            at = np.array([self._place_of(column, order) for column in columns])
        else:
            at = self._place_of(of_samples.mean(axis=-1), order)
        chosen = np.broadcast_to(alphas[order][at] / total, (1, n_targets))
        solved = loo.solve(chosen)
        (fits,) = fits_of_result(self, solved, chosen)
        warn_not_converged(self, fits, "targets", stacklevel=3)
        return {
            **fitted,
            **Ridge(fit_intercept=self.fit_intercept)._attributes(fits, data),
            **self._score_of(at, alphas, mean),
            "solver_": solved.method,
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

    def _reselected(self, rule, metric):
        if not hasattr(self, "cv_result_"):
            raise ValueError(
                "reselect needs the models of all alphas, which are kept for a 1-D y "
                "only, and by leave-one-out with store_cv_results=True; fit again with "
                "that, or with select=."
            )
        if metric in (None, self.cv_result_.metrics[0]):
            rule = first_if_min(rule, self._mean_score_, self.alphas_)
        return super()._reselected(rule, metric)


def decreasing(alphas):
    """Return what brings alphas into decreasing order; of equals the first is first."""
    return np.argsort(-alphas, kind="stable")


def first_best(mean):
    """Return the place of the best mean score: of equals the first, NaN last."""
    return int(np.argmax(np.where(np.isnan(mean), -np.inf, mean)))


def first_if_min(rule, mean, alphas):
    """Return the rule; in place of "min" one that of equal scores takes the first of the
    alphas as given, where `CVResult.select` would take the largest."""
    if not (isinstance(rule, str) and rule == "min"):
        return rule
    at = int(np.argsort(decreasing(alphas))[first_best(mean)])
    return lambda _: at


def warn_of_undefined(mean, stacklevel):
    """Warn of scores that are no numbers, as scikit-learn's GridSearchCV does."""
    if not np.isfinite(mean).all():
        warnings.warn(
            f"One or more of the test scores are non-finite: {mean}. Such alphas are "
            "chosen last; use a scoring that is defined on all test rows.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def place_of(scores, rule):
    """Return the place that a rule of scores chooses, of shape (n_alphas, n_folds)."""
    alphas = np.arange(len(scores))[::-1]  # any that decrease
    result = CVResult(
        l1_ratios=np.zeros(1), alphas=[alphas],
        paths=[RidgePathResult.without_coefficients(alphas)],
        scores={"score": scores[None]}, fold_paths=None, folds=range(scores.shape[1]),
        end="complete",
    )
    return result._place(rule, None)[1]
