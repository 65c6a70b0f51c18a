"""Paths with several classes: optimality by the conditions written down, both penalties,
all routes; and L2 alone in the span of the samples."""

import numpy as np
import pytest
import scipy.sparse as sp

import riata
from riata import _costs
from riata.losses import Multinomial


def data(n=90, p=12, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    eta = X @ (rng.standard_normal((p, classes)) * (rng.random((p, 1)) < 0.4))
    y = (eta + rng.gumbel(size=eta.shape)).argmax(axis=1)
    y[:classes] = np.arange(classes)
    return X, y.astype(float)


def violation(X, y, coef, intercept, alpha, l1_ratio, grouped, weight=None, offset=0.0):
    """Largest violation of the optimality conditions, in plain NumPy."""
    s = np.ones(len(y)) if weight is None else weight
    eta = X @ coef.T + intercept + offset
    P = np.exp(eta - eta.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    R = s[:, None] / s.sum() * (np.eye(P.shape[1])[y.astype(int)] - P)
    z = X.T @ R - alpha * (1 - l1_ratio) * coef.T  # (n_features, n_classes)
    w, l1 = coef.T, alpha * l1_ratio
    if grouped:
        size = np.linalg.norm(w, axis=1, keepdims=True)
        inside = np.maximum(np.linalg.norm(z, axis=1) - l1, 0.0)
        pull = z - l1 * np.divide(w, size, out=np.zeros_like(w), where=size > 0)
        wrong = np.where(size[:, 0] > 0, np.linalg.norm(pull, axis=1), inside)
    else:
        wrong = np.where(w != 0, np.abs(z - l1 * np.sign(w)), np.maximum(abs(z) - l1, 0))
    return max(wrong.max(), np.abs(R.sum(axis=0)).max())


@pytest.mark.parametrize("storage", [np.asfortranarray, np.ascontiguousarray, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("grouped", [False, True])
def test_optimality_conditions_hold(grouped, l1_ratio, storage):
    X, y = data()
    rng = np.random.default_rng(1)
    weight, offset = rng.uniform(0.5, 2.0, len(y)), 0.3 * rng.standard_normal((len(y), 3))
    options = {
        "loss": Multinomial(grouped), "l1_ratio": l1_ratio, "sample_weight": weight,
        "offset": offset,
    }
    path = riata.fit_path(storage(X), y, alphas=[0.05, 0.01], tol=1e-12, **options)
    for alpha in path.alphas:
        coef, intercept = path.coef_at(alpha)
        assert violation(
            X, y, coef, intercept, alpha, l1_ratio, grouped, weight, offset
        ) < 2e-6
        audit = riata.check_solution(X, y, coef, intercept, alpha=alpha, **options)
        assert audit.relative_gap <= 1e-12
    if grouped and l1_ratio == 1.0:
        used = path.coefs[:, :, 0] != 0
        assert np.array_equal(used.any(axis=0), used.all(axis=0))


@pytest.mark.parametrize("grouped", [False, True])
def test_alpha_max(grouped):
    X, y = data()
    loss = Multinomial(grouped)
    top = riata.alpha_max(X, y, loss=loss)
    path = riata.fit_path(X, y, loss=loss, alphas=[1.001 * top, 0.99 * top])
    assert path.n_active[0] == 0 < path.n_active[1]


def test_classes_that_do_not_meet_lead_to_the_same(monkeypatch):
    X, y = data(200, 30, 9)  # more classes than one block has lanes
    whole = riata.fit_path(X, y, loss="multinomial", alphas=10, tol=1e-11)
    monkeypatch.setattr(_costs, "COUPLED_COEFS", 0)
    blocks = riata.fit_path(X, y, loss="multinomial", alphas=10, tol=1e-11)
    np.testing.assert_allclose(whole.coefs, blocks.coefs, atol=2e-5)
    assert whole.relative_gap.max() <= 1e-11 >= blocks.relative_gap.max()


def test_bounds_factors_and_standardisation():
    X, y = data()
    factor = np.ones(X.shape[1])
    factor[0], factor[1] = 0.0, np.inf
    scaled = X * np.geomspace(0.1, 10, X.shape[1])
    path = riata.fit_path(
        scaled, y, loss="multinomial", alphas=[0.02], lower=-0.2, upper=0.1,
        penalty_factor=factor, standardize=True, tol=1e-9,
    )
    coef, intercept = path.coef_at(0.02)
    assert coef.min() >= -0.2
    assert coef.max() <= 0.1
    assert not coef[:, 1].any()
    audit = riata.check_solution(
        scaled, y, coef, intercept, alpha=0.02, loss="multinomial", lower=-0.2, upper=0.1,
        penalty_factor=factor, standardize=True,
    )
    assert audit.relative_gap <= 1e-9


def test_weights_repeat_rows_and_paths_go_on():
    X, y = data()
    weight = np.random.default_rng(2).integers(1, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    path = riata.fit_path(
        X, y, loss="multinomial", sample_weight=weight, alphas=5, tol=1e-11
    )
    again = riata.fit_path(
        X[rows], y[rows], loss="multinomial", alphas=path.alphas, tol=1e-11
    )
    np.testing.assert_allclose(path.coefs, again.coefs, atol=1e-5)
    warm = riata.fit_path(
        X, y, loss="multinomial", sample_weight=weight, alphas=path.alphas[-1:], init=path,
        tol=1e-11,
    )
    np.testing.assert_allclose(warm.coefs[:, :, 0], path.coefs[:, :, -1], atol=1e-5)
    assert path.predict(X).shape == (len(y), 3, 5)
    np.testing.assert_allclose(path.predict(X).sum(axis=1), 1.0)


def test_several_classes_want_their_shapes():
    X, y = data()
    with pytest.raises(ValueError, match="no sample of class 1"):
        riata.fit_path(X, np.where(y == 1, 2, y), loss="multinomial")
    with pytest.raises(ValueError, match=r"coef has shape \(12,\)"):
        riata.check_solution(X, y, np.zeros(12), alpha=1.0, loss="multinomial")
    with pytest.raises(ValueError, match="lower and upper"):
        riata.fit_path(X, y, loss=Multinomial(grouped=True), lower=0.0)


@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber", "gamma"])
def test_the_span_of_the_samples_has_the_solution(loss, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 200))
    y = (X[:, 0] > 0).astype(float) + (loss == "gamma")
    options = {
        "loss": loss, "l1_ratio": 0.0, "alphas": [1.0, 0.1], "tol": 1e-11,
        "sample_weight": rng.integers(0, 3, 30), "offset": 0.1 * rng.standard_normal(30),
        "penalty_factor": rng.uniform(0.5, 2.0, 200), "standardize": True,
    }
    span = riata.fit_path(X, y, **options)
    monkeypatch.setattr("riata._path._solve.span_pays", lambda solver: False)
    direct = riata.fit_path(X, y, **options)
    assert set(span.diagnostics.engine) == {"ridge"} != set(direct.diagnostics.engine)
    np.testing.assert_allclose(span.coefs, direct.coefs, atol=1e-6)
    assert _costs.KERNEL_SAMPLES > 30


def test_class_that_has_its_best_intercept_while_others_move():
    # One step leaves a class where it is: it goes on with the others all the same.
    X = np.array([
        [-2.0, -1.0], [-1.0, -1.0], [-1.0, -2.0], [1.0, 1.0], [2.0, 1.0], [1.0, 2.0],
        [1.0, -1.0], [2.0, -1.0], [3.0, 1.0],
    ])
    y = np.array([0, 0, 0, 1, 1, 0, 0, 2, 2])
    path = riata.fit_path(X, y, loss="multinomial", alphas=20)
    assert path.relative_gap.max() <= 1e-6
    for kept in np.arange(9) != np.arange(9)[:, None]:
        if len(np.unique(y[kept])) == 3:
            part = riata.fit_path(
                X, y, loss="multinomial", alphas=20, sample_weight=kept.astype(float)
            )
            assert part.relative_gap.max() <= 1e-6


def test_more_classes_than_there_once_could_be():
    n_classes = 140
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * n_classes, 4))
    y = np.arange(2 * n_classes) % n_classes
    path = riata.fit_path(X, y, loss="multinomial", alphas=4, tol=1e-9)
    eta = X @ path.coefs[:, :, 2].T + path.intercept[:, 2]
    shares = np.exp(eta - eta.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    pull = (np.eye(n_classes)[y] - shares).T @ X / len(y)
    coef, alpha = path.coefs[:, :, 2], path.alphas[2]
    assert coef.any()
    assert np.abs(pull).max() <= alpha * (1 + 1e-3)
    np.testing.assert_allclose(
        pull[coef != 0], alpha * np.sign(coef[coef != 0]), rtol=1e-3
    )
    assert path.relative_gap.max() <= 1e-9
    model = riata.LogisticRegression(l1_ratio=1.0, C=10.0).fit(X, y)
    assert model.predict_proba(X[:5]).shape == (5, n_classes)
