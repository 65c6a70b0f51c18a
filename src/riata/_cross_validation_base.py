"""Cross-validation along paths: folds times paths, and the choice among them.

Every fold fits one path per `l1_ratio` on its training rows and scores all strengths of
it on its test rows. What a strength is (an alpha, or a C), how it is scored and what is
kept of the folds is for the estimators to say.
"""

import copy
from functools import partial, update_wrapper
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from sklearn import get_config
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from ._estimators_base import (
    Deadline,
    Fit,
    Samples,
    check_n_jobs,
    check_verbose,
    fitted_attributes,
    solve_path,
    warn_not_converged,
)
from ._path import LEAST_L1_RATIO, alpha_max
from ._validation import (
    check_alphas,
    check_l1_ratio,
    check_real,
    validate_estimator_input,
)

# The grid of a target that no alpha > 0 lets anything explain: scikit-learn's value.
NO_ALPHA = np.finfo(np.float64).resolution
PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def check_eps(value, name):
    """Raise unless `value` is between 0 and 1."""
    check_real(value, name, low=0.0, high=1.0, low_open=True, high_open=True)


def check_l1_ratios(value, name):
    """Raise unless `value` is a number in [0, 1] or a list of them."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{name} must be a number or a 1-D list of numbers.")
    for ratio in np.atleast_1d(value):
        check_l1_ratio(ratio, name)


# --- Folds.


def reject_params_without_routing(estimator, params, method="fit"):
    """Raise if extra arguments of a method cannot go anywhere."""
    if params and not get_config()["enable_metadata_routing"]:
        raise ValueError(
            f"{type(estimator).__name__}.{method} got unexpected arguments "
            f"{sorted(params)}. They reach the cross-validation splitter and the scorer "
            "only with sklearn.set_config(enable_metadata_routing=True)."
        )


def as_folds(cv, X, y, split_params):
    """Return the folds of a splitter as pairs of arrays of row numbers."""
    folds = [
        (as_rows(train), as_rows(test)) for train, test in cv.split(X, y, **split_params)
    ]
    if not folds:
        raise ValueError("cv gave no folds; it must give at least one.")
    return folds


def require_classes(folds, codes, classes):
    """Raise if a class is missing among the training rows of a fold."""
    for k, (train, _) in enumerate(folds):
        missing = np.setdiff1d(np.arange(len(classes)), codes[train])
        if len(missing):
            label = classes.tolist()[missing[0]]
            raise ValueError(
                f"cv gave a fold (number {k}) whose training rows hold no sample of the "
                f"class {label!r}. Choose stratified folds (an integer cv), fewer of "
                "them, or leave out classes that are too rare."
            )


def as_rows(fold):
    """Return the rows of one side of a fold (numbers or a mask) as numbers."""
    rows = np.asarray(fold)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise ValueError("cv gave a fold without rows to train or to test on.")
    return rows


# --- Scores.


def predictors(path, data):
    """Return the linear predictors of all alphas, (n_samples, n_alphas); of several
    classes (n_samples, n_classes, n_alphas)."""
    X, offset = data.X, data.offset
    several = isinstance(path.coef, list)
    eta = [
        product.toarray() if sparse.issparse(product) else product
        for product in (X @ coef for coef in (path.coef if several else [path.coef]))
    ]
    eta = np.stack(eta, axis=1) + path.intercept
    if offset is not None:
        eta += offset.reshape(len(offset), -1, 1)
    return eta if several else eta[:, 0]


def minus_deviance(loss, path, held_out, rows):
    """Return minus the mean deviance of each alpha on samples it has not seen."""
    weight = held_out.sample_weight
    if weight is not None and not weight.all():
        held_out = held_out.rows(np.flatnonzero(weight))  # infinite times 0 is NaN
    eta = predictors(path, held_out)
    if eta.ndim == 3:
        indicators = np.eye(eta.shape[1])[held_out.y.astype(np.intp)]
        losses = [loss.value(indicators, eta[:, :, k]) for k in range(eta.shape[2])]
        losses = np.column_stack(losses)
    else:
        losses = loss.value(held_out.y[:, None], eta)
    return -np.average(2.0 * losses, axis=0, weights=held_out.sample_weight)


class Judge(NamedTuple):
    """Scores each alpha of a path on samples it has not seen, as a scorer does."""

    model: Any  # an estimator, whose predictions are asked for
    scorer: Any
    params: dict  # of the scorer, for all samples
    attributes: dict  # of a fitted model, but coef_ and intercept_
    n_samples: int

    def __call__(self, path, held_out, rows):
        params = rows_of_params(self.params, rows, self.n_samples)
        if "classes_" in self.attributes:
            labels = self.attributes["classes_"][held_out.y.astype(np.intp)]
            held_out = held_out._replace(y=labels)
        known = {k: v for k, v in self.attributes.items() if k != "feature_names_in_"}
        scores = np.empty(len(path.alphas))
        for k in range(len(scores)):
            model = copy.copy(self.model)
            coef, intercept = path._coef_of(k), path.intercept[..., k]
            if "classes_" in self.attributes:
                coef, intercept = np.atleast_2d(coef), np.atleast_1d(intercept)
            model._set_fitted(coef_=coef, intercept_=intercept, **known)
            scores[k] = score_model(model, held_out, self.scorer, params)
        return scores


def score_model(model, held_out, scorer, params):
    """Score a fitted model on samples it has not seen."""
    if held_out.offset is not None:
        # A scorer calls predict(X); the offset has to come in behind its back.
        for name in PREDICTIONS:
            if hasattr(model, name):
                method = getattr(model, name)
                bound = partial(method, offset=held_out.offset)
                setattr(model, name, update_wrapper(bound, method))
    return scorer(model, held_out.X, held_out.y, **params)


def rows_of_params(params, rows, n_samples):
    """Return arguments with those that have one entry per sample cut to some rows."""
    cut = {}
    for name, value in params.items():
        array = np.asarray(value)
        cut[name] = array[rows] if array.shape[:1] == (n_samples,) else value
    return cut


def takes_weights(scorer):
    """Whether a scorer takes the argument sample_weight."""
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in signature(function).parameters


# --- Paths.


class FoldPath(NamedTuple):
    """What is kept of one path fitted on the training rows of one fold."""

    score: np.ndarray  # (n_alphas,), NaN for alphas the time limit left out
    coef: Any  # csc_array (n_features, n_alphas); of several classes a list of them
    intercept: np.ndarray  # (n_alphas,), or (n_classes, n_alphas)
    relative_gap: np.ndarray
    status: list
    n_iter: np.ndarray


class Outcome(NamedTuple):
    """How one fit ended."""

    relative_gap: float
    status: str


class Plan(NamedTuple):
    """What is to be done in each fold."""

    l1_ratios: list
    alphas: Any  # function of the training samples: decreasing alphas of each l1_ratio
    judge: Any  # function of a path, the test samples and their rows: scores
    options: dict
    deadline: Deadline

    def fit_fold(self, data, train, test, n_turns):
        """Fit and score the paths of one fold, one for each l1_ratio.

        `n_turns` is the number of paths that have to share the time left: those of this
        fold, those of folds that wait for this one to end, and the refit.
        """
        rows, train, test = test, data.rows(train), data.rows(test)
        if test.sample_weight is not None and not test.sample_weight.any():
            raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
        paths = []
        grids = self.alphas(train)
        for i, (l1_ratio, alphas) in enumerate(zip(self.l1_ratios, grids, strict=True)):
            seconds = self.deadline.left(n_turns - i)
            path = solve_path(
                train, alphas, l1_ratio=l1_ratio, seconds=seconds, **self.options
            )
            paths.append(keep_path(path, self.judge(path, test, rows), len(alphas)))
        return paths

    def fit_folds(self, data, folds, n_jobs, verbose):
        """Fit all folds, several at a time with n_jobs > 1: lists of `FoldPath`."""
        n_workers = min(effective_n_jobs(n_jobs), len(folds))
        plan = self
        if n_workers > 1 and self.options["n_threads"] is None:
            plan = self._replace(options={**self.options, "n_threads": 1})

        # Threads: the solver releases the GIL, and the data are not copied.
        return Parallel(n_jobs=n_jobs, verbose=verbose, prefer="threads")(
            delayed(plan.fit_fold)(
                data,
                train,
                test,
                n_turns=-(-(len(folds) - k) // n_workers) * len(self.l1_ratios) + 1,
            )
            for k, (train, test) in enumerate(folds)
        )


def keep_path(path, score, n_alphas):
    """Reduce a path to a :class:`FoldPath`, padded to `n_alphas` alphas."""
    n_missing = n_alphas - len(path.alphas)
    intercept = path.intercept
    if isinstance(path.coef, list):
        coef = [padded(matrix, n_missing) for matrix in path.coef]
        width = ((0, 0), (0, n_missing))
    else:
        coef, width = padded(path.coef, n_missing), (0, n_missing)
    return FoldPath(
        np.pad(score, (0, n_missing), constant_values=np.nan),
        coef,
        np.pad(intercept, width, constant_values=np.nan),
        path.relative_gap,
        list(path.status),
        np.pad(path.n_iter, (0, n_missing)),
    )


def padded(coef, n_missing):
    """Return a CSC array with so many empty columns more."""
    if not n_missing:
        return coef
    indptr = np.pad(coef.indptr, (0, n_missing), mode="edge")
    shape = (coef.shape[0], coef.shape[1] + n_missing)
    return sparse.csc_array((coef.data, coef.indices, indptr), shape=shape)


def outcomes(*kept):
    """Return how all fits of some paths ended."""
    return [
        outcome
        for path in kept
        for outcome in map(Outcome, path.relative_gap, path.status)
    ]


def finite_mean(scores, axis):
    """Return the mean scores; what was not reached everywhere is worst."""
    mean = scores.mean(axis=axis)
    return np.where(np.isnan(mean), -np.inf, mean)


# --- Estimators.


class RoutedCV:
    """Splitter and scorer of an estimator that cross-validates."""

    _scoring_methods: ClassVar[tuple[str, ...]] = ("fit",)

    def _get_scorer(self):
        """Return the scorer, or None for the deviance."""
        scoring = getattr(self, "scoring", None)
        return None if scoring is None else check_scoring(self, scoring=scoring)

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


class PathCV(RoutedCV):
    """What the estimators that choose an alpha and an l1_ratio share."""

    _parameter_checks: ClassVar = {
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
        if classes is not None:
            require_classes(folds, data.y, classes)
        l1_ratios = self._l1_ratios()
        grids = self._grids(data, l1_ratios, options)
        judge = partial(minus_deviance, options["loss"])
        if scorer is not None:
            judge = Judge(self, scorer, score_params, attributes, len(data.y))
        deadline = Deadline(self.time_limit)
        plan = Plan(l1_ratios, lambda train: grids, judge, options, deadline)
        fold_paths = plan.fit_folds(data, folds, self.n_jobs, self.verbose)
        fitted = self._refit(data, fold_paths, grids, plan)
        self._set_fitted(**{**attributes, **fitted})
        return self

    def _checked_input(self, X, y, sample_weight, offset):
        """Return the samples, the options of the paths, and the attributes that are
        known before anything is fitted."""
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        data, options = Samples(*data), self._path_options()
        data = data._replace(y=options["loss"].check_target(data.y))
        return data, options, {**self._extra_attributes(options), **features}

    def _splitter(self, labels):
        return check_cv(self.cv)

    def _l1_ratios(self):
        return [float(ratio) for ratio in np.atleast_1d(self.l1_ratio)]

    def _grids(self, data, l1_ratios, options):
        """Return the decreasing alphas for each l1_ratio."""
        left_out = ("tol", "max_iter", "n_threads")
        options = {k: v for k, v in options.items() if k not in left_out}
        # Also where the alphas are given: it checks all of X, with the rows as given.
        largest = alpha_max(
            data.X,
            data.y,
            sample_weight=data.sample_weight,
            offset=data.offset,
            **options,
        )
        if not self._automatic():
            return [check_alphas(self.alphas)] * len(l1_ratios)
        if largest == 0:
            return [np.full(self.alphas, NO_ALPHA)] * len(l1_ratios)
        tops = [largest / (ratio or LEAST_L1_RATIO) for ratio in l1_ratios]
        return [np.geomspace(top, top * self.eps, num=self.alphas) for top in tops]

    def _refit(self, data, fold_paths, grids, plan):
        """Choose l1_ratio and alpha, fit the path on all data; return the result."""
        by_ratio = list(zip(*fold_paths, strict=True))  # by_ratio[i][k]: fold k
        scores = np.array([[kept.score for kept in kepts] for kepts in by_ratio])
        mean = finite_mean(scores, axis=1)
        best = int(np.argmax(mean.max(axis=1)))
        path = solve_path(
            data,
            grids[best],
            l1_ratio=plan.l1_ratios[best],
            seconds=plan.deadline.left(),
            **plan.options,
        )
        # A time limit may have left out the last alphas, but never the first.
        at = int(np.argmax(mean[best, : len(path.alphas)]))
        what = "fits (folds, l1_ratios and alphas)"
        kept = outcomes(path, *(kept for kepts in by_ratio for kept in kepts))
        warn_not_converged(self, kept, what, stacklevel=3)
        fit = Fit.from_path(path, at)
        coef_path = [[kept.coef for kept in kepts] for kepts in by_ratio]
        intercept_path = np.array([[k.intercept for k in kepts] for kepts in by_ratio])
        single = len(plan.l1_ratios) == 1
        return {
            "alpha_": grids[best][at],
            "alphas_": grids[0] if single or not self._automatic() else np.array(grids),
            "l1_ratio_": plan.l1_ratios[best],
            **self._scores(np.squeeze(np.moveaxis(scores, 2, 1))),
            "path_": path,
            "coef_path_": coef_path[0] if single else coef_path,
            "intercept_path_": np.squeeze(np.moveaxis(intercept_path, -1, 1)),
            **self._attributes_of(fit, data),
        }

    def _scores(self, scores):
        """Return the attribute that holds the scores (greater is better)."""
        return {"score_path_": scores}

    def _attributes_of(self, fit, data):
        return fitted_attributes([fit], data.y, data.X.dtype, self.fit_intercept)

    def _automatic(self):
        return isinstance(self.alphas, Integral)
