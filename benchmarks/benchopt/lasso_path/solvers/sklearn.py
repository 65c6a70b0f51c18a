"""scikit-learn's lasso_path, stopped after so many passes at each strength."""

import warnings

import numpy as np
import scipy.sparse as sp
from benchopt import BaseSolver
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path


class Solver(BaseSolver):
    """Coordinate descent, each strength from the solution before."""

    name = "sklearn"
    sampling_strategy = "iteration"
    requirements = ["scikit-learn"]  # noqa: RUF012

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
            self.coefs = lasso_path(X, y, alphas=self.alphas, max_iter=n_iter, tol=0)[1]
        else:
            self.coefs = np.zeros((X.shape[1], len(self.alphas)))
        if self.fit_intercept:
            self.coefs = np.vstack([self.coefs, mean - centre @ self.coefs])

    def get_result(self):
        return {"coefs": self.coefs}
