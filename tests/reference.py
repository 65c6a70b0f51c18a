"""A slow oracle for the elastic net with everything, in extended precision.

Nothing here is shared with the library: `solve` is cyclic coordinate descent on the
Gram matrix followed by a linear solve on the free coefficients, and `certify` is weak
duality written down. Both speak of the problem

    min 1/2 sum q (y - offset - b - X w)^2 + sum l1 |w| + l2/2 w^2,  lower <= w <= upper

with q the weights divided by their sum. `numpy.longdouble` has 64 bits of mantissa on
x86-64; elsewhere it may be plain double, and the bounds of the tests still hold.
"""

from types import SimpleNamespace

import numpy as np

LONG = np.longdouble


def prepare(
    X,
    y,
    alpha,
    *,
    l1_ratio=1.0,
    fit_intercept=True,
    standardize=False,
    sample_weight=None,
    offset=None,
    penalty_factor=None,
    lower=None,
    upper=None,
    precision=LONG,
):
    """The problem above, without samples of weight 0, as a namespace of arrays."""
    n_samples, n_features = X.shape

    def vector(value, default, size):
        value = default if value is None else value
        return np.array(np.broadcast_to(np.asarray(value, precision), size))

    s = vector(sample_weight, 1, n_samples)
    rows = s > 0
    q = s[rows] / s[rows].sum()
    if hasattr(X, "tocsc"):
        X = (X if rows.all() else X.tocsr()[rows]).tocsc().astype(precision)
    else:
        X = np.asarray(X)[rows].astype(precision)
    scale = _spread(X, q) if standardize else np.ones(n_features, precision)
    v = vector(penalty_factor, 1, n_features)
    # (a column without deviation has no penalty, and with an intercept no effect)
    usable = np.isfinite(v) & ((scale > 0) | (not fit_intercept))
    v = np.where(usable, v, 0) * precision(alpha)
    return SimpleNamespace(
        X=X,
        q=q,
        y=(vector(y, 0, n_samples) - vector(offset, 0, n_samples))[rows],
        l1=v * precision(l1_ratio) * scale,
        l2=v * (1 - precision(l1_ratio)) * scale**2,
        lower=np.where(usable, vector(lower, -np.inf, n_features), 0),
        upper=np.where(usable, vector(upper, np.inf, n_features), 0),
        fit_intercept=fit_intercept,
        eps=np.finfo(precision).eps,
    )


def _spread(X, q):
    """Weighted standard deviation of the columns, exactly 0 for constant ones."""
    if hasattr(X, "tocsc"):
        return np.array([_spread(X[:, [j]].toarray(), q)[0] for j in range(X.shape[1])])
    return np.sqrt(q @ (X - q @ X) ** 2) * (np.ptp(X, axis=0) > 0)


def solve_linear(A, b):
    """Solve A x = b, A positive semi-definite; dependent unknowns are set to 0."""
    A, b = A.copy(), b.copy()
    size, diagonal, done = len(b), np.diag(A).copy(), []
    for _ in range(size):
        left = [k for k in range(size) if k not in done]
        k = max(left, key=lambda i: A[i, i] / diagonal[i] if diagonal[i] > 0 else 0)
        if diagonal[k] <= 0 or A[k, k] <= 1e3 * np.finfo(A.dtype).eps * diagonal[k]:
            break
        done.append(k)
        b[k], A[k] = b[k] / A[k, k], A[k] / A[k, k]
        for i in range(size):
            if i != k:
                b[i], A[i] = b[i] - A[i, k] * b[k], A[i] - A[i, k] * A[k]
    x = np.zeros_like(b)
    x[done] = b[done]
    return x


def solve(X, y, alpha, *, max_epochs=200_000, **options):
    """Coefficients and intercept of an optimum, in `numpy.longdouble`."""
    P = prepare(X.toarray() if hasattr(X, "toarray") else X, y, alpha, **options)
    return solve_prepared(P, max_epochs)


def solve_prepared(P, max_epochs=200_000, start=None):
    """`solve` for an object of `prepare`; from `start`, as far as `max_epochs` lead."""
    mean = P.q @ P.X if P.fit_intercept else np.zeros(P.X.shape[1], LONG)
    centre = P.q @ P.y if P.fit_intercept else LONG(0)
    Z = P.X - mean
    G, c0 = (Z.T * P.q) @ Z, (Z.T * P.q) @ (P.y - centre)
    w = np.zeros_like(c0) if start is None else start.copy()
    c = c0 - G @ w
    movable = [j for j in range(len(w)) if P.lower[j] < P.upper[j] and G[j, j] > 0]
    # A correlation is right when it is off by less than the rounding of its sum.
    unit = np.sqrt(np.diag(G)) * np.sqrt(P.q @ (P.y - centre) ** 2)
    for epoch in range(max_epochs):
        before = w.copy()
        for j in movable:
            z, old = c[j] + G[j, j] * w[j], w[j]
            shrunk = np.sign(z) * max(abs(z) - P.l1[j], 0) / (G[j, j] + P.l2[j])
            w[j] = min(max(shrunk, P.lower[j]), P.upper[j])
            if w[j] != old:
                c -= G[:, j] * (w[j] - old)
        if epoch % 20 == 0 or np.array_equal(before, w):
            best = _polish(P, G, c0, w, movable)
            wrong = _violation(P, best, c0 - G @ best)
            if np.all(wrong <= 1e4 * P.eps * unit) or np.array_equal(before, w):
                return best, centre - mean @ best
            c = c0 - G @ w
    if start is None:
        raise RuntimeError("the oracle did not converge")
    return w, centre - mean @ w


def _polish(P, G, c0, w, movable):
    """Solve for the coefficients inside their bounds, if their signs stay."""
    free = [j for j in movable if P.lower[j] < w[j] < P.upper[j]]
    free = [j for j in free if w[j] != 0 or P.l1[j] == 0]
    fixed = w.copy()
    fixed[free] = 0
    rhs = (c0 - G @ fixed)[free] - P.l1[free] * np.sign(w[free])
    fixed[free] = solve_linear(G[np.ix_(free, free)] + np.diag(P.l2[free]), rhs)
    inside = np.all((P.lower <= fixed) & (fixed <= P.upper))
    same = np.all((fixed * w >= 0) | (P.l1 == 0))
    return fixed if inside and same else w


def _violation(P, w, c):
    """Distance of each correlation from the values that are optimal at w."""
    z = c - P.l2 * w
    too_high = z - np.where(w < 0, -P.l1, P.l1)
    too_low = np.where(w > 0, P.l1, -P.l1) - z
    # On a bound, only a pull back into the box is wrong.
    wrong = np.maximum(
        np.where(w < P.upper, too_high, 0), np.where(w > P.lower, too_low, 0)
    )
    return np.where(P.lower < P.upper, np.maximum(wrong, 0), 0)


def alpha_max(X, y, **options):
    """Smallest alpha at which all penalised coefficients are zero (l1_ratio > 0)."""
    X = X.toarray() if hasattr(X, "toarray") else X
    P = prepare(X, y, 1.0, **options)
    factor = options.get("penalty_factor")
    v = np.broadcast_to(1.0 if factor is None else factor, X.shape[1])
    v = np.where(v == 0, 0.0, np.inf)
    coef, intercept = solve(X, y, 0.0, **{**options, "penalty_factor": v})
    c = P.X.T @ (P.q * (P.y - intercept - P.X @ coef))
    pull = np.maximum(np.where(P.upper > 0, c, 0), np.where(P.lower < 0, -c, 0))
    return np.max(pull[P.l1 > 0] / P.l1[P.l1 > 0], initial=0)


def certify(X, y, coef, intercept, alpha, **options):
    """Primal value, dual bound, gap, gap over null objective and KKT violation.

    The dual bound holds whatever `coef` is. It is the best over multiples of one
    residual, the one of `coef` made orthogonal to the columns that nothing bounds.
    """
    P = prepare(X, y, alpha, **options)
    w = np.asarray(coef, P.y.dtype)
    r = P.y - P.y.dtype.type(intercept) - P.X @ w
    primal = P.q @ r**2 / 2 + P.l1 @ abs(w) + P.l2 @ w**2 / 2
    if not np.all((P.lower <= w) & (w <= P.upper)):
        primal = P.y.dtype.type(np.inf)
    centre = P.q @ P.y if P.fit_intercept else 0
    null = P.q @ (P.y - centre) ** 2 / 2
    c = P.X.T @ (P.q * r)
    kkt = max(np.max(_violation(P, w, c), initial=0), abs(P.q @ r) * P.fit_intercept)
    dual = _dual(P, w, r)
    gap = primal - dual
    relative = gap / null if null > 0 else gap
    return SimpleNamespace(
        primal=primal, dual=dual, gap=gap, relative_gap=relative, kkt=kkt, null=null
    )


def _dual(P, w, r):
    """The best of two ways to treat columns whose penalty is next to nothing."""
    norms = np.sqrt(
        P.X.multiply(P.X).T @ P.q if hasattr(P.X, "tocsc") else P.q @ P.X**2
    )
    size = np.sqrt(P.q @ P.y**2) + norms @ abs(w)
    # What a correlation may be off because coefficients are doubles.
    slack = 4 * np.finfo(np.float64).eps * norms * size
    free = (P.l1 == 0) & (P.l2 == 0)
    almost = (P.l1 <= 1e-6 * norms * size) & (P.l2 <= 1e-6 * norms**2)
    ways = [free] if np.array_equal(free, almost) else [free, almost]
    return max(_dual_of_multiples(P, w, r, hard, slack) for hard in ways)


def _dual_of_multiples(P, w, r, hard, slack):
    """Make r orthogonal to the `hard` columns, then shrink it to be feasible."""
    rising, falling = hard & np.isinf(P.upper), hard & np.isinf(P.lower)
    kept = np.flatnonzero((rising | falling) & (P.lower < w) & (w < P.upper))
    for _ in range(20):
        theta = _project(P, r, kept)
        c = P.X.T @ (P.q * theta)
        broken = (rising & (c > P.l1 + slack)) | (falling & (c < -P.l1 - slack))
        broken[kept] = False
        if not broken.any():
            break
        kept = np.union1d(kept, np.flatnonzero(broken))
    # Columns that no bound holds limit the multiple: of c, or of c - l2 w, which is
    # the elastic net as a lasso with more rows.
    z = c - P.l2 * w
    pull = np.maximum(
        np.where(np.isinf(P.upper), z, 0), np.where(np.isinf(P.lower), -z, 0)
    )
    limit = P.l1 > 0
    with np.errstate(divide="ignore"):
        room = P.l1[limit] / np.maximum(pull - slack, 0)[limit]
    bare = np.min(room[P.l2[limit] == 0], initial=np.inf)
    energy = P.q @ theta**2
    natural = (P.q @ (theta * P.y)) / energy if energy > 0 else 1
    multiples = {min(k, bare) for k in (1, natural, np.min(room, initial=1)) if k > 0}
    return max(_dual_value(P, k * theta, k * c, slack) for k in {0, *multiples})


def _dual_value(P, theta, c, slack):
    value = P.q @ (theta * P.y - theta**2 / 2)
    for side, bound in ((c, P.upper), (-c, -P.lower)):
        excess = side - P.l1
        excess = np.where(excess <= slack + 10 * P.eps * P.l1, 0, excess)
        k = np.flatnonzero((excess > 0) & (bound > 0))
        with np.errstate(divide="ignore"):
            move = np.minimum(excess[k] / P.l2[k], bound[k])
        if np.any(np.isinf(move)):
            return -np.inf
        value -= np.sum(excess[k] * move - P.l2[k] * move**2 / 2)
    return value


def _project(P, r, columns):
    """Residual orthogonal (in the weights q) to the columns and to 1."""
    A = P.X[:, columns]
    A = A.toarray() if hasattr(A, "toarray") else A
    if P.fit_intercept:
        A = np.column_stack([A - P.q @ A, np.ones_like(r)])
    if A.shape[1] == 0:
        return r
    theta = r
    for _ in range(3):
        G = (A.T * P.q) @ A
        theta = theta - A @ solve_linear(G, A.T @ (P.q * theta))
    return theta
