"""LassoCV and ElasticNetCV against scikit-learn, and what is kept of the folds."""

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
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_val_score
from sklearn.utils.estimator_checks import estimator_checks_generator

from riata import ElasticNet, ElasticNetCV, Lasso, LassoCV, fit_path

ESTIMATORS = [LassoCV, ElasticNetCV]
SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def make_data(n_samples=75, n_features=9, seed=0):
    """Correlated columns with means, and a target with few active columns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + rng.uniform(-2, 2, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    w = rng.standard_normal(n_features) * (rng.random(n_features) < 0.5)
    return X, X @ w + rng.standard_normal(n_samples) + 3


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def fit_reference(cls, X, y, sample_weight=None, **params):
    """Fit scikit-learn's estimator of the same name to high accuracy."""
    params = {"tol": 1e-13, "max_iter": 1_000_000, **params}
    if SKLEARN < (1, 7) and isinstance(params.get("alphas"), int):
        params["n_alphas"] = params.pop("alphas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(linear_model, cls.__name__)(**params)
        return model.fit(X, y, sample_weight=sample_weight)


def assert_same_choice(model, expected):
    """Hold everything that scikit-learn's class has against it."""
    assert model.alphas_.shape == expected.alphas_.shape
    assert model.mse_path_.shape == expected.mse_path_.shape
    assert model.coef_.shape == expected.coef_.shape
    assert_allclose(model.alphas_, expected.alphas_, rtol=1e-10)
    assert_allclose(model.mse_path_, expected.mse_path_, rtol=1e-5)
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-10)
    assert_allclose(model.coef_, expected.coef_, atol=1e-6)
    assert_allclose(model.intercept_, expected.intercept_, atol=1e-6)
    if hasattr(expected, "l1_ratio_"):
        assert model.l1_ratio_ == expected.l1_ratio_


def estimator_checks():
    for cls in ESTIMATORS:
        for _, check in estimator_checks_generator(cls()):
            if check.func.__name__ != "check_array_api_input":  # not an array API class
                yield pytest.param(
                    cls, check, id=f"{cls.__name__}-{check.func.__name__}"
                )


@pytest.mark.parametrize(("cls", "check"), list(estimator_checks()))
def test_check_estimator(cls, check):
    check(cls(alphas=10, cv=3))


# --- agreement with scikit-learn ---------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_agrees_with_scikit_learn(cls, fit_intercept, positive, weighted, storage):
    X, y = make_data()
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    params = {"alphas": 12, "fit_intercept": fit_intercept, "positive": positive}
    model = cls(tol=1e-9, **params).fit(X, y, sample_weight=weight)
    if positive and SKLEARN < (1, 9):  # whose grid began above the largest useful alpha
        params["alphas"] = model.alphas_
    assert_same_choice(model, fit_reference(cls, X, y, weight, **params))


@pytest.mark.parametrize(
    "params",
    [
        {"l1_ratio": [0.3, 0.7, 1.0]},
        {"l1_ratio": [0.3, 0.7], "alphas": [0.1, 1.0, 0.01]},
        {"l1_ratio": [0.5], "alphas": 7},
        {"l1_ratio": 0.5, "alphas": [0.2]},
        {"l1_ratio": [0.9, 0.1], "alphas": 5, "eps": 0.1, "cv": 3},
        {"l1_ratio": 0.0, "alphas": [1.0, 0.1]},
        {"cv": ShuffleSplit(1, random_state=0)},
    ],
)
def test_shapes_and_choice_of_l1_ratio(params):
    X, y = make_data()
    model = ElasticNetCV(tol=1e-9, **params).fit(X, y)
    assert_same_choice(model, fit_reference(ElasticNetCV, X, y, **params))


@pytest.mark.parametrize(
    "cv",
    [
        None,
        3,
        KFold(4, shuffle=True, random_state=0),
        ShuffleSplit(3, random_state=0),
        [(np.arange(50), np.arange(50, 75)), (np.arange(25, 75), np.arange(25))],
    ],
)
def test_any_splitter(cv):
    X, y = make_data()
    model = LassoCV(alphas=10, cv=cv, tol=1e-9).fit(X, y)
    assert_same_choice(model, fit_reference(LassoCV, X, y, alphas=10, cv=cv))


@pytest.mark.parametrize("alphas", [[1.0, 0.1, 0.1, 0.5], np.array([0.3])])
def test_given_alphas(alphas):
    X, y = make_data()
    model = LassoCV(alphas=alphas, tol=1e-9).fit(X, y)
    assert_same_choice(model, fit_reference(LassoCV, X, y, alphas=alphas))
    assert_array_equal(model.alphas_, np.sort(alphas)[::-1])


def test_target_that_nothing_explains():
    X, _ = make_data()
    y = np.full(len(X), 2.0)
    model = LassoCV(alphas=5).fit(X, y)
    expected = fit_reference(LassoCV, X, y, alphas=5)
    assert_array_equal(model.alphas_, expected.alphas_)
    assert_array_equal(model.coef_, 0.0)
    assert model.intercept_ == pytest.approx(2.0)


def test_tiny_target_scales():
    X, y = make_data()
    model = LassoCV(alphas=10).fit(X, y)
    tiny = LassoCV(alphas=10).fit(X, y * 2.0**-60)
    assert_allclose(tiny.coef_ * 2.0**60, model.coef_, rtol=1e-6)
    assert_allclose(tiny.alpha_ * 2.0**60, model.alpha_)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_float32(cls):
    X, y = make_data()
    model = cls(alphas=10).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert model.intercept_.dtype == np.float32
    double = cls(alphas=10).fit(X, y)
    assert_allclose(model.mse_path_, double.mse_path_, rtol=1e-3)
    assert_allclose(model.coef_, double.coef_, atol=1e-3)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_signature_begins_with_scikit_learns(cls):
    theirs = getattr(linear_model, cls.__name__)().get_params()
    theirs.pop("n_alphas", None)  # of scikit-learn before 1.9
    ours = cls().get_params()
    assert ours.keys() >= theirs.keys()
    if SKLEARN >= (1, 9):
        assert ours.items() >= theirs.items()


# --- what is kept ----------------------------------------------------------------


def test_path_of_the_refit_is_kept():
    X, y = make_data()
    model = LassoCV(alphas=10).fit(X, y)
    path = fit_path(X, y, alphas=model.alphas_)
    assert_allclose(model.path_.coef.toarray(), path.coef.toarray(), atol=1e-6)
    coef, intercept = model.path_.coef_at(model.alpha_)
    assert_allclose(model.coef_, coef)
    assert_allclose(model.intercept_, intercept)
    alone = Lasso(alpha=model.alpha_, tol=1e-8).fit(X, y)
    assert_allclose(model.coef_, alone.coef_, atol=1e-3)
    assert model.dual_gap_ == model.path_.dual_gap[model.alphas_ == model.alpha_]
    assert model.relative_gap_ <= 1e-6
    assert model.status_ == "optimal"


def test_fold_paths_reproduce_the_scores():
    X, y = make_data()
    offset = np.linspace(-1, 1, len(y))
    model = LassoCV(alphas=10, cv=3).fit(X, y, offset=offset)
    assert len(model.coef_path_) == 3
    assert model.intercept_path_.shape == (10, 3)
    for k, (_, test) in enumerate(KFold(3).split(X)):
        eta = X[test] @ model.coef_path_[k] + model.intercept_path_[:, k]
        error = y[test] - offset[test] - eta.T
        assert_allclose((error**2).mean(axis=1), model.mse_path_[:, k])


def test_fold_paths_of_several_l1_ratios():
    X, y = make_data()
    model = ElasticNetCV(l1_ratio=[0.2, 0.9], alphas=6, cv=3).fit(X, y)
    assert model.intercept_path_.shape == model.mse_path_.shape == (2, 6, 3)
    assert [len(folds) for folds in model.coef_path_] == [3, 3]
    i = [0.2, 0.9].index(model.l1_ratio_)
    assert model.path_.l1_ratio == model.l1_ratio_
    assert_array_equal(model.path_.alphas, model.alphas_[i])
    train, _ = next(KFold(3).split(X))
    j = list(model.alphas_[1]).index(model.alphas_[1][4])
    alone = ElasticNet(alpha=model.alphas_[1][j], l1_ratio=0.9).fit(X[train], y[train])
    assert_allclose(
        model.coef_path_[1][0].toarray()[:, j], alone.coef_, rtol=0, atol=1e-2
    )


def test_automatic_alphas_of_ridge():
    X, y = make_data()
    model = ElasticNetCV(l1_ratio=[0.0, 0.5], alphas=5).fit(X, y)
    assert_allclose(model.alphas_[0], model.alphas_[1] * 500)


def test_offset_shifts_the_target():
    X, y = make_data()
    offset = np.random.default_rng(3).standard_normal(len(y))
    model = LassoCV(alphas=10).fit(X, y + offset, offset=offset)
    plain = LassoCV(alphas=10).fit(X, y)
    assert_allclose(model.mse_path_, plain.mse_path_, rtol=1e-6)
    assert_allclose(model.predict(X, offset=offset), plain.predict(X) + offset)


def test_options_reach_all_paths():
    X, y = make_data()
    factor = np.ones(X.shape[1])
    factor[0], factor[1] = 0.0, np.inf
    model = LassoCV(alphas=8, penalty_factor=factor, lower=-0.2, upper=0.3).fit(X, y)
    for coef in [model.path_.coef.toarray(), *(c.toarray() for c in model.coef_path_)]:
        assert coef.min() >= -0.2
        assert coef.max() <= 0.3
        assert np.all(coef[0] != 0)
        assert np.all(coef[1] == 0)
    scale = np.linspace(1, 100, X.shape[1])
    plain = LassoCV(alphas=8, standardize=True).fit(X, y)
    scaled = LassoCV(alphas=8, standardize=True).fit(X * scale, y)
    assert_allclose(scaled.alphas_, plain.alphas_)
    assert_allclose(scaled.mse_path_, plain.mse_path_, rtol=1e-4)


# --- weights -----------------------------------------------------------------------


def test_scale_of_weights_is_irrelevant():
    X, y = make_data()
    weight = np.random.default_rng(3).uniform(0.1, 3, len(y))
    model = LassoCV(alphas=10).fit(X, y, sample_weight=weight)
    scaled = LassoCV(alphas=10).fit(X, y, sample_weight=weight * 1024)
    assert_allclose(scaled.mse_path_, model.mse_path_, rtol=1e-6)
    number = LassoCV(alphas=10).fit(X, y, sample_weight=3.0)
    assert_array_equal(number.coef_, LassoCV(alphas=10).fit(X, y).coef_)


def test_fold_without_weight_is_refused():
    X, y = make_data()
    weight = np.ones(len(y))
    weight[:15] = 0
    with pytest.raises(ValueError, match="zero on all test rows"):
        LassoCV(alphas=5).fit(X, y, sample_weight=weight)


# --- jobs and time ---------------------------------------------------------------


def test_jobs_change_nothing():
    X, y = make_data()
    model = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=8).fit(X, y)
    threaded = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=8, n_jobs=2).fit(X, y)
    assert_array_equal(threaded.mse_path_, model.mse_path_)
    assert_array_equal(threaded.coef_, model.coef_)


def test_no_time_at_all():
    X, y = make_data(n_samples=200, n_features=100)
    model = LassoCV(time_limit=1e-9, alphas=30, tol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert model.mse_path_.shape == (30, 5)
    reached = ~np.isnan(model.mse_path_).any(axis=1)
    assert model.alpha_ in model.alphas_[reached]
    assert_array_equal(reached, np.sort(reached)[::-1])
    missing = np.isnan(model.intercept_path_)
    assert_array_equal(missing, np.isnan(model.mse_path_))
    assert all(coef.shape == (100, 30) for coef in model.coef_path_)


# --- state and errors --------------------------------------------------------------


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_failed_fit_leaves_the_state(cls):
    X, y = make_data()
    model = cls(alphas=5).fit(X, y)
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


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_refit_and_pickle(cls):
    X, y = make_data()
    model = cls(alphas=5, cv=3).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))
    coef = model.coef_
    assert_array_equal(model.fit(X, y).coef_, coef)
    assert not fitted_state(clone(model))


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"l1_ratio": 2.0}, ValueError),
        ({"l1_ratio": []}, ValueError),
        ({"l1_ratio": "half"}, TypeError),
        ({"eps": 0.0}, ValueError),
        ({"eps": -0.5}, ValueError),
        ({"alphas": 0}, ValueError),
        ({"alphas": None}, TypeError),
        ({"alphas": []}, ValueError),
        ({"alphas": [1.0, -1.0]}, ValueError),
        ({"alphas": [[1.0]]}, ValueError),
        ({"alphas": 0.5}, TypeError),
        ({"precompute": "always"}, ValueError),
        ({"max_iter": 0}, ValueError),
        ({"tol": -1.0}, ValueError),
        ({"cv": "many"}, ValueError),
        ({"cv": 1}, ValueError),
        ({"verbose": -1}, ValueError),
        ({"n_jobs": 0}, ValueError),
        ({"n_jobs": 1.5}, TypeError),
        ({"positive": 1}, TypeError),
        ({"selection": "greedy"}, ValueError),
        ({"n_threads": 0}, ValueError),
        ({"time_limit": 0}, ValueError),
    ],
)
def test_bad_parameters_are_named(params, error):
    X, y = make_data()
    (name,) = params
    expected = {"cv": "cross-validation|cv|k-fold"}.get(name, name)
    with pytest.raises(error, match=expected):
        ElasticNetCV(**params).fit(X, y)


def test_several_targets_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="1d"):
        LassoCV().fit(X, np.column_stack([y, y]))


# --- the ecosystem -------------------------------------------------------------------


def test_data_frame_and_scoring():
    X, y = make_data(n_features=4)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = LassoCV(alphas=5).fit(frame, pd.Series(y))
    assert_array_equal(model.feature_names_in_, list("abcd"))
    assert cross_val_score(LassoCV(alphas=5), frame, y, cv=3).mean() > 0.2


def test_groups_need_metadata_routing():
    X, y = make_data()
    groups = np.arange(len(y)) % 4
    model = LassoCV(alphas=8, cv=GroupKFold(4), tol=1e-9)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        model.fit(X, y, groups=groups)
    with sklearn.config_context(enable_metadata_routing=True):
        model.fit(X, y, groups=groups)
    folds = list(GroupKFold(4).split(X, y, groups))
    explicit = LassoCV(alphas=8, cv=folds, tol=1e-9).fit(X, y)
    assert_array_equal(model.mse_path_, explicit.mse_path_)


def test_unrequested_metadata_are_refused():
    X, y = make_data()
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(TypeError, match="nonsense"),
    ):
        LassoCV(alphas=5).fit(X, y, nonsense=1)


def test_sample_weight_with_routing_enabled():
    X, y = make_data()
    weight = np.linspace(0.5, 2, len(y))
    plain = LassoCV(alphas=5).fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = LassoCV(alphas=5).fit(X, y, sample_weight=weight)
    assert_array_equal(routed.mse_path_, plain.mse_path_)
