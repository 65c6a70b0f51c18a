"""Fixtures shared by the tests: storages of X, seeds, real data, example counts."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, settings

HERE = Path(__file__).resolve().parent
# The tests import their oracle, `reference.py`, as a plain module.
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

# The same examples at each run, so that a failure is the fault of a change.
# HYPOTHESIS_PROFILE=nightly looks for new ones.
# (drawing examples may well be slow where other work runs beside the tests)
patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("riata", derandomize=True, max_examples=50, **patient)
settings.register_profile("nightly", max_examples=5000, **patient)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "riata"))


def data_dir():
    """Folder of the real data sets, or None: RIATA_DATA, or beside the repository."""
    named = os.environ.get("RIATA_DATA")
    folder = Path(named) if named else HERE.parent.parent / "shared" / "data"
    return folder if (folder / "load.py").is_file() else None


# Without the data there is nothing to collect, and nothing shows as skipped.
collect_ignore = [] if data_dir() else ["test_real_data.py"]


@pytest.fixture(scope="session")
def load_real():
    """The function ``load(name, dtype=...) -> X, y, meta`` of the data folder."""
    spec = importlib.util.spec_from_file_location(
        "riata_real_data", data_dir() / "load.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load


def _strided(X):
    big = np.full((2 * X.shape[0], 3 * X.shape[1]), np.nan, dtype=X.dtype)
    big[::2, 1::3] = X
    return big[::2, 1::3]


def _memmap(X, folder):
    X = np.asfortranarray(X)
    X.T.tofile(folder / "X.bin")
    return np.memmap(folder / "X.bin", X.dtype, "r", shape=X.shape, order="F")


def _read_only(X):
    if sp.issparse(X):
        for part in (X.data, X.indices, X.indptr):
            part.flags.writeable = False
    else:
        X.flags.writeable = False
    return X


def _unaligned(X):
    raw = np.zeros(X.nbytes + 1, dtype=np.uint8)
    out = raw[1:].view(X.dtype).reshape(X.shape)
    out[...] = X
    return out


def _wide_indices(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _unsorted(X):
    for j in range(len(X.indptr) - 1):
        part = slice(X.indptr[j], X.indptr[j + 1])
        X.indices[part], X.data[part] = X.indices[part][::-1], X.data[part][::-1]
    return type(X)((X.data, X.indices, X.indptr), shape=X.shape)


def _duplicated(X):
    """Each entry x stored as x/2, x/4, x/4: legal in SciPy, and exact to sum."""
    data = np.repeat(X.data, 3) * np.tile([0.5, 0.25, 0.25], X.nnz).astype(X.dtype)
    return type(X)((data, np.repeat(X.indices, 3), 3 * X.indptr), shape=X.shape)


def _explicit_zeros(X):
    dense = X.toarray()
    full = sp.csc_array(np.ones_like(dense))
    full.data[:] = dense.T.ravel()
    return full


STORAGES = {
    "fortran": lambda X, _: np.asfortranarray(X),
    "c": lambda X, _: np.ascontiguousarray(X),
    "strided": lambda X, _: _strided(X),
    "reversed": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
    "read_only": lambda X, _: _read_only(X.copy(order="F")),
    "memmap": _memmap,
    "big_endian": lambda X, _: X.astype(X.dtype.newbyteorder(">")),
    "unaligned": lambda X, _: _unaligned(X),
    "list": lambda X, _: X.tolist(),
    "csc_matrix": lambda X, _: sp.csc_matrix(X),
    "csc_array": lambda X, _: sp.csc_array(X),
    "csr_matrix": lambda X, _: sp.csr_matrix(X),
    "csr_array": lambda X, _: sp.csr_array(X),
    "coo_array": lambda X, _: sp.coo_array(X),
    "csc_int64": lambda X, _: _wide_indices(sp.csc_array(X)),
    "csr_int64": lambda X, _: _wide_indices(sp.csr_array(X)),
    "csc_read_only": lambda X, _: _read_only(sp.csc_array(X)),
    "csc_unsorted": lambda X, _: _unsorted(sp.csc_array(X)),
    "csr_unsorted": lambda X, _: _unsorted(sp.csr_array(X)),
    "csc_duplicates": lambda X, _: _duplicated(sp.csc_array(X)),
    "csr_duplicates": lambda X, _: _duplicated(sp.csr_array(X)),
    "csc_explicit_zeros": lambda X, _: _explicit_zeros(sp.csc_array(X)),
}


@pytest.fixture(params=list(STORAGES))
def storage(request, tmp_path):
    """A function that stores a dense array in one of the ways X may come."""
    store = STORAGES[request.param]
    return lambda X: store(X, tmp_path)


@pytest.fixture(params=["fortran", "c", "csc_array", "csr_array"])
def main_storage(request, tmp_path):
    """As `storage`, the four ways that take different paths through the program."""
    store = STORAGES[request.param]
    return lambda X: store(X, tmp_path)


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def dtype(request):
    return request.param


@pytest.fixture(params=[0, 1, 2])
def seed(request):
    return request.param
