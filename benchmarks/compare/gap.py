"""The referee: objective and duality gap of any coefficients, in plain NumPy.

Nothing here comes from riata or from any solver in the race, so that every solver is
held to the same, independently computed, measure of accuracy. The problem is::

    minimise  P(w, b) = 1/S sum_i s_i f_i(b + x_i.w)
                        + alpha sum_j (l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2)

with ``S = sum_i s_i``, ``b = 0`` where there is no intercept, and a loss f of
``losses.py`` whose least value is zero. Its dual is::

    maximise  D(u) = 1/S sum_i s_i (-f_i*(-u_i)) - alpha sum_j g*(z_j / alpha)
    with      z = X'(s * u) / S     and, with an intercept,  sum_i s_i u_i = 0

where ``f*`` and ``g*`` are the conjugates of the loss and of the bracket above. The
latter is 0 for ``|t| <= l1_ratio`` and ``(|t| - l1_ratio)^2 / (2 (1 - l1_ratio))``
beyond (infinite for the lasso). An elastic net is a lasso with further rows as well,
``sqrt(alpha (1 - l1_ratio)) w_j`` with the target 0 and a squared loss, and has the dual
of that too. Any feasible ``u`` gives ``P(w, b) - P* <= P(w, b) - D(u)``, the duality
gap. As ``u`` we take the residual -f' of the coefficients under test, after Newton's
method has made the intercept optimal, scaled down as far as it must be.

The multinomial loss has coefficients, intercepts and residuals for each class. In
``coef`` the columns of an alpha, one for each class, stand side by side.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from losses import LOSSES

BLOCK = 10  # columns evaluated at a time: bounds the memory to BLOCK columns of X
CENTRED = 1e-12  # a share of sum_i s_i |u_i| that counts as zero


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
    loss : str
        A key of ``losses.LOSSES``.
    """

    X: object
    y: np.ndarray
    l1_ratio: float = 1.0
    fit_intercept: bool = True
    sample_weight: np.ndarray | None = None
    loss: str = "squared"
    null_objective: float = field(init=False)

    def __post_init__(self):
        s = self.sample_weight
        s = np.ones(self.y.shape[0]) if s is None else np.asarray(s, dtype=float)
        self.weights = (s / s.sum())[:, None, None]  # sums to one; broadcasts to eta
        self._loss = LOSSES[self.loss]
        self.target = self._loss.target(self.y)
        eta = self._with_best_intercept(np.zeros_like(self.target))[0]
        self.null_objective = float(self._mean(self._loss.value(self.target, eta))[0])

    @property
    def n_classes(self):
        return self.target.shape[2]

    def _mean(self, values):
        """Weighted mean over samples, summed over classes, for each alpha."""
        return np.sum(self.weights * values, axis=(0, 2))

    def _with_best_intercept(self, eta):
        """Return eta with the intercepts made optimal, its residual, and if it is so.

        Where the model has no intercept, eta is left as it is.
        """
        loss, y, s = self._loss, self.target, self.weights
        for _ in range(100):
            r = loss.residual(y, eta)
            slope = np.sum(s * r, axis=0)
            centred = np.abs(slope) <= CENTRED * np.sum(s * np.abs(r), axis=0)
            if not self.fit_intercept or centred.all():
                break
            # the multinomial one is singular, as are flat losses
            H = loss.hessian(s, y, eta) + 1e-14 * np.eye(self.n_classes)
            step = np.linalg.solve(H, slope[..., None])[..., 0]
            eta = eta + np.clip(step, -loss.longest_step, loss.longest_step)
        return eta, r, centred.all(axis=1) | (not self.fit_intercept)

    def alpha_max(self):
        """Return the smallest alpha at which all coefficients are zero."""
        r = self._with_best_intercept(np.zeros_like(self.target))[1]
        return float(np.max(np.abs(self._correlations(r)))) / self.l1_ratio

    def _correlations(self, R):
        """X'(s * R), of the shape (n_features, n_alphas, n_classes)."""
        R = self.weights * R
        Z = np.asarray(self.X.T @ R.reshape(R.shape[0], -1))
        return Z.reshape(-1, *R.shape[1:])

    def evaluate(self, alphas, coef, intercept):
        """Return the objective and the dual objective at each alpha.

        Parameters
        ----------
        alphas : (n_alphas,) array
        coef : (n_features, n_alphas * n_classes) scipy.sparse array
        intercept : (n_alphas * n_classes,) array, zero where there is none

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
        coef, K, parts = coef.tocsc(), self.n_classes, []
        step = max(1, BLOCK // K)
        for first in range(0, alphas.size, step):
            some = slice(first, first + step)
            columns = slice(first * K, (first + step) * K)
            with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
                part = self._evaluate(alphas[some], coef[:, columns], intercept[columns])
            parts.append(part)
        return tuple(np.concatenate(p) for p in zip(*parts, strict=True))

    def _evaluate(self, alphas, coef, intercept):
        l1, loss, y = self.l1_ratio, self._loss, self.target
        fit = self.X @ coef
        eta = intercept + (fit.toarray() if sp.issparse(fit) else fit)
        eta = eta.reshape(y.shape[0], alphas.size, self.n_classes)
        l1_norm, sq_norm = (
            np.asarray(a.sum(axis=0)).reshape(alphas.size, -1).sum(axis=1)
            for a in (abs(coef), coef.power(2))
        )
        ridge = alphas * (1 - l1) * sq_norm
        objective = self._mean(loss.value(y, eta)) + alphas * l1 * l1_norm + 0.5 * ridge

        R, feasible = self._with_best_intercept(eta)[1:]
        Z = self._correlations(R)
        over = np.maximum(np.abs(Z) / alphas[:, None] - l1, 0.0)
        # The multiple of u and of the further rows with the largest dual among those
        # with every g* zero, ...
        if l1 < 1:
            Z -= (1 - l1) * alphas[:, None] * coef.toarray().reshape(Z.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.nan_to_num(l1 * alphas / np.abs(Z).max(axis=(0, 2)))
        kappa = np.clip(loss.multiple(self.weights, y, R, ridge), -limit, limit)
        dual = self._mean(loss.dual(y, kappa[:, None] * R)) - 0.5 * kappa**2 * ridge
        if l1 < 1:  # ... and u itself, which is the optimum's own dual point
            conjugate = np.sum(over**2, axis=(0, 2)) / (2 * (1 - l1))
            dual = np.maximum(dual, self._mean(loss.dual(y, R)) - alphas * conjugate)
        return objective, np.where(feasible, dual, -np.inf)
