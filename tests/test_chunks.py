"""Matrices that are read in chunks give the paths of those in memory."""

import gc
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import sparse

from riata import ConvergenceWarning, cv_path, fit_path, open_chunks
from riata._costs import ACTIVE_SET_COLUMNS
from riata._design._visit import SparseRows
from riata._validation import check_design

N, P = 240, 30
LIMIT = 2**17  # bytes: blocks of 2**13


def make(seed=0, n=N, p=P, density=None):
    """A matrix far from zero and predictors of unit variance."""
    rng = np.random.default_rng(seed)
    if density is None:
        A = rng.standard_normal((n, p)) + 5.0 * rng.standard_normal(p)
    else:
        A = sparse.random_array((n, p), density=density, rng=rng, format="csr")
        A.data[:] = rng.standard_normal(A.nnz)
    w = np.zeros(p)
    w[:5] = 2.0 * rng.standard_normal(min(p, 5))
    eta = A @ w
    return A, (eta - eta.mean()) / eta.std(), rng


def target(loss, eta, rng):
    if loss == "squared":
        return eta + 0.3 * rng.standard_normal(len(eta))
    if loss == "logistic":
        return (rng.random(len(eta)) < 1 / (1 + np.exp(-2 * eta))).astype(float)
    return rng.poisson(np.exp(eta)).astype(float)


def assert_same_path(path, other, rtol=1e-8):
    assert path.alpha_max == pytest.approx(other.alpha_max, rel=1e-12)
    scale = np.abs(other.coefs).max()
    np.testing.assert_allclose(path.coefs, other.coefs, rtol=0, atol=rtol * scale)
    atol = 10 * rtol * np.abs(other.intercept).max() + 1e-9
    np.testing.assert_allclose(path.intercept, other.intercept, rtol=0, atol=atol)
    np.testing.assert_allclose(path.objective, other.objective, rtol=1e-10)


# --- Every kind of file.

def npy_c(folder, A):
    np.save(folder / "X.npy", np.ascontiguousarray(A))
    return folder / "X.npy", {}


def npy_f(folder, A):
    np.save(folder / "X.npy", np.asfortranarray(A))
    return folder / "X.npy", {}


def npy_c_by_columns(folder, A):
    np.save(folder / "X.npy", np.ascontiguousarray(A))
    return folder / "X.npy", {"axis": 1}


def npy_f_by_rows(folder, A):
    np.save(folder / "X.npy", np.asfortranarray(A))
    return folder / "X.npy", {"axis": 0}


def npy_folder(folder, A):
    for k in range(12):  # part10 comes after part9
        np.save(folder / f"part{k}.npy", A[20 * k:20 * k + 20])
    return folder, {}


def npy_columns(folder, A):
    np.save(folder / "left.npy", A[:, :11])
    np.save(folder / "right.npy", A[:, 11:])
    return [folder / "left.npy", folder / "right.npy"], {"axis": 1}


def npy_spooled(folder, A):
    return npy_folder(folder, A)[0], {"spool": True}


def memmap(folder, A):
    np.save(folder / "X.npy", A)
    return np.load(folder / "X.npy", mmap_mode="r"), {}


def memmap_view(folder, A):
    np.save(folder / "X.npy", np.vstack([A, A]))
    return np.load(folder / "X.npy", mmap_mode="r")[len(A):], {}


def in_memory(folder, A):
    return A, {}


def npz_rows(folder, A):
    A = sparse.csr_array(A)
    for k in range(3):
        sparse.save_npz(folder / f"rows{k}.npz", A[80 * k:80 * k + 80])
    return folder, {}


def npz_columns(folder, A):
    A = sparse.csc_array(A)
    sparse.save_npz(folder / "a.npz", A[:, :13])
    sparse.save_npz(folder / "b.npz", A[:, 13:])
    return folder, {"axis": 1, "memory_limit": 2 * LIMIT}


def npz_in_place(folder, A):
    return npz_rows(folder, A)[0], {"spool": False}


def zarr_array(folder, A):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(folder / "X.zarr", shape=A.shape, chunks=(50, 10),
                              dtype="f8", compressors=None)
    array[:] = A
    return folder / "X.zarr", {}


def zarr_compressed(folder, A):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(folder / "X.zarr", shape=A.shape, chunks=(50, 10), dtype="f8")
    array[:] = A
    return zarr.open_array(folder / "X.zarr", mode="r"), {}


def zarr_columns(folder, A):
    return zarr_array(folder, A)[0], {"axis": 1}


def parquet(folder, A):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    for k in range(2):
        part = A[120 * k:120 * k + 120]
        table = pa.table({f"x{j}": part[:, j] for j in range(part.shape[1])})
        pq.write_table(table, folder / f"part{k}.parquet", row_group_size=50)
    return folder, {}


SOURCES = [
    npy_c, npy_f, npy_c_by_columns, npy_f_by_rows, npy_folder, npy_columns, npy_spooled,
    memmap, memmap_view, in_memory, npz_rows, npz_columns, npz_in_place, zarr_array,
    zarr_compressed, zarr_columns, parquet,
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_source_gives_the_path_in_memory(source, tmp_path):
    A, eta, rng = make(density=0.3 if "npz" in source.__name__ else None)
    y = target("squared", eta, rng)
    given, options = source(tmp_path, A)
    with open_chunks(given, **{"memory_limit": LIMIT, **options}) as X:
        assert X.shape == A.shape
        assert X.n_chunks > 1
        path = fit_path(X, y, tol=1e-13)
    assert_same_path(path, fit_path(A, y, alphas=path.alphas, tol=1e-13))


# --- Every loss and option, by rows and by columns, wide and tall.

OPTIONS = {
    "plain": {},
    "weights": {"sample_weight": 1, "l1_ratio": 0.5, "standardize": True},
    "no intercept": {"fit_intercept": False, "offset": 1},
    "free and bounded": {"penalty_factor": 1, "lower": -0.1},
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(N, P), (60, 200)], ids=["tall", "wide"])
@pytest.mark.parametrize("density", [None, 0.2], ids=["dense", "sparse"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("name", OPTIONS)
def test_losses_and_options(axis, shape, density, loss, name):
    A, eta, rng = make(1, *shape, density=density)
    y, options = target(loss, eta, rng), dict(OPTIONS[name])
    if "sample_weight" in options:
        options["sample_weight"] = rng.integers(0, 4, len(y))
    if "offset" in options:
        options["offset"] = 0.1 * rng.standard_normal(len(y))
    if "penalty_factor" in options:
        options["penalty_factor"] = np.r_[0.0, 2.0, np.inf, np.ones(shape[1] - 3)]
    options |= {"loss": loss, "tol": 1e-11}
    X = open_chunks(A, axis=axis, memory_limit=2**18 if shape[1] > P else LIMIT)
    path = fit_path(X, y, alphas=12, alpha_min_ratio=0.1, **options)
    other = fit_path(A, y, alphas=path.alphas, **options)
    assert (path.relative_gap <= options["tol"]).all()
    # (a gap of tol leaves coefficients about its root)
    assert_same_path(path, other, 1e-5)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("density", [None, 0.2], ids=["dense", "sparse"])
def test_same_coefficients_at_a_tight_tolerance(axis, density):
    A, eta, rng = make(2, 60, 200, density=density)
    y = target("squared", eta, rng)
    X = open_chunks(A, axis=axis, memory_limit=2**18)
    path = fit_path(X, y, alphas=20, alpha_min_ratio=0.05, tol=1e-13)
    assert_same_path(path, fit_path(A, y, alphas=path.alphas, tol=1e-13), 1e-9)


def test_float32_and_extreme_units():
    A, eta, rng = make()
    y = target("squared", eta, rng)
    X = open_chunks(A.astype(np.float32), memory_limit=LIMIT)
    path = fit_path(X, y, tol=1e-13)
    assert_same_path(path, fit_path(A.astype(np.float32).astype(float), y, tol=1e-13))
    scaled = A * np.logspace(-30, 30, P)
    factor = np.logspace(-30, 30, P)
    path = fit_path(open_chunks(scaled, memory_limit=LIMIT), y, tol=1e-12,
                    penalty_factor=factor)
    other = fit_path(A, y, tol=1e-12)
    np.testing.assert_allclose(path.coefs * factor[:, None], other.coefs, atol=1e-9)


def test_constant_columns_and_blocks():
    A, eta, rng = make()
    A[:, 7] = 1e8
    A[:100, 9] = 3.0  # constant in some blocks only
    y = target("squared", eta, rng)
    path = fit_path(open_chunks(A, memory_limit=LIMIT), y, tol=1e-12)
    assert_same_path(path, fit_path(A, y, tol=1e-12))
    assert not path.coefs[7].any()


# --- What a path costs.

def test_many_more_rows_than_columns_take_one_read():
    A, eta, rng = make(n=2000)
    X = open_chunks(A, memory_limit=LIMIT)
    path = fit_path(X, target("squared", eta, rng))
    assert X.reads == pytest.approx(1.0)
    assert path.diagnostics.reads == pytest.approx(1.0)


def test_blocks_of_certified_columns_are_not_read():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((600, 2000))
    A[:, 200:] *= 1e-3  # never active, which bounds tell
    y = A[:, :10].sum(axis=1) + rng.standard_normal(600)
    X = open_chunks(np.asfortranarray(A), memory_limit=2**24)
    assert X.axis == 1
    assert X.n_chunks == 10
    path = fit_path(X, y)
    assert X.reads < 3.0
    assert path.diagnostics.passes > 0


def test_working_columns_that_do_not_fit():
    A, eta, rng = make(n=120, p=100)
    y = target("squared", eta, rng)
    X = open_chunks(A, axis=0, memory_limit=2**13)
    assert_same_path(fit_path(X, y, tol=1e-12), fit_path(A, y, tol=1e-12))
    X = open_chunks(A, axis=1, memory_limit=2**13)
    with pytest.raises(MemoryError, match=r"memory_limit=8192 is too small"):
        fit_path(X, y, tol=1e-12)


def test_same_bits_again(tmp_path):
    A, eta, rng = make()
    y = target("logistic", eta, rng)
    np.save(tmp_path / "X.npy", A)
    paths = [
        fit_path(open_chunks(tmp_path / "X.npy", memory_limit=LIMIT), y, loss="logistic",
                 alphas=10, n_threads=n)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(paths[0].coefs, paths[1].coefs)


def test_progress_is_told_of_every_block():
    A, eta, rng = make(n=2000)
    told = []
    X = open_chunks(A, memory_limit=LIMIT, progress=told.append)
    fit_path(X, target("squared", eta, rng))
    assert [step.block for step in told] == list(range(1, X.n_chunks + 1))
    assert told[-1].reads == pytest.approx(1.0)


MEASURE = """
    import sys
    import numpy as np
    import riata

    def peak():  # that of `resource` is inherited from the parent
        for line in open("/proc/self/status"):
            if line.startswith("VmHWM"):
                return 1024 * int(line.split()[1])

    X = riata.open_chunks(sys.argv[1], memory_limit=24 * 2**20)
    y = np.load(sys.argv[2])
    small = riata.open_chunks(np.eye(8), axis=1)
    loss, ratio = sys.argv[3], float(sys.argv[4])
    if loss == "logistic":
        y = (y > 0).astype(float)
    riata.fit_path(small, np.arange(8.0) % 2, loss=loss)  # what loads, loads now
    before, refused = peak(), ""
    try:
        riata.fit_path(X, y, alphas=20, alpha_min_ratio=ratio, loss=loss)
    except MemoryError as error:
        refused = str(error)
    print(peak() - before, refused)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize(("shape", "loss", "ratio", "refused"), [
    ((200_000, 60), "squared", 0.1, ""),
    ((200_000, 60), "logistic", 1e-3, ""),
    ((2000, 6000), "squared", 0.1, ""),
    ((2000, 6000), "squared", 1e-3, "memory_limit=25165824 is too small for the"),
    ((2000, 6000), "logistic", 0.3, ""),
], ids=["tall", "tall logistic", "wide", "saturated", "wide logistic"])
def test_memory_stays_under_the_limit(shape, loss, ratio, refused, tmp_path):
    rng = np.random.default_rng(0)
    A = np.lib.format.open_memmap(
        tmp_path / "X.npy", "w+", float, shape, fortran_order=shape[1] > shape[0]
    )
    assert A.nbytes > 3 * 24 * 2**20
    A[:] = rng.standard_normal(shape)
    np.save(tmp_path / "y.npy", A[:, 0] - A[:, 5] + rng.standard_normal(shape[0]))
    A.flush()
    files = [os.fspath(tmp_path / name) for name in ("X.npy", "y.npy")]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE), *files, loss, str(ratio)],
        capture_output=True, text=True, check=True, timeout=120,
    )
    used, _, message = done.stdout.strip().partition(" ")
    assert message.startswith(refused)
    assert bool(message) == bool(refused)
    vectors = 0 if loss == "squared" else 5  # of one number a row come on top
    # (what is freed may not be given back at once, which shows where all is used)
    slack = 4 * 2**20 if refused else 0
    assert 2**20 < int(used) < 24 * 2**20 + vectors * 8 * shape[0] + slack


# --- Faults.

def save_parts(folder, A, k=20):
    rows = len(A) // k
    for i in range(k):
        np.save(folder / f"part{i}.npy", A[rows * i:rows * i + rows])


def test_nan_is_named_with_its_chunk(tmp_path):
    A, eta, _ = make()
    A[17 * 12 + 4, 3] = np.nan
    save_parts(tmp_path, A)
    message = (
        r"chunk 17 \(part17.npy, rows 0 to 12\) holds nan at row 4, column 3 "
        r"\(row 208, column 3 of X\)"
    )
    with pytest.raises(ValueError, match=message):
        fit_path(open_chunks(tmp_path, memory_limit=LIMIT), eta)


@pytest.mark.parametrize("weighted", [False, True])
def test_infinity_in_blocks_of_columns(weighted):
    A, eta, _ = make()
    A[5, 20] = np.inf
    weights = np.where(np.arange(N) == 5, 0.0, 1.0) if weighted else None
    with pytest.raises(ValueError, match=r"inf at row 5.*row 5, column 20 of X"):
        fit_path(open_chunks(A, axis=1, memory_limit=LIMIT), eta, sample_weight=weights)


@pytest.mark.parametrize(("change", "message"), [
    (lambda part: part[:, :-1], r"chunk 3 \(part3.npy\) has 29 columns, but the first"),
    (lambda part: part.astype(np.float32), r"chunk 3 \(part3.npy\) has dtype float32"),
    (lambda part: part.astype(int), r"part3.npy has dtype int64"),
    (lambda part: part[0], r"part3.npy has shape \(30,\)"),
])
def test_chunks_that_do_not_fit(change, message, tmp_path):
    A, _, _ = make()
    save_parts(tmp_path, A)
    np.save(tmp_path / "part3.npy", change(A[36:48]))
    with pytest.raises(ValueError, match=message):
        open_chunks(tmp_path)


def test_truncated_file(tmp_path):
    A, eta, _ = make()
    save_parts(tmp_path, A)
    X = open_chunks(tmp_path)
    with open(tmp_path / "part6.npy", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(ValueError, match=r"chunk 6 .*part6.npy.* is truncated"):
        fit_path(X, eta)
    with pytest.raises(ValueError, match=r"part6.npy is truncated: it has 1000 bytes"):
        open_chunks(tmp_path)


def test_file_that_vanishes(tmp_path):
    A, eta, _ = make()
    save_parts(tmp_path, A)
    X = open_chunks(tmp_path)
    (tmp_path / "part2.npy").unlink()
    with pytest.raises(ValueError, match=r"chunk 2 .*cannot be read.*No such file"):
        fit_path(X, eta)


def test_unreadable_files(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a.npz cannot be read as a sparse matrix"):
        open_chunks(tmp_path)
    (tmp_path / "b.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"b.npy cannot be read as an .npy file"):
        open_chunks(tmp_path / "b.npy")
    with pytest.raises(ValueError, match="several kinds"):
        open_chunks(tmp_path)
    with pytest.raises(ValueError, match=r"c.npy does not exist"):
        open_chunks(tmp_path / "c.npy")
    (tmp_path / "d.txt").write_text("1 2")
    with pytest.raises(ValueError, match=r"d.txt is of an unknown kind"):
        open_chunks(tmp_path / "d.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no file of"):
        open_chunks(tmp_path / "empty")


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"axis": 2}, ValueError, r"axis must be 0 \(rows\) or 1 \(columns\), got 2"),
    ({"axis": "rows"}, TypeError, "axis must be an integer"),
    ({"memory_limit": 0}, ValueError, "memory_limit"),
    ({"spool": "yes"}, TypeError, "spool"),
])
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        open_chunks(np.eye(3), **options)


def test_bad_sources():
    with pytest.raises(TypeError, match="source must be a path"):
        open_chunks(3)
    with pytest.raises(ValueError, match="empty list"):
        open_chunks([])
    with pytest.raises(ValueError, match="two dimensions"):
        open_chunks(np.zeros(3))


def test_losses_of_several_outputs_are_refused():
    with pytest.raises(ValueError, match="loss='multinomial' is not fitted to chunks"):
        fit_path(open_chunks(np.eye(6)), [0, 1, 2, 0, 1, 2], loss="multinomial")


def test_parquet_target_and_its_faults(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    A, eta, _ = make(p=3)
    columns = {"a": A[:, 0], "y": eta, "b": A[:, 1].astype(np.float32), "c": A[:, 2]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with open_chunks(tmp_path, target="y") as X:
        assert X.feature_names == ["a", "b", "c"]
        np.testing.assert_array_equal(X.target, eta)
        path = fit_path(X, X.target, tol=1e-13)
    whole = np.column_stack([columns[name] for name in "abc"])
    assert_same_path(path, fit_path(whole, eta, tol=1e-13))
    with pytest.raises(ValueError, match=r"target='z' is no column of .*t.parquet"):
        open_chunks(tmp_path, target="z")
    np.save(tmp_path / "X.npy", A)
    with pytest.raises(ValueError, match="target='y' is for Parquet"):
        open_chunks(tmp_path / "X.npy", target="y")
    columns["a"] = pa.array([None, *A[1:, 0]])
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"column 'a' of .* missing value at row 0"):
        open_chunks(tmp_path / "t.parquet")
    columns["a"] = ["text"] * N
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"column 'a' of .* is of type string"):
        open_chunks(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ValueError, match=r"t.parquet cannot be read as Parquet"):
        open_chunks(tmp_path / "t.parquet")


# --- Temporary files.

def test_temporary_files_are_private_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    A, eta, _ = make()
    save_parts(tmp_path, A)
    with open_chunks(tmp_path, spool=True) as X:
        (folder,) = (tmp_path / "temporary").iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        fit_path(X, eta)
    assert not folder.exists()
    with pytest.raises(ValueError, match="X is closed"):
        fit_path(X, eta)
    X = open_chunks(tmp_path, spool=True)
    del X
    gc.collect()
    assert not list((tmp_path / "temporary").iterdir())
    np.save(tmp_path / "part3.npy", A[:, :3])
    with pytest.raises(ValueError, match="has 3 columns"):
        open_chunks(tmp_path, spool=True)
    assert not list((tmp_path / "temporary").iterdir())


# --- Cross-validation.

@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_validation_is_that_in_memory(axis, loss, weighted):
    A, eta, rng = make(3)
    y = target(loss, eta, rng)
    options = {"loss": loss, "l1_ratio": [0.5, 1.0], "alphas": 10, "cv": 4, "tol": 1e-11}
    if weighted:
        options |= {"sample_weight": rng.integers(0, 3, N).astype(float),
                    "standardize": True, "offset": 0.1 * rng.standard_normal(N)}
    X = open_chunks(A, axis=axis, memory_limit=2 * LIMIT)
    cv, other = cv_path(X, y, **options), cv_path(A, y, **options)
    np.testing.assert_allclose(cv.mean_score(), other.mean_score(), rtol=1e-5)
    np.testing.assert_allclose(cv.standard_error(), other.standard_error(), rtol=1e-3)
    for rule in ("min", "1se", "bic"):
        assert cv.select(rule)[2:4] == other.select(rule)[2:4]
        np.testing.assert_allclose(
            cv.select(rule).coef, other.select(rule).coef, rtol=0, atol=1e-5
        )


def test_all_folds_take_one_read():
    A, eta, rng = make(n=2000)
    X = open_chunks(A, memory_limit=4 * LIMIT)
    cv_path(X, target("squared", eta, rng), cv=5)
    assert X.reads == pytest.approx(1.0)


def test_products_with_chunks():
    A, _, rng = make()
    W = rng.standard_normal((P, 3))
    for axis in (0, 1):
        X = open_chunks(A, axis=axis, memory_limit=LIMIT)
        np.testing.assert_allclose(X @ W, A @ W, rtol=1e-12)
        np.testing.assert_allclose(X @ W[:, 0], A @ W[:, 0], rtol=1e-12)
        np.testing.assert_allclose(X @ sparse.csc_array(W), A @ W, rtol=1e-12)
    with pytest.raises(ValueError, match="X has 30 columns"):
        X @ W.T
    path = fit_path(X, A[:, 0])
    np.testing.assert_allclose(path.predict(X), path.predict(A), rtol=1e-9)
    with pytest.raises(TypeError, match="X is read in chunks"):
        np.asarray(X)


# --- Ridge.

RIDGE = {
    "plain": {"l1_ratio": 0.0},
    "weights": {"l1_ratio": 0.0, "sample_weight": 1, "standardize": True},
    "no intercept": {"l1_ratio": 0.0, "fit_intercept": False, "offset": 1},
    "factors": {"l1_ratio": 0.0, "penalty_factor": 1},
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(N, P), (100, 60), (60, 200)],
                         ids=["tall", "square", "wide"])
@pytest.mark.parametrize("density", [None, 0.2], ids=["dense", "sparse"])
@pytest.mark.parametrize("name", RIDGE)
def test_ridge_is_that_in_memory(axis, shape, density, name):
    A, eta, rng = make(4, *shape, density=density)
    y, options = target("squared", eta, rng), dict(RIDGE[name])
    if "sample_weight" in options:
        options["sample_weight"] = rng.integers(1, 4, len(y))
    if "offset" in options:
        options["offset"] = 0.1 * rng.standard_normal(len(y))
    if "penalty_factor" in options:
        options["penalty_factor"] = np.r_[2.0, np.inf, np.ones(shape[1] - 2)]
    X = open_chunks(A, axis=axis, memory_limit=2**18)
    if shape[1] > shape[0] and not axis:
        with pytest.raises(ValueError, match="open it with axis=1"):
            fit_path(X, y, **options)
        return
    path = fit_path(X, y, alphas=40, tol=1e-10, **options)
    other = fit_path(A, y, alphas=path.alphas, tol=1e-10, **options)
    assert (path.relative_gap <= 1e-10).all()
    assert_same_path(path, other, 1e-8)


@pytest.mark.parametrize("shape", [(N, P), (100, 60)], ids=["tall", "square"])
def test_least_squares_and_unpenalised_columns(shape):
    A, eta, rng = make(5, *shape)
    y = target("squared", eta, rng)
    X = open_chunks(A, memory_limit=2**18)
    for options in ({"alphas": [0.1, 0.0]}, {
        "alphas": [0.1], "l1_ratio": 0.0,
        "penalty_factor": np.r_[0.0, np.ones(shape[1] - 1)],
    }):
        assert_same_path(fit_path(X, y, tol=1e-10, **options),
                         fit_path(A, y, tol=1e-10, **options), 1e-7)


def test_ridge_that_does_not_fit_into_memory_says_what_it_needs():
    A, eta, _ = make(n=200, p=400)
    with pytest.raises(MemoryError, match=r"products of 200 rows: make it 1\.92e"):
        fit_path(open_chunks(A, axis=1, memory_limit=2**16), eta, l1_ratio=0.0)
    with pytest.raises(ValueError, match="penalty_factor is 0 for some columns"):
        fit_path(open_chunks(A, axis=1, memory_limit=2**22), eta, l1_ratio=0.0,
                 penalty_factor=np.r_[0.0, np.ones(399)])


# --- What is printed.

def test_reads_are_printed(capsys):
    A, eta, rng = make(n=2000)
    X = open_chunks(A, memory_limit=4 * LIMIT)
    y = target("squared", eta, rng)
    path = fit_path(X, y)
    assert "1 reads of X" in str(path)
    assert "reads 1" in repr(path.diagnostics)
    assert "reads" not in str(fit_path(A, y))
    cv_path(open_chunks(A, memory_limit=4 * LIMIT), y, verbose=1)
    assert "5 folds: 1 reads of X in all, 0 requests" in capsys.readouterr().out


# --- Other losses: many more rows than columns.

@pytest.mark.parametrize("loss", ["logistic", "poisson"])
@pytest.mark.parametrize("sampled", [True, False])
def test_a_path_of_another_loss_takes_few_reads(loss, sampled, monkeypatch):
    if not sampled:
        monkeypatch.setattr("riata._costs.SAMPLE_ROWS_PER_COLUMN", 10**9)
    A, eta, rng = make(6, n=20_000)
    y = target(loss, eta, rng)
    X = open_chunks(A, memory_limit=2**21)
    assert A.nbytes > 2 * X.memory_limit
    path = fit_path(X, y, loss=loss)
    assert path.diagnostics.reads < 15
    assert (path.relative_gap <= 1e-6).all()
    other = fit_path(A, y, loss=loss, alphas=path.alphas)
    np.testing.assert_allclose(path.objective, other.objective, rtol=2e-6)


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
@pytest.mark.parametrize(("p", "limit"), [(50, 2**18), (220, 2**20)])
def test_sparse_blocks_and_a_small_limit(loss, p, limit, tmp_path):
    A, eta, rng = make(15, n=8000, p=p, density=8 / p)
    y = target(loss, 2 * eta, rng) if loss == "logistic" else target(loss, eta, rng)
    for k in range(10):
        sparse.save_npz(tmp_path / f"rows{k}.npz", A[800 * k:800 * k + 800])
    with open_chunks(tmp_path, memory_limit=limit) as X:
        path = fit_path(X, y, loss=loss, alphas=40, alpha_min_ratio=0.03)
    assert path.diagnostics.reads < 20
    assert (path.relative_gap <= 1e-6).all()
    other = fit_path(A, y, loss=loss, alphas=path.alphas)
    np.testing.assert_allclose(path.objective, other.objective, rtol=3e-6)


@pytest.mark.parametrize("case", ["rare", "weights", "free", "separable", "ordered"])
def test_samples_that_tell_little(case):
    A, eta, rng = make(7, n=4000, p=8)
    y, options = target("logistic", eta, rng), {"loss": "logistic"}
    if case == "rare":
        y = np.zeros(len(y))
        y[rng.permutation(len(y))[:6]] = 1.0
    elif case == "weights":
        options["sample_weight"] = np.where(np.arange(len(y)) < 3000, 0.0, 2.0)
        options["standardize"] = True
    elif case == "free":
        options["penalty_factor"] = np.r_[0.0, 0.0, np.ones(6)]
    elif case == "separable":
        y = (eta > np.median(eta)).astype(float)
    else:
        order = np.argsort(y)
        A, y = A[order], y[order]
    X = open_chunks(A, memory_limit=2**17)
    path = fit_path(X, y, alphas=30, tol=1e-9, **options)
    other = fit_path(A, y, alphas=path.alphas, tol=1e-9, **options)
    assert (path.relative_gap <= 1e-9).all()
    np.testing.assert_allclose(path.objective, other.objective, rtol=2e-9)
    size = np.abs(other.coefs).max()
    np.testing.assert_allclose(path.coefs, other.coefs, rtol=0, atol=1e-3 * size)


def test_counts_that_are_zero_in_the_sample():
    A, _, _ = make(8, n=4000, p=8)
    y = np.zeros(4000)
    y[17] = 3.0
    X = open_chunks(A, memory_limit=2**17)
    path = fit_path(X, y, loss="poisson", alphas=10, tol=1e-8)
    other = fit_path(A, y, loss="poisson", alphas=path.alphas, tol=1e-8)
    assert_same_path(path, other, 1e-3)


def test_start_at_given_coefficients():
    A, eta, rng = make(9, n=2000)
    y = target("logistic", eta, rng)
    options = {"loss": "logistic", "tol": 1e-9}
    X = open_chunks(A, memory_limit=2**19)
    path = fit_path(X, y, alphas=20, **options)
    again = fit_path(X, y, alphas=path.alphas[-1:], init=path, **options)
    np.testing.assert_allclose(again.coefs[:, 0], path.coefs[:, -1], atol=1e-4)


def test_models_of_many_columns():
    rng = np.random.default_rng(10)
    n, p = 4000, 600
    A = rng.standard_normal((n, p))
    y = target("logistic", A @ rng.standard_normal(p) / 20, rng)
    X = open_chunks(A, memory_limit=2**26)
    path = fit_path(X, y, loss="logistic", alphas=5, alpha_min_ratio=0.01)
    assert path.n_active[-1] > 500
    assert (path.relative_gap <= 1e-6).all()
    other = fit_path(A, y, loss="logistic", alphas=path.alphas)
    np.testing.assert_allclose(path.objective, other.objective, rtol=1e-5)


# --- Other losses and wide data.

@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_wide_data_take_few_reads(axis, loss):
    A, eta, rng = make(11, 1000, 4000)
    y = target(loss, eta, rng)
    X = open_chunks(A, axis=axis, memory_limit=2**23)
    assert A.nbytes >= 3 * X.memory_limit
    path = fit_path(X, y, loss=loss, alpha_min_ratio=0.05 if loss == "squared" else 0.2)
    # (in blocks of rows a read for each new working set comes on top)
    assert path.diagnostics.reads < (15 if axis or loss == "squared" else 20)
    assert (path.relative_gap <= 1e-6).all()


def test_columns_far_from_zero_do_not_cancel():
    A, eta, rng = make(12, 60, 200)
    y = target("squared", eta, rng)
    for shift in (10.0, 1e6):
        moved, options = A + shift, {"alphas": 20, "alpha_min_ratio": 0.05, "tol": 1e-10}
        path = fit_path(open_chunks(moved, axis=0, memory_limit=2**18), y, **options)
        other = fit_path(moved, y, **options)
        np.testing.assert_allclose(path.coefs, other.coefs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("density", [0.05, 0.5])
def test_weighted_products_of_sparse_columns(density):
    rng = np.random.default_rng(0)
    A = np.where(rng.random((200, 30)) < density, rng.standard_normal((200, 30)) + 3, 0)
    A[:, 4] = rng.standard_normal(200) + 1e5  # no zeros, and far from it
    mean, scale = rng.standard_normal(30), 2.0 ** rng.integers(-3, 3, 30)
    mean[4] = 1e5
    weights = np.where(np.arange(200) % 7, rng.random(200), 0.0)
    cols = np.array([3, 4, 17, 2])
    panel = SparseRows(
        check_design(sparse.csc_array(A), "X"), (mean, scale, None, True, 1)
    )
    pulls, gram = panel.products(cols, weights)
    Z = (A - mean)[:, cols] * scale[cols]
    np.testing.assert_allclose(pulls, weights @ Z, atol=1e-12 * np.abs(Z).max())
    expected = Z.T @ (weights[:, None] * Z)
    np.testing.assert_allclose(gram, expected, atol=1e-12 * np.abs(expected).max())


def test_newton_models_of_many_columns():
    rng = np.random.default_rng(5)
    A = rng.standard_normal((2600, 520))
    y = (A @ rng.standard_normal(520) / 20 + rng.standard_normal(2600) > 0).astype(float)
    options = {"loss": "logistic", "alphas": [1e-2, 1e-4]}
    path = fit_path(open_chunks(A, axis=0), y, **options)
    assert path.n_active[-1] > ACTIVE_SET_COLUMNS
    assert (path.relative_gap <= 1e-6).all()


def test_a_tolerance_below_rounding_ends_soon():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((600, 20))
    y = (A[:, 0] + rng.standard_normal(600) > 0).astype(float)
    X = open_chunks(A, axis=0)
    with pytest.warns(ConvergenceWarning):
        path = fit_path(X, y, loss="logistic", alphas=30, tol=1e-14)
    assert path.relative_gap.max() < 1e-12
    assert X.reads < 300


@pytest.mark.parametrize("rows", [1, 3, 60])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_columns_without_zeros_in_some_blocks(rows, weighted, tmp_path):
    rng = np.random.default_rng(14)
    A = np.where(rng.random((240, 12)) < 0.3, 0.0, rng.standard_normal((240, 12)) + 1)
    A[:rows, :4] = 1.0 + rng.random((rows, 4))
    y = A[:, 0] - A[:, 3] + rng.standard_normal(240)
    weights = rng.integers(0, 3, 240).astype(float) if weighted else None
    for k, span in enumerate([slice(rows), slice(rows, 150), slice(150, 240)]):
        sparse.save_npz(tmp_path / f"{k}.npz", sparse.csr_array(A[span]))
    X = open_chunks(tmp_path, spool=False, memory_limit=2**12)  # keeps no columns
    path = fit_path(X, y, tol=1e-12, sample_weight=weights)
    other = fit_path(A, y, tol=1e-12, sample_weight=weights)
    assert_same_path(path, other)
