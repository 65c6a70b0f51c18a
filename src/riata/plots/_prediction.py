"""What a model predicts against what was observed."""

import numpy as np

from .. import _validation as check
from ._drawing import COLOURS, DARK, remove_frame, two_axes

MANY = 2000  # points; more are drawn smaller, fainter and as an image


class PredictionDisplay:
    """Predicted against observed values, and the residuals.

    On the left the observed values against the predicted ones, with the line on which
    both are equal; on the right what is left, observed minus predicted.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Observed values.
    y_pred : array-like of shape (n_samples,)
        Predicted values. Samples without one, NaN, are left out.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Of predicted against observed values.
    axes_ : list of matplotlib.axes.Axes
        That, and that of the residuals.
    figure_ : matplotlib.figure.Figure
    points_, residual_points_ : matplotlib.lines.Line2D
    identity_line_, zero_line_ : matplotlib.lines.Line2D
    r2_ : float
        Share of the variance that is explained, NaN if there is none.

    Raises
    ------
    ValueError, TypeError
        If the values are no vectors of one length, or not finite.

    Examples
    --------
    >>> import riata
    >>> display = riata.plots.PredictionDisplay.from_predictions(
    ...     [1.0, 2.0, 3.0], [1.1, 2.0, 2.7]
    ... )
    >>> round(display.r2_, 2)
    0.95
    """

    __module__ = "riata.plots"

    def __init__(self, y_true, y_pred):
        y_pred = np.asarray(y_pred)
        if y_pred.ndim != 1:
            raise ValueError(
                f"y_pred has shape {y_pred.shape}; it must be 1-D, one value for each "
                "sample: of several targets or classes draw one at a time."
            )
        y_true = check.check_target(y_true, len(y_pred), name="y_true")
        y_pred = check.check_curve(y_pred, "y_pred", y_true.shape)
        known = ~np.isnan(y_pred)
        if not known.any():
            raise ValueError("y_pred is NaN for every sample; there is nothing to draw.")
        check.check_finite(y_pred[known], "y_pred")
        self.y_true, self.y_pred = y_true[known], y_pred[known]

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, ax=None):
        """Draw predictions.

        Parameters
        ----------
        y_true, y_pred
            As of the class.
        ax
            As of `plot`.

        Returns
        -------
        PredictionDisplay
        """
        return cls(y_true, y_pred).plot(ax)

    @classmethod
    def from_estimator(cls, estimator, X, y, *, offset=None, ax=None):
        """Draw what a fitted regressor predicts.

        Parameters
        ----------
        estimator : object
            A fitted regressor, of any package.
        X : array-like or sparse of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        offset : float or array-like of shape (n_samples,), optional
            For a regressor of riata that was fitted with an offset.
        ax
            As of `plot`.

        Returns
        -------
        PredictionDisplay
        """
        if hasattr(estimator, "classes_"):
            raise ValueError(
                f"{type(estimator).__name__} is a classifier; its predictions are "
                "labels. Draw a regressor, or with from_predictions probabilities."
            )
        options = {} if offset is None else {"offset": offset}
        return cls(y, estimator.predict(X, **options)).plot(ax)

    @classmethod
    def from_result(cls, result, X, y, *, rule="min", offset=None, ax=None):
        """Draw what models predict for samples they have not seen.

        Parameters
        ----------
        result : CVResult
            Of a cross-validation on `X` and `y`.
        X : array-like or sparse of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        rule : str or callable, default="min"
            Which strength, as in ``result.select``.
        offset : array-like of shape (n_samples,), optional
        ax
            As of `plot`.

        Returns
        -------
        PredictionDisplay
        """
        return cls(y, result.out_of_fold(X, rule=rule, offset=offset)).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or a pair of them, optional
            Where; one is divided into two. By default in a new figure.

        Returns
        -------
        PredictionDisplay
            This one.
        """
        left, right = self.axes_ = two_axes(ax)
        residual = self.y_true - self.y_pred
        many = len(residual) > MANY
        points = {
            "linestyle": "none", "marker": "o", "markersize": 2.0 if many else 3.5,
            "color": COLOURS[0], "alpha": 0.25 if many else 0.55, "markeredgewidth": 0,
            "rasterized": many,
        }
        line = {"color": DARK, "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 2.5}
        (self.points_,) = left.plot(self.y_pred, self.y_true, **points)
        self.identity_line_ = left.axline((self.y_true[0],) * 2, slope=1.0, **line)
        (self.residual_points_,) = right.plot(self.y_pred, residual, **points)
        self.zero_line_ = right.axhline(0.0, **line)
        low, high = _limits(np.concatenate([self.y_true, self.y_pred]))
        left.set(xlim=(low, high), ylim=(low, high), ylabel="observed")
        right.set(xlim=(low, high), ylabel="residual")
        furthest = 1.08 * np.abs(residual).max() or 0.5 * (high - low)
        right.set_ylim(-furthest, furthest)
        for one in self.axes_:
            one.set_xlabel("predicted")
            one.set_box_aspect(1.0)
            for axis in (one.xaxis, one.yaxis):
                short_numbers(axis)
            remove_frame(one)
        self.r2_ = _r2(self.y_true, residual)
        if not np.isnan(self.r2_):
            left.set_title(f"R² = {self.r2_:.3g}", fontsize="medium", color=DARK)
        self.ax_, self.figure_ = left, left.figure
        return self


def short_numbers(axis):
    """Write large numbers as 200k, for which there is room under small axes."""
    from matplotlib.ticker import EngFormatter

    if 1e4 <= np.abs(axis.get_view_interval()).max() < 1e15:
        axis.set_major_formatter(EngFormatter(sep=""))


def _limits(values):
    low, high = values.min(), values.max()
    margin = 0.05 * (high - low) or max(0.5 * abs(high), 0.5)
    return low - margin, high + margin


def _r2(y_true, residual):
    total = np.sum((y_true - y_true.mean()) ** 2)
    return float(1.0 - np.sum(residual**2) / total) if total > 0 else float("nan")
