"""Regularisation paths: the alpha grid, `fit_path`, `PathResult`."""

import math
import warnings
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._core.design import NonFinite
from .._problem._moments import Inexact
from .._problem._problem import GeneralProblem, Problem
from .._solver._kernel import solve_in_span, span_pays
from .._solver._methods import plain_solver, solver_of
from .._solver._separation import message_of_separation, predictors
from .._solver._solutions import (
    BY_ROUNDING,
    ConvergenceWarning,
    Interrupted,
    Settings,
    Solutions,
    Status,
)
from .._solver._unpenalised import (
    alone,
    certified,
    coefficients,
    is_ambiguous,
    needs_projection,
    solve_general,
)
from ..losses import Squared, get_loss
from ._result import PathResult, Record, Step
from ._result_multinomial import MultinomialRecord

LIMIT_PENALTY = 1e-7  # in units in which columns have norm one: of a limit at zero
LIMIT_TOL = 1e-22
LEAST_L1_RATIO = 1e-3  # alpha_max of a ridge path is that of this l1_ratio


class Data(NamedTuple):
    """Validated input of a fit."""

    X: object
    y: np.ndarray  # as the loss wants it
    sample_weight: np.ndarray | None
    offset: np.ndarray | None


SQUARED = Squared()


def checked_data(X, y, sample_weight, offset, loss=SQUARED, check_X=check.check_design):
    """The input of a fit, checked; what is fitted to chunks says so by `check_X`."""
    X = check_X(X)
    n = X.n_samples
    y = loss.check_target(check.check_target(y, n))
    sample_weight = check.check_sample_weight(sample_weight, n)
    n_targets = int(y.max()) + 1 if loss.many_outputs else None
    offset = check.check_offset(offset, n, n_targets=n_targets)
    return Data(X, y, sample_weight, offset)


def less_offset(data):
    """The target less the offset, which is all that the squared loss sees."""
    return data.y if data.offset is None else data.y - data.offset


def checked_penalty(penalty, l1_ratio, penalty_factor, lower, upper, n_features):
    if penalty is not None:
        from ..penalties import ElasticNet

        if not isinstance(penalty, ElasticNet):
            raise TypeError(
                f"penalty must be a riata.penalties.ElasticNet or None, got {penalty!r}."
            )
        if l1_ratio != 1.0 or not (penalty_factor is lower is upper is None):
            raise ValueError(
                "penalty= holds l1_ratio, penalty_factor, lower and upper itself; "
                "do not pass them beside it."
            )
        l1_ratio, penalty_factor = penalty.l1_ratio, penalty.penalty_factor
        lower, upper = penalty.lower, penalty.upper
    l1_ratio = check.check_l1_ratio(l1_ratio)
    factor = check.check_penalty_factor(penalty_factor, n_features)
    lower, upper = check.check_bounds(lower, upper, n_features)
    return {
        "l1_ratio": l1_ratio, "penalty_factor": factor, "lower": lower, "upper": upper,
    }


def checked_problem(data, loss=SQUARED, **options):
    bounded = options.get("lower") is not None or options.get("upper") is not None
    if loss.many_outputs and loss.grouped and bounded:
        raise ValueError(
            "lower and upper must be None with loss=Multinomial(grouped=True): rows of "
            "coefficients have norms, not bounds. Use Multinomial(grouped=False)."
        )
    if loss.many_outputs and data.X.kind == "chunks":
        raise ValueError(
            f"loss={loss.name!r} is not fitted to chunks, but X is {data.X!r}. Fit "
            "loss='logistic' to one class against the others, or X in memory."
        )
    options["sample_weight"] = data.sample_weight
    try:
        if isinstance(loss, Squared) and not _by_gradients(data.X, options["l1_ratio"]):
            return Problem(data.X, less_offset(data), **options)
        return GeneralProblem(data.X, data.y, loss=loss, offset=data.offset, **options)
    except NonFinite as error:
        check.raise_nonfinite("X", *error.args)


def _by_gradients(X, l1_ratio):
    """Whether the squared loss is a loss like others, which asks for gradients at given
    coefficients: where residuals had a way to go to X."""
    return X.kind == "chunks" and not X.local and not X.axis and l1_ratio > 0


def fit_path(
    X, y, *, loss="squared", l1_ratio=1.0, penalty=None, alphas=100,
    alpha_min_ratio=None, fit_intercept=True, standardize=False, sample_weight=None,
    offset=None, penalty_factor=None, lower=None, upper=None, tol=1e-6, max_iter=1000,
    max_active=None, max_deviance_ratio=None, n_threads=None, time_limit=None,
    callback=None, init=None,
):
    r"""Fit a linear model along a decreasing sequence of penalty strengths.

    Minimises, for each alpha,

    .. math::
        \frac{1}{S} \sum_i s_i \, f(y_i, o_i + b + x_i^\top w)
        + \alpha \sum_j v_j \Big( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \Big)
        \quad \text{with } l_j \le w_j \le u_j

    where :math:`f` is the loss, by default :math:`\frac12 (y - \eta)^2`,
    :math:`s` are the sample weights with sum :math:`S`, :math:`o` the offset,
    :math:`v` the penalty factors and :math:`\rho` is `l1_ratio`. Each solution comes
    with its duality gap, computed on the problem as given.

    Parameters
    ----------
    X : array-like, sparse or riata.Chunks of shape (n_samples, n_features)
        float32 and float64, Fortran and C order, CSC (int32 or int64 indices) are used
        where they are, without a copy; CSR is transposed once.
    y : array-like of shape (n_samples,)
        Target: numbers, counts, or classes 0 and 1 (or -1 and 1; 0, 1, 2, ... for
        several), as the loss wants it.
    loss : str or riata.losses.Loss, default="squared"
        ``"squared"``, ``"logistic"``, ``"multinomial"``, ``"poisson"``, ``"gamma"``,
        ``"tweedie"``, ``"negative_binomial"``, ``"huber"``, ``"squared_hinge"`` (with
        the default parameters of these losses), or an object of `riata.losses`.
    l1_ratio : float in [0, 1], default=1.0
        1 is the lasso, 0 is ridge.
    penalty : riata.penalties.ElasticNet, optional
        Holds `l1_ratio`, `penalty_factor`, `lower` and `upper` in one object.
    alphas : int or array-like, default=100
        Number of strengths, log-spaced from `alpha_max` down to
        ``alpha_max * alpha_min_ratio``; or the strengths (any order, >= 0).
    alpha_min_ratio : float in (0, 1], default=1e-3
        Where an automatic grid ends.
    fit_intercept : bool, default=True
        Fit an unpenalised intercept, exactly.
    standardize : bool, default=False
        Penalise each coefficient in units of its column's weighted standard deviation.
        Neither copies nor densifies X; coefficients are those of X as given.
    sample_weight : array-like of shape (n_samples,), optional
        Non-negative; an integer weight equals repeating the row.
    offset : array-like of shape (n_samples,), optional
        Added to the predictor; (n_samples, n_classes) for several classes.
    penalty_factor : float or array-like of shape (n_features,), optional
        0 leaves a coefficient unpenalised, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients (of X as given), ``lower <= 0 <= upper``.
    tol : float, default=1e-6
        A solution is accepted when its duality gap is at most `tol` times the objective
        of the model without features.
    max_iter : int, default=1000
        Most outer iterations (working sets tried) for one alpha.
    max_active : int, optional
        End the path at the first alpha with more than so many non-zero coefficients.
    max_deviance_ratio : float in (0, 1], optional
        End the path when this share of the null deviance is explained.
    n_threads : int, optional
        Threads for passes over a large X; the result does not depend on it. By default
        what the process may use.
    time_limit : float, optional
        Seconds after which the path ends with what is finished.
    callback : callable, optional
        Called after each alpha with ``index``, ``alpha``, ``n_active``,
        ``relative_gap``, ``deviance_ratio`` and ``seconds``; a true answer ends the
        path.
    init : PathResult or array-like of shape (n_features,), optional
        Coefficients to start from: of a path, its last.

    Returns
    -------
    PathResult
        `MultinomialPathResult` for several classes.

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed; nothing has been computed then.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`; its gap is in the result. Or if there is no
        solution: columns without a penalty separate the samples.

    Notes
    -----
    Where solutions at an alpha of 0 are not unique, that of least L2 norm is returned, the
    limit of ridge regression.

    Ctrl-C raises `Interrupted`, a `KeyboardInterrupt` with the finished alphas as its
    `result`.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01; Ndiaye et al.
    (2017), arXiv:1611.05780, for the gaps.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 200))
    >>> y = X[:, :3] @ [3.0, -2.0, 1.0] + 0.1 * rng.standard_normal(50)
    >>> path = fit_path(X, y)
    >>> path.coef.shape
    (200, 100)
    >>> bool(path.relative_gap.max() <= 1e-6)
    True
    """
    started = monotonic()
    loss = get_loss(loss)
    names = check.feature_names_of(X)
    data = checked_data(
        X, y, sample_weight, offset, loss, check.check_design_or_chunks
    )
    p = data.X.n_features
    penalty = checked_penalty(penalty, l1_ratio, penalty_factor, lower, upper, p)
    grid = check.check_alphas(alphas)
    ratio = 1e-3 if alpha_min_ratio is None else check.check_real(
        alpha_min_ratio, "alpha_min_ratio", low=0.0, high=1.0, low_open=True
    )
    limits = Limits(
        None if max_active is None else check.check_integer(
            max_active, "max_active", low=0
        ),
        None if max_deviance_ratio is None else check.check_real(
            max_deviance_ratio, "max_deviance_ratio", low=0.0, high=1.0, low_open=True
        ),
        check.check_callable(callback, "callback"),
    )
    tol, max_iter = check.check_tol(tol), check.check_max_iter(max_iter)
    n_threads = check.check_n_threads(n_threads)
    time_limit = check.check_time_limit(time_limit)
    deadline = math.inf if time_limit is None else started + time_limit
    start = _check_init(init, p, loss, data.y, names)
    fit_intercept = check.check_bool(fit_intercept, "fit_intercept")
    standardize = check.check_bool(standardize, "standardize")

    settings = Settings(tol=tol, max_iter=max_iter, deadline=deadline)
    path = solve_path(
        data, grid, penalty, settings, loss=loss, fit_intercept=fit_intercept,
        standardize=standardize, n_threads=n_threads, limits=limits, start=start,
        ratio=ratio, started=started,
    )
    path.feature_names_in = names
    _warn(path, tol)
    if isinstance(grid, int) and _has_no_alpha_max(path):
        warnings.warn(
            "alpha_max is 0: y is constant, or every penalised column is, or the offset "
            "and the unpenalised columns explain all that they could. Penalised "
            "coefficients are zero at every alpha, and the automatic grid starts at 1.",
            UserWarning,
            stacklevel=2,
        )
    return path


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # seen to where it counts
def solve_path(
    data, grid, penalty, settings, *, fit_intercept, standardize, n_threads=None,
    loss=SQUARED, limits=None, start=None, ratio=1e-3, started=None, guide=None,
):
    """Fit a path as `fit_path` does, on checked input and without its warning.

    Parameters
    ----------
    data : Data
    grid : int or ndarray of float64 (n_alphas,)
        Decreasing.
    penalty : dict
        As from `checked_penalty`.
    settings : Settings
    start : ndarray of float64 (n_features,), optional
        Coefficients to start from.
    guide : Guide, optional
        To be written or followed, for a loss that is not squared.

    Returns
    -------
    PathResult
        Of at least one alpha.
    """
    started = monotonic() if started is None else started
    X, path = data.X, None
    if X.kind == "chunks":
        reads, requests = X.reads, X.requests
        path = _path_by_sums(
            data, grid, penalty, settings, loss, limits, start, ratio, started,
            fit_intercept=fit_intercept, standardize=standardize,
        )
    if path is None:
        path = _path_by_passes(
            data, grid, penalty, settings, loss, limits, start, ratio, started,
            guide, fit_intercept=fit_intercept, standardize=standardize,
            n_threads=n_threads,
        )
    if X.kind == "chunks":
        X.check_unchanged()
        path.diagnostics.reads = X.reads - reads
        path.diagnostics.requests = X.requests - requests
    path.has_offset = data.offset is not None
    return path


def _path_by_passes(
    data, grid, penalty, settings, loss, limits, start, ratio, started, guide, *,
    fit_intercept, standardize, n_threads,
):
    """A path by the solver that looks at X again and again."""
    problem = checked_problem(
        data, loss, fit_intercept=fit_intercept, standardize=standardize,
        n_threads=n_threads, **penalty,
    )
    solver = solver_of(problem, settings, _to_design(start, problem), guide)
    if isinstance(grid, int):
        grid = alpha_grid(problem, solver, grid, ratio)
    problem.check_alphas(grid[0], grid[-1])
    solver.work.seconds["setup"] = monotonic() - started
    solutions = _solutions(solver, data, grid, penalty, standardize, loss)
    if grid[-1] == 0.0 and data.X.kind != "chunks":
        solutions = _of_least_norm(solutions, problem, settings, data, penalty, loss)
    return collect(solutions, solver, loss, started, limits)


def _path_by_sums(
    data, grid, penalty, settings, loss, limits, start, ratio, started, **options
):
    """A path on chunks from one read of X, or None where there are too few rows for
    that, or the sums over them do not tell enough."""
    from .._solver.chunked._moments import solver_by_sums

    if not isinstance(loss, Squared) or start is not None:
        return None
    y = less_offset(data)
    try:
        solver = solver_by_sums(
            data.X, y, data.sample_weight, settings, **options, **penalty
        )
        if solver is None:
            return None
        if isinstance(grid, int):
            grid = alpha_grid(solver.problem, solver, grid, ratio)
        solver.problem.check_alphas(grid[0], grid[-1])
        solver.work.seconds["setup"] = monotonic() - started
        return collect(solver.solve(grid), solver, loss, started, limits)
    except Inexact:
        return None


def collect(batches, solver, loss=SQUARED, started=None, limits=None):
    """Gather the solutions that a solver yields into a result.

    Parameters
    ----------
    batches : iterable of Solutions
    solver : PathSolver
    loss : riata.losses.Loss
    started : float, optional
        When the work began.
    limits : Limits, optional

    Returns
    -------
    PathResult
    """
    started = monotonic() if started is None else started
    limits = Limits(None, None, None) if limits is None else limits
    kind = MultinomialRecord if loss.many_outputs else Record
    record = kind(solver.problem, solver.problem.l1_ratio, solver.alpha_max, started)
    end, tol = "complete", solver.settings.tol
    try:
        for solutions in batches:
            record.add(solutions)
            end = limits.reached(record, solutions)
            if end != "complete":
                break
        if end == "complete" and getattr(solver, "late", False):
            end = "time_limit"
    except KeyboardInterrupt:
        if not record.parts:
            raise
        raise Interrupted(record.result(loss, "interrupted", solver.work, tol)) from None
    return record.result(loss, end, solver.work, tol)


def _solutions(solver, data, grid, penalty, standardize, loss):
    """Working sets where there is an L1 part or a bound, ridge's own routes elsewhere."""
    problem = solver.problem
    if problem.separated:
        yield _null_solutions(problem, grid)
        return
    if not problem.quadratic:
        if problem.chunked:
            yield from solver.solve(grid)
        elif grid[-1] > 0 and span_pays(problem):
            yield from solve_in_span(solver, solver_of, data, grid, loss)
        else:
            yield from solve_general(solver, plain_solver, grid)
        return
    bounded = problem.strengths.lower is not None
    if bounded or (grid[-1] > 0 and problem.l1_ratio > 0):
        yield from solver.solve(grid)
        return
    smooth = (grid == 0) | (problem.l1_ratio == 0)
    yield from solver.solve(grid[~smooth])

    from .._ridge._solve import solve_ridge

    if data.X.kind == "chunks":
        from .._solver.chunked._ridge import ridge_solutions

        yield from ridge_solutions(solver, grid[smooth])
        return
    keep, factor = np.flatnonzero(problem.coef_unit > 0), penalty["penalty_factor"]
    if not len(keep):
        yield from solver.solve(grid[smooth])
        return
    X = data.X.as_matrix()
    if len(keep) < data.X.n_features:
        X = X[:, keep]
    ridge = solve_ridge(
        X, less_offset(data), grid[smooth], fit_intercept=problem.fit_intercept,
        standardize=standardize, sample_weight=data.sample_weight,
        penalty_factor=None if factor is None else factor[keep],
        tol=solver.settings.tol, deadline=solver.settings.deadline,
    )
    W = ridge.coef.T / problem.coef_unit[keep, None]
    # (whose own bound on the gap knows which columns depend on one another)
    gaps = ridge.relative_gap * problem.null_objective
    yield from solver.certify_given(grid[smooth], keep, W, gaps)


def _of_least_norm(solutions, problem, settings, data, penalty, loss):
    """Solutions, those at alpha = 0 replaced by the ones of least norm where that takes
    more than the solver has done."""
    for part in solutions:
        if part.alphas[-1] > 0.0:
            yield part
            continue
        for k in range(len(part.alphas)):
            one, W = alone(part, k), None
            if one.alphas[0] == 0.0 and is_ambiguous(problem, one):
                W = _limit_of_ridge(problem, settings, data, penalty, loss)
            elif one.alphas[0] == 0.0 and needs_projection(problem):
                W = _with_same_predictors(problem, one, data, penalty)
            yield certified(problem, settings, plain_solver, one, W)


def _with_same_predictors(problem, part, data, penalty):
    """Coefficients (n_features, n_outputs) of least norm, by ridge regression of the
    linear predictors."""
    from .._ridge._solve import solve_ridge

    keep, factor = np.flatnonzero(problem.coef_unit > 0), penalty["penalty_factor"]
    W, unit = coefficients(problem, part), problem.coef_unit[:, None]
    Eta = problem.target_unit * (predictors(problem, W, 0.0) - problem.null_eta)
    found = solve_ridge(
        data.X.as_matrix()[:, keep], Eta, [0.0], fit_intercept=problem.fit_intercept,
        standardize=problem.options.standardize, sample_weight=data.sample_weight,
        penalty_factor=None if factor is None else factor[keep],
    )
    W[keep] = found.coef[0].T / unit[keep]
    return W


def _limit_of_ridge(problem, settings, data, penalty, loss):
    """Coefficients (n_features, n_outputs) for a vanishing L2 penalty, extrapolated from
    three small ones (Richardson)."""
    options, factor = problem.options, penalty["penalty_factor"]
    penalty = {**penalty, "l1_ratio": 0.0}
    if factor is not None and not factor[problem.design.sqnorm > 0].any():
        penalty["penalty_factor"] = np.where(factor == 0.0, 1.0, factor)
    ridge = checked_problem(
        data, loss, fit_intercept=options.fit_intercept,
        standardize=options.standardize, **penalty,
    )
    solver = solver_of(ridge, settings._replace(tol=min(settings.tol, LIMIT_TOL)))
    grid = np.array([4.0, 2.0, 1.0]) * LIMIT_PENALTY / ridge.strengths.l2.max()
    parts = _solutions(solver, data, grid, penalty, options.standardize, loss)
    found = [coefficients(ridge, alone(part, k))
             for part in parts for k in range(len(part.alphas))]
    if len(found) < len(grid):  # out of time
        return None
    W, strengths = (found[0] - 6.0 * found[1] + 8.0 * found[2]) / 3.0, ridge.strengths
    if strengths.lower is not None:
        lower, upper = strengths.lower[:, None], strengths.upper[:, None]
        # what is at a bound stays there, exactly
        fixed = (found[2] == lower) | (found[2] == upper)
        W = np.clip(np.where(fixed, found[2], W), lower, upper)
    return W


def _null_solutions(problem, grid):
    """Solutions without coefficients, whose loss is zero up to rounding."""
    zeros, none = np.zeros(len(grid)), np.empty(0)
    return Solutions(
        grid, none.astype(np.intp), none, zeros.astype(np.intp), zeros, zeros, zeros,
        zeros, np.zeros((len(grid), *np.shape(problem.center))), 0, Status.optimal,
        ["null"] * len(grid),
    )


class Limits(NamedTuple):
    """What ends a path before its last alpha."""

    max_active: int | None
    max_deviance_ratio: float | None
    callback: Callable[[Step], object] | None

    def reached(self, record, solutions):
        """Why the path ends at one of the last solutions of the record, which ends there
        too, or "complete"."""
        if solutions.status is Status.time_limit:
            return "time_limit"
        if self.callback is self.max_active is self.max_deviance_ratio is None:
            return "complete"
        for step in record.last_steps():
            stop = self.callback is not None and self.callback(step)
            end = "callback" if stop else "complete"
            limit = self.max_deviance_ratio
            if limit is not None and step.deviance_ratio >= limit:
                end = "deviance"
            if self.max_active is not None and step.n_active > self.max_active:
                end = "max_active"
            if end != "complete":
                record.end_at(step)
                break
        return end


def _to_design(coef, problem):
    """Columns that are not zero, and their coefficients in the units of the design."""
    if coef is None:
        return None
    columns = np.flatnonzero((np.atleast_2d(coef) != 0).any(axis=0))
    columns = columns[problem.coef_unit[columns] > 0]
    W = np.atleast_2d(coef[..., columns] / problem.coef_unit[columns]).T
    return columns, W if problem.n_outputs == 1 else W[:, problem.datafit.classes]


def _check_init(init, n_features, loss, y, names):
    if init is None:
        return None
    if isinstance(init, PathResult):
        if names is not None and init.feature_names_in is not None:
            check.require_same_names(list(init.feature_names_in), list(names))
        init = init._coef_of(len(init.alphas) - 1)
    if loss.many_outputs:
        return check.check_class_coef(init, n_features, int(y.max()) + 1, "init")
    return check.check_coef(init, n_features, "init")


def _has_no_alpha_max(path):
    """Whether no penalised coefficient differs from zero at any alpha > 0."""
    if path.l1_ratio < LEAST_L1_RATIO:
        return path.alphas[0] == 1.0 and not path.n_active.any()
    return not path.alpha_max > 0


def _warn(path, tol):
    separated = path.status.count(Status.unbounded_or_separable)
    if separated:
        remedy = "alpha > 0, and no penalty_factor of 0"
        warnings.warn(
            message_of_separation(separated, len(path.alphas), "alphas", remedy),
            ConvergenceWarning,
            stacklevel=3,
        )
    good = Status.optimal, Status.unbounded_or_separable
    poor = [k for k, status in enumerate(path.status) if status not in good]
    if not poor:
        return
    measure, name = path.relative_gap, "relative duality gap"
    if np.isnan(measure).any():  # of a loss that is not convex
        measure, name = path.kkt, "KKT violation"
    worst = max(poor, key=lambda k: measure[k])
    remedy = "Raise max_iter or time_limit, or accept a larger tol."
    if {path.status[k] for k in poor} <= BY_ROUNDING:
        remedy = (
            "Rounding errors in double precision let no further step improve on it: "
            "accept a larger tol."
        )
    warnings.warn(
        f"{len(poor)} of {len(path.alphas)} alphas did not reach tol={tol:g}; the "
        f"largest {name} is {measure[worst]:.2e} at "
        f"alpha={path.alphas[worst]:.4g} (status: {path.status[worst]}). {remedy}",
        ConvergenceWarning,
        stacklevel=3,
    )


def alpha_grid(problem, solver, n_alphas, ratio):
    """Log-spaced strengths from the smallest that leaves all coefficients zero."""
    top = solver.alpha_max
    if problem.l1_ratio < LEAST_L1_RATIO:
        top = problem.least_l1_alpha(solver.c, LEAST_L1_RATIO)
    top = top if top > 0 else 1.0  # any will do; `fit_path` warns
    return top * np.logspace(0.0, math.log10(ratio), n_alphas)


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def alpha_max(
    X, y, *, loss="squared", l1_ratio=1.0, fit_intercept=True, standardize=False,
    sample_weight=None, offset=None, penalty_factor=None, lower=None, upper=None,
):
    """Smallest strength at which every penalised coefficient is zero.

    Parameters
    ----------
    X, y, loss, l1_ratio, fit_intercept, standardize, sample_weight, offset, \
    penalty_factor, lower, upper
        As in `fit_path`. An `l1_ratio` below 1e-3 counts as 1e-3: a ridge path has no
        such strength, and its grid starts at this one.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from riata import alpha_max
    >>> alpha_max(np.array([[1.0], [-1.0]]), [2.0, -2.0])
    2.0
    """
    loss = get_loss(loss)
    data = checked_data(
        X, y, sample_weight, offset, loss, check.check_design_or_chunks
    )
    penalty = checked_penalty(
        None, l1_ratio, penalty_factor, lower, upper, data.X.n_features
    )
    problem = checked_problem(
        data, loss, fit_intercept=check.check_bool(fit_intercept, "fit_intercept"),
        standardize=check.check_bool(standardize, "standardize"), **penalty,
    )
    solver = solver_of(problem, Settings())
    if problem.l1_ratio < LEAST_L1_RATIO:
        return problem.least_l1_alpha(solver.c, LEAST_L1_RATIO)
    return solver.alpha_max
