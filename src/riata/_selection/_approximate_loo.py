"""Leave-one-out predictions along a path without refitting."""

from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._path._checked import checked_data, checked_penalty, checked_problem
from ._relaxed import refuse_several

SINGULAR = 1e-12  # share of the largest eigenvalue below which one is rounding
DETERMINED = 1e-10  # what a sample's leverage leaves over where it alone fixes its fit


class LeaveOneOut(NamedTuple):
    """What `approximate_loo` found.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Those of the path.
    deviance : ndarray of shape (n_alphas,)
        Weighted mean over the samples of the unit deviance (twice the loss) of each
        sample under the model without it; infinite where a sample alone determines its
        fit.
    standard_error : ndarray of shape (n_alphas,)
        Of that mean.
    predictor : ndarray of shape (n_samples, n_alphas)
        Linear predictors of each sample, with the offset, under the model without it.
    leverage : ndarray of shape (n_samples, n_alphas)
        Share of its own target in the fit of a sample, between 0 and 1.
    """

    alphas: np.ndarray
    deviance: np.ndarray
    standard_error: np.ndarray
    predictor: np.ndarray
    leverage: np.ndarray

    @property
    def best(self):
        """Index of the alpha with the least deviance."""
        return int(np.argmin(self.deviance))


LeaveOneOut.__module__ = "riata"


def approximate_loo(
    path, X, y, *, standardize=False, sample_weight=None, offset=None,
    penalty_factor=None, lower=None, upper=None,
):
    r"""Estimate the leave-one-out error of all models of a path, without refitting.

    Each sample in turn is taken out by one Newton step on the coefficients that are not
    zero (and not at a bound). With the loss :math:`f`, weights :math:`d_i` that sum to
    one, the columns :math:`Z` of these coefficients and of the intercept, the L2 part
    :math:`\Lambda` of their penalty, and :math:`H = Z^\top \mathrm{diag}(d f'') Z +
    \Lambda`,

    .. math::
        \eta_{-i} = \eta_i + \frac{d_i f'_i h_i}{1 - d_i f''_i h_i}, \qquad
        h_i = z_i^\top H^{-1} z_i .

    This is exact for ridge regression with the squared loss, and for a lasso whose
    active set and signs do not change without the sample. The penalty keeps its weight
    against the *sum* of the losses: the model without a sample is the one that
    `fit_path` finds for ``alpha / (1 - d_i)``.

    Parameters
    ----------
    path : PathResult
        Of the squared, logistic, Poisson or any other loss with a second derivative.
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    standardize, sample_weight, offset, penalty_factor, lower, upper
        As the path was fitted with.

    Returns
    -------
    LeaveOneOut

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed or does not belong to the path, or the loss is of
        several classes.

    Notes
    -----
    An alpha costs a Cholesky factor of the Hessian of the active coefficients, or, with
    an L2 penalty and more of these than samples, of a matrix of the size of the samples.
    With dependent active columns the predictors are those of the least change of the
    coefficients.

    References
    ----------
    Rad & Maleki (2020), doi:10.1111/rssb.12374; Wang et al. (2018), arXiv:1807.02694.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import approximate_loo, fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 100))
    >>> y = 2 * X[:, 0] + rng.standard_normal(50)
    >>> path = fit_path(X, y)
    >>> loo = approximate_loo(path, X, y)
    >>> bool(loo.deviance[loo.best] < loo.deviance[0])
    True
    """
    if not hasattr(path, "_loss"):
        raise TypeError(
            f"path must be a PathResult, as from fit_path, got {path!r} of type "
            f"{type(path).__name__}."
        )
    loss = path._loss
    check.check_names_match(path.feature_names_in, X, type(path).__name__)
    refuse_several(loss, "approximate_loo")
    data = checked_data(X, y, sample_weight, offset, loss)
    shape = data.X.n_samples, data.X.n_features
    known = path.n_samples, path.n_features_in
    if shape != known:
        raise ValueError(f"X has shape {shape}, but the path was fitted to {known}.")
    if path._options.penalty is not None:
        raise ValueError(
            "approximate_loo is for the elastic net, but the path was fitted with "
            f"penalty={path._options.penalty!r}."
        )
    penalty = checked_penalty(
        None, path.l1_ratio, penalty_factor, lower, upper, data.X.n_features
    )
    standardize = check.check_bool(standardize, "standardize")
    square = _squared_units(data, path.fit_intercept, standardize)
    if penalty["penalty_factor"] is not None:
        square = square * penalty["penalty_factor"]
    weight = np.ones(shape[0]) if data.sample_weight is None else data.sample_weight
    weight = weight / weight.sum()
    matrix = data.X.as_matrix()
    Eta, Leverage = np.empty((2, shape[0], len(path)))
    for k, alpha in enumerate(path.alphas.tolist()):
        coef = path._coef_of(k)
        eta = _predictor(matrix, coef, path.intercept[k], data.offset)
        free = _inside(coef, penalty)
        l2 = alpha * (1.0 - path.l1_ratio) * square[free]
        curvature = weight * loss.curvature(data.y, eta)
        h = _leverage_per_curvature(matrix[:, free], curvature, l2, path.fit_intercept)
        Leverage[:, k] = np.clip(curvature * h, 0.0, 1.0)
        Eta[:, k] = _left_out(eta, weight * loss.residual(data.y, eta) * h, Leverage[:, k])
    return _assess(path.alphas.copy(), loss, data.y, weight, Eta, Leverage)


def _predictor(X, coef, intercept, offset):
    active = np.flatnonzero(coef)
    eta = X[:, active] @ coef[active] + intercept
    return eta if offset is None else eta + offset


def _squared_units(data, fit_intercept, standardize):
    """Squares of the units in which the coefficients are penalised."""
    if not standardize:
        return np.ones(data.X.n_features)
    nothing = {"penalty_factor": None, "lower": None, "upper": None, "l1_ratio": 1.0}
    problem = checked_problem(
        data._replace(offset=None, y=np.zeros(data.X.n_samples)),
        fit_intercept=fit_intercept, standardize=True, **nothing,
    )
    scale = problem.design.scale
    return np.divide(problem.sd, scale, out=np.zeros(len(scale)), where=scale > 0) ** 2


def _inside(coef, penalty):
    """Coefficients that a small change of the data moves."""
    moves = coef != 0.0
    for name in ("lower", "upper"):
        if penalty[name] is not None:
            moves &= coef != penalty[name]
    return np.flatnonzero(moves)


def _left_out(eta, residual, leverage):
    """Predictors without the sample itself; NaN where only that determines them."""
    rest = 1.0 - leverage
    determined = rest < DETERMINED
    out = eta - residual / np.where(determined, 1.0, rest)
    return np.where(determined & (residual != 0.0), np.nan, out)


def _leverage_per_curvature(X, curvature, l2, fit_intercept):
    """``z_i' H^-1 z_i`` of each sample."""
    X = X.toarray() if hasattr(X, "toarray") else X.astype(float)
    n, size = X.shape
    if size > n and (l2 > 0).all():
        return _by_kernel(X / np.sqrt(l2), curvature, fit_intercept)
    if fit_intercept:
        X, l2 = np.column_stack([np.ones(n), X]), np.concatenate([[0.0], l2])
    if not X.shape[1]:
        return np.zeros(n)
    H = X.T @ (curvature[:, None] * X)
    H[np.diag_indices_from(H)] += l2
    scale = np.sqrt(H.diagonal())
    scale = np.divide(1.0, scale, out=np.zeros(len(scale)), where=scale > 0)
    X *= scale
    H *= scale * scale[:, None]
    root = X @ _inverse_root(H)
    return np.einsum("ij,ij->i", root, root)


def _inverse_root(H):
    """A matrix whose product with its transpose is the (pseudo-)inverse of H, which has
    ones on its diagonal."""
    from scipy.linalg import solve_triangular

    try:
        lower = np.linalg.cholesky(H)
        if lower.diagonal().min() ** 2 > SINGULAR:
            return solve_triangular(lower, np.eye(len(H)), lower=True).T
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(H)
    keep = values > SINGULAR * len(H) * max(values[-1], 0.0)
    return vectors[:, keep] / np.sqrt(values[keep])


def _by_kernel(Z, curvature, fit_intercept):
    """The same with unit L2 penalties, from a matrix of the size of the samples."""
    root = np.sqrt(curvature)
    K = Z @ Z.T
    scaled = root * K
    R = np.linalg.inv(np.eye(len(K)) + root[:, None] * scaled)
    h = K.diagonal() - np.einsum("ij,ij->i", scaled @ R, scaled)
    if fit_intercept:
        Ru = R @ root
        total = float(root @ Ru)
        if total > 0:
            h += (1.0 - scaled @ Ru) ** 2 / total
    return h


def _assess(alphas, loss, y, weight, Eta, Leverage):
    used = weight > 0
    share = weight[used] / weight[used].sum()
    with np.errstate(over="ignore", invalid="ignore"):
        each = 2.0 * loss.value(y[used, None], Eta[used])
    deviance = share @ each
    finite = np.isfinite(deviance)
    deviance[~finite] = np.inf
    error = np.full(len(alphas), np.inf)
    variance = share**2 @ (each[:, finite] - deviance[finite]) ** 2
    error[finite] = np.sqrt(variance)
    return LeaveOneOut(alphas, deviance, error, Eta, Leverage)
