"""The ridge problem in units that neither overflow nor underflow.

`Problem` turns the user's data into

    minimise over v:   1/2 ||c - B v||^2 + 1/2 sum_j a_j v_j^2

where ``c = sqrt(t) (y - offset - mean)`` times a power of two per target,
``B = sqrt(t) (X - mean) d`` with powers of two `d` that bring each column to a norm in
[1/2, 1), and `t` are the sample weights divided by their sum. Without an intercept
nothing is centred.
"""

import numpy as np

from .._problem._problem import ColumnScales
from ._columns import make_columns

HUGE = 1e306  # penalties are cut here, so that no product of theirs overflows


class Problem:
    """Data, scales and penalties of one ridge problem.

    Parameters
    ----------
    X, y, fit_intercept, standardize, sample_weight, offset, penalty_factor
        As in `solve_ridge`.
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
    left_out : ndarray of bool, shape (n_features,)
    penalty_scale : ndarray of shape (n_features,)
        The penalty is ``alpha penalty_scale_j w_j^2 / 2`` in the user's units.
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
        if not self.n_samples:
            raise ValueError(f"X has no samples (shape {X.shape})")
        t = _normalised_weights(sample_weight, self.n_samples)
        self.weights, self.root = t, np.sqrt(t)
        self._set_targets(np.asarray(y), offset)
        if penalty_factor is None:
            penalty_factor = 1.0
        self.factor = np.broadcast_to(
            np.asarray(penalty_factor, dtype=np.float64), (self.n_features,)
        )
        self.columns = make_columns(X, self.root, fit_intercept)
        single = np.dtype(X.dtype) == np.float32
        self.precision = float(np.finfo(np.float32 if single else np.float64).eps)
        self.prescale_exponent = 0
        self._gram = self._kernel = None
        self._measure(second_moments)
        self._set_scales()

    # -- targets --------------------------------------------------------------

    def _set_targets(self, y, offset):
        """Subtract offset and mean; scale by powers of two where that is needed."""
        self.squeeze = y.ndim == 1
        z = y[:, None] if self.squeeze else y
        z = z.astype(np.float64, copy=False)
        unit = np.zeros(z.shape[1], dtype=np.int32)
        if offset is not None:
            o = np.asarray(offset, dtype=np.float64).reshape(len(y), -1)
            o = np.broadcast_to(o, z.shape)
            unit = _exponent(np.maximum(_peak(*_range(z)), _peak(*_range(o))))
            z = np.ldexp(z, -unit) - np.ldexp(o, -unit)
        low, high = _range(z if self.weights.all() else z[self.weights > 0])
        extreme = _exponent(_peak(low, high))
        if np.any(np.abs(extreme) > 300):
            z, unit = np.ldexp(z, -extreme), unit + extreme
            low, high = np.ldexp(low, -extreme), np.ldexp(high, -extreme)
        mean = np.zeros(z.shape[1])
        if self.fit_intercept:
            mean = self.weights @ z
            # A constant target must give zeros, not rounding errors.
            mean = np.where(low == high, low, mean)
        z = z - mean
        if self.fit_intercept:
            drift = np.where(low == high, 0.0, self.weights @ z)
            if np.any(np.abs(drift) > 1e-15 * (high - low)):
                z -= drift
                mean += drift
        small = _exponent(_peak(low - mean, high - mean))
        small[np.abs(small) <= 300] = 0
        if small.any():
            np.ldexp(z, -small, out=z)
        self.target_exponent = unit + small
        self.target_mean = np.ldexp(mean, -small)
        self._unweighted = z[self.weights == 0]
        z *= self.root[:, None]
        self.targets = z
        self.null = 0.5 * np.einsum("it,it->t", self.targets, self.targets)

    @property
    def centred(self):
        """The targets without ``sqrt(t)``, those of samples of weight 0 included."""
        z = self.targets / np.where(self.root > 0, self.root, 1.0)[:, None]
        z[self.weights == 0] = self._unweighted
        return z

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
        odd = np.flatnonzero(odd)
        for index, x in columns.exact(odd) if len(odd) else ():
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
        prescale = np.ldexp(1.0, -self.prescale_exponent)
        self.column_scales = ColumnScales(deviation**2, prescale, 1.0)
        self.d = np.where(out, 0.0, np.ldexp(1.0, -exponent))
        self.left_out = out
        self.exponent = np.where(out, 0, exponent + self.prescale_exponent)
        self.penalty_scale = self.factor
        if self.standardize:
            sd = np.ldexp(deviation, self.prescale_exponent)
            self.penalty_scale = np.where(out, 0.0, self.factor) * sd**2
        # (a constant column has no deviation, and so no penalty)
        held = (self.factor > 0) & ((deviation > 0) | (not self.standardize))
        self.free = np.flatnonzero(~out & ~held)
        penalised = ~out & held
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

    def noise(self, e):
        """What rounding of X to its type may make of a singular value 0 of ``B e``."""
        return float(np.linalg.norm(e * self.rounding(slice(None))))

    def rounding(self, index):
        """Norms that rounding of X to its type may make of some columns 0 of B."""
        columns, d = self.columns, self.d[index]
        square = d**2 * (columns.square[index] + columns.mean[index] ** 2)
        return self.precision * np.sqrt(square)

    def sizes(self, index):
        """What one unit of some coefficients v counts in their norm, but for a factor: in
        the user's units, or those of standard deviations."""
        if self.standardize:
            return np.sqrt(self.column_scales.square[index]) * self.d[index]
        power = self.exponent[index]
        return np.ldexp(1.0, np.maximum(power.min() - power, -500))

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

    @property
    def is_sparse(self):
        """Whether X is sparse."""
        return self.columns.is_sparse

    # -- products in the scaled units -----------------------------------------

    def dot(self, V, weighted=True):
        """B V of shape (n_samples, k); on request without the weights of samples."""
        return self.columns.dot(self.d[:, None] * V, weighted)

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
        gram = self._gram * self.d
        gram *= self.d[:, None]
        return gram

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


def _range(z):
    """Least and largest value of each column."""
    if not len(z):
        return np.zeros(z.shape[1]), np.zeros(z.shape[1])
    return z.min(axis=0), z.max(axis=0)


def _peak(low, high):
    """Largest absolute value, from the least and the largest."""
    return np.maximum(np.abs(low), np.abs(high))


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
        from .._validation import raise_nonfinite

        row, k = (int(i) for i in np.argwhere(~finite)[0])
        raise_nonfinite("X", row, int(index[k]), float(x[row, k]))


def distinct(values):
    """Distinct values, sorted. (Of a single one, which is the usual case, in no time.)"""
    return values if len(values) == 1 else np.unique(values)
