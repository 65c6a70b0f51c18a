"""Cross-validated scores against the strength of the penalty."""

import numpy as np

from .. import _validation as check
from ._drawing import COLOURS, alpha_axis, count_on_top, mark_alpha, one_axes, style
from ._fitted import fitted_result

RULES = {"min": "best", "1se": "1 SE"}  # as they are written beside their lines
LOOKS = {  # colour, marker, size, face
    "min": (COLOURS[1], "o", 7, COLOURS[1]),
    "1se": (COLOURS[2], "D", 8, "none"),
}
OTHER = (COLOURS[3], "s", 7, "none")


class CVCurveDisplay:
    """Cross-validated scores against the strength of the penalty.

    Means over the folds with error bars of one standard error, a line for each
    `l1_ratio` (of a relaxed lasso, for each gamma); with several of them, error bars are
    drawn on the line of the first choice alone. Choices are marked: the best score, and by
    the rule of one standard error (Breiman et al. 1984) the strongest penalty whose score
    is within one standard error of the best. The axis on top counts the non-zero
    coefficients of the line chosen. A metric named ``neg_*`` is drawn positive; the label
    says which way is better.

    Parameters
    ----------
    alphas : list of array-like of shape (n_alphas,)
        Penalty strengths, decreasing, for each l1_ratio.
    mean_score, standard_error : list of array-like of shape (n_alphas,)
        For each l1_ratio; greater is better.
    n_active : list of array-like of shape (n_alphas,)
        Non-zero coefficients, for each l1_ratio.
    l1_ratios : array-like of shape (n_l1_ratios,), default=(1.0,)
    metric : str, default="score"
        Name of the score.
    choices : dict, optional
        Rule to ``(which, at)``: number of the l1_ratio and of the alpha.
    gammas : array-like of shape (n_gammas,), optional
        Of a relaxed lasso, in the place of `l1_ratios`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        One for each l1_ratio.
    errorbar_ : matplotlib.container.ErrorbarContainer
        Of the line of the first choice.
    marks_ : dict
        Rule to `matplotlib.lines.Line2D`, one point.
    legend_ : matplotlib.legend.Legend or None

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, or no alpha is above 0.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees;
    Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01.

    Examples
    --------
    >>> import riata
    >>> display = riata.plots.CVCurveDisplay(
    ...     [[1.0, 0.5, 0.25]], [[-4.0, -2.2, -2.0]], [[0.4, 0.3, 0.3]], [[0, 3, 7]],
    ...     metric="neg_mean_squared_error", choices={"min": (0, 2), "1se": (0, 1)},
    ... ).plot()
    >>> display.lines_[0].get_ydata()
    array([4. , 2.2, 2. ])
    """

    __module__ = "riata.plots"

    def __init__(
        self, alphas, mean_score, standard_error, n_active, *, l1_ratios=(1.0,),
        metric="score", choices=None, gammas=None,
    ):
        self.mix, values = "l1_ratio", l1_ratios
        if gammas is not None:
            self.mix, values = "gamma", gammas
        # both are shares: of the L1 penalty, or of the lasso's own coefficients
        self.mixes = [check.check_l1_ratio(value, f"{self.mix}s") for value in values]
        lists = {
            "alphas": alphas, "mean_score": mean_score, "n_active": n_active,
            "standard_error": standard_error,
        }
        for name, values in lists.items():
            if len(values) != len(self.mixes):
                raise ValueError(
                    f"{name} has {len(values)} entries, but there are "
                    f"{len(self.mixes)} {self.mix}s; it must be a list with an array "
                    "for each."
                )
        self.alphas = [check.check_path_alphas(grid) for grid in alphas]
        self.mean_score, self.standard_error, self.n_active = (
            [
                check.check_curve(values, name, grid.shape)
                for values, grid in zip(lists[name], self.alphas, strict=True)
            ]
            for name in ("mean_score", "standard_error", "n_active")
        )
        self.metric = str(metric)
        self.choices = dict(choices or {})
        self.mean_score = [np.where(np.isfinite(m), m, np.nan) for m in self.mean_score]
        for rule, (which, at) in self.choices.items():
            inside = 0 <= which < len(self.alphas) and 0 <= at < len(self.alphas[which])
            if not inside:
                raise ValueError(f"choices[{rule!r}] is {(which, at)}, outside the grid.")

    @classmethod
    def from_result(cls, result, *, metric=None, rules=None, ax=None):
        """Draw the result of a cross-validation.

        Parameters
        ----------
        result : CVResult
        metric : str, optional
            One of ``result.metrics``; by default the first.
        rules : str, callable or tuple of them, optional
            The choices to mark, as in ``result.select``. By default "min" and, where the
            scores have standard errors, "1se".
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.

        Returns
        -------
        CVCurveDisplay
        """
        metric = check.check_choice(
            result.metrics[0] if metric is None else metric, "metric",
            tuple(result.metrics),
        )
        mean, error = result.mean_score(metric), result.standard_error(metric)
        if rules is None:
            rules = ("min",) if np.isnan(error).all() else ("min", "1se")
        rules = rules if isinstance(rules, (tuple, list)) else (rules,)
        chosen = {rule: result.select(rule, metric=metric) for rule in rules}
        sizes = [len(path.alphas) for path in result.paths]  # all that time allowed
        return cls(
            *(
                [row[:size] for row, size in zip(rows, sizes, strict=True)]
                for rows in (result.alphas, mean, np.nan_to_num(error))
            ),
            [path.n_active for path in result.paths],
            l1_ratios=result.l1_ratios,
            metric=metric,
            choices={rule: (one.which, one.at) for rule, one in chosen.items()},
            gammas=result.gammas,
        ).plot(ax)

    @classmethod
    def from_estimator(cls, estimator, *, metric=None, rules=None, ax=None):
        """Draw the cross-validation of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator with a `cv_result_`, such as `LassoCV`.
        metric, rules, ax
            As of `from_result`.

        Returns
        -------
        CVCurveDisplay
        """
        result = fitted_result(estimator)
        return cls.from_result(result, metric=metric, rules=rules, ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.

        Returns
        -------
        CVCurveDisplay
            This one.
        """
        ax = one_axes(ax)
        first = next(iter(self.choices.values()), (0, 0))[0]
        sign, label = self._metric_label()
        self.lines_ = []
        for k, (grid, mean) in enumerate(zip(self.alphas, self.mean_score, strict=True)):
            shown = grid > 0
            look = {"color": COLOURS[0]}
            if len(self.alphas) > 1:
                look = style(k)
            if k == first:
                self.errorbar_ = ax.errorbar(
                    grid[shown], sign * mean[shown], self.standard_error[k][shown],
                    marker="o", markersize=3, linewidth=1.4, elinewidth=0.9,
                    ecolor="#a8a8a8", zorder=2.2, **look,
                )
                self.lines_.append(self.errorbar_.lines[0])
            else:
                self.lines_ += ax.plot(
                    grid[shown], sign * mean[shown], linewidth=1.4, zorder=2.1, **look
                )
        self._axes(ax, first, label)
        self.marks_ = self._mark(ax, sign)
        self.legend_ = None
        if len(self.alphas) > 1:
            self.legend_ = ax.legend(
                self.lines_, [f"{value:g}" for value in self.mixes],
                title=self.mix, fontsize="small",
                title_fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0),
                frameon=False, handlelength=1.8, handletextpad=0.5, borderpad=0.2,
            )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _metric_label(self):
        """Sign to draw with, and what the axis of scores says."""
        negative = self.metric.startswith("neg_")
        name = self.metric.removeprefix("neg_").replace("_", " ")
        name = "R²" if name == "r2" else name
        better = "smaller" if negative else "greater"
        return (-1.0 if negative else 1.0), f"{name}\n({better} is better)"

    def _axes(self, ax, which, label):
        positive = np.concatenate([grid[grid > 0] for grid in self.alphas])
        alpha_axis(ax, np.sort(positive)[::-1])
        ax.set_ylabel(label)
        shown = self.alphas[which] > 0
        several = len(self.alphas) > 1
        note = f" ({self.mix} = {self.mixes[which]:g})" if several else ""
        counts = self.n_active[which][shown].astype(int)
        count_on_top(ax, self.alphas[which][shown], counts, note)

    def _mark(self, ax, sign):
        """A point on the line for each choice, and a vertical line through it."""
        marks, names = {}, {}
        for rule, (which, at) in self.choices.items():
            colour, marker, size, face = LOOKS.get(rule, OTHER)
            alpha = self.alphas[which][at]
            if not alpha > 0:
                continue
            (marks[rule],) = ax.plot(
                [alpha], [sign * self.mean_score[which][at]], color=colour,
                marker=marker, markersize=size, markerfacecolor=face,
                markeredgewidth=1.6, linestyle="none", zorder=3, clip_on=False,
            )
            name = RULES.get(rule, getattr(rule, "__name__", rule))
            names.setdefault(alpha, []).append(name)
        for alpha, rules in names.items():
            # What one standard error allows is to the left of the best.
            side = "left" if RULES["1se"] in rules else "right"
            mark_alpha(ax, alpha, f"{', '.join(rules)}: alpha = {alpha:.3g}", side)
        return marks
