"""Matrices in files, with vectors beside them: svmlight, NPZ and Matrix Market."""

import io
from pathlib import Path

import numpy as np

from ._column_files import read_vector
from ._columns import as_column
from ._csv_file import open_binary
from ._file_kinds import check_unique, column_number, listed, read_or_raise, suggestion
from ._table_file import Features


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
    X, y = read_or_raise(str(path), load_svmlight_file, content, zero_based=True)
    return MatrixFile(str(path), X, {"y": y}, own_target="y", open_ended=True)


def read_npz(path):
    """An archive of arrays with X (and y, ...), or a sparse matrix that SciPy saved."""
    with read_or_raise(path, np.load, path, allow_pickle=False) as archive:
        keys = list(archive)
        if "format" in keys and "shape" in keys:
            from scipy.sparse import load_npz

            X = read_or_raise(path, load_npz, path)
            if hasattr(X, "check_format"):
                read_or_raise(path, X.check_format)
            return MatrixFile(str(path), X)
        arrays = {key: read_or_raise(path, archive.__getitem__, key) for key in keys}
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
        check_unique(names, name)
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
        check_unique(names, "the model")
        lacking = [name for name in names if name not in self.names]
        if lacking:
            raise ValueError(
                f"{self.name} lacks the feature {lacking[0]!r} of the model"
                f"{suggestion(lacking[0], self.names) or '.'}"
            )
        X = self._by_columns()
        return Features(X[:, [self.names.index(name) for name in names]], names)

    def of_width(self, n_features):
        """The features, as many as a model has, and notes on what it lacks.

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
