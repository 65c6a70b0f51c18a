"""Unpenalised, unbounded columns, for any loss: solutions of least norm.

If such columns are (nearly) linearly dependent, the problem is badly conditioned and its
solution is not unique. It is then solved in the coordinates of an orthonormal basis of
their span, where the solution is unique and well conditioned; of all coefficients with the
same predictors, those of least L2 norm are returned. They are certified on X as given.
"""

import math

import numpy as np

from .. import _costs as costs
from .._validation import DesignArrays, check_design
from ._separation import is_separated, predictors
from ._solutions import Status
from ._state import EPS
from ._working_set import FreeColumns, Gram

NO_LOSS = 1e-4  # residual, relative to the largest null residual, that counts as none
NEARLY = 1e-6  # ratio of eigenvalues below which a basis is better
EXACTLY = 1e-12  # ratio of eigenvalues below which columns count as dependent


def open_columns(problem, alpha):
    """Columns that have no finite bounds and are not penalised at `alpha`."""
    if alpha > 0.0:
        return problem.free
    held = problem.design.sqnorm == 0
    if problem.column_penalty.lower is not None:
        held |= np.isfinite(problem.column_penalty.lower)
        held |= np.isfinite(problem.column_penalty.upper)
    return np.flatnonzero(~held)


def needs_basis(problem, columns):
    """Whether columns are (nearly) dependent and a basis of their span can be computed."""
    return affordable(problem, columns) and independence(problem, columns) < NEARLY


def affordable(problem, columns):
    """Whether columns can be copied and decomposed."""
    n, size = problem.design.n_samples, len(columns)
    entries, flops = n * size, n * size * min(n, size)
    return 0 < entries <= costs.BASIS_ENTRIES and flops <= costs.BASIS_FLOPS


def independence(problem, columns):
    """Ratio of the smallest to the largest eigenvalue of the Gram matrix of some columns;
    0 if there are more columns than samples, 1 if that matrix is too large."""
    design, size = problem.design, len(columns)
    used = design.n_samples
    if problem.weights is not None:
        used = np.count_nonzero(problem.weights)
    if size > used - problem.fit_intercept:
        return 0.0
    if size > costs.ALL_PAIRS_COLUMNS or not size:
        return 1.0
    gram = Gram(design)
    gram.extend(columns, False)
    values = np.linalg.eigvalsh(gram.matrix)
    return max(values[0] / values[-1], 0.0)


class BasisSolver:
    """Solves for an orthonormal basis of the open columns, and the other columns.

    It has those attributes of a `PathSolver` that callers use, for the problem as given.

    Parameters
    ----------
    problem : GeneralProblem
    settings : Settings
    solver_of : callable
        Makes a `PathSolver` of a problem.
    alpha : float
        0, or any positive number: which columns are unpenalised depends on this.
    outer : PathSolver, optional
        Of the problem.
    start : (columns, w) or None
        Coefficients to start from.
    """

    def __init__(self, problem, settings, solver_of, alpha, outer=None, start=None):
        self.problem, self.settings = problem, settings
        columns = open_columns(problem, alpha)
        self.span = FreeColumns(problem, columns, alpha)
        self.others = np.setdiff1d(np.flatnonzero(problem.coef_unit > 0), columns)
        self.inner_problem = self._inner_problem()
        self.inner = solver_of(self.inner_problem, settings, self._inner_start(start))
        self.outer = auditor(problem, settings, solver_of) if outer is None else outer
        self.work = self.inner.work

    def _inner_problem(self):
        problem, span, others = self.problem, self.span, self.others
        given, options, rank = problem.given, problem.options, self.span.basis.shape[1]
        # (so long that no gradient of a column exceeds those of the basis)
        shortest = problem.design.scale[span.columns].min()
        self.length = 2.0 * math.sqrt(rank) / shortest
        basis = span.basis
        if span.root is not None:
            basis = np.divide(
                basis, span.root, out=np.zeros_like(basis), where=span.root > 0
            )
        X = np.asfortranarray(self.length * basis)
        if not rank + len(others):  # a problem needs a column: one of zeros
            X = np.zeros((len(basis), 1), order="F")
        if len(others):
            X = self._beside(X, given.X.as_matrix()[:, others])
        else:
            X = DesignArrays("dense_f", *X.shape, X, None, None)
        rank, factor = X.n_features - len(others), np.ones(len(problem.coef_unit))
        factor = factor if options.penalty_factor is None else options.penalty_factor
        lower, upper = (
            None if bound is None else np.concatenate([np.full(rank, end), bound[others]])
            for bound, end in ((options.lower, -np.inf), (options.upper, np.inf))
        )
        return type(problem)(
            X, given.y, loss=given.loss, offset=given.offset,
            sample_weight=given.sample_weight, l1_ratio=problem.l1_ratio,
            fit_intercept=problem.fit_intercept, standardize=options.standardize,
            penalty_factor=np.concatenate([np.zeros(rank), factor[others]]),
            lower=lower, upper=upper, n_threads=None,
            rows=options.penalty if given.loss.many_outputs else None,
        )

    def _beside(self, basis, X):
        if self.problem.design.sparse:
            from scipy.sparse import csc_array, hstack

            return check_design(hstack([csc_array(basis), X], format="csc"))
        return check_design(np.asfortranarray(np.hstack([basis, X])))

    def _inner_start(self, start):
        if start is None:
            return None
        columns, w = start
        problem, span, unit = self.problem, self.span, self.inner_problem.coef_unit
        W = np.zeros((len(problem.coef_unit), *w.shape[1:]))
        W[columns] = w
        shares = span.rotation @ W[span.columns] * (problem.unit / self.length)
        shares = (shares.T * span.values).T
        if len(unit) != len(shares) + len(self.others):  # a column of zeros
            return None
        others = (W[self.others].T * problem.coef_unit[self.others]).T
        w = (np.concatenate([shares, others]).T / unit).T
        return np.arange(len(w)), w

    # --- The interface of a solver.

    @property
    def alpha_max(self):
        return self.inner.alpha_max

    @property
    def c(self):
        """Correlations of all columns with the residual of the null model."""
        c = np.zeros(len(self.problem.coef_unit))
        c[self.others] = self.inner.c[len(self.span.values):]
        return c

    def solve(self, alphas):
        """Yield `Solutions` of the problem as given."""
        for part in self.inner.solve(alphas):
            if self.problem.n_outputs == 1:
                parts = [part] if len(part.alphas) else []
            else:
                parts = [alone(part, k) for k in range(len(part.alphas))]
            for each in parts:
                yield from self._as_given(each)

    def _as_given(self, part):
        """The same solutions, certified on X as given."""
        problem, span = self.problem, self.span
        V = coefficients(self.inner_problem, part)
        V *= self.inner_problem.coef_unit[:, None]
        rank = len(span.values)
        V = V[:rank + len(self.others)]
        W = span.least_norm(span.solve @ (V[:rank] * (self.length / problem.unit)))
        others = V[rank:] / problem.coef_unit[self.others, None]
        columns = np.concatenate([span.columns, self.others])
        W_all = np.concatenate([W, others])
        verdict = self.outer.verify(columns, W_all, part.alphas, part.engine)
        # a bound that makes assumptions is sharper in the coordinates of the basis (columns
        # that count as dependent are dependent up to the rounding of X)
        more = 0.5 * (verdict.loss - part.loss) + verdict.penalty - part.penalty
        gap = np.minimum(verdict.gap, part.gap + np.maximum(more, 0.0))
        if uneven(problem.weights) or not rank:
            gap = verdict.gap
        elif rank == len(span.columns):
            gap = np.where(self.outer.steps.proved, verdict.gap, gap)
        gap = np.maximum(gap, self._rounding(W) * np.sqrt(verdict.loss))
        verdict = verdict._replace(gap=gap)
        for k in range(len(part.alphas)):
            status = part.status
            if gap[k] > self.outer.target and status is Status.optimal:
                near = gap[k] <= 10 * self.outer.target
                status = (
                    Status.optimal_inaccurate if near else Status.insufficient_progress
                )
            yield self.outer.solutions(part.alphas, [k], verdict, part.n_iter, status)


    def _rounding(self, W):
        """Norms of the rounding errors of the predictors, from large coefficients that
        nearly cancel and the intercept that goes with them."""
        design, columns = self.problem.design, self.span.columns
        shift = design.mean[columns] * design.scale[columns]
        size = np.sqrt(design.sqnorm[columns] + design.n_samples * shift**2)
        errors = EPS * (size @ np.abs(W))
        return errors.max() if self.problem.n_outputs > 1 else errors


def uneven(weights):
    """Whether columns may seem dependent only because of very unequal weights."""
    if weights is None:
        return False
    weights = weights[weights > 0]
    return bool(weights.min() < EXACTLY * weights.max())


def auditor(problem, settings, solver_of):
    """A solver that certifies coefficients and takes no steps."""
    solver = solver_of(problem, settings._replace(deadline=-np.inf))
    solver.settings = settings
    return solver


def certified(problem, settings, solver_of, part, W):
    """The solution W (n_features, n_outputs) at the only alpha of `part`, or `part` itself
    if its gap is smaller."""
    if W is None:
        return part
    solver = auditor(problem, settings, solver_of)
    columns = np.flatnonzero(problem.design.sqnorm > 0)
    verdict = solver.verify(columns, W[columns], part.alphas, part.engine)
    if not verdict.gap[0] <= max(solver.target, part.gap[0]):
        return part
    return solver.solutions(part.alphas, [0], verdict, part.n_iter, part.status)


def needs_projection(problem):
    """Whether solutions at alpha = 0 are not unique, but X is too large for a basis."""
    if problem.quadratic or problem.column_penalty.lower is not None:
        return False  # (the squared loss has had ridge regression)
    columns = open_columns(problem, 0.0)
    if affordable(problem, columns):
        return False
    return len(columns) > 0 and independence(problem, columns) < EXACTLY


def is_ambiguous(problem, part):
    """Whether a solution at alpha = 0 may not be unique, and not that of least norm:
    because of bounds, or because the loss is constant for so many samples that the others
    do not determine all coefficients."""
    columns = open_columns(problem, 0.0)
    if part.status is Status.unbounded_or_separable:
        return False
    if problem.column_penalty.lower is not None:
        return needs_basis(problem, np.flatnonzero(problem.design.sqnorm > 0))
    if problem.quadratic or problem.loss.many_outputs:
        return False
    Eta = predictors(problem, coefficients(problem, part), part.constant)
    y, loss = problem.targets, problem.loss
    flat = loss.curvature(y, Eta)[:, 0] == 0.0
    if problem.weights is not None:
        flat &= problem.weights > 0
    if not flat.any() or not affordable(problem, columns):
        return False
    # (a sample with a very small loss may be at the edge of the flat part)
    size = np.abs(loss.residual(y, Eta))[:, 0]
    flat |= size <= NO_LOSS * np.abs(loss.residual(y, problem.null_eta)).max()
    basis = FreeColumns(problem, columns, 0.0).basis
    if problem.fit_intercept:
        root = 1.0 if problem.weights is None else np.sqrt(problem.weights)
        constant = root * np.full(len(basis), len(basis) ** -0.5)
        basis = np.column_stack([basis, constant])
    return np.linalg.matrix_rank(basis[~flat]) < basis.shape[1]


def coefficients(problem, part):
    """Coefficients (n_features, n_alphas) of some solutions, in the units of the design;
    of several classes, and one alpha, (n_features, n_classes)."""
    n_features = len(problem.coef_unit)
    if problem.n_outputs > 1:
        W = np.zeros(n_features * problem.n_outputs)
        W[part.columns] = part.w
        return W.reshape(n_features, -1)
    W = np.zeros((n_features, len(part.alphas)))
    W[part.columns, np.repeat(np.arange(len(part.alphas)), part.n_active)] = part.w
    return W


def solve_general(solver, solver_of, grid):
    """Yield the solutions at the alphas of a grid for a loss that is not squared: those of
    least norm where they are not unique, with a status of their own if data are separated.
    """
    problem = solver.problem
    positive, zero = grid[grid > 0], grid[grid == 0]
    columns = open_columns(problem, 0.0)
    if not len(zero) or not needs_basis(problem, columns):
        parts = solver.solve(grid)
    else:
        parts = _in_two(solver, solver_of, positive, zero)
    for part in parts:
        yield from with_separation(problem, part)


def _in_two(solver, solver_of, positive, zero):
    """The solutions at alpha = 0 by a basis."""
    if len(positive):
        yield from solver.solve(positive)
    settings, outer = solver.settings, getattr(solver, "outer", solver)
    last = BasisSolver(solver.problem, settings, solver_of, 0.0, outer)
    yield from last.solve(zero)
    solver.work.add(last.work)


def with_separation(problem, part):
    """Yield solutions, those of separated data with the status for these."""
    loss = problem.loss
    if not (len(problem.unpenalised) or (part.alphas == 0).any()) or not (
        loss.many_outputs or loss.recession(problem.target).any()
    ):
        yield part
        return
    for k in range(len(part.alphas)):
        one = alone(part, k)
        W = coefficients(problem, one)
        if is_separated(problem, one.alphas[0], W, one.constant[0]):
            one = one._replace(status=Status.unbounded_or_separable)
        yield one


def alone(part, k):
    """One of several solutions."""
    if len(part.alphas) == 1:
        return part
    first = part.n_active[:k].sum()
    stored = slice(first, first + part.n_active[k])
    fields = ("alphas", "n_active", "gap", "kkt", "loss", "penalty", "constant", "engine")
    return part._replace(
        columns=part.columns[stored], w=part.w[stored],
        **{name: getattr(part, name)[k:k + 1] for name in fields},
    )
