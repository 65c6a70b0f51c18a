"""One solver in its own process: ``python worker.py FUNCTION FOLDER OPTIONS``.

The folder holds the problem (written by ``race.save_problem``). After a warm-up call on
a tiny problem of the same kind, which pays for imports and just-in-time compilation,
the process says so on standard output. Then it reads one tolerance a line, solves,
writes the coefficients to the folder, and answers with one line of JSON. ``glmnet.R``
does the same in R.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import solvers


def load(folder):
    """Return X, y, alphas and the options of the problem in a folder."""
    job = json.loads((folder / "job.json").read_text())
    read = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    if job["sparse"]:
        # a csc_matrix: not every solver takes the newer sparse arrays
        parts = read["X_data"], read["X_indices"], read["X_indptr"]
        X = sp.csc_matrix(parts, shape=job["shape"])
    else:
        X = read["X"]
    options = job["model"]
    if "sample_weight" in read:
        options["sample_weight"] = read["sample_weight"]
    return X, read["y"], read["alphas"], options


def tiny_problem(sparse, options):
    """Return X, y, alphas and options of the same kind as the real ones, but small."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((30, 8)))
    if options.get("loss", "squared") in ("squared", "huber"):
        y = X[:, 0] + rng.standard_normal(30)
    elif options["loss"] == "logistic":
        y = np.arange(30.0) % 2
    else:  # counts or classes, and none is zero for Gamma
        y = np.arange(30.0) % 3 + (options["loss"] == "gamma")
    if "sample_weight" in options:
        options = options | {"sample_weight": np.linspace(0.5, 1, 30)}
    X = sp.csc_matrix(X) if sparse else X
    return X, y, np.geomspace(0.5, 0.1, 3), options


def save(folder, coef, intercept):
    """Write coefficients, a column for each alpha (and class), and the intercepts."""
    coef = sp.csc_array(coef)
    np.save(folder / "coef_data.npy", coef.data)
    np.save(folder / "coef_indices.npy", coef.indices.astype(np.int32))
    np.save(folder / "coef_indptr.npy", coef.indptr.astype(np.int32))
    np.save(folder / "intercept.npy", np.asarray(intercept, dtype=float))


def version(module):
    """Return a loaded module's version."""
    try:
        return sys.modules[module].__version__
    except ImportError:  # riata asks its package's metadata: there may be none
        return "source"


def main(name, folder, options):
    """Warm up, then serve tolerances until standard input ends."""
    out = os.fdopen(os.dup(1), "w")  # whatever the solver prints goes to stderr
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # non-convergence is seen in the gap

    def say(**facts):
        print(json.dumps(facts), file=out, flush=True)

    folder, solve = Path(folder), getattr(solvers, name)
    X, y, alphas, kwargs = load(folder)
    kwargs |= json.loads(options)
    *tiny, tiny_kwargs = tiny_problem(sp.issparse(X), kwargs)
    solve(*tiny, **tiny_kwargs, tol=1e-4)
    say(version=version(name.partition("_")[0]))
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            coef, intercept, facts = solve(X, y, alphas, **kwargs, tol=float(line))
        except Exception as error:
            say(error=f"{type(error).__name__}: {error}")
            continue
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        save(folder, coef, intercept)
        say(seconds=seconds, cpu_seconds=cpu_seconds, **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
