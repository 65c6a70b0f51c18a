"""Whether a problem without a penalty has no minimum because its data are separated.

The loss of a sample may decrease without attaining its infimum: the logistic loss as the
predictor moves towards the label, that of a count of zero as the predicted mean tends to
zero. If unpenalised coefficients can move in a direction in which no loss increases and
some decrease, the objective has an infimum but no minimum, and the coefficients diverge
(Albert & Anderson 1984, doi:10.1093/biomet/71.1.1). The search for such a direction begins
once some losses have fallen by orders of magnitude, or the fit separates all samples.
"""

import numpy as np

from .. import _costs as costs

SUSPECT = 1e-3  # share of a null residual below which separation is suspected
FALLING = 1e-2  # share of a null residual below which a sample may be a separated one
DEPENDENT = 1e-9  # relative singular value below which rows count as dependent


def message_of_separation(count, total, what, remedy):
    """The text of the warning that data are separated in some of several fits."""
    share = f"{count} of {total} {what}" if total > 1 else "this fit"
    return (
        f"in {share} the loss has no minimum (status: unbounded_or_separable): columns "
        "without a penalty separate the samples, and the loss keeps falling as their "
        "coefficients grow without bound. Those returned are where the fit ended; their "
        f"predictions are good, their sizes are arbitrary. Penalize these columns "
        f"({remedy}), or leave out what separates."
    )


def is_separated(problem, alpha, W, constant):
    """Whether the loss decreases without bound on the step in some direction of
    unpenalised coefficients.

    Parameters
    ----------
    problem : GeneralProblem
    alpha : float
    W : ndarray (n_features, n_outputs)
        Coefficients that a fit has reached, in the units of the design.
    constant : float or ndarray (n_outputs,)
        Intercepts there, against the null model's.

    Returns
    -------
    bool
        True only if there is such a direction, up to rounding.
    """
    columns = problem.unpenalised  # some of which may have bounds
    if alpha == 0.0:
        columns = np.flatnonzero(problem.design.sqnorm > 0)
    return len(columns) > 0 and _separates(problem, columns, W, constant)


def _separates(problem, columns, W, constant):
    loss, used = problem.loss, slice(None)
    if problem.weights is not None:
        used = problem.weights > 0
    y = problem.targets[used]
    if loss.many_outputs:
        falls = 1.0 - y
        signs = None
    else:
        signs = loss.recession(problem.target[used])
        falls = (signs != 0)[:, None]
    if not falls.any():
        return False
    unit, null, Eta = problem.eta_unit, problem.null_eta, predictors(problem, W, constant)
    cone = _cone(problem, columns)
    columns, cone = columns[np.isfinite(cone)], cone[np.isfinite(cone)]
    held = np.setdiff1d(np.flatnonzero(W.any(axis=1)), columns)
    along = Eta - null + problem.center if not len(held) else (
        unit * _product(problem, columns, W) + constant + problem.center
    )
    if (cone[:, None] * W[columns] >= 0.0).all() and _all_fall(
        problem, along[used], y, signs
    ):
        return True
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.abs(loss.residual(y, Eta[used]) / loss.residual(y, null[used]))
    if not (ratio[falls > 0] <= SUSPECT).any():
        return False
    return _search(problem, columns, cone, used, signs, (ratio <= FALLING) & (falls > 0))


def predictors(problem, W, constant):
    """Linear predictors of all samples, in units of the problem's `target_unit`."""
    Eta = problem.eta_unit * _product(problem, np.flatnonzero(W.any(axis=1)), W)
    return Eta + problem.null_eta + constant / problem.target_unit


def _product(problem, columns, W):
    """``X~[:, columns] @ W[columns]``, one output after the other."""
    out = np.zeros((W.shape[1], problem.design.n_samples, 1))
    for k, eta in enumerate(out):
        problem.design.subtract_product(columns, -W[columns][:, [k]], eta)
    return np.ascontiguousarray(out[:, :, 0].T)


def _cone(problem, columns):
    """Sign of the changes of each coefficient that its bounds allow in the limit: 1 or -1,
    0 for both, NaN for neither."""
    column_penalty = problem.column_penalty
    if column_penalty.lower is None:
        return np.zeros(len(columns))
    low = np.isfinite(column_penalty.lower[columns])
    high = np.isfinite(column_penalty.upper[columns])
    return np.where(low & high, np.nan, low * 1.0 - high)


def _all_fall(problem, along, y, signs):
    """Whether the losses of all samples decrease in the direction of these predictors."""
    if signs is None:
        own = np.where(y > 0, along, np.inf).min(axis=1)
        return bool((own > np.where(y > 0, -np.inf, along).max(axis=1)).all())
    if not signs.all():
        return False
    low = along[signs > 0].min(initial=np.inf)
    high = along[signs < 0].max(initial=-np.inf)
    if problem.fit_intercept:
        return bool(low > high)
    return bool(low > 0.0 > high)


def _search(problem, columns, cone, used, signs, falling):
    """Search for a direction in which the losses of the samples `falling` decrease and
    those of the others are constant."""
    Z = _coordinates(problem, columns)
    if Z is None:
        return False
    Z, back = Z[0][used], Z[1]
    if signs is None:
        A, falling = _pairs(Z, falling, problem.targets[used])
        back = np.kron(back, np.eye(problem.n_outputs)) if cone.any() else back
        cone = np.repeat(cone, problem.n_outputs)
    else:
        A, falling = np.where(signs == 0, 1.0, signs)[:, None] * Z, falling[:, 0]
    if A is None or A.size > costs.SEPARATION_ENTRIES:
        return False
    rest = np.linalg.qr(A[~falling], mode="r")  # of many rows, a few that span them
    _, values, rotation = np.linalg.svd(rest, full_matrices=True)
    rank = np.count_nonzero(values > DEPENDENT * max(values.max(initial=0.0), 1e-300))
    null = rotation[rank:].T
    size = np.linalg.norm(A[falling], axis=1)
    A = A[falling] @ null
    change = np.linalg.norm(A, axis=1)
    moves = change > DEPENDENT * size
    A = A[moves] / change[moves, None]
    if not A.size or A.size > costs.LINEAR_PROGRAM_ENTRIES:
        return False
    keep = cone != 0
    bounds = cone[keep, None] * (back[keep] @ null) if keep.any() else None
    return _is_cone(A, bounds)


def _coordinates(problem, columns):
    """Orthonormal coordinates of the samples in the space of the columns and the
    intercept (n_samples, rank), and what leads back to coefficients; None if too large."""
    design = problem.design
    n, size = design.n_samples, len(columns)
    if n * (size + 1) > costs.SEPARATION_ENTRIES or not n * size:
        return None
    packed = np.empty((n, size), order="F")
    design.pack(columns, 0, n, packed)
    basis, values, rotation = np.linalg.svd(packed, full_matrices=False)
    keep = values > values[0] * max(packed.shape) * np.finfo(float).eps
    basis, back = basis[:, keep], rotation[keep].T / values[keep]
    if problem.weights is not None:
        root = np.sqrt(problem.weights)[:, None]
        basis = np.divide(basis, root, out=np.zeros_like(basis), where=root > 0)
    if problem.fit_intercept:
        basis = np.hstack([basis, np.full((n, 1), n**-0.5)])
        back = np.hstack([back, np.zeros((size, 1))])
    return basis, back


def _pairs(Z, falling, y):
    """Of each sample and each class but its own, what a direction (n_coordinates,
    n_classes) adds to the difference of their predictors; and which of them fall."""
    n_classes = y.shape[1]
    samples, others = np.nonzero(y == 0)
    if len(samples) * Z.shape[1] * n_classes > costs.SEPARATION_ENTRIES:
        return None, None
    A = np.zeros((len(samples), Z.shape[1], n_classes))
    pairs = np.arange(len(samples))
    A[pairs, :, y[samples].argmax(axis=1)] = Z[samples]
    A[pairs, :, others] -= Z[samples]
    return A.reshape(len(samples), -1), falling[samples, others]


def _is_cone(A, bounds):
    """Whether ``A @ u >= 0`` (and ``bounds @ u >= 0``) for some u with ``A @ u`` not 0."""
    from scipy.optimize import linprog

    above, below = -A, A
    if bounds is not None:
        above = np.vstack([above, -bounds])
    found = linprog(
        -A.sum(axis=0), A_ub=np.vstack([above, below]),
        b_ub=np.concatenate([np.zeros(len(above)), np.ones(len(below))]),
        bounds=(None, None), method="highs",
    )
    return bool(found.status == 0 and -found.fun > 0.5)
