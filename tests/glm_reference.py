"""A slow oracle for penalised generalised linear models, in extended precision.

Nothing here is shared with the library. Each loss is written down once more, as in the
textbook; `solve` is Newton's method with damping (Levenberg and Marquardt's) whose steps
are the penalised least squares of `reference.solve`; `certify` is weak duality with the
conjugates written down. All speak of the problem

    min sum q loss(y, offset + b + X w) + sum l1 |w| + l2/2 w^2,  lower <= w <= upper

with q the weights divided by their sum.
"""

from types import SimpleNamespace

import numpy as np
import reference
from reference import LONG


def xlogx(x):
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1)), 0)


def sigmoid(eta):
    return 1 / (1 + np.exp(-np.clip(eta, -11000, 11000)))


# Of each loss: value, derivative, second derivative (or a bound on it), and the least
# value of ``value(eta) + theta eta`` over eta. The parameters follow eta.


def squared(y, eta):
    return (y - eta) ** 2 / 2, eta - y, np.ones_like(eta)


def squared_dual(y, theta):
    return y * theta - theta**2 / 2


def logistic(y, eta):
    p = sigmoid(eta)
    value = np.logaddexp(LONG(0), eta) - y * eta + xlogx(y) + xlogx(1 - y)
    return value, p - y, p * (1 - p)


def logistic_dual(y, theta):
    p = y - theta
    value = xlogx(y) + xlogx(1 - y) - xlogx(np.clip(p, 0, 1))
    value -= xlogx(1 - np.clip(p, 0, 1))
    return np.where((p < 0) | (p > 1), -np.inf, value)


def poisson(y, eta):
    mean = np.exp(eta)
    return mean - y * eta - y + xlogx(y), mean - y, mean


def poisson_dual(y, theta):
    u = y - theta
    value = u - xlogx(u) - y + xlogx(y)
    return np.where(u < 0, -np.inf, value)


def gamma(y, eta):
    ratio = y * np.exp(-eta)
    return ratio - np.log(y) + eta - 1, 1 - ratio, ratio


def gamma_dual(y, theta):
    u = 1 + theta
    value = u - xlogx(u) + u * np.log(y) - 1 - np.log(y)
    return np.where(u < 0, -np.inf, value)


def tweedie(y, eta, power):
    p = LONG(power)
    a, b = np.exp((1 - p) * eta), np.exp((2 - p) * eta)
    value = y ** (2 - p) / ((1 - p) * (2 - p)) - y * a / (1 - p) + b / (2 - p)
    curvature = (p - 1) * y * a + (2 - p) * b
    return value, b - y * a, np.maximum(curvature, b) if power > 2 else curvature


def negative_binomial(y, eta, dispersion):
    a = LONG(dispersion)
    share = sigmoid(eta + np.log(a))
    least = (y + 1 / a) * np.log1p(a * y) - y * np.log(np.where(y > 0, a * y, 1))
    value = (y + 1 / a) * np.logaddexp(LONG(0), eta + np.log(a))
    value = value - y * (eta + np.log(a)) - least
    return value, (y + 1 / a) * share - y, (y + 1 / a) * share * (1 - share)


def huber(y, eta, delta):
    error = y - eta
    small = abs(error) <= delta
    value = np.where(small, error**2 / 2, delta * abs(error) - LONG(delta) ** 2 / 2)
    return value, -np.clip(error, -delta, delta), small.astype(LONG)


def huber_dual(y, theta, delta):
    inside = abs(theta) <= delta * (1 + 1e-15)
    return np.where(inside, y * theta - theta**2 / 2, -np.inf)


def squared_hinge(y, eta):
    sign = 2 * y - 1
    short = np.maximum(1 - sign * eta, 0)
    return short**2 / 2, -sign * short, (short > 0).astype(LONG)


def squared_hinge_dual(y, theta):
    pull = (2 * y - 1) * theta
    return np.where(pull < 0, -np.inf, pull - theta**2 / 2)


def evaluate(loss, y, eta):
    """Value, derivative and curvature of a loss object of the library's, from above."""
    y, eta = np.asarray(y, LONG), np.asarray(eta, LONG)
    with np.errstate(over="ignore", invalid="ignore"):
        return globals()[loss.name](y, eta, **vars(loss))


def dual(loss, y, theta):
    """Least value of ``value(eta) + theta eta``; None where it has no closed form."""
    formula = globals().get(f"{loss.name}_dual")
    if formula is None:
        return None
    return formula(np.asarray(y, LONG), np.asarray(theta, LONG), **vars(loss))


def prepare(loss, X, y, alpha, *, offset=None, **options):
    """The problem as an object of `reference.prepare`, with the columns scaled as they
    are penalised, y as 0 and 1 if it holds classes, and an offset."""
    y = np.asarray(y, float)
    y = np.where(y < 0, 0.0, y) if loss.classifies else y
    X = X.toarray() if hasattr(X, "toarray") else X
    P = reference.prepare(X, y, alpha, **options)
    s = options.get("sample_weight")
    rows = slice(None) if s is None else np.asarray(s) > 0
    P.offset = (np.zeros(len(y), LONG) if offset is None else offset + LONG(0))[rows]
    return P


def objective(loss, P, w, b):
    value, _, _ = evaluate(loss, P.y, P.offset + b + P.X @ w)
    total = P.q @ value + P.l1 @ abs(w) + P.l2 @ w**2 / 2
    return total if np.isfinite(total) else LONG(np.inf)


def best_intercept(loss, P, w):
    """The intercept that is optimal for w: Newton steps as long as each is at most half of
    the one before, else bisection. (Down an exponential, Newton's steps are all 1.)"""
    if not P.fit_intercept:
        return LONG(0)
    eta = P.offset + P.X @ w
    low, high = LONG(-3000) - eta.max(), LONG(3000) - eta.min()
    if loss.name in ("squared", "huber"):
        low, high = (P.y - eta).min(), (P.y - eta).max()
    b, last = (low + high) / 2, LONG(np.inf)
    for _ in range(200):
        _, slope, curvature = evaluate(loss, P.y, eta + b)
        pull = -(P.q @ slope)
        if not abs(pull) > 1e-18 * (P.q @ abs(slope)):
            break
        low, high = (b, high) if pull > 0 else (low, b)
        step = pull / (P.q @ curvature) if P.q @ curvature > 0 else LONG(np.inf)
        if not (low < b + step < high and abs(step) <= last / 2):
            step = (low + high) / 2 - b
        b, last = b + step, abs(step)
        if high - low <= 1e-19 * abs(high):
            break
    return b


def violation(loss, P, w, b):
    """Largest violation of the optimality conditions."""
    _, slope, _ = evaluate(loss, P.y, P.offset + b + P.X @ w)
    wrong = reference._violation(P, w, -(P.X.T @ (P.q * slope)))
    return max(np.max(wrong, initial=0), abs(P.q @ slope) * P.fit_intercept)


def solve(loss, X, y, alpha, *, start=None, max_steps=300, **options):
    """Coefficients and intercept of an optimum, in `numpy.longdouble`.

    Where there is none (separable data without a penalty), what is reached.
    """
    P = prepare(loss, X, y, alpha, **options)
    w = np.zeros(P.X.shape[1], LONG) if start is None else np.asarray(start, LONG)
    b = best_intercept(loss, P, w)
    now, damping = objective(loss, P, w, b), LONG(0)
    unit = np.max(np.sqrt(P.q @ P.X**2), initial=0)
    unit *= np.sqrt(P.q @ evaluate(loss, P.y, P.offset + b)[1] ** 2)
    for _ in range(max_steps):
        if violation(loss, P, w, b) <= 1e-14 * unit:
            break
        _, slope, h = evaluate(loss, P.y, P.offset + b + P.X @ w)
        top = h.max() if h.max() > 0 else LONG(1)
        h = np.where(h > 0, h, 1e-3 * top) + max(damping, 1e-12) * top
        w_new, b_new = _step(P, w, b, slope, h)
        new = objective(loss, P, w_new, b_new)
        if new < now:
            w, b, now, damping = w_new, b_new, new, damping / 10
        elif damping > 1e8:
            break
        else:
            damping = max(10 * damping, LONG(1e-4))
        damping = LONG(0) if damping < 1e-5 else damping
    return w, best_intercept(loss, P, w)


def _step(P, w, b, slope, h):
    """The optimum of the quadratic model at (w, b) with the curvatures h."""
    weight = P.q * h
    total = weight.sum()
    model = dict(vars(P), q=weight / total, y=P.X @ w + b - slope / h)
    model.update(l1=P.l1 / total, l2=P.l2 / total)
    return reference.solve_prepared(SimpleNamespace(**model), 500, start=w)


def certify(loss, X, y, coef, intercept, alpha, **options):
    """Primal value, dual bound (None where the loss has no closed form of it), gap and
    KKT violation.

    The dual point is the residual at the optimal intercept, shrunk until it is feasible.
    """
    P = prepare(loss, X, y, alpha, **options)
    w, b = np.asarray(coef, LONG), LONG(intercept)
    primal = objective(loss, P, w, b)
    if not np.all((P.lower <= w) & (w <= P.upper)):
        primal = LONG(np.inf)
    kkt = violation(loss, P, w, b)
    null = objective(loss, P, 0 * w, best_intercept(loss, P, 0 * w))
    bound = _dual_bound(loss, P, w, best_intercept(loss, P, w))
    gap = None if bound is None else primal - max(bound, LONG(0))
    return SimpleNamespace(primal=primal, dual=bound, gap=gap, kkt=kkt, null=null)


def _dual_bound(loss, P, w, b):
    _, slope, _ = evaluate(loss, P.y, P.offset + b + P.X @ w)
    c = -(P.X.T @ (P.q * slope))
    limit = np.where(c > 0, P.upper, -P.lower)
    # What nothing holds is held by a bound that is too large to matter.
    free = (P.l1 == 0) & (P.l2 == 0)
    limit = np.where(free, np.minimum(limit, 1e3 * (abs(w).max() + 1)), limit)
    shrinks = (P.l1 > 0) & (P.l2 == 0) & np.isinf(limit)
    with np.errstate(divide="ignore"):
        kappa = np.min(P.l1[shrinks] / abs(c)[shrinks], initial=1)
    values = dual(loss, P.y, -kappa * slope)
    if values is None:
        return None
    bound = P.q @ (values + kappa * slope * P.offset)
    k = np.flatnonzero(~shrinks)
    excess = np.maximum(kappa * abs(c) - P.l1, 0)[k]
    with np.errstate(divide="ignore", invalid="ignore"):
        move = np.minimum(np.where(excess > 0, excess / P.l2[k], 0), limit[k])
    return bound - np.sum(excess * move - P.l2[k] * move**2 / 2)
