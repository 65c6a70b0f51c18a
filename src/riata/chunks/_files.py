"""Files that a matrix is read from: whether they are still what was opened, and reading
them, or memory that maps them, without the risk of a fatal signal."""

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TICK_NS = 20_000_000  # by which two writes must differ to differ in modification time
PANEL_BYTES = 4 * 2**20  # of the lines of a strided part that are read at once
GAP_BYTES = 2**14  # between two lines, up to which reading it costs less than a request
PIPE_BYTES = 2**14  # that a pipe takes without a reader


def changed(path, what):
    """The error for a file that is no longer what was opened."""
    return ValueError(
        f"{path} has changed since it was opened ({what}), so that a fit to it would mix "
        "old and new values. Open it again with riata.open_chunks, and do not write to it "
        "while it is in use."
    )


class SourceFile(NamedTuple):
    """A file as it was when it was opened."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path, wait=True):
        """The present state of a file.

        Parameters
        ----------
        path : path
        wait : bool
            Whether to wait until a later write would change the modification time: file
            systems count it in steps of some milliseconds.
        """
        for _ in range(5):
            found = os.stat(path)
            age = time.time_ns() - found.st_mtime_ns
            if not wait or not 0 <= age < TICK_NS:
                break
            time.sleep((TICK_NS - age) / 1e9)
        return cls(os.fspath(path), *_state(found))

    def check(self, found=None):
        """Raise a `ValueError` if the file has changed.

        Parameters
        ----------
        found : os.stat_result, optional
            That of the file as it was opened to be read; by default that of its path.
        """
        if found is None:
            try:
                found = os.stat(self.path)
            except FileNotFoundError:
                raise changed(self.path, "it no longer exists") from None
        device, inode, size, mtime_ns = _state(found)
        if (device, inode) != (self.device, self.inode):
            raise changed(self.path, "it was replaced by another file")
        if size != self.size:
            raise changed(self.path, f"it has {size} bytes instead of {self.size}")
        if mtime_ns != self.mtime_ns:
            raise changed(self.path, "it was written to")

    @contextmanager
    def reader(self):
        """A function of an offset and of bytes to fill; the file is checked at the end."""
        with open(self.path, "rb", buffering=0) as file:

            def read(offset, flat):
                file.seek(offset)
                done = 0
                while done < len(flat):
                    count = file.readinto(memoryview(flat)[done:])
                    if not count:
                        raise ValueError(
                            f"{self.path} is truncated: it ends {len(flat) - done} bytes "
                            "early"
                        )
                    done += count

            yield read
            self.check(os.fstat(file.fileno()))


def _state(found):
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Sources:
    """All files that a matrix was opened from.

    Parameters
    ----------
    paths : iterable of path
    listing : callable, optional
        Returns the paths as they are now, where files may be added or removed.
    """

    def __init__(self, paths, listing=None):
        self.files = {os.fspath(path): SourceFile.of(path) for path in paths}
        self.listing = listing

    def __getitem__(self, path):
        return self.files[os.fspath(path)]

    def check(self):
        """Raise a `ValueError` if a file has changed, vanished or been added."""
        if self.listing is not None:
            for path in self.listing():
                if os.fspath(path) not in self.files:
                    raise changed(Path(path).parent, f"{Path(path).name} was added")
        for file in self.files.values():
            file.check()


def files_below(folder):
    """Paths of all files of a folder and the folders in it."""
    return [
        os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
    ]


class MappedMemory(NamedTuple):
    """Memory that maps a file which cannot be opened by its path: one that has no name
    any more, or a private map with changes of its own."""

    array: Any  # kept alive
    first: int  # address
    buffer: Any  # all bytes from the first to the last of the array

    @classmethod
    def of(cls, array):
        """The memory of an array."""
        import ctypes

        first, last = np.lib.array_utils.byte_bounds(array)
        return cls(array, first, (ctypes.c_ubyte * (last - first)).from_address(first))

    @contextmanager
    def reader(self):
        """As of `SourceFile`. The system copies, by way of a pipe: where a file has
        become shorter than its map it reports an error; a copy by the process itself
        would end it (SIGBUS)."""
        memory = memoryview(self.buffer)
        if not hasattr(os, "readv"):  # where a file that is mapped cannot be truncated

            def copy(offset, flat):
                flat[:] = memory[offset:offset + len(flat)]

            yield copy
            return
        source, sink = os.pipe()

        def read(offset, flat):
            flat, done = memoryview(flat), 0
            while done < len(flat):
                begin = offset + done
                size = min(PIPE_BYTES, len(flat) - done)
                try:
                    count = os.write(sink, memory[begin:begin + size])
                except OSError as error:
                    raise ValueError(
                        "the file behind this memory map is truncated: it ends at least "
                        f"{len(flat) - done} bytes early"
                    ) from error
                while count:
                    got = os.readv(source, [flat[done:done + count]])
                    done, count = done + got, count - got

        try:
            yield read
        finally:
            os.close(source)
            os.close(sink)


class StridedPart(NamedTuple):
    """A part of an array in a file, whose numbers do not follow one another."""

    source: Any  # `SourceFile` or `MappedMemory`
    offset: int  # of its first number
    shape: tuple
    strides: tuple
    dtype: np.dtype

    def load(self, room=None):
        """The part, copied."""
        outer = int(abs(self.strides[1]) > abs(self.strides[0]))
        out = np.empty(self.shape, self.dtype, order="F" if outer else "C")
        lines = out.T if outer else out
        (count, length), (step, inner) = self._by_line(outer)
        width = (length - 1) * abs(inner) + self.dtype.itemsize
        at_once = 1
        if abs(step) - width <= GAP_BYTES:
            at_once = min(max(PANEL_BYTES // max(abs(step), 1), 1), count)
        buffer = np.empty((at_once - 1) * abs(step) + width, dtype=np.uint8)
        with self.source.reader() as read:
            for first in range(0, count, at_once):
                n = min(at_once, count - first)
                begin = self.offset + first * step
                low = begin + min((n - 1) * step, 0) + min((length - 1) * inner, 0)
                its = buffer[:(n - 1) * abs(step) + width]
                read(low, its)
                lines[first:first + n] = np.ndarray(
                    (n, length), self.dtype, its, begin - low, (step, inner)
                )
        return out

    def _by_line(self, outer):
        """Numbers and strides of the lines and of what is in a line."""
        sizes = (self.shape, self.strides)
        return tuple(size[::-1] if outer else size for size in sizes)


class Mapping(NamedTuple):
    """A file that is mapped into memory."""

    path: str | None  # if it still has a name
    offset: int | None  # of the first number of an array, if the file holds the same


def mapping_of(array):
    """The `Mapping` that an array is in, or None for other memory.

    Linux lists the files that are mapped, under their present names. Elsewhere a
    `numpy.memmap` is taken to be a map of the file that it names.
    """
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    owner = root.base
    while isinstance(owner, memoryview):
        owner = owner.obj
    if owner is None or isinstance(owner, bytes | bytearray):
        return None
    address = array.__array_interface__["data"][0]
    if sys.platform == "linux":
        return _listed_mapping(address)
    import mmap

    if not isinstance(owner, mmap.mmap):
        return None
    name = getattr(root, "filename", None)
    if not isinstance(name, str | Path) or not os.path.isfile(name):
        return Mapping(None, None)
    begin = address - root.__array_interface__["data"][0]
    offset = None if root.mode == "c" else root.offset + begin
    return Mapping(os.fspath(name), offset)


def _listed_mapping(address):
    with open("/proc/self/maps", errors="surrogateescape") as lines:
        for line in lines:
            span, mode, offset, _, inode, *name = line.rstrip("\n").split(maxsplit=5)
            first, last = (int(number, 16) for number in span.split("-"))
            if first <= address < last:
                break
        else:
            return None
    if inode == "0" or not name:
        return None
    path = name[0].replace("\\012", "\n")
    if not os.path.isfile(path):  # removed, or no file at all
        return Mapping(None, None)
    own = mode[1] == "w" and mode[3] == "p"  # what was changed is not in the file
    return Mapping(path, None if own else int(offset, 16) + address - first)
