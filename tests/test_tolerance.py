"""What `tol` promises: it is reached, or the status and the message say what was missed."""

import warnings
from itertools import chain

import glm_reference
import numpy as np
import pytest
import scipy.sparse as sp
from reference import LONG
from sklearn.exceptions import ConvergenceWarning

import riata
from riata import Status, fit_path
from riata._solver._progress import PATIENCE, Progress, sharper
from riata._solver._solutions import Settings
from riata.losses import Huber, Logistic, Multinomial, NegativeBinomial, Tweedie, get_loss

LOSSES = [
    "squared", "logistic", "poisson", "gamma", "tweedie", "negative_binomial", "huber",
    "squared_hinge", "multinomial", Multinomial(grouped=True),
]  # fmt: skip
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=str)


def make(loss, n=50, p=8, seed=0):
    """X and a target that the loss takes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    signal = X[:, 0] - X[:, 1] + rng.normal(size=n)
    name = get_loss(loss).name
    if name in ("squared", "huber"):
        return X, signal
    if name in ("logistic", "squared_hinge"):
        return X, (signal > 0).astype(float)
    if "multinomial" in name:
        return X, (3 * signal.argsort().argsort() // n).astype(float)
    return X, np.exp(0.5 * signal) if name == "gamma" else rng.poisson(np.exp(signal / 2))


def violation(loss, X, y, coef, intercept, alpha, l1_ratio):
    """Largest entry of the subgradient that is least, in extended precision."""
    X, w = np.asarray(X, LONG), np.asarray(coef, LONG)
    _, slope, _ = glm_reference.evaluate(loss, y, LONG(intercept) + X @ w)
    gradient = X.T @ slope / len(y) + LONG(alpha) * (1 - LONG(l1_ratio)) * w
    limit = LONG(alpha) * LONG(l1_ratio)
    at_zero = np.maximum(abs(gradient) - limit, 0)
    off_zero = abs(gradient + limit * np.sign(w))
    return max(float(np.where(w == 0, at_zero, off_zero).max()), float(abs(slope.mean())))


# --- the gradient is as small as `tol` asks for ---------------------------------


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_well_separated_classes(seed, l1_ratio):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(10, 2)) + 10.0 ** rng.uniform(0, 2) * np.repeat([[1], [-1]], 5, 0)
    y = np.repeat([1.0, 0.0], 5)
    model = riata.LogisticRegression(C=1 / 11, l1_ratio=l1_ratio, tol=1e-11).fit(X, y)
    assert model.status_ == "optimal"
    own = violation(
        Logistic(), X, y, model.coef_[0], model.intercept_[0], 11 / 10, l1_ratio
    )
    assert own <= 1e-11


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (riata.GammaRegressor(tol=1e-12), "gamma"),
        (riata.PoissonRegressor(tol=1e-11), "poisson"),
        (riata.TweedieRegressor(power=1.5, tol=1e-11), Tweedie(1.5)),
        (riata.TweedieRegressor(power=0, tol=1e-12), "squared"),
    ],
    ids=str,
)
def test_generalised_linear_models(model, loss, seed):
    X, y = make(loss, n=30, p=3, seed=seed)
    X = X * 10.0 ** (seed % 3 - 1)
    model.fit(X, y)
    assert model.status_ == "optimal"
    own = violation(get_loss(loss), X, y, model.coef_, model.intercept_, 1.0, 0.0)
    assert own <= model.tol


@pytest.mark.parametrize("shape", [(40, 5), (15, 80)])
def test_several_classes_and_more_features_than_samples(shape):
    for loss in ("logistic", "multinomial"):
        X, y = make(loss, *shape)
        model = riata.LogisticRegression(tol=1e-10).fit(X, y)
        assert model.status_ == "optimal"
        eta = np.asarray(model.decision_function(X), LONG).reshape(len(X), -1)
        if eta.shape[1] == 1:
            eta = np.hstack([np.zeros_like(eta), eta])
        p = np.exp(eta - eta.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = (p - (y[:, None] == model.classes_))[:, -len(model.coef_):]
        gradient = (slope.T @ X + model.coef_) / len(X)
        assert abs(gradient).max() <= 1e-10


def test_models_of_folds():
    X, y = make("logistic", n=120)
    model = riata.LogisticRegressionCV(
        Cs=4, cv=3, l1_ratios=(0.0, 0.5), tol=1e-8, use_legacy_attributes=False,
        scoring="neg_log_loss",
    ).fit(X, y)
    paths = [*model.cv_result_.paths, *chain(*model.cv_result_.fold_paths)]
    assert len(paths) == 8
    for path in paths:
        assert set(path.status) == {Status.optimal}
        assert path.kkt.max() <= 1e-8
        assert path.relative_gap.max() <= 1e-10


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_the_solver_itself_reaches_both(l1_ratio):
    for loss in ("poisson", "squared", "multinomial"):
        X, y = make(loss)
        data = riata._path._checked.checked_data(X, y, None, None, get_loss(loss))
        penalty = riata._path._checked.checked_penalty(None, l1_ratio, None, None, None, 8)
        path = riata._path._solve.solve_path(
            data, np.array([0.1, 0.01]), penalty, Settings(tol=1e-3, kkt_tol=1e-11),
            fit_intercept=True, standardize=False, loss=get_loss(loss),
        )
        assert path.kkt.max() <= 1e-11
        assert set(path.status) == {Status.optimal}


def test_a_bad_start_is_left():
    X, y = make("gamma")
    model = riata.GammaRegressor(warm_start=True).fit(X, y)
    best = model.coef_
    model.coef_ = np.full(8, 1e4)
    model.fit(X, y)
    assert model.status_ == "optimal"
    np.testing.assert_allclose(model.coef_, best, atol=1e-3)


# --- no tolerance at all --------------------------------------------------------


def work(path):
    """Steps that a path took, of all kinds but epochs, which are cheap here."""
    done = path.diagnostics
    return done.passes + done.rounds + done.events + done.newton + done.hessians


@each_loss
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_zero_costs_little_more_than_rounding(loss, l1_ratio):
    X, y = make(loss)
    how = {"loss": loss, "l1_ratio": l1_ratio, "alphas": 8}
    usual = fit_path(X, y, tol=1e-11, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = fit_path(X, y, tol=0.0, **how)
    assert work(path) <= 8 * work(usual) + 100
    assert path.relative_gap.max() <= 1e-12
    for status, gap in zip(path.status, path.relative_gap, strict=True):
        assert status == (Status.optimal if gap == 0 else Status.optimal_inaccurate)
    np.testing.assert_allclose(path.objective, usual.objective, rtol=1e-10)


def test_zero_in_cross_validation():
    X, y = make("squared", p=25)
    usual = riata.LassoCV(tol=1e-8).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="let no further step improve on it"):
        model = riata.LassoCV(tol=0).fit(X, y)
    assert model.alpha_ == usual.alpha_

    def epochs(model):
        paths = [*model.cv_result_.paths, *chain(*model.cv_result_.fold_paths)]
        return sum(path.diagnostics.epochs for path in paths)

    # (up to 3,000 each until descent knew its own rounding)
    assert epochs(model) <= epochs(usual) + 30 * 6 * 100


def test_zero_for_ridge():
    rng = np.random.default_rng(0)
    X = sp.random_array((3000, 2500), density=2e-3, rng=rng, format="csc")
    y = X @ rng.normal(size=2500) + rng.normal(size=3000)
    usual = riata.Ridge(tol=1e-11).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        model = riata.Ridge(tol=0).fit(X, y)
    assert model.solver_ == usual.solver_
    assert model.n_iter_[0] <= 2 * usual.n_iter_[0]
    assert model.status_ == "optimal_inaccurate"
    assert model.relative_gap_ <= 1e-13


@pytest.mark.parametrize("how", [{}, {"cv": 3}, {"store_cv_results": True}], ids=str)
def test_zero_for_the_choice_of_ridge(how):
    X, y = make("squared")
    model = riata.RidgeCV(tol=0, **how)
    with pytest.warns(ConvergenceWarning, match="the tolerance tol / 100 is 0.00e"):
        model.fit(X, y)
    assert model.status_ == "optimal_inaccurate"


# --- where a tolerance is below rounding ----------------------------------------


@pytest.mark.parametrize(
    "loss", ["poisson", "gamma", "tweedie", "negative_binomial", "huber"]
)
def test_nearly_constant_targets_end_soon(loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 5)), 100 * (1 + 1e-8 * rng.normal(size=50))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = fit_path(X, y, loss=loss, alphas=20)
    assert work(path) <= 500 * 20  # 49,000 Hessians and as many events without a limit
    for status, gap in zip(path.status, path.relative_gap, strict=True):
        assert (status == Status.optimal) == (gap <= 1e-6)


@pytest.mark.parametrize("loss", [Huber(1e-3), "tweedie", "gamma", *LOSSES[-2:]], ids=str)
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_tiny_problems_end_soon(loss, seed):
    rng = np.random.default_rng(seed)
    X, y = make(loss, n=12, p=4, seed=seed)
    X[:, 3] = X[:, :3].sum(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = fit_path(
            X, y, loss=loss, alphas=[1e-2, 1e-4, 1e-8], tol=1e-9,
            penalty_factor=np.where(get_loss(loss).many_outputs, 1.0, [0, 1, 1, 0]),
            sample_weight=10.0 ** rng.uniform(-12, 0, 12),
        )
    assert work(path) <= 10_000
    for status, gap in zip(path.status, path.relative_gap, strict=True):
        assert (status == Status.optimal) == (gap <= 1e-9)


# --- what is said ---------------------------------------------------------------


def test_the_message_names_the_gradient():
    X, y = make("logistic")
    model = riata.LogisticRegression(tol=1e-18)
    with pytest.warns(ConvergenceWarning) as record:
        model.fit(X, y)
    (message,) = [str(warning.message) for warning in record]
    assert model.relative_gap_ <= 1e-10  # which was not missed, and is not named
    assert "relative duality gap" not in message
    assert "the violation of the optimality conditions (an entry of the gradient" in message
    assert "the tolerance tol is 1.00e-18" in message
    assert "optimal_inaccurate" in message
    assert "Rounding errors" in message
    assert "max_iter" not in message


def test_the_message_names_the_rule_of_the_gap():
    X, y = make("poisson")
    for tol, rule in (
        (1e-12, r"max\(tol \*\* 2, 1e-10\) is 1.00e-10"),
        (1e-4, r"tol \*\* 2 is 1.00e-08"),
        (0.5, r"tol / 100 is 5.00e-03"),
    ):
        model = riata.PoissonRegressor(alpha=1e-8, time_limit=1e-9, tol=tol)
        with pytest.warns(ConvergenceWarning, match=rule):
            model.fit(X * np.arange(1, 9), y)
        assert model.status_ == "time_limit"


def test_paths_say_that_it_is_rounding():
    X, y = make("logistic")
    with pytest.warns(riata.ConvergenceWarning, match="let no further step improve on it"):
        fit_path(X, y, loss="logistic", alphas=5, tol=0)
    X, y, _ = riata.datasets.make_correlated_data(300, 1000, rho=0.95, random_state=0)
    with pytest.warns(riata.ConvergenceWarning, match="Raise max_iter or time_limit"):
        fit_path(X, y, max_iter=1)


@pytest.mark.parametrize("seed", range(5))
def test_heavy_tails(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3))
    y = X[:, 0] + rng.standard_cauchy(40) ** 3
    model = riata.HuberRegressor().fit(X, y)  # without a warning
    assert model.status_ == "optimal"
    X, y, scale = X.astype(LONG), y.astype(LONG), LONG(model.scale_)
    w = model.coef_.astype(LONG)
    z = (y - LONG(model.intercept_) - X @ w) / scale
    cut = np.clip(z, -1.35, 1.35)
    rounding = 1e-15 * float(abs(y).max() / scale)
    assert abs(2 * X.T @ cut - 2 * LONG(1e-4) * w).max() <= 1e-5 + rounding
    assert abs(cut.sum()) <= 1e-5 + rounding
    assert abs(len(y) - (cut**2).sum()) <= 1e-5 + rounding


# --- an L1 share that is lost in rounding ---------------------------------------


@each_loss
def test_a_negligible_l1_share_does_not_spoil_the_certificate(loss):
    X, y = make(loss)
    alphas = [1e-3, 1e-4]
    plain = fit_path(X, y, loss=loss, alphas=alphas, l1_ratio=0.0, tol=1e-9)
    path = fit_path(X, y, loss=loss, alphas=alphas, l1_ratio=1e-13, tol=1e-9)
    assert set(path.status) == {Status.optimal}
    np.testing.assert_allclose(path.objective, plain.objective, rtol=1e-8)


# --- the measure of progress ----------------------------------------------------


def test_progress():
    one = np.ones(2)
    progress = Progress(1e-6 * one, np.inf, 2)
    for k in range(30):  # the second stands still
        better = progress.note(np.array([0.9**k, 1.0]), one, 1.0)
        assert better[0]
        assert better[1] == (k == 0)
    assert progress.idle[0] <= 3
    assert progress.idle[1] == 29
    assert not progress.slow.any()
    progress.note(one, one, 1.0)
    assert progress.behind.tolist() == [True, False]
    progress.note(one, one, 0.9)  # a lower objective is progress, too
    assert not progress.idle.any()


def test_slow_progress_is_noticed():
    for fall, slow in ((1e-3, False), (1e-5, True)):
        progress = Progress(1e-6, np.inf, 1)
        for k in range(PATIENCE + 2):
            progress.note(np.array([0.5]), np.ones(1), 1.0 - fall * k)
        assert progress.idle[0] == 0
        assert progress.slow[0] == slow


def test_both_tolerances_decide_how_sharp_a_step_is():
    gap, kkt = np.array([1e-8, 1e-8]), np.array([1e-5, 1e-9])
    np.testing.assert_allclose(sharper(1e-7, 1e-8, gap, kkt), [1e-14, 1e-7])


def test_negative_binomial_without_dispersion_to_speak_of():
    X, y = make("poisson")
    path = fit_path(X, y, loss=NegativeBinomial(1e-3), alphas=5, tol=1e-10)
    assert set(path.status) == {Status.optimal}
