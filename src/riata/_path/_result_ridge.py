"""The result of a path of ridge regression whose models were solved one by one."""

import numpy as np

from ..losses import Squared
from ._result import PathResult


class RidgePathResult(PathResult):
    """Ridge regression at several alphas.

    All that `PathResult` has, but for `alpha_max` and what it cost.

    Attributes
    ----------
    dof : ndarray of shape (n_alphas,) or None
        Effective degrees of freedom: the trace of the matrix that makes fitted values of
        y. 1 for the intercept, 1 for each (independent) column that is not penalised,
        less for each of the others. What the information criteria count. None where it
        was not computed.
    """

    @classmethod
    def of(cls, fits, alphas, n_samples, tol, dof=None, **about):
        """Collect the fits of one target.

        Parameters
        ----------
        fits : list of n_alphas Fit
        alphas : ndarray of shape (n_alphas,)
            Decreasing, on the scale of the mean loss.
        n_samples : int
            Of positive weight.
        tol : float
        dof : ndarray of shape (n_alphas,), optional
        **about
            Other attributes.

        Returns
        -------
        RidgePathResult
            Whose `objective` and `deviance_ratio` are NaN until it is measured.
        """
        coef = np.array([fit.coef for fit in fits], dtype=np.float64)
        options = fits[0].solved.options
        unknown = np.full(len(fits), np.nan)
        return cls(
            alphas=alphas, dof=dof,
            _dense=coef,
            n_active=np.count_nonzero(coef, axis=1),
            intercept=np.array([fit.intercept for fit in fits], dtype=np.float64),
            _loss=Squared(), _options=options, _column_scales=fits[0].solved.column_scales,
            dual_gap=np.array([fit.dual_gap for fit in fits]),
            relative_gap=np.array([fit.relative_gap for fit in fits]),
            kkt=np.array([fit.solved.kkt for fit in fits]),
            objective=unknown, deviance_ratio=unknown, null_objective=np.nan,
            n_iter=np.array([fit.n_iter for fit in fits]),
            seconds=unknown,
            status=[fit.status for fit in fits], tol=tol, end="complete", passes=np.nan,
            diagnostics=None, alpha_max=np.inf, l1_ratio=0.0, loss="squared",
            n_samples=n_samples, n_features_in=coef.shape[1],
            fit_intercept=options.fit_intercept, **about,
        )

    def measure(self, data):
        """Return a copy with the objectives and deviance ratios on the fit's samples.

        Parameters
        ----------
        data : Samples

        Returns
        -------
        RidgePathResult
        """
        z = data.y if data.offset is None else data.y - data.offset
        weight = np.ones(len(z)) if data.sample_weight is None else data.sample_weight
        share = weight / weight.sum()
        rest = data.X @ self._dense.T
        rest += self.intercept - z[:, None]
        square = share @ np.square(rest, out=rest)
        center = share @ z if self.fit_intercept else 0.0
        null = 0.5 * float(share @ (z - center) ** 2)
        penalty = _penalty(self._dense, self._options, self._column_scales)
        return self._with(
            null_objective=null,
            deviance_ratio=1.0 - 0.5 * square / null if null > 0 else 0.0 * square,
            objective=0.5 * (square + self.alphas * penalty),
        )

    @property
    def coefs(self):
        """Dense coefficients of shape (n_features, n_alphas)."""
        return self._dense.T

    def _coef_of(self, k):
        return self._dense[k]

    @property
    def _columns(self):
        return np.nonzero(self._dense)[1]

    @property
    def _values(self):
        return self._dense[self._dense != 0]

    @property
    def _df(self):
        return self.n_active if self.dof is None else self.dof - self.fit_intercept

    def _degrees_of_freedom(self):
        if self.dof is None:
            raise ValueError(
                "the effective degrees of freedom of this path are not known; fit "
                "RidgeCV, without bounds, with the criterion as its select."
            )
        return self.dof


def _penalty(coef, options, column_scales):
    """Sums of the squared coefficients (n_alphas, n_features) that are penalised."""
    factor, unit = options.penalty_factor, 1.0
    if options.standardize:
        unit = column_scales.deviations()
    if factor is None:
        return ((unit * coef) ** 2).sum(axis=1)
    kept = np.isfinite(factor)  # what is left out is 0
    return (np.broadcast_to(unit, factor.shape)[kept] * coef[:, kept]) ** 2 @ factor[kept]
