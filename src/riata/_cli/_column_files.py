"""Columns of CSV and Parquet files, and single columns from files of their own."""

import numpy as np

from ._columns import BETWEEN, NumberColumn, OtherColumn, TextColumn, as_column, to_number
from ._csv_file import open_binary, read_csv
from ._file_kinds import check_unique, existing_path, kind_of, read_or_raise
from ._matrix_market import read_matrix_market


def read_parquet(path):
    """Columns of a Parquet file by their names, without those of pandas' index."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise ImportError(
            f"{path}: reading Parquet needs pyarrow; install it with pip install "
            "'riata[frames]'."
        ) from None
    from ..chunks._parquet import index_columns

    table = read_or_raise(path, lambda: pyarrow.parquet.ParquetFile(path).read())
    names, index = table.column_names, index_columns(table.schema)
    check_unique(names, path)
    return {
        name: read_or_raise(path, _arrow_column, table.column(name))
        for name in names if name not in index
    }


def _arrow_column(column):
    import pyarrow.types as types

    from ..chunks._parquet import float_values

    kind = column.type
    if types.is_dictionary(kind):  # of categories, whatever they look like
        cells = ["" if each is None else str(each) for each in column.to_pylist()]
        return TextColumn.of_cells(cells, declared=True)
    if str(kind) in ("string", "large_string", "string_view"):
        cells = ["" if each is None else each for each in column.to_pylist()]
        return TextColumn.of_cells(cells, declared=True)
    if types.is_null(kind):
        return NumberColumn(np.full(len(column), np.nan))
    exact = types.is_integer(kind) or types.is_boolean(kind)
    if not (exact or types.is_floating(kind) or types.is_decimal(kind)):
        return OtherColumn(str(kind))
    if not exact:
        return NumberColumn(float_values(column))
    missing = column.is_null().to_numpy()
    values = column.fill_null(False if types.is_boolean(kind) else 0).to_numpy()
    return NumberColumn(values, missing if missing.any() else None)


def read_vector(name, n_samples, what):
    """A column with one value for each sample, from a file of its own.

    There is a header if there is one row more than samples, and the first is text or, as
    pandas calls a column without a name, 0.
    """
    path = existing_path(name)
    kind = kind_of(path)
    if kind == "npy":
        values = as_column(read_or_raise(path, _read_npy, path).ravel())
    elif kind == "mtx":
        values = as_column(_vector_of(path, read_mtx(path), n_samples, what))
    elif kind in ("csv", "parquet"):
        columns = read_parquet(path) if kind == "parquet" else read_csv(path, header=False)
        if len(columns) != 1:
            raise ValueError(f"{what} {name}: that file has {len(columns)} columns.")
        (values,) = columns.values()
        cells = list(values.cells())
        first = cells[0].strip() if cells else ""
        if kind == "csv" and len(cells) == n_samples + 1 and (
            first == "0" or to_number(first) is None
        ):
            values = TextColumn.of_cells(cells[1:])
    else:
        raise ValueError(f"{what} {name}: that file holds no single column.")
    found = length_of(values)
    if found != n_samples:
        raise ValueError(
            f"{what} {name}: {found} values for {n_samples} samples in the data."
        )
    bad = [label is None for label in values.labels()]
    if any(bad):
        raise ValueError(f"{what} {name}: no value in row {bad.index(True) + 1}.")
    return values


def length_of(column):
    if isinstance(column, TextColumn):
        return sum(block.count(BETWEEN) + 1 for block in column.blocks)
    return len(column) if isinstance(column, np.ndarray) else len(column.values)


def _read_npy(path):
    with open_binary(path) as source:
        return np.load(source, allow_pickle=False)


def _vector_of(path, matrix, n_samples, what):
    if 1 not in matrix.shape or max(matrix.shape) != n_samples:
        raise ValueError(
            f"{what} {path}: a matrix of shape {matrix.shape} for {n_samples} samples."
        )
    return np.ravel(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def read_mtx(path):
    with open_binary(path) as source:
        return read_or_raise(path, read_matrix_market, source)
