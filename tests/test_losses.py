"""Contracts of every loss, found in `riata.losses`, against textbook formulas."""

import pickle

import glm_reference
import numpy as np
import pytest

from riata import fit_path, losses
from riata._core.elementwise import visit
from riata._path._checked import checked_data, checked_problem
from riata._problem._predictors import visit_by_rows
from riata.losses import Loss, Tweedie, get_loss

CLASSES = [
    kind
    for kind in vars(losses).values()
    if isinstance(kind, type) and issubclass(kind, Loss) and kind is not Loss
]
# of a single predictor; those of several are looked at by themselves below
LOSSES = [kind() for kind in CLASSES if not kind.many_outputs] + [
    losses.Huber(0.3), Tweedie(1.1), Tweedie(1.9), Tweedie(3),
    losses.NegativeBinomial(0.01), losses.NegativeBinomial(30.0),
]  # fmt: skip
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def targets(loss, n=30, seed=0):
    """Targets in the range of the loss, with the ends of the range if they belong."""
    rng = np.random.default_rng(seed)
    if loss.classifies:
        return np.r_[0.0, 1.0, rng.integers(0, 2, n - 2)]
    if loss.name in ("squared", "huber"):
        return rng.standard_t(2, n)
    y = np.r_[0.0, 1.0, rng.poisson(rng.gamma(1.0, 3.0, n - 2)).astype(float)]
    positive = loss.name == "gamma" or (loss.name == "tweedie" and loss.power >= 2)
    return y + 0.1 if positive else y


def predictors(n=30, seed=1):
    return np.random.default_rng(seed).normal(scale=2.0, size=n)


@each_loss
def test_value_and_derivatives_are_the_textbook_ones(loss):
    y, eta = targets(loss), predictors()
    value, slope, curvature = glm_reference.evaluate(loss, y, eta)
    np.testing.assert_allclose(loss.value(y, eta), value.astype(float), rtol=1e-12,
                               atol=1e-12)
    np.testing.assert_allclose(loss.residual(y, eta), -slope.astype(float), rtol=1e-12,
                               atol=1e-13)
    if loss.convex:
        np.testing.assert_allclose(loss.curvature(y, eta), curvature.astype(float),
                                   rtol=1e-11, atol=1e-13)


@each_loss
def test_derivatives_by_differences(loss):
    y, eta, h = targets(loss), predictors(), 1e-5
    slope = (loss.value(y, eta + h) - loss.value(y, eta - h)) / (2 * h)
    np.testing.assert_allclose(loss.residual(y, eta), -slope, rtol=1e-5, atol=1e-5)
    if loss.convex and loss.name not in ("huber", "squared_hinge"):
        bend = (loss.residual(y, eta - h) - loss.residual(y, eta + h)) / (2 * h)
        np.testing.assert_allclose(loss.curvature(y, eta), bend, rtol=1e-5, atol=1e-5)
    assert np.all(loss.curvature(y, eta) >= 0)


@each_loss
def test_least_value_is_zero(loss):
    y = targets(loss)[:, None]
    values = loss.value(y, np.linspace(-300, 300, 60001)[None, :])
    assert np.all(values >= 0)
    assert np.all(values.min(axis=1) <= 1e-3)


@pytest.mark.parametrize("power", [0, 1, 1.5, 2, 3])
def test_half_the_deviance_of_scikit_learn(power):
    from sklearn.metrics import mean_tweedie_deviance

    loss, eta = Tweedie(power), predictors()
    y = targets(loss)
    theirs = mean_tweedie_deviance(y, loss.predict(eta), power=power)
    assert 2 * loss.value(y, eta).mean() == pytest.approx(theirs, rel=1e-10)


def test_log_loss_of_scikit_learn():
    from sklearn.metrics import log_loss

    loss, eta = losses.Logistic(), predictors()
    y = targets(loss)
    assert loss.value(y, eta).mean() == pytest.approx(log_loss(y, loss.predict(eta)))


@each_loss
def test_fenchel_young(loss):
    y, eta = targets(loss), predictors()
    theta = loss.residual(y, eta)
    dual = loss.dual(y, theta)
    if dual is None:
        assert not loss.convex
        return
    np.testing.assert_allclose(dual, loss.value(y, eta) + theta * eta, rtol=1e-8, atol=1e-8)
    # anywhere else it is a bound, and the greatest: what brute force finds
    other = theta * np.random.default_rng(2).random(30)
    bound = loss.dual(y, other)[:, None]
    grid = np.linspace(-30, 30, 60001)[None, :]
    brute = loss.value(y[:, None], grid) + other[:, None] * grid
    assert np.all(brute >= bound - 1e-9)
    found = brute.min(axis=1)
    inside = np.abs(grid[0, brute.argmin(axis=1)]) < 29.9
    assert inside.sum() >= 10
    np.testing.assert_allclose(found[inside], bound[inside, 0], rtol=1e-4, atol=1e-4)


@each_loss
def test_dual_at_zero_is_zero_and_outside_minus_infinity(loss):
    y = targets(loss)
    if loss.dual(y, np.zeros(30)) is None:
        return
    np.testing.assert_allclose(loss.dual(y, np.zeros(30)), 0.0, atol=1e-9)
    bounded = loss.name in ("logistic", "huber", "negative_binomial")
    for far in (1e6, -1e6):
        with np.errstate(all="ignore"):
            dual = loss.dual(y, np.full(30, far))
        assert not np.isnan(dual).any()
        assert not bounded or loss.name == "negative_binomial" or np.all(dual == -np.inf)


@each_loss
@pytest.mark.parametrize("eta", [1e3, -1e3, 700.0, -700.0, 0.0])
def test_far_predictors_give_no_nan_and_no_warning(loss, eta):
    y = targets(loss)
    for part in (loss.value, loss.residual, loss.curvature):
        assert not np.isnan(part(y, np.full(30, eta))).any()
    assert np.all(loss.value(y, np.full(30, eta)) >= 0)
    assert np.isfinite(loss.predict(np.array([-eta if eta > 0 else eta]))).all()


@each_loss
def test_arrays_broadcast_and_are_left_alone(loss):
    y, eta = targets(loss), predictors(90).reshape(30, 3)
    kept = y.copy(), eta.copy()
    for part in (loss.value, loss.residual, loss.curvature):
        block = part(y[:, None], eta)
        assert block.shape == (30, 3)
        np.testing.assert_array_equal(block[:, 1], part(y, eta[:, 1]))
    np.testing.assert_array_equal(y, kept[0])
    np.testing.assert_array_equal(eta, kept[1])


@each_loss
def test_pickle_repr_equality(loss):
    again = pickle.loads(pickle.dumps(loss))
    assert again == loss
    assert hash(again) == hash(loss)
    assert eval(repr(loss), vars(losses)) == loss
    assert loss != object()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_get_loss(kind):
    assert get_loss(kind.name) == kind()
    assert get_loss(kind()) == kind()


def test_get_loss_refuses():
    with pytest.raises(ValueError, match="'nothing' is unknown; choose one of 'squared'"):
        get_loss("nothing")
    with pytest.raises(TypeError, match="must be a name or an object"):
        get_loss(3)
    with pytest.raises(TypeError, match="must be a name or an object"):
        get_loss(losses.Huber)


@each_loss
def test_units(loss):
    other = loss.in_units(8.0)
    if other is None:
        assert loss.in_units(1.0) is None
        return
    y, eta = targets(loss), predictors()
    np.testing.assert_allclose(
        other.value(y, eta), loss.value(8.0 * y, 8.0 * eta) / 64.0, rtol=1e-13
    )


OUT_OF_RANGE = {
    "logistic": [2.0, 1.5, -0.5], "squared_hinge": [2.0, 0.5], "poisson": [-1.0],
    "gamma": [0.0, -1.0], "tweedie": [-1.0], "negative_binomial": [-0.1],
}  # fmt: skip


@each_loss
def test_targets_out_of_range_are_named(loss):
    X = np.random.default_rng(0).normal(size=(30, 2))
    for wrong in OUT_OF_RANGE.get(loss.name, []):
        y = targets(loss)
        y[4] = wrong
        with pytest.raises(ValueError, match=rf"y\[4\] is {wrong}, but loss='{loss.name}"):
            fit_path(X, y, loss=loss)
    for wrong in (np.nan, np.inf):
        y = targets(loss)
        y[4] = wrong
        with pytest.raises(ValueError, match="y"):
            fit_path(X, y, loss=loss)


@each_loss
def test_labels_of_both_kinds(loss):
    if loss.classifies:
        y = targets(loss)
        np.testing.assert_array_equal(loss.check_target(2 * y - 1), y)
        np.testing.assert_array_equal(loss.check_target(y), y)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "a", None])
@pytest.mark.parametrize("kind", [losses.Huber, losses.NegativeBinomial])
def test_parameters_are_checked(kind, value):
    with pytest.raises(ValueError, match="must be a positive number"):
        kind(value)


@pytest.mark.parametrize("power", [-np.inf, np.nan, np.inf])
def test_powers_that_tweedie_has_not(power):
    with pytest.raises(ValueError, match="choose a finite one"):
        Tweedie(power)
    with pytest.raises(TypeError, match="power must be a number"):
        Tweedie("a")
    with pytest.raises(ValueError, match="link='sqrt'"):
        Tweedie(1.5, link="sqrt")


LINKED = [
    Tweedie(power, link) for power in (-1.5, -0.5, 0, 0.4, 1, 1.5, 2, 2.5, 3)
    for link in ("identity", "log")
]


@pytest.mark.parametrize("loss", LINKED, ids=repr)
def test_tweedie_with_either_link(loss):
    named = {"squared": 0, "poisson": 1, "gamma": 2}
    power = loss.power if hasattr(loss, "power") else named[loss.name]
    count = 6 if power <= 0 else 5 if power < 2 else 4
    y = np.array([0.5, 1.0, 2.0, 5.0, 0.0, -1.0])[:count]
    identity = loss.predict(np.array([0.5]))[0] == 0.5
    eta = np.array([0.3, 0.9, 1.7, 4.0, 0.6, 1.1])[:len(y)]
    h = 1e-6
    slope = (loss.value(y, eta + h) - loss.value(y, eta - h)) / (2 * h)
    np.testing.assert_allclose(loss.residual(y, eta), -slope, rtol=1e-5, atol=1e-5)
    bend = (loss.residual(y, eta - h) - loss.residual(y, eta + h)) / (2 * h)
    least = np.maximum(bend, 0.0) - 1e-4 * np.abs(bend) - 1e-6
    assert np.all(loss.curvature(y, eta) >= least)
    if power not in (0, 1, 2):  # the definition
        mean, p = loss.predict(eta), power
        half = np.maximum(y, 0) ** (2 - p) / ((1 - p) * (2 - p))
        half += mean ** (2 - p) / (2 - p) - y * mean ** (1 - p) / (1 - p)
        np.testing.assert_allclose(loss.value(y, eta), half, rtol=1e-9, atol=1e-12)
    assert eval(repr(loss), vars(losses)) == loss
    assert pickle.loads(pickle.dumps(loss)) == loss
    if identity and power != 0:  # a mean has to be positive
        assert np.all(loss.value(y, -eta) == np.inf)
        assert np.all(loss.residual(y, -eta) > 0)


def test_large_counts_do_not_cancel():
    y = np.array([1e8])
    eta = np.log(y) + 1e-6
    assert losses.Poisson().value(y, eta)[0] == pytest.approx(5e-5, rel=1e-6)


def test_several_classes_are_two_in_the_logistic_loss():
    many, two = losses.Multinomial(), losses.Logistic()
    eta, y = predictors(), targets(two)
    block, indicators = np.column_stack([0 * eta, eta]), np.column_stack([1 - y, y])
    np.testing.assert_allclose(many.value(indicators, block), two.value(y, eta), atol=1e-13)
    np.testing.assert_allclose(many.residual(indicators, block)[:, 1],
                               two.residual(y, eta), atol=1e-14)
    np.testing.assert_allclose(many.curvature(indicators, block)[:, 1],
                               two.curvature(y, eta), atol=1e-14)
    theta = many.residual(indicators, block)
    young = many.value(indicators, block) + (theta * block).sum(axis=1)
    np.testing.assert_allclose(many.dual(indicators, theta), young, atol=1e-12)
    for far in (1e3, -1e3):
        assert np.isfinite(many.value(indicators, far * block)).all()
        assert np.isfinite(many.residual(indicators, far * block)).all()


@pytest.mark.parametrize("wrong", [[0, 1, 1.5], [-1, 0], [0, 2, 2], [1, 1], [0, 0]])
def test_classes_are_numbered_without_gaps(wrong):
    with pytest.raises(ValueError, match="loss='multinomial'"):
        losses.Multinomial().check_target(np.array(wrong, float))


class LogCosh(Loss):
    name = "log-cosh"

    def value(self, y, eta):
        return np.logaddexp(y - eta, eta - y) - np.log(2.0)

    def residual(self, y, eta):
        return np.tanh(y - eta)

    def curvature(self, y, eta):
        return 1.0 / np.cosh(np.clip(y - eta, -300.0, 300.0)) ** 2


def test_a_loss_of_ones_own():
    rng = np.random.default_rng(0)
    X, loss = rng.normal(size=(60, 4)), LogCosh()
    y = X[:, 0] + rng.standard_t(2, 60)
    path = fit_path(X, y, loss=loss, l1_ratio=0.0, alphas=[0.3], tol=1e-12)
    w, b = path.coef.toarray()[:, 0], path.intercept[0]
    slope = np.tanh(y - b - X @ w) / 60
    np.testing.assert_allclose(X.T @ slope, 0.3 * w, atol=1e-6)
    assert slope.sum() == pytest.approx(0.0, abs=1e-12)
    assert path.relative_gap[0] <= 1e-12


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("width", "lanes"),
    [(1, [0]), (3, [0, 2]), (8, range(8)), (8, [5]), (8, [0, 1, 3]), (16, range(4, 12))],
)
@pytest.mark.parametrize("loss", [
    losses.Logistic(), losses.Poisson(), losses.Gamma(), losses.Huber(0.7),
    losses.SquaredHinge(),
], ids=repr)
def test_compiled_visits_are_those_of_numpy(loss, width, lanes, weighted):
    rng, n = np.random.default_rng(0), 5000
    lanes = np.array(lanes, dtype=np.intc)
    y = rng.integers(0, 2, n).astype(float)
    if loss.name != "squared_hinge":
        y[:10] = 0.25
    if loss.name == "gamma":
        y += rng.random(n) + 1e-3
    weights = rng.random(n) if weighted else None
    data = checked_data(rng.standard_normal((n, 1)), y, weights, None, loss)
    problem = checked_problem(data, loss, l1_ratio=1.0)
    eta, step = rng.normal(scale=3.0, size=(2, n, width))
    shift, length = rng.random(width), rng.random(width)
    for way, model in ((step, rng.random(n)), (None, None)):
        arguments = eta, way, shift, length, lanes, model
        found, expected = (
            [np.zeros((n, width)), np.zeros((n, width)), np.zeros(n)] for _ in range(2)
        )
        sums = problem.datafit.evaluate(*arguments, *found)
        known = visit_by_rows(problem.datafit, *arguments, *expected)
        known[0] /= problem.eta_unit**2
        np.testing.assert_allclose(sums[:, lanes], known[:, lanes], rtol=1e-11, atol=1e-12)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_long_sums_are_accurate():
    # Equal samples are rounded one way when they are added to a large sum; differences of
    # such losses told the line search to halve steps that were good.
    n, none, one = 2**20, np.zeros(1), np.ones(1)
    block = [np.zeros((n, 1)) for _ in range(2)]
    sums = visit(
        "logistic", np.zeros(n), None, 1.0, np.full((n, 1), 0.3), None, none, one,
        np.zeros(1, dtype=np.intc), None, *block, np.zeros(n),
    )
    assert sums[0, 0] == pytest.approx(n * np.log1p(np.exp(0.3)), rel=1e-13)


def test_visits_refuse_arrays_that_do_not_fit():
    y, eta, lane = np.zeros(5), np.zeros((5, 2)), np.zeros(1, dtype=np.intc)

    def call(eta=eta, which=lane, shift=2, rows=5):
        return visit(
            "logistic", y, None, 1.0, eta, None, np.zeros(shift), np.zeros(2), which, None,
            np.zeros((rows, 2)), np.zeros((5, 2)), np.zeros(5),
        )

    assert call().shape == (6, 2)
    for wrong in ({"eta": np.zeros((4, 2))}, {"shift": 3}, {"rows": 4},
                  {"which": np.zeros(0, dtype=np.intc)}):
        with pytest.raises(ValueError, match="shapes"):
            call(**wrong)
    with pytest.raises(IndexError):
        call(which=np.array([2], dtype=np.intc))
