"""Paths on checked input: grids, solvers, ridge, solutions of least norm."""


import math
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import numpy as np

from .._design._sums import sums_by_sets
from .._problem._moments import Inexact, MomentProblem, sums_pay
from .._solver._kernel import solve_in_span, span_pays
from .._solver._methods import plain_solver, solver_of
from .._solver._separation import predictors
from .._solver._solutions import (
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
from ..losses import Squared
from ._checked import SQUARED, checked_problem, elastic_net_parts, less_offset
from ._record import MultinomialRecord, OutputsRecord, Record, Step

LIMIT_PENALTY = 1e-7  # in units in which columns have norm one: of a limit at zero
LIMIT_TOL = 1e-22
LEAST_L1_RATIO = 1e-3  # alpha_max of a ridge path is that of this l1_ratio


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # handled where it matters
def solve_path(
    data, grid, penalty, settings, *, fit_intercept, standardize, n_threads=None,
    loss=SQUARED, limits=None, start=None, ratio=1e-3, started=None, saved_path=None,
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
    saved_path : SavedPath, optional
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
            saved_path, fit_intercept=fit_intercept, standardize=standardize,
            n_threads=n_threads,
        )
    if X.kind == "chunks":
        X.check_unchanged()
        path.diagnostics.reads = X.reads - reads
        path.diagnostics.requests = X.requests - requests
    return path._with(has_offset=data.offset is not None)


def _path_by_passes(
    data, grid, penalty, settings, loss, limits, start, ratio, started, saved_path, *,
    fit_intercept, standardize, n_threads,
):
    """A path by passes over X."""
    problem = checked_problem(
        data, loss, fit_intercept=fit_intercept, standardize=standardize,
        n_threads=n_threads, **penalty,
    )
    solver = solver_of(problem, settings, _to_design(start, problem), saved_path)
    if isinstance(grid, int):
        grid = alpha_grid(problem, solver, grid, ratio)
    problem.check_alphas(grid[0], grid[-1])
    if grid[-1] == 0.0 and problem.quadratic and problem.n_outputs > 1:
        raise ValueError(
            "alphas contains 0, where several targets have nothing in common: fit each of "
            "them by itself, or choose positive alphas."
        )
    solver.work.seconds["setup"] = monotonic() - started
    solutions = _solutions(solver, data, grid, penalty, standardize, loss)
    if grid[-1] == 0.0 and problem.design.in_memory:
        solutions = _of_least_norm(solutions, problem, settings, data, penalty, loss)
    return collect(solutions, solver, loss, started, limits)


def _path_by_sums(
    data, grid, penalty, settings, loss, limits, start, ratio, started, **options
):
    """A path on chunks from one read of X, or None where there are too few rows for
    that, or the sums over them are not exact enough."""
    X = data.X
    if (
        not isinstance(loss, Squared) or start is not None or "penalty" in penalty
        or not sums_pay(X)
    ):
        return None
    try:
        (sums,) = sums_by_sets(X, less_offset(data), data.sample_weight)
        problem = MomentProblem.of_sums(
            sums, X.n_samples, **options, **elastic_net_parts(penalty)
        )
        solver = plain_solver(problem, settings)
        if isinstance(grid, int):
            grid = alpha_grid(solver.problem, solver, grid, ratio)
        solver.problem.check_alphas(grid[0], grid[-1])
        solver.work.seconds["setup"] = monotonic() - started
        return collect(solver.solve(grid), solver, loss, started, limits)
    except Inexact:
        return None


def collect(batches, solver, loss=SQUARED, started=None, limits=None):
    """Collect the solutions that a solver yields into a result.

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
    kind = MultinomialRecord if loss.many_outputs else (
        OutputsRecord if solver.problem.n_outputs > 1 else Record
    )
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
        if not problem.design.in_memory:
            yield from solver.solve(grid)
        elif grid[-1] > 0 and span_pays(problem):
            yield from solve_in_span(solver, solver_of, data, grid, loss)
        else:
            yield from solve_general(solver, plain_solver, grid)
        return
    bounded = problem.column_penalty.lower is not None
    if bounded or (grid[-1] > 0 and problem.l1_ratio > 0):
        yield from solver.solve(grid)
        return
    smooth = (grid == 0) | (problem.l1_ratio == 0)
    yield from solver.solve(grid[~smooth])

    from .._ridge._solve import solve_ridge

    if not problem.design.in_memory:
        from .._ridge._chunked import ridge_solutions

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
    # (its own bound on the gap takes dependent columns into account)
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
    penalty = {**elastic_net_parts(penalty), "l1_ratio": 0.0}
    if factor is not None and not factor[problem.design.sqnorm > 0].any():
        penalty["penalty_factor"] = np.where(factor == 0.0, 1.0, factor)
    ridge = checked_problem(
        data, loss, fit_intercept=options.fit_intercept,
        standardize=options.standardize, **penalty,
    )
    solver = solver_of(ridge, settings._replace(tol=min(settings.tol, LIMIT_TOL)))
    grid = np.array([4.0, 2.0, 1.0]) * LIMIT_PENALTY / ridge.column_penalty.l2.max()
    parts = _solutions(solver, data, grid, penalty, options.standardize, loss)
    found = [coefficients(ridge, alone(part, k))
             for part in parts for k in range(len(part.alphas))]
    if len(found) < len(grid):  # out of time
        return None
    W, bounds = (found[0] - 6.0 * found[1] + 8.0 * found[2]) / 3.0, ridge.column_penalty
    if bounds.lower is not None:
        lower, upper = bounds.lower[:, None], bounds.upper[:, None]
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
    if problem.n_outputs == 1 or problem.quadratic:
        return columns, W
    return columns, W[:, problem.datafit.classes]


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def largest_alpha(data, penalty, loss=SQUARED, **options):
    """As `riata.alpha_max`, on checked input."""
    problem = checked_problem(data, loss, **options, **penalty)
    return _top(problem, solver_of(problem, Settings()))


def _top(problem, solver):
    if problem.l1_ratio < LEAST_L1_RATIO:
        return problem.least_l1_alpha(solver.c, LEAST_L1_RATIO)
    return solver.alpha_max


def alpha_grid(problem, solver, n_alphas, ratio):
    """Log-spaced alphas from the smallest at which all coefficients are zero."""
    top = _top(problem, solver)
    top = top if top > 0 else 1.0  # any will do; `fit_path` warns
    return top * np.logspace(0.0, math.log10(ratio), n_alphas)
