"""The passes over X that everything is made of, beside NumPy's and SciPy's own.

The design matrix is riata's internal one: a riata without it skips these.
"""

import numpy as np
import scipy.sparse as sp

from .common import DATA, problem


def _design(X, y):
    try:
        from riata._core.design import Design
    except ImportError as error:
        raise NotImplementedError("riata has no riata._core.design") from error
    if sp.issparse(X):
        parts = "csc", X.data, X.indices, X.indptr.astype(np.int64)
    else:
        parts = "dense_f", X, None, None
    return Design(*parts, X.shape, None, False, y)


def _levels():
    try:
        from riata._core.design import kernel_levels
    except ImportError:
        return ["best"]
    return kernel_levels()


class Levels:
    """X'R for eight right-hand sides at each instruction-set level of the processor."""

    params = (_levels(), list(DATA))
    param_names = ("level", "data")

    def setup(self, level, data):
        from riata._core.design import use_kernel_level

        X, y = problem(data).X, problem(data).y
        X = X if sp.issparse(X) else np.asfortranarray(X)
        use_kernel_level(level)
        self.eight = np.ascontiguousarray(np.repeat(y[:, None], 8, axis=1))
        self.out = np.empty((X.shape[1], 8))
        self.design = _design(X, y)

    def time_gradient_of_8(self, level, data):
        self.design.gradient(self.eight, self.out)


class Kernels:
    """X'R for one and for eight right-hand sides, updates of residuals, and eight columns
    of a Gram matrix of 100."""

    params = (["riata", "numpy"], list(DATA))
    param_names = ("library", "data")

    def setup(self, library, data):
        X, y = problem(data).X, problem(data).y
        X = X if sp.issparse(X) else np.asfortranarray(X)
        self.X, self.XT, self.y = X, X.T, y
        self.one = np.ascontiguousarray(y[:, None])
        self.eight = np.ascontiguousarray(np.repeat(y[:, None], 8, axis=1))
        self.columns = np.arange(100, dtype=np.intp)
        self.factors = np.full((100, 8), 1e-3)
        self.residual = self.eight.copy()
        self.places = np.arange(8, dtype=np.intp)
        self.gram = np.zeros((100, 100), order="F")
        if library == "riata":
            self.design = _design(X, y)
            self.out = {k: np.empty((X.shape[1], k)) for k in (1, 8)}

    def _gradient(self, library, R):
        if library == "riata":
            self.design.gradient(R, self.out[R.shape[1]])
        else:
            self.XT @ R

    def time_gradient(self, library, data):
        self._gradient(library, self.one)

    def time_gradient_of_8(self, library, data):
        self._gradient(library, self.eight)

    def time_residual_of_8(self, library, data):
        if library == "riata":
            self.design.subtract_product(self.columns, self.factors, self.residual)
        else:
            self.X[:, :100] @ self.factors

    def time_gram(self, library, data):
        if library == "riata":
            self.design.gram_columns(self.columns, self.places, self.gram)
        else:
            columns = self.X[:, :100]
            columns.T @ columns[:, :8]
