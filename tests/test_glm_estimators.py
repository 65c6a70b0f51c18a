"""Estimators of losses other than the squared, against scikit-learn's of the same name.

Agreement is tested against scikit-learn run to a far tighter tolerance than its
default, because two solvers that both stop early agree only by luck.
"""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from riata import (
    GammaRegressor,
    GeneralizedLinearRegressor,
    HuberRegressor,
    PoissonRegressor,
    TweedieRegressor,
    fit_path,
    losses,
)

GLMS = [PoissonRegressor, GammaRegressor, TweedieRegressor, GeneralizedLinearRegressor]
NAMED = [PoissonRegressor, GammaRegressor, TweedieRegressor, HuberRegressor]
ESTIMATORS = [*GLMS, HuberRegressor]


def make_data(kind="counts", n_samples=90, n_features=7, seed=0):
    """Correlated columns with means; counts, or amounts > 0."""
    rng = np.random.default_rng(seed)
    X = 0.5 * rng.standard_normal((n_samples, n_features)) + rng.uniform(-1, 1, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    w = 0.5 * rng.standard_normal(n_features)
    mean = np.exp(X @ w + 1.0)
    if kind == "counts":
        return X, rng.poisson(mean).astype(float)
    shape = 2.0 if kind == "amounts" else 20.0
    return X, mean * rng.gamma(shape, 1.0 / shape, n_samples)


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def fit_reference(model, X, y, sample_weight=None):
    """Fit scikit-learn's estimator of the same name, to high accuracy."""
    theirs = getattr(linear_model, type(model).__name__)
    names = theirs().get_params()
    params = {k: v for k, v in model.get_params().items() if k in names}
    params |= {"tol": 1e-10, "max_iter": 10_000, "solver": "newton-cholesky"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theirs(**params).fit(X, y, sample_weight=sample_weight)


def estimator_checks():
    for cls in ESTIMATORS:
        for _, check in estimator_checks_generator(cls()):
            if check.func.__name__ != "check_array_api_input":  # not an array API class
                yield pytest.param(
                    cls, check, id=f"{cls.__name__}-{check.func.__name__}"
                )


@pytest.mark.parametrize(("cls", "check"), list(estimator_checks()))
def test_check_estimator(cls, check):
    check(cls())


# --- agreement with scikit-learn ---------------------------------------------


@pytest.mark.parametrize("model", [
    PoissonRegressor(alpha=0.3),
    GammaRegressor(alpha=0.01),
    TweedieRegressor(alpha=0.1),
    TweedieRegressor(power=1, alpha=1e-3),
    TweedieRegressor(power=1.5, alpha=0.1),
    TweedieRegressor(power=1.9, alpha=0.01, link="log"),
    TweedieRegressor(power=2, alpha=0.1),
    TweedieRegressor(power=3, alpha=0.1),
    PoissonRegressor(alpha=0.0),
    GammaRegressor(alpha=0.0),
], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_agrees_with_scikit_learn(model, fit_intercept, weighted, storage):
    X, y = make_data("amounts" if getattr(model, "power", 0) <= 2 else "little noise")
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    model = clone(model).set_params(tol=1e-9, fit_intercept=fit_intercept)
    model.fit(X, y, sample_weight=weight)
    expected = fit_reference(model, X, y, weight)
    # above power 2 steps are those of Fisher's scoring, and end a little earlier
    atol = 2e-6 if getattr(model, "power", 0) <= 2 else 1e-5
    assert_allclose(model.coef_, expected.coef_, rtol=0, atol=atol)
    assert_allclose(model.intercept_, expected.intercept_, rtol=0, atol=atol)
    assert_allclose(model.predict(X), expected.predict(X), rtol=10 * atol)
    score = model.score(X, y, sample_weight=weight)
    theirs = expected.score(X, y, sample_weight=weight)
    assert score == pytest.approx(theirs, rel=1e-6, abs=1e-6)
    assert np.shape(model.intercept_) == ()
    assert model.status_ == "optimal"


@pytest.mark.parametrize("model", [
    PoissonRegressor(), GammaRegressor(alpha=1e-3), TweedieRegressor(power=1.5),
    PoissonRegressor(alpha=1e-6), GammaRegressor(alpha=10.0),
], ids=str)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_default_tolerance_is_at_least_as_strict_as_scikit_learns(model, scale):
    X, y = make_data("amounts")
    X, y = X * [1, 10, 1, 0.1, 1, 1, 1], y * scale
    model = clone(model).fit(X, y)
    theirs = getattr(linear_model, type(model).__name__)
    names = theirs().get_params()
    params = {k: v for k, v in model.get_params().items() if k in names}
    expected = theirs(**{**params, "max_iter": 10_000}).fit(X, y)

    def objective(fitted):
        eta = X @ fitted.coef_ + fitted.intercept_
        penalty = 0.5 * model.alpha * fitted.coef_ @ fitted.coef_
        return model.loss_.value(y, eta).mean() + penalty

    assert objective(model) <= objective(expected) * (1 + 1e-12)
    eta = X @ model.coef_ + model.intercept_
    gradient = X.T @ model.loss_.residual(y, eta) / len(y) - model.alpha * model.coef_
    assert np.abs(gradient).max() <= model.tol


@pytest.mark.parametrize("cls", NAMED)
def test_signature_begins_with_scikit_learns(cls):
    theirs = getattr(linear_model, cls.__name__)().get_params()
    ours = cls().get_params()
    assert ours.items() >= theirs.items()
    assert set(ours) - set(theirs) == {
        "l1_ratio", "standardize", "penalty_factor", "lower", "upper", "n_threads",
        "time_limit",
    }


# --- riata's own ---------------------------------------------------------------


@pytest.mark.parametrize("loss", [
    "squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber",
    losses.Tweedie(1.2), losses.Huber(0.3), losses.NegativeBinomial(0.1),
], ids=str)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
def test_is_the_path_at_one_alpha(loss, l1_ratio):
    X, y = make_data("amounts")
    offset = np.linspace(-0.5, 0.5, len(y))
    weight = np.random.default_rng(2).uniform(0, 3, len(y))
    options = {
        "l1_ratio": l1_ratio, "penalty_factor": [0, 1, 1, 2, 1, 1, np.inf],
        "lower": -0.1, "upper": 0.2, "standardize": True, "tol": 1e-10,
    }
    model = GeneralizedLinearRegressor(loss, alpha=0.02, **options)
    model.fit(X, y, sample_weight=weight, offset=offset)
    path = fit_path(
        X, y, loss=loss, alphas=[0.02], sample_weight=weight, offset=offset, **options
    )
    assert_allclose(model.coef_, path.coefs[:, 0])
    assert model.intercept_ == path.intercept[0]
    assert model.dual_gap_ == path.dual_gap[0]
    assert model.relative_gap_ <= 1e-10
    eta = X @ model.coef_ + model.intercept_ + offset
    assert_allclose(model.predict(X, offset=offset), model.loss_.predict(eta))


def test_named_estimators_are_special_cases():
    X, y = make_data("amounts")
    options = {"alpha": 0.03, "l1_ratio": 0.7, "tol": 1e-12}
    for model, loss in [
        (PoissonRegressor(**options), "poisson"),
        (GammaRegressor(**options), "gamma"),
        (TweedieRegressor(power=1.5, **options), "tweedie"),
        (TweedieRegressor(**options), "squared"),
    ]:
        general = GeneralizedLinearRegressor(loss, **options).fit(X, y)
        assert_allclose(model.fit(X, y).coef_, general.coef_, atol=1e-6)
        assert model.loss_ == general.loss_


def test_exposure_as_offset_or_as_weight():
    X, y = make_data()
    exposure = np.random.default_rng(1).uniform(0.2, 3.0, len(y))
    model = PoissonRegressor(alpha=0.1, tol=1e-9)
    by_offset = clone(model).set_params(alpha=0.1 * exposure.mean())
    by_offset.fit(X, y, offset=np.log(exposure))
    by_weight = clone(model).fit(X, y / exposure, sample_weight=exposure)
    assert_allclose(by_offset.coef_, by_weight.coef_, atol=1e-7)
    assert_allclose(by_offset.predict(X, offset=0), by_weight.predict(X))
    counts = by_offset.predict(X, offset=np.log(exposure))
    assert_allclose(counts, by_offset.predict(X, offset=0) * exposure)
    assert counts.sum() == pytest.approx(y.sum())


def test_score_is_the_share_of_the_null_deviance():
    X, y = make_data()
    offset = np.linspace(-1, 1, len(y))
    model = PoissonRegressor(alpha=0.01, tol=1e-10).fit(X, y, offset=offset)
    path = fit_path(
        X, y, loss="poisson", l1_ratio=0.0, alphas=[0.01], offset=offset, tol=1e-10
    )
    assert model.score(X, y, offset=offset) == pytest.approx(
        path.deviance_ratio[0], rel=1e-6
    )
    null = clone(model).set_params(penalty_factor=np.inf).fit(X, y, offset=offset)
    assert null.score(X, y, offset=offset) == pytest.approx(0.0, abs=1e-12)
    assert model.score(X[:3], np.zeros(3), offset=0) == 0.0  # a null deviance of zero


def test_shares_as_target():
    X, y = make_data()
    share = y / y.max()
    model = GeneralizedLinearRegressor("logistic", alpha=0.0).fit(X, share)
    predicted = model.predict(X)
    assert_allclose(X.T @ (share - predicted), 0.0, atol=1e-8)
    assert 0 < predicted.min() < predicted.max() < 1


def test_loss_of_ones_own():
    class LogCosh(losses.Loss):
        name = "log-cosh"

        def value(self, y, eta):
            return np.logaddexp(y - eta, eta - y) - np.log(2.0)

        def residual(self, y, eta):
            return np.tanh(y - eta)

        def curvature(self, y, eta):
            return 1.0 / np.cosh(np.clip(y - eta, -300.0, 300.0)) ** 2

    X, y = make_data("amounts")
    model = GeneralizedLinearRegressor(LogCosh(), alpha=0.01).fit(X, y)
    assert model.status_ == "optimal"
    assert 0 < model.score(X, y) < 1


# --- Huber -----------------------------------------------------------------------


def outliers(n_samples=100, n_features=5, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    y = X @ rng.standard_normal(n_features) + 2 + noise * rng.standard_normal(n_samples)
    wild = rng.random(n_samples) < 0.1
    y[wild] += 20 * rng.standard_normal(wild.sum())
    return X, y, rng.uniform(0, 2, n_samples)


def huber_objective(model, X, y, weight, *, coef=None, scale=None):
    """scikit-learn's objective, and its gradient but that of the coefficients' penalty."""
    coef = model.coef_ if coef is None else coef
    scale = model.scale_ if scale is None else scale
    error = y - X @ coef - model.intercept_
    z = error / scale
    cut = np.clip(z, -model.epsilon, model.epsilon)
    value = weight @ (scale + scale * (2 * cut * z - cut**2))
    value += model.alpha * coef @ coef
    return value, (-2 * X.T @ (weight * cut), -2 * weight @ cut, weight @ (1 - cut**2))


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 10.0])
@pytest.mark.parametrize("epsilon", [1.05, 1.35, 3.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_huber_is_stationary_for_scikit_learns_objective(alpha, epsilon, fit_intercept):
    # scikit-learn stops at a relative change of its objective by 2e-9, whatever `tol` is,
    # so that its coefficients are no reference.
    X, y, weight = outliers()
    options = {"alpha": alpha, "epsilon": epsilon, "fit_intercept": fit_intercept}
    model = HuberRegressor(**options).fit(X, y, sample_weight=weight)
    value, (gradient, shift, stretch) = huber_objective(model, X, y, weight)
    assert_allclose(gradient + 2 * alpha * model.coef_, 0.0, atol=1e-5)
    assert stretch == pytest.approx(0.0, abs=1e-6)
    if fit_intercept:
        assert shift == pytest.approx(0.0, abs=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = linear_model.HuberRegressor(max_iter=10_000, **options)
        theirs.fit(X, y, sample_weight=weight)
    assert value <= huber_objective(theirs, X, y, weight)[0] + 1e-10 * value
    assert_allclose(model.coef_, theirs.coef_, atol=1e-3)
    assert_allclose(model.scale_, theirs.scale_, rtol=1e-3)
    assert_array_equal(model.outliers_, theirs.outliers_)
    assert model.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-3)


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
def test_huber_with_an_l1_penalty(l1_ratio):
    X, y, weight = outliers(n_features=8)
    model = HuberRegressor(alpha=40.0, l1_ratio=l1_ratio).fit(X, y, sample_weight=weight)
    _, (gradient, _, stretch) = huber_objective(model, X, y, weight)
    gradient = -gradient - 2 * 40.0 * (1 - l1_ratio) * model.coef_
    active, limit = model.coef_ != 0, 2 * 40.0 * l1_ratio
    assert 0 < active.sum() < 8
    assert_allclose(gradient[active], limit * np.sign(model.coef_[active]), rtol=1e-6)
    assert np.abs(gradient[~active]).max() <= limit
    assert stretch == pytest.approx(0.0, abs=1e-6)
    assert model.relative_gap_ <= 1e-10


def test_huber_does_not_depend_on_units():
    X, y, _ = outliers()
    model = HuberRegressor(alpha=0.0).fit(X, y)
    scaled = HuberRegressor(alpha=0.0).fit(X, y * 2.0**20)
    assert_allclose(scaled.coef_, model.coef_ * 2.0**20, rtol=1e-7)
    assert_allclose(scaled.scale_, model.scale_ * 2.0**20, rtol=1e-7)


def test_huber_offset_weights_and_warm_start():
    X, y, weight = outliers()
    offset = np.linspace(-3, 3, len(y))
    model = HuberRegressor(alpha=0.1).fit(X, y)
    moved = HuberRegressor(alpha=0.1).fit(X, y + offset, offset=offset)
    assert_allclose(moved.coef_, model.coef_, atol=1e-7)
    assert_allclose(moved.predict(X, offset=offset), model.predict(X) + offset, atol=1e-6)
    double = HuberRegressor(alpha=0.2).fit(X, y, sample_weight=2.0)
    assert_allclose(double.coef_, model.coef_, atol=1e-7)
    warm = clone(model).set_params(warm_start=True).fit(X, y, sample_weight=weight)
    warm.fit(X, y)
    assert_allclose(warm.coef_, model.coef_, atol=1e-7)
    coef = warm.coef_
    assert warm.fit(X, y).n_iter_ == 1
    assert_allclose(warm.coef_, coef, atol=1e-9)


def test_huber_where_errors_can_be_zero():
    X, y, _ = outliers(n_samples=20, n_features=40)
    model = HuberRegressor().fit(X, y)
    assert_allclose(model.predict(X), y, atol=1e-3)
    assert 0 < model.scale_ < 1e-4
    constant = HuberRegressor().fit(X, np.full(20, 3.0))
    assert_allclose(constant.predict(X), 3.0)
    assert not constant.outliers_.any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("epsilon", [1.0, 1.35, 3.0])
def test_huber_from_any_start(monkeypatch, epsilon, fit_intercept):
    X, y, _ = outliers()
    s = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    model = HuberRegressor(epsilon=epsilon, fit_intercept=fit_intercept, alpha=0.1)
    model.fit(X, y, sample_weight=s)
    monkeypatch.setattr(HuberRegressor, "_is_small_and_smooth", lambda *_: False)
    other = clone(model).fit(X, y, sample_weight=s)
    assert other.n_iter_ >= model.n_iter_
    assert model.scale_ == pytest.approx(other.scale_, rel=1e-8)
    assert_allclose(model.coef_, other.coef_, atol=1e-8)


def test_huber_stops_early_with_a_warning():
    X, y, _ = outliers()
    with pytest.warns(ConvergenceWarning, match="max_iter \\(now 1\\)"):
        HuberRegressor(max_iter=1, l1_ratio=0.5).fit(X, y)


# --- state ---------------------------------------------------------------------


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_failed_fit_leaves_the_state(cls):
    X, y = make_data("amounts")
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = cls().fit(frame, y)
    before = fitted_state(model)
    bad = y.copy()
    bad[3] = np.nan
    for X_bad, y_bad in [(X[:, :4], bad), (X, bad), (X[:, :4], y[:5])]:
        with pytest.raises(ValueError, match=r"y|inconsistent"):
            model.fit(X_bad, y_bad)
    with pytest.raises(ValueError, match="penalty_factor"):
        model.set_params(penalty_factor=-1.0).fit(X[:, :4], y)
    assert fitted_state(model) == before


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_refit_is_bitwise_equal(cls):
    X, y = make_data("amounts")
    model = cls(alpha=0.1).fit(X, y)
    state = pickle.dumps(model)
    assert pickle.dumps(pickle.loads(state).fit(X, y)) == state
    assert_array_equal(pickle.loads(state).predict(X), model.predict(X))
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


@pytest.mark.parametrize("cls", GLMS)
def test_warm_start(cls):
    X, y = make_data("amounts")
    model = cls(alpha=0.1, tol=1e-8, warm_start=True).fit(X, y)
    model.set_params(alpha=0.05).fit(X, y)
    cold = cls(alpha=0.05, tol=1e-8).fit(X, y)
    assert_allclose(model.coef_, cold.coef_, atol=1e-5)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_float32_stays_float32(cls):
    X, y = make_data("amounts")
    model = cls(alpha=0.1).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert model.intercept_.dtype == np.float32
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    assert_allclose(model.coef_, cls(alpha=0.1).fit(X, y).coef_, atol=1e-4)


# --- bad input -------------------------------------------------------------------


@pytest.mark.parametrize(("params", "error"), [
    ({"alpha": -1}, ValueError),
    ({"alpha": None}, TypeError),
    ({"l1_ratio": 1.5}, ValueError),
    ({"fit_intercept": 1}, TypeError),
    ({"solver": "sag"}, ValueError),
    ({"max_iter": 0}, ValueError),
    ({"tol": -1e-4}, ValueError),
    ({"warm_start": None}, TypeError),
    ({"verbose": -1}, ValueError),
    ({"standardize": "yes"}, TypeError),
    ({"penalty_factor": [1.0, 2.0]}, ValueError),
    ({"lower": 1.0}, ValueError),
    ({"n_threads": 0}, ValueError),
    ({"time_limit": -1}, ValueError),
    ({"power": np.inf}, ValueError),
    ({"power": "1"}, TypeError),
    ({"link": "sqrt"}, ValueError),
])
def test_bad_parameters_are_named(params, error):
    X, y = make_data()
    (name,) = params
    model = TweedieRegressor(**params)
    with pytest.raises(error, match=name):
        model.fit(X, y)
    assert not fitted_state(model)


@pytest.mark.parametrize("link", ["identity", "log", "auto"])
@pytest.mark.parametrize("power", [-1, 0, 0.5, 1, 1.5, 2, 3])
def test_powers_and_links_of_scikit_learn(power, link):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = (8.0 + X[:, 0]) * rng.gamma(30.0, 1 / 30.0, 60)
    options = {"power": power, "link": link, "alpha": 0.1}
    ours = TweedieRegressor(**options, tol=1e-8).fit(X, y)
    theirs = linear_model.TweedieRegressor(**options, tol=1e-9, max_iter=10_000).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-6)
    assert ours.status_ == "optimal"


@pytest.mark.parametrize(("power", "link"), [(0, "log"), (-1, "identity"), (-1, "log")])
def test_no_intercept_has_a_negative_mean(power, link):
    X, y = make_data("amounts")
    model = TweedieRegressor(power=power, link=link)
    with pytest.raises(ValueError, match="y has the mean -"):
        model.fit(X, -1.0 - y)
    assert not fitted_state(model)


def test_an_identity_link_needs_means_above_zero():
    X, y = make_data("amounts")
    y = y + 1.0
    model = TweedieRegressor(power=1, link="identity", fit_intercept=False)
    with pytest.raises(ValueError, match="fit_intercept=True"):
        model.fit(X, y)
    assert model.fit(X, y, offset=np.full(len(y), 50.0)).predict(X, 50.0 + 0 * y).min() > 0
    # where the best means are the least that are possible, no slope is zero
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((60, 5)), rng.gamma(0.5, 1.0, 60)
    y[rng.random(60) < 0.6] = 0.0
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        model = TweedieRegressor(power=1, link="identity", alpha=0.0).fit(X, y)
    assert model.status_ != "optimal"
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize(("model", "bad", "match"), [
    (PoissonRegressor(), -1.0, r"y\[4\] is -1.0, but loss='poisson' takes y >= 0"),
    (GammaRegressor(), 0.0, r"y\[4\] is 0.0, but loss='gamma' takes y > 0"),
    (TweedieRegressor(power=3), 0.0, r"y\[4\] is 0.0"),
    (GeneralizedLinearRegressor("logistic"), 1.5, r"y\[4\] is"),
])
def test_target_out_of_range(model, bad, match):
    X, y = make_data("amounts")
    y = np.clip(y, 0.1, 0.9)
    y[4] = bad
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    fitted = model.fit(X, np.clip(y, 0.1, 0.9))
    with pytest.raises(ValueError, match=match):
        fitted.score(X, y)


def test_losses_of_classes_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="GeneralizedLinearClassifier"):
        GeneralizedLinearRegressor("squared_hinge").fit(X, y > 1)
    with pytest.raises(ValueError, match="'nonsense' is unknown"):
        GeneralizedLinearRegressor("nonsense").fit(X, y)
    with pytest.raises(TypeError, match="loss must be a name"):
        GeneralizedLinearRegressor(3).fit(X, y)


def test_nothing_counted():
    X, _ = make_data()
    with pytest.raises(ValueError, match="y is zero"):
        PoissonRegressor().fit(X, np.zeros(len(X)))


def test_warning_names_the_tolerance_that_was_missed():
    X, y = make_data("amounts")
    model = PoissonRegressor(alpha=1e-8, time_limit=1e-9, tol=1e-5)
    with pytest.warns(ConvergenceWarning, match=r"tol \*\* 2 is 1.00e-10") as record:
        model.fit(X * np.arange(1, 8), y)
    assert record[0].filename == __file__


# --- the ecosystem -------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames(frame):
    X, y = make_data(n_features=4)
    table = frame({name: X[:, j] for j, name in enumerate("abcd")})
    model = PoissonRegressor().fit(table, y)
    assert_allclose(model.predict(table), PoissonRegressor().fit(X, y).predict(X))
    assert_array_equal(PoissonRegressor().fit(table, list(y)).coef_, model.coef_)


def test_grid_search_and_pipeline():
    X, y = make_data()
    pipeline = make_pipeline(StandardScaler(), PoissonRegressor())
    grid = {"poissonregressor__alpha": [1e-3, 1e3]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_["poissonregressor__alpha"] == 1e-3
    assert cross_val_score(HuberRegressor(), X, X @ np.arange(7), cv=3).mean() > 0.99


def test_routed_offsets_and_weights():
    X, y = make_data()
    exposure = np.random.default_rng(1).uniform(0.2, 3.0, len(y))
    weight = np.linspace(0.1, 2, len(y))
    metadata = {"offset": np.log(exposure), "sample_weight": weight}
    with sklearn.config_context(enable_metadata_routing=True):
        model = PoissonRegressor(tol=1e-8)
        model.set_fit_request(sample_weight=True, offset=True)
        model.set_score_request(sample_weight=True, offset=True)
        search = GridSearchCV(model, {"alpha": [0.1, 10.0]}, cv=3)
        search.fit(X, y, **metadata)
    expected = PoissonRegressor(**search.best_params_, tol=1e-8).fit(X, y, **metadata)
    assert_allclose(search.best_estimator_.coef_, expected.coef_)
    train, test = np.arange(30, 90), np.arange(30)
    model = PoissonRegressor(alpha=0.1, tol=1e-8)
    model.fit(X[train], y[train], **{k: v[train] for k, v in metadata.items()})
    score = model.score(X[test], y[test], **{k: v[test] for k, v in metadata.items()})
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(score)
