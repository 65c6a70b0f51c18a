"""The samples of a fit, as estimators and cross-validation hold them, and their paths."""

import time
from numbers import Real
from typing import NamedTuple

import numpy as np

from .._design._in_memory import rows_of
from .._solver._solutions import Settings
from .._validation import check_design_or_chunks, check_sample_weight
from . import _solve as _path
from ._checked import Data, checked_penalty


class Samples(NamedTuple):
    """Validated data of a fit."""

    X: object  # ndarray or csc_array
    y: np.ndarray
    sample_weight: np.ndarray | None
    offset: np.ndarray | None

    def rows(self, rows):
        """Return some of the samples, dense X in Fortran order, with a single copy."""
        X, y, weight, offset = self
        return Samples(
            rows_of(X, rows) if isinstance(X, np.ndarray) else X[rows],
            y[rows],
            None if weight is None else weight[rows],
            None if offset is None else offset[rows],
        )

    def targets(self):
        """Return the samples with one target of a 2-D `y` at a time."""
        X, y, weight, offset = self
        if y.ndim == 1:
            return [self]
        shared = offset is None or offset.ndim == 1
        return [
            Samples(
                X, np.ascontiguousarray(y[:, k]), weight,
                offset if shared else offset[:, k],
            )
            for k in range(y.shape[1])
        ]


def n_rows(X):
    """Return the number of samples of an X that has not been validated."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def weights_as_given(sample_weight, n_samples):
    """Return the weights as an array; unlike elsewhere in riata their scale matters."""
    if sample_weight is None:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real):
        return np.full(n_samples, float(sample_weight))
    return np.asarray(sample_weight, dtype=np.float64)


def total_weight(data, rows=None):
    """Return the sum of the weights of the samples, or of some rows."""
    weight = data.sample_weight
    if weight is None:
        return float(len(data.y) if rows is None else len(rows))
    return float(weight.sum() if rows is None else weight[rows].sum())


class Deadline:
    """The time a fit may still take."""

    def __init__(self, seconds):
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def end(self):
        """Its end on the clock of ``time.monotonic``; infinite for no limit."""
        return np.inf if self._end is None else self._end

    def left(self, shares=1):
        """Return one share of the seconds left, None for no limit."""
        if self._end is None:
            return None
        return max(self._end - time.monotonic(), 0.0) / shares


def solve_path(
    data, alphas, *, l1_ratio, seconds=None, start=None, **options
):
    """Fit a path as :func:`riata.fit_path` does, but without its warning.

    The estimators word one of their own, in terms of their parameters and in
    scikit-learn's category. (Silencing the other is not safe with threads.)

    Parameters
    ----------
    data : Samples
        With a 1-D y.
    alphas : ndarray of shape (n_alphas,)
        Decreasing, and contiguous.
    l1_ratio : float
    seconds : float, optional
        Time limit.
    start : ndarray of shape (n_features,), optional
        Coefficients to start from.
    **options
        As from ``LinearModel._path_options``.

    Returns
    -------
    PathResult
        Without the alphas that the time limit left out, but at least one.
    """
    deadline = np.inf if seconds is None else time.monotonic() + seconds
    bounds = options.pop("penalty_factor"), options.pop("lower"), options.pop("upper")
    settings = settings_of(options, deadline)
    X, y, weight, offset = data
    X = check_design_or_chunks(X)
    weight = check_sample_weight(weight, X.n_samples)  # equal ones are none
    data = Data(X, options["loss"].check_target(y), weight, offset)
    penalty = checked_penalty(
        options.pop("penalty", None), l1_ratio, *bounds, data.X.n_features
    )
    return _path.solve_path(data, alphas, penalty, settings, start=start, **options)


def settings_of(options, deadline=np.inf):
    """Take the `Settings` out of a dict as from ``LinearModel._path_options``."""
    return Settings(
        options.pop("tol"), options.pop("max_iter"), deadline,
        kkt_tol=float(options.pop("kkt_tol")),
    )
