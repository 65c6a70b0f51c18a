"""riata.fit_path, for benchopt/benchmark_lasso_path."""

import warnings

import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import INFINITY, SufficientProgressCriterion

from riata import ConvergenceWarning, fit_path


class Solver(BaseSolver):
    """Working sets of features, accepted by their duality gap.

    benchopt's tolerance is ``tol``: the gap at each strength in units of the objective
    without features, so every point of the curve is a complete path with its
    certificates. The infinite tolerance that starts the curve stands for no work at all.
    """

    name = "riata"
    # A path is often far better than asked for: some equal points are not yet the end.
    stopping_criterion = SufficientProgressCriterion(patience=7, strategy="tolerance")

    def set_objective(self, X, y, lambdas, fit_intercept):
        self.X, self.y = X, y
        self.settings = {"alphas": lambdas / len(y), "fit_intercept": fit_intercept}
        warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def warm_up(self):
        self.run(1.0)

    def get_next(self, stop_val):
        return max(min(stop_val, 1.0) / 10, 1e-14)

    def run(self, tol):
        self.path = None
        if tol < INFINITY:
            self.path = fit_path(self.X, self.y, tol=tol, **self.settings)

    def get_result(self):
        if self.path is None:
            n_rows = self.X.shape[1] + self.settings["fit_intercept"]
            return {"coefs": np.zeros((n_rows, len(self.settings["alphas"])))}
        coef = self.path.coef.toarray()
        if self.settings["fit_intercept"]:
            return {"coefs": np.vstack([coef, self.path.intercept])}
        return {"coefs": coef}
