"""Several classes whose coefficients are penalised by rows: a feature for all or none.

Steps to the optimum of a model in which the classes do not meet, by descent along rows,
find the rows; Newton steps with all of the Hessian, on the rows that are not zero, end
what they begin.
"""

import numpy as np

from .._core.row_descent import descend_rows
from ._multinomial import MultinomialSteps

ENOUGH = 1e-3  # share of the first sweep's change at which descent along rows ends
MAX_SWEEPS = 200
NEGLIGIBLE = 1e-10  # strength of an L1 part, as in `riata._core.penalty`
FAR = 1e3  # how far a row that nothing holds may be, in units of the largest


def norms(A):
    """Euclidean norm of each row."""
    return np.sqrt(np.einsum("ij,ij->i", A, A))


def certify(strengths, C, cols, B, alpha, loss):
    """Gap, KKT violation and penalty, as of `Strengths.certify`, with the norms of rows in
    place of sizes.

    Parameters
    ----------
    strengths : Strengths
    C : ndarray (n_cols, >= n_classes)
    cols : ndarray (n_cols,)
        The working set first.
    B : ndarray (size, n_classes)
    alpha : float
    loss : float
        Twice the loss.

    Returns
    -------
    gap, kkt, penalty : float
    """
    size = len(B)
    l1, l2 = alpha * strengths.l1[cols], alpha * strengths.l2[cols]
    Z = C[:, :B.shape[1]].copy()
    Z[:size] -= l2[:size, None] * B
    z, w, square = norms(Z), norms(B), np.einsum("ij,ij->i", B, B)
    penalty = float(l1[:size] @ w + 0.5 * (l2[:size] @ square))
    objective = 0.5 * loss + penalty
    excess = np.maximum(z - l1, 0.0)
    # an l1 that is lost in rounding is left to the conjugate of the ridge part
    held = (l1 >= NEGLIGIBLE) | ((l1 > 0) & (l2 == 0))
    ridge = ~held & (l2 > 0)
    inside = held[:size]
    gap = float((l1[:size] * w - np.einsum("ij,ij->i", Z[:size], B))[inside].sum())
    gap += float((l1[:size] * w)[~inside].sum())
    gap += objective * float((excess[held] / l1[held]).max(initial=0.0))
    gap += 0.5 * float((z[ridge] ** 2 / l2[ridge]).sum())
    gap += FAR * (w.max(initial=0.0) + 1.0) * float(z[~held & ~ridge].sum())
    gap += strengths.rounding
    kkt = excess * strengths.unit[cols]
    active = np.flatnonzero(w > 0)
    pull = Z[active] - (l1[active] / w[active])[:, None] * B[active]
    kkt[active] = norms(pull) * strengths.unit[cols[active]]
    return min(max(gap, 0.0), objective), kkt.max(initial=0.0), penalty


class RowSteps(MultinomialSteps):
    """`MultinomialSteps` with the penalty ``l1_j ||W_j|| + l2_j / 2 ||W_j||^2``."""

    certify = staticmethod(certify)

    def _strongest(self, C, columns):
        return norms(C[:, :self.problem.n_outputs])

    def drop_rounding(self, W, alphas):
        rows = W.copy()
        super().drop_rounding(rows, alphas)
        W[~rows.any(axis=1)] = 0.0  # in a row that is active, entries may be of any size

    def _penalty(self, W, alphas):
        working = self.working
        value = working.l1 @ norms(W) + 0.5 * (working.l2 @ np.einsum("ij,ij->i", W, W))
        return np.full(W.shape[1], alphas[0] * value / W.shape[1])

    def _measure(self, W, C, loss, alphas):
        gap, kkt, penalty = certify(
            self.problem.strengths, C, self.working.columns, W, alphas[0], loss.sum()
        )
        gap += self._intercept_gap()
        kkt = max(kkt, np.max(self._intercept_kkt()))
        count = len(alphas)
        return np.full(count, gap), np.full(count, kkt), np.full(count, penalty / count)

    def _model_step(self, W, C, loss, gap, alphas, live, tol, alpha):
        C = C[:, :len(alphas)]
        if self.by_gradients:
            return self._solve_smooth(W, C, alphas, live)
        self.turn = not self.turn
        if self.turn:
            return self._step_of_active(W, C, alphas)
        return self._step_of_rows(W, C, alphas[0])

    def _step_of_rows(self, W, C, alpha):
        working, model = self.working, self._block_model()
        wanted = W.any(axis=1) | (norms(C) >= alpha * working.l1)
        wanted[model.places] = False
        new = np.flatnonzero(wanted)
        model.add(new, working.columns[new])
        with self.work.phase("gram"):
            gram, added = model.gram()
            self.work.gram += added
        at, scale = model.places, float(self.block_ratio.max())
        c = C[at]
        if self.problem.fit_intercept:
            c = c - np.multiply.outer(model.shift, self.excess)
        start = np.ascontiguousarray(W[at].T)
        solved = start.copy()
        self.work.epochs += descend_rows(
            gram, solved, np.ascontiguousarray(c.T) / scale,
            alpha / scale * working.l1[at], alpha / scale * working.l2[at], ENOUGH,
            MAX_SWEEPS,
        )
        D = np.zeros_like(W)
        D[at] = (solved - start).T
        return D

    def _step_of_active(self, W, C, alphas):
        """Newton step of the rows that are not zero; those that would turn round become
        zero."""
        working, alpha, D = self.working, alphas[0], np.zeros_like(W)
        rows = np.flatnonzero(W.any(axis=1) | (working.l1 == 0))
        w = W[rows]
        size = norms(w)
        l1, l2 = alpha * working.l1[rows], alpha * working.l2[rows]
        bend = np.divide(l1, size, out=np.zeros_like(l1), where=size > 0)
        unit = np.divide(w, size[:, None], out=np.zeros_like(w), where=size[:, None] > 0)

        def hold(P):
            along = np.einsum("ij,ij->i", unit, P)[:, None] * unit
            return l2[:, None] * P + bend[:, None] * (P - along)

        rest = C[rows] - l1[:, None] * unit - l2[:, None] * w
        diagonal = np.repeat((l2 + bend)[:, None], w.shape[1], axis=1)
        step, _ = self._conjugate_gradients(
            working.columns[rows], rest, hold, diagonal, working.sqnorm[rows], slice(None)
        )
        new = w + step
        turned = (np.einsum("ij,ij->i", new, w) < 0) & (l1 > 0)
        D[rows] = np.where(turned[:, None], 0.0, new) - w
        return D
