"""Data at the ends of the range of double precision, and all but degenerate models.

Whatever is passed, a result holds finite numbers, and a gap that no better point disproves;
what can not be represented is refused by a ValueError, and nothing else is raised.
"""

import warnings

import glm_reference
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import riata
from riata._problem import _joint_datafit
from riata._solver import _dual_point
from riata._solver._engines import _direct
from riata.losses import (
    Gamma,
    Huber,
    Logistic,
    Multinomial,
    NegativeBinomial,
    Poisson,
    Squared,
    SquaredHinge,
    Tweedie,
)

LOSSES = [
    Squared(), Logistic(), Poisson(), Gamma(), Tweedie(1.5), NegativeBinomial(0.7),
    Huber(0.8), SquaredHinge(), Multinomial(), Multinomial(grouped=True),
]  # fmt: skip
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=str)
each_storage = pytest.mark.parametrize(
    "store", [np.asfortranarray, np.ascontiguousarray, sp.csc_array], ids=str
)


def make(loss, n=24, p=4, seed=0):
    """Ordinary data, and a target that the loss takes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, target(loss, X @ rng.standard_normal(p), rng)


def target(loss, eta, rng):
    n = len(eta)
    if loss.many_outputs:
        return np.r_[0, 1, 2, rng.integers(0, 3, n)][:n].astype(float)
    if loss.classifies:
        return np.r_[0.0, 1.0, rng.random(n) < 0.5][:n]
    if isinstance(loss, (Squared, Huber)):
        return eta + rng.standard_normal(n)
    y = np.exp(0.3 * eta) * rng.gamma(3.0, 1.0, n)
    return np.maximum(np.round(y), 1.0) if loss.fixed_dispersion else y


def fit(X, y, loss, **options):
    """A path whose numbers are all finite; no warning but those that are documented."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        warnings.filterwarnings("ignore", "alpha_max is 0")
        path = riata.fit_path(X, y, loss=loss, **options)
    for part in ("coefs", "intercept", "objective", "dual_gap", "relative_gap", "kkt"):
        assert np.isfinite(getattr(path, part)).all(), part
    for gap, status in zip(path.relative_gap, path.status, strict=True):
        assert status != riata.Status.optimal or gap <= path.tol * (1 + 1e-9)
    return path


def fit_or_refuse(X, y, loss, **options):
    """The same, or None where that is refused for what can not be represented."""
    try:
        return fit(X, y, loss, **options)
    except ValueError as error:
        if "range of double precision" not in str(error):
            raise
        return None


# --- Scales of columns ----------------------------------------------------------------


@each_loss
@each_storage
@pytest.mark.parametrize("unit", [1e-290, 1e-305, 1e-308, 1e-310, 1e-322])
def test_a_tiny_column_that_matters_is_refused_by_name_or_solved(loss, unit, store):
    X, y = make(loss)
    scaled = X * np.array([1.0, 1.0, unit, 1.0])
    factors = {"penalty_factor": np.array([1.0, 1.0, 0.0, 1.0]), "alphas": [0.1]}
    for options in ({"standardize": True, "alphas": [0.1]}, factors, {"alphas": [0.0]}):
        if loss.many_outputs and options is factors:
            continue
        if unit < 1e-300:
            with pytest.raises(ValueError, match=r"(column|coefficient) 2"):
                fit(store(scaled), y, loss, **options)
            continue
        path = fit_or_refuse(store(scaled), y, loss, **options)
        if path is not None:
            plain = fit(X, y, loss, **options)
            assert path.objective == pytest.approx(plain.objective, rel=1e-5)


@each_loss
@each_storage
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("unit", [1e-200, 1e-310])
def test_a_tiny_column_under_a_penalty_is_zero(loss, unit, l1_ratio, store):
    X, y = make(loss)
    tiny = X * np.array([1.0, 1.0, unit, 1.0])
    options = {"alphas": [0.1, 0.01], "l1_ratio": l1_ratio}
    path = fit(store(tiny), y, loss, **options)
    plain = fit(X[:, [0, 1, 3]], y, loss, **options)
    assert not path.coefs[..., 2, :].any()
    np.testing.assert_allclose(path.objective, plain.objective, rtol=1e-5)


@each_loss
@each_storage
@pytest.mark.parametrize("unit", [1e-170, 1e-120, 1e120, 1e175])
def test_units_of_all_columns(loss, unit, store):
    X, y = make(loss)
    alpha = 0.3 * riata.alpha_max(X, y, loss=loss)
    plain = fit(X, y, loss, alphas=[alpha], tol=1e-9)
    path = fit(store(X * unit), y, loss, alphas=[alpha * unit], tol=1e-9)
    np.testing.assert_allclose(path.coefs * unit, plain.coefs, atol=1e-4)
    np.testing.assert_allclose(path.objective, plain.objective, rtol=1e-8)
    # without a penalty there is a gap too, and it is a number
    fit_or_refuse(store(X * unit), y, loss, alphas=[0.0], l1_ratio=1.0)


def test_units_that_are_too_far_apart_are_refused():
    X, y = make(Squared())
    for x_unit, y_unit in ((1e-200, 1e150), (1e200, 1e-150), (1e200, 1e140), (1.0, 1e160)):
        for loss in (Squared(), Huber(y_unit)):
            with pytest.raises(ValueError, match="range of double precision"):
                fit(X * x_unit, y * y_unit, loss, alphas=[0.0])


def test_an_alpha_whose_penalty_overflows_is_refused():
    X, y = make(Squared())
    with pytest.raises(ValueError, match="alpha=1e\\+300"):
        fit(X * 1e-20, y, Squared(), alphas=[1e300], l1_ratio=0.5)


def test_check_solution_refuses_what_can_not_be_represented():
    X, y = make(Poisson())
    with pytest.raises(ValueError, match="column 0"):
        riata.check_solution(
            X * [1e-310, 1, 1, 1], y, np.zeros(4), alpha=0.1, loss="poisson",
            standardize=True,
        )


# --- Targets --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES[2:6], ids=str)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize(
    ("level", "step"), [(1.0, 1e-15), (1.0, 1e-16), (1e6, 1e-12), (7.0, 0.0)]
)
def test_nearly_constant_targets(loss, l1_ratio, level, step):
    X, _ = make(loss)
    y = level * (1.0 + step * np.arange(24))
    path = fit(X, y, loss, alphas=2, l1_ratio=l1_ratio, max_iter=2, time_limit=0.2)
    assert np.abs(path.coefs).max() <= 1e3 * max(step, 1e-15)
    np.testing.assert_allclose(path.intercept, np.log(level), atol=1e-9)


@pytest.mark.parametrize("loss", [Gamma(), Tweedie(1.5), NegativeBinomial(1.0)], ids=str)
@pytest.mark.parametrize("level", [1e-9, 1e9, 1e15])
def test_levels_of_a_mean_do_not_matter(loss, level):
    # in the gamma model they shift the intercept; all these tend to it, or scale with it
    X, y = make(Gamma())
    options = {"alphas": [1e-3], "l1_ratio": 0.5}
    if isinstance(loss, Tweedie):
        options["alphas"] = [1e-3 * level**0.5]
    if isinstance(loss, NegativeBinomial):
        loss = NegativeBinomial(1.0 / level) if level < 1 else loss
        options["alphas"] = [1e-3 * min(level, 1.0)]
    path = fit(X, level * y, loss, **options)
    assert path.status[0] == riata.Status.optimal
    assert path.coefs.any()
    if not isinstance(loss, NegativeBinomial):
        plain = fit(X, y, loss, alphas=[1e-3], l1_ratio=0.5)
        np.testing.assert_allclose(path.coefs, plain.coefs, atol=2e-3)


@pytest.mark.parametrize("shift", [1e8, -1e9, 1e12])
@pytest.mark.parametrize(
    "options", [{}, {"l1_ratio": 0.0}, {"sample_weight": True}], ids=str
)
def test_huber_does_not_see_a_shift_of_y(shift, options):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 6))
    y = X @ [2.0, -1.0, 0.5, 0, 0, 0] + rng.standard_t(1.5, 60)
    y = (y + shift) - shift  # exactly what is left of it
    if "sample_weight" in options:
        options = {"sample_weight": rng.integers(0, 3, 60) + 0.0}
    plain = fit(X, y, Huber(1.35), alphas=10, tol=1e-9, **options)
    path = fit(X, y + shift, Huber(1.35), alphas=plain.alphas, tol=1e-9, **options)
    assert set(path.status) == {riata.Status.optimal}
    np.testing.assert_allclose(path.coefs, plain.coefs, atol=1e-6)
    spacing = np.spacing(abs(shift))
    np.testing.assert_allclose(path.intercept - shift, plain.intercept, atol=2 * spacing)
    audit = riata.check_solution(
        X, y + shift, path.coefs[:, 4], float(path.intercept[4]), alpha=path.alphas[4],
        loss=Huber(1.35), **options,
    )
    rounding = (60 * spacing) ** 2
    assert audit.gap <= 1e-8 * path.null_objective + rounding


@pytest.mark.parametrize("loss", LOSSES[2:6], ids=str)
@pytest.mark.parametrize(
    ("level", "step"), [(1e6, 1e-12), (1e6, 1e-10), (100.0, 1e-9), (100.0, 1e-8)]
)
def test_fits_to_rounding_stop_where_there_is_no_progress(loss, level, step):
    X, _ = make(loss)
    y = level * (1.0 + step * np.random.default_rng(1).standard_normal(24))
    path = fit(X, y, loss, alphas=40)
    assert path.diagnostics.hessians <= 40 * 10
    assert path.relative_gap.max() <= 1.0
    assert path.status[0] == riata.Status.optimal or step <= 1e-10


@pytest.mark.parametrize("loss", [Poisson(), Gamma(), Tweedie(1.5)], ids=str)
@pytest.mark.parametrize("distance", [-900.0, -300.0, -40.0, 40.0, 300.0])
def test_intercepts_of_log_links_from_far_away(loss, distance):
    X, y = make(loss)
    problem = _path_problem(X, y, loss)
    far = problem.null_eta + distance
    settled, moved = problem.datafit.profile_intercept(far)
    np.testing.assert_allclose(moved, -distance, rtol=1e-9)
    np.testing.assert_allclose(settled, problem.null_eta, atol=1e-9 * abs(distance))


@pytest.mark.parametrize("loss", [Poisson(), Gamma(), Logistic(), Multinomial()], ids=str)
@pytest.mark.parametrize("width", [1e-6, 1e-9])
def test_nearly_dependent_unpenalised_columns_do_no_harm(loss, width):
    # to columns whose coefficients are huge belong intercepts that are far away
    X, y = make(loss)
    rng = np.random.default_rng(2)
    X = np.column_stack([X + 50.0, X[:, 0] + 50.0 + width * rng.standard_normal(24)])
    path = fit(X, y, loss, alphas=[1.0, 0.1], penalty_factor=np.zeros(5))
    assert (path.objective <= path.null_objective * (1 + 1e-9)).all()
    assert path.relative_gap.max() <= 1.0


def test_a_step_that_is_all_rounding_does_not_raise_the_objective():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((12, 6)), np.arange(12.0) % 3
        X[:, 0] = 0.0
        factor = np.array([np.inf, 0.0, 0.0, 0.0, 1.0, 0.0])
        path = fit(
            X, y, Multinomial(), alphas=[2.5, 0.2, 2.5e-6], l1_ratio=1e-3,
            penalty_factor=factor, sample_weight=rng.random(12) + 0.1,
        )
        assert (path.objective <= path.null_objective).all()
        assert path.relative_gap.max() <= 1.0


def test_a_constant_target_of_huber():
    X, _ = make(Huber())
    path = fit(X, np.full(24, 1e9 + 0.1), Huber(), alphas=[1.0, 0.1])
    assert not path.coefs.any()
    assert (path.intercept == 1e9 + 0.1).all()


# --- Degenerate Hessians --------------------------------------------------------------


def test_a_definite_system_that_rounding_made_indefinite_is_solved():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((3, 8))
    matrix = np.asfortranarray(A.T @ A) * 1e12
    matrix[0, 0] *= 1 - 1e-13
    rest = matrix @ np.ones(8)
    found = _direct.solve_definite(matrix, rest)
    np.testing.assert_allclose(matrix @ found, rest, rtol=1e-4)
    assert not _direct.solve_definite(np.full((2, 2), np.nan), np.ones(2)).any()


@pytest.mark.parametrize("spread", [1.0, 1e-6, 1e-12])
def test_the_inverse_for_intercepts_of_classes_of_any_size(spread):
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(4), 30)
    P[:, 1] *= spread
    P /= P.sum(axis=1, keepdims=True)
    weighted = P * rng.random(30)[:, None]
    inverse = _joint_datafit.inverse_of_intercepts(P, weighted)
    hessian = np.diag(weighted.sum(axis=0)) - P.T @ weighted
    step = rng.standard_normal(4)
    step -= step.mean()
    pull = hessian @ step
    np.testing.assert_allclose(inverse @ pull, step, rtol=1e-3 if spread < 1e-9 else 1e-8)
    assert np.isfinite(_joint_datafit.inverse_of_intercepts(np.eye(3), np.eye(3))).all()


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.01])
def test_classes_with_weights_in_ratios_of_1e24(grouped, l1_ratio):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X, y = rng.integers(-3, 4, (9, 3)) * 1.0, np.arange(9.0) % 3
        path = fit(
            X, y, Multinomial(grouped=grouped), alphas=4, l1_ratio=l1_ratio, max_iter=20,
            sample_weight=10.0 ** rng.uniform(-12, 12, 9),
        )
        assert (path.objective <= path.null_objective * (1 + 1e-9)).all()


def test_classes_that_unpenalised_columns_nearly_separate():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((12, 4)), np.arange(12.0) % 4
        factor = np.array([0.0, 0.0, 1.0, 1.0])
        path = fit(
            X, y, Multinomial(), alphas=[0.1], penalty_factor=factor, time_limit=0.5
        )
        assert path.objective[0] <= path.null_objective


def test_intercepts_of_classes_from_far_away():
    X, y = make(Multinomial())
    data = _path_problem(X, y)
    moved = np.random.default_rng(1).standard_normal((24, 3)) * [1e3, 1.0, 1e-3]
    Eta, _ = data.datafit.profile_intercept(moved)
    p = data.loss.predict(Eta)
    np.testing.assert_allclose((data.targets - p).sum(axis=0), 0.0, atol=1e-9)


def _path_problem(X, y, loss=None, **options):
    from riata._path._checked import checked_data, checked_penalty, checked_problem

    loss = Multinomial() if loss is None else loss
    penalty = checked_penalty(None, 1.0, options.pop("penalty_factor", None), None, None,
                              X.shape[1])
    options = {"fit_intercept": True, "standardize": False} | options
    return checked_problem(checked_data(X, y, None, None, loss), loss, **penalty, **options)


# --- Certificates without assumptions -------------------------------------------------


def differenced(X):
    """The same model in columns that are far from dependent: the first, in units of its
    mean, and the differences of the others from it, which are exact."""
    return np.column_stack([X[:, 0] / X[:, 0].mean(), X[:, 1:] - X[:, :1]])


def best_without_penalty(loss, X, y):
    """An objective that unpenalised coefficients of X reach, by Newton's method."""
    Z, w = differenced(X), np.zeros(X.shape[1])
    objective = loss.value(y, Z @ w).mean()
    for _ in range(100):
        H = (Z.T * loss.curvature(y, Z @ w)) @ Z
        step = np.linalg.lstsq(H, Z.T @ loss.residual(y, Z @ w), rcond=None)[0]
        for length in 0.5 ** np.arange(30):
            new = loss.value(y, Z @ (w + length * step)).mean()
            if new < objective:
                w, objective = w + length * step, new
                break
        else:
            break
    return objective


@pytest.mark.parametrize("loss", [Poisson(), Gamma(), Tweedie(1.5), Huber(1.0)], ids=str)
@pytest.mark.parametrize("n_samples", [3, 8])
def test_gaps_of_nearly_dependent_unpenalised_columns_hold(loss, n_samples):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = 1e6 + rng.integers(0, 4, (n_samples, 2))
        y = rng.poisson(3.0, n_samples) + (1.0 if isinstance(loss, Gamma) else 0.5)
        options = {"fit_intercept": False, "penalty_factor": np.zeros(2), "loss": loss}
        best = best_without_penalty(loss, X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", riata.ConvergenceWarning)
            path = riata.fit_path(X, y, alphas=[1.0], max_iter=5, time_limit=0.2, **options)
        assert path.objective[0] - best <= path.dual_gap[0] + 1e-9 * path.null_objective
        for share in (1.0, 0.999, 0.0):
            coef = share * path.coefs[:, 0]
            audit = riata.check_solution(X, y, coef, alpha=1.0, **options)
            assert audit.primal - best <= audit.gap * (1 + 1e-6) + 1e-9 * audit.primal


@pytest.mark.parametrize("loss", [Poisson(), Gamma(), Tweedie(1.5), Huber(1.0)], ids=str)
def test_gaps_of_columns_that_only_bounds_hold(loss):
    # what the first column leaves asks for coefficients that are large, but in bounds
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = 1e6 + rng.standard_normal((8, 2))
        eta = 0.4 * (X[:, 0] - X[:, 1])
        y = eta if isinstance(loss, Huber) else np.exp(eta) * rng.gamma(9.0, 0.2, 8)
        options = {"fit_intercept": False, "loss": loss, "alpha": 1.0}
        first = riata.fit_path(
            X[:, :1], y, loss=loss, fit_intercept=False, alphas=[0.0], tol=1e-12
        ).coefs[0, 0]
        options |= {
            "penalty_factor": np.zeros(2),
            "lower": np.full(2, -1.0), "upper": np.full(2, 1.0),
        }
        better = loss.value(y, X @ [first + 0.4, -0.4]).mean()
        audit = riata.check_solution(X, y, [first, 0.0], **options)
        assert audit.primal > better
        assert audit.primal - better <= audit.gap * (1 + 1e-6)


@pytest.mark.parametrize("loss", LOSSES[1:], ids=str)
def test_a_dual_point_is_orthogonal_to_what_nothing_holds(loss):
    X, y = make(loss)
    X = np.column_stack([X, X[:, 0] + 1e-6 * X[:, 1]])
    problem = _path_problem(X, y, loss, penalty_factor=np.array([0.0, 0, 1, 1, 0]))
    free = _dual_point.columns_not_held(problem, 0.1)
    assert free.tolist() == [0, 1, 4]
    rng = np.random.default_rng(0)
    Eta = problem.null_eta + 0.3 * rng.standard_normal(problem.null_eta.shape)
    nothing = np.zeros((3, Eta.shape[1]))
    theta, _, _ = _dual_point.orthogonal(problem, free, Eta, nothing, np.zeros(3))
    for column in (*X[:, free].T, np.ones(24)):
        assert np.abs(column @ theta).max() <= 1e-12 * np.abs(column) @ np.abs(theta).sum(1)
    # it bounds the loss of every point that differs along these columns
    gap = problem.datafit.fenchel_young(Eta, theta)
    start = problem.datafit.losses(Eta).sum()
    for _ in range(20):
        along = np.column_stack([X[:, free], np.ones(24)])
        step = along @ rng.standard_normal((4, Eta.shape[1])) * 0.2
        assert problem.datafit.losses(Eta + step).sum() >= start - gap - 1e-12 * start


@pytest.mark.parametrize("loss", LOSSES[1:8], ids=str)
def test_samples_without_weight_may_be_anywhere(loss):
    X, y = make(loss)
    weight = np.r_[np.ones(23), 0.0]
    X[-1] = 1e6
    coef, options = np.array([5.0, 1.0, 1.0, 1.0]), {"alpha": 0.1, "loss": loss}
    audit = riata.check_solution(X, y, coef, sample_weight=weight, **options)
    without = riata.check_solution(X[:-1], y[:-1], coef, **options)
    np.testing.assert_allclose(audit[:3], without[:3], rtol=1e-9)


@each_loss
def test_unpenalised_dependent_columns_are_certified(loss):
    X, y = make(loss)
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    coef = np.zeros((3, 5) if loss.many_outputs else 5)
    factor = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    alpha = 0.05
    intercept = riata.fit_path(X, y, loss=loss, alphas=[1e3]).intercept[..., 0].tolist()
    audit = riata.check_solution(
        X, y, coef, intercept, alpha=alpha, loss=loss, penalty_factor=factor
    )
    if loss.many_outputs and loss.grouped:
        best = fit(X[:, :4], y, loss, alphas=[alpha]).objective[0]
    else:
        best = fit(
            X[:, :4], y, loss, alphas=[alpha], penalty_factor=factor[:4], tol=1e-9
        ).objective[0]
    assert audit.dual <= best * (1 + 1e-9)
    assert 0.0 < audit.gap <= audit.primal


# --- All at once ----------------------------------------------------------------------

KINDS = ("plain", "constant", "dependent", "near", "offset", "scaled", "huge", "tiny",
         "denormal", "zero", "binary")  # fmt: skip


@st.composite
def hostile(draw):
    """A small problem of any loss, degenerate in one way or several."""
    loss = draw(st.sampled_from(LOSSES))
    kind, seed = draw(st.sampled_from(KINDS)), draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 13)), int(rng.integers(1, 6))
    X = rng.standard_normal((n, p))
    eta = X @ rng.standard_normal(p)
    X = spoiled(X, kind, rng)
    y = target(loss, eta, rng)
    if not loss.classifies and draw(st.booleans()):
        y = y * 10.0 ** rng.uniform(-6, 6)
    options = {
        "l1_ratio": draw(st.sampled_from([1.0, 0.5, 0.0, 1e-12])),
        "fit_intercept": draw(st.booleans()),
        "standardize": draw(st.booleans()) and kind != "constant",
    }
    weights = draw(st.sampled_from(["none", "counts", "ratios"]))
    if weights == "counts" and not loss.classifies:
        options["sample_weight"] = np.r_[1.0, rng.integers(0, 3, n - 1)]
    if weights == "ratios":
        options["sample_weight"] = 10.0 ** rng.uniform(-9, 9, n)
    if draw(st.booleans()) and not loss.many_outputs:
        options["penalty_factor"] = rng.choice([0.0, 1.0, 2.0, np.inf], p)
    alphas = 3
    if draw(st.booleans()):
        size = np.abs(X).max() * (1.0 if loss.classifies else np.abs(y).max()) or 1.0
        alphas = size * np.array([1.0, 0.1, 1e-4])
    store = draw(st.sampled_from([np.asfortranarray, sp.csc_array]))
    return store(X), y, loss, options | {"alphas": alphas}


def spoiled(X, kind, rng):
    n, p = X.shape
    if kind == "constant":
        X[:, -1] = 7.3
    elif kind == "dependent":
        X[:, -1] = X[:, 0]
    elif kind == "near":
        X[:, -1] = X[:, 0] + 1e-9 * rng.standard_normal(n)
    elif kind == "offset":
        X += 1e6
    elif kind == "scaled":
        X *= 10.0 ** rng.uniform(-12, 12, p)
    elif kind == "huge":
        X *= 10.0 ** rng.uniform(100, 200)
    elif kind == "tiny":
        X *= 10.0 ** rng.uniform(-200, -100)
    elif kind == "denormal":
        X[:, 0] *= 10.0 ** rng.uniform(-315, -290)
    elif kind == "zero":
        X[:, 0] = 0.0
    elif kind == "binary":
        X = (X > 0.5).astype(float)
    return X


@given(hostile())
def test_hostile_problems_are_certified_reported_or_refused(problem):
    X, y, loss, options = problem
    path = fit_or_refuse(X, y, loss, max_iter=10, time_limit=0.3, **options)
    if path is None or loss.many_outputs:
        return
    k = len(path.alphas) - 1
    options = {name: value for name, value in options.items() if name != "alphas"}
    audit = riata.check_solution(
        X, y, path.coefs[:, k], float(path.intercept[k]), alpha=float(path.alphas[k]),
        loss=loss, **options,
    )
    dense = X.toarray() if sp.issparse(X) else X
    own = objective(loss, dense, y, path.coefs[:, k], path.intercept[k], **options)
    slack = 1e-8 * path.null_objective + 1e-11 * (own[0] + path.alphas[k] * own[1])
    for other in range(k):  # none of the path's points is better than the gap says
        value = objective(
            loss, dense, y, path.coefs[:, other], path.intercept[other], **options
        )
        better = own[0] - value[0] - float(path.alphas[k]) * (value[1] - own[1])
        assert better <= path.dual_gap[k] + slack
        assert better <= audit.gap + slack


def objective(loss, X, y, coef, intercept, *, l1_ratio, standardize, sample_weight=None,
              penalty_factor=None, fit_intercept=True):
    """Mean loss, and penalty at alpha = 1, of a solution in extended precision."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    weight = weight / weight.max()
    eta = intercept + X.astype(np.longdouble) @ coef
    value = glm_reference.evaluate(loss, y, eta)[0]
    factor = np.ones(len(coef)) if penalty_factor is None else penalty_factor
    factor = np.where(np.isinf(factor), 0.0, factor)
    size = np.abs(coef).astype(np.longdouble)
    if standardize:
        X = X.astype(np.longdouble)
        mean = weight @ X / weight.sum()
        size = size * np.sqrt(weight @ (X - mean) ** 2 / weight.sum())
    penalty = factor @ (l1_ratio * size + 0.5 * (1 - l1_ratio) * size**2)
    return float(weight @ np.where(weight > 0, value, 0.0) / weight.sum()), float(penalty)


@pytest.mark.parametrize("factor", [[1.0, 1, 1, 1], [0.0, 1, 1, 1]], ids=["all", "three"])
@pytest.mark.parametrize("rare", [1e-5, 1e-7, 1e-9])
def test_a_weak_penalty_is_certified_where_curvatures_are_weaker(rare, factor):
    # next to nothing of the weight is on one class; the penalty, negligible elsewhere,
    # has as large a part in the objective as it has in problems of ordinary weights
    X, y = make(Logistic(), 60)
    weight = np.where(y == 1, rare, 1.0)
    problem = {
        "loss": "logistic", "l1_ratio": 0.0, "sample_weight": weight,
        "penalty_factor": factor,
    }  # fmt: skip
    alpha = 1e-3 * rare
    path = riata.fit_path(X, y, alphas=[alpha], tol=1e-9, **problem)
    assert path.status[0] == "optimal"
    assert path.relative_gap[0] <= 1e-9
    coef, intercept = path.coef.toarray()[:, 0], path.intercept[0]
    audit = riata.check_solution(X, y, coef, intercept, alpha=alpha, **problem)
    assert audit.gap <= 1e-8 * path.null_objective
    # of worse points the gap bounds what they miss
    for size in (1e-6, 1e-3, 1.0):
        other = coef + size * np.array([1.0, -2.0, 0.5, 1.0])
        worse = riata.check_solution(X, y, other, intercept, alpha=alpha, **problem)
        assert worse.primal - audit.primal <= worse.gap + 1e-14 * worse.primal


@pytest.mark.parametrize("factor", [[1.0, 1, 1, 1], [0.0, 1, 1, 1]], ids=["all", "three"])
@pytest.mark.parametrize("strength", [1e-1, 1e-3])
def test_counts_in_tiny_units(strength, factor):
    # a target and a penalty k times as small change the intercept only
    X, y = make(Poisson(), 60)
    options = {"loss": "poisson", "l1_ratio": 0.0, "penalty_factor": factor, "tol": 1e-10}
    path = riata.fit_path(X, y, alphas=[strength], **options)
    tiny = riata.fit_path(X, 1e-10 * y, alphas=[1e-10 * strength], **options)
    assert tiny.status[0] == "optimal"
    np.testing.assert_allclose(tiny.coef.toarray(), path.coef.toarray(), rtol=1e-4)
    np.testing.assert_allclose(tiny.intercept, path.intercept + np.log(1e-10), rtol=1e-6)
