"""LogisticRegression and GeneralizedLinearClassifier, against scikit-learn run to high
accuracy: labels, class weights, the meaning of C, several classes."""

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

from riata import GeneralizedLinearClassifier, LogisticRegression, fit_path, losses

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
ESTIMATORS = [
    LogisticRegression(),
    GeneralizedLinearClassifier(),
    GeneralizedLinearClassifier("squared_hinge"),
]


def make_data(n_samples=120, n_features=6, n_classes=2, seed=0):
    """Correlated columns with means; classes that overlap, the first of them rare."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + rng.uniform(-1, 1, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    scores = X @ rng.standard_normal((n_features, n_classes))
    scores += rng.gumbel(size=scores.shape) - 1.5 * (np.arange(n_classes) == 0)
    return X, scores.argmax(axis=1)


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def reference(X, y, sample_weight=None, *, l1_ratio=0.0, C=1.0, **params):
    """Fit scikit-learn's LogisticRegression to high accuracy."""
    options = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 100_000}
    if l1_ratio == 1 and params.get("fit_intercept") is False:
        options |= {"solver": "liblinear", "tol": 1e-12}  # which penalizes intercepts
    elif l1_ratio > 0:
        options |= {"solver": "saga", "tol": 1e-10}
    if SKLEARN < (1, 8):
        names = {0: "l2", 1: "l1"}
        options["penalty"] = names.get(l1_ratio, "elasticnet")
        l1_ratio = l1_ratio if 0 < l1_ratio < 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = linear_model.LogisticRegression(
            C=C, l1_ratio=l1_ratio, **options, **params
        )
        return model.fit(X, y, sample_weight=sample_weight)


def assert_same_model(model, expected, X, atol=1e-6):
    assert model.coef_.shape == expected.coef_.shape
    assert model.intercept_.shape == (len(model.coef_),)
    assert_array_equal(model.classes_, expected.classes_)
    assert_allclose(model.coef_, expected.coef_, rtol=0, atol=atol)
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        theirs = getattr(expected, method)(X)
        ours = getattr(model, method)(X)
        if method == "decision_function" and theirs.ndim == 2:
            # a common shift of all intercepts changes nothing
            theirs = theirs - theirs.mean(axis=1, keepdims=True)
            ours = ours - ours.mean(axis=1, keepdims=True)
        assert_allclose(ours, theirs, rtol=10 * atol, atol=10 * atol)
    assert_array_equal(model.predict(X), expected.predict(X))


def estimator_checks():
    for model in ESTIMATORS:
        for _, check in estimator_checks_generator(model):
            if check.func.__name__ != "check_array_api_input":  # not an array API class
                yield pytest.param(model, check, id=f"{model}-{check.func.__name__}")


@pytest.mark.parametrize(("model", "check"), list(estimator_checks()))
def test_check_estimator(model, check):
    check(clone(model))


# --- agreement with scikit-learn ---------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_l2_agrees_with_scikit_learn(n_classes, C, fit_intercept, weighted, storage):
    X, y = make_data(n_classes=n_classes)
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    model = LogisticRegression(C=C, fit_intercept=fit_intercept, tol=1e-9)
    model.fit(X, y, sample_weight=weight)
    expected = reference(X, y, weight, C=C, fit_intercept=fit_intercept)
    assert_same_model(model, expected, X)
    assert model.status_ == "optimal"
    assert model.n_iter_.shape == expected.n_iter_.shape


@pytest.mark.parametrize("C", [0.05, 1.0])
@pytest.mark.parametrize(("l1_ratio", "fit_intercept"), [
    (1.0, False), (1.0, True), (0.5, True),
])
def test_l1_agrees_with_scikit_learn(C, l1_ratio, fit_intercept):
    X, y = make_data()
    weight = np.random.default_rng(2).uniform(0, 3, len(y))
    params = {"C": C, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    model = LogisticRegression(tol=1e-9, **params).fit(X, y, sample_weight=weight)
    expected = reference(X, y, weight, **params)
    assert_same_model(model, expected, X, atol=1e-5)
    assert_array_equal(model.coef_ == 0, np.abs(expected.coef_) < 1e-6)


def test_l1_multinomial_agrees_with_scikit_learn():
    X, y = make_data(n_classes=3)
    params = {"C": 0.1, "l1_ratio": 1.0}
    model = LogisticRegression(tol=1e-9, **params).fit(X, y)
    assert_same_model(model, reference(X, y, **params), X, atol=1e-5)
    assert (model.coef_ == 0).any()


@pytest.mark.parametrize("class_weight", [
    "balanced", {"a": 3.0, "b": 0.5, "c": 1.0}, {"a": 0.1}, None,
])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_C_stands_beside_the_sum_of_all_weights(class_weight, n_classes, weighted):
    X, y = make_data(n_classes=n_classes)
    y = np.array(list("abc"))[y]
    if isinstance(class_weight, dict):
        class_weight = {k: v for k, v in class_weight.items() if k in y}
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    model = LogisticRegression(C=0.3, class_weight=class_weight, tol=1e-9)
    model.fit(X, y, sample_weight=weight)
    if SKLEARN >= (1, 9) or not (weighted and class_weight == "balanced"):
        expected = reference(X, y, weight, C=0.3, class_weight=class_weight)
        assert_same_model(model, expected, X)
    # the same on riata's own scale
    factors = np.ones(len(y)) if weight is None else weight.copy()
    if class_weight == "balanced":
        sums = {label: factors[y == label].sum() for label in model.classes_}
        for label in model.classes_:
            factors[y == label] *= sum(sums.values()) / (n_classes * sums[label])
    for label in class_weight if isinstance(class_weight, dict) else ():
        factors[y == label] *= class_weight[label]
    general = GeneralizedLinearClassifier(
        alpha=1 / (0.3 * factors.sum()), l1_ratio=0.0, tol=1e-12
    )
    general.fit(X, y, sample_weight=factors)
    assert_allclose(general.coef_, model.coef_, atol=1e-6)


def test_weights_twice_as_large_are_a_C_twice_as_large():
    X, y = make_data()
    model = LogisticRegression(C=0.2, tol=1e-9).fit(X, y)
    for weight in (2.0, np.full(len(y), 2.0)):
        double = LogisticRegression(C=0.1, tol=1e-9).fit(X, y, sample_weight=weight)
        assert_allclose(double.coef_, model.coef_, atol=1e-7)
    general = GeneralizedLinearClassifier(alpha=0.1)
    for weight in (2.0, np.full(len(y), 2.0)):
        assert_array_equal(
            general.fit(X, y).coef_, clone(general).fit(X, y, sample_weight=weight).coef_
        )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_penalty(n_classes):
    X, y = make_data(n_samples=300, n_classes=n_classes)
    model = LogisticRegression(C=np.inf, tol=1e-6).fit(X, y)
    expected = reference(X, y, C=np.inf if SKLEARN >= (1, 8) else 1e12)
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3])
def test_default_tolerance_is_at_least_as_strict_as_scikit_learns(scale, C):
    X, y = make_data()
    X = X * [scale, 1, 1, 1, 1, 1]
    model = LogisticRegression(C=C).fit(X, y)
    expected = linear_model.LogisticRegression(C=C, max_iter=10_000).fit(X, y)

    def objective(fitted):
        eta = X @ fitted.coef_[0] + fitted.intercept_[0]
        loss = np.logaddexp(0.0, np.where(y == 1, -eta, eta)).sum()
        return C * loss + 0.5 * (fitted.coef_**2).sum()

    assert objective(model) <= objective(expected) * (1 + 1e-10)
    residual = (y == 1) - model.predict_proba(X)[:, 1]
    gradient = X.T @ residual / len(y) - model.coef_[0] / (C * len(y))
    assert np.abs(gradient).max() <= model.tol
    assert model.relative_gap_ <= 1e-8


def test_signature_begins_with_scikit_learns():
    theirs = linear_model.LogisticRegression().get_params()
    theirs.pop("multi_class", None)  # of scikit-learn before 1.8
    ours = LogisticRegression().get_params()
    assert ours.keys() >= theirs.keys()
    if SKLEARN >= (1, 9):
        assert ours.items() >= theirs.items()
    assert set(ours) - set(theirs) == {
        "standardize", "penalty_factor", "lower", "upper", "n_threads", "time_limit",
    }


@pytest.mark.parametrize("options", [
    {"solver": "saga", "random_state": 3}, {"dual": True, "solver": "liblinear"},
    {"intercept_scaling": 10.0, "verbose": 1},
])
def test_solver_options_change_nothing(options):
    X, y = make_data()
    plain = LogisticRegression().fit(X, y)
    assert_array_equal(LogisticRegression(**options).fit(X, y).coef_, plain.coef_)


@pytest.mark.parametrize(("old", "new"), [
    ({"penalty": "l2"}, {}),
    ({"penalty": "l1", "l1_ratio": 1.0}, {"l1_ratio": 1.0}),
    ({"penalty": "elasticnet", "l1_ratio": 0.3}, {"l1_ratio": 0.3}),
    ({"penalty": None}, {"C": np.inf}),
    ({"l1_ratio": None}, {}),
])
def test_deprecated_spellings_of_the_penalty(old, new):
    X, y = make_data()
    with pytest.warns(FutureWarning, match="deprecated") as record:
        model = LogisticRegression(**old).fit(X, y)
    assert {warning.filename for warning in record} == {__file__}
    assert_array_equal(model.coef_, LogisticRegression(**new).fit(X, y).coef_)


# --- labels and predictions --------------------------------------------------------


@pytest.mark.parametrize("labels", [
    ["no", "yes"], [-1, 1], [5, 3], [True, False], [1.0, 2.0], np.array(["b", "a"], object),
], ids=str)
@pytest.mark.parametrize("model", ESTIMATORS, ids=str)
def test_any_labels(model, labels):
    X, codes = make_data()
    y = np.asarray(labels)[codes]
    model = clone(model).fit(X, y)
    assert_array_equal(model.classes_, np.unique(y))
    assert model.predict(X).dtype == model.classes_.dtype
    assert model.score(X, y) > 0.6
    flipped = model.classes_[0] != np.asarray(labels)[0]
    plain = clone(model).fit(X, codes)
    assert_allclose(model.coef_, -plain.coef_ if flipped else plain.coef_, atol=1e-4)


def test_probabilities():
    X, y = make_data()
    model = LogisticRegression().fit(X, y)
    eta = model.decision_function(X)
    proba = model.predict_proba(X)
    assert_allclose(proba[:, 1], 1 / (1 + np.exp(-eta)))
    assert_allclose(proba.sum(axis=1), 1.0)
    model.intercept_ = model.intercept_ + 1000.0
    assert_allclose(model.predict_log_proba(X)[:, 0], -(eta + 1000.0))
    with pytest.raises(AttributeError, match="predict_proba"):
        GeneralizedLinearClassifier("squared_hinge").fit(X, y).predict_proba(X)
    assert not hasattr(GeneralizedLinearClassifier("squared_hinge"), "predict_proba")


def test_sparsify_and_densify():
    X, y = make_data()
    model = LogisticRegression(l1_ratio=1.0, C=0.1, warm_start=True).fit(X, y)
    coef, scores = model.coef_, model.decision_function(X)
    assert sparse.issparse(model.sparsify().coef_)
    assert_allclose(model.decision_function(X), scores)
    assert_allclose(model.decision_function(sparse.csr_array(X)), scores)
    assert_array_equal(model.sparse_coef_.toarray(), coef)
    model.fit(X, y)  # starts from sparse coefficients
    assert_array_equal(model.sparsify().densify().coef_, model.coef_)


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_is_the_path_at_one_alpha(loss):
    X, y = make_data()
    weight = np.random.default_rng(2).uniform(0, 3, len(y))
    offset = np.linspace(-1, 1, len(y))
    options = {
        "l1_ratio": 0.8, "penalty_factor": [0, 1, 1, 2, 1, np.inf], "lower": -0.4,
        "upper": 0.5, "standardize": True, "tol": 1e-9,
    }
    model = GeneralizedLinearClassifier(loss, alpha=0.05, **options)
    model.fit(X, y, sample_weight=weight, offset=offset)
    path = fit_path(
        X, y, loss=loss, alphas=[0.05], sample_weight=weight, offset=offset, **options
    )
    assert_allclose(model.coef_[0], path.coefs[:, 0])
    assert_allclose(model.intercept_, path.intercept)
    assert model.dual_gap_ == path.dual_gap[0]
    eta = model.decision_function(X, offset=0) + offset
    assert_allclose(model.decision_function(X, offset=offset), eta)
    assert_array_equal(model.predict(X, offset=offset), (eta > 0).astype(int))
    assert model.score(X, y, offset=offset) == ((eta > 0) == y).mean()


def test_offsets_of_several_classes():
    X, y = make_data(n_classes=3)
    rng = np.random.default_rng(0)
    shift = rng.standard_normal(3)
    offset = np.tile(shift, (len(y), 1))
    plain = LogisticRegression(C=0.1, tol=1e-9).fit(X, y)
    model = LogisticRegression(C=0.1, tol=1e-9).fit(X, y, offset=offset)
    assert_allclose(model.coef_, plain.coef_, atol=1e-7)
    assert_allclose(
        model.predict_proba(X, offset=offset), plain.predict_proba(X), atol=1e-6
    )


def test_loss_of_several_classes():
    X, y = make_data(n_classes=3)
    model = GeneralizedLinearClassifier(alpha=0.02).fit(X, y)
    same = GeneralizedLinearClassifier("multinomial", alpha=0.02).fit(X, y)
    assert_array_equal(model.coef_, same.coef_)
    two = GeneralizedLinearClassifier("multinomial", alpha=0.02).fit(X[y > 0], y[y > 0])
    assert two.coef_.shape == (1, X.shape[1])
    assert two.loss_ == losses.Logistic()
    with pytest.raises(ValueError, match="'squared_hinge' is for two classes"):
        GeneralizedLinearClassifier("squared_hinge").fit(X, y)


# --- state ---------------------------------------------------------------------


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize("model", ESTIMATORS, ids=str)
def test_failed_fit_leaves_the_state(model):
    X, y = make_data()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = clone(model).fit(frame, y)
    before = fitted_state(model)
    bad = X.copy()
    bad[3, 2] = np.nan
    for X_bad, y_bad in [(bad[:, :4], y), (X[:, :4], y[:5]), (X[:, :4], y * 0)]:
        with pytest.raises(ValueError, match=r"y|inconsistent|NaN"):
            model.fit(X_bad, y_bad)
    with pytest.raises(ValueError, match="penalty_factor"):
        model.set_params(penalty_factor=-1.0).fit(X[:, :4], y)
    assert fitted_state(model) == before


@pytest.mark.parametrize("n_classes", [2, 3])
def test_refit_and_warm_start(n_classes):
    X, y = make_data(n_classes=n_classes)
    model = LogisticRegression(C=0.1, tol=1e-9).fit(X, y)
    state = pickle.dumps(model)
    assert pickle.dumps(pickle.loads(state).fit(X, y)) == state
    warm = LogisticRegression(C=0.3, warm_start=True, tol=1e-9).fit(X, y)
    warm.set_params(C=0.1).fit(X, y)
    assert_allclose(warm.coef_, model.coef_, atol=1e-7)
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_stays_float32(n_classes):
    X, y = make_data(n_classes=n_classes)
    X32 = X.astype(np.float32)
    model = LogisticRegression().fit(X32, y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.predict_proba(X32).dtype == np.float32
    assert_allclose(model.coef_, LogisticRegression().fit(X, y).coef_, atol=1e-3)


# --- bad input -------------------------------------------------------------------


@pytest.mark.parametrize(("params", "error"), [
    ({"C": 0.0}, ValueError),
    ({"C": -np.inf}, ValueError),
    ({"C": "1"}, TypeError),
    ({"l1_ratio": 1.5}, ValueError),
    ({"penalty": "l3"}, ValueError),
    ({"dual": None}, TypeError),
    ({"tol": -1.0}, ValueError),
    ({"fit_intercept": 1}, TypeError),
    ({"intercept_scaling": 0}, ValueError),
    ({"class_weight": "even"}, ValueError),
    ({"class_weight": [1, 2]}, TypeError),
    ({"class_weight": {0: -1.0, 1: 1.0}}, ValueError),
    ({"class_weight": {"x": 1.0}}, ValueError),
    ({"class_weight": {0: 0.0, 1: 0.0}}, ValueError),
    ({"random_state": "seed"}, TypeError),
    ({"solver": "sgd"}, ValueError),
    ({"max_iter": -1}, ValueError),
    ({"verbose": -1}, ValueError),
    ({"warm_start": None}, TypeError),
    ({"n_jobs": 0}, ValueError),
    ({"standardize": "yes"}, TypeError),
    ({"lower": 1.0}, ValueError),
    ({"n_threads": 0}, ValueError),
    ({"time_limit": 0}, ValueError),
])
def test_bad_parameters_are_named(params, error):
    X, y = make_data()
    (name,) = params
    model = LogisticRegression(**params)
    with pytest.raises(error, match=name):
        model.fit(X, y)
    assert not fitted_state(model)


def test_elastic_net_needs_a_ratio():
    X, y = make_data()
    model = LogisticRegression(penalty="elasticnet", l1_ratio=None)
    with (
        pytest.warns(FutureWarning, match="'penalty' was deprecated"),
        pytest.raises(ValueError, match="l1_ratio is None"),
    ):
        model.fit(X, y)


@pytest.mark.parametrize(("y", "match"), [
    (np.zeros(120), "one class only"),
    (np.full(120, "a"), "one class only"),
    (np.linspace(0, 1, 120), "Unknown label type: continuous"),
    (np.ones((120, 2)), "1d array"),
    (np.arange(119) % 2, "inconsistent"),
    (None, "y"),
    (np.where(np.arange(120) == 4, np.nan, np.arange(120) % 2), "position 4"),
], ids=range(7))
@pytest.mark.parametrize("model", ESTIMATORS, ids=str)
def test_what_are_no_labels(model, y, match):
    X, _ = make_data()
    with pytest.raises(ValueError, match=match):
        clone(model).fit(X, y)


def test_negative_weights_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="sample_weight"):
        LogisticRegression().fit(X, y, sample_weight=-np.ones(len(y)))


def test_losses_of_numbers_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="GeneralizedLinearRegressor"):
        GeneralizedLinearClassifier("poisson").fit(X, y)


def test_separable_classes():
    X, y = make_data()
    X[:, 0] = np.where(y == 1, 1.0, -1.0) * (1 + np.abs(X[:, 0]))
    model = LogisticRegression().fit(X, y)
    assert model.score(X, y) == 1.0
    assert_allclose(model.coef_, reference(X, y).coef_, atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1.0


# --- the ecosystem -------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames(frame):
    X, y = make_data(n_features=4)
    table = frame({name: X[:, j] for j, name in enumerate("abcd")})
    labels = (pd.Series if frame is pd.DataFrame else pl.Series)(np.array(["n", "y"])[y])
    model = LogisticRegression().fit(table, labels)
    assert_array_equal(model.classes_, ["n", "y"])
    plain = LogisticRegression().fit(X, y)
    assert_allclose(model.predict_proba(table), plain.predict_proba(X))


def test_grid_search_and_pipeline():
    X, y = make_data()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(l1_ratio=1.0))
    grid = {"logisticregression__C": [1e-3, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(X, y)
    assert search.best_params_["logisticregression__C"] == 1.0
    model = GeneralizedLinearClassifier("squared_hinge", alpha=0.01)
    assert cross_val_score(model, X, y, cv=3, scoring="roc_auc").mean() > 0.8


def test_routed_offsets_and_weights():
    X, y = make_data()
    weight, offset = np.linspace(0.1, 2, len(y)), np.linspace(-1, 1, len(y))
    metadata = {"sample_weight": weight, "offset": offset}
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression(tol=1e-8)
        model.set_fit_request(sample_weight=True, offset=True)
        model.set_score_request(sample_weight=True, offset=True)
        search = GridSearchCV(model, {"C": [0.1, 10.0]}, cv=3).fit(X, y, **metadata)
    expected = LogisticRegression(**search.best_params_, tol=1e-8).fit(X, y, **metadata)
    assert_allclose(search.best_estimator_.coef_, expected.coef_)
