"""What a cross-validation fits: paths on all samples, and on the training samples of
each fold.

No fold needs a copy of its rows of X. If there are many more samples than features, its
path is computed from moments (`FoldMoments`); otherwise the samples that it leaves out
have a weight of zero.
"""

import copy
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from numbers import Integral

import numpy as np

from .. import _validation as check
from .._path._checked import Data, checked_penalty, checked_problem, elastic_net_parts
from .._path._samples import Deadline, settings_of, total_weight
from .._path._solve import LEAST_L1_RATIO, largest_alpha, solve_path
from .._problem._moments import Inexact
from .._solver._solutions import Settings
from ..losses import Squared
from ._folds import FoldMoments, train_weight
from ._scores import predictors

# The grid where no alpha > 0 has a non-zero coefficient: scikit-learn's value.
NO_ALPHA = np.finfo(np.float64).resolution


class PathFits:
    """Paths on common grids of alphas.

    Everything that depends on the data is computed anew in each fold, on its training
    samples; otherwise information would leak from the test samples. Subclasses override
    `fit` to do more than fit a path.

    Parameters
    ----------
    data : Samples
    folds : Folds
    options : dict
        As from ``LinearModel._path_options``.
    l1_ratios : list of float
    feature_names : ndarray of shape (n_features,) or None
    alphas : int or array-like of shape (n_alphas,)
    eps : float
        Ratio of the last alpha of an automatic grid to the first.

    Attributes
    ----------
    gammas : ndarray of shape (n_gammas,) or None
        Shares of each path in its blends with another, each of which is a result.
    order : ndarray of shape (n_alphas,) or None
        Sorts the penalties as given into decreasing alphas; of equal scores the first
        given is best. None for the largest alpha.
    """

    gammas = order = None

    def __init__(
        self, data, folds, options, l1_ratios, feature_names, alphas, eps=None
    ):
        options = dict(options)
        bounds = [options.pop(name) for name in ("penalty_factor", "lower", "upper")]
        self.settings = settings_of(options)
        self.options = options  # loss, fit_intercept, standardize, n_threads
        self.X = check.check_design_or_chunks(data.X)
        self.data = data._replace(y=options["loss"].check_target(data.y))
        penalty, l1_ratio = options.pop("penalty", None), 1.0
        if penalty is not None:  # which has one of its own
            l1_ratio = l1_ratios[0] if len(l1_ratios) == 1 else l1_ratios
        self.penalty = checked_penalty(penalty, l1_ratio, *bounds, self.X.n_features)
        if penalty is not None:
            l1_ratios = [self.penalty["l1_ratio"]]
        self.penalty_of_all = self.penalty  # of the fit to all samples
        self.folds, self.l1_ratios = folds, l1_ratios
        self.alphas, self.eps, self.feature_names = alphas, eps, feature_names
        self.moments, self.chunked = None, check.is_chunks(data.X)
        if self.chunked and self._is_quadratic():
            from ._chunked import FoldSums

            self.moments = FoldSums.of(data, folds)

    def on_one_thread(self):
        """Return the same fits on one thread each, unless their number was given."""
        if self.options["n_threads"] is not None:
            return self
        other = copy.copy(self)
        other.options = {**self.options, "n_threads": 1}
        return other

    def grids(self, fold=None):
        """Return the decreasing alphas of each l1_ratio, for a fold or for all samples."""
        return self._common_grids

    @cached_property
    def _common_grids(self):
        largest = self._alpha_max()  # which checks all entries of X, too
        if not isinstance(self.alphas, Integral):
            grids = [check.check_alphas(self.alphas)] * len(self.l1_ratios)
        elif largest == 0:
            grids = [np.full(self.alphas, NO_ALPHA)] * len(self.l1_ratios)
        else:
            tops = [largest / (ratio or LEAST_L1_RATIO) for ratio in self.l1_ratios]
            grids = [np.geomspace(top, top * self.eps, self.alphas) for top in tops]
            if self.eps >= 1.0:
                grids = [np.sort(grid)[::-1].copy() for grid in grids]
        if self.moments is None:
            self._sum_moments(grids[0])
        return grids

    def _alpha_max(self):
        """The smallest alpha at which the lasso on all samples has no coefficients."""
        penalty = self.penalty_of_all
        if self.moments is not None:
            with suppress(Inexact):
                return self.moments.alpha_max(Settings(), **self._model(penalty, 1.0))
        return largest_alpha(
            self.samples(None), {**penalty, "l1_ratio": 1.0}, **self.options
        )

    def _is_quadratic(self):
        """Whether paths follow from moments of the samples."""
        squared = isinstance(self.options["loss"], Squared) and self.data.y.ndim == 1
        return squared and "penalty" not in self.penalty

    def _sum_moments(self, alphas):
        """Sum the moments of all folds if that saves time; those of chunks are known."""
        if self.chunked or not self._is_quadratic():
            return
        problem = checked_problem(
            self.samples(None), self.options["loss"],
            **self._model(self.penalty, self.l1_ratios[0]),
        )
        self.moments = FoldMoments.of(problem, self.folds, alphas)

    def fit(self, fold, l1_ratio, alphas, seconds, saved_path):
        """Fit to the training samples of a fold, or to all samples (None).

        Parameters
        ----------
        fold : int or None
        l1_ratio : float
        alphas : ndarray of shape (n_alphas,)
        seconds : float or None
            Time limit.
        saved_path : SavedPath or None

        Returns
        -------
        list of PathResult
            One, or one for each of `gammas`.
        """
        return [self.path(self.penalty, fold, l1_ratio, alphas, seconds, saved_path)]

    def scores(self, path, scorers, held_out, fold):
        """Return the scores of the alphas of a path of a fold, by metric.

        Parameters
        ----------
        path : PathResult
        scorers : dict of callable
        held_out : Samples
            The test samples of the fold.
        fold : int
        """
        rows = self.folds[fold][1]
        if self.chunked:
            from ._chunked import scores_on_chunks

            return scores_on_chunks(path, scorers, held_out, fold, rows, self.moments)
        eta = predictors(path, held_out.X)
        return {name: score(path, eta, held_out, rows) for name, score in scorers.items()}

    def check_reads(self, n_folds, verbose):
        """Check that chunks did not change, and print how often they were read."""
        X = self.data.X
        X.check_unchanged()
        if verbose:
            reads = f"{X.reads:.4g} reads of X in all"
            print(f"{n_folds} folds: {reads}, {X.requests} requests")

    def samples(self, fold):
        """Return the `Data` of a fold, or of all samples (None)."""
        _, y, weight, offset = self.data
        if fold is not None:
            weight = train_weight(self.data, self.folds[fold][0])
        return Data(self.X, y, check.check_sample_weight(weight, self.X.n_samples), offset)

    def path(self, penalty, fold, l1_ratio, alphas, seconds, saved_path=None):
        """Fit a path; parameters as of `fit`, and a penalty as from `checked_penalty`."""
        settings = self.settings._replace(deadline=Deadline(seconds).end)
        path = None
        if self.moments is not None and l1_ratio > 0:
            with suppress(Inexact):
                path = self.moments.path(
                    fold, alphas, settings, **self._model(penalty, l1_ratio)
                )
        if path is None:
            penalty = {**penalty, "l1_ratio": l1_ratio}
            if "rows" in penalty:
                penalty["rows"] = replace(penalty["rows"], l1_ratio=l1_ratio)
            path = solve_path(
                self.samples(fold), alphas, penalty, settings,
                saved_path=saved_path, **self.options,
            )
        path = path._with(
            feature_names_in=self.feature_names, has_offset=self.data.offset is not None
        )
        # Column scales are as large as a row of X, and those of all samples suffice.
        return path if fold is None else path._with(_column_scales=None)

    def _model(self, penalty, l1_ratio):
        """Arguments that define the problem."""
        return {
            "fit_intercept": self.options["fit_intercept"],
            "standardize": self.options["standardize"],
            **elastic_net_parts(penalty), "l1_ratio": l1_ratio,
        }


class SumFits(PathFits):
    """Paths at values of `C`, which multiplies the sum of the losses.

    In riata's terms alpha is ``1 / (C * sum of weights)``, so each fold has its own.

    Parameters
    ----------
    data, folds, options, l1_ratios, feature_names
        Of `PathFits`.
    Cs : ndarray of shape (n_cs,)
        Values of C, in any order.
    """

    def __init__(self, data, folds, options, l1_ratios, feature_names, Cs):
        check.check_operand(data.X)  # before folds, whose rows have other numbers
        super().__init__(data, folds, options, l1_ratios, feature_names, Cs)
        self.order = np.argsort(Cs, kind="stable")

    def grids(self, fold=None):
        rows = None if fold is None else self.folds[fold][0]
        total = total_weight(self.data, rows)
        return [1.0 / (self.alphas[self.order] * total)] * len(self.l1_ratios)
