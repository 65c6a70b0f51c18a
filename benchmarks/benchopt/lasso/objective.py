"""The lasso at one strength, as benchopt/benchmark_lasso puts it.

Objectives hand ``X, y, lmbd, fit_intercept`` to the solvers, which return one vector
``beta``, the intercept last where there is one, to minimise ::

    1/2 ||y - b - X w||^2 + lmbd ||w||_1
"""

import numpy as np
from benchopt import BaseObjective


class Objective(BaseObjective):
    """lmbd is the share ``reg`` of the smallest strength with all coefficients zero."""

    name = "Lasso Regression"
    min_benchopt_version = "1.7"
    parameters = {"fit_intercept": [True, False], "reg": [0.5, 0.1, 0.05]}  # noqa: RUF012

    def set_data(self, X, y):
        self.X, self.y = X, y
        self.lmbd = self.reg * np.abs(X.T @ self._centred(y)).max()

    def get_objective(self):
        return {
            "X": self.X, "y": self.y, "lmbd": self.lmbd,
            "fit_intercept": self.fit_intercept,
        }  # fmt: skip

    def get_one_result(self):
        return {"beta": np.zeros(self.X.shape[1] + self.fit_intercept)}

    def evaluate_result(self, beta):
        p = self.X.shape[1]
        w, intercept = beta[:p], beta[p:].sum()
        r = self.y - self.X @ w - intercept
        value = 0.5 * r @ r + self.lmbd * np.abs(w).sum()
        # The dual point: the residual, centred and scaled until it is feasible.
        u = self._centred(r)
        u = u * min(1.0, self.lmbd / np.abs(self.X.T @ u).max())
        return {
            "value": value,
            "duality_gap": value - (u @ self.y - 0.5 * u @ u),
            "support_size": np.count_nonzero(w),
        }

    def _centred(self, r):
        return r - r.mean() if self.fit_intercept else r
