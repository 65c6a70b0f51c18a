"""Columns without deviation under `standardize=True`.

The objective penalises ``w_j`` times the standard deviation of its column: that of a
constant column is zero, so that its coefficient is not penalised. With an intercept it
is redundant and zero; without one it is the intercept.
"""

import numpy as np
import pytest
import scipy.sparse as sp
from small_targets import LOSSES, target_of

import riata
from riata import losses

N = 40


def constant_and_noise(seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([np.full(N, -2.5), rng.standard_normal((N, 3))]), rng


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_a_constant_takes_the_place_of_the_intercept(l1_ratio):
    """With x = +-1 the objective is separable: w = (1 - l1) / (1 + l2) and b = 3."""
    x = np.tile([1.0, -1.0], 5)
    X, y, alpha = np.column_stack([np.ones(10), x]), 3.0 + x, 0.1
    options = {
        "alpha": alpha, "l1_ratio": l1_ratio, "standardize": True,
        "fit_intercept": False,
    }
    w = (1.0 - alpha * l1_ratio) / (1.0 + alpha * (1.0 - l1_ratio))
    value = 0.5 * (1.0 - w) ** 2 + alpha * (
        l1_ratio * w + 0.5 * (1.0 - l1_ratio) * w**2
    )
    for store in (np.asarray, sp.csc_array):
        audit = riata.check_solution(store(X), y, [3.0, w], **options)
        assert audit.primal == pytest.approx(value, rel=1e-12)
        assert audit.dual == pytest.approx(value, rel=1e-9)
        path = riata.fit_path(
            store(X), y, alphas=[alpha], l1_ratio=l1_ratio, standardize=True,
            fit_intercept=False, tol=1e-12,
        )
        np.testing.assert_allclose(path.coef_at(alpha)[0], [3.0, w], rtol=1e-9)
        assert path.objective[0] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("name", LOSSES)
def test_a_constant_column_is_an_unpenalised_one(name, l1_ratio):
    """The same model, with columns scaled by hand and a penalty factor of zero; the
    first column is constant where it counts only."""
    loss = losses.get_loss(LOSSES[name])
    X, rng = constant_and_noise()
    y = target_of(name, X[:, 1:] @ [0.7, -0.3, 0.0], rng, 3.0)
    weight = rng.integers(0, 3, N).astype(float)
    X[weight == 0, 0] = rng.standard_normal(np.count_nonzero(weight == 0))
    mean = np.average(X, axis=0, weights=weight)
    sd = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    by_hand = X / np.r_[2.5, sd[1:]]
    options = {
        "loss": loss, "l1_ratio": l1_ratio, "fit_intercept": False,
        "sample_weight": weight,
    }
    reference = riata.fit_path(
        by_hand, y, alphas=[0.1, 0.01], penalty_factor=np.array([0.0, 1, 1, 1]),
        tol=1e-9, **options,
    )
    for store in (np.asfortranarray, sp.csr_array):
        path = riata.fit_path(
            store(X), y, alphas=[0.1, 0.01], standardize=True, tol=1e-9, **options
        )
        np.testing.assert_allclose(path.objective, reference.objective, rtol=1e-7)
        coef = path.coef_at(0.01)[0]
        audit = riata.check_solution(
            store(X), y, coef, alpha=0.01, standardize=True, **options
        )
        assert audit.relative_gap <= 1e-7
        assert audit.primal == pytest.approx(reference.objective[1], rel=1e-7)


@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_constant_columns_in_chunks(loss, tmp_path):
    X, rng = constant_and_noise()
    y = target_of(loss, X[:, 1:] @ [0.7, -0.3, 0.0], rng, 3.0)
    np.save(tmp_path / "X.npy", X)
    options = {
        "loss": loss, "alphas": [0.1, 0.01], "standardize": True,
        "fit_intercept": False, "tol": 1e-9,
    }
    inside = riata.fit_path(X, y, **options)
    with riata.open_chunks(tmp_path / "X.npy") as chunks:
        outside = riata.fit_path(chunks, y, **options)
    np.testing.assert_allclose(outside.objective, inside.objective, rtol=1e-7)
    assert outside.coef.toarray()[0].all()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_an_intercept_leaves_nothing_to_a_constant_column(loss, l1_ratio):
    X, rng = constant_and_noise()
    y = target_of(loss, X[:, 1:] @ [0.7, -0.3, 0.0], rng, 3.0)
    path = riata.fit_path(
        X, y, loss=loss, alphas=[0.1, 0.01], standardize=True, l1_ratio=l1_ratio
    )
    assert not path.coef.toarray()[0].any()


def test_cross_validation_of_constant_columns_without_an_intercept():
    X, rng = constant_and_noise()
    y = target_of("squared", X[:, 1:] @ [0.7, -0.3, 0.0], rng, 3.0)
    model = riata.LassoCV(fit_intercept=False, standardize=True, cv=4).fit(X, y)
    assert model.coef_[0] == pytest.approx(-3.0 / 2.5, rel=0.2)
    # the errors of the folds are near those of the same model with an intercept
    with_intercept = riata.LassoCV(standardize=True, cv=4).fit(X[:, 1:], y)
    assert model.mse_path_.mean(axis=1).min() == pytest.approx(
        with_intercept.mse_path_.mean(axis=1).min(), rel=1e-3
    )
