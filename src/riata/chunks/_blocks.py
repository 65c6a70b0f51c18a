"""Blocks of a matrix that is not in memory: where each is stored, and how it is read."""

import os
import tempfile
import weakref
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import numpy as np

from .._core.design import NonFinite
from .._validation import DesignArrays, check_design
from ._files import SourceFile, StridedPart


class Block(NamedTuple):
    """A part of the matrix: some rows with all columns, or the other way round."""

    number: int
    name: str  # for messages
    rows: tuple  # first and last
    cols: tuple
    recipe: Any  # its `load` returns an array or a SciPy sparse matrix

    @property
    def shape(self):
        """How many rows and columns it has."""
        return self.rows[1] - self.rows[0], self.cols[1] - self.cols[0]

    def load(self, dtype=None, room=None):
        """Its arrays.

        Parameters
        ----------
        dtype : dtype, optional
            What they have to be of.
        room : Room, optional
            Memory that may be used.

        Returns
        -------
        DesignArrays

        Raises
        ------
        ValueError
            If it cannot be read, or is not what was expected.
        """
        try:
            X = self.recipe.load(room)
        except MemoryError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines() or [repr(error)]
            raise ValueError(f"{self.name} cannot be read: {lines[0]}") from error
        return self.check(X, dtype)

    def take(self, cols, dtype):
        """Some of its columns, as from `take_columns`, without a read of the others;
        None if they are not contiguous."""
        take = getattr(self.recipe, "take", None)
        if take is None:
            return None
        try:
            return take(cols)
        except (ValueError, OSError) as error:
            raise ValueError(f"{self.name} cannot be read: {error}") from error

    def check(self, X, dtype=None):
        """The arrays of a matrix that was loaded for this block."""
        shape = tuple(getattr(X, "shape", ()))
        if shape != self.shape:
            raise ValueError(
                f"{self.name} has shape {shape}, but {self.shape} was expected; all "
                "chunks must fit together."
            )
        if dtype is not None and X.dtype != dtype:
            raise ValueError(
                f"{self.name} has dtype {X.dtype}, but the first chunk has {dtype}; "
                "convert it, all chunks must have the same."
            )
        return check_design(X, self.name, extremes=False)

    def run(self, function, arrays, arguments):
        """What a function makes of its arrays; NaN and infinities are named."""
        try:
            return function(arrays, *arguments)
        except NonFinite as error:
            row, col, value = error.args
            raise ValueError(
                f"{self.name} holds {value} at row {row}, column {col} (row "
                f"{self.rows[0] + row}, column {self.cols[0] + col} of X). Remove or "
                "fill in what is missing."
            ) from None


class Room:
    """Memory that blocks are read into, one after the other."""

    def __init__(self):
        self._bytes = np.empty(0, dtype=np.uint8)

    def array(self, shape, dtype, order):
        """An array in this memory, with any values."""
        dtype = np.dtype(dtype)
        size = int(np.prod(shape)) * dtype.itemsize
        if len(self._bytes) < size:
            self._bytes = np.empty(size, dtype=np.uint8)
        return self._bytes[:size].view(dtype).reshape(shape, order=order)


def bytes_of(array):
    """The bytes of a contiguous array, to be filled."""
    return array.reshape(-1, order="A").view(np.uint8)


class RawDense(NamedTuple):
    """Numbers in a file that follow one another."""

    source: SourceFile
    offset: int
    shape: tuple
    dtype: np.dtype
    order: str  # "C" or "F"

    def load(self, room=None):
        """The array."""
        room = Room() if room is None else room
        array = room.array(self.shape, self.dtype, self.order)
        with self.source.reader() as read:
            read(self.offset, bytes_of(array))
        return array

    def take(self, cols):
        """Some columns, or None if they are not contiguous."""
        if self.order != "F":
            return None
        out = np.empty((self.shape[0], len(cols)), self.dtype, order="F")
        size = self.shape[0] * self.dtype.itemsize
        with self.source.reader() as read:
            for k, j in enumerate(cols.tolist()):
                read(self.offset + j * size, bytes_of(out[:, k]))
        return out


class RawSparse(NamedTuple):
    """Values, row numbers and offsets of sparse columns, in files of their own."""

    sources: tuple  # of `SourceFile`
    shape: tuple
    dtypes: tuple
    n_stored: int

    def load(self, room=None):
        """The matrix."""
        from scipy.sparse import csc_array

        counts, parts = (self.n_stored, self.n_stored, self.shape[1] + 1), []
        for source, count, dtype in zip(self.sources, counts, self.dtypes, strict=True):
            part = np.empty(count, dtype)
            with source.reader() as read:
                read(0, bytes_of(part))
            parts.append(part)
        return csc_array(tuple(parts), shape=self.shape)


class Part(NamedTuple):
    """A part of something that is sliced like an array: one in memory, a zarr array."""

    array: Any
    rows: tuple
    cols: tuple

    def load(self, room=None):
        """The part, copied."""
        part = self.array[slice(*self.rows), slice(*self.cols)]
        return part if hasattr(part, "tocsc") else np.array(part)


def part_of_file(source, offset, strides, dtype, rows, cols):
    """The recipe for some rows and columns of an array in a file.

    Parameters
    ----------
    source : SourceFile or MappedMemory
    offset : int
        Of the first number of the whole array.
    strides : tuple of int
    dtype : dtype
    rows, cols : tuple of int
        First and last.
    """
    offset += rows[0] * strides[0] + cols[0] * strides[1]
    n, p = shape = rows[1] - rows[0], cols[1] - cols[0]
    size = dtype.itemsize
    if isinstance(source, SourceFile):
        if (p == 1 or strides[1] == size) and (n == 1 or strides[0] == p * size):
            return RawDense(source, offset, shape, dtype, "C")
        if (n == 1 or strides[0] == size) and (p == 1 or strides[1] == n * size):
            return RawDense(source, offset, shape, dtype, "F")
    return StridedPart(source, offset, shape, tuple(strides), dtype)


class SparseFile(NamedTuple):
    """What `scipy.sparse.save_npz` has written."""

    source: SourceFile

    def load(self, room=None):
        """The matrix, by columns."""
        from scipy.sparse import load_npz

        with open(self.source.path, "rb") as file:  # which is not closed by all errors
            try:
                return load_npz(file).tocsc()
            finally:  # of a file that has changed, this is the better error
                self.source.check(os.fstat(file.fileno()))


class Folder:
    """A private folder for raw blocks, removed with the object or at the end of the
    process that has made it."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="riata-chunks-"))  # of mode 0700
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())

    def write(self, number, X):
        """Write an array or a sparse matrix; returns the recipe for it."""
        stem = os.fspath(self.path / f"{number:06d}")
        if not hasattr(X, "tocsc"):
            order = "F" if X.flags.f_contiguous and not X.flags.c_contiguous else "C"
            source = _written(stem, X.ravel(order=order))
            return RawDense(source, 0, X.shape, X.dtype, order)
        X = X.tocsc()
        X.sum_duplicates()
        parts = X.data, X.indices, X.indptr
        sources = tuple(
            _written(f"{stem}.{k}", part) for k, part in enumerate(parts)
        )
        return RawSparse(sources, X.shape, tuple(part.dtype for part in parts), X.nnz)


def _written(path, array):
    """Write the bytes of a contiguous array to a new file."""
    try:
        # (ndarray.tofile does not report a disk that is full when it closes the file)
        with open(path, "xb") as file:
            file.write(np.ascontiguousarray(array).view(np.uint8))
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}: the temporary copy of X cannot be written; "
            "it takes as much room as X. Set TMPDIR to a folder on a larger disk, or pass "
            "spool=False", path,
        ) from error
    return SourceFile.of(path, wait=False)


def _remove(path, process):
    """Remove a temporary folder, unless this process was forked from its owner."""
    if process != os.getpid():
        return
    try:
        rmtree(path, ignore_errors=True)
    except BaseException:  # Ctrl-C
        rmtree(path, ignore_errors=True)
        raise


def take_columns(X, cols):
    """Some columns of `DesignArrays`, copied: an array by columns, or values, row
    numbers and offsets."""
    if X.kind != "csc":
        return np.asfortranarray(X.data[:, cols])
    starts = X.indptr[cols]
    counts = X.indptr[cols + 1] - starts
    offsets = np.concatenate([[0], np.cumsum(counts)])
    places = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
    return X.data[places], X.indices[places], offsets


def arrays_of(kind, data, indices=None, indptr=None, n_samples=0):
    """`DesignArrays` of arrays that were made here."""
    if kind == "csc":
        return DesignArrays(kind, n_samples, len(indptr) - 1, data, indices, indptr)
    return DesignArrays(kind, *data.shape, data, None, None)
