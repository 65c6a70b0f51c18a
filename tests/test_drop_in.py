"""What code written for scikit-learn relies on, beside the solutions: calls, results,
errors and warnings. scikit-learn itself says what is right."""

import pickle
import re
import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import linear_model
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import KFold
from sklearn.utils._param_validation import InvalidParameterError

import riata

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
NAMES = [
    "Lasso", "ElasticNet", "Ridge", "LassoCV", "ElasticNetCV", "RidgeCV",
    "LogisticRegression", "LogisticRegressionCV", "PoissonRegressor", "GammaRegressor",
    "TweedieRegressor", "HuberRegressor",
]
PATHS = ["lasso_path", "enet_path"]


def make_data(n=40, p=6, n_targets=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    Y = X[:, :3] @ rng.standard_normal((3, n_targets))
    Y += 0.5 * rng.standard_normal((n, n_targets))
    return X, Y[:, 0] if n_targets == 1 else Y


# --- paths -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PATHS)
def test_parts_of_a_path_by_number(name):
    X, y = make_data()
    path = getattr(riata, name)(X, y, alphas=5)
    alphas, coefs, gaps = path
    assert_array_equal(path[0], alphas)
    assert_array_equal(path[1], coefs)
    assert_array_equal(path[-1], gaps)
    assert len(path[:2]) == 2
    assert len(path) == 3
    assert "5 alphas" in repr(path)
    assert len(path.summary(all_features=True, frame="table")) == 6
    assert str(path)
    assert riata.fit_path(X, y, alphas=[0.1], init=path).coef.shape == (6, 1)
    assert coefs.shape == (6, 5)
    with pytest.raises(IndexError):
        path[3]
    *_, n_iter = getattr(riata, name)(X, y, alphas=5, return_n_iter=True)
    assert len(n_iter) == 5
    again = pickle.loads(pickle.dumps(path))
    assert_array_equal(again[1], coefs)
    assert again.select("bic") == path.select("bic")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_dtype_of_a_path(dtype, n_targets):
    X, Y = make_data(n_targets=n_targets)
    X, Y = X.astype(dtype), Y.astype(dtype)
    theirs = linear_model.enet_path(X, Y, alphas=4)
    ours = riata.enet_path(X, Y, alphas=4)
    assert [part.dtype for part in ours] == [part.dtype for part in theirs]
    assert_allclose(ours[1], theirs[1], atol=2e-2)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("shape", [(40, 6), (20, 50)])
def test_targets_that_share_their_features(shape, l1_ratio, storage):
    X, Y = make_data(*shape, n_targets=3)
    options = {"l1_ratio": l1_ratio, "alphas": 8, "eps": 0.02}
    alphas, coefs, gaps = riata.enet_path(storage(X), Y, tol=1e-11, **options)
    theirs = linear_model.enet_path(X, Y, tol=1e-13, max_iter=100_000, **options)
    assert_allclose(alphas, theirs[0])
    assert_allclose(coefs, theirs[1], atol=1e-5)
    assert coefs.shape == (3, shape[1], 8)
    assert gaps.shape == (8,)
    null = 0.5 * (Y**2).sum() / len(Y)
    assert np.all(gaps <= 1e-11 * null)
    # a gap bounds what is left: against the objective at a much sharper solution
    loose = riata.enet_path(storage(X), Y, tol=1e-3, **options)
    for k, alpha in enumerate(alphas):
        objectives = [
            0.5 * ((Y - X @ W.T) ** 2).mean(axis=0).sum() + alpha * (
                l1_ratio * np.sqrt((W**2).sum(axis=0)).sum()
                + 0.5 * (1 - l1_ratio) * (W**2).sum()
            )
            for W in (loose[1][..., k], coefs[..., k])
        ]
        assert objectives[0] - objectives[1] <= loose[2][k] + 1e-12 * null


def test_several_targets_without_a_shared_penalty():
    X, Y = make_data(n_targets=2)
    for options in ({"l1_ratio": 0.0, "alphas": [1.0, 0.1]}, {"alphas": [0.5, 0.0]}):
        _, coefs, gaps, n_iters = riata.enet_path(
            X, Y, tol=1e-10, return_n_iter=True, **options
        )
        assert len(n_iters) == 2
        assert np.all(gaps >= 0)
        last = options["alphas"][-1] if "l1_ratio" in options else 0.0
        ridge = linear_model.Ridge(alpha=last * len(X), fit_intercept=False).fit(X, Y)
        assert_allclose(coefs[..., -1], ridge.coef_, atol=1e-6)


def test_several_targets_with_weights_and_a_start():
    X, Y = make_data(n_targets=2)
    s = np.arange(len(X)) % 3
    options = {"alphas": [0.2, 0.1], "tol": 1e-12}
    weighted = riata.lasso_path(X, Y, sample_weight=s, **options)
    rows = np.repeat(np.arange(len(X)), s)
    repeated = riata.lasso_path(X[rows], Y[rows], **options)
    assert_allclose(weighted[1], repeated[1], atol=1e-8)
    start = riata.lasso_path(
        X, Y, coef_init=np.ones((2, 6)), sample_weight=s, **options
    )
    assert_allclose(start[1], weighted[1], atol=1e-5)
    with pytest.raises(ValueError, match="coef_init"):
        riata.lasso_path(X, Y, coef_init=np.ones((3, 6)))
    with pytest.raises(ValueError, match="positive"):
        riata.lasso_path(X, Y, positive=True)
    column = riata.lasso_path(X, Y[:, :1], **options)
    assert_allclose(column[1][0], riata.lasso_path(X, Y[:, 0], **options)[1], atol=1e-7)
    with pytest.warns(riata.ConvergenceWarning, match="of 100 alphas did not reach"):
        riata.lasso_path(X, Y, max_iter=1, tol=1e-14)


@pytest.mark.parametrize("scale", [1e-150, 1e100])
def test_several_targets_in_any_units(scale):
    X, Y = make_data(n_targets=2)
    options = {"alphas": 5, "tol": 1e-10}
    plain = riata.lasso_path(X, Y, **options)
    scaled = riata.lasso_path(X * scale, Y, **options)
    assert_allclose(scaled[1] * scale, plain[1], rtol=1e-6, atol=1e-9)
    assert_allclose(riata.lasso_path(X, Y / scale, **options)[1] * scale, plain[1],
                    rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_arguments_of_scikit_learns_paths(name, n_targets):
    X, Y = make_data(n_targets=n_targets)
    path = getattr(riata, name)
    plain = path(X, Y, alphas=4)
    for extra in (
        {"selection": "random", "random_state": 0}, {"do_screening": False},
        {"precompute": X.T @ X, "Xy": X.T @ Y}, {"copy_X": False, "verbose": True},
        {"check_input": False, "random_state": np.random.RandomState(1)},
    ):
        assert_array_equal(path(X, Y, alphas=4, **extra)[1], plain[1])
    with pytest.warns(FutureWarning, match="'n_alphas' was deprecated") as record:
        assert_array_equal(path(X, Y, n_alphas=4)[1], plain[1])
    assert record[0].filename == __file__
    with pytest.warns(FutureWarning, match="'alphas=None' is deprecated"):
        assert len(path(X, Y, alphas=None)[0]) == 100
    assert len(path(X, Y, alphas="warn", n_alphas="deprecated")[0]) == 100
    for wrong in (
        {"eps": 0.0}, {"eps": "a"}, {"alphas": 0}, {"alphas": [-1.0]}, {"alphas": "all"},
        {"selection": "shuffle"}, {"positive": 1}, {"random_state": "x"},
    ):
        for error in (ValueError, TypeError):
            with pytest.raises(error, match=next(iter(wrong))):
                path(X, Y, **wrong)
    assert_allclose(path(X, Y, alphas=3, eps=1)[0], plain[0][0])
    rising = path(X, Y, alphas=3, eps=2.0)
    assert_allclose(rising[0], plain[0][0] * np.array([2.0, np.sqrt(2.0), 1.0]))
    assert not rising[1][..., :2].any()


# --- parameters ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_invalid_parameters_are_both_errors(name):
    X, y = make_data()
    y = np.abs(y) + 0.1 if "Logistic" not in name else (y > 0).astype(int)
    wrong = {
        "alpha": [-1.0, "a"], "l1_ratio": [2.0], "fit_intercept": ["yes"], "C": [0.0, "a"],
        "max_iter": [-1, 1.5], "tol": [-1.0], "warm_start": [None], "positive": [None],
        "solver": ["x"], "selection": ["x"], "precompute": ["x"], "alphas": ["x", [-1.0]],
        "eps": [0.0], "cv": [1, "x"], "class_weight": ["x"], "power": ["x"],
        "link": ["x"], "epsilon": [0.5], "gcv_mode": ["x"], "Cs": ["x"],
        "l1_ratios": [[2.0]], "random_state": [-1], "verbose": [-1], "copy_X": [None],
        "store_cv_results": [1], "penalty": ["x"], "refit": [None],
    }
    kind = getattr(riata, name)
    found = 0
    for parameter in set(wrong) & set(kind().get_params()):
        for value in wrong[parameter]:
            model = kind(**{parameter: value})
            with pytest.raises(InvalidParameterError, match=parameter) as caught:
                model.fit(X, y)
            assert isinstance(caught.value, ValueError)
            assert isinstance(caught.value, TypeError)
            found += 1
    assert found >= 5


@pytest.mark.parametrize("name", ["Lasso", "ElasticNet"])
def test_alpha_of_zero_warns(name):
    X, y = make_data()
    least_squares = linear_model.LinearRegression().fit(X, y)
    with pytest.warns(UserWarning, match="With alpha=0, this algorithm") as record:
        model = getattr(riata, name)(alpha=0).fit(X, y)
    assert [warning.filename for warning in record] == [__file__]
    assert_allclose(model.coef_, least_squares.coef_, atol=1e-3)
    with pytest.warns(UserWarning, match="With alpha=0, this algorithm") as record:
        model = getattr(riata, name + "CV")(alphas=[0.0]).fit(X, y)
    assert [warning.filename for warning in record] == [__file__]
    assert_allclose(model.coef_, least_squares.coef_, atol=1e-3)


@pytest.mark.parametrize("name", ["Lasso", "ElasticNet"])
def test_arguments_of_fit_by_position(name):
    X, y = make_data()
    s = np.arange(len(y)) % 3
    model = getattr(riata, name)(alpha=0.1)
    expected = model.fit(X, y, sample_weight=s).coef_
    assert_array_equal(model.fit(X, y, s, False).coef_, expected)
    shifted = model.fit(X, y + 1.0, s, True, np.ones(len(y)))
    assert_allclose(shifted.coef_, expected, atol=1e-4)
    with pytest.raises(TypeError, match="check_input"):
        model.fit(X, y, s, np.ones(len(y)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("name", ["Lasso", "ElasticNetCV"])
def test_gram_matrices_are_compared_with_x(name, fit_intercept, weighted):
    X, y = make_data()
    s = np.arange(1.0, len(y) + 1) if weighted else np.ones(len(y))
    s *= len(y) / s.sum()
    fit = {"sample_weight": s} if weighted else {}
    centred = X - np.average(X, weights=s, axis=0)
    model = getattr(riata, name)(fit_intercept=fit_intercept)
    right = model.fit(centred, y, **fit).coef_
    gram = (centred * s[:, None]).T @ centred
    model.set_params(precompute=gram)
    assert_array_equal(model.fit(centred, y, **fit).coef_, right)
    if fit_intercept:
        with pytest.warns(UserWarning, match="X was centered to fit intercept") as record:
            model.fit(X, y, **fit)
        assert record[0].filename == __file__
    gram[2, 2] += 1.0
    with pytest.raises(ValueError, match=r"did not pass validation: element \(2, 2\)"):
        model.fit(centred, y, **fit)
    gram[2, 2] -= 1.0
    gram[1, 3] += 0.1
    with pytest.raises(ValueError, match=r"did not pass validation: element \(1, 3\)"):
        model.fit(centred, y, **fit)
    with pytest.raises(ValueError, match=r"precompute has shape \(2, 2\)"):
        model.set_params(precompute=np.eye(2)).fit(centred, y, **fit)


def test_gram_matrices_of_single_precision_and_of_constant_columns():
    X, y = make_data()
    X[:, 4] = 7.0
    X[:, 3] = 3.0  # the column that is compared
    X -= X.mean(axis=0)
    X = X.astype(np.float32)
    riata.Lasso(precompute=X.T @ X).fit(X, y)
    riata.Lasso(precompute=(X.T @ X).tolist()).fit(X, y)
    riata.Lasso(precompute=X.T @ X).fit(sparse.csr_array(X), y)


@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV"])
@pytest.mark.parametrize("eps", [1, 1.0, 3.0])
def test_one_alpha_that_is_the_largest(name, eps):
    X, y = make_data()
    model = getattr(riata, name)(alphas=1, eps=eps).fit(X, y)
    theirs = getattr(linear_model, name)(alphas=1, eps=eps).fit(X, y)
    assert model.alpha_ == pytest.approx(theirs.alpha_)
    assert not model.coef_.any()
    grid = getattr(riata, name)(alphas=4, eps=eps).fit(X, y)
    assert np.all(np.diff(grid.alphas_) <= 0)
    assert not grid.coef_.any()


# --- RidgeCV ---------------------------------------------------------------------------


def nan_for_large(y, predicted):
    return np.nan if np.var(predicted) < 0.5 else 1.0


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("alphas", [(1.0, 0.1, 10.0), (0.1, 10.0, 1.0), (10.0, 1.0, 0.1)])
def test_of_equal_scores_the_first_alpha(alphas, n_targets, cv):
    X, y = make_data(n_targets=n_targets)
    same = make_scorer(lambda y, predicted: 1.0)
    model = riata.RidgeCV(alphas, scoring=same, cv=cv).fit(X, y)
    assert model.alpha_ == alphas[0]
    expected = linear_model.Ridge(alpha=alphas[0]).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-8)
    theirs = linear_model.RidgeCV(alphas, scoring=same, cv=cv).fit(X, y)
    assert model.alpha_ == theirs.alpha_
    if cv and n_targets == 1:
        assert model.reselect("min").alpha_ == alphas[0]


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_scores_that_are_no_numbers(cv, n_targets):
    X, y = make_data(n_targets=n_targets)
    alphas = (1e6, 1e7, 1.0, 0.5)  # the first two shrink all to nothing
    model = riata.RidgeCV(alphas, scoring=make_scorer(nan_for_large), cv=cv)
    with pytest.warns(UserWarning, match="test scores are non-finite") as record:
        model.fit(X, y)
    assert record[0].filename == __file__
    assert model.alpha_ == 1.0
    model.set_params(scoring=make_scorer(lambda y, predicted: np.nan))
    with pytest.warns(UserWarning, match="test scores are non-finite"):
        model.fit(X, y)
    assert model.alpha_ == alphas[0]


def test_alpha_of_each_target_is_the_first_of_equals():
    X, y = make_data(n_targets=2)
    same = make_scorer(lambda y, predicted: 1.0)
    model = riata.RidgeCV((1.0, 0.1, 10.0), scoring=same, alpha_per_target=True)
    assert_array_equal(model.fit(X, y).alpha_, [1.0, 1.0])


def test_scores_of_single_rows_are_undefined():
    # R squared of one sample, as with as many folds as samples
    X, y = make_data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn's R squared
        model = riata.RidgeCV((3.0, 1.0, 10.0), cv=KFold(len(y))).fit(X, y)
        theirs = linear_model.RidgeCV((3.0, 1.0, 10.0), cv=KFold(len(y))).fit(X, y)
    assert model.alpha_ == theirs.alpha_ == 3.0


def test_gcv_mode_svd_is_deprecated_with_sparse_x():
    X, y = make_data()
    expected = riata.RidgeCV().fit(X, y)
    with pytest.warns(FutureWarning, match="'svd' mode is not supported for sparse X"):
        model = riata.RidgeCV(gcv_mode="svd").fit(sparse.csr_array(X), y)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-8)


# --- logistic regression ---------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated:FutureWarning")
@pytest.mark.parametrize(("parameters", "message", "same"), [
    ({"penalty": "l1", "l1_ratio": 0.5}, r"only used when penalty is 'elasticnet'",
     {"l1_ratio": 1.0}),
    ({"penalty": "l1"}, "Inconsistent values: penalty=l1 with l1_ratio=0.0",
     {"l1_ratio": 1.0}),
    ({"penalty": "l2", "l1_ratio": 1.0}, "Inconsistent values: penalty=l2", {}),
    ({"penalty": None, "C": 3.0}, "Setting penalty=None will ignore the C",
     {"C": np.inf}),
    ({"C": np.inf, "l1_ratio": 0.5}, "only used when penalty is 'elasticnet'",
     {"C": np.inf}),
])
def test_contradictions_of_the_penalty(parameters, message, same):
    X, y = make_data()
    y = (y + 3 * np.sin(np.arange(len(y))) > 0).astype(int)
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        model = riata.LogisticRegression(**parameters).fit(X, y)
    assert {warning.filename for warning in record} == {__file__}
    assert any(re.search(message, str(warning.message)) for warning in record)
    expected = riata.LogisticRegression(**same).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-6)


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated:FutureWarning")
def test_l1_ratios_that_a_penalty_makes_void():
    X, y = make_data()
    model = riata.LogisticRegressionCV(Cs=2, penalty="l2", l1_ratios=[1.0])
    with pytest.warns(UserWarning, match="only used when penalty is 'elasticnet'"):
        model.fit(X, y > 0)
    assert_array_equal(model.l1_ratio_, [0.0])


def test_n_jobs_of_logistic_regression_is_deprecated():
    X, y = make_data()
    with pytest.warns(FutureWarning, match="'n_jobs' has no effect") as record:
        riata.LogisticRegression(n_jobs=2).fit(X, y > 0)
    assert record[0].filename == __file__


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_iterations(n_classes):
    X, y = make_data()
    y = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    model = riata.LogisticRegression(max_iter=0)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="max_iter"):
        model.fit(X, y)
    assert_array_equal(model.n_iter_, [0])
    assert_allclose(model.predict_proba(X), 1.0 / n_classes)
    assert model.coef_.shape == ((1 if n_classes == 2 else 3), 6)
    assert np.isfinite(model.dual_gap_)
    full = riata.LogisticRegression(warm_start=True).fit(X, y)
    coef = full.coef_
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        full.set_params(max_iter=0).fit(X, y)
    assert_array_equal(full.coef_, coef)


class Recorder:
    """A callback of scikit-learn that writes down what it is told."""

    def __init__(self, stop=None):
        self.stop, self.said, self.models = stop, [], []

    def setup(self, estimator, context):
        self.said.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None,
                          fitted_estimator=None):
        self.said.append(f"begin {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None,
                        fitted_estimator=None):
        self.said.append(f"end {context.task_id}")
        self.models.append(fitted_estimator)
        return self.stop == len(self.models)

    def teardown(self, estimator, context):
        self.said.append("teardown")


if SKLEARN >= (1, 9):

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("l1_ratio", [0.0, 0.7])
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_callbacks_are_told_of_each_iteration(n_classes, l1_ratio):
        X, y = make_data()
        y = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
        told = Recorder()
        model = riata.LogisticRegression(l1_ratio=l1_ratio, C=10.0).set_callbacks(told)
        model.fit(X, y)
        plain = riata.LogisticRegression(l1_ratio=l1_ratio, C=10.0).fit(X, y)
        assert_array_equal(model.coef_, plain.coef_)
        n_iter = int(model.n_iter_[0])
        assert told.said[0] == "setup"
        assert told.said[-1] == "teardown"
        assert sum(said.startswith("begin") for said in told.said) == n_iter + 2
        assert sum(said.startswith("end") for said in told.said) == n_iter + 2
        for k, seen in enumerate(told.models[:n_iter]):
            same = riata.LogisticRegression(l1_ratio=l1_ratio, C=10.0, max_iter=k + 1)
            assert_array_equal(seen.coef_, same.fit(X, y).coef_)
            assert_array_equal(seen.predict(X), same.predict(X))
        assert_array_equal(told.models[-1].predict_proba(X), plain.predict_proba(X))

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_callbacks_can_stop_a_fit():
        X, y = make_data()
        told = Recorder(stop=1)
        model = riata.LogisticRegression(l1_ratio=0.5, C=1e3, tol=1e-10)
        model.set_callbacks(told).fit(X, y > 0)
        assert_array_equal(model.n_iter_, [1])
        assert told.said[-1] == "teardown"
        with pytest.warns(UserWarning, match="Callbacks are only supported"):
            riata.LogisticRegression(solver="saga").set_callbacks(told)
        with pytest.raises(TypeError, match="FitCallback"):
            model.set_callbacks("progress")
        assert not hasattr(model.set_callbacks(), "_skl_callbacks")


# --- models ----------------------------------------------------------------------------


def test_coefficients_that_were_set_by_hand():
    X, _ = make_data()
    w = np.arange(6.0)
    model = riata.Lasso()
    model.coef_, model.intercept_ = w, 1.0
    assert_allclose(model.predict(X), X @ w + 1.0)
    model = riata.PoissonRegressor()
    model.coef_, model.intercept_ = w, 1.0
    assert_allclose(model.predict(X), np.exp(X @ w + 1.0))
    assert np.isfinite(model.score(X, np.ones(40)))
    model = riata.LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = w[None], np.zeros(1), np.array([2, 3])
    assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-X @ w)))
    assert set(model.predict(X)) == {2, 3}
    with pytest.raises(ValueError, match="expecting 6 features"):
        model.predict(X[:, :5])


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_one_weight_for_all_samples(scoring):
    X, y = make_data()
    options = {"Cs": 3, "scoring": scoring, "use_legacy_attributes": False}
    one = riata.LogisticRegressionCV(**options).fit(X, y > 0, sample_weight=2.0)
    all_of_them = riata.LogisticRegressionCV(**options)
    all_of_them.fit(X, y > 0, sample_weight=np.full(len(y), 2.0))
    assert_array_equal(one.scores_, all_of_them.scores_)
    assert one.n_iter_.dtype == np.int32
    mse = make_scorer(mean_squared_error, greater_is_better=False)
    ridge = riata.RidgeCV(cv=3, scoring=mse).fit(X, y, sample_weight=2.0)
    theirs = linear_model.RidgeCV(cv=3, scoring=mse).fit(X, y, np.full(len(y), 2.0))
    assert ridge.alpha_ == theirs.alpha_


@pytest.mark.parametrize("name", NAMES)
def test_read_only_data_in_files(name, tmp_path):
    X, y = make_data()
    y = np.abs(y) + 0.1 if "Logistic" not in name else (y > 0).astype(float)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    mapped = [np.load(tmp_path / f"{part}.npy", mmap_mode="r") for part in "Xy"]
    model = getattr(riata, name)()
    if "copy_X" in model.get_params():
        model.set_params(copy_X=False)
    coef = model.fit(*mapped).coef_
    assert_array_equal(coef, getattr(riata, name)().fit(X, y).coef_)
    assert_array_equal(np.load(tmp_path / "X.npy"), X)
