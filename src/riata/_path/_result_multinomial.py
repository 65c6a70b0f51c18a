"""The result of a path with several classes."""

from functools import cached_property

import numpy as np

from .. import _validation as check
from .._design._products import product
from ..losses._base import CERTAIN
from ._result import PathResult, Record


class MultinomialRecord(Record):
    """`Record` of solutions whose coefficients are numbered ``column * n_classes + class``.
    """

    def _units(self):
        count = self.problem.n_outputs
        unit = np.repeat(self.problem.coef_unit, count)
        return unit, np.zeros_like(unit)

    def _intercepts(self, constant, shift, columns, coef, n_active):
        count = self.problem.n_outputs
        which = np.repeat(np.arange(len(n_active)), n_active)
        feature, label = np.divmod(columns, count)
        part = self.problem.design.mean[feature] * coef
        shift = np.bincount(which * count + label, part, len(n_active) * count)
        return (self.problem.center + constant - shift.reshape(-1, count)).T

    def _feature_of(self, columns):
        return columns // self.problem.n_outputs

    def result(self, loss, end, work, tol):
        """The path as collected so far, with all classes."""
        path, problem = super().result(loss, end, work, tol), self.problem
        datafit = problem.datafit
        if problem.n_outputs < datafit.n_labels:
            feature, label = np.divmod(path._columns, problem.n_outputs)
            path._columns = feature * datafit.n_labels + datafit.classes[label]
            path.intercept = self._all_intercepts(path.intercept)
        return path

    def _all_intercepts(self, known):
        """Intercepts of all classes (of sum zero), given those of the classes with weight.

        A class without weight has the limit minus infinity. It is given an intercept that
        leaves it a probability below rounding for every sample of positive weight.
        """
        problem, datafit = self.problem, self.problem.datafit
        absent = np.setdiff1d(np.arange(datafit.n_labels), datafit.classes)
        counted = slice(None) if problem.weights is None else problem.weights > 0
        offset = datafit.label_offset
        own = offset[:, datafit.classes] if offset.shape[1] > 1 else offset
        other = (offset[:, absent] if offset.shape[1] > 1 else offset)[counted]
        least = []
        for constant, predictor in self._fitted():
            eta = (own + problem.center + constant + predictor)[counted]
            top = eta.max(axis=1, keepdims=True)
            top = top + np.log(np.exp(eta - top).sum(axis=1, keepdims=True))
            least.append((top - other).min(axis=0) - CERTAIN)
        found = np.empty((datafit.n_labels, len(least)))
        found[datafit.classes], found[absent] = known, np.transpose(least)
        return found - found.mean(axis=0)

    def _fitted(self):
        """Yield, of each solution, the constants and ``X~ w`` (n_samples, n_classes)."""
        problem, count = self.problem, self.problem.n_outputs
        for part in self.parts:
            ends = np.cumsum(part.n_active)[:-1]
            columns, values = np.split(part.columns, ends), np.split(part.w, ends)
            for k in range(len(part.alphas)):
                used, at = np.unique(columns[k] // count, return_inverse=True)
                B = np.zeros((len(used), count))
                B[at, columns[k] % count] = problem.eta_unit * values[k]
                yield part.constant[k], product(problem.design, used, B)

    @property
    def kind(self):
        """The class of the result."""
        return MultinomialPathResult


class MultinomialPathResult(PathResult):
    """Solutions along a path of a multinomial model.

    All that `PathResult` has, for several classes.

    Attributes
    ----------
    coef : list of scipy.sparse.csc_array of shape (n_features, n_alphas)
        Coefficients of each class.
    intercept : ndarray of shape (n_classes, n_alphas)
    n_active : ndarray of shape (n_alphas,)
        Non-zero coefficients of all classes.
    n_classes : int

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> X = np.repeat(np.eye(3), 5, axis=0)
    >>> path = fit_path(X, np.repeat([0, 1, 2], 5), loss="multinomial", alphas=[0.1])
    >>> path.coefs.shape, path.intercept.shape
    ((3, 3, 1), (3, 1))
    >>> path.predict(np.eye(3), alpha=0.1).argmax(axis=1)
    array([0, 1, 2])
    """

    __module__ = "riata"

    @property
    def n_classes(self):
        """How many classes there are."""
        return len(self.intercept)

    @property
    def _n_coefs(self):
        return self.n_features_in * self.n_classes

    @cached_property
    def coef(self):
        """Coefficients as a csc_array for each class, made when first asked for."""
        together = PathResult.coef.func(self).tocsr()
        return [together[k::self.n_classes].tocsc() for k in range(self.n_classes)]

    @property
    def coefs(self):
        """Dense coefficients of shape (n_classes, n_features, n_alphas)."""
        return np.stack([coef.toarray() for coef in self.coef])

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
        coef : ndarray of shape (n_classes, n_features)
        intercept : ndarray of shape (n_classes,)
        """
        return super().coef_at(alpha)

    def predict(self, X, alpha=None, offset=None):
        """Predicted probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
        alpha : float, optional
            As in `coef_at`. By default all alphas of the path.
        offset : float or array-like of shape (n_samples,) or (n_samples, n_classes), \
                optional
            As of `PathResult.predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_classes, n_alphas)
        """
        return super().predict(X, alpha, offset)

    def decision_function(self, X, alpha=None, offset=None):
        """Linear predictors of the classes.

        Parameters
        ----------
        X, alpha, offset
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_classes, n_alphas)
        """
        check.require_offset(offset, self.has_offset)
        X = self._checked_operand(X)
        offset = check.check_offset(offset, X.shape[0], n_targets=self.n_classes)
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

    def plot(self, ax=None, **options):
        """Draw the coefficients against alpha, of up to 12 classes in a panel each; see
        `riata.plots.PathDisplay.from_path`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or a list of them, optional
            One for each class, or one that is divided.
        **options
            ``feature_names``, ``alpha`` (a strength to mark), ``n_labels``, ``classes``
            (what the panels are called), ``class_of_interest`` (a single one, from 0 up).

        Returns
        -------
        matplotlib.axes.Axes
            The first panel.
        """
        return super().plot(ax, **options)
