"""RelaxedLassoCV, the contract of the selection estimators, and SelectFromModel."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils.estimator_checks import estimator_checks_generator

import riata
from riata import AdaptiveLasso, AdaptiveLassoCV, RelaxedLassoCV, _costs, relaxed_path

ESTIMATORS = (RelaxedLassoCV, AdaptiveLasso, AdaptiveLassoCV)


def make_data(n_samples=80, n_features=30, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    return X, X[:, :3] @ [2.0, -2.0, 1.0] + rng.standard_normal(n_samples) + 3.0


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


# --- RelaxedLassoCV


@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_scores_are_those_of_paths_on_the_folds(loss):
    X, y = make_data()
    y = y if loss == "squared" else np.round(np.exp(y / 4))
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 80)
    folds = list(KFold(4).split(X))
    model = RelaxedLassoCV([0.0, 0.4, 1.0], loss=loss, cv=folds, alphas=12)
    model.fit(X, y, sample_weight=weight)
    assert model.score_path_.shape == (3, 12, 4)
    for k, (train, test) in enumerate(folds):
        relaxed = relaxed_path(
            X[train], y[train], loss=loss, alphas=model.alphas_,
            sample_weight=weight[train], tol=1e-9,
        )  # fmt: skip
        for g, gamma in enumerate((0.0, 0.4, 1.0)):
            eta = relaxed.decision_function(X[test], gamma=gamma)
            value = 2.0 * relaxed.path._loss.value(y[test, None], eta)
            expected = np.average(value, axis=0, weights=weight[test])
            assert_allclose(-model.score_path_[g, :, k], expected, rtol=1e-3)


def test_the_best_pair_is_fitted():
    X, y = make_data()
    model = RelaxedLassoCV(alphas=20).fit(X, y)
    mean = model.score_path_.mean(axis=2)
    g, k = np.unravel_index(mean.argmax(), mean.shape)
    assert (model.gamma_, model.alpha_) == (model.gammas_[g], model.alphas_[k])
    relaxed = relaxed_path(X, y, alphas=model.alphas_)
    coef, intercept = relaxed.coef_at(model.alpha_, model.gamma_)
    assert_allclose(model.coef_, coef, atol=1e-5)
    assert model.intercept_ == pytest.approx(intercept, abs=1e-5)
    assert_allclose(model.predict(X), relaxed.predict(X, model.alpha_, model.gamma_),
                    atol=1e-4)
    assert model.relative_gap_ <= 1e-6
    assert model.refit_relative_gap_ <= 1e-6


def test_gamma_one_is_the_lasso():
    X, y = make_data()
    relaxed = RelaxedLassoCV([1.0], alphas=30, tol=1e-8).fit(X, y)
    lasso = riata.LassoCV(alphas=30, tol=1e-6).fit(X, y)
    assert_allclose(-relaxed.score_path_[0], lasso.mse_path_, rtol=1e-5)
    assert relaxed.alpha_ == pytest.approx(lasso.alpha_)
    assert_allclose(relaxed.coef_, lasso.coef_, atol=1e-5)


def test_relaxing_selects_fewer_and_predicts_better():
    X, y = make_data(100, 60)
    fresh, target = make_data(5000, 60, seed=1)
    relaxed = RelaxedLassoCV().fit(X, y)
    lasso = riata.LassoCV().fit(X, y)
    assert relaxed.gamma_ < 1.0
    assert np.count_nonzero(relaxed.coef_) < np.count_nonzero(lasso.coef_)
    assert relaxed.score(fresh, target) > lasso.score(fresh, target)


def test_folds_smaller_than_supports():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 40)), rng.standard_normal(12)
    model = RelaxedLassoCV(cv=3, alphas=30, eps=1e-4).fit(X, y)
    assert np.isfinite(model.score_path_).all()


@pytest.mark.parametrize("seed", range(4))
def test_one_standard_error(seed):
    X, y = make_data(seed=seed)
    least, sparse = (RelaxedLassoCV(select=rule).fit(X, y) for rule in ("min", "1se"))
    mean = sparse.score_path_.mean(axis=2)
    best = np.unravel_index(mean.argmax(), mean.shape)
    assert (least.gamma_, least.alpha_) == (
        least.gammas_[best[0]], least.alphas_[best[1]]
    )
    error = sparse.score_path_[best].std(ddof=1) / np.sqrt(5)
    size = sparse.path_.n_active
    candidates = [
        (size[k], -mean[g, k], g, k) for g in range(5)
        for k in np.flatnonzero(mean[g] >= mean[best] - error)[:1]
    ]  # fewest features; of equals the best score
    _, _, g, k = min(candidates)
    assert (sparse.gamma_, sparse.alpha_) == (sparse.gammas_[g], sparse.alphas_[k])


@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_blends_are_paths_of_their_own(loss):
    X, y = make_data()
    y = y if loss == "squared" else np.round(np.exp(y / 4))
    folds = list(KFold(4).split(X))
    model = RelaxedLassoCV([0.0, 0.4, 1.0], loss=loss, cv=folds, alphas=12).fit(X, y)
    result, (train, test) = model.cv_result_, folds[2]
    relaxed = relaxed_path(X[train], y[train], loss=loss, alphas=model.alphas_)
    for which, gamma in enumerate((0.0, 0.4, 1.0)):
        blend = result.fold_paths[which][2]
        coef, intercept = relaxed._blend(gamma)
        assert_allclose(blend.coefs, coef.toarray(), atol=2e-3)
        assert_allclose(blend.intercept, intercept, atol=2e-3)
        assert_allclose(
            result.out_of_fold(X, lambda _, which=which: (which, 6))[test],
            blend.predict(X[test], model.alphas_[6]),
        )
        assert_array_equal(blend.n_active, np.count_nonzero(blend.coefs, axis=0))
        choice = result.select(lambda _, which=which: (which, 6))
        assert choice.gamma == gamma
        coef, intercept = model.relaxed_path_.coef_at(choice.alpha, gamma)
        assert_array_equal(choice.coef, coef)
        assert choice.intercept == intercept
    assert set(result.to_frame("table").columns) >= {"gamma", "alpha", "n_active"}
    assert "gamma" in str(result)
    with pytest.raises(ValueError, match="not one of the path's"):
        blend.coef_at(0.5 * (model.alphas_[0] + model.alphas_[1]))


@pytest.mark.parametrize("cls", [RelaxedLassoCV, AdaptiveLassoCV])
@pytest.mark.parametrize("rule", ["min", "1se", lambda result: (0, 3)])
def test_reselecting_is_selecting(cls, rule):
    X, y = make_data()
    model = cls(alphas=25, select="1se").fit(X, y)
    other, expected = model.reselect(rule), cls(alphas=25, select=rule).fit(X, y)
    assert set(vars(other)) == set(vars(expected))
    for name in ("alpha_", "coef_", "intercept_", "dual_gap_", "n_iter_"):
        assert_array_equal(getattr(other, name), getattr(expected, name))
    if cls is RelaxedLassoCV:
        assert other.gamma_ == expected.gamma_
        assert other.refit_relative_gap_ == expected.refit_relative_gap_
    assert model.select == "1se"


@pytest.mark.parametrize("cls", [RelaxedLassoCV, AdaptiveLassoCV])
def test_scores_of_a_scorer(cls):
    X, y = make_data(60, 8)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    folds = list(KFold(3).split(X))
    model = cls(scoring="neg_mean_absolute_error", cv=folds, alphas=6)
    result = model.fit(X, y, sample_weight=weight).cv_result_
    assert result.metrics == ("neg_mean_absolute_error", "neg_deviance")
    for k, (_, test) in enumerate(folds):
        for which, paths in enumerate(result.fold_paths):
            error = np.abs(y[test, None] - paths[k].decision_function(X[test]))
            expected = -np.average(error, axis=0, weights=weight[test])
            assert_allclose(result.scores[result.metrics[0]][which, :, k], expected)
    best = result.mean_score().max()
    assert_allclose(result.mean_score()[result.select()[2:4]], best)
    assert_allclose(model.score_path_.mean(axis=-1).max(), best)
    other = cls(cv=folds, alphas=6).fit(X, y, sample_weight=weight)
    assert model.reselect("min", "neg_deviance").alpha_ == other.alpha_


def test_criteria_of_the_adaptive_lasso_and_of_no_relaxed_one():
    X, y = make_data()
    model = AdaptiveLassoCV(select="bic").fit(X, y)
    path = riata.adaptive_path(X, y, alphas=model.alphas_)
    assert model.alpha_ == model.alphas_[path.select("bic")]
    with pytest.raises(ValueError, match="degrees of freedom of a relaxed lasso"):
        RelaxedLassoCV(select="bic").fit(X, y)
    with pytest.raises(ValueError, match="relaxed lasso's degrees of freedom"):
        RelaxedLassoCV().fit(X, y).reselect("bic")


@pytest.mark.parametrize("cls", [RelaxedLassoCV, AdaptiveLassoCV])
def test_no_time_at_all(cls, monkeypatch):
    monkeypatch.setattr(_costs, "ALL_PAIRS_FLOPS", 0)  # several rounds
    X, y = make_data(100, 400)
    model = cls(time_limit=1e-9, alphas=30, tol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    scores = model.cv_result_.scores["neg_deviance"]
    reached = ~np.isnan(scores).any(axis=-1)
    assert reached.any()
    assert not reached.all()
    assert_array_equal(reached, np.sort(reached, axis=1)[:, ::-1])
    assert model.alpha_ in model.alphas_[reached.any(axis=0)]
    assert np.isfinite(model.coef_).all()


def test_refits_that_time_did_not_allow_are_not_chosen(monkeypatch):
    X, y = make_data()
    relaxed = relaxed_path(X, y, alphas=10)
    relaxed.refits.status[6:] = ["time_limit"] * 4
    blend = riata._selection._relaxed.Blend(relaxed, 0.5)
    assert len(blend) == len(blend.relative_gap) == blend.coef.shape[1] == 6
    assert_allclose(blend.coefs, relaxed._blend(0.5)[0].toarray()[:, :6])


def test_n_jobs_does_not_matter():
    X, y = make_data()
    one, two = (RelaxedLassoCV(n_jobs=jobs).fit(X, y) for jobs in (1, 2))
    assert_array_equal(one.score_path_, two.score_path_)


def test_logistic_predicts_probabilities():
    X, y = make_data(200, 10)
    model = RelaxedLassoCV(loss="logistic", alphas=10).fit(X, (y > 3) * 1.0)
    probability = model.predict(X)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert ((probability > 0.5) == (y > 3)).mean() > 0.85


def test_groups_are_routed():
    import sklearn

    X, y = make_data()
    groups = np.arange(80) % 4
    with sklearn.config_context(enable_metadata_routing=True):
        cv = GroupKFold(4).set_split_request(groups=True)
        model = RelaxedLassoCV(cv=cv, alphas=5).fit(X, y, groups=groups)
    assert model.score_path_.shape == (5, 5, 4)
    with pytest.raises(ValueError, match="metadata_routing"):
        RelaxedLassoCV().fit(X, y, groups=groups)


def test_a_fit_that_ends_early_warns(monkeypatch):
    monkeypatch.setattr(_costs, "ALL_PAIRS_FLOPS", 0)  # several rounds
    X, y = make_data(60, 200)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        RelaxedLassoCV(max_iter=1, tol=1e-12, alphas=[0.01], loss="huber").fit(X, y)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_target_of_zeros(cls):
    X, _ = make_data()
    model = cls().fit(X, np.zeros(80))
    assert not model.coef_.any()
    assert not model.predict(X).any()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"gammas": [2.0]}, r"gammas\[0\] is 2"),
        ({"refit_alpha": -1.0}, "refit_alpha is -1"),
        ({"select": "2se"}, "select is '2se'"),
        ({"loss": "multinomial"}, "multinomial"),
        ({"eps": 1.5}, "eps is 1.5"),
    ],
)
def test_bad_parameters(params, message):
    X, y = make_data()
    with pytest.raises(ValueError, match=message):
        RelaxedLassoCV(**params).fit(X, y)


# --- scikit-learn's SelectFromModel


MODELS = {
    "Lasso": {"alpha": 0.3},
    "LassoCV": {},
    "ElasticNet": {"alpha": 0.3, "l1_ratio": 1.0},
    "ElasticNetCV": {"l1_ratio": 1.0},
    "RelaxedLassoCV": {},
    "AdaptiveLasso": {},
    "AdaptiveLassoCV": {},
    "GeneralizedLinearRegressor": {"alpha": 0.3},
    "GeneralizedLinearRegressorCV": {},
    "GeneralizedLinearClassifier": {"alpha": 0.1},
    "GeneralizedLinearClassifierCV": {},
    "LogisticRegression": {"l1_ratio": 1.0, "C": 0.1, "solver": "saga"},
    "LogisticRegressionCV": {
        "l1_ratios": [1.0], "solver": "saga", "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_select_from_model_keeps_what_is_not_zero(name):
    X, y = make_data()
    if "Classifier" in name or "Logistic" in name:
        y = y > 3.0
    selector = SelectFromModel(getattr(riata, name)(**MODELS[name])).fit(X, y)
    coef = np.atleast_2d(selector.estimator_.coef_)
    expected = np.linalg.norm(coef, ord=1, axis=0) >= 1e-5
    assert_array_equal(selector.get_support(), expected)
    assert 0 < expected.sum() < 30
    assert selector.transform(X).shape == (80, expected.sum())


@pytest.mark.parametrize(
    "name",
    ["Ridge", "RidgeCV", "HuberRegressor", "PoissonRegressor", "GammaRegressor",
     "TweedieRegressor"],
)  # fmt: skip
def test_select_from_model_without_an_l1_penalty_takes_the_mean(name):
    X, y = make_data()
    selector = SelectFromModel(getattr(riata, name)()).fit(X, np.exp(y / 8))
    size = np.abs(selector.estimator_.coef_)
    assert_array_equal(selector.get_support(), size >= size.mean())


def test_names_of_penalties():
    model = riata.GeneralizedLinearRegressor()
    assert model.penalty == "l1"
    assert model.set_params(l1_ratio=0.0).penalty == "l2"
    assert model.set_params(l1_ratio=0.5).penalty == "elasticnet"
    assert model.get_params()["penalty"] is None
    X, y = make_data()
    model = riata.GeneralizedLinearRegressorCV(l1_ratio=[0.5, 1.0], alphas=5)
    assert model.penalty == "elasticnet"
    model.fit(X, y)
    assert model.penalty == ("l1" if model.l1_ratio_ == 1.0 else "elasticnet")
