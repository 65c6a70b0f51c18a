"""The race's referee: its losses against other code, its gaps at computed optima; and
what the benchmark of the kernels computes."""

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize, root
from sklearn.metrics import log_loss, mean_tweedie_deviance

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks" / "compare"))

import kernels
from gap import Problem
from losses import HUBER_DELTA, LOSSES, TWEEDIE_POWER

N, P = 40, 6


def problem(loss, l1_ratio=1.0, fit_intercept=True, sparse=False):
    """A small problem with weights."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, P))
    signal = X[:, 0] - 0.5 * X[:, 1]
    y = {
        "squared": signal + rng.standard_normal(N),
        "huber": 2 * signal + rng.standard_t(2, N),
        "logistic": (signal + rng.logistic(size=N) > 0).astype(float),
        "multinomial": np.digitize(signal + rng.standard_normal(N), [-0.5, 0.7]),
        "poisson": rng.poisson(np.exp(signal)).astype(float),
        "gamma": np.exp(signal) * rng.gamma(2.0, size=N),
        "tweedie": np.exp(signal) * rng.gamma(2.0, size=N) * (rng.random(N) < 0.6),
    }[loss]
    X = sp.csc_matrix(np.where(np.abs(X) < 0.7, 0.0, X)) if sparse else X
    s = rng.uniform(0.5, 2.0, N)
    return Problem(X, y, l1_ratio, fit_intercept, s, loss)


def optimum(q, alpha):
    """Return coefficients and intercepts: L-BFGS, then the equations of its support."""
    X = q.X.toarray() if sp.issparse(q.X) else q.X
    K, s, loss = q.n_classes, q.weights, LOSSES[q.loss]
    l1, l2 = alpha * q.l1_ratio, alpha * (1 - q.l1_ratio)
    size = P * K

    def gradient(w, b):
        eta = (X @ w.reshape(P, K) + b)[:, None]
        r = -(s * loss.residual(q.target, eta))[:, 0]
        value = np.sum(s * loss.value(q.target, eta)) + l2 / 2 * w @ w
        return value, (X.T @ r).ravel() + l2 * w, r.sum(axis=0) * q.fit_intercept

    def split(v):  # positive and negative parts
        value, g, g_intercept = gradient(v[:size] - v[size : 2 * size], v[2 * size :])
        value += l1 * np.sum(v[: 2 * size])
        return value, np.concatenate([g + l1, -g + l1, g_intercept])

    bounds = [(0, None)] * (2 * size) + [(None, None)] * K
    options = {"maxiter": 10**5, "maxfun": 10**6, "ftol": 1e-15, "gtol": 1e-9}
    v = minimize(
        split, np.zeros(2 * size + K), jac=True, bounds=bounds, options=options
    ).x
    w, b = v[:size] - v[size : 2 * size], v[2 * size :]
    active = np.abs(w) > 1e-5
    sign = np.sign(w)

    def stationary(z):
        w = np.zeros(size)
        w[active] = z[: active.sum()]
        _, g, g_intercept = gradient(w, z[active.sum() :])
        return np.concatenate([(g + l1 * sign)[active], g_intercept])

    start = np.concatenate([w[active], b])
    z = root(stationary, start, method="lm", options={"xtol": 1e-15, "ftol": 1e-15}).x
    w[:] = 0
    w[active] = z[: active.sum()]
    return sp.csc_array(w.reshape(P, K)), z[active.sum() :]


KINDS = [(1.0, True), (1.0, False), (0.5, True), (0.0, True)]


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize(("l1_ratio", "fit_intercept"), KINDS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gap_vanishes_at_the_optimum_only(loss, l1_ratio, fit_intercept, sparse):
    q = problem(loss, l1_ratio, fit_intercept, sparse)
    alpha = 0.2 * q.alpha_max() if l1_ratio else 0.1
    coef, intercept = optimum(q, alpha)
    best, dual = (a[0] for a in q.evaluate([alpha], coef, intercept))
    assert abs(best - dual) < 1e-9 * q.null_objective
    rng = np.random.default_rng(1)
    for size in (1e-6, 1e-3, 0.1, 1.0, 30.0):
        shift = size * rng.standard_normal((P, q.n_classes))
        shift_intercept = size * rng.standard_normal(q.n_classes) * fit_intercept
        objective, dual = q.evaluate(
            [alpha], coef + sp.csc_array(shift), intercept + shift_intercept
        )
        assert objective[0] > best
        assert not dual[0] > best + 1e-12 * q.null_objective


@pytest.mark.parametrize("loss", LOSSES)
def test_alpha_max_is_where_coefficients_vanish(loss):
    q = problem(loss)
    null = q._with_best_intercept(np.zeros_like(q.target))[0][0, 0]
    zeros = sp.csc_array((P, 2 * q.n_classes))
    alphas = np.array([1.0, 0.9]) * q.alpha_max()
    objective, dual = q.evaluate(alphas, zeros, np.tile(null, 2))
    np.testing.assert_allclose(objective, q.null_objective)
    gap = (objective - dual) / q.null_objective
    assert gap[0] < 1e-12
    assert gap[1] > 1e-4


def test_many_alphas_are_those_one_by_one():
    q = problem("multinomial")
    alphas = q.alpha_max() * np.geomspace(1, 0.1, 7)
    rng = np.random.default_rng(0)
    coef = sp.csc_array(rng.standard_normal((P, 21)))
    intercept = rng.standard_normal(21)
    together = np.transpose(q.evaluate(alphas, coef, intercept))
    for k in range(7):
        own = slice(3 * k, 3 * k + 3)
        alone = q.evaluate(alphas[[k]], coef[:, own], intercept[own])
        np.testing.assert_allclose(together[k], np.ravel(alone))


@pytest.mark.parametrize(("loss", "power"), [("poisson", 1), ("gamma", 2)])
def test_deviances_are_scikit_learns(loss, power):
    assert_half_deviance(loss, power)


def test_tweedie_deviance_is_scikit_learns():
    assert_half_deviance("tweedie", TWEEDIE_POWER)


def assert_half_deviance(loss, power):
    q = problem(loss)
    eta = np.linspace(-2, 2, N)
    ours = np.sum(q.weights * LOSSES[loss].value(q.target, eta[:, None, None]))
    mu, s = np.exp(eta), q.sample_weight
    theirs = mean_tweedie_deviance(q.y, mu, sample_weight=s, power=power)
    assert ours == pytest.approx(theirs / 2, rel=1e-12)


@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_log_losses_are_scikit_learns(loss):
    q = problem(loss)
    eta = np.random.default_rng(0).standard_normal((N, 1, q.n_classes))
    ours = np.sum(q.weights * LOSSES[loss].value(q.target, eta))
    logits = eta[:, 0] if q.n_classes > 1 else np.hstack([0 * eta[:, 0], eta[:, 0]])
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    assert ours == pytest.approx(log_loss(q.y, p, sample_weight=q.sample_weight))


@pytest.mark.parametrize("loss", LOSSES)
def test_residual_and_curvature_are_derivatives(loss):
    q, f, step = problem(loss), LOSSES[loss], 1e-5
    K, y = q.n_classes, q.target
    eta = np.random.default_rng(0).standard_normal((N, 1, K))
    for k in range(K):
        d = step * np.eye(K)[k]
        slope = (f.value(y, eta + d) - f.value(y, eta - d)).sum(axis=2) / (2 * step)
        np.testing.assert_allclose(f.residual(y, eta)[..., k], -slope, atol=1e-8)
        bend = -np.sum(
            q.weights * (f.residual(y, eta + d) - f.residual(y, eta - d)), axis=0
        )
        H = f.hessian(q.weights, y, eta)
        np.testing.assert_allclose(H[0, k], bend[0] / (2 * step), atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
def test_dual_is_the_least_of_loss_and_line(loss):
    """-f*(-t) is the minimum over eta of f(eta) + t eta, and reached where t = r."""
    q, f = problem(loss), LOSSES[loss]
    y, rng = q.target, np.random.default_rng(0)
    eta = rng.standard_normal((N, 1, q.n_classes))
    for kappa in (1.0, 0.6, 0.0):
        t = kappa * f.residual(y, eta)
        dual = f.dual(y, t).sum(axis=2)
        for other in (eta, *(5 * rng.standard_normal((100, *eta.shape)))):
            line = f.value(y, other).sum(axis=2) + (t * other).sum(axis=2)
            assert np.all(dual <= line + 1e-12)
            if kappa == 1 and other is eta:
                np.testing.assert_allclose(dual, line, atol=1e-12)
        if kappa == 0:
            np.testing.assert_allclose(dual, 0, atol=1e-14)


def test_huber_is_squared_nearby_and_has_bounded_residuals():
    f, y = LOSSES["huber"], np.zeros((3, 1, 1))
    eta = np.array([0.5, HUBER_DELTA, 10.0])[:, None, None]
    assert f.value(y, eta)[0] == 0.125
    assert f.value(y, eta)[2] == pytest.approx(HUBER_DELTA * (10 - HUBER_DELTA / 2))
    assert np.all(np.abs(f.residual(y, eta)) <= HUBER_DELTA)


def test_a_wrong_intercept_costs_the_primal_only():
    q = problem("logistic")
    coef, _ = optimum(q, 0.05)
    objective, dual = q.evaluate([0.05, 0.05], sp.hstack([coef, coef]), [0.0, 9.0])
    assert objective[1] > objective[0]
    assert dual[0] == pytest.approx(dual[1])


@pytest.mark.parametrize("name", [
    *(name for name in kernels.all_cases() if "-small-" in name), "losses-tall-8",
    "subtract_means-tall-8",
])
def test_kernels_compute_what_numpy_does(name):
    assert kernels.Case(*kernels.all_cases()[name]).error() < 1e-11
