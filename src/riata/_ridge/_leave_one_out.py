"""Closed-form leave-one-out errors and generalised cross-validation of ridge.

With the hat matrix H of a fit, the error of sample i when it is left out is
``(y_i - fit_i) / (1 - H_ii)`` (Allen's PRESS; Golub, Heath and Wahba, "Generalized
cross-validation as a method for choosing a good ridge parameter", Technometrics 21,
1979). One spectral decomposition gives the fits and the diagonals for all alphas.
"""

import numpy as np

from ._direct import Primal
from ._routes import SIDE_BYTES, Solver

STEP = 256  # eigenvectors whose images are held at a time
SPARSE_SIDE = 8192  # largest factorisation made of a sparse X
FRAGILE = 1e-8  # reciprocal condition below which X itself is decomposed
DOUBTFUL = 1e-10  # 1 - leverage below which rounding errors would show
SATURATED = 1.25  # samples per feature up to which the kernel is used
REFITS = 100  # samples at most that are left out in earnest


class RidgeLOO:
    """Leave-one-out errors, and the factorisation that they came from.

    For a 1-D `y` the axis of the targets is missing everywhere.

    Attributes
    ----------
    errors : ndarray of shape (n_alphas, n_samples, n_targets)
        ``y`` minus its prediction (offset included) from the other samples.
    gcv : ndarray of shape (n_alphas, n_targets)
        Generalised cross-validation: the weighted mean squared residual, divided by
        ``(1 - dof / n)^2`` with `n` the number of samples of positive weight.
    dof : ndarray of shape (n_alphas, n_targets)
        Trace of the hat matrix: 1 for the intercept, 1 for each (independent) column
        that is not penalised, less than 1 for each of the others.
    alphas : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        As given.
    method : str
    """

    def __init__(self, solver, alphas):
        self._solver = solver
        self.alphas = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
        problem = solver.problem
        grid = solver.grid(alphas)
        roots = problem.scale_alphas(grid).ravel()
        errors, margin, gcv, dof, self.method = _leave_one_out(solver, roots)
        unit = problem.target_exponent
        errors = errors.reshape(problem.n_samples, *grid.shape)
        for i in _doubtful(problem, margin):
            errors[i] = _leave_out(solver, i, grid)
        self.errors = np.ldexp(errors.swapaxes(0, 1), unit)
        self.gcv = np.ldexp(gcv.reshape(grid.shape), 2 * unit)
        self.dof = dof.reshape(grid.shape)
        if problem.squeeze:
            self.errors = self.errors[:, :, 0]
            self.gcv, self.dof = self.gcv[:, 0], self.dof[:, 0]

    def solve(self, alphas, tol=1e-10):
        """Fit all samples at some alphas with the same factorisation.

        Parameters
        ----------
        alphas : float or array of shape (n_alphas,) or (n_alphas, n_targets)
        tol : float
            As in `solve_ridge`.

        Returns
        -------
        RidgeResult
        """
        with np.errstate(all="ignore"):
            return self._solver.solve(alphas, tol, 1)


def leave_one_out_solver(X, y, method, **options):
    """Return the solver that leave-one-out needs: a spectral one."""
    side = min(X.shape)
    limit = SPARSE_SIDE if hasattr(X, "tocsc") else int(np.sqrt(SIDE_BYTES / 24.0))
    if side > limit:
        raise ValueError(
            f"closed-form leave-one-out needs the eigenvectors of a matrix of side "
            f"min(n_samples, n_features) = {side}, more than the {limit} that are "
            "practical; use K-fold cross-validation instead (cv=5)"
        )
    # With nearly as many features as samples, leverages are close to 1 and only the
    # kernel gives their distance from 1 without a subtraction.
    saturated = X.shape[0] <= SATURATED * X.shape[1]
    solver = Solver(X, y, method, 1, prefer_kernel=saturated, **options)
    if np.count_nonzero(solver.problem.weights) < 2:
        raise ValueError(
            "leave-one-out needs at least 2 samples of positive weight; got 1"
        )
    return solver


def _leave_one_out(solver, roots):
    """Errors (n, k), 1 - leverages (n, k) up to a factor per alpha, GCV, dof, method.

    All in the scaled units of the problem, for roots of k (alpha, target) pairs.
    """
    problem, split = solver.problem, solver.split
    n, n_targets = problem.targets.shape
    targets = np.tile(np.arange(n_targets), len(roots) // max(1, n_targets))
    values, number = np.unique(roots, return_inverse=True)
    errors, margin = np.empty((n, len(roots))), np.empty((n, len(roots)))
    gcv, dof = np.empty(len(roots)), np.empty(len(roots))
    names = set()
    factors = [(None, np.arange(len(values)))]
    if np.any(split.e):
        factors = solver.factors(values, True, FRAGILE)
    for factor, at in factors:
        pairs = np.flatnonzero(np.isin(number, at))
        which = np.searchsorted(at, number[pairs])
        through = _through_gram
        if factor is not None:
            names.add(factor.name)
            through = _through_gram if isinstance(factor, Primal) else _through_kernel
        errors[:, pairs], margin[:, pairs], gcv[pairs], dof[pairs] = through(
            problem, split, factor, values[at], which, targets[pairs]
        )
    return errors, margin, gcv, dof, "+".join(sorted(names)) or "projection"


def _through_gram(problem, split, factor, values, which, targets):
    """From the images of the eigenvectors, which give fits and leverages."""
    t = problem.weights[:, None]
    free = np.zeros((problem.n_features, split.Q.shape[1]))
    free[split.index] = split.inverse
    Q = problem.dot(free, weighted=False)
    leverage = t * (problem.fit_intercept + np.sum(Q * Q, axis=1, keepdims=True))
    leverage = np.repeat(leverage, len(values), axis=1)
    fit = (Q @ (split.Q.T @ problem.targets))[:, targets]
    step = int(np.clip((1 << 25) // problem.n_samples, 16, STEP))
    for at, W, start, weight in factor.bases(values) if factor else ():
        pairs = np.flatnonzero(np.isin(which, at))
        of_pair = np.searchsorted(at, which[pairs])
        for low in range(0, W.shape[1], step):
            part = slice(low, low + step)
            Z = problem.dot(W[:, part], weighted=False)
            if Q.shape[1]:
                Z -= Q @ (split.cross.T @ W[:, part])
            scores = weight[part][:, of_pair] * start[part][:, targets[pairs]]
            fit[:, pairs] += Z @ scores
            np.square(Z, out=Z)
            leverage[:, at] += t * (Z @ weight[part])
    residual = problem.centred[:, targets] - fit
    dof = leverage.sum(axis=0)
    n_used = np.count_nonzero(problem.weights)
    slack = np.maximum(1.0 - dof / n_used, 0.0)
    gcv = (problem.weights @ residual**2) / slack[which] ** 2
    margin = np.maximum(1.0 - leverage, np.finfo(float).tiny)[:, which]
    return residual / margin, margin, gcv, dof[which]


def _through_kernel(problem, _, factor, values, which, targets):
    """From the eigenvectors themselves; exact also where alpha is next to nothing.

    Residuals and 1 - leverages are both multiples of alpha, which cancels.
    """
    total = np.where(factor.null(values), 0.0, factor.values[:, None]) + values**2
    least = total.min(axis=0, initial=np.inf)
    weight = np.where(total > 0, least / total, 1.0)
    vectors = factor.vectors
    theta = vectors @ (weight[:, which] * (vectors.T @ factor.c)[:, targets])
    margin = (vectors * vectors) @ weight
    used = problem.weights > 0
    n_used = np.count_nonzero(used)
    gcv = np.sum(theta * theta, axis=0) / (weight.sum(axis=0) / n_used)[which] ** 2
    shrunk = np.divide(values**2, total, out=np.ones_like(total), where=total > 0)
    dof = n_used - shrunk.sum(axis=0)
    margin = margin[:, which]
    scale = np.where(used, problem.root, 1.0)[:, None]
    errors = theta / (np.maximum(margin, np.finfo(float).tiny) * scale)
    if not used.all():
        V = factor.solve(values[which], targets)
        rest = problem.centred[:, targets] - problem.dot(V, weighted=False)
        errors[~used], margin[~used] = rest[~used], 1.0
    return errors, margin, gcv, dof[which]


def _doubtful(problem, margin):
    """Samples, the worst first, whose errors are lost in rounding errors."""
    worst = margin.min(axis=1, initial=1.0)
    worst[problem.weights == 0] = 1.0
    order = np.argsort(worst)[:REFITS]
    return order[worst[order] < DOUBTFUL]


def _leave_out(solver, i, grid):
    """Errors of one sample, of shape (n_alphas, n_targets), by leaving it out."""
    problem = solver.problem
    weights = problem.weights.copy()
    weights[i] = 0.0
    # The penalty is that of all samples, in sum and (standardised) in scale.
    penalty = np.where(problem.left_out, np.inf, problem.penalty_scale)
    rest = Solver(
        solver.X, problem.centred, "svd", 1, fit_intercept=problem.fit_intercept,
        sample_weight=weights, penalty_factor=penalty,
    )
    fit = rest.solve(grid / (1.0 - problem.weights[i]), 1e-10, 1)
    row = solver.X.tocsr()[[i]].toarray() if problem.is_sparse else solver.X[[i]]
    prediction = fit.coef @ np.asarray(row, dtype=np.float64).ravel() + fit.intercept
    return problem.centred[i] - prediction
