"""Approximate leave-one-out against refits without each sample."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from riata import approximate_loo, fit_path


def make_data(n_samples, n_features, loss, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + 0.5
    eta = X[:, :3] @ [1.0, -1.0, 0.5]
    if loss == "squared":
        return X, eta + rng.standard_normal(n_samples)
    if loss == "logistic":
        return X, (rng.random(n_samples) < 1 / (1 + np.exp(-2 * eta))).astype(float)
    return X, rng.poisson(np.exp(0.5 * eta)).astype(float)


def refits(path, k, X, y, weight=None, offset=None, **options):
    """Predictors of each sample by the model without it, one refit each."""
    weight = np.ones(len(y)) if weight is None else weight
    eta = np.empty(len(y))
    for i in range(len(y)):
        rest = weight.copy()
        rest[i] = 0.0
        alpha = path.alphas[k] * weight.sum() / rest.sum()
        part = fit_path(
            X, y, loss=path.loss, l1_ratio=path.l1_ratio, alphas=[alpha], tol=1e-12,
            fit_intercept=path.fit_intercept, sample_weight=rest, offset=offset,
            **options,
        )  # fmt: skip
        eta[i] = X[i] @ part._coef_of(0) + part.intercept[0]
    return eta if offset is None else eta + offset


@pytest.mark.parametrize("shape", [(30, 6), (20, 40)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_is_exact(shape, fit_intercept, weighted):
    X, y = make_data(*shape, "squared")
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.5, 2.0, len(y)) if weighted else None
    offset = rng.standard_normal(len(y)) if weighted else None
    factor = rng.uniform(0.5, 2.0, shape[1])
    path = fit_path(
        X, y, l1_ratio=0.0, alphas=[1.0, 0.1], fit_intercept=fit_intercept, tol=1e-14,
        sample_weight=weight, offset=offset, penalty_factor=factor,
    )  # fmt: skip
    loo = approximate_loo(
        path, X, y, sample_weight=weight, offset=offset, penalty_factor=factor
    )
    for k in range(2):
        eta = refits(path, k, X, y, weight, offset, penalty_factor=factor)
        assert_allclose(loo.predictor[:, k], eta, atol=1e-7)
        expected = np.average((y - eta) ** 2, weights=weight)
        assert loo.deviance[k] == pytest.approx(expected)


def test_least_squares_has_the_leverages_of_the_hat_matrix():
    X, y = make_data(25, 4, "squared")
    path = fit_path(X, y, alphas=[0.0], tol=1e-11)
    loo = approximate_loo(path, X, y)
    A = np.column_stack([np.ones(25), X])
    hat = np.diag(A @ np.linalg.inv(A.T @ A) @ A.T)
    assert_allclose(loo.leverage[:, 0], hat, atol=1e-10)
    residual = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    assert_allclose(y - loo.predictor[:, 0], residual / (1 - hat), atol=1e-8)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_close_to_refits(loss, l1_ratio):
    X, y = make_data(120, 10, loss)
    path = fit_path(X, y, loss=loss, l1_ratio=l1_ratio, alphas=[0.05], tol=1e-12)
    loo = approximate_loo(path, X, y)
    eta = refits(path, 0, X, y)
    exact = np.mean(2.0 * path._loss.value(y, eta))
    fitted = np.mean(2.0 * path._loss.value(y, path.decision_function(X)[:, 0]))
    assert fitted < exact  # what is approximated is not nothing
    assert abs(loo.deviance[0] - exact) < 0.2 * (exact - fitted)


def test_dependent_columns():
    X, y = make_data(40, 4, "squared")
    twice = np.column_stack([X, X])
    once = fit_path(X, y, alphas=[0.1], l1_ratio=0.0, penalty_factor=0.0, tol=1e-11)
    both = fit_path(twice, y, alphas=[0.0], l1_ratio=0.0, tol=1e-11)
    expected = approximate_loo(once, X, y, penalty_factor=0.0)
    found = approximate_loo(both, twice, y)
    assert_allclose(found.predictor, expected.predictor, atol=1e-7)


def test_where_samples_determine_their_fit_the_error_is_infinite():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((10, 30)), rng.standard_normal(10)
    path = fit_path(X, y, alphas=[1e-6, 0.5], tol=1e-12)
    loo = approximate_loo(path, X, y)
    assert np.isfinite(loo.deviance[0])
    assert path.n_active[1] == 9  # and the intercept
    assert np.isinf(loo.deviance[1])
    assert loo.best == 0


def test_null_model_and_bounds():
    X, y = make_data(30, 5, "squared")
    path = fit_path(X, y, alphas=[100.0])
    loo = approximate_loo(path, X, y)
    mean = (y.sum() - y) / 29
    assert_allclose(loo.predictor[:, 0], mean, atol=1e-12)
    # a coefficient that stands at its bound stays there
    path = fit_path(X, y, alphas=[0.0], lower=0.0, upper=1e-3, tol=1e-14)
    assert set(path.coefs[:, 0]) <= {0.0, 1e-3}
    loo = approximate_loo(path, X, y, lower=0.0, upper=1e-3)
    rest = y - X @ path.coefs[:, 0]
    expected = X @ path.coefs[:, 0] + (rest.sum() - rest) / 29
    assert_allclose(loo.predictor[:, 0], expected, atol=1e-10)


def test_samples_without_weight_are_not_counted(main_storage):
    X, y = make_data(60, 6, "poisson")
    weight = np.ones(60)
    weight[40:] = 0.0
    options = {"loss": "poisson", "alphas": [0.2, 0.05], "tol": 1e-12}
    part = fit_path(X[:40], y[:40], **options)
    path = fit_path(main_storage(X), y, sample_weight=weight, **options)
    loo = approximate_loo(path, main_storage(X), y, sample_weight=weight)
    expected = approximate_loo(part, X[:40], y[:40])
    assert_allclose(loo.deviance, expected.deviance, atol=1e-6)
    assert_allclose(loo.standard_error, expected.standard_error, atol=1e-6)
    # a sample that is not there has its ordinary prediction
    assert_allclose(loo.predictor[40:], path.decision_function(X)[40:], atol=1e-12)


def test_standardize_is_the_scaling_of_columns():
    X, y = make_data(40, 6, "squared")
    X *= np.arange(1.0, 7.0)
    options = {"l1_ratio": 0.0, "alphas": [0.3], "tol": 1e-14}
    ours = fit_path(X, y, standardize=True, **options)
    scaled = fit_path(X / X.std(axis=0), y, **options)
    assert_allclose(
        approximate_loo(ours, X, y, standardize=True).predictor,
        approximate_loo(scaled, X / X.std(axis=0), y).predictor,
        atol=1e-8,
    )


def test_chooses_near_the_true_error():
    X, y = make_data(150, 60, "squared")
    path = fit_path(X, y)
    loo = approximate_loo(path, X, y)
    fresh, target = make_data(4000, 60, "squared", seed=1)
    error = ((target[:, None] - path.predict(fresh)) ** 2).mean(axis=0)
    assert error[loo.best] < 1.05 * error.min()


def test_bad_arguments():
    X, y = make_data(30, 5, "squared")
    path = fit_path(X, y, alphas=3)
    with pytest.raises(ValueError, match=r"X has shape \(30, 4\)"):
        approximate_loo(path, X[:, :4], y)
    classes = fit_path(X, np.arange(30) % 3, loss="multinomial", alphas=2)
    with pytest.raises(ValueError, match="multinomial"):
        approximate_loo(classes, X, np.arange(30) % 3)
