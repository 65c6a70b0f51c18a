"""The referee: objective and duality gap of any coefficients, in plain NumPy.

Nothing here comes from riata or from any solver in the race, so that every solver is
held to the same, independently computed, measure of accuracy. The problem is::

    minimise  P(w, b) = 1/(2S) sum_i s_i (y_i - b - x_i.w)^2
                        + alpha sum_j (l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2)

with ``S = sum_i s_i`` and ``b = 0`` where there is no intercept. Its dual is::

    maximise  D(u) = 1/S sum_i s_i (u_i y_i - u_i^2 / 2) - alpha sum_j g*(z_j / alpha)
    with      z = X'(s * u) / S     and, with an intercept,  sum_i s_i u_i = 0

where ``g*`` is the conjugate of the bracket above: 0 for ``|t| <= l1_ratio`` and
``(|t| - l1_ratio)^2 / (2 (1 - l1_ratio))`` beyond (infinite for the lasso). Any
feasible ``u`` gives ``P(w, b) - P* <= P(w, b) - D(u)``, the duality gap. As ``u`` we
take the (centred) residual of the coefficients under test, scaled as well as it can be.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

BLOCK = 10  # alphas evaluated at a time: bounds the memory to BLOCK columns of X


@dataclass
class Problem:
    """Data and the choices that define the model; alpha comes with each question.

    Parameters
    ----------
    X : (n_samples, n_features) array or scipy.sparse array
    y : (n_samples,) array
    l1_ratio : float in [0, 1]
    fit_intercept : bool
    sample_weight : (n_samples,) array or None
    """

    X: object
    y: np.ndarray
    l1_ratio: float = 1.0
    fit_intercept: bool = True
    sample_weight: np.ndarray | None = None
    null_objective: float = field(init=False)

    def __post_init__(self):
        s = self.sample_weight
        s = np.ones(self.y.shape[0]) if s is None else np.asarray(s, dtype=float)
        self.weights = (s / s.sum())[:, None]  # sums to one; a column, to broadcast
        r = self._centred(self.y[:, None])
        self.null_objective = 0.5 * float(np.sum(self.weights * r**2))

    def _centred(self, R):
        """R minus its weighted column means where the model has an intercept."""
        return R - np.sum(self.weights * R, axis=0) if self.fit_intercept else R

    def alpha_max(self):
        """Return the smallest alpha at which all coefficients are zero."""
        r = self._centred(self.y[:, None])
        return float(np.max(np.abs(self.X.T @ (self.weights * r)))) / self.l1_ratio

    def evaluate(self, alphas, coef, intercept):
        """Return the objective and the dual objective at each alpha.

        Parameters
        ----------
        alphas : (n_alphas,) array
        coef : (n_features, n_alphas) scipy.sparse array
        intercept : (n_alphas,) array, zero where there is none

        Returns
        -------
        objective, dual : two (n_alphas,) arrays

        Examples
        --------
        With an orthogonal design the lasso is soft thresholding, and its gap is zero.

        >>> y = np.array([3.0, -1.0, 0.2])
        >>> problem = Problem(np.sqrt(3) * np.eye(3), y, fit_intercept=False)
        >>> exact = [[3 / 3**0.5 - 0.5], [-1 / 3**0.5 + 0.5], [0.0]]
        >>> P, D = problem.evaluate([0.5], sp.csc_array(exact), [0.0])
        >>> bool(abs(P[0] - D[0]) < 1e-15)
        True
        """
        alphas, intercept = np.asarray(alphas, float), np.asarray(intercept, float)
        blocks = [slice(k, k + BLOCK) for k in range(0, alphas.size, BLOCK)]
        coef = coef.tocsc()
        parts = [self._evaluate(alphas[b], coef[:, b], intercept[b]) for b in blocks]
        return tuple(np.concatenate(p) for p in zip(*parts, strict=True))

    def _evaluate(self, alphas, coef, intercept):
        l1, s = self.l1_ratio, self.weights
        fit = self.X @ coef
        R = self.y[:, None] - intercept - (fit.toarray() if sp.issparse(fit) else fit)
        size = l1 * abs(coef).sum(axis=0) + 0.5 * (1 - l1) * coef.power(2).sum(axis=0)
        objective = 0.5 * np.sum(s * R**2, axis=0) + alphas * np.asarray(size).ravel()

        U = self._centred(R)
        Z = np.abs(np.asarray(self.X.T @ (s * U)))
        uy = np.sum(s * U * self.y[:, None], axis=0)
        uu = np.sum(s * U**2, axis=0)
        # The multiple of u with the largest dual among those with every g* zero, ...
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = l1 * alphas / Z.max(axis=0)
            c = np.nan_to_num(np.clip(uy / uu, -limit, limit))
        dual = c * uy - 0.5 * c**2 * uu
        if l1 < 1:  # ... and u itself, which is the optimum's own dual point
            over = np.maximum(Z / alphas - l1, 0.0)
            conjugate = np.sum(over**2, axis=0) / (2 * (1 - l1))
            dual = np.maximum(dual, uy - 0.5 * uu - alphas * conjugate)
        return objective, dual
