"""How often features are selected, along the strength of the penalty."""

import numpy as np

from .. import _validation as check
from ._drawing import (
    DARK,
    MOST_LINES,
    alpha_axis,
    draw_lines,
    legend_on_top,
    name_ends,
    one_axes,
)
from ._fitted import names_seen_in_fit


class StabilityDisplay:
    """How often features are selected from subsamples, along the penalty's strength.

    Features that reach the threshold at some strength are selected: they are coloured
    and named, the most frequent first, the others grey.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Penalty strengths, decreasing.
    frequencies : array-like of shape (n_features, n_alphas)
        Shares of the subsamples, from 0 to 1.
    threshold : float, default=0.6
        The share from which on a feature is selected.
    feature_names : array-like of str of shape (n_features,), optional
        By default the numbers of the columns.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        Of the features `columns_`.
    labels_ : list of matplotlib.text.Annotation
        Names of the first of them.
    columns_ : ndarray of int
        Features with a line: those never selected from any subsample are left out.
    threshold_line_ : matplotlib.lines.Line2D
    legend_ : matplotlib.legend.Legend

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, no alpha is above 0, or a share is outside 0 to 1.

    References
    ----------
    Meinshausen & Bühlmann (2010), doi:10.1111/j.1467-9868.2010.00740.x; Shah & Samworth
    (2013), doi:10.1111/j.1467-9868.2011.01034.x.

    Examples
    --------
    >>> import riata
    >>> display = riata.plots.StabilityDisplay(
    ...     [1.0, 0.5, 0.25], [[0.2, 0.9, 1.0], [0.0, 0.1, 0.4], [0.0, 0.0, 0.0]],
    ...     feature_names=["age", "height", "weight"],
    ... ).plot()
    >>> display.columns_
    array([0, 1])
    >>> [label.get_text().strip() for label in display.labels_]
    ['age']
    """

    __module__ = "riata.plots"

    def __init__(self, alphas, frequencies, *, threshold=0.6, feature_names=None):
        self.alphas = check.check_path_alphas(alphas)
        given = np.shape(frequencies)
        n_features = given[0] if given else 0
        self.frequencies = check.check_curve(
            frequencies, "frequencies", (n_features, len(self.alphas))
        )
        outside = ~((self.frequencies >= 0) & (self.frequencies <= 1))
        if outside.any():
            j, k = np.argwhere(outside)[0]
            raise ValueError(
                f"frequencies[{j}, {k}] is {self.frequencies[j, k]}; it must be in "
                "[0, 1]."
            )
        self.threshold = check.check_real(
            threshold, "threshold", low=0.0, high=1.0, low_open=True
        )
        names = check.check_feature_names(feature_names, n_features)
        self.feature_names = names or [str(j) for j in range(n_features)]

    @classmethod
    def from_selector(cls, selector, *, feature_names=None, n_labels=8, ax=None):
        """Draw the stability path of a fitted selector.

        Parameters
        ----------
        selector : StabilitySelection
            Fitted.
        feature_names : array-like of str of shape (n_features,), optional
            By default those seen in ``fit``.
        n_labels, ax
            As of `plot`.

        Returns
        -------
        StabilityDisplay
        """
        if not hasattr(selector, "stability_path_"):
            raise ValueError(
                f"this {type(selector).__name__} has no stability_path_; pass a "
                "StabilitySelection, and call its fit first."
            )
        alphas = np.asarray(selector.alphas_)
        order = np.argsort(-alphas, kind="stable")
        if feature_names is None:
            feature_names = names_seen_in_fit(selector)
        display = cls(
            alphas[order], selector.stability_path_.toarray()[:, order],
            threshold=selector.threshold_, feature_names=feature_names,
        )
        return display.plot(ax, n_labels=n_labels)

    def plot(self, ax=None, *, n_labels=8):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.
        n_labels : int, default=8
            Most features to name.

        Returns
        -------
        StabilityDisplay
            This one.
        """
        n_labels = check.check_integer(n_labels, "n_labels", low=0)
        ax = one_axes(ax)
        shown = self.alphas > 0
        alphas, rows = self.alphas[shown], self.frequencies[:, shown]
        peak, last = rows.max(axis=1, initial=0.0), rows[:, -1]
        # Of those that come to the same frequency, the first to be selected often.
        order = np.lexsort((-rows.sum(axis=1), -peak))
        self.columns_ = order[peak[order] > 0][:max(MOST_LINES, n_labels)]
        n_selected = np.count_nonzero(peak >= self.threshold)
        n_labels = min(n_labels, n_selected)
        self.lines_ = draw_lines(ax, alphas, rows[self.columns_], n_labels)
        for line in self.lines_[n_labels:n_selected]:
            line.set(color="#707070", zorder=1.7)
        self.threshold_line_ = ax.axhline(
            self.threshold, color=DARK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.8,
            label=f"threshold {self.threshold:g} ({n_selected} selected)",
        )
        alpha_axis(ax, alphas)
        ax.set_ylim(-0.02, 1.02)
        ax.set_ylabel("selection frequency")
        self.legend_ = legend_on_top(ax, [self.threshold_line_])
        named = self.columns_[:n_labels]
        self.labels_ = name_ends(
            ax, alphas[-1], last[named], [self.feature_names[j] for j in named]
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self
