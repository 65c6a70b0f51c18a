"""Fits change nothing that other threads see, and run on any backend of joblib.

``warnings.catch_warnings`` replaces the process's list of filters for as long as it lasts
(threads have no filters of their own before Python 3.14), so no fit may enter it: neither
by itself nor through what it calls.
"""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import StratifiedKFold

import riata
from riata._cross_validation._folds import StratifiedFolds

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 5))
Y = X[:, 0] + RNG.standard_normal(60)
COUNTS, LABELS = np.exp(Y), np.array(["no", "yes"])[(Y > 0).astype(int)]
CLASSES = np.digitize(Y, [-0.5, 0.5])
FRAME = pd.DataFrame(X, columns=list("abcde"))

FITS = {
    **{
        f"fit_path {loss}": lambda X, loss=loss: riata.fit_path(
            X, COUNTS, loss=loss, alphas=3
        )
        for loss in ("squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber")
    },
    "fit_path multinomial": lambda X: riata.fit_path(
        X, CLASSES, loss="multinomial", alphas=3
    ),
    "relaxed_path": lambda X: riata.relaxed_path(X, Y, alphas=3),
    "adaptive_path": lambda X: riata.adaptive_path(X, Y, alphas=3),
    "stability_path": lambda X: riata.stability_path(X, Y, alphas=3, n_pairs=2),
    "cv_path": lambda X: riata.cv_path(X, LABELS, loss="logistic", alphas=3),
    "check_solution": lambda X: riata.check_solution(X, Y, np.zeros(5), alpha=0.1),
    **{
        f"{model}": lambda X, model=model: model.fit(X, COUNTS)
        for model in (
            riata.Lasso(), riata.Ridge(), riata.ElasticNetCV(alphas=3, n_jobs=2),
            riata.RidgeCV(), riata.RidgeCV(cv=3), riata.HuberRegressor(),
            riata.PoissonRegressor(), riata.AdaptiveLassoCV(alphas=3),
            riata.RelaxedLassoCV(alphas=3), riata.StabilitySelection(n_pairs=2),
            riata.GeneralizedLinearRegressorCV("poisson", alphas=3),
        )
    },
    **{
        f"{model} {len(set(y))}": lambda X, model=model, y=y: model.fit(X, y)
        for y in (LABELS, CLASSES)
        for model in (
            riata.LogisticRegression(), riata.GeneralizedLinearClassifier(),
            riata.LogisticRegressionCV(Cs=2, cv=3, n_jobs=2),
            riata.LogisticRegressionCV(Cs=2, cv=3, scoring="neg_log_loss"),
            riata.GeneralizedLinearClassifierCV(alphas=3),
        )
    },
}


@pytest.mark.parametrize("storage", [np.array, sparse.csr_array, "frame"], ids=str)
@pytest.mark.parametrize("name", FITS)
def test_fits_leave_warning_filters_and_error_states_alone(name, storage, monkeypatch):
    data = FRAME if storage == "frame" else storage(X)
    entered = []

    def spy(*args, **options):
        entered.append(args)

    state, filters = np.geterr(), list(warnings.filters)
    with monkeypatch.context() as patch:
        for changes in ("simplefilter", "filterwarnings", "resetwarnings"):
            patch.setattr(warnings, changes, spy)
        patch.setattr(warnings.catch_warnings, "__enter__", spy)
        patch.setattr(warnings.catch_warnings, "__exit__", lambda *args: None)
        patch.setattr(np, "seterr", spy)
        FITS[name](data)
    assert entered == []
    assert np.geterr() == state
    assert warnings.filters == filters


@pytest.mark.parametrize("n_splits", [2, 3, 7])
def test_stratified_folds_are_those_of_sklearn(n_splits):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        y = np.array(list("cab"))[rng.choice(3, 50 + seed, p=[0.5, 0.3, 0.2])]
        ours = list(StratifiedFolds(n_splits).split(None, y))
        theirs = list(StratifiedKFold(n_splits).split(np.zeros((len(y), 1)), y))
        for mine, yours in zip(ours, theirs, strict=True):
            assert_allclose(mine[0], yours[0])
            assert_allclose(mine[1], yours[1])


def test_stratified_folds_of_rare_classes():
    with pytest.warns(UserWarning, match="least populated class in y has only 1 members"):
        list(StratifiedFolds(2).split(None, [0, 0, 0, 1]))
    with pytest.raises(ValueError, match="n_splits=4 cannot be greater than"):
        list(StratifiedFolds(4).split(None, [0, 0, 0, 1]))


@pytest.mark.parametrize("scoring", [None, "r2"])
@pytest.mark.parametrize("weighted", [False, True])
def test_default_score_of_ridge_is_that_of_sklearn(scoring, weighted):
    weight = RNG.uniform(0.5, 2.0, 60) if weighted else None
    targets = np.column_stack([Y, X[:, 1] ** 2])
    for y in (Y, targets):
        model = riata.RidgeCV(cv=4, scoring=scoring).fit(X, y, sample_weight=weight)
        scores = riata.RidgeCV(cv=4, scoring="r2").fit(X, y, sample_weight=weight)
        assert_allclose(model.fold_scores_, scores.fold_scores_, rtol=1e-10)


@pytest.mark.parametrize("backend", ["multiprocessing", "threading"])
@pytest.mark.parametrize("model", [
    riata.LassoCV(alphas=3, cv=3),
    riata.LogisticRegressionCV(Cs=2, cv=3, scoring="neg_log_loss"),
], ids=str)
def test_backends_of_joblib(backend, model):
    y = LABELS if hasattr(model, "Cs") else Y
    expected = model.fit(X, y).coef_
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = model.fit(X, y)
    assert_allclose(found.coef_, expected)
    assert found.cv_result_.n_folds == 3


def test_backends_without_generators_still_call_back():
    told = []
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        result = riata.cv_path(
            X, Y, alphas=3, cv=3, callback=lambda step: told.append(step.fold)
        )
    assert told == [0, 1, 2]
    assert np.isfinite(result.mean_score()).all()
