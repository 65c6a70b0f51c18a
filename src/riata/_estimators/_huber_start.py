"""Where the search for the scale of Huber's loss begins, for few samples and columns."""

import numpy as np

MOST_STEPS = 40
SHORTEST = 1e-3
SMALL = 1e-13  # gradient of the mean loss that is as good as zero


class JointNewton:
    """Newton's method for coefficients, intercept and scale together, which is a convex
    problem: ``sum_i s_i (sigma + sigma H(e_i / sigma)) + sum_j l2_j theta_j^2``.

    Parameters
    ----------
    X : ndarray (n_samples, n_features)
    target, weight : ndarray (n_samples,)
    epsilon : float
    l2 : ndarray (n_features,)
    fit_intercept : bool
    """

    def __init__(self, X, target, weight, epsilon, l2, fit_intercept):
        n, p = X.shape
        self.Z = np.column_stack([X, np.ones((n, int(fit_intercept)))])
        self.l2 = np.concatenate([l2, np.zeros(int(fit_intercept))])
        self.target, self.weight, self.epsilon, self.p = target, weight, epsilon, p

    @np.errstate(all="ignore")  # of values that are out of range: the step ends there
    def minimum(self, scale):
        """Return the coefficients and the scale of the minimum, or None where the steps do
        not reach it. They start from coefficients of zero and a given scale."""
        theta = np.zeros(self.Z.shape[1] + 1)
        theta[-1], total = scale, self.weight.sum()
        value, gradient, hessian = self._derivatives(theta)
        for _ in range(MOST_STEPS):
            diagonal = np.einsum("ii->i", hessian)
            diagonal += 1e-14 * diagonal.max()
            try:
                step = np.linalg.solve(hessian, -gradient)
            except np.linalg.LinAlgError:
                break
            if not np.isfinite(step).all():
                break
            step *= min(1.0, 0.9 * theta[-1] / max(-step[-1], 1e-300))
            slope, length = float(gradient @ step), 1.0
            while length >= SHORTEST:
                new = self._derivatives(theta + length * step)
                if new[0] <= value + 1e-4 * length * slope:
                    break
                length *= 0.5
            else:
                break
            theta, (value, gradient, hessian) = theta + length * step, new
            if np.abs(gradient[:-1]).max() <= SMALL * total * theta[-1] and (
                abs(gradient[-1]) <= SMALL * total
            ):
                return theta[:self.p], float(theta[-1])
        return None

    def _derivatives(self, theta):
        """Objective, gradient and Hessian over coefficients, intercept and scale."""
        Z, s, l2, eps = self.Z, self.weight, self.l2, self.epsilon
        coef, scale = theta[:-1], theta[-1]
        ratio = (self.target - Z @ coef) / scale
        cut = np.clip(ratio, -eps, eps)
        inside = s * (ratio == cut)
        value = scale * float(s @ (1.0 + cut * (2.0 * ratio - cut))) + l2 @ coef**2
        slope = np.append(2.0 * (l2 * coef - (s * cut) @ Z), s.sum() - s @ cut**2)
        heavy = (2.0 / scale) * inside[:, None] * Z
        hessian = np.empty((len(theta), len(theta)))
        hessian[:-1, :-1] = Z.T @ heavy
        hessian[:-1, :-1].flat[::len(coef) + 1] += 2.0 * l2
        hessian[-1, :-1] = hessian[:-1, -1] = cut @ heavy
        hessian[-1, -1] = (2.0 / scale) * float(inside @ cut**2)
        return value, slope, hessian
