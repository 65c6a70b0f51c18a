"""Cross-validation on chunks: one read of X for all folds, where sums over rows will do."""

from time import monotonic

import numpy as np
from sklearn.model_selection import check_cv

from . import _validation as check
from ._cross_validation_folds import as_folds, fold_atoms, require_classes, train_weight
from ._cross_validation_result import CVResult
from ._cross_validation_scores import DEVIANCE
from ._moments import Inexact
from ._path import (
    alpha_grid,
    checked_data,
    checked_penalty,
    collect,
    less_offset,
    solve_path,
)
from ._solver import Settings
from .chunks._moments import solver_of_sums, sums_by_sets, sums_pay
from .losses import Squared


def cv_chunks(
    X, y, loss, *, l1_ratios, alphas, ratio, cv, groups, sample_weight, offset, tol,
    max_iter, time_limit, fit_intercept, standardize, n_threads, **penalty,
):
    """Cross-validate whole paths on `Chunks`; see `cv_path`.

    Returns
    -------
    CVResult
    """
    data = checked_data(X, y, sample_weight, offset, loss)
    splitter = check_cv(cv, data.y, classifier=loss.classifies)
    folds = as_folds(splitter, np.zeros(X.n_samples), data.y, {"groups": groups})
    if loss.classifies:
        require_classes(folds, data.y, np.unique(data.y))
    time_limit = check.check_time_limit(time_limit)
    deadline = np.inf if time_limit is None else monotonic() + time_limit
    settings = Settings(check.check_tol(tol), check.check_max_iter(max_iter), deadline)
    options = {"fit_intercept": fit_intercept, "standardize": standardize}
    fit = None
    if isinstance(loss, Squared):
        fit = PathsOfSums.of(data, folds, settings, options)
    if fit is None:
        fit = PathsOfPasses(data, folds, settings, {
            **options, "n_threads": check.check_n_threads(n_threads), "loss": loss,
        })
    grids, paths, fold_paths = [], [], []
    for l1_ratio in l1_ratios:
        its = checked_penalty(None, l1_ratio, n_features=X.n_features, **penalty)
        paths.append(fit.path(None, check.check_alphas(alphas), its, ratio))
        paths[-1].has_offset = data.offset is not None
        grids.append(paths[-1].alphas)
        fold_paths.append([fit.path(k, grids[-1], its) for k in range(len(folds))])
    scores = np.full((len(l1_ratios), max(map(len, grids)), len(folds)), np.nan)
    for k, found in enumerate(fit.scores(fold_paths)):
        for i, values in enumerate(found):
            scores[i, :len(values), k] = values
    return CVResult(
        l1_ratios=np.array(l1_ratios), alphas=grids, paths=paths,
        scores={DEVIANCE: scores}, fold_paths=fold_paths, folds=folds, end="complete",
    )


class PathsOfSums:
    """Paths and scores of folds from sums over their rows, which one read brings."""

    def __init__(self, data, folds, settings, options, sets, left_out):
        self.data, self.folds = data, folds
        self.settings, self.options = settings, options
        self.sets, self.left_out = sets, left_out  # (n_sets, n_folds)

    @classmethod
    def of(cls, data, folds, settings, options):
        """These paths, or None where sums do not pay."""
        X, n = data.X, data.X.n_samples
        left_out, codes = fold_atoms(folds, n)
        if X.axis or left_out is None or not sums_pay(X, len(left_out)):
            return None
        for k, (_, test) in enumerate(folds):
            held = left_out[codes, k]
            if np.count_nonzero(held) != len(test) or not held[test].all():
                return None  # rows that are neither trained nor tested on
        sets = sums_by_sets(
            X, less_offset(data), data.sample_weight, codes, len(left_out)
        )
        return cls(data, folds, settings, options, sets, left_out)

    def _sums(self, which):
        """Those of some sets, together."""
        chosen = [self.sets[k] for k in np.flatnonzero(which)]
        total = chosen[0]
        for other in chosen[1:]:
            total = total.merge(other)
        return total

    def _solver(self, fold, penalty):
        kept = np.ones(len(self.sets), dtype=bool)
        if fold is not None:
            kept = ~self.left_out[:, fold]
        n = self.data.X.n_samples  # whose weights may be zero
        sums = self._sums(kept)
        return solver_of_sums(sums, n, self.settings, **self.options, **penalty)

    def path(self, fold, grid, penalty, ratio=None):
        """The path of one fold, or of all samples (None)."""
        try:
            solver = self._solver(fold, penalty)
            if isinstance(grid, int):
                grid = alpha_grid(solver.problem, solver, grid, ratio)
            return collect(solver.solve(grid), solver)
        except Inexact:
            passes = PathsOfPasses(self.data, self.folds, self.settings, {
                **self.options, "n_threads": None, "loss": Squared(),
            })
            return passes.path(fold, grid, penalty, ratio)

    def scores(self, fold_paths):
        """Of each fold, minus the mean squared errors of each l1_ratio."""
        for k in range(self.left_out.shape[1]):
            test = self._sums(self.left_out[:, k])
            yield [minus_square(test, paths[k]) for paths in fold_paths]


def minus_square(sums, path):
    """Minus the mean squared error of each alpha on the samples of some sums."""
    W = path.coefs
    inner = np.einsum("ij,ij->j", W, sums.gram @ W) - 2.0 * (sums.xty @ W) + sums.yy
    rest = sums.y - path.intercept - sums.mean @ W
    return -(np.maximum(inner, 0.0) / sums.weight + rest**2)


class PathsOfPasses:
    """Paths of folds, each by reads of its own; rows that are left out weigh nothing."""

    def __init__(self, data, folds, settings, options):
        self.data, self.folds = data, folds
        self.settings, self.options = settings, options

    def path(self, fold, grid, penalty, ratio=None):
        """The path of one fold, or of all samples (None)."""
        data = self.data
        if fold is not None:
            weight = train_weight(data, self.folds[fold][0])
            data = data._replace(sample_weight=weight)
        return solve_path(
            data, grid, penalty, self.settings, ratio=ratio, **self.options
        )

    def scores(self, fold_paths):
        """Of each fold, minus the mean deviances of each l1_ratio, by one read."""
        X, y, weight, offset = self.data
        loss, n = self.options["loss"], X.n_samples
        members = np.zeros((n, len(self.folds)), dtype=bool)
        for k, (_, test) in enumerate(self.folds):
            members[test, k] = True
        weight = np.ones(n) if weight is None else weight
        offset = np.zeros(n) if offset is None else offset
        models = [
            [(paths[k].coef, paths[k].intercept) for paths in fold_paths]
            for k in range(len(self.folds))
        ]
        if X.axis:
            yield from self._scores_by_columns(models, members, y, weight, offset)
            return

        def arguments(k):
            rows = slice(*X.span(k))
            return loss, y[rows], weight[rows], offset[rows], members[rows], models

        sums = X.reduce(deviances_of, _add_deviances, arguments)
        total = weight @ members
        for k, found in enumerate(sums):
            yield [-each / total[k] for each in found]

    def _scores_by_columns(self, models, members, y, weight, offset):
        loss = self.options["loss"]
        for k, of_fold in enumerate(models):
            rows, found = members[:, k], []
            for coef, intercept in of_fold:
                eta = self.data.X @ coef
                eta = eta[rows] + intercept + offset[rows, None]
                found.append(-_deviances(loss, y[rows], eta, weight[rows])
                             / weight[rows].sum())
            yield found


def _deviances(loss, y, eta, weight):
    """Sums of the deviances of each alpha; what has no weight may overflow."""
    keep = weight > 0
    return 2.0 * (weight[keep] @ loss.value(y[keep, None], eta[keep]))


def deviances_of(X, loss, y, weight, offset, members, models):
    """Of each fold and l1_ratio, the sums of the deviances of a block's test rows."""
    matrix, found = X.as_matrix(), []
    for k, of_fold in enumerate(models):
        rows = np.flatnonzero(members[:, k])
        if not len(rows):
            found.append([np.zeros(len(intercept)) for _, intercept in of_fold])
            continue
        part = matrix[rows] if X.kind != "csc" else matrix.tocsr()[rows]
        found.append([
            _deviances(loss, y[rows], _dense(part @ coef) + intercept
                       + offset[rows, None], weight[rows])
            for coef, intercept in of_fold
        ])
    return found


def _dense(product):
    return product.toarray() if hasattr(product, "toarray") else product


def _add_deviances(one, other):
    return [
        [a + b for a, b in zip(mine, its, strict=True)]
        for mine, its in zip(one, other, strict=True)
    ]
