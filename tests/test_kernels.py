"""The kernels of every instruction-set level of this machine against NumPy: sizes around
those of registers, tiles and panels, in every storage and element type."""

import os

import numpy as np
import pytest
import scipy.sparse as sp

from riata._core.design import Design, kernel_levels, use_kernel_level
from riata._core.elementwise import visit

LEVELS = kernel_levels()
STORAGES = "F", "C", "csc32", "csc64", "csc full"
# more rows than a panel, a remainder of every tile, and fewer than a register
SIZES = (1, 3), (7, 1), (33, 67), (257, 9), (523, 14)


@pytest.fixture(params=LEVELS)
def level(request):
    use_kernel_level(request.param)
    yield request.param
    use_kernel_level(os.environ.get("RIATA_KERNELS") or None)


def make_design(storage, dtype, n, p, mean, weights=None):
    """Return a design and its columns as it sees them, from NumPy in double precision."""
    rng = np.random.default_rng(n + p)
    X = (rng.normal(size=(n, p)) + mean * (np.arange(p) % 3 == 1)).astype(dtype)
    y = rng.normal(size=n)
    y -= y.mean() if weights is None else weights @ y / weights.sum()
    if storage.startswith("csc"):
        if storage != "csc full":
            X *= rng.random((n, p)) < 0.3
        S = sp.csc_array(X)
        index = np.int64 if storage == "csc64" else np.int32
        parts = "csc", S.data, S.indices.astype(index), S.indptr.astype(np.int64)
    else:
        parts = f"dense_{storage.lower()}", np.asarray(X, order=storage), None, None
    design = Design(*parts, X.shape, weights, True, y)
    return design, (X.astype(float) - design.mean) * design.scale, rng


def assert_close(found, expected, size):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * max(size, 1e-3))


@pytest.mark.parametrize("mean", [0.1, 1e6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("storage", STORAGES)
def test_passes_and_updates(level, storage, dtype, mean):
    if mean > 1 and storage in ("csc32", "csc64"):
        mean = 10.0  # zeros bound the mean of such a column
    for n, p in SIZES:
        design, seen, rng = make_design(storage, dtype, n, p, mean)
        for rhs in 1, 8:
            R = rng.normal(size=(n, rhs))
            R -= R.mean(axis=0)
            size = np.linalg.norm(R) * (1 + np.abs(seen).max()) * (1 + mean * 1e-4)
            out = np.empty((p, rhs))
            design.gradient(R, out)
            assert_close(out, seen.T @ R, size)
            some = rng.permutation(p)[: (p + 1) // 2].astype(np.intp)
            runs = np.arange(p // 3, p, dtype=np.intp)
            for cols in some, runs, np.sort(some):
                out = np.empty((len(cols), rhs))
                design.gradient(R, out, cols)
                assert_close(out, seen[:, cols].T @ R, size)
                B = rng.normal(size=(len(cols), rhs))
                updated = R.copy()
                design.subtract_product(cols, B, updated)
                expected = R - seen[:, cols] @ B
                assert_close(updated, expected, size * (1 + np.linalg.norm(B)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("storage", STORAGES)
def test_set_up_packing_and_gram(level, storage, dtype, weighted):
    for n, p in SIZES:
        weights = None
        if weighted:
            weights = np.arange(n) % 4 + 0.5
            weights /= weights.mean()
        design, seen, _ = make_design(storage, dtype, n, p, 2.0, weights)
        s = np.ones(n) if weights is None else weights
        size = 1 + (s @ seen**2).max()
        assert_close(design.sqnorm, s @ seen**2, size)
        assert_close(s @ seen, np.zeros(p), n * (1 + np.abs(seen).max()))
        cols = np.arange(p)[::-1].astype(np.intp).copy()
        packed = np.empty((n, p), order="F")
        design.pack(cols, 0, n, packed)
        assert_close(packed, np.sqrt(s)[:, None] * seen[:, cols], size)
        places = np.arange(min(p, 8), dtype=np.intp)
        gram = np.zeros((p, p), order="F")
        design.gram_columns(cols, places, gram)
        expected = (seen[:, cols].T * s) @ seen[:, cols[places]]
        assert_close(gram[:, places], expected, size)


def test_logistic_loss(level):
    eta = np.linspace(-40, 40, 8 * 101).reshape(-1, 8)
    n = len(eta)
    y = (np.arange(n) % 3) / 2.0
    for rhs in 1, 8:
        at = np.ascontiguousarray(eta[:, :rhs])
        moved, pull, bend = np.empty((n, rhs)), np.empty((n, rhs)), np.empty(n)
        sums = visit(
            "logistic", y, None, 1.0, at, np.zeros((n, rhs)), np.zeros(rhs), np.ones(rhs),
            np.arange(rhs, dtype=np.intc), None, moved, pull, bend,
        )  # fmt: skip
        share = 1.0 / (1.0 + np.exp(-at))
        np.testing.assert_allclose(pull, y[:, None] - share, rtol=1e-13, atol=1e-15)
        loss = np.logaddexp(0.0, at) - y[:, None] * at
        np.testing.assert_allclose(sums[0], loss.sum(axis=0), rtol=1e-13)
        curvature = share / (1.0 + np.exp(at))
        np.testing.assert_allclose(bend, curvature.mean(axis=1), rtol=1e-13)


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("order", ["F", "C"])
def test_threads_change_no_bit(order, width):
    n, p = 30_011, 2_400 if width == 1 else 300  # large enough for several threads
    rng = np.random.default_rng(0)
    X = np.asarray(rng.random((n, p), dtype=np.float32), order=order)
    R, B = rng.standard_normal((n, width)), rng.standard_normal((p, width))
    results = []
    for n_threads in (1, 2, 5):
        design = Design(
            f"dense_{order.lower()}", X, None, None, (n, p), None, True, R[:, 0].copy(),
            n_threads,
        )
        out, Q = np.empty((p, width)), R.copy()
        design.gradient(R, out)
        design.subtract_product(np.arange(p), B, Q)
        results.append((out, Q, design.mean, design.sqnorm))
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)
