"""The driver of cross-validation: what is checked once, and what scorers see."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import KFold

from riata import (
    ElasticNetCV,
    GeneralizedLinearClassifierCV,
    LassoCV,
    LogisticRegressionCV,
    RelaxedLassoCV,
    Ridge,
    RidgeCV,
)
from riata._cross_validation import _fits
from riata._cross_validation._scores import deviance
from riata.losses import get_loss


def regression(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.standard_normal(n)


# --- deviance --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["squared", "logistic", "poisson", "huber"])
@pytest.mark.parametrize("weighted", [False, True])
def test_deviance_is_twice_the_mean_loss(name, weighted):
    rng = np.random.default_rng(0)
    loss, eta = get_loss(name), rng.standard_normal((20, 3))
    y = rng.integers(0, 2, 20).astype(float)
    weight = rng.integers(0, 3, 20).astype(float) if weighted else None
    repeated = np.repeat(np.arange(20), 1 if weight is None else weight.astype(int))
    expected = [2.0 * loss.value(y[repeated], eta[repeated, k]).mean() for k in range(3)]
    assert_allclose(deviance(loss, eta, y, weight), expected, rtol=1e-13)


def test_deviance_of_several_classes_is_that_of_their_probabilities():
    rng = np.random.default_rng(0)
    eta, y = rng.standard_normal((12, 3, 2)), rng.integers(0, 3, 12).astype(float)
    share = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    expected = -2.0 * np.log(share[np.arange(12), y.astype(int)]).mean(axis=0)
    assert_allclose(deviance(get_loss("multinomial"), eta, y, None), expected, rtol=1e-13)


def test_samples_without_weight_are_not_evaluated():
    loss, y = get_loss("poisson"), np.array([1.0, 0.0])
    eta = np.array([[0.0], [1e4]])  # whose loss is infinite
    assert deviance(loss, eta, y, np.array([1.0, 0.0])) == 2.0 * loss.value(1.0, 0.0)
    assert np.isnan(deviance(loss, eta, y, np.zeros(2))).all()


# --- checks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        LassoCV(alphas=4),
        ElasticNetCV(alphas=4, l1_ratio=[0.5, 1.0]),
        RelaxedLassoCV(alphas=4),
        LogisticRegressionCV(Cs=3, l1_ratios=[0.0, 1.0], use_legacy_attributes=False),
    ],
)
def test_penalty_is_checked_once(monkeypatch, model):
    X, y = regression()
    checked = []
    original = _fits.checked_penalty
    monkeypatch.setattr(
        _fits, "checked_penalty",
        lambda *args: checked.append(args) or original(*args),
    )
    target = (y > 0).astype(int) if hasattr(model, "Cs") else y
    model.set_params(penalty_factor=np.ones(X.shape[1])).fit(X, target)
    assert len(checked) == 1


@pytest.mark.parametrize("cv", [None, 3])
def test_given_default_scoring_routes_weights_on_request_only(cv):
    X, y = regression()
    weight = np.ones(len(y))
    with config_context(enable_metadata_routing=True):
        RidgeCV(cv=cv).fit(X, y, sample_weight=weight)
        with pytest.raises(UnsetMetadataPassedError):
            RidgeCV(cv=cv, scoring="r2").fit(X, y, sample_weight=weight)


# --- what scorers see --------------------------------------------------------------------


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_scorers_see_the_estimator_with_the_held_out_offsets(classes):
    X, y = regression()
    rng = np.random.default_rng(1)
    offset = rng.standard_normal((len(y), classes) if classes > 2 else len(y))
    if classes:
        y = np.array(["a", "b", "c"])[np.digitize(y, [0.0, 0.6][:classes - 1])]
    seen = []

    def scorer(estimator, X, y):
        assert not {"predict", "_predictor", "decision_function"} & set(vars(estimator))
        predict = estimator.decision_function if classes else estimator.predict
        seen.append((type(estimator), predict(X), X @ np.squeeze(estimator.coef_).T
                     + np.squeeze(estimator.intercept_)))
        return 0.0

    folds = KFold(3)
    kind = GeneralizedLinearClassifierCV if classes else LassoCV
    kind(alphas=2, cv=folds, scoring=scorer).fit(X, y, offset=offset)
    tests = [test for _, test in folds.split(X) for _ in range(2)]
    assert len(seen) == len(tests)
    for (cls, predicted, known), test in zip(seen, tests, strict=True):
        assert cls is kind
        assert_allclose(predicted, known + offset[test], atol=1e-12)


def test_models_of_scorers_do_not_touch_the_estimator():
    X, y = regression()
    model = LassoCV(alphas=3, scoring=lambda m, X, y: float(m.predict(X).mean()))
    model.fit(X, y)
    assert model._held_out is None
    assert_allclose(model.predict(X[:5]), X[:5] @ model.coef_ + model.intercept_)


# --- ridge -----------------------------------------------------------------------------


@pytest.mark.parametrize("select", ["min", "1se"])
def test_ridge_cv_of_several_bounded_targets(select):
    X, y = regression()
    Y = np.column_stack([y, -y + X[:, 2]])
    options = {"lower": 0.0, "tol": 1e-8}
    model = RidgeCV([0.1, 1.0, 10.0], cv=4, select=select, **options).fit(X, Y)
    single = Ridge(alpha=model.alpha_, **options).fit(X, Y)
    assert_allclose(model.coef_, single.coef_, atol=1e-10)
    for k, (train, test) in enumerate(KFold(4).split(X)):
        for i, alpha in enumerate(model.alphas_):
            fold = Ridge(alpha=alpha, **options).fit(X[train], Y[train])
            score = fold.score(X[test], Y[test])
            assert model.fold_scores_[i, k] == pytest.approx(score, abs=1e-6)


def test_results_of_ridge_folds_are_complete():
    X, y = regression()
    offset = np.linspace(-1.0, 1.0, len(y))
    path = RidgeCV([0.1, 10.0], cv=3).fit(X, y, offset=offset).cv_result_
    for one in [*path.paths, *path.fold_paths[0]]:
        assert one.has_offset
    whole, n = path.paths[0], len(y)
    for k, alpha in enumerate(whole.alphas):
        rest = y - offset - X @ whole.coefs[:, k] - whole.intercept[k]
        objective = 0.5 * (rest @ rest) / n + 0.5 * alpha * np.sum(whole.coefs[:, k] ** 2)
        assert whole.objective[k] == pytest.approx(objective, rel=1e-12)


@pytest.mark.parametrize("cv", [None, 3])
def test_of_equal_scores_result_and_estimator_choose_the_same(cv):
    X, y = regression()
    alphas = [1.0, 0.1, 10.0]
    model = RidgeCV(
        alphas, cv=cv, scoring=lambda *_: 1.0, store_cv_results=cv is None
    ).fit(X, y)
    assert model.alpha_ == alphas[0]
    choice = model.cv_result_.select("min")
    assert choice.alpha == pytest.approx(alphas[0] / len(y))
    assert_allclose(choice.coef, model.coef_)
