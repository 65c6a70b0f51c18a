"""Several targets with common features: optima of scikit-learn, audits, invariances."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import linear_model
from sklearn.base import clone

import riata
from riata.penalties import Group, RowGroup

N, P, T = 70, 20, 3


def data(n=N, p=P, t=T, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.3 * rng.standard_normal((n, 1))
    W = np.zeros((p, t))
    W[:4] = rng.standard_normal((4, t))
    Y = X @ W + rng.standard_normal((n, t)) + 10.0 ** np.arange(t)
    return X, Y, rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize("form", ["dense", "sparse", "float32"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_path_of_scikit_learn(l1_ratio, fit_intercept, form):
    X, Y, _ = data()
    X = X.astype(np.float32).astype(float)
    A = {"dense": X, "sparse": sparse.csc_array(X), "float32": X.astype(np.float32)}[form]
    path = riata.fit_path(
        A, Y, penalty=RowGroup(l1_ratio), alphas=8, alpha_min_ratio=0.01, tol=1e-12,
        fit_intercept=fit_intercept,
    )
    assert path.relative_gap.max() <= 1e-12
    assert path.coefs.shape == (T, P, 8)
    for k in (1, 4, 7):
        model = linear_model.MultiTaskElasticNet(
            alpha=path.alphas[k], l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000,
            fit_intercept=fit_intercept,
        ).fit(X, Y)
        assert_allclose(path.coefs[:, :, k], model.coef_, atol=1e-6)
        assert_allclose(path.intercept[:, k], model.intercept_, atol=1e-5)
    assert_allclose(path.predict(A)[:, :, 7], model.predict(X), atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_an_audit_finds_the_same_certificates(weighted):
    X, Y, s = data()
    o = np.linspace(-1, 1, N)
    options = {
        "penalty": RowGroup(0.7, np.where(np.arange(P) < 2, 0.0, 1.5)), "offset": o,
        "sample_weight": s if weighted else None,
    }
    path = riata.fit_path(X, Y, alphas=[0.4, 0.1], tol=1e-11, **options)
    assert path.coefs[:, :2, 0].all()  # unpenalised
    weights = s if weighted else np.ones(N)
    for k, alpha in enumerate(path.alphas):
        W, b = path.coefs[:, :, k], path.intercept[:, k]
        audit = riata.check_solution(X, Y, W, b, alpha=alpha, **options)
        assert audit.relative_gap <= 1e-10
        assert audit.primal == pytest.approx(path.objective[k], rel=1e-12)
        errors = ((Y - o[:, None] - X @ W.T - b) ** 2).sum(axis=1)
        norms = np.linalg.norm(W, axis=0)
        factor = options["penalty"].penalty_factor
        by_hand = 0.5 * np.average(errors, weights=weights) + alpha * (
            0.7 * factor @ norms + 0.15 * factor @ norms**2
        )
        assert audit.primal == pytest.approx(by_hand, rel=1e-12)
        worse = riata.check_solution(X, Y, 1.1 * W, b + 0.1, alpha=alpha, **options)
        assert worse.gap >= worse.primal - audit.primal - 1e-12


def test_rows_are_zero_as_a_whole_and_alpha_max_is_tight():
    X, Y, _ = data(p=60)
    path = riata.fit_path(X, Y, penalty=RowGroup(), alphas=20)
    active = (path.coefs != 0).sum(axis=0)
    assert set(np.unique(active)) <= {0, T}
    assert not active[:, 0].any()
    top = riata.alpha_max(X, Y, penalty=RowGroup())
    one = riata.fit_path(X, Y, penalty=RowGroup(), alphas=[0.999 * top])
    assert one.n_active[0] == T


def test_rotating_the_targets_rotates_the_coefficients():
    X, Y, _ = data()
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((T, T)))[0]
    options = {"penalty": RowGroup(0.8), "alphas": 10, "tol": 1e-12}
    one, two = riata.fit_path(X, Y, **options), riata.fit_path(X, Y @ Q, **options)
    assert_allclose(two.objective, one.objective, rtol=1e-11)
    turned = np.einsum("tpk,tu->upk", one.coefs, Q)
    assert_allclose(two.coefs, turned, atol=1e-6)


def test_it_is_the_group_lasso_of_stacked_targets():
    X, Y, _ = data()
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    stacked = np.kron(np.eye(T), X)
    groups = np.tile(np.arange(P), T)
    one = riata.fit_path(X, Y, penalty=RowGroup(), alphas=[0.5, 0.1], tol=1e-12,
                         fit_intercept=False)
    # the mean of the stacked losses is a third of the sum over the targets
    two = riata.fit_path(stacked, Y.T.ravel(), penalty=Group(groups, 1.0),
                         alphas=one.alphas / T, tol=1e-12, fit_intercept=False)
    assert_allclose(two.coefs.reshape(T, P, 2), one.coefs, atol=1e-6)


@pytest.mark.parametrize("t", [2, 7, 12])
def test_more_features_than_samples_and_many_targets(t):
    X, Y, _ = data(n=25, p=90, t=t)
    X[:, 7] = 3.0
    path = riata.fit_path(X, Y, penalty=RowGroup(), alphas=25, alpha_min_ratio=0.02,
                          tol=1e-9)
    assert path.relative_gap.max() <= 1e-9
    assert not path.coefs[:, 7].any()


def test_dependent_targets_and_one_that_is_constant():
    X, Y, _ = data()
    Y = np.column_stack([Y, Y[:, 0] - Y[:, 1], np.full(N, 5.0)])
    path = riata.fit_path(X, Y, penalty=RowGroup(), alphas=10, tol=1e-10)
    assert_allclose(path.coefs[3], path.coefs[0] - path.coefs[1], atol=1e-5)
    assert not path.coefs[4].any()
    assert_allclose(path.intercept[4], 5.0)


def test_units_do_not_matter():
    X, Y, s = data()
    options = {"penalty": RowGroup(), "alphas": 6, "tol": 1e-11, "sample_weight": s}
    one = riata.fit_path(X, Y, **options)
    two = riata.fit_path(X, 1e-150 * Y, **options)
    assert_allclose(two.coefs, 1e-150 * one.coefs, rtol=1e-6, atol=1e-158)
    units = 10.0 ** np.arange(-10, 10)
    options["standardize"] = True
    one, two = riata.fit_path(X, Y, **options), riata.fit_path(X * units, Y, **options)
    assert_allclose(two.coefs * units[:, None], one.coefs, atol=1e-6)


@pytest.mark.parametrize("name", ["MultiTaskLassoCV", "MultiTaskElasticNetCV"])
def test_cross_validation_of_scikit_learn(name):
    X, Y, _ = data()
    options = {"alphas": 20, "cv": 3}
    if "Elastic" in name:
        options["l1_ratio"] = [0.3, 0.9]
    model = getattr(riata, name)(**options).fit(X, Y)
    theirs = getattr(linear_model, name)(**options, tol=1e-9, max_iter=10**5).fit(X, Y)
    assert model.alpha_ == pytest.approx(theirs.alpha_)
    assert_allclose(model.alphas_, theirs.alphas_, rtol=1e-9)
    assert_allclose(model.mse_path_, theirs.mse_path_, rtol=1e-4)
    assert_allclose(model.coef_, theirs.coef_, atol=1e-4)
    assert model.coef_.shape == (T, P)


def test_cv_path_and_its_choices():
    X, Y, s = data()
    cv = riata.cv_path(X, Y, penalty=RowGroup(0.9), cv=3, alphas=15, sample_weight=s)
    train, test = cv.folds[1]
    path = riata.fit_path(X[train], Y[train], penalty=RowGroup(0.9), alphas=cv.alphas[0],
                          sample_weight=s[train])
    errors = ((Y[test, :, None] - path.predict(X[test])) ** 2).sum(axis=1)
    expected = -np.average(errors, axis=0, weights=s[test])
    assert_allclose(next(iter(cv.scores.values()))[0, :, 1], expected, rtol=1e-3)
    choice = cv.select("1se")
    assert np.shape(choice.coef) == (T, P)


@pytest.mark.parametrize("name", ["MultiTaskLasso", "MultiTaskElasticNet"])
def test_estimators(name):
    X, Y, s = data()
    model = getattr(riata, name)(alpha=0.2, tol=1e-7).fit(X, Y)
    theirs = getattr(linear_model, name)(alpha=0.2, tol=1e-12, max_iter=10**5).fit(X, Y)
    assert_allclose(model.coef_, theirs.coef_, atol=1e-4)
    assert model.score(X, Y) == pytest.approx(theirs.score(X, Y), abs=1e-5)
    one = clone(model).fit(X, Y[:, :1])
    assert one.coef_.shape == (1, P)
    single = riata.ElasticNet(0.2, l1_ratio=getattr(model, "l1_ratio", 1.0), tol=1e-7)
    assert_allclose(one.coef_[0], single.fit(X, Y[:, 0]).coef_, atol=1e-6)
    warm = clone(model).set_params(warm_start=True).fit(X, Y)
    coef = warm.coef_
    assert_allclose(warm.fit(X, Y).coef_, coef, atol=1e-5)
    with pytest.raises(ValueError, match="mono-task outputs"):
        model.fit(X, Y[:, 0])
    weighted = clone(model).fit(X, Y, sample_weight=s)
    rows = np.repeat(np.arange(N), s.astype(int))
    assert_allclose(weighted.coef_, clone(model).fit(X[rows], Y[rows]).coef_, atol=1e-4)


def test_what_is_refused(tmp_path):
    X, Y, _ = data()
    for options, message in (
        ({}, "penalty=RowGroup"),
        ({"penalty": RowGroup(0.0)}, "l1_ratio=0"),
        ({"penalty": Group(np.arange(P) // 2)}, "penalty=RowGroup"),
        ({"penalty": RowGroup(), "loss": "poisson"}, "1d array"),
        ({"penalty": RowGroup(), "offset": np.ones((N, 2))}, "targets"),
    ):
        with pytest.raises(ValueError, match=message):
            riata.fit_path(X, Y, **options)
    np.save(tmp_path / "X.npy", X)
    with pytest.raises(ValueError, match="not fitted to chunks"):
        riata.fit_path(riata.open_chunks(tmp_path / "X.npy"), Y, penalty=RowGroup())
    path = riata.fit_path(X, Y, penalty=RowGroup(), alphas=4)
    with pytest.raises(ValueError, match="degrees of freedom"):
        path.select("bic")
    column = riata.fit_path(X, Y[:, :1], penalty=RowGroup(), alphas=4)
    assert_allclose(column.coefs, riata.fit_path(X, Y[:, 0], alphas=4).coefs)


def test_models_in_files_and_starts(tmp_path):
    X, Y, _ = data()
    for t in (1, T):
        model = riata.MultiTaskLasso(alpha=0.2).fit(X, Y[:, :t])
        riata.save_model(model, tmp_path / "model.json")
        loaded = riata.load_model(tmp_path / "model.json")
        assert_allclose(loaded.predict(X), model.predict(X))
        assert loaded.alpha == 0.2
    path = riata.fit_path(X, Y, penalty=RowGroup(), alphas=6)
    one = path.at(path.alphas[3])
    assert_allclose(one.predict(X), path.predict(X, alpha=path.alphas[3]))
    again = riata.fit_path(X, Y, penalty=RowGroup(), alphas=path.alphas[4:], init=path)
    assert_allclose(again.objective, path.objective[4:], rtol=1e-5)
    with pytest.raises(ValueError, match="alphas contains 0"):
        riata.fit_path(X, Y, penalty=RowGroup(), alphas=[0.1, 0.0])
