"""Scores of the models of a path on samples that they have not seen."""

import copy
from functools import partial, update_wrapper
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.metrics import accuracy_score

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
    used = np.unique(coef.indices)
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
        if self.wants_accuracy():
            return accuracies(with_offset(eta, held_out), held_out.y, **params)
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
            scores[k] = score_model(model, held_out, self.scorer, params, eta[..., k])
        return scores

    def by_sample(self, held_out, rows):
        """Return what scores each sample, given its true value and predictors, and the
        weights of which the score is the mean; None where it is not such a mean."""
        if not self.wants_accuracy():
            return None
        params = rows_of_params(self.params, rows, self.n_samples)
        return hits, params.get("sample_weight")

    def wants_accuracy(self):
        """Whether the scorer is scikit-learn's accuracy and nothing else, of classes that
        are predicted as riata does."""
        known = {
            "_score_func": accuracy_score, "_response_method": "predict", "_sign": 1,
            "_kwargs": {},
        }
        return (
            "classes_" in self.attributes and set(self.params) <= {"sample_weight"}
            and all(getattr(self.scorer, k, None) == v for k, v in known.items())
            and type(self.model).predict.__module__.startswith("riata.")
        )


def accuracies(eta, codes, sample_weight=None):
    """Return the accuracy of each alpha, which scikit-learn's function would take much
    longer to check its input for.

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


def takes_weights(scorer):
    """Whether a scorer takes the argument sample_weight."""
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in signature(function).parameters
