"""Bounds on the expected number of falsely selected features of stability selection.

With `q` the expected number of features that a half-sample selects out of `p`, and
``theta = q / p``, the bounds are on the expected number of those selected features that
a half-sample would select with a probability of at most `theta`: no better than chance.
"""

import math

import numpy as np

from .. import _validation as check

ASSUMPTIONS = ("none", "unimodal", "r-concave")
LARGEST_A = 1e8  # where the extremal distributions are uniform


def false_selection_bound(
    n_selected, n_features, threshold, *, n_pairs=50, assumption="unimodal"
):
    r"""Bound the expected number of falsely selected features of stability selection.

    A feature counts as falsely selected if a single half-sample selects it with a
    probability of at most :math:`\theta = q / p`, the share of all features that are
    selected, and yet it is selected by a share :math:`\tau` of all half-samples.

    Parameters
    ----------
    n_selected : float
        Expected number :math:`q` of features that a half-sample selects.
    n_features : int
        Number :math:`p` of features to select from.
    threshold : float in (0.5, 1]
        Share :math:`\tau` of half-samples that have to select a feature. It acts as the
        next multiple of ``1 / (2 n_pairs)``.
    n_pairs : int, default=50
        Number :math:`B` of complementary pairs of half-samples.
    assumption : {"none", "unimodal", "r-concave"}, default="unimodal"
        What is assumed of the distribution of a feature's simultaneous selection
        probability, the share of pairs both of whose halves select it: nothing, which
        gives Meinshausen and Buehlmann's :math:`q^2 / ((2 \tau - 1) p)`; that it is
        unimodal; or that it and the selection probability itself are r-concave with r =
        -1/2 and -1/4, which is stronger than unimodal, weaker than log-concave, and
        what Shah and Samworth recommend.

    Returns
    -------
    float
        At most `n_features`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    Notes
    -----
    Unimodal (Shah and Samworth 2013, theorem 2), for :math:`\theta \le 1/\sqrt 3` and
    :math:`\tau > \min(1/2 + \theta^2, 1/2 + 1/(2B) + 3 \theta^2 / 4)`:

    .. math::
        \theta q \cdot \begin{cases}
        \frac{1}{2 (2 \tau - 1 - 1/(2B))} & \tau \le 3/4 \\
        \frac{4 (1 - \tau + 1/(2B))}{1 + 1/B} & \tau > 3/4 \end{cases}

    r-concave (their equation 8): :math:`p \min(D(\theta^2, 2 \tau - 1, B, -1/2),
    D(\theta, \tau, 2B, -1/4))`, where :math:`D(\eta, t, B, r)` is the largest
    probability of at least `t` under an r-concave distribution on
    :math:`\{0, 1/B, \dots, 1\}` whose mean is at most :math:`\eta`. Each is taken only
    where it improves on the bound without an assumption.

    References
    ----------
    Meinshausen & Buehlmann (2010), doi:10.1111/j.1467-9868.2010.00740.x; Shah &
    Samworth (2013), doi:10.1111/j.1467-9868.2011.01034.x.

    Examples
    --------
    >>> from riata import false_selection_bound
    >>> round(false_selection_bound(10, 1000, 0.6, assumption="none"), 6)
    0.5
    >>> round(false_selection_bound(10, 1000, 0.6, assumption="unimodal"), 4)
    0.2632
    """
    p = check.check_integer(n_features, "n_features")
    q = check.check_real(n_selected, "n_selected", low=0.0, high=float(p))
    tau = check.check_real(threshold, "threshold", low=0.5, high=1.0, low_open=True)
    n_pairs = check.check_integer(n_pairs, "n_pairs")
    check.check_choice(assumption, "assumption", ASSUMPTIONS)
    count = math.ceil(2 * n_pairs * tau - 1e-9)
    tau, theta = count / (2 * n_pairs), q / p
    bound = min(q * theta / (2.0 * tau - 1.0), float(p))
    if assumption == "unimodal":
        bound = min(bound, q * theta * _unimodal(theta, tau, n_pairs))
    elif assumption == "r-concave":
        both = largest_tail(theta**2, count - n_pairs, n_pairs, -0.5)
        each = largest_tail(theta, count, 2 * n_pairs, -0.25)
        bound = min(bound, p * both, p * each)
    return float(bound)


def _unimodal(theta, tau, n_pairs):
    """What multiplies ``theta q`` under unimodality; inf where nothing is known."""
    half = 0.5 / n_pairs
    least = min(0.5 + theta**2, 0.5 + half + 0.75 * theta**2)
    if theta > 1.0 / math.sqrt(3.0) or tau <= least:
        return math.inf
    if tau <= 0.75:
        return 0.5 / (2.0 * tau - 1.0 - half)
    return 4.0 * (1.0 - tau + half) / (1.0 + 1.0 / n_pairs)


def largest_tail(mean, count, size, r):
    """Largest probability of ``count / size`` and more under an r-concave distribution.

    The extremal distributions are ``f(i)`` proportional to ``(a + i)^(1/r)`` for i = 0
    to k, with any smaller weight on k + 1 and none beyond. For each k the weight on
    k + 1, and with it everything else, follows from `a` and the mean.

    Parameters
    ----------
    mean : float
        Bound on the mean of the distribution, which lives on 0, 1/size, ..., 1.
    count, size : int
    r : float
        Negative.

    Returns
    -------
    float
    """
    from scipy.optimize import minimize_scalar

    target = mean * size
    if target <= 0.0 or count < 1:
        return 0.0 if count >= 1 else 1.0
    first = math.ceil(2.0 * target)  # where a uniform distribution has at least the mean
    if count <= first:
        return 1.0
    largest = 0.0
    for k in range(count - 1, size):  # below that nothing reaches the tail
        i = np.arange(k + 1.0)

        def body(log_a, i=i, k=k):
            f = (np.exp(log_a) + i) ** (1.0 / r)
            unit = (k + 1 - target) / ((k + 1 - i) @ f)
            return unit * f[:count].sum()

        low, high = _log_a(k + 1, target, r), _log_a(k, target, r)
        found = minimize_scalar(
            body, bounds=(min(low, high - 1e-9), high), method="bounded",
            options={"xatol": 1e-8},
        )
        largest = max(largest, 1.0 - min(found.fun, body(low), body(high)))
    return float(min(largest, 1.0))


def _log_a(k, target, r):
    """``log a`` for which ``(a + i)^(1/r)``, i = 0 to k, has a mean of `target`."""
    from scipy.optimize import brentq

    i = np.arange(k + 1.0)

    def difference(log_a):
        f = (1.0 + i / np.exp(log_a)) ** (1.0 / r)
        return (i @ f) / f.sum() - target

    high = math.log(LARGEST_A)
    if difference(high) <= 0.0:
        return high
    return brentq(difference, -100.0, high, xtol=1e-12)


def largest_selection(pfer, n_features, threshold, n_pairs, assumption):
    """The most features a half-sample may select for a bound of `pfer`, at least 1."""

    def fits(q):
        return false_selection_bound(
            q, n_features, threshold, n_pairs=n_pairs, assumption=assumption
        ) <= pfer

    low, high = 1, n_features  # the bound increases with q
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def least_threshold(pfer, n_features, n_selected, n_pairs, assumption):
    """The least threshold for a bound of `pfer`: a multiple of ``1 / (2 n_pairs)``.

    Raises
    ------
    ValueError
        If there is none.
    """
    low, high = n_pairs + 1, 2 * n_pairs  # the bound decreases with the threshold

    def bound(count):
        return false_selection_bound(
            n_selected, n_features, count / (2 * n_pairs), n_pairs=n_pairs,
            assumption=assumption,
        )

    if not bound(high) <= pfer:
        raise ValueError(
            f"n_features_to_select={n_selected} of {n_features} features allows no "
            f"threshold with pfer={pfer:g}: even a threshold of 1 has {bound(high):.3g}. "
            "Select fewer features, or accept a larger pfer."
        )
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if bound(middle) <= pfer else (middle + 1, high)
    return low / (2 * n_pairs)
