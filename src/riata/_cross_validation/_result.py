"""CVResult: paths and scores of a cross-validation, and the choice among its models."""

from typing import Any, NamedTuple

import numpy as np

from .. import _validation as check
from .._path._result import CRITERIA
from .._path._summary import summary_of
from .._path._table import frame_of

RULES = ("min", "1se", *CRITERIA)


class Outcome(NamedTuple):
    """How one fit ended."""

    relative_gap: float
    kkt: float
    status: str


class Choice(NamedTuple):
    """A model of a cross-validation.

    Attributes
    ----------
    l1_ratio, alpha : float
    which, at : int
        Their indices: ``result.alphas[which][at]``.
    coef : ndarray of shape (n_features,), or (n_classes, n_features)
        Coefficients on all samples.
    intercept : float or ndarray of shape (n_classes,)
    path : PathResult
        The path on all samples that contains the model.
    gamma : float
        For a relaxed lasso, the weight of the lasso's own coefficients; otherwise 1.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import cv_path
    >>> cv_path(np.eye(6), [3.0, 2.0, 1.0, 0.0, 0.0, 0.0], alphas=[0.1]).select()
    <Choice: alpha 0.1, l1_ratio 1, 2 of 6 coefficients not zero>
    """

    l1_ratio: float
    alpha: float
    which: int
    at: int
    coef: np.ndarray
    intercept: Any
    path: Any
    gamma: float = 1.0

    def __repr__(self):
        gamma = "" if self.gamma == 1.0 else f", gamma {self.gamma:.4g}"
        return (
            f"<Choice: alpha {self.alpha:.4g}, l1_ratio {self.l1_ratio:.4g}{gamma}, "
            f"{np.count_nonzero(self.coef)} of {np.size(self.coef)} coefficients not zero>"
        )


class CVResult:
    """Paths on all samples and on the training samples of each fold, and their scores.

    Returned by `cv_path`, and kept as ``cv_result_`` by the estimators that
    cross-validate. Choosing another model takes no time, since all of them are fitted.

    Attributes
    ----------
    l1_ratios : ndarray of shape (n_l1_ratios,)
    alphas : list of ndarray of shape (n_alphas,)
        Decreasing alphas of each l1_ratio.
    paths : list of PathResult
        The path of each l1_ratio on all samples.
    metrics : tuple of str
        `select` uses the first by default. ``"neg_deviance"`` is minus the mean deviance
        (for the squared loss, minus the mean squared error).
    scores : dict of ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        Scores by metric; greater is better. NaN for alphas that the time limit left out.
    fold_paths : list of list of PathResult
        ``fold_paths[which][k]``, on the training samples of fold `k`.
    folds : sequence of (train, test)
        Row numbers of the training and the test samples.
    end : {"complete", "callback", "interrupted"}
        Why the run ended; only finished folds are included.
    gammas : ndarray or None
        For a relaxed lasso, the weight of the lasso's own coefficients. All of the above
        then has an entry for each gamma instead of one for each l1_ratio.

    See Also
    --------
    cv_path : Cross-validates paths and returns this object.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import cv_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = 3 * X[:, 2] + rng.standard_normal(60)
    >>> cv = cv_path(X, y, alphas=20)
    >>> [int((cv.select(rule).coef != 0).sum()) for rule in ("min", "1se")]
    [6, 2]
    """

    __module__ = "riata"

    gammas = None

    # The order that sorts the penalties, as they were given, into decreasing alphas.
    _order = None

    def __init__(
        self, *, l1_ratios, alphas, paths, scores, fold_paths, folds, end, gammas=None,
        order=None,
    ):
        self.l1_ratios, self.gammas, self._order = l1_ratios, gammas, order
        self.alphas, self.paths = alphas, paths
        self.scores, self.metrics = scores, tuple(scores)
        self.fold_paths, self.folds, self.end = fold_paths, folds, end

    @property
    def _outcomes(self):
        """How all fits ended; the path of several blends counts once."""
        paths = sum(self.fold_paths or (), self.paths)
        solved = {id(path._base): path._base for path in paths}
        return [
            Outcome(*outcome)
            for path in solved.values()
            for outcome in zip(path.relative_gap, path.kkt, path.status, strict=True)
        ]

    def _stacked(self, of_path, missing=0):
        """Stack arrays (n_alphas, ...) of the paths of all folds.

        Parameters
        ----------
        of_path : callable
            Given a path, the array.
        missing : float
            Value for the alphas that a path does not have.

        Returns
        -------
        ndarray of shape (n_l1_ratios, n_folds, n_alphas, ...)
        """

        def padded(path, n_alphas):
            array = of_path(path)
            width = ((0, n_alphas - len(path)), *((0, 0),) * (array.ndim - 1))
            return np.pad(array, width, constant_values=missing)

        return np.array([
            [padded(path, len(alphas)) for path in paths]
            for paths, alphas in zip(self.fold_paths, self.alphas, strict=True)
        ])

    @property
    def _mix(self):
        """What distinguishes the paths, and its values."""
        if self.gammas is None:
            return "l1_ratio", self.l1_ratios
        return "gamma", self.gammas

    @property
    def n_folds(self):
        """Number of finished folds."""
        return len(self.folds)

    def mean_score(self, metric=None):
        """Mean score over the folds, which count equally.

        Parameters
        ----------
        metric : str, optional
            One of `metrics`; by default the first.

        Returns
        -------
        ndarray of shape (n_l1_ratios, n_alphas)
            NaN where a fold has no score.
        """
        return self._scores(metric).mean(axis=-1)

    def standard_error(self, metric=None):
        """Standard error of `mean_score`: the standard deviation between the folds
        (with one degree of freedom less) over the square root of their number.

        Parameters
        ----------
        metric : str, optional

        Returns
        -------
        ndarray of shape (n_l1_ratios, n_alphas)
            Zero for a single fold.
        """
        scores = self._scores(metric)
        if self.n_folds < 2:
            return np.where(np.isnan(scores[..., 0]), np.nan, 0.0)
        return scores.std(axis=-1, ddof=1) / np.sqrt(self.n_folds)

    def _scores(self, metric):
        if metric is None:
            return self.scores[self.metrics[0]]
        return self.scores[check.check_choice(metric, "metric", self.metrics)]

    def select(self, rule="min", metric=None):
        """Choose one of the fitted models.

        Parameters
        ----------
        rule : str or callable, default="min"
            - ``"min"``: the best mean score. Of equal ones the first is chosen: the
              largest alpha, or in `RidgeCV` and `LogisticRegressionCV` the first as
              given.
            - ``"1se"``: for each l1_ratio the largest alpha whose mean score is within
              one standard error of the best; of these the one with the fewest non-zero
              coefficients (of equals, the better score). Breiman et al. (1984),
              Classification and Regression Trees, section 3.4.3.
            - ``"aic"``, ``"aicc"``, ``"bic"``, ``"ebic"``, ``"gcv"``: the smallest
              information criterion of the paths on all samples; scores are not used.
              See `PathResult.select`.
            - a callable that is given this object and returns the indices
              ``(which, at)``, or ``at`` alone for a single l1_ratio.

            For a relaxed lasso the gammas replace the l1_ratios, and there are no
            criteria, since its degrees of freedom are unknown.
        metric : str, optional
            One of `metrics`; by default the first.

        Returns
        -------
        Choice

        Raises
        ------
        ValueError
            If there is no such rule or metric, or a callable returns no valid indices.
        """
        which, at = self._place(rule, metric)
        path = self.paths[which]
        return Choice(
            float(self.l1_ratios[which]), float(path.alphas[at]), which, at,
            path._coef_of(at), path.intercept[..., at], path,
            1.0 if self.gammas is None else float(self.gammas[which]),
        )

    def _place(self, rule, metric):
        if callable(rule):
            return self._checked_place(rule(self))
        check.check_choice(rule, "rule", RULES)
        mean = self._reached(self.mean_score(metric))
        best = np.unravel_index(np.argmax(mean), mean.shape)
        if rule == "min" and self._order is not None:  # of equal ones the first given
            back = np.argsort(self._order)
            at, which = np.unravel_index(np.argmax(mean[:, back].T), mean.T.shape)
            best = which, back[at]
        if rule == "min":
            return int(best[0]), int(best[1])
        if rule == "1se":
            error = self.standard_error(metric)
            if np.isnan(error[best]):
                raise ValueError(
                    f"rule='1se' needs a standard error, and {metric or self.metrics[0]!r} "
                    "is a single score of all samples; use another rule or metric."
                )
            return self._one_standard_error(mean, mean[best] - error[best])
        ends = [path._score(rule) for path in self.paths]
        least = [np.nanmin(np.where(np.isfinite(end), end, np.inf)) for end in ends]
        which = int(np.argmin(least))
        return which, int(np.nanargmin(ends[which]))

    def _reached(self, mean):
        """Scores of the models that can be chosen; all others are minus infinity."""
        known = np.where(np.isnan(mean), -np.inf, mean)
        for row, path in zip(known, self.paths, strict=True):
            row[len(path):] = -np.inf
        return known

    def _one_standard_error(self, mean, bound):
        good = mean >= bound
        candidates = [
            (int(path.n_active[at]), -row[at], which, at)
            for which, (path, row, at) in enumerate(
                zip(self.paths, mean, good.argmax(axis=1).tolist(), strict=True)
            )
            if good[which, at]
        ]
        return min(candidates)[2:]

    def _checked_place(self, place):
        which, at = (0, place) if np.ndim(place) == 0 else place
        which = check.check_integer(which, "the l1_ratio that rule returned", low=0)
        at = check.check_integer(at, "the alpha that rule returned", low=0)
        if which >= len(self.paths) or at >= len(self.paths[which]):
            raise ValueError(
                f"rule returned {place!r}; it must return (which, at) with which < "
                f"{len(self.paths)} and at < {len(self.paths[0])}."
            )
        return which, at

    def out_of_fold(self, X, rule="min", *, metric=None, offset=None):
        """Predict each sample with the model of the fold that holds it out.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            The samples that were cross-validated.
        rule, metric
            As in `select`, for alpha and l1_ratio.
        offset : float or array-like of shape (n_samples,) or (n_samples, n_classes), \
                optional
            As of `PathResult.predict`.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_classes) of several classes
            Predicted means (for classes, probabilities), as of `PathResult.predict`;
            averaged where several folds hold a sample out, NaN where none does.
        """
        which, at = self._place(rule, metric)
        check.require_offset(offset, self.paths[0].has_offset)
        X = self.paths[0]._checked_operand(X)
        n = X.shape[0]
        largest = max(int(test.max()) for _, test in self.folds)
        if largest >= n:
            raise ValueError(
                f"X has {n} samples, but sample {largest} was cross-validated; pass the "
                "same samples as for the fit."
            )
        X = X.tocsr() if hasattr(X, "tocsr") else X
        intercept = self.paths[which].intercept[..., 0]
        offset = check.check_offset(offset, n, n_targets=np.size(intercept))
        if offset is not None and np.size(intercept) > 1 and offset.ndim == 1:
            offset = offset[:, None]
        total, count = np.zeros((n, *np.shape(intercept))), np.zeros(n)
        for path, (_, test) in zip(self.fold_paths[which], self.folds, strict=True):
            if at < len(path):
                rows = None if offset is None else offset[test]
                eta = path._decide(X[test], path.alphas[at], rows)
                total[test] += path._loss.predict(eta)
                count[test] += 1
        with np.errstate(invalid="ignore"):
            return (total.T / count).T

    def selection_frequency(self, rule="min", metric=None):
        """Proportion of the folds in which each feature has a non-zero coefficient.

        Parameters
        ----------
        rule, metric
            As in `select`, for alpha and l1_ratio.

        Returns
        -------
        ndarray of shape (n_features,)
        """
        return self._frequency(*self._place(rule, metric))

    def _frequency(self, which, at):
        used = [
            np.atleast_2d(path._coef_of(at) != 0).any(axis=0)
            for path in self.fold_paths[which] if at < len(path)
        ]
        return np.mean(used, axis=0)

    def summary(
        self, rule="min", metric=None, feature_names=None, *, all_features=False,
        frame=None,
    ):
        """The coefficients of a choice, largest first, with their selection frequency.

        Parameters
        ----------
        rule, metric
            As in `select`.
        feature_names, all_features, frame
            As of `PathResult.summary`.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or a table that prints
            As of `PathResult.summary`, with ``frequency``: the proportion of the folds
            in which the coefficient is not zero.
        """
        which, at = self._place(rule, metric)
        return summary_of(
            self.paths[which], at, feature_names, self._frequency(which, at),
            all_features=all_features, frame=frame,
        )

    def plot(self, ax=None, **options):
        """Plot the mean scores and their standard errors against alpha.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        **options
            Of `riata.plots.CVCurveDisplay.from_result`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from ..plots import CVCurveDisplay

        return CVCurveDisplay.from_result(self, ax=ax, **options).ax_

    def to_frame(self, frame=None):
        """Convert the scores to a data frame with a row for each l1_ratio and alpha.

        Parameters
        ----------
        frame : {"pandas", "polars", "table"}, optional
            By default the first that is installed; "table" is a plain table that prints.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or a table that prints
            With the columns ``l1_ratio`` (of a relaxed lasso ``gamma``), ``alpha``,
            ``n_active`` and, for each metric, its ``mean_...`` and ``se_...``.

        Raises
        ------
        ImportError
            If the package that was asked for is not installed.
        """
        sizes = [len(alphas) for alphas in self.alphas]
        mix, values = self._mix
        columns = {
            mix: np.repeat(values, sizes),
            "alpha": np.concatenate(self.alphas),
            "n_active": np.concatenate([
                np.pad(path.n_active.astype(float), (0, size - len(path)),
                       constant_values=np.nan)
                for path, size in zip(self.paths, sizes, strict=True)
            ]),
        }
        for metric in self.metrics:
            columns[f"mean_{metric}"] = self.mean_score(metric).ravel()
            columns[f"se_{metric}"] = self.standard_error(metric).ravel()
        return frame_of(columns, frame)

    def __repr__(self):
        mix, values = self._mix
        return (
            f"<CVResult: {self.n_folds} folds, {len(self.alphas[0])} alphas"
            + (f", {len(values)} {mix}s" if len(values) > 1 else "")
            + f", scored by {', '.join(self.metrics)}>"
        )

    def __str__(self):
        metric, (mix, values) = self.metrics[0], self._mix
        mean, error = self.mean_score(), self.standard_error()
        lines = [
            repr(self), "",
            f"{'rule':<6}{mix:>10}{'alpha':>12}{metric:>18}{'SE':>12}{'nonzero':>9}",
        ]
        for rule in ("min", "1se", "bic"):
            try:
                c = self.select(rule)
            except ValueError:  # not defined for these models
                continue
            lines.append(
                f"{rule:<6}{values[c.which]:>10.4g}{c.alpha:>12.5g}"
                f"{mean[c.which, c.at]:>18.5g}"
                f"{error[c.which, c.at]:>12.3g}{c.path.n_active[c.at]:>9}"
            )
        return "\n".join(lines)
