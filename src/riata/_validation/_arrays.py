"""Conversion to arrays that compiled code may trust, and finiteness."""

from __future__ import annotations

import math
import os
import sys
from typing import Any, NamedTuple, NoReturn

import numpy as np

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_INT32 = np.dtype(np.int32)
_INT64 = np.dtype(np.int64)
_NOT_REAL = (str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64)
_MISSING = ("NoneType", "NAType", "NaTType")


class DesignArrays(NamedTuple):
    """A design matrix that compiled code may trust.

    Attributes
    ----------
    kind : {"dense_f", "dense_c", "csc"}
        ``dense_f``: unit stride along samples, any leading dimension of at least
        `n_samples`; ``dense_c``: the same with the axes exchanged; ``csc``: compressed
        columns, row indices strictly increasing within each.
    n_samples, n_features : int
        Both at least 1.
    data : ndarray of float32 or float64, aligned, of native byte order
        2-D when dense; of shape (n_stored,) and contiguous when ``csc``. May be
        read-only and may hold NaN or infinities.
    indices : ndarray of int32 or int64, shape (n_stored,), or None
    indptr : ndarray of int64, shape (n_features + 1,), or None
        Never the caller's own array.
    """

    kind: str
    n_samples: int
    n_features: int
    data: np.ndarray
    indices: np.ndarray | None = None
    indptr: np.ndarray | None = None

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is stored as compressed columns."""
        return self.indptr is not None

    def as_matrix(self) -> Any:
        """Return what NumPy and SciPy call it, uncopied: an array or a `csc_array`."""
        if self.indices is None or self.indptr is None:
            return self.data
        shape = (self.n_samples, self.n_features)
        return _scipy_array("csc", shape, self.data, self.indices, self.indptr)

    def as_float64(self) -> DesignArrays:
        """Return the same matrix in double precision, copied unless it is already."""
        return self._replace(data=self.data.astype(_FLOAT64, order="K", copy=False))


def _contiguous(values: np.ndarray) -> np.ndarray:
    flags = values.flags
    if flags.c_contiguous and flags.aligned:
        return values
    return np.array(values, order="C")


def _is_sparse(X: Any) -> bool:
    # If SciPy's module is not loaded then X cannot be one of its objects.
    module = sys.modules.get("scipy.sparse")
    return module is not None and module.issparse(X)


def _scipy_array(
    layout: str,
    shape: tuple[int, int],
    data: np.ndarray,
    indices: np.ndarray,
    indptr: np.ndarray,
) -> Any:
    from scipy import sparse

    # SciPy needs one integer type for both; the pointers are the smaller array.
    if indptr[-1] <= np.iinfo(indices.dtype).max:
        indptr = indptr.astype(indices.dtype, copy=False)
    container = sparse.csc_array if layout == "csc" else sparse.csr_array
    return container((data, indices, indptr), shape=shape)


def _as_array(values: Any, name: str) -> np.ndarray:
    """Return any dense input as a plain ndarray, in place if it is one."""
    if type(values) is np.ndarray:
        return values
    if _is_sparse(values):
        raise TypeError(
            f"{name} is a sparse {values.format.upper()} matrix where a dense array is "
            f"needed; use {name}.toarray()"
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        at = tuple(np.argwhere(np.ma.getmaskarray(values))[0])
        raise ValueError(
            f"{name} has masked entries, the first at {_place(at)}. Remove these rows, "
            "or fill them in with .filled() and values of your choice."
        )
    try:
        if hasattr(values, "iloc") and hasattr(values, "to_numpy"):
            values = values.to_numpy()  # np.asarray changes pandas' warning filters
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} cannot be made an array: {error}") from error


def _to_float(array: np.ndarray, name: str) -> np.ndarray:
    """Return a real array as native float32 or float64, copied only if it is not."""
    dtype = array.dtype
    if dtype in (_FLOAT64, _FLOAT32):
        return array
    if dtype.kind not in "fiubO":
        _raise_not_real(dtype, name)
    target = _FLOAT32 if dtype == _FLOAT32.newbyteorder() else _FLOAT64
    _require_memory(array.size * target.itemsize, f"a copy of {name} as {target}")
    if dtype.kind == "O":
        return _objects_to_float(array, name)
    with np.errstate(over="ignore"):  # a longdouble too large becomes an infinity
        return array.astype(target, order="F")


def _raise_not_real(dtype: np.dtype, name: str) -> NoReturn:
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} has dtype {dtype}. Fit its .real and "
            ".imag parts as separate columns."
        )
    remedy = "convert it to float64"
    if dtype.kind in "mM":
        remedy = "divide differences by a unit such as np.timedelta64(1, 'D')"
    elif dtype.kind in "USTa":
        remedy = "encode categories as numbers, or parse them with .astype(float)"
    raise TypeError(f"{name} has dtype {dtype}, not real numbers; {remedy}")


def _objects_to_float(array: np.ndarray, name: str) -> np.ndarray:
    """Convert an array of Python objects that are all numbers."""
    flat = array.ravel().tolist()
    wrong = {
        kind
        for kind in set(map(type, flat))
        if issubclass(kind, _NOT_REAL)
        or not (hasattr(kind, "__float__") or hasattr(kind, "__index__"))
    }
    if wrong:
        first = next(k for k, value in enumerate(flat) if type(value) in wrong)
        place = f"{flat[first]!r} at {_place(np.unravel_index(first, array.shape))}"
        kind = type(flat[first])
        if kind.__name__ in _MISSING:
            raise ValueError(
                f"Input {name} contains NaN: a missing value, {place}. Remove or "
                "impute missing values first."
            )
        if issubclass(kind, (complex, np.complexfloating)):
            raise ValueError(f"Complex data not supported: {name} holds {place}")
        raise TypeError(
            f"{name} holds the {kind.__name__} {place}; the argument must be free of "
            "any string or other object that is not a real number"
        )
    try:
        return array.astype(_FLOAT64, order="F")
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} cannot be converted to float64: {error}") from error


def _vector(values: Any, size: int, name: str, axis: str) -> np.ndarray:
    """Return a contiguous float64 vector with one entry per sample or feature."""
    array = values if type(values) is np.ndarray else _as_array(values, name)
    if array.shape != (size,):
        raise ValueError(
            f"{name} has shape {array.shape}; expected ({size},), one value for each "
            f"{axis} of X"
        )
    if array.dtype is not _FLOAT64:
        array = _to_float(array, name).astype(_FLOAT64, copy=False)
    return _contiguous(array)


def _place(index: tuple) -> str:
    if len(index) == 2:
        return f"row {index[0]}, column {index[1]}"
    return f"position {', '.join(str(i) for i in index)}"


def _require_memory(n_bytes: int, purpose: str) -> None:
    """Refuse what cannot fit, before the system grants it and ends the process."""
    if n_bytes < 1 << 30 or not hasattr(os, "sysconf"):
        return
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_bytes > installed > 0:
        raise MemoryError(
            f"{purpose} needs {n_bytes} bytes and this machine has {installed}; pass "
            "the data in a form that needs no copy, or fewer columns"
        )


def check_finite(values: np.ndarray, name: str) -> None:
    """Raise unless every entry of a vector or matrix is finite.

    Parameters
    ----------
    values : ndarray of float32 or float64, 1-D or 2-D
    name : str

    Raises
    ------
    ValueError
        Naming the first NaN or infinity (first column, then row).
    """
    if values.size <= 4096:
        if np.isfinite(values).all():
            return
    else:
        # The sum is finite only if all entries are, and needs no temporary array. If
        # it overflows although they are, the blocks below find nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isfinite(values.sum()):
                return
    columns = values.reshape(-1, 1) if values.ndim == 1 else values
    width = max(1, (1 << 22) // len(columns))
    for start in range(0, columns.shape[1], width):
        block = columns[:, start : start + width]
        bad = np.argwhere(~np.isfinite(block.T))
        if len(bad):
            column, row = (int(i) for i in bad[0])
            where = None if values.ndim == 1 else start + column
            raise_nonfinite(name, row, where, block[row, column])


def raise_nonfinite(name: str, row: int, column: int | None, value: float) -> NoReturn:
    """Raise the error for an entry that is NaN or infinite.

    Parameters
    ----------
    name : str
        The argument.
    row : int
        Its position, or its row if `column` is given.
    column : int or None
    value : float

    Raises
    ------
    ValueError
        Always.
    """
    place = _place((row,) if column is None else (row, column))
    if math.isnan(value):
        what, remedy = "NaN", "Remove or impute missing values first"
    else:
        what, remedy = f"infinity ({value})", "Remove or clip infinite values first"
    raise ValueError(f"Input {name} contains {what} at {place}. {remedy}.")


def _raise_empty(shape: tuple[int, ...], name: str) -> NoReturn:
    what = "sample" if shape[0] == 0 else "feature"
    raise ValueError(
        f"{name} is empty. Found array with 0 {what}(s) (shape={shape}) while a "
        "minimum of 1 is required."
    )
