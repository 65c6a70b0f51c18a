"""The generators: shapes, types, statistics, and planted solutions that are optimal."""

import numpy as np
import pytest
import reference
import scipy.sparse as sp

from riata.datasets import (
    make_correlated_data,
    make_planted_problem,
    make_sparse_data,
)


@pytest.mark.parametrize("order", ["F", "C"])
@pytest.mark.parametrize("structure", ["ar", "equi"])
def test_correlated_shapes_types_order(structure, order, dtype):
    X, y, coef = make_correlated_data(
        30, 50, structure=structure, random_state=0, dtype=dtype, order=order
    )
    assert X.shape == (30, 50)
    assert y.shape == (30,)
    assert X.dtype == y.dtype == dtype
    assert coef.dtype == np.float64
    assert X.flags[f"{order}_CONTIGUOUS"]
    assert np.count_nonzero(coef) == 20


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_correlations_are_as_asked(rho):
    options = {"rho": rho, "random_state": 3}
    X, _, _ = make_correlated_data(20_000, 4, structure="ar", **options)
    distance = np.abs(np.subtract.outer(range(4), range(4)))
    np.testing.assert_allclose(np.corrcoef(X.T), rho**distance, atol=0.03)
    X, _, _ = make_correlated_data(20_000, 4, structure="equi", **options)
    np.testing.assert_allclose(
        np.corrcoef(X.T), np.where(distance > 0, rho, 1.0), atol=0.03
    )


@pytest.mark.parametrize("snr", [0.5, 2.0, 100.0])
def test_signal_to_noise_ratio(snr):
    X, y, coef = make_correlated_data(20_000, 5, snr=snr, random_state=0)
    assert np.var(X @ coef) / np.var(y - X @ coef) == pytest.approx(snr, rel=0.1)


def test_infinite_snr_has_no_noise():
    X, y, coef = make_correlated_data(50, 5, snr=np.inf, random_state=0)
    np.testing.assert_array_equal(y, X @ coef)


def test_density_counts_coefficients():
    _, _, coef = make_correlated_data(10, 200, density=0.1, random_state=0)
    assert np.count_nonzero(coef) == 20
    _, _, coef = make_correlated_data(10, 200, n_nonzero=0, random_state=0)
    assert not coef.any()


@pytest.mark.parametrize("make", [make_correlated_data, make_sparse_data])
def test_same_seed_same_data(make):
    first, again = make(20, 30, random_state=5), make(20, 30, random_state=5)
    other = make(20, 30, random_state=np.random.default_rng(6))
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("zipf", [None, 1.0])
@pytest.mark.parametrize("density", [0.005, 0.1, 0.9])
def test_sparse_density_and_format(density, zipf, dtype):
    X, y, coef = make_sparse_data(
        500, 400, density, zipf=zipf, random_state=0, dtype=dtype
    )
    assert sp.issparse(X)
    assert X.format == "csc"
    assert X.dtype == y.dtype == dtype
    assert X.indices.dtype == np.int32
    assert X.nnz / (500 * 400) == pytest.approx(density, rel=0.1)
    assert np.diff(X.indptr).min() >= 1
    check = sp.csc_array((X.data, X.indices, X.indptr), shape=X.shape)
    assert check.has_canonical_format
    assert coef.shape == (400,)


def test_zipf_columns_follow_a_power_law():
    X, _, _ = make_sparse_data(20_000, 1000, 0.005, zipf=1.0, random_state=0)
    counts = np.sort(np.diff(X.indptr))[::-1]
    ratio = counts[[9, 99]] / counts[[19, 199]]
    np.testing.assert_allclose(ratio, 2.0, rtol=0.25)


def test_sparse_values():
    X, _, _ = make_sparse_data(50, 40, 0.1, values="binary", random_state=0)
    assert np.all(X.data == 1)
    X, _, _ = make_sparse_data(50, 40, 0.3, values="counts", random_state=0)
    assert X.data.min() == 1
    assert X.data.max() > 1
    np.testing.assert_array_equal(X.data, np.round(X.data))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("shape", [(60, 15), (40, 90)])
def test_planted_solution_is_optimal(shape, density, standardize, l1_ratio):
    n_samples, n_features = shape
    rng = np.random.default_rng(7)
    problem = make_planted_problem(
        *shape,
        alpha=0.07,
        l1_ratio=l1_ratio,
        density=density,
        standardize=standardize,
        sample_weight=rng.integers(0, 4, n_samples),
        offset=rng.normal(size=n_samples),
        penalty_factor=rng.choice(
            [0.0, 1.0, 2.0, np.inf], n_features, p=[0.1, 0.4, 0.4, 0.1]
        ),
        lower=-rng.choice([0.0, 0.8, np.inf], n_features),
        upper=rng.choice([0.0, 0.8, np.inf], n_features),
        random_state=1,
    )
    certificate = reference.certify(
        problem.X,
        problem.y,
        problem.coef,
        problem.intercept,
        problem.alpha,
        **problem.options,
    )
    assert abs(certificate.relative_gap) < 1e-13
    assert certificate.kkt < 1e-14
    coef, intercept = reference.solve(
        problem.X, problem.y, problem.alpha, **problem.options
    )
    np.testing.assert_allclose(coef, problem.coef, atol=1e-12)
    assert intercept == pytest.approx(problem.intercept, abs=1e-12)
    assert np.count_nonzero(problem.coef) > 0


def test_planted_order_and_dtype(dtype):
    problem = make_planted_problem(20, 10, order="C", dtype=dtype, random_state=0)
    assert problem.X.flags.c_contiguous
    assert problem.X.dtype == problem.y.dtype == dtype
    assert problem.coef.dtype == np.float64
    sparse = make_planted_problem(20, 10, density=0.4, dtype=dtype, random_state=0)
    assert sparse.X.dtype == dtype
    assert np.diff(sparse.X.indptr).min() >= 2


def test_planted_least_squares_without_penalty():
    problem = make_planted_problem(30, 8, alpha=0.0, noise=2.0, random_state=0)
    A = np.column_stack([problem.X, np.ones(30)])
    expected = np.linalg.lstsq(A, problem.y, rcond=None)[0]
    np.testing.assert_allclose(problem.coef, expected[:-1], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "n_samples must be at least 1"),
        ({"rho": 1.0}, "rho must be in"),
        ({"structure": "block"}, "structure must be one of"),
        ({"order": "K"}, "order must be one of"),
        ({"dtype": np.int32}, "dtype must be float64 or float32"),
        ({"snr": 0.0}, "snr must be positive"),
        ({"n_nonzero": 11}, "n_nonzero must lie between"),
        ({"n_nonzero": 1, "density": 0.1}, "not both"),
    ],
)
def test_correlated_rejects(arguments, message):
    arguments = {"n_samples": 5, "n_features": 10, **arguments}
    with pytest.raises(ValueError, match=message):
        make_correlated_data(**arguments)


def test_sizes_must_be_integers():
    with pytest.raises(TypeError, match="n_features must be an integer"):
        make_correlated_data(5, 2.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"density": 0.0}, "density must be in"),
        ({"zipf": -1.0}, "zipf must be in"),
        ({"values": "cauchy"}, "values must be one of"),
    ],
)
def test_sparse_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_sparse_data(5, 10, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": -1.0}, "alpha must be in"),
        ({"l1_ratio": 1.5}, "l1_ratio must be in"),
        ({"lower": 1.0}, "lower <= 0 <= upper"),
        ({"penalty_factor": -1.0}, "penalty_factor must be at least 0"),
        ({"sample_weight": np.zeros(5)}, "sample_weight must be at least 0"),
        ({"upper": np.ones(3)}, "upper must be a number or have shape"),
        ({"penalty_factor": 0.0}, "unknowns but only 5 samples"),
    ],
)
def test_planted_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_planted_problem(5, 10, **arguments)
