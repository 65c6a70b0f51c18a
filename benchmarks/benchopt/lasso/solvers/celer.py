"""celer's Lasso, stopped after so many working sets."""

import warnings

import numpy as np
from benchopt import BaseSolver
from celer import Lasso
from sklearn.exceptions import ConvergenceWarning


class Solver(BaseSolver):
    """Working sets chosen by an extrapolated dual point."""

    name = "celer"
    sampling_strategy = "iteration"
    requirements = ["pip::celer"]  # noqa: RUF012

    def set_objective(self, X, y, lmbd, fit_intercept):
        self.X, self.y = X, y
        self.model = Lasso(
            alpha=lmbd / len(y), fit_intercept=fit_intercept, tol=1e-12,
            max_epochs=100_000,
        )  # fmt: skip
        warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def warm_up(self):
        self.run(1)

    def get_next(self, stop_val):
        return stop_val + 1

    def run(self, n_iter):
        self.beta = np.zeros(self.X.shape[1] + self.model.fit_intercept)
        if n_iter > 0:
            model = self.model.set_params(max_iter=n_iter).fit(self.X, self.y)
            self.beta[: self.X.shape[1]] = model.coef_
            self.beta[self.X.shape[1] :] = model.intercept_

    def get_result(self):
        return {"beta": self.beta}
