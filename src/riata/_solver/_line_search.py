"""Backtracking line search: what counts as a fall of the objective (Armijo's rule).

All functions take the values of several alphas side by side.
"""

import math

import numpy as np

EPS = float(np.finfo(float).eps)
ARMIJO = 1e-4  # share of the predicted decrease that a step must achieve
SHORTEST = 1e-10  # step length
NOISE = 1e-8  # share of a loss, of which a change may be rounding


def rounding_of(value, n_samples):
    """By how much an objective of this value may change by rounding."""
    return EPS * (100.0 + 10.0 * math.sqrt(n_samples)) * value


def change_of_loss(before, after, length, begin, end):
    """Change of a loss along a step, from its values and its slopes at both ends: by the
    trapezoidal rule, which does not cancel, where the difference may be rounding."""
    with np.errstate(invalid="ignore"):  # (both may be infinite)
        change = after - before
    rule = 0.5 * length * (begin + end)
    return np.where(np.abs(change) <= NOISE * before, rule, change)


def falls_enough(change, length, slope, rounding):
    """Whether an objective has fallen enough for a step of this length, given its slope
    at the start."""
    return change <= ARMIJO * length * slope + rounding
