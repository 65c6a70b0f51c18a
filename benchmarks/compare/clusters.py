"""One strength on the workers of a machine: what others for data in pieces reach, and when.

    python benchmarks/compare/clusters.py --peers /path/to/python >> RESULTS-chunks.md

`--peers` is the interpreter of an environment of its own, with those of dask-glm, dask-ml
and pyspark (which needs Java) that are to be run: ``pip install dask-glm dask-ml pyspark``.
All take the same rows from files, in two processes or threads; loading them is not timed.
What they return is judged here, by `riata.check_solution`: the duality gap divided by the
objective of the null model.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np

PARTS = 16
PATIENCE = 150  # seconds for each of them


def write(folder, n, p):
    """Rows in parts, as .npy and as Parquet, and targets for both losses."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    w = np.where(rng.random(p) < 0.2, rng.standard_normal(p), 0.0)
    A = rng.standard_normal((n, p)) @ (np.eye(p) + 0.1 * rng.standard_normal((p, p)))
    eta = A @ w
    noise = rng.standard_normal(n)
    targets = {
        "squared": eta + eta.std() * noise,
        "logistic": (eta / eta.std() + rng.logistic(size=n) > 0).astype(float),
    }
    np.save(folder / "X.npy", A)
    for loss, y in targets.items():
        np.save(folder / f"{loss}.npy", y)
    (folder / "parquet").mkdir()
    for k, rows in enumerate(np.array_split(np.arange(n), PARTS)):
        flat = pa.array(A[rows].ravel())
        table = pa.table({
            "x": pa.FixedSizeListArray.from_arrays(flat, p).cast(pa.list_(pa.float64())),
            **{loss: y[rows] for loss, y in targets.items()},
        })
        pq.write_table(table, folder / "parquet" / f"{k:03d}.parquet")


# --- Each of them: (folder, loss, alpha, fit_intercept) -> how, seconds, coef, intercept;
# one after the other.

def by_riata(folder, loss, alpha, intercept):
    from distributed import Client, LocalCluster

    import riata

    A = np.load(folder / "X.npy", mmap_mode="r")
    y = np.load(folder / f"{loss}.npy")
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
        riata.from_dask(dask_rows(folder, *A.shape), client=client) as X,
    ):
        for how, alphas in (("one alpha", [alpha]), ("100 alphas", alpha * grid())):
            started = time.perf_counter()
            path = riata.fit_path(X, y, loss=loss, alphas=alphas, fit_intercept=intercept)
            seconds = time.perf_counter() - started
            at = int(np.argmin(np.abs(path.alphas - alpha)))
            yield (f"{how}, {path.diagnostics.requests} rounds", seconds,
                          path.coefs[:, at], float(path.intercept[at]))


def grid():
    """A hundred alphas, among them the one that is asked for."""
    return np.r_[np.geomspace(30.0, 1.1, 59), 1.0, np.geomspace(0.9, 0.03, 40)]


def dask_rows(folder, n, p):
    """The rows as a Dask array, each part read by the worker that keeps it."""
    import dask.array as da
    from dask import delayed

    edges = np.linspace(0, n, PARTS + 1).astype(int).tolist()
    return da.concatenate([
        da.from_delayed(delayed(rows_of)(str(folder), a, b), (b - a, p), "f8")
        for a, b in pairwise(edges)
    ])


def rows_of(folder, first, last):
    return np.array(np.load(Path(folder) / "X.npy", mmap_mode="r")[first:last])


@contextmanager
def on_two_workers(folder, loss):
    """X and y on the workers of a cluster, and their number."""
    import dask.array as da
    from distributed import Client, LocalCluster, wait

    n, p = np.load(folder / "X.npy", mmap_mode="r").shape
    y = np.load(folder / f"{loss}.npy")
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster),
    ):
        X = dask_rows(folder, n, p).persist()
        y = da.from_array(y, chunks=(X.chunks[0],)).persist()
        wait([X, y])
        yield X, y, n


def by_dask_glm(folder, loss, alpha, intercept):
    from dask_glm.algorithms import admm, lbfgs, proximal_grad
    from dask_glm.families import Logistic, Normal

    family = Logistic if loss == "logistic" else Normal
    with on_two_workers(folder, loss) as (X, y, n):
        # sums of losses; half the square is counted once
        strength = alpha * n * (1.0 if loss == "logistic" else 2.0)
        for solver in (proximal_grad, lbfgs, admm):
            for options in ({}, {"max_iter": 1000, "tol": 1e-10}):
                if options and solver is admm:
                    break  # its own tolerances, and minutes
                started = time.perf_counter()
                try:
                    coef = solver(X, y, regularizer="l1", lamduh=strength, family=family,
                                  **options)
                except Exception as error:
                    yield (f"{solver.__name__}: {reason(error)}", None, None, 0.0)
                    break
                what = "tight" if options else "as it comes"
                yield (f"{solver.__name__}, {what}", time.perf_counter() - started,
                              np.asarray(coef), 0.0)


def by_dask_ml(folder, loss, alpha, intercept):
    from dask_ml.linear_model import LinearRegression, LogisticRegression

    kind = LogisticRegression if loss == "logistic" else LinearRegression
    with on_two_workers(folder, loss) as (X, y, n):
        strength = alpha * n * (1.0 if loss == "logistic" else 2.0)
        model = kind(penalty="l1", C=1.0 / strength, solver="admm", fit_intercept=False)
        started = time.perf_counter()
        try:
            model.fit(X, y)
        except Exception as error:
            yield f"admm: {reason(error)}", None, None, 0.0
            return
        yield ("admm, as it comes", time.perf_counter() - started,
               np.ravel(model.coef_), 0.0)


def by_spark(folder, loss, alpha, intercept):
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.functions import array_to_vector
    from pyspark.ml.regression import LinearRegression
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]").config("spark.driver.memory", "4g")
        .config("spark.ui.enabled", "false").getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.read.parquet(str(folder / "parquet"))
    frame = frame.select(array_to_vector("x").alias("features"),
                         frame[loss].alias("label")).cache()
    frame.count()
    for tol, most in ((1e-6, 100), (1e-12, 2000)):
        options = {"regParam": alpha, "elasticNetParam": 1.0, "standardization": False,
                   "fitIntercept": intercept, "tol": tol, "maxIter": most}
        if loss == "logistic":
            model = LogisticRegression(**options)
        else:
            model = LinearRegression(solver="l-bfgs", **options)
        for _ in range(2):  # the first compiles
            started = time.perf_counter()
            fitted = model.fit(frame)
            seconds = time.perf_counter() - started
        yield (f"OWL-QN, tol={tol:g}", seconds, fitted.coefficients.toArray(),
                      float(fitted.intercept))
    spark.stop()


def by_sgd(folder, loss, alpha, intercept):
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    A = np.load(folder / "X.npy", mmap_mode="r")
    y = np.load(folder / f"{loss}.npy")
    options = {"penalty": "l1", "alpha": alpha, "fit_intercept": intercept,
               "random_state": 0, "average": False}
    if loss == "logistic":
        model = SGDClassifier(loss="log_loss", **options)
    else:
        model = SGDRegressor(eta0=1e-3, **options)
    started = time.perf_counter()
    for epoch in range(1, 21):
        for rows in np.array_split(np.arange(len(y)), PARTS):
            part = np.array(A[rows[0]:rows[-1] + 1])
            more = {"classes": [0.0, 1.0]} if loss == "logistic" else {}
            model.partial_fit(part, y[rows], **more)
        if epoch in (1, 5, 20):
            yield (f"epoch {epoch}", time.perf_counter() - started,
                          np.ravel(model.coef_).copy(), float(model.intercept_[0]))


WAYS = {
    "riata": by_riata, "dask-glm": by_dask_glm, "dask-ml": by_dask_ml,
    "Spark MLlib": by_spark, "scikit-learn SGD": by_sgd,
}


def reason(error):
    """One line of an exception."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:100]}".replace("|", "/")


# --- The table.

def run(python, way, folder, loss, alpha, intercept):
    """What one of them found, in a process of its own: rows as of the functions above."""
    command = [python, __file__, "--one", way, str(folder), loss, repr(alpha),
               str(int(intercept))]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE,
            env=environment,
        )
        text, last = done.stdout, done.stderr.strip().splitlines()[-1:]
        failed = f"failed: {' '.join(last)[:120]}" if done.returncode else ""
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"").decode()
        failed = f"stopped after {PATIENCE} s"
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("[")]
    return [*rows, (failed, None, None, 0.0)] if failed else rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--losses", nargs="+", default=["squared", "logistic"])
    parser.add_argument("--peers", default=sys.executable)
    options = parser.parse_args()
    import riata

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write(folder, options.rows, options.columns)
        A = np.load(folder / "X.npy", mmap_mode="r")
        print("\n## Others that take data in pieces\n")
        print(f"`clusters.py`: {options.rows} x {options.columns}, dense, two workers, L1 "
              f"with alpha of a thirtieth of alpha_max, load {os.getloadavg()[0]:.1f}.\n")
        print("| loss | intercept | with | how | seconds | relative gap | non-zero |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for loss in options.losses:
            y = np.load(folder / f"{loss}.npy")
            for intercept, ways in (
                (True, ("riata", "Spark MLlib", "scikit-learn SGD")),
                (False, ("riata", "dask-glm", "dask-ml")),
            ):
                alpha = riata.alpha_max(A, y, loss=loss, fit_intercept=intercept) / 30
                for way in ways:
                    python = sys.executable if way == "riata" else options.peers
                    for row in run(python, way, folder, loss, alpha, intercept):
                        report(A, y, loss, intercept, alpha, way, *row)


def report(A, y, loss, intercept, alpha, way, how, seconds, coef, constant):
    import riata

    line = f"| {loss} | {'yes' if intercept else 'no'} | {way} | {how} | "
    if coef is None:
        print(line + "| | |", flush=True)
        return
    coef = np.array(coef, dtype=float)
    found = riata.check_solution(
        np.asarray(A), y, coef, constant, alpha=alpha, loss=loss, fit_intercept=intercept
    )
    print(line + f"{seconds:.2f} | {found.relative_gap:.1e} | {np.count_nonzero(coef)} |",
          flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        way, folder, loss, alpha, intercept = sys.argv[2:]
        for how, seconds, coef, constant in WAYS[way](
            Path(folder), loss, float(alpha), bool(int(intercept))
        ):
            coef = None if coef is None else coef.tolist()
            print(json.dumps([how, seconds, coef, constant]), flush=True)
    else:
        main()
