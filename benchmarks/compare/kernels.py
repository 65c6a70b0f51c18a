"""Every kernel at every instruction-set level of this machine, beside NumPy's BLAS.

Each level has a process of its own (``RIATA_KERNELS``, and ``OPENBLAS_CORETYPE`` for a
BLAS of the same instruction set), on one thread. The processes take turns, case by case
and round by round, so that other work on the machine slows all of them alike; the least
processor time of all rounds counts.

    python benchmarks/compare/kernels.py                      # all cases, a few minutes
    python benchmarks/compare/kernels.py --cases '*wide*8*'
    python benchmarks/compare/kernels.py --against old=FOLDER # and another build of riata
    python benchmarks/compare/kernels.py --table FILE         # write Markdown as well
    python benchmarks/compare/kernels.py --check              # fail where a level is slow
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from levels import kernel_level, processor

# An instruction set of OpenBLAS for each level; None: its own choice
CORES = {"baseline": "Prescott", "x86-64-v3": "Haswell", "x86-64-v4": None}
SHAPES = {"wide": (200, 20_000), "tall": (50_000, 100), "small": (500, 200)}
DENSITY = 0.01
SPARSE_SHAPES = {"wide": (2_000, 20_000), "tall": (50_000, 200), "small": (1_000, 400)}
STORAGES = "F", "C", "CSC"
LANES = 8
ROUND = 0.03  # seconds for which a case is repeated in each round
SLOWER = 1.15  # a level is slow if it takes so many times as long as one below it


def arrays(shape, storage, dtype):
    """Return X of a shape, a right-hand side for all its rows and one for its columns."""
    rng = np.random.default_rng(0)
    if storage == "CSC":
        n, p = SPARSE_SHAPES[shape]
        X = sp.random_array((n, p), density=DENSITY, format="csc", rng=rng, dtype=dtype)
    else:
        n, p = SHAPES[shape]
        X = rng.standard_normal((n, p), dtype=dtype) + dtype(0.5)
        X = np.asarray(X, order=storage)
    return X, rng.standard_normal((n, LANES)), rng.standard_normal((p, LANES))


def make_design(X, y):
    """Return riata's view of X, with centred columns."""
    from riata._core.design import Design

    if sp.issparse(X):
        return Design("csc", X.data, X.indices, X.indptr.astype(np.int64), X.shape, None,
                      True, y)  # fmt: skip
    kind = "dense_f" if X.flags.f_contiguous else "dense_c"
    return Design(kind, X, None, None, X.shape, None, True, y)


class Case:
    """One kernel on one matrix: what riata does, and what NumPy does instead.

    Attributes
    ----------
    run, reference : callable
        Without arguments; `reference` is None where NumPy has no one call for it.
    expected : callable
        Returns the right result of `run`, from NumPy in double precision.
    bytes : int
        What must be read at least.
    """

    def __init__(self, operation, shape, storage, dtype, rhs):
        X, self.R, self.B = arrays(shape, storage, np.dtype(dtype).type)
        self.rhs = rhs
        from riata._core.design import cache_lines

        R = cache_lines(X.shape[0], rhs)  # as the solver has them
        R[:] = self.R[:, :rhs] - self.R[:, :rhs].mean(axis=0)
        self.R = R
        self.B = np.ascontiguousarray(self.B[:, :rhs])
        self.X = X
        y = np.zeros(X.shape[0])
        y[:2] = 1.0, -1.0
        self.design = make_design(X, y)
        # NumPy's matrix: the same order, in double precision as the kernels calculate
        self.double = X.astype(np.float64, copy=False)
        self.bytes = X.nbytes if not sp.issparse(X) else X.data.nbytes + X.indices.nbytes
        getattr(self, operation)(y)

    def _seen(self, cols=slice(None)):
        """Return centred, scaled columns as the design sees them."""
        X = self.double[:, cols]
        X = X.toarray() if sp.issparse(X) else X
        return (X - self.design.mean[cols]) * self.design.scale[cols]

    def _correlations(self, cols=slice(None)):
        raw = self.double[:, cols].T @ self.R
        raw -= np.outer(self.design.mean[cols], self.R.sum(axis=0))
        return self.design.scale[cols, None] * raw

    def gradient(self, _):
        out = np.empty((self.X.shape[1], self.rhs))
        transposed, R, sums = self.double.T, self.R, self.R.sum(axis=0)
        self.run = lambda: self.design.gradient(R, out, None, sums)
        self.reference = lambda: transposed @ R
        self.result = lambda: out
        self.expected = self._correlations

    def gather(self, _):
        """Compute the gradient of every third column, by number."""
        cols = np.arange(0, self.X.shape[1], 3, dtype=np.intp)
        out = np.empty((len(cols), self.rhs))
        R, sums, X = self.R, self.R.sum(axis=0), self.double
        self.bytes //= 3
        self.run = lambda: self.design.gradient(R, out, cols, sums)
        self.reference = lambda: X[:, cols].T @ R
        self.result = lambda: out
        self.expected = lambda: self._correlations(cols)

    def residual(self, _):
        from riata._core.design import cache_lines

        cols = np.arange(self.X.shape[1], dtype=np.intp)
        start, R = self.R, cache_lines(*self.R.shape)
        R[:] = start
        X, B = self.double, self.B

        def once():
            R[:] = start
            self.design.subtract_product(cols, B, R)
            return R

        self.run = lambda: self.design.subtract_product(cols, B, R)
        self.reference = lambda: X @ B
        self.result = once
        scaled = self.design.scale[:, None] * B
        self.expected = lambda: start - (X @ scaled - self.design.mean @ scaled)

    def gram(self, _):
        """Compute eight columns of a Gram matrix of 200 columns."""
        cols = np.arange(min(200, self.X.shape[1]), dtype=np.intp)
        places = np.arange(LANES, dtype=np.intp) * 3
        gram = np.zeros((len(cols), len(cols)), order="F")
        X = self.double[:, : len(cols)]
        few = X[:, places]
        self.bytes = self.bytes * len(cols) // self.X.shape[1]
        self.run = lambda: self.design.gram_columns(cols, places, gram)
        self.reference = lambda: X.T @ few
        self.result = lambda: gram[:, places]
        self.expected = lambda: self._seen(cols).T @ self._seen(cols[places])

    def pack(self, _):
        cols = np.arange(50, dtype=np.intp)
        out = np.empty((self.X.shape[0], len(cols)), order="F")
        self.bytes = self.bytes * len(cols) // self.X.shape[1]
        X = self.double[:, : len(cols)]
        self.run = lambda: self.design.pack(cols, 0, self.X.shape[0], out)
        self.reference = None if sp.issparse(X) else lambda: X.copy(order="F")
        self.result = lambda: out
        self.expected = lambda: self._seen(cols)

    def moments(self, y):
        """Set a design up: means, norms, largest entries and products with y."""
        holder = {}

        def run():
            holder["design"] = make_design(self.X, y)

        self.bytes *= 2  # means first
        self.run = run
        X = self.double
        self.reference = None if sp.issparse(X) else lambda: (X.mean(axis=0), X.T @ y)
        self.result = lambda: holder["design"].sqnorm
        squares = (lambda: X.power(2)) if sp.issparse(X) else (lambda: X**2)
        self.expected = lambda: self.design.scale**2 * (
            squares().sum(axis=0) - len(y) * self.design.mean**2
        )

    def subtract_means(self, _):
        R = self.R.copy()
        self.bytes = 2 * R.nbytes
        self.run = lambda: self.design.subtract_means(R)
        self.reference = None
        self.result = lambda: self.design.subtract_means(R)[1]
        self.expected = lambda: (self.R**2).sum(axis=0)

    def sweep(self, _):
        """Visit all coordinates, of columns of X or, for dense X, of a Gram matrix."""
        from riata._core.batched_descent import BatchedDescent
        from riata._core.descent import Quadratic

        size = min(500, self.X.shape[1])
        ids = np.arange(size, dtype=np.intp)
        if sp.issparse(self.X):
            quadratic, state = Quadratic.from_sparse(self.design, ids), self.R
            sqnorm = self.design.sqnorm[:size].copy()
        else:
            seen = self._seen(ids)
            gram = np.asfortranarray(seen.T @ seen)
            quadratic, state = Quadratic.from_gram(gram), seen.T @ self.R
            sqnorm = np.diag(gram).copy()
        ones, far = np.ones(size), np.full(size, np.inf)
        l2 = sqnorm.mean()
        descent = BatchedDescent(
            quadratic, sqnorm, ones, ones, -far, far, np.full(self.rhs, l2)
        )
        zeros = np.zeros((size, self.rhs))

        def run():
            descent.start(zeros, state)
            return descent.sweep()

        self.bytes = 0
        self.run, self.reference = run, None
        start = np.ascontiguousarray(state)
        self.result = lambda: (run(), descent.w.copy())[1]
        self.expected = lambda: _swept(self._seen(ids), start, sqnorm, l2,
                                       sp.issparse(self.X))  # fmt: skip

    def losses(self, _):
        """Visit predictors of a logistic model."""
        from riata._core.elementwise import visit

        n, rhs = self.X.shape[0], self.rhs
        y = (np.arange(n) % 2).astype(float)
        eta, moved, pull = self.R, np.empty((n, rhs)), np.empty((n, rhs))
        shift, length = np.zeros(rhs), np.ones(rhs)
        lanes, curvature = np.arange(rhs, dtype=np.intc), np.empty(n)
        self.bytes = 3 * eta.nbytes
        self.run = lambda: visit("logistic", y, None, 1.0, eta, np.zeros((n, rhs)), shift,
                                 length, lanes, None, moved, pull, curvature)  # fmt: skip
        self.reference = lambda: y[:, None] - 1.0 / (1.0 + np.exp(-eta))
        self.result = lambda: pull
        self.expected = self.reference

    def seconds(self, budget):
        """Return the least processor seconds of riata's and of NumPy's call."""
        best = {}
        for name, call in ("riata", self.run), ("numpy", self.reference):
            if call is None:
                continue
            times = []
            while len(times) < 3 or sum(times) < budget:
                start = time.process_time()
                call()
                times.append(time.process_time() - start)
            best[name] = min(times)
        return best

    def error(self):
        """Return the largest difference to NumPy's result, relative to its size."""
        self.run()
        expected = self.expected()
        return float(np.max(np.abs(self.result() - expected)) / np.max(np.abs(expected)))


def _swept(X, state, sqnorm, strength, by_residual):
    """Return the coefficients after a sweep over all and four over those in use."""
    C = X.T @ state if by_residual else state.copy()
    gram, W = X.T @ X, np.zeros_like(C)
    order = np.arange(len(W))
    for _ in range(5):
        for k in order:
            u = C[k] + sqnorm[k] * W[k]
            new = np.sign(u) * np.maximum(np.abs(u) - strength, 0) / (sqnorm[k] + strength)
            C -= np.outer(gram[:, k], new - W[k])
            W[k] = new
        order = np.flatnonzero(W.any(axis=1))
    return W


def all_cases():
    """Return the arguments of every case by its name."""
    cases = {}
    for shape, storage in itertools.product(SHAPES, STORAGES):
        for dtype, rhs in itertools.product(("float64", "float32"), (1, LANES)):
            for operation in "gradient", "gather", "residual":
                name = f"{operation}-{shape}-{storage}-{dtype}-{rhs}"
                cases[name] = operation, shape, storage, dtype, rhs
            if rhs == LANES and shape != "wide":
                for operation in "gram", "pack":
                    name = f"{operation}-{shape}-{storage}-{dtype}"
                    cases[name] = operation, shape, storage, dtype, rhs
            if rhs == 1:
                name = f"moments-{shape}-{storage}-{dtype}"
                cases[name] = "moments", shape, storage, dtype, rhs
    for rhs in 1, LANES:
        for storage in "F", "CSC":
            name = f"sweep-small-{'gram' if storage == 'F' else storage}-float64-{rhs}"
            cases[name] = "sweep", "small", storage, "float64", rhs
        cases[f"losses-tall-{rhs}"] = "losses", "tall", "F", "float64", rhs
        cases[f"subtract_means-tall-{rhs}"] = "subtract_means", "tall", "F", "float64", rhs
    return cases


# --- processes -----------------------------------------------------------------------


def serve():
    """Answer requests: the name of a case and how long to repeat it."""
    name, case = None, None
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        if request["case"] != name:
            name, case = request["case"], None
            case = Case(*all_cases()[name])
            answer["error"], answer["bytes"] = case.error(), case.bytes
        print(json.dumps(answer | case.seconds(request["seconds"])), flush=True)


class Worker:
    """A process with one build of riata at one level."""

    def __init__(self, level, folder=None):
        environment = os.environ | {"RIATA_KERNELS": level}
        for name in "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS":
            environment[name] = "1"
        if CORES.get(level):
            environment["OPENBLAS_CORETYPE"] = CORES[level]
        if folder:
            environment["PYTHONPATH"] = str(folder)
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def measure(self, case, seconds):
        self.process.stdin.write(json.dumps({"case": case, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(workers, case, rounds, seconds):
    """Return the best times of a case and its errors, of every worker."""
    best = {name: {} for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            for key, value in worker.measure(case, seconds).items():
                best[name][key] = min(value, best[name].get(key, value))
    return best


# --- what is printed -----------------------------------------------------------------


def cells(case, results, first):
    """Return the row of a case: for each build, time, ratio to NumPy, GB/s and error."""
    row = [case]
    for found in results.values():
        seconds, numpy = found["riata"], found.get("numpy")
        speed = f"{found['bytes'] / seconds / 1e9:.1f}" if found["bytes"] else ""
        row += [
            f"{1e3 * seconds:.3f}", f"{seconds / numpy:.2f}" if numpy else "",
            f"{seconds / results[first]['numpy']:.2f}" if numpy else "", speed,
            f"{found['error']:.0e}",
        ]  # fmt: skip
    return row


def slow_levels(case, results, levels):
    """Return a line for each level that is slower than one below it."""
    lines = []
    for lower, upper in itertools.combinations(levels, 2):
        ratio = results[upper]["riata"] / results[lower]["riata"]
        if ratio > SLOWER:
            lines.append(f"{case}: {upper} takes {ratio:.2f} times as long as {lower}")
    return lines


def markdown(rows, names, machine):
    """Return a table for a file: a cell holds ms, ratio to NumPy, and GB/s."""
    lines = [
        "# Results of the kernels", "", f"{machine}; one thread; least processor time.",
        "See the [README](../README.md) for what is measured. A cell holds milliseconds,",
        "in brackets the ratio to NumPy's product in double precision by a BLAS of that",
        "instruction set, and GB/s; the last column the largest relative difference.",
        "", f"| case | {' | '.join(names)} | error |",
        f"| --- |{' --: |' * (len(names) + 1)}",
    ]  # fmt: skip
    for row in rows:
        line, errors = [row[0]], []
        for k in range(1, len(row), 5):
            ms, own, _, speed, error = row[k : k + 5]
            line.append(ms + (f" ({own})" if own else "") + (f" {speed}" if speed else ""))
            errors.append(float(error))
        lines.append(f"| {' | '.join([*line, f'{max(errors):.0e}'])} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--cases", default="*", help="patterns, with commas between")
    parser.add_argument("--levels", help="names, with commas between; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=ROUND)
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    parser.add_argument("--against", metavar="NAME=FOLDER",
                        help="another build: a folder with a package riata")  # fmt: skip
    parser.add_argument("--table", type=Path, help="write Markdown")
    parser.add_argument("--check", action="store_true", help="fail if a level is slow")
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    from riata._core.design import kernel_levels

    levels = options.levels.split(",") if options.levels else kernel_levels()
    patterns = options.cases.split(",")
    cases = [c for c in all_cases() if any(fnmatch(c, pattern) for pattern in patterns)]
    if options.list:
        print("\n".join(cases))
        return
    workers = {level: Worker(level) for level in levels}
    if options.against:
        name, folder = options.against.split("=")
        workers |= {f"{name} {level}": Worker(level, folder) for level in levels}
    machine = f"{processor()}; levels {', '.join(levels)}, the best {kernel_level()}"
    print(machine)
    print("ms (/ gemm of the level, / gemm of the best level) GB/s error")
    rows, slow = [], []
    for case in cases:
        results = measure(workers, case, options.rounds, options.seconds)
        rows.append(cells(case, results, levels[-1]))
        print(f"\n{case}")
        for name, k in zip(workers, range(1, len(rows[-1]), 5), strict=True):
            ms, own, best, speed, error = rows[-1][k : k + 5]
            print(f"  {name:16} {ms:>9} ({own:>5}, {best:>5}) {speed:>5} {error}",
                  flush=True)  # fmt: skip
        slow += slow_levels(case, results, levels)
    for worker in workers.values():
        worker.close()
    if options.table:
        options.table.write_text(markdown(rows, list(workers), machine))
    print("\n".join(["", *slow]) if slow else "\nno level is slower than one below it")
    if options.check and slow:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
