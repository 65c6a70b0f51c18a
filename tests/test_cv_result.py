"""Cross-validation: folds without rows of their own, and every choice from one result."""

import copy
import os
import signal

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

import riata
from riata import (
    AdaptiveLassoCV,
    CVResult,
    ElasticNetCV,
    GeneralizedLinearClassifierCV,
    Interrupted,
    LassoCV,
    LogisticRegressionCV,
    RelaxedLassoCV,
    cv_path,
    fit_path,
)
from riata._cross_validation import _folds as folds_module
from riata._cross_validation._folds import FoldMoments


def make_tall(n=300, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.1, 50, p) + rng.uniform(-5, 5, p)
    y = X[:, :4] @ rng.standard_normal(4) + 3 + rng.standard_normal(n)
    return X, y


# --- moments of folds ----------------------------------------------------------------


SPLITTERS = {
    "plain": KFold(5),
    "shuffled": KFold(4, shuffle=True, random_state=1),
    "series": TimeSeriesSplit(4),
    "random": ShuffleSplit(3, random_state=0),
    "by_hand": [
        (np.arange(100, 300), np.arange(50)), (np.arange(200), np.arange(250, 300)),
    ],
}


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"l1_ratio": 0.4, "penalty_factor": np.linspace(0.5, 2, 12)},
        {"lower": -0.2, "upper": 0.3},
        {"weighted": True},
        {"weighted": True, "standardize": True, "offset": np.linspace(-3, 3, 300)},
        {"order": "C"},
        {"dtype": np.float32},
    ],
    ids=str,
)
def test_fold_paths_are_those_of_the_training_rows(splitter, options, monkeypatch):
    options = options.copy()
    dtype, order = options.pop("dtype", np.float64), options.pop("order", "F")
    X, y = make_tall()
    X = np.asarray(X, dtype=dtype, order=order)
    weight = None
    if options.pop("weighted", False):
        weight = np.random.default_rng(2).integers(0, 4, len(y)).astype(float)
    offset = options.pop("offset", None)
    seen = []
    of = FoldMoments.of
    monkeypatch.setattr(
        FoldMoments, "of", lambda *args: seen.append(of(*args)) or seen[-1]
    )
    cv = cv_path(
        X, y, alphas=15, cv=SPLITTERS[splitter], sample_weight=weight, offset=offset,
        tol=1e-10, **options,
    )
    assert isinstance(seen[0], FoldMoments)
    for path, (train, _) in zip(cv.fold_paths[0], cv.folds, strict=True):
        alone = fit_path(
            X[train].astype(float), y[train], alphas=cv.alphas[0], tol=1e-10,
            sample_weight=None if weight is None else weight[train],
            offset=None if offset is None else offset[train], **options,
        )
        atol = 1e-4 * np.abs(alone.coefs).max()
        assert_allclose(path.coefs, alone.coefs, rtol=0, atol=atol)
        assert_allclose(path.objective, alone.objective, rtol=1e-6)
        assert_allclose(path.intercept, alone.intercept, rtol=1e-3, atol=1e-3)
        assert_allclose(path.null_objective, alone.null_objective, rtol=1e-6)
        assert_allclose(path.deviance_ratio, alone.deviance_ratio, atol=1e-6)
        assert path.relative_gap.max() <= 1e-10


def test_repeated_folds_have_too_many_cells():
    X, y = make_tall()
    folds = list(RepeatedKFold(n_splits=3, n_repeats=4, random_state=0).split(X))
    assert folds_module.fold_cells(folds, len(y))[0] is None
    cv = cv_path(X, y, alphas=10, cv=folds)
    assert cv.scores["neg_deviance"].shape == (1, 10, 12)


def test_column_that_a_fold_does_not_see():
    # Sums less those of the other samples leave rounding, not zero.
    X, y = make_tall()
    X[:60, 3] = np.random.default_rng(1).standard_normal(60) * 1e6
    X[60:, 3] = 1.0
    cv = cv_path(X, y, alphas=10, cv=KFold(5))
    alone = fit_path(X[60:], y[60:], alphas=cv.alphas[0])
    assert_array_equal(cv.fold_paths[0][0].coefs[3], 0.0)
    assert_allclose(cv.fold_paths[0][0].coefs, alone.coefs, atol=1e-4)


def test_rows_twice_in_a_fold():
    X, y = make_tall()
    rng = np.random.default_rng(0)
    train = rng.integers(0, 300, 300)
    test = np.setdiff1d(np.arange(300), train)
    cv = cv_path(X, y, alphas=10, cv=[(train, test)], tol=1e-10)
    alone = fit_path(X[train], y[train], alphas=cv.alphas[0], tol=1e-10)
    assert_allclose(cv.fold_paths[0][0].coefs, alone.coefs, atol=1e-4)


@pytest.mark.parametrize("loss", ["poisson", "logistic", "huber", "gamma"])
def test_held_out_outliers_do_not_matter_to_a_fit(loss):
    # (they are in X while the fold is fitted, with a weight of zero)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8))
    y = np.exp(0.5 * X[:, 2] + 0.1 * rng.standard_normal(60))
    y = (y > 1).astype(float) if loss == "logistic" else y
    X[3] *= 1e7
    with np.errstate(over="ignore"):
        cv = cv_path(X, y, loss=loss, alphas=10, cv=KFold(5))
    alone = fit_path(X[12:], y[12:], loss=loss, alphas=cv.alphas[0])
    assert_allclose(cv.fold_paths[0][0].coefs, alone.coefs, atol=1e-3)


# --- choices ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="module")
def result(diabetes):
    X, y = diabetes
    return cv_path(X, y, l1_ratio=[0.2, 0.7, 1.0], alphas=30, standardize=True)


def test_one_standard_error_rule_by_hand(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, alphas=40, cv=KFold(7))
    mse = np.array([
        [
            np.mean((y[test] - path.predict(X[test], alpha)) ** 2)
            for path, (_, test) in zip(cv.fold_paths[0], KFold(7).split(X), strict=True)
        ]
        for alpha in cv.alphas[0]
    ])
    assert_allclose(-cv.scores["neg_deviance"][0], mse, rtol=1e-8)
    mean, error = mse.mean(axis=1), mse.std(axis=1, ddof=1) / np.sqrt(7)
    assert_allclose(-cv.mean_score()[0], mean)
    assert_allclose(cv.standard_error()[0], error)
    best = mean.argmin()
    assert cv.select("min").at == best
    simplest = np.flatnonzero(mean <= mean[best] + error[best])[0]
    assert simplest < best
    assert cv.select("1se").at == simplest
    assert cv.select("1se").alpha == cv.alphas[0][simplest]


# cv.glmnet 4.1 of R, thresh=1e-14: cvm and cvsd at every third strength, and the places
# (from 0) of lambda.min and lambda.1se.
GLMNET = {
    "squared": (
        {},
        [4564.52841107, 3475.88036478, 3220.71562548, 3200.18237864],
        [1071.44233802, 636.05696758, 512.91525385, 460.53548473], 8, 3,
    ),
    "squared, standardize": (
        {"standardize": True},
        [4413.54835439, 3375.61551169, 3205.15816443, 3191.52632322],
        [1059.40353891, 568.70406694, 489.26491487, 453.85528450], 8, 2,
    ),
    "logistic": (
        {"loss": "logistic"},
        [1.39755278, 1.16380638, 1.08472640, 1.05781676],
        [0.00471080, 0.02443317, 0.06095672, 0.08328995], 9, 4,
    ),
}


@pytest.mark.parametrize("name", GLMNET)
def test_curve_and_rules_of_glmnet(name, diabetes):
    options, mean, error, at_min, at_1se = GLMNET[name]
    X, y = 21.0 * diabetes[0][:100], diabetes[1][:100]
    alphas = 30 * np.geomspace(1, 0.02, 12)
    if "loss" in options:
        y, alphas = (y > np.median(y)).astype(float), alphas / 100
    cv = cv_path(X, y, alphas=alphas, cv=KFold(5), tol=1e-10, **options)
    assert_allclose(-cv.mean_score()[0, ::3], mean, rtol=1e-6)
    assert_allclose(cv.standard_error()[0, ::3], error, rtol=2e-6)
    assert (cv.select("min").at, cv.select("1se").at) == (at_min, at_1se)


def test_one_standard_error_over_l1_ratios(result):
    mean, error = result.mean_score(), result.standard_error()
    best = np.unravel_index(mean.argmax(), mean.shape)
    choice = result.select("1se")
    bound = mean[best] - error[best]
    assert mean[choice.which, choice.at] >= bound
    for which, path in enumerate(result.paths):
        good = np.flatnonzero(mean[which] >= bound)
        if len(good):
            assert choice.path.n_active[choice.at] <= path.n_active[good[0]]


@pytest.mark.parametrize("rule", ["aic", "aicc", "bic", "ebic", "gcv"])
def test_information_criteria_are_those_of_the_paths(result, rule):
    choice = result.select(rule)
    assert choice.at == result.paths[choice.which].select(rule)
    least = [path._score(rule).min() for path in result.paths]
    assert choice.which == np.argmin(least)


def test_choice_is_a_model_on_all_samples(result, diabetes):
    X, y = diabetes
    for rule in ("min", "1se", "bic", lambda cv: (1, 7)):
        choice = result.select(rule)
        alone = fit_path(
            X, y, l1_ratio=choice.l1_ratio, alphas=[choice.alpha], standardize=True
        )
        # The intercept is the mean of y, as the columns are centred.
        assert_allclose(choice.intercept, alone.intercept[0], rtol=1e-5)
        scale = np.abs(alone.coefs).max()
        assert_allclose(choice.coef, alone.coefs[:, 0], rtol=0, atol=1e-2 * scale)


def test_callable_rules(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, alphas=10)
    assert cv.select(lambda cv: 3).at == 3
    assert cv.select(lambda cv: (0, 4)).at == 4
    for bad in (lambda cv: 10, lambda cv: (1, 0)):
        with pytest.raises(ValueError, match="rule returned"):
            cv.select(bad)
    with pytest.raises(ValueError, match="the alpha that rule returned"):
        cv.select(lambda cv: -1)
    with pytest.raises(ValueError, match="rule"):
        cv.select("best")
    with pytest.raises(ValueError, match="metric"):
        cv.select("min", "r2")


def test_scorer_comes_before_the_deviance(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, alphas=10, scoring="neg_median_absolute_error")
    assert cv.metrics == ("neg_median_absolute_error", "neg_deviance")
    plain = cv_path(X, y, alphas=10)
    assert_allclose(cv.scores["neg_deviance"], plain.scores["neg_deviance"])
    assert cv.select("min", "neg_deviance").at == plain.select("min").at
    for path, (_, test), k in zip(cv.fold_paths[0], cv.folds, range(5), strict=True):
        error = np.abs(y[test, None] - path.predict(X[test]))
        assert_allclose(
            -cv.scores["neg_median_absolute_error"][0, :, k], np.median(error, axis=0)
        )


def test_several_metrics(diabetes):
    X, y = diabetes
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    names = ["r2", "neg_mean_absolute_error", "neg_mean_squared_error"]
    cv = cv_path(X, y, alphas=10, scoring=names, sample_weight=weight)
    assert cv.metrics == ("r2", "neg_deviance", *names[1:])
    for name in names:
        alone = cv_path(X, y, alphas=10, scoring=name, sample_weight=weight)
        assert_array_equal(cv.scores[name], alone.scores[name])
        assert cv.select("1se", name).at == alone.select("1se").at
    assert_allclose(cv.scores["neg_mean_squared_error"], cv.scores["neg_deviance"])
    with pytest.raises(ValueError, match="scoring is empty"):
        cv_path(X, y, scoring=[])


def test_scorer_may_look_at_other_samples(diabetes):
    X, y = diabetes

    def half(estimator, X, y):
        return -np.mean((estimator.predict(X[::2]) - y[::2]) ** 2)

    model = LassoCV(alphas=5, scoring=half).fit(X, y)
    path, (_, test) = model.cv_result_.fold_paths[0][0], model.cv_result_.folds[0]
    error = (path.predict(X[test[::2]]) - y[test[::2], None]) ** 2
    assert_allclose(model.cv_result_.scores["half"][0, :, 0], -error.mean(axis=0))
    assert_allclose(
        model.mse_path_, -np.squeeze(model.cv_result_.scores["neg_deviance"])
    )


# --- estimators ------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["min", "1se", "bic"])
def test_select_is_an_option_of_estimators(diabetes, rule):
    X, y = diabetes
    model = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=20, select=rule).fit(X, y)
    choice = model.cv_result_.select(rule)
    assert (model.alpha_, model.l1_ratio_) == (choice.alpha, choice.l1_ratio)
    assert_array_equal(model.coef_, choice.coef)
    assert model.path_ is choice.path


def test_reselect_changes_a_copy(diabetes):
    X, y = diabetes
    model = LassoCV(alphas=20).fit(X, y)
    alpha, coef = model.alpha_, model.coef_.copy()
    other = model.reselect("1se")
    assert other.alpha_ > model.alpha_ == alpha
    assert_array_equal(model.coef_, coef)
    assert_array_equal(other.coef_, LassoCV(alphas=20, select="1se").fit(X, y).coef_)
    assert other.get_params() == {**model.get_params(), "select": "1se"}
    assert other.reselect("min").alpha_ == alpha


def test_reselect_of_classes():
    X, y = load_breast_cancer(return_X_y=True)
    labels = np.array(["bad", "good"])[y]
    model = GeneralizedLinearClassifierCV(alphas=15, standardize=True).fit(X, labels)
    other = model.reselect("1se")
    assert np.count_nonzero(other.coef_) < np.count_nonzero(model.coef_)
    assert other.coef_.shape == (1, 30)
    assert set(other.predict(X)) == {"bad", "good"}


def test_logistic_regression_cv_selects():
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    options = {
        "Cs": np.logspace(-3, 1, 9)[::-1], "l1_ratios": [1.0], "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    }
    best = LogisticRegressionCV(**options).fit(X, y)
    mean = best.scores_.mean(axis=0)[0]
    assert options["Cs"][mean.argmax()] == best.C_
    model = LogisticRegressionCV(select="1se", **options).fit(X, y)
    error = best.scores_.std(axis=0, ddof=1)[0] / np.sqrt(5)
    good = mean >= mean.max() - error[mean.argmax()]
    assert options["Cs"][good].min() == model.C_


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("rule", ["min", "1se", "bic", lambda result: (0, 1)])
def test_logistic_regression_cv_reselects(n_classes, legacy, rule):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((120, 6))
    y = np.digitize(X[:, 0] + 0.7 * rng.standard_normal(120), [0.0, 0.8][:n_classes - 1])
    labels = np.array(["a", "b", "c"])[y]
    options = {
        "Cs": [10.0, 0.01, 1.0, 0.1], "l1_ratios": [1.0, 0.5], "scoring": "neg_log_loss",
        "use_legacy_attributes": legacy, "tol": 1e-6,
    }
    model = LogisticRegressionCV(select="1se", **options).fit(X, labels)
    state = {name: copy.deepcopy(value) for name, value in vars(model).items()}
    other = model.reselect(rule)
    expected = LogisticRegressionCV(select=rule, **options).fit(X, labels)
    assert_array_equal(other.C_, expected.C_)
    assert_array_equal(other.l1_ratio_, expected.l1_ratio_)
    assert np.shape(other.C_) == np.shape(expected.C_)
    assert_allclose(other.coef_, expected.coef_, atol=1e-3)
    assert_allclose(other.intercept_, expected.intercept_, atol=1e-3)
    assert set(vars(other)) == set(vars(expected))
    assert_array_equal(other.predict(X), expected.predict(X))
    assert_array_equal(model.coef_, state["coef_"])  # which stays as it was
    assert model.select == "1se"


def test_logistic_regression_cv_of_means_has_nothing_to_reselect():
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegressionCV(
        Cs=2, cv=2, refit=False, l1_ratios=[0.0], use_legacy_attributes=False
    ).fit(X[:, :3], y)
    with pytest.raises(ValueError, match="fit with refit=True"):
        model.reselect("1se")


# --- what is kept ------------------------------------------------------------------------


def test_out_of_fold_predictions(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, alphas=15, cv=KFold(4))
    found = cv.out_of_fold(X, "1se")
    for path, (_, test) in zip(cv.fold_paths[0], cv.folds, strict=True):
        assert_allclose(found[test], path.predict(X[test], cv.select("1se").alpha))
    assert_allclose(cv.out_of_fold(sp.csr_array(X), "1se"), found)
    once = cv_path(X, y, alphas=15, cv=[(np.arange(100, 442), np.arange(100))])
    found = once.out_of_fold(X)
    assert np.isnan(found[100:]).all()
    assert not np.isnan(found[:100]).any()
    with pytest.raises(ValueError, match="X has 50 samples"):
        cv.out_of_fold(X[:50])


def test_out_of_fold_probabilities_of_classes():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 5))
    y = np.repeat([0, 1, 2], 30)
    X[np.arange(90), y] += 1.5
    offset = rng.standard_normal((90, 3))
    cv = cv_path(X, y, loss="multinomial", alphas=6, cv=3, offset=offset)
    found = cv.out_of_fold(X, offset=offset)
    assert found.shape == (90, 3)
    assert_allclose(found.sum(axis=1), 1.0)
    assert np.mean(found.argmax(axis=1) == y) > 0.4


def test_selection_frequency(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, alphas=15)
    at = cv.select("1se").at
    used = [path.coefs[:, at] != 0 for path in cv.fold_paths[0]]
    assert_array_equal(cv.selection_frequency("1se"), np.mean(used, axis=0))


def test_groups_weights_and_frames(diabetes):
    X, y = diabetes
    groups = np.arange(len(y)) % 9
    cv = cv_path(X, y, alphas=8, cv=GroupKFold(3), groups=groups)
    for train, test in cv.folds:
        assert not set(groups[train]) & set(groups[test])
    frame = cv.to_frame()
    assert list(frame.columns) == [
        "l1_ratio", "alpha", "n_active", "mean_neg_deviance", "se_neg_deviance",
    ]
    assert len(frame) == 8
    assert "1se" in str(cv)
    assert repr(cv).startswith("<CVResult: 3 folds, 8 alphas")


def test_ridge_alone_and_beside_a_lasso(diabetes):
    X, y = diabetes
    cv = cv_path(X, y, l1_ratio=[0.0, 1.0], alphas=6, cv=3)
    train, _ = cv.folds[0]
    for at, alpha in enumerate(cv.alphas[0]):
        ridge = SklearnRidge(alpha=alpha * len(train)).fit(X[train], y[train])
        assert_allclose(cv.fold_paths[0][0].coefs[:, at], ridge.coef_, rtol=1e-4)


# --- ends before the end -------------------------------------------------------------


def test_callback_sees_folds_and_ends(diabetes):
    X, y = diabetes
    steps = []
    cv = cv_path(X, y, alphas=8, callback=lambda step: steps.append(step) or step.fold == 2)
    assert [step.fold for step in steps] == [0, 1, 2]
    assert steps[0].n_folds == 5
    assert steps[0].seconds <= steps[1].seconds
    assert cv.end == "callback"
    assert cv.n_folds == 3
    assert cv.scores["neg_deviance"].shape == (1, 8, 3)
    assert_array_equal(steps[1].scores["neg_deviance"], cv.scores["neg_deviance"][..., 1])


class Recorder:
    """A callback of scikit-learn's that writes down what it is told."""

    def __init__(self, last=None):
        self.last, self.told = last, []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context):
        self.told.append(f"end {context.task_name} {context.task_id}")
        return context.task_id == self.last


@pytest.mark.parametrize(
    "kind", [LassoCV, LogisticRegressionCV, RelaxedLassoCV, AdaptiveLassoCV]
)
def test_callbacks_of_scikit_learn(kind):
    X, y = load_breast_cancer(return_X_y=True)
    options = {} if kind is not LogisticRegressionCV else {
        "l1_ratios": [0.0], "use_legacy_attributes": False, "Cs": 3,
        "scoring": "accuracy",
    }
    model = kind(cv=3, **options)
    if not hasattr(model, "set_callbacks"):  # scikit-learn before 1.9
        return
    recorder = Recorder(last=1)
    model.set_callbacks(recorder).fit((X - X.mean(axis=0)) / X.std(axis=0), y)
    assert recorder.told == [
        "setup", "begin fit 0", "begin fold 0", "end fold 0", "begin fold 1",
        "end fold 1", "end fit 0", "teardown",
    ]
    assert model.cv_result_.n_folds == 2


@pytest.fixture
def interrupt():
    """Ctrl-C, also where the process was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_interrupt_keeps_finished_folds(diabetes):
    X, y = diabetes

    def stop(step):
        if step.fold == 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        cv_path(X, y, alphas=8, callback=stop)
    result = stopped.value.result
    assert isinstance(result, CVResult)
    assert result.end == "interrupted"
    assert result.n_folds == 2
    assert result.select("min").alpha in result.alphas[0]


@pytest.mark.parametrize("kind", [RelaxedLassoCV, AdaptiveLassoCV])
def test_interrupt_keeps_finished_folds_of_two_stages(kind, diabetes):
    X, y = diabetes

    def stop(step):
        if step.fold == 1:
            raise KeyboardInterrupt

    model, whole = kind(alphas=8), kind(alphas=8).fit(X, y)
    with pytest.raises(Interrupted) as stopped:
        model._fit(X, y, None, None, {}, callback=stop)
    assert not hasattr(model, "coef_")
    result = stopped.value.result
    assert result.n_folds == 2
    assert_array_equal(
        result.scores["neg_deviance"], whole.cv_result_.scores["neg_deviance"][..., :2]
    )


def test_interrupt_keeps_finished_alphas(interrupt):
    X, y, _ = riata.datasets.make_correlated_data(300, 600, rho=0.99, random_state=0)

    def stop(step):
        if step.index == 5:
            interrupt()

    with pytest.raises(KeyboardInterrupt) as stopped:
        fit_path(X, y, alphas=2000, alpha_min_ratio=1e-5, callback=stop, tol=1e-10)
    path = stopped.value.result
    assert path.end == "interrupted"
    assert 6 <= len(path) < 2000
    assert path.relative_gap.max() <= 1e-10
