"""Parquet files of numeric columns, in batches of rows."""

import numpy as np


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
        its = [name for name in schema.names if name != target]
        if target is not None and target not in schema.names:
            raise ValueError(
                f"target={target!r} is no column of {path}; it has {schema.names[:10]}."
            )
        for field in schema:
            kind = str(field.type)
            if not kind.startswith(("int", "uint", "float", "double", "half", "bool")):
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
    return column.to_numpy(zero_copy_only=False).astype(float, copy=False)
