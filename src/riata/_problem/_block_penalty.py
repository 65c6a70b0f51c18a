"""Penalties on norms of groups of coefficients, in the units of the design.

A coefficient w of the design is ``v = scale w`` for the penalty, and objectives of the
design are `objective` times the user's: a correlation c of the design is the gradient
``c / (objective scale)`` with respect to v. The critical alpha of a group is the least one
for which coefficients of zero are optimal, given its gradient; for the group lasso it is
the norm of the gradient divided by the weight.
"""

import numpy as np

from .._core.block_descent import group_norms

EPS = float(np.finfo(float).eps)
MOST_STEPS = 60  # for a critical alpha


class BlockPenalty:
    """What `ColumnPenalty` is for the elastic net, for groups of columns.

    Parameters
    ----------
    penalty : riata.penalties.Group
    column_penalty : ColumnPenalty
        Of the elastic net with the groups' weights as factors.
    scale : ndarray (n_features,)
        What one unit of a coefficient of the design is for the penalty; 0 for columns
        that are left out.
    objective : float

    Attributes
    ----------
    group : ndarray of intp (n_features,)
        The group of each column.
    la : ndarray (n_features,)
    lg, ridge : ndarray (n_groups,)
        Weights of absolute values, norms and half the squared norms at ``alpha = 1``.
    """

    convex = has_gap = by_blocks = True
    piecewise_linear = False

    def __init__(self, penalty, column_penalty, scale, objective):
        # in units in which coefficients are of the size of the design's
        unit = 2.0 ** np.frexp(scale.max(initial=0.0))[1] if scale.any() else 1.0
        objective, scale = objective * unit, scale / unit
        self.group, self.objective, self.scale = penalty.codes_, objective, scale
        weight = np.where(np.isfinite(penalty.group_weights_), penalty.group_weights_, 0.0)
        self.n_groups, self.held = len(weight), weight > 0.0
        l1 = penalty.l1_ratio
        self.lg = l1 * (1.0 - penalty.l1_share) * weight
        self.la = l1 * penalty.l1_share * np.where(self.held, 1.0, 0.0)[self.group]
        self.ridge = (1.0 - l1) * weight * unit
        with np.errstate(divide="ignore"):
            self.inverse = np.where(scale > 0.0, 1.0 / (objective * scale), 0.0)
        self.l1, self.l2 = column_penalty.l1, column_penalty.l2  # 0 where unpenalised
        self.unit, self.rounding = column_penalty.unit, column_penalty.rounding
        self.lower = self.upper = None
        self._members = np.argsort(self.group, kind="stable")
        self._first = np.searchsorted(self.group[self._members], np.arange(self.n_groups))
        largest = np.zeros(self.n_groups)
        np.maximum.at(largest, self.group, objective * scale * self.unit)
        self._kkt_unit = largest[:, None]

    # --- Groups and their columns.

    def whole(self, columns, mask):
        """Columns, with the others of their groups that are not in the working set."""
        wanted = np.zeros(self.n_groups, dtype=bool)
        wanted[self.group[columns]] = True
        used = wanted[self.group] & (np.asarray(mask) == 0) & (self.scale > 0)
        return self._members[used[self._members]]

    def together(self, wanted, columns):
        """Which columns are wanted: all of a group, if any of it is."""
        groups = np.zeros(self.n_groups, dtype=bool)
        groups[self.group[columns[wanted]]] = True
        return groups[self.group[columns]]

    def _sums(self, values, cols):
        """Sums over the groups of values (n_cols, n_alphas); (n_groups, n_alphas)."""
        out = np.empty((self.n_groups, values.shape[1]))
        for k in range(values.shape[1]):
            out[:, k] = np.bincount(self.group[cols], values[:, k], self.n_groups)
        return out

    def _norms(self, C, cols, alphas):
        """Norms of the soft-thresholded gradients; (n_groups, n_alphas)."""
        out = np.zeros((self.n_groups, len(alphas)))
        group_norms(C, cols, self.inverse, self.group, self.la, alphas, out)
        return np.sqrt(out, out=out)

    def critical(self, C, cols, alphas):
        """Critical alpha of each group that has one above `alphas`, 0 for the others:
        (n_groups, n_alphas).

        The norm of the soft-thresholded gradient less that of the group's weight is a
        convex function of alpha, on which Newton's steps rise to the root.
        """
        norms = self._norms(C, cols, alphas)
        beyond = (norms > self.lg[:, None] * alphas) & self.held[:, None]
        out = np.zeros(norms.shape)
        for k in np.flatnonzero(beyond.any(axis=0)):
            groups = np.flatnonzero(beyond[:, k])
            if not self.la.any():
                out[groups, k] = norms[groups, k] / self.lg[groups]
            else:
                out[groups, k] = self._roots(C[:, k], cols, groups, alphas[k])
        return out

    def _roots(self, c, cols, groups, alpha):
        """Critical alphas of some groups, which are above `alpha`."""
        place = np.full(self.n_groups, -1)
        place[groups] = np.arange(len(groups))
        at = place[self.group[cols]]
        used = at >= 0
        at, size = at[used], (np.abs(c) * self.inverse[cols])[used]
        la, lg = self.la[cols[used]], self.lg[groups]
        root = np.full(len(groups), float(alpha))
        for _ in range(MOST_STEPS):
            x = np.maximum(size - root[at] * la, 0.0)
            norm = np.sqrt(np.bincount(at, x * x, len(groups)))
            fall = np.bincount(at, x * la, len(groups))
            fall = np.divide(fall, norm, out=np.zeros_like(norm), where=norm > 0.0) + lg
            value = np.maximum(norm - root * lg, 0.0)
            step = np.divide(value, fall, out=np.zeros_like(norm), where=fall > 0.0)
            root += step
            if (step <= 2.0 * EPS * root).all():
                break
        return root * (1.0 + 8.0 * EPS)

    # --- As of `ColumnPenalty`.

    def dual_norm(self, C, columns):
        """Critical alphas of the columns' groups; (n_columns, n_alphas)."""
        found = self.critical(np.ascontiguousarray(C), columns, np.zeros(C.shape[1]))
        return found[self.group[columns]]

    def alpha_max(self, c):
        """The least alpha at which all penalised coefficients are zero."""
        columns = np.flatnonzero(self.scale > 0.0)
        C = np.ascontiguousarray(c[columns, None])
        return float(self.critical(C, columns, np.zeros(1)).max(initial=0.0))

    def value(self, W, alphas, columns):
        """Penalty at each alpha."""
        V = self.scale[columns, None] * W
        squares = self._sums(V * V, columns)
        value = self.lg @ np.sqrt(squares) + 0.5 * (self.ridge @ squares)
        return self.objective * alphas * (value + self.la[columns] @ np.abs(V))

    def predict(self, c, slope, alpha, target, gamma, in_working):
        """Columns outside the working set whose groups may be active at alpha = `target`,
        and the groups' critical alphas."""
        columns = np.flatnonzero((np.asarray(in_working) == 0) & (self.scale > 0.0))
        least = np.array([max(target - gamma * (alpha - target), 0.0)])
        ahead = c[columns] + (target - alpha) * slope[columns]
        critical = self.critical(ahead[:, None].copy(), columns, least)[:, 0]
        priority = critical[self.group[columns]]
        keep = priority > 0.0
        return columns[keep], priority[keep]

    def violators(self, C, cols, first, alphas, margin):
        """Columns whose groups violate their KKT condition at zero, and by how much."""
        alphas = alphas[first:]
        C = np.ascontiguousarray(C[:, first:first + len(alphas)])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.critical(C, cols, margin * alphas) / alphas
        top = np.nan_to_num(ratio, posinf=np.inf).max(axis=1, initial=0.0)
        top = top[self.group[cols]]
        keep = top > 0.0
        return cols[keep], top[keep]

    def certify(self, C, cols, W, alphas, loss, squared=True, joint=False):
        """Gap, KKT violation and penalty of each alpha.

        The residual, shrunk by kappa until no group is beyond its critical alpha, is
        dual feasible; the gap is a sum of terms that are not negative.
        """
        count, size = len(alphas), len(W)
        group, scale = self.group[cols[:size]], self.scale[cols[:size], None]
        V = scale * W[:, :count]
        l2 = np.multiply.outer(self.ridge[group], alphas)
        Z = np.ascontiguousarray(C[:, :count])
        if self.ridge.any():
            Z = Z.copy()
            Z[:size] -= self.objective * scale * l2 * V
        critical = self.critical(Z, cols, alphas).max(axis=0, initial=0.0)
        critical[alphas == 0.0] = 0.0  # where nothing holds a coefficient
        with np.errstate(divide="ignore", invalid="ignore"):
            kappa = np.where(critical > alphas, alphas / critical, 1.0)
        z = self.inverse[cols[:size], None] * Z[:size]
        terms, penalty = self._terms(z, V, group, cols[:size], alphas, kappa)
        left = 0.5 * np.asarray(loss)[:count] / self.objective
        ridge = 0.5 * (l2 * V * V).sum(axis=0)
        gap = terms + (1.0 - kappa) ** (2 if squared else 1) * (left + ridge)
        norms = self._norms(Z, cols, alphas)
        distance = self._distances(norms, z, V, group, cols[:size], alphas)
        kkt = (self._kkt_unit * distance).max(axis=0, initial=0.0)
        free = ~self.held[self.group[cols], None] | (alphas == 0.0)
        if free.any():  # what is left to be gained, to second order
            gap = gap + 0.5 * (np.where(free, Z, 0.0) ** 2).sum(axis=0) / self.objective
        gap = np.minimum(gap, left + penalty)
        return self.objective * gap + self.rounding, kkt, self.objective * penalty

    def _terms(self, z, V, group, columns, alphas, kappa):
        """Fenchel's terms of the groups, added up, and the penalty; without cancellation.

        With ``kappa z = q + x``, q being what the absolute values can hold:
        ``sum_j (la |v_j| - q_j v_j) + (lg - m) t + t m / 2 ||v / t - x / m||^2`` for the
        norms t of v and m of x.
        """
        la = np.multiply.outer(self.la[columns], alphas)
        lg, place = np.multiply.outer(self.lg, alphas), np.arange(len(columns))
        kz = kappa * z
        q = np.clip(kz, -la, la)
        x = kz - q
        t, m = (np.sqrt(self._group_sums(A * A, group)) for A in (V, x))
        unit = [
            np.divide(A, n[group], out=np.zeros_like(A), where=n[group] > 0.0)[place]
            for A, n in ((V, t), (x, m))
        ]
        chord = self._group_sums((unit[0] - unit[1]) ** 2, group)
        held = self.held[group, None]
        absolute = np.where(held, la * np.abs(V) - q * V, 0.0).sum(axis=0)
        parts = np.maximum(lg - m, 0.0) * t + 0.5 * t * m * chord
        terms = absolute + np.where(self.held[:, None], parts, 0.0).sum(axis=0)
        squares = self.ridge @ (t * t)
        penalty = (la * np.abs(V)).sum(axis=0) + (lg * t).sum(axis=0)
        return terms, penalty + 0.5 * alphas * squares

    def _group_sums(self, values, group):
        out = np.empty((self.n_groups, values.shape[1]))
        for k in range(values.shape[1]):
            out[:, k] = np.bincount(group, values[:, k], self.n_groups)
        return out

    def _distances(self, norms, z, V, group, columns, alphas):
        """Distance of each group's gradient to the subdifferential of its penalty."""
        lg, la = np.multiply.outer(self.lg, alphas), np.multiply.outer(
            self.la[columns], alphas
        )
        out = np.maximum(norms - lg, 0.0)
        t = np.sqrt(self._group_sums(V * V, group))
        slope = np.divide(lg, t, out=np.zeros_like(t), where=t > 0.0)[group]
        rest = np.where(
            V != 0.0, np.abs(z - la * np.sign(V) - slope * V),
            np.maximum(np.abs(z) - la, 0.0),
        )
        inside = np.sqrt(self._group_sums(rest * rest, group))
        return np.where(t > 0.0, inside, out)

    def drop_rounding(self, columns, W, alphas, noise):
        """Nothing is dropped: steps end at exact zeros."""
