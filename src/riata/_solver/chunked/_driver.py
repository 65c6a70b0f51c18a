"""Paths on chunks: the solver, with batches as wide as one read of X is worth."""

import numpy as np

from ..._core.design import cache_lines
from ..._design._products import LANES
from .._driver import PathSolver, Verdict

WIDEST = 32  # alphas that are verified by one read
SHARE_OF_LANES = 0.0625  # of the memory limit, for one of several arrays of all lanes


class WideScreening:
    """`Screening` of more lanes than it takes at a time."""

    def __init__(self, screening):
        self.screening, self.groups, self.at = screening, [], None

    def __getattr__(self, name):
        return getattr(self.screening, name)

    def uncertain(self, groups, skip):
        """Columns that may violate KKT in one of the lanes; `groups` are pairs of
        weighted residuals and losses, with the alphas."""
        found = []
        self.groups = [(Q, loss) for Q, loss, _ in groups]
        for k, (Q, loss, alphas) in enumerate(groups):
            self.screening.project(Q, loss)
            self.at = k
            found.append(self.screening.uncertain(alphas, skip))
        return np.unique(np.concatenate(found))

    def estimate(self, lane):
        """Correlations of all columns in one lane."""
        group, lane = divmod(lane, LANES)
        if group != self.at and group < len(self.groups):
            self.screening.project(*self.groups[group])
            self.at = group
        return self.screening.estimate(lane)


def lanes_that_fit(design):
    """How many alphas may be looked at by one read."""
    size = max(design.n_samples, design.n_features)
    room = int(SHARE_OF_LANES * design.X.memory_limit) // (8 * size)
    return max(min(room // LANES * LANES, WIDEST), LANES)


def likelihood(solver):
    """Of each column, how likely it is to move soon."""
    l1 = solver.problem.strengths.l1
    return np.divide(np.abs(solver.c), l1, out=np.zeros(len(l1)), where=l1 > 0)


class WideBatches:
    """What solvers on a `ChunkedDesign` do otherwise, to read less: batches of many
    alphas, and working columns that are kept with those that are likely to be next."""

    def _screening(self):
        screening = super()._screening()
        # rows have to be read for any column
        if screening is None or not self.problem.design.X.axis:
            return None
        return WideScreening(screening)

    def _look_ahead(self, last):
        self.problem.design.kept.likelihood = likelihood(self)
        super()._look_ahead(last)

    def _at_once(self):
        return False

    def _columns_to_look_at(self, Q, loss, alphas):
        """The working set, and all columns that can not be proven inactive."""
        parts = [
            slice(first, min(first + LANES, len(alphas)))
            for first in range(0, len(alphas), LANES)
        ]
        return self._columns_of([
            (np.ascontiguousarray(Q[:, part]), None if loss is None else loss[part],
             alphas[part])
            for part in parts
        ])

    def _columns_of(self, groups):
        """The same, of groups of weighted residuals, losses and alphas."""
        working = self.working
        if len(working) == len(working.mask):
            return working.columns
        if self.screening is None:
            outside = np.flatnonzero(working.mask == 0)
        else:
            outside = self.screening.uncertain(groups, working.mask)
        return np.concatenate([working.columns, outside])


class ChunkSolver(WideBatches, PathSolver):
    """Solves a decreasing sequence of alphas on a `ChunkedDesign`.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    start : (columns, w) or None
    """

    def __init__(self, problem, settings, start=None):
        super().__init__(problem, settings, start)
        self.lanes = lanes_that_fit(problem.design)

    def _verify_by_pass(self, W, alphas):
        """`_verify`, by the residuals of all lanes and one read of X."""
        problem, design, lanes = self.problem, self.problem.design, len(alphas)
        B = np.zeros((len(self.working), -(-lanes // LANES) * LANES))
        B[:, :lanes] = W[:, :lanes]
        active = np.flatnonzero(B.any(axis=1))
        self.R, groups, residuals = None, [], []
        for first in range(0, lanes, LANES):
            count = min(LANES, lanes - first)
            part = np.ascontiguousarray(B[:, first:first + LANES])
            R = cache_lines(design.n_samples, LANES)
            R[:] = problem.y[:, None]
            design.subtract_product(self.working.columns[active], part[active], R)
            if self.free is not None:
                free = slice(len(self.free.columns)), slice(first, first + LANES)
                B[free] = self.free.least_norm(B[free] + self.free.project(R))
            _, loss = design.settle(R)
            residuals.append(R)
            groups.append((
                problem.weigh(R)[:, :count], loss[:count], alphas[first:first + count]
            ))
        loss = np.concatenate([each for _, each, _ in groups])
        cols = self._columns_of(groups)
        C = np.empty((len(cols), B.shape[1]))
        design.gradients([problem.weigh(R) for R in residuals], C, cols)
        self.work.passes += len(cols) / design.n_features
        self.work.columns_touched += len(cols)
        if self.free is not None and self.free.independent:
            C[:len(self.free.columns)] = 0.0  # but for rounding
        self.cols, self.C, self.solved = cols, C, B
        self.R = residuals[0] if len(residuals) == 1 else np.hstack(residuals)
        gap, kkt, penalty = problem.strengths.certify(C, cols, B, alphas, loss)
        return Verdict(gap, kkt, loss, penalty, loss)
