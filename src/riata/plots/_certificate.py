"""How close to the optimum the solutions of a path are."""

import numpy as np

from .. import _validation as check
from ._drawing import COLOURS, DARK, alpha_axis, legend_on_top, one_axes
from ._fitted import fitted_path

EXACT = np.finfo(float).eps  # what the scale goes by if all is zero
LOWEST = -18  # decade; what is smaller is as good as zero


class CertificateDisplay:
    """Relative duality gaps and KKT violations along a path.

    Both on one logarithmic scale; they have different units, a share of the null
    objective and the gradient of the mean loss. The tolerance is one of gaps. What is
    zero, or below 1e-18, is drawn in a strip of its own at the bottom.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Penalty strengths, decreasing.
    relative_gap : array-like of shape (n_alphas,)
        Gaps divided by the null objective; NaN where none is known, as of losses that
        are not convex.
    kkt : array-like of shape (n_alphas,)
        Largest violations of the optimality conditions.
    tol : float, optional
        The tolerance to mark.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    gap_line_, kkt_line_ : matplotlib.lines.Line2D
    tol_line_ : matplotlib.lines.Line2D or None
    legend_ : matplotlib.legend.Legend

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, no alpha is above 0, or a value is negative.

    See Also
    --------
    riata.check_solution : The same numbers for coefficients of any package.

    Examples
    --------
    >>> import numpy as np
    >>> import riata
    >>> X, y, _ = riata.datasets.make_correlated_data(40, 60, random_state=0)
    >>> path = riata.fit_path(X, y)
    >>> display = riata.plots.CertificateDisplay.from_path(path)
    >>> bool(display.gap_line_.get_ydata().max() <= path.tol)
    True
    """

    __module__ = "riata.plots"

    def __init__(self, alphas, relative_gap, kkt, *, tol=None):
        self.alphas = check.check_path_alphas(alphas)
        self.relative_gap = _not_negative(relative_gap, "relative_gap", self.alphas)
        self.kkt = _not_negative(kkt, "kkt", self.alphas)
        self.tol = None if tol is None else check.check_tol(tol)

    @classmethod
    def from_path(cls, path, *, tol=None, ax=None):
        """Draw the certificates of a path.

        Parameters
        ----------
        path : PathResult
        tol : float, optional
            By default the one the path was asked for.
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.

        Returns
        -------
        CertificateDisplay
        """
        tol = path.tol if tol is None else tol
        return cls(path.alphas, path.relative_gap, path.kkt, tol=tol).plot(ax)

    @classmethod
    def from_estimator(cls, estimator, *, tol=None, ax=None):
        """Draw the certificates of the path of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator that chose its strength along a path, such as `LassoCV`.
        tol, ax
            As of `from_path`.

        Returns
        -------
        CertificateDisplay
        """
        return cls.from_path(fitted_path(estimator)[0], tol=tol, ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.

        Returns
        -------
        CertificateDisplay
            This one.
        """
        ax = one_axes(ax)
        shown = self.alphas > 0
        alphas, gap, kkt = self.alphas[shown], self.relative_gap[shown], self.kkt[shown]
        look = {"linestyle": "none", "markersize": 3.5, "zorder": 2.5, "clip_on": False}
        (self.kkt_line_,) = ax.plot(
            alphas, kkt, marker="s", color=COLOURS[1], markerfacecolor="white",
            markeredgewidth=0.9, label="KKT violation", **look,
        )
        (self.gap_line_,) = ax.plot(
            alphas, gap, marker="o", color=COLOURS[0], markeredgewidth=0.0,
            label="relative gap", **look,
        )
        handles = [self.gap_line_, self.kkt_line_]
        if np.isnan(gap).all():
            handles = handles[1:]
        self.tol_line_ = None
        if self.tol:
            self.tol_line_ = ax.axhline(
                self.tol, color=DARK, linewidth=1.0, linestyle=(0, (4, 3)),
                label=f"tol = {self.tol:.3g}",
            )
            handles.append(self.tol_line_)
        alpha_axis(ax, alphas)
        self._scale(ax, np.concatenate([gap, kkt]))
        ax.set_ylabel("distance from the optimum")
        self.legend_ = legend_on_top(ax, handles)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _scale(self, ax, values):
        """Decades of what is positive; below them, if there are any, a strip of zeros."""
        from matplotlib.ticker import FixedLocator, NullLocator

        drawn = np.append(values[np.isfinite(values)], self.tol or EXACT)
        positive = drawn[drawn > 0]
        high = int(np.ceil(np.log10(positive.max())))
        low = max(int(np.floor(np.log10(positive.min()))), LOWEST)
        low = min(low, high - 3)
        step = -(-(high - low) // 7)
        decades = 10.0 ** np.arange(high, low - 1, -step)
        if drawn.min() >= 10.0**low:
            ax.set_yscale("log")
            ax.set_ylim(0.5 * 10.0**low, 2.0 * 10.0**high)
        else:
            ax.set_yscale("symlog", linthresh=10.0**low, linscale=0.5 * step)
            ax.set_ylim(-0.7 * 10.0**low, 2.0 * 10.0**high)
            ax.axhspan(
                -0.7 * 10.0**low, 0.7 * 10.0**low, color="#efefef", linewidth=0, zorder=0
            )
            decades = np.append(decades[decades > 10.0**low], 0.0)
        ax.yaxis.set_major_locator(FixedLocator(decades))
        ax.yaxis.set_minor_locator(NullLocator())


def _not_negative(values, name, alphas):
    values = check.check_curve(values, name, alphas.shape)
    if (values < 0).any():
        at = int(np.flatnonzero(values < 0)[0])
        raise ValueError(f"{name}[{at}] is {values[at]}; it must be at least 0.")
    return values
