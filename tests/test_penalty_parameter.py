"""``penalty=`` wherever a penalty is chosen: estimators, cross-validation, model files.

The penalty of one's own here is the L1 norm without a conjugate, so that what is fitted
with it has to be what the lasso fits, although by other means.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import SelectFromModel

import riata
from riata import check_solution, cv_path, fit_path
from riata.losses import Multinomial
from riata.penalties import ElasticNet, Penalty, RowGroup


class OwnL1(Penalty):
    """The L1 norm as a user would write it, without its conjugate."""

    def __init__(self, penalty_factor=None):
        self.penalty_factor = penalty_factor

    def value(self, w, alpha):
        return alpha * np.abs(w)

    def prox(self, u, curvature, alpha):
        return np.sign(u) * np.maximum(np.abs(u) - alpha, 0.0) / curvature

    def dual_norm(self, c):
        return np.abs(c)

    def violation(self, c, w, alpha):
        at_zero = np.maximum(np.abs(c) - alpha, 0.0)
        return np.where(w == 0.0, at_zero, np.abs(c - alpha * np.sign(w)))


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((90, 12))
    return X, X[:, :3] @ [1.0, -1.0, 0.5] + rng.standard_normal(90)


def targets(kind, y):
    """Targets for an estimator: numbers, or labels of two or three classes."""
    if kind.__name__.startswith("GeneralizedLinearRegressor"):
        return y
    return np.array(["no", "yes"])[(y > 0).astype(int)]


SINGLE = [riata.GeneralizedLinearRegressor, riata.GeneralizedLinearClassifier]
CROSS_VALIDATED = [
    riata.GeneralizedLinearRegressorCV, riata.GeneralizedLinearClassifierCV,
]


def options_of(kind):
    return {"alpha": 0.05} if kind in SINGLE else {
        "alphas": 6, "eps": 0.05, "cv": 3, "tol": 1e-9,
    }


# --- Estimators and cross-validation.


@pytest.mark.parametrize("kind", SINGLE + CROSS_VALIDATED)
def test_an_elastic_net_as_an_object_is_that_of_the_parameters(kind, data):
    X, y = data
    y, options = targets(kind, y), options_of(kind)
    factor = np.r_[0.0, np.inf, np.ones(10)]
    parts = {"l1_ratio": 0.7, "penalty_factor": factor, "lower": -0.2, "upper": 1.0}
    own = kind(penalty=ElasticNet(**parts), **options).fit(X, y)
    usual = kind(**parts, **options).fit(X, y)
    np.testing.assert_array_equal(own.coef_, usual.coef_)
    assert getattr(own, "l1_ratio_", 0.7) == 0.7


@pytest.mark.parametrize("kind", SINGLE + CROSS_VALIDATED)
def test_a_penalty_of_ones_own(kind, data):
    X, y = data
    y, options = targets(kind, y), options_of(kind)
    own = kind(penalty=OwnL1(), **options).fit(X, y)
    usual = kind(**options).fit(X, y)
    np.testing.assert_allclose(own.coef_, usual.coef_, atol=1e-4)
    assert own.status_ == "optimal"
    assert np.isnan(own.dual_gap_)
    if kind in CROSS_VALIDATED:
        np.testing.assert_allclose(own.alphas_, usual.alphas_)
        np.testing.assert_allclose(own.score_path_, usual.score_path_, rtol=1e-4)


@pytest.mark.parametrize("chunked", [False, True])
def test_cv_path_fits_a_penalty_of_ones_own_in_every_fold(chunked, data):
    X, y = data
    folds = [(np.r_[30:90], np.r_[:30]), (np.r_[:60], np.r_[60:90])]
    operand = riata.open_chunks(X) if chunked else X
    result = cv_path(operand, y, penalty=OwnL1(), alphas=5, alpha_min_ratio=0.1, cv=folds)
    for (train, _), path in zip(folds, result.fold_paths[0], strict=True):
        alone = fit_path(X[train], y[train], alphas=result.alphas[0], tol=1e-9)
        np.testing.assert_allclose(path.coefs, alone.coefs, atol=1e-4)


def test_rows_of_classes(data):
    X, y = data
    labels = np.array(["a", "b", "c"])[np.digitize(y, [-0.7, 0.7])]
    penalty = RowGroup(0.8)
    model = riata.GeneralizedLinearClassifier(penalty=penalty, alpha=0.05).fit(X, labels)
    codes = np.unique(labels, return_inverse=True)[1]
    path = fit_path(X, codes, loss="multinomial", penalty=penalty, alphas=[0.05])
    np.testing.assert_allclose(model.coef_, path.coefs[:, :, 0])
    chosen = riata.GeneralizedLinearClassifierCV(
        penalty=penalty, alphas=6, eps=0.1, cv=3
    ).fit(X, labels)
    assert chosen.l1_ratio_ == 0.8
    for path in [chosen.path_, *chosen.cv_result_.fold_paths[0]]:
        active = path.coefs != 0
        assert (active.all(axis=0) == active.any(axis=0)).all()
    assert chosen.path_.n_active[0] == 0 < chosen.path_.n_active[-1]


@pytest.mark.parametrize("kind", SINGLE + CROSS_VALIDATED)
def test_what_a_penalty_holds_is_not_passed_beside_it(kind, data):
    X, y = data
    y = targets(kind, y)
    several = {"l1_ratio": [0.5, 1.0]} if kind in CROSS_VALIDATED else {"l1_ratio": 0.5}
    for beside in (several, {"lower": 0.0}, {"penalty_factor": 2.0}):
        with pytest.raises(ValueError, match="do not pass them beside it"):
            kind(penalty=OwnL1(), **beside).fit(X, y)
    with pytest.raises(TypeError, match=r"riata\.penalties\.Penalty, got 'l1'"):
        kind(penalty="l1").fit(X, y)


@pytest.mark.parametrize("kind", SINGLE + CROSS_VALIDATED)
def test_the_parameter_is_kept_as_given(kind, data):
    penalty = OwnL1()
    assert kind().get_params()["penalty"] is None
    assert kind().penalty == "l1"  # what SelectFromModel looks for
    model = kind(penalty=penalty)
    assert model.penalty is penalty is model.get_params()["penalty"]
    assert isinstance(clone(model).penalty, OwnL1)
    assert clone(kind()).get_params()["penalty"] is None
    assert model.set_params(penalty=None).penalty == "l1"
    again = pickle.loads(pickle.dumps(kind(penalty=penalty)))
    assert isinstance(again.penalty, OwnL1)


def test_selection_of_features_by_the_lasso_is_as_before(data):
    X, y = data
    model = riata.GeneralizedLinearRegressor(alpha=0.1)
    chosen = SelectFromModel(model).fit(X, y).get_support()
    np.testing.assert_array_equal(chosen, model.fit(X, y).coef_ != 0)


class Fewer(riata.GeneralizedLinearRegressor):
    """An estimator of a user, with parameters of its own."""

    def __init__(self, alpha=0.1):
        super().__init__(alpha=alpha)


def test_a_subclass_need_not_have_the_parameter(data):
    model = clone(Fewer(0.2)).fit(*data)
    assert model.get_params() == {"alpha": 0.2}


def test_alpha_max_of_a_penalty(data):
    X, y = data
    for penalty in (OwnL1(), ElasticNet(0.5), OwnL1(np.r_[0.0, np.full(11, 2.0)])):
        top = riata.alpha_max(X, y, penalty=penalty)
        path = fit_path(X, y, penalty=penalty, alphas=[1.001 * top, 0.999 * top])
        free = 0 if penalty.penalty_factor is None else 1
        assert path.n_active.tolist() == [free, free + 1]


# --- What is known of a model: which problem it solves.


@pytest.mark.parametrize("penalty", [OwnL1(), RowGroup(), RowGroup(0.4)], ids=repr)
def test_a_model_of_a_path_is_audited_with_its_penalty(penalty, data):
    X, y = data
    loss = "squared"
    if isinstance(penalty, RowGroup):
        y, loss = np.digitize(y, [-0.7, 0.7]), "multinomial"
    path = fit_path(X, y, loss=loss, penalty=penalty, alphas=4, alpha_min_ratio=0.1)
    model = path.at(path.alphas[-1])
    audit = check_solution(X, y, model.coef, model.intercept, **model.problem)
    assert audit.primal == pytest.approx(path.objective[-1])
    assert audit.kkt <= 1e-4 * path.alphas[0]
    assert not audit.relative_gap > 2e-6  # NaN without a conjugate
    assert str(path).startswith(type(penalty).__name__)


@pytest.mark.parametrize("factor", [None, 2.0, np.r_[0.0, np.inf, np.ones(10)]], ids=str)
def test_rows_in_a_file(factor, data, tmp_path):
    X, y = data
    y = np.digitize(y, [-0.7, 0.7])
    model = riata.GeneralizedLinearClassifier(penalty=RowGroup(0.6, factor), alpha=0.03)
    riata.save_model(model.fit(X, y), tmp_path / "model.json")
    back = riata.load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.coef, model.coef_)
    penalty = back.problem["penalty"]
    assert isinstance(penalty, RowGroup)
    assert penalty.l1_ratio == 0.6
    audit = check_solution(X, y, back.coef, back.intercept, **back.problem)
    assert audit.relative_gap <= 2e-6


def test_an_elastic_net_in_a_file(data, tmp_path):
    X, y = data
    penalty = ElasticNet(0.6, lower=-0.1)
    model = riata.GeneralizedLinearRegressor(penalty=penalty, alpha=0.03).fit(X, y)
    riata.save_model(model, tmp_path / "model.json")
    back = riata.load_model(tmp_path / "model.json")
    audit = check_solution(X, y, back.coef, back.intercept, **back.problem)
    assert audit.relative_gap <= 1e-6


# --- Rows where columns are unpenalised, or fit nothing.


def test_rows_beside_unpenalised_columns_that_nearly_depend_on_each_other(data):
    X, y = data
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((90, 3))
    Z[:, 1] = Z[:, 0] + 1e-7 * Z[:, 1]
    X, y = np.hstack([Z, X]), np.digitize(y, [-0.7, 0.7])
    penalty = RowGroup(1.0, np.r_[np.zeros(3), np.ones(12)])
    path = fit_path(
        X, y, loss="multinomial", penalty=penalty, alphas=5, alpha_min_ratio=0.1
    )
    active = path.coefs[:, 3:] != 0
    assert (active.all(axis=0) == active.any(axis=0)).all()
    for k, alpha in enumerate(path.alphas):
        audit = check_solution(
            X, y, path.coefs[:, :, k], path.intercept[:, k], alpha=alpha,
            loss="multinomial", penalty=penalty,
        )
        assert audit.relative_gap <= 2e-6


def test_rows_of_a_constant_column_count_in_an_audit(data):
    X, y = data
    X, y = np.c_[np.ones(90), X], np.digitize(y, [-0.7, 0.7])
    coef, row = np.zeros((3, 13)), np.array([0.3, -0.4, 1.2])
    options = {"alpha": 0.1, "loss": "multinomial", "penalty": RowGroup(0.7)}
    without = check_solution(X, y, coef, -row, **options)
    coef[:, 0] = 2.0 * row
    with_it = check_solution(X, y, coef, -3.0 * row, **options)
    added = 0.1 * (0.7 * 2.6 + 0.15 * 2.6**2)
    assert with_it.primal - without.primal == pytest.approx(added)
    assert with_it.gap - without.gap == pytest.approx(added)


def test_functions_for_the_elastic_net_refuse_others(data):
    X, y = data
    for function in (riata.relaxed_path, riata.adaptive_path):
        with pytest.raises(ValueError, match=r"_path is for the elastic net"):
            function(X, y, penalty=OwnL1(), alphas=3)
        function(X, y, penalty=ElasticNet(), alphas=3)
    path = fit_path(X, y, penalty=OwnL1(), alphas=3)
    with pytest.raises(ValueError, match="approximate_loo is for the elastic net"):
        riata.approximate_loo(path, X, y)


def test_bounds_of_rows_are_refused(data):
    X, y = data
    y = np.digitize(y, [-0.7, 0.7])
    with pytest.raises(ValueError, match="rows have norms, not bounds"):
        fit_path(X, y, loss=Multinomial(grouped=True), lower=0.0)
