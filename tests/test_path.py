"""Paths of the squared loss: planted optima, invariances, closed forms, the API."""

import itertools
import pickle
import warnings

import numpy as np
import pytest
import reference
import scipy.sparse as sp

import riata
from riata.datasets import (
    make_correlated_data,
    make_planted_problem,
    make_sparse_data,
)

# Largest error of a coefficient (they are of order 1), for each type of X.
ACCURACY = {np.float64: 1e-8, np.float32: 1e-4}


def tight(options, dtype=np.float64):
    """A tolerance that gives this accuracy.

    The gap bounds the square of the error; where it ends in an exact solution of the
    equations of the active set, as here, the coefficients are better than that bound.
    Columns without a penalty are certified to about 1e-11 only: nothing but a generous
    bound keeps their coefficients in the dual.
    """
    tol = {np.float64: 1e-12, np.float32: 1e-10}[dtype]
    factor = options.get("penalty_factor")
    return 10 * tol if factor is not None and np.any(np.equal(factor, 0)) else tol


def first(path):
    """Coefficients and intercept of the only alpha of a path."""
    assert path.coef.shape[1] == 1
    return path.coef.toarray()[:, 0], float(path.intercept[0])


def solve(X, y, alpha, **options):
    options.setdefault("tol", tight(options) if alpha > 0 else 1e-11)
    return first(riata.fit_path(X, y, alphas=[alpha], **options))


def assert_planted(problem, X=None):
    dtype = problem.X.dtype.type
    path = riata.fit_path(
        problem.X if X is None else X,
        problem.y,
        alphas=[problem.alpha],
        tol=tight(problem.options, dtype),
        **problem.options,
    )
    coef, intercept = first(path)
    assert path.status[0] == riata.Status.optimal
    np.testing.assert_allclose(coef, problem.coef, rtol=0, atol=ACCURACY[dtype])
    assert intercept == pytest.approx(problem.intercept, abs=10 * ACCURACY[dtype])


def contents(*arguments):
    """All bytes of arrays and sparse matrices, with shapes, types and flags."""
    seen = []
    for value in arguments:
        if sp.issparse(value):
            names = ("row", "col") if value.format == "coo" else ("indices", "indptr")
            seen.append((value.format, value.shape))
            seen += contents(value.data, *(getattr(value, name) for name in names))
        elif isinstance(value, np.ndarray):
            flags = (value.flags.writeable, value.flags.aligned, value.strides)
            seen.append((value.shape, value.dtype.str, flags, value.tobytes()))
        else:
            seen.append(repr(value))
    return seen


def covering_rows(factors, strength, seed=0):
    """Combinations in which any `strength` factors take all combinations of levels.

    Greedy: of a few hundred random rows, take the one that covers most new ones.
    """
    rng = np.random.default_rng(seed)
    names, levels = list(factors), [len(v) for v in factors.values()]
    sets = list(itertools.combinations(range(len(names)), strength))
    missing = {
        (s, c) for s in sets for c in itertools.product(*(range(levels[k]) for k in s))
    }
    rows = []
    while missing:
        # Each candidate holds one missing combination, so that the loop ends.
        s, c = min(missing)
        candidates = rng.integers(0, levels, size=(100, len(levels)))
        candidates[:, list(s)] = c
        covered = [
            {(s, tuple(row[list(s)])) for s in sets} & missing for row in candidates
        ]
        best = max(range(len(covered)), key=lambda k: len(covered[k]))
        missing -= covered[best]
        rows.append(
            {n: factors[n][k] for n, k in zip(names, candidates[best], strict=True)}
        )
    return rows


FACTORS = {
    "shape": ["tall", "wide"],
    "density": [None, 0.4],
    "l1_ratio": [1.0, 0.5, 0.05, 0.0],
    "weight": [None, "integer", "real"],
    "factor": [None, "mixed"],
    "bounds": [None, "positive", "box"],
    "offset": [False, True],
    "fit_intercept": [True, False],
    "standardize": [False, True],
    "dtype": [np.float64, np.float32],
}
COMBINATIONS = covering_rows(FACTORS, strength=2) + covering_rows(FACTORS, 2, seed=1)


def draw(combination, seed):
    """The planted problem of one combination of `FACTORS`."""
    rng = np.random.default_rng(seed)
    choice = dict(combination)
    n_samples, n_features = {"tall": (90, 20), "wide": (50, 120)}[choice.pop("shape")]
    weight, factor, bounds, offset = map(
        choice.pop, ("weight", "factor", "bounds", "offset")
    )
    options = {
        None: {},
        "positive": {"lower": 0.0},
        "box": {
            "lower": -rng.choice([0.0, 0.7, 1.5, np.inf], n_features),
            "upper": rng.choice([0.0, 0.7, 1.5, np.inf], n_features),
        },
    }[bounds]
    if weight == "integer":
        options["sample_weight"] = rng.integers(0, 4, n_samples)
    elif weight == "real":
        options["sample_weight"] = 1e-3 * rng.random(n_samples)
    if factor == "mixed":
        options["penalty_factor"] = rng.choice(
            [0.0, 0.5, 1.0, 3.0, np.inf], n_features, p=[0.05, 0.3, 0.3, 0.3, 0.05]
        )
    if offset:
        options["offset"] = rng.normal(size=n_samples)
    return make_planted_problem(
        n_samples, n_features, n_nonzero=6, random_state=seed, **options, **choice
    )


@pytest.mark.parametrize("index", range(len(COMBINATIONS)))
def test_planted_optimum_for_all_options(index):
    assert_planted(draw(COMBINATIONS[index], seed=index))


@pytest.mark.parametrize("standardize", [False, True])
def test_planted_optimum_in_every_storage(storage, dtype, standardize):
    problem = make_planted_problem(
        50,
        70,
        density=0.5,
        standardize=standardize,
        sample_weight=np.arange(50) % 4,
        dtype=dtype,
        random_state=4,
    )
    X = storage(problem.X.toarray())
    before = contents(X, problem.y, *problem.options.values())
    assert_planted(problem, X)
    assert contents(X, problem.y, *problem.options.values()) == before


@pytest.mark.parametrize("shape", [(600, 100), (100, 3000), (400, 400)])
def test_planted_optimum_of_larger_problems(shape, main_storage):
    problem = make_planted_problem(
        *shape, n_nonzero=25, rho=0.8, noise=0.5, random_state=2
    )
    assert_planted(problem, main_storage(problem.X))


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("positive", [False, True])
def test_scikit_learn_paths(name, sparse, positive):
    from sklearn import linear_model

    X, y, _ = make_correlated_data(40, 60, random_state=0)
    X = sp.csc_array(X) if sparse else X
    arguments = {"eps": 1e-2, "alphas": 12, "positive": positive, "tol": 1e-15}
    if name == "enet_path":
        arguments["l1_ratio"] = 0.6
    theirs = getattr(linear_model, name)(X, y, max_iter=100_000, **arguments)
    arguments["tol"] = tight(arguments)
    alphas, coefs, dual_gaps = getattr(riata, name)(X, y, **arguments)
    np.testing.assert_allclose(alphas, theirs[0], rtol=1e-12)
    np.testing.assert_allclose(coefs, theirs[1], atol=1e-6)
    assert isinstance(coefs, np.ndarray)
    assert coefs.shape == (60, 12)
    assert dual_gaps.shape == (12,)
    assert np.all(dual_gaps <= 1e-12 * np.sum(y**2))


@pytest.mark.parametrize("precompute", [False, True, "auto"])
def test_scikit_learn_path_of_given_alphas(precompute):
    X, y, _ = make_correlated_data(30, 10, random_state=0)
    path = riata.lasso_path(X, y, alphas=[0.1, 1.0, 0.3], precompute=precompute)
    alphas, coefs, _ = path
    np.testing.assert_array_equal(alphas, [1.0, 0.3, 0.1])
    np.testing.assert_array_equal(path.coef.toarray(), coefs)
    assert not path.intercept.any()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
def test_agrees_with_scikit_learn_elastic_net(main_storage, l1_ratio, weighted):
    from sklearn.linear_model import ElasticNet

    X, y, _ = make_correlated_data(50, 80, rho=0.7, random_state=1)
    s = np.random.default_rng(0).random(50) if weighted else None
    theirs = ElasticNet(alpha=0.05, l1_ratio=l1_ratio, tol=1e-13, max_iter=10**6)
    theirs.fit(X, y + 3.0, sample_weight=s)
    coef, intercept = solve(
        main_storage(X), y + 3.0, 0.05, l1_ratio=l1_ratio, sample_weight=s
    )
    np.testing.assert_allclose(coef, theirs.coef_, atol=1e-7)
    assert intercept == pytest.approx(theirs.intercept_, abs=1e-7)


# --- The largest alpha ----------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"l1_ratio": 0.3},
        {"lower": 0.0},
        {"upper": 0.0},
        {"sample_weight": np.arange(30) % 3},
        {"offset": np.linspace(-1, 1, 30)},
        {"penalty_factor": np.arange(40) % 5},
        {"penalty_factor": np.r_[np.inf, np.ones(38), np.inf]},
        {"penalty_factor": np.arange(40) % 5, "lower": -0.1, "upper": 0.05},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_alpha_max_is_exact(options, main_storage):
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    X, y = main_storage(X), y + 2.0
    top = riata.alpha_max(X, y, **options)
    assert top == pytest.approx(float(reference.alpha_max(X, y, **options)), rel=1e-11)
    # From here on nothing penalised moves; just below, something does.
    penalised = np.broadcast_to(options.get("penalty_factor", 1), 40) > 0
    coef, _ = solve(X, y, top * (1 + 1e-11), **options)
    assert not coef[penalised].any()
    coef, _ = solve(X, y, top * (1 - 1e-4), **options)
    assert coef[penalised].any()


def test_zero_at_alpha_max_and_certified_just_below():
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    path = riata.fit_path(X, y)
    assert path.alphas[0] == path.alpha_max == riata.alpha_max(X, y)
    assert path.n_active[0] == 0
    assert path.intercept[0] == pytest.approx(y.mean())
    below = path.alpha_max * (1 - 1e-9)
    coef, intercept = solve(X, y, below)
    assert reference.certify(X, y, coef, intercept, below).relative_gap <= 1e-12
    assert np.abs(coef).max() < 1e-7


def test_alphas_above_the_maximum_give_the_null_model():
    X, y, _ = make_correlated_data(30, 40, random_state=0)
    top = riata.alpha_max(X, y)
    path = riata.fit_path(X, y, alphas=[2 * top, 1e10 * top, 1e300])
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, y.mean())
    np.testing.assert_allclose(path.deviance_ratio, 0, atol=1e-15)


# --- Weights, offsets, factors, bounds ------------------------------------------------


@pytest.mark.parametrize("standardize", [False, True])
def test_integer_weights_repeat_rows(main_storage, standardize):
    X, y, _ = make_correlated_data(40, 25, random_state=0)
    s = np.random.default_rng(0).integers(0, 4, 40)
    options = {"standardize": standardize, "l1_ratio": 0.8}
    repeated = solve(
        main_storage(np.repeat(X, s, axis=0)), np.repeat(y, s), 0.02, **options
    )
    weighted = solve(main_storage(X), y, 0.02, sample_weight=s, **options)
    np.testing.assert_allclose(weighted[0], repeated[0], atol=1e-9)
    assert weighted[1] == pytest.approx(repeated[1], abs=1e-9)


@pytest.mark.parametrize("standardize", [False, True])
def test_samples_of_weight_zero_do_not_matter(main_storage, standardize):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    s = np.repeat([1.0, 0.0], [30, 10])
    X[30:] *= 1e4
    y[30:] = 1e8
    options = {"standardize": standardize}
    with_them = riata.fit_path(
        main_storage(X), y, sample_weight=s, alphas=5, tol=1e-12, **options
    )
    without = riata.fit_path(
        main_storage(X[:30]), y[:30], alphas=5, tol=1e-12, **options
    )
    np.testing.assert_allclose(with_them.alphas, without.alphas, rtol=1e-12)
    np.testing.assert_allclose(
        with_them.coef.toarray(), without.coef.toarray(), atol=1e-8
    )
    np.testing.assert_allclose(with_them.null_objective, without.null_objective)


@pytest.mark.parametrize("factor", [2.0**-40, 3.0, 1e6, 1e-200])
def test_scale_of_weights_does_not_matter(factor, main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    s = np.random.default_rng(0).random(40)
    X = main_storage(X)
    plain = riata.fit_path(X, y, sample_weight=s, alphas=8, tol=1e-12)
    scaled = riata.fit_path(X, y, sample_weight=factor * s, alphas=8, tol=1e-12)
    np.testing.assert_allclose(scaled.alphas, plain.alphas, rtol=1e-12)
    np.testing.assert_allclose(scaled.coef.toarray(), plain.coef.toarray(), atol=1e-9)
    np.testing.assert_allclose(scaled.objective, plain.objective, rtol=1e-12)


def test_equal_weights_are_no_weights(main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    X = main_storage(X)
    coef, _ = solve(X, y, 0.05)
    weighted, _ = solve(X, y, 0.05, sample_weight=np.full(40, 7.0))
    np.testing.assert_allclose(weighted, coef, atol=1e-11)


def test_sparse_weighted_equals_dense_weighted():
    # A peer ignored the weights of sparse data; the difference here is of order 1.
    X, y, _ = make_sparse_data(60, 90, 0.2, random_state=0)
    s = 10.0 ** np.random.default_rng(0).uniform(-3, 3, 60)
    for options in ({}, {"fit_intercept": False}, {"standardize": True}):
        dense, _ = solve(X.toarray(), y, 0.05, sample_weight=s, **options)
        sparse, _ = solve(X, y, 0.05, sample_weight=s, **options)
        np.testing.assert_allclose(sparse, dense, atol=1e-9)
        plain, _ = solve(X, y, 0.05, **options)
        assert np.abs(sparse - plain).max() > 0.1


def test_offset_is_a_shift_of_y(main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    X, offset = main_storage(X), np.random.default_rng(0).normal(size=40)
    shifted = solve(X, y, 0.05, offset=offset)
    moved = solve(X, y - offset, 0.05)
    np.testing.assert_allclose(shifted[0], moved[0], atol=1e-11)
    assert shifted[1] == pytest.approx(moved[1], abs=1e-11)


def test_constant_added_to_y_moves_only_the_intercept(main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    X = main_storage(X)
    coef, intercept = solve(X, y, 0.05)
    for constant in (1.0, -1e3, 1e6):
        other, moved = solve(X, y + constant, 0.05)
        np.testing.assert_allclose(other, coef, atol=1e-9 + 1e-14 * abs(constant))
        assert moved - constant == pytest.approx(intercept, abs=1e-8)


def test_factor_zero_is_not_penalised_and_infinity_excludes(main_storage):
    X, y, _ = make_correlated_data(40, 10, random_state=0)
    y += 2 * X[:, 9] + 5 * X[:, 0]
    factor = np.ones(10)
    factor[0], factor[9] = 0.0, np.inf
    huge, intercept = solve(main_storage(X), y, 1e4, penalty_factor=factor)
    slope, level = np.polyfit(X[:, 0], y, 1)
    assert np.flatnonzero(huge).tolist() == [0]
    assert huge[0] == pytest.approx(slope)
    assert intercept == pytest.approx(level)
    coef, _ = solve(main_storage(X), y, 0.01, penalty_factor=factor)
    without, _ = solve(main_storage(X[:, :9]), y, 0.01, penalty_factor=factor[:9])
    np.testing.assert_allclose(coef[:9], without, atol=1e-10)
    assert coef[9] == 0


def test_all_excluded_is_the_null_model(main_storage):
    X, y, _ = make_correlated_data(20, 5, random_state=0)
    coef, intercept = solve(main_storage(X), y, 0.1, penalty_factor=np.inf)
    assert not coef.any()
    assert intercept == pytest.approx(y.mean())


def test_factor_scales_the_penalty_of_a_column():
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    factor = np.random.default_rng(0).uniform(0.5, 2, 30)
    scaled, _ = solve(X / factor, y, 0.05)
    coef, _ = solve(X, y, 0.05, penalty_factor=factor)
    np.testing.assert_allclose(coef, scaled / factor, atol=1e-10)


def test_factors_are_not_normalised():
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    for l1_ratio in (1.0, 0.4):
        doubled, _ = solve(X, y, 0.05, l1_ratio=l1_ratio, penalty_factor=2.0)
        coef, _ = solve(X, y, 0.10, l1_ratio=l1_ratio)
        np.testing.assert_allclose(doubled, coef, atol=1e-11)


def test_bounds_hold_exactly(main_storage):
    X, y, _ = make_correlated_data(60, 30, random_state=0)
    path = riata.fit_path(main_storage(X), y, lower=-0.1, upper=0.3, alphas=20)
    coef = path.coef.toarray()
    assert coef.min() == -0.1
    assert coef.max() == 0.3


def test_penalty_object_carries_the_four_arguments():
    X, y, _ = make_correlated_data(40, 12, random_state=0)
    arguments = {
        "l1_ratio": 0.7,
        "penalty_factor": np.arange(12) % 3,
        "lower": -0.2,
        "upper": 0.5,
    }
    named = riata.fit_path(X, y, alphas=5, **arguments)
    penalty = riata.penalties.ElasticNet(**arguments)
    whole = riata.fit_path(X, y, alphas=5, penalty=penalty)
    np.testing.assert_array_equal(whole.coef.toarray(), named.coef.toarray())


# --- Closed forms ---------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(60, 10), (20, 50)])
def test_ridge_closed_form(shape, fit_intercept, main_storage):
    X, y, _ = make_correlated_data(*shape, random_state=0)
    Z = X - X.mean(axis=0) * fit_intercept
    for alpha in (1e-3, 0.1, 10.0):
        gram = Z.T @ Z / len(y) + alpha * np.eye(shape[1])
        expected = np.linalg.solve(gram, Z.T @ (y - y.mean() * fit_intercept) / len(y))
        path = riata.fit_path(
            main_storage(X),
            y,
            alphas=[alpha],
            l1_ratio=0.0,
            fit_intercept=fit_intercept,
            tol=1e-14,
        )
        # The objective is strongly convex with modulus alpha.
        error = np.linalg.norm(first(path)[0] - expected)
        assert error <= np.sqrt(2 * max(path.dual_gap[0], 0) / alpha) + 1e-10


def test_orthogonal_design_is_soft_thresholding(main_storage):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(32, 8)))[0] * np.sqrt(32)
    y = rng.normal(size=32)
    c = Q.T @ y / 32
    for alpha, l1_ratio in [(0.05, 1.0), (0.2, 0.5), (0.1, 0.0)]:
        shrunk = np.sign(c) * np.maximum(np.abs(c) - alpha * l1_ratio, 0)
        coef, _ = solve(
            main_storage(Q), y, alpha, l1_ratio=l1_ratio, fit_intercept=False
        )
        np.testing.assert_allclose(
            coef, shrunk / (1 + alpha * (1 - l1_ratio)), atol=1e-12
        )


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_alpha_zero_is_least_squares(main_storage, l1_ratio):
    X, y, _ = make_correlated_data(50, 12, random_state=0)
    coef, intercept = solve(main_storage(X), y, 0.0, l1_ratio=l1_ratio)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y, rcond=None)[0]
    np.testing.assert_allclose(coef, expected[:-1], atol=1e-9)
    assert intercept == pytest.approx(expected[-1], abs=1e-9)


def test_alpha_zero_interpolates_when_there_are_more_columns(main_storage):
    X, y, _ = make_correlated_data(20, 50, random_state=0)
    path = riata.fit_path(main_storage(X), y, alphas=[0.0])
    coef, intercept = first(path)
    assert path.relative_gap[0] <= 1e-6
    residual = y - X @ coef - intercept
    assert residual @ residual <= 1.01e-6 * np.sum((y - y.mean()) ** 2)


def test_alpha_zero_ends_a_path():
    X, y, _ = make_correlated_data(50, 12, random_state=0)
    path = riata.fit_path(X, y, alphas=[0.5, 0.1, 0.0], tol=1e-11)
    np.testing.assert_allclose(
        path.coef.toarray()[:, 2], solve(X, y, 0.0)[0], atol=1e-8
    )


@pytest.mark.parametrize("shape", [(40, 15), (15, 40)])
def test_alpha_zero_and_positive_is_nnls(shape, main_storage):
    from scipy.optimize import nnls

    X, y, _ = make_correlated_data(*shape, random_state=0)
    X, y = np.abs(X), np.abs(y)
    expected, distance = nnls(X, y)
    path = riata.fit_path(
        main_storage(X), y, alphas=[0.0], lower=0.0, fit_intercept=False, tol=1e-11
    )
    coef, _ = first(path)
    assert coef.min() >= 0
    np.testing.assert_allclose(coef, expected, atol=1e-6)
    assert np.linalg.norm(y - X @ coef) == pytest.approx(distance, rel=1e-9)


def test_standardize_is_explicit_scaling(main_storage):
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    X = (X + 5.0) * np.logspace(-3, 3, 30)
    s = np.random.default_rng(0).random(40)
    mean = s @ X / s.sum()
    sd = np.sqrt(s @ (X - mean) ** 2 / s.sum())
    for weight, scale in ((None, X.std(axis=0)), (s, sd)):
        by_hand, _ = solve(X / scale, y, 0.05, sample_weight=weight)
        coef, _ = solve(
            main_storage(X), y, 0.05, standardize=True, sample_weight=weight
        )
        np.testing.assert_allclose(coef * scale, by_hand, atol=1e-8)


def test_standardize_makes_units_of_columns_irrelevant(main_storage):
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    units = 10.0 ** np.linspace(-6, 6, 30)
    plain = riata.fit_path(X, y, standardize=True, alphas=8, tol=1e-12)
    scaled = riata.fit_path(
        main_storage(X * units), y, standardize=True, alphas=8, tol=1e-12
    )
    np.testing.assert_allclose(scaled.alphas, plain.alphas, rtol=1e-10)
    np.testing.assert_allclose(
        scaled.coef.toarray() * units[:, None], plain.coef.toarray(), atol=1e-8
    )


def test_standardized_bounds_are_on_the_original_scale(main_storage):
    X, y, _ = make_correlated_data(60, 8, n_nonzero=8, random_state=0)
    X = X * np.logspace(-1, 1, 8) * np.where(np.arange(8) % 2, 1, -1)
    path = riata.fit_path(
        main_storage(X), y, standardize=True, lower=-0.2, upper=0.1, alphas=10
    )
    coef = path.coef.toarray()
    assert coef.max() == 0.1
    assert coef.min() == -0.2


# --- Invariances ----------------------------------------------------------------------


def test_order_of_rows_and_columns_does_not_matter(main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(40), rng.permutation(60)
    coef, _ = solve(main_storage(X), y, 0.05)
    permuted, _ = solve(main_storage(X[rows][:, columns]), y[rows], 0.05)
    np.testing.assert_allclose(permuted, coef[columns], atol=1e-9)


@pytest.mark.parametrize("unit", [2.0**-30, 2.0**20, 1e-6, 1e6, 1e-8, 1e150, 1e-150])
def test_units_of_y_do_not_matter(unit, main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    plain = riata.fit_path(main_storage(X), y)
    scaled = riata.fit_path(main_storage(X), unit * y)
    np.testing.assert_allclose(scaled.alphas, unit * plain.alphas, rtol=1e-10)
    np.testing.assert_allclose(
        scaled.coef.toarray() / unit, plain.coef.toarray(), atol=2e-3
    )
    np.testing.assert_allclose(scaled.deviance_ratio, plain.deviance_ratio, atol=2e-6)
    assert np.all(scaled.relative_gap <= 1e-6)


@pytest.mark.parametrize("unit", [2.0**-30, 2.0**20, 1e-6, 1e6, 1e150, 1e-150])
def test_units_of_X_do_not_matter(unit, main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    plain = riata.fit_path(main_storage(X), y)
    scaled = riata.fit_path(main_storage(unit * X), y)
    np.testing.assert_allclose(scaled.alphas, unit * plain.alphas, rtol=1e-10)
    np.testing.assert_allclose(
        scaled.coef.toarray() * unit, plain.coef.toarray(), atol=2e-3
    )
    np.testing.assert_allclose(scaled.deviance_ratio, plain.deviance_ratio, atol=2e-6)


def test_powers_of_two_change_nothing_at_all():
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    plain = riata.fit_path(X, y, alphas=20)
    scaled = riata.fit_path(X * 2.0**7, y * 2.0**-9, alphas=plain.alphas / 4)
    np.testing.assert_array_equal(scaled.coef.toarray() * 2.0**16, plain.coef.toarray())


def test_negating_y_negates_coefficients(main_storage):
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    coef, intercept = solve(main_storage(X), y, 0.05)
    negated, other = solve(main_storage(X), -y, 0.05)
    np.testing.assert_allclose(negated, -coef, atol=1e-10)
    assert other == pytest.approx(-intercept, abs=1e-10)


def test_duplicated_columns_leave_predictions(main_storage):
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    twice = np.hstack([X, X, X[:, :5]])
    path = riata.fit_path(main_storage(X), y, alphas=20, tol=1e-10)
    doubled = riata.fit_path(main_storage(twice), y, alphas=20, tol=1e-10)
    assert np.all(doubled.relative_gap <= 1e-10)
    np.testing.assert_allclose(doubled.predict(twice), path.predict(X), atol=2e-4)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e6])
def test_constant_columns_get_zero(value, standardize, main_storage):
    X, y, _ = make_correlated_data(40, 30, random_state=0)
    wide = np.insert(X, [0, 15, 30], value, axis=1)
    kept = np.setdiff1d(np.arange(33), [0, 16, 32])
    options = {"standardize": standardize}
    coef, intercept = solve(main_storage(X), y, 0.02, **options)
    padded, other = solve(main_storage(wide), y, 0.02, **options)
    np.testing.assert_allclose(padded[kept], coef, atol=1e-10)
    np.testing.assert_array_equal(np.delete(padded, kept), 0)
    assert other == pytest.approx(intercept, abs=1e-10)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_sparse_equals_dense(fit_intercept, standardize, l1_ratio):
    X, y, _ = make_sparse_data(80, 120, 0.1, zipf=0.8, random_state=0)
    options = {
        "fit_intercept": fit_intercept,
        "standardize": standardize,
        "l1_ratio": l1_ratio,
        "alphas": 15,
        "tol": 1e-12,
    }
    dense = riata.fit_path(X.toarray(), y + 1.0, **options)
    for sparse in (X, X.tocsr()):
        path = riata.fit_path(sparse, y + 1.0, **options)
        np.testing.assert_allclose(path.alphas, dense.alphas, rtol=1e-12)
        np.testing.assert_allclose(path.coef.toarray(), dense.coef.toarray(), atol=1e-7)
        np.testing.assert_allclose(path.intercept, dense.intercept, atol=1e-7)


def test_float32_is_close_to_float64(main_storage):
    X, y, _ = make_correlated_data(60, 90, dtype=np.float32, random_state=0)
    single = riata.fit_path(main_storage(X), y, alphas=20)
    double = riata.fit_path(main_storage(X.astype(float)), y.astype(float), alphas=20)
    np.testing.assert_allclose(single.alphas, double.alphas, rtol=1e-5)
    np.testing.assert_allclose(single.objective, double.objective, rtol=1e-5)
    assert np.all(single.relative_gap <= 1e-6)
    assert single.coef.dtype == np.float64


@pytest.mark.parametrize("kind", ["int64", "int8", "bool", "float16"])
def test_other_numeric_types_are_converted(kind):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2 if kind == "bool" else 9, size=(30, 12)).astype(kind)
    y = rng.integers(0, 9, size=30)
    coef, _ = solve(X, y, 0.05)
    expected, _ = solve(X.astype(float), y.astype(float), 0.05)
    np.testing.assert_allclose(coef, expected, atol=1e-12)
    sparse, _ = solve(sp.csc_array(X.astype(float)), y, 0.05)
    np.testing.assert_allclose(sparse, expected, atol=1e-9)


def test_integer_sparse_values_are_converted():
    X = np.random.default_rng(0).integers(0, 3, size=(30, 12))
    y = np.arange(30.0) % 7
    expected, _ = solve(X.astype(float), y, 0.05)
    coef, _ = solve(sp.csr_matrix(X), y, 0.05)
    np.testing.assert_allclose(coef, expected, atol=1e-9)


# --- Ends before the last alpha -------------------------------------------------------


@pytest.fixture
def example():
    X, y, _ = make_correlated_data(60, 100, rho=0.6, random_state=0)
    return X, y


def assert_prefix(path, full):
    size = len(path.alphas)
    assert 0 < size < len(full.alphas)
    assert path.coef.shape[1] == size
    for name in ("intercept", "dual_gap", "relative_gap", "kkt", "objective"):
        assert getattr(path, name).shape == (size,)
    assert len(path.status) == len(path.seconds) == len(path.n_iter) == size
    np.testing.assert_allclose(path.alphas, full.alphas[:size])
    np.testing.assert_allclose(
        path.objective, full.objective[:size], rtol=0, atol=1e-6 * full.null_objective
    )


def test_complete(example):
    assert riata.fit_path(*example).end == "complete"


def test_max_active(example):
    full = riata.fit_path(*example)
    path = riata.fit_path(*example, max_active=10)
    assert path.end == "max_active"
    assert_prefix(path, full)
    assert np.all(path.n_active[:-1] <= 10)
    assert full.n_active[len(path.alphas)] > 10 or path.n_active[-1] > 10


def test_max_deviance_ratio(example):
    full = riata.fit_path(*example)
    path = riata.fit_path(*example, max_deviance_ratio=0.7)
    assert path.end == "deviance"
    assert_prefix(path, full)
    assert path.deviance_ratio[-1] >= 0.7
    assert np.all(path.deviance_ratio[:-1] < 0.7)


def test_callback_sees_every_alpha_and_may_stop(example):
    steps = []
    path = riata.fit_path(*example, alphas=15, callback=steps.append)
    assert path.end == "complete"
    assert [step.index for step in steps] == list(range(15))
    np.testing.assert_array_equal([step.alpha for step in steps], path.alphas)
    np.testing.assert_array_equal([step.n_active for step in steps], path.n_active)
    for name in ("relative_gap", "deviance_ratio"):
        seen = [getattr(step, name) for step in steps]
        np.testing.assert_allclose(seen, getattr(path, name), atol=1e-12)
    assert np.all(np.diff([step.seconds for step in steps]) >= 0)
    stopped = riata.fit_path(*example, alphas=15, callback=lambda step: step.index == 6)
    assert stopped.end == "callback"
    assert len(stopped.alphas) == 7
    assert_prefix(stopped, path)


def test_callback_exceptions_reach_the_caller(example):
    def fail(step):
        if step.index == 3:
            raise LookupError("from the callback")

    with pytest.raises(LookupError, match="from the callback"):
        riata.fit_path(*example, callback=fail)
    assert riata.fit_path(*example, alphas=3).end == "complete"


def test_time_limit():
    X, y, _ = make_correlated_data(2000, 4000, rho=0.9, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = riata.fit_path(
            X, y, alphas=500, alpha_min_ratio=1e-5, tol=1e-10, time_limit=0.2
        )
    assert path.end == "time_limit"
    assert len(path.alphas) < 500
    assert path.coef.shape[1] == len(path.status) == len(path.alphas)
    done = [status == riata.Status.optimal for status in path.status]
    assert np.all(path.relative_gap[done] <= 1e-10)


def test_iteration_limit_is_reported():
    X, y, _ = make_correlated_data(100, 500, rho=0.95, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = riata.fit_path(
            X, y, alphas=[1e-4 * riata.alpha_max(X, y)], tol=1e-12, max_iter=1
        )
    certificate = reference.certify(X, y, *first(path), path.alphas[0])
    assert certificate.relative_gap <= 1.01 * path.relative_gap[0] + 1e-14
    if path.status[0] == riata.Status.optimal:
        assert path.relative_gap[0] <= 1e-12
    else:
        assert path.status[0] == riata.Status.iteration_limit
        assert any(
            issubclass(w.category, riata.ConvergenceWarning)
            and "max_iter" in str(w.message)
            for w in caught
        )


# --- Warm starts ----------------------------------------------------------------------


def test_init_with_a_path(example):
    X, y = example
    path = riata.fit_path(X, y, alphas=10)
    again = riata.fit_path(X, y, alphas=path.alphas, init=path)
    assert np.all(again.relative_gap <= 1e-6)
    np.testing.assert_allclose(again.objective, path.objective, rtol=1e-5)
    # A path goes on where another one ended.
    further = path.alphas[-1] * np.array([0.5, 0.25])
    np.testing.assert_allclose(
        riata.fit_path(X, y, alphas=further, init=path).objective,
        riata.fit_path(X, y, alphas=further).objective,
        rtol=1e-5,
    )


@pytest.mark.parametrize("size", [0.0, 1e-12, 1.0, 1e6, 1e100])
def test_init_with_any_vector(size, main_storage, example):
    X, y = example
    start = size * np.random.default_rng(0).normal(size=100)
    kept = start.copy()
    path = riata.fit_path(main_storage(X), y, alphas=[0.1, 0.03], init=start)
    np.testing.assert_array_equal(start, kept)
    for k, alpha in enumerate(path.alphas):
        certificate = reference.certify(
            X, y, path.coef.toarray()[:, k], path.intercept[k], alpha
        )
        assert certificate.relative_gap <= 1.01e-6


def test_init_outside_the_bounds(example):
    X, y = example
    cold = riata.fit_path(X, y, alphas=[0.1], lower=-0.1, upper=0.1, tol=1e-12)
    warm = riata.fit_path(
        X, y, alphas=[0.1], lower=-0.1, upper=0.1, tol=1e-12, init=np.full(100, 5.0)
    )
    np.testing.assert_allclose(first(warm)[0], first(cold)[0], atol=1e-8)


@pytest.mark.parametrize("size", [5, 99, 101, 3000])
def test_init_of_another_size_is_an_error(size, example):
    with pytest.raises(ValueError, match="init"):
        riata.fit_path(*example, init=np.ones(size))


def test_init_with_a_path_of_another_size_is_an_error(example):
    X, y = example
    path = riata.fit_path(X[:, :30], y, alphas=3)
    with pytest.raises(ValueError, match="init"):
        riata.fit_path(X, y, init=path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_init_must_be_finite(bad, example):
    start = np.zeros(100)
    start[7] = bad
    with pytest.raises(ValueError, match="init"):
        riata.fit_path(*example, init=start)


# --- The result -----------------------------------------------------------------------


def test_result_attributes(example):
    X, y = example
    path = riata.fit_path(X, y, alphas=12)
    assert isinstance(path, riata.PathResult)
    assert isinstance(path.coef, sp.csc_array)
    assert path.coef.dtype == np.float64
    assert path.coef.shape == (100, 12)
    assert np.all(np.diff(path.alphas) < 0)
    assert path.alphas[-1] == pytest.approx(1e-3 * path.alpha_max)
    assert path.n_features_in == 100
    assert path.l1_ratio == 1.0
    assert path.passes > 0
    assert np.all(np.diff(path.seconds) >= 0)
    np.testing.assert_array_equal(
        path.n_active, np.count_nonzero(path.coef.toarray(), axis=0)
    )
    residual = (y - path.intercept[:, None] - (X @ path.coef).T) ** 2
    loss = residual.mean(axis=1) / 2
    assert path.null_objective == pytest.approx(np.var(y) / 2)
    np.testing.assert_allclose(
        path.objective, loss + path.alphas * abs(path.coef).sum(axis=0), rtol=1e-9
    )
    np.testing.assert_allclose(
        path.deviance_ratio, 1 - loss / path.null_objective, atol=1e-9
    )
    np.testing.assert_allclose(
        path.relative_gap, path.dual_gap / path.null_objective, rtol=1e-12
    )


def test_alpha_min_ratio(example):
    path = riata.fit_path(*example, alphas=5, alpha_min_ratio=0.01)
    np.testing.assert_allclose(path.alphas / path.alpha_max, np.logspace(0, -2, 5))


def test_alphas_are_sorted(example):
    path = riata.fit_path(*example, alphas=[0.1, 0.9, 0.5])
    np.testing.assert_array_equal(path.alphas, [0.9, 0.5, 0.1])


def test_path_does_not_depend_on_its_grid(example):
    path = riata.fit_path(*example, alphas=50, tol=1e-12)
    for k in (10, 25, 49):
        coef, _ = solve(*example, path.alphas[k])
        np.testing.assert_allclose(path.coef.toarray()[:, k], coef, atol=1e-8)


def test_coef_at(example):
    path = riata.fit_path(*example, alphas=10)
    coefs = path.coef.toarray()
    for k in (0, 4, 9):
        coef, intercept = path.coef_at(path.alphas[k])
        np.testing.assert_array_equal(coef, coefs[:, k])
        assert intercept == path.intercept[k]
    middle = 0.3 * path.alphas[4] + 0.7 * path.alphas[5]
    coef, intercept = path.coef_at(middle)
    np.testing.assert_allclose(coef, 0.3 * coefs[:, 4] + 0.7 * coefs[:, 5], atol=1e-12)
    assert intercept == pytest.approx(0.3 * path.intercept[4] + 0.7 * path.intercept[5])


def test_predict(example, main_storage):
    X, y = example
    path = riata.fit_path(X, y, alphas=10)
    expected = X @ path.coef.toarray() + path.intercept
    np.testing.assert_allclose(path.predict(main_storage(X)), expected, atol=1e-12)
    one = path.predict(main_storage(X), alpha=path.alphas[3])
    np.testing.assert_allclose(one, expected[:, 3], atol=1e-12)
    offset = np.arange(60.0)
    np.testing.assert_allclose(
        path.predict(X, alpha=path.alphas[3], offset=offset),
        expected[:, 3] + offset,
        atol=1e-12,
    )
    with pytest.raises(ValueError, match="features"):
        path.predict(X[:, :50])


@pytest.mark.parametrize("criterion", ["aic", "aicc", "bic", "ebic", "gcv"])
def test_select(criterion):
    X, y, truth = make_correlated_data(200, 30, n_nonzero=5, snr=20, random_state=0)
    path = riata.fit_path(X, y)
    index = path.select(criterion)
    assert 0 < index < 100
    chosen = set(np.flatnonzero(path.coef.toarray()[:, index]))
    assert set(np.flatnonzero(truth)) <= chosen
    # Penalties of a parameter: 2 (AIC) < log n (BIC) < log n + 2 log p (EBIC).
    sizes = [path.n_active[path.select(name)] for name in ("aic", "bic", "ebic")]
    assert sizes == sorted(sizes, reverse=True)


def test_to_frame(example):
    path = riata.fit_path(*example, alphas=10)
    frame = path.to_frame()
    assert len(frame) == 10
    np.testing.assert_array_equal(frame["alpha"], path.alphas)
    for name in ("relative_gap", "n_active", "deviance_ratio"):
        np.testing.assert_array_equal(frame[name], getattr(path, name))


def test_pickle(example):
    path = riata.fit_path(*example, alphas=10)
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.coef.toarray(), path.coef.toarray())
    np.testing.assert_array_equal(again.relative_gap, path.relative_gap)
    assert again.end == path.end
    assert list(again.status) == list(path.status)
