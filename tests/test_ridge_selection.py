"""RidgeCV's rules: each choice is the one that brute force makes."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_predict

from riata import Ridge, RidgeCV, check_solution

ALPHAS = [0.3, 300.0, 3.0, 30.0]  # in no order
CRITERIA = ("aic", "aicc", "bic", "ebic", "gcv")
OPTIONS = {
    "plain": {},
    "no_intercept": {"fit_intercept": False},
    "standardize": {"standardize": True},
    "factors": {"penalty_factor": [0.0, 1.0, 3.0, 0.5, np.inf, 1.0]},
}


def make_data(n_samples=30, n_features=6, seed=0, n_targets=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) * np.linspace(1, 3, n_features) + 1
    coef = rng.standard_normal((n_features, n_targets or 1))
    y = X @ coef + 3 * rng.standard_normal((n_samples, n_targets or 1)) + 2
    return X, y if n_targets else y[:, 0]


def make_weight(n_samples, seed=3):
    return np.random.default_rng(seed).integers(1, 4, n_samples).astype(float)


def hat_trace(X, alpha, weight, **options):
    """How much each fitted value follows its own y."""
    model = Ridge(alpha, **options).fit(X, np.eye(len(X)), sample_weight=weight)
    return np.trace(model.predict(X))


def criterion_by_hand(rule, X, y, alpha, weight, **options):
    n = len(y)
    share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    center = share @ y if options.get("fit_intercept", True) else 0.0
    model = Ridge(alpha, **options).fit(X, y, sample_weight=weight)
    ratio = share @ (y - model.predict(X)) ** 2 / (share @ (y - center) ** 2)
    k = hat_trace(X, alpha, weight, **options)
    return {
        "aic": n * np.log(ratio) + 2 * k,
        "aicc": n * np.log(ratio) + 2 * k * n / (n - k - 1),
        "bic": n * np.log(ratio) + k * np.log(n),
        "ebic": n * np.log(ratio) + k * np.log(n),  # all features, always: one model
        "gcv": ratio / (1 - k / n) ** 2,
    }[rule]


def errors_by_hand(X, y, alpha, weight, **options):
    """Leave-one-out errors; the scale of X is that of all samples in `standardize`."""
    found = np.empty(len(y))
    for train, test in LeaveOneOut().split(X):
        part = None if weight is None else weight[train]
        model = Ridge(alpha, **options).fit(X[train], y[train], sample_weight=part)
        found[test] = y[test] - model.predict(X[test])
    return found


@pytest.mark.parametrize("rule", CRITERIA)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cv", [None, 3])
def test_criteria_count_the_trace_of_the_hat_matrix(rule, options, weighted, cv):
    X, y = make_data()
    weight = make_weight(len(y)) if weighted else None
    model = RidgeCV(ALPHAS, select=rule, cv=cv, **options).fit(X, y, sample_weight=weight)
    by_hand = {
        alpha: criterion_by_hand(rule, X, y, alpha, weight, **options) for alpha in ALPHAS
    }
    assert model.alpha_ == min(by_hand, key=by_hand.get)
    path = model.cv_result_.paths[0]
    expected = [by_hand[alpha] for alpha in sorted(ALPHAS, reverse=True)]
    if rule == "ebic" and path.n_active[0] < X.shape[1]:  # a column that is left out
        assert_allclose(np.diff(path._score(rule)), np.diff(expected))
    else:
        assert_allclose(path._score(rule), expected)


@pytest.mark.parametrize("shape", [(30, 6), (12, 25)])
def test_gcv_is_that_of_golub_heath_and_wahba(shape):
    X, y = make_data(*shape)
    model = RidgeCV(ALPHAS, select="gcv").fit(X, y)
    centred = X - X.mean(axis=0)
    scores = {}
    for alpha in ALPHAS:
        gram = centred @ centred.T
        hat = gram @ np.linalg.inv(gram + alpha * np.eye(len(y))) + 1 / len(y)
        rest = y - hat @ y
        scores[alpha] = (rest @ rest) / len(y) / (1 - np.trace(hat) / len(y)) ** 2
    assert model.alpha_ == min(scores, key=scores.get)
    path, variance = model.cv_result_.paths[0], y.var()
    expected = [scores[alpha] for alpha in sorted(ALPHAS, reverse=True)]
    assert_allclose(path._score("gcv") * variance, expected)


@pytest.mark.parametrize("name", ["plain", "no_intercept", "factors"])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_standard_error_of_leave_one_out_by_hand(name, weighted):
    X, y = make_data(seed=5)
    weight, options = make_weight(len(y)) if weighted else None, OPTIONS[name]
    model = RidgeCV(ALPHAS, select="1se", **options).fit(X, y, sample_weight=weight)
    decreasing = sorted(ALPHAS, reverse=True)
    errors = np.array([errors_by_hand(X, y, a, weight, **options) for a in decreasing])
    unit = 1.0 if weight is None else weight / weight.mean()
    scores = -unit * errors**2
    mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(len(y))
    result = model.cv_result_
    assert_allclose(result.mean_score()[0], mean)
    assert_allclose(result.standard_error()[0], error)
    assert_allclose(result.errors, errors, atol=1e-10)
    best = np.argmax(mean)
    chosen = np.flatnonzero(mean >= mean[best] - error[best])[0]
    assert model.alpha_ == decreasing[chosen] > decreasing[best]
    assert_allclose(result.alphas[0] * (len(y) if weight is None else weight.sum()),
                    decreasing)


def test_one_standard_error_of_folds_by_hand():
    X, y = make_data(seed=5)
    model = RidgeCV(ALPHAS, cv=4, select="1se", scoring="neg_mean_squared_error").fit(X, y)
    decreasing = np.sort(ALPHAS)[::-1]
    scores = np.array([
        [-np.mean((y[test] - linear_model.Ridge(a).fit(X[train], y[train])
                   .predict(X[test])) ** 2) for train, test in KFold(4).split(X)]
        for a in decreasing
    ])
    mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / 2
    best = np.argmax(mean)
    chosen = np.flatnonzero(mean >= mean[best] - error[best])[0]
    assert model.alpha_ == decreasing[chosen]
    assert_allclose(model.best_score_, mean[chosen])
    for metric in ("neg_mean_squared_error", "neg_deviance"):
        assert_allclose(model.cv_result_.mean_score(metric)[0], mean)
    assert_allclose(model.fold_scores_, scores[[3, 0, 2, 1]])  # in the order given


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("rule", ["min", "1se", "bic", lambda result: 1])
def test_reselecting_is_selecting(cv, rule):
    X, y = make_data(seed=5)
    model = RidgeCV(ALPHAS, cv=cv, select="gcv").fit(X, y)
    before = model.alpha_
    other = pickle.loads(pickle.dumps(model)).reselect(rule)
    expected = RidgeCV(ALPHAS, cv=cv, select=rule).fit(X, y)
    assert other.alpha_ == expected.alpha_
    assert other.best_score_ == pytest.approx(expected.best_score_)
    assert_allclose(other.coef_, expected.coef_, rtol=1e-9)
    assert_allclose(other.intercept_, expected.intercept_)
    assert other.select is rule or other.select == rule
    assert model.alpha_ == before
    assert model.select == "gcv"


def test_a_choice_is_the_ridge_of_all_samples():
    X, y = make_data()
    offset = np.linspace(0, 3, len(y))
    model = RidgeCV(ALPHAS, select="1se").fit(X, y, offset=offset)
    alone = Ridge(model.alpha_).fit(X, y, offset=offset)
    assert_allclose(model.coef_, alone.coef_)
    assert_allclose(model.intercept_, alone.intercept_)
    choice = model.cv_result_.select("1se")
    assert_allclose(choice.alpha * len(y), model.alpha_)
    assert_allclose(choice.coef, alone.coef_)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("cv", [None, 3])
def test_the_path_knows_its_objective(options, cv):
    X, y = make_data()
    weight = make_weight(len(y))
    model = RidgeCV(ALPHAS, cv=cv, store_cv_results=cv is None, **options)
    result = model.fit(X, y, sample_weight=weight).cv_result_
    for path in (result.paths[0], *(result.fold_paths or [[]])[0]):
        assert (path.relative_gap <= 1e-10).all()
    path = result.paths[0]
    for at, alpha in enumerate(path.alphas):
        checked = check_solution(
            X, y, path._coef_of(at), path.intercept[at], alpha=alpha, l1_ratio=0.0,
            sample_weight=weight, **options,
        )
        assert_allclose(path.objective[at], checked.primal)
        share = weight / weight.sum()
        center = share @ y if options.get("fit_intercept", True) else 0.0
        rest = share @ (y - path.predict(X, alpha)) ** 2
        assert_allclose(path.deviance_ratio[at], 1 - rest / (share @ (y - center) ** 2))


def test_left_out_predictions():
    X, y = make_data()
    offset = np.linspace(0, 3, len(y))
    model = RidgeCV(ALPHAS, store_cv_results=True)
    result = model.fit(X, y, offset=offset).cv_result_
    choice = result.select("1se")
    ridge = linear_model.Ridge(choice.alpha * len(y) / 1.0)
    expected = cross_val_predict(ridge, X, y - offset, cv=LeaveOneOut()) + offset
    assert_allclose(result.out_of_fold(X, "1se", offset=offset), expected)
    folds = RidgeCV(ALPHAS, cv=3).fit(X, y, offset=offset).cv_result_
    expected = cross_val_predict(
        linear_model.Ridge(folds.select().alpha * len(y)), X, y - offset, cv=3
    ) + offset
    assert_allclose(folds.out_of_fold(X, offset=offset), expected)


def test_leave_one_out_folds_are_those_of_scikit_learn():
    result = RidgeCV(ALPHAS, store_cv_results=True).fit(*make_data()).cv_result_
    assert result.n_folds == 30
    for mine, theirs in zip(result.folds, LeaveOneOut().split(np.zeros(30)), strict=True):
        assert_array_equal(mine[0], theirs[0])
        assert_array_equal(mine[1], theirs[1])
    with pytest.raises(ValueError, match="makes no coefficients of folds"):
        result.selection_frequency()
    assert "frequency" not in str(result.summary(frame="table"))
    assert "1se" in str(result)
    assert "relative gaps" in str(result.paths[0])


@pytest.mark.parametrize("cv", [None, 3])
def test_several_targets_together(cv):
    X, Y = make_data(n_targets=3, seed=5)
    scoring = None if cv is None else "neg_mean_squared_error"
    model = RidgeCV(ALPHAS, cv=cv, select="1se", scoring=scoring).fit(X, Y)
    decreasing = np.sort(ALPHAS)[::-1]
    folds = LeaveOneOut() if cv is None else KFold(3)
    scores = np.array([
        [-np.mean((Y[test] - Ridge(a).fit(X[train], Y[train]).predict(X[test])) ** 2)
         for train, test in folds.split(X)] for a in decreasing
    ])
    mean = scores.mean(axis=1)
    error = scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    best = np.argmax(mean)
    chosen = np.flatnonzero(mean >= mean[best] - error[best])[0]
    assert model.alpha_ == decreasing[chosen]
    assert_allclose(model.best_score_, mean[chosen])
    assert_allclose(model.coef_, Ridge(model.alpha_).fit(X, Y).coef_)
    with pytest.raises(ValueError, match=r"for a 1-D y only.*with select="):
        model.reselect("min")


def test_each_target_has_its_own_rule():
    X, Y = make_data(n_targets=3, seed=5)
    model = RidgeCV(ALPHAS, alpha_per_target=True, select="1se").fit(X, Y)
    alone = [RidgeCV(ALPHAS, select="1se").fit(X, y) for y in Y.T]
    assert_array_equal(model.alpha_, [one.alpha_ for one in alone])
    assert_allclose(model.best_score_, [one.best_score_ for one in alone])
    assert_allclose(model.coef_, [one.coef_ for one in alone])


@pytest.mark.parametrize(
    ("params", "n_targets", "match"),
    [
        ({"select": "best"}, None, "it must be one of min, 1se"),
        ({"select": "bic"}, 2, "chooses for a single target"),
        ({"select": lambda result: 0}, 2, "chooses for a single target"),
        ({"select": "1se", "scoring": "r2"}, None, "single score of all samples"),
        ({"select": "bic", "cv": 3, "lower": 0.0}, None, "effective degrees of freedom"),
    ],
)
def test_what_has_no_meaning_is_refused(params, n_targets, match, monkeypatch):
    X, y = make_data(n_targets=n_targets)
    monkeypatch.setattr("riata._estimators._ridge_cv.ridge_loo", None)  # nothing is fit
    with pytest.raises(ValueError, match=match):
        RidgeCV(ALPHAS, **params).fit(X, y)


def test_reselecting_what_is_not_known_says_so():
    X, y = make_data()
    kept = {"scoring": "r2", "store_cv_results": True}
    with pytest.raises(ValueError, match="'r2' is a single score of all samples"):
        RidgeCV(ALPHAS, **kept).fit(X, y).reselect("1se")
    model = RidgeCV(ALPHAS, **kept).fit(X, y).reselect("1se", "neg_deviance")
    assert model.alpha_ == RidgeCV(ALPHAS, select="1se").fit(X, y).alpha_
    with pytest.raises(ValueError, match=r"effective degrees of freedom .* not known"):
        RidgeCV(ALPHAS, cv=3).fit(X, y).reselect("bic")


def test_bounded_folds_have_a_result():
    X, y = make_data()
    model = RidgeCV(ALPHAS, cv=3, lower=0.0, select="1se", tol=1e-8).fit(X, y)
    alone = Ridge(model.alpha_, lower=0.0, tol=1e-8).fit(X, y)
    assert_allclose(model.coef_, alone.coef_, atol=1e-5)
    assert model.reselect("min").alpha_ == RidgeCV(ALPHAS, cv=3, lower=0.0).fit(X, y).alpha_
