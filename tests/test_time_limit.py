"""A time limit ends every fit, with what is finished and honest gaps.

The limit here has passed before anything is computed, so that a fit does the least it can.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

import riata
from riata._ridge._routes import Solver, plan
from riata._ridge._solve import solve_ridge

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 60)) @ RNG.standard_normal((60, 60))
Y = X[:, :5] @ np.ones(5) + RNG.standard_normal(120)
LABELS = (Y > 0).astype(int)
NOW = 1e-9
WIDE = RNG.standard_normal((60, 2000))  # more than one batch of alphas
W = WIDE[:, :5] @ np.ones(5) + RNG.standard_normal(60)


def quietly(function, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)


@pytest.mark.parametrize("options", [
    {"l1_ratio": 0.0}, {"l1_ratio": 0.5, "alphas": [1.0, 0.0]},
    {"loss": "poisson", "l1_ratio": 0.0}, {"loss": "poisson"}, {"loss": "huber"},
], ids=str)
def test_paths(options):
    y = np.abs(Y) if options.get("loss") == "poisson" else Y
    path = quietly(riata.fit_path, X, y, time_limit=NOW, **options)
    assert path.end == "time_limit"
    assert len(path) < 100
    for k, alpha in enumerate(path.alphas[-2:], len(path) - min(len(path), 2)):
        audit = riata.check_solution(
            X, y, *path.coef_at(alpha), alpha=alpha,
            l1_ratio=options.get("l1_ratio", 1.0), loss=options.get("loss", "squared"),
        )
        assert audit.gap <= path.dual_gap[k] * (1 + 1e-6) + 1e-9
        assert audit.relative_gap <= 1e-6 or path.status[k] == "time_limit"


def test_batches_that_converge_at_once_end_as_well():
    path = riata.fit_path(WIDE, W, time_limit=NOW)
    whole = riata.fit_path(WIDE, W)
    assert path.end == "time_limit"
    assert 0 < len(path) < len(whole)
    assert (path.relative_gap <= 1e-6).all()
    assert_allclose(path.alphas, whole.alphas[:len(path)])


def test_ridge_iterates_where_a_direct_solution_takes_too_long(monkeypatch):
    path = riata.fit_path(X, Y, l1_ratio=0.0, alphas=20)
    asked = []
    monkeypatch.setattr(Solver, "factor", lambda *args: asked.append(args))
    short = quietly(riata.fit_path, X, Y, l1_ratio=0.0, alphas=20, time_limit=NOW)
    model = riata.Ridge(time_limit=NOW)
    with pytest.warns(ConvergenceWarning, match=r"status: time_limit.*time_limit"):
        model.fit(X, Y)
    assert asked == []
    assert short.end == "time_limit"
    assert model.status_ == "time_limit"
    assert model.relative_gap_ > 1e-6
    assert_allclose(short.alphas, path.alphas[:len(short)])


def test_plan_weighs_the_time_left():
    big = np.broadcast_to(0.0, (4000, 4000))
    y = np.zeros(4000)
    assert plan(big, y, 100, "auto") == ("gram", plan(big, y, 100, "auto")[1])
    assert plan(big, y, 100, "auto", 1.0) == (None, None)
    assert plan(big, y, 100, "auto", 1000.0) == plan(big, y, 100, "auto")
    assert plan(big, y, 100, "cholesky", 1.0) == ("gram", 0)


@pytest.mark.parametrize("shape", [(120, 60), (60, 120)], ids=str)
@pytest.mark.parametrize("alphas", [[1.0], [1.0, 0.0]], ids=str)
def test_gaps_of_ridge_that_was_stopped_are_bounds(shape, alphas):
    A = X if shape == X.shape else X.T
    y = Y[:len(A)]
    found = solve_ridge(A, y, alphas, deadline=0.0)
    best = solve_ridge(A, y, alphas)

    def objective(coef, intercept, alpha):
        rest = y - A @ coef - intercept
        return 0.5 * np.mean(rest**2) + 0.5 * alpha * coef @ coef

    for k, alpha in enumerate(alphas):
        excess = objective(found.coef[k], found.intercept[k], alpha)
        excess -= objective(best.coef[k], best.intercept[k], alpha)
        assert -1e-9 <= excess <= found.dual_gap[k] * (1 + 1e-6)


@pytest.mark.parametrize("options", [
    {}, {"l1_ratio": 0.0}, {"loss": "logistic"}, {"loss": "logistic", "l1_ratio": 0.0},
], ids=str)
def test_cross_validation(options):
    y = LABELS if "loss" in options else Y
    data = X
    if not options:
        data, y = WIDE, W
    result = quietly(riata.cv_path, data, y, cv=3, time_limit=NOW, **options)
    mean = result.mean_score()[0]
    assert np.isfinite(mean[0])
    assert np.isnan(mean[-1])
    assert all(len(path) < 100 for path in [*result.paths, *result.fold_paths[0]])


@pytest.mark.parametrize("model", [
    riata.LassoCV(cv=3), riata.ElasticNetCV(cv=3, l1_ratio=0.0), riata.RidgeCV(cv=3),
    riata.RelaxedLassoCV(cv=3), riata.AdaptiveLassoCV(cv=3),
    riata.LogisticRegressionCV(cv=3), riata.GeneralizedLinearRegressorCV(cv=3),
], ids=str)
def test_estimators_with_cross_validation(model):
    y = LABELS if hasattr(model, "Cs") else Y
    model.set_params(time_limit=NOW)
    quietly(model.fit, X, y)
    assert np.isfinite(model.coef_).all()


def test_leave_one_out_says_that_it_takes_longer():
    with pytest.raises(ValueError, match=r"time_limit is 1e-09.*cannot be stopped.*cv"):
        riata.RidgeCV(time_limit=NOW).fit(X, Y)
    limited, free = riata.RidgeCV(time_limit=60.0).fit(X, Y), riata.RidgeCV().fit(X, Y)
    assert limited.alpha_ == free.alpha_


@pytest.mark.parametrize("initial", ["ridge", "lasso"])
def test_adaptive_paths(initial):
    path = quietly(riata.adaptive_path, WIDE, W, initial=initial, time_limit=NOW)
    assert path.end == "time_limit"
    assert len(path) < 100


def test_relaxed_paths():
    relaxed = quietly(riata.relaxed_path, WIDE, W, time_limit=NOW)
    assert relaxed.path.end == "time_limit"
    with pytest.raises(TypeError, match="time_limit"):
        riata.relaxed_path(X, Y, time_limit="soon")
