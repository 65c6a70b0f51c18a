"""Columns of data files: which cells are numbers, which are missing, what a class is.

The rules hold for each cell on its own, so that what a cell means never depends on other
rows, and for every kind of file.
"""

import math
from decimal import Decimal
from itertools import chain

import numpy as np

# As written by pandas and R; other words ("none", "na") are levels as good as any.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "#NA", "#N/A", "<NA>", "NULL", "null", "None"}
)
NAN = frozenset({"nan", "-nan", "+nan"})  # in any case
TRUTH = {"true": 1.0, "false": 0.0}  # likewise
BLOCK = 4096  # cells in one string
BETWEEN = "\0"  # what separates them there


def is_missing(cell):
    """Whether a cell, without blanks around it, says that there is no value."""
    return cell in MISSING or cell.lower() in NAN


def to_number(cell):
    """The number in a cell: NaN for a missing value, None for text.

    Numbers are written in ASCII, with a decimal point or none, with an exponent or none,
    and without separators of thousands.
    """
    word = cell.strip()
    if is_missing(word):
        return math.nan
    if word.lower() in TRUTH:
        return TRUTH[word.lower()]
    if "_" in word or not word.isascii():  # which Python's float accepts
        return None
    try:
        return float(word)
    except ValueError:
        return None


def is_number(cell):
    """Whether a cell holds a number (not: a missing value)."""
    value = to_number(cell)
    return value is not None and not math.isnan(value)


class TextColumn:
    """Cells as they are written in a file, interpreted only when they are used.

    Parameters
    ----------
    blocks : list of str
        The cells, `BLOCK` at a time, joined by `BETWEEN`.
    declared : bool
        Whether the file says that these are text, as Parquet does and CSV cannot.
    """

    def __init__(self, blocks, declared=False):
        self.blocks, self.declared = blocks, declared

    @classmethod
    def of_cells(cls, cells, declared=False):
        """A column of a list of str."""
        return cls(
            [BETWEEN.join(cells[k : k + BLOCK]) for k in range(0, len(cells), BLOCK)],
            declared,
        )

    def cells(self):
        """Iterate over the cells."""
        return chain.from_iterable(block.split(BETWEEN) for block in self.blocks)

    def numbers(self):
        """The numbers as an array of float, NaN where a value is missing; None if there
        is a cell of text."""
        parts = []
        for block in self.blocks:
            part = _block_of_numbers(block)
            if part is None:
                return None
            parts.append(part)
        return np.concatenate(parts) if parts else np.empty(0)

    def labels(self):
        """The cells as an object array of str, None where a value is missing."""
        cells = (cell.strip() for cell in self.cells())
        return np.array(
            [None if is_missing(cell) else cell for cell in cells], dtype=object
        )


def _block_of_numbers(block):
    cells = block.split(BETWEEN)
    if block.isascii() and "_" not in block:
        try:
            return np.fromiter(map(float, cells), float, len(cells))
        except ValueError:
            pass
    values = [to_number(cell) for cell in cells]
    return None if None in values else np.array(values)


class NumberColumn:
    """Numbers of a file that has types.

    Parameters
    ----------
    values : ndarray of bool, integers or floats
    missing : ndarray of bool, optional
        Where there is no value, beside those that are NaN.
    """

    declared = False

    def __init__(self, values, missing=None):
        self.values, self.missing = values, missing

    def numbers(self):
        """As of `TextColumn`."""
        values = self.values.astype(float)
        if self.missing is not None:
            values[self.missing] = math.nan
        return values

    def labels(self):
        """As of `TextColumn`; 36.0 is the label "36"."""
        labels = np.array([_label(value) for value in self.values.tolist()], dtype=object)
        if self.missing is not None:
            labels[self.missing] = None
        return labels

    def cells(self):
        """Iterate over the cells."""
        return iter("" if label is None else label for label in self.labels())


class OtherColumn:
    """What is neither a number nor text; it may be left out, but not be used.

    Parameters
    ----------
    kind : str
        What the file calls it.
    """

    declared = True

    def __init__(self, kind):
        self.kind = kind

    def _refuse(self):
        raise ValueError(
            f"holds values of type {self.kind}, which are neither numbers nor text; "
            "convert them, or leave the column out (--drop)."
        )

    numbers = labels = cells = _refuse


def _label(value):
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def as_column(values):
    """The column of an array.

    Parameters
    ----------
    values : TextColumn, NumberColumn or ndarray
        Numbers, or str (in object arrays None for a missing value).
    """
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind in "biuf":
        return NumberColumn(values)
    if values.dtype.kind in "UO":
        cells = ["" if cell is None else str(cell) for cell in values.tolist()]
        return TextColumn.of_cells(cells, declared=values.dtype.kind == "U")
    return OtherColumn(str(values.dtype))


# --- Classes.


def class_labels(column):
    """The classes that the cells of a column name.

    Whole numbers are integers, to the last digit; words, and numbers with leading zeros,
    stay text; a column of true and false holds truth values.

    Parameters
    ----------
    column : TextColumn or NumberColumn

    Returns
    -------
    ndarray of int64, uint64, bool or str

    Raises
    ------
    ValueError
        If a value is missing, or all are numbers and one of them is not whole, not finite,
        or a floating-point number too large to be distinguished from the next.
    """
    cells = column.labels()
    missing = [cell is None for cell in cells]
    if any(missing):
        raise ValueError(f"has no value in row {missing.index(True) + 1}.")
    if isinstance(column, NumberColumn):
        values = column.values
        if values.dtype.kind != "f":
            return values if values.dtype.kind in "bu" else values.astype(np.int64)
        large = values[np.isfinite(values) & (np.abs(values) >= 2.0**53)]
        if len(large):
            raise ValueError(
                f"holds {large[0]:.17g} as a floating-point number, where "
                "whole numbers of that size are rounded; store them as integers or text."
            )
    cells = cells.astype(str)
    if column.declared or any(to_number(cell) is None for cell in set(cells)):
        return cells
    found, place = np.unique(cells, return_inverse=True)
    if all(cell.lower() in TRUTH for cell in found):
        return np.array([cell.lower() == "true" for cell in found])[place]
    values = [_whole(cell) for cell in found.tolist()]
    if any(cell.lstrip("+-")[:1] == "0" and cell.lstrip("+-")[1:2].isdigit()
           for cell in found):
        return cells  # 007 is another label than 7
    return _integers(values)[place]


def _whole(cell):
    """The whole number in a cell, exactly."""
    number = to_number(cell)
    if math.isfinite(number):
        if cell.lower() in TRUTH:
            return int(number)
        exact = Decimal(cell)
        if exact == exact.to_integral_value():
            return int(exact)
    raise ValueError(f"holds {cell}, which is no class; choose a loss for numbers.")


def _integers(values):
    low, high = min(values), max(values)
    if low >= -(2**63) and high < 2**63:
        return np.array(values, dtype=np.int64)
    if low >= 0 and high < 2**64:
        return np.array(values, dtype=np.uint64)
    return np.array([str(value) for value in values])
