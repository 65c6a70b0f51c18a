"""Interrupts, threads, forks: a fit is a good citizen of its process."""

import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import riata
from riata.datasets import make_correlated_data, make_sparse_data

# Fits that take far longer than a test may: each is stopped from outside.
LONG_FITS = {
    "dense": """
        X, y, _ = make_correlated_data(2000, 4000, rho=0.99, random_state=0)
        options = {"alphas": 2000, "alpha_min_ratio": 1e-7, "tol": 1e-12}
    """,
    "dense_one_alpha": """
        X, y, _ = make_correlated_data(3000, 6000, rho=0.999, random_state=0)
        options = {"alphas": [1e-7], "tol": 1e-12, "max_iter": 10**9}
    """,
    "sparse": """
        X, y, _ = make_sparse_data(5000, 10_000, 0.02, random_state=0)
        options = {"alphas": 2000, "alpha_min_ratio": 1e-7, "tol": 1e-12}
    """,
    "sparse_one_alpha": """
        X, y, _ = make_sparse_data(5000, 10_000, 0.02, random_state=0)
        options = {"alphas": [1e-6], "tol": 1e-12, "max_iter": 10**9}
    """,
    "ridge": """
        X, y, _ = make_correlated_data(4000, 4000, rho=0.9, random_state=0)
        options = {"alphas": 2000, "alpha_min_ratio": 1e-9, "l1_ratio": 0.0}
    """,
}

SCRIPT = """
import signal, time, warnings
signal.signal(signal.SIGINT, signal.default_int_handler)  # may have been ignored above
import numpy as np
import riata
from riata.datasets import make_correlated_data, make_sparse_data
{problem}
print("ready", flush=True)
try:
    riata.fit_path(X, y, **options)
except KeyboardInterrupt:
    print("interrupted", flush=True)
path = riata.fit_path(X[:, :20], y, alphas=5)
assert np.all(path.relative_gap <= 1e-6)
print("usable", flush=True)
"""


@pytest.mark.parametrize("name", LONG_FITS)
def test_interrupt_stops_a_fit(name):
    script = SCRIPT.format(problem=textwrap.dedent(LONG_FITS[name]))
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        sent = time.perf_counter()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.perf_counter() - sent < 5.0
        assert child.stdout.readline() == "usable\n"
        assert child.wait(timeout=30) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


# --- Threads --------------------------------------------------------------------------


def same_bits(path, other):
    names = ("alphas", "intercept", "dual_gap", "objective", "kkt", "n_active")
    return np.array_equal(path.coef.toarray(), other.coef.toarray()) and all(
        np.array_equal(getattr(path, name), getattr(other, name)) for name in names
    )


@pytest.mark.parametrize("make", [make_correlated_data, make_sparse_data])
def test_same_input_same_bits(make):
    X, y, _ = make(300, 2000, random_state=0)
    fits = [riata.fit_path(X, y, alphas=30, n_threads=n) for n in (1, 1, 2, 2)]
    assert same_bits(fits[0], fits[1])
    assert same_bits(fits[2], fits[3])


@pytest.mark.parametrize("make", [make_correlated_data, make_sparse_data])
def test_number_of_threads_does_not_matter(make):
    X, y, _ = make(400, 5000, random_state=0)
    one = riata.fit_path(X, y, alphas=20, n_threads=1)
    two = riata.fit_path(X, y, alphas=20, n_threads=2)
    assert same_bits(one, two)


def test_concurrent_fits_equal_serial_ones():
    X, y, _ = make_correlated_data(200, 1000, random_state=0)
    serial = [riata.fit_path(X, y + k, alphas=20) for k in range(4)]
    concurrent = [None] * 4

    def fit(k):
        concurrent[k] = riata.fit_path(X, y + k, alphas=20)

    threads = [threading.Thread(target=fit, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(same_bits, serial, concurrent))


def test_the_interpreter_runs_during_a_fit():
    X, y, _ = make_correlated_data(500, 2000, rho=0.9, random_state=0)
    longest, stop = [0.0], threading.Event()

    def watch():
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            longest[0], last = max(longest[0], now - last), now

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    riata.fit_path(X, y, alphas=[riata.alpha_max(X, y) * 1e-2], n_threads=1)
    elapsed = time.perf_counter() - start
    stop.set()
    watcher.join()
    # Holding the interpreter throughout would show as one pause of `elapsed`.
    assert longest[0] < max(0.5 * elapsed, 0.1)


def test_fitting_leaves_global_state():
    import logging

    def state():
        generator = np.random.get_state()  # noqa: NPY002
        return (
            list(warnings.filters),
            generator[1].tobytes(),
            generator[2],
            signal.getsignal(signal.SIGINT),
            list(logging.root.handlers),
            np.geterr(),
        )

    X, y, _ = make_correlated_data(30, 50, random_state=0)
    before = state()
    riata.fit_path(X, y, alphas=5)
    riata.fit_path(sp.csc_array(X), y, alphas=5, n_threads=2)
    assert state() == before
    # No flush-to-zero: subnormal numbers still exist.
    assert np.float64(5e-324) / 1 != 0


def test_fork_after_a_fit():
    # In a child of its own: a fork of the process of the tests could deadlock it.
    script = """
import os, sys
import numpy as np
import riata
from riata.datasets import make_correlated_data
X, y, _ = make_correlated_data(400, 5000, random_state=0)
first = riata.fit_path(X, y, alphas=10, n_threads=2)
for _ in range(3):
    child = os.fork()
    if child == 0:
        again = riata.fit_path(X, y, alphas=10, n_threads=2)
        same = np.array_equal(first.coef.toarray(), again.coef.toarray())
        os._exit(0 if same else 3)
    assert os.waitpid(child, 0)[1] == 0
assert np.all(riata.fit_path(X, y, alphas=10, n_threads=2).relative_gap <= 1e-6)
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert done.returncode == 0
