"""open_chunks: matrices in files, block by block."""

import os
import re
from pathlib import Path

import numpy as np

from .._validation import check_bool, check_integer
from ._blocks import Block, Part, SparseFile, part_of_file
from ._chunks import MEMORY_LIMIT, Chunks, block_bytes, spooled
from ._files import MappedMemory, Sources, files_below, mapping_of

FLOATS = np.dtype(np.float32), np.dtype(np.float64)


def open_chunks(
    source, *, axis=None, target=None, memory_limit=MEMORY_LIMIT, spool="auto",
    progress=None,
):
    """Open a matrix that is larger than memory, to be read block by block.

    Parameters
    ----------
    source : path, list of paths, numpy.memmap, zarr.Array, array or sparse matrix
        An ``.npy`` file; ``.npz`` files as `scipy.sparse.save_npz` writes them; a zarr
        array (``.zarr``); Parquet files of numeric columns; a folder of one of these
        kinds, in the order of their names (numbers in them count as numbers); a list of
        paths, in its order. Blocks of several files are stacked vertically or horizontally.
    axis : {0, 1}, optional
        0 for blocks of rows, 1 for blocks of columns: how files are put together, and
        how a large one is cut. By default 1 for ``.npy`` files in Fortran order and 0
        for everything else. Blocks of columns are for wide data: those whose columns
        are all proven inactive are not read.
    target : str, optional
        Of Parquet: the column that becomes `target` of the result.
    memory_limit : int, default=2**30
        Bytes for the blocks that are in memory at a time, for the columns that the
        solver works on with their products, and for samples of rows. Vectors of one
        number a row or column, for each alpha of a batch, come on top.
    spool : {"auto", True, False}
        Whether the data are first written to a private temporary folder as raw numbers,
        from where they are read much faster; it is removed when the object is closed, or
        no longer used. "auto" does so for Parquet, sparse files and compressed zarr.
    progress : callable, optional
        Called after each block with ``block``, ``n_blocks`` and ``reads``.

    Returns
    -------
    Chunks

    Raises
    ------
    OSError
        If there is no room for temporary files.
    ValueError
        If a file cannot be read, or does not fit the others; it names the file. Later,
        when X is read or a fit ends: if a file has changed since it was opened.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import riata
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((300, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for k in range(3):
    ...         np.save(Path(folder) / f"part{k}.npy", A[100 * k:100 * k + 100])
    ...     with riata.open_chunks(folder) as X:
    ...         path = riata.fit_path(X, A @ [1.0, 0.0, -2.0, 0.0])
    ...         print(X, X.reads)
    <Chunks: 300 x 4 float64, 3 blocks of rows> 1.0
    """
    memory_limit = check_integer(memory_limit, "memory_limit", low=1)
    if axis is not None:
        axis = check_integer(axis, "axis", low=0)
        if axis > 1:
            raise ValueError(f"axis must be 0 (rows) or 1 (columns), got {axis}.")
    if spool != "auto":
        spool = check_bool(spool, "spool")
    return Opening(source, axis, target, memory_limit, spool, progress).chunks()


class Opening:
    """What `open_chunks` was asked for."""

    def __init__(self, source, axis, target, memory_limit, spool, progress):
        self.source, self.axis, self.target = source, axis, target
        self.memory_limit, self.spool, self.progress = memory_limit, spool, progress
        self.block_bytes = block_bytes(memory_limit)
        self.sources = None  # `Sources`, where there are files

    def chunks(self):
        """The `Chunks`."""
        source = self.source
        if hasattr(source, "shape"):  # zarr's, NumPy's, SciPy's
            return self._array(source, "X")
        files = self._files()
        kinds = {_kind(path) for path in files}
        if len(kinds) > 1:
            raise ValueError(
                f"source holds files of several kinds, {sorted(kinds)}; open one kind."
            )
        (kind,) = kinds
        if kind == ".parquet":
            self.sources = Sources(files, self._listing())
            return self._parquet(files)
        if self.target is not None:
            raise ValueError(f"target={self.target!r} is for Parquet files only.")
        if kind == ".zarr":
            if len(files) > 1:
                raise ValueError("source holds several zarr arrays; open one.")
            return self._array(_open_zarr(files[0]), files[0].name)
        self.sources = Sources(files, self._listing())
        return self._npy(files) if kind == ".npy" else self._npz(files)

    def _files(self):
        source = self.source
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            if path.is_dir() and _kind(path) != ".zarr":
                files = sorted(_files_in(path), key=_natural)
                if not files:
                    raise ValueError(f"{path} holds no file of {', '.join(KINDS)}.")
                return files
            files = [path]
        elif isinstance(source, list | tuple):
            files = [Path(each) for each in source]
        else:
            raise TypeError(
                "source must be a path, a list of paths, or an array (NumPy, zarr, SciPy "
                f"sparse), got {type(source).__name__}."
            )
        if not files:
            raise ValueError("source is an empty list; pass at least one path.")
        for path in files:
            if not path.exists():
                raise ValueError(f"{path} does not exist.")
            if _kind(path) not in KINDS:
                raise ValueError(
                    f"{path} is of an unknown kind; riata opens {', '.join(KINDS)}."
                )
        return files

    def _listing(self):
        """Of a folder: what lists its files."""
        if not isinstance(self.source, str | os.PathLike):
            return None
        path = Path(self.source)
        return (lambda: _files_in(path)) if path.is_dir() else None

    # --- Arrays that can be sliced.

    def _array(self, array, name):
        from_zarr = type(array).__module__.startswith("zarr")
        sparse = hasattr(array, "tocsc")
        shape, dtype = _checked(array, name)
        axis = self.axis
        if axis is None:
            flags = getattr(array, "flags", None)
            order_f = flags is not None and flags.f_contiguous and not flags.c_contiguous
            axis = int(order_f or getattr(array, "format", "") == "csc")
        if sparse:
            array = array.tocsc() if axis else array.tocsr()
        n_stored = array.nnz if sparse else shape[0] * shape[1]
        width = _width(shape, axis, n_stored * (dtype.itemsize + 8 * sparse), self)
        if from_zarr:
            grid = array.chunks[axis]
            width = max(width // grid, 1) * grid
            self.sources = _sources_of_zarr(array)
        recipe = self._recipe(array)
        blocks = []
        for k, span in enumerate(_spans(shape[axis], width)):
            rows, cols = ((0, shape[0]), span) if axis else (span, (0, shape[1]))
            blocks.append(Block(k, f"chunk {k} of {name}", rows, cols, recipe(rows, cols)))
        packed = from_zarr and bool(array.compressors or array.filters)
        if not sparse and self._spools(packed):
            return self._spooled(
                ((block.name, block.load(dtype).data) for block in blocks), axis, dtype
            )
        return self._made(blocks, shape, dtype, axis, sparse, n_stored)

    def _recipe(self, array):
        """The function of rows and columns that gives the recipe for a part."""
        mapping = mapping_of(array) if isinstance(array, np.ndarray) else None
        if mapping is None:
            return lambda rows, cols: Part(array, rows, cols)
        _flush(array)
        if mapping.path is not None:
            self.sources = Sources([mapping.path])
        source, offset = None, mapping.offset
        if offset is None:
            source = MappedMemory.of(array)
            offset = array.__array_interface__["data"][0] - source.first
        else:
            source = self.sources[mapping.path]
        return lambda rows, cols: part_of_file(
            source, offset, array.strides, array.dtype, rows, cols
        )

    def _spools(self, pays):
        return pays if self.spool == "auto" else self.spool

    def _made(self, blocks, shape, dtype, axis, sparse, n_stored, **more):
        sources = None if "folder" in more else self.sources
        return Chunks(
            blocks, shape, dtype, axis=axis, is_sparse=sparse, n_stored=n_stored,
            memory_limit=self.memory_limit, progress=self.progress, sources=sources,
            **more,
        )

    # --- Files.

    def _npy(self, files):
        headers = [_npy_header(path) for path in files]
        shapes = [header[0] for header in headers]
        dtypes = [header[2] for header in headers]
        axis = self.axis
        if axis is None:
            axis = int(all(header[1] for header in headers) and shapes[0][0] > 1)
        shape, starts = _stacked(files, shapes, dtypes, axis)
        blocks = []
        for path, header, start in zip(files, headers, starts, strict=True):
            its, fortran, dtype, offset = header
            size = its[0] * its[1] * dtype.itemsize
            unit = dtype.itemsize
            strides = (unit, its[0] * unit) if fortran else (its[1] * unit, unit)
            for first, last in _spans(its[axis], _width(its, axis, size, self)):
                inner = ((0, its[0]), (first, last)) if axis else (
                    (first, last), (0, its[1])
                )
                whole = (0, shape[1 - axis])
                span = start + first, start + last
                rows, cols = (whole, span) if axis else (span, whole)
                recipe = part_of_file(
                    self.sources[path], offset, strides, dtype, *inner
                )
                k = len(blocks)
                blocks.append(Block(k, _name(k, path, first, last, axis), rows, cols,
                                    recipe))
        dense = shape[0] * shape[1]
        if self._spools(False):
            return self._spooled(
                ((block.name, block.load(dtypes[0]).data) for block in blocks), axis,
                dtypes[0],
            )
        return self._made(blocks, shape, dtypes[0], axis, False, dense)

    def _npz(self, files):
        axis = 0 if self.axis is None else self.axis
        if self._spools(True):
            return self._spooled(self._pieces(files, axis), axis, None)
        shapes, dtypes, n_stored = [], [], 0
        for path in files:
            matrix = _load_npz(path)
            shapes.append(matrix.shape)
            dtypes.append(_float_dtype(matrix, path.name))
            n_stored += matrix.nnz
        shape, starts = _stacked(files, shapes, dtypes, axis)
        blocks = []
        for k, (path, its, start) in enumerate(zip(files, shapes, starts, strict=True)):
            whole, span = (0, shape[1 - axis]), (start, start + its[axis])
            rows, cols = (whole, span) if axis else (span, whole)
            blocks.append(Block(k, f"chunk {k} ({path.name})", rows, cols,
                                SparseFile(self.sources[path])))
        return self._made(blocks, shape, dtypes[0], axis, True, n_stored)

    def _pieces(self, files, axis):
        """The matrices of files, cut to blocks."""
        for path in files:
            matrix = _load_npz(path)
            _float_dtype(matrix, path.name)
            matrix = matrix.tocsc() if axis else matrix.tocsr()
            size = matrix.nnz * (matrix.dtype.itemsize + 8)
            for first, last in _spans(
                matrix.shape[axis], _width(matrix.shape, axis, size, self)
            ):
                piece = matrix[:, first:last] if axis else matrix[first:last]
                yield f"{path.name}", piece

    def _spooled(self, parts, axis, dtype, **more):
        folder, written, n_stored = spooled(parts, self.memory_limit)
        try:
            if not written:
                raise ValueError("source has no rows; at least one is needed.")
            if self.sources is not None:
                self.sources.check()
            names = [name for name, _, _ in written]
            shapes = [shape for _, shape, _ in written]
            sparse = hasattr(written[0][2], "n_stored")
            dtypes = [
                recipe.dtypes[0] if sparse else recipe.dtype for _, _, recipe in written
            ]
            shape, starts = _stacked(names, shapes, dtypes, axis)
            blocks = []
            for k, ((name, its, recipe), start) in enumerate(
                zip(written, starts, strict=True)
            ):
                whole, span = (0, shape[1 - axis]), (start, start + its[axis])
                rows, cols = (whole, span) if axis else (span, whole)
                name = name if name.startswith("chunk") else f"chunk {k} ({name})"
                blocks.append(Block(k, name, rows, cols, recipe))
        except BaseException:
            folder.remove()
            raise
        made = self._made(
            blocks, shape, dtypes[0], axis, sparse, n_stored, folder=folder, **more
        )
        made.reads = 1.0  # to write them
        return made

    # --- Parquet.

    def _parquet(self, files):
        from ._parquet import batches, columns_of

        if self.axis == 1:
            raise ValueError("axis=1 is not for Parquet files: their blocks are of rows.")
        names = columns_of(files, self.target)
        targets = []
        width = max(self.block_bytes // (8 * len(names)), 1)
        parts = batches(files, names, self.target, width, targets)
        made = self._spooled(parts, 0, None, feature_names=names)
        if self.target is not None:
            made.target = np.concatenate(targets)
        return made


KINDS = ".npy", ".npz", ".zarr", ".parquet"


def _kind(path):
    suffix = path.suffix.lower()
    return ".parquet" if suffix == ".pq" else suffix


def _files_in(folder):
    """Paths of its files of kinds that can be opened."""
    return [path for path in folder.iterdir() if _kind(path) in KINDS]


def _flush(array):
    """Let later changes of a memory map show in the file's modification time."""
    while isinstance(array, np.ndarray):
        if getattr(array, "mode", None) in ("r+", "w+"):
            array.flush()
        array = array.base


def _sources_of_zarr(array):
    """The files of a zarr array in a folder or an archive; None for other stores."""
    store = array.store
    root = getattr(store, "root", None) or getattr(store, "path", None)
    if not isinstance(root, str | os.PathLike) or not os.path.exists(root):
        return None
    if os.path.isfile(root):
        return Sources([root])
    folder = os.path.join(root, array.path)
    return Sources(files_below(folder), lambda: files_below(folder))


def _natural(path):
    """Order of names in which part10 comes after part9."""
    return [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", path.name)]


def _name(k, path, first, last, axis):
    what = "columns" if axis else "rows"
    return f"chunk {k} ({Path(path).name}, {what} {first} to {last})"


def _float_dtype(array, name):
    dtype = np.dtype(array.dtype)
    if dtype not in FLOATS:
        raise ValueError(
            f"{name} has dtype {dtype}; chunks hold float32 or float64. Save it as one of "
            "them."
        )
    return dtype


def _checked(array, name):
    if len(array.shape) != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}; it must have two dimensions, and "
            "neither may be 0."
        )
    return tuple(array.shape), _float_dtype(array, name)


def _spans(length, width):
    return [(first, min(first + width, length)) for first in range(0, length, width)]


def _width(shape, axis, size, opening):
    """How many rows (or columns) make a block."""
    return max(int(shape[axis] * opening.block_bytes // max(size, 1)), 1)


def _stacked(files, shapes, dtypes, axis):
    """Shape of all files together, and where each begins."""
    for k, (file, shape, dtype) in enumerate(zip(files, shapes, dtypes, strict=True)):
        name = f"chunk {k} ({Path(file).name})"
        if shape[1 - axis] != shapes[0][1 - axis]:
            what = ("columns", "rows")[axis]
            raise ValueError(
                f"{name} has {shape[1 - axis]} {what}, but the first has "
                f"{shapes[0][1 - axis]}; all must have as many (axis={axis})."
            )
        if dtype != dtypes[0]:
            raise ValueError(
                f"{name} has dtype {dtype}, but the first has {dtypes[0]}; convert it, "
                "all chunks must have the same."
            )
    starts = np.cumsum([0, *(shape[axis] for shape in shapes)]).tolist()
    total = starts.pop()
    other = shapes[0][1 - axis]
    return ((other, total) if axis else (total, other)), starts


def _npy_header(path):
    """Shape, whether in Fortran order, dtype, and where the numbers begin."""
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = read(file)
            offset = file.tell()
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise ValueError(f"{path} cannot be read as an .npy file: {error}") from error
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"{path} has shape {shape}; it must have two dimensions, and neither may be 0."
        )
    if dtype not in FLOATS:
        raise ValueError(
            f"{path} has dtype {dtype}; chunks hold float32 or float64 in native byte "
            "order. Save it as one of them."
        )
    need = offset + shape[0] * shape[1] * dtype.itemsize
    size = os.path.getsize(path)
    if size < need:
        raise ValueError(
            f"{path} is truncated: it has {size} bytes, but {need} are needed for "
            f"{shape[0]} x {shape[1]} numbers."
        )
    return shape, fortran, dtype, offset


def _load_npz(path):
    from scipy.sparse import load_npz

    try:
        with open(path, "rb") as file:  # which is not closed by all errors
            matrix = load_npz(file)
        if hasattr(matrix, "check_format"):  # indices that lead out of the matrix
            matrix.check_format()
        return matrix
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as a sparse matrix (scipy.sparse.save_npz): {error}"
        ) from error


def _open_zarr(path):
    try:
        import zarr
    except ImportError as error:
        raise ImportError("zarr files need the zarr package: pip install zarr") from error
    try:
        return zarr.open_array(str(path), mode="r")
    except Exception as error:
        raise ValueError(f"{path} cannot be opened as a zarr array: {error}") from error
