"""LinearPredictor: a fitted linear model on its own, without data and scikit-learn."""

import math
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from ..losses import Logistic

CERTIFICATE = ("dual_gap", "relative_gap", "kkt", "status")


def has_probabilities(loss):
    """Whether a loss of classes is minus the logarithm of a probability."""
    return loss.fixed_dispersion


def labels_of(classes, scores):
    """The predicted classes for linear predictors of shape (n_samples,) or (n_samples,
    n_classes)."""
    if scores.ndim == 1:
        return classes[(scores > 0).astype(np.intp)]
    return classes[scores.argmax(axis=1)]


def probabilities(loss, scores, log=False):
    """Probabilities of the classes, (n_samples, n_classes), or their logarithms.

    Parameters
    ----------
    loss : riata.losses.Loss
    scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Linear predictors: of two classes those of the second.
    log : bool
    """
    if scores.ndim == 2 or isinstance(loss, Logistic):
        from scipy.special import log_softmax, softmax

        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        return (log_softmax if log else softmax)(scores, axis=1)
    share = loss.predict(scores)
    shares = np.column_stack([1.0 - share, share])
    with np.errstate(divide="ignore"):
        return np.log(shares) if log else shares


class SparseRows(NamedTuple):
    """Coefficients as a file holds them: those of each row that are not zero.

    They take the memory of a dense array only when one is asked for: what a file says of
    its number of features is not proved by its length.
    """

    shape: tuple
    dtype: object
    rows: list  # of (increasing indices, values)

    def dense(self):
        """The array of all coefficients."""
        coef = np.zeros((len(self.rows), self.shape[-1]), dtype=self.dtype)
        for row, (index, value) in zip(coef, self.rows, strict=True):
            row[index] = value
        return coef.reshape(self.shape)

    def product(self, X):
        """``X @ coef.T`` of a sparse X, by the entries of X that meet a coefficient."""
        X = X.tocoo()
        dtype = np.result_type(X.dtype, self.dtype)
        eta = np.zeros((X.shape[0], len(self.rows)), dtype=dtype)
        for column, (index, value) in zip(eta.T, self.rows, strict=True):
            if len(index):
                place = np.minimum(np.searchsorted(index, X.col), len(index) - 1)
                hit = index[place] == X.col
                column[:] = np.bincount(
                    X.row[hit], X.data[hit] * value[place[hit]], minlength=len(eta)
                )
        return eta if len(self.shape) == 2 else eta[:, 0]


class LinearPredictor:
    """A linear model, ready to predict: coefficients, and which problem they solve.

    It comes from `riata.load_model` and `PathResult.at`, and needs NumPy and SciPy only.

    Attributes
    ----------
    coef : ndarray of shape (n_features,), (n_classes, n_features) or \
(n_targets, n_features)
        On the scale of X as given.
    intercept : float or ndarray of shape (n_classes,) or (n_targets,)
    loss : riata.losses.Loss
    alpha : float or ndarray of shape (n_targets,)
        Strength of the penalty on `fit_path`'s scale, whatever the estimator's was; None
        where there is no single one.
    l1_ratio : float
    feature_names : list of str, or None
    classes : ndarray of shape (n_classes,), or None
        The labels.
    certificate : dict, or None
        ``dual_gap``, ``relative_gap``, ``kkt`` and ``status``; for several targets lists
        of them.
    problem : dict
        Arguments for `riata.check_solution`, which audits the model on data.
    has_offset : bool
        Whether it was fitted with an offset, without which it does not predict.
    categories : dict, or None
        The columns that one-hot encoding replaced, with the list of their levels; the
        features are named ``column=level``. The command line reads these columns as text.
        None where that is not known.
    source : str
        The estimator that fitted it, or "path".
    riata_version : str
        Of the version that fitted it.

    Examples
    --------
    >>> import numpy as np
    >>> import riata
    >>> X, y = np.eye(4), [4.0, 3.0, 0.0, 0.0]
    >>> model = riata.fit_path(X, y, fit_intercept=False).at(0.25)
    >>> model.coef.round(6)
    array([3., 2., 0., 0.])
    >>> audit = riata.check_solution(X, y, model.coef, model.intercept, **model.problem)
    >>> bool(audit.relative_gap < 1e-3)
    True
    """

    __module__ = "riata"

    def __init__(
        self, coef, intercept, loss, *, alpha, l1_ratio, options, certificate=None,
        feature_names=None, classes=None, has_offset=False, source="path",
        riata_version=None, categories=None,
    ):
        self._coef, self.intercept, self.loss = coef, intercept, loss
        self.alpha, self.l1_ratio, self._options = alpha, l1_ratio, options
        self.certificate, self.has_offset = certificate, has_offset
        self.feature_names = check.check_feature_names(feature_names, self.n_features)
        self.classes = None if classes is None else np.asarray(classes)
        self.source, self.categories = source, categories
        self.riata_version = riata_version or installed_version()
        self._check_classes()

    def _check_classes(self):
        if self.classes is None:
            return
        wanted = 2 if len(self._shape) == 1 else self._shape[0]
        if not self.loss.classifies:
            raise ValueError(f"classes must be None: loss={self.loss.name!r} has none.")
        if self.classes.shape != (wanted,):
            raise ValueError(
                f"classes has shape {self.classes.shape}; the model has {wanted} classes "
                "and needs one label for each."
            )

    @property
    def coef(self):
        """The coefficients, on the scale of X as given."""
        if isinstance(self._coef, SparseRows):
            self._coef = self._coef.dense()
        return self._coef

    @property
    def _shape(self):
        """Shape of the coefficients."""
        return self._coef.shape

    @property
    def _dtype(self):
        """Type of the coefficients."""
        return self._coef.dtype

    @property
    def n_features(self):
        """How many features there are."""
        return self._shape[-1]

    def _rows(self):
        """The indices and values of the coefficients that are not zero, of each row."""
        if isinstance(self._coef, SparseRows):
            return self._coef.rows
        found = [(np.flatnonzero(row), row) for row in np.atleast_2d(self._coef)]
        return [(index, row[index]) for index, row in found]

    @property
    def problem(self):
        """Arguments for `riata.check_solution`."""
        if np.ndim(self.alpha) or self.alpha is None:
            raise ValueError(
                "the model does not solve one single problem: it has several targets, or "
                "is an average of models. Audit the targets one by one."
            )
        if self._options is None:
            raise ValueError("the model does not say with which options it was fitted.")
        options = self._options._asdict()
        penalty = options.pop("penalty")
        if isinstance(penalty, str):
            raise ValueError(
                f"the model was fitted with the penalty {penalty}, which its file does "
                "not hold; pass it to check_solution as penalty=."
            )
        if penalty is not None:
            known = {name: options[name] for name in ("fit_intercept", "standardize")}
            return {"loss": self.loss, "alpha": self.alpha, "penalty": penalty, **known}
        return {
            "loss": self.loss, "alpha": self.alpha, "l1_ratio": self.l1_ratio, **options
        }

    def decision_function(self, X, offset=None):
        """Linear predictors ``X @ coef.T + intercept (+ offset)``.

        Parameters
        ----------
        X : array-like, data frame or sparse of shape (n_samples, n_features)
            The columns of a data frame must be `feature_names`, in this order; without
            names they are taken to be.
        offset : float or array-like of shape (n_samples,), optional
            Or (n_samples, n_classes), or (n_samples, n_targets). A model that was fitted
            with an offset needs those of the new samples, or 0 for predictions without.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_targets)

        Raises
        ------
        ValueError
            If X has other features, the offset of a model that has one is missing, or
            the result is beyond the range of floating-point numbers.
        """
        check.require_offset(offset, self.has_offset)
        names = check.feature_names_of(X)
        if names is None and hasattr(X, "columns"):  # that are no strings
            names = [str(name) for name in X.columns]
        if names is not None and self.feature_names is not None:
            check.require_same_names(list(self.feature_names), list(names))
        X = check.check_operand(X)
        if X.shape[1] != self.n_features:
            raise ValueError(
                f"X has {X.shape[1]} features, but the model has {self.n_features}."
            )
        eta = self._product(X) + self.intercept
        if not np.isfinite(eta).all():
            row = int(np.argmin(np.isfinite(eta).reshape(len(eta), -1).all(axis=1)))
            raise ValueError(
                f"the linear predictor of row {row} is beyond the range of {eta.dtype}: X "
                "or the coefficients are too large."
            )
        if offset is None:
            return eta
        n_targets = eta.shape[1] if eta.ndim == 2 else None
        offset = check.check_offset(offset, len(eta), n_targets=n_targets)
        return eta + (offset if offset.ndim == eta.ndim else offset[:, None])

    def _product(self, X):
        with np.errstate(over="ignore", invalid="ignore"):
            if isinstance(self._coef, SparseRows) and hasattr(X, "tocoo"):
                return self._coef.product(X)
            return X @ self.coef.T

    def predict(self, X, offset=None):
        """Predictions: labels if the model has `classes`, else means of y.

        Parameters
        ----------
        X, offset
            As of `decision_function`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Without `classes`, of the multinomial loss probabilities of shape
            (n_samples, n_classes).
        """
        scores = self.decision_function(X, offset)
        if self.classes is None:
            return self.loss.predict(scores)
        return labels_of(self.classes, scores)

    def predict_proba(self, X, offset=None):
        """Probabilities of the classes.

        Parameters
        ----------
        X, offset
            As of `decision_function`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)

        Raises
        ------
        ValueError
            If the loss has no probabilities.
        """
        if not (self.loss.classifies and has_probabilities(self.loss)):
            raise ValueError(
                f"loss={self.loss.name!r} has no probabilities of classes; use predict or "
                "decision_function."
            )
        return probabilities(self.loss, self.decision_function(X, offset))

    def __repr__(self):
        alpha = "" if self.alpha is None or np.ndim(self.alpha) else (
            f", alpha {self.alpha:.4g}"
        )
        return (
            f"<LinearPredictor: {self.loss!r}{alpha}, "
            f"{sum(np.count_nonzero(value) for _, value in self._rows())} of "
            f"{math.prod(self._shape)} coefficients not zero>"
        )


def installed_version():
    """Version of riata, also where it runs from a source folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("riata")
    except PackageNotFoundError:
        return "(not installed)"


def predictor_of(model, feature_names=None):
    """A `LinearPredictor` of what was fitted.

    Parameters
    ----------
    model : LinearPredictor or fitted estimator of riata
    feature_names : array-like of str of shape (n_features,), optional
        By default those of `model`, if it has any.

    Returns
    -------
    LinearPredictor
    """
    if isinstance(model, LinearPredictor):
        return model if feature_names is None else LinearPredictor(
            model._coef, model.intercept, model.loss, alpha=model.alpha,
            l1_ratio=model.l1_ratio, options=model._options,
            certificate=model.certificate, feature_names=feature_names,
            classes=model.classes, has_offset=model.has_offset, source=model.source,
            riata_version=model.riata_version, categories=model.categories,
        )
    if hasattr(model, "coef_at"):
        raise TypeError("model is a path; choose a strength of it: path.at(alpha).")
    if not hasattr(model, "_solved_"):
        raise TypeError(
            f"model must be a fitted estimator of riata or path.at(alpha), got {model!r}"
            + ("; fit it first." if hasattr(model, "_get_loss") else ".")
        )
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    intercept, classes = model.intercept_, getattr(model, "classes_", None)
    if coef.ndim == 1 or (classes is not None and len(coef) == 1):
        coef, intercept = np.ravel(coef), np.ravel(intercept)[0]
    solved = model._solved_
    first = solved[0] if solved else None
    # (targets with common features are one problem)
    several = classes is None and coef.ndim == 2 and len(solved) > 1
    return LinearPredictor(
        coef, intercept, getattr(model, "loss_", first and first.loss),
        alpha=np.array([part.alpha for part in solved]) if several else (
            first and first.alpha
        ),
        l1_ratio=first and first.l1_ratio, options=first and first.options,
        certificate=_certificate(model, solved, several) if solved else None,
        feature_names=feature_names, classes=classes,
        has_offset=getattr(model, "_has_offset_", False), source=type(model).__name__,
    )


def _certificate(model, solved, several):
    kkt = [part.kkt for part in solved]
    certificate = {
        "dual_gap": model.dual_gap_, "relative_gap": model.relative_gap_,
        "kkt": kkt if several else kkt[0],
    }
    certificate = {name: np.asarray(v).tolist() for name, v in certificate.items()}
    status = model.status_
    certificate["status"] = [str(s) for s in status] if several else str(status)
    return certificate
