"""Data from files, for the command line: tables of columns, and matrices.

A `TableFile` (CSV, Parquet) has columns of numbers or of text, a `MatrixFile` (svmlight,
NPZ, Matrix Market) a matrix and perhaps vectors beside it. Of both, target, weights and
offset are taken out by name or number; what is left are the features.
"""

import csv
import gzip
import math
import warnings
from difflib import get_close_matches
from pathlib import Path

import numpy as np

MISSING = {"", "na", "n/a", "nan", "null", "none"}
KINDS = ".csv, .tsv, .parquet, .svm (or .libsvm, .svmlight), .npz, .mtx"


def read_data(name):
    """Read a file of samples.

    Parameters
    ----------
    name : str

    Returns
    -------
    TableFile or MatrixFile

    Raises
    ------
    ValueError, OSError, ImportError
        With what is wrong, and where, in the message.
    """
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"{name}: there is no such file{_close_files(path) or '.'}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = "".join(suffixes[-1:])
    if suffix == ".gz":
        suffix = "".join(suffixes[-2:-1])
    if suffix in (".csv", ".tsv", ".txt"):
        return TableFile(name, without_row_names(name, read_csv(path)))
    if suffix in (".parquet", ".pq"):
        return TableFile(name, read_parquet(path))
    if suffix in (".svm", ".libsvm", ".svmlight"):
        return read_svmlight(path)
    if suffix == ".npz":
        return read_npz(path)
    if suffix == ".mtx":
        from scipy.io import mmread

        return MatrixFile(name, _parsed(name, mmread, path))
    raise ValueError(
        f"{name}: unknown kind of file {suffix or '(no extension)'}; riata reads {KINDS}. "
        "Save it as one of them."
    )


def _parsed(name, function, *arguments, **options):
    """What another package reads, its exceptions named after the file."""
    try:
        return function(*arguments, **options)
    except Exception as error:
        if isinstance(error, MemoryError | ImportError):
            raise
        lines = str(error).strip().splitlines() or [repr(error)]
        raise ValueError(f"{name} cannot be read: {lines[0]}") from error


def _close_files(path):
    folder = path.parent
    names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    return suggestion(path.name, names)


def suggestion(name, names):
    """What else may have been meant, as the end of a sentence."""
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    lower = {each.lower(): each for each in names}
    if name.lower() in lower:
        close = [lower[name.lower()]]
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


# --- Tables.


def open_text(path):
    """Open a text file, also a compressed one, without its byte-order mark."""
    how = {"encoding": "utf-8-sig", "newline": ""}
    return gzip.open(path, "rt", **how) if path.suffix == ".gz" else open(path, **how)


def separator(line, path):
    """The one of comma, semicolon and tab that a line has most of."""
    if ".tsv" in path.suffixes:
        return "\t"
    outside = "".join(line.split('"')[::2])
    return max(",;\t", key=outside.count)


def is_number(text):
    """Whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_csv(path):
    """Columns of a CSV file: from names to arrays of numbers or of str (None: missing).

    A first row that holds nothing but numbers is no header; columns are numbered then.
    """
    try:
        with open_text(path) as source:
            first = source.readline()
            mark = separator(first, path)
            source.seek(0)
            head = next((row for row in csv.reader(source, delimiter=mark) if row), None)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not in UTF-8 ({error.reason}, byte {error.start}); convert it, or "
            "save it again as UTF-8."
        ) from None
    except (OSError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if head is None:
        raise ValueError(f"{path} has no rows.")
    head = [cell.strip() for cell in head]
    bare = all(map(is_number, head))
    names = [str(j) for j in range(len(head))] if bare else head
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{path} has two columns named {twice[0]!r}; rename one of them.")
    try:
        import pandas
    except ImportError:
        return _csv_by_hand(path, mark, names, bare)
    return _csv_by_pandas(pandas, path, mark, names, bare)


def without_row_names(name, columns):
    """Columns but those without a name, in which other programs write row names."""
    if "" in columns:
        warnings.warn(
            f"{name} has a column without a name, which is taken for the names of the rows "
            "and left out.", stacklevel=2,
        )
    return {key: column for key, column in columns.items() if key}


def _csv_by_pandas(pandas, path, mark, names, bare):
    errors = pandas.errors
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", errors.ParserWarning)
            frame = pandas.read_csv(
                path, sep=mark, header=None if bare else 0, skipinitialspace=True,
                index_col=False, encoding="utf-8-sig", low_memory=False,
            )
    except errors.ParserWarning:
        raise ValueError(
            f"{path}: the rows have more cells than the {len(names)} names in the header."
        ) from None
    except (errors.ParserError, errors.EmptyDataError, OSError) as error:
        raise ValueError(f"{path}: {_ragged(str(error))}") from error
    frame.columns = names
    return _columns_of_frame(frame, pandas)


def _ragged(message):
    """The message of pandas, in a few words."""
    message = message.replace("Error tokenizing data. C error: ", "").strip()
    return message.replace("Expected", "expected").replace("fields", "cells") + "."


def _columns_of_frame(frame, pandas):
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if pandas.api.types.is_numeric_dtype(column.dtype):
            columns[str(name)] = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            cells = column.astype(object)
            columns[str(name)] = np.array(
                [None if pandas.isna(cell) else str(cell) for cell in cells], dtype=object
            )
    return columns


def _csv_by_hand(path, mark, names, bare):
    rows = []
    with open_text(path) as source:
        reader = csv.reader(source, delimiter=mark, skipinitialspace=True)
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise ValueError(
                    f"{path}: expected {len(names)} cells in line {reader.line_num}, saw "
                    f"{len(row)}."
                )
            rows.append([cell.strip() for cell in row])
    rows = rows if bare else rows[1:]
    cells = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: _column(part) for name, part in zip(names, cells, strict=True)}


def _column(cells):
    """Numbers if all cells are, else text."""
    values = [None if cell.lower() in MISSING else cell for cell in cells]
    truth = {"true": 1.0, "false": 0.0}
    if values and all(cell is not None and cell.lower() in truth for cell in values):
        return np.array([truth[cell.lower()] for cell in values])
    try:
        return np.array([math.nan if cell is None else float(cell) for cell in values])
    except ValueError:
        return np.array(values, dtype=object)


def read_parquet(path):
    """Columns of a Parquet file, as of `read_csv`."""
    try:
        import pandas

        frame = _parsed(path, pandas.read_parquet, path)
        return _columns_of_frame(frame, pandas)
    except ImportError:  # no pandas, or no engine for it
        pass
    try:
        import polars
    except ImportError:
        raise ImportError(
            f"{path}: reading Parquet needs polars, or pandas and pyarrow; install them "
            "with pip install 'riata[frames]'."
        ) from None
    columns = {}
    for column in _parsed(path, polars.read_parquet, path):
        if column.dtype.is_numeric() or column.dtype == polars.Boolean:
            column = column.cast(polars.Float64).fill_null(math.nan)
            columns[column.name] = column.to_numpy()
        else:
            cells = [None if cell is None else str(cell) for cell in column.to_list()]
            columns[column.name] = np.array(cells, dtype=object)
    return columns


class TableFile:
    """Columns of a file, some of which are taken out before the rest become features.

    Parameters
    ----------
    name : str
    columns : dict
        From names to arrays, of float or of str in object arrays with None for missing.
    """

    def __init__(self, name, columns):
        self.name, self.columns = name, dict(columns)
        self.order = list(columns)
        self.n_samples = len(next(iter(columns.values()), ()))
        if not self.n_samples:
            raise ValueError(f"{name} has a header but no rows.")

    own_target = None

    def find(self, which, what):
        """The name of a column, given its name or number."""
        if which in self.order:
            return which
        if is_number(which) and float(which).is_integer():
            j = int(float(which))
            if -len(self.order) <= j < len(self.order):
                return self.order[j]
            raise ValueError(
                f"{what} {which}: {self.name} has columns 0 to {len(self.order) - 1}."
            )
        raise ValueError(
            f"{what} {which!r}: {self.name} has no such column"
            f"{suggestion(which, self.order) or '; it has ' + listed(self.order) + '.'}"
        )

    def take(self, which, what):
        """Take a column out, or read it from a file of that name."""
        if which not in self.columns and Path(which).is_file():
            return read_vector(which, self.n_samples, what)
        name = self.find(which, what)
        if name not in self.columns:
            raise ValueError(f"{what} {which!r}: that column has another role already.")
        column = self.columns.pop(name)
        self._check_complete(name, column, hint=False)
        return column

    def design(self, one_hot=False):
        """The features as a Fortran-ordered array, and their names."""
        parts = []
        for name, column in self.columns.items():
            self._check_complete(name, column)
            if column.dtype != object:
                parts.append((name, column))
                continue
            self._check_text(name, column, one_hot)
            parts += one_hot_columns(name, column)
        if not parts:
            raise ValueError(f"{self.name} has no columns left to be features.")
        X = np.empty((self.n_samples, len(parts)), order="F")
        for j, (_, column) in enumerate(parts):
            X[:, j] = column
        return X, [name for name, _ in parts]

    def aligned(self, names):
        """The features of a model by their names, and notes on what it does not know.

        Columns of text become those that one-hot encoding made of them.
        """
        notes, X = [], np.zeros((self.n_samples, len(names)), order="F")
        place = {name: j for j, name in enumerate(names)}
        found = set()
        for name, column in self.columns.items():
            if name in place:
                self._check_complete(name, column, hint=False)
                if column.dtype == object:
                    self._check_text(name, column, False)
                X[:, place[name]] = column
                found.add(name)
                continue
            encoded = {each for each in names if each.startswith(f"{name}=")}
            if not encoded:
                continue
            if column.dtype != object:  # categories that look like numbers
                column = np.array([f"{value:g}" for value in column], dtype=object)
            self._check_complete(name, column, hint=False)
            found |= encoded
            for label, part in one_hot_columns(name, column):
                if label in place:
                    X[:, place[label]] = part
                else:
                    notes.append(f"the model does not know {label}; it counts as none")
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError(
                f"{self.name} lacks the column {missing[0]!r} of the model"
                f"{suggestion(missing[0], self.order) or '.'}"
                + (f" ({len(missing)} are missing.)" if len(missing) > 1 else "")
            )
        return X, notes

    def _check_complete(self, name, column, hint=True):
        if column.dtype == object:
            bad = np.array([cell is None for cell in column])
        else:
            bad = ~np.isfinite(column)
        if not bad.any():
            return
        row = int(np.argmax(bad))
        value = column[row]
        found = "no value" if value is None or np.isnan(value) else f"{value}"
        raise ValueError(
            f"{self.name}: {found} in row {row + 1}, column {name!r} ({bad.sum()} of "
            f"{len(bad)} in that column). Fill or leave out such rows"
            + (f", or leave out the column (--drop {name})." if hint else ".")
        )

    def _check_text(self, name, column, one_hot):
        """Raise if a column of text is one of numbers with errors in it, or if it is not
        to be encoded."""
        numeric = np.array([is_number(cell) for cell in column])
        if numeric.mean() >= 0.5:
            row = int(np.argmin(numeric))
            raise ValueError(
                f"{self.name}: {column[row]!r} in row {row + 1}, column {name!r} is no "
                "number."
            )
        if one_hot:
            return
        labels = list(dict.fromkeys(column.tolist()))
        raise ValueError(
            f"{self.name}: column {name!r} holds text ({listed(labels, 3)}). Encode it as "
            f"numbers, pass --one-hot, or leave it out (--drop {name})."
        )


def one_hot_columns(name, column):
    """A column of zeros and ones for each label, named ``name=label``."""
    labels, codes = np.unique(column.astype(str), return_inverse=True)
    return [
        (f"{name}={label}", (codes == k).astype(float)) for k, label in enumerate(labels)
    ]


def listed(names, most=8):
    """Names in a sentence."""
    more = ", ..." if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more


def read_vector(name, n_samples, what):
    """One value for each sample from a file: .npy, or text with one a line."""
    path = Path(name)
    if path.suffix == ".npy":
        values = _parsed(name, np.load, path, allow_pickle=False).ravel()
        values = values if values.dtype.kind not in "biuf" else values.astype(float)
    else:
        columns = read_csv(path)
        if len(columns) != 1:
            raise ValueError(f"{what} {name}: that file has {len(columns)} columns.")
        (values,) = columns.values()
    if len(values) != n_samples:
        raise ValueError(
            f"{what} {name}: {len(values)} values for {n_samples} samples in the data."
        )
    return values


# --- Matrices.


def read_svmlight(path):
    """A file in svmlight's format, which holds the target as well.

    A feature has the number that it has in the file. (Most files count from 1, and have
    an empty column 0 then. To guess where a file begins is to guess wrong for one that
    happens not to use its first feature.)
    """
    from sklearn.datasets import load_svmlight_file

    X, y = _parsed(str(path), load_svmlight_file, str(path), zero_based=True)
    return MatrixFile(str(path), X, {"y": y}, own_target="y")


def read_npz(path):
    """An archive of arrays with X (and y, ...), or a sparse matrix that SciPy saved."""
    with _parsed(path, np.load, path, allow_pickle=False) as archive:
        keys = list(archive)
        if "format" in keys and "shape" in keys:
            from scipy.sparse import load_npz

            return MatrixFile(str(path), _parsed(path, load_npz, path))
        arrays = {key: _parsed(path, archive.__getitem__, key) for key in keys}
    if "X" not in arrays:
        raise ValueError(
            f"{path} has no array 'X' with the features; it has {listed(keys)}. Save it "
            "with numpy.savez(file, X=X, y=y)."
        )
    X, names = arrays.pop("X"), arrays.pop("feature_names", None)
    if X.ndim != 2:
        raise ValueError(f"{path}: X has shape {X.shape}, which is no table.")
    names = None if names is None else [str(name) for name in names]
    own = "y" if "y" in arrays else None
    return MatrixFile(str(path), X, arrays, own_target=own, names=names)


class MatrixFile:
    """A matrix, and vectors beside it; columns may be taken out of it.

    Parameters
    ----------
    name : str
    X : ndarray or sparse matrix (n_samples, n_features)
    vectors : dict, optional
    own_target : str, optional
        Which of them is the target if no other is named.
    names : list of str, optional
        Of the features.
    """

    def __init__(self, name, X, vectors=None, own_target=None, names=None):
        self.name, self.vectors, self.own_target = name, dict(vectors or {}), own_target
        self.X = X if isinstance(X, np.ndarray) else X.tocsc()
        self.n_samples = self.X.shape[0]
        self.names, self.taken = names, []
        if names is not None and len(names) != X.shape[1]:
            raise ValueError(
                f"{name}: feature_names has {len(names)} names for {X.shape[1]} features."
            )

    def find(self, which, what):
        """The number of a column of the matrix, given its name or number."""
        if self.names is not None and which in self.names:
            return self.names.index(which)
        p = self.X.shape[1]
        if is_number(which) and float(which).is_integer():
            if -p <= int(float(which)) < p:
                return int(float(which)) % p
            raise ValueError(f"{what} {which}: {self.name} has columns 0 to {p - 1}.")
        known = [*self.vectors, *(self.names or ())]
        hint = suggestion(which, known)
        raise ValueError(
            f"{what} {which!r}: {self.name} has nothing of that name"
            f"{hint or '; give the number of a column, or a file with one value a line.'}"
        )

    def take(self, which, what):
        """Take a vector or a column out, or read it from a file of that name."""
        if which in self.vectors:
            values = np.asarray(self.vectors.pop(which)).ravel()
            if len(values) != self.n_samples:
                raise ValueError(
                    f"{self.name}: {which!r} has {len(values)} values for "
                    f"{self.n_samples} samples."
                )
            return values.astype(float) if values.dtype.kind in "biu" else values
        if Path(which).is_file():
            return read_vector(which, self.n_samples, what)
        j = self.find(which, what)
        self.taken.append(j)
        column = self.X[:, [j]]
        column = column.toarray() if hasattr(column, "toarray") else column
        return column.ravel().astype(float)

    def design(self, one_hot=False):
        """The features, and their names if there are any."""
        keep = np.setdiff1d(np.arange(self.X.shape[1]), self.taken)
        X = self.X if not self.taken else self.X[:, keep]
        names = None if self.names is None else [self.names[j] for j in keep]
        return X, names

    def aligned(self, names):
        """The features of a model: by their order, or by names where both have some."""
        if names is None or self.names is None:
            return self.design()[0], []
        lacking = [name for name in names if name not in self.names]
        if lacking:
            raise ValueError(
                f"{self.name} lacks the feature {lacking[0]!r} of the model"
                f"{suggestion(lacking[0], self.names) or '.'}"
            )
        return self.X[:, [self.names.index(name) for name in names]], []
