"""RidgeCV: leave-one-out in closed form, or folds.

`alpha` is that of `Ridge`, beside a sum; in `cv_result_` it is riata's, beside a mean.
"""

import warnings
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from .. import _validation as check
from .._cross_validation._driver import CrossValidation
from .._cross_validation._folds import (
    as_folds,
    reject_params_without_routing,
    splitter_of,
)
from .._cross_validation._leave_one_out import LeaveOneOutResult
from .._cross_validation._result import CVResult
from .._cross_validation._scores import DEVIANCE, DevianceScorer
from .._path._checked import SQUARED
from .._path._result import CRITERIA
from .._path._result_ridge import RidgePathResult
from .._path._samples import Deadline, Samples, n_rows, weights_as_given
from .._ridge._routes import direct_seconds
from .._ridge._solve import ridge_loo
from ._base import (
    Fit,
    LinearRegressor,
    SeveralTargets,
    fitted_attributes,
    warn_not_converged,
)
from ._cv_base import Reselection, RoutedCV
from ._parameters import one_of, or_none
from ._ridge import Ridge, check_target_alphas, fits_of_result
from ._ridge_folds import RidgeFits, RidgeScorer, TargetPaths, r2_scorer

# Parameters that RidgeCV passes on to Ridge.
RIDGE_OPTIONS = (
    "fit_intercept", "standardize", "penalty_factor", "lower", "upper", "tol", "max_iter",
    "n_threads", "time_limit",
)


class Identity(RegressorMixin, BaseEstimator):
    """Returns the predictions that it is given, for scorers."""

    def predict(self, X):
        return X


class RidgeCV(Reselection, RoutedCV, SeveralTargets, LinearRegressor):
    """Ridge regression whose `alpha` is chosen by cross-validation.

    By default by leave-one-out cross-validation, which has a closed form: all alphas
    and targets share one factorization. Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.RidgeCV`; the parameters after `alpha_per_target` are
    riata's own. See :class:`riata.Ridge` for the problem that is solved.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,)
        Penalty strengths to choose from: > 0, and >= 0 with `cv`.
    scoring : str or callable
        A scorer of scikit-learn, or a function ``scorer(estimator, X, y)``. None is the
        negative mean squared error without `cv`, and R squared with it.
    cv : int, cross-validation generator or iterable
        Folds: None for leave-one-out, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    gcv_mode : {"auto", "svd", "eigen"}
        Accepted and without effect: riata chooses by the shape of X.
    store_cv_results : bool
        Whether to keep `cv_results_`. Only for leave-one-out.
    alpha_per_target : bool
        Whether each target gets its own alpha. Only for leave-one-out.
    standardize : bool
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation: with `cv` that of the training rows, in leave-one-out that of all.
        Coefficients are reported on the original scale.
    lower, upper : float or array-like of shape (n_features,)
        Bounds of the coefficients, ``lower <= 0 <= upper``. Only with `cv`.
    select : str or callable
        Rule of the choice: "min" (the best mean score, of equals the first of `alphas`),
        "1se" (the largest alpha within one standard error of it; of leave-one-out the
        error between samples), "aic", "aicc", "bic", "ebic", "gcv" (a criterion of the
        fits to all samples, with their effective degrees of freedom), or a callable; see
        :meth:`riata.CVResult.select`. Of several targets "min" and "1se" only. "1se"
        needs scores of single samples: leave-one-out with a scorer has none. Criteria
        are not for bounds.
    tol : float
        Tolerance of fits with bounds, as in :class:`riata.Ridge`.
    max_iter : int
        Largest number of iterations of a fit, as in :class:`riata.Ridge`.
    n_threads : int
        Number of threads of fits with bounds; None lets riata decide.
    time_limit : float
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
    coef_, intercept_, sparse_coef_
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the mean loss.
    relative_gap_
    n_iter_ : ndarray of shape (n_targets,)
        Number of iterations or solves of the final fit.
    status_ : Status or list of Status
        How the final fit ended, per target.
    solver_ : str
        What was used for it, as of :class:`riata.Ridge`.
    n_features_in_, feature_names_in_

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

    _default_scoring = "r2"
    _checks: ClassVar = {
        "alphas": check_target_alphas,
        "gcv_mode": or_none(one_of("auto", "svd", "eigen")),
        "store_cv_results": check.check_bool,
        "alpha_per_target": check.check_bool,
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
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples, for fitting and (if the scorer takes weights)
            for the scores.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets)
            Known part of the prediction, added to it and not fitted.
        **params : dict
            Arguments for the splitter and the scorer. Only with scikit-learn's metadata
            routing enabled.

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
        *data, features = check.validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        self._check_rule(data.y)
        weight = weights_as_given(sample_weight, data.X.shape[0])
        fit = self._fit_leave_one_out if self.cv is None else self._fit_folds
        names = features.get("feature_names_in_")
        fitted = fit(data, alphas, weight, scorer, routed, names)
        self._set_fitted(**fitted, **features)
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

    def _needs_dof(self):
        """Whether `select` is a criterion of the effective degrees of freedom."""
        return isinstance(self.select, str) and self.select in CRITERIA

    def _check_rule(self, y):
        """Raise unless `select` has a meaning for this fit."""
        if y.ndim == 2 and (callable(self.select) or self._needs_dof()):
            raise ValueError(
                f"select={self.select!r} chooses for a single target, but y has the shape "
                f"{y.shape}; take 'min' or '1se', or fit each target on its own."
            )
        if self._needs_dof() and not (self.lower is None and self.upper is None):
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

    # -- choice -------------------------------------------------------------------

    def _check_reselection(self):
        if not hasattr(self, "cv_result_"):
            raise ValueError(
                "reselect needs the models of all alphas, which are kept for a 1-D y "
                "only, and by leave-one-out with store_cv_results=True; fit again with "
                "that, or with select=."
            )

    def _chosen(self, choice, known, dtype):
        fit = Fit.from_path(choice.path, choice.at)
        attributes = fitted_attributes([fit], np.empty(0), dtype, self.fit_intercept)
        return {
            **attributes, "n_iter_": np.atleast_1d(attributes["n_iter_"]),
            **self._score_of(choice.at, known["alphas_"], known["_mean_score_"]),
        }

    @staticmethod
    def _score_of(at, alphas, mean):
        """Alpha and score of a place in the decreasing alphas."""
        at = decreasing(alphas)[at]
        if np.ndim(at):
            return {"alpha_": alphas[at], "best_score_": mean[at, np.arange(len(at))]}
        return {"alpha_": float(alphas[at]), "best_score_": float(mean[at])}

    def _of_result(self, result, alphas, mean, dtype):
        """Return the attributes for a `CVResult` of a single target."""
        known = {"cv_result_": result, "_mean_score_": mean, "alphas_": alphas}
        return {**known, **self._chosen(result.select(self.select), known, dtype)}

    def _of_targets(self, fits, data, at, alphas, mean):
        """Return the attributes for the final fits of several targets."""
        return {
            **Ridge(fit_intercept=self.fit_intercept)._attributes(fits, data),
            **self._score_of(at, alphas, mean), "alphas_": alphas,
        }

    # -- folds ----------------------------------------------------------------------

    def _fit_folds(self, data, alphas, weight, scorer, routed, names):
        """Return the fitted attributes, chosen by the scores of the folds."""
        split_params, score_params = routed
        check.check_operand(data.X)  # before folds, whose rows have other numbers
        folds = as_folds(splitter_of(self.cv), data.X, data.y, split_params)
        deadline, order = Deadline(self.time_limit), decreasing(alphas)
        fits = RidgeFits(self, data, folds, alphas, order, weight, names)
        scorers = {
            self._metric(): RidgeScorer(
                Ridge(**self._ridge_options()),
                r2_scorer if self.scoring is None else scorer, score_params,
                {"alphas": alphas[order]}, len(weight),
            )
        }
        if data.y.ndim == 1:
            scorers[DEVIANCE] = DevianceScorer(SQUARED)
        result = CrossValidation(fits, scorers, deadline).run(n_jobs=1)
        scores = result.scores[self._metric()][0][np.argsort(order)]
        mean, outcomes = scores.mean(axis=1), result._outcomes
        warn_of_undefined(mean, stacklevel=3)
        if data.y.ndim == 1:
            fitted = self._of_result(result, alphas, mean, data.X.dtype)
            fitted["solver_"] = result.paths[0].solver
        else:
            _, at = result._place(self.select, None)
            (final,), solver = self._solve_alphas(
                data, fits.grids()[0][[at]], deadline.left()
            )
            fitted = self._of_targets(final, data, at, alphas, mean)
            fitted["solver_"] = solver
            outcomes += final
        warn_not_converged(self, outcomes, "fits", stacklevel=3)
        return {**fitted, "fold_scores_": scores}

    def _ridge_options(self):
        return {name: getattr(self, name) for name in RIDGE_OPTIONS}

    def _solve_alphas(self, data, alphas, seconds):
        """Fit all targets for each alpha (of the mean loss), as `Ridge._solve`."""
        ridge = Ridge(**{**self._ridge_options(), "time_limit": seconds})
        n_targets = 1 if data.y.ndim == 1 else data.y.shape[1]
        return ridge._solve(data, np.repeat(alphas[:, None], n_targets, axis=1))

    def _path(self, fits, alphas, data, names, **known):
        """Return the path of the fits of one target."""
        weight = data.sample_weight
        n = len(data.y) if weight is None else np.count_nonzero(weight)
        return RidgePathResult.of(
            fits, alphas, n, self.tol / 100, feature_names_in=names,
            has_offset=data.offset is not None, **known,
        )

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
            data.X, data.y, alphas, fit_intercept=bool(self.fit_intercept),
            standardize=bool(self.standardize), sample_weight=data.sample_weight,
            offset=data.offset,
            penalty_factor=check.check_penalty_factor(self.penalty_factor, data.X.shape[1]),
        )

    def _path_of_loo(self, loo, data, names):
        """The path of all alphas of a `RidgeLOO`."""
        result = loo.solve(loo.alphas)
        fits = [fit for (fit,) in fits_of_result(self, result, loo.alphas[:, None])]
        return self._path(
            fits, loo.alphas, data, names, dof=loo.dof, solver=result.method
        ).measure(data)

    def _fit_leave_one_out(self, data, alphas, weight, scorer, routed, names):
        """Return the fitted attributes, chosen by the leave-one-out errors."""
        if self.gcv_mode == "svd" and not isinstance(data.X, np.ndarray):
            warnings.warn(
                "The 'svd' mode is not supported for sparse X, and raises an error in "
                "scikit-learn 1.11; here gcv_mode has no effect. Leave it out.",
                FutureWarning, stacklevel=3,
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
            path = self._path_of_loo(loo, data, names)
            scored = {} if self.scoring is None else {self._metric(): scores[:, 0]}
            result = LeaveOneOutResult(
                path, data.y, loo.errors, weight, scored, order
            )
            warn_not_converged(self, result._outcomes, "alphas", stacklevel=3)
            return {
                **fitted, **self._of_result(result, alphas, mean, data.X.dtype),
                "solver_": path.solver,
            }
        of_samples = scores[:, None] if self.scoring is not None else -results
        if each:
            columns = np.moveaxis(of_samples, -1, 0)
            at = np.array([place_of(column, order, self.select) for column in columns])
        else:
            at = place_of(of_samples.mean(axis=-1), order, self.select)
        chosen = np.broadcast_to(alphas[order][at] / total, (1, n_targets))
        solved = loo.solve(chosen)
        (fits,) = fits_of_result(self, solved, chosen)
        warn_not_converged(self, fits, "targets", stacklevel=3)
        return {
            **fitted, **self._of_targets(fits, data, at, alphas, mean),
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


def decreasing(alphas):
    """Return what brings alphas into decreasing order; of equals the first is first."""
    return np.argsort(-alphas, kind="stable")


def warn_of_undefined(mean, stacklevel):
    """Warn of scores that are no numbers, as scikit-learn's GridSearchCV does."""
    if not np.isfinite(mean).all():
        warnings.warn(
            f"One or more of the test scores are non-finite: {mean}. Such alphas are "
            "chosen last; use a scoring that is defined on all test rows.",
            UserWarning, stacklevel=stacklevel + 1,
        )


def place_of(scores, order, rule):
    """Return the place that a rule chooses, of scores (n_alphas, n_folds) of decreasing
    alphas; `order` sorts the alphas as given into these."""
    alphas = np.arange(len(scores))[::-1]  # any that decrease
    result = CVResult(
        l1_ratios=np.zeros(1), alphas=[alphas], paths=[TargetPaths(alphas)],
        scores={"score": scores[None]}, fold_paths=[], folds=range(scores.shape[1]),
        end="complete", order=order,
    )
    return result._place(rule, None)[1]
