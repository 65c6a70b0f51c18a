"""A model that was fitted with an offset does not predict without one, wherever it is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import riata
from riata import plots

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
OFFSET = RNG.uniform(0.5, 1.5, 60)
COUNTS = RNG.poisson(np.exp(0.5 * X[:, 0] + OFFSET)).astype(float)
LABELS = (X[:, 0] + OFFSET > 1.0).astype(int)
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])
MISSING = "offset is missing: the model was fitted with one"


def check(method, *args):
    """The method raises without an offset; with 0 it differs from that with offsets."""
    with pytest.raises(ValueError, match=MISSING):
        method(*args)
    with_offset = np.asarray(method(*args, offset=OFFSET), dtype=float)
    without = np.asarray(method(*args, offset=0), dtype=float)
    assert_allclose(without, method(*args, offset=np.zeros(60)))
    return with_offset, without


REGRESSORS = [
    riata.Lasso(), riata.ElasticNet(), riata.Ridge(), riata.HuberRegressor(),
    riata.GeneralizedLinearRegressor("poisson"), riata.PoissonRegressor(),
    riata.TweedieRegressor(power=1.5), riata.AdaptiveLasso(),
    riata.LassoCV(alphas=3), riata.ElasticNetCV(alphas=3),
    riata.RidgeCV(), riata.RidgeCV(cv=3),
    riata.GeneralizedLinearRegressorCV("poisson", alphas=3),
    riata.RelaxedLassoCV(alphas=3), riata.AdaptiveLassoCV(alphas=3),
]
CLASSIFIERS = [
    riata.LogisticRegression(), riata.LogisticRegressionCV(Cs=2, cv=3),
    riata.GeneralizedLinearClassifier(), riata.GeneralizedLinearClassifierCV(alphas=3),
]


def name_of(model):
    return str(model)


@pytest.mark.parametrize("model", REGRESSORS, ids=name_of)
def test_regressors(model):
    model.fit(X, COUNTS + 0.1, offset=OFFSET)
    with_offset, without = check(model.predict, X)
    assert (with_offset > without).all()
    check(model.score, X, COUNTS + 0.1)


@pytest.mark.parametrize("y", [LABELS, CLASSES], ids=["two", "three"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name_of)
def test_classifiers(model, y):
    offset = OFFSET if y is LABELS else np.outer(OFFSET, [1.0, 0.0, -1.0])
    model.fit(X, y, offset=offset)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(ValueError, match=MISSING):
            getattr(model, method)(X)
        assert len(getattr(model, method)(X, offset=offset)) == 60
        assert len(getattr(model, method)(X, offset=0)) == 60
    with pytest.raises(ValueError, match=MISSING):
        model.score(X, y)
    assert model.score(X, y, offset=offset) > 0.5
    assert_allclose(
        model.decision_function(X, offset=offset) - model.decision_function(X, offset=0),
        offset, atol=1e-8,
    )


def test_paths_and_model_files(tmp_path):
    path = riata.fit_path(X, COUNTS, loss="poisson", offset=OFFSET, alphas=5)
    alpha = path.alphas[-1]
    for args in ((X,), (X, alpha)):
        check(path.predict, *args)
        check(path.decision_function, *args)
    with_offset, without = check(path.predict, X, alpha)
    assert_allclose(with_offset, without * np.exp(OFFSET))
    step = path.at(alpha)
    check(step.predict, X)
    riata.save_model(step, tmp_path / "model.json")
    check(riata.load_model(tmp_path / "model.json").predict, X)
    relaxed = riata.relaxed_path(X, COUNTS, loss="poisson", offset=OFFSET, alphas=3)
    check(relaxed.predict, X)
    check(relaxed.decision_function, X, relaxed.alphas[-1])
    check(riata.adaptive_path(X, COUNTS, offset=OFFSET, alphas=3).predict, X)


@pytest.mark.parametrize("shape", [(60,), (60, 3)], ids=str)
def test_several_classes(shape):
    offset = np.broadcast_to(OFFSET, (3, 60)).T if len(shape) == 2 else OFFSET
    path = riata.fit_path(X, CLASSES, loss="multinomial", offset=offset, alphas=3)
    with pytest.raises(ValueError, match=MISSING):
        path.predict(X)
    # What all classes have in common changes no probability.
    assert_allclose(path.predict(X, offset=offset), path.predict(X, offset=0))
    result = riata.cv_path(
        X, CLASSES, loss="multinomial", offset=offset, alphas=3, cv=3
    )
    assert_allclose(result.out_of_fold(X, offset=offset), result.out_of_fold(X, offset=0))


@pytest.mark.parametrize("model", [
    riata.LassoCV(alphas=3), riata.RidgeCV(cv=3), riata.RelaxedLassoCV(alphas=3),
], ids=name_of)
def test_results_of_cross_validation(model):
    result = model.fit(X, COUNTS, offset=OFFSET).cv_result_
    check(result.out_of_fold, X)
    check(result.select().path.predict, X)
    check(result.fold_paths[0][0].predict, X)


def test_pictures():
    model = riata.PoissonRegressor().fit(X, COUNTS, offset=OFFSET)
    with pytest.raises(ValueError, match=MISSING):
        plots.PredictionDisplay.from_estimator(model, X, COUNTS)
    drawn = plots.PredictionDisplay.from_estimator(model, X, COUNTS, offset=OFFSET)
    assert_allclose(drawn.y_pred, model.predict(X, offset=OFFSET))
    result = riata.cv_path(X, COUNTS, loss="poisson", offset=OFFSET, alphas=3)
    with pytest.raises(ValueError, match=MISSING):
        plots.PredictionDisplay.from_result(result, X, COUNTS)


def test_without_an_offset_in_the_fit_none_is_needed():
    model = riata.PoissonRegressor().fit(X, COUNTS, offset=OFFSET)
    model.fit(X, COUNTS)
    assert_allclose(model.predict(X), model.predict(X, offset=0.0))
