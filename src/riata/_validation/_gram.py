"""Gram matrices that are handed over with X."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._arrays import _FLOAT32, _FLOAT64, _as_array, _to_float, check_finite

CENTRED = 1e-8  # means of columns up to which X counts as centred


def check_gram(
    gram: Any, X: Any, sample_weight: np.ndarray | None = None,
    *, fit_intercept: bool = False, name: str = "precompute", stacklevel: int = 2,
) -> None:
    """Check a Gram matrix against the X that it should belong to.

    The solver computes the products it needs by itself, so that a wrong matrix does no
    harm; but whoever passes one has made a mistake that should not go unnoticed. The
    diagonal and one column are compared.

    Parameters
    ----------
    gram : object
        Anything that is not an array is ignored.
    X : ndarray, SciPy sparse matrix or riata.Chunks, shape (n_samples, n_features)
        As validated. For other than dense X, only the shape of `gram` is checked.
    sample_weight : ndarray of shape (n_samples,), optional
        Scaled here so that their sum is n_samples.
    fit_intercept : bool
        Whether the columns are centred for the fit.
    name : str
    stacklevel : int
        As of `warnings.warn`, counted from the caller.

    Raises
    ------
    ValueError
        If `gram` has another shape, or is not ``X.T @ X``.

    Warns
    -----
    UserWarning
        If the intercept requires centred columns and those of X are not: the Gram matrix
        of X as given is of no use then.
    """
    if isinstance(gram, str) or not hasattr(gram, "__len__"):
        return
    gram = _as_array(gram, name)
    n_features = X.shape[1]
    if gram.shape != (n_features, n_features):
        raise ValueError(
            f"{name} has shape {gram.shape}; a Gram matrix of X has the shape "
            f"{(n_features, n_features)}."
        )
    gram = _to_float(gram, name)
    check_finite(gram, name)
    if not isinstance(X, np.ndarray):
        return
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    weight = weight * (len(X) / weight.sum())
    diagonal = np.einsum("i,ij,ij->j", weight, X, X, dtype=_FLOAT64)
    mean = weight @ X / len(X) if fit_intercept else np.zeros(n_features)
    rounding = 8.0 * np.finfo(X.dtype).eps * np.sqrt(diagonal / len(X))
    if (np.abs(mean) > np.maximum(CENTRED, rounding)).any():
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing "
            f"Gram matrix. Centre the columns of X before computing {name}, or leave "
            f"{name} out.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
        return
    at = n_features // 2
    column = (weight * X[:, at]) @ X
    rtol = 1e-4 if _FLOAT32 in (gram.dtype, X.dtype) else 1e-7
    _compare(gram, diagonal, column, at, rtol, name)


def _compare(
    gram: np.ndarray, diagonal: np.ndarray, column: np.ndarray, at: int, rtol: float,
    name: str,
) -> None:
    """Raise unless a Gram matrix has a diagonal and a column, up to rounding."""
    size = np.sqrt(diagonal * diagonal[at])
    for expected, found, unit, places in (
        (diagonal, gram.diagonal(), diagonal, lambda j: (j, j)),
        (column, gram[:, at], size, lambda j: (j, at)),
    ):
        allowed = rtol * (unit + 1e-3 * unit.max(initial=0.0))
        wrong = np.flatnonzero(~(np.abs(expected - found) <= allowed))
        if len(wrong):
            j = int(wrong[0])
            raise ValueError(
                f"Gram matrix passed in via {name!r} parameter did not pass validation: "
                f"element {places(j)} is {found[j]:.10g}, but X has {expected[j]:.10g}. "
                f"Compute it from the same X, or leave {name} out."
            )
