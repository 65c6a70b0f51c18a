"""Columns without a penalty: solutions of least norm, and data that have no solution."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression

import riata
from riata import Status, fit_path
from riata.losses import Huber, Multinomial, NegativeBinomial, Tweedie

LOG = ["poisson", "gamma", Tweedie(1.5), NegativeBinomial(0.5)]
LOSSES = ["squared", "huber", "logistic", *LOG]
STORED = {
    "dense": np.asarray, "rows": np.ascontiguousarray, "sparse": sp.csc_array,
    "single": lambda X: X.astype(np.float32),
}


def target_of(loss, eta, rng):
    """Targets that some random model of the loss would draw."""
    if loss in ("squared", "huber"):
        return eta + rng.normal(size=len(eta))
    if loss in ("logistic", "squared_hinge"):
        return (eta + rng.logistic(size=len(eta)) > 0).astype(float)
    if isinstance(loss, Multinomial) or loss == "multinomial":
        return np.argmax(np.outer(eta, [1, -1, 0]) + rng.gumbel(size=(len(eta), 3)), axis=1)
    return rng.poisson(np.exp(eta)) + 1.0


def best(X, y, loss, *, alpha=0.0, tol=1e-10, **options):
    """Coefficients and intercept; whatever is not optimal warns, which is an error."""
    path = fit_path(X, y, loss=loss, alphas=[alpha], tol=tol, **options)
    assert path.status[0] is Status.optimal
    return path.coef_at(alpha)


def centred(X, weights=None):
    return X - np.average(X, axis=0, weights=weights)


@pytest.mark.parametrize("loss", ["squared", "huber", *LOG])
@pytest.mark.parametrize("storage", STORED)
def test_interpolation_with_more_features_than_samples(loss, storage):
    # every sample is fitted exactly, so that the coefficients have a closed form
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 60)).astype(np.float32).astype(float)
    y = rng.poisson(3.0, 30) + 1.0
    eta = y if loss in ("squared", "huber") else np.log(y)
    coef, intercept = best(STORED[storage](X), y, loss, tol=1e-14)
    assert_allclose(coef, np.linalg.pinv(centred(X)) @ eta, atol=1e-6)
    assert_allclose(X @ coef + intercept, eta, atol=1e-6)
    coef, _ = best(STORED[storage](X), y, loss, tol=1e-14, fit_intercept=False)
    assert_allclose(coef, np.linalg.pinv(X) @ eta, atol=1e-6)


@pytest.mark.parametrize("loss", [*LOSSES, "squared_hinge"])
@pytest.mark.parametrize(("storage", "options"), [
    *((storage, {}) for storage in STORED), ("single", {"fit_intercept": False}),
    ("dense", {"fit_intercept": False}), ("sparse", {"l1_ratio": 0.0}),
    ("dense", {"weights": True}), ("sparse", {"weights": True}),
    ("dense", {"offset": True}),
])
def test_dependent_columns_share(loss, storage, options):
    # X = X1 T has the solutions w with T w = w1, of which pinv(T) w1 has the least norm
    rng = np.random.default_rng(1)
    X1 = np.round(rng.normal(size=(120, 3)), 2)
    T = np.array([[1.0, 0, 0, 1, 2, 0], [0, 1, 0, 0, 1, -4], [0, 0, 1, 0, 0, 1]])
    y = target_of(loss, X1 @ [0.5, -0.3, 0.2], rng)
    options = dict(options)
    if options.pop("weights", False):
        options["sample_weight"] = rng.integers(0, 4, 120)
    if options.pop("offset", False):
        options["offset"] = rng.normal(size=120)
    only, _ = best(X1, y, loss, **options)
    single = storage == "single"  # in which the columns depend but for their rounding
    coef, _ = best(
        STORED[storage](X1 @ T), y, loss, tol=1e-8 if single else 1e-10, **options
    )
    assert_allclose(coef, np.linalg.pinv(T) @ only, atol=1e-4 if single else 1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_norm_is_that_of_ridge_regression(loss):
    rng = np.random.default_rng(2)
    x = rng.normal(size=100)
    X = np.column_stack([x, 10 * x, rng.normal(size=100)])
    y = target_of(loss, x, rng)
    # with w_1 + 10 w_2 = c, the least v_1 w_1^2 + v_2 w_2^2 has v_1 w_1 : v_2 w_2 = 1 : 10
    coef, _ = best(X, y, loss)
    assert_allclose(coef[1], 10 * coef[0], rtol=1e-6)
    coef, _ = best(X, y, loss, penalty_factor=[5.0, 1.0, 1.0])
    assert_allclose(coef[1], 50 * coef[0], rtol=1e-6)
    coef, _ = best(X, y, loss, standardize=True)
    assert_allclose(10 * coef[1], coef[0], rtol=1e-6)
    # columns without a penalty do what they can
    coef, _ = best(X, y, loss, penalty_factor=[0.0, 1.0, 1.0])
    assert_allclose(coef[1], 0.0, atol=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("storage", STORED)
def test_several_classes(grouped, storage):
    rng = np.random.default_rng(3)
    X1, T = rng.normal(size=(150, 2)).astype(np.float32), np.array([[1.0, 0, 1], [0, 1, 0]])
    y = target_of("multinomial", X1[:, 0], rng)
    loss = Multinomial(grouped)
    only, _ = best(X1.astype(float), y, loss)
    assert_allclose(only.sum(axis=0), 0.0, atol=1e-12)
    coef, intercept = best(STORED[storage](X1 @ T), y, loss)
    assert_allclose(coef, only @ np.linalg.pinv(T).T, atol=1e-5)
    assert_allclose(coef.sum(axis=0), 0.0, atol=1e-12)
    assert_allclose(intercept.sum(), 0.0, atol=1e-9)


def test_unpenalised_columns_of_several_classes():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(150, 5))
    X[:, 1] = X[:, 0]
    y = target_of("multinomial", X[:, 0] + X[:, 4], rng)
    path = fit_path(X, y, loss="multinomial", alphas=[0.05, 0.01],
                    penalty_factor=[0, 0, 0, 1, 1])
    for k in range(2):
        coef = path.coefs[:, :, k]
        assert_allclose(coef[:, :3].sum(axis=0), 0.0, atol=1e-12)
        assert_allclose(coef[:, 0], coef[:, 1], atol=1e-12)
        audit = riata.check_solution(
            X, y, coef, path.intercept[:, k], alpha=path.alphas[k], loss="multinomial",
            penalty_factor=[0, 0, 0, 1, 1],
        )
        assert audit.relative_gap < 1e-5


@pytest.mark.parametrize("loss", [*LOSSES, "squared_hinge"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
@pytest.mark.parametrize("storage", ["dense", "sparse"])
@pytest.mark.parametrize("standardize", [False, True])
def test_dependent_columns_without_a_penalty(loss, l1_ratio, storage, standardize):
    rng = np.random.default_rng(5)
    A, P = rng.normal(size=(100, 2)), rng.normal(size=(100, 8))
    T = np.array([[1.0, 3, 0, 0], [0, 0, 1, 1e-3]])
    y = target_of(loss, A[:, 0] + P[:, 0], rng)
    options = {"alpha": 0.05, "l1_ratio": l1_ratio, "standardize": standardize}
    only, intercept = best(
        np.hstack([A, P]), y, loss, penalty_factor=np.repeat([0, 1], [2, 8]), **options
    )
    X = STORED[storage](np.hstack([A @ T, P]))
    coef, other = best(X, y, loss, penalty_factor=np.repeat([0, 1], [4, 8]), **options)
    assert_allclose(coef[4:], only[2:], atol=1e-5)
    assert_allclose(other, intercept, atol=1e-5)
    sd = (A @ T).std(axis=0) if standardize else np.ones(4)
    assert_allclose(sd * coef[:4], np.linalg.pinv(T / sd) @ only[:2], atol=1e-4)


@pytest.mark.parametrize("loss", [*LOSSES, "squared_hinge"])
@pytest.mark.parametrize("tol", [1e-6, 1e-10])
def test_bounds(loss, tol):
    rng = np.random.default_rng(6)
    X1 = rng.normal(size=(80, 3))
    y = target_of(loss, X1 @ [1.0, 0.5, -1.0], rng)
    only, _ = best(X1, y, loss, lower=0.0, tol=1e-9)
    coef, _ = best(X1[:, [0, 1, 2, 0]], y, loss, lower=0.0, tol=tol)
    assert_allclose(coef, [only[0] / 2, only[1], 0.0, only[0] / 2], atol=1e-5)
    # a bound that holds one of two columns leaves the rest to the other
    coef, _ = best(X1[:, [0, 1, 2, 0]], y, loss, lower=0.0,
                   upper=[only[0] / 4, np.inf, np.inf, np.inf], tol=1e-8)
    assert_allclose(coef[[0, 3]], [only[0] / 4, only[0] * 3 / 4], atol=1e-5)


@pytest.mark.filterwarnings("ignore:With alpha=0")
@pytest.mark.parametrize("estimator", [
    riata.Lasso(alpha=0, positive=True, tol=1e-10), riata.Ridge(alpha=0, positive=True),
    riata.ElasticNet(alpha=0, positive=True),
])
def test_positive_estimators(estimator):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(50, 3))[:, [0, 1, 2, 0]]
    estimator.fit(X, X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=50))
    assert_allclose(estimator.coef_[0], estimator.coef_[3], rtol=1e-6)


def test_where_the_squared_hinge_is_flat():
    # separable: the widest margin is between the points at 1 and -1
    X = np.array([[1.0, 0.0], [3.0, 1.0], [2.0, 7.0], [-1.0, 0.0], [-4.0, 2.0]])
    coef, intercept = best(X, [1, 1, 1, 0, 0], "squared_hinge")
    assert_allclose([*coef, intercept], [1.0, 0.0, 0.0], atol=1e-6)


def test_where_the_huber_loss_is_flat():
    # outliers on both sides leave the second coefficient anywhere between
    X = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1], [0, 1]])
    y = np.array([1.0, 2, 3, 100, -40])
    coef, _ = best(X, y, Huber(5.0), fit_intercept=False)
    assert_allclose(coef, [2.0, 0.0], atol=1e-6)
    y[3:] = 100.0, 60.0  # anywhere between 65 and 95
    coef, _ = best(X, y, Huber(5.0), fit_intercept=False)
    assert_allclose(coef, [2.0, 65.0], atol=1e-5)


@pytest.mark.parametrize("name", ["poisson", "multinomial"])
def test_without_room_for_a_basis(name, monkeypatch):
    rng = np.random.default_rng(8)
    X = np.column_stack([np.eye(4)[rng.integers(0, 4, 200)], rng.normal(size=200)])
    y = target_of(name, X[:, 4], rng)
    expected, _ = best(X, y, name)
    monkeypatch.setattr("riata._costs.BASIS_ENTRIES", 0)
    for store in (np.asarray, sp.csc_array):
        coef, _ = best(store(X), y, name)
        assert_allclose(coef, expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:With alpha=0")
def test_estimators_as_scikit_learn():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(20, 40))
    y = X[:, 0] + rng.normal(size=20)
    expected = LinearRegression().fit(X, y)
    for kind in (riata.Lasso, riata.ElasticNet, riata.Ridge):
        estimator = kind(alpha=0).fit(X, y)
        assert_allclose(estimator.coef_, expected.coef_, atol=1e-10)


@pytest.mark.parametrize("loss", [*LOSSES, "squared_hinge", "multinomial"])
def test_nearly_collinear_columns_take_no_more_work(loss):
    rng = np.random.default_rng(10)
    n = 300
    F = rng.normal(size=(n, 1)) + 1e-3 * rng.normal(size=(n, 25))
    P = rng.normal(size=(n, 20))
    y = target_of(loss, 0.5 * F[:, 0] + 0.5 * P[:, 0], rng)
    factor = np.repeat([0.0, 1.0], [25, 20])
    basis = np.linalg.qr(F - F.mean(axis=0))[0]
    paths = [
        fit_path(np.hstack([first, P]), y, loss=loss, alphas=[0.1, 0.05, 0.01],
                 penalty_factor=factor)
        for first in (F, basis)
    ]
    for k in range(3):
        assert paths[0].status[k] is paths[1].status[k] is Status.optimal
    eta = [path.predict(np.hstack([first, P])) for path, first in
           zip(paths, (F, basis), strict=True)]
    assert_allclose(eta[0], eta[1], atol=0.05)
    if loss != "squared":
        work = [path.diagnostics for path in paths]
        assert work[0].hessians <= 2 * work[1].hessians + 10
        assert work[0].epochs <= 2 * work[1].epochs + 100


# --- separated data ------------------------------------------------------------


def is_cone(A, signs):
    """Whether some direction moves no predictor the wrong way, and some the right one."""
    A = np.where(signs == 0, 1.0, signs)[:, None] * A
    moves = signs != 0
    found = linprog(
        -A[moves].sum(axis=0), A_ub=np.vstack([-A[moves], A[moves]]),
        b_ub=np.repeat([0.0, 1.0], moves.sum()), A_eq=A[~moves] if (~moves).any() else None,
        b_eq=np.zeros((~moves).sum()) if (~moves).any() else None, bounds=(None, None),
    )
    return found.status == 0 and -found.fun > 0.5


def has_no_minimum(X, y, loss, fit_intercept):
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    if loss == "logistic":
        return is_cone(A, 2 * y - 1)
    if loss != "multinomial":
        return is_cone(A, np.where(y > 0, 0.0, -1.0))
    rows = []
    for a, label in zip(A, y.astype(int), strict=True):
        for other in {0, 1, 2} - {label}:
            row = np.zeros((len(a), 3))
            row[:, label], row[:, other] = a, -a
            rows.append(row.ravel())
    return is_cone(np.array(rows), np.ones(len(rows)))


@pytest.mark.parametrize("loss", [
    "logistic", "multinomial", "poisson", "negative_binomial", Tweedie(1.3),
])
def test_separation_is_recognised_where_it_is(loss):
    rng = np.random.default_rng(11)
    found = []
    for store in [np.asarray, sp.csc_array] * 10:
        n, p = int(rng.integers(4, 30)), int(rng.integers(1, 7))
        X = rng.normal(size=(n, p))
        if rng.random() < 0.5:  # quasi-separation: many samples on the boundary
            X = rng.integers(-1, 2, (n, p)).astype(float)
        eta = 3.0 * X @ rng.normal(size=p)
        y = target_of(loss, eta, rng)
        if loss not in ("logistic", "multinomial"):
            y = rng.poisson(np.exp(np.clip(eta - 1.0, -8.0, 3.0))).astype(float)
        if len(np.unique(y)) < (3 if loss == "multinomial" else 2) or y.max() == 0:
            continue
        fit_intercept = bool(rng.integers(2))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            path = fit_path(
                store(X), y, loss=loss, alphas=[0.0], fit_intercept=fit_intercept
            )
        assert np.isfinite(path.coefs).all()
        assert np.isfinite(path.intercept).all()
        separated = has_no_minimum(X, y, loss, fit_intercept)
        assert (path.status[0] is Status.unbounded_or_separable) == separated
        assert any("loss has no minimum" in str(w.message) for w in caught) == separated
        found.append(separated)
    assert 0 < sum(found) < len(found)


def test_separation_by_a_column_without_a_penalty():
    rng = np.random.default_rng(12)
    X = rng.normal(size=(60, 4))
    y = (X[:, 0] > 0).astype(float)
    with pytest.warns(riata.ConvergenceWarning, match="in 2 of 2 alphas .* no minimum"):
        path = fit_path(
            X, y, loss="logistic", alphas=[0.1, 0.01], penalty_factor=[0, 1, 1, 1]
        )
    assert path.status == [Status.unbounded_or_separable] * 2
    groups = np.repeat(np.eye(3), 20, axis=0)
    counts = np.r_[np.zeros(20), rng.poisson(2.0, 40)]
    with pytest.warns(riata.ConvergenceWarning, match="no minimum"):
        path = fit_path(np.hstack([groups, X]), counts, loss="poisson", alphas=[0.1],
                        penalty_factor=[0, 0, 0, 1, 1, 1, 1])
    assert path.status == [Status.unbounded_or_separable]
    # penalised, or held by a bound, they do no harm
    for options in ({}, {"penalty_factor": [0, 1, 1, 1], "upper": [5, np.inf, 9, 9]},
                    {"penalty_factor": [0, 1, 1, 1], "upper": [0, 9, 9, 9]}):
        path = fit_path(X, y, loss="logistic", alphas=[0.1, 0.01], **options)
        assert path.status == [Status.optimal] * 2


def test_separation_in_bounds():
    rng = np.random.default_rng(13)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(float)
    with pytest.warns(riata.ConvergenceWarning, match="no minimum"):
        path = fit_path(X, y, loss="logistic", alphas=[0.0], lower=0.0)
    assert path.status == [Status.unbounded_or_separable]
    for bounds in ({"upper": 0.0}, {"lower": -2.0, "upper": 2.0}):
        path = fit_path(X, y, loss="logistic", alphas=[0.0], **bounds)
        assert path.status == [Status.optimal]


@pytest.mark.parametrize("loss", ["squared_hinge", "huber", "squared"])
def test_losses_that_always_have_a_minimum(loss):
    X = np.random.default_rng(14).normal(size=(40, 3))
    best(X, (X[:, 0] > 0).astype(float), loss)


def test_samples_without_weight_separate_nothing_and_mend_nothing():
    rng = np.random.default_rng(15)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(float)
    y[0] = 1.0 - y[0]
    weights = np.ones(60)
    X[0, 0] *= 10.0
    assert fit_path(X, y, loss="logistic", alphas=[0.0]).status == [Status.optimal]
    weights[0] = 0.0
    with pytest.warns(riata.ConvergenceWarning, match="no minimum"):
        path = fit_path(X, y, loss="logistic", alphas=[0.0], sample_weight=weights)
    assert path.status == [Status.unbounded_or_separable]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("store", [np.asarray, sp.csr_array, np.float32])
def test_separated_classes_in_the_estimators(n_classes, store):
    rng = np.random.default_rng(16)
    X = rng.normal(size=(60, 3))
    y = np.digitize(X[:, 0], [-0.4, 0.4][:n_classes - 1])
    model = riata.LogisticRegression(C=np.inf)
    text = "LogisticRegression: .* no minimum .*smaller C"
    with pytest.warns(ConvergenceWarning, match=text):
        model.fit(store(X), y)
    assert model.status_ == "unbounded_or_separable"
    assert np.isfinite(model.coef_).all()
    assert model.score(store(X), y) == 1.0
    model = riata.LogisticRegressionCV(
        Cs=[1.0, np.inf], l1_ratios=(0,), cv=3, use_legacy_attributes=False
    )
    with pytest.warns(ConvergenceWarning, match="in 4 of [78] fits .* no minimum"):
        model.fit(store(X), y)
    assert np.isfinite(model.coef_).all()


def test_groups_without_events():
    groups = np.repeat(np.eye(3), 20, axis=0)
    y = np.r_[np.zeros(20), np.random.default_rng(17).poisson(2.0, 40)]
    tweedie = riata.TweedieRegressor(alpha=0, power=1.5)
    for model in (riata.PoissonRegressor(alpha=0), tweedie):
        with pytest.warns(ConvergenceWarning, match="no minimum"):
            model.fit(groups, y)
        assert model.status_ == "unbounded_or_separable"
        assert_allclose(model.predict(groups)[:20], 0.0, atol=1e-3)
        assert_allclose(model.predict(groups)[20:40], y[20:40].mean(), rtol=1e-4)


@pytest.mark.filterwarnings("ignore::riata.ConvergenceWarning", "ignore:alpha_max is 0")
@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber"])
def test_unpenalised_columns_that_are_constant_up_to_rounding(loss):
    # Their span has no dimension that rounding of X would not explain: the problem that is
    # left has no columns at all, which once ended the process.
    X = np.array([[1e8, 3e8], [1e8, 3e8]], dtype=np.float32)
    X[1] = np.nextafter(X[1], np.float32(np.inf))
    path = riata.fit_path(
        X, [0.0, 1.0], loss=loss, penalty_factor=[0.0, 0.0], alphas=[1.0, 0.1, 0.0],
        init=np.array([0.0, 1e-9]),
    )
    assert np.isfinite(path.coefs).all()
    for k, alpha in enumerate(path.alphas):
        audit = riata.check_solution(
            X, [0.0, 1.0], path.coefs[:, k], path.intercept[k], alpha=alpha, loss=loss,
            penalty_factor=[0.0, 0.0],
        )
        assert audit.gap <= path.dual_gap[k] * (1 + 1e-6) + 1e-9
