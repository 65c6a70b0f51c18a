"""Whether an iteration still comes closer to what is asked of it.

Rounding ends every iteration somewhere: from there on the gap, the violation of the
optimality conditions and the objective only fluctuate. An iteration that has not improved
on any of them for a number of steps has got as far as it can.
"""

import numpy as np

EPS = float(np.finfo(float).eps)
TINY = 1e-100  # takes the place of a tolerance of zero in a quotient
LESS = 0.8  # share of the best so far that counts as progress
NEGLIGIBLE = 0.01  # share of the tolerated gap: a fall of the objective that is no gain
NOISE = 8.0 * EPS  # share of the objective, likewise
PATIENCE = 200  # steps in which what is missed has to halve ...
STEADY = 0.03  # ... or the objective to fall by this share of the gap


class Progress:
    """The best that was reached at several alphas, and for how many steps it has stood.

    Parameters
    ----------
    gap_tol, kkt_tol : float or ndarray (n_alphas,)
        The gap and the KKT violation that are asked for.
    n_alphas : int
    noise : float, optional
        Changes of the objective up to this size may be rounding.

    Attributes
    ----------
    idle : ndarray of int (n_alphas,)
        Steps since the last progress.
    behind : ndarray of bool (n_alphas,)
        Whether the best was better than what was last noted.
    noisy : bool
        Whether that counts, against the gap that is asked for.
    slow : ndarray of bool (n_alphas,)
        Whether the last 200 steps (50 if `noisy`) have neither halved what is missed nor
        lowered the objective by much of it.
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
        """Take down what a step has reached; returns where it is the best so far.

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
    """Gaps that the next step should come to, for both tolerances to be met: a gap falls
    like the violation or, where nothing is at a kink, like its square.

    Parameters
    ----------
    gap_tol, kkt_tol, gap, kkt : ndarray (n_alphas,)
    """
    missed = kkt > kkt_tol
    if not missed.any():
        return gap_tol
    share = np.divide(kkt_tol, kkt, out=np.ones_like(kkt), where=missed)
    return np.where(missed, np.fmin(gap_tol, gap * share**2), gap_tol)
