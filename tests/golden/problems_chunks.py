"""X in chunks."""

import tempfile
from pathlib import Path

import numpy as np
from problems_common import ONE, fitted, problem, sample, some_weights, sparse_sample

import riata


def row_blocks(X, y, loss="squared", memory_limit=2**20, **options):
    """A path on blocks of rows, in memory."""
    with riata.open_chunks(X, axis=0, memory_limit=memory_limit) as chunks:
        return fitted(chunks, y, loss=loss, **options)


def column_blocks(X, y, loss="squared", memory_limit=2**20, **options):
    """A path on blocks of columns."""
    with riata.open_chunks(X, axis=1, memory_limit=memory_limit) as chunks:
        return fitted(chunks, y, loss=loss, **options)


def files_of_rows(X, y, n_files, **options):
    """A path on `.npy` files, which stand below each other."""
    with tempfile.TemporaryDirectory() as folder:
        for k, part in enumerate(np.array_split(X, n_files)):
            np.save(Path(folder) / f"part{k}.npy", part)
        with riata.open_chunks(folder) as chunks:
            return fitted(chunks, y, **options)


@problem
def chunks_moments():
    X, y = sample(100, 2000, 30)
    return row_blocks(X, y, standardize=True) | {
        f"files_{k}": v
        for k, v in files_of_rows(X, y, 3, l1_ratio=0.5, fit_intercept=False).items()
    }


@problem
def chunks_moments_weighted():
    X, y = sample(101, 1500, 20)
    factor = np.ones(20)
    factor[0] = 0.0
    return row_blocks(
        X.astype(np.float32), y, sample_weight=some_weights(1500), penalty_factor=factor,
        offset=np.cos(np.arange(1500)), lower=-0.5, upper=0.5,
    )


@problem
def chunks_rows_wide():
    """Too few rows for moments."""
    X, y = sample(102, 300, 200)
    return row_blocks(X, y) | {
        f"files_{k}": v for k, v in files_of_rows(X, y, 4, alphas=8, l1_ratio=0.5).items()
    }


@problem
def chunks_columns():
    X, y = sample(103, 150, 1600)
    return column_blocks(X, y, alpha_min_ratio=0.02, memory_limit=2**22)


@problem
def chunks_columns_sparse():
    X, y = sparse_sample(104, 300, 500, 0.05)
    factor = np.ones(500)
    factor[:2] = 0.0
    return column_blocks(X, y, alphas=8, penalty_factor=factor) | {
        f"rows_{k}": v for k, v in row_blocks(X, y, alphas=8).items()
    }


@problem
def chunks_ridge():
    X, y = sample(105, 600, 25)
    wide, v = sample(106, 60, 140)
    return row_blocks(X, y, l1_ratio=0.0, alphas=8) | {
        f"wide_{k}": value
        for k, value in column_blocks(wide, v, l1_ratio=0.0, alphas=8).items()
    }


@problem
def chunks_ridge_weighted():
    X, y = sample(107, 200, 60)
    wide, v = sample(108, 50, 120)
    weight = some_weights(200)
    return row_blocks(X, y, l1_ratio=0.0, alphas=[0.1, 0.0], sample_weight=weight) | {
        f"wide_{k}": value
        for k, value in column_blocks(
            wide, v, l1_ratio=0.0, alphas=20, standardize=True, sample_weight=weight[:50]
        ).items()
    }


@problem
def chunks_logistic_rows():
    """Newton's method with one read a step."""
    X, y = sample(109, 3000, 25, "logistic")
    return row_blocks(X, y, "logistic")


@problem
def chunks_logistic_options():
    X, y = sample(110, 1500, 30, "logistic")
    factor = np.ones(30)
    factor[:2] = 0.0
    return row_blocks(
        X, y, "logistic", penalty_factor=factor, sample_weight=some_weights(1500),
        lower=-0.5, upper=0.5, alphas=8,
    ) | {
        f"ridge_{k}": v
        for k, v in row_blocks(
            X, y, "logistic", l1_ratio=0.0, alphas=[1.0, 0.1, 1e-3]
        ).items()
    }


@problem
def chunks_logistic_columns():
    X, y = sample(111, 150, 700, "logistic")
    W, v = sample(112, 200, 100, "logistic")
    return column_blocks(X, y, "logistic", alphas=10, alpha_min_ratio=0.02) | {
        f"rows_{k}": value
        for k, value in row_blocks(W, v, "logistic", alphas=8, l1_ratio=0.5).items()
    }


@problem
def chunks_poisson():
    X, y = sample(113, 2000, 20, "poisson")
    wide, v = sparse_sample(114, 200, 400, 0.1, "poisson")
    return row_blocks(X, y, "poisson", alphas=8) | {
        f"columns_{k}": value
        for k, value in column_blocks(wide, v, "poisson", alphas=8).items()
    }


@problem
def chunks_huber_resumed():
    X, y = sample(115, 1200, 20, "huber")
    path = riata.fit_path(X, y, loss="huber", alphas=4, alpha_min_ratio=0.2, **ONE)
    low = path.alphas[-1] * np.array([0.6, 0.3])
    return row_blocks(X, y, "huber", alphas=low, init=path)


def on_dask(X, y, **options):
    """A path on the blocks of rows of a Dask array, on a worker in this process."""
    import dask.array
    import distributed

    rows = dask.array.from_array(X, chunks=(200, -1))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        riata.from_dask(rows, client=client) as chunks,
    ):
        return fitted(chunks, y, **options)


@problem
def dask_moments():
    return on_dask(*sample(116, 1000, 20), alphas=8)


@problem
def dask_squared_by_gradients():
    """Too few rows for moments, and residuals are not sent to where X is."""
    return on_dask(*sample(117, 600, 250), alphas=6, alpha_min_ratio=0.05)


@problem
def dask_logistic():
    return on_dask(*sample(118, 1000, 20, "logistic"), loss="logistic", alphas=6)
