"""Lasso and ElasticNet: scikit-learn's behaviour, riata's options, and the contract.

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

import riata._estimators._base
from riata import ElasticNet, ElasticNetCV, Lasso, LassoCV, Ridge, RidgeCV, Status
from riata._cross_validation._folds import FoldMoments

ESTIMATORS = [Lasso, ElasticNet]
RTOL = 1e-6


def make_data(n_samples=80, n_features=12, n_targets=None, seed=0):
    """Correlated columns with means, and a target with few active columns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) + rng.uniform(-2, 2, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    shape = (n_features,) if n_targets is None else (n_features, n_targets)
    w = rng.standard_normal(shape) * (rng.random(shape) < 0.5)
    y = X @ w + 0.5 * rng.standard_normal(X.shape[:1] + shape[1:]) + 3
    return X, y


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def reference(cls, **params):
    """scikit-learn's estimator of the same name, run to high accuracy."""
    params = {"tol": 1e-14, "max_iter": 1_000_000, **params}
    return getattr(linear_model, cls.__name__)(**params)


def fit_reference(cls, X, y, sample_weight=None, **params):
    """Fit scikit-learn's estimator; it warns where rounding stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reference(cls, **params).fit(X, y, sample_weight=sample_weight)


def assert_same_model(model, expected, X, rtol=RTOL):
    """Hold coefficients, intercept and predictions against another model."""
    scale = np.abs(expected.coef_).max() + 1e-12
    assert model.coef_.shape == expected.coef_.shape
    assert np.shape(model.intercept_) == np.shape(expected.intercept_)
    assert_allclose(model.coef_, expected.coef_, rtol=0, atol=rtol * scale)
    assert_allclose(model.intercept_, expected.intercept_, rtol=rtol, atol=rtol * scale)
    found = model.predict(X, offset=0)  # (of any model, fitted with an offset or not)
    assert_allclose(found, expected.predict(X), rtol=rtol, atol=rtol * 10)


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


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_agrees_with_scikit_learn(cls, fit_intercept, positive, weighted, storage):
    X, y = make_data()
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    params = {"alpha": 0.05, "fit_intercept": fit_intercept, "positive": positive}
    model = cls(tol=1e-10, **params).fit(X, y, sample_weight=weight)
    expected = fit_reference(cls, X, y, weight, **params)
    assert_same_model(model, expected, X)
    assert model.relative_gap_ <= 1e-12
    assert model.status_ == "optimal"


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_several_targets(cls, n_targets, fit_intercept):
    X, y = make_data(n_targets=n_targets)
    params = {"alpha": 0.1, "fit_intercept": fit_intercept}
    model = cls(tol=1e-10, **params).fit(X, y)
    expected = fit_reference(cls, X, y, **params)
    assert_same_model(model, expected, X)
    assert type(model.n_iter_) is type(expected.n_iter_)
    assert np.shape(model.dual_gap_) == np.shape(expected.dual_gap_)
    assert model.sparse_coef_.shape == (n_targets, X.shape[1])


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_float32_stays_float32(cls):
    X, y = make_data()
    model = cls(alpha=0.1).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert model.intercept_.dtype == np.float32
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    assert_same_model(model, fit_reference(cls, X, y, alpha=0.1), X, rtol=1e-3)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_default_tolerance_is_stricter_than_scikit_learns(cls):
    X, y = make_data(n_samples=60, n_features=100)
    model = cls(alpha=0.02).fit(X, y)
    theirs = getattr(linear_model, cls.__name__)(alpha=0.02, max_iter=100_000)
    theirs.fit(X, y)
    null_objective = 0.5 * np.var(y)
    assert model.relative_gap_ <= 1e-6
    assert model.dual_gap_ == pytest.approx(model.relative_gap_ * null_objective)
    assert model.dual_gap_ <= max(theirs.dual_gap_, 1e-15)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_signature_begins_with_scikit_learns(cls):
    theirs = getattr(linear_model, cls.__name__)().get_params()
    ours = cls().get_params()
    assert ours.items() >= theirs.items()
    assert set(ours) - set(theirs) == {
        "standardize",
        "penalty_factor",
        "lower",
        "upper",
        "n_threads",
        "time_limit",
    }


def test_lasso_is_an_elastic_net_without_l2():
    X, y = make_data()
    lasso = Lasso(alpha=0.1).fit(X, y)
    enet = ElasticNet(alpha=0.1, l1_ratio=1.0).fit(X, y)
    assert_array_equal(lasso.coef_, enet.coef_)
    assert isinstance(lasso, ElasticNet)
    assert lasso.l1_ratio == 1.0


def test_least_squares_and_ridge_are_limits():
    X, y = make_data()
    least_squares = linear_model.LinearRegression().fit(X, y)
    with pytest.warns(UserWarning, match="LinearRegression") as record:
        assert_same_model(Lasso(alpha=0.0).fit(X, y), least_squares, X)
    assert record[0].filename == __file__
    ridge = linear_model.Ridge(alpha=0.3 * len(y)).fit(X, y)
    assert_same_model(ElasticNet(alpha=0.3, l1_ratio=0.0).fit(X, y), ridge, X)


@pytest.mark.parametrize("options", [{"precompute": True}, {"selection": "random"}])
def test_solver_options_change_nothing(options):
    X, y = make_data()
    plain = Lasso(alpha=0.1).fit(X, y)
    model = Lasso(alpha=0.1, copy_X=False, random_state=3, **options).fit(X, y)
    assert_array_equal(model.coef_, plain.coef_)


def test_check_input_is_accepted():
    X, y = make_data()
    X = np.asfortranarray(X)
    model = Lasso(alpha=0.1).fit(X, y, check_input=False)
    assert_array_equal(model.coef_, Lasso(alpha=0.1).fit(X, y).coef_)


def test_path_unpacks_like_scikit_learns():
    X, y = make_data()
    alphas, coefs, gaps = Lasso.path(X - X.mean(0), y - y.mean(), alphas=[0.1, 1.0])
    assert_array_equal(alphas, [1.0, 0.1])
    assert coefs.shape == (X.shape[1], 2)
    assert gaps.shape == (2,)


# --- weights, offsets and riata's options -------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_scale_of_weights_is_irrelevant(cls):
    X, y = make_data()
    weight = np.random.default_rng(2).integers(0, 4, len(y))
    model = cls(alpha=0.1, tol=1e-10).fit(X, y, sample_weight=weight)
    scaled = cls(alpha=0.1, tol=1e-10).fit(X, y, sample_weight=weight * 1e6)
    rows = np.repeat(np.arange(len(y)), weight)
    repeated = cls(alpha=0.1, tol=1e-10).fit(X[rows], y[rows])
    assert_same_model(scaled, model, X)
    assert_same_model(repeated, model, X)


def test_number_as_sample_weight_means_no_weights():
    X, y = make_data()
    model = Lasso(alpha=0.1).fit(X, y, sample_weight=2.0)
    assert_array_equal(model.coef_, Lasso(alpha=0.1).fit(X, y).coef_)


@pytest.mark.parametrize("offset_shape", [(80,), (80, 2)])
def test_offset_is_subtracted_in_fit_and_added_in_predict(offset_shape):
    X, y = make_data(n_targets=2)
    offset = np.random.default_rng(4).standard_normal(offset_shape)
    known = offset.reshape(80, -1)
    y = y + known
    model = Lasso(alpha=0.1, tol=1e-10).fit(X, y, offset=offset)
    plain = Lasso(alpha=0.1, tol=1e-10).fit(X, y - known)
    assert_same_model(model, plain, X)
    assert_allclose(model.predict(X, offset=offset), plain.predict(X) + known)
    assert model.score(X, y, offset=offset) > model.score(X, y, offset=0)


def test_offset_of_wrong_shape():
    X, y = make_data()
    with pytest.raises(ValueError, match="offset"):
        Lasso().fit(X, y, offset=np.zeros(3))
    model = Lasso(alpha=0.1).fit(X, y)
    with pytest.raises(ValueError, match="offset has shape"):
        model.predict(X, offset=np.zeros(3))


def test_penalty_factor_bounds_and_standardize():
    X, y = make_data()
    factor = np.ones(X.shape[1])
    factor[0], factor[1] = 0.0, np.inf
    model = Lasso(alpha=1.0, penalty_factor=factor).fit(X, y)
    assert model.coef_[0] != 0
    assert model.coef_[1] == 0
    model = Lasso(alpha=0.01, lower=-0.2, upper=0.3).fit(X, y)
    assert model.coef_.min() == -0.2
    assert model.coef_.max() == 0.3
    model = Lasso(alpha=0.01, lower=-0.2, upper=0.3, positive=True).fit(X, y)
    assert model.coef_.min() == 0
    scale = np.linspace(1, 100, X.shape[1])
    plain = Lasso(alpha=0.1, standardize=True, tol=1e-10).fit(X, y)
    scaled = Lasso(alpha=0.1, standardize=True, tol=1e-10).fit(X * scale, y)
    assert_allclose(scaled.coef_ * scale, plain.coef_, atol=1e-7)
    standard = Lasso(alpha=0.1, tol=1e-10).fit(X / X.std(0), y)
    assert_allclose(plain.coef_ * X.std(0), standard.coef_, atol=1e-7)


# --- state ---------------------------------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_warm_start(cls):
    X, y = make_data()
    model = cls(alpha=0.1, tol=1e-10, warm_start=True).fit(X, y)
    coef = model.coef_.copy()
    model.fit(X, y)
    assert_allclose(model.coef_, coef, atol=1e-6)
    model.set_params(alpha=0.05).fit(X, y)
    cold = cls(alpha=0.05, tol=1e-10).fit(X, y)
    assert_allclose(model.coef_, cold.coef_, atol=1e-6)


def test_warm_start_starts_where_the_last_fit_ended():
    X, y = make_data(n_samples=60, n_features=200)
    model = Lasso(alpha=0.01, warm_start=True).fit(X, y)
    model.set_params(max_iter=1).fit(X, y)  # enough only from the solution
    assert model.status_ == "optimal"


def test_warm_start_with_another_shape_starts_cold():
    X, y = make_data()
    _, Y = make_data(n_targets=3)
    model = Lasso(alpha=0.1, warm_start=True).fit(X, y)
    cold = Lasso(alpha=0.1)
    for X_new, y_new in [(X[:, :5], y), (X, Y), (X, y)]:
        model.fit(X_new, y_new)
        assert_array_equal(model.coef_, cold.fit(X_new, y_new).coef_)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_refit_is_bitwise_equal(cls):
    X, y = make_data()
    model = cls(alpha=0.1).fit(X, y)
    state = pickle.dumps(model)
    assert pickle.dumps(pickle.loads(state).fit(X, y)) == state
    assert_array_equal(pickle.loads(state).predict(X), model.predict(X))


def fitted_state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_")}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_failed_fit_leaves_the_state(cls):
    X, y = make_data()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = cls(alpha=0.1).fit(frame, y)
    before = fitted_state(model)
    bad = y.copy()
    bad[0] = np.nan
    for X_bad, y_bad in [(X[:, :4], bad), (X, bad), (X[:, :4], y[:5])]:
        with pytest.raises(ValueError, match=r"y|inconsistent"):
            model.fit(X_bad, y_bad)
        assert fitted_state(model) == before
    with pytest.raises(ValueError, match="penalty_factor"):
        model.set_params(penalty_factor=-1.0).fit(X[:, :4], y)
    assert fitted_state(model) == before


def test_interrupted_fit_leaves_the_state(monkeypatch):
    X, y = make_data()
    model = Lasso(alpha=0.1).fit(X, y)
    before = fitted_state(model)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("riata._estimators._base.solve_path", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :4], y)
    assert fitted_state(model) == before


def test_refit_forgets_feature_names():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = Lasso(alpha=0.1).fit(frame, y)
    assert_array_equal(model.feature_names_in_, frame.columns)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


def test_input_is_not_modified():
    X, y = make_data()
    weight = np.linspace(0, 1, len(y))
    originals = X.copy(), y.copy(), weight.copy()
    for array in (X, y, weight):
        array.flags.writeable = False
    Lasso(alpha=0.1, copy_X=False).fit(X, y, sample_weight=weight)
    for array, original in zip((X, y, weight), originals, strict=True):
        assert_array_equal(array, original)


def test_predict_before_fit():
    with pytest.raises(NotFittedError):
        Lasso().predict([[0.0]])


# --- convergence ---------------------------------------------------------------


@pytest.fixture
def stop_early(monkeypatch):
    """Let every path say that it ended early, with a gap of 1e-3."""

    def solve_path(*args, **kwargs):
        path = real(*args, **kwargs)
        path.relative_gap = np.full(len(path.alphas), 1e-3)
        path.status = [Status.iteration_limit] * len(path.alphas)
        return path

    real = riata._path._solve.solve_path
    for module in ("_path._solve", "_cross_validation._fits"):
        monkeypatch.setattr(f"riata.{module}.solve_path", solve_path)
    monkeypatch.setattr(FoldMoments, "of", lambda *args: None)


@pytest.mark.usefixtures("stop_early")
@pytest.mark.parametrize(
    ("model", "n_targets", "where"),
    [
        (Lasso(tol=1e-6, max_iter=7), None, "Lasso did not converge: the relative"),
        (ElasticNet(tol=1e-6, max_iter=7), 3, "in 3 of 3 targets: the largest"),
        (Ridge(tol=1e-6, max_iter=7, upper=1.0), 2, "in 2 of 2 targets"),
        (LassoCV(alphas=4, tol=1e-6, max_iter=7), None, "in 24 of 24 fits"),
        (ElasticNetCV(alphas=4, cv=3, tol=1e-6, max_iter=7), None, "in 16 of 16 fits"),
        (RidgeCV(cv=3, tol=1e-6, max_iter=7, upper=1.0), None, "in 12 of 12 fits"),
    ],
)
def test_one_convergence_warning_says_what_to_do(model, n_targets, where):
    X, y = make_data(n_targets=n_targets)
    with pytest.warns(ConvergenceWarning, match=where) as record:
        model.fit(X, y)
    assert len(record) == 1
    assert record[0].filename == __file__
    for part in ("1.00e-03", "1.00e-08", "max_iter (now 7)", "tol (now 1e-06)"):
        assert part in str(record[0].message)
    status = model.status_ if isinstance(model.status_, list) else [model.status_]
    assert status == ["iteration_limit"] * len(status)


def test_time_limit_is_the_remedy_where_it_was_the_limit():
    X, y = make_data(n_samples=400, n_features=800)
    model = Lasso(alpha=1e-5, tol=1e-13, time_limit=1e-9)
    with pytest.warns(ConvergenceWarning, match="Raise time_limit \\(now 1e-09\\)"):
        model.fit(X, y)
    assert model.status_ == "time_limit"


# --- parameters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"alpha": -1}, ValueError),
        ({"alpha": np.nan}, ValueError),
        ({"alpha": np.inf}, ValueError),
        ({"alpha": "1"}, TypeError),
        ({"alpha": None}, TypeError),
        ({"l1_ratio": 1.5}, ValueError),
        ({"fit_intercept": 1}, TypeError),
        ({"precompute": "always"}, ValueError),
        ({"precompute": 3}, TypeError),
        ({"max_iter": 0}, ValueError),
        ({"max_iter": 1.5}, TypeError),
        ({"copy_X": "no"}, TypeError),
        ({"tol": -1e-4}, ValueError),
        ({"warm_start": None}, TypeError),
        ({"positive": "yes"}, TypeError),
        ({"random_state": "seed"}, TypeError),
        ({"random_state": -1}, ValueError),
        ({"selection": "greedy"}, ValueError),
        ({"standardize": "yes"}, TypeError),
        ({"penalty_factor": -1.0}, ValueError),
        ({"penalty_factor": [1.0, 2.0]}, ValueError),
        ({"lower": 1.0}, ValueError),
        ({"upper": -1.0}, ValueError),
        ({"n_threads": 0}, ValueError),
        ({"time_limit": -1}, ValueError),
    ],
)
def test_bad_parameters_are_named(params, error):
    X, y = make_data()
    (name,) = params
    model = ElasticNet(**params)
    with pytest.raises(error, match=name):
        model.fit(X, y)
    assert not fitted_state(model)


def test_parameters_are_checked_in_fit_and_cloned_as_they_are():
    factor = np.array([1.0, 2.0])
    model = ElasticNet(alpha="nonsense", penalty_factor=factor)
    assert model.get_params()["alpha"] == "nonsense"
    assert_array_equal(clone(model).penalty_factor, factor)
    assert repr(ElasticNet(alpha=2)) == "ElasticNet(alpha=2)"


def test_negative_weights_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="sample_weight"):
        Lasso().fit(X, y, sample_weight=-np.ones(len(y)))


# --- the ecosystem -------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames(frame):
    X, y = make_data(n_features=4)
    names = ["a", "b", "c", "d"]
    table = frame({name: X[:, j] for j, name in enumerate(names)})
    model = Lasso(alpha=0.1).fit(table, y)
    theirs = linear_model.Lasso(alpha=0.1).fit(table, y)
    if hasattr(theirs, "feature_names_in_"):  # not an old scikit-learn and polars
        assert_array_equal(model.feature_names_in_, names)
    assert_allclose(model.predict(table), Lasso(alpha=0.1).fit(X, y).predict(X))


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@pytest.mark.parametrize("kind", [sparse.csc_array, sparse.csr_array, sparse.coo_array])
def test_sparse_formats(kind, index_dtype):
    X, y = make_data()
    X = sparsify(X)
    expected = Lasso(alpha=0.1).fit(X, y)
    X = kind(X)
    if X.format != "coo":
        X.indices, X.indptr = (
            X.indices.astype(index_dtype),
            X.indptr.astype(index_dtype),
        )
    model = Lasso(alpha=0.1).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-10)
    assert_allclose(model.predict(X), expected.predict(X), atol=1e-8)


def test_sparse_coef_follows_the_configuration():
    X, y = make_data()
    model = Lasso(alpha=0.5).fit(X, y)
    assert isinstance(model.sparse_coef_, sparse.csr_matrix)
    assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)
    if "sparse_interface" in sklearn.get_config():
        with sklearn.config_context(sparse_interface="sparray"):
            assert isinstance(model.sparse_coef_, sparse.csr_array)


def test_grid_search_and_pipeline():
    X, y = make_data()
    pipeline = make_pipeline(StandardScaler(), Lasso())
    search = GridSearchCV(pipeline, {"lasso__alpha": [0.01, 0.1, 10.0]}, cv=3)
    search.fit(X, y)
    assert search.best_params_["lasso__alpha"] < 10
    assert cross_val_score(ElasticNet(alpha=0.01), X, y, cv=3).mean() > 0.8


@pytest.mark.parametrize("enabled", [False, True])
def test_metadata_routing(enabled):
    X, y = make_data()
    weight = np.linspace(0.1, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=enabled):
        model = Lasso(alpha=0.1, tol=1e-10)
        if enabled:
            model.set_fit_request(sample_weight=True, offset=False)
            model.set_score_request(sample_weight=True, offset=False)
        search = GridSearchCV(model, {"alpha": [0.1]}, cv=3)
        search.fit(X, y, sample_weight=weight)
    expected = Lasso(alpha=0.1, tol=1e-10).fit(X, y, sample_weight=weight)
    assert_allclose(search.best_estimator_.coef_, expected.coef_)


def test_check_input_is_not_routed():
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(TypeError, match="check_input"),
    ):
        Lasso().set_fit_request(check_input=True)
