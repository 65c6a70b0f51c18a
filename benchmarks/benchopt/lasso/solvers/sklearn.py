"""scikit-learn's Lasso, stopped after so many passes."""

import warnings

import numpy as np
from benchopt import BaseSolver
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso


class Solver(BaseSolver):
    """Coordinate descent."""

    name = "sklearn"
    sampling_strategy = "iteration"
    requirements = ["scikit-learn"]  # noqa: RUF012

    def set_objective(self, X, y, lmbd, fit_intercept):
        self.X, self.y = X, y
        self.model = Lasso(alpha=lmbd / len(y), fit_intercept=fit_intercept, tol=0)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def run(self, n_iter):
        self.beta = np.zeros(self.X.shape[1] + self.model.fit_intercept)
        if n_iter > 0:
            model = self.model.set_params(max_iter=n_iter).fit(self.X, self.y)
            self.beta[: self.X.shape[1]] = model.coef_
            self.beta[self.X.shape[1] :] = model.intercept_

    def get_result(self):
        return {"beta": self.beta}
