"""Newton's method with a model for each alpha, and the warm starts of folds."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer

from riata import LogisticRegressionCV, _costs, alpha_max, fit_path
from riata._core.gram import gram_of_rows, rows_of
from riata._cross_validation._scores import ModelScorer, accuracies, minus_log_losses
from riata._path._checked import Data, checked_penalty, checked_problem
from riata._path._solve import solve_path
from riata._solver._hessian_columns import HessianColumns
from riata._solver._hessian_per_alpha import HessianPerAlpha
from riata._solver._solutions import Settings
from riata._solver._warm_start import SavedPath
from riata._validation import check_design
from riata.losses import get_loss

FAR = np.array([0.3, 3e-2, 2e-3, 1e-4])  # of alpha_max


@pytest.fixture(autouse=True)
def not_small(monkeypatch):
    """Problems that count as too large for the compiled loop over alphas."""
    monkeypatch.setattr(_costs, "LOOP_COLUMNS", 0)


def classes(n, p, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.3, 3.0, p) + rng.standard_normal(p)
    eta = X[:, 0] - X[:, 1] + noise * rng.standard_normal(n)
    return X, (eta > np.median(eta)).astype(float)


def sparsely(X, seed=1):
    return sparse.csc_array(X * (np.random.default_rng(seed).random(X.shape) < 0.3))


@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("form", ["dense", "sparse", "float32"])
@pytest.mark.parametrize("shape", [(120, 12), (40, 260)], ids=["tall", "wide"])
@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_own_models_lead_where_a_common_one_does(
    monkeypatch, loss, shape, form, l1_ratio
):
    X, y = classes(*shape)
    if loss == "poisson":
        y = np.random.default_rng(2).poisson(np.exp(0.3 * y)).astype(float)
    X = sparsely(X) if form == "sparse" else X.astype(
        np.float32 if form == "float32" else float
    )
    weight = np.random.default_rng(3).integers(0, 3, len(y)).astype(float)
    options = {
        "loss": loss, "l1_ratio": l1_ratio, "sample_weight": weight, "tol": 1e-9,
        "offset": 0.1 * np.random.default_rng(4).standard_normal(len(y)),
    }
    alphas = FAR * alpha_max(X, y, **{k: v for k, v in options.items() if k != "tol"})
    own = fit_path(X, y, alphas=alphas, **options)
    monkeypatch.setattr(HessianPerAlpha, "_pays", lambda self, alphas: False)
    common = fit_path(X, y, alphas=alphas, **options)
    assert max(own.relative_gap.max(), common.relative_gap.max()) <= 1e-9
    np.testing.assert_allclose(
        own.objective, common.objective, rtol=2e-9 * common.null_objective
        / common.objective.min(),
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_bounds_and_free_columns_with_own_models(monkeypatch, fit_intercept):
    X, y = classes(80, 20)
    options = {
        "loss": "logistic", "lower": -0.2, "upper": 0.3, "fit_intercept": fit_intercept,
        "penalty_factor": np.r_[0.0, np.inf, np.ones(18)],
    }
    alphas = FAR * alpha_max(X, y, **options)
    own = fit_path(X, y, alphas=alphas, tol=1e-10, **options)
    monkeypatch.setattr(HessianPerAlpha, "_pays", lambda self, alphas: False)
    common = fit_path(X, y, alphas=alphas, tol=1e-10, **options)
    np.testing.assert_allclose(own.coef.toarray(), common.coef.toarray(), atol=1e-5)
    assert own.coef.toarray().min() >= -0.2
    assert own.coef.toarray().max() <= 0.3


def test_scikit_learn_finds_the_same():
    X, y = classes(150, 6)
    Cs = np.array([1e-3, 1e-1, 10.0, 1e3])
    path = fit_path(X, y, loss="logistic", l1_ratio=0.0, alphas=1 / (Cs * 150), tol=1e-12)
    for k, C in enumerate(Cs):
        model = Reference(C=C, tol=1e-10, max_iter=10_000, solver="newton-cholesky")
        coef = model.fit(X, y).coef_[0]
        np.testing.assert_allclose(path.coef.toarray()[:, k], coef, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shape", [(40, 300), (100, 12)], ids=["wide", "tall"])
def test_separable_classes_take_few_steps_at_tiny_alphas(shape):
    X, y = classes(*shape, noise=0.0)
    alphas = alpha_max(X, y, loss="logistic") * np.logspace(-1, -9, 9)
    path = fit_path(X, y, loss="logistic", alphas=alphas, tol=1e-8)
    assert {str(status) for status in path.status} == {"optimal"}
    work = path.diagnostics
    # a step of Newton's method adds about one to the margins
    assert work.hessians <= 30 * len(alphas)
    assert work.events <= 200 * len(alphas)
    assert work.epochs <= 200 * len(alphas)
    assert work.newton == 0


def test_residuals_and_curvatures_of_samples_that_are_far_on_their_side():
    X = np.array([[-1.0], [-0.9], [0.9], [300.0]])
    path = fit_path(X, [0, 0, 1, 1], loss="logistic", alphas=[1e-12], tol=1e-8)
    assert np.abs(X @ path.coef.toarray()).max() > 750.0  # exp(-eta) is no number
    assert path.status[0] == "optimal"
    assert path.diagnostics.hessians <= 40
    loss, eta = get_loss("logistic"), np.array([40.0, -40.0, 1000.0])
    y = np.array([1.0, 0.0, 1.0])
    tail = np.exp(-40.0)
    np.testing.assert_allclose(loss.residual(y, eta), [tail, -tail, 0.0], rtol=1e-12)
    assert loss.curvature(y, eta).min() > 0


# --- Hessians.


def problem_of(X, y, weight=None, fit_intercept=True, l1_ratio=1.0):
    X = check_design(X)
    penalty = checked_penalty(None, l1_ratio, None, None, None, X.n_features)
    return checked_problem(
        Data(X, y, weight, None), get_loss("logistic"), fit_intercept=fit_intercept,
        standardize=False, **penalty,
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", [np.asarray, sparsely])
@pytest.mark.parametrize("weighted", [True, False])
def test_hessians_are_weighted_products(form, weighted, fit_intercept):
    X, y = classes(5000, 7)
    X = form(X)
    rng = np.random.default_rng(5)
    weight = rng.uniform(0.5, 2.0, len(y)) if weighted else None
    problem = problem_of(X, y, weight, fit_intercept)
    columns, curvature = HessianColumns(problem), rng.uniform(0.1, 1.0, len(y))
    columns.extend(np.array([5, 1]))
    columns.extend(np.array([5, 1, 0, 3]))
    dense = np.asarray(X.toarray() if sparse.issparse(X) else X)
    v = curvature if problem.weights is None else curvature * problem.weights
    for places in (np.arange(4), np.array([3, 0])):
        ids = np.array([5, 1, 0, 3])[places]
        Z = dense[:, ids] * problem.design.scale[ids]
        mean = v @ Z / v.sum() * fit_intercept
        gram, shift, total = columns.hessian(places, curvature)
        np.testing.assert_allclose(gram, (Z - mean).T @ (v[:, None] * (Z - mean)),
                                   rtol=1e-10, atol=1e-10 * len(y))
        own = problem.design.mean[ids] * problem.design.scale[ids]
        np.testing.assert_allclose(shift, (mean - own) * fit_intercept, atol=1e-10)
        assert total == pytest.approx(v.sum())


def test_gram_of_rows_checks_its_arguments():
    problem = problem_of(sparsely(classes(20, 4)[0]), classes(20, 4)[1])
    start, column, entry, _ = rows_of(problem.design, np.arange(4), False)
    with pytest.raises(ValueError, match="shapes"):
        gram_of_rows(start, column, entry, np.ones(21), 4)
    with pytest.raises(IndexError, match="column"):
        gram_of_rows(start, column, entry, np.ones(20), 3)


# --- Guides.


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize(
    "shape", [(300, 15), (3000, 60), (50, 200)], ids=["small", "tall", "wide"]
)
@pytest.mark.parametrize("alphas", [FAR, np.logspace(0, -2, 8), np.logspace(0, -2, 30)],
                         ids=["far", "between", "near"])
def test_a_guided_path_is_the_path_and_takes_less(alphas, shape, l1_ratio):
    X, y = classes(*shape)
    top = alpha_max(X, y, loss="logistic", l1_ratio=l1_ratio)
    data = Data(check_design(X), y, None, None)
    penalty = checked_penalty(None, l1_ratio, None, None, None, shape[1])
    saved_path, settings = SavedPath(), Settings(tol=1e-9)

    def fit(data, saved_path=None):
        return solve_path(
            data, alphas * top, penalty, settings, fit_intercept=True, standardize=False,
            loss=get_loss("logistic"), saved_path=saved_path,
        )

    whole = fit(data, saved_path)
    tall = shape[0] > shape[1]
    # from near alphas the one before leads to the next; a wide L2 path is not Newton's,
    # and the Hessians of a small one cost less than what a saved path takes
    saved_paths = {4: tall or l1_ratio > 0.0, 8: tall, 30: False}
    small = l1_ratio == 0.0 and shape != (3000, 60)
    assert saved_path.written == (saved_paths[len(alphas)] and not small)
    weight = (np.arange(len(y)) % 5 > 0).astype(float)
    part = data._replace(sample_weight=weight)
    guided, alone = fit(part, saved_path if saved_path.written else None), fit(part)
    assert guided.relative_gap.max() <= 1e-9
    np.testing.assert_allclose(guided.objective, alone.objective, atol=1e-8)
    if saved_path.written:
        assert guided.diagnostics.hessians <= 1.2 * alone.diagnostics.hessians
        assert fit(data, saved_path).diagnostics.hessians <= whole.diagnostics.hessians


def test_a_guide_may_know_columns_that_a_fold_has_not():
    X, y = classes(60, 5)
    X[:, 4] = np.arange(60) < 6  # constant in the folds without these rows
    model = LogisticRegressionCV(
        Cs=4, l1_ratios=[0.0, 1.0], use_legacy_attributes=False, tol=1e-5,
        cv=[(np.arange(6, 60), np.arange(6)), (np.arange(50), np.arange(50, 60))],
    ).fit(X, y)
    for fold, rows in enumerate([np.arange(6, 60), np.arange(50)]):
        for i, l1_ratio in enumerate([0.0, 1.0]):
            path = fit_path(
                X[rows], y[rows], loss="logistic", l1_ratio=l1_ratio, tol=1e-10,
                alphas=1 / (np.logspace(-4, 4, 4) * len(rows))[::-1][::-1],
            )
            found = model.coefs_paths_[fold, i, :, 0, :-1]
            np.testing.assert_allclose(
                found, path.coef.toarray().T, rtol=1e-2, atol=1e-3
            )


def test_threads_do_not_matter():
    X, y = classes(90, 120)
    fits = [
        LogisticRegressionCV(
            Cs=5, l1_ratios=[1.0], use_legacy_attributes=False, n_jobs=n_jobs
        ).fit(X, y)
        for n_jobs in (1, 3)
    ]
    np.testing.assert_array_equal(fits[0].coefs_paths_, fits[1].coefs_paths_)
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)


# --- Scores at once.


def test_accuracies_are_those_of_scikit_learn():
    rng = np.random.default_rng(6)
    codes, weight = rng.integers(0, 3, 40), rng.uniform(size=40)
    eta = rng.standard_normal((40, 3, 5))
    for k, value in enumerate(accuracies(eta, codes, weight)):
        expected = accuracy_score(codes, eta[:, :, k].argmax(axis=1), sample_weight=weight)
        assert value == pytest.approx(expected)
    two = accuracies(eta[:, 0], codes == 1)
    assert two[2] == pytest.approx(accuracy_score(codes == 1, eta[:, 0, 2] > 0))


def test_log_losses_are_those_of_scikit_learn():
    rng = np.random.default_rng(6)
    codes, weight = np.arange(40) % 3, rng.uniform(size=40)
    eta = rng.standard_normal((40, 3, 5)) * [1.0, 2.0, 3.0, 4.0, 1e5]
    for k, value in enumerate(minus_log_losses(eta, codes, weight)):
        share = softmax(eta[:, :, k], axis=1)
        expected = log_loss(codes, share, sample_weight=weight)
        assert -value == pytest.approx(expected, rel=1e-8)  # 1 - p has lost digits
    for k, value in enumerate(minus_log_losses(eta[:, 0], codes > 0)):
        expected = log_loss(codes > 0, expit(eta[:, 0, k]))
        assert -value == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_the_short_way_leads_where_the_scorer_does(monkeypatch, scoring, n_classes):
    X, y = classes(90, 6)
    y = y + (X[:, 2] > 3) * (n_classes > 2)
    options = {"Cs": 4, "l1_ratios": [0.5], "use_legacy_attributes": False, "cv": 3}
    weight = np.random.default_rng(0).uniform(size=90)

    def scores():
        model = LogisticRegressionCV(**options, scoring=scoring)
        return model.fit(X, y, sample_weight=weight).scores_

    used = []
    original = ModelScorer.at_once
    monkeypatch.setattr(
        ModelScorer, "at_once",
        lambda self, codes: used.append(original(self, codes)) or used[-1],
    )
    short = scores()
    assert None not in used
    monkeypatch.setattr(ModelScorer, "at_once", lambda self, codes: None)
    np.testing.assert_allclose(short, scores(), rtol=1e-7)


def test_only_known_scorers_themselves_take_the_short_way():
    class Contrary(LogisticRegressionCV):
        def predict(self, X, offset=None):
            return self.classes_[::-1][super().predict(X, offset)]

    def shortcut(model, scorer):
        known = {"classes_": np.arange(2), "loss_": get_loss("logistic")}
        return ModelScorer(model, scorer, {}, known, 10).at_once(codes)

    model, scorer, codes = LogisticRegressionCV(), get_scorer("accuracy"), np.arange(2)
    assert shortcut(model, scorer) is accuracies
    assert shortcut(Contrary(), scorer) is None
    assert shortcut(model, get_scorer("f1")) is None
    assert shortcut(model, make_scorer(accuracy_score, normalize=False)) is None
    assert shortcut(model, get_scorer("neg_log_loss")) is minus_log_losses
    codes = np.zeros(2)  # one class of the two
    assert shortcut(model, get_scorer("neg_log_loss")) is minus_log_losses
    X, y = classes(60, 4)
    options = {"Cs": 3, "l1_ratios": [0.0], "use_legacy_attributes": False, "cv": 3}
    straight = LogisticRegressionCV(**options).fit(X, y.astype(int))
    contrary = Contrary(**options).fit(X, y.astype(int))
    np.testing.assert_allclose(straight.scores_ + contrary.scores_, 1.0)


def test_own_models_stay_small(monkeypatch):
    # Where many coefficients are active, all lanes share one Hessian again.
    X, y = classes(400, 900, noise=3.0)
    X = sparsely(X)
    sizes, of = [], HessianColumns.hessian
    monkeypatch.setattr("riata._costs.ACTIVE_SET_COLUMNS", 200)
    monkeypatch.setattr(
        HessianColumns, "hessian",
        lambda own, places, bend: sizes.append(len(places)) or of(own, places, bend),
    )
    path = fit_path(X, y, loss="logistic", alphas=[alpha_max(X, y, loss="logistic") / 30])
    assert path.n_active[0] > 150
    assert path.relative_gap[0] <= 1e-6
    assert 0 < max(sizes) <= 200
