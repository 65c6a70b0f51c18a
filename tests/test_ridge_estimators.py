"""Ridge and RidgeCV against scikit-learn, closed forms and brute force."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import linear_model
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneOut
from sklearn.utils.estimator_checks import estimator_checks_generator

from riata import ElasticNet, Ridge, RidgeCV

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
ALPHAS = (0.1, 1.0, 10.0, 100.0)


def make_data(n_samples=40, n_features=6, n_targets=None, seed=0):
    """Correlated columns with means, and a noisy target."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + rng.uniform(-2, 2, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    shape = (n_features,) if n_targets is None else (n_features, n_targets)
    y = X @ rng.standard_normal(shape) + 3
    return X, y + 2 * rng.standard_normal(y.shape)


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def assert_same_model(model, expected, X, rtol=1e-8):
    """Hold coefficients, intercept and predictions against another model."""
    assert model.coef_.shape == expected.coef_.shape
    assert np.shape(model.intercept_) == np.shape(expected.intercept_)
    assert_allclose(model.coef_, expected.coef_, rtol=rtol, atol=rtol)
    assert_allclose(model.intercept_, expected.intercept_, rtol=rtol, atol=10 * rtol)
    predicted = model.predict(X, offset=0)
    assert_allclose(predicted, expected.predict(dense(X)), rtol=rtol, atol=rtol)


def estimator_checks():
    for model in [
        Ridge(),
        Ridge(positive=True),
        Ridge(alpha=0.1, standardize=True),
        RidgeCV(),
        RidgeCV(cv=3),
    ]:
        for _, check in estimator_checks_generator(model):
            if check.func.__name__ != "check_array_api_input":  # not an array API class
                yield pytest.param(model, check, id=f"{model}-{check.func.__name__}")


@pytest.mark.parametrize(("model", "check"), list(estimator_checks()))
def test_check_estimator(model, check):
    check(clone(model))


# --- Ridge -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 6), (15, 30)])
@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_agrees_with_scikit_learn(shape, n_targets, fit_intercept, weighted, storage):
    X, y = make_data(*shape, n_targets=n_targets)
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    params = {"alpha": 0.7, "fit_intercept": fit_intercept}
    model = Ridge(**params).fit(X, y, sample_weight=weight)
    expected = linear_model.Ridge(solver="svd", **params)
    expected.fit(dense(X), y, sample_weight=weight)
    assert_same_model(model, expected, X)
    assert np.all(np.asarray(model.status_) == "optimal")
    assert np.all(np.asarray(model.relative_gap_) <= 1e-6)


def test_scale_of_weights_matters_as_in_scikit_learn():
    X, y = make_data()
    model = Ridge(alpha=6.0).fit(X, y)
    assert_allclose(Ridge(alpha=12.0).fit(X, y, sample_weight=2.0).coef_, model.coef_)
    twice = Ridge(alpha=12.0).fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert_allclose(twice.coef_, model.coef_)
    doubled = Ridge(alpha=12.0).fit(np.vstack([X, X]), np.r_[y, y])
    assert_allclose(doubled.coef_, model.coef_)


def test_alpha_of_each_target():
    X, y = make_data(n_targets=3)
    alpha = np.array([0.1, 1.0, 50.0])
    model = Ridge(alpha=alpha).fit(X, y)
    assert_same_model(model, linear_model.Ridge(alpha=alpha).fit(X, y), X)
    assert_array_equal(Ridge(alpha=np.array([2.0])).fit(X, y).coef_.shape, (3, 6))
    with pytest.raises(ValueError, match="alpha has 2 values, but y has 3 targets"):
        Ridge(alpha=[1.0, 2.0]).fit(X, y)


def test_least_squares_at_alpha_zero():
    X, y = make_data()
    model = Ridge(alpha=0.0).fit(X, y)
    assert_allclose(model.coef_, linear_model.LinearRegression().fit(X, y).coef_)


def test_float32_stays_float32():
    X, y = make_data()
    model = Ridge().fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert model.intercept_.dtype == np.float32
    assert_same_model(model, Ridge().fit(X, y), X, rtol=1e-4)


@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_positive(n_targets, weighted):
    X, y = make_data(n_targets=n_targets)
    weight = np.random.default_rng(2).uniform(0.1, 3, len(y)) if weighted else None
    model = Ridge(alpha=2.0, positive=True, tol=1e-10).fit(X, y, sample_weight=weight)
    expected = linear_model.Ridge(alpha=2.0, positive=True, tol=1e-10)
    expected.fit(X, y, sample_weight=weight)
    assert_same_model(model, expected, X, rtol=1e-4)
    assert model.coef_.min() == 0
    assert np.all(np.asarray(model.relative_gap_) <= 1e-12)


def test_bounds_and_alpha_of_each_target():
    X, y = make_data(n_targets=2)
    model = Ridge(alpha=[1.0, 30.0], lower=-0.3, upper=0.4, tol=1e-10).fit(X, y)
    assert model.coef_.min() == -0.3
    assert model.coef_.max() == 0.4
    for k, alpha in enumerate([1.0, 30.0]):
        one = ElasticNet(alpha / len(y), l1_ratio=0.0, lower=-0.3, upper=0.4, tol=1e-10)
        assert_allclose(model.coef_[k], one.fit(X, y[:, k]).coef_, atol=1e-7)


def test_penalty_factor_and_standardize():
    X, y = make_data()
    factor = np.array([0.0, 4.0, 1.0, 1.0, np.inf, 1.0])
    scale = np.where(np.isinf(factor), 0.0, 1 / np.sqrt(np.maximum(factor, 1e-12)))
    model = Ridge(alpha=3.0, penalty_factor=factor).fit(X, y)
    scaled = linear_model.Ridge(alpha=3.0, solver="svd").fit(X * scale, y)
    assert_allclose(model.coef_, scaled.coef_ * scale, atol=1e-6)
    plain = Ridge(alpha=3.0, standardize=True).fit(X, y)
    standard = linear_model.Ridge(alpha=3.0, solver="svd").fit(X / X.std(0), y)
    assert_allclose(plain.coef_ * X.std(0), standard.coef_)


@pytest.mark.parametrize("offset_shape", [(40,), (40, 2)])
@pytest.mark.parametrize("positive", [False, True])
def test_offset(offset_shape, positive):
    X, y = make_data(n_targets=2)
    offset = np.random.default_rng(4).standard_normal(offset_shape)
    known = offset.reshape(40, -1)
    model = Ridge(positive=positive, tol=1e-10).fit(X, y + known, offset=offset)
    plain = Ridge(positive=positive, tol=1e-10).fit(X, y)
    assert_same_model(model, plain, X, rtol=1e-6)
    assert_allclose(model.predict(X, offset=offset), plain.predict(X) + known, 1e-6)


@pytest.mark.parametrize(
    "solver",
    ["auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"],
)
def test_solver_is_accepted_and_changes_nothing(solver):
    X, y = make_data()
    model = Ridge(solver=solver).fit(X, y)
    assert_array_equal(model.coef_, Ridge().fit(X, y).coef_)
    assert isinstance(model.solver_, str)


@pytest.mark.parametrize("cls", [Ridge, RidgeCV])
def test_signature_begins_with_scikit_learns(cls):
    theirs = getattr(linear_model, cls.__name__)().get_params()
    assert cls().get_params().keys() >= theirs.keys() - {"store_cv_values"}
    if SKLEARN >= (1, 9):
        assert cls().get_params().items() >= theirs.items()


# --- RidgeCV, leave-one-out ---------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 6), (15, 30)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_absolute_error"])
def test_leave_one_out_agrees(shape, fit_intercept, n_targets, weighted, scoring):
    X, y = make_data(*shape, n_targets=n_targets)
    weight = np.random.default_rng(2).uniform(0.1, 3, len(y)) if weighted else None
    params = {"fit_intercept": fit_intercept, "scoring": scoring}
    params |= {"alphas": ALPHAS, "store_cv_results": True}
    model = RidgeCV(**params).fit(X, y, sample_weight=weight)
    expected = linear_model.RidgeCV(**params).fit(X, y, sample_weight=weight)
    assert_same_model(model, expected, X, rtol=1e-6)
    assert model.alpha_ == expected.alpha_
    assert_allclose(model.best_score_, expected.best_score_)
    assert model.cv_results_.shape == expected.cv_results_.shape
    assert_allclose(model.cv_results_, expected.cv_results_, rtol=1e-6)


@pytest.mark.parametrize("storage", [sparse.csc_array, sparse.csr_matrix])
def test_leave_one_out_of_sparse_data(storage):
    X, y = make_data()
    X = sparsify(X, storage)
    model = RidgeCV(ALPHAS, store_cv_results=True).fit(X, y)
    expected = linear_model.RidgeCV(ALPHAS, store_cv_results=True).fit(dense(X), y)
    assert_same_model(model, expected, X)
    assert_allclose(model.cv_results_, expected.cv_results_)


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_alpha_per_target(scoring):
    X, y = make_data(n_targets=4)
    y[:, 1:] += np.random.default_rng(5).standard_normal((40, 3)) * [5, 20, 100]
    params = {"alphas": ALPHAS, "alpha_per_target": True, "scoring": scoring}
    model = RidgeCV(**params).fit(X, y)
    expected = linear_model.RidgeCV(**params).fit(X, y)
    assert_array_equal(model.alpha_, expected.alpha_)
    assert_allclose(model.best_score_, expected.best_score_)
    assert_same_model(model, expected, X)


def test_alpha_per_target_of_a_single_target():
    X, y = make_data()
    model = RidgeCV(ALPHAS, alpha_per_target=True).fit(X, y)
    assert model.alpha_ == RidgeCV(ALPHAS).fit(X, y).alpha_
    assert model.coef_.shape == (6,)


def test_leave_one_out_is_leave_one_out():
    X, y = make_data(n_samples=15)
    factor = np.linspace(0, 2, X.shape[1])
    offset = np.linspace(-1, 1, len(y))
    model = RidgeCV([2.0], penalty_factor=factor, store_cv_results=True)
    model.fit(X, y, offset=offset)
    for train, test in LeaveOneOut().split(X):
        one = Ridge(2.0, penalty_factor=factor).fit(
            X[train], y[train], None, offset[train]
        )
        error = y[test] - one.predict(X[test], offset=offset[test])
        assert_allclose(model.cv_results_[test, 0], error**2)


def test_scalar_and_single_alphas():
    X, y = make_data()
    for alphas in (2.0, [2.0], np.array(2.0), np.array([2.0])):
        assert RidgeCV(alphas).fit(X, y).alpha_ == 2.0


@pytest.mark.parametrize("gcv_mode", [None, "auto", "svd", "eigen"])
def test_gcv_mode_changes_nothing(gcv_mode):
    X, y = make_data()
    model = RidgeCV(gcv_mode=gcv_mode).fit(X, y)
    assert_array_equal(model.coef_, RidgeCV().fit(X, y).coef_)


@pytest.mark.parametrize("cv", [None, 3])
def test_float32_of_ridge_cv(cv):
    X, y = make_data()
    model = RidgeCV(cv=cv).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert_same_model(model, RidgeCV(cv=cv).fit(X, y), X, rtol=1e-4)


# --- RidgeCV, folds -------------------------------------------------------------------


@pytest.mark.parametrize("cv", [3, KFold(4, shuffle=True, random_state=0)])
@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", [None, "neg_mean_squared_error"])
def test_folds_agree(cv, n_targets, weighted, scoring):
    X, y = make_data(n_targets=n_targets)
    weight = None
    if weighted and SKLEARN >= (1, 9):  # before, fold scores did not know of weights
        weight = np.random.default_rng(2).uniform(0.1, 3, len(y))
    params = {"alphas": ALPHAS, "cv": cv, "scoring": scoring}
    model = RidgeCV(**params).fit(X, y, sample_weight=weight)
    expected = linear_model.RidgeCV(**params).fit(X, y, sample_weight=weight)
    assert model.alpha_ == expected.alpha_
    assert_allclose(model.best_score_, expected.best_score_)
    assert_same_model(model, expected, X)


def test_folds_are_a_grid_search():
    X, y = make_data()
    X = sparsify(X)
    options = {"standardize": True, "upper": 0.5, "tol": 1e-10}
    model = RidgeCV(ALPHAS, cv=4, **options).fit(X, y)
    search = GridSearchCV(Ridge(**options), {"alpha": ALPHAS}, cv=4).fit(X, y)
    assert model.alpha_ == search.best_params_["alpha"]
    assert_allclose(model.best_score_, search.best_score_)
    assert_allclose(model.coef_, search.best_estimator_.coef_)
    scores = [search.cv_results_[f"split{k}_test_score"] for k in range(4)]
    assert_allclose(model.fold_scores_, np.transpose(scores))


def test_custom_scorer_sees_a_fitted_ridge():
    X, y = make_data()
    seen = []

    def scorer(estimator, X, y):
        seen.append(estimator)
        return -mean_absolute_error(y, estimator.predict(X))

    model = RidgeCV(ALPHAS, cv=3, scoring=scorer).fit(X, y)
    assert {type(s) for s in seen} == {Ridge}
    assert {s.alpha for s in seen} == set(ALPHAS)
    plain = RidgeCV(ALPHAS, cv=3, scoring="neg_mean_absolute_error").fit(X, y)
    assert model.best_score_ == plain.best_score_


# --- state, errors, ecosystem --------------------------------------------------------


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize(
    "model", [Ridge(), Ridge(positive=True), RidgeCV(), RidgeCV(cv=3)]
)
def test_failed_fit_leaves_the_state(model):
    X, y = make_data()
    model = clone(model).fit(X, y)
    before = fitted_state(model)
    bad = X[:, :4].copy()
    bad[35, 2] = np.nan
    with pytest.raises(ValueError, match="row 35, column 2"):
        model.fit(bad, y)
    with pytest.raises(ValueError, match="penalty_factor"):
        model.set_params(penalty_factor=-1.0).fit(X[:, :4], y)
    assert fitted_state(model) == before


@pytest.mark.parametrize("model", [Ridge(), RidgeCV(store_cv_results=True)])
def test_refit_and_pickle(model):
    X, y = make_data()
    model = clone(model).fit(pd.DataFrame(X, columns=list("abcdef")), y)
    assert_array_equal(model.feature_names_in_, list("abcdef"))
    copy = pickle.loads(pickle.dumps(model.fit(X, y)))
    assert_array_equal(copy.predict(X), model.predict(X))
    assert not hasattr(copy, "feature_names_in_")
    coef = model.coef_
    assert_array_equal(model.fit(X, y).coef_, coef)


def test_results_of_an_earlier_fit_do_not_stay():
    X, y = make_data()
    model = RidgeCV(store_cv_results=True).fit(X, y)
    model.set_params(store_cv_results=False).fit(X, y)
    assert not hasattr(model, "cv_results_")


@pytest.mark.parametrize(
    ("model", "error", "match"),
    [
        (Ridge(alpha=-1.0), ValueError, "alpha"),
        (Ridge(alpha="1"), TypeError, "alpha"),
        (Ridge(alpha=[[1.0]]), ValueError, "alpha"),
        (Ridge(fit_intercept=1), TypeError, "fit_intercept"),
        (Ridge(copy_X=None), TypeError, "copy_X"),
        (Ridge(max_iter=0), ValueError, "max_iter"),
        (Ridge(tol=-1.0), ValueError, "tol"),
        (Ridge(solver="newton"), ValueError, "solver"),
        (Ridge(positive="yes"), TypeError, "positive"),
        (Ridge(random_state=-1), ValueError, "random_state"),
        (Ridge(lower=1.0), ValueError, "lower"),
        (RidgeCV(alphas=[0.0, 1.0]), ValueError, r"alphas\[0\]"),
        (RidgeCV(alphas=[1.0, -1.0], cv=3), ValueError, r"alphas\[1\]"),
        (RidgeCV(alphas=[]), ValueError, "alphas"),
        (RidgeCV(alphas="many"), TypeError, "alphas"),
        (RidgeCV(scoring="best"), ValueError, "best"),
        (RidgeCV(gcv_mode="loo"), ValueError, "gcv_mode"),
        (RidgeCV(store_cv_results=1), TypeError, "store_cv_results"),
        (RidgeCV(cv=3, store_cv_results=True), ValueError, "store_cv_results"),
        (RidgeCV(cv=3, alpha_per_target=True), ValueError, "alpha_per_target"),
        (RidgeCV(upper=1.0), ValueError, "upper"),
        (RidgeCV(cv="many"), ValueError, "cv"),
    ],
)
def test_bad_parameters_are_named(model, error, match):
    X, y = make_data()
    with pytest.raises(error, match=match):
        model.fit(X, y)


def test_alpha_zero_with_folds():
    X, y = make_data()
    params = {"alphas": [0.0, 1.0], "cv": 3}
    model = RidgeCV(**params).fit(X, y)
    expected = linear_model.RidgeCV(**params).fit(X, y)
    assert model.alpha_ == expected.alpha_
    assert_allclose(model.best_score_, expected.best_score_)


def test_fold_without_weight_is_refused():
    X, y = make_data()
    weight = np.zeros(len(y))
    weight[:20] = np.linspace(1, 2, 20)
    with pytest.raises(ValueError, match="sample_weight is zero on all training rows"):
        RidgeCV(cv=2).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("cv", [None, 3])
def test_offset_of_ridge_cv(scoring, cv):
    X, y = make_data()
    offset = np.linspace(-5, 5, len(y))
    params = {"alphas": ALPHAS, "cv": cv, "scoring": scoring}
    if scoring is None and cv is not None:
        params["scoring"] = "neg_mean_squared_error"  # not R2, which a shift changes
    model = RidgeCV(**params).fit(X, y + offset, offset=offset)
    plain = RidgeCV(**params).fit(X, y)
    assert model.alpha_ == plain.alpha_
    assert_allclose(model.best_score_, plain.best_score_)
    assert_allclose(model.predict(X, offset=offset), plain.predict(X) + offset)


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("scoring", [None, "r2"])
def test_weights_in_the_leave_one_out_score(enabled, scoring):
    X, y = make_data()
    weight = np.linspace(0.5, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=enabled):
        if scoring and enabled:
            scoring = make_scorer(sklearn.metrics.r2_score)
            scoring.set_score_request(sample_weight=True)
        params = {"alphas": ALPHAS, "scoring": scoring}
        model = RidgeCV(**params).fit(X, y, sample_weight=weight)
        expected = linear_model.RidgeCV(**params).fit(X, y, sample_weight=weight)
    assert model.alpha_ == expected.alpha_
    assert_allclose(model.best_score_, expected.best_score_)


def test_groups_need_metadata_routing():
    X, y = make_data()
    groups = np.arange(len(y)) % 4
    model = RidgeCV(ALPHAS, cv=GroupKFold(4))
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        model.fit(X, y, groups=groups)
    with sklearn.config_context(enable_metadata_routing=True):
        model.fit(X, y, groups=groups)
    folds = list(GroupKFold(4).split(X, y, groups))
    assert model.best_score_ == RidgeCV(ALPHAS, cv=folds).fit(X, y).best_score_


@pytest.mark.parametrize("weighted", [False, True])
def test_fold_scores_with_routing(weighted):
    X, y = make_data()
    weight = np.linspace(0.5, 2, len(y)) if weighted else None
    with sklearn.config_context(enable_metadata_routing=True):
        params = {"alphas": ALPHAS, "cv": 3}
        model = RidgeCV(**params).fit(X, y, sample_weight=weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = linear_model.RidgeCV(**params).fit(X, y, sample_weight=weight)
    assert model.alpha_ == expected.alpha_
    assert_allclose(model.best_score_, expected.best_score_)


def test_leave_one_out_keeps_all_models_only_if_asked_to():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 60))
    y = X[:, 0] + rng.standard_normal(30)
    alphas = [0.1, 1.0, 10.0]
    plain = RidgeCV(alphas).fit(X, y)
    assert not hasattr(plain, "cv_result_")
    with pytest.raises(ValueError, match="store_cv_results=True"):
        plain.reselect("1se")
    kept = RidgeCV(alphas, store_cv_results=True).fit(X, y)
    assert kept.alpha_ == plain.alpha_
    np.testing.assert_allclose(kept.coef_, plain.coef_, rtol=1e-9)
    assert kept.best_score_ == pytest.approx(plain.best_score_)
    assert kept.reselect("1se").alpha_ >= kept.alpha_
