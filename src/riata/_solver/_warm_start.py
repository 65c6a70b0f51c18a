"""What the path of some samples knows for the path of samples much like them."""

from typing import NamedTuple

import numpy as np


class Place(NamedTuple):
    """A solution, in the user's units, and the quadratic model that led to it."""

    columns: np.ndarray
    coef: np.ndarray
    constant: float  # intercept of the centred columns, less that of the null model
    model: tuple | None  # columns, Hessian and means in units of X, and total weight


class Guide:
    """The solutions of a path, from which other paths start: those of the folds of a
    cross-validation start from those of all samples.

    The first path that is given it writes it, once; others read it.

    Examples
    --------
    >>> guide = Guide()
    >>> guide.written
    False
    """

    def __init__(self):
        self._places = {}  # by alpha
        self.written = False

    def note(self, alpha, place):
        """Keep a solution."""
        self._places[float(alpha)] = place

    def nearest(self, alpha):
        """The solution whose alpha comes nearest."""
        known = np.array(list(self._places))
        with np.errstate(divide="ignore"):
            distance = np.abs(np.log(known) - np.log(alpha))
        return self._places[known[np.argmin(np.nan_to_num(distance, posinf=1e300))]]
