"""Tables of columns, some of which become the target, weights and offset, and the others
features."""

import re
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._column_files import length_of, read_vector
from ._columns import OtherColumn, as_column, to_number
from ._file_kinds import check_unique, column_number, listed, suggestion

CODE = re.compile(r"\s*0[0-9]", re.ASCII)
FEW_LEVELS = 30  # of a column that holds numbers as well
MOST_LEVELS = 1000  # of a column that was not named as one of categories


class Features(NamedTuple):
    """What a model is fitted to, or predicts for."""

    X: object
    names: list | None
    categories: dict | None = None  # columns that were replaced, with their levels
    notes: tuple = ()  # on levels and features that the model lacks


class Encoding(NamedTuple):
    """Which columns of text become one column of zeros and ones for each level."""

    one_hot: bool = False  # all with text in them
    columns: tuple = ()  # these, whatever they look like
    levels: dict = {}  # noqa: RUF012 - of columns of a model


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
        self.n_samples = 0 if first is None else length_of(first)
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
        check_unique(names, "the model")
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
