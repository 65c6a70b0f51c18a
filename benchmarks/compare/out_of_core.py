"""Paths on data larger than memory: time, reads, resident memory, and what others reach.

    python benchmarks/compare/out_of_core.py [--rows 400000] [--quick] > RESULTS-chunks.md

Every measurement runs in a process of its own, which reports its peak resident memory.
The files are written once to a temporary folder; the file cache is warm.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT = 64 * 2**20


def write(folder, name, n, p):
    """Random data with 30 true features; wide data stand by columns."""
    path, wide = folder / f"{name}.npy", p > n
    if path.exists():
        return
    rng = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", "f8", (n, p), fortran_order=wide)
    w = np.zeros(p)
    w[rng.choice(p, 30, replace=False)] = rng.standard_normal(30)
    y, axis = np.zeros(n), int(wide)
    step = max(10**7 // (n if wide else p), 1)
    for first in range(0, (n, p)[axis], step):
        size = min(step, (n, p)[axis] - first)
        part = rng.standard_normal((n, size) if wide else (size, p)) + 0.5
        if wide:
            file[:, first:first + size] = part
            y += part @ w[first:first + size]
        else:
            file[first:first + size] = part
            y[first:first + size] = part @ w
    y += 0.5 * y.std() * rng.standard_normal(n)
    file.flush()
    np.save(folder / f"{name}_y.npy", y)


def peak():
    """Peak resident memory of this process in kB (that of `resource` is inherited)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def objective(X, y, coef, intercept, alpha):
    """Of the lasso."""
    r = y - X @ coef - intercept
    return 0.5 * float(r @ r) / len(y) + alpha * float(np.abs(coef).sum())


# --- One measurement; runs in a process of its own.

def measure(what, folder, name, loss, extra):
    import riata

    path, y = folder / f"{name}.npy", np.load(folder / f"{name}_y.npy")
    if loss == "logistic":
        y = (y > np.median(y)).astype(float)
    options = {"loss": loss, "alphas": 100,
               "alpha_min_ratio": 0.05 if name == "wide" else 1e-3}
    found = {}
    before = peak()
    if what == "memory":
        X = np.load(path)
        started = time.perf_counter()
        fit = riata.fit_path(X, y, **options)
    elif what == "chunks":
        X = riata.open_chunks(path, memory_limit=LIMIT)
        started = time.perf_counter()
        fit = riata.fit_path(X, y, **options)
        found["reads"] = fit.diagnostics.reads
    elif what == "folds":
        X = riata.open_chunks(path, memory_limit=LIMIT)
        started = time.perf_counter()
        fit = riata.cv_path(X, y, cv=10, **options).paths[0]
        found["reads"] = X.reads
    elif what == "dask":
        return measure_dask(path, y, options, int(extra))
    elif what == "sgd":
        return measure_sgd(path, y, float(extra))
    found["seconds"] = time.perf_counter() - started
    found |= {"gap": float(fit.relative_gap.max()), "MB": (peak() - before) / 1024,
              "active": int(fit.n_active[-1]), "alpha": float(fit.alphas[60])}
    return found


def measure_dask(path, y, options, n_workers):
    import dask.array as da
    from distributed import Client, LocalCluster

    import riata

    mapped = np.load(path, mmap_mode="r")
    rows = max(16 * 2**20 // (8 * mapped.shape[1]), 1)
    with (
        LocalCluster(n_workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(n_workers)
        parts = [
            da.from_delayed(part, (min(rows, len(mapped) - first), mapped.shape[1]), "f8")
            for first, part in delayed_rows(path, len(mapped), rows)
        ]
        with riata.from_dask(da.concatenate(parts), client=client) as X:
            started = time.perf_counter()
            fit = riata.fit_path(X, y, **options)
            seconds = time.perf_counter() - started
            requests = X.requests
            empty = []
            for _ in range(20):
                begun = time.perf_counter()
                X.reduce(nothing, add)
                empty.append(time.perf_counter() - begun)
    return {"seconds": seconds, "gap": float(fit.relative_gap.max()),
            "requests": requests, "round": float(np.median(empty)), "chunks": X.n_chunks}


def nothing(arrays):
    return 0


def add(one, other):
    return one + other


def read_rows(path, first, last):
    return np.array(np.load(path, mmap_mode="r")[first:last])


def delayed_rows(path, n, rows):
    from dask import delayed

    for first in range(0, n, rows):
        yield first, delayed(read_rows)(path, first, min(first + rows, n))


def measure_sgd(path, y, alpha):
    """One strength by scikit-learn's SGD over the file, until it has had half a minute."""
    from sklearn.linear_model import SGDRegressor

    X = np.load(path, mmap_mode="r")
    model = SGDRegressor(penalty="l1", alpha=alpha, random_state=0, eta0=1e-3)
    started, epochs, found = time.perf_counter(), 0, []
    while time.perf_counter() - started < 30 and epochs < 20:
        for first in range(0, len(y), 20_000):
            model.partial_fit(np.array(X[first:first + 20_000]), y[first:first + 20_000])
        epochs += 1
        if epochs in (1, 5, 20):
            found.append((epochs, time.perf_counter() - started, model.coef_.copy(),
                          float(model.intercept_[0])))
    values = [(e, s, objective(X, y, w, b, alpha), int(np.count_nonzero(w)))
              for e, s, w, b in found]
    import riata

    best = riata.fit_path(
        riata.open_chunks(path, memory_limit=LIMIT), y, alphas=[alpha], tol=1e-10
    )
    null = best.null_objective
    return {"rows": [(e, s, (v - float(best.objective[0])) / null, k)
                     for e, s, v, k in values], "active": int(best.n_active[0])}


def run(*arguments):
    """The measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", *map(str, arguments)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def estimate(tall, dask, n, p):
    """What a hundred workers would take, from what was measured here."""
    gram = tall["seconds"] / (n * p * p)  # of one core's worth of products
    bandwidth = 8 * n * p / tall["seconds"]
    rows, cols, workers, sparse = 1e9, 1e5, 100, 1e-3
    entries = rows * cols * sparse
    read = 12 * entries / workers / 1e9  # at 1 GB/s a worker
    passes = 60
    return f"""\
Measured here: {1e9 * gram:.3f} ns for each of n p^2 products of the sums,
{bandwidth / 1e9:.2f} GB/s with them, {1e3 * dask['round']:.0f} ms for an empty round over
{dask['chunks']} chunks.

- 1e9 rows x 1000 dense columns (8 TB), 100 workers of one core: one round of
  {gram * rows * 1e6 / workers / 60:.0f} minutes for the path and all folds; partial sums
  (8 MB a chunk, merged by eights on the workers) bring 8 MB to the coordinator. Its limit
  is the Gram matrix: 8 p^2 bytes, 128 MB a set of rows for p = 4000, and y, 8 GB.
- 1e9 rows x 1e5 sparse columns (one in a thousand: {entries:.0e} entries, 1.2 TB), 100
  workers: a pass reads 12 GB a worker, about {read:.0f} s at 1 GB/s; a path takes some
  {passes} of them (verification and columns of the working set), {passes * read / 60:.0f}
  minutes. The coordinator is the limit long before: residuals of eight alphas are 64 GB
  there, and go to the workers in each round. For that size residuals would have to stay
  on the workers; this is not built.
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    n, p = (50_000 if options.quick else options.rows), 100
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write(folder, "tall", n, p)
        write(folder, "tall2", n // 4, p)
        write(folder, "wide", 2000, 30_000)
        report(folder, n, p)


def report(folder, n, p):
    print("# Data larger than memory\n")
    print(f"`out_of_core.py` on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. "
          f"Lasso paths of 100 alphas, tol 1e-6, memory_limit {LIMIT / 2**20:.0f} MB; "
          "the file cache is warm. MB: peak resident memory above that at the start.\n")
    print("| data | MB | where | seconds | of memory's | reads | gap | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    found = {}
    for name, loss in (  # tall2: a quarter of the rows
        ("tall", "squared"), ("wide", "squared"), ("tall2", "logistic")):
        size = (folder / f"{name}.npy").stat().st_size / 2**20
        for what in ("memory", "chunks"):
            its = found[name, loss, what] = run(what, folder, name, loss)
            share = its["seconds"] / found[name, loss, "memory"]["seconds"]
            reads = f"{its['reads']:.1f}" if "reads" in its else ""
            print(f"| {name}, {loss} | {size:.0f} | {what} | {its['seconds']:.2f} "
                  f"| {share:.2f} | {reads} | {its['gap']:.1e} | {its['MB']:.0f} |",
                  flush=True)
    folds = run("folds", folder, "tall", "squared")
    print(f"\nAll paths of a 10-fold cross-validation (tall): {folds['seconds']:.2f} s, "
          f"{folds['reads']:.2f} reads.\n", flush=True)

    print("## Dask\n\nn >> p, squared loss; chunks are on the workers already.\n")
    print("| where | seconds | rounds |\n| --- | --- | --- |")
    one = found["tall", "squared", "chunks"]
    print(f"| one process, chunks of a file | {one['seconds']:.2f} | |")
    for workers in (1, 2):
        dask = run("dask", folder, "tall", "squared", workers)
        print(f"| LocalCluster, {workers} workers | {dask['seconds']:.2f} | "
              f"{dask['requests']} |", flush=True)

    print("\n## Cost against rows\n\n| rows | seconds, chunks |\n| --- | --- |")
    for k in (1, 2, 4, 8):
        name = f"tall{k}"
        write(folder, name, k * n // 8, p)
        its = run("chunks", folder, name, "squared")
        print(f"| {k * n // 8} | {its['seconds']:.2f} |", flush=True)

    alpha = one["alpha"]
    sgd = run("sgd", folder, "tall", "squared", alpha)
    print(f"\n## What else reads files\n\nOne alpha ({alpha:.3g}) of the tall data, "
          f"{sgd['active']} non-zero coefficients at the optimum; scikit-learn's "
          "`SGDRegressor.partial_fit` over the file, its excess of the objective over the "
          "optimum divided by the null objective.\n")
    print("| epochs | seconds | excess | non-zero |\n| --- | --- | --- | --- |")
    for epochs, seconds, excess, active in sgd["rows"]:
        print(f"| {epochs} | {seconds:.1f} | {excess:.1e} | {active} |")
    print(f"\nriata: {one['seconds']:.2f} s for all 100 alphas, gap {one['gap']:.0e}.\n")
    print("## A hundred workers: an estimate\n")
    print(estimate(one, dask, n, p))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        what, folder, name, loss, *extra = sys.argv[2:]
        print(json.dumps(measure(what, Path(folder), name, loss, *(extra or [None]))))
    else:
        main()
