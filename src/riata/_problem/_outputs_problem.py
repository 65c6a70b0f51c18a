"""Penalised least squares with several targets: coefficients are penalised by rows."""

import math

import numpy as np

from .._core.elementwise import standard_target
from ._output_penalties import RowPenalty
from ._problem import EPS, NEGLIGIBLE, Problem, _raise_too_large


class OutputsProblem(Problem):
    """Penalised weighted least squares with several targets, in the units of the design.

    The loss is the sum of those of the targets, which share one unit: in it, the squares
    of all of them together add up to a number in (1/4, 1].

    Parameters
    ----------
    X : DesignArrays
    y : ndarray of float64 (n_samples, n_outputs)
        Targets less the offsets.
    l1_ratio, penalty_factor, rows
        The penalty on rows, which is `rows` as an object.
    fit_intercept, standardize, sample_weight, n_threads
        As of `Problem`.

    Attributes
    ----------
    targets : ndarray (n_samples, n_outputs)
        Without their means, if there are intercepts.
    center : ndarray (n_outputs,)
    """

    def __init__(
        self, X, y, *, l1_ratio, fit_intercept=True, standardize=False,
        sample_weight=None, penalty_factor=None, rows=None, n_threads=None,
    ):
        self._set_weights(X, sample_weight, fit_intercept)
        self._set_targets(np.asfortranarray(y))
        self._set_design(X, n_threads)
        self._set_penalty(l1_ratio, penalty_factor, None, None, standardize)
        self.options = self.options._replace(penalty=rows)
        self.penalty = RowPenalty(self.column_penalty, self.n_outputs)

    def _set_targets(self, y):
        self.n_outputs = y.shape[1]
        try:
            parts = [
                standard_target(part, self.weights, self.fit_intercept) for part in y.T
            ]
        except OverflowError:
            _raise_too_large(y)
        targets, center, unit, square = zip(*parts, strict=True)
        self.center, unit = np.array(center), np.array(unit)
        own = np.sqrt(square) * (unit / unit.max())
        size = math.sqrt(float(own @ own))
        self.unit = float(unit.max()) * 2.0 ** (math.frexp(size)[1] if size > 0 else 0)
        share = unit / self.unit
        self.targets = np.ascontiguousarray(np.stack(targets, axis=1) * share)
        self.yy = float(np.array(square) @ share**2)
        self.y = np.ascontiguousarray(self.targets[:, 0])
        # the means are doubles
        rounding = 0.5 * len(y) * (EPS * self.center / self.unit) ** 2
        self.rounding = float(rounding.sum())
        if not NEGLIGIBLE * self.yy < self.rounding < math.inf:
            self.rounding = 0.0
