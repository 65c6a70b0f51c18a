"""Certificates of ridge solutions, and the corrections that they ask for.

All quantities are in the scaled units of `Problem`. With the residual ``r = c - B v``
as the dual point, the duality gap is a sum of squares,

    gap = ||Q'r||^2 / 2 + sum_j (B_j'theta - a_j v_j)^2 / (2 a_j),  theta = (I - QQ')r,

where `Q` spans the columns that have no penalty, which a dual point must be orthogonal
to. Hence it has no cancellation, and no room for a negative value. Any further columns
may be projected out as well, at the price of ``a_j v_j^2 / 2`` each: this gives a
smaller bound where `a_j` is so small that dividing by it only magnifies the rounding
errors of ``B_j'theta``.
"""

import numpy as np

from ._direct import Split
from ._problem import distinct

REFINED = 1e-13  # relative gap above which one correction is worth its passes
FRAGILE = 1e-7  # reciprocal condition of the Gram below which to correct once anyway
CORRECTIONS = 3
NEGLIGIBLE = 1e-16  # penalty, for columns of norm one, that is lost in rounding errors
WIDE = 1 << 27  # numbers in the largest basis made to project such columns out
MANY = 64  # targets at one alpha from which on they are certified together
PROBES = 8
SAFETY = 60.0


def certify(problem, split, V, roots, targets, factor):
    """Duality gaps and gradients of coefficients.

    Parameters
    ----------
    problem : Problem
    split : Split
        The columns to project out, at least those not penalised.
    V : ndarray of shape (n_features, k)
    roots : ndarray of shape (k,)
        Square roots of the alphas.
    targets : ndarray of int, shape (k,)
    factor : object
        At alpha = 0 its ``explained(H, R)`` gives the squared norm of what the columns
        explain of residuals R, where ``H = B'R``.

    Returns
    -------
    certificate : ndarray of shape (2, k)
        Gaps, and largest absolute entries of the gradients in the units of X and c.
    gradient : ndarray of shape (n_features, k)
        ``B'(c - B V) - a V``.
    """
    R = problem.dot(V)
    np.subtract(problem.targets[:, targets], R, out=R)
    H = problem.tdot(R)
    inner = split.Q.T @ R
    on = split.e > 0
    given_up = (problem.e > 0) & ~on
    gap, penalty = np.zeros(len(roots)), np.zeros(len(roots))
    for root in distinct(roots):
        at = _slice(np.flatnonzero(roots == root))
        a = problem.penalty(root)
        theta = H[:, at].copy()
        if len(inner):
            theta -= split.cross @ inner[:, at]
        pull = a[:, None] * V[:, at]
        penalty[at] = 0.5 * np.einsum("jk,jk->k", pull, V[:, at])
        H[:, at] -= pull
        if root > 0:
            theta -= pull
            np.square(theta, out=theta)
            weight = np.zeros(len(a))
            weight[on] = 0.5 / a[on]
            gap[at] = weight @ theta
            if given_up.any():
                gap[at] += 0.5 * (a[given_up] @ V[given_up][:, at] ** 2)
        elif on.any():
            gap[at] = 0.5 * factor.explained(on[:, None] * theta, R[:, at])
    gap += 0.5 * np.einsum("qk,qk->k", inner, inner)
    # The objective itself is a bound as well: that of the dual point 0.
    primal = 0.5 * np.einsum("ik,ik->k", R, R) + penalty
    gap = np.fmin(gap, primal)
    return np.stack([gap, _largest(problem, H)]), H


def _slice(index):
    """Return an index as a slice, which copies nothing, if it is a range of numbers."""
    if np.array_equal(index, np.arange(index[0], index[0] + len(index))):
        return slice(index[0], index[-1] + 1)
    return index


def _largest(problem, H):
    """Largest absolute entry of each gradient, in the units of X."""
    peak = np.max(np.abs(problem.exponent), initial=0)
    if peak < 500:
        slope = np.abs(H) * np.ldexp(1.0, problem.exponent)[:, None]
    else:
        slope = np.ldexp(np.abs(H), problem.exponent[:, None])
    return slope.max(axis=0, initial=0.0)


def refine(problem, split, factor, V, roots, targets, tol):
    """Certify solutions, and correct them with their factorisation where it pays.

    Returns
    -------
    V : ndarray of shape (n_features, k)
    certificate : ndarray of shape (2, k)
    n_iter : ndarray of int, shape (k,)
        1 and the number of corrections.
    """
    certificate = np.empty((2, len(roots)))
    n_iter = np.ones(len(roots), dtype=np.int64)
    left = _certify_together(
        problem, split, V, roots, targets, min(tol, REFINED), certificate
    )
    if not len(left):
        return V, certificate, n_iter
    all_of_them = len(left) == len(roots)
    W = V if all_of_them else V[:, left]
    W, certificate[:, left], n_iter[left] = _correct(
        problem, split, factor, W, roots[left], targets[left], tol
    )
    if not all_of_them:
        V[:, left] = W
    return V, certificate, n_iter


def _correct(problem, split, factor, V, roots, targets, tol):
    certificate, H = certify(problem, split, V, roots, targets, factor)
    n_iter = np.ones(len(roots), dtype=np.int64)
    null = problem.null[targets]
    # A small gap does not yet mean accurate coefficients. (For the kernel it is the
    # correction that would add rounding errors, its unknown being the residual.)
    fragile = (factor.side == "gram") & (factor.condition(roots) < FRAGILE)
    for step in range(CORRECTIONS):
        bound = (min(tol, REFINED) if step == 0 else tol) * null
        widen(problem, split, V, roots, targets, certificate, bound, factor)
        bad = certificate[0] > bound
        if step == 0:
            bad |= fragile
        at = np.flatnonzero(bad)
        if not len(at):
            break
        better = V[:, at] + factor.correct(H[:, at], roots[at])
        new, G = certify(problem, split, better, roots[at], targets[at], factor)
        widen(problem, split, better, roots[at], targets[at], new, bound[at], factor)
        gain = new[0] < np.maximum(certificate[0, at], REFINED * null[at])
        V[:, at[gain]], H[:, at[gain]] = better[:, gain], G[:, gain]
        certificate[:, at[gain]] = new[:, gain]
        n_iter[at] += 1
    return V, certificate, n_iter


def widen(problem, split, V, roots, targets, certificate, bound, factor):
    """Lower gaps above a bound by projecting out columns of negligible penalty."""
    for root in distinct(roots[(certificate[0] > bound) & (roots > 0)]):
        a = problem.penalty(root)
        extra = np.flatnonzero((split.e > 0) & (a < NEGLIGIBLE))
        if not len(extra):
            continue
        at = np.flatnonzero((roots == root) & (certificate[0] > bound))
        if len(extra) == np.count_nonzero(split.e):
            # Against least squares: the same solutions, judged at alpha = 0.
            new = certify(problem, split, V[:, at], 0.0 * roots[at], targets[at], factor)
            gap = new[0][0] + 0.5 * (a @ V[:, at] ** 2)
        elif problem.n_samples * len(extra) <= WIDE:
            index = np.union1d(split.index, extra)
            wide = Split(problem, index)
            new = certify(problem, wide, V[:, at], roots[at], targets[at], factor)
            gap = new[0][0]
        else:
            continue
        certificate[0, at] = np.fmin(certificate[0, at], gap)


def _certify_together(problem, split, V, roots, targets, tol, certificate):
    """Certify many targets at one alpha by a few random combinations of them.

    The gradient is linear in the pair of target and coefficients. So the expected gap
    of ``sum_k z_k (c_k, v_k) / sqrt(null_k)``, with independent standard normal z, is
    the sum of the relative gaps of all k. `SAFETY` times the mean over `PROBES` draws
    is below that sum with a probability of less than 1e-6 (at worst, when all gradients
    are parallel, that of a chi-squared variable), and is certified for each k. Random
    signs would not do: equal targets cancel.

    Fills in `certificate` where that is within `tol`; returns the numbers of the others.
    """
    left = np.ones(len(roots), dtype=bool)
    if len(roots) < MANY:
        return np.flatnonzero(left)
    values, counts = np.unique(roots, return_counts=True)
    for root in values[(counts >= MANY) & (values > 0)]:
        at = np.flatnonzero(roots == root)
        null = problem.null[targets[at]]
        if np.any(null == 0):
            continue
        mix = np.random.default_rng(0).standard_normal((len(at), PROBES))
        mix /= np.sqrt(2.0 * null)[:, None]
        C, W = problem.targets[:, _slice(targets[at])] @ mix, V[:, _slice(at)] @ mix
        R = C - problem.dot(W)
        inner = split.Q.T @ R
        a, on = problem.penalty(root), split.e > 0
        theta = problem.tdot(R) - split.cross @ inner - a[:, None] * W
        total = np.sum(theta[on] ** 2 / a[on, None]) + np.sum(inner**2)
        bound = SAFETY * total / PROBES
        if bound <= tol:
            # A component of the gradient is at most sqrt(2 a_j gap).
            slope = np.sqrt(a)
            slope[problem.free] = 1.0
            steepest = np.max(np.ldexp(slope, problem.exponent), initial=0.0)
            certificate[0, at] = bound * null
            certificate[1, at] = steepest * np.sqrt(2.0 * bound * null)
            left[at] = False
    return np.flatnonzero(left)
