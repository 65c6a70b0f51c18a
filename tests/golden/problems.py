"""Small problems that reach every solver, by the public interface of riata alone.

Each is a function without arguments that returns a flat dict of arrays and numbers:
coefficients, certificates and counts, nothing that a clock decides.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import riata
from riata.losses import Multinomial, NegativeBinomial, Tweedie

PROBLEMS = {}
ONE = {"n_threads": 1}
OF_PATH = (
    "alphas", "intercept", "dual_gap", "relative_gap", "kkt", "objective",
    "deviance_ratio", "n_active", "n_iter", "null_objective", "alpha_max", "end",
)  # fmt: skip
# of a path's diagnostics; those of X in memory have no reads and requests
COUNTS = (
    "passes", "columns_touched", "rounds", "events", "epochs", "newton", "hessians",
    "gram", "reads", "requests",
)  # fmt: skip


def problem(function):
    """Register a problem under the name of its function."""
    PROBLEMS[function.__name__] = function
    return function


def solve(name):
    """The results of a problem."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {key: np.asarray(value) for key, value in PROBLEMS[name]().items()}


# --- What is kept of results.


def of_path(path, prefix=""):
    """Solutions, certificates and counts of a path."""
    out = {name: getattr(path, name) for name in OF_PATH}
    out["coef"] = path.coefs
    out["status"] = [str(status) for status in path.status]
    work = path.diagnostics
    if work is not None:
        out["counts"] = counts_of(work)
        out["engine"] = list(work.engine)
    return {prefix + name: value for name, value in out.items()}


def counts_of(work):
    """Counts as one record with a field for each."""
    known = {name: getattr(work, name, None) for name in COUNTS}
    known = {name: value for name, value in known.items() if value is not None}
    return np.array(tuple(known.values()), dtype=[(name, "f8") for name in known])


def of_estimator(model, *names):
    """Attributes of a fitted estimator, the usual ones if it has them."""
    usual = (
        "coef_", "intercept_", "dual_gap_", "relative_gap_", "kkt_", "n_iter_",
        "status_", "alpha_", "alphas_", "l1_ratio_", "C_", "Cs_", "scale_",
        "best_score_", "mse_path_", "gamma_", "outliers_", "solver_", "objective_",
    )  # fmt: skip
    out = {}
    for name in (*usual, *names):
        value = getattr(model, name, None)
        if value is None or isinstance(value, dict):
            continue
        if name == "status_":
            value = [str(each) for each in np.atleast_1d(value)]
        out[name] = value
    return out


def of_cv(result, prefix="cv_"):
    """Scores of a cross-validation, its paths and those of its folds."""
    out = {f"{prefix}score_{name}": value for name, value in result.scores.items()}
    for i, path in enumerate(result.paths):
        out |= of_path(path, f"{prefix}path{i}_")
    for i, paths in enumerate(result.fold_paths or ()):
        for k, path in enumerate(paths):
            out[f"{prefix}fold{i}{k}_gap"] = path.dual_gap
            out[f"{prefix}fold{i}{k}_n_iter"] = path.n_iter
            if path.diagnostics is not None:
                out[f"{prefix}fold{i}{k}_counts"] = counts_of(path.diagnostics)
    return out


def fitted(X, y, prefix="", **options):
    """What is kept of `fit_path`."""
    options = {"alphas": 15, **ONE, **options}
    return of_path(riata.fit_path(X, y, **options), prefix)


# --- Data.


def correlated(seed, n, p, rho=0.5):
    """A generator and X in Fortran order, with columns that resemble their neighbours."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
    return rng, np.asfortranarray(X)


def sparse(seed, n, p, density):
    """A generator and X as a csc_array."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[rng.random((n, p)) >= density] = 0.0
    return rng, sp.csc_array(X)


def predictor(rng, X, k=8, size=1.0):
    """A linear predictor by the first k of some scattered columns."""
    w = np.zeros(X.shape[1])
    at = np.linspace(0, X.shape[1] - 1, min(k, X.shape[1])).astype(int)
    w[at] = size * rng.choice([-1.0, 1.0], len(at)) * (0.5 + rng.random(len(at)))
    return X @ w


def target(rng, eta, loss="squared", n_classes=3):
    """A target for a loss, with the (standardised) predictor."""
    n, eta = len(eta), (eta - eta.mean()) / eta.std()
    if loss in ("squared", "huber"):
        noise = rng.standard_normal(n)
        return 2.0 + eta + (noise if loss == "squared" else 0.3 * noise**3)
    if loss in ("logistic", "squared_hinge"):
        return (2.0 * eta + rng.logistic(size=n) > 0).astype(float)
    if loss == "multinomial":
        return np.digitize(eta + 0.5 * rng.standard_normal(n),
                           np.linspace(-0.8, 0.8, n_classes - 1))
    mean = np.exp(0.7 * eta + 0.5)
    if loss == "poisson":
        return rng.poisson(mean).astype(float)
    if loss == "negative_binomial":
        return rng.poisson(mean * rng.gamma(2.0, 0.5, n)).astype(float)
    if loss == "gamma":
        return mean * rng.gamma(3.0, 1.0 / 3.0, n)
    if loss == "tweedie":
        return np.where(rng.random(n) < 0.3, 0.0, mean * rng.gamma(2.0, 0.5, n))
    raise ValueError(loss)


def sample(seed, n, p, loss="squared", rho=0.5, k=8):
    """X, dense, and a target."""
    rng, X = correlated(seed, n, p, rho)
    return X, target(rng, predictor(rng, X, k), loss)


def sparse_sample(seed, n, p, density, loss="squared"):
    """X, a csc_array, and a target."""
    rng, X = sparse(seed, n, p, density)
    return X, target(rng, predictor(rng, X, 12), loss)


def some_weights(n):
    """Weights, some of them zero."""
    weight = 0.5 + np.random.default_rng(99).random(n)
    weight[::7] = 0.0
    return weight


# --- The squared loss, X in memory.


@problem
def squared_wide():
    return fitted(*sample(1, 60, 300))


@problem
def squared_wide_c_order():
    X, y = sample(2, 60, 300)
    return fitted(np.ascontiguousarray(X), y, l1_ratio=0.5)


@problem
def squared_square_correlated():
    return fitted(*sample(3, 120, 120, rho=0.95), alphas=25)


@problem
def squared_tall():
    return fitted(*sample(4, 800, 30), alphas=30, alpha_min_ratio=1e-5)


@problem
def squared_float32():
    X, y = sample(5, 100, 200)
    return fitted(X.astype(np.float32), y)


@problem
def squared_csc():
    return fitted(*sparse_sample(6, 200, 400, 0.05))


@problem
def squared_csr_standardized():
    X, y = sparse_sample(7, 300, 200, 0.1)
    return fitted(X.tocsr(), y, fit_intercept=False, standardize=True, l1_ratio=0.9)


@problem
def squared_screened():
    return fitted(*sample(8, 200, 1500))


@problem
def squared_screened_sparse():
    return fitted(*sparse_sample(9, 2000, 1500, 0.08), alpha_min_ratio=0.05)


@problem
def squared_sparse_many_active():
    """Descent along sparse columns, for all alphas side by side."""
    X, y = sparse_sample(10, 3000, 1500, 0.01)
    return fitted(X, y, alphas=8, alpha_min_ratio=3e-2)


@problem
def squared_sparse_dense_solution():
    X, y = sparse_sample(11, 1200, 1200, 0.01)
    return fitted(X, y, l1_ratio=0.3, alphas=5, alpha_min_ratio=0.02)


@problem
def squared_many_active():
    """A Gram matrix on which lanes pay."""
    X, y = sample(12, 700, 700, k=300)
    return fitted(X, y, alphas=6, alpha_min_ratio=5e-3)


@problem
def squared_many_active_elastic():
    X, y = sample(13, 650, 900, rho=0.8, k=400)
    return fitted(X, y, alphas=6, l1_ratio=0.2, alpha_min_ratio=1e-3)


@problem
def squared_lazy_gram():
    X, y = sample(14, 1300, 250, k=20)
    return fitted(X, y, alpha_min_ratio=1e-2) | fitted(X, y, "short_", alphas=[0.5, 0.2])


@problem
def squared_rough_gram():
    """A Gram matrix in single precision."""
    X, y = sample(15, 3200, 600, k=100, rho=0.2)
    few = riata.alpha_max(X, y) * np.array([0.3, 0.01])
    return fitted(X, y, alphas=few) | fitted(X, y, "path_", alphas=6, l1_ratio=0.7)


@problem
def squared_weights_and_factors():
    X, y = sample(16, 80, 150)
    factor = np.linspace(0.5, 2.0, 150)
    factor[[3, 40]], factor[[10, 11]] = 0.0, np.inf
    return fitted(
        X, y, sample_weight=some_weights(80), penalty_factor=factor, standardize=True,
        l1_ratio=0.7,
    )


@problem
def squared_free_columns_in_lanes():
    X, y = sample(17, 90, 400)
    factor = np.ones(400)
    factor[:5] = 0.0
    return fitted(X, y, penalty_factor=factor, sample_weight=some_weights(90))


@problem
def squared_bounds():
    X, y = sample(18, 100, 160)
    lower = np.where(np.arange(160) % 2, 0.0, -0.1)
    return fitted(X, y, lower=lower, upper=0.2) | fitted(
        X, y, "positive_", lower=0.0, l1_ratio=0.5
    ) | fitted(X, y, "ridge_", lower=0.0, l1_ratio=0.0, alphas=5)


@problem
def squared_offset_no_intercept():
    X, y = sample(19, 100, 60)
    return fitted(X, y, offset=np.sin(np.arange(100)), fit_intercept=False)


@problem
def squared_one_alpha():
    """Far from the largest: by alphas on the way."""
    X, y = sample(20, 100, 500)
    top = riata.alpha_max(X, y)
    return fitted(X, y, alphas=[0.01 * top]) | fitted(X, y, "half_", alphas=[0.5 * top])


@problem
def squared_explicit_alphas():
    X, y = sample(21, 90, 40)
    return fitted(X, y, alphas=[1e-3, 0.5, 0.5, 5.0, 0.02, 0.0])


@problem
def squared_alpha_zero_wide():
    """Least squares of least norm."""
    X, y = sample(22, 40, 90)
    return fitted(X, y, alphas=[0.3, 0.0]) | fitted(
        X, y, "ridge_", alphas=[0.3, 0.0], l1_ratio=0.0
    )


@problem
def squared_limits():
    X, y = sample(23, 80, 200)
    return (
        fitted(X, y, "active_", max_active=12)
        | fitted(X, y, "deviance_", max_deviance_ratio=0.5)
        | fitted(X, y, "callback_", callback=lambda step: step.index >= 4)
        | fitted(X, y, "iterations_", max_iter=1, alphas=[0.02])
    )


@problem
def squared_resumed():
    X, y = sample(24, 80, 200)
    path = riata.fit_path(X, y, alphas=8, alpha_min_ratio=0.1, **ONE)
    low = path.alphas[-1] * np.array([0.8, 0.5, 0.2])
    return fitted(X, y, alphas=low, init=path) | fitted(
        X, y, "zero_", alphas=low, init=np.full(200, 3.0)
    )


@problem
def squared_degenerate():
    """Equal, opposite, constant and zero columns; ties."""
    rng, X = correlated(25, 60, 40)
    X = np.hstack([X, X[:, :10], -X[:, 5:15], np.ones((60, 2)), np.zeros((60, 2))])
    y = target(rng, predictor(rng, X[:, :40]))
    signs = rng.choice([-1.0, 1.0], (60, 64))
    return fitted(X, y) | fitted(signs, y, "signs_", alphas=20)


@problem
def squared_tolerances():
    X, y = sample(26, 150, 150, rho=0.9)
    return fitted(X, y, "tight_", tol=1e-13, alphas=10) | fitted(
        X, y, "loose_", tol=1e-2, alphas=10
    )


@problem
def squared_scikit_learn_paths():
    X, y = sample(27, 70, 50)
    lasso = riata.lasso_path(X, y, alphas=12, positive=True)
    enet = riata.enet_path(X, y, l1_ratio=0.4, alphas=12)
    return {"lasso": lasso[1], "lasso_gap": lasso[2], "enet": enet[1], "gap": enet[2]}


@problem
def squared_shared_rows():
    """Several targets that share their features."""
    rng, X = correlated(28, 100, 60)
    Y = X[:, :6] @ rng.standard_normal((6, 3)) + rng.standard_normal((100, 3))
    lasso = riata.lasso_path(X, Y, alphas=12)
    enet = riata.enet_path(
        sp.csc_array(np.where(abs(X) > 1, X, 0)), Y, l1_ratio=0.5, alphas=12, tol=1e-9
    )
    model = riata.ElasticNet(alpha=0.05).fit(X, Y)
    return {
        "lasso": lasso[1], "lasso_gap": lasso[2], "enet": enet[1], "gap": enet[2],
        **of_estimator(model),
    }  # fmt: skip


# --- Ridge.


@problem
def ridge_tall_few_alphas():
    return fitted(*sample(30, 300, 40), l1_ratio=0.0, alphas=8)


@problem
def ridge_tall_many_alphas():
    X, y = sample(31, 300, 40)
    return fitted(
        X, y, l1_ratio=0.0, alphas=40, standardize=True, sample_weight=some_weights(300)
    )


@problem
def ridge_wide():
    X, y = sample(32, 50, 160)
    factor = np.linspace(0.5, 2.0, 160)
    factor[:2] = 0.0
    return fitted(X, y, l1_ratio=0.0, alphas=8) | fitted(
        X, y, "factor_", l1_ratio=0.0, penalty_factor=factor, alphas=20
    )


@problem
def ridge_square_ill_conditioned():
    X, y = sample(33, 60, 60, rho=0.999)
    X = X * np.logspace(0, 6, 60)
    return fitted(X, y, l1_ratio=0.0, alphas=[1e-3, 1e-9, 0.0])


@problem
def ridge_sparse():
    X, y = sparse_sample(34, 400, 150, 0.03)
    W, v = sparse_sample(35, 100, 300, 0.2)
    return fitted(X.tocsr(), y, l1_ratio=0.0, alphas=8) | fitted(
        W, v, "wide_", l1_ratio=0.0, alphas=18, sample_weight=some_weights(100)
    )


@problem
def ridge_krylov():
    X, y = sparse_sample(36, 900, 900, 0.01)
    direct = fitted(X, y, l1_ratio=0.0, alphas=[1.0, 0.3])
    model = riata.Ridge(alpha=3.0, solver="lsqr", tol=1e-8).fit(X, y)
    return direct | of_estimator(model)


@problem
def ridge_krylov_standardized():
    X, y = sparse_sample(37, 600, 700, 0.02)
    model = riata.Ridge(
        alpha=[0.5, 2.0], solver="sparse_cg", standardize=True, tol=1e-9,
        penalty_factor=np.where(np.arange(700) < 3, 0.0, 1.0),
    )  # fmt: skip
    model.fit(X, np.column_stack([y, np.cos(y)]), sample_weight=some_weights(600))
    return of_estimator(model)


@problem
def ridge_many_targets():
    rng, X = correlated(38, 120, 30)
    Y = X[:, :5] @ rng.standard_normal((5, 80)) + rng.standard_normal((120, 80))
    few = riata.Ridge(alpha=np.logspace(-1, 2, 80)).fit(X, Y)
    same = riata.Ridge(alpha=2.0, solver="svd").fit(X.T[:, :60].copy(), Y[:30, :70])
    out = of_estimator(few)
    return out | {f"wide_{k}": v for k, v in of_estimator(same).items()}


@problem
def ridge_estimator_options():
    X, y = sample(39, 90, 20)
    out = of_estimator(riata.Ridge(alpha=1.0, positive=True, **ONE).fit(X, y))
    for solver in ("cholesky", "svd", "auto"):
        model = riata.Ridge(alpha=0.5, solver=solver, fit_intercept=False)
        model.fit(X.astype(np.float32), y, sample_weight=some_weights(90))
        out |= {f"{solver}_{k}": v for k, v in of_estimator(model).items()}
    return out


@problem
def ridge_leave_one_out():
    X, y = sample(40, 90, 25)
    wide, v = sample(41, 40, 70)
    model = riata.RidgeCV(np.logspace(-3, 3, 13), store_cv_results=True).fit(X, y)
    other = riata.RidgeCV([0.1, 1.0, 10.0], standardize=True, alpha_per_target=True)
    other.fit(wide, np.column_stack([v, v**2]), sample_weight=0.5 + np.arange(40) % 3)
    out = of_estimator(model, "cv_results_")
    return out | {f"wide_{k}": v for k, v in of_estimator(other).items()}


@problem
def ridge_cv_folds():
    X, y = sample(42, 90, 25)
    W, v = sparse_sample(43, 80, 120, 0.1)
    out = of_estimator(riata.RidgeCV([0.1, 1.0, 10.0], cv=4, **ONE).fit(X, y))
    model = riata.RidgeCV([0.1, 1.0, 10.0], cv=3, gcv_mode="auto").fit(W, v)
    return out | {f"sparse_{k}": v for k, v in of_estimator(model).items()}


# --- Other losses, X in memory.


@problem
def logistic_wide():
    return fitted(*sample(50, 80, 300, "logistic"), loss="logistic")


@problem
def logistic_tall():
    X, y = sample(51, 800, 40, "logistic")
    return fitted(X, y, loss="logistic", alphas=20)


@problem
def logistic_square_float32():
    X, y = sample(52, 150, 150, "logistic", rho=0.9)
    return fitted(X.astype(np.float32), y, loss="logistic", l1_ratio=0.5)


@problem
def logistic_sparse():
    X, y = sparse_sample(53, 600, 500, 0.03, "logistic")
    return fitted(X, y, loss="logistic", sample_weight=some_weights(600)) | fitted(
        X.tocsr(), y, "standardized_", loss="logistic", standardize=True, alphas=6
    )


@problem
def logistic_screened():
    X, y = sample(54, 200, 1400, "logistic")
    return fitted(X, y, loss="logistic", alphas=10, alpha_min_ratio=0.02)


@problem
def logistic_sparse_many_active():
    X, y = sparse_sample(55, 1500, 1500, 0.01, "logistic")
    return fitted(X, y, loss="logistic", alphas=5, alpha_min_ratio=0.03, l1_ratio=0.5)


@problem
def logistic_many_active():
    X, y = sample(56, 600, 900, "logistic", k=300)
    return fitted(X, y, loss="logistic", alphas=4, l1_ratio=0.1, alpha_min_ratio=1e-2)


@problem
def logistic_far_apart():
    """A model for each alpha."""
    X, y = sample(57, 300, 60, "logistic")
    top = riata.alpha_max(X, y, loss="logistic")
    alphas = top * np.array([0.5, 0.1, 0.01, 1e-3])
    wide, v = sample(58, 120, 400, "logistic")
    return fitted(X, y, loss="logistic", alphas=alphas) | fitted(
        wide, v, "wide_", loss="logistic", alphas=alphas
    )


@problem
def logistic_bounds_and_factors():
    X, y = sample(59, 150, 80, "logistic")
    factor = np.ones(80)
    factor[:3], factor[5] = 0.0, np.inf
    return fitted(
        X, y, loss="logistic", lower=-0.3, upper=0.3, penalty_factor=factor,
        offset=0.3 * np.cos(np.arange(150)),
    ) | fitted(X, y, "free_", loss="logistic", penalty_factor=factor, l1_ratio=0.5)


@problem
def logistic_dependent_free_columns():
    """Columns without a penalty, of which two are equal: by a basis of their span."""
    X, y = sample(60, 150, 60, "logistic")
    X[:, 1] = X[:, 0]
    factor = np.ones(60)
    factor[:4] = 0.0
    v = target(np.random.default_rng(61), X[:, 5], "poisson")
    return fitted(X, y, loss="logistic", penalty_factor=factor) | fitted(
        X, v, "poisson_", loss="poisson", penalty_factor=factor, alphas=6
    )


@problem
def logistic_alpha_zero():
    X, y = sample(62, 300, 12, "logistic")
    X[:, 7] = X[:, 2] + X[:, 3]
    return fitted(X, y, loss="logistic", alphas=[0.1, 0.0])


@problem
def huber_alpha_zero_wide():
    """The limit of a vanishing L2 penalty."""
    X, y = sample(63, 30, 50, "huber")
    v = target(np.random.default_rng(64), X[:, 0], "poisson")
    return fitted(X, y, loss="huber", alphas=[0.1, 0.0]) | fitted(
        X, v, "poisson_", loss="poisson", alphas=[0.1, 0.0]
    )


@problem
def logistic_separated():
    X, y = sample(65, 60, 10, "logistic")
    factor = np.ones(10)
    factor[0] = 0.0
    X[:, 0] = np.where(y > 0, 1.0, -1.0) * (1.0 + abs(X[:, 0]))
    out = fitted(X, y, loss="logistic", penalty_factor=factor, alphas=4)
    v = np.where(y > 0, 1.0 + X[:, 1] ** 2, 0.0)
    return out | fitted(X, v, "poisson_", loss="poisson", penalty_factor=factor, alphas=4)


@problem
def logistic_limits_and_init():
    X, y = sample(66, 150, 100, "logistic")
    path = riata.fit_path(X, y, loss="logistic", alphas=6, alpha_min_ratio=0.1, **ONE)
    low = path.alphas[-1] * np.array([0.7, 0.4])
    options = {"loss": "logistic"}
    return (
        fitted(X, y, alphas=low, init=path, **options)
        | fitted(X, y, "active_", max_active=10, **options)
        | fitted(X, y, "deviance_", max_deviance_ratio=0.4, **options)
        | fitted(X, y, "iterations_", max_iter=1, alphas=[1e-3], **options)
        | fitted(X, y, "tight_", tol=1e-12, alphas=5, **options)
    )


@problem
def logistic_ridge_few_columns():
    X, y = sample(67, 400, 15, "logistic")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=20)


@problem
def logistic_ridge_square():
    X, y = sample(68, 100, 80, "logistic", rho=0.9)
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=10, standardize=True)


@problem
def logistic_ridge_kernel():
    """More features than samples: in the span of the samples."""
    X, y = sample(69, 50, 150, "logistic")
    W, v = sparse_sample(70, 60, 200, 0.1, "logistic")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=10) | fitted(
        W, v, "sparse_", loss="logistic", l1_ratio=0.0, alphas=6,
        sample_weight=some_weights(60),
    )


@problem
def poisson_ridge():
    X, y = sample(71, 300, 20, "poisson")
    wide, v = sample(72, 40, 120, "poisson")
    return fitted(X, y, loss="poisson", l1_ratio=0.0, alphas=10) | fitted(
        wide, v, "wide_", loss="poisson", l1_ratio=0.0, alphas=6
    )


@problem
def huber_ridge_and_lasso():
    X, y = sample(73, 200, 60, "huber")
    return fitted(X, y, loss="huber") | fitted(
        X, y, "ridge_", loss="huber", l1_ratio=0.0, alphas=6, fit_intercept=False
    )


@problem
def squared_hinge_path():
    X, y = sample(74, 150, 200, "squared_hinge")
    return fitted(X, y, loss="squared_hinge") | fitted(
        X, y, "ridge_", loss="squared_hinge", l1_ratio=0.0, alphas=5
    )


@problem
def poisson_path():
    X, y = sample(75, 200, 120, "poisson")
    return fitted(
        X, y, loss="poisson", offset=np.log(0.5 + np.arange(200) % 4),
        sample_weight=some_weights(200),
    )


@problem
def poisson_sparse():
    X, y = sparse_sample(76, 400, 300, 0.05, "poisson")
    return fitted(X, y, loss="poisson", l1_ratio=0.8)


@problem
def negative_binomial_path():
    X, y = sample(77, 200, 80, "negative_binomial")
    return fitted(X, y, loss="negative_binomial") | fitted(
        X, y, "dispersed_", loss=NegativeBinomial(0.4), l1_ratio=0.5, alphas=6
    )


@problem
def gamma_path():
    X, y = sample(78, 200, 80, "gamma")
    return fitted(X, y, loss="gamma") | fitted(
        X, y, "ridge_", loss="gamma", l1_ratio=0.0, alphas=6
    )


@problem
def tweedie_paths():
    X, y = sample(79, 200, 60, "tweedie")
    out = fitted(X, y, loss="tweedie", alphas=10)
    for name, power in (("low_", 1.2), ("high_", 1.9)):
        out |= fitted(X, y, name, loss=Tweedie(power), alphas=8)
    return out | fitted(X, y + 0.1, "cubic_", loss=Tweedie(3.0), alphas=8)


@problem
def tweedie_normal_log_link():
    """A loss that is not convex."""
    X, y = sample(80, 150, 40, "gamma")
    return fitted(X, y, loss=Tweedie(0.0, link="log"), alphas=8)


@problem
def glm_degenerate():
    rng, X = correlated(81, 80, 40)
    X = np.hstack([X, X[:, :15], -X[:, 10:20], np.ones((80, 1))])
    y = target(rng, predictor(rng, X[:, :40]), "logistic")
    return fitted(X, y, loss="logistic", tol=1e-9) | fitted(
        X, np.ones(80), "null_", loss="poisson", alphas=3
    )


# --- Several classes.


@problem
def multinomial_wide():
    X, y = sample(90, 90, 200, "multinomial")
    return fitted(X, y, loss="multinomial", alphas=10)


@problem
def multinomial_tall_elastic():
    X, y = sample(91, 400, 20, "multinomial")
    return fitted(
        X, y, loss="multinomial", alphas=10, l1_ratio=0.5, standardize=True,
        sample_weight=some_weights(400),
    )


@problem
def multinomial_sparse_bounds():
    X, y = sparse_sample(92, 300, 100, 0.1, "multinomial")
    return fitted(X, y, loss="multinomial", alphas=8) | fitted(
        X, y, "bounded_", loss="multinomial", alphas=5, lower=-0.2, upper=0.3
    )


@problem
def multinomial_ridge():
    X, y = sample(93, 150, 15, "multinomial")
    wide, v = sample(94, 40, 90, "multinomial")
    return fitted(X, y, loss="multinomial", l1_ratio=0.0, alphas=6) | fitted(
        wide, v, "wide_", loss="multinomial", l1_ratio=0.0, alphas=4
    ) | fitted(X, y, "zero_", loss="multinomial", alphas=[0.1, 0.0])


@problem
def multinomial_factors_and_init():
    X, y = sample(95, 150, 40, "multinomial")
    factor = np.ones(40)
    factor[:2], factor[4] = 0.0, np.inf
    options = {"loss": "multinomial", "penalty_factor": factor}
    path = riata.fit_path(X, y, alphas=4, alpha_min_ratio=0.2, **options, **ONE)
    return fitted(X, y, alphas=path.alphas[-1] * np.array([0.6, 0.3]), init=path, **options)


@problem
def multinomial_grouped():
    X, y = sample(96, 120, 150, "multinomial")
    return fitted(X, y, loss=Multinomial(grouped=True), alphas=10)


@problem
def multinomial_grouped_options():
    X, y = sparse_sample(97, 200, 60, 0.2, "multinomial")
    factor = np.ones(60)
    factor[0], factor[4] = 0.0, np.inf
    return fitted(
        X, y, loss=Multinomial(grouped=True), alphas=8, l1_ratio=0.6,
        penalty_factor=factor, sample_weight=some_weights(200),
    ) | fitted(X, y, "tight_", loss=Multinomial(grouped=True), alphas=4, tol=1e-11)


# --- Chunks.


def row_blocks(X, y, loss="squared", memory_limit=2**20, **options):
    """A path on blocks of rows, in memory."""
    with riata.open_chunks(X, axis=0, memory_limit=memory_limit) as chunks:
        return fitted(chunks, y, loss=loss, **options)


def column_blocks(X, y, loss="squared", memory_limit=2**20, **options):
    """A path on blocks of columns."""
    with riata.open_chunks(X, axis=1, memory_limit=memory_limit) as chunks:
        return fitted(chunks, y, loss=loss, **options)


def files_of_rows(X, y, n_files, **options):
    """A path on `.npy` files, which stand below each other."""
    with tempfile.TemporaryDirectory() as folder:
        for k, part in enumerate(np.array_split(X, n_files)):
            np.save(Path(folder) / f"part{k}.npy", part)
        with riata.open_chunks(folder) as chunks:
            return fitted(chunks, y, **options)


@problem
def chunks_moments():
    X, y = sample(100, 2000, 30)
    return row_blocks(X, y, standardize=True) | {
        f"files_{k}": v
        for k, v in files_of_rows(X, y, 3, l1_ratio=0.5, fit_intercept=False).items()
    }


@problem
def chunks_moments_weighted():
    X, y = sample(101, 1500, 20)
    factor = np.ones(20)
    factor[0] = 0.0
    return row_blocks(
        X.astype(np.float32), y, sample_weight=some_weights(1500), penalty_factor=factor,
        offset=np.cos(np.arange(1500)), lower=-0.5, upper=0.5,
    )


@problem
def chunks_rows_wide():
    """Too few rows for moments."""
    X, y = sample(102, 300, 200)
    return row_blocks(X, y) | {
        f"files_{k}": v for k, v in files_of_rows(X, y, 4, alphas=8, l1_ratio=0.5).items()
    }


@problem
def chunks_columns():
    X, y = sample(103, 150, 1600)
    return column_blocks(X, y, alpha_min_ratio=0.02, memory_limit=2**22)


@problem
def chunks_columns_sparse():
    X, y = sparse_sample(104, 300, 500, 0.05)
    factor = np.ones(500)
    factor[:2] = 0.0
    return column_blocks(X, y, alphas=8, penalty_factor=factor) | {
        f"rows_{k}": v for k, v in row_blocks(X, y, alphas=8).items()
    }


@problem
def chunks_ridge():
    X, y = sample(105, 600, 25)
    wide, v = sample(106, 60, 140)
    return row_blocks(X, y, l1_ratio=0.0, alphas=8) | {
        f"wide_{k}": value
        for k, value in column_blocks(wide, v, l1_ratio=0.0, alphas=8).items()
    }


@problem
def chunks_ridge_weighted():
    X, y = sample(107, 200, 60)
    wide, v = sample(108, 50, 120)
    weight = some_weights(200)
    return row_blocks(X, y, l1_ratio=0.0, alphas=[0.1, 0.0], sample_weight=weight) | {
        f"wide_{k}": value
        for k, value in column_blocks(
            wide, v, l1_ratio=0.0, alphas=20, standardize=True, sample_weight=weight[:50]
        ).items()
    }


@problem
def chunks_logistic_rows():
    """Newton's method with one read a step."""
    X, y = sample(109, 3000, 25, "logistic")
    return row_blocks(X, y, "logistic")


@problem
def chunks_logistic_options():
    X, y = sample(110, 1500, 30, "logistic")
    factor = np.ones(30)
    factor[:2] = 0.0
    return row_blocks(
        X, y, "logistic", penalty_factor=factor, sample_weight=some_weights(1500),
        lower=-0.5, upper=0.5, alphas=8,
    ) | {
        f"ridge_{k}": v
        for k, v in row_blocks(
            X, y, "logistic", l1_ratio=0.0, alphas=[1.0, 0.1, 1e-3]
        ).items()
    }


@problem
def chunks_logistic_columns():
    X, y = sample(111, 150, 700, "logistic")
    W, v = sample(112, 200, 100, "logistic")
    return column_blocks(X, y, "logistic", alphas=10, alpha_min_ratio=0.02) | {
        f"rows_{k}": value
        for k, value in row_blocks(W, v, "logistic", alphas=8, l1_ratio=0.5).items()
    }


@problem
def chunks_poisson():
    X, y = sample(113, 2000, 20, "poisson")
    wide, v = sparse_sample(114, 200, 400, 0.1, "poisson")
    return row_blocks(X, y, "poisson", alphas=8) | {
        f"columns_{k}": value
        for k, value in column_blocks(wide, v, "poisson", alphas=8).items()
    }


@problem
def chunks_huber_resumed():
    X, y = sample(115, 1200, 20, "huber")
    path = riata.fit_path(X, y, loss="huber", alphas=4, alpha_min_ratio=0.2, **ONE)
    low = path.alphas[-1] * np.array([0.6, 0.3])
    return row_blocks(X, y, "huber", alphas=low, init=path)


def on_dask(X, y, **options):
    """A path on the blocks of rows of a Dask array, on a worker in this process."""
    import dask.array
    import distributed

    rows = dask.array.from_array(X, chunks=(200, -1))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        riata.from_dask(rows, client=client) as chunks,
    ):
        return fitted(chunks, y, **options)


@problem
def dask_moments():
    return on_dask(*sample(116, 1000, 20), alphas=8)


@problem
def dask_squared_by_gradients():
    """Too few rows for moments, and residuals are not sent to where X is."""
    return on_dask(*sample(117, 600, 250), alphas=6, alpha_min_ratio=0.05)


@problem
def dask_logistic():
    return on_dask(*sample(118, 1000, 20, "logistic"), loss="logistic", alphas=6)


# --- Cross-validation.


@problem
def cv_lasso_wide():
    X, y = sample(120, 80, 150)
    model = riata.LassoCV(alphas=12, cv=3, **ONE).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_lasso_tall():
    """All folds from moments."""
    X, y = sample(121, 600, 25)
    model = riata.LassoCV(alphas=12, cv=4, select="1se", **ONE)
    model.fit(X, y, sample_weight=some_weights(600))
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_elastic_net():
    X, y = sparse_sample(122, 150, 100, 0.2)
    model = riata.ElasticNetCV(
        l1_ratio=[0.2, 0.9], alphas=8, cv=3, standardize=True, **ONE
    ).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_path_logistic():
    """The folds are guided by the path on all samples."""
    X, y = sample(123, 500, 30, "logistic")
    wide, v = sample(124, 90, 150, "logistic")
    out = of_cv(riata.cv_path(X, y, loss="logistic", alphas=5, cv=3, **ONE))
    return out | of_cv(
        riata.cv_path(wide, v, loss="logistic", alphas=4, cv=3, **ONE), "wide_"
    )


@problem
def cv_path_ridge():
    X, y = sample(125, 150, 20)
    squared = riata.cv_path(X, y, l1_ratio=0.0, alphas=8, cv=3, **ONE)
    huber = riata.cv_path(X, y, loss="huber", l1_ratio=[0.0, 0.5], alphas=6, cv=3, **ONE)
    return of_cv(squared) | of_cv(huber, "huber_")


@problem
def cv_logistic_l1():
    X, y = sample(126, 300, 30, "logistic")
    model = riata.LogisticRegressionCV(
        Cs=6, l1_ratios=[1.0], cv=3, scoring="neg_log_loss", use_legacy_attributes=False,
        **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_", "coefs_paths_") | of_cv(model.cv_result_)


@problem
def cv_logistic_l2():
    X, y = sample(127, 300, 10, "logistic")
    wide, v = sample(128, 60, 130, "logistic")
    out = {}
    for name, data in (("tall_", (X, y)), ("wide_", (wide, v))):
        model = riata.LogisticRegressionCV(
            Cs=6, l1_ratios=[0.0], cv=3, scoring="accuracy", use_legacy_attributes=False,
            **ONE,
        ).fit(*data)
        found = of_estimator(model, "scores_", "coefs_paths_") | of_cv(model.cv_result_)
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def cv_logistic_classes():
    X, y = sample(129, 150, 20, "multinomial")
    model = riata.LogisticRegressionCV(
        Cs=4, l1_ratios=[0.5], cv=3, scoring="accuracy", use_legacy_attributes=False,
        class_weight="balanced", **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_") | of_cv(model.cv_result_)


@problem
def cv_glm():
    X, y = sample(130, 200, 30, "poisson")
    model = riata.GeneralizedLinearRegressorCV("poisson", alphas=8, cv=3, **ONE)
    model.fit(X, y)
    codes = target(np.random.default_rng(131), X[:, 0], "multinomial")
    other = riata.GeneralizedLinearClassifierCV("multinomial", alphas=5, cv=3, **ONE)
    other.fit(X, codes)
    out = of_estimator(model) | of_cv(model.cv_result_)
    return out | {f"classes_{k}": v for k, v in of_estimator(other).items()}


@problem
def cv_on_chunks():
    X, y = sample(132, 1000, 15)
    labels = target(np.random.default_rng(133), X[:, 3], "logistic")
    with riata.open_chunks(X, axis=0, memory_limit=2**20) as chunks:
        squared = riata.cv_path(chunks, y, alphas=8, cv=3, **ONE)
        logistic = riata.cv_path(chunks, labels, loss="logistic", alphas=5, cv=3, **ONE)
    return of_cv(squared) | of_cv(logistic, "logistic_")


@problem
def cv_selection():
    X, y = sample(134, 100, 40)
    relaxed = riata.RelaxedLassoCV((0.0, 0.5, 1.0), alphas=8, cv=3, **ONE).fit(X, y)
    adaptive = riata.AdaptiveLassoCV(alphas=8, cv=3, **ONE).fit(X, y)
    out = of_estimator(relaxed) | of_cv(relaxed.cv_result_)
    return out | {
        f"adaptive_{k}": v
        for k, v in (of_estimator(adaptive) | of_cv(adaptive.cv_result_)).items()
    }


# --- Refits, adaptive weights, stability, leave-one-out, audits.


def of_relaxed(relaxed, prefix=""):
    """The path of a `RelaxedPath`, its refits, and the blends of both."""
    out, refits = of_path(relaxed.path, prefix), relaxed.refits
    out[f"{prefix}refits"] = refits.coef.toarray()
    for name in ("intercept", "dual_gap", "relative_gap", "which"):
        out[f"{prefix}refits_{name}"] = getattr(refits, name)
    out[f"{prefix}refits_status"] = [str(status) for status in refits.status]
    out[f"{prefix}blends"] = np.stack([coef.toarray() for coef in relaxed.coef])
    out[f"{prefix}blends_intercept"] = np.stack(relaxed.intercept)
    return out


@problem
def relaxed_paths():
    X, y = sample(140, 90, 120)
    labels = target(np.random.default_rng(141), X[:, 0] + X[:, 50], "logistic")
    squared = riata.relaxed_path(
        X, y, gammas=(0.0, 0.5), alphas=10, alpha_min_ratio=0.05, **ONE
    )
    logistic = riata.relaxed_path(
        X, labels, loss="logistic", alphas=5, alpha_min_ratio=0.3, refit_alpha=1e-3, **ONE
    )
    return of_relaxed(squared) | of_relaxed(logistic, "logistic_")


@problem
def adaptive_paths():
    X, y = sample(142, 90, 120)
    counts = target(np.random.default_rng(143), X[:, 0], "poisson")
    out = of_path(riata.adaptive_path(X, y, alphas=10, **ONE))
    out |= of_path(riata.adaptive_path(X, y, initial="lasso", alphas=8, **ONE), "lasso_")
    path = riata.adaptive_path(X, counts, loss="poisson", power=0.5, alphas=6, **ONE)
    return out | of_path(path, "poisson_")


@problem
def stability_paths():
    X, y = sample(144, 80, 40)
    labels = target(np.random.default_rng(145), X[:, 0], "logistic")
    options = {"alphas": 6, "random_state": 0, "n_jobs": 1, **ONE}
    halves = riata.stability_path(X, y, n_pairs=6, **options)
    boot = riata.bootstrap_path(X, labels, loss="logistic", n_resamples=6, **options)
    model = riata.StabilitySelection(n_pairs=6, random_state=0, n_jobs=1, **ONE).fit(X, y)
    out = {"support": model.get_support()}
    for name, found in (("halves_", halves), ("boot_", boot)):
        out[f"{name}alphas"] = found.alphas
        out[f"{name}frequency"] = found.frequency.toarray()
        out[f"{name}selected"] = found.selected.toarray()
        out[f"{name}gap"], out[f"{name}n_iter"] = found.relative_gap, found.n_iter
        out[f"{name}status"] = [str(status) for status in found.status]
    return out


@problem
def leave_one_out():
    X, y = sample(146, 90, 40)
    labels = target(np.random.default_rng(147), X[:, 0], "logistic")
    out = {}
    for name, v, loss in (("squared_", y, "squared"), ("logistic_", labels, "logistic")):
        path = riata.fit_path(X, v, loss=loss, alphas=6, l1_ratio=0.5, **ONE)
        found = riata.approximate_loo(path, X, v)._asdict()
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def audits():
    X, y = sample(148, 90, 40)
    weight = some_weights(90)
    out = {}
    for loss in ("squared", "huber", "logistic", "squared_hinge", "poisson", "gamma",
                 "multinomial"):
        v = target(np.random.default_rng(149), X[:, 0] + X[:, 20], loss)
        path = riata.fit_path(X, v, loss=loss, alphas=4, sample_weight=weight, **ONE)
        alpha = float(path.alphas[-1])
        coef, intercept = path.coef_at(alpha)
        for name, near in (("", coef), ("off_", coef + 0.01)):
            found = riata.check_solution(
                X, v, near, intercept, alpha=alpha, loss=loss, sample_weight=weight
            )
            out[f"{name}{loss}"] = np.array(found)
    factor = np.ones(40)
    factor[:3] = 0.0
    for name, options in (
        ("factor", {"penalty_factor": factor}), ("bounds", {"lower": 0.0, "upper": 1.0}),
        ("standardized", {"standardize": True, "l1_ratio": 0.5}),
        ("ridge", {"l1_ratio": 0}),
    ):
        coef = np.where(np.arange(40) % 5, 0.0, 0.1)
        found = riata.check_solution(X, y, coef, 2.0, alpha=0.05, **options)
        out[name] = np.array(found)
    return out


# --- Estimators.


@problem
def estimators_squared():
    X, y = sample(160, 90, 60)
    out = of_estimator(riata.Lasso(alpha=0.1, **ONE).fit(X, y))
    warm = riata.ElasticNet(alpha=0.2, l1_ratio=0.3, warm_start=True, **ONE).fit(X, y)
    warm.set_params(alpha=0.05).fit(X.astype(np.float32), y)
    return out | {f"warm_{k}": v for k, v in of_estimator(warm).items()}


@problem
def estimators_logistic():
    X, y = sample(161, 200, 20, "logistic")
    codes = target(np.random.default_rng(162), X[:, 0], "multinomial")
    out = {}
    for name, v, options in (
        ("l2_", y, {}), ("l1_", y, {"l1_ratio": 1.0, "C": 0.1}),
        ("classes_", codes, {"class_weight": "balanced"}), ("none_", y, {"C": np.inf}),
    ):
        model = riata.LogisticRegression(**options, **ONE).fit(X, v)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out


@problem
def estimators_glm():
    X, y = sample(163, 150, 20, "gamma")
    out = {}
    for name, model in (
        ("poisson_", riata.PoissonRegressor(alpha=0.1, **ONE)),
        ("gamma_", riata.GammaRegressor(alpha=0.1, l1_ratio=0.5, **ONE)),
        ("tweedie_", riata.TweedieRegressor(power=1.5, alpha=0.1, **ONE)),
        ("glm_", riata.GeneralizedLinearRegressor("negative_binomial", alpha=0.05, **ONE)),
        ("huber_", riata.HuberRegressor(alpha=0.01, **ONE)),
        ("huber_l1_", riata.HuberRegressor(alpha=0.01, l1_ratio=0.5, **ONE)),
        ("adaptive_", riata.AdaptiveLasso(alpha=0.05, **ONE)),
    ):
        model.fit(X, np.round(y) if name == "glm_" else y)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out


# --- Routes that few problems take.


@problem
def logistic_ridge_many_columns():
    """Too many for an exact model: conjugate gradients by products with X."""
    X, y = sample(170, 800, 560, "logistic")
    W, v = sparse_sample(171, 700, 600, 0.02, "poisson")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=3) | fitted(
        W, v, "poisson_", loss="poisson", l1_ratio=0.0, alphas=3, fit_intercept=False
    )


@problem
def multinomial_ridge_many_columns():
    X, y = sample(172, 60, 560, "multinomial")
    return fitted(X, y, loss="multinomial", l1_ratio=0.0, alphas=3) | fitted(
        X, y, "grouped_", loss=Multinomial(grouped=True), l1_ratio=0.0, alphas=3
    )


@problem
def multinomial_many_active():
    """More active coefficients than one Gram matrix serves."""
    rng, X = correlated(173, 300, 500, 0.3)
    y = target(rng, predictor(rng, X, 200), "multinomial", 8)
    return fitted(
        X, y, loss="multinomial", l1_ratio=0.1, alphas=4, alpha_min_ratio=1e-2
    )


@problem
def multinomial_sparse_many_active():
    rng, X = sparse(174, 300, 500, 0.1)
    y = target(rng, predictor(rng, X, 200), "multinomial", 6)
    return fitted(
        X, y, loss="multinomial", l1_ratio=0.05, alphas=3, alpha_min_ratio=1e-2
    )


@problem
def squared_alpha_zero_bounds():
    """One of many solutions, the limit of a vanishing L2 penalty."""
    X, y = sample(175, 30, 50)
    return fitted(X, y, alphas=[0.1, 0.0], lower=-0.2, upper=0.3)


@problem
def glm_alpha_zero_bounds():
    X, y = sample(176, 40, 60, "poisson")
    W, v = sample(177, 60, 20, "squared_hinge")
    return fitted(X, y, loss="poisson", alphas=[0.1, 0.0], lower=-0.2, upper=0.2) | fitted(
        W, v, "hinge_", loss="squared_hinge", alphas=[0.1, 0.0]
    )


@problem
def logistic_one_class():
    X, _ = sample(178, 40, 20)
    y, options = np.ones(40), {"alphas": 3, "fit_intercept": False}
    half = np.arange(40) < 20
    return (
        fitted(X, y, loss="logistic", **options)
        | fitted(X, y, "hinge_", loss="squared_hinge", **options)
        | fitted(X, half, "weight_", loss="logistic", alphas=2, sample_weight=half * 1.0)
    )


@problem
def squared_large_working_set():
    """Descent along the columns of X: too many for a Gram matrix."""
    X, y = sample(179, 25, 2800)
    return fitted(X, y, l1_ratio=0.002, alphas=2, alpha_min_ratio=0.05)


@problem
def glm_large_working_set():
    X, y = sample(180, 25, 2800, "logistic")
    W, v = sample(181, 25, 2700, "poisson")
    options = {"l1_ratio": 0.002, "alphas": 2, "alpha_min_ratio": 0.05}
    return fitted(X, y, loss="logistic", **options) | fitted(
        W, v, "poisson_", loss="poisson", **options
    )


@problem
def squared_shared_rows_correlated():
    rng, X = correlated(182, 80, 60, 0.995)
    Y = X[:, :6] @ rng.standard_normal((6, 3)) + 0.1 * rng.standard_normal((80, 3))
    alphas = np.array([0.1, 0.01])
    enet = riata.enet_path(X, Y, l1_ratio=0.99, alphas=alphas, tol=1e-8)
    start = riata.lasso_path(X, Y, alphas=alphas, coef_init=enet[1][:, :, -1])
    return {"coef": enet[1], "gap": enet[2], "init": start[1], "init_gap": start[2]}


@problem
def squared_lazy_gram_tall():
    X, y = sample(183, 1500, 200, k=60)
    return fitted(X, y, alphas=20, alpha_min_ratio=0.05)


@problem
def leave_one_out_of_dense_solutions():
    X, y = sample(184, 40, 70)
    labels = target(np.random.default_rng(185), X[:, 0], "logistic")
    out = {}
    for name, v, loss in (("squared_", y, "squared"), ("logistic_", labels, "logistic")):
        path = riata.fit_path(X, v, loss=loss, alphas=4, l1_ratio=0.0, **ONE)
        found = riata.approximate_loo(path, X, v)._asdict()
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def ridge_leave_one_out_of_leverage():
    """Samples that alone determine a coefficient."""
    X, y = sample(186, 50, 12)
    X[:, 3] = 0.0
    X[7, 3] = 1e4
    model = riata.RidgeCV([1e-9, 1e-3, 1.0], store_cv_results=True).fit(X, y)
    sparse_model = riata.RidgeCV([0.1, 1.0], scoring="neg_mean_absolute_error")
    sparse_model.fit(sp.csr_array(np.where(abs(X) > 0.8, X, 0.0)), y)
    out = of_estimator(model, "cv_results_")
    return out | {f"sparse_{k}": v for k, v in of_estimator(sparse_model).items()}


@problem
def ridge_cv_scoring():
    X, y = sample(187, 90, 15)
    model = riata.RidgeCV([0.1, 1.0, 10.0], cv=3, scoring="r2", **ONE)
    model.fit(X, np.column_stack([y, y**2]), sample_weight=0.5 + np.arange(90) % 3)
    return of_estimator(model)


@problem
def ridge_krylov_ill_conditioned():
    X, y = sparse_sample(188, 400, 300, 0.05)
    X = sp.csc_array(X @ sp.diags_array(np.logspace(0, 2.5, 300)))
    out = {}
    for name, options in (
        ("tight_", {"alpha": 1e-4, "tol": 1e-12}),
        ("short_", {"alpha": 1.0, "tol": 1e-10, "max_iter": 40}),
    ):
        model = riata.Ridge(solver="lsqr", **options).fit(X, y)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out


@problem
def chunks_sparse_rows():
    X, y = sparse_sample(189, 2000, 20, 0.2, "logistic")
    W, v = sparse_sample(190, 400, 120, 0.1)
    return row_blocks(X, y, "logistic", alphas=6) | {
        f"squared_{k}": value for k, value in row_blocks(W, v, alphas=6).items()
    }


@problem
def chunks_columns_screened():
    X, y = sample(191, 200, 2000)
    W, v = sample(192, 200, 1500, "logistic")
    return column_blocks(X, y, alphas=12, alpha_min_ratio=0.1, memory_limit=2**22) | {
        f"logistic_{k}": value
        for k, value in column_blocks(
            W, v, "logistic", alphas=8, alpha_min_ratio=0.1, memory_limit=2**22
        ).items()
    }


@problem
def chunks_ridge_of_columns():
    X, y = sample(193, 200, 50)
    return column_blocks(
        X, y, l1_ratio=0.0, alphas=[1.0, 0.1, 0.0], penalty_factor=np.linspace(0, 1, 50)
    ) | {f"rows_{k}": v for k, v in row_blocks(X, y, alphas=[0.1, 0.0]).items()}


@problem
def cv_on_chunks_of_columns():
    X, y = sample(194, 120, 200)
    labels = target(np.random.default_rng(195), X[:, 3], "logistic")
    with riata.open_chunks(X, axis=1, memory_limit=2**21) as chunks:
        squared = riata.cv_path(chunks, y, alphas=5, cv=3, alpha_min_ratio=0.1, **ONE)
        logistic = riata.cv_path(
            chunks, labels, loss="logistic", alphas=4, cv=3, alpha_min_ratio=0.2, **ONE
        )
    return of_cv(squared) | of_cv(logistic, "logistic_")


@problem
def cv_elastic_net_tall():
    X, y = sample(196, 900, 20)
    model = riata.ElasticNetCV(
        l1_ratio=[0.3, 1.0], alphas=10, cv=3, standardize=True, **ONE
    ).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_logistic_without_refit():
    X, y = sample(197, 200, 15, "logistic")
    model = riata.LogisticRegressionCV(
        Cs=4, l1_ratios=[0.0, 1.0], cv=3, scoring="accuracy", refit=False,
        use_legacy_attributes=False, **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_")


@problem
def cv_relaxed_and_adaptive_sparse():
    X, y = sparse_sample(198, 150, 60, 0.2)
    relaxed = riata.RelaxedLassoCV(alphas=6, cv=3, standardize=True, **ONE).fit(X, y)
    adaptive = riata.AdaptiveLassoCV(alphas=6, cv=3, select="1se", **ONE)
    adaptive.fit(X, y, sample_weight=some_weights(150))
    path = riata.relaxed_path(
        X, y, alphas=8, penalty_factor=np.linspace(0.5, 1.5, 60), **ONE
    )
    out = of_relaxed(path, "path_") | of_estimator(relaxed)
    return out | {f"adaptive_{k}": v for k, v in of_estimator(adaptive).items()}


@problem
def stability_of_selections():
    X, y = sample(199, 80, 60)
    pairs = riata.stability_path(
        X, y, n_pairs=5, n_features_to_select=6, random_state=1, n_jobs=1, **ONE
    )
    boot = riata.bootstrap_path(
        X, y, n_resamples=5, alphas=5, l1_ratio=0.5, random_state=1, n_jobs=1, **ONE
    )
    return {
        "pairs": pairs.frequency.toarray(), "selected": pairs.selected.toarray(),
        "gap": pairs.relative_gap, "boot": boot.frequency.toarray(),
        "boot_gap": boot.relative_gap, "bound": pairs.bound(0.7),
    }  # fmt: skip


@problem
def audits_of_sparse():
    X, y = sparse_sample(200, 120, 50, 0.2)
    out = {}
    for loss in ("squared", "logistic", "multinomial", "negative_binomial", "tweedie"):
        v = target(np.random.default_rng(201), X[:, [0]].toarray()[:, 0] + np.sin(y), loss)
        path = riata.fit_path(X, v, loss=loss, alphas=3, l1_ratio=0.7, **ONE)
        coef, intercept = path.coef_at(float(path.alphas[-1]))
        found = riata.check_solution(
            X, v, coef, intercept, alpha=float(path.alphas[-1]), loss=loss, l1_ratio=0.7
        )
        out[loss] = np.array(found)
    return out


@problem
def predictions():
    X, y = sample(202, 150, 10, "logistic")
    codes = target(np.random.default_rng(203), X[:, 0], "multinomial")
    out = {}
    for name, model, v in (
        ("lasso_", riata.Lasso(alpha=0.05, **ONE), y),
        ("huber_", riata.HuberRegressor(alpha=0.01, fit_intercept=False, **ONE), y),
        ("hinge_", riata.GeneralizedLinearClassifier("squared_hinge", alpha=0.02), y),
        ("logistic_", riata.LogisticRegression(**ONE), y),
        ("classes_", riata.GeneralizedLinearClassifier("multinomial", alpha=0.02), codes),
        ("poisson_", riata.PoissonRegressor(alpha=0.1, **ONE), codes),
    ):
        model.fit(X, v)
        out |= {name + key: value for key, value in of_estimator(model).items()}
        for method in ("predict", "predict_proba", "decision_function"):
            if hasattr(model, method):
                out[name + method] = getattr(model, method)(X)
        out[f"{name}score"] = model.score(X, v)
    return out


@problem
def ridge_krylov_weighted():
    X, y = sparse_sample(204, 1000, 1200, 0.008)
    return fitted(
        X, y, l1_ratio=0.0, alphas=[2.0, 0.5], sample_weight=some_weights(1000),
        fit_intercept=False,
    )


@problem
def ridge_alpha_zero_dependent():
    X, y = sample(205, 80, 20)
    X[:, 4] = X[:, 2] - X[:, 3]
    return fitted(X, y, l1_ratio=0.0, alphas=[1.0, 1e-9, 0.0]) | fitted(
        X.T.copy(), y[:20], "wide_", l1_ratio=0.0, alphas=[1.0, 1e-9, 0.0]
    )


@problem
def glm_nearly_dependent_free_columns():
    X, y = sample(206, 120, 30, "gamma")
    X[:, 1] = X[:, 0] + 1e-9 * X[:, 2]
    factor = np.where(np.arange(30) < 4, 0.0, 1.0)
    return fitted(X, y, loss="gamma", penalty_factor=factor, alphas=5) | fitted(
        sp.csc_array(X), y, "sparse_", loss="gamma", penalty_factor=factor, alphas=5
    )


@problem
def chunks_logistic_many_columns():
    """Models of more columns than are followed exactly."""
    X, y = sample(207, 2700, 520, "logistic", rho=0.2)
    return row_blocks(
        X, y, "logistic", alphas=6, l1_ratio=0.2, alpha_min_ratio=1e-2,
        memory_limit=2**25,
    )


@problem
def chunks_rows_wide_weighted():
    X, y = sample(208, 250, 180)
    labels = target(np.random.default_rng(209), X[:, 0], "logistic")
    options = {"n_files": 3, "alphas": 6, "sample_weight": some_weights(250)}
    return files_of_rows(X, y, standardize=True, **options) | {
        f"logistic_{k}": v
        for k, v in files_of_rows(X, labels, loss="logistic", **options).items()
    }


@problem
def squared_rough_gram_tight():
    """Single precision is not enough: its errors are measured and made up for."""
    X, y = sample(210, 3200, 600, k=100, rho=0.2)
    alphas = riata.alpha_max(X, y) * np.array([0.3, 0.1, 0.03, 0.01])
    return fitted(X, y, alphas=alphas, tol=1e-9) | fitted(
        X, y, "elastic_", alphas=alphas, tol=2e-9, l1_ratio=0.5, standardize=True
    )


@problem
def glm_ridge_many_columns():
    X, y = sample(211, 650, 540, "squared_hinge")
    W, v = sample(212, 560, 520, "multinomial")
    return fitted(X, y, loss="squared_hinge", l1_ratio=0.0, alphas=3) | fitted(
        W, v, "classes_", loss="multinomial", l1_ratio=0.0, alphas=2
    )


@problem
def glm_sparse_many_active():
    """Descent along sparse columns, without a Gram matrix."""
    X, y = sparse_sample(213, 1500, 1500, 0.01, "logistic")
    W, v = sparse_sample(221, 1500, 1500, 0.01, "huber")
    return fitted(
        X, y, loss="logistic", alphas=4, alpha_min_ratio=0.03, l1_ratio=0.4,
        standardize=True, sample_weight=0.5 + np.arange(1500) % 3,
    ) | fitted(W, v, "huber_", loss="huber", alphas=3, alpha_min_ratio=0.05, l1_ratio=0.3)


@problem
def squared_hinge_separated():
    """No loss is left where a column without a penalty tells the classes apart."""
    X, y = sample(214, 50, 15, "squared_hinge")
    X[:, 2] = np.where(y > 0, 1.0, -1.0) + 0.01 * X[:, 2]
    factor = np.where(np.arange(15) == 2, 0.0, 1.0)
    return fitted(X, y, loss="squared_hinge", penalty_factor=factor, alphas=3) | fitted(
        X, y, "logistic_", loss="logistic", alphas=4, fit_intercept=False,
        penalty_factor=factor,
    ) | fitted(X, y, "one_class_", loss="squared_hinge", sample_weight=y, alphas=2)


@problem
def poisson_alpha_zero_wide():
    X, _ = sample(215, 25, 40)
    y = np.arange(25) % 3.0
    return fitted(X, y, loss="poisson", alphas=[0.2, 0.0])


@problem
def ridge_ill_conditioned_weighted():
    X, y = sample(216, 50, 45, rho=0.9999)
    X = X * np.logspace(6, 0, 45)
    return fitted(
        X, y, l1_ratio=0.0, alphas=[1e-4, 1e-10, 0.0], sample_weight=some_weights(50)
    )


@problem
def ridge_leave_one_out_weighted():
    X, y = sample(217, 40, 10)
    X[:, 4] = 0.0
    X[[3, 9], 4] = 1e5, 1e-5
    weight = 0.5 + np.arange(40) % 2
    model = riata.RidgeCV([1e-8, 1e-2], store_cv_results=True)
    model.fit(X, y, sample_weight=weight)
    wide = riata.RidgeCV([1e-10, 1.0]).fit(X[:8], y[:8])
    out = of_estimator(model, "cv_results_")
    return out | {f"wide_{k}": v for k, v in of_estimator(wide).items()}


@problem
def squared_shared_rows_sparse():
    rng, X = sparse(218, 120, 50, 0.3)
    X = sp.csc_array(X @ sp.diags_array(np.ones(50)) + 0.9 * X[:, [0]] @ np.ones((1, 50)))
    Y = X[:, :5] @ rng.standard_normal((5, 2)) + 0.1 * rng.standard_normal((120, 2))
    alphas = np.array([0.1, 0.003])
    lasso = riata.lasso_path(X, Y, alphas=alphas, tol=1e-10)
    start = riata.enet_path(X, Y, alphas=alphas / 2, coef_init=lasso[1][:, :, -1])
    return {"coef": lasso[1], "gap": lasso[2], "init": start[1], "init_gap": start[2]}


@problem
def chunks_sparse_rows_poisson():
    X, y = sparse_sample(219, 1500, 25, 0.15, "poisson")
    W, v = sparse_sample(220, 1200, 30, 0.2)
    return row_blocks(X, y, "poisson", alphas=5, l1_ratio=0.5) | {
        f"squared_{k}": value
        for k, value in row_blocks(W, v, alphas=8, sample_weight=some_weights(1200)).items()
    }
