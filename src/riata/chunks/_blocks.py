"""Blocks of a matrix that is not in memory: where each stands, and how it is had."""

import os
import tempfile
import weakref
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import numpy as np

from .._core.design import NonFinite
from .._validation import DesignArrays, check_design


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
            If it cannot be read, or is not what it was said to be.
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
        None where they do not stand in one piece."""
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


def read_into(path, offset, array):
    """Fill a contiguous array from a file."""
    flat = array.reshape(-1, order="A").view(np.uint8)
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        done = 0
        while done < len(flat):
            count = file.readinto(memoryview(flat)[done:])
            if not count:
                raise ValueError(
                    f"{path} is truncated: it ends {len(flat) - done} bytes early"
                )
            done += count
    return array


class RawDense(NamedTuple):
    """Numbers that stand in a file one after the other."""

    path: str
    offset: int
    shape: tuple
    dtype: np.dtype
    order: str  # "C" or "F"

    def load(self, room=None):
        """The array."""
        room = Room() if room is None else room
        return read_into(
            self.path, self.offset, room.array(self.shape, self.dtype, self.order)
        )

    def take(self, cols):
        """Some columns, or None if they do not stand in one piece."""
        if self.order != "F":
            return None
        out = np.empty((self.shape[0], len(cols)), self.dtype, order="F")
        size = self.shape[0] * self.dtype.itemsize
        for k, j in enumerate(cols.tolist()):
            read_into(self.path, self.offset + j * size, out[:, k])
        return out


class RawSparse(NamedTuple):
    """Values, row numbers and offsets of sparse columns, in files of their own."""

    stem: str
    shape: tuple
    dtypes: tuple
    n_stored: int

    def load(self, room=None):
        """The matrix."""
        from scipy.sparse import csc_array

        counts = self.n_stored, self.n_stored, self.shape[1] + 1
        parts = [
            read_into(f"{self.stem}.{k}", 0, np.empty(count, dtype))
            for k, (count, dtype) in enumerate(zip(counts, self.dtypes, strict=True))
        ]
        return csc_array(tuple(parts), shape=self.shape)


class Part(NamedTuple):
    """A part of something that is sliced like an array: one in memory, a file that is
    mapped, a zarr array."""

    array: Any
    rows: tuple
    cols: tuple

    def load(self, room=None):
        """The part, copied."""
        part = self.array[slice(*self.rows), slice(*self.cols)]
        return part if hasattr(part, "tocsc") else np.array(part)


class MappedPart(NamedTuple):
    """A part of an .npy file that does not stand in one piece."""

    path: str
    rows: tuple
    cols: tuple

    def load(self, room=None):
        """The part, copied."""
        mapped = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return np.array(mapped[slice(*self.rows), slice(*self.cols)])


class SparseFile(NamedTuple):
    """What `scipy.sparse.save_npz` has written."""

    path: str

    def load(self, room=None):
        """The matrix, by columns."""
        from scipy.sparse import load_npz

        return load_npz(self.path).tocsc()


class Folder:
    """A private folder for raw blocks, removed with the object or at the end."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="riata-chunks-"))  # of mode 0700
        self.remove = weakref.finalize(self, rmtree, self.path, ignore_errors=True)

    def write(self, number, X):
        """Write an array or a sparse matrix; returns the recipe for it."""
        stem = os.fspath(self.path / f"{number:06d}")
        if not hasattr(X, "tocsc"):
            order = "F" if X.flags.f_contiguous and not X.flags.c_contiguous else "C"
            X.ravel(order=order).tofile(stem)
            return RawDense(stem, 0, X.shape, X.dtype, order)
        X = X.tocsc()
        X.sum_duplicates()
        parts = X.data, X.indices, X.indptr
        for k, part in enumerate(parts):
            part.tofile(f"{stem}.{k}")
        dtypes = tuple(part.dtype for part in parts)
        return RawSparse(stem, X.shape, dtypes, len(X.data))


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
