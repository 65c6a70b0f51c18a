"""Data from files, for the command line: tables of columns, and matrices.

A `TableFile` (CSV, Parquet) has columns of numbers or of text, a `MatrixFile` (svmlight,
NPZ, Matrix Market) a matrix and perhaps vectors beside it. Target, weights and offset are
taken out of either by name or number; what is left are the features.
"""

import warnings

from ._column_files import read_mtx, read_parquet
from ._csv_file import read_csv
from ._file_kinds import existing_path, kind_of
from ._matrix_file import MatrixFile, read_npz, read_svmlight
from ._table_file import TableFile


def read_data(name, header=None, known=()):
    """Read a file of samples.

    Parameters
    ----------
    name : str
    header, known
        As of `read_csv`.

    Returns
    -------
    TableFile or MatrixFile

    Raises
    ------
    ValueError, OSError, ImportError
        With what is wrong, and where, in the message.
    """
    path = existing_path(name)
    kind = kind_of(path)
    if kind == "csv":
        return TableFile(name, _named(name, read_csv(path, header, known)))
    if kind == "parquet":
        return TableFile(name, _named(name, read_parquet(path)))
    if kind == "svm":
        return read_svmlight(path)
    if kind == "npz":
        return read_npz(path)
    if kind == "mtx":
        return MatrixFile(name, read_mtx(path))
    raise ValueError(
        f"{name} is a single array, not a table of samples with a target; save both with "
        "numpy.savez(file, X=X, y=y), or pass the array as --target."
    )


def _named(name, columns):
    """Columns but those without a name, in which other programs write row names."""
    if "" in columns:
        warnings.warn(
            f"{name} has a column without a name, which is taken for the names of the rows "
            "and left out.", stacklevel=3,
        )
    return {key: column for key, column in columns.items() if key}
