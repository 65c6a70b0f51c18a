"""The coefficients of several classes, a panel for each."""

import numpy as np

from .. import _validation as check
from ._drawing import (
    draw_coefs,
    label_outer,
    longest_name,
    many_axes,
    mark_alpha,
    name_lines,
    shorten,
    width_of_place,
)

LEAST_WIDTH = 100.0  # points of a panel in which there is room for a text


class ClassPathsDisplay:
    """The coefficients of several classes against the strength, a panel for each class.

    All panels have the same axes, and a feature has the same colour in each. Coloured and
    named are those with the largest coefficient of any class at the marked alpha, or else
    at the end.

    Parameters
    ----------
    displays : list of PathDisplay
        Of each class, with the same features.
    classes : array-like of shape (n_classes,), optional
        Labels; by default the numbers from 0 up.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The first panel.
    axes_ : list of matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    legend_ : matplotlib.legend.Legend or None
        Names of the coloured features.

    Raises
    ------
    ValueError
        If the features of the classes differ, or there are not as many labels.

    See Also
    --------
    PathDisplay.from_path : Draws them.

    Examples
    --------
    >>> import numpy as np
    >>> import riata
    >>> X = np.repeat(np.eye(3), 5, axis=0)
    >>> path = riata.fit_path(X, np.repeat([0, 1, 2], 5), loss="multinomial")
    >>> display = riata.plots.PathDisplay.from_path(path, classes=["a", "b", "c"])
    >>> [ax.get_title() for ax in display.axes_]
    ['a', 'b', 'c']
    """

    __module__ = "riata.plots"

    def __init__(self, displays, classes=None):
        self.displays = list(displays)
        if any(d.feature_names != self.displays[0].feature_names for d in self.displays):
            raise ValueError("displays must have the same features, in the same order.")
        self.classes = [*range(len(self.displays))] if classes is None else list(classes)
        if len(self.classes) != len(self.displays):
            raise ValueError(
                f"classes has {len(self.classes)} labels, but there are "
                f"{len(self.displays)} displays."
            )

    def plot(self, ax=None, *, n_labels=8):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or a list of them, optional
            Where: one for each class, or one that is divided. By default in a new figure.
        n_labels : int, default=8
            Most features to name.

        Returns
        -------
        ClassPathsDisplay
            This one.
        """
        n_labels = check.check_integer(n_labels, "n_labels", low=0)
        order, n_named = self._order()
        n_coloured = min(n_labels, n_named)
        self.axes_ = many_axes(ax, len(self.displays))
        first = self.axes_[0]
        for k, (display, one) in enumerate(zip(self.displays, self.axes_, strict=True)):
            if not one.get_shared_y_axes().joined(first, one):
                one.sharey(first)
            display.columns_, display.lines_, display.labels_ = draw_coefs(
                one, display, order, n_coloured, named=False, counted=False
            )
            display.ax_, display.figure_ = one, one.figure
            if display.alpha:
                labelled = k == 0 and width_of_place(one) > LEAST_WIDTH
                mark_alpha(one, display.alpha, None if labelled else "")
            (title,) = shorten([str(self.classes[k])], longest_name(one))
            one.set_title(title, fontsize="medium")
        label_outer(self.axes_)
        names = [self.displays[0].feature_names[j] for j in order[:n_coloured]]
        self.legend_ = None
        if names:
            self.legend_ = name_lines(
                self.axes_, self.displays[0].lines_[:n_coloured], names
            )
        self.ax_, self.figure_ = first, first.figure
        return self

    def _order(self):
        """Features by their largest coefficient of any class at the marked alpha, and how
        many of them are not zero there."""
        at = np.array([np.abs(display._coef_to_compare()) for display in self.displays])
        peak = np.array([
            abs(display.coef.tocsr()).max(axis=1).toarray().ravel()
            for display in self.displays
        ]).max(axis=0)
        at, columns = at.max(axis=0), np.flatnonzero(peak)
        order = columns[np.lexsort((-peak[columns], -at[columns]))]
        return order, np.count_nonzero(at)
