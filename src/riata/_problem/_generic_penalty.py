"""Penalties that are written in NumPy, in the units of the design.

A coefficient w of the design is ``v = unit w`` for the penalty, and objectives of the
design are `objective` times the user's: a correlation c of the design is the gradient
``c / (objective unit)`` with respect to v.
"""

import numpy as np


class GenericPenalty:
    """What `ColumnPenalty` is for the elastic net, for any separable penalty.

    Parameters
    ----------
    penalty : riata.penalties.Penalty
    column_penalty : ColumnPenalty
        Of the lasso with the same factors: the scale of correlations.
    unit : ndarray (n_features,)
        What one unit of a coefficient of the design is for the penalty.
    factor : ndarray (n_features,) or None
        Penalty factors.
    objective : float

    Attributes
    ----------
    has_gap : bool
        Whether `certify` returns duality gaps; otherwise it returns what a step on each
        coefficient could gain, to second order.
    """

    piecewise_linear = by_blocks = False

    def __init__(self, penalty, column_penalty, unit, factor, objective):
        self.penalty, self.objective, self.convex = penalty, objective, penalty.convex
        self.factor = np.ones(len(unit)) if factor is None else factor
        self.scale, self.held = unit, column_penalty.l1 > 0
        self.l1, self.l2 = column_penalty.l1, column_penalty.l2
        self.unit = column_penalty.unit
        self.lower = self.upper = None
        self.rounding = column_penalty.rounding
        terms = penalty.gap_terms(np.zeros(1), np.zeros(1), 1.0, 1.0)
        self.has_gap = penalty.convex and terms is not None

    def _gradient(self, C, columns):
        """Correlations as gradients with respect to the penalty's coefficients."""
        scale = (self.objective * self.scale[columns])[:, None]
        return np.divide(C, scale, out=np.zeros(C.shape), where=scale > 0)

    def _alphas(self, alphas, columns):
        return np.multiply.outer(self.factor[columns], alphas)

    def dual_norm(self, C, columns):
        """The least alpha at which coefficients of zero are optimal; 0 for those that are
        unpenalised."""
        norm = self.penalty.dual_norm(self._gradient(C, columns))
        factor = np.where(self.held[columns], self.factor[columns], np.inf)
        return norm / factor[:, None]

    def alpha_max(self, c):
        """The least alpha at which all penalised coefficients are zero."""
        columns = np.flatnonzero(self.held)
        return float(self.dual_norm(c[columns, None], columns).max(initial=0.0))

    def value(self, W, alphas, columns):
        """Penalty at each alpha."""
        V = self.scale[columns][:, None] * W
        values = self.penalty.value(V, self._alphas(alphas, columns))
        return self.objective * values.sum(axis=0)

    def prox(self, u, curvature, alpha, columns):
        """Minimisers of ``curvature / 2 w^2 - u w + penalty``, arrays of one shape."""
        scale = self.scale[columns]
        v = self.penalty.prox(
            u / (self.objective * scale), curvature / (self.objective * scale**2),
            alpha * self.factor[columns],
        )
        free = u / curvature  # where nothing holds a coefficient
        return np.where(self.held[columns], v / scale, free)

    def together(self, wanted, columns):
        """Which columns are wanted, given for which there is a reason of their own."""
        return wanted

    def whole(self, columns, mask):
        """As of `ColumnPenalty`."""
        return columns

    def predict(self, c, slope, alpha, target, gamma, in_working):
        """As of `ColumnPenalty`: columns outside the working set that may be active at
        alpha = `target`."""
        columns = np.flatnonzero((np.asarray(in_working) == 0) & self.held)
        ahead = c[columns] + (target - alpha) * slope[columns]
        priority = self.dual_norm(ahead[:, None], columns)[:, 0]
        keep = (priority >= target - gamma * (alpha - target)) & (ahead != 0.0)
        return columns[keep], priority[keep]

    def violators(self, C, cols, first, alphas, margin):
        """As of `ColumnPenalty`: columns that violate their KKT condition at zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.dual_norm(C[:, first:len(alphas)], cols) / alphas[first:]
        top = np.nan_to_num(ratio, posinf=np.inf).max(axis=1, initial=0.0)
        keep = top > margin
        return cols[keep], top[keep]

    def certify(self, C, cols, W, alphas, loss, squared=True, joint=False):
        """As of `ColumnPenalty`."""
        count, size = len(alphas), len(W)
        C, V = C[:, :count], np.zeros((len(cols), count))
        V[:size] = self.scale[cols[:size], None] * W[:, :count]
        gradient, strength = self._gradient(C, cols), self._alphas(alphas, cols)
        held = self.held[cols, None] & (alphas > 0.0)
        violation = np.where(
            held, self.penalty.violation(gradient, V, strength), np.abs(gradient)
        )
        violation *= (self.objective * self.scale[cols])[:, None]
        kkt = (violation * self.unit[cols, None]).max(axis=0, initial=0.0)
        values = self.objective * self.penalty.value(V, strength)
        penalty = values.sum(axis=0)
        if not self.has_gap:
            return 0.5 * (violation**2).sum(axis=0) + self.rounding, kkt, penalty
        with np.errstate(divide="ignore", invalid="ignore"):
            kappa = np.where(held, alphas / self.dual_norm(C, cols), 1.0)
        kappa = kappa.min(axis=0, initial=1.0)
        terms = self.penalty.gap_terms(gradient, V, strength, kappa)
        gap = self.objective * np.maximum(np.where(held, terms, 0.0), 0.0).sum(axis=0)
        left = 0.5 * np.asarray(loss)[:count]
        gap += (1.0 - kappa) ** 2 * left if squared else (1.0 - kappa) * left
        # what columns without a penalty leave to be gained, to second order
        gap += 0.5 * np.where(held, 0.0, violation**2).sum(axis=0)
        return np.minimum(gap, left + penalty) + self.rounding, kkt, penalty

    def drop_rounding(self, columns, W, alphas, noise):
        """Nothing is dropped: `prox` returns exact zeros."""
