"""The protocol of penalties; a new one is a subclass in a file of its own."""

class Penalty:
    """A penalty ``alpha * sum_j v_j phi(w_j)`` on coefficients, of any strength `alpha`.

    To make a penalty of your own, derive from this class, write `value`, `prox`,
    `dual_norm` and `violation`, and pass an instance as ``penalty=``. All methods work
    elementwise on arrays that broadcast: coefficients `w` on the scale of X as given (in
    units of the columns' standard deviations where these are standardised), gradients `c`
    of the loss in the same units with the opposite sign, and strengths `alpha >= 0`, which
    include the penalty factors. They must not change their arguments.

    Attributes
    ----------
    convex : bool
        Whether the penalty is convex. If it is not, no duality gap exists and fits are
        judged by their KKT violation: they are stationary points.
    penalty_factor : array-like of shape (n_features,) or None
        Factors ``v`` of `alpha`: 0 leaves a coefficient unpenalised, inf excludes it.

    Examples
    --------
    The log-sum penalty ``log(1 + |w| / eps)`` (Candès, Wakin & Boyd 2008,
    doi:10.1007/s00041-008-9045-x), which shrinks large coefficients less than the lasso:

    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import Penalty
    >>> class LogSum(Penalty):
    ...     convex = False
    ...     def __init__(self, eps=1.0):
    ...         self.eps = eps
    ...     def value(self, w, alpha):
    ...         return alpha * np.log1p(np.abs(w) / self.eps)
    ...     def prox(self, u, curvature, alpha):
    ...         # the larger root of curvature (z - |u| / curvature) (z + eps) + alpha = 0
    ...         size, eps = np.abs(u) / curvature, self.eps
    ...         root = (size + eps) ** 2 - 4.0 * alpha / curvature
    ...         z = 0.5 * (size - eps + np.sqrt(np.maximum(root, 0.0)))
    ...         z = np.where(root > 0.0, np.maximum(z, 0.0), 0.0)
    ...         gain = 0.5 * curvature * z**2 - np.abs(u) * z + self.value(z, alpha)
    ...         return np.where(gain < 0.0, np.sign(u) * z, 0.0)
    ...     def dual_norm(self, c):
    ...         return np.abs(c) * self.eps
    ...     def violation(self, c, w, alpha):
    ...         slope = alpha / (self.eps + np.abs(w))
    ...         at_zero = np.maximum(np.abs(c) - slope, 0.0)
    ...         return np.where(w == 0.0, at_zero, np.abs(c - slope * np.sign(w)))
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 100))
    >>> y = 3.0 * X[:, 0] + 0.1 * rng.standard_normal(50)
    >>> path = fit_path(X, y, penalty=LogSum(0.5), alphas=10)
    >>> bool(path.kkt.max() <= 1e-5)
    True
    """

    __module__ = "riata.penalties"

    convex = True
    penalty_factor = None
    codes_ = None  # the number of each feature's group, of a penalty on groups

    def value(self, w, alpha):
        """``alpha phi(w)`` of each coefficient."""
        raise NotImplementedError

    def prox(self, u, curvature, alpha):
        """The minimiser over w of ``curvature / 2 w^2 - u w + alpha phi(w)``."""
        raise NotImplementedError

    def dual_norm(self, c):
        """The least alpha at which a coefficient of zero is optimal, given the gradient c
        there."""
        raise NotImplementedError

    def violation(self, c, w, alpha):
        """Distance of c to the subdifferential of ``alpha phi`` at w (of a penalty that is
        not convex: to its derivative, where there is one)."""
        raise NotImplementedError

    def gap_terms(self, c, w, alpha, kappa):
        """``alpha phi(w) + (alpha phi)*(kappa c) - kappa c w``, which is never negative,
        for a kappa with which ``alpha >= dual_norm(kappa c)``.

        Optional: None says that the conjugate is not known. With it, fits with a convex
        loss have a duality gap.
        """
        return None

    def options(self):
        """What the solver is given for this penalty: itself, unless there are compiled
        kernels for it."""
        return {"penalty": self}

    def __repr__(self):
        parts = ", ".join(f"{k}={v!r}" for k, v in sorted(vars(self).items()))
        return f"{type(self).__name__}({parts})"
