"""Penalties on groups: optima of an independent solver, certificates, invariances."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

import riata
from riata import losses
from riata.penalties import ElasticNet, Group, SparseGroup

N, P = 60, 24
CODES = np.random.default_rng(5).permutation(np.arange(P) % 6)
PENALTIES = [
    Group(CODES), SparseGroup(CODES, l1_share=0.5),
    Group(CODES, [1, 2, 0, 1, np.inf, 1], l1_ratio=0.6),
    SparseGroup(CODES, [1, 2, 0, 1, np.inf, 1], 0.7, 0.3),
]
LOSSES = [
    losses.Squared(), losses.Logistic(), losses.Poisson(), losses.Huber(1.0),
    losses.Gamma(),
]


def data(loss=LOSSES[0], n=N, p=P, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
    eta = 0.5 * X[:, :6].sum(axis=1) + rng.standard_normal(n)
    y = {
        "logistic": eta > 0, "gamma": np.exp(eta),
        "poisson": rng.poisson(np.exp(np.clip(eta, -3, 2))),
    }.get(loss.name, eta)
    return X, np.asarray(y, dtype=float), rng.integers(0, 3, n).astype(float)


def value(penalty, w):
    """The penalty at alpha = 1, group by group."""
    total = 0.0
    for g, weight in enumerate(penalty.group_weights_):
        part = w[penalty.codes_ == g]
        if weight == np.inf:
            assert not part.any()
        elif weight > 0:
            total += penalty.value(part, 1.0, weight)
    return total


def objective(X, y, s, loss, w, b, alpha, penalty):
    return np.average(loss.value(y, X @ w + b), weights=s) + alpha * value(penalty, w)


def by_proximal_gradient(X, y, s, loss, alpha, penalty, n_steps=3000):
    """Coefficients and intercept by accelerated proximal gradient steps."""
    A, s = np.column_stack([X, np.ones(len(X))]), s / s.sum()
    L = np.linalg.eigvalsh(A.T @ (s[:, None] * A))[-1]
    x = z = np.zeros(A.shape[1])
    t = 1.0
    for _ in range(n_steps):
        gradient = -A.T @ (s * loss.residual(y, A @ z))
        now = s @ loss.value(y, A @ z)
        while True:
            new = z - gradient / L
            for g, weight in enumerate(penalty.group_weights_):
                at = np.flatnonzero(penalty.codes_ == g)
                if weight == np.inf:
                    new[at] = 0.0
                elif weight > 0:
                    new[at] = penalty.prox(L * new[at], L, alpha, weight)
            d = new - z
            if s @ loss.value(y, A @ new) <= now + gradient @ d + 0.5 * L * d @ d + 1e-15:
                break
            L *= 2.0
        after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        if (z - new) @ (new - x) > 0:
            after = 1.0
        z, x, t = new + (t - 1.0) / after * (new - x), new, after
    return x[:-1], x[-1]


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_optimum_of_an_independent_solver(loss, penalty, form):
    X, y, s = data(loss)
    A = sparse.csc_array(X) if form == "sparse" else X
    options = {"loss": loss, "penalty": penalty, "sample_weight": s}
    top = riata.alpha_max(A, y, **options)
    path = riata.fit_path(A, y, alphas=[1.0001 * top, 0.3 * top, 0.05 * top], tol=1e-11,
                          **options)
    assert path.relative_gap.max() <= 1e-11
    free = np.isin(CODES, np.flatnonzero(penalty.group_weights_ == 0))
    assert not path.coefs[~free, 0].any()
    for k, alpha in enumerate(path.alphas):
        w, b = path.coefs[:, k], path.intercept[k]
        found = objective(X, y, s, loss, w, b, alpha, penalty)
        assert found == pytest.approx(path.objective[k], rel=1e-12)
        other = by_proximal_gradient(X, y, s, loss, alpha, penalty)
        best = objective(X, y, s, loss, *other, alpha, penalty)
        assert found <= best + 1e-11 * abs(best)
        audit = riata.check_solution(A, y, w, b, alpha=alpha, **options)
        assert audit.relative_gap <= 1e-10
        # a gap is no less than the distance to the optimum, wherever it is computed
        worse = w * (1.0 + 0.1 * np.cos(np.arange(P)))
        audit = riata.check_solution(A, y, worse, b, alpha=alpha, **options)
        above = objective(X, y, s, loss, worse, b, alpha, penalty) - found
        assert above <= audit.gap + 1e-12


@pytest.mark.parametrize("penalty", PENALTIES[:2], ids=repr)
def test_a_little_below_alpha_max_a_group_is_active(penalty):
    X, y, _ = data()
    top = riata.alpha_max(X, y, penalty=penalty)
    path = riata.fit_path(X, y, penalty=penalty, alphas=[top, 0.999 * top], tol=1e-10)
    assert path.n_active[0] == 0
    assert path.n_active[1] > 0
    active = np.unique(CODES[path.coefs[:, 1] != 0])
    assert len(active) == 1


def test_groups_are_zero_as_a_whole():
    X, y, _ = data(p=60)
    codes = np.arange(60) // 5
    coefs = riata.fit_path(X, y, penalty=Group(codes), alphas=30).coefs
    active = (coefs.reshape(12, 5, -1) != 0).sum(axis=1)
    assert set(np.unique(active)) <= {0, 5}
    coefs = riata.fit_path(X, y, penalty=SparseGroup(codes, l1_share=0.5), alphas=30).coefs
    assert {1, 2, 3, 4} & set(np.unique((coefs.reshape(12, 5, -1) != 0).sum(axis=1)))


def test_groups_of_one_are_the_lasso():
    X, y, s = data()
    lasso = riata.fit_path(X, y, alphas=20, sample_weight=s)
    for penalty in (
        Group(np.arange(P)), SparseGroup(np.arange(P), l1_share=0.3),
        SparseGroup(CODES, l1_share=1.0),
    ):
        path = riata.fit_path(X, y, penalty=penalty, alphas=20, sample_weight=s)
        assert_allclose(path.coefs, lasso.coefs, atol=1e-12)
    # a group of one feature beside others, by the general engine
    penalty = Group(np.minimum(np.arange(P), P - 2), {P - 2: np.inf})
    path = riata.fit_path(X, y, penalty=penalty, alphas=lasso.alphas[:12], tol=1e-11)
    factor = np.where(np.arange(P) >= P - 2, np.inf, 1.0)
    other = riata.fit_path(X, y, penalty_factor=factor, alphas=path.alphas, tol=1e-11)
    assert_allclose(path.coefs, other.coefs, atol=1e-5)
    assert_allclose(path.objective, other.objective, rtol=1e-10)


def test_one_group_of_orthonormal_columns_has_a_closed_form():
    X = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 5)))[0] * np.sqrt(40)
    y = X @ [1.0, -2.0, 0.5, 0.0, 3.0]
    b = X.T @ y / 40
    for share in (0.0, 0.4):
        penalty = SparseGroup(np.zeros(5), 1.0, l1_share=share)
        path = riata.fit_path(
            X, y, penalty=penalty, alphas=[0.7], fit_intercept=False, tol=1e-14
        )
        assert_allclose(path.coefs[:, 0], penalty.prox(b, 1.0, 0.7), atol=1e-7)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_the_order_of_features_and_labels_does_not_matter(penalty):
    X, y, s = data()
    order = np.random.default_rng(1).permutation(P)
    names = np.array(["f", "e", "d", "c", "b", "a"])  # in reverse order
    other = type(penalty)(
        names[CODES][order], dict(zip(names, penalty.group_weights_, strict=True)),
        **{k: getattr(penalty, k) for k in ("l1_ratio", "l1_share")
           if k in type(penalty).__dataclass_fields__},
    )
    options = {"alphas": 12, "tol": 1e-11, "sample_weight": s}
    one = riata.fit_path(X, y, penalty=penalty, **options)
    two = riata.fit_path(X[:, order], y, penalty=other, **options)
    assert_allclose(two.coefs, one.coefs[order], atol=1e-6)
    assert_allclose(two.objective, one.objective, rtol=1e-11)


def test_rotating_a_group_rotates_its_coefficients():
    X, y, _ = data()
    codes = np.arange(P) // 4
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    turned = X.copy()
    turned[:, 4:8] = X[:, 4:8] @ Q
    options = {"penalty": Group(codes), "alphas": 15, "tol": 1e-12}
    one, two = riata.fit_path(X, y, **options), riata.fit_path(turned, y, **options)
    assert_allclose(two.objective, one.objective, rtol=1e-11)
    assert_allclose(Q @ two.coefs[4:8], one.coefs[4:8], atol=1e-5)


@pytest.mark.parametrize("penalty", [
    Group(np.arange(80) // 20), SparseGroup(np.arange(80) // 20, l1_share=0.2),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize("loss", LOSSES[:2], ids=repr)
def test_groups_larger_than_the_sample_and_duplicated_columns(loss, penalty):
    X, y, _ = data(loss, n=15, p=80)
    X[:, 3] = X[:, 4]
    X[:, 25] = 0.0
    X[:, 45] = 7.0
    path = riata.fit_path(X, y, loss=loss, penalty=penalty, alphas=15,
                          alpha_min_ratio=0.02, tol=1e-9)
    assert path.relative_gap.max() <= 1e-9
    assert not path.coefs[[25, 45]].any()
    assert_allclose(path.coefs[3], path.coefs[4], atol=1e-4)


@pytest.mark.parametrize("penalty", PENALTIES[:2], ids=repr)
def test_standardised_columns_have_no_units(penalty):
    X, y, s = data()
    units = 10.0 ** np.random.default_rng(0).integers(-6, 7, P)
    options = {"penalty": penalty, "alphas": 10, "standardize": True, "tol": 1e-11,
               "sample_weight": s}
    one, two = riata.fit_path(X, y, **options), riata.fit_path(X * units, y, **options)
    assert_allclose(two.coefs * units[:, None], one.coefs, atol=1e-6)
    deviations = np.sqrt(np.average(
        (X - np.average(X, axis=0, weights=s)) ** 2, axis=0, weights=s
    ))
    by_hand = riata.fit_path(X / deviations, y, penalty=penalty, alphas=one.alphas,
                             tol=1e-11, sample_weight=s)
    assert_allclose(by_hand.coefs, one.coefs * deviations[:, None], atol=1e-6)


def test_weights_are_repetitions_and_offsets_shift_the_target():
    X, y, s = data()
    rows, o = np.repeat(np.arange(N), s.astype(int)), np.linspace(-1, 1, N)
    options = {"penalty": PENALTIES[1], "alphas": [0.2, 0.05], "tol": 1e-12}
    one = riata.fit_path(X, y, sample_weight=s, offset=o, **options)
    two = riata.fit_path(X[rows], (y - o)[rows], **options)
    assert_allclose(two.coefs, one.coefs, atol=1e-6)


def test_single_precision_columns():
    X, y, _ = data()
    X = X.astype(np.float32)
    one = riata.fit_path(X, y, penalty=PENALTIES[1], alphas=10, tol=1e-10)
    two = riata.fit_path(X.astype(float), y, penalty=PENALTIES[1], alphas=10, tol=1e-10)
    assert_allclose(one.coefs, two.coefs, atol=1e-5)


def test_no_penalty_at_all_is_least_squares():
    X, y, _ = data()
    path = riata.fit_path(X, y, penalty=Group(CODES), alphas=[0.1, 0.0])
    A = np.column_stack([X, np.ones(N)])
    assert_allclose(path.coefs[:, 1], np.linalg.lstsq(A, y, rcond=None)[0][:-1], atol=1e-7)


def test_cross_validation_and_selection():
    X, y, s = data()
    cv = riata.cv_path(X, y, penalty=Group(CODES), cv=4, alphas=20, sample_weight=s)
    chosen = cv.select("min")
    model = riata.GroupLassoCV(CODES, cv=4, alphas=20).fit(X, y, sample_weight=s)
    assert model.alpha_ == pytest.approx(chosen.alpha)
    again = riata.GroupLasso(CODES, alpha=model.alpha_).fit(X, y, sample_weight=s)
    assert_allclose(again.coef_, model.coef_, atol=1e-3)
    train, test = cv.folds[0]
    path = riata.fit_path(X[train], y[train], penalty=Group(CODES), alphas=cv.alphas[0],
                          sample_weight=s[train])
    error = (y[test, None] - path.predict(X[test])) ** 2
    expected = -np.average(error, axis=0, weights=s[test])
    assert_allclose(next(iter(cv.scores.values()))[0, :, 0], expected, rtol=1e-3)


def test_estimators_take_any_loss():
    X, y, _ = data(losses.Logistic())
    penalty = SparseGroup(CODES, l1_share=0.5)
    model = riata.GeneralizedLinearClassifier(penalty=penalty, alpha=0.05).fit(X, y)
    path = riata.fit_path(X, y, loss="logistic", penalty=penalty, alphas=[0.05])
    assert_allclose(model.coef_[0], path.coefs[:, 0], atol=1e-3)
    assert clone(model).get_params()["penalty"].l1_share == 0.5


def test_frames_and_names():
    X, y, _ = data()
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(P)])
    model = riata.SparseGroupLasso(CODES.astype(str), alpha=0.1, l1_share=0.2)
    model.fit(frame, y)
    assert list(model.feature_names_in_) == list(frame)
    other = riata.SparseGroupLasso(CODES, alpha=0.1, l1_share=0.2).fit(X, y)
    assert_allclose(model.coef_, other.coef_, atol=1e-12)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Group(np.ones((2, 2))), "groups must have one label for each feature"),
    (lambda: Group([]), "groups must have one label for each feature"),
    (lambda: Group([0.0, np.nan]), "NaN"),
    (lambda: Group(CODES, "root"), "weights must be"),
    (lambda: Group(CODES, [1, 2]), "each of the 6 groups"),
    (lambda: Group(CODES, -1), "must not be negative"),
    (lambda: Group(CODES, {"a": 1}), "no feature has"),
    (lambda: SparseGroup(CODES, l1_share=2), "l1_share must be a number from 0 to 1"),
])
def test_malformed_penalties(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(("options", "message"), [
    ({"penalty": Group(CODES[:5])}, "each of the 24 features"),
    ({"penalty": Group(CODES), "lower": 0.0}, "do not pass them"),
    ({"penalty": Group(CODES, l1_ratio=3)}, "l1_ratio"),
    ({"penalty": Group(CODES), "loss": "multinomial"}, "several"),
])
def test_malformed_fits(options, message):
    X, y, _ = data()
    if "loss" in options:
        y = np.digitize(y, [-1, 1])
    with pytest.raises(ValueError, match=message):
        riata.fit_path(X, y, **options)


def test_chunks_are_refused(tmp_path):
    X, y, _ = data()
    np.save(tmp_path / "X.npy", X)
    chunks = riata.open_chunks(tmp_path / "X.npy")
    with pytest.raises(ValueError, match="not fitted to chunks"):
        riata.fit_path(chunks, y, penalty=Group(CODES))


def test_an_elastic_net_of_groups_of_one():
    X, y, _ = data()
    one = riata.fit_path(X, y, penalty=Group(np.arange(P), 2.0, l1_ratio=0.5), alphas=9)
    net = ElasticNet(0.5, penalty_factor=np.full(P, 2.0))
    assert_array_equal(one.coefs, riata.fit_path(X, y, penalty=net, alphas=9).coefs)


def test_there_is_no_information_criterion():
    X, y, _ = data()
    path = riata.fit_path(X, y, penalty=Group(CODES), alphas=5)
    with pytest.raises(ValueError, match="degrees of freedom"):
        path.select("bic")
    assert path.select(lambda path: path.alphas) == 4


@pytest.mark.parametrize("loss", LOSSES[:3], ids=repr)
def test_alpha_zero_and_extreme_units(loss):
    X, y, _ = data(loss, n=200)
    alphas = [0.1, 0.0]
    path = riata.fit_path(X, y, loss=loss, penalty=Group(CODES), alphas=alphas, tol=1e-9)
    other = riata.fit_path(X, y, loss=loss, alphas=[0.0], tol=1e-9)
    assert_allclose(path.coefs[:, 1], other.coefs[:, 0], atol=1e-4)
    assert path.status[1] == "optimal"
    one = riata.fit_path(X, y, loss=loss, penalty=PENALTIES[1], alphas=5, tol=1e-9)
    for unit in (1e-150, 1e150):
        two = riata.fit_path(
            unit * X, y, loss=loss, penalty=PENALTIES[1], alphas=unit * one.alphas, tol=1e-9
        )
        assert_allclose(two.coefs * unit, one.coefs, atol=1e-5)
