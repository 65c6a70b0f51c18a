"""Designs of checked input."""

import os

from .. import _costs as costs
from ._in_memory import InMemoryDesign


def design_of(X, weights, center, target, n_threads=None, keep_sample=False):
    """The design of `DesignArrays` or of `Chunks`; see `riata._design`.

    Parameters
    ----------
    X : DesignArrays or Chunks
    weights, center, target
        As of `Design`.
    n_threads : int, optional
        By default as many as the process may use, if X is large.
    keep_sample : bool
        Whether to keep some rows of chunks in memory.
    """
    if X.kind == "chunks":
        from ._chunked import ChunkedDesign

        n_threads = available_threads() if n_threads is None else n_threads
        return ChunkedDesign(X, weights, center, target, n_threads, keep_sample)
    if n_threads is None:
        n_threads = available_threads() if X.data.size >= costs.THREADS_ENTRIES else 1
    return InMemoryDesign(
        X.kind, X.data, X.indices, X.indptr, (X.n_samples, X.n_features), weights, center,
        target, n_threads,
    )


def available_threads():
    """Threads that this process may use: affinity, and OMP_NUM_THREADS."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(count, int(limit)) if limit.isdigit() and int(limit) > 0 else count
