"""Names of features: stored by fits of data frames, checked and shown everywhere else."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

import riata
from riata import plots

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
Y = X @ [2.0, -1.0, 0.5] + 0.1 * RNG.standard_normal(60)
NAMES = ["a", "b", "c"]
FRAMES = [pd.DataFrame(X, columns=NAMES), pl.DataFrame(X, schema=NAMES)]
ORDER, OTHERS = "must be in the same order", "Feature names unseen at fit time:\n- d"
frames = pytest.mark.parametrize("frame", FRAMES, ids=["pandas", "polars"])


def check(method, frame, **options):
    """The method takes the columns of the fit, and none in another order or by another
    name; without names it warns."""
    expected = method(frame, **options)
    with pytest.raises(ValueError, match=ORDER):
        method(frame[["c", "b", "a"]], **options)
    renamed = frame.rename({"c": "d"} if isinstance(frame, pl.DataFrame) else None,
                           **({} if isinstance(frame, pl.DataFrame) else
                              {"columns": {"c": "d"}}))
    with pytest.raises(ValueError, match=OTHERS):
        method(renamed, **options)
    with pytest.raises(ValueError, match="yet now missing:\n- c"):
        method(renamed, **options)
    return expected


def warns_of_no_names(method, **options):
    with pytest.warns(UserWarning, match="X does not have valid feature names, but"):
        return method(X, **options)


@frames
def test_paths(frame):
    path = riata.fit_path(frame, Y, alphas=5)
    assert list(path.feature_names_in) == NAMES
    alpha = path.alphas[-1]
    for method in (path.predict, path.decision_function):
        expected = check(method, frame, alpha=alpha)
        assert_allclose(warns_of_no_names(method, alpha=alpha), expected)
    step = path.at(alpha)
    assert step.feature_names == NAMES
    assert_allclose(check(step.predict, frame), expected)
    assert_allclose(step.predict(X), expected)  # which may be all that is at hand
    table = path.summary(frame="table")
    assert sorted(table["feature"]) == NAMES
    nameless = riata.fit_path(X, Y, alphas=5)
    assert nameless.feature_names_in is None
    with pytest.warns(UserWarning, match="X has feature names, but PathResult was fitted"):
        nameless.predict(frame)


@frames
@pytest.mark.parametrize("options", [
    {"l1_ratio": 0.0}, {"loss": "poisson"}, {"loss": "multinomial"},
], ids=str)
def test_paths_of_other_kinds(frame, options):
    y = Y if "loss" not in options else np.digitize(Y, [-1.0, 1.0])
    path = riata.fit_path(frame, y, alphas=3, **options)
    check(path.predict, frame)
    check(path.at(path.alphas[-1]).predict, frame)


@frames
def test_paths_that_are_made_of_others(frame):
    relaxed = riata.relaxed_path(frame, Y, alphas=3)
    check(relaxed.predict, frame)
    assert list(relaxed.feature_names_in) == NAMES
    check(riata.adaptive_path(frame, Y, alphas=3).predict, frame)
    alphas, *_ = path = riata.lasso_path(frame, Y, alphas=3)
    check(path.predict, frame, alpha=alphas[-1])
    check(lambda X: riata.approximate_loo(path, X, Y).deviance, frame)
    check(lambda X: riata.fit_path(X, Y, init=path, alphas=3).objective, frame)
    stable = riata.stability_path(frame, Y, n_pairs=2, alphas=3, random_state=0)
    assert list(stable.feature_names_in) == NAMES
    resampled = riata.bootstrap_path(frame, Y, n_resamples=2, alphas=3, random_state=0)
    assert list(resampled.feature_names_in) == NAMES


@frames
@pytest.mark.parametrize("fit", [
    lambda X, y: riata.cv_path(X, y, alphas=3),
    lambda X, y: riata.LassoCV(alphas=3).fit(X, y).cv_result_,
    lambda X, y: riata.RidgeCV(cv=3).fit(X, y).cv_result_,
    lambda X, y: riata.RelaxedLassoCV(alphas=3).fit(X, y).cv_result_,
    lambda X, y: riata.LogisticRegressionCV(Cs=2, cv=3).fit(X, y > 0).cv_result_,
], ids=["cv_path", "lasso", "ridge", "relaxed", "logistic"])
def test_results_of_cross_validation(frame, fit):
    result = fit(frame, Y)
    check(result.out_of_fold, frame)
    check(result.select().path.predict, frame)
    check(result.fold_paths[0][0].predict, frame)
    assert set(result.summary(all_features=True, frame="table")["feature"]) == set(NAMES)
    drawn = result.select().path.plot()
    assert {text.get_text().strip() for text in drawn.texts} <= set(NAMES)


@frames
@pytest.mark.parametrize("model", [
    riata.Lasso(0.1), riata.Ridge(), riata.LassoCV(alphas=3), riata.PoissonRegressor(),
], ids=str)
def test_model_files(frame, model, tmp_path):
    riata.save_model(model.fit(frame, np.exp(Y)), tmp_path / "model.json")
    check(riata.load_model(tmp_path / "model.json").predict, frame)


@frames
def test_errors_are_those_of_sklearn(frame):
    reference = LinearRegression().fit(frame, Y)
    path = riata.fit_path(frame, Y, alphas=3)
    swapped = frame[["c", "b", "a"]]
    with pytest.raises(ValueError, match="The feature names") as theirs:
        reference.predict(swapped)
    with pytest.raises(ValueError, match="The feature names") as ours:
        path.predict(swapped)
    assert str(ours.value).startswith(str(theirs.value).rstrip())


@frames
def test_pictures(frame):
    path = riata.fit_path(frame, Y)
    assert plots.PathDisplay.from_path(path).feature_names == NAMES
    shrinkage = plots.ShrinkageDisplay.from_data(frame, Y)
    assert shrinkage.lasso.feature_names == shrinkage.ridge.feature_names == NAMES
    classes = riata.fit_path(frame, np.digitize(Y, [-1.0, 1.0]), loss="multinomial")
    assert plots.PathDisplay.from_path(classes).displays[0].feature_names == NAMES


def test_names_that_are_no_strings_are_none():
    path = riata.fit_path(pd.DataFrame(X), Y, alphas=3)
    assert path.feature_names_in is None
    assert_allclose(path.predict(X), path.predict(pd.DataFrame(X)))
