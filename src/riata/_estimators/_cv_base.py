"""Base classes of the estimators that cross-validate: they hand parameters and data to
the driver, and turn its result into fitted attributes."""

import copy
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._cross_validation._driver import CrossValidation
from .._cross_validation._fits import PathFits
from .._cross_validation._folds import (
    as_folds,
    reject_params_without_routing,
    splitter_of,
)
from .._cross_validation._progress import CallbackSupportMixin, run_and_report
from .._cross_validation._result import RULES
from .._cross_validation._scores import (
    DEVIANCE,
    DevianceScorer,
    ModelScorer,
    scorer_of,
    takes_weights,
)
from .._path._samples import Deadline, Samples
from ._base import Fit, fitted_attributes, warn_not_converged
from ._classifier import class_attributes, with_class_weight
from ._parameters import Estimator


def check_folds(value, name):
    """Raise unless `value` is None, a number of folds, a splitter or an iterable."""
    if isinstance(value, Real):
        check.check_integer(value, name, low=2)
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
        check.check_l1_ratio(ratio, name)


def check_select(value, name):
    """Raise unless `value` is the name of a rule, or a callable."""
    if not callable(value):
        check.check_choice(value, name, RULES)


def padded(coef, n_alphas):
    """Return a CSC array, or those of all classes, with empty columns at the end."""
    if isinstance(coef, list):
        return [padded(of_class, n_alphas) for of_class in coef]
    if coef.shape[1] < n_alphas:
        coef = coef.copy()
        coef.resize(coef.shape[0], n_alphas)
    return coef


def name_of(scoring):
    """Return what a score is called."""
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")


class RoutedCV:
    """Splitter and scorer of an estimator that cross-validates.

    Parameters
    ----------
    cv : int, cross-validation generator or iterable
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    select : str or callable
        Rule of the choice: "min" (the best mean score), "1se" (the simplest model within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples), or a callable; see
        :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.

    Attributes
    ----------
    cv_result_ : CVResult
        All paths, scores and folds, and every choice that can be made of them.
    """

    _checks: ClassVar = {"cv": check_folds, "select": check_select}
    _scoring_methods: ClassVar[tuple[str, ...]] = ("fit",)
    _default_scoring: ClassVar[str | None] = None  # the deviance

    def _given_scoring(self):
        """Return the parameter `scoring`, or None for the default."""
        scoring = getattr(self, "scoring", None)
        return None if isinstance(scoring, str) and scoring == "warn" else scoring

    def _get_scorer(self):
        """Return the scorer, or None for the deviance."""
        scoring = self._given_scoring()
        if scoring is not None:
            return scorer_of(self, scoring)
        if self._default_scoring is None:
            return None
        scorer = get_scorer(self._default_scoring)
        if get_config()["enable_metadata_routing"]:
            # The weights given to fit are for the scores, too.
            scorer = scorer.set_score_request(sample_weight=True)
        return scorer

    def _metric(self):
        """Return the name of the score."""
        scoring = self._given_scoring()
        return name_of(self._default_scoring if scoring is None else scoring)

    def _route(self, scorer, sample_weight, params, method="fit"):
        """Return the arguments of ``cv.split`` and of the scorer."""
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, method, **params)
            score_params = {} if scorer is None else routed.scorer.score
            return routed.splitter.get("split", {}), score_params
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

    Subclasses have `_chosen`, which returns the attributes that follow from a `Choice`,
    given the other attributes and the dtype of the coefficients.
    """

    def reselect(self, select, metric=None):
        """Return this estimator with another choice among the models that were fitted.

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
        self._check_reselection()
        known = vars(self)
        choice = self.cv_result_.select(select, metric)
        other = copy.copy(self)
        chosen = self._chosen(choice, known, self.coef_.dtype)
        other._set_fitted(**{**known, **chosen})
        other.select = select
        return other

    def _check_reselection(self):
        """Raise if the fit kept no models to choose from."""


class PathCV(CallbackSupportMixin, Reselection, RoutedCV, Estimator):
    """Estimators that choose an alpha and an l1_ratio along cross-validated paths.

    Parameters
    ----------
    l1_ratio : float or array-like of float
        Share of the L1 penalty, in [0, 1], or several of them to choose from, each with
        its own automatic alphas. 1 is the lasso, 0 ridge regression, whose automatic
        alphas are those of ``l1_ratio=1e-3``.
    alphas : int or array-like of shape (n_alphas,)
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data.
    scoring : str or callable
        None is minus the mean deviance (twice the mean loss, weighted as in the fit; of
        the squared loss, the mean squared error). Otherwise a scorer of scikit-learn, or
        a function ``scorer(estimator, X, y)``; it is given the weights of the samples
        if it takes them.
    max_iter : int
        Largest number of outer iterations for each alpha. None means 1000.
    verbose : bool or int
        Amount of messages about the folds.
    standardize : bool
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    n_threads : int
        Number of threads of a single path. None lets riata decide.
    time_limit : float
        Seconds for the whole fit, shared evenly among the paths. Models that were not
        reached in all folds have NaN scores and are not chosen.

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
    path_ : PathResult
        The path for `l1_ratio_` on all of the data that `coef_` is taken from.
    coef_path_ : list of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold: ``coef_path_[fold]`` for a single
        l1_ratio, ``coef_path_[l1_ratio][fold]`` for several.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    n_iter_ : int
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    """

    _takes_chunks = True
    _fits_are = "fits (folds, l1_ratios and alphas)"
    _checks: ClassVar = {"l1_ratio": check_l1_ratios}

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose the strength of the penalty by cross-validation, then fit with it.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target: numbers, or of a classifier labels of any kind.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples, for fitting and for the score on the test rows
            of a fold. Folds count equally. A float means no weights.
        **params : dict
            Arguments for the ``split`` method of `cv`, such as ``groups``, and for a
            scorer. Only with scikit-learn's metadata routing enabled.
        """
        return self._fit(X, y, sample_weight, offset, params)

    def _fit(self, X, y, sample_weight, offset, params, callback=None, metrics=None):
        """Fit, with a callback after each fold and scorers of more metrics, by name."""
        reject_params_without_routing(self, params)
        self._check_params()
        l1_ratios = self._l1_ratios()
        if isinstance(sample_weight, Real):
            sample_weight = self._weight_of_all(sample_weight, X)
        data, options, known = self._checked_input(X, y, sample_weight, offset)
        self._check_gram(data)
        scorer = self._get_scorer()
        split_params, score_params = self._route(scorer, sample_weight, params)
        labels = data.y
        if "classes_" in known:
            labels = known["classes_"][labels.astype(np.intp)]
        folds = as_folds(self._splitter(), data.X, labels, split_params)
        deadline = Deadline(self.time_limit)
        names = known.get("feature_names_in_")
        fits = self._fits(data, folds, options, l1_ratios, names, deadline=deadline)
        scorers = {}
        if scorer is not None:
            scorers[self._metric()] = ModelScorer(
                self, scorer, score_params, known, len(labels)
            )
        scorers[DEVIANCE] = DevianceScorer(options["loss"])
        for name, other in (metrics or {}).items():
            arguments = score_params if takes_weights(other) else {}
            scorers[name] = ModelScorer(self, other, arguments, known, len(labels))
        result = run_and_report(
            CrossValidation(fits, scorers, deadline, callback), self, X, y
        )
        warn_not_converged(self, result._outcomes, self._fits_are, stacklevel=3)
        known["cv_result_"] = result
        self._set_fitted(**self._results(result, known, data.X.dtype))
        return self

    def _weight_of_all(self, weight, X):
        """Return the weights that a single number means."""
        return None

    def _checked_input(self, X, y, sample_weight, offset):
        """Return the samples, the options of the paths, and the attributes that are
        known before anything is fitted."""
        *data, features = check.validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        options = self._path_options()
        return Samples(*data), options, {**self._extra_attributes(options), **features}

    def _fits(self, *problem, deadline):
        """Return what is fitted to all samples and in each fold."""
        return PathFits(*problem, self.alphas, self.eps)

    def _splitter(self):
        return splitter_of(self.cv)

    def _l1_ratios(self):
        return [float(ratio) for ratio in np.atleast_1d(self.l1_ratio)]

    def _results(self, result, known, dtype):
        """Return all fitted attributes, given those that are known without a choice."""
        chosen = self._chosen(result.select(self.select), known, dtype)
        return {**known, **self._records(result), **chosen}

    def _records(self, result):
        """Return the attributes that hold the fits of the folds."""
        grids, single = result.alphas, len(result.alphas) == 1
        coef_path = [
            [padded(path.coef, len(alphas)) for path in of_ratio]
            for of_ratio, alphas in zip(result.fold_paths, grids, strict=True)
        ]
        intercepts = result._stacked(lambda path: path.intercept.T, missing=np.nan)
        automatic = isinstance(self.alphas, Integral)
        return {
            "alphas_": grids[0] if single or not automatic else np.array(grids),
            **self._score_attributes(result),
            "coef_path_": coef_path[0] if single else coef_path,
            "intercept_path_": np.squeeze(np.swapaxes(intercepts, 1, 2)),
        }

    def _score_attributes(self, result):
        """Return the attribute that holds the scores."""
        return {"score_path_": np.squeeze(result.scores[result.metrics[0]])}

    def _chosen(self, choice, known, dtype):
        return {
            "alpha_": choice.alpha,
            "l1_ratio_": choice.l1_ratio,
            "path_": choice.path,
            **self._attributes_of(Fit.from_path(choice.path, choice.at), dtype),
        }

    def _attributes_of(self, fit, dtype):
        return fitted_attributes([fit], np.empty(0), dtype, self.fit_intercept)


class OneRatio:
    """Mixin of cross-validated lassos, whose l1_ratio is not a parameter.

    Attributes
    ----------
    l1_ratio_ : float
        Always 1.0.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    score_path_ : ndarray of shape (n_alphas, n_folds)
        Score on the test rows of each fold, greater is better.
    path_ : PathResult
        The path on all of the data that `coef_` is taken from.
    coef_path_ : list of n_folds csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold.
    intercept_path_ : ndarray of shape (n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    """

    l1_ratio = 1.0


class ClassPathCV(PathCV):
    """`PathCV` of classifiers: labels, class weights and stratified folds.

    Parameters
    ----------
    cv : int, cross-validation generator or iterable
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.StratifiedKFold`), a splitter, or an
        iterable of pairs of train and test indices.
    class_weight : dict or "balanced"
        Factors on the weights of the samples of each class, 1 for a class that is not
        named. "balanced" gives all classes the same sum of weights, on all of the data,
        and leaves the sum of all as it is.

    Attributes
    ----------
    coef_path_ : list of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold: ``coef_path_[fold]`` for a single
        l1_ratio, ``coef_path_[l1_ratio][fold]`` for several. Of more than two classes
        lists of such arrays, one of each class.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds) or \
            (n_l1_ratio, n_alphas, n_folds, n_classes)
        Intercepts of all alphas of each fold, without axes of length 1.
    n_iter_ : ndarray of shape (1,)
        Number of outer iterations for `alpha_`.
    """

    def _checked_input(self, X, y, sample_weight, offset):
        data, classes, features = self._checked_classes(X, y, sample_weight, offset)
        options = {**self._path_options(), "loss": self._loss_of(classes)}
        data = with_class_weight(data, self.class_weight, classes)
        return data, options, {"classes_": classes, "loss_": options["loss"], **features}

    def _splitter(self):
        return splitter_of(self.cv, classifier=True)

    def _attributes_of(self, fit, dtype):
        return class_attributes(fit, dtype)
