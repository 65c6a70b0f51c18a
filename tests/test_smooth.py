"""L2 alone and few columns: Newton's method on all of them, one alpha after the other."""

import numpy as np
import pytest
from scipy import sparse

from riata import ConvergenceWarning, Status, _costs, alpha_max, fit_path
from riata._solver._quasi_newton import QuasiNewtonSteps


@pytest.fixture(autouse=True)
def not_small(monkeypatch):
    """Problems that count as too large for the compiled loop over alphas."""
    monkeypatch.setattr(_costs, "LOOP_COLUMNS", 0)


LOSSES = ("logistic", "poisson", "gamma", "huber", "squared_hinge")


def problem_of(loss, form, n=150, p=12):
    """X, y, and options that leave nothing at its default."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) * rng.uniform(0.3, 3.0, p) + rng.standard_normal(p)
    eta = 0.3 * (X[:, 0] - X[:, 1]) + rng.standard_normal(n)
    y = {
        "logistic": (eta > 0).astype(float), "squared_hinge": (eta > 0).astype(float),
        "poisson": rng.poisson(np.exp(np.clip(eta, -5, 2))).astype(float),
        "gamma": rng.gamma(2.0, np.exp(np.clip(eta, -5, 2))) + 1e-3, "huber": eta,
    }[loss]
    if form == "sparse":
        X = sparse.csc_array(X * (rng.random(X.shape) < 0.3))
    elif form == "float32":
        X = X.astype(np.float32)
    weight = rng.integers(0, 3, n).astype(float)
    factor = rng.uniform(0.5, 2.0, p)
    return X, y, {
        "loss": loss, "l1_ratio": 0.0, "sample_weight": weight, "penalty_factor": factor,
        "offset": 0.1 * rng.standard_normal(n), "tol": 1e-9,
    }


def smooth_and_general(monkeypatch, X, y, alphas, **options):
    """The path of `QuasiNewtonSteps`, and that of the solver for all penalties."""
    used = []
    original = QuasiNewtonSteps._solve_one
    monkeypatch.setattr(
        QuasiNewtonSteps, "_solve_one",
        lambda self, *args: used.append(args) or original(self, *args),
    )
    smooth = fit_path(X, y, alphas=alphas, **options)
    assert used
    monkeypatch.setattr(QuasiNewtonSteps, "suits", staticmethod(lambda problem: False))
    return smooth, fit_path(X, y, alphas=alphas, **options)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "panels"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", ["dense", "sparse", "float32"])
@pytest.mark.parametrize("loss", LOSSES)
def test_it_finds_what_the_solver_for_all_penalties_finds(
    monkeypatch, loss, form, fit_intercept, packed
):
    if not packed:
        monkeypatch.setattr(_costs, "HESSIAN_BYTES", 0)
        monkeypatch.setattr(_costs, "HESSIAN_PANEL_ROWS", 64)
    X, y, options = problem_of(loss, form)
    alphas = np.array([10.0, 1.0, 0.9, 1e-2, 1e-2, 1e-4])
    smooth, general = smooth_and_general(
        monkeypatch, X, y, alphas, fit_intercept=fit_intercept, **options
    )
    assert all(status == Status.optimal for status in smooth.status)
    assert smooth.relative_gap.max() <= 1e-9
    gaps = smooth.relative_gap + general.relative_gap
    bound = gaps.max() * smooth.null_objective + 1e-13 * smooth.objective.max()
    np.testing.assert_allclose(smooth.objective, general.objective, atol=bound, rtol=0)


@pytest.mark.parametrize("standardize", [True, False])
def test_constant_and_equal_columns(monkeypatch, standardize):
    X, y, options = problem_of("logistic", "dense")
    X[:, 3], X[:, 5] = 7.0, X[:, 4]
    del options["penalty_factor"]
    smooth, general = smooth_and_general(
        monkeypatch, X, y, np.array([1e-1, 1e-3]), standardize=standardize, **options
    )
    assert smooth.relative_gap.max() <= 1e-9
    coef = smooth.coef.toarray()
    assert not coef[3].any()
    np.testing.assert_allclose(coef[5], coef[4], atol=1e-6)
    np.testing.assert_allclose(coef, general.coef.toarray(), atol=1e-3)


def test_separable_classes_down_to_nearly_no_penalty():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 5))
    y = (X[:, 0] + X[:, 1] > 0).astype(float)
    path = fit_path(
        X, y, loss="logistic", l1_ratio=0.0, alphas=np.logspace(0, -9, 10), tol=1e-9
    )
    assert path.relative_gap.max() <= 1e-9
    assert (np.diff(path.deviance_ratio) > 0).all()


def test_what_can_not_be_factored_is_left_to_the_general_solver(monkeypatch):
    X, y, options = problem_of("poisson", "dense")
    expected = fit_path(X, y, alphas=np.array([0.1, 0.01]), **options)
    monkeypatch.setattr(QuasiNewtonSteps, "_step", lambda self, rest, alpha: None)
    path = fit_path(X, y, alphas=np.array([0.1, 0.01]), **options)
    assert path.relative_gap.max() <= 1e-9
    np.testing.assert_allclose(path.objective, expected.objective, rtol=1e-8)


def test_no_penalty_at_the_end_of_a_path():
    X, y, options = problem_of("logistic", "dense")
    path = fit_path(X, y, alphas=np.array([0.1, 0.0]), **options)
    alone = fit_path(X, y, alphas=np.array([0.0]), **options)
    np.testing.assert_allclose(path.objective[-1], alone.objective[0], rtol=1e-8)


def test_a_deadline_is_kept():
    X, y, options = problem_of("logistic", "dense")
    with pytest.warns(ConvergenceWarning, match="time_limit"):
        path = fit_path(X, y, alphas=np.array([0.1, 0.01]), time_limit=1e-9, **options)
    assert path.status[-1] == Status.time_limit


def test_a_start_is_used():
    X, y, options = problem_of("logistic", "dense")
    first = fit_path(X, y, alphas=np.array([1e-3]), **options)
    again = fit_path(X, y, alphas=np.array([1e-3]), init=first, **options)
    assert again.diagnostics.hessians <= first.diagnostics.hessians
    assert again.relative_gap.max() <= 1e-9


def test_one_alpha_is_the_same_alone_and_in_a_path():
    X, y, options = problem_of("logistic", "dense")
    top = alpha_max(X, y, **{k: v for k, v in options.items() if k != "tol"})
    alphas = top * np.logspace(0, -4, 12)
    path = fit_path(X, y, alphas=alphas, **options)
    for k in (0, 7, 11):
        alone = fit_path(X, y, alphas=alphas[[k]], **options)
        np.testing.assert_allclose(
            path.objective[k], alone.objective[0], atol=2e-9 * path.null_objective
        )
