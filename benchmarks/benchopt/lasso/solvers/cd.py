"""Cyclic coordinate descent in plain NumPy: the yardstick that needs no package."""

import numpy as np
import scipy.sparse as sp
from benchopt import BaseSolver


class Solver(BaseSolver):
    """Every feature in turn, nothing screened; dense X only."""

    name = "cd"
    sampling_strategy = "iteration"

    def skip(self, X, y, lmbd, fit_intercept):
        if sp.issparse(X):
            return True, f"{self.name} takes dense X only"
        return False, None

    def set_objective(self, X, y, lmbd, fit_intercept):
        self.X, self.y, self.lmbd, self.fit_intercept = X, y, lmbd, fit_intercept

    def run(self, n_iter):
        centre = self.X.mean(axis=0) * self.fit_intercept
        X = np.asfortranarray(self.X - centre if self.fit_intercept else self.X)
        mean = self.y.mean() * self.fit_intercept
        r, w = self.y - mean, np.zeros(X.shape[1])
        squares = np.einsum("ij,ij->j", X, X)
        for _ in range(n_iter):
            for j in np.flatnonzero(squares):
                x, old = X[:, j], w[j]
                z = x @ r + squares[j] * old
                w[j] = np.sign(z) * max(abs(z) - self.lmbd, 0.0) / squares[j]
                if w[j] != old:
                    r += (old - w[j]) * x
        self.beta = np.append(w, mean - centre @ w) if self.fit_intercept else w

    def get_result(self):
        return {"beta": self.beta}
