"""Kinds of data files, how they are recognised, and what messages about them need."""

import re
import zipfile
from difflib import get_close_matches
from pathlib import Path

from ._csv_file import open_binary

KINDS = ".csv, .tsv, .parquet, .svm (or .libsvm, .svmlight), .npz, .mtx"
SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".svm": "svm",
    ".libsvm": "svm", ".svmlight": "svm", ".npz": "npz", ".npy": "npy", ".mtx": "mtx",
}  # fmt: skip
MAGIC = ((b"PAR1", "parquet"), (b"\x93NUMPY", "npy"), (b"%%MatrixMarket", "mtx"))
SVMLIGHT = re.compile(r"[-+0-9.eE]+(\s+qid:\d+)?(\s+\d+:\S+)*\s*(#.*)?", re.ASCII)
PEEK = 2**16  # bytes by which a file without a known extension is recognised


def existing_path(name):
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
    start = read_or_raise(path, _peek, path)
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return kind
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        if all(name.endswith(".npy") for name in read_or_raise(path, _members, path)):
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


def read_or_raise(name, function, *arguments, **options):
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


def check_unique(names, what):
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{what} has two columns named {twice!r}; rename one of them.")


def listed(names, most=8):
    """Names in a sentence."""
    more = ", ..." if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
