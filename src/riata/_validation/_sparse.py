"""Sparse matrices of every format, checked before SciPy touches them."""

from __future__ import annotations

import operator
from itertools import chain
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .._core import sparse as _sparse
from ._arrays import (
    _FLOAT32,
    _FLOAT64,
    _INT32,
    _INT64,
    DesignArrays,
    _as_array,
    _contiguous,
    _raise_empty,
    _require_memory,
    _scipy_array,
    _to_float,
    raise_nonfinite,
)

_Triple = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Compressed(NamedTuple):
    """A sparse matrix of verified structure, compressed along columns or rows."""

    format: str
    shape: tuple[int, int]
    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    canonical: bool


def _unframe_sparse(X: Any) -> Any:
    """Turn a data frame of sparse columns into a COO matrix; pass on all else."""
    if not hasattr(X, "iloc") or getattr(X, "ndim", 0) != 2 or not X.shape[1]:
        return X
    # Of the first column, since `X.dtypes` changes the process's warning filters.
    if not hasattr(X.iloc[:, 0].dtype, "fill_value"):
        return X
    to_coo = getattr(getattr(X, "sparse", None), "to_coo", None)
    return X if to_coo is None else to_coo()


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
        np.zeros(len(data)),  # one entry for each block
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
