"""Tables: a data frame where a package for them is installed, else one that prints."""

import math

import numpy as np

from .. import _validation as check

FRAMES = ("pandas", "polars", "table")
MOST_ROWS = 60  # that a table prints


def frame_of(columns, frame=None):
    """Columns as a data frame.

    Parameters
    ----------
    columns : dict
        From names to sequences of equal length.
    frame : {"pandas", "polars", "table"}, optional
        By default pandas if it is installed, else polars, else a `Table`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or Table

    Raises
    ------
    ImportError
        If the package asked for is not installed.
    """
    if frame is not None:
        check.check_choice(frame, "frame", FRAMES)
    for package in FRAMES[:2] if frame is None else (frame,):
        if package == "table":
            break
        try:
            return _data_frame(package)(columns)
        except ImportError as error:
            if frame is not None:
                raise ImportError(
                    f"frame={frame!r} needs {package}; install it with "
                    f"pip install 'riata[frames]', or pass frame=\"table\"."
                ) from error
    return Table(columns)


def _data_frame(package):
    if package == "pandas":
        from pandas import DataFrame
    else:
        from polars import DataFrame
    return DataFrame


class Table:
    """Columns of equal length that print aligned; a small substitute for a data frame.

    Parameters
    ----------
    columns : dict
        From names to sequences of equal length.

    Examples
    --------
    >>> table = Table({"feature": ["age", "height"], "coef": [0.25, -1.5]})
    >>> table
    feature   coef
    age       0.25
    height    -1.5
    >>> table["coef"]
    array([ 0.25, -1.5 ])
    """

    def __init__(self, columns):
        self._columns = {name: np.asarray(values) for name, values in columns.items()}

    @property
    def columns(self):
        """Names of the columns."""
        return list(self._columns)

    def __getitem__(self, name):
        return self._columns[name]

    def __len__(self):
        return len(next(iter(self._columns.values()), ()))

    def __str__(self):
        return self.text()

    __repr__ = __str__

    def text(self, max_rows=MOST_ROWS):
        """The table as text, of long ones only the first rows."""
        shown = {
            name: [cell(value) for value in values[:max_rows].tolist()]
            for name, values in self._columns.items()
        }
        left = [name for name, v in self._columns.items() if v.dtype.kind not in "biuf"]
        lines = lay_out(shown, left)
        more = len(self) - max_rows
        return lines + (f"\n... and {more} more" if more > 0 else "")


def cell(value):
    """A value as text; nothing for NaN and None."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def lay_out(columns, left=()):
    """Columns of strings, aligned: on the right but for those named.

    Parameters
    ----------
    columns : dict
        From titles to lists of str.
    left : sequence of str

    Returns
    -------
    str
    """
    laid = []
    for name, cells in columns.items():
        width = max(map(len, (name, *cells)))
        align = str.ljust if name in left else str.rjust
        laid.append([align(text, width) for text in (name, *cells)])
    return "\n".join("  ".join(row).rstrip() for row in zip(*laid, strict=True))
