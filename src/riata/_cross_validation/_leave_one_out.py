"""The result of leave-one-out cross-validation in closed form."""

from collections.abc import Sequence

import numpy as np

from ._result import CVResult
from ._scores import DEVIANCE


class OneOut(Sequence):
    """The folds of leave-one-out, of which none is stored."""

    def __init__(self, n_samples):
        self.n_samples = n_samples

    def __len__(self):
        return self.n_samples

    def __getitem__(self, k):
        if not -self.n_samples <= k < self.n_samples:
            raise IndexError(k)
        test = np.array([k % self.n_samples])
        return np.delete(np.arange(self.n_samples), test), test


class LeaveOneOutResult(CVResult):
    """A `CVResult` of leave-one-out in closed form: each fold holds out one sample.

    The models of the folds are never computed: `fold_paths` is None, and there is no
    `selection_frequency`.

    Attributes
    ----------
    errors : ndarray of shape (n_alphas, n_samples)
        y minus its prediction by the model without this sample.
    """

    def __init__(self, path, y, errors, weight, scored, order):
        self.l1_ratios, self.alphas, self.paths = np.zeros(1), [path.alphas], [path]
        self.errors, self._y, self._weight = errors, y, weight / weight.mean()
        self._scored = scored  # by metric, the scores of all alphas
        self.metrics = (*scored, DEVIANCE)
        self.fold_paths, self.folds, self.end = None, OneOut(len(y)), "complete"
        self._order = order

    @property
    def scores(self):
        """Scores of each metric, greater is better: of a scorer (1, n_alphas, 1), since
        it is given the predictions of all samples together; of the deviance
        (1, n_alphas, n_samples)."""
        of_samples = -self._weight * self.errors**2
        scored = {name: score[None, :, None] for name, score in self._scored.items()}
        return {**scored, DEVIANCE: of_samples[None]}

    def standard_error(self, metric=None):
        """Standard error of `mean_score`: the standard deviation between the samples over
        the square root of their number. NaN for a scorer, which scores all together."""
        if (metric or self.metrics[0]) in self._scored:
            return np.full((1, len(self.paths[0])), np.nan)
        return super().standard_error(metric)

    def out_of_fold(self, X=None, rule="min", *, metric=None, offset=None):
        """Predict each sample by the model without it.

        Parameters
        ----------
        X, offset
            Accepted and without effect: the predictions are known.
        rule, metric
            As in `select`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        _, at = self._place(rule, metric)
        return self._y - self.errors[at]

    def selection_frequency(self, rule="min", metric=None):
        """Not available: leave-one-out in closed form has no models of folds.

        Parameters
        ----------
        rule, metric
            As in `select`.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "leave-one-out in closed form makes no coefficients of folds, whose "
            "frequency this would be; give the number of folds as cv."
        )

    def _frequency(self, which, at):
        return None
