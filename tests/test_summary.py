"""Summaries say what is in a model, in tables of any kind, and paths print well."""

import pickle
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

import riata
from riata._path._summary import summary_of
from riata._path._table import Table, frame_of


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((60, 8)) * np.arange(1.0, 9.0) + 3.0
    y = X @ [2.0, -1.0, 0.0, 0.5, 0.0, 0.0, 0.2, 0.0] + rng.standard_normal(60)
    return X, y, rng.integers(1, 4, 60).astype(float)


def weighted_sd(X, weights):
    mean = np.average(X, axis=0, weights=weights)
    return np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))


def test_by_hand():
    # orthogonal columns of standard deviations 1 and 2, whose solutions are soft
    # thresholds: w = (c - alpha) / sd^2 with c = 3 and -8
    X = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]])
    path = riata.fit_path(X, X @ [3.0, -2.0], alphas=[4.0, 2.0, 1.0])
    table = path.summary(1.0, ["a", "b"], frame="table")
    assert table.columns == ["feature", "coef", "standardized", "sign", "entry_alpha"]
    assert table["feature"].tolist() == ["b", "a"]
    np.testing.assert_allclose(table["coef"], [-1.75, 2.0])
    np.testing.assert_allclose(table["standardized"], [-3.5, 2.0])
    assert table["sign"].tolist() == ["-", "+"]
    assert table["entry_alpha"].tolist() == [4.0, 2.0]


def test_only_what_is_not_zero_unless_all_are_wanted(data):
    X, y, _ = data
    path = riata.fit_path(X, y)
    alpha = path.alphas[40]
    table = path.summary(alpha, frame="table")
    assert len(table) == path.n_active[40] < 8
    every = path.summary(alpha, all_features=True, frame="table")
    assert sorted(every["feature"].tolist()) == list(range(8))
    size = np.abs(every["standardized"])
    assert (np.diff(size) <= 0).all()
    assert set(every["sign"][every["coef"] == 0].tolist()) <= {""}


def test_entry_is_the_first_alpha_with_the_coefficient(data):
    X, y, _ = data
    path = riata.fit_path(X, y, l1_ratio=0.7)
    table = path.summary(frame="pandas").set_index("feature")
    for j, row in zip(range(8), path.coefs, strict=True):
        first = path.alphas[np.flatnonzero(row)[0]]
        assert table.loc[j, "entry_alpha"] == first


@pytest.mark.parametrize("store", [np.asarray, sp.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_standard_deviations(data, store, weighted, standardize):
    X, y, weights = data
    weights = weights if weighted else None
    path = riata.fit_path(
        store(X), y, sample_weight=weights, standardize=standardize, alphas=20
    )
    table = path.summary(all_features=True, frame="pandas").set_index("feature")
    expected = path.coefs[:, -1] * weighted_sd(X, weights)
    np.testing.assert_allclose(
        table["standardized"].loc[range(8)], expected, rtol=1e-12
    )


def test_without_an_intercept(data):
    X, y, weights = data
    options = {"fit_intercept": False, "sample_weight": weights, "alphas": 20}
    mean_square = np.average(X**2, axis=0, weights=weights)
    for standardize, scale in (
        (False, np.sqrt(mean_square)), (True, weighted_sd(X, weights)),
    ):
        path = riata.fit_path(X, y, standardize=standardize, **options)
        table = path.summary(all_features=True, frame="pandas").set_index("feature")
        np.testing.assert_allclose(
            table["standardized"].loc[range(8)], path.coefs[:, -1] * scale, rtol=1e-12
        )


def test_columns_that_are_left_out(data):
    X, y, _ = data
    X = np.column_stack([X, np.ones(len(X))])
    factor = np.r_[np.inf, np.ones(8)]
    path = riata.fit_path(X, y, penalty_factor=factor, alphas=20)
    table = path.summary(all_features=True, frame="table")
    zero = np.isin(table["feature"], [0, 8])
    assert (table["standardized"][zero] == 0).all()
    assert np.isnan(table["entry_alpha"][zero]).all()
    assert np.isfinite(table["standardized"]).all()


def test_scales_that_neither_overflow_nor_vanish():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 2)) * [1e200, 1e-200]
    y = X @ [1e-200, 1e200]
    path = riata.fit_path(X, y, alphas=[0.1], standardize=True)
    size = np.abs(path.summary(frame="table")["standardized"])
    assert ((size > 0.1) & (size < 2.0)).all()


def test_between_two_alphas_and_at_the_end(data):
    X, y, _ = data
    path = riata.fit_path(X, y)
    alpha = 0.5 * (path.alphas[10] + path.alphas[11])
    coef, _ = path.coef_at(alpha)
    table = path.summary(alpha, frame="table")
    np.testing.assert_array_equal(table["coef"], coef[table["feature"]])
    end = path.summary(frame="table")
    np.testing.assert_array_equal(end["coef"], path.coefs[end["feature"], -1])


def test_selection_frequency_comes_along(data):
    X, y, _ = data
    path = riata.fit_path(X, y)
    share = np.linspace(0.0, 1.0, 8)
    table = summary_of(path, 50, selection_frequency=share, frame="table")
    np.testing.assert_array_equal(table["frequency"], share[table["feature"]])


@pytest.mark.parametrize("alpha", [-1.0, "x", 1e-9])
def test_wrong_alpha(data, alpha):
    path = riata.fit_path(*data[:2])
    with pytest.raises((TypeError, ValueError), match="alpha"):
        path.summary(alpha)


@pytest.mark.parametrize("names", [["a"], "abcdefgh", 3])
def test_wrong_names(data, names):
    path = riata.fit_path(*data[:2])
    with pytest.raises((TypeError, ValueError), match="feature_names"):
        path.summary(feature_names=names)


def test_wrong_options(data):
    path = riata.fit_path(*data[:2])
    with pytest.raises(ValueError, match="frame"):
        path.summary(frame="excel")
    with pytest.raises(TypeError, match="all_features"):
        path.summary(all_features="yes")


# --- several classes


def test_classes(data):
    X, y, _ = data
    y = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    path = riata.fit_path(X, y, loss="multinomial", alphas=[0.2, 0.05])
    table = path.summary(frame="table")
    assert table.columns[0] == "class"
    coefs = path.coefs
    for k, j, value, entry in zip(
        table["class"], table["feature"], table["coef"], table["entry_alpha"],
        strict=True,
    ):  # fmt: skip
        assert value == coefs[k, j, 1]
        assert entry == path.alphas[np.flatnonzero(coefs[k, j])[0]]
    assert len(table) == path.n_active[1]
    sd = X.std(axis=0)
    np.testing.assert_allclose(table["standardized"], table["coef"] * sd[table["feature"]])


def test_frame_of_several_classes(data):
    X, y, _ = data
    y = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    path = riata.fit_path(X, y, loss="multinomial", alphas=[0.2, 0.05])
    frame = path.to_frame()
    for k in range(3):
        np.testing.assert_array_equal(frame[f"intercept_{k}"], path.intercept[k])


# --- estimators


REGRESSORS = [
    riata.Lasso(alpha=0.5), riata.ElasticNet(alpha=0.5), riata.Ridge(alpha=2.0),
    riata.Ridge(alpha=2.0, lower=-0.1), riata.RidgeCV(), riata.RidgeCV(cv=3),
    riata.LassoCV(alphas=10), riata.ElasticNetCV(alphas=10), riata.HuberRegressor(),
    riata.GeneralizedLinearRegressor("huber", alpha=0.2),
    riata.GeneralizedLinearRegressorCV("squared", alphas=5),
]  # fmt: skip


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
def test_regressors(data, model):
    X, y, weights = data
    model.fit(X, y, sample_weight=weights)
    table = model.summary(all_features=True, frame="table")
    j = table["feature"]
    np.testing.assert_array_equal(table["coef"], model.coef_[j])
    np.testing.assert_allclose(
        table["standardized"], (model.coef_ * weighted_sd(X, weights))[j], rtol=1e-10
    )
    assert ("entry_alpha" in table.columns) == hasattr(model, "path_")


def test_ridge_without_intercept_and_with_many_features(data):
    X, y, _ = data
    for rows, options, scale in (
        (slice(None), {"fit_intercept": False}, lambda X: np.sqrt((X**2).mean(axis=0))),
        (slice(5), {}, lambda X: X.std(axis=0)),
        (slice(None), {"fit_intercept": False, "standardize": True},
         lambda X: X.std(axis=0)),
    ):  # fmt: skip
        model = riata.Ridge(**options).fit(X[rows], y[rows])
        table = model.summary(all_features=True, frame="table")
        np.testing.assert_allclose(
            table["standardized"], (model.coef_ * scale(X[rows]))[table["feature"]],
            rtol=1e-10,
        )


def test_names_of_a_data_frame(data):
    X, y, _ = data
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(8)])
    table = riata.Lasso(alpha=0.5).fit(frame, y).summary()
    assert table["feature"].iloc[0].startswith("x")
    other = riata.Lasso(alpha=0.5).fit(frame, y).summary(list("abcdefgh"))
    assert set(other["feature"]) <= set("abcdefgh")


def test_labels_of_classes(data):
    X, y, _ = data
    names = np.array(["low", "mid", "high"])
    labels = names[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    three = riata.LogisticRegression(l1_ratio=1.0).fit(X, labels)
    table = three.summary(frame="table")
    assert set(table["class"].tolist()) <= set(names)
    best = table["class"][0], table["feature"][0]
    row = three.classes_.tolist().index(best[0])
    assert table["coef"][0] == three.coef_[row, best[1]]
    two = riata.LogisticRegression().fit(X, labels == "low")
    assert "class" not in two.summary(frame="table").columns
    sparse = two.sparsify().summary(frame="table")
    assert len(sparse) == 8


def test_several_targets(data):
    X, y, _ = data
    for model in (riata.Lasso(alpha=0.5), riata.Ridge()):
        model.fit(X, np.column_stack([y, -y]))
        table = model.summary(frame="table")
        assert table.columns[0] == "target"
        for k, j, value in zip(
            table["target"], table["feature"], table["coef"], strict=True
        ):
            assert value == model.coef_[k, j]


def test_before_and_after(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="not fitted"):
        riata.Lasso().summary()
    model = riata.Lasso(alpha=0.5).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.summary(), model.summary())


# --- cross-validation


def test_choices_of_a_cross_validation(data):
    X, y, _ = data
    cv = riata.cv_path(X, y, l1_ratio=[0.5, 1.0], alphas=20)
    for rule in ("min", "1se", "bic"):
        choice = cv.select(rule)
        table = cv.summary(rule, feature_names=list("abcdefgh"), frame="table")
        j = np.array(["abcdefgh".index(name) for name in table["feature"]])
        np.testing.assert_array_equal(table["coef"], choice.coef[j])
        np.testing.assert_array_equal(table["frequency"], cv.selection_frequency(rule)[j])
    assert isinstance(cv.to_frame("polars"), pl.DataFrame)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_standard_deviations_are_those_of_all_samples(data, loss, fit_intercept):
    X, y, weights = data
    cv = riata.cv_path(
        X, y, loss=loss, alphas=10, sample_weight=weights, fit_intercept=fit_intercept
    )
    scale = weighted_sd(X, weights)
    if not fit_intercept:
        scale = np.sqrt(np.average(X**2, axis=0, weights=weights))
    table = cv.summary(frame="table")
    np.testing.assert_allclose(
        table["standardized"], table["coef"] * scale[table["feature"]], rtol=1e-10
    )
    of_fold = cv.fold_paths[0][0].summary(frame="table")
    assert "standardized" not in of_fold.columns


def test_estimators_tell_how_often_a_feature_was_selected(data):
    X, y, _ = data
    model = riata.LassoCV(alphas=20, select="1se").fit(X, y)
    for fitted, rule in ((model, "1se"), (model.reselect("bic"), "bic")):
        table = fitted.summary(frame="table")
        share = fitted.cv_result_.selection_frequency(rule)
        np.testing.assert_array_equal(table["frequency"], share[table["feature"]])
        np.testing.assert_array_equal(table["coef"], fitted.coef_[table["feature"]])
    model = riata.LogisticRegressionCV(
        Cs=4, l1_ratios=[0.5, 1.0], scoring="neg_log_loss", use_legacy_attributes=False
    ).fit(X, y > np.median(y))
    table = model.summary(frame="table")
    assert {"frequency", "entry_alpha"} <= set(table.columns)
    assert (table["frequency"] <= 1.0).all()


def test_an_average_of_models_has_no_one_scale(data):
    X, y, _ = data
    model = riata.LogisticRegressionCV(
        Cs=3, refit=True, l1_ratios=[1.0], scoring="neg_log_loss",
        use_legacy_attributes=False,
    )  # fmt: skip
    labels = y > np.median(y)
    assert "standardized" in model.fit(X, labels).summary().columns
    model.set_params(refit=False).fit(X, labels)
    assert "standardized" not in model.summary().columns


# --- kinds of tables


def test_kinds_of_tables():
    columns = {"a": np.arange(3), "b": ["x", "y", "z"]}
    assert isinstance(frame_of(columns), pd.DataFrame)
    assert isinstance(frame_of(columns, "polars"), pl.DataFrame)
    assert isinstance(frame_of(columns, "table"), Table)


def test_without_pandas(monkeypatch, data):
    path = riata.fit_path(*data[:2])
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(path.summary(), pl.DataFrame)
    assert isinstance(path.to_frame(), pl.DataFrame)
    with pytest.raises(ImportError, match=r"pip install 'riata\[frames\]'"):
        path.summary(frame="pandas")
    monkeypatch.setitem(sys.modules, "polars", None)
    assert isinstance(path.summary(), Table)
    assert len(path.to_frame()) == 100


def test_table_prints_aligned():
    table = Table({"name": ["a", "long name"], "value": [1.5, np.nan], "n": [10, 2]})
    assert str(table) == "\n".join([
        "name       value   n",
        "a            1.5  10",
        "long name          2",
    ])
    assert len(table) == 2
    assert table.columns == ["name", "value", "n"]
    long = Table({"n": np.arange(100)})
    assert str(long).splitlines()[-1] == "... and 40 more"
    assert long.text(100).splitlines()[-1].strip() == "99"


# --- printing


def test_a_path_prints_a_dozen_lines(data):
    path = riata.fit_path(*data[:2])
    lines = str(path).splitlines()
    assert lines[0] == "Lasso path, squared loss: 60 samples, 8 features"
    assert lines[1].startswith("100 alphas, complete; relative gaps <= ")
    assert lines[3].split() == ["alpha", "df", "%dev", "gap", "kkt"]
    rows = [line.split() for line in lines[4:]]
    assert len(rows) == 12
    for row, k in ((rows[0], 0), (rows[-1], 99)):
        assert row[:2] == [f"{path.alphas[k]:.4g}", str(path.n_active[k])]
        assert float(row[2]) == pytest.approx(100 * path.deviance_ratio[k], abs=0.005)
    assert "\n" not in repr(path)
    assert max(map(len, lines)) <= 88


def test_a_path_says_how_it_ended(data):
    X, y, _ = data
    assert "ended by max_active" in str(riata.fit_path(X, y, max_active=2))
    assert "ended by the callback" in str(riata.fit_path(X, y, callback=lambda _: True))
    with pytest.warns(riata.ConvergenceWarning):
        path = riata.fit_path(np.exp(X / 8), np.exp(y / 50), loss="gamma", max_iter=1,
                              tol=1e-14)  # fmt: skip
    assert "of them not to the tolerance" in str(path)


def test_other_losses_print(data):
    X, y, _ = data
    huber = riata.fit_path(X, y, loss=riata.losses.Huber(2.0), l1_ratio=0.5, alphas=[0.1])
    assert str(huber).startswith("Elastic-net (l1_ratio 0.5) path, Huber(delta=2.0) loss")
    assert "\n1 alpha, " in str(huber)
    ridge = riata.fit_path(X, y, l1_ratio=0.0)
    assert str(ridge).startswith("Ridge path")
    loss = riata.losses.Tweedie(3.0)
    concave = riata.fit_path(X / 30, np.exp(y / 50), loss=loss, alphas=5, tol=1e-4)
    assert "KKT violations <= " in str(concave)
