"""The engine of cross-validation: paths on all samples and on those of each fold.

No fold has rows of X of its own to train on: where there are many more samples than
features, its path comes from moments (`FoldMoments`), elsewhere the samples that it
leaves out have a weight of zero.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from ._cross_validation_folds import FoldMoments, Folds, train_weight
from ._cross_validation_result import CVResult
from ._cross_validation_scores import predictors
from ._estimators_base import Deadline, Samples, solve_path, total_weight
from ._guide import Guide
from ._moments import Inexact
from ._path import Data, alpha_max, checked_penalty, checked_problem
from ._solver import Interrupted, Settings
from ._validation import check_design, check_sample_weight, is_chunks
from .losses import Squared


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
    data : Samples
    folds : Folds
    l1_ratios : list of float
    alphas : callable
        Given the sum of the weights of some samples, the decreasing alphas of each
        l1_ratio.
    judges : dict of callable
        Of each metric: given a path, its predictors (less offsets) of held-out samples,
        these and their numbers, the scores of its alphas.
    options : dict
        Of `solve_path`.
    deadline : Deadline
    callback : callable or None
        Given a `FoldStep` after each fold; a true answer ends with those finished.
    sums : FoldSums or None
        Of X in chunks; see `with_sums`.
    """

    data: Samples
    folds: Folds
    l1_ratios: list
    alphas: Callable
    judges: dict
    options: dict
    deadline: Deadline
    callback: Callable | None = None
    sums: Any = None

    def with_sums(self):
        """The plan, with the sums over the rows of all folds if X is in chunks."""
        if not is_chunks(self.data.X) or not isinstance(self.options["loss"], Squared):
            return self
        from ._cross_validation_chunks import FoldSums

        return self._replace(sums=FoldSums.of(self.data, self.folds))

    def alpha_max(self):
        """The smallest strength at which a lasso on all samples leaves all penalised
        coefficients zero. It checks all of X, with the rows as given."""
        if self.sums is not None:
            try:
                return self.sums.alpha_max(Settings(), **self._model(1.0))
            except Inexact:
                pass
        left_out = ("tol", "max_iter", "n_threads")
        options = {k: v for k, v in self.options.items() if k not in left_out}
        X, y, weight, offset = self.data
        return alpha_max(X, y, sample_weight=weight, offset=offset, **options)

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
        moments, paths, guides = self._whole(rounds + 1)
        done, end = [], "complete"
        plan = self
        if n_workers > 1 and self.options["n_threads"] is None:
            plan = self._replace(options={**self.options, "n_threads": 1})
        # Threads: the solver releases the GIL, and the data are not copied.
        work = Parallel(
            n_jobs=n_jobs, verbose=verbose, prefer="threads", return_as="generator"
        )(
            delayed(plan._fold)(k, moments, guides, -(-(len(self.folds) - k) // n_workers))
            for k in range(len(self.folds))
        )
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
        return self._result(paths, done, end)

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
        """The moments of all folds (or None), and the paths on all samples with what
        guides those of the folds. `n_turns` paths have to share the time left."""
        total = total_weight(self.data)
        moments, paths, guides = None, [], []
        for i, (l1_ratio, alphas) in enumerate(self._grids(total)):
            if i == 0:
                moments = self._moments(l1_ratio, alphas)
            seconds = self.deadline.left(n_turns * len(self.l1_ratios) - i)
            guides.append(Guide())
            path = self._path(None, moments, l1_ratio, alphas, seconds, guides[-1])
            paths.append(path)
        return moments, paths, [guide if guide.written else None for guide in guides]

    def _grids(self, total):
        return zip(self.l1_ratios, self.alphas(total), strict=True)

    def _moments(self, l1_ratio, alphas):
        if is_chunks(self.data.X) or not isinstance(self.options["loss"], Squared):
            return self.sums
        X, y, weight, offset = self.data
        X = check_design(X)
        data = Data(X, y, check_sample_weight(weight, X.n_samples), offset)
        problem = checked_problem(data, self.options["loss"], **self._model(l1_ratio))
        return FoldMoments.of(problem, self.folds, alphas)

    def _model(self, l1_ratio):
        """What of the options makes the problem."""
        options = self.options
        penalty = checked_penalty(
            None, l1_ratio, options["penalty_factor"], options["lower"],
            options["upper"], self.data.X.shape[1],
        )
        return {
            "fit_intercept": options["fit_intercept"],
            "standardize": options["standardize"], **penalty,
        }

    def _path(self, fold, moments, l1_ratio, alphas, seconds, guide):
        """The path of one fold, or of all samples (None)."""
        options = self.options
        if moments is not None and l1_ratio > 0:
            deadline = np.inf if seconds is None else monotonic() + seconds
            settings = Settings(options["tol"], options["max_iter"], deadline)
            try:
                return moments.path(fold, alphas, settings, **self._model(l1_ratio))
            except Inexact:
                pass
        data = self.data
        if fold is not None:
            train, _ = self.folds[fold]
            data = data._replace(sample_weight=train_weight(data, train))
        return solve_path(
            data, alphas, l1_ratio=l1_ratio, seconds=seconds, guide=guide, **options
        )

    def _fold(self, fold, moments, guides, n_folds_left):
        """The paths of one fold, one for each l1_ratio, and their scores by metric.

        `n_folds_left` folds, one after the other, have to share the time left.
        """
        train, test = self.folds[fold]
        held_out = self.data.rows(test)
        if held_out.sample_weight is not None and not held_out.sample_weight.any():
            raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
        grids = list(self._grids(total_weight(self.data, train)))
        scores = {
            name: np.full((len(grids), len(grids[0][1])), np.nan) for name in self.judges
        }
        paths = []
        for i, (l1_ratio, alphas) in enumerate(grids):
            seconds = self.deadline.left(n_folds_left * len(grids) - i)
            path = self._path(fold, moments, l1_ratio, alphas, seconds, guides[i])
            for name, found in self._scores(path, held_out, fold, test).items():
                scores[name][i, :len(path)] = found
            path._spread = None  # as large as X is wide, and known on all samples
            paths.append(path)
        return paths, scores

    def _scores(self, path, held_out, fold, test):
        """The scores of the alphas of a path, by metric."""
        if is_chunks(self.data.X):
            from ._cross_validation_chunks import scores_on_chunks

            return scores_on_chunks(path, self.judges, held_out, fold, test, self.sums)
        eta = predictors(path, held_out.X)
        return {
            name: judge(path, eta, held_out, test) for name, judge in self.judges.items()
        }

    def _result(self, paths, done, end):
        fold_paths, scores = zip(*done, strict=True)
        return CVResult(
            l1_ratios=np.array(self.l1_ratios),
            alphas=self.alphas(total_weight(self.data)),
            paths=paths,
            scores={
                name: np.stack([score[name] for score in scores], axis=-1)
                for name in self.judges
            },
            fold_paths=[list(of_ratio) for of_ratio in zip(*fold_paths, strict=True)],
            folds=self.folds[:len(done)],
            end=end,
        )
