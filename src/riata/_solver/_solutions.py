"""Solutions of a path, how they end, and what is asked of them."""

import math
from enum import Enum
from typing import NamedTuple

import numpy as np

ROUNDING = 1e-12  # relative gap that is as good as none


class ConvergenceWarning(UserWarning):
    """A fit ended before it reached its tolerance: the message names what was missed."""

    __module__ = "riata"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came in the middle of a path or a cross-validation.

    A `KeyboardInterrupt` with what was finished.

    Parameters
    ----------
    result : PathResult or CVResult
        The alphas, or the folds, that were finished before; also an attribute.

    Examples
    --------
    >>> from riata import Interrupted
    >>> try:
    ...     raise Interrupted("what was finished")
    ... except KeyboardInterrupt as stop:
    ...     print(stop.result)
    what was finished
    """

    __module__ = "riata"

    def __init__(self, result):
        super().__init__("interrupted; .result has what was finished")
        self.result = result


class Status(str, Enum):
    """How the fit at one alpha ended.

    Only ``optimal`` says that all tolerances were reached. A fit that rounding errors
    keep from its tolerance ends as ``optimal_inaccurate`` if it came within ten times
    the tolerance or to a relative gap of 1e-12, and as ``insufficient_progress``
    otherwise: no step improves on it in double precision.

    Examples
    --------
    >>> Status.optimal == "optimal"
    True
    """

    __module__ = "riata"

    optimal = "optimal"
    #: within ten times the tolerance, or a relative gap of 1e-12
    optimal_inaccurate = "optimal_inaccurate"
    iteration_limit = "iteration_limit"
    time_limit = "time_limit"
    interrupted = "interrupted"
    insufficient_progress = "insufficient_progress"
    #: columns without a penalty separate the samples: there is no finite solution
    unbounded_or_separable = "unbounded_or_separable"

    def __str__(self):
        return self.value


# How fits end that more time would not help.
BY_ROUNDING = {Status.optimal_inaccurate, Status.insufficient_progress}


class Settings(NamedTuple):
    """How to solve; nothing of the data."""

    tol: float = 1e-6
    max_iter: int = 1000
    deadline: float = math.inf
    engine: str = "auto"  # "gram" or "residual" for experts and tests
    batch: int = 8  # alphas that are solved together, where the problem allows it
    screening: bool = True
    kkt_tol: float = math.inf  # largest KKT violation, in the user's units


class Target(NamedTuple):
    """An alpha to solve; an intermediate one was not asked for, but leads to the next."""

    alpha: float
    asked: bool


class Solutions(NamedTuple):
    """The solutions at some alphas, in the units of the design; arrays of length
    (n_alphas,) but for `columns` and `w`, which hold the non-zero coefficients of all of
    them, and `constant`. Of several outputs, one alpha at a time, coefficients are numbered
    ``column * n_outputs + output``."""

    alphas: np.ndarray
    columns: np.ndarray
    w: np.ndarray
    n_active: np.ndarray
    gap: np.ndarray
    kkt: np.ndarray  # in the user's units
    loss: np.ndarray  # twice the loss; ||r||^2 if it is squared
    penalty: np.ndarray
    constant: np.ndarray  # intercept of the centred columns, less that of the null model
    n_iter: int
    status: Status
    engine: list


class Verified(NamedTuple):
    """Coefficients that were verified on X, and what was found; arrays of length
    (n_alphas,) unless other shapes are given. The n_vectors = n_alphas * n_outputs columns
    of a block are in the order of the alphas."""

    gap: np.ndarray
    kkt: np.ndarray
    loss: np.ndarray
    penalty: np.ndarray
    square: np.ndarray  # ||r||^2
    W: np.ndarray  # (working, >= n_vectors)
    constants: np.ndarray  # (n_alphas, n_outputs), as of `Solutions`
    columns: np.ndarray  # those whose correlations were computed, the working set first
    C: np.ndarray  # (n_columns, >= n_alphas): their correlations, strongest of the outputs
    R: np.ndarray | None  # (n_samples, >= n_alphas): residuals, where screening uses them


def engines_of(engine, which):
    """The names of the engines that solved some alphas (a slice or a list)."""
    return engine[which] if isinstance(which, slice) else [engine[k] for k in which]
