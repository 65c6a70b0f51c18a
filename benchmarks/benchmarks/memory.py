"""Peak memory of a path on large data. The solver "none" is the data alone."""

import numpy as np

from .common import SOLVE, SOLVERS, TOL, Problem, autoregressive, quiet, sparse_normal


class _Memory:
    params = (["none", *SOLVERS],)
    param_names = ("solver",)
    timeout = 300

    def setup(self, data, solver):
        quiet()
        self.problem = Problem(*data)
        self.alphas = self.problem.alpha_max() * np.geomspace(1, 0.1, 20)

    def _solve(self, solver):
        if solver != "none":
            p = self.problem
            SOLVE[solver](p.X, p.y, self.alphas, 1.0, True, tol=TOL[solver])


class DenseMemory(_Memory):
    """500 x 50,000 doubles: 200 MB."""

    def setup_cache(self):  # in another process, whose peak does not count
        return autoregressive(500, 50_000, 0.5, 20)

    def peakmem_dense_path(self, data, solver):
        self._solve(solver)


class SparseMemory(_Memory):
    """20,000 x 500,000 with 10 million non-zeros: 120 MB."""

    def setup_cache(self):
        return sparse_normal(20_000, 500_000, 1e-3, 100)

    def peakmem_sparse_path(self, data, solver):
        self._solve(solver)
