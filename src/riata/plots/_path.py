"""The coefficients of a path against the strength of the penalty."""

import numpy as np

from .. import _validation as check
from ._classes import ClassPathsDisplay
from ._drawing import draw_coefs, mark_alpha, one_axes
from ._fitted import fitted_path, names_seen_in_fit

MOST_CLASSES = 12  # with a panel each

class PathDisplay:
    """The coefficients of a path against the strength of the penalty.

    The strength falls from left to right on a logarithmic scale (an alpha of 0 is left
    out); the axis on top counts the non-zero coefficients. The coefficients that are
    largest at `alpha`, or else at the end, are coloured and named, the others grey.
    Names are written to the right of the axes: in a figure of your own,
    ``layout="constrained"`` makes room for them.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Penalty strengths, decreasing.
    coef : array-like or sparse of shape (n_features, n_alphas)
        Coefficients.
    alpha : float, optional
        A strength to mark, within the range of the path.
    feature_names : array-like of str of shape (n_features,), optional
        By default the numbers of the columns.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        Of the columns `columns_`.
    labels_ : list of matplotlib.text.Annotation
        Names of the first of them.
    columns_ : ndarray of int
        Columns with a line: the largest first, those that are zero throughout left out.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, or no alpha is above 0.

    See Also
    --------
    riata.PathResult.plot : The same in one call.
    ClassPathsDisplay : Several classes, a panel for each.
    ShrinkageDisplay : Two penalties side by side.

    Examples
    --------
    >>> import numpy as np
    >>> import riata
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 20))
    >>> path = riata.fit_path(X, X[:, :2] @ [3.0, -2.0])
    >>> names = [f"gene {j}" for j in range(20)]
    >>> display = riata.plots.PathDisplay.from_path(
    ...     path, feature_names=names, alpha=0.1
    ... )
    >>> display.columns_[:2]
    array([0, 1])
    >>> display.ax_.get_ylabel()
    'coefficient'
    """

    __module__ = "riata.plots"

    ylabel = "coefficient"

    def __init__(self, alphas, coef, *, alpha=None, feature_names=None):
        from scipy.sparse import csc_array

        self.alphas = check.check_path_alphas(alphas)
        self.coef = csc_array(check.check_operand(coef, "coef"))
        n_features, n_alphas = self.coef.shape
        if n_alphas != len(self.alphas):
            raise ValueError(
                f"coef has {n_alphas} columns, but there are {len(self.alphas)} alphas."
            )
        self.alpha = None if alpha is None else check.check_alpha(alpha)
        names = check.check_feature_names(feature_names, n_features)
        self.feature_names = names or [str(j) for j in range(n_features)]

    @classmethod
    def from_path(
        cls, path, *, alpha=None, feature_names=None, class_of_interest=None, n_labels=8,
        ax=None, classes=None,
    ):
        """Draw a path.

        Parameters
        ----------
        path : PathResult
        alpha, feature_names
            As of the class.
        class_of_interest : int, optional
            Whose coefficients, of a path with several classes: from 0 up. By default, of
            up to 12 classes all, in a panel each; of more, the norms of the features'
            coefficients over the classes.
        n_labels, ax
            As of `plot`.
        classes : array-like of shape (n_classes,), optional
            What the panels are called; by default the numbers of the classes.

        Returns
        -------
        PathDisplay, or ClassPathsDisplay of several classes
        """
        if feature_names is None:
            feature_names = getattr(path, "feature_names_in", None)
        options = {"alpha": alpha, "feature_names": feature_names}
        if class_of_interest is None and isinstance(path.coef, list):
            if len(path.coef) <= MOST_CLASSES:
                displays = [cls(path.alphas, coef, **options) for coef in path.coef]
                return ClassPathsDisplay(displays, classes).plot(ax, n_labels=n_labels)
            norms = np.sqrt(sum(coef.power(2) for coef in path.coef))
            display = cls(path.alphas, norms, **options)
            display.ylabel = f"norm over the {len(path.coef)} classes"
            return display.plot(ax, n_labels=n_labels)
        coef = _coef_of_class(path, class_of_interest)
        return cls(path.alphas, coef, **options).plot(ax, n_labels=n_labels)

    @classmethod
    def from_estimator(
        cls, estimator, *, feature_names=None, class_of_interest=None, n_labels=8,
        ax=None,
    ):
        """Draw the path of a fitted estimator, with the strength it chose marked.

        Parameters
        ----------
        estimator : object
            A fitted estimator that chose its strength along a path, such as `LassoCV`.
        feature_names : array-like of str of shape (n_features,), optional
            By default those seen in ``fit``.
        class_of_interest : object, optional
            Whose coefficients, of several classes: one of ``estimator.classes_``. By
            default all, as of `from_path`.
        n_labels, ax
            As of `plot`.

        Returns
        -------
        PathDisplay, or ClassPathsDisplay of several classes
        """
        path, alpha = fitted_path(estimator)
        classes = np.asarray(getattr(estimator, "classes_", ())).tolist()
        if class_of_interest is not None:
            if class_of_interest not in classes:
                raise ValueError(
                    f"class_of_interest is {class_of_interest!r}; it must be one of "
                    f"the classes {classes}."
                )
            class_of_interest = classes.index(class_of_interest)
        if feature_names is None:
            feature_names = names_seen_in_fit(estimator)
        return cls.from_path(
            path, alpha=alpha, feature_names=feature_names,
            class_of_interest=class_of_interest, n_labels=n_labels, ax=ax,
            classes=classes or None,
        )

    def plot(self, ax=None, *, n_labels=8):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; by default in a new figure.
        n_labels : int, default=8
            Most coefficients to name.

        Returns
        -------
        PathDisplay
            This one.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `alpha` is out of the range of the path.
        """
        n_labels = check.check_integer(n_labels, "n_labels", low=0)
        at = self._coef_to_compare()
        ax = one_axes(ax)
        self.columns_, self.lines_, self.labels_ = draw_coefs(
            ax, self, largest(self.coef, at), min(n_labels, np.count_nonzero(at))
        )
        if self.alpha:
            mark_alpha(ax, self.alpha)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _coef_to_compare(self):
        """Coefficients at the marked alpha, or at the last that is drawn."""
        last = np.count_nonzero(self.alphas > 0) - 1
        if self.alpha is None:
            return self.coef[:, [last]].toarray().ravel()
        alphas, alpha = self.alphas, self.alpha
        # Above a model that has no coefficients there is no other.
        if not (alphas[-1] <= alpha <= alphas[0] or (
            alpha > alphas[0] and not self.coef[:, [0]].nnz
        )):
            raise ValueError(
                f"alpha={alpha:.6g} is outside the range of the path, "
                f"{alphas[-1]:.6g} to {alphas[0]:.6g}; fit the path with it in alphas=."
            )
        right = min(int(np.searchsorted(-alphas, -alpha)), len(alphas) - 1)
        left = max(right - 1, 0)
        step = alphas[left] - alphas[right]
        share = min((alphas[left] - alpha) / step, 1.0) if step > 0 else 1.0
        ends = self.coef[:, [left, right]].toarray()
        return ends @ [1.0 - share, share] if share > 0 else ends[:, 0]


def largest(coef, at):
    """Columns with a non-zero coefficient, the largest in the vector `at` first."""
    rows = coef.tocsr()
    peak = abs(rows).max(axis=1).toarray().ravel()
    columns = np.flatnonzero(peak)
    return columns[np.lexsort((-peak[columns], -np.abs(at[columns])))]


def _coef_of_class(path, class_of_interest):
    """Coefficients of one class, where there are several."""
    if not isinstance(path.coef, list):
        if class_of_interest is not None:
            raise ValueError(
                f"class_of_interest is {class_of_interest!r}, but the path has one set "
                "of coefficients for all classes; leave it out."
            )
        return path.coef
    n_classes = len(path.coef)
    k = check.check_integer(class_of_interest, "class_of_interest", low=0)
    if k >= n_classes:
        raise ValueError(
            f"class_of_interest is {k}, but the classes are 0 to {n_classes - 1}."
        )
    return path.coef[k]
