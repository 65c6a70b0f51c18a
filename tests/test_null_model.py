"""At `alpha_max` and above the solution is the model without penalised features, exactly.

The null model is found here by scipy's optimiser from the losses' public methods, and
`alpha_max` is compared with its gradient.
"""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from small_targets import LOSSES, target_of

import riata
from riata import losses

N, P = 40, 6


def options_of(name, rng):
    """Options of `fit_path` beside the loss, by name."""
    factor = np.array([0.0, 1.0, 0.5, 2.0, 0.0, np.inf])
    return {
        "plain": {},
        "mixed": {"l1_ratio": 0.3},
        "standardized": {"standardize": True},
        "no_intercept": {"fit_intercept": False},
        "factors": {"penalty_factor": factor},
        "weights": {"sample_weight": rng.integers(0, 3, N).astype(float)},
        "bounds": {"lower": 0.0, "upper": np.array([0.0, 1, 1, 0, 1, 1])},
        "all": {
            "l1_ratio": 0.5, "standardize": True, "penalty_factor": factor,
            "sample_weight": rng.uniform(0.0, 2.0, N),
        },
    }[name]


def case(name, option, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, P))
    y = target_of(name, X @ rng.uniform(-0.5, 0.5, P), rng)
    return X, y, options_of(option, rng)


def null_gradient(X, y, loss, options):
    """Gradient (n_features, n_outputs) of the mean loss where it is least over the
    intercept and the unpenalised coefficients."""
    s = options.get("sample_weight", np.ones(N))
    s = s / s.sum()
    free = np.asarray(options.get("penalty_factor", np.ones(P))) == 0
    Z = X[:, free]
    if options.get("fit_intercept", True):
        Z = np.column_stack([np.ones(N), Z])
    several = loss.many_outputs
    target = np.eye(3)[y] if several else y[:, None]
    count = target.shape[1]

    def value_and_gradient(w):
        eta = Z @ w.reshape(-1, count)
        value = loss.value(target, eta).reshape(N, -1)[:, :1]
        return float(s @ value[:, 0]), -(Z.T @ (s[:, None] * loss.residual(target, eta))
                                         ).ravel()

    eta = np.zeros((N, count))
    if Z.shape[1]:
        start = np.zeros(Z.shape[1] * count)
        found = minimize(
            value_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-10}
        )
        eta = Z @ found.x.reshape(-1, count)
    return -(X.T @ (s[:, None] * loss.residual(target, eta)))


def expected_alpha_max(X, y, loss, options):
    s = options.get("sample_weight", np.ones(N))
    pull = -null_gradient(X, y, loss, options)
    if "lower" in options:  # of a column, only what moves it into its bounds
        upper = np.broadcast_to(options["upper"], P)[:, None]
        pull = np.where((pull > 0) & (upper > 0), pull, 0.0)
    grouped = loss.many_outputs and loss.grouped
    size = np.linalg.norm(pull, axis=1) if grouped else np.abs(pull).max(axis=1)
    unit = np.asarray(options.get("penalty_factor", np.ones(P))).copy()
    if options.get("standardize"):
        mean = np.average(X, axis=0, weights=s)
        unit = unit * np.sqrt(np.average((X - mean) ** 2, axis=0, weights=s))
    held = unit > 0
    return (size[held] / unit[held]).max() / options.get("l1_ratio", 1.0)


def penalised_coefficients(path, alpha, options):
    coef = np.atleast_2d(path.coef_at(alpha)[0])
    factor = np.broadcast_to(options.get("penalty_factor", 1.0), P)
    return coef[:, factor > 0]


CASES = [
    (name, option)
    for name in LOSSES
    for option in ("plain", "mixed", "standardized", "no_intercept", "factors",
                   "weights", "bounds", "all")
    if not (name == "grouped" and option == "bounds")
]


@pytest.mark.parametrize(("name", "option"), CASES)
def test_alpha_max_is_where_the_first_coefficient_enters(name, option):
    loss = losses.get_loss(LOSSES[name])
    X, y, options = case(name, option, 3)
    top = riata.alpha_max(X, y, loss=loss, **options)
    assert top == pytest.approx(expected_alpha_max(X, y, loss, options), rel=1e-6)
    path = riata.fit_path(
        X, y, loss=loss, alphas=[2.0 * top, top, 0.999 * top], tol=1e-10, **options
    )
    assert not penalised_coefficients(path, 2.0 * top, options).any()
    assert not penalised_coefficients(path, top, options).any()
    assert penalised_coefficients(path, 0.999 * top, options).any()
    assert (path.relative_gap <= 1e-10).all()


@pytest.mark.parametrize("store", [np.asfortranarray, np.ascontiguousarray, np.float32,
                                   sp.csc_array, sp.csr_array])
@pytest.mark.parametrize("name", LOSSES)
def test_no_storage_selects_by_rounding(name, store):
    """`alpha_max` of one storage is that of another but for rounding, which must not
    show as a coefficient."""
    for seed in range(6):
        X, y, _ = case(name, "plain", seed)
        X = X.astype(np.float32).astype(float)
        top = riata.alpha_max(X, y, loss=LOSSES[name])
        for alphas in (5, [top], [top * (1.0 - 1e-15)]):
            path = riata.fit_path(store(X), y, loss=LOSSES[name], alphas=alphas)
            assert path.n_active[0] == 0


@pytest.mark.parametrize("shape", [(20, 8), (12, 40), (200, 5)])
def test_automatic_grids_begin_with_the_null_model(shape):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal(shape), rng.standard_normal(shape[0])
        options = {"fit_intercept": bool(seed % 2), "standardize": bool(seed % 3)}
        path = riata.fit_path(X, y, alphas=4, l1_ratio=1.0 - 0.4 * (seed % 2), **options)
        assert path.n_active[0] == 0
        assert path.n_active[-1] > 0


def test_a_column_given_twice_is_not_selected_by_rounding():
    """Where two columns are equal, one coefficient is enough; the other is its share of
    a sum or zero, but no number near 1e-17."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((30, 5))
        X = np.column_stack([X, X])
        y = X @ rng.standard_normal(10) + rng.standard_normal(30)
        path = riata.fit_path(X, y, alphas=30, alpha_min_ratio=0.1)
        size = np.abs(path.coef.data)
        assert size.min() > 1e-12 * size.max()


def test_null_models_of_a_path_from_elsewhere():
    """A start that is far from the null model does not show at `alpha_max`."""
    X, y, _ = case("squared", "plain", 0)
    for loss in ("squared", "huber"):
        top = riata.alpha_max(X, y, loss=loss)
        path = riata.fit_path(
            X, y, loss=loss, alphas=[top, 0.1 * top], init=np.full(P, 3.0)
        )
        cold = riata.fit_path(X, y, loss=loss, alphas=[top, 0.1 * top])
        assert path.n_active[0] == 0
        assert path.intercept[0] == cold.intercept[0]
        np.testing.assert_allclose(path.objective, cold.objective, rtol=1e-5)


def test_estimators_are_null_models_at_alpha_max():
    X, y, _ = case("squared", "plain", 1)
    top = riata.alpha_max(X, y)
    assert not riata.Lasso(alpha=top).fit(X, y).coef_.any()
    top = riata.alpha_max(X, y, l1_ratio=0.5)
    assert not riata.ElasticNet(alpha=top, l1_ratio=0.5).fit(X, y).coef_.any()
    labels = (y > 0).astype(int)
    top = riata.alpha_max(X, labels, loss="logistic")
    model = riata.LogisticRegression(C=1.0 / (top * N), l1_ratio=1.0)
    assert not model.fit(X, labels).coef_.any()


def test_grouped_rows_without_a_penalty():
    """Unpenalised columns of the grouped multinomial loss, judged by their gradient."""
    loss = losses.Multinomial(grouped=True)
    X, y, options = case("grouped", "factors", 0)
    for X_ in (X, sp.csc_array(X)):
        path = riata.fit_path(X_, y, loss=loss, alphas=[0.05], tol=1e-9, **options)
        coef, intercept = path.coef_at(0.05)
        eta = X @ coef.T + intercept
        gradient = -X.T @ loss.residual(np.eye(3)[y], eta) / N
        assert np.abs(gradient[[0, 4]]).max() < 1e-7
        assert not coef[:, 5].any()
        assert (np.linalg.norm(gradient[[1, 2, 3]], axis=1)
                <= 0.05 * np.array([1.0, 0.5, 2.0]) + 1e-7).all()
