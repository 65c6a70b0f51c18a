"""celer's celer_path, stopped after so many working sets at each strength."""

import warnings

import numpy as np
import scipy.sparse as sp
from benchopt import BaseSolver
from celer import celer_path
from sklearn.exceptions import ConvergenceWarning


class Solver(BaseSolver):
    """Working sets chosen by an extrapolated dual point."""

    name = "celer"
    sampling_strategy = "iteration"
    requirements = ["pip::celer"]  # noqa: RUF012

    def skip(self, X, y, lambdas, fit_intercept):
        if fit_intercept and sp.issparse(X):
            return True, f"{self.name} would have to centre sparse X"
        return False, None

    def set_objective(self, X, y, lambdas, fit_intercept):
        self.X, self.y, self.fit_intercept = X, y, fit_intercept
        self.alphas = lambdas / len(y)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def run(self, n_iter):
        X, y = self.X, self.y
        if self.fit_intercept:
            centre, mean = X.mean(axis=0), y.mean()
            X, y = X - centre, y - mean
        if n_iter > 0:
            self.coefs = celer_path(
                X, y, "lasso", alphas=self.alphas, tol=1e-12, prune=True,
                max_iter=n_iter, max_epochs=100_000,
            )[1]  # fmt: skip
        else:
            self.coefs = np.zeros((X.shape[1], len(self.alphas)))
        if self.fit_intercept:
            self.coefs = np.vstack([self.coefs, mean - centre @ self.coefs])

    def get_result(self):
        return {"coefs": self.coefs}
