"""Whether an iteration still makes progress towards its tolerances.

Because of rounding, the gap, the KKT violation and the objective of every iteration
eventually only fluctuate. An iteration that has not improved any of them for a number of
steps is ended.
"""

import numpy as np

EPS = float(np.finfo(float).eps)
TINY = 1e-100  # replaces a tolerance of zero in a quotient
LESS = 0.8  # a value below this multiple of the best so far counts as progress
NEGLIGIBLE = 0.01  # decrease of the objective, relative to the gap's tolerance, to ignore
NOISE = 8.0 * EPS  # the same relative to the objective
PATIENCE = 200  # steps in which the excess over the tolerances has to halve ...
STEADY = 0.03  # ... or the objective to decrease by this share of the gap


class Progress:
    """The best values reached at several alphas, and the steps since they improved.

    Parameters
    ----------
    gap_tol, kkt_tol : float or ndarray (n_alphas,)
        Tolerances of the gap and the KKT violation.
    n_alphas : int
    noise : float, optional
        Changes of the objective up to this size may be due to rounding.

    Attributes
    ----------
    idle : ndarray of int (n_alphas,)
        Steps since the last progress.
    behind : ndarray of bool (n_alphas,)
        Whether the best value was better than the last.
    noisy : bool
        Whether `noise` is not negligible relative to the tolerance of the gap.
    slow : ndarray of bool (n_alphas,)
        Whether the last 200 steps (50 if `noisy`) have neither halved the excess over the
        tolerances nor lowered the objective by a share of the gap.
    """

    def __init__(self, gap_tol, kkt_tol, n_alphas, noise=0.0):
        self.gap_tol = np.broadcast_to(gap_tol, n_alphas)
        self._noise = noise
        self.noisy = bool(noise > NEGLIGIBLE * self.gap_tol.min())
        self._patience = PATIENCE // 4 if self.noisy else PATIENCE
        self.kkt_tol = np.broadcast_to(kkt_tol, n_alphas)
        self.behind = np.zeros(n_alphas, dtype=bool)
        self.slow = np.zeros(n_alphas, dtype=bool)
        self._taken, self._due = np.zeros((2, n_alphas), dtype=int)
        self._goal = np.full((2, n_alphas), np.inf)  # to be reached when due
        self.idle = np.zeros(n_alphas, dtype=int)
        self._best = np.full(n_alphas, np.inf)  # multiple of the tolerances
        self._last = np.full(n_alphas, np.inf)  # the same, at the last progress
        self._kkt = np.full(n_alphas, np.inf)  # likewise
        self._least = np.full(n_alphas, np.inf)  # objective, at the last progress

    def note(self, gap, kkt, objective=np.inf, moved=True):
        """Record the values after a step; returns where they are the best so far.

        Parameters
        ----------
        gap, kkt : ndarray (n_alphas,)
        objective : float or ndarray (n_alphas,)
            Infinite if unknown.
        moved : bool or ndarray of bool (n_alphas,)
            Which alphas the step was for.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            missed = np.maximum(
                gap / np.maximum(self.gap_tol, TINY), kkt / np.maximum(self.kkt_tol, TINY)
            )
            gain = np.maximum(NEGLIGIBLE * self.gap_tol, NOISE * np.abs(objective))
            gain = np.maximum(gain, self._noise)
            lower = objective < self._least - gain
        missed = np.where(np.isnan(missed), np.inf, missed)
        better = missed < self._best
        self._best = np.where(better, missed, self._best)
        self.behind = missed > self._best
        # (a gap may be no more than a bound while the violation falls)
        ahead = (missed <= LESS * self._last) | (kkt <= LESS * self._kkt) | lower
        self._last = np.where(ahead, np.minimum(missed, self._last), self._last)
        self._kkt = np.where(ahead, np.fmin(kkt, self._kkt), self._kkt)
        self._least = np.where(ahead, np.minimum(objective, self._least), self._least)
        self.idle = np.where(ahead, 0, self.idle + moved)
        self._taken += moved
        due = self._taken >= self._due
        if due.any():
            missed, lower = self._goal
            self.slow = self.slow | (due & (self._best > missed) & (objective > lower))
            with np.errstate(invalid="ignore"):  # (infinite tolerances)
                least = np.fmin(gap, self._best * np.maximum(self.gap_tol, TINY))
                goal = 0.5 * self._best, objective - STEADY * least
            self._goal = np.where(due, goal, self._goal)
            self._due = np.where(due, self._taken + self._patience, self._due)
        return better


def sharper(gap_tol, kkt_tol, gap, kkt):
    """Tolerances of the next step's gap with which both tolerances should be met: the gap
    is proportional to the violation or, away from kinks, to its square.

    Parameters
    ----------
    gap_tol, kkt_tol, gap, kkt : ndarray (n_alphas,)
    """
    missed = kkt > kkt_tol
    if not missed.any():
        return gap_tol
    share = np.divide(kkt_tol, kkt, out=np.ones_like(kkt), where=missed)
    return np.where(missed, np.fmin(gap_tol, gap * share**2), gap_tol)
