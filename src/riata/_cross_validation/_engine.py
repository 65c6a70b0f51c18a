"""The engine of cross-validation: fits to all samples and to those of each fold, scored
on the others."""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, wrap_non_picklable_objects

from .._path._samples import Deadline, Samples, total_weight
from .._solver._solutions import Interrupted
from .._solver._warm_start import Guide
from .._validation import is_chunks
from ._fits import PathFits
from ._folds import Folds
from ._result import CVResult
from ._scores import Deviance, predictors


class FoldStep(NamedTuple):
    """What a `callback` is told after each fold."""

    fold: int
    n_folds: int
    seconds: float  # since the beginning
    scores: dict  # of each metric, (n_l1_ratios, n_alphas)


class Plan(NamedTuple):
    """A cross-validation.

    Parameters
    ----------
    fits : PathFits
        What is fitted; it holds samples, folds and options.
    l1_ratios : list of float
    alphas : callable
        Given the sum of the weights of some samples, the decreasing alphas of each
        l1_ratio.
    judges : dict of callable
        Of each metric: given a path, its predictors (less offsets) of held-out samples,
        these and their numbers, the scores of its alphas.
    deadline : Deadline
    callback : callable or None
        Given a `FoldStep` after each fold; a true answer ends with those finished.
    feature_names : ndarray of shape (n_features,), optional
    """

    fits: PathFits
    l1_ratios: list
    alphas: Callable
    judges: dict
    deadline: Deadline
    callback: Callable | None = None
    feature_names: np.ndarray | None = None

    @property
    def data(self) -> Samples:
        """All samples."""
        return self.fits.data

    @property
    def folds(self) -> Folds:
        """Which of them each fold trains and tests on."""
        return self.fits.folds

    def run(self, n_jobs=None, verbose=0):
        """Fit and score; returns a `CVResult`.

        Ctrl-C raises `Interrupted` with what the finished folds have found, if there is
        one.
        """
        started = monotonic()
        if is_chunks(self.data.X):
            n_jobs = 1  # which are read by one at a time
            if verbose:
                return self._told()
        n_workers = min(effective_n_jobs(n_jobs), len(self.folds))
        rounds = -(-len(self.folds) // n_workers)
        paths, guides = self._whole(rounds + 1)
        done, end = [], "complete"
        plan = self
        if n_workers > 1:
            plan = self._replace(fits=self.fits.on_one_thread())
        turns = [-(-(len(self.folds) - k) // n_workers) for k in range(len(self.folds))]
        work = plan._folds(guides, turns, n_jobs, verbose)
        try:
            for fold in work:
                done.append(fold)
                if self._wants_end(done, started):
                    end = "callback"
                    break
        except KeyboardInterrupt:
            if not done:
                raise
            raise Interrupted(self._result(paths, done, "interrupted")) from None
        if is_chunks(self.data.X):
            self.data.X.check_unchanged()
        return self._result(paths, done, end)

    def _folds(self, guides, turns, n_jobs, verbose):
        """What `_fold` finds, as soon as it is found where joblib's backend can do so."""
        # Threads: the solver releases the GIL, and the data are not copied.
        options = {"n_jobs": n_jobs, "verbose": verbose, "prefer": "threads"}
        plan = self._replace(callback=None)
        try:
            parallel, fold = Parallel(return_as="generator", **options), plan._fold
        except ValueError:  # a backend of processes that returns nothing before the end
            parallel = Parallel(**options)
            fold = wrap_non_picklable_objects(plan._fold)
        return parallel(
            delayed(fold)(k, guides, n_turns) for k, n_turns in enumerate(turns)
        )

    def _told(self):
        """The result of `run` on chunks, after how often they were read is printed."""
        result, X = self.run(), self.data.X
        print(
            f"{result.n_folds} folds: {X.reads:.4g} reads of X in all, {X.requests} "
            "requests"
        )
        return result

    def _wants_end(self, done, started):
        if self.callback is None:
            return False
        step = FoldStep(
            len(done) - 1, len(self.folds), monotonic() - started, done[-1][1]
        )
        return bool(self.callback(step))

    def _whole(self, n_turns):
        """The paths on all samples, and what guides those of the folds. `n_turns` fits
        of each l1_ratio have to share the time left."""
        total = total_weight(self.data)
        paths, guides = [], []
        for i, (l1_ratio, alphas) in enumerate(self._grids(total)):
            if i == 0:
                self.fits.gather(l1_ratio, alphas)
            seconds = self.deadline.left(n_turns * len(self.l1_ratios) - i)
            guides.append(Guide())
            paths += self.fits.fit(None, l1_ratio, alphas, seconds, guides[-1])
        return paths, [guide if guide.written else None for guide in guides]

    def _grids(self, total):
        return zip(self.l1_ratios, self.alphas(total), strict=True)

    def _fold(self, fold, guides, n_folds_left):
        """The paths of one fold, and their scores by metric.

        `n_folds_left` folds, one after the other, have to share the time left.
        """
        train, test = self.folds[fold]
        held_out = self.data.rows(test)
        if held_out.sample_weight is not None and not held_out.sample_weight.any():
            first = next(iter(self.judges.values()))
            if isinstance(first, Deviance):  # which would choose
                raise ValueError(
                    "sample_weight (times class_weight) is zero on all test rows of a "
                    "fold of cv; choose other folds, or a scoring without weights."
                )
        grids = list(self._grids(total_weight(self.data, train)))
        paths = []
        for i, (l1_ratio, alphas) in enumerate(grids):
            seconds = self.deadline.left(n_folds_left * len(grids) - i)
            paths += self.fits.fit(fold, l1_ratio, alphas, seconds, guides[i])
        scores = {
            name: np.full((len(paths), len(grids[0][1])), np.nan) for name in self.judges
        }
        for i, path in enumerate(paths):
            for name, found in self._scores(path, held_out, fold, test).items():
                scores[name][i, :len(path)] = found
            path._spread = None  # as large as X is wide, and known on all samples
        return paths, scores

    def _scores(self, path, held_out, fold, test):
        """The scores of the alphas of a path, by metric."""
        if is_chunks(self.data.X):
            from ._chunked import scores_on_chunks

            sums = self.fits.moments
            return scores_on_chunks(path, self.judges, held_out, fold, test, sums)
        eta = predictors(path, held_out.X)
        return {
            name: judge(path, eta, held_out, test) for name, judge in self.judges.items()
        }

    def _result(self, paths, done, end):
        fold_paths, scores = zip(*done, strict=True)
        gammas, grids = self.fits.gammas, self.alphas(total_weight(self.data))
        each = 1 if gammas is None else len(gammas)
        result = CVResult(
            l1_ratios=np.repeat(self.l1_ratios, each),
            gammas=None if gammas is None else np.tile(gammas, len(grids)),
            alphas=[grid for grid in grids for _ in range(each)],
            paths=paths,
            scores={
                name: np.stack([score[name] for score in scores], axis=-1)
                for name in self.judges
            },
            fold_paths=[list(of_ratio) for of_ratio in zip(*fold_paths, strict=True)],
            folds=self.folds[:len(done)],
            end=end,
        )
        result._describe_data(self.feature_names, self.data.offset is not None)
        return result
