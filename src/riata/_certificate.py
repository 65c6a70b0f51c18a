"""check_solution: the duality gap of any coefficients, from any package."""

from typing import NamedTuple

import numpy as np

from . import _validation as check
from ._multinomial import MultinomialSolver
from ._multinomial_rows import RowSolver, norms
from ._newton import gradient, product
from ._path import checked_data, checked_penalty, checked_problem
from ._problem import EPS, GeneralProblem
from ._working_set import FreeColumns
from .losses import get_loss

NEGLIGIBLE = 1e-10  # penalty that is lost in rounding, as in `penalty.pxd`
MOST_POLISHING = 50  # Newton steps
FREE_ENTRIES = 2**27  # the largest dense block of unpenalised columns (1 GiB)


class Certificate(NamedTuple):
    """How good a solution is.

    Attributes
    ----------
    primal : float
        Objective of the solution, inf outside the bounds.
    dual : float
        A lower bound on the objective of every solution.
    gap : float
        ``primal - dual``: the solution is at most this much above the optimum.
    relative_gap : float
        `gap` divided by the objective of the model without features.
    kkt : float
        Largest violation of the optimality conditions, in units of the gradient of the
        mean loss.
    """

    primal: float
    dual: float
    gap: float
    relative_gap: float
    kkt: float


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def check_solution(
    X,
    y,
    coef,
    intercept=0.0,
    *,
    alpha,
    l1_ratio=1.0,
    loss="squared",
    penalty=None,
    fit_intercept=True,
    standardize=False,
    sample_weight=None,
    offset=None,
    penalty_factor=None,
    lower=None,
    upper=None,
):
    r"""Audit a solution: duality gap and KKT violation, for the problem of `fit_path`.

    The dual point is the residual, made orthogonal to the intercept and to unpenalised
    columns and shrunk until it is feasible. Whatever the coefficients are, the optimum
    is not below `dual`, up to rounding. One assumption is made, and only for a column
    that neither a penalty nor a bound on the side of its pull holds and that is not
    solved exactly: in units in which X's columns and y have norm one, its optimal
    coefficient is at most ``1e3 (max_j |w_j| + 1)``.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    coef : array-like or sparse of shape (n_features,)
        On the scale of X as given; (n_classes, n_features) for the multinomial loss.
    intercept : float or array-like of shape (n_classes,), default=0.0
    alpha : float
        Strength of the penalty, on `fit_path`'s scale (a weighted mean loss).
    l1_ratio, loss, penalty, standardize, sample_weight, offset, penalty_factor, \
    lower, upper
        As in `fit_path`.
    fit_intercept : bool, default=True
        Whether the intercept is a free variable of the problem.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed.

    References
    ----------
    Ndiaye, Fercoq, Gramfort & Salmon (2017), arXiv:1611.05780.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import check_solution
    >>> X, y = np.eye(2), np.array([2.0, 0.0])
    >>> check_solution(X, y, [1.0, 0.0], alpha=0.5, fit_intercept=False).gap
    0.0
    >>> round(check_solution(X, y, [0.0, 0.0], alpha=0.5, fit_intercept=False).gap, 3)
    0.25
    """
    loss = get_loss(loss)
    data = checked_data(X, y, sample_weight, offset, loss)
    p = data.X.n_features
    options = checked_penalty(penalty, l1_ratio, penalty_factor, lower, upper, p)
    if loss.many_outputs:
        count = int(data.y.max()) + 1
        coef = check.check_class_coef(coef, p, count)
        intercept = check.check_class_intercept(intercept, count)
    else:
        coef = check.check_coef(coef, p)
        intercept = check.check_real(intercept, "intercept")
    alpha = check.check_alpha(alpha)
    problem = checked_problem(
        data,
        loss,
        fit_intercept=check.check_bool(fit_intercept, "fit_intercept"),
        standardize=check.check_bool(standardize, "standardize"),
        **options,
    )
    problem.check_alphas(alpha, alpha)
    if not problem.fit_intercept and np.any(intercept != 0.0):
        raise ValueError(
            f"intercept={intercept!r}, but fit_intercept=False says that the model has "
            "none; pass fit_intercept=True, or the constant as offset=."
        )
    audit = _audit_general if isinstance(problem, GeneralProblem) else _audit
    audit = _audit_classes if loss.many_outputs else audit
    primal, gap, kkt = audit(problem, coef, intercept, alpha)
    return _certificate(problem, coef, alpha, options, standardize, primal, gap, kkt)


def _outside(coef, penalty_factor, lower, upper, **_):
    """Whether some coefficient is out of bounds or excluded."""
    return (
        (lower is not None and bool((coef < lower).any()))
        or (upper is not None and bool((coef > upper).any()))
        or (penalty_factor is not None
            and bool(coef[..., np.isinf(penalty_factor)].any()))
    )


def _useless_penalty(coef, problem, options):
    """Penalty (at alpha = 1) of coefficients of constant columns, which fit nothing."""
    where = np.flatnonzero(problem.coef_unit == 0)
    factor, rho = options["penalty_factor"], options["l1_ratio"]
    factor = np.ones(len(where)) if factor is None else factor[where]
    w = np.atleast_2d(coef)[:, where]
    value = rho * np.abs(w) + 0.5 * (1.0 - rho) * w**2
    return float((value @ np.where(value.any(axis=0), factor, 0.0)).sum())


def _certificate(problem, coef, alpha, options, standardize, primal, gap, kkt):
    """In the user's units, with what the design does not see."""
    unit, null = problem.objective_unit, problem.null_objective
    gap = min(gap, primal)  # no objective is negative
    dual = unit(primal - gap)
    if not standardize:
        wasted = alpha * _useless_penalty(coef, problem, options) / unit(1.0)
        primal, gap = primal + wasted, gap + wasted
    if _outside(coef, **options):
        primal = gap = np.inf
    return Certificate(
        float(unit(primal)),
        dual,
        float(unit(gap)),
        float(gap / null if null > 0 else gap),
        kkt,
    )


def _in_design(problem, coef):
    """Coefficients in the units of the design, and those that are not zero."""
    usable = problem.coef_unit > 0
    w = np.where(usable, coef, 0.0) / np.where(usable, problem.coef_unit, 1.0)
    return w, np.flatnonzero(w)


def _audit(problem, coef, intercept, alpha):
    """Objective, gap (in the units of the design) and KKT violation (in the user's)."""
    design, strengths = problem.design, problem.strengths
    w, active = _in_design(problem, coef)
    R = problem.y[:, None].copy()
    design.subtract_product(active, w[active, None], R)
    constant = problem.center_block(R)[0]
    if problem.fit_intercept:
        # the given intercept's residual differs from the centred one by a constant
        best = problem.center - float(design.mean @ coef)
        constant += (best - intercept) / problem.unit
    loss = float(np.vdot(R, problem.weigh(R)))
    C = np.empty((design.n_features, 1))
    design.gradient(problem.weigh(R), C)
    alphas, everything = np.array([alpha]), np.arange(design.n_features)
    _, kkt, penalty = strengths.certify(
        C, everything, w[:, None], alphas, np.array([loss])
    )
    projected = loss
    free = _free(problem, alpha)
    if len(free):
        FreeColumns(problem, free).project(R)
        problem.center_block(R)
        projected = float(np.vdot(R, problem.weigh(R)))
        design.gradient(problem.weigh(R), C)
        C[free] = 0.0
    gap, _, _ = strengths.certify(
        C, everything, w[:, None], alphas, np.array([projected])
    )
    outside = 0.5 * (max(loss - projected, 0.0) + design.n_samples * constant**2)
    primal = 0.5 * (loss + design.n_samples * constant**2) + float(penalty[0])
    kkt = max(float(kkt[0]), abs(constant) * problem.unit)
    return primal, float(gap[0]) + outside, kkt


def _audit_general(problem, coef, intercept, alpha):
    """As `_audit`, for a loss that is not squared."""
    design, strengths = problem.design, problem.strengths
    w, active = _in_design(problem, coef)
    Eta = np.zeros((design.n_samples, 1))
    design.subtract_product(active, -problem.eta_unit * w[active, None], Eta)
    Eta += problem.null_eta
    shift = intercept - problem.center
    shift += float(design.mean @ coef) if problem.fit_intercept else 0.0
    given = Eta + shift / problem.target_unit
    best, square = given, problem.eta_unit**2
    if problem.fit_intercept:
        best, _ = problem.settle(given)
    above = (problem.losses(given)[0] - problem.losses(best)[0]) / square
    loss = problem.losses(best)[0] / square
    gap, kkt, penalty = _gap_at(problem, strengths.certify, w[:, None], alpha, best, loss)
    if not problem.loss.convex:
        gap = np.nan
    constant = float(problem.weigh(problem.residuals(given)).mean())
    kkt = max(kkt, abs(constant) * problem.unit * problem.fit_intercept)
    return loss + max(above, 0.0) + penalty, gap + max(above, 0.0), kkt


def _audit_classes(problem, coef, intercept, alpha):
    """As `_audit_general`, for coefficients (n_classes, n_features)."""
    design, strengths, square = problem.design, problem.strengths, problem.eta_unit**2
    kind = RowSolver if problem.loss.grouped else MultinomialSolver
    usable = problem.coef_unit > 0
    B = np.where(usable, coef, 0.0) / np.where(usable, problem.coef_unit, 1.0)
    B, everything = np.ascontiguousarray(B.T), np.arange(design.n_features)
    Eta = product(design, everything, problem.eta_unit * B) + problem.null_eta
    shift = intercept - problem.center
    shift = shift + (coef @ design.mean if problem.fit_intercept else 0.0)
    given = best = Eta + shift
    if problem.fit_intercept:
        best, _ = problem.settle(given)
    loss = problem.losses(best).sum() / square
    above = max(problem.losses(given).sum() / square - loss, 0.0)

    def certify(C, cols, W, alphas, loss, _):
        return kind.certify(strengths, C, cols, W, alphas[0], loss[0])

    gap, kkt, penalty = _gap_at(
        problem, certify, B, alpha, best, loss, norms if problem.loss.grouped else None
    )
    constant = np.abs(problem.weigh(problem.residuals(given)).mean(axis=0)).max()
    kkt = max(kkt, float(constant) * problem.unit * problem.fit_intercept)
    return loss + above + penalty, gap + above, kkt


def _gap_at(problem, certify, W, alpha, Eta, loss, size_of=None):
    """Gap, KKT violation and penalty of coefficients W of all columns with predictors Eta,
    whose intercepts are optimal, in the units of the design.

    The smaller of two bounds: the tangent's, which needs no conjugate of the loss, and
    that of a dual point, which is the residual, made orthogonal to the columns that
    nothing holds and shrunk until it is feasible. Where there are such columns the second
    alone is free of assumptions, and is taken if the loss has a conjugate.

    Parameters
    ----------
    certify : callable
        As `Strengths.certify`.
    W, Eta : ndarray (n_features, n_outputs), (n_samples, n_outputs)
    loss : float
    size_of : callable, optional
        Size of the correlations of a column with several outputs; by default the largest.
    """
    design, strengths, square = problem.design, problem.strengths, problem.eta_unit**2
    everything, count = np.arange(design.n_features), W.shape[1]
    arguments = np.array([alpha]), np.array([2.0 * loss]), False

    def bound(C):
        parts = certify(C, everything, W, *arguments)
        return [float(np.max(part)) for part in parts]

    residual = problem.loss.residual(problem.targets, Eta)
    C = gradient(design, problem.weigh(residual) / problem.eta_unit, everything)
    tangent, kkt, penalty = bound(C)
    free = _open_columns(problem, alpha)
    theta = _orthogonal(problem, free, Eta)
    if theta is None:
        return tangent, kkt, penalty
    if len(free):
        C = gradient(design, problem.weigh(theta) / problem.eta_unit, everything)
        C[free] = 0.0
    size = np.abs(C[:, :count]).max(axis=1) if size_of is None else size_of(C[:, :count])
    held = (strengths.l1 > 0) & (size > 0)
    room = (alpha * strengths.l1[held] / size[held]).min(initial=1.0)
    distance = problem.fenchel_young(Eta, room * theta) / square
    if not distance < np.inf:
        return tangent, kkt, penalty
    dual = bound(room * C)[0] + distance
    return min(dual, loss + penalty) if len(free) else min(tangent, dual), kkt, penalty


def _open_columns(problem, alpha):
    """Columns that no finite bound holds, nor a penalty of any strength."""
    strengths = problem.strengths
    held = alpha * np.maximum(strengths.l1, strengths.l2) >= NEGLIGIBLE
    held |= problem.design.sqnorm == 0
    if strengths.lower is not None:
        held |= np.isfinite(strengths.lower) | np.isfinite(strengths.upper)
    free = np.flatnonzero(~held)
    entries = len(free) * problem.design.n_samples * problem.targets.shape[1] ** 2
    return free if entries <= FREE_ENTRIES else free[:0]


def _orthogonal(problem, free, Eta):
    """A dual point (n_samples, n_outputs) near the residual at predictors Eta, orthogonal
    to the intercept and the columns `free`, up to rounding; None if there is none.

    It is what Newton's step for these columns leaves of the residual. Where that is far,
    the step is taken and the next one looked at.
    """
    n, weights = problem.design.n_samples, problem.weights
    root = np.ones(n) if weights is None else np.sqrt(weights)
    packed = np.empty((n, len(free)), order="F")
    problem.design.pack(free, 0, n, packed)
    if problem.fit_intercept:
        packed = np.column_stack([packed, root])
    theta = problem.loss.residual(problem.targets, Eta)
    if not packed.shape[1]:
        return theta
    value, found = problem.losses(Eta).sum(), None
    for _ in range(MOST_POLISHING):
        theta, step, decrement = _projected(problem, packed, root, Eta)
        rest = np.abs(packed.T @ (root[:, None] * theta))
        residual = problem.loss.residual(problem.targets, Eta)
        size = root[:, None] * (np.abs(theta) + np.abs(residual))
        if (rest <= 64.0 * EPS * (np.abs(packed).T @ size)).all():
            found = theta
        if not EPS * value < decrement < np.inf:
            break
        length, new = 1.0, np.inf
        while length > 1e-10 and not new < value:
            new = problem.losses(Eta + length * step).sum()
            length *= 0.5
        if not new < value:
            break
        Eta, value = Eta + 2.0 * length * step, new
    return found


def _projected(problem, packed, root, Eta):
    """The residual, less its part in the span of columns (times the roots of the weights)
    in the metric of the curvature; Newton's step of the predictors for these columns, and
    the square of its length in that metric."""
    residual, factor, scaled = _half_hessian(problem, Eta)
    size = residual.size
    A = np.einsum("ij,ica->iajc", packed, factor).reshape(size, -1)
    left, values, right = np.linalg.svd(A, full_matrices=False)
    keep = values > values[0] * max(A.shape) * EPS
    left, values, right = left[:, keep], values[keep], right[keep]
    fixed = np.where(np.isfinite(scaled), 0.0, residual)  # no curvature there
    scaled = np.where(np.isfinite(scaled), scaled, 0.0)
    share = left.T @ (root[:, None] * scaled).ravel()
    share += right @ (packed.T @ (root[:, None] * fixed)).ravel() / values
    own = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)[:, None]
    part = (left @ share).reshape(residual.shape)
    theta = residual - own * np.einsum("ica,ia->ic", factor, part)
    coefs = (right.T @ (share / values)).reshape(packed.shape[1], -1)
    return theta, own * (packed @ coefs), float(share @ share)


def _half_hessian(problem, Eta):
    """Residuals r (n, n_outputs), a factor B of each Hessian ``B B'``, and u with ``B u``
    the residual, infinite where there is no curvature."""
    residual = problem.loss.residual(problem.targets, Eta)
    if problem.loss.many_outputs:
        p = problem.targets - residual
        root = np.sqrt(np.maximum(p, 0.0))
        factor = root[:, None, :] * (np.eye(p.shape[1]) - p[:, :, None])
        return residual, factor, np.where(root > 0, residual / root, 0.0)
    root = np.sqrt(problem.loss.curvature(problem.targets, Eta))
    return residual, root[:, :, None], np.where(root > 0, residual / root, np.inf)


def _free(problem, alpha):
    """Columns that no finite bound and no penalty keeps."""
    free = problem.free
    if alpha == 0.0:
        open_ended = problem.design.sqnorm > 0
        if problem.strengths.lower is not None:
            open_ended &= np.isinf(problem.strengths.lower)
            open_ended &= np.isinf(problem.strengths.upper)
        free = np.flatnonzero(open_ended)
    return free if len(free) * problem.design.n_samples <= FREE_ENTRIES else free[:0]
