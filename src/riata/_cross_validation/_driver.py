"""The driver of cross-validation: fits to all samples and to the training samples of
each fold, scored on the held-out samples.

What is fitted is described by a `PathFits`, or by another object with the attributes
``data``, ``folds``, ``l1_ratios``, ``gammas``, ``order`` and ``chunked`` and the methods
`grids`, `fit` and `scores` (and, to run several jobs, `on_one_thread`).
"""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, wrap_non_picklable_objects

from .._path._samples import Deadline
from .._solver._solutions import Interrupted
from .._solver._warm_start import SavedPath
from ._fits import PathFits
from ._result import CVResult
from ._scores import DevianceScorer


class FoldStep(NamedTuple):
    """Argument of a `callback` after each fold."""

    fold: int
    n_folds: int
    seconds: float  # since the beginning
    scores: dict  # of each metric, (n_l1_ratios, n_alphas)


class CrossValidation(NamedTuple):
    """A run of cross-validation.

    Parameters
    ----------
    fits : PathFits
        What is fitted; it holds samples, folds, grids and options.
    scorers : dict of callable
        By metric: given a path, its predictors (without offsets) of held-out samples,
        these samples and their row numbers, returns the scores of its alphas.
    deadline : Deadline
    callback : callable or None
        Given a `FoldStep` after each fold; a true answer ends the run with the folds
        that are finished.
    """

    fits: PathFits
    scorers: dict
    deadline: Deadline
    callback: Callable | None = None

    def run(self, n_jobs=None, verbose=0):
        """Fit and score; returns a `CVResult`.

        Ctrl-C raises `Interrupted` with the result of the finished folds, if there are
        any.
        """
        started, fits = monotonic(), self.fits
        n_folds, n_workers = len(fits.folds), 1
        if not fits.chunked:  # blocks are read by one thread at a time
            n_workers = min(effective_n_jobs(n_jobs), n_folds)
        paths, saved_paths = self._whole(-(-n_folds // n_workers) + 1)
        # Of the folds that one worker fits in turn, each shares the time left.
        tasks = [(k, saved_paths, -(-(n_folds - k) // n_workers)) for k in range(n_folds)]
        done, end = [], "complete"
        try:
            for fold in self._folds(tasks, n_workers, n_jobs, verbose):
                done.append(fold)
                if self.callback is not None and self.callback(
                    FoldStep(len(done) - 1, n_folds, monotonic() - started, fold[1])
                ):
                    end = "callback"
                    break
        except KeyboardInterrupt:
            if not done:
                raise
            raise Interrupted(self._result(paths, done, "interrupted")) from None
        if fits.chunked:
            fits.check_reads(len(done), verbose)
        return self._result(paths, done, end)

    def _folds(self, tasks, n_workers, n_jobs, verbose):
        """Yield the paths and scores of each fold as soon as joblib's backend has them."""
        if self.fits.chunked or (n_workers == 1 and not verbose):
            return (self._fold(*task) for task in tasks)
        run = self._replace(callback=None)
        if n_workers > 1:
            run = run._replace(fits=self.fits.on_one_thread())
        # Threads: the solver releases the GIL, and the data are not copied.
        options = {"n_jobs": n_jobs, "verbose": verbose, "prefer": "threads"}
        try:
            parallel, fold = Parallel(return_as="generator", **options), run._fold
        except ValueError:  # a backend of processes that returns nothing before the end
            parallel = Parallel(**options)
            fold = wrap_non_picklable_objects(run._fold)
        return parallel(delayed(fold)(*task) for task in tasks)

    def _whole(self, n_turns):
        """The paths on all samples, and the warm starts that they give to the folds.

        `n_turns` fits for each l1_ratio share the time left.
        """
        paths, saved_paths = [], []
        grids = self.fits.grids()
        for i, l1_ratio in enumerate(self.fits.l1_ratios):
            seconds = self.deadline.left(n_turns * len(grids) - i)
            saved_paths.append(SavedPath())
            paths += self.fits.fit(None, l1_ratio, grids[i], seconds, saved_paths[-1])
        return paths, [each if each.written else None for each in saved_paths]

    def _fold(self, fold, saved_paths, n_folds_left):
        """The paths of one fold, and their scores by metric.

        `n_folds_left` folds, one after the other, share the time left.
        """
        fits = self.fits
        _, test = fits.folds[fold]
        held_out = fits.data.rows(test)
        if held_out.sample_weight is not None and not held_out.sample_weight.any():
            first = next(iter(self.scorers.values()))
            if isinstance(first, DevianceScorer):  # which would choose
                raise ValueError(
                    "sample_weight (times class_weight) is zero on all test rows of a "
                    "fold of cv; choose other folds, or a scoring without weights."
                )
        grids = fits.grids(fold)
        paths = []
        for i, l1_ratio in enumerate(fits.l1_ratios):
            seconds = self.deadline.left(n_folds_left * len(grids) - i)
            paths += fits.fit(fold, l1_ratio, grids[i], seconds, saved_paths[i])
        scores = {
            name: np.full((len(paths), len(grids[0])), np.nan) for name in self.scorers
        }
        for i, path in enumerate(paths):
            for name, found in fits.scores(path, self.scorers, held_out, fold).items():
                scores[name][i, :len(path)] = found
        return paths, scores

    def _result(self, paths, done, end):
        fold_paths, scores = zip(*done, strict=True)
        gammas, grids = self.fits.gammas, self.fits.grids()
        each = 1 if gammas is None else len(gammas)
        return CVResult(
            l1_ratios=np.repeat(self.fits.l1_ratios, each),
            gammas=None if gammas is None else np.tile(gammas, len(grids)),
            alphas=[grid for grid in grids for _ in range(each)],
            paths=paths,
            scores={
                name: np.stack([score[name] for score in scores], axis=-1)
                for name in self.scorers
            },
            fold_paths=[list(of_ratio) for of_ratio in zip(*fold_paths, strict=True)],
            folds=self.fits.folds[:len(done)],
            end=end,
            order=self.fits.order,
        )
