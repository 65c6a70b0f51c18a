"""Newton's method that leaves a guide to others, or follows one."""

import numpy as np

from ._guide import Place
from ._lane_model import LaneModel
from ._newton import NewtonSolver


class GuidedSolver(NewtonSolver):
    """`NewtonSolver` with a guide.

    Parameters
    ----------
    problem : GeneralProblem
    settings : Settings
    start : (columns, w) or None
    guide : Guide, optional
        Written, or followed if it has been.
    """

    def __init__(self, problem, settings, start=None, guide=None):
        self.guide = guide
        self.follows = guide is not None and guide.written
        super().__init__(problem, settings, start)

    def solve(self, alphas):
        yield from super().solve(alphas)
        if self.guide is not None:
            self.guide.written = True

    def _solutions(self, alphas, which, verdict, rounds, status):
        if self.guide is not None and not self.follows:
            for k in np.arange(len(alphas))[which]:
                at = np.flatnonzero(self.solved[:, k])
                columns = self.working.columns[at]
                coef = self.solved[at, k] * self.problem.coef_unit[columns]
                model = self._model_of(k, alphas[k])
                self.guide.note(alphas[k], Place(
                    columns, coef, self.constants[k],
                    None if model is None else model.noted(self),
                ))
        return super()._solutions(alphas, which, verdict, rounds, status)

    def _model_of(self, lane, alpha):
        """The `LaneModel` on all of the working set that led to a solution, or None."""
        return None

    def _take_up(self, places):
        """Coefficients (working, lanes) of some places of the guide; what they need is
        taken into the working set."""
        unit, usable = self.problem.coef_unit, self.problem.design.sqnorm > 0
        columns = np.unique(np.concatenate([place.columns for place in places]))
        self._add(columns[usable[columns] & (self.working.mask[columns] == 0)])
        W = np.zeros((len(self.working), len(places)))
        for k, place in enumerate(places):
            own = usable[place.columns]
            at = self._places(place.columns[own])
            w = place.coef[own] / unit[place.columns[own]]
            W[at, k] = np.clip(w, self.working.lower[at], self.working.upper[at])
        return W

    def _taken_up(self, place):
        """Its model, in the units of this problem, or None."""
        return LaneModel.of(place.model, self)
