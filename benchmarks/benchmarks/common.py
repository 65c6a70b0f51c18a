"""What the suites share: data sets, and the race's solvers and referee.

The functions that call riata and scikit-learn, the tolerances that mean the same for
both, the synthetic data and the duality gap are those of ``compare``. One thread is
asked of everything: NumPy's BLAS through the environment (``asv.conf.json``), riata
through ``n_threads``.
"""

import sys
import warnings
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "compare"))

import solvers as race
from cells import autoregressive, sparse_normal
from gap import Problem

SOLVERS = ["riata", "sklearn"]
SOLVE = {"riata": race.riata, "sklearn": race.sklearn}
TOL = {"riata": 1e-6, "sklearn": 5e-7}  # the same gap; see compare/peers.py

DATA = {
    "dense wide": lambda: autoregressive(200, 5000, 0.9, 20),
    "dense tall": lambda: autoregressive(10_000, 300, 0.5, 50),
    "sparse": lambda: sparse_normal(5000, 20_000, 2e-3, 100),
}


@cache
def problem(data, l1_ratio=1.0):
    """Return the lasso or elastic net with an intercept on one of the data sets."""
    return Problem(*DATA[data](), l1_ratio)


def quiet():
    """Ignore warnings of non-convergence: the gaps are tracked."""
    warnings.simplefilter("ignore")
