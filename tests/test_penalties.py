"""Penalties: contracts of every one, and penalties of one's own in fits.

Each method is held against its definition: `prox` against a search for the minimum,
`dual_norm` against `prox`, `violation` against the distance to the subdifferential,
`gap_terms` against the conjugate.
"""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import riata
from riata import check_solution, fit_path, penalties
from riata._core.certificate import ColumnPenalty
from riata._problem._generic_penalty import GenericPenalty
from riata.penalties import ElasticNet, Group, Penalty, RowGroup, SparseGroup

RNG = np.random.default_rng(5)


class LogSum(Penalty):
    """``log(1 + |w| / eps)``, which is not convex."""

    convex = False

    def __init__(self, eps=1.0):
        self.eps = eps

    def value(self, w, alpha):
        return alpha * np.log1p(np.abs(w) / self.eps)

    def prox(self, u, curvature, alpha):
        size, eps = np.abs(u) / curvature, self.eps
        root = (size + eps) ** 2 - 4.0 * alpha / curvature
        z = 0.5 * (size - eps + np.sqrt(np.maximum(root, 0.0)))
        z = np.where(root > 0.0, np.maximum(z, 0.0), 0.0)
        gain = 0.5 * curvature * z**2 - np.abs(u) * z + self.value(z, alpha)
        return np.where(gain < 0.0, np.sign(u) * z, 0.0)

    def dual_norm(self, c):
        return np.abs(c) * self.eps

    def violation(self, c, w, alpha):
        slope = alpha / (self.eps + np.abs(w))
        at_zero = np.maximum(np.abs(c) - slope, 0.0)
        return np.where(w == 0.0, at_zero, np.abs(c - slope * np.sign(w)))


class Lasso(Penalty):
    """The L1 norm as a user would write it, with its conjugate."""

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

    def gap_terms(self, c, w, alpha, kappa):
        return alpha * np.abs(w) - kappa * c * w


class LassoWithoutGap(Lasso):
    """The same without its conjugate: judged by KKT violations."""

    def gap_terms(self, c, w, alpha, kappa):
        return None


SEPARABLE = [
    ElasticNet(1.0), ElasticNet(0.4), ElasticNet(0.0), LogSum(0.3), LogSum(2.0), Lasso(),
]
ROWS = [RowGroup(1.0), RowGroup(0.3)]
GROUPS = [
    Group([0, 0, 0, 1, 1]), Group(np.zeros(3), l1_ratio=0.4),
    SparseGroup([0, 0, 0, 1, 1], l1_share=0.4),
    SparseGroup(np.zeros(3), l1_ratio=0.7, l1_share=0.05),
]
OWN = [LogSum(0.5), Lasso(), LassoWithoutGap()]


def test_every_public_penalty_is_tested():
    here = {type(penalty) for penalty in SEPARABLE + ROWS + GROUPS}
    public = {getattr(penalties, name) for name in penalties.__all__}
    assert public - {Penalty} <= here


@pytest.mark.parametrize("penalty", SEPARABLE, ids=repr)
def test_prox_is_the_minimiser(penalty):
    for u in RNG.normal(0.0, 3.0, 25):
        curvature, alpha = RNG.uniform(0.3, 2.0), RNG.uniform(0.05, 1.5)

        def objective(w, u=u, curvature=curvature, alpha=alpha):
            return 0.5 * curvature * w**2 - u * w + float(penalty.value(w, alpha))

        found = float(penalty.prox(np.array([u]), curvature, alpha)[0])
        grid = np.linspace(-20.0, 20.0, 4001)
        near = grid[np.argmin([objective(w) for w in grid])]
        around = near - 0.01, near + 0.01
        best = minimize_scalar(objective, bounds=around, method="bounded").x
        assert objective(found) <= min(objective(best), objective(0.0)) + 1e-9


@pytest.mark.parametrize("penalty", ROWS, ids=repr)
def test_prox_of_rows_is_stationary(penalty):
    U = RNG.normal(0.0, 2.0, (40, 3))
    curvature, alpha = RNG.uniform(0.3, 2.0, 40), RNG.uniform(0.1, 1.5, 40)
    W = penalty.prox(U, curvature, alpha)
    rest = penalty.violation(U - curvature[:, None] * W, W, alpha)
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)


@pytest.mark.parametrize("penalty", GROUPS, ids=repr)
def test_prox_and_dual_norm_of_groups(penalty):
    U, weight = RNG.normal(0.0, 2.0, (40, 3)), RNG.uniform(0.5, 2.0, 40)
    curvature, alpha = RNG.uniform(0.3, 2.0, 40), RNG.uniform(0.1, 1.5, 40)
    W = penalty.prox(U, curvature[:, None], alpha, weight)
    rest = penalty.violation(U - curvature[:, None] * W, W, alpha, weight)
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)
    # its subgradient by differences, where it has one
    V, h = RNG.normal(0.0, 1.0, (40, 3)), 1e-6
    slopes = np.empty_like(V)
    for j in range(3):
        step = h * (np.arange(3) == j)
        slopes[:, j] = (
            penalty.value(V + step, alpha, weight) - penalty.value(V - step, alpha, weight)
        ) / (2.0 * h)
    assert penalty.violation(slopes, V, alpha, weight).max() < 1e-8
    norm = penalty.dual_norm(U, weight)
    for factor, zero in ((1.0 + 1e-9, True), (1.0 - 1e-6, False)):
        found = penalty.violation(U, np.zeros_like(U), factor * norm, weight)
        assert ((found < 1e-12) == zero).all()


@pytest.mark.parametrize("penalty", SEPARABLE, ids=repr)
def test_dual_norm_is_the_least_alpha_with_a_zero(penalty):
    if isinstance(penalty, ElasticNet) and penalty.l1_ratio == 0.0:
        assert np.isinf(penalty.dual_norm(np.array([0.1])))
        return
    c = RNG.normal(0.0, 2.0, 30)
    norm = penalty.dual_norm(c)
    # (a steep quadratic, so that a penalty that is not convex has no far-off minimum)
    assert not penalty.prox(c, 1e4, norm * (1.0 + 1e-9)).any()
    assert penalty.prox(c, 1e4, norm * (1.0 - 1e-6)).all()


@pytest.mark.parametrize("penalty", SEPARABLE, ids=repr)
def test_violation_is_the_distance_to_the_subdifferential(penalty):
    c, w, alpha = RNG.normal(0, 2, 50), RNG.normal(0, 1, 50), RNG.uniform(0.1, 2, 50)
    h = 1e-6
    slope = (penalty.value(w + h, alpha) - penalty.value(w - h, alpha)) / (2 * h)
    np.testing.assert_allclose(penalty.violation(c, w, alpha), np.abs(c - slope), atol=1e-5)
    zero = np.zeros(50)
    slope = penalty.value(zero + 1e-9, alpha) / 1e-9
    expected = np.maximum(np.abs(c) - slope, 0.0)
    np.testing.assert_allclose(penalty.violation(c, zero, alpha), expected, atol=1e-5)


@pytest.mark.parametrize("penalty", [p for p in SEPARABLE if p.convex], ids=repr)
def test_gap_terms_are_those_of_fenchel_and_young(penalty):
    w, alpha = RNG.normal(0, 1, 30), RNG.uniform(0.2, 2, 30)
    c = RNG.normal(0, 1, 30)
    norm = penalty.dual_norm(c)
    kappa = np.where(np.isfinite(norm), np.minimum(1.0, alpha / norm), 1.0)
    terms = penalty.gap_terms(c, w, alpha, kappa)
    assert (terms >= -1e-12).all()
    grid = np.linspace(-60.0, 60.0, 60_001)
    for k in range(30):
        conjugate = (kappa[k] * c[k] * grid - penalty.value(grid, alpha[k])).max()
        expected = penalty.value(w[k], alpha[k]) + conjugate - kappa[k] * c[k] * w[k]
        assert terms[k] == pytest.approx(expected, abs=2e-3)
    # at the optimum of a one-dimensional problem the term is zero
    best = penalty.prox(c, 1.0, alpha)
    at_best = penalty.gap_terms(c - best, best, alpha, 1.0)
    np.testing.assert_allclose(at_best, 0.0, atol=1e-12)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_compiled_and_numpy_say_the_same(l1_ratio, squared):
    p, alphas = 30, np.array([1.0, 0.3])
    factor = np.r_[0.0, RNG.uniform(0.5, 2.0, p - 1)]
    unit, objective = RNG.uniform(0.5, 2.0, p), 0.7
    l1 = objective * unit * factor * l1_ratio
    l2 = objective * unit**2 * factor * (1.0 - l1_ratio)
    compiled = ColumnPenalty(l1, l2, None, None, np.ones(p))
    scale = ColumnPenalty(objective * unit * factor, 0.0 * l2, None, None, np.ones(p))
    generic = GenericPenalty(ElasticNet(l1_ratio), scale, unit, factor, objective)
    columns, c = np.arange(p), RNG.normal(0, 1, p)
    assert generic.alpha_max(c) == pytest.approx(compiled.alpha_max(c))
    W = RNG.normal(0, 0.1, (10, 2)) * (RNG.random((10, 2)) < 0.5)
    C = RNG.normal(0, 0.2, (p, 2))
    C[0] = 0.0
    loss = np.array([2.0, 3.0])
    for which in (0, 1):  # each alpha by itself: KKT violations and penalties
        _, kkt, value = compiled.certify(C, columns, W, alphas, loss, squared)
        _, own_kkt, own_value = generic.certify(C, columns, W, alphas, loss, squared)
        assert own_kkt[which] == pytest.approx(kkt[which])
        assert own_value[which] == pytest.approx(value[which])
    for first in (0, 1):
        expected = compiled.violators(C[10:], columns[10:], first, alphas, 0.9)
        found = generic.violators(C[10:], columns[10:], first, alphas, 0.9)
        assert expected[0].tolist() == found[0].tolist()
        np.testing.assert_allclose(expected[1], found[1])


# --- Penalties of one's own in fits.


def problem(loss, storage):
    X = RNG.standard_normal((70, 120)) * 3.0
    y = X[:, :4] @ [1.0, -0.8, 0.5, 0.3] + RNG.standard_normal(70)
    if storage == "sparse":
        X = sparse.csc_array(X * (RNG.random(X.shape) < 0.3))
    return X, y if loss == "squared" else (y > 0).astype(float)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("storage", ["dense", "sparse"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "huber"])
@pytest.mark.parametrize("penalty", OWN, ids=repr)
def test_own_penalties_are_certified(penalty, loss, storage, standardize):
    X, y = problem(loss, storage)
    options = {"loss": loss, "penalty": penalty, "standardize": standardize}
    path = fit_path(X, y, alphas=10, alpha_min_ratio=0.1, **options)
    assert {str(status) for status in path.status} == {"optimal"}
    assert path.n_active[0] == 0 < path.n_active[-1]
    gradient = path.kkt[-1]
    for k in (3, 9):
        audit = check_solution(
            X, y, path.coef[:, [k]].toarray()[:, 0], path.intercept[k],
            alpha=path.alphas[k], **options,
        )
        assert audit.kkt <= 1e-5 * max(path.alphas[0], gradient)
        assert audit.primal == pytest.approx(path.objective[k])
        if penalty.convex and type(penalty) is Lasso:
            assert audit.relative_gap <= 2e-6
        else:
            assert np.isnan(audit.gap)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("penalty", [Lasso(), LassoWithoutGap()], ids=repr)
def test_own_lasso_is_the_lasso(penalty, loss):
    X, y = problem(loss, "dense")
    options = {"loss": loss, "alphas": 8, "alpha_min_ratio": 0.1, "tol": 1e-9}
    own = fit_path(X, y, penalty=penalty, **options)
    usual = fit_path(X, y, **options)
    np.testing.assert_allclose(own.alphas, usual.alphas)
    np.testing.assert_allclose(own.coef.toarray(), usual.coef.toarray(), atol=2e-5)
    np.testing.assert_allclose(own.objective, usual.objective, rtol=1e-8)


def test_own_penalty_with_factors_weights_and_offset():
    X, y = problem("squared", "dense")
    factor = np.r_[0.0, np.inf, RNG.uniform(0.5, 2.0, 118)]
    options = {
        "alphas": 6, "alpha_min_ratio": 0.2, "tol": 1e-9,
        "sample_weight": RNG.integers(0, 3, 70).astype(float), "offset": 0.1 * y[::-1],
    }
    own = fit_path(X, y, penalty=Lasso(factor), **options)
    usual = fit_path(X, y, penalty_factor=factor, **options)
    np.testing.assert_allclose(own.coef.toarray(), usual.coef.toarray(), atol=2e-5)
    assert own.coef.toarray()[0].all()
    assert not own.coef.toarray()[1].any()


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("penalty", OWN, ids=repr)
def test_own_penalties_at_alpha_zero_are_no_penalty(penalty, loss):
    X, y = problem(loss, "dense")
    X = X[:, :5]
    if loss == "logistic":
        y[::7] = 1.0 - y[::7]  # so that nothing is separated
    own = fit_path(X, y, loss=loss, penalty=penalty, alphas=[0.1, 0.0], tol=1e-9)
    usual = fit_path(X, y, loss=loss, alphas=[0.0], tol=1e-10)
    assert {str(status) for status in own.status} == {"optimal"}
    np.testing.assert_allclose(own.coef.toarray()[:, 1], usual.coef.toarray()[:, 0], 1e-3)


@pytest.mark.parametrize("penalty", OWN, ids=repr)
def test_own_penalties_where_as_many_columns_are_active_as_samples(penalty):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 1000))
    y = X[:, :10].sum(axis=1) + rng.standard_normal(60)
    path = fit_path(X, y, penalty=penalty, alphas=30, alpha_min_ratio=0.02)
    assert {str(status) for status in path.status} == {"optimal"}


def test_own_penalties_on_chunks(tmp_path):
    X, y = problem("squared", "dense")
    X = X[:, :12]
    np.save(tmp_path / "X.npy", X)
    chunks = riata.open_chunks(tmp_path / "X.npy", memory_limit=2**20)
    for penalty in (LogSum(0.5), RowGroup(0.7)):
        options = {"penalty": penalty, "alphas": 6, "alpha_min_ratio": 0.1, "tol": 1e-9}
        found, expected = fit_path(chunks, y, **options), fit_path(X, y, **options)
        np.testing.assert_allclose(
            found.coef.toarray(), expected.coef.toarray(), atol=1e-4
        )


def test_log_sum_finds_no_worse_a_point_than_a_reference():
    # Stationary points are many; from the lasso's solution no coordinate can be improved.
    X, y = problem("squared", "dense")
    penalty = LogSum(0.5)
    path = fit_path(X, y, penalty=penalty, alphas=10, alpha_min_ratio=0.1)
    w, alpha = path.coef[:, [9]].toarray()[:, 0], path.alphas[9]
    r = y - path.intercept[9] - X @ w
    X = X - X.mean(axis=0)
    square = (X**2).mean(axis=0)
    best = penalty.prox(X.T @ r / len(y) + square * w, square, alpha)
    np.testing.assert_allclose(best, w, atol=1e-4)


def test_rows_are_zero_or_not_for_all_classes():
    X, y = problem("squared", "dense")
    y = np.digitize(y, [-1.0, 1.0])
    options = {"alphas": 6, "alpha_min_ratio": 0.1}
    path = fit_path(X, y, loss="multinomial", penalty=RowGroup(), **options)
    active = path.coefs[:, :, -1] != 0
    assert (active.all(axis=0) == active.any(axis=0)).all()
    with pytest.warns(FutureWarning, match="RowGroup"):
        loss = riata.losses.Multinomial(grouped=True)
    old = fit_path(X, y, loss=loss, **options)
    np.testing.assert_array_equal(old.coefs, path.coefs)


def test_what_is_no_penalty_is_refused():
    X, y = problem("squared", "dense")
    with pytest.raises(TypeError, match=r"riata\.penalties\.Penalty, got 'l1'"):
        fit_path(X, y, penalty="l1")
    with pytest.raises(ValueError, match="do not pass them beside it"):
        fit_path(X, y, penalty=LogSum(), l1_ratio=0.5)
    with pytest.raises(ValueError, match="one linear predictor"):
        fit_path(X, np.arange(70) % 3, loss="multinomial", penalty=LogSum())


# --- Penalties of one's own elsewhere.


def test_alpha_max_is_where_the_path_begins():
    X, y = problem("squared", "dense")
    for penalty in (*OWN, RowGroup(0.5), ElasticNet(0.5)):
        top = riata.alpha_max(X, y, penalty=penalty)
        assert top == fit_path(X, y, penalty=penalty, alphas=3).alphas[0]
        ends = fit_path(X, y, penalty=penalty, alphas=[top, 0.9 * top])
        assert ends.n_active[0] == 0 < ends.n_active[1]


@pytest.mark.parametrize("kind", ["own", "rows", "elastic net"])
def test_models_in_files_name_their_penalty(kind, tmp_path):
    X, y = problem("squared", "dense")
    options = {"fit_intercept": False, "standardize": True}
    if kind == "rows":
        factor = np.r_[2.0, np.ones(119)]
        penalty = RowGroup(0.5, factor)
        y, options["loss"] = np.digitize(y, [-1.0, 1.0]), "multinomial"
    else:
        penalty = LogSum(0.5) if kind == "own" else ElasticNet(0.5, lower=-1.0)
    path = fit_path(X, y, penalty=penalty, alphas=4, alpha_min_ratio=0.2, **options)
    model = path.at(path.alphas[2])
    expected = check_solution(X, y, model.coef, model.intercept, **model.problem)
    assert expected.kkt <= 1e-3 * path.kkt.max() + 1e-4
    riata.save_model(model, tmp_path / "model.json")
    known = riata.load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(known.coef, model.coef)
    if kind == "own":  # which a file of numbers does not hold
        with pytest.raises(ValueError, match=r"LogSum.*pass it to check_solution"):
            known.problem
        riata.save_model(known, tmp_path / "again.json")
        return
    found = check_solution(X, y, known.coef, known.intercept, **known.problem)
    assert found == expected


def test_paths_name_their_penalty():
    X, y = problem("squared", "dense")
    assert str(fit_path(X, y, penalty=LogSum(0.5), alphas=3)).startswith("LogSum path")


def test_what_is_for_the_elastic_net_refuses_other_penalties():
    X, y = problem("squared", "dense")
    path = fit_path(X, y, penalty=LogSum(0.5), alphas=3)
    with pytest.raises(ValueError, match="approximate_loo is for the elastic net"):
        riata.approximate_loo(path, X, y)
    for function in (riata.relaxed_path, riata.adaptive_path):
        for penalty in (LogSum(0.5), RowGroup()):
            with pytest.raises(ValueError, match="is for the elastic net"):
                function(X, y, penalty=penalty)
        function(X, y, penalty=ElasticNet(0.5), alphas=3)
    frequencies = riata.stability_path(
        X, y, penalty=LogSum(0.5), alphas=3, alpha_min_ratio=0.5, n_pairs=2, random_state=0
    )
    assert frequencies.frequency.shape == (120, 3)
    assert 0.0 < frequencies.frequency.max() <= 1.0


@pytest.mark.parametrize("penalty", [*OWN, ElasticNet(0.5, lower=-0.5)], ids=repr)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_estimators_take_penalties(penalty, loss):
    X, y = problem(loss, "dense")
    kind = "Regressor" if loss == "squared" else "Classifier"
    single, several = (
        getattr(riata, f"GeneralizedLinear{kind}{cv}") for cv in ("", "CV")
    )
    options = {"penalty": penalty, "tol": 1e-8}
    path = fit_path(X, y, loss=loss, alphas=8, alpha_min_ratio=0.1, **options)
    model = clone(single(alpha=path.alphas[4], **options)).fit(X, y)
    assert model.penalty is not penalty  # a copy
    assert repr(model.penalty) == repr(penalty)
    np.testing.assert_allclose(np.ravel(model.coef_), path.coef_at(path.alphas[4])[0],
                               atol=1e-4)
    cv = several(alphas=8, eps=0.1, cv=3, **options).fit(X, y)
    np.testing.assert_allclose(cv.alphas_, path.alphas)
    same = riata.cv_path(
        X, y, loss=loss, alphas=8, alpha_min_ratio=0.1, cv=3, **options
    )
    np.testing.assert_array_equal(cv.cv_result_.mean_score(), same.mean_score())
    train = cv.cv_result_.folds[1][0]
    fold = fit_path(X[train], y[train], loss=loss, alphas=cv.alphas_, **options)
    found = cv.cv_result_.fold_paths[0][1]
    np.testing.assert_allclose(found.objective, fold.objective, rtol=1e-3)


def test_rows_in_estimators_of_several_classes():
    X, y = problem("squared", "dense")
    y = np.digitize(y, [-1.0, 1.0])
    model = riata.GeneralizedLinearClassifier(alpha=0.3, penalty=RowGroup()).fit(X, y)
    active = model.coef_ != 0.0
    assert 0 < active.any(axis=0).sum() < 120
    assert (active.all(axis=0) == active.any(axis=0)).all()
    cv = riata.GeneralizedLinearClassifierCV(penalty=RowGroup(0.5), alphas=4, cv=3)
    assert cv.fit(X, y).l1_ratio_ == 0.5


def test_penalties_on_a_grid_search():
    X, y = problem("squared", "dense")
    model = riata.GeneralizedLinearRegressor(alpha=0.3)
    search = GridSearchCV(model, {"penalty": [None, LogSum(0.5), Lasso()]}, cv=3)
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(scores[2], abs=1e-3) != scores[1]


@pytest.mark.parametrize("options", [{"l1_ratio": 0.5}, {"lower": 0.0}])
def test_estimators_refuse_parts_beside_a_penalty(options):
    X, y = problem("squared", "dense")
    for kind in (riata.GeneralizedLinearRegressor, riata.GeneralizedLinearRegressorCV):
        with pytest.raises(ValueError, match="do not pass them beside it"):
            kind(penalty=LogSum(), **options).fit(X, y)


def test_rows_beside_nearly_dependent_unpenalised_columns():
    """They are replaced by a basis of their span; the penalty stays one on rows."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((90, 12))
    X[:, 1] = X[:, 0] + 1e-7 * rng.standard_normal(90)
    y = np.digitize(X[:, 2] - X[:, 3] + rng.standard_normal(90), [-0.7, 0.7])
    factor = np.r_[0.0, 0.0, np.ones(10)]
    penalty = RowGroup(penalty_factor=factor)
    path = fit_path(X, y, loss="multinomial", penalty=penalty, alphas=[0.05])
    audit = check_solution(
        X, y, path.coefs[:, :, 0], path.intercept[:, 0], alpha=0.05, loss="multinomial",
        penalty=penalty,
    )
    assert audit.relative_gap <= 2e-6
    assert audit.primal == pytest.approx(path.objective[0])
    active = path.coefs[:, 2:, 0] != 0
    assert (active.all(axis=0) == active.any(axis=0)).all()


def test_audit_counts_the_row_of_a_constant_column():
    X, y = problem("squared", "dense")
    X[:, 5], y = 2.0, np.digitize(y, [-1.0, 1.0])
    coef, alpha = np.zeros((3, 120)), 0.3
    without = check_solution(
        X, y, coef, np.zeros(3), alpha=alpha, loss="multinomial", penalty=RowGroup()
    )
    coef[:, 5] = [3.0, 4.0, 0.0]
    # (the same predictors, less what the constant adds to the intercepts)
    audit = check_solution(
        X, y, coef, -2.0 * coef[:, 5], alpha=alpha, loss="multinomial", penalty=RowGroup()
    )
    assert audit.primal - without.primal == pytest.approx(alpha * 5.0)
