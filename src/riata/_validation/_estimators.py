"""Input of estimators, with the conventions of scikit-learn."""

from __future__ import annotations

import copy
import warnings
from typing import Any, NamedTuple

import numpy as np

from ._arrays import _as_array, _is_sparse, check_finite
from ._design import check_design, check_operand, is_chunk_rows, is_chunks
from ._names import require_same_names
from ._vectors import check_offset, check_sample_weight, check_target


class FitInput(NamedTuple):
    """What `validate_estimator_input` returns.

    Attributes
    ----------
    X : ndarray or scipy.sparse.csc_array
        The arrays of `check_design` as a matrix; or `riata.Chunks`, as they are.
    y, sample_weight, offset
        As from the check of that name.
    features : dict
        The fitted attributes ``n_features_in_`` and, for a data frame whose columns
        have names, ``feature_names_in_``.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    offset: np.ndarray | None
    features: dict[str, Any]


def validate_estimator_input(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    offset: Any = None,
    multi_output: bool = False,
) -> FitInput:
    """Check the data of ``estimator.fit``.

    The estimator is left as it is, so that a fit that fails or is interrupted leaves
    the earlier one whole; set `FitInput.features` at the end of ``fit``.

    Parameters
    ----------
    estimator : object
    X, y, sample_weight, offset
        As given to ``fit``.
    multi_output : bool
        Whether a 2-D `y` means several targets. If not, a column is taken for a vector,
        with scikit-learn's ``DataConversionWarning``.

    Returns
    -------
    FitInput

    Raises
    ------
    ValueError, TypeError
        As from the single checks. (That X is finite is left to the fit, as by
        `check_design`.)
    """
    _require_target(estimator, y)
    design = _design_for(estimator, X)
    y = _as_array(y, "y")
    target = check_target(y, design.n_samples, multi_output)
    if y.ndim == 2 and not multi_output:
        _warn_of_column(stacklevel=4)
    n_targets = target.shape[1] if target.ndim == 2 else None
    return FitInput(
        design.as_matrix(),
        target,
        check_sample_weight(sample_weight, design.n_samples),
        check_offset(offset, design.n_samples, n_targets=n_targets),
        _features(estimator, X, design.n_features, offset),
    )


def validate_classifier_input(
    estimator: Any, X: Any, y: Any, *, sample_weight: Any = None, offset: Any = None
) -> tuple[FitInput, np.ndarray]:
    """Check the data of ``fit`` of a classifier.

    Parameters
    ----------
    estimator : object
    X, y, sample_weight, offset
        As given to ``fit``; `y` holds labels of any kind.

    Returns
    -------
    FitInput
        `y` holds the places of the labels among the classes, as floats. The weights
        are those given, as an array or None: their scale is left as it is.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.

    Raises
    ------
    ValueError, TypeError
        As from the single checks, or if `y` holds fewer than two classes.
    """
    _require_target(estimator, y)
    design = _design_for(estimator, X)
    classes, codes = check_labels(y, design.n_samples)
    n_columns = len(classes) if len(classes) > 2 else None
    weights = sample_weight
    if sample_weight is not None:
        check_sample_weight(sample_weight, design.n_samples)
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = np.broadcast_to(weights, (design.n_samples,))
    data = FitInput(
        design.as_matrix(),
        codes.astype(np.float64),
        weights,
        check_offset(offset, design.n_samples, n_targets=n_columns),
        _features(estimator, X, design.n_features, offset),
    )
    return data, classes


def check_labels(y: Any, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Check class labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Labels: whole numbers, truth values, strings or other sortable objects.
    n_samples : int

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The distinct labels, sorted.
    codes : ndarray of int, shape (n_samples,)
        Their places in it.

    Raises
    ------
    ValueError
        If there are not two of them at least, or they are no labels.
    """
    y = _as_array(y, "y")
    if y.ndim == 2 and y.shape[1] == 1:
        _warn_of_column(stacklevel=5)
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(
            f"y should be a 1d array, got an array of shape {y.shape} instead"
        )
    if len(y) != n_samples:
        raise ValueError(
            f"y has {len(y)} samples, but X has {n_samples}: inconsistent numbers of "
            "samples"
        )
    if y.dtype.kind in "fc":
        check_finite(y, "y")
    kind = _kind_of_labels(y)
    if kind is not None:
        raise ValueError(
            f"Unknown label type: {kind}. y must hold classes (whole numbers, strings, "
            f"truth values), but begins with {y.tolist()[0]!r}; take a regressor for "
            "targets that are continuous, or bin them."
        )
    try:
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in y.tolist()})
        raise ValueError(
            f"y holds labels that cannot be sorted, of the types {', '.join(kinds)}: "
            "they must all be of one kind. Remove missing labels, and convert the others "
            "to strings."
        ) from error
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only ({classes.tolist()[0]!r}) where two classes are "
            "needed; pass samples of another class."
        )
    return classes, codes


def _kind_of_labels(y: np.ndarray) -> str | None:
    """What labels are that are no classes, in scikit-learn's words; else None.

    (Its `type_of_target` changes the process's warning filters.)
    """
    if y.dtype.kind == "c":
        raise ValueError("Complex data not supported: y holds complex numbers as labels.")
    if y.dtype.kind == "S":
        raise TypeError(
            "Support for labels represented as bytes is not supported: y has dtype "
            f"{y.dtype}. Decode them, with numpy.char.decode for one."
        )
    if y.dtype.kind == "O" and not (y.size and isinstance(y[0], str)):
        return "unknown"
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        return "continuous"
    return None


def _design_for(estimator: Any, X: Any) -> Any:
    """As from `check_design`; or chunks, if the estimator is fitted to such."""
    if not is_chunks(X):
        return check_design(X)
    if not getattr(estimator, "_takes_chunks", False):
        X.refuse(type(estimator).__name__)
    return X


def _require_target(estimator: Any, y: Any) -> None:
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )


def _warn_of_column(stacklevel: int) -> None:
    from sklearn.exceptions import DataConversionWarning

    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Please change the "
        "shape of y to (n_samples,), for example using ravel().",
        DataConversionWarning,
        stacklevel=stacklevel,
    )


def validate_predict_input(estimator: Any, X: Any) -> Any:
    """Check the data of ``estimator.predict`` against those of ``fit``.

    Parameters
    ----------
    estimator : object
        If it has no ``coef_``, scikit-learn's ``NotFittedError`` is raised.
    X : array-like, data frame or SciPy sparse matrix of shape (n_samples, n_features)

    Returns
    -------
    ndarray, scipy.sparse.csr_array or scipy.sparse.csc_array
        As from `check_operand`: of sound structure, finite, safe to multiply.

    Raises
    ------
    ValueError, TypeError
        As from `check_operand`, or if the features are not those of the fit.
    """
    if not hasattr(estimator, "coef_"):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator, "coef_")
    operand = check_operand(X)
    if is_chunks(X) or is_chunk_rows(X):
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and X.feature_names is not None:
            require_same_names(list(known), list(X.feature_names))
    elif not _is_nameless(X) or hasattr(estimator, "feature_names_in_"):
        from sklearn.utils.validation import validate_data

        validate_data(estimator, X, reset=False, skip_check_array=True)
    # (coefficients may have been set by hand)
    expected = getattr(estimator, "n_features_in_", estimator.coef_.shape[-1])
    if operand.shape[1] != expected:
        raise ValueError(
            f"X has {operand.shape[1]} features, but {type(estimator).__name__} is "
            f"expecting {expected} features as input."
        )
    return operand


def _is_nameless(X: Any) -> bool:
    """Whether scikit-learn need not be asked for the names of the columns of X."""
    return type(X) is np.ndarray or _is_sparse(X)


def _features(
    estimator: Any, X: Any, n_features: int, offset: Any = None
) -> dict[str, Any]:
    """What is known of the input, as attributes of a fitted estimator."""
    features: dict[str, Any] = {
        "n_features_in_": n_features, "_has_offset_": offset is not None,
    }
    if is_chunks(X):
        if X.feature_names is not None:
            features["feature_names_in_"] = np.array(X.feature_names, dtype=object)
    elif not _is_nameless(X):
        from sklearn.utils.validation import validate_data

        scratch = copy.copy(estimator)  # scikit-learn puts its finding on an estimator
        validate_data(scratch, X, reset=True, skip_check_array=True)
        if hasattr(scratch, "feature_names_in_"):
            features["feature_names_in_"] = scratch.feature_names_in_
    return features
