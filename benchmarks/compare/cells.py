"""The cells of the race: a data set and what is to be fitted to it.

A cell's name says all: ``leukemia`` is the lasso with an intercept on 100 alphas from
alpha_max to alpha_max/1000; the endings ``-to0.1`` (another end of the grid), ``@20``
(the single alpha alpha_max/20), ``-enet`` (l1_ratio 0.5) and ``-noint`` (no intercept)
change that.

Real data are read by ``load.py`` in the folder named by the environment variable
RIATA_DATA, or in ``../shared/data`` beside the repository; without them only the
synthetic cells exist. Classes are coded as numbers (two classes: -1 and 1) and fitted
by least squares: a race of solvers needs data, not the best model for them.
"""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RIATA_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Cell:
    """A problem of the race; see the module's docstring for its name."""

    data: str
    min_ratio: float = 1e-3
    n_alphas: int = 100
    l1_ratio: float = 1.0
    fit_intercept: bool = True

    @property
    def name(self):
        if self.n_alphas == 1:
            grid = f"@{1 / self.min_ratio:.0f}"
        else:
            grid = "" if self.min_ratio == 1e-3 else f"-to{self.min_ratio:g}"
        enet = "-enet" if self.l1_ratio < 1 else ""
        return self.data + grid + enet + ("" if self.fit_intercept else "-noint")

    def load(self):
        """Return X (Fortran-ordered float64 array or CSC) and y (float64)."""
        X, y = (SYNTHETIC | REAL)[self.data]()
        X = sp.csc_matrix(X) if sp.issparse(X) else np.asfortranarray(X, dtype=float)
        if sp.issparse(X):
            X.sort_indices()
            X.indices, X.indptr = X.indices.astype("i4"), X.indptr.astype("i4")
        return X, np.ascontiguousarray(y, dtype=float)

    def alphas(self, alpha_max):
        """Return the decreasing grid."""
        if self.n_alphas == 1:
            return np.array([alpha_max * self.min_ratio])
        return alpha_max * np.geomspace(1, self.min_ratio, self.n_alphas)


# Synthetic data ---------------------------------------------------------------------


def _response(X, n_nonzero, snr, rng):
    """y = X w + noise: n_nonzero coefficients +-1 at random, variance ratio snr."""
    w = np.zeros(X.shape[1])
    w[rng.choice(w.size, n_nonzero, replace=False)] = rng.choice([-1.0, 1.0], n_nonzero)
    signal = X @ w
    return signal + rng.standard_normal(signal.size) * signal.std() / np.sqrt(snr)


def autoregressive(n, p, rho, n_nonzero, snr=2.0):
    """Gaussian columns, neighbours correlated by rho, others by its powers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((p, n)).T
    X[:, 1:] *= np.sqrt(1 - rho**2)
    for j in range(1, p):
        X[:, j] += rho * X[:, j - 1]
    return X, _response(X, n_nonzero, snr, rng)


def equicorrelated(n, p, rho, n_nonzero, snr=2.0):
    """Gaussian columns, each two of them correlated by rho."""
    rng = np.random.default_rng(0)
    X = np.sqrt(1 - rho) * rng.standard_normal((p, n)).T
    X += np.sqrt(rho) * rng.standard_normal((n, 1))
    return X, _response(X, n_nonzero, snr, rng)


def sparse_normal(n, p, density, n_nonzero, snr=3.0):
    """Standard normal values at uniformly random places."""
    rng = np.random.default_rng(0)
    nnz = int(n * p * density)
    places = rng.integers(n, size=nnz), rng.integers(p, size=nnz)
    X = sp.csc_matrix((rng.standard_normal(nnz), places), shape=(n, p))
    return X, _response(X, n_nonzero, snr, rng)


def zipf_text(n, p, length, n_nonzero, snr=3.0):
    """Documents of about ``length`` words, the k-th word 1/k as frequent; unit rows."""
    rng = np.random.default_rng(0)
    sizes = rng.poisson(length, size=n) + 1
    frequency = 1.0 / np.arange(1, p + 1)
    words = rng.choice(p, sizes.sum(), p=frequency / frequency.sum())
    rows = np.repeat(np.arange(n), sizes)
    X = sp.csr_matrix((np.ones(words.size), (rows, words)), shape=(n, p))
    idf = np.log((1 + n) / (1 + np.bincount(X.indices, minlength=p))) + 1
    X.data = (1 + np.log(X.data)) * idf[X.indices]
    X = sp.diags(1 / np.sqrt(X.multiply(X).sum(axis=1).A1)) @ X
    # the words that matter are among the 5000 most frequent
    y = _response(X[:, :5000], n_nonzero, snr, rng)
    return X, y


SYNTHETIC: dict[str, Callable] = {
    "small": lambda: autoregressive(100, 20, 0.5, 5),
    "ar1_wide": lambda: autoregressive(200, 20_000, 0.9, 20),
    "equi_wide": lambda: equicorrelated(200, 20_000, 0.9, 20),
    "tall": lambda: autoregressive(20_000, 1000, 0.5, 100),
    "sparse_mid": lambda: sparse_normal(5000, 20_000, 2e-3, 100),
    "sparse_wide": lambda: sparse_normal(20_000, 100_000, 1e-3, 100),
    "zipf": lambda: zipf_text(20_000, 50_000, 80, 200),
}

# Real data --------------------------------------------------------------------------


def _load_module():
    spec = importlib.util.spec_from_file_location("load", DATA / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _squared_target(y, meta):
    """One numeric target, whatever the task that the data were collected for."""
    if y.ndim == 2:  # several tasks, labels, or time and event: a column in the middle
        y = y[:, 0 if meta["task"] == "survival" else COLUMN.get(meta["name"], 0)]
    if meta["task"] == "multiclass":
        return np.where(y == 0, 1.0, -1.0)
    if meta["task"] == "binary" and set(np.unique(y)) == {0, 1}:
        return 2.0 * y - 1.0
    return y


COLUMN = {"bibtex": 14, "meats": 1}


def _real(name):
    """Return a function that loads a data set."""

    def load():
        X, y, meta = _load_module().load(name)
        X = meta["X2"] if name == "diabetes" else X  # with its quadratic terms
        return X, _squared_target(y, meta | {"name": name})

    return load


REAL: dict[str, Callable] = {}
if (DATA / "load.py").exists():
    REAL = {name: _real(name) for name in _load_module().list_datasets()}


def all_cells():
    """Return the cells whose data exist, by name, in the order of the table."""
    cells = []
    for data in SYNTHETIC:
        ratios = (0.1, 0.01) if data == "sparse_wide" else (1e-3,)
        for ratio in ratios:
            cells += [Cell(data, ratio), Cell(data, ratio, fit_intercept=False)]
    cells += [Cell(data) for data in REAL]
    some = ("leukemia", "california_poly4", "a9a")
    cells += [Cell(data, fit_intercept=False) for data in some]
    some = (
        "ar1_wide", "equi_wide", "tall", "sparse_mid", "zipf", "leukemia", "snp_mice",
        "california_poly4",
    )  # fmt: skip
    cells += [Cell(data, l1_ratio=0.5) for data in some]
    cells.append(Cell("sparse_wide", 0.1, l1_ratio=0.5))
    some = (
        "ar1_wide", "equi_wide", "tall", "sparse_mid", "sparse_wide", "leukemia",
        "riboflavin", "california_poly4", "news20", "wordnet", "nsmc",
    )  # fmt: skip
    cells += [Cell(data, 1 / k, 1) for data in some for k in (20, 100)]
    return {cell.name: cell for cell in cells if cell.data in SYNTHETIC | REAL}


QUICK = "small", "small-noint", "sparse_mid@20", "leukemia", "leukemia@20", "diabetes"
