"""What an L1 and an L2 penalty do to the same coefficients."""

from numbers import Integral

import numpy as np

from .. import _validation as check
from .._path._fit import fit_path
from ._drawing import draw_coefs, two_axes
from ._path import PathDisplay, largest

TITLES = ("L1 (lasso)", "L2 (ridge)")
WIDE = 1e5  # from hardly any coefficients to hardly any penalty


class ShrinkageDisplay:
    """What an L1 and an L2 penalty do to the same coefficients, side by side.

    Two paths with one scale of coefficients and the same colour for the same feature.
    The L1 penalty sets coefficients to zero, the L2 penalty only makes them small; the
    counts on top tell. The features that are largest at the end of the L1 path are
    coloured and named.

    Parameters
    ----------
    lasso, ridge : PathDisplay
        The two paths, on the same features.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Of the L1 path.
    axes_ : list of matplotlib.axes.Axes
        Of both.
    figure_ : matplotlib.figure.Figure
    lasso, ridge : PathDisplay
        With the lines of each.

    Raises
    ------
    ValueError
        If the features differ.

    See Also
    --------
    PathDisplay : One path.

    References
    ----------
    Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> import riata
    >>> X, y, _ = riata.datasets.make_correlated_data(60, 8, random_state=0)
    >>> display = riata.plots.ShrinkageDisplay.from_data(X, y)
    >>> [ax.get_title() for ax in display.axes_]
    ['L1 (lasso)', 'L2 (ridge)']
    """

    __module__ = "riata.plots"

    def __init__(self, lasso, ridge):
        if lasso.feature_names != ridge.feature_names:
            raise ValueError(
                f"lasso has the features {_few(lasso.feature_names)}, but ridge "
                f"{_few(ridge.feature_names)}; both must have the same."
            )
        self.lasso, self.ridge = lasso, ridge

    @classmethod
    def from_data(cls, X, y, *, feature_names=None, n_labels=8, ax=None, **options):
        """Fit both paths, and draw them.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Columns of one scale, or the picture shows the scales.
        y : array-like of shape (n_samples,)
        feature_names : array-like of str of shape (n_features,), optional
            By default the columns of X, if it is a data frame, or else their numbers.
        n_labels, ax
            As of `plot`.
        **options
            Of `riata.fit_path`, but `l1_ratio`.

        Returns
        -------
        ShrinkageDisplay
        """
        lasso = fit_path(X, y, l1_ratio=1.0, **options)
        alphas = options.pop("alphas", 100)
        automatic = isinstance(alphas, Integral)
        if automatic:
            options.pop("alpha_min_ratio", None)
            unit = 1.0 if options.get("standardize") else _mean_variance(X)
            alphas = unit * np.geomspace(WIDE, 1.0 / WIDE, 2 * alphas)
        ridge = fit_path(X, y, l1_ratio=0.0, alphas=alphas, **options)
        return cls.from_paths(
            lasso, ridge, feature_names=feature_names, n_labels=n_labels, ax=ax,
            crop=automatic,
        )

    @classmethod
    def from_paths(
        cls, lasso_path, ridge_path, *, feature_names=None, crop=False, n_labels=8,
        ax=None,
    ):
        """Draw two paths.

        Parameters
        ----------
        lasso_path, ridge_path : PathResult
            On the same columns.
        feature_names : array-like of str of shape (n_features,), optional
        crop : bool, default=False
            Whether to leave out the ends of the L2 path where nothing happens.
        n_labels, ax
            As of `plot`.

        Returns
        -------
        ShrinkageDisplay
        """
        for name, path in (("lasso_path", lasso_path), ("ridge_path", ridge_path)):
            if isinstance(path.coef, list):
                raise ValueError(
                    f"{name} has several classes; draw them with PathDisplay, one at a "
                    "time."
                )
        part = _eventful(ridge_path) if crop else slice(None)
        names = [
            getattr(path, "feature_names_in", None) if feature_names is None
            else feature_names
            for path in (lasso_path, ridge_path)
        ]
        lasso = PathDisplay(lasso_path.alphas, lasso_path.coef, feature_names=names[0])
        ridge = PathDisplay(
            ridge_path.alphas[part], ridge_path.coef[:, part], feature_names=names[1]
        )
        return cls(lasso, ridge).plot(ax, n_labels=n_labels)

    def plot(self, ax=None, *, n_labels=8):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or a pair of them, optional
            Where; one is divided into two. By default in a new figure.
        n_labels : int, default=8
            Most coefficients to name.

        Returns
        -------
        ShrinkageDisplay
            This one.
        """
        n_labels = check.check_integer(n_labels, "n_labels", low=0)
        both = (self.lasso, self.ridge)
        order = self._order()
        left, right = self.axes_ = two_axes(ax)
        if not left.get_shared_y_axes().joined(left, right):
            right.sharey(left)
        for display, ax, title in zip(both, self.axes_, TITLES, strict=True):
            display.columns_, display.lines_, display.labels_ = draw_coefs(
                ax, display, order, min(n_labels, len(order)), named=ax is right
            )
            display.ax_, display.figure_ = ax, ax.figure
            ax.set_title(title)
        right.set_ylabel("")
        right.tick_params(labelleft=False)
        self.ax_, self.figure_ = left, left.figure
        return self

    def _order(self):
        """Features by their size at the end of the L1 path, then of the other."""
        ends = [
            display.coef[:, [-1]].toarray().ravel() for display in (self.lasso, self.ridge)
        ]
        by_lasso = largest(self.lasso.coef, ends[0])
        by_ridge = largest(self.ridge.coef, ends[1])
        return np.concatenate([by_lasso, by_ridge[~np.isin(by_ridge, by_lasso)]])


def _mean_variance(X):
    """Mean variance of the columns, the unit of L2 penalties."""
    X = check.check_operand(X)
    if isinstance(X, np.ndarray):
        return float(X.var(axis=0).mean()) or 1.0
    variance = X.multiply(X).mean(axis=0) - np.square(X.mean(axis=0))
    return max(float(np.mean(variance)), 0.0) or 1.0


def _eventful(path):
    """The part of a path where coefficients are neither all small nor all final."""
    coefs = path.coefs
    scale = np.abs(coefs).max() or 1.0
    small = np.abs(coefs).max(axis=0) < 0.01 * scale
    final = np.abs(coefs - coefs[:, -1:]).max(axis=0) < 0.01 * scale
    first = int(np.argmin(small))
    last = max(int(np.argmax(final)), first + 1)
    return slice(first, last + 1)


def _few(names):
    return f"{names[:3]}..." if len(names) > 3 else f"{names}"
