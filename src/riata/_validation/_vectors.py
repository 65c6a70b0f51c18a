"""One value per sample or per feature."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, NoReturn

import numpy as np

from ._arrays import (
    _FLOAT64,
    _as_array,
    _is_sparse,
    _raise_empty,
    _to_float,
    _vector,
    check_finite,
)
from ._design import check_operand
from ._numbers import check_real

LARGEST_FACTOR = 1e300  # of a penalty that is not infinite


def check_target(
    y: Any, n_samples: int, multi_output: bool = False, name: str = "y"
) -> np.ndarray:
    """Check the target.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
        With `multi_output` also (n_samples, n_targets).
    n_samples : int
    multi_output : bool
    name : str

    Returns
    -------
    ndarray of float64
        Of shape (n_samples,), contiguous. With `multi_output`, what is 2-D stays 2-D
        and is in Fortran order. The caller's own array where it fits.

    Raises
    ------
    ValueError, TypeError
        Of another length or shape, not finite, or not real numbers.
    """
    if y is None:
        raise ValueError(f"{name} should be a 1d array, got None: a target is required")
    y = _as_array(y, name)
    if y.ndim == 2 and (multi_output or y.shape[1] == 1):
        y = y if multi_output else y[:, 0]
    elif y.ndim != 1:
        raise ValueError(
            f"{name} should be a 1d array, got an array of shape {y.shape} instead"
        )
    if y.size == 0 and y.ndim == 2:
        _raise_empty(y.shape, name)
    if len(y) != n_samples:
        raise ValueError(
            f"{name} has {len(y)} samples, but X has {n_samples}: inconsistent numbers "
            "of samples"
        )
    if y.dtype is not _FLOAT64:
        y = _to_float(y, name).astype(_FLOAT64, copy=False)
    if not (y.flags.f_contiguous and y.flags.aligned):
        y = np.array(y, order="F")
    check_finite(y, name)
    return y


def check_sample_weight(
    sample_weight: Any, n_samples: int, name: str = "sample_weight"
) -> np.ndarray | None:
    """Check sample weights.

    Only their proportions matter. Equal weights are therefore returned as None, and
    weights so large or small that their sums could overflow are multiplied by a power
    of two.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), positive number or None
    n_samples : int
    name : str

    Returns
    -------
    ndarray of float64 and shape (n_samples,), or None if all are equal

    Raises
    ------
    ValueError, TypeError
        Of another shape, not finite, negative, or all zero.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        check_real(sample_weight, name, low=0.0)
        sample_weight = np.full(n_samples, float(sample_weight))
    weights = _vector(sample_weight, n_samples, name, "sample")
    low, high = float(weights.min()), float(weights.max())
    if not (low >= 0.0 and high < math.inf):
        check_finite(weights, name)
        at = int(np.flatnonzero(weights < 0.0)[0])
        raise ValueError(
            f"{name}[{at}] is {weights[at]}. Negative weights are not allowed; use 0 "
            "to leave a sample out."
        )
    if high == 0.0:
        raise ValueError(
            f"{name} is zero throughout. Sample weights must contain at least one "
            "non-zero number."
        )
    if low == high:
        return None
    if not 1e-100 < high < 1e100:
        return np.ldexp(weights, -math.frexp(high)[1])
    return weights


def check_offset(
    offset: Any, n_samples: int, name: str = "offset", *, n_targets: int | None = None
) -> np.ndarray | None:
    """Check what is added to the linear predictor.

    Parameters
    ----------
    offset : array-like of shape (n_samples,), number or None
        With `n_targets` also of shape (n_samples, n_targets).
    n_samples : int
    name : str
    n_targets : int or None

    Returns
    -------
    ndarray of float64, of the shape given and in Fortran order, or None

    Raises
    ------
    ValueError, TypeError
        Of another shape, or not finite.
    """
    if offset is None:
        return None
    if isinstance(offset, Real):
        return np.full(n_samples, check_real(offset, name))
    offset = _as_array(offset, name)
    if n_targets is not None and offset.ndim == 2:
        if offset.shape[1] != n_targets:
            raise ValueError(
                f"{name} has shape {offset.shape}, but y has {n_targets} targets"
            )
        return check_target(offset, n_samples, multi_output=True, name=name)
    offset = _vector(offset, n_samples, name, "sample")
    check_finite(offset, name)
    return offset


def require_offset(offset: Any, has_offset: bool, name: str = "offset") -> None:
    """Raise where a prediction has no offset, but the model was fitted with one.

    Parameters
    ----------
    offset : array-like, number or None
        As given to the prediction.
    has_offset : bool
        Whether the model was fitted with an offset.
    name : str

    Raises
    ------
    ValueError
        If there is none where one is needed. 0 predicts without.
    """
    if offset is None and has_offset:
        raise ValueError(
            f"{name} is missing: the model was fitted with one. Pass the offsets of "
            f"these samples, or {name}=0 to predict without."
        )


def check_penalty_factor(
    penalty_factor: Any, n_features: int, name: str = "penalty_factor"
) -> np.ndarray | None:
    """Check the factors that multiply the penalty of each coefficient.

    Parameters
    ----------
    penalty_factor : array-like of shape (n_features,), number or None
        At least 0. 0 leaves a coefficient unpenalised, inf leaves the feature out.
    n_features : int
    name : str

    Returns
    -------
    ndarray of float64 and shape (n_features,), or None if all are 1

    Raises
    ------
    ValueError, TypeError
        Of another shape, negative or NaN.
    """
    if penalty_factor is None:
        return None
    factor = _per_feature(penalty_factor, n_features, name)
    if not factor.min() >= 0.0:
        at = int(np.flatnonzero(~(factor >= 0.0))[0])
        raise ValueError(
            f"{name}[{at}] is {factor[at]}; it must be at least 0, where 0 means not "
            "penalised and inf means left out"
        )
    if ((factor > LARGEST_FACTOR) & (factor < math.inf)).any():
        at = int(np.flatnonzero((factor > LARGEST_FACTOR) & (factor < math.inf))[0])
        raise ValueError(
            f"{name}[{at}] is {factor[at]}, too large for a factor; use inf to leave the "
            "feature out"
        )
    return None if (factor == 1.0).all() else factor


def check_bounds(
    lower: Any, upper: Any, n_features: int
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Check the bounds on coefficients.

    Parameters
    ----------
    lower, upper : array-like of shape (n_features,), number or None
        ``lower <= 0 <= upper``; -inf, inf and None mean no bound.
    n_features : int

    Returns
    -------
    lower, upper : ndarray of float64 and shape (n_features,), or None
        None where no coefficient is bounded.

    Raises
    ------
    ValueError, TypeError
        Of another shape, NaN, crossed, or excluding 0.
    """
    low = None if lower is None else _per_feature(lower, n_features, "lower")
    high = None if upper is None else _per_feature(upper, n_features, "upper")
    low_most = -math.inf if low is None else float(low.max())
    high_least = math.inf if high is None else float(high.min())
    if not low_most <= 0.0 <= high_least:  # also when one of them is NaN
        _raise_bounds(low, high)
    return (
        None if low_most == -math.inf else low,
        None if high_least == math.inf else high,
    )


def _raise_bounds(low: np.ndarray | None, high: np.ndarray | None) -> NoReturn:
    """Raise for the worst of what may be wrong with bounds."""
    for name, bound, unbounded in (("lower", low, "-inf"), ("upper", high, "inf")):
        if bound is not None and np.isnan(bound).any():
            at = int(np.flatnonzero(np.isnan(bound))[0])
            raise ValueError(f"{name}[{at}] is NaN; use {unbounded} for no bound")
    if low is not None and high is not None and (low > high).any():
        at = int(np.flatnonzero(low > high)[0])
        raise ValueError(
            f"lower[{at}] = {low[at]} is above upper[{at}] = {high[at]}; exchange them"
        )
    if low is not None and low.max() > 0.0:
        name, at = "lower", int(np.flatnonzero(low > 0.0)[0])
        value = low[at]
    elif high is not None:
        name, at = "upper", int(np.flatnonzero(high < 0.0)[0])
        value = high[at]
    raise ValueError(
        f"{name}[{at}] is {value}, which excludes 0. Bounds must satisfy "
        "lower <= 0 <= upper; put the fixed part of a coefficient into offset."
    )


def check_coef(coef: Any, n_features: int, name: str = "coef") -> np.ndarray:
    """Check coefficients, of a warm start or to be audited.

    Parameters
    ----------
    coef : array-like or sparse of shape (n_features,), or with one row or column
    n_features : int
    name : str

    Returns
    -------
    ndarray of float64 and shape (n_features,)

    Raises
    ------
    ValueError, TypeError
        Of another shape, or not finite.
    """
    if _is_sparse(coef):
        if coef.ndim == 1:  # as a column of a sparse array, once taken out
            coef = coef.reshape((1, -1))
        coef = check_operand(coef, name).toarray()
    coef = _as_array(coef, name)
    if coef.ndim == 2 and 1 in coef.shape and coef.size == n_features:
        coef = coef.ravel()
    coef = _vector(coef, n_features, name, "feature")
    check_finite(coef, name)
    return coef


def check_class_coef(
    coef: Any, n_features: int, n_classes: int, name: str = "coef"
) -> np.ndarray:
    """Check coefficients of several classes.

    Parameters
    ----------
    coef : array-like or sparse of shape (n_classes, n_features)
    n_features, n_classes : int
    name : str

    Returns
    -------
    ndarray of float64 and shape (n_classes, n_features)

    Raises
    ------
    ValueError, TypeError
        Of another shape, or not finite.
    """
    if _is_sparse(coef):
        coef = check_operand(coef, name).toarray()
    coef = _to_float(_as_array(coef, name), name).astype(_FLOAT64)
    if coef.shape != (n_classes, n_features):
        raise ValueError(
            f"{name} has shape {coef.shape}; for {n_classes} classes it must have shape "
            f"(n_classes, n_features) = ({n_classes}, {n_features})"
        )
    check_finite(coef, name)
    return coef


def check_class_intercept(
    intercept: Any, n_classes: int, name: str = "intercept"
) -> np.ndarray:
    """Check intercepts of several classes: a number, or one a class.

    Returns
    -------
    ndarray of float64 and shape (n_classes,)

    Raises
    ------
    ValueError, TypeError
        Of another shape, or not finite.
    """
    intercept = _to_float(_as_array(intercept, name), name).astype(_FLOAT64)
    if intercept.shape not in ((), (n_classes,)):
        raise ValueError(
            f"{name} has shape {intercept.shape}; it must be a number or have shape "
            f"(n_classes,) = ({n_classes},)"
        )
    check_finite(intercept, name)
    return np.broadcast_to(intercept, (n_classes,))


def check_feature_names(
    names: Any, n_features: int, name: str = "feature_names"
) -> list[str] | None:
    """Check names of the features.

    Parameters
    ----------
    names : array-like of str, or None
    n_features : int
    name : str
        What to call them in messages.

    Returns
    -------
    list of str, or None

    Raises
    ------
    ValueError, TypeError
        If there is not one for each feature.
    """
    if names is None:
        return None
    if isinstance(names, (str, bytes)) or not np.iterable(names):
        raise TypeError(
            f"{name} must be a list of names, got {names!r}; for a single feature pass "
            f"[{names!r}]"
        )
    names = list(names)
    if len(names) != n_features:
        raise ValueError(
            f"{name} has {len(names)} names, but there are {n_features} features."
        )
    return [str(each) for each in names]


def _per_feature(values: Any, n_features: int, name: str) -> np.ndarray:
    if isinstance(values, Real):
        if isinstance(values, bool):
            raise TypeError(f"{name} is {values}; it must be a number or an array")
        try:
            number = float(values)
        except OverflowError:
            number = math.inf if values > 0.0 else -math.inf  # type: ignore[operator]
        return np.full(n_features, number)
    return _vector(values, n_features, name, "feature")
