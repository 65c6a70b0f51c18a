"""Designs at the edge: tiny, constant, collinear, huge, hostile.

The first table is LAPACK's way: kinds of matrices times sizes, one number for each.
"""

import warnings

import numpy as np
import pytest
import reference
import scipy.sparse as sp

import riata
from riata.datasets import make_correlated_data

SIZES = [1, 2, 3, 5, 10, 50]


def assert_certified(X, y, path, tol=1e-6, **options):
    coefs = path.coef.toarray()
    assert np.all(np.isfinite(coefs))
    for k, alpha in enumerate(path.alphas):
        own = reference.certify(X, y, coefs[:, k], path.intercept[k], alpha, **options)
        assert own.relative_gap <= 1.01 * tol, (k, alpha, own, path.status[k])


def fit_certified(X, y, store=np.asfortranarray, tol=1e-6, **options):
    """The path, of which every alpha is certified (or a test fails)."""
    grid = {name: options.pop(name) for name in ("alphas",) if name in options}
    path = riata.fit_path(store(X), y, tol=tol, **(grid or {"alphas": 5}), **options)
    assert_certified(X, y, path, tol, **options)
    return path


def fit_certified_or_reported(X, y, **options):
    """No convergence may be reported; what is called optimal must be nearly so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = riata.fit_path(X, y, time_limit=0.3, **options)
    del options["alphas"]
    for k, alpha in enumerate(path.alphas):
        if path.status[k] == riata.Status.optimal:
            coef = path.coef[:, [k]].toarray()[:, 0]
            own = reference.certify(X, y, coef, path.intercept[k], alpha, **options)
            # Rounding of coefficients of 1e8 limits the reference too.
            assert own.relative_gap <= 1e-4, own


def _rotation(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


def _conditioned(rng, n, p):
    """Singular values from 1 down to 10 eps."""
    k = min(n, p)
    values = np.logspace(0, np.log10(10 * np.finfo(float).eps), k)
    return (_rotation(rng, n)[:, :k] * values) @ _rotation(rng, p)[:k]


def _walk(rng, n, p):
    noise = rng.normal(size=(n, p)) * np.sqrt(1 - 0.999**2)
    noise[:, 0] = rng.normal(size=n)
    for j in range(1, p):
        noise[:, j] += 0.999 * noise[:, j - 1]
    return noise


DESIGNS = {
    "identity": lambda rng, n, p: np.eye(n, p),
    "orthogonal": lambda rng, n, p: _rotation(rng, max(n, p))[:n, :p],
    "random": lambda rng, n, p: rng.normal(size=(n, p)),
    "constant_column": lambda rng, n, p: np.where(
        np.arange(p) == p // 2, 3.1, rng.normal(size=(n, p))
    ),
    "zero_column": lambda rng, n, p: rng.normal(size=(n, p)) * (np.arange(p) != 0),
    "all_zero": lambda rng, n, p: np.zeros((n, p)),
    "duplicated": lambda rng, n, p: rng.normal(size=(n, p))[:, np.arange(p) // 2],
    "rank_one": lambda rng, n, p: np.outer(rng.normal(size=n), rng.normal(size=p)),
    "hilbert": lambda rng, n, p: 1 / (1 + np.add.outer(np.arange(n), np.arange(p))),
    "ar_0.999": _walk,
    "cond_1/10eps": _conditioned,
    "few_values": lambda rng, n, p: rng.integers(-1, 2, (n, p)).astype(float),
    "one_hot": lambda rng, n, p: np.eye(p)[rng.integers(0, p, n)],
    "near_underflow": lambda rng, n, p: rng.normal(size=(n, p)) * 1e-140,
    "near_overflow": lambda rng, n, p: rng.normal(size=(n, p)) * 1e140,
}


# With columns left unpenalised, or none penalised, their optimal coefficients are
# beyond 1e8, and rounding alone may be more than the tolerance.
ILL_CONDITIONED = {"hilbert", "cond_1/10eps"}


@pytest.mark.filterwarnings("ignore:alpha_max is 0")
@pytest.mark.parametrize("store", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("design", DESIGNS)
def test_table_of_designs(design, fit_intercept, store):
    rng = np.random.default_rng(0)
    for n_samples in SIZES:
        for n_features in SIZES:
            X = DESIGNS[design](rng, n_samples, n_features)
            y = rng.normal(size=n_samples)
            fit_certified(X, y, store, alphas=3, fit_intercept=fit_intercept)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.filterwarnings("ignore:alpha_max is 0")
def test_table_of_options(design, standardize, l1_ratio):
    rng = np.random.default_rng(1)
    for n_samples, n_features in [(1, 3), (3, 1), (5, 5), (10, 4), (4, 10), (20, 50)]:
        X = DESIGNS[design](rng, n_samples, n_features)
        y = rng.normal(size=n_samples)
        options = {"standardize": standardize, "l1_ratio": l1_ratio}
        for more in (
            {},
            {"lower": 0.0},
            {"penalty_factor": np.arange(n_features) % 3},
            {"sample_weight": np.arange(n_samples) % 3 + 1.0, "lower": -0.1},
        ):
            hard = "penalty_factor" in more and design in ILL_CONDITIONED
            fit = fit_certified_or_reported if hard else fit_certified
            fit(X, y, alphas=3, **options, **more)


@pytest.mark.parametrize("options", [{}, {"lower": 0.0}, {"upper": 0.1}])
@pytest.mark.parametrize("design", DESIGNS)
def test_no_penalty_at_all(design, options):
    rng = np.random.default_rng(2)
    for n_samples, n_features in [(1, 1), (1, 3), (3, 1), (10, 4), (4, 10), (30, 30)]:
        X = DESIGNS[design](rng, n_samples, n_features)
        fit = fit_certified_or_reported if design in ILL_CONDITIONED else fit_certified
        fit(X, rng.normal(size=n_samples), alphas=[0.0], **options)


# --- The target -----------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1e8, 1e-300])
def test_constant_target(value, main_storage):
    X, _, _ = make_correlated_data(20, 30, random_state=0)
    path = riata.fit_path(main_storage(X), np.full(20, value), alphas=[1.0, 0.1])
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, value)
    assert np.all(path.relative_gap <= 1e-6)
    assert list(path.status) == [riata.Status.optimal] * 2


def test_zero_target_on_the_default_grid(main_storage):
    # alpha_max is 0: every alpha gives the null model; peers warned for ever.
    X, _, _ = make_correlated_data(20, 30, random_state=0)
    for fit_intercept in (True, False):
        with pytest.warns(UserWarning, match="alpha_max is 0: y is constant"):
            path = riata.fit_path(
                main_storage(X), np.zeros(20), fit_intercept=fit_intercept, alphas=5
            )
        np.testing.assert_allclose(path.alphas[[0, -1]], [1.0, 1e-3])
        assert path.coef.nnz == 0
        assert not path.intercept.any()


def test_one_sample():
    X = np.array([[1.0, -2.0, 3.0]])
    path = riata.fit_path(X, [4.0], alphas=[1.0, 0.1])
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, 4.0)
    fit_certified(X, np.array([4.0]), fit_intercept=False)


def test_one_sample_of_positive_weight(main_storage):
    X, y, _ = make_correlated_data(20, 30, random_state=0)
    s = np.zeros(20)
    s[7] = 2.0
    path = riata.fit_path(main_storage(X), y, sample_weight=s, alphas=[1.0, 0.1])
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, y[7])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 5.0])
def test_one_feature_is_soft_thresholding(alpha, main_storage):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=25), rng.normal(size=25)
    z, t = x - x.mean(), y - y.mean()
    c = z @ t / 25
    expected = np.sign(c) * max(abs(c) - 0.1 * alpha, 0) / (z @ z / 25)
    path = riata.fit_path(main_storage(x[:, None]), y, alphas=[0.1 * alpha], tol=1e-12)
    assert path.coef.toarray()[0, 0] == pytest.approx(expected, abs=1e-12)


def test_exact_fit_without_noise(main_storage):
    X, _, coef = make_correlated_data(50, 10, random_state=0)
    path = riata.fit_path(main_storage(X), X @ coef + 2, alphas=[1e-9], tol=1e-12)
    np.testing.assert_allclose(path.coef.toarray()[:, 0], coef, atol=1e-7)
    fit_certified(X, X @ coef + 2, main_storage, alphas=30)


# --- Scales ---------------------------------------------------------------------------


@pytest.mark.parametrize("standardize", [False, True])
def test_columns_of_very_different_scale(standardize, main_storage):
    X, y, _ = make_correlated_data(60, 20, n_nonzero=20, random_state=0)
    X = X * np.logspace(-6, 6, 20)
    fit_certified(X, y, main_storage, alphas=30, standardize=standardize)
    fit_certified(X, y, main_storage, alphas=[0.0], standardize=standardize)


@pytest.mark.parametrize("mean", [1e3, 1e5, 1e6])
@pytest.mark.parametrize("standardize", [False, True])
def test_large_column_means(mean, standardize, main_storage):
    # A year, an altitude: a peer was 5 to 82 % of the null objective off.
    X, y, _ = make_correlated_data(60, 30, random_state=0)
    options = {"standardize": standardize}
    path = fit_certified(X + mean, y, main_storage, alphas=20, **options)
    plain = riata.fit_path(X, y, alphas=path.alphas, **options)
    np.testing.assert_allclose(
        path.objective, plain.objective, rtol=0, atol=3e-6 * plain.null_objective
    )


def test_large_column_means_in_float32(main_storage):
    X, y, _ = make_correlated_data(60, 30, random_state=0)
    X = (X + 1e3).astype(np.float32)
    fit_certified(X, y.astype(np.float32), main_storage, alphas=20)


def test_mean_of_1e9_is_right_or_reported():
    X, y, _ = make_correlated_data(60, 30, random_state=0)
    X = X + 1e9
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = riata.fit_path(X, y, alphas=10)
    if not caught:
        assert_certified(X, y, path)


@pytest.mark.parametrize(
    ("x_unit", "y_unit"),
    [
        (1e150, 1.0),
        (1e-150, 1.0),
        (1.0, 1e150),
        (1.0, 1e-150),
        (1e150, 1e-150),
        (1e-150, 1e150),
        (1e100, 1e100),
        (1e-100, 1e-100),
    ],
)
def test_extreme_units(x_unit, y_unit, main_storage):
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    for options in ({}, {"l1_ratio": 0.5}, {"standardize": True}):
        fit_certified(x_unit * X, y_unit * y, main_storage, alphas=8, **options)


@pytest.mark.parametrize(
    ("x_unit", "y_unit"),
    [(1e200, 1.0), (1.0, 1e200), (1e200, 1e200), (1e-200, 1e-200), (1e150, 1e150)],
)
def test_squares_beyond_the_range_are_right_or_refused(x_unit, y_unit, main_storage):
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    X, y = x_unit * X, y_unit * y
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            path = riata.fit_path(main_storage(X), y, alphas=5)
        except ValueError:
            return
    if not any(issubclass(w.category, riata.ConvergenceWarning) for w in caught):
        assert_certified(X, y, path)


def test_float32_squares_beyond_its_range(main_storage):
    X, y, _ = make_correlated_data(30, 40, dtype=np.float32, random_state=0)
    for unit in (np.float32(1e25), np.float32(1e-25)):
        fit_certified(unit * X, y, main_storage, alphas=8)
        fit_certified(X, unit * y, main_storage, alphas=8)


def test_one_huge_column(main_storage):
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    X[:, 11] *= 1e100
    fit_certified(X, y, main_storage, alphas=[1e99, 1.0, 0.1])


def test_one_outlier(main_storage):
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    X[3, 11] = 1e10
    y[5] = -1e10
    fit_certified(X, y, main_storage, alphas=20)


# --- Ties -----------------------------------------------------------------------------


def test_all_columns_equal(main_storage):
    x = np.random.default_rng(0).normal(size=30)
    y = 2 * x + 1
    X = np.repeat(x[:, None], 50, axis=1)
    for options in ({}, {"l1_ratio": 0.5}, {"l1_ratio": 0.0}, {"lower": 0.0}):
        path = fit_certified(X, y, main_storage, alphas=20, **options)
        alone = riata.fit_path(
            x[:, None], y, alphas=path.alphas[:1] * 0.1, tol=1e-10
        ).predict(x[:, None])
        if not options:
            shared = riata.fit_path(X, y, alphas=path.alphas[:1] * 0.1, tol=1e-10)
            np.testing.assert_allclose(shared.predict(X), alone, atol=1e-4)


def test_opposite_columns(main_storage):
    X, y, _ = make_correlated_data(30, 20, random_state=0)
    fit_certified(np.hstack([X, -X]), y, main_storage, alphas=30)
    fit_certified(np.hstack([X, -X]), y, main_storage, alphas=30, lower=0.0)


def test_categories_with_a_full_set_of_dummies(main_storage):
    rng = np.random.default_rng(0)
    blocks = [np.eye(k)[rng.integers(0, k, 100)] for k in (2, 3, 7)]
    X = np.hstack(blocks)
    y = X @ rng.normal(size=12) + rng.normal(size=100)
    fit_certified(X, y, main_storage, alphas=30)
    fit_certified(X, y, main_storage, alphas=[0.0])
    fit_certified(X, y, main_storage, alphas=30, l1_ratio=0.0)
    # Unpenalised although dependent: the fit is determined, its coefficients are not.
    fit_certified(X, y, main_storage, penalty_factor=np.repeat([0, 1], [5, 7]))


def test_tall_ties_of_binary_columns(main_storage):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, size=(40, 60)).astype(float)
    y = rng.integers(0, 2, size=40).astype(float)
    fit_certified(X, y, main_storage, alphas=50)


def test_unpenalised_columns_that_interpolate(main_storage):
    X, y, _ = make_correlated_data(10, 30, random_state=0)
    factor = np.repeat([0.0, 1.0], [15, 15])
    path = riata.fit_path(main_storage(X), y, alphas=[1.0], penalty_factor=factor)
    np.testing.assert_allclose(path.predict(X)[:, 0], y, atol=1e-6)


# --- Sparse matrices ------------------------------------------------------------------


@pytest.mark.parametrize("make", [sp.csc_array, sp.csr_array, sp.coo_array])
def test_empty_sparse_matrices(make):
    y = np.arange(6.0)
    path = riata.fit_path(make((6, 4)), y, alphas=[1.0, 0.0])
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, 2.5)


def test_empty_rows_and_columns(main_storage):
    X, y, _ = make_correlated_data(30, 20, random_state=0)
    X[::3], X[:, ::4] = 0, 0
    path = fit_certified(X, y, main_storage, alphas=10)
    assert not path.coef.toarray()[::4].any()


def test_duplicates_that_cancel():
    X, y, _ = make_correlated_data(30, 20, random_state=0)
    clean = sp.csc_array(X)
    rows = np.r_[np.tile(np.arange(30), 20), 3, 3]
    columns = np.r_[np.repeat(np.arange(20), 30), 5, 5]
    data = np.r_[X.T.ravel(), 1e3, -1e3]
    X = sp.csc_array(sp.coo_array((data, (rows, columns)), shape=(30, 20)))
    raw = _unsummed(data, rows, columns, (30, 20))
    expected = riata.fit_path(clean, y, alphas=[0.05], tol=1e-12)
    found = riata.fit_path(raw, y, alphas=[0.05], tol=1e-12)
    np.testing.assert_allclose(found.coef.toarray(), expected.coef.toarray(), atol=1e-9)


def _unsummed(data, rows, columns, shape):
    """CSC with the entries as given, duplicates and all."""
    order = np.lexsort((np.arange(rows.size), columns))
    indptr = np.r_[0, np.cumsum(np.bincount(columns, minlength=shape[1]))]
    return sp.csc_array((data[order], rows[order], indptr), shape=shape)


def test_more_columns_than_memory_for_a_gram():
    rng = np.random.default_rng(0)
    n_features = 300_000
    X = sp.csc_array(
        (
            rng.normal(size=2 * n_features),
            rng.integers(0, 500, 2 * n_features),
            np.arange(0, 2 * n_features + 1, 2),
        ),
        shape=(500, n_features),
    )
    y = rng.normal(size=500)
    path = riata.fit_path(X, y, alphas=5, alpha_min_ratio=0.3)
    assert np.all(path.relative_gap <= 1e-6)
    assert path.coef.shape == (n_features, 5)
    assert 0 < path.n_active[-1] < 500


# --- What must be refused -------------------------------------------------------------


def _with(value):
    X = np.ones((20, 4))
    X[13, 2] = value
    return X


@pytest.mark.parametrize(
    "make", [np.asfortranarray, np.ascontiguousarray, sp.csc_array]
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_non_finite_X(bad, make, dtype):
    with pytest.raises(ValueError, match=r"X.*(NaN|inf)"):
        riata.fit_path(make(_with(bad).astype(dtype)), np.arange(20.0))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["y", "sample_weight", "offset"])
def test_non_finite_vectors(name, bad):
    X, y, _ = make_correlated_data(20, 4, random_state=0)
    vector = np.ones(20)
    vector[13] = bad
    arguments = {"X": X, "y": y, name: vector}
    with pytest.raises(ValueError, match=name):
        riata.fit_path(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alphas": [-1.0]}, "alphas"),
        ({"alphas": [np.nan, 1.0]}, "alphas"),
        ({"alphas": [np.inf]}, "alphas"),
        ({"alphas": []}, "alphas"),
        ({"alphas": 0}, "alphas"),
        ({"alphas": -3}, "alphas"),
        ({"alphas": [[1.0, 2.0]]}, "alphas"),
        ({"alpha_min_ratio": 0.0}, "alpha_min_ratio"),
        ({"alpha_min_ratio": -1.0}, "alpha_min_ratio"),
        ({"l1_ratio": 1.5}, "l1_ratio"),
        ({"l1_ratio": -0.2}, "l1_ratio"),
        ({"l1_ratio": np.nan}, "l1_ratio"),
        ({"tol": -1.0}, "tol"),
        ({"tol": np.nan}, "tol"),
        ({"max_iter": 0}, "max_iter"),
        ({"max_iter": -1}, "max_iter"),
        ({"max_active": -1}, "max_active"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"time_limit": np.nan}, "time_limit"),
        ({"n_threads": 0}, "n_threads"),
        ({"loss": "absolute"}, "loss"),
        ({"sample_weight": -np.ones(20)}, "sample_weight"),
        ({"sample_weight": np.zeros(20)}, "sample_weight"),
        ({"sample_weight": np.ones(19)}, "sample_weight"),
        ({"offset": np.ones(21)}, "offset"),
        ({"penalty_factor": -1.0}, "penalty_factor"),
        ({"penalty_factor": np.nan}, "penalty_factor"),
        ({"penalty_factor": np.ones(3)}, "penalty_factor"),
        ({"lower": 0.5}, "lower"),
        ({"upper": -0.5}, "upper"),
        ({"lower": np.nan}, "lower"),
        ({"upper": np.ones(5)}, "upper"),
        ({"y": np.ones(19)}, "y"),
        ({"y": np.ones((20, 2))}, "y"),
        ({"X": np.ones(20)}, "X"),
        ({"X": np.ones((20, 0))}, "X"),
        ({"X": np.ones((0, 4))}, "X"),
        ({"X": np.ones((20, 4, 1))}, "X"),
    ],
    ids=lambda value: (
        "-".join(map(str, value.items()))[:40] if isinstance(value, dict) else ""
    ),
)
def test_arguments_out_of_range(arguments, message):
    X, y, _ = make_correlated_data(20, 4, random_state=0)
    with pytest.raises((ValueError, TypeError), match=message):
        riata.fit_path(**{"X": X, "y": y, **arguments})


@pytest.mark.parametrize(
    "X",
    [
        np.ma.masked_array(np.ones((20, 4)), mask=np.eye(20, 4)),
        np.ones((20, 4), dtype=complex),
        np.full((20, 4), "a"),
        np.zeros((20, 4), dtype="datetime64[D]"),
        np.full((20, 4), None),
        "X.npy",
        None,
    ],
    ids=["masked", "complex", "text", "datetime", "objects", "name", "none"],
)
def test_kinds_of_X_that_are_refused(X):
    with pytest.raises((ValueError, TypeError)):
        riata.fit_path(X, np.arange(20.0))


@pytest.mark.parametrize("make", [sp.csc_array, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize(
    "damage",
    [
        "index_large",
        "index_negative",
        "indptr_falls",
        "indptr_first",
        "indptr_last",
        "indptr_short",
        "indices_short",
        "data_short",
        "indptr_negative",
        "index_huge",
    ],
)
def test_malformed_sparse_matrices_are_refused(damage, make):
    X = make(np.random.default_rng(0).normal(size=(20, 20)))
    if damage.startswith("index"):
        X.indices[17] = {"large": 20, "negative": -1, "huge": 2**31 - 1}[damage[6:]]
    elif damage == "indptr_falls":
        X.indptr[3] = X.indptr[5]
        X.indptr[4] = X.indptr[2]
    elif damage == "indptr_first":
        X.indptr[0] = 1
    elif damage == "indptr_last":
        X.indptr[-1] += 1000
    elif damage == "indptr_negative":
        X.indptr[4] = -5
    else:
        name = damage.split("_")[0]
        setattr(X, name, getattr(X, name)[:-1].copy())
    with pytest.raises(ValueError, match="X"):
        riata.fit_path(X, np.arange(20.0))
    with pytest.raises(ValueError, match="X"):
        riata.check_solution(X, np.arange(20.0), np.zeros(20), alpha=1.0)


def test_a_refused_call_changes_nothing():
    X, y, _ = make_correlated_data(20, 4, random_state=0)
    s = -np.ones(20)
    kept = X.copy(), y.copy(), s.copy()
    with pytest.raises(ValueError, match="sample_weight"):
        riata.fit_path(X, y, sample_weight=s)
    for array, copy in zip((X, y, s), kept, strict=True):
        np.testing.assert_array_equal(array, copy)
