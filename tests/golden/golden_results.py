"""Results of `problems.py` must equal the recorded ones, bit for bit.

    make golden
    python -m pytest tests/golden/golden_results.py -k ridge
    python tests/golden/golden_results.py --record [NAME ...]

The first two compare with `results.npz`, or with the file that RIATA_GOLDEN names; the
last records the results of all problems, or of those named. Record on a commit whose
results are known to be good. A change that only restructures the code changes no bit. One
that does change bits is judged by the report of the differences, and its commit records
the results again and gives the reason.

Plain `pytest` does not collect this file: bits depend on the processor and on the
libraries, and `results.npz` says which ones they were recorded with.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 (so that threadpoolctl sees SciPy's BLAS as well)
import threadpoolctl

import riata

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from problems import PROBLEMS, solve  # noqa: E402

RECORDED = Path(os.environ.get("RIATA_GOLDEN") or HERE / "results.npz")
ABOUT = "about"  # the machine, and which arrays are where
KEPT_VERSIONS = ("numpy", "scipy", "scikit-learn", "kernels")
RECORD = (
    "To record results on this machine, check out a commit that is known to be good, "
    "build it, run `python tests/golden/golden_results.py --record`, and keep "
    "tests/golden/results.npz for the comparison."
)


def machine():
    """What bits depend on besides the code, as a dict of strings."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        riata.show_versions()
    versions = dict(line.split(maxsplit=1) for line in text.getvalue().splitlines())
    found = {name: versions[name] for name in KEPT_VERSIONS}
    cores = sorted(
        f"{library['internal_api']} {library['version']} {library['architecture']}"
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    )
    return found | {"blas": ", ".join(cores), "processor": processor()}


def processor():
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read():
    """The recorded results by problem, and the machine that they were recorded on."""
    if not RECORDED.exists():
        return {}, {}
    with np.load(RECORDED, allow_pickle=False) as file:
        about = json.loads(str(file[ABOUT]))
        results = {
            problem: {
                name: array
                for k, names in enumerate(groups)
                for name, array in zip(names, file[f"{problem}/{k}"], strict=True)
            }
            for problem, groups in about["names"].items()
        }
    return results, about["machine"]


def write(results, here):
    """Write the results; arrays of one type and shape together, to save space."""
    arrays, names = {}, {}
    for problem, found in results.items():
        groups = {}
        for name, array in found.items():
            groups.setdefault((str(array.dtype), array.shape), []).append(name)
        names[problem] = list(groups.values())
        for k, group in enumerate(groups.values()):
            arrays[f"{problem}/{k}"] = np.stack([found[name] for name in group])
    about = json.dumps({"machine": here, "names": names})
    np.savez_compressed(RECORDED, **{ABOUT: about}, **arrays)


def compute(name):
    """The results of a problem, on one thread of BLAS."""
    with threadpoolctl.threadpool_limits(1):
        return solve(name)


# --- Comparison.


def same_bits(a, b):
    """Whether two arrays agree bit for bit, any NaN being equal to any other."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.names:
        return all(same_bits(a[name], b[name]) for name in a.dtype.names)
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    bits = f"i{a.dtype.itemsize}"
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return bool(((a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))).all())


def difference(recorded, now):
    """One line about two arrays that differ."""
    if recorded.dtype.names and now.dtype.names:
        fields = dict.fromkeys((*recorded.dtype.names, *now.dtype.names))
        return ", ".join(
            f"{name} {value_of(recorded, name)} -> {value_of(now, name)}"
            for name in fields
            if value_of(recorded, name) != value_of(now, name)
        )
    if recorded.shape != now.shape:
        return f"shape {recorded.shape} -> {now.shape}"
    if recorded.dtype.kind in "fiub" and now.dtype.kind in "fiub":
        return numeric_difference(recorded, now)
    different = np.flatnonzero(recorded != now)
    pairs = [f"{recorded.flat[k]} -> {now.flat[k]}" for k in different[:5]]
    return f"{len(different)} of {now.size} differ: {', '.join(pairs)}"


def value_of(record, name):
    """A field of a record, formatted, or a dash if there is no such field."""
    return f"{record[name]:.10g}" if name in record.dtype.names else "-"


def numeric_difference(recorded, now):
    """The largest differences between two arrays of numbers; integers side by side."""
    note = "" if recorded.dtype == now.dtype else f"{recorded.dtype} -> {now.dtype}; "
    if recorded.dtype.kind != "f" and now.dtype.kind != "f" and now.size <= 40:
        return f"{note}{recorded.tolist()} -> {now.tolist()}"
    a, b = recorded.astype(float), now.astype(float)
    with np.errstate(all="ignore"):
        absolute = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, abs(a - b))
        absolute[np.isnan(absolute)] = np.inf  # a number on one side only
        relative = np.where(absolute == 0.0, 0.0, absolute / np.maximum(abs(a), abs(b)))
        size = np.nanmax(abs(a), initial=0.0)
    return (
        f"{note}largest absolute difference {absolute.max(initial=0.0):.2e}, relative "
        f"{relative.max(initial=0.0):.2e}, in {np.count_nonzero(absolute)} of {a.size} "
        f"entries; largest recorded entry {size:.2e}"
    )


def report(recorded, now):
    """A line for each array that differs, is missing or is new."""
    lines = []
    for key in dict.fromkeys((*recorded, *now)):
        if key not in now:
            lines.append(f"{key}: is missing now")
        elif key not in recorded:
            lines.append(f"{key}: is not in the record")
        elif not same_bits(recorded[key], now[key]):
            lines.append(f"{key}: {difference(recorded[key], now[key])}")
    return lines


# --- Tests.


@pytest.fixture(scope="module")
def golden():
    """The recorded results, if they were recorded where this runs."""
    results, there = read()
    here = machine()
    if not there:
        pytest.fail(f"{RECORDED.name} does not exist. {RECORD}", pytrace=False)
    if here != there:
        changes = "; ".join(
            f"{key}: {there.get(key)} -> {here.get(key)}"
            for key in dict.fromkeys((*there, *here))
            if there.get(key) != here.get(key)
        )
        message = f"The results were recorded on another machine ({changes}). {RECORD}"
        pytest.fail(message, pytrace=False)
    return results


def test_all_recorded_results_have_a_problem(golden):
    assert sorted(set(golden) - set(PROBLEMS)) == []


@pytest.mark.parametrize("name", PROBLEMS)
def test_results_equal_recorded_ones(name, golden):
    if name not in golden:
        pytest.fail(
            f"{name} is not recorded: run `python tests/golden/golden_results.py "
            f"--record {name}` on a commit that is known to be good.", pytrace=False
        )
    lines = report(golden[name], compute(name))
    if lines:
        pytest.fail("\n".join([f"{name} differs from its record:", *lines]), pytrace=False)


# --- Recording.


def record(names):
    """Record results: of all problems, or of some beside the others that are recorded."""
    results, there = read() if names else ({}, {})
    here = machine()
    if there and there != here:
        raise SystemExit("The other results were recorded on another machine: name none.")
    for name in names or PROBLEMS:
        results[name] = compute(name)
    write({name: results[name] for name in PROBLEMS if name in results}, here)
    size = RECORDED.stat().st_size
    print(f"Recorded {len(names) or len(PROBLEMS)} problems; the file has {size} bytes.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--record", nargs="*", metavar="NAME", required=True, choices=list(PROBLEMS)
    )
    record(parser.parse_args().record)
