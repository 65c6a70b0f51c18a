"""Parquet files of numeric columns, in batches of rows."""

import json
import re

import numpy as np

NUMERIC = ("int", "uint", "float", "double", "half", "bool", "decimal")


def index_columns(schema):
    """Names of the columns that hold the index of a pandas data frame, which are no
    features: those that pandas lists, and those that have the names it gives."""
    try:
        named = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError):  # not written by pandas
        named = []
    return {
        name for name in schema.names
        if name in named or re.fullmatch(r"__index_level_\d+__", name)
    }


def float_values(column):
    """Numbers of an Arrow array as float64, NaN where a value is missing."""
    values = column.to_numpy() if hasattr(column, "chunks") else (
        column.to_numpy(zero_copy_only=False)
    )
    return values.astype(float, copy=False)


def _open(path):
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ImportError("Parquet files need pyarrow: pip install pyarrow") from error
    try:
        return ParquetFile(path)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from error


def columns_of(files, target):
    """Names of the features, which all files must have.

    Raises
    ------
    ValueError
        If a column is not numeric, or the files differ.
    """
    names = None
    for path in files:
        with _open(path) as file:
            schema = file.schema_arrow
        index = index_columns(schema) - {target}
        its = [name for name in schema.names if name != target and name not in index]
        if target is not None and target not in schema.names:
            raise ValueError(
                f"target={target!r} is no column of {path}; it has {schema.names[:10]}."
            )
        for field in schema:
            kind = str(field.type)
            if field.name not in index and not kind.startswith(NUMERIC):
                raise ValueError(
                    f"column {field.name!r} of {path} is of type {kind}; encode it as "
                    "numbers, or leave it out."
                )
        if names is not None and its != names:
            raise ValueError(
                f"{path} has other columns than {files[0]}: {its[:5]} and {names[:5]}."
            )
        names = its
    if not names:
        raise ValueError(f"{files[0]} has no columns but the target.")
    return names


def batches(files, names, target, n_rows, targets):
    """Yield names and float64 arrays of at most so many rows; the target's values are
    appended to `targets`."""
    from pyarrow import ArrowException

    wanted = [*names, target] if target is not None else names
    for path in files:
        with _open(path) as file:
            first = 0
            try:
                for batch in file.iter_batches(batch_size=n_rows, columns=wanted):
                    part = np.empty((len(batch), len(names)), order="F")
                    for k, name in enumerate(names):
                        part[:, k] = _numbers(batch, name, path, first)
                    if target is not None:
                        targets.append(_numbers(batch, target, path, first))
                    first += len(batch)
                    yield f"{path.name}, rows {first - len(batch)} to {first}", part
            except (OSError, ArrowException) as error:
                raise ValueError(f"{path} cannot be read: {error}") from error


def _numbers(batch, name, path, first):
    column = batch.column(name)
    if column.null_count:
        row = first + int(np.flatnonzero(column.is_null().to_numpy(False))[0])
        raise ValueError(
            f"column {name!r} of {path} has a missing value at row {row}. Remove such "
            "rows, or fill them in."
        )
    return float_values(column)
