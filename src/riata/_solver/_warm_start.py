"""Warm starts for paths on similar samples (cross-validation folds)."""

from typing import NamedTuple

import numpy as np

from ._quadratic_model import DenseModel

FAR_APART = 0.3  # ratio of two alphas for which one Hessian is too inaccurate
NEAR = 0.7  # ratio from which the alpha before is as good a start as any other path
TALL = 8  # samples per feature from which another path is the better start up to there


class SavedIterate(NamedTuple):
    """A solution, in the user's units, and the quadratic model that led to it."""

    columns: np.ndarray
    coef: np.ndarray
    constant: float  # intercept of the centred columns, less that of the null model
    model: tuple | None  # columns, Hessian and means in units of X, and total weight


class SavedPath:
    """The solutions of a path from which other paths start: in a cross-validation, those of
    all samples for the folds.

    The first path that is given one writes it; later paths read it.

    Examples
    --------
    >>> saved_path = SavedPath()
    >>> saved_path.written
    False
    """

    def __init__(self):
        self._places = {}  # by alpha
        self.written = False

    def note(self, alpha, place):
        """Keep a solution."""
        self._places[float(alpha)] = place

    def nearest(self, alpha):
        """The solution whose alpha is nearest."""
        known = np.array(list(self._places))
        with np.errstate(divide="ignore"):
            distance = np.abs(np.log(known) - np.log(alpha))
        return self._places[known[np.argmin(np.nan_to_num(distance, posinf=1e300))]]


class WarmStarts:
    """What a path writes to a saved path, or takes from it.

    Parameters
    ----------
    state : PathState
    saved_path : SavedPath or None

    Attributes
    ----------
    follows, writes : bool
    """

    def __init__(self, state, saved_path):
        self.state, self.saved_path = state, saved_path

    @property
    def follows(self):
        return self.saved_path is not None and self.saved_path.written

    @property
    def writes(self):
        return self.saved_path is not None and not self.saved_path.written

    def begin_path(self, alphas):
        """Drop the saved path unless alphas are so far apart that it is a better start than
        the alpha before."""
        alphas = np.asarray(alphas)[np.asarray(alphas) > 0]
        if self.saved_path is None or len(alphas) < 2:
            return
        ratio = (alphas[-1] / alphas[0]) ** (1.0 / (len(alphas) - 1))
        design = self.state.problem.design
        tall = design.n_samples > TALL * design.n_features
        if not ratio < (NEAR if tall else FAR_APART):
            self.saved_path = None

    def end_path(self):
        """Called after the last alpha: the saved path is complete."""
        if self.saved_path is not None:
            self.saved_path.written = True

    def note(self, alphas, which, found, model_of):
        """Write the solutions at the alphas `which` of a verification, each with the model
        ``model_of(k, alpha)``."""
        if not self.writes:
            return
        problem, columns = self.state.problem, self.state.working.columns
        for k in np.arange(len(alphas))[which]:
            at, model = np.flatnonzero(found.W[:, k]), model_of(k, alphas[k])
            self.saved_path.note(alphas[k], SavedIterate(
                columns[at], found.W[at, k] * problem.coef_unit[columns[at]],
                found.constants[k, 0], None if model is None else model.noted(self.state),
            ))

    def coefficients(self, alphas):
        """Coefficients (working, n_alphas) of the nearest solutions; the columns that they
        need are added to the working set."""
        state, places = self.state, [self.saved_path.nearest(alpha) for alpha in alphas]
        unit, usable = state.problem.coef_unit, state.problem.design.sqnorm > 0
        columns = np.unique(np.concatenate([place.columns for place in places]))
        state.add_new(columns[usable[columns]])
        working = state.working
        W = np.zeros((len(working), len(places)))
        for k, place in enumerate(places):
            own = usable[place.columns]
            at = state.places(place.columns[own])
            w = place.coef[own] / unit[place.columns[own]]
            W[at, k] = np.clip(w, working.lower[at], working.upper[at])
        return W

    def models(self, alphas):
        """The models of the nearest solutions for the working set, or None for some."""
        return [DenseModel.of(self.saved_path.nearest(a).model, self.state) for a in alphas]
