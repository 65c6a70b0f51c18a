"""Penalties of one output or several, in the units of the design.

Blocks of coefficients and correlations are (n_columns, n_vectors), the outputs of an alpha
side by side; values per vector are those of the alpha, or an equal part of it.
"""

import numpy as np

NEGLIGIBLE = 1e-10  # penalty weight that is lost in rounding, as in `penalty.pxd`
FAR = 1e3  # assumed bound on the norm of an unpenalised row, relative to the largest


class SeparatePenalty:
    """A penalty of every coefficient on its own.

    Parameters
    ----------
    column_penalty : ColumnPenalty
    n_outputs : int
    """

    rows = False

    def __init__(self, column_penalty, n_outputs):
        self.column_penalty, self.n_outputs = column_penalty, n_outputs

    @staticmethod
    def size_of(A):
        """Sizes of coefficients or correlations, as the penalty sees them."""
        return np.abs(A)

    def strongest(self, C, columns):
        """Of the correlations with all outputs, the strongest that may move a coefficient:
        (n_columns, n_alphas)."""
        C, column_penalty = self.by_alpha(C), self.column_penalty
        up, down = C.max(axis=2), -C.min(axis=2)
        if column_penalty.lower is None:
            return np.maximum(up, down)
        up = np.where(column_penalty.upper[columns, None] > 0, up, 0.0)
        down = np.where(column_penalty.lower[columns, None] < 0, down, 0.0)
        return np.where(up >= down, up, -down)

    def by_alpha(self, C):
        """View of a block as (n_columns, n_alphas, n_outputs)."""
        n_alphas = C.shape[1] // self.n_outputs
        return C[:, :n_alphas * self.n_outputs].reshape(len(C), n_alphas, self.n_outputs)

    def value(self, W, alphas, columns):
        """Penalty of each vector."""
        return self.column_penalty.value(W, alphas, columns)

    def certify(self, C, columns, W, alphas, loss, squared=False):
        """Gap and KKT violation of the alpha, and penalty of each vector; `loss` is twice
        that of the alpha, and may be `squared`."""
        if self.n_outputs == 1:
            return self.column_penalty.certify(C, columns, W, alphas, loss, False)
        gap, kkt, penalty = self.column_penalty.certify(
            C, columns, W, alphas, np.ascontiguousarray(loss), False, True
        )
        return gap, np.full(len(kkt), kkt.max()), penalty

    def drop_rounding(self, columns, W, alphas, noise):
        """As of `ColumnPenalty`."""
        self.column_penalty.drop_rounding(columns, W, alphas, noise)

    def second_order(self, w, alphas, columns):
        """Of active coefficients: the gradient of the penalty, the product with its Hessian
        (a function), the diagonal of that, and which coefficients may move."""
        column_penalty = self.column_penalty
        l1 = np.multiply.outer(column_penalty.l1[columns], alphas)
        l2 = np.multiply.outer(column_penalty.l2[columns], alphas)
        lower, upper = self._bounds(columns)
        free = ((w != 0) | (l1 == 0)) & (w > lower) & (w < upper)
        return l1 * np.sign(w) + l2 * w, lambda P: free * l2 * P, l2, free

    def without_sign_changes(self, w, new, columns):
        """New coefficients in place of w, zero for those that have changed their sign."""
        new = np.clip(new, *self._bounds(columns))
        held = self.column_penalty.l1[columns, None] > 0
        return np.where((new * w < 0) & held, 0.0, new)

    def _bounds(self, columns):
        column_penalty = self.column_penalty
        if column_penalty.lower is None:
            return -np.inf, np.inf
        return column_penalty.lower[columns, None], column_penalty.upper[columns, None]


class RowPenalty(SeparatePenalty):
    """``l1_j ||W_j|| + l2_j / 2 ||W_j||^2`` of each row W_j of coefficients."""

    rows = True

    @staticmethod
    def norms(A):
        """Euclidean norm of each row."""
        return np.sqrt(np.einsum("ij,ij->i", A, A))

    @staticmethod
    def size_of(A):
        return RowPenalty.norms(A)

    def strongest(self, C, columns):
        return np.sqrt(np.einsum("ijk,ijk->ij", *2 * [self.by_alpha(C)]))

    def value(self, W, alphas, columns):
        l1, l2 = self.column_penalty.l1[columns], self.column_penalty.l2[columns]
        value = l1 @ self.norms(W) + 0.5 * (l2 @ np.einsum("ij,ij->i", W, W))
        return np.full(W.shape[1], alphas[0] * value / W.shape[1])

    def certify(self, C, columns, W, alphas, loss, squared=False):
        column_penalty, size = self.column_penalty, len(W)
        alpha, norms = alphas[0], self.norms
        l1, l2 = alpha * column_penalty.l1[columns], alpha * column_penalty.l2[columns]
        Z = C[:, :W.shape[1]].copy()
        Z[:size] -= l2[:size, None] * W
        z, w, square = norms(Z), norms(W), np.einsum("ij,ij->i", W, W)
        penalty = float(l1[:size] @ w + 0.5 * (l2[:size] @ square))
        objective = 0.5 * loss[0] + penalty
        beyond = np.maximum(z - l1, 0.0)
        # an l1 that is lost in rounding is left to the conjugate of the ridge part
        held = (l1 >= NEGLIGIBLE) | ((l1 > 0) & (l2 == 0))
        ridge = ~held & (l2 > 0)
        inside = held[:size]
        # the residual, shrunk by kappa, is dual feasible
        kappa = 1.0 / (1.0 + float((beyond[held] / l1[held]).max(initial=0.0)))
        terms = l1[:size] * w - kappa * np.einsum("ij,ij->i", Z[:size], W)
        gap = float(np.maximum(terms, 0.0)[inside].sum())
        gap += float((l1[:size] * w)[~inside].sum())
        smooth = 0.5 * loss[0] + 0.5 * float(l2[:size] @ square)
        gap += (1.0 - kappa) ** (2 if squared else 1) * smooth
        gap += 0.5 * float((z[ridge] ** 2 / l2[ridge]).sum())
        gap += FAR * (w.max(initial=0.0) + 1.0) * float(z[~held & ~ridge].sum())
        gap += column_penalty.rounding
        kkt = beyond * column_penalty.unit[columns]
        active = np.flatnonzero(w > 0)
        rest = Z[active] - (l1[active] / w[active])[:, None] * W[active]
        kkt[active] = norms(rest) * column_penalty.unit[columns[active]]
        figures = min(max(gap, 0.0), objective), kkt.max(initial=0.0), penalty / W.shape[1]
        return np.repeat(np.array(figures)[:, None], W.shape[1], axis=1)

    def drop_rounding(self, columns, W, alphas, noise):
        kept = W.copy()
        self.column_penalty.drop_rounding(columns, kept, alphas, noise)
        W[~kept.any(axis=1)] = 0.0  # in a row that is active, entries may be of any size

    def second_order(self, w, alphas, columns):
        l1 = alphas[0] * self.column_penalty.l1[columns]
        l2 = alphas[0] * self.column_penalty.l2[columns]
        size = self.norms(w)
        curvature = np.divide(l1, size, out=np.zeros_like(l1), where=size > 0)
        unit = np.divide(w, size[:, None], out=np.zeros_like(w), where=size[:, None] > 0)

        def hold(P):
            along = np.einsum("ij,ij->i", unit, P)[:, None] * unit
            return l2[:, None] * P + curvature[:, None] * (P - along)

        diagonal = np.repeat((l2 + curvature)[:, None], w.shape[1], axis=1)
        slope = l1[:, None] * unit + l2[:, None] * w
        return slope, hold, diagonal, np.ones(w.shape, dtype=bool)

    def without_sign_changes(self, w, new, columns):
        turned = (np.einsum("ij,ij->i", new, w) < 0) & (self.column_penalty.l1[columns] > 0)
        return np.where(turned[:, None], 0.0, new)
