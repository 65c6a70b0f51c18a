"""The ridge problem in units that neither overflow nor underflow.

`Problem` turns the user's data into

    minimise over v:   1/2 ||c - B v||^2 + 1/2 sum_j a_j v_j^2

where ``c = sqrt(t) (y - offset - mean)`` times a power of two per target,
``B = sqrt(t) (X - mean) d`` with powers of two `d` that bring each column to a norm in
[1/2, 1), and `t` are the sample weights divided by their sum. X is never copied or
densified as a whole: products with B go through the user's own array, or through blocks
of a few MB that are centred in double precision.

Only NumPy is imported here; SciPy is, where it is used.
"""

import numpy as np

BLOCK = 1 << 18  # elements of a block of rows or columns; 2 MB stay in the cache
SAMPLE = 256  # rows that give a first guess of the means
SAFE_MEAN = 100.0  # largest mean / norm for centring after the product
HUGE = 1e300


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

    def _block(self, rows, cols):
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
        if self.level is None:
            out *= self.root[rows, None]
        return out

    def row_blocks(self):
        """Yield slices of rows and Z there, without the factor of equal weights."""
        step = max(64, BLOCK // max(1, self.n_features))
        for low in range(0, self.n_samples, step):
            rows = slice(low, min(low + step, self.n_samples))
            yield rows, self._block(rows, slice(None))

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
            out[:, low : low + step] = self._block(slice(None), part)
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
            Z = self._block(slice(None), cols)
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

        That saves a copy of each block, and costs a relative error of the order of
        mean / norm; a column that is nearly constant must be centred first.
        """
        far = np.max(np.abs(self.mean) * scale, initial=0.0)
        self.lazy = self._usable and self.prescale is None and far <= SAFE_MEAN

    def dot(self, W):
        """Z W of shape (n_samples, k)."""
        if self.lazy:
            out = self._product(W)
            if self.centre:
                out -= self.mean @ W
            out *= self.root[:, None]
            return out
        out = np.empty((self.n_samples, W.shape[1]))
        for rows, Z in self.row_blocks():
            np.matmul(Z, W, out=out[rows])
        if self.level is not None:
            out *= self.level
        return out

    def tdot(self, R):
        """Z'R of shape (n_features, k)."""
        if self.lazy:
            R = R * self.root[:, None]
            out = self._transposed_product(R)
            if self.centre:
                out -= self.mean[:, None] * R.sum(axis=0)
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

    def _product(self, W):
        return self.X @ W

    def _transposed_product(self, R):
        return self.X.T @ R

    def _block(self, rows, cols):
        as_is = self._usable and self.prescale is None and self.level is not None
        if as_is and not self.centre and isinstance(cols, slice):
            return self.X[rows, cols]
        return super()._block(rows, cols)

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

    def _product(self, W):
        return self.X @ W

    def _transposed_product(self, R):
        return self.X.T @ R

    def _rows_and_columns(self):
        """Row and column number of each stored entry."""
        X = self.X
        outer = np.repeat(np.arange(len(X.indptr) - 1), np.diff(X.indptr))
        return (X.indices, outer) if X.format == "csc" else (outer, X.indices)

    def moments(self):
        """Means and squared norms: sum over the stored entries and the zeros."""
        rows, cols = self._rows_and_columns()
        p, data, t = self.n_features, self.X.data, self.weights[rows]
        if self.centre:
            zeros = 1.0 - np.bincount(cols, t, p)
            zeros[np.bincount(cols, minlength=p) == self.n_samples] = 0.0
            np.maximum(zeros, 0.0, out=zeros)
            mean = np.bincount(cols, t * data, p)
            mean += np.bincount(cols, t * (data - mean[cols]), p) - zeros * mean
            self.mean = mean
            square = np.bincount(cols, t * (data - mean[cols]) ** 2, p)
            self.square = square + zeros * mean**2
        else:
            self.square = np.bincount(cols, t * data**2, p)

    def gram(self):
        """Z'Z: from dense blocks of rows, or as a sparse product if X is very sparse."""
        if not self._very_sparse:
            return super().gram()
        self.moments()
        W = self._weighted()
        G = (W.T @ W).toarray(order="F")
        if self.centre:
            G -= np.multiply.outer(self.mean, self.mean)
        return G

    def kernel(self, factor):
        """(Z f)(Z f)', in the same two ways."""
        if not self._very_sparse:
            return super().kernel(factor)
        self.moments()
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
    def _very_sparse(self):
        """Whether multiplying sparse matrices beats dense blocks (measured)."""
        return self.X.nnz < 0.05 * self.n_samples * self.n_features

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
        X = self._as("csc")
        index = index[np.diff(X.indptr)[index] > 0]
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


class Problem:
    """Data, scales and penalties of one ridge problem.

    Parameters
    ----------
    X, y, fit_intercept, standardize, sample_weight, offset, penalty_factor
        As in `riata._ridge.solve_ridge`.
    second_moments : {"gram", "kernel", None}
        What to compute together with the means and norms of the columns, in one pass.

    Attributes
    ----------
    d : ndarray of shape (n_features,)
        ``B = Z d``; 0 for the columns left out: zero or (with an intercept) constant
        ones, and those with an infinite penalty factor.
    e : ndarray of shape (n_features,)
        The penalty is ``root_alpha^2 sum_j (v_j / e_j)^2 / 2``, see `scale_alphas`; 0
        for the columns left out and for those not penalised.
    free : ndarray of int
        Columns not penalised.
    targets : ndarray of shape (n_samples, n_targets)
        The `c` of the module's docstring.
    null : ndarray of shape (n_targets,)
        Null objective of each target, in the units of `targets`.
    """

    def __init__(
        self, X, y, *, fit_intercept=True, standardize=False, sample_weight=None,
        offset=None, penalty_factor=None, second_moments=None,
    ):
        self.fit_intercept, self.standardize = fit_intercept, standardize
        self.n_samples, self.n_features = X.shape
        t = _normalised_weights(sample_weight, self.n_samples)
        self.weights, self.root = t, np.sqrt(t)
        self._set_targets(np.asarray(y), offset)
        if penalty_factor is None:
            penalty_factor = 1.0
        self.factor = np.broadcast_to(
            np.asarray(penalty_factor, dtype=np.float64), (self.n_features,)
        )
        self.columns = make_columns(X, self.root, fit_intercept)
        self.prescale_exponent = 0
        self._gram = self._kernel = None
        self._measure(second_moments)
        self._set_scales()

    # -- targets --------------------------------------------------------------

    def _set_targets(self, y, offset):
        """Scale each target by a power of two, subtract the offset, centre."""
        self.squeeze = y.ndim == 1
        z = y.reshape(len(y), -1).astype(np.float64)
        peak = np.max(np.abs(z), axis=0, initial=0.0)
        if offset is not None:
            o = np.asarray(offset, dtype=np.float64).reshape(len(y), -1)
            peak = np.maximum(peak, np.max(np.abs(o), axis=0, initial=0.0))
            unit = _exponent(peak)
            z = np.ldexp(z, -unit) - np.ldexp(o, -unit)
        else:
            unit = _exponent(peak)
            z = np.ldexp(z, -unit)
        used = self.weights > 0
        self.target_mean = np.zeros(z.shape[1])
        if self.fit_intercept:
            # A constant target must give zeros, not rounding errors.
            first = z[np.argmax(used)].copy()
            z -= first
            drift = self.weights @ z
            z -= drift
            self.target_mean = first + drift
        small = _exponent(np.max(np.abs(z[used]), axis=0, initial=0.0))
        self.target_exponent = unit + small
        self.target_mean = np.ldexp(self.target_mean, -small)
        self.centred = np.ldexp(z, -small)
        self.targets = self.root[:, None] * self.centred
        self.null = 0.5 * np.einsum("it,it->t", self.targets, self.targets)

    # -- columns --------------------------------------------------------------

    def _measure(self, second_moments):
        """Means, norms and second moments; again, prescaled, if they are extreme."""
        self._moments(second_moments)
        columns = self.columns
        square, mean = columns.square, columns.mean
        noise = (16 * np.finfo(float).eps * np.abs(mean)) ** 2
        odd = ~((square > 1e-200) & (square > noise) & (square < 1e200))
        self.constant = odd & (square == 0) & (mean == 0)
        used = self.weights > 0
        exponent = np.zeros(self.n_features, dtype=np.int32)
        for index, x in columns.exact(np.flatnonzero(odd)):
            _require_finite(x, index)
            x = x[used]
            same = np.all(x == x[0], axis=0)
            self.constant[index] = same & (self.fit_intercept | (x[0] == 0.0))
            exponent[index] = _exponent(np.max(np.abs(x), axis=0))
        exponent[self.constant] = 0
        if np.any((exponent > 300) | (exponent < -300)):
            self.prescale_exponent = exponent
            columns.set_prescale(np.ldexp(1.0, -exponent))
            self._gram = self._kernel = None
            self._moments(second_moments)

    def _moments(self, second_moments):
        if second_moments == "gram":
            self._gram = self.columns.gram()
        elif second_moments == "kernel" and self._plain_kernel:
            self._kernel = self.columns.kernel(self._kernel_factor)
        else:
            self.columns.moments()

    @property
    def _plain_kernel(self):
        """Whether the kernel may be computed before the scales are known."""
        no_scale = np.ndim(self.prescale_exponent) == 0
        return no_scale and (self.fit_intercept or not self.standardize)

    def _kernel_factor(self, cols, square):
        """Inverse root of the penalty of each column, of the units of X."""
        u = self.factor[cols]
        if self.standardize:
            u = u * square
        f = np.zeros(len(u))
        usable = (u > 0) & (u < np.inf)
        f[usable] = 1.0 / np.sqrt(u[usable])
        return f

    def _set_scales(self):
        columns = self.columns
        norm = np.sqrt(np.maximum(columns.square, 0.0))
        exponent = np.frexp(norm)[1]
        deviation = norm
        if self.standardize and not self.fit_intercept:
            deviation = self._deviations()
        out = self.constant | (norm == 0) | (self.factor == np.inf)
        if self.standardize:
            out |= deviation == 0
        self.d = np.where(out, 0.0, np.ldexp(1.0, -exponent))
        self.exponent = np.where(out, 0, exponent + self.prescale_exponent)
        self.free = np.flatnonzero(~out & (self.factor == 0))
        penalised = ~out & (self.factor > 0)
        e = np.zeros(self.n_features)
        e[penalised] = 1.0 / np.sqrt(self.factor[penalised])
        power = self.exponent
        if self.standardize:
            e[penalised] /= np.ldexp(deviation, -exponent)[penalised]
            power = 0 * power
        mantissa, shift = np.frexp(e)
        power = power + shift
        self.unit = int(np.max(power[penalised])) if penalised.any() else 0
        self.e = np.ldexp(mantissa, np.where(penalised, power - self.unit, 0))
        columns.decide_centring(self.d)
        if self.standardize and np.any(self.constant & (columns.square > 0)):
            self._kernel = None  # in which rounding errors were scaled up

    def _deviations(self):
        """Standard deviations of columns that are not centred, as prescaled."""
        X = self.columns.X
        other = make_columns(X, self.root, True)
        if not self.columns.is_sparse and self.columns.prescale is not None:
            other.set_prescale(self.columns.prescale)
        other.moments()
        variance = np.maximum(other.square, 0.0)
        noise = (16 * np.finfo(float).eps * np.abs(other.mean)) ** 2
        used = self.weights > 0
        for index, x in other.exact(np.flatnonzero(variance <= noise)):
            x = x[used]
            variance[index] *= ~np.all(x == x[0], axis=0)
        return np.sqrt(variance)

    # -- products in the scaled units -----------------------------------------

    def dot(self, V):
        """B V of shape (n_samples, k)."""
        return self.columns.dot(self.d[:, None] * V)

    def tdot(self, R):
        """B'R of shape (n_features, k)."""
        out = self.columns.tdot(R)
        out *= self.d[:, None]
        return out

    def take(self, index):
        """B at some columns, dense."""
        return self.columns.take(index) * self.d[index]

    def gram(self):
        """B'B of shape (n_features, n_features)."""
        if self._gram is None:
            self._gram = self.columns.gram()
        return self._gram * self.d * self.d[:, None]

    def kernel(self, e):
        """(B e)(B e)' of shape (n_samples, n_samples), a new array."""
        if self._kernel is not None and e is self.e:
            return np.ldexp(self._kernel, -2 * self.unit)
        return self.columns.kernel(lambda cols, _: (self.d * e)[cols])

    # -- alphas and results ---------------------------------------------------

    def scale_alphas(self, alphas):
        """Square roots of the alphas in the units of the problem."""
        roots = np.ldexp(np.sqrt(np.asarray(alphas, dtype=np.float64)), -self.unit)
        return np.minimum(roots, np.sqrt(HUGE))

    def penalty(self, root_alpha):
        """Penalty `a_j` of each column; 0 for free columns and those left out."""
        a = np.zeros(self.n_features)
        on = self.e > 0
        a[on] = np.minimum((root_alpha / self.e[on]) ** 2, HUGE)
        return a

    def coef(self, V, targets):
        """Coefficients and intercepts in the user's units, of shape (k, p) and (k,)."""
        unit = self.target_exponent[targets]
        if max(np.max(np.abs(a), initial=0) for a in (unit, self.exponent)) < 500:
            coef = V.T * np.ldexp(1.0, -self.exponent)
            coef *= np.ldexp(1.0, unit)[:, None]
        else:
            coef = np.ldexp(V.T, unit[:, None] - self.exponent)
        inner = self.target_mean[targets] - (self.columns.mean * self.d) @ V
        intercept = np.ldexp(inner, unit) if self.fit_intercept else np.zeros(len(unit))
        return coef, intercept


def _exponent(peak):
    """Smallest k with peak < 2^k; 0 for 0."""
    return np.frexp(peak)[1]


def _normalised_weights(sample_weight, n_samples):
    if sample_weight is None:
        return np.full(n_samples, 1.0 / n_samples)
    s = np.asarray(sample_weight, dtype=np.float64)
    peak = s.max(initial=0.0)
    if not peak > 0:
        raise ValueError("sample_weight is zero for every sample; one must be positive")
    s = s / peak
    return s / s.sum()


def _require_finite(x, index):
    """Raise if some columns, numbered by `index`, hold NaN or infinity."""
    finite = np.isfinite(x)
    if not finite.all():
        from ._validation import raise_nonfinite

        row, k = (int(i) for i in np.argwhere(~finite)[0])
        raise_nonfinite("X", row, int(index[k]), float(x[row, k]))
