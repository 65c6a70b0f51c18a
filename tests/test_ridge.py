"""Direct and Krylov ridge: exact arithmetic, scikit-learn, leave-one-out, certificates.

The oracle solves the normal equations in rational numbers, so that it has no rounding
errors at all, whatever the condition or the units of the data.
"""

import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model

from riata._ridge import _certificate as _ridge_gap
from riata._ridge import _krylov as _ridge_krylov
from riata._ridge import _leave_one_out as _ridge_loo
from riata._ridge import _routes as _ridge_solver
from riata._ridge._solve import ridge_loo, solve_ridge

METHODS = ("auto", "cholesky", "eigh", "svd", "krylov")
SHAPES = {"tall": (14, 5), "wide": (6, 9), "square": (7, 7)}
ALPHAS = [1e4, 1.0, 1e-2, 1e-5]


def make(n, p, seed=0, targets=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + rng.standard_normal(p)
    beta = rng.standard_normal(p if targets is None else (p, targets))
    y = X @ beta
    return X, y + rng.standard_normal(y.shape)


# ---------------------------------------------------------------------------
# The oracle
# ---------------------------------------------------------------------------


def eliminate(A, b):
    """Solve a square system of Fractions."""
    rows = [[*row, value] for row, value in zip(A, b, strict=True)]
    for i in range(len(rows)):
        pivot = next(k for k in range(i, len(rows)) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i] != 0:
                f = rows[k][i]
                rows[k] = [x - f * z for x, z in zip(rows[k], rows[i], strict=True)]
    return [row[-1] for row in rows]


SOLVED = {}  # every storage and method asks for the same solutions


def exact_solution(X, y, alpha, **kw):
    """Coefficients and intercept, as floats."""
    arrays = [X, y, np.float64(alpha), *(np.asarray(kw[name]) for name in sorted(kw))]
    key = (X.shape, *sorted(kw), *(a.tobytes() for a in arrays))
    if key not in SOLVED:
        SOLVED[key] = Exact(X, y, alpha, **kw).solve()
    return SOLVED[key]


class Exact:
    """A ridge problem in rational numbers."""

    def __init__(
        self, X, y, alpha, *, fit_intercept=True, standardize=False,
        sample_weight=None, offset=None, penalty_factor=None,
    ):
        n, p = X.shape
        s = np.ones(n) if sample_weight is None else sample_weight
        o = np.zeros(n) if offset is None else offset
        u = np.ones(p) if penalty_factor is None else penalty_factor
        X = [[Fraction(float(x)) for x in row] for row in X]
        total = sum(Fraction(float(w)) for w in s)
        t = [Fraction(float(w)) / total for w in s]
        y = [Fraction(float(a)) - Fraction(float(b)) for a, b in zip(y, o, strict=True)]
        mean = [sum(t[i] * X[i][j] for i in range(n)) for j in range(p)]
        penalty = [Fraction(float(alpha)) * Fraction(float(v)) for v in u]
        if standardize:
            for j in range(p):
                penalty[j] *= sum(t[i] * (X[i][j] - mean[j]) ** 2 for i in range(n))
        middle = sum(a * b for a, b in zip(t, y, strict=True))
        if not fit_intercept:
            mean, middle = [0] * p, 0
        Z = [[x - m for x, m in zip(row, mean, strict=True)] for row in X]
        c = [v - middle for v in y]
        gram = [
            [sum(t[i] * Z[i][j] * Z[i][k] for i in range(n)) for k in range(p)]
            for j in range(p)
        ]
        right = [sum(t[i] * Z[i][j] * c[i] for i in range(n)) for j in range(p)]
        self.gram, self.right, self.penalty = gram, right, penalty
        self.null = sum(a * b * b for a, b in zip(t, c, strict=True)) / 2
        self.mean, self.middle = mean, middle

    def solve(self):
        """Coefficients and intercept, as floats."""
        size = range(len(self.gram))
        matrix = [
            [self.gram[j][k] + (self.penalty[j] if j == k else 0) for k in size]
            for j in size
        ]
        self.w = eliminate(matrix, self.right)
        pairs = zip(self.mean, self.w, strict=True)
        intercept = self.middle - sum(m * w for m, w in pairs)
        return np.array([float(w) for w in self.w]), float(intercept)

    def objective(self, w):
        """Objective of any coefficients, with the best intercept."""
        w, size = [Fraction(float(v)) for v in w], range(len(w))
        value = self.null - sum(a * b for a, b in zip(w, self.right, strict=True))
        for j in size:
            inner = sum(self.gram[j][k] * w[k] for k in size)
            value += w[j] * (inner + self.penalty[j] * w[j]) / 2
        return value


def assert_exact(X, y, alphas, *, rtol=1e-8, store=lambda X: X, method="auto", **kw):
    tol = 1e-15 if method == "krylov" else 1e-10
    fit = solve_ridge(store(X), y, alphas, method=method, tol=tol, **kw)
    for k, alpha in enumerate(alphas):
        coef, intercept = exact_solution(X, y, alpha, **kw)
        assert_allclose(fit.coef[k], coef, rtol=rtol, atol=rtol * np.abs(coef).max())
        spread = np.abs(y).max() + np.abs(X * coef).max()
        assert_allclose(fit.intercept[k], intercept, rtol=rtol, atol=rtol * spread)
    assert np.all(fit.relative_gap <= tol)
    return fit


OPTIONS = {
    "plain": {},
    "no_intercept": {"fit_intercept": False},
    "standardize": {"standardize": True},
    "standardize_no_intercept": {"standardize": True, "fit_intercept": False},
    "weights": {"sample_weight": True},
    "offset": {"offset": True},
    "factors": {"penalty_factor": True},
    "all": dict.fromkeys(
        ["standardize", "sample_weight", "offset", "penalty_factor"], True
    ),
}


def options(names, n, p, seed=3):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 2.0, n)
    weights[2] = 0.0
    factor = rng.uniform(0.1, 3.0, p)
    factor[1] = 0.0
    arrays = {
        "sample_weight": weights, "offset": 10 * rng.standard_normal(n),
        "penalty_factor": factor,
    }
    return {k: arrays.get(k, v) if v is True else v for k, v in names.items()}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("names", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_exact(shape, names, method, main_storage):
    X, y = make(*shape)
    rtol = 1e-5 if method == "krylov" else 1e-8
    assert_exact(
        X, y, ALPHAS, rtol=rtol, store=main_storage, method=method,
        **options(names, *shape),
    )


@pytest.mark.parametrize("shape", [(12, 5), (5, 12)])
def test_any_storage(shape, storage):
    X, y = make(*shape)
    X = np.round(8 * X) / 8
    X[X > 1] = 0
    X_stored = storage(X)
    expected = solve_ridge(X, y, ALPHAS)
    if isinstance(X_stored, list):
        X_stored = np.asarray(X_stored)
    fit = solve_ridge(X_stored, y, ALPHAS)
    assert_allclose(fit.coef, expected.coef, rtol=1e-10, atol=1e-12)
    loo = ridge_loo(X_stored, y, ALPHAS)
    assert_allclose(loo.errors, ridge_loo(X, y, ALPHAS).errors, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, bool])
@pytest.mark.parametrize("order", ["C", "F"])
def test_other_dtypes_lose_nothing(dtype, order):
    X, y = make(20, 6)
    X = np.asarray(4 * X, dtype=dtype, order=order)
    expected = solve_ridge(X.astype(np.float64), y, ALPHAS).coef
    assert_allclose(solve_ridge(X, y, ALPHAS).coef, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("store", [np.array, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_nothing_is_modified(shape, store):
    X, y = make(*shape, targets=2)
    X, kw = store(X), options(OPTIONS["all"], *shape)
    arrays = [y, *(v for v in kw.values() if isinstance(v, np.ndarray))]
    arrays += [X.data, X.indices, X.indptr] if sp.issparse(X) else [X]
    for a in arrays:
        a.flags.writeable = False
    before = [a.tobytes() for a in arrays]
    for method in METHODS:
        for intercept in (True, False):
            solve_ridge(X, y, [1.0, 0.0], fit_intercept=intercept, method=method)
            solve_ridge(X, y, [1.0, 0.0], fit_intercept=intercept, method=method, **kw)
    ridge_loo(X, y, [1.0, 0.1], **kw)
    assert before == [a.tobytes() for a in arrays]


# ---------------------------------------------------------------------------
# Units and condition
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e150, 1e-150, 1e100, 1e-60])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_extreme_units(shape, scale, main_storage):
    X, y = make(*shape)
    assert_exact(X, y * scale, ALPHAS, store=main_storage)
    assert_exact(X * scale, y / scale, [1e3, 1e-3], store=main_storage)
    kw = {"standardize": True}
    assert_exact(X * scale, y * scale, [1.0, 1e-3], store=main_storage, **kw)


@pytest.mark.parametrize("big", [1e12, 1e-12])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_column_of_another_scale(shape, big, main_storage):
    X, y = make(*shape)
    X[:, 2] *= big
    assert_exact(X, y, ALPHAS, rtol=1e-7, store=main_storage)
    assert_exact(X, y, ALPHAS, store=main_storage, standardize=True)


def test_columns_of_all_scales(main_storage):
    X, y = make(14, 6)
    X *= np.logspace(0, 12, 6)
    assert_exact(X, y, [1e24, 1e6, 1.0, 1e-6, 0.0], store=main_storage)


def test_many_columns_and_a_huge_one():
    # Beyond EXACT_SIDE features: the kernel, with the huge column projected out.
    X, y = make(30, _ridge_solver.EXACT_SIDE + 100)
    X[:, 7] *= 1e12
    for alpha in (1e3, 1.0, 1e-2):
        fit = solve_ridge(X, y, [alpha])
        assert fit.relative_gap[0] <= 1e-10
        assert fit.method == "kernel-cholesky"


@pytest.mark.parametrize("shape", [(15, 6), (6, 15)])
@pytest.mark.parametrize("power", [3, -40])
def test_powers_of_two_change_nothing(shape, power):
    X, y = make(*shape)
    c = 2.0**power
    fit, loo = solve_ridge(X, y, ALPHAS), ridge_loo(X, y, ALPHAS)
    alphas = c**2 * np.array(ALPHAS)
    assert_array_equal(solve_ridge(c * X, y, alphas).coef * c, fit.coef)
    scaled = solve_ridge(X, c * y, ALPHAS)
    assert_array_equal(scaled.coef, c * fit.coef)
    assert_array_equal(scaled.relative_gap, fit.relative_gap)
    assert_array_equal(scaled.dual_gap, c**2 * fit.dual_gap)
    assert_array_equal(scaled.kkt, c * fit.kkt)
    assert_array_equal(ridge_loo(X, c * y, ALPHAS).errors, c * loo.errors)
    weights = np.full(shape[0], c)
    assert_array_equal(solve_ridge(X, y, ALPHAS, sample_weight=weights).coef, fit.coef)


@pytest.mark.parametrize("store", [np.array, sp.csc_array])
def test_large_means(store):
    X, y = make(30, 4)
    X = np.round(X * 2**20) / 2**20 + 2.0**20
    assert_exact(X, y, [1.0, 1e-4], store=store)
    # Sparse in one place, far from zero in the other.
    X[:, 1:] *= np.random.default_rng(0).random((30, 3)) < 0.03
    assert_exact(X, y, [1.0, 1e-4], store=store)


@pytest.mark.parametrize("shape", [(25, 12), (12, 25)])
def test_ill_conditioned(shape):
    rng = np.random.default_rng(0)
    U, _ = np.linalg.qr(rng.standard_normal((25, 12)))
    V, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    X = (U * np.logspace(0, -9, 12)) @ V.T
    X = X if shape[0] == 25 else np.ascontiguousarray(X.T)
    y = X @ rng.standard_normal(shape[1])
    alphas = [1e-2, 1e-8, 1e-14]
    fit = assert_exact(X, y, alphas, rtol=1e-4, fit_intercept=False)
    assert fit.method.endswith("svd")


# ---------------------------------------------------------------------------
# Least squares
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("store", [np.array, sp.csr_array])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("n", "p", "rank"), [(30, 10, 10), (30, 10, 6), (10, 30, 10), (10, 30, 5)]
)
def test_least_norm(n, p, rank, fit_intercept, method, store):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, p))
    y = rng.standard_normal(n)
    Xc = X - fit_intercept * X.mean(axis=0)
    expected = np.linalg.pinv(Xc, rcond=1e-10) @ (y - fit_intercept * y.mean())
    rtol = 1e-4 if method == "krylov" else 1e-8
    for alpha in (0.0, 1e-30, 1e-25, 1e-20):
        fit = solve_ridge(
            store(X), y, [alpha], fit_intercept=fit_intercept, method=method
        )
        assert_allclose(fit.coef[0], expected, atol=rtol * np.abs(expected).max())
        assert fit.relative_gap[0] <= 1e-10


@pytest.mark.parametrize("spread", [1.0, 1e8])
@pytest.mark.parametrize("shape", [(20, 15), (8, 15)])
def test_least_squares_is_the_limit(shape, spread):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((shape[0], 6)) @ rng.standard_normal((6, shape[1]))
    y = rng.standard_normal(shape[0])
    factor = rng.uniform(0.5, 2.0, shape[1])
    factor[0] = 0.0
    factor[3] *= spread
    fit = solve_ridge(X, y, [0.0, 1e-9 / spread], penalty_factor=factor)
    assert_allclose(fit.coef[0], fit.coef[1], atol=1e-5)
    assert np.all(fit.relative_gap <= 1e-10)


def test_no_penalty_at_all(main_storage):
    X, y = make(30, 5)
    expected = linear_model.LinearRegression().fit(X, y)
    fit = solve_ridge(main_storage(X), y, [0.0, 7.0], penalty_factor=np.zeros(5))
    assert_allclose(fit.coef, [expected.coef_] * 2, rtol=1e-10)
    assert_allclose(fit.intercept, expected.intercept_, rtol=1e-10)
    assert np.all(fit.relative_gap < 1e-25)


def test_collinear_columns_without_penalty():
    X, y = make(30, 5)
    doubled = np.column_stack([X[:, 0], X])
    one = solve_ridge(X, y, [0.1], penalty_factor=np.array([0, 1, 1, 1, 1.0]))
    two = solve_ridge(doubled, y, [0.1], penalty_factor=np.array([0, 0, 1, 1, 1, 1.0]))
    assert_allclose(two.coef[0, :2], one.coef[0, 0] / 2, rtol=1e-10)
    assert_allclose(two.coef[0, 2:], one.coef[0, 1:], rtol=1e-10)
    assert two.relative_gap[0] < 1e-20


# ---------------------------------------------------------------------------
# Against scikit-learn
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [None, 3])
@pytest.mark.parametrize("shape", [(60, 12), (12, 60)])
def test_scikit_learn_ridge(shape, targets, fit_intercept, weighted, main_storage):
    X, y = make(*shape, targets=targets)
    weights = np.random.default_rng(5).uniform(0.1, 3.0, shape[0]) if weighted else None
    total = weights.sum() if weighted else shape[0]
    grid = np.array([100.0, 1.0, 0.01])
    fit = solve_ridge(
        main_storage(X), y, grid / total, fit_intercept=fit_intercept,
        sample_weight=weights,
    )
    for k, alpha in enumerate(grid):
        model = linear_model.Ridge(
            alpha=alpha, fit_intercept=fit_intercept, solver="svd"
        ).fit(X, y, weights)
        assert_allclose(fit.coef[k], model.coef_, rtol=1e-8, atol=1e-10)
        assert_allclose(fit.intercept[k], model.intercept_, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("store", [np.array, sp.csr_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [None, 2])
@pytest.mark.parametrize("shape", [(50, 8), (15, 40)])
def test_scikit_learn_ridge_cv(shape, targets, fit_intercept, store):
    X, y = make(*shape, targets=targets)
    weights = np.random.default_rng(5).uniform(0.1, 3.0, shape[0])
    grid = np.logspace(-2, 3, 6)
    model = linear_model.RidgeCV(
        grid, fit_intercept=fit_intercept, store_cv_results=True
    ).fit(X, y, weights)
    loo = ridge_loo(
        store(X), y, grid / weights.sum(), fit_intercept=fit_intercept,
        sample_weight=weights,
    )
    squares = weights[:, None] * loo.errors.reshape(len(grid), shape[0], -1) ** 2
    expected = model.cv_results_.reshape(shape[0], -1, len(grid))
    assert_allclose(squares, np.moveaxis(expected, -1, 0), rtol=1e-6, atol=1e-12)
    best = grid[squares.mean(axis=(1, 2)).argmin()]
    assert best == model.alpha_
    fit = loo.solve(best / weights.sum())
    assert_allclose(fit.coef[0], model.coef_, rtol=1e-8, atol=1e-10)


# ---------------------------------------------------------------------------
# Leave-one-out
# ---------------------------------------------------------------------------


def leave_out(X, y, alphas, sample_weight=None, offset=None, **kw):
    """Errors by as many fits as there are samples."""
    n = len(y)
    s = np.ones(n) if sample_weight is None else sample_weight
    errors = np.empty((len(alphas), *y.shape))
    for i in range(n):
        rest = s.copy()
        rest[i] = 0.0
        grid = np.asarray(alphas) * s.sum() / rest.sum()
        fit = solve_ridge(
            X, y, grid, sample_weight=rest, offset=offset, method="svd", **kw
        )
        errors[:, i] = y[i] - fit.intercept - fit.coef @ X[i]
        if offset is not None:
            errors[:, i] -= offset[i]
    return errors


@pytest.mark.parametrize("method", ["auto", "svd"])
@pytest.mark.parametrize("names", ["plain", "no_intercept", "weights", "factors"])
@pytest.mark.parametrize("shape", [(25, 6), (12, 30), (14, 14), (14, 12)])
def test_leave_one_out(shape, names, method, main_storage):
    X, y = make(*shape, targets=2)
    kw = options(OPTIONS[names], *shape)
    alphas = [1.0, 1e-2, 1e-5]
    loo = ridge_loo(main_storage(X), y, alphas, method=method, **kw)
    expected = leave_out(X, y, alphas, **kw)
    assert loo.errors.shape == (3, shape[0], 2)
    assert_allclose(loo.errors, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("shape", [(25, 6), (12, 30)])
def test_leave_one_out_with_everything(shape, main_storage):
    X, y = make(*shape)
    kw = options({k: True for k in ("sample_weight", "offset", "penalty_factor")}, *shape)
    s = kw["sample_weight"] / kw["sample_weight"].sum()
    variance = s @ (X - s @ X) ** 2
    loo = ridge_loo(main_storage(X), y, [1.0, 1e-3], standardize=True, **kw)
    kw["penalty_factor"] = kw["penalty_factor"] * variance
    assert_allclose(loo.errors, leave_out(X, y, [1.0, 1e-3], **kw), rtol=1e-7)


def test_leave_one_out_interpolating():
    # Residuals and 1 - leverages are both about alpha; at alpha = 0 both are 0.
    X, y = make(10, 30)
    alphas = [1e-9, 1e-12, 0.0]
    expected = leave_out(X, y, alphas)
    assert_allclose(ridge_loo(X, y, alphas).errors, expected, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1e-13])
def test_leave_one_out_of_a_sample_with_a_column_of_its_own(alpha):
    X, y = make(30, 5)
    X = np.column_stack([X, np.arange(30) == 4])
    for kw in ({}, {"penalty_factor": np.array([1, 1, 1, 1, 1, 0.0])}):
        loo = ridge_loo(X, y, [alpha], **kw)
        assert_allclose(loo.errors, leave_out(X, y, [alpha], **kw), rtol=1e-6)


def test_leave_one_out_uneven_columns():
    X, y = make(25, 5)
    X *= np.logspace(0, 10, 5)
    alphas = [1e3, 1.0, 1e-6]
    assert_allclose(ridge_loo(X, y, alphas).errors, leave_out(X, y, alphas), rtol=1e-6)


@pytest.mark.parametrize("shape", [(25, 6), (8, 20)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gcv(shape, fit_intercept):
    X, y = make(*shape, targets=2)
    n = shape[0]
    weights = np.random.default_rng(0).uniform(0.5, 2, n)
    t = weights / weights.sum()
    Z = np.sqrt(t)[:, None] * (X - fit_intercept * (t @ X))
    c = np.sqrt(t)[:, None] * (y - fit_intercept * (t @ y))
    loo = ridge_loo(X, y, ALPHAS, fit_intercept=fit_intercept, sample_weight=weights)
    for k, alpha in enumerate(ALPHAS):
        H = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(shape[1]), Z.T)
        dof = np.trace(H) + fit_intercept
        residual = c - H @ c
        gcv = (residual**2).sum(axis=0) / (1 - dof / n) ** 2
        assert_allclose(loo.dof[k], dof, rtol=1e-7)
        assert_allclose(loo.gcv[k], gcv, rtol=1e-6)


def test_leave_one_out_keeps_the_factorisation(monkeypatch):
    X, y = make(40, 10, targets=3)
    loo = ridge_loo(X, y, ALPHAS)
    monkeypatch.setattr(_ridge_solver, "Primal", None)
    grid = np.array([[1.0, 0.1, 1e-3]])
    fit = loo.solve(grid)
    assert fit.coef.shape == (1, 3, 10)
    assert fit.method == "gram-eigh"
    monkeypatch.undo()
    for k in range(3):
        single = solve_ridge(X, y[:, k], [grid[0, k]], method="svd")
        assert_allclose(fit.coef[0, k], single.coef[0], rtol=1e-9)


# ---------------------------------------------------------------------------
# Weights
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(12, 5), (6, 20)])
def test_weight_is_repetition(shape, method, main_storage):
    X, y = make(*shape)
    weights = np.arange(shape[0]) % 4
    repeated = np.repeat(X, weights, axis=0), np.repeat(y, weights)
    kw = {"tol": 1e-15, "method": method, "standardize": True}
    fit = solve_ridge(main_storage(X), y, ALPHAS, sample_weight=weights, **kw)
    expected = solve_ridge(main_storage(repeated[0]), repeated[1], ALPHAS, **kw)
    rtol = 1e-5 if method == "krylov" else 1e-9
    assert_allclose(fit.coef, expected.coef, rtol=rtol, atol=rtol)
    assert_allclose(fit.intercept, expected.intercept, rtol=rtol, atol=rtol)
    assert_allclose(fit.null_objective, expected.null_objective, rtol=1e-12)


def test_weight_zero_hides_anything():
    X, y = make(12, 4)
    expected = solve_ridge(X, y, ALPHAS)
    X = np.vstack([X, [1e9, -1e9, 3.0, 0.0]])
    fit = solve_ridge(X, np.append(y, 1e9), ALPHAS, sample_weight=np.arange(13) < 12)
    assert_allclose(fit.coef, expected.coef, rtol=1e-8)


# ---------------------------------------------------------------------------
# Certificates
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_gap_is_a_bound(shape, names, main_storage):
    # With a loose tolerance there is a gap that one can see.
    X, y = make(*shape)
    kw = options(names, *shape)
    alphas = [1.0, 1e-2]
    fit = solve_ridge(main_storage(X), y, alphas, tol=1e-2, method="krylov", **kw)
    for k, alpha in enumerate(alphas):
        exact = Exact(X, y, alpha, **kw)
        best = exact.objective(exact.solve()[0])
        excess = float(exact.objective(fit.coef[k]) - best)
        noise = 1e-15 * fit.null_objective
        assert excess <= fit.dual_gap[k] * (1 + 1e-9) + noise
        assert_allclose(fit.null_objective, float(exact.null), rtol=1e-12)
        gap = fit.relative_gap[k] * fit.null_objective
        assert_allclose(fit.dual_gap[k], gap, rtol=1e-12)
        w = [Fraction(float(v)) for v in fit.coef[k]]
        gradient = [
            sum(a * b for a, b in zip(row, w, strict=True)) + q * v - h
            for row, q, v, h in zip(
                exact.gram, exact.penalty, w, exact.right, strict=True
            )
        ]
        largest = max(abs(float(g)) for g in gradient)
        assert_allclose(fit.kkt[k], largest, rtol=1e-6, atol=1e-12)


def test_a_wrong_solution_is_found_out(monkeypatch):
    X, y = make(40, 10)
    true_solve = _ridge_solver.Primal.solve
    monkeypatch.setattr(_ridge_gap, "CORRECTIONS", 0)
    monkeypatch.setattr(
        _ridge_solver.Primal, "solve", lambda *a: 1.001 * true_solve(*a)
    )
    fit = solve_ridge(X, y, [0.1])
    exact = Exact(X, y, 0.1)
    excess = float(exact.objective(fit.coef[0]) - exact.objective(exact.solve()[0]))
    assert excess > 1e-8
    assert fit.dual_gap[0] >= excess


def test_corrections_repair_a_poor_factorisation(monkeypatch):
    X, y = make(40, 10)
    true_inverse = _ridge_solver.Primal._inverse
    monkeypatch.setattr(
        _ridge_solver.Primal, "_inverse", lambda *a: 1.001 * true_inverse(*a)
    )
    fit = solve_ridge(X, y, [0.1])
    assert fit.n_iter[0] > 1
    assert fit.relative_gap[0] <= 1e-10


@pytest.mark.parametrize("shape", [(60, 8), (15, 50)])
@pytest.mark.parametrize("factor", [False, True])
def test_many_targets(shape, factor, monkeypatch):
    X, y = make(*shape, targets=100)
    y[:, 3] = 0.25  # a constant target among them needs no certificate in common
    kw = options({"penalty_factor": factor}, *shape)
    kw = kw if factor else {}
    fit = solve_ridge(X, y, [1.0, 0.01], **kw)
    together = solve_ridge(X, y[:, 4:], [1.0, 0.01], **kw)
    monkeypatch.setattr(_ridge_gap, "MANY", 1000)
    single = solve_ridge(X, y, [1.0, 0.01], **kw)
    assert fit.coef.shape == (2, 100, shape[1])
    assert_allclose(fit.coef, single.coef, rtol=1e-9, atol=1e-11)
    for k in (0, 50, 95):
        alone = solve_ridge(X, y[:, 4 + k], [1.0, 0.01], **kw)
        assert_allclose(together.coef[:, k], alone.coef, rtol=1e-9, atol=1e-11)
    assert_array_equal(fit.coef[:, 3], 0.0)
    assert_array_equal(fit.relative_gap[:, 3], 0.0)
    assert np.all(together.relative_gap <= 1e-13)
    assert np.all(together.relative_gap >= single.relative_gap[:, 4:])
    assert np.all(together.kkt >= single.kkt[:, 4:])


def test_many_targets_one_of_them_wrong(monkeypatch):
    X, y = make(60, 8, targets=100)
    true_solve = _ridge_solver.Primal.solve

    def solve(*args):
        V = true_solve(*args)
        V[:, 17] *= 1.0001
        return V

    monkeypatch.setattr(_ridge_gap, "CORRECTIONS", 0)
    monkeypatch.setattr(_ridge_solver.Primal, "solve", solve)
    gap = solve_ridge(X, y, [0.1]).relative_gap[0]
    assert gap[17] > 1e-10
    assert np.all(np.delete(gap, 17) < 1e-20)


# ---------------------------------------------------------------------------
# Krylov
# ---------------------------------------------------------------------------


def test_krylov_does_not_densify():
    rng = np.random.default_rng(0)
    X = sp.random_array((6000, 9000), density=1e-3, rng=rng, format="csr")
    y = X @ rng.standard_normal(9000) + rng.standard_normal(6000)
    tracemalloc.start()
    fit = solve_ridge(X, y, np.logspace(-3, 0, 10), method="krylov")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.all(fit.relative_gap <= 1e-10)
    assert len(set(fit.n_iter)) == 1  # one run for all
    assert peak < 0.2 * 8 * 6000 * 9000


def test_krylov_is_tried_first_where_it_is_cheaper():
    rng = np.random.default_rng(0)
    X = sp.random_array((8000, 1500), density=1e-2, rng=rng, format="csr")
    y = X @ rng.standard_normal(1500) + rng.standard_normal(8000)
    easy = solve_ridge(X, y, [1e-3])
    assert easy.method == "krylov"
    assert easy.relative_gap[0] <= 1e-14
    hard = solve_ridge(X @ sp.diags_array(np.logspace(0, -5, 1500)), y, [1e-14])
    assert hard.method == "gram-cholesky"
    assert hard.relative_gap[0] <= 1e-10


def test_conjugate_gradients_finish_what_the_basis_is_too_small_for(monkeypatch):
    X, y = make(80, 40)
    X *= np.logspace(0, 2, 40)
    monkeypatch.setattr(_ridge_krylov, "BASIS_BYTES", 1)
    fit = solve_ridge(X, y, [1.0, 0.01], method="krylov", penalty_factor=np.r_[0, [1] * 39])
    expected = solve_ridge(X, y, [1.0, 0.01], penalty_factor=np.r_[0, [1] * 39])
    assert np.all(fit.relative_gap <= 1e-10)
    assert np.all(fit.n_iter > 8)
    assert_allclose(fit.coef, expected.coef, rtol=1e-3, atol=1e-5)


def test_krylov_reports_an_iteration_limit():
    X, y = make(80, 40)
    fit = solve_ridge(X, y, [1e-3], method="krylov", max_iter=3)
    assert fit.n_iter[0] <= 3
    assert fit.relative_gap[0] > 1e-10
    exact = solve_ridge(X, y, [1e-3])
    assert not np.allclose(fit.coef, exact.coef)


# ---------------------------------------------------------------------------
# Shapes, degenerate data, errors
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [None, 1, 3])
def test_shapes(targets):
    X, y = make(12, 4, targets=targets)
    fit, loo = solve_ridge(X, y, ALPHAS), ridge_loo(X, y, ALPHAS)
    axis = () if targets is None else (targets,)
    assert fit.coef.shape == (4, *axis, 4)
    for name in ("intercept", "dual_gap", "relative_gap", "kkt", "n_iter"):
        assert getattr(fit, name).shape == (4, *axis), name
    assert np.shape(fit.null_objective) == axis
    assert loo.errors.shape == (4, 12, *axis)
    assert loo.gcv.shape == loo.dof.shape == (4, *axis)
    assert solve_ridge(X, y, 0.5).coef.shape == (1, *axis, 4)
    assert solve_ridge(X, y, []).coef.shape == (0, *axis, 4)


@pytest.mark.parametrize("n_alphas", [3, 40])
def test_alphas_in_chunks_and_per_target(n_alphas, monkeypatch):
    X, y = make(30, 6, targets=3)
    grid = np.random.default_rng(0).uniform(0, 1, (n_alphas, 3))
    expected = solve_ridge(X, y, grid)
    for k in range(3):
        single = solve_ridge(X, y[:, k], grid[:, k])
        assert_allclose(expected.coef[:, k], single.coef, rtol=1e-9)
    monkeypatch.setattr(_ridge_solver, "CHUNK", 1)
    fit = solve_ridge(X, y, grid)
    assert_allclose(fit.coef, expected.coef, rtol=1e-12)
    assert_allclose(fit.relative_gap, expected.relative_gap, atol=1e-20)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("store", [np.array, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 2), (5, 0), (3, 7)])
@pytest.mark.parametrize("fill", [0.0, 3.0, None])
def test_degenerate(shape, store, method, fill):
    X = make(*shape)[0] if fill is None else np.full(shape, fill)
    y = np.arange(1.0, shape[0] + 1)
    for standardize in (False, True):
        for fit_intercept in (True, False):
            fit = solve_ridge(
                store(X), y, [1.0, 0.0], method=method, standardize=standardize,
                fit_intercept=fit_intercept,
            )
            assert np.isfinite(fit.coef).all()
            assert np.all(fit.relative_gap <= 1e-10)
            if fill is not None and (fit_intercept or fill == 0.0):
                assert_array_equal(fit.coef, 0.0)
                assert_allclose(fit.intercept, fit_intercept * y.mean())
            elif fill is not None and standardize and shape[1]:  # like an intercept
                assert_allclose(fill * fit.coef.sum(axis=1), y.mean())


@pytest.mark.parametrize("shape", [(15, 6), (6, 15)])
def test_constant_and_excluded_columns_drop_out(shape, main_storage):
    X, y = make(*shape)
    expected = solve_ridge(X[:, 3:], y, ALPHAS)
    X[:, 0], X[:, 1] = 0.1, 0.0
    factor = np.ones(shape[1])
    factor[2] = np.inf
    for many in (ALPHAS, [*ALPHAS, *np.linspace(1, 2, 20)]):
        fit = solve_ridge(main_storage(X), y, many, penalty_factor=factor)
        assert_array_equal(fit.coef[:, :3], 0.0)
        assert_allclose(fit.coef[:4, 3:], expected.coef, rtol=1e-9, atol=1e-12)
        loo = ridge_loo(main_storage(X), y, ALPHAS, penalty_factor=factor)
        assert_allclose(loo.errors, ridge_loo(X[:, 3:], y, ALPHAS).errors, rtol=1e-7)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e150])
def test_constant_target(constant):
    X, _ = make(30, 4)
    fit = solve_ridge(X, np.full(30, constant), ALPHAS)
    assert_array_equal(fit.coef, 0.0)
    assert_array_equal(fit.intercept, constant)
    assert_array_equal(fit.relative_gap, 0.0)
    assert_array_equal(fit.dual_gap, 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(30, 4), (4, 30)])
@pytest.mark.parametrize("method", ["auto", "krylov"])
def test_not_finite(shape, method, bad, main_storage):
    X, y = make(*shape)
    X[3, 2] = bad
    for weights in (None, np.arange(shape[0]) != 3):
        with pytest.raises(ValueError, match=r"X contains .* row 3, column 2"):
            solve_ridge(main_storage(X), y, [1.0], sample_weight=weights, method=method)


def test_errors():
    X, y = make(10, 3, targets=2)
    with pytest.raises(ValueError, match="method must be one of"):
        solve_ridge(X, y, [1.0], method="lu")
    with pytest.raises(ValueError, match="method must be 'auto'"):
        ridge_loo(X, y, [1.0], method="cholesky")
    with pytest.raises(ValueError, match="sample_weight is zero"):
        solve_ridge(X, y, [1.0], sample_weight=np.zeros(10))
    with pytest.raises(ValueError, match=r"alphas has shape \(1, 3\)"):
        solve_ridge(X, y, [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="no samples"):
        solve_ridge(X[:0], y[:0], [1.0])
    with pytest.raises(ValueError, match="at least 2 samples"):
        ridge_loo(X, y, [1.0], sample_weight=np.arange(10) == 1)
    with pytest.raises(ValueError, match="beyond the range"):
        solve_ridge(1e-200 * X, 1e200 * y, [0.0])


def test_leave_one_out_of_a_large_sparse_matrix_asks_for_folds():
    size = _ridge_loo.SPARSE_SIDE + 1
    X = sp.eye_array(size, format="csr")
    with pytest.raises(ValueError, match="cv=5"):
        ridge_loo(X, np.ones(size), [1.0])


def test_import_needs_numpy_only():
    code = (
        "import sys, riata._ridge._solve;"
        "assert not {'scipy', 'sklearn', 'joblib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
