"""Scores of the models of a path on samples that they have not seen."""

import copy
from functools import partial, update_wrapper
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.metrics import accuracy_score, check_scoring, log_loss, make_scorer
from sklearn.utils._param_validation import InvalidParameterError

from ..losses import Logistic, Multinomial

PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
DEVIANCE = "neg_deviance"  # name of the score that needs no scorer


def predictors(path, X):
    """Return the linear predictors of all alphas less offsets, (n_samples, n_alphas); of
    several classes (n_samples, n_classes, n_alphas)."""
    if isinstance(path.coef, list):
        return np.stack([_product(X, c) for c in path.coef], axis=1) + path.intercept
    return _product(X, path.coef) + path.intercept


def _product(X, coef):
    """X times a csc_array, as a dense array."""
    if sparse.issparse(X):
        return (X @ coef).toarray()
    if not isinstance(X, np.ndarray):  # rows of chunks
        return X @ coef
    used = np.bincount(coef.indices, minlength=coef.shape[0]).nonzero()[0]
    if 2 * len(used) > coef.shape[0]:
        return X @ coef.toarray()
    return X[:, used] @ coef.tocsr()[used].toarray()


def minus_deviance(loss, path, eta, held_out, rows):
    """Return minus the mean deviance of each alpha on samples it has not seen.

    Parameters
    ----------
    loss : riata.losses.Loss
    path : PathResult
        Without effect here, as the rows.
    eta : ndarray of shape (n_samples, n_alphas) or (n_samples, n_classes, n_alphas)
        As from `predictors`.
    held_out : Samples
    rows : ndarray
        Their numbers.

    Returns
    -------
    ndarray of shape (n_alphas,)
    """
    y, weight, eta = held_out.y, held_out.sample_weight, with_offset(eta, held_out)
    if weight is not None and not weight.all():
        y, eta, weight = y[weight > 0], eta[weight > 0], weight[weight > 0]
        if not len(y):
            return np.full(eta.shape[-1], np.nan)
    if eta.ndim == 3:
        indicators = np.eye(eta.shape[1])[y.astype(np.intp)]
        losses = [loss.value(indicators, eta[:, :, k]) for k in range(eta.shape[2])]
        losses = np.column_stack(losses)
    else:
        losses = loss.value(y[:, None], eta)
    return -np.average(2.0 * losses, axis=0, weights=weight)


class Deviance(NamedTuple):
    """Scores each alpha of a path by `minus_deviance`."""

    loss: Any

    def __call__(self, path, eta, held_out, rows):
        return minus_deviance(self.loss, path, eta, held_out, rows)

    def by_sample(self, held_out, rows):
        """What scores each sample, given true values and predictors, and the weights of
        the mean of these; see `Judge.by_sample`."""
        return partial(minus_deviances, self.loss), held_out.sample_weight


def minus_deviances(loss, y, eta):
    """Return minus the deviances of samples at predictors (n_samples, n_alphas)."""
    return -2.0 * loss.value(y[:, None], eta)


def hits(codes, eta):
    """Return which samples are put into their class, of two."""
    return (eta > 0) == codes[:, None]


def with_offset(eta, held_out):
    """Return predictors of several alphas with the offsets of the samples, if any."""
    offset = held_out.offset
    if offset is None:
        return eta
    return eta + offset.reshape(*offset.shape, *(1,) * (eta.ndim - offset.ndim))


class Judge(NamedTuple):
    """Scores each alpha of a path on samples it has not seen, as a scorer does."""

    model: Any  # an estimator, whose predictions are asked for
    scorer: Any
    params: dict  # of the scorer, for all samples
    attributes: dict  # of a fitted model, but coef_ and intercept_
    n_samples: int

    def __call__(self, path, eta, held_out, rows):
        params = rows_of_params(self.params, rows, self.n_samples)
        weight = params.get("sample_weight")
        if weight is not None and not np.any(weight):
            raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
        at_once = self.at_once(held_out.y)
        if at_once is not None:
            return at_once(with_offset(eta, held_out), held_out.y, **params)
        scorer = self.scorer
        if "classes_" in self.attributes:
            classes = self.attributes["classes_"]
            held_out = held_out._replace(y=classes[held_out.y.astype(np.intp)])
            scorer = with_labels(scorer, classes)
        known = {k: v for k, v in self.attributes.items() if k != "feature_names_in_"}
        scores = np.empty(len(path.alphas))
        for k in range(len(scores)):
            model = copy.copy(self.model)
            coef, intercept = path._coef_of(k), path.intercept[..., k]
            if "classes_" in self.attributes:
                coef, intercept = np.atleast_2d(coef), np.atleast_1d(intercept)
            model._set_fitted(coef_=coef, intercept_=intercept, **known)
            scores[k] = score_model(model, held_out, scorer, params, eta[..., k])
        return scores

    def by_sample(self, held_out, rows):
        """Return what scores each sample, given its true value and predictors, and the
        weights of which the score is the mean; None where it is not such a mean."""
        if self.at_once(held_out.y) is not accuracies:
            return None
        params = rows_of_params(self.params, rows, self.n_samples)
        return hits, params.get("sample_weight")

    def at_once(self, codes):
        """What gives the scores of all alphas at once, where the scorer is one that is
        known and nothing else, of classes as riata predicts them; or None."""
        scorer, model = self.scorer, type(self.model)
        short = SHORTCUTS.get(getattr(scorer, "_score_func", None))
        if (
            short is None or "classes_" not in self.attributes
            or not set(self.params) <= {"sample_weight"}
            or (scorer._sign, scorer._response_method) != (short.sign, short.response)
            or scorer._kwargs
            or not getattr(model, short.response).__module__.startswith("riata.")
        ):
            return None
        known = type(self.attributes["loss_"]) in (Logistic, Multinomial)
        if short.needs_probabilities and not known:
            return None
        return short.scores


def accuracies(eta, codes, sample_weight=None):
    """Return the accuracy of each alpha.

    Parameters
    ----------
    eta : ndarray of shape (n_samples, n_alphas) or (n_samples, n_classes, n_alphas)
        As from `predictors`, with offsets.
    codes : ndarray of shape (n_samples,)
        Numbers of the true classes.
    sample_weight : ndarray of shape (n_samples,), optional
    """
    predicted = eta > 0 if eta.ndim == 2 else eta.argmax(axis=1)
    return np.average(predicted == codes[:, None], axis=0, weights=sample_weight)


def minus_log_losses(eta, codes, sample_weight=None):
    """Return minus the log loss of each alpha, with probabilities kept as far from 0 and 1
    as scikit-learn keeps them; parameters as of `accuracies`."""
    if eta.ndim == 2:
        true = np.where(codes[:, None] > 0, eta, -eta)
        losses = np.logaddexp(0.0, -true)
    else:
        peak = eta.max(axis=1, keepdims=True)
        true = np.take_along_axis(eta, codes.astype(np.intp)[:, None, None], axis=1)
        losses = np.log(np.exp(eta - peak).sum(axis=1)) + (peak - true)[:, 0]
    eps = np.finfo(eta.dtype).eps
    losses = np.clip(losses, -np.log1p(-eps), -np.log(eps))
    return -np.average(losses, axis=0, weights=sample_weight)


def r_squared(y, predicted, sample_weight=None):
    """Return the coefficient of determination, averaged over the targets, as
    :func:`sklearn.metrics.r2_score`.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,) or (n_samples, n_targets)
    sample_weight : ndarray of shape (n_samples,), optional
    """
    y, predicted = y.reshape(len(y), -1), predicted.reshape(len(y), -1)
    left = np.average((y - predicted) ** 2, axis=0, weights=sample_weight)
    mean = np.average(y, axis=0, weights=sample_weight)
    total = np.average((y - mean) ** 2, axis=0, weights=sample_weight)
    share = np.divide(left, total, out=(left > 0).astype(float), where=total > 0)
    return float((1.0 - share).mean())


class Shortcut(NamedTuple):
    """What scores all alphas at once, as a scorer of scikit-learn's would one by one: its
    functions take longer to check their input than a small fit takes."""

    scores: Any
    response: str
    sign: int
    needs_probabilities: bool


SHORTCUTS = {
    accuracy_score: Shortcut(accuracies, "predict", 1, False),
    log_loss: Shortcut(minus_log_losses, "predict_proba", -1, True),
}


def score_model(model, held_out, scorer, params, eta=None):
    """Score a fitted model on samples it has not seen, whose linear predictors may be
    known already."""
    offset = held_out.offset
    if offset is not None:
        # A scorer calls predict(X); the offset has to come in behind its back.
        for name in PREDICTIONS:
            if hasattr(model, name):
                method = getattr(model, name)
                bound = partial(method, offset=offset)
                setattr(model, name, update_wrapper(bound, method))
    if eta is not None:
        computed = model._predictor
        if "classes_" in vars(model):  # whose coefficients have an axis of classes
            eta = eta.reshape(len(eta), -1)

        def predictor(X, offset=None):
            known = eta if X is held_out.X else computed(X)
            return model._add_offset(known, offset)

        model._predictor = predictor
    return scorer(model, held_out.X, held_out.y, **params)


def rows_of_params(params, rows, n_samples):
    """Return arguments with those that have one entry per sample cut to some rows."""
    cut = {}
    for name, value in params.items():
        array = np.asarray(value)
        cut[name] = array[rows] if array.shape[:1] == (n_samples,) else value
    return cut


def scorer_of(estimator, scoring):
    """Return the scorer of a name or a callable."""
    if not (isinstance(scoring, str) or callable(scoring)):
        raise InvalidParameterError(
            f"scoring must be the name of a scorer, a callable or None, got {scoring!r} of "
            f"type {type(scoring).__name__}."
        )
    return check_scoring(estimator, scoring=scoring)


def with_labels(scorer, classes):
    """Return a scorer whose score function, if it has the argument, is given the labels of
    all classes: a few samples need not hold each of them.

    Parameters
    ----------
    scorer : callable
        Scorers that were not made by :func:`sklearn.metrics.make_scorer` are returned as
        they are.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    callable
    """
    function = getattr(scorer, "_score_func", None)
    if function is None or "labels" not in signature(function).parameters:
        return scorer
    options = {"labels": classes}
    if len(classes) == 2 and "pos_label" in signature(function).parameters:
        options["pos_label"] = classes[1]
    return make_scorer(
        function,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **{**options, **scorer._kwargs},
    )


def takes_weights(scorer):
    """Whether a scorer takes the argument sample_weight."""
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in signature(function).parameters
