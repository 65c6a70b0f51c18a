"""Coordinate descent for several alphas at once, finished by Newton steps.

Rounds of sweeps at all alphas, each followed by a truncated Newton step once descent has
found its stride (`riata._core.batched_descent`).
"""

from time import monotonic
from typing import NamedTuple

import numpy as np

from ..._core.batched_descent import BatchedDescent
from ..._core.descent import CONVERGED, EPOCH_LIMIT, OUT_OF_TIME, STALLED, Quadratic
from ..._design._products import BLOCK

CG_STEPS = 30  # of conjugate gradients in one Newton step
ROUNDS_BEFORE_NEWTON = 2
PATIENCE = 200  # rounds in which the gap must at least halve
SLOW_CONVERGENCE = -1  # a status: another engine is cheaper


class View(NamedTuple):
    """A working set as the engines take it: arrays of length (size,)."""

    quadratic: Quadratic
    columns: np.ndarray
    sqnorm: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


class Effort(NamedTuple):
    """What batched descent has cost."""

    rounds: int
    newton: int  # steps of conjugate gradients


def descend_batch(problem, view, state, xty, yy, W, first, alphas, tol, max_rounds,
                  deadline, events_pay=None, squared=True):
    """Solve at the alphas from `first` on, all at once.

    Parameters
    ----------
    problem : object
        With the attribute `column_penalty`.
    view : View
    state : ndarray (length, 1 or n_alphas)
        State of the quadratic at ``w = 0``.
    xty : ndarray (size, 1 or n_alphas)
    yy : float or ndarray (n_alphas,)
        Squared norm of y.
    W : ndarray (size, n_alphas)
        Coefficients to start from; alphas before `first` are returned as they are.
    alphas, tol : ndarray (n_alphas,)
        Penalty strengths `alpha`, and the gaps to reach on the working set.
    max_rounds : int
    deadline : float
    events_pay : callable, optional
        Given the coefficients, the effort so far and the number of rounds that seem to be
        left: whether to give up in favour of another engine.
    squared : bool
        How to measure the gap: see `ColumnPenalty.certify`.

    Returns
    -------
    W : ndarray (size, n_alphas)
    statuses : list of int
        Of each alpha, as of `descend`; or SLOW_CONVERGENCE.
    effort : Effort
    """
    n_alphas = len(alphas)
    width = 1 if n_alphas == 1 else BLOCK
    block = BatchedDescent(
        view.quadratic, view.sqnorm, view.l1, view.l2, view.lower, view.upper,
        np.concatenate([alphas, np.ones(width - n_alphas)]),
    )
    block.start(_padded(W[:, :n_alphas], width), _padded(state, width, n_alphas))
    statuses = np.full(n_alphas, CONVERGED)
    active = np.arange(n_alphas) >= first
    rounds = newton = 0
    best, next_look = np.full(n_alphas, np.inf), PATIENCE
    before = best
    while True:
        block.correlate()
        w, C = block.w[:, :n_alphas], block.C
        # ||r||^2 = y'y - w' (X'y + c)
        loss = yy - np.einsum("ij,ij->j", w, xty + C[:, :n_alphas])
        gap, _, _ = problem.column_penalty.certify(
            C, view.columns, block.w, alphas, np.maximum(loss, 0.0), squared
        )
        active &= gap > tol
        if rounds >= next_look:
            hopeless = active & (gap > 0.5 * best)
            statuses[hopeless] = EPOCH_LIMIT
            active &= ~hopeless
            best, next_look = gap, rounds + PATIENCE
        if rounds >= max_rounds:
            statuses[active] = EPOCH_LIMIT
            break
        if monotonic() > deadline:
            statuses[active] = OUT_OF_TIME
            break
        if not active.any():
            break
        if events_pay is not None and rounds >= 3:
            left = _rounds_left(gap[active], before[active], tol[active])
            if events_pay(w[:, -1], Effort(rounds, newton), left):
                statuses[active] = SLOW_CONVERGENCE
                break
        before = gap
        block.live[:n_alphas] = active
        if rounds >= ROUNDS_BEFORE_NEWTON:
            newton += block.newton(CG_STEPS)
        largest = block.sweep()[:n_alphas]
        rounds += 1
        stuck = active & (largest <= 1e-31 * np.maximum((w**2).max(axis=0), yy))
        statuses[stuck] = STALLED
        active &= ~stuck
    W = W.copy()
    W[:, first:n_alphas] = block.w[:, first:n_alphas]
    return W, statuses.tolist(), Effort(rounds, newton)


def _padded(block, width, n_alphas=None):
    """A block (size, 1 or n_alphas) with as many columns as the kernels take."""
    if n_alphas is not None and block.shape[1] == 1:
        block = np.broadcast_to(block, (len(block), n_alphas))
    if block.shape[1] == width:
        return block
    return np.pad(block, ((0, 0), (0, width - block.shape[1])))


def _rounds_left(gap, before, tol):
    """Rounds that the slowest alpha needs if its gap goes on to fall as it does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(np.maximum(before / gap, 1.0 + 1e-3))
    return float((np.log(gap / tol) / rate).max())
