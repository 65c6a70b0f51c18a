"""Paths on the workers of a Dask cluster, for `out_of_core.py`: what they take, and from
that what a hundred workers would."""

import os
import time
from contextlib import contextmanager

import numpy as np

CHUNK_BYTES = 32 * 2**20  # of a chunk on the workers


@contextmanager
def workers(count):
    """A cluster on this machine, of workers with a thread each, and its client."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(count, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(count)
        yield client


def fits(X, y, count=5, **options):
    """Seconds of several fits, and the last path."""
    import riata

    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        fit = riata.fit_path(X, y, **options)
        seconds.append(time.perf_counter() - started)
    return seconds, fit


def measure_process(folder, sizes):
    """Of the first rows of large data: seconds in one process, from the file."""
    import riata

    mapped, y = np.load(folder / "large.npy", mmap_mode="r"), np.load(
        folder / "large_y.npy"
    )
    return {n: fits(riata.open_chunks(mapped[:n]), y[:n])[0] for n in sizes}


def measure_workers(folder, sizes, n_workers=2):
    """The same on workers that hold the rows."""
    import dask.array as da

    import riata

    path, y, found = folder / "large.npy", np.load(folder / "large_y.npy"), {}
    p = np.load(path, mmap_mode="r").shape[1]
    rows = max(CHUNK_BYTES // (8 * p), 1)
    with workers(n_workers) as client:
        for n in sizes:
            array = da.concatenate([
                da.from_delayed(part, (min(rows, n - first), p), "f8")
                for first, part in delayed_rows(path, n, rows)
            ])
            with riata.from_dask(array, client=client) as X:
                seconds, fit = fits(X, y[:n])
                found[n] = {"seconds": seconds, "chunks": X.n_chunks,
                            "requests": fit.diagnostics.requests}
    return found


def measure_rounds(folder, sizes):
    """Milliseconds of a round in which nothing is computed, by the number of chunks."""
    import dask.array as da

    import riata

    found = {}
    with workers(2) as client:
        for count in (16, 256):
            array = da.ones((count * 10, 5), chunks=(10, 5))
            with riata.from_dask(array, client=client) as X:
                seconds = []
                for _ in range(10):
                    started = time.perf_counter()
                    X.reduce(nothing, add)
                    seconds.append(time.perf_counter() - started)
            found[count] = 1e3 * min(seconds)
    return found


SPARSE = 480_000, 10_000, 20, 8  # rows, columns, entries in a row, chunks
RATIOS = {"squared": 0.1, "logistic": 0.3}  # of the last alpha and alpha_max


def sparse_rows(k):
    """A chunk of a sparse matrix, and its predictors."""
    from scipy.sparse import csr_array

    n, p, per_row, chunks = SPARSE
    rng, m = np.random.default_rng(k), n // chunks
    columns = np.sort(rng.integers(0, p, (m, per_row)), axis=1).ravel()
    X = csr_array(
        (rng.standard_normal(m * per_row), columns, per_row * np.arange(m + 1)), (m, p)
    )
    X.sum_duplicates()
    return X, X @ np.where(np.arange(p) % (p // 40) == 0, 2.0, 0.0)


def only_rows(k):
    return sparse_rows(k)[0]


def measure_sparse(folder, sizes):
    """Paths on many sparse columns: residuals stay on the workers."""
    import dask.array as da
    from dask import delayed

    import riata

    n, p, per_row, chunks = SPARSE
    eta = np.concatenate([sparse_rows(k)[1] for k in range(chunks)])
    noise = np.random.default_rng(1).standard_normal(n)
    targets = {"squared": eta + noise, "logistic": (eta + noise > 0).astype(float)}
    array = da.concatenate([
        da.from_delayed(delayed(only_rows)(k), (n // chunks, p), "f8")
        for k in range(chunks)
    ])
    found = {}
    with workers(2) as client, riata.from_dask(array, client=client) as X:
        for loss, y in targets.items():
            seconds, fit = fits(X, y, 1, loss=loss, alpha_min_ratio=RATIOS[loss])
            found[loss] = {
                "seconds": min(seconds), "requests": fit.diagnostics.requests,
                "gap": float(fit.relative_gap.max()), "active": int(fit.n_active[-1]),
                "entries": n * per_row,
            }
    return found


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


def _least(seconds):
    return f"{min(seconds):.2f} ({np.median(seconds):.2f})"


def _load():
    return f"{os.getloadavg()[0]:.1f}"


def report(run, folder, n):
    """Print what `run` measures, in processes of their own, for `estimate`."""
    sizes = [n // 8, n // 4, n // 2, n]
    print(f"## Dask\n\nLasso paths of 100 alphas on large data ({n} rows, "
          f"{(folder / 'large.npy').stat().st_size / 1e9:.1f} GB): in one process from the "
          "file, which has the cache, and on two workers of one thread that hold the rows "
          f"in chunks of {CHUNK_BYTES / 2**20:.0f} MB. Least (and median) seconds of five "
          "fits, the whole twice.\n")
    print("| rows | one process | load | 2 workers | rounds | load | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    best = {where: dict.fromkeys(sizes, np.inf) for where in ("process", "workers")}
    for _ in range(2):
        one, load = run("process", folder, "", "", sizes), _load()
        two, load_two = run("workers", folder, "", "", sizes), _load()
        for size in sizes:
            alone, shared = one[str(size)], two[str(size)]
            seconds = shared["seconds"]
            print(f"| {size} | {_least(alone)} | {load} | {_least(seconds)} | "
                  f"{shared['requests']} | {load_two} | "
                  f"{min(seconds) / min(alone):.2f} |", flush=True)
            best["process"][size] = min(best["process"][size], *alone)
            best["workers"][size] = min(best["workers"][size], *seconds)
    print("\nCost against rows, from the least of all:\n")
    for where, seconds in best.items():
        fixed, slope, off = line_through(sizes, list(seconds.values()))
        print(f"- {where}: {fixed:.3f} s and {slope:.3f} s for a million rows; measured "
              f"times deviate by {100 * off:.0f} % at most.", flush=True)
    ratio = best["workers"][n] / best["process"][n]
    print(f"- Two workers take {ratio:.2f} times what one process takes.\n")
    rounds = run("rounds", folder, "", "", sizes)
    counts = ", ".join(f"{ms:.0f} ms with {k} chunks" for k, ms in rounds.items())
    print(f"A round in which nothing is computed: {counts} ({_load()}).\n", flush=True)
    sparse = run("sparse", folder, "", "", sizes)
    rows, columns, per_row, chunks = SPARSE
    print(f"Sparse, {rows} x {columns}, {per_row} entries in a row, {chunks} chunks on two "
          "workers, 100 alphas down to 0.1 (logistic: 0.3) of alpha_max:\n")
    print("| loss | seconds | rounds | gap | active |\n| --- | --- | --- | --- | --- |")
    for loss, its in sparse.items():
        print(f"| {loss} | {its['seconds']:.1f} | {its['requests']} | {its['gap']:.0e} | "
              f"{its['active']} |", flush=True)
    return slope, rounds, sparse


def line_through(sizes, seconds):
    """Seconds that do not grow, seconds of a million rows, and the largest deviation of
    a measurement from that, as a share of it."""
    A = np.column_stack([np.ones(len(sizes)), np.asarray(sizes) / 1e6])
    weight = 1.0 / np.asarray(seconds)  # all sizes count alike
    fixed, slope = np.linalg.lstsq(A * weight[:, None], np.ones(len(sizes)), rcond=None)[0]
    return fixed, slope, float(np.abs((A @ [fixed, slope]) * weight - 1.0).max())


def estimate(slope, rounds, sparse, p):
    """What a hundred workers would take, from what was measured here."""
    (few, short), (many, long) = sorted((int(k), v) for k, v in rounds.items())
    chunk = (long - short) / (many - few)  # milliseconds
    fixed = short - few * chunk
    product = 2.0 * slope / (1e6 * p * p)  # seconds of one core: two workers
    rows, workers, size = 1e9, 100, 128 * 2**20
    dense = rows * 1000 * 8
    its = sparse["logistic"]
    entry = 2.0 * its["seconds"] / its["requests"] / its["entries"]
    entries, cols = 1e11, 1e5
    n_chunks = 12 * entries / size
    answer = cols * 100 * 8  # bytes: gradients at all alphas
    compute = entry * entries / workers
    schedule = 1e-3 * (fixed + chunk * n_chunks)
    merge = n_chunks / workers * answer / 1e9
    round_ = compute + schedule + merge
    cores = compute * workers / schedule
    return f"""\
Measured here: {1e9 * product:.3f} ns of one core for each of the n p^2
products of sums; {1e9 * entry:.0f} ns of one core for each stored entry in a round of a
sparse logistic path (100 strengths at once and their models); {fixed:.0f} ms for a round,
and {chunk:.2f} ms more for each of its chunks.

- 1e9 rows x 1000 dense columns (8 TB), 100 workers of one core: one round of
  {product * rows * 1e6 / workers / 60:.0f} minutes for the path and all folds, of which
  {1e-3 * chunk * dense / size:.0f} s go to the scheduler for {dense / size:.0f} chunks of
  128 MB. 8 MB come back.
- 1e9 rows x 1e5 sparse columns (one entry in a thousand: 1e11 entries, 1.2 TB,
  {n_chunks:.0f} chunks), 100 workers. A round: {compute:.0f} s of work,
  {schedule:.0f} s of the scheduler, {merge:.0f} s for partial answers
  ({answer / 1e6:.0f} MB a chunk at 1 GB/s between workers; models come on top).
  {its['requests']} rounds, as here (with a memory_limit of 16 GB, in which the sample to
  begin with has ten rows a column), take {its['requests'] * round_ / 60:.0f} minutes; on
  16 cores a worker, work is {compute / 16:.0f} s a round.
- The coordinator is the limit in memory first: y, the null predictors and vectors made of
  them are 8 GB each for 1e9 rows (some 50 GB in all), and the scheduler keeps the recipes
  of what was left beside the chunks (16 GB, sent to it once). Next is the scheduler's time,
  {chunk:.2f} ms a chunk and round: it is the larger part from {cores:.0f} cores on, and
  larger chunks are the remedy. Requests are as long as the coefficients that are not zero,
  answers as X has columns; neither grows with the rows.
"""


WAYS = {
    "process": measure_process, "workers": measure_workers, "rounds": measure_rounds,
    "sparse": measure_sparse,
}
