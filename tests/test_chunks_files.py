"""Files that change, vanish or are truncated while they are read, and temporary files."""

import mmap
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import sparse

from riata import cv_path, fit_path, open_chunks
from riata.chunks._blocks import Folder
from riata.chunks._files import SourceFile

LIMIT = 2**17
posix = pytest.mark.skipif(os.name != "posix", reason="files in use cannot be changed")


def make(n=240, p=12):
    rng = np.random.default_rng(0)
    A = np.round(rng.standard_normal((n, p)), 3)
    A[rng.random((n, p)) < 0.3] = 0.0
    return A, A[:, 0] - A[:, 3] + rng.standard_normal(n)


# --- What is opened is what the array holds.

VIEWS = {
    "rows": lambda M: M[40:],
    "columns": lambda M: M[:, 3:9],
    "every other column": lambda M: M[:, ::2],
    "every other row": lambda M: M[::2],
    "backwards": lambda M: M[::-1, ::-3],
    "transposed": lambda M: M[3:].T,
    "plain": lambda M: np.asarray(M)[7:, 2:],
    "one column": lambda M: M[5:, 3:4],
    "one row": lambda M: M[5:6],
    "repeated": lambda M: np.broadcast_to(M[8], (5, M.shape[1])),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_views_of_memory_maps(view, axis, order, mode, tmp_path):
    A, _ = make()
    np.save(tmp_path / "X.npy", np.asarray(A, order=order))
    M = np.load(tmp_path / "X.npy", mmap_mode=mode)
    if mode == "c":
        M[50, 4] = 1e6  # which the file does not get
    V = VIEWS[view](M)
    for spool in (False, True):
        with open_chunks(V, axis=axis, memory_limit=LIMIT // 2, spool=spool) as X:
            np.testing.assert_array_equal(X @ np.eye(V.shape[1]), V)


@pytest.mark.parametrize("axis", [0, 1])
def test_long_gaps_between_lines(axis, tmp_path, monkeypatch):
    monkeypatch.setattr("riata.chunks._files.GAP_BYTES", 8)
    monkeypatch.setattr("riata.chunks._files.PANEL_BYTES", 300)
    A, _ = make()
    np.save(tmp_path / "X.npy", A)
    for V in (A[:, 3:5], A[:, ::2], A[::-2]):
        M = np.load(tmp_path / "X.npy", mmap_mode="r")
        W = np.ndarray(V.shape, V.dtype, M.base, M.offset % mmap.ALLOCATIONGRANULARITY + (
            V.__array_interface__["data"][0] - A.__array_interface__["data"][0]
        ), V.strides)
        X = open_chunks(W, axis=axis, memory_limit=2**16)
        np.testing.assert_array_equal(X @ np.eye(V.shape[1]), V)


@posix
def test_memory_maps_of_files_without_that_name(tmp_path):
    A, _ = make()
    np.save(tmp_path / "X.npy", A)
    M = np.load(tmp_path / "X.npy", mmap_mode="r")
    (tmp_path / "X.npy").rename(tmp_path / "Y.npy")
    np.save(tmp_path / "X.npy", A + 1.0)
    np.testing.assert_array_equal(open_chunks(M, memory_limit=LIMIT) @ np.eye(12), A)
    (tmp_path / "Y.npy").unlink()
    np.testing.assert_array_equal(open_chunks(M, memory_limit=LIMIT) @ np.eye(12), A)
    with mmap.mmap(-1, A.nbytes) as memory:  # no file at all
        V = np.frombuffer(memory).reshape(A.shape)
        V[:] = A
        X = open_chunks(V, memory_limit=LIMIT)
        np.testing.assert_array_equal(X @ np.eye(12), A)
        del V, X


# --- Changes.

def npy(folder, A):
    np.save(folder / "X.npy", A)
    return folder / "X.npy", folder / "X.npy"


def npy_columns(folder, A):
    np.save(folder / "X.npy", np.asfortranarray(A))
    return folder / "X.npy", folder / "X.npy"


def npy_folder(folder, A):
    for k in range(4):
        np.save(folder / f"part{k}.npy", A[60 * k:60 * k + 60])
    return folder, folder / "part2.npy"


def npy_strided(folder, A):
    np.save(folder / "X.npy", np.repeat(A, 2, axis=1))
    return np.load(folder / "X.npy", mmap_mode="r")[:, ::2], folder / "X.npy"


def npz(folder, A):
    for k in range(4):
        sparse.save_npz(folder / f"part{k}.npz", sparse.csr_array(A[60 * k:60 * k + 60]))
    return folder, folder / "part2.npz"


def zarr(folder, A):
    module = pytest.importorskip("zarr")
    array = module.create_array(folder / "X.zarr", shape=A.shape, chunks=(60, 12),
                                dtype="f8", compressors=None)
    array[:] = A
    (file,) = (f for f in (folder / "X.zarr").rglob("0") if f.parent.name == "2")
    return folder / "X.zarr", file


def overwrite(file):
    """Other values at the end, of the same size."""
    with open(file, "r+b") as opened:
        opened.seek(-8, os.SEEK_END)
        opened.write(np.float64(0.5).tobytes())


def replace(file):
    other = file.with_name("new.tmp")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def truncate(file):
    os.truncate(file, file.stat().st_size - 8)


def remove(file):
    file.unlink()


@posix
@pytest.mark.parametrize("source", [npy, npy_columns, npy_folder, npy_strided, npz, zarr])
@pytest.mark.parametrize("change", [overwrite, replace, truncate, remove])
@pytest.mark.parametrize(("when", "loss"), [
    ("before", "squared"), ("reading", "logistic"), ("at the end", "squared"),
])
def test_a_file_that_changes(source, change, when, loss, tmp_path):
    A, y = make()
    if loss == "logistic":
        y = (y > 0).astype(float)
    given, file = source(tmp_path, A)

    def act(step):
        done.append(step)
        if len(done) == 1:
            change(file)

    done, options = [], {"loss": loss, "alphas": 5}
    options["callback"] = act if when == "at the end" else None
    X = open_chunks(given, spool=False, memory_limit=LIMIT,
                    progress=act if when == "reading" else None)
    if when == "before":
        act(None)
    with pytest.raises(ValueError, match=file.name if source is not zarr else "X.zarr"):
        fit_path(X, y, **options)
    assert done
    if change is overwrite:  # nor later
        with pytest.raises(ValueError, match="has changed since it was opened"):
            X @ np.eye(12)


@posix
def test_a_file_that_is_added(tmp_path):
    A, y = make()
    given, file = npy_folder(tmp_path, A)

    def act(step):
        (tmp_path / "part4.npy").write_bytes(file.read_bytes())

    X = open_chunks(given, memory_limit=LIMIT)
    (tmp_path / "notes.txt").write_text("nothing that riata would open")
    fit_path(X, y)
    with pytest.raises(ValueError, match=r"has changed .*part4\.npy was added"):
        fit_path(X, y, callback=act)


@posix
def test_cross_validation_on_a_file_that_changes(tmp_path):
    A, y = make()
    np.save(tmp_path / "X.npy", A)
    X = open_chunks(tmp_path / "X.npy", memory_limit=4 * LIMIT)

    def act(step):
        overwrite(tmp_path / "X.npy")

    with pytest.raises(ValueError, match=r"X\.npy has changed since it was opened"):
        cv_path(X, y, cv=3, alphas=5, callback=act)


@posix
def test_a_memory_map_that_is_written_to(tmp_path):
    A, y = make()
    np.save(tmp_path / "X.npy", A)
    M = np.load(tmp_path / "X.npy", mmap_mode="r+")
    M[:] = A + 1.0  # not yet in the file
    X = open_chunks(M, memory_limit=LIMIT)
    np.testing.assert_array_equal(X @ np.eye(12), A + 1.0)

    def act(step):
        M[3, 3] = 5.0
        M.flush()

    with pytest.raises(ValueError, match=r"X\.npy has changed .*was written to"):
        fit_path(X, y, callback=act)


@posix
def test_files_that_were_spooled_may_change(tmp_path):
    A, y = make()
    given, file = npz(tmp_path, A)
    with open_chunks(given, memory_limit=LIMIT) as X:
        file.unlink()
        path = fit_path(X, y, tol=1e-12)
    np.testing.assert_allclose(path.coefs, fit_path(A, y, tol=1e-12).coefs, atol=1e-9)


@posix
def test_a_file_that_changes_while_it_is_spooled(tmp_path, monkeypatch):
    A, _ = make()
    given, file = npy_folder(tmp_path, A)
    write = Folder.write

    def act(self, number, X):
        if not number:
            overwrite(file)
        return write(self, number, X)

    monkeypatch.setattr("riata.chunks._blocks.Folder.write", act)
    with pytest.raises(ValueError, match=r"part2\.npy has changed since it was opened"):
        open_chunks(given, spool=True)


def test_a_write_right_after_the_opening_shows(tmp_path):
    for k in range(5):
        file = tmp_path / f"{k}"
        file.write_bytes(b"old")
        state = SourceFile.of(file)
        file.write_bytes(b"new")
        with pytest.raises(ValueError, match="was written to"):
            state.check()


TRUNCATED = """
    import mmap, os, sys
    import numpy as np
    import riata

    file, kind = sys.argv[1:]
    M = np.load(file, mmap_mode="c" if kind in ("c", "unnamed") else "r")
    if kind == "mmap":
        with open(file) as opened:
            memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        V = np.frombuffer(memory, offset=M.offset).reshape(M.shape)[:, ::2]
    else:
        V = np.asarray(M)[::-1] if kind == "plain" else M[:, ::2]
    handle = os.open(file, os.O_RDWR)
    if kind == "unnamed":
        os.unlink(file)

    def act(step):
        if step.block == 2:
            os.ftruncate(handle, 10_000)

    X = riata.open_chunks(V, spool=False, memory_limit=2**17, progress=act,
                          axis=int(kind == "columns"))
    try:
        riata.fit_path(X, np.arange(len(V)))
    except ValueError as error:
        print(error)
"""


@posix
@pytest.mark.parametrize("kind", ["view", "plain", "columns", "mmap", "c", "unnamed"])
def test_a_memory_map_that_is_truncated(kind, tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", rng.standard_normal((4000, 20)))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TRUNCATED), tmp_path / "X.npy", kind],
        capture_output=True, text=True, check=False, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "truncated" in done.stdout or "has changed since" in done.stdout


# --- Temporary files.

@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(folder))
    return folder


def fails_at(number, error):
    write = Folder.write

    def failing(self, its, X):
        if its == number:
            raise error
        return write(self, its, X)

    return failing


@pytest.mark.parametrize("source", [npy_folder, npz])
@pytest.mark.parametrize("error", [
    KeyboardInterrupt(), OSError(28, "No space left on device"), MemoryError(),
])
def test_a_spool_that_fails_leaves_nothing(source, error, temporary, tmp_path, monkeypatch):
    A, _ = make()
    (tmp_path / "data").mkdir()
    given, _ = source(tmp_path / "data", A)
    monkeypatch.setattr("riata.chunks._blocks.Folder.write", fails_at(2, error))
    with pytest.raises(type(error)):
        open_chunks(given, spool=True)
    assert not list(temporary.iterdir())


FULL = """
    import resource, signal, sys, tempfile
    import numpy as np
    import riata

    tempfile.tempdir = sys.argv[2]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        riata.open_chunks(sys.argv[1], spool=True)
    except OSError as error:
        sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
@pytest.mark.parametrize("source", [npy, npz])
def test_a_full_disk(source, temporary, tmp_path):
    A, _ = make()
    (tmp_path / "data").mkdir()
    given, _ = source(tmp_path / "data", A)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), given, temporary],
        capture_output=True, text=True, check=False, timeout=60,
    )
    assert "the temporary copy of X cannot be written" in done.stderr
    assert not list(temporary.iterdir())


def test_sources_without_rows(temporary, tmp_path):
    sparse.save_npz(tmp_path / "a.npz", sparse.csr_array((0, 4)))
    with pytest.raises(ValueError, match="source has no rows"):
        open_chunks(tmp_path / "a.npz")
    assert not list(temporary.iterdir())


def test_values_that_are_refused_leave_nothing(temporary, tmp_path):
    A, y = make()
    A[100, 3] = np.nan
    given, _ = npz(tmp_path, A)
    with pytest.raises(ValueError, match="nan at row"), open_chunks(given) as X:
        fit_path(X, y)
    assert not list(temporary.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_leaves_the_files_of_its_parent(temporary, tmp_path):
    A, y = make()
    given, _ = npz(tmp_path, A)
    X = open_chunks(given, memory_limit=LIMIT)
    child = os.fork()
    if not child:
        X.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert fit_path(X, y).end == "complete"
    X.close()
    assert not list(temporary.iterdir())
