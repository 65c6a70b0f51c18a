"""The state of a path: working set, last solution, and the correlations there."""

import numpy as np

from .. import _costs as costs
from .._core.certificate import extrapolate
from .._core.screening import Screening
from .._design._products import BLOCK
from ._diagnostics import Diagnostics
from ._working_set import WorkingSet

EPS = float(np.finfo(float).eps)
NO_LIMIT = np.full(1, np.inf)


class PathState:
    """What the driver and the step method of a path share.

    Parameters
    ----------
    problem : Problem
    settings : Settings

    Attributes
    ----------
    W : ndarray (working, n_outputs)
        Coefficients of the last solution.
    alpha : float
        Its alpha.
    c, slope : ndarray (n_features,)
        Correlations with its residual, estimated where they were not computed, and their
        derivative in alpha; `slope` is None before the second solution.
    kkt_tol : ndarray (n_alphas,)
        Of the batch at hand.
    engine : list of str
        What solves each alpha of the batch.
    """

    def __init__(self, problem, settings):
        self.problem, self.settings = problem, settings
        self.n_outputs = problem.n_outputs
        self.target = settings.tol * (problem.null_objective or EPS)
        self.kkt_tol = NO_LIMIT
        self.working = WorkingSet(problem, settings)
        self.work = Diagnostics()
        self.work.passes, self.work.columns_touched = 1.0, problem.design.n_features
        self.engine = []
        self.W = np.zeros((0, self.n_outputs))
        self.c, self.slope, self.alpha = None, None, 1.0
        self.screening, self.n_useless = None, 0
        self.given_start = False

    # --- The working set.

    def add(self, columns):
        """Append columns to the working set, with coefficients of zero."""
        self.working.add(columns)
        zeros = np.zeros((len(columns), self.n_outputs))
        self.W = np.concatenate([self.W, zeros]) if len(self.W) else zeros

    def add_new(self, columns):
        """The same for those of some columns that are not in it."""
        if len(self.working):
            columns = columns[self.working.mask[columns] == 0]
        self.add(columns)

    def places(self, columns):
        """Positions of columns in the working set."""
        place = np.empty(len(self.working.mask), dtype=np.intp)
        place[self.working.columns] = np.arange(len(self.working))
        return place[columns]

    def add_all(self):
        """Let the working set have all columns that are not zero."""
        self.add_new((self.problem.design.sqnorm > 0).nonzero()[0])
        self.working.complete = True

    def add_best(self, columns, priority, limit):
        """Append the columns of highest priority, at most `limit`; returns how many."""
        if len(columns) > limit:
            best = np.argpartition(-priority, limit)[:limit]
            columns = columns[np.sort(best)]
        columns = self.problem.column_penalty.whole(columns, self.working.mask)
        if len(columns):
            self.add(columns)
        return len(columns)

    def look_ahead(self, last):
        """Add the columns that may be active by the alpha `last`."""
        self.problem.design.expect(self._strength)
        if len(self.working) == len(self.working.mask):
            return
        slope, gamma = self.slope, 0.05 if self.working.use_gram else 1.0
        if slope is None:  # strong rule: |c| >= (2 last - alpha) l1
            slope, gamma = np.zeros_like(self.c), 1.0
        columns, priority = self.problem.column_penalty.predict(
            self.c, slope, self.alpha, last, gamma, self.working.mask
        )
        self.add_best(columns, priority, 2 * np.count_nonzero(self.W.any(axis=1)) + 100)

    def _strength(self):
        """Correlations in units of the penalty at alpha = 1: which columns may be next."""
        l1 = self.problem.column_penalty.l1
        return np.divide(np.abs(self.c), l1, out=np.zeros(len(l1)), where=l1 > 0)

    def add_violators(self, found, first, alphas):
        """Add columns that violate the KKT conditions at the alphas from `first` on;
        returns how many."""
        size = len(found.W)
        columns, priority = self.problem.column_penalty.violators(
            found.C[size:], found.columns[size:], first, alphas, 1.0 - 1e-3
        )
        if not len(columns) or not (priority > 1.0).any():
            return 0
        return self.add_best(columns, priority, max(len(self.working), 100))

    # --- Which columns a verification computes.

    def uncertain_columns(self, Q, square, alphas):
        """The working set, and all columns that screening cannot prove inactive.

        Parameters
        ----------
        Q : ndarray (n_samples, n_alphas)
            Weighted residuals.
        square : ndarray (n_alphas,)
            Their squared norms.
        """
        working = self.working
        if len(working) == len(working.mask):
            return working.columns
        if self.screening is None:
            outside = np.flatnonzero(working.mask == 0)
        else:
            self.screening.project(Q, square)
            outside = self.screening.uncertain(alphas, working.mask)
            others = len(working.mask) - len(working)
            useless = len(outside) > 0.7 * others and alphas[-1] > 0
            self.n_useless = self.n_useless + 1 if useless else 0
        return np.concatenate([working.columns, outside])

    def count_pass(self, n_columns, n_vectors=1):
        """Count a pass over some columns with up to so many residuals."""
        self.work.passes += n_columns / self.problem.design.n_features * -(-n_vectors // 8)
        self.work.columns_touched += n_columns

    # --- The last solution.

    def correlations(self, found, k):
        """Correlations of all columns at the k-th alpha of a verification: estimated where
        they were not computed."""
        if self.screening is None:
            c = np.zeros(len(self.working.mask))  # that of columns of zeros is not computed
        else:
            c = self.screening.estimate(k)
        c[found.columns] = found.C[:, k]
        return c

    def go_on_from(self, found, k):
        """Take the k-th alpha of a verification as the last solution; `alpha`, `c` and
        `slope` are for the caller to set."""
        vectors = slice(k * self.n_outputs, (k + 1) * self.n_outputs)
        self.W = np.zeros((len(self.working), self.n_outputs))
        self.W[:len(found.W)] = found.W[:, vectors]  # the working set may have grown since

    def extrapolate(self, found, before, k, alphas):
        """Set `c` to the correlations at the k-th alpha, and `slope` to their change
        since the alpha `before` (-1: since the last solution)."""
        alpha = float(alphas[k])
        step = alpha - (self.alpha if before < 0 else float(alphas[before]))
        if self.slope is None:
            self.slope, self.c = np.zeros_like(self.c), self.c.copy()
        if self.screening is not None:  # estimates, where they were not computed
            earlier = self.c if before < 0 else self.screening.estimate(before)
            c = self.screening.estimate(k)
            if step:
                self.slope = (c - earlier) / step
            c[found.columns] = self.c[found.columns]
            self.c = c
        extrapolate(found.C, found.columns, before, k, step, self.c, self.slope)
        self.alpha = alpha

    def learn(self, found, k):
        """Let screening use the residual of the k-th alpha as a reference."""
        if self.screening is None or found.R is None:
            return
        self.screening.learn(
            found.columns, found.C[:, k].copy(), found.R[:, k], float(found.square[k])
        )
        if self.n_useless > 2 and self.problem.design.in_memory:
            self.screening = None


def screening_of(problem, settings):
    """Screening, where computing a correlation costs more than a bound on it; or None."""
    design = problem.design
    per_column = design.nnz / design.n_features
    if (
        not settings.screening or problem.n_outputs > 1 or not design.has_rows
        or not problem.column_penalty.piecewise_linear
        or design.nnz < costs.SCREENING_ENTRIES
        or per_column < (40 if design.sparse else 32)
        or not design.columns_apart  # rows have to be read for any column
    ):
        return None
    n_slots = min(max(costs.SCREENING_BYTES // (8 * design.n_samples), 2), 16)
    screening = Screening(design, problem.column_penalty.l1, problem.y, n_slots)
    return screening if design.batch_width() <= BLOCK else WideScreening(screening)


class WideScreening:
    """`Screening` of more residuals than it takes at a time."""

    def __init__(self, screening):
        self.screening, self.groups, self.at = screening, [], None
        self.learn = screening.learn

    def project(self, Q, square):
        """Take in weighted residuals (n_samples, n_alphas) and their squared norms."""
        self.groups = [
            (np.ascontiguousarray(Q[:, first:first + BLOCK]), square[first:first + BLOCK])
            for first in range(0, len(square), BLOCK)
        ]
        self.at = None

    def uncertain(self, alphas, skip):
        """Columns that may violate the KKT conditions at one of the alphas."""
        found = []
        for k in range(len(self.groups)):
            self._project(k)
            part = alphas[k * BLOCK:(k + 1) * BLOCK]
            found.append(self.screening.uncertain(part, skip))
        return np.unique(np.concatenate(found))

    def estimate(self, k):
        """Correlations of all columns at the k-th alpha."""
        group, k = divmod(k, BLOCK)
        if group != self.at and group < len(self.groups):
            self._project(group)
        return self.screening.estimate(k)

    def _project(self, group):
        self.screening.project(*self.groups[group])
        self.at = group
