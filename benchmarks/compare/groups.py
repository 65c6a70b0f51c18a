"""The race of penalties on groups, and of several targets, at equal certified accuracy.

    python benchmarks/compare/groups.py                 # all cells
    python benchmarks/compare/groups.py --cells 'group-5*'

Every solver gets the same 100 alphas, no intercept and one thread, in a process of its own
(`peers.py` makes the environments), and is charged the processor time of its loosest
tolerance whose worst duality gap over the path, as a share of the null objective, is at
most 1e-6. The gap is computed here in plain NumPy from the coefficients. Where a solver
does not get there within the limit, the table says how far it came.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from cells import autoregressive
from levels import machine

HERE = Path(__file__).resolve().parent
TARGET = 1e-6
LADDERS = {
    "adelie": [10.0**-k for k in range(7, 17)],
    "celer": [10.0**-k for k in range(4, 13)],
    "sklearn": [10.0**-k for k in range(3, 9)],
}
ENVIRONMENTS = {"adelie": "adelie", "celer": "python", "sklearn": "python"}


def signal(X, n_groups, size, rng):
    """A signal from some groups of neighbours, with as much noise as half its variance."""
    w = np.zeros(X.shape[1])
    for g in rng.choice(X.shape[1] // size, n_groups, replace=False):
        w[g * size:(g + 1) * size] = rng.standard_normal(size)
    eta = X @ w
    return eta, eta + rng.standard_normal(len(eta)) * eta.std() / np.sqrt(2.0)


def grouped(n, p, rho, size, loss="squared"):
    """Columns of which neighbours are correlated, and a target that 20 groups explain."""
    X, _ = autoregressive(n, p, rho, 5)
    rng = np.random.default_rng(1)
    eta, y = signal(X, 20, size, rng)
    if loss == "logistic":
        y = (rng.random(n) < 1.0 / (1.0 + np.exp(-3.0 * eta / eta.std()))).astype(float)
    return X, y, size, loss


def targets(n, p, count):
    """The same for several targets, which share 50 features."""
    X, _ = autoregressive(n, p, 0.5, 5)
    rng = np.random.default_rng(1)
    W = np.zeros((p, count))
    W[rng.choice(p, 50, replace=False)] = rng.standard_normal((50, count))
    eta = X @ W
    noise = rng.standard_normal(eta.shape) * eta.std() / np.sqrt(2.0)
    return X, eta + noise, 1, "targets"


CELLS = {  # data, share of absolute values, end of the grid, peers
    "group-5": (lambda: grouped(200, 20_000, 0.9, 5), 0.0, 0.05, ("adelie", "celer")),
    "group-20": (lambda: grouped(200, 20_000, 0.9, 20), 0.0, 0.05, ("adelie", "celer")),
    "sparse-group-5": (lambda: grouped(200, 20_000, 0.9, 5), 0.5, 0.05, ()),
    "sparse-group-20": (lambda: grouped(200, 20_000, 0.9, 20), 0.5, 0.05, ()),
    "group-5-tall": (lambda: grouped(20_000, 1000, 0.5, 5), 0.0, 0.01, ("adelie",)),
    "group-5-logistic": (
        lambda: grouped(200, 20_000, 0.9, 5, "logistic"), 0.0, 0.1, ("adelie",)
    ),
    "targets-10": (lambda: targets(500, 5000, 10), 0.0, 0.05, ("adelie", "sklearn")),
}


class Referee:
    """Gaps of coefficients, in plain NumPy."""

    def __init__(self, X, y, size, loss, share):
        self.X, self.y, self.size, self.loss, self.share = X, y, size, loss, share

    def values(self, eta):
        """Mean loss, and minus its gradient."""
        n = len(self.y)
        if self.loss == "logistic":
            value = np.logaddexp(0.0, eta) - self.y * eta
            return value.sum() / n, (self.y - 1.0 / (1.0 + np.exp(-eta))) / n
        residual = self.y - eta
        return 0.5 * (residual**2).sum() / n, residual / n

    def groups(self, w):
        """Coefficients or correlations with a group in each row."""
        return w.reshape(-1, self.size) if w.ndim == 1 else w

    def critical(self, c):
        """The least alpha for which all coefficients are zero, by bisection."""
        A, weight = np.abs(self.groups(c)), np.sqrt(self.size)
        low, high = np.zeros(len(A)), np.linalg.norm(A, axis=1) / (
            (1.0 - self.share) * weight
        )
        for _ in range(60):
            middle = 0.5 * (low + high)
            norm = np.linalg.norm(
                np.maximum(A - self.share * middle[:, None], 0.0), axis=1
            )
            beyond = norm > (1.0 - self.share) * weight * middle
            low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
        return high.max()

    def penalty(self, w):
        """The penalty at alpha = 1."""
        norms = np.linalg.norm(self.groups(w), axis=1).sum()
        weight = np.sqrt(self.size) * (1.0 - self.share)
        return weight * norms + self.share * np.abs(w).sum()

    def gap(self, w, alpha):
        """Primal objective less that of the shrunk residual, a feasible dual point."""
        eta = self.X @ w
        loss, r = self.values(eta)
        c = self.X.T @ r
        critical = self.critical(c)
        kappa = min(1.0, alpha / critical)
        theta = kappa * r * len(self.y)  # the dual point, of the sum of the losses
        if self.loss == "logistic":
            p = np.clip(self.y - theta, 1e-300, 1.0 - 1e-16)
            dual = -(p * np.log(p) + (1.0 - p) * np.log1p(-p)).sum() / len(self.y)
        else:
            dual = ((self.y * theta).sum() - 0.5 * (theta**2).sum()) / len(self.y)
        return loss + alpha * self.penalty(w) - dual


def by_riata(data, share, alphas):
    """Processor seconds and coefficients of riata."""
    from riata import fit_path
    from riata.penalties import RowGroup, SparseGroup

    X, y, size, loss = data
    p = X.shape[1]
    penalty = RowGroup() if loss == "targets" else SparseGroup(
        np.arange(p) // size, l1_share=share
    )
    options = {
        "penalty": penalty, "fit_intercept": False, "n_threads": 1, "tol": 1e-6,
        "loss": "squared" if loss == "targets" else loss,
    }
    fit_path(X, y, alphas=alphas[:3], **options)
    start = time.process_time()
    path = fit_path(X, y, alphas=alphas, **options)
    seconds = time.process_time() - start
    return seconds, np.moveaxis(path.coefs, -1, 0).swapaxes(1, -1)


def by_peer(solver, data, alphas, tol, limit):
    """The same of a peer, or None where it takes too long."""
    X, y, size, loss = data
    python = HERE / ".envs" / ENVIRONMENTS[solver] / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/data.npz", X=X, y=y, size=size, loss=loss, alphas=alphas)
        names = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"
        try:
            done = subprocess.run(
                [python, HERE / "groups_peer.py", folder, solver, repr(tol)],
                capture_output=True, text=True, check=True, timeout=limit,
                env={**os.environ, **dict.fromkeys(names, "1")},
            )
        except subprocess.TimeoutExpired:
            return None
        except subprocess.CalledProcessError as error:
            print(error.stderr[-500:], file=sys.stderr)
            return None
        return float(done.stdout.split()[-1]), np.load(f"{folder}/coefs.npy")


def race(name, limit):
    """Print the rows of a cell."""
    make, share, end, peers = CELLS[name]
    data = make()
    referee = Referee(*data, share)
    X, y = data[0], data[1]
    loss, r = referee.values(np.zeros(y.shape))
    alphas = referee.critical(X.T @ r) * np.geomspace(1.0, end, 100)

    def worst(coefs):
        gaps = [referee.gap(w, alpha) for w, alpha in zip(coefs, alphas, strict=True)]
        return max(gaps) / loss

    seconds, coefs = by_riata(data, share, alphas)
    active = np.count_nonzero(coefs[-1].reshape(X.shape[1], -1).any(axis=1))
    facts = f"{seconds:.3f} | {worst(coefs):.1e} | {active}"
    print(f"| {name} | riata | {facts} | |", flush=True)
    for solver in peers:
        last = None
        for tol in LADDERS[solver]:
            found = by_peer(solver, data, alphas, tol, limit)
            if found is None:
                break
            last = found[0], worst(found[1]), tol
            if last[1] <= TARGET:
                break
        if last is None:
            print(f"| {name} | {solver} | | | | nothing in {limit:.0f} s |", flush=True)
            continue
        ratio = f"{last[0] / seconds:.1f}" if last[1] <= TARGET else "not reached"
        print(
            f"| {name} | {solver} ({last[2]:.0e}) | {last[0]:.3f} | {last[1]:.1e} | "
            f"| {ratio} |", flush=True,
        )


def main():
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", default="*", help="a pattern")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of a run")
    options = parser.parse_args()
    print(f"{machine()}; one thread; processor seconds\n")
    print("| cell | solver | s | worst gap | features at the end | / riata |")
    print("| --- | --- | --: | --: | --: | --: |")
    for name in CELLS:
        if fnmatch(name, options.cells):
            race(name, options.limit)


if __name__ == "__main__":
    main()
