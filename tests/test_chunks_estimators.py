"""Estimators and cross-validation on matrices in chunks find what they find in memory."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, ShuffleSplit

import riata
from riata import cv_path, open_chunks

N, P = 240, 12
LIMIT = 2**17


def make(seed=0, n=N, p=P, density=None):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, p)) + 2.0
    if density is not None:
        A = sparse.random_array((n, p), density=density, rng=rng, format="csr")
        A.data[:] = rng.standard_normal(A.nnz)
    eta = A @ np.r_[2.0, -1.0, 0.5, np.zeros(p - 3)]
    return A, (eta - eta.mean()) / eta.std(), rng


def targets(eta, rng):
    return {
        "number": eta + 0.3 * rng.standard_normal(len(eta)),
        "count": rng.poisson(np.exp(eta)).astype(float),
        "positive": np.exp(eta) * rng.gamma(2.0, size=len(eta)),
        "label": np.where(rng.random(len(eta)) < 1 / (1 + np.exp(-2 * eta)), "yes", "no"),
    }


ESTIMATORS = {
    "Lasso": (riata.Lasso(alpha=0.05, tol=1e-9), "number"),
    "ElasticNet": (riata.ElasticNet(alpha=0.05, tol=1e-9), "number"),
    "Ridge": (riata.Ridge(alpha=3.0), "number"),
    "Ridge, positive": (riata.Ridge(alpha=3.0, positive=True, tol=1e-10), "number"),
    "GeneralizedLinearRegressor": (
        riata.GeneralizedLinearRegressor("poisson", alpha=0.05, tol=1e-11), "count"),
    "PoissonRegressor": (riata.PoissonRegressor(alpha=0.1, tol=1e-6), "count"),
    "GammaRegressor": (riata.GammaRegressor(alpha=0.1, tol=1e-6), "positive"),
    "TweedieRegressor": (riata.TweedieRegressor(power=1.5, alpha=0.1, tol=1e-6), "count"),
    "LogisticRegression": (riata.LogisticRegression(C=0.5, tol=1e-6), "label"),
    "LogisticRegression, l1": (
        riata.LogisticRegression(C=0.5, l1_ratio=1.0, tol=1e-6, class_weight="balanced"),
        "label"),
    "GeneralizedLinearClassifier": (
        riata.GeneralizedLinearClassifier(alpha=0.05, tol=1e-11), "label"),
    "LassoCV": (riata.LassoCV(alphas=10, tol=1e-8), "number"),
    "LassoCV, scoring": (
        riata.LassoCV(alphas=10, tol=1e-8, scoring="neg_mean_absolute_error"), "number"),
    "ElasticNetCV": (
        riata.ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=10, tol=1e-8, cv=3), "number"),
    "GeneralizedLinearRegressorCV": (
        riata.GeneralizedLinearRegressorCV("poisson", alphas=8, cv=3, tol=1e-10), "count"),
    "GeneralizedLinearClassifierCV": (
        riata.GeneralizedLinearClassifierCV(
            alphas=8, cv=3, tol=1e-10, scoring="roc_auc"), "label"),
    "LogisticRegressionCV": (
        riata.LogisticRegressionCV(
            Cs=4, cv=3, l1_ratios=[1.0], scoring="accuracy", tol=1e-4,
            use_legacy_attributes=False), "label"),
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_take_chunks(name, axis):
    A, eta, rng = make()
    model, kind = ESTIMATORS[name]
    y = targets(eta, rng)[kind]
    weight = rng.integers(1, 4, N).astype(float)
    X = open_chunks(A, axis=axis, memory_limit=LIMIT)
    assert X.n_chunks > 1
    model, other = clone(model), clone(model)
    model.fit(X, y, sample_weight=weight)
    other.fit(A, y, sample_weight=weight)
    size = np.abs(other.coef_).max()
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=0, atol=1e-4 * size)
    np.testing.assert_allclose(model.intercept_, other.intercept_, atol=1e-4)
    assert model.n_features_in_ == P
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(model, method):
            predicted = getattr(model, method)(X)
            expected = getattr(model, method)(A)
            if predicted.dtype.kind == "f":
                np.testing.assert_allclose(predicted, expected, rtol=1e-9)
            else:
                assert (predicted == expected).all()
    assert model.score(X, y) == pytest.approx(model.score(A, y), rel=1e-9)
    if hasattr(other, "alpha_"):
        assert model.alpha_ == pytest.approx(other.alpha_, rel=1e-9)
    if hasattr(other, "C_"):
        assert model.C_ == other.C_


def test_several_targets_and_offsets():
    A, eta, rng = make()
    Y = np.column_stack([eta, rng.standard_normal(N)])
    offset = rng.standard_normal(N)
    X = open_chunks(A, memory_limit=LIMIT)
    model = riata.Lasso(alpha=0.05, tol=1e-9)
    found = clone(model).fit(X, Y, offset=offset)
    expected = model.fit(A, Y, offset=offset)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)
    np.testing.assert_allclose(
        found.predict(X, offset=offset), found.predict(A, offset=offset), rtol=1e-9
    )


IN_MEMORY = [
    riata.HuberRegressor(), riata.RidgeCV(), riata.RidgeCV(cv=3), riata.AdaptiveLasso(),
    riata.RelaxedLassoCV(), riata.AdaptiveLassoCV(), riata.StabilitySelection(),
]


@pytest.mark.parametrize("model", IN_MEMORY, ids=str)
def test_other_estimators_name_those_that_do(model):
    A, eta, _ = make()
    X = open_chunks(A, memory_limit=LIMIT)
    message = f"{type(model).__name__} needs it in memory.*riata.cv_path.*take chunks"
    with pytest.raises(TypeError, match=message):
        model.fit(X, eta)
    assert X.reads == 0


@pytest.mark.parametrize("function", [
    riata.relaxed_path, riata.adaptive_path, riata.stability_path,
    lambda X, y: riata.approximate_loo(riata.fit_path(X, y, alphas=3), X, y),
])
def test_other_functions_say_that_they_need_memory(function):
    A, eta, _ = make()
    with pytest.raises(TypeError, match="needs it in memory"):
        function(open_chunks(A, memory_limit=LIMIT), eta)


def test_several_classes_are_refused():
    A, eta, _ = make()
    X = open_chunks(A, memory_limit=LIMIT)
    labels = np.digitize(eta, [-0.5, 0.5])
    for model in (riata.LogisticRegression(), riata.GeneralizedLinearClassifierCV()):
        with pytest.raises(ValueError, match="'multinomial' is not fitted to chunks"):
            model.fit(X, labels)


def test_names_of_features(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    A, eta, _ = make()
    names = [f"x{j}" for j in range(P)]
    columns = dict(zip([*names, "y"], [*A.T, eta], strict=True))
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    back = {**dict(reversed(columns.items())), "y": eta}
    pq.write_table(pa.table(back), tmp_path / "back.parquet")
    with open_chunks(tmp_path / "t.parquet", target="y") as X:
        model = riata.Lasso(alpha=0.05).fit(X, X.target)
        assert list(model.feature_names_in_) == names
        predicted = model.predict(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of data without names
        np.testing.assert_allclose(predicted, model.predict(A), rtol=1e-9)
    X = open_chunks(tmp_path / "back.parquet", target="y")
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(X)


def test_warm_start():
    A, eta, rng = make()
    y = targets(eta, rng)["number"]
    X = open_chunks(A, memory_limit=LIMIT)
    model = riata.Lasso(alpha=0.05, tol=1e-9, warm_start=True).fit(X, y)
    first = model.coef_.copy()
    np.testing.assert_allclose(model.fit(X, y).coef_, first, atol=1e-6)


# --- Scorers and folds.

@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", "neg_max_error"])
def test_scorers_of_regression(axis, scoring):
    A, eta, rng = make()
    y = targets(eta, rng)["number"]
    options = {"alphas": 8, "cv": KFold(4, shuffle=True, random_state=0), "tol": 1e-11,
               "scoring": scoring}
    X = open_chunks(A, axis=axis, memory_limit=LIMIT)
    cv, other = cv_path(X, y, **options), cv_path(A, y, **options)
    assert cv.metrics == other.metrics == (scoring, "neg_deviance")
    for name in cv.metrics:
        np.testing.assert_allclose(cv.scores[name], other.scores[name], rtol=1e-4)


@pytest.mark.parametrize("axis", [0, 1])
def test_scorers_of_classes(axis):
    A, eta, rng = make()
    y = targets(eta, rng)["label"]

    def agreement(estimator, X, y):
        return float(np.mean(estimator.predict(X) == y))

    options = {"alphas": 6, "cv": 3, "tol": 1e-11, "loss": "logistic",
               "scoring": ["accuracy", "roc_auc", "neg_log_loss", agreement],
               "sample_weight": rng.integers(0, 3, N).astype(float),
               "offset": 0.1 * rng.standard_normal(N)}
    X = open_chunks(A, axis=axis, memory_limit=LIMIT)
    cv, other = cv_path(X, y, **options), cv_path(A, y, **options)
    assert cv.metrics == other.metrics
    for name in cv.metrics:
        np.testing.assert_allclose(cv.scores[name], other.scores[name], rtol=1e-4)


def test_scores_do_not_depend_on_how_many_alphas_fit_into_memory(monkeypatch):
    A, eta, rng = make()
    y, X = targets(eta, rng)["number"], open_chunks(A, memory_limit=LIMIT)
    options = {"alphas": 7, "scoring": "r2"}
    expected = cv_path(X, y, **options).scores["r2"]
    monkeypatch.setattr("riata._cross_validation._chunked.SHARE_OF_PREDICTORS", 0.01)
    np.testing.assert_allclose(cv_path(X, y, **options).scores["r2"], expected, rtol=1e-12)


def test_folds_that_leave_rows_out_of_both():
    A, eta, rng = make()
    y, X = targets(eta, rng)["number"], open_chunks(A, memory_limit=LIMIT)
    options = {"alphas": 7, "tol": 1e-11,
               "cv": ShuffleSplit(3, test_size=0.3, train_size=0.5, random_state=0)}
    np.testing.assert_allclose(
        cv_path(X, y, **options).mean_score(), cv_path(A, y, **options).mean_score(),
        rtol=1e-6,
    )


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_out_of_fold_predictions(axis, loss):
    A, eta, rng = make()
    y = targets(eta, rng)["number" if loss == "squared" else "label"]
    X = open_chunks(A, axis=axis, memory_limit=LIMIT)
    options = {"loss": loss, "alphas": 7, "tol": 1e-11, "cv": 3}
    cv, other = cv_path(X, y, **options), cv_path(A, y, **options)
    np.testing.assert_allclose(cv.out_of_fold(X), other.out_of_fold(A), atol=1e-5)


def test_callback_and_groups():
    A, eta, rng = make()
    y, told = targets(eta, rng)["count"], []
    X = open_chunks(A, memory_limit=LIMIT)

    def callback(step):
        told.append(step.fold)
        return step.fold == 1

    cv = cv_path(X, y, loss="poisson", alphas=5, callback=callback)
    assert told == [0, 1]
    assert (cv.end, cv.n_folds) == ("callback", 2)


def test_rows_of_chunks():
    A, _, rng = make()
    W = rng.standard_normal((P, 3))
    rows = rng.permutation(N)[:50]
    for axis in (0, 1):
        for B in (A, sparse.csr_array(A)):
            X = open_chunks(B, axis=axis, memory_limit=2 * LIMIT)
            np.testing.assert_allclose(X[rows] @ W, A[rows] @ W, rtol=1e-12)
            np.testing.assert_allclose(X[10:20] @ W[:, 0], A[10:20] @ W[:, 0], rtol=1e-12)
    part = X[A[:, 0] > 2]
    assert part.shape == (np.count_nonzero(A[:, 0] > 2), P)
    with pytest.raises(TypeError, match="needs it in memory"):
        riata.Lasso().fit(part, np.zeros(len(part)))
    with pytest.raises(TypeError, match="needs it in memory"):
        np.asarray(part)
    with pytest.raises(IndexError, match="by rows only"):
        X[0]


def test_rows_are_read_from_their_blocks_only():
    A, _, _ = make()
    X = open_chunks(A, memory_limit=LIMIT)
    X[:10] @ np.ones(P)
    assert X.reads < 0.5


def test_scorer_knows_the_rows_of_the_fold():
    A, eta, rng = make()
    y, X = targets(eta, rng)["number"], open_chunks(A, memory_limit=LIMIT)

    def scorer(estimator, X, y):
        assert X.shape == (len(y), P)
        return get_scorer("r2")(estimator, X, y)

    cv_path(X, y, alphas=4, scoring=scorer)
