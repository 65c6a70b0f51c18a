"""The result of a path with several outputs."""

from functools import cached_property

import numpy as np

from .. import _validation as check
from ._result import PathResult


class MultiOutputPathResult(PathResult):
    """Solutions along a path with several targets.

    All that `PathResult` has, for several outputs.

    Attributes
    ----------
    coef : list of scipy.sparse.csc_array of shape (n_features, n_alphas)
        Coefficients of each output.
    intercept : ndarray of shape (n_outputs, n_alphas)
    n_active : ndarray of shape (n_alphas,)
        Non-zero coefficients of all outputs.
    n_outputs : int

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import RowGroup
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> Y = X[:, :2] @ [[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]]
    >>> path = fit_path(X, Y, penalty=RowGroup(), alphas=[0.5])
    >>> path.coefs.shape, path.intercept.shape
    ((3, 4, 1), (3, 1))
    >>> path.coefs[:, :, 0].any(axis=0).tolist()
    [True, True, False, False]
    """

    __module__ = "riata"

    @property
    def n_outputs(self):
        """How many outputs there are."""
        return len(self.intercept)

    @property
    def _n_coefs(self):
        return self.n_features_in * self.n_outputs

    @cached_property
    def coef(self):
        """Coefficients as a csc_array for each output, made when first asked for."""
        together = PathResult.coef.func(self).tocsr()
        return [together[k::self.n_outputs].tocsc() for k in range(self.n_outputs)]

    @property
    def coefs(self):
        """Dense coefficients of shape (n_outputs, n_features, n_alphas)."""
        return np.stack([coef.toarray() for coef in self.coef])

    def _score(self, criterion):
        if not self._loss.many_outputs:
            raise ValueError(
                f"criterion {criterion!r} needs the degrees of freedom, which are not "
                "known for several targets; tune by cv_path, or pass a callable."
            )
        return super()._score(criterion)

    def _coef_of(self, k):
        return super()._coef_of(k).reshape(self.n_features_in, -1).T

    def _intercept_columns(self):
        return {f"intercept_{k}": part for k, part in enumerate(self.intercept)}

    def coef_at(self, alpha):
        """Coefficients and intercepts at one alpha; see `PathResult.coef_at`.

        Parameters
        ----------
        alpha : float

        Returns
        -------
        coef : ndarray of shape (n_outputs, n_features)
        intercept : ndarray of shape (n_outputs,)
        """
        return super().coef_at(alpha)

    def predict(self, X, alpha=None, offset=None):
        """Predicted targets.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
        alpha : float, optional
            As in `coef_at`. By default all alphas of the path.
        offset : float or array-like of shape (n_samples,) or (n_samples, n_outputs), \
                optional
            As of `PathResult.predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), or (n_samples, n_outputs, n_alphas)
        """
        return super().predict(X, alpha, offset)

    def decision_function(self, X, alpha=None, offset=None):
        """Linear predictors of the outputs.

        Parameters
        ----------
        X, alpha, offset
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), or (n_samples, n_outputs, n_alphas)
        """
        check.require_offset(offset, self.has_offset)
        X = self._checked_operand(X)
        offset = check.check_offset(offset, X.shape[0], n_targets=self.n_outputs)
        if offset is not None and offset.ndim == 1:
            offset = offset[:, None]
        return self._decide(X, alpha, offset)

    def _decide(self, X, alpha, offset):
        if alpha is None:
            eta = np.stack([
                product.toarray() if hasattr(product, "toarray") else product
                for product in (X @ coef for coef in self.coef)
            ], axis=1) + self.intercept
            return eta if offset is None else eta + offset[:, :, None]
        coef, intercept = self.coef_at(alpha)
        eta = X @ coef.T + intercept
        return eta if offset is None else eta + offset
