"""The one place where input is checked.

Everything a caller hands over passes through here before anything is computed, and what
comes out can be trusted by compiled code that checks no bounds. Nothing of the caller's
is ever written to. What is wrong raises `TypeError` or `ValueError` with the name of
the argument, the first offending position and value, and the remedy.

Data
    `check_design` (X, for fits), `check_operand` (X, for products), `check_target`,
    `check_sample_weight`, `check_offset`, `check_penalty_factor`, `check_bounds`,
    `check_coef`, `check_finite`, `raise_nonfinite`.
Numbers
    `check_alphas`, `check_alpha`, `check_l1_ratio`, `check_tol`, `check_max_iter`,
    `check_n_threads`, `check_time_limit`, and the general `check_real`,
    `check_integer`, `check_bool`, `check_choice`.
Estimators
    `validate_estimator_input`, `validate_predict_input`: the above with scikit-learn's
    conventions. Only these two import scikit-learn.

Importing this module imports NumPy and nothing larger; SciPy's classes are recognised
only if SciPy has been loaded already.
"""

from __future__ import annotations

import copy
import math
import operator
import os
import sys
import warnings
from itertools import chain
from numbers import Integral, Real
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ._core import sparse as _sparse

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_INT32 = np.dtype(np.int32)
_INT64 = np.dtype(np.int64)

_Triple = tuple[np.ndarray, np.ndarray, np.ndarray]

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


class FitInput(NamedTuple):
    """What `validate_estimator_input` returns.

    Attributes
    ----------
    X : ndarray or scipy.sparse.csc_array
        The arrays of `check_design` as a matrix.
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


# ---------------------------------------------------------------------------
# Design matrices
# ---------------------------------------------------------------------------


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

    Finiteness is not looked at: the pass that computes the moments of the columns finds
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
        Strings, dates, or objects that are not numbers.
    MemoryError
        A copy is needed and cannot fit.
    """
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


def check_operand(X: Any, name: str = "X") -> Any:
    """Check a matrix that is only to be multiplied, as in a prediction.

    Unlike `check_design` it leaves CSR as CSR and indices in the order they are, and
    it does check that all entries are finite.

    Parameters
    ----------
    X : array-like, data frame or SciPy sparse matrix of shape (n_samples, n_features)
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


def _raise_empty(shape: tuple[int, ...], name: str) -> NoReturn:
    what = "sample" if shape[0] == 0 else "feature"
    raise ValueError(
        f"{name} is empty. Found array with 0 {what}(s) (shape={shape}) while a "
        "minimum of 1 is required."
    )


# ---------------------------------------------------------------------------
# Sparse matrices
# ---------------------------------------------------------------------------


class _Compressed(NamedTuple):
    """A sparse matrix of verified structure, compressed along columns or rows."""

    format: str
    shape: tuple[int, int]
    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    canonical: bool


def _is_sparse(X: Any) -> bool:
    # If SciPy's module is not loaded then X cannot be one of its objects.
    module = sys.modules.get("scipy.sparse")
    return module is not None and module.issparse(X)


def _unframe_sparse(X: Any) -> Any:
    """Turn a data frame of sparse columns into a COO matrix; pass on all else."""
    if hasattr(X, "dtypes"):
        to_coo = getattr(getattr(X, "sparse", None), "to_coo", None)
        if to_coo is not None:
            return to_coo()
    return X


def _design_from_sparse(X: Any, name: str, extremes: bool) -> DesignArrays:
    matrix = _compressed(X, name)
    (n_samples, n_features), data = matrix.shape, matrix.data
    indices, indptr = matrix.indices, matrix.indptr
    if matrix.format == "csr":
        _require_memory(8 * n_features, f"the column pointers of {name} in CSC format")
        if n_samples > np.iinfo(indices.dtype).max:
            indices = indices.astype(_INT64)
        status, indptr, indices, data = _sparse.transpose(
            indptr, indices, data, n_features
        )
        if not matrix.canonical and status == _sparse.OK:
            n_stored = _sparse.merge_duplicates(indptr, indices, data)
            indices, data = indices[:n_stored], data[:n_stored]
        _require_unchanged(status, name)
    elif not matrix.canonical:
        if n_features > np.iinfo(indices.dtype).max:
            indices = indices.astype(_INT64)
        status, indptr, indices, data = _sparse.canonicalize(
            indptr, indices, data, n_samples
        )
        _require_unchanged(status, name)
    if extremes and data.dtype == _FLOAT32 and _sparse.is_extreme_csc(indptr, data):
        data = data.astype(_FLOAT64)
    return DesignArrays("csc", n_samples, n_features, data, indices, indptr)


def _operand_from_sparse(matrix: _Compressed, name: str) -> Any:
    if not np.isfinite(matrix.data).all():
        at = int(np.argmin(np.isfinite(matrix.data)))
        row = int(matrix.indices[at])
        column = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        if matrix.format == "csr":
            row, column = column, row
        raise_nonfinite(name, row, column, matrix.data[at])
    return _scipy_array(
        matrix.format, matrix.shape, matrix.data, matrix.indices, matrix.indptr
    )


def _scipy_array(
    layout: str,
    shape: tuple[int, int],
    data: np.ndarray,
    indices: np.ndarray,
    indptr: np.ndarray,
) -> Any:
    from scipy import sparse

    # SciPy wants one integer type for both; the pointers are the smaller array.
    if indptr[-1] <= np.iinfo(indices.dtype).max:
        indptr = indptr.astype(indices.dtype, copy=False)
    container = sparse.csc_array if layout == "csc" else sparse.csr_array
    return container((data, indices, indptr), shape=shape)


def _compressed(X: Any, name: str) -> _Compressed:
    """Verify a sparse matrix of any format and return it as CSC or CSR.

    No method of X is called and its arrays are fetched once: SciPy's converters trust
    the structure, and somebody may be replacing the attributes meanwhile.
    """
    shape = _sparse_shape(X, name)
    if X.format in ("csc", "csr"):
        data, indices = _part(X, "data", name), _part(X, "indices", name)
        indptr = _part(X, "indptr", name)
        return _check_compressed(X.format, shape, data, indices, indptr, name)
    if X.format == "lil":
        data, indices, indptr = _parts_of_lil(X, name)
        return _check_compressed("csr", shape, data, indices, indptr, name)
    expand = {
        "coo": _coordinates_of_coo,
        "dok": _coordinates_of_dok,
        "bsr": _coordinates_of_bsr,
        "dia": _coordinates_of_dia,
    }.get(X.format)
    if expand is None:
        raise TypeError(
            f"{name} has the unknown sparse format {X.format!r}; convert it with "
            f"{name}.tocsc()"
        )
    rows, columns, data = expand(X, shape, name)
    return _compress(shape, rows, columns, data, name)


def _check_compressed(
    layout: str,
    shape: tuple[int, int],
    data: Any,
    indices: Any,
    indptr: Any,
    name: str,
) -> _Compressed:
    n_major, n_minor = shape if layout == "csr" else shape[::-1]
    indices = _index_array(indices, f"{name}.indices")
    # An own copy: it is small, and whoever writes to the caller's during the fit can
    # not send the kernels out of bounds.
    indptr = _index_array(indptr, f"{name}.indptr").astype(_INT64)
    data = _value_array(data, f"{name}.data")
    if len(indptr) != n_major + 1:
        raise ValueError(
            f"{name}.indptr has {len(indptr)} entries, but a {layout.upper()} matrix "
            f"of shape {shape} needs {n_major + 1}"
        )
    if len(indices) != len(data):
        raise ValueError(
            f"{name}.indices has {len(indices)} entries, but {name}.data has "
            f"{len(data)}; there must be one index per stored value"
        )
    status, position = _sparse.check_structure(indptr, indices, n_minor)
    if status < 0:
        _raise_malformed(status, position, layout, shape, indices, indptr, name)
    n_stored = int(indptr[-1])
    return _Compressed(
        layout, shape, data[:n_stored], indices[:n_stored], indptr, status == _sparse.OK
    )


def _raise_malformed(
    status: int,
    position: int,
    layout: str,
    shape: tuple[int, int],
    indices: np.ndarray,
    indptr: np.ndarray,
    name: str,
) -> NoReturn:
    if status == _sparse.BAD_START:
        fault = f"{name}.indptr[0] is {indptr[0]}, not 0"
    elif status == _sparse.DECREASING:
        fault = (
            f"{name}.indptr decreases at position {position}, from "
            f"{indptr[position - 1]} to {indptr[position]}"
        )
    elif status == _sparse.TOO_LONG:
        fault = (
            f"{name}.indptr[{position}] is {indptr[position]}, but only "
            f"{len(indices)} values are stored"
        )
    else:
        minor, size = ("column", shape[1]) if layout == "csr" else ("row", shape[0])
        fault = (
            f"{name}.indices[{position}] is {indices[position]}, which is no {minor} "
            f"of a matrix of shape {shape}; allowed is 0 to {size - 1}"
        )
    raise ValueError(
        f"{name} is not a valid {layout.upper()} matrix: {fault}. Build it again from "
        "coordinates, with scipy.sparse.coo_array."
    )


def _require_unchanged(status: int, name: str) -> None:
    if status != _sparse.OK:
        raise ValueError(
            f"{name} was changed by another thread while it was read; pass a copy"
        )


def _sparse_shape(X: Any, name: str) -> tuple[int, int]:
    try:
        shape = tuple(operator.index(size) for size in X.shape)
    except TypeError:
        shape = (-1,)
    if len(shape) == 1 and shape[0] >= 0:
        raise ValueError(
            f"{name} has shape {shape}. Expected 2D array, got a 1D sparse array "
            "instead. Reshape your data with reshape((-1, 1)) or reshape((1, -1))."
        )
    if len(shape) != 2 or min(shape) < 0:
        raise ValueError(
            f"{name}.shape is {X.shape!r}; it must be two non-negative integers"
        )
    if 0 in shape:
        _raise_empty(shape, name)
    return shape


def _part(X: Any, part: str, name: str) -> Any:
    values = getattr(X, part, None)
    if values is None:
        raise ValueError(f"{name}.{part} is missing; {name} is not a valid matrix")
    return values


def _index_array(values: Any, label: str) -> np.ndarray:
    """Return a contiguous 1-D array of int32 or int64, copied only if it is not one."""
    values = _part_array(values, label, 1)
    if values.dtype.kind not in "iu":
        raise TypeError(f"{label} has dtype {values.dtype}; it must hold integers")
    if values.dtype not in (_INT32, _INT64):
        values = values.astype(_INT32 if values.itemsize < 4 else _INT64)
    return _contiguous(values)


def _value_array(values: Any, label: str, ndim: int = 1) -> np.ndarray:
    values = _part_array(values, label, ndim)
    return _contiguous(_to_float(values, label))


def _part_array(values: Any, label: str, ndim: int) -> np.ndarray:
    if not isinstance(values, np.ndarray):
        raise TypeError(
            f"{label} is a {type(values).__name__}; it must be a NumPy array"
        )
    values = _as_array(values, label)
    if values.ndim != ndim:
        raise ValueError(f"{label} has shape {values.shape}; it must be {ndim}-D")
    return values


def _contiguous(values: np.ndarray) -> np.ndarray:
    flags = values.flags
    if flags.c_contiguous and flags.aligned:
        return values
    return np.array(values, order="C")


def _compress(
    shape: tuple[int, int],
    rows: np.ndarray,
    columns: np.ndarray,
    data: np.ndarray,
    name: str,
) -> _Compressed:
    """Verify coordinates and gather them into columns."""
    if not len(rows) == len(columns) == len(data):
        raise ValueError(
            f"{name} has {len(rows)} row numbers, {len(columns)} column numbers and "
            f"{len(data)} values; there must be as many of each"
        )
    for what, numbers, size in (("row", rows, shape[0]), ("column", columns, shape[1])):
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < size:
            at = int(np.argmax((numbers < 0) | (numbers >= size)))
            raise ValueError(
                f"{name} is not a valid matrix: stored entry {at} is in {what} "
                f"{numbers[at]}, but {name} has shape {shape}; allowed is 0 to "
                f"{size - 1}"
            )
    if not rows.dtype == columns.dtype == _INT32:
        rows = rows.astype(_INT64, copy=False)
        columns = columns.astype(_INT64, copy=False)
    _require_memory(8 * shape[1], f"the column pointers of {name} in CSC format")
    status, _, indptr, indices, data = _sparse.compress(columns, rows, data, shape[1])
    _require_unchanged(status, name)
    return _check_compressed("csc", shape, data, indices, indptr, name)


def _coordinates_of_coo(X: Any, shape: tuple[int, int], name: str) -> _Triple:
    coords = getattr(X, "coords", None)  # SciPy before 1.13 has row and col alone
    if coords is None:
        coords = _part(X, "row", name), _part(X, "col", name)
    if len(coords) != 2:
        raise ValueError(f"{name} has {len(coords)} coordinate arrays instead of 2")
    return (
        _index_array(coords[0], f"{name}.row"),
        _index_array(coords[1], f"{name}.col"),
        _value_array(_part(X, "data", name), f"{name}.data"),
    )


def _coordinates_of_dok(X: Any, shape: tuple[int, int], name: str) -> _Triple:
    items = list(X.items())
    try:
        pairs = np.array([pair for pair, _ in items] or np.empty((0, 2), _INT64))
        values = np.array([value for _, value in items] or np.empty(0))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a valid DOK matrix: {error}") from error
    if pairs.shape != (len(items), 2):
        raise ValueError(f"{name} is not a valid DOK matrix: its keys must be pairs")
    return (
        _index_array(pairs[:, 0], f"row of a key of {name}"),
        _index_array(pairs[:, 1], f"column of a key of {name}"),
        _value_array(values, f"values of {name}"),
    )


def _coordinates_of_dia(X: Any, shape: tuple[int, int], name: str) -> _Triple:
    offsets = _index_array(_part(X, "offsets", name), f"{name}.offsets").astype(_INT64)
    data = _value_array(_part(X, "data", name), f"{name}.data", ndim=2)
    if len(offsets) != len(data):
        raise ValueError(
            f"{name}.offsets has {len(offsets)} entries, but {name}.data has "
            f"{len(data)} diagonals"
        )
    if len(np.unique(offsets)) != len(offsets):
        raise ValueError(f"{name}.offsets holds the same diagonal more than once")
    inside = (offsets > -shape[0]) & (offsets < shape[1])
    data, offsets = data[inside, : shape[1]], offsets[inside]
    columns = np.broadcast_to(np.arange(data.shape[1]), data.shape)
    rows = columns - offsets[:, np.newaxis]
    stored = (rows >= 0) & (rows < shape[0]) & (data != 0)
    return rows[stored], columns[stored], data[stored]


def _coordinates_of_bsr(X: Any, shape: tuple[int, int], name: str) -> _Triple:
    data = _value_array(_part(X, "data", name), f"{name}.data", ndim=3)
    height, width = data.shape[1:]
    if 0 in (height, width) or shape[0] % height or shape[1] % width:
        raise ValueError(
            f"{name}.data holds blocks of shape {(height, width)}, which do not tile a "
            f"matrix of shape {shape}"
        )
    blocks = _check_compressed(
        "csr",
        (shape[0] // height, shape[1] // width),
        np.zeros(len(data)),  # the blocks stand in as one entry each
        _part(X, "indices", name),
        _part(X, "indptr", name),
        name,
    )
    block_rows = np.repeat(np.arange(blocks.shape[0]), np.diff(blocks.indptr))
    data = data[: len(block_rows)]
    rows = height * block_rows[:, np.newaxis, np.newaxis] + np.arange(height)[:, None]
    columns = width * blocks.indices.astype(_INT64)[:, np.newaxis, np.newaxis]
    columns = columns + np.arange(width)
    return (
        np.broadcast_to(rows, data.shape).ravel(),
        np.broadcast_to(columns, data.shape).ravel(),
        data.ravel(),
    )


def _parts_of_lil(X: Any, name: str) -> _Triple:
    rows, values = list(_part(X, "rows", name)), list(_part(X, "data", name))
    try:
        lengths = [len(row) for row in rows]
        matching = lengths == [len(row) for row in values]
        indices = np.array(list(chain.from_iterable(rows)) or np.empty(0, _INT64))
        data = np.array(list(chain.from_iterable(values)) or np.empty(0))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a valid LIL matrix: {error}") from error
    if not matching:
        raise ValueError(
            f"{name} is not a valid LIL matrix: {name}.rows and {name}.data must hold "
            "lists of the same lengths"
        )
    return data, indices, np.cumsum([0, *lengths], dtype=_INT64)


# ---------------------------------------------------------------------------
# Conversion
# ---------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------
# Finiteness
# ---------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------
# One value per sample
# ---------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------
# One value per feature
# ---------------------------------------------------------------------------


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
    coef : array-like of shape (n_features,), or sparse with one row or column
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
        coef = check_operand(coef, name).toarray()
    coef = _as_array(coef, name)
    if coef.ndim == 2 and 1 in coef.shape and coef.size == n_features:
        coef = coef.ravel()
    coef = _vector(coef, n_features, name, "feature")
    check_finite(coef, name)
    return coef


def _per_feature(values: Any, n_features: int, name: str) -> np.ndarray:
    if isinstance(values, Real):
        if isinstance(values, bool):
            raise TypeError(f"{name} is {values}; it must be a number or an array")
        return np.full(n_features, float(values))
    return _vector(values, n_features, name, "feature")


# ---------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------


def check_real(
    value: Any,
    name: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
) -> float:
    """Check one finite number against a range, and return it as a float.

    Raises TypeError for what is not a real number, as booleans and arrays are not, and
    ValueError for NaN, infinities and what is out of range.
    """
    if type(value) is not float:
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(
                f"{name} must be a number, got {value!r} of type {type(value).__name__}"
            )
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    if (
        not math.isfinite(value)
        or value < low
        or value > high
        or (low_open and value == low)
        or (high_open and value == high)
    ):
        left = "(" if low_open or low == -math.inf else "["
        right = ")" if high_open or high == math.inf else "]"
        raise ValueError(
            f"{name} is {value}; it must be finite and in {left}{low:g}, {high:g}"
            f"{right}"
        )
    return value + 0.0  # no negative zero


def check_integer(value: Any, name: str, *, low: int = 1) -> int:
    """Check one integer of at least `low`, and return it as an int.

    Raises TypeError for booleans and floats, ValueError below `low`.
    """
    if type(value) is not int:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(
                f"{name} must be an integer, got {value!r} of type "
                f"{type(value).__name__}"
            )
        value = int(value)
    if value < low:
        raise ValueError(f"{name} is {value}; it must be at least {low}")
    return value


def check_bool(value: Any, name: str) -> bool:
    """Check one truth value: bool or numpy.bool_, nothing that merely looks true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False, got {value!r} of type "
            f"{type(value).__name__}"
        )
    return bool(value)


def check_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Check one word out of several (TypeError if no string, ValueError if another)."""
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be a string, got {value!r} of type {type(value).__name__}"
        )
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
    return value


def check_alphas(alphas: Any, name: str = "alphas") -> int | np.ndarray:
    """Check the penalty strengths of a path.

    Parameters
    ----------
    alphas : int or array-like of shape (n_alphas,)
        A count of at least 1, or finite values of at least 0 in any order.
    name : str

    Returns
    -------
    int, or ndarray of float64 and shape (n_alphas,) in decreasing order, a copy

    Raises
    ------
    TypeError
        Neither an integer nor an array of numbers.
    ValueError
        Out of range, not finite, empty, or not 1-D.
    """
    if isinstance(alphas, (Real, str, bytes)) or alphas is None:
        if not isinstance(alphas, Integral) or isinstance(alphas, bool):
            raise TypeError(
                f"{name} must be a count or an array of values, got {alphas!r} of type "
                f"{type(alphas).__name__}; for a single value pass [{alphas!r}]"
            )
        return check_integer(alphas, name)
    values = _as_array(alphas, name)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"{name} has shape {values.shape}; it must be 1-D and hold a value at least"
        )
    values = _to_float(values, name).astype(_FLOAT64)
    check_finite(values, name)
    if values.min() < 0.0:
        at = int(np.flatnonzero(values < 0.0)[0])
        raise ValueError(f"{name}[{at}] is {values[at]}; it must be at least 0")
    values += 0.0  # no negative zero
    values.sort()
    return values[::-1].copy()


def check_alpha(alpha: Any, name: str = "alpha") -> float:
    """Check one penalty strength: finite and at least 0. Returns a float."""
    return check_real(alpha, name, low=0.0)


def check_l1_ratio(l1_ratio: Any, name: str = "l1_ratio") -> float:
    """Check the share of the L1 penalty, between 0 and 1. Returns a float."""
    return check_real(l1_ratio, name, low=0.0, high=1.0)


def check_tol(tol: Any, name: str = "tol") -> float:
    """Check a relative tolerance: finite and at least 0. Returns a float."""
    return check_real(tol, name, low=0.0)


def check_max_iter(max_iter: Any, name: str = "max_iter") -> int:
    """Check a limit on iterations, at least 1. Returns an int."""
    return check_integer(max_iter, name)


def check_n_threads(n_threads: Any, name: str = "n_threads") -> int | None:
    """Check a number of threads: at least 1, or None for the default."""
    return None if n_threads is None else check_integer(n_threads, name)


def check_time_limit(time_limit: Any, name: str = "time_limit") -> float | None:
    """Check a limit in seconds: above 0, or None (also for inf) for no limit."""
    if time_limit is None or (isinstance(time_limit, float) and time_limit == math.inf):
        return None
    return check_real(time_limit, name, low=0.0, low_open=True)


# ---------------------------------------------------------------------------
# Estimators
# ---------------------------------------------------------------------------


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
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    design = check_design(X)
    y = _as_array(y, "y")
    target = check_target(y, design.n_samples, multi_output)
    if y.ndim == 2 and not multi_output:
        from sklearn.exceptions import DataConversionWarning

        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change "
            "the shape of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=3,
        )
    n_targets = target.shape[1] if target.ndim == 2 else None
    return FitInput(
        design.as_matrix(),
        target,
        check_sample_weight(sample_weight, design.n_samples),
        check_offset(offset, design.n_samples, n_targets=n_targets),
        _features(estimator, X, design.n_features),
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
    if not _is_nameless(X) or hasattr(estimator, "feature_names_in_"):
        from sklearn.utils.validation import validate_data

        validate_data(estimator, X, reset=False, skip_check_array=True)
    if operand.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {operand.shape[1]} features, but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_} features as input."
        )
    return operand


def _is_nameless(X: Any) -> bool:
    """Whether scikit-learn need not be asked for the names of the columns of X."""
    return type(X) is np.ndarray or _is_sparse(X)


def _features(estimator: Any, X: Any, n_features: int) -> dict[str, Any]:
    features: dict[str, Any] = {"n_features_in_": n_features}
    if not _is_nameless(X):
        from sklearn.utils.validation import validate_data

        scratch = copy.copy(estimator)  # scikit-learn puts its finding on an estimator
        validate_data(scratch, X, reset=True, skip_check_array=True)
        if hasattr(scratch, "feature_names_in_"):
            features["feature_names_in_"] = scratch.feature_names_in_
    return features
