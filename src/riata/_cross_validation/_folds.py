"""Folds of a cross-validation, and the moments of their training samples."""

import warnings
from collections.abc import Sequence
from numbers import Integral

import numpy as np
from scipy.linalg import lapack
from sklearn import get_config
from sklearn.model_selection import StratifiedKFold, check_cv

from .. import _costs as costs
from .._path._solve import collect
from .._problem._moments import Frame, MomentProblem, moments_of_rows, moments_pay
from .._solver._driver import PathSolver
from .._solver._exact_steps import ExactSteps
from .._validation import check_integer


def reject_params_without_routing(estimator, params, method="fit"):
    """Raise if extra arguments of a method cannot go anywhere."""
    if params and not get_config()["enable_metadata_routing"]:
        raise ValueError(
            f"{type(estimator).__name__}.{method} got unexpected arguments "
            f"{sorted(params)}. They reach the cross-validation splitter and the scorer "
            "only with sklearn.set_config(enable_metadata_routing=True)."
        )


def splitter_of(cv, classifier=False):
    """Return the splitter that `cv` asks for, as :func:`sklearn.model_selection.check_cv`
    does.

    Parameters
    ----------
    cv : int, cross-validation generator, iterable or None
    classifier : bool
        Whether folds of which only the number is given are stratified.
    """
    if isinstance(cv, bool | np.bool_ | bytes) or (
        isinstance(cv, np.ndarray) and cv.ndim == 0
    ):
        raise TypeError(
            f"cv must be a number of folds, a splitter, an iterable of pairs of train and "
            f"test indices, or None, got {cv!r}."
        )
    if isinstance(cv, Integral):
        cv = check_integer(cv, "cv", low=2)
    if classifier and (cv is None or isinstance(cv, int)):
        return StratifiedFolds(5 if cv is None else cv)
    if np.iterable(cv) and not (hasattr(cv, "split") or isinstance(cv, str)):
        cv = list(cv)
        for k, fold in enumerate(cv):
            if not hasattr(fold, "__len__") or len(fold) != 2:
                raise ValueError(
                    f"cv must give pairs of train and test indices, but its fold {k} is "
                    f"{fold!r}."
                )
    return check_cv(cv)


class StratifiedFolds(StratifiedKFold):
    """The folds of its base class, made without `type_of_target`, which changes the
    process's warning filters."""

    def split(self, X, y, groups=None):
        """Yield the rows to train and to test on; X and groups are not used."""
        _, first, codes, counts = np.unique(
            y, return_index=True, return_inverse=True, return_counts=True
        )
        if self.n_splits > counts.max():
            raise ValueError(
                f"n_splits={self.n_splits} cannot be greater than the number of members in "
                f"each class, of which the largest has {counts.max()}; give a smaller cv."
            )
        if self.n_splits > counts.min():
            warnings.warn(
                f"The least populated class in y has only {counts.min()} members, which is "
                f"less than n_splits={self.n_splits}.",
                UserWarning, stacklevel=4,
            )
        # The samples, sorted by class, are assigned to the folds in turn; within a class
        # the test samples of a fold are consecutive. Classes are in order of appearance.
        codes = np.argsort(np.argsort(first))[codes]
        order = np.argsort(codes, kind="stable")
        dealt = codes[order] * self.n_splits + np.arange(len(codes)) % self.n_splits
        fold = np.empty(len(codes), dtype=np.intp)
        fold[order] = np.sort(dealt) % self.n_splits
        for k in range(self.n_splits):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def as_folds(cv, X, y, split_params):
    """Return the `Folds` of a splitter."""
    if type(cv).__module__.startswith("sklearn."):
        X = y  # only its length is used, and a sparse X would be copied
    folds = Folds(len(y))
    for train, test in cv.split(X, y, **split_params):
        folds.append(as_rows(train, len(y)), as_rows(test, len(y)))
    if not folds:
        raise ValueError("cv gave no folds; it must give at least one.")
    return folds


class Folds(Sequence):
    """Pairs of arrays of row numbers: the training rows and the test rows of each fold.

    If a fold trains on all rows but its test rows, only the latter are stored.

    Parameters
    ----------
    n_samples : int
    """

    def __init__(self, n_samples):
        self.n_samples = n_samples
        self._stored = []

    def append(self, train, test):
        """Add a fold."""
        others = self._others(test)
        self._stored.append((None if np.array_equal(train, others) else train, test))

    def _others(self, test):
        out = np.ones(self.n_samples, dtype=bool)
        out[test] = False
        return np.flatnonzero(out)

    def __len__(self):
        return len(self._stored)

    def __getitem__(self, k):
        if isinstance(k, slice):
            part = Folds(self.n_samples)
            part._stored = self._stored[k]
            return part
        train, test = self._stored[k]
        return self._others(test) if train is None else train, test


def as_rows(fold, n_samples):
    """Return the rows of one side of a fold (numbers or a mask) as numbers."""
    rows = np.asarray(fold)
    if rows.dtype == bool and rows.shape == (n_samples,):
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise ValueError("cv gave a fold without rows to train or to test on.")
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise TypeError(
            f"cv gave rows of shape {rows.shape} and dtype {rows.dtype}; they must be "
            f"1-D: integers, or a mask of the {n_samples} samples."
        )
    if rows.min() < 0 or rows.max() >= n_samples:
        at = int(np.flatnonzero((rows < 0) | (rows >= n_samples))[0])
        raise ValueError(
            f"cv gave the row {rows[at]}, but there are {n_samples} samples, numbered "
            "from 0."
        )
    return rows


def train_weight(data, train):
    """Return weights of all samples that select the rows `train`.

    Other samples have weight zero, and a row that occurs twice counts twice, so that no
    fold needs a copy of its rows of X.
    """
    counts = np.bincount(train, minlength=len(data.y)).astype(np.float64)
    return counts if data.sample_weight is None else counts * data.sample_weight


class FoldMoments:
    """Moments of the training samples of all folds, from one pass over X.

    Samples that are left out by the same folds form a cell, whose moments are summed
    once; the training samples of a fold are all samples without some cells.

    Parameters
    ----------
    problem : Problem
        Of all samples.
    left_out : ndarray of bool (n_cells, n_folds)
    codes : ndarray of shape (n_samples,)
        Cell of each sample.
    """

    def __init__(self, problem, left_out, codes):
        self.frame, self.left_out = Frame.of_problem(problem), left_out
        self.cells = [
            _packed(moments_of_rows(problem, np.flatnonzero(codes == code)))
            for code in range(len(left_out))
        ]
        self.total = self.cells[0].combined(self.cells[1:], 1)

    @staticmethod
    def of(problem, folds, alphas):
        """Return `FoldMoments`, or None if fits to the samples take less time."""
        if not moments_pay(problem, alphas):
            return None
        left_out, codes = fold_cells(folds, problem.design.n_samples)
        p, size = problem.design.n_features, problem.design.dense_bytes
        room = max(costs.FOLD_MOMENTS_BYTES, costs.FOLD_MOMENTS_SHARE * size)
        if left_out is None or 4 * p * p * len(left_out) > room:
            return None
        return FoldMoments(problem, left_out, codes)

    def path(self, fold, alphas, settings, **options):
        """Fit a path to the training samples of a fold, or to all samples (None).

        Raises `Inexact` if moments are not precise enough.
        """
        moments = self.total
        if fold is not None:
            out = np.flatnonzero(self.left_out[:, fold])
            moments = moments.combined([self.cells[k] for k in out], -1)
        moments = _unpacked(moments, self.frame)
        solver = PathSolver(
            MomentProblem(moments, self.frame, **options), settings, ExactSteps
        )
        return collect(solver.solve(alphas), solver)


def fold_cells(folds, n_samples):
    """Return which folds leave out each cell (n_cells, n_folds), and the cell of each
    sample; None if a fold has a row twice, or if there are too many cells."""
    if len(folds) > 62:
        return None, None
    codes = np.zeros(n_samples, dtype=np.int64)
    for k, (train, _) in enumerate(folds):
        counts = np.bincount(train, minlength=n_samples)
        if counts.max() > 1:
            return None, None
        codes |= (counts == 0).astype(np.int64) << k
    values, codes = np.unique(codes, return_inverse=True)
    if len(values) > 2 * len(folds) + 1:
        return None, None
    return (values[:, None] >> np.arange(len(folds)) & 1).astype(bool), codes


def _packed(moments):
    """Keep one triangle of the Gram matrix."""
    return moments._replace(gram=lapack.dtrttp(moments.gram)[0])


def _unpacked(moments, frame):
    """Make the Gram matrix whole again."""
    upper = lapack.dtpttr(len(frame.mean), moments.gram)[0]
    gram = upper.T + upper
    np.fill_diagonal(gram, 0.5 * gram.diagonal())
    gram = np.ascontiguousarray(gram)
    return moments._replace(gram=gram)

