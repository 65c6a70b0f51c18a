"""The certificate: of every alpha of every path, and of anybody's coefficients.

`reference.certify` shares no code with the library and works in extended precision.
"""

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

TOL = 1e-6


def certify_path(X, y, path, tol=TOL, **options):
    """Every alpha is as good as the path says, and the path does not exaggerate."""
    coefs = path.coef.toarray()
    assert np.all(np.isfinite(coefs))
    assert np.all(np.isfinite(path.intercept))
    for k, alpha in enumerate(path.alphas):
        own = reference.certify(X, y, coefs[:, k], path.intercept[k], alpha, **options)
        rounding = 1e-13
        assert path.status[k] == riata.Status.optimal
        assert own.relative_gap <= 1.01 * tol + rounding
        assert 0 <= path.relative_gap[k] <= tol
        null = float(own.null)
        if own.gap > path.dual_gap[k] + 1e-9 * null:
            # There may be a better dual point than the reference's. In any case the
            # optimum is no further away than the path says.
            best = reference.certify(
                X, y, *reference.solve(X, y, alpha, **options), alpha, **options
            )
            assert own.primal - best.primal <= path.dual_gap[k] + 1e-13 * null
        if alpha > 0 and not np.any(options.get("penalty_factor", 1.0) == 0):
            assert path.dual_gap[k] == pytest.approx(float(own.gap), abs=1e-9 * null)
        assert path.objective[k] == pytest.approx(float(own.primal), rel=1e-9)
        assert path.null_objective == pytest.approx(float(own.null), rel=1e-9)
        assert path.kkt[k] == pytest.approx(
            float(own.kkt), abs=1e-9 * max(path.alpha_max, alpha)
        )


OPTIONS = {
    "plain": {},
    "no_intercept": {"fit_intercept": False},
    "standardize": {"standardize": True},
    "elastic_net": {"l1_ratio": 0.5},
    "almost_ridge": {"l1_ratio": 0.01},
    "ridge": {"l1_ratio": 0.0},
    "positive": {"lower": 0.0},
    "negative": {"upper": 0.0, "standardize": True},
    "box": {"lower": -0.2, "upper": 0.1},
    "weights": {"weight": True},
    "weights_standardize": {"weight": True, "standardize": True, "l1_ratio": 0.9},
    "offset": {"offset": True},
    "factors": {"factor": True},
    "factors_ridge": {"factor": True, "l1_ratio": 0.0},
    "factors_standardize": {"factor": True, "standardize": True, "weight": True},
    "factors_positive": {"factor": True, "lower": 0.0},
    "factors_box_offset": {"factor": True, "lower": -0.3, "upper": 0.2, "offset": True},
    "all": {
        "factor": True,
        "weight": True,
        "offset": True,
        "lower": -0.3,
        "upper": 0.2,
        "standardize": True,
        "l1_ratio": 0.7,
    },
}


def resolve(name, n_samples, n_features):
    """Options of the problem, with the drawn arrays in place of True."""
    rng = np.random.default_rng(11)
    options = dict(OPTIONS[name])
    if options.pop("weight", False):
        options["sample_weight"] = rng.integers(0, 4, n_samples) * rng.random(n_samples)
    if options.pop("offset", False):
        options["offset"] = 2 * rng.normal(size=n_samples)
    if options.pop("factor", False):
        options["penalty_factor"] = rng.choice(
            [0.0, 0.3, 1.0, 4.0, np.inf], n_features, p=[0.04, 0.3, 0.3, 0.3, 0.06]
        )
    return options


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", [(80, 30), (40, 120)])
def test_every_alpha_of_dense_paths(name, shape, dtype):
    X, y, _ = make_correlated_data(*shape, rho=0.8, dtype=dtype, random_state=0)
    X[:, 3] += 5  # a column with a mean
    options = resolve(name, *shape)
    path = riata.fit_path(X, y + 10, alphas=12, tol=TOL, **options)
    certify_path(X, y + 10, path, **options)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", [(120, 40), (50, 150)])
def test_every_alpha_of_sparse_paths(name, shape):
    X, y, _ = make_sparse_data(*shape, 0.1, zipf=0.7, random_state=0)
    options = resolve(name, *shape)
    path = riata.fit_path(X, y + 10, alphas=12, tol=TOL, **options)
    certify_path(X.toarray(), y + 10, path, **options)


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-8, 1e-11])
def test_the_tolerance_is_met(tol, main_storage):
    X, y, _ = make_correlated_data(80, 160, rho=0.9, random_state=0)
    path = riata.fit_path(main_storage(X), y, alphas=15, tol=tol)
    certify_path(X, y, path, tol=tol)


def test_default_path_of_a_hundred_alphas(main_storage):
    X, y, _ = make_correlated_data(60, 200, rho=0.95, random_state=1)
    path = riata.fit_path(main_storage(X), y)
    assert len(path.alphas) == 100
    certify_path(X, y, path)


def test_scikit_learn_scale_of_the_gap():
    # lasso_path and enet_path report what riata reports everywhere: the gap of the
    # mean loss.
    X, y, _ = make_correlated_data(40, 60, random_state=0)
    alphas, coefs, gaps = riata.enet_path(X, y, l1_ratio=0.5, alphas=6)
    for alpha, coef, gap in zip(alphas, coefs.T, gaps, strict=True):
        own = reference.certify(
            X, y, coef, 0.0, alpha, l1_ratio=0.5, fit_intercept=False
        )
        assert gap == pytest.approx(float(own.gap), abs=1e-9 * float(own.null))


def test_alpha_zero_is_certified(main_storage):
    for shape in [(50, 12), (20, 60)]:
        X, y, _ = make_correlated_data(*shape, random_state=0)
        path = riata.fit_path(main_storage(X), y, alphas=[0.0])
        certify_path(X, y, path)
        path = riata.fit_path(main_storage(X), y, alphas=[0.0], lower=0.0)
        certify_path(X, y, path, lower=0.0)


def test_objective_and_norm_are_monotone_along_a_path(main_storage):
    X, y, _ = make_correlated_data(60, 200, rho=0.9, random_state=1)
    path = riata.fit_path(main_storage(X), y, tol=1e-10)
    norm = abs(path.coef).sum(axis=0)
    assert np.all(np.diff(path.objective) <= 1e-9 * path.null_objective)
    assert np.all(np.diff(norm) >= -1e-4 * norm.max())
    assert np.all(np.diff(path.deviance_ratio) >= -1e-6)


# --- check_solution -------------------------------------------------------------------


def perturbed(problem, scale, seed=0):
    """Coefficients near the optimum that satisfy the constraints, their intercept."""
    rng = np.random.default_rng(seed)
    lower, upper = (
        np.broadcast_to(problem.options[name] if given else default, problem.coef.shape)
        for name, default in (("lower", -np.inf), ("upper", np.inf))
        for given in [problem.options[name] is not None]
    )
    coef = problem.coef + scale * rng.normal(size=problem.coef.size)
    factor = problem.options["penalty_factor"]
    if factor is not None:
        coef[np.isinf(factor)] = 0
    coef = np.clip(coef, lower, upper)
    return coef, best_intercept(problem, coef)


def best_intercept(problem, coef):
    s, offset = problem.options["sample_weight"], problem.options["offset"]
    residual = problem.y - problem.X @ coef - (0 if offset is None else offset)
    return np.average(residual, weights=s) * problem.options["fit_intercept"]


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e-2, 1.0])
@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("name", OPTIONS)
def test_check_solution_of_any_coefficients(name, density, scale):
    problem = make_planted_problem(
        60, 30, density=density, random_state=3, **resolve(name, 60, 30)
    )
    coef, intercept = perturbed(problem, scale)
    options = {"alpha": problem.alpha, **problem.options}
    own = reference.certify(problem.X, problem.y, coef, intercept, **options)
    found = riata.check_solution(problem.X, problem.y, coef, intercept, **options)
    best = reference.certify(
        problem.X, problem.y, problem.coef, problem.intercept, **options
    )
    null = float(own.null)
    assert found.primal == pytest.approx(float(own.primal), rel=1e-11)
    assert found.gap == pytest.approx(found.primal - found.dual, abs=1e-11 * null)
    assert found.relative_gap == pytest.approx(found.gap / null, rel=1e-9)
    # The dual is a lower bound of the optimum, and no worse than the plain one.
    assert found.dual <= float(best.primal) + 1e-12 * null
    assert found.gap <= 2 * float(own.gap) + 1e-9 * null
    assert found.kkt == pytest.approx(float(own.kkt), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("shift", [1e-3, -5.0])
def test_check_solution_counts_the_intercept(shift):
    problem = make_planted_problem(60, 30, random_state=3)
    arguments = (problem.X, problem.y, problem.coef)
    options = {"alpha": problem.alpha, **problem.options}
    found = riata.check_solution(*arguments, problem.intercept + shift, **options)
    assert found.gap == pytest.approx(shift**2 / 2, rel=1e-9)
    assert found.kkt >= abs(shift) * (1 - 1e-9)


def test_check_solution_audits_other_packages():
    from sklearn.linear_model import Lasso

    X, y, _ = make_correlated_data(50, 80, rho=0.9, random_state=0)
    loose = Lasso(alpha=0.01, tol=1e-2).fit(X, y)
    tight = Lasso(alpha=0.01, tol=1e-12, max_iter=10**6).fit(X, y)
    gaps = [
        riata.check_solution(X, y, m.coef_, m.intercept_, alpha=0.01).relative_gap
        for m in (loose, tight)
    ]
    assert gaps[1] < 1e-10 < gaps[0]


def test_check_solution_accepts_sparse_and_listed_coefficients():
    problem = make_planted_problem(40, 20, random_state=0)
    arguments = (problem.X, problem.y)
    options = {"alpha": problem.alpha, **problem.options}
    dense = riata.check_solution(*arguments, problem.coef, problem.intercept, **options)
    listed = riata.check_solution(
        *arguments, problem.coef.tolist(), problem.intercept, **options
    )
    assert dense == listed
    assert dense.relative_gap < 1e-13
    column = sp.csc_array(problem.coef[:, None])
    for taken_out in (column[:, 0], sp.coo_array(problem.coef)):
        found = riata.check_solution(*arguments, taken_out, problem.intercept, **options)
        assert found == dense


def test_check_solution_without_an_intercept_in_the_problem():
    X, y, _ = make_correlated_data(40, 10, random_state=0)
    y = y + 5
    coef = riata.fit_path(X, y, alphas=[0.1], fit_intercept=False, tol=1e-12).coef
    coef = coef.toarray()[:, 0]
    without = riata.check_solution(X, y, coef, alpha=0.1, fit_intercept=False)
    assert without.relative_gap < 1e-11
    # As a solution of the problem with a free intercept it is poor.
    assert riata.check_solution(X, y, coef, alpha=0.1).relative_gap > 1e-2


def test_check_solution_outside_the_bounds():
    X, y, _ = make_correlated_data(40, 10, random_state=0)
    coef = np.zeros(10)
    coef[4] = 0.5
    found = riata.check_solution(X, y, coef, alpha=0.1, upper=0.25)
    assert found.primal == found.gap == found.relative_gap == np.inf


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coef": np.zeros(9)}, "coef"),
        ({"coef": np.full(10, np.nan)}, "coef"),
        ({"intercept": np.inf}, "intercept"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": np.nan}, "alpha"),
        ({"l1_ratio": 2.0}, "l1_ratio"),
        ({"X": sp.csc_array((39, 10))}, "samples"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else change,
)
def test_check_solution_rejects(change, message):
    X, y, _ = make_correlated_data(40, 10, random_state=0)
    arguments = {"X": X, "y": y, "coef": np.zeros(10), "alpha": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        riata.check_solution(**arguments)
