"""Least squares from moments: the products of columns and target, summed over samples.

The moments of a set of samples are those of its parts added up. Where there are many
more samples than features, the training samples of all folds of a cross-validation are
seen to in one visit of X; paths need nothing else.
"""

from typing import NamedTuple

import numpy as np

from ._problem import Problem

PANEL_BYTES = 4 * 2**20  # of samples that are multiplied at once
MOST_COLUMNS = 4000  # for which all products are worth their cost
LEAST_SHARE = 1e-4  # of a column's square that must be left in a part of the samples


def rows_of(X, rows):
    """Some rows of a dense X, given by their numbers, copied in Fortran order."""
    first, last = int(rows[0]), int(rows[-1]) + 1
    if last - first == len(rows) and (np.diff(rows) == 1).all():
        return np.array(X[first:last], order="F")
    return np.take(X.T, rows, axis=1).T


class Inexact(Exception):
    """Rounding in the moments might matter; the samples themselves have to be seen."""


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


class Frame:
    """The units in which moments are summed: those of a problem on all samples.

    Parameters
    ----------
    problem : Problem
        Dense, with the squared loss. Columns are shifted by their means (with an
        intercept) and scaled to norms in [1, 2), so that sums cancel little.
    """

    def __init__(self, problem):
        design = problem.design
        self.matrix, self.weights = problem.matrix, problem.weights
        self.mean, self.scale = design.mean, design.scale
        self.target, self.center, self.unit = problem.y, problem.center, problem.unit

    def moments(self, rows):
        """`Moments` of some samples, given by their numbers."""
        p = len(self.mean)
        gram, x, xty, yy = np.zeros((p, p)), np.zeros(p), np.zeros(p), 0.0
        y_sum, weight, count = 0.0, 0.0, 0
        step = max(PANEL_BYTES // (8 * p), 64)
        for first in range(0, len(rows), step):
            chunk = rows[first:first + step]
            panel, y = self._panel(chunk), self.target[chunk]
            root = np.ones(len(chunk))
            if self.weights is not None:
                root = np.sqrt(self.weights[chunk])
                panel *= root
                y = y * root
            gram += panel @ panel.T
            x += panel @ root
            xty += panel @ y
            yy += float(y @ y)
            y_sum, weight = y_sum + float(y @ root), weight + float(root @ root)
            count += np.count_nonzero(root)
        return Moments(count, weight, x, y_sum, gram, xty, yy)

    def _panel(self, rows):
        """Some samples as columns (n_features, rows), shifted and scaled."""
        panel = rows_of(self.matrix, rows).T.astype(float, copy=False)
        panel -= self.mean[:, None]
        panel *= self.scale[:, None]
        return panel


class MomentDesign:
    """What `PathSolver` asks of a design, but for its passes: see `Design`."""

    sparse = False

    def __init__(self, n_samples, mean, scale, sqnorm, xty):
        self.n_samples, self.n_features = n_samples, len(mean)
        self.nnz = n_samples * len(mean)
        self.mean, self.scale, self.sqnorm, self.xty = mean, scale, sqnorm, xty

    def deviations(self):
        """Standard deviation of each column times its scale."""
        return np.sqrt(self.sqnorm / self.n_samples)


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

    by_moments = True

    def __init__(
        self, moments, frame, *, l1_ratio, fit_intercept=True, standardize=False,
        penalty_factor=None, lower=None, upper=None,
    ):
        if moments.rows < 2 or (standardize and not fit_intercept):
            raise Inexact
        self.fit_intercept, self.weights, self.matrix = fit_intercept, None, None
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
        self._gram = gram
        self.yy = float(yy * y_unit**2)
        self.unit = float(frame.unit / y_unit)
        self.center = frame.center + y_mean * frame.unit
        mean = frame.mean.copy()
        mean[used] += x_mean[used] / frame.scale[used]
        self.design = MomentDesign(
            moments.rows, mean, frame.scale * unit, square * unit**2, xty * unit * y_unit,
        )
        self._magnified = 2.0 * float(unit.max(initial=1.0)) ** 2
        self._set_penalty(l1_ratio, penalty_factor, lower, upper, standardize)
        if len(self.unpenalised):
            raise Inexact

    @property
    def magnified(self):
        """How much larger the sums behind the Gram matrix are than its entries."""
        return self._magnified

    def whole_gram(self, columns):
        """Gram matrix of some columns, in the order asked for."""
        if np.array_equal(columns, np.arange(len(self._gram))):
            return self._gram
        return self._gram[np.ix_(columns, columns)]


def _power_of_two(square):
    """What brings norms, given by their squares, into [1, 2)."""
    _, exponent = np.frexp(np.sqrt(square))
    return np.ldexp(1.0, 1 - exponent)


def moments_pay(problem, alphas):
    """Whether paths on parts of the samples are better had from moments, for a problem
    with the squared loss."""
    design = problem.design
    n, p = design.n_samples, design.n_features
    return (
        problem.matrix is not None and p <= MOST_COLUMNS and n >= 5 * p
        and problem.l1_ratio > 0 and len(alphas) > 0 and alphas[-1] > 0
        and not len(problem.unpenalised)
    )
