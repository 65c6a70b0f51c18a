"""The adaptive lasso: its factors, its initial estimates, and folds that know nothing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import KFold

import riata
from riata import AdaptiveLasso, AdaptiveLassoCV, adaptive_path, fit_path


def make_data(n_samples=100, n_features=10, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    return X, X[:, :2] @ [3.0, -1.0] + rng.standard_normal(n_samples)


def test_hand_computed():
    # orthonormal columns: w = sign(z) max(|z| - n alpha / |z|, 0) for z = x'y
    y = np.array([4.0, -3.0, 1.0, 0.5])
    path = adaptive_path(
        np.eye(4), y, initial=y, fit_intercept=False, alphas=[0.5], tol=1e-14
    )
    expected = np.sign(y) * np.maximum(np.abs(y) - 2.0 / np.abs(y), 0.0)
    assert_allclose(path.coefs[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_ols_factors(power):
    X, y = make_data()
    path = adaptive_path(X, y, initial="ols", power=power)
    A = np.column_stack([np.ones(100), X])
    ols = np.linalg.lstsq(A, y, rcond=None)[0][1:]
    assert_allclose(path.initial_coef, ols, atol=1e-9)
    assert_allclose(path.penalty_factor, np.abs(ols) ** -power, rtol=1e-6)
    same = fit_path(X, y, penalty_factor=np.abs(ols) ** -power, alphas=path.alphas)
    assert_allclose(path.coefs, same.coefs, atol=1e-5)


def test_what_the_initial_lasso_leaves_out_stays_out():
    X, y = make_data(60, 200)
    path = adaptive_path(X, y, initial="lasso", initial_alpha=0.3)
    first = fit_path(X, y, alphas=[0.3])
    assert_allclose(path.initial_coef, first.coefs[:, 0], atol=1e-6)
    out = path.initial_coef == 0
    assert np.isinf(path.penalty_factor[out]).all()
    assert not path.coefs[out].any()


@pytest.mark.filterwarnings("ignore:alpha_max is 0")
def test_an_initial_estimate_of_zeros():
    X, y = make_data()
    path = adaptive_path(X, y, initial=np.zeros(10), alphas=3)
    assert not path.coefs.any()


def test_factors_given_multiply_and_zero_stays_zero():
    X, y = make_data()
    given = np.ones(10)
    given[[0, 5, 6]] = [0.0, 2.0, np.inf]
    initial = np.linspace(0.1, 1.0, 10)
    initial[0] = 0.0  # which its factor of zero does not mind
    path = adaptive_path(X, y, initial=initial, penalty_factor=given, alphas=3)
    expected = given[1:] / initial[1:]
    assert_allclose(path.penalty_factor[1:], expected)
    assert path.penalty_factor[0] == 0.0
    assert path.coefs[0].all()


def test_units_of_X_do_not_matter_when_standardized():
    X, y = make_data()
    scale = 10.0 ** np.arange(-5, 5)
    for initial in ("ridge", "ols"):
        first = adaptive_path(X, y, standardize=True, initial=initial)
        second = adaptive_path(X * scale, y, standardize=True, initial=initial)
        assert_allclose(second.coefs * scale[:, None], first.coefs, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("initial", ["ridge", "lasso", "ols"])
def test_selects_fewer_than_the_lasso(loss, initial):
    X, y = make_data(300, 20)
    if loss == "logistic":
        y = (y > 0) * 1.0
    elif loss == "poisson":
        y = np.random.default_rng(1).poisson(np.exp(0.3 * y)).astype(float)
    path = adaptive_path(X, y, loss=loss, initial=initial, power=2.0)
    lasso = fit_path(X, y, loss=loss)
    assert path.relative_gap.max() <= 1e-6
    active, plain = (
        np.flatnonzero(each._coef_of(each.select("bic"))) for each in (path, lasso)
    )
    assert {0, 1} <= set(active)
    assert len(active) <= len(plain)


def test_weights_and_offset_reach_the_initial_estimate():
    X, y = make_data()
    times = np.random.default_rng(0).integers(0, 3, 100)
    offset = X[:, 3]
    ours = adaptive_path(
        X, y, initial="ols", sample_weight=times.astype(float), offset=offset, alphas=[0.1]
    )
    rows = np.repeat(np.arange(100), times)
    same = adaptive_path(
        X[rows], y[rows], initial="ols", offset=offset[rows], alphas=[0.1]
    )
    assert_allclose(ours.initial_coef, same.initial_coef, atol=1e-8)
    assert_allclose(ours.coefs, same.coefs, atol=1e-6)


def test_classes_in_order_do_not_leave_a_fold_without_one():
    X, y = make_data()
    y = np.sort((y > 1.5) * 1.0)
    path = adaptive_path(X, y, loss="logistic", alphas=3)
    assert np.isfinite(path.initial_coef).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"initial": "best"}, ValueError, "initial is 'best'"),
        ({"initial": 3.0}, TypeError, "initial must be one of"),
        ({"initial": [1.0]}, ValueError, "initial"),
        ({"power": 0.0}, ValueError, "power is 0"),
        ({"initial_alpha": -1.0}, ValueError, "initial_alpha is -1"),
        ({"loss": "multinomial"}, ValueError, "multinomial"),
        ({"alphas": 0}, ValueError, "alphas is 0"),
        ({"alpha": 0.1}, TypeError, "not options of fit_path"),
    ],
)
def test_bad_arguments(options, error, message):
    X, y = make_data()
    with pytest.raises(error, match=message):
        adaptive_path(X, np.round(np.abs(y)), **options)


def test_ols_needs_samples():
    X, y = make_data(10, 10)
    with pytest.raises(ValueError, match="initial='ols' needs more samples"):
        adaptive_path(X, y, initial="ols")
    with pytest.raises(ValueError, match="too few to choose"):
        adaptive_path(X[:4], y[:4])


# --- estimators


def test_estimator_is_the_path_at_one_alpha():
    X, y = make_data()
    path = adaptive_path(X, y, initial="ols", alphas=[0.2])
    model = AdaptiveLasso(0.2, initial="ols").fit(X, y)
    assert_allclose(model.coef_, path.coefs[:, 0], atol=1e-6)
    assert_allclose(model.penalty_factor_, path.penalty_factor)
    assert_allclose(model.predict(X), path.predict(X, alpha=0.2), atol=1e-6)


def test_each_fold_has_an_initial_estimate_of_its_own():
    X, y = make_data(60, 15)
    folds = list(KFold(4).split(X))
    model = AdaptiveLassoCV(initial="lasso", initial_alpha=0.2, cv=folds).fit(X, y)
    for k, (train, test) in enumerate(folds):
        path = adaptive_path(
            X[train], y[train], initial="lasso", initial_alpha=0.2, alphas=model.alphas_
        )
        error = ((y[test, None] - path.predict(X[test])) ** 2).mean(axis=0)
        assert_allclose(-model.score_path_[:, k], error, rtol=1e-3)
    best = model.score_path_.mean(axis=1).argmax()
    assert model.alpha_ == model.alphas_[best]
    path = adaptive_path(X, y, initial="lasso", initial_alpha=0.2, alphas=model.alphas_)
    assert_allclose(model.coef_, path.coefs[:, best], atol=1e-5)


def test_an_estimate_from_all_data_promises_too_much():
    # pure noise: nothing can be predicted better than by the mean
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 100)), rng.standard_normal(50)
    honest = AdaptiveLassoCV(initial="lasso", initial_alpha=0.1).fit(X, y)
    seen = fit_path(X, y, alphas=[0.1]).coefs[:, 0]
    leaking = AdaptiveLassoCV(initial=seen).fit(X, y)
    null = honest.score_path_.mean(axis=1)[0]
    assert honest.score_path_.mean(axis=1).max() < 0.8 * null
    assert leaking.score_path_.mean(axis=1).max() > 0.5 * null


def test_n_jobs_does_not_matter():
    X, y = make_data()
    one = AdaptiveLassoCV(n_jobs=1).fit(X, y)
    two = AdaptiveLassoCV(n_jobs=2).fit(X, y)
    assert_array_equal(one.score_path_, two.score_path_)
    assert_array_equal(one.coef_, two.coef_)


def test_one_standard_error():
    X, y = make_data()
    least, sparse = (AdaptiveLassoCV(select=rule).fit(X, y) for rule in ("min", "1se"))
    assert sparse.alpha_ >= least.alpha_
    mean = sparse.score_path_.mean(axis=1)
    error = sparse.score_path_[mean.argmax()].std(ddof=1) / np.sqrt(5)
    within = mean >= mean.max() - error
    assert sparse.alpha_ == sparse.alphas_[within.argmax()]


def test_estimators_refuse_losses_without_means():
    X, y = make_data()
    with pytest.raises(ValueError, match="no means to predict"):
        riata.AdaptiveLasso(loss="squared_hinge").fit(X, (y > 0) * 1.0)
    with pytest.raises(ValueError, match="select is 'best'"):
        riata.AdaptiveLassoCV(select="best").fit(X, y)
