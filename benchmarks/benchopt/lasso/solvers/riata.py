"""riata.fit_path at one strength, for benchopt/benchmark_lasso."""

import warnings

import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import INFINITY, SufficientProgressCriterion
from scipy.sparse.linalg import LinearOperator

from riata import ConvergenceWarning, fit_path


class Solver(BaseSolver):
    """Working sets of features, accepted by their duality gap.

    benchopt's tolerance is ``tol``: the gap in units of the objective without features,
    so every point of the curve is a complete fit with its certificate. The infinite
    tolerance that starts the curve stands for no work at all.
    """

    name = "riata"
    # A fit is often far better than asked for: some equal points are not yet the end.
    stopping_criterion = SufficientProgressCriterion(patience=7, strategy="tolerance")

    def skip(self, X, y, lmbd, fit_intercept):
        if isinstance(X, LinearOperator):
            return True, f"{self.name} needs the entries of X"
        return False, None

    def set_objective(self, X, y, lmbd, fit_intercept):
        self.X, self.y = X, y
        self.settings = {"alphas": [lmbd / len(y)], "fit_intercept": fit_intercept}
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
            return {"beta": np.zeros(self.X.shape[1] + self.settings["fit_intercept"])}
        coef, intercept = self.path.coef.toarray().ravel(), self.path.intercept
        if self.settings["fit_intercept"]:
            return {"beta": np.append(coef, intercept)}
        return {"beta": coef}
