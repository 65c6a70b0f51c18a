"""Newton's method that leaves a guide to others, or follows one."""

import numpy as np

from ._local_model import LaneModel
from ._newton import NewtonSteps
from ._warm_start import Place

APART = 0.3  # ratio of two alphas that one Hessian hardly fits
NEAR = 0.7  # ratio from which the alpha before leads to the next as well as any guide
TALL = 8  # samples per feature from which a guide helps up to there


class GuidedSteps(NewtonSteps):
    """`NewtonSteps` with a guide.

    Parameters
    ----------
    state : PathState
    guide : Guide, optional
        Written, or followed if it has been.
    """

    def __init__(self, state, guide=None):
        self.guide = guide
        self.follows = guide is not None and guide.written
        super().__init__(state)

    def begin_path(self, alphas):
        if self.guide is not None and not self._wants_guide(alphas):
            self.guide, self.follows = None, False

    def end_path(self):
        if self.guide is not None:
            self.guide.written = True

    def _wants_guide(self, alphas):
        """Whether alphas are so far apart that one is better reached from elsewhere than
        from the one before."""
        alphas = np.asarray(alphas)[np.asarray(alphas) > 0]
        if len(alphas) < 2:
            return True
        ratio = (alphas[-1] / alphas[0]) ** (1.0 / (len(alphas) - 1))
        design = self.problem.design
        return ratio < (NEAR if design.n_samples > TALL * design.n_features else APART)

    def note(self, alphas, which, found):
        if self.guide is None or self.follows:
            return
        for k in np.arange(len(alphas))[which]:
            at = np.flatnonzero(found.W[:, k])
            columns = self.working.columns[at]
            coef = found.W[at, k] * self.problem.coef_unit[columns]
            model = self._model_of(k, alphas[k])
            self.guide.note(alphas[k], Place(
                columns, coef, found.constants[k, 0],
                None if model is None else model.noted(self),
            ))

    def _model_of(self, lane, alpha):
        """The `LaneModel` on all of the working set that led to a solution, or None."""
        return None

    def _take_up(self, places):
        """Coefficients (working, lanes) of some places of the guide; what they need is
        taken into the working set."""
        unit, usable = self.problem.coef_unit, self.problem.design.sqnorm > 0
        columns = np.unique(np.concatenate([place.columns for place in places]))
        self.state.add_new(columns[usable[columns]])
        W = np.zeros((len(self.working), len(places)))
        for k, place in enumerate(places):
            own = usable[place.columns]
            at = self.state.places(place.columns[own])
            w = place.coef[own] / unit[place.columns[own]]
            W[at, k] = np.clip(w, self.working.lower[at], self.working.upper[at])
        return W

    def _taken_up(self, place):
        """Its model, in the units of this problem, or None."""
        return LaneModel.of(place.model, self)
