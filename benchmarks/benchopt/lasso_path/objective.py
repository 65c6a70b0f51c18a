"""A lasso path, as benchopt/benchmark_lasso_path puts it.

Objectives hand ``X, y, lambdas, fit_intercept`` to the solvers, which return a matrix
``coefs`` with a column for each strength, the intercepts in its last row where there
are any. The value is the sum over the strengths of ::

    1/2 ||y - b - X w||^2 + lambda ||w||_1
"""

import numpy as np
from benchopt import BaseObjective


class Objective(BaseObjective):
    """Alphas are log-spaced; the public benchmark takes those of R's glmnet."""

    name = "Lasso Path"
    min_benchopt_version = "1.7"
    parameters = {  # noqa: RUF012
        "fit_intercept": [True, False],
        "n_lambda": [100],
        "min_ratio": [0.01],
    }

    def set_data(self, X, y):
        self.X, self.y = X, y
        top = np.abs(X.T @ self._centred(y)).max()
        self.lambdas = top * np.geomspace(1, self.min_ratio, self.n_lambda)

    def get_objective(self):
        return {
            "X": self.X, "y": self.y, "lambdas": self.lambdas,
            "fit_intercept": self.fit_intercept,
        }  # fmt: skip

    def get_one_result(self):
        shape = self.X.shape[1] + self.fit_intercept, len(self.lambdas)
        return {"coefs": np.zeros(shape)}

    def evaluate_result(self, coefs):
        p = self.X.shape[1]
        W, intercepts = coefs[:p], coefs[p:].sum(axis=0)
        R = self.y[:, None] - self.X @ W - intercepts
        primal = 0.5 * np.sum(R**2, axis=0) + self.lambdas * np.abs(W).sum(axis=0)
        # The dual points: residuals, centred and scaled until they are feasible.
        U = self._centred(R)
        U = U * np.minimum(1.0, self.lambdas / np.abs(self.X.T @ U).max(axis=0))
        gap = primal - (self.y @ U - 0.5 * np.sum(U**2, axis=0))
        return {
            "value": primal.sum(),
            "max_abs_duality_gap": gap.max(),
            "max_rel_duality_gap": (gap / primal).max(),
            "mean_rel_duality_gaps": (gap / primal).mean(),
        }

    def _centred(self, R):
        return R - R.mean(axis=0) if self.fit_intercept else R
