"""Paths of which only moments are known, verified from the Gram matrix alone."""

from .._problem._moments import Inexact
from ._driver import PathSolver


class MomentSolver(PathSolver):
    """Solves a `MomentProblem`: all is verified from the Gram matrix.

    Raises
    ------
    Inexact
        If rounding in it might matter for a certificate.
    """

    def _screening(self):
        return None

    def _full_gram_pays(self, alphas):
        return True

    def _take_all_columns(self, alphas):
        self._add((self.problem.design.sqnorm > 0).nonzero()[0])
        self.working.complete, self.exact_gram = True, True
        self.working.may_be_rough = False

    def _verify_by_pass(self, W, alphas):
        raise Inexact
