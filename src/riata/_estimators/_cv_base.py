"""What the estimators that cross-validate share: routing, grids, choice and attributes.

What a strength is (an alpha, or a C) and which attributes are kept is for the estimators
to say.
"""

import copy
from numbers import Integral, Real
from typing import ClassVar, NamedTuple

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .._cross_validation._engine import Plan
from .._cross_validation._fits import PathFits
from .._cross_validation._folds import (
    as_folds,
    reject_params_without_routing,
    splitter_of,
)
from .._cross_validation._progress import CallbackSupportMixin, run_and_tell
from .._cross_validation._result import RULES
from .._cross_validation._scores import (
    DEVIANCE,
    Deviance,
    Judge,
    scorer_of,
    takes_weights,
)
from .._path._fit import LEAST_L1_RATIO
from .._path._samples import Deadline, Samples
from .._validation import (
    check_alphas,
    check_choice,
    check_integer,
    check_l1_ratio,
    check_n_jobs,
    check_real,
    validate_estimator_input,
)
from ._base import Fit, check_verbose, fitted_attributes, warn_not_converged

# The grid of a target that no alpha > 0 lets anything explain: scikit-learn's value.
NO_ALPHA = np.finfo(np.float64).resolution


def check_eps(value, name):
    """Raise unless `value` is in (0, 1]."""
    check_real(value, name, low=0.0, high=1.0, low_open=True)


def check_folds(value, name):
    """Raise unless `value` is None, a number of folds, a splitter or an iterable."""
    if isinstance(value, Real):
        check_integer(value, name, low=2)
    elif isinstance(value, str) or not (
        value is None or hasattr(value, "split") or hasattr(value, "__iter__")
    ):
        raise TypeError(
            f"{name} must be None, a number of folds, a splitter or an iterable of pairs "
            f"of train and test indices, got {value!r}"
        )


def check_l1_ratios(value, name):
    """Raise unless `value` is a number in [0, 1] or a list of them."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{name} must be a number or a 1-D list of numbers.")
    for ratio in np.atleast_1d(value):
        check_l1_ratio(ratio, name)


def check_select(value, name):
    """Raise unless `value` is the name of a rule, or a callable."""
    if not callable(value):
        check_choice(value, name, RULES)


class Outcome(NamedTuple):
    """How one fit ended."""

    relative_gap: float
    kkt: float
    status: str


def outcomes(*paths):
    """Return how all fits of some paths ended; a path that is blended counts once."""
    solved = {id(path._base): path._base for path in paths}
    return [
        outcome
        for path in solved.values()
        for outcome in map(Outcome, path.relative_gap, path.kkt, path.status)
    ]


def padded(coef, n_alphas):
    """Return a CSC array, or those of all classes, with empty columns at the end."""
    if isinstance(coef, list):
        return [padded(of_class, n_alphas) for of_class in coef]
    n_missing = n_alphas - coef.shape[1]
    if not n_missing:
        return coef
    indptr = np.pad(coef.indptr, (0, n_missing), mode="edge")
    shape = (coef.shape[0], n_alphas)
    return sparse.csc_array((coef.data, coef.indices, indptr), shape=shape)


def padded_intercept(path, n_alphas):
    """Return intercepts (n_alphas, ...) of a path, NaN where it has no alphas."""
    intercept = path.intercept.T
    width = ((0, n_alphas - len(path)), *((0, 0),) * (intercept.ndim - 1))
    return np.pad(intercept, width, constant_values=np.nan)


def name_of(scoring):
    """Return what a score is called."""
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")


class RoutedCV:
    """Splitter and scorer of an estimator that cross-validates."""

    _scoring_methods: ClassVar[tuple[str, ...]] = ("fit",)

    def _get_scorer(self):
        """Return the scorer, or None for the deviance."""
        scoring = getattr(self, "scoring", None)
        return None if scoring is None else scorer_of(self, scoring)

    def _route(self, scorer, sample_weight, params):
        """Return the arguments of ``cv.split`` and of the scorer."""
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            score_params = {} if scorer is None else routed.scorer.score
            return routed.splitter.split, score_params
        return {}, params if scorer is not None and takes_weights(scorer) else {}

    def get_metadata_routing(self):
        """Return how metadata given to fit are routed.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
            Requests of this estimator, of `cv` and of the scorer, if there is one.
        """
        router = (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )
        scorer = self._get_scorer()
        if scorer is not None:
            mapping = MethodMapping()
            for caller in self._scoring_methods:
                mapping.add(caller=caller, callee="score")
            router.add(scorer=scorer, method_mapping=mapping)
        return router


class Reselection:
    """Another choice among the models of a cross-validation.

    A subclass has `_chosen`: the attributes that follow from a `Choice`, the coefficients
    in a dtype.
    """

    def reselect(self, select, metric=None):
        """Return this estimator with another choice of the strength and the mixture.

        Nothing is fitted again: the models of the path on all samples are there.

        Parameters
        ----------
        select : str or callable
            The rule, as the parameter of that name; see :meth:`riata.CVResult.select`.
        metric : str, default=None
            One of ``cv_result_.metrics``; by default the first.

        Returns
        -------
        estimator : object
            A fitted copy.

        Raises
        ------
        ValueError
            If there is no such rule or metric, or the fit kept no models to choose from.
        """
        check_is_fitted(self)
        choice = self._reselected(select, metric)
        other = copy.copy(self)
        dtype = self.coef_.dtype
        other._set_fitted(**{**vars(self), **self._chosen(choice, dtype)})
        other.select = select
        return other

    def _reselected(self, rule, metric):
        """Return the `Choice` of a rule."""
        return self.cv_result_.select(rule, metric)


class PathCV(CallbackSupportMixin, Reselection, RoutedCV):
    """What the estimators that choose an alpha and an l1_ratio share."""

    _takes_chunks = True
    _parameter_checks: ClassVar = {
        "select": check_select,
        "cv": check_folds,
        "eps": check_eps,
        "alphas": check_alphas,
        "verbose": check_verbose,
        "n_jobs": check_n_jobs,
    }

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose the strength of the penalty by cross-validation, then fit with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,)
            Target: numbers, or of a classifier labels of any kind.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples, for fitting and for the score on the test rows
            of a fold. Folds count equally. A float means no weights.
        offset : array-like of shape (n_samples,), default=None
            Known part of the linear predictor, added to it and not fitted.
        **params : dict
            Arguments for the ``split`` method of `cv`, such as ``groups``, and for a
            scorer. Only with scikit-learn's metadata routing enabled.

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
        data, options, attributes = self._checked_input(X, y, sample_weight, offset)
        scorer = self._get_scorer()
        split_params, score_params = self._route(scorer, sample_weight, params)
        classes, labels = attributes.get("classes_"), data.y
        if classes is not None:
            labels = classes[data.y.astype(np.intp)]
        folds = as_folds(self._splitter(labels), data.X, labels, split_params)
        deadline = Deadline(self.time_limit)
        l1_ratios, fits = self._l1_ratios(), self._fits(data, folds, options, deadline)
        grids = self._grids(fits.alpha_max(), l1_ratios)
        judges = {DEVIANCE: Deviance(options["loss"])}
        if scorer is not None:
            judge = Judge(self, scorer, score_params, attributes, len(data.y))
            judges = {name_of(self.scoring): judge, **judges}
        for name, other in getattr(self, "_more_metrics", {}).items():
            params = score_params if takes_weights(other) else {}
            judges[name] = Judge(self, other, params, attributes, len(data.y))
        plan = Plan(
            fits, l1_ratios, lambda total: grids, judges, deadline,
            getattr(self, "_callback", None), attributes.get("feature_names_in_"),
        )
        result = run_and_tell(plan, self, X, y)
        kept = outcomes(*result.paths, *(p for ps in result.fold_paths for p in ps))
        what = "fits (folds, l1_ratios and alphas)"
        warn_not_converged(self, kept, what, stacklevel=2)
        fitted = {"cv_result_": result, **attributes, **self._records(result)}
        chosen = self._chosen(result.select(self.select), data.X.dtype)
        self._set_fitted(**fitted, **chosen)
        return self

    def _checked_input(self, X, y, sample_weight, offset):
        """Return the samples, the options of the paths, and the attributes that are
        known before anything is fitted."""
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        data, options = Samples(*data), self._path_options()
        self._check_gram(data)
        data = data._replace(y=options["loss"].check_target(data.y))
        return data, options, {**self._extra_attributes(options), **features}

    def _fits(self, data, folds, options, deadline):
        """Return what is fitted to all samples and in each fold."""
        return PathFits(data, folds, options)

    def _splitter(self, labels):
        return splitter_of(self.cv)

    def _l1_ratios(self):
        return [float(ratio) for ratio in np.atleast_1d(self.l1_ratio)]

    def _grids(self, largest, l1_ratios):
        """Return the decreasing alphas for each l1_ratio, given the largest of a
        lasso."""
        if not self._automatic():
            return [check_alphas(self.alphas)] * len(l1_ratios)
        if largest == 0:
            return [np.full(self.alphas, NO_ALPHA)] * len(l1_ratios)
        tops = [largest / (ratio or LEAST_L1_RATIO) for ratio in l1_ratios]
        grids = [np.geomspace(top, top * self.eps, num=self.alphas) for top in tops]
        if self.eps < 1.0:
            return grids
        return [np.sort(grid)[::-1].copy() for grid in grids]

    def _records(self, result):
        """Return the attributes that hold what is kept of the folds."""
        grids = result.alphas
        single = len(grids) == 1
        paths = result.fold_paths
        coef_path = [
            [padded(path.coef, len(alphas)) for path in of_ratio]
            for of_ratio, alphas in zip(paths, grids, strict=True)
        ]
        intercept_path = np.stack([
            np.stack([padded_intercept(path, len(alphas)) for path in of_ratio], axis=1)
            for of_ratio, alphas in zip(paths, grids, strict=True)
        ])
        return {
            "alphas_": grids[0] if single or not self._automatic() else np.array(grids),
            **self._score_attributes(result),
            "coef_path_": coef_path[0] if single else coef_path,
            "intercept_path_": np.squeeze(intercept_path),
        }

    def _score_attributes(self, result):
        """Return the attribute that holds the scores."""
        return {"score_path_": np.squeeze(result.scores[result.metrics[0]])}

    def _chosen(self, choice, dtype):
        """Return the attributes that follow from a choice."""
        return {
            "alpha_": choice.alpha,
            "l1_ratio_": choice.l1_ratio,
            "path_": choice.path,
            **self._attributes_of(Fit.from_path(choice.path, choice.at), dtype),
        }

    def _attributes_of(self, fit, dtype):
        return fitted_attributes([fit], np.empty(0), dtype, self.fit_intercept)

    def _automatic(self):
        return isinstance(self.alphas, Integral)
