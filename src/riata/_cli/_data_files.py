"""Data from files, for the command line: tables of columns, and matrices.

A `TableFile` (CSV, Parquet) has columns of numbers or of text, a `MatrixFile` (svmlight,
NPZ, Matrix Market) a matrix and perhaps vectors beside it. Of both, target, weights and
offset are taken out by name or number; what is left are the features.
"""

import io
import re
import warnings
import zipfile
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._columns import BETWEEN, NumberColumn, OtherColumn, TextColumn, as_column, to_number
from ._csv_file import open_binary, read_csv
from ._matrix_market import read_matrix_market

KINDS = ".csv, .tsv, .parquet, .svm (or .libsvm, .svmlight), .npz, .mtx"
SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".svm": "svm",
    ".libsvm": "svm", ".svmlight": "svm", ".npz": "npz", ".npy": "npy", ".mtx": "mtx",
}  # fmt: skip
MAGIC = ((b"PAR1", "parquet"), (b"\x93NUMPY", "npy"), (b"%%MatrixMarket", "mtx"))
SVMLIGHT = re.compile(r"[-+0-9.eE]+(\s+qid:\d+)?(\s+\d+:\S+)*\s*(#.*)?", re.ASCII)
CODE = re.compile(r"\s*0[0-9]", re.ASCII)
PEEK = 2**16  # bytes by which a file without a known extension is recognised
FEW_LEVELS = 30  # of a column that holds numbers as well
MOST_LEVELS = 1000  # of a column that was not named as one of categories


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
    path = _existing(name)
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
        return MatrixFile(name, _read_mtx(path))
    raise ValueError(
        f"{name} is a single array, not a table of samples with a target; save both with "
        "numpy.savez(file, X=X, y=y), or pass the array as --target."
    )


def _existing(name):
    path = Path(name)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError(f"{name} is a pipe or a device; save its content in a file first.")
    if not path.is_file():
        raise ValueError(f"{name}: there is no such file{_close_files(path) or '.'}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty.")
    return path


def kind_of(path):
    """What kind of file it is, by its first bytes, its extension or its first lines."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] in ([".gz"], [".bz2"], [".xz"]):
        del suffixes[-1]
    suffix = "".join(suffixes[-1:])
    start = _parsed(path, _peek, path)
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return kind
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        if all(name.endswith(".npy") for name in _parsed(path, _members, path)):
            return "npz"
    kind = _kind_of_text(start, trusted=suffix in ("", ".txt"))
    if kind is None:
        raise ValueError(
            f"{path}: unknown kind of file {suffix or '(no extension)'}; riata reads "
            f"{KINDS}. Save it as one of them."
        )
    return kind


def _peek(path):
    with open_binary(path) as source:
        return source.read(PEEK)


def _members(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _kind_of_text(start, trusted):
    """CSV or svmlight, or None; `trusted` if a single column counts as CSV."""
    try:
        text = start[: start.rfind(b"\n") + 1 or len(start)].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "csv" if trusted and b"\0" not in start else None
    if "\0" in text:
        return None
    if len(start) == PEEK and b"\n" not in start:
        text = text[: text.rfind(" ")]  # of one long line
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")][:20]
    if any(":" in line for line in lines) and all(map(SVMLIGHT.fullmatch, lines)):
        return "svm"
    return "csv" if trusted or any(mark in "".join(lines[:1]) for mark in ",;\t") else None


def _parsed(name, function, *arguments, **options):
    """What another package reads, its exceptions named after the file."""
    try:
        return function(*arguments, **options)
    except Exception as error:
        if isinstance(error, MemoryError | ImportError):
            raise
        lines = str(error).strip().splitlines() or [repr(error)]
        raise ValueError(f"{name} cannot be read: {lines[0]:.300}") from error


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


def column_number(text):
    """The number of a column that an argument of the command line gives, or None."""
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else None


# --- Tables.


def _named(name, columns):
    """Columns but those without a name, in which other programs write row names."""
    if "" in columns:
        warnings.warn(
            f"{name} has a column without a name, which is taken for the names of the rows "
            "and left out.", stacklevel=3,
        )
    return {key: column for key, column in columns.items() if key}


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

    table = _parsed(path, lambda: pyarrow.parquet.ParquetFile(path).read())
    names, index = table.column_names, index_columns(table.schema)
    _check_unique(names, path)
    return {
        name: _parsed(path, _arrow_column, table.column(name))
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


class Features(NamedTuple):
    """What a model is fitted to, or predicts for."""

    X: object
    names: list | None
    categories: dict | None = None  # columns that were replaced, with their levels
    notes: tuple = ()  # on what the model does not know


class Encoding(NamedTuple):
    """Which columns of text become one column of zeros and ones for each level."""

    one_hot: bool = False  # all with text in them
    columns: tuple = ()  # these, whatever they look like
    levels: dict = {}  # noqa: RUF012 - of columns that a model knows


class TableFile:
    """Columns of a file, some of which are taken out before the rest become features.

    Parameters
    ----------
    name : str
    columns : dict
        From names to what `as_column` takes.
    """

    def __init__(self, name, columns):
        self.name = name
        self.columns = {key: as_column(column) for key, column in columns.items()}
        self.order = list(columns)
        first = next(iter(columns.values()), None)
        self.n_samples = 0 if first is None else _length(first)
        if not self.n_samples:
            raise ValueError(f"{name} has a header but no rows.")

    own_target = None

    def find(self, which, what):
        """The name of a column, given its name or number."""
        if which in self.order:
            return which
        j = column_number(which)
        if j is not None:
            if -len(self.order) <= j < len(self.order):
                return self.order[j]
            raise ValueError(
                f"{what} {which}: {self.name} has columns 0 to {len(self.order) - 1}."
            )
        raise ValueError(
            f"{what} {which!r}: {self.name} has no such column"
            f"{suggestion(which, self.order) or '; it has ' + listed(self.order) + '.'}"
        )

    def drop(self, which, what):
        """Leave out a column, whatever it holds."""
        self.columns.pop(self.find(which, what), None)

    def take(self, which, what):
        """Take a column out, or read it from a file of that name."""
        if which not in self.columns and Path(which).is_file():
            return read_vector(which, self.n_samples, what)
        name = self.find(which, what)
        if name not in self.columns:
            raise ValueError(f"{what} {which!r}: that column has another role already.")
        column = self.columns.pop(name)
        if column.declared or self._numbers(name, column, hint=False) is None:
            self._labels(name, column, hint=False)
        return column

    def design(self, encoding=None):
        """The features as a Fortran-ordered array, and their names.

        Parameters
        ----------
        encoding : Encoding, optional

        Returns
        -------
        Features
        """
        encoding, parts, origin = encoding or Encoding(), [], {}
        categories, notes = {}, []
        for name, column in self.columns.items():
            numbers = self._feature(name, column, encoding)
            found = {name: numbers}
            if numbers is None:
                labels = self._labels(name, column)
                levels = encoding.levels.get(name) or self._levels(name, labels, encoding)
                found, strange = indicators(name, labels, levels)
                categories[name] = levels
                notes += strange
            for each in found:
                if each in origin:
                    raise ValueError(
                        f"{self.name}: columns {origin[each]!r} and {name!r} both give a "
                        f"feature named {each!r}; rename one of them."
                    )
                origin[each] = name
            parts += found.values()
        if not parts:
            raise ValueError(f"{self.name} has no columns left to be features.")
        X = np.empty((self.n_samples, len(parts)), order="F")
        for j, column in enumerate(parts):
            X[:, j] = column
        return Features(X, list(origin), categories, tuple(notes))

    def aligned(self, names, levels):
        """The features of a model by their names.

        Parameters
        ----------
        names : list of str
        levels : dict
            Columns that one-hot encoding replaced, with their levels.

        Returns
        -------
        Features
        """
        _check_unique(names, "the model")
        notes, X = [], np.zeros((self.n_samples, len(names)), order="F")
        place = {name: j for j, name in enumerate(names)}
        found = set()
        for name, column in self.columns.items():
            if name in levels:
                labels = self._labels(name, column, hint=False)
                parts, strange = indicators(name, labels, levels[name])
                notes += strange
            elif name in place:
                parts = {name: self._numbers(name, column, hint=False)}
                if parts[name] is None:
                    self._raise_text(name, column, encodable=False)
            else:
                continue
            found |= parts.keys()
            for each, values in parts.items():
                X[:, place[each]] = values
        missing = [name for name in names if name not in found]
        if missing:
            column = next(
                (key for key in levels if missing[0].startswith(f"{key}=")), missing[0]
            )
            raise ValueError(
                f"{self.name} lacks the column {column!r} of the model"
                f"{suggestion(column, self.order) or '.'}"
                + (f" ({len(missing)} features are missing.)" if len(missing) > 1 else "")
            )
        return Features(X, names, levels, tuple(notes))

    # --- Cells.

    def _numbers(self, name, column, hint=True):
        """Finite numbers, or None if there is text among them."""
        numbers = self._used(name, column.numbers)
        if numbers is not None:
            self._check_complete(name, ~np.isfinite(numbers), numbers, hint)
        return numbers

    def _labels(self, name, column, hint=True):
        labels = self._used(name, column.labels)
        self._check_complete(name, labels == None, labels, hint)  # noqa: E711
        return labels

    def _used(self, name, method):
        try:
            return method()
        except ValueError as error:
            raise ValueError(f"{self.name}: column {name!r} {error}") from None

    def _check_complete(self, name, bad, values, hint):
        if not bad.any():
            return
        row = int(np.argmax(bad))
        value = values[row]
        found = "no value" if value is None or np.isnan(value) else f"{value}"
        raise ValueError(
            f"{self.name}: {found} in row {row + 1}, column {name!r} ({bad.sum()} of "
            f"{len(bad)} in that column). Fill or leave out such rows"
            + (f", or leave out the column (--drop {name})." if hint else ".")
        )

    def _feature(self, name, column, encoding):
        """The numbers of a column, or None if it is to be encoded."""
        if name in encoding.levels or name in encoding.columns:
            return None
        if not column.declared:
            numbers = self._numbers(name, column)
            if numbers is not None:
                if encoding.one_hot:
                    self._warn_of_zeros(name, column)
                return numbers
        elif isinstance(column, OtherColumn):
            self._used(name, column.numbers)
        if not encoding.one_hot:
            self._raise_text(name, column)
        if not column.declared:
            self._check_mixed(name, column)
        return None

    def _levels(self, name, labels, encoding):
        levels = np.unique(labels.astype(str)).tolist()
        if len(levels) > MOST_LEVELS and name not in encoding.columns:
            raise ValueError(
                f"{self.name}: column {name!r} holds {len(levels)} different texts. Leave "
                f"it out (--drop {name}), or pass --categorical {name} for as many columns."
            )
        return levels

    def _warn_of_zeros(self, name, column):
        """Warn of numbers that look like codes."""
        code = next((cell.strip() for cell in column.cells() if CODE.match(cell)), None)
        if code is not None:
            warnings.warn(
                f"{self.name}: column {name!r} is read as numbers, {code!r} as "
                f"{to_number(code):g}; if it holds codes, pass --categorical {name}.",
                stacklevel=2,
            )

    def _check_mixed(self, name, column):
        """Distinguish categories, of which some look like numbers (36, 38, XL), from
        numbers with a mistake among them (36.2, 4o.1, 38.7), which have many values."""
        cells = list(map(str.strip, column.cells()))
        texts = [cell for cell in cells if to_number(cell) is None]
        if len(texts) >= len(cells) / 2:
            return
        n_levels = len(set(cells))
        if n_levels > FEW_LEVELS or n_levels > len(cells) / 2:
            self._raise_text(name, column)
        once = next((cell for cell in dict.fromkeys(texts) if texts.count(cell) == 1), None)
        if once is not None:
            warnings.warn(
                f"{self.name}: column {name!r} is encoded as {n_levels} categories because "
                f"of {once!r} in row {cells.index(once) + 1}, which occurs once; if it "
                "ought to be a number, correct it.", stacklevel=2,
            )

    def _raise_text(self, name, column, encodable=True):
        """Raise for text where numbers are needed."""
        cells = list(map(str.strip, column.cells()))
        text = np.array([to_number(cell) is None for cell in cells])
        ways = f"pass --categorical {name}" if encodable else "correct it"
        if text.any() and text.mean() <= 0.5:
            row = int(np.argmax(text))
            raise ValueError(
                f"{self.name}: {cells[row]!r} in row {row + 1}, column {name!r} is no "
                "number." + (f" If the column holds categories, {ways}." * encodable)
            )
        levels = listed(list(dict.fromkeys(cells)), 3)
        raise ValueError(
            f"{self.name}: column {name!r} holds text ({levels}). " + (
                f"Encode it as numbers, pass --one-hot, or leave it out (--drop {name})."
                if encodable else "The model was fitted to numbers in that column."
            )
        )


def _length(column):
    if isinstance(column, TextColumn):
        return sum(block.count(BETWEEN) + 1 for block in column.blocks)
    return len(column) if isinstance(column, np.ndarray) else len(column.values)


def indicators(name, labels, levels):
    """A column of zeros and ones for each level, and notes on other labels.

    Parameters
    ----------
    name : str
        Of the column; those that take its place are called ``name=level``.
    labels : ndarray of str (n_samples,)
    levels : list of str
    """
    strange = sorted(set(labels) - set(levels))
    return (
        {f"{name}={level}": (labels == level).astype(float) for level in levels},
        [f"the model does not know {name}={each}; it counts as none" for each in strange],
    )


def _check_unique(names, what):
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{what} has two columns named {twice!r}; rename one of them.")


def listed(names, most=8):
    """Names in a sentence."""
    more = ", ..." if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more


def read_vector(name, n_samples, what):
    """A column with one value for each sample, from a file of its own.

    There is a header if there is one row more than samples, and the first is text or, as
    pandas calls a column without a name, 0.
    """
    path = _existing(name)
    kind = kind_of(path)
    if kind == "npy":
        values = as_column(_parsed(path, _read_npy, path).ravel())
    elif kind == "mtx":
        values = as_column(_vector_of(path, _read_mtx(path), n_samples, what))
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
    found = _length(values)
    if found != n_samples:
        raise ValueError(
            f"{what} {name}: {found} values for {n_samples} samples in the data."
        )
    bad = [label is None for label in values.labels()]
    if any(bad):
        raise ValueError(f"{what} {name}: no value in row {bad.index(True) + 1}.")
    return values


def _read_npy(path):
    with open_binary(path) as source:
        return np.load(source, allow_pickle=False)


def _vector_of(path, matrix, n_samples, what):
    if 1 not in matrix.shape or max(matrix.shape) != n_samples:
        raise ValueError(
            f"{what} {path}: a matrix of shape {matrix.shape} for {n_samples} samples."
        )
    return np.ravel(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


# --- Matrices.


def _read_mtx(path):
    with open_binary(path) as source:
        return _parsed(path, read_matrix_market, source)


def read_svmlight(path):
    """A file in svmlight's format, which holds the target as well.

    A feature has the number that it has in the file. (Most files count from 1, and have
    an empty column 0 then. To guess where a file begins is to guess wrong for one that
    happens not to use its first feature.)
    """
    from sklearn.datasets import load_svmlight_file

    with open_binary(path) as source:
        content = source.read()
    for number, line in enumerate(io.BytesIO(content) if b"_" in content else (), 1):
        if b"_" in line.partition(b"#")[0]:  # which Python's float accepts
            raise ValueError(f"{path} cannot be read: line {number} holds an underscore.")
    content = io.BytesIO(content)
    X, y = _parsed(str(path), load_svmlight_file, content, zero_based=True)
    return MatrixFile(str(path), X, {"y": y}, own_target="y", open_ended=True)


def read_npz(path):
    """An archive of arrays with X (and y, ...), or a sparse matrix that SciPy saved."""
    with _parsed(path, np.load, path, allow_pickle=False) as archive:
        keys = list(archive)
        if "format" in keys and "shape" in keys:
            from scipy.sparse import load_npz

            X = _parsed(path, load_npz, path)
            if hasattr(X, "check_format"):
                _parsed(path, X.check_format)
            return MatrixFile(str(path), X)
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
    open_ended : bool
        Whether the file does not say how many features there are, so that those at the
        end may be absent.
    """

    def __init__(
        self, name, X, vectors=None, own_target=None, names=None, open_ended=False
    ):
        self.name, self.vectors, self.own_target = name, dict(vectors or {}), own_target
        self.X, self.open_ended = X, open_ended
        self.n_samples = self.X.shape[0]
        self.names, self.taken = names, []
        if not self.n_samples:
            raise ValueError(f"{name} has no samples.")
        if names is None:
            return
        _check_unique(names, name)
        if len(names) != X.shape[1]:
            raise ValueError(
                f"{name}: feature_names has {len(names)} names for {X.shape[1]} features."
            )

    def find(self, which, what):
        """The number of a column of the matrix, given its name or number."""
        if self.names is not None and which in self.names:
            return self.names.index(which)
        p, j = self.X.shape[1], column_number(which)
        if j is not None:
            if -p <= j < p:
                return j % p
            raise ValueError(f"{what} {which}: {self.name} has columns 0 to {p - 1}.")
        known = [*self.vectors, *(self.names or ())]
        hint = suggestion(which, known)
        raise ValueError(
            f"{what} {which!r}: {self.name} has nothing of that name"
            f"{hint or '; give the number of a column, or a file with one value a line.'}"
        )

    def drop(self, which, what):
        """Leave out a column."""
        self.taken.append(self.find(which, what))

    def take(self, which, what):
        """Take a vector or a column out, or read it from a file of that name."""
        if which in self.vectors:
            values = np.asarray(self.vectors.pop(which)).ravel()
            if len(values) != self.n_samples:
                raise ValueError(
                    f"{self.name}: {which!r} has {len(values)} values for "
                    f"{self.n_samples} samples."
                )
            return as_column(values)
        if Path(which).is_file():
            return read_vector(which, self.n_samples, what)
        j = self.find(which, what)
        self.taken.append(j)
        column = self._by_columns()[:, [j]]
        column = column.toarray() if hasattr(column, "toarray") else column
        return as_column(column.ravel().astype(float))

    def _by_columns(self):
        if not isinstance(self.X, np.ndarray):
            self.X = self.X.tocsc()
        return self.X

    def design(self, encoding=None):
        """The features, and their names if there are any.

        Parameters
        ----------
        encoding : Encoding, optional
            Which must name no columns: there is no text here.

        Returns
        -------
        Features
        """
        if encoding is not None and encoding.columns:
            raise ValueError(
                f"--categorical {encoding.columns[0]}: {self.name} holds a matrix of "
                "numbers, without columns of categories."
            )
        self._by_columns()
        return self._left()

    def _left(self):
        """What has not been taken out."""
        if not self.taken:
            return Features(self.X, self.names)
        X, names = self._by_columns(), self.names
        keep = np.setdiff1d(np.arange(X.shape[1]), self.taken)
        return Features(X[:, keep], None if names is None else [names[j] for j in keep])

    def aligned(self, names, levels):
        """The features of a model by their names, where both have some."""
        if names is None or self.names is None:
            return self._left()
        _check_unique(names, "the model")
        lacking = [name for name in names if name not in self.names]
        if lacking:
            raise ValueError(
                f"{self.name} lacks the feature {lacking[0]!r} of the model"
                f"{suggestion(lacking[0], self.names) or '.'}"
            )
        X = self._by_columns()
        return Features(X[:, [self.names.index(name) for name in names]], names)

    def of_width(self, n_features):
        """The features, as many as a model has, and notes on what it does not know.

        A file that does not say how many there are may lack some at the end, which are
        zeros then, or have some that were absent when the model was fitted.
        """
        X = self._left().X
        width = X.shape[1]
        if not self.open_ended or width == n_features:
            return Features(X, None)
        X = X.tocsr()
        if width < n_features:
            X = X.copy()
            X.resize((X.shape[0], n_features))
            return Features(X, None)
        return Features(X[:, :n_features], None, notes=(
            f"{self.name} has {width} features, of which the model does not know those "
            f"from {n_features} on; they are ignored",
        ))
