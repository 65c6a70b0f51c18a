"""Paths on the workers of a Dask cluster are those of one process."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import sparse

from riata import cv_path, fit_path, from_dask, open_chunks
from riata.chunks._dask import (
    Common,
    DaskChunks,
    _common_of,
    _filled,
    _marked,
    _parts_of,
)

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

pytestmark = pytest.mark.filterwarnings("default")  # those of Dask are not ours


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=True
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def make(n=600, p=20, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, p)) + 3.0
    eta = A[:, :4] @ [1.0, -1.0, 0.5, 0.25]
    return A, (eta - eta.mean()) / eta.std(), rng


def assert_same_path(path, other, rtol=1e-8):
    scale = np.abs(other.coefs).max()
    np.testing.assert_allclose(path.coefs, other.coefs, rtol=0, atol=rtol * scale)
    np.testing.assert_allclose(path.intercept, other.intercept, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("chunks", [(100, 20), (70, 7)])
def test_many_rows_take_one_round(client, chunks):
    A, eta, rng = make()
    y = eta + rng.standard_normal(len(eta))
    weights = rng.integers(0, 3, len(eta)).astype(float)
    options = {"sample_weight": weights, "standardize": True, "alphas": 30}
    with from_dask(da.from_array(A, chunks=chunks), client=client, timeout=60) as X:
        path = fit_path(X, y, **options)
        assert path.diagnostics.requests == X.requests == 1
        assert path.diagnostics.reads == pytest.approx(1.0)
    assert_same_path(path, fit_path(A, y, **options))


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_many_rows_take_one_round_a_newton_step(client, loss):
    A, eta, rng = make()
    y = (eta > rng.standard_normal(600)).astype(float)
    with from_dask(da.from_array(A, chunks=(100, 20)), client=client, timeout=60) as X:
        path = fit_path(X, y, loss=loss, alphas=30, tol=1e-12)
        assert X.requests < 40
        assert X.requests == pytest.approx(X.reads)
    assert (path.relative_gap <= 1e-12).all()
    assert_same_path(path, fit_path(A, y, loss=loss, alphas=30, tol=1e-12), 1e-4)


def test_all_folds_take_one_round(client):
    A, eta, rng = make()
    y = eta + rng.standard_normal(len(eta))
    with from_dask(da.from_array(A, chunks=(100, 20)), client=client, timeout=60) as X:
        cv = cv_path(X, y, cv=4)
        assert X.requests == 1
    other = cv_path(A, y, cv=4)
    np.testing.assert_allclose(cv.mean_score(), other.mean_score(), rtol=1e-7)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_all_other_requests(client, loss, kind):
    A, eta, rng = make(200, 60)
    if kind == "sparse":
        A = np.where(rng.random(A.shape) < 0.7, 0.0, A)
    y = {
        "squared": eta, "logistic": (eta > 0.3 * rng.standard_normal(200)).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
    }[loss]
    array = da.from_array(A, chunks=(50, 60))
    if kind == "sparse":
        array = array.map_blocks(sparse.csr_matrix)
    options = {"loss": loss, "alphas": 10, "alpha_min_ratio": 0.1, "tol": 1e-11}
    with from_dask(array, client=client, timeout=60) as X:
        assert X.is_sparse == (kind == "sparse")
        path = fit_path(X, y, **options)
    assert_same_path(path, fit_path(A, y, **options), 1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_no_numbers_of_rows_travel_in_a_round(client, loss, monkeypatch):
    sent = []
    submit = DaskChunks._submit

    def spy(self, function, arguments, which):
        values = arguments(0)
        sent.append(sum(len(pickle.dumps(part)) for part in _parts_of(values)))
        return submit(self, function, arguments, which)

    monkeypatch.setattr("riata.chunks._dask.SMALL", 0)
    monkeypatch.setattr(DaskChunks, "_submit", spy)
    A, eta, rng = make(300, 80)
    y = eta if loss == "squared" else (eta > rng.standard_normal(300)).astype(float)
    most = []
    for times in (1, 4):  # the same problem, with more rows
        whole, target = np.tile(A, (times, 1)), np.tile(y, times)
        array = da.from_array(whole, chunks=(150 * times, 80))
        sent.clear()
        with from_dask(array, client=client, timeout=60) as X:
            # as if there were too many columns for sums, and rows for a sample
            monkeypatch.setattr("riata._costs.SAMPLE_ROWS_PER_COLUMN", 10**9)
            monkeypatch.setattr("riata._costs.ALL_PAIRS_COLUMNS", 0)
            path = fit_path(X, target, loss=loss, alphas=20, alpha_min_ratio=0.1)
            assert path.diagnostics.requests == len(sent) > 2
        most.append(max(sent[1:]))  # the first brings the target
    assert most[1] < 1.5 * most[0]


def test_what_all_chunks_are_told_is_sent_once():
    mean, rows = np.ones(10_000), np.ones((2, 10_000))
    every = [((mean, 1.0), rows[k], [mean]) for k in range(2)]
    common = _common_of(every)
    assert len(common) == 1
    assert common[0] is mean
    marked = _marked(every[1], {id(mean): 0})
    assert marked[0] == (Common(0), 1.0)
    assert _filled(marked, common)[0][0] is mean
    assert _filled(marked, common)[1] is every[1][1]


def test_data_frame_with_a_target(client):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    A, eta, _ = make(300, 5)
    frame = pd.DataFrame(A, columns=list("abcde"))
    frame["e"] = frame["e"].astype(int)
    frame["y"] = eta
    frame = dd.from_pandas(frame, npartitions=3)
    A[:, 4] = A[:, 4].astype(int)
    with from_dask(frame, target="y", client=client, timeout=60) as X:
        assert X.feature_names == list("abcde")
        path = fit_path(X, X.target, tol=1e-12)
    assert_same_path(path, fit_path(A, eta, tol=1e-12))
    with pytest.raises(ValueError, match="target='z' is no column"):
        from_dask(frame, target="z", client=client)
    with pytest.raises(ValueError, match="column 'a' of the data frame is not numeric"):
        from_dask(frame.assign(a="text"), client=client)


def test_same_bits_for_any_number_of_workers():
    A, eta, rng = make(600, 40)
    y = (eta > rng.standard_normal(600)).astype(float)
    found = []
    for n_workers in (1, 3):
        with (
            distributed.LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            distributed.Client(cluster) as client,
            from_dask(da.from_array(A, chunks=(40, 40)), client=client) as X,
        ):
            squared = fit_path(X, eta, alphas=20)
            logistic = fit_path(X, y, loss="logistic", alphas=5)
        found.append((squared, logistic))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.coefs, other.coefs)
        np.testing.assert_array_equal(one.intercept, other.intercept)


# --- Faults.

def test_nan_in_a_chunk(client):
    A, eta, _ = make()
    A[17 * 30 + 2, 3] = np.nan
    array = da.from_array(A, chunks=(30, 20))
    with (
        from_dask(array, client=client, timeout=60) as X,
        pytest.raises(ValueError, match="chunk 17 holds nan at row 2, column 3"),
    ):
        fit_path(X, eta)


def bad_chunk(block, block_info=None):
    if block_info[None]["chunk-location"][0] != 2:
        return block
    return block[:, :-1]


def other_type(block, block_info=None):
    if block_info[None]["chunk-location"][0] != 2:
        return block
    return block.astype(np.float32)


@pytest.mark.parametrize(("change", "message"), [
    (bad_chunk, "chunk 2 has 19 columns, but the first has 20"),
    (other_type, "chunk 2 has dtype float32, the first float64"),
])
def test_chunks_that_do_not_fit(client, change, message):
    A, _, _ = make()
    array = da.from_array(A, chunks=(100, 20)).map_blocks(change, dtype=float)
    with pytest.raises(ValueError, match=message):
        from_dask(array, client=client, timeout=60)


def test_a_cluster_of_its_own():
    A, eta, _ = make(200, 5)
    X = from_dask(da.from_array(A, chunks=(50, 5)), timeout=60)
    own = X._own
    assert_same_path(fit_path(X, eta), fit_path(A, eta))
    X.close()
    assert own.status == "closed"


def test_bad_arguments(client):
    with pytest.raises(TypeError, match=r"collection must be a dask\.array"):
        from_dask(np.eye(3), client=client)
    with pytest.raises(ValueError, match="target='y' is for data frames"):
        from_dask(da.ones((4, 2)), target="y", client=client)
    with pytest.raises(ValueError, match="timeout"):
        from_dask(da.ones((4, 2)), timeout=0, client=client)


def fails(block, block_info=None):
    if block_info[None]["chunk-location"][0] == 2:
        raise OSError("the disk is gone")
    return block


def kills(block, block_info=None):
    if block_info[None]["chunk-location"][0] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def test_chunks_that_cannot_be_made(client):
    array = da.ones((40, 2), chunks=(10, 2)).map_blocks(fails, dtype=float)
    with pytest.raises(ValueError, match="chunk 2 cannot be made: the disk is gone"):
        from_dask(array, client=client, timeout=60)


def test_a_chunk_that_kills_its_workers():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        array = da.ones((40, 2), chunks=(10, 2)).map_blocks(kills, dtype=float)
        with pytest.raises(RuntimeError, match=r"chunk 2 has lost .* workers"):
            from_dask(array, client=client, timeout=300)


def wait_long(block):
    import time

    time.sleep(3)
    return block


def test_a_round_has_a_time_limit(client):
    array = da.ones((40, 2), chunks=(20, 2)).map_blocks(wait_long, dtype=float)
    with pytest.raises(TimeoutError, match=r"within timeout=0\.2 seconds"):
        from_dask(array, client=client, timeout=0.2)


def test_closed(client):
    A, eta, _ = make()
    X = from_dask(da.from_array(A, chunks=(100, 20)), client=client, timeout=60)
    X.close()
    with pytest.raises(ValueError, match="X is closed"):
        fit_path(X, eta)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_worker_is_killed_in_the_middle_of_a_path(loss):
    A, eta, rng = make(400, 300)  # too wide for sums: many rounds
    y = eta + rng.standard_normal(len(eta))
    if loss == "logistic":
        y = (y > 0).astype(float)
    options = {"loss": loss, "alphas": 40, "alpha_min_ratio": 0.1, "tol": 1e-9}
    expected = fit_path(open_chunks(A, axis=0, memory_limit=2**20), y, **options)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        whole = da.from_array(A, chunks=(50, 300))
        with from_dask(whole, client=client, timeout=120) as X:
            undisturbed = fit_path(X, y, **options)
        killed = []

        def kill(step):
            if step.index >= 5 and not killed:
                victim = next(iter(client.run(os.getpid).values()))
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        with from_dask(whole, client=client, timeout=120) as X:
            path = fit_path(X, y, callback=kill, **options)
    assert killed
    assert path.end == "complete"
    np.testing.assert_array_equal(path.coefs, undisturbed.coefs)
    assert_same_path(path, expected, 1e-4)


def close_client(client):
    client.close()


def close_cluster(client):
    client.cluster.close()


def cancel(client):
    client.cancel(distributed.futures_of(list(client.futures.values())) or [
        distributed.Future(key, client) for key in list(client.futures)
    ])


def close_scheduler(client):
    client.cluster.sync(client.cluster.scheduler.close)


@pytest.mark.parametrize(("end", "at"), [
    (close_client, "between rounds"), (close_client, "in a round"),
    (close_cluster, "between rounds"), (cancel, "in a round"),
    (close_scheduler, "in a round"),
])
def test_a_cluster_that_ends_in_the_middle(end, at):
    A, eta, rng = make(400, 300)  # too wide for sums: many rounds
    y = (eta + rng.standard_normal(len(eta)) > 0).astype(float)
    done = []

    def act(step=None):
        if not done:
            done.append(end)
            end(client)

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", processes=False
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        X = from_dask(da.from_array(A, chunks=(50, 300)), client=client, timeout=60)
        options = {"loss": "logistic", "alpha_min_ratio": 0.1}
        if at == "between rounds":
            options["callback"] = act
        else:
            submit = DaskChunks._submit

            def submitted(self, *arguments):
                futures = submit(self, *arguments)
                act()
                return futures

            X._submit = submitted.__get__(X)
        with pytest.raises(RuntimeError, match=r"the connection to the Dask cluster is lo"):
            fit_path(X, y, **options)
        assert done
        X.close()


def test_workers_that_are_all_gone(monkeypatch):
    monkeypatch.setattr("riata.chunks._dask.SLICE", 0.2)
    monkeypatch.setattr("riata.chunks._dask.NO_WORKERS", 0.5)
    A, eta, _ = make(400, 300)

    def act(step):
        cluster.scale(0)
        while client.nthreads():
            pass

    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", processes=False
        ) as cluster,
        distributed.Client(cluster) as client,
        from_dask(da.from_array(A, chunks=(50, 300)), client=client, timeout=60) as X,
        pytest.raises(RuntimeError, match="all workers of the Dask cluster are gone"),
    ):
        fit_path(X, eta, callback=act, alpha_min_ratio=0.1)


def test_opening_many_chunks_takes_a_task_a_worker(client, monkeypatch):
    sent, sum_of = [], []
    submit, client_map = distributed.Client.submit, distributed.Client.map

    def spy(self, *arguments, **options):
        sent.append(arguments)
        return submit(self, *arguments, **options)

    def spy_map(self, task, *each, **options):
        sum_of.append(len(each[0]))
        return client_map(self, task, *each, **options)

    monkeypatch.setattr(distributed.Client, "submit", spy)
    monkeypatch.setattr(distributed.Client, "map", spy_map)
    array = da.ones((600, 3), chunks=(2, 3))
    with from_dask(array, client=client, timeout=60) as X:
        assert X.n_chunks == 300
        assert len(sent) + sum(sum_of) < 20


def test_an_own_cluster_ends_with_its_chunks(client, monkeypatch):
    closed = []

    def no_client():
        raise ValueError("no client found")

    monkeypatch.setattr(distributed, "get_client", no_client)
    monkeypatch.setattr(distributed, "Client", lambda **_: client)
    monkeypatch.setattr("riata.chunks._dask._close", closed.append)
    X = from_dask(da.ones((4, 2), chunks=(2, 2)), timeout=60)
    assert X.n_chunks == 2
    del X
    gc.collect()
    assert closed == [client]


SCRIPT = """
    import numpy as np, riata, sys
    X = riata.open_chunks(np.eye(4))
    riata.fit_path(X, [4.0, 3.0, 0.0, 0.0], alphas=[0.25])
    print(any(name.split(".")[0] in ("dask", "distributed") for name in sys.modules))
"""


def test_dask_is_not_loaded_by_others():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True,
        check=True, timeout=60,
    )
    assert done.stdout.strip() == "False"
