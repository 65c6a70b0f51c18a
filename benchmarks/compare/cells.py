"""The cells of the race: a data set and what is to be fitted to it.

A cell's name says all: ``leukemia`` is the lasso with an intercept on 100 alphas from
alpha_max to alpha_max/1000; the endings ``-logistic``, ``-poisson``, ... (the loss),
``-to0.1`` (another end of the grid), ``@20`` (the single alpha alpha_max/20), ``-enet``
(l1_ratio 0.5), ``-l2`` (l1_ratio 0 and the single alpha 1/n, scikit-learn's ``C=1``) and
``-noint`` (no intercept) change that.

Real data are read by ``load.py`` in the folder named by the environment variable
RIATA_DATA, or in ``../shared/data`` beside the repository; without them only the
synthetic cells exist. A target is made to fit the loss, see TARGETS: a race of solvers
needs data, not the best model for them.
"""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from gap import Problem

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
    loss: str = "squared"

    @property
    def name(self):
        loss = "" if self.loss == "squared" else f"-{self.loss}"
        if self.l1_ratio == 0:
            grid = "-l2"
        elif self.n_alphas == 1:
            grid = f"@{1 / self.min_ratio:.0f}"
        else:
            grid = "" if self.min_ratio == 1e-3 else f"-to{self.min_ratio:g}"
        enet = "-enet" if 0 < self.l1_ratio < 1 else ""
        noint = "" if self.fit_intercept else "-noint"
        return self.data + loss + grid + enet + noint

    def load(self):
        """Return the race's Problem, X being a Fortran-ordered float64 array or CSC."""
        X, y, meta = (SYNTHETIC | REAL)[self.data]()
        X, y, s = TARGETS[self.loss](X, y, meta | {"name": self.data})
        X = sp.csc_matrix(X) if sp.issparse(X) else np.asfortranarray(X, dtype=float)
        if sp.issparse(X):
            X.sort_indices()
            X.indices, X.indptr = X.indices.astype("i4"), X.indptr.astype("i4")
        y = np.ascontiguousarray(y, dtype=float)
        return Problem(X, y, self.l1_ratio, self.fit_intercept, s, self.loss)

    def alphas(self, problem):
        """Return the decreasing grid."""
        if self.l1_ratio == 0:
            return np.array([1 / problem.y.size])
        if self.n_alphas == 1:
            return np.array([problem.alpha_max() * self.min_ratio])
        return problem.alpha_max() * np.geomspace(1, self.min_ratio, self.n_alphas)


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


def counts(n, p, rho, n_nonzero):
    """The columns of `autoregressive` and counts whose means are exp(its target)."""
    X, y = autoregressive(n, p, rho, n_nonzero)
    return X, np.random.default_rng(0).poisson(np.exp(y / y.std())).astype(float)


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


def _synthetic(make, *arguments):
    """Return a function that makes a data set, of the form of the real ones."""
    return lambda: (*make(*arguments), {"task": "regression"})


SYNTHETIC: dict[str, Callable] = {
    "small": _synthetic(autoregressive, 100, 20, 0.5, 5),
    "medium": _synthetic(autoregressive, 1000, 50, 0.5, 10),
    "medium_counts": _synthetic(counts, 1000, 50, 0.5, 10),
    "ar1_wide": _synthetic(autoregressive, 200, 20_000, 0.9, 20),
    "equi_wide": _synthetic(equicorrelated, 200, 20_000, 0.9, 20),
    "tall": _synthetic(autoregressive, 20_000, 1000, 0.5, 100),
    "sparse_mid": _synthetic(sparse_normal, 5000, 20_000, 2e-3, 100),
    "sparse_wide": _synthetic(sparse_normal, 20_000, 100_000, 1e-3, 100),
    "zipf": _synthetic(zipf_text, 20_000, 50_000, 80, 200),
}

# Real data --------------------------------------------------------------------------


def _load_module():
    spec = importlib.util.spec_from_file_location("load", DATA / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _real(name):
    """Return a function that loads a data set."""
    return lambda: _load_module().load(name)


REAL: dict[str, Callable] = {}
if (DATA / "load.py").exists():
    REAL = {name: _real(name) for name in _load_module().list_datasets()}

# Targets ----------------------------------------------------------------------------
# Functions from X, y, meta to X, y, sample_weight, by the name of the loss.


def _numeric(X, y, meta):
    """One numeric target, whatever the task that the data were collected for.

    Two classes are -1 and 1; of more the first is set against the rest.
    """
    if meta["name"] == "diabetes":
        X = meta["X2"]  # with its quadratic terms
    if y.ndim == 2:  # several tasks, labels, or time and event: a column in the middle
        y = y[:, 0 if meta["task"] == "survival" else COLUMN.get(meta["name"], 0)]
    if meta["task"] == "multiclass":
        y = np.where(y == 0, 1.0, -1.0)
    elif meta["task"] == "binary" and set(np.unique(y)) == {0, 1}:
        y = 2.0 * y - 1.0
    return X, y, None


COLUMN = {"bibtex": 14, "meats": 1}


def _binary(X, y, meta):
    """Whether the numeric target is above its mean."""
    X, y, _ = _numeric(X, y, meta)
    return X, y > y.mean(), None


def _robust(X, y, meta):
    """The numeric target less its median, in units of its absolute deviation."""
    X, y, _ = _numeric(X, y, meta)
    y = y - np.median(y)
    return X, y / np.median(np.abs(y)), None


def _classes(X, y, meta):
    """The first ten classes, and only the test part where there is one."""
    rows = (y < 10) & (meta.get("test", 1) == 1)
    return X[rows], y[rows], None


def _counts(X, y, meta):
    """Counts, or where there is an exposure, frequencies with that weight."""
    s = meta.get("exposure")
    return X, y if s is None else y / s, s


def _severity(X, y, meta):
    """The mean amount of a claim, where there are some, with their number as weight."""
    rows = (meta["amount"] > 0) & (y > 0)
    amount = np.minimum(meta["amount"][rows], LARGEST_AMOUNT)
    return X[rows], amount / y[rows], y[rows]


def _pure_premium(X, y, meta):
    """The amount of all claims in a year, with the exposure as weight."""
    s = meta["exposure"]
    return X, np.minimum(meta["amount"], LARGEST_AMOUNT) / s, s


LARGEST_AMOUNT = 200_000.0  # a few larger ones would be all that matters

TARGETS = {
    "squared": _numeric,
    "huber": _robust,
    "logistic": _binary,
    "multinomial": _classes,
    "poisson": _counts,
    "gamma": _severity,
    "tweedie": _pure_premium,
}

# Cells ------------------------------------------------------------------------------


def all_cells():
    """Return the cells whose data exist, by name, in the order of the table."""
    cells = []
    for data in SYNTHETIC:
        if data == "medium_counts":
            continue
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
    cells += _glm_cells()
    return {cell.name: cell for cell in cells if cell.data in SYNTHETIC | REAL}


def _glm_cells():
    """Return the cells of the other losses.

    Solvers without an intercept, or with a penalised one, are raced in ``-noint``.
    """
    logistic = {"loss": "logistic"}
    some = (
        "leukemia", "colon", "arcene", "lung_gordon", "prostate_singh", "ar1_wide",
        "tall", "a9a", "zipf", "news20",
    )  # fmt: skip
    cells = [Cell(data, 1e-2, **logistic) for data in some]
    cells += [Cell(data, 0.1, **logistic) for data in ("nsmc", "news20")]
    some = "leukemia", "ar1_wide", "tall", "a9a", "zipf"
    cells += [Cell(data, 1e-2, fit_intercept=False, **logistic) for data in some]
    some = "leukemia", "tall", "zipf"
    cells += [Cell(data, 1e-2, l1_ratio=0.5, **logistic) for data in some]
    for data in ("sparse_wide", "zipf", "news20", "nsmc"):
        for fit_intercept in (True, False):
            options = {"fit_intercept": fit_intercept}
            cells.append(Cell(data, 1 / 20, 1, **options, **logistic))
    some = "breast_cancer", "leukemia", "tall", "a9a", "zipf", "news20"
    cells += [Cell(data, l1_ratio=0, **logistic) for data in some]
    for data in ("digits", "mnist", "news20"):
        ratio = 1e-2 if data == "digits" else 0.1
        cells.append(Cell(data, ratio, loss="multinomial"))
    some = "digits", "mnist"
    cells += [Cell(data, l1_ratio=0, loss="multinomial") for data in some]
    claims = [("fremtpl2", loss) for loss in ("poisson", "gamma", "tweedie")]
    for l1_ratio in (1, 0):
        pairs = (*claims, ("bikeshare", "poisson"))
        cells += [Cell(data, l1_ratio=l1_ratio, loss=loss) for data, loss in pairs]
    cells.append(Cell("fremtpl2", 1e-2, loss="poisson"))
    some = "topgear", "nci60_protein"
    cells += [Cell(data, 1e-2, loss="huber") for data in some]
    cells += [Cell(data, 1e-2, **logistic) for data in ("small", "medium")]
    cells.append(Cell("medium_counts", 1e-2, loss="poisson"))
    cells += [Cell(data, 1e-2, loss="multinomial") for data in ("iris", "wine")]
    return [*cells, Cell("small", 1 / 20, 1, **logistic)]


QUICK = (
    "small", "small-noint", "sparse_mid@20", "leukemia", "leukemia@20", "diabetes",
    "leukemia-logistic-to0.01", "digits-multinomial-l2", "bikeshare-poisson",
)  # fmt: skip
