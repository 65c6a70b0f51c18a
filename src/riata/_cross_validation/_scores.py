"""Scores of the models of a path on held-out samples."""

from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.metrics import accuracy_score, check_scoring, log_loss, make_scorer
from sklearn.utils._param_validation import InvalidParameterError

from ..losses import Logistic, Multinomial

DEVIANCE = "neg_deviance"  # name of the score that needs no scorer


def predictors(path, X):
    """Return the linear predictors of all alphas without offsets, (n_samples, n_alphas);
    for several classes (n_samples, n_classes, n_alphas)."""
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


def with_offset(eta, held_out):
    """Return predictors of several alphas plus the offsets of the samples, if any."""
    offset = held_out.offset
    if offset is None:
        return eta
    return eta + offset.reshape(*offset.shape, *(1,) * (eta.ndim - offset.ndim))


def unit_deviances(loss, y, eta):
    """Return the deviance (twice the loss) of each sample, (n_samples, n_alphas).

    Parameters
    ----------
    loss : riata.losses.Loss
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of several classes, their numbers.
    eta : ndarray of shape (n_samples, n_alphas) or (n_samples, n_classes, n_alphas)
        Linear predictors.
    """
    if y.ndim == 2:  # several targets
        return 2.0 * loss.value(y[:, :, None], eta).sum(axis=1)
    if eta.ndim == 2:
        return 2.0 * loss.value(y[:, None], eta)
    indicators = np.eye(eta.shape[1])[y.astype(np.intp)]
    losses = [loss.value(indicators, eta[:, :, k]) for k in range(eta.shape[2])]
    return 2.0 * np.column_stack(losses)


def deviance(loss, eta, y, weights):
    """Return the weighted mean deviance of each alpha; NaN if all weights are zero.

    Samples of weight zero are left out, since their losses may overflow. Parameters are
    those of `unit_deviances`, and the sample weights or None.
    """
    if weights is not None and not weights.all():
        keep = weights > 0
        y, eta, weights = y[keep], eta[keep], weights[keep]
        if not len(y):
            return np.full(eta.shape[-1], np.nan)
    return np.average(unit_deviances(loss, y, eta), axis=0, weights=weights)


class DevianceScorer(NamedTuple):
    """Scores each alpha of a path by minus the mean deviance."""

    loss: Any

    def __call__(self, path, eta, held_out, rows):
        eta = with_offset(eta, held_out)
        return -deviance(self.loss, eta, held_out.y, held_out.sample_weight)

    def by_sample(self, held_out, rows):
        """As `ModelScorer.by_sample`."""
        return partial(minus_deviances, self.loss), held_out.sample_weight


def minus_deviances(loss, y, eta):
    """Return minus the deviance of each sample."""
    return -unit_deviances(loss, y, eta)


def hits(codes, eta):
    """Return which samples of two classes are predicted correctly."""
    return (eta > 0) == codes[:, None]


class ModelScorer(NamedTuple):
    """Scores each alpha of a path with a scorer of scikit-learn, or a callable."""

    model: Any  # the estimator that predicts
    scorer: Any
    params: dict  # arguments of the scorer, for all samples
    attributes: dict  # of a fitted model, without coef_ and intercept_
    n_samples: int

    def __call__(self, path, eta, held_out, rows):
        params = rows_of_params(self.params, rows, self.n_samples)
        weight = params.get("sample_weight")
        if weight is not None and not np.any(weight):
            raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
        at_once = self.at_once(held_out.y)
        if at_once is not None:
            return at_once(with_offset(eta, held_out), held_out.y, **params)
        scorer, y = self.scorer, held_out.y
        if "classes_" in self.attributes:
            classes = self.attributes["classes_"]
            y, scorer = classes[y.astype(np.intp)], with_labels(scorer, classes)
        models = self.models(path, eta, held_out)
        return np.array([scorer(model, held_out.X, y, **params) for model in models])

    def models(self, path, eta, held_out):
        """Yield the fitted model of each alpha."""
        known = {k: v for k, v in self.attributes.items() if k != "feature_names_in_"}
        for k in range(len(path.alphas)):
            coef, intercept = path._coef_of(k), path.intercept[..., k]
            predicted = eta[..., k]
            if "classes_" in known:  # whose coefficients have an axis of classes
                coef, intercept = np.atleast_2d(coef), np.atleast_1d(intercept)
                predicted = predicted.reshape(len(predicted), -1)
            yield self.model._for_scoring(
                held_out, predicted, coef_=coef, intercept_=intercept, **known
            )

    def by_sample(self, held_out, rows):
        """Return the function that scores each sample, given true values and predictors,
        and the weights of the mean; None if the score is not a mean over samples."""
        if self.at_once(held_out.y) is not accuracies:
            return None
        params = rows_of_params(self.params, rows, self.n_samples)
        return hits, params.get("sample_weight")

    def at_once(self, codes):
        """Return the function that scores all alphas at once: for a scorer in SHORTCUTS,
        without other arguments, and classes that riata predicts. None otherwise."""
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
    """Return minus the log loss of each alpha, with probabilities clipped as by
    scikit-learn; parameters as of `accuracies`."""
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
    """Scores all alphas at once, with the result of a scorer of scikit-learn.

    The checks of scikit-learn's scorers take longer than a small fit.
    """

    scores: Any
    response: str
    sign: int
    needs_probabilities: bool


SHORTCUTS = {
    accuracy_score: Shortcut(accuracies, "predict", 1, False),
    log_loss: Shortcut(minus_log_losses, "predict_proba", -1, True),
}


def rows_of_params(params, rows, n_samples):
    """Return arguments; of those with one entry per sample, some rows."""
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
    """Return a scorer that passes the labels of all classes to its score function, if it
    has that argument: the samples of a fold may lack some of them.

    Parameters
    ----------
    scorer : callable
        Scorers not made by :func:`sklearn.metrics.make_scorer` are returned unchanged.
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
