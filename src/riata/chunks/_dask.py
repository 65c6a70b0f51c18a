"""Chunks on the workers of a Dask cluster: the only module that uses Dask.

A chunk is a task of the collection's own graph, kept on the worker that has made it. When
a worker dies, Dask makes its chunks again on the others, from the graph; the answers are
merged in the order of the chunks, so that they do not depend on who has made them.

A round is a few messages, whatever the number of chunks: one for what all chunks are told
(workers hand it on to one another), one for the requests and one for each level of the
tree that merges the answers. What stays the same from round to round and belongs to rows
is left on the workers.
"""

import weakref
from collections import defaultdict
from contextlib import contextmanager, suppress
from copy import deepcopy
from time import monotonic
from typing import NamedTuple

import numpy as np

from .._validation import check_integer, check_real
from ._blocks import Block
from ._chunks import MEMORY_LIMIT, Chunks

BRANCH = 8  # partial sums that are merged by one task
SMALL = 2**14  # bytes up to which an array is sent with each request
MESSAGE_BYTES = 64 * 2**20  # of requests that are sent at once
SLICE = 5.0  # seconds after which the cluster is asked whether it still has workers
NO_WORKERS = 30.0  # seconds without any, after which a fit is given up


def from_dask(
    collection, *, target=None, client=None, memory_limit=MEMORY_LIMIT, timeout=600.0,
    progress=None,
):
    """Take a Dask array or data frame as chunks, which stay on their workers.

    Parameters
    ----------
    collection : dask.array.Array or dask.dataframe.DataFrame
        Of two dimensions; blocks may hold arrays of float32 or float64 or SciPy sparse
        matrices. Blocks of rows: an array that is cut along its columns as well is
        joined again to whole rows.
    target : str, optional
        Of a data frame: the column that becomes `target` of the result.
    client : distributed.Client, optional
        By default the current one; without any, a cluster on this machine is started
        and is closed with the result.
    memory_limit : int, default=2**30
        Bytes, in this process, for columns that the solver works on.
    timeout : float, default=600
        Seconds that one round may take.
    progress : callable, optional
        Called after each round with ``block``, ``n_blocks`` and ``reads``.

    Returns
    -------
    Chunks
        Close it, or leave its ``with`` block, to free the workers' memory.

    Raises
    ------
    ImportError
        If Dask is not installed.
    RuntimeError
        Then and later: if the cluster or the client is closed, or all workers are gone.
    TimeoutError
        If a round takes longer than `timeout`.
    ValueError
        If the chunks do not fit together; the message names the chunk.

    Examples
    --------
    >>> import riata
    >>> import dask.array as da
    >>> from distributed import Client
    >>> client = Client(processes=False, dashboard_address=":0")
    >>> A = da.random.default_rng(0).standard_normal((600, 4), chunks=(200, 4))
    >>> with riata.from_dask(A, client=client) as X:
    ...     path = riata.fit_path(X, (A @ [1.0, 0.0, -2.0, 0.0]).compute())
    >>> path.coef.shape, path.diagnostics.requests
    ((4, 100), 1)
    >>> client.close()
    """
    memory_limit = check_integer(memory_limit, "memory_limit", low=1)
    timeout = check_real(timeout, "timeout", low=0.0, low_open=True)
    try:
        from distributed import get_client
    except ImportError as error:
        raise ImportError(
            "Dask is not installed: pip install 'riata[dask]'"
        ) from error
    own = None
    if client is None:
        try:
            client = get_client()
        except ValueError:
            from distributed import Client

            client = own = Client(dashboard_address=":0")
    try:
        frame = hasattr(collection, "map_partitions")
        opened = _frame_parts if frame else _array_parts
        collections, names = opened(collection, target)
        return DaskChunks(
            client, own, collections, names, memory_limit, timeout, progress
        )
    except BaseException:
        if own is not None:
            own.close()
        raise


def _array_parts(array, target):
    if target is not None:
        raise ValueError(f"target={target!r} is for data frames; pass y to fit_path.")
    if getattr(array, "ndim", None) != 2 or not hasattr(array, "to_delayed"):
        raise TypeError(
            "collection must be a dask.array of two dimensions or a dask.dataframe, got "
            f"{type(array).__name__}."
        )
    if array.numblocks[1] > 1:
        array = array.rechunk({1: -1})
    return [array], None


def _frame_parts(frame, target):
    if target is not None and target not in frame.columns:
        names = [str(name) for name in frame.columns]
        raise ValueError(
            f"target={target!r} is no column of the data frame; it has {names[:10]}."
        )
    bad = [name for name, kind in frame.dtypes.items()
           if getattr(kind, "kind", "O") not in "fiub"]
    if bad:
        raise ValueError(
            f"column {bad[0]!r} of the data frame is not numeric; encode it as numbers, "
            "or leave it out."
        )
    columns = [name for name in frame.columns if name != target]
    found = [
        frame[columns].map_partitions(_values, meta=np.empty((0, len(columns))))
    ]
    if target is not None:
        found.append(frame[target].map_partitions(_values, meta=np.empty(0)))
    return found, [str(name) for name in columns]


def _values(frame):
    return np.ascontiguousarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))


# --- What runs on workers.

def _facts(part):
    """Shape, dtype, whether sparse, stored entries and type of a chunk."""
    shape, sparse = tuple(getattr(part, "shape", ())), hasattr(part, "tocsc")
    if len(shape) != 2:
        return shape, None, False, 0, type(part).__name__
    return (
        shape, np.dtype(part.dtype), sparse, part.nnz if sparse else part.size,
        type(part).__name__,
    )


def _facts_here(keys):
    """Those of the chunks that are on this worker."""
    from distributed import get_worker

    data = get_worker().data
    return {key: _facts(data[key]) for key in keys if key in data}


def _run(block, part, arguments, dtype, function, common):
    if hasattr(part, "tocsc"):
        part = part.tocsc()
    else:
        # (received data may be anywhere in memory, which changes no bit)
        part = np.require(part, requirements="A")
    return block.run(function, block.check(part, dtype), _filled(arguments, common))


def _merged(parts, merge):
    total = deepcopy(parts[0])  # which may be changed; Dask may ask for this sum again
    for part in parts[1:]:
        total = merge(total, part)
    return total


def _itself(value, part=None):
    return value


# --- What all chunks share is sent once.

class Common(NamedTuple):
    """Stands for an argument that all chunks have."""

    number: int


def _common_of(every):
    """Arrays and lists that the arguments of all chunks share: one object, identified by
    the first and the last of them."""
    seen = {id(part) for part in _parts_of(every[-1])}
    return [part for part in _parts_of(every[0]) if id(part) in seen]


def _parts_of(arguments):
    """Arrays that are not small, and lists, in tuples within tuples."""
    if type(arguments) is tuple:
        for part in arguments:
            yield from _parts_of(part)
    elif type(arguments) is list or getattr(arguments, "nbytes", 0) > SMALL:
        yield arguments


def _marked(arguments, numbers):
    if type(arguments) is tuple:
        return tuple(_marked(part, numbers) for part in arguments)
    number = numbers.get(id(arguments))
    return arguments if number is None else Common(number)


def _filled(arguments, common):
    if type(arguments) is tuple:
        return tuple(_filled(part, common) for part in arguments)
    return common[arguments.number] if isinstance(arguments, Common) else arguments


class DaskChunks(Chunks):
    """`Chunks` that stay on the workers of a cluster."""

    local = False

    def __init__(
        self, client, own, collections, names, memory_limit, timeout, progress
    ):
        self.client, self._own, self.timeout = client, own, timeout
        self._close_own = weakref.finalize(self, _close, own)
        self._close_own.atexit = False  # then Dask closes what it has started
        self._seen_workers = np.inf  # when there were some; not asked at first
        with self._contact():
            self.parts, targets = self._persisted(collections)
            self._finish([*self.parts, *targets], self.parts)
            facts = self._facts()
            target = np.concatenate(client.gather(targets)) if targets else None
        self._seen_workers = monotonic()
        blocks, shape, first = [], facts[0][0], 0
        for k, (its, dtype, sparse, _, kind) in enumerate(facts):
            name = f"chunk {k}"
            if len(its) != 2:
                raise ValueError(f"{name} is no matrix: {kind} of shape {its}.")
            if its[1] != shape[1]:
                raise ValueError(
                    f"{name} has {its[1]} columns, but the first has {shape[1]}; all must "
                    "have as many."
                )
            if dtype != facts[0][1] or dtype not in (np.float32, np.float64):
                raise ValueError(
                    f"{name} has dtype {dtype}, the first {facts[0][1]}; all must hold "
                    "float32, or all float64. Convert with .astype(float)."
                )
            if sparse != facts[0][2]:
                raise ValueError(f"{name} is sparse or dense, unlike the first.")
            if its[0]:
                blocks.append(Block(
                    len(blocks), name, (first, first + its[0]), (0, its[1]), None
                ))
            first += its[0]
        self.parts = [
            part for part, fact in zip(self.parts, facts, strict=True) if fact[0][0]
        ]
        super().__init__(
            blocks, (first, shape[1]), facts[0][1], is_sparse=facts[0][2], target=target,
            feature_names=names, memory_limit=memory_limit, progress=progress,
            n_stored=sum(fact[3] for fact in facts),
        )

    def _persisted(self, collections):
        """Futures of the chunks of a collection, and of a second one if there is one, in
        their order."""
        from distributed import futures_of

        persisted = self.client.persist(collections, optimize_graph=True)
        futures = {future.key: future for future in futures_of(persisted)}
        found = []
        for each in persisted:
            keys = each.__dask_keys__()
            if each.ndim == 2:
                keys = [key for (key,) in keys]
            found.append([futures[key] for key in keys])
        return found[0], found[1] if len(found) > 1 else []

    def _facts(self):
        """`_facts` of all chunks: one task a worker, and one for each chunk that has
        moved since."""
        keys, where = {part.key for part in self.parts}, defaultdict(list)
        for key, workers in self.client.who_has(self.parts).items():
            if workers and key in keys:
                where[workers[0]].append(key)
        futures = [
            self.client.submit(
                _facts_here, its, workers=[worker], allow_other_workers=True, pure=False
            ) for worker, its in where.items()
        ]
        found = {}
        for some in self._gather(futures):
            found |= some
        rest = [part for part in self.parts if part.key not in found]
        if rest:
            each = self._gather(self.client.map(_facts, rest, pure=False), rest)
            found |= {part.key: its for part, its in zip(rest, each, strict=True)}
        return [found[part.key] for part in self.parts]

    def _gather(self, futures, parts=()):
        """Results in the order of the futures, within the time limit; what has failed is
        naming the first of the `parts` that they were made from."""
        from distributed import KilledWorker

        with self._contact():
            self._finish(futures, parts)
            try:
                return self.client.gather(futures)
            except KilledWorker as error:
                raise self._killed("a chunk", error) from error

    def _finish(self, futures, parts):
        """Wait for futures, within the time limit."""
        from distributed import KilledWorker, wait
        from distributed import TimeoutError as Late

        deadline = monotonic() + self.timeout
        while True:
            try:
                wait(futures, timeout=max(min(SLICE, deadline - monotonic()), 0.0))
                break
            except Late:
                self._check_workers()
                if monotonic() >= deadline:
                    self.client.cancel(futures)
                    raise TimeoutError(
                        f"the cluster did not answer within timeout={self.timeout:g} "
                        "seconds; look for workers that are gone or out of memory, or "
                        "raise timeout."
                    ) from None
        for k, part in enumerate(parts):
            if part.status == "error":
                error = part.exception()
                if isinstance(error, KilledWorker):
                    raise self._killed(f"chunk {k}", error) from error
                raise ValueError(f"chunk {k} cannot be made: {error}") from error

    def _killed(self, name, error):
        return RuntimeError(
            f"{name} has lost too many workers, the last {error.last_worker}; give "
            "them more memory, or make chunks smaller."
        )

    def _check_workers(self):
        """Raise a `RuntimeError` if there have been no workers for a while."""
        if self.client.nthreads():
            self._seen_workers = monotonic()
        elif monotonic() - self._seen_workers > NO_WORKERS:
            raise RuntimeError(
                "all workers of the Dask cluster are gone, and with them the chunks. "
                "Start workers again, give them more memory if that is why they ended, "
                "and repeat the fit."
            )

    @contextmanager
    def _contact(self):
        """Where the cluster is asked: one error for all ways in which it can be gone."""
        from asyncio import CancelledError
        from concurrent.futures import CancelledError as Cancelled

        from distributed.comm import CommClosedError

        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # some are not of `Exception`
            gone = self.client.status != "running"
            if not gone and not isinstance(error, CancelledError | Cancelled |
                                           CommClosedError):
                raise
            why = f"the client is {self.client.status}" if gone else (
                f"{type(error).__name__}: the scheduler has forgotten the chunks"
            )
            raise RuntimeError(
                f"the connection to the Dask cluster is lost ({why}). The client or the "
                "cluster was closed or restarted, or the scheduler has ended, while X was "
                "still in use. Connect to a running cluster, call riata.from_dask again, "
                "and repeat the fit."
            ) from error

    def _map(self, task, *each, **options):
        """Futures of a task of each chunk, in messages of bounded size."""
        import dask

        size = sum(
            getattr(part, "nbytes", 0) for values in each for part in _parts_of(values[0])
        )
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
            return self.client.map(
                task, *each, **options, pure=False,
                batch_size=max(MESSAGE_BYTES // (size + 1), 1),
            )

    def _submit(self, function, arguments, which):
        self._check_open()
        self.requests += 1
        if not which:
            return []
        every = [() if arguments is None else arguments(k) for k in which]
        common = _common_of(every) if len(every) > 1 else []
        numbers = {id(part): number for number, part in enumerate(common)}
        with self._contact():
            if common:
                common = self._map(_itself, [common])[0]
            return self._map(
                _run, [self.blocks[k] for k in which], [self.parts[k] for k in which],
                [_marked(arguments, numbers) for arguments in every], dtype=self.dtype,
                function=function, common=common,
            )

    def _check_open(self):
        if self.parts is None:
            raise ValueError("X is closed; call riata.from_dask again.")

    def beside(self, arguments):
        """As `Chunks.beside`: sent to the workers now, and kept there."""
        self._check_open()
        every = [arguments(k) for k in range(self.n_chunks)]
        with self._contact():
            return self._map(_itself, every, self.parts).__getitem__

    def _parts_of(self, which):
        return [self.parts[k] for k in which]

    def map(self, function, arguments=None, which=None):
        """As `Chunks.map`, on the workers: one round."""
        which = range(self.n_chunks) if which is None else list(which)
        futures = self._submit(function, arguments, which)
        found = self._gather(futures, self._parts_of(which))
        for count, k in enumerate(which, 1):
            self._count(self.blocks[k], count, len(which))
        yield from zip(which, found, strict=True)

    def reduce(self, function, merge, arguments=None, which=None):
        """As `Chunks.reduce`, merged by the workers, in a tree of a fixed shape."""
        which = range(self.n_chunks) if which is None else list(which)
        parts = self._submit(function, arguments, which)
        with self._contact():
            while len(parts) > 1:
                groups = [parts[k:k + BRANCH] for k in range(0, len(parts), BRANCH)]
                parts = self.client.map(_merged, groups, merge=merge, pure=False)
        if not parts:
            return None
        (total,) = self._gather(parts, self._parts_of(which))
        for count, k in enumerate(which, 1):
            self._count(self.blocks[k], count, len(which))
        return total

    def columns(self, local):
        """As `Chunks.columns`."""
        from ._blocks import take_columns

        yield from self.map(take_columns, lambda k: (local[k],), list(local))

    def close(self):
        """Free the chunks, and the cluster if it was started for them."""
        self.parts = self._own = None
        self._close_own()


def _close(client):
    """Close a client and the cluster that it has started, if there is one."""
    if client is not None:
        with suppress(Exception):
            client.close()
