"""Which step method solves a problem."""

from functools import partial

import numpy as np

from ._block_steps import BlockSteps
from ._coupled_hessian import CoupledHessian
from ._driver import PathSolver
from ._exact_steps import ExactSteps
from ._hessian_per_alpha import HessianPerAlpha
from ._newton import NewtonSteps
from ._quasi_newton import QuasiNewtonSteps
from ._row_steps import RowSteps
from ._sequential_newton import SequentialNewtonSteps
from ._unpenalised import BasisSolver, needs_basis


def method_of(problem, saved_path=None):
    """What makes the step method of a problem, given a `PathState`."""
    if problem.quadratic and problem.n_outputs > 1:
        return RowSteps
    if problem.quadratic:
        return ExactSteps if problem.column_penalty.piecewise_linear else BlockSteps
    if not problem.column_penalty.piecewise_linear:
        return NewtonSteps
    if not problem.design.in_memory:
        from ._read_steps import ReadSteps

        return ReadSteps if ReadSteps.suits(problem) else NewtonSteps
    if SequentialNewtonSteps.suits(problem, saved_path):
        return SequentialNewtonSteps
    if problem.loss.many_outputs:
        return partial(NewtonSteps, policy=CoupledHessian)
    if QuasiNewtonSteps.suits(problem):
        return partial(QuasiNewtonSteps, saved_path=saved_path)
    return partial(NewtonSteps, policy=HessianPerAlpha, saved_path=saved_path)


def plain_solver(problem, settings, start=None, saved_path=None):
    """The solver of a problem in terms of its own columns."""
    if not problem.column_penalty.has_gap:
        # the largest violation, as a share of that of the null model
        gradient = np.abs(problem.design.xty * problem.column_penalty.unit).max(initial=0.0)
        kkt_tol = min(settings.kkt_tol, settings.tol * float(gradient))
        settings = settings._replace(kkt_tol=kkt_tol)
    return PathSolver(problem, settings, method_of(problem, saved_path), start)


def solver_of(problem, settings, start=None, saved_path=None):
    """The solver of a problem."""
    if (
        problem.design.in_memory and not problem.quadratic and len(problem.free)
        and problem.column_penalty.piecewise_linear
        and needs_basis(problem, problem.free)
    ):
        return BasisSolver(problem, settings, plain_solver, 1.0, start=start)
    return plain_solver(problem, settings, start, saved_path)
