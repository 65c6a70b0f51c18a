"""The inside of `datasets.make_planted_problem`."""

import numpy as np


def as_vector(name, value, default, size):
    value = np.asarray(default if value is None else value, dtype=np.float64)
    if value.shape not in ((), (size,)):
        raise ValueError(
            f"{name} must be a number or have shape ({size},), got {value.shape}."
        )
    return np.broadcast_to(value, (size,))


class Planter:
    """Solution and residual that satisfy the optimality conditions on X.

    X (float64, dense or CSC) is changed in place: columns with a zero coefficient
    are bent towards orthogonality with the residual where they violate theirs.
    """

    def __init__(
        self,
        rng,
        X,
        alpha,
        l1_ratio,
        *,
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
    ):
        n_samples, n_features = X.shape
        self.rng, self.X, self.fit_intercept = rng, X, fit_intercept
        weight = as_vector("sample_weight", sample_weight, 1.0, n_samples)
        if not (np.all(weight >= 0) and weight.sum() > 0):
            raise ValueError("sample_weight must be at least 0, with a positive sum.")
        self.q = weight / weight.sum()
        factor = as_vector("penalty_factor", penalty_factor, 1.0, n_features)
        if not np.all(factor >= 0):
            raise ValueError(f"penalty_factor must be at least 0, got {factor.min()}.")
        lower = as_vector("lower", lower, -np.inf, n_features)
        upper = as_vector("upper", upper, np.inf, n_features)
        if not (np.all(lower <= 0) and np.all(upper >= 0)):
            raise ValueError("bounds must satisfy lower <= 0 <= upper.")
        # Excluded columns are those whose bounds leave only zero.
        usable = np.isfinite(factor)
        if standardize:
            usable &= np.array([self._sd(j) > 0 for j in range(n_features)])
        self.lower = np.where(usable, lower, 0.0)
        self.upper = np.where(usable, upper, 0.0)
        self.free = self.lower < self.upper
        self.l1 = alpha * l1_ratio * np.where(usable, factor, 0.0)
        self.l2 = alpha * (1 - l1_ratio) * np.where(usable, factor, 0.0)
        self.standardize = standardize
        # Without an L1 penalty the residual determines the coefficient.
        self.ridge = self.free & (self.l1 == 0) & (self.l2 > 0)
        self.unpenalised = self.free & (self.l1 == 0) & (self.l2 == 0)

    def plant(self, n_nonzero, noise):
        coef = self._draw_coef(n_nonzero)
        pinned = np.flatnonzero((coef != 0) | self.unpenalised)
        target = np.array([self._target(j, coef[j]) for j in pinned])
        residual = self._residual(pinned, target, noise)
        for j in np.flatnonzero(self.ridge):
            rows, values = self._column(j)
            c = np.sum(self.q[rows] * values * residual[rows])
            l2 = self.l2[j] * self._scale(j) ** 2
            coef[j] = np.clip(c / l2, self.lower[j], self.upper[j])
        for j in np.flatnonzero(self.free & (coef == 0) & (self.l1 > 0)):
            self._bend(j, residual)
        return coef, residual

    def _column(self, j):
        """Row indices and values of column j; the values are a view of X."""
        if isinstance(self.X, np.ndarray):
            return slice(None), self.X[:, j]
        start, stop = self.X.indptr[j], self.X.indptr[j + 1]
        return self.X.indices[start:stop], self.X.data[start:stop]

    def _sd(self, j):
        rows, values = self._column(j)
        q = self.q[rows]
        mean = np.sum(q * values)
        absent = max(0.0, 1.0 - q.sum())
        return np.sqrt(np.sum(q * (values - mean) ** 2) + absent * mean**2)

    def _scale(self, j):
        return self._sd(j) if self.standardize else 1.0

    def _draw_coef(self, n_nonzero):
        """Coefficients in [0.5, 2] and [-2, -0.5], moved inside the bounds."""
        coef = np.zeros(self.free.size)
        candidates = np.flatnonzero(self.free & (self.l1 > 0))
        candidates = [j for j in candidates if self._sd(j) > 1e-3]
        size = min(n_nonzero, len(candidates))
        chosen = self.rng.permutation(candidates)[:size].astype(np.intp)
        chosen = np.concatenate([chosen, np.flatnonzero(self.unpenalised)])
        magnitude = self.rng.uniform(0.5, 2.0, chosen.size)
        # A sign that the bounds allow: a coefficient of the solution is not zero.
        sign = self.rng.choice([-1.0, 1.0], chosen.size)
        sign[self.upper[chosen] == 0] = -1.0
        penalised = self.l1[chosen] > 0
        sign[(self.lower[chosen] == 0) & penalised] = 1.0
        coef[chosen] = np.clip(sign * magnitude, self.lower[chosen], self.upper[chosen])
        return coef

    def _target(self, j, w):
        """The correlation with the residual that is optimal at coefficient w."""
        scale = self._scale(j)
        c = self.l2[j] * scale**2 * w + self.l1[j] * scale * np.sign(w)
        # On a bound any surplus in its direction is optimal; it is made positive so
        # that the solution is unique and stable.
        surplus = self.rng.uniform(0.05, 0.5)
        if w == self.upper[j]:
            return c + surplus
        if w == self.lower[j]:
            return c - surplus
        return c

    def _residual(self, pinned, target, noise):
        """Residual with the given correlations with the pinned columns (and 1)."""
        rows = np.flatnonzero(self.q > 0)
        root = np.sqrt(self.q[rows])[:, None]
        A = self.X[:, pinned]
        A = A if isinstance(A, np.ndarray) else A.toarray()
        A = A[rows]
        if self.fit_intercept:
            A = np.column_stack([A, np.ones(rows.size)])
            target = np.append(target, 0.0)
        if A.shape[1] > rows.size:
            raise ValueError(
                f"the solution has {A.shape[1]} unknowns but only {rows.size} samples "
                "have a positive weight; ask for fewer non-zero coefficients, fewer "
                "columns without penalty, or more samples."
            )
        B = root * A
        Q, R = np.linalg.qr(B)
        diagonal = np.abs(np.diag(R))
        if np.any(diagonal < 1e-8 * np.sqrt(np.sum(B * B, axis=0))):
            raise ValueError(
                "the columns of the solution are linearly dependent; use another "
                "random_state, a higher density or more samples."
            )
        t = root[:, 0] * self.rng.normal(scale=noise, size=rows.size)
        # Two corrections: the second removes the rounding of the first.
        for _ in range(2):
            t += Q @ np.linalg.solve(R.T, target - B.T @ t)
        residual = self.rng.normal(scale=10.0, size=self.q.size)
        residual[rows] = t / root[:, 0]
        return residual

    def _bend(self, j, residual):
        """Move column j along the residual until 0 is its optimal coefficient."""
        rows, values = self._column(j)
        r, q = residual[rows], self.q[rows]
        for fraction in (0.5, 0.0):
            c = np.sum(q * values * r)
            limit = self.l1[j] * self._scale(j)
            if (c <= 0.9 * limit or self.upper[j] == 0) and (
                c >= -0.9 * limit or self.lower[j] == 0
            ):
                return
            values -= r * ((c - fraction * np.sign(c) * limit) / np.sum(q * r * r))
