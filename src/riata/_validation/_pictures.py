"""What is drawn: grids, curves, names, axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import _as_array, _to_float
from ._numbers import check_alphas


def check_path_alphas(alphas: Any, name: str = "alphas") -> np.ndarray:
    """Check the alphas of a picture, decreasing, of which one at least is above 0.

    Returns
    -------
    ndarray of float64 and shape (n_alphas,)

    Raises
    ------
    ValueError, TypeError
        As `check_alphas`; or they do not decrease, or none is above 0.
    """
    given = _as_array(alphas, name)
    values = check_alphas(given if given.ndim else alphas, name)
    assert not isinstance(values, int)
    if (given != values).any():
        raise ValueError(
            f"{name} must decrease; reverse it, and the columns that belong to it."
        )
    if values[0] <= 0:
        raise ValueError(f"{name} has no alpha above 0; its scale is logarithmic.")
    return values


def check_curve(values: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Check values to be drawn: real and of one shape. NaN leaves a hole.

    Returns
    -------
    ndarray of float64
    """
    array = _to_float(_as_array(values, name), name).astype(np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; it must have shape {shape}.")
    return array


def check_axes(ax: Any, n_panels: int = 1) -> Any:
    """Check where to draw: matplotlib axes, or as many as there are panels.

    Returns
    -------
    Axes, or with several panels also a list of them

    Raises
    ------
    TypeError, ValueError
        Something else, or another number of them.
    """
    several = n_panels > 1 and not hasattr(ax, "get_xlim")
    axes = list(np.ravel(np.asarray(ax, dtype=object))) if several else [ax]
    for one in axes:
        if not hasattr(one, "get_xlim"):
            raise TypeError(
                f"ax must be a matplotlib Axes, got {one!r} of type "
                f"{type(one).__name__}"
            )
    if several and len(axes) != n_panels:
        raise ValueError(f"ax holds {len(axes)} axes; it must be one, or {n_panels}.")
    return axes if several else ax
