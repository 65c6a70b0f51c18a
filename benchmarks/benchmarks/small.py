"""Small fits, where the calls cost more than the arithmetic."""

import importlib

import numpy as np

from .common import quiet

SHAPES = {"100 x 20": (100, 20), "1000 x 50": (1000, 50)}
LOSSES = ["squared", "logistic", "poisson", "multinomial"]
ESTIMATORS = [
    "Lasso", "ElasticNet", "Ridge", "LogisticRegression", "PoissonRegressor",
    "HuberRegressor",
]


def data(shape, loss="squared"):
    """Return standard normal columns and a target for a loss."""
    n, p = SHAPES[shape]
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((n, p)))
    eta = X[:, :5] @ [1.0, -0.8, 0.6, 0.4, 0.2] + 0.5 * rng.standard_normal(n)
    y = {
        "squared": lambda: eta,
        "logistic": lambda: (eta > 0).astype(float),
        "poisson": lambda: rng.poisson(np.exp(0.5 * eta)).astype(float),
        "multinomial": lambda: np.digitize(eta, [-1.0, 1.0]).astype(float),
    }[loss]()
    return X, y


class SmallPath:
    """100 alphas to alpha_max/100 of each loss: time, gap, and counts."""

    params = (LOSSES, list(SHAPES))
    param_names = ("loss", "shape")

    def setup(self, loss, shape):
        from riata import fit_path

        X, y = data(shape, loss)
        options = {"loss": loss, "alphas": 100, "alpha_min_ratio": 0.01, "n_threads": 1}
        self.fit = lambda: fit_path(X, y, **options)
        self.path = self.fit()

    def time_path(self, *_):
        self.fit()

    def track_relative_gap(self, *_):
        return float(self.path.relative_gap.max())

    def track_passes(self, *_):
        return self.path.diagnostics.passes

    def track_hessians(self, *_):
        return self.path.diagnostics.hessians


class SmallEstimator:
    """One fit with default parameters, by riata and by scikit-learn."""

    params = (["riata", "sklearn"], ESTIMATORS, list(SHAPES))
    param_names = ("solver", "estimator", "shape")

    def setup(self, solver, estimator, shape):
        quiet()
        loss = {"LogisticRegression": "logistic", "PoissonRegressor": "poisson"}
        self.data = data(shape, loss.get(estimator, "squared"))
        module = {"riata": "riata", "sklearn": "sklearn.linear_model"}[solver]
        self.model = getattr(importlib.import_module(module), estimator)()
        self.model.fit(*self.data)

    def time_fit(self, *_):
        self.model.fit(*self.data)
