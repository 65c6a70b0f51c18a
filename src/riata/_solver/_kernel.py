"""L2 only and more features than samples: the kernel (dual) form.

The optimal coefficients are linear combinations of the rows of X (the representer theorem),
so that the problem has an equivalent with as many features as samples: with ``K = Z Z'``
the kernel matrix of the penalised columns, the features Z and a plain L2 penalty.
"""

import math

import numpy as np

from .. import _costs as costs
from .._design._products import gradient
from .._validation import DesignArrays
from ._solutions import Status
from ._state import EPS


def span_pays(problem):
    """Whether a problem is solved faster in the kernel form."""
    design, column_penalty = problem.design, problem.column_penalty
    n, p, used = design.n_samples, design.n_features, design.sqnorm > 0
    return (
        problem.n_outputs == 1
        and column_penalty.lower is None and not column_penalty.l1.any()
        and 2 * n <= p and n <= costs.KERNEL_SAMPLES and n * n * p <= costs.KERNEL_FLOPS
        and used.any() and bool((column_penalty.l2[used] > 0).all())
    )


def solve_in_span(solver, solver_of, data, grid, loss):
    """Yield the solutions at the alphas of a grid, certified on X itself."""
    problem, design = solver.problem, solver.problem.design
    columns = np.flatnonzero(design.sqnorm > 0)
    inverse_l2 = design.n_samples / problem.column_penalty.l2[columns]
    root = 1.0 if problem.weights is None else np.sqrt(problem.weights)
    values, vectors = np.linalg.eigh(_kernel(design, columns, inverse_l2))
    keep = values > len(values) * EPS * max(values[-1], 0.0)
    values, vectors = np.sqrt(values[keep]), vectors[:, keep]
    Z = np.divide(
        (vectors * values).T, root, out=np.zeros((len(values), len(vectors))),
        where=np.broadcast_to(root, len(vectors)) > 0,
    ).T
    small = type(problem)(
        DesignArrays("dense_f", *Z.shape, Z, None, None), data.y, loss=loss,
        offset=data.offset, sample_weight=data.sample_weight, l1_ratio=0.0,
        fit_intercept=problem.fit_intercept,
    )
    # entries of the gradient are at most this multiple of the norm of the kernel form's
    largest = np.sqrt(1.0 / inverse_l2) / design.scale[columns]
    kkt_tol = solver.settings.kkt_tol / (largest.max() * math.sqrt(len(values)))
    inner = solver_of(small, solver.settings._replace(kkt_tol=float(kkt_tol)))
    V = _solutions(inner, grid)
    solver.work.hessians += inner.work.hessians
    shares = (vectors / values) @ V
    W = gradient(design, (root * shares.T).T, columns)[:, :len(grid)]
    W *= inverse_l2[:, None] / problem.unit
    found = list(solver.certify_given(grid[:V.shape[1]], columns, W))
    if all(part.status is Status.optimal for part in found):
        yield from found
    else:  # rounding of the kernel matrix was too large
        yield from solver.solve(grid)


def _kernel(design, columns, inverse_l2):
    """``sum_j d_j x~_j x~_j'``, times the roots of the weights on both sides."""
    n = design.n_samples
    kernel = np.zeros((n, n))
    step = max(costs.KERNEL_PANEL_BYTES // (8 * n), 64)
    for first in range(0, len(columns), step):
        part = columns[first:first + step]
        panel = np.empty((n, len(part)), order="F")
        design.pack(part, 0, n, panel)
        panel *= np.sqrt(inverse_l2[first:first + step])
        kernel += panel @ panel.T
    return kernel


def _solutions(solver, grid):
    """Coefficients (n_features, n_alphas) of all alphas, in the user's units."""
    unit = solver.problem.coef_unit
    V, k = np.zeros((len(unit), len(grid))), 0
    for part in solver.solve(grid):
        count = len(part.alphas)
        which = k + np.repeat(np.arange(count), part.n_active)
        V[part.columns, which] = part.w * unit[part.columns]
        k += count
    return V[:, :k]
