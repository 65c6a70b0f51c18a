"""Cross-validation with any loss and scorer; LogisticRegressionCV as scikit-learn's."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import linear_model, metrics
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.utils.estimator_checks import estimator_checks_generator

from riata import (
    ElasticNetCV,
    GeneralizedLinearClassifier,
    GeneralizedLinearClassifierCV,
    GeneralizedLinearRegressor,
    GeneralizedLinearRegressorCV,
    LogisticRegressionCV,
    fit_path,
    losses,
)

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
ESTIMATORS = [
    GeneralizedLinearRegressorCV(alphas=8, cv=3),
    GeneralizedLinearRegressorCV("poisson", alphas=8, cv=3),
    GeneralizedLinearClassifierCV(alphas=8, cv=3),
    LogisticRegressionCV(Cs=4, cv=3),
]


def make_data(kind="counts", n_samples=90, n_features=6, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = 0.5 * rng.standard_normal((n_samples, n_features)) + rng.uniform(-1, 1, n_features)
    scores = X @ rng.standard_normal((n_features, n_classes))
    if kind == "classes":
        return X, (scores + 0.5 * rng.gumbel(size=scores.shape)).argmax(axis=1)
    return X, rng.poisson(np.exp(scores[:, 0])).astype(float)


def estimator_checks():
    for model in ESTIMATORS:
        for _, check in estimator_checks_generator(model):
            if check.func.__name__ != "check_array_api_input":  # not an array API class
                yield pytest.param(model, check, id=f"{model}-{check.func.__name__}")


@pytest.mark.parametrize(("model", "check"), list(estimator_checks()))
def test_check_estimator(model, check):
    check(clone(model))


# --- GeneralizedLinearRegressorCV and GeneralizedLinearClassifierCV ------------------


def test_squared_loss_is_elastic_net_cv():
    X, y = make_data()
    options = {"l1_ratio": [0.3, 1.0], "alphas": 10}
    model = GeneralizedLinearRegressorCV(tol=1e-6, **options).fit(X, y)
    expected = ElasticNetCV(tol=1e-4, **options).fit(X, y)
    assert_array_equal(model.alphas_, expected.alphas_)
    assert_array_equal(model.score_path_, -expected.mse_path_)
    assert_array_equal(model.coef_, expected.coef_)
    assert model.l1_ratio_ == expected.l1_ratio_


@pytest.mark.parametrize(
    "loss", ["poisson", "huber", losses.NegativeBinomial(0.5)], ids=str
)
def test_scores_are_deviances_of_paths_of_folds(loss):
    X, y = make_data()
    weight = np.random.default_rng(2).integers(0, 3, len(y)).astype(float)
    offset = np.linspace(-0.5, 0.5, len(y))
    model = GeneralizedLinearRegressorCV(
        loss, l1_ratio=[0.5, 1.0], alphas=6, cv=3, tol=1e-12
    )
    model.fit(X, y, sample_weight=weight, offset=offset)
    assert model.score_path_.shape == model.intercept_path_.shape == (2, 6, 3)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        path = fit_path(
            X[train], y[train], loss=loss, l1_ratio=0.5, alphas=model.alphas_[0],
            sample_weight=weight[train], offset=offset[train], tol=1e-12,
        )
        eta = X[test] @ path.coefs + path.intercept + offset[test, None]
        value = 2 * model.loss_.value(y[test, None], eta)
        value = np.average(value, axis=0, weights=weight[test])
        assert_allclose(-model.score_path_[0, :, k], value, rtol=1e-5)
        assert_allclose(model.coef_path_[0][k].toarray(), path.coefs, atol=1e-6)
    mean = model.score_path_.mean(axis=2)
    at_ratio, at = np.unravel_index(np.argmax(mean), mean.shape)
    assert model.l1_ratio_ == [0.5, 1.0][at_ratio]
    assert model.alpha_ == model.alphas_[at_ratio, at]
    alone = GeneralizedLinearRegressor(loss, alpha=model.alpha_, l1_ratio=model.l1_ratio_)
    alone.fit(X, y, sample_weight=weight, offset=offset)
    assert_allclose(model.coef_, alone.coef_, atol=1e-3)
    assert_allclose(
        model.predict(X, offset=offset), alone.predict(X, offset=offset), rtol=1e-2
    )
    assert model.path_.alphas[at] == model.alpha_
    assert model.relative_gap_ <= 1e-6


@pytest.mark.parametrize("scoring", [
    "neg_mean_absolute_error",
    metrics.make_scorer(metrics.mean_poisson_deviance, greater_is_better=False),
], ids=str)
def test_any_scorer(scoring):
    X, y = make_data()
    offset = np.linspace(-0.5, 0.5, len(y))
    model = GeneralizedLinearRegressorCV("poisson", alphas=5, cv=3, scoring=scoring)
    model.fit(X, y, offset=offset)
    scorer = metrics.check_scoring(model, scoring=scoring)
    for k, (_, test) in enumerate(KFold(3).split(X)):
        eta = X[test] @ model.coef_path_[k] + model.intercept_path_[:, k]
        for j in range(5):
            mean = np.exp(eta[:, j] + offset[test])
            expected = scorer._sign * scorer._score_func(
                y[test], mean, **scorer._kwargs
            )
            assert model.score_path_[j, k] == pytest.approx(expected)
    if not isinstance(scoring, str):
        default = GeneralizedLinearRegressorCV("poisson", alphas=5, cv=3)
        default.fit(X, y, offset=offset)
        assert_allclose(model.score_path_, default.score_path_)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_scores(n_classes):
    X, y = make_data("classes", n_classes=n_classes)
    y = np.array(list("abc"))[y]
    weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
    options = {"alphas": 5, "cv": 3}
    model = GeneralizedLinearClassifierCV(**options).fit(X, y, sample_weight=weight)
    scored = GeneralizedLinearClassifierCV(scoring="neg_log_loss", **options)
    scored.fit(X, y, sample_weight=weight)
    assert_allclose(model.score_path_, 2 * scored.score_path_, rtol=1e-6)
    assert model.coef_.shape == (1 if n_classes == 2 else 3, X.shape[1])
    assert_allclose(model.coef_, scored.coef_)
    accuracy = clone(scored).set_params(scoring="accuracy")
    accuracy.fit(X, y, sample_weight=weight)
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        alone = GeneralizedLinearClassifier(alpha=model.alphas_[2])
        alone.fit(X[train], y[train], sample_weight=weight[train])
        score = alone.score(X[test], y[test], sample_weight=weight[test])
        assert accuracy.score_path_[2, k] == pytest.approx(score)
    alone = GeneralizedLinearClassifier(alpha=model.alpha_)
    alone.fit(X, y, sample_weight=weight)
    assert_allclose(model.predict_proba(X), alone.predict_proba(X), atol=1e-2)


def test_classifier_options():
    X, y = make_data("classes")
    options = {"alphas": 5, "class_weight": "balanced"}
    model = GeneralizedLinearClassifierCV("squared_hinge", **options)
    weight = len(y) / (2 * np.bincount(y)[y])
    model.fit(X, y)
    plain = clone(model).set_params(class_weight=None).fit(X, y, sample_weight=weight)
    assert_allclose(model.score_path_, plain.score_path_)
    assert not hasattr(model, "predict_proba")
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize("model", ESTIMATORS, ids=str)
def test_jobs_storage_and_type(model):
    kind = "counts" if "Regressor" in type(model).__name__ else "classes"
    X, y = make_data(kind)
    plain = clone(model).fit(X, y)
    threaded = clone(model).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(threaded.coef_, plain.coef_)
    stored = clone(model).fit(sparse.csr_array(X), y)
    assert_allclose(stored.coef_, plain.coef_, atol=1e-3)
    single = clone(model).fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_, plain.coef_, atol=1e-2)
    copy = pickle.loads(pickle.dumps(plain))
    assert_array_equal(copy.predict(X), plain.predict(X))
    frame = pd.DataFrame(X, columns=list("abcdef"))
    assert_array_equal(clone(model).fit(frame, y).feature_names_in_, list("abcdef"))


def test_no_time_at_all():
    X, y = make_data("classes", n_samples=300, n_features=60)
    for model in (
        GeneralizedLinearClassifierCV(time_limit=1e-9, alphas=30, tol=1e-12),
        LogisticRegressionCV(
            time_limit=1e-9, Cs=30, l1_ratios=[1.0], use_legacy_attributes=False
        ),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        assert np.isfinite(model.coef_).all()


# --- LogisticRegressionCV --------------------------------------------------------------


def reference(X, y, sample_weight=None, **params):
    options = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 10_000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = linear_model.LogisticRegressionCV(**{**options, **params})
        return model.fit(X, y, sample_weight=sample_weight)


def assert_same(ours, theirs, atol):
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key in theirs:
            assert_same(ours[key], theirs[key], atol)
        return
    assert np.shape(ours) == np.shape(theirs)
    assert_allclose(ours, theirs, rtol=0, atol=atol)


@pytest.mark.skipif(SKLEARN < (1, 8), reason="the parameters of scikit-learn 1.8")
@pytest.mark.parametrize("params", [
    {"Cs": 4},
    {"Cs": [1.0, 0.01, 10.0], "l1_ratios": (0.0,), "scoring": "neg_log_loss"},
    {"Cs": 3, "refit": False, "class_weight": "balanced"},
    {"Cs": [0.1, 1.0], "l1_ratios": np.array([0.5, 1.0]), "solver": "saga"},
    {"Cs": [0.1, 1.0], "l1_ratios": np.array([0.0]), "cv": 3, "fit_intercept": False},
], ids=range(5))
@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_agrees_with_scikit_learn(params, legacy, n_classes):
    X, y = make_data("classes", n_classes=n_classes)
    y = np.array(list("abc"))[y]
    weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
    params = {**params, "use_legacy_attributes": legacy}
    model = LogisticRegressionCV(tol=1e-7, **params).fit(X, y, sample_weight=weight)
    expected = reference(X, y, weight, **params)
    for name in ("C_", "Cs_", "scores_"):
        assert_same(getattr(model, name), getattr(expected, name), 1e-5)
    scale = np.abs(expected.coef_).max()
    assert_same(model.coef_, expected.coef_, 1e-4 * scale)
    ours, theirs = model.coefs_paths_, expected.coefs_paths_
    assert np.shape(ours) == np.shape(theirs)
    if legacy:
        assert_array_equal(list(ours), list(theirs))
        ours, theirs = np.stack(list(ours.values())), np.stack(list(theirs.values()))
    if "solver" not in params:  # saga, which is far less exact
        assert_allclose(ours, theirs, rtol=0, atol=1e-3 * np.abs(theirs).max())
    assert model.n_iter_.shape == expected.n_iter_.shape
    if "l1_ratios" in params:
        assert_same(model.l1_ratio_, expected.l1_ratio_, 1e-12)
        assert_same(model.l1_ratios_, expected.l1_ratios_, 1e-12)
    else:
        assert_array_equal(model.l1_ratio_, 0.0)
    score = model.score(X, y, sample_weight=weight)
    theirs = expected.score(X, y, sample_weight=weight)
    assert score == pytest.approx(theirs, rel=1e-4)


def test_signature_begins_with_scikit_learns():
    theirs = linear_model.LogisticRegressionCV().get_params()
    theirs.pop("multi_class", None)  # of scikit-learn before 1.8
    ours = LogisticRegressionCV().get_params()
    assert ours.keys() >= theirs.keys()
    if SKLEARN >= (1, 9):
        assert ours.items() >= theirs.items()


@pytest.mark.parametrize(("old", "new"), [
    ({"penalty": "l2"}, {}),
    ({"penalty": "l1"}, {"l1_ratios": [1.0]}),
    ({"penalty": "elasticnet", "l1_ratios": [0.3]}, {"l1_ratios": [0.3]}),
    ({"l1_ratios": None}, {}),
])
def test_deprecated_spellings_of_the_penalty(old, new):
    X, y = make_data("classes")
    with pytest.warns(FutureWarning, match="deprecated") as record:
        model = LogisticRegressionCV(Cs=3, **old).fit(X, y)
    assert record[0].filename == __file__
    expected = LogisticRegressionCV(Cs=3, **new).fit(X, y)
    assert_array_equal(model.coef_, expected.coef_)
    assert_array_equal(model.l1_ratio_, expected.l1_ratio_)


def test_offsets_reach_folds_and_scores():
    X, y = make_data("classes")
    offset = np.full(len(y), 2.0)
    options = {"Cs": 3, "scoring": "neg_log_loss", "use_legacy_attributes": False}
    model = LogisticRegressionCV(**options).fit(X, y, offset=offset)
    plain = LogisticRegressionCV(**options).fit(X, y)
    assert_allclose(model.scores_, plain.scores_, rtol=1e-5)
    assert_allclose(model.intercept_ + 2.0, plain.intercept_, rtol=1e-5)
    assert model.score(X, y, offset=offset) == pytest.approx(plain.score(X, y), rel=1e-5)
    assert model.score(X, y, offset=0) < plain.score(X, y)


def test_certificate_of_the_refit():
    X, y = make_data("classes")
    model = LogisticRegressionCV(Cs=3).fit(X, y)
    assert model.relative_gap_ <= 1e-8
    assert model.status_ == "optimal"
    averaged = LogisticRegressionCV(Cs=3, refit=False).fit(X, y)
    assert not hasattr(averaged, "dual_gap_")


# --- state, errors, routing -----------------------------------------------------------


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize("model", ESTIMATORS, ids=str)
def test_failed_fit_leaves_the_state(model):
    kind = "counts" if "Regressor" in type(model).__name__ else "classes"
    X, y = make_data(kind)
    model = clone(model).fit(X, y)
    before = fitted_state(model)
    bad = X[:, :4].copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="row 3, column 2"):
        model.fit(bad, y)
    with pytest.raises(ValueError, match="upper"):
        clone(model).set_params(upper=-1.0).fit(X, y)
    with pytest.raises(ValueError, match="cv"):
        model.set_params(cv=[(np.arange(3), [])]).fit(X[:, :4], y)
    assert fitted_state(model) == before


@pytest.mark.parametrize(("params", "error"), [
    ({"Cs": 0}, ValueError),
    ({"Cs": [1.0, 0.0]}, ValueError),
    ({"Cs": [[1.0]]}, ValueError),
    ({"Cs": []}, ValueError),
    ({"Cs": 1.5}, TypeError),
    ({"l1_ratios": [2.0]}, ValueError),
    ({"l1_ratios": []}, ValueError),
    ({"penalty": None}, TypeError),
    ({"refit": 1}, TypeError),
    ({"scoring": "nonsense"}, ValueError),
    ({"use_legacy_attributes": "no"}, TypeError),
    ({"class_weight": "even"}, ValueError),
    ({"n_jobs": 0}, ValueError),
])
def test_bad_parameters_are_named(params, error):
    X, y = make_data("classes")
    (name,) = params
    model = LogisticRegressionCV(**params)
    with pytest.raises(error, match=name):
        model.fit(X, y)
    assert not fitted_state(model)


@pytest.mark.parametrize(("params", "error"), [
    ({"loss": "nonsense"}, ValueError),
    ({"l1_ratio": 2.0}, ValueError),
    ({"alphas": 0}, ValueError),
    ({"eps": 2.0}, ValueError),
    ({"scoring": 3}, ValueError),
    ({"max_iter": 0}, ValueError),
])
def test_bad_parameters_of_the_general_ones(params, error):
    X, y = make_data("classes")
    (name,) = params
    for model in (
        GeneralizedLinearRegressorCV(**params), GeneralizedLinearClassifierCV(**params)
    ):
        with pytest.raises(error, match=name):
            model.fit(X, y)


def test_target_out_of_range_is_named_by_its_own_row():
    X, y = make_data()
    y[70] = -1.0
    with pytest.raises(ValueError, match=r"y\[70\] is -1.0"):
        GeneralizedLinearRegressorCV("poisson").fit(X, y)


def test_groups_and_weights_are_routed():
    X, y = make_data("classes")
    groups, weight = np.arange(len(y)) % 4, np.linspace(0.5, 2, len(y))
    folds = list(GroupKFold(4).split(X, y, groups))
    for model in (
        GeneralizedLinearClassifierCV(alphas=5, cv=GroupKFold(4)),
        LogisticRegressionCV(Cs=3, cv=GroupKFold(4)),
    ):
        with pytest.raises(ValueError, match="enable_metadata_routing"):
            model.fit(X, y, groups=groups)
        with sklearn.config_context(enable_metadata_routing=True):
            model.fit(X, y, sample_weight=weight, groups=groups)
            assert 0 < model.score(X, y, sample_weight=weight) <= 1
        explicit = clone(model).set_params(cv=folds).fit(X, y, sample_weight=weight)
        assert_array_equal(model.coef_, explicit.coef_)


def test_grid_search_and_scores():
    X, y = make_data("classes")
    model = LogisticRegressionCV(Cs=3, scoring="roc_auc")
    assert cross_val_score(model, X, y, cv=3).mean() > 0.8
    search = GridSearchCV(
        GeneralizedLinearClassifierCV(alphas=5), {"l1_ratio": [0.5, 1.0]}, cv=3
    )
    assert search.fit(X, y).best_score_ > 0.7
