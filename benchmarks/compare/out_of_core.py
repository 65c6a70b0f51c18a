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
import on_dask
from levels import machine

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
    if what in on_dask.WAYS:
        return on_dask.WAYS[what](folder, json.loads(extra))
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
    elif what == "sgd":
        return measure_sgd(path, y, float(extra))
    found["seconds"] = time.perf_counter() - started
    found |= {"gap": float(fit.relative_gap.max()), "MB": (peak() - before) / 1024,
              "active": int(fit.n_active[-1]), "alpha": float(fit.alphas[60])}
    return found


def measure_sgd(path, y, alpha):
    """One strength by scikit-learn's SGD over the file, for a quarter of a minute."""
    from sklearn.linear_model import SGDRegressor

    X = np.load(path, mmap_mode="r")
    model = SGDRegressor(penalty="l1", alpha=alpha, random_state=0, eta0=1e-3)
    started, epochs, found = time.perf_counter(), 0, []
    while time.perf_counter() - started < 15 and epochs < 20:
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
    print(f"`out_of_core.py` on {machine()}, load {os.getloadavg()[0]:.1f}. "
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

    one = found["tall", "squared", "chunks"]
    write(folder, "large", 4 * n, p)
    measured = on_dask.report(run, folder, 4 * n)
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
    print(on_dask.estimate(*measured, p))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        what, folder, name, loss, *extra = sys.argv[2:]
        print(json.dumps(measure(what, Path(folder), name, loss, *(extra or [None]))))
    else:
        main()
