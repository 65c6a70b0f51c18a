"""Data sets for examples, tests and benchmarks.

Three generators: correlated dense designs, sparse designs, and *planted* problems
whose exact solution is known because it was drawn before the data. One real data set:
spectra of meat samples.
"""

from typing import Any, NamedTuple

import numpy as np

from ._planted import Planter


class PlantedProblem(NamedTuple):
    """A problem with a known solution, as drawn by `make_planted_problem`.

    Attributes
    ----------
    X : ndarray or scipy.sparse.csc_array of shape (n_samples, n_features)
        The design.
    y : ndarray of shape (n_samples,)
        The target.
    coef : ndarray of shape (n_features,), float64
        The unique optimal coefficients.
    intercept : float
        The optimal intercept; 0.0 where the problem has none.
    alpha : float
        The strength of the penalty at which ``coef`` is optimal.
    options : dict
        The other arguments of the problem, for `riata.fit_path` and
        `riata.check_solution`: l1_ratio, fit_intercept, standardize, sample_weight,
        offset, penalty_factor, lower and upper.
    """

    X: Any
    y: np.ndarray
    coef: np.ndarray
    intercept: float
    alpha: float
    options: dict


PlantedProblem.__module__ = "riata.datasets"


def make_correlated_data(
    n_samples,
    n_features,
    *,
    rho=0.5,
    structure="ar",
    density=None,
    n_nonzero=None,
    snr=2.0,
    random_state=None,
    dtype=np.float64,
    order="F",
):
    """Draw a linear model with Gaussian, correlated columns.

    ``y = X @ coef + noise``; each column of X has mean 0 and variance 1 in
    expectation, and the noise is scaled so that the variance of ``X @ coef`` is `snr`
    times its own (the signal-to-noise ratio of [1]_).

    Parameters
    ----------
    n_samples, n_features : int
        Shape of X.
    rho : float, default=0.5
        Correlation, in [0, 1): of neighbouring columns (``structure="ar"``) or of
        any two columns (``structure="equi"``).
    structure : {"ar", "equi"}, default="ar"
        ``"ar"``: columns j and k have correlation ``rho ** abs(j - k)``;
        ``"equi"``: every two columns have correlation ``rho``.
    density : float, default=None
        Fraction of the coefficients that differ from zero, in [0, 1]. Give this or
        `n_nonzero`, not both.
    n_nonzero : int, default=None
        Number of coefficients that differ from zero. With neither given, it is
        ``min(20, n_features)``.
    snr : float, default=2.0
        Signal-to-noise ratio, a ratio of variances. ``inf`` gives no noise.
    random_state : None, int or numpy.random.Generator, default=None
        Source of randomness; an integer gives the same data at each call.
    dtype : {numpy.float64, numpy.float32}, default=numpy.float64
        Type of X and y.
    order : {"F", "C"}, default="F"
        Memory order of X.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        The design.
    y : ndarray of shape (n_samples,)
        The target.
    coef : ndarray of shape (n_features,), float64
        The true coefficients. They are not the solution of a penalised problem; for
        that see `make_planted_problem`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    .. [1] Hastie, Tibshirani and Tibshirani, "Best Subset, Forward Stepwise or
       Lasso? Analysis and Recommendations Based on Extensive Comparisons",
       Statistical Science 35(4), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from riata.datasets import make_correlated_data
    >>> X, y, coef = make_correlated_data(50, 200, rho=0.9, n_nonzero=5, random_state=0)
    >>> X.shape, y.shape, int(np.count_nonzero(coef))
    ((50, 200), (50,), 5)
    """
    _check_shape(n_samples, n_features)
    _check_range("rho", rho, 0.0, 1.0, closed_above=False)
    _check_choice("structure", structure, ("ar", "equi"))
    _check_choice("order", order, ("F", "C"))
    dtype = _check_dtype(dtype)
    n_nonzero = _resolve_n_nonzero(n_features, density, n_nonzero)
    rng = np.random.default_rng(random_state)
    X = _correlated(rng, n_samples, n_features, rho, structure, dtype, order)
    coef = _draw_truth(rng, n_features, n_nonzero)
    return X, _add_noise(rng, X @ coef, snr).astype(dtype), coef


def make_sparse_data(
    n_samples,
    n_features,
    density=0.01,
    *,
    zipf=None,
    values="normal",
    n_nonzero=None,
    snr=2.0,
    random_state=None,
    dtype=np.float64,
):
    """Draw a linear model with a sparse design, as of text or clicks.

    Parameters
    ----------
    n_samples, n_features : int
        Shape of X.
    density : float, default=0.01
        Fraction of the entries of X that are stored, in (0, 1]; met on average.
    zipf : float, default=None
        None spreads the entries evenly over the columns. A number makes the expected
        number of entries of the k-th most frequent column proportional to
        ``k ** -zipf``, as word counts are (about 1.0 for text), up to a full column;
        the columns are then shuffled. Every column keeps one entry at least.
    values : {"normal", "binary", "counts"}, default="normal"
        The stored values: standard normal, all 1, or 1 plus a geometric count.
    n_nonzero : int, default=None
        Number of true coefficients that differ from zero, by default
        ``min(20, n_features)``; they fall on columns of any frequency.
    snr : float, default=2.0
        Variance of ``X @ coef`` over that of the noise. ``inf`` gives no noise.
    random_state : None, int or numpy.random.Generator, default=None
        Source of randomness; an integer gives the same data at each call.
    dtype : {numpy.float64, numpy.float32}, default=numpy.float64
        Type of X and y.

    Returns
    -------
    X : scipy.sparse.csc_array of shape (n_samples, n_features)
        The design, in canonical format (row indices sorted, no duplicates).
    y : ndarray of shape (n_samples,)
        The target.
    coef : ndarray of shape (n_features,), float64
        The true coefficients.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from riata.datasets import make_sparse_data
    >>> X, y, coef = make_sparse_data(100, 1000, 0.02, zipf=1.0, random_state=0)
    >>> X.format, X.shape, bool(1000 < X.nnz < 3000)
    ('csc', (100, 1000), True)
    """
    _check_shape(n_samples, n_features)
    _check_range("density", density, 0.0, 1.0, closed_below=False)
    _check_choice("values", values, ("normal", "binary", "counts"))
    dtype = _check_dtype(dtype)
    n_nonzero = _resolve_n_nonzero(n_features, None, n_nonzero)
    rng = np.random.default_rng(random_state)
    counts = _column_counts(rng, n_samples, n_features, density, zipf)
    indices, indptr = _draw_pattern(rng, n_samples, counts, least=1)
    if values == "normal":
        data = rng.standard_normal(indices.size)
    elif values == "binary":
        data = np.ones(indices.size)
    else:
        data = rng.geometric(0.7, indices.size).astype(np.float64)
    X = _csc(data.astype(dtype), indices, indptr, (n_samples, n_features))
    coef = _draw_truth(rng, n_features, n_nonzero)
    return X, _add_noise(rng, X @ coef, snr).astype(dtype), coef


def make_planted_problem(
    n_samples,
    n_features,
    *,
    alpha=0.1,
    l1_ratio=1.0,
    n_nonzero=None,
    rho=0.3,
    noise=1.0,
    density=None,
    fit_intercept=True,
    standardize=False,
    sample_weight=None,
    offset=None,
    penalty_factor=None,
    lower=None,
    upper=None,
    random_state=None,
    dtype=np.float64,
    order="F",
):
    """Draw a solution first, then data for which it is optimal.

    The optimality conditions of the problem (see `riata.fit_path`) fix the
    correlation of each column of X that takes part in the solution with the residual
    ``r``. The generator draws X and the coefficients, finds such a residual by a
    least-norm linear solve, sets ``y = offset + intercept + X @ coef + r``, and bends
    the remaining columns, where needed, until they satisfy their inequality with
    room to spare. The solution is unique, and exact up to the rounding of `y`: about
    1e-13 in float64 and 1e-5 in float32 for well-conditioned data. With
    ``l1_ratio=0`` (ridge) the residual is drawn first and gives the coefficients.

    Parameters
    ----------
    n_samples, n_features : int
        Shape of X.
    alpha : float, default=0.1
        Strength of the penalty, finite and at least 0.
    l1_ratio : float, default=1.0
        Mix of the penalty, in [0, 1].
    n_nonzero : int, default=None
        Number of penalised coefficients that differ from zero, by default
        ``min(10, n_features, n_samples // 3)``. Columns without a penalty are
        always drawn on top of these. Ignored where no column has an L1 penalty.
    rho : float, default=0.3
        Correlation of neighbouring columns of a dense X.
    noise : float, default=1.0
        Standard deviation of the part of the residual that the conditions leave free.
    density : float, default=None
        None gives a dense X; a number in (0, 1] a sparse one with about that fraction
        of entries and at least two in each column.
    fit_intercept, standardize : bool
        As in `riata.fit_path`.
    sample_weight : array_like of shape (n_samples,), default=None
        Weights of the samples, at least 0.
    offset : array_like of shape (n_samples,), default=None
        Offset of the linear predictor.
    penalty_factor : float or array_like of shape (n_features,), default=None
        Factors of the penalty, from 0 (not penalised) to inf (excluded).
    lower, upper : float or array_like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``. Some coefficients of the
        solution lie on a bound if the bounds are tight (coefficients are drawn from
        0.5 to 2 in magnitude).
    random_state : None, int or numpy.random.Generator, default=None
        Source of randomness; an integer gives the same data at each call.
    dtype : {numpy.float64, numpy.float32}, default=numpy.float64
        Type of X and y.
    order : {"F", "C"}, default="F"
        Memory order of a dense X.

    Returns
    -------
    problem : PlantedProblem
        Named tuple ``(X, y, coef, intercept, alpha, options)``.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or if the solution would have more
        unknowns than there are samples of positive weight.

    Examples
    --------
    >>> import riata
    >>> from riata.datasets import make_planted_problem
    >>> problem = make_planted_problem(60, 200, alpha=0.2, lower=0.0, random_state=0)
    >>> path = riata.fit_path(
    ...     problem.X, problem.y, alphas=[problem.alpha], tol=1e-10, **problem.options
    ... )
    >>> error = path.coef.toarray()[:, 0] - problem.coef
    >>> bool(abs(error).max() < 1e-7)
    True
    """
    _check_shape(n_samples, n_features)
    _check_range("alpha", alpha, 0.0, np.inf, closed_above=False)
    _check_range("l1_ratio", l1_ratio, 0.0, 1.0)
    _check_range("rho", rho, 0.0, 1.0, closed_above=False)
    _check_choice("order", order, ("F", "C"))
    dtype = _check_dtype(dtype)
    if density is not None:
        _check_range("density", density, 0.0, 1.0, closed_below=False)
    if n_nonzero is None:
        n_nonzero = min(10, n_features, n_samples // 3)
    rng = np.random.default_rng(random_state)
    if density is None:
        X = _correlated(rng, n_samples, n_features, rho, "ar", dtype, "F")
    else:
        counts = _column_counts(rng, n_samples, n_features, density, None)
        indices, indptr = _draw_pattern(rng, n_samples, counts, least=2)
        data = rng.standard_normal(indices.size).astype(dtype)
        X = _csc(data, indices, indptr, (n_samples, n_features))
    # Float64 copies of values that `dtype` holds exactly: what is solved below is
    # the problem of the matrix that is returned.
    X = X.astype(np.float64)
    planter = Planter(
        rng,
        X,
        alpha,
        l1_ratio,
        fit_intercept=fit_intercept,
        standardize=standardize,
        sample_weight=sample_weight,
        penalty_factor=penalty_factor,
        lower=lower,
        upper=upper,
    )
    coef, residual = planter.plant(n_nonzero, noise)
    intercept = float(rng.normal(scale=3.0)) if fit_intercept else 0.0
    eta = X @ coef + intercept
    if offset is not None:
        offset = np.array(offset, dtype=np.float64)
        eta += offset
    X = X.astype(dtype) if density is not None else X.astype(dtype, order=order)
    options = {
        "l1_ratio": l1_ratio,
        "fit_intercept": fit_intercept,
        "standardize": standardize,
        "sample_weight": sample_weight,
        "offset": offset,
        "penalty_factor": penalty_factor,
        "lower": lower,
        "upper": upper,
    }
    y = (eta + residual).astype(dtype)
    return PlantedProblem(X, y, coef, intercept, float(alpha), options)


def _correlated(rng, n_samples, n_features, rho, structure, dtype, order):
    X = np.empty((n_samples, n_features), dtype=dtype, order=order)
    rest = np.sqrt(1.0 - rho if structure == "equi" else 1.0 - rho**2)
    previous = rng.standard_normal(n_samples)
    share = np.sqrt(rho) if structure == "equi" else rho
    for j in range(n_features):
        column = share * previous + rest * rng.standard_normal(n_samples)
        X[:, j] = column
        if structure == "ar":
            previous = column
    return X


def _column_counts(rng, n_samples, n_features, density, zipf):
    """Expected number of entries of each column."""
    total = density * n_samples * n_features
    if zipf is None:
        return np.full(n_features, total / n_features)
    _check_range("zipf", zipf, 0.0, np.inf, closed_above=False)
    shape = np.arange(1.0, n_features + 1.0) ** -zipf
    # Columns saturate at both ends; a bisection finds the factor that meets the total.
    low, high = 0.0, n_samples / shape[-1]
    for _ in range(100):
        middle = 0.5 * (low + high)
        if np.clip(middle * shape, 1.0, n_samples).sum() < total:
            low = middle
        else:
            high = middle
    return rng.permutation(np.clip(high * shape, 1.0, n_samples))


def _draw_pattern(rng, n_samples, counts, least):
    """Sorted row indices and column pointers with about `counts` entries a column.

    Each column has `least` entries (1 or 2) or more, if there are as many rows.
    """
    every = np.arange(counts.size, dtype=np.int64)
    first = rng.integers(0, n_samples, size=counts.size)
    keys = every * n_samples + first
    if least == 2 and n_samples > 1:
        second = (first + rng.integers(1, n_samples, size=counts.size)) % n_samples
        keys = np.concatenate([keys, every * n_samples + second])
    whole = np.floor(counts + rng.random(counts.size)).astype(np.int64) - least
    whole = np.clip(whole, 0, n_samples)
    # Rows are drawn with replacement and repeats dropped; drawing more than asked
    # makes up for them: m draws hit n (1 - (1 - 1/n)^m) different rows on average.
    full = whole >= 0.9 * n_samples
    share = np.where(full, 0.0, whole / n_samples)
    draws = np.where(full, 0.0, -n_samples * np.log1p(-share))
    draws = np.floor(draws + rng.random(draws.size)).astype(np.int64)
    columns = np.repeat(every, draws)
    rows = rng.integers(0, n_samples, size=columns.size)
    parts = [keys, columns * n_samples + rows]
    for j in np.flatnonzero(full):
        parts.append(j * n_samples + rng.permutation(n_samples)[: whole[j] + least])
    keys = np.unique(np.concatenate(parts))
    columns, rows = np.divmod(keys, n_samples)
    indptr = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(columns, minlength=counts.size), out=indptr[1:])
    return rows, indptr


def _csc(data, indices, indptr, shape):
    from scipy.sparse import csc_array

    index_type = np.int32 if max(indices.size, *shape) < 2**31 else np.int64
    X = csc_array(
        (data, indices.astype(index_type), indptr.astype(index_type)), shape=shape
    )
    X.has_canonical_format = True
    return X


def _draw_truth(rng, n_features, n_nonzero):
    coef = np.zeros(n_features)
    chosen = rng.permutation(n_features)[:n_nonzero]
    coef[chosen] = rng.choice([-1.0, 1.0], n_nonzero) * rng.uniform(0.5, 2, n_nonzero)
    return coef


def _add_noise(rng, signal, snr):
    if not snr > 0:
        raise ValueError(f"snr must be positive, got {snr!r}.")
    variance = float(np.var(signal))
    # A model without signal still gets a target that varies.
    scale = np.sqrt(variance / snr) if variance > 0 else 1.0
    return signal + scale * rng.standard_normal(signal.shape[0])


def _resolve_n_nonzero(n_features, density, n_nonzero):
    if density is not None and n_nonzero is not None:
        raise ValueError("give density or n_nonzero, not both.")
    if density is not None:
        _check_range("density", density, 0.0, 1.0)
        return round(density * n_features)
    if n_nonzero is None:
        return min(20, n_features)
    if not 0 <= n_nonzero <= n_features:
        raise ValueError(
            f"n_nonzero must lie between 0 and n_features={n_features}, got {n_nonzero!r}."
        )
    return int(n_nonzero)


def _check_shape(n_samples, n_features):
    for name, value in (("n_samples", n_samples), ("n_features", n_features)):
        if not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name} must be an integer, got {value!r}.")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value!r}.")


def _check_range(name, value, low, high, closed_below=True, closed_above=True):
    above = value >= low if closed_below else value > low
    below = value <= high if closed_above else value < high
    if not (above and below):
        left, right = "[" if closed_below else "(", "]" if closed_above else ")"
        raise ValueError(f"{name} must be in {left}{low}, {high}{right}, got {value!r}.")


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}.")


def _check_dtype(dtype):
    dtype = np.dtype(dtype)
    if dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"dtype must be float64 or float32, got {dtype}.")
    return dtype


class Spectra(NamedTuple):
    """Spectra of meat samples and what they contain, as read by `load_spectra`.

    Attributes
    ----------
    X : ndarray of shape (215, 100), float64, Fortran order
        Absorbances.
    y : ndarray of shape (215,), float64
        Fat, in percent.
    wavelengths : ndarray of shape (100,), float64
        In nanometres, 850 to 1050.
    contents : ndarray of shape (215, 3), float64
        Water, fat and protein, in percent.
    is_test : ndarray of shape (215,), bool
        The samples that are for testing, by the division of the source.
    """

    X: np.ndarray
    y: np.ndarray
    wavelengths: np.ndarray
    contents: np.ndarray
    is_test: np.ndarray


Spectra.__module__ = "riata.datasets"


def load_spectra():
    """Read near-infrared spectra of 215 meat samples, to predict their fat content.

    A real data set with strongly correlated columns, which makes coordinate descent
    slow. It comes with riata; the ``README.md`` beside this module names its source.
    Seven samples of the training part occur in the test part too.

    Returns
    -------
    spectra : Spectra
        Named tuple ``(X, y, wavelengths, contents, is_test)``.

    References
    ----------
    Borggaard and Thodberg, "Optimal minimal neural interpretation of spectra",
    Analytical Chemistry 64, 1992. The spectra were recorded on a Tecator Infratec Food
    and Feed Analyzer.

    Examples
    --------
    >>> from riata.datasets import load_spectra
    >>> spectra = load_spectra()
    >>> spectra.X.shape, int(spectra.is_test.sum())
    ((215, 100), 43)
    >>> float(spectra.y.min()), float(spectra.y.max())
    (0.9, 49.1)
    """
    from importlib import resources

    with resources.files(__package__).joinpath("meats.npz").open("rb") as file:
        stored = np.load(file)
        steps = np.column_stack([stored["first"], stored["steps"]])
        contents = stored["contents"] / 100
    X = np.asfortranarray(np.cumsum(steps, axis=1) / 1e5)
    wavelengths = np.linspace(850.0, 1050.0, X.shape[1])
    is_test = np.arange(len(X)) >= 172
    return Spectra(X, contents[:, 1].copy(), wavelengths, contents, is_test)
