"""The relaxed lasso: refits against least squares, certificates, blends, invariances."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

import riata
from riata import fit_path, relaxed_path
from riata._selection._refit import distinct_supports


def make_data(n_samples=60, n_features=30, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + rng.uniform(-1, 1, n_features)
    y = X[:, :3] @ [2.0, -2.0, 1.0] + rng.standard_normal(n_samples) + 5.0
    return X, y


def least_squares(X, y, weight=None):
    """Coefficients and intercept, by NumPy."""
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    A = np.column_stack([np.ones(len(y)), X])
    found = np.linalg.lstsq(root[:, None] * A, root * y, rcond=None)[0]
    return found[1:], found[0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("with_offset", [False, True])
def test_refits_are_least_squares(main_storage, weighted, with_offset):
    X, y = make_data()
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.0, 2.0, len(y)) if weighted else None
    offset = rng.standard_normal(len(y)) if with_offset else None
    relaxed = relaxed_path(
        main_storage(X), y, alphas=20, sample_weight=weight, offset=offset
    )
    target = y if offset is None else y - offset
    for k, alpha in enumerate(relaxed.alphas):
        coef, intercept = relaxed.coef_at(alpha, gamma=0.0)
        support = np.flatnonzero(relaxed.path.coef[:, [k]].toarray()[:, 0])
        expected, constant = least_squares(X[:, support], target, weight)
        assert_allclose(coef[support], expected, atol=1e-9)
        assert intercept == pytest.approx(constant, abs=1e-9)
        assert not np.delete(coef, support).any()
    assert relaxed.refits.relative_gap.max() <= 1e-12


def test_without_intercept():
    X, y = make_data()
    relaxed = relaxed_path(X, y, alphas=[0.3], fit_intercept=False)
    support = np.flatnonzero(relaxed.path.coefs[:, 0])
    expected = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    coef, intercept = relaxed.coef_at(0.3)
    assert_allclose(coef[support], expected, atol=1e-10)
    assert intercept == 0.0


def test_hand_computed_blend():
    # an orthonormal design: the lasso shrinks by n alpha = 2, the refit does not
    y = np.array([4.0, -3.0, 1.0, 0.0])
    relaxed = relaxed_path(np.eye(4), y, fit_intercept=False, alphas=[0.5])
    assert_allclose(relaxed.coef_at(0.5, 1.0)[0], [2.0, -1.0, 0.0, 0.0])
    assert_allclose(relaxed.coef_at(0.5, 0.0)[0], [4.0, -3.0, 0.0, 0.0])
    assert_allclose(relaxed.coef_at(0.5, 0.25)[0], [3.5, -2.5, 0.0, 0.0])
    assert_allclose(relaxed.predict(np.eye(4), 0.5, 0.25), [3.5, -2.5, 0.0, 0.0])


def test_blends_are_linear():
    X, y = make_data()
    relaxed = relaxed_path(X, y, gammas=[0.0, 0.3, 1.0])
    refit, third, lasso = (coef.toarray() for coef in relaxed.coef)
    assert_allclose(third, 0.7 * refit + 0.3 * lasso, atol=1e-12)
    assert_allclose(lasso, relaxed.path.coefs)
    assert_allclose(relaxed.intercept[2], relaxed.path.intercept)
    assert_allclose(
        relaxed.decision_function(X, gamma=0.3)[:, 7],
        relaxed.predict(X, relaxed.alphas[7], 0.3),
    )
    offset = np.arange(len(y))
    assert_allclose(
        relaxed.predict(X, gamma=0.3, offset=offset),
        relaxed.predict(X, gamma=0.3) + offset[:, None],
    )


def test_each_support_is_refitted_once():
    X, y = make_data()
    relaxed = relaxed_path(X, y)
    supports, which = distinct_supports(relaxed.path)
    patterns = {(column != 0).tobytes() for column in relaxed.path.coefs.T}
    assert relaxed.n_supports == len(patterns) == len(supports) < len(relaxed)
    for k, number in enumerate(which):
        assert_allclose(supports[number], np.flatnonzero(relaxed.path.coefs[:, k]))


def test_refit_fits_better_and_says_how_well():
    X, y = make_data()
    relaxed = relaxed_path(X, y)
    ratio = relaxed.refits.deviance_ratio
    assert (ratio >= relaxed.path.deviance_ratio - 1e-9).all()
    residual = y[:, None] - relaxed.decision_function(X, gamma=0.0)
    assert_allclose(ratio, 1 - (residual**2).mean(axis=0) / y.var(), atol=1e-9)
    frame = relaxed.to_frame()
    assert_allclose(frame["refit_deviance_ratio"], ratio)
    assert len(frame) == len(relaxed)


def test_gap_is_confirmed_from_outside():
    X, y = make_data()
    for loss, target in {"squared": y, "poisson": np.round(np.exp(y / 4))}.items():
        relaxed = relaxed_path(X, target, loss=loss, alphas=5)
        for k in range(1, 5):
            support = np.flatnonzero(relaxed.path.coefs[:, k])
            coef = relaxed.refits.coef[:, [k]].toarray()[support, 0]
            audit = riata.check_solution(
                X[:, support], target, coef, relaxed.refits.intercept[k], alpha=0.0,
                loss=loss,
            )  # fmt: skip
            assert audit.relative_gap <= 1e-6


@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber"])
def test_other_losses_against_an_unpenalised_fit(loss):
    X, y = make_data(200)
    target = {
        "logistic": (y + 4 * np.random.default_rng(1).standard_normal(200) > 5) * 1.0,
        "poisson": np.round(np.exp(y / 4)),
        "huber": y,
    }[loss]
    relaxed = relaxed_path(X, target, loss=loss, alphas=4, tol=1e-10)
    support = np.flatnonzero(relaxed.path.coefs[:, 2])
    assert 0 < len(support) < 30
    # no penalty by another way: factors of zero
    path = fit_path(
        X[:, support], target, loss=loss, alphas=[1.0], penalty_factor=0.0, tol=1e-10
    )
    coef, intercept = relaxed.coef_at(relaxed.alphas[2])
    assert_allclose(coef[support], path.coefs[:, 0], atol=1e-5)
    assert intercept == pytest.approx(path.intercept[0], abs=1e-5)


@pytest.mark.parametrize("standardize", [False, True])
def test_ridge_refits(standardize):
    X, y = make_data()
    factor = np.linspace(0.5, 2.0, 30)
    options = {"penalty_factor": factor, "standardize": standardize, "tol": 1e-12}
    relaxed = relaxed_path(X, y, alphas=[0.2], refit_alpha=0.3, **options)
    support = np.flatnonzero(relaxed.path.coefs[:, 0])
    Z = X[:, support] - X[:, support].mean(axis=0)
    sd = Z.std(axis=0) if standardize else 1.0
    H = Z.T @ Z / len(y) + 0.3 * np.diag(factor[support] * sd**2 * np.ones(len(support)))
    expected = np.linalg.solve(H, Z.T @ (y - y.mean()) / len(y))
    assert_allclose(relaxed.coef_at(0.2)[0][support], expected, atol=1e-8)


def test_support_of_dependent_columns_has_least_norm():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((40, 2))
    X = np.column_stack([Z, Z, Z])  # each column three times
    y = Z @ [3.0, -2.0]
    relaxed = relaxed_path(X, y, l1_ratio=0.5, alphas=[0.5])
    assert relaxed.path.n_active[0] == 6
    expected = np.array([1.0, -2 / 3] * 3)
    assert_allclose(relaxed.coef_at(0.5)[0], expected, atol=1e-8)
    assert relaxed.refits.relative_gap[0] <= 1e-6


def test_support_larger_than_the_sample():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((15, 40)), rng.standard_normal(15)
    relaxed = relaxed_path(X, y, l1_ratio=0.1, alphas=[0.05])
    support = np.flatnonzero(relaxed.path.coefs[:, 0])
    assert len(support) > 15
    centred = X[:, support] - X[:, support].mean(axis=0)
    expected = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    assert_allclose(relaxed.coef_at(0.05)[0][support], expected, atol=1e-8)
    assert relaxed.refits.deviance_ratio[0] == pytest.approx(1.0)


def test_refits_keep_to_bounds():
    X, y = make_data()
    relaxed = relaxed_path(X, y, lower=-0.5, upper=1.0, alphas=10)
    refit = relaxed.refits.coef
    assert refit.min() >= -0.5
    assert refit.max() <= 1.0
    assert relaxed.refits.relative_gap.max() <= 1e-6


@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_weights_are_repetition(loss):
    X, y = make_data()
    y = y if loss == "squared" else np.round(np.exp(y / 4))
    times = np.random.default_rng(0).integers(0, 4, len(y))
    alphas = [1.0, 0.3, 0.1]
    weighted = relaxed_path(
        X, y, loss=loss, alphas=alphas, sample_weight=times.astype(float), tol=1e-12
    )
    repeated = relaxed_path(
        np.repeat(X, times, axis=0), np.repeat(y, times), loss=loss, alphas=alphas,
        tol=1e-12,
    )  # fmt: skip
    assert_allclose(weighted.coef[1].toarray(), repeated.coef[1].toarray(), atol=1e-6)
    assert_allclose(weighted.refits.intercept, repeated.refits.intercept, atol=1e-6)


def test_units_of_X_do_not_matter():
    X, y = make_data()
    scale = 10.0 ** np.random.default_rng(0).integers(-6, 6, X.shape[1])
    first = relaxed_path(X, y, standardize=True, alphas=[0.3, 0.1])
    second = relaxed_path(X * scale, y, standardize=True, alphas=[0.3, 0.1])
    assert_allclose(
        second.refits.coef.toarray() * scale[:, None], first.refits.coef.toarray(),
        atol=1e-9,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:alpha_max is 0")
def test_target_of_zeros():
    X, _ = make_data()
    relaxed = relaxed_path(X, np.zeros(60), alphas=5)
    assert relaxed.n_supports == 1
    assert not relaxed.refits.coef.nnz
    assert not relaxed.predict(X, gamma=0.5).any()


def test_sparse_data_with_large_supports_stay_sparse():
    rng = np.random.default_rng(0)
    X = sp.random_array((300, 400), density=0.05, rng=rng, format="csc")
    y = X[:, :10] @ np.ones(10) + 0.1 * rng.standard_normal(300)
    ours = relaxed_path(X, y, alphas=5)
    dense = relaxed_path(X.toarray(), y, alphas=5)
    assert_allclose(
        ours.refits.coef.toarray(), dense.refits.coef.toarray(), atol=1e-6
    )


def test_input_is_not_changed():
    X, y = make_data()
    copies = X.copy(), y.copy()
    relaxed_path(X, y, alphas=5)
    assert_array_equal(X, copies[0])
    assert_array_equal(y, copies[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gammas": [0.5, 1.5]}, r"gammas\[1\] is 1.5"),
        ({"gammas": []}, "gammas is"),
        ({"gammas": "all"}, "gammas is 'all'"),
        ({"refit_alpha": -1.0}, "refit_alpha is -1"),
        ({"loss": "multinomial"}, "one class against the others"),
        ({"alphas": -1}, "alphas is -1"),
    ],
)
def test_bad_arguments(options, message):
    X, y = make_data()
    with pytest.raises(ValueError, match=message):
        relaxed_path(X, np.round(np.abs(y)), **options)


def test_alpha_between_two_is_refused():
    X, y = make_data()
    relaxed = relaxed_path(X, y, alphas=[1.0, 0.5])
    with pytest.raises(ValueError, match="the nearest is"):
        relaxed.coef_at(0.6)
    with pytest.raises(ValueError, match="gamma is 2"):
        relaxed.coef_at(0.5, gamma=2.0)
    assert "2 alphas" in repr(relaxed)
