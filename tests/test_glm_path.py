"""Paths of every loss: the oracle, invariances, degenerate data, other packages."""

import os
import subprocess
import sys
import warnings

import glm_reference
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_losses import LOSSES
from test_path import covering_rows

import riata
from riata import _costs, losses

CONVEX = [loss for loss in LOSSES if loss.convex]
each_loss = pytest.mark.parametrize("loss", CONVEX, ids=repr)


def targets(loss, eta, rng):
    """Targets that a model of the loss could have made."""
    if loss.classifies:
        y = (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float)
        y[:2] = 0.0, 1.0
        return y
    if loss.name in ("squared", "huber"):
        return eta + rng.standard_t(2, len(eta))
    y = rng.poisson(np.exp(np.clip(0.5 * eta, -4, 4))).astype(float)
    y[0] = 2.0
    positive = loss.name == "gamma" or (loss.name == "tweedie" and loss.power >= 2)
    return y + rng.random(len(eta)) if positive else y


def make(loss, n=40, p=7, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < density)
    return X, targets(loss, X[:, 0] - X[:, 1], rng)


def fit(X, y, loss, alpha, **options):
    options.setdefault("tol", 1e-10)
    path = riata.fit_path(X, y, loss=loss, alphas=[alpha], **options)
    return path, path.coef.toarray()[:, 0], float(path.intercept[0])


FACTORS = {
    "storage": ["fortran", "c", "csc32", "csc64"],
    "dtype": [np.float64, np.float32],
    "shape": ["tall", "wide"],
    "weight": [None, "integer", "real"],
    "offset": [False, True],
    "factor": [None, "mixed"],
    "bounds": [None, "positive", "box"],
    "standardize": [False, True],
    "l1_ratio": [1.0, 0.5, 0.0],
    "fit_intercept": [True, False],
    "fraction": [0.3, 0.01],
}
COMBINATIONS = covering_rows(FACTORS, strength=2)


def store(X, storage):
    if storage.startswith("csc"):
        X = sp.csc_array(X)
        if storage == "csc64":
            X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
        return X
    return np.asfortranarray(X) if storage == "fortran" else np.ascontiguousarray(X)


def draw(loss, choice, seed):
    choice, rng = dict(choice), np.random.default_rng(seed)
    n, p = {"tall": (40, 6), "wide": (10, 13)}[choice.pop("shape")]
    X, y = make(loss, n, p, seed, density=0.6)
    X = X.astype(choice.pop("dtype"))
    weight, factor, bounds, offset = map(
        choice.pop, ("weight", "factor", "bounds", "offset")
    )
    options = {k: choice[k] for k in ("standardize", "l1_ratio", "fit_intercept")}
    if weight:
        real = weight == "real"
        options["sample_weight"] = rng.random(n) if real else rng.integers(0, 4, n)
        options["sample_weight"][:2] = 1
    if factor:
        options["penalty_factor"] = rng.choice([0.5, 1.0, 3.0], p)
        options["penalty_factor"][:2] = 0.0, np.inf
    if bounds:
        options["lower"] = 0.0 if bounds == "positive" else -rng.choice([0, 0.1, 1e9], p)
        if bounds == "box":
            options["upper"] = rng.choice([0, 0.2, np.inf], p)
    if offset:
        options["offset"] = rng.normal(size=n)
    return X, y, choice["storage"], choice["fraction"], options


@each_loss
@pytest.mark.parametrize("index", range(len(COMBINATIONS)))
def test_agrees_with_the_oracle_for_all_options(loss, index):
    X, y, storage, fraction, options = draw(loss, COMBINATIONS[index], seed=index)
    stored = store(X, storage)
    alpha = fraction * riata.alpha_max(stored, y, loss=loss, **options)
    path, coef, intercept = fit(stored, y, loss, alpha, **options)
    assert path.status[0] == riata.Status.optimal
    best = glm_reference.solve(loss, X, y, alpha, **options)
    np.testing.assert_allclose(coef, best[0].astype(float), rtol=1e-5, atol=2e-5)
    own = glm_reference.certify(loss, X, y, coef, intercept, alpha, **options)
    least = glm_reference.certify(loss, X, y, *best, alpha, **options).primal
    rounding = 1e-14 * float(own.null)
    assert own.primal - least <= path.dual_gap[0] + rounding
    assert path.dual_gap[0] <= 1e-10 * float(own.null) * (1 + 1e-9)
    assert path.objective[0] == pytest.approx(float(own.primal), rel=1e-11)
    assert path.null_objective == pytest.approx(float(own.null), rel=1e-11)
    assert path.kkt[0] == pytest.approx(float(own.kkt), rel=1e-5, abs=1e-9)
    # linear in the violation of KKT, where the true gap is quadratic
    assert own.gap is None or own.gap <= 1e-3 * own.null


@each_loss
@pytest.mark.parametrize(
    "options",
    [{}, {"fit_intercept": False}, {"standardize": True, "l1_ratio": 0.3},
     {"offset": np.linspace(-1, 1, 40), "sample_weight": np.arange(40) % 3 + 0.5}],
    ids=str,
)  # fmt: skip
def test_alpha_max(loss, options):
    X, y = make(loss)
    top = riata.alpha_max(X, y, loss=loss, **options)
    _, coef, _ = fit(X, y, loss, top * (1 + 1e-9), **options)
    assert not coef.any()
    _, coef, _ = fit(X, y, loss, top * (1 - 1e-3), tol=1e-13, **options)
    assert coef.any()


@each_loss
@pytest.mark.parametrize("sparse", [False, True])
def test_changes_that_do_not_change_the_answer(loss, sparse):
    X, y = make(loss, density=0.7)
    rng = np.random.default_rng(1)
    s, offset = rng.integers(1, 4, 40), rng.normal(size=40)
    keep = sp.csc_array if sparse else np.asarray
    alpha = 0.1 * riata.alpha_max(keep(X), y, loss=loss)

    def solve(X, y, **options):
        return fit(keep(X), y, loss, alpha, **options)[1:]

    def same(one, other, tol=1e-5):
        np.testing.assert_allclose(one[0], other[0], rtol=0, atol=tol)
        assert one[1] == pytest.approx(other[1], abs=tol)

    weighted = solve(X, y, sample_weight=s, offset=offset)
    rows = np.repeat(np.arange(40), s)
    same(weighted, solve(X[rows], y[rows], offset=offset[rows]))
    same(weighted, solve(X, y, sample_weight=1e-7 * s, offset=offset))
    order = rng.permutation(40)
    same(weighted, solve(X[order], y[order], sample_weight=s[order], offset=offset[order]))
    columns = rng.permutation(7)
    coef, intercept = solve(X[:, columns], y, sample_weight=s, offset=offset)
    same(weighted, (coef[np.argsort(columns)], intercept))
    coef, intercept = solve(X, y, sample_weight=s, offset=offset + 3.0)
    same(weighted, (coef, intercept + 3.0))
    # a row of weight 0 is left out, whatever is in it
    more = np.vstack([X, 1e3 * np.ones((2, 7)) * [[1.0], [-1.0]]])
    same(weighted, solve(more, np.r_[y, y[:2]], sample_weight=np.r_[s, 0, 0],
                         offset=np.r_[offset, 800.0, -800.0]))
    by = 2.0 ** rng.integers(-9, 9, 7)
    coef, intercept = solve(X * by, y, sample_weight=s, offset=offset, standardize=True)
    plain = solve(X, y, sample_weight=s, offset=offset, standardize=True)
    np.testing.assert_array_equal(coef * by, plain[0])
    assert intercept == plain[1]


@each_loss
def test_grids_and_lanes_and_warm_starts(loss):
    X, y = make(loss, n=60, p=80)
    top = riata.alpha_max(X, y, loss=loss)
    alphas = top * np.geomspace(1, 1e-2, 23)
    path = riata.fit_path(X, y, loss=loss, alphas=alphas[::-1], tol=1e-9)
    np.testing.assert_array_equal(path.alphas, alphas)
    assert path.n_active[0] == 0
    assert np.all(path.relative_gap <= 1e-9)
    assert np.all(np.diff(path.objective) <= 1e-9 * path.null_objective)
    again = riata.fit_path(X, y, loss=loss, alphas=alphas[-1:], tol=1e-9, init=path)
    alone = riata.fit_path(X, y, loss=loss, alphas=alphas[-1:], tol=1e-9)
    for other in (again, alone):
        assert abs(other.objective[0] - path.objective[-1]) <= 2e-9 * path.null_objective


@each_loss
def test_more_features_than_samples_far_down(loss):
    X, y = make(loss, n=30, p=200)
    path = riata.fit_path(X, y, loss=loss, alphas=20, tol=1e-6, time_limit=60)
    assert path.end == "complete"
    assert np.all(path.relative_gap <= 1e-6)
    assert np.isfinite(path.coef.data).all()


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_early_ends(loss):
    X, y = make(losses.get_loss(loss), n=50, p=60)
    assert riata.fit_path(X, y, loss=loss, max_active=3).end == "max_active"
    path = riata.fit_path(X, y, loss=loss, max_deviance_ratio=0.5)
    assert path.end == "deviance"
    assert path.deviance_ratio[-1] >= 0.5 > path.deviance_ratio[-2]
    path = riata.fit_path(X, y, loss=loss, callback=lambda step: step.index == 4)
    assert (path.end, len(path.alphas)) == ("callback", 5)
    with pytest.warns(riata.ConvergenceWarning):
        path = riata.fit_path(X, y, loss=loss, time_limit=1e-9)
    assert path.end == "time_limit"


PRINT_BYTES = """
import sys, hashlib, numpy as np, riata
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 900)); eta = X[:, :3].sum(axis=1)
for loss, y in (("logistic", (eta > rng.normal(size=300)) * 1.0),
                ("poisson", rng.poisson(np.exp(0.5 * eta)) * 1.0)):
    path = riata.fit_path(X, y, loss=loss, alphas=12, alpha_min_ratio=0.05, tol=1e-9,
                          n_threads=int(sys.argv[1]))
    bits = path.coef.toarray().tobytes()
    print(hashlib.sha256(bits).hexdigest() if sys.argv[2] == "bits" else
          " ".join(repr(float(v)) for v in path.objective))
"""


def run(threads, what, **env):
    command = [sys.executable, "-c", PRINT_BYTES, str(threads), what]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True,
                          text=True, check=True)
    return done.stdout


def test_threads_give_the_same_bits():
    assert run(1, "bits") == run(2, "bits")


def test_kernels_of_all_levels_agree():
    plain = np.array(run(1, "objective").split(), float)
    baseline = run(1, "objective", RIATA_KERNELS="baseline").split()
    np.testing.assert_allclose(np.array(baseline, float), plain, rtol=1e-8)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_loss_that_is_not_convex_ends_where_kkt_holds(l1_ratio, sparse):
    loss = losses.Tweedie(3)
    X, y = make(loss, n=60, p=8)
    s, offset = np.arange(60) % 4, np.sin(np.arange(60))
    options = {"l1_ratio": l1_ratio, "sample_weight": s, "offset": offset}
    path = riata.fit_path(sp.csc_array(X) if sparse else X, y, loss=loss, alphas=12,
                          time_limit=20.0, **options)
    assert list(path.status) == [riata.Status.optimal] * 12
    assert np.isnan(path.relative_gap).all()
    for k, alpha in enumerate(path.alphas):
        coef, intercept = path.coef.toarray()[:, k], path.intercept[k]
        own = glm_reference.certify(loss, X, y, coef, intercept, alpha, **options)
        assert path.kkt[k] == pytest.approx(float(own.kkt), rel=1e-5, abs=1e-9)
        assert own.kkt <= 1e-3 * riata.alpha_max(X, y, loss=loss, **options)
        assert path.objective[k] == pytest.approx(float(own.primal), rel=1e-10)
    assert np.all(np.diff(path.objective) <= 0)


@each_loss
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
def test_check_solution_bounds_what_is_left(loss, l1_ratio):
    X, y = make(loss)
    options = {"l1_ratio": l1_ratio, "sample_weight": np.arange(40) % 3 + 0.5,
               "offset": np.linspace(-1, 1, 40)}
    alpha = 0.1 * riata.alpha_max(X, y, loss=loss, **options)
    path, coef, intercept = fit(X, y, loss, alpha, **options)
    rng = np.random.default_rng(0)
    for size in (0.0, 1e-4, 1e-2, 0.3):
        there = coef + size * rng.normal(size=7)
        P = glm_reference.prepare(loss, X, y, alpha, **options)
        best = float(glm_reference.best_intercept(loss, P, there.astype(np.longdouble)))
        found = riata.check_solution(X, y, there, best, alpha=alpha, loss=loss, **options)
        own = glm_reference.certify(loss, X, y, there, best, alpha, **options)
        assert found.kkt == pytest.approx(float(own.kkt), rel=1e-6, abs=1e-9)
        b = intercept + size * rng.normal()
        found = riata.check_solution(X, y, there, b, alpha=alpha, loss=loss, **options)
        own = glm_reference.certify(loss, X, y, there, b, alpha, **options)
        assert found.primal == pytest.approx(float(own.primal), rel=1e-10)
        excess = found.primal - path.objective[0]
        assert excess - path.dual_gap[0] <= found.gap + 1e-13
        assert found.dual <= path.objective[0] + 1e-13


# --- Degenerate data ------------------------------------------------------------------


def quietly(X, y, **options):
    """A path of which not every alpha need have an optimum."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = riata.fit_path(X, y, time_limit=5.0, **options)
    assert np.isfinite(path.coef.data).all()
    assert np.isfinite(path.intercept).all()
    assert not np.isnan(path.relative_gap).any()
    return path


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_separable_classes(loss, fit_intercept):
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0.1).astype(float)
    top = riata.alpha_max(X, y, loss=loss, fit_intercept=fit_intercept)
    path = quietly(X, y, loss=loss, alphas=top * np.r_[0.1, 1e-3, 1e-6, 0.0],
                   fit_intercept=fit_intercept)
    assert np.all(path.relative_gap[:3] <= 1e-6)
    assert path.relative_gap[3] <= 1e-6 or path.status[3] != riata.Status.optimal
    assert np.all(np.diff(path.objective) < 0)


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
@pytest.mark.parametrize("label", [0.0, 1.0, -1.0])
def test_a_single_class(loss, label):
    X = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match="one class only"):
        riata.fit_path(X, np.full(20, label), loss=loss)
    path = quietly(X, np.full(20, label), loss=loss, fit_intercept=False, alphas=5)
    assert np.all(path.relative_gap <= 1e-6)


@pytest.mark.parametrize("loss", ["poisson", "tweedie", "negative_binomial"])
def test_nothing_was_counted(loss):
    X = np.abs(np.random.default_rng(0).normal(size=(20, 3)))
    with pytest.raises(ValueError, match="y is zero wherever"):
        riata.fit_path(X, np.zeros(20), loss=loss)
    path = quietly(X, np.zeros(20), loss=loss, fit_intercept=False, alphas=5)
    assert np.all(path.relative_gap <= 1e-6)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie", "negative_binomial"])
@pytest.mark.parametrize("size", [1e8, 1e-8])
def test_huge_and_tiny_targets(loss, size):
    X, y = make(losses.Gamma(), n=60)
    path = quietly(X, size * y, loss=loss, alphas=10)
    assert np.all(path.relative_gap <= 1e-6)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie", "negative_binomial"])
def test_exposures_of_all_sizes(loss):
    X, y = make(losses.Gamma(), n=60)
    exposure = 10.0 ** np.random.default_rng(0).uniform(-6, 6, 60)
    path = quietly(X, y, loss=loss, alphas=8, offset=np.log(exposure))
    assert np.all(path.relative_gap <= 1e-6)


@each_loss
@pytest.mark.parametrize("scale", [1e12, 1e-12])
def test_columns_in_extreme_units(loss, scale):
    X, y = make(loss)
    plain = quietly(X, y, loss=loss, alphas=6, tol=1e-9)
    scaled = quietly(scale * X, y, loss=loss, alphas=6, tol=1e-9)
    np.testing.assert_allclose(scaled.objective, plain.objective, rtol=1e-7)
    mixed = X * np.r_[scale, np.ones(6)]
    path = quietly(mixed, y, loss=loss, alphas=6, standardize=True)
    assert np.all(path.relative_gap <= 1e-6)


@each_loss
def test_constant_and_duplicated_and_empty_columns(loss):
    X, y = make(loss)
    X = np.column_stack([X, X[:, 0], -X[:, 1], np.zeros(40), np.ones(40)])
    path = quietly(X, y, loss=loss, alphas=10)
    assert np.all(path.relative_gap <= 1e-6)
    assert not path.coef.toarray()[-2:].any()


@pytest.mark.filterwarnings("ignore:alpha_max is 0")
@each_loss
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 1), (2, 4), (30, 1)])
def test_tiny_shapes(loss, shape):
    X = np.random.default_rng(0).normal(size=shape)
    y = targets(loss, X[:, 0], np.random.default_rng(1)) if shape[0] > 1 else np.ones(1)
    one_class = loss.classifies and shape[0] == 1
    path = quietly(X, y, loss=loss, alphas=5, fit_intercept=not one_class)
    assert np.all(path.relative_gap <= 1e-6)


@each_loss
def test_a_constant_target(loss):
    X, _ = make(loss)
    if not loss.classifies:
        path = riata.fit_path(X, np.full(40, 3.0), loss=loss, alphas=[1.0, 0.1])
        assert path.coef.nnz == 0
        assert np.all(path.relative_gap <= 1e-6)


def test_a_class_of_one_in_ten_thousand():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10_000, 5)), np.zeros(10_000)
    y[7] = 1.0
    path = quietly(X, y, loss="logistic", alphas=8)
    assert np.all(path.relative_gap <= 1e-6)
    p = losses.Logistic().predict(path.intercept[0])
    assert p == pytest.approx(1e-4, rel=1e-9)


def test_gross_outliers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    clean = X @ np.r_[2.0, -1.0, 0.0, 0.0, 1.0] + 0.1 * rng.normal(size=200)
    y = clean.copy()
    y[:80] += 1e6 * rng.choice([-1, 1], 80)
    path = quietly(X, y, loss=losses.Huber(0.2), alphas=[1e-4], tol=1e-12)
    assert path.status[0] == riata.Status.optimal
    np.testing.assert_allclose(path.coef.toarray()[:, 0], [2, -1, 0, 0, 1], atol=0.1)


# --- What was wrong once --------------------------------------------------------------


def test_samples_of_weight_zero_do_not_slow_the_fit():
    # Their curvature, exp(100) here, was the measure of all others.
    X, y = make(losses.Poisson())
    X[0], s = 1e3, np.r_[0.0, np.ones(39)]
    path = riata.fit_path(X, y, loss="poisson", sample_weight=s, alphas=6, tol=1e-9)
    assert np.all(path.relative_gap <= 1e-9)


@pytest.mark.parametrize("loss", [losses.Gamma(), losses.Tweedie(1.1), losses.Poisson()])
def test_nearly_interpolated_targets(loss):
    # Curvatures differ by many powers of ten where a few features explain nearly all.
    X, y = make(loss, n=10, p=6, seed=3)
    top = riata.alpha_max(X, y, loss=loss)
    path = riata.fit_path(X, y, loss=loss, alphas=top * np.geomspace(1, 1e-6, 7), tol=1e-8)
    assert np.all(path.relative_gap <= 1e-8)


def test_sums_that_cancel_do_not_end_the_search():
    y = np.array([3000.0, 0.0, 8000.0, 2000.0])
    X = np.random.default_rng(0).normal(size=(4, 3))
    loss = losses.NegativeBinomial(100.0)
    path = riata.fit_path(X, y, loss=loss, fit_intercept=False, alphas=8, tol=1e-10)
    assert np.all(path.relative_gap <= 1e-10)


def test_dense_columns_too_many_for_a_gram_matrix(monkeypatch):
    monkeypatch.setattr(_costs, "LOOP_COLUMNS", 0)  # not for the compiled loop
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 90)) + 1.0
    y = (X[:, 0] + rng.standard_normal(60) > 1.0).astype(float)
    options = {
        "loss": "logistic", "alphas": 8, "alpha_min_ratio": 0.05, "tol": 1e-8,
        "sample_weight": rng.integers(0, 3, 60), "offset": 0.1 * rng.standard_normal(60),
    }
    by_gram = riata.fit_path(X, y, **options)
    monkeypatch.setattr(_costs, "GRAM_BYTES", 8 * 10**2)
    by_columns = riata.fit_path(X, y, **options)
    assert by_columns.n_active.max() > 10
    assert by_columns.diagnostics.epochs > 0
    assert np.all(by_columns.relative_gap <= 1e-8)
    np.testing.assert_allclose(by_columns.coefs, by_gram.coefs, atol=1e-4)


# --- Other packages -------------------------------------------------------------------


def unpenalised(loss, X, y, **options):
    path = riata.fit_path(X, y, loss=loss, alphas=[0.0], tol=1e-11, **options)
    return np.r_[path.intercept, path.coef.toarray()[:, 0]]


@pytest.mark.parametrize("loss", [k for k in CONVEX if k.name != "squared_hinge"], ids=repr)
def test_without_penalty_agrees_with_scipy(loss):
    from scipy.optimize import root

    X, y = make(loss, n=300, p=4)
    s, offset = np.random.default_rng(5).random(300), 0.3 * np.sin(np.arange(300))
    A = np.column_stack([np.ones(300), X])

    def gradient(v):
        _, slope, _ = glm_reference.evaluate(loss, y, A @ v + offset)
        return (A.T @ (s * slope)).astype(float) / s.sum()

    ours = unpenalised(loss, X, y, sample_weight=s, offset=offset)
    found = root(gradient, ours + 0.01, tol=1e-13)
    np.testing.assert_allclose(ours, found.x, atol=1e-6)


@pytest.mark.parametrize("power", [0, 1, 1.5, 2])
def test_ridge_penalty_agrees_with_scikit_learn(power):
    from sklearn.linear_model import TweedieRegressor

    loss = losses.Tweedie(power)
    X, y = make(losses.Gamma(), n=200, p=4)
    s = np.random.default_rng(5).random(200)
    theirs = TweedieRegressor(power=power, alpha=0.1, link="auto", tol=1e-10,
                              solver="newton-cholesky", max_iter=1000)
    theirs.fit(X, y, sample_weight=s)
    _, coef, intercept = fit(X, y, loss, 0.1, l1_ratio=0.0, sample_weight=s, tol=1e-13)
    np.testing.assert_allclose(coef, theirs.coef_, atol=1e-6)
    assert intercept == pytest.approx(theirs.intercept_, abs=1e-6)


@pytest.mark.parametrize("sparse", [False, True])
def test_logistic_ridge_agrees_with_scikit_learn(sparse):
    from sklearn.linear_model import LogisticRegression

    X, y = make(losses.Logistic(), n=200, p=4)
    theirs = LogisticRegression(C=1 / (200 * 0.05), solver="newton-cholesky", tol=1e-10)
    theirs.fit(X, y)
    _, coef, intercept = fit(sp.csc_array(X) if sparse else X, y, "logistic", 0.05,
                             l1_ratio=0.0, tol=1e-13)
    np.testing.assert_allclose(coef, theirs.coef_[0], atol=1e-6)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-6)


# --- Small problems of every kind -----------------------------------------------------

rounded = st.floats(-4, 4).map(lambda x: round(x, 4))
number = st.one_of(st.integers(-3, 3).map(float), rounded)


@st.composite
def problems(draw, loss):
    n, p = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    X = draw(arrays(float, (n, p), elements=number))
    if loss.classifies:
        y = draw(arrays(float, n, elements=st.sampled_from([0.0, 1.0])))
    elif loss.name in ("squared", "huber"):
        y = draw(arrays(float, n, elements=number))
    else:
        y = draw(arrays(float, n, elements=st.sampled_from([0.0, 1.0, 2.0, 7.0, 100.0])))
        y = y + 0.5 if loss.name == "gamma" else y
    options = {
        "l1_ratio": draw(st.sampled_from([1.0, 1.0, 0.5, 0.01, 0.0])),
        "fit_intercept": draw(st.booleans()),
        "standardize": draw(st.booleans()),
    }
    s = np.ones(n)
    if draw(st.booleans()):
        s = draw(arrays(float, n, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        assume(s.any())
        options["sample_weight"] = s
    if draw(st.booleans()):
        options["offset"] = draw(arrays(float, n, elements=number))
    if draw(st.booleans()):
        factor = st.sampled_from([0.5, 1.0, 2.0, np.inf])
        options["penalty_factor"] = draw(arrays(float, p, elements=factor))
    if draw(st.booleans()):
        bound = st.sampled_from([0.0, 0.25, 2.0, np.inf])
        options["lower"] = -draw(arrays(float, p, elements=bound))
        options["upper"] = draw(arrays(float, p, elements=bound))
    if options["fit_intercept"]:
        kept = y[s > 0]
        assume(not loss.classifies or 0 < kept.mean() < 1)
        assume(loss.name in ("squared", "huber") or kept.any())
    return X, y, options


def test_no_coefficient_is_rounded_beyond_its_bound():
    alphas = np.r_[2.0, 0.999, 0.5, 0.1, 1e-2, 1e-4]
    X = np.array([[-2.0, 2.0, -3.0], [-3.0, 2.0, 0.0]])
    upper = np.array([2.0, 2.0, 0.25])
    options = {
        "loss": losses.Huber(0.3), "l1_ratio": 0.0, "fit_intercept": False,
        "offset": [-3.0, -3.5204], "lower": [-np.inf, 0.0, -np.inf], "upper": upper,
    }
    top = riata.alpha_max(X, [-2.0, -1.0], **options)
    path = riata.fit_path(X, [-2.0, -1.0], alphas=top * alphas, **options)
    assert (path.coefs <= upper[:, None]).all()
    assert (path.coefs == upper[:, None]).any()
    X = np.array([
        [-3.3042, -1.0, 3.1377, 0.0], [-1.3593, 2.4558, -2.3363, 1.8806],
        [1.5413, 1.2011, 0.0, 0.0], [-2.9291, -3.0, 3.0, -1.0],
        [-1.4165, -0.7747, -3.0, 2.0],
    ])
    upper = np.array([0.25, 0.25, 0.25, 2.0])
    options = {
        "loss": "squared_hinge", "standardize": True, "upper": upper,
        "penalty_factor": [np.inf, np.inf, 1.0, 1.0],
        "lower": [-np.inf, -np.inf, -2.0, -np.inf],
    }
    y = [0.0, 0.0, 0.0, 0.0, 1.0]
    top = riata.alpha_max(X, y, **options)
    path = riata.fit_path(X, y, alphas=top * alphas, **options)
    assert (path.coefs <= upper[:, None]).all()
    assert path.coefs[2].min() >= -2.0


def test_the_oracle_finds_intercepts_from_afar():
    # far up an exponential, where each of Newton's steps is 1
    X = np.array([[0.0, -0.0218], [3.0, 3.0], [0.0, 0.0], [3.0, 0.0]])
    P = glm_reference.prepare(losses.Poisson(), X, [0.0, 0.0, 7.0, 0.0], 1e-3)
    w = np.array([-199.0, 196.0])
    b = glm_reference.best_intercept(losses.Poisson(), P, w)
    mean = np.exp(b + P.X @ w)
    assert abs(P.q @ (P.y - mean)) <= 1e-15


@each_loss
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:in .* the loss has no minimum")
def test_every_small_problem_is_certified(loss, data):
    X, y, options = data.draw(problems(loss))
    top = riata.alpha_max(X, y, loss=loss, **options) or 1.0
    alphas = top * np.r_[2.0, 0.999, 0.5, 0.1, 1e-2, 1e-4]
    path = riata.fit_path(X, y, loss=loss, alphas=alphas, time_limit=20.0, **options)
    for k, alpha in enumerate(alphas):
        if path.status[k] == "unbounded_or_separable":
            continue  # unpenalised columns (constant, standardised) and counts of zero
        assert path.relative_gap[k] <= 1e-6
        coef, intercept = path.coef.toarray()[:, k], path.intercept[k]
        own = glm_reference.certify(loss, X, y, coef, intercept, alpha, **options)
        if own.gap is not None:
            assert own.gap <= 1e-3 * own.null + 1e-13
        other, b = glm_reference.solve(
            loss, X, y, alpha, start=coef, max_steps=3, **options
        )
        P = glm_reference.prepare(loss, X, y, alpha, **options)
        lower = glm_reference.objective(loss, P, other, b)
        assert own.primal - lower <= path.dual_gap[k] + 1e-13 * (1 + own.null)


def test_nearly_equal_columns_at_the_top_of_a_path():
    # The active set ended with the wrong one of them: good enough for the model, whose
    # gap is quadratic in the violation, but not for the loss, and step after step.
    X = np.array([[0.0, 0.0], [3.0, 3.0004]])
    path = riata.fit_path(
        X, np.array([0.0, 1.0]), loss="squared_hinge", offset=np.array([0.0, 1.0]),
        alphas=[0.7493],
    )
    assert path.relative_gap[0] <= 1e-6
    assert path.diagnostics.hessians <= 10
