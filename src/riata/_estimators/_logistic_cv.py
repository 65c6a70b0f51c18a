"""LogisticRegressionCV with scikit-learn's parameters, choices and attributes."""

import warnings
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.utils import metadata_routing

from .._cross_validation._fits import SumFits
from .._cross_validation._folds import reject_params_without_routing
from .._path._samples import Samples, n_rows
from .._validation import check_bool, check_integer, check_offset
from .._validation._numbers import MOST_ALPHAS
from ._base import Fit
from ._classifier import class_attributes
from ._cv_base import ClassPathCV, check_l1_ratios
from ._logistic import PENALTIES, LogisticModel, check_C, warn_of_penalty
from ._parameters import one_of, or_none


def check_Cs(value, name):
    """Raise unless `value` is a number of Cs, or a list of numbers above 0."""
    if np.ndim(value) == 0:
        check_integer(value, name, high=MOST_ALPHAS)
        return
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{name} must be a count or a 1-D list of numbers above 0.")
    for k, C in enumerate(np.asarray(value).tolist()):
        check_C(C, f"{name}[{k}]")


def or_warn(check):
    """Return a check that accepts scikit-learn's "warn" and what `check` accepts."""

    def check_or_warn(value, name):
        if not (isinstance(value, str) and value == "warn"):
            check(value, name)

    return check_or_warn


class LogisticRegressionCV(ClassPathCV, LogisticModel):
    """Logistic regression whose `C` and `l1_ratio` are chosen by cross-validation.

    See :class:`riata.LogisticRegression` for the problem that is solved. Has the
    parameters, attributes and methods of
    :class:`sklearn.linear_model.LogisticRegressionCV`; the parameters after
    `use_legacy_attributes` are riata's own. Where scikit-learn has the default "warn",
    so has this class, with the same meaning and without the warning.

    Parameters
    ----------
    Cs : int or array-like of shape (n_cs,)
        The C to choose from, > 0, or how many between 1e-4 and 1e4, evenly on a log
        scale. `C` multiplies the sum of the losses of the training rows.
    l1_ratios : array-like of shape (n_l1_ratios,)
        Shares of the L1 penalty to choose from, in [0, 1]. "warn" and None (which has a
        ``FutureWarning``) mean 0, and attributes without an axis for them.
    penalty : {"l1", "l2", "elasticnet"}
        Accepted with a ``FutureWarning``, as by scikit-learn. Where it is left out,
        `l1_ratios` decide.
    scoring : str or callable
        A scorer of scikit-learn, or a function ``scorer(estimator, X, y)``. "warn" and
        None mean accuracy.
    max_iter : int
        Largest number of outer iterations for each C. None means 1000.
    refit : bool
        Whether to fit all of the data with the C and l1_ratio that `select` chooses.
        Otherwise the coefficients, C and l1_ratio that are best in each fold are
        averaged.
    use_legacy_attributes : bool
        Which shapes the attributes have; see there. "warn" means True.

    Attributes
    ----------
    C_ : float or ndarray of shape (1,) or (n_classes,)
        The C with the best score (or the mean over the folds); repeated for each class
        with legacy attributes.
    Cs_ : ndarray of shape (n_cs,)
        The C, as given.
    l1_ratio_ : float or ndarray of shape (1,) or (n_classes,)
        The l1_ratio with the best score, likewise.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The l1_ratios.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs) or dict
        Scores on the test rows of each fold. With legacy attributes a dict from labels
        to arrays of shape (n_folds, n_cs) or (n_folds, n_cs, n_l1_ratios), all alike.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_rows, n_dof) or dict
        Coefficients of each fold, the intercept last if there is one; one row for two
        classes. With legacy attributes a dict from labels (of two classes the second)
        to arrays of shape (n_folds, n_cs, n_dof) or (n_folds, n_cs, n_l1_ratios,
        n_dof).
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Outer iterations of each fit. With legacy attributes of shape (1, n_folds, n_cs)
        or (1, n_folds, n_cs, n_l1_ratios).
    classes_, coef_, intercept_, sparse_coef_, loss_, cv_result_
    dual_gap_ : float
        Duality gap of the final fit, as of :class:`riata.LogisticRegression`. Only with
        ``refit=True``, as the next two.
    relative_gap_
    status_ : Status
        How the final fit ended: "optimal", or why not.
    n_features_in_, feature_names_in_

    See Also
    --------
    LogisticRegression : For a given C.
    GeneralizedLinearClassifierCV : On riata's own scale, and with other losses.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from riata import LogisticRegressionCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegressionCV(
    ...     Cs=[0.01, 1.0], l1_ratios=[1.0], use_legacy_attributes=False,
    ...     scoring="neg_log_loss",
    ... ).fit(X, y)
    >>> model.C_
    1.0
    >>> model.scores_.shape
    (5, 1, 2)
    """

    __module__ = "riata"

    # Like scikit-learn's: routed to the scorer.
    __metadata_request__score: ClassVar = {"sample_weight": metadata_routing.UNUSED}

    _default_scoring = "accuracy"
    _fits_are = "fits (folds, l1_ratios and Cs)"
    _scoring_methods: ClassVar = ("fit", "score")
    _checks: ClassVar = {
        "Cs": check_Cs,
        "l1_ratios": or_warn(or_none(check_l1_ratios)),
        "penalty": one_of(*PENALTIES),
        "refit": check_bool,
        "use_legacy_attributes": or_warn(check_bool),
    }

    def __init__(
        self, *, Cs=10, l1_ratios="warn", fit_intercept=True, cv=None, dual=False,
        penalty="deprecated", scoring="warn", solver="lbfgs", tol=1e-4, max_iter=100,
        class_weight=None, n_jobs=None, verbose=0, refit=True, intercept_scaling=1.0,
        random_state=None, use_legacy_attributes="warn", standardize=False,
        penalty_factor=None, lower=None, upper=None, select="min", n_threads=None,
        time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose C and l1_ratio by cross-validation, then fit with them.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels of any kind: numbers, strings, truth values.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples, for fitting and (if the scorer takes weights)
            for the scores. Weights twice as large count like Cs twice as large.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes)
            Known part of the linear predictor, added to it and not fitted.
        """
        return self._fit(X, y, sample_weight, offset, params)

    def score(self, X, y, sample_weight=None, offset=None, **score_params):
        """Score the predicted classes with `scoring`.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,)
            Sample weights.
        **score_params : dict
            Arguments for the scorer. Only with scikit-learn's metadata routing enabled.

        Returns
        -------
        score : float
            The accuracy by default.
        """
        reject_params_without_routing(self, score_params, "score")
        scorer = self._get_scorer()
        _, score_params = self._route(scorer, sample_weight, score_params, "score")
        if offset is not None:
            offset = check_offset(offset, len(y), n_targets=len(self.classes_))
        model = self._for_scoring(Samples(X, y, None, offset))
        return scorer(model, X, y, **score_params)

    def _given_l1_ratios(self):
        """Return the l1_ratios, or None."""
        given = self.l1_ratios
        return None if isinstance(given, str) and given == "warn" else given

    def _l1_ratios(self):
        """Return the l1_ratios, which the deprecated `penalty` may override."""
        l1_ratios = self._given_l1_ratios()
        if self.penalty != "deprecated":
            warn_of_penalty("l1_ratios", "Cs", stacklevel=4)
            if l1_ratios is not None and self.penalty != "elasticnet":
                warnings.warn(
                    "l1_ratios parameter is only used when penalty is 'elasticnet'. Got "
                    f"(penalty={self.penalty})",
                    UserWarning, stacklevel=4,
                )
        elif self.l1_ratios is None:
            warnings.warn(
                "'l1_ratios=None' was deprecated in version 1.8 of scikit-learn; use "
                "l1_ratios=(0,).",
                FutureWarning, stacklevel=4,
            )
        if self.penalty == "elasticnet" and l1_ratios is None:
            raise ValueError(
                "l1_ratios is None; penalty='elasticnet' needs numbers between 0 and 1."
            )
        if self.penalty in ("l1", "l2"):
            return [float(self.penalty == "l1")] * np.size(l1_ratios)
        return [0.0] if l1_ratios is None else [float(r) for r in np.atleast_1d(l1_ratios)]

    def _weight_of_all(self, weight, X):
        return np.full(n_rows(X), float(weight))  # for the scorer, too

    def _values_of_C(self):
        if isinstance(self.Cs, Integral):
            return np.logspace(-4, 4, self.Cs)
        return np.array(self.Cs, dtype=np.float64)

    def _fits(self, *problem, deadline):
        return SumFits(*problem, self._values_of_C())

    def _check_reselection(self):
        if not self.refit:
            raise ValueError(
                "reselect chooses a model of all samples, but with refit=False the "
                "coefficients are means over the folds; fit with refit=True."
            )

    def _chosen(self, choice, known, dtype):
        fitted = class_attributes(Fit.from_path(choice.path, choice.at), dtype)
        del fitted["n_iter_"]  # which is that of the folds
        C = float(np.sort(known["Cs_"])[choice.at])
        return {**fitted, **self._shaped(C, choice.l1_ratio, known["classes_"])}

    def _shaped(self, C, l1_ratio, classes):
        """C and l1_ratio in the shape that was asked for."""
        if self.use_legacy_attributes is not False:
            n = len(classes) if len(classes) > 2 else 1
            C, l1_ratio = np.repeat(C, n), np.repeat(l1_ratio, n)
        return {"C_": C, "l1_ratio_": l1_ratio}

    def _results(self, result, known, dtype):
        Cs, classes = self._values_of_C(), known["classes_"]
        known = {**known, "Cs_": Cs, "l1_ratios_": result.l1_ratios}
        found = folds_of(result)
        if self.refit:
            fitted = self._chosen(result.select(self.select), known, dtype)
        else:
            fitted, *best = average_of_best(*found, Cs, result.l1_ratios, dtype)
            fitted |= self._shaped(*best, classes)
        return {**known, **fitted, **self._records(*found, classes)}

    def _records(self, scores, n_iter, coefs, intercepts, classes):
        """Return the attributes of the folds, in the shapes that were asked for."""
        if self.fit_intercept:
            coefs = np.concatenate([coefs, intercepts[..., None]], axis=-1)
        if self.use_legacy_attributes is False:
            return {"scores_": scores, "coefs_paths_": coefs, "n_iter_": n_iter}
        labels = classes.tolist() if len(classes) > 2 else classes[1:].tolist()
        scores = np.swapaxes(scores, 1, 2)
        n_iter = np.swapaxes(n_iter, 1, 2)[None]
        coefs = np.moveaxis(coefs, (0, 1, 2, 3), (1, 3, 2, 0))
        if self._given_l1_ratios() is None:
            scores, n_iter, coefs = scores[..., 0], n_iter[..., 0], coefs[:, :, :, 0]
        return {
            "scores_": {label: scores for label in labels},
            "coefs_paths_": dict(zip(labels, coefs, strict=True)),
            "n_iter_": n_iter,
        }


def folds_of(result):
    """Return scores, iterations, coefficients and intercepts of the folds of a result.

    Their first axes are fold, l1_ratio and C, in the order in which the values of C were
    given; the next axis of coefficients and intercepts is that of classes.
    """

    def coefs(path):
        classes = path.coef if isinstance(path.coef, list) else [path.coef]
        return np.stack([coef.toarray().T for coef in classes], axis=1)

    stacked = (
        np.moveaxis(result.scores[result.metrics[0]], -1, 1),
        result._stacked(lambda path: path.n_iter).astype(np.int32),
        result._stacked(coefs),
        result._stacked(lambda path: np.atleast_2d(path.intercept).T, missing=np.nan),
    )
    back = np.argsort(result._order)
    return [array.swapaxes(0, 1)[:, :, back] for array in stacked]


def average_of_best(scores, n_iter, coefs, intercepts, Cs, l1_ratios, dtype):
    """Return the means over the folds of the best model of each: attributes, C and
    l1_ratio."""
    scores = np.swapaxes(np.nan_to_num(scores, nan=-np.inf), 1, 2)
    best = np.argmax(scores.reshape(len(scores), -1), axis=1)
    at_C, at_ratio = np.unravel_index(best, scores.shape[1:])
    at = np.arange(len(scores)), at_ratio, at_C
    fitted = {
        "coef_": coefs[at].mean(axis=0).astype(dtype),
        "intercept_": intercepts[at].mean(axis=0).astype(dtype),
        "_solved_": None,  # no single problem
    }
    return fitted, float(Cs[at_C].mean()), float(l1_ratios[at_ratio].mean())
