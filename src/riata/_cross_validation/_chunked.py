"""Cross-validation on chunks: moments of all folds from one read of X, and scores that
never hold the predictors of all samples and alphas at once."""

from typing import NamedTuple

import numpy as np

from .._design._sums import sums_by_sets
from .._path._checked import less_offset
from .._path._solve import collect
from .._problem._moments import MomentProblem, sums_pay
from .._solver._methods import plain_solver
from .._validation import check_sample_weight
from ..chunks._chunks import rows_of
from ..losses import Squared
from ._folds import fold_cells
from ._scores import DevianceScorer, predictors

SHARE_OF_PREDICTORS = 0.25  # of the memory limit for predictors of held-out samples


class FoldSums(NamedTuple):
    """Moments of the training samples of all folds, from one read of chunks; the
    counterpart of `FoldMoments`."""

    cells: list  # of `Sums`
    left_out: np.ndarray  # of bool (n_cells, n_folds)
    n_samples: int  # including those of weight zero
    is_partition: bool  # whether each fold tests all samples that it does not train on

    @classmethod
    def of(cls, data, folds):
        """Return `FoldSums`, or None if fits to the samples take less time.

        Parameters
        ----------
        data : Samples
            With X in chunks, for the squared loss.
        folds : Folds
        """
        X, n = data.X, data.X.n_samples
        left_out, codes = fold_cells(folds, n)
        if left_out is None or not sums_pay(X, len(left_out)):
            return None
        is_partition = all(
            np.array_equal(np.flatnonzero(left_out[codes, k]), np.sort(test))
            for k, (_, test) in enumerate(folds)
        )
        weight = check_sample_weight(data.sample_weight, n)
        cells = sums_by_sets(X, less_offset(data), weight, codes, len(left_out))
        return cls(cells, left_out, n, is_partition)

    def _merged(self, which):
        """The sums over some of the cells."""
        first, *others = [self.cells[k] for k in np.flatnonzero(which)]
        for other in others:
            first = first.merge(other)
        return first

    def _solver(self, fold, settings, options):
        kept = np.ones(len(self.cells), dtype=bool)
        if fold is not None:
            kept = ~self.left_out[:, fold]
        problem = MomentProblem.of_sums(self._merged(kept), self.n_samples, **options)
        return plain_solver(problem, settings)

    def alpha_max(self, settings, **options):
        """As `riata.alpha_max`, on all samples; raises `Inexact` if the sums are not
        precise enough."""
        return self._solver(None, settings, options).alpha_max

    def path(self, fold, alphas, settings, **options):
        """As `FoldMoments.path`."""
        solver = self._solver(fold, settings, options)
        return collect(solver.solve(alphas), solver)

    def deviances(self, fold, path):
        """Minus the mean squared error of each alpha on the test samples of a fold."""
        return minus_square(self._merged(self.left_out[:, fold]), path)


def minus_square(sums, path):
    """Return minus the mean squared error of each alpha on the samples of some sums."""
    W = path.coefs
    inner = np.einsum("ij,ij->j", W, sums.gram @ W) - 2.0 * (sums.xty @ W) + sums.yy
    rest = sums.y - path.intercept - sums.mean @ W
    return -(np.maximum(inner, 0.0) / sums.weight + rest**2)


def scores_on_chunks(path, scorers, held_out, fold, rows, sums):
    """Return the scores of the alphas of a path, by metric.

    Parameters
    ----------
    path : PathResult
    scorers : dict of callable
    held_out : Samples
        Whose X is a `ChunkRows`.
    fold : int
    rows : ndarray
        Row numbers of the held-out samples.
    sums : FoldSums or None

    Returns
    -------
    dict of ndarray (n_alphas,)
    """
    found = dict.fromkeys(scorers)
    if sums is not None and sums.is_partition:
        for name, scorer in scorers.items():
            if isinstance(scorer, DevianceScorer) and isinstance(scorer.loss, Squared):
                found[name] = sums.deviances(fold, path)
    means = {
        name: scorer.by_sample(held_out, rows) for name, scorer in scorers.items()
        if found[name] is None and hasattr(scorer, "by_sample")
    }
    means = {name: mean for name, mean in means.items() if mean is not None}
    if means and not held_out.X.X.axis:
        found |= _means_by_block(path, means, held_out)
    rest = {name: scorer for name, scorer in scorers.items() if found[name] is None}
    return found | _scores_by_batch(path, rest, held_out, rows) if rest else found


def _means_by_block(path, means, held_out):
    """Return weighted means of sample scores, from one read of the samples' blocks."""
    X, y, offset = held_out.X, held_out.y, held_out.offset
    places = X.by_block()

    def arguments(k):
        which, local = places[k]
        return local, y[which], None if offset is None else offset[which], [
            (score, None if weight is None else np.asarray(weight)[which])
            for score, weight in means.values()
        ], path.coef.tocsr(), path.intercept

    sums = X.X.reduce(score_sums_of, _add, arguments, list(places))
    totals = [
        float(len(y) if weight is None else np.sum(weight)) for _, weight in means.values()
    ]
    return {
        name: of_name / total
        for name, of_name, total in zip(means, sums, totals, strict=True)
    }


def score_sums_of(X, rows, y, offset, scores, coef, intercept):
    """Return weighted sums of the scores of some rows of a block, for each alpha."""
    product = rows_of(X, rows) @ coef
    eta = (product.toarray() if hasattr(product, "toarray") else product) + intercept
    if offset is not None:
        eta += offset[:, None]
    found = []
    for score, weight in scores:
        keep = slice(None) if weight is None else weight > 0  # others may overflow
        values = score(y[keep], eta[keep])
        found.append(
            values.sum(axis=0) if weight is None else weight[keep] @ values
        )
    return found


def _add(one, other):
    return [a + b for a, b in zip(one, other, strict=True)]


class PathPart(NamedTuple):
    """Some alphas of a path, with the attributes that scorers need."""

    alphas: np.ndarray
    coef: object
    intercept: np.ndarray

    @classmethod
    def of(cls, path, first, last):
        """The alphas from `first` up to, but not including, `last`."""
        at = slice(first, last)
        return cls(path.alphas[at], path.coef[:, at], path.intercept[at])

    def _coef_of(self, k):
        return self.coef[:, [k]].toarray()[:, 0]


def _scores_by_batch(path, scorers, held_out, rows):
    """Return scores of any kind, of as many alphas at a time as memory allows."""
    limit = SHARE_OF_PREDICTORS * held_out.X.X.memory_limit
    width = max(int(limit / (8 * len(rows))), 1)
    parts = []
    for first in range(0, len(path), width):
        part = PathPart.of(path, first, min(first + width, len(path)))
        eta = predictors(part, held_out.X)
        parts.append({
            name: scorer(part, eta, held_out, rows) for name, scorer in scorers.items()
        })
    return {name: np.concatenate([part[name] for part in parts]) for name in scorers}
