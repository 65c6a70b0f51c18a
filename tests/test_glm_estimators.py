"""Estimators of losses other than the squared, against scikit-learn's of the same name.

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

from riata import (
    GammaRegressor,
    GeneralizedLinearRegressor,
    PoissonRegressor,
    TweedieRegressor,
    fit_path,
    losses,
)

ESTIMATORS = [
    PoissonRegressor, GammaRegressor, TweedieRegressor, GeneralizedLinearRegressor,
]
NAMED = ESTIMATORS[:3]


def make_data(kind="counts", n_samples=90, n_features=7, seed=0):
    """Correlated columns with means; counts, or amounts > 0."""
    rng = np.random.default_rng(seed)
    X = 0.5 * rng.standard_normal((n_samples, n_features)) + rng.uniform(-1, 1, n_features)
    X[:, 1] += 0.7 * X[:, 0]
    w = 0.5 * rng.standard_normal(n_features)
    mean = np.exp(X @ w + 1.0)
    if kind == "counts":
        return X, rng.poisson(mean).astype(float)
    shape = 2.0 if kind == "amounts" else 20.0
    return X, mean * rng.gamma(shape, 1.0 / shape, n_samples)


def sparsify(X, kind=sparse.csc_array):
    """Zero two thirds of X, in a sparse format."""
    mask = np.random.default_rng(1).random(X.shape) < 1 / 3
    return kind(np.where(mask, X, 0.0))


def fit_reference(model, X, y, sample_weight=None):
    """Fit scikit-learn's estimator of the same name, to high accuracy."""
    theirs = getattr(linear_model, type(model).__name__)
    names = theirs().get_params()
    params = {k: v for k, v in model.get_params().items() if k in names}
    params |= {"tol": 1e-10, "max_iter": 10_000, "solver": "newton-cholesky"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theirs(**params).fit(X, y, sample_weight=sample_weight)


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


@pytest.mark.parametrize("model", [
    PoissonRegressor(alpha=0.3),
    GammaRegressor(alpha=0.01),
    TweedieRegressor(alpha=0.1),
    TweedieRegressor(power=1, alpha=1e-3),
    TweedieRegressor(power=1.5, alpha=0.1),
    TweedieRegressor(power=1.9, alpha=0.01, link="log"),
    TweedieRegressor(power=2, alpha=0.1),
    TweedieRegressor(power=3, alpha=0.1),
    PoissonRegressor(alpha=0.0),
    GammaRegressor(alpha=0.0),
], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [None, sparse.csc_array, sparse.csr_matrix])
def test_agrees_with_scikit_learn(model, fit_intercept, weighted, storage):
    X, y = make_data("amounts" if getattr(model, "power", 0) <= 2 else "little noise")
    weight = np.random.default_rng(2).uniform(0, 3, len(y)) if weighted else None
    X = X if storage is None else sparsify(X, storage)
    model = clone(model).set_params(tol=1e-7, fit_intercept=fit_intercept)
    model.fit(X, y, sample_weight=weight)
    expected = fit_reference(model, X, y, weight)
    assert_allclose(model.coef_, expected.coef_, rtol=0, atol=2e-6)
    assert_allclose(model.intercept_, expected.intercept_, rtol=0, atol=2e-6)
    assert_allclose(model.predict(X), expected.predict(X), rtol=1e-5)
    score = model.score(X, y, sample_weight=weight)
    theirs = expected.score(X, y, sample_weight=weight)
    assert score == pytest.approx(theirs, rel=1e-6, abs=1e-6)
    assert np.shape(model.intercept_) == ()
    assert model.status_ == "optimal"
