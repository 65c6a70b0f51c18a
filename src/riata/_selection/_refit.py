"""Fits without an L1 penalty on the supports of a path, each distinct support once."""

from typing import NamedTuple

import numpy as np

from .._path._checked import SQUARED, less_offset
from .._path._solve import solve_path
from .._solver._solutions import Status
from .._validation import check_design, check_sample_weight

LEAST_GAP = 1e-10  # relative, of a problem without a penalty: rounding hides smaller ones
DEPENDENT = 1e-5  # share of a column that the others leave over, below which it depends
DENSE_ENTRIES = 2**23  # of a sparse X's columns, that may be written out


def distinct_supports(path):
    """The supports of a path.

    Parameters
    ----------
    path : PathResult

    Returns
    -------
    supports : list of ndarray of int
        Columns in increasing order, in the order in which they come along the path.
    which : ndarray of int, shape (n_alphas,)
        The support of each alpha.
    """
    coef = path.coef
    coef.eliminate_zeros()
    numbers, supports, which = {}, [], []
    for first, last in zip(coef.indptr[:-1], coef.indptr[1:], strict=True):
        columns = np.sort(coef.indices[first:last])
        number = numbers.setdefault(columns.tobytes(), len(supports))
        if number == len(supports):
            supports.append(columns.astype(np.intp))
        which.append(number)
    return supports, np.array(which)


def refit_on_supports(
    path, data, penalty, settings, alpha, *, standardize=False, n_threads=None
):
    """Fit the columns of each distinct support, with an L2 penalty at the most.

    Parameters
    ----------
    path : PathResult
    data : Data
    penalty : dict
        Of the path, as from `checked_penalty`.
    settings : Settings
    alpha : float
        Strength of the L2 penalty.
    standardize : bool
    n_threads : int, optional

    Returns
    -------
    tuple
        The fields of `Refits`.
    """
    from scipy.sparse import csc_array

    supports, which = distinct_supports(path)
    if alpha == 0.0:
        settings = settings._replace(tol=max(settings.tol, LEAST_GAP))
    quick = _GramRefits.of(path, data, penalty, alpha, standardize, supports)
    used, rows = _of_weight(data)
    fits = []
    for number, columns in enumerate(supports):
        k = int(np.argmax(which == number))
        fit = None
        if not len(columns):  # the model without features, as the path has it
            fit = Refit.of(path, k, np.empty(0))
        elif quick is not None:
            fit = quick.fit(columns, settings.tol)
        if fit is None:
            X = data.X.as_matrix()[:, columns]
            X = check_design(X if rows is None else X[rows])
            fitted = solve_path(
                used._replace(X=X), np.array([alpha]), _of_columns(penalty, columns),
                settings, loss=path._loss, fit_intercept=path.fit_intercept,
                standardize=standardize, n_threads=n_threads,
                start=path._coef_of(k)[columns],
            )
            fit = Refit.of(fitted, 0, fitted._coef_of(0)[:len(columns)])
        fits.append(fit)
    sizes = [len(supports[number]) for number in which]
    coef = csc_array(
        (np.concatenate([fits[number].coef for number in which]),
         np.concatenate([supports[number] for number in which]),
         np.concatenate([[0], np.cumsum(sizes)])),
        shape=(path.n_features_in, len(path)),
    )
    facts = [
        np.array([getattr(fits[number], name) for number in which])
        for name in ("intercept", "dual_gap", "relative_gap", "deviance_ratio")
    ]
    return coef, *facts, [fits[number].status for number in which], which


def _of_weight(data):
    """The samples of positive weight, but for X, and their numbers (None for all)."""
    if data.sample_weight is None or data.sample_weight.all():
        return data, None
    rows = np.flatnonzero(data.sample_weight)
    offset = None if data.offset is None else data.offset[rows]
    weight = check_sample_weight(data.sample_weight[rows], len(rows))  # equal: None
    used = data._replace(y=data.y[rows], sample_weight=weight, offset=offset)
    return used, rows


class Refit(NamedTuple):
    """The fit of one support; `coef` of its columns."""

    coef: np.ndarray
    intercept: float
    dual_gap: float
    relative_gap: float
    deviance_ratio: float
    status: Status

    @classmethod
    def of(cls, path, k, coef):
        """Take the k-th solution out of a path."""
        return cls(
            coef, path.intercept[k], path.dual_gap[k], path.relative_gap[k],
            path.deviance_ratio[k], path.status[k],
        )


def _of_columns(penalty, columns):
    """The penalty of some columns, with its L2 part only."""
    parts = {
        name: None if penalty[name] is None else penalty[name][columns]
        for name in ("penalty_factor", "lower", "upper")
    }
    return {"l1_ratio": 0.0, **parts}


class _GramRefits:
    """Least squares on many supports, from one Gram matrix of all their columns.

    Columns are centred, weighted and of norm one. A solution is verified on the columns
    themselves: with the gradient `g` that is left there and the Gram matrix `G` of a
    support (and its L2 penalty), the objective is above its least value by exactly
    ``g' G^-1 g / 2``.
    """

    def __init__(self, path, data, penalty, alpha, columns):
        X, n = data.X.as_matrix()[:, columns], data.X.n_samples
        A = (X.toarray(order="F") if data.X.is_sparse else X).astype(float, order="F")
        y = less_offset(data)
        weight = np.ones(n) if data.sample_weight is None else data.sample_weight
        weight = weight / weight.sum()
        self.mean, self.center = np.zeros(len(columns)), 0.0
        if path.fit_intercept:
            self.mean, self.center = weight @ A, float(weight @ y)
        A -= self.mean
        A *= np.sqrt(weight)[:, None]
        self.norm = np.linalg.norm(A, axis=0)
        self.A = A / np.where(self.norm > 0, self.norm, 1.0)
        self.y = np.sqrt(weight) * (y - self.center)
        self.gram, self.xty = self.A.T @ self.A, self.A.T @ self.y
        factor = penalty["penalty_factor"]
        self.l2 = alpha * (np.ones(len(columns)) if factor is None else factor[columns])
        self.columns, self.null = columns, path.null_objective

    @classmethod
    def of(cls, path, data, penalty, alpha, standardize, supports):
        """Refits where this route is open, else None."""
        columns = np.unique(np.concatenate(supports))
        bounded = penalty["lower"] is not None or penalty["upper"] is not None
        if path._loss != SQUARED or bounded or not len(columns):
            return None
        if standardize and alpha > 0:
            return None
        n, X = data.X.n_samples, data.X
        if X.is_sparse and n * len(columns) > max(DENSE_ENTRIES, 4 * len(X.data)):
            return None
        with np.errstate(all="ignore"):  # what overflows is solved elsewhere
            refits = cls(path, data, penalty, alpha, columns)
        return refits if np.isfinite(refits.gram).all() and refits.null > 0 else None

    def fit(self, columns, tol):
        """The `Refit` of a support; None if its columns are (nearly) dependent."""
        from scipy.linalg import cho_solve, cholesky

        at = np.searchsorted(self.columns, columns)
        A, norm = self.A[:, at], self.norm[at]
        if len(at) >= len(A) or not norm.all():
            return None
        l2 = self.l2[at] / norm**2
        gram = self.gram[np.ix_(at, at)]
        gram[np.diag_indices_from(gram)] += l2
        try:
            lower = cholesky(gram, lower=True)
        except np.linalg.LinAlgError:
            return None
        if (lower.diagonal() ** 2 < DEPENDENT * gram.diagonal()).any():
            return None
        w = cho_solve((lower, True), self.xty[at])
        for _ in range(3):
            residual = self.y - A @ w
            left = A.T @ residual - l2 * w
            step = cho_solve((lower, True), left)
            gap = 0.5 * max(float(left @ step), 0.0)
            if gap <= 1e-6 * tol * self.null:
                break
            w += step
        else:
            return None
        coef = w / norm
        square = float(residual @ residual)
        return Refit(
            coef, self.center - float(self.mean[at] @ coef), gap, gap / self.null,
            1.0 - 0.5 * square / self.null, Status.optimal,
        )
