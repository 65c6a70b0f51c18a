"""Small problems that reach every solver, by the public interface of riata alone.

Each is a function without arguments that returns a flat dict of arrays and numbers:
coefficients, certificates and counts, nothing that a clock decides.
"""

import warnings

import numpy as np
import scipy.sparse as sp

import riata

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
