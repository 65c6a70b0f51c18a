"""Models survive in files, to the last bit, and damaged files are told from others."""

import json
import os
import subprocess
import sys
import tracemalloc
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import riata
from riata.losses import (
    Gamma,
    Huber,
    Logistic,
    Loss,
    Multinomial,
    NegativeBinomial,
    Poisson,
    Squared,
    SquaredHinge,
    Tweedie,
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    X = rng.standard_normal((80, 7)) / 2
    return X, X @ [1.0, -1.0, 0.5, 0.0, 0.0, 0.0, 0.2] + 0.3 * rng.standard_normal(80)


@pytest.fixture
def round_trip(tmp_path):
    def write_and_read(model, **options):
        file = tmp_path / "model.json"
        riata.save_model(model, file, **options)
        return riata.load_model(file)

    return write_and_read


REGRESSORS = {
    "Lasso": riata.Lasso(alpha=0.05),
    "ElasticNet": riata.ElasticNet(alpha=0.1, positive=True),
    "Ridge": riata.Ridge(alpha=3.0),
    "bounded Ridge": riata.Ridge(alpha=3.0, upper=0.4),
    "RidgeCV": riata.RidgeCV(),
    "RidgeCV in folds": riata.RidgeCV(cv=3),
    "LassoCV": riata.LassoCV(alphas=20),
    "ElasticNetCV": riata.ElasticNetCV(alphas=10, l1_ratio=[0.3, 0.9]),
    "Huber": riata.HuberRegressor(alpha=0.1),
    "Huber and L1": riata.HuberRegressor(alpha=1.0, l1_ratio=0.5, standardize=True),
    "no intercept": riata.Lasso(alpha=0.05, fit_intercept=False),
    "factors": riata.Lasso(alpha=0.05, penalty_factor=[0, 1, 2, np.inf, 1, 1, 1]),
    "GLM": riata.GeneralizedLinearRegressor("huber", alpha=0.05, lower=-0.5, upper=9.0),
    "GLM CV": riata.GeneralizedLinearRegressorCV("squared", alphas=5),
    "Poisson": riata.PoissonRegressor(alpha=0.1),
    "gamma": riata.GammaRegressor(alpha=0.1, l1_ratio=1.0),
    "Tweedie": riata.TweedieRegressor(power=1.5, alpha=0.1),
    "inverse Gaussian": riata.TweedieRegressor(power=3.0, alpha=0.1),
}


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_regressors(name, dtype, data, round_trip):
    X, y = data[0].astype(dtype), np.exp(data[1])
    model = REGRESSORS[name].fit(X, y)
    back = round_trip(model)
    np.testing.assert_array_equal(back.coef, model.coef_)
    assert back.coef.dtype == model.coef_.dtype
    assert back.intercept == model.intercept_
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    offset = np.linspace(0, 1, len(y))
    np.testing.assert_array_equal(
        back.predict(X, offset=offset), model.predict(X, offset=offset)
    )
    assert back.source == type(model).__name__
    assert back.riata_version == riata.__version__
    assert back.certificate["status"] == "optimal"


@pytest.mark.parametrize("name", REGRESSORS)
def test_the_problem_is_the_one_that_was_solved(name, data, round_trip):
    X, y = data[0], np.exp(data[1])
    back = round_trip(REGRESSORS[name].fit(X, y))
    audit = riata.check_solution(X, y, back.coef, back.intercept, **back.problem)
    assert audit.kkt <= 1e-3
    assert not audit.relative_gap > 1e-6  # NaN for a loss that is not convex


LABELS = {
    "words": ["low", "mid", "high"], "numbers": [3, 5, 9], "floats": [0.5, 1.5, 2.5],
    "objects": np.array(["a", "b", "c"], dtype=object),
}
CLASSIFIERS = {
    "Logistic": riata.LogisticRegression(C=0.5),
    "LogisticCV": riata.LogisticRegressionCV(
        Cs=3, l1_ratios=[1.0], scoring="neg_log_loss", use_legacy_attributes=False
    ),
    "GLC": riata.GeneralizedLinearClassifier(alpha=0.02),
    "GLC CV": riata.GeneralizedLinearClassifierCV(alphas=5),
    "grouped": riata.GeneralizedLinearClassifier(Multinomial(grouped=True), alpha=0.02),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers(name, kind, n_classes, data, round_trip):
    X, y = data
    if kind == "floats":
        y = 2 * y
    codes = np.digitize(y, np.quantile(y, [0.3, 0.6][: n_classes - 1]))
    labels = np.asarray(LABELS[kind])[codes]
    if kind == "floats":
        labels = codes + 1.0
    model = CLASSIFIERS[name].fit(X, labels)
    back = round_trip(model)
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.predict(X).dtype == model.predict(X).dtype
    np.testing.assert_allclose(back.predict_proba(X), model.predict_proba(X), rtol=1e-14)
    np.testing.assert_allclose(
        back.decision_function(X), model.decision_function(X), rtol=1e-13, atol=1e-15
    )
    np.testing.assert_array_equal(back.classes, model.classes_)
    codes = np.searchsorted(model.classes_, labels)
    audit = riata.check_solution(X, codes, back.coef, back.intercept, **back.problem)
    assert audit.relative_gap <= 1e-6


def test_hinge_has_no_probabilities(data, round_trip):
    X, y = data
    model = riata.GeneralizedLinearClassifier("squared_hinge", alpha=0.01)
    back = round_trip(model.fit(X, y > 0))
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.predict(X).dtype == bool
    with pytest.raises(ValueError, match="no probabilities"):
        back.predict_proba(X)


def test_several_targets(data, round_trip):
    X, y = data
    Y = np.column_stack([y, -y, y**2])
    for model in (riata.Lasso(alpha=0.05), riata.Ridge(alpha=[1.0, 2.0, 3.0])):
        back = round_trip(model.fit(X, Y))
        np.testing.assert_array_equal(back.predict(X), model.predict(X))
        np.testing.assert_array_equal(
            back.predict(X, offset=y), model.predict(X, offset=y)
        )
        assert back.alpha.shape == (3,)
        assert len(back.certificate["relative_gap"]) == 3
        with pytest.raises(ValueError, match="one single problem"):
            back.problem
    assert list(back.alpha * len(y)) == pytest.approx([1.0, 2.0, 3.0])


def test_an_average_of_models(data, round_trip):
    X, y = data
    model = riata.LogisticRegressionCV(
        Cs=3, l1_ratios=[1.0], scoring="neg_log_loss", use_legacy_attributes=False,
        refit=False,
    ).fit(X, y > 0)  # fmt: skip
    back = round_trip(model)
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.alpha is back.certificate is None
    with pytest.raises(ValueError, match="one single problem"):
        back.problem


# --- points of paths


@pytest.mark.parametrize("loss", ["squared", "poisson", "logistic", Huber(0.5)])
def test_points_of_paths(loss, data, round_trip):
    X, y = data
    y = y if loss in ("squared", Huber(0.5)) else np.floor(np.exp(y))
    y = np.minimum(y, 1.0) if loss == "logistic" else y
    path = riata.fit_path(X, y, loss=loss, l1_ratio=0.8)
    alpha = path.alphas[30]
    back = round_trip(path.at(alpha))
    np.testing.assert_array_equal(back.predict(X), path.predict(X, alpha=alpha))
    np.testing.assert_array_equal(
        back.decision_function(X), path.decision_function(X, alpha=alpha)
    )
    assert back.certificate["relative_gap"] == path.relative_gap[30]
    assert (back.alpha, back.l1_ratio, back.source) == (alpha, 0.8, "path")
    audit = riata.check_solution(X, y, back.coef, back.intercept, **back.problem)
    assert audit.relative_gap <= 1e-6


def test_between_two_alphas_nothing_is_certified(data, round_trip):
    path = riata.fit_path(*data)
    alpha = 0.5 * (path.alphas[3] + path.alphas[4])
    back = round_trip(path.at(alpha))
    assert back.certificate is None
    np.testing.assert_array_equal(back.coef, path.coef_at(alpha)[0])
    with pytest.raises(ValueError, match="smaller than the last"):
        path.at(1e-9)


def test_classes_of_a_path(data, round_trip):
    X, y = data
    codes = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    path = riata.fit_path(X, codes, loss="multinomial", alphas=[0.1, 0.01])
    labels = ["low", "mid", "high"]
    back = round_trip(path.at(0.01, classes=labels, feature_names=list("abcdefg")))
    shares = path.predict(X, alpha=0.01)
    np.testing.assert_allclose(back.predict_proba(X), shares, rtol=1e-13)
    assert back.predict(X).tolist() == [labels[k] for k in shares.argmax(axis=1)]
    bare = round_trip(path.at(0.01))
    np.testing.assert_array_equal(bare.predict(X), shares)
    with pytest.raises(ValueError, match="3 classes"):
        path.at(0.01, classes=["low", "high"])
    with pytest.raises(ValueError, match="has none"):
        riata.fit_path(X, y).at(0.1, classes=[1, 2])


# --- what predictors take


@pytest.mark.parametrize("store", [np.asfortranarray, sp.csr_array, sp.csc_matrix, list])
def test_storages(store, data, round_trip):
    X, y = data
    model = riata.Lasso(alpha=0.05).fit(X, y)
    other = X.tolist() if store is list else store(X)
    np.testing.assert_allclose(round_trip(model).predict(other), model.predict(X))


def test_names(data, round_trip):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = riata.Lasso(alpha=0.05).fit(frame, y)
    back = round_trip(model)
    assert back.feature_names == list("abcdefg")
    np.testing.assert_array_equal(back.predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="in the same order"):
        back.predict(frame[list("gfedcba")])
    with pytest.raises(ValueError, match="yet now missing:\n- c"):
        back.predict(frame.rename(columns={"c": "z"}))
    renamed = round_trip(model, feature_names=list("tuvwxyz"))
    assert renamed.feature_names == list("tuvwxyz")
    with pytest.raises(ValueError, match="6 names"):
        round_trip(model, feature_names=list("abcdef"))


FITTERS = {
    **REGRESSORS,
    "Lasso": riata.Lasso(alpha=0.05),
    "Ridge": riata.Ridge(),
    "RidgeCV": riata.RidgeCV(),
    "RidgeCV with folds": riata.RidgeCV(cv=3),
    "relaxed": riata.RelaxedLassoCV(alphas=5),
    "adaptive": riata.AdaptiveLassoCV(alphas=5),
    "logistic": riata.LogisticRegression(),
    "means of folds": riata.LogisticRegressionCV(
        Cs=2, cv=2, refit=False, l1_ratios=[0.0], use_legacy_attributes=False,
        scoring="accuracy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTERS)
def test_an_offset_is_not_forgotten(name, data, round_trip):
    X, y = data[0], np.exp(data[1])
    y = y > np.median(y) if name in ("logistic", "means of folds") else y
    offset = np.linspace(0.0, 0.5, len(y))
    model = FITTERS[name]
    assert not round_trip(model.fit(X, y)).has_offset  # which then needs none
    model.fit(X, y, offset=offset)
    back = round_trip(round_trip(model))
    assert back.has_offset
    for predict in (back.predict, back.decision_function):
        with pytest.raises(ValueError, match=r"fitted with one.*offset=0"):
            predict(X)
    np.testing.assert_array_equal(
        back.predict(X, offset=offset), model.predict(X, offset=offset)
    )
    np.testing.assert_array_equal(
        back.predict(X, offset=0), model.predict(X, offset=0)
    )


@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_the_offset_of_a_path_is_not_forgotten(loss, data, round_trip):
    X, y = data[0], np.exp(data[1])
    offset = np.linspace(0.0, 0.5, len(y))
    paths = [
        riata.fit_path(X, y, loss=loss, offset=offset, alphas=5),
        riata.cv_path(X, y, loss=loss, offset=offset, alphas=5).select().path,
        riata.cv_path(X, y, loss=loss, offset=offset, alphas=5, cv=2).paths[0],
        riata.adaptive_path(X, y, loss=loss, offset=offset, alphas=5),
    ]
    for path in paths:
        with pytest.raises(ValueError, match="fitted with one"):
            round_trip(path.at(path.alphas[2])).predict(X)
        assert not path.at(path.alphas[2]).problem.keys() & {"offset"}
    assert not riata.fit_path(X, y, loss=loss, alphas=2).has_offset


def test_files_without_the_entry_have_no_offset(data, tmp_path):
    file = tmp_path / "model.json"
    riata.save_model(riata.Lasso(alpha=0.05).fit(*data), file)
    content = json.loads(file.read_text())
    del content["offset"]
    file.write_text(json.dumps(content))
    riata.load_model(file).predict(data[0])
    file.write_text(json.dumps({**content, "offset": "yes"}))
    with pytest.raises(ValueError, match="damaged: offset is 'yes'"):
        riata.load_model(file)


def test_wrong_input(data, round_trip):
    X, y = data
    back = round_trip(riata.Lasso(alpha=0.05).fit(X, y))
    with pytest.raises(ValueError, match="6 features, but the model has 7"):
        back.predict(X[:, :6])
    with pytest.raises(ValueError, match="X"):
        back.predict(np.full((2, 7), np.nan))
    with pytest.raises(ValueError, match="offset"):
        back.predict(X, offset=[1.0])


def test_repr(data, round_trip):
    back = round_trip(riata.fit_path(*data).at(0.1))
    text = "<LinearPredictor: Squared(), alpha 0.1, 3 of 7 coefficients not zero>"
    assert repr(back) == text


# --- files


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1, max_size=20), finite)
def test_to_the_last_bit(tmp_path_factory, coef, intercept):
    model = riata.LinearPredictor(
        np.array(coef), np.float64(intercept), Squared(), alpha=0.1, l1_ratio=1.0,
        options=None,
    )
    file = tmp_path_factory.getbasetemp() / "bits.json"
    riata.save_model(model, file)
    back = riata.load_model(file)
    np.testing.assert_array_equal(back.coef, model.coef)
    assert back.intercept == model.intercept


ALL_LOSSES = [
    Squared(), Logistic(), Multinomial(), Multinomial(grouped=True), Poisson(), Gamma(),
    Tweedie(1.3), Tweedie(2), NegativeBinomial(0.7), Huber(2.5), SquaredHinge(),
]  # fmt: skip


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=repr)
def test_every_loss(loss, round_trip):
    shape = (3, 2) if loss.many_outputs else (2,)
    model = riata.LinearPredictor(
        np.ones(shape), np.zeros(shape[:-1])[()], loss, alpha=0.1, l1_ratio=1.0,
        options=None,
    )
    assert round_trip(model).loss == loss


def test_every_loss_is_in_that_list():
    names = {type(loss).__name__ for loss in ALL_LOSSES}
    assert names == set(riata.losses.__all__) - {"Loss", "get_loss"}


def test_infinities_and_missing_gaps_are_plain_json(data, tmp_path):
    X, y = data
    file = tmp_path / "model.json"
    factor = [0, 1, 2, np.inf, 1, 1, 1]
    model = riata.TweedieRegressor(
        power=3.0, penalty_factor=factor, lower=[-np.inf, *[-9.0] * 6]
    ).fit(X, np.exp(y))
    riata.save_model(model, file)

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    json.loads(file.read_text(), parse_constant=refuse)
    back = riata.load_model(file)
    assert back.problem["penalty_factor"].tolist() == factor
    assert back.problem["lower"][0] == -np.inf
    assert back.problem["upper"] is None
    assert np.isnan(back.certificate["relative_gap"])


def test_only_what_is_not_zero_is_stored(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 5000))
    model = riata.Lasso(alpha=0.5, positive=True).fit(X, X[:, 7] - X[:, 9])
    file = tmp_path / "model.json"
    riata.save_model(model, file)
    assert file.stat().st_size < 2000
    content = json.loads(file.read_text())
    assert content["coef"][0]["index"] == np.flatnonzero(model.coef_).tolist()


def test_replaces_a_file_whole_or_not_at_all(data, tmp_path):
    X, y = data
    file = tmp_path / "model.json"
    file.write_text("precious")

    class Own(Huber):
        pass

    with pytest.raises(TypeError, match="class of your own"):
        riata.save_model(riata.fit_path(X, y, loss=Own(), alphas=[0.1]).at(0.1), file)
    assert file.read_text() == "precious"
    riata.save_model(riata.Lasso().fit(X, y), str(file))
    assert os.listdir(tmp_path) == ["model.json"]
    assert riata.load_model(file).coef.shape == (7,)
    with pytest.raises(OSError, match="nowhere"):
        riata.save_model(riata.Lasso().fit(X, y), tmp_path / "nowhere" / "model.json")


def test_losses_of_ones_own(data, tmp_path):
    class LogCosh(Loss):
        name = "log-cosh"

        def value(self, y, eta):
            return np.logaddexp(y - eta, eta - y) - np.log(2.0)

        def residual(self, y, eta):
            return np.tanh(y - eta)

        def curvature(self, y, eta):
            return 1.0 / np.cosh(np.clip(y - eta, -300.0, 300.0)) ** 2

    model = riata.GeneralizedLinearRegressor(LogCosh(), alpha=0.01).fit(*data)
    with pytest.raises(TypeError, match=r"LogCosh\(\).*numpy.savez"):
        riata.save_model(model, tmp_path / "model.json")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda X, y: riata.Lasso(), "fit it first"),
        (lambda X, y: riata.fit_path(X, y), r"path.at\(alpha\)"),
        (lambda X, y: np.ones(3), "fitted estimator of riata"),
    ],
)
def test_what_is_no_model(make, message, data, tmp_path):
    with pytest.raises(TypeError, match=message):
        riata.save_model(make(*data), tmp_path / "model.json")


@pytest.fixture
def content(data, tmp_path):
    file = tmp_path / "good.json"
    riata.save_model(riata.Lasso(alpha=0.05).fit(*data), file)
    return json.loads(file.read_text())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2, "riata_version": "9.9"}, r"versions up to 1.*riata 9\.9"),
        ({"version": "1"}, "version '1'"),
        ({"version": 0}, "version 0"),
        ({"format": "other"}, "no model of riata"),
        ({"dtype": "int8"}, "dtype"),
        ({"shape": [3]}, "index outside of 0 to 2"),
        ({"shape": [2, 7]}, "1 rows"),
        ({"coef": [{"index": [0, 1], "value": [1.0]}]}, "damaged"),
        ({"coef": [{"index": [-1], "value": [1.0]}]}, "index outside"),
        ({"coef": [{"index": [0], "value": ["nan"]}]}, "damaged"),
        ({"coef": 3}, "damaged"),
        ({"intercept": "inf"}, "not finite"),
        ({"intercept": True}, "no number"),
        ({"intercept": 10**400}, "damaged"),
        ({"intercept": None}, "damaged"),
        ({"shape": []}, "damaged"),
        ({"shape": [7.0]}, "shape"),
        ({"shape": [True]}, "shape"),
        ({"shape": [10**30]}, "shape"),
        ({"shape": [1, 1, 7]}, "shape"),
        ({"dtype": ["float64"]}, "dtype"),
        ({"coef": [{"index": [0, 0], "value": [1.0, 2.0]}]}, "do not increase"),
        ({"coef": [{"index": [0.0], "value": [1.0]}]}, "no integer"),
        ({"coef": [{"index": [True], "value": [1.0]}]}, "no integer"),
        ({"coef": [{"index": [10**30], "value": [1.0]}]}, "index outside"),
        ({"coef": [{"index": [0], "value": [True]}]}, "no number"),
        ({"coef": [{"index": [0], "value": [10**400]}]}, "damaged"),
        ({"coef": [{"index": [0], "value": [[1.0]]}]}, "no number"),
        ({"coef": [{"index": [0], "value": [1.0], "x": 1}]}, "unknown entry 'x'"),
        ({"coef": [[0, 1.0]]}, "no object"),
        ({"dtype": "float32", "coef": [{"index": [0], "value": [1e308]}]}, "not finite"),
        ({"alpha": "x"}, "alpha"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": True}, "alpha"),
        ({"alpha": [0.1, 0.2]}, "alpha has 2"),
        ({"alpha": 10**400}, "alpha"),
        ({"l1_ratio": 1e308}, "l1_ratio"),
        ({"l1_ratio": [1.0]}, "l1_ratio"),
        ({"offset": 1}, "neither true nor false"),
        ({"source": ["Lasso"]}, "source"),
        ({"source": "x" * 10_000}, "source"),
        ({"source": "\ud800"}, "no text"),
        ({"riata_version": None}, "riata_version"),
        ({"extra": 1}, "'extra' is unknown"),
        ({"feature_names": "abcdefg"}, "no list"),
        ({"feature_names": [1, 2, 3, 4, 5, 6, 7]}, "others than texts"),
        ({"feature_names": [*"abcdef", "\udfff"]}, "no text"),
        ({"loss": "squared"}, "no object"),
        ({"loss": {"name": ["squared"]}}, "loss"),
        ({"loss": {"name": "huber", "delta": True}}, "delta"),
        ({"loss": {"name": "huber", "delta": "1"}}, "delta"),
        ({"loss": {"name": "huber"}}, "lacks the entry 'delta'"),
        ({"loss": {"name": "tweedie", "power": "one"}}, "power"),
        ({"loss": {"name": "multinomial", "grouped": False}}, "shape"),
        ({"certificate": 3}, "certificate"),
        ({"certificate": {}}, "lacks the entry"),
        ({"certificate": {"dual_gap": [1.0], "relative_gap": 0, "kkt": 0, "status": ""}},
         "dual_gap has 1"),
        ({"certificate": {"dual_gap": "x", "relative_gap": 0, "kkt": 0, "status": ""}},
         "dual_gap"),
        ({"categories": {"a": ["b"]}}, "do not fit"),
        ({"feature_names": ["a=b", *"123456"], "categories": {"a": ["b", "b"]}},
         "do not fit"),
        ({"feature_names": ["a=b", *"123456"], "categories": {"a": []}}, "do not fit"),
        ({"feature_names": ["a=b=c", *"123456"],
          "categories": {"a": ["b=c"], "a=b": ["c"]}}, "do not fit"),
        ({"categories": ["a"]}, "no object"),
        ({"intercept": [1, 2]}, "intercept"),
        ({"loss": {"name": "secret"}}, "'secret' is unknown"),
        ({"loss": {"name": "huber", "delta": -1}}, "delta"),
        ({"loss": {"name": "huber", "x": 1}}, "damaged"),
        ({"feature_names": ["a"]}, "feature_names has 1"),
        ({"classes": {"dtype": "M8[D]", "labels": []}}, "dtype"),
        ({"classes": [0, 1]}, "no object"),
        ({"classes": {"dtype": "<i8", "labels": [0, 1]}}, "has none"),
        ({"options": {}}, "lacks the entry 'fit_intercept'"),
    ],
)  # fmt: skip
def test_damaged_files(change, message, content, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=message):
        riata.load_model(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fit_intercept": [1]}, "neither true nor false"),
        ({"fit_intercept": 1}, "neither true nor false"),
        ({"penalty_factor": -1.0}, "penalty_factor"),
        ({"penalty_factor": "nan"}, "penalty_factor"),
        ({"penalty_factor": [1.0]}, "penalty_factor has 1"),
        ({"penalty_factor": True}, "penalty_factor"),
        ({"lower": 0.5}, "lower"),
        ({"upper": [0.0] * 6 + [-1.0]}, "upper"),
        ({"upper": [0.0] * 6 + [None]}, "upper"),
        ({"more": 1}, "unknown entry 'more'"),
    ],
)  # fmt: skip
def test_damaged_options(change, message, content, tmp_path):
    file = tmp_path / "bad.json"
    options = content["options"] | change
    file.write_text(json.dumps(content | {"options": options}))
    with pytest.raises(ValueError, match=message):
        riata.load_model(file)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"dtype": "<U1", "labels": ["aa", "ab"]}, "longest"),
        ({"dtype": "<U900000", "labels": ["a", "b"]}, "longest"),
        ({"dtype": "<U9999999999", "labels": ["a", "b"]}, "dtype"),
        ({"dtype": "<i8", "labels": ["a", "b"]}, "hold others"),
        ({"dtype": "<i8", "labels": [True, False]}, "hold others"),
        ({"dtype": "|i1", "labels": [0, 1000]}, "beyond"),
        ({"dtype": "<f8", "labels": [0.0, 10**400]}, "damaged"),
        ({"dtype": "<f4", "labels": [0.0, 1e308]}, "not finite"),
        ({"dtype": "<f4", "labels": [1.0, 1.0 + 1e-15]}, "twice"),
        ({"dtype": "object", "labels": [["a"], ["b"]]}, "hold others"),
        ({"dtype": "object", "labels": ["a", "a"]}, "twice"),
        ({"dtype": "<U1", "labels": ["a", "b", "c"]}, "2 classes"),
        ({"dtype": "<U1,<U1", "labels": ["a", "b"]}, "dtype"),
        ({"dtype": "<U1"}, "lacks the entry 'labels'"),
    ],
)
def test_damaged_classes(classes, message, content, tmp_path):
    file = tmp_path / "bad.json"
    change = {"loss": {"name": "logistic"}, "classes": classes}
    file.write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=message):
        riata.load_model(file)


@pytest.mark.parametrize("entry", ["coef", "intercept", "loss", "shape", "certificate"])
def test_missing_entries(entry, content, tmp_path):
    file = tmp_path / "bad.json"
    del content[entry]
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"lacks the entry '{entry}'"):
        riata.load_model(file)


def test_truncated_at_any_place(content, tmp_path):
    text = json.dumps(content)
    file = tmp_path / "bad.json"
    for size in range(1, len(text) - 1, 17):
        file.write_text(text[:size])
        with pytest.raises(ValueError, match="breaks off or is damaged"):
            riata.load_model(file)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a JSON file"),
        (b"\x80\x04\x95pickle", "not a JSON file"),
        (b"a,b\n1,2\n", "not a JSON file"),
        (b"[1, 2]", "no model of riata"),
        (b"{}", "no model of riata"),
    ],
)
def test_other_files(raw, message, tmp_path):
    file = tmp_path / "other"
    file.write_bytes(raw)
    with pytest.raises(ValueError, match=message):
        riata.load_model(file)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"format": ' * 100_000, '{"a": ' + "[" * 10**5 + "]" * 10**5 + "}"],
    ids=["lists", "objects", "closed"],
)
def test_nested_files(text, tmp_path):
    file = tmp_path / "deep.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"nested too deeply|not a JSON file"):
        riata.load_model(file)


def test_keys_that_are_there_twice(content, tmp_path):
    file = tmp_path / "bad.json"
    text = json.dumps(content)
    file.write_text(text[:-1] + ', "alpha": 3.0}')
    with pytest.raises(ValueError, match="'alpha' is there twice"):
        riata.load_model(file)
    file.write_text(text.replace('"intercept": ', '"intercept": NaN, "x": '))
    with pytest.raises(ValueError, match="NaN is no JSON"):
        riata.load_model(file)


def test_the_number_of_features_costs_nothing(content, tmp_path):
    file = tmp_path / "wide.json"
    n_features = 10**9
    content |= {
        "shape": [2, n_features], "intercept": [1.0, 2.0], "alpha": [0.1, 0.1],
        "coef": [{"index": [3, 10**8], "value": [1.0, 2.0]}, {"index": [], "value": []}],
        "certificate": None,
    }
    file.write_text(json.dumps(content))
    tracemalloc.start()
    model = riata.load_model(file)
    X = sp.csr_array(([5.0, 7.0, 11.0], [3, 4, 10**8], [0, 2, 3]), (2, n_features))
    scores = model.predict(X)
    riata.save_model(model, tmp_path / "again.json")
    assert f"2 of {2 * n_features} coefficients" in repr(model)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(np.ones((2, 3)))
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()
    np.testing.assert_array_equal(scores, [[6.0, 2.0], [23.0, 2.0]])


def test_scores_beyond_all_numbers(tmp_path):
    file = tmp_path / "large.json"
    for dtype, value in ((np.float64, 1e308), (np.float32, 3e38)):
        model = riata.LinearPredictor(
            np.full(3, value, dtype), dtype(0.0), Squared(), alpha=0.1, l1_ratio=1.0,
            options=None,
        )
        riata.save_model(model, file)
        model = riata.load_model(file)
        for X in (np.ones((2, 3), dtype), sp.csr_array(np.ones((2, 3), dtype))):
            with pytest.raises(ValueError, match="row 0 is beyond the range"):
                model.predict(X)
        with pytest.raises(ValueError, match="with which options"):
            model.problem


# --- files by strangers


def models_to_change():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((40, 4))
    y = np.exp(X[:, 0])
    names = np.array(["low", "mid", "high"])[np.digitize(y, [0.6, 1.5])]
    yield riata.Lasso(alpha=0.05, penalty_factor=[0, 1, np.inf, 1]).fit(X, y)
    yield riata.Ridge(alpha=[1.0, 2.0]).fit(X, np.column_stack([y, -y]))
    yield riata.TweedieRegressor(power=1.5, alpha=0.1).fit(X.astype(np.float32), y)
    yield riata.LogisticRegression(C=0.5).fit(X, names)
    path = riata.fit_path(X, y > 1, loss="logistic", alphas=[0.01], lower=-1.0)
    model = path.at(0.01, feature_names=["a=1", "a=2", "b", "c"], classes=[False, True])
    model.categories = {"a": ["1", "2"]}
    yield model


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    texts = []
    for model in models_to_change():
        riata.save_model(model, folder / "model.json")
        texts.append((folder / "model.json").read_text())
    return texts


def places_in(content):
    """All places in nested dicts and lists: the holder, and the key in it."""
    keys = content.keys() if isinstance(content, dict) else range(len(content))
    for key in list(keys):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from places_in(content[key])


ODD_VALUES = st.one_of(
    st.sampled_from([
        None, True, False, 0, 1, -1, 2**53 + 1, 2**63, 10**400, 0.5, -0.0, 1e308, 1e-320,
        "", "x", "inf", "nan", "\ud800", "<U99999", "object", "squared", "tweedie", [], {},
        [[]], [None], {"index": [], "value": []}, {"": 0}, [1e308] * 4, [10**400], ["nan"],
    ]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)


def loaded(file):
    """The model, or None and why the file is refused."""
    try:
        return riata.load_model(file), ""
    except ValueError as error:
        return None, str(error)


@given(st.data())
def test_files_by_strangers_are_models_or_refused(contents, tmp_path_factory, data):
    """What is loaded after any change predicts, is saved, and loads again as the same."""
    text = data.draw(st.sampled_from(contents))
    content = json.loads(text)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places_in(content))))
        action = data.draw(st.sampled_from(["change", "delete", "double", "move"]))
        if action == "change":
            holder[key] = deepcopy(data.draw(ODD_VALUES))
        elif action == "delete":
            del holder[key]
        elif action == "double" and isinstance(holder, list):
            holder.insert(key, holder[key])
        else:
            other = content.get(data.draw(st.sampled_from([*content, "x"])))
            holder[key] = deepcopy(other)
        if not content:
            break
    file = tmp_path_factory.getbasetemp() / "stranger.json"
    text = json.dumps(content)
    cut = data.draw(st.integers(0, 20))
    file.write_text(text[: len(text) - cut] if cut > 15 else text)
    model, message = loaded(file)
    if model is None:
        assert str(file) in message
        assert len(message) < 1000
        return
    assert model.n_features < 10**6 or model._shape == (model.n_features,)
    X = sp.csr_array((3, model.n_features))
    offset = 0 if model.has_offset else None
    predicted = model.predict(X, offset=offset)
    assert len(predicted) == 3
    repr(model)
    riata.save_model(model, file)
    again = riata.load_model(file)
    np.testing.assert_array_equal(again.predict(X, offset=offset), predicted)
    if model._options is not None and np.ndim(model.alpha) == 0 and model.alpha is not None:
        assert again.problem.keys() == model.problem.keys()


@given(st.data())
def test_files_with_other_bytes_are_models_or_refused(contents, tmp_path_factory, data):
    raw = bytearray(data.draw(st.sampled_from(contents)).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    file = tmp_path_factory.getbasetemp() / "bytes.json"
    file.write_bytes(raw)
    model, _ = loaded(file)
    if model is None:
        return
    offset = 0 if model.has_offset else None
    assert len(model.predict(sp.csr_array((2, model.n_features)), offset=offset)) == 2


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        riata.load_model(tmp_path / "nothing.json")


WITHOUT_SKLEARN = """
import sys
sys.modules["sklearn"] = sys.modules["pandas"] = sys.modules["joblib"] = None
import numpy as np, riata
model = riata.load_model(sys.argv[1])
X = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict_proba(X))
assert model.predict(X)[0] in ("yes", "no")
assert "sklearn" not in [name for name, m in sys.modules.items() if m is not None]
path = riata.fit_path(X, X[:, 0])
riata.save_model(path.at(path.alphas[3]), sys.argv[1])
print(path.summary(path.alphas[3]), path.to_frame(frame="table"), path)
"""


def test_without_scikit_learn(data, tmp_path):
    X, y = data
    model = riata.LogisticRegression().fit(X, np.where(y > 0, "yes", "no"))
    riata.save_model(model, tmp_path / "model.json")
    np.save(tmp_path / "X.npy", X)
    names = [tmp_path / name for name in ("model.json", "X.npy", "p.npy")]
    root = str(Path(riata.__file__).parent.parent)
    subprocess.run(
        [sys.executable, "-c", WITHOUT_SKLEARN, *map(str, names)], check=True,
        capture_output=True, env=os.environ | {"PYTHONPATH": root},
    )  # fmt: skip
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))
