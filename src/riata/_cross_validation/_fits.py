"""What a cross-validation fits: to all samples, and to those that a fold trains on.

No fold has rows of X of its own to train on: where there are many more samples than
features, its path comes from moments (`FoldMoments`), elsewhere the samples that it
leaves out have a weight of zero.
"""

import copy
from time import monotonic

import numpy as np

from .._path._fit import Data, alpha_max, checked_penalty, checked_problem
from .._path._samples import settings_of, solve_path
from .._problem._moments import Inexact
from .._solver._solutions import Settings
from .._validation import check_design, check_sample_weight, is_chunks
from ..losses import Squared
from ._folds import FoldMoments, train_weight


class PathFits:
    """Paths; what is done to data or path besides is for subclasses to say.

    Whatever the data decide is decided anew in each fold, on its training samples:
    otherwise the test samples have had a say in what they are to judge.

    Parameters
    ----------
    data : Samples
    folds : Folds
    options : dict
        Of `solve_path`.

    Attributes
    ----------
    options_of_all : dict
        Of the path on all samples, where they differ.
    gammas : ndarray of shape (n_gammas,) or None
        If a path is blended with another: the shares of it, each of which is a result of
        its own.
    """

    gammas = None

    def __init__(self, data, folds, options):
        self.data, self.folds, self.options = data, folds, options
        self.options_of_all = options
        self.moments = None
        if is_chunks(data.X) and isinstance(options["loss"], Squared):
            from ._chunked import FoldSums

            self.moments = FoldSums.of(data, folds)

    def on_one_thread(self):
        """The same, unless a number of threads was asked for."""
        if self.options["n_threads"] is not None:
            return self
        other = copy.copy(self)
        other.options = {**self.options, "n_threads": 1}
        return other

    def alpha_max(self):
        """The smallest strength at which a lasso on all samples leaves all penalised
        coefficients zero. It checks all of X, with the rows as given."""
        if self.moments is not None:
            try:
                return self.moments.alpha_max(
                    Settings(), **self._model(self.options_of_all, 1.0)
                )
            except Inexact:
                pass
        left_out = ("tol", "kkt_tol", "max_iter", "n_threads")
        options = {k: v for k, v in self.options_of_all.items() if k not in left_out}
        X, y, weight, offset = self.data
        return alpha_max(X, y, sample_weight=weight, offset=offset, **options)

    def gather(self, l1_ratio, alphas):
        """Sum the moments of all folds, if that pays; those of chunks are summed before
        their alphas are known."""
        if is_chunks(self.data.X) or not isinstance(self.options["loss"], Squared):
            return
        X, y, weight, offset = self.data
        X = check_design(X)
        data = Data(X, y, check_sample_weight(weight, X.n_samples), offset)
        problem = checked_problem(
            data, self.options["loss"], **self._model(self.options, l1_ratio)
        )
        self.moments = FoldMoments.of(problem, self.folds, alphas)

    def fit(self, fold, l1_ratio, alphas, seconds, guide):
        """Fit to the training samples of a fold, or to all (None).

        Parameters
        ----------
        fold : int or None
        l1_ratio : float
        alphas : ndarray of shape (n_alphas,)
        seconds : float or None
            Time limit.
        guide : Guide or None

        Returns
        -------
        list of PathResult
            One, or one for each of `gammas`.
        """
        return [self._path(self.options, fold, l1_ratio, alphas, seconds, guide)]

    def _samples(self, fold):
        if fold is None:
            return self.data
        train, _ = self.folds[fold]
        return self.data._replace(sample_weight=train_weight(self.data, train))

    def _path(self, options, fold, l1_ratio, alphas, seconds, guide):
        if self.moments is not None and l1_ratio > 0:
            deadline = np.inf if seconds is None else monotonic() + seconds
            settings = settings_of(dict(options), deadline)
            model = self._model(options, l1_ratio)
            try:
                return self.moments.path(fold, alphas, settings, **model)
            except Inexact:
                pass
        return solve_path(
            self._samples(fold), alphas, l1_ratio=l1_ratio, seconds=seconds, guide=guide,
            **options,
        )

    def _model(self, options, l1_ratio):
        """What of the options makes the problem."""
        penalty = checked_penalty(
            None, l1_ratio, options["penalty_factor"], options["lower"],
            options["upper"], self.data.X.shape[1],
        )
        return {
            "fit_intercept": options["fit_intercept"],
            "standardize": options["standardize"], **penalty,
        }
