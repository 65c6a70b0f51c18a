"""CSV files: separators, headers and cells, by Python's csv module.

There is one reader, which needs no other package, so that a file means the same wherever
it is read.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import warnings
import zlib
from contextlib import contextmanager
from itertools import chain

from ._columns import (
    BETWEEN,
    BLOCK,
    TRUTH,
    TextColumn,
    is_missing,
    is_number,
    to_number,
)

OPENERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
DAMAGE = (OSError, EOFError, csv.Error, lzma.LZMAError, zlib.error)
LONGEST_HEAD = 2**20  # characters, where a quotation mark has no other
WHOLE = re.compile(r"(0|[1-9][0-9]*)", re.ASCII)


def open_binary(path):
    """Open a file for reading, a compressed one (gzip, bzip2, xz) decompressed."""
    with open(path, "rb") as source:
        start = source.read(6)
    for magic, opener in OPENERS:
        if start.startswith(magic):
            return opener(path)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        raise ValueError("zstd is not supported; decompress the file first.")
    return open(path, "rb")


@contextmanager
def text_of(path):
    """A text file, without its byte-order mark; what is wrong with it raises ValueError."""
    try:
        with io.TextIOWrapper(open_binary(path), "utf-8-sig", newline="") as source:
            yield source
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not in UTF-8 ({error.reason}); convert it, or save it again as "
            "UTF-8."
        ) from None
    except DAMAGE as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def read_csv(path, header=None, known=(), warn=True):
    """Columns of a CSV file.

    Parameters
    ----------
    path : pathlib.Path
    header : bool, optional
        Whether the first row holds names; by default that depends on the row
        (`is_header`).
    known : collection of str
        Names of columns that the file should have; a first row with all of them is a
        header.
    warn : bool
        Whether to warn where it is not clear whether the first row is a header.

    Returns
    -------
    dict
        From names (their numbers, if there is no header) to `TextColumn`.

    Raises
    ------
    ValueError
        With what is wrong, and where, in the message.
    """
    with text_of(path) as source:
        first = _first_record(source)
        mark = "\t" if ".tsv" in path.suffixes else separator(first)
        reader = csv.reader(
            chain(first, source), delimiter=mark, skipinitialspace=True, strict=True
        )
        try:
            head = next(_rows(reader), None)
            if head is None:
                raise ValueError(f"{path} has no rows.")
            head = [cell.strip() for cell in head]
            if header is None:
                header = is_header(head, known, path if warn else None)
            names = head if header else [str(j) for j in range(len(head))]
            _check_names(path, names)
            blocks = _blocks(path, reader, len(head), [] if header else [head])
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}.") from error
    return {name: TextColumn(part) for name, part in zip(names, blocks, strict=True)}


def _first_record(source):
    """The lines of the first row that is not blank: a quoted cell may hold line breaks."""
    lines = []
    for line in source:
        lines.append(line if line.strip() else "\n")
        text = "".join(lines)
        if text.strip() and (text.count('"') % 2 == 0 or len(text) > LONGEST_HEAD):
            break
    return lines


def separator(lines):
    """The one of comma, semicolon and tab that the first row has most of outside quotes."""
    outside = "".join("".join(lines).split('"')[::2])
    return max(",;\t", key=outside.count)


def _rows(reader, width=None):
    """Rows that are not blank; in a file of one column, "" is a missing value."""
    return (
        row for row in reader
        if len(row) > 1 or (row and (width == 1 or row[0].strip() != ""))
    )


def _blocks(path, reader, width, rows):
    """For each column its cells, in blocks."""
    blocks = [[] for _ in range(width)]

    def keep():
        for column, cells in zip(blocks, zip(*rows, strict=True), strict=True):
            column.append(BETWEEN.join(cells))
            if column[-1].count(BETWEEN) != len(cells) - 1:
                raise ValueError(f"{path} holds bytes of zero, which are no text.")
        rows.clear()

    for row in _rows(reader, width):
        if len(row) != width:
            raise ValueError(
                f"{path}: expected {width} cells in line {reader.line_num}, saw "
                f"{len(row)}."
            )
        rows.append(row)
        if len(rows) == BLOCK:
            keep()
    if rows:
        keep()
    return blocks


def _check_names(path, names):
    seen = set()
    for name in names:
        if name and name in seen:
            hint = " If these are values, pass --no-header." if is_number(name) else ""
            raise ValueError(
                f"{path} has two columns named {name!r}; rename one of them.{hint}"
            )
        seen.add(name)


def is_header(row, known=(), name=None):
    """Whether the first row of a file holds the names of its columns.

    A row with text is a header, and one with all the names that are known; so is
    0, 1, 2, ... (pandas' names for columns without), also behind an empty cell. Other
    rows of numbers are values. Where either is plausible, there is a warning.

    Parameters
    ----------
    row : list of str
    known : collection of str
    name : str, optional
        Of the file, if there is to be a warning.

    Returns
    -------
    bool
    """
    if known and set(known) <= set(row) and (len(row) > 1 or not is_number(row[0])):
        return True
    counted = row[1:] if row[0] == "" else row
    if counted == [str(j) for j in range(len(counted))] and len(row) > 1:
        if len(row) == 2 and row[0] != "":
            _warn_of_header(name, row, "names")
        return True
    numbers = [cell for cell in row if is_number(cell)]
    if any(to_number(cell) is None for cell in row):
        odd = [cell for cell in numbers
               if not WHOLE.fullmatch(cell) and cell.lower() not in TRUTH]
        if odd:
            _warn_of_header(name, odd, "names")
        return True
    whole = all(WHOLE.fullmatch(cell) for cell in numbers)
    if (whole and len(set(numbers)) == len(row) > 1) or row == ["0"]:
        _warn_of_header(name, row, "values")
    return all(map(is_missing, row))


def _warn_of_header(name, row, role):
    if name is None:
        return
    cells = ", ".join(row[:4]) + (", ..." if len(row) > 4 else "")
    other = "--no-header if it holds values" if role == "names" else (
        "--header if it holds the names of the columns"
    )
    warnings.warn(
        f"the first row of {name}, with {cells}, is taken for {role}; pass {other} "
        f"(--{'' if role == 'names' else 'no-'}header avoids this warning).",
        stacklevel=4,
    )
