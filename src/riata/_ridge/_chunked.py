"""Ridge with the squared loss on chunks: products of all columns, or of all rows, from one
read; solutions at all alphas from one decomposition of these; certificates by reads."""

from time import monotonic

import numpy as np

from .._design._chunked import packed_of
from .._design._products import gradient
from .._solver._solutions import Status

SHARE_OF_KERNEL = 0.5  # of the memory limit, for what is made of products of rows
SINGULAR = 1e-13  # share of the largest eigenvalue, below which there is none
CORRECTIONS = 2


def ridge_solutions(solver, alphas):
    """Yield `Solutions` of a `PathSolver` where there is no L1 part, as its `solve` does.

    Parameters
    ----------
    solver : PathSolver
    alphas : ndarray (n_alphas,)
        Decreasing; all of them 0, or without an L1 part.

    Raises
    ------
    MemoryError
        If there is no room for the products.
    ValueError
        If there are more columns than rows, and X is in blocks of rows, or some
        have no penalty.
    """
    problem = solver.problem
    columns = np.flatnonzero(problem.design.sqnorm > 0)
    if not len(columns):
        yield from solver.solve(alphas)
        return
    l2 = problem.column_penalty.l2[columns]
    if alphas[0] == 0.0:  # for which any other penalty will do
        l2 = np.ones(len(columns))
    wide = len(columns) > problem.design.n_samples
    route = (Rows if wide else Columns)(problem, columns, l2)
    for first in range(0, len(alphas), solver.steps.batch_width):
        ahead = alphas[first:first + solver.steps.batch_width]
        W = route.solve(ahead)
        for left in reversed(range(CORRECTIONS + 1)):
            found = list(solver.certify_given(ahead, columns, W))
            good = all(each.status is Status.optimal for each in found)
            if good or not left or wide:
                break
            # what is left of the gradient, as X itself has it
            C, seen = np.empty_like(W), solver.found
            C[np.searchsorted(columns, seen.columns)] = seen.C[:, :len(ahead)]
            W = W + route.solve(ahead, C - ahead * l2[:, None] * W)
        yield from found
        if monotonic() > solver.settings.deadline:
            solver.late = first + solver.steps.batch_width < len(alphas)
            return


class Columns:
    """Solutions from the products of all columns."""

    def __init__(self, problem, columns, l2):
        design = problem.design
        design.gram_capacity(len(columns))
        self.gram, _ = design.gram(columns)
        self.xty, self.l2 = design.xty[columns], l2
        self.values = None
        if (l2 > 0).all():
            self.root = 1.0 / np.sqrt(l2)
            self.values, self.vectors = _decomposed(
                self.gram * self.root * self.root[:, None]
            )

    def solve(self, alphas, rest=None):
        """``(gram + alpha l2) W = rest``, in turn for each alpha; xty by default."""
        if rest is None:
            rest = np.repeat(self.xty[:, None], len(alphas), axis=1)
        if self.values is not None:
            share = self.vectors.T @ (self.root[:, None] * rest)
            share *= _inverse(self.values, alphas)
            return self.root[:, None] * (self.vectors @ share)
        W = np.empty_like(rest)
        for k, alpha in enumerate(alphas.tolist()):
            matrix = self.gram + np.diag(alpha * self.l2)
            W[:, k] = np.linalg.lstsq(matrix, rest[:, k], rcond=None)[0]
        return W


class Rows:
    """Solutions from the products of all rows: of more columns than rows."""

    def __init__(self, problem, columns, l2):
        self.design = design = problem.design
        n, X = design.n_samples, design.X
        if not X.axis:
            raise ValueError(
                f"X has more columns ({X.n_features}) than rows ({n}), and ridge (an "
                "l1_ratio or alpha of 0) needs it in blocks of columns then: open it "
                "with axis=1, or pass an l1_ratio above 0."
            )
        if not (l2 > 0).all():
            raise ValueError(
                "penalty_factor is 0 for some columns, of which there are more than "
                "rows: ridge on chunks needs factors above 0 then."
            )
        if 24 * n * n > SHARE_OF_KERNEL * X.memory_limit:
            raise MemoryError(
                f"memory_limit={X.memory_limit} is too small for the products of {n} "
                f"rows: make it {24 * n * n / SHARE_OF_KERNEL:.3g} bytes."
            )
        self.columns, self.l2 = columns, l2
        inverse = np.zeros(X.n_features)
        inverse[columns] = 1.0 / l2
        kernel = X.reduce(kernel_of, _add, lambda k: (
            design._placed(k), inverse[slice(*X.span(k))]
        ))
        self.values, self.vectors = _decomposed(kernel)
        self.root = np.ones(n) if problem.weights is None else np.sqrt(problem.weights)
        self.share = self.vectors.T @ (self.root * problem.y)

    def solve(self, alphas):
        """Solutions (n_columns, n_alphas)."""
        share = self.share[:, None] * _inverse(self.values, alphas)
        Q = self.root[:, None] * (self.vectors @ share)
        return gradient(self.design, Q, self.columns)[:, :len(alphas)] / self.l2[:, None]


def kernel_of(X, placed, inverse):
    """Products of the rows of whole columns, weighted."""
    packed = packed_of(X, placed, np.arange(X.n_features), 0, X.n_samples)
    return (packed * inverse) @ packed.T


def _add(one, other):
    one += other
    return one


def _decomposed(matrix):
    """Eigenvalues, those that are rounding being 0, and eigenvectors."""
    values, vectors = np.linalg.eigh(matrix)
    values[values <= SINGULAR * max(values[-1], 0.0)] = 0.0
    return values, vectors


def _inverse(values, alphas):
    """``1 / (values + alpha)`` for each alpha; 0 where that is no number."""
    total = values[:, None] + alphas
    return np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
