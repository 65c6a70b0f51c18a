"""Direct solutions of the ridge problem: one factorisation for alphas and targets.

In the scaled units of `Problem`, with ``C = (I - Q Q') B e`` (the columns that are not
penalised, whose span has the orthonormal basis `Q`, projected out):

- `Primal` factorises the Gram matrix of the columns, `Dual` the kernel ``C C'`` of the
  samples, each either by one Cholesky factorisation per alpha or by one spectral
  decomposition for all;
- with ``precise=True`` they never form a product of X with itself, but reduce X to a
  triangle by Householder reflections, block after block, and take the singular values
  of the triangle. That loses half as many digits when X is ill-conditioned.
"""

import numpy as np

from .._solver._working_set import least_norm
from ._problem import distinct

EPS = np.finfo(np.float64).eps
# Reciprocal conditions below which the matrix will not do. That of the kernel
# multiplies the errors of the coefficients, and no correction helps.
WORST = {"gram": 1e-12, "kernel": 1e-10}
UNEVEN = 1e5  # ratio of column norms above which one spectrum does not fit all columns
SUSPECT = 1e-8  # share of a squared norm that may be rounding
SLICE = 256  # columns processed together
CACHE_BYTES = 1 << 30  # of Cholesky factors kept


class Split:
    """Columns projected out: those not penalised, and others on request.

    Attributes
    ----------
    index : ndarray of int
    Q : ndarray of shape (n_samples, rank)
        Orthonormal basis of the span of those columns of B.
    inverse : ndarray of shape (len(index), rank)
        ``pinv(B[:, index]) = inverse Q'``.
    cross : ndarray of shape (n_features, rank)
        B'Q.
    e : ndarray of shape (n_features,)
        As `Problem.e`, with zeros at `index`.
    """

    def __init__(self, problem, index):
        n, p = problem.n_samples, problem.n_features
        self.index = index
        self.e = problem.e
        if not len(index):
            self.Q, self.inverse = np.zeros((n, 0)), np.zeros((0, 0))
            self.cross = np.zeros((p, 0))
            return
        if np.any(self.e[index]):
            self.e = self.e.copy()
            self.e[index] = 0.0
        U, s, Vt = np.linalg.svd(problem.take(index), full_matrices=False)
        noise = problem.noise(np.isin(np.arange(p), index))
        rank = max(int(np.sum(s > max(s[0] * EPS * max(n, len(index)), noise))), 1)
        self.smallest = s[rank - 1]
        self.Q = U[:, :rank]
        self.inverse = Vt[:rank].T / s[:rank]
        if rank < len(index):  # of least norm in the units of the penalty
            size = problem.sizes(index)
            self.inverse = least_norm(Vt[:rank], np.diag(1.0 / s[:rank]), size)
        self.cross = problem.tdot(self.Q)
        self._leave_out(problem)

    def _leave_out(self, problem):
        """Leave out columns in the span of Q, but for rounding: they can only cost."""
        square = problem.d**2 * problem.columns.square
        rest = square - np.einsum("jq,jq->j", self.cross, self.cross)
        suspects = np.flatnonzero((self.e > 0) & (rest <= SUSPECT * square))
        lost = []
        for first in range(0, len(suspects), SLICE):
            part = suspects[first:first + SLICE]
            rest = np.linalg.norm(self.project(self.project(problem.take(part))), axis=0)
            noise = EPS * max(problem.n_samples, len(self.index))
            lost.append(part[rest <= np.maximum(noise, problem.rounding(part))])
        if len(suspects):
            self.e = self.e.copy()
            self.e[np.concatenate(lost)] = 0.0

    def project(self, R):
        """(I - QQ')R; R itself if there is nothing to project out."""
        if not self.Q.shape[1]:
            return R
        return R - self.Q @ (self.Q.T @ R)

    def complete(self, V, inner):
        """Fill in the columns projected out, the others of V given and ``Q'c``."""
        if len(self.index):
            V[self.index] = self.inverse @ (inner - self.cross.T @ V)
        return V

    def reduce(self, H):
        """Split a right-hand side in B: that of the other columns, and Q-coordinates."""
        inner = self.inverse.T @ H[self.index]
        return (H - self.cross @ inner if len(inner) else H), inner


class Factor:
    """What `Primal` and `Dual` share: solving, and correcting from a gradient."""

    def __init__(self, problem, split):
        self.problem, self.split = problem, split
        self.rhs = problem.targets
        self.inner = split.Q.T @ self.rhs
        self.values = None

    def solve(self, roots, targets):
        """Solutions V for root alphas and target numbers, of shape (p, k)."""
        V = self._solve(roots, targets)
        return self.split.complete(V, self.inner[:, targets])

    def correct(self, H, roots):
        """Approximately solve ``(B'B + diag(a)) V = H``, H of shape (p, k)."""
        reduced, inner = self.split.reduce(H)
        V = self._invert(reduced, roots)
        return self.split.complete(V, inner)

    def explained(self, H, R):
        """Squared norm of what the penalised columns explain of R, from ``H = B'R``."""
        step = self._invert(H, np.zeros(H.shape[1]))
        return np.maximum(np.einsum("jk,jk->k", H, step), 0.0)

    def condition(self, roots):
        """Reciprocal condition of the matrix at each root alpha; 0 if not factorised."""
        if self.precise:
            return np.ones(len(roots))
        if self.values is None:
            factors = [self._cholesky(root) for root in roots]
            return np.array([0.0 if f is None else f[2] for f in factors])
        if not self.values.size:
            return np.ones(len(roots))
        a = roots**2
        return (self.values.min() + a) / (self.values.max() + a)

    def _filter(self, roots):
        """1 / (eigenvalue + alpha), but 0 for null directions; of shape (rank, k)."""
        total = self.values[:, None] + roots**2
        sound = ~self.null(roots)
        return np.divide(1.0, total, out=np.zeros_like(total), where=sound)

    def null(self, roots):
        """Whether an eigenvalue is to be taken for a rounding error of 0.

        Where alpha is as small, by the usual standard of least squares. Singular values
        of X itself must also exceed the errors they were computed with.
        """
        size = max(self.problem.n_samples, self.problem.n_features)
        top, values = self.values.max(initial=0.0), self.values[:, None]
        noise = self.problem.noise(self.split.e) ** 2
        if not self.precise:
            floor = max(EPS * size * top, noise)
            return (values <= floor) & (roots**2 <= floor)
        floor = max((EPS * size) ** 2 * top, noise)
        lost = values <= (10 * EPS) ** 2 * top
        return lost | ((values <= floor) & (roots**2 <= floor))

    def _cholesky(self, root):
        """Scaled Cholesky factor at one alpha, or None if it is ill-conditioned."""
        if root not in self._cache:
            factor = self._factorise(root)
            size = 8 * len(self._matrix) ** 2
            if (len(self._cache) + 1) * size > CACHE_BYTES:
                self._cache.clear()
            self._cache[root] = factor
        return self._cache[root]

    def _by_alpha(self, H, roots):
        """Solve with the Cholesky factor of each alpha."""
        from scipy.linalg.lapack import dpotrs

        out = np.full(H.shape, np.nan, order="F")
        for root in distinct(roots):
            at = np.flatnonzero(roots == root)
            factor = self._cholesky(root)
            if factor is not None:
                L, scale, _ = factor
                part = dpotrs(L, scale[:, None] * H[:, at], lower=1)[0]
                out[:, at] = scale[:, None] * part
        return out


def _factorise(M, worst):
    """Cholesky factor of M scaled to a unit diagonal, the scale and the condition.

    None if that fails or would be too inaccurate. M is overwritten.
    """
    from scipy.linalg.lapack import dlange, dpocon, dpotrf

    diagonal = np.diagonal(M)
    if not np.all(diagonal > 0):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    M *= scale
    M *= scale[:, None]
    norm = dlange("1", M)
    L, info = dpotrf(M, lower=1, clean=0, overwrite_a=1)
    if info != 0:
        return None
    rcond, info = dpocon(L, norm, uplo="L")
    return (L, scale, rcond) if info == 0 and rcond > worst else None


def _inverse_root(L, scale, _):
    """W with ``W W' = M^-1``, from the scaled Cholesky factor of M."""
    from scipy.linalg import solve_triangular

    return scale[:, None] * solve_triangular(L, np.eye(len(L)), lower=True, trans=1)


class Primal(Factor):
    """Through the Gram matrix of the penalised columns."""

    side = "gram"

    def __init__(self, problem, split, spectral, precise=False):
        super().__init__(problem, split)
        self.precise = precise
        self.on = np.flatnonzero(split.e > 0)
        self.every = len(self.on) == problem.n_features
        self.e = split.e[self.on]
        self._cache = {}
        if precise:
            self._triangle()
            return
        gram, cross = problem.gram(), split.cross[self.on]
        if not self.every:
            gram = gram[np.ix_(self.on, self.on)]
        if cross.size:
            gram -= cross @ cross.T
        self._matrix = gram
        self.gradient = self._start()
        if spectral:
            gram *= self.e
            gram *= self.e[:, None]
            values, self.vectors = _eigh(gram)
            self.values = np.maximum(values, 0.0)
            self._matrix = None

    def _start(self):
        H = self.problem.tdot(self.rhs)
        return (H - self.split.cross @ self.inner)[self.on]

    def _triangle(self):
        """Reduce [C / e, c] to a triangle; decompose it if one spectrum will do."""
        problem, split = self.problem, self.split
        p = len(self.on)
        c = split.project(self.rhs)
        level = problem.columns.level or 1.0
        d = problem.d[self.on] * level
        pending, waiting = [], 0
        for rows, Z in problem.columns.row_blocks():
            B = Z[:, self.on] * d - split.Q[rows] @ split.cross[self.on].T
            pending.append(np.hstack([B, c[rows]]))
            waiting += len(B)
            if waiting >= 2 * p:
                pending, waiting = [np.linalg.qr(np.vstack(pending), mode="r")], 0
        T = np.linalg.qr(np.vstack(pending), mode="r")
        self.R, self.h = T[:p, :p], T[:p, p:]
        self.gradient = self.R.T @ self.h
        if uneven(self.e):
            return
        U, s, Vt = np.linalg.svd(self.R * self.e, full_matrices=False)
        self.values, self.vectors = s * s, Vt.T
        self.start = s[:, None] * (U.T @ self.h)

    # -- applying the inverse -------------------------------------------------

    def _solve(self, roots, targets):
        if self.precise and self.values is not None:
            V = self.vectors @ (self._filter(roots) * self.start[:, targets])
            return self._scatter(self.e[:, None] * V)
        if self.precise:
            return self._scatter(self._stacked(None, roots, targets))
        return self._scatter(self._inverse(self.gradient[:, targets], roots))

    def _invert(self, H, roots):
        return self._scatter(self._inverse(H[self.on], roots))

    def _inverse(self, H, roots):
        if self.values is not None:
            H = self.vectors.T @ (self.e[:, None] * H)
            H *= self._filter(roots)
            return self.e[:, None] * (self.vectors @ H)
        if self.precise:
            return self._stacked(H, roots, None)
        return self._by_alpha(H, roots)

    def _stacked(self, H, roots, targets):
        """Least squares with the triangle on top of the penalty, alpha by alpha."""
        out = np.zeros((len(self.on), len(roots)))
        for root in distinct(roots):
            at = np.flatnonzero(roots == root)
            basis, U = self._stack(root)
            if H is None:
                out[:, at] = basis @ (U.T @ self.h[:, targets[at]])
            else:
                out[:, at] = basis @ (basis.T @ H[:, at])
            if root == 0 and basis.shape[1] < len(basis):
                out[:, at] = self._least_norm(out[:, at])
        return out

    def _stack(self, root):
        """Factors of ``[R; sqrt(a)]``: its pseudo-inverse is ``basis [U, ...]'``."""
        a = self.problem.penalty(root)[self.on]
        scale = 1.0 / np.sqrt(1.0 + a)
        stack = np.vstack([self.R, np.diag(np.sqrt(a))]) * scale
        U, s, Vt = np.linalg.svd(stack, full_matrices=False)
        least = s[0] * EPS * max(self.problem.n_samples, len(a))
        if root == 0.0:
            least = max(least, self.problem.noise(self.split.e > 0))
        rank = int(np.sum(s > least))
        return scale[:, None] * Vt[:rank].T / s[:rank], U[: len(self.R), :rank]

    def bases(self, roots):
        """Yield bases W of the coefficients that diagonalise the problem.

        Yields
        ------
        at : ndarray of int
            Numbers of the root alphas that the basis serves.
        W : ndarray of shape (n_features, rank)
        start : ndarray of shape (rank, n_targets)
        weight : ndarray of shape (rank, len(at))
            ``(B'B + diag(a))^-1 = W diag(weight) W'`` for each alpha, and the solution
            is ``W (weight * start)``.
        """
        if self.values is not None:
            if self.precise:
                start = self.start
            else:
                start = self.vectors.T @ (self.e[:, None] * self.gradient)
            W = self._scatter(self.e[:, None] * self.vectors)
            yield np.arange(len(roots)), W, start, self._filter(roots)
            return
        for k, root in enumerate(roots):
            if self.precise:
                W, U = self._stack(root)
                start = U.T @ self.h
            else:
                W = _inverse_root(*self._cholesky(root))
                start = W.T @ self.gradient
            yield np.array([k]), self._scatter(W), start, np.ones((W.shape[1], 1))

    def _least_norm(self, V):
        """Of all solutions at alpha = 0, the limit of those at small alphas."""
        _, s, Vt = np.linalg.svd(self.R)
        least = s[0] * EPS * max(self.problem.n_samples, len(V))
        rank = int(np.sum(s > max(least, self.problem.noise(self.split.e > 0))))
        null = Vt[rank:].T
        weight = (1.0 / self.e)[:, None]
        weight = weight / weight.max()
        return V - null @ np.linalg.lstsq(weight * null, weight * V, rcond=None)[0]

    def _scatter(self, part):
        if self.every:
            return part
        V = np.zeros((self.problem.n_features, part.shape[1]), order="F")
        V[self.on] = part
        return V

    def _factorise(self, root):
        M = np.array(self._matrix, order="F")
        M[np.diag_indices_from(M)] += self.problem.penalty(root)[self.on]
        return _factorise(M, WORST[self.side])


class Dual(Factor):
    """Through the kernel matrix of the samples; the residual is the unknown.

    The eigenvectors leave out the directions that no penalised column reaches: the
    weighted constant, if there is an intercept, and `Split.Q`.
    """

    side = "kernel"

    def __init__(self, problem, split, spectral, precise=False):
        super().__init__(problem, split)
        self.precise = precise
        self._cache = {}
        self.c = split.project(problem.targets)
        if precise:
            self._triangle()
            return
        K = problem.kernel(split.e)
        if split.Q.shape[1]:
            K = split.project(split.project(K).T)
            K += K.T
            K *= 0.5
        self._matrix = K
        if spectral:
            for direction in self._unreachable(np.linalg.norm(K)):
                K += np.multiply.outer(direction, direction)
            values, vectors = _eigh(K)
            self._keep(values, vectors)
            self._matrix = None

    def _unreachable(self, size):
        """Directions outside the range of the kernel, of squared length 2 `size`."""
        length = np.sqrt(2.0 * size)
        root = self.problem.root
        if self.problem.fit_intercept:
            yield length * root
        yield from length * self.split.Q.T
        for i in np.flatnonzero(root == 0):
            unit = np.zeros(len(root))
            unit[i] = length
            yield unit

    def _keep(self, values, vectors):
        """Drop the unreachable directions, which have the largest eigenvalues."""
        n_out = self.problem.fit_intercept + self.split.Q.shape[1]
        n_out += np.count_nonzero(self.problem.root == 0)
        order = np.argsort(values)[: max(0, len(values) - n_out)]
        self.values = np.maximum(values[order], 0.0)
        self.vectors = vectors[:, order]

    def _triangle(self):
        """Reduce C' to a triangle T: C = T'Q', and take the singular values of T."""
        problem, split = self.problem, self.split
        level = problem.columns.level or 1.0
        scale = problem.d * split.e * level
        pending, size, waiting = [], 0.0, 0
        for cols in problem.columns.column_slices():
            Z = problem.columns.block(slice(None), cols) * scale[cols]
            C = split.project(Z).T
            size += float(np.einsum("ij,ij->", C, C))
            pending.append(C)
            waiting += len(C)
            if waiting >= 2 * problem.n_samples:
                pending, waiting = [np.linalg.qr(np.vstack(pending), mode="r")], 0
        pending += [row[None, :] for row in self._unreachable(size)]
        T = np.linalg.qr(np.vstack(pending), mode="r")
        _, s, Vt = np.linalg.svd(T)
        values = np.zeros(len(Vt))
        values[: len(s)] = s * s
        self._keep(values, Vt.T)

    def _solve(self, roots, targets):
        theta = self._inverse(self.c[:, targets], roots)
        return self._from_dual(theta)

    def _invert(self, H, roots):
        e = self.split.e[:, None]
        x = self.split.project(self.problem.dot(e * (e * H)))
        y = self._inverse(x, roots)
        zero = roots == 0
        if zero.all():
            return self._from_dual(self._inverse(y, roots))
        # Woodbury; at alpha = 0 the pseudo-inverse instead.
        V = e * (e * H) - self._from_dual(y)
        V /= np.where(zero, 1.0, roots) ** 2
        if zero.any():
            V[:, zero] = self._from_dual(self._inverse(y[:, zero], roots[zero]))
        return V

    def _from_dual(self, theta):
        """``e C' theta``: the coefficients of a dual vector."""
        H = self.problem.tdot(theta)
        if self.split.Q.shape[1]:
            H -= self.split.cross @ (self.split.Q.T @ theta)
        H *= (self.split.e**2)[:, None]
        return H

    def _inverse(self, X, roots):
        if self.values is None:
            return self._by_alpha(X, roots)
        return self.vectors @ (self._filter(roots) * (self.vectors.T @ X))

    def _factorise(self, root):
        M = np.array(self._matrix, order="F")
        M[np.diag_indices_from(M)] += root * root
        return _factorise(M, WORST[self.side])


def uneven(e):
    """Whether columns differ so much in norm that one spectrum will not do for all."""
    e = e[e > 0]
    return bool(e.size) and e.max() > UNEVEN * e.min()


def _eigh(M):
    """Eigenvalues and eigenvectors of a symmetric matrix."""
    if not M.size:
        return np.zeros(0), np.zeros(M.shape)
    return np.linalg.eigh(M)
