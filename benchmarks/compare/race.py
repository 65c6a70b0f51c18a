"""The race: the time each solver needs for the same certified accuracy.

For each cell (``cells.py``) the data go to files, and each solver (``peers.py``) solves
them in a process of its own, on one thread, at tighter and tighter tolerances. This
process computes the duality gap of what comes back (``gap.py``) and charges the solver
the time of its loosest tolerance whose worst relative gap over all alphas reaches the
target. Beside it stands a milder measure, the *excess*: the objective less the best
dual objective that any solver of the cell has provided.

    python benchmarks/compare/peers.py                      # once: install the peers
    python benchmarks/compare/race.py --quick
    python benchmarks/compare/race.py --cells 'leukemia*,tall' --peers sklearn,glmnet
    python benchmarks/compare/race.py --table RESULTS.md    # from the results so far
    python benchmarks/compare/race.py --pictures FOLDER     # likewise
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from cells import QUICK, all_cells
from levels import kernel_level, machine
from peers import HERE, SOLVERS
from pictures import draw
from table import cell_table, charged, markdown, seconds

ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    "1",
)
WARM_UP_LIMIT = 600.0  # seconds for imports, just-in-time compilation, reading the data
WATCH = 0.1  # seconds between looks at a solver's clock
BEHIND = 100  # a run is stopped when so many times slower than the fastest (and 10 s)
REPEAT_LIMIT = 1.0  # seconds beyond which a run is not repeated


class Worker:
    """A solver's process; see ``worker.py`` for what is said to it and by it."""

    def __init__(self, solver, command, folder, clock):
        command = [*command, str(folder), json.dumps(solver.options)]
        environment = os.environ | ONE_THREAD
        if solver.environment != "riata":
            environment.pop("PYTHONPATH", None)
        self.clock = clock
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True, env=environment,
            )  # fmt: skip
        answer = self._listen(WARM_UP_LIMIT)
        self.failure = answer.get("error")
        self.version = answer.get("version")

    def solve(self, tolerance, limit, repeat=1):
        """Return {"seconds": median of several runs, ...}, or {"error": ...}."""
        times = []
        while len(times) < repeat and sum(times) < REPEAT_LIMIT:
            self.process.stdin.write(f"{tolerance!r}\n")
            self.process.stdin.flush()
            answer = self._listen(limit)
            if "error" in answer:
                return answer
            times.append(answer[self.clock])
        return answer | {"seconds": statistics.median(times), "repeats": len(times)}

    def _listen(self, limit):
        answered, end = threading.Event(), self._now() + limit
        watch = threading.Thread(target=self._kill_at, args=(end, answered))
        watch.start()
        line = self.process.stdout.readline()
        in_time = not answered.is_set()
        answered.set()
        watch.join()
        if line:
            return json.loads(line)
        if not in_time:
            return {"error": f"over {limit:.3g} s", "ended": True}
        last_words = self.log.read_text().strip().splitlines()[-1:]
        return {"error": f"the process ended: {' '.join(last_words)}", "ended": True}

    def _now(self):
        """Return the time by the race's clock: the process's own, or everybody's."""
        if self.clock == "cpu_seconds" and sys.platform == "linux":
            return time.clock_gettime(~self.process.pid << 3 | 2)  # see clock_gettime(3)
        return time.monotonic()

    def _kill_at(self, end, answered):
        """Kill the process at a time by its clock unless it has answered before."""
        while not answered.wait(WATCH):
            if self._now() >= end:
                answered.set()
                self.process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


def save_problem(folder, problem, alphas):
    """Write the problem where the workers read it."""
    X = problem.X
    arrays = {"y": problem.y, "alphas": alphas}
    if problem.sample_weight is not None:
        arrays["sample_weight"] = np.asarray(problem.sample_weight, dtype=float)
    if sp.issparse(X):
        arrays |= {"X_data": X.data, "X_indices": X.indices, "X_indptr": X.indptr}
    else:
        arrays["X"] = X
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    model = {"l1_ratio": problem.l1_ratio, "fit_intercept": problem.fit_intercept}
    if problem.loss != "squared":
        model["loss"] = problem.loss
    job = {
        "sparse": bool(sp.issparse(X)),
        "shape": [int(size) for size in X.shape],
        "model": model,
    }
    (folder / "job.json").write_text(json.dumps(job))


def read_solution(folder, problem, alphas):
    """Return coefficients, a column for each alpha (and class), and intercepts."""
    names = "coef_data", "coef_indices", "coef_indptr", "intercept"
    *parts, intercept = (np.load(folder / f"{name}.npy") for name in names)
    shape = problem.X.shape[1], len(alphas) * problem.n_classes
    return sp.csc_array(tuple(parts), shape=shape), intercept


def climb(worker, solver, folder, problem, alphas, options, limit):
    """Run a solver at its tolerances, from loose to tight, until the target is reached.

    With ``--curves`` the target does not stop it, only the limit of time does.

    Returns
    -------
    runs : list of dict
        One for each tolerance; "objective" and "dual" are arrays.
    error : str or None
        Why the last tolerance failed, if it did.
    """
    runs, error = [], worker.failure
    for tolerance in solver.ladder if error is None else ():
        answer = worker.solve(tolerance, limit, options.repeat)
        error = answer.get("error")
        if answer.get("ended"):
            break
        if error:
            continue
        coef, intercept = read_solution(folder, problem, alphas)
        objective, dual = problem.evaluate(alphas, coef, intercept)
        gap = float(np.max(objective - dual)) / problem.null_objective
        if not np.isfinite(gap):
            error = "coefficients that are not finite"
            continue
        answer |= {
            "tolerance": tolerance,
            "worst_gap": gap,
            "nonzeros": int(coef[:, -problem.n_classes :].count_nonzero()),
            "objective": objective,
            "dual": dual,
        }
        runs.append(answer)
        if gap <= options.target and not options.curves:
            break
        if sum(run["seconds"] for run in runs) > 5 * limit:
            error = f"over {5 * limit:.3g} s in all"
            break
    return runs, error


def race_solver(solver, command, folder, problem, alphas, options, limit):
    """Return one solver's result on one cell, ready for JSON but for its arrays."""
    with Worker(solver, command, folder, options.clock) as worker:
        runs, error = climb(worker, solver, folder, problem, alphas, options, limit)
    result = {
        "version": worker.version,
        "clock": options.clock,
        "kernels": kernel_level() if solver.environment == "riata" else None,
        "date": datetime.date.today().isoformat(),
        "runs": runs,
    }
    reached = charged(result, options.target) is not None
    return result | {"reached": reached, "error": None if reached else error}


def add_excess(results, null_objective):
    """Replace the arrays of every run by its worst relative excess."""
    runs = [run for result in results.values() for run in result["runs"]]
    best = np.max([run["dual"] for run in runs], axis=0) if runs else None
    for run in runs:
        run.pop("dual")
        run["excess"] = float(np.max(run.pop("objective") - best)) / null_objective


def race_cell(cell, commands, options):
    """Return a description of a cell and the results of the solvers in commands."""
    problem = cell.load()
    alphas = cell.alphas(problem)
    X = problem.X
    results, limit = {}, options.limit
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        save_problem(folder, problem, alphas)
        for name, command in commands.items():
            solver = SOLVERS[name]
            if not solver.applies(problem):
                continue
            results[name] = result = race_solver(
                solver, command, folder, problem, alphas, options, limit
            )
            limit = min(limit, max(10, BEHIND * seconds(result, options.target)))
    add_excess(results, problem.null_objective)
    return {
        "n_samples": X.shape[0],
        "n_features": X.shape[1],
        "density": X.nnz / (X.shape[0] * X.shape[1]) if sp.issparse(X) else None,
        "target": options.target,
        "solvers": results,
    }


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", help="names or patterns, with commas between")
    parser.add_argument("--quick", action="store_true", help="a few small cells")
    parser.add_argument("--list", action="store_true", help="name the cells and stop")
    parser.add_argument(
        "--peers", default=",".join(list(SOLVERS)[1:]),
        help="solvers beside riata, with commas between; '' for none",
    )  # fmt: skip
    parser.add_argument("--no-riata", action="store_true")
    parser.add_argument("--repeat", type=int, default=3, help="runs of a short call")
    parser.add_argument("--target", type=float, default=1e-6, help="worst relative gap")
    parser.add_argument(
        "--limit", type=float, help="seconds for a run: 120, or 10 with --quick"
    )
    parser.add_argument(
        "--cpu", dest="clock", action="store_const", const="cpu_seconds",
        default="seconds", help="time in processor seconds, for a busy machine",
    )  # fmt: skip
    parser.add_argument(
        "--json", type=Path, default=HERE / "results" / "race.json",
        help="results, added to those that the file holds already",
    )  # fmt: skip
    parser.add_argument(
        "--curves", action="store_true",
        help="climb on beyond the target, to the end of every solver's tolerances",
    )  # fmt: skip
    parser.add_argument("--table", type=Path, help="write Markdown and stop")
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER",
        help="draw gaps against times (with matplotlib) and stop",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.limit is None:
        options.limit = 10.0 if options.quick else 120.0
    return options


def solvers_to_race(options):
    """Return the commands of the solvers that are asked for and installed."""
    names = [] if options.no_riata else ["riata"]
    names += [name for name in options.peers.split(",") if name]
    for name in set(names) - set(SOLVERS):
        raise SystemExit(f"no solver {name!r}; there are {', '.join(SOLVERS)}")
    commands = {name: SOLVERS[name].command() for name in names}
    missing = [name for name, command in commands.items() if command is None]
    if missing:
        print(f"not installed, left out: {', '.join(missing)}")
    return {name: command for name, command in commands.items() if command}


def show(store, folder):
    """Draw the results and say where."""
    try:
        files = draw(store, folder)
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error}; pip install 'riata[plot]'") from error
    names = ", ".join(file.name for file in files)
    print(f"The pictures are in {folder}: {names}" if files else "no results to draw")


def main():
    options = parse()
    store = {"cells": {}}
    if options.json.exists():
        store = json.loads(options.json.read_text())
    if options.table:
        options.table.write_text(markdown(store))
    if options.pictures:
        show(store, options.pictures)
    if options.table or options.pictures:
        return
    cells = all_cells()
    if options.quick:
        cells = {name: cell for name, cell in cells.items() if name in QUICK}
    if options.cells:
        wanted = options.cells.split(",")
        cells = {k: v for k, v in cells.items() if any(fnmatch(k, w) for w in wanted)}
    if options.list:
        print("\n".join(cells))
        return
    commands = solvers_to_race(options)
    for name, cell in cells.items():
        result = race_cell(cell, commands, options)
        solvers = store["cells"].get(name, {}).get("solvers", {}) | result["solvers"]
        store["cells"][name] = result | {"solvers": solvers}
        store["machine"] = machine()
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(store, indent=1))
        table = cell_table(store["cells"][name])
        print(f"\n{name} (kernels {kernel_level()})\n{table}", flush=True)


if __name__ == "__main__":
    main()
