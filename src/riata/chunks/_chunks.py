"""Chunks: a matrix that is read block by block, in a fixed order."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from ._blocks import Folder, Room, take_columns

MEMORY_LIMIT = 2**30
LARGEST_BLOCK = 64 * 2**20
SHARE_OF_BLOCKS = 16  # the memory limit over the size of one block
FEW_COLUMNS = 1000  # whose products are left to one thread
SHARE_OF_KEPT = 0.45  # of the memory limit for columns that are kept


class Progress(NamedTuple):
    """What a `progress` callback receives after each block."""

    block: int  # of this read
    n_blocks: int
    reads: float  # of all of X so far


Progress.__module__ = "riata.chunks"


class Chunks:
    """A matrix in blocks of rows or of columns, read when they are needed.

    Made by `riata.open_chunks` and `riata.from_dask`, and taken as `X` by
    `riata.fit_path`, `riata.cv_path` and most estimators. ``X @ coef`` multiplies it, and
    ``X[rows]`` is some of its rows, which can be multiplied as well.

    Attributes
    ----------
    shape : tuple
        ``(n_samples, n_features)``.
    dtype : dtype
        float32 or float64.
    axis : {0, 1}
        0 for blocks of rows, 1 for blocks of columns.
    is_sparse : bool
    target : ndarray of shape (n_samples,) or None
        The column that was taken out as the target.
    feature_names : list of str or None
    memory_limit : int
        Bytes for blocks, for the columns that are kept and for their products.
    n_chunks : int
    reads : float
        How often X has been read so far: blocks count by their share of its entries.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import riata
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "X.npy", np.eye(4))
    ...     with riata.open_chunks(Path(folder) / "X.npy") as X:
    ...         path = riata.fit_path(X, [4.0, 3.0, 0.0, 0.0], alphas=[0.25])
    >>> path.n_active
    array([2])
    """

    __module__ = "riata"

    kind = "chunks"
    local = True  # whether blocks are processed in this process
    requests = 0  # that were sent to workers

    def __init__(
        self, blocks, shape, dtype, *, axis=0, is_sparse=False, target=None,
        feature_names=None, memory_limit=MEMORY_LIMIT, progress=None, folder=None,
        n_stored=None, sources=None,
    ):
        self.blocks = list(blocks)
        self.shape, self.dtype, self.axis = tuple(shape), np.dtype(dtype), axis
        self.is_sparse, self.target = is_sparse, target
        self.feature_names, self.memory_limit = feature_names, memory_limit
        self.progress, self.reads = progress, 0.0
        self.n_stored = self.shape[0] * self.shape[1] if n_stored is None else n_stored
        self._folder, self._sources = folder, sources

    @property
    def n_samples(self):
        """How many rows there are."""
        return self.shape[0]

    @property
    def n_features(self):
        """How many columns there are."""
        return self.shape[1]

    @property
    def n_chunks(self):
        """How many blocks there are."""
        return len(self.blocks)

    def span(self, k):
        """First and last row (or column) of a block."""
        return self.blocks[k].cols if self.axis else self.blocks[k].rows

    def map(self, function, arguments=None, which=None):
        """Yield ``(k, function(arrays, *arguments(k)))`` for blocks, in their order.

        Parameters
        ----------
        function : callable
            Known by its name in a module, so that it can be sent to other processes.
        arguments : callable, optional
        which : sequence of int, optional
            All blocks by default.

        Returns
        -------
        iterator
        """
        which = range(self.n_chunks) if which is None else which
        with self._blas_threads():
            for count, (k, arrays) in enumerate(self._read(which), 1):
                given = () if arguments is None else arguments(k)
                block = self.blocks[k]
                yield k, block.run(function, arrays, given)
                self._count(block, count, len(which))

    def beside(self, arguments):
        """The same function of k, for arguments that blocks are given again and again:
        where blocks are elsewhere, they are left there with them."""
        return arguments

    def _blas_threads(self):
        """One thread for products of few columns: many that are small would wait for one
        another, on a busy machine for ten times as long."""
        if self.n_features > FEW_COLUMNS:
            return nullcontext()
        from threadpoolctl import threadpool_limits

        return threadpool_limits(1, "blas")

    def columns(self, local):
        """Yield ``(k, some columns of a block)``: of those in `local`, the numbers by
        block. What is contiguous is read alone."""
        rest = {}
        for k, cols in local.items():
            part = self.blocks[k].take(cols, self.dtype)
            if part is None:
                rest[k] = cols
                continue
            self.reads += self.blocks[k].shape[0] * len(cols) / (
                self.shape[0] * self.shape[1]
            )
            yield k, part
        yield from self.map(take_columns, lambda k: (rest[k],), list(rest))

    def reduce(self, function, merge, arguments=None, which=None):
        """What `map` yields, merged in the order of the blocks; None for no block."""
        total = None
        for _, part in self.map(function, arguments, which):
            total = part if total is None else merge(total, part)
        return total

    def _count(self, block, count, n_blocks):
        rows, cols = block.shape
        self.reads += rows * cols / (self.shape[0] * self.shape[1])
        if self.progress is not None:
            self.progress(Progress(count, n_blocks, self.reads))

    def check_unchanged(self):
        """Raise a `ValueError` if a file that X is read from is not what was opened."""
        if self._sources is not None:
            self._sources.check()

    def _read(self, which):
        """Yield numbers and arrays of blocks; one is read ahead by a thread."""
        if self._folder is not None and not self._folder.remove.alive:
            raise ValueError("X is closed; open it again with riata.open_chunks.")
        rooms, which = (Room(), Room()), list(which)
        with ThreadPoolExecutor(1, "riata-reader") as reader:
            ahead = None
            for n, k in enumerate(which):
                if ahead is None:
                    ahead = reader.submit(self.blocks[k].load, self.dtype, rooms[0])
                arrays, ahead = ahead.result(), None
                if n + 1 < len(which):
                    ahead = reader.submit(
                        self.blocks[which[n + 1]].load, self.dtype, rooms[(n + 1) % 2]
                    )
                yield k, arrays
        if len(which) == self.n_chunks:
            self.check_unchanged()

    def __matmul__(self, W):
        """X times a matrix of (n_features, k), or a vector; sparse or not."""
        W = W.tocsr() if hasattr(W, "tocsr") else np.asarray(W)
        if W.shape[0] != self.n_features:
            raise ValueError(
                f"X has {self.n_features} columns, but {W.shape[0]} rows are to be "
                "multiplied."
            )
        out = np.zeros((self.n_samples, *W.shape[1:]))
        if self.axis:
            for _, part in self.map(product_of, lambda k: (W[slice(*self.span(k))],)):
                out += part
        else:
            for k, part in self.map(product_of, lambda k: (W,)):
                out[slice(*self.span(k))] = part
        return out

    def __getitem__(self, rows):
        """Some rows, given by their numbers, a mask or a slice, to be multiplied."""
        return ChunkRows(self, np.arange(self.n_samples)[rows])

    def __array__(self, dtype=None, copy=None):
        """Refuse to be loaded in passing."""
        self.refuse()

    def refuse(self, who="this"):
        """Raise the `TypeError` of what needs X in memory."""
        raise TypeError(
            f"X is read in chunks, and {who} needs it in memory. riata.fit_path, "
            "riata.cv_path, PathResult.predict and X @ coef take chunks, and so do Lasso, "
            "ElasticNet, Ridge, LogisticRegression, PoissonRegressor, GammaRegressor, "
            "TweedieRegressor, GeneralizedLinearRegressor and -Classifier, and, but for "
            "ridge, their CV forms."
        )

    def as_matrix(self):
        """What is multiplied: itself."""
        return self

    def close(self):
        """Remove temporary files."""
        if self._folder is not None:
            self._folder.remove()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __len__(self):
        return self.n_samples

    def __repr__(self):
        what = "columns" if self.axis else "rows"
        return (
            f"<{type(self).__name__}: {self.n_samples} x {self.n_features} "
            f"{self.dtype}{', sparse' if self.is_sparse else ''}, {self.n_chunks} blocks "
            f"of {what}>"
        )


class ChunkRows:
    """Some rows of `Chunks`, that can be multiplied and nothing else.

    Parameters
    ----------
    X : Chunks
    rows : ndarray of int
    """

    kind = "chunk_rows"

    def __init__(self, X, rows):
        if rows.ndim != 1:
            raise IndexError("X in chunks is indexed by rows only.")
        self.X, self.rows, self.dtype = X, rows, X.dtype
        self.shape = len(rows), X.n_features
        self.feature_names = X.feature_names

    def __len__(self):
        return len(self.rows)

    def by_block(self):
        """Of the blocks of rows that hold some of them: which they are of these rows, and
        their places in the block."""
        order = np.argsort(self.rows, kind="stable")
        sorted_rows, found = self.rows[order], {}
        for k in range(self.X.n_chunks):
            first, last = self.X.span(k)
            begin, end = np.searchsorted(sorted_rows, (first, last))
            if begin < end:
                found[k] = order[begin:end], sorted_rows[begin:end] - first
        return found

    def __matmul__(self, W):
        """These rows times a matrix of (n_features, k), or a vector; sparse or not."""
        if self.X.axis:
            return (self.X @ W)[self.rows]
        W = W.tocsr() if hasattr(W, "tocsr") else np.asarray(W)
        places, out = self.by_block(), np.empty((len(self), *W.shape[1:]))
        for k, part in self.X.map(
            product_of_rows, lambda k: (places[k][1], W), list(places)
        ):
            out[places[k][0]] = part
        return out

    def __array__(self, dtype=None, copy=None):
        """Refuse to be loaded in passing."""
        self.refuse()

    def refuse(self, who="this"):
        """Raise the `TypeError` of what needs X in memory."""
        self.X.refuse(who)


def product_of(X, W):
    """A block times a matrix."""
    return _dense(X.as_matrix() @ W)


def product_of_rows(X, rows, W):
    """Some rows of a block times a matrix."""
    return _dense(rows_of(X, rows) @ W)


def rows_of(X, rows):
    """Some rows of a block, as a matrix."""
    matrix = X.as_matrix()
    return matrix[rows] if X.kind != "csc" else matrix.tocsr()[rows]


def _dense(product):
    return product.toarray() if hasattr(product, "toarray") else product


def spooled(parts, memory_limit):
    """Write parts of a matrix to raw files of a private folder.

    Parameters
    ----------
    parts : iterable of (name, array or sparse matrix)

    Returns
    -------
    folder : Folder
    written : list of (name, shape, recipe)
    n_stored : int
    """
    folder, written, n_stored = Folder(), [], 0
    try:
        for name, part in parts:
            recipe = folder.write(len(written), part)
            written.append((name, part.shape, recipe))
            n_stored += part.nnz if hasattr(part, "tocsc") else part.size
    except BaseException:
        folder.remove()
        raise
    return folder, written, n_stored


def block_bytes(memory_limit):
    """Size of one block."""
    return max(min(memory_limit // SHARE_OF_BLOCKS, LARGEST_BLOCK), 2**12)
