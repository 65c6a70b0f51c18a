"""Numbers, truth values, words and grids."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._arrays import _FLOAT64, _as_array, _to_float, check_finite

MOST_ALPHAS = 10**6  # of an automatic grid
MOST_THREADS = 2**14


class InvalidParameterError(ValueError, TypeError):
    """A parameter has not a valid type or value.

    It is both errors, as scikit-learn's error of that name is, which the estimators
    raise.
    """


@contextlib.contextmanager
def as_invalid_parameter(
    kind: type[Exception] = InvalidParameterError,
) -> Iterator[None]:
    """Raise a ValueError or TypeError of a check as an error that is both of them.

    Parameters
    ----------
    kind : type
        The class to raise.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        if isinstance(error, kind):
            raise
        raise kind(str(error)) from None


def check_real(
    value: Any,
    name: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
) -> float:
    """Check one finite number against a range, and return it as a float.

    Raises TypeError for what is not a real number, as booleans and arrays are not, and
    ValueError for NaN, infinities and what is out of range.
    """
    if type(value) is not float:
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(
                f"{name} must be a number, got {value!r} of type {type(value).__name__}"
            )
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    if (
        not math.isfinite(value)
        or value < low
        or value > high
        or (low_open and value == low)
        or (high_open and value == high)
    ):
        left = "(" if low_open or low == -math.inf else "["
        right = ")" if high_open or high == math.inf else "]"
        raise ValueError(
            f"{name} is {value}; it must be finite and in {left}{low:g}, {high:g}"
            f"{right}"
        )
    return value + 0.0  # no negative zero


def check_integer(
    value: Any, name: str, *, low: int = 1, high: int = sys.maxsize
) -> int:
    """Check one integer from `low` to `high`, and return it as an int.

    Raises TypeError for booleans and floats, ValueError for what is out of range.
    """
    if type(value) is not int:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(
                f"{name} must be an integer, got {value!r} of type "
                f"{type(value).__name__}"
            )
        value = int(value)
    if value < low:
        raise ValueError(f"{name} is {value}; it must be at least {low}")
    if value > high:
        shown = value if value < 10**30 else f"an integer of {value.bit_length()} bits"
        raise ValueError(f"{name} is {shown}; it must be at most {high}")
    return value


def check_callable(value: Any, name: str) -> Any:
    """Check a callback: a function or another callable, or None."""
    if value is not None and not callable(value):
        raise TypeError(
            f"{name} must be callable or None, got {value!r} of type "
            f"{type(value).__name__}"
        )
    return value


def check_bool(value: Any, name: str) -> bool:
    """Check one truth value: bool or numpy.bool_, nothing that merely looks true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False, got {value!r} of type "
            f"{type(value).__name__}"
        )
    return bool(value)


def check_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Check one word out of several (TypeError if no string, ValueError if another)."""
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be a string, got {value!r} of type {type(value).__name__}"
        )
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
    return value


def check_alphas(alphas: Any, name: str = "alphas") -> int | np.ndarray:
    """Check the alphas of a path.

    Parameters
    ----------
    alphas : int or array-like of shape (n_alphas,)
        A count of at least 1, or finite values of at least 0 in any order.
    name : str

    Returns
    -------
    int, or ndarray of float64 and shape (n_alphas,) in decreasing order, a copy

    Raises
    ------
    TypeError
        Neither an integer nor an array of numbers.
    ValueError
        Out of range, not finite, empty, or not 1-D.
    """
    if isinstance(alphas, (Real, str, bytes)) or alphas is None:
        if not isinstance(alphas, Integral) or isinstance(alphas, bool):
            raise TypeError(
                f"{name} must be a count or an array of values, got {alphas!r} of type "
                f"{type(alphas).__name__}; for a single value pass [{alphas!r}]"
            )
        return check_integer(alphas, name, high=MOST_ALPHAS)
    values = _as_array(alphas, name)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"{name} has shape {values.shape}; it must be 1-D and hold a value at least"
        )
    values = _to_float(values, name).astype(_FLOAT64)
    check_finite(values, name)
    if values.min() < 0.0:
        at = int(np.flatnonzero(values < 0.0)[0])
        raise ValueError(f"{name}[{at}] is {values[at]}; it must be at least 0")
    values += 0.0  # no negative zero
    values.sort()
    return values[::-1].copy()


def check_alpha(alpha: Any, name: str = "alpha") -> float:
    """Check one penalty strength: finite and at least 0. Returns a float."""
    return check_real(alpha, name, low=0.0)


def check_l1_ratio(l1_ratio: Any, name: str = "l1_ratio") -> float:
    """Check the share of the L1 penalty, between 0 and 1. Returns a float."""
    return check_real(l1_ratio, name, low=0.0, high=1.0)


def check_tol(tol: Any, name: str = "tol") -> float:
    """Check a relative tolerance: finite and at least 0. Returns a float."""
    return check_real(tol, name, low=0.0)


def check_max_iter(max_iter: Any, name: str = "max_iter") -> int:
    """Check a limit on iterations, at least 1. Returns an int."""
    return check_integer(max_iter, name)


def check_n_threads(n_threads: Any, name: str = "n_threads") -> int | None:
    """Check a number of threads: at least 1, or None for the default."""
    if n_threads is None:
        return None
    return check_integer(n_threads, name, high=MOST_THREADS)


def check_n_jobs(n_jobs: Any, name: str = "n_jobs") -> int | None:
    """Check a number of jobs as joblib counts them: an integer other than 0, or None."""
    if n_jobs is None:
        return None
    n_jobs = check_integer(n_jobs, name, low=-MOST_THREADS, high=MOST_THREADS)
    if n_jobs == 0:
        raise ValueError(f"{name} is 0; use 1 for one job, -1 for all CPUs")
    return n_jobs


def check_time_limit(time_limit: Any, name: str = "time_limit") -> float | None:
    """Check a limit in seconds: above 0, or None (also for inf) for no limit."""
    if time_limit is None or (isinstance(time_limit, float) and time_limit == math.inf):
        return None
    return check_real(time_limit, name, low=0.0, low_open=True)


def check_random_state(
    random_state: Any, name: str = "random_state"
) -> np.random.Generator:
    """Return a generator of random numbers.

    Parameters
    ----------
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        An int seeds a new generator, None takes fresh entropy. A Generator is returned
        as it is; of a RandomState a seed is drawn, so that it moves on.
    name : str

    Raises
    ------
    TypeError, ValueError
        Anything else, or a negative integer.
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31 - 1)
    elif random_state is not None:
        random_state = check_integer(random_state, name, low=0, high=2**1024)
    return np.random.default_rng(random_state)
