"""The protocol of step methods: how a problem on a working set is solved and verified."""

import math

import numpy as np

from ._state import EPS, screening_of


class StepMethod:
    """What `PathSolver` asks of a step method; `solve`, `verify` and `takes_all_columns`
    have no default.

    Parameters
    ----------
    state : PathState

    Attributes
    ----------
    batch_width : int
        Most alphas that are solved together.
    continuation_ratio : float
        Ratio of intermediate alphas between two that are far apart; 0 for none.
    continuation_gap : float
        Relative gap to which these are solved.
    """

    continuation_ratio, continuation_gap = 0.65, 1e-3

    def __init__(self, state):
        self.state, self.problem, self.settings = state, state.problem, state.settings
        self.working, self.work = state.working, state.work
        self.batch_width = batch_width_of(self.problem, self.settings)

    def screening(self):
        """What screens columns, or None."""
        return screening_of(self.problem, self.settings)

    def null_correlations(self):
        """Correlations of all columns with the residual of the null model; of several
        outputs, the strongest."""
        return self.problem.design.xty

    def null_coefficients(self):
        """Coefficients (n_unpenalised, n_outputs) of the unpenalised columns, which become
        the working set."""
        self.state.add_new(self.problem.unpenalised)
        return self.solve(None, 0, np.ones(1), [1e-3 * self.state.target])[0]

    def begin_path(self, alphas):
        """Called before the first alpha."""

    def end_path(self):
        """Called after the last alpha."""

    def takes_all_columns(self, alphas):
        """Whether to begin with all columns."""
        raise NotImplementedError

    def take_all_columns(self, alpha_max, alphas):
        """Begin with all columns; returns how many alphas to solve together."""
        self.state.add_all()
        return self.batch_width

    def solves_together(self):
        """Whether the alphas of a batch are solved at once, none leading to the next."""
        return False

    def solve(self, W, first, alphas, tol):
        """Solve the problem on the working set.

        Parameters
        ----------
        W : ndarray (working, >= n_vectors) or None
            Coefficients to start from; None for the last solution.
        first : int
            The alphas before this one are solved.
        alphas, tol : ndarray (n_alphas,)
            And the gaps to reach.

        Returns
        -------
        W : ndarray (working, n_vectors)
        statuses : list of int
            Of each alpha, as of `riata._core.descent.descend`.
        """
        raise NotImplementedError

    def verify(self, W, alphas):
        """`Verified` coefficients, from X itself."""
        raise NotImplementedError

    def evaluate(self, W):
        """`Verified` coefficients (working, n_outputs) whose gap does not matter."""
        return self.verify(W, np.zeros(1))

    def go_on_from(self, found, k, alphas=()):
        """Go on from the k-th alpha of a verification; `alphas` are those, up to it, that
        were accepted together."""

    def drop_rounding(self, W, alphas):
        """Set coefficients to zero that are no larger than the rounding errors of their
        correlations."""
        # |x_j' r| < 2, with an error of some eps sqrt(n)
        noise = 4.0 * EPS * math.sqrt(self.problem.design.n_samples)
        if self.problem.n_outputs > 1:
            alphas = np.repeat(alphas, self.problem.n_outputs)
        self.problem.penalty.drop_rounding(self.working.columns, W, alphas, noise)

    def note(self, alphas, which, found):
        """Called with each solution: the alphas `which` (a slice or a list)."""

    def reported(self, found, alphas):
        """Coefficients to report in place of those that were verified."""
        return found.W


def batch_width_of(problem, settings):
    """How many alphas are solved together: correlations are kept for all columns and
    alphas, and should not take more room than X itself."""
    if problem.n_outputs > 1 or settings.batch < 2:
        return 1
    if not (problem.quadratic or problem.column_penalty.piecewise_linear):
        return 1  # each alpha has a Hessian of its own
    return problem.design.batch_width()


def ahead(last, earlier, alpha, size):
    """Coefficients (size,) to start from: those of the last alpha, extrapolated in its
    logarithm from the one before, if there is one; pairs of coefficients and alpha."""
    (w, now), (v, then) = last, earlier or last
    w, v = (np.concatenate([x, np.zeros(size - len(x))]) for x in (w, v))
    if not then > now > alpha > 0.0:
        return w
    start = w + math.log(now / alpha) / math.log(then / now) * (w - v)
    return np.where((start * w > 0.0) & (v != 0.0), start, w)
