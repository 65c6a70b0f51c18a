"""Inside the solver: engines, lanes, screening and kernels lead to the same solution."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import riata
from riata import _costs
from riata._core.active_set import ActiveSet
from riata._core.batched_descent import BatchedDescent
from riata._core.certificate import extrapolate
from riata._core.descent import Quadratic
from riata._core.design import Design, cache_lines, kernel_levels
from riata._core.elementwise import standard_target
from riata._core.gram import sparse_gram
from riata._core.screening import Screening
from riata._path._checked import checked_data, checked_penalty
from riata._path._solve import solve_path
from riata._problem._problem import Problem
from riata._solver._solutions import Settings, Status
from riata._solver._working_set import next_columns
from riata._validation import check_design
from riata.datasets import make_correlated_data, make_sparse_data


def problems():
    X, y, _ = make_correlated_data(120, 900, rho=0.9, random_state=0)
    yield "dense", X, y
    X, y, _ = make_sparse_data(300, 800, 0.1, random_state=1)
    yield "sparse", X, y
    X, y, _ = make_correlated_data(900, 60, rho=0.5, random_state=2)
    yield "tall", X, y


PROBLEMS = {name: (X, y) for name, X, y in problems()}
OPTIONS = {
    "lasso": {},
    "box": {"lower": -0.05, "upper": 0.1},
    "enet": {"l1_ratio": 0.5},
}


def solve(X, y, settings, n_alphas=20, standardize=True, **options):
    data = checked_data(X, y, None, None)
    options = {"l1_ratio": 1.0, "lower": None, "upper": None, **options}
    penalty = checked_penalty(
        None, options["l1_ratio"], None, options["lower"], options["upper"],
        data.X.n_features,
    )
    return solve_path(
        data, n_alphas, penalty, settings, fit_intercept=True, standardize=standardize,
        ratio=0.01,
    )


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(
    "settings",
    [{"engine": "gram"}, {"engine": "residual"}, {"batch": 1}, {"screening": False}],
    ids=str,
)
def test_ways_to_the_same_solution(name, settings, options):
    X, y = PROBLEMS[name]
    usual = solve(X, y, Settings(tol=1e-10), **options)
    other = solve(X, y, Settings(tol=1e-10, **settings), **options)
    assert set(usual.status) == set(other.status) == {Status.optimal}
    np.testing.assert_allclose(other.objective, usual.objective, rtol=2e-10)
    np.testing.assert_allclose(
        other.coef.toarray(), usual.coef.toarray(), atol=1e-4 * abs(usual.coef).max()
    )


def design_of(X, y):
    problem = Problem(check_design(X), y - y.mean(), l1_ratio=1.0)
    return problem, problem.design


@pytest.mark.parametrize("name", PROBLEMS)
def test_screening_is_never_wrong(name):
    # After any history of references, a column it calls certain satisfies its KKT.
    X, y = PROBLEMS[name]
    problem, design = design_of(X, y)
    rng = np.random.default_rng(3)
    l1 = problem.column_penalty.l1
    p = design.n_features
    screening = Screening(design, l1, problem.y, 3)
    skip = np.zeros(p, dtype=np.uint8)
    everything = np.arange(p)
    r = problem.y.copy()
    certain = 0
    for step in range(12):
        R = np.empty((design.n_samples, 8))
        for k in range(8):
            j = rng.integers(p)
            move = np.zeros((design.n_samples, 1))
            design.subtract_product(everything[[j]], np.ones((1, 1)), move)
            r = r + 0.02 * rng.normal() * move[:, 0]
            R[:, k] = r
        loss = (R**2).sum(axis=0)
        C = np.empty((p, 8))
        design.gradient(R, C)
        alphas = np.sort(rng.uniform(0.05, 1.0, 8))[::-1]
        alphas = alphas * problem.column_penalty.alpha_max(C.max(axis=1))
        screening.project(R, loss)
        uncertain = screening.uncertain(alphas, skip)
        violated = np.flatnonzero((np.abs(C) > alphas * l1[:, None]).any(axis=1))
        assert np.isin(violated, uncertain).all(), step
        certain += p - len(uncertain)
        screening.learn(uncertain, C[uncertain, 7].copy(), R[:, 7], loss[7])
        screening.project(R, loss)
        known = screening.estimate(7)
        np.testing.assert_allclose(known[uncertain], C[uncertain, 7], atol=1e-7)
    assert certain > 0  # it does prove something


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [np.asfortranarray, np.ascontiguousarray, sp.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_design_verbs_against_dense_algebra(make, dtype, weighted):
    rng = np.random.default_rng(4)
    n, p = 83, 137
    dense = (rng.normal(3.0, 1.0, (n, p)) * (rng.random((n, p)) < 0.4)).astype(dtype)
    dense[:, 5] = rng.normal(1e3, 1.0, n)  # full, and far from zero
    X = check_design(make(dense))
    s = None
    if weighted:
        s = rng.uniform(0.0, 2.0, n)
        s /= s.mean()
    y = rng.normal(size=n)
    y -= np.average(y, weights=s)
    design = Design(X.kind, X.data, X.indices, X.indptr, (n, p), s, True, y)
    weights = np.ones(n) if s is None else s
    centred = dense.astype(float) - np.average(dense.astype(float), axis=0, weights=s)
    Z = centred * design.scale
    np.testing.assert_allclose(design.sqnorm, weights @ Z**2, rtol=1e-9)
    np.testing.assert_allclose(design.xty, Z.T @ (weights * y), atol=1e-9)
    Q = rng.normal(size=(n, 8))
    Q -= Q.mean(axis=0)
    out = np.empty((p, 8))
    design.gradient(Q, out)
    np.testing.assert_allclose(out, Z.T @ Q, atol=1e-8)
    cols = rng.permutation(p)[:31]
    some = np.empty((31, 8))
    design.gradient(Q, some, cols)
    np.testing.assert_allclose(some, Z[:, cols].T @ Q, atol=1e-8)
    one = np.empty((p, 1))
    design.gradient(np.ascontiguousarray(Q[:, :1]), one)
    np.testing.assert_allclose(one, Z.T @ Q[:, :1], atol=1e-8)
    for lanes in (1, 8):
        B, R = rng.normal(size=(31, lanes)), np.zeros((n, lanes))
        design.subtract_product(cols, B, R)
        np.testing.assert_allclose(R, -Z[:, cols] @ B, atol=1e-8)
        R = cache_lines(n, lanes)
        assert R.shape == (n, lanes)
        assert R.ctypes.data % 64 == 0
        R[:] = rng.normal(3.0, 1.0, size=(n, lanes))
        settled = R - np.average(R, axis=0, weights=weights)
        sums, squares = design.subtract_means(R)
        np.testing.assert_allclose(R, settled, atol=1e-12)
        np.testing.assert_allclose(sums, weights @ R, atol=1e-12)
        np.testing.assert_allclose(squares, weights @ R**2, rtol=1e-12)
        out = np.empty((31, lanes))
        design.gradient(weights[:, None] * R, out, cols, sums)
        np.testing.assert_allclose(out, Z[:, cols].T @ (weights[:, None] * R), atol=1e-8)
    packed = np.empty((n - 10, 31), order="F")
    design.pack(cols, 10, n, packed)
    np.testing.assert_allclose(packed, (np.sqrt(weights)[:, None] * Z[:, cols])[10:],
                               atol=1e-9)
    if design.sparse:
        expected = Z[:, cols].T @ (weights[:, None] * Z[:, cols])
        for old in (0, 20, 31):
            block = sparse_gram(design, cols, old)
            np.testing.assert_allclose(block, expected[:, old:], atol=1e-7)


def test_correlations_and_slopes_of_a_lane():
    C = np.arange(12.0).reshape(4, 3)
    cols = np.array([4, 0, 1, 3])
    c, slope = np.full(5, 7.0), np.full(5, 9.0)
    extrapolate(C, cols, 0, 2, -0.5, c, slope)
    assert c.tolist() == [5.0, 8.0, 7.0, 11.0, 2.0]
    assert slope.tolist() == [-4.0, -4.0, 9.0, -4.0, -4.0]
    extrapolate(C, cols, -1, 1, 2.0, c, slope)  # from what is in c
    assert c.tolist() == [4.0, 7.0, 7.0, 10.0, 1.0]
    assert slope.tolist() == [-0.5, -0.5, 9.0, -0.5, -0.5]
    extrapolate(C, cols, -1, 0, 0.0, c, slope)
    assert slope.tolist() == [-0.5, -0.5, 9.0, -0.5, -0.5]


def kkt_of(G, q, w, l1, l2, lower, upper):
    z = q - G @ w - l2 * w
    slack = np.where(w > 0, z - l1, np.where(w < 0, -z - l1, np.abs(z) - l1))
    slack = np.where(w == 0, np.maximum(slack, 0), np.abs(slack))
    held = ((w >= upper) & (z >= l1)) | ((w <= lower) & (z <= -l1))
    held |= (w == 0) & (((z > 0) & (upper == 0)) | ((z < 0) & (lower == 0)))
    return np.where(held, 0.0, slack).max()


@pytest.mark.parametrize("seed", range(20))
def test_active_set_ends_exactly_from_any_start(seed):
    rng = np.random.default_rng(seed)
    n, p = rng.integers(5, 60), rng.integers(1, 40)
    Z = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    G, q = np.asfortranarray(Z.T @ Z / n), Z.T @ rng.normal(size=n) / n
    l2 = np.full(p, 0.0 if n > p else 0.01)
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    if seed % 2:
        lower, upper = np.full(p, -0.1), np.full(p, 0.05)
    active = ActiveSet()
    w = np.clip(rng.normal(size=p) * (rng.random(p) < 0.5), lower, upper)
    c = q - G @ w
    for strength in (0.3, 0.1, 0.02, 0.2):
        l1 = strength * np.abs(q).max() * np.ones(p)
        status = active.solve(G, q, w, c, l1, l1, l2, lower, upper)
        assert status == 0
        assert kkt_of(G, q, w, l1, l2, lower, upper) <= 1e-11 * np.abs(q).max()
        np.testing.assert_allclose(c, q - G @ w, atol=1e-12)


def test_active_set_follows_a_path_as_it_does_its_steps():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(40, 25))
    G, q = np.asfortranarray(Z.T @ Z), Z.T @ rng.normal(size=40)
    l1, l2 = np.ones(25), 0.1 * np.ones(25)
    bounds = np.full(25, -np.inf), np.full(25, np.inf)
    alphas = np.abs(q).max() * np.geomspace(1, 1e-3, 30)
    W, w, c = np.zeros((25, 30)), np.zeros(25), q.copy()
    last = ActiveSet().solve_path(G, q, w, c, alphas[0], alphas, 0, l1, l2, *bounds, W)
    assert last == 30
    for k, alpha in enumerate(alphas):
        assert kkt_of(G, q, W[:, k], alpha * l1, alpha * l2, *bounds) <= 1e-11 * alphas[0]


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("ridge", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("copies", [0, 40])
def test_active_set_exchanges_blocks(bounded, ridge, copies):
    # long steps with many free coefficients: one factor serves several alphas, and
    # whole blocks of coefficients change between two of them
    rng = np.random.default_rng(5)
    n, p = 300, 260
    Z = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    Z[:, p - copies:] = Z[:, :copies]
    G, q = np.asfortranarray(Z.T @ Z / n), Z.T @ rng.normal(size=n) / n
    l1, l2 = rng.uniform(0.5, 1.0, p), np.full(p, ridge * np.abs(q).max())
    lower, upper = (-0.05, 0.03) if bounded else (-np.inf, np.inf)
    lower, upper = np.full(p, lower), np.full(p, upper)
    active, w, c = ActiveSet(), np.zeros(p), q.copy()
    alphas = np.abs(q).max() * np.array([1.0, 0.3, 0.2, 0.19, 0.1, 0.02, 0.019, 0.3, 0.1])
    most = 0
    for above, alpha in zip(np.r_[alphas[0], alphas], alphas, strict=False):
        status = active.solve(
            G, q, w, c, above * l1, alpha * l1, alpha * l2, lower, upper
        )
        assert status == 0
        violation = kkt_of(G, q, w, alpha * l1, alpha * l2, lower, upper)
        assert violation <= 1e-10 * alphas[0]
        np.testing.assert_allclose(c, q - G @ w, atol=1e-12)
        most = max(most, np.count_nonzero((w != 0) & (w > lower) & (w < upper)))
    assert most > 100


@pytest.mark.parametrize("penalised", [True, False])
def test_active_set_begins_with_dependent_columns(penalised):
    # coefficients spread over copies of a column, as descent leaves them
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(30, 8))
    Z = np.hstack([Z, Z[:, :3], -Z[:, :2], Z[:, [0]] + Z[:, [1]]])
    p = Z.shape[1]
    G, q = np.asfortranarray(Z.T @ Z), Z.T @ rng.normal(size=30)
    l1, l2 = np.full(p, 0.1 * np.abs(q).max()), np.zeros(p)
    if not penalised:
        l1[[0, 8]] = 0.0
    bounds = np.full(p, -np.inf), np.full(p, np.inf)
    w = rng.normal(size=p)
    c = q - G @ w
    assert ActiveSet().solve(G, q, w, c, l1, l1, l2, *bounds) == 0
    assert kkt_of(G, q, w, l1, l2, *bounds) <= 1e-10 * np.abs(q).max()
    np.testing.assert_allclose(c, q - G @ w, atol=1e-10)
    assert np.abs(w).max() < 100.0


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("form", ["gram", "csc", "csc32"])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_lanes_end_at_the_solution(form, lanes, bounded, weighted):
    rng = np.random.default_rng(2)
    n, p = 60, 40
    X = sp.random_array((n, p), density=0.3, rng=rng, format="csc")
    X.data += 1.0
    if form == "csc32":
        X = X.astype(np.float32)
    y = rng.normal(size=n)
    s = rng.integers(0, 3, n).astype(float) if weighted else None
    problem = Problem(check_design(X), y, l1_ratio=0.9, sample_weight=s)
    design, column_penalty = problem.design, problem.column_penalty
    ids = np.arange(p)
    G = sparse_gram(design, ids, 0)
    lower, upper = (-0.05, 0.1) if bounded else (-np.inf, np.inf)
    lower, upper = np.full(p, lower), np.full(p, upper)
    if form == "gram":
        quadratic, state = Quadratic.from_gram(np.asfortranarray(G)), design.xty
    else:
        quadratic = Quadratic.from_sparse(design, ids)
        state = problem.weigh(problem.y[:, None])[:, 0]
    alphas = column_penalty.alpha_max(design.xty) * np.geomspace(0.5, 0.01, lanes)
    block = BatchedDescent(
        quadratic, design.sqnorm, column_penalty.l1, column_penalty.l2, lower, upper, alphas
    )
    block.start(0.01 * rng.normal(size=(p, lanes)), np.repeat(state[:, None], lanes, 1))
    falls = []
    for _ in range(60):
        block.sweep()
        block.correlate()
        before = block.w.copy()
        most = 20 if not falls else 80  # more where no free set changes
        assert block.newton(20) <= most
        block.correlate()
        for k in range(lanes):
            falls.append(
                smooth(G, design.xty, before[:, k], alphas[k], column_penalty)
                - smooth(G, design.xty, block.w[:, k], alphas[k], column_penalty)
            )
    assert min(falls) >= -1e-15  # no Newton step raises the objective
    for k, alpha in enumerate(alphas):
        violation = kkt_of(
            G, design.xty, block.w[:, k], alpha * column_penalty.l1,
            alpha * column_penalty.l2, lower, upper,
        )
        assert violation <= 1e-9
        np.testing.assert_allclose(
            block.C[:, k], design.xty - G @ block.w[:, k], atol=1e-9
        )


def smooth(G, q, w, alpha, column_penalty):
    penalty = column_penalty.l1 @ np.abs(w) + 0.5 * column_penalty.l2 @ w**2
    return 0.5 * w @ G @ w - q @ w + alpha * penalty


def test_lanes_left_alone_stay_as_they_are():
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(30, 10))
    G, q = np.asfortranarray(Z.T @ Z), Z.T @ rng.normal(size=30)
    one, free = np.ones(10), np.full(10, np.inf)
    block = BatchedDescent(
        Quadratic.from_gram(G), np.diag(G).copy(), one, 0 * one, -free, free,
        np.full(8, 0.1),
    )
    start = rng.normal(size=(10, 8))
    block.start(start, np.repeat(q[:, None], 8, axis=1))
    block.live[3:] = 0.0
    block.sweep()
    block.correlate()
    block.newton(5)
    np.testing.assert_array_equal(block.w[:, 3:], start[:, 3:])
    assert (block.w[:, :3] != start[:, :3]).any()


def test_gap_from_a_gram_matrix_is_that_from_the_data():
    X, y, _ = make_correlated_data(300, 40, rho=0.5, random_state=0)
    path = solve(X, y, Settings(tol=1e-6), n_alphas=30, standardize=False)
    assert path.passes == 1.0  # the set-up
    exact = solve(X, y, Settings(tol=1e-13), n_alphas=30)  # rounding would matter there
    assert exact.passes > 1.0
    for k in range(0, 30, 7):
        audit = riata.check_solution(
            X, y, path.coef[:, [k]].toarray()[:, 0], path.intercept[k],
            alpha=path.alphas[k],
        )
        if k:
            np.testing.assert_allclose(path.objective[k], audit.primal, rtol=1e-10)
        assert audit.gap <= path.dual_gap[k] + 1e-9 * audit.primal


def test_means_taken_off_afterwards_count_as_rounding():
    # A sparse column with a single zero: sums of n where the Gram matrix has ones.
    rng = np.random.default_rng(0)
    X = (rng.random((4000, 30)) < 0.2).astype(float)
    y = X[:, :3].sum(axis=1) + rng.normal(size=4000)
    full = X.copy()
    full[:, 0] = 1.0
    full[17, 0] = 0.0
    for data, read in ((X, False), (full, True)):
        path = solve(sp.csc_array(data), y, Settings(tol=3e-9), standardize=False)
        assert (path.passes > 1.0) == read
        assert set(path.status) == {Status.optimal}


def test_diagnostics_tell_what_was_done():
    X, y, _ = make_correlated_data(100, 2000, rho=0.5, random_state=0)
    path = riata.fit_path(X, y, alphas=50)
    work = path.diagnostics
    assert work.passes == path.passes
    assert work.columns_touched == round(path.passes * 2000)
    assert work.events > 0
    assert len(work.engine) == 50
    assert work.engine.count("active set") >= 45
    assert sum(work.seconds.values()) <= path.seconds[-1] + 1e-3
    assert "active set" in repr(work)
    S, t, _ = make_sparse_data(2000, 4000, 0.002, random_state=0)
    work = riata.fit_path(S, t, alphas=20, alpha_min_ratio=0.02).diagnostics
    assert work.newton > 0
    assert "newton" in work.engine
    ridge = riata.fit_path(X, y, alphas=[0.1], l1_ratio=0.0).diagnostics
    assert ridge.engine == ["ridge"]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_gram_columns_formed_as_needed_are_those_of_the_whole(
    options, weighted, monkeypatch
):
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((3000, 70)) + 10.0)
    y = X[:, :4] @ [3.0, -2.0, 1.0, 0.5] + rng.standard_normal(3000)
    options = {**options, "sample_weight": rng.random(3000) if weighted else None}

    def fit(target, ratio):
        return riata.fit_path(X, target, alphas=30, alpha_min_ratio=ratio, **options)

    rows = riata.fit_path(X.copy("C"), y, alphas=30, alpha_min_ratio=0.05, **options)
    assert rows.diagnostics.gram == 70  # where each column costs as much as all
    lazy = fit(y, 0.05)
    assert 0 < lazy.diagnostics.gram < 70
    noise = rng.standard_normal(3000)  # which all columns explain alike
    many = fit(noise, 0.05)
    assert many.diagnostics.gram == 70
    monkeypatch.setattr("riata._costs.LAZY_GRAM_FLOPS", 1e15)
    for path, target in ((lazy, y), (many, noise)):
        whole = fit(target, 0.05)
        assert whole.diagnostics.gram == 70
        assert path.relative_gap.max() < 1e-9
        np.testing.assert_allclose(
            path.coef.toarray(), whole.coef.toarray(), rtol=0, atol=1e-9
        )


def test_next_columns_are_those_that_press_most():
    rng = np.random.default_rng(0)
    c, l1 = rng.standard_normal(50), rng.random(50) + 0.5
    formed = (rng.random(50) < 0.3).astype(np.uint8)
    for j, count in ((7, 8), (int(formed.argmax()), 8), (3, 50)):
        ratio = np.abs(c) / l1
        ratio[formed > 0] = -1.0
        ratio[j] = np.inf
        expected = [k for k in np.argsort(-ratio)[:count] if ratio[k] >= 0]
        np.testing.assert_array_equal(next_columns(c, l1, formed, j, count), expected)


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
@pytest.mark.parametrize("weighted", [False, True])
def test_standard_target_has_a_norm_near_one(scale, weighted):
    rng = np.random.default_rng(0)
    y = scale * (rng.standard_normal(100) + 3.0)
    weights = None
    if weighted:
        weights = rng.random(100)
        weights[5] = 0.0
        y[5] = 1e5 * scale
        weights *= 100 / weights.sum()
    target, mean, unit, square = standard_target(y, weights, True)
    s = np.ones(100) if weights is None else weights
    assert mean == pytest.approx(scale * np.average(y / scale, weights=s), rel=1e-14)
    assert square == pytest.approx(s @ target**2, rel=1e-13)
    assert 0.5 < np.sqrt(square) <= 1.0
    assert abs(s @ target) < 1e-14
    assert unit == 2.0 ** round(np.log2(unit))
    seen = s > 0
    np.testing.assert_allclose(target[seen] * unit + mean, y[seen], rtol=1e-13)


def test_standard_target_of_constants_and_of_what_is_too_large():
    target, mean, _, square = standard_target(np.full(7, 0.1), None, True)
    assert not target.any()
    assert (mean, square) == (0.1, 0.0)
    with pytest.raises(OverflowError, match="rescale"):
        standard_target(np.full(3, 1.7e308), None, True)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_threads_change_no_bit(kind):
    # work above the threshold from which threads are used
    rng = np.random.default_rng(0)
    if kind == "dense":
        X = rng.standard_normal((2000, 5000))
        y = X[:, :20].sum(axis=1) + rng.standard_normal(2000)
    else:
        X = sp.random_array((40_000, 30_000), density=1e-3, rng=rng, format="csc")
        y = X[:, :50].sum(axis=1) + 0.1 * rng.standard_normal(40_000)
    one, two = (
        riata.fit_path(X, y, alphas=12, alpha_min_ratio=0.1, n_threads=k)
        for k in (1, 2)
    )
    np.testing.assert_array_equal(one.coef.data, two.coef.data)
    np.testing.assert_array_equal(one.coef.indices, two.coef.indices)
    np.testing.assert_array_equal(one.dual_gap, two.dual_gap)


def test_active_set_survives_duplicates():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(30, 6))
    Z = np.hstack([Z, Z, -Z])
    X, y = Z, Z[:, 0] - Z[:, 1] + 0.1 * rng.normal(size=30)
    path = riata.fit_path(X, y, alphas=30, tol=1e-10)
    assert set(path.status) == {Status.optimal}


@pytest.mark.parametrize("level", kernel_levels())
def test_kernel_levels_agree(level):
    script = (
        "import sys, numpy as np, riata\n"
        "from riata.datasets import make_correlated_data, make_sparse_data\n"
        "X, y, _ = make_correlated_data(60, 300, random_state=0)\n"
        "S, t, _ = make_sparse_data(90, 300, 0.1, random_state=0)\n"
        "for A, b in ((X, y), (np.ascontiguousarray(X), y), (S, t)):\n"
        "    path = riata.fit_path(A, b, alphas=10, tol=1e-12)\n"
        "    assert path.relative_gap.max() <= 1e-12\n"
        "    print(*[float(v).hex() for v in path.objective])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={"RIATA_KERNELS": level, **_environment()},
    )
    found = [[float.fromhex(v) for v in line.split()] for line in done.stdout.split("\n")]
    X, y, _ = make_correlated_data(60, 300, random_state=0)
    expected = riata.fit_path(X, y, alphas=10, tol=1e-12).objective
    np.testing.assert_allclose(found[0], expected, rtol=1e-11)
    np.testing.assert_allclose(found[1], expected, rtol=1e-11)


def _environment():
    return {k: v for k, v in os.environ.items() if k != "RIATA_KERNELS"}


def test_unknown_kernel_level_is_named():
    done = subprocess.run(
        [sys.executable, "-c", "import riata._core.design"], capture_output=True,
        text=True, check=False, env={**_environment(), "RIATA_KERNELS": "mmx"},
    )
    assert done.returncode
    assert "RIATA_KERNELS='mmx'" in done.stderr


def test_an_ended_alpha_leaves_a_usable_state(monkeypatch):
    monkeypatch.setattr(_costs, "ALL_PAIRS_FLOPS", 0)  # several rounds
    # An iteration limit that falls in a round which also adds columns.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((48, 150))
    y = X @ (rng.standard_normal(150) * (rng.random(150) < 0.5))
    y += rng.standard_normal(48)
    with pytest.warns(riata.ConvergenceWarning, match="alphas did not reach"):
        path = riata.fit_path(
            X, y, alphas=25, alpha_min_ratio=1e-4, max_iter=1, tol=1e-11
        )
    assert len(path) == 25
    assert np.isfinite(path.coef.toarray()).all()


def test_passes_are_few():
    X, y, _ = make_correlated_data(200, 5000, rho=0.9, random_state=0)
    plain = solve(X, y, Settings(screening=False), n_alphas=100)
    screened = solve(X, y, Settings(), n_alphas=100)
    assert plain.passes <= 20  # one for eight alphas, and the first few
    assert screened.passes < 0.9 * plain.passes
