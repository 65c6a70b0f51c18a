"""Design matrices, for fits and for products."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .._core import sparse as _sparse
from ._arrays import (
    _FLOAT32,
    _FLOAT64,
    DesignArrays,
    _as_array,
    _is_sparse,
    _raise_empty,
    _require_memory,
    _to_float,
    check_finite,
)
from ._sparse import (
    _compressed,
    _design_from_sparse,
    _operand_from_sparse,
    _unframe_sparse,
)


def check_design(X: Any, name: str = "X", *, extremes: bool = True) -> DesignArrays:
    """Check a design matrix and find, without copying where possible, its arrays.

    Used in place, read-only and memory-mapped ones included: dense float32 and float64
    arrays with unit stride along one axis and a leading dimension at least as long as
    the other; CSC matrices with sorted, unique indices of int32 or int64.

    Copied, once: other strides (steps, negative, overlapping, broadcast); foreign byte
    order; unaligned arrays; integers, booleans, float16 and longdouble (to float64);
    data frames whose columns are not one block; lists; float32 data with magnitudes
    that single precision cannot square and sum (to float64); CSC with unsorted or
    duplicate indices, or with index arrays of another integer type; and every other
    sparse format. Dense copies are in Fortran order.

    Finiteness is not checked here: the pass that computes the moments of the columns finds
    it out on the way, and its caller raises `raise_nonfinite`. No other thread may
    write to what is used in place while a fit runs.

    Parameters
    ----------
    X : array-like, data frame or SciPy sparse matrix of shape (n_samples, n_features)
    name : str
        What to call it in messages.
    extremes : bool
        Whether to look for float32 data out of range, which takes a pass over them.

    Returns
    -------
    DesignArrays

    Raises
    ------
    ValueError
        Not two-dimensional, empty, complex, with masked or missing entries, or sparse
        with a structure that is not one.
    TypeError
        Strings, dates, or objects that are not numbers; chunks.
    MemoryError
        A copy is needed and cannot fit.
    """
    if is_chunks(X) or is_chunk_rows(X):
        X.refuse()
    if type(X) is not np.ndarray:
        X = _unframe_sparse(X)
        if _is_sparse(X):
            return _design_from_sparse(X, name, extremes)
    X = _check_dense(X, name)
    kind = _layout(X)
    if kind is None:
        _require_memory(X.nbytes, f"a copy of {name} with regular strides")
        X, kind = np.array(X, order="F"), "dense_f"
    if extremes and X.dtype == _FLOAT32 and _sparse.is_extreme_dense(X):
        X = X.astype(_FLOAT64, order="K")
    return DesignArrays(kind, X.shape[0], X.shape[1], X)


def is_chunks(X: Any) -> bool:
    """Whether X is a `riata.Chunks`, which is not in memory."""
    return getattr(X, "kind", None) == "chunks"


def is_chunk_rows(X: Any) -> bool:
    """Whether X is some rows of a `riata.Chunks`, as from ``X[rows]``."""
    return getattr(X, "kind", None) == "chunk_rows"


def check_design_or_chunks(X: Any, name: str = "X") -> Any:
    """`check_design`, for what is fitted to chunks as well; they are returned as they
    are, sound since they were opened."""
    return X if is_chunks(X) else check_design(X, name)


def check_operand(X: Any, name: str = "X") -> Any:
    """Check a matrix that is only to be multiplied, as in a prediction.

    Unlike `check_design` it leaves CSR as CSR and indices in the order they are, and
    it does check that all entries are finite.

    Parameters
    ----------
    X : array-like, data frame, SciPy sparse matrix or riata.Chunks
        Of shape (n_samples, n_features); chunks, and rows of them, are returned as they
        are.
    name : str

    Returns
    -------
    ndarray, scipy.sparse.csr_array or scipy.sparse.csc_array
        Of float32 or float64; sharing memory with X as far as possible.

    Raises
    ------
    ValueError, TypeError
        As for `check_design`, and for entries that are not finite.
    """
    if is_chunks(X) or is_chunk_rows(X):
        return X
    if type(X) is not np.ndarray:
        X = _unframe_sparse(X)
        if _is_sparse(X):
            return _operand_from_sparse(_compressed(X, name), name)
    X = _check_dense(X, name)
    check_finite(X, name)
    return X


def _check_dense(X: Any, name: str) -> np.ndarray:
    """Return X as a real 2-D array without empty axes, of any layout."""
    X = _as_array(X, name)
    if X.ndim != 2:
        _raise_not_2d(X, name)
    if X.size == 0:
        _raise_empty(X.shape, name)
    if X.dtype is not _FLOAT64 and X.dtype is not _FLOAT32:
        X = _to_float(X, name)
    return X


def _layout(X: np.ndarray) -> str | None:
    """Return the kind of a dense array, or None if it has to be copied."""
    flags = X.flags
    if not flags.aligned:
        return None
    if flags.f_contiguous:
        return "dense_f"
    if flags.c_contiguous:
        return "dense_c"
    (rows, columns), (down, along), size = X.shape, X.strides, X.itemsize
    if down == size and along >= rows * size and along % size == 0:
        return "dense_f"
    if along == size and down >= columns * size and down % size == 0:
        return "dense_c"
    return None


def _raise_not_2d(X: np.ndarray, name: str) -> NoReturn:
    if X.ndim > 2:
        raise ValueError(
            f"{name} has shape {X.shape}. Expected 2D array, got {X.ndim}D array "
            f"instead. Reshape your data to (n_samples, n_features)."
        )
    what = "scalar" if X.ndim == 0 else "1D"
    raise ValueError(
        f"{name} has shape {X.shape}. Expected 2D array, got {what} array instead. "
        "Reshape your data either using array.reshape(-1, 1) if your data has a single "
        "feature or array.reshape(1, -1) if it contains a single sample."
    )
