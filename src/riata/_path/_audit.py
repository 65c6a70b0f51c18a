"""check_solution: the duality gap of any coefficients, from any package."""

from typing import NamedTuple

import numpy as np

from .. import _costs as costs
from .. import _validation as check
from .._design._products import gradient, product
from .._solver._dual_point import columns_not_held, gap_of_dual_point
from .._solver._unpenalised import open_columns
from .._solver._working_set import FreeColumns
from ..losses import get_loss
from ._checked import checked_data, checked_penalty, checked_problem


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


Certificate.__module__ = "riata"


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

    The dual point is the residual, made orthogonal to the intercept and to columns that
    neither a penalty nor a bound holds, and shrunk until it is feasible. Whatever the
    coefficients are, the optimum is not below `dual`, up to rounding.

    One assumption is made where there are such columns and no such dual point: the loss
    has no conjugate (`Loss.dual`), or the columns are too many to be decomposed. In units
    in which X's columns and y have norm one, their optimal coefficients are then assumed
    to be at most ``1e3 (max_j |w_j| + 1)``.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    coef : array-like or sparse of shape (n_features,)
        On the scale of X as given; (n_classes, n_features) for the multinomial loss, and
        (n_targets, n_features) for several targets.
    intercept : float or array-like of shape (n_classes,) or (n_targets,), default=0.0
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
    if loss.many_outputs or data.y.ndim == 2:
        count = data.y.shape[1] if data.y.ndim == 2 else int(data.y.max()) + 1
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
    if problem.quadratic:
        primal, gap, kkt = _audit(problem, coef, intercept, alpha)
    elif loss.many_outputs:
        primal, gap, kkt = _audit_classes(problem, coef, intercept, alpha)
    else:
        one = coef[None, :], np.array([intercept])
        primal, gap, kkt = _audit_general(problem, *one, alpha)
    return _certificate(problem, coef, alpha, options, standardize, primal, gap, kkt)


def _outside(coef, penalty_factor, lower, upper, **_):
    """Whether some coefficient is out of bounds or excluded."""
    return (
        (lower is not None and bool((coef < lower).any()))
        or (upper is not None and bool((coef > upper).any()))
        or (penalty_factor is not None
            and bool(coef[..., np.isinf(penalty_factor)].any()))
    )


def _useless_penalty(coef, problem, alpha, options):
    """Penalty of coefficients of constant columns, which fit nothing."""
    where = np.flatnonzero(problem.coef_unit == 0)
    factor, rho = options["penalty_factor"], options["l1_ratio"]
    factor = np.ones(len(where)) if factor is None else factor[where]
    w = coef.T[where]  # rows of a feature, if there are several classes
    factor = np.where(np.atleast_2d(coef)[:, where].any(axis=0), factor, 0.0)
    penalty = problem.options.penalty
    if getattr(penalty, "codes_", None) is not None:
        others = np.where(problem.coef_unit == 0, 0.0, coef)
        return alpha * (_of_groups(penalty, coef) - _of_groups(penalty, others))
    if penalty is not None:
        return float(problem.options.penalty.value(w, alpha * factor).sum())
    value = rho * np.abs(w) + 0.5 * (1.0 - rho) * w**2
    return alpha * float((factor @ value).sum())


def _of_groups(penalty, coef):
    """A penalty on groups at alpha = 1, but for excluded ones."""
    total = 0.0
    for g, weight in enumerate(penalty.group_weights_):
        if 0.0 < weight < np.inf:
            total += float(penalty.value(coef[penalty.codes_ == g], 1.0, weight))
    return total


def _certificate(problem, coef, alpha, options, standardize, primal, gap, kkt):
    """In the user's units, with what the design does not see."""
    unit, null = problem.objective_unit, problem.null_objective
    gap = min(gap, primal)  # no objective is negative
    dual = unit(primal - gap)
    if not standardize:
        wasted = _useless_penalty(coef, problem, alpha, options)
        wasted = wasted / unit(1.0) if wasted else 0.0
        primal, gap = primal + wasted, gap + wasted
    if _outside(coef, **options):
        primal = gap = np.inf
    return Certificate(
        float(unit(primal)),
        dual,
        float(unit(gap)),
        float(gap / null if null > 0 else gap),
        float(kkt),
    )


def _in_design(problem, coef):
    """Coefficients in the units of the design."""
    usable = problem.coef_unit > 0
    return np.where(usable, coef, 0.0) / np.where(usable, problem.coef_unit, 1.0)


def _audit(problem, coef, intercept, alpha):
    """Objective, gap (in the units of the design) and KKT violation (in the user's)."""
    design, n_outputs = problem.design, problem.n_outputs
    B = np.ascontiguousarray(np.atleast_2d(_in_design(problem, coef)).T)
    active = np.flatnonzero(B.any(axis=1))
    targets = problem.y[:, None] if n_outputs == 1 else problem.targets
    R = targets - product(design, active, B[active])
    constant = problem.center_block(R)
    if problem.fit_intercept:
        # the given intercept's residual differs from the centred one by a constant
        best = problem.center - np.atleast_1d(coef @ design.mean)
        constant = constant + (best - intercept) / problem.unit
    alphas, everything = np.array([alpha]), np.arange(design.n_features)

    def certify(free):
        loss = float(np.vdot(R, problem.weigh(R)))
        C = gradient(design, problem.weigh(R), everything)[:, :n_outputs]
        C = np.ascontiguousarray(C)
        C[free] = 0.0
        found = problem.penalty.certify(C, everything, B, alphas, np.array([loss]), True)
        return loss, *(part.sum() if k == 2 else part.max() for k, part in enumerate(found))

    loss, gap, kkt, penalty = certify(everything[:0])
    projected, free = loss, open_columns(problem, alpha)
    if 0 < len(free) * design.n_samples <= costs.BASIS_ENTRIES:
        FreeColumns(problem, free).project(R)
        problem.center_block(R)
        projected, gap, _, _ = certify(free)
    square = design.n_samples * float(constant @ constant)
    outside = 0.5 * (max(loss - projected, 0.0) + square)
    primal = 0.5 * (loss + square) + float(penalty)
    kkt = max(float(kkt), float(np.abs(constant).max()) * problem.unit)
    return primal, float(gap) + outside, kkt


def _audit_general(problem, coef, intercept, alpha):
    """As `_audit`, for a loss that is not squared and coefficients (n_outputs, n_features)
    with intercepts (n_outputs,)."""
    design, square = problem.design, problem.eta_unit**2
    B = np.ascontiguousarray(_in_design(problem, coef).T)
    active = np.flatnonzero(B.any(axis=1))
    Eta = _given(problem, product(design, active, problem.eta_unit * B[active]))
    shift = intercept - problem.center
    shift = shift + (coef @ design.mean if problem.fit_intercept else 0.0)
    given = best = Eta + shift / problem.target_unit
    if problem.fit_intercept:
        best, _ = problem.datafit.profile_intercept(given)
    loss = problem.datafit.losses(best).sum() / square
    above = max(problem.datafit.losses(given).sum() / square - loss, 0.0)
    gap, kkt, penalty = _gap_at(problem, B, alpha, best, loss)
    if problem.separated:  # the intercept alone makes the loss as small as one likes
        gap = loss + penalty
    if not problem.has_gap:
        gap = np.nan
    constant = np.abs(problem.weigh(problem.datafit.residuals(given)).mean(axis=0)).max()
    kkt = max(kkt, float(constant) * problem.unit * problem.fit_intercept)
    return loss + above + penalty, gap + above, kkt


def _audit_classes(problem, coef, intercept, alpha):
    """As `_audit_general`, for coefficients of all classes.

    The least objective is that of the classes with weight; what the others add to the
    objective of the solution is added to its gap.
    """
    own = problem.datafit.classes
    primal, gap, kkt = _audit_general(problem, coef[own], intercept[own], alpha)
    if len(own) == problem.datafit.n_labels:
        return primal, gap, kkt
    design, everything = problem.design, np.arange(problem.design.n_features)
    B = np.ascontiguousarray(_in_design(problem, coef).T)
    Eta = product(design, everything, problem.eta_unit * B)
    Eta += problem.datafit.label_offset + intercept + coef @ design.mean
    targets = (problem.target[:, None] == np.arange(problem.datafit.n_labels)).astype(float)
    loss = problem.weigh(problem.loss.value(targets, Eta)[:, None]).sum()
    loss /= problem.eta_unit**2
    R = problem.weigh(problem.loss.residual(targets, Eta)) / problem.eta_unit
    penalty = type(problem.penalty)(problem.column_penalty, len(coef))
    C = gradient(design, R, everything)
    _, kkt, value = _certify(penalty, C, B, alpha, 2.0 * loss)
    gap += max(loss + value - primal, 0.0)
    kkt = max(kkt, float(np.abs(R.mean(axis=0)).max()) * problem.unit)
    return loss + value, gap, kkt


def _certify(penalty, C, B, alpha, loss):
    """Gap, KKT violation and penalty of coefficients B (n_features, n_outputs)."""
    count = B.shape[1]
    gap, kkt, value = penalty.certify(
        C, np.arange(len(B)), B, np.full(count, alpha), np.full(count, loss)
    )
    return float(gap[0]), float(kkt[0]), float(value.sum())


def _given(problem, Eta):
    """Predictors from those of the columns; where a sample has no weight, in which the
    loss might overflow, those of the null model."""
    if problem.weights is not None:
        Eta[problem.weights == 0.0] = 0.0
    return Eta + problem.null_eta


def _gap_at(problem, W, alpha, Eta, loss):
    """Gap, KKT violation and penalty of coefficients W of all columns with predictors Eta,
    whose intercepts are optimal, in the units of the design.

    The smaller of two bounds: the tangent's, which needs no conjugate of the loss, and
    that of a dual point. Where some columns are neither penalised nor bounded, only the
    second is free of assumptions, and is taken if there is one.

    Parameters
    ----------
    W, Eta : ndarray (n_features, n_outputs), (n_samples, n_outputs)
    loss : float
    """
    design, everything = problem.design, np.arange(problem.design.n_features)

    def correlate(theta):
        return gradient(design, problem.weigh(theta) / problem.eta_unit, everything)

    def bound(C):
        return _certify(problem.penalty, C, W, alpha, 2.0 * loss)

    residual = problem.loss.residual(problem.targets, Eta)
    tangent, kkt, penalty = bound(correlate(residual))
    if not problem.column_penalty.piecewise_linear:  # its bound shrinks the dual point
        return tangent, kkt, penalty
    free = columns_not_held(problem, alpha)
    dual = gap_of_dual_point(
        problem, alpha, Eta, free, everything, W, correlate, lambda C: bound(C)[0],
        problem.penalty.size_of,
    )
    if len(free) and dual < np.inf:
        return min(dual, loss + penalty), kkt, penalty
    return min(tangent, dual), kkt, penalty
