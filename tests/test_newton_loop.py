"""Small problems: the compiled Newton loop finds what the steps for large ones find."""

import numpy as np
import pytest
from scipy import sparse

import riata
from riata import Status, _costs, losses, penalties
from riata._core.descent import STALLED
from riata._solver._sequential_newton import SequentialNewtonSteps

N, P = 90, 12
LOSSES = [
    losses.Logistic(), losses.Poisson(), losses.Gamma(), losses.Huber(0.8),
    losses.SquaredHinge(), losses.Tweedie(1.5), losses.NegativeBinomial(0.7),
    losses.Multinomial(),
]


class LogCosh(losses.Loss):
    """A loss in NumPy."""

    name = "log-cosh"

    def value(self, y, eta):
        return np.logaddexp(y - eta, eta - y) - np.log(2.0)

    def residual(self, y, eta):
        return np.tanh(y - eta)

    def curvature(self, y, eta):
        return 1.0 / np.cosh(np.clip(y - eta, -300.0, 300.0)) ** 2


def data(loss, form="dense", seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, P)) * rng.uniform(0.3, 3.0, P) + rng.standard_normal(P)
    eta = 0.4 * (X[:, 0] - X[:, 1]) + rng.standard_normal(N)
    mean = np.exp(np.clip(eta, -3, 2))
    y = {
        "logistic": eta > 0, "squared_hinge": eta > 0, "poisson": rng.poisson(mean),
        "gamma": rng.gamma(2.0, mean) + 1e-3, "tweedie": mean * (rng.random(N) < 0.7),
        "negative_binomial": rng.poisson(mean),
        "multinomial": np.searchsorted([-0.7, 0.7], eta),
    }.get(loss.name, eta)
    if form == "sparse":
        X = sparse.csc_array(X * (rng.random(X.shape) < 0.4))
    elif form == "float32":
        X = X.astype(np.float32)
    return X, np.asarray(y, dtype=float)


def by_loop_and_without(monkeypatch, X, y, **options):
    """The path by the loop, and by the steps for larger problems."""
    used = []
    original = SequentialNewtonSteps._loop
    monkeypatch.setattr(
        SequentialNewtonSteps, "_loop", lambda self: used.append(1) or original(self)
    )
    loop = riata.fit_path(X, y, **options)
    assert used
    monkeypatch.setattr(_costs, "LOOP_COLUMNS", 0)
    return loop, riata.fit_path(X, y, **options)


def assert_same_optimum(loop, other):
    assert all(status == Status.optimal for status in loop.status)
    gap = (loop.dual_gap + other.dual_gap).max() + 1e-13 * other.objective.max()
    np.testing.assert_allclose(loop.objective, other.objective, atol=gap, rtol=0)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", ["dense", "sparse", "float32"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("loss", [*LOSSES, LogCosh()], ids=repr)
def test_it_finds_the_optimum(monkeypatch, loss, l1_ratio, form, fit_intercept):
    X, y = data(loss, form)
    rng = np.random.default_rng(1)
    options = {
        "loss": loss, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "tol": 1e-9,
        "alphas": 12, "alpha_min_ratio": 0.01, "standardize": fit_intercept,
        "sample_weight": rng.integers(0, 3, N).astype(float),
        "penalty_factor": np.where(np.arange(P) == 3, np.inf, rng.uniform(0.5, 2.0, P)),
    }
    loop, other = by_loop_and_without(monkeypatch, X, y, **options)
    assert loop.relative_gap.max() <= 1e-9
    assert_same_optimum(loop, other)


@pytest.mark.parametrize("loss", [losses.Logistic(), losses.Poisson()], ids=repr)
def test_offsets_bounds_and_columns_without_a_penalty(monkeypatch, loss):
    X, y = data(loss)
    options = {
        "loss": loss, "offset": np.linspace(-0.5, 0.5, N), "lower": -0.1, "upper": 0.3,
        "penalty_factor": np.where(np.arange(P) < 2, 0.0, 1.0), "tol": 1e-9, "alphas": 15,
    }
    loop, other = by_loop_and_without(monkeypatch, X, y, **options)
    assert_same_optimum(loop, other)
    coefs = loop.coef.toarray()
    assert coefs.min() >= -0.1
    assert coefs.max() <= 0.3


@pytest.mark.parametrize("loss", LOSSES[:-1], ids=repr)
def test_its_solutions_pass_an_audit(loss):
    X, y = data(loss)
    path = riata.fit_path(X, y, loss=loss, alphas=8, alpha_min_ratio=0.02, tol=1e-12)
    for k, alpha in enumerate(path.alphas):
        audit = riata.check_solution(
            X, y, path.coef.toarray()[:, k], path.intercept[k], alpha=alpha, loss=loss
        )
        assert audit.relative_gap <= 2e-12
        assert audit.kkt <= 1e-5


def test_a_tolerance_beyond_rounding_ends(monkeypatch):
    X, y = data(losses.Logistic())
    with pytest.warns(riata.ConvergenceWarning):
        path = riata.fit_path(X, y, loss="logistic", alphas=5, tol=0.0)
    assert path.relative_gap.max() <= 1e-12


@pytest.mark.parametrize("loss", [losses.Logistic(), losses.Multinomial()], ids=repr)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_what_the_loop_does_not_solve_is_solved_without_it(monkeypatch, loss, l1_ratio):
    X, y = data(loss)
    options = {"loss": loss, "alphas": 9, "l1_ratio": l1_ratio, "tol": 1e-9}
    whole = riata.fit_path(X, y, **options)

    class Stops:
        """A loop that ends at the sixth alpha."""

        def __init__(self, loop):
            self.loop, self.verify = loop, loop.verify

        def __getattr__(self, name):
            return getattr(self.loop, name)

        def solve(self, W, shifts, given, first, alpha, alphas, tol, kkt_tol, deadline):
            V, moved = W[:, :5].copy(), shifts[:, :5].copy()
            last, _ = self.loop.solve(
                V, moved, given, first, alpha, alphas[:5], tol[:5], kkt_tol[:5], deadline
            )
            W[:, :5], shifts[:, :5] = V, moved
            return last, STALLED

    original = SequentialNewtonSteps._loop
    monkeypatch.setattr(SequentialNewtonSteps, "_loop", lambda self: Stops(original(self)))
    path = riata.fit_path(X, y, **options)
    assert_same_optimum(path, whole)


@pytest.mark.parametrize("loss", [*LOSSES, LogCosh()], ids=repr)
def test_it_certifies_what_newton_steps_certify(monkeypatch, loss):
    X, y = data(loss)
    found, original = [], SequentialNewtonSteps.verify

    def verify_twice(self, W, alphas):
        wrong = W * (1.0 + 0.1 * np.cos(np.arange(W.size).reshape(W.shape)))
        one = original(self, wrong, alphas)
        assert self.verified is not None
        outputs = self.problem.n_outputs
        for k in range(len(alphas)):
            part = wrong[:, k * outputs:(k + 1) * outputs]
            other = self.newton.verify(part, alphas[k:k + 1])
            found.append(k)
            for field in ("gap", "kkt", "loss", "penalty", "constants"):
                scale = other.loss[0] if field in ("gap", "loss") else 1.0
                np.testing.assert_allclose(
                    getattr(one, field)[k], getattr(other, field)[0], err_msg=field,
                    atol=1e-12 * scale, rtol=1e-8,
                )
            np.testing.assert_allclose(one.C[:, k], other.C[:, 0], atol=1e-12)
        return original(self, W, alphas)

    monkeypatch.setattr(SequentialNewtonSteps, "verify", verify_twice)
    riata.fit_path(X, y, loss=loss, alphas=6, l1_ratio=0.8)
    assert found


def test_what_the_loop_leaves_goes_on_from_unpenalised_columns():
    # Models of the null model's batch, of another length, were left behind.
    X, y = data(losses.Logistic())
    with pytest.warns(riata.ConvergenceWarning):
        path = riata.fit_path(
            X, y, loss="logistic", alphas=[0.1, 1e-3], tol=0.0,
            penalty_factor=np.where(np.arange(P) == 0, 0.0, 1.0),
        )
    assert path.relative_gap.max() <= 1e-12


def test_bits_do_not_depend_on_the_rest_of_the_grid_s_length():
    X, y = data(losses.Poisson())
    whole = riata.fit_path(X, y, loss="poisson", alphas=20)
    part = riata.fit_path(X, y, loss="poisson", alphas=whole.alphas[:9])
    np.testing.assert_array_equal(whole.coefs[:, :9], part.coefs)


def test_a_subclass_with_a_value_of_its_own_is_not_compiled():
    class Half(losses.Logistic):
        def value(self, y, eta):
            return 0.5 * super().value(y, eta)

        def residual(self, y, eta):
            return 0.5 * super().residual(y, eta)

        def curvature(self, y, eta):
            return 0.5 * super().curvature(y, eta)

    X, y = data(losses.Logistic())
    assert Half.kernel == ""
    half = riata.fit_path(X, y, loss=Half(), alphas=[0.02], tol=1e-10)
    whole = riata.fit_path(X, y, loss="logistic", alphas=[0.04], tol=1e-10)
    np.testing.assert_allclose(half.coefs, whole.coefs, atol=1e-4)
    assert half.objective[0] == pytest.approx(0.5 * whole.objective[0], rel=1e-6)


def test_other_penalties_are_left_to_other_steps(monkeypatch):
    monkeypatch.setattr(SequentialNewtonSteps, "_loop", None)  # would fail
    X, y = data(losses.Multinomial())
    path = riata.fit_path(
        X, y, loss="multinomial", penalty=penalties.RowGroup(), alphas=4
    )
    assert path.relative_gap.max() <= 1e-6


@pytest.mark.parametrize("loss", LOSSES[:-1], ids=repr)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.7])
def test_working_sets_of_wide_problems(monkeypatch, loss, l1_ratio):
    rng = np.random.default_rng(3)
    _, y = data(loss)
    X = rng.standard_normal((N, 400)) + rng.standard_normal((N, 1))
    options = {"loss": loss, "alphas": 15, "alpha_min_ratio": 0.05, "tol": 1e-9,
               "l1_ratio": l1_ratio}
    loop, other = by_loop_and_without(monkeypatch, X, y, **options)
    assert loop.relative_gap.max() <= 1e-9
    assert_same_optimum(loop, other)


def test_a_working_set_that_grows_too_large(monkeypatch):
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((N, 300)), rng.integers(0, 2, N)
    monkeypatch.setattr(_costs, "LOOP_COLUMNS", 25)
    path = riata.fit_path(X, y, loss="logistic", alphas=30, alpha_min_ratio=0.02, tol=1e-9)
    assert path.n_active[-1] > 25
    assert path.relative_gap.max() <= 1e-9


def test_without_an_l1_part_all_columns_are_taken_at_once():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((N, 300)), rng.integers(0, 2, N)
    path = riata.fit_path(X, y, loss="logistic", l1_ratio=0.0, alphas=[1.0, 0.1], tol=1e-9)
    assert path.relative_gap.max() <= 1e-9
    assert path.diagnostics.rounds <= 3
