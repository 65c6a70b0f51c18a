"""Warm starts for chunks of many rows: the path on a sample of the rows, in memory.

The solutions on m of the rows differ from those on all rows by about ``1 / sqrt(m)``, so
that a Newton step or two with the gradients of all rows are enough.
"""

from functools import partial

import numpy as np

from .._problem._problem import GeneralProblem
from ._driver import PathSolver
from ._hessian_per_alpha import HessianPerAlpha
from ._newton import NewtonSteps
from ._solutions import Settings, Status

TOLERANCE = 1e-4  # relative gap on the sample


class SamplePath:
    """The path on the sampled rows of a problem, solved at decreasing alphas.

    Parameters
    ----------
    problem : GeneralProblem
        Its design has a `sample`.
    settings : Settings
    """

    def __init__(self, problem, settings):
        self.problem, design = problem, problem.design
        rows, unit = design.sampled, problem.target_unit
        loss = problem.loss
        if unit != 1.0:
            loss = loss.in_units(1.0 / unit)
        options, factor = problem.options, problem.factor
        if factor is not None:  # as on all rows, standard deviations too
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = np.where(
                    design.scale > 0, factor * problem.sd / design.scale, np.inf
                )
        self.sample = GeneralProblem(
            design.sample, unit * problem.target[rows], loss=loss,
            offset=unit * problem.null_eta[rows, 0], l1_ratio=problem.l1_ratio,
            fit_intercept=problem.fit_intercept, penalty_factor=factor,
            sample_weight=None if problem.weights is None else problem.weights[rows],
            lower=options.lower, upper=options.upper, n_threads=design.n_threads,
        )
        # (a warm start is not worth many iterations)
        settings = Settings(TOLERANCE, min(settings.max_iter, 100), settings.deadline)
        method = partial(NewtonSteps, policy=HessianPerAlpha)
        self.solver = PathSolver(self.sample, settings, method)

    @classmethod
    def of(cls, problem, settings):
        """The path, or None if there is no sample or it cannot be fitted."""
        if problem.design.sample is None:
            return None
        try:
            return cls(problem, settings)
        except ValueError:  # no counts above zero, say
            return None

    def coefficients(self, alphas, place):
        """Coefficients (size, n_alphas) of a working set, and intercepts (n_alphas,), in
        the units of the problem.

        Parameters
        ----------
        alphas : ndarray (n_alphas,)
        place : ndarray of int (n_features,)
            Of each column in the working set, or -1.
        """
        problem, sample = self.problem, self.sample
        W = np.zeros((int(place.max(initial=-1)) + 1, len(alphas)))
        shift, at = np.zeros(len(alphas)), 0
        for found in self.solver.solve(alphas):
            which = np.repeat(np.arange(at, at + len(found.alphas)), found.n_active)
            coef = found.w * sample.coef_unit[found.columns]
            usable = (place[found.columns] >= 0) & (problem.coef_unit[found.columns] > 0)
            columns, coef, which = found.columns[usable], coef[usable], which[usable]
            W[place[columns], which] = coef / problem.coef_unit[columns]
            # predictors there are about other means
            apart = problem.design.mean[columns] - sample.design.mean[columns]
            count = len(found.alphas)
            shift[at:at + count] = sample.center + found.constant + np.bincount(
                which - at, apart * coef, count
            )
            at += count
            if found.status is Status.time_limit:
                break
        W[:, at:], shift[at:] = W[:, [at - 1]], shift[at - 1]
        if not problem.fit_intercept:
            shift[:] = 0.0
        return W, shift / problem.target_unit
