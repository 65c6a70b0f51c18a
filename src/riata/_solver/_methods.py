"""Which step method solves a problem."""

from functools import partial

import numpy as np

from ._coupled_hessian import CoupledHessian
from ._driver import PathSolver
from ._exact_steps import ExactSteps
from ._hessian_per_alpha import HessianPerAlpha
from ._newton import NewtonSteps
from ._quasi_newton import QuasiNewtonSteps
from ._unpenalised import BasisSolver, needs_basis


def method_of(problem, guide=None):
    """What makes the step method of a problem, given a `PathState`."""
    if problem.quadratic:
        return ExactSteps
    if not problem.strengths.piecewise_linear:
        return NewtonSteps
    if not problem.design.in_memory:
        from ._read_steps import ReadSteps

        return ReadSteps if ReadSteps.suits(problem) else NewtonSteps
    if problem.loss.many_outputs:
        return partial(NewtonSteps, policy=CoupledHessian)
    if QuasiNewtonSteps.suits(problem):
        return partial(QuasiNewtonSteps, guide=guide)
    return partial(NewtonSteps, policy=HessianPerAlpha, guide=guide)


def plain_solver(problem, settings, start=None, guide=None):
    """The solver of a problem in terms of its own columns."""
    if not problem.strengths.has_gap:
        # the largest violation, as a share of that of the null model
        gradient = np.abs(problem.design.xty * problem.strengths.unit).max(initial=0.0)
        kkt_tol = min(settings.kkt_tol, settings.tol * float(gradient))
        settings = settings._replace(kkt_tol=kkt_tol)
    return PathSolver(problem, settings, method_of(problem, guide), start)


def solver_of(problem, settings, start=None, guide=None):
    """The solver of a problem."""
    if (
        problem.design.in_memory and not problem.quadratic and len(problem.free)
        and problem.strengths.piecewise_linear
        and needs_basis(problem, problem.free)
    ):
        return BasisSolver(problem, settings, plain_solver, 1.0, start=start)
    return plain_solver(problem, settings, start, guide)
