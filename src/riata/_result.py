"""PathResult: everything that is known of a path, and what can be asked of it."""

import math
from time import monotonic
from typing import NamedTuple

import numpy as np

from . import _validation as check

CRITERIA = ("aic", "aicc", "bic", "ebic", "gcv")


class Step(NamedTuple):
    """What a `callback` is told after each alpha."""

    index: int
    alpha: float
    n_active: int
    relative_gap: float
    deviance_ratio: float
    seconds: float


class Record:
    """Collects solutions and converts them to the user's units."""

    def __init__(self, problem, data, l1_ratio, alpha_max, started):
        self.problem, self.data = problem, data
        self.l1_ratio, self.alpha_max, self.started = l1_ratio, alpha_max, started
        self.rows, self.coefs = [], []

    def add(self, solution):
        """Convert one solution; returns its `Step`."""
        problem, strengths = self.problem, self.problem.strengths
        order = solution.columns.argsort()
        columns, w = solution.columns[order], solution.w[order]
        coef = w * problem.coef_unit[columns]
        penalty = solution.alpha * float(
            strengths.l1[columns] @ abs(w) + 0.5 * strengths.l2[columns] @ (w * w)
        )
        null = problem.null_objective
        row = {
            "alphas": solution.alpha,
            "intercept": problem.center - float(problem.design.mean[columns] @ coef),
            "dual_gap": problem.objective_unit(solution.gap),
            "relative_gap": solution.gap / null if null > 0 else solution.gap,
            "kkt": solution.kkt,
            "objective": problem.objective_unit(0.5 * solution.loss + penalty),
            "deviance_ratio": 1.0 - 0.5 * solution.loss / null if null > 0 else 0.0,
            "n_active": len(columns),
            "n_iter": solution.n_iter,
            "seconds": monotonic() - self.started,
            "status": solution.status,
        }
        self.rows.append(row)
        self.coefs.append((columns, coef))
        return Step(
            len(self.rows) - 1, row["alphas"], row["n_active"], row["relative_gap"],
            row["deviance_ratio"], row["seconds"],
        )

    def result(self, loss, end, passes):
        """The path as collected so far."""
        from scipy.sparse import csc_array

        n_features = self.problem.design.n_features
        indptr = np.cumsum([0, *(len(columns) for columns, _ in self.coefs)])
        coef = csc_array(
            (
                np.concatenate([coef for _, coef in self.coefs]),
                np.concatenate([columns for columns, _ in self.coefs]),
                indptr,
            ),
            shape=(n_features, len(self.coefs)),
        )
        fields = {
            name: [row[name] for row in self.rows] if name == "status"
            else np.array([row[name] for row in self.rows])
            for name in self.rows[0]
        }
        return PathResult(
            coef=coef, loss=loss.name, l1_ratio=self.l1_ratio, end=end, passes=passes,
            alpha_max=self.alpha_max, n_samples=self.problem.design.n_samples,
            null_objective=self.problem.objective_unit(self.problem.null_objective),
            fit_intercept=self.problem.fit_intercept, **fields,
        )


class PathResult:
    """Solutions along a path, each with its certificate.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Strengths, decreasing.
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
    end : {"complete", "max_active", "deviance", "time_limit", "callback"}
        Why the path ended.
    passes : float
        Passes over X, in units of one product ``X' r``.
    null_objective : float
        Objective of the model without features.
    alpha_max, l1_ratio, loss, n_samples, n_features_in, fit_intercept
        Of the problem.

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

    unpacks = ("alphas", "coefs", "dual_gap")

    def __init__(self, **fields):
        self.__dict__.update(fields)
        self.n_features_in = self.coef.shape[0]

    def __len__(self):
        return len(self.alphas)

    def __iter__(self):
        """Unpack as ``alphas, coefs, dual_gaps``, as scikit-learn's paths do."""
        for name in self.unpacks:
            yield getattr(self, name)

    @property
    def coefs(self):
        """Dense coefficients of shape (n_features, n_alphas)."""
        return self.coef.toarray()

    def __repr__(self):
        return (
            f"<PathResult: {len(self)} alphas from {self.alphas[0]:.4g} to "
            f"{self.alphas[-1]:.4g}, {self.n_active[-1]} of {self.n_features_in} "
            f"coefficients active at the end, largest relative gap "
            f"{self.relative_gap.max():.1e}>"
        )

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
        intercept : float

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
            coef = self.coef[:, [left, right]].toarray()
            coef = (1.0 - share) * coef[:, 0] + share * coef[:, 1]
            intercept = (1 - share) * self.intercept[left] + share * self.intercept[right]
            return coef, float(intercept)
        raise ValueError(
            f"alpha={alpha:.6g} is {outside} alpha of the path; fit the path with it in "
            "alphas=."
        )

    def predict(self, X, alpha=None, offset=None):
        """Predictions for new samples.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
        alpha : float, optional
            As in `coef_at`. By default all alphas of the path.
        offset : array-like of shape (n_samples,), optional

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_alphas) for all alphas
        """
        X = check.check_operand(X)
        if X.shape[1] != self.n_features_in:
            raise ValueError(
                f"X has {X.shape[1]} features, but the path was fitted with "
                f"{self.n_features_in}."
            )
        offset = check.check_offset(offset, X.shape[0])
        if alpha is None:
            eta = X @ self.coef
            eta = (eta.toarray() if hasattr(eta, "toarray") else eta) + self.intercept
            return eta if offset is None else eta + offset[:, None]
        coef, intercept = self.coef_at(alpha)
        eta = X @ coef + intercept
        return eta if offset is None else eta + offset

    def select(self, criterion="bic"):
        """Index of the alpha that minimises an information criterion.

        With `k` non-zero coefficients (and the intercept) and the weighted mean squared
        residual ``v``: ``n log v`` plus ``2 k`` (aic), ``2 k n / (n - k - 1)`` (aicc),
        ``k log n`` (bic), ``k log n + 2 log C(p, k)`` (ebic), or ``v / (1 - k/n)^2``
        (gcv). The number of non-zero coefficients is an unbiased estimate of the
        lasso's degrees of freedom (Zou, Hastie & Tibshirani 2007,
        doi:10.1214/009053607000000127) and an upper one with an L2 part.

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
                    f"for each of the {len(self)} alphas."
                )
        else:
            score = self._score(check.check_choice(criterion, "criterion", CRITERIA))
        if np.isnan(score).all():
            raise ValueError("criterion is NaN at every alpha.")
        return int(np.nanargmin(score))

    def _score(self, criterion):
        n, p = self.n_samples, self.n_features_in
        k = self.n_active + float(self.fit_intercept)
        ratio = np.maximum(1.0 - self.deviance_ratio, np.finfo(float).tiny)
        fit = n * np.log(ratio)
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

    def to_frame(self):
        """One row for each alpha, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        names = (
            "alphas", "n_active", "deviance_ratio", "intercept", "objective",
            "dual_gap", "relative_gap", "kkt", "n_iter", "seconds", "status",
        )
        frame = pd.DataFrame({name: getattr(self, name) for name in names})
        return frame.rename(columns={"alphas": "alpha"})

    def plot(self, ax=None, **options):
        """Draw the coefficients against alpha; see `riata._plot.plot_path`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        **options
            ``feature_names``, ``alpha`` (a strength to mark), ``n_labels``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ._plot import plot_path

        return plot_path(self, ax=ax, **options)
