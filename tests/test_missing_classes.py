"""Classes without weight in the data, in the training rows or in the test rows of a fold.

With an intercept the optimum lies in a limit: the class has the probability zero, and the
others are fitted as if it were not there. Without one the optimum is finite.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegressionCV as SklearnCV
from sklearn.model_selection import KFold

from riata import (
    GeneralizedLinearClassifier,
    GeneralizedLinearClassifierCV,
    LogisticRegression,
    LogisticRegressionCV,
    check_solution,
    cv_path,
    fit_path,
)
from riata.losses import Multinomial

X, Y = load_iris(return_X_y=True)
X, Y = np.ascontiguousarray(X[::3]), Y[::3]
NEGLIGIBLE = 1e-14


def softmax_optimum(y, n_classes, weight, alpha, fit_intercept):
    """Coefficients (n_classes, n_features) and intercepts of the L2 penalty, by SciPy."""
    weight, targets = weight / weight.sum(), np.eye(n_classes)[y]

    def objective(flat):
        W = flat.reshape(n_classes, -1)
        eta = X @ W[:, 1:].T + fit_intercept * W[:, 0]
        top = eta.max(axis=1, keepdims=True)
        lse = np.log(np.exp(eta - top).sum(axis=1)) + top[:, 0]
        value = weight @ (lse - (targets * eta).sum(axis=1))
        R = weight[:, None] * (np.exp(eta - lse[:, None]) - targets)
        gradient = np.column_stack([fit_intercept * R.sum(axis=0), R.T @ X])
        gradient[:, 1:] += alpha * W[:, 1:]
        return value + 0.5 * alpha * (W[:, 1:] ** 2).sum(), gradient.ravel()

    found = minimize(
        objective, np.zeros(n_classes * 5), jac=True, method="BFGS",
        options={"gtol": 1e-10, "maxiter": 10000},
    ).x.reshape(n_classes, -1)
    return found[:, 1:], found[:, 0]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_one_of_three_classes(missing):
    model = LogisticRegression(C=0.3, class_weight={missing: 0}, tol=1e-8).fit(X, Y)
    others = [k for k in range(3) if k != missing]
    counted = np.isin(Y, others).astype(float)
    W, b = softmax_optimum(
        np.where(others[1] == Y, 1, 0), 2, counted, 1.0 / (0.3 * counted.sum()), True
    )
    assert list(model.classes_) == [0, 1, 2]
    assert model.coef_.shape == (3, 4)
    assert model.status_ == "optimal"
    assert np.isfinite(model.intercept_).all()
    assert_allclose(model.intercept_.sum(), 0.0, atol=1e-12)
    assert (model.coef_[missing] == 0.0).all()
    assert_allclose(model.coef_[others], W, atol=1e-6)
    assert_allclose(np.diff(model.intercept_[others]), np.diff(b), atol=1e-6)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), 3)
    assert proba[counted > 0, missing].max() <= NEGLIGIBLE
    assert_allclose(proba.sum(axis=1), 1.0)
    again = LogisticRegression(C=0.3, tol=1e-8).fit(X, Y, sample_weight=counted)
    assert_allclose(again.coef_, model.coef_)


@pytest.mark.parametrize("missing", [0, 2])
def test_one_of_three_classes_without_intercept(missing):
    model = LogisticRegression(
        C=0.3, class_weight={missing: 0}, fit_intercept=False, tol=1e-8
    ).fit(X, Y)
    weight = (missing != Y).astype(float)
    W, _ = softmax_optimum(Y, 3, weight, 1.0 / (0.3 * weight.sum()), False)
    assert_allclose(model.coef_, W, atol=1e-6)
    assert (model.intercept_ == 0.0).all()


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_one_of_two_classes(loss, missing, l1_ratio):
    y = (Y == 2).astype(int)
    model = GeneralizedLinearClassifier(
        loss, alpha=0.1, l1_ratio=l1_ratio, class_weight={missing: 0}
    ).fit(X, y)
    assert list(model.classes_) == [0, 1]
    assert (model.coef_ == 0.0).all()
    assert model.coef_.shape == (1, 4)
    assert model.status_ == "optimal"
    assert (model.predict(X) == 1 - missing).all()
    if loss == "logistic":
        assert model.predict_proba(X)[:, missing].max() <= NEGLIGIBLE
    else:
        assert_allclose(model.intercept_, [1.0 if missing == 0 else -1.0])


@pytest.mark.parametrize("missing", [0, 1])
def test_one_of_two_classes_without_intercept(missing):
    y = (Y == 2).astype(int)
    model = LogisticRegression(
        C=0.3, class_weight={missing: 0}, fit_intercept=False, tol=1e-8
    ).fit(X, y)
    kept = y != missing
    sign = 1.0 if missing == 0 else -1.0

    def objective(w):  # C times the sum of the losses, and the penalty
        return 0.3 * np.logaddexp(0.0, -sign * (X[kept] @ w)).sum() + 0.5 * w @ w

    w = minimize(objective, np.zeros(4), options={"gtol": 1e-7}).x
    assert_allclose(model.coef_[0], w, atol=1e-5)


def test_only_one_of_three_classes_has_weight():
    model = LogisticRegression(class_weight={"a": 0, "c": 0.0}).fit(
        X, np.array(["a", "b", "c"])[Y]
    )
    assert (model.coef_ == 0.0).all()
    assert (model.predict(X) == "b").all()
    assert model.predict_proba(X)[:, [0, 2]].max() <= NEGLIGIBLE


@pytest.mark.parametrize("as_matrix", [np.array, sparse.csr_array])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_paths_are_optimal(as_matrix, grouped, l1_ratio):
    rng = np.random.default_rng(0)
    offset = rng.standard_normal((len(X), 3))
    problem = {
        "loss": Multinomial(grouped), "l1_ratio": l1_ratio, "offset": offset,
        "sample_weight": np.where(Y == 1, 0.0, rng.uniform(0.5, 2.0, len(Y))),
    }
    path = fit_path(as_matrix(X), Y, alphas=4, tol=1e-7, **problem)
    assert path.coefs.shape == (3, 4, 4)
    for k, alpha in enumerate(path.alphas):
        certificate = check_solution(X, Y, *path.coef_at(alpha), alpha=alpha, **problem)
        assert certificate.relative_gap <= 1e-7
        assert_allclose(certificate.primal, path.objective[k], rtol=1e-10)
        assert path.predict(X, alpha, offset)[Y != 1, 1].max() <= NEGLIGIBLE
    # Whatever the class without weight is given raises the objective and the gap.
    coef, intercept = path.coef_at(path.alphas[-1])
    coef[1] += 0.1
    intercept[1] += 60.0
    worse = check_solution(X, Y, coef, intercept, alpha=path.alphas[-1], **problem)
    rise = worse.primal - path.objective[-1]
    assert rise > 0.01
    assert worse.gap >= rise * (1.0 - 1e-12)
    warm = fit_path(X, Y, alphas=path.alphas[-1:], init=path, tol=1e-7, **problem)
    assert_allclose(warm.objective[0], path.objective[-1], rtol=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_bound_of_the_certificate_holds_for_two_classes(fit_intercept):
    y, weight = (Y == 2).astype(int), (Y == 2).astype(float)
    problem = {
        "loss": "logistic", "alpha": 0.1, "sample_weight": weight,
        "fit_intercept": fit_intercept,
    }
    found = check_solution(X, y, np.full(4, 0.1), 2.0 * fit_intercept, **problem)
    best = fit_path(
        X, y, alphas=[0.1], loss="logistic", sample_weight=weight,
        fit_intercept=fit_intercept, tol=1e-9,
    )
    assert found.dual <= best.objective[0] + 1e-12
    assert_allclose(found.primal - found.gap, found.dual)


def test_balanced_weights_leave_out_what_has_none():
    weight = np.where(Y == 0, 0.0, np.where(Y == 1, 1.0, 3.0))
    model = LogisticRegression(class_weight="balanced").fit(X, Y, sample_weight=weight)
    share = weight.sum() / 2.0 / np.bincount(Y)
    equal = LogisticRegression().fit(X, Y, sample_weight=np.where(Y == 0, 0.0, share[Y]))
    assert_allclose(model.coef_, equal.coef_, rtol=1e-3, atol=1e-6)


def test_one_class_in_y_is_still_an_error():
    with pytest.raises(ValueError, match="one class only"):
        fit_path(X, np.ones(len(X)), loss="logistic")
    with pytest.raises(ValueError, match="holds one class only"):
        LogisticRegression().fit(X, np.ones(len(X)))


@pytest.mark.parametrize("model", [
    LogisticRegression(l1_ratio=0.5),
    LogisticRegressionCV(Cs=[0.1, 1.0], cv=2),
    GeneralizedLinearClassifierCV("squared_hinge", alphas=4, cv=2),
], ids=lambda model: type(model).__name__)
def test_bagging_of_rare_classes(model):
    y = np.where(Y == 2, np.where(np.arange(len(Y)) % 9 == 0, 2, 1), Y)
    y = y if type(model) is LogisticRegression else (y == 2).astype(int)
    bag = BaggingClassifier(model, n_estimators=5, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        bag.fit(X, y)
    proba = bag.predict_proba(X)
    assert proba.shape == (len(X), len(np.unique(y)))
    assert_allclose(proba.sum(axis=1), 1.0)
    assert bag.score(X, y) > 0.8


# --- Cross-validation.


@pytest.mark.parametrize("scoring", ["accuracy", "neg_brier_score", "f1_macro"])
def test_folds_without_a_class_score_as_in_sklearn(scoring):
    options = {
        "Cs": [0.1, 1.0], "cv": KFold(3), "scoring": scoring, "tol": 1e-7,
        "use_legacy_attributes": False, "max_iter": 10000,
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "F-score is ill-defined")
        ours = LogisticRegressionCV(**options).fit(X, Y)
        theirs = SklearnCV(l1_ratios=(0,), **options).fit(X, Y)
    assert_allclose(ours.scores_, theirs.scores_, atol=1e-4)
    assert ours.C_ == theirs.C_
    assert ours.coefs_paths_.shape == theirs.coefs_paths_.shape


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "d2_log_loss_score", "neg_brier_score"]
)
@pytest.mark.parametrize("cv", [KFold(3), KFold(10), 3], ids=str)
def test_probabilities_are_scored_for_all_classes(scoring, cv):
    y = np.where(np.arange(len(Y)) == 20, 3, Y)  # a class with one member
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        model = LogisticRegressionCV(
            Cs=[0.1, 1.0], cv=cv, scoring=scoring, use_legacy_attributes=False
        ).fit(X, y)
    assert np.isfinite(model.scores_).all()
    assert model.predict_proba(X).shape == (len(X), 4)


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_classes_without_weight_in_cross_validation(missing, fit_intercept):
    options = {"class_weight": {missing: 0}, "fit_intercept": fit_intercept}
    model = LogisticRegressionCV(
        Cs=[0.1, 1.0], cv=KFold(3), use_legacy_attributes=False, **options
    ).fit(X, Y)
    assert model.coef_.shape == (3, 4)
    assert np.isfinite(model.scores_).all()
    if fit_intercept:
        assert model.predict_proba(X)[missing != Y, missing].max() <= NEGLIGIBLE
    alone = LogisticRegression(C=model.C_, tol=1e-6, **options).fit(X, Y)
    assert_allclose(model.coef_, alone.coef_, atol=1e-3)
    general = GeneralizedLinearClassifierCV("multinomial", alphas=3, cv=3, **options)
    assert general.fit(X, Y).coef_.shape == (3, 4)
    general.set_params(cv=KFold(3))
    with pytest.raises(ValueError, match=r"\(times class_weight\) is zero on all test"):
        general.fit(X, Y)
    binary = GeneralizedLinearClassifierCV(alphas=3, cv=3, class_weight={0: 0})
    assert binary.fit(X, Y == 2).predict(X).all()


def test_what_is_not_defined_for_one_class_is_nan():
    model = LogisticRegressionCV(
        Cs=[0.1, 1.0], cv=KFold(3), scoring="roc_auc_ovr", use_legacy_attributes=False
    )
    with pytest.warns(UserWarning, match="Only one class is present"):
        model.fit(X, Y)
    assert np.isnan(model.scores_).all()
    assert model.C_ == 0.1


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_folds_that_train_on_one_class(loss):
    y = (Y == 2).astype(int)
    model = GeneralizedLinearClassifierCV(
        loss, alphas=3, l1_ratio=[0.0, 1.0], cv=KFold(3), scoring="accuracy"
    ).fit(X, y)
    assert_allclose(model.score_path_[:, 0, 0], 1.0)  # the null model
    order = np.argsort(-y, kind="stable")
    splits = [(np.flatnonzero(y == k), np.flatnonzero(y != k)) for k in (0, 1)]
    result = cv_path(X[order], y[order], loss=loss, cv=splits, alphas=3)
    assert np.isfinite(result.mean_score()).all()


@pytest.mark.parametrize("loss", ["multinomial", Multinomial(grouped=True)], ids=str)
def test_cv_path_of_folds_without_a_class(loss):
    result = cv_path(
        X, Y, loss=loss, cv=KFold(3), alphas=3, scoring=["accuracy", "neg_brier_score"]
    )
    assert np.isfinite(result.mean_score("neg_deviance")).all()
    assert result.select("1se").coef.shape == (3, 4)
    proba = result.out_of_fold(X)
    assert proba[np.arange(len(Y)), Y].max() <= NEGLIGIBLE  # each fold lacks one class
    assert_allclose(result.scores["accuracy"], 0.0)
