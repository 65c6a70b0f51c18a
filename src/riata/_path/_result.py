"""PathResult: everything that is known of a path, and what can be asked of it."""

import copy
import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .. import _validation as check

CRITERIA = ("aic", "aicc", "bic", "ebic", "gcv")


class Solved(NamedTuple):
    """Which problem a solution belongs to, in the terms of `fit_path`."""

    alpha: float
    l1_ratio: float
    loss: object  # riata.losses.Loss
    options: object  # riata._problem._problem.Options
    kkt: float
    column_scales: object  # riata._problem._problem.ColumnScales: of the columns, or None


class PathResult:
    """Solutions along a path, each with its certificate.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Penalty strengths, decreasing.
    coef : scipy.sparse.csc_array of shape (n_features, n_alphas)
        Coefficients on the scale of X as given, float64.
    intercept : ndarray of shape (n_alphas,)
    dual_gap : ndarray of shape (n_alphas,)
        Absolute duality gap, in units of the objective.
    relative_gap : ndarray of shape (n_alphas,)
        `dual_gap` divided by `null_objective`.
    kkt : ndarray of shape (n_alphas,)
        Largest violation of the optimality conditions by a coefficient, in units of
        the gradient of the mean loss.
    objective : ndarray of shape (n_alphas,)
    deviance_ratio : ndarray of shape (n_alphas,)
        Share of the null deviance that is explained (R squared, weighted).
    n_active : ndarray of shape (n_alphas,)
        Non-zero coefficients.
    n_iter : ndarray of shape (n_alphas,)
        Outer iterations.
    seconds : ndarray of shape (n_alphas,)
        Time since the call at which each alpha was finished.
    status : list of Status
    tol : float
        Relative gap that was asked for.
    end : {"complete", "max_active", "deviance", "time_limit", "callback", "interrupted"}
        Why the path ended.
    passes : float
        Passes over X, in units of one product ``X' r``.
    diagnostics : Diagnostics
        What the path cost: passes, columns touched, events, epochs, the engine of each
        alpha, seconds by phase; see `riata._solver._diagnostics.Diagnostics`.
    null_objective : float
        Objective of the model without features.
    alpha_max, l1_ratio, loss, n_samples, n_features_in, fit_intercept, has_offset
        Of the problem; the last says whether there was an offset.
    feature_names_in : ndarray of str of shape (n_features_in,), or None
        Names of the features, where X was a data frame (or chunks) that has them.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> X = np.eye(4)
    >>> path = fit_path(X, [4.0, 3.0, 0.0, 0.0], fit_intercept=False, alphas=[0.5, 0.25])
    >>> path.coef.toarray()[:, 0]
    array([2., 1., 0., 0.])
    >>> path.predict(X, alpha=0.25)
    array([3., 2., 0., 0.])
    """

    __module__ = "riata"

    unpacks = ("alphas", "coefs", "dual_gap")
    has_offset = False
    feature_names_in = None

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def _with(self, **fields):
        """Return a copy with other values of some attributes."""
        other = copy.copy(self)
        other.__dict__.update(fields)
        return other

    def __len__(self):
        return len(self.alphas)

    def __iter__(self):
        """Unpack as ``alphas, coefs, dual_gaps``, as scikit-learn's paths do."""
        for name in self.unpacks:
            yield getattr(self, name)

    @property
    def _base(self):
        """The path that was solved."""
        return self

    @property
    def _n_coefs(self):
        """How many coefficients there are at an alpha."""
        return self.n_features_in

    @cached_property
    def coef(self):
        """Coefficients as a csc_array, made when first asked for."""
        from scipy.sparse import csc_array

        which = np.repeat(np.arange(len(self.alphas)), self.n_active)
        order = np.lexsort((self._columns, which))
        return csc_array(
            (self._values[order], self._columns[order],
             np.concatenate([[0], np.cumsum(self.n_active)])),
            shape=(self._n_coefs, len(self.alphas)),
        )

    def _coef_of(self, k):
        """Dense coefficients of the k-th alpha."""
        first = sum(self.n_active[:k].tolist())
        stored = slice(first, first + self.n_active[k])
        coef = np.zeros(self._n_coefs)
        coef[self._columns[stored]] = self._values[stored]
        return coef

    def _solved(self, k):
        """Of which problem the k-th solution is."""
        return Solved(
            float(self.alphas[k]), self.l1_ratio, self._loss, self._options,
            float(self.kkt[k]), self._column_scales,
        )

    @property
    def coefs(self):
        """Dense coefficients of shape (n_features, n_alphas)."""
        return self.coef.toarray()

    def __repr__(self):
        return (
            f"<PathResult: {len(self.alphas)} alphas from {self.alphas[0]:.4g} to "
            f"{self.alphas[-1]:.4g}, {self.n_active[-1]} of {self._n_coefs} "
            f"coefficients active at the end, largest relative gap "
            f"{self.relative_gap.max():.1e}>"
        )

    def __str__(self):
        from ._summary import describe_path

        return describe_path(self)

    def coef_at(self, alpha):
        """Coefficients and intercept at one alpha.

        Exact at the alphas of the path; between two of them interpolated linearly,
        which is exact too for a lasso whose support does not change in between.

        Parameters
        ----------
        alpha : float
            Within the path's range, or above `alpha_max`.

        Returns
        -------
        coef : ndarray of shape (n_features,)
        intercept : float64

        Raises
        ------
        ValueError
            If `alpha` is outside the range of the path.
        """
        alpha = check.check_alpha(alpha)
        alphas = self.alphas
        if alpha > alphas[0] and (alphas[0] < self.alpha_max or self.n_active[0]):
            outside = f"larger than the first, {alphas[0]:.6g}"
        elif alpha < alphas[-1]:
            outside = f"smaller than the last, {alphas[-1]:.6g}"
        else:
            right = int(np.searchsorted(-alphas, -alpha))
            right = min(right, len(alphas) - 1)
            left = max(right - 1, 0)
            share = 1.0
            if alphas[left] > alphas[right]:
                share = min((alphas[left] - alpha) / (alphas[left] - alphas[right]), 1.0)
            share = max(share, 0.0)
            coef = (1.0 - share) * self._coef_of(left) + share * self._coef_of(right)
            intercept = (1 - share) * self.intercept[..., left]
            return coef, intercept + share * self.intercept[..., right]
        raise ValueError(
            f"alpha={alpha:.6g} is {outside} alpha of the path; fit the path with it in "
            "alphas=."
        )

    def predict(self, X, alpha=None, offset=None):
        """Predicted means of y for new samples: of the logistic loss, probabilities.

        Parameters
        ----------
        X : array-like, sparse or riata.Chunks of shape (n_samples, n_features)
        alpha : float, optional
            As in `coef_at`. By default all alphas of the path.
        offset : float or array-like of shape (n_samples,), optional
            A path that was fitted with an offset needs those of the new samples, or 0
            for predictions without.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_alphas) for all alphas

        Raises
        ------
        ValueError
            If X has other features than the fit, by number or by name, or the offset of
            a path that was fitted with one is missing.

        Warns
        -----
        UserWarning
            If only one of X and the data of the fit has names of features.
        """
        return self._loss.predict(self.decision_function(X, alpha, offset))

    def decision_function(self, X, alpha=None, offset=None):
        """Linear predictors ``X w + b (+ offset)`` for new samples.

        Parameters
        ----------
        X, alpha, offset
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_alphas) for all alphas
        """
        check.require_offset(offset, self.has_offset)
        X = self._checked_operand(X)
        return self._decide(X, alpha, check.check_offset(offset, X.shape[0]))

    def _decide(self, X, alpha, offset):
        """`decision_function` of checked input."""
        if alpha is None:
            eta = X @ self.coef
            eta = (eta.toarray() if hasattr(eta, "toarray") else eta) + self.intercept
            return eta if offset is None else eta + offset[:, None]
        coef, intercept = self.coef_at(alpha)
        eta = X @ coef + intercept
        return eta if offset is None else eta + offset

    def _checked_operand(self, X):
        check.check_names_match(self.feature_names_in, X, type(self).__name__, 4)
        X = check.check_operand(X)
        if X.shape[1] != self.n_features_in:
            raise ValueError(
                f"X has {X.shape[1]} features, but the path was fitted with "
                f"{self.n_features_in}."
            )
        return X

    def select(self, criterion="bic"):
        """Index of the alpha that minimises an information criterion.

        With `k` non-zero coefficients (and the intercept) and ``v``, the weighted mean
        squared residual (or unit deviance): ``n log v``, or ``n v`` for a loss that is
        a negative log-likelihood (logistic, Poisson, ...), plus ``2 k`` (aic),
        ``2 k n / (n - k - 1)`` (aicc), ``k log n`` (bic), ``k log n + 2 log C(p, k)``
        (ebic), or ``v / (1 - k/n)^2`` (gcv). The number of non-zero coefficients is an
        unbiased estimate of the lasso's degrees of freedom (Zou, Hastie & Tibshirani
        2007, doi:10.1214/009053607000000127) and an upper one with an L2 part.

        The noise is taken from each fit itself. Where a path comes close to interpolating
        (with more features than samples, at small alphas) ``log v`` has no bottom, and
        aic, bic and ebic end there: set `max_deviance_ratio`, or cross-validate.

        Parameters
        ----------
        criterion : {"aic", "aicc", "bic", "ebic", "gcv"} or callable, default="bic"
            A callable is given the path and returns one score for each alpha; the
            smallest wins.

        Returns
        -------
        int
        """
        if callable(criterion):
            score = np.asarray(criterion(self), dtype=float)
            if score.shape != self.alphas.shape:
                raise ValueError(
                    f"criterion returned shape {score.shape}; it must return one score "
                    f"for each of the {len(self.alphas)} alphas."
                )
        else:
            criterion = check.check_choice(criterion, "criterion", CRITERIA)
            if getattr(self._options.penalty, "codes_", None) is not None:
                raise ValueError(
                    f"criterion {criterion!r} needs the degrees of freedom, which are not "
                    "known for a penalty on groups; tune by cv_path, or pass a callable."
                )
            score = self._score(criterion)
        if np.isnan(score).all():
            raise ValueError("criterion is NaN at every alpha.")
        return int(np.nanargmin(score))

    def _score(self, criterion):
        n, p = self.n_samples, self._n_coefs
        k = self._degrees_of_freedom()
        ratio = np.maximum(1.0 - self.deviance_ratio, np.finfo(float).tiny)
        fit = n * np.log(ratio)
        if self._loss.fixed_dispersion:
            fit = 2.0 * n * self.null_objective * ratio
        with np.errstate(divide="ignore", invalid="ignore"):
            if criterion == "aic":
                return fit + 2 * k
            if criterion == "aicc":
                return np.where(k < n - 1, fit + 2 * k * n / (n - k - 1), np.inf)
            if criterion == "gcv":
                return np.where(k < n, ratio / (1 - k / n) ** 2, np.inf)
            score = fit + k * math.log(n)
        if criterion == "ebic":
            active = self.n_active
            score += 2 * np.array([
                math.lgamma(p + 1) - math.lgamma(a + 1) - math.lgamma(p - a + 1)
                for a in active.tolist()
            ])
        return score

    @property
    def _df(self):
        """What is shown as degrees of freedom, less those of intercepts."""
        return self.n_active

    def _degrees_of_freedom(self):
        """Of each alpha: coefficients that are not zero, and intercepts."""
        return self.n_active + float(np.size(self.intercept[..., 0]) * self.fit_intercept)

    def at(self, alpha, *, feature_names=None, classes=None):
        """The model at one alpha, on its own: small, to keep and to predict with.

        Parameters
        ----------
        alpha : float
            As in `coef_at`.
        feature_names : array-like of str of shape (n_features,), optional
            By default those of the fit, if there were any.
        classes : array-like of shape (n_classes,), optional
            The labels of y's 0, 1, ... . With them the model predicts
            labels, without them means of y, as `predict` does.

        Returns
        -------
        LinearPredictor
            What `riata.save_model` writes to a file.

        Examples
        --------
        >>> import numpy as np
        >>> from riata import fit_path
        >>> path = fit_path(np.eye(4), [4.0, 3.0, 0.0, 0.0], fit_intercept=False)
        >>> model = path.at(0.25, feature_names=["a", "b", "c", "d"])
        >>> model.predict(np.eye(4)).round(6)
        array([3., 2., 0., 0.])
        """
        from ._linear_predictor import LinearPredictor

        coef, intercept = self.coef_at(alpha)
        if feature_names is None:
            feature_names = self.feature_names_in
        certificate, found = None, np.flatnonzero(self.alphas == alpha)
        if len(found):  # not between two alphas
            k = found[0]
            certificate = {
                "dual_gap": float(self.dual_gap[k]),
                "relative_gap": float(self.relative_gap[k]),
                "kkt": float(self.kkt[k]),
                "status": str(self.status[k]),
            }
        return LinearPredictor(
            coef, intercept, self._loss, alpha=float(alpha), l1_ratio=self.l1_ratio,
            options=self._options, certificate=certificate, classes=classes,
            feature_names=feature_names, has_offset=self.has_offset,
        )

    def summary(self, alpha=None, feature_names=None, *, all_features=False, frame=None):
        """The coefficients at one alpha, the largest first.

        Parameters
        ----------
        alpha : float, optional
            As in `coef_at`. By default the last of the path.
        feature_names : array-like of str of shape (n_features,), optional
            By default those of the fit, or else the numbers of the columns.
        all_features : bool, default=False
            Whether to list those whose coefficient is zero as well.
        frame : {"pandas", "polars", "table"}, optional
            By default what is installed, in this order; "table" is a plain table that
            prints.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or a table that prints
            Sorted by the size of ``standardized``. Columns:

            - ``class``: the number of the class, if there are several;
            - ``feature``: its name, or number;
            - ``coef``: the coefficient, of X as given;
            - ``standardized``: the coefficient per standard deviation of the column
              (weighted; without an intercept per root mean square);
            - ``sign``: ``+`` or ``-``;
            - ``entry_alpha``: the largest alpha of the path at which the coefficient is
              not zero.

        Examples
        --------
        >>> import numpy as np
        >>> from riata import fit_path
        >>> X = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, -1.0], [2.0, -1.0]])
        >>> path = fit_path(X, X @ [1.0, -3.0], alphas=[2.5, 0.5])
        >>> path.summary(0.5, ["size", "price"], frame="table")
        feature  coef  standardized  sign  entry_alpha
        price    -2.5          -2.5  -             2.5
        size      0.5           0.5  +             0.5
        """
        from ._summary import summary_of

        at = len(self.alphas) - 1 if alpha is None else check.check_alpha(alpha)
        return summary_of(
            self, at, feature_names, all_features=all_features, frame=frame
        )

    def to_frame(self, frame=None):
        """One row for each alpha, as a data frame.

        Parameters
        ----------
        frame : {"pandas", "polars", "table"}, optional
            By default what is installed, in this order; "table" is a plain table that
            prints.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or a table that prints

        Raises
        ------
        ImportError
            If the package that was asked for is not installed.
        """
        from ._table import frame_of

        columns = {"alpha": self.alphas}
        columns |= {
            name: getattr(self, name) for name in ("n_active", "deviance_ratio")
        }
        columns |= self._intercept_columns()
        columns |= {
            name: getattr(self, name)
            for name in (
                "objective", "dual_gap", "relative_gap", "kkt", "n_iter", "seconds",
            )
        }
        columns["status"] = [str(status) for status in self.status]
        return frame_of(columns, frame)

    def _intercept_columns(self):
        return {"intercept": self.intercept}

    def plot(self, ax=None, **options):
        """Draw the coefficients against alpha; see `riata.plots.PathDisplay`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        **options
            ``feature_names``, ``alpha`` (a strength to mark), ``n_labels``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ..plots import PathDisplay

        return PathDisplay.from_path(self, ax=ax, **options).ax_
