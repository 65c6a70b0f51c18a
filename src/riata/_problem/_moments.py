"""Least squares from moments: the products of columns and target, summed over samples.

The moments of a set of samples are the sums of those of its parts. With many more samples
than features, one pass over X gives the moments of the training samples of all folds of a
cross-validation, and paths need nothing else.
"""

from typing import NamedTuple

import numpy as np

from .. import _costs as costs
from .._design._products import BLOCK
from ._problem import Problem

LEAST_SHARE = 1e-4  # of a column's squared norm that a part of the samples must have


class Inexact(Exception):
    """Rounding errors of the moments may be too large; the samples are needed."""


class Moments(NamedTuple):
    """Weighted sums over some samples, of columns and target in the units of a `Frame`.

    With ``x`` for the sample's row and ``s`` for its weight:
    """

    rows: int  # samples of positive weight
    weight: float  # sum s
    x: np.ndarray  # sum s x
    y: float  # sum s y
    gram: np.ndarray  # sum s x x'
    xty: np.ndarray  # sum s x y
    yy: float  # sum s y^2

    def combined(self, others, sign):
        """These moments plus or minus those of other samples."""
        sums = list(self)
        for other in others:
            for k, its in enumerate(other):
                sums[k] = sums[k] + its if sign > 0 else sums[k] - its
        return Moments(*sums)


class Frame(NamedTuple):
    """The units in which moments are summed: a column x as ``scale * (x - mean)``, the
    target as ``(y - center) / unit``, near norms of one so that sums cancel little."""

    mean: np.ndarray
    scale: np.ndarray
    center: float
    unit: float

    @classmethod
    def of_problem(cls, problem):
        """The units of a problem on all samples."""
        design = problem.design
        return cls(design.mean, design.scale, problem.center, problem.unit)

    @classmethod
    def of_sums(cls, sums, centered):
        """Those of a problem of which `Sums` are known; without an intercept, columns and
        target are not centred."""
        square, yy = sums.square, sums.yy
        mean, center = sums.mean.copy(), sums.y
        if not centered:
            square, yy = square + sums.weight * mean**2, yy + sums.weight * center**2
            mean[:], center = 0.0, 0.0
        noise = 64 * np.finfo(float).eps * mean
        used = (square > 0) & (square > sums.weight * noise**2)
        _, exponent = np.frexp(np.sqrt(np.where(used, square, 1.0)))
        unit = float(np.ldexp(1.0, np.frexp(np.sqrt(yy))[1])) if yy > 0 else 1.0
        return cls(mean, np.where(used, np.ldexp(1.0, 1 - exponent), 0.0), center, unit)

    def moments_of(self, sums):
        """`Moments` from the `Sums` of some samples."""
        scale, unit, weight = self.scale, self.unit, sums.weight
        x, y = (sums.mean - self.mean) * scale, (sums.y - self.center) / unit
        gram = sums.gram * scale
        gram *= scale[:, None]
        gram += np.outer(weight * x, x)
        xty = sums.xty * scale / unit + weight * y * x
        return Moments(
            sums.rows, weight, weight * x, weight * y, gram, xty,
            sums.yy / unit**2 + weight * y * y,
        )


def moments_of_rows(problem, rows):
    """`Moments` of some samples of a problem, given by their numbers, in its units."""
    p = problem.design.n_features
    gram, x, xty, yy = np.zeros((p, p)), np.zeros(p), np.zeros(p), 0.0
    y_sum, weight, count = 0.0, 0.0, 0
    step = max(costs.MOMENTS_PANEL_BYTES // (8 * p), 64)
    for first in range(0, len(rows), step):
        chunk = rows[first:first + step]
        panel, y = problem.design.rows(chunk), problem.y[chunk]
        root = np.ones(len(chunk))
        if problem.weights is not None:
            root = np.sqrt(problem.weights[chunk])
            panel *= root
            y = y * root
        gram += panel @ panel.T
        x += panel @ root
        xty += panel @ y
        yy += float(y @ y)
        y_sum, weight = y_sum + float(y @ root), weight + float(root @ root)
        count += np.count_nonzero(root)
    return Moments(count, weight, x, y_sum, gram, xty, yy)


class MomentDesign:
    """A design that is known by its moments, without passes; see `riata._design`."""

    sparse = columns_apart = contiguous_columns = False
    in_memory, dense_bytes = True, 0
    has_rows = visits = False

    def __init__(self, n_samples, mean, scale, sqnorm, xty, gram, cancellation_factor):
        self._gram, self.cancellation_factor = gram, cancellation_factor
        self.n_samples, self.n_features = n_samples, len(mean)
        self.nnz = n_samples * len(mean)
        self.mean, self.scale, self.sqnorm, self.xty = mean, scale, sqnorm, xty

    def deviations(self):
        """Standard deviation of each column times its scale."""
        return np.sqrt(self.sqnorm / self.n_samples)

    def gram(self, columns, new_from=0, single=False):
        """Products of columns, in the order asked for."""
        if not new_from and np.array_equal(columns, np.arange(len(self._gram))):
            return self._gram, False
        return self._gram[np.ix_(columns, columns[new_from:])], False

    def expect(self, likelihood):
        pass

    def gram_capacity(self, size):
        return self.n_features

    def batch_width(self):
        return BLOCK


class MomentProblem(Problem):
    """Penalised least squares of which only moments are known.

    Parameters
    ----------
    moments : Moments
    frame : Frame
    l1_ratio, fit_intercept, standardize, penalty_factor, lower, upper
        As of `Problem`.

    Raises
    ------
    Inexact
        If little of a column or of the target is left in the moments.
    """

    @classmethod
    def of_sums(cls, sums, n_samples, *, fit_intercept, **options):
        """The problem on the rows of some `Sums`, `n_samples` with those of weight zero."""
        frame = Frame.of_sums(sums, fit_intercept)
        moments = frame.moments_of(sums)._replace(rows=n_samples)
        return cls(moments, frame, fit_intercept=fit_intercept, **options)

    def __init__(
        self, moments, frame, *, l1_ratio, fit_intercept=True, standardize=False,
        penalty_factor=None, lower=None, upper=None,
    ):
        if moments.rows < 2 or (standardize and not fit_intercept):
            raise Inexact
        self.fit_intercept, self.weights = fit_intercept, None
        share = moments.rows / moments.weight  # weights get a mean of one
        x_mean, y_mean = np.zeros_like(moments.x), 0.0
        if fit_intercept:
            x_mean, y_mean = moments.x / moments.weight, moments.y / moments.weight
        gram = moments.gram  # our own from here on
        gram -= np.outer(moments.weight * x_mean, x_mean)
        xty = share * (moments.xty - moments.weight * y_mean * x_mean)
        yy = share * (moments.yy - moments.weight * y_mean**2)
        square = share * gram.diagonal()
        used = frame.scale > 0
        if yy <= LEAST_SHARE or (square[used] <= LEAST_SHARE).any():
            raise Inexact
        unit = np.where(used, _power_of_two(np.where(used, square, 1.0)), 0.0)
        gram *= unit
        gram *= (share * unit)[:, None]
        y_unit = 0.5 * _power_of_two(yy)
        self.yy = float(yy * y_unit**2)
        self.unit = float(frame.unit / y_unit)
        self.center = frame.center + y_mean * frame.unit
        mean = frame.mean.copy()
        mean[used] += x_mean[used] / frame.scale[used]
        self.design = MomentDesign(
            moments.rows, mean, frame.scale * unit, square * unit**2, xty * unit * y_unit,
            gram, 2.0 * float(unit.max(initial=1.0)) ** 2,
        )
        self._set_penalty(l1_ratio, penalty_factor, lower, upper, standardize)
        if len(self.unpenalised):
            raise Inexact


def _power_of_two(square):
    """What brings norms, given by their squares, into [1, 2)."""
    _, exponent = np.frexp(np.sqrt(square))
    return np.ldexp(1.0, 1 - exponent)


def moments_pay(problem, alphas):
    """Whether paths on parts of the samples are cheaper from moments, for a problem with
    the squared loss."""
    design = problem.design
    n, p = design.n_samples, design.n_features
    return (
        design.dense_bytes and p <= costs.ALL_PAIRS_COLUMNS and n >= 5 * p
        and problem.l1_ratio > 0 and len(alphas) > 0 and alphas[-1] > 0
        and not len(problem.unpenalised)
    )


def sums_pay(X, n_sets=1):
    """Whether the products of all pairs of columns of `Chunks` can be summed, are worth
    their cost, and fit."""
    n, p = X.shape
    # one that is summed, one of a block, one that is solved on
    need, room = 8 * p * p * (2 * n_sets + 1), costs.SUMMED_GRAMS_SHARE * X.memory_limit
    return (
        not X.axis and p <= costs.ALL_PAIRS_COLUMNS and n >= 5 * p
        and need <= max(room, 2**20)
    )
