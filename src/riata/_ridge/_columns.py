"""Columns of X as ridge needs them: centred, weighted, in blocks, never copied whole.

X stands for ``Z = sqrt(t) (X - mean)``, `t` the sample weights divided by their sum.
Products go through the user's own array where that loses no accuracy, and otherwise,
like the Gram and the kernel matrix, through blocks of 2 MB that are converted to double
precision and centred first.

Only NumPy is imported here; SciPy is, where it is used.
"""

import numpy as np

BLOCK = 1 << 18  # elements of a block of rows or columns; 2 MB stay in the cache
SAMPLE = 256  # rows that give a first guess of the means
LARGE = 1 << 27  # entries beyond which no sparse X is turned into dense blocks
SAFE_MEAN = 100.0  # largest mean / norm for centring after the product
VECTORS = 32  # vectors that a sparse matrix is multiplied with at a time


class Columns:
    """Z = root * (X - mean): what the dense and the sparse storage share.

    Attributes
    ----------
    mean, square : ndarray of shape (n_features,)
        Weighted means (0 where X is not centred) and squared column norms of Z. Set by
        `moments`, `gram` or `kernel`, whichever runs first.
    prescale : ndarray of shape (n_features,) or None
        Powers of two that multiply the columns before anything else. Only data beyond
        about 1e100, or below 1e-100, need them.
    """

    def __init__(self, X, root, centre):
        self.X, self.root, self.centre = X, root, centre
        self.n_samples, self.n_features = X.shape
        self.level = float(root[0]) if np.all(root == root[0]) else None
        self.weights = root * root
        self.prescale = None
        self.mean = np.zeros(self.n_features)
        self.square = None
        self.lazy = False
        self._buffer = np.empty(0)

    # -- blocks ---------------------------------------------------------------

    def block(self, rows, cols, weighted=True):
        """Copy a block: prescaled, centred, weighted (unless the weights are equal).

        The next call overwrites it.
        """
        x = self._raw(rows, cols)
        if self._buffer.size < x.size:
            self._buffer = np.empty(x.size)
        out = self._buffer[: x.size].reshape(x.shape)
        if self.prescale is not None:
            np.multiply(x, self.prescale[cols], out=out)
            out -= self.mean[cols]
        elif self.centre:
            np.subtract(x, self.mean[cols], out=out)
        else:
            out[...] = x
        if self.level is None and weighted:
            out *= self.root[rows, None]
        return out

    def row_blocks(self, weighted=True):
        """Yield slices of rows and Z there, without the factor of equal weights."""
        step = max(64, BLOCK // max(1, self.n_features))
        for low in range(0, self.n_samples, step):
            rows = slice(low, min(low + step, self.n_samples))
            yield rows, self.block(rows, slice(None), weighted)

    def column_slices(self):
        """Yield slices of columns that make a block."""
        step = max(64, BLOCK // self.n_samples)
        for low in range(0, self.n_features, step):
            yield slice(low, min(low + step, self.n_features))

    def take(self, index):
        """Z at some columns, as a new dense array of shape (n_samples, len(index))."""
        out = np.empty((self.n_samples, len(index)), order="F")
        step = max(1, BLOCK // self.n_samples)
        for low in range(0, len(index), step):
            part = index[low : low + step]
            out[:, low : low + step] = self.block(slice(None), part)
        if self.level is not None:
            out *= self.level
        return out

    # -- moments and second moments -------------------------------------------

    def moments(self):
        """Means and squared norms, in one pass after a guess of the means."""
        self._guess_mean()
        drift = np.zeros(self.n_features)
        square = np.zeros(self.n_features)
        for rows, Z in self.row_blocks():
            square += np.einsum("ij,ij->j", Z, Z)
            self._add_drift(drift, rows, Z)
        if self.level is not None:
            square *= self.level**2
        self.square = square - drift * drift
        self.mean += drift

    def gram(self):
        """Z'Z of shape (n_features, n_features), the moments on the way."""
        from scipy.linalg.blas import dsyrk

        self._guess_mean()
        p = self.n_features
        G = np.zeros((p, p), order="F")
        drift = np.zeros(p)
        for rows, Z in self.row_blocks():
            G = dsyrk(1.0, Z.T, beta=1.0, c=G, lower=1, overwrite_c=1)
            self._add_drift(drift, rows, Z)
        if self.level is not None:
            G *= self.level**2
        if self.centre:
            G = dsyrk(-1.0, drift[:, None], beta=1.0, c=G, lower=1, overwrite_c=1)
            self.mean += drift
        self.square = np.diagonal(G).copy()
        return _mirror(G)

    def kernel(self, factor):
        """(Z f)(Z f)' of shape (n_samples, n_samples), the moments on the way.

        ``factor(columns, square)`` gives the multipliers `f` of a slice of columns.
        """
        from scipy.linalg.blas import dsyrk

        n = self.n_samples
        K = np.zeros((n, n), order="F")
        square = np.zeros(self.n_features)
        for cols in self.column_slices():
            if self.centre:
                self.mean[cols] = self._block_mean(cols)
            Z = self.block(slice(None), cols)
            square[cols] = np.einsum("ij,ij->j", Z, Z)
            if self.centre:
                self._recentre(Z, cols, square)
            if self.level is not None:
                square[cols] *= self.level**2
            f = factor(cols, square[cols])
            if np.any(f != 1.0):
                Z = Z * f  # not in place: it may be the user's array
            K = dsyrk(1.0, Z.T, beta=1.0, c=K, lower=1, trans=1, overwrite_c=1)
        if self.level is not None:
            K *= self.level**2
        self.square = square
        return _mirror(K)

    def _recentre(self, Z, cols, square):
        """Remove what rounding of a large mean has left in a block."""
        drift = np.zeros(Z.shape[1])
        self._add_drift(drift, slice(None), Z)
        if np.any(np.abs(drift) > 1e-12 * np.sqrt(square[cols])):
            Z -= drift if self.level is not None else self.root[:, None] * drift
            self.mean[cols] += drift
            square[cols] = np.einsum("ij,ij->j", Z, Z)

    def _add_drift(self, drift, rows, Z):
        """Add the weighted column sums of a block of Z to `drift`."""
        if self.centre:
            if self.level is None:
                drift += self.root[rows] @ Z
            else:
                drift += self.level**2 * Z.sum(axis=0)

    # -- products -------------------------------------------------------------

    def decide_centring(self, scale):
        """Whether products may centre afterwards, given the inverse column norms.

        That saves a copy of each block, and magnifies rounding errors by mean / norm: a
        column that is nearly constant must be centred first.
        """
        far = np.max(np.abs(self.mean) * scale, initial=0.0)
        usable = self._usable and self.prescale is None
        self.lazy = usable and (far <= SAFE_MEAN or self.too_large_for_blocks)

    def dot(self, W, weighted=True):
        """Z W of shape (n_samples, k); on request without the weights of samples."""
        if self.lazy:
            out = self.product(W)
            if self.centre:
                out -= self.mean @ W
            if weighted:
                out *= self.root[:, None] if self.level is None else self.level
            return out
        out = np.empty((self.n_samples, W.shape[1]))
        for rows, Z in self.row_blocks(weighted):
            np.matmul(Z, W, out=out[rows])
        if weighted and self.level is not None:
            out *= self.level
        return out

    def tdot(self, R):
        """Z'R of shape (n_features, k)."""
        if self.lazy:
            if self.level is None:
                R = R * self.root[:, None]
            out = self.transposed_product(R)
            if self.centre:
                out -= self.mean[:, None] * R.sum(axis=0)
            if self.level is not None:
                out *= self.level
            return out
        out = np.zeros((self.n_features, R.shape[1]))
        for rows, Z in self.row_blocks():
            out += Z.T @ R[rows]
        if self.level is not None:
            out *= self.level
        return out


class DenseColumns(Columns):
    """Columns of a dense array of any order and real dtype."""

    is_sparse = False
    too_large_for_blocks = False

    def __init__(self, X, root, centre):
        X = np.asarray(X)
        super().__init__(X, root, centre)
        self._usable = X.dtype == np.float64 and X.dtype.isnative and X.flags.aligned

    @property
    def n_stored(self):
        """Number of stored entries."""
        return self.n_samples * self.n_features

    def _raw(self, rows, cols):
        return self.X[rows, cols]

    def product(self, W):
        """X W."""
        return self.X @ W

    def transposed_product(self, R):
        """X'R."""
        return self.X.T @ R

    def block(self, rows, cols, weighted=True):
        """As in `Columns`, but part of the array itself where nothing is to be done."""
        as_is = self._usable and self.prescale is None and not self.centre
        if as_is and isinstance(cols, slice) and (self.level or not weighted):
            return self.X[rows, cols]
        return super().block(rows, cols, weighted)

    def _block_mean(self, cols):
        x = self.X[:, cols]
        if self.prescale is not None:
            x = x * self.prescale[cols]
        return self.weights @ x

    def _guess_mean(self):
        if not self.centre:
            return
        n = self.n_samples
        if n > 4 * SAMPLE:
            index = np.linspace(0, n - 1, SAMPLE).astype(np.intp)
            share = self.weights[index].sum()
            if share * n > 0.1 * SAMPLE:
                x = self.X[index].astype(np.float64, copy=False)
                if self.prescale is not None:
                    x = x * self.prescale
                self.mean = (self.weights[index] / share) @ x
                return
        mean = np.empty(self.n_features)
        for cols in self.column_slices():
            mean[cols] = self._block_mean(cols)
        self.mean = mean

    def exact(self, index):
        """Yield groups of column numbers and the entries there as stored."""
        step = max(1, BLOCK // self.n_samples)
        for low in range(0, len(index), step):
            part = index[low : low + step]
            yield part, self.X[:, part].astype(np.float64, copy=False)

    def set_prescale(self, prescale):
        """Multiply the columns by powers of two from here on."""
        self.prescale = prescale
        self.mean = np.zeros(self.n_features)


class SparseColumns(Columns):
    """Columns of a SciPy sparse matrix: CSR or CSC as they are, others as CSR."""

    is_sparse = True
    _usable = True

    def __init__(self, X, root, centre):
        from scipy import sparse

        kind = sparse.csc_array if X.format == "csc" else sparse.csr_array
        X = kind(X)
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        if X.dtype != np.float64 or not X.dtype.isnative:
            X = kind((X.data.astype(np.float64), X.indices, X.indptr), shape=X.shape)
        super().__init__(X, root, centre)
        self._other = {}

    @property
    def n_stored(self):
        """Number of stored entries."""
        return self.X.nnz

    def _as(self, kind):
        """Return the matrix as "csr" or "csc", converted at most once."""
        if self.X.format == kind:
            return self.X
        if kind not in self._other:
            self._other[kind] = self.X.asformat(kind)
        return self._other[kind]

    def _raw(self, rows, cols):
        if isinstance(cols, slice) and cols == slice(None):
            return self._as("csr")[rows].toarray()
        return self._as("csc")[:, cols].toarray()

    def product(self, W):
        """X W."""
        return _in_parts(self.X, W)

    def transposed_product(self, R):
        """X'R."""
        return _in_parts(self.X.T, R)

    def _rows_and_columns(self):
        """Row and column number of each stored entry."""
        X = self.X
        outer = np.repeat(np.arange(len(X.indptr) - 1), np.diff(X.indptr))
        return (X.indices, outer) if X.format == "csc" else (outer, X.indices)

    def moments(self):
        """Means and squared norms: sum over the stored entries and the zeros."""
        X, p, data = self.X, self.n_features, self.X.data
        squares = type(X)((data * data, X.indices, X.indptr), shape=X.shape)
        self.square = squares.T @ self.weights
        if not self.centre:
            return
        self._guess_mean()
        centred = self.square - self.mean**2
        if np.all(centred >= 0.01 * self.square):
            self.square = centred
            return
        # Means that are not small take two passes.
        rows, cols = self._rows_and_columns()
        t = self.weights[rows] if self.level is None else self.weights[0]
        count = np.bincount(cols, minlength=p)
        if self.level is None:
            zeros = np.maximum(1.0 - np.bincount(cols, t, p), 0.0)
        else:
            zeros = 1.0 - count * t
        zeros[count == self.n_samples] = 0.0
        centred = data - self.mean[cols]
        drift = np.bincount(cols, t * centred, p) - zeros * self.mean
        square = np.bincount(cols, t * centred**2, p) + zeros * self.mean**2
        self.square = square - drift**2
        self.mean = self.mean + drift

    def gram(self):
        """Z'Z: as a product of sparse matrices if X is very sparse, or from blocks."""
        if not self._multiplies:
            return super().gram()
        W = self._weighted()
        G = (W.T @ W).toarray(order="F")
        if self.centre:
            G -= np.multiply.outer(self.mean, self.mean)
        return G

    def kernel(self, factor):
        """(Z f)(Z f)', in the same two ways."""
        if not self._multiplies:
            return super().kernel(factor)
        f = factor(slice(None), self.square)
        W = self._weighted().multiply(f[None, :]).tocsr()
        K = (W @ W.T).toarray(order="F")
        if self.centre:
            # The root-weighted mean row, out of both sides.
            shift = W @ (f * self.mean)
            K -= np.multiply.outer(shift, self.root)
            K -= np.multiply.outer(self.root, shift)
            norm = float((f * self.mean) @ (f * self.mean))
            K += norm * np.multiply.outer(self.root, self.root)
        return K

    @property
    def _multiplies(self):
        """Whether sparse products beat dense blocks (measured) and centre well."""
        if self.X.nnz >= 0.05 * self.n_samples * self.n_features:
            return False
        self.moments()
        far = np.abs(self.mean) > SAFE_MEAN * np.sqrt(np.maximum(self.square, 0.0))
        return self.too_large_for_blocks or not far.any()

    @property
    def too_large_for_blocks(self):
        """Whether dense blocks take too long, whatever would be gained by them."""
        return self.n_samples * self.n_features > LARGE

    def _weighted(self):
        from scipy import sparse

        X = self._as("csr")
        rows = np.repeat(self.root, np.diff(X.indptr))
        return sparse.csr_array((X.data * rows, X.indices, X.indptr), shape=X.shape)

    def _block_mean(self, cols):
        return self.weights @ self._as("csc")[:, cols]

    def _guess_mean(self):
        if self.centre:
            self.mean = self.X.T @ self.weights

    def exact(self, index):
        """As in `DenseColumns`, for the columns that store anything."""
        if self.X.format == "csr":
            stored = np.bincount(self.X.indices, minlength=self.n_features)
        else:
            stored = np.diff(self.X.indptr)
        index = index[stored[index] > 0]
        if not len(index):
            return
        X = self._as("csc")
        step = max(1, BLOCK // self.n_samples)
        for low in range(0, len(index), step):
            part = index[low : low + step]
            yield part, X[:, part].toarray()

    def set_prescale(self, prescale):
        """Multiply the columns by powers of two, in a copy of the stored entries."""
        X = self.X
        data = X.data * prescale[self._rows_and_columns()[1]]
        self.X = type(X)((data, X.indices, X.indptr), shape=X.shape)
        self._other = {}
        self.mean = np.zeros(self.n_features)


def _mirror(lower):
    """Copy the lower triangle of a Fortran-ordered square array into the upper."""
    for low in range(0, len(lower), 256):
        high = low + 256
        block = lower[low:high, low:high]
        block += np.tril(block, -1).T
        lower[low:high, high:] = lower[high:, low:high].T
    return lower


def make_columns(X, root, centre):
    """Return the `Columns` for a dense array or a SciPy sparse matrix."""
    kind = SparseColumns if hasattr(X, "tocsc") else DenseColumns
    return kind(X, root, centre)


def _in_parts(X, W):
    """Product with a sparse matrix, a few columns at a time, which stay in the cache."""
    if W.ndim == 1 or W.shape[1] <= VECTORS:
        return X @ W
    k = W.shape[1]
    out = np.empty((X.shape[0], k))
    for low in range(0, k, VECTORS):
        out[:, low : low + VECTORS] = X @ W[:, low : low + VECTORS]
    return out
