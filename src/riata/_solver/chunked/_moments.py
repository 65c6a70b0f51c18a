"""Many more rows than columns: paths, and those of all folds, from one read of X."""

import numpy as np

from ..._design._sums import merge_sums, sums_of
from ..._problem._moments import MOST_COLUMNS, Frame, Inexact, MomentProblem, Moments
from .._driver import PathSolver
from .._exact_steps import ExactSteps

SHARE_OF_GRAMS = 0.5  # of the memory limit for sums of products


def sums_pay(X, n_sets=1):
    """Whether the products of all pairs of columns are worth their cost, and fit."""
    n, p = X.shape
    # one that is summed, one of a block, one that is solved on
    room = 8 * p * p * (2 * n_sets + 1) <= max(SHARE_OF_GRAMS * X.memory_limit, 2**20)
    return p <= MOST_COLUMNS and n >= 5 * p and room


def sums_by_sets(X, y, weights, codes=None, n_codes=1, n_threads=1):
    """`Sums` of each set of rows, with all products, in one read."""

    def arguments(k):
        rows = slice(*X.span(k))
        return (
            y[rows], None if weights is None else weights[rows],
            None if codes is None else codes[rows], n_codes, True, n_threads,
        )

    if X.axis:
        raise Inexact  # products of columns need both of them
    return X.reduce(sums_of, merge_sums, arguments)


class SumsFrame(Frame):
    """The units of a problem of which sums are known."""

    def __init__(self, sums, centered):
        square = sums.square
        if not centered:
            square = square + sums.weight * sums.mean**2
        yy = sums.yy + (0.0 if centered else sums.weight * sums.y**2)
        noise = 64 * np.finfo(float).eps * sums.mean if centered else 0.0
        used = (square > 0) & (square > sums.weight * noise**2)
        _, exponent = np.frexp(np.sqrt(np.where(used, square, 1.0)))
        self.scale = np.where(used, np.ldexp(1.0, 1 - exponent), 0.0)
        self.mean = sums.mean.copy() if centered else np.zeros_like(sums.mean)
        self.center = sums.y if centered else 0.0
        self.unit = float(np.ldexp(1.0, np.frexp(np.sqrt(yy))[1])) if yy > 0 else 1.0
        self.centered = centered

    def moments_of(self, sums):
        """`Moments` of some samples in these units."""
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


def solver_by_sums(X, y, weights, settings, **options):
    """A solver that needs X no more, or None where that does not pay.

    Raises
    ------
    Inexact
        If the sums do not tell enough.
    """
    if X.axis or not sums_pay(X):
        return None
    (sums,) = sums_by_sets(X, y, weights)
    return solver_of_sums(sums, X.n_samples, settings, **options)


def solver_of_sums(sums, n_samples, settings, **options):
    """`PathSolver` of the problem on the rows that were summed, of `n_samples`."""
    frame = SumsFrame(sums, options["fit_intercept"])
    moments = frame.moments_of(sums)._replace(rows=n_samples)
    return PathSolver(MomentProblem(moments, frame, **options), settings, ExactSteps)
